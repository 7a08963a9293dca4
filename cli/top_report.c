/* SPDX-License-Identifier: BSD-2-Clause */
/* What came between two samples. Counters that went back are those of another machine: from 0. */
#include "top.h"

#include <string.h>

/* Of waits[i] fewer than 2^i us. */
#define WAIT_TIMES 32

static json_int_t count_of(const json_t *object, const char *key)
{
    json_int_t count = json_integer_value(json_object_get(object, key));

    return count > 0 ? count : 0;
}

static json_int_t grown(json_int_t now, json_int_t before)
{
    return now >= before ? now - before : now;
}

static json_int_t growth(const json_t *now, const json_t *before, const char *key)
{
    return grown(count_of(now, key), count_of(before, key));
}

/* In per cent of what was translated; null when nothing was. */
static json_t *hit_rate(json_int_t hits, json_int_t walks)
{
    double translated = (double)hits + (double)walks;

    return translated > 0 ? json_real(100 * (double)hits / translated) : json_null();
}

/* ---- Devices --------------------------------------------------------------------------------- */

static bool is_same_device(const json_t *a, const json_t *b)
{
    return strcmp(cli_text(a, "id"), cli_text(b, "id")) == 0 &&
           strcmp(cli_text(a, "name"), cli_text(b, "name")) == 0;
}

/* Mostly at the same place in the list; devices come and go, and buses are numbered anew. */
static const json_t *find_device(const json_t *devices, const json_t *wanted, size_t place)
{
    const json_t *at_place = json_array_get(devices, place);
    size_t index;
    json_t *device;

    if (at_place != NULL && is_same_device(at_place, wanted)) {
        return at_place;
    }
    json_array_foreach(devices, index, device)
    {
        if (is_same_device(device, wanted)) {
            return device;
        }
    }
    return NULL;
}

static json_t *make_row(const json_t *now, const json_t *before)
{
    json_int_t hits = growth(now, before, "hits");
    json_int_t walks = growth(now, before, "walks");
    const char *label = cli_text(now, "label");

    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:o, s:I, s:I, s:I}", "id", cli_text(now, "id"),
                     "name", cli_text(now, "name"), "label", label, "requests",
                     growth(now, before, "translations"), "hits", hits, "hit_rate",
                     hit_rate(hits, walks), "walks", walks, "faults", growth(now, before, "faults"),
                     "interrupts", growth(now, before, "interrupts"));
}

/* What the row is called first in its column of names. */
static const char *row_name(const json_t *row)
{
    const char *label = cli_text(row, "label");

    return *label != '\0' ? label : cli_text(row, "name");
}

/* By a number, the largest is the first; no number is the smallest. */
static bool comes_before(const json_t *a, const json_t *b, enum top_column column)
{
    const char *key = top_headings[column].key;

    if (column == TOP_ID) {
        return strcmp(cli_text(a, key), cli_text(b, key)) < 0;
    }
    if (column == TOP_NAME) {
        return strcmp(row_name(a), row_name(b)) < 0;
    }
    const json_t *left = json_object_get(a, key);
    const json_t *right = json_object_get(b, key);
    return (json_is_number(left) ? json_number_value(left) : -1) >
           (json_is_number(right) ? json_number_value(right) : -1);
}

/* Stable, so that rows that are alike stay in the order of their requester ids. */
static void insert_row(json_t *rows, json_t *row, const struct top_options *options)
{
    size_t at = json_array_size(rows);

    while (at > 0) {
        const json_t *other = json_array_get(rows, at - 1);
        bool is_before = options->reverse ? comes_before(other, row, options->sort)
                                          : comes_before(row, other, options->sort);
        if (!is_before) {
            break;
        }
        at--;
    }
    json_array_insert_new(rows, at, row);
}

/* A device is left out that has done nothing since the machine's start. */
static json_t *make_rows(const struct top_options *options, const json_t *now, const json_t *before)
{
    const json_t *devices = json_object_get(now, "devices");
    const json_t *devices_before = json_object_get(before, "devices");
    json_t *rows = json_array();
    size_t index;
    json_t *device;

    json_array_foreach(devices, index, device)
    {
        bool is_active = count_of(device, "translations") != 0 || count_of(device, "faults") != 0 ||
                         count_of(device, "interrupts") != 0;
        if (is_active || options->all) {
            insert_row(rows, make_row(device, find_device(devices_before, device, index)), options);
        }
    }
    return rows;
}

static json_int_t sum_of(const json_t *rows, const char *key)
{
    json_int_t sum = 0;
    size_t index;
    json_t *row;

    json_array_foreach(rows, index, row)
    {
        json_int_t count = count_of(row, key);
        sum = count <= INT64_MAX - sum ? sum + count : INT64_MAX;
    }
    return sum;
}

