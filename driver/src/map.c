/* SPDX-License-Identifier: BSD-2-Clause */
/* Map, unmap, find; and what becomes of it when an invalidation is not completed. */
#include "flush.h"
#include "registers.h"
#include "state.h"
#include "store.h"

#include <amdvi/ranges.h>

static bool overlaps(uint64_t first, uint64_t last, uint64_t other_first, uint64_t other_last)
{
    return first <= other_last && other_first <= last;
}

bool amdvi_drv_gather_is_empty(const struct amdvi_drv_gather *gather)
{
    return gather->first_iova > gather->last_iova && !gather->root_changed;
}

void amdvi_drv_domain_poison(struct amdvi_drv_domain *domain, struct amdvi_drv_gather *gather)
{
    if (gather != NULL) {
        amdvi_drv_gather_merge(&domain->waiting_gather, gather);
    }
    domain->poisoned = true;
    domain->poisonings++;
}

/*
 * The lock is held, and is given back. An invalidation has ended with @status: its tables are free,
 * or they wait.
 */
static enum amdvi_drv_status give_back(struct amdvi_drv_domain *domain,
                                       struct amdvi_drv_gather *gather, uintptr_t flags,
                                       enum amdvi_drv_status status)
{
    if (status == AMDVI_DRV_OK) {
        amdvi_drv_pages_free(&domain->pages, gather);
    } else {
        amdvi_drv_domain_poison(domain, gather);
    }
    amdvi_drv_unlock(domain->drv->host, &domain->lock, flags);
    return status;
}

enum amdvi_drv_status amdvi_drv_map_settle(struct amdvi_drv_domain *domain,
                                           struct amdvi_drv_gather *gather, uintptr_t flags)
{
    const struct amdvi_drv_host *host = domain->drv->host;
    uint32_t moving = gather->root_changed ? 1 : 0;

    /* What another call mapped in a new root is not there before its entries are. */
    if (amdvi_drv_gather_is_empty(gather) && domain->root_moving == 0) {
        amdvi_drv_unlock(host, &domain->lock, flags);
        return AMDVI_DRV_OK;
    }
    if (gather->root_changed) {
        amdvi_drv_domain_write_root(domain);
    }
    domain->root_moving += moving;
    enum amdvi_drv_status status = amdvi_drv_flush_domain(domain, gather, flags);
    flags = amdvi_drv_lock(host, &domain->lock);
    domain->root_moving -= moving;
    return give_back(domain, gather, flags, status);
}

/* What no table decides. */
static enum amdvi_drv_status check_numbers(const struct amdvi_drv_domain *domain, uint64_t iova,
                                           uint64_t size_bytes)
{
    if (domain->config.kind != AMDVI_DRV_DOMAIN_PAGED) {
        return AMDVI_DRV_ERR_UNSUPPORTED;
    }
    if (size_bytes == 0 || ((iova | size_bytes) & 0xfff) != 0 ||
        size_bytes - 1 > UINT64_MAX - iova) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    return AMDVI_DRV_OK;
}

/* domain->lock is held. */
static enum amdvi_drv_status check_map(const struct amdvi_drv_domain *domain, uint64_t iova,
                                       uint64_t size_bytes)
{
    const struct amdvi_drv_limits *limits = &domain->limits;
    uint64_t last = iova + size_bytes - 1;

    if (domain->poisoned) {
        return AMDVI_DRV_ERR_POISONED;
    }
    if (overlaps(iova, last, AMDVI_MSI_BASE, AMDVI_MSI_BASE + AMDVI_MSI_BYTES - 1) ||
        overlaps(iova, last, AMDVI_HT_RANGES_FIRST, AMDVI_HT_RANGES_LAST) ||
        amdvi_drv_memories_overlap(domain, iova, last)) {
        return AMDVI_DRV_ERR_RESERVED;
    }
    if (iova < limits->first_iova || last > limits->last_iova) {
        return AMDVI_DRV_ERR_LIMIT;
    }
    uint64_t mapped = domain->pages.mapped_bytes - domain->firmware_bytes;
    if (mapped > limits->bytes_max || size_bytes > limits->bytes_max - mapped) {
        return AMDVI_DRV_ERR_LIMIT;
    }
    return AMDVI_DRV_OK;
}

/* What is mapped, and whether it is the driver's own memory. */
struct wanted {
    uint64_t iova;
    uint64_t spa;
    uint64_t size_bytes;
    unsigned access;
    bool is_own;
};

/* domain->lock is held. Into the tables. */
static AMDVI_DRV_APART enum amdvi_drv_status enter_range(struct amdvi_drv_domain *domain,
                                                         const struct wanted *wanted,
                                                         struct amdvi_drv_gather *gather)
{
    const struct amdvi_drv_limits *limits = &domain->limits;
    enum amdvi_drv_status status = check_map(domain, wanted->iova, wanted->size_bytes);

