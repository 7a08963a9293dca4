/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as an IVRS. The checksum is put right first: the fuzzer would spend its time on finding
 * it, and a hostile table has a good one. Aborts when the library breaks a promise of its
 * interface; the sanitizers see the rest.
 *
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -Iivrs/include -Iivrs/tests, with
 * all of ivrs/src.
 */
#include <stdlib.h>
#include <string.h>

#include "walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The length field's own checksum, when the length lies within the bytes. */
static void fix_checksum(uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;

    if (size < 48) {
        return;
    }
    uint32_t length =
        bytes[4] | (uint32_t)bytes[5] << 8 | (uint32_t)bytes[6] << 16 | (uint32_t)bytes[7] << 24;
    if (length > size) {
        return;
    }
    bytes[9] = 0;
    for (uint32_t i = 0; i < length; i++) {
        sum = (uint8_t)((sum + bytes[i]) & 0xff);
    }
    bytes[9] = (uint8_t)((0x100 - sum) & 0xff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct walk walk;
    uint8_t *exact = (uint8_t *)malloc(size != 0 ? size : 1);

    if (exact == NULL) {
        return 0;
    }
    memcpy(exact, data, size);
    fix_checksum(exact, size);
    if (!walk_table(&walk, exact, size)) {
        abort();
    }
    free(exact);
    return 0;
}
