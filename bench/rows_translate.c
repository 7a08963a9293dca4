/* SPDX-License-Identifier: BSD-2-Clause */
/* Translations by one thread: hits, misses, buffers, copies; and interrupts. */
#include "bench.h"

#define ATOMIC_COUNT 2000U
#define CALL_COUNT   4000U
#define BUFFER_COUNT 400U
#define COPY_COUNT   500U
#define SMALL_TLB    256U
#define SMALL_PAGES  2048U

/* A comparison with A. */
static struct comparison against_atomic(struct load *load, const char *name, bench_run *ours,
                                        bench_run *textbook)
{
    return (struct comparison){.name = name,
                               .base = bench_atomic_add,
                               .base_load = &load->calibration,
                               .base_count = ATOMIC_COUNT,
                               .unit = "A",
                               .ours = ours,
                               .textbook = textbook,
                               .count = CALL_COUNT};
}

static void hits(struct bench *bench, struct load *load)
{
    struct comparison what = against_atomic(load, "hit: 4 KiB to a host pointer, release",
                                            load_pointer, load_textbook_pointer);

    what.goal = GOAL_AT_MOST;
    what.limit = 0.75;
    load_select(load, LOAD_ONE, 1, 4096);
    load_warm(load, load_pointer);
    bench_compare(bench, load, &what);
    what = against_atomic(load, "hit: amdvi_iommu_translate, release", load_full, NULL);
    bench_compare(bench, load, &what);
}

/* How many of 100 of these translations are walks. */
static double walk_percent(struct load *load, bench_run *run, unsigned count)
{
    struct amdvi_stats before;
    struct amdvi_stats after;

    amdvi_iommu_stats(load->scene.iommu, &before);
    run(load, count);
    amdvi_iommu_stats(load->scene.iommu, &after);
    return 100.0 * (double)(after.walks - before.walks) / count;
}

/* The bare walk of the same pages in the same order: what their tables alone cost. */
static void walk_next(void *what, unsigned count)
{
    struct load *load = what;
    struct calibration calibration = load->calibration;

    for (unsigned i = 0; i < count; i++) {
        calibration.iova = load->iova + load_next(&load->walk_position, load->mask) * 4096;
        bench_walk_apart(&calibration, 1);
    }
}

static void misses(struct bench *bench, struct load *load, const char *name, const char *bare_name,
                   unsigned pages, bool has_goal)
{
    char note[BENCH_NAME_BYTES];
    struct comparison what = {.name = name,
                              .base = bench_walk,
                              .base_load = &load->calibration,
                              .base_count = ATOMIC_COUNT,
                              .unit = "W4",
                              .ours = load_pointer_next,
                              .textbook = load_textbook_pointer_next,
                              .count = CALL_COUNT,
                              .goal = has_goal ? GOAL_AT_MOST : GOAL_NONE,
                              .limit = 3,
                              .note = note};

    load_select(load, LOAD_SCATTERED, pages, 4096);
    load_warm(load, load_pointer_next);
    snprintf(note, sizeof(note), "%.1f %% are misses",
             walk_percent(load, load_pointer_next, 4 * pages));
    bench_compare(bench, load, &what);
    what = (struct comparison){.name = bare_name,
                               .base = bench_walk,
                               .base_load = &load->calibration,
                               .base_count = ATOMIC_COUNT,
                               .unit = "W4",
                               .ours = walk_next,
                               .count = CALL_COUNT};
    bench_compare(bench, load, &what);
}

static void buffer(struct bench *bench, struct load *load, const char *name, uint64_t iova,
                   bool is_hit)
{
    struct comparison what =
        against_atomic(load, name, is_hit ? load_segments : load_segments_next,
                       is_hit ? load_textbook_segments : load_textbook_segments_next);

    what.count = BUFFER_COUNT;
    what.goal = GOAL_AT_MOST;
    what.limit = is_hit ? 9 : 16;
    load_select(load, iova, is_hit ? 1 : LOAD_PAGES / LOAD_BUFFER_PAGES, LOAD_BUFFER_PAGES * 4096);
    load_warm(load, what.ours);
    bench_compare(bench, load, &what);
}

