/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole log: each line is put into the group of its kind. What groups have to remember of each
 * event is its time; everything else is bounded, whatever the log holds.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "layout.h"

#define GROUPS_MAX 2000 /* beyond, events and lines are counted only */
#define BUCKETS    20
#define TIMES_STEP 1024

struct times {
    struct {
        double seconds;
        unsigned events;
    } * at;
    size_t count;
    size_t room;
};

struct log {
    json_t *events; /* by key */
    json_t *lines;
    json_t *unknown;
    json_t *devices;
    const char *sysfs;
    struct times *times; /* of each group of events */
    json_t *last;        /* the group of the event before */
    uint64_t words[4];   /* of the entry that follows an event */
    unsigned word_mask;
    char time[40];  /* the last that was no step, as it is written */
    double seconds; /* of the line before */
    double steps;   /* since @time */
    json_int_t line_count;
    json_int_t others;
    json_int_t continuations; /* lines that belong to an event before them */
    json_int_t left_out;
};

static void count_up(json_t *object, const char *key, unsigned by)
{
    json_int_t count = json_integer_value(json_object_get(object, key));

    json_object_set_new(object, key, json_integer(count + by));
}

static void remember_time(json_t *group, const struct cli_line *line)
{
    if (line->time[0] == '\0') {
        return;
    }
    if (json_object_get(group, "first") == NULL) {
        json_object_set_new(group, "first", json_string(line->time));
    }
    json_object_set_new(group, "last", json_string(line->time));
}

static void push_time(struct times *times, const struct cli_line *line)
{
    if (times->count == times->room) {
        size_t room = times->room + TIMES_STEP + times->room / 2;
        void *more = realloc(times->at, room * sizeof(*times->at));
        if (more == NULL) {
            return; /* the histogram lacks what has no room */
        }
        times->at = more;
        times->room = room;
    }
    times->at[times->count].seconds = line->seconds;
    times->at[times->count++].events = line->count;
}

/* Numbers of events in equal parts of the time between the first and the last. */
static json_t *histogram(const struct times *times)
{
    json_int_t counts[BUCKETS] = {0};
    double first = times->at[0].seconds;
    double last = first;
    json_t *list = json_array();

    for (size_t i = 0; i < times->count; i++) {
        first = fmin(first, times->at[i].seconds);
        last = fmax(last, times->at[i].seconds);
    }
    for (size_t i = 0; i < times->count && last > first; i++) {
        unsigned bucket = (unsigned)((times->at[i].seconds - first) / (last - first) * BUCKETS);
        counts[bucket < BUCKETS ? bucket : BUCKETS - 1] += times->at[i].events;
    }
    for (unsigned i = 0; i < BUCKETS && last > first; i++) {
        json_array_append_new(list, json_integer(counts[i]));
    }
    return list;
}

static json_t *find_or_make(struct log *log, json_t *groups, const char *key, unsigned count,
                            bool *out_is_new)
{
    json_t *group = json_object_get(groups, key);

    *out_is_new = group == NULL;
    if (group == NULL && json_object_size(groups) >= GROUPS_MAX) {
        log->left_out += count;
        *out_is_new = false;
        return NULL;
    }
    if (group == NULL) {
        group = json_object();
        json_object_set_new(groups, key, group);
    }
    count_up(group, "count", count);
    return group;
}

static void name_device(struct log *log, json_t *group, const struct cli_log_event *event)
{
    if (event->device[0] == '\0') {
        return;
    }
    if (log->sysfs != NULL) {
        cli_devices_from_sysfs(log->devices, log->sysfs, event->device);
    }
    const json_t *device = json_object_get(log->devices, event->device);
    const char *driver = event->driver[0] != '\0' ? event->driver : cli_text(device, "driver");
    json_object_set_new(group, "device", json_string(event->device));
    json_object_set_new(group, "device_name", json_string(cli_text(device, "name")));
    json_object_set_new(group, "driver", json_string(driver));
}

static void start_group(struct log *log, json_t *group, const struct cli_log_event *event)
{
    json_object_set_new(group, "event", json_string(event->name));
    name_device(log, group, event);
    if (event->has_domain) {
        json_object_set_new(group, "domain", json_integer(event->domain));
    }
    if (event->has_pasid && event->pasid != 0) {
        json_object_set_new(group, "pasid", json_integer(event->pasid));
    }
    if (event->has_flags) {
        json_object_set_new(group, "flags", cli_string("0x%04x", event->flags));
    }
    cli_explain_event(group, event, cli_text(group, "device_name"));
    json_object_set_new(group, "index",
                        json_integer((json_int_t)json_object_size(log->events) - 1));
}

static void widen_addresses(json_t *group, uint64_t address)
{
    const char *low = cli_text(group, "address_low");
    const char *high = cli_text(group, "address_high");

    if (*low == '\0' || address < strtoull(low, NULL, 16)) {
        json_object_set_new(group, "address_low", cli_string("0x%" PRIx64, address));
    }
    if (*high == '\0' || address > strtoull(high, NULL, 16)) {
        json_object_set_new(group, "address_high", cli_string("0x%" PRIx64, address));
    }
}

