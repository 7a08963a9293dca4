/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invalidations: what the command costs with an empty and with a full cache, and what it costs the
 * readers afterwards, which is where a cheap command could hide its price.
 */
#include "bench.h"

#include <amdvi/command.h>

#define ATOMIC_COUNT  2000U
#define COMMAND_COUNT 2048U /* half of the ring, told of in 16 batches */
#define LARGE_TLB     65536U
#define SURVIVORS     1024U
#define OTHER_DOMAIN  UINT16_C(8)

static const unsigned fills[] = {0, 64, 1024, 16384, 65536};

#define FILL_COUNT (sizeof(fills) / sizeof(fills[0]))

static struct amdvi_command whole_domain(unsigned domain_id)
{
    return (struct amdvi_command){.opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
                                  .domain_id = (uint16_t)domain_id,
                                  .size = true,
                                  .address = UINT64_MAX & AMDVI_INV_PAGES_ADDRESS};
}

static void prepare_fill(struct load *load, unsigned fill)
{
    load->fill = fill;
    if (fill != 0) {
        load_translate(load, LOAD_FILL, fill);
    }
}

/* The victims that the next commands name are in the cache. */
static void cache_victims(void *what)
{
    struct load *load = what;

    amdvi_reader_online(load->reader);
    load_translate(load, LOAD_VICTIMS + load->scene.tail * UINT64_C(4096), COMMAND_COUNT);
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        textbook_pointer(load->textbook, LOAD_DEVICE,
                         LOAD_VICTIMS +
                             (load->scene.tail + i) % SCENE_RING_ENTRIES * UINT64_C(4096),
                         AMDVI_ACCESS_READ);
    }
    amdvi_reader_offline(load->reader);
}

/* The library's time of one command, the comparator's beside it. */
static void time_commands(struct bench *bench, struct load *load, bool are_cached,
                          struct trial trials[3])
{
    trials[0] =
        (struct trial){.run = bench_atomic_add, .load = &load->calibration, .count = ATOMIC_COUNT};
    trials[1] = (struct trial){.run = load_commands,
                               .load = load,
                               .count = COMMAND_COUNT,
                               .prepare = are_cached ? cache_victims : NULL};
    trials[2] = (struct trial){.run = load_textbook_commands, .load = load, .count = COMMAND_COUNT};
    amdvi_reader_offline(load->reader);
    bench_measure(trials, 3, bench->row_ms / 2);
    scene_check_idle(&load->scene);
    amdvi_reader_online(load->reader);
}

static void ratio_row(struct bench *bench, const char *name, double value, double limit)
{
    struct row row = {.value = value,
                      .unit = limit != 0 ? "x empty" : "x",
                      .goal = limit != 0 ? GOAL_AT_MOST : GOAL_NONE,
                      .limit = limit};

    snprintf(row.name, sizeof(row.name), "%s", name);
    bench_row(bench, &row);
}

/* One page with each command, in batches, against pages in the cache. */
static void pages(struct bench *bench, struct load *load, bool are_cached)
{
    const char *kind = are_cached ? "cached" : "not cached";
    struct series *series = bench_series(bench, "invalidate", kind, "pages in the cache");
    struct series *textbook = NULL;
    double empty_ns = 0;
    double largest_ns = 0;
    char name[BENCH_NAME_BYTES];

    if (!are_cached) {
        textbook = bench_series(bench, "invalidate", "comparator", "pages in the cache");
    }
    load_ring_pages(load, false);
    for (unsigned i = 0; i < FILL_COUNT; i++) {
        struct trial trials[3];

        prepare_fill(load, fills[i]);
        time_commands(bench, load, are_cached, trials);
        struct row row = {.value = trials[1].result.min_ns / trials[0].result.min_ns,
                          .unit = "A",
                          .goal = GOAL_AT_MOST,
                          .limit = 1,
                          .ns = trials[1].result.min_ns,
                          .textbook_ns = trials[2].result.min_ns};
        snprintf(row.name, sizeof(row.name), "invalidate a page that is %s, %u others are", kind,
                 fills[i]);
        bench_row(bench, &row);
        bench_point(series, fills[i] != 0 ? fills[i] : 1, row.ns);
        if (textbook != NULL) {
            bench_point(textbook, fills[i] != 0 ? fills[i] : 1, row.textbook_ns);
        }
        empty_ns = i == 0 ? row.ns : empty_ns;
        largest_ns = row.ns > largest_ns ? row.ns : largest_ns;
    }
    snprintf(name, sizeof(name), "  the dearest of these, page %s", kind);
    ratio_row(bench, name, largest_ns / empty_ns, 1.2);
}

