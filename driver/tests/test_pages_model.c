/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables against the plainest model: an array with one word for each page of 4 KiB. Random
 * calls, good and bad ones, with memory that runs out; after each the oracle, the IOMMU with its
 * caches, find, and from time to time a reading of all tables must agree with the array.
 */
#include "pages_bed.h"
#include "random.h"

#include <stdlib.h>

#define WINDOW_PAGES UINT64_C(0x80000) /* 2 GiB */
#define SPA_PAGES    UINT64_C(0x10000000000)

struct scenario {
    uint64_t base; /* IOVA of the window */
    struct amdvi_drv_pages_config config;
    size_t arena_bytes; /* 0: the host's memory */
    unsigned fail_percent;
    bool non_coherent;
    unsigned caches; /* as in struct rig_options */
    unsigned calls;
};

struct model {
    struct bed bed;
    struct random_source random;
    const struct scenario *scenario;
    uint64_t *page; /* 0: nothing; else SPA and rights in bits 1:0 */
    uint64_t mapped;
    uint64_t used_before; /* bytes of the heap before the call */
    unsigned refused;     /* by memory or limit */
    unsigned existed;
    unsigned done;
    bool failed;
};

static uint64_t iova_of(const struct model *model, uint64_t index)
{
    return model->scenario->base + index * 4096;
}

static uint64_t word_at(const struct model *model, uint64_t iova)
{
    uint64_t index = (iova - model->scenario->base) / 4096;

    return iova >= model->scenario->base && index < WINDOW_PAGES ? model->page[index] : 0;
}

static void expect(struct model *model, bool held)
{
    model->failed = model->failed || !held;
}

/* ---- Looking --------------------------------------------------------------------------------- */

static void look_at(struct model *model, uint64_t iova)
{
    uint64_t word = word_at(model, iova);
    uint64_t spa = (word & ~UINT64_C(0xfff)) | (iova & 0xff8);
    unsigned access = (unsigned)word & 3;

    expect(model, CHECK(bed_is(&model->bed, iova, spa, access)));
    if (!bed_is_pending(&model->bed)) {
        expect(model, CHECK(bed_reaches(&model->bed, iova, spa, access)));
    }
}

/* Around both ends of a range, in it, and anywhere. */
static void look(struct model *model, uint64_t index, uint64_t count)
{
    struct random_source *random = &model->random;

    look_at(model, iova_of(model, index));
    look_at(model, iova_of(model, index + count - 1) + 0xff8);
    if (index != 0) {
        look_at(model, iova_of(model, index) - 8);
    }
    if (index + count < WINDOW_PAGES) {
        look_at(model, iova_of(model, index + count));
    }
    for (unsigned i = 0; i < 4; i++) {
        look_at(model, iova_of(model, index + random_below(random, count)));
        look_at(model, iova_of(model, random_below(random, WINDOW_PAGES)));
    }
}

static void compare_leaf(void *ctx, uint64_t iova, uint64_t spa, uint64_t size_bytes,
                         unsigned access)
{
    struct model *model = ctx;

    for (uint64_t at = 0; at < size_bytes; at += 4096) {
        if (word_at(model, iova + at) != (spa + at) + access) {
            expect(model, false);
        }
    }
}

/* All of it: what the tables hold is in the model, and as much is mapped as there. */
static void look_everywhere(struct model *model)
{
    struct bed_scan scan = {.leaf = compare_leaf, .ctx = model};

    if (!bed_is_pending(&model->bed)) {
        expect(model, bed_scan(&model->bed, &scan, 0));
        expect(model, CHECK_U64(model->bed.rig.heap.used_bytes >= scan.tables * 4096ULL, 1));
    }
    expect(model, CHECK_U64(model->bed.pages.mapped_bytes, model->mapped * 4096));
    expect(model, CHECK(!model->failed));
}

/* The largest page around @iova that lies in the range of one call. */
static unsigned best_log2(const struct model *model, uint64_t iova, uint64_t first, uint64_t last,
                          uint64_t spa)
{
    unsigned best = 12;

    for (unsigned i = 13; i < 49; i++) {
        uint64_t mask = (UINT64_C(1) << i) - 1;
        if ((model->scenario->config.page_sizes >> i & 1) != 0 && (iova & ~mask) >= first &&
            (iova | mask) <= last && ((iova ^ spa) & mask) == 0) {
            best = i;
        }
    }
    return best;
}

