/* SPDX-License-Identifier: BSD-2-Clause */
/* Unmapping: entries cleared, and tables taken out that the range covers whole. */
#include "store.h"
#include "table.h"

/* ---- Whole tables ---------------------------------------------------------------------------- */

#define PR amdvi_drv_le64(AMDVI_PTE_PR)

/* How many entries of a table of level 1 are present: in the order that memory has, so that
 * compilers make vectors of it. */
static AMDVI_DRV_APART unsigned count_leaves(const struct amdvi_drv_table *table)
{
    const amdvi_drv_word64 *word = (const amdvi_drv_word64 *)table->entry;
    uint64_t count = 0;

    for (unsigned i = 0; i < AMDVI_DRV_TABLE_ENTRIES; i++) {
        count += (word[i] & PR) != 0;
    }
    return (unsigned)count;
}

/* The way down to a table, from the one that is taken out; indexed by level. Small: this is at the
 * end of the deepest calls. */
struct path {
    struct amdvi_drv_table *table[AMDVI_DRV_LEVELS_MAX + 1];
    uint16_t index[AMDVI_DRV_LEVELS_MAX + 1]; /* of the entry that is looked at */
};

/* On to the next entry that points to a table; false: there is none. */
static bool find_child(struct path *path, unsigned level, uint64_t *mapped)
{
    const struct amdvi_drv_table *table = path->table[level];
    unsigned index = path->index[level];

    for (; index < AMDVI_DRV_TABLE_ENTRIES && table->child[index] == NULL; index++) {
        *mapped +=
            amdvi_drv_load64(&table->entry[index]) != 0 ? AMDVI_BIT(amdvi_level_shift(level)) : 0;
    }
    path->index[level] = (uint16_t)index;
    return index < AMDVI_DRV_TABLE_ENTRIES;
}

uint64_t amdvi_drv_table_take_out(struct amdvi_drv_pages *pages, struct amdvi_drv_table *table,
                                  uint64_t spa, unsigned level, struct amdvi_drv_gather *gather)
{
    struct path path;
    uint64_t mapped = 0;
    unsigned at = level;

    path.table[at] = table;
    path.index[at] = 0;
    for (;;) {
        if (at > 1 && find_child(&path, at, &mapped)) {
            path.table[at - 1] = path.table[at]->child[path.index[at]];
            path.index[at - 1] = 0;
            at--;
            continue;
        }
        mapped += at == 1 ? (uint64_t)count_leaves(path.table[1]) << AMDVI_PAGE_LOG2 : 0;
        if (gather != NULL) {
            /* Its parent is intact as long as not all below are done. */
            uint64_t word = at != level
                                ? amdvi_drv_load64(&path.table[at + 1]->entry[path.index[at + 1]])
                                : spa;
            amdvi_drv_gather_push(gather, path.table[at], word & AMDVI_PTE_ADDRESS, at);
            pages->last_leaves = NULL;
        }
        if (at == level || (gather == NULL && mapped != 0)) {
            return mapped;
        }
        at++;
        path.index[at]++;
    }
}

/* ---- Entries --------------------------------------------------------------------------------- */

static inline uint64_t raw(const struct amdvi_le64 *entry)
{
    return *(const amdvi_drv_word64 *)entry;
}

/* Clear leaves; returned is how many were present. Eight at a time: mostly, all of them are. */
static inline unsigned clear_leaves(struct amdvi_le64 *entry, unsigned count)
{
    unsigned present = 0;
    unsigned i = 0;

    for (; i + 8 <= count; i += 8) {
        struct amdvi_le64 *at = &entry[i];
        if ((raw(at) & raw(at + 1) & raw(at + 2) & raw(at + 3) & raw(at + 4) & raw(at + 5) &
             raw(at + 6) & raw(at + 7) & PR) != 0) {
            present += 8;
        } else {
            for (unsigned j = 0; j < 8; j++) {
                present += raw(at + j) != 0;
            }
        }
        amdvi_drv_store64(at, 0, 0);
        amdvi_drv_store64(at + 1, 0, 0);
        amdvi_drv_store64(at + 2, 0, 0);
        amdvi_drv_store64(at + 3, 0, 0);
        amdvi_drv_store64(at + 4, 0, 0);
        amdvi_drv_store64(at + 5, 0, 0);
        amdvi_drv_store64(at + 6, 0, 0);
        amdvi_drv_store64(at + 7, 0, 0);
    }
    for (; i < count; i++) {
        present += raw(&entry[i]) != 0;
        amdvi_drv_store64(&entry[i], 0, 0);
    }
    return present;
}

/* Clear entries of a table above level 1, with all below them; returned is what was mapped. */
static uint64_t clear_directory(struct amdvi_drv_pages *pages, struct amdvi_drv_table *table,
                                unsigned level, unsigned first, unsigned count,
                                struct amdvi_drv_gather *gather)
{
    uint64_t mapped = 0;

    for (unsigned i = first; i < first + count; i++) {
        struct amdvi_drv_table *child = table->child[i];
        uint64_t word = amdvi_drv_load64(&table->entry[i]);
        if (word == 0) {
            continue;
        }
        table->child[i] = NULL;
        amdvi_drv_store64(&table->entry[i], 0, 0);
        if (child == NULL) {
            mapped += AMDVI_BIT(amdvi_level_shift(level));
        } else {
            gather->directories = true;
            mapped +=
                amdvi_drv_table_take_out(pages, child, word & AMDVI_PTE_ADDRESS, level - 1, gather);
        }
    }
    return mapped;
}

