/* SPDX-License-Identifier: BSD-2-Clause */
/* Page tables, call by call: what is in memory, what is to be invalidated, what is refused. */
#include "pages_bed.h"

#define IOVA UINT64_C(0x40005000)
#define SPA  UINT64_C(0x123456789000)

static struct bed bed;

static bool start(const struct amdvi_drv_pages_config *config)
{
    return bed_start(&bed, &(struct rig_options){0}, config);
}

/* The entry words on the way to @iova, as the oracle reads them: level 3 first. */
static uint64_t entry_at(uint64_t iova, unsigned level)
{
    struct oracle_dma_answer answer = bed_oracle(&bed, iova, false);

    for (unsigned i = 0; i < answer.steps; i++) {
        if (answer.step[i].level == level) {
            return answer.step[i].entry;
        }
    }
    return 0;
}

static bool is_gathered(uint64_t first, uint64_t last, bool directories)
{
    return CHECK_U64(bed.gather.first_iova, first) && CHECK_U64(bed.gather.last_iova, last) &&
           CHECK_U64(bed.gather.directories, directories);
}

static bool nothing_is_gathered(void)
{
    return CHECK(bed.gather.first_iova > bed.gather.last_iova) && CHECK(!bed.gather.directories) &&
           CHECK(!bed.gather.root_changed) && CHECK(bed.gather.freed == NULL);
}

/* ---- Entries --------------------------------------------------------------------------------- */

static void a_page_is_there_from_map_to_unmap(void)
{
    if (!start(&bed_config)) {
        return;
    }
    CHECK(bed_is(&bed, IOVA, 0, 0));
    CHECK_U64(bed_map(&bed, IOVA, SPA, 4096, BED_RW), AMDVI_DRV_OK);
    CHECK(bed_is(&bed, IOVA + 8, SPA + 8, BED_RW));
    CHECK(bed_reaches(&bed, IOVA + 0xff8, SPA + 0xff8, BED_RW));
    CHECK(bed_is(&bed, IOVA - 8, 0, 0));
    CHECK(bed_is(&bed, IOVA + 4096, 0, 0));
    CHECK_U64(entry_at(IOVA, 1), SPA | UINT64_C(0x6000000000000001));
    CHECK_U64(entry_at(IOVA, 2) & UINT64_C(0xfff0000000000fff), UINT64_C(0x6000000000000201));
    CHECK_U64(entry_at(IOVA, 3) & UINT64_C(0xfff0000000000fff), UINT64_C(0x6000000000000401));
    CHECK_U64(bed.pages.mapped_bytes, 4096);
    CHECK_U64(bed.pages.tables, 3);
    CHECK_U64(bed_unmap(&bed, IOVA, 4096), AMDVI_DRV_OK);
    CHECK(bed_is(&bed, IOVA, 0, 0));
    bed_complete(&bed);
    CHECK(bed_reaches(&bed, IOVA, 0, 0));
    CHECK_U64(bed.pages.mapped_bytes, 0);
    bed_stop(&bed);
}

static void rights_and_coherence_are_in_the_entry(void)
{
    struct amdvi_drv_pages_config config = bed_config;

    config.force_coherent = true;
    if (!start(&config)) {
        return;
    }
    CHECK_U64(bed_map(&bed, IOVA, SPA, 4096, AMDVI_DRV_READ), AMDVI_DRV_OK);
    CHECK_U64(bed_map(&bed, IOVA + 4096, SPA, 12288, AMDVI_DRV_WRITE), AMDVI_DRV_OK);
    CHECK(bed_is(&bed, IOVA, SPA, AMDVI_DRV_READ));
    CHECK(bed_is(&bed, IOVA + 4096, SPA, AMDVI_DRV_WRITE));
    CHECK(bed_is(&bed, IOVA + 12288, SPA + 8192, AMDVI_DRV_WRITE));
    CHECK(bed_reaches(&bed, IOVA, SPA, AMDVI_DRV_READ));
    CHECK_U64(entry_at(IOVA, 1), SPA | UINT64_C(0x3000000000000001));
    CHECK(bed_oracle(&bed, IOVA + 4096, true).force_coherent);
    /* Parts of a page keep them. */
    CHECK_U64(bed_map(&bed, 2 * MIB, 4 * MIB, 2 * MIB, AMDVI_DRV_WRITE), AMDVI_DRV_OK);
    CHECK_U64(bed_unmap(&bed, 2 * MIB, 4096), AMDVI_DRV_OK);
    CHECK(bed_is(&bed, 3 * MIB, 5 * MIB, AMDVI_DRV_WRITE));
    CHECK(bed_oracle(&bed, 3 * MIB, true).force_coherent);
    bed_stop(&bed);
}

