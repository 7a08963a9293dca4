/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of amdvi_ivrs_check() that is about device entries.
 */
#include "amdvi/ivrs.h"

#include "layout.h"
#include "shared.h"
#include "survey.h"

static bool is_uid_fine(const struct amdvi_ivrs_entry *entry)
{
    switch (entry->uid_format) {
    case 0:
        return entry->uid_bytes == 0;
    case 1:
        return entry->uid_bytes == 8;
    case 2:
        return entry->uid_bytes != 0;
    default:
        return false;
    }
}

static void check_range(struct amdvi_ivrs_survey *survey, const struct amdvi_ivrs_entry *entry,
                        uint32_t readers)
{
    uint32_t start_bytes = entry->type == ENTRY_RANGE_START ? ENTRY_SHORT_BYTES : ENTRY_LONG_BYTES;

    if (entry->device.device_id == entry->device.last_device_id) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_RANGE_OF_ONE, readers, entry->offset);
    }
    if (entry->size_bytes != start_bytes + ENTRY_SHORT_BYTES) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_RANGE_PADDED, readers, entry->offset);
    }
}

/* What can be seen in one entry alone. */
static void check_entry(struct amdvi_ivrs_survey *survey, const struct amdvi_ivrs_block *block,
                        const struct amdvi_ivrs_entry *entry)
{
    uint32_t readers = amdvi_ivrs_survey_readers(survey, block);
    uint32_t offset = entry->offset;

    switch (entry->device.kind) {
    case AMDVI_IVRS_DEVICE_RANGE:
    case AMDVI_IVRS_DEVICE_ALIAS_RANGE:
    case AMDVI_IVRS_DEVICE_EXTENDED_RANGE:
        check_range(survey, entry, readers);
        break;
    case AMDVI_IVRS_DEVICE_ALL:
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_ENTRY_ALL, readers, offset);
        break;
    case AMDVI_IVRS_DEVICE_SPECIAL_OTHER:
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_SPECIAL_VARIETY, readers, offset);
        break;
    case AMDVI_IVRS_DEVICE_ACPI_HID:
        if (block->type != TYPE_IVHD_40) {
            amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_ENTRY_HID_MISPLACED, readers,
                                     offset);
        }
        if (!is_uid_fine(entry)) {
            amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_ENTRY_UID, readers,
                                     offset + HID_UID_FORMAT);
        }
        break;
    case AMDVI_IVRS_DEVICE_UNKNOWN:
        survey->is_torn = survey->is_torn || entry->type >= 0x80; /* nobody comes past it */
        amdvi_ivrs_survey_report(survey,
                                 entry->type < 0x80 ? AMDVI_IVRS_FINDING_ENTRY_UNKNOWN
                                                    : AMDVI_IVRS_FINDING_ENTRY_ENDLESS,
                                 readers, offset);
        return;
    case AMDVI_IVRS_DEVICE_SELECT:
    case AMDVI_IVRS_DEVICE_ALIAS_SELECT:
    case AMDVI_IVRS_DEVICE_EXTENDED_SELECT:
    case AMDVI_IVRS_DEVICE_IOAPIC:
    case AMDVI_IVRS_DEVICE_HPET:
        break;
    }
    if ((entry->device.dte_setting & AMDVI_IVRS_DTE_RESERVED) != 0) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_RESERVED_BITS, readers,
                                 offset + ENTRY_DTE);
    }
}

/* Whether Linux counts the entry's device ids when it sizes its tables. */
static bool is_counted(enum amdvi_ivrs_device_kind kind)
{
    return !amdvi_ivrs_is_special(kind) && kind != AMDVI_IVRS_DEVICE_ACPI_HID &&
           kind != AMDVI_IVRS_DEVICE_UNKNOWN;
}

