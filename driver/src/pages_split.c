/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Splitting pages, so that none lies on both sides of a boundary. The same translations stay at
 * every moment: smaller pages replace a page in its own table, each entry by one store, or a table
 * that is complete before an entry points to it.
 *
 * A page with several entries is split in all of them, or in none: an entry that was left would
 * have the IOMMU cache the whole page again when a part of it is unmapped already.
 */
#include "store.h"
#include "table.h"

/* Fill @count entries from one on with pages, as they follow each other from @spa. */
static void fill(struct amdvi_le64 *entry, unsigned count, unsigned level, unsigned size_log2,
                 uint64_t spa, uint64_t kept)
{
    uint64_t mask = AMDVI_BIT(size_log2) - 1;

    for (unsigned i = 0; i < count; i++) {
        uint64_t at = spa + ((uint64_t)i << amdvi_level_shift(level));
        amdvi_drv_store64(&entry[i], amdvi_drv_leaf_encode(level, size_log2, at & ~mask, kept), 0);
    }
}

/* One that is to be split. */
struct page {
    struct amdvi_drv_leaf leaf;
    uint64_t spa;
    unsigned index; /* of its first entry */
    unsigned count;
};

/* The page around @boundary; false: none is. */
static bool find_page(const struct amdvi_drv_pages *pages, uint64_t boundary, struct page *out)
{
    if (!amdvi_drv_leaf_find(pages, boundary, &out->leaf)) {
        return false;
    }
    uint64_t mask = AMDVI_BIT(out->leaf.size_log2) - 1;
    out->spa = out->leaf.word & AMDVI_PTE_ADDRESS & ~mask;
    out->index = amdvi_level_index(out->leaf.level, boundary & ~mask);
    out->count = 1U << (out->leaf.size_log2 - amdvi_level_shift(out->leaf.level));
    return (boundary & mask) != 0;
}

/* All tables that replace a page, before the first is seen by anybody. */
static AMDVI_DRV_APART enum amdvi_drv_status
make_tables(struct amdvi_drv_pages *pages, const struct page *page, struct amdvi_drv_gather *made)
{
    struct amdvi_drv_block table;

    for (unsigned i = 0; i < page->count; i++) {
        enum amdvi_drv_status status = amdvi_drv_table_new(pages, page->leaf.level - 1, &table);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
        amdvi_drv_gather_push(made, table.bytes, table.spa, page->leaf.level - 1);
    }
    return AMDVI_DRV_OK;
}

/* Each entry of the page leads to one of them, with pages of 2^@size_log2, instead. */
static AMDVI_DRV_APART void link_tables(struct amdvi_drv_pages *pages, const struct page *page,
                                        unsigned size_log2, struct amdvi_drv_gather *made)
{
    unsigned level = page->leaf.level;
    struct amdvi_drv_block table;

    for (unsigned i = 0; amdvi_drv_gather_pop(made, &table); i++) {
        struct amdvi_drv_table *child = table.bytes;
        fill(child->entry, AMDVI_DRV_TABLE_ENTRIES, level - 1, size_log2,
             page->spa + ((uint64_t)i << amdvi_level_shift(level)),
             page->leaf.word & AMDVI_DRV_LEAF_KEPT);
        amdvi_drv_flush_bytes(pages->heap->host, child->entry, AMDVI_DRV_TABLE_BYTES);
        amdvi_drv_table_link(pages, page->leaf.table, level, page->index + i, &table);
    }
}

static AMDVI_DRV_APART void split_in_table(struct amdvi_drv_pages *pages, const struct page *page,
                                           unsigned size_log2)
{
    struct amdvi_le64 *entry = &page->leaf.table->entry[page->index];

    fill(entry, page->count, page->leaf.level, size_log2, page->spa,
         page->leaf.word & AMDVI_DRV_LEAF_KEPT);
    amdvi_drv_flush_bytes(pages->heap->host, entry, (size_t)AMDVI_PTE_BYTES * page->count);
}

enum amdvi_drv_status amdvi_drv_pages_split(struct amdvi_drv_pages *pages, uint64_t boundary,
                                            struct amdvi_drv_gather *gather)
{
    struct amdvi_drv_gather made;
    struct page page;

    /* Each turn makes the page around the boundary smaller. */
    while (find_page(pages, boundary, &page)) {
        uint64_t mask = AMDVI_BIT(page.leaf.size_log2) - 1;
        unsigned size_log2 = amdvi_drv_largest(pages->config.page_sizes & mask);
        if (amdvi_drv_level_of(size_log2) == page.leaf.level) {
            split_in_table(pages, &page, size_log2);
        } else {
            amdvi_drv_gather_init(&made);
            enum amdvi_drv_status status = make_tables(pages, &page, &made);
            if (status != AMDVI_DRV_OK) {
                amdvi_drv_pages_free(pages, &made);
                return status;
            }
            link_tables(pages, &page, size_log2, &made);
        }
        /* A cache has the whole page. */
        amdvi_drv_gather_add(gather, boundary & ~mask, boundary | mask);
    }
    return AMDVI_DRV_OK;
}
