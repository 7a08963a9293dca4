/* SPDX-License-Identifier: BSD-2-Clause */
/* What logs put before a line: levels, times of four kinds, names of hosts, Xen's mark. */
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

static void set_time(struct cli_line *line, const char *text, size_t length, double seconds)
{
    snprintf(line->time, sizeof(line->time), "%.*s", (int)(length < 39 ? length : 39), text);
    line->seconds = seconds;
}

/* A number for comparing; months have 31 days, which is fine within a log. */
static double moment(unsigned month, unsigned day, unsigned clock[3])
{
    return ((month * 31.0 + day) * 24 + clock[0]) * 3600 + clock[1] * 60.0 + clock[2];
}

static unsigned month_number(const char *name)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (size_t i = 0; i < 12; i++) {
        if (strncmp(names + 3 * i, name, 3) == 0) {
            return (unsigned)i + 1;
        }
    }
    return 0;
}

/* Widths bound the numbers. NOLINTBEGIN(cert-err34-c) */

/* "[   12.345678] ", "[Sat Nov 28 07:00:00 2026] ", "[2026-11-28 07:00:00] ". */
static const char *take_bracket(struct cli_line *line, const char *text)
{
    const char *end = strchr(text, ']');
    unsigned part[6];
    char month[4];

    if (text[0] != '[' || end == NULL || end - text > 40) {
        return text;
    }
    const char *inside = skip_spaces(text + 1);
    size_t length = (size_t)(end - inside);
    if (sscanf(inside, "%*3s %3s %2u %2u:%2u:%2u", month, &part[0], &part[1], &part[2], &part[3]) ==
            5 &&
        month_number(month) != 0) {
        set_time(line, inside, length, moment(month_number(month), part[0], part + 1));
    } else if (sscanf(inside, "%4u-%2u-%2u %2u:%2u:%2u", &part[0], &part[1], &part[2], &part[3],
                      &part[4], &part[5]) == 6) {
        set_time(line, inside, length, moment(part[1], part[2], part + 3));
    } else if (isdigit((unsigned char)*inside) != 0 &&
               strspn(inside, "0123456789.") == strcspn(inside, "]")) {
        set_time(line, inside, length, strtod(inside, NULL));
    } else {
        return text;
    }
    return skip_spaces(end + 1);
}

/* "Nov 28 07:00:00 host kernel: ", "2026-11-28T07:00:00.123456+00:00 host kernel: ". */
static const char *take_syslog(struct cli_line *line, const char *text)
{
    unsigned part[6];
    char month[4];
    int end = -1;
    const char *mark = strstr(text, " kernel: ");

    if (mark == NULL || mark - text > 120) {
        return text;
    }
    if (sscanf(text, "%3s %2u %2u:%2u:%2u%n", month, &part[0], &part[1], &part[2], &part[3],
               &end) == 4 + 1 &&
        month_number(month) != 0) {
        set_time(line, text, (size_t)end, moment(month_number(month), part[0], part + 1));
    } else if (sscanf(text, "%4u-%2u-%2uT%2u:%2u:%2u", &part[0], &part[1], &part[2], &part[3],
                      &part[4], &part[5]) == 6) {
        set_time(line, text, 19, moment(part[1], part[2], part + 3));
    } else {
        return text;
    }
    return skip_spaces(mark + strlen(" kernel: "));
}

/* NOLINTEND(cert-err34-c) */

void cli_line_parse(struct cli_line *line, const char *bytes, size_t length)
{
    char copy[CLI_LINE_MAX] = "";
    const char *text = copy;

    length = length < sizeof(copy) - 1 ? length : sizeof(copy) - 1;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        copy[i] = (char)((c < 0x20 && c != '\t') || c > 0x7e ? '?' : c);
    }
    while (length > 0 && (bytes[length - 1] == '\r' || bytes[length - 1] == ' ')) {
        length--;
    }
    copy[length] = '\0';
    *line = (struct cli_line){.seconds = 0};
    text = skip_spaces(take_syslog(line, skip_spaces(text)));
    if (text[0] == '<' && isdigit((unsigned char)text[1]) != 0 && strchr(text, '>') != NULL) {
        text = skip_spaces(strchr(text, '>') + 1);
    }
    for (unsigned i = 0; i < 2; i++) { /* Xen's own time may follow that of who read its console */
        text = take_bracket(line, text);
        if (strncmp(text, "(XEN)", 5) == 0) {
            line->is_xen = true;
            text = skip_spaces(text + 5);
        }
    }
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
