/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device as a part of the machine: its PCI function, its register window, requester ids,
 * interrupts, reset, and what is refused on the command line.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "rig.h"

#define IOVA 0x40000000u
#define PAGE 0x1000u

static void function_and_capability(void)
{
    rig_start_raw(NULL);
    CHECK_U64(pci_read32(RIG_IOMMU, 0x08) >> 16, 0x0806);
    CHECK_U64(pci_read32(RIG_IOAPIC, 0x08) >> 16, 0x0c05);
    CHECK_U64(pci_capability(RIG_IOMMU, 0x0f), 0x40);
    /* Type 3, revision 1, IotlbSup, no NpCache or later features; the last capability. */
    CHECK_U64(pci_read32(RIG_IOMMU, 0x40), 0x010b000f);
    CHECK_U64(pci_read32(RIG_IOMMU, 0x44), RIG_WINDOW | 1);
    CHECK_U64(pci_read32(RIG_IOMMU, 0x48), 0);
    CHECK(pci_capability(RIG_IOMMU, 0x05) != 0);
    rig_stop();
}

static void capability_is_locked(void)
{
    rig_start_raw(NULL);
    pci_write32(RIG_IOMMU, 0x48, 0x12);
    pci_write32(RIG_IOMMU, 0x44, 0xfe000000);
    pci_write8(RIG_IOMMU, 0x44, 0);
    pci_write16(RIG_IOMMU, 0x46, 0);
    CHECK_U64(pci_read32(RIG_IOMMU, 0x44), RIG_WINDOW | 1);
    CHECK_U64(pci_read32(RIG_IOMMU, 0x48), 0);
    machine_write64(RIG_WINDOW, 0x300001);
    CHECK_U64(machine_read64(RIG_WINDOW), 0x300001);
    rig_stop();
}

static void window_has_registers(void)
{
    rig_start_raw(NULL);
    CHECK_U64(machine_read64(RIG_WINDOW + 0x18), 0x400); /* Coherent, and nothing enabled */
    machine_write32(RIG_WINDOW, 0x00300001);
    machine_write32(RIG_WINDOW + 4, 0x00000002);
    CHECK_U64(machine_read64(RIG_WINDOW), UINT64_C(0x0000000200300001));
    CHECK_U64(machine_read32(RIG_WINDOW + 4), 2);
    CHECK_U64(machine_read64(RIG_WINDOW + 0x3ff8), 0);
    machine_write64(RIG_WINDOW + 0x30, UINT64_MAX);
    CHECK_U64(machine_read64(RIG_WINDOW + 0x30), 0); /* no extended features in 1.20 */
    rig_stop();
}

static void reset_starts_over(void)
{
    rig_start();
    CHECK_U64(machine_read32(RIG_WINDOW + 0x18), 0x1005);
    machine_reset();
    CHECK_U64(machine_read64(RIG_WINDOW + 0x18), 0x400); /* Coherent, and nothing enabled */
    CHECK_U64(machine_read64(RIG_WINDOW), 0);
    CHECK_U64(pci_read32(RIG_IOMMU, 0x44), RIG_WINDOW | 1);
    /* The IOMMU is off: DMA passes. */
    pci_enable(RIG_TESTDEV, 0, RIG_TESTDEV_REGISTERS);
    machine_fill(RIG_MEMORY, 0x31, PAGE);
    CHECK_U64(testdev_run(TESTDEV_READ, RIG_MEMORY, PAGE, 0), 0);
    CHECK(testdev_buffer_is(0, PAGE, 0x31));
    rig_stop();
}

/* Give the second test device, behind the root port, bus number @bus. */
static void renumber(uint8_t bus)
{
    pci_write32(RIG_PORT, 0x18, (uint32_t)bus << 16 | (uint32_t)bus << 8);
    pci_write32(RIG_PORT, 0x20, 0xc1f0c100); /* memory behind it: C1000000h to C1FFFFFFh */
    pci_write16(RIG_PORT, 0x04, 0x0006);
    pci_enable((uint16_t)(bus << 8), 0, RIG_BEHIND_REGISTERS);
}

