/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables that walks end in, so that a miss reads one entry. Each can be in one slot only,
 * among those of its level: the next that hashes there replaces it.
 */
#include "state.h"

enum {
    WORD_REGION, /* first IOVA that the table is about, and its level below bit 12 */
    WORD_CONTEXT,
    WORD_GENERATION, /* of the domain */
    WORD_TABLE,      /* SPA, and the permissions below bit 12 */
    WORD_HOST,
    WORD_END,
};

static unsigned region_log2(unsigned level)
{
    return amdvi_level_shift(level + 1);
}

static struct amdvi_cache_slot *slot_of(const struct amdvi_caches *caches, uint64_t iova,
                                        unsigned level, uint16_t domain_id)
{
    uint64_t index = amdvi_tlb_index(iova >> region_log2(level), domain_id);

    return &caches->directories[(index & caches->directory_mask) * AMDVI_DIRECTORY_LEVELS +
                                (level - 1)];
}

static uint64_t slot_count(const struct amdvi_caches *caches)
{
    return (caches->directory_mask + 1) * AMDVI_DIRECTORY_LEVELS;
}

static uint64_t region_of(uint64_t iova, unsigned level)
{
    unsigned log2 = region_log2(level);

    return iova >> log2 << log2 | level;
}

bool amdvi_directory_find(const struct amdvi_caches *caches, uint64_t context, uint64_t iova,
                          unsigned level, struct amdvi_directory *out)
{
    uint16_t domain_id = amdvi_context_domain(context);
    const struct amdvi_cache_slot *slot = slot_of(caches, iova, level, domain_id);
    uint64_t begin = amdvi_slot_begin(slot);

    if (amdvi_slot_word(slot, WORD_REGION) != region_of(iova, level) ||
        amdvi_slot_word(slot, WORD_CONTEXT) != context ||
        amdvi_slot_word(slot, WORD_GENERATION) != amdvi_domain_generation(caches, domain_id)) {
        return false;
    }
    uint64_t table = amdvi_slot_word(slot, WORD_TABLE);
    out->spa = table & ~AMDVI_TLB_FLAGS;
    out->read = amdvi_has(table, AMDVI_TLB_READ);
    out->write = amdvi_has(table, AMDVI_TLB_WRITE);
    out->host = (const void *)(uintptr_t)amdvi_slot_word(slot, WORD_HOST);
    return amdvi_slot_end(slot, begin);
}

void amdvi_directory_put(struct amdvi_caches *caches, uint64_t context, uint64_t iova,
                         unsigned level, const struct amdvi_directory *directory)
{
    uint16_t domain_id = amdvi_context_domain(context);
    uint64_t record[AMDVI_CACHE_WORDS] = {
        [WORD_REGION] = region_of(iova, level),
        [WORD_CONTEXT] = context,
        [WORD_GENERATION] = amdvi_domain_generation(caches, domain_id),
        [WORD_TABLE] = directory->spa | (directory->read ? AMDVI_TLB_READ : 0) |
                       (directory->write ? AMDVI_TLB_WRITE : 0),
        [WORD_HOST] = (uintptr_t)directory->host,
    };

    amdvi_slot_write(slot_of(caches, iova, level, domain_id), WORD_END, record);
}

static bool is_of_domain(const struct amdvi_cache_slot *slot, uint16_t domain_id)
{
    return amdvi_context_domain(amdvi_slot_word(slot, WORD_CONTEXT)) == domain_id;
}

/* There are as many regions of the level in the range as slots, or more: all of the domain go. */
static void drop_domain(const struct amdvi_caches *caches, uint16_t domain_id)
{
    for (uint64_t i = 0; i < slot_count(caches); i++) {
        if (is_of_domain(&caches->directories[i], domain_id)) {
            amdvi_slot_empty(&caches->directories[i]);
        }
    }
}

/* The table of @level that has the entry of @iova, if it is the domain's. */
static inline void drop_table(const struct amdvi_caches *caches, uint16_t domain_id, uint64_t iova,
                              unsigned level)
{
    struct amdvi_cache_slot *slot = slot_of(caches, iova, level, domain_id);

    if (amdvi_slot_word(slot, WORD_REGION) == region_of(iova, level) &&
        is_of_domain(slot, domain_id)) {
        amdvi_slot_empty(slot);
    }
}

void amdvi_directory_drop_page(struct amdvi_caches *caches, uint16_t domain_id, uint64_t iova)
{
    AMDVI_UNROLL
    for (unsigned level = 1; level <= AMDVI_DIRECTORY_LEVELS; level++) {
        drop_table(caches, domain_id, iova, level);
    }
}

void amdvi_directory_drop(struct amdvi_caches *caches, uint16_t domain_id, uint64_t first,
                          uint64_t last)
{
    for (unsigned level = 1; level <= AMDVI_DIRECTORY_LEVELS; level++) {
        unsigned log2 = region_log2(level);

        if ((last >> log2) - (first >> log2) > caches->directory_mask) {
            drop_domain(caches, domain_id);
            return;
        }
        for (uint64_t number = first >> log2; number <= last >> log2; number++) {
            drop_table(caches, domain_id, number << log2, level);
        }
    }
}

void amdvi_directory_drop_all(struct amdvi_caches *caches)
{
    for (uint64_t i = 0; i < slot_count(caches); i++) {
        amdvi_slot_empty(&caches->directories[i]);
    }
}
