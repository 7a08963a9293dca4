/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Judging a description of IOMMUs, devices and memory before a table is made of it. A description
 * is refused for three reasons: the table would be illegal, Linux or Xen would reject it or trip
 * over it, or they would read it differently. The description comes from the embedder and is
 * trusted to be readable memory, but not to make sense.
 */
#include "amdvi/ivrs.h"

#include "layout.h"
#include "shared.h"

/* The capability block of 1.20 is 14h bytes long and lies behind the standard header. */
enum {
    CAPABILITY_OFFSET_MIN = 0x40,
    CAPABILITY_OFFSET_MAX = 0x100 - 0x14,
    UNIT_FLAGS = 0x3f, /* PreFSup and PPRSup belong to features that 1.20 does not have */
    FIELD_5_BITS_MAX = 31
};

uint32_t amdvi_ivrs_device_bytes(enum amdvi_ivrs_device_kind kind)
{
    switch (kind) {
    case AMDVI_IVRS_DEVICE_SELECT:
        return ENTRY_SHORT_BYTES;
    case AMDVI_IVRS_DEVICE_RANGE:
        return ENTRY_SHORT_BYTES + ENTRY_SHORT_BYTES;
    case AMDVI_IVRS_DEVICE_ALIAS_SELECT:
    case AMDVI_IVRS_DEVICE_EXTENDED_SELECT:
    case AMDVI_IVRS_DEVICE_IOAPIC:
    case AMDVI_IVRS_DEVICE_HPET:
        return ENTRY_LONG_BYTES;
    case AMDVI_IVRS_DEVICE_ALIAS_RANGE:
    case AMDVI_IVRS_DEVICE_EXTENDED_RANGE:
        return ENTRY_LONG_BYTES + ENTRY_SHORT_BYTES;
    case AMDVI_IVRS_DEVICE_ALL:
    case AMDVI_IVRS_DEVICE_SPECIAL_OTHER:
    case AMDVI_IVRS_DEVICE_ACPI_HID:
    case AMDVI_IVRS_DEVICE_UNKNOWN:
        break;
    }
    return 0;
}

/*
 * Xen wants 40 bytes of a block, also of type 10h, whose header has 24. Choice: what is missing is
 * filled with repetitions of the unit's last plain entry, for its last device only, at the end of
 * the block. Padding entries would be legal there and Linux and Xen pass over them, but newer iasl
 * calls them unknown; a repetition changes nothing for anybody. (Nor does one that comes after an
 * IOAPIC or HPET: one that adds settings to a device of a range makes the block long enough, any
 * other has the settings of what it repeats.)
 */
struct amdvi_ivrs_device amdvi_ivrs_filler(const struct amdvi_ivrs_unit_description *unit)
{
    struct amdvi_ivrs_device filler = {.kind = AMDVI_IVRS_DEVICE_SELECT};

    for (uint32_t i = 0; i < unit->device_count; i++) {
        const struct amdvi_ivrs_device *device = &unit->devices[i];
        if (!amdvi_ivrs_is_special(device->kind)) {
            filler = *device;
        }
    }
    if (amdvi_ivrs_is_range(filler.kind)) {
        filler.device_id = filler.last_device_id;
    }
    if (amdvi_ivrs_is_alias(filler.kind)) {
        filler.kind = AMDVI_IVRS_DEVICE_ALIAS_SELECT;
    } else if (amdvi_ivrs_is_extended(filler.kind)) {
        filler.kind = AMDVI_IVRS_DEVICE_EXTENDED_SELECT;
    } else {
        filler.kind = AMDVI_IVRS_DEVICE_SELECT;
    }
    return filler;
}

uint64_t amdvi_ivrs_unit_bytes(const struct amdvi_ivrs_unit_description *unit)
{
    uint32_t filler_bytes = amdvi_ivrs_device_bytes(amdvi_ivrs_filler(unit).kind);
    uint64_t bytes = IVHD_10_BYTES;

    for (uint32_t i = 0; i < unit->device_count; i++) {
        bytes += amdvi_ivrs_device_bytes(unit->devices[i].kind);
    }
    while (bytes < IVHD_11_BYTES) {
        bytes += filler_bytes;
    }
    return bytes;
}

