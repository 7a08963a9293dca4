/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest of the example monitor: does what firmware, an operating system and drivers do, in the
 * order in which they do it, and checks what must hold. Prints TAP. It knows the machine by memory
 * and exits only.
 */
#include "guest.h"

#include <amdvi/cap.h>
#include <amdvi/command.h>
#include <amdvi/dte.h>
#include <amdvi/event.h>
#include <amdvi/interrupt.h>
#include <amdvi/irte.h>
#include <amdvi/ivrs.h>
#include <amdvi/pte.h>
#include <amdvi/regs.h>

#include <stdio.h>
#include <string.h>

/* How the guest uses its memory. */
enum {
    DEVICE_TABLE = 0x100000, /* 128 entries */
    COMMANDS = 0x101000,     /* 256 */
    EVENTS = 0x102000,       /* 256 */
    INTERRUPT_TABLE = 0x103000,
    PAGE_TABLE = 0x104000, /* of level 1: 2 MiB of IOVAs */
    STORE = 0x105000,
    BUFFER = 0x110000, /* pages */
};

enum { DOMAIN = 7, VECTOR_IOMMU = 0x30, VECTOR_CAMERA = 0x42, IRTE_INDEX = 3, TRIES = 3000 };

#define MAP_READ  AMDVI_PTE_IR
#define MAP_WRITE AMDVI_PTE_IW

struct guest {
    struct vcpu *vcpu;
    unsigned checks;
    uint64_t window;   /* the IOMMU's registers */
    uint64_t function; /* its configuration space */
    uint64_t cap;      /* its capability block there */
    uint64_t waits;    /* COMPLETION_WAITs so far */
};

static void check(struct guest *guest, bool held, const char *sentence)
{
    printf("%sok %u - %s\n", held ? "" : "not ", ++guest->checks, sentence);
    guest->vcpu->failed += held ? 0 : 1;
}

/* ---- The processor --------------------------------------------------------------------------- */

static uint64_t leave(struct guest *guest, struct vcpu_exit exit)
{
    guest->vcpu->exit = exit;
    sem_post(&guest->vcpu->left);
    sem_wait(&guest->vcpu->enter);
    return guest->vcpu->exit.value;
}

static uint64_t mmio_read(struct guest *guest, uint64_t address, unsigned size_bytes)
{
    return leave(guest, (struct vcpu_exit){
                            .reason = EXIT_MMIO, .address = address, .size_bytes = size_bytes});
}

static void mmio_write(struct guest *guest, uint64_t address, unsigned size_bytes, uint64_t value)
{
    leave(guest, (struct vcpu_exit){.reason = EXIT_MMIO,
                                    .address = address,
                                    .value = value,
                                    .size_bytes = size_bytes,
                                    .is_write = true});
}

/* Until the next interrupt: a millisecond, if there is no other than the timer's. */
static void halt(struct guest *guest)
{
    leave(guest, (struct vcpu_exit){.reason = EXIT_HLT});
}

/* RAM is no exit. */
static uint64_t load(struct guest *guest, uint64_t spa)
{
    return __atomic_load_n((uint64_t *)(void *)&guest->vcpu->ram[spa], __ATOMIC_ACQUIRE);
}

static void store(struct guest *guest, uint64_t spa, uint64_t value)
{
    __atomic_store_n((uint64_t *)(void *)&guest->vcpu->ram[spa], value, __ATOMIC_RELEASE);
}

static void fill(struct guest *guest, uint64_t spa, uint8_t byte)
{
    for (uint64_t i = 0; i < PAGE_BYTES; i += 8) {
        store(guest, spa + i, byte * UINT64_C(0x0101010101010101));
    }
}

/* Is each byte of the page the same as the first? */
static bool is_filled(struct guest *guest, uint64_t spa, uint8_t byte)
{
    for (uint64_t i = 0; i < PAGE_BYTES; i += 8) {
        if (load(guest, spa + i) != byte * UINT64_C(0x0101010101010101)) {
            return false;
        }
    }
    return true;
}

static bool wait_interrupt(struct guest *guest, unsigned vector, unsigned count)
{
    for (unsigned i = 0; i < TRIES && guest->vcpu->interrupts[vector] < count; i++) {
        halt(guest);
    }
    return guest->vcpu->interrupts[vector] == count;
}

/* ---- The IOMMU's driver ---------------------------------------------------------------------- */

static uint64_t get_register(struct guest *guest, enum amdvi_reg reg)
{
    return mmio_read(guest, guest->window + amdvi_regs[reg].offset, 8);
}

static void set_register(struct guest *guest, enum amdvi_reg reg, uint64_t value)
{
    mmio_write(guest, guest->window + amdvi_regs[reg].offset, 8, value);
}

