/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices that firmware gave a requester id although they are no PCI functions: IOAPICs, HPETs,
 * ACPI devices. And overrides, which are asked first: it is here that firmware is most often wrong.
 */
#include "state.h"

#define HID_BYTES  8
#define TEXT_BYTES 256 /* of a UID, with its 0 */

/* ---- Overrides ------------------------------------------------------------------------------- */

static size_t text_bytes(const char *text)
{
    size_t length = 0;

    while (text != NULL && length < TEXT_BYTES && text[length] != '\0') {
        length++;
    }
    return text != NULL ? length + 1 : 0;
}

static const char *copy_text(uint8_t **at, const char *text)
{
    size_t size_bytes = text_bytes(text);
    char *copy = (char *)*at;

    if (text == NULL) {
        return NULL;
    }
    __builtin_memcpy(copy, text, size_bytes);
    *at += size_bytes;
    return copy;
}

static bool is_good(const struct amdvi_drv_override *override)
{
    bool is_named = override->hid != NULL && override->uid != NULL;

    return override->kind <= AMDVI_DRV_OVERRIDE_IGNORE &&
           (override->kind != AMDVI_DRV_OVERRIDE_ACPI || is_named) &&
           text_bytes(override->hid) <= HID_BYTES + 1 && text_bytes(override->uid) <= TEXT_BYTES;
}

enum amdvi_drv_status amdvi_drv_overrides_copy(struct amdvi_drv *drv)
{
    unsigned count = drv->config.override_count;
    const struct amdvi_drv_override *from = drv->config.overrides;
    size_t size_bytes = count * sizeof(*from);

    if (count == 0) {
        return AMDVI_DRV_OK;
    }
    if (from == NULL || count > AMDVI_IVRS_TABLE_BYTES_MAX / sizeof(*from)) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    for (unsigned i = 0; i < count; i++) {
        if (!is_good(&from[i])) {
            return AMDVI_DRV_ERR_ARGUMENT;
        }
        size_bytes += text_bytes(from[i].hid) + text_bytes(from[i].uid);
    }
    if (!amdvi_drv_heap_alloc(&drv->heap, size_bytes, &drv->override_copy)) {
        return AMDVI_DRV_ERR_NO_MEMORY;
    }
    struct amdvi_drv_override *to = drv->override_copy.bytes;
    uint8_t *texts = (uint8_t *)(to + count);
    for (unsigned i = 0; i < count; i++) {
        to[i] = from[i];
        to[i].hid = copy_text(&texts, from[i].hid);
        to[i].uid = copy_text(&texts, from[i].uid);
    }
    drv->config.overrides = to;
    return AMDVI_DRV_OK;
}

/* ---- Names of ACPI devices ------------------------------------------------------------------- */

/* Are the bytes of the table, which end in zeros or spaces, this text? */
static bool is_text(const uint8_t *bytes, size_t size_bytes, const char *text)
{
    size_t i = 0;

    while (i < size_bytes && text[i] != '\0' && bytes[i] == (uint8_t)text[i]) {
        i++;
    }
    if (text[i] != '\0') {
        return false;
    }
    while (i < size_bytes && (bytes[i] == 0 || bytes[i] == ' ')) {
        i++;
    }
    return i == size_bytes;
}

/* The integer, as a decimal number. */
static bool is_number(const uint8_t *bytes, const char *text)
{
    struct amdvi_le64 wire;
    char digits[24];
    struct amdvi_drv_text out;

    __builtin_memcpy(&wire, bytes, sizeof(wire));
    amdvi_drv_text_start(&out, digits, sizeof(digits));
    amdvi_drv_text_decimal(&out, amdvi_le64_decode(&wire));
    return is_text((const uint8_t *)digits, out.length, text);
}

