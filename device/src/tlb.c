/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The translation cache. A page is kept once, at its own size, with the permissions of all levels
 * of the tables; those of the device table entry are not in it, so that devices of one domain share
 * it. A look-up probes once for each page size that is in use.
 *
 * Choice: entries are tagged by DomainID, and by the root of the tables and the paging mode too.
 * Two devices that software gave one DomainID but different tables never see each other's pages.
 */
#include <amdvi/pte.h>

#include "state.h"

/* Pages of one size that an invalidation probes for, before it looks at every entry instead. */
#define MAX_PROBES 64

#define VALUE_READ         AMDVI_BIT(0)
#define VALUE_WRITE        AMDVI_BIT(1)
#define VALUE_COHERENT     AMDVI_BIT(2)
#define VALUE_UNTRANSLATED AMDVI_BIT(3)

/* key[0]: first IOVA of the page, and its size below bit 12. */
static uint64_t page_key(uint64_t iova, unsigned size_log2)
{
    return (iova & ~(AMDVI_BIT(size_log2) - 1)) | size_log2;
}

static unsigned key_size_log2(uint64_t key)
{
    return (unsigned)(key & (AMDVI_BIT(AMDVI_PAGE_LOG2) - 1));
}

static uint64_t key_iova(uint64_t key)
{
    return key & ~(AMDVI_BIT(AMDVI_PAGE_LOG2) - 1);
}

/* The root is not hashed: an invalidation knows the domain and the page only. */
static uint64_t hash_of(uint64_t page, uint16_t domain_id)
{
    uint64_t number = page >> key_size_log2(page);

    return amdvi_cache_hash(number, domain_id ^ (page & 63) << 16);
}

static void key_of(struct amdvi_cache_record *record, const struct amdvi_dte *dte, uint64_t iova,
                   unsigned size_log2)
{
    record->key[0] = page_key(iova, size_log2);
    record->key[1] = dte->domain_id;
    record->key[2] = dte->page_root | dte->mode;
}

bool amdvi_tlb_find(const struct amdvi_iommu *iommu, const struct amdvi_dte *dte, uint64_t iova,
                    struct amdvi_walk *out)
{
    uint64_t sizes = atomic_load_explicit(&iommu->tlb_sizes, memory_order_acquire);

    while (sizes != 0) {
        unsigned size_log2 = (unsigned)__builtin_ctzll(sizes);
        struct amdvi_cache_record record;

        sizes &= sizes - 1;
        key_of(&record, dte, iova, size_log2);
        if (amdvi_cache_find(&iommu->tlb, hash_of(record.key[0], dte->domain_id), &record)) {
            *out = (struct amdvi_walk){
                .status = AMDVI_WALK_OK,
                .read = amdvi_has(record.value[0], VALUE_READ),
                .write = amdvi_has(record.value[0], VALUE_WRITE),
                .force_coherent = amdvi_has(record.value[0], VALUE_COHERENT),
                .untranslated = amdvi_has(record.value[0], VALUE_UNTRANSLATED),
                .size_log2 = (uint8_t)size_log2,
                .spa = record.value[1],
            };
            return true;
        }
    }
    return false;
}

void amdvi_tlb_insert(struct amdvi_iommu *iommu, const struct amdvi_dte *dte, uint64_t iova,
                      const struct amdvi_walk *walk, uint64_t generation)
{
    struct amdvi_cache_record record = {
        .value = {(walk->read ? VALUE_READ : 0) | (walk->write ? VALUE_WRITE : 0) |
                      (walk->force_coherent ? VALUE_COHERENT : 0) |
                      (walk->untranslated ? VALUE_UNTRANSLATED : 0),
                  walk->spa},
    };
    if (iommu->tlb.ways == 0) {
        return;
    }
    key_of(&record, dte, iova, walk->size_log2);
    atomic_fetch_or(&iommu->tlb_sizes, AMDVI_BIT(walk->size_log2));
    amdvi_cache_insert(&iommu->tlb, hash_of(record.key[0], dte->domain_id), &record,
                       &iommu->generation, generation);
}

struct domain_range {
    uint16_t domain_id;
    uint64_t first;
    uint64_t last;
};

static bool is_in_range(const uint64_t key[AMDVI_CACHE_KEY_WORDS], const void *what)
{
    const struct domain_range *range = what;
    uint64_t first = key_iova(key[0]);
    uint64_t last = first + (AMDVI_BIT(key_size_log2(key[0])) - 1);

    return key[1] == range->domain_id && first <= range->last && last >= range->first;
}

/* False when there are too many pages of this size in the range to look for each. */
static bool drop_pages_of_size(struct amdvi_iommu *iommu, const struct domain_range *range,
                               unsigned size_log2)
{
    uint64_t first = range->first >> size_log2;
    uint64_t last = range->last >> size_log2;
    if (last - first >= MAX_PROBES) {
        return false;
    }
    for (uint64_t number = first; number <= last; number++) {
        uint64_t page = page_key(number << size_log2, size_log2);

        amdvi_cache_remove_in_set(&iommu->tlb, hash_of(page, range->domain_id), is_in_range, range);
    }
    return true;
}

void amdvi_tlb_drop(struct amdvi_iommu *iommu, uint16_t domain_id, uint64_t first, uint64_t last)
{
    struct domain_range range = {.domain_id = domain_id, .first = first, .last = last};
    /* Sequentially consistent with the generation: a size that is missing here cannot be filled. */
    uint64_t sizes = atomic_load(&iommu->tlb_sizes);

    while (sizes != 0) {
        unsigned size_log2 = (unsigned)__builtin_ctzll(sizes);

        sizes &= sizes - 1;
        if (!drop_pages_of_size(iommu, &range, size_log2)) {
            amdvi_cache_remove(&iommu->tlb, is_in_range, &range);
            return;
        }
    }
}
