/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `amdvi walk`: the first line has its options, the rest is the image. As an image of a few pages
 * is mostly zeros, its first byte may be 's', with records of ten bytes behind it: the index of a
 * quadword (16 bits), and the quadword. 'e' is the same within an ELF core of two segments. Any
 * other byte is the first one of the image as it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli/out.h"
#include "tool.h"

#define MEMORY_BYTES 0x80000
#define SPLIT        0x20000 /* where the second segment of a core begins */
#define GAP          0x10000 /* between the two in the file */
#define HEADER_BYTES 0x1000
#define CORE_BYTES   (HEADER_BYTES + GAP + MEMORY_BYTES)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t image[CORE_BYTES];

static void put(uint8_t *at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        at[i] = (uint8_t)(value >> (8 * i) & 0xff);
    }
}

static void put_segment(uint8_t *header, uint64_t offset, uint64_t spa, uint64_t size)
{
    put(header, 1, 4);
    put(header + 8, offset, 8);
    put(header + 24, spa, 8);
    put(header + 32, size, 8);
}

static const char *make_image(const uint8_t *data, size_t size)
{
    if (size < 1 || (data[0] != 's' && data[0] != 'e')) {
        return tool_write(TOOL_INPUT, data, size);
    }
    bool is_core = data[0] == 'e';
    memset(image, 0, sizeof(image));
    for (size_t at = 1; at + 10 <= size; at += 10) {
        size_t index = data[at] | (size_t)data[at + 1] << 8;
        size_t offset = index * 8;
        if (is_core) {
            offset += HEADER_BYTES + (offset >= SPLIT ? (size_t)GAP : 0);
        }
        memcpy(image + offset, data + at + 2, 8);
    }
    if (!is_core) {
        return tool_write(TOOL_INPUT, image, MEMORY_BYTES);
    }
    memcpy(image, "\177ELF\2\1\1", 7);
    put(image + 32, 64, 8);
    put(image + 54, 56, 2);
    put(image + 56, 2, 2);
    put_segment(image + 64, HEADER_BYTES + GAP + SPLIT, SPLIT, MEMORY_BYTES - SPLIT);
    put_segment(image + 64 + 56, HEADER_BYTES, 0, SPLIT);
    return tool_write(TOOL_INPUT, image, CORE_BYTES);
}

/* What a listing of mappings says of an address is what a walk for it says. */
static void expect_walk(const char *line, const char *path, const json_t *range, const char *key)
{
    char longer[640];
    uint64_t iova = strtoull(cli_text(range, key), NULL, 16);
    uint64_t first = strtoull(cli_text(range, "iova"), NULL, 16);
    uint64_t spa = strtoull(cli_text(range, "spa"), NULL, 16);
    const char *access = cli_text(range, "access");
    bool can_read = strstr(access, "read") != NULL;

    if (strcmp(access, "none") == 0) {
        return;
    }
    /* The last option counts; --mappings must be gone. */
    snprintf(longer, sizeof(longer), "%s --iova 0x%llx%s", line, (unsigned long long)iova,
             can_read ? "" : " --write");
    for (char *at; (at = strstr(longer, "--mappings")) != NULL;) {
        memset(at, ' ', strlen("--mappings"));
    }
    char options[700];
    snprintf(options, sizeof(options), "--json %s", longer);
    struct tool_run run = tool_run_line(cli_walk, "walk", options, path);
    if (run.size == 0) {
        return; /* options that do not go together */
    }
    json_t *document = tool_expect_json(&run);
    if (strcmp(cli_text(document, "outcome"), "translated") == 0) {
        tool_expect(strtoull(cli_text(document, "spa"), NULL, 16) == spa + (iova - first),
                    "a walk ends where the list of mappings says");
    } else {
        /* Special ranges come before tables; and a list may go through more than one device. */
        tool_expect(strcmp(cli_text(document, "reason"), "nothing is mapped there (PR=0)") != 0,
                    "what is listed is mapped");
    }
    json_decref(document);
}

static void expect_mappings(const char *line, const char *path)
{
    struct tool_run run = tool_run_line(cli_walk, "walk", line, path);
    size_t index;
    json_t *range;

    if (run.size == 0) {
        return;
    }
    json_t *document = tool_expect_json(&run);
    json_array_foreach(json_object_get(document, "ranges"), index, range)
    {
        if (index < 2) {
            expect_walk(line + strlen("--json "), path, range, "iova");
            expect_walk(line + strlen("--json "), path, range, "last");
        }
    }
    json_decref(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[300];
    char longer[320];

    tool_take_line(line, sizeof(line), &data, &size);
    const char *path = make_image(data, size);
    struct tool_run run = tool_run_line(cli_walk, "walk", line, path);
    int status = run.status;
    bool is_plain =
        strstr(line, "--c") == NULL && strstr(line, "--j") == NULL && strstr(line, "-h") == NULL;

    if (!is_plain) {
        return 0;
    }
    tool_expect_text(&run);
    snprintf(longer, sizeof(longer), "--json %s", line);
    run = tool_run_line(cli_walk, "walk", longer, path);
    tool_expect(run.status == status, "the exit status does not depend on the form");
    if (run.size != 0) {
        json_decref(tool_expect_json(&run));
    }
    if (strstr(line, "--mappings") != NULL && strstr(line, "--domain") == NULL) {
        expect_mappings(longer, path);
    }
    return 0;
}
