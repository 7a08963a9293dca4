/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every subcommand prints with. A command collects what it has to say in one JSON document;
 * with --json that is printed, otherwise the same document is printed as text. So the two never
 * say different things, and nothing is formatted twice.
 *
 * JSON is outside of what this project exists for: the library is Debian's jansson (MIT), which is
 * kept well, checks UTF-8 and depends on nothing but libc.
 */
#ifndef AMDVI_CLI_OUT_H
#define AMDVI_CLI_OUT_H

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The exit status, which scripts rely on. */
enum cli_status {
    CLI_FINE = 0,
    CLI_FINDINGS = 1, /* something was found, or the input cannot be read */
    CLI_USAGE = 2,
};

struct cli_out {
    bool json;
    bool colour;
};

enum cli_colour { CLI_PLAIN, CLI_BOLD, CLI_DIM, CLI_RED, CLI_YELLOW };

/* Options that every subcommand has; their `val` is above all characters. */
enum { CLI_OPTION_JSON = 256, CLI_OPTION_COLOUR, CLI_OPTION_OWN };

#define CLI_COMMON_OPTIONS                                                                         \
    {"json", no_argument, NULL, CLI_OPTION_JSON},                                                  \
        {"color", required_argument, NULL, CLI_OPTION_COLOUR},                                     \
        {"colour", required_argument, NULL, CLI_OPTION_COLOUR}, {"help", no_argument, NULL, 'h'},  \
    {                                                                                              \
        NULL, 0, NULL, 0                                                                           \
    }

/* What an option is, besides its character. */
enum cli_option_end {
    CLI_OPTIONS_GO_ON, /* it was a common one */
    CLI_OPTIONS_HELP,
    CLI_OPTIONS_BAD,
};

/* Colours on a terminal, unless NO_COLOR is set. */
void cli_out_init(struct cli_out *out);

/* Takes the common option @option, or complains about one that nobody knows. */
enum cli_option_end cli_common_option(struct cli_out *out, int option);

/* Ends @command, whose options say so: prints the usage, or where to find it. */
int cli_usage_end(enum cli_option_end end, const char *command, void (*usage)(void));

/* "amdvi: " and a message, to standard error. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Turns colour @colour on, or everything off with CLI_PLAIN. */
void cli_colour(const struct cli_out *out, enum cli_colour colour);

/* Prints @document as JSON and releases it. True when standard output took everything. */
bool cli_print_json(json_t *document);

/* True when standard output took everything so far; complains otherwise. */
bool cli_flush(void);

struct cli_column {
    const char *key; /* of each row; ends the list with NULL */
    const char *heading;
};

/*
 * Prints the rows, an array of objects, under each other. Empty columns are left out. A row with
 * "mark": "bad" or "note" is coloured.
 */
void cli_print_table(const struct cli_out *out, const json_t *rows,
                     const struct cli_column *columns, unsigned indent);

/* Prints @text wrapped at 100 columns; further lines are indented by @indent. */
void cli_print_wrapped(const char *text, unsigned column, unsigned indent);

/* Makes each byte that is no printable ASCII character a question mark: a terminal may obey it. */
void cli_make_printable(char *text);

/* A string made by printf, which may hold any bytes: what is not UTF-8 becomes a question mark. */
json_t *cli_string(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "49 56 52 53". */
json_t *cli_bytes(const uint8_t *bytes, size_t size_bytes);

/* The string at @key of @object, or "". */
const char *cli_text(const json_t *object, const char *key);

/* The whole of a file, or of standard input for "-", with a NUL behind it; NULL after complaining.
 */
char *cli_read_file(const char *path, size_t limit, size_t *out_size);

/* "00:03.0", or "0001:00:03.0" in another segment than 0. @text has room for 16 characters. */
const char *cli_device_text(char *text, unsigned segment, unsigned device_id);

/* The opposite: [SSSS:]BB:DD.F, or the number itself, in hexadecimal with 0x. */
bool cli_device_parse(const char *text, unsigned *out_segment, unsigned *out_device_id);

/* A number in C's notation that fits @max; false after nothing was written. */
bool cli_number_parse(const char *text, uint64_t max, uint64_t *out);

/* The same, always hexadecimal: "0x" may lead and "_" may separate. */
bool cli_hex_number_parse(const char *text, uint64_t max, uint64_t *out);

/* The subcommands. argv[0] is how they are called, "amdvi decode". */
int cli_decode(int argc, char **argv);
int cli_ivrs(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_walk(int argc, char **argv);
int cli_top(int argc, char **argv);

#endif
