/* SPDX-License-Identifier: BSD-2-Clause */
/* Printing: tables, paragraphs, JSON, complaints. */
#include "out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_COLUMNS 100

void cli_out_init(struct cli_out *out)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    bool is_wanted = no_colour == NULL || no_colour[0] == '\0';
    bool is_shown = terminal != NULL && strcmp(terminal, "dumb") != 0;

    out->json = false;
    out->colour = isatty(STDOUT_FILENO) == 1 && is_wanted && is_shown;
}

static enum cli_option_end choose_colour(struct cli_out *out, const char *when)
{
    if (strcmp(when, "auto") == 0) {
        return CLI_OPTIONS_GO_ON;
    }
    if (strcmp(when, "always") != 0 && strcmp(when, "never") != 0) {
        cli_complain("--color is always, never or auto");
        return CLI_OPTIONS_BAD;
    }
    out->colour = strcmp(when, "always") == 0;
    return CLI_OPTIONS_GO_ON;
}

enum cli_option_end cli_common_option(struct cli_out *out, int option)
{
    switch (option) {
    case CLI_OPTION_JSON:
        out->json = true;
        return CLI_OPTIONS_GO_ON;
    case CLI_OPTION_COLOUR:
        return choose_colour(out, optarg);
    case 'h':
        return CLI_OPTIONS_HELP;
    default:
        return CLI_OPTIONS_BAD; /* getopt_long() has said why */
    }
}

int cli_usage_end(enum cli_option_end end, const char *command, void (*usage)(void))
{
    if (end == CLI_OPTIONS_HELP) {
        usage();
        return cli_flush() ? CLI_FINE : CLI_FINDINGS;
    }
    cli_complain("called wrongly; %s --help says how", command);
    return CLI_USAGE;
}

void cli_complain(const char *format, ...)
{
    char text[512];
    va_list arguments;

    fflush(stdout);
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    /* It may quote what is being read, and a terminal may obey that. */
    for (char *c = text; *c != '\0'; c++) {
        if ((*c >= 0 && *c < 0x20) || *c == 0x7f) {
            *c = '?';
        }
    }
    fprintf(stderr, "amdvi: %s\n", text);
}

void cli_colour(const struct cli_out *out, enum cli_colour colour)
{
    static const char *const codes[] = {
        [CLI_PLAIN] = "\033[0m", [CLI_BOLD] = "\033[1m",    [CLI_DIM] = "\033[2m",
        [CLI_RED] = "\033[31m",  [CLI_YELLOW] = "\033[33m",
    };

    if (out->colour) {
        fputs(codes[colour], stdout);
    }
}

bool cli_flush(void)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        cli_complain("cannot write to standard output");
        return false;
    }
    return true;
}

bool cli_print_json(json_t *document)
{
    bool is_printed = document != NULL &&
                      json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0;

    json_decref(document);
    if (!is_printed) {
        cli_complain("cannot write JSON");
        return false;
    }
    putchar('\n');
    return cli_flush();
}

/* Columns that a string takes on a terminal: bytes that do not continue a character of UTF-8. */
static unsigned text_columns(const char *text)
{
    unsigned columns = 0;

    for (; *text != '\0'; text++) {
        columns += (*text & 0xc0) != 0x80 ? 1 : 0;
    }
    return columns;
}

static unsigned column_width(const json_t *rows, const struct cli_column *column)
{
    unsigned width = 0;
    size_t index;
    json_t *row;

    json_array_foreach(rows, index, row)
    {
        unsigned columns = text_columns(cli_text(row, column->key));
        width = columns > width ? columns : width;
    }
    unsigned heading = text_columns(column->heading);
    return width != 0 && heading > width ? heading : width;
}

static void print_row(const json_t *row, const struct cli_column *columns, const unsigned *widths,
                      unsigned indent)
{
    unsigned at = indent;
    unsigned gap = indent;

    for (unsigned i = 0; columns[i].key != NULL; i++) {
        const char *text = row != NULL ? cli_text(row, columns[i].key) : columns[i].heading;
        bool is_last = columns[i + 1].key == NULL;
        if (widths[i] == 0) {
            continue;
        }
        if (*text != '\0') {
            printf("%*s", (int)gap, "");
            gap = 0;
        }
        if (is_last) {
            cli_print_wrapped(text, at, at);
            continue;
        }
        fputs(text, stdout);
        gap += widths[i] - text_columns(text) + 2;
        at += widths[i] + 2;
    }
    putchar('\n');
}

static enum cli_colour row_colour(const json_t *row)
{
    const char *mark = cli_text(row, "mark");

    if (strcmp(mark, "bad") == 0) {
        return CLI_RED;
    }
    return strcmp(mark, "note") == 0 ? CLI_YELLOW : CLI_PLAIN;
}

void cli_print_table(const struct cli_out *out, const json_t *rows,
                     const struct cli_column *columns, unsigned indent)
{
    unsigned widths[8] = {0};
    size_t index;
    json_t *row;

    if (json_array_size(rows) == 0) {
        return;
    }
    for (unsigned i = 0; columns[i].key != NULL && i < 8; i++) {
        widths[i] = column_width(rows, &columns[i]);
    }
    if (columns[0].heading[0] != '\0') {
        cli_colour(out, CLI_DIM);
        print_row(NULL, columns, widths, indent);
        cli_colour(out, CLI_PLAIN);
    }
    json_array_foreach(rows, index, row)
    {
        enum cli_colour colour = row_colour(row);
        if (colour != CLI_PLAIN) {
            cli_colour(out, colour);
        }
        print_row(row, columns, widths, indent);
        if (colour != CLI_PLAIN) {
            cli_colour(out, CLI_PLAIN);
        }
    }
}

void cli_print_wrapped(const char *text, unsigned column, unsigned indent)
{
    bool is_first = true;

    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        if (!is_first && column + 1 + length > LINE_COLUMNS) {
            printf("\n%*s", (int)indent, "");
            column = indent;
        } else if (!is_first) {
            putchar(' ');
            column++;
        }
        fwrite(text, 1, length, stdout);
        column += (unsigned)length;
        text += length;
        text += *text == ' ' ? 1 : 0;
        is_first = false;
    }
}

void cli_make_printable(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        if (*c < 0x20 || *c > 0x7e) {
            *c = '?';
        }
    }
}

json_t *cli_string(const char *format, ...)
{
    char text[2048];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    json_t *string = json_string(text);
    if (string == NULL) {
        cli_make_printable(text);
        string = json_string(text);
    }
    return string;
}

json_t *cli_bytes(const uint8_t *bytes, size_t size_bytes)
{
    char *text = calloc(size_bytes + 1, 3);
    json_t *string = NULL;

    for (size_t i = 0; text != NULL && i < size_bytes; i++) {
        snprintf(text + 3 * i, 4, "%02x ", bytes[i]);
    }
    if (text != NULL) {
        string = json_stringn(text, size_bytes != 0 ? 3 * size_bytes - 1 : 0);
    }
    free(text);
    return string;
}

const char *cli_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}
