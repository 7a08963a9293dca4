/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device table look-ups, and the cache of entries. One decoder and one cache serve DMA and
 * interrupts alike, so that neither can leave half an entry for the other.
 */
#include <string.h>

#include "state.h"

/* Passes over an entry that changes under us, before we give up. */
#define MAX_PASSES 8

static enum amdvi_memory_status read_words(const struct amdvi_iommu *iommu, uint64_t spa,
                                           struct amdvi_wire_dte *out)
{
    for (unsigned i = 0; i < 4; i++) {
        enum amdvi_memory_status status = iommu->host.read(iommu->host.ctx, spa + 8 * (uint64_t)i,
                                                           &out->word[i], sizeof(out->word[i]));
        if (status != AMDVI_MEMORY_OK) {
            return status;
        }
    }
    return AMDVI_MEMORY_OK;
}

/*
 * Choice: hardware reads an entry in one piece. Here the four quadwords are read until two passes
 * agree, so that halves of an old and a new entry are not put together.
 */
static enum amdvi_memory_status read_entry(const struct amdvi_iommu *iommu, uint64_t spa,
                                           struct amdvi_wire_dte *out)
{
    struct amdvi_wire_dte again;
    enum amdvi_memory_status status = read_words(iommu, spa, out);

    for (unsigned pass = 0; status == AMDVI_MEMORY_OK && pass < MAX_PASSES; pass++) {
        status = read_words(iommu, spa, &again);
        if (status == AMDVI_MEMORY_OK && memcmp(out, &again, sizeof(again)) == 0) {
            return AMDVI_MEMORY_OK;
        }
        *out = again;
    }
    return status == AMDVI_MEMORY_OK ? AMDVI_MEMORY_ERROR : status;
}

/* ---- The cache ------------------------------------------------------------------------------- */

/* What is decoded once only. */
static uint64_t interrupts_of(const struct amdvi_dte *dte)
{
    bool is_usual = dte->interrupt_valid && !dte->intr_reserved &&
                    dte->int_ctl == AMDVI_INT_CTL_REMAP &&
                    dte->int_tab_len <= AMDVI_INT_TAB_LEN_MAX;

    return is_usual ? amdvi_interrupt_context_of(dte) : 0;
}

static bool is_plain(const struct amdvi_dte *dte)
{
    return dte->valid && dte->translation && !dte->memory_reserved && dte->read && dte->write &&
           dte->mode != AMDVI_MODE_NONE && dte->mode <= AMDVI_MODE_MAX;
}

static bool find_cached(const struct amdvi_caches *caches, uint16_t device_id,
                        struct amdvi_wire_dte *out)
{
    uint64_t record[AMDVI_CACHE_WORDS] = {amdvi_dte_key(device_id)};

    if (!amdvi_cache_find(&caches->dtes, amdvi_dte_index(device_id), 1, AMDVI_DTE_END, record)) {
        return false;
    }
    for (unsigned i = 0; i < 4; i++) {
        amdvi_le64_encode(&out->word[i], record[AMDVI_DTE_WIRE + i]);
    }
    return true;
}

static void set_contexts(struct amdvi_caches *caches, uint16_t device_id, uint64_t context,
                         uint64_t interrupt_context)
{
    atomic_store_explicit(&caches->contexts[device_id], context, memory_order_release);
    atomic_store_explicit(&caches->interrupt_contexts[device_id], interrupt_context,
                          memory_order_release);
}

static void keep(struct amdvi_caches *caches, uint16_t device_id, const struct amdvi_wire_dte *wire,
                 const struct amdvi_dte *dte, uint64_t generation)
{
    uint64_t record[AMDVI_CACHE_WORDS] = {amdvi_dte_key(device_id)};

    if (caches->dtes.ways == 0 || !amdvi_caches_begin_fill(caches, generation)) {
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        record[AMDVI_DTE_WIRE + i] = amdvi_le64_decode(&wire->word[i]);
    }
    uint64_t replaced =
        amdvi_cache_put(&caches->dtes, amdvi_dte_index(device_id), 1, AMDVI_DTE_END, record);
    if (replaced != 0) {
        set_contexts(caches, (uint16_t)replaced, 0, 0);
    }
    set_contexts(caches, device_id, is_plain(dte) ? amdvi_context_of(dte) : 0, interrupts_of(dte));
    amdvi_caches_unlock(caches);
}

void amdvi_device_table_drop(struct amdvi_caches *caches, uint16_t device_id)
{
    struct amdvi_cache_slot *set = amdvi_cache_set(&caches->dtes, amdvi_dte_index(device_id));

    set_contexts(caches, device_id, 0, 0);
    for (unsigned way = 0; way < AMDVI_CACHE_WAYS; way++) {
        if (amdvi_slot_word(&set[way], 0) == amdvi_dte_key(device_id)) {
            amdvi_slot_empty(&set[way]);
        }
    }
}

/* Only a device that has a record has contexts. */
void amdvi_device_table_drop_all(struct amdvi_caches *caches)
{
    size_t count = (size_t)(caches->dtes.set_mask + 1) * AMDVI_CACHE_WAYS;

    for (size_t i = 0; i < count; i++) {
        uint64_t key = amdvi_slot_word(&caches->dtes.slots[i], 0);
        if (key != 0) {
            set_contexts(caches, (uint16_t)key, 0, 0);
            amdvi_slot_empty(&caches->dtes.slots[i]);
        }
    }
}

/* ---- Look-ups -------------------------------------------------------------------------------- */

void amdvi_device_table_find(struct amdvi_iommu *iommu, uint16_t device_id, bool use_cache,
                             uint64_t generation, struct amdvi_dte_lookup *out)
{
    struct amdvi_wire_dte wire;
    uint64_t base = amdvi_iommu_reg(iommu, AMDVI_REG_DEV_TAB_BASE);

    out->status = AMDVI_DTE_FOUND;
    out->cached = use_cache && find_cached(&iommu->caches, device_id, &wire);
    if (out->cached) {
        amdvi_dte_decode(&out->dte, &wire);
        return;
    }
    if (device_id >= amdvi_dev_tab_entries(base)) {
        out->status = AMDVI_DTE_OUTSIDE;
        return;
    }
    out->spa = (base & AMDVI_DEV_TAB_BASE_BASE) + (uint64_t)AMDVI_DTE_BYTES * device_id;
    out->memory = read_entry(iommu, out->spa, &wire);
    if (out->memory != AMDVI_MEMORY_OK) {
        out->status = AMDVI_DTE_HW_ERROR;
        return;
    }
    amdvi_dte_decode(&out->dte, &wire);
    if (use_cache) {
        keep(&iommu->caches, device_id, &wire, &out->dte, generation);
    }
}
