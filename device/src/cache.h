/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A set-associative cache of small records, used three times: device table entries, translations
 * and interrupt remapping entries. What a record means is for its user to know.
 *
 * Look-ups take no lock and write nothing: every slot has a sequence number that is odd while the
 * slot changes, and all words are atomics. Changes take the cache's own mutex.
 */
#ifndef AMDVI_CACHE_H
#define AMDVI_CACHE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AMDVI_CACHE_KEY_WORDS   3
#define AMDVI_CACHE_VALUE_WORDS 4

struct amdvi_cache_record {
    uint64_t key[AMDVI_CACHE_KEY_WORDS];
    uint64_t value[AMDVI_CACHE_VALUE_WORDS];
};

struct amdvi_cache_slot {
    _Atomic uint64_t sequence; /* 0: never used; odd: changing */
    _Atomic uint64_t valid;
    _Atomic uint64_t key[AMDVI_CACHE_KEY_WORDS];
    _Atomic uint64_t value[AMDVI_CACHE_VALUE_WORDS];
};

struct amdvi_cache {
    pthread_mutex_t lock; /* held by whoever changes slots */
    struct amdvi_cache_slot *slots;
    unsigned sets_log2;
    unsigned ways;   /* 0: the cache is off */
    unsigned victim; /* way that was replaced last */
};

/* Slots that a cache of @entries gets: a power of two of sets of at most four. 0 for 0. */
size_t amdvi_cache_slot_count(unsigned entries);

/* @slots: amdvi_cache_slot_count() of them, all zero. */
void amdvi_cache_init(struct amdvi_cache *cache, struct amdvi_cache_slot *slots, unsigned entries);
void amdvi_cache_destroy(struct amdvi_cache *cache);

/*
 * The record with exactly this key in the set that @hash selects. Any thread.
 */
bool amdvi_cache_find(const struct amdvi_cache *cache, uint64_t hash,
                      struct amdvi_cache_record *record);

/*
 * Add a record, or replace the one with its key, unless *@generation is not @expected any more:
 * then what the record says may have been invalidated since it was read. Any thread.
 */
void amdvi_cache_insert(struct amdvi_cache *cache, uint64_t hash,
                        const struct amdvi_cache_record *record, const _Atomic uint64_t *generation,
                        uint64_t expected);

/* Says whether a record is to go. */
typedef bool amdvi_cache_match(const uint64_t key[AMDVI_CACHE_KEY_WORDS], const void *what);

/* Remove the records of one set, or of all sets, that match. */
void amdvi_cache_remove_in_set(struct amdvi_cache *cache, uint64_t hash, amdvi_cache_match *match,
                               const void *what);
void amdvi_cache_remove(struct amdvi_cache *cache, amdvi_cache_match *match, const void *what);
void amdvi_cache_clear(struct amdvi_cache *cache);

/* Mix the words of a key. */
static inline uint64_t amdvi_cache_hash(uint64_t a, uint64_t b)
{
    uint64_t mixed = (a ^ (b << 32 | b >> 32)) * UINT64_C(0x9e3779b97f4a7c15);

    return mixed ^ mixed >> 29;
}

#endif