    if (status != AMDVI_DRV_OK) {
        return status;
    }
    if (!wanted->is_own && limits->may_map != NULL &&
        !limits->may_map(limits->owner, wanted->spa, wanted->size_bytes, wanted->access)) {
        return AMDVI_DRV_ERR_LIMIT;
    }
    return amdvi_drv_pages_map(&domain->pages, wanted->iova, wanted->spa, wanted->size_bytes,
                               wanted->access, gather);
}

/* domain->lock is held, with @flags, and is given back. */
static AMDVI_DRV_APART enum amdvi_drv_status map_range(struct amdvi_drv_domain *domain,
                                                       const struct wanted *wanted, uintptr_t flags)
{
    const struct amdvi_drv_host *host = domain->drv->host;
    struct amdvi_drv_gather gather;
    enum amdvi_drv_status settled = AMDVI_DRV_OK;

    amdvi_drv_gather_init(&gather);
    enum amdvi_drv_status status = enter_range(domain, wanted, &gather);
    if (status == AMDVI_DRV_OK || !amdvi_drv_gather_is_empty(&gather)) {
        settled = amdvi_drv_map_settle(domain, &gather, flags);
    } else {
        amdvi_drv_unlock(host, &domain->lock, flags);
    }
    if (status != AMDVI_DRV_OK || settled == AMDVI_DRV_OK) {
        return settled > status ? settled : status;
    }
    /* Not completed: nothing is mapped, and a cache may know it. */
    amdvi_drv_gather_init(&gather);
    flags = amdvi_drv_lock(host, &domain->lock);
    status = amdvi_drv_pages_unmap(&domain->pages, wanted->iova, wanted->size_bytes, &gather);
    amdvi_drv_domain_poison(domain, &gather);
    amdvi_drv_unlock(host, &domain->lock, flags);
    return settled > status ? settled : status;
}

/* Take the domain's lock when nothing in the range waits to be invalidated. */
static AMDVI_DRV_APART enum amdvi_drv_status
lock_for_map(struct amdvi_drv_domain *domain, const struct wanted *wanted, uintptr_t *out_flags)
{
    const struct amdvi_drv_host *host = domain->drv->host;
    uint64_t deadline_ns = amdvi_drv_deadline(domain->drv);
    uint64_t last = wanted->iova + wanted->size_bytes - 1;

    for (;;) {
        *out_flags = amdvi_drv_lock(host, &domain->lock);
        if (domain->poisoned || !amdvi_drv_queue_overlaps(domain, wanted->iova, last)) {
            return AMDVI_DRV_OK;
        }
        amdvi_drv_unlock(host, &domain->lock, *out_flags);
        enum amdvi_drv_status status = amdvi_drv_sync(domain);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
        /* Somebody else goes on unmapping what this caller maps. */
        if (amdvi_drv_is_late(host, deadline_ns)) {
            return AMDVI_DRV_ERR_BUSY;
        }
    }
}

static enum amdvi_drv_status check_and_map(struct amdvi_drv_domain *domain,
                                           const struct wanted *wanted)
{
    enum amdvi_drv_status status = check_numbers(domain, wanted->iova, wanted->size_bytes);
    uintptr_t flags;

    if (status == AMDVI_DRV_OK) {
        status = lock_for_map(domain, wanted, &flags);
    }
    return status == AMDVI_DRV_OK ? map_range(domain, wanted, flags) : status;
}

enum amdvi_drv_status amdvi_drv_map(struct amdvi_drv_domain *domain, uint64_t iova, uint64_t spa,
                                    uint64_t size_bytes, unsigned access)
{
    struct wanted wanted = {iova, spa, size_bytes, access, .is_own = false};

    return check_and_map(domain, &wanted);
}

enum amdvi_drv_status amdvi_drv_map_own(struct amdvi_drv_domain *domain, uint64_t iova,
                                        uint64_t spa, uint64_t size_bytes, unsigned access)
{
    struct wanted wanted = {iova, spa, size_bytes, access, .is_own = true};

    return check_and_map(domain, &wanted);
}

/* ---- Unmap ----------------------------------------------------------------------------------- */

/* The lock is held, and is given back: out of the caches, and then the tables are free. */
static enum amdvi_drv_status complete(struct amdvi_drv_domain *domain,
                                      struct amdvi_drv_gather *gather, uintptr_t flags)
{
    const struct amdvi_drv_host *host = domain->drv->host;
    enum amdvi_drv_status status = AMDVI_DRV_ERR_POISONED;

