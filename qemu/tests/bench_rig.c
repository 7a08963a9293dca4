/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs either IOMMU of QEMU's as an operating system would, and has amdvi-benchdev measure.
 * Both get the same bytes: one device table entry, four levels of tables, pages of 4 KiB.
 */
#include "bench_rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE_ID 0x0028u /* 00:05.0 */
#define REGISTERS 0xc0000000u

/* Where things are in guest memory. */
#define DEVICE_TABLE     0x200000u
#define COMMAND_BUFFER   0x500000u /* 512 entries of 16 bytes */
#define EVENT_LOG        0x502000u
#define COMPLETION_STORE 0x504000u
#define PAGE_TABLES      0x600000u
#define RING_BYTES       0x2000u
#define MEMORY           0x4000000u /* what is read and written */
#define MEMORY_MOVED     0x5000000u /* where a page goes when its entry is changed */

#define DOMAIN       7u
#define OTHER_DOMAIN 8u

/* Pages that are mapped: neighbours, and others that share the tables above the last level. */
#define PAGES           1024u
#define IOVA_TOGETHER   UINT64_C(0x0000112200000000)
#define IOVA_APART      UINT64_C(0x0000334400000000)
#define STRIDE_TOGETHER UINT64_C(0x1000)
#define STRIDE_APART    UINT64_C(0x201000)
#define PAGES_CACHED    1000u

#define REG_DEVICE_TABLE 0x0000u
#define REG_COMMANDS     0x0008u
#define REG_EVENTS       0x0010u
#define REG_CONTROL      0x0018u
#define REG_COMMAND_HEAD 0x2000u
#define REG_COMMAND_TAIL 0x2008u
#define REG_EVENT_TAIL   0x2018u

const struct bench_kind bench_kinds[2] = {
    {"amdvi", "amdvi,id=iommu0,addr=2", 0xfed90000, true},
    {"amd-iommu", "amd-iommu,intremap=on", 0xfed80000, false},
};

static const struct bench_kind *kind;
static uint64_t next_table;

static void set(uint32_t reg, uint64_t value)
{
    machine_write64(REGISTERS + reg, value);
}

static uint64_t get(uint32_t reg)
{
    return machine_read64(REGISTERS + reg);
}

static bool say(bool is_right, const char *what)
{
    if (!is_right) {
        fprintf(stderr, "%s: %s\n", kind->name, what);
    }
    return is_right;
}

/* ---- Tables ---------------------------------------------------------------------------------- */

/* Where the entry of @iova is, with the tables above it. */
static uint64_t slot_of(uint64_t iova)
{
    uint64_t table = PAGE_TABLES;

    for (unsigned level = 4; level > 1; level--) {
        uint64_t slot = table + 8 * (iova >> (12 + 9 * (level - 1)) & 0x1ff);
        uint64_t entry = machine_read64(slot);

        if (!(entry & 1)) {
            entry = next_table | 1 | (level - 1) << 9 | UINT64_C(3) << 61;
            next_table += 0x1000;
            machine_write64(slot, entry);
        }
        table = entry & UINT64_C(0x000ffffffffff000);
    }
    return table + 8 * (iova >> 12 & 0x1ff);
}

static void map_page(uint64_t iova, uint64_t spa)
{
    machine_write64(slot_of(iova), spa | 1 | UINT64_C(3) << 61);
}

/* Neither in the order of the IOVAs nor two in the same place. */
static uint64_t spa_of(unsigned page)
{
    return MEMORY + UINT64_C(0x1000) * (page * 389u % PAGES);
}

static uint64_t iova_of(enum bench_pages where, unsigned page)
{
    return where == PAGES_APART      ? IOVA_APART + STRIDE_APART * page
           : where == PAGES_TOGETHER ? IOVA_TOGETHER + STRIDE_TOGETHER * page
                                     : MEMORY + STRIDE_TOGETHER * page;
}

/* ---- Commands -------------------------------------------------------------------------------- */

static const uint64_t command_wait[2] = {UINT64_C(1) << 60 | COMPLETION_STORE | 1, 0x77616974};
static const uint64_t command_forget[2] = {UINT64_C(3) << 60 | (uint64_t)DOMAIN << 32,
                                           UINT64_C(0x7ffffffffffff003)};
static const uint64_t command_page[2] = {UINT64_C(3) << 60 | (uint64_t)DOMAIN << 32, IOVA_TOGETHER};
static const uint64_t command_other[2] = {UINT64_C(3) << 60 | (uint64_t)OTHER_DOMAIN << 32,
                                          IOVA_TOGETHER};

/* The ring is not in use now, so all of it may be written. */
static void fill_ring(enum bench_commands commands)
{
    static uint64_t ring[RING_BYTES / 16][2];

    for (unsigned i = 0; i < RING_BYTES / 16; i++) {
        const uint64_t *from = commands == COMMANDS_OTHER_PAGE ? command_other
                               : commands == COMMANDS_PAGE     ? command_page
                               : commands == COMMANDS_FORGET   ? command_forget
                                                               : command_page;

        if (commands == COMMANDS_WAIT ||
            ((commands == COMMANDS_FORGET || commands == COMMANDS_PAGE_WAIT) && i % 2 == 1)) {
            from = command_wait;
        }
        memcpy(ring[i], from, sizeof(ring[i]));
    }
    machine_write(COMMAND_BUFFER, ring, sizeof(ring));
}

