/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A set-associative cache of small records.
 *
 * A slot is shared between any number of readers and, one at a time, a writer that holds the lock.
 * The writer makes the sequence odd, stores the words with release, and makes it even with
 * release; a reader loads the sequence with acquire, the words with acquire, and the sequence once
 * more: if it is the same even number, no writer was there in between. A reader that meets a writer
 * does not wait: it misses.
 */
#include "cache.h"

#define MAX_WAYS 4

static unsigned floor_log2(unsigned value)
{
    unsigned log2 = 0;
    while (value >> (log2 + 1) != 0) {
        log2++;
    }
    return log2;
}

static unsigned ways_of(unsigned entries)
{
    return entries < MAX_WAYS ? entries : MAX_WAYS;
}

static unsigned sets_log2_of(unsigned entries)
{
    return entries < MAX_WAYS ? 0 : floor_log2(entries / MAX_WAYS);
}

size_t amdvi_cache_slot_count(unsigned entries)
{
    return (size_t)ways_of(entries) << sets_log2_of(entries);
}

void amdvi_cache_init(struct amdvi_cache *cache, struct amdvi_cache_slot *slots, unsigned entries)
{
    pthread_mutex_init(&cache->lock, NULL);
    cache->slots = slots;
    cache->sets_log2 = sets_log2_of(entries);
    cache->ways = ways_of(entries);
    cache->victim = 0;
}

void amdvi_cache_destroy(struct amdvi_cache *cache)
{
    pthread_mutex_destroy(&cache->lock);
}

static struct amdvi_cache_slot *set_of(const struct amdvi_cache *cache, uint64_t hash)
{
    size_t set = (size_t)hash & (((size_t)1 << cache->sets_log2) - 1);

    return &cache->slots[set * cache->ways];
}

static bool has_key(const struct amdvi_cache_slot *slot, const uint64_t key[AMDVI_CACHE_KEY_WORDS])
{
    uint64_t difference = 0;
    for (unsigned i = 0; i < AMDVI_CACHE_KEY_WORDS; i++) {
        difference |= atomic_load_explicit(&slot->key[i], memory_order_acquire) ^ key[i];
    }
    return difference == 0;
}

/* False when the slot is another's, or changes meanwhile. */
static bool slot_read(const struct amdvi_cache_slot *slot, struct amdvi_cache_record *record)
{
    uint64_t before = atomic_load_explicit(&slot->sequence, memory_order_acquire);
    if ((before & 1) != 0 || atomic_load_explicit(&slot->valid, memory_order_acquire) == 0 ||
        !has_key(slot, record->key)) {
        return false;
    }
    uint64_t value[AMDVI_CACHE_VALUE_WORDS];
    for (unsigned i = 0; i < AMDVI_CACHE_VALUE_WORDS; i++) {
        value[i] = atomic_load_explicit(&slot->value[i], memory_order_acquire);
    }
    if (atomic_load_explicit(&slot->sequence, memory_order_relaxed) != before) {
        return false;
    }
    for (unsigned i = 0; i < AMDVI_CACHE_VALUE_WORDS; i++) {
        record->value[i] = value[i];
    }
    return true;
}

bool amdvi_cache_find(const struct amdvi_cache *cache, uint64_t hash,
                      struct amdvi_cache_record *record)
{
    if (cache->ways == 0) {
        return false;
    }
    const struct amdvi_cache_slot *set = set_of(cache, hash);
    for (unsigned way = 0; way < cache->ways; way++) {
        if (slot_read(&set[way], record)) {
            return true;
        }
    }
    return false;
}

/* The three below are called with the lock held. */
static uint64_t slot_open(struct amdvi_cache_slot *slot)
{
    uint64_t sequence = atomic_load_explicit(&slot->sequence, memory_order_relaxed);

    atomic_store_explicit(&slot->sequence, sequence + 1, memory_order_relaxed);
    return sequence + 2;
}

