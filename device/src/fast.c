/* SPDX-License-Identifier: BSD-2-Clause */
/* The fast way, beyond a hit at the first look: pages of other sizes, and the end of a walk. */
#include "fast.h"

#define LARGE_LOG2 21 /* what most pages have that are not of 4 KiB */

/* ---- In the TLB ------------------------------------------------------------------------------ */

/* What a page that is in the TLB is worth for an access. */
enum use {
    USABLE,
    NO_POINTER, /* or not for this access: ask the host */
    UNUSUAL,    /* not plain, or refused: the general way, which knows it too */
};

static enum use use_of(const struct amdvi_iommu *iommu, const struct amdvi_page *page,
                       enum amdvi_access access)
{
    uint64_t needed = AMDVI_TLB_PLAIN | access;

    if ((page->spa & needed) != needed) {
        return UNUSUAL;
    }
    return iommu->host.map == NULL || amdvi_has_pointer(page->host, access) ? USABLE : NO_POINTER;
}

/* ---- The end of a walk ----------------------------------------------------------------------- */

/* The host word of the page, which may have no pointer, or not to all of it. */
static inline uint64_t host_word(struct amdvi_iommu *iommu, const struct amdvi_page *page,
                                 uint64_t generation, enum amdvi_access access)
{
    uint64_t bytes = AMDVI_BIT(amdvi_page_size_log2(page));
    uint64_t to_spa = page->spa & ~AMDVI_TLB_FLAGS;
    uint64_t spa = to_spa + (page->page & ~AMDVI_TLB_FLAGS);
    bool is_write = (access & AMDVI_ACCESS_WRITE) != 0;
    struct amdvi_stretch stretch;

    if (iommu->host.map == NULL ||
        !amdvi_stretch_get(iommu, generation, spa, bytes, is_write, &stretch) ||
        (stretch.distance & AMDVI_TLB_FLAGS) != 0) {
        return AMDVI_TLB_NO_HOST;
    }
    /* What may be written may be read. And neither, if the tables do not say so. */
    uint64_t allowed = AMDVI_TLB_READ | (access & AMDVI_TLB_WRITE);
    return (to_spa + stretch.distance) |
           (~(allowed & page->spa) & (AMDVI_TLB_READ | AMDVI_TLB_WRITE));
}

static inline bool walk_page(struct amdvi_iommu *iommu, uint64_t context, uint64_t iova,
                             uint64_t generation, enum amdvi_access access, struct amdvi_page *out)
{
    if (!amdvi_page_walk_end(iommu, context, iova, generation, out) ||
        (out->spa & access) != access) {
        return false;
    }
    uint64_t first = out->page & ~AMDVI_TLB_FLAGS;
    if (!amdvi_is_plain(iommu, first, first + (AMDVI_BIT(amdvi_page_size_log2(out)) - 1))) {
        return false;
    }
    out->host = host_word(iommu, out, generation, access);
    return iommu->host.map == NULL || amdvi_has_pointer(out->host, access);
}

static inline void keep(struct amdvi_caches *caches, uint64_t context, uint64_t generation,
                        const struct amdvi_page *page)
{
    if (amdvi_caches_begin_fill(caches, generation)) {
        amdvi_tlb_put(caches, context, page);
        amdvi_caches_unlock(caches);
    }
}

/* The same for 4 KiB: the size is constant, and what is kept comes in registers. */
static __attribute__((noinline)) void keep_4k(struct amdvi_caches *caches, uint64_t context,
                                              uint64_t generation, uint64_t iova, uint64_t host,
                                              uint64_t spa)
{
    struct amdvi_page page = {
        .page = amdvi_tlb_page(iova, AMDVI_PAGE_LOG2), .host = host, .spa = spa};

    keep(caches, context, generation, &page);
}

/*
 * A page of 4 KiB from the page table that it is in, if that is known, in host memory: what most
 * misses are. Larger pages of the IOVA are not looked for first: the table says that there is none.
 */
static inline bool walk_4k(struct amdvi_reader *reader, uint64_t context, uint64_t iova,
                           enum amdvi_access access, struct amdvi_page *out)
{
    struct amdvi_iommu *iommu = reader->iommu;
    uint64_t generation = atomic_load(&iommu->caches.generation);
    struct amdvi_directory table;

