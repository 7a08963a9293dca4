/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of a DMA request that ends in host memory: translated, and told as host pointers. */
#include "fast.h"

#define PAGE_BYTES AMDVI_BIT(AMDVI_PAGE_LOG2)

/* What one call has to do, and what it has done of it. */
struct segmenting {
    struct amdvi_reader *reader;
    struct amdvi_request rest;
    uint64_t context;    /* of the device; 0: the general way for all of it, as without host->map */
    unsigned pages_left; /* that this call may still look up */
    struct amdvi_segment *segments;
    unsigned capacity;
    unsigned count;
    uint8_t *end;        /* of the last segment: there the next page may continue it */
    bool is_full;        /* a page did not fit */
    uint64_t generation; /* of the caches, before anything was read */
};

/* Add @size_bytes at @host, which may be more than is asked for; @pages were looked up for them. */
static inline void add(struct segmenting *work, uint8_t *host, uint64_t size_bytes, unsigned pages)
{
    uint64_t bytes = size_bytes < work->rest.size_bytes ? size_bytes : work->rest.size_bytes;

    if (host == work->end) {
        work->segments[work->count - 1].size_bytes += bytes;
    } else if (work->count < work->capacity) {
        work->segments[work->count++] = (struct amdvi_segment){.host = host, .size_bytes = bytes};
    } else {
        work->is_full = true;
        return;
    }
    work->end = host + bytes;
    work->rest.iova += bytes;
    work->rest.size_bytes -= bytes;
    work->pages_left -= pages < work->pages_left ? pages : work->pages_left;
}

static inline bool is_to_go_on(const struct segmenting *work)
{
    return work->pages_left != 0 && work->rest.size_bytes != 0 && !work->is_full;
}

/* Pages of one size, as long as they are in the TLB. With a constant size it is faster. */
static inline __attribute__((always_inline)) void add_hits(struct segmenting *work,
                                                           unsigned size_log2)
{
    const struct amdvi_caches *caches = &work->reader->iommu->caches;
    enum amdvi_access access = work->rest.access;
    uint64_t context = work->context;
    uint64_t hits = 0;
    uint64_t host;

    while (is_to_go_on(work) &&
           amdvi_fast_host(caches, context, work->rest.iova, size_log2, access, &host)) {
        uint64_t iova = work->rest.iova;

        hits++;
        add(work, amdvi_host_of(iova, host), amdvi_bytes_to_end(iova, size_log2), 1);
    }
    amdvi_count_own_by(&work->reader->fast_hits, hits);
}

/* The bits of an entry of level 1 that make a page of 4 KiB of it, for @access. */
static uint64_t wanted_bits(enum amdvi_access access)
{
    return AMDVI_PTE_PR | ((access & AMDVI_ACCESS_READ) != 0 ? AMDVI_PTE_IR : 0) |
           ((access & AMDVI_ACCESS_WRITE) != 0 ? AMDVI_PTE_IW : 0);
}

/*
 * The next @size_bytes, in pages of 4 KiB that @entry and those behind it are. What changes is in
 * variables, and in no struct, so that it stays in registers. Returns how many were added.
 */
static unsigned add_entries(struct segmenting *work, const _Atomic uint64_t *entry,
                            uint64_t size_bytes)
{
    struct amdvi_iommu *iommu = work->reader->iommu;
    const _Atomic uint64_t *first = entry;
    bool is_write = (work->rest.access & AMDVI_ACCESS_WRITE) != 0;
    const uint64_t wanted = wanted_bits(work->rest.access);
    const uint64_t mask = wanted | AMDVI_PTE_NEXT_LEVEL | AMDVI_PTE_RESERVED;
    struct amdvi_stretch stretch = {.first_spa = UINT64_MAX};
    uint64_t offset = work->rest.iova % PAGE_BYTES;
    uint64_t left = size_bytes;
    unsigned count = work->count;
    uint8_t *end = work->end;

    for (; left != 0; entry++) {
        uint64_t word = amdvi_directory_entry(entry, 0);
        uint64_t spa = word & AMDVI_PTE_ADDRESS;

        if ((word & mask) != wanted ||
            (!amdvi_stretch_has(&stretch, spa, PAGE_BYTES) &&
             !amdvi_stretch_get(iommu, work->generation, spa, PAGE_BYTES, is_write, &stretch))) {
            break;
        }
        uint64_t bytes = PAGE_BYTES - offset < left ? PAGE_BYTES - offset : left;
        uint8_t *host = (uint8_t *)(uintptr_t)(spa + stretch.distance) + offset;
        if (host != end) {
            if (count == work->capacity) {
                work->is_full = true;
                break;
            }
            work->segments[count++] = (struct amdvi_segment){.host = host};
        }
        work->segments[count - 1].size_bytes += bytes;
        end = host + bytes;
        left -= bytes;
        offset = 0;
    }
    work->count = count;
    work->end = end;
    work->rest.iova += size_bytes - left;
    work->rest.size_bytes -= size_bytes - left;
    return (unsigned)(entry - first);
}

