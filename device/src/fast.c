/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fast way of a plain access (no flags, inside one page of a plain device): the context of the
 * device, and the page in the TLB; or the page table that holds its entry, and the entry. Whatever
 * is not as usual, a refusal above all, is left to the general way, so that there is one place only
 * that knows what events say.
 *
 * A hit takes no lock, no fence and no call, and stores to the reader's own cache line only.
 */
#include "state.h"

#define PAGE_BYTES AMDVI_BIT(AMDVI_PAGE_LOG2)

static inline bool is_inside_4k(uint64_t iova, uint64_t size_bytes)
{
    return size_bytes <= PAGE_BYTES - (iova & (PAGE_BYTES - 1));
}

/*
 * Look for a page of @size_log2. This is amdvi_cache_find() for the TLB's three words of key,
 * without copies.
 */
static inline bool find(const struct amdvi_caches *caches, uint64_t context, uint64_t iova,
                        unsigned size_log2, struct amdvi_page *out)
{
    uint16_t domain_id = amdvi_context_domain(context);
    uint64_t page = amdvi_tlb_page(iova, size_log2);
    uint64_t generation = amdvi_domain_generation(caches, domain_id);
    const struct amdvi_cache_slot *slot =
        amdvi_cache_set(&caches->tlb, amdvi_tlb_index(iova >> size_log2, domain_id));

    for (unsigned way = 0; way < AMDVI_CACHE_WAYS; way++, slot++) {
        uint64_t begin = amdvi_slot_begin(slot);

        if (amdvi_slot_word(slot, AMDVI_TLB_PAGE) == page &&
            amdvi_slot_word(slot, AMDVI_TLB_CONTEXT) == context &&
            amdvi_slot_word(slot, AMDVI_TLB_GENERATION) == generation) {
            out->host = amdvi_slot_word(slot, AMDVI_TLB_HOST);
            out->spa = amdvi_slot_word(slot, AMDVI_TLB_SPA);
            out->size_log2 = size_log2;
            return amdvi_slot_end(slot, begin);
        }
    }
    return false;
}

/* Look for the page at the other sizes that are in use. */
static bool find_at_any_size(struct amdvi_reader *reader, uint64_t context, uint64_t iova,
                             struct amdvi_page *out)
{
    const struct amdvi_caches *caches = &reader->iommu->caches;
    uint64_t sizes = atomic_load_explicit(&caches->tlb_sizes, memory_order_acquire);

    while (sizes != 0) {
        unsigned size_log2 = (unsigned)__builtin_ctzll(sizes);

        sizes &= sizes - 1;
        if (find(caches, context, iova, size_log2, out)) {
            reader->size_log2 = size_log2;
            return true;
        }
    }
    return false;
}

/* May the page be used for this, and is there all that the caller may ask for? */
static bool is_usable(const struct amdvi_iommu *iommu, const struct amdvi_page *page,
                      enum amdvi_access access)
{
    uint64_t needed = AMDVI_TLB_PLAIN | access;

    return (page->spa & needed) == needed &&
           (iommu->host.map == NULL || (page->host & access) == 0);
}

/* ---- A miss ---------------------------------------------------------------------------------
 */

/* The word of the page's host pointer for @access, which may have none, or not to all of it. */
static uint64_t host_word(const struct amdvi_iommu *iommu, const struct amdvi_walk *walk,
                          uint64_t page, enum amdvi_access access)
{
    uint64_t bytes = AMDVI_BIT(walk->size_log2);
    uint64_t run_bytes = bytes;
    bool is_write = (access & AMDVI_ACCESS_WRITE) != 0;

    if (iommu->host.map == NULL) {
        return AMDVI_TLB_NO_HOST;
    }
    void *host = iommu->host.map(iommu->host.ctx, walk->spa, is_write, &run_bytes);
    if (host == NULL || run_bytes < bytes || (uintptr_t)host % PAGE_BYTES != 0) {
        return AMDVI_TLB_NO_HOST;
    }
    /* What may be written may be read, if the tables say so too. */
    return ((uintptr_t)host - page) | (walk->read ? 0 : AMDVI_TLB_READ) |
           (walk->write && is_write ? 0 : AMDVI_TLB_WRITE);
}

static bool fill(struct amdvi_reader *reader, uint64_t context, uint64_t iova,
                 enum amdvi_access access, struct amdvi_page *out)
{
    struct amdvi_iommu *iommu = reader->iommu;
    struct amdvi_caches *caches = &iommu->caches;
    uint64_t generation = atomic_load(&caches->generation);
    struct amdvi_walk walk;

    if (!amdvi_page_walk_end(iommu, context, iova, generation, &walk) ||
        !amdvi_access_allowed(access, walk.read, walk.write)) {
        return false;
    }
    uint64_t page = iova >> walk.size_log2 << walk.size_log2;
    if (!amdvi_is_plain(iommu, page, page + (AMDVI_BIT(walk.size_log2) - 1))) {
        return false;
    }
    out->host = host_word(iommu, &walk, page, access);
    if (iommu->host.map != NULL && (out->host & access) != 0) {
        return false;
    }
    out->size_log2 = walk.size_log2;
    out->spa = amdvi_tlb_spa_word(&walk, iova, true);
    if (amdvi_caches_begin_fill(caches, generation)) {
        amdvi_tlb_put(caches, context, iova, &walk, out->host, true);
        amdvi_caches_unlock(caches);
    }
    reader->size_log2 = walk.size_log2;
    return true;
}

