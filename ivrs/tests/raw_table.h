/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables for tests, put together byte by byte, with nothing of the library's: what a parser must
 * survive cannot come from a builder that makes no mistakes. Numbers are appended as strings of hex
 * digits, in the order in which the bytes lie in memory.
 */
#ifndef IVRS_TESTS_RAW_TABLE_H
#define IVRS_TESTS_RAW_TABLE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct raw_table {
    uint8_t bytes[12288];
    uint32_t size;
    uint32_t block; /* where the open block starts; 0 when there is none */
};

static inline uint8_t raw_digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Spaces between bytes are for the eye. */
static inline void raw_append(struct raw_table *table, const char *hex)
{
    for (; *hex != '\0'; hex++) {
        if (*hex != ' ') {
            if (table->size >= sizeof(table->bytes)) {
                abort();
            }
            table->bytes[table->size++] = (uint8_t)(raw_digit(hex[0]) << 4 | raw_digit(hex[1]));
            hex++;
        }
    }
}

/* Writes the open block's length; the block stays open. */
static inline void raw_fix_block(struct raw_table *table)
{
    if (table->block != 0) {
        uint32_t length = table->size - table->block;
        table->bytes[table->block + 2] = (uint8_t)(length & 0xff);
        table->bytes[table->block + 3] = (uint8_t)(length >> 8);
    }
}

/* Bytes from here to the next block, or the end, are one block whose length is put in. */
static inline void raw_open_block(struct raw_table *table, const char *hex)
{
    raw_fix_block(table);
    table->block = table->size;
    raw_append(table, hex);
}

static inline void raw_fix_checksum(uint8_t *bytes, uint32_t size)
{
    uint32_t sum = 0;

    bytes[9] = 0;
    for (uint32_t i = 0; i < size; i++) {
        sum += bytes[i];
    }
    bytes[9] = (uint8_t)((256 - sum % 256) % 256);
}

/* Writes length and checksum; more may be appended, and then this called again. */
static inline void raw_finish(struct raw_table *table)
{
    raw_fix_block(table);
    table->bytes[4] = (uint8_t)(table->size & 0xff);
    table->bytes[5] = (uint8_t)(table->size >> 8);
    table->bytes[6] = 0;
    table->bytes[7] = 0;
    raw_fix_checksum(table->bytes, table->size);
}

/* A header: revision 1, 64-bit virtual and 48-bit physical addresses. */
static inline void raw_start(struct raw_table *table)
{
    *table = (struct raw_table){.size = 0};
    raw_append(table, "49565253 00000000 01 00 414d44564920 5445535449565253 01000000 54455354"
                      "01000000 00302000 0000000000000000");
}

/* An IVHD of type 10h of the IOMMU 00:01.0 at FED90000h; device entries may follow. */
#define RAW_IVHD_10 "10 00 0000 0800 4000 0000d9fe00000000 0000 0000 00000000"
/* Range 0000h to 00FFh, and the IOAPIC of the south bridge. */
#define RAW_ENTRIES "03 0000 00 04 ff00 00 48 0000 00 00 a000 01"

#endif
