/* SPDX-License-Identifier: BSD-2-Clause */
/* The table and the JSON file. */
#include "bench.h"

#include <stdlib.h>

bool row_is_met(const struct row *row)
{
    switch (row->goal) {
    case GOAL_AT_MOST:
        return row->value <= row->limit;
    case GOAL_AT_LEAST:
        return row->value >= row->limit;
    case GOAL_NONE:
        break;
    }
    return true; /* a value that is no number, since it could not be measured, meets no goal */
}

void bench_heading(const char *title)
{
    printf("\n%-58s %10s %14s %16s %8s %12s\n", title, "ns", "ratio", "goal", "", "textbook ns");
}

static void print_number(double value, int width)
{
    if (value == 0 || isnan(value)) {
        printf(" %*s", width, "");
    } else {
        printf(" %*.2f", width, value);
    }
}

static void print_row(const struct row *row)
{
    char text[32];

    printf("  %-56s", row->name);
    print_number(row->ns, 10);
    snprintf(text, sizeof(text), "%.3f %s", row->value, row->unit);
    printf(" %14s", text);
    if (row->goal == GOAL_NONE) {
        printf(" %16s %8s", "", "");
    } else {
        snprintf(text, sizeof(text), "%s %g %s",
                 row->goal == GOAL_AT_MOST ? "<=" : ">=", row->limit, row->unit);
        printf(" %16s %8s", text,
               isnan(row->value) ? "UNKNOWN"
               : row_is_met(row) ? "met"
                                 : "MISSED");
    }
    print_number(row->textbook_ns, 12);
    printf("%s%s\n", row->note[0] != '\0' ? "  " : "", row->note);
    fflush(stdout);
}

void bench_row(struct bench *bench, const struct row *row)
{
    if (bench->row_count == BENCH_MAX_ROWS) {
        abort();
    }
    bench->rows[bench->row_count++] = *row;
    print_row(row);
}

struct series *bench_series(struct bench *bench, const char *plot, const char *curve,
                            const char *x_label)
{
    if (bench->series_count == BENCH_MAX_SERIES) {
        abort();
    }
    struct series *series = &bench->series[bench->series_count++];
    *series = (struct series){.plot = plot, .curve = curve, .x_label = x_label};
    return series;
}

void bench_point(struct series *series, double x, double ns)
{
    if (series->count == BENCH_MAX_POINTS) {
        abort();
    }
    if (isnan(ns)) {
        return;
    }
    series->x[series->count] = x;
    series->ns[series->count++] = ns;
}

double bench_compare(struct bench *bench, struct load *load, const struct comparison *what)
{
    struct trial trials[3] = {
        {.run = what->base, .load = what->base_load, .count = what->base_count},
        {.run = what->ours, .load = load, .count = what->count},
        {.run = what->textbook, .load = load, .count = what->count},
    };
    bool has_textbook = what->textbook != NULL;

    bench_measure(trials, has_textbook ? 3 : 2, bench->row_ms);
    struct row row = {
        .value = trials[1].result.min_ns / trials[0].result.min_ns,
        .unit = what->unit,
        .goal = what->goal,
        .limit = what->limit,
        .ns = trials[1].result.min_ns,
        .textbook_ns = has_textbook ? trials[2].result.min_ns : 0,
    };
    snprintf(row.name, sizeof(row.name), "%s", what->name);
    snprintf(row.note, sizeof(row.note), "%s", what->note != NULL ? what->note : "");
    bench_row(bench, &row);
    return row.ns;
}

/* ---- JSON. No text in it needs escaping. ----------------------------------------------------- */

static void write_row(FILE *file, const struct row *row)
{
    fprintf(file, "    {\"name\": \"%s\", \"unit\": \"%s\"", row->name, row->unit);
    if (!isnan(row->value)) {
        fprintf(file, ", \"value\": %.6g", row->value);
    }
    if (row->goal != GOAL_NONE) {
        fprintf(file, ", \"goal\": \"%s %g\", \"met\": %s",
                row->goal == GOAL_AT_MOST ? "<=" : ">=", row->limit,
                row_is_met(row) ? "true" : "false");
    }
    if (row->ns != 0 && !isnan(row->ns)) {
        fprintf(file, ", \"ns\": %.6g", row->ns);
    }
    if (row->textbook_ns != 0) {
        fprintf(file, ", \"textbook_ns\": %.6g", row->textbook_ns);
    }
    if (row->note[0] != '\0') {
        fprintf(file, ", \"note\": \"%s\"", row->note);
    }
    fprintf(file, "}");
}

static void write_series(FILE *file, const struct series *series)
{
    fprintf(file, "    {\"plot\": \"%s\", \"curve\": \"%s\", \"x\": \"%s\", \"points\": [",
            series->plot, series->curve, series->x_label);
    for (unsigned i = 0; i < series->count; i++) {
        fprintf(file, "%s[%g, %.6g]", i != 0 ? ", " : "", series->x[i], series->ns[i]);
    }
    fprintf(file, "]}");
}

bool bench_write_json(const struct bench *bench, const char *path)
{
    FILE *file = fopen(path, "w");

    if (file == NULL) {
        return false;
    }
    fprintf(file,
            "{\n  \"calibrators_ns\": {\"A\": %.6g, \"W4\": %.6g, \"W4_overlapping\": %.6g, "
            "\"C4\": %.6g},\n  \"rows\": [\n",
            bench->atomic_ns, bench->walk_ns, bench->apart_ns, bench->copy_ns);
    for (unsigned i = 0; i < bench->row_count; i++) {
        write_row(file, &bench->rows[i]);
        fprintf(file, "%s\n", i + 1 < bench->row_count ? "," : "");
    }
    fprintf(file, "  ],\n  \"series\": [\n");
    for (unsigned i = 0; i < bench->series_count; i++) {
        write_series(file, &bench->series[i]);
        fprintf(file, "%s\n", i + 1 < bench->series_count ? "," : "");
    }
    fprintf(file, "  ]\n}\n");
    return fclose(file) == 0;
}
