/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words for statuses and findings, and how bad each finding is for whom.
 */
#include "amdvi/ivrs.h"

#include "survey.h"

static const char *const status_texts[AMDVI_IVRS_STATUS_COUNT] = {
    [AMDVI_IVRS_OK] = "ok",
    [AMDVI_IVRS_END] = "there is no more",

    [AMDVI_IVRS_ERR_ARGUMENT] = "a pointer that is needed is NULL",
    [AMDVI_IVRS_ERR_TABLE_TOO_SHORT] = "there are fewer bytes than a table's header has",
    [AMDVI_IVRS_ERR_SIGNATURE] = "the signature is not IVRS",
    [AMDVI_IVRS_ERR_TABLE_LENGTH] =
        "the table's length is less than its header, more than its bytes, or beyond all reason",
    [AMDVI_IVRS_ERR_REVISION] = "the table's revision is neither 1 nor 2",
    [AMDVI_IVRS_ERR_CHECKSUM] = "the table's bytes do not sum up to 0",
    [AMDVI_IVRS_ERR_BLOCK_LENGTH] = "a block's length is less than its type needs",
    [AMDVI_IVRS_ERR_BLOCK_BEYOND_TABLE] = "a block does not end within the table",
    [AMDVI_IVRS_ERR_ENTRY_TYPE] = "a device entry has a type whose length nothing tells",
    [AMDVI_IVRS_ERR_ENTRY_BEYOND_BLOCK] = "a device entry does not end within its block",
    [AMDVI_IVRS_ERR_RANGE_NOT_CLOSED] =
        "the start of a range of devices is not followed by its end",
    [AMDVI_IVRS_ERR_RANGE_NOT_OPENED] = "the end of a range of devices has no start",
    [AMDVI_IVRS_ERR_RANGE_ORDER] = "a range of devices ends before it starts",
    [AMDVI_IVRS_ERR_NO_UNIT] = "the device is behind no IOMMU",

    [AMDVI_IVRS_ERR_BUFFER_TOO_SMALL] = "the buffer is too small for the table",
    [AMDVI_IVRS_ERR_OEM_STRING] =
        "an OEM or creator id is missing, too long, or not printable ASCII",
    [AMDVI_IVRS_ERR_ADDRESS_BITS] = "va_bits is not 32, 40, 48 or 64, or pa_bits not 40, 48 or 52",
    [AMDVI_IVRS_ERR_UNIT_COUNT] =
        "there is no IOMMU, there are more than Linux takes, or a list is missing",
    [AMDVI_IVRS_ERR_UNIT_DEVICE_ID] = "an IOMMU has the device id 0, which Xen rejects",
    [AMDVI_IVRS_ERR_UNIT_BEYOND_LAST] =
        "an IOMMU's own device id is above all that the table names; Linux writes out of bounds",
    [AMDVI_IVRS_ERR_UNIT_TWICE] = "two IOMMUs have the same device id",
    [AMDVI_IVRS_ERR_UNIT_FIELD] = "an IOMMU's flags, MSI number or UnitID do not fit their field",
    [AMDVI_IVRS_ERR_CAPABILITY_OFFSET] =
        "a capability offset is not a multiple of 4 from 40h to ECh",
    [AMDVI_IVRS_ERR_WINDOW] = "a register window is at 0, not 16 KiB aligned, or beyond pa_bits",
    [AMDVI_IVRS_ERR_WINDOW_OVERLAP] = "the register windows of two IOMMUs overlap",
    [AMDVI_IVRS_ERR_NO_DEVICES] = "an IOMMU has no devices",
    [AMDVI_IVRS_ERR_DEVICE_KIND] = "a device entry is of a kind that Xen or revision 1.20 lacks",
    [AMDVI_IVRS_ERR_DEVICE_RANGE] = "a range's last device is not above its first",
    [AMDVI_IVRS_ERR_DTE_SETTING] = "a device entry's setting has the reserved bit",
    [AMDVI_IVRS_ERR_DEVICE_OVERLAP] =
        "device entries overlap in a way that Linux and Xen read differently",
    [AMDVI_IVRS_ERR_DEVICE_SHARED] = "a device is behind two IOMMUs",
    [AMDVI_IVRS_ERR_DEVICE_NOT_COVERED] =
        "an alias's source, IOAPIC or HPET is not among the devices that its IOMMU's entries name",
    [AMDVI_IVRS_ERR_HANDLE_TWICE] = "two IOAPICs, or two HPETs, have the same number",
    [AMDVI_IVRS_ERR_NO_SOUTHBRIDGE_IOAPIC] = "no IOAPIC has the requester 0000:00:14.0",
    [AMDVI_IVRS_ERR_BLOCK_TOO_LONG] = "an IOMMU has more device entries than a block can hold",
    [AMDVI_IVRS_ERR_TABLE_TOO_LONG] = "the table would be too long",
    [AMDVI_IVRS_ERR_MEMORY_KIND] = "reserved memory is of no known kind",
    [AMDVI_IVRS_ERR_MEMORY_ACCESS] =
        "reserved memory is not exactly one of unity map with an access, and exclusion range",
    [AMDVI_IVRS_ERR_MEMORY_ALIGNMENT] = "reserved memory is empty or not made of whole pages",
    [AMDVI_IVRS_ERR_MEMORY_ADDRESS] = "reserved memory lies beyond va_bits or pa_bits",
    [AMDVI_IVRS_ERR_MEMORY_DEVICE] =
        "reserved memory is for a device behind no IOMMU, or its range is not ascending",
    [AMDVI_IVRS_ERR_MEMORY_NAMES_UNIT] =
        "reserved memory names an IOMMU first, which misleads Linux about the IVHD type",
    [AMDVI_IVRS_ERR_MEMORY_CONFLICT] = "reserved memory overlaps with different access",
    [AMDVI_IVRS_ERR_EXCLUSIONS] = "there are two different exclusion ranges",
};

