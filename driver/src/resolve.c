/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the IVRS says: which units there are, and behind which a device is, under which requester
 * id. The table is firmware's and may be anything: it is copied, walked with the bounded iterators
 * of ivrs/, and all of it is checked before anything is believed (L-4).
 */
#include "state.h"

#include <amdvi/regs.h>

#define TABLE_HEADER_BYTES 48
#define TABLE_LENGTH       4 /* where a table says how long it is */

/*
 * Choice: a table of more blocks is refused, as is a unit whose entries name more ids than this,
 * over and over: real ones stay far below, and walking them must not take for ever.
 */
#define BLOCKS_MAX UINT32_C(1024)
#define NAMES_MAX  (UINT32_C(16) * 65536)

/* ---- Devices --------------------------------------------------------------------------------- */

static bool is_alias(const struct amdvi_ivrs_device *device)
{
    return device->kind == AMDVI_IVRS_DEVICE_ALIAS_SELECT ||
           device->kind == AMDVI_IVRS_DEVICE_ALIAS_RANGE;
}

/* As amdvi_ivrs_find_device(): the last entry that names it counts. */
bool amdvi_drv_resolve_in_unit(const struct amdvi_drv_unit *unit, uint16_t device_id,
                               struct amdvi_ivrs_binding *out)
{
    struct amdvi_ivrs_entry_cursor cursor = unit->entries;
    struct amdvi_ivrs_entry entry;
    bool is_named = false;
    bool is_source = false;

    out->unit = unit->ivrs;
    out->ats_disabled = false;
    while (amdvi_ivrs_next_entry(&cursor, &entry) == AMDVI_IVRS_OK) {
        const struct amdvi_ivrs_device *device = &entry.device;
        if (device->kind == AMDVI_IVRS_DEVICE_UNKNOWN) {
            continue;
        }
        if (device_id >= device->device_id && device_id <= device->last_device_id) {
            is_named = true;
            out->requester = is_alias(device) ? device->source_device_id : device_id;
            out->dte_setting = device->dte_setting;
            out->ats_disabled = device->ats_disabled;
        } else if (!is_named && is_alias(device) && device->source_device_id == device_id) {
            is_source = true;
            out->requester = device_id;
            out->dte_setting = device->dte_setting;
        }
    }
    return is_named || is_source;
}

enum amdvi_drv_status amdvi_drv_resolve_device(struct amdvi_drv *drv, uint16_t segment,
                                               uint16_t device_id, struct amdvi_drv_unit **out_unit,
                                               struct amdvi_ivrs_binding *out)
{
    for (unsigned i = 0; i < drv->unit_count; i++) {
        struct amdvi_drv_unit *unit = drv->units[i];
        /* An IOMMU is never behind itself, whatever its ranges say. */
        if (unit->ivrs.pci_segment == segment && unit->ivrs.device_id != device_id &&
            amdvi_drv_resolve_in_unit(unit, device_id, out)) {
            *out_unit = unit;
            return AMDVI_DRV_OK;
        }
    }
    return amdvi_drv_resolve_special(drv, segment, device_id, out_unit, out)
               ? AMDVI_DRV_OK
               : AMDVI_DRV_ERR_NO_UNIT;
}

/* ---- Units ----------------------------------------------------------------------------------- */

static bool is_ignored(const struct amdvi_drv *drv, const struct amdvi_ivrs_unit *unit)
{
    for (unsigned i = 0; i < drv->config.override_count; i++) {
        const struct amdvi_drv_override *at = &drv->config.overrides[i];
        if (at->kind == AMDVI_DRV_OVERRIDE_IGNORE && at->window_base == unit->window_spa) {
            return true;
        }
    }
    return false;
}

static bool is_same_unit(const struct amdvi_ivrs_unit *a, const struct amdvi_ivrs_unit *b)
{
    return a->pci_segment == b->pci_segment && a->device_id == b->device_id;
}

static void raise_last(struct amdvi_drv_unit *unit, uint16_t device_id)
{
    if (device_id > unit->last_device_id) {
        unit->last_device_id = device_id;
    }
}

