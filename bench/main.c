/* SPDX-License-Identifier: BSD-2-Clause */
/* amdvi-bench: what the library costs, as multiples of what the machine itself costs. */
#define _POSIX_C_SOURCE 200809L /* pause */

#include "bench.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUICK_ROW_MS 120
#define FULL_ROW_MS  1600

struct options {
    bool quick;
    const char *only;
    const char *json;
    const char *plots;
    const char *count_name;
    unsigned count;
};

struct group {
    const char *name;
    void (*run)(struct bench *bench);
};

static const struct group groups[] = {
    {"translate", rows_translate}, {"commands", rows_commands}, {"threads", rows_threads},
    {"scale", rows_scale},         {"pages", rows_pages},
};

#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))

static void usage(FILE *file)
{
    fprintf(file,
            "Usage: amdvi-bench [--quick] [--only GROUP] [--json FILE] [--plots DIRECTORY]\n"
            "       amdvi-bench --count NAME N\n"
            "       amdvi-bench --list\n\n"
            "Measures what libamdvi's calls cost, next to a comparator with one lock and one hash\n"
            "table. A ratio is to one of\n"
            "  A   a sequentially consistent atomic add, uncontended\n"
            "  W4  a bare walk of four hot tables\n"
            "  C4  a hot copy of 4 KiB\n"
            "  S   a plain store of a page table entry, in a loop of 512\n"
            "measured in turns with it. Times are minima of many short trials.\n\n"
            "  --quick            about 10 seconds instead of about 70\n"
            "  --only GROUP       translate, commands, threads, scale or pages\n"
            "  --json FILE        write all figures\n"
            "  --plots DIRECTORY  write data and gnuplot scripts, and run gnuplot (SVG)\n"
            "  --count NAME N     do one operation N times, for counting its instructions with\n"
            "                     valgrind: see bench/instructions\n"
            "  --list             the NAMEs\n");
}

static void list(void)
{
    for (unsigned i = 0; i < operation_count; i++) {
        printf("%-22s %s\n", operations[i].name, operations[i].what);
    }
}

static bool is_group(const char *name)
{
    for (unsigned i = 0; i < GROUP_COUNT; i++) {
        if (strcmp(groups[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool parse_value(struct options *options, char **argument, int left)
{
    if (strcmp(argument[0], "--only") == 0 && left >= 2) {
        options->only = argument[1];
        return is_group(options->only);
    }
    if (strcmp(argument[0], "--json") == 0 && left >= 2) {
        options->json = argument[1];
        return true;
    }
    if (strcmp(argument[0], "--plots") == 0 && left >= 2) {
        options->plots = argument[1];
        return true;
    }
    if (strcmp(argument[0], "--count") == 0 && left >= 3) {
        options->count_name = argument[1];
        options->count = (unsigned)strtoul(argument[2], NULL, 10);
        return true;
    }
    return false;
}

static bool parse(struct options *options, int argc, char **argv)
{
    for (int i = 1; i < argc;) {
        if (strcmp(argv[i], "--quick") == 0) {
            options->quick = true;
            i++;
        } else if (parse_value(options, &argv[i], argc - i)) {
            i += strcmp(argv[i], "--count") == 0 ? 3 : 2;
        } else {
            return false;
        }
    }
    return true;
}

static void *sleep_for_ever(void *unused)
{
    for (;;) {
        pause();
    }
    return unused;
}

/*
 * Whoever embeds the library has threads. With one thread alone glibc leaves the atomic operations
 * of a mutex out, and locks would look cheaper than they are for anybody else.
 */
static void have_threads(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, sleep_for_ever, NULL) != 0 || pthread_detach(thread) != 0) {
        abort();
    }
}

static void calibrate(struct bench *bench)
{
    struct scene_options options = {0};
    struct load *load = load_open(&options);
    struct trial trials[] = {
        {.run = bench_atomic_add, .load = &load->calibration, .count = 2000},
        {.run = bench_walk, .load = &load->calibration, .count = 2000},
        {.run = bench_walk_apart, .load = &load->calibration, .count = 2000},
        {.run = bench_copy, .load = &load->calibration, .count = 500},
    };

    bench_measure(trials, 4, bench->row_ms);
    bench->atomic_ns = trials[0].result.min_ns;
    bench->walk_ns = trials[1].result.min_ns;
    bench->apart_ns = trials[2].result.min_ns;
    bench->copy_ns = trials[3].result.min_ns;
    printf("A %.2f ns, W4 %.2f ns (%.2f ns when they may overlap), C4 %.2f ns\n", bench->atomic_ns,
           bench->walk_ns, bench->apart_ns, bench->copy_ns);
    load_close(load);
}

static void summary(const struct bench *bench)
{
    unsigned goals = 0;
    unsigned met = 0;

    for (unsigned i = 0; i < bench->row_count; i++) {
        goals += bench->rows[i].goal != GOAL_NONE;
        met += bench->rows[i].goal != GOAL_NONE && row_is_met(&bench->rows[i]);
    }
    printf("\n%u of %u goals met\n", met, goals);
}

/* A figure that misses its goal is no failure: times depend on the machine. */
static int measure(const struct options *options)
{
    static struct bench bench;
    bool good = true;

    bench = (struct bench){.quick = options->quick,
                           .row_ms = options->quick ? QUICK_ROW_MS : FULL_ROW_MS};
    calibrate(&bench);
    for (unsigned i = 0; i < GROUP_COUNT; i++) {
        if (options->only == NULL || strcmp(options->only, groups[i].name) == 0) {
            groups[i].run(&bench);
        }
    }
    summary(&bench);
    if (options->json != NULL && !bench_write_json(&bench, options->json)) {
        fprintf(stderr, "amdvi-bench: cannot write %s\n", options->json);
        good = false;
    }
    if (options->plots != NULL && !bench_write_plots(&bench, options->plots)) {
        fprintf(stderr, "amdvi-bench: cannot write plots to %s\n", options->plots);
        good = false;
    }
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct options options = {0};

    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        list();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return 0;
    }
    if (!parse(&options, argc, argv)) {
        usage(stderr);
        return 2;
    }
    have_threads();
    if (options.count_name == NULL) {
        return measure(&options);
    }
    if (!operation_run(options.count_name, options.count)) {
        fprintf(stderr, "amdvi-bench: no operation %s; see --list\n", options.count_name);
        return 2;
    }
    return 0;
}