static bool is_uid(const struct amdvi_ivrs_entry *entry, const char *uid)
{
    if (entry->uid_format == 1) {
        return entry->uid_bytes == sizeof(struct amdvi_le64) && is_number(entry->uid, uid);
    }
    return is_text(entry->uid, entry->uid_format == 2 ? entry->uid_bytes : 0, uid);
}

static bool are_same(const char *a, const char *b)
{
    size_t size_bytes = text_bytes(a);

    return size_bytes == text_bytes(b) && __builtin_memcmp(a, b, size_bytes) == 0;
}

/* ---- Looking up ------------------------------------------------------------------------------ */

/* Who is asked for: kind and handle, or names. */
struct wanted {
    enum amdvi_ivrs_device_kind kind;
    uint8_t handle;
    const char *hid;
    const char *uid;
};

static bool is_wanted_entry(const struct amdvi_ivrs_entry *entry, const struct wanted *wanted)
{
    if (entry->device.kind != wanted->kind) {
        return false;
    }
    if (wanted->kind != AMDVI_IVRS_DEVICE_ACPI_HID) {
        return entry->device.handle == wanted->handle;
    }
    return is_text(entry->hid, HID_BYTES, wanted->hid) && is_uid(entry, wanted->uid);
}

static bool is_wanted_override(const struct amdvi_drv_override *override,
                               const struct wanted *wanted)
{
    switch (override->kind) {
    case AMDVI_DRV_OVERRIDE_IOAPIC:
        return wanted->kind == AMDVI_IVRS_DEVICE_IOAPIC && wanted->handle == override->handle;
    case AMDVI_DRV_OVERRIDE_HPET:
        return wanted->kind == AMDVI_IVRS_DEVICE_HPET && wanted->handle == override->handle;
    case AMDVI_DRV_OVERRIDE_ACPI:
        return wanted->kind == AMDVI_IVRS_DEVICE_ACPI_HID && are_same(wanted->hid, override->hid) &&
               are_same(wanted->uid, override->uid);
    case AMDVI_DRV_OVERRIDE_MEMORY:
    case AMDVI_DRV_OVERRIDE_IGNORE:
        break;
    }
    return false;
}

/* The first entry that fits; false when the table knows no such device. */
static bool find_entry(const struct amdvi_drv *drv, const struct wanted *wanted,
                       struct amdvi_drv_unit **out_unit, struct amdvi_ivrs_device *out)
{
    for (unsigned i = 0; i < drv->unit_count; i++) {
        struct amdvi_ivrs_entry_cursor cursor = drv->units[i]->entries;
        struct amdvi_ivrs_entry entry;
        while (amdvi_ivrs_next_entry(&cursor, &entry) == AMDVI_IVRS_OK) {
            if (is_wanted_entry(&entry, wanted)) {
                *out_unit = drv->units[i];
                *out = entry.device;
                return true;
            }
        }
    }
    return false;
}

static enum amdvi_drv_status find(struct amdvi_drv *drv, const struct wanted *wanted,
                                  uint16_t *out_segment, uint16_t *out_device_id)
{
    struct amdvi_drv_unit *unit = NULL;
    struct amdvi_ivrs_device device;

    for (unsigned i = 0; i < drv->config.override_count; i++) {
        const struct amdvi_drv_override *at = &drv->config.overrides[i];
        if (is_wanted_override(at, wanted)) {
            *out_segment = at->segment;
            *out_device_id = at->device_id;
            return AMDVI_DRV_OK;
        }
    }
    if (!find_entry(drv, wanted, &unit, &device)) {
        return AMDVI_DRV_ERR_NO_UNIT;
    }
    *out_segment = unit->ivrs.pci_segment;
    *out_device_id = device.device_id;
    return AMDVI_DRV_OK;
}

enum amdvi_drv_status amdvi_drv_ioapic_find(struct amdvi_drv *drv, uint8_t ioapic_id,
                                            uint16_t *out_segment, uint16_t *out_device_id)
{
    struct wanted wanted = {.kind = AMDVI_IVRS_DEVICE_IOAPIC, .handle = ioapic_id};

    return find(drv, &wanted, out_segment, out_device_id);
}

