/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices: all requester ids under which one's requests may come, kept together. What two devices
 * share makes them inseparable, so adding one can neither give nor take anything from the other.
 */
#include "state.h"
#include "store.h"

/* ---- Requester ids --------------------------------------------------------------------------- */

static bool has_requester(const struct amdvi_drv_device *device,
                          const struct amdvi_drv_requester *requester)
{
    for (unsigned i = 0; i < device->requester_count; i++) {
        if (device->requester[i] == requester) {
            return true;
        }
    }
    return false;
}

/* One more; nothing when the device has it already. */
static enum amdvi_drv_status add_requester(struct amdvi_drv_device *device,
                                           struct amdvi_drv_unit *unit, uint16_t device_id,
                                           uint8_t dte_setting)
{
    struct amdvi_drv_requester *requester = NULL;

    enum amdvi_drv_status status =
        amdvi_drv_requester_get(unit, device_id, dte_setting, &requester, &device->homeless);
    if (status != AMDVI_DRV_OK || requester == NULL) {
        return status != AMDVI_DRV_OK ? status : AMDVI_DRV_ERR_BUSY;
    }
    device->homeless = 0;
    if (has_requester(device, requester)) {
        amdvi_drv_requester_put(requester);
        return AMDVI_DRV_OK;
    }
    if (device->requester_count == AMDVI_DRV_REQUESTERS_MAX) {
        amdvi_drv_requester_put(requester);
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    device->requester[device->requester_count++] = requester;
    return AMDVI_DRV_OK;
}

/* What counts of a binding. */
struct resolved {
    uint16_t requester;
    uint8_t dte_setting;
    bool ats_disabled;
};

static AMDVI_DRV_APART enum amdvi_drv_status resolve(const struct amdvi_drv_device *device,
                                                     uint16_t device_id,
                                                     struct amdvi_drv_unit **out_unit,
                                                     struct resolved *out)
{
    struct amdvi_ivrs_binding binding;
    enum amdvi_drv_status status = amdvi_drv_resolve_device(device->drv, device->config.segment,
                                                            device_id, out_unit, &binding);

    if (status == AMDVI_DRV_OK) {
        *out = (struct resolved){.requester = binding.requester,
                                 .dte_setting = binding.dte_setting,
                                 .ats_disabled = binding.ats_disabled};
    }
    return status;
}

/* An id, and its alias in the IVRS. All must be behind @unit, if that is not NULL. */
static enum amdvi_drv_status add_id(struct amdvi_drv_device *device, uint16_t device_id,
                                    struct amdvi_drv_unit **unit)
{
    struct amdvi_drv_unit *found = NULL;
    struct resolved binding;

    enum amdvi_drv_status status = resolve(device, device_id, &found, &binding);
    if (*unit != NULL && status == AMDVI_DRV_ERR_NO_UNIT && device_id < (*unit)->table.entries) {
        /* The host knows better which ids a bridge makes up. */
        return add_requester(device, *unit, device_id, 0);
    }
    if (*unit != NULL && (status != AMDVI_DRV_OK || found != *unit)) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    *unit = found;
    bool is_aliased = binding.requester != device_id;
    status = add_requester(device, found, device_id, is_aliased ? 0 : binding.dte_setting);
    if (status == AMDVI_DRV_OK && is_aliased) {
        status = add_requester(device, found, binding.requester, binding.dte_setting);
    }
    if (binding.ats_disabled) {
        device->requester[0]->ats_forbidden = true;
    }
    return status;
}

/* ERR_BUSY: homeless. */
static AMDVI_DRV_APART enum amdvi_drv_status try_ids(struct amdvi_drv_device *device)
{
    const struct amdvi_drv_device_config *config = &device->config;
    struct amdvi_drv_unit *unit = NULL;

    enum amdvi_drv_status status = add_id(device, config->device_id, &unit);
    for (unsigned i = 0; i < config->alias_count && status == AMDVI_DRV_OK; i++) {
        status = add_id(device, config->aliases[i], &unit);
    }
    return status;
}

static void put_requesters(struct amdvi_drv_device *device)
{
    while (device->requester_count != 0) {
        amdvi_drv_requester_put(device->requester[--device->requester_count]);
    }
}

/* Homes are made here, and not on the way, where less stack is left. */
static enum amdvi_drv_status add_ids(struct amdvi_drv_device *device)
{
    struct amdvi_drv_domain *home = NULL;
    enum amdvi_drv_status status = try_ids(device);

    while (status == AMDVI_DRV_ERR_BUSY && device->homeless != 0) {
        put_requesters(device);
        status = amdvi_drv_home_find(device->drv, device->homeless, &home);
        if (status == AMDVI_DRV_OK) {
            status = try_ids(device); /* a home that is there stays: once for each at most */
        }
    }
    return status;
}

/* ---- The list -------------------------------------------------------------------------------- */

static bool is_known(const struct amdvi_drv *drv, uint16_t segment, uint16_t device_id)
{
    for (const struct amdvi_drv_device *at = drv->devices; at != NULL; at = at->next) {
        if (at->config.segment == segment && at->config.device_id == device_id) {
            return true;
        }
    }
    return false;
}

/* Has a device that this one shares with what only trusted devices may have? */
static bool is_beyond_trust(const struct amdvi_drv_device *device)
{
    for (unsigned i = 0; i < device->requester_count; i++) {
        const struct amdvi_drv_requester *at = device->requester[i];
        if (at->ats ||
            (at->domain != NULL && at->domain->config.kind == AMDVI_DRV_DOMAIN_IDENTITY)) {
            return true;
        }
    }
    return false;
}

/* Into the list, busy: nobody else moves what it shares until it is done. */
static AMDVI_DRV_APART enum amdvi_drv_status insert(struct amdvi_drv_device *device)
{
    struct amdvi_drv *drv = device->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    enum amdvi_drv_status status = AMDVI_DRV_OK;

    if (is_known(drv, device->config.segment, device->config.device_id)) {
        status = AMDVI_DRV_ERR_EXISTS;
    } else if (!device->config.trusted && is_beyond_trust(device)) {
        status = AMDVI_DRV_ERR_UNTRUSTED;
    }
    for (const struct amdvi_drv_device *at = drv->devices; at != NULL && status == AMDVI_DRV_OK;
         at = at->next) {
        for (unsigned i = 0; i < device->requester_count && at->busy; i++) {
            status = has_requester(at, device->requester[i]) ? AMDVI_DRV_ERR_BUSY : status;
        }
    }
    if (status == AMDVI_DRV_OK) {
        device->busy = true;
        device->next = drv->devices;
        drv->devices = device;
        for (unsigned i = 0; i < device->requester_count; i++) {
            struct amdvi_drv_requester *at = device->requester[i];
            at->trusted = at->trusted && device->config.trusted;
        }
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return status;
}

/* Out of it; those who shared with it are trusted again, if it was the only one that is not. */
static AMDVI_DRV_APART void take_out(struct amdvi_drv_device *device)
{
    struct amdvi_drv *drv = device->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    struct amdvi_drv_device **at = &drv->devices;

    while (*at != device) {
        at = &(*at)->next;
    }
    *at = device->next;
    for (unsigned i = 0; i < device->requester_count; i++) {
        struct amdvi_drv_requester *requester = device->requester[i];
        requester->trusted = true;
        for (const struct amdvi_drv_device *other = drv->devices; other != NULL;
             other = other->next) {
            if (has_requester(other, requester) && !other->config.trusted) {
                requester->trusted = false;
            }
        }
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
}

/* ---- Adding ---------------------------------------------------------------------------------- */

enum amdvi_drv_status amdvi_drv_device_add(struct amdvi_drv *drv,
                                           const struct amdvi_drv_device_config *config,
                                           struct amdvi_drv_device **out)
{
    if (config->alias_count >= AMDVI_DRV_REQUESTERS_MAX ||
        (config->alias_count != 0 && config->aliases == NULL)) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    struct amdvi_drv_device *device = amdvi_drv_object_alloc(drv);
    if (device == NULL) {
        return AMDVI_DRV_ERR_NO_MEMORY;
    }
    device->drv = drv;
    device->config = *config;
    enum amdvi_drv_status status = add_ids(device);
    device->config.aliases = NULL; /* the caller's */
    if (status == AMDVI_DRV_OK) {
        status = insert(device);
    }
    if (status == AMDVI_DRV_OK) {
        status = amdvi_drv_device_settle(device);
        if (status == AMDVI_DRV_OK) {
            amdvi_drv_device_unclaim(device);
            *out = device;
            return AMDVI_DRV_OK;
        }
        take_out(device);
    }
    put_requesters(device);
    amdvi_drv_object_free(drv, device);
    return status;
}

/* ---- Removing -------------------------------------------------------------------------------- */

/* Nothing of it is left in the IOMMU. The device is claimed. */
static AMDVI_DRV_APART enum amdvi_drv_status leave(struct amdvi_drv_device *device)
{
    enum amdvi_drv_status status = amdvi_drv_interrupts_release(device);

    for (unsigned i = 0; i < device->requester_count && status == AMDVI_DRV_OK; i++) {
        struct amdvi_drv_requester *requester = device->requester[i];
        if (amdvi_drv_requester_is_shared(device, requester)) {
            continue;
        }
        amdvi_drv_requester_forget_stop(device, requester);
        /* Also when it left its domain, but that was not completed then. */
        status = amdvi_drv_requester_move(requester, NULL);
    }
    return status;
}

enum amdvi_drv_status amdvi_drv_device_remove(struct amdvi_drv_device *device)
{
    struct amdvi_drv *drv = device->drv;
    enum amdvi_drv_status status = amdvi_drv_ats_disable(device);

    if (status == AMDVI_DRV_OK && device->domain != NULL) {
        status = amdvi_drv_detach(device);
    }
    if (status == AMDVI_DRV_OK) {
        status = amdvi_drv_device_claim(device);
    }
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    status = leave(device);
    if (status != AMDVI_DRV_OK) {
        amdvi_drv_device_unclaim(device);
        return status;
    }
    take_out(device);
    put_requesters(device);
    amdvi_drv_object_free(drv, device);
    return AMDVI_DRV_OK;
}