/* ---- Calls ----------------------------------------------------------------------------------- */

static void choose_range(struct model *model, uint64_t *index, uint64_t *count)
{
    struct random_source *random = &model->random;
    unsigned size_log2 = (unsigned)random_below(random, random_percent(random, 20) ? 20 : 12);

    *count = 1 + random_below(random, UINT64_C(1) << size_log2);
    if (random_percent(random, 40)) {
        *count = UINT64_C(1) << size_log2;
    }
    *count = *count < WINDOW_PAGES ? *count : WINDOW_PAGES;
    *index = random_below(random, WINDOW_PAGES - *count + 1);
    if (random_percent(random, 60)) { /* near others, so that they meet */
        *index = random_below(random, 2048) % (WINDOW_PAGES - *count + 1);
    }
    if (random_percent(random, 50)) {
        *index &= ~((UINT64_C(1) << size_log2) - 1);
    }
}

/* An SPA that differs from the IOVA from some bit on. */
static uint64_t choose_spa(struct model *model, uint64_t index, uint64_t count)
{
    unsigned same_log2 = (unsigned)random_below(&model->random, 24);
    uint64_t mask = (UINT64_C(1) << same_log2) - 1;
    uint64_t page = random_below(&model->random, SPA_PAGES - count - mask);

    page = (page & ~mask) | (iova_of(model, index) / 4096 & mask);
    return page * 4096;
}

static void fail_sometimes(struct model *model)
{
    struct rig *rig = &model->bed.rig;

    rig->fail_at = 0;
    if (random_percent(&model->random, model->scenario->fail_percent)) {
        rig->fail_at = rig->calls + 1 + (unsigned)random_below(&model->random, 4);
    }
}

/* Was memory short, or the limit reached? */
static bool may_be_short(struct model *model, enum amdvi_drv_status status)
{
    if (status == AMDVI_DRV_ERR_NO_MEMORY) {
        model->refused++;
        return model->scenario->fail_percent != 0 || model->scenario->arena_bytes != 0;
    }
    if (status == AMDVI_DRV_ERR_LIMIT) {
        model->refused++;
        return model->scenario->config.tables_max != 0;
    }
    return false;
}

static void call_map(struct model *model)
{
    struct bed *bed = &model->bed;
    uint64_t index, count;
    bool is_free = true;

    choose_range(model, &index, &count);
    uint64_t spa = choose_spa(model, index, count);
    unsigned access = 1 + (unsigned)random_below(&model->random, 3);
    for (uint64_t i = index; i < index + count && is_free; i++) {
        is_free = model->page[i] == 0;
    }
    fail_sometimes(model);
    enum amdvi_drv_status status = bed_map(bed, iova_of(model, index), spa, count * 4096, access);
    if (!may_be_short(model, status)) {
        expect(model, CHECK_U64(status, is_free ? AMDVI_DRV_OK : AMDVI_DRV_ERR_EXISTS));
        model->existed += !is_free;
        model->done += is_free;
    }
    if (status == AMDVI_DRV_OK) {
        for (uint64_t i = 0; i < count; i++) {
            model->page[index + i] = (spa + i * 4096) | access;
        }
        model->mapped += count;
        uint64_t at = random_below(&model->random, count);
        uint64_t first = iova_of(model, index);
        struct amdvi_drv_mapping found = {0};
        expect(model, CHECK(amdvi_drv_pages_find(&bed->pages, first + at * 4096, &found)));
        expect(model,
               CHECK_U64(found.size_log2, best_log2(model, first + at * 4096, first,
                                                    first + count * 4096 - 1, spa + at * 4096)));
    }
    look(model, index, count);
}

static void call_unmap(struct model *model)
{
    uint64_t index, count;

    choose_range(model, &index, &count);
    if (random_percent(&model->random, 2)) {
        index = 0;
        count = WINDOW_PAGES;
    }
    fail_sometimes(model);
    enum amdvi_drv_status status = bed_unmap(&model->bed, iova_of(model, index), count * 4096);
    if (!may_be_short(model, status)) {
        expect(model, CHECK_U64(status, AMDVI_DRV_OK));
    }
    if (status == AMDVI_DRV_OK) {
        for (uint64_t i = index; i < index + count; i++) {
            model->mapped -= model->page[i] != 0;
            model->page[i] = 0;
        }
    }
    look(model, index, count);
}

