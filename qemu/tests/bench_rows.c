/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is measured. A trial takes some microseconds, so that most are not disturbed. */
#include "bench_rig.h"

#define TO   BENCHDEV_MAP_TO_DEVICE
#define FROM BENCHDEV_MAP_FROM_DEVICE
#define READ BENCHDEV_READ

#define ACCESSES(name, goal, how, place, count, times, bytes)                                      \
    {                                                                                              \
        .text = (name), .goal_one_in = (goal), .what = BENCHDEV_RUN_ACCESSES, .access = (how),     \
        .where = (place), .pages = (count), .rounds = (times), .length = (bytes)                   \
    }

/* Each page is met once after everything was forgotten. */
#define MISSES(name, goal, how, place, bytes)                                                      \
    {                                                                                              \
        .text = (name), .goal_one_in = (goal), .what = BENCHDEV_RUN_ACCESSES_AFTER_COMMANDS,       \
        .commands = COMMANDS_FORGET, .step = 2, .access = (how), .where = (place), .pages = 512,   \
        .rounds = 1, .length = (bytes)                                                             \
    }

#define INVALIDATIONS(name, goal, kind, count, unit, cached)                                       \
    {                                                                                              \
        .text = (name), .goal_one_in = (goal), .what = BENCHDEV_RUN_COMMANDS_AFTER_ACCESSES,       \
        .commands = (kind), .step = (count), .each = (unit), .access = TO,                         \
        .where = PAGES_TOGETHER, .pages = (cached), .rounds = 1, .length = 64                      \
    }

const struct bench_row bench_rows[] = {
    ACCESSES("map and unmap, no IOMMU", 0, TO, PAGES_DIRECT, 1, 256, 4096),
    ACCESSES("read 64 bytes, no IOMMU", 0, READ, PAGES_DIRECT, 1, 256, 64),
    ACCESSES("hit: map and unmap, one page", 1, TO, PAGES_TOGETHER, 1, 256, 4096),
    ACCESSES("hit: the same to write", 1, FROM, PAGES_TOGETHER, 1, 256, 4096),
    ACCESSES("hit: map and unmap, 64 pages in turn", 1, TO, PAGES_TOGETHER, 64, 4, 4096),
    ACCESSES("hit: read 64 bytes, one page", 1, READ, PAGES_TOGETHER, 1, 256, 64),
    ACCESSES("hit: read 64 bytes, 64 pages in turn", 1, READ, PAGES_TOGETHER, 64, 4, 64),
    MISSES("miss: map and unmap, neighbours", 3, TO, PAGES_TOGETHER, 4096),
    MISSES("miss: map and unmap, 2 MiB apart", 3, TO, PAGES_APART, 4096),
    MISSES("miss: read 64 bytes, neighbours", 3, READ, PAGES_TOGETHER, 64),
    MISSES("miss: read 64 bytes, 2 MiB apart", 3, READ, PAGES_APART, 64),
    INVALIDATIONS("invalidate a page that is not cached, 0 of another domain are, 128 at once", 0,
                  COMMANDS_OTHER_PAGE, 128, 1, 0),
    INVALIDATIONS("invalidate a page that is not cached, 64 are", 0, COMMANDS_OTHER_PAGE, 128, 1,
                  64),
    INVALIDATIONS("invalidate a page that is not cached, 1000 are", 20, COMMANDS_OTHER_PAGE, 128, 1,
                  1000),
    INVALIDATIONS("invalidate a page that is cached, and no other, one write", 0, COMMANDS_PAGE, 1,
                  1, 1),
    INVALIDATIONS("invalidate a page that is cached, with 64 others", 0, COMMANDS_PAGE, 1, 1, 65),
    INVALIDATIONS("invalidate a page that is cached, with 1000 others", 20, COMMANDS_PAGE, 1, 1,
                  1001),
    INVALIDATIONS("invalidate it and COMPLETION_WAIT, no other is cached, one write", 0,
                  COMMANDS_PAGE_WAIT, 2, 2, 1),
    INVALIDATIONS("invalidate it and COMPLETION_WAIT, with 1000 others", 20, COMMANDS_PAGE_WAIT, 2,
                  2, 1001),
    INVALIDATIONS("COMPLETION_WAIT, one write", 0, COMMANDS_WAIT, 1, 1, 0),
    INVALIDATIONS("COMPLETION_WAIT, 128 at once", 0, COMMANDS_WAIT, 128, 1, 0),
};

const unsigned bench_rows_count = sizeof(bench_rows) / sizeof(bench_rows[0]);
