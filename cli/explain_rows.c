/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lines that are no events: start, firmware, rings. The first pattern that fits counts, so
 * special ones come before general ones. From Linux 6.1 to 7.x and Xen 4.17 to 4.20.
 */
#include <stdio.h>
#include <string.h>

#include "explain.h"

#define SAFE     "nothing is to be done"
#define FIRMWARE "update the firmware; `amdvi ivrs check` says what else is wrong with its table"

static const struct cli_log_row linux_rows[] = {
    /* Firmware. */
    {"IVRS invalid checksum", 'p', "The ACPI table IVRS is damaged; the IOMMU stays off.",
     FIRMWARE},
    {"IOAPIC[*not in IVRS table", 'p',
     "The ACPI table does not say which requester this IOAPIC has, so interrupts are not remapped.",
     "try ivrs_ioapic=%s@0000:00:14.0 on the kernel's command line, if the IOAPIC is that of the "
     "south bridge; update the firmware"},
    {"No southbridge IOAPIC found", 'p',
     "No IOAPIC in the ACPI table has the requester 00:14.0 (from Linux 7.3 on that must also be a "
     "device of the right class), so interrupts are not remapped.",
     "try ivrs_ioapic=ID@0000:00:14.0 with the ID that `dmesg | grep IOAPIC` shows; update the "
     "firmware"},
    {"Disabling interrupt remapping", 'p',
     "Interrupts are not remapped: devices can send any interrupt to any processor.",
     "see the lines before it for the reason"},
    {"Invalid IVHD device type", 'p', "The ACPI table has an entry that Linux does not know here.",
     FIRMWARE},
    {"EFR mismatch. Use IVHD EFR", 'n',
     "The features in the ACPI table differ from those in the register; Linux takes the table's.",
     FIRMWARE},
    {"Found inconsistent EFR", 'n',
     "The IOMMUs of this machine have different features; what all have is used.", FIRMWARE},
    {"invalid translation level", 'p',
     "The IOMMU says that it has no page tables of its own (HATS=3); DMA is not translated.",
     FIRMWARE},
    {"Can not reserve memory region*for mmio", 'p',
     "Something else claims the addresses of the IOMMU's registers; this IOMMU stays off.",
     "update the firmware: its memory map or PCI resources overlap the IOMMU's"},
    {"This is a BIOS bug. Please contact your hardware vendor", 'n',
     "Belongs to the line before it.", ""},
    {"Translation was enabled for IOMMU", 'n',
     "The firmware or another kernel has left the IOMMU on; Linux switches it off and starts anew.",
     ""},
    {"Translation is already enabled", 'n', "A crash kernel takes the IOMMU over as it is.", ""},
    {"ivrs_ioapic*option enabled", 'n', "The command line says which requester an IOAPIC has.", ""},
    {"ivrs_hpet*option enabled", 'n', "The command line says which requester a HPET has.", ""},
    /* Failures of the driver. */
    {"Failed to initialize IOMMU Hardware (error=-19)", 'p',
     "There is no PCI function where the ACPI table says that the IOMMU is (or it has no MSI).",
     "see with lspci whether firmware or hypervisor hides it; update the firmware"},
    {"Failed to initialize IOMMU Hardware", 'p', "The IOMMU could not be started and stays off.",
     "see the lines before it"},
    {"CMPXCHG16B feature is required", 'p',
     "The processor (or the virtual one) lacks CMPXCHG16B; the IOMMU stays off.",
     "in a virtual machine, choose a processor model with cx16"},
    {"Completion-Wait loop timed out", 'p',
     "The IOMMU did not finish its commands within 100 ms: it stopped, or waits for a device that "
     "does not answer.",
     "look for ILLEGAL_COMMAND_ERROR or IOTLB_INV_TIMEOUT before it; the first such line names "
     "the cause. What was unmapped meanwhile may still be reached by devices"},
    {"Command buffer timeout", 'p', "The IOMMU takes no commands any more.",
     "look for the first event before it"},
    {"event log overflow", 'n', "More events than the log holds: some were lost.",
     "see the events"},
    {"Event log restarting", 'n', "More events than the log holds: some were lost.",
     "see the events"},
    {"No event written to event log", 'p',
     "The IOMMU announced an event and wrote none (erratum 732, or an emulator's fault).", ""},
    {"callbacks suppressed", 'n', "So many more lines of the same kind were left out.", ""},
    {"Device not attached to domain properly", 'p',
     "A device caused a fault without being set up by a driver.",
     "see which device the events before and after name"},
    {"support X2APIC mode", 'n',
     "The IOMMU cannot remap to x2APIC destinations, so x2APIC stays off.", ""},
    {"Unable to read/write to IOMMU perf counter", 'n',
     "The performance counters of the IOMMU do not work; nothing else is affected.", SAFE},
    {"IOMMU performance counters supported", 'f', "The IOMMU can count requests (perf).", ""},
    {"Detected AMD IOMMU", 'f', "perf can use the IOMMU's counters.", ""},
    /* A good start. */
    {"Using global IVHD EFR:", 'f', "The features that all IOMMUs have, as a number.", ""},
    {"Found IOMMU cap", 'f', "The IOMMU's PCI function was found, its capability at this offset.",
     ""},
    {"Found IOMMU at", 'f', "The IOMMU's PCI function was found.", ""},
    {"Extended features", 'f', "What the IOMMU can do beyond revision 1.20.", ""},
    {"Interrupt remapping enabled", 'f', "Devices can only send the interrupts set up for them.",
     ""},
    {"X2APIC enabled", 'f', "Interrupts can go to any x2APIC id.", ""},
    {"irtual APIC enabled", 'f', "Interrupts can be delivered into virtual machines.", ""},
    {"Using strict mode due to virtualization", 'n',
     "The IOMMU is a virtual one that must be told of every mapping (NpCache): DMA is slow.", ""},
    {"Lazy IO/TLB flushing enabled", 'f',
     "Unmapped pages stay reachable for some milliseconds, for speed.", ""},
    {"IO/TLB flush on unmap enabled", 'f', "Unmapped pages are unreachable at once.", ""},
    {"IRT cache is", 'f', "Whether interrupt entries are cached, as amd_iommu=irtcachedis asks.",
     ""},
    {"Force to enable iommu", 'f', "The command line asks for the IOMMU in any case.", ""},
    {"AMD-Vi: AMD IOMMUv2", 'f', "Support for process address spaces of devices.", ""},
    {"AMD IOMMUv2", 'f', "Support for process address spaces of devices; not needed otherwise.",
     ""},
    {"Default domain type: Translated", 'f', "Devices only reach what drivers map for them.", ""},
    {"Default domain type: Passthrough", 'n', "Devices reach all memory (iommu=pt).", ""},
    {"DMA domain TLB invalidation policy: lazy", 'f',
     "Unmapped pages stay reachable for some milliseconds, for speed.", ""},
    {"DMA domain TLB invalidation policy: strict", 'f', "Unmapped pages are unreachable at once.",
     ""},
    {"Adding to iommu group", 'f', "The device is behind an IOMMU, isolated with its group.", ""},
    {"Setting dma mask", 'n', "The device's DMA mask is set by the IOMMU's driver.", ""},
    {"ACPI: IVRS 0x", 'f', "Firmware describes an AMD IOMMU.", ""},
    {"Reserving IVRS table memory", 'f', "The ACPI table is kept.", ""},
    /* amd_iommu_dump. */
    {"Using IVHD type", 'f', "Which of the descriptions in the ACPI table is used (dump).", ""},
    {"DEV_SPECIAL(", 'f', "Which requester an IOAPIC or HPET has (dump).", ""},
    {"DEV_ACPI_HID", 'f', "Which requester an ACPI device has (dump).", ""},
    {"DEV_", 'f', "Devices that the ACPI table names (dump).", ""},
    {"mmio-addr:", 'f', "Where the registers are (dump).", ""},
    {"AMD-Vi: device: *cap:", 'f', "An IOMMU of the ACPI table (dump).", ""},
    {"PCI segment : ", 'f', "A PCI segment and its highest device (dump).", ""},
    {"IVMD_TYPE", 'f', "Memory that devices must always reach (dump).", ""},
    {NULL, 'f', NULL, NULL},
};

