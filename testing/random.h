/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers that are the same on every machine for the same seed: xoshiro256** seeded with
 * splitmix64. For tests; nothing about them is secret.
 */
#ifndef TESTING_RANDOM_H
#define TESTING_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random_source {
    uint64_t word[4];
};

/* One step of splitmix64: a good 64-bit hash of @state, which moves on. */
static inline uint64_t random_mix(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t value = *state;
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static inline void random_start(struct random_source *source, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++) {
        source->word[i] = random_mix(&seed);
    }
}

static inline uint64_t random_rotate(uint64_t value, unsigned left)
{
    return (value << left) | (value >> (64 - left));
}

static inline uint64_t random_u64(struct random_source *source)
{
    uint64_t *word = source->word;
    uint64_t result = random_rotate(word[1] * 5, 7) * 9;
    uint64_t shifted = word[1] << 17;

    word[2] ^= word[0];
    word[3] ^= word[1];
    word[1] ^= word[2];
    word[0] ^= word[3];
    word[2] ^= shifted;
    word[3] = random_rotate(word[3], 45);
    return result;
}

/* 0 to @count - 1; @count at least 1. The bias of the remainder does not matter to tests. */
static inline uint64_t random_below(struct random_source *source, uint64_t count)
{
    return (random_u64(source) >> 11) % count;
}

static inline bool random_percent(struct random_source *source, unsigned percent)
{
    return random_below(source, 100) < percent;
}

#endif
