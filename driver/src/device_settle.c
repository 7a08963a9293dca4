/* SPDX-License-Identifier: BSD-2-Clause */
/* What a device's entries become when it is added: settings, homes, and no stop of an earlier one.
 */
#include "state.h"
#include "store.h"

/* From now on its firmware memory is @memories, and nowhere else is its home. */
static AMDVI_DRV_APART void set_home(struct amdvi_drv_requester *requester, uint64_t memories,
                                     struct amdvi_drv_domain *home)
{
    struct amdvi_drv *drv = requester->unit->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    struct amdvi_drv_domain *linked = requester->linked;
    uintptr_t domain_flags = linked != NULL ? amdvi_drv_lock(drv->host, &linked->lock) : 0;

    if (requester->domain == requester->home) {
        requester->domain = home;
    }
    requester->home = home;
    requester->memories = memories;
    requester->keeps_home = true;
    if (linked != NULL) {
        amdvi_drv_unlock(drv->host, &linked->lock, domain_flags);
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
}

/* Whatever id its request carries, the device reaches all of its memory. */
static enum amdvi_drv_status grow_home(struct amdvi_drv_requester *requester, uint64_t memories)
{
    struct amdvi_drv_domain *home = NULL;

    memories |= requester->memories;
    if (memories == requester->memories) {
        return AMDVI_DRV_OK;
    }
    enum amdvi_drv_status status = amdvi_drv_home_find(requester->unit->drv, memories, &home);
    struct amdvi_drv_domain *domain =
        requester->domain != requester->home ? requester->domain : NULL;
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    /* Until the requester has them, another device that leaves would take them along. */
    if (domain != NULL) {
        amdvi_drv_domain_set_attaching(domain, true);
        status = amdvi_drv_memories_map(domain, memories);
    }
    if (status == AMDVI_DRV_OK) {
        set_home(requester, memories, home);
    }
    if (domain != NULL) {
        amdvi_drv_domain_set_attaching(domain, false);
    }
    return status;
}

void amdvi_drv_requester_forget_stop(const struct amdvi_drv_device *device,
                                     struct amdvi_drv_requester *requester)
{
    /* The device is claimed: whoever shares with it comes and goes before or after. */
    if (!amdvi_drv_requester_is_shared(device, requester) &&
        !amdvi_drv_requester_has_ats(requester) &&
        !__atomic_load_n(&requester->ats_late, __ATOMIC_ACQUIRE)) {
        amdvi_drv_requester_set_stopped(requester, false);
    }
}

enum amdvi_drv_status amdvi_drv_device_settle(struct amdvi_drv_device *device)
{
    enum amdvi_drv_status status = AMDVI_DRV_OK;
    uint64_t memories =
        amdvi_drv_resolve_memories(device->drv, device->config.segment, device->config.device_id);

    for (unsigned i = 0; i < device->requester_count; i++) {
        memories |= device->requester[i]->memories;
    }
    for (unsigned i = 0; i < device->requester_count && status == AMDVI_DRV_OK; i++) {
        amdvi_drv_requester_forget_stop(device, device->requester[i]);
        status = grow_home(device->requester[i], memories);
        if (status == AMDVI_DRV_OK) {
            status = amdvi_drv_requester_refresh(device->requester[i]);
        }
    }
    return status;
}
