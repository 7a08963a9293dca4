/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two threads at once: two that translate, one that translates beside one that invalidates, and one
 * that waits for its commands beside one that translates.
 */
#include "bench.h"
#include "lanes.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_COUNT  2000U
#define ROUNDS       8U
#define MAX_ROUNDS   60U
#define WANTED       300U /* chunks */
#define OTHER_DEVICE UINT16_C(0x1918)
#define OTHER_DOMAIN UINT16_C(8)
#define READER_PAGES 64U
#define PERIOD_NS    10000U /* 100,000 a second */
#define PACED_COUNT  2U
#define PAIRS        (SCENE_RING_ENTRIES / 2)

static void seat_begin(void *what)
{
    struct load *load = what;

    amdvi_reader_online(load->reader);
}

static void seat_end(void *what)
{
    struct load *load = what;

    amdvi_reader_offline(load->reader);
}

/* Its own copy, so that the two threads share nothing but the IOMMU. */
static struct load *seat_open(const struct load *load, unsigned reader)
{
    struct load *seat = aligned_alloc(4096, (sizeof(*seat) + 4095) / 4096 * 4096);

    if (seat == NULL) {
        abort();
    }
    memcpy(seat, load, sizeof(*seat));
    seat->reader = amdvi_iommu_reader(load->scene.iommu, reader);
    return seat;
}

static struct lane lane_of(bench_run *run, void *load)
{
    struct lane lane = {.run = run, .load = load, .count = CHUNK_COUNT};

    lane_init(&lane);
    return lane;
}

/*
 * One alone (if there is @alone), both, in turns; on a busy machine until enough of it counts, but
 * not for ever.
 */
static void run_in_turns(const struct bench *bench, struct lane *alone, struct lane *first,
                         struct lane *second)
{
    unsigned slice_ms = bench->row_ms / (2 * ROUNDS) + 1;
    struct lane *one[] = {alone};
    struct lane *both[] = {first, second};

    for (unsigned i = 0; i < ROUNDS || (i < MAX_ROUNDS && first->time_count < WANTED); i++) {
        if (alone != NULL) {
            lanes_run(one, 1, slice_ms);
        }
        lanes_run(both, 2, slice_ms);
    }
}

struct pair {
    const char *name;
    bench_run *run;
    void *first;
    void *second;
    bool is_textbook; /* has no readers, and threads wait for each other: the mean counts */
    bool is_machine;  /* has none either */
    enum goal goal;
    double limit;
};

/* Gives the time of the first beside the second. */
static double compare_pair(struct bench *bench, const struct pair *pair)
{
    struct lane alone = lane_of(pair->run, pair->first);
    struct lane first = lane_of(pair->run, pair->first);
    struct lane second = lane_of(pair->run, pair->second);
    struct lane *all[] = {&alone, &first, &second};

    for (unsigned i = 0; i < 3 && !pair->is_textbook && !pair->is_machine; i++) {
        all[i]->begin = seat_begin;
        all[i]->end = seat_end;
    }
    first.is_same = second.is_same = true;
    run_in_turns(bench, &alone, &first, &second);
    struct sample one = lane_sample(&alone);
    struct sample two = lane_sample(&first);
    double two_ns = pair->is_textbook ? lane_mean_ns(&first) : two.min_ns;
    struct row row = {.value = two_ns / one.min_ns,
                      .unit = "x one",
                      .goal = pair->goal,
                      .limit = pair->limit,
                      .ns = two_ns};
    snprintf(row.name, sizeof(row.name), "%s", pair->name);
    if (pair->is_textbook) {
        snprintf(row.note, sizeof(row.note), "all of %u chunks", (unsigned)first.all_chunks);
    } else {
        snprintf(row.note, sizeof(row.note), "p50 %.2f x; %u chunks of %u",
                 two.median_ns / one.median_ns, first.time_count, (unsigned)first.all_chunks);
    }
    bench_row(bench, &row);
    for (unsigned i = 0; i < 3; i++) {
        lane_free(all[i]);
    }
    return two_ns;
}

/* What the machine itself makes of two threads that share nothing. */
static void machine_alone(struct bench *bench, struct load *first, struct load *second)
{
    struct pair pair = {.name = "two threads, an atomic add each, nothing shared",
                        .run = bench_atomic_add,
                        .first = &first->calibration,
                        .second = &second->calibration,
                        .is_machine = true};

    compare_pair(bench, &pair);
}

static void two_readers(struct bench *bench, struct load *load)
{
    struct load *first = seat_open(load, 0);
    struct load *second = seat_open(load, 1);
    struct series *series = bench_series(bench, "threads", "same page", "threads");
    struct pair same = {.name = "two threads, the same device and page: hit",
                        .run = load_pointer,
                        .first = first,
                        .second = second,
                        .goal = GOAL_AT_MOST,
                        .limit = 1.15};
    struct pair others = {.name = "two threads, a device and domain each: hit",
                          .run = load_pointer,
                          .first = first,
                          .second = second,
                          .goal = GOAL_AT_MOST,
                          .limit = 1.10};

    struct pair textbook = {.name = "two threads, the same page: the comparator, mean",
                            .run = load_textbook_pointer,
                            .first = first,
                            .second = second,
                            .is_textbook = true};

    machine_alone(bench, first, second);
    double same_ns = compare_pair(bench, &same);
    second->device_id = OTHER_DEVICE;
    double others_ns = compare_pair(bench, &others);
    second->device_id = LOAD_DEVICE;
    double textbook_ns = compare_pair(bench, &textbook);

    struct trial trials[] = {{.run = load_pointer, .load = load, .count = CHUNK_COUNT},
                             {.run = load_textbook_pointer, .load = load, .count = CHUNK_COUNT}};
    amdvi_reader_online(load->reader);
    bench_measure(trials, 2, bench->row_ms / 4);
    amdvi_reader_offline(load->reader);
    bench_point(series, 1, trials[0].result.min_ns);
    bench_point(series, 2, same_ns);
    series = bench_series(bench, "threads", "a device each", "threads");
    bench_point(series, 1, trials[0].result.min_ns);
    bench_point(series, 2, others_ns);
    series = bench_series(bench, "threads", "comparator", "threads");
    bench_point(series, 1, trials[1].result.min_ns);
    bench_point(series, 2, textbook_ns);
    free(first);
    free(second);
}

