/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver's page tables alone: what mapping and unmapping cost, as multiples of A, and of S, one
 * plain store of an entry in a loop over a table. Nothing is invalidated: how long that takes is
 * the IOMMU's affair.
 */
#include "bench.h"

#include <amdvi/drv_pages.h>

#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES     UINT64_C(4096)
#define LARGE_BYTES    (512 * PAGE_BYTES)
#define HUGE_BYTES     (512 * LARGE_BYTES)
#define ENTRIES        512U
#define BATCH_PAGES    256U
#define BATCHES        16U
#define HUGE_PAGES     (ENTRIES * ENTRIES)
#define SCATTERED      64U /* tables, one page in each */
#define ARENA_BYTES    (UINT64_C(8) << 20)
#define RIGHTS         (AMDVI_DRV_READ | AMDVI_DRV_WRITE)
#define SPA_APART      PAGE_BYTES /* IOVA and SPA differ from bit 12 on: no page is larger */
#define A_COUNT        2000U
#define S_COUNT        (8 * ENTRIES)
#define SCATTERED_STEP UINT64_C(7) /* tables from one page to the next */

/* Which pages are mapped and unmapped, call by call. */
struct pages_load {
    struct calibration calibration;
    struct amdvi_drv_host host;
    struct amdvi_drv_heap heap;
    struct amdvi_drv_pages pages;
    void *memory;
    uint64_t call_bytes;
    uint64_t step; /* from one call to the next */
    uint64_t apart;
    unsigned pages_in_call;
    unsigned wrap; /* calls, after which the next are at the beginning again */
};

static struct pages_load *pages_open(uint64_t page_sizes)
{
    struct pages_load *load = aligned_alloc(64, sizeof(*load));
    struct amdvi_drv_pages_config config = {.page_sizes = page_sizes, .levels_max = 6};
    struct amdvi_drv_block arena = {.spa = UINT64_C(1) << 32, .size_bytes = ARENA_BYTES};

    arena.bytes = aligned_alloc(PAGE_BYTES, ARENA_BYTES);
    if (load == NULL || arena.bytes == NULL) {
        abort();
    }
    memset(load, 0, sizeof(*load));
    memset(arena.bytes, 0, ARENA_BYTES);
    load->memory = arena.bytes;
    load->host = (struct amdvi_drv_host){.size = sizeof(load->host), .version = AMDVI_DRV_VERSION};
    if (amdvi_drv_heap_init(&load->heap, &load->host, &arena) != AMDVI_DRV_OK ||
        amdvi_drv_pages_init(&load->pages, &load->heap, &config) != AMDVI_DRV_OK) {
        abort();
    }
    return load;
}

static void pages_close(struct pages_load *load)
{
    amdvi_drv_pages_destroy(&load->pages);
    free(load->memory);
    free(load);
}

/* @count pages, so many in each call. */
static void map_calls(void *what, unsigned count)
{
    struct pages_load *load = what;
    struct amdvi_drv_gather gather;

    for (unsigned i = 0; i < count / load->pages_in_call; i++) {
        uint64_t iova = i % load->wrap * load->step;
        amdvi_drv_gather_init(&gather);
        if (amdvi_drv_pages_map(&load->pages, iova, iova + load->apart, load->call_bytes, RIGHTS,
                                &gather) != AMDVI_DRV_OK) {
            abort();
        }
    }
}

static void unmap_calls(void *what, unsigned count)
{
    struct pages_load *load = what;
    struct amdvi_drv_gather gather;

    for (unsigned i = 0; i < count / load->pages_in_call; i++) {
        uint64_t iova = i % load->wrap * load->step;
        amdvi_drv_gather_init(&gather);
        if (amdvi_drv_pages_unmap(&load->pages, iova, load->call_bytes, &gather) != AMDVI_DRV_OK) {
            abort();
        }
        amdvi_drv_pages_free(&load->pages, &gather);
    }
}

/* S: entries of a table, one 64-bit store after the other, as the IOMMU may look at any moment. */
static void store_entries(void *what, unsigned count)
{
    static _Alignas(4096) uint64_t table[ENTRIES];
    uint64_t word = UINT64_C(0x6000000000000001);

    (void)what;
    for (unsigned i = 0; i < count / ENTRIES; i++) {
        for (unsigned j = 0; j < ENTRIES; j++) {
            __atomic_store_n(&table[j], word, __ATOMIC_RELAXED);
            word += PAGE_BYTES;
        }
    }
}

