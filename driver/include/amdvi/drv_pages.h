/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I/O page tables of revision 1.20, usable alone: build them, look things up in them, and learn
 * what has to be invalidated before memory may be used for something else.
 *
 * This layer sends no commands. What it changed is collected in a gather; the caller makes the
 * invalidation, waits for its completion, and only then gives the gather's tables back. It takes no
 * lock: calls with one struct amdvi_drv_pages must not overlap.
 *
 * Every entry is one aligned 64-bit store (on 32-bit hosts: not present, other half, then the half
 * with PR), so a walk sees the old entry, the new one, or none. Nothing recurses; a call's work is
 * proportional to the entries that the range has, plus the tables that it frees.
 */
#ifndef AMDVI_DRV_PAGES_H
#define AMDVI_DRV_PAGES_H

#include <amdvi/drv_host.h>
#include <amdvi/field.h>

#ifdef __cplusplus
extern "C" {
#endif

struct amdvi_drv_table; /* one page table, as driver/src/table.h describes it */

/* What a mapping permits. */
#define AMDVI_DRV_READ  0x1u /* IR */
#define AMDVI_DRV_WRITE 0x2u /* IW */

/*
 * Page sizes as bits: bit n is 2^n bytes. All are 4 KiB to 256 TiB. Erratum: without 512 GiB, which
 * does not work on some parts.
 */
#define AMDVI_DRV_PAGE_SIZES_4K  (UINT64_C(1) << 12)
#define AMDVI_DRV_PAGE_SIZES_ALL ((UINT64_C(1) << 49) - (UINT64_C(1) << 12) - (UINT64_C(1) << 39))

#define AMDVI_DRV_LEVELS_FIRST 3 /* levels that new tables have */
#define AMDVI_DRV_LEVELS_MAX   6

/* What has to be invalidated. Start with amdvi_drv_gather_init(); calls add to it. */
struct amdvi_drv_gather {
    uint64_t first_iova; /* more than last_iova: nothing */
    uint64_t last_iova;  /* inclusive */
    bool directories;    /* an entry that pointed to a table was changed: PDE=1 */
    bool root_changed;   /* root and level of the tables are others: device table entries first */
    struct amdvi_drv_table *freed; /* tables that nothing points to any more */
};

/* Nothing is to be invalidated yet. */
void amdvi_drv_gather_init(struct amdvi_drv_gather *gather);

struct amdvi_drv_pages_config {
    uint64_t page_sizes; /* which may be used; bit 12 must be among them. One is used only if its
                            pages can be split: into those of its own level, or of the next lower */
    uint8_t levels_max;  /* 3 to 6: HATS, or what the IOVA size needs */
    bool gather_new;     /* NpCache=1: ranges that become mapped are gathered too */
    bool force_coherent; /* FC in every leaf */
    uint32_t tables_max; /* of this page table; 0: as many as there is memory for */
};

/* Members are the driver's, except that root_spa, level, tables and mapped_bytes may be read. */
struct amdvi_drv_pages {
    struct amdvi_drv_heap *heap;
    struct amdvi_drv_pages_config config;
    struct amdvi_drv_table *root;
    uint64_t root_spa; /* for the device table entry */
    uint8_t level;     /* of the root table: the paging mode */
    uint32_t tables;   /* in use, those that a gather holds included */
    uint64_t mapped_bytes;
    /* The level 1 table that the last call ended in, so that the next need not walk. */
    uint64_t last_iova;
    struct amdvi_le64 *last_leaves;
};

/*
 * Make an empty page table of three levels.
 *
 * @heap    must stay. Tables come from it: 4 KiB for level 1, 8 KiB for the others.
 * @config  copied.
 *
 * Returns    AMDVI_DRV_ERR_ARGUMENT, AMDVI_DRV_ERR_NO_MEMORY.
 * Threading  one call at a time for each @pages, as all below.
 * Spec       1.20, I/O page tables.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_pages_init(struct amdvi_drv_pages *pages, struct amdvi_drv_heap *heap,
                     const struct amdvi_drv_pages_config *config);

/* Give all tables back. No device table entry may point to them, nor a cache know them. */
void amdvi_drv_pages_destroy(struct amdvi_drv_pages *pages);

/*
 * Map @size_bytes at @iova to @spa, with the largest pages that alignment and page_sizes permit.
 * Grows to more levels where @iova needs them. All of it or nothing: after an error, what was
 * mapped on the way is unmapped again (and gathered), and only empty tables may have been added.
 *
 * @iova, @spa, @size_bytes  multiples of 4 KiB; @size_bytes is not 0; neither range wraps, the SPAs
 *                           stay below 2^52.
 * @access                   AMDVI_DRV_READ, AMDVI_DRV_WRITE or both.
 * @gather                   what has to be invalidated before the mapping may be relied on: with
 *                           NpCache, when an empty table was replaced by a large page, and after an
 *                           error. Usually nothing.
 *
 * Returns    AMDVI_DRV_ERR_ARGUMENT   a value, or @iova needs more than levels_max.
 *            AMDVI_DRV_ERR_EXISTS     a page in the range is mapped already, whatever to.
 *            AMDVI_DRV_ERR_NO_MEMORY, AMDVI_DRV_ERR_LIMIT (tables_max).
 * Threading  any context, but one call at a time.
 * Blocking   no.
 * Spec       1.20, I/O page tables, NextLevel 7.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_pages_map(struct amdvi_drv_pages *pages,
                                                               uint64_t iova, uint64_t spa,
                                                               uint64_t size_bytes, unsigned access,
                                                               struct amdvi_drv_gather *gather);

/*
 * Unmap whatever is mapped in the range; holes are no error. A page that reaches beyond the range
 * is split first, which alone can need memory. A table that the range covers whole goes to
 * gather->freed; one that became empty by and by stays, for the next mapping.
 *
 * @gather  also after an error: of pages that were split.
 *
 * Returns    AMDVI_DRV_ERR_ARGUMENT, or AMDVI_DRV_ERR_NO_MEMORY and AMDVI_DRV_ERR_LIMIT of a split;
 *            nothing is unmapped then.
 * Threading  any context, but one call at a time.
 * Blocking   no.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_pages_unmap(struct amdvi_drv_pages *pages,
                                                                 uint64_t iova, uint64_t size_bytes,
                                                                 struct amdvi_drv_gather *gather);

/* Where an IOVA leads. */
struct amdvi_drv_mapping {
    uint64_t spa;       /* of @iova itself */
    uint64_t run_bytes; /* from there to the end of its page */
    unsigned access;
    uint8_t size_log2; /* of the page */
};

/* False when nothing is mapped at @iova. */
bool amdvi_drv_pages_find(const struct amdvi_drv_pages *pages, uint64_t iova,
                          struct amdvi_drv_mapping *out);

/* Add @from, with its tables, to @into; @from is empty then. */
void amdvi_drv_gather_merge(struct amdvi_drv_gather *into, struct amdvi_drv_gather *from);

/* Give back a gather's tables: only after the invalidation that it asks for was completed. */
void amdvi_drv_pages_free(struct amdvi_drv_pages *pages, struct amdvi_drv_gather *gather);

#ifdef __cplusplus
}
#endif

#endif
