/* SPDX-License-Identifier: BSD-2-Clause */
/* amdvi decode: words in hexadecimal into fields with their meaning. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <amdvi/command.h>
#include <amdvi/event.h>
#include <amdvi/irte.h>
#include <amdvi/pte.h>

#include "hex.h"
#include "layout.h"

#define INPUT_BYTES_MAX ((size_t)1024 * 1024)

struct options {
    struct cli_out out;
    enum cli_revision revision;
    unsigned level;
    bool high_first;
    bool is_bytes;
    bool is_list;
    const char *what;
};

/* One kind of thing to decode. */
struct kind {
    const char *name;
    unsigned entry_bytes; /* 0 when it is not fixed */
    const char *summary;
};

static const struct kind kinds[] = {
    {"event", 16, "an entry of the event log"},
    {"command", 16, "an entry of the command buffer"},
    {"dte", 32, "a device table entry"},
    {"pte", 8, "a page table entry; --level N (1 to 6) is that of its table"},
    {"irte", 0, "an interrupt table entry: 32 bits, or 128 if a word has more than 8 digits"},
    {"register", 8, "a register; its name or offset comes first"},
    {"capability", 4, "the capability block from its header on"},
};

static void usage(void)
{
    fputs("Usage: amdvi decode WHAT [OPTIONS] [WORD...]\n\n", stdout);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        printf("  %-11s %s\n", kinds[i].name, kinds[i].summary);
    }
    fputs(
        "\nWords are hexadecimal, as logs and debuggers print them: lowest first, of 8, 32 or 64\n"
        "bits, with or without 0x and labels. Without words they are read from standard input.\n\n"
        "  --revision 1.20|2|3  what is reserved; 3 if nothing is said\n"
        "  --high-first         the first word is the highest of the entry\n"
        "  --bytes              digits are bytes as in memory, as xxd and xxd -p print them\n"
        "  --list               the registers that have a name\n"
        "  --json, --color=WHEN\n\n"
        "Exit status: 1 if a reserved bit is set or the input is bad.\n",
        stdout);
}

/* The layout of one entry; NULL when the revision knows no such thing. */
static const struct cli_layout *choose_layout(const struct options *options, const uint64_t *words,
                                              unsigned index, bool is_wide)
{
    switch (options->what[0]) {
    case 'e':
        return cli_event_layout((unsigned)amdvi_get(words[0], AMDVI_EVENT_CODE), options->revision);
    case 'd':
        return &cli_dte_layout;
    case 'p':
        if (!amdvi_has(words[0], AMDVI_PTE_PR)) {
            return &cli_absent_layout;
        }
        return amdvi_pte_decode(words[0] & ~AMDVI_PDE_RESERVED, 7).kind == AMDVI_PTE_POINTER
                   ? &cli_pde_layout
                   : &cli_pte_layout;
    case 'i':
        if (!is_wide) {
            return &cli_irte32_layout;
        }
        return amdvi_has(words[0], AMDVI_IRTE_GUEST_MODE) ? &cli_irte_guest_layout
                                                          : &cli_irte128_layout;
    default:
        return options->what[1] == 'o'
                   ? cli_command_layout((unsigned)amdvi_get(words[0], AMDVI_CMD_OPCODE),
                                        options->revision)
                   : cli_capability_layout(index, options->revision);
    }
}

static json_t *summary(const struct options *options, const uint64_t *words, bool is_wide)
{
    switch (options->what[0]) {
    case 'e':
        return cli_event_summary(words);
    case 'd':
        return cli_dte_summary(words, options->revision);
    case 'p':
        return cli_pte_summary(words[0], options->level);
    case 'i':
        return cli_irte_summary(words, is_wide);
    default:
        return strcmp(options->what, "command") == 0 ? cli_command_summary(words, options->revision)
                                                     : json_array();
    }
}

/* One entry as {"name", "words", "fields", "summary", "reserved_bits_set"}. */
static json_t *describe(const struct options *options, const struct cli_layout *layout,
                        const uint64_t *words, unsigned count)
{
    json_t *entry = json_object();
    json_t *texts = json_array();
    unsigned reserved = 0;
    bool is_wide = count > 1;
    int digits = count == 1 && (layout == NULL || layout->word_bits == 32) ? 8 : 16;

    for (unsigned i = 0; i < count; i++) {
        json_array_append_new(texts, cli_string("0x%0*llx", digits, (unsigned long long)words[i]));
    }
    json_object_set_new(entry, "name", json_string(layout != NULL ? layout->name : "unknown"));
    json_object_set_new(entry, "words", texts);
    if (layout == NULL) {
        json_t *sentences = json_array();
        cli_say(sentences, "This revision has no %s of this number.", options->what);
        json_object_set_new(entry, "summary", sentences);
        json_object_set_new(entry, "fields", json_array());
        json_object_set_new(entry, "reserved_bits_set", json_integer(1));
        return entry;
    }
    json_object_set_new(entry, "fields",
                        cli_layout_rows(layout, options->revision, words, &reserved));
    json_object_set_new(entry, "summary", summary(options, words, is_wide));
    json_object_set_new(entry, "reserved_bits_set", json_integer(reserved));
    return entry;
}

