/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One page table in memory. A table of level 1 is 4 KiB of entries. A table of a higher level is
 * followed by 4 KiB that the IOMMU never reads: where the host finds the tables its entries point
 * to, so that a walk neither reads entries nor needs a way from SPA to pointer.
 *
 * A table that was taken out keeps its entries until it is given back, as a cache may lead there,
 * but for the first two, which link it into a gather: words with bit 0 clear, not present to the
 * IOMMU.
 *
 * An entry that is not present is 0. A page larger than its level's default has one equal entry for
 * each default page in it. No entry skips a level.
 */
#ifndef AMDVI_DRV_TABLE_H
#define AMDVI_DRV_TABLE_H

#include <amdvi/drv_pages.h>
#include <amdvi/pte.h>

#pragma GCC visibility push(hidden)

#define AMDVI_DRV_TABLE_ENTRIES 512
#define AMDVI_DRV_TABLE_BYTES   4096

struct amdvi_drv_table {
    struct amdvi_le64 entry[AMDVI_DRV_TABLE_ENTRIES];
    /* Level 2 to 6 only. Of a leaf or an entry that is not present: NULL. */
    struct amdvi_drv_table *child[AMDVI_DRV_TABLE_ENTRIES];
};

/* Of a table in gather->freed, which is the last of a ring. */
#define AMDVI_DRV_FREED_NEXT      0 /* entry: the next table's address */
#define AMDVI_DRV_FREED_SPA       1 /* entry: its SPA; bit 1 set: it has children's room */
#define AMDVI_DRV_FREED_DIRECTORY AMDVI_BIT(1)

static inline size_t amdvi_drv_table_bytes(unsigned level)
{
    return level == 1 ? AMDVI_DRV_TABLE_BYTES : 2 * AMDVI_DRV_TABLE_BYTES;
}

_Static_assert(sizeof(struct amdvi_drv_table) <= 2 * AMDVI_DRV_TABLE_BYTES, "two pages hold one");

/* The last IOVA that tables of @level levels translate. */
static inline uint64_t amdvi_drv_reach(unsigned level)
{
    return level >= AMDVI_DRV_LEVELS_MAX ? UINT64_MAX : AMDVI_BIT(amdvi_level_shift(level + 1)) - 1;
}

/* The level whose tables hold pages of 2^@size_log2: 12 to 20 are level 1's, 21 to 29 level 2's. */
static inline unsigned amdvi_drv_level_of(unsigned size_log2)
{
    return (size_log2 - AMDVI_PAGE_LOG2) / AMDVI_LEVEL_BITS + 1;
}

/* log2 of the largest of @sizes, which are not 0. */
static inline unsigned amdvi_drv_largest(uint64_t sizes)
{
    return amdvi_highest_bit(sizes);
}

/* ---- Entries --------------------------------------------------------------------------------- */

/* Everything of a leaf but its address and size. */
#define AMDVI_DRV_LEAF_KEPT (AMDVI_PTE_PR | AMDVI_PTE_IR | AMDVI_PTE_IW | AMDVI_PTE_FC)

/* A leaf of a table of @level, with the bits of @kept. */
static inline uint64_t amdvi_drv_leaf_encode(unsigned level, unsigned size_log2, uint64_t spa,
                                             uint64_t kept)
{
    if (size_log2 == amdvi_level_shift(level)) {
        return spa | kept;
    }
    uint64_t ones = (AMDVI_BIT(size_log2 - 1) - 1) & AMDVI_PTE_ADDRESS;
    return spa | ones | kept | amdvi_put(AMDVI_PTE_NEXT_LEVEL, AMDVI_NEXT_LEVEL_SIZE);
}

static inline unsigned amdvi_drv_leaf_size_log2(unsigned level, uint64_t word)
{
    return amdvi_has(word, AMDVI_PTE_NEXT_LEVEL)
               ? amdvi_lowest_bit(~word & (AMDVI_PTE_ADDRESS | AMDVI_BIT(52))) + 1
               : amdvi_level_shift(level);
}

/*
 * The entry of @iova in the table, if there is one, whose entries are @size_bytes each. NULL: there
 * is none, or no level has such entries, or the host wants to flush: a call, for which registers
 * would be saved here for all hosts.
 */
