/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amdvi-conformance: runs the requirements against one target and prints TAP; writes a JSON
 * result, and compares with an expectation file.
 */
#define _POSIX_C_SOURCE 200809L
#include "report.h"
#include "run.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX 16

static void usage(FILE *out)
{
    fputs("Usage: amdvi-conformance --target NAME [OPTION]...\n"
          "\n"
          "  --target NAME    what to test; --targets names them\n"
          "  --qemu PATH      the QEMU of a qemu-… target\n"
          "  --roms DIR       its firmware\n"
          "  --tcg            it has no accelerator qtest\n"
          "  --name NAME      what to call the target in the result\n"
          "  --only PATTERN   only ids that match: 'DTE-*'\n"
          "  --json FILE      write the result there\n"
          "  --expect FILE    compare with what is expected, and fail on each difference\n"
          "  --recorded       with --expect: differences are shown, but are no failure, and\n"
          "                   neither are results other than pass\n"
          "  --terse          no line for what is not tested, as expected\n"
          "  --jobs N         tests at a time (1 to 16)\n"
          "  --deadline MS    for each test\n"
          "  --list           print ids, sentences and sources; run nothing\n"
          "  --list-json      the same as JSON\n"
          "  --targets        print the targets\n",
          out);
}

/* ---- Options --------------------------------------------------------------------------------- */

struct options {
    const struct target_kind_info *kind;
    struct target_place place;
    const char *name;
    const char *only;
    const char *json;
    const char *expect;
    bool recorded;
    bool terse;
    bool list;
    bool list_json;
    unsigned jobs;
    unsigned deadline_ms;
};

static void bad_usage(const char *what, const char *argument)
{
    fprintf(stderr, "amdvi-conformance: %s: %s\n", what, argument);
    usage(stderr);
    exit(2);
}

static unsigned number(const char *option, const char *text, unsigned max)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end != '\0' || value == 0 || value > max) {
        bad_usage("not a number in range", option);
    }
    return (unsigned)value;
}

static const struct target_kind_info *find_kind(const char *name)
{
    for (unsigned i = 0; target_kinds[i] != NULL; i++) {
        if (strcmp(target_kinds[i]->name, name) == 0) {
            return target_kinds[i];
        }
    }
    bad_usage("no such target", name);
    return NULL;
}

static void print_targets(void)
{
    for (unsigned i = 0; target_kinds[i] != NULL; i++) {
        printf("%-20s %s\n", target_kinds[i]->name, target_kinds[i]->sentence);
    }
}

/* Options with a value. False when @name is none. */
static bool take_value(struct options *options, const char *name, const char *value)
{
    if (strcmp(name, "--target") == 0) {
        options->kind = find_kind(value);
    } else if (strcmp(name, "--qemu") == 0) {
        options->place.qemu = value;
    } else if (strcmp(name, "--name") == 0) {
        options->name = value;
    } else if (strcmp(name, "--roms") == 0) {
        options->place.roms = value;
    } else if (strcmp(name, "--only") == 0) {
        options->only = value;
    } else if (strcmp(name, "--json") == 0) {
        options->json = value;
    } else if (strcmp(name, "--expect") == 0) {
        options->expect = value;
    } else if (strcmp(name, "--jobs") == 0) {
        options->jobs = number(name, value, JOBS_MAX);
    } else if (strcmp(name, "--deadline") == 0) {
        options->deadline_ms = number(name, value, 3600000);
    } else {
        return false;
    }
    return true;
}

static void parse(struct options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout);
            exit(0);
        } else if (strcmp(argv[i], "--targets") == 0) {
            print_targets();
            exit(0);
        } else if (strcmp(argv[i], "--list") == 0) {
            options->list = true;
        } else if (strcmp(argv[i], "--list-json") == 0) {
            options->list_json = true;
        } else if (strcmp(argv[i], "--recorded") == 0) {
            options->recorded = true;
        } else if (strcmp(argv[i], "--terse") == 0) {
            options->terse = true;
        } else if (strcmp(argv[i], "--tcg") == 0) {
            options->place.tcg = true;
        } else if (i + 1 < argc && take_value(options, argv[i], argv[i + 1])) {
            i++;
        } else {
            bad_usage("unknown option, or one without its value", argv[i]);
        }
    }
    if (!options->list && !options->list_json && options->kind == NULL) {
        bad_usage("which target?", "--target is missing");
    }
    if (options->kind != NULL && options->kind->needs_qemu && options->place.qemu == NULL) {
        bad_usage("this target needs", "--qemu PATH");
    }
    if (options->place.qemu != NULL && access(options->place.qemu, X_OK) != 0) {
        bad_usage("not a program", options->place.qemu);
    }
}

