/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains: created and destroyed, their numbers, and homes for firmware's memory. */
#include "registers.h"
#include "state.h"
#include "store.h"

#define QUEUE_MAX 4096

void amdvi_drv_domain_config_init(struct amdvi_drv_domain_config *config)
{
    *config = (struct amdvi_drv_domain_config){.size = sizeof(*config),
                                               .kind = AMDVI_DRV_DOMAIN_PAGED,
                                               .flush = AMDVI_DRV_FLUSH_STRICT,
                                               .lazy_us = 10000,
                                               .queue_max = 256};
}

/* ---- Numbers --------------------------------------------------------------------------------- */

/*
 * The next free one after the last that was given out, so that one comes back late; 0: none. Two
 * domains never have the same, and it is free only when all that was tagged with it is invalidated.
 */
static uint16_t take_id(struct amdvi_drv *drv)
{
    amdvi_drv_word32 *words = drv->domain_ids.bytes;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    uint32_t id = drv->last_domain_id;
    uint32_t tried = 0;

    do {
        id = id == 65535 ? 1 : id + 1;
        tried++;
    } while (tried < 65535 && (words[id / 32] >> (id % 32) & 1) != 0);
    bool is_free = (words[id / 32] >> (id % 32) & 1) == 0;
    if (is_free) {
        words[id / 32] |= UINT32_C(1) << (id % 32);
        drv->last_domain_id = (uint16_t)id;
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return is_free ? (uint16_t)id : 0;
}

static void give_id(struct amdvi_drv *drv, uint16_t id)
{
    amdvi_drv_word32 *words = drv->domain_ids.bytes;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);

    words[id / 32] &= ~(UINT32_C(1) << (id % 32));
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
}

/* ---- Making ---------------------------------------------------------------------------------- */

/* What all units can do: a domain is the same behind each. */
static void fill_pages_config(const struct amdvi_drv_domain *domain,
                              struct amdvi_drv_pages_config *out)
{
    const struct amdvi_drv *drv = domain->drv;

    *out = (struct amdvi_drv_pages_config){
        .page_sizes = domain->config.page_sizes & AMDVI_DRV_PAGE_SIZES_ALL,
        .levels_max = AMDVI_DRV_LEVELS_MAX,
        .force_coherent = drv->host->flush == NULL,
        .tables_max = domain->limits.tables_max,
    };
    for (unsigned i = 0; i < drv->unit_count; i++) {
        const struct amdvi_drv_unit_info *info = &drv->units[i]->info;
        out->gather_new = out->gather_new || info->np_cache;
        if (info->levels_max < out->levels_max) {
            out->levels_max = info->levels_max;
        }
    }
}

static uint64_t greatest_iova(unsigned levels)
{
    return levels >= 6 ? UINT64_MAX : AMDVI_BIT(12 + 9 * levels) - 1;
}

static enum amdvi_drv_status make_pages(struct amdvi_drv_domain *domain)
{
    struct amdvi_drv_pages_config pages;
    struct amdvi_drv_limits none = {.last_iova = UINT64_MAX, .bytes_max = UINT64_MAX};

    domain->limits = domain->config.limits != NULL ? *domain->config.limits : none;
    domain->config.limits = NULL; /* the caller's, and copied */
    fill_pages_config(domain, &pages);
    if (domain->limits.last_iova > greatest_iova(pages.levels_max)) {
        domain->limits.last_iova = greatest_iova(pages.levels_max);
    }
    return domain->config.kind == AMDVI_DRV_DOMAIN_PAGED
               ? amdvi_drv_pages_init(&domain->pages, &domain->drv->heap, &pages)
               : AMDVI_DRV_OK;
}

enum amdvi_drv_status amdvi_drv_domain_make(struct amdvi_drv *drv,
                                            const struct amdvi_drv_domain_config *config,
                                            struct amdvi_drv_domain **out)
{
    struct amdvi_drv_domain *domain = amdvi_drv_object_alloc(drv);
    enum amdvi_drv_status status = AMDVI_DRV_OK;

    if (domain == NULL) {
        return AMDVI_DRV_ERR_NO_MEMORY;
    }
    domain->drv = drv;
    domain->config = *config;
    amdvi_drv_gather_init(&domain->waiting_gather);
    domain->domain_id = take_id(drv);
    if (domain->domain_id == 0) {
        status = AMDVI_DRV_ERR_LIMIT;
        goto free_object;
    }
    if (config->flush != AMDVI_DRV_FLUSH_STRICT &&
        !amdvi_drv_heap_alloc(&drv->heap, config->queue_max * sizeof(struct amdvi_drv_waiting),
                              &domain->queue)) {
        status = AMDVI_DRV_ERR_NO_MEMORY;
        goto free_id;
    }
    status = make_pages(domain);
    if (status != AMDVI_DRV_OK) {
        goto free_queue;
    }
    *out = domain;
    return AMDVI_DRV_OK;

free_queue:
    if (domain->queue.bytes != NULL) {
        amdvi_drv_heap_free(&drv->heap, &domain->queue);
    }
free_id:
    give_id(drv, domain->domain_id);
free_object:
    amdvi_drv_object_free(drv, domain);
    return status;
}