static inline struct amdvi_le64 *amdvi_drv_entry_of(struct amdvi_drv_pages *pages, uint64_t iova,
                                                    uint64_t size_bytes)
{
    unsigned shift = amdvi_level_shift(pages->level);
    struct amdvi_drv_table *table = pages->root;

    if (size_bytes == AMDVI_DRV_TABLE_BYTES && pages->last_leaves != NULL &&
        (iova ^ pages->last_iova) >> amdvi_level_shift(2) == 0) {
        return &pages->last_leaves[amdvi_level_index(1, iova)];
    }
    if (iova >> shift >> AMDVI_LEVEL_BITS != 0 || pages->heap->host->flush != NULL) {
        return NULL;
    }
    while (size_bytes >> shift == 0) {
        table = table->child[iova >> shift & (AMDVI_DRV_TABLE_ENTRIES - 1)];
        if (table == NULL) {
            return NULL;
        }
        shift -= AMDVI_LEVEL_BITS;
    }
    if (size_bytes >> shift != 1) {
        return NULL;
    }
    if (shift == AMDVI_PAGE_LOG2) {
        pages->last_iova = iova;
        pages->last_leaves = table->entry;
    }
    return &table->entry[iova >> shift & (AMDVI_DRV_TABLE_ENTRIES - 1)];
}

/* ---- pages.c --------------------------------------------------------------------------------- */

/* A leaf in its table. */
struct amdvi_drv_leaf {
    struct amdvi_drv_table *table;
    unsigned level;
    unsigned size_log2;
    uint64_t word;
};

/* False when nothing is mapped at @iova. */
bool amdvi_drv_leaf_find(const struct amdvi_drv_pages *pages, uint64_t iova,
                         struct amdvi_drv_leaf *out);
/* A table, zeroed, that nothing points to. */
enum amdvi_drv_status amdvi_drv_table_new(struct amdvi_drv_pages *pages, unsigned level,
                                          struct amdvi_drv_block *out);
/* Have an entry of a table of @level point to @table. */
void amdvi_drv_table_link(struct amdvi_drv_pages *pages, struct amdvi_drv_table *parent,
                          unsigned level, unsigned index, const struct amdvi_drv_block *table);
/*
 * The table of @level for @iova, with those on the way there made where they are missing.
 * ERR_EXISTS where a page is in the way.
 */
enum amdvi_drv_status amdvi_drv_table_reach(struct amdvi_drv_pages *pages, uint64_t iova,
                                            unsigned level, struct amdvi_drv_table **out);
/* More levels, until @last_iova can be translated. */
enum amdvi_drv_status amdvi_drv_pages_grow(struct amdvi_drv_pages *pages, uint64_t last_iova,
                                           struct amdvi_drv_gather *gather);

/* ---- pages_unmap.c --------------------------------------------------------------------------- */

/*
 * What is mapped by a table and all below it, in bytes; counting ends at the first where @gather is
 * NULL. With a gather they are all put into it: nothing may point to the table any more.
 */
uint64_t amdvi_drv_table_take_out(struct amdvi_drv_pages *pages, struct amdvi_drv_table *table,
                                  uint64_t spa, unsigned level, struct amdvi_drv_gather *gather);
/* Unmap: no page may reach beyond the range. */
void amdvi_drv_pages_clear(struct amdvi_drv_pages *pages, uint64_t first_iova, uint64_t last_iova,
                           struct amdvi_drv_gather *gather);

/* ---- pages_split.c --------------------------------------------------------------------------- */

/* Have no page on both sides of @boundary. After an error some are smaller, and nothing else. */
enum amdvi_drv_status amdvi_drv_pages_split(struct amdvi_drv_pages *pages, uint64_t boundary,
                                            struct amdvi_drv_gather *gather);

/* ---- gather.c -------------------------------------------------------------------------------- */

static inline void amdvi_drv_gather_add(struct amdvi_drv_gather *gather, uint64_t first_iova,
                                        uint64_t last_iova)
{
    gather->first_iova = first_iova < gather->first_iova ? first_iova : gather->first_iova;
    gather->last_iova = last_iova > gather->last_iova ? last_iova : gather->last_iova;
}

void amdvi_drv_gather_push(struct amdvi_drv_gather *gather, struct amdvi_drv_table *table,
                           uint64_t spa, unsigned level);
/* The one pushed first; false: there is none. */
bool amdvi_drv_gather_pop(struct amdvi_drv_gather *gather, struct amdvi_drv_block *out);

#pragma GCC visibility pop

#endif