/* ---- The list -------------------------------------------------------------------------------- */

/* Those that @only matches. Returns how many; the array is to be freed. */
static size_t select_requirements(const char *only, const struct requirement ***out)
{
    size_t count = 0;

    for (unsigned a = 0; requirement_areas[a] != NULL; a++) {
        for (const struct requirement *r = requirement_areas[a]->list; r->id != NULL; r++) {
            count++;
        }
    }
    const struct requirement **list = calloc(count + 1, sizeof(*list));
    if (list == NULL) {
        abort();
    }
    count = 0;
    for (unsigned a = 0; requirement_areas[a] != NULL; a++) {
        for (const struct requirement *r = requirement_areas[a]->list; r->id != NULL; r++) {
            if (only == NULL || fnmatch(only, r->id, 0) == 0) {
                list[count++] = r;
            }
        }
    }
    *out = list;
    return count;
}

/* Ids are the area's prefix and a number of three digits, each once; nothing is left out. */
static void check_list(void)
{
    for (unsigned a = 0; requirement_areas[a] != NULL; a++) {
        const struct requirement_area *area = requirement_areas[a];
        size_t prefix = strlen(area->prefix);

        for (const struct requirement *r = area->list; r->id != NULL; r++) {
            bool good = strncmp(r->id, area->prefix, prefix) == 0 && r->id[prefix] == '-' &&
                        strspn(r->id + prefix + 1, "0123456789") == 3 &&
                        strlen(r->id) == prefix + 4;

            good = good && r->sentence != NULL && r->source != NULL && r->test != NULL &&
                   (r->legal == NULL) == (r->ours == NULL);
            for (const struct requirement *other = area->list; other != r; other++) {
                good = good && strcmp(other->id, r->id) != 0;
            }
            if (!good) {
                fprintf(stderr, "amdvi-conformance: %s is not well formed, or there twice\n",
                        r->id);
                exit(2);
            }
        }
    }
}

/* ---- Running --------------------------------------------------------------------------------- */

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Each result is printed in the order of the list, as soon as all before it are there. */
static void run_all(const struct options *options, const struct requirement **list, size_t count,
                    struct result *results, struct report *report)
{
    struct running running[JOBS_MAX];
    bool *done = calloc(count + 1, sizeof(*done));
    size_t next = 0;
    size_t printed = 0;
    unsigned active = 0;

    if (done == NULL) {
        abort();
    }
    while (printed < count) {
        while (active < options->jobs && next < count) {
            if (run_begin(&running[active], &results[next], list[next], options->kind,
                          &options->place)) {
                active++;
            } else {
                done[next] = true;
            }
            next++;
        }
        for (unsigned i = 0; i < active; i++) {
            if (run_poll(&running[i], options->deadline_ms)) {
                done[running[i].result - results] = true;
                running[i] = running[--active];
            }
        }
        for (; printed < count && done[printed]; printed++) {
            report_print(report, &results[printed]);
        }
        if (printed < count && active == options->jobs) {
            nap();
        } else if (printed < count && next == count) {
            nap();
        }
    }
    free(done);
}

static const char *target_name(const struct options *options)
{
    return options->name != NULL ? options->name : options->kind->name;
}

int main(int argc, char **argv)
{
    struct options options = {.jobs = 1, .deadline_ms = 20000};
    const struct requirement **list;

    check_list();
    parse(&options, argc, argv);
    size_t count = select_requirements(options.only, &list);
    if (options.list || options.list_json) {
        report_list(list, count, options.list_json);
        free(list);
        return 0;
    }
    struct result *results = calloc(count + 1, sizeof(*results));
    if (results == NULL) {
        abort();
    }
    struct report *report = report_begin(target_name(&options), options.kind->ours, options.expect,
                                         options.recorded, options.terse, count);
    run_all(&options, list, count, results, report);
    if (options.json != NULL && !report_json(options.json, target_name(&options), results, count)) {
        fprintf(stderr, "amdvi-conformance: cannot write %s\n", options.json);
        return 2;
    }
    bool good = report_end(report, options.only == NULL);
    for (size_t i = 0; i < count; i++) {
        free(results[i].notes);
    }
    free(results);
    free(list);
    return good ? 0 : 1;
}
