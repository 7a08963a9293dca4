/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking a device up in a table: behind which IOMMU it is, under which id its requests arrive, and
 * with which settings.
 */
#include "amdvi/ivrs.h"

#include "layout.h"
#include "shared.h"

bool amdvi_ivrs_is_superseded(const struct amdvi_ivrs_table *table,
                              const struct amdvi_ivrs_block *block)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(table);
    struct amdvi_ivrs_block other;

    while (amdvi_ivrs_next_block(&cursor, &other) == AMDVI_IVRS_OK) {
        if (amdvi_ivrs_is_same_unit(&other, block) && other.type > block->type) {
            return true;
        }
    }
    return false;
}

/* What one entry says about the device; false when it says nothing. */
static bool apply_entry(const struct amdvi_ivrs_device *device, uint16_t device_id,
                        struct amdvi_ivrs_binding *binding)
{
    if (device->kind == AMDVI_IVRS_DEVICE_UNKNOWN || device_id < device->device_id ||
        device_id > device->last_device_id) {
        return false;
    }
    binding->requester = amdvi_ivrs_is_alias(device->kind) ? device->source_device_id : device_id;
    binding->dte_setting = device->dte_setting;
    binding->ats_disabled = device->ats_disabled;
    return true;
}

/*
 * What the entries of one block say about the device, AMDVI_IVRS_ERR_NO_UNIT when nothing.
 *
 * Choice: the last entry that names the device wins, as in Xen; Linux takes the smallest range. In
 * tables that this project builds both are the same entry.
 */
static enum amdvi_ivrs_status search_block(struct amdvi_ivrs_entry_cursor *cursor,
                                           uint16_t device_id, struct amdvi_ivrs_binding *binding)
{
    struct amdvi_ivrs_entry entry;
    enum amdvi_ivrs_status status;
    bool is_named = false;
    bool is_source = false;

    while ((status = amdvi_ivrs_next_entry(cursor, &entry)) == AMDVI_IVRS_OK) {
        if (apply_entry(&entry.device, device_id, binding)) {
            is_named = true;
        } else if (!is_named && amdvi_ivrs_is_alias(entry.device.kind) &&
                   entry.device.source_device_id == device_id) {
            is_source = true;
            binding->requester = device_id;
            binding->dte_setting = entry.device.dte_setting;
        }
    }
    if (status != AMDVI_IVRS_END) {
        return status;
    }
    return is_named || is_source ? AMDVI_IVRS_OK : AMDVI_IVRS_ERR_NO_UNIT;
}

/* search_block(), if the block is one that counts. */
static enum amdvi_ivrs_status consider_block(const struct amdvi_ivrs_table *table,
                                             const struct amdvi_ivrs_block *block,
                                             uint16_t device_id, struct amdvi_ivrs_binding *out,
                                             uint32_t *fault_offset)
{
    struct amdvi_ivrs_entry_cursor entries = amdvi_ivrs_entries(table, block);
    struct amdvi_ivrs_binding binding = {.unit = block->unit, .block_offset = block->offset};

    if (amdvi_ivrs_is_superseded(table, block)) {
        return AMDVI_IVRS_ERR_NO_UNIT;
    }
    enum amdvi_ivrs_status status = search_block(&entries, device_id, &binding);
    if (status == AMDVI_IVRS_OK) {
        *out = binding;
    } else {
        *fault_offset = entries.fault_offset;
    }
    return status;
}

enum amdvi_ivrs_status amdvi_ivrs_find_device(const struct amdvi_ivrs_table *table,
                                              uint16_t pci_segment, uint16_t device_id,
                                              struct amdvi_ivrs_binding *out,
                                              uint32_t *out_fault_offset)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(table);
    struct amdvi_ivrs_block block;
    enum amdvi_ivrs_status status;
    uint32_t fault_offset = 0;

    while ((status = amdvi_ivrs_next_block(&cursor, &block)) == AMDVI_IVRS_OK) {
        if (block.kind != AMDVI_IVRS_BLOCK_IVHD || block.unit.pci_segment != pci_segment ||
            block.unit.device_id == device_id) {
            continue;
        }
        status = consider_block(table, &block, device_id, out, &fault_offset);
        if (status == AMDVI_IVRS_OK) {
            return AMDVI_IVRS_OK;
        }
        if (status != AMDVI_IVRS_ERR_NO_UNIT) {
            break;
        }
    }
    if (status == AMDVI_IVRS_END) {
        return AMDVI_IVRS_ERR_NO_UNIT;
    }
    if (out_fault_offset != NULL) {
        *out_fault_offset = cursor.fault_offset != 0 ? cursor.fault_offset : fault_offset;
    }
    return status;
}
