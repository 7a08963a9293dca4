/* SPDX-License-Identifier: BSD-2-Clause */
/* Times, and the calibrators. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */

#include "measure.h"

#include <amdvi/pte.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_ROUNDS 20000
#define MIN_ROUNDS 15

uint64_t bench_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

struct sample bench_sample(double *times_ns, unsigned count)
{
    if (count == 0) {
        return (struct sample){0};
    }
    qsort(times_ns, count, sizeof(*times_ns), compare);
    return (struct sample){.min_ns = times_ns[0], .median_ns = times_ns[count / 2]};
}

static double time_once(struct trial *trial)
{
    if (trial->prepare != NULL) {
        trial->prepare(trial->load);
    }
    uint64_t begin = bench_now_ns();
    trial->run(trial->load, trial->count);
    return (double)(bench_now_ns() - begin) / trial->count;
}

void bench_measure(struct trial *trials, unsigned count, unsigned milliseconds)
{
    double *times = malloc(sizeof(*times) * MAX_ROUNDS * count);
    uint64_t end = bench_now_ns() + (uint64_t)milliseconds * 1000000;
    unsigned rounds = 0;

    if (times == NULL) {
        abort();
    }
    while (rounds < MAX_ROUNDS && (rounds < MIN_ROUNDS || bench_now_ns() < end)) {
        for (unsigned i = 0; i < count; i++) {
            times[i * MAX_ROUNDS + rounds] = time_once(&trials[i]);
        }
        rounds++;
    }
    for (unsigned i = 0; i < count; i++) {
        trials[i].result = bench_sample(&times[i * MAX_ROUNDS], rounds);
    }
    free(times);
}

void bench_empty(void *load, unsigned count)
{
    (void)load;
    for (unsigned i = 0; i < count; i++) {
        __asm__ volatile("" : : : "memory");
    }
}

void bench_atomic_add(void *load, unsigned count)
{
    struct calibration *calibration = load;

    for (unsigned i = 0; i < count; i++) {
        __atomic_fetch_add(&calibration->line, 1, __ATOMIC_SEQ_CST);
    }
}

/* The least that a walk can be: index, load, is it present, next. 0 when it is not. */
static inline uint64_t walk(const uint8_t *memory, uint64_t table, uint64_t iova)
{
    for (unsigned shift = 39; shift >= AMDVI_PAGE_LOG2; shift -= 9) {
        uint64_t word;

        memcpy(&word, &memory[table + AMDVI_PTE_BYTES * (iova >> shift & 511)], sizeof(word));
        if (!amdvi_has(word, AMDVI_PTE_PR)) {
            return 0;
        }
        table = word & AMDVI_PTE_ADDRESS;
    }
    return table;
}

/* Loads that depend on each other are what a walk is, so the next begins when one is done. */
void bench_walk(void *load, unsigned count)
{
    const struct calibration *calibration = load;
    uint64_t zero = 0;

    for (unsigned i = 0; i < count; i++) {
        uint64_t spa = walk(calibration->memory, calibration->root, calibration->iova | zero);

        BENCH_HIDE(spa);
        zero = spa & 1; /* it never is, but the processor must wait to know */
    }
}

void bench_walk_apart(void *load, unsigned count)
{
    const struct calibration *calibration = load;

    for (unsigned i = 0; i < count; i++) {
        uint64_t iova = calibration->iova;

        BENCH_HIDE(iova);
        uint64_t spa = walk(calibration->memory, calibration->root, iova);
        BENCH_HIDE(spa);
    }
}

void bench_copy(void *load, unsigned count)
{
    const struct calibration *calibration = load;

    for (unsigned i = 0; i < count; i++) {
        const void *from = calibration->from;

        BENCH_HIDE(from);
        memcpy(calibration->to, from, 4096);
        __asm__ volatile("" : : : "memory");
    }
}