static json_t *make_sum(const json_t *rows)
{
    json_int_t hits = sum_of(rows, "hits");
    json_int_t walks = sum_of(rows, "walks");

    return json_pack("{s:s, s:I, s:I, s:o, s:I, s:I, s:I}", "id", "all", "requests",
                     sum_of(rows, "requests"), "hits", hits, "hit_rate", hit_rate(hits, walks),
                     "walks", walks, "faults", sum_of(rows, "faults"), "interrupts",
                     sum_of(rows, "interrupts"));
}

/* ---- Units ----------------------------------------------------------------------------------- */

static double times_grown(const json_t *now, const json_t *before, size_t index)
{
    double count = json_number_value(json_array_get(now, index));
    double count_before = json_number_value(json_array_get(before, index));

    return count >= count_before ? count - count_before : count;
}

/* The least power of two of microseconds that @share of the waits took less than; null: unknown. */
static json_t *waits_below(const json_t *now, const json_t *before, double share)
{
    double all = 0;
    double so_far = 0;

    for (size_t i = 0; i < WAIT_TIMES; i++) {
        all += times_grown(now, before, i);
    }
    for (size_t i = 0; all > 0 && i < WAIT_TIMES - 1; i++) {
        so_far += times_grown(now, before, i);
        if (so_far >= share * all) {
            return json_integer((json_int_t)1 << i);
        }
    }
    return json_null();
}

static json_t *make_waits(const json_t *now, const json_t *before)
{
    json_int_t completed = growth(now, before, "completed");
    const json_t *times = json_object_get(now, "below_2_to_us");
    const json_t *times_before = json_object_get(before, "below_2_to_us");
    double total_us = (double)growth(now, before, "total_ns") / 1000;

    return json_pack("{s:I, s:o, s:o, s:o, s:f}", "completed", completed, "mean_us",
                     completed > 0 ? json_real(total_us / (double)completed) : json_null(),
                     "p99_below_us", waits_below(times, times_before, 0.99), "all_below_us",
                     waits_below(times, times_before, 1), "longest_ever_us",
                     (double)count_of(now, "longest_ns") / 1000);
}

/* What both rings have. */
static json_t *make_ring(const json_t *ring)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I}", "state", cli_text(ring, "state"), "entries",
                     count_of(ring, "entries"), "used", count_of(ring, "used"), "head",
                     count_of(ring, "head"), "tail", count_of(ring, "tail"));
}

static json_t *make_unit(const struct top_options *options, const json_t *now, const json_t *before)
{
    const json_t *rings = json_object_get(now, "rings");
    const json_t *totals = json_object_get(now, "totals");
    const json_t *totals_before = json_object_get(before, "totals");
    json_t *commands = make_ring(json_object_get(rings, "command"));
    json_t *events = make_ring(json_object_get(rings, "event"));

    json_object_set_new(commands, "completed",
                        json_integer(growth(totals, totals_before, "commands")));
    json_object_set_new(
        commands, "waiting_us",
        json_real((double)count_of(json_object_get(rings, "command"), "waiting_ns") / 1000));
    json_object_set_new(events, "written", json_integer(growth(totals, totals_before, "events")));
    json_object_set_new(events, "lost", json_integer(growth(totals, totals_before, "events_lost")));
    json_object_set_new(
        events, "overflow",
        json_boolean(json_is_true(json_object_get(json_object_get(rings, "event"), "overflow"))));
    json_t *rows = make_rows(options, now, before);
    return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "path", cli_text(now, "path"),
                     "enabled", json_is_true(json_object_get(now, "enabled")), "commands", commands,
                     "waits",
                     make_waits(json_object_get(now, "waits"), json_object_get(before, "waits")),
                     "events", events, "all", make_sum(rows), "devices", rows);
}

static const json_t *find_unit(const json_t *sample, const char *path)
{
    const json_t *units = json_object_get(sample, "units");
    size_t index;
    json_t *unit;

    json_array_foreach(units, index, unit)
    {
        if (strcmp(cli_text(unit, "path"), path) == 0) {
            return unit;
        }
    }
    return NULL;
}

json_t *top_report(const struct top_options *options, const json_t *before, const json_t *now)
{
    const json_t *now_units = json_object_get(now, "units");
    double seconds = json_real_value(json_object_get(now, "time_s")) -
                     json_real_value(json_object_get(before, "time_s"));
    json_t *units = json_array();
    size_t index;
    json_t *unit;

    json_array_foreach(now_units, index, unit)
    {
        json_array_append_new(units,
                              make_unit(options, unit, find_unit(before, cli_text(unit, "path"))));
    }
    return json_pack("{s:s, s:o, s:o}", "machine", cli_text(now, "machine"), "interval_s",
                     before != NULL && seconds > 0 ? json_real(seconds) : json_null(), "units",
                     units);
}
