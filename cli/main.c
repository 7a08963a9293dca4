/* SPDX-License-Identifier: BSD-2-Clause */
/* The command-line tool: which subcommand, and nothing else. */
#include "out.h"

#include <stdio.h>
#include <string.h>

struct subcommand {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

static const struct subcommand subcommands[] = {
    {"explain", "what the IOMMU's lines in a kernel log mean, and what to do", cli_explain},
    {"decode", "an event, command, table entry, register in hexadecimal", cli_decode},
    {"ivrs", "dump, check, build or draw the ACPI table", cli_ivrs},
    {"walk", "how an access is translated by the tables in a memory image", cli_walk},
    {"top", "what the IOMMU of a running QEMU does", cli_top},
};

#define SUBCOMMAND_COUNT (sizeof(subcommands) / sizeof(subcommands[0]))

static void usage(FILE *file)
{
    fputs("Usage: amdvi SUBCOMMAND [OPTIONS] ...\n\n", file);
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) {
        fprintf(file, "  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
    }
    fputs(
        "\n"
        "Each takes --help, --json, and --color=always|never|auto. The exit status is 0 when all\n"
        "is fine, 1 when something was found or the input is bad, 2 when it was called wrongly.\n"
        "amdvi --version says which version this is.\n",
        file);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        usage(stdout);
        return cli_flush() ? CLI_FINE : CLI_FINDINGS;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("amdvi " AMDVI_CLI_VERSION);
        return cli_flush() ? CLI_FINE : CLI_FINDINGS;
    }
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) {
        if (strcmp(argv[1], subcommands[i].name) == 0) {
            char command[32]; /* as getopt_long() prints it */
            snprintf(command, sizeof(command), "amdvi %s", argv[1]);
            argv[1] = command;
            return subcommands[i].run(argc - 1, argv + 1);
        }
    }
    cli_complain(argv[1][0] == '-'
                     ? "options such as '%s' come behind a subcommand; see amdvi --help"
                     : "there is no subcommand '%s'; amdvi --help names them",
                 argv[1]);
    return CLI_USAGE;
}
