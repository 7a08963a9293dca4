/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unmapping parts of pages. While a page is split everything in it stays translated, which is tried
 * after every single store; and afterwards nothing is left that a cache could keep of the whole.
 */
#include "pages_bed.h"

static struct bed bed;

/* One page, and a hole that is made in it. */
struct split {
    unsigned size_log2;
    uint64_t iova;
    uint64_t spa;
    uint64_t hole; /* offset */
    uint64_t hole_bytes;
    unsigned disturbed;
    unsigned stores;
};

static struct split split;

static struct split split_of(unsigned size_log2)
{
    uint64_t size = UINT64_C(1) << size_log2;

    return (struct split){.size_log2 = size_log2,
                          .iova = size_log2 < 47 ? size * 6 : size,
                          .spa = size * 2,
                          .hole_bytes = 4096};
}

static bool start_mapped(const struct split *what, const struct rig_options *options,
                         const struct amdvi_drv_pages_config *config)
{
    if (!bed_start(&bed, options, config)) {
        return false;
    }
    CHECK_U64(bed_map(&bed, what->iova, what->spa, UINT64_C(1) << what->size_log2, BED_RW),
              AMDVI_DRV_OK);
    bed_complete(&bed);
    return CHECK_U64(bed_page_log2(&bed, what->iova), what->size_log2);
}

static bool is_in_hole(const struct split *what, uint64_t offset)
{
    return offset >= what->hole && offset - what->hole < what->hole_bytes;
}

/* Offsets to look at: around each power of two, and around the hole. False: there are no more. */
static bool next_offset(const struct split *what, unsigned number, uint64_t *out)
{
    uint64_t size = UINT64_C(1) << what->size_log2;
    const uint64_t around[] = {what->hole - 8,
                               what->hole,
                               what->hole + what->hole_bytes - 8,
                               what->hole + what->hole_bytes,
                               0,
                               size - 8};
    unsigned more = CHECK_CASE_COUNT(around);

    if (number < more) {
        *out = around[number] & (size - 1) & ~UINT64_C(7);
        return true;
    }
    number -= more;
    uint64_t beside[] = {0 - UINT64_C(8), 0, 4096};
    *out = ((UINT64_C(4096) << number / 3) + beside[number % 3]) & (size - 1);
    return 12 + number / 3 < what->size_log2;
}

/* Is all as it shall be when the hole is there? And to the IOMMU, with what it cached before? */
static void check_all(const struct split *what, bool has_hole)
{
    uint64_t offset;

    for (unsigned i = 0; next_offset(what, i, &offset); i++) {
        unsigned access = has_hole && is_in_hole(what, offset) ? 0 : BED_RW;
        CHECK(bed_is(&bed, what->iova + offset, what->spa + offset, access));
        if (!bed_is_pending(&bed)) {
            CHECK(bed_reaches(&bed, what->iova + offset, what->spa + offset, access));
        }
    }
}

static void a_hole_of_4_kib_in_each_size(void)
{
    for (unsigned i = 13; i < 49; i++) {
        split = split_of(i);
        uint64_t size = UINT64_C(1) << i;
        const uint64_t holes[] = {0, size / 2, size - 4096, (size / 3) & ~UINT64_C(4095)};
        for (unsigned j = 0; i != 39 && j < CHECK_CASE_COUNT(holes); j++) {
            split.hole = holes[j];
            if (!start_mapped(&split, &(struct rig_options){0}, &bed_config)) {
                return;
            }
            check_all(&split, false); /* now it is cached */
            CHECK_U64(bed_unmap(&bed, split.iova + split.hole, 4096), AMDVI_DRV_OK);
            /* XSA-275: the whole page. */
            CHECK(bed.gather.first_iova <= split.iova);
            CHECK(bed.gather.last_iova >= split.iova + size - 1);
            CHECK_U64(bed.pages.mapped_bytes, size - 4096);
            bed_complete(&bed);
            check_all(&split, true);
            struct bed_scan scan = {0};
            bed_scan(&bed, &scan, 0);
            /* The rest goes as it came. */
            CHECK_U64(bed_unmap(&bed, split.iova, size), AMDVI_DRV_OK);
            CHECK_U64(bed.pages.mapped_bytes, 0);
            bed_stop(&bed);
        }
    }
}