static void print_entry(const struct cli_out *out, const json_t *entry)
{
    static const struct cli_column columns[] = {
        {"bits", "bits"}, {"field", "field"}, {"value", "value"}, {"meaning", "meaning"}, {0}};
    size_t index;
    json_t *text;

    cli_colour(out, CLI_BOLD);
    fputs(cli_text(entry, "name"), stdout);
    cli_colour(out, CLI_PLAIN);
    putchar(':');
    json_array_foreach(json_object_get(entry, "words"), index, text)
    {
        printf(" %s", json_string_value(text));
    }
    putchar('\n');
    cli_print_table(out, json_object_get(entry, "fields"), columns, 2);
    json_array_foreach(json_object_get(entry, "summary"), index, text)
    {
        fputs("  ", stdout);
        cli_print_wrapped(json_string_value(text), 2, 2);
        putchar('\n');
    }
}

static int print_entries(const struct options *options, json_t *entries)
{
    int status = CLI_FINE;
    size_t index;
    json_t *entry;

    json_array_foreach(entries, index, entry)
    {
        if (json_integer_value(json_object_get(entry, "reserved_bits_set")) != 0) {
            status = CLI_FINDINGS;
        }
        if (!options->out.json) {
            fputs(index == 0 ? "" : "\n", stdout);
            print_entry(&options->out, entry);
        }
    }
    if (options->out.json) {
        return cli_print_json(entries) ? status : CLI_FINDINGS;
    }
    json_decref(entries);
    return cli_flush() ? status : CLI_FINDINGS;
}

static uint64_t load(const uint8_t *bytes, unsigned count)
{
    uint64_t word = 0;

    for (unsigned i = 0; i < count; i++) {
        word |= (uint64_t)bytes[i] << (8 * i);
    }
    return word;
}

static void reverse(struct cli_hex *hex)
{
    for (size_t i = 0; i < hex->count / 2; i++) {
        uint64_t word = hex->word[i];
        hex->word[i] = hex->word[hex->count - 1 - i];
        hex->word[hex->count - 1 - i] = word;
    }
}

/* 128 bits for what has more digits than 32 bits have, or 4 dwords. */
static unsigned irte_bytes(const struct cli_hex *hex)
{
    return hex->digits_max > 8 ? 16 : 4;
}

static int decode_entries(const struct options *options, const struct kind *kind,
                          struct cli_hex *hex)
{
    static uint8_t bytes[8 * CLI_HEX_WORDS_MAX];
    unsigned size = kind->entry_bytes != 0 ? kind->entry_bytes : irte_bytes(hex);
    unsigned word_bytes = size < 8 ? size : 8;
    size_t count = cli_hex_entries(hex, size, bytes);
    json_t *entries = json_array();

    if (count == 0 || (strcmp(kind->name, "capability") == 0 && count > 6)) {
        cli_complain("%s: %s", kind->name, count == 0 ? hex->error : "more than 6 registers");
        json_decref(entries);
        return CLI_FINDINGS;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t words[4] = {0};
        for (size_t w = 0; w * word_bytes < size; w++) {
            words[w] = load(bytes + i * size + w * word_bytes, word_bytes);
        }
        const struct cli_layout *layout = choose_layout(options, words, (unsigned)i, size == 16);
        json_array_append_new(entries, describe(options, layout, words, size / word_bytes));
    }
    return print_entries(options, entries);
}

static int decode_register(const struct options *options, const char *name, struct cli_hex *hex)
{
    const struct cli_layout *layout = cli_register_layout(name, options->revision);
    uint8_t bytes[8 * CLI_HEX_WORDS_MAX];

    if (layout == NULL || cli_hex_entries(hex, 8, bytes) != 1) {
        cli_complain(layout == NULL ? "this revision has no register '%s'; see --list"
                                    : "register %s: one word of 64 bits, two of 32, or 8 bytes",
                     name);
        return CLI_FINDINGS;
    }
    json_t *entries = json_array();
    uint64_t word = load(bytes, 8);
    json_array_append_new(entries, describe(options, layout, &word, 1));
    return print_entries(options, entries);
}