static void slot_write(struct amdvi_cache_slot *slot, const struct amdvi_cache_record *record)
{
    uint64_t sequence = slot_open(slot);

    for (unsigned i = 0; i < AMDVI_CACHE_KEY_WORDS; i++) {
        atomic_store_explicit(&slot->key[i], record->key[i], memory_order_release);
    }
    for (unsigned i = 0; i < AMDVI_CACHE_VALUE_WORDS; i++) {
        atomic_store_explicit(&slot->value[i], record->value[i], memory_order_release);
    }
    atomic_store_explicit(&slot->valid, 1, memory_order_release);
    atomic_store_explicit(&slot->sequence, sequence, memory_order_release);
}

static void slot_empty(struct amdvi_cache_slot *slot)
{
    uint64_t sequence = slot_open(slot);

    atomic_store_explicit(&slot->valid, 0, memory_order_release);
    atomic_store_explicit(&slot->sequence, sequence, memory_order_release);
}

static bool is_valid(const struct amdvi_cache_slot *slot)
{
    return atomic_load_explicit(&slot->valid, memory_order_relaxed) != 0;
}

static struct amdvi_cache_slot *slot_to_fill(struct amdvi_cache *cache, uint64_t hash,
                                             const uint64_t key[AMDVI_CACHE_KEY_WORDS])
{
    struct amdvi_cache_slot *set = set_of(cache, hash);
    struct amdvi_cache_slot *chosen = NULL;

    for (unsigned way = 0; way < cache->ways; way++) {
        if (!is_valid(&set[way])) {
            chosen = &set[way];
        } else if (has_key(&set[way], key)) {
            return &set[way];
        }
    }
    if (chosen == NULL) {
        cache->victim = cache->victim + 1 < cache->ways ? cache->victim + 1 : 0;
        chosen = &set[cache->victim];
    }
    return chosen;
}

void amdvi_cache_insert(struct amdvi_cache *cache, uint64_t hash,
                        const struct amdvi_cache_record *record, const _Atomic uint64_t *generation,
                        uint64_t expected)
{
    if (cache->ways == 0) {
        return;
    }
    pthread_mutex_lock(&cache->lock);
    if (atomic_load(generation) == expected) {
        slot_write(slot_to_fill(cache, hash, record->key), record);
    }
    pthread_mutex_unlock(&cache->lock);
}

static void remove_from(struct amdvi_cache_slot *slots, size_t count, amdvi_cache_match *match,
                        const void *what)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_valid(&slots[i])) {
            continue;
        }
        uint64_t key[AMDVI_CACHE_KEY_WORDS];
        for (unsigned word = 0; word < AMDVI_CACHE_KEY_WORDS; word++) {
            key[word] = atomic_load_explicit(&slots[i].key[word], memory_order_relaxed);
        }
        if (match(key, what)) {
            slot_empty(&slots[i]);
        }
    }
}

void amdvi_cache_remove_in_set(struct amdvi_cache *cache, uint64_t hash, amdvi_cache_match *match,
                               const void *what)
{
    if (cache->ways == 0) {
        return;
    }
    pthread_mutex_lock(&cache->lock);
    remove_from(set_of(cache, hash), cache->ways, match, what);
    pthread_mutex_unlock(&cache->lock);
}

void amdvi_cache_remove(struct amdvi_cache *cache, amdvi_cache_match *match, const void *what)
{
    if (cache->ways == 0) {
        return;
    }
    pthread_mutex_lock(&cache->lock);
    remove_from(cache->slots, (size_t)cache->ways << cache->sets_log2, match, what);
    pthread_mutex_unlock(&cache->lock);
}

static bool match_any(const uint64_t key[AMDVI_CACHE_KEY_WORDS], const void *what)
{
    (void)key;
    (void)what;
    return true;
}

void amdvi_cache_clear(struct amdvi_cache *cache)
{
    amdvi_cache_remove(cache, match_any, NULL);
}
