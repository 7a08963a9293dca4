/* SPDX-License-Identifier: BSD-2-Clause */
/* More levels: what is mapped stays mapped at every moment, for the old root and the new. */
#include "pages_bed.h"

static struct bed bed;

static const struct {
    uint64_t iova;
    unsigned level; /* that it needs */
} places[] = {
    {512 * GIB - 4096, 3},       {512 * GIB, 4},       {256 * TIB - 4096, 4},  {256 * TIB, 5},
    {512 * 256 * TIB - 4096, 5}, {512 * 256 * TIB, 6}, {UINT64_MAX - 4095, 6},
};

static void tables_have_as_many_levels_as_an_iova_needs(void)
{
    for (unsigned i = 0; i < CHECK_CASE_COUNT(places); i++) {
        if (!bed_start(&bed, &(struct rig_options){0}, &bed_config)) {
            return;
        }
        CHECK_U64(bed.pages.level, 3);
        CHECK_U64(bed_map(&bed, 4096, 0x7000, 4096, BED_RW), AMDVI_DRV_OK);
        CHECK(bed_reaches(&bed, 4096, 0x7000, BED_RW)); /* with the old root, cached from here */
        /* Behind the last level's end is nothing, not the beginning again. */
        CHECK(bed_is(&bed, 512 * GIB + 4096, 0, 0));
        CHECK(bed_is(&bed, UINT64_C(1) << 63 | 4096, 0, 0));
        CHECK_U64(bed_unmap(&bed, 512 * GIB, GIB), AMDVI_DRV_OK);
        CHECK(bed.gather.first_iova > bed.gather.last_iova);
        CHECK_U64(bed_map(&bed, places[i].iova, 0x9000, 4096, BED_RW), AMDVI_DRV_OK);
        CHECK_U64(bed.pages.level, places[i].level);
        CHECK_U64(bed.gather.root_changed, places[i].level != 3);
        CHECK(bed.gather.first_iova > bed.gather.last_iova);
        CHECK(bed_reaches(&bed, 4096, 0x7000, BED_RW));
        CHECK(bed_is(&bed, 4096, 0x7000, BED_RW));
        CHECK(bed_is(&bed, places[i].iova, 0x9000, BED_RW));
        bed_complete(&bed);
        CHECK(bed_reaches(&bed, 4096, 0x7000, BED_RW));
        CHECK(bed_reaches(&bed, places[i].iova, 0x9000, BED_RW));
        struct bed_scan scan = {0};
        bed_scan(&bed, &scan, 0);
        /* All of it goes, but for one table. */
        CHECK_U64(bed_unmap(&bed, 0, UINT64_C(1) << 63), AMDVI_DRV_OK);
        CHECK_U64(bed_unmap(&bed, UINT64_C(1) << 63, UINT64_C(1) << 63), AMDVI_DRV_OK);
        bed_complete(&bed);
        CHECK_U64(bed.pages.tables, 1);
        CHECK_U64(bed.pages.level, places[i].level);
        CHECK(bed_reaches(&bed, 4096, 0, 0));
        bed_stop(&bed);
    }
}

static void levels_end_where_the_iommu_says(void)
{
    struct amdvi_drv_pages_config config = bed_config;

    for (unsigned max = 3; max < 6; max++) {
        uint64_t end = UINT64_C(1) << (12 + 9 * max);
        config.levels_max = (uint8_t)max;
        if (!bed_start(&bed, &(struct rig_options){0}, &config)) {
            return;
        }
        CHECK_U64(bed_map(&bed, end, 0x9000, 4096, BED_RW), AMDVI_DRV_ERR_ARGUMENT);
        CHECK_U64(bed_map(&bed, end - 4096, 0x9000, 8192, BED_RW), AMDVI_DRV_ERR_ARGUMENT);
        CHECK_U64(bed_unmap(&bed, end - 4096, 8192), AMDVI_DRV_OK);
        CHECK(!bed_is_pending(&bed));
        CHECK_U64(bed_map(&bed, end - 4096, 0x9000, 4096, BED_RW), AMDVI_DRV_OK);
        CHECK_U64(bed.pages.level, max);
        bed_complete(&bed);
        CHECK_U64(bed_unmap(&bed, end - 4096, 8192), AMDVI_DRV_OK);
        CHECK_U64(bed.gather.first_iova, end - 4096);
        CHECK_U64(bed.pages.mapped_bytes, 0);
        bed_stop(&bed);
    }
}

