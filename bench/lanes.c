/* SPDX-License-Identifier: BSD-2-Clause */
/* Two threads at once, and which of their time counts. */
#include "lanes.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

/* How much of what the other should have done it must have done. */
#define SHARE_OF_SAME  0.8
#define SHARE_OF_USUAL 0.4
#define MIN_CHUNKS     20U /* of a run, for a median */

struct work {
    struct lane *lane;
    unsigned wanted; /* threads that start together */
    _Atomic unsigned *ready;
    uint64_t duration_ns;
    pthread_t thread;
};

static double *room(void)
{
    double *times = malloc(sizeof(*times) * LANE_MAX_CHUNKS);

    if (times == NULL) {
        abort();
    }
    return times;
}

void lane_init(struct lane *lane)
{
    lane->chunks = malloc(sizeof(*lane->chunks) * LANE_MAX_CHUNKS);
    lane->times_ns = room();
    if (lane->chunks == NULL) {
        abort();
    }
}

void lane_free(struct lane *lane)
{
    free(lane->times_ns);
    free(lane->chunks);
}

static void wait_for_all(const struct work *work)
{
    atomic_fetch_add(work->ready, 1);
    while (atomic_load(work->ready) < work->wanted) {
    }
}

static void *work_main(void *what)
{
    const struct work *work = what;
    struct lane *lane = work->lane;

    if (lane->begin != NULL) {
        lane->begin(lane->load);
    }
    wait_for_all(work);
    uint64_t now = bench_now_ns();
    uint64_t end = now + work->duration_ns;
    while (now < end && lane->chunk_count < LANE_MAX_CHUNKS) {
        struct chunk *chunk = &lane->chunks[lane->chunk_count++];

        chunk->begin_ns = now;
        lane->run(lane->load, lane->count);
        now = bench_now_ns();
        chunk->end_ns = now;
    }
    if (lane->end != NULL) {
        lane->end(lane->load);
    }
    return NULL;
}

static double duration(const struct chunk *chunk)
{
    return (double)(chunk->end_ns - chunk->begin_ns);
}

static double median_ns(const struct lane *lane)
{
    double *times = room();

    for (unsigned i = 0; i < lane->chunk_count; i++) {
        times[i] = duration(&lane->chunks[i]);
    }
    struct sample sample = bench_sample(times, lane->chunk_count);
    free(times);
    return sample.median_ns;
}

/* Of one run. What interrupts the lane often makes it longer, so the shortest counts. */
static void note_usual(struct lane *lane)
{
    if (lane->chunk_count >= MIN_CHUNKS) {
        double usual_ns = median_ns(lane);

        lane->usual_ns =
            lane->usual_ns == 0 || usual_ns < lane->usual_ns ? usual_ns : lane->usual_ns;
    }
}

/*
 * How many operations the other did from the begin to the end of @chunk. A chunk of the other that
 * took long, since it was interrupted, has few of them in any part. @next moves on with the chunks
 * that are asked about, in order.
 */
static double done_beside(const struct chunk *chunk, const struct lane *other, unsigned *next)
{
    double done = 0;

    while (*next < other->chunk_count && other->chunks[*next].end_ns <= chunk->begin_ns) {
        ++*next;
    }
    for (unsigned i = *next; i < other->chunk_count; i++) {
        const struct chunk *beside = &other->chunks[i];
        uint64_t begin_ns = beside->begin_ns;
        uint64_t end_ns = beside->end_ns;

        if (begin_ns >= chunk->end_ns) {
            break;
        }
        begin_ns = begin_ns > chunk->begin_ns ? begin_ns : chunk->begin_ns;
        end_ns = end_ns < chunk->end_ns ? end_ns : chunk->end_ns;
        done += other->count * (double)(end_ns - begin_ns) / duration(beside);
    }
    return done;
}

static bool is_accompanied(const struct lane *lane, const struct chunk *chunk,
                           const struct lane *other, unsigned *next)
{
    double done = done_beside(chunk, other, next);

    if (lane->is_same) {
        return done >= SHARE_OF_SAME * lane->count;
    }
    double usual = other->usual_ns == 0 ? INFINITY : other->count / other->usual_ns;
    return done >= SHARE_OF_USUAL * usual * duration(chunk);
}

/* Add what counts of the last run; @other is NULL when the lane was to be alone. */
static void keep(struct lane *lane, const struct lane *other)
{
    unsigned next = 0;

    for (unsigned i = 0; i < lane->chunk_count; i++) {
        const struct chunk *chunk = &lane->chunks[i];

        lane->all_chunks++;
        lane->all_ns += duration(chunk);
        if (lane->time_count < LANE_MAX_CHUNKS &&
            (other == NULL || is_accompanied(lane, chunk, other, &next))) {
            lane->times_ns[lane->time_count++] = duration(chunk) / lane->count;
        }
    }
}

void lanes_run(struct lane *const *lanes, unsigned count, unsigned milliseconds)
{
    struct work works[2];
    _Atomic unsigned ready = 0;

    for (unsigned i = 0; i < count; i++) {
        lanes[i]->chunk_count = 0;
        works[i] = (struct work){.lane = lanes[i],
                                 .wanted = count,
                                 .ready = &ready,
                                 .duration_ns = (uint64_t)milliseconds * 1000000};
        if (pthread_create(&works[i].thread, NULL, work_main, &works[i]) != 0) {
            abort();
        }
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(works[i].thread, NULL);
    }
    for (unsigned i = 0; i < count; i++) {
        note_usual(lanes[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        keep(lanes[i], count == 2 ? lanes[1 - i] : NULL);
    }
}

struct sample lane_sample(struct lane *lane)
{
    if (lane->time_count < LANE_ENOUGH) {
        return (struct sample){.min_ns = NAN, .median_ns = NAN};
    }
    return bench_sample(lane->times_ns, lane->time_count);
}

double lane_mean_ns(const struct lane *lane)
{
    return lane->all_ns / ((double)lane->all_chunks * lane->count);
}