static void holes_of_other_shapes(void)
{
    static const struct {
        unsigned size_log2;
        uint64_t first, bytes;
    } holes[] = {
        {21, 4096, 2 * MIB - 8192},
        {22, MIB, 2 * MIB},
        {30, 4096, GIB - 4096},
        {30, 3 * MIB, 600 * MIB},
        {30, 0, 4096},
        {31, GIB - 4096, 8192},
        {40, 511 * GIB, 2 * GIB},
        {48, 4096, 256 * TIB / 2},
        {20, 64 * KIB, 64 * KIB},
    };

    for (unsigned i = 0; i < CHECK_CASE_COUNT(holes); i++) {
        split = split_of(holes[i].size_log2);
        split.hole = holes[i].first;
        split.hole_bytes = holes[i].bytes;
        if (!start_mapped(&split, &(struct rig_options){0}, &bed_config)) {
            return;
        }
        check_all(&split, false);
        CHECK_U64(bed_unmap(&bed, split.iova + split.hole, split.hole_bytes), AMDVI_DRV_OK);
        bed_complete(&bed);
        check_all(&split, true);
        CHECK_U64(bed.pages.mapped_bytes, (UINT64_C(1) << split.size_log2) - split.hole_bytes);
        bed_stop(&bed);
    }
}

/* ---- Every store ----------------------------------------------------------------------------- */

/* What is not in the hole is translated now, as before; what is in it may be, or not. */
static void look_after_store(struct rig *rig, enum rig_change what)
{
    uint64_t offset;

    (void)what;
    split.stores++;
    for (unsigned i = 0; next_offset(&split, i, &offset); i++) {
        uint64_t spa = 0;
        bool did = rig_peek(rig, 0, BED_DEVICE, split.iova + offset, false, &spa);
        if ((!did && !is_in_hole(&split, offset)) || (did && spa != split.spa + offset)) {
            split.disturbed++;
        }
    }
}

static void nothing_is_disturbed_by_any_store(bool non_coherent)
{
    static const unsigned sizes[] = {13, 16, 20, 21, 22, 25, 30, 31, 40};
    struct rig_options options = {.arena_bytes = 64 * 4096, .non_coherent = non_coherent};

    for (unsigned i = 0; i < CHECK_CASE_COUNT(sizes); i++) {
        split = split_of(sizes[i]);
        split.hole = (UINT64_C(1) << sizes[i]) / 3 & ~UINT64_C(4095);
        if (!start_mapped(&split, &options, &bed_config)) {
            return;
        }
        bed.rig.changed = look_after_store; /* after each flush */
        if (!non_coherent && !bed_watch(&bed, look_after_store)) {
            return;
        }
        CHECK_U64(bed_unmap(&bed, split.iova + split.hole, 4096), AMDVI_DRV_OK);
        bed_unwatch(&bed);
        CHECK_U64(split.disturbed, 0);
        CHECK(non_coherent ? split.stores != 0 : split.stores > sizes[i] - 12u);
        bed_complete(&bed);
        check_all(&split, true);
        bed_stop(&bed);
    }
}

static void each_store_leaves_the_rest(void)
{
    nothing_is_disturbed_by_any_store(false);
}

static void each_flush_leaves_the_rest(void)
{
    nothing_is_disturbed_by_any_store(true);
}

/* ---- Short of memory ------------------------------------------------------------------------- */

