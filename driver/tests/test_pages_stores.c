/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XSA-347: what an IOMMU sees that looks after each single store of map, unmap and split: the old
 * entry, the new one, or none. Compiled a second time with stores of 32 bits only.
 */
#include "pages_bed.h"

#define ARENA_BYTES (64 * 4096)
#define SPA_APART   (64 * GIB) /* SPA less IOVA, always; aligned, so that all sizes are used */

static struct bed bed;
static unsigned stores;
static unsigned wrong;
static unsigned seen; /* translated */
static unsigned places;
static uint64_t place[32];
static uint64_t old_table; /* SPA of a table of level 1 that a cache may know, or 0 */
static uint64_t old_iova;  /* of its first entry */

static void look(struct rig *rig, enum rig_change what)
{
    (void)rig;
    (void)what;
    stores++;
    for (unsigned i = 0; i < places; i++) {
        struct oracle_dma_answer answer = bed_oracle(&bed, place[i], true);
        if (answer.outcome == ORACLE_TRANSLATED) {
            seen++;
            wrong += answer.spa != place[i] + SPA_APART;
        } else {
            wrong += answer.cause != ORACLE_DMA_NOT_PRESENT;
        }
    }
    for (unsigned i = 0; old_table != 0 && i < 512; i++) {
        uint64_t word = rig_read64(&bed.rig, old_table + 8 * i);
        uint64_t leaf = (old_iova + i * UINT64_C(4096) + SPA_APART) | UINT64_C(0x6000000000000001);
        wrong += (word & 1) != 0 && word != leaf;
    }
}

static bool start(const struct amdvi_drv_pages_config *config)
{
    stores = 0;
    wrong = 0;
    seen = 0;
    places = 0;
    old_table = 0;
    return bed_start(&bed, &(struct rig_options){.arena_bytes = ARENA_BYTES}, config);
}

/* Look around the ends of a range, and in its middle. */
static void watch_range(uint64_t iova, uint64_t size)
{
    const uint64_t at[] = {iova - 8,        iova,       iova + 4096, iova + size / 2,
                           iova + size - 8, iova + size};

    for (unsigned i = 0; i < CHECK_CASE_COUNT(at); i++) {
        place[places++] = at[i] & ~UINT64_C(7);
    }
}

static void finish(unsigned stores_min)
{
    bed_unwatch(&bed);
    CHECK(stores >= stores_min);
    CHECK(seen != 0);
    CHECK_U64(wrong, 0);
    bed_stop(&bed);
}

