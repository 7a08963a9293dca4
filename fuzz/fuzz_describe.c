/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `amdvi ivrs build` of any description. What is built from words must be found to be good, and its
 * description must give the same bytes.
 */
#define _GNU_SOURCE /* memmem */
#include <stdlib.h>
#include <string.h>

#include "../cli/out.h"
#include "tool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Builds TOOL_SECOND into TOOL_OUTPUT. */
static bool build(uint8_t **out_bytes, size_t *out_size)
{
    const char *words[] = {"ivrs", "build", tool_path(TOOL_SECOND), "--output", NULL, NULL};

    words[4] = tool_path(TOOL_OUTPUT);
    if (tool_run(cli_ivrs, words).status != 0) {
        return false;
    }
    *out_bytes = tool_read(TOOL_OUTPUT, out_size);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *table;
    uint8_t *again = NULL;
    size_t table_size;
    size_t again_size = 0;

    tool_write(TOOL_SECOND, data, size);
    if (!build(&table, &table_size)) {
        return 0;
    }
    const char *path = tool_write(TOOL_INPUT, table, table_size);
    /* Neither raw bytes, nor one that wants no south bridge, nor words that hide behind escapes. */
    if (memmem(data, size, "raw", 3) == NULL && memmem(data, size, "allow", 5) == NULL &&
        memmem(data, size, "\\", 1) == NULL) {
        const char *check[] = {"ivrs", "check", "--json", path, NULL};
        struct tool_run run = tool_run(cli_ivrs, check);
        json_t *findings = tool_expect_json(&run);
        size_t index;
        json_t *finding;
        json_array_foreach(findings, index, finding)
        {
            tool_expect(strcmp(cli_text(finding, "severity"), "error") != 0,
                        "what is built has no errors");
        }
        json_decref(findings);
    }
    const char *dump[] = {"ivrs", "dump", "--description", path, NULL};
    struct tool_run run = tool_run(cli_ivrs, dump);
    tool_expect_text(&run);
    if (run.status == 0) { /* else it is raw bytes that nobody can open */
        tool_write(TOOL_SECOND, run.text, run.size);
        tool_expect(build(&again, &again_size), "a description can be built");
        tool_expect(again_size == table_size && memcmp(again, table, table_size) == 0,
                    "a description gives the same bytes");
        free(again);
    }
    free(table);
    return 0;
}