/* And of the page tables above it, as Linux asks for. */
static void page_and_directories(struct bench *bench, struct load *load)
{
    struct trial trials[3];

    load_ring_pages(load, true);
    prepare_fill(load, 1024);
    time_commands(bench, load, true, trials);
    struct row row = {.value = trials[1].result.min_ns / trials[0].result.min_ns,
                      .unit = "A",
                      .ns = trials[1].result.min_ns,
                      .textbook_ns = trials[2].result.min_ns};
    snprintf(row.name, sizeof(row.name), "the same with PDE=1, 1024 others are");
    bench_row(bench, &row);
}

/* ---- What readers pay ------------------------------------------------------------------------ */

static void tell(struct load *load, unsigned count)
{
    amdvi_reader_offline(load->reader);
    scene_tell(&load->scene, count);
    scene_check_idle(&load->scene);
    amdvi_reader_online(load->reader);
}

static void tell_batch(void *what)
{
    tell(what, LOAD_BATCH);
}

static void translate_survivors(void *what, unsigned count)
{
    load_translate(what, LOAD_FILL, count);
}

/* The same translations, with and without invalidations of other pages before them. */
static void price_for_readers(struct bench *bench, struct load *load)
{
    struct trial trials[] = {
        {.run = translate_survivors, .load = load, .count = SURVIVORS},
        {.run = translate_survivors, .load = load, .count = SURVIVORS, .prepare = tell_batch},
    };
    struct row row = {.name = "1024 other pages translated after 128 invalidations",
                      .unit = "x before"};

    load_ring_pages(load, false);
    load_translate(load, LOAD_FILL, SURVIVORS);
    bench_measure(trials, 2, bench->row_ms / 2);
    row.ns = trials[1].result.min_ns;
    row.value = trials[1].result.min_ns / trials[0].result.min_ns;
    bench_row(bench, &row);
}

/* Of the pages that were in the cache before, how many are afterwards. */
static void survival(struct bench *bench, struct load *load, const char *name, unsigned count,
                     bool has_goal)
{
    struct row row = {
        .unit = "%", .goal = has_goal ? GOAL_AT_LEAST : GOAL_NONE, .limit = has_goal ? 99 : 0};

    load_translate(load, LOAD_FILL, SURVIVORS);
    unsigned before = load_hits(load, LOAD_FILL, SURVIVORS);
    tell(load, count);
    unsigned after = load_hits(load, LOAD_FILL, SURVIVORS);
    snprintf(row.name, sizeof(row.name), "%s", name);
    snprintf(row.note, sizeof(row.note), "%u, of %u that were", after, before);
    row.value = before != 0 ? 100.0 * after / before : 0;
    bench_row(bench, &row);
}

/* Domains that have a lot of DomainID bits in common with the one that is looked at. */
static void ring_of_other_domains(struct load *load)
{
    for (unsigned i = 0; i < SCENE_RING_ENTRIES; i++) {
        struct amdvi_command command = whole_domain(LOAD_DOMAIN + 16 * (i % COMMAND_COUNT + 1));

        scene_put_command(&load->scene, i, &command);
    }
}

static void survivals(struct bench *bench, struct load *load)
{
    load_ring_pages(load, false);
    survival(bench, load, "others still cached after one page is invalidated", 1, true);
    survival(bench, load, "others still cached after 2048 pages are", COMMAND_COUNT, true);
    ring_of_other_domains(load);
    survival(bench, load, "pages still cached after 2048 other domains are", COMMAND_COUNT, false);
}

/* ---- A whole domain, a device ---------------------------------------------------------------- */