static void take_event(struct log *log, const struct cli_line *line,
                       const struct cli_log_event *event)
{
    char key[256];
    bool is_new;

    snprintf(key, sizeof(key), "%s %s %d %u %d %x %u %u %s", event->name, event->device,
             event->has_domain ? 1 : 0, event->domain, event->has_flags ? 1 : 0, event->flags,
             event->pasid, event->code, line->is_xen ? "xen" : "");
    json_t *group = find_or_make(log, log->events, key, line->count, &is_new);
    log->last = group;
    log->word_mask = 0;
    if (group == NULL) {
        return;
    }
    if (is_new) {
        start_group(log, group, event);
    }
    if (event->has_address) {
        widen_addresses(group, event->address);
    }
    remember_time(group, line);
    if (line->time[0] != '\0') {
        push_time(&log->times[json_integer_value(json_object_get(group, "index"))], line);
    }
}

/* The whole entry is there: says what is in it, once for a group. */
static void explain_entry(struct log *log, bool is_dte)
{
    json_t *entry = json_array();
    unsigned reserved = 0;
    uint64_t command[2] = {log->words[0] | log->words[1] << 32,
                           log->words[2] | log->words[3] << 32};
    const struct cli_layout *layout =
        is_dte ? &cli_dte_layout : cli_command_layout((unsigned)(command[0] >> 60), CLI_REVISION_3);

    if (layout == NULL) {
        cli_say(entry, "The log shows the command: opcode %" PRIu64 " is unknown.",
                command[0] >> 60);
    } else {
        json_decref(
            cli_layout_rows(layout, CLI_REVISION_3, is_dte ? log->words : command, &reserved));
        cli_say(entry, "The log shows the %s%s.", is_dte ? "entry" : layout->name,
                reserved != 0 ? ": reserved bits are set in it" : "");
        json_t *summary = is_dte ? cli_dte_summary(log->words, CLI_REVISION_3)
                                 : cli_command_summary(command, CLI_REVISION_3);
        json_array_extend(entry, summary);
        json_decref(summary);
    }
    json_object_set_new(log->last, "entry", entry);
}

/* "AMD-Vi:  12: 00000000 00000000 00000000 00000000", an entry of the ring after a timeout. */
static bool is_ring_entry(const char *text)
{
    static const char mark[] = "AMD-Vi:";
    unsigned word[5];
    const char *found = strstr(text, mark);

    /* Widths bound the numbers. NOLINTNEXTLINE(cert-err34-c) */
    return found != NULL && sscanf(found + strlen(mark), " %3u: %8x %8x %8x %8x", &word[0],
                                   &word[1], &word[2], &word[3], &word[4]) == 5;
}

/* "DTE[0]: ...", "CMD[0]: ...", "Control Reg : ..." after an event. */
static bool take_continuation(struct log *log, const struct cli_line *line)
{
    const char *dte = strstr(line->text, "DTE[");
    const char *command = strstr(line->text, "CMD[");
    const char *found = dte != NULL ? dte : command;
    unsigned index;
    uint64_t word;

    if (strstr(line->text, "Control Reg : 0x") != NULL || is_ring_entry(line->text)) {
        return true;
    }
    /* Widths bound the numbers. NOLINTNEXTLINE(cert-err34-c) */
    if (found == NULL || sscanf(found + 4, "%1u]: %16" SCNx64, &index, &word) != 2 || index > 3) {
        return false;
    }
    log->words[index] = word;
    log->word_mask |= 1u << index;
    if (log->word_mask == 0xf && log->last != NULL) {
        explain_entry(log, dte != NULL);
        log->word_mask = 0;
    }
    return true;
}

static void take_row(struct log *log, const struct cli_line *line, const struct cli_log_row *row)
{
    bool is_new;
    json_t *group = find_or_make(log, log->lines, line->text, line->count, &is_new);

    if (group == NULL) {
        return;
    }
    if (is_new) {
        /* The number that the line is about, for advice that repeats it. */
        const char *bracket = strchr(line->text, '[');
        while (bracket != NULL && (bracket[1] < '0' || bracket[1] > '9')) {
            bracket = strchr(bracket + 1, '[');
        }
        char number[16] = "ID";
        if (bracket != NULL) {
            snprintf(number, sizeof(number), "%.*s", (int)strspn(bracket + 1, "0123456789") & 7,
                     bracket + 1);
        }
        const char *mark = strstr(row->advice, "%s");
        json_object_set_new(group, "line", json_string(line->text));
        json_object_set_new(group, "severity",
                            json_string(row->severity == 'p'   ? "problem"
                                        : row->severity == 'n' ? "note"
                                                               : "fine"));
        json_object_set_new(group, "meaning", json_string(row->meaning));
        json_object_set_new(group, "do",
                            mark == NULL ? cli_string("%s", row->advice)
                                         : cli_string("%.*s%s%s", (int)(mark - row->advice),
                                                      row->advice, number, mark + 2));
    }
    remember_time(group, line);
}