bool amdvi_fast_page(struct amdvi_reader *reader, uint16_t device_id, uint64_t iova,
                     enum amdvi_access access, struct amdvi_page *out)
{
    struct amdvi_iommu *iommu = reader->iommu;
    uint64_t context = amdvi_context_find(&iommu->caches, device_id);

    if (context == 0) {
        return false;
    }
    out->cached = find(&iommu->caches, context, iova, reader->size_log2, out) ||
                  find_at_any_size(reader, context, iova, out);
    out->cached = out->cached && is_usable(iommu, out, access);
    if (out->cached) {
        amdvi_count_own(&reader->fast_hits);
        return true;
    }
    if (!fill(reader, context, iova, access, out)) {
        return false;
    }
    amdvi_count_own(&reader->translations);
    amdvi_count_own(&reader->walks);
    return true;
}

/* ---- One call ---------------------------------------------------------------------------------
 */

static void *host_of(uint64_t iova, uint64_t host_word)
{
    return (void *)(uintptr_t)(iova + (host_word & ~AMDVI_TLB_FLAGS));
}

/* Not the page size that was met last, not in the TLB, not inside 4 KiB, or not plain. */
static __attribute__((noinline)) void *general_pointer(struct amdvi_reader *reader,
                                                       uint16_t device_id, uint64_t iova,
                                                       uint64_t size_bytes,
                                                       enum amdvi_access access)
{
    struct amdvi_page page;

    if (size_bytes != 0 && amdvi_fast_page(reader, device_id, iova, access, &page) &&
        size_bytes <= AMDVI_BIT(page.size_log2) - (iova & (AMDVI_BIT(page.size_log2) - 1))) {
        return (page.host & access) != 0 ? NULL : host_of(iova, page.host);
    }
    struct amdvi_request request = {
        .device_id = device_id,
        .access = access,
        .iova = iova,
        .size_bytes = size_bytes,
        .quiet = true,
    };
    struct amdvi_translation translation;
    if (amdvi_iommu_translate(reader, &request, &translation) != AMDVI_OK ||
        translation.outcome != AMDVI_OUTCOME_TRANSLATED || translation.run_bytes < size_bytes) {
        return NULL;
    }
    return translation.host;
}

/*
 * A hit: what find() and amdvi_fast_page() do, so written that the compiler makes few instructions
 * of it. With a constant size there are fewer again.
 */
static inline bool find_host(const struct amdvi_caches *caches, uint64_t context, uint64_t iova,
                             unsigned size_log2, enum amdvi_access access, uint64_t *out)
{
    uint16_t domain_id = amdvi_context_domain(context);
    uint64_t page = amdvi_tlb_page(iova, size_log2);
    uint64_t generation = amdvi_domain_generation(caches, domain_id);
    const struct amdvi_cache_slot *slot =
        amdvi_cache_set(&caches->tlb, amdvi_tlb_index(iova >> size_log2, domain_id));

#pragma GCC unroll 4
    for (unsigned way = 0; way < AMDVI_CACHE_WAYS; way++, slot++) {
        uint64_t begin = amdvi_slot_begin(slot);

        if (amdvi_slot_word(slot, AMDVI_TLB_PAGE) != page ||
            amdvi_slot_word(slot, AMDVI_TLB_CONTEXT) != context ||
            amdvi_slot_word(slot, AMDVI_TLB_GENERATION) != generation) {
            continue;
        }
        uint64_t host = amdvi_slot_word(slot, AMDVI_TLB_HOST);
        if ((host & access) != 0 || !amdvi_slot_end(slot, begin)) {
            break;
        }
        *out = host;
        return true;
    }
    return false;
}

static __attribute__((noinline)) void *any_size_pointer(struct amdvi_reader *reader,
                                                        uint16_t device_id, uint64_t iova,
                                                        uint64_t size_bytes,
                                                        enum amdvi_access access)
{
    const struct amdvi_caches *caches = &reader->iommu->caches;
    uint64_t context = amdvi_context_find(caches, device_id);
    uint64_t host;

    if (is_inside_4k(iova, size_bytes) &&
        find_host(caches, context, iova, reader->size_log2, access, &host)) {
        amdvi_count_own(&reader->fast_hits);
        return host_of(iova, host);
    }
    return general_pointer(reader, device_id, iova, size_bytes, access);
}

void *amdvi_iommu_pointer(struct amdvi_reader *reader, uint16_t device_id, uint64_t iova,
                          uint64_t size_bytes, enum amdvi_access access)
{
    const struct amdvi_caches *caches = &reader->iommu->caches;
    uint64_t context = amdvi_context_find(caches, device_id);
    uint64_t host;

    if (is_inside_4k(iova, size_bytes) && reader->size_log2 == AMDVI_PAGE_LOG2 &&
        find_host(caches, context, iova, AMDVI_PAGE_LOG2, access, &host)) {
        amdvi_count_own(&reader->fast_hits);
        return host_of(iova, host);
    }
    return any_size_pointer(reader, device_id, iova, size_bytes, access);
}
