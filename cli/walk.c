/* SPDX-License-Identifier: BSD-2-Clause */
/* amdvi walk: options, and printing what the walk saw. */
#include "walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <amdvi/interrupt.h>
#include <amdvi/regs.h>

struct options {
    struct cli_out out;
    struct cli_walk walk;
    uint64_t base;
    bool has_device;
    bool has_table;
    bool has_iova;
    bool has_address; /* of an interrupt */
    bool is_interrupt;
    bool has_mappings;
    bool has_domain;
    unsigned domain;
};

static void usage(void)
{
    fputs(
        "Usage: amdvi walk [OPTIONS] IMAGE\n\n"
        "How the IOMMU's tables in a memory image translate an access. IMAGE is raw memory (as by\n"
        "QEMU's pmemsave) or an ELF core (dump-guest-memory).\n\n"
        "  --base ADDRESS          of the first byte of raw memory; 0 if nothing is said\n"
        "  --register NAME=VALUE   devtab, control, exclbase, excllimit; control is 1 if nothing\n"
        "                          is said\n"
        "  --device-table ADDRESS  instead of devtab, for 65536 entries\n"
        "  --device BB:DD.F        the requester\n"
        "  --iova ADDRESS          what it accesses; --write if it writes\n"
        "  --interrupt DATA        or the interrupt that it sends; --address if not fee00000h\n"
        "  --mappings              or all that the device can reach\n"
        "  --domain NUMBER         the same for the devices of a domain\n"
        "  --revision 1.20|2|3     which bits are reserved; 3 if nothing is said\n"
        "  --ht-ats-reserved       HtAtsResv is 1\n"
        "  --json, --color=WHEN\n\n"
        "Exit status: 1 if the access is not allowed or the walk cannot be finished.\n",
        stdout);
}

static json_t *event_json(const struct cli_walk *walk)
{
    struct amdvi_wire_event wire;
    json_t *event = json_object();

    amdvi_event_encode(&wire, &walk->event);
    uint64_t words[2] = {amdvi_le64_decode(&wire.word[0]), amdvi_le64_decode(&wire.word[1])};
    json_object_set_new(event, "name", json_string(amdvi_event_name(walk->event.code)));
    json_object_set_new(event, "flags",
                        cli_string("0x%04x", (unsigned)amdvi_get(words[0], AMDVI_EVENT_FLAGS)));
    json_object_set_new(event, "words",
                        json_pack("[o,o]", cli_string("0x%016" PRIx64, words[0]),
                                  cli_string("0x%016" PRIx64, words[1])));
    return event;
}

static json_t *walk_json(const struct options *options)
{
    const struct cli_walk *walk = &options->walk;
    json_t *document = json_object();
    bool is_there =
        strcmp(walk->outcome, "translated") == 0 || strcmp(walk->outcome, "passed") == 0;

    json_object_set(document, "steps", walk->steps);
    json_object_set_new(document, "outcome", json_string(walk->outcome));
    json_object_set_new(document, "reason", cli_string("%s", walk->reason));
    if (is_there && !options->is_interrupt) {
        json_object_set_new(document, "spa", cli_string("0x%" PRIx64, walk->spa));
    }
    if (walk->size_log2 != 0) {
        json_object_set_new(document, "page_bytes",
                            cli_string("0x%" PRIx64, UINT64_C(1) << walk->size_log2));
    }
    if (walk->has_event) {
        json_object_set_new(document, "event", event_json(walk));
    }
    return document;
}

static void print_walk(const struct cli_out *out, const json_t *document)
{
    static const struct cli_column columns[] = {
        {"step", "step"}, {"at", "at"}, {"value", "value"}, {"meaning", "meaning"}, {0}};
    const char *outcome = cli_text(document, "outcome");
    const json_t *event = json_object_get(document, "event");
    bool is_bad = strcmp(outcome, "translated") != 0 && strcmp(outcome, "passed") != 0;

    cli_print_table(out, json_object_get(document, "steps"), columns, 2);
    cli_colour(out, is_bad ? CLI_RED : CLI_BOLD);
    printf("%s", outcome);
    cli_colour(out, CLI_PLAIN);
    if (*cli_text(document, "spa") != '\0') {
        printf(" to %s", cli_text(document, "spa"));
    }
    printf(": %s\n", cli_text(document, "reason"));
    if (event != NULL) {
        printf("logged: %s, flags %s\n", cli_text(event, "name"), cli_text(event, "flags"));
    }
}

static int run_walk(struct options *options)
{
    struct cli_walk *walk = &options->walk;

    if (options->is_interrupt) {
        cli_walk_interrupt(walk);
    } else {
        cli_walk_memory(walk);
    }
    json_t *document = walk_json(options);
    const char *outcome = walk->outcome;
    int status = strcmp(outcome, "translated") == 0 || strcmp(outcome, "passed") == 0
                     ? CLI_FINE
                     : CLI_FINDINGS;
    if (options->out.json) {
        return cli_print_json(document) ? status : CLI_FINDINGS;
    }
    print_walk(&options->out, document);
    json_decref(document);
    return cli_flush() ? status : CLI_FINDINGS;
}

