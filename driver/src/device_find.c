/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that are known: found by what they send as, and let work again after they were stopped.
 */
#include "state.h"
#include "store.h"

struct amdvi_drv_device *amdvi_drv_device_find(struct amdvi_drv *drv, uint16_t segment,
                                               uint16_t device_id)
{
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    struct amdvi_drv_device *found = NULL;

    for (struct amdvi_drv_device *at = drv->devices; at != NULL; at = at->next) {
        for (unsigned i = 0; i < at->requester_count && at->config.segment == segment; i++) {
            /* Its own id rather than one that it shares. */
            if (at->requester[i]->device_id == device_id &&
                (found == NULL || at->config.device_id == device_id)) {
                found = at;
            }
        }
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return found;
}

void *amdvi_drv_device_cookie(const struct amdvi_drv_device *device)
{
    return device->config.cookie;
}

enum amdvi_drv_status amdvi_drv_device_restart(struct amdvi_drv_device *device)
{
    enum amdvi_drv_status status = amdvi_drv_device_claim(device);

    if (status != AMDVI_DRV_OK) {
        return status;
    }
    for (unsigned i = 0; i < device->requester_count && status == AMDVI_DRV_OK; i++) {
        struct amdvi_drv_requester *requester = device->requester[i];
        if (!amdvi_drv_requester_is_stopped(requester)) {
            continue;
        }
        /* What it kept must be gone before it is let go on. */
        if (amdvi_drv_requester_has_ats(requester)) {
            status = amdvi_drv_ats_close(requester);
        }
        if (status != AMDVI_DRV_OK) {
            break;
        }
        amdvi_drv_requester_set_stopped(requester, false);
        status = amdvi_drv_requester_refresh(requester);
        if (status != AMDVI_DRV_OK) {
            amdvi_drv_requester_set_stopped(requester, true);
            (void)amdvi_drv_requester_write(requester);
        }
    }
    amdvi_drv_device_unclaim(device);
    return status;
}
