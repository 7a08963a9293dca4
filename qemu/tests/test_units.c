/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two IOMMUs in one machine: the first for the first root bus, the second for that of a pxb-pcie,
 * with a test device behind a root port on it.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "firmware.h"
#include "rig.h"

#define IOVA 0x40000000u
#define PAGE 0x1000u

#define SECOND_IOMMU     0x0018u /* 00:03.0 */
#define SECOND_WINDOW    0xfed94000u
#define SECOND_PORT      0x4000u /* 40:00.0 */
#define SECOND_BUS       0x41u
#define SECOND_DEVICE    0x4100u /* 41:00.0 */
#define SECOND_REGISTERS 0xc2000000u

#define PXB "-device", "pxb-pcie,id=pxb1,bus_nr=64,bus=pcie.0,addr=9"

static const char *const second[] = {
    PXB,
    "-device",
    "amdvi,id=iommu1,root=pxb1,bus=pcie.0,addr=3",
    "-device",
    "pcie-root-port,id=port1,bus=pxb1,chassis=2",
    "-device",
    "amdvi-testdev,id=behind1,bus=port1",
    NULL,
};

/* Both IOMMUs on, both devices shut out by their own, and reachable. */
static void start(void)
{
    rig_start_with(second, NULL);
    firmware_number_bus(SECOND_PORT, SECOND_BUS, SECOND_REGISTERS);
    pci_enable(SECOND_DEVICE, 0, SECOND_REGISTERS);
    rig_select(1);
    rig_shut_out(SECOND_DEVICE);
    rig_program();
    rig_select(0);
}

static uint64_t first_reads(uint64_t iova)
{
    testdev_select(RIG_TESTDEV_REGISTERS);
    return testdev_run(TESTDEV_READ, iova, PAGE, 0);
}

static uint64_t second_reads(uint64_t iova)
{
    testdev_select(SECOND_REGISTERS);
    return testdev_run(TESTDEV_READ, iova, PAGE, 0);
}

static void functions_and_windows(void)
{
    rig_start_raw(second);
    CHECK_U64(pci_read32(SECOND_IOMMU, 0x08) >> 16, 0x0806);
    CHECK_U64(pci_read32(SECOND_IOMMU, 0x44), SECOND_WINDOW | 1);
    machine_write64(RIG_WINDOW, 0x300001);
    machine_write64(SECOND_WINDOW, 0x400002);
    CHECK_U64(machine_read64(RIG_WINDOW), 0x300001);
    CHECK_U64(machine_read64(SECOND_WINDOW), 0x400002);
    machine_reset();
    CHECK_U64(machine_read64(RIG_WINDOW), 0);
    CHECK_U64(machine_read64(SECOND_WINDOW), 0);
    CHECK_U64(pci_read32(SECOND_IOMMU, 0x44), SECOND_WINDOW | 1);
    rig_stop();
}

/* Each has the other's device in its tables too, with everything allowed: nobody looks there. */
static void dma_goes_by_the_own_tables(void)
{
    start();
    machine_fill(RIG_MEMORY, 0x11, PAGE);
    machine_fill(RIG_MEMORY + PAGE, 0x22, PAGE);
    rig_attach(SECOND_DEVICE);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    rig_select(1);
    rig_attach(RIG_TESTDEV);
    rig_map(IOVA, RIG_MEMORY + PAGE, RIG_READ | RIG_WRITE);

    CHECK(first_reads(IOVA) != 0);
    CHECK(second_reads(IOVA) != 0);
    RIG_EVENTS(rig_page_fault(SECOND_DEVICE, RIG_FAULT_PRESENT | RIG_FAULT_DENIED, IOVA));
    rig_select(0);
    RIG_EVENTS(rig_page_fault(RIG_TESTDEV, RIG_FAULT_PRESENT | RIG_FAULT_DENIED, IOVA));

    rig_attach(RIG_TESTDEV);
    CHECK_U64(first_reads(IOVA), 0);
    CHECK(testdev_buffer_is(0, PAGE, 0x11));
    CHECK(second_reads(IOVA) != 0);
    rig_select(1);
    RIG_EVENTS(rig_page_fault(SECOND_DEVICE, RIG_FAULT_PRESENT | RIG_FAULT_DENIED, IOVA));
    rig_attach(SECOND_DEVICE);
    CHECK_U64(second_reads(IOVA), 0);
    CHECK(testdev_buffer_is(0, PAGE, 0x22));
    RIG_NO_EVENTS();
    rig_select(0);
    RIG_NO_EVENTS();

    /* One off: the other stays as it is. */
    machine_write64(RIG_WINDOW + 0x18, 0);
    CHECK_U64(first_reads(RIG_MEMORY), 0);
    CHECK(second_reads(RIG_MEMORY) != 0);
    CHECK_U64(second_reads(IOVA), 0);
    rig_stop();
}