void amdvi_ivrs_survey_entries(struct amdvi_ivrs_survey *survey,
                               const struct amdvi_ivrs_block *block)
{
    struct amdvi_ivrs_entry_cursor cursor = amdvi_ivrs_entries(survey->table, block);
    struct amdvi_ivrs_entry entry;
    enum amdvi_ivrs_status status;
    uint32_t readers = amdvi_ivrs_survey_readers(survey, block);
    bool names_devices = false;
    bool names_acpi_devices = false;

    while ((status = amdvi_ivrs_next_entry(&cursor, &entry)) == AMDVI_IVRS_OK) {
        const struct amdvi_ivrs_device *device = &entry.device;
        check_entry(survey, block, &entry);
        if (!is_counted(device->kind)) {
            names_acpi_devices = names_acpi_devices || device->kind == AMDVI_IVRS_DEVICE_ACPI_HID;
            continue;
        }
        names_devices = true;
        if (device->last_device_id == DEVICE_ID_MAX) {
            amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_LAST_DEVICE_FFFF, readers,
                                     entry.offset);
        }
        if (block->unit.device_id >= device->device_id &&
            block->unit.device_id <= device->last_device_id) {
            amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_UNIT_COVERS_ITSELF, readers,
                                     entry.offset);
        }
    }
    if (status != AMDVI_IVRS_END) {
        amdvi_ivrs_survey_report_malformed(survey, readers, status, cursor.fault_offset);
    } else if (!names_devices) {
        if (names_acpi_devices) {
            readers &= AMDVI_IVRS_READER_LINUX; /* which sizes its tables by the others */
        }
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_NO_DEVICES, readers, block->offset);
    }
}

/*
 * The last device id for which Linux makes room in a segment; -1 when it makes none, since one of
 * its IOMMUs names no PCI device, and gives up.
 */
static int32_t linux_last_device(const struct amdvi_ivrs_survey *survey, uint16_t pci_segment)
{
    struct amdvi_ivrs_block_cursor blocks = amdvi_ivrs_blocks(survey->table);
    struct amdvi_ivrs_block block;
    int32_t last = -1;

    while (amdvi_ivrs_next_block(&blocks, &block) == AMDVI_IVRS_OK) {
        if (block.kind != AMDVI_IVRS_BLOCK_IVHD || block.type != survey->linux_type ||
            block.unit.pci_segment != pci_segment) {
            continue;
        }
        struct amdvi_ivrs_entry_cursor entries = amdvi_ivrs_entries(survey->table, &block);
        struct amdvi_ivrs_entry entry;
        bool names_devices = false;
        while (amdvi_ivrs_next_entry(&entries, &entry) == AMDVI_IVRS_OK) {
            if (!is_counted(entry.device.kind)) {
                continue;
            }
            names_devices = true;
            if (entry.device.last_device_id > last) {
                last = entry.device.last_device_id;
            }
        }
        if (!names_devices) {
            return -1;
        }
    }
    return last;
}

/* The same for Xen, which counts special devices too, and all functions of the last device. */
static int32_t xen_last_device(const struct amdvi_ivrs_survey *survey)
{
    struct amdvi_ivrs_block_cursor blocks = amdvi_ivrs_blocks(survey->table);
    struct amdvi_ivrs_block block;
    int32_t last = 0;

    while (amdvi_ivrs_next_block(&blocks, &block) == AMDVI_IVRS_OK) {
        struct amdvi_ivrs_entry_cursor entries = amdvi_ivrs_entries(survey->table, &block);
        struct amdvi_ivrs_entry entry;
        while (block.type == survey->xen_type &&
               amdvi_ivrs_next_entry(&entries, &entry) == AMDVI_IVRS_OK) {
            const struct amdvi_ivrs_device *device = &entry.device;
            int32_t id =
                amdvi_ivrs_is_special(device->kind) ? device->device_id : device->last_device_id;
            last = id > last ? id : last;
        }
    }
    return last | 7;
}

