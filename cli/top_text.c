/* SPDX-License-Identifier: BSD-2-Clause */
/* A report as lines of text, which fit a terminal of 80 columns. */
#include "top.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct top_heading top_headings[TOP_COLUMNS] = {
    [TOP_ID] = {"device", "id", -8},
    [TOP_NAME] = {"name", "name", -24},
    [TOP_REQUESTS] = {"requests", "requests", 10},
    [TOP_HIT_RATE] = {"hits", "hit_rate", 6},
    [TOP_WALKS] = {"walks", "walks", 8},
    [TOP_FAULTS] = {"faults", "faults", 7},
    [TOP_INTERRUPTS] = {"interrupts", "interrupts", 10},
};

/* How long another wait may take before it is shown as bad: Linux gives one up after 0.1 s. */
#define LONG_WAIT_US 100000.0

static void append(char *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(char *line, const char *format, ...)
{
    size_t length = strlen(line);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line + length, TOP_LINE_BYTES - length, format, arguments);
    va_end(arguments);
    cli_make_printable(line + length); /* names are the machine's */
}

/* ---- Numbers --------------------------------------------------------------------------------- */

static bool has_interval(const json_t *report)
{
    return json_is_real(json_object_get(report, "interval_s"));
}

/* A number that fits @width characters, with a letter for its powers of 1000 if it must. */
static void number_text(char *text, size_t size, double value, int width)
{
    static const char units[] = {'k', 'M', 'G', 'T', 'P', 'E'};
    double most = pow(10, width) - 0.5;
    unsigned unit = 0;

    if (value < most) {
        snprintf(text, size, "%.0f", value);
        return;
    }
    for (value /= 1000; value >= pow(10, width - 1) - 0.5 && unit < sizeof(units) - 1; unit++) {
        value /= 1000;
    }
    snprintf(text, size, "%.0f%c", value, units[unit]);
}

/* A count since the start, or of one second of an interval. */
static void count_text(char *text, size_t size, const json_t *report, const json_t *count,
                       int width)
{
    double seconds = json_number_value(json_object_get(report, "interval_s"));

    if (!has_interval(report)) {
        number_text(text, size, (double)json_integer_value(count), width);
        return;
    }
    double rate = json_number_value(count) / seconds;
    if (rate > 0 && rate < 9.95) {
        snprintf(text, size, "%.1f", rate);
    } else {
        number_text(text, size, rate, width < 6 ? width : 6);
    }
}

static void append_count(char *line, const json_t *report, const json_t *object, const char *key)
{
    char text[32];

    count_text(text, sizeof(text), report, json_object_get(object, key), 10);
    append(line, "%s%s", text, has_interval(report) ? "/s" : "");
}

static void append_time(char *line, const json_t *us)
{
    double value = json_number_value(us);

    if (value < 1000) {
        append(line, json_is_integer(us) ? "%.0f us" : "%.1f us", value);
    } else if (value < 1000000) {
        append(line, "%.1f ms", value / 1000);
    } else {
        append(line, "%.1f s", value / 1000000);
    }
}

/* ---- Summaries ------------------------------------------------------------------------------- */

static void append_ring(char *line, const json_t *ring, const char *what)
{
    append(line, "%-8s %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " %s",
           cli_text(ring, "state"), json_integer_value(json_object_get(ring, "used")),
           json_integer_value(json_object_get(ring, "entries")), what);
}

static void commands_text(char *line, const json_t *report, const json_t *unit)
{
    const json_t *ring = json_object_get(unit, "commands");
    const json_t *waiting = json_object_get(ring, "waiting_us");

    append(line, "commands  ");
    append_ring(line, ring, "used, ");
    append_count(line, report, ring, "completed");
    append(line, " completed");
    if (json_number_value(waiting) > 0) {
        append(line, "; waiting for ");
        append_time(line, waiting);
    }
}

static void append_below(char *line, const char *who, const json_t *us)
{
    if (json_is_integer(us)) {
        append(line, ", %s < ", who);
        append_time(line, us);
    }
}

static void waits_text(char *line, const json_t *report, const json_t *unit)
{
    const json_t *waits = json_object_get(unit, "waits");

    append(line, "waits     ");
    append_count(line, report, waits, "completed");
    if (json_is_real(json_object_get(waits, "mean_us"))) {
        append(line, ", mean ");
        append_time(line, json_object_get(waits, "mean_us"));
        append_below(line, "99 %", json_object_get(waits, "p99_below_us"));
        append_below(line, "all", json_object_get(waits, "all_below_us"));
    }
    append(line, "; longest ever ");
    append_time(line, json_object_get(waits, "longest_ever_us"));
}

static void events_text(char *line, const json_t *report, const json_t *unit)
{
    const json_t *ring = json_object_get(unit, "events");

    append(line, "events    ");
    append_ring(line, ring, "unread, ");
    append_count(line, report, ring, "written");
    append(line, " written, ");
    append_count(line, report, ring, "lost");
    append(line, " lost%s", json_is_true(json_object_get(ring, "overflow")) ? ", OVERFLOW" : "");
}

void top_summary_text(char *line, const json_t *report, const json_t *unit, enum top_summary what)
{
    line[0] = '\0';
    switch (what) {
    case TOP_COMMANDS:
        commands_text(line, report, unit);
        break;
    case TOP_WAITS:
        waits_text(line, report, unit);
        break;
    case TOP_EVENTS:
    case TOP_SUMMARIES:
        events_text(line, report, unit);
        break;
    }
}

