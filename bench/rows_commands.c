/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands: how long they take, and how long software waits for them. */
#include "bench.h"

#include <amdvi/command.h>

#define ATOMIC_COUNT  2000U
#define COMMAND_COUNT 2048U
#define WAIT_COUNT    512U

void rows_commands(struct bench *bench)
{
    struct scene_options options = {0};
    struct load *load = load_open(&options);
    struct comparison what = {.name = "write, invalidate, COMPLETION_WAIT, no reader online",
                              .base = bench_atomic_add,
                              .base_load = &load->calibration,
                              .base_count = ATOMIC_COUNT,
                              .unit = "A",
                              .ours = load_waits,
                              .textbook = load_textbook_waits,
                              .count = WAIT_COUNT,
                              .goal = GOAL_AT_MOST,
                              .limit = 5};

    bench_heading("commands");
    load_ring_waits(load);
    amdvi_reader_offline(load->reader);
    bench_compare(bench, load, &what);
    scene_check_idle(&load->scene);
    amdvi_reader_online(load->reader);
    load_close(load);
    rows_invalidation(bench);
}
