/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unmaps that wait to be invalidated, of domains that are not strict: a ring of what the host has
 * to be told, counted on without end, and one gather with the tables.
 *
 * Several calls may complete the queue at once. Each submits the ranges of all that waits, of those
 * that others are busy with too, and so may tell the host of all of them; tables belong to the call
 * that took them.
 */
#include "state.h"
#include "store.h"

static struct amdvi_drv_waiting *slot(const struct amdvi_drv_domain *domain, uint32_t number)
{
    struct amdvi_drv_waiting *waiting = domain->queue.bytes;

    return &waiting[number % domain->config.queue_max];
}

static void set_timer(const struct amdvi_drv_domain *domain)
{
    const struct amdvi_drv_host *host = domain->drv->host;

    if (domain->config.flush == AMDVI_DRV_FLUSH_LAZY) {
        host->set_timer(host->ctx,
                        domain->queue_since_ns + UINT64_C(1000) * domain->config.lazy_us);
    }
}

bool amdvi_drv_queue_push(struct amdvi_drv_domain *domain, uint64_t first_iova, uint64_t last_iova,
                          void *cookie)
{
    const struct amdvi_drv_host *host = domain->drv->host;

    if (domain->queue_count == domain->config.queue_max) {
        return false;
    }
    *slot(domain, domain->queue_first + domain->queue_count) =
        (struct amdvi_drv_waiting){first_iova, last_iova, cookie};
    domain->queue_count++;
    if (domain->queue_count == 1) {
        domain->queue_since_ns = host->now_ns(host->ctx);
        set_timer(domain);
    }
    return true;
}

bool amdvi_drv_queue_overlaps(const struct amdvi_drv_domain *domain, uint64_t first_iova,
                              uint64_t last_iova)
{
    for (uint32_t i = 0; i < domain->queue_count; i++) {
        const struct amdvi_drv_waiting *waiting = slot(domain, domain->queue_first + i);
        if (waiting->first_iova <= last_iova && first_iova <= waiting->last_iova) {
            return true;
        }
    }
    return false;
}

void amdvi_drv_queue_release(struct amdvi_drv_domain *domain, uint32_t end)
{
    const struct amdvi_drv_host *host = domain->drv->host;
    void *cookie[8];
    unsigned count;

    do {
        uintptr_t flags = amdvi_drv_lock(host, &domain->lock);
        /* Another call may have come as far, or further. */
        for (count = 0;
             count < 8 && domain->queue_count != 0 && (int32_t)(end - domain->queue_first) > 0;
             count++) {
            cookie[count] = slot(domain, domain->queue_first)->cookie;
            domain->queue_first++;
            domain->queue_count--;
        }
        amdvi_drv_unlock(host, &domain->lock, flags);
        for (unsigned i = 0; i < count; i++) {
            host->released(host->ctx, cookie[i]);
        }
    } while (count == 8);
}

/* The ranges of all that waits; entries that lead to tables which others hold, too. */
static void widen(const struct amdvi_drv_domain *domain, struct amdvi_drv_gather *gather)
{
    for (uint32_t i = 0; i < domain->queue_count; i++) {
        const struct amdvi_drv_waiting *waiting = slot(domain, domain->queue_first + i);
        if (waiting->first_iova < gather->first_iova) {
            gather->first_iova = waiting->first_iova;
        }
        if (waiting->last_iova > gather->last_iova) {
            gather->last_iova = waiting->last_iova;
        }
    }
    gather->directories = true;
}

/* A call that completes what waits. */
struct sync {
    struct amdvi_drv_gather gather;
    uint64_t begin_ns;
    uint32_t end; /* of the queue when it began */
};

/* domain->lock is held, and something waits. */
static AMDVI_DRV_APART void begin_sync(struct amdvi_drv_domain *domain, struct sync *out)
{
    const struct amdvi_drv_host *host = domain->drv->host;

    out->end = domain->queue_first + domain->queue_count;
    out->begin_ns = host->now_ns(host->ctx);
    out->gather = domain->waiting_gather;
    amdvi_drv_gather_init(&domain->waiting_gather);
    if (domain->syncing != 0) {
        widen(domain, &out->gather);
    }
    domain->syncing++;
}

