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

/* Its page's first IOVA, SPA, and entries. */
struct page {
    struct amdvi_drv_leaf leaf;
    uint64_t iova;
    uint64_t spa;
    unsigned index;
    unsigned count;
};

static struct page page_of(const struct amdvi_drv_leaf *leaf, uint64_t iova)
{
    uint64_t mask = AMDVI_BIT(leaf->size_log2) - 1;

    return (struct page){
        .leaf = *leaf,
        .iova = iova & ~mask,
        .spa = leaf->word & AMDVI_PTE_ADDRESS & ~mask,
        .index = amdvi_level_index(leaf->level, iova & ~mask),
        .count = 1U << (leaf->size_log2 - amdvi_level_shift(leaf->level)),
    };
}

/* Each entry of the page leads to a table of pages of 2^@size_log2 instead. */
static enum amdvi_drv_status split_into_tables(struct amdvi_drv_pages *pages,
                                               const struct page *page, unsigned size_log2)
{
    const struct amdvi_drv_host *host = pages->heap->host;
    unsigned level = page->leaf.level;
    struct amdvi_drv_block table = {0};
    struct amdvi_drv_gather made;

    /* All tables first. Nobody has seen them when there are not enough. */
    amdvi_drv_gather_init(&made);
    for (unsigned i = 0; i < page->count; i++) {
        enum amdvi_drv_status status = amdvi_drv_table_new(pages, level - 1, &table);
        if (status != AMDVI_DRV_OK) {
            amdvi_drv_pages_free(pages, &made);
            return status;
        }
        amdvi_drv_gather_push(&made, table.bytes, table.spa, level - 1);
    }
    for (unsigned i = 0; amdvi_drv_gather_pop(&made, &table); i++) {
        struct amdvi_drv_table *child = table.bytes;
        fill(child->entry, AMDVI_DRV_TABLE_ENTRIES, level - 1, size_log2,
             page->spa + ((uint64_t)i << amdvi_level_shift(level)),
             page->leaf.word & AMDVI_DRV_LEAF_KEPT);
        amdvi_drv_flush_bytes(host, child->entry, AMDVI_DRV_TABLE_BYTES);
        amdvi_drv_table_link(pages, page->leaf.table, level, page->index + i, &table);
    }
    return AMDVI_DRV_OK;
}

enum amdvi_drv_status amdvi_drv_pages_split(struct amdvi_drv_pages *pages, uint64_t boundary,
                                            struct amdvi_drv_gather *gather)
{
    struct amdvi_drv_leaf leaf;

    /* Each turn makes the page around the boundary smaller. */
    while (amdvi_drv_leaf_find(pages, boundary, &leaf)) {
        uint64_t mask = AMDVI_BIT(leaf.size_log2) - 1;
        if ((boundary & mask) == 0) {
            break;
        }
        struct page page = page_of(&leaf, boundary);
        unsigned size_log2 =
            amdvi_drv_largest(pages->config.page_sizes & (AMDVI_BIT(leaf.size_log2) - 1));
        if (amdvi_drv_level_of(size_log2) == leaf.level) {
            struct amdvi_le64 *entry = &leaf.table->entry[page.index];
            fill(entry, page.count, leaf.level, size_log2, page.spa,
                 leaf.word & AMDVI_DRV_LEAF_KEPT);
            amdvi_drv_flush_bytes(pages->heap->host, entry, (size_t)AMDVI_PTE_BYTES * page.count);
        } else {
            enum amdvi_drv_status status = split_into_tables(pages, &page, size_log2);
            if (status != AMDVI_DRV_OK) {
                return status;
            }
        }
        /* A cache has the whole page. */
        amdvi_drv_gather_add(gather, page.iova, page.iova | mask);
    }
    return AMDVI_DRV_OK;
}
