/* SPDX-License-Identifier: BSD-2-Clause */
/* Which pages are chosen, and how a size is written. */
#include "pages_bed.h"

static struct bed bed;

static bool start(uint64_t page_sizes)
{
    struct amdvi_drv_pages_config config = {.page_sizes = page_sizes, .levels_max = 6};

    return bed_start(&bed, &(struct rig_options){0}, &config);
}

static void each_size_is_one_page(void)
{
    for (unsigned i = 12; i < 49; i++) {
        uint64_t size = UINT64_C(1) << i;
        uint64_t iova = i < 47 ? size * 6 : size;
        uint64_t spa = size * 2;
        if (i == 39) {
            continue;
        }
        if (!start(AMDVI_DRV_PAGE_SIZES_ALL)) {
            return;
        }
        CHECK_U64(bed_map(&bed, iova, spa, size, BED_RW), AMDVI_DRV_OK);
        bed_complete(&bed);
        const uint64_t offset[] = {0, size / 2, size - 8, 4088};
        for (unsigned j = 0; j < CHECK_CASE_COUNT(offset); j++) {
            CHECK(bed_is(&bed, iova + offset[j], spa + offset[j], BED_RW));
            CHECK(bed_reaches(&bed, iova + offset[j], spa + offset[j], BED_RW));
            CHECK_U64(bed_page_log2(&bed, iova + offset[j]), i);
        }
        CHECK(bed_is(&bed, iova - 8, 0, 0));
        CHECK(bed_is(&bed, iova + size, 0, 0));
        CHECK_U64(bed.pages.mapped_bytes, size);
        CHECK_U64(bed_unmap(&bed, iova, size), AMDVI_DRV_OK);
        CHECK_U64(bed.gather.first_iova, iova);
        CHECK_U64(bed.gather.last_iova, iova + size - 1);
        bed_complete(&bed);
        CHECK(bed_reaches(&bed, iova + size - 8, 0, 0));
        struct bed_scan scan = {0};
        bed_scan(&bed, &scan, 0);
        CHECK_U64(scan.mapped_bytes, 0);
        bed_stop(&bed);
    }
}

/* The words, typed from the reference: NextLevel 7, ones up to the bit below the size's half. */
static void sizes_are_encoded_as_the_reference_says(void)
{
    static const struct {
        uint64_t size, word;
        unsigned entries;
    } golden[] = {
        {UINT64_C(0x2000), UINT64_C(0x6000001000000e01), 2},
        {UINT64_C(0x10000), UINT64_C(0x6000001000007e01), 16},
        {UINT64_C(0x100000), UINT64_C(0x600000100007fe01), 256},
        {UINT64_C(0x200000), UINT64_C(0x6000001000000001), 1},
        {UINT64_C(0x400000), UINT64_C(0x60000010001ffe01), 2},
        {UINT64_C(0x20000000), UINT64_C(0x600000100ffffe01), 256},
        {UINT64_C(0x40000000), UINT64_C(0x6000001000000001), 1},
        {UINT64_C(0x80000000), UINT64_C(0x600000103ffffe01), 2},
    };

    for (unsigned i = 0; i < CHECK_CASE_COUNT(golden); i++) {
        if (!start(AMDVI_DRV_PAGE_SIZES_ALL)) {
            return;
        }
        uint64_t each = golden[i].size / golden[i].entries;
        uint64_t iova = golden[i].size * 4;
        CHECK_U64(bed_map(&bed, iova, UINT64_C(0x1000000000), golden[i].size, BED_RW),
                  AMDVI_DRV_OK);
        for (unsigned j = 0; j < golden[i].entries; j++) {
            struct oracle_dma_answer answer = bed_oracle(&bed, iova + j * each, false);
            CHECK_U64(answer.step[answer.steps - 1].entry, golden[i].word);
        }
        bed_stop(&bed);
    }
}

struct expected_page {
    uint64_t iova;
    unsigned size_log2;
};

static void check_pages(const struct expected_page *expected, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t last = expected[i].iova + (UINT64_C(1) << expected[i].size_log2) - 8;
        CHECK_U64(bed_page_log2(&bed, expected[i].iova), expected[i].size_log2);
        CHECK_U64(bed_page_log2(&bed, last), expected[i].size_log2);
    }
}

