/* SPDX-License-Identifier: BSD-2-Clause */
/* The way out of quarantine, what a device cannot use, and homes. */
#include "state.h"
#include "store.h"

#include <amdvi/ranges.h>

bool amdvi_drv_domain_is_poisoned(struct amdvi_drv_domain *domain)
{
    uintptr_t flags = amdvi_drv_lock(domain->drv->host, &domain->lock);
    bool is_poisoned = domain->poisoned;

    amdvi_drv_unlock(domain->drv->host, &domain->lock, flags);
    return is_poisoned;
}

/* ---- Quarantine ------------------------------------------------------------------------------ */

static void free_kept(struct amdvi_drv *drv, struct amdvi_drv_kept *kept)
{
    while (kept != NULL) {
        struct amdvi_drv_kept *next = kept->next;
        amdvi_drv_heap_free(&drv->heap, &kept->page);
        amdvi_drv_object_free(drv, kept);
        kept = next;
    }
}

/* domain->lock is held. */
static void keep_all(struct amdvi_drv_domain *domain, struct amdvi_drv_kept *kept)
{
    while (kept != NULL) {
        struct amdvi_drv_kept *next = kept->next;
        kept->next = domain->kept;
        domain->kept = kept;
        kept = next;
    }
}

/* Who left, but may still be in an IOMMU's cache with the domain's tables: held on to, and nobody
 * else's to take out; or NULL. */
static struct amdvi_drv_requester *take_gone(struct amdvi_drv_domain *domain)
{
    struct amdvi_drv *drv = domain->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    struct amdvi_drv_requester *at = domain->requesters;

    while (at != NULL && (at->domain == domain || at->leaving)) {
        at = at->next_in_domain;
    }
    if (at != NULL) {
        at->users++;
        at->leaving = true;
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return at;
}

static AMDVI_DRV_APART enum amdvi_drv_status finish_leaving(struct amdvi_drv_domain *domain)
{
    enum amdvi_drv_status status = AMDVI_DRV_OK;
    struct amdvi_drv_requester *gone;

    while (status == AMDVI_DRV_OK && (gone = take_gone(domain)) != NULL) {
        status = amdvi_drv_requester_leave(gone);
        amdvi_drv_requester_put(gone);
    }
    return status;
}

static uint32_t poisonings_of(struct amdvi_drv_domain *domain)
{
    uintptr_t flags = amdvi_drv_lock(domain->drv->host, &domain->lock);
    uint32_t poisonings = domain->poisonings;

    amdvi_drv_unlock(domain->drv->host, &domain->lock, flags);
    return poisonings;
}

/*
 * One attempt, about all that is there when it begins. @out_more: something came meanwhile, after
 * @poisonings.
 */
static AMDVI_DRV_APART enum amdvi_drv_status recover_once(struct amdvi_drv_domain *domain,
                                                          uint32_t poisonings, bool *out_more)
{
    struct amdvi_drv *drv = domain->drv;
    const struct amdvi_drv_host *host = drv->host;
    uintptr_t flags = amdvi_drv_lock(host, &domain->lock);
    struct amdvi_drv_gather gather = domain->waiting_gather;
    struct amdvi_drv_kept *kept = domain->kept;
    uint32_t end = domain->queue_first + domain->queue_count;

    amdvi_drv_gather_init(&domain->waiting_gather);
    domain->kept = NULL;
    gather.first_iova = 0;
    gather.last_iova = UINT64_MAX;
    gather.directories = true;
    gather.root_changed = true; /* the entries of all requesters */
    enum amdvi_drv_status status = amdvi_drv_flush_domain(domain, &gather, flags);

    flags = amdvi_drv_lock(host, &domain->lock);
    if (status == AMDVI_DRV_OK) {
        amdvi_drv_pages_free(&domain->pages, &gather);
        *out_more = domain->poisonings != poisonings || domain->kept != NULL;
        domain->poisoned = *out_more;
    } else {
        amdvi_drv_domain_poison(domain, &gather);
        keep_all(domain, kept);
    }
    amdvi_drv_unlock(host, &domain->lock, flags);
    if (status == AMDVI_DRV_OK) {
        free_kept(drv, kept);
        amdvi_drv_queue_release(domain, end);
    }
    return status;
}

enum amdvi_drv_status amdvi_drv_domain_recover(struct amdvi_drv_domain *domain)
{
    bool more = true;

    /* Whoever unmaps meanwhile in a poisoned domain adds to the quarantine, and whoever leaves it
     * may not be completed. */
    for (unsigned i = 0; i < 8 && more; i++) {
        uint32_t poisonings = poisonings_of(domain);
        enum amdvi_drv_status status = finish_leaving(domain);
        if (status == AMDVI_DRV_OK) {
            status = recover_once(domain, poisonings, &more);
        }
        if (status != AMDVI_DRV_OK) {
            return status;
        }
    }
    return more ? AMDVI_DRV_ERR_BUSY : AMDVI_DRV_OK;
}

/* ---- Homes ----------------------------------------------------------------------------------- */

static struct amdvi_drv_domain *find_home(struct amdvi_drv *drv, uint64_t memories)
{
    struct amdvi_drv_domain *at = drv->domains;

