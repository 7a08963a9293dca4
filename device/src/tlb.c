/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The translation cache. A page is kept once, at its own size, with the permissions of all levels
 * of the tables; those of the device table entry are not in it, so that devices of one domain share
 * it. A look-up probes once for each page size that is in use. fast.h has its own for the size that
 * its reader met last.
 */
#include "state.h"

bool amdvi_tlb_find_size(const struct amdvi_caches *caches, uint64_t context, uint64_t iova,
                         unsigned size_log2, struct amdvi_page *out)
{
    uint16_t domain_id = amdvi_context_domain(context);
    uint64_t page = amdvi_tlb_page(iova, size_log2);
    const struct amdvi_cache_slot *slot =
        amdvi_cache_set(&caches->tlb, amdvi_tlb_index(iova >> size_log2, domain_id));

    AMDVI_UNROLL
    for (unsigned way = 0; way < AMDVI_CACHE_WAYS; way++, slot++) {
        uint64_t begin = amdvi_slot_begin(slot);

        if (amdvi_slot_word(slot, AMDVI_TLB_PAGE) == page &&
            amdvi_slot_word(slot, AMDVI_TLB_CONTEXT) == context) {
            out->page = page;
            out->host = amdvi_slot_word(slot, AMDVI_TLB_HOST);
            out->spa = amdvi_slot_word(slot, AMDVI_TLB_SPA);
            return amdvi_slot_word(slot, AMDVI_TLB_GENERATION) ==
                       amdvi_domain_generation(caches, domain_id) &&
                   amdvi_slot_end(slot, begin);
        }
    }
    return false;
}

bool amdvi_tlb_find_sizes(const struct amdvi_caches *caches, uint64_t context, uint64_t iova,
                          uint64_t sizes, struct amdvi_page *out)
{
    sizes &= atomic_load_explicit(&caches->tlb_sizes, memory_order_acquire);
    while (sizes != 0) {
        unsigned size_log2 = (unsigned)__builtin_ctzll(sizes);

        sizes &= sizes - 1;
        if (amdvi_tlb_find_size(caches, context, iova, size_log2, out)) {
            return true;
        }
    }
    return false;
}

bool amdvi_tlb_find(const struct amdvi_caches *caches, uint64_t context, uint64_t iova,
                    struct amdvi_walk *out)
{
    struct amdvi_page page;

    if (!amdvi_tlb_find_sizes(caches, context, iova, UINT64_MAX, &page)) {
        return false;
    }
    *out = (struct amdvi_walk){
        .status = AMDVI_WALK_OK,
        .read = amdvi_has(page.spa, AMDVI_TLB_READ),
        .write = amdvi_has(page.spa, AMDVI_TLB_WRITE),
        .force_coherent = amdvi_has(page.spa, AMDVI_TLB_COHERENT),
        .untranslated = amdvi_has(page.spa, AMDVI_TLB_UNTRANSLATED),
        .size_log2 = (uint8_t)amdvi_page_size_log2(&page),
        .spa = (page.spa & ~AMDVI_TLB_FLAGS) + (page.page & ~AMDVI_TLB_FLAGS),
    };
    return true;
}

uint64_t amdvi_tlb_spa_word(const struct amdvi_walk *walk, uint64_t iova, bool is_plain)
{
    uint64_t distance = walk->spa - (iova >> walk->size_log2 << walk->size_log2);

    return distance | (walk->read ? AMDVI_TLB_READ : 0) | (walk->write ? AMDVI_TLB_WRITE : 0) |
           (walk->force_coherent ? AMDVI_TLB_COHERENT : 0) |
           (walk->untranslated ? AMDVI_TLB_UNTRANSLATED : 0) | (is_plain ? AMDVI_TLB_PLAIN : 0);
}

/* ---- Dropping ------------------------------------------------------------------------------ */

/* Everything of the domain, at the cost of one store. */
static void drop_domain(struct amdvi_caches *caches, uint16_t domain_id)
{
    uint32_t next = (uint32_t)amdvi_domain_generation(caches, domain_id) + 1;

    if (next == 0) {
        /* Very old records would match again. */
        amdvi_cache_clear(&caches->tlb);
        amdvi_directory_drop_all(caches);
    }
    atomic_store_explicit(&caches->domain_generation[domain_id], next, memory_order_release);
}

static void drop_if_touched(struct amdvi_cache_slot *slot, uint16_t domain_id, uint64_t first,
                            uint64_t last)
{
    uint64_t page = amdvi_slot_word(slot, AMDVI_TLB_PAGE);
    unsigned size_log2 = (unsigned)(page & AMDVI_TLB_FLAGS);
    uint64_t page_first = page & ~AMDVI_TLB_FLAGS;

    if (page != 0 && page_first <= last && page_first + (AMDVI_BIT(size_log2) - 1) >= first &&
        amdvi_context_domain(amdvi_slot_word(slot, AMDVI_TLB_CONTEXT)) == domain_id) {
        amdvi_slot_empty(slot);
    }
}

/* Look at every record instead of for every page. */
static unsigned drop_by_scan(struct amdvi_caches *caches, uint16_t domain_id, uint64_t first,
                             uint64_t last)
{
    size_t count = (size_t)(caches->tlb.set_mask + 1) * AMDVI_CACHE_WAYS;

    for (size_t i = 0; i < count; i++) {
        drop_if_touched(&caches->tlb.slots[i], domain_id, first, last);
    }
    return (unsigned)count;
}

/* Page by page, as long as there are no more of them than sets. */
static void drop_by_page(struct amdvi_caches *caches, uint16_t domain_id, uint64_t first,
                         uint64_t last)
{
    uint64_t sizes = atomic_load_explicit(&caches->tlb_sizes, memory_order_relaxed);

    while (sizes != 0) {
        unsigned size_log2 = (unsigned)__builtin_ctzll(sizes);

        sizes &= sizes - 1;
        for (uint64_t number = first >> size_log2; number <= last >> size_log2; number++) {
            amdvi_tlb_drop_at(caches, number, size_log2, domain_id);
        }
    }
}

unsigned amdvi_tlb_drop(struct amdvi_caches *caches, uint16_t domain_id, uint64_t first,
                        uint64_t last, bool directories)
{
    unsigned scanned = 0;

    if (first == 0 && last == UINT64_MAX) {
        drop_domain(caches, domain_id);
        return 0;
    }
    if ((last - first) >> AMDVI_PAGE_LOG2 <= caches->tlb.set_mask) {
        drop_by_page(caches, domain_id, first, last);
    } else {
        scanned = drop_by_scan(caches, domain_id, first, last);
    }
    if (directories) {
        amdvi_directory_drop(caches, domain_id, first, last);
    }
    return scanned;
}
