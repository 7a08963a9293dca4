/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzz targets of the command-line tool share: a subcommand is run as the shell runs it,
 * with files that are not on any disk, and what it prints is judged.
 */
#ifndef FUZZ_TOOL_H
#define FUZZ_TOOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOOL_WORDS_MAX 24

enum tool_file { TOOL_STDIN, TOOL_INPUT, TOOL_SECOND, TOOL_OUTPUT, TOOL_FILE_COUNT };

struct tool_run {
    int status;
    const char *text; /* what it printed, with a NUL behind it; until the next run */
    size_t size;
};

typedef int tool_command(int argc, char **argv);

/* Ends the program, with a sentence, unless @held. */
void tool_expect(bool held, const char *sentence);

/* Puts bytes into a file; returns its path, which stays as it is. */
const char *tool_write(enum tool_file file, const void *bytes, size_t size);
const char *tool_path(enum tool_file file);

/* The bytes of a file; the caller frees them. */
uint8_t *tool_read(enum tool_file file, size_t *out_size);

/* @words ends with NULL, and starts with the name of the subcommand. */
struct tool_run tool_run(tool_command *command, const char *const *words);

/* The words of @line, separated by spaces, behind @first; @last (or NULL) comes behind them. */
struct tool_run tool_run_line(tool_command *command, const char *first, const char *line,
                              const char *last);

/* A terminal may show it: no control characters but ends of lines and tabs, and UTF-8. */
void tool_expect_text(const struct tool_run *run);

/* It is one JSON document. The caller releases it. */
json_t *tool_expect_json(const struct tool_run *run);

/*
 * The first line of the input without its end, at most @room - 1 bytes of it, with no NUL; @data
 * and
 * @size become what follows.
 */
void tool_take_line(char *line, size_t room, const uint8_t **data, size_t *size);

#endif
