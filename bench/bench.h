/* SPDX-License-Identifier: BSD-2-Clause */
/* What is found out: rows of a table, and points of the plots. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "load.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#define BENCH_MAX_ROWS   160
#define BENCH_MAX_POINTS 16
#define BENCH_MAX_SERIES 32
#define BENCH_NAME_BYTES 72

enum goal {
    GOAL_NONE,
    GOAL_AT_MOST,
    GOAL_AT_LEAST,
};

/* One line of the table. Designated initializers; what is 0 is not said. */
struct row {
    char name[BENCH_NAME_BYTES];
    double value;
    const char *unit; /* A, W4, C4, S are the calibrators; x is a ratio to another row */
    enum goal goal;
    double limit;
    double ns;          /* of one operation */
    double textbook_ns; /* of the same with the comparator */
    char note[BENCH_NAME_BYTES];
};

/* One curve of a plot. */
struct series {
    const char *plot; /* curves of one plot have one name, which is the file's too */
    const char *curve;
    const char *x_label;
    unsigned count;
    double x[BENCH_MAX_POINTS];
    double ns[BENCH_MAX_POINTS];
};

struct bench {
    bool quick;
    unsigned row_ms;  /* how long a row is measured */
    double atomic_ns; /* A, at best */
    double walk_ns;   /* W4 */
    double apart_ns;  /* W4, overlapping */
    double copy_ns;   /* C4 */
    unsigned row_count;
    struct row rows[BENCH_MAX_ROWS];
    unsigned series_count;
    struct series series[BENCH_MAX_SERIES];
};

/* Ends the program when the room is used up. */
void bench_row(struct bench *bench, const struct row *row);
struct series *bench_series(struct bench *bench, const char *plot, const char *curve,
                            const char *x_label);
void bench_point(struct series *series, double x, double ns);

/* False when the row has a goal and misses it. */
bool row_is_met(const struct row *row);

void bench_heading(const char *title);
/* False when the file cannot be written. */
bool bench_write_json(const struct bench *bench, const char *path);
bool bench_write_plots(const struct bench *bench, const char *directory);

/* What is compared: the library and the comparator with a calibrator, or with another run. */
struct comparison {
    const char *name;
    bench_run *base; /* what the value is a multiple of */
    void *base_load;
    unsigned base_count;
    const char *unit;
    bench_run *ours;
    bench_run *textbook; /* may be NULL */
    unsigned count;
    enum goal goal;
    double limit;
    const char *note;
};

/* Measure in turns, add the row. Gives the time of one of ours. */
double bench_compare(struct bench *bench, struct load *load, const struct comparison *what);

/* ---- Groups of rows -------------------------------------------------------------------------- */

void rows_translate(struct bench *bench);
void rows_commands(struct bench *bench);
void rows_invalidation(struct bench *bench);
void rows_threads(struct bench *bench);
void rows_scale(struct bench *bench);
void rows_pages(struct bench *bench);

#endif
