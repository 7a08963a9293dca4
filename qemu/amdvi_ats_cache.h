/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The translation cache of amdvi-ats-testdev: a few blocks, the oldest of which is replaced.
 */
#ifndef AMDVI_ATS_CACHE_H
#define AMDVI_ATS_CACHE_H

#define ATS_ENTRIES_MAX 64
#define ATS_BLOCK_LOG2_MAX 30 /* larger blocks are kept in part */

typedef struct AtsEntry {
    bool is_valid;
    bool read;
    bool write;
    uint8_t size_log2;
    uint64_t iova; /* of the block's first byte */
    uint64_t spa;
} AtsEntry;

typedef struct AtsCache {
    AtsEntry entries[ATS_ENTRIES_MAX];
    unsigned count;
    unsigned next; /* to be replaced */
} AtsCache;

static inline uint64_t ats_entry_bytes(const AtsEntry *entry)
{
    return UINT64_C(1) << entry->size_log2;
}

/* NULL if there is none. */
const AtsEntry *ats_cache_find(const AtsCache *cache, uint64_t iova);
/* Drop what overlaps @first to @last, inclusive. */
void ats_cache_drop(AtsCache *cache, uint64_t first, uint64_t last);
/* Keep @entry instead of what overlaps it. */
void ats_cache_keep(AtsCache *cache, const AtsEntry *entry);
unsigned ats_cache_used(const AtsCache *cache);

#endif
