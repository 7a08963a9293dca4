/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What logs put before a line: levels, times of many kinds, names of hosts, who printed it, Xen's
 * mark; in any order, since one log is often printed by another.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"

static const char *skip_spaces(const char *text)
{
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    return text;
}

static bool starts_with(const char *text, const char *words)
{
    return strncmp(text, words, strlen(words)) == 0;
}

static void set_time(struct cli_line *line, const char *text, size_t length, double seconds)
{
    snprintf(line->time, sizeof(line->time), "%.*s", (int)(length < 39 ? length : 39), text);
    line->seconds = seconds;
    line->is_step = false;
}

/* A number for comparing; months have 31 days, which is fine within a log. */
static double moment(unsigned month, unsigned day, unsigned clock[3])
{
    return ((month * 31.0 + day) * 24 + clock[0]) * 3600 + clock[1] * 60.0 + clock[2];
}

/* Which of the names of three letters @text starts with, from 1; 0 for none. */
static unsigned name_number(const char *names, const char *text)
{
    for (size_t i = 0; names[i * 3] != '\0'; i++) {
        if (strncmp(names + i * 3, text, 3) == 0) {
            return (unsigned)i + 1;
        }
    }
    return 0;
}

/* Behind what sscanf() read; nothing was when @end is negative. */
static const char *behind(const char *text, int end)
{
    return end >= 0 ? text + end : text;
}

/* Widths bound the numbers. NOLINTBEGIN(cert-err34-c) */

/*
 * A day and a time, with or without its weekday: "Nov 28 07:00:00 2026", "Nov28 07:00",
 * "2026-11-28T07:00:00,123456+01:00", "2026-11-28 07:00:00 CET". Returns what is behind it.
 */
static const char *take_date(struct cli_line *line, const char *text)
{
    unsigned part[6] = {0};
    double fraction = 0;
    const char *start = text;
    const char *date = text;
    int end = -1;

    if (name_number("MonTueWedThuFriSatSun", text) != 0 && text[3] == ' ') {
        date = skip_spaces(text + 3);
    }
    part[1] = name_number("JanFebMarAprMayJunJulAugSepOctNovDec", date);
    if (part[1] != 0) {
        (void)sscanf(date + 3, "%2u %2u:%2u%n:%2u%n", &part[2], &part[3], &part[4], &end, &part[5],
                     &end);
        if (end < 0) {
            return start;
        }
        text = date + 3 + end;
        end = -1;
        (void)sscanf(text, " 20%*2u%n", &end);
    } else if (sscanf(date, "%4u-%2u-%2u%*1[T ]%2u:%2u:%2u%n", &part[0], &part[1], &part[2],
                      &part[3], &part[4], &part[5], &end) == 6) {
        text = behind(date, end);
        end = -1;
        if (*text == '.') {
            (void)sscanf(text, ".%*3[0-9]%n", &end);
            fraction = strtod(text, NULL);
        }
    }
    if (text == start) {
        return start;
    }
    text = behind(text, end);
    set_time(line, start, (size_t)(text - start), moment(part[1], part[2], part + 3) + fraction);
    text += strspn(text, ".,0123456789");
    text += *text == '+' || *text == '-' ? 1 + strspn(text + 1, "0123456789:") : 0;
    return text + (*text == 'Z' ? 1 : 0);
}

/* What dmesg puts into brackets, and Xen, and who prints the processor or thread. */
static const char *take_bracket(struct cli_line *line, const char *text)
{
    const char *end = strchr(text, ']');
    double step;

    if (text[0] != '[' || end == NULL || end - text > 48) {
        return text;
    }
    const char *inside = skip_spaces(text + 1);
    size_t digits = strspn(inside, "0123456789.");
    if ((*inside == 'T' || *inside == 'C') && isdigit((unsigned char)inside[1]) != 0) {
        return end + 1; /* "[    T1]", "[   C3]" */
    }
    if (sscanf(inside, "%*1[+<] %16lf", &step) == 1 && step >= 0 && step < 1e9) {
        line->is_step = true; /* "[  +0.000012]", "[<    0.000012>]" */
        line->seconds = step;
        return end + 1;
    }
    if (digits != 0 && (inside[digits] == ']' || starts_with(inside + digits, " <"))) {
        set_time(line, inside, digits, strtod(inside, NULL)); /* "[   12.345678]" */
        return end + 1;
    }
    return take_date(line, inside) != inside ? end + 1 : text;
}

