/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt table, exceptions, the local APIC. The IOAPIC stays masked: our devices use MSI. */
#include "kernel.h"

#define APIC_BASE_MSR  0x1bu
#define APIC_X2        0x400u
#define APIC_ENABLE    0x800u
#define APIC_ID        (0x20 / 4)
#define APIC_EOI       (0xb0 / 4)
#define APIC_SPURIOUS  (0xf0 / 4)
#define APIC_ON        0x100u
#define EXCEPTIONS     32
#define FLAG_INTERRUPT 0x200u
#define GATE           UINT64_C(0x8e0000080000) /* code selector 8, present, interrupts off */

struct interrupt_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, flags, rsp, ss; /* these are pushed by the processor */
};

extern const uint8_t interrupt_entries[256][16];
void interrupt_dispatch(const struct interrupt_frame *frame);

static uint64_t gates[256][2];
volatile uint32_t interrupt_counts[256];
void (*interrupt_handlers[256])(void);
static volatile uint32_t *apic;

void interrupt_dispatch(const struct interrupt_frame *frame)
{
    if (frame->vector < EXCEPTIONS) {
        uint64_t cr2;
        __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
        print("rip %lx rsp %lx flags %lx cr2 %lx\n", frame->rip, frame->rsp, frame->flags, cr2);
        panic("exception 0x%lx, error code %lx", frame->vector, frame->error);
    }
    interrupt_counts[frame->vector]++;
    if (interrupt_handlers[frame->vector] != NULL) {
        interrupt_handlers[frame->vector]();
    }
    if (frame->vector != VECTOR_SPURIOUS) {
        apic[APIC_EOI] = 0;
    }
}

void interrupts_init(void)
{
    uintptr_t address = (uintptr_t)gates; /* below 4 GiB, as all of the kernel */
    uint16_t pointer[5] = {sizeof(gates) - 1, (uint16_t)address, (uint16_t)(address >> 16)};
    uint32_t base;

    for (unsigned i = 0; i < 256; i++) {
        uintptr_t entry = (uintptr_t)interrupt_entries[i];
        gates[i][0] = (entry & 0xffff) | GATE | (entry & 0xffff0000) << 32;
    }
    __asm__ volatile("lidt %0" : : "m"(pointer));
    PORT_OUT(b, (uint16_t)0x21, (uint8_t)0xff); /* the two old controllers: everything masked */
    PORT_OUT(b, (uint16_t)0xa1, (uint8_t)0xff);
    __asm__ volatile("rdmsr" : "=a"(base) : "c"(APIC_BASE_MSR) : "rdx");
    if ((base & (APIC_ENABLE | APIC_X2)) != APIC_ENABLE) {
        panic("the local APIC is off, or in x2APIC mode");
    }
    apic = memory_map_device(base & 0xfffff000, PAGE_BYTES);
    apic[APIC_SPURIOUS] = APIC_ON | VECTOR_SPURIOUS;
    interrupts_restore(true);
}

uint8_t interrupt_processor(void)
{
    return (uint8_t)(apic[APIC_ID] >> 24);
}

bool interrupts_off(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq; pop %0; cli" : "=r"(flags) : : "memory");
    return (flags & FLAG_INTERRUPT) != 0;
}

void interrupts_restore(bool were_on)
{
    if (were_on) {
        __asm__ volatile("sti" : : : "memory");
    }
}