/* ---- Refused --------------------------------------------------------------------------------- */

static void configurations_that_cannot_be_are_refused(void)
{
    static const struct amdvi_drv_pages_config bad[] = {
        {.page_sizes = 0, .levels_max = 3},
        {.page_sizes = UINT64_C(1) << 21, .levels_max = 3},
        {.page_sizes = UINT64_C(0x1800), .levels_max = 3},
        {.page_sizes = UINT64_C(0x1000) | UINT64_C(1) << 49, .levels_max = 6},
        {.page_sizes = UINT64_C(0x1000), .levels_max = 2},
        {.page_sizes = UINT64_C(0x1000), .levels_max = 7},
    };
    struct amdvi_drv_pages pages;

    if (!start(&bed_config)) {
        return;
    }
    for (unsigned i = 0; i < CHECK_CASE_COUNT(bad); i++) {
        CHECK_U64(amdvi_drv_pages_init(&pages, &bed.rig.heap, &bad[i]), AMDVI_DRV_ERR_ARGUMENT);
    }
    bed.rig.fail_at = bed.rig.calls + 1;
    CHECK_U64(amdvi_drv_pages_init(&pages, &bed.rig.heap, &bed_config), AMDVI_DRV_ERR_NO_MEMORY);
    bed_stop(&bed);
}

/* Everything around what is there already, with the page in the way anywhere. */
static void nothing_of_a_call_that_meets_a_page_stays(void)
{
    static const unsigned at[] = {0, 1, 7, 8, 13, 255, 511, 512, 777};

    for (unsigned i = 0; i < CHECK_CASE_COUNT(at); i++) {
        uint64_t there = GIB + at[i] * UINT64_C(4096);
        if (!start(&bed_config)) {
            return;
        }
        CHECK_U64(bed_map(&bed, there, SPA, 4096, AMDVI_DRV_READ), AMDVI_DRV_OK);
        CHECK(nothing_is_gathered());
        /* By pages of 4 KiB, as GIB and SPA differ from bit 12 on, and by the largest. */
        CHECK_U64(bed_map(&bed, GIB, SPA, 4 * MIB, BED_RW), AMDVI_DRV_ERR_EXISTS);
        if (at[i] != 0) {
            CHECK_U64(bed.gather.first_iova, GIB);
            CHECK_U64(bed.gather.last_iova, there - 1);
        }
        CHECK_U64(bed_map(&bed, GIB, 8 * GIB, 4 * MIB, BED_RW), AMDVI_DRV_ERR_EXISTS);
        CHECK_U64(bed_map(&bed, 0, 0, 2 * GIB, BED_RW), AMDVI_DRV_ERR_EXISTS);
        bed_complete(&bed);
        CHECK_U64(bed.pages.mapped_bytes, 4096);
        CHECK(bed_is(&bed, there, SPA, AMDVI_DRV_READ));
        CHECK(bed_is(&bed, there - 4096, 0, 0));
        CHECK(bed_is(&bed, GIB + 4 * MIB - 8, 0, 0));
        CHECK(bed_is(&bed, 8, 0, 0));
        bed_stop(&bed);
    }
}