static void invalidations_are_of_the_own_devices(void)
{
    start();
    rig_attach(RIG_TESTDEV);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    rig_select(1);
    rig_attach(SECOND_DEVICE);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);

    /* A mapping of a device behind the second: only the second's wait waits. */
    testdev_select(SECOND_REGISTERS);
    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA, PAGE, 0), 0);
    rig_map(IOVA, 0, 0);
    rig_select(0);
    rig_map(IOVA, 0, 0);
    rig_invalidate_all_pages();
    rig_wait_begin();
    CHECK(rig_wait_is_done());
    rig_select(1);
    rig_invalidate_all_pages();
    rig_wait_begin();
    machine_clock_step(1000000);
    CHECK(!rig_wait_is_done());
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0x55), 0);
    machine_clock_step(1000000);
    CHECK(rig_wait_is_done());
    CHECK(memory_is(RIG_MEMORY, PAGE, 0x55));
    rig_stop();
}

static void interrupts_go_by_the_own_tables(void)
{
    start();
    rig_attach_interrupts(SECOND_DEVICE); /* in the first's tables: for nobody */
    rig_attach_interrupts(RIG_TESTDEV);
    rig_remap(0x20, 1 | 0xa1 << 16);
    rig_invalidate_interrupts(RIG_TESTDEV);
    rig_select(1);
    rig_attach(SECOND_DEVICE);
    rig_attach_interrupts(SECOND_DEVICE);
    rig_remap(0x20, 1 | 0xb1 << 16);
    rig_invalidate_interrupts(SECOND_DEVICE);

    testdev_select(SECOND_REGISTERS);
    CHECK_U64(testdev_run(TESTDEV_STORE, 0xfee00000, 4, 0x20), 0);
    CHECK(machine_has_interrupt(0xb1));
    CHECK(!machine_has_interrupt(0xa1));
    CHECK(testdev_run(TESTDEV_STORE, 0xfee00000, 4, 0x21) != 0);
    RIG_EVENTS(rig_page_fault(SECOND_DEVICE, RIG_FAULT_INTERRUPT, 0xfee00000));

    testdev_select(RIG_TESTDEV_REGISTERS);
    CHECK_U64(testdev_run(TESTDEV_STORE, 0xfee00000, 4, 0x20), 0);
    CHECK(machine_has_interrupt(0xa1));
    rig_select(0);
    RIG_NO_EVENTS();
    rig_stop();
}

static void set_own_message(uint16_t iommu, uint8_t vector)
{
    unsigned msi = pci_capability(iommu, 0x05);

    pci_write32(iommu, msi + 4, 0xfee00000);
    pci_write32(iommu, msi + 8, 0);
    pci_write16(iommu, msi + 12, vector);
    pci_write16(iommu, msi + 2, 0x0001);
}

static void each_has_its_own_interrupt(void)
{
    start();
    set_own_message(RIG_IOMMU, 0x61);
    set_own_message(SECOND_IOMMU, 0x62);
    machine_write64(RIG_WINDOW + 0x18, 0x100d); /* EventIntEn too */
    machine_write64(SECOND_WINDOW + 0x18, 0x100d);
    CHECK(second_reads(IOVA) != 0);
    machine_clock_step(1000000);
    CHECK(machine_has_interrupt(0x62));
    CHECK(!machine_has_interrupt(0x61));
    CHECK_U64(machine_read32(SECOND_WINDOW + 0x2020) & 2, 2);
    CHECK_U64(machine_read32(RIG_WINDOW + 0x2020) & 2, 0);
    CHECK(first_reads(IOVA) != 0);
    machine_clock_step(1000000);
    CHECK(machine_has_interrupt(0x61));
    rig_stop();
}

/* The plain entries of an IVHD of type 10h: a range is a start (3) and an end (4). */
static void check_block(const uint8_t *block, uint16_t iommu, uint32_t window, const uint8_t *want,
                        size_t want_bytes)
{
    uint32_t base;

    memcpy(&base, block + 8, sizeof(base));
    CHECK_U64(block[0], 0x10);
    CHECK_U64(block[4] | block[5] << 8, iommu);
    CHECK_U64(block[6], 0x40);
    CHECK_U64(base, window);
    CHECK(memcmp(block + 24, want, want_bytes) == 0);
}

/* The table when the ports' buses have these numbers, 0 for none: the last bus of each block. */
static size_t check_ivrs(uint8_t first_number, uint8_t second_number, uint8_t first_last,
                         uint8_t second_last)
{
    /* 00:00.0 to first_last:1f.7, and the IOAPIC at 00:14.0. */
    const uint8_t first_entries[] = {3,    0, 0, 0, 4, 0xff, first_last, 0,
                                     0x48, 0, 0, 0, 0, 0xa0, 0,          1};
    const uint8_t second_entries[] = {3, 0, 0x40, 0, 4, 0xff, second_last, 0};
    uint8_t ivrs[512] = {0};

    rig_start_raw(second);
    if (first_number != 0) {
        firmware_number_bus(RIG_PORT, first_number, RIG_BEHIND_REGISTERS);
        firmware_number_bus(SECOND_PORT, second_number, SECOND_REGISTERS);
    }
    size_t bytes = firmware_ivrs(ivrs, sizeof(ivrs));

    rig_stop();
    if (!CHECK(bytes > 48 && bytes <= sizeof(ivrs))) {
        return bytes;
    }
    const uint8_t *first = ivrs + 48;
    const uint8_t *other = first + (first[2] | first[3] << 8);

    check_block(first, RIG_IOMMU, RIG_WINDOW, first_entries, sizeof(first_entries));
    check_block(other, SECOND_IOMMU, SECOND_WINDOW, second_entries, sizeof(second_entries));
    CHECK_U64((size_t)(other - ivrs) + (size_t)(other[2] | other[3] << 8), bytes);
    return bytes;
}