/*
 * Pages read side by side from the page table that they are in, if that is known: this takes less
 * than to look each of them up in the TLB. False when it came to none.
 */
static bool add_table(struct segmenting *work)
{
    struct amdvi_iommu *iommu = work->reader->iommu;
    enum amdvi_access access = work->rest.access;
    uint64_t first = work->rest.iova;
    uint64_t bytes = amdvi_bytes_to_end(first, amdvi_level_shift(2));
    uint64_t most =
        amdvi_bytes_to_end(first, AMDVI_PAGE_LOG2) + (uint64_t)(work->pages_left - 1) * PAGE_BYTES;
    uint64_t needed = AMDVI_TLB_PLAIN | access;
    struct amdvi_directory table;

    bytes = bytes < work->rest.size_bytes ? bytes : work->rest.size_bytes;
    bytes = bytes < most ? bytes : most;
    if (!amdvi_directory_find(&iommu->caches, work->context, first, 1, &table) ||
        table.host == NULL || (table.flags & needed) != needed) {
        return false;
    }
    unsigned pages = add_entries(work, &table.host[amdvi_level_index(1, first)], bytes);
    work->pages_left -= pages;
    amdvi_count_own_by(&work->reader->fast_walks, pages);
    return pages != 0;
}

/* One page of another size, or that is not in the TLB. False when it cannot be had this way. */
static bool add_page(struct segmenting *work)
{
    uint64_t iova = work->rest.iova;
    struct amdvi_page page;

    if (amdvi_fast_page_elsewhere(work->reader, work->context, iova, work->rest.access, &page) ==
        AMDVI_FOUND_NOT) {
        return false;
    }
    add(work, amdvi_host_of(iova, page.host), amdvi_bytes_to_end(iova, amdvi_page_size_log2(&page)),
        1);
    return true;
}

/* A run of the general way. False when the segments end here, and why. */
static bool add_general(struct segmenting *work, enum amdvi_status *status,
                        enum amdvi_outcome *outcome)
{
    struct amdvi_request limited = work->rest;
    uint64_t limit = (uint64_t)work->pages_left << AMDVI_PAGE_LOG2;
    struct amdvi_translation next;

    limited.size_bytes = limited.size_bytes < limit ? limited.size_bytes : limit;
    *status = amdvi_iommu_translate(work->reader, &limited, &next);
    if (*status != AMDVI_OK) {
        return false;
    }
    if (next.outcome != AMDVI_OUTCOME_TRANSLATED || next.host == NULL) {
        *outcome = next.outcome;
        return false;
    }
    add(work, next.host, next.run_bytes, (unsigned)(next.run_bytes >> AMDVI_PAGE_LOG2) + 1);
    return true;
}

/* What can be had of the pages at hand without the general way. False when that has to go on. */
static bool add_fast(struct segmenting *work)
{
    if (work->reader->size_log2 == AMDVI_PAGE_LOG2) {
        bool is_one = amdvi_is_inside_4k(work->rest.iova, work->rest.size_bytes);

        if (!is_one && add_table(work)) {
            return true;
        }
        add_hits(work, AMDVI_PAGE_LOG2);
    } else {
        add_hits(work, work->reader->size_log2);
    }
    return !is_to_go_on(work) || add_page(work);
}

static enum amdvi_status run(struct segmenting *work, enum amdvi_outcome *outcome)
{
    enum amdvi_status status = AMDVI_OK;
    bool going = true;

    while (going && is_to_go_on(work)) {
        if (work->context == 0 || !add_fast(work)) {
            going = add_general(work, &status, outcome);
        }
    }
    return status;
}

enum amdvi_status amdvi_iommu_segments(struct amdvi_reader *reader,
                                       const struct amdvi_request *request,
                                       struct amdvi_segment *segments, unsigned capacity,
                                       struct amdvi_segments *out)
{
    struct amdvi_caches *caches = &reader->iommu->caches;
    enum amdvi_outcome outcome = AMDVI_OUTCOME_TRANSLATED;
    struct segmenting work;

    amdvi_reader_check_online(reader);
    if (!amdvi_request_is_proper(request)) {
        return AMDVI_ERR_ARGUMENT;
    }
    work.reader = reader;
    work.rest = *request;
    bool is_fast = amdvi_request_is_simple(request) && reader->iommu->host.map != NULL;
    work.context = is_fast ? amdvi_context_find(caches, request->device_id) : 0;
    work.pages_left = AMDVI_CALL_PAGES;
    work.segments = segments;
    work.capacity = capacity;
    work.count = 0;
    work.end = NULL;
    work.is_full = false;
    work.generation = atomic_load(&caches->generation);
    enum amdvi_status status = run(&work, &outcome);
    *out = (struct amdvi_segments){
        .count = work.count,
        .size_bytes = request->size_bytes - work.rest.size_bytes,
        .more = work.rest.size_bytes != 0 && (work.is_full || work.pages_left == 0),
        .outcome = outcome,
    };
    return status;
}