    while (at != NULL && !(at->is_home && at->memories == memories)) {
        at = at->next;
    }
    return at;
}

/* @fresh unless somebody else made one meanwhile. */
static AMDVI_DRV_APART struct amdvi_drv_domain *insert_home(struct amdvi_drv *drv,
                                                            struct amdvi_drv_domain *fresh)
{
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    struct amdvi_drv_domain *found = find_home(drv, fresh->memories);

    if (found == NULL) {
        fresh->next = drv->domains;
        drv->domains = fresh;
        found = fresh;
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return found;
}

static AMDVI_DRV_APART enum amdvi_drv_status make_home(struct amdvi_drv *drv,
                                                       struct amdvi_drv_domain **out)
{
    struct amdvi_drv_domain_config config;

    amdvi_drv_domain_config_init(&config);
    config.page_sizes = AMDVI_DRV_PAGE_SIZES_ALL;
    enum amdvi_drv_status status = amdvi_drv_domain_make(drv, &config, out);
    if (status == AMDVI_DRV_OK) {
        (*out)->is_home = true;
    }
    return status;
}

struct amdvi_drv_domain *amdvi_drv_home_of(struct amdvi_drv *drv, uint64_t memories)
{
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    struct amdvi_drv_domain *found = memories != 0 ? find_home(drv, memories) : NULL;

    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return found;
}

enum amdvi_drv_status amdvi_drv_home_find(struct amdvi_drv *drv, uint64_t memories,
                                          struct amdvi_drv_domain **out)
{
    struct amdvi_drv_domain *domain = NULL;

    *out = amdvi_drv_home_of(drv, memories);
    if (memories == 0 || *out != NULL) {
        return AMDVI_DRV_OK;
    }
    enum amdvi_drv_status status = make_home(drv, &domain);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    status = amdvi_drv_memories_fill(domain, memories);
    if (status == AMDVI_DRV_OK) {
        *out = insert_home(drv, domain);
    }
    if (status != AMDVI_DRV_OK || *out != domain) {
        amdvi_drv_domain_free(domain);
    }
    return status;
}

void amdvi_drv_homes_destroy(struct amdvi_drv *drv)
{
    for (struct amdvi_drv_domain **at = &drv->domains; *at != NULL;) {
        struct amdvi_drv_domain *domain = *at;
        if (domain->is_home) {
            *at = domain->next;
            amdvi_drv_domain_free(domain);
        } else {
            at = &domain->next;
        }
    }
}

/* ---- Reserved ranges ------------------------------------------------------------------------- */

/* Firmware's memory number @index of those that matter; false beyond. */
static bool find_firmware(const struct amdvi_drv *drv, uint64_t memories, unsigned index,
                          struct amdvi_drv_reserved_range *out)
{
    for (unsigned i = 0; i < drv->memory_count; i++) {
        if ((memories >> i & 1) != 0 && index-- == 0) {
            out->kind = AMDVI_DRV_RESERVED_FIRMWARE;
            amdvi_drv_memory_pages(drv, i, &out->first_iova, &out->last_iova);
            return true;
        }
    }
    return false;
}

/* Firmware's memory of the device, and what is mapped in the domain, which may be NULL. */
static uint64_t memories_of(struct amdvi_drv_device *device, struct amdvi_drv_domain *domain)
{
    const struct amdvi_drv_host *host = device->drv->host;
    uint64_t memories = 0;
    uintptr_t flags = amdvi_drv_lock(host, &device->drv->lock);

    for (unsigned i = 0; i < device->requester_count; i++) {
        memories |= device->requester[i]->memories;
    }
    if (domain != NULL) {
        uintptr_t domain_flags = amdvi_drv_lock(host, &domain->lock);
        memories |= domain->memories;
        amdvi_drv_unlock(host, &domain->lock, domain_flags);
    }
    amdvi_drv_unlock(host, &device->drv->lock, flags);
    return memories;
}

bool amdvi_drv_reserved_range(struct amdvi_drv_device *device, struct amdvi_drv_domain *domain,
                              unsigned index, struct amdvi_drv_reserved_range *out)
{
    static const struct amdvi_drv_reserved_range always[2] = {
        {AMDVI_MSI_BASE, AMDVI_MSI_BASE + AMDVI_MSI_BYTES - 1, AMDVI_DRV_RESERVED_MSI},
        {AMDVI_HT_RANGES_FIRST, AMDVI_HT_RANGES_LAST, AMDVI_DRV_RESERVED_HYPERTRANSPORT},
    };
    uint64_t memories = memories_of(device, domain);
    unsigned levels = device->requester[0]->unit->info.levels_max;
    uint64_t first = domain != NULL ? domain->limits.first_iova : 0;
    uint64_t last = domain != NULL ? domain->limits.last_iova
                    : levels >= 6  ? UINT64_MAX
                                   : AMDVI_BIT(12 + 9 * levels) - 1;

    if (index < 2) {
        *out = always[index];
        return true;
    }
    index -= 2;
    if (find_firmware(device->drv, memories, index, out)) {
        return true;
    }
    for (; memories != 0; memories &= memories - 1) {
        index--;
    }
    out->kind = AMDVI_DRV_RESERVED_LIMIT;
    if (first > 0 && index-- == 0) {
        out->first_iova = 0;
        out->last_iova = first - 1;
        return true;
    }
    if (last < UINT64_MAX && index == 0) {
        out->first_iova = last + 1;
        out->last_iova = UINT64_MAX;
        return true;
    }
    return false;
}