/* A line may say only how much later it was printed than the one before. */
static void follow_time(struct log *log, struct cli_line *line)
{
    if (line->is_step) {
        log->steps += line->seconds;
        line->seconds += log->seconds;
        if (log->time[0] == '\0' || log->steps > 0) {
            snprintf(line->time, sizeof(line->time), "%.20s%s%.6f s", log->time,
                     log->time[0] != '\0' ? " + " : "", log->steps);
        } else {
            snprintf(line->time, sizeof(line->time), "%s", log->time);
        }
    } else if (line->time[0] != '\0') {
        snprintf(log->time, sizeof(log->time), "%s", line->time);
        log->steps = 0;
    }
    log->seconds = line->time[0] != '\0' ? line->seconds : log->seconds;
}

static void take_line(struct log *log, struct cli_line *line)
{
    struct cli_log_event event;
    bool is_new;

    follow_time(log, line);
    log->line_count += line->count;
    if (cli_log_event_parse(&event, line)) {
        take_event(log, line, &event);
        return;
    }
    if (take_continuation(log, line)) {
        log->continuations += line->count;
        return;
    }
    if (!cli_log_is_about_iommu(line)) {
        log->others += line->count;
        return;
    }
    const struct cli_log_row *row = cli_log_row_find(line);
    if (row != NULL) {
        take_row(log, line, row);
        return;
    }
    json_t *group = find_or_make(log, log->unknown, line->text, line->count, &is_new);
    if (group != NULL) {
        json_object_set_new(group, "line", json_string(line->text));
        remember_time(group, line);
    }
}

/* The first line of @text, of @entry if that is not NULL. Returns its length with its end. */
static size_t take_text(struct log *log, const char *text, size_t size, const json_t *entry)
{
    struct cli_line line;
    const char *end = memchr(text, '\n', size);
    size_t length = end != NULL ? (size_t)(end - text) : size;

    cli_line_parse(&line, text, length);
    cli_journal_time(&line, entry);
    take_line(log, &line);
    return length + 1;
}

static void take_entries(struct log *log, const json_t *entries)
{
    size_t index;
    json_t *entry;

    json_array_foreach(entries, index, entry)
    {
        size_t size;
        size_t at = 0;
        const char *text = cli_journal_message(entry, &size);
        do {
            at += take_text(log, text + at, size - at, entry);
        } while (at < size);
    }
}

/* The groups of an object, as a list in their order. */
static json_t *as_list(json_t *groups)
{
    json_t *list = json_array();
    const char *key;
    json_t *group;

    json_object_foreach(groups, key, group)
    {
        json_array_append(list, group);
    }
    json_decref(groups);
    return list;
}

static json_t *finish(struct log *log)
{
    json_t *document = json_object();
    const char *key;
    json_t *group;

    json_object_foreach(log->events, key, group)
    {
        if (log->times == NULL) {
            break; /* there was no memory, and so there is no event */
        }
        struct times *times = &log->times[json_integer_value(json_object_get(group, "index"))];
        if (times->count > 1) {
            json_object_set_new(group, "histogram", histogram(times));
        }
        json_object_del(group, "index");
        free(times->at);
    }
    json_object_set_new(document, "events", as_list(log->events));
    json_object_set_new(document, "lines", as_list(log->lines));
    json_object_set_new(document, "unknown", as_list(log->unknown));
    json_object_set_new(document, "line_count", json_integer(log->line_count));
    json_object_set_new(document, "other_lines", json_integer(log->others));
    json_object_set_new(document, "continuations", json_integer(log->continuations));
    json_object_set_new(document, "left_out", json_integer(log->left_out));
    free(log->times);
    return document;
}

json_t *cli_explain_log(const char *text, size_t size, json_t *devices, const char *sysfs)
{
    struct log log = {.events = json_object(),
                      .lines = json_object(),
                      .unknown = json_object(),
                      .devices = devices,
                      .sysfs = sysfs,
                      .times = calloc(GROUPS_MAX, sizeof(struct times))};
    size_t at = 0;
    size_t tried = 0; /* up to here there are no entries */

    if (log.times == NULL) {
        size = 0; /* nothing can be said without memory */
    }
    while (at < size) {
        json_t *entries = NULL;
        size_t length = at >= tried ? cli_journal_take(text + at, size - at, &entries) : 0;
        if (entries == NULL) {
            tried = at + length > tried ? at + length : tried;
            length = take_text(&log, text + at, size - at, NULL);
        }
        take_entries(&log, entries);
        json_decref(entries);
        at += length;
    }
    return finish(&log);
}