/* ---- Beside commands ------------------------------------------------------------------------- */

struct commander {
    struct load *load;
    unsigned pair;   /* of the ring: what is next */
    uint64_t due_ns; /* when the next is due */
};

/* As a guest's driver: write the tail, and look at the word until the number is there. */
static void tell_and_wait(struct commander *commander)
{
    struct scene *scene = &commander->load->scene;
    const uint64_t *word = (const void *)&scene->memory[SCENE_STORE];

    scene_tell(scene, 2);
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != commander->pair) {
        scene_work(scene);
    }
    commander->pair = (commander->pair + 1) % PAIRS;
}

/* The device has used the page, so that it is in the cache. */
static void use_victim(struct load *load, unsigned number)
{
    amdvi_reader_online(load->reader);
    load_translate(load, LOAD_VICTIMS + number * UINT64_C(4096), 1);
    amdvi_reader_offline(load->reader);
}

/* One page each 10 microseconds, with a COMPLETION_WAIT. What is late is not made up for. */
static void paced(void *what, unsigned count)
{
    struct commander *commander = what;

    for (unsigned i = 0; i < count; i++) {
        uint64_t now = bench_now_ns();

        while (now < commander->due_ns) {
            now = bench_now_ns();
        }
        commander->due_ns =
            now > commander->due_ns + PERIOD_NS ? now + PERIOD_NS : commander->due_ns + PERIOD_NS;
        use_victim(commander->load, commander->pair);
        tell_and_wait(commander);
    }
}

static void at_once(void *what, unsigned count)
{
    struct commander *commander = what;

    for (unsigned i = 0; i < count; i++) {
        tell_and_wait(commander);
    }
}

/* Of one operation; of all that counts. */
static double per_second(struct lane *lane)
{
    return 1e9 / lane_sample(lane).median_ns;
}

static void undisturbed(struct bench *bench, struct load *load, struct commander *commander)
{
    struct load *seat = seat_open(load, 1);
    struct lane alone = lane_of(load_pointer_next, seat);
    struct lane beside = lane_of(load_pointer_next, seat);
    struct lane invalidating = lane_of(paced, commander);

    alone.begin = beside.begin = seat_begin;
    alone.end = beside.end = seat_end;
    invalidating.count = PACED_COUNT;
    load_select(seat, LOAD_FILL, READER_PAGES, 4096);
    run_in_turns(bench, &alone, &beside, &invalidating);
    struct sample one = lane_sample(&alone);
    struct sample two = lane_sample(&beside);
    struct row row = {.name = "hits beside 100,000 invalidations a second: p50",
                      .value = two.median_ns / one.median_ns,
                      .unit = "x alone",
                      .goal = GOAL_AT_MOST,
                      .limit = 1.3,
                      .ns = two.median_ns};
    snprintf(row.note, sizeof(row.note), "%.0f/s; min %.2f x; %u chunks of %u",
             per_second(&invalidating), two.min_ns / one.min_ns, beside.time_count,
             (unsigned)beside.all_chunks);
    bench_row(bench, &row);
    scene_check_idle(&load->scene);
    lane_free(&alone);
    lane_free(&beside);
    lane_free(&invalidating);
    free(seat);
}

/* A chunk is one wait, so each chunk that counts is a latency. */
static void waits(struct bench *bench, struct load *load, struct commander *commander)
{
    struct load *seat = seat_open(load, 1);
    struct lane reading = lane_of(load_pointer_next, seat);
    struct lane waiting = lane_of(at_once, commander);

    reading.begin = seat_begin;
    reading.end = seat_end;
    reading.count = 200;
    waiting.count = 1;
    load_select(seat, LOAD_FILL, READER_PAGES, 4096);
    run_in_turns(bench, NULL, &waiting, &reading);
    struct sample sample = lane_sample(&waiting);
    struct row row = {.name = "write, invalidate, COMPLETION_WAIT, one busy reader: p50",
                      .value = sample.median_ns / 1000,
                      .unit = "us",
                      .goal = GOAL_AT_MOST,
                      .limit = 1,
                      .ns = sample.median_ns};
    snprintf(row.note, sizeof(row.note), "min %.0f ns; %u waits of %u", sample.min_ns,
             waiting.time_count, (unsigned)waiting.all_chunks);
    bench_row(bench, &row);
    scene_check_idle(&load->scene);
    lane_free(&reading);
    lane_free(&waiting);
    free(seat);
}

void rows_threads(struct bench *bench)
{
    struct scene_options options = {0};
    struct load *load = load_open(&options);
    struct commander commander = {.load = load};

    bench_heading("two threads");
    scene_attach(&load->scene, OTHER_DEVICE, OTHER_DOMAIN, load->root);
    scene_write64(&load->scene, SCENE_STORE, UINT64_MAX); /* the number of no wait */
    amdvi_reader_offline(load->reader);
    two_readers(bench, load);
    load_ring_waits(load);
    undisturbed(bench, load, &commander);
    waits(bench, load, &commander);
    amdvi_reader_online(load->reader);
    load_close(load);
}
