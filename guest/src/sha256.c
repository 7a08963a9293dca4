/* SPDX-License-Identifier: BSD-2-Clause */

/* SHA-256 as FIPS 180-4 describes it. */
#include "sha256.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/*
 * Only general registers: under QEMU's software CPU on a busy host, sums came out wrong now and
 * then although the bytes were right, which points to vector registers not surviving an interrupt.
 * A check of the disk must not depend on them.
 */
#ifndef __clang__
#pragma GCC target("general-regs-only")
#endif

enum { BLOCK_BYTES = 64, WORDS = 8, ROUNDS = 64 };

static const uint32_t round_constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate_right(uint32_t value, unsigned count)
{
    return (value >> count) | (value << (32 - count));
}

static uint32_t load_big_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void expand_block(const unsigned char *block, uint32_t schedule[ROUNDS])
{
    for (int i = 0; i < 16; i++) {
        schedule[i] = load_big_endian(block + 4 * i);
    }
    for (int i = 16; i < ROUNDS; i++) {
        uint32_t a = schedule[i - 15];
        uint32_t b = schedule[i - 2];
        uint32_t sigma0 = rotate_right(a, 7) ^ rotate_right(a, 18) ^ (a >> 3);
        uint32_t sigma1 = rotate_right(b, 17) ^ rotate_right(b, 19) ^ (b >> 10);
        schedule[i] = schedule[i - 16] + sigma0 + schedule[i - 7] + sigma1;
    }
}

static void add_block(uint32_t state[WORDS], const unsigned char *block)
{
    uint32_t schedule[ROUNDS];
    uint32_t s[WORDS];

    expand_block(block, schedule);
    memcpy(s, state, sizeof(s));
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t sum1 = rotate_right(s[4], 6) ^ rotate_right(s[4], 11) ^ rotate_right(s[4], 25);
        uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
        uint32_t first = s[7] + sum1 + choice + round_constants[i] + schedule[i];
        uint32_t sum0 = rotate_right(s[0], 2) ^ rotate_right(s[0], 13) ^ rotate_right(s[0], 22);
        uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        memmove(s + 1, s, sizeof(s) - sizeof(s[0]));
        s[4] += first;
        s[0] = first + sum0 + majority;
    }
    for (int i = 0; i < WORDS; i++) {
        state[i] += s[i];
    }
}

void sha256_text(const void *bytes, size_t count, char text[SHA256_TEXT_BYTES])
{
    uint32_t state[WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                             0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    unsigned char last[2 * BLOCK_BYTES] = {0};
    const unsigned char *next = bytes;
    size_t rest = count % BLOCK_BYTES;
    size_t last_bytes = rest + 9 <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;

    for (size_t i = 0; i < count / BLOCK_BYTES; i++, next += BLOCK_BYTES) {
        add_block(state, next);
    }
    memcpy(last, next, rest);
    last[rest] = 0x80;
    for (unsigned i = 0; i < 8; i++) {
        last[last_bytes - 1 - i] = (unsigned char)((uint64_t)count * 8 >> (8 * i));
    }
    for (size_t i = 0; i < last_bytes; i += BLOCK_BYTES) {
        add_block(state, last + i);
    }
    for (int i = 0; i < WORDS; i++) {
        snprintf(text + 8 * i, 9, "%08x", state[i]);
    }
}