static void xsa_275_nothing_present_is_changed_by_map(void)
{
    if (!start(&bed_config)) {
        return;
    }
    CHECK_U64(bed_map(&bed, 2 * MIB, 2 * MIB, 2 * MIB, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed_map(&bed, 2 * MIB, 2 * MIB, 2 * MIB, AMDVI_DRV_READ), AMDVI_DRV_ERR_EXISTS);
    CHECK_U64(bed_map(&bed, 2 * MIB, 2 * MIB, 2 * MIB, BED_RW), AMDVI_DRV_ERR_EXISTS);
    CHECK_U64(bed_map(&bed, 3 * MIB, 3 * MIB, 4096, AMDVI_DRV_READ), AMDVI_DRV_ERR_EXISTS);
    CHECK_U64(bed_map(&bed, 0, 0, GIB, AMDVI_DRV_READ), AMDVI_DRV_ERR_EXISTS);
    CHECK(bed_is(&bed, 3 * MIB, 3 * MIB, BED_RW));
    CHECK_U64(bed_page_log2(&bed, 3 * MIB), 21);
    bed_stop(&bed);
}

/* A page of several entries is looked for in all of them before one of them is stored. */
static void pages_of_several_entries_are_stored_whole_or_not(void)
{
    if (!start(&bed_config)) {
        return;
    }
    CHECK_U64(bed_map(&bed, MIB + 0xf000, SPA, 4096, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed_map(&bed, MIB, 16 * MIB, 0x10000, BED_RW), AMDVI_DRV_ERR_EXISTS);
    CHECK(nothing_is_gathered());
    CHECK_U64(bed_map(&bed, GIB - 2 * MIB, 16 * MIB, 2 * MIB, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed_map(&bed, GIB - 32 * MIB, 32 * MIB, 32 * MIB, BED_RW), AMDVI_DRV_ERR_EXISTS);
    CHECK(nothing_is_gathered());
    CHECK(bed_is(&bed, GIB - 32 * MIB, 0, 0));
    bed_stop(&bed);
}

/* ---- What is to be invalidated --------------------------------------------------------------- */

static void a_gather_says_what_was_unmapped(void)
{
    if (!start(&bed_config)) {
        return;
    }
    CHECK_U64(bed_map(&bed, IOVA, SPA + 4096, 3 * 4096, BED_RW), AMDVI_DRV_OK);
    CHECK(nothing_is_gathered());
    CHECK_U64(bed_unmap(&bed, IOVA + 3 * 4096, 64 * 4096), AMDVI_DRV_OK);
    CHECK_U64(bed_unmap(&bed, 5 * GIB, 5 * GIB), AMDVI_DRV_OK);
    CHECK_U64(bed_unmap(&bed, 600 * GIB, 5 * TIB), AMDVI_DRV_OK);
    CHECK(nothing_is_gathered());
    CHECK_U64(bed_unmap(&bed, IOVA + 4096, 4096), AMDVI_DRV_OK);
    CHECK(is_gathered(IOVA + 4096, IOVA + 8191, false));
    CHECK_U64(bed_unmap(&bed, IOVA, 4096), AMDVI_DRV_OK);
    CHECK(is_gathered(IOVA, IOVA + 8191, false));
    CHECK_U64(bed_unmap(&bed, IOVA, 16 * 4096), AMDVI_DRV_OK);
    CHECK(bed.gather.first_iova == IOVA && bed.gather.last_iova >= IOVA + 3 * 4096 - 1);
    CHECK(!bed.gather.directories && bed.gather.freed == NULL);
    bed_complete(&bed);
    CHECK(nothing_is_gathered());
    bed_stop(&bed);
}

static void with_npcache_new_mappings_are_gathered(void)
{
    struct amdvi_drv_pages_config config = bed_config;

    config.gather_new = true;
    if (!start(&config)) {
        return;
    }
    CHECK_U64(bed_map(&bed, IOVA, SPA, 4096, BED_RW), AMDVI_DRV_OK);
    CHECK(is_gathered(IOVA, IOVA + 4095, false));
    CHECK_U64(bed_map(&bed, IOVA + 4096, SPA, 777 * 4096, BED_RW), AMDVI_DRV_OK);
    CHECK(is_gathered(IOVA, IOVA + 778 * 4096 - 1, false));
    /* L-1: and what is unmapped is, as without. */
    bed_complete(&bed);
    CHECK_U64(bed_unmap(&bed, IOVA, 4096), AMDVI_DRV_OK);
    CHECK(is_gathered(IOVA, IOVA + 4095, false));
    bed_stop(&bed);
}

static void tables_come_back_only_when_a_gather_is_free(void)
{
    if (!start(&bed_config)) {
        return;
    }
    CHECK_U64(bed_map(&bed, 2 * MIB, SPA, 2 * MIB, BED_RW), AMDVI_DRV_OK);
    CHECK(bed_reaches(&bed, 3 * MIB, SPA + MIB, BED_RW));
    unsigned held = bed.rig.held_blocks;
    CHECK_U64(bed_unmap(&bed, 2 * MIB, 2 * MIB), AMDVI_DRV_OK);
    CHECK(is_gathered(2 * MIB, 4 * MIB - 1, true));
    CHECK(bed.gather.freed != NULL);
    CHECK_U64(bed.rig.held_blocks, held);
    CHECK_U64(bed.pages.tables, 3);
    /* The next mapping there has a table of its own. */
    CHECK_U64(bed_map(&bed, 2 * MIB, SPA, 4096, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed.rig.held_blocks, held + 1);
    CHECK_U64(bed.pages.tables, 4);
    bed_complete(&bed);
    CHECK_U64(bed.rig.held_blocks, held);
    CHECK_U64(bed.pages.tables, 3);
    CHECK(bed_reaches(&bed, 2 * MIB, SPA, BED_RW));
    CHECK(bed_reaches(&bed, 3 * MIB, 0, 0));
    bed_stop(&bed);
}

static void tables_that_became_empty_stay_until_they_are_covered(void)
{
    if (!start(&bed_config)) {
        return;
    }
    CHECK_U64(bed_map(&bed, 2 * MIB, SPA, 2 * MIB, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed_unmap(&bed, 2 * MIB, 2 * MIB - 4096), AMDVI_DRV_OK);
    CHECK_U64(bed_unmap(&bed, 4 * MIB - 4096, 4096), AMDVI_DRV_OK);
    CHECK(!bed.gather.directories);
    CHECK_U64(bed.pages.tables, 3);
    /* A large page takes their place: caches may know that nothing is there, and the table. */
    bed_complete(&bed);
    CHECK_U64(bed_map(&bed, 2 * MIB, 2 * MIB, 2 * MIB, BED_RW), AMDVI_DRV_OK);
    CHECK(is_gathered(2 * MIB, 4 * MIB - 1, true));
    CHECK(bed.gather.freed != NULL);
    CHECK(bed_is(&bed, 3 * MIB, 3 * MIB, BED_RW));
    CHECK_U64(bed_page_log2(&bed, 3 * MIB), 21);
    bed_complete(&bed);
    CHECK_U64(bed.pages.tables, 2);
    CHECK(bed_reaches(&bed, 3 * MIB, 3 * MIB, BED_RW));
    /* Two levels of empty tables go the same way. */
    CHECK_U64(bed_map(&bed, GIB + 4096, SPA, 4096, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed_unmap(&bed, GIB + 4096, 4096), AMDVI_DRV_OK);
    CHECK_U64(bed_map(&bed, GIB, GIB, GIB, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed_page_log2(&bed, GIB), 30);
    bed_complete(&bed);
    CHECK_U64(bed.pages.tables, 2);
    bed_stop(&bed);
}

static void gathers_are_joined_with_all_their_tables(void)
{
    struct amdvi_drv_gather other;

    if (!start(&bed_config)) {
        return;
    }
    amdvi_drv_gather_init(&other);
    CHECK_U64(bed_map(&bed, 0, SPA, 10 * MIB, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed.pages.tables, 7);
    CHECK_U64(bed_unmap(&bed, 0, 4 * MIB), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_pages_unmap(&bed.pages, 4 * MIB, 6 * MIB, &other), AMDVI_DRV_OK);
    amdvi_drv_gather_merge(&bed.gather, &other);
    CHECK(other.freed == NULL && other.first_iova > other.last_iova);
    CHECK(is_gathered(0, 10 * MIB - 1, true));
    /* Nothing to one, and one to nothing. */
    amdvi_drv_gather_merge(&bed.gather, &other);
    amdvi_drv_gather_merge(&other, &bed.gather);
    CHECK(nothing_is_gathered());
    CHECK_U64(other.last_iova, 10 * MIB - 1);
    CHECK(other.directories);
    CHECK_U64(bed.pages.tables, 7);
    amdvi_drv_pages_free(&bed.pages, &other);
    CHECK_U64(bed.pages.tables, 2);
    other.root_changed = true;
    amdvi_drv_gather_merge(&bed.gather, &other);
    CHECK(bed.gather.root_changed && !other.root_changed);
    bed_stop(&bed);
}

static void tables_are_limited_with_those_that_wait(void)
{
    struct amdvi_drv_pages_config config = bed_config;

    config.tables_max = 4;
    if (!start(&config)) {
        return;
    }
    CHECK_U64(bed_map(&bed, 0, SPA, 4 * MIB, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed.pages.tables, 4);
    CHECK_U64(bed_map(&bed, 4 * MIB, SPA, 4096, BED_RW), AMDVI_DRV_ERR_LIMIT);
    CHECK_U64(bed_map(&bed, GIB, SPA, 4096, BED_RW), AMDVI_DRV_ERR_LIMIT);
    CHECK(nothing_is_gathered());
    CHECK_U64(bed_unmap(&bed, 0, 4 * MIB), AMDVI_DRV_OK);
    CHECK_U64(bed_map(&bed, 4 * MIB, SPA, 4096, BED_RW), AMDVI_DRV_ERR_LIMIT);
    bed_complete(&bed);
    CHECK_U64(bed_map(&bed, 4 * MIB, SPA, 4096, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed_map(&bed, GIB, GIB, GIB, BED_RW), AMDVI_DRV_OK); /* needs none */
    bed_stop(&bed);
}

static const struct check_case cases[] = {
    {"a page is there from map to unmap, for oracle, IOMMU and find", "1.20 I/O page tables",
     a_page_is_there_from_map_to_unmap},
    {"rights and FC are in every entry, and stay when a page is split", "1.20 I/O page tables",
     rights_and_coherence_are_in_the_entry},
    {"configurations that cannot be are refused", NULL, configurations_that_cannot_be_are_refused},
    {"nothing of a call that meets a mapped page stays, and what was there is gathered", NULL,
     nothing_of_a_call_that_meets_a_page_stays},
    {"XSA-275: map changes nothing that is present, neither rights nor size", NULL,
     xsa_275_nothing_present_is_changed_by_map},
    {"a page of several entries is stored in all of them or in none", NULL,
     pages_of_several_entries_are_stored_whole_or_not},
    {"a gather says what was unmapped, and nothing of holes", NULL,
     a_gather_says_what_was_unmapped},
    {"L-1: with NpCache what is mapped is gathered, and what is unmapped as well", NULL,
     with_npcache_new_mappings_are_gathered},
    {"B-2: tables come back only when their gather is free", NULL,
     tables_come_back_only_when_a_gather_is_free},
    {"tables that became empty stay until a range or a large page covers them", NULL,
     tables_that_became_empty_stay_until_they_are_covered},
    {"gathers are joined with all their tables", NULL, gathers_are_joined_with_all_their_tables},
    {"tables are limited, those that wait to be free included", NULL,
     tables_are_limited_with_those_that_wait},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
