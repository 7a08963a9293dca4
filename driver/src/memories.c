/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware's memory (IVMD) in domains: mapped to itself before a device that needs it can use the
 * domain, and for as long as one is there. Records are never merged (XSA-378): where two overlap,
 * the pages belong to both, and go with the last.
 */
#include "state.h"
#include "store.h"

void amdvi_drv_memory_pages(const struct amdvi_drv *drv, unsigned index, uint64_t *out_first,
                            uint64_t *out_last)
{
    *out_first = drv->memory[index].first_spa & ~AMDVI_DRV_PAGE_MASK;
    *out_last = drv->memory[index].last_spa | AMDVI_DRV_PAGE_MASK;
}

/* The memory of @set that holds @at, or begins first behind it, but before @last; else 64. */
static unsigned find_next(const struct amdvi_drv *drv, uint64_t set, uint64_t at, uint64_t last)
{
    unsigned found = AMDVI_DRV_MEMORIES_MAX;
    uint64_t found_first = last;

    for (unsigned i = 0; i < drv->memory_count; i++) {
        uint64_t i_first, i_last;
        amdvi_drv_memory_pages(drv, i, &i_first, &i_last);
        if ((set >> i & 1) != 0 && i_last >= at && i_first <= found_first) {
            found = i;
            found_first = i_first;
            if (i_first <= at) {
                return i;
            }
        }
    }
    return found;
}

/*
 * The next piece of *at to @last that is in none of @set: *at to *out_end. False when there is
 * none. Bounded: each step passes one memory.
 */
static AMDVI_DRV_APART bool next_piece(const struct amdvi_drv *drv, uint64_t set, uint64_t last,
                                       uint64_t *at, uint64_t *out_end)
{
    while (*at <= last) {
        uint64_t first = 0;
        uint64_t end = 0;
        unsigned next = find_next(drv, set, *at, last);
        if (next == AMDVI_DRV_MEMORIES_MAX) {
            *out_end = last;
            return true;
        }
        amdvi_drv_memory_pages(drv, next, &first, &end);
        if (first > *at) {
            *out_end = first - 1;
            return true;
        }
        *at = end + 1;
    }
    return false;
}

/* What memory @index has alone, up to @last: out of the tables. */
static enum amdvi_drv_status unmap_pieces(struct amdvi_drv_domain *domain, unsigned index,
                                          uint64_t last, struct amdvi_drv_gather *gather)
{
    uint64_t set = domain->memories & ~(UINT64_C(1) << index);
    uint64_t at, index_last, end;

    amdvi_drv_memory_pages(domain->drv, index, &at, &index_last);
    enum amdvi_drv_status status = AMDVI_DRV_OK;
    uint64_t before = domain->pages.mapped_bytes;
    while (status == AMDVI_DRV_OK && next_piece(domain->drv, set, last, &at, &end)) {
        status = amdvi_drv_pages_unmap(&domain->pages, at, end - at + 1, gather);
        at = end + 1;
    }
    domain->firmware_bytes -= before - domain->pages.mapped_bytes;
    return status;
}

static AMDVI_DRV_APART bool contradicts(const struct amdvi_drv_domain *domain, unsigned index)
{
    const struct amdvi_drv *drv = domain->drv;
    uint64_t first, last;

    amdvi_drv_memory_pages(drv, index, &first, &last);
    for (unsigned i = 0; i < drv->memory_count; i++) {
        uint64_t i_first, i_last;
        amdvi_drv_memory_pages(drv, i, &i_first, &i_last);
        if ((domain->memories >> i & 1) != 0 && i_first <= last && first <= i_last &&
            drv->memory[i].access != drv->memory[index].access) {
            return true;
        }
    }
    return false;
}

/* After an error the pieces before @out_at are mapped. */
static enum amdvi_drv_status map_one(struct amdvi_drv_domain *domain, unsigned index,
                                     struct amdvi_drv_gather *gather, uint64_t *out_at)
{
    struct amdvi_drv *drv = domain->drv;
    uint64_t last, end;