    if (!amdvi_directory_find(&iommu->caches, context, iova, 1, &table) || table.host == NULL ||
        !amdvi_has(table.flags, AMDVI_TLB_PLAIN)) {
        return false;
    }
    uint64_t word = amdvi_directory_entry(table.host, amdvi_level_index(1, iova));
    if (!amdvi_is_default_leaf(word)) {
        return false;
    }
    amdvi_page_of(word, AMDVI_PAGE_LOG2, iova, &table, out);
    out->host = host_word(iommu, out, generation, access);
    if (!amdvi_has_pointer(out->host, access)) {
        return false;
    }
    keep_4k(&iommu->caches, context, generation, out->page, out->host, out->spa);
    amdvi_count_own(&reader->fast_walks);
    return true;
}

static enum amdvi_found walk(struct amdvi_reader *reader, uint64_t context, uint64_t iova,
                             enum amdvi_access access, struct amdvi_page *out)
{
    struct amdvi_iommu *iommu = reader->iommu;
    uint64_t generation = atomic_load(&iommu->caches.generation);

    if (!walk_page(iommu, context, iova, generation, access, out)) {
        return AMDVI_FOUND_NOT;
    }
    keep(&iommu->caches, context, generation, out);
    reader->size_log2 = amdvi_page_size_log2(out);
    amdvi_count_own(&reader->fast_walks);
    return AMDVI_FOUND_WALK;
}

/* The page is in the TLB, without a pointer for @access: the host is asked for one, and it is kept.
 */
static AMDVI_SELDOM enum amdvi_found add_pointer(struct amdvi_reader *reader, uint64_t context,
                                                 uint64_t iova, enum amdvi_access access,
                                                 struct amdvi_page *page)
{
    struct amdvi_iommu *iommu = reader->iommu;
    uint64_t generation = atomic_load(&iommu->caches.generation);

    /* Once more, so that it is kept only if it was there since. */
    if (!amdvi_tlb_find_size(&iommu->caches, context, iova, amdvi_page_size_log2(page), page) ||
        use_of(iommu, page, access) != NO_POINTER) {
        return AMDVI_FOUND_NOT;
    }
    page->host = host_word(iommu, page, generation, access);
    if (!amdvi_has_pointer(page->host, access)) {
        return AMDVI_FOUND_NOT;
    }
    keep(&iommu->caches, context, generation, page);
    amdvi_count_own(&reader->fast_hits);
    return AMDVI_FOUND_TLB;
}

static enum amdvi_found use(struct amdvi_reader *reader, uint64_t context, uint64_t iova,
                            enum amdvi_access access, struct amdvi_page *page)
{
    switch (use_of(reader->iommu, page, access)) {
    case USABLE:
        amdvi_count_own(&reader->fast_hits);
        return AMDVI_FOUND_TLB;
    case NO_POINTER:
        return add_pointer(reader, context, iova, access, page);
    case UNUSUAL:
        break;
    }
    return AMDVI_FOUND_NOT;
}

/* The rest of amdvi_fast_page_elsewhere(), where walk_4k() did not help. */
static enum amdvi_found page_elsewhere(struct amdvi_reader *reader, uint64_t context, uint64_t iova,
                                       enum amdvi_access access, struct amdvi_page *out)
{
    unsigned size_log2 = reader->size_log2;

    if (amdvi_tlb_find_sizes(&reader->iommu->caches, context, iova, ~AMDVI_BIT(size_log2), out)) {
        reader->size_log2 = amdvi_page_size_log2(out);
        return use(reader, context, iova, access, out);
    }
    enum amdvi_found found = walk(reader, context, iova, access, out);
    /* It may be there after all, without a pointer, and the table that it came from be forgotten.
     */
    if (found == AMDVI_FOUND_NOT &&
        amdvi_tlb_find_size(&reader->iommu->caches, context, iova, size_log2, out)) {
        found = use(reader, context, iova, access, out);
    }
    return found;
}

AMDVI_SELDOM enum amdvi_found amdvi_fast_page_elsewhere(struct amdvi_reader *reader,
                                                        uint64_t context, uint64_t iova,
                                                        enum amdvi_access access,
                                                        struct amdvi_page *out)
{
    return reader->size_log2 == AMDVI_PAGE_LOG2 && walk_4k(reader, context, iova, access, out)
               ? AMDVI_FOUND_WALK
               : page_elsewhere(reader, context, iova, access, out);
}

enum amdvi_found amdvi_fast_page(struct amdvi_reader *reader, uint64_t context, uint64_t iova,
                                 enum amdvi_access access, struct amdvi_page *out)
{
    if (amdvi_tlb_find_size(&reader->iommu->caches, context, iova, reader->size_log2, out)) {
        return use(reader, context, iova, access, out);
    }
    return amdvi_fast_page_elsewhere(reader, context, iova, access, out);
}

/* ---- One call -------------------------------------------------------------------------------- */

