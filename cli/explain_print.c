/* SPDX-License-Identifier: BSD-2-Clause */
/* The explanation of a log as text: what is wrong first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"

#define ALIKE_MAX 3

#define COUNT(object) json_integer_value(json_object_get((object), "count"))

static void paragraph(const char *label, const char *text)
{
    if (*text != '\0') {
        printf("  %-5s", label);
        cli_print_wrapped(text, 7, 7);
        putchar('\n');
    }
}

static void print_times(const json_t *group)
{
    const char *first = cli_text(group, "first");
    const char *last = cli_text(group, "last");

    if (*first == '\0') {
        return;
    }
    if (strcmp(first, last) == 0) {
        printf("  When %s\n", first);
    } else {
        printf("  When %s to %s\n", first, last);
    }
}

/* One character for each part of the time: a space for none, then as many lines as there were. */
static void print_histogram(const json_t *counts)
{
    static const char levels[] = " .:-=+*#%@";
    json_int_t most = 0;
    size_t index;
    json_t *count;

    json_array_foreach(counts, index, count)
    {
        most = json_integer_value(count) > most ? json_integer_value(count) : most;
    }
    if (most == 0) {
        return;
    }
    fputs("       |", stdout);
    json_array_foreach(counts, index, count)
    {
        json_int_t value = json_integer_value(count);
        putchar(levels[value == 0 ? 0 : 1 + (value * 9 - 1) / most]);
    }
    printf("|  '@' is %lld\n", (long long)most);
}

static void print_title(const struct cli_out *out, const json_t *group)
{
    const char *device = cli_text(group, "device");
    const char *name = cli_text(group, "device_name");
    const char *driver = cli_text(group, "driver");

    cli_colour(out, CLI_RED);
    printf("%s", cli_text(group, "event"));
    cli_colour(out, CLI_PLAIN);
    if (*device != '\0') {
        cli_colour(out, CLI_BOLD);
        printf(" of %s", device);
        cli_colour(out, CLI_PLAIN);
    }
    if (*name != '\0' || *driver != '\0') {
        printf(" (%s%s%s%s)", name, *name != '\0' && *driver != '\0' ? ", " : "",
               *driver != '\0' ? "driver " : "", driver);
    }
    if (COUNT(group) == 1) {
        printf(", once\n");
    } else {
        printf(", %lld times\n", (long long)COUNT(group));
    }
}

static void print_event(const struct cli_out *out, const json_t *group)
{
    const char *low = cli_text(group, "address_low");
    const char *high = cli_text(group, "address_high");
    const json_t *domain = json_object_get(group, "domain");
    const json_t *pasid = json_object_get(group, "pasid");
    size_t index;
    json_t *text;

    print_title(out, group);
    print_times(group);
    print_histogram(json_object_get(group, "histogram"));
    if (*low != '\0') {
        printf("  At   %s%s%s", low, strcmp(low, high) != 0 ? " to " : "",
               strcmp(low, high) != 0 ? high : "");
        if (domain != NULL) {
            printf(", domain %lld", (long long)json_integer_value(domain));
        }
        if (pasid != NULL) {
            printf(", PASID %lld", (long long)json_integer_value(pasid));
        }
        printf("%s%s\n", *cli_text(group, "flags") != '\0' ? ", flags " : "",
               cli_text(group, "flags"));
    }
    json_array_foreach(json_object_get(group, "what"), index, text)
    {
        paragraph(index == 0 ? "What" : "", json_string_value(text));
    }
    json_array_foreach(json_object_get(group, "entry"), index, text)
    {
        paragraph(index == 0 ? "Log" : "", json_string_value(text));
    }
    paragraph("Why", cli_text(group, "why"));
    paragraph("Do", cli_text(group, "do"));
    putchar('\n');
}

static void print_line(const json_t *group)
{
    printf("  %s", cli_text(group, "line"));
    if (COUNT(group) > 1) {
        printf("  (%lld times)", (long long)COUNT(group));
    }
    putchar('\n');
}

static void print_meaning(const json_t *group)
{
    fputs("    ", stdout);
    cli_print_wrapped(cli_text(group, "meaning"), 4, 4);
    putchar('\n');
    if (*cli_text(group, "do") != '\0') {
        fputs("    Do: ", stdout);
        cli_print_wrapped(cli_text(group, "do"), 8, 8);
        putchar('\n');
    }
}

/* Do two lines of the list get the same explanation, one right after the other? */
static bool is_alike(const json_t *a, const json_t *b)
{
    return strcmp(cli_text(a, "severity"), cli_text(b, "severity")) == 0 &&
           strcmp(cli_text(a, "meaning"), cli_text(b, "meaning")) == 0 &&
           strcmp(cli_text(a, "do"), cli_text(b, "do")) == 0;
}

/* The lines of one severity; of many that are alike, such as one for each device, a few. */
static void print_lines(const struct cli_out *out, const json_t *lines, const char *severity,
                        const char *title)
{
    bool is_first = true;
    unsigned alike = 0;
    size_t index;
    json_t *group;

    json_array_foreach(lines, index, group)
    {
        const json_t *next = json_array_get(lines, index + 1);
        if (strcmp(cli_text(group, "severity"), severity) != 0) {
            continue;
        }
        if (is_first) {
            cli_colour(out, CLI_BOLD);
            printf("%s\n", title);
            cli_colour(out, CLI_PLAIN);
            is_first = false;
        }
        if (alike < ALIKE_MAX) {
            print_line(group);
        }
        alike++;
        if (next != NULL && is_alike(group, next)) {
            continue;
        }
        if (alike > ALIKE_MAX) {
            printf("  ... and %u more\n", alike - ALIKE_MAX);
        }
        print_meaning(group);
        alike = 0;
    }
    fputs(is_first ? "" : "\n", stdout);
}

static void print_unknown(const struct cli_out *out, const json_t *unknown)
{
    size_t index;
    json_t *group;

    if (json_array_size(unknown) == 0) {
        return;
    }
    cli_colour(out, CLI_BOLD);
    printf("Not known\n");
    cli_colour(out, CLI_PLAIN);
    json_array_foreach(unknown, index, group)
    {
        print_line(group);
    }
    putchar('\n');
}

void cli_explain_print(const struct cli_out *out, const json_t *document)
{
    const json_t *lines = json_object_get(document, "lines");
    size_t index;
    json_t *group;

    json_array_foreach(json_object_get(document, "events"), index, group)
    {
        print_event(out, group);
    }
    print_lines(out, lines, "problem", "Problems");
    print_lines(out, lines, "note", "Worth knowing");
    print_lines(out, lines, "fine", "Fine");
    print_unknown(out, json_object_get(document, "unknown"));
    json_int_t count = json_integer_value(json_object_get(document, "line_count"));
    printf("%lld line%s, %lld of them about something else", (long long)count,
           count == 1 ? "" : "s",
           (long long)json_integer_value(json_object_get(document, "other_lines")));
    json_int_t left_out = json_integer_value(json_object_get(document, "left_out"));
    if (left_out != 0) {
        printf("; %lld lines of too many kinds are left out", (long long)left_out);
    }
    printf(".\n");
    if (count != 0 && count == json_integer_value(json_object_get(document, "other_lines"))) {
        cli_print_wrapped(
            "No line is of an AMD IOMMU's driver: the machine has none, its firmware keeps it off "
            "(\"IOMMU\" or \"AMD-Vi\" in its setup), or the log does not begin with the boot.",
            0, 0);
        putchar('\n');
    }
}