static bool is_stopped(const json_t *unit, const char *ring)
{
    return strcmp(cli_text(json_object_get(unit, ring), "state"), "stopped") == 0;
}

bool top_summary_is_bad(const json_t *unit, enum top_summary what)
{
    const json_t *waiting = json_object_get(json_object_get(unit, "commands"), "waiting_us");
    const json_t *events = json_object_get(unit, "events");

    switch (what) {
    case TOP_COMMANDS:
        return is_stopped(unit, "commands") || json_number_value(waiting) > LONG_WAIT_US;
    case TOP_EVENTS:
        return is_stopped(unit, "events") || json_is_true(json_object_get(events, "overflow"));
    case TOP_WAITS:
    case TOP_SUMMARIES:
        break;
    }
    return false;
}

/* ---- The table ------------------------------------------------------------------------------- */

static void append_cell(char *line, enum top_column column, const char *text)
{
    append(line, "%s%*.*s", column == 0 ? "" : " ", top_headings[column].width,
           column == TOP_NAME ? -top_headings[column].width : 20, text);
}

void top_heading_text(char *line, const json_t *report)
{
    static const char *const of_interval[TOP_COLUMNS] = {
        "device", "name", "requests/s", "hits", "walks/s", "faults/s", "interr./s"};
    static const char *const since_start[TOP_COLUMNS] = {"device", "name",   "requests",  "hits",
                                                         "walks",  "faults", "interrupts"};
    const char *const *words = has_interval(report) ? of_interval : since_start;

    line[0] = '\0';
    for (unsigned i = 0; i < TOP_COLUMNS; i++) {
        append_cell(line, (enum top_column)i, words[i]);
    }
}

/* "nvme0 (nvme)": what the user calls it, and what it is. */
static void name_text(char *text, size_t size, const json_t *row)
{
    const char *label = cli_text(row, "label");
    const char *name = cli_text(row, "name");

    if (*label != '\0') {
        snprintf(text, size, "%s (%s)", label, name);
    } else {
        snprintf(text, size, "%s", name);
    }
}

static void cell_text(char *text, size_t size, const json_t *report, const json_t *row,
                      enum top_column column)
{
    const json_t *value = json_object_get(row, top_headings[column].key);

    if (column == TOP_ID) {
        snprintf(text, size, "%s", cli_text(row, "id"));
    } else if (column == TOP_NAME) {
        name_text(text, size, row);
    } else if (column != TOP_HIT_RATE) {
        count_text(text, size, report, value, top_headings[column].width);
    } else if (json_is_real(value)) {
        /* Not rounded up: 100 % is all of them. */
        snprintf(text, size, "%.1f%%", floor(10 * json_real_value(value)) / 10);
    } else {
        snprintf(text, size, "-");
    }
}

void top_row_text(char *line, const json_t *report, const json_t *row)
{
    char text[128];

    line[0] = '\0';
    for (unsigned i = 0; i < TOP_COLUMNS; i++) {
        cell_text(text, sizeof(text), report, row, (enum top_column)i);
        append_cell(line, (enum top_column)i, text);
    }
}

/* ---- Printing -------------------------------------------------------------------------------- */

static void print_line(const struct cli_out *out, const char *line, enum cli_colour colour)
{
    if (colour != CLI_PLAIN) {
        cli_colour(out, colour);
    }
    fputs(line, stdout);
    if (colour != CLI_PLAIN) {
        cli_colour(out, CLI_PLAIN);
    }
    putchar('\n');
}

static bool has_faults(const json_t *row)
{
    return json_integer_value(json_object_get(row, "faults")) > 0;
}

const char *top_unit_name(const json_t *unit)
{
    const char *slash = strrchr(cli_text(unit, "path"), '/');

    return slash != NULL ? slash + 1 : "";
}

static void print_unit(const struct cli_out *out, const json_t *report, const json_t *unit)
{
    const json_t *rows = json_object_get(unit, "devices");
    char line[TOP_LINE_BYTES];
    size_t index;
    json_t *row;

    snprintf(line, sizeof(line), "%.40s: %s, machine %.20s", top_unit_name(unit),
             json_is_true(json_object_get(unit, "enabled")) ? "enabled" : "not enabled",
             cli_text(report, "machine"));
    if (has_interval(report)) {
        append(line, ", over %.1f s", json_number_value(json_object_get(report, "interval_s")));
    } else {
        append(line, ", since its start");
    }
    print_line(out, line, CLI_BOLD);
    for (unsigned i = 0; i < TOP_SUMMARIES; i++) {
        top_summary_text(line, report, unit, (enum top_summary)i);
        print_line(out, line, top_summary_is_bad(unit, (enum top_summary)i) ? CLI_RED : CLI_PLAIN);
    }
    putchar('\n');
    top_heading_text(line, report);
    print_line(out, line, CLI_DIM);
    json_array_foreach(rows, index, row)
    {
        top_row_text(line, report, row);
        print_line(out, line, has_faults(row) ? CLI_YELLOW : CLI_PLAIN);
    }
    top_row_text(line, report, json_object_get(unit, "all"));
    print_line(out, line, CLI_PLAIN);
}

void top_print(const struct cli_out *out, const json_t *report)
{
    const json_t *units = json_object_get(report, "units");
    size_t index;
    json_t *unit;

    json_array_foreach(units, index, unit)
    {
        if (index != 0) {
            putchar('\n');
        }
        print_unit(out, report, unit);
    }
}
