/* SPDX-License-Identifier: BSD-2-Clause */
/* The story, in the order of docs/porting.md. Nothing printed depends on loader or firmware. */
#include "kernel.h"

#define ATTACK_BYTES 64u
#define DISK_BLOCK   8u
#define VICTIM       0x11
#define PATTERN      0xa5

static unsigned failures;
static bool has_iommu;
static bool has_driver; /* the IOMMU is the driver's */
static uint8_t *victim; /* a page that no device has any business with */

_Noreturn void kernel_main(uint32_t magic, const uint8_t *loader_info);

static void check(bool good, const char *sentence)
{
    print("  %s: %s\n", good ? "ok" : "FAILED", sentence);
    failures += !good;
}

static bool is_filled(const uint8_t *bytes, uint8_t value, size_t count)
{
    return bytes[0] == value && memcmp(bytes, bytes + 1, count - 1) == 0;
}

/* edu writes over the victim; @stopped: whether it must not succeed. */
static void attack(struct edu *edu, uint64_t address, bool stopped)
{
    uint32_t before = interrupt_counts[VECTOR_IOMMU];

    memset(victim, VICTIM, PAGE_BYTES);
    bool done = edu_copy(edu, true, address, ATTACK_BYTES);
    check(done && is_filled(victim, VICTIM, PAGE_BYTES) == stopped,
          stopped ? "edu could not overwrite the kernel's memory"
                  : "edu overwrote the kernel's memory, as nothing protects it");
    uint64_t end = clock_ns() + DEVICE_LIMIT_NS / 10;
    while (has_driver && interrupt_counts[VECTOR_IOMMU] == before && clock_ns() < end) {
        order();
    }
    /* Not every unit reports what it blocks: QEMU's amd-iommu never does. */
    if (has_driver && iommu_reports() == 0) {
        print("  no event came\n");
    } else if (has_driver) {
        check(interrupt_counts[VECTOR_IOMMU] != before, "the IOMMU's interrupt came");
    }
}

static void before_iommu(struct edu *edu, const struct acpi_table *ivrs)
{
    print("1. Before anything is done\n");
    check(edu_find(edu), "edu is there");
    attack(edu, (uintptr_t)victim, false);
    if (!has_iommu) {
        print("  no IVRS: this machine has no AMD IOMMU\n");
        return;
    }
    print("2. Block all DMA early\n");
    pci_quiet();
    check(iommu_block_early(ivrs), "every unit has a table that blocks");
    attack(edu, (uintptr_t)victim, true);
    print("3. Start the driver\n");
    has_driver = iommu_start(ivrs);
    if (!has_driver) {
        panic("the IOMMU cannot be used");
    }
    check(has_driver, "every unit is taken over by the driver");
    attack(edu, (uintptr_t)victim, true);
}

static void drive_edu(struct edu *edu)
{
    struct dma_memory memory;
    uint32_t before = interrupt_counts[VECTOR_EDU];

    print("4. Give a device its memory\n");
    check(dma_open(&edu->dma), "edu has an address space of its own");
    if (!dma_take(&edu->dma, 1, DMA_READ | DMA_WRITE, &memory)) {
        panic("no memory for edu");
    }
    uint8_t *bytes = memory.bytes;
    memset(bytes, PATTERN, ATTACK_BYTES);
    check(edu_copy(edu, false, memory.address, ATTACK_BYTES) &&
              edu_copy(edu, true, memory.address + PAGE_BYTES / 2, ATTACK_BYTES) &&
              is_filled(bytes + PAGE_BYTES / 2, PATTERN, ATTACK_BYTES),
          "edu copied memory by DMA");
    print("5. Give it its interrupt\n");
    check(edu_set_interrupt(edu) && edu_copy(edu, true, memory.address + 1024, ATTACK_BYTES) &&
              interrupt_counts[VECTOR_EDU] == before + 1 &&
              is_filled(bytes + 1024, PATTERN, ATTACK_BYTES),
          "edu's MSI came, after the memory that it announced");
    print("6. A device that goes elsewhere\n");
    attack(edu, (uintptr_t)victim, has_iommu);
    print("7. Take the memory back\n");
    uint64_t address = memory.address;
    check(dma_give(&edu->dma, &memory), "unmapped");
    victim = pages_take(1); /* the same page, which was edu's a moment ago */
    check(victim == bytes, "the kernel uses it for something else");
    attack(edu, address, has_iommu);
}

static void drive_nvme(struct nvme *nvme)
{
    struct dma_memory out;
    struct dma_memory in;

    print("8. A disk\n");
    check(nvme_start(nvme), "it identified itself, by DMA and MSI-X");
    if (!dma_take(&nvme->dma, 1, DMA_READ, &out) || !dma_take(&nvme->dma, 1, DMA_WRITE, &in)) {
        panic("no memory for the disk");
    }
    for (unsigned i = 0; i < PAGE_BYTES; i++) {
        out.bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
    check(nvme_transfer(nvme, true, DISK_BLOCK, &out), "a page was written");
    check(nvme_transfer(nvme, false, DISK_BLOCK, &in) &&
              memcmp(in.bytes, out.bytes, PAGE_BYTES) == 0,
          "it was read back, and is the same");
    check(dma_give(&nvme->dma, &out) && dma_give(&nvme->dma, &in) && nvme_stop(nvme),
          "the disk is stopped, and has given everything back");
    check(iommu_reports() == 0, "no fault on the way");
}

_Noreturn void kernel_main(uint32_t magic, const uint8_t *loader_info)
{
    static struct edu edu;
    static struct nvme nvme;
    struct acpi_table ivrs;

    print("\namdvi example kernel, loaded by %s\n", acpi_init(magic, loader_info));
    interrupts_init();
    clock_init();
    has_iommu = acpi_find("IVRS", &ivrs);
    victim = pages_take(1);
    before_iommu(&edu, &ivrs);
    drive_edu(&edu);
    drive_nvme(&nvme);
    print("9. The end\n");
    pci_close(edu.dma.id);
    check(dma_close(&edu.dma), "edu is closed");
    if (has_iommu) {
        check(iommu_stop(), "the driver has stopped");
    }
    check(pages_in_use == 2, "all memory came back");
    print("%u failures\n", failures);
    machine_end(failures == 0 ? 0x10 : 0x11);
}
