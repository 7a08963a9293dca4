/* SPDX-License-Identifier: BSD-2-Clause */
/* amdvi top: what it was asked for, and the tables for scripts. */
#include "top.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_STEP_S 0.1

static void usage(void)
{
    fputs(
        "Usage: amdvi top [OPTIONS] SOCKET\n"
        "Shows what the IOMMU of a running QEMU with -device amdvi does. SOCKET is where that "
        "QEMU\n"
        "speaks QMP: a path (-qmp unix:PATH,server=on,wait=off) or tcp:HOST:PORT. It must be "
        "free:\n"
        "QEMU speaks with one client at a time.\n"
        "\n"
        "      --once          print one table of all counts since the machine's start\n"
        "      --count N       print N tables, each of one interval; --once --interval S is\n"
        "                      --count 1 --interval S\n"
        "      --interval S    seconds of one interval, 0.1 to 3600 (1)\n"
        "      --sort COLUMN   device, name, requests, hits, walks, faults or interrupts "
        "(device);\n"
        "                      -COLUMN turns the order around\n"
        "      --device NAME   only this amdvi device: its id=, or its path in QEMU\n"
        "      --all           also devices that did nothing so far\n"
        "      --wait          wait for the machine to be there; on the screen also for the next\n"
        "                      one after its end\n"
        "      --json          print JSON; --once, if --count is not given\n"
        "      --color WHEN    always, never, auto\n"
        "\n"
        "Without --once or --count, the screen is used. Its keys:\n"
        "  q quit        d n r h w f i  sort by that column, again: the other way around\n"
        "  space pause   t  counts since the start, or of each second\n"
        "  Tab   next IOMMU  a  all devices     arrows, Page Up, Page Down  scroll\n"
        "\n"
        "The exit status is 1 if the machine cannot be asked or ends before all tables are "
        "printed.\n",
        stdout);
}

/* ---- Options --------------------------------------------------------------------------------- */

enum {
    OPTION_ONCE = CLI_OPTION_OWN,
    OPTION_COUNT,
    OPTION_INTERVAL,
    OPTION_SORT,
    OPTION_DEVICE,
    OPTION_ALL,
    OPTION_WAIT
};

struct given {
    bool once;
    bool interval;
};

static bool choose_column(struct top_options *options, const char *word)
{
    options->reverse = word[0] == '-';
    for (unsigned i = 0; i < TOP_COLUMNS; i++) {
        if (strcmp(top_headings[i].word, word + (options->reverse ? 1 : 0)) == 0) {
            options->sort = (enum top_column)i;
            return true;
        }
    }
    cli_complain("there is no column '%s'; --help names them", word);
    return false;
}

static bool choose_interval(struct top_options *options, const char *text)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end != '\0' || !(seconds >= 0.1 && seconds <= 3600)) {
        cli_complain("--interval is 0.1 to 3600 seconds, not '%s'", text);
        return false;
    }
    options->interval_s = seconds;
    return true;
}

static bool choose_count(struct top_options *options, const char *text)
{
    uint64_t count;

    if (!cli_number_parse(text, UINT32_MAX, &count) || count == 0) {
        cli_complain("--count is a number from 1 on, not '%s'", text);
        return false;
    }
    options->count = count;
    return true;
}

static enum cli_option_end choose(struct top_options *options, struct given *given,
                                  struct cli_out *out, int option)
{
    bool is_good = true;

    switch (option) {
    case OPTION_ONCE:
        given->once = true;
        break;
    case OPTION_COUNT:
        is_good = choose_count(options, optarg);
        break;
    case OPTION_INTERVAL:
        given->interval = true;
        is_good = choose_interval(options, optarg);
        break;
    case OPTION_SORT:
        is_good = choose_column(options, optarg);
        break;
    case OPTION_DEVICE:
        options->device = optarg;
        break;
    case OPTION_ALL:
        options->all = true;
        break;
    case OPTION_WAIT:
        options->wait = true;
        break;
    default:
        return cli_common_option(out, option);
    }
    return is_good ? CLI_OPTIONS_GO_ON : CLI_OPTIONS_BAD;
}

static enum cli_option_end read_options(struct top_options *options, struct given *given,
                                        struct cli_out *out, int argc, char **argv)
{
    static const struct option known[] = {
        {"once", no_argument, NULL, OPTION_ONCE},
        {"count", required_argument, NULL, OPTION_COUNT},
        {"interval", required_argument, NULL, OPTION_INTERVAL},
        {"sort", required_argument, NULL, OPTION_SORT},
        {"device", required_argument, NULL, OPTION_DEVICE},
        {"all", no_argument, NULL, OPTION_ALL},
        {"wait", no_argument, NULL, OPTION_WAIT},
        CLI_COMMON_OPTIONS,
    };
    enum cli_option_end end = CLI_OPTIONS_GO_ON;
    int option;

