/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translation cache of amdvi-ats-testdev.
 */
#include "qemu/osdep.h"
#include "amdvi_ats_cache.h"

const AtsEntry *ats_cache_find(const AtsCache *cache, uint64_t iova)
{
    for (unsigned i = 0; i < cache->count; i++) {
        const AtsEntry *entry = &cache->entries[i];

        if (entry->is_valid && iova - entry->iova < ats_entry_bytes(entry)) {
            return entry;
        }
    }
    return NULL;
}

void ats_cache_drop(AtsCache *cache, uint64_t first, uint64_t last)
{
    for (unsigned i = 0; i < cache->count; i++) {
        AtsEntry *entry = &cache->entries[i];

        if (entry->iova <= last && first <= entry->iova + (ats_entry_bytes(entry) - 1)) {
            entry->is_valid = false;
        }
    }
}

void ats_cache_keep(AtsCache *cache, const AtsEntry *entry)
{
    ats_cache_drop(cache, entry->iova, entry->iova + (ats_entry_bytes(entry) - 1));
    cache->entries[cache->next] = *entry;
    cache->next = (cache->next + 1) % cache->count;
}

unsigned ats_cache_used(const AtsCache *cache)
{
    unsigned used = 0;

    for (unsigned i = 0; i < cache->count; i++) {
        used += cache->entries[i].is_valid;
    }
    return used;
}
