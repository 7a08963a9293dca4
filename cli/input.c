/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading: files, numbers, names of devices. */
#include "out.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More of @file, until its end or @limit. NULL when memory is short. */
static char *read_all(FILE *file, size_t limit, size_t *out_size)
{
    size_t room = 65536;
    size_t size = 0;
    char *bytes = malloc(room + 1);

    while (bytes != NULL) {
        size += fread(bytes + size, 1, room - size, file);
        if (size < room || size > limit) {
            break;
        }
        room *= 2;
        char *more = realloc(bytes, room + 1);
        if (more == NULL) {
            free(bytes);
        }
        bytes = more;
    }
    if (bytes != NULL) {
        bytes[size] = '\0';
    }
    *out_size = size;
    return bytes;
}

char *cli_read_file(const char *path, size_t limit, size_t *out_size)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "rb");

    if (file == NULL) {
        cli_complain("%s: %s", path, strerror(errno));
        return NULL;
    }
    errno = 0;
    char *bytes = read_all(file, limit, out_size);
    bool has_failed = ferror(file) != 0;
    int reason = errno;
    if (!is_stdin) {
        fclose(file);
    }
    if (bytes != NULL && !has_failed && *out_size <= limit) {
        return bytes;
    }
    if (bytes == NULL) {
        cli_complain("%s: there is not enough memory", path);
    } else if (has_failed) {
        cli_complain("%s: %s", path, strerror(reason));
    } else {
        cli_complain("%s: more than %zu bytes", path, limit);
    }
    free(bytes);
    return NULL;
}

const char *cli_device_text(char *text, unsigned segment, unsigned device_id)
{
    int at = 0;

    if (segment != 0) {
        at = snprintf(text, 16, "%04x:", segment & 0xffff);
    }
    snprintf(text + at, (size_t)(16 - at), "%02x:%02x.%x", device_id >> 8 & 0xff,
             device_id >> 3 & 0x1f, device_id & 7);
    return text;
}

static bool parse_digits(const char *text, int base, uint64_t max, uint64_t *out)
{
    char *end;

    if (isxdigit((unsigned char)*text) == 0) {
        return false;
    }
    errno = 0;
    unsigned long long value = strtoull(text, &end, base);
    if (errno != 0 || *end != '\0' || value > max) {
        return false;
    }
    *out = value;
    return true;
}

bool cli_number_parse(const char *text, uint64_t max, uint64_t *out)
{
    bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');

    return is_hex ? cli_hex_number_parse(text, max, out) : parse_digits(text, 10, max, out);
}

bool cli_hex_number_parse(const char *text, uint64_t max, uint64_t *out)
{
    char digits[20];
    size_t count = 0;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        text += 2;
    }
    for (; *text != '\0'; text++) {
        if (*text == '_' && count != 0) {
            continue;
        }
        if (isxdigit((unsigned char)*text) == 0 || count >= sizeof(digits) - 1) {
            return false;
        }
        digits[count++] = *text;
    }
    digits[count] = '\0';
    return parse_digits(digits, 16, max, out);
}

bool cli_device_parse(const char *text, unsigned *out_segment, unsigned *out_device_id)
{
    unsigned part[4];
    int end = -1;
    uint64_t number;

    if (strlen(text) > 12) {
        return false;
    }
    if (strchr(text, ':') == NULL) {
        if (strncmp(text, "0x", 2) != 0 || !cli_hex_number_parse(text, 0xffff, &number)) {
            return false;
        }
        *out_segment = 0;
        *out_device_id = (unsigned)number;
        return true;
    }
    /* Widths bound the numbers. NOLINTBEGIN(cert-err34-c) */
    if (sscanf(text, "%4x:%2x:%2x.%1x%n", &part[0], &part[1], &part[2], &part[3], &end) != 4 ||
        end < 0 || text[end] != '\0') {
        end = -1;
        part[0] = 0;
        if (sscanf(text, "%2x:%2x.%1x%n", &part[1], &part[2], &part[3], &end) != 3 || end < 0 ||
            text[end] != '\0') {
            return false;
        }
    }
    /* NOLINTEND(cert-err34-c) */
    if (part[2] > 0x1f || part[3] > 7) {
        return false;
    }
    *out_segment = part[0];
    *out_device_id = part[1] << 8 | part[2] << 3 | part[3];
    return true;
}
