/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware's memory: the IVMDs and overrides, listed one by one and never merged (XSA-378), and
 * which of them are for a device. What means nothing is skipped with a line, as machines are sold
 * with it; what contradicts itself is refused.
 */
#include "state.h"
#include "store.h"

#define SPA_LIMIT AMDVI_BIT(52)

static bool has_override(const struct amdvi_drv *drv, uint16_t segment, uint16_t device_id)
{
    for (unsigned i = 0; i < drv->config.override_count; i++) {
        const struct amdvi_drv_override *at = &drv->config.overrides[i];
        if (at->kind == AMDVI_DRV_OVERRIDE_MEMORY && at->segment == segment &&
            at->device_id == device_id) {
            return true;
        }
    }
    return false;
}

uint64_t amdvi_drv_resolve_memories(const struct amdvi_drv *drv, uint16_t segment,
                                    uint16_t device_id)
{
    bool overridden = drv->memory_count != 0 && has_override(drv, segment, device_id);
    unsigned first = overridden ? 0 : drv->memory_overrides;
    unsigned end = overridden ? drv->memory_overrides : drv->memory_count;
    uint64_t set = 0;

    for (unsigned i = first; i < end; i++) {
        const struct amdvi_drv_memory *memory = &drv->memory[i];
        if (memory->segment == segment && memory->first_device_id <= device_id &&
            memory->last_device_id >= device_id) {
            set |= UINT64_C(1) << i;
        }
    }
    return set;
}

uint64_t amdvi_drv_resolve_requester(const struct amdvi_drv_unit *unit, uint16_t device_id)
{
    const struct amdvi_drv *drv = unit->drv;
    struct amdvi_ivrs_entry_cursor cursor = unit->entries;
    uint16_t segment = unit->ivrs.pci_segment;
    struct amdvi_ivrs_entry entry;
    struct amdvi_ivrs_binding binding;
    uint64_t set = 0;

    if (drv->memory_count == 0) {
        return 0;
    }
    if (amdvi_drv_resolve_in_unit(unit, device_id, &binding) && binding.requester == device_id) {
        set = amdvi_drv_resolve_memories(drv, segment, device_id);
    }
    while (amdvi_ivrs_next_entry(&cursor, &entry) == AMDVI_IVRS_OK) {
        const struct amdvi_ivrs_device *device = &entry.device;
        if ((device->kind != AMDVI_IVRS_DEVICE_ALIAS_SELECT &&
             device->kind != AMDVI_IVRS_DEVICE_ALIAS_RANGE) ||
            device->source_device_id != device_id) {
            continue;
        }
        for (uint32_t id = device->device_id; id <= device->last_device_id; id++) {
            uint64_t more = amdvi_drv_resolve_memories(drv, segment, (uint16_t)id);
            if ((more & ~set) != 0 && amdvi_drv_resolve_in_unit(unit, (uint16_t)id, &binding) &&
                binding.requester == device_id) {
                set |= more;
            }
        }
    }
    return set;
}

/* ---- Reading the list ------------------------------------------------------------------------ */

static enum amdvi_drv_status add(struct amdvi_drv *drv, const struct amdvi_drv_memory *memory)
{
    if (drv->memory_count == AMDVI_DRV_MEMORIES_MAX) {
        amdvi_drv_say(drv, "IVRS: too many memory blocks, at SPA", memory->first_spa);
        return AMDVI_DRV_ERR_TABLE;
    }
    drv->memory[drv->memory_count++] = *memory;
    return AMDVI_DRV_OK;
}

static enum amdvi_drv_status add_overrides(struct amdvi_drv *drv)
{
    for (unsigned i = 0; i < drv->config.override_count; i++) {
        const struct amdvi_drv_override *at = &drv->config.overrides[i];
        struct amdvi_drv_memory memory = {
            .segment = at->segment,
            .first_device_id = at->device_id,
            .last_device_id = at->device_id,
            .first_spa = at->first_spa,
            .last_spa = at->last_spa,
            .access = AMDVI_DRV_READ | AMDVI_DRV_WRITE,
        };
        if (at->kind != AMDVI_DRV_OVERRIDE_MEMORY || at->last_spa < at->first_spa) {
            continue;
        }
        if (at->last_spa >= SPA_LIMIT) {
            return AMDVI_DRV_ERR_ARGUMENT;
        }
        enum amdvi_drv_status status = add(drv, &memory);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
    }
    drv->memory_overrides = drv->memory_count;
    return AMDVI_DRV_OK;
}

/* What a block permits: of an exclusion range everything, whatever it says besides. */
static unsigned access_of(const struct amdvi_ivrs_memory *memory)
{
    if (memory->is_exclusion) {
        return AMDVI_DRV_READ | AMDVI_DRV_WRITE;
    }
    return memory->is_unity ? (memory->can_read ? AMDVI_DRV_READ : 0u) |
                                  (memory->can_write ? AMDVI_DRV_WRITE : 0u)
                            : 0;
}