/* What no caller may pass: refused, whatever the rest is. */
static void call_badly(struct model *model)
{
    struct bed *bed = &model->bed;
    struct random_source *random = &model->random;
    uint64_t iova = iova_of(model, random_below(random, WINDOW_PAGES));
    uint64_t spa = random_below(random, SPA_PAGES) * 4096;
    uint64_t size = 4096 * (1 + random_below(random, 64));
    uint64_t odd = 1 + random_below(random, 4095);
    uint64_t top = model->scenario->config.levels_max == 6
                       ? 0
                       : UINT64_C(1) << (12 + 9 * model->scenario->config.levels_max);
    const struct {
        uint64_t iova, spa, size;
        unsigned access;
        bool unmap_too;
    } bad[] = {
        {iova + odd, spa, size, BED_RW, true},
        {iova, spa + odd, size, BED_RW, false},
        {iova, spa, size + odd, BED_RW, true},
        {iova, spa, 0, BED_RW, true},
        {0, spa, 0, BED_RW, true},
        {iova, spa, size, 0, false},
        {iova, spa, size, 4 + (unsigned)random_u64(random) % 1000, false},
        {iova, (UINT64_C(1) << 52) - size + 4096, size, BED_RW, false},
        {iova, (UINT64_C(1) << 52) + spa, size, BED_RW, false},
        {iova, UINT64_MAX - 4095, size, BED_RW, false},
        {UINT64_MAX - 4095, 0, 8192, BED_RW, true},
        {iova, 0, UINT64_MAX - 4095, BED_RW, iova > 4096},
        {top - 4096, 0, 8192, BED_RW, false},
        {top, 0, top == 0 ? 0 : 4096, BED_RW, false},
    };
    unsigned i = (unsigned)random_below(random, sizeof(bad) / sizeof(bad[0]));

    expect(model, CHECK_U64(bed_map(bed, bad[i].iova, bad[i].spa, bad[i].size, bad[i].access),
                            AMDVI_DRV_ERR_ARGUMENT));
    if (bad[i].unmap_too) {
        expect(model, CHECK_U64(bed_unmap(bed, bad[i].iova, bad[i].size), AMDVI_DRV_ERR_ARGUMENT));
    }
    look(model, 0, WINDOW_PAGES);
}

/* Around the whole window, as far as numbers go: only what is there goes. */
static void unmap_everything(struct model *model)
{
    model->bed.rig.fail_at = 0;
    expect(model, CHECK_U64(bed_unmap(&model->bed, 0, UINT64_C(1) << 63), AMDVI_DRV_OK));
    expect(model,
           CHECK_U64(bed_unmap(&model->bed, UINT64_C(1) << 63, UINT64_C(1) << 63), AMDVI_DRV_OK));
    memset(model->page, 0, WINDOW_PAGES * sizeof(*model->page));
    model->mapped = 0;
    look(model, 0, WINDOW_PAGES);
}

static void call_once(struct model *model)
{
    struct bed *bed = &model->bed;
    uint64_t kind = random_below(&model->random, 100);

    bed->rig.fail_at = 0;
    if (kind < 50) {
        call_map(model);
    } else if (kind < 92) {
        call_unmap(model);
    } else if (kind < 99) {
        call_badly(model);
    } else {
        unmap_everything(model);
    }
    /* Tables are in use until their gather was completed. */
    if (random_percent(&model->random, 70)) {
        bed_complete(bed);
    }
}

static void run_scenario(const struct scenario *scenario, uint64_t seed)
{
    static struct model model;
    struct rig_options options = {.arena_bytes = scenario->arena_bytes,
                                  .non_coherent = scenario->non_coherent,
                                  .caches = scenario->caches};

    model = (struct model){.scenario = scenario};
    model.page = calloc(WINDOW_PAGES, sizeof(*model.page));
    random_start(&model.random, seed);
    if (model.page == NULL || !bed_start(&model.bed, &options, &scenario->config)) {
        abort();
    }
    for (unsigned i = 0; i < scenario->calls && !model.failed; i++) {
        call_once(&model);
        if (i % 64 == 63) {
            look_everywhere(&model);
        }
        if (model.failed) {
            printf("# call %u of seed %u at base 0x%" PRIx64 "\n", i, (unsigned)seed,
                   scenario->base);
        }
    }
    /* The calls were of all kinds. */
    CHECK(model.done > scenario->calls / 16);
    CHECK(model.existed > scenario->calls / 32);
    CHECK((model.refused != 0) == (scenario->fail_percent != 0 || scenario->arena_bytes != 0 ||
                                   scenario->config.tables_max != 0));
    model.bed.rig.fail_at = 0;
    bed_stop(&model.bed);
    free(model.page);
}