static AMDVI_DRV_APART void end_sync(struct amdvi_drv_domain *domain, struct sync *sync,
                                     enum amdvi_drv_status status)
{
    const struct amdvi_drv_host *host = domain->drv->host;
    uintptr_t flags = amdvi_drv_lock(host, &domain->lock);

    domain->syncing--;
    if (status == AMDVI_DRV_OK) {
        amdvi_drv_pages_free(&domain->pages, &sync->gather);
        /* What came meanwhile is younger than this. */
        domain->queue_since_ns = sync->begin_ns;
        if (domain->queue_first + domain->queue_count != sync->end) {
            set_timer(domain);
        }
    } else {
        amdvi_drv_domain_poison(domain, &sync->gather);
    }
    amdvi_drv_unlock(host, &domain->lock, flags);
}

enum amdvi_drv_status amdvi_drv_sync(struct amdvi_drv_domain *domain)
{
    const struct amdvi_drv_host *host = domain->drv->host;
    struct sync sync;
    uintptr_t flags = amdvi_drv_lock(host, &domain->lock);

    if (domain->poisoned || domain->queue_count == 0) {
        bool is_poisoned = domain->poisoned;
        amdvi_drv_unlock(host, &domain->lock, flags);
        return is_poisoned ? AMDVI_DRV_ERR_POISONED : AMDVI_DRV_OK;
    }
    begin_sync(domain, &sync);
    enum amdvi_drv_status status = amdvi_drv_flush_domain(domain, &sync.gather, flags);
    end_sync(domain, &sync, status);
    if (status == AMDVI_DRV_OK) {
        amdvi_drv_queue_release(domain, sync.end);
    }
    return status;
}

enum amdvi_drv_status amdvi_drv_queue_room(struct amdvi_drv_domain *domain)
{
    const struct amdvi_drv_host *host = domain->drv->host;
    uintptr_t flags = amdvi_drv_lock(host, &domain->lock);
    bool is_full = domain->queue_count == domain->config.queue_max && !domain->poisoned;

    amdvi_drv_unlock(host, &domain->lock, flags);
    return is_full ? amdvi_drv_sync(domain) : AMDVI_DRV_OK;
}

static AMDVI_DRV_APART bool is_due(struct amdvi_drv_domain *domain, uint64_t now_ns)
{
    const struct amdvi_drv_host *host = domain->drv->host;
    uintptr_t flags = amdvi_drv_lock(host, &domain->lock);
    bool due = domain->config.flush == AMDVI_DRV_FLUSH_LAZY && !domain->poisoned &&
               domain->queue_count != 0 &&
               now_ns >= domain->queue_since_ns + UINT64_C(1000) * domain->config.lazy_us;

    amdvi_drv_unlock(host, &domain->lock, flags);
    return due;
}

bool amdvi_drv_domains_poll(struct amdvi_drv *drv)
{
    const struct amdvi_drv_host *host = drv->host;
    uint64_t now_ns = host->now_ns(host->ctx);

    /* After its sync a domain is not due at this time any more, or poisoned. */
    for (;;) {
        uintptr_t flags = amdvi_drv_lock(host, &drv->lock);
        struct amdvi_drv_domain *domain = drv->domains;
        while (domain != NULL && (domain->polled || !is_due(domain, now_ns))) {
            domain = domain->next;
        }
        if (domain != NULL) {
            domain->polled = true;
        }
        amdvi_drv_unlock(host, &drv->lock, flags);
        if (domain == NULL) {
            return false;
        }
        (void)!amdvi_drv_sync(domain);
        flags = amdvi_drv_lock(host, &drv->lock);
        domain->polled = false;
        amdvi_drv_unlock(host, &drv->lock, flags);
    }
}