/* All words of the command line, or of standard input. */
static bool collect(struct cli_hex *hex, int count, char **words)
{
    if (count == 0) {
        size_t size;
        char *text = cli_read_file("-", INPUT_BYTES_MAX, &size);
        bool is_parsed = text != NULL && cli_hex_parse(hex, text);
        free(text);
        return is_parsed;
    }
    for (int i = 0; i < count; i++) {
        if (!cli_hex_parse(hex, words[i])) {
            return false;
        }
    }
    return true;
}

static int run(struct options *options, int count, char **words)
{
    static struct cli_hex hex;
    const struct kind *kind = NULL;
    const char *name = NULL;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        kind = strcmp(options->what, kinds[i].name) == 0 ? &kinds[i] : kind;
    }
    if (kind == NULL) {
        cli_complain("'%s' cannot be decoded; see amdvi decode --help", options->what);
        return CLI_USAGE;
    }
    if (options->level != 0 && strcmp(kind->name, "pte") != 0) {
        cli_complain("decode %s: --level is for pte", kind->name);
        return CLI_USAGE;
    }
    if (strcmp(kind->name, "register") == 0) {
        if (count == 0) {
            cli_complain("decode register: its name or offset is missing");
            return CLI_USAGE;
        }
        name = words[0];
        count--;
        words++;
    }
    memset(&hex, 0, sizeof(hex));
    hex.is_bytes = options->is_bytes;
    if (!collect(&hex, count, words)) {
        cli_complain("%s", hex.error[0] != '\0' ? hex.error : "there is nothing to decode");
        return CLI_FINDINGS;
    }
    if (options->high_first) {
        reverse(&hex);
    }
    return name != NULL ? decode_register(options, name, &hex)
                        : decode_entries(options, kind, &hex);
}

static int list_registers(const struct options *options)
{
    static const struct cli_column columns[] = {
        {"offset", "offset"}, {"name", "name"}, {"register", "register"}, {0}};
    json_t *list = cli_register_list();

    if (options->out.json) {
        return cli_print_json(list) ? CLI_FINE : CLI_FINDINGS;
    }
    cli_print_table(&options->out, list, columns, 2);
    json_decref(list);
    return cli_flush() ? CLI_FINE : CLI_FINDINGS;
}

enum {
    OPTION_REVISION = CLI_OPTION_OWN,
    OPTION_LEVEL,
    OPTION_HIGH_FIRST,
    OPTION_BYTES,
    OPTION_LIST
};

/* One option; CLI_OPTIONS_GO_ON unless the command ends here. */
static enum cli_option_end take_option(struct options *options, int option)
{
    uint64_t number;

    switch (option) {
    case OPTION_REVISION:
        return cli_revision_parse(optarg, &options->revision) ? CLI_OPTIONS_GO_ON : CLI_OPTIONS_BAD;
    case OPTION_LEVEL:
        if (!cli_number_parse(optarg, 6, &number) || number == 0) {
            cli_complain("--level is 1 to 6");
            return CLI_OPTIONS_BAD;
        }
        options->level = (unsigned)number;
        return CLI_OPTIONS_GO_ON;
    case OPTION_HIGH_FIRST:
        options->high_first = true;
        return CLI_OPTIONS_GO_ON;
    case OPTION_BYTES:
        options->is_bytes = true;
        return CLI_OPTIONS_GO_ON;
    case OPTION_LIST:
        options->is_list = true;
        return CLI_OPTIONS_GO_ON;
    default:
        return cli_common_option(&options->out, option);
    }
}

int cli_decode(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"revision", required_argument, NULL, OPTION_REVISION},
        {"level", required_argument, NULL, OPTION_LEVEL},
        {"high-first", no_argument, NULL, OPTION_HIGH_FIRST},
        {"bytes", no_argument, NULL, OPTION_BYTES},
        {"list", no_argument, NULL, OPTION_LIST},
        CLI_COMMON_OPTIONS};
    struct options options = {.revision = CLI_REVISION_3};
    int option;

    cli_out_init(&options.out);
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        enum cli_option_end end = take_option(&options, option);
        if (end != CLI_OPTIONS_GO_ON) {
            return cli_usage_end(end, argv[0], usage);
        }
    }
    if (options.is_list) {
        return list_registers(&options);
    }
    if (optind >= argc) {
        cli_complain("decode: what to decode is missing");
        return cli_usage_end(CLI_OPTIONS_BAD, argv[0], usage);
    }
    options.what = argv[optind];
    return run(&options, argc - optind - 1, argv + optind + 1);
}
