/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mapping: the largest page that fits, entry after entry; and all of it undone where it cannot be
 * done to the end.
 */
#include "store.h"
#include "table.h"

#define SPA_END AMDVI_BIT(52)

/* What is left of a call. */
struct rest {
    struct amdvi_drv_pages *pages;
    struct amdvi_drv_gather *gather;
    uint64_t iova;
    uint64_t spa;
    uint64_t bytes;
    uint64_t kept; /* bits of all leaves */
};

/* Pages of one size that follow each other in one table. */
struct run {
    struct amdvi_drv_table *table;
    unsigned level;
    unsigned size_log2;
    unsigned index; /* of the first entry */
    unsigned pages;
};

/* ---- Choosing -------------------------------------------------------------------------------- */

/*
 * The size of the next page, and how many of that size may follow each other before a larger one
 * fits, the table ends, or the range does.
 */
static AMDVI_DRV_APART void choose(const struct rest *rest, uint64_t sizes, struct run *out)
{
    /* No page is larger than where iova and spa begin to differ. */
    uint64_t differ = rest->iova ^ rest->spa;
    uint64_t possible = sizes & (differ ^ (differ - 1));
    uint64_t aligned = (rest->iova | rest->spa);
    uint64_t fitting = possible & (aligned ^ (aligned - 1));
    uint64_t bytes = rest->bytes;

    fitting &= AMDVI_BIT(amdvi_drv_largest(bytes)) * 2 - 1;
    unsigned size_log2 = amdvi_drv_largest(fitting);
    unsigned level = amdvi_drv_level_of(size_log2);
    uint64_t larger = possible & ~(AMDVI_BIT(size_log2) * 2 - 1);
    uint64_t to_larger = -rest->iova & ((larger & -larger) - 1);
    if (larger != 0 && to_larger != 0 && to_larger < bytes) {
        bytes = to_larger;
    }
    unsigned index = amdvi_level_index(level, rest->iova);
    uint64_t left = (uint64_t)(AMDVI_DRV_TABLE_ENTRIES - index) << amdvi_level_shift(level);
    bytes = bytes < left ? bytes : left;
    *out = (struct run){.level = level,
                        .size_log2 = size_log2,
                        .index = index,
                        .pages = (unsigned)(bytes >> size_log2)};
}

/* ---- Storing --------------------------------------------------------------------------------- */

static inline uint64_t raw(const struct amdvi_le64 *entry)
{
    return *(const amdvi_drv_word64 *)entry;
}

/* As long as entries are 0: one leaf after the other. Returned is how many were stored. */
static inline unsigned store_run(struct amdvi_le64 *entry, unsigned count, uint64_t word,
                                 uint64_t step)
{
    unsigned i = 0;

    for (; i + 8 <= count; i += 8) {
        struct amdvi_le64 *at = &entry[i];
        if ((raw(at) | raw(at + 1) | raw(at + 2) | raw(at + 3) | raw(at + 4) | raw(at + 5) |
             raw(at + 6) | raw(at + 7)) != 0) {
            break;
        }
        amdvi_drv_store64(at, word, 0);
        amdvi_drv_store64(at + 1, word + step, 0);
        amdvi_drv_store64(at + 2, word + 2 * step, 0);
        amdvi_drv_store64(at + 3, word + 3 * step, 0);
        amdvi_drv_store64(at + 4, word + 4 * step, 0);
        amdvi_drv_store64(at + 5, word + 5 * step, 0);
        amdvi_drv_store64(at + 6, word + 6 * step, 0);
        amdvi_drv_store64(at + 7, word + 7 * step, 0);
        word += 8 * step;
    }
    for (; i < count && raw(&entry[i]) == 0; i++) {
        amdvi_drv_store64(&entry[i], word, 0);
        word += step;
    }
    return i;
}

/* So far the pages are stored. */
static inline void advance(struct rest *rest, uint64_t bytes)
{
    rest->iova += bytes;
    rest->spa += bytes;
    rest->bytes -= bytes;
    rest->pages->mapped_bytes += bytes;
}