/* ---- Rows ------------------------------------------------------------------------------------ */

/* Map and unmap in turns, each with a goal; per page. */
struct pages_row {
    const char *name;
    bool in_stores; /* of S, not of A */
    double limit;   /* 0: no goal */
    uint64_t page_sizes;
    uint64_t page_bytes;
    uint64_t step;
    uint64_t apart;
    unsigned pages_in_call;
    unsigned calls;
};

static void add_row(struct bench *bench, const struct pages_row *what, const char *verb,
                    const struct trial *base, const struct trial *trial)
{
    struct row row = {
        .value = trial->result.min_ns / base->result.min_ns,
        .unit = what->in_stores ? "S" : "A",
        .goal = what->limit != 0 ? GOAL_AT_MOST : GOAL_NONE,
        .limit = what->limit,
        .ns = trial->result.min_ns,
    };

    snprintf(row.name, sizeof(row.name), "%s %s", verb, what->name);
    bench_row(bench, &row);
}

static void measure_row(struct bench *bench, const struct pages_row *what)
{
    struct pages_load *load = pages_open(what->page_sizes);
    unsigned count = what->calls * what->pages_in_call;
    struct trial trials[] = {
        {.run = what->in_stores ? store_entries : bench_atomic_add,
         .load = &load->calibration,
         .count = what->in_stores ? S_COUNT : A_COUNT},
        {.run = map_calls, .load = load, .count = count},
        {.run = unmap_calls, .load = load, .count = count},
    };

    load->call_bytes = what->page_bytes * what->pages_in_call;
    load->step = what->step;
    load->apart = what->apart;
    load->pages_in_call = what->pages_in_call;
    load->wrap = what->calls;
    bench_measure(trials, 3, bench->row_ms);
    add_row(bench, what, "map", &trials[0], &trials[1]);
    add_row(bench, what, "unmap", &trials[0], &trials[2]);
    pages_close(load);
}

static void row_of_s(struct bench *bench)
{
    struct calibration calibration = {.line = 0};
    struct trial trials[] = {
        {.run = bench_atomic_add, .load = &calibration, .count = A_COUNT},
        {.run = store_entries, .load = &calibration, .count = S_COUNT},
    };

    bench_measure(trials, 2, bench->row_ms);
    struct row row = {.name = "S: an entry stored, in a loop of 512",
                      .value = trials[1].result.min_ns / trials[0].result.min_ns,
                      .unit = "A",
                      .ns = trials[1].result.min_ns};
    bench_row(bench, &row);
}

void rows_pages(struct bench *bench)
{
    static const struct pages_row rows[] = {
        {"one page of 4 KiB", false, 1.5, AMDVI_DRV_PAGE_SIZES_ALL, PAGE_BYTES, PAGE_BYTES,
         SPA_APART, 1, ENTRIES},
        {"one page of 4 KiB, in another table each time", false, 0, AMDVI_DRV_PAGE_SIZES_ALL,
         PAGE_BYTES, SCATTERED_STEP * LARGE_BYTES, SPA_APART, 1, SCATTERED},
        {"256 pages of 4 KiB", true, 1.3, AMDVI_DRV_PAGE_SIZES_ALL, PAGE_BYTES,
         BATCH_PAGES * PAGE_BYTES, SPA_APART, BATCH_PAGES, BATCHES},
        {"256 pages as one of 1 MiB", true, 0, AMDVI_DRV_PAGE_SIZES_ALL, PAGE_BYTES,
         BATCH_PAGES * PAGE_BYTES, 0, BATCH_PAGES, BATCHES},
        {"one page of 2 MiB", false, 1.5, AMDVI_DRV_PAGE_SIZES_ALL, LARGE_BYTES, LARGE_BYTES, 0, 1,
         ENTRIES},
        {"one page of 1 GiB", false, 1.5, AMDVI_DRV_PAGE_SIZES_ALL, HUGE_BYTES, HUGE_BYTES, 0, 1,
         ENTRIES},
        {"1 GiB by 4 KiB, tables with it", true, 1.6, AMDVI_DRV_PAGE_SIZES_4K, PAGE_BYTES, 0, 0,
         HUGE_PAGES, 1},
    };

    bench_heading("page tables of the driver, for each page");
    row_of_s(bench);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        measure_row(bench, &rows[i]);
    }
}
