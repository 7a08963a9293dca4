/* SPDX-License-Identifier: BSD-2-Clause */
/* A hit, against how many devices, domains and pages there are, in use or not. */
#include "bench.h"

#include <stdlib.h>

#define CALL_COUNT 4096U
#define IN_USE     64U
#define PAGES_EACH 4U /* of a device in use */
#define ALL        65536U
#define MAX_IN_USE 4096U
#define LARGE_TLB  65536U

/* Devices in use, in turn, and tables for each. */
struct crowd {
    struct load *load;
    unsigned used;
    unsigned next;
    uint16_t device_id[MAX_IN_USE];
    uint64_t root[MAX_IN_USE];
};

enum domains {
    DOMAIN_EACH,
    DOMAIN_FOR_ALL,
};

/* Numbers that look like those of busses far apart, each once. */
static uint16_t scattered(unsigned number)
{
    return (uint16_t)(number * 40503 + 0x2310);
}

/* Two devices never have one table, except for those that are not in use. */
static struct crowd *crowd_open(struct load *load)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));

    if (crowd == NULL) {
        abort();
    }
    crowd->load = load;
    for (unsigned i = 0; i < MAX_IN_USE; i++) {
        crowd->root[i] = scene_table(&load->scene);
        for (unsigned page = 0; page < PAGES_EACH; page++) {
            scene_map(&load->scene, crowd->root[i], LOAD_ONE + page * UINT64_C(4096),
                      SCENE_PAGES + (i * UINT64_C(16) + page * UINT64_C(2)) * 4096, 12);
        }
    }
    return crowd;
}

static void translate_each(void *what, unsigned count)
{
    struct crowd *crowd = what;
    struct load *load = crowd->load;
    void *host = NULL;

    for (unsigned i = 0; i < count; i++) {
        unsigned which = crowd->next++ & (crowd->used * PAGES_EACH - 1);
        uint64_t iova = LOAD_ONE + which % PAGES_EACH * UINT64_C(4096);

        host = amdvi_iommu_pointer(load->reader, crowd->device_id[which / PAGES_EACH], iova, 4096,
                                   AMDVI_ACCESS_READ);
        if (host == NULL) {
            abort();
        }
        amdvi_reader_release(load->reader);
    }
}

/* @used devices in use; with @exist, all others are there too, and each was in use once. */
static void populate(struct crowd *crowd, unsigned used, bool scatter, bool exist,
                     enum domains domains)
{
    struct load *load = crowd->load;

    for (unsigned i = 0; i < ALL && exist; i++) {
        scene_attach(&load->scene, (uint16_t)i, domains == DOMAIN_EACH ? (uint16_t)i : LOAD_DOMAIN,
                     load->root);
    }
    crowd->used = used;
    for (unsigned i = 0; i < used; i++) {
        crowd->device_id[i] = scatter ? scattered(i) : (uint16_t)(0x100 + i);
        uint16_t domain_id = domains == DOMAIN_EACH ? crowd->device_id[i] : LOAD_DOMAIN;
        scene_attach(&load->scene, crowd->device_id[i], domain_id,
                     crowd->root[domains == DOMAIN_EACH ? i : 0]);
    }
    uint16_t device_id = load->device_id;
    for (unsigned i = 0; i < ALL && exist; i++) {
        load->device_id = (uint16_t)i;
        load_translate(load, LOAD_ONE, 1);
    }
    load->device_id = device_id;
    translate_each(crowd, 4 * used * PAGES_EACH);
}

/* A machine with such a crowd, to be measured beside others. */
static struct crowd *open_populated(bool scatter, bool exist, enum domains domains)
{
    struct scene_options options = {0};
    struct load *load = load_open(&options);
    struct crowd *crowd = crowd_open(load);

    populate(crowd, IN_USE, scatter, exist, domains);
    return crowd;
}

static void crowd_close(struct crowd *crowd)
{
    load_close(crowd->load);
    free(crowd);
}