    while (end == CLI_OPTIONS_GO_ON && (option = getopt_long(argc, argv, "h", known, NULL)) != -1) {
        end = choose(options, given, out, option);
    }
    if (end != CLI_OPTIONS_GO_ON) {
        return end;
    }
    if (argc - optind != 1) {
        cli_complain(argc == optind ? "the machine's QMP socket is missing"
                                    : "one machine at a time");
        return CLI_OPTIONS_BAD;
    }
    options->address = argv[optind];
    return CLI_OPTIONS_GO_ON;
}

/* What the options come to together. */
static void settle_options(struct top_options *options, const struct given *given,
                           const struct cli_out *out)
{
    bool is_once = given->once || (out->json && options->count == 0);

    options->since_start = is_once && !given->interval;
    if (is_once) {
        options->count = 1;
    }
}

/* ---- Tables ---------------------------------------------------------------------------------- */

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void sleep_until(double when_s)
{
    struct timespec when = {.tv_sec = (time_t)when_s};

    when.tv_nsec = (long)((when_s - floor(when_s)) * 1e9);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR) {
    }
}

static enum cli_qmp_end open_patiently(struct cli_qmp *qmp, const struct top_options *options,
                                       json_t **out_paths)
{
    enum cli_qmp_end end = top_open(qmp, options, out_paths);

    while (options->wait && (end == CLI_QMP_ABSENT || end == CLI_QMP_ENDED)) {
        sleep_until(now_s() + WAIT_STEP_S);
        end = top_open(qmp, options, out_paths);
    }
    return end;
}

static bool print_report(const struct cli_out *out, json_t *report, bool is_first)
{
    if (out->json) {
        return cli_print_json(report);
    }
    if (!is_first) {
        putchar('\n');
    }
    top_print(out, report);
    json_decref(report);
    return cli_flush();
}

/* Each table is about what came since the one before it. */
static enum cli_qmp_end print_tables(const struct cli_out *out, const struct top_options *options,
                                     struct cli_qmp *qmp, const json_t *paths)
{
    json_t *before = NULL;
    enum cli_qmp_end end = options->since_start ? CLI_QMP_FINE : top_sample(qmp, paths, &before);
    double begin_s = now_s();

    for (unsigned long i = 0; i < options->count && end == CLI_QMP_FINE; i++) {
        json_t *now = NULL;
        if (!options->since_start) {
            sleep_until(begin_s + (double)(i + 1) * options->interval_s);
        }
        end = top_sample(qmp, paths, &now);
        if (end != CLI_QMP_FINE) {
            break;
        }
        bool is_printed = print_report(out, top_report(options, before, now), i == 0);
        json_decref(before);
        before = now;
        if (!is_printed) {
            end = CLI_QMP_STOPPED;
        }
    }
    json_decref(before);
    return end;
}

static int run_tables(const struct cli_out *out, const struct top_options *options)
{
    struct cli_qmp qmp = {.fd = -1, .watch_fd = -1};
    json_t *paths = NULL;
    enum cli_qmp_end end = open_patiently(&qmp, options, &paths);

    if (end == CLI_QMP_FINE) {
        end = print_tables(out, options, &qmp, paths);
    }
    if (end != CLI_QMP_FINE && end != CLI_QMP_STOPPED) {
        cli_complain("%s", qmp.error);
    }
    cli_qmp_close(&qmp);
    json_decref(paths);
    return end == CLI_QMP_FINE ? CLI_FINE : CLI_FINDINGS;
}

int cli_top(int argc, char **argv)
{
    struct top_options options = {.interval_s = 1};
    struct given given = {false, false};
    struct cli_out out;

    cli_out_init(&out);
    enum cli_option_end end = read_options(&options, &given, &out, argc, argv);
    if (end != CLI_OPTIONS_GO_ON) {
        return cli_usage_end(end, argv[0], usage);
    }
    settle_options(&options, &given, &out);
    if (options.count != 0) {
        return run_tables(&out, &options);
    }
    if (isatty(STDOUT_FILENO) != 1 || isatty(STDIN_FILENO) != 1) {
        cli_complain("there is no terminal for the screen; use --once or --count");
        return CLI_USAGE;
    }
    if (!top_screen_is_there()) {
        cli_complain("this program was built without ncurses; use --once or --count");
        return CLI_USAGE;
    }
    return top_screen_run(&out, &options);
}