static const struct cli_log_row xen_rows[] = {
    {"IVRS: invalid checksum", 'p', "The ACPI table IVRS is damaged; the IOMMU stays off.",
     FIRMWARE},
    {"unknown device type", 'p',
     "The ACPI table has an entry that Xen does not know (0x1, for all devices, is legal); Xen "
     "gives "
     "the IOMMU up.",
     FIRMWARE},
    {"invalid IVHD block length", 'p',
     "A block of the ACPI table is shorter than the 40 bytes that Xen wants.", FIRMWARE},
    {"no information for IO-APIC", 'p',
     "The ACPI table does not say which requester this IO-APIC has; Xen gives the IOMMU up.",
     "try ivrs_ioapic[ID]=0000:00:14.0 or iommu=no-intremap on Xen's command line"},
    {"Invalid IO-APIC", 'p', "The ACPI table names an IO-APIC that the machine does not have.",
     FIRMWARE},
    {"No southbridge IO-APIC found in IVRS table", 'p',
     "No IO-APIC in the ACPI table has the requester 00:14.0; Xen gives the IOMMU up.",
     "try ivrs_ioapic[ID]=0000:00:14.0 or iommu=no-intremap on Xen's command line"},
    {"Cannot find supported IVHD type", 'p',
     "The ACPI table describes the IOMMU only in a form that Xen does not know (40h).", FIRMWARE},
    {"IVMD: overlap", 'p', "Two pieces of reserved memory overlap with different access.",
     FIRMWARE},
    {"is not IOMMU addressable", 'n', "Reserved memory lies beyond what the IOMMU can address.",
     FIRMWARE},
    {"Error initialization", 'p', "Xen could not start the IOMMU.", "see the lines before it"},
    {"I/O virtualisation disabled", 'p',
     "Devices are not isolated, and cannot be given to guests safely.",
     "see the lines before it; is the IOMMU on in the firmware's setup?"},
    {"no CMPXCHG16B support", 'p', "The processor lacks CMPXCHG16B; the IOMMU stays off.", ""},
    {"completion wait taking too long", 'p',
     "The IOMMU does not finish its commands; Xen waits without end.",
     "look for ILLEGAL_COMMAND_ERROR or IOTLB_INV_TIMEOUT before it"},
    {"completion wait took", 'n', "The IOMMU was slow: a device may have answered late.", ""},
    {"no cmd slot available", 'p', "The IOMMU takes no commands any more.",
     "look for the first event before it"},
    {"No entry written to", 'p',
     "The IOMMU announced an event and wrote none (erratum 732, or an emulator's fault).", ""},
    {"enabled by firmware", 'n',
     "The firmware left the IOMMU on; Xen switches it off and starts "
     "anew.",
     ""},
    {"IOMMU Extended Features", 'f', "What the IOMMU can do; a list follows.", ""},
    {"Disabled HAP memory map sharing", 'f', "Guests' page tables are not shared with the IOMMU.",
     ""},
    {"AMD-Vi: IOMMU *nabled", 'f', "The IOMMU is on.", ""},
    {"I/O virtualisation enabled", 'f', "Devices are isolated.", ""},
    {"Dom0 mode:", 'f', "What the devices of domain 0 may reach.", ""},
    {"Interrupt remapping enabled", 'f', "Devices can only send the interrupts set up for them.",
     ""},
    {"- ", 'f', "A feature of the IOMMU.", ""},
    {NULL, 'f', NULL, NULL},
};

static const struct cli_log_row *find(const struct cli_log_row *rows, const char *text)
{
    for (; rows->pattern != NULL; rows++) {
        if (cli_line_matches(text, rows->pattern)) {
            return rows;
        }
    }
    return NULL;
}

static bool holds_any(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strstr(text, *words) != NULL) {
            return true;
        }
    }
    return false;
}

bool cli_log_is_about_iommu(const struct cli_line *line)
{
    static const char *const common[] = {"AMD-Vi",    "IVRS",      "IVHD",          "IVMD",
                                         "AMD IOMMU", "amd_iommu", "IO_PAGE_FAULT", NULL};
    static const char *const linux_only[] = {"iommu: Default domain type", "iommu: DMA domain TLB",
                                             "Adding to iommu group",
                                             "IRQ remapping doesn't support X2APIC mode", NULL};
    static const char *const xen_only[] = {"I/O virtualisation", "Interrupt remapping",
                                           "Dom0 mode:", NULL};

    return holds_any(line->text, common) ||
           holds_any(line->text, line->is_xen ? xen_only : linux_only);
}

const struct cli_log_row *cli_log_row_find(const struct cli_line *line)
{
    return find(line->is_xen ? xen_rows : linux_rows, line->text);
}
