/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `amdvi decode`: the first line is what to decode, with its options and words; the rest comes from
 * standard input.
 */
#include <stdio.h>
#include <string.h>

#include "../cli/out.h"
#include "tool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One word of 64 bits in, the same word out. */
static void expect_words(const json_t *document)
{
    size_t index;
    json_t *entry;

    json_array_foreach(document, index, entry)
    {
        tool_expect(json_array_size(json_object_get(entry, "words")) != 0,
                    "what is decoded has words");
        tool_expect(json_is_array(json_object_get(entry, "fields")), "and a list of fields");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[400];

    tool_take_line(line, sizeof(line), &data, &size);
    tool_write(TOOL_STDIN, data, size);
    struct tool_run run = tool_run_line(cli_decode, "decode", line, NULL);
    int status = run.status;
    bool is_plain = strstr(line, "-") == NULL; /* no options that print something else */
    if (is_plain) {
        tool_expect_text(&run);
    }
    run = tool_run_line(cli_decode, "decode", line, "--json");
    if (is_plain) {
        tool_expect(run.status == status, "the exit status does not depend on the form");
    }
    if (is_plain && run.size != 0) {
        json_t *document = tool_expect_json(&run);
        expect_words(document);
        json_decref(document);
    }
    return 0;
}
