/* SPDX-License-Identifier: BSD-2-Clause */
/* amdvi ivrs: dump, check, build or draw the ACPI table. */
#include "ivrs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tree.h"

#define SYSTEM_TABLE    "/sys/firmware/acpi/tables/IVRS"
#define INPUT_BYTES_MAX ((size_t)8 * 1024 * 1024)

struct options {
    struct cli_out out;
    bool is_description;
    const char *output;
    const char *path; /* NULL: the running machine's */
};

struct action {
    const char *name;
    int (*run)(const struct options *options, const char *bytes, size_t size);
    const char *summary;
};

const char *cli_ivrs_block_name(char *text, const struct amdvi_ivrs_block *block)
{
    char device[16];

    if (block->kind == AMDVI_IVRS_BLOCK_IVHD) {
        snprintf(text, 64, "IVHD %02xh of IOMMU %s", block->type,
                 cli_device_text(device, block->unit.pci_segment, block->unit.device_id));
    } else {
        snprintf(text, 64, "%s %02xh", block->kind == AMDVI_IVRS_BLOCK_IVMD ? "IVMD" : "block",
                 block->type);
    }
    return text;
}

/* Complains when the table cannot be opened. */
static bool open_table(const struct options *options, struct amdvi_ivrs_table *table,
                       const char *bytes, size_t size)
{
    uint32_t offset = 0;
    enum amdvi_ivrs_status status = amdvi_ivrs_open(table, bytes, size, &offset);

    if (status != AMDVI_IVRS_OK) {
        cli_complain("%s: at byte 0x%x: %s", options->path, offset, amdvi_ivrs_status_text(status));
        return false;
    }
    return true;
}

static int dump_description(const struct options *options, const char *bytes, size_t size)
{
    struct amdvi_ivrs_table table;

    if (!open_table(options, &table, bytes, size)) {
        return CLI_FINDINGS;
    }
    json_t *tree = cli_ivrs_write(&table);
    if (options->out.json) {
        return cli_print_json(tree) ? CLI_FINE : CLI_FINDINGS;
    }
    bool is_printed = cli_tree_print(tree);
    json_decref(tree);
    return is_printed && cli_flush() ? CLI_FINE : CLI_FINDINGS;
}

static int dump(const struct options *options, const char *bytes, size_t size)
{
    static const struct cli_column columns[] = {{"offset", "offset"},   {"bytes", "bytes"},
                                                {"field", "field"},     {"value", "value"},
                                                {"meaning", "meaning"}, {0}};
    size_t index;
    json_t *block;
    struct amdvi_ivrs_table table;

    if (options->is_description) {
        return dump_description(options, bytes, size);
    }
    if (size > AMDVI_IVRS_TABLE_BYTES_MAX || size < 8 || memcmp(bytes, "IVRS", 4) != 0) {
        cli_complain("%s: this is not an IVRS", options->path);
        return CLI_FINDINGS;
    }
    json_t *document = cli_ivrs_fields((const uint8_t *)bytes, (uint32_t)size);
    if (options->out.json) {
        bool is_printed = cli_print_json(document);
        return is_printed && open_table(options, &table, bytes, size) ? CLI_FINE : CLI_FINDINGS;
    }
    json_array_foreach(json_object_get(document, "blocks"), index, block)
    {
        fputs(index == 0 ? "" : "\n", stdout);
        cli_colour(&options->out, CLI_BOLD);
        printf("%s\n", cli_text(block, "name"));
        cli_colour(&options->out, CLI_PLAIN);
        cli_print_table(&options->out, json_object_get(block, "fields"), columns, 2);
    }
    json_decref(document);
    return cli_flush() && open_table(options, &table, bytes, size) ? CLI_FINE : CLI_FINDINGS;
}

static void print_consequence(const char *who, const char *text)
{
    if (*text != '\0') {
        printf("    %s ", who);
        cli_print_wrapped(text, 10, 6);
        putchar('\n');
    }
}

