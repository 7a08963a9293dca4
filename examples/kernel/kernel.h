/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small kernel that shows how the driver library is used: one processor, no processes, virtual
 * addresses equal to physical ones. iommu.c is the part to read; all else is what any kernel has
 * already. docs/porting.md goes through it step by step.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PAGE_BYTES      4096u
#define DEVICE_LIMIT_NS UINT64_C(10000000000) /* edu takes 100 ms for a transfer */

/* console.c: the first serial port; print knows %s, %u and %lx. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define panic(...) (print("PANIC: "), print(__VA_ARGS__), print("\n"), machine_end(0x7f))
/* QEMU ends with status 2 · @code + 1 (-device isa-debug-exit,iobase=0xf4); others halt. */
_Noreturn void machine_end(uint8_t code);

/* memory.c: @count pages in a row, zeroed, or NULL; any context. */
void *pages_take(size_t count);
void pages_give(void *pages, size_t count);
extern size_t pages_in_use;
/* Where a device's registers can be accessed, uncached. */
void *memory_map_device(uint64_t physical, size_t size_bytes);

struct acpi_table {
    const uint8_t *bytes;
    uint32_t size_bytes;
};

/* acpi.c: the root of the tables is where the loader says; its name is returned. */
const char *acpi_init(uint32_t magic, const uint8_t *loader_info);
bool acpi_find(const char *signature, struct acpi_table *out);
void clock_init(void);
uint64_t clock_ns(void);

/* interrupts.c: each vector is counted, and may have a handler. */
#define VECTOR_EDU      0x40u
#define VECTOR_NVME     0x41u /* and the next */
#define VECTOR_IOMMU    0x50u
#define VECTOR_SPURIOUS 0xffu
void interrupts_init(void);
extern volatile uint32_t interrupt_counts[256];
extern void (*interrupt_handlers[256])(void);
uint8_t interrupt_processor(void); /* this processor's APIC id */
bool interrupts_off(void);         /* were they on? */
void interrupts_restore(bool were_on);

/* pci.c. @id: bus 15:8, device 7:3, function 2:0; the IOMMU calls it DeviceID. */
#define PCI_CONFIG_BYTES 256
uint32_t pci_read(uint16_t id, uint16_t offset);
void pci_write(uint16_t id, uint16_t offset, uint32_t value);
/* The first function whose register @offset, under @mask, is @value: on, its BAR; or NULL. */
void *pci_open(uint16_t *id, uint16_t offset, uint32_t mask, uint32_t value, unsigned bar);
void pci_close(uint16_t id);
void pci_quiet(void); /* what the loader may have left running: AHCI */
bool pci_set_msi(uint16_t id, uint64_t address, uint32_t data);
bool pci_set_msix(uint16_t id, unsigned entry, uint64_t address, uint32_t data);

/* iommu.c: a device as DMA and interrupts see it. Without an IOMMU the pointers are NULL. */
struct dma_device {
    uint16_t id;
    struct amdvi_drv_device *behind;
    struct amdvi_drv_domain *domain;
    uint64_t next_iova;
};

#define DMA_READ  0x1u /* the device reads */
#define DMA_WRITE 0x2u

/* Memory that a device reaches at @address. */
struct dma_memory {
    uint8_t *bytes;
    uint64_t address;
    size_t pages;
};

bool iommu_block_early(const struct acpi_table *ivrs);
bool iommu_start(const struct acpi_table *ivrs);
bool iommu_stop(void); /* all devices are closed */
/* Print what the units reported since the last call; how many that were. */
unsigned iommu_reports(void);

/* It gets an address space of its own, with nothing in it. */
bool dma_open(struct dma_device *device);
bool dma_close(struct dma_device *device);
bool dma_take(struct dma_device *device, size_t pages, unsigned access, struct dma_memory *out);
bool dma_give(struct dma_device *device, const struct dma_memory *memory);
/* The message by which the device sends @vector to this processor. */
bool dma_interrupt(struct dma_device *device, uint8_t vector, uint64_t *address, uint32_t *data);

struct edu {
    struct dma_device dma;
    volatile uint32_t *registers;
    bool interrupts; /* it has one; otherwise its registers are polled */
};

bool edu_find(struct edu *edu);
bool edu_set_interrupt(struct edu *edu);
/* From or to the device's buffer; true when it says that it is done. */
bool edu_copy(struct edu *edu, bool to_memory, uint64_t address, uint32_t size_bytes);

struct nvme_queue {
    struct dma_memory submissions;
    struct dma_memory completions;
    unsigned tail;
    unsigned head;
    uint16_t phase; /* of old completions */
};

struct nvme {
    struct dma_device dma;
    volatile uint32_t *registers;
    struct nvme_queue queues[2]; /* administration, and commands */
};

bool nvme_start(struct nvme *nvme);
bool nvme_stop(struct nvme *nvme);
/* One page, @memory's first, to or from the blocks of 512 bytes at @block. */
bool nvme_transfer(struct nvme *nvme, bool write, uint32_t block, const struct dma_memory *memory);

/* I/O ports, of 16 bits; @size is b or l, as the assembler says it. */
#define PORT_OUT(size, port, value)                                                                \
    __asm__ volatile("out" #size " %0, %1" : : "a"(value), "Nd"(port) : "memory")
#define PORT_IN(size, port, out)                                                                   \
    __asm__ volatile("in" #size " %1, %0" : "=a"(*(out)) : "Nd"(port) : "memory")

/* Between memory and a device: x86 keeps the order, the compiler shall. And in loops. */
static inline void order(void)
{
    __asm__ volatile("pause" : : : "memory");
}

#endif
