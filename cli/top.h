/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amdvi top. A sample is what the machine's amdvi devices tell at one moment, as JSON; a report
 * says what came between two of them, or since the machine's start, and is what --json prints. The
 * text and the screen print the same report.
 */
#ifndef AMDVI_CLI_TOP_H
#define AMDVI_CLI_TOP_H

#include "out.h"
#include "qmp.h"

/* The columns of the table; each is a key of a device's row. */
enum top_column {
    TOP_ID,
    TOP_NAME,
    TOP_REQUESTS,
    TOP_HIT_RATE,
    TOP_WALKS,
    TOP_FAULTS,
    TOP_INTERRUPTS,
    TOP_COLUMNS,
};

struct top_heading {
    const char *word; /* for --sort, and its first letter on the screen */
    const char *key;
    int width; /* characters; to the left if negative */
};

extern const struct top_heading top_headings[TOP_COLUMNS];

struct top_options {
    const char *address;
    const char *device; /* NULL: all */
    double interval_s;
    unsigned long count; /* of reports; 0: no end */
    bool since_start;    /* one report of everything, at once */
    bool all;            /* also devices that did nothing */
    bool wait;           /* for a machine */
    bool reverse;
    enum top_column sort;
};

#define TOP_LINE_BYTES 160

/* ---- top_sample.c ---------------------------------------------------------------------------- */

/* Connects, and finds the paths of the devices, or of the chosen one. Afterwards @qmp is connected
 * only if it was CLI_QMP_FINE. */
enum cli_qmp_end top_open(struct cli_qmp *qmp, const struct top_options *options,
                          json_t **out_paths);

/* All of what they tell now. */
enum cli_qmp_end top_sample(struct cli_qmp *qmp, const json_t *paths, json_t **out_sample);

/* ---- top_report.c ---------------------------------------------------------------------------- */

/* @before is NULL for a report since the start. */
json_t *top_report(const struct top_options *options, const json_t *before, const json_t *now);

/* ---- top_text.c ------------------------------------------------------------------------------ */

/* One line each, of a unit of a report. @line has room for TOP_LINE_BYTES. */
enum top_summary { TOP_COMMANDS, TOP_WAITS, TOP_EVENTS, TOP_SUMMARIES };
void top_summary_text(char *line, const json_t *report, const json_t *unit, enum top_summary what);
/* True: it should be seen. */
bool top_summary_is_bad(const json_t *unit, enum top_summary what);
void top_heading_text(char *line, const json_t *report);
void top_row_text(char *line, const json_t *report, const json_t *row);
/* The unit's name: the end of its path. */
const char *top_unit_name(const json_t *unit);
void top_print(const struct cli_out *out, const json_t *report);

/* ---- top_screen.c ---------------------------------------------------------------------------- */

/* Whether this program was built with a screen. */
bool top_screen_is_there(void);

/* Until the user or the machine ends it. */
int top_screen_run(const struct cli_out *out, struct top_options *options);

#endif