static void print_finding(const struct cli_out *out, const json_t *finding)
{
    const char *severity = cli_text(finding, "severity");
    size_t index;
    json_t *reader;
    char where[80];
    int at = snprintf(where, sizeof(where), " at %s (", cli_text(finding, "offset"));

    json_array_foreach(json_object_get(finding, "readers"), index, reader)
    {
        at += snprintf(where + at, sizeof(where) - (size_t)at, "%s%s", index == 0 ? "" : ", ",
                       json_string_value(reader));
    }
    cli_colour(out, strcmp(severity, "error") == 0     ? CLI_RED
                    : strcmp(severity, "warning") == 0 ? CLI_YELLOW
                                                       : CLI_DIM);
    fputs(severity, stdout);
    cli_colour(out, CLI_PLAIN);
    printf("%s): ", where);
    cli_print_wrapped(cli_text(finding, "text"), (unsigned)at + 3 + (unsigned)strlen(severity), 4);
    putchar('\n');
    print_consequence("Linux", cli_text(finding, "linux"));
    print_consequence("Xen", cli_text(finding, "xen"));
}

/* Notes are worth knowing and break nothing. */
static bool is_only_notes(const json_t *findings)
{
    size_t index;
    json_t *finding;

    json_array_foreach(findings, index, finding)
    {
        if (strcmp(cli_text(finding, "severity"), "note") != 0) {
            return false;
        }
    }
    return true;
}

static int check(const struct options *options, const char *bytes, size_t size)
{
    unsigned errors;
    json_t *findings = cli_ivrs_findings((const uint8_t *)bytes, size, &errors);
    int status = errors == 0 && is_only_notes(findings) ? CLI_FINE : CLI_FINDINGS;
    size_t index;
    json_t *finding;

    if (options->out.json) {
        return cli_print_json(findings) ? status : CLI_FINDINGS;
    }
    json_array_foreach(findings, index, finding)
    {
        print_finding(&options->out, finding);
    }
    json_decref(findings);
    return cli_flush() ? status : CLI_FINDINGS;
}

static bool write_table(const char *path, const uint8_t *bytes, uint32_t size)
{
    FILE *file = path != NULL ? fopen(path, "wb") : stdout;
    bool is_written = file != NULL && fwrite(bytes, 1, size, file) == size && fflush(file) == 0;

    if (!is_written) {
        cli_complain("%s: %s", path != NULL ? path : "standard output", strerror(errno));
    }
    if (file != NULL && path != NULL && fclose(file) != 0 && is_written) {
        cli_complain("%s: %s", path, strerror(errno));
        is_written = false;
    }
    return is_written;
}

static int build(const struct options *options, const char *bytes, size_t size)
{
    char error[256];
    uint8_t *table = NULL;
    json_t *tree = cli_tree_parse(bytes, size, error, sizeof(error));
    uint32_t table_size =
        tree != NULL ? cli_ivrs_build_tree(tree, &table, error, sizeof(error)) : 0;

    json_decref(tree);
    if (table_size == 0) {
        cli_complain("%s: %s", options->path, error);
        return CLI_FINDINGS;
    }
    bool is_in_json = options->output == NULL && options->out.json;
    bool is_written = is_in_json || write_table(options->output, table, table_size);
    if (is_written && options->out.json) {
        json_t *made = json_pack("{s:o}", "bytes", cli_string("0x%" PRIx32, table_size));

        json_object_set_new(made, is_in_json ? "table" : "output",
                            is_in_json ? cli_bytes(table, table_size)
                                       : json_string(options->output));
        is_written = cli_print_json(made);
    }
    free(table);
    return is_written ? CLI_FINE : CLI_FINDINGS;
}

static int draw(const struct options *options, const char *bytes, size_t size)
{
    struct amdvi_ivrs_table table;

    if (!open_table(options, &table, bytes, size)) {
        return CLI_FINDINGS;
    }
    json_t *graph = cli_ivrs_graph(&table);
    if (options->out.json) {
        return cli_print_json(graph) ? CLI_FINE : CLI_FINDINGS;
    }
    cli_ivrs_draw(graph);
    json_decref(graph);
    return cli_flush() ? CLI_FINE : CLI_FINDINGS;
}