static void behind_reads(void)
{
    machine_write64(RIG_BEHIND_REGISTERS + TESTDEV_REG_IOVA, IOVA);
    machine_write64(RIG_BEHIND_REGISTERS + TESTDEV_REG_LENGTH, 8);
    machine_write64(RIG_BEHIND_REGISTERS + TESTDEV_REG_COMMAND, TESTDEV_READ);
}

static void requester_follows_bus_number(void)
{
    rig_start();
    for (unsigned bus = 1; bus <= 5; bus += 2) {
        machine_write64(0x200000 + 32 * 256 * (uint64_t)bus, 0x3);
        machine_write64(0x200000 + 32 * 256 * (uint64_t)bus + 8, RIG_DOMAIN);
        renumber((uint8_t)bus);
        behind_reads();
        /* Mode 0 with IR=0 is a refusal, not a missing page. */
        RIG_EVENTS(
            rig_page_fault((uint16_t)(bus << 8), RIG_FAULT_PRESENT | RIG_FAULT_DENIED, IOVA));
    }
    rig_stop();
}

/* Have edu send MSI number 0 with these; it is a pulse, and stays requested until acknowledged. */
static void edu_send(uint32_t address, uint16_t data)
{
    unsigned msi = pci_capability(RIG_EDU, 0x05);

    pci_write32(RIG_EDU, msi + 4, address);
    pci_write32(RIG_EDU, msi + 8, 0);
    pci_write16(RIG_EDU, msi + 12, data);
    pci_write16(RIG_EDU, msi + 2, 0x0001);
    machine_write32(RIG_EDU_REGISTERS + 0x60, 1);
    machine_write32(RIG_EDU_REGISTERS + 0x64, 1);
}

/* An interrupt remapping entry: fixed, physical, to APIC 0. */
static uint32_t remap_to(unsigned vector)
{
    return 1 | vector << 16;
}

static void msi_is_remapped(void)
{
    rig_start();
    edu_send(0xfee00000, 0x41); /* IV=0: as it is */
    CHECK(machine_has_interrupt(0x41));

    rig_attach_interrupts(RIG_EDU);
    rig_remap(0x42, remap_to(0x81));
    rig_invalidate_interrupts(RIG_EDU);
    edu_send(0xfee00000, 0x42);
    CHECK(machine_has_interrupt(0x81));
    CHECK(!machine_has_interrupt(0x42));
    RIG_NO_EVENTS();

    edu_send(0xfee00000, 0x43); /* not present */
    CHECK(!machine_has_interrupt(0x43));
    RIG_EVENTS(rig_page_fault(RIG_EDU, RIG_FAULT_INTERRUPT, 0xfee00000));

    rig_remap(0x42, remap_to(0x91));
    rig_invalidate_interrupts(RIG_EDU);
    rig_wait_begin();
    CHECK(rig_wait_is_done());
    edu_send(0xfee00000, 0x42);
    CHECK(machine_has_interrupt(0x91));
    rig_stop();
}

/* A device may forge any message; it is its own table that counts. */
static void written_message_is_remapped(void)
{
    rig_start();
    rig_attach(RIG_TESTDEV);
    rig_attach_interrupts(RIG_TESTDEV);
    rig_remap(0x20, remap_to(0xa1));
    rig_invalidate_interrupts(RIG_TESTDEV);
    CHECK_U64(testdev_run(TESTDEV_STORE, 0xfee00000, 4, 0x20), 0);
    CHECK(machine_has_interrupt(0xa1));
    CHECK(testdev_run(TESTDEV_STORE, 0xfee00000, 4, 0x21) != 0);
    CHECK(!machine_has_interrupt(0x21));
    RIG_EVENTS(rig_page_fault(RIG_TESTDEV, RIG_FAULT_INTERRUPT, 0xfee00000));
    rig_stop();
}

/* Unmask the pins that INTx lines of PCI devices end in; edges, since nobody ends an interrupt. */
static void ioapic_route(uint32_t low)
{
    for (unsigned pin = 16; pin < 24; pin++) {
        machine_write32(0xfec00000, 0x11 + 2 * pin);
        machine_write32(0xfec00010, 0);
        machine_write32(0xfec00000, 0x10 + 2 * pin);
        machine_write32(0xfec00010, low);
    }
}