static void check_beyond_last(struct amdvi_ivrs_survey *survey,
                              const struct amdvi_ivrs_block *block, int32_t xen_last)
{
    struct amdvi_ivrs_entry_cursor cursor = amdvi_ivrs_entries(survey->table, block);
    struct amdvi_ivrs_entry entry;
    uint32_t readers = amdvi_ivrs_survey_readers(survey, block) & ~AMDVI_IVRS_READER_SPEC;
    int32_t last = linux_last_device(survey, block->unit.pci_segment);

    if (last < 0) {
        readers &= ~AMDVI_IVRS_READER_LINUX;
    }
    if (block->unit.device_id > last) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_UNIT_BEYOND_LAST, readers,
                                 block->offset + BLOCK_DEVICE_ID);
    }
    while (amdvi_ivrs_next_entry(&cursor, &entry) == AMDVI_IVRS_OK) {
        enum amdvi_ivrs_device_kind kind = entry.device.kind;
        if (amdvi_ivrs_is_alias(kind)) {
            uint32_t beyond =
                (entry.device.source_device_id > last ? AMDVI_IVRS_READER_LINUX : 0) |
                (entry.device.source_device_id > xen_last ? AMDVI_IVRS_READER_XEN : 0);
            amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_ALIAS_BEYOND_LAST, readers & beyond,
                                     entry.offset);
        }
        if ((amdvi_ivrs_is_special(kind) || kind == AMDVI_IVRS_DEVICE_ACPI_HID) &&
            entry.device.device_id > last) {
            amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_SPECIAL_BEYOND_LAST, readers,
                                     entry.offset);
        }
    }
}

/*
 * Xen wants no memory for a device above its last one; Linux never comes to ask for it. A range
 * that only starts there is reported as one whose last device is not above its first.
 */
static void check_memory_beyond_last(struct amdvi_ivrs_survey *survey,
                                     const struct amdvi_ivrs_block *block, int32_t xen_last)
{
    const struct amdvi_ivrs_memory *memory = &block->memory;

    if (survey->xen_type != 0 && memory->kind != AMDVI_IVRS_MEMORY_ALL &&
        memory->last_device_id > xen_last) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_MEMORY_BEYOND_LAST,
                                 AMDVI_IVRS_READER_XEN, block->offset + BLOCK_DEVICE_ID);
    }
}

void amdvi_ivrs_survey_last_device(struct amdvi_ivrs_survey *survey)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(survey->table);
    struct amdvi_ivrs_block block;
    int32_t xen_last = xen_last_device(survey);

    while (amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_OK) {
        if (block.kind == AMDVI_IVRS_BLOCK_IVHD &&
            (block.type == survey->linux_type || block.type == survey->xen_type)) {
            check_beyond_last(survey, &block, xen_last);
        } else if (block.kind == AMDVI_IVRS_BLOCK_IVMD) {
            check_memory_beyond_last(survey, &block, xen_last);
        }
    }
}

static uint8_t bits_from(uint32_t first, uint32_t last, uint32_t byte)
{
    uint32_t low = first > byte * 8 ? first - byte * 8 : 0;
    uint32_t high = last < byte * 8 + 7 ? last - byte * 8 : 7;

    return (uint8_t)((0xffu >> (7 - high)) & (0xffu << low));
}

static bool is_any_claimed(const uint8_t *claimed, uint32_t first, uint32_t last)
{
    for (uint32_t byte = first / 8; byte <= last / 8; byte++) {
        if ((claimed[byte] & bits_from(first, last, byte)) != 0) {
            return true;
        }
    }
    return false;
}

static void claim(uint8_t *claimed, uint32_t first, uint32_t last)
{
    for (uint32_t byte = first / 8; byte <= last / 8; byte++) {
        claimed[byte] |= bits_from(first, last, byte);
    }
}

/* Report what other IOMMUs claimed, then claim what this one names. */
static void claim_devices(struct amdvi_ivrs_survey *survey, const struct amdvi_ivrs_block *block)
{
    struct amdvi_ivrs_entry_cursor cursor = amdvi_ivrs_entries(survey->table, block);
    struct amdvi_ivrs_entry entry;
    uint8_t *claimed = survey->checker->claimed;
    uint32_t readers = amdvi_ivrs_survey_readers(survey, block);

    while (amdvi_ivrs_next_entry(&cursor, &entry) == AMDVI_IVRS_OK) {
        if (entry.device.kind != AMDVI_IVRS_DEVICE_UNKNOWN &&
            is_any_claimed(claimed, entry.device.device_id, entry.device.last_device_id)) {
            amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_DEVICE_SHARED, readers,
                                     entry.offset);
        }
    }
    cursor = amdvi_ivrs_entries(survey->table, block);
    while (amdvi_ivrs_next_entry(&cursor, &entry) == AMDVI_IVRS_OK) {
        if (entry.device.kind != AMDVI_IVRS_DEVICE_UNKNOWN) {
            claim(claimed, entry.device.device_id, entry.device.last_device_id);
        }
    }
}

