/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine: switched off, or left blocked for whoever comes next; and what is known of units. */
#include "state.h"
#include "store.h"

static enum amdvi_drv_status worse(enum amdvi_drv_status a, enum amdvi_drv_status b)
{
    return a > b ? a : b;
}

/* Whoever comes next finds all devices blocked, but for firmware's memory. */
static enum amdvi_drv_status block_devices(struct amdvi_drv *drv)
{
    enum amdvi_drv_status worst = AMDVI_DRV_OK;

    for (struct amdvi_drv_device *at = drv->devices; at != NULL; at = at->next) {
        worst = worse(worst, amdvi_drv_ats_disable(at));
        if (at->domain != NULL) {
            worst = worse(worst, amdvi_drv_detach(at));
        }
    }
    for (unsigned i = 0; i < AMDVI_DRV_BUCKETS; i++) {
        for (struct amdvi_drv_requester *at = drv->buckets[i]; at != NULL; at = at->next) {
            at->interrupts = NULL;
            worst = worse(worst, amdvi_drv_requester_refresh(at));
        }
    }
    return worst;
}

static enum amdvi_drv_status hand_over(struct amdvi_drv *drv)
{
    enum amdvi_drv_status worst = block_devices(drv);

    for (unsigned i = 0; i < drv->unit_count; i++) {
        worst = worse(worst, amdvi_drv_unit_invalidate_all(drv->units[i], true));
        worst = worse(worst, amdvi_drv_unit_disable(drv->units[i], false));
    }
    return worst == AMDVI_DRV_OK ? AMDVI_DRV_OK : AMDVI_DRV_ERR_TIMEOUT;
}

enum amdvi_drv_status amdvi_drv_stop(struct amdvi_drv *drv, enum amdvi_drv_ending ending)
{
    enum amdvi_drv_status worst = AMDVI_DRV_OK;

    if (ending == AMDVI_DRV_HAND_OVER) {
        return hand_over(drv);
    }
    if (drv->devices != NULL || drv->domain_count != 0) {
        return AMDVI_DRV_ERR_BUSY;
    }
    for (unsigned i = 0; i < drv->unit_count; i++) {
        worst = worse(worst, amdvi_drv_unit_disable(drv->units[i], true));
    }
    if (worst != AMDVI_DRV_OK) {
        return AMDVI_DRV_ERR_TIMEOUT; /* a unit may still write to its ring or log: all stays */
    }
    amdvi_drv_destroy(drv);
    return AMDVI_DRV_OK;
}

/* ---- What units are -------------------------------------------------------------------------- */

unsigned amdvi_drv_unit_count(const struct amdvi_drv *drv)
{
    return drv->unit_count;
}

bool amdvi_drv_unit_info(struct amdvi_drv *drv, unsigned unit_index,
                         struct amdvi_drv_unit_info *out)
{
    if (unit_index >= drv->unit_count) {
        return false;
    }
    struct amdvi_drv_unit *unit = drv->units[unit_index];
    uintptr_t flags = amdvi_drv_lock(drv->host, &unit->lock);
    *out = unit->info;
    amdvi_drv_unlock(drv->host, &unit->lock, flags);
    out->repairs = __atomic_load_n(&unit->ring.repairs, __ATOMIC_RELAXED);
    out->failed = __atomic_load_n(&unit->ring.failed, __ATOMIC_RELAXED);
    return true;
}
