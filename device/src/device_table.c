/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device table look-ups, and the cache of decoded entries. One decoder and one cache serve DMA and
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

static uint64_t hash_of(uint16_t device_id)
{
    return amdvi_cache_hash(device_id, 0);
}

/* The record keeps the four quadwords; decoding them is cheaper than keeping more. */
static bool find_cached(const struct amdvi_iommu *iommu, uint16_t device_id,
                        struct amdvi_wire_dte *out)
{
    struct amdvi_cache_record record = {.key = {device_id}};
    if (!amdvi_cache_find(&iommu->dte_cache, hash_of(device_id), &record)) {
        return false;
    }
    for (unsigned i = 0; i < 4; i++) {
        amdvi_le64_encode(&out->word[i], record.value[i]);
    }
    return true;
}

static void insert(struct amdvi_iommu *iommu, uint16_t device_id, const struct amdvi_wire_dte *dte,
                   uint64_t generation)
{
    struct amdvi_cache_record record = {.key = {device_id}};
    for (unsigned i = 0; i < 4; i++) {
        record.value[i] = amdvi_le64_decode(&dte->word[i]);
    }
    amdvi_cache_insert(&iommu->dte_cache, hash_of(device_id), &record, &iommu->generation,
                       generation);
}

void amdvi_device_table_find(struct amdvi_iommu *iommu, uint16_t device_id, bool use_cache,
                             uint64_t generation, struct amdvi_dte_lookup *out)
{
    struct amdvi_wire_dte wire;
    uint64_t base = amdvi_iommu_reg(iommu, AMDVI_REG_DEV_TAB_BASE);

    out->status = AMDVI_DTE_FOUND;
    out->cached = use_cache && find_cached(iommu, device_id, &wire);
    if (!out->cached) {
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
        if (use_cache) {
            insert(iommu, device_id, &wire, generation);
        }
    }
    amdvi_dte_decode(&out->dte, &wire);
}

static bool is_device(const uint64_t key[AMDVI_CACHE_KEY_WORDS], const void *device_id)
{
    return key[0] == *(const uint16_t *)device_id;
}

void amdvi_device_table_drop(struct amdvi_iommu *iommu, uint16_t device_id)
{
    amdvi_cache_remove_in_set(&iommu->dte_cache, hash_of(device_id), is_device, &device_id);
}
