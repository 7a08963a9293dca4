/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device table entries in use: those of devices that were added. drv->lock protects the buckets and
 * users; a requester stays where it is for as long as users is not 0.
 */
#include "state.h"
#include "store.h"

static unsigned bucket_of(uint16_t device_id)
{
    return device_id % AMDVI_DRV_BUCKETS;
}

/* drv->lock is held, or nobody can let go of one meanwhile. */
struct amdvi_drv_requester *amdvi_drv_requester_find(struct amdvi_drv_unit *unit,
                                                     uint16_t device_id)
{
    struct amdvi_drv_requester *at = unit->drv->buckets[bucket_of(device_id)];

    while (at != NULL && !(at->unit == unit && at->device_id == device_id)) {
        at = at->next;
    }
    return at;
}

/* The one that is there, with a user more; or NULL, or @fresh, which is put there. */
static AMDVI_DRV_APART struct amdvi_drv_requester *
find_or_insert(struct amdvi_drv_unit *unit, uint16_t device_id, struct amdvi_drv_requester *fresh)
{
    struct amdvi_drv *drv = unit->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    struct amdvi_drv_requester *found = amdvi_drv_requester_find(unit, device_id);

    if (found == NULL && fresh != NULL) {
        fresh->next = drv->buckets[bucket_of(device_id)];
        drv->buckets[bucket_of(device_id)] = fresh;
        found = fresh;
    }
    if (found != NULL) {
        found->users++;
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return found;
}

enum amdvi_drv_status amdvi_drv_requester_get(struct amdvi_drv_unit *unit, uint16_t device_id,
                                              uint8_t dte_setting, struct amdvi_drv_requester **out,
                                              uint64_t *out_memories)
{
    struct amdvi_drv *drv = unit->drv;

    *out = find_or_insert(unit, device_id, NULL);
    if (*out != NULL) {
        return AMDVI_DRV_OK;
    }
    *out_memories = amdvi_drv_resolve_requester(unit, device_id);
    struct amdvi_drv_domain *home = amdvi_drv_home_of(drv, *out_memories);
    if (*out_memories != 0 && home == NULL) {
        return AMDVI_DRV_OK;
    }
    struct amdvi_drv_requester *fresh = amdvi_drv_object_alloc(drv);
    if (fresh == NULL) {
        return AMDVI_DRV_ERR_NO_MEMORY;
    }
    fresh->unit = unit;
    fresh->device_id = device_id;
    fresh->dte_setting = dte_setting;
    fresh->trusted = true;
    fresh->memories = *out_memories;
    fresh->home = home;
    /* As its entry in the table, which is home's since the start. */
    fresh->domain = home;
    *out = find_or_insert(unit, device_id, fresh);
    if (*out != fresh) {
        amdvi_drv_object_free(drv, fresh);
    }
    return AMDVI_DRV_OK;
}

bool amdvi_drv_requester_has_ats(const struct amdvi_drv_requester *requester)
{
    struct amdvi_drv *drv = requester->unit->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    bool has_ats = requester->ats;

    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return has_ats;
}

bool amdvi_drv_requester_is_stopped(const struct amdvi_drv_requester *requester)
{
    struct amdvi_drv *drv = requester->unit->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    bool is_stopped = requester->stopped;

    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return is_stopped;
}

void amdvi_drv_requester_set_stopped(struct amdvi_drv_requester *requester, bool stopped)
{
    struct amdvi_drv_unit *unit = requester->unit;
    const struct amdvi_drv_host *host = unit->drv->host;
    uintptr_t flags = amdvi_drv_lock(host, &unit->drv->lock);
    uintptr_t unit_flags = amdvi_drv_lock(host, &unit->lock);

    requester->stopped = stopped;
    requester->stop_due = false;
    requester->faults = 0;
    amdvi_drv_unlock(host, &unit->lock, unit_flags);
    amdvi_drv_unlock(host, &unit->drv->lock, flags);
}

/* Is its entry what it was before anybody used it, and known to nobody? drv->lock is held. */
static bool is_forgettable(const struct amdvi_drv_requester *requester)
{
    return requester->users == 0 && requester->domain == requester->home &&
           requester->linked == NULL && requester->interrupts == NULL && !requester->ats &&
           !requester->stopped && !requester->stop_due && !requester->keeps_home &&
           !__atomic_load_n(&requester->ats_late, __ATOMIC_ACQUIRE) &&
           !__atomic_load_n(&requester->ats_config_due, __ATOMIC_ACQUIRE) && !requester->writing &&
           !requester->breaking && !requester->interrupts_dirty;
}

void amdvi_drv_requester_put(struct amdvi_drv_requester *requester)
{
    struct amdvi_drv *drv = requester->unit->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);

    requester->users--;
    bool forget = is_forgettable(requester);
    struct amdvi_drv_requester **at = &drv->buckets[bucket_of(requester->device_id)];
    while (forget && *at != requester) {
        at = &(*at)->next;
    }
    if (forget) {
        *at = requester->next;
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    if (forget) {
        amdvi_drv_object_free(drv, requester);
    }
}
