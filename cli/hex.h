/* SPDX-License-Identifier: BSD-2-Clause */
/* Words in hexadecimal as kernel logs, debuggers and people write them. */
#ifndef AMDVI_CLI_HEX_H
#define AMDVI_CLI_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLI_HEX_WORDS_MAX 4096

struct cli_hex {
    bool is_bytes; /* for the caller to set: digits are bytes, two each, and in their order */
    size_t count;
    unsigned digits_max;  /* the longest word, as written */
    size_t quads;         /* words of four digits, without 0x */
    size_t offset_digits; /* of what stands before the words in the last line */
    uint64_t word[CLI_HEX_WORDS_MAX];
    char error[160]; /* why something was refused */
};

/*
 * Adds what is in @text, of any number of lines. Of a line only what follows its last label counts
 * ("DTE[0]: ", "0000000012345000: ") or the offset that hexdump and od print, and not the
 * characters behind the words of a dump. A word is hexadecimal digits with or without 0x, h and _;
 * one of more than 16 digits is several, whose lowest comes last, and needs 0x, h or _: without,
 * it may as well be bytes in memory (xxd -p), and is refused. Colons without a space separate.
 */
bool cli_hex_parse(struct cli_hex *hex, const char *text);

/*
 * The words as bytes in memory, for entries of @entry_bytes. The words' size is what makes whole
 * entries: 1, 4 or 8 bytes, whichever holds the longest word first. Returns the number of entries
 * in @bytes, which has room for 8 * CLI_HEX_WORDS_MAX; 0 after writing the error.
 */
size_t cli_hex_entries(struct cli_hex *hex, size_t entry_bytes, uint8_t *bytes);

#endif
