/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attaching and detaching devices: all requester ids of a device together, with those that it
 * shares with others, and firmware's memory before it and until after it.
 */
#include "state.h"
#include "store.h"

static bool shares_requester(const struct amdvi_drv_device *device,
                             const struct amdvi_drv_requester *requester)
{
    for (unsigned i = 0; i < device->requester_count; i++) {
        if (device->requester[i] == requester) {
            return true;
        }
    }
    return false;
}

static bool share_requesters(const struct amdvi_drv_device *one,
                             const struct amdvi_drv_device *other)
{
    for (unsigned i = 0; i < one->requester_count; i++) {
        if (shares_requester(other, one->requester[i])) {
            return true;
        }
    }
    return false;
}

enum amdvi_drv_status amdvi_drv_device_claim(struct amdvi_drv_device *device)
{
    struct amdvi_drv *drv = device->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    bool is_busy = device->busy;

    /* What is inseparable is moved by one at a time. */
    for (const struct amdvi_drv_device *at = drv->devices; at != NULL && !is_busy; at = at->next) {
        is_busy = at->busy && share_requesters(device, at);
    }
    device->busy = device->busy || !is_busy;
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return is_busy ? AMDVI_DRV_ERR_BUSY : AMDVI_DRV_OK;
}

void amdvi_drv_device_unclaim(struct amdvi_drv_device *device)
{
    uintptr_t flags = amdvi_drv_lock(device->drv->host, &device->drv->lock);

    device->busy = false;
    amdvi_drv_unlock(device->drv->host, &device->drv->lock, flags);
}

/* May the device, which is claimed, be attached to @domain? */
static enum amdvi_drv_status check_device(struct amdvi_drv_domain *domain,
                                          const struct amdvi_drv_device *device)
{
    const struct amdvi_drv_host *host = device->drv->host;

    if (device->domain != NULL || domain->is_home) {
        return AMDVI_DRV_ERR_BUSY;
    }
    for (unsigned i = 0; i < device->requester_count; i++) {
        const struct amdvi_drv_requester *requester = device->requester[i];
        if (requester->domain != requester->home && requester->domain != domain) {
            return AMDVI_DRV_ERR_BUSY;
        }
        if (domain->config.kind == AMDVI_DRV_DOMAIN_IDENTITY && !requester->trusted) {
            return AMDVI_DRV_ERR_UNTRUSTED;
        }
    }
    uintptr_t flags = amdvi_drv_lock(host, &domain->lock);
    bool is_poisoned = domain->poisoned;
    amdvi_drv_unlock(host, &domain->lock, flags);
    return is_poisoned ? AMDVI_DRV_ERR_POISONED : AMDVI_DRV_OK;
}

bool amdvi_drv_requester_is_shared(const struct amdvi_drv_device *device,
                                   const struct amdvi_drv_requester *requester)
{
    struct amdvi_drv *drv = device->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    bool is_shared = false;

    for (const struct amdvi_drv_device *at = drv->devices; at != NULL && !is_shared;
         at = at->next) {
        is_shared = at != device && shares_requester(at, requester);
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return is_shared;
}

static AMDVI_DRV_APART bool is_needed_by_another(const struct amdvi_drv_device *device,
                                                 const struct amdvi_drv_requester *requester)
{
    struct amdvi_drv *drv = device->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    bool is_needed = false;

    for (const struct amdvi_drv_device *at = drv->devices; at != NULL && !is_needed;
         at = at->next) {
        is_needed = at != device && at->domain != NULL && shares_requester(at, requester);
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return is_needed;
}

/* All requesters that no other attached device has; the worst of their results. */
static enum amdvi_drv_status send_home(struct amdvi_drv_device *device)
{
    enum amdvi_drv_status worst = AMDVI_DRV_OK;

    for (unsigned i = 0; i < device->requester_count; i++) {
        struct amdvi_drv_requester *requester = device->requester[i];
        if (requester->domain == requester->home || is_needed_by_another(device, requester)) {
            continue;
        }
        enum amdvi_drv_status status = amdvi_drv_requester_move(requester, NULL);
        worst = status > worst ? status : worst;
    }
    return worst;
}

void amdvi_drv_domain_set_attaching(struct amdvi_drv_domain *domain, bool begins)
{
    uintptr_t flags = amdvi_drv_lock(domain->drv->host, &domain->lock);

    domain->attaching += begins ? 1 : UINT32_MAX;
    amdvi_drv_unlock(domain->drv->host, &domain->lock, flags);
}

static void set_device_domain(struct amdvi_drv_device *device, struct amdvi_drv_domain *domain)
{
    uintptr_t flags = amdvi_drv_lock(device->drv->host, &device->drv->lock);

    device->domain = domain;
    amdvi_drv_unlock(device->drv->host, &device->drv->lock, flags);
}

static enum amdvi_drv_status attach_requesters(struct amdvi_drv_domain *domain,
                                               struct amdvi_drv_device *device)
{
    enum amdvi_drv_status status = AMDVI_DRV_OK;
    uint64_t memories = 0;

    for (unsigned i = 0; i < device->requester_count; i++) {
        memories |= device->requester[i]->memories;
    }
    status = amdvi_drv_memories_map(domain, memories);
    for (unsigned i = 0; i < device->requester_count && status == AMDVI_DRV_OK; i++) {
        if (device->requester[i]->domain != domain) {
            status = amdvi_drv_requester_move(device->requester[i], domain);
        }
    }
    if (status != AMDVI_DRV_OK) {
        (void)send_home(device);
    }
    return status;
}

enum amdvi_drv_status amdvi_drv_attach(struct amdvi_drv_domain *domain,
                                       struct amdvi_drv_device *device)
{
    enum amdvi_drv_status status = amdvi_drv_device_claim(device);

    if (status != AMDVI_DRV_OK) {
        return status;
    }
    status = check_device(domain, device);
    if (status == AMDVI_DRV_OK) {
        amdvi_drv_domain_set_attaching(domain, true);
        status = attach_requesters(domain, device);
        amdvi_drv_domain_set_attaching(domain, false);
        if (status == AMDVI_DRV_OK) {
            set_device_domain(device, domain);
        }
        /* After an error, what was mapped for it; else what devices left that went meanwhile. An
         * error of its own poisons the domain, where the device is all the same. */
        (void)amdvi_drv_memories_unmap(domain, UINT64_MAX);
    }
    amdvi_drv_device_unclaim(device);
    return status;
}

enum amdvi_drv_status amdvi_drv_detach(struct amdvi_drv_device *device)
{
    enum amdvi_drv_status status = amdvi_drv_device_claim(device);

    if (status != AMDVI_DRV_OK) {
        return status;
    }
    struct amdvi_drv_domain *domain = device->domain;
    if (domain == NULL) {
        amdvi_drv_device_unclaim(device);
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    status = send_home(device);
    set_device_domain(device, NULL);
    enum amdvi_drv_status trimmed = amdvi_drv_memories_unmap(domain, UINT64_MAX);
    amdvi_drv_device_unclaim(device);
    return trimmed > status ? trimmed : status;
}