static void command(struct guest *guest, const struct amdvi_command *what)
{
    uint64_t tail = get_register(guest, AMDVI_REG_CMD_BUF_TAIL);
    struct amdvi_wire_command wire;

    amdvi_command_encode(&wire, what);
    store(guest, COMMANDS + tail, amdvi_le64_decode(&wire.word[0]));
    store(guest, COMMANDS + tail + 8, amdvi_le64_decode(&wire.word[1]));
    set_register(guest, AMDVI_REG_CMD_BUF_TAIL, (tail + AMDVI_CMD_BYTES) % 0x1000);
}

/* Until the IOMMU has stored the word: what was invalidated before is then not used any more. */
static bool completion_wait(struct guest *guest)
{
    struct amdvi_command wait = {.opcode = AMDVI_OPCODE_COMPLETION_WAIT,
                                 .store = true,
                                 .store_address = STORE,
                                 .store_data = ++guest->waits};

    command(guest, &wait);
    for (unsigned i = 0; i < TRIES && load(guest, STORE) != guest->waits; i++) {
        halt(guest);
    }
    return load(guest, STORE) == guest->waits;
}

static void map(struct guest *guest, uint64_t iova, uint64_t spa, uint64_t access)
{
    store(guest, PAGE_TABLE + AMDVI_PTE_BYTES * amdvi_level_index(1, iova),
          spa | access | AMDVI_PTE_PR);
}

static bool unmap(struct guest *guest, uint64_t iova)
{
    struct amdvi_command invalidate = {
        .opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES, .domain_id = DOMAIN, .address = iova};

    store(guest, PAGE_TABLE + AMDVI_PTE_BYTES * amdvi_level_index(1, iova), 0);
    command(guest, &invalidate);
    return completion_wait(guest);
}

/* The oldest event, taken out of the log. */
static bool take_event(struct guest *guest, struct amdvi_event *out)
{
    uint64_t head = get_register(guest, AMDVI_REG_EVENT_LOG_HEAD);
    struct amdvi_wire_event wire;

    if (head == get_register(guest, AMDVI_REG_EVENT_LOG_TAIL)) {
        return false;
    }
    amdvi_le64_encode(&wire.word[0], load(guest, EVENTS + head));
    amdvi_le64_encode(&wire.word[1], load(guest, EVENTS + head + 8));
    set_register(guest, AMDVI_REG_EVENT_LOG_HEAD, (head + AMDVI_EVENT_BYTES) % 0x1000);
    set_register(guest, AMDVI_REG_STATUS, AMDVI_STATUS_EVENT_LOG_INT);
    return amdvi_event_decode(out, &wire);
}

/* The next event, and the only one, is that @device_id did not reach @iova. */
static bool was_fault(struct guest *guest, uint16_t device_id, uint64_t iova, bool is_write)
{
    struct amdvi_event event;

    if (!take_event(guest, &event)) {
        return false;
    }
    printf("# guest: %s of device %04x, domain %u, address %llx, flags %s%s\n",
           amdvi_event_name(event.code), event.device_id, event.domain_id,
           (unsigned long long)event.address, event.present ? "PR " : "", event.write ? "RW" : "");
    return event.code == AMDVI_EVENT_IO_PAGE_FAULT && event.device_id == device_id &&
           event.domain_id == DOMAIN && event.address == iova && event.write == is_write &&
           !event.present && !take_event(guest, &event);
}

/* ---- What happens ---------------------------------------------------------------------------- */

static void find(struct guest *guest)
{
    struct amdvi_ivrs_table table;
    struct amdvi_ivrs_block block = {0};

    bool is_good =
        amdvi_ivrs_open(&table, &guest->vcpu->ram[IVRS_SPA], PAGE_BYTES, NULL) == AMDVI_IVRS_OK;
    if (is_good) {
        struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(&table);

        is_good = amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_OK &&
                  block.kind == AMDVI_IVRS_BLOCK_IVHD;
    }
    guest->window = block.unit.window_spa;
    guest->function = ECAM_SPA + (uint64_t)PAGE_BYTES * block.unit.device_id;
    guest->cap = guest->function + block.unit.capability_offset;
    check(guest, is_good, "the ACPI table names an IOMMU");
    check(guest, mmio_read(guest, guest->function + 8, 4) >> 16 == AMDVI_PCI_CLASS,
          "its PCI function has the class of IOMMUs");
    uint64_t header = mmio_read(guest, guest->cap + AMDVI_CAP_OFFSET_HEADER, 4);
    uint64_t base = mmio_read(guest, guest->cap + AMDVI_CAP_OFFSET_BASE_HIGH, 4) << 32 |
                    mmio_read(guest, guest->cap + AMDVI_CAP_OFFSET_BASE_LOW, 4);
    check(guest,
          amdvi_get(header, AMDVI_CAP_HEADER_CAP_ID) == AMDVI_CAP_ID_SECURE_DEVICE &&
              base == (guest->window | AMDVI_CAP_BASE_LOW_ENABLE),
          "the capability block agrees, and the register window is on");
}