static void refill(void *what)
{
    struct load *load = what;

    amdvi_reader_online(load->reader);
    load_translate(load, LOAD_ONE, 1);
    load_translate(load, LOAD_FILL, load->fill);
    amdvi_reader_offline(load->reader);
    for (unsigned i = 0; i < 3; i++) {
        scene_tell(&load->scene, 1);
    }
}

static void tell_one(void *what, unsigned count)
{
    struct load *load = what;

    scene_tell(&load->scene, count);
}

/*
 * A single command after each refill, since a second one would find nothing; the clock is in it.
 * The three before it, of another domain, bring the way of a command back into the processor's
 * own caches, out of which the refill has driven it.
 */
static void ring_of_two_domains(struct load *load)
{
    for (unsigned i = 0; i < SCENE_RING_ENTRIES; i++) {
        struct amdvi_command command = whole_domain(i % 4 == 3 ? LOAD_DOMAIN : OTHER_DOMAIN);

        scene_put_command(&load->scene, i, &command);
    }
}

static void domain_wide(struct bench *bench, struct load *load)
{
    struct series *series =
        bench_series(bench, "invalidate", "whole domain, one write", "pages in the cache");
    double first_ns = 0;
    double last_ns = 0;

    ring_of_two_domains(load);
    amdvi_reader_offline(load->reader);
    for (unsigned i = 1; i < FILL_COUNT; i++) {
        struct trial trial = {.run = tell_one, .load = load, .count = 1, .prepare = refill};
        struct row row = {.unit = "A"};

        load->fill = fills[i];
        bench_measure(&trial, 1, bench->row_ms / 2 + 150); /* most of it is the refill */
        row.ns = trial.result.min_ns;
        row.value = row.ns / bench->atomic_ns;
        snprintf(row.name, sizeof(row.name), "write, invalidate a domain of %u cached pages",
                 fills[i]);
        bench_row(bench, &row);
        bench_point(series, fills[i], row.ns);
        first_ns = i == 1 ? row.ns : first_ns;
        last_ns = row.ns;
    }
    scene_check_idle(&load->scene);
    amdvi_reader_online(load->reader);
    struct row flat = {.name = "  65536 pages against 64",
                       .value = last_ns / first_ns,
                       .unit = "x",
                       .goal = GOAL_AT_MOST,
                       .limit = 1.2};
    bench_row(bench, &flat);
}

static void use_device(void *what)
{
    struct load *load = what;

    amdvi_reader_online(load->reader);
    load_translate(load, LOAD_ONE, 1);
    amdvi_reader_offline(load->reader);
}

static void device_entry(struct bench *bench, struct load *load)
{
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY,
                                    .device_id = LOAD_DEVICE};
    struct trial trials[] = {
        {.run = bench_atomic_add, .load = &load->calibration, .count = ATOMIC_COUNT},
        {.run = load_commands, .load = load, .count = COMMAND_COUNT, .prepare = use_device},
        {.run = load_textbook_commands, .load = load, .count = COMMAND_COUNT},
    };
    struct row row = {.name = "invalidate a device table entry, batches of 128", .unit = "A"};

    load_ring_fill(load, &command);
    amdvi_reader_offline(load->reader);
    bench_measure(trials, 3, bench->row_ms / 4);
    scene_check_idle(&load->scene);
    amdvi_reader_online(load->reader);
    row.ns = trials[1].result.min_ns;
    row.value = row.ns / trials[0].result.min_ns;
    row.textbook_ns = trials[2].result.min_ns;
    bench_row(bench, &row);
}

void rows_invalidation(struct bench *bench)
{
    struct scene_options options = {.tlb_entries = LARGE_TLB};
    struct load *load = load_open(&options);

    bench_heading("invalidations (65536 entries)");
    pages(bench, load, false);
    load_close(load);

    load = load_open(&options);
    pages(bench, load, true);
    page_and_directories(bench, load);
    load_close(load);

    load = load_open(&options);
    domain_wide(bench, load);
    device_entry(bench, load);
    load_close(load);

    options.tlb_entries = 0;
    load = load_open(&options);
    bench_heading("what readers pay for them (default sizes)");
    price_for_readers(bench, load);
    survivals(bench, load);
    load_close(load);
}