/* ---- Cases ----------------------------------------------------------------------------------- */

#define CALLS 3000

static void run_all(const struct scenario *scenarios, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        run_scenario(&scenarios[i], i + 1);
    }
}

static void everywhere(void)
{
    static const struct scenario scenarios[] = {
        {.base = 0,
         .config = {.page_sizes = AMDVI_DRV_PAGE_SIZES_ALL, .levels_max = 6},
         .calls = CALLS},
        {.base = 512 * GIB - GIB,
         .config = {.page_sizes = AMDVI_DRV_PAGE_SIZES_ALL, .levels_max = 6},
         .calls = CALLS},
        {.base = 256 * TIB - GIB,
         .config = {.page_sizes = AMDVI_DRV_PAGE_SIZES_ALL, .levels_max = 5},
         .calls = CALLS},
        {.base = 512 * 256 * TIB - GIB,
         .config = {.page_sizes = AMDVI_DRV_PAGE_SIZES_ALL, .levels_max = 6},
         .calls = CALLS},
        {.base = 0 - 2 * GIB,
         .config = {.page_sizes = AMDVI_DRV_PAGE_SIZES_ALL, .levels_max = 6},
         .calls = CALLS},
        {.base = 512 * GIB - 2 * GIB,
         .config = {.page_sizes = AMDVI_DRV_PAGE_SIZES_ALL, .levels_max = 3},
         .calls = CALLS},
    };

    run_all(scenarios, CHECK_CASE_COUNT(scenarios));
}

static void with_sizes(void)
{
    static const struct scenario scenarios[] = {
        {.base = GIB,
         .config = {.page_sizes = AMDVI_DRV_PAGE_SIZES_4K, .levels_max = 4},
         .calls = CALLS / 2},
        {.base = GIB,
         .config = {.page_sizes = UINT64_C(0x40201000), .levels_max = 4},
         .calls = CALLS,
         .caches = 1},
        {.base = GIB,
         .config = {.page_sizes = UINT64_C(0x00815000), .levels_max = 4},
         .calls = CALLS,
         .caches = 2},
    };

    run_all(scenarios, CHECK_CASE_COUNT(scenarios));
}

static void when_memory_is_short(void)
{
    static const struct scenario scenarios[] = {
        {.base = 512 * GIB - GIB,
         .config = {.page_sizes = AMDVI_DRV_PAGE_SIZES_ALL, .levels_max = 6},
         .fail_percent = 30,
         .calls = CALLS},
        {.base = 0,
         .config = {.page_sizes = AMDVI_DRV_PAGE_SIZES_ALL, .levels_max = 6},
         .arena_bytes = 30 * 4096,
         .calls = CALLS},
        {.base = 512 * GIB - GIB,
         .config = {.page_sizes = AMDVI_DRV_PAGE_SIZES_ALL, .levels_max = 6, .tables_max = 12},
         .calls = CALLS},
    };

    run_all(scenarios, CHECK_CASE_COUNT(scenarios));
}

static void without_coherence(void)
{
    static const struct scenario scenarios[] = {
        {.base = 512 * GIB - GIB,
         .config = {.page_sizes = AMDVI_DRV_PAGE_SIZES_ALL, .levels_max = 6},
         .fail_percent = 10,
         .non_coherent = true,
         .calls = CALLS / 2},
    };

    run_all(scenarios, CHECK_CASE_COUNT(scenarios));
}

static const struct check_case cases[] = {
    {"random calls anywhere up to 2^64 leave what a map of 4 KiB pages has, B-2: and no tables",
     "1.20 I/O page tables", everywhere},
    {"so they do whatever page sizes are permitted", NULL, with_sizes},
    {"so they do when memory or the limit of tables ends any call", NULL, when_memory_is_short},
    {"so they do to an IOMMU that sees only what was flushed", NULL, without_coherence},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
