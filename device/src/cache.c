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

static bool has_key(const struct amdvi_cache_slot *slot, unsigned keys,
                    const uint64_t record[AMDVI_CACHE_WORDS])
{
    uint64_t difference = 0;
    for (unsigned i = 0; i < keys; i++) {
        difference |= amdvi_slot_word(slot, i) ^ record[i];
    }
    return difference == 0;
}

void amdvi_slot_write(struct amdvi_cache_slot *slot, const uint64_t record[AMDVI_CACHE_WORDS])
{
    uint64_t sequence = atomic_load_explicit(&slot->sequence, memory_order_relaxed);

    amdvi_slot_empty(slot);
    atomic_store_explicit(&slot->sequence, sequence + 1, memory_order_release);
    for (unsigned i = 1; i < AMDVI_CACHE_WORDS; i++) {
        atomic_store_explicit(&slot->word[i], record[i], memory_order_release);
    }
    atomic_store_explicit(&slot->word[0], record[0], memory_order_release);
}

static struct amdvi_cache_slot *slot_to_fill(struct amdvi_cache *cache, uint64_t index,
                                             unsigned keys,
                                             const uint64_t record[AMDVI_CACHE_WORDS])
{
    struct amdvi_cache_slot *set = amdvi_cache_set(cache, index);
    struct amdvi_cache_slot *chosen = NULL;

    for (unsigned way = 0; way < cache->ways; way++) {
        if (amdvi_slot_word(&set[way], 0) == 0) {
            chosen = chosen == NULL ? &set[way] : chosen;
        } else if (has_key(&set[way], keys, record)) {
            return &set[way];
        }
    }
    if (chosen == NULL) {
        cache->victim = cache->victim + 1 < cache->ways ? cache->victim + 1 : 0;
        chosen = &set[cache->victim];
    }
    return chosen;
}

uint64_t amdvi_cache_put(struct amdvi_cache *cache, uint64_t index, unsigned keys,
                         const uint64_t record[AMDVI_CACHE_WORDS])
{
    struct amdvi_cache_slot *slot;
    uint64_t replaced;

    if (cache->ways == 0) {
        return 0;
    }
    slot = slot_to_fill(cache, index, keys, record);
    replaced = amdvi_slot_word(slot, 0);
    amdvi_slot_write(slot, record);
    return replaced == record[0] ? 0 : replaced;
}

void amdvi_cache_clear(struct amdvi_cache *cache)
{
    size_t count = (size_t)(cache->set_mask + 1) * AMDVI_CACHE_WAYS;

    for (size_t i = 0; i < count; i++) {
        amdvi_slot_empty(&cache->slots[i]);
    }
}