static void without_memory_nothing_is_unmapped(void)
{
    static const unsigned sizes[] = {21, 24, 30, 40, 43};

    for (unsigned i = 0; i < CHECK_CASE_COUNT(sizes); i++) {
        enum amdvi_drv_status status = AMDVI_DRV_ERR_NO_MEMORY;
        split = split_of(sizes[i]);
        split.hole = (UINT64_C(1) << sizes[i]) / 2 - 4096;
        split.hole_bytes = 8192;
        if (!start_mapped(&split, &(struct rig_options){0}, &bed_config)) {
            return;
        }
        unsigned fails = 0;
        while (status != AMDVI_DRV_OK && fails < 20) {
            bed.rig.fail_at = bed.rig.calls + 1 + fails;
            status = bed_unmap(&bed, split.iova + split.hole, 8192);
            bed.rig.fail_at = 0;
            bed_complete(&bed);
            if (status == AMDVI_DRV_OK) {
                break;
            }
            fails++;
            CHECK_U64(status, AMDVI_DRV_ERR_NO_MEMORY);
            CHECK_U64(bed.pages.mapped_bytes, UINT64_C(1) << split.size_log2);
            check_all(&split, false);
            struct bed_scan scan = {0};
            bed_scan(&bed, &scan, 0);
        }
        CHECK_U64(status, AMDVI_DRV_OK);
        CHECK(fails != 0);
        check_all(&split, true);
        bed_stop(&bed);
    }
}

/* All entries of a page are split, or none: a page of 8 MiB has four, each needs a table. */
static void a_page_is_split_in_all_entries_or_in_none(void)
{
    struct amdvi_drv_pages_config config = {.page_sizes = UINT64_C(0x801000), .levels_max = 6};

    for (unsigned n = 1; n <= 4; n++) {
        split = split_of(23);
        split.hole = 3 * MIB;
        if (!start_mapped(&split, &(struct rig_options){0}, &config)) {
            return;
        }
        unsigned held = bed.rig.held_blocks;
        bed.rig.fail_at = bed.rig.calls + n;
        CHECK_U64(bed_unmap(&bed, split.iova + split.hole, 4096), AMDVI_DRV_ERR_NO_MEMORY);
        bed.rig.fail_at = 0;
        CHECK(!bed_is_pending(&bed));
        CHECK_U64(bed.rig.held_blocks, held);
        check_all(&split, false);
        for (uint64_t at = 0; at < 8 * MIB; at += 2 * MIB) {
            CHECK_U64(bed_page_log2(&bed, split.iova + at), 23);
        }
        CHECK_U64(bed_unmap(&bed, split.iova + split.hole, 4096), AMDVI_DRV_OK);
        CHECK_U64(bed.rig.held_blocks, held + 4);
        bed_complete(&bed);
        check_all(&split, true);
        CHECK_U64(bed_page_log2(&bed, split.iova + 7 * MIB), 12);
        bed_stop(&bed);
    }
}

static void a_limit_of_tables_is_one_for_splits_too(void)
{
    struct amdvi_drv_pages_config config = bed_config;

    config.tables_max = 2;
    split = split_of(21);
    split.hole = MIB;
    if (!start_mapped(&split, &(struct rig_options){0}, &config)) {
        return;
    }
    CHECK_U64(bed_unmap(&bed, split.iova + split.hole, 4096), AMDVI_DRV_ERR_LIMIT);
    check_all(&split, false);
    CHECK_U64(bed.pages.mapped_bytes, 2 * MIB);
    CHECK_U64(bed_unmap(&bed, split.iova, 2 * MIB), AMDVI_DRV_OK); /* whole: needs no table */
    bed_stop(&bed);
}

static const struct check_case cases[] = {
    {"XSA-275: a hole of 4 KiB in a page of each size leaves no cached whole, and all the rest",
     "1.20 I/O page tables", a_hole_of_4_kib_in_each_size},
    {"holes of other shapes leave the rest", NULL, holes_of_other_shapes},
    {"XSA-347: no single store of a split disturbs what is beside the hole", NULL,
     each_store_leaves_the_rest},
    {"XSA-347: no flush of a split does, on hosts that are not coherent", NULL,
     each_flush_leaves_the_rest},
    {"without memory for a split nothing is unmapped, and it can be tried again", NULL,
     without_memory_nothing_is_unmapped},
    {"a page is split in all of its entries or in none", NULL,
     a_page_is_split_in_all_entries_or_in_none},
    {"a limit of tables is one for splits, too", NULL, a_limit_of_tables_is_one_for_splits_too},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