/* The last device id of a description's entry, which only ranges spell out. */
static uint16_t device_last(const struct amdvi_ivrs_device *device)
{
    return amdvi_ivrs_is_range(device->kind) ? device->last_device_id : device->device_id;
}

static bool devices_meet(const struct amdvi_ivrs_device *a, const struct amdvi_ivrs_device *b)
{
    return amdvi_ivrs_ranges_meet(a->device_id, device_last(a), b->device_id, device_last(b));
}

/* Whether an entry other than IOAPIC or HPET names the device; those do not count for Linux. */
static bool unit_covers(const struct amdvi_ivrs_unit_description *unit, uint16_t device_id)
{
    for (uint32_t i = 0; i < unit->device_count; i++) {
        const struct amdvi_ivrs_device *device = &unit->devices[i];
        if (!amdvi_ivrs_is_special(device->kind) && device_id >= device->device_id &&
            device_id <= device_last(device)) {
            return true;
        }
    }
    return false;
}

static bool is_string_fine(const char *string, uint32_t bytes_max)
{
    if (string == NULL) {
        return false;
    }
    for (uint32_t i = 0; i <= bytes_max; i++) {
        if (string[i] == '\0') {
            return true;
        }
        if (string[i] < ' ' || string[i] > '~') {
            return false;
        }
    }
    return false;
}

static enum amdvi_ivrs_status check_table(const struct amdvi_ivrs_description *description)
{
    uint8_t va = description->va_bits;
    uint8_t pa = description->pa_bits;

    if (!is_string_fine(description->oem_id, OEM_ID_BYTES) ||
        !is_string_fine(description->oem_table_id, OEM_TABLE_ID_BYTES) ||
        !is_string_fine(description->creator_id, CREATOR_ID_BYTES)) {
        return AMDVI_IVRS_ERR_OEM_STRING;
    }
    if ((va != 32 && va != 40 && va != 48 && va != 64) || (pa != 40 && pa != 48 && pa != 52)) {
        return AMDVI_IVRS_ERR_ADDRESS_BITS;
    }
    if (description->unit_count == 0 || description->unit_count > AMDVI_IVRS_UNITS_MAX ||
        description->units == NULL || (description->memory_count != 0 && !description->memory)) {
        return AMDVI_IVRS_ERR_UNIT_COUNT;
    }
    return AMDVI_IVRS_OK;
}

static enum amdvi_ivrs_status check_unit(const struct amdvi_ivrs_unit *unit, uint8_t pa_bits)
{
    uint64_t window_max = (UINT64_C(1) << pa_bits) - WINDOW_BYTES;

    if (unit->device_id == 0) {
        return AMDVI_IVRS_ERR_UNIT_DEVICE_ID;
    }
    if (unit->capability_offset < CAPABILITY_OFFSET_MIN ||
        unit->capability_offset > CAPABILITY_OFFSET_MAX || unit->capability_offset % 4 != 0) {
        return AMDVI_IVRS_ERR_CAPABILITY_OFFSET;
    }
    if (unit->window_spa == 0 || unit->window_spa % WINDOW_BYTES != 0 ||
        unit->window_spa > window_max) {
        return AMDVI_IVRS_ERR_WINDOW;
    }
    if ((unit->flags & ~UNIT_FLAGS) != 0 || unit->msi_num > FIELD_5_BITS_MAX ||
        unit->unit_id > FIELD_5_BITS_MAX) {
        return AMDVI_IVRS_ERR_UNIT_FIELD;
    }
    return AMDVI_IVRS_OK;
}

static enum amdvi_ivrs_status check_device(const struct amdvi_ivrs_device *device)
{
    if (amdvi_ivrs_device_bytes(device->kind) == 0) {
        return AMDVI_IVRS_ERR_DEVICE_KIND;
    }
    if (amdvi_ivrs_is_range(device->kind) && device->last_device_id <= device->device_id) {
        return AMDVI_IVRS_ERR_DEVICE_RANGE;
    }
    if ((device->dte_setting & AMDVI_IVRS_DTE_RESERVED) != 0) {
        return AMDVI_IVRS_ERR_DTE_SETTING;
    }
    return AMDVI_IVRS_OK;
}

