/* SPDX-License-Identifier: BSD-2-Clause */
/* The plots: data, a gnuplot script, and pictures if there is a gnuplot to make them. */
#define _POSIX_C_SOURCE 200809L /* fork, mkdir */

#include "bench.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_BYTES  4096
#define SCRIPT      "plots.gp"
#define NO_SUCH_RUN 127

struct plot {
    const char *name; /* of its curves, and of the file */
    const char *title;
};

static const struct plot plots[] = {
    {"devices", "A hit, against devices in use"},
    {"pages", "A hit, against pages in the cache"},
    {"invalidate", "One invalidation, against pages in the cache"},
    {"threads", "A hit, against threads"},
    {"buffer", "A buffer to segments, against its size"},
};

#define PLOT_COUNT (sizeof(plots) / sizeof(plots[0]))

static FILE *create(const char *directory, const char *name, const char *suffix)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%s%s", directory, name, suffix);
    return fopen(path, "w");
}

/* Curves of @plot, one block of lines each, as gnuplot's "index" counts them. */
static bool write_data(const struct bench *bench, const char *directory, const char *plot)
{
    FILE *file = create(directory, plot, ".dat");

    if (file == NULL) {
        return false;
    }
    for (unsigned i = 0; i < bench->series_count; i++) {
        const struct series *series = &bench->series[i];

        if (strcmp(series->plot, plot) != 0) {
            continue;
        }
        fprintf(file, "# %s: %s, nanoseconds\n", series->curve, series->x_label);
        for (unsigned point = 0; point < series->count; point++) {
            fprintf(file, "%g %.6g\n", series->x[point], series->ns[point]);
        }
        fprintf(file, "\n\n");
    }
    return fclose(file) == 0;
}

static void write_plot(const struct bench *bench, FILE *script, const struct plot *plot)
{
    unsigned curves = 0;

    for (unsigned i = 0; i < bench->series_count; i++) {
        const struct series *series = &bench->series[i];

        if (strcmp(series->plot, plot->name) != 0) {
            continue;
        }
        if (curves == 0) {
            fprintf(script, "\nset output '%s.svg'\nset title '%s'\nset xlabel '%s'\nplot ",
                    plot->name, plot->title, series->x_label);
        }
        fprintf(script, "%s'%s.dat' index %u with linespoints title '%s'", curves != 0 ? ", " : "",
                plot->name, curves, series->curve);
        curves++;
    }
    fprintf(script, "\n");
}

static bool write_script(const struct bench *bench, const char *directory)
{
    FILE *script = create(directory, SCRIPT, "");

    if (script == NULL) {
        return false;
    }
    fprintf(script,
            "set terminal svg size 720,432 background 'white'\n"
            "set logscale xy 2\n"
            "set ylabel 'ns (A is %.2f)'\n"
            "set grid\n"
            "set key outside below\n",
            bench->atomic_ns);
    for (unsigned i = 0; i < PLOT_COUNT; i++) {
        write_plot(bench, script, &plots[i]);
    }
    return fclose(script) == 0;
}

/* The status of gnuplot; NO_SUCH_RUN when there is none. */
static int run_gnuplot(const char *directory)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        if (chdir(directory) == 0) {
            execlp("gnuplot", "gnuplot", SCRIPT, (char *)NULL);
        }
        _exit(NO_SUCH_RUN);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        return -1;
    }
    return WEXITSTATUS(status);
}

bool bench_write_plots(const struct bench *bench, const char *directory)
{
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        return false;
    }
    for (unsigned i = 0; i < PLOT_COUNT; i++) {
        if (!write_data(bench, directory, plots[i].name)) {
            return false;
        }
    }
    if (!write_script(bench, directory)) {
        return false;
    }
    fflush(stdout);
    int status = run_gnuplot(directory);
    if (status == NO_SUCH_RUN) {
        printf("gnuplot is not installed: %s has the data and %s, but no pictures\n", directory,
               SCRIPT);
        return true;
    }
    return status == 0;
}