/* Are all entries 0? */
static inline bool is_clear(const struct amdvi_le64 *entry, unsigned count)
{
    uint64_t any = 0;

    for (unsigned i = 0; i < count; i++) {
        any |= raw(&entry[i]);
    }
    return any == 0;
}

static inline unsigned entries_of(const struct run *run)
{
    return 1U << (run->size_log2 - amdvi_level_shift(run->level));
}

/*
 * The pages of a run. Of one with several entries, every entry is looked at before the first is
 * stored, for each of them is the whole page to the IOMMU. False: an entry is in the way; rest is
 * at the first page that was not stored.
 */
static AMDVI_DRV_APART bool store_pages(struct rest *rest, const struct run *run)
{
    unsigned entries = entries_of(run);
    uint64_t page_bytes = AMDVI_BIT(run->size_log2);
    struct amdvi_le64 *first = &run->table->entry[run->index];
    uint64_t word = amdvi_drv_leaf_encode(run->level, run->size_log2, rest->spa, rest->kept);
    unsigned done = 0;

    if (entries == 1) {
        done = store_run(first, run->pages, word, page_bytes);
    }
    for (struct amdvi_le64 *at = first; entries != 1 && done < run->pages && is_clear(at, entries);
         at += entries) {
        store_run(at, entries, word, 0);
        word += page_bytes;
        done++;
    }
    advance(rest, done * page_bytes);
    if (done != 0) {
        amdvi_drv_flush_bytes(rest->pages->heap->host, first,
                              (size_t)AMDVI_PTE_BYTES * entries * done);
    }
    return done == run->pages;
}

/* Is an entry of a directory 0, or may it be replaced, as there is nothing in what it leads to? */
static bool is_empty(struct amdvi_drv_pages *pages, const struct amdvi_drv_table *table,
                     unsigned level, unsigned index)
{
    if (raw(&table->entry[index]) == 0) {
        return true;
    }
    return table->child[index] != NULL &&
           amdvi_drv_table_take_out(pages, table->child[index], 0, level - 1, NULL) == 0;
}

/* An entry is in the way of the next page: are there only tables that have nothing? */
static AMDVI_DRV_APART bool may_replace(const struct rest *rest, const struct run *run)
{
    unsigned first = amdvi_level_index(run->level, rest->iova);

    if (run->level == 1) {
        return false;
    }
    for (unsigned i = first; i < first + entries_of(run); i++) {
        if (!is_empty(rest->pages, run->table, run->level, i)) {
            return false;
        }
    }
    return true;
}

/* The next page, in place of them. */
static AMDVI_DRV_APART void replace(struct rest *rest, const struct run *run)
{
    struct amdvi_drv_table *table = run->table;
    unsigned first = amdvi_level_index(run->level, rest->iova);
    unsigned end = first + entries_of(run);
    uint64_t word = amdvi_drv_leaf_encode(run->level, run->size_log2, rest->spa, rest->kept);

    for (unsigned i = first; i < end; i++) {
        struct amdvi_drv_table *child = table->child[i];
        uint64_t old = amdvi_drv_load64(&table->entry[i]);
        table->child[i] = NULL;
        amdvi_drv_store64(&table->entry[i], word, 0);
        if (child != NULL) {
            amdvi_drv_table_take_out(rest->pages, child, old & AMDVI_PTE_ADDRESS, run->level - 1,
                                     rest->gather);
            rest->gather->directories = true;
        }
    }
    amdvi_drv_flush_bytes(rest->pages->heap->host, &table->entry[first],
                          (size_t)AMDVI_PTE_BYTES * (end - first));
    amdvi_drv_gather_add(rest->gather, rest->iova, rest->iova | (AMDVI_BIT(run->size_log2) - 1));
    advance(rest, AMDVI_BIT(run->size_log2));
}

static enum amdvi_drv_status map_rest(struct rest *rest)
{
    struct amdvi_drv_pages *pages = rest->pages;
    uint64_t sizes = pages->config.page_sizes & amdvi_drv_reach(pages->level);
    struct run run;