static void large_pages(struct bench *bench, struct load *load)
{
    struct comparison what = {.name = "hit: random 4 KiB in 1 GiB of 2 MiB pages, release",
                              .base = load_pointer,
                              .base_load = load,
                              .base_count = CALL_COUNT,
                              .unit = "x hit",
                              .ours = load_pointer_large,
                              .textbook = load_textbook_pointer_large,
                              .count = CALL_COUNT,
                              .goal = GOAL_AT_MOST,
                              .limit = 1.3};
    struct row row = {
        .name = "hits among them, of 100", .unit = "%", .goal = GOAL_AT_LEAST, .limit = 99};

    load_select(load, LOAD_ONE, 1, 4096);
    load_pointer_large(load, 4 * LOAD_RANDOM);
    row.value = 100 - walk_percent(load, load_pointer_large, 16 * LOAD_RANDOM);
    bench_compare(bench, load, &what);
    bench_row(bench, &row);
    what.name = "hit: a 4 KiB page and a 2 MiB page in turn, release";
    what.ours = load_pointer_mixed;
    what.textbook = NULL;
    what.goal = GOAL_NONE;
    load_pointer_mixed(load, 4);
    bench_compare(bench, load, &what);
}

static void copies(struct bench *bench, struct load *load)
{
    struct comparison what = {.name = "hit, and a copy of its 4 KiB, release",
                              .base = bench_copy,
                              .base_load = &load->calibration,
                              .base_count = COPY_COUNT,
                              .unit = "C4",
                              .ours = load_pointer_copy,
                              .textbook = load_textbook_copy,
                              .count = COPY_COUNT,
                              .goal = GOAL_AT_MOST,
                              .limit = 1.08};

    load_select(load, LOAD_ONE, 1, 4096);
    load->calibration.from =
        amdvi_iommu_pointer(load->reader, load->device_id, load->iova, 4096, AMDVI_ACCESS_READ);
    amdvi_reader_release(load->reader);
    load_warm(load, load_pointer_copy);
    bench_compare(bench, load, &what);
}

static void interrupts(struct bench *bench, struct load *load)
{
    struct comparison what =
        against_atomic(load, "interrupt: remap, release", load_remap, load_textbook_remap);

    what.goal = GOAL_AT_MOST;
    what.limit = 0.8;
    bench_compare(bench, load, &what);
}

static void buffers(struct bench *bench, struct load *load)
{
    buffer(bench, load, "64 KiB, 16 segments, hits", LOAD_SCATTERED, true);
    buffer(bench, load, "64 KiB, one segment of 16 pages, hits", LOAD_JOINED, true);
    buffer(bench, load, "64 KiB, 16 segments, misses", LOAD_SCATTERED, false);
    buffer(bench, load, "64 KiB, one segment of 16 pages, misses", LOAD_JOINED, false);
}

static void buffer_plot(struct bench *bench, struct load *load, const char *curve, uint64_t iova,
                        bool is_hit)
{
    struct series *series = bench_series(bench, "buffer", curve, "buffer size (KiB)");

    for (unsigned pages = 1; pages <= 256; pages *= 4) {
        struct trial trial = {.run = is_hit ? load_segments : load_segments_next,
                              .load = load,
                              .count = 1024 / pages};

        load_select(load, iova, is_hit ? 1 : LOAD_PAGES / pages, pages * UINT64_C(4096));
        load_warm(load, trial.run);
        bench_measure(&trial, 1, bench->row_ms / 4);
        bench_point(series, pages * 4, trial.result.min_ns);
    }
}

static void plots(struct bench *bench, struct load *load)
{
    buffer_plot(bench, load, "scattered, hits", LOAD_SCATTERED, true);
    buffer_plot(bench, load, "joined, hits", LOAD_JOINED, true);
    buffer_plot(bench, load, "scattered, misses", LOAD_SCATTERED, false);
    buffer_plot(bench, load, "joined, misses", LOAD_JOINED, false);
}

static void memory_size(struct bench *bench)
{
    struct amdvi_config config;
    struct row row = {.name = "memory of an instance, default sizes, 4 readers",
                      .unit = "MiB",
                      .goal = GOAL_AT_MOST,
                      .limit = 8};

    amdvi_config_init(&config);
    config.readers = 4;
    row.value = (double)amdvi_iommu_size_bytes(&config) / (1024 * 1024);
    bench_row(bench, &row);
}

void rows_translate(struct bench *bench)
{
    struct scene_options options = {0};
    struct load *load = load_open(&options);

    bench_heading("translation, one thread");
    hits(bench, load);
    misses(bench, load, "miss: four levels, tables warm, release",
           "the bare walk of the same 32768 pages", LOAD_PAGES, true);
    buffers(bench, load);
    large_pages(bench, load);
    copies(bench, load);
    interrupts(bench, load);
    plots(bench, load);
    load_close(load);

    options.tlb_entries = SMALL_TLB;
    load = load_open(&options);
    misses(bench, load, "miss: with 256 entries and 2048 pages", "the bare walk of the same pages",
           SMALL_PAGES, false);
    load_close(load);
    memory_size(bench);
}
