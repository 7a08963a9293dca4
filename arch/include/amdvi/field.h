/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fields of registers and table entries, and little-endian words in memory.
 *
 * A field is named by its mask and by nothing else: contiguous ones at the absolute bit position
 * that the specification prints. There is no separate shift, so the two cannot disagree.
 */
#ifndef AMDVI_FIELD_H
#define AMDVI_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#define AMDVI_BIT(n)       (UINT64_C(1) << (n))
#define AMDVI_BITS(hi, lo) ((UINT64_MAX >> (63 - (hi))) & (UINT64_MAX << (lo)))

/* A 64-bit little-endian number in memory; a struct, so that it cannot be used as a number. */
struct amdvi_le64 {
    uint8_t byte[8];
};

/* A 32-bit little-endian number in memory. */
struct amdvi_le32 {
    uint8_t byte[4];
};

/*
 * Where a processor has no instruction that counts zeros, compilers would call libgcc, which
 * kernels do not have.
 */
#if defined(__x86_64__) || defined(__aarch64__) || defined(__riscv_zbb)
#define AMDVI_COUNTS_ZEROS(word) true
#else
#define AMDVI_COUNTS_ZEROS(word) __builtin_constant_p(word)
#endif

/* As amdvi_lowest_bit(), without such an instruction. */
static inline unsigned amdvi_lowest_bit_by_halves(uint64_t word)
{
    unsigned number = 0;

    for (unsigned step = 32; step != 0; step /= 2) {
        if ((word & (AMDVI_BIT(step) - 1)) == 0) {
            word >>= step;
            number += step;
        }
    }
    return number;
}

/* As amdvi_highest_bit(), without such an instruction. */
static inline unsigned amdvi_highest_bit_by_halves(uint64_t word)
{
    unsigned number = 0;

    for (unsigned step = 32; step != 0; step /= 2) {
        if (word >> step != 0) {
            word >>= step;
            number += step;
        }
    }
    return number;
}

/* The number of the lowest bit that is set. @word is not 0. */
static inline unsigned amdvi_lowest_bit(uint64_t word)
{
    return AMDVI_COUNTS_ZEROS(word) ? (unsigned)__builtin_ctzll(word)
                                    : amdvi_lowest_bit_by_halves(word);
}

/* The number of the highest bit that is set. @word is not 0. */
static inline unsigned amdvi_highest_bit(uint64_t word)
{
    return AMDVI_COUNTS_ZEROS(word) ? 63 - (unsigned)__builtin_clzll(word)
                                    : amdvi_highest_bit_by_halves(word);
}

/* The field's value, moved down to bit 0. @field is not 0. */
static inline uint64_t amdvi_get(uint64_t word, uint64_t field)
{
    return (word & field) >> amdvi_lowest_bit(field);
}

/* @value moved up to where the field is; bits that do not fit are dropped. @field is not 0. */
static inline uint64_t amdvi_put(uint64_t field, uint64_t value)
{
    return (value << amdvi_lowest_bit(field)) & field;
}

/* Is any bit of @bits set? */
static inline bool amdvi_has(uint64_t word, uint64_t bits)
{
    return (word & bits) != 0;
}

/*
 * The bits of a register of @register_bytes (4 or 8) that an access of @size_bytes at byte @offset
 * of the block of registers covers; 0 for an access that is not naturally aligned, or of no legal
 * size.
 */
static inline uint64_t amdvi_lanes(uint64_t offset, unsigned size_bytes, unsigned register_bytes)
{
    bool is_power = size_bytes != 0 && (size_bytes & (size_bytes - 1)) == 0;

    if (!is_power || size_bytes > register_bytes || (offset & (size_bytes - 1)) != 0) {
        return 0;
    }
    unsigned low = 8 * (unsigned)(offset % register_bytes);
    return AMDVI_BITS(low + 8 * size_bytes - 1, low);
}

/* Compilers make one load of this, swapped where the host is big-endian. */
static inline uint64_t amdvi_le64_decode(const struct amdvi_le64 *wire)
{
    const uint8_t *byte = wire->byte;

    return (uint64_t)byte[0] | (uint64_t)byte[1] << 8 | (uint64_t)byte[2] << 16 |
           (uint64_t)byte[3] << 24 | (uint64_t)byte[4] << 32 | (uint64_t)byte[5] << 40 |
           (uint64_t)byte[6] << 48 | (uint64_t)byte[7] << 56;
}

/* The inverse: @value as it lies in memory. */
static inline void amdvi_le64_encode(struct amdvi_le64 *out, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        out->byte[i] = (uint8_t)(value >> (8 * i));
    }
}

/* The same for 32 bits. */
static inline uint32_t amdvi_le32_decode(const struct amdvi_le32 *wire)
{
    const uint8_t *byte = wire->byte;

    return (uint32_t)byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 |
           (uint32_t)byte[3] << 24;
}

/* The inverse: @value as it lies in memory. */
static inline void amdvi_le32_encode(struct amdvi_le32 *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        out->byte[i] = (uint8_t)(value >> (8 * i));
    }
}

#endif
