/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two threads at once. The machine may run one of them alone for a while, which is no figure about
 * two; so each thread notes when each of its chunks of work began and ended, and only chunks count
 * during which the other got on with its work: as fast as this one if both do the same, and else
 * about as fast as it usually does. A chunk during which the other was interrupted does not.
 */
#ifndef BENCH_LANES_H
#define BENCH_LANES_H

#include "measure.h"

#include <stdatomic.h>

#define LANE_MAX_CHUNKS 40000U
#define LANE_ENOUGH     50U /* fewer chunks are no figure */

struct chunk {
    uint64_t begin_ns;
    uint64_t end_ns;
};

struct lane {
    bench_run *run;
    void *load;
    unsigned count;            /* operations in a chunk */
    void (*begin)(void *load); /* in the thread, before its first chunk; may be NULL */
    void (*end)(void *load);
    bool is_same; /* the other lane does the same work */
    /* Of the last run. */
    unsigned chunk_count;
    struct chunk *chunks;
    /* Of all runs: the times of one operation in chunks that count. */
    unsigned time_count;
    double *times_ns;
    /* Of all runs: everything, and the smallest median of a run. */
    double usual_ns;
    uint64_t all_chunks;
    double all_ns;
};

/* Room for chunks; ends the program when there is none. */
void lane_init(struct lane *lane);
void lane_free(struct lane *lane);

/* Run one, or both at once, for about @milliseconds. What counts is added to that of before. */
void lanes_run(struct lane *const *lanes, unsigned count, unsigned milliseconds);

/* What counts; no numbers when it is too little. */
struct sample lane_sample(struct lane *lane);

/* The mean of everything, waiting and interruptions included. */
double lane_mean_ns(const struct lane *lane);

#endif