static bool is_first_of_segment(const struct amdvi_ivrs_table *table,
                                const struct amdvi_ivrs_block *block)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(table);
    struct amdvi_ivrs_block other;

    while (amdvi_ivrs_next_block(&cursor, &other) == AMDVI_IVRS_OK &&
           other.offset < block->offset) {
        if (other.kind == AMDVI_IVRS_BLOCK_IVHD &&
            other.unit.pci_segment == block->unit.pci_segment) {
            return false;
        }
    }
    return true;
}

static void check_segment(struct amdvi_ivrs_survey *survey, uint16_t pci_segment)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(survey->table);
    struct amdvi_ivrs_block block;

    __builtin_memset(survey->checker->claimed, 0, sizeof(survey->checker->claimed));
    while (amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_OK) {
        if (block.kind == AMDVI_IVRS_BLOCK_IVHD && block.unit.pci_segment == pci_segment &&
            !amdvi_ivrs_is_superseded(survey->table, &block)) {
            claim_devices(survey, &block);
        }
    }
}

void amdvi_ivrs_survey_shared_devices(struct amdvi_ivrs_survey *survey)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(survey->table);
    struct amdvi_ivrs_block block;

    while (amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_OK) {
        if (block.kind == AMDVI_IVRS_BLOCK_IVHD && is_first_of_segment(survey->table, &block)) {
            check_segment(survey, block.unit.pci_segment);
        }
    }
}

/* One IOAPIC; what earlier entries of its type of block said is in checker->claimed. */
static void check_ioapic(struct amdvi_ivrs_survey *survey, const struct amdvi_ivrs_entry *entry,
                         uint32_t readers)
{
    uint8_t *seen = &survey->checker->claimed[entry->device.handle];
    uint8_t *requester = &survey->checker->claimed[256 + entry->device.handle * 2u];

    if (*seen != 0 && load_le16(requester) != entry->device.device_id) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_HANDLE_TWICE, readers, entry->offset);
    }
    *seen = 1;
    store_le16(requester, entry->device.device_id);
}

/* The IOAPICs in blocks of one type; true when one is where the south bridge's should be. */
static bool check_ioapics_of_type(struct amdvi_ivrs_survey *survey, uint8_t type)
{
    struct amdvi_ivrs_block_cursor blocks = amdvi_ivrs_blocks(survey->table);
    struct amdvi_ivrs_block block;
    bool has_southbridge = false;

    __builtin_memset(survey->checker->claimed, 0, sizeof(survey->checker->claimed));
    while (amdvi_ivrs_next_block(&blocks, &block) == AMDVI_IVRS_OK) {
        struct amdvi_ivrs_entry_cursor entries = amdvi_ivrs_entries(survey->table, &block);
        struct amdvi_ivrs_entry entry;
        while (block.type == type && amdvi_ivrs_next_entry(&entries, &entry) == AMDVI_IVRS_OK) {
            if (entry.device.kind != AMDVI_IVRS_DEVICE_IOAPIC) {
                continue;
            }
            check_ioapic(survey, &entry, amdvi_ivrs_survey_readers(survey, &block));
            has_southbridge =
                has_southbridge || (block.unit.pci_segment == 0 &&
                                    entry.device.device_id == AMDVI_IVRS_SOUTHBRIDGE_DEVICE_ID);
        }
    }
    return has_southbridge;
}

void amdvi_ivrs_survey_ioapics(struct amdvi_ivrs_survey *survey)
{
    bool linux_has_one = check_ioapics_of_type(survey, survey->linux_type);
    bool xen_has_one = linux_has_one;
    uint32_t readers = 0;

    if (survey->xen_type != survey->linux_type) {
        xen_has_one = survey->xen_type == 0 || check_ioapics_of_type(survey, survey->xen_type);
    }
    if (!linux_has_one) {
        readers |= AMDVI_IVRS_READER_LINUX;
    }
    if (!xen_has_one && survey->xen_type != 0) {
        readers |= AMDVI_IVRS_READER_XEN;
    }
    if (survey->is_torn) {
        return; /* it may be in what could not be read */
    }
    amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_NO_SOUTHBRIDGE_IOAPIC, readers,
                             TABLE_HEADER_BYTES);
}
