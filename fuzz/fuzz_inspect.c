/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `amdvi ivrs` dump, check, draw on any table, and a description of it, which must give the same
 * bytes. The first byte of the input says whether length and checksum are put right: 0 they are
 * not.
 */
#include <stdlib.h>
#include <string.h>

#include "../cli/ivrs.h"
#include "tool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tool_run run_action(const char *action, const char *option)
{
    const char *words[] = {"ivrs", action, tool_path(TOOL_INPUT), option, NULL};

    return tool_run(cli_ivrs, words);
}

static void expect_same_status(const char *action)
{
    struct tool_run run = run_action(action, NULL);
    int status = run.status;

    tool_expect_text(&run);
    run = run_action(action, "--json");
    tool_expect(run.status == status, "the exit status does not depend on the form");
    if (run.size != 0) {
        json_decref(tool_expect_json(&run));
    }
}

/* What is described and built again is the same table. */
static void expect_round_trip(const char *option, const uint8_t *bytes, size_t size)
{
    const char *words[] = {"ivrs", "dump", "--description", tool_path(TOOL_INPUT), option, NULL};
    struct tool_run run = tool_run(cli_ivrs, words);

    tool_expect_text(&run);
    if (run.status != 0) {
        return; /* it cannot be opened */
    }
    const char *build[] = {"ivrs",     "build", tool_write(TOOL_SECOND, run.text, run.size),
                           "--output", NULL,    NULL};
    build[4] = tool_path(TOOL_OUTPUT);
    size_t again_size;
    tool_expect(tool_run(cli_ivrs, build).status == 0, "a description can be built");
    uint8_t *again = tool_read(TOOL_OUTPUT, &again_size);
    tool_expect(again_size == size && memcmp(again, bytes, size) == 0,
                "a description gives the same bytes");
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    bool is_sealed = data[0] != 0 && size > 48 && size < AMDVI_IVRS_TABLE_BYTES_MAX;
    uint8_t *bytes = (uint8_t *)malloc(size);
    if (bytes == NULL) {
        return 0;
    }
    memcpy(bytes, data + 1, size - 1);
    if (is_sealed) {
        memcpy(bytes, "IVRS", 4);
        bytes[8] = bytes[8] == 1 ? 1 : 2;
        cli_ivrs_seal(bytes, (uint32_t)(size - 1));
    }
    tool_write(TOOL_INPUT, bytes, size - 1);
    expect_same_status("dump");
    expect_same_status("check");
    expect_same_status("draw");
    if (is_sealed) {
        expect_round_trip(NULL, bytes, size - 1);
        expect_round_trip("--json", bytes, size - 1);
    }
    free(bytes);
    return 0;
}