/* Whether an entry within another keeps all that the other one says of its devices. */
static bool keeps_all(const struct amdvi_ivrs_device *outer, const struct amdvi_ivrs_device *inner)
{
    bool outer_has_no_ats = amdvi_ivrs_is_extended(outer->kind) && outer->ats_disabled;
    bool inner_has_no_ats = amdvi_ivrs_is_extended(inner->kind) && inner->ats_disabled;

    return (outer->dte_setting & ~inner->dte_setting) == 0 &&
           (!outer_has_no_ats || inner_has_no_ats) &&
           (!amdvi_ivrs_is_alias(outer->kind) || amdvi_ivrs_is_alias(inner->kind));
}

/*
 * Whether two entries of one unit, in this order, mean the same to everybody. Linux adds their
 * settings up (6.1) or takes the smallest range (later) and keeps an alias until another replaces
 * it; Xen lets the last entry replace all. They agree when the second lies within the first and
 * keeps what it says. An IOAPIC or HPET may also repeat what names its requester, with the same
 * settings.
 */
static bool overlap_is_clear(const struct amdvi_ivrs_device *first,
                             const struct amdvi_ivrs_device *second)
{
    bool is_same =
        first->device_id == second->device_id && device_last(first) == device_last(second);

    if (!devices_meet(first, second)) {
        return true;
    }
    if (!keeps_all(first, second)) {
        return false;
    }
    if (is_same) {
        return amdvi_ivrs_is_special(second->kind) && first->dte_setting == second->dte_setting;
    }
    return second->device_id >= first->device_id && device_last(second) <= device_last(first);
}

/*
 * What an entry needs from the others of its unit. Linux sizes its tables by the ids that plain
 * entries name; an alias's source or an IOAPIC beyond them makes it write out of bounds.
 */
static enum amdvi_ivrs_status check_device_among(const struct amdvi_ivrs_unit_description *unit,
                                                 uint32_t index)
{
    const struct amdvi_ivrs_device *device = &unit->devices[index];

    for (uint32_t i = 0; i < index; i++) {
        if (!overlap_is_clear(&unit->devices[i], device)) {
            return AMDVI_IVRS_ERR_DEVICE_OVERLAP;
        }
    }
    if (amdvi_ivrs_is_alias(device->kind) && !unit_covers(unit, device->source_device_id)) {
        return AMDVI_IVRS_ERR_DEVICE_NOT_COVERED;
    }
    if (amdvi_ivrs_is_special(device->kind) && !unit_covers(unit, device->device_id)) {
        return AMDVI_IVRS_ERR_DEVICE_NOT_COVERED;
    }
    return AMDVI_IVRS_OK;
}

/* One unit by itself. */
static enum amdvi_ivrs_status check_unit_devices(const struct amdvi_ivrs_unit_description *unit,
                                                 struct amdvi_ivrs_refusal *refusal)
{
    bool has_plain = false;

    if (unit->devices == NULL || unit->device_count == 0) {
        return AMDVI_IVRS_ERR_NO_DEVICES;
    }
    /* No entry takes fewer bytes; this bounds the loops over them. */
    if (unit->device_count > BLOCK_BYTES_MAX / ENTRY_SHORT_BYTES) {
        return AMDVI_IVRS_ERR_BLOCK_TOO_LONG;
    }
    for (uint32_t i = 0; i < unit->device_count; i++) {
        refusal->device_index = i;
        enum amdvi_ivrs_status status = check_device(&unit->devices[i]);
        if (status != AMDVI_IVRS_OK) {
            return status;
        }
        has_plain = has_plain || !amdvi_ivrs_is_special(unit->devices[i].kind);
    }
    refusal->device_index = AMDVI_IVRS_NO_INDEX;
    if (!has_plain) {
        return AMDVI_IVRS_ERR_NO_DEVICES;
    }
    if (amdvi_ivrs_unit_bytes(unit) > BLOCK_BYTES_MAX) {
        return AMDVI_IVRS_ERR_BLOCK_TOO_LONG;
    }
    for (uint32_t i = 0; i < unit->device_count; i++) {
        refusal->device_index = i;
        enum amdvi_ivrs_status status = check_device_among(unit, i);
        if (status != AMDVI_IVRS_OK) {
            return status;
        }
    }
    refusal->device_index = AMDVI_IVRS_NO_INDEX;
    return AMDVI_IVRS_OK;
}

