/* SPDX-License-Identifier: BSD-2-Clause */
/* amdvi ivrs build: from a tree to the bytes of a table. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ivrs.h"

void cli_ivrs_seal(uint8_t *bytes, uint32_t size_bytes)
{
    uint8_t sum = 0;

    for (unsigned i = 0; i < 4; i++) {
        bytes[4 + i] = (uint8_t)(size_bytes >> (8 * i) & 0xff);
    }
    bytes[9] = 0;
    for (uint32_t i = 0; i < size_bytes; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    bytes[9] = (uint8_t)(0x100 - sum);
}

static uint32_t refuse(char *error, size_t error_size, const char *why)
{
    snprintf(error, error_size, "%s", why);
    return 0;
}

static bool push_hex(uint8_t *bytes, uint32_t *size, const char *hex)
{
    while (*hex != '\0') {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        char pair[3] = {hex[0], hex[1], '\0'};
        if (isxdigit((unsigned char)pair[0]) == 0 || isxdigit((unsigned char)pair[1]) == 0 ||
            *size >= AMDVI_IVRS_TABLE_BYTES_MAX) {
            return false;
        }
        bytes[(*size)++] = (uint8_t)strtoul(pair, NULL, 16);
        hex += 2;
    }
    return true;
}

/* Bytes that somebody else vouches for; only length and checksum are put in. */
static uint32_t build_raw(const json_t *list, uint8_t *bytes, char *error, size_t error_size)
{
    uint32_t size = 0;
    size_t index;
    json_t *item;

    json_array_foreach(list, index, item)
    {
        const char *hex = json_string_value(json_object_get(item, "bytes"));
        if (hex == NULL || !push_hex(bytes, &size, hex)) {
            return refuse(error, error_size,
                          "raw: a list of parts is wanted, each with 'bytes' in hexadecimal");
        }
    }
    if (size < 48) {
        return refuse(error, error_size, "raw: there is not even a header");
    }
    cli_ivrs_seal(bytes, size);
    return size;
}

static uint32_t build_described(const json_t *tree, uint8_t *bytes, char *error, size_t error_size)
{
    struct cli_ivrs_description description;
    struct amdvi_ivrs_refusal refusal;
    uint32_t size = 0;

    if (cli_ivrs_read(&description, tree, error, error_size)) {
        enum amdvi_ivrs_status status = amdvi_ivrs_build(
            &description.description, bytes, AMDVI_IVRS_TABLE_BYTES_MAX, &size, &refusal);
        if (status != AMDVI_IVRS_OK) {
            char at[64] = "";
            size = 0;
            if (refusal.memory_index != AMDVI_IVRS_NO_INDEX) {
                snprintf(at, sizeof(at), "reserved_memory[%u]: ", refusal.memory_index);
            } else if (refusal.device_index != AMDVI_IVRS_NO_INDEX) {
                snprintf(at, sizeof(at), "iommus[%u].devices[%u]: ", refusal.unit_index,
                         refusal.device_index);
            } else if (refusal.unit_index != AMDVI_IVRS_NO_INDEX) {
                snprintf(at, sizeof(at), "iommus[%u]: ", refusal.unit_index);
            }
            snprintf(error, error_size, "%s%s", at, amdvi_ivrs_status_text(status));
        }
    }
    cli_ivrs_description_free(&description);
    return size;
}

uint32_t cli_ivrs_build_tree(const json_t *tree, uint8_t **out_bytes, char *error,
                             size_t error_size)
{
    const json_t *raw = json_object_get(tree, "raw");
    uint8_t *bytes = calloc(1, AMDVI_IVRS_TABLE_BYTES_MAX);

    if (bytes == NULL) {
        return refuse(error, error_size, "there is not enough memory");
    }
    uint32_t size = raw != NULL ? build_raw(raw, bytes, error, error_size)
                                : build_described(tree, bytes, error, error_size);
    if (size == 0) {
        free(bytes);
        bytes = NULL;
    }
    *out_bytes = bytes;
    return size;
}