static void print_mappings(const struct cli_out *out, const json_t *document)
{
    static const struct cli_column columns[] = {{"iova", "iova"},     {"last", "last"},
                                                {"spa", "spa"},       {"bytes", "bytes"},
                                                {"access", "access"}, {0}};
    size_t index;
    json_t *item;

    printf("domain %lld", (long long)json_integer_value(json_object_get(document, "domain")));
    json_array_foreach(json_object_get(document, "devices"), index, item)
    {
        printf("%s%s", index == 0 ? ": " : ", ", json_string_value(item));
    }
    putchar('\n');
    cli_print_table(out, json_object_get(document, "ranges"), columns, 2);
    json_array_foreach(json_object_get(document, "faults"), index, item)
    {
        printf("  bad entry for %s\n", json_string_value(item));
    }
    if (json_is_false(json_object_get(document, "complete"))) {
        printf("  ... and more: the tables are too many to be listed\n");
    }
}

static int run_mappings(struct options *options)
{
    struct cli_walk *walk = &options->walk;
    json_t *devices = NULL;
    json_t *names = json_array();
    char text[16];
    size_t index;
    json_t *id;

    if (options->has_domain) {
        devices = cli_walk_domain_devices(walk, options->domain);
        json_array_foreach(devices, index, id)
        {
            unsigned number = (unsigned)json_integer_value(id);
            json_array_append_new(names, cli_string("%s", cli_device_text(text, 0, number)));
        }
        if (json_array_size(devices) == 0) {
            cli_complain("no entry of the device table has domain %u", options->domain);
            json_decref(devices);
            json_decref(names);
            return CLI_FINDINGS;
        }
        walk->device_id = (uint16_t)json_integer_value(json_array_get(devices, 0));
        json_decref(devices);
    } else {
        json_array_append_new(names, cli_string("%s", cli_device_text(text, 0, walk->device_id)));
    }
    json_t *document = cli_walk_mappings(walk);
    if (document == NULL) {
        cli_complain("%s: %s", walk->outcome, walk->reason);
        json_decref(names);
        return CLI_FINDINGS;
    }
    json_object_set_new(document, "devices", names);
    bool is_fine = json_array_size(json_object_get(document, "faults")) == 0 &&
                   json_is_true(json_object_get(document, "complete"));
    if (options->out.json) {
        return cli_print_json(document) && is_fine ? CLI_FINE : CLI_FINDINGS;
    }
    print_mappings(&options->out, document);
    json_decref(document);
    return cli_flush() && is_fine ? CLI_FINE : CLI_FINDINGS;
}

/* NAME=VALUE */
static bool take_register(struct options *options, const char *text)
{
    struct {
        const char *name;
        uint64_t *value;
    } rows[] = {{"devtab=", &options->walk.dev_tab_base},
                {"control=", &options->walk.control},
                {"exclbase=", &options->walk.excl_base},
                {"excllimit=", &options->walk.excl_limit}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t length = strlen(rows[i].name);
        if (strncmp(text, rows[i].name, length) == 0 &&
            cli_hex_number_parse(text + length, UINT64_MAX, rows[i].value)) {
            options->has_table = options->has_table || i == 0;
            return true;
        }
    }
    cli_complain("--register is devtab=, control=, exclbase= or excllimit= and a number");
    return false;
}

enum {
    OPTION_BASE = CLI_OPTION_OWN,
    OPTION_REGISTER,
    OPTION_TABLE,
    OPTION_DEVICE,
    OPTION_IOVA,
    OPTION_WRITE,
    OPTION_INTERRUPT,
    OPTION_ADDRESS,
    OPTION_MAPPINGS,
    OPTION_DOMAIN,
    OPTION_REVISION,
    OPTION_HT_ATS_RESERVED,
};

static bool bad_number(const char *option)
{
    cli_complain("--%s: '%s' is no such number", option, optarg);
    return false;
}

static bool take_device(struct options *options)
{
    unsigned segment;
    unsigned device_id;

    if (!cli_device_parse(optarg, &segment, &device_id) || segment != 0) {
        cli_complain("--device: '%s' is no device as 00:14.0", optarg);
        return false;
    }
    options->walk.device_id = (uint16_t)device_id;
    options->has_device = true;
    return true;
}

/* Options with a number; true when it is one of them and fine. */
static bool take_number(struct options *options, int option)
{
    struct cli_walk *walk = &options->walk;
    uint64_t number = 0;

    switch (option) {
    case OPTION_BASE:
        return cli_hex_number_parse(optarg, UINT64_MAX, &options->base) || bad_number("base");
    case OPTION_TABLE:
        options->has_table = true;
        if (!cli_hex_number_parse(optarg, AMDVI_DEV_TAB_BASE_BASE, &number) ||
            (number & ~AMDVI_DEV_TAB_BASE_BASE) != 0) {
            return bad_number("device-table");
        }
        walk->dev_tab_base = number | AMDVI_DEV_TAB_BASE_SIZE;
        return true;
    case OPTION_IOVA:
    case OPTION_ADDRESS:
        *(option == OPTION_IOVA ? &options->has_iova : &options->has_address) = true;
        return cli_hex_number_parse(optarg, UINT64_MAX, &walk->iova) ||
               bad_number(option == OPTION_IOVA ? "iova" : "address");
    case OPTION_INTERRUPT:
        options->is_interrupt = true;
        if (!cli_hex_number_parse(optarg, UINT32_MAX, &number)) {
            return bad_number("interrupt");
        }
        walk->msi_data = (uint32_t)number;
        return true;
    case OPTION_DOMAIN:
        options->has_domain = true;
        if (!cli_number_parse(optarg, UINT16_MAX, &number)) {
            return bad_number("domain");
        }
        options->domain = (unsigned)number;
        return true;
    default:
        return false;
    }
}