static void edu_pulse_line(void)
{
    machine_write32(RIG_EDU_REGISTERS + 0x60, 1);
    machine_write32(RIG_EDU_REGISTERS + 0x64, 1);
}

static void ioapic_is_a_requester(void)
{
    rig_start();
    machine_write64(0x200000 + 32 * RIG_IOAPIC, 0x3);
    machine_write64(0x200000 + 32 * RIG_IOAPIC + 8, RIG_DOMAIN);
    ioapic_route(0x51);
    edu_pulse_line();
    CHECK(machine_has_interrupt(0x51));

    rig_attach_interrupts(RIG_IOAPIC);
    rig_remap(0x52, remap_to(0xb1));
    rig_invalidate_interrupts(RIG_IOAPIC);
    ioapic_route(0x53); /* not present */
    edu_pulse_line();
    CHECK(!machine_has_interrupt(0x53));
    RIG_EVENTS(rig_page_fault(RIG_IOAPIC, RIG_FAULT_INTERRUPT, 0xfee00000));
    ioapic_route(0x52);
    edu_pulse_line();
    CHECK(machine_has_interrupt(0xb1));
    RIG_NO_EVENTS();
    rig_stop();
}

static void own_interrupt_is_sent(void)
{
    rig_start();
    rig_attach(RIG_TESTDEV);
    unsigned msi = pci_capability(RIG_IOMMU, 0x05);

    pci_write32(RIG_IOMMU, msi + 4, 0xfee00000);
    pci_write32(RIG_IOMMU, msi + 8, 0);
    pci_write16(RIG_IOMMU, msi + 12, 0x61);
    pci_write16(RIG_IOMMU, msi + 2, 0x0001);
    machine_write64(RIG_WINDOW + 0x18, 0x100d); /* EventIntEn too */
    CHECK(!machine_has_interrupt(0x61));
    CHECK(testdev_run(TESTDEV_READ, IOVA, 8, 0) != 0);
    machine_clock_step(1000000);
    CHECK(machine_has_interrupt(0x61));
    CHECK_U64(machine_read32(RIG_WINDOW + 0x2020) & 2, 2);
    rig_stop();
}

/* The device writes the command tail itself, with a command that waits for this very write. */
static void device_writes_to_the_window(void)
{
    rig_start();
    rig_attach(RIG_TESTDEV);
    rig_map(IOVA, RIG_WINDOW, RIG_READ | RIG_WRITE);
    rig_map(IOVA + PAGE, RIG_WINDOW + 0x2000, RIG_READ | RIG_WRITE);
    CHECK_U64(testdev_run(TESTDEV_LOAD, IOVA + 0x18, 8, 0), 0);
    CHECK_U64(testdev_read(TESTDEV_REG_VALUE), 0x1005);

    uint32_t tail = machine_read32(RIG_WINDOW + 0x2008);
    machine_write64(0x500000 + tail, UINT64_C(3) << 60 | (uint64_t)RIG_DOMAIN << 32);
    machine_write64(0x500000 + tail + 8, UINT64_C(0x7ffffffffffff003));
    machine_write64(0x500000 + tail + 16, UINT64_C(1) << 60 | 0x504008 | 1);
    machine_write64(0x500000 + tail + 24, 0x1234);
    CHECK_U64(testdev_run(TESTDEV_STORE, IOVA + PAGE + 8, 4, tail + 32), 0);
    CHECK(machine_wait64(0x504008, 0x1234));
    CHECK_U64(machine_read32(RIG_WINDOW + 0x2000), tail + 32);
    RIG_NO_EVENTS();
    rig_stop();
}

/* The IOMMU's own tables in the window: no RAM there, and nothing recurses. */
static void window_is_no_memory_for_tables(void)
{
    rig_start();
    machine_write64(0x200000 + 32 * RIG_TESTDEV, RIG_WINDOW | 0x3 | 3u << 9 | UINT64_C(3) << 61);
    rig_invalidate_device(RIG_TESTDEV);
    CHECK(testdev_run(TESTDEV_READ, IOVA, 8, 0) != 0);
    /* PAGE_TAB_HARDWARE_ERROR, master abort. */
    RIG_EVENTS({UINT64_C(4) << 60 | UINT64_C(1) << 57 | (uint64_t)RIG_DOMAIN << 32 | RIG_TESTDEV,
                RIG_WINDOW + 8});
    rig_stop();
}