static enum amdvi_ivrs_status check_units_alone(const struct amdvi_ivrs_description *description,
                                                struct amdvi_ivrs_refusal *refusal)
{
    for (uint32_t i = 0; i < description->unit_count; i++) {
        refusal->unit_index = i;
        enum amdvi_ivrs_status status =
            check_unit(&description->units[i].unit, description->pa_bits);
        if (status == AMDVI_IVRS_OK) {
            status = check_unit_devices(&description->units[i], refusal);
        }
        if (status != AMDVI_IVRS_OK) {
            return status;
        }
    }
    refusal->unit_index = AMDVI_IVRS_NO_INDEX;
    return AMDVI_IVRS_OK;
}

/* The first device entry of @unit that @other claims too; @unit's count when there is none. */
static uint32_t first_shared_device(const struct amdvi_ivrs_unit_description *unit,
                                    const struct amdvi_ivrs_unit_description *other)
{
    for (uint32_t i = 0; i < unit->device_count; i++) {
        for (uint32_t j = 0; j < other->device_count; j++) {
            if (devices_meet(&unit->devices[i], &other->devices[j])) {
                return i;
            }
        }
    }
    return unit->device_count;
}

static enum amdvi_ivrs_status check_unit_pair(const struct amdvi_ivrs_unit_description *unit,
                                              const struct amdvi_ivrs_unit_description *other,
                                              struct amdvi_ivrs_refusal *refusal)
{
    if (amdvi_ivrs_ranges_meet(unit->unit.window_spa, unit->unit.window_spa + WINDOW_BYTES - 1,
                               other->unit.window_spa, other->unit.window_spa + WINDOW_BYTES - 1)) {
        return AMDVI_IVRS_ERR_WINDOW_OVERLAP;
    }
    if (unit->unit.pci_segment != other->unit.pci_segment) {
        return AMDVI_IVRS_OK;
    }
    if (unit->unit.device_id == other->unit.device_id) {
        return AMDVI_IVRS_ERR_UNIT_TWICE;
    }
    uint32_t shared = first_shared_device(unit, other);
    if (shared < unit->device_count) {
        refusal->device_index = shared;
        return AMDVI_IVRS_ERR_DEVICE_SHARED;
    }
    return AMDVI_IVRS_OK;
}

/* The highest device id that plain entries name in a segment: the size of Linux's tables. */
static uint16_t last_device(const struct amdvi_ivrs_description *description, uint16_t pci_segment)
{
    uint16_t last = 0;

    for (uint32_t u = 0; u < description->unit_count; u++) {
        const struct amdvi_ivrs_unit_description *unit = &description->units[u];
        for (uint32_t i = 0; i < unit->device_count; i++) {
            if (unit->unit.pci_segment == pci_segment && device_last(&unit->devices[i]) > last &&
                !amdvi_ivrs_is_special(unit->devices[i].kind)) {
                last = device_last(&unit->devices[i]);
            }
        }
    }
    return last;
}

static enum amdvi_ivrs_status check_units_together(const struct amdvi_ivrs_description *description,
                                                   struct amdvi_ivrs_refusal *refusal)
{
    for (uint32_t i = 0; i < description->unit_count; i++) {
        const struct amdvi_ivrs_unit *unit = &description->units[i].unit;
        refusal->unit_index = i;
        for (uint32_t j = 0; j < i; j++) {
            enum amdvi_ivrs_status status =
                check_unit_pair(&description->units[i], &description->units[j], refusal);
            if (status != AMDVI_IVRS_OK) {
                return status;
            }
        }
        /* Linux clears the IOMMU's own entry of a table that need not reach that far. */
        if (unit->device_id > last_device(description, unit->pci_segment)) {
            return AMDVI_IVRS_ERR_UNIT_BEYOND_LAST;
        }
    }
    refusal->unit_index = AMDVI_IVRS_NO_INDEX;
    return AMDVI_IVRS_OK;
}