    if (!domain->poisoned) {
        status = amdvi_drv_flush_domain(domain, gather, flags);
        flags = amdvi_drv_lock(host, &domain->lock);
    }
    return give_back(domain, gather, flags, status);
}

/* The lock is held: out of the tables. L-1: whether or not something was there, and whatever
 * NpCache is, the whole range is to be invalidated. */
static enum amdvi_drv_status clear_range(struct amdvi_drv_domain *domain, uint64_t first,
                                         uint64_t last, struct amdvi_drv_gather *gather)
{
    if (amdvi_drv_memories_overlap(domain, first, last)) {
        return AMDVI_DRV_ERR_RESERVED;
    }
    enum amdvi_drv_status status =
        amdvi_drv_pages_unmap(&domain->pages, first, last - first + 1, gather);
    if (status == AMDVI_DRV_OK) {
        gather->first_iova = gather->first_iova < first ? gather->first_iova : first;
        gather->last_iova = gather->last_iova > last ? gather->last_iova : last;
    }
    return status;
}

static AMDVI_DRV_APART enum amdvi_drv_status unmap_range(struct amdvi_drv_domain *domain,
                                                         uint64_t iova, uint64_t size_bytes,
                                                         bool may_wait, void *cookie)
{
    const struct amdvi_drv_host *host = domain->drv->host;
    uint64_t last = iova + size_bytes - 1;
    struct amdvi_drv_gather gather;

    amdvi_drv_gather_init(&gather);
    uintptr_t flags = amdvi_drv_lock(host, &domain->lock);
    enum amdvi_drv_status status = clear_range(domain, iova, last, &gather);
    if (status != AMDVI_DRV_OK && amdvi_drv_gather_is_empty(&gather)) {
        amdvi_drv_unlock(host, &domain->lock, flags);
        return status;
    }
    if (status != AMDVI_DRV_OK) { /* a page was split, but not all that had to be */
        enum amdvi_drv_status settled = amdvi_drv_map_settle(domain, &gather, flags);
        return settled > status ? settled : status;
    }
    if (may_wait && !domain->poisoned && amdvi_drv_queue_push(domain, iova, last, cookie)) {
        amdvi_drv_gather_merge(&domain->waiting_gather, &gather);
        amdvi_drv_unlock(host, &domain->lock, flags);
        return AMDVI_DRV_OK;
    }
    status = complete(domain, &gather, flags);
    if (status == AMDVI_DRV_OK && may_wait) {
        host->released(host->ctx, cookie);
    }
    return status;
}

enum amdvi_drv_status amdvi_drv_unmap(struct amdvi_drv_domain *domain, uint64_t iova,
                                      uint64_t size_bytes, void *cookie)
{
    bool may_wait = domain->config.flush != AMDVI_DRV_FLUSH_STRICT;
    enum amdvi_drv_status status = check_numbers(domain, iova, size_bytes);

    if (status != AMDVI_DRV_OK) {
        return status;
    }
    /* Of a queue that could not be emptied: the domain is poisoned then, which is found next. */
    enum amdvi_drv_status emptied = may_wait ? amdvi_drv_queue_room(domain) : AMDVI_DRV_OK;
    status = unmap_range(domain, iova, size_bytes, may_wait, cookie);
    return status == AMDVI_DRV_ERR_POISONED && emptied != AMDVI_DRV_OK ? emptied : status;
}

enum amdvi_drv_status amdvi_drv_unmap_strict(struct amdvi_drv_domain *domain, uint64_t iova,
                                             uint64_t size_bytes)
{
    return unmap_range(domain, iova, size_bytes, false, NULL);
}

bool amdvi_drv_find(struct amdvi_drv_domain *domain, uint64_t iova, struct amdvi_drv_mapping *out)
{
    const struct amdvi_drv_host *host = domain->drv->host;

    if (domain->config.kind == AMDVI_DRV_DOMAIN_IDENTITY) {
        uint64_t end = UINT64_C(1) << 52;
        if (iova >= end) {
            return false;
        }
        *out = (struct amdvi_drv_mapping){.spa = iova,
                                          .run_bytes = end - iova,
                                          .access = AMDVI_DRV_READ | AMDVI_DRV_WRITE,
                                          .size_log2 = 52};
        return true;
    }
    if (domain->config.kind == AMDVI_DRV_DOMAIN_BLOCKED) {
        return false;
    }
    uintptr_t flags = amdvi_drv_lock(host, &domain->lock);
    bool is_mapped = amdvi_drv_pages_find(&domain->pages, iova, out);
    amdvi_drv_unlock(host, &domain->lock, flags);
    return is_mapped;
}