static bool run_step(enum bench_commands commands, unsigned step)
{
    fill_ring(commands);
    set(BENCHDEV_REG_STEP_BYTES, UINT64_C(16) * step);
    set(BENCHDEV_REG_TRIALS, 1);
    set(BENCHDEV_REG_COMMAND, BENCHDEV_RUN_COMMANDS);
    return say(get(BENCHDEV_REG_WRONG) == 0, "the commands did not run in the write of the tail");
}

/* Empty the cache, and see that the wait has stored. */
static bool forget(void)
{
    machine_write64(COMPLETION_STORE, 0);
    return run_step(COMMANDS_FORGET, 2) &&
           say(machine_read64(COMPLETION_STORE) == command_wait[1], "no COMPLETION_WAIT");
}

/* ---- Start ----------------------------------------------------------------------------------- */

void bench_start(const struct bench_kind *which)
{
    const char *const args[] = {"-device", which->option, "-device",
                                "amdvi-benchdev,id=bench0,addr=5", NULL};

    kind = which;
    machine_start(args);
    pci_enable(DEVICE_ID, 0, REGISTERS);
    next_table = PAGE_TABLES + 0x1000;
    for (unsigned page = 0; page < PAGES; page++) {
        map_page(iova_of(PAGES_TOGETHER, page), spa_of(page));
    }
    for (unsigned page = 0; page < PAGES / 2; page++) {
        map_page(iova_of(PAGES_APART, page), spa_of(page));
    }
    /* V, TV, Mode 4, IR, IW. */
    machine_write64(DEVICE_TABLE + 32 * DEVICE_ID, PAGE_TABLES | 0x3 | 4u << 9 | UINT64_C(3) << 61);
    machine_write64(DEVICE_TABLE + 32 * DEVICE_ID + 8, DOMAIN);
    machine_write64(kind->window + REG_DEVICE_TABLE, DEVICE_TABLE | 0x1ff);
    machine_write64(kind->window + REG_COMMANDS, COMMAND_BUFFER | UINT64_C(9) << 56);
    machine_write64(kind->window + REG_EVENTS, EVENT_LOG | UINT64_C(9) << 56);
    machine_write64(kind->window + REG_CONTROL, 0x1005); /* CmdBufEn, EventLogEn, IommuEn */
    set(BENCHDEV_REG_TAIL_SPA, kind->window + REG_COMMAND_TAIL);
    set(BENCHDEV_REG_HEAD_SPA, kind->window + REG_COMMAND_HEAD);
    set(BENCHDEV_REG_RING_BYTES, RING_BYTES);
    set(BENCHDEV_REG_TAIL, 0);
}

/* ---- Checks ---------------------------------------------------------------------------------- */

static void choose_pages(enum bench_pages where, unsigned first, unsigned pages, unsigned length)
{
    set(BENCHDEV_REG_IOVA, iova_of(where, first));
    set(BENCHDEV_REG_STRIDE, where == PAGES_APART ? STRIDE_APART : STRIDE_TOGETHER);
    set(BENCHDEV_REG_PAGES, pages);
    set(BENCHDEV_REG_LENGTH, length);
    set(BENCHDEV_REG_DIRECT, where == PAGES_DIRECT);
}

/* What the device stores must be in memory where the tables say, and back. */
static bool check_data(enum bench_pages where, unsigned pages, enum benchdev_access write,
                       enum benchdev_access read)
{
    uint64_t key = (uint64_t)(where * 4u + write + 1) << 56;

    machine_fill(MEMORY, 0, PAGES * 0x1000u);
    choose_pages(where, 0, pages, 64);
    set(BENCHDEV_REG_KEY, key);
    set(BENCHDEV_REG_ACCESS, write);
    set(BENCHDEV_REG_COMMAND, BENCHDEV_CHECK);
    if (!say(get(BENCHDEV_REG_WRONG) == 0, "a write fails")) {
        return false;
    }
    for (unsigned page = 0; page < pages; page++) {
        uint64_t iova = iova_of(where, page);
        uint64_t at = where == PAGES_DIRECT ? iova : spa_of(page);

        if (!say(machine_read64(at) == (iova ^ key), "data is not where it should be")) {
            return false;
        }
        machine_write64(at, iova ^ ~key);
    }
    set(BENCHDEV_REG_KEY, ~key);
    set(BENCHDEV_REG_ACCESS, read);
    set(BENCHDEV_REG_COMMAND, BENCHDEV_CHECK);
    return say(get(BENCHDEV_REG_WRONG) == 0, "other data is read");
}

