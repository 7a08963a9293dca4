/* SPDX-License-Identifier: BSD-2-Clause */
/* What follows from a finding: for Linux 6.1 to 7.x, and for Xen 4.17 to 4.20. */
#include "ivrs.h"

struct consequence {
    const char *linux_does;
    const char *xen_does;
};

#define NO_IOMMU_LINUX "runs without the IOMMU"
#define NO_IOMMU_XEN   "gives the IOMMU up: I/O virtualisation disabled"
#define OUT_OF_BOUNDS  "indexes its tables out of bounds: memory is corrupted, or it crashes"
#define NO_INTREMAP                                                                                \
    "\"Disabling interrupt remapping\", and leaves interrupts unremapped; "                        \
    "ivrs_ioapic= on the command line helps"

static const struct consequence consequences[AMDVI_IVRS_FINDING_COUNT] = {
    [AMDVI_IVRS_FINDING_DMA_PROTECTION] =
        {"reports pre-boot DMA protection to user space; true only if the firmware does it", ""},
    [AMDVI_IVRS_FINDING_NO_UNIT] = {NO_IOMMU_LINUX, NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_FIRST_BLOCK] =
        {"takes a wrong IVHD type, finds no IOMMU and " NO_IOMMU_LINUX, ""},
    [AMDVI_IVRS_FINDING_NO_TYPE_FOR_XEN] =
        {"", "says \"Cannot find supported IVHD type.\" and " NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_TYPE_TRAP] = {"takes a wrong IVHD type, finds no IOMMU and " NO_IOMMU_LINUX,
                                      ""},
    [AMDVI_IVRS_FINDING_TYPE_ORDER] =
        {"uses an older description than it could: features or ACPI devices are missing", ""},
    [AMDVI_IVRS_FINDING_BLOCK_SHORT] = {"", "says \"invalid IVHD block length\" and " NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_UNIT_ZERO_FIELD] = {"", NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_UNIT_HIDDEN] =
        {"does not know this IOMMU: the devices behind it are not protected",
         "does not know this IOMMU: the devices behind it are not protected"},
    [AMDVI_IVRS_FINDING_UNIT_TWICE] = {"says \"Can not reserve memory region\" and " NO_IOMMU_LINUX
                                       ", unless the two name different registers",
                                       "sets one IOMMU up twice: the first set of rings is lost"},
    [AMDVI_IVRS_FINDING_UNIT_BEYOND_LAST] = {OUT_OF_BOUNDS, ""},
    [AMDVI_IVRS_FINDING_WINDOW_OVERLAP] =
        {"says \"Can not reserve memory region\" and " NO_IOMMU_LINUX ", any of them", ""},
    [AMDVI_IVRS_FINDING_EFR_IGNORED] =
        {"starts as on an IOMMU without features: it invalidates device by device, which is slow",
         ""},
    [AMDVI_IVRS_FINDING_NO_DEVICES] = {NO_IOMMU_LINUX, ""},
    [AMDVI_IVRS_FINDING_ENTRY_ALL] = {"",
                                      "says \"IVHD: unknown device type 0x1\" and " NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_LAST_DEVICE_FFFF] =
        {"sends 196608 commands whenever it invalidates all: booting may take seconds longer", ""},
    [AMDVI_IVRS_FINDING_ENTRY_HID_MISPLACED] =
        {"says \"Invalid IVHD device type\" and ignores the device",
         "says \"IVHD: unknown device type 0xf0\" and " NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_ENTRY_UID] = {"cannot tell the ACPI device from others of its kind", ""},
    [AMDVI_IVRS_FINDING_ENTRY_UNKNOWN] = {"", NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_ENTRY_ENDLESS] = {"hangs at boot: its parser never moves past the entry",
                                          NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_RANGE_OF_ONE] = {"", NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_RANGE_PADDED] = {"", NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_ALIAS_BEYOND_LAST] = {OUT_OF_BOUNDS, NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_SPECIAL_BEYOND_LAST] = {OUT_OF_BOUNDS, ""},
    [AMDVI_IVRS_FINDING_SPECIAL_VARIETY] =
        {NO_IOMMU_LINUX, "says \"Unrecognized IVHD special variety\" and " NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_HANDLE_TWICE] = {"", NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_NO_SOUTHBRIDGE_IOAPIC] =
        {"says \"No southbridge IOAPIC found\" and " NO_INTREMAP,
         "says \"No southbridge IO-APIC found in IVRS table\" and " NO_IOMMU_XEN
         "; iommu=no-intremap helps"},
    [AMDVI_IVRS_FINDING_DEVICE_SHARED] = {"", ""},
    [AMDVI_IVRS_FINDING_MEMORY_FLAGS] = {"", NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_MEMORY_DEVICES] = {"", NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_MEMORY_CONFLICT] = {"", "says \"IVMD: overlap\" and " NO_IOMMU_XEN},
    [AMDVI_IVRS_FINDING_MEMORY_BEYOND_LAST] = {"", "says \"IVMD: invalid\" and " NO_IOMMU_XEN},
};

/* The table's header, and what cannot be read at all. */
static struct consequence malformed(enum amdvi_ivrs_status status)
{
    if (status == AMDVI_IVRS_ERR_CHECKSUM) {
        return (struct consequence){
            "says \"[Firmware Bug]: IVRS invalid checksum\" and " NO_IOMMU_LINUX,
            "says \"IVRS: invalid checksum\" and " NO_IOMMU_XEN};
    }
    if (status == AMDVI_IVRS_ERR_BLOCK_LENGTH) {
        return (struct consequence){"hangs at boot if the length is 0: its parser never moves past "
                                    "the block",
                                    "says \"invalid IVHD block length\" and " NO_IOMMU_XEN};
    }
    if (status == AMDVI_IVRS_ERR_REVISION) {
        return (struct consequence){"", ""};
    }
    if (status == AMDVI_IVRS_ERR_SIGNATURE || status == AMDVI_IVRS_ERR_TABLE_LENGTH ||
        status == AMDVI_IVRS_ERR_TABLE_TOO_SHORT) {
        return (struct consequence){"finds no table, and " NO_IOMMU_LINUX,
                                    "finds no table: I/O virtualisation disabled"};
    }
    return (struct consequence){"reads something else than what was meant from here on",
                                NO_IOMMU_XEN};
}

static struct consequence consequence_of(const struct amdvi_ivrs_finding *finding)
{
    struct consequence none = {"", ""};

    if (finding->kind == AMDVI_IVRS_FINDING_MALFORMED) {
        return malformed(finding->status);
    }
    if ((unsigned)finding->kind >= AMDVI_IVRS_FINDING_COUNT ||
        consequences[finding->kind].linux_does == NULL) {
        return none;
    }
    return consequences[finding->kind];
}

const char *cli_ivrs_linux_consequence(const struct amdvi_ivrs_finding *finding)
{
    bool is_concerned = (finding->readers & AMDVI_IVRS_READER_LINUX) != 0;

    return is_concerned ? consequence_of(finding).linux_does : "";
}

const char *cli_ivrs_xen_consequence(const struct amdvi_ivrs_finding *finding)
{
    bool is_concerned = (finding->readers & AMDVI_IVRS_READER_XEN) != 0;

    return is_concerned ? consequence_of(finding).xen_does : "";
}
