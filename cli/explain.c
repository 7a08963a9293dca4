/* SPDX-License-Identifier: BSD-2-Clause */
/* amdvi explain: where the log comes from, and what is known of the devices. */
#include "explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_BYTES_MAX   ((size_t)512 * 1024 * 1024)
#define LSPCI_BYTES_MAX ((size_t)16 * 1024 * 1024)

enum { KLOG_READ_ALL = 3, KLOG_SIZE = 10 };

struct options {
    struct cli_out out;
    const char *lspci;
    const char *sysfs;
};

static void usage(void)
{
    fputs(
        "Usage: amdvi explain [OPTIONS] [FILE]\n\n"
        "Explains what the AMD IOMMU's drivers of Linux (6.1 to 7.x) and Xen say in a kernel log:\n"
        "FILE, - for standard input, which is also read when it is a pipe or a file and FILE is\n"
        "not given; otherwise the running kernel's. It may be text or JSON, or what journalctl\n"
        "-o export prints.\n\n"
        "  --lspci FILE   the output of lspci (-nn, -k) of that machine, to name devices\n"
        "  --sysfs DIR    the same from a sysfs; /sys for the running kernel's log\n"
        "  --json, --color=WHEN\n\n"
        "Exit status: 1 if there are events or problems, or lines that are not known.\n",
        stdout);
}

static char *read_kernel_log(size_t *out_size)
{
    int room = klogctl(KLOG_SIZE, NULL, 0);
    char *text = room > 0 ? malloc((size_t)room + 1) : NULL;
    int size = text != NULL ? klogctl(KLOG_READ_ALL, text, room) : -1;

    if (size < 0) {
        cli_complain("the kernel's log: %s%s", strerror(errno),
                     errno == EPERM ? "; journalctl -k or dmesg may be piped into this" : "");
        free(text);
        return NULL;
    }
    text[size] = '\0';
    *out_size = (size_t)size;
    return text;
}

static json_t *read_devices(const char *path)
{
    size_t size;
    char *text = path != NULL ? cli_read_file(path, LSPCI_BYTES_MAX, &size) : NULL;
    json_t *devices =
        path == NULL || text != NULL ? cli_devices_from_lspci(text != NULL ? text : "") : NULL;

    if (text != NULL && json_object_size(devices) == 0) {
        cli_complain("%s: it names no device, as lspci -nn -k does", path);
    }
    free(text);
    return devices;
}

static bool has_problem(const json_t *document)
{
    size_t index;
    json_t *group;

    json_array_foreach(json_object_get(document, "lines"), index, group)
    {
        if (strcmp(cli_text(group, "severity"), "problem") == 0) {
            return true;
        }
    }
    return json_array_size(json_object_get(document, "events")) != 0 ||
           json_array_size(json_object_get(document, "unknown")) != 0;
}

/* Why nothing would be found in it, of what people take for a log; NULL if it may be one. */
static const char *why_no_log(const char *text, size_t size)
{
    static const struct {
        const char *start;
        const char *why;
    } others[] = {
        {"\x1f\x8b", "it is compressed; pipe zcat into this"},
        {"\xfd"
         "7zXZ",
         "it is compressed; pipe xzcat into this"},
        {"\x28\xb5\x2f\xfd", "it is compressed; pipe zstdcat into this"},
        {"LPKSHHRH", "it is a journal; pipe journalctl -k --file into this"},
        {"\xff\xfe", "it is UTF-16; pipe iconv -f UTF-16 -t UTF-8 into this"},
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        size_t length = strlen(others[i].start);
        if (size >= length && memcmp(text, others[i].start, length) == 0) {
            return others[i].why;
        }
    }
    return NULL;
}

static int run(struct options *options, const char *path)
{
    json_t *devices = read_devices(options->lspci);
    size_t size = 0;
    char *text = devices == NULL ? NULL
                 : path != NULL  ? cli_read_file(path, LOG_BYTES_MAX, &size)
                                 : read_kernel_log(&size);

    if (text == NULL) {
        json_decref(devices);
        return CLI_FINDINGS;
    }
    const char *why = why_no_log(text, size);
    if (why != NULL) {
        cli_complain("%s: %s", path != NULL ? path : "the kernel's log", why);
        free(text);
        json_decref(devices);
        return CLI_FINDINGS;
    }
    const char *sysfs = options->sysfs != NULL ? options->sysfs : path == NULL ? "/sys" : NULL;
    json_t *document = cli_explain_log(text, size, devices, sysfs);
    int status = has_problem(document) ? CLI_FINDINGS : CLI_FINE;
    free(text);
    json_decref(devices);
    if (options->out.json) {
        return cli_print_json(document) ? status : CLI_FINDINGS;
    }
    cli_explain_print(&options->out, document);
    json_decref(document);
    return cli_flush() ? status : CLI_FINDINGS;
}

/* Somebody who pipes a log into the command does not ask about the running kernel. */
static bool is_given_on_stdin(void)
{
    struct stat status;

    return fstat(STDIN_FILENO, &status) == 0 &&
           (S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode));
}

int cli_explain(int argc, char **argv)
{
    enum { OPTION_LSPCI = CLI_OPTION_OWN, OPTION_SYSFS };
    static const struct option long_options[] = {{"lspci", required_argument, NULL, OPTION_LSPCI},
                                                 {"sysfs", required_argument, NULL, OPTION_SYSFS},
                                                 CLI_COMMON_OPTIONS};
    struct options options = {0};
    int option;

    cli_out_init(&options.out);
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (option == OPTION_LSPCI) {
            options.lspci = optarg;
        } else if (option == OPTION_SYSFS) {
            options.sysfs = optarg;
        } else {
            enum cli_option_end end = cli_common_option(&options.out, option);
            if (end != CLI_OPTIONS_GO_ON) {
                return cli_usage_end(end, argv[0], usage);
            }
        }
    }
    if (argc - optind > 1) {
        cli_complain("explain: more than one file");
        return cli_usage_end(CLI_OPTIONS_BAD, argv[0], usage);
    }
    const char *path = optind < argc ? argv[optind] : is_given_on_stdin() ? "-" : NULL;
    return run(&options, path);
}