/* "4,1234,61200310,-;", a record of /dev/kmsg. */
static const char *take_record(struct cli_line *line, const char *text)
{
    unsigned long long microseconds;
    char time[40];
    int end = -1;

    if (sscanf(text, "%*7u,%*20u,%16llu,%n", &microseconds, &end) != 1 || end < 0 ||
        strchr(text, ';') == NULL) {
        return text;
    }
    snprintf(time, sizeof(time), "%llu.%06llu", microseconds / 1000000, microseconds % 1000000);
    set_time(line, time, strlen(time), (double)microseconds / 1e6);
    return strchr(text, ';') + 1;
}

/* "<4>", and "kern  :warn  : " of dmesg -x. */
static const char *take_level(const char *text)
{
    int end = -1;

    if (text[0] == '<' && isdigit((unsigned char)text[1]) != 0 && strchr(text, '>') != NULL) {
        return strchr(text, '>') + 1;
    }
    (void)sscanf(text, "kern :%*8[a-z] :%n", &end);
    return behind(text, end);
}

/* "host kernel: ", where nothing before it has a colon, and the seconds since 1970 before it. */
static const char *take_host(struct cli_line *line, const char *text)
{
    size_t digits = strspn(text, "0123456789.");
    const char *colon = strchr(text, ':');
    const char *word = colon != NULL && colon - text >= 6 ? colon - 6 : text;

    if (colon == NULL || !starts_with(word, "kernel: ") || (word != text && word[-1] != ' ')) {
        return text;
    }
    if (digits >= 10 && text[digits] == ' ') {
        set_time(line, text, digits, strtod(text, NULL));
    }
    return colon + 1;
}

/* NOLINTEND(cert-err34-c) */

/* "message repeated 3 times: [ ...]" of syslog: what is in it, so many times more. */
static const char *take_repetition(struct cli_line *line, char *text)
{
    unsigned count;
    int end = -1;
    char *last = strrchr(text, ']');

    /* NOLINTNEXTLINE(cert-err34-c): the width bounds it */
    if (sscanf(text, "message repeated %9u times: [%n", &count, &end) != 1 || end < 0 ||
        last == NULL || count == 0) {
        return text;
    }
    line->count = count;
    *last = '\0';
    return skip_spaces(text + end);
}

/* A copy without colours, with question marks for what cannot be printed. */
static void clean(char copy[CLI_LINE_MAX], const char *bytes, size_t length)
{
    size_t at = 0;

    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
        bytes += 3;
        length -= 3;
    }
    while (length > 0 && (bytes[length - 1] == '\r' || bytes[length - 1] == ' ')) {
        length--;
    }
    for (size_t i = 0; i < length && at < CLI_LINE_MAX - 1; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == 0x1b && i + 1 < length && bytes[i + 1] == '[') {
            i += 2;
            while (i < length && (isdigit((unsigned char)bytes[i]) != 0 || bytes[i] == ';')) {
                i++;
            }
            continue; /* the letter that ends it is left out too */
        }
        copy[at++] = (char)((c < 0x20 && c != '\t') || c > 0x7e ? '?' : c);
    }
    copy[at] = '\0';
}

void cli_line_parse(struct cli_line *line, const char *bytes, size_t length)
{
    char copy[CLI_LINE_MAX] = "";
    const char *text = copy;
    const char *before = NULL;

    clean(copy, bytes, length);
    *line = (struct cli_line){.count = 1};
    while (text != before) {
        before = text;
        text = skip_spaces(text);
        text += starts_with(text, "> ") ? 2 : 0; /* somebody's mail */
        if (starts_with(text, "MESSAGE=")) {     /* journalctl -o verbose: the time is above */
            line->is_step = true;
            text += strlen("MESSAGE=");
        }
        text = skip_spaces(take_record(line, text));
        text = skip_spaces(take_level(text));
        text = skip_spaces(take_date(line, text));
        text = skip_spaces(take_bracket(line, text));
        text = skip_spaces(take_host(line, text));
        if (starts_with(text, "(XEN)")) {
            line->is_xen = true;
            text += strlen("(XEN)");
        }
    }
    text = take_repetition(line, copy + (text - copy));
    snprintf(line->text, sizeof(line->text), "%s", text);
}

bool cli_line_matches(const char *text, const char *pattern)
{
    bool is_start = *pattern == '^';

    pattern += is_start ? 1 : 0;
    while (*pattern != '\0') {
        char piece[96];
        size_t length = strcspn(pattern, "*");
        snprintf(piece, sizeof(piece), "%.*s", (int)(length < 95 ? length : 95), pattern);
        const char *found = strstr(text, piece);
        if (found == NULL || (is_start && found != text)) {
            return false;
        }
        is_start = false;
        text = found + length;
        pattern += length;
        pattern += *pattern == '*' ? 1 : 0;
    }
    return true;
}
