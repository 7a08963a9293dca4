/* SPDX-License-Identifier: BSD-2-Clause */
/* A set-associative cache of small records. */
#include "cache.h"

static unsigned floor_log2(unsigned value)
{
    unsigned log2 = 0;
    while (value >> (log2 + 1) != 0) {
        log2++;
    }
    return log2;
}

static size_t sets_of(unsigned entries)
{
    return entries < AMDVI_CACHE_WAYS ? 1 : (size_t)1 << floor_log2(entries / AMDVI_CACHE_WAYS);
}

size_t amdvi_cache_slot_count(unsigned entries)
{
    return AMDVI_CACHE_WAYS * sets_of(entries);
}

void amdvi_cache_init(struct amdvi_cache *cache, struct amdvi_cache_slot *slots, unsigned entries)
{
    cache->slots = slots;
    cache->set_mask = sets_of(entries) - 1;
    cache->ways = entries < AMDVI_CACHE_WAYS ? entries : AMDVI_CACHE_WAYS;
    cache->victim = 0;
}

void amdvi_cache_clear(struct amdvi_cache *cache)
{
    size_t count = (size_t)(cache->set_mask + 1) * AMDVI_CACHE_WAYS;

    for (size_t i = 0; i < count; i++) {
        amdvi_slot_empty(&cache->slots[i]);
    }
}