/* NULL when the block can be used, else what is said of it. */
static const char *find_fault(const struct amdvi_ivrs_memory *memory)
{
    if (memory->size_bytes < AMDVI_DRV_PAGE_BYTES) {
        return "IVRS: memory of less than a page is skipped, at";
    }
    if (memory->spa_start >= SPA_LIMIT || memory->size_bytes > SPA_LIMIT - memory->spa_start) {
        return "IVRS: memory beyond all addresses is skipped, at";
    }
    if (memory->last_device_id < memory->device_id) {
        return "IVRS: memory for no device is skipped, at";
    }
    return access_of(memory) == 0 ? "IVRS: memory that permits nothing is skipped, at" : NULL;
}

static bool is_for_somebody(const struct amdvi_drv *drv, const struct amdvi_ivrs_memory *memory)
{
    struct amdvi_ivrs_binding binding;
    bool is_known = memory->kind != AMDVI_IVRS_MEMORY_SELECT;

    for (unsigned i = 0; i < drv->unit_count && !is_known; i++) {
        const struct amdvi_drv_unit *unit = drv->units[i];
        is_known = unit->ivrs.pci_segment == memory->pci_segment &&
                   unit->ivrs.device_id != memory->device_id &&
                   amdvi_drv_resolve_in_unit(unit, memory->device_id, &binding);
    }
    return is_known;
}

static enum amdvi_drv_status add_block(struct amdvi_drv *drv, const struct amdvi_ivrs_block *block)
{
    const struct amdvi_ivrs_memory *from = &block->memory;
    const char *fault = find_fault(from);

    if (fault == NULL && !is_for_somebody(drv, from)) {
        fault = "IVRS: memory for a device behind no IOMMU is skipped, at"; /* X-83afa31 */
    }
    if (fault != NULL) {
        amdvi_drv_say(drv, fault, block->offset);
        return AMDVI_DRV_OK;
    }
    struct amdvi_drv_memory memory = {
        .segment = from->pci_segment,
        .first_device_id = from->device_id,
        .last_device_id = from->last_device_id,
        .first_spa = from->spa_start,
        .last_spa = from->spa_start + from->size_bytes - 1,
        .access = access_of(from),
    };
    return add(drv, &memory);
}

static enum amdvi_drv_status add_blocks(struct amdvi_drv *drv)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(&drv->ivrs);
    struct amdvi_ivrs_block block;
    enum amdvi_drv_status status = AMDVI_DRV_OK;

    /* That the blocks are well formed was found with the units. */
    while (status == AMDVI_DRV_OK && amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_OK) {
        if (block.kind == AMDVI_IVRS_BLOCK_IVMD) {
            status = add_block(drv, &block);
        }
    }
    return status;
}

/* ---- Contradictions -------------------------------------------------------------------------- */

static bool contradict(const struct amdvi_drv *drv, unsigned i, unsigned j)
{
    const struct amdvi_drv_memory *a = &drv->memory[i];
    const struct amdvi_drv_memory *b = &drv->memory[j];
    uint64_t both = UINT64_C(1) << i | UINT64_C(1) << j;
    uint32_t first =
        a->first_device_id > b->first_device_id ? a->first_device_id : b->first_device_id;
    uint32_t last = a->last_device_id < b->last_device_id ? a->last_device_id : b->last_device_id;

    if (a->segment != b->segment || a->access == b->access ||
        a->first_spa / AMDVI_DRV_PAGE_BYTES > b->last_spa / AMDVI_DRV_PAGE_BYTES ||
        b->first_spa / AMDVI_DRV_PAGE_BYTES > a->last_spa / AMDVI_DRV_PAGE_BYTES) {
        return false;
    }
    /* An override may have taken a device out; there are few of these. */
    for (uint32_t id = first; id <= last; id++) {
        if ((amdvi_drv_resolve_memories(drv, a->segment, (uint16_t)id) & both) == both) {
            return true;
        }
    }
    return false;
}

enum amdvi_drv_status amdvi_drv_resolve_memory_list(struct amdvi_drv *drv)
{
    enum amdvi_drv_status status = add_overrides(drv);

    if (status == AMDVI_DRV_OK) {
        status = add_blocks(drv);
    }
    for (unsigned i = 0; status == AMDVI_DRV_OK && i < drv->memory_count; i++) {
        for (unsigned j = 0; j < i; j++) {
            if (contradict(drv, i, j)) {
                amdvi_drv_say(drv, "IVRS: memory with other rights for the same device, SPA",
                              drv->memory[i].first_spa);
                return AMDVI_DRV_ERR_TABLE;
            }
        }
    }
    return status;
}
