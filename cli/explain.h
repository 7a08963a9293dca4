/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Explaining a kernel's log: a line is recognized as an event, as the continuation of one, or as
 * one of a table of others; the same events become one group. What is not recognized is kept too.
 */
#ifndef AMDVI_CLI_EXPLAIN_H
#define AMDVI_CLI_EXPLAIN_H

#include "out.h"

#define CLI_LINE_MAX 1024

/* A line without what logs put before it. */
struct cli_line {
    char text[CLI_LINE_MAX];
    char time[40];  /* as it is written; "" when there is none */
    double seconds; /* since whenever; only differences mean something */
    bool is_step;   /* @seconds are since the line before, and may be none */
    bool is_xen;
    unsigned count; /* how often it was printed */
};

/* Takes the line of @length bytes apart; what cannot be printed becomes a question mark. */
void cli_line_parse(struct cli_line *line, const char *bytes, size_t length);

/*
 * The entries that @text starts with, if it is a log printed for programs, as a list. Returns how
 * many bytes that was; without entries (NULL), how many need not be tried again.
 */
size_t cli_journal_take(const char *text, size_t size, json_t **out_entries);

/* What was logged, of any number of lines; "" if that is no text. */
const char *cli_journal_message(const json_t *entry, size_t *out_size);

/* Gives the line of an entry the time of that, unless it has one of its own. */
void cli_journal_time(struct cli_line *line, const json_t *entry);

/*
 * Does @text hold the pieces of @pattern, which '*' separates, one after the other? With '^' in
 * front the first piece is where @text starts.
 */
bool cli_line_matches(const char *text, const char *pattern);

/* An event as a log tells it. */
struct cli_log_event {
    char name[40];
    char device[16]; /* SSSS:BB:DD.F; "" when the line names none */
    char driver[32]; /* which printed the line; "" when none did */
    bool has_domain;
    bool has_address;
    bool has_flags;
    bool has_pasid;
    unsigned domain;
    unsigned flags;
    unsigned pasid;
    unsigned code; /* of an event that the kernel does not know; else 0 */
    uint64_t address;
};

/* False when the line is no event. */
bool cli_log_event_parse(struct cli_log_event *out, const struct cli_line *line);

/*
 * What a group of events means: "what" (sentences), "why" and "do". @what_is is the class and name
 * of the device, or "".
 */
void cli_explain_event(json_t *group, const struct cli_log_event *event, const char *what_is);

/* A line that is no event. */
struct cli_log_row {
    const char *pattern;
    char severity; /* 'f' fine, 'n' worth knowing, 'p' a problem */
    const char *meaning;
    const char *advice; /* "" when nothing is to be done; %s is the number that the line names */
};

/* Ends with a row without pattern. */
extern const struct cli_log_row cli_log_xen_rows[];

/* NULL when nobody knows the line. */
const struct cli_log_row *cli_log_row_find(const struct cli_line *line);

/* Is the line one of the AMD IOMMU's drivers, known or not? */
bool cli_log_is_about_iommu(const struct cli_line *line);

/* What is known of devices: an object {"0000:00:03.0": {"name", "driver"}}. */
json_t *cli_devices_from_lspci(const char *text);

/* Adds what sysfs says of the device, if it says something. */
void cli_devices_from_sysfs(json_t *devices, const char *root, const char *device);

/* Everything about a log: "events", "lines", "unknown" and counts. @devices may grow. */
json_t *cli_explain_log(const char *text, size_t size, json_t *devices, const char *sysfs);

void cli_explain_print(const struct cli_out *out, const json_t *document);

#endif
