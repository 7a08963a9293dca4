/* SPDX-License-Identifier: BSD-2-Clause */
/* Running the tool's subcommands within the fuzzer's process. */
#define _GNU_SOURCE /* memfd_create */
#include "tool.h"

#include <getopt.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LINE_MAX_BYTES 512

int LLVMFuzzerInitialize(int *argc, char ***argv);

static int files[TOOL_FILE_COUNT];
static char paths[TOOL_FILE_COUNT][32];
static int printed = -1;  /* behind standard output */
static int findings = -1; /* standard error before the fuzzer took it away */

static void prepare(void)
{
    if (printed >= 0) {
        return;
    }
    findings = dup(STDERR_FILENO);
    printed = memfd_create("printed", 0);
    for (unsigned i = 0; i < TOOL_FILE_COUNT; i++) {
        files[i] = memfd_create("input", 0);
        snprintf(paths[i], sizeof(paths[i]), "/proc/self/fd/%d", files[i]);
        tool_expect(files[i] >= 0, "there are files in memory");
    }
    fflush(stdout);
    tool_expect(dup2(printed, STDOUT_FILENO) >= 0 && dup2(files[TOOL_STDIN], STDIN_FILENO) >= 0,
                "standard input and output are files");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    prepare();
    return 0;
}

void tool_expect(bool held, const char *sentence)
{
    if (!held) {
        dprintf(findings >= 0 ? findings : STDERR_FILENO, "FINDING: not so: %s\n", sentence);
        abort();
    }
}

static void fill(int file, const void *bytes, size_t size)
{
    bool is_done = ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0 &&
                   pwrite(file, bytes, size, 0) == (ssize_t)size;

    tool_expect(is_done, "files in memory can be written");
}

const char *tool_write(enum tool_file file, const void *bytes, size_t size)
{
    prepare();
    fill(files[file], bytes, size);
    return paths[file];
}

const char *tool_path(enum tool_file file)
{
    prepare();
    return paths[file];
}

static uint8_t *read_whole(int file, size_t *out_size)
{
    off_t end = lseek(file, 0, SEEK_END);
    uint8_t *bytes = (uint8_t *)malloc((size_t)end + 1);

    tool_expect(end >= 0 && bytes != NULL && pread(file, bytes, (size_t)end, 0) == end,
                "files in memory can be read");
    bytes[end] = '\0';
    *out_size = (size_t)end;
    return bytes;
}

uint8_t *tool_read(enum tool_file file, size_t *out_size)
{
    prepare();
    return read_whole(files[file], out_size);
}

struct tool_run tool_run(tool_command *command, const char *const *words)
{
    static uint8_t *text;
    char *argv[TOOL_WORDS_MAX + 1];
    struct tool_run run;
    int argc = 0;

    prepare();
    for (; words[argc] != NULL && argc < TOOL_WORDS_MAX; argc++) {
        argv[argc] = strdup(words[argc]); /* getopt_long() moves them about */
    }
    argv[argc] = NULL;
    char *kept[TOOL_WORDS_MAX + 1];
    memcpy(kept, argv, sizeof(argv));
    fill(printed, "", 0);
    lseek(files[TOOL_STDIN], 0, SEEK_SET);
    lseek(STDIN_FILENO, 0, SEEK_SET);
    __fpurge(stdin);
    clearerr(stdin);
    optind = 0;
    run.status = command(argc, argv);
    fflush(stdout);
    for (int i = 0; i < argc; i++) {
        free(kept[i]);
    }
    free(text);
    text = read_whole(printed, &run.size);
    run.text = (const char *)text;
    tool_expect(run.status >= 0 && run.status <= 2, "the exit status is 0, 1 or 2");
    return run;
}

struct tool_run tool_run_line(tool_command *command, const char *first, const char *line,
                              const char *last)
{
    const char *words[TOOL_WORDS_MAX + 1] = {first};
    char copy[LINE_MAX_BYTES];
    char *rest = NULL;
    size_t count = 1;

    snprintf(copy, sizeof(copy), "%s", line);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL && count < TOOL_WORDS_MAX - 1;
         word = strtok_r(NULL, " ", &rest)) {
        words[count++] = word;
    }
    words[count] = last;
    return tool_run(command, words);
}

void tool_expect_text(const struct tool_run *run)
{
    json_t *string = json_stringn(run->text, run->size);

    tool_expect(string != NULL, "what is printed is UTF-8");
    json_decref(string);
    for (size_t i = 0; i < run->size; i++) {
        unsigned char c = (unsigned char)run->text[i];
        unsigned char next = (unsigned char)run->text[i + 1];
        bool is_c1 = c == 0xc2 && next >= 0x80 && next < 0xa0;
        tool_expect((c >= 0x20 || c == '\n' || c == '\t') && c != 0x7f && !is_c1,
                    "what is printed has no control characters");
    }
}

json_t *tool_expect_json(const struct tool_run *run)
{
    json_t *document = json_loadb(run->text, run->size, 0, NULL);

    tool_expect(document != NULL, "what is printed is JSON");
    return document;
}

void tool_take_line(char *line, size_t room, const uint8_t **data, size_t *size)
{
    size_t length = 0;

    while (length < *size && (*data)[length] != '\n') {
        length++;
    }
    size_t kept = length < room - 1 ? length : room - 1;
    for (size_t i = 0; i < kept; i++) {
        line[i] = (*data)[i] != '\0' ? (char)(*data)[i] : ' ';
    }
    line[kept] = '\0';
    length += length < *size ? 1 : 0;
    *data += length;
    *size -= length;
}