/* The entries of one table that the range begins with. */
struct piece {
    struct amdvi_drv_table *table;
    unsigned level;
    unsigned index;
    unsigned count; /* 0: a hole, a part of an entry */
    uint64_t last_iova;
};

/* Down to the first table that has an entry which the range covers whole, or that has a hole. */
static void find_piece(const struct amdvi_drv_pages *pages, uint64_t iova, uint64_t last,
                       struct piece *out)
{
    struct amdvi_drv_table *table = pages->root;
    unsigned level = pages->level;

    for (;;) {
        /* No table of level 0 is ever pointed to. NOLINTNEXTLINE(clang-analyzer-core.*) */
        uint64_t mask = AMDVI_BIT(amdvi_level_shift(level)) - 1;
        unsigned index = amdvi_level_index(level, iova);
        bool is_whole = (iova & mask) == 0 && last - iova >= mask;

        if (is_whole || table->child[index] == NULL) {
            uint64_t count = ((last - iova) >> amdvi_level_shift(level)) + ((~last & mask) == 0);
            uint64_t left = AMDVI_DRV_TABLE_ENTRIES - index;
            count = count < left ? count : left;
            *out = (struct piece){.table = table,
                                  .level = level,
                                  .index = index,
                                  .count = is_whole ? (unsigned)count : 0,
                                  .last_iova = iova | mask};
            if (is_whole) {
                out->last_iova += (count - 1) << amdvi_level_shift(level);
            }
            return;
        }
        table = table->child[index];
        level--;
    }
}

void amdvi_drv_pages_clear(struct amdvi_drv_pages *pages, uint64_t first_iova, uint64_t last_iova,
                           struct amdvi_drv_gather *gather)
{
    uint64_t reach = amdvi_drv_reach(pages->level);
    uint64_t iova = first_iova;
    uint64_t last = last_iova < reach ? last_iova : reach;
    bool is_changed = false;
    struct piece piece;

    while (iova <= last) {
        find_piece(pages, iova, last, &piece);
        struct amdvi_le64 *entry = &piece.table->entry[piece.index];
        if (piece.count != 0) {
            struct amdvi_drv_table *freed = gather->freed;
            uint64_t mapped = piece.level == 1
                                  ? (uint64_t)clear_leaves(entry, piece.count) << AMDVI_PAGE_LOG2
                                  : clear_directory(pages, piece.table, piece.level, piece.index,
                                                    piece.count, gather);
            pages->mapped_bytes -= mapped;
            is_changed = is_changed || mapped != 0 || gather->freed != freed;
            amdvi_drv_flush_bytes(pages->heap->host, entry, (size_t)AMDVI_PTE_BYTES * piece.count);
        }
        if (piece.last_iova >= last) {
            break;
        }
        iova = piece.last_iova + 1;
    }
    if (is_changed) {
        amdvi_drv_gather_add(gather, first_iova, last);
    }
}

/* ---- The call -------------------------------------------------------------------------------- */

/* The shortest way for the most frequent call: one page of one entry. False: nothing was done. */
static inline bool unmap_one(struct amdvi_drv_pages *pages, uint64_t iova, uint64_t size_bytes)
{
    if ((size_bytes & (size_bytes - 1)) != 0 || (iova & (size_bytes - 1)) != 0) {
        return false;
    }
    struct amdvi_le64 *entry = amdvi_drv_entry_of(pages, iova, size_bytes);
    if (entry == NULL) {
        return false;
    }
    uint64_t word = amdvi_drv_load64(entry);
    if (!amdvi_has(word, AMDVI_PTE_PR) || amdvi_has(word, AMDVI_PTE_NEXT_LEVEL)) {
        return false;
    }
    amdvi_drv_store64(entry, 0, 0);
    pages->mapped_bytes -= size_bytes;
    return true;
}

/* Apart, so that the short way need not save what this uses. */
static AMDVI_DRV_APART enum amdvi_drv_status unmap_many(struct amdvi_drv_pages *pages,
                                                        uint64_t first, uint64_t last,
                                                        struct amdvi_drv_gather *gather)
{
    enum amdvi_drv_status status = amdvi_drv_pages_split(pages, first, gather);

    if (status == AMDVI_DRV_OK) {
        status = amdvi_drv_pages_split(pages, last + 1, gather);
    }
    if (status == AMDVI_DRV_OK) {
        amdvi_drv_pages_clear(pages, first, last, gather);
    }
    return status;
}

enum amdvi_drv_status amdvi_drv_pages_unmap(struct amdvi_drv_pages *pages, uint64_t iova,
                                            uint64_t size_bytes, struct amdvi_drv_gather *gather)
{
    uint64_t last = iova + size_bytes - 1;

    if (((iova | size_bytes) & (AMDVI_DRV_TABLE_BYTES - 1)) != 0 || size_bytes == 0 ||
        last < iova) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    if (unmap_one(pages, iova, size_bytes)) {
        amdvi_drv_gather_add(gather, iova, last);
        return AMDVI_DRV_OK;
    }
    return unmap_many(pages, iova, last, gather);
}