static void a_range_may_cross_the_end_of_the_old_root(void)
{
    uint64_t first = 512 * GIB - 2 * MIB;

    if (!bed_start(&bed, &(struct rig_options){0}, &bed_config)) {
        return;
    }
    CHECK_U64(bed_map(&bed, first, first, 4 * MIB, BED_RW), AMDVI_DRV_OK);
    CHECK_U64(bed.pages.level, 4);
    bed_complete(&bed);
    CHECK(bed_is(&bed, first, first, BED_RW));
    CHECK(bed_reaches(&bed, first + 4 * MIB - 8, first + 4 * MIB - 8, BED_RW));
    CHECK_U64(bed_unmap(&bed, first + MIB, 2 * MIB), AMDVI_DRV_OK);
    bed_complete(&bed);
    CHECK(bed_reaches(&bed, first + MIB - 8, first + MIB - 8, BED_RW));
    CHECK(bed_reaches(&bed, first + MIB, 0, 0));
    CHECK(bed_reaches(&bed, first + 3 * MIB - 8, 0, 0));
    CHECK(bed_reaches(&bed, first + 3 * MIB, first + 3 * MIB, BED_RW));
    bed_stop(&bed);
}

static void without_memory_what_was_mapped_stays(void)
{
    enum amdvi_drv_status status = AMDVI_DRV_ERR_NO_MEMORY;
    unsigned fails = 0;

    if (!bed_start(&bed, &(struct rig_options){0}, &bed_config)) {
        return;
    }
    CHECK_U64(bed_map(&bed, 4096, 0x7000, 4096, BED_RW), AMDVI_DRV_OK);
    while (status != AMDVI_DRV_OK && fails < 20) {
        bed.rig.fail_at = bed.rig.calls + 1 + fails % 2;
        status = bed_map(&bed, UINT64_MAX - 4095, 0x9000, 4096, BED_RW);
        bed.rig.fail_at = 0;
        bed_complete(&bed);
        CHECK(bed_reaches(&bed, 4096, 0x7000, BED_RW));
        CHECK_U64(bed.pages.mapped_bytes, status == AMDVI_DRV_OK ? 8192 : 4096);
        struct bed_scan scan = {0};
        bed_scan(&bed, &scan, 0);
        fails += status != AMDVI_DRV_OK;
    }
    CHECK_U64(status, AMDVI_DRV_OK);
    CHECK(fails > 2);
    CHECK(bed_is(&bed, UINT64_MAX - 4095, 0x9000, BED_RW));
    bed_stop(&bed);
}

/* The new root is written to the entry after any of these stores, or not yet. */
static unsigned disturbed;
static unsigned stores;

static void look_after_store(struct rig *rig, enum rig_change what)
{
    uint64_t spa = 0;

    (void)what;
    stores++;
    if (!rig_peek(rig, 0, BED_DEVICE, 4096, false, &spa) || spa != 0x7000) {
        disturbed++;
    }
    if (bed.pages.level != 3) {
        bed_write_root(&bed);
        if (!rig_peek(rig, 0, BED_DEVICE, 4096, false, &spa) || spa != 0x7000) {
            disturbed++;
        }
    }
}

static void no_store_of_growing_disturbs(void)
{
    struct rig_options options = {.arena_bytes = 64 * 4096};

    if (!bed_start(&bed, &options, &bed_config)) {
        return;
    }
    CHECK_U64(bed_map(&bed, 4096, 0x7000, 4096, BED_RW), AMDVI_DRV_OK);
    stores = 0;
    disturbed = 0;
    if (!bed_watch(&bed, look_after_store)) {
        return;
    }
    CHECK_U64(bed_map(&bed, UINT64_MAX - 4095, 0x9000, 4096, BED_RW), AMDVI_DRV_OK);
    bed_unwatch(&bed);
    CHECK(stores > 3);
    CHECK_U64(disturbed, 0);
    bed_stop(&bed);
}

static const struct check_case cases[] = {
    {"tables have three levels, and as many more as an IOVA needs", "1.20 I/O page tables",
     tables_have_as_many_levels_as_an_iova_needs},
    {"levels end where the IOMMU's do", NULL, levels_end_where_the_iommu_says},
    {"a range may cross the end of the old root", NULL, a_range_may_cross_the_end_of_the_old_root},
    {"when growing fails, what was mapped stays, and it can be tried again", NULL,
     without_memory_what_was_mapped_stays},
    {"no single store of growing disturbs what is mapped", NULL, no_store_of_growing_disturbs},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
