/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's lines that are no events: start, firmware, rings. The first pattern that fits counts, so
 * special ones come before general ones. From Linux 6.1 to 7.x.
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
     "The IOMMU's depth of page tables is a reserved value (HATS=3); Linux uses guest page tables, "
     "or "
     "translates no DMA.",
     FIRMWARE},
    {"Can not reserve memory region*for mmio", 'p',
     "Something else claims the addresses of an IOMMU's registers; Linux runs without any IOMMU.",
     "update the firmware: its memory map or PCI resources overlap the IOMMU's"},
    {"This is a BIOS bug. Please contact your hardware vendor", 'n',
     "Belongs to the line before it.", ""},
    {"Unsupported IVHD type", 'p',
     "The ACPI table describes the IOMMU only in a form that Linux does not know; it stays off.",
     FIRMWARE},
    {"Invalid HID.", 'n', "An ACPI device in the table has no name; it is left out.", FIRMWARE},
    {"Invalid UID length.", 'n',
     "An ACPI device in the table has an identifier that says it has none.", FIRMWARE},
    {"No ACPI device matched UID", 'n',
     "The ACPI table and the ACPI devices disagree about an identifier; Linux takes the device by "
     "its "
     "name, if there is only one.",
     FIRMWARE},
    {"IVRS table error:", 'p', "The ACPI table IVRS cannot be read; the IOMMU stays off.",
     FIRMWARE},
    {"Host Address Translation is not supported", 'n',
     "The IOMMU has no host page tables (HATDIS); Linux uses guest page tables, or translates no "
     "DMA.",
     ""},
    {"DMA translation not supported by iommu", 'p',
     "The IOMMU has neither host nor usable guest page tables; DMA is not translated.", FIRMWARE},
    {"Disable IOMMU on Stoney Ridge", 'n',
     "The graphics of this processor do not work behind the IOMMU; it stays off.",
     "amd_iommu=force_enable turns it on all the same"},
    {"IOMMU not currently supported when SME is active", 'p',
     "Memory encryption needs newer microcode to go with the IOMMU; the IOMMU stays off.",
     "update microcode and firmware, or boot with mem_encrypt=off"},
    {"System has more IOMMUs than supported", 'p',
     "The ACPI table has more IOMMUs than Linux can hold; it starts none.", FIRMWARE},
    {"Applying erratum 746 workaround", 'n',
     "The firmware did not work around a fault of this processor; Linux does.", ""},
    {"Applying ATS write check workaround", 'n',
     "The firmware did not work around a fault of this processor; Linux does.", ""},
    {"Applying erratum: Increase", 'n',
     "A fault of this processor wants larger logs with SEV-SNP; Linux makes them.", ""},
    {"Translation was enabled for IOMMU", 'n',
     "The firmware or another kernel has left the IOMMU on; Linux switches it off and starts anew.",
     ""},
    {"Translation is already enabled", 'n', "A crash kernel takes the IOMMU over as it is.", ""},
    {"Copied DEV table from previous kernel", 'n',
     "The crash kernel has taken the device table over.", ""},
    {"Reused DEV table from previous kernel", 'n',
     "The crash kernel has taken the device table over.", ""},
    {"DEV table from previous kernel", 'p',
     "The crash kernel could not take the device table over and starts anew: DMA under way is cut "
     "off, "
     "and its devices may fault.",
     "see the line before it for the reason"},
    {"The device table size of IOMMU", 'p',
     "The device table that the crashed kernel left has another size; it is not taken over.",
     "use the same kernel for crashes"},
    {"old device table", 'p', "The device table that the crashed kernel left cannot be taken over.",
     ""},
    {"Wrong old irq remapping flag", 'p',
     "An entry that the crashed kernel left has an interrupt table of another kind; the device "
     "table is "
     "not taken over.",
     "use the same kernel for crashes"},
    {"Re-using *from the previous kernel", 'n',
     "The crash kernel goes on with the rings of the crashed one.", ""},
    {"Command-line override", 'n',
     "The command line says which requester a device has; the ACPI table's word is ignored.", ""},
    {", add hid:", 'n', "Which requester an ACPI device has.", ""},
    {"option format deprecated", 'n', "An option is written in an old way, and is obeyed.",
     "write it as the line says"},
    {"Invalid command line:", 'p', "An option cannot be understood and is ignored.",
     "write it as ivrs_ioapic=ID@SSSS:BB:DD.F, ivrs_hpet= alike, "
     "ivrs_acpihid=HID:UID@SSSS:BB:DD.F"},
    {"map overflow - ignoring ivrs_", 'p',
     "More than four such options are not taken; this one is "
     "ignored.",
     "leave out those that are not needed"},
    {"amd_iommu=fullflush deprecated", 'n', "The option is obeyed: each unmap invalidates at once.",
     "use iommu.strict=1"},
    {"Unknown option -", 'n', "A word of amd_iommu= is not known and is ignored.",
     "look for a typing error"},
    {"Restricting V1 page-sizes", 'n',
     "Large pages are not used, as amd_iommu= asks: DMA is slower.", ""},
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
    {"Failed to initialize - trying to proceed anyway", 'p',
     "The device could not be put behind the IOMMU; it works without one, if DMA passes.",
     "report it with these lines"},
    {"Out of memory allocating dm-regions", 'p',
     "There is no memory for the list of reserved memory.", ""},
    {"Failed to allocate IRTE", 'p',
     "The table of a device's interrupts is full (512 entries, 2048 on newer IOMMUs), or memory is "
     "short.",
     "let the driver use fewer interrupts"},
    {"get_irq_table: no iommu for devid", 'p',
     "An interrupt is to be changed of a device that no IOMMU has; a bug of the kernel.",
     "report it with these lines"},
    {"get_irq_table: no table for devid", 'p',
     "An interrupt is to be changed of a device that has no table; a bug of the kernel.",
     "report it with these lines"},
    {"Failed to get*dev_data for", 'p',
     "A device's entry was to be copied to its alias, and one of the two is not set up; a bug of "
     "the "
     "kernel.",
     "report it with these lines"},
    {"WARNING:*drivers/iommu/amd/", 'p',
     "The driver found something that must not be: a bug of it, or of "
     "the hardware.",
     "report it with the lines around it"},
    {"GA log notifier failed", 'n',
     "An interrupt for a sleeping virtual processor was not told to KVM.", ""},
    {"Unknown PPR request received", 'n',
     "The IOMMU reports a page request of a kind that Linux does not "
     "know.",
     ""},
    {"Invalid PASID :", 'p', "A device asks for a page of an address space that it does not have.",
     "update the driver of the device"},
    {"PPR logged [", 'p', "A device asks for a page in a form that is not allowed; it is told no.",
     "update the driver of the device"},
    {"CMD Buffer head=", 'n', "The ring of commands follows, since a wait has timed out (dump).",
     "`amdvi decode command` explains its entries, from head on"},
    {"AMD-Vi: *device=*domain=", 'n', "The device that the line before it is about.", ""},
    {"RMP lookup failed", 'p', "Memory of the IOMMU's rings is not in SEV-SNP's table of pages.",
     ""},
    {"not assigned in RMP table", 'p',
     "Memory of the IOMMU's rings is not in SEV-SNP's table of pages.", ""},
    {"PSMASH failed for IOMMU PFN", 'p',
     "SEV-SNP could not be turned off for memory of the IOMMU's rings: a crash kernel cannot read "
     "it.",
     ""},
    {"SNP cannot be supported", 'n', "SEV-SNP needs another setting of the IOMMU, and stays off.",
     "for SEV-SNP: the IOMMU on, not iommu=pt, amd_iommu=pgtbl_v1, and on in the firmware's setup"},
    {"Cannot enable v2 page table", 'n',
     "The IOMMU cannot use guest page tables for drivers; host page tables are used.", ""},
    {"Force to disable Virtual APIC due to SNP", 'n',
     "Interrupts cannot be delivered into virtual machines while SEV-SNP is on.", ""},
    {"log restarting", 'n', "More entries than the log holds: some were lost.", ""},
    {"perf/amd_iommu: Error initializing", 'n', "perf cannot use this IOMMU's counters.", SAFE},
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
    {"IOMMU SNP support enabled", 'f', "The IOMMU keeps devices out of SEV-SNP's guests.", ""},
    {"V2 page table enabled", 'f', "Drivers' mappings are in guest page tables.", ""},
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
    static const char *const linux_only[] = {
        "iommu: Default domain type", "iommu: DMA domain TLB",
        "Adding to iommu group",      "IRQ remapping doesn't support X2APIC mode",
        "drivers/iommu/amd/",         "System has more IOMMUs than supported",
        "get_irq_table: no ",         NULL};

    if (holds_any(line->text, common)) {
        return true;
    }
    /* Half of Xen's lines have no mark. */
    return line->is_xen ? find(cli_log_xen_rows, line->text) != NULL
                        : holds_any(line->text, linux_only);
}

const struct cli_log_row *cli_log_row_find(const struct cli_line *line)
{
    return find(line->is_xen ? cli_log_xen_rows : linux_rows, line->text);
}
