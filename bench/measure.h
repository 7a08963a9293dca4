/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times. The machine is never quiet, so a figure is the minimum of many short trials, and what is
 * compared is measured in turns: a trial of the one, a trial of the other, and so on.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

/* Something that is done @count times. */
typedef void bench_run(void *load, unsigned count);

struct sample {
    double min_ns; /* of one operation */
    double median_ns;
};

struct trial {
    bench_run *run;
    void *load;
    unsigned count;              /* operations in a trial */
    void (*prepare)(void *load); /* before each trial, outside of the time; may be NULL */
    struct sample result;
};

uint64_t bench_now_ns(void);

/* The trials in turns, for about @milliseconds, and no less than a few times. */
void bench_measure(struct trial *trials, unsigned count, unsigned milliseconds);

/* Minimum and median of @count times. They are sorted. */
struct sample bench_sample(double *times_ns, unsigned count);

/* ---- Calibrators: what a ratio is a multiple of. Their load is a struct calibration. --------- */

struct calibration {
    _Alignas(64) uint64_t line; /* nobody else's */
    const uint8_t *memory;      /* guest memory, where W4 walks */
    uint64_t root;
    uint64_t iova;
    const void *from; /* of C4 */
    void *to;
};

bench_run bench_atomic_add; /* A: one sequentially consistent add to a line of one's own */
bench_run bench_walk;       /* W4: the bare walk of one page through four levels of hot tables */
bench_run bench_walk_apart; /* the same, with the processor free to overlap one with the next */
bench_run bench_copy;       /* C4: a copy of 4 KiB, hot */
bench_run bench_empty;      /* a loop around nothing */

/* The compiler must take @value to be used, and not know what it is afterwards. */
#define BENCH_HIDE(value) __asm__ volatile("" : "+r"(value) : : "memory")

#endif