/* All ids that the entries name, aliases' sources and special devices too (L-4). */
static enum amdvi_drv_status check_entries(struct amdvi_drv_unit *unit)
{
    struct amdvi_ivrs_entry_cursor cursor = unit->entries;
    struct amdvi_ivrs_entry entry;
    enum amdvi_ivrs_status status;
    uint32_t names = 0;

    unit->last_device_id = 0;
    while ((status = amdvi_ivrs_next_entry(&cursor, &entry)) == AMDVI_IVRS_OK) {
        const struct amdvi_ivrs_device *device = &entry.device;
        if (device->kind == AMDVI_IVRS_DEVICE_UNKNOWN) {
            continue;
        }
        raise_last(unit, device->last_device_id);
        if (is_alias(device)) {
            raise_last(unit, device->source_device_id);
        }
        names += (uint32_t)device->last_device_id - device->device_id + 1;
        if (names > NAMES_MAX) {
            amdvi_drv_say(unit->drv, "IVRS: endless device entries at", entry.offset);
            return AMDVI_DRV_ERR_TABLE;
        }
    }
    if (status != AMDVI_IVRS_END) {
        amdvi_drv_say(unit->drv, amdvi_ivrs_status_text(status), cursor.fault_offset);
        return AMDVI_DRV_ERR_TABLE;
    }
    /* What an override names may be beyond all that the table does. */
    const struct amdvi_drv_config *config = &unit->drv->config;
    for (unsigned i = 0; i < config->override_count; i++) {
        if (config->overrides[i].kind <= AMDVI_DRV_OVERRIDE_ACPI &&
            config->overrides[i].segment == unit->ivrs.pci_segment) {
            raise_last(unit, config->overrides[i].device_id);
        }
    }
    return AMDVI_DRV_OK;
}

static void take_block(struct amdvi_drv_unit *unit, const struct amdvi_ivrs_block *block)
{
    unit->ivrs = block->unit;
    unit->block_type = block->type;
    unit->ivrs_efr = block->efr;
    unit->entries = amdvi_ivrs_entries(&unit->drv->ivrs, block);
}

static enum amdvi_drv_status make_unit(struct amdvi_drv *drv, const struct amdvi_ivrs_block *block)
{
    struct amdvi_drv_block memory;

    if (drv->unit_count == AMDVI_DRV_UNITS_MAX) {
        amdvi_drv_say(drv, "IVRS: too many IOMMUs at", block->offset);
        return AMDVI_DRV_ERR_TABLE;
    }
    if (!amdvi_drv_heap_alloc(&drv->heap, sizeof(struct amdvi_drv_unit), &memory)) {
        return AMDVI_DRV_ERR_NO_MEMORY;
    }
    struct amdvi_drv_unit *unit = memory.bytes;
    unit->drv = drv;
    unit->self = memory;
    take_block(unit, block);
    drv->units[drv->unit_count++] = unit;
    return AMDVI_DRV_OK;
}

/* Of several IVHDs for one unit that of the highest type counts, and of these the first. */
static enum amdvi_drv_status consider_block(struct amdvi_drv *drv,
                                            const struct amdvi_ivrs_block *block)
{
    if (is_ignored(drv, &block->unit)) {
        amdvi_drv_say(drv, "an override ignores the IOMMU at", block->unit.window_spa);
        return AMDVI_DRV_OK;
    }
    for (unsigned i = 0; i < drv->unit_count; i++) {
        struct amdvi_drv_unit *unit = drv->units[i];
        if (is_same_unit(&unit->ivrs, &block->unit)) {
            if (block->type > unit->block_type) {
                take_block(unit, block);
            }
            return AMDVI_DRV_OK;
        }
    }
    return make_unit(drv, block);
}

static enum amdvi_drv_status check_window(const struct amdvi_drv *drv, unsigned index)
{
    uint64_t base = drv->units[index]->ivrs.window_spa;