void amdvi_drv_domain_free(struct amdvi_drv_domain *domain)
{
    struct amdvi_drv *drv = domain->drv;

    if (domain->config.kind == AMDVI_DRV_DOMAIN_PAGED) {
        amdvi_drv_pages_free(&domain->pages, &domain->waiting_gather);
        amdvi_drv_pages_destroy(&domain->pages);
    }
    if (domain->queue.bytes != NULL) {
        amdvi_drv_heap_free(&drv->heap, &domain->queue);
    }
    give_id(drv, domain->domain_id);
    amdvi_drv_object_free(drv, domain);
}

static enum amdvi_drv_status check_config(const struct amdvi_drv *drv,
                                          const struct amdvi_drv_domain_config *config)
{
    const struct amdvi_drv_limits *limits = config->limits;

    if (config->size != sizeof(*config) || config->kind > AMDVI_DRV_DOMAIN_BLOCKED ||
        config->flush > AMDVI_DRV_FLUSH_MANUAL ||
        (limits != NULL && limits->first_iova > limits->last_iova)) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    if (config->flush == AMDVI_DRV_FLUSH_STRICT) {
        return AMDVI_DRV_OK;
    }
    if (config->queue_max == 0 || config->queue_max > QUEUE_MAX ||
        (config->flush == AMDVI_DRV_FLUSH_LAZY && config->lazy_us == 0)) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    return drv->host->released == NULL ||
                   (config->flush == AMDVI_DRV_FLUSH_LAZY && drv->host->set_timer == NULL)
               ? AMDVI_DRV_ERR_UNSUPPORTED
               : AMDVI_DRV_OK;
}

/* False when there are as many as there may be. */
static bool insert(struct amdvi_drv_domain *domain)
{
    struct amdvi_drv *drv = domain->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    bool may = drv->domain_count < drv->config.domains_max;

    if (may) {
        domain->next = drv->domains;
        drv->domains = domain;
        drv->domain_count++;
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return may;
}

enum amdvi_drv_status amdvi_drv_domain_create(struct amdvi_drv *drv,
                                              const struct amdvi_drv_domain_config *config,
                                              struct amdvi_drv_domain **out)
{
    struct amdvi_drv_domain_config checked = *config;
    struct amdvi_drv_domain *domain = NULL;

    enum amdvi_drv_status status = check_config(drv, config);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    if (checked.page_sizes == 0) {
        checked.page_sizes = AMDVI_DRV_PAGE_SIZES_ALL;
    }
    if (checked.kind != AMDVI_DRV_DOMAIN_PAGED) {
        checked.flush = AMDVI_DRV_FLUSH_STRICT;
    }
    status = amdvi_drv_domain_make(drv, &checked, &domain);
    if (status == AMDVI_DRV_OK && !insert(domain)) {
        amdvi_drv_domain_free(domain);
        status = AMDVI_DRV_ERR_LIMIT;
    }
    if (status == AMDVI_DRV_OK) {
        *out = domain;
    }
    return status;
}

/* ---- Destroying ------------------------------------------------------------------------------ */

static bool is_in_use(const struct amdvi_drv_domain *domain)
{
    const struct amdvi_drv *drv = domain->drv;

    for (const struct amdvi_drv_device *at = drv->devices; at != NULL; at = at->next) {
        if (at->domain == domain) {
            return true;
        }
    }
    for (const struct amdvi_drv_requester *at = domain->requesters; at != NULL;
         at = at->next_in_domain) {
        if (at->domain == domain) {
            return true;
        }
    }
    return false;
}

/* Out of the machine's list, when nobody uses it, and nobody's entry may be cached. */
static bool take_out(struct amdvi_drv_domain *domain)
{
    struct amdvi_drv *drv = domain->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    bool may = !is_in_use(domain) && !domain->polled && domain->requesters == NULL;

    for (struct amdvi_drv_domain **at = &drv->domains; may; at = &(*at)->next) {
        if (*at == domain) {
            *at = domain->next;
            drv->domain_count--;
            break;
        }
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return may;
}

enum amdvi_drv_status amdvi_drv_domain_destroy(struct amdvi_drv_domain *domain)
{
    const struct amdvi_drv_host *host = domain->drv->host;
    uint64_t deadline_ns =
        host->now_ns(host->ctx) + UINT64_C(2000000) * domain->drv->config.wait_ms;

    uintptr_t flags = amdvi_drv_lock(host, &domain->drv->lock);
    bool is_busy = is_in_use(domain);
    amdvi_drv_unlock(host, &domain->drv->lock, flags);
    if (is_busy) {
        return AMDVI_DRV_ERR_BUSY;
    }
    enum amdvi_drv_status status = amdvi_drv_domain_recover(domain);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    /* amdvi_drv_poll() may be at it: for one completion. */
    while (!take_out(domain)) {
        if (amdvi_drv_is_late(host, deadline_ns)) {
            return AMDVI_DRV_ERR_BUSY;
        }
    }
    amdvi_drv_domain_free(domain);
    return AMDVI_DRV_OK;
}