static void set_entry(struct guest *guest, uint16_t device_id)
{
    struct amdvi_dte dte = {.valid = true,
                            .translation = true,
                            .read = true,
                            .write = true,
                            .domain_id = DOMAIN,
                            .mode = 1,
                            .page_root = PAGE_TABLE,
                            .interrupt_valid = true,
                            .int_ctl = AMDVI_INT_CTL_REMAP,
                            .int_tab_len = 4,
                            .interrupt_root = INTERRUPT_TABLE};
    struct amdvi_wire_dte wire;

    amdvi_dte_encode(&wire, &dte);
    for (unsigned i = 0; i < 4; i++) {
        store(guest, DEVICE_TABLE + (uint64_t)AMDVI_DTE_BYTES * device_id + (uint64_t)8 * i,
              amdvi_le64_decode(&wire.word[i]));
    }
}

static void program(struct guest *guest)
{
    uint64_t msi = guest->function + (mmio_read(guest, guest->cap, 4) >> 8 & 0xff);
    struct amdvi_irte irte = {.remap_enable = true, .vector = VECTOR_CAMERA};
    /* Two entries of 32 bits; the interrupt's is the odd one. */
    uint64_t entry = INTERRUPT_TABLE + AMDVI_IRTE_BYTES * (IRTE_INDEX - 1);

    set_entry(guest, ADDER_ID);
    set_entry(guest, CAMERA_ID);
    store(guest, entry, (uint64_t)amdvi_irte_encode(&irte) << 32);
    mmio_write(guest, msi + 4, 4, AMDVI_MSI_BASE);
    mmio_write(guest, msi + 12, 4, VECTOR_IOMMU);
    mmio_write(guest, msi + 2, 2, 1);
    set_register(guest, AMDVI_REG_DEV_TAB_BASE, DEVICE_TABLE);
    set_register(guest, AMDVI_REG_CMD_BUF_BASE, COMMANDS | amdvi_put(AMDVI_CMD_BUF_BASE_LEN, 8));
    set_register(guest, AMDVI_REG_EVENT_LOG_BASE, EVENTS | amdvi_put(AMDVI_EVENT_LOG_BASE_LEN, 8));
    set_register(guest, AMDVI_REG_CONTROL,
                 AMDVI_CONTROL_IOMMU_EN | AMDVI_CONTROL_CMD_BUF_EN | AMDVI_CONTROL_EVENT_LOG_EN |
                     AMDVI_CONTROL_EVENT_INT_EN);
    check(guest, completion_wait(guest), "the IOMMU is on, and a COMPLETION_WAIT completes");
}

/* What the adder says that the bytes are together; 0 if it was refused. */
static uint64_t sum(struct guest *guest, uint64_t iova, uint64_t bytes)
{
    mmio_write(guest, ADDER_SPA + DEVICE_IOVA, 8, iova);
    mmio_write(guest, ADDER_SPA + DEVICE_COMMAND, 8, bytes);
    return mmio_read(guest, ADDER_SPA + DEVICE_STATUS, 8) == STATUS_DONE
               ? mmio_read(guest, ADDER_SPA + DEVICE_RESULT, 8)
               : 0;
}

static void use_adder(struct guest *guest)
{
    /* Two pages that follow each other for the device, and do not in memory. */
    fill(guest, BUFFER, 1);
    fill(guest, BUFFER + 0x3000, 2);
    map(guest, 0x10000, BUFFER, MAP_READ);
    map(guest, 0x11000, BUFFER + 0x3000, MAP_READ);
    check(guest, sum(guest, 0x10800, 0x1000) == 0x1800, "DMA that is mapped passes, page by page");
    check(guest, sum(guest, 0x20000, 8) == 0, "DMA that is not mapped is blocked");
    check(guest, was_fault(guest, ADDER_ID, 0x20000, false), "and it is in the event log");
    check(guest, wait_interrupt(guest, VECTOR_IOMMU, 1), "and the IOMMU's own interrupt came");
    check(guest, unmap(guest, 0x10000), "a page is unmapped, and a COMPLETION_WAIT completes");
    check(guest, sum(guest, 0x10000, 8) == 0 && was_fault(guest, ADDER_ID, 0x10000, false),
          "the page is not reached after it, though it was in the caches");
    check(guest, sum(guest, 0x11000, 8) == 16, "the page beside it still is");
}