/* The general way, quietly: as far as the pages are joined, it may be a pointer all the same. */
static __attribute__((noinline)) void *general_pointer(struct amdvi_reader *reader,
                                                       uint16_t device_id, uint64_t iova,
                                                       uint64_t size_bytes,
                                                       enum amdvi_access access)
{
    struct amdvi_request request = {
        .device_id = device_id,
        .access = access,
        .iova = iova,
        .size_bytes = size_bytes,
        .quiet = true,
    };
    struct amdvi_translation translation;

    if (amdvi_iommu_translate(reader, &request, &translation) != AMDVI_OK ||
        translation.outcome != AMDVI_OUTCOME_TRANSLATED || translation.run_bytes < size_bytes ||
        translation.host == NULL) {
        return NULL;
    }
    amdvi_count_own(&reader->translations);
    return translation.host;
}

/* Not a hit at the first look, nor, inside 4 KiB, what walk_4k() answers. */
static __attribute__((noinline)) void *other_pointer(struct amdvi_reader *reader,
                                                     uint16_t device_id, uint64_t iova,
                                                     uint64_t size_bytes, enum amdvi_access access)
{
    uint64_t context = amdvi_context_find(&reader->iommu->caches, device_id);
    enum amdvi_found found = AMDVI_FOUND_NOT;
    struct amdvi_page page;

    if (context != 0 && size_bytes != 0) {
        /* Across 4 KiB it was not looked for yet. */
        found = amdvi_is_inside_4k(iova, size_bytes)
                    ? page_elsewhere(reader, context, iova, access, &page)
                    : amdvi_fast_page(reader, context, iova, access, &page);
    }
    if (found == AMDVI_FOUND_NOT) {
        return general_pointer(reader, device_id, iova, size_bytes, access);
    }
    if (size_bytes > amdvi_bytes_to_end(iova, amdvi_page_size_log2(&page))) {
        return general_pointer(reader, device_id, iova, size_bytes, access);
    }
    return (page.host & AMDVI_TLB_NO_POINTER) == 0 ? amdvi_host_of(iova, page.host) : NULL;
}

/* A miss inside 4 KiB. */
static __attribute__((noinline)) void *walked_pointer(struct amdvi_reader *reader,
                                                      uint16_t device_id, uint64_t iova,
                                                      uint64_t size_bytes, enum amdvi_access access)
{
    uint64_t context = amdvi_context_find(&reader->iommu->caches, device_id);
    struct amdvi_page page;

    if (size_bytes != 0 && walk_4k(reader, context, iova, access, &page)) {
        return amdvi_host_of(iova, page.host);
    }
    return other_pointer(reader, device_id, iova, size_bytes, access);
}

/* A page that is not of 4 KiB, but of the size that was met last. */
static __attribute__((noinline)) void *large_pointer(struct amdvi_reader *reader,
                                                     uint16_t device_id, uint64_t iova,
                                                     uint64_t size_bytes, enum amdvi_access access)
{
    const struct amdvi_caches *caches = &reader->iommu->caches;
    uint64_t context = amdvi_context_find(caches, device_id);
    bool is_known = false;
    uint64_t host;

    if (amdvi_is_inside_4k(iova, size_bytes)) {
        is_known = reader->size_log2 == LARGE_LOG2
                       ? amdvi_fast_host(caches, context, iova, LARGE_LOG2, access, &host)
                       : amdvi_fast_host(caches, context, iova, reader->size_log2, access, &host);
    }
    if (is_known) {
        amdvi_count_own(&reader->fast_hits);
        return amdvi_host_of(iova, host);
    }
    return other_pointer(reader, device_id, iova, size_bytes, access);
}

void *amdvi_iommu_pointer(struct amdvi_reader *reader, uint16_t device_id, uint64_t iova,
                          uint64_t size_bytes, enum amdvi_access access)
{
    amdvi_reader_check_online(reader);
    if (reader->size_log2 != AMDVI_PAGE_LOG2) {
        return large_pointer(reader, device_id, iova, size_bytes, access);
    }
    const struct amdvi_caches *caches = &reader->iommu->caches;
    uint64_t context = amdvi_context_find(caches, device_id);
    uint64_t host;
    if (!amdvi_is_inside_4k(iova, size_bytes)) {
        return other_pointer(reader, device_id, iova, size_bytes, access);
    }
    if (amdvi_fast_host(caches, context, iova, AMDVI_PAGE_LOG2, access, &host)) {
        amdvi_count_own(&reader->fast_hits);
        return amdvi_host_of(iova, host);
    }
    return walked_pointer(reader, device_id, iova, size_bytes, access);
}