static void command_line_is_checked(void)
{
    static const struct {
        const char *const args[12];
        const char *text;
    } table[] = {
        {{"-machine", "q35", "-device", "amdvi", "-device", "amdvi", NULL}, "only one"},
        {{"-machine", "q35", "-device", "intel-iommu", "-device", "amdvi", NULL}, "intel-iommu"},
        {{"-machine", "q35", "-device", "amdvi", "-device", "amd-iommu", NULL}, "multiple vIOMMUs"},
        {{"-machine", "none", "-device", "amdvi", NULL}, "amdvi"},
        {{"-machine", "q35", "-device", "pcie-root-port,id=p", "-device", "amdvi,bus=p", NULL},
         "pcie.0"},
        {{"-machine", "q35", "-device", "edu,addr=14", "-device", "amdvi", NULL}, "amdvi-smbus"},
        {{"-machine", "q35", "-device", "amdvi,tlb-entries=99999999", NULL}, "tlb-entries"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char *text = machine_refuses(table[i].args);

        if (!CHECK(strstr(text, table[i].text) != NULL)) {
            printf("# no \"%s\" in: %s\n", table[i].text, text);
        }
        free(text);
    }
}

static void statistics_count(void)
{
    rig_start();
    rig_attach(RIG_TESTDEV);
    rig_map(IOVA, RIG_MEMORY, RIG_READ);
    CHECK_U64(testdev_run(TESTDEV_READ, IOVA, 8, 0), 0);
    CHECK_U64(testdev_run(TESTDEV_READ, IOVA, 8, 0), 0);
    CHECK(testdev_run(TESTDEV_WRITE, IOVA, 8, 0) != 0);
    char *reply = machine_qmp("{\"execute\": \"qom-get\", \"arguments\": "
                              "{\"path\": \"/machine/peripheral/iommu0\", \"property\": "
                              "\"stats\"}}");
    const char *device = strstr(reply, "00:05.0");

    if (CHECK(device != NULL)) {
        const char *before = device;

        while (before > reply && *before != '{') {
            before--;
        }
        const char *end = strchr(before, '}');
        const char *count = strstr(before, "translations\\\": 3");
        const char *faults = strstr(before, "faults\\\": 1");

        CHECK(count != NULL && count < end);
        CHECK(faults != NULL && faults < end);
    }
    CHECK(strstr(reply, "\\\"events\\\": 1") != NULL);
    free(reply);
    rig_stop();
}

static const struct check_case cases[] = {
    {"the IOMMU is a function of class 0806h with its capability at 40h", "1.20 capability block",
     function_and_capability},
    {"the capability block is locked as firmware leaves it", "1.20 capability block",
     capability_is_locked},
    {"the register window is where the capability says", "1.20 MMIO registers",
     window_has_registers},
    {"a reset turns the IOMMU off and sets the window up again", NULL, reset_starts_over},
    {"the requester id follows the bus number", NULL, requester_follows_bus_number},
    {"a device's MSI is passed, remapped or dropped as its tables say", "1.20 interrupt remapping",
     msi_is_remapped},
    {"a message that a device writes by itself is remapped too", "1.20 interrupt remapping",
     written_message_is_remapped},
    {"the IOAPIC's messages come from 00:14.0", "1.20 interrupt remapping", ioapic_is_a_requester},
    {"the IOMMU's own interrupt is sent when an event is logged", "1.20 event log",
     own_interrupt_is_sent},
    {"a device that writes to the IOMMU's registers blocks nothing", NULL,
     device_writes_to_the_window},
    {"page tables in the register window are a master abort", "1.20 PAGE_TAB_HARDWARE_ERROR",
     window_is_no_memory_for_tables},
    {"a command line that cannot work is refused with a reason", NULL, command_line_is_checked},
    {"the statistics count what a device did", NULL, statistics_count},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
