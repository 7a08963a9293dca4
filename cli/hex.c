/* SPDX-License-Identifier: BSD-2-Clause */
/* Words in hexadecimal: tokens, and their order in memory. */
#include "hex.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TOKEN_MAX (2 * CLI_HEX_WORDS_MAX + 1) /* all that there may be, in one dump of bytes */

static bool refuse(struct cli_hex *hex, const char *why, const char *token)
{
    snprintf(hex->error, sizeof(hex->error), "%s: '%.40s'", why, token);
    return false;
}

static bool push(struct cli_hex *hex, const char *digits, size_t count)
{
    uint64_t value = 0;

    if (hex->count >= CLI_HEX_WORDS_MAX) {
        return refuse(hex, "there are too many words", digits);
    }
    for (size_t i = 0; i < count; i++) {
        unsigned char c = (unsigned char)tolower((unsigned char)digits[i]);
        value = value << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    hex->word[hex->count++] = value;
    return true;
}

/* Digits as bytes; a byte of its own may have one digit. */
static bool push_bytes(struct cli_hex *hex, const char *digits, size_t count)
{
    if (count > 1 && count % 2 != 0) {
        return refuse(hex, "bytes have two digits each", digits);
    }
    for (size_t i = 0; i < count; i += 2) {
        if (!push(hex, digits + i, count == 1 ? 1 : 2)) {
            return false;
        }
    }
    return true;
}

/* One word of digits only; the lowest part of a long one is its last, and comes first in memory. */
static bool push_digits(struct cli_hex *hex, const char *digits, size_t count)
{
    if (count > hex->digits_max) {
        hex->digits_max = count > 16 ? 16 : (unsigned)count;
    }
    if (hex->is_bytes) {
        return push_bytes(hex, digits, count);
    }
    while (count > 16) {
        count -= 16;
        if (!push(hex, digits + count, 16)) {
            return false;
        }
    }
    return push(hex, digits, count);
}

/*
 * A token without spaces. Words of a log that are no numbers are left out; what starts as a number
 * and is none is refused, since leaving out a mistyped word would move all that follow.
 */
static bool take_token(struct cli_hex *hex, char *token)
{
    char digits[TOKEN_MAX];
    size_t count = 0;
    char *equals = strrchr(token, '=');

    if (equals != NULL) {
        token = equals + 1;
    }
    bool is_prefixed = token[0] == '0' && (token[1] == 'x' || token[1] == 'X');
    bool is_number = is_prefixed; /* and no dump */
    for (const char *c = token + (is_prefixed ? 2 : 0); *c != '\0'; c++) {
        bool is_suffix = (*c == 'h' || *c == 'H') && c[1] == '\0' && count != 0;
        if (*c == '_' || is_suffix) {
            is_number = true;
            continue;
        }
        if (isxdigit((unsigned char)*c) == 0) {
            return isdigit((unsigned char)token[0]) == 0 ||
                   refuse(hex, "this is not hexadecimal", token);
        }
        digits[count++] = *c;
    }
    digits[count] = '\0';
    if (hex->is_bytes && is_number && count > 2) {
        return refuse(hex, "this is a number and not bytes", token);
    }
    if (!hex->is_bytes && !is_number && count > 16) {
        return refuse(hex, "a number of more than 16 digits needs 0x, bytes of memory need --bytes",
                      token);
    }
    hex->quads += !is_prefixed && count == 4 ? 1 : 0;
    if (is_prefixed && hex->digits_max < 3) {
        hex->digits_max = 3; /* nobody writes the bytes of a dump with 0x */
    }
    return count == 0 || push_digits(hex, digits, count);
}

/* Where the numbers of a line begin: behind a time stamp and the last label. */
static const char *line_start(const char *line, size_t length)
{
    const char *start = line;
    const char *end = line + length;

    for (const char *c = line; c + 1 < end; c++) {
        if ((c[0] == ':' || c[0] == ']') && (c[1] == ' ' || c[1] == '\t')) {
            start = c + 1;
        }
    }
    return start;
}

/*
 * Where they end: before the same bytes as characters, which a dump puts behind two spaces and, if
 * its lines have no label (@is_labelled), a mark.
 */
static const char *line_end(const char *start, const char *end, bool is_labelled)
{
    while (start < end && (*start == ' ' || *start == '\t')) {
        start++;
    }
    for (const char *c = start; c + 2 < end; c++) {
        if (c[0] == ' ' && c[1] == ' ' && (is_labelled || c[2] == '|' || c[2] == '>')) {
            return c;
        }
    }
    return end;
}

/* The next token from *@at on; "" at the end, NULL when it is too long. */
static const char *next_token(const char **at, const char *end, char token[TOKEN_MAX])
{
    static const char separators[] = " \t\r,;:[](){}|";
    const char *c = *at;
    size_t size = 0;

    while (c < end && strchr(separators, *c) != NULL) {
        c++;
    }
    while (c < end && strchr(separators, *c) == NULL) {
        if (size + 1 >= TOKEN_MAX) {
            return NULL;
        }
        token[size++] = *c++;
    }
    token[size] = '\0';
    *at = c;
    return token;
}

/*
 * The digits of the offset that a dump (hexdump, od) has put before the words of the line, which
 * are all of one length and its own is another; 0 when there is none.
 */
static size_t offset_digits(const struct cli_hex *hex, const char *start, const char *end)
{
    char token[TOKEN_MAX];
    size_t first = 0;
    size_t others = 0;
    size_t count = 0;

    for (; next_token(&start, end, token) != NULL && token[0] != '\0'; count++) {
        size_t length = strspn(token, "0123456789abcdefABCDEF");
        if (token[length] != '\0' || (count > 1 && length != others)) {
            return 0;
        }
        first = count == 0 ? length : first;
        others = count == 1 ? length : others;
    }
    bool is_last = count == 1 && first == hex->offset_digits; /* it ends with an offset alone */
    return first >= 6 && (is_last || (count > 2 && first != others && others % 2 == 0)) ? first : 0;
}

/* "*": hexdump and od leave out what is as the line before. */
static bool is_gap(const char *line, size_t length)
{
    size_t blanks = strspn(line, " ");

    return length > blanks && line[blanks] == '*' &&
           strspn(line + blanks + 1, " \r") + 1 == length - blanks;
}

static bool parse_line(struct cli_hex *hex, const char *line, size_t length)
{
    const char *at = line_start(line, length);
    const char *end = line_end(at, line + length, at != line);
    char token[TOKEN_MAX];

    if (is_gap(line, length)) {
        return refuse(hex, "lines were left out, which the option -v of the dump prints", "*");
    }
    hex->offset_digits = at == line ? offset_digits(hex, at, end) : 0;
    if (hex->offset_digits != 0) {
        (void)next_token(&at, end, token);
    }
    while (next_token(&at, end, token) != NULL) {
        if (token[0] == '\0') {
            return true;
        }
        if (!take_token(hex, token)) {
            return false;
        }
    }
    return refuse(hex, "this is too long for a word", at);
}

bool cli_hex_parse(struct cli_hex *hex, const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        if (!parse_line(hex, text, length)) {
            return false;
        }
        text += length;
        text += *text == '\n' ? 1 : 0;
    }
    return true;
}