    while (rest->bytes != 0) {
        choose(rest, sizes, &run);
        enum amdvi_drv_status status =
            amdvi_drv_table_reach(pages, rest->iova, run.level, &run.table);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
        if (store_pages(rest, &run)) {
            continue;
        }
        if (!may_replace(rest, &run)) {
            return AMDVI_DRV_ERR_EXISTS;
        }
        replace(rest, &run);
    }
    return AMDVI_DRV_OK;
}

/* ---- The call -------------------------------------------------------------------------------- */

static bool is_range_good(const struct amdvi_drv_pages *pages, uint64_t iova, uint64_t spa,
                          uint64_t size_bytes)
{
    return ((iova | spa | size_bytes) & (AMDVI_DRV_TABLE_BYTES - 1)) == 0 && size_bytes != 0 &&
           spa < SPA_END && size_bytes <= SPA_END - spa &&
           iova <= amdvi_drv_reach(pages->config.levels_max) &&
           size_bytes - 1 <= amdvi_drv_reach(pages->config.levels_max) - iova;
}

_Static_assert(AMDVI_DRV_READ == 1 && AMDVI_DRV_WRITE == 2, "rights are IW and IR in order");

/* The bits of all leaves of a call. */
static inline uint64_t kept_bits(const struct amdvi_drv_pages *pages, unsigned access)
{
    return AMDVI_PTE_PR | amdvi_put(AMDVI_PTE_IW | AMDVI_PTE_IR, access) |
           (pages->config.force_coherent ? AMDVI_PTE_FC : 0);
}

/*
 * The shortest way for the most frequent call: one page of one entry, in a table that is there.
 * False: nothing was done.
 */
static inline bool map_one(struct amdvi_drv_pages *pages, uint64_t iova, uint64_t spa,
                           uint64_t size_bytes, unsigned access)
{
    if ((size_bytes & (size_bytes - 1)) != 0 || (size_bytes & pages->config.page_sizes) == 0 ||
        ((iova | spa) & (size_bytes - 1)) != 0) {
        return false;
    }
    struct amdvi_le64 *entry = amdvi_drv_entry_of(pages, iova, size_bytes);
    if (entry == NULL || raw(entry) != 0) {
        return false;
    }
    amdvi_drv_store64(entry, spa | kept_bits(pages, access), 0);
    pages->mapped_bytes += size_bytes;
    return true;
}

/* Apart, so that the short way need not save what this uses. */
static AMDVI_DRV_APART enum amdvi_drv_status map_many(struct rest *rest)
{
    uint64_t last_iova = rest->iova + rest->bytes - 1;
    enum amdvi_drv_status status = amdvi_drv_pages_grow(rest->pages, last_iova, rest->gather);

    return status == AMDVI_DRV_OK ? map_rest(rest) : status;
}

enum amdvi_drv_status amdvi_drv_pages_map(struct amdvi_drv_pages *pages, uint64_t iova,
                                          uint64_t spa, uint64_t size_bytes, unsigned access,
                                          struct amdvi_drv_gather *gather)
{
    enum amdvi_drv_status status = AMDVI_DRV_OK;

    if (!is_range_good(pages, iova, spa, size_bytes) || access == 0 ||
        (access & ~(AMDVI_DRV_READ | AMDVI_DRV_WRITE)) != 0) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    if (!map_one(pages, iova, spa, size_bytes, access)) {
        struct rest rest = {.pages = pages,
                            .gather = gather,
                            .iova = iova,
                            .spa = spa,
                            .bytes = size_bytes,
                            .kept = kept_bits(pages, access)};
        status = map_many(&rest);
        if (status != AMDVI_DRV_OK && rest.iova != iova) {
            amdvi_drv_pages_clear(pages, iova, rest.iova - 1, gather);
        }
    }
    if (status == AMDVI_DRV_OK && pages->config.gather_new) {
        amdvi_drv_gather_add(gather, iova, iova + size_bytes - 1);
    }
    return status;
}