    bool is_good = base != 0 && base % AMDVI_MMIO_SIZE == 0;
    for (unsigned i = 0; i < index; i++) {
        is_good = is_good && drv->units[i]->ivrs.window_spa != base;
    }
    if (!is_good) {
        amdvi_drv_say(drv, "IVRS: no place for registers:", base);
    }
    return is_good ? AMDVI_DRV_OK : AMDVI_DRV_ERR_TABLE;
}

static enum amdvi_drv_status find_units(struct amdvi_drv *drv)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(&drv->ivrs);
    struct amdvi_ivrs_block block;
    enum amdvi_ivrs_status status;
    uint32_t blocks = 0;

    while ((status = amdvi_ivrs_next_block(&cursor, &block)) == AMDVI_IVRS_OK) {
        if (++blocks > BLOCKS_MAX) {
            amdvi_drv_say(drv, "IVRS: too many blocks at", block.offset);
            return AMDVI_DRV_ERR_TABLE;
        }
        if (block.kind == AMDVI_IVRS_BLOCK_IVHD) {
            enum amdvi_drv_status result = consider_block(drv, &block);
            if (result != AMDVI_DRV_OK) {
                return result;
            }
        }
    }
    if (status != AMDVI_IVRS_END) {
        amdvi_drv_say(drv, amdvi_ivrs_status_text(status), cursor.fault_offset);
        return AMDVI_DRV_ERR_TABLE;
    }
    if (drv->unit_count == 0) {
        amdvi_drv_say(drv, "IVRS: no IOMMU in a table of bytes", drv->ivrs.size_bytes);
        return AMDVI_DRV_ERR_TABLE;
    }
    for (unsigned i = 0; i < drv->unit_count; i++) {
        enum amdvi_drv_status result = check_window(drv, i);
        if (result == AMDVI_DRV_OK) {
            result = check_entries(drv->units[i]);
        }
        if (result != AMDVI_DRV_OK) {
            return result;
        }
    }
    return AMDVI_DRV_OK;
}

/* ---- The table ------------------------------------------------------------------------------- */

/* Only as much as the table says that it is, whatever the caller has. */
static enum amdvi_drv_status copy_table(struct amdvi_drv *drv)
{
    size_t size_bytes = drv->config.ivrs_bytes;
    struct amdvi_le32 length;
    uint32_t fault_offset = 0;

    if (size_bytes < TABLE_HEADER_BYTES) {
        amdvi_drv_say(drv, "IVRS: too short, bytes:", size_bytes);
        return AMDVI_DRV_ERR_TABLE;
    }
    __builtin_memcpy(&length, (const uint8_t *)drv->config.ivrs + TABLE_LENGTH, sizeof(length));
    if (amdvi_le32_decode(&length) < size_bytes) {
        size_bytes = amdvi_le32_decode(&length);
    }
    if (size_bytes < TABLE_HEADER_BYTES || size_bytes > AMDVI_IVRS_TABLE_BYTES_MAX) {
        amdvi_drv_say(drv, "IVRS: no length of a table:", size_bytes);
        return AMDVI_DRV_ERR_TABLE;
    }
    if (!amdvi_drv_heap_alloc(&drv->heap, size_bytes, &drv->ivrs_copy)) {
        return AMDVI_DRV_ERR_NO_MEMORY;
    }
    __builtin_memcpy(drv->ivrs_copy.bytes, drv->config.ivrs, size_bytes);
    enum amdvi_ivrs_status status =
        amdvi_ivrs_open(&drv->ivrs, drv->ivrs_copy.bytes, size_bytes, &fault_offset);
    if (status != AMDVI_IVRS_OK) {
        amdvi_drv_say(drv, amdvi_ivrs_status_text(status), fault_offset);
        return AMDVI_DRV_ERR_TABLE;
    }
    return AMDVI_DRV_OK;
}

enum amdvi_drv_status amdvi_drv_resolve_table(struct amdvi_drv *drv)
{
    enum amdvi_drv_status status = amdvi_drv_overrides_copy(drv);

    if (status == AMDVI_DRV_OK) {
        status = copy_table(drv);
    }
    drv->config.ivrs = NULL; /* the caller's; from here on there is only the copy */
    return status == AMDVI_DRV_OK ? find_units(drv) : status;
}