/* Whether an IOAPIC or HPET before this one, in any unit, has the same number. */
static bool is_handle_taken(const struct amdvi_ivrs_description *description, uint32_t unit_index,
                            uint32_t device_index)
{
    const struct amdvi_ivrs_device *device = &description->units[unit_index].devices[device_index];

    for (uint32_t u = 0; u <= unit_index; u++) {
        const struct amdvi_ivrs_unit_description *unit = &description->units[u];
        uint32_t count = u == unit_index ? device_index : unit->device_count;
        for (uint32_t i = 0; i < count; i++) {
            if (unit->devices[i].kind == device->kind &&
                unit->devices[i].handle == device->handle) {
                return true;
            }
        }
    }
    return false;
}

static bool is_southbridge(const struct amdvi_ivrs_unit *unit,
                           const struct amdvi_ivrs_device *device)
{
    return unit->pci_segment == 0 && device->kind == AMDVI_IVRS_DEVICE_IOAPIC &&
           device->device_id == AMDVI_IVRS_SOUTHBRIDGE_DEVICE_ID;
}

static enum amdvi_ivrs_status check_specials(const struct amdvi_ivrs_description *description,
                                             struct amdvi_ivrs_refusal *refusal)
{
    bool has_southbridge = false;

    for (uint32_t u = 0; u < description->unit_count; u++) {
        const struct amdvi_ivrs_unit_description *unit = &description->units[u];
        for (uint32_t i = 0; i < unit->device_count; i++) {
            if (amdvi_ivrs_is_special(unit->devices[i].kind) &&
                is_handle_taken(description, u, i)) {
                refusal->unit_index = u;
                refusal->device_index = i;
                return AMDVI_IVRS_ERR_HANDLE_TWICE;
            }
            has_southbridge = has_southbridge || is_southbridge(&unit->unit, &unit->devices[i]);
        }
    }
    return has_southbridge || description->allow_no_southbridge_ioapic
               ? AMDVI_IVRS_OK
               : AMDVI_IVRS_ERR_NO_SOUTHBRIDGE_IOAPIC;
}

enum amdvi_ivrs_status amdvi_ivrs_describe(const struct amdvi_ivrs_description *description,
                                           uint32_t *out_size_bytes,
                                           struct amdvi_ivrs_refusal *out_refusal)
{
    uint64_t size_bytes = TABLE_HEADER_BYTES;

    *out_refusal =
        (struct amdvi_ivrs_refusal){AMDVI_IVRS_NO_INDEX, AMDVI_IVRS_NO_INDEX, AMDVI_IVRS_NO_INDEX};
    enum amdvi_ivrs_status status = check_table(description);
    if (status == AMDVI_IVRS_OK) {
        status = check_units_alone(description, out_refusal);
    }
    if (status == AMDVI_IVRS_OK) {
        status = check_units_together(description, out_refusal);
    }
    if (status == AMDVI_IVRS_OK) {
        status = check_specials(description, out_refusal);
    }
    if (status != AMDVI_IVRS_OK) {
        return status;
    }

    for (uint32_t i = 0; i < description->unit_count; i++) {
        size_bytes += amdvi_ivrs_unit_bytes(&description->units[i]);
    }
    size_bytes += (uint64_t)description->memory_count * IVMD_BYTES;
    if (size_bytes > AMDVI_IVRS_TABLE_BYTES_MAX) {
        return AMDVI_IVRS_ERR_TABLE_TOO_LONG;
    }
    status = amdvi_ivrs_describe_memory(description, out_refusal);
    if (status != AMDVI_IVRS_OK) {
        return status;
    }
    *out_size_bytes = (uint32_t)size_bytes;
    return AMDVI_IVRS_OK;
}