#define NOTE    AMDVI_IVRS_SEVERITY_NOTE
#define WARNING AMDVI_IVRS_SEVERITY_WARNING
#define ERROR   AMDVI_IVRS_SEVERITY_ERROR
#define SPEC    AMDVI_IVRS_READER_SPEC
#define LINUX   AMDVI_IVRS_READER_LINUX
#define XEN     AMDVI_IVRS_READER_XEN

struct finding_row {
    const char *name; /* the enumerator's, in kebab case */
    enum amdvi_ivrs_severity severity;
    uint32_t readers;
    const char *text;
};

static const struct finding_row finding_rows[AMDVI_IVRS_FINDING_COUNT] = {
    [AMDVI_IVRS_FINDING_MALFORMED] = {"malformed", ERROR, SPEC | LINUX | XEN,
                                      "the table cannot be read here"},
    [AMDVI_IVRS_FINDING_RESERVED_BITS] = {"reserved-bits", NOTE, SPEC, "a reserved bit is set"},
    [AMDVI_IVRS_FINDING_DMA_PROTECTION] =
        {"dma-protection", NOTE, SPEC | LINUX,
         "the table says that DMA is blocked until the IOMMU is enabled"},
    [AMDVI_IVRS_FINDING_NO_UNIT] = {"no-unit", ERROR, SPEC | LINUX | XEN,
                                    "the table names no IOMMU"},
    [AMDVI_IVRS_FINDING_FIRST_BLOCK] =
        {"first-block", ERROR, LINUX,
         "the first block is no IVHD; Linux takes its type for that of the IVHDs"},
    [AMDVI_IVRS_FINDING_NO_TYPE_FOR_XEN] =
        {"no-type-for-xen", ERROR, XEN,
         "there is no IVHD of type 10h, nor of 11h with EFRSup; Xen knows no other"},
    [AMDVI_IVRS_FINDING_TYPE_TRAP] =
        {"type-trap", ERROR, LINUX,
         "this block has the first IOMMU's device id at its offset 4; Linux takes "
         "its type for that of the IVHDs and finds no IOMMU"},
    [AMDVI_IVRS_FINDING_TYPE_ORDER] =
        {"type-order", WARNING, LINUX,
         "Linux uses this type, of the IOMMU's last IVHD, and not the highest"},
    [AMDVI_IVRS_FINDING_TYPE_40_IN_REVISION_1] =
        {"type-40-in-revision-1", NOTE, SPEC, "an IVHD of type 40h wants a table of revision 2"},
    [AMDVI_IVRS_FINDING_BLOCK_UNKNOWN] = {"block-unknown", NOTE, SPEC,
                                          "the block is of an unknown type"},
    [AMDVI_IVRS_FINDING_TOO_MANY_BLOCKS] =
        {"too-many-blocks", WARNING, SPEC,
         "there are too many blocks to compare them with each other"},

    [AMDVI_IVRS_FINDING_BLOCK_SHORT] =
        {"block-short", ERROR, XEN,
         "the IVHD is shorter than the 40 bytes that Xen wants of every type"},
    [AMDVI_IVRS_FINDING_UNIT_ZERO_FIELD] =
        {"unit-zero-field", ERROR, XEN,
         "the IOMMU's device id, capability offset or window is 0; Xen rejects it"},
    [AMDVI_IVRS_FINDING_UNIT_HIDDEN] =
        {"unit-hidden", ERROR, LINUX | XEN,
         "the IOMMU has no IVHD of the one type that is used for all"},
    [AMDVI_IVRS_FINDING_UNIT_TWICE] = {"unit-twice", ERROR, SPEC | LINUX | XEN,
                                       "the IOMMU has an IVHD of this type already"},
    [AMDVI_IVRS_FINDING_UNIT_BEYOND_LAST] =
        {"unit-beyond-last", ERROR, LINUX,
         "the IOMMU's device id is above all that entries name; Linux writes out of "
         "bounds"},
    [AMDVI_IVRS_FINDING_UNIT_COVERS_ITSELF] =
        {"unit-covers-itself", NOTE, SPEC,
         "the entry names the IOMMU itself, which is never behind itself"},
    [AMDVI_IVRS_FINDING_WINDOW_ALIGNMENT] = {"window-alignment", WARNING, SPEC,
                                             "the register window is not 16 KiB aligned"},
    [AMDVI_IVRS_FINDING_WINDOW_OVERLAP] = {"window-overlap", ERROR, SPEC | LINUX,
                                           "the register window overlaps that of another IOMMU"},
    [AMDVI_IVRS_FINDING_EFR_IGNORED] =
        {"efr-ignored", NOTE, LINUX,
         "Linux ignores the feature image without EFRSup in IVinfo and GASup in it"},

    [AMDVI_IVRS_FINDING_NO_DEVICES] = {"no-devices", ERROR, SPEC | LINUX,
                                       "the IVHD names no PCI devices"},
    [AMDVI_IVRS_FINDING_ENTRY_ALL] =
        {"entry-all", ERROR, XEN,
         "Xen does not know entries for all devices and gives the IOMMU up"},
    [AMDVI_IVRS_FINDING_LAST_DEVICE_FFFF] =
        {"last-device-ffff", WARNING, LINUX,
         "the entry reaches to FFFFh; without INVALIDATE_IOMMU_ALL Linux sends "
         "196608 commands to invalidate all"},
    [AMDVI_IVRS_FINDING_ENTRY_HID_MISPLACED] =
        {"entry-hid-misplaced", ERROR, SPEC | LINUX | XEN,
         "entries of type F0h belong into IVHDs of type 40h only"},
    [AMDVI_IVRS_FINDING_ENTRY_UID] = {"entry-uid", WARNING, SPEC | LINUX,
                                      "the UID's format and length do not fit"},
    [AMDVI_IVRS_FINDING_ENTRY_UNKNOWN] =
        {"entry-unknown", ERROR, XEN, "the entry is of an unknown type; Xen gives the IOMMU up"},
    [AMDVI_IVRS_FINDING_ENTRY_ENDLESS] =
        {"entry-endless", ERROR, LINUX | XEN,
         "the entry is of an unknown type from 80h on; Linux loops forever and "
         "Xen gives the IOMMU up"},
    [AMDVI_IVRS_FINDING_RANGE_OF_ONE] =
        {"range-of-one", ERROR, XEN,
         "the range holds one device; Xen wants the last to be above the first"},
    [AMDVI_IVRS_FINDING_RANGE_PADDED] =
        {"range-padded", ERROR, XEN,
         "there is padding within the range; Xen wants its end right after its start"},
    [AMDVI_IVRS_FINDING_ALIAS_BEYOND_LAST] =
        {"alias-beyond-last", ERROR, LINUX | XEN,
         "the alias's source is above all devices that entries name"},
    [AMDVI_IVRS_FINDING_SPECIAL_BEYOND_LAST] =
        {"special-beyond-last", ERROR, LINUX,
         "the device id is above all that plain entries name; Linux writes out of "
         "bounds"},
    [AMDVI_IVRS_FINDING_SPECIAL_VARIETY] =
        {"special-variety", ERROR, LINUX | XEN,
         "the special device is neither IOAPIC nor HPET; Linux and Xen give the IOMMU up"},
    [AMDVI_IVRS_FINDING_HANDLE_TWICE] = {"handle-twice", ERROR, SPEC | XEN,
                                         "the IOAPIC has two different requesters"},
    [AMDVI_IVRS_FINDING_NO_SOUTHBRIDGE_IOAPIC] =
        {"no-southbridge-ioapic", ERROR, LINUX | XEN,
         "no IOAPIC has the requester 0000:00:14.0, without which interrupts are not remapped"},
    [AMDVI_IVRS_FINDING_DEVICE_SHARED] = {"device-shared", ERROR, SPEC,
                                          "the entry names a device of another IOMMU"},

    [AMDVI_IVRS_FINDING_MEMORY_LENGTH] = {"memory-length", WARNING, SPEC,
                                          "the IVMD is not 32 bytes long"},
    [AMDVI_IVRS_FINDING_MEMORY_ALIGNMENT] =
        {"memory-alignment", WARNING, SPEC,
         "the memory is empty, wraps around, or is not made of whole pages"},
    [AMDVI_IVRS_FINDING_MEMORY_FLAGS] =
        {"memory-flags", ERROR, XEN,
         "the memory is neither unity map nor exclusion range; Xen gives the IOMMU up"},
    [AMDVI_IVRS_FINDING_MEMORY_DEVICES] = {"memory-devices", ERROR, XEN,
                                           "the range's last device is not above its first"},
    [AMDVI_IVRS_FINDING_MEMORY_CONFLICT] =
        {"memory-conflict", ERROR, XEN, "the memory overlaps an earlier one with different access"},
    [AMDVI_IVRS_FINDING_MEMORY_BEYOND_LAST] =
        {"memory-beyond-last", ERROR, XEN,
         "the memory is for a device above all that entries name"},
};