    amdvi_drv_memory_pages(drv, index, out_at, &last);
    if (contradicts(domain, index)) {
        return AMDVI_DRV_ERR_EXISTS;
    }
    while (next_piece(drv, domain->memories, last, out_at, &end)) {
        if (amdvi_drv_queue_overlaps(domain, *out_at, end)) {
            return AMDVI_DRV_ERR_BUSY;
        }
        uint64_t size_bytes = end - *out_at + 1;
        enum amdvi_drv_status status = amdvi_drv_pages_map(
            &domain->pages, *out_at, *out_at, size_bytes, drv->memory[index].access, gather);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
        domain->firmware_bytes += size_bytes;
        *out_at = end + 1;
    }
    domain->memories |= UINT64_C(1) << index;
    return AMDVI_DRV_OK;
}

enum amdvi_drv_status amdvi_drv_memories_fill(struct amdvi_drv_domain *domain, uint64_t memories)
{
    struct amdvi_drv_gather gather;
    enum amdvi_drv_status status = AMDVI_DRV_OK;
    uint64_t at;

    amdvi_drv_gather_init(&gather);
    for (unsigned i = 0; i < domain->drv->memory_count && status == AMDVI_DRV_OK; i++) {
        if (memories >> i & 1) {
            status = map_one(domain, i, &gather, &at); /* the domain goes if it fails */
        }
    }
    amdvi_drv_pages_free(&domain->pages, &gather);
    return status;
}

static AMDVI_DRV_APART enum amdvi_drv_status map_missing(struct amdvi_drv_domain *domain,
                                                         uint64_t memories)
{
    enum amdvi_drv_status status = AMDVI_DRV_OK;
    struct amdvi_drv_gather gather;
    uint64_t at;

    amdvi_drv_gather_init(&gather);
    uintptr_t flags = amdvi_drv_lock(domain->drv->host, &domain->lock);
    for (unsigned i = 0; i < domain->drv->memory_count && status == AMDVI_DRV_OK; i++) {
        if (((memories & ~domain->memories) >> i & 1) == 0) {
            continue;
        }
        status = map_one(domain, i, &gather, &at);
        if (status != AMDVI_DRV_OK && at != 0) {
            /* They are pages of their own, so nothing is split that could fail. */
            (void)unmap_pieces(domain, i, at - 1, &gather);
        }
    }
    enum amdvi_drv_status settled = amdvi_drv_map_settle(domain, &gather, flags);
    return settled > status ? settled : status;
}

enum amdvi_drv_status amdvi_drv_memories_map(struct amdvi_drv_domain *domain, uint64_t memories)
{
    if (domain->config.kind != AMDVI_DRV_DOMAIN_PAGED || memories == 0) {
        return AMDVI_DRV_OK;
    }
    enum amdvi_drv_status status = amdvi_drv_sync(domain);
    return status == AMDVI_DRV_OK ? map_missing(domain, memories) : status;
}

enum amdvi_drv_status amdvi_drv_memories_unmap(struct amdvi_drv_domain *domain, uint64_t memories)
{
    const struct amdvi_drv_host *host = domain->drv->host;
    struct amdvi_drv_gather gather;

    amdvi_drv_gather_init(&gather);
    uintptr_t flags = amdvi_drv_lock(host, &domain->lock);
    memories &= domain->attaching == 0 ? domain->memories : 0;
    for (const struct amdvi_drv_requester *at = domain->requesters; at != NULL;
         at = at->next_in_domain) {
        memories &= at->domain == domain ? ~at->memories : UINT64_MAX;
    }
    for (unsigned i = 0; i < domain->drv->memory_count; i++) {
        uint64_t first, last;
        if ((memories >> i & 1) == 0) {
            continue;
        }
        amdvi_drv_memory_pages(domain->drv, i, &first, &last);
        /* No memory to split a page: all of it stays, reserved, and the next device that leaves
         * tries again. */
        if (unmap_pieces(domain, i, last, &gather) == AMDVI_DRV_OK) {
            domain->memories &= ~(UINT64_C(1) << i);
        }
    }
    return amdvi_drv_map_settle(domain, &gather, flags);
}

bool amdvi_drv_memories_overlap(const struct amdvi_drv_domain *domain, uint64_t first_iova,
                                uint64_t last_iova)
{
    for (unsigned i = 0; i < domain->drv->memory_count; i++) {
        uint64_t first, last;
        amdvi_drv_memory_pages(domain->drv, i, &first, &last);
        if ((domain->memories >> i & 1) != 0 && first <= last_iova && first_iova <= last) {
            return true;
        }
    }
    return false;
}