/* Is the access of this page answered by what was cached before its entry was changed? */
static bool is_cached(unsigned page)
{
    uint64_t iova = iova_of(PAGES_TOGETHER, page);

    machine_write64(MEMORY_MOVED, 0);
    machine_write64(spa_of(page), 0);
    map_page(iova, MEMORY_MOVED);
    choose_pages(PAGES_TOGETHER, page, 1, 64);
    set(BENCHDEV_REG_KEY, 0);
    set(BENCHDEV_REG_ACCESS, BENCHDEV_MAP_FROM_DEVICE);
    set(BENCHDEV_REG_COMMAND, BENCHDEV_CHECK);
    map_page(iova, spa_of(page));
    say(machine_read64(spa_of(page)) == iova || machine_read64(MEMORY_MOVED) == iova,
        "data is in neither place");
    return machine_read64(spa_of(page)) == iova;
}

static void touch(unsigned pages)
{
    choose_pages(PAGES_TOGETHER, 0, pages, 64);
    set(BENCHDEV_REG_ACCESS, BENCHDEV_MAP_FROM_DEVICE);
    set(BENCHDEV_REG_COMMAND, BENCHDEV_CHECK);
}

/* What the rows are about: pages are cached when they are used, and forgotten when it is said. */
static bool check_cache(void)
{
    bool is_right = forget();

    is_right = is_right && say(!is_cached(0), "a page is cached that was not used") && forget();
    touch(PAGES_CACHED);
    is_right = is_right && say(is_cached(0) && is_cached(PAGES_CACHED - 1), "1000 pages") &&
               run_step(COMMANDS_OTHER_PAGE, 128) &&
               say(is_cached(0) && is_cached(PAGES_CACHED - 1), "another domain's page is") &&
               run_step(COMMANDS_PAGE, 1) && say(!is_cached(0), "an invalidated page is cached");
    is_right = is_right && forget() && say(!is_cached(1), "the domain is not forgotten");
    return is_right && forget() && say(!is_cached(PAGES_CACHED - 1), "nor all of it");
}

bool bench_check(void)
{
    bool is_right = true;

    for (enum bench_pages where = PAGES_TOGETHER; where <= PAGES_DIRECT; where++) {
        unsigned pages = where == PAGES_TOGETHER ? PAGES : PAGES / 2;

        is_right = is_right && forget() &&
                   check_data(where, pages, BENCHDEV_MAP_FROM_DEVICE, BENCHDEV_MAP_TO_DEVICE) &&
                   check_data(where, pages, BENCHDEV_WRITE, BENCHDEV_READ);
    }
    return is_right && check_cache() &&
           say(machine_read32(kind->window + REG_EVENT_TAIL) == 0, "events were logged");
}

/* ---- Measuring ------------------------------------------------------------------------------- */

/* Translations that were answered from the cache and not, so far, of all that has statistics. */
struct counts {
    double hits;
    double walks;
};

static double number_behind(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at != NULL ? strtod(at + strlen(name), NULL) : NAN;
}

static struct counts counts(void)
{
    struct counts now = {0, 0};

    if (kind->has_stats) {
        char *reply = machine_qmp("{\"execute\": \"qom-get\", \"arguments\": {\"path\": "
                                  "\"/machine/peripheral/iommu0\", \"property\": \"stats\"}}");
        const char *total = strstr(reply, "total");

        total = total != NULL ? total : reply;
        now.hits = number_behind(total, "tlb_hits\\\": ");
        now.walks = number_behind(total, "walks\\\": ");
        free(reply);
    }
    return now;
}

static bool is_as_meant(const struct bench_row *row, const struct counts *before)
{
    struct counts now = counts();
    double hits = now.hits - before->hits;
    double walks = now.walks - before->walks;

    if (!kind->has_stats || row->where == PAGES_DIRECT) {
        return true;
    }
    if (row->what == BENCHDEV_RUN_ACCESSES) {
        return say(hits > 0 && walks <= row->pages, "hits are none");
    }
    if (row->what == BENCHDEV_RUN_ACCESSES_AFTER_COMMANDS) {
        return say(walks > 0 && hits <= 0, "misses are none");
    }
    return true;
}

double bench_measure(const struct bench_row *row, unsigned trials)
{
    struct counts before;
    bool is_commands =
        row->what == BENCHDEV_RUN_COMMANDS || row->what == BENCHDEV_RUN_COMMANDS_AFTER_ACCESSES;

    if (!forget()) {
        return NAN;
    }
    if (row->commands != COMMANDS_NONE) {
        fill_ring(row->commands);
    }
    before = counts();
    choose_pages(row->where, 0, row->pages, row->length);
    set(BENCHDEV_REG_ROUNDS, row->rounds);
    set(BENCHDEV_REG_ACCESS, row->access);
    set(BENCHDEV_REG_STEP_BYTES, UINT64_C(16) * row->step);
    set(BENCHDEV_REG_TRIALS, trials);
    set(BENCHDEV_REG_COMMAND, row->what);
    if (!say(get(BENCHDEV_REG_WRONG) == 0, row->text) || !is_as_meant(row, &before)) {
        return NAN;
    }
    return (double)get(BENCHDEV_REG_NANOSECONDS) /
           (is_commands ? (double)row->step / row->each : (double)row->pages * row->rounds);
}