enum amdvi_drv_status amdvi_drv_hpet_find(struct amdvi_drv *drv, uint8_t number,
                                          uint16_t *out_segment, uint16_t *out_device_id)
{
    struct wanted wanted = {.kind = AMDVI_IVRS_DEVICE_HPET, .handle = number};

    return find(drv, &wanted, out_segment, out_device_id);
}

enum amdvi_drv_status amdvi_drv_acpi_find(struct amdvi_drv *drv, const char *hid, const char *uid,
                                          uint16_t *out_segment, uint16_t *out_device_id)
{
    struct wanted wanted = {.kind = AMDVI_IVRS_DEVICE_ACPI_HID, .hid = hid, .uid = uid};

    return find(drv, &wanted, out_segment, out_device_id);
}

/* ---- Ids that only they have ----------------------------------------------------------------- */

/* Whose entry for the same device an override corrects, or whose id it is; else the first unit. */
static bool resolve_override(struct amdvi_drv *drv, const struct amdvi_drv_override *override,
                             struct amdvi_drv_unit **out_unit, uint8_t *out_setting)
{
    struct wanted wanted = {
        .kind = override->kind == AMDVI_DRV_OVERRIDE_IOAPIC ? AMDVI_IVRS_DEVICE_IOAPIC
                : override->kind == AMDVI_DRV_OVERRIDE_HPET ? AMDVI_IVRS_DEVICE_HPET
                                                            : AMDVI_IVRS_DEVICE_ACPI_HID,
        .handle = override->handle,
        .hid = override->hid,
        .uid = override->uid};
    struct amdvi_ivrs_device device = {.dte_setting = 0};
    bool found = find_entry(drv, &wanted, out_unit, &device) &&
                 (*out_unit)->ivrs.pci_segment == override->segment;

    *out_setting = found ? device.dte_setting : 0;
    for (unsigned i = 0; i < drv->unit_count && !found; i++) {
        found = drv->units[i]->ivrs.pci_segment == override->segment;
        *out_unit = found ? drv->units[i] : NULL;
    }
    return found;
}

bool amdvi_drv_resolve_special(struct amdvi_drv *drv, uint16_t segment, uint16_t device_id,
                               struct amdvi_drv_unit **out_unit, struct amdvi_ivrs_binding *out)
{
    uint8_t setting = 0;
    bool found = false;

    /* Some IOAPICs send as the IOMMU itself, which is otherwise never behind itself. */
    for (unsigned i = 0; i < drv->unit_count && !found; i++) {
        struct amdvi_ivrs_entry_cursor cursor = drv->units[i]->entries;
        struct amdvi_ivrs_entry entry;
        while (drv->units[i]->ivrs.pci_segment == segment && !found &&
               amdvi_ivrs_next_entry(&cursor, &entry) == AMDVI_IVRS_OK) {
            found = (entry.device.kind == AMDVI_IVRS_DEVICE_IOAPIC ||
                     entry.device.kind == AMDVI_IVRS_DEVICE_HPET ||
                     entry.device.kind == AMDVI_IVRS_DEVICE_ACPI_HID) &&
                    entry.device.device_id == device_id;
            setting = entry.device.dte_setting;
            *out_unit = drv->units[i];
        }
    }
    for (unsigned i = 0; i < drv->config.override_count && !found; i++) {
        const struct amdvi_drv_override *at = &drv->config.overrides[i];
        found = at->kind <= AMDVI_DRV_OVERRIDE_ACPI && at->segment == segment &&
                at->device_id == device_id && resolve_override(drv, at, out_unit, &setting);
    }
    if (found) {
        *out = (struct amdvi_ivrs_binding){
            .unit = (*out_unit)->ivrs, .requester = device_id, .dte_setting = setting};
    }
    return found;
}