static void a_range_has_the_largest_pages_that_fit(void)
{
    static const struct expected_page up[] = {
        {0x1000, 12},   {0x2000, 13},   {0x4000, 14},    {0x8000, 15},    {0x10000, 16},
        {0x20000, 17},  {0x40000, 18},  {0x80000, 19},   {0x100000, 20},  {0x200000, 21},
        {0x400000, 22}, {0x800000, 23}, {0x1000000, 21}, {0x1200000, 15}, {0x1208000, 12},
    };
    static const struct expected_page differ[] = {
        {0x10000, 16}, {0x20000, 16}, {0x30000, 16}, {0xf0000, 16}, {0x200000, 16},
    };

    if (!start(AMDVI_DRV_PAGE_SIZES_ALL)) {
        return;
    }
    CHECK_U64(bed_map(&bed, 0x1000, 0x1000, 0x1209000 - 0x1000, BED_RW), AMDVI_DRV_OK);
    check_pages(up, CHECK_CASE_COUNT(up));
    bed_stop(&bed);
    /* SPA and IOVA differ from bit 16 on. */
    if (!start(AMDVI_DRV_PAGE_SIZES_ALL)) {
        return;
    }
    CHECK_U64(bed_map(&bed, 0x10000, 0x20000, 0x400000, BED_RW), AMDVI_DRV_OK);
    check_pages(differ, CHECK_CASE_COUNT(differ));
    bed_stop(&bed);
}

static void erratum_no_page_has_512_gib(void)
{
    static const struct expected_page pages[] = {
        {UINT64_C(0x8000000000), 38},
        {UINT64_C(0xc000000000), 38},
        {UINT64_C(0x10000000000), 40},
        {UINT64_C(0x20000000000), 38},
    };

    if (!start(AMDVI_DRV_PAGE_SIZES_ALL)) {
        return;
    }
    CHECK_U64(bed_map(&bed, 512 * GIB, 512 * GIB, 2 * TIB, BED_RW), AMDVI_DRV_OK);
    check_pages(pages, CHECK_CASE_COUNT(pages));
    bed_stop(&bed);
    /* Where it is permitted, it is one entry; but not of tables that have only three levels. */
    if (!start(AMDVI_DRV_PAGE_SIZES_ALL | UINT64_C(1) << 39)) {
        return;
    }
    CHECK_U64(bed_map(&bed, 0, 0, 512 * GIB, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed.pages.level, 3);
    CHECK_U64(bed_page_log2(&bed, 5 * GIB), 38);
    CHECK_U64(bed_map(&bed, 512 * GIB, 512 * GIB, 512 * GIB, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed.pages.level, 4);
    CHECK_U64(bed_page_log2(&bed, 600 * GIB), 39);
    bed_stop(&bed);
}

/* Of sizes that are not all permitted: those that are, and can be split. */
static void only_permitted_sizes_are_used(void)
{
    static const struct {
        uint64_t sizes;
        unsigned expected_log2; /* of 2 GiB at 2 GiB */
    } permitted[] = {
        {UINT64_C(0x1000), 12},     {UINT64_C(0x201000), 21},   {UINT64_C(0x40201000), 30},
        {UINT64_C(0x40001000), 12}, /* a page of 1 GiB could not be split by one table */
        {UINT64_C(0x8001000), 27},  {UINT64_C(0x80011000), 16}, {UINT64_C(0x80211000), 31},
    };

    for (unsigned i = 0; i < CHECK_CASE_COUNT(permitted); i++) {
        if (!start(permitted[i].sizes)) {
            return;
        }
        CHECK_U64(bed_map(&bed, 8 * GIB, 8 * GIB, 2 * GIB, BED_RW), AMDVI_DRV_OK);
        CHECK_U64(bed_page_log2(&bed, 8 * GIB), permitted[i].expected_log2);
        CHECK_U64(bed_unmap(&bed, 9 * GIB, 4096), AMDVI_DRV_OK);
        CHECK(bed_is(&bed, 9 * GIB - 8, 9 * GIB - 8, BED_RW));
        CHECK(bed_is(&bed, 9 * GIB, 0, 0));
        CHECK(bed_is(&bed, 9 * GIB + 4096, 9 * GIB + 4096, BED_RW));
        CHECK((permitted[i].sizes >> bed_page_log2(&bed, 9 * GIB + 4096) & 1) != 0);
        CHECK((permitted[i].sizes >> bed_page_log2(&bed, 9 * GIB - 8) & 1) != 0);
        bed_stop(&bed);
    }
}

static const struct check_case cases[] = {
    {"each size from 4 KiB to 256 TiB is one page, from map to unmap", "1.20 I/O page tables",
     each_size_is_one_page},
    {"sizes are encoded as the reference says, the same in each entry", "1.20 page table entry",
     sizes_are_encoded_as_the_reference_says},
    {"a range has the largest pages that its alignment permits", NULL,
     a_range_has_the_largest_pages_that_fit},
    {"erratum: no page has 512 GiB, but where the host permits it", NULL,
     erratum_no_page_has_512_gib},
    {"only sizes that are permitted are used, by splits too", NULL, only_permitted_sizes_are_used},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