static void ivrs_names_both(void)
{
    size_t bytes = check_ivrs(0, 0, 0, 0x40);

    CHECK_U64(check_ivrs(1, SECOND_BUS, 1, SECOND_BUS), bytes);
    CHECK_U64(check_ivrs(0x20, 0xff, 0x20, 0xff), bytes);
    /* Nonsense of the guest's: the ranges do not overlap for all that. */
    CHECK_U64(check_ivrs(0x50, 0x41, 0x3f, 0x41), bytes);
}

/* A root bus without an IOMMU of its own is behind the first, with a range of its own. */
static void other_root_buses_are_behind_the_first(void)
{
    static const char *const args[] = {PXB,
                                       "-device",
                                       "pcie-root-port,id=port1,bus=pxb1,chassis=2",
                                       "-device",
                                       "amdvi-testdev,id=behind1,bus=port1",
                                       NULL};
    static const uint8_t entries[] = {3, 0, 0, 0, 4, 0xff, 1, 0, 3, 0, 0x40, 0, 4, 0xff, 0x41, 0};
    uint8_t ivrs[512] = {0};

    rig_start_with(args, (const uint16_t[]){SECOND_DEVICE, 0});
    firmware_number_bus(RIG_PORT, 1, RIG_BEHIND_REGISTERS);
    firmware_number_bus(SECOND_PORT, SECOND_BUS, SECOND_REGISTERS);
    pci_enable(SECOND_DEVICE, 0, SECOND_REGISTERS);
    CHECK(second_reads(IOVA) != 0);
    RIG_EVENTS(rig_page_fault(SECOND_DEVICE, RIG_FAULT_PRESENT | RIG_FAULT_DENIED, IOVA));
    CHECK(firmware_ivrs(ivrs, sizeof(ivrs)) <= sizeof(ivrs));
    check_block(ivrs + 48, RIG_IOMMU, RIG_WINDOW, entries, sizeof(entries));
    rig_stop();
}

static void command_line_is_checked(void)
{
    static const struct {
        const char *const args[12];
        const char *text;
    } table[] = {
        {{"-machine", "q35", PXB, "-device", "amdvi,bus=pcie.0,root=pxb1", NULL},
         "the first amdvi"},
        {{"-machine", "q35", "-device", "amdvi", "-device", "amdvi,root=pxb1", NULL},
         "no such root bus"},
        {{"-machine", "q35", "-device", "amdvi", "-device", "pcie-root-port,id=p", "-device",
          "amdvi,root=p", NULL},
         "no such root bus"},
        {{"-machine", "q35", "-device", "amdvi", "-device", "amdvi,root=pcie.0", NULL}, "only one"},
        {{"-machine", "q35", PXB, "-device", "amdvi,bus=pcie.0", "-device",
          "amdvi,bus=pcie.0,root=pxb1", "-device", "amdvi,bus=pcie.0,root=pxb1", NULL},
         "only one"},
        {{"-machine", "q35", "-device", "pxb-pcie,id=pxb1,bus_nr=64,bypass_iommu=on", "-device",
          "amdvi,bus=pcie.0", "-device", "amdvi,bus=pcie.0,root=pxb1", NULL},
         "bypass"},
        {{"-machine", "q35", PXB, "-device", "amdvi,bus=pcie.0", "-device",
          "amdvi,bus=pcie.0,root=pxb1,intremap=off", NULL},
         "intremap"},
        {{"-machine", "q35", PXB, "-device", "amdvi", NULL}, "pxb"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char *text = machine_refuses(table[i].args);

        if (!CHECK(strstr(text, table[i].text) != NULL)) {
            printf("# no \"%s\" in: %s\n", table[i].text, text);
        }
        free(text);
    }
}

static const struct check_case cases[] = {
    {"two IOMMUs have a function and a window each", "1.20 MMIO registers", functions_and_windows},
    {"DMA is governed by the tables of the own root bus's IOMMU", NULL, dma_goes_by_the_own_tables},
    {"an IOMMU waits for its own devices only", "1.20 COMPLETION_WAIT",
     invalidations_are_of_the_own_devices},
    {"interrupts are remapped by the own root bus's IOMMU", "1.20 interrupt remapping",
     interrupts_go_by_the_own_tables},
    {"each IOMMU has its own log and sends its own interrupt", "1.20 event log",
     each_has_its_own_interrupt},
    {"the IVRS has a block for each, with the buses below its root bus", "1.20 IVRS",
     ivrs_names_both},
    {"a root bus without an IOMMU of its own is behind the first", "1.20 IVRS",
     other_root_buses_are_behind_the_first},
    {"a second IOMMU that cannot work is refused with a reason", NULL, command_line_is_checked},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