static void map_and_unmap(uint64_t iova, uint64_t size, uint64_t page_sizes, unsigned stores_min)
{
    struct amdvi_drv_pages_config config = {.page_sizes = page_sizes, .levels_max = 6};

    if (!start(&config)) {
        return;
    }
    watch_range(iova, size);
    if (!bed_watch(&bed, look)) {
        return;
    }
    CHECK_U64(bed_map(&bed, iova, iova + SPA_APART, size, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed_map(&bed, iova + size, iova + size + SPA_APART, 8192, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed_map(&bed, iova - 8192, iova - 8192 + SPA_APART, size + 8192, BED_RW),
              AMDVI_DRV_ERR_EXISTS);
    CHECK_U64(bed_unmap(&bed, iova, size), AMDVI_DRV_OK);
    CHECK(bed_is(&bed, iova, 0, 0));
    finish(stores_min);
}

static void stores_of_map_and_unmap(void)
{
    map_and_unmap(GIB + 4096, 30 * 4096, AMDVI_DRV_PAGE_SIZES_4K, 60);
    map_and_unmap(GIB + 4096, 30 * 4096, AMDVI_DRV_PAGE_SIZES_ALL, 60);
    map_and_unmap(2 * GIB - 4096, 8192, AMDVI_DRV_PAGE_SIZES_ALL, 8);
    map_and_unmap(8 * GIB, 16 * MIB, AMDVI_DRV_PAGE_SIZES_ALL, 16);
    map_and_unmap(8 * GIB, 8 * GIB, AMDVI_DRV_PAGE_SIZES_ALL, 16);
    map_and_unmap(8 * GIB + 12 * MIB, 7 * MIB + 12288, AMDVI_DRV_PAGE_SIZES_ALL, 64);
}

static void stores_of_a_split(void)
{
    uint64_t iova = 8 * GIB;

    if (!start(&bed_config)) {
        return;
    }
    CHECK_U64(bed_map(&bed, iova, iova + SPA_APART, 2 * GIB, BED_RW), AMDVI_DRV_OK);
    watch_range(iova, 2 * GIB);
    watch_range(iova + 5 * MIB, 4096);
    watch_range(iova + 700 * MIB, 3 * MIB);
    if (!bed_watch(&bed, look)) {
        return;
    }
    CHECK_U64(bed_unmap(&bed, iova + 5 * MIB, 4096), AMDVI_DRV_OK);
    CHECK_U64(bed_unmap(&bed, iova + 700 * MIB, 3 * MIB), AMDVI_DRV_OK);
    finish(1000);
}

/* A table that is taken out, and linked, is still a table for whoever walks it from a cache. */
static void stores_to_a_table_that_is_taken_out(void)
{
    struct amdvi_drv_pages_config config = {.page_sizes = AMDVI_DRV_PAGE_SIZES_4K, .levels_max = 6};

    if (!start(&config)) {
        return;
    }
    CHECK_U64(bed_map(&bed, GIB, GIB + SPA_APART, 8 * MIB, BED_RW), AMDVI_DRV_OK);
    struct oracle_dma_answer answer = bed_oracle(&bed, GIB + 2 * MIB, false);
    old_table = answer.step[2].spa & ~UINT64_C(0xfff);
    old_iova = GIB + 2 * MIB;
    watch_range(GIB, 8 * MIB);
    if (!bed_watch(&bed, look)) {
        return;
    }
    CHECK_U64(bed_unmap(&bed, GIB, 6 * MIB), AMDVI_DRV_OK);
    CHECK_U64(rig_read64(&bed.rig, old_table) & 1, 0);
    CHECK_U64(rig_read64(&bed.rig, old_table + 16) & 1, 1);
    CHECK_U64(bed_map(&bed, GIB + 2 * MIB, GIB + 2 * MIB + SPA_APART, MIB, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed_unmap(&bed, GIB, 8 * MIB), AMDVI_DRV_OK);
    finish(10);
}

static void stores_of_a_large_page_over_empty_tables(void)
{
    if (!start(&bed_config)) {
        return;
    }
    for (uint64_t at = 0; at < 8 * MIB; at += 2 * MIB) {
        CHECK_U64(bed_map(&bed, GIB + at, GIB + SPA_APART + at, 4096, BED_RW), AMDVI_DRV_OK);
        CHECK_U64(bed_unmap(&bed, GIB + at, 4096), AMDVI_DRV_OK);
    }
    bed_complete(&bed);
    CHECK_U64(bed.pages.tables, 6);
    watch_range(GIB, 8 * MIB);
    if (!bed_watch(&bed, look)) {
        return;
    }
    CHECK_U64(bed_map(&bed, GIB, GIB + SPA_APART, 8 * MIB, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed_page_log2(&bed, GIB), 23);
    finish(4);
}

static const struct check_case cases[] = {
    {"XSA-347: each store of map and unmap leaves the old entry, the new one, or none",
     "1.20 page table entry", stores_of_map_and_unmap},
    {"XSA-347: so does each store of a split", NULL, stores_of_a_split},
    {"a table that is taken out stays one for whoever walks it from a cache", NULL,
     stores_to_a_table_that_is_taken_out},
    {"each store of a large page over empty tables does", NULL,
     stores_of_a_large_page_over_empty_tables},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