static void add_row(struct bench *bench, const char *name, const struct trial *trial,
                    const struct trial *base, double limit)
{
    struct row row = {.value = trial->result.min_ns / base->result.min_ns,
                      .unit = "x",
                      .goal = limit != 0 ? GOAL_AT_MOST : GOAL_NONE,
                      .limit = limit,
                      .ns = trial->result.min_ns};
    struct crowd *crowd = trial->load;
    struct amdvi_stats before;
    struct amdvi_stats after;

    amdvi_iommu_stats(crowd->load->scene.iommu, &before);
    translate_each(crowd, CALL_COUNT);
    amdvi_iommu_stats(crowd->load->scene.iommu, &after);
    snprintf(row.note, sizeof(row.note), "%.2f %% are hits",
             100.0 * (double)(after.tlb_hits - before.tlb_hits) / CALL_COUNT);

    snprintf(row.name, sizeof(row.name), "%s", name);
    bench_row(bench, &row);
}

/*
 * 64 with neighbouring DeviceIDs and nothing else; 64 all over the place; the same among 65536,
 * which is compared with the better of the two.
 */
static void many(struct bench *bench, enum domains domains)
{
    struct crowd *few = open_populated(false, false, domains);
    struct crowd *apart = open_populated(true, false, domains);
    struct crowd *among = open_populated(true, true, domains);
    struct trial trials[] = {
        {.run = translate_each, .load = few, .count = CALL_COUNT},
        {.run = translate_each, .load = apart, .count = CALL_COUNT},
        {.run = translate_each, .load = among, .count = CALL_COUNT},
    };
    const char *kind = domains == DOMAIN_EACH ? "a domain each" : "one domain";
    char name[BENCH_NAME_BYTES];

    bench_measure(trials, 3, bench->row_ms);
    snprintf(name, sizeof(name), "64 devices, adjacent DeviceIDs, %s", kind);
    const struct trial *base = &trials[trials[1].result.min_ns < trials[0].result.min_ns];
    add_row(bench, name, &trials[0], base, 0);
    snprintf(name, sizeof(name), "64 devices, scattered DeviceIDs, %s", kind);
    add_row(bench, name, &trials[1], base, 0);
    snprintf(name, sizeof(name), "64 among 65536 devices, scattered, %s", kind);
    add_row(bench, name, &trials[2], base, 1.1);
    crowd_close(few);
    crowd_close(apart);
    crowd_close(among);
}

static void devices_plot(struct bench *bench, enum domains domains)
{
    struct series *series =
        bench_series(bench, "devices", domains == DOMAIN_EACH ? "a domain each" : "one domain",
                     "devices in use, four pages each");
    struct scene_options options = {0};
    struct load *load = load_open(&options);
    struct crowd *crowd = crowd_open(load);

    for (unsigned used = 1; used <= MAX_IN_USE; used *= 4) {
        struct trial trial = {.run = translate_each, .load = crowd, .count = CALL_COUNT};

        /* The entries of those that are there already stay as they are: nothing is stale. */
        populate(crowd, used, true, false, domains);
        bench_measure(&trial, 1, bench->row_ms / 4);
        bench_point(series, used, trial.result.min_ns);
    }
    crowd_close(crowd);
}

/* Hits of one page, and of all pages in turn, with so many in the cache. */
static void pages_plot(struct bench *bench)
{
    struct series *one = bench_series(bench, "pages", "one page", "pages in the cache");
    struct series *each = bench_series(bench, "pages", "each in turn", "pages in the cache");
    struct series *textbook =
        bench_series(bench, "pages", "comparator, each in turn", "pages in the cache");
    struct scene_options options = {.tlb_entries = LARGE_TLB};
    struct load *load = load_open(&options);

    for (unsigned pages = 1; pages <= LOAD_PAGES; pages *= 8) {
        struct trial trials[] = {
            {.run = load_pointer, .load = load, .count = CALL_COUNT},
            {.run = load_pointer_next, .load = load, .count = CALL_COUNT},
            {.run = load_textbook_pointer_next, .load = load, .count = CALL_COUNT},
        };

        load_select(load, LOAD_SCATTERED, pages, 4096);
        load_warm(load, load_pointer_next);
        load_warm(load, load_textbook_pointer_next);
        bench_measure(trials, 3, bench->row_ms / 4);
        bench_point(one, pages, trials[0].result.min_ns);
        bench_point(each, pages, trials[1].result.min_ns);
        bench_point(textbook, pages, trials[2].result.min_ns);
    }
    load_close(load);
}

void rows_scale(struct bench *bench)
{
    bench_heading("many devices, domains, pages");
    many(bench, DOMAIN_EACH);
    many(bench, DOMAIN_FOR_ALL);
    devices_plot(bench, DOMAIN_EACH);
    devices_plot(bench, DOMAIN_FOR_ALL);
    pages_plot(bench);
}