const char *amdvi_ivrs_status_text(enum amdvi_ivrs_status status)
{
    uint32_t index = (uint32_t)status;

    return index < AMDVI_IVRS_STATUS_COUNT ? status_texts[index] : "no such status";
}

const char *amdvi_ivrs_finding_name(enum amdvi_ivrs_finding_kind kind)
{
    uint32_t index = (uint32_t)kind;

    return index < AMDVI_IVRS_FINDING_COUNT ? finding_rows[index].name : "no-such-finding";
}

static void send(struct amdvi_ivrs_survey *survey, const struct amdvi_ivrs_finding *finding)
{
    if (finding->severity == AMDVI_IVRS_SEVERITY_ERROR) {
        survey->errors++;
    }
    survey->checker->report(survey->checker->context, finding);
}

void amdvi_ivrs_survey_report(struct amdvi_ivrs_survey *survey, enum amdvi_ivrs_finding_kind kind,
                              uint32_t readers, uint32_t offset)
{
    const struct finding_row *row = &finding_rows[kind];
    struct amdvi_ivrs_finding finding = {
        .kind = kind,
        .severity = row->severity,
        .readers = row->readers & readers,
        .offset = offset,
        .text = row->text,
    };

    if (finding.readers != 0) {
        send(survey, &finding);
    }
}

void amdvi_ivrs_survey_report_malformed(struct amdvi_ivrs_survey *survey, uint32_t readers,
                                        enum amdvi_ivrs_status status, uint32_t offset)
{
    const struct finding_row *row = &finding_rows[AMDVI_IVRS_FINDING_MALFORMED];
    struct amdvi_ivrs_finding finding = {
        .kind = AMDVI_IVRS_FINDING_MALFORMED,
        .severity = row->severity,
        .readers = row->readers & readers,
        .offset = offset,
        .status = status,
        .text = amdvi_ivrs_status_text(status),
    };

    survey->is_torn = true;
    send(survey, &finding);
}