size_t cli_hex_entries(struct cli_hex *hex, size_t entry_bytes, uint8_t *bytes)
{
    static const unsigned sizes[] = {1, 4, 8};
    unsigned smallest = hex->is_bytes ? 1 : (hex->digits_max + 1) / 2;

    if (hex->count == 0) {
        snprintf(hex->error, sizeof(hex->error), "there is no number in it");
        return 0;
    }
    if (!hex->is_bytes && hex->quads == hex->count && hex->count * 2 % entry_bytes == 0) {
        snprintf(hex->error, sizeof(hex->error),
                 "nobody knows the order of the bytes in words of 16 bits; od -tx1 prints bytes, "
                 "and with --bytes xxd's are read");
        return 0;
    }
    for (unsigned i = 0; i < (hex->is_bytes ? 1 : 3); i++) {
        if (sizes[i] < smallest || hex->count * sizes[i] % entry_bytes != 0) {
            continue;
        }
        for (size_t w = 0; w < hex->count; w++) {
            for (unsigned b = 0; b < sizes[i]; b++) {
                bytes[w * sizes[i] + b] = (uint8_t)(hex->word[w] >> (8 * b) & 0xff);
            }
        }
        return hex->count * sizes[i] / entry_bytes;
    }
    if (hex->is_bytes) {
        snprintf(hex->error, sizeof(hex->error), "%zu byte%s; %zu are wanted", hex->count,
                 hex->count == 1 ? "" : "s", entry_bytes);
        return 0;
    }
    snprintf(hex->error, sizeof(hex->error),
             "%zu word%s of up to %u digits; %zu bytes are wanted, or %zu words of 32 bits%s",
             hex->count, hex->count == 1 ? "" : "s", hex->digits_max, entry_bytes, entry_bytes / 4,
             entry_bytes == 8 ? ", or one of 64" : ", or half as many of 64");
    return 0;
}
