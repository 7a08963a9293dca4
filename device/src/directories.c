/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables that walks end in, so that a miss reads one entry. Each can be in one slot only,
 * among those of its level: the next that hashes there replaces it.
 */
#include "state.h"

static uint64_t slot_count(const struct amdvi_caches *caches)
{
    return (caches->directory_mask + 1) * AMDVI_DIRECTORY_LEVELS;
}

void amdvi_directory_put(struct amdvi_caches *caches, uint64_t context, uint64_t iova,
                         unsigned level, const struct amdvi_directory *directory)
{
    uint16_t domain_id = amdvi_context_domain(context);
    uint64_t record[AMDVI_CACHE_WORDS] = {
        [AMDVI_DIRECTORY_REGION] = amdvi_directory_region(iova, level),
        [AMDVI_DIRECTORY_CONTEXT] = context,
        [AMDVI_DIRECTORY_GENERATION] = amdvi_domain_generation(caches, domain_id),
        [AMDVI_DIRECTORY_TABLE] = directory->spa | directory->flags,
        [AMDVI_DIRECTORY_HOST] = (uintptr_t)directory->host,
    };

    amdvi_slot_write(amdvi_directory_slot(caches, iova, level, domain_id), AMDVI_DIRECTORY_END,
                     record);
}

static bool is_of_domain(const struct amdvi_cache_slot *slot, uint16_t domain_id)
{
    return amdvi_context_domain(amdvi_slot_word(slot, AMDVI_DIRECTORY_CONTEXT)) == domain_id;
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
    struct amdvi_cache_slot *slot = amdvi_directory_slot(caches, iova, level, domain_id);

    if (amdvi_slot_word(slot, AMDVI_DIRECTORY_REGION) == amdvi_directory_region(iova, level) &&
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
        unsigned log2 = amdvi_directory_region_log2(level);

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