static enum cli_option_end take_option(struct options *options, int option)
{
    bool is_fine = true;

    switch (option) {
    case OPTION_REGISTER:
        is_fine = take_register(options, optarg);
        break;
    case OPTION_DEVICE:
        is_fine = take_device(options);
        break;
    case OPTION_WRITE:
        options->walk.is_write = true;
        break;
    case OPTION_MAPPINGS:
        options->has_mappings = true;
        break;
    case OPTION_HT_ATS_RESERVED:
        options->walk.ht_ats_reserved = true;
        break;
    case OPTION_REVISION:
        is_fine = cli_revision_parse(optarg, &options->walk.revision);
        break;
    case OPTION_BASE:
    case OPTION_TABLE:
    case OPTION_IOVA:
    case OPTION_ADDRESS:
    case OPTION_INTERRUPT:
    case OPTION_DOMAIN:
        is_fine = take_number(options, option);
        break;
    default:
        return cli_common_option(&options->out, option);
    }
    return is_fine ? CLI_OPTIONS_GO_ON : CLI_OPTIONS_BAD;
}

static bool is_complete(const struct options *options, bool has_image)
{
    const char *missing = NULL;

    if (!has_image) {
        missing = "the image";
    } else if (!options->has_table) {
        missing = "--register devtab= or --device-table";
    } else if (!options->has_device && !options->has_domain) {
        missing = "--device";
    } else if (!options->has_iova && !options->is_interrupt && !options->has_mappings &&
               !options->has_domain) {
        missing = "--iova, --interrupt or --mappings";
    }
    if (missing != NULL) {
        cli_complain("walk: %s is missing", missing);
    }
    return missing == NULL;
}

/* Do the options make sense together? */
static bool fits(const struct options *options)
{
    const char *why = NULL;

    if (options->has_iova + options->is_interrupt + options->has_mappings + options->has_domain >
        1) {
        why = "only one of --iova, --interrupt, --mappings and --domain";
    } else if (options->has_device && options->has_domain) {
        why = "--domain is of all its devices, without --device";
    } else if (options->walk.is_write && !options->has_iova) {
        why = "--write is for --iova";
    } else if (options->has_address && !options->is_interrupt) {
        why = "--address is for --interrupt";
    }
    if (why != NULL) {
        cli_complain("walk: %s", why);
    }
    return why == NULL;
}

int cli_walk(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"base", required_argument, NULL, OPTION_BASE},
        {"register", required_argument, NULL, OPTION_REGISTER},
        {"device-table", required_argument, NULL, OPTION_TABLE},
        {"device", required_argument, NULL, OPTION_DEVICE},
        {"iova", required_argument, NULL, OPTION_IOVA},
        {"write", no_argument, NULL, OPTION_WRITE},
        {"interrupt", required_argument, NULL, OPTION_INTERRUPT},
        {"address", required_argument, NULL, OPTION_ADDRESS},
        {"mappings", no_argument, NULL, OPTION_MAPPINGS},
        {"domain", required_argument, NULL, OPTION_DOMAIN},
        {"revision", required_argument, NULL, OPTION_REVISION},
        {"ht-ats-reserved", no_argument, NULL, OPTION_HT_ATS_RESERVED},
        CLI_COMMON_OPTIONS};
    struct options options = {.walk = {.revision = CLI_REVISION_3,
                                       .control = AMDVI_CONTROL_IOMMU_EN,
                                       .outcome = "not walked"}};
    int option;

    cli_out_init(&options.out);
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        enum cli_option_end end = take_option(&options, option);
        if (end != CLI_OPTIONS_GO_ON) {
            return cli_usage_end(end, argv[0], usage);
        }
    }
    if (argc - optind > 1) {
        cli_complain("walk: more than one image");
    }
    if (argc - optind > 1 || !is_complete(&options, optind < argc) || !fits(&options)) {
        return cli_usage_end(CLI_OPTIONS_BAD, argv[0], usage);
    }
    if (options.is_interrupt && !options.has_address) {
        options.walk.iova = AMDVI_MSI_BASE;
    }
    if (!cli_image_open(&options.walk.image, argv[optind], options.base)) {
        return CLI_FINDINGS;
    }
    options.walk.steps = json_array();
    int status =
        options.has_mappings || options.has_domain ? run_mappings(&options) : run_walk(&options);
    json_decref(options.walk.steps);
    cli_image_close(&options.walk.image);
    return status;
}
