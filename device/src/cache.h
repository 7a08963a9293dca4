/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A set-associative cache of small records, one for each cache line. What the words of a record
 * mean is for its user to know; word 0 is never 0 in a record, and 0 in an empty slot.
 *
 * Look-ups take no lock and write nothing. Whoever changes slots holds the lock of all caches.
 *
 * The way in which a slot changes under its readers: word 0 becomes 0, the sequence number rises,
 * the other words are stored, and word 0 last. A reader loads the sequence number, compares the
 * key, loads what it wants, and loads the sequence number again: a value that came with a later
 * key came with a later number too. To empty a slot, word 0 becomes 0: whoever read the key before
 * has the old record, as one that came a moment earlier.
 */
#ifndef AMDVI_CACHE_H
#define AMDVI_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

#define AMDVI_CACHE_LINE  64
#define AMDVI_CACHE_WORDS 7
#define AMDVI_CACHE_WAYS  4

/* Before a short loop over the words of a record or the ways of a set. */
#if defined(__OPTIMIZE__) && defined(__GNUC__) && !defined(__clang__)
#define AMDVI_UNROLL _Pragma("GCC unroll 8")
#else
#define AMDVI_UNROLL
#endif

/* A function that a hot one calls seldom: inlined it would cost that one registers. */
#if defined(__GNUC__)
#define AMDVI_SELDOM __attribute__((noinline))
#else
#define AMDVI_SELDOM
#endif

struct amdvi_cache_slot {
    _Alignas(AMDVI_CACHE_LINE) _Atomic uint64_t sequence;
    _Atomic uint64_t word[AMDVI_CACHE_WORDS];
};

struct amdvi_cache {
    struct amdvi_cache_slot *slots;
    uint64_t set_mask; /* sets are a power of two */
    unsigned ways;     /* of a set that are filled: all, fewer in a tiny cache, 0 when it is off */
    unsigned victim;   /* way that was replaced last */
};

/* Slots for a cache of @entries: a power of two of sets of four, and never less than one set. */
size_t amdvi_cache_slot_count(unsigned entries);

/* @slots: amdvi_cache_slot_count() of them, all zero. */
void amdvi_cache_init(struct amdvi_cache *cache, struct amdvi_cache_slot *slots, unsigned entries);

/* ---- Look-ups: any thread -------------------------------------------------------------------- */

/* The first slot of the set that @index selects, by its lower bits. */
static inline struct amdvi_cache_slot *amdvi_cache_set(const struct amdvi_cache *cache,
                                                       uint64_t index)
{
    return &cache->slots[(index & cache->set_mask) * AMDVI_CACHE_WAYS];
}

static inline uint64_t amdvi_slot_word(const struct amdvi_cache_slot *slot, unsigned word)
{
    return atomic_load_explicit(&slot->word[word], memory_order_acquire);
}

/* Before, and after the words of a slot were loaded: true when they belong together. */
static inline uint64_t amdvi_slot_begin(const struct amdvi_cache_slot *slot)
{
    return atomic_load_explicit(&slot->sequence, memory_order_acquire);
}

static inline bool amdvi_slot_end(const struct amdvi_cache_slot *slot, uint64_t begin)
{
    return atomic_load_explicit(&slot->sequence, memory_order_relaxed) == begin;
}

/*
 * The record whose first @keys words are those of @record; the words up to @end are filled in.
 * @keys and @end are constants.
 */
static inline bool amdvi_cache_find(const struct amdvi_cache *cache, uint64_t index, unsigned keys,
                                    unsigned end, uint64_t record[AMDVI_CACHE_WORDS])
{
    const struct amdvi_cache_slot *slot = amdvi_cache_set(cache, index);

    for (unsigned way = 0; way < AMDVI_CACHE_WAYS; way++, slot++) {
        uint64_t begin = amdvi_slot_begin(slot);
        bool is_it = true;

        AMDVI_UNROLL
        for (unsigned i = 0; i < keys && is_it; i++) {
            is_it = amdvi_slot_word(slot, i) == record[i];
        }
        if (is_it) {
            AMDVI_UNROLL
            for (unsigned i = keys; i < end; i++) {
                record[i] = amdvi_slot_word(slot, i);
            }
            return amdvi_slot_end(slot, begin);
        }
    }
    return false;
}

/* ---- Changes: with the lock of all caches ---------------------------------------------------- */

static inline void amdvi_slot_empty(struct amdvi_cache_slot *slot)
{
    atomic_store_explicit(&slot->word[0], 0, memory_order_release);
}

static inline void amdvi_slot_write(struct amdvi_cache_slot *slot, unsigned end,
                                    const uint64_t record[AMDVI_CACHE_WORDS])
{
    uint64_t sequence = atomic_load_explicit(&slot->sequence, memory_order_relaxed);

    amdvi_slot_empty(slot);
    atomic_store_explicit(&slot->sequence, sequence + 1, memory_order_release);
    AMDVI_UNROLL
    for (unsigned i = 1; i < end; i++) {
        atomic_store_explicit(&slot->word[i], record[i], memory_order_release);
    }
    atomic_store_explicit(&slot->word[0], record[0], memory_order_release);
}

/*
 * Add a record of @end words, or replace the one with the same first @keys words (1 or 2); both
 * constants. The cache is not off. Returns word 0 of another record that had to go, or 0.
 */
static inline uint64_t amdvi_cache_put(struct amdvi_cache *cache, uint64_t index, unsigned keys,
                                       unsigned end, const uint64_t record[AMDVI_CACHE_WORDS])
{
    struct amdvi_cache_slot *set = amdvi_cache_set(cache, index);
    uint64_t replaced = 0;
    unsigned way;

    AMDVI_UNROLL
    for (way = 0; way < AMDVI_CACHE_WAYS; way++) {
        uint64_t word = amdvi_slot_word(&set[way], 0);

        /* Behind an empty slot may be an older record of these keys: whatever drops one drops all.
         */
        if (word == 0 ||
            (word == record[0] && (keys == 1 || amdvi_slot_word(&set[way], 1) == record[1]))) {
            break;
        }
    }
    /* Ways that are not to be filled are empty. */
    if (way >= cache->ways) {
        cache->victim = cache->victim + 1 < cache->ways ? cache->victim + 1 : 0;
        way = cache->victim;
        replaced = amdvi_slot_word(&set[way], 0);
    }
    amdvi_slot_write(&set[way], end, record);
    return replaced;
}

void amdvi_cache_clear(struct amdvi_cache *cache);

#pragma GCC visibility pop

#endif