static void camera_on(struct guest *guest, uint64_t iova)
{
    mmio_write(guest, CAMERA_SPA + DEVICE_IOVA, 8, iova);
    mmio_write(guest, CAMERA_SPA + DEVICE_COMMAND, 8, 1);
}

/* It has begun when the page is not what it was. */
static bool wait_frame(struct guest *guest, uint64_t spa)
{
    uint64_t before = load(guest, spa);

    for (unsigned i = 0; i < TRIES && load(guest, spa) == before; i++) {
        halt(guest);
    }
    return load(guest, spa) != before;
}

static void use_camera(struct guest *guest)
{
    const uint64_t page = BUFFER + 0x5000;

    mmio_write(guest, CAMERA_SPA + CAMERA_MSI_ADDRESS, 8, AMDVI_MSI_BASE);
    mmio_write(guest, CAMERA_SPA + CAMERA_MSI_DATA, 8, IRTE_INDEX);
    map(guest, 0x40000, page, MAP_WRITE);
    camera_on(guest, 0x40000);
    check(guest, wait_frame(guest, page), "the camera writes, in a thread of its own");
    mmio_write(guest, CAMERA_SPA + DEVICE_COMMAND, 8, 0);
    check(guest, wait_interrupt(guest, VECTOR_CAMERA, 1),
          "its interrupt came, remapped to the vector of the interrupt table");
    check(guest, is_filled(guest, page, (uint8_t)load(guest, page)),
          "the last frame is whole when the interrupt comes");
    check(guest, guest->vcpu->interrupts[IRTE_INDEX] == 0, "and no vector that the device chose");

    /* In the middle of it the page is taken away, and used for something else. */
    camera_on(guest, 0x40000);
    bool began = wait_frame(guest, page);
    check(guest, began && unmap(guest, 0x40000), "a page is unmapped while the camera writes");
    fill(guest, page, 0x55);
    check(guest, wait_interrupt(guest, VECTOR_CAMERA, 2) && is_filled(guest, page, 0x55),
          "after the COMPLETION_WAIT it writes no byte of it");
    check(guest, mmio_read(guest, CAMERA_SPA + DEVICE_STATUS, 8) == STATUS_REVOKED,
          "it had to stop");
    camera_on(guest, 0x40000);
    check(guest,
          wait_interrupt(guest, VECTOR_CAMERA, 3) && was_fault(guest, CAMERA_ID, 0x40000, true) &&
              is_filled(guest, page, 0x55),
          "and it cannot begin again");
}

static void save_and_load(struct guest *guest)
{
    mmio_write(guest, BOARD_SPA + BOARD_SNAPSHOT, 8, 1);
    check(guest, sum(guest, 0x11000, 8) == 16 && sum(guest, 0x10000, 8) == 0,
          "after a snapshot the same DMA passes, and the same is blocked");
    check(guest, was_fault(guest, ADDER_ID, 0x10000, false) && completion_wait(guest),
          "event log and command buffer go on where they were");
}

static void lose_memory(struct guest *guest)
{
    map(guest, 0x50000, DIMM_SPA, MAP_READ | MAP_WRITE);
    check(guest,
          sum(guest, 0x50000, 8) == 0 &&
              mmio_read(guest, ADDER_SPA + DEVICE_STATUS, 8) == STATUS_DONE,
          "DMA reaches memory that can be unplugged");
    camera_on(guest, 0x50000);
    for (unsigned i = 0; i < TRIES && sum(guest, 0x50000, 8) == 0; i++) {
        halt(guest);
    }
    mmio_write(guest, BOARD_SPA + BOARD_UNPLUG, 8, 1);
    check(guest,
          wait_interrupt(guest, VECTOR_CAMERA, 4) &&
              mmio_read(guest, CAMERA_SPA + DEVICE_STATUS, 8) == STATUS_REVOKED,
          "it is unplugged while the camera writes, which has to stop first");
    sum(guest, 0x50000, 8);
    check(guest, mmio_read(guest, ADDER_SPA + DEVICE_STATUS, 8) == STATUS_REFUSED,
          "where the memory was there is none");
}

void *guest_main(void *vcpu)
{
    struct guest guest = {.vcpu = vcpu};

    sem_wait(&guest.vcpu->enter);
    find(&guest);
    program(&guest);
    use_adder(&guest);
    use_camera(&guest);
    save_and_load(&guest);
    lose_memory(&guest);
    mmio_write(&guest, BOARD_SPA + BOARD_RESET, 8, 1);
    check(&guest, get_register(&guest, AMDVI_REG_CONTROL) == amdvi_regs[AMDVI_REG_CONTROL].reset,
          "after a reset the IOMMU is off, and its window on");
    printf("1..%u\n", guest.checks);
    mmio_write(&guest, BOARD_SPA + BOARD_POWER_OFF, 8, 1);
    return NULL;
}