static const struct action actions[] = {
    {"dump", dump, "every field; with --description what `build` makes the same table from"},
    {"check", check, "what breaks the specification, Linux or Xen, and what follows"},
    {"build", build, "a table from a description (YAML or JSON)"},
    {"draw", draw, "a picture, for Graphviz's dot"},
};

static void usage(void)
{
    fputs("Usage: amdvi ivrs ACTION [OPTIONS] [FILE]\n\n", stdout);
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        printf("  %-6s %s\n", actions[i].name, actions[i].summary);
    }
    fputs("\nWithout FILE the table is that of the running machine, " SYSTEM_TABLE
          ",\nand the description standard input, as \"-\" is.\n\n"
          "  --description      dump as a description\n"
          "  --output FILE      build: where to; otherwise to standard output\n"
          "  --json, --color=WHEN\n\n"
          "Exit status: 1 if there are findings beside notes, or the table or description is "
          "refused.\n",
          stdout);
}

/* Options that the action does not have are mistakes, not to be passed over. */
static bool fits(const struct options *options, const struct action *action)
{
    if (options->is_description && action->run != dump) {
        cli_complain("ivrs %s: --description is for dump", action->name);
        return false;
    }
    if (options->output != NULL && action->run != build) {
        cli_complain("ivrs %s: --output is for build", action->name);
        return false;
    }
    return true;
}

static int run(struct options *options, const char *name)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        const struct action *action = &actions[i];
        if (strcmp(action->name, name) != 0) {
            continue;
        }
        if (!fits(options, action)) {
            return CLI_USAGE;
        }
        size_t size;
        if (options->path == NULL && action->run != build && access(SYSTEM_TABLE, F_OK) != 0) {
            cli_complain(SYSTEM_TABLE ": there is none; the firmware names no AMD IOMMU");
            return CLI_FINDINGS;
        }
        if (options->path == NULL) {
            options->path = action->run == build ? "-" : SYSTEM_TABLE;
        }
        char *bytes = cli_read_file(options->path, INPUT_BYTES_MAX, &size);
        int status = CLI_FINDINGS;
        if (bytes != NULL && action->run != build && strstr(bytes, "IVRS @ 0x") != NULL) {
            cli_complain("%s: acpidump printed this; acpixtract -s IVRS makes the table of it",
                         options->path);
        } else if (bytes != NULL) {
            status = action->run(options, bytes, size);
        }
        free(bytes);
        return status;
    }
    cli_complain("there is no action '%s'; see amdvi ivrs --help", name);
    return CLI_USAGE;
}

int cli_ivrs(int argc, char **argv)
{
    enum { OPTION_DESCRIPTION = CLI_OPTION_OWN, OPTION_OUTPUT };
    static const struct option long_options[] = {
        {"description", no_argument, NULL, OPTION_DESCRIPTION},
        {"output", required_argument, NULL, OPTION_OUTPUT},
        CLI_COMMON_OPTIONS};
    struct options options = {0};
    int option;

    cli_out_init(&options.out);
    while ((option = getopt_long(argc, argv, "ho:", long_options, NULL)) != -1) {
        if (option == OPTION_DESCRIPTION) {
            options.is_description = true;
        } else if (option == OPTION_OUTPUT || option == 'o') {
            options.output = optarg;
        } else {
            enum cli_option_end end = cli_common_option(&options.out, option);
            if (end != CLI_OPTIONS_GO_ON) {
                return cli_usage_end(end, argv[0], usage);
            }
        }
    }
    if (argc - optind < 1 || argc - optind > 2) {
        cli_complain(optind == argc ? "ivrs: the action is missing" : "ivrs: more than one file");
        return cli_usage_end(CLI_OPTIONS_BAD, argv[0], usage);
    }
    options.path = argc - optind == 2 ? argv[optind + 1] : NULL;
    return run(&options, argv[optind]);
}
