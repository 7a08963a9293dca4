/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Logs that are printed for programs: systemd's journal as JSON (journalctl -o json, json-pretty,
 * json-sse, json-seq) or as export (-o export), and the kernel's log as JSON (dmesg --json).
 *
 * The device is not looked for in _KERNEL_DEVICE: the kernel has put its name into the text, too.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <amdvi/field.h>

#include "explain.h"

/* Of one entry; what dmesg prints is one. Parsing takes many times as much memory. */
#define ENTRY_BYTES_MAX ((size_t)16 * 1024 * 1024)

/* The string that JSON has as an array of numbers since its bytes are no text. */
static json_t *join(const json_t *numbers)
{
    char bytes[CLI_LINE_MAX];
    size_t size = 0;

    while (size < json_array_size(numbers) && size < sizeof(bytes)) {
        bytes[size] = (char)json_integer_value(json_array_get(numbers, size));
        size++;
    }
    return json_stringn_nocheck(bytes, size);
}

/* Bytes that are looked at for one JSON object; @out is NULL if they are none. */
static size_t take_object(const char *text, size_t size, json_t **out)
{
    json_error_t error = {0};

    *out = json_loadb(text, size < ENTRY_BYTES_MAX ? size : ENTRY_BYTES_MAX, JSON_DISABLE_EOF_CHECK,
                      &error);
    return (size_t)error.position;
}

/* The lists of entries that an object stands for; NULL when it is about something else. */
static json_t *entries_of(json_t *object)
{
    json_t *lines = json_object_get(object, "dmesg");
    json_t *message = json_object_get(object, "MESSAGE");

    if (json_is_array(lines)) {
        return json_incref(lines);
    }
    if (message == NULL) {
        return NULL;
    }
    if (json_is_array(message)) {
        json_object_set_new(object, "MESSAGE", join(message));
    }
    json_t *entries = json_array();
    json_array_append(entries, object);
    return entries;
}

/*
 * A field of an exported entry: "NAME=text", or "NAME", the length of the value in 8 bytes, and the
 * value. Returns how many bytes it has; 0 when it is torn.
 */
static size_t take_field(const char *text, size_t size, json_t *entry)
{
    char name[65];
    const char *end = memchr(text, '\n', size);
    size_t line = end != NULL ? (size_t)(end - text) : size;
    const char *equals = memchr(text, '=', line);
    size_t name_bytes = equals != NULL ? (size_t)(equals - text) : line;
    size_t start = name_bytes + 1;
    size_t length = line - name_bytes - 1;

    if (equals == NULL) {
        struct amdvi_le64 wire;
        start += sizeof(wire);
        if (start > size) {
            return 0;
        }
        memcpy(&wire, text + line + 1, sizeof(wire));
        uint64_t length_said = amdvi_le64_decode(&wire);
        if (length_said > size - start) {
            return 0;
        }
        length = (size_t)length_said;
    }
    snprintf(name, sizeof(name), "%.*s", (int)(name_bytes < 64 ? name_bytes : 64), text);
    json_object_set_new_nocheck(entry, name, json_stringn_nocheck(text + start, length));
    return start + length < size ? start + length + 1 : size;
}

static size_t take_export(const char *text, size_t size, json_t **out)
{
    size_t at = 0;

    *out = json_object();
    while (at < size && text[at] != '\n') {
        size_t length = take_field(text + at, size - at, *out);
        at = length != 0 ? at + length : size;
    }
    return at;
}

static size_t count_of(const char *text, size_t size, const char *letters)
{
    size_t count = 0;

    while (count < size && text[count] != '\0' && strchr(letters, text[count]) != NULL) {
        count++;
    }
    return count;
}

size_t cli_journal_take(const char *text, size_t size, json_t **out_entries)
{
    static const char export_start[] = "__CURSOR=";
    static const char event_start[] = "data: "; /* of json-sse */
    size_t start = count_of(text, size, " \t\x1e");
    json_t *object = NULL;

    *out_entries = NULL;
    if (size - start > strlen(event_start) &&
        memcmp(text + start, event_start, strlen(event_start)) == 0) {
        start += strlen(event_start);
    }
    size_t length = 0;
    if (start < size && text[start] == '{') {
        length = take_object(text + start, size - start, &object);
    } else if (size > strlen(export_start) &&
               memcmp(text, export_start, strlen(export_start)) == 0) {
        length = take_export(text, size, &object);
    }
    *out_entries = entries_of(object);
    json_decref(object);
    length += start;
    return *out_entries != NULL ? length + count_of(text + length, size - length, " \r\n") : length;
}

const char *cli_journal_message(const json_t *entry, size_t *out_size)
{
    const json_t *message = json_object_get(entry, "MESSAGE");

    message = message != NULL ? message : json_object_get(entry, "msg");
    *out_size = json_string_length(message);
    return json_is_string(message) ? json_string_value(message) : "";
}

static bool take_number(const json_t *entry, const char *key, uint64_t *out)
{
    return cli_number_parse(cli_text(entry, key), UINT64_MAX, out);
}

/*
 * The journal's time is when the entry arrived there, which for all that is older than the journal
 * is the same. The kernel's own clock tells how long before that the line was printed.
 */
static bool take_realtime(const json_t *entry, uint64_t *out_us)
{
    uint64_t arrived_us;
    uint64_t printed_us;

    if (!take_number(entry, "__REALTIME_TIMESTAMP", out_us)) {
        return false;
    }
    if (take_number(entry, "__MONOTONIC_TIMESTAMP", &arrived_us) &&
        take_number(entry, "_SOURCE_MONOTONIC_TIMESTAMP", &printed_us) &&
        printed_us <= arrived_us && arrived_us - printed_us <= *out_us) {
        *out_us -= arrived_us - printed_us;
    }
    return true;
}

void cli_journal_time(struct cli_line *line, const json_t *entry)
{
    const json_t *uptime = json_object_get(entry, "time");
    uint64_t us;
    struct tm tm;
    char date[24];
    char zone[8];

    if (line->time[0] != '\0' || line->is_step) {
        return; /* the text has one */
    }
    if (json_is_number(uptime)) {
        line->seconds = json_number_value(uptime);
        snprintf(line->time, sizeof(line->time), "%.6f", line->seconds);
        return;
    }
    if (!take_realtime(entry, &us)) {
        return;
    }
    time_t seconds = (time_t)(us / 1000000);
    if (localtime_r(&seconds, &tm) != NULL &&
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) != 0 &&
        strftime(zone, sizeof(zone), "%z", &tm) != 0) {
        line->seconds = (double)us / 1e6;
        snprintf(line->time, sizeof(line->time), "%s.%06u%s", date, (unsigned)(us % 1000000), zone);
    }
}
