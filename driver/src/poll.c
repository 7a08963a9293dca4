/* SPDX-License-Identifier: BSD-2-Clause */
/* What has to be looked at from time to time, or when a unit interrupts. */
#include "ring.h"
#include "state.h"
#include "store.h"

#define EVENTS_MAX 256 /* of one call */

/* True when the status said that there is something. */
static bool acknowledge(struct amdvi_drv_unit *unit)
{
    const struct amdvi_drv_host *host = unit->drv->host;
    uintptr_t flags = amdvi_drv_lock(host, &unit->lock);
    uint64_t overflows = unit->log.overflows;
    bool is_something = amdvi_drv_log_acknowledge(&unit->log);

    /* At least one each time. */
    unit->lost += unit->log.overflows - overflows;
    unit->info.lost += unit->log.overflows - overflows;
    amdvi_drv_unlock(host, &unit->lock, flags);
    return is_something;
}

bool amdvi_drv_unit_interrupt(struct amdvi_drv *drv, unsigned unit_index)
{
    bool is_more = true;

    if (unit_index >= drv->unit_count) {
        return false;
    }
    struct amdvi_drv_unit *unit = drv->units[unit_index];
    (void)acknowledge(unit);
    for (unsigned i = 0; is_more && i < EVENTS_MAX; i++) {
        /* What came since the status was cleared has set it again. */
        is_more = amdvi_drv_event_handle(unit) || acknowledge(unit);
    }
    return is_more;
}

/* ---- Poll ------------------------------------------------------------------------------------ */

static bool is_ats_due(const struct amdvi_drv_requester *requester)
{
    return __atomic_load_n(&requester->ats_late, __ATOMIC_ACQUIRE) ||
           __atomic_load_n(&requester->ats_config_due, __ATOMIC_ACQUIRE);
}

/* drv->lock is held. */
static bool is_due(const struct amdvi_drv_requester *requester)
{
    return requester->stop_due || is_ats_due(requester);
}

/* Number @skip, from 0, of those that are due in a bucket; held on to. NULL beyond the last. */
static AMDVI_DRV_APART struct amdvi_drv_requester *take_due(struct amdvi_drv *drv, unsigned bucket,
                                                            unsigned skip)
{
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    struct amdvi_drv_requester *at = drv->buckets[bucket];

    for (; at != NULL; at = at->next) {
        if (is_due(at) && skip-- == 0) {
            at->users++;
            break;
        }
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return at;
}

static AMDVI_DRV_APART void finish_stop(struct amdvi_drv_requester *requester)
{
    struct amdvi_drv *drv = requester->unit->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    bool is_mine = requester->stop_due;

    requester->stop_due = false;
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    if (!is_mine) {
        return;
    }
    enum amdvi_drv_status status = amdvi_drv_requester_has_ats(requester)
                                       ? amdvi_drv_ats_close(requester)
                                       : amdvi_drv_requester_refresh(requester);
    if (status != AMDVI_DRV_OK) {
        flags = amdvi_drv_lock(drv->host, &drv->lock);
        requester->stop_due = requester->stopped; /* the next poll tries again */
        amdvi_drv_unlock(drv->host, &drv->lock, flags);
    }
}

/* Is it due still, for the next poll? */
static bool is_left(const struct amdvi_drv_requester *requester)
{
    struct amdvi_drv *drv = requester->unit->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    bool is_left = is_due(requester);

    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return is_left;
}

static AMDVI_DRV_APART void finish_due(struct amdvi_drv *drv)
{
    struct amdvi_drv_requester *requester;

    for (unsigned bucket = 0; bucket < AMDVI_DRV_BUCKETS; bucket++) {
        unsigned failed = 0;
        while ((requester = take_due(drv, bucket, failed)) != NULL) {
            finish_stop(requester);
            if (is_ats_due(requester)) {
                amdvi_drv_ats_timed_out(requester);
            }
            failed += is_left(requester) ? 1 : 0;
            amdvi_drv_requester_put(requester);
        }
    }
}

bool amdvi_drv_poll(struct amdvi_drv *drv)
{
    bool is_more = false;

    for (unsigned i = 0; i < drv->unit_count; i++) {
        is_more = amdvi_drv_unit_interrupt(drv, i) || is_more;
        amdvi_drv_unit_repair(drv->units[i], 0);
    }
    finish_due(drv);
    return amdvi_drv_domains_poll(drv) || is_more;
}
