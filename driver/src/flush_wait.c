/* SPDX-License-Identifier: BSD-2-Clause */
/* What all invalidations share: commands about one device, and waiting, for devices too. */
#include "flush.h"
#include "registers.h"
#include "ring.h"
#include "store.h"

#include <amdvi/ats.h>

uint64_t amdvi_drv_deadline(const struct amdvi_drv *drv)
{
    return drv->host->now_ns(drv->host->ctx) + UINT64_C(1000000) * drv->config.wait_ms;
}

/* ---- Commands -------------------------------------------------------------------------------- */

void amdvi_drv_put_device(struct amdvi_drv_ring *ring, enum amdvi_opcode opcode, uint16_t device_id)
{
    struct amdvi_command command = {.opcode = opcode, .device_id = device_id};

    amdvi_drv_ring_put(ring, &command);
}

/* One block of 2^64 bytes. */
void amdvi_drv_put_domain(struct amdvi_drv_ring *ring, uint16_t domain_id)
{
    struct amdvi_command command = {
        .opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
        .domain_id = domain_id,
        .size = true,
        .pde = true,
        .address = amdvi_ats_block(0, 64) & AMDVI_ATS_INVALIDATE_ADDRESS,
    };

    amdvi_drv_ring_put(ring, &command);
}

/* One aligned block around the range: what a device keeps besides is soon asked for again. */
void amdvi_drv_put_iotlb(struct amdvi_drv_ring *ring, const struct amdvi_drv_requester *requester,
                         uint64_t first_iova, uint64_t last_iova)
{
    uint64_t differs = first_iova ^ last_iova;
    unsigned size_log2 = 12;

    while (size_log2 < 64 && differs >> size_log2 != 0) {
        size_log2++;
    }
    uint64_t block = amdvi_ats_block(first_iova, size_log2);
    struct amdvi_command command = {
        .opcode = AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES,
        .device_id = requester->device_id,
        .queue_id = requester->device_id,
        .max_pend = requester->ats_queue_depth,
        .size = amdvi_has(block, AMDVI_ATS_INVALIDATE_S),
        .address = block & AMDVI_ATS_INVALIDATE_ADDRESS,
    };
    amdvi_drv_ring_put(ring, &command);
}

/* ---- Completion ------------------------------------------------------------------------------ */

enum amdvi_drv_status amdvi_drv_wait_for(struct amdvi_drv_unit *unit, uint32_t number,
                                         uint64_t deadline_ns)
{
    const struct amdvi_drv_host *host = unit->drv->host;
    enum amdvi_drv_status status = amdvi_drv_ring_wait(&unit->ring, number, deadline_ns);

    if (status == AMDVI_DRV_ERR_TIMEOUT) {
        uintptr_t flags = amdvi_drv_lock(host, &unit->lock);
        unit->info.timeouts++;
        amdvi_drv_unlock(host, &unit->lock, flags);
    }
    return status;
}

/* Take hold of a device that did not answer: NULL when all are closed. */
static AMDVI_DRV_APART struct amdvi_drv_requester *take_late(struct amdvi_drv *drv, uint32_t units)
{
    struct amdvi_drv_requester *found = NULL;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);

    for (unsigned i = 0; i < AMDVI_DRV_BUCKETS && found == NULL; i++) {
        struct amdvi_drv_requester *at = drv->buckets[i];
        while (at != NULL && !(__atomic_load_n(&at->ats_late, __ATOMIC_ACQUIRE) &&
                               (units >> amdvi_drv_unit_index(at->unit) & 1) != 0)) {
            at = at->next;
        }
        found = at;
    }
    if (found != NULL) {
        found->users++;
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return found;
}

/* How often the log of a unit may have lost an event. */
static uint32_t losses_of(const struct amdvi_drv_unit *unit)
{
    return __atomic_load_n(&unit->log.losses, __ATOMIC_RELAXED);
}

/* Time in 32 bits: little, and enough to tell a wait from InvTimeOut. */
#define SHORT_TIME_LOG2 20

static uint32_t short_time(const struct amdvi_drv *drv)
{
    return (uint32_t)(drv->host->now_ns(drv->host->ctx) >> SHORT_TIME_LOG2);
}

void amdvi_drv_settle_note(struct amdvi_drv_settle *settle, const struct amdvi_drv_unit *unit)
{
    uint32_t bit = UINT32_C(1) << amdvi_drv_unit_index(unit);

    if (settle->units == 0) {
        settle->begin = short_time(unit->drv);
    }
    if ((settle->units & bit) == 0) {
        settle->units |= bit;
        settle->losses += losses_of(unit);
    }
}

/* ---- Who did not answer ---------------------------------------------------------------------- */

/*
 * The log alone is not believed: a unit that cannot write it loses events and does not tell. But
 * behind a device that does not answer, completion is late by all of InvTimeOut.
 *
 * Choice: where completion took less than half of InvTimeOut, all devices have answered.
 */
static bool is_quick(const struct amdvi_drv *drv, const struct amdvi_drv_settle *settle)
{
    return short_time(drv) - settle->begin <
           (uint32_t)(AMDVI_DRV_INV_TIMEOUT_NS / 2 >> SHORT_TIME_LOG2);
}

/*
 * What the logs say is known then; false when they do not end.
 *
 * Choice: the event is in the log before the store of the COMPLETION_WAIT behind its command.
 */
static AMDVI_DRV_APART bool drain(struct amdvi_drv *drv, uint32_t units)
{
    uint64_t deadline_ns = amdvi_drv_deadline(drv);

    for (unsigned i = 0; i < drv->unit_count; i++) {
        while ((units >> i & 1) != 0 && amdvi_drv_unit_interrupt(drv, i)) {
            if (amdvi_drv_is_late(drv->host, deadline_ns)) {
                return false;
            }
        }
    }
    return true;
}

static AMDVI_DRV_APART bool is_whole(const struct amdvi_drv *drv,
                                     const struct amdvi_drv_settle *settle)
{
    uint32_t losses = 0;

    for (unsigned i = 0; i < drv->unit_count; i++) {
        losses += (settle->units >> i & 1) != 0 ? losses_of(drv->units[i]) : 0;
    }
    return losses == settle->losses; /* they only grow */
}

/* What orders requesters, so that nobody is left out when others come and go. */
static uint32_t key_of(const struct amdvi_drv_requester *requester)
{
    return amdvi_drv_unit_index(requester->unit) << 16 | requester->device_id;
}

/*
 * Take hold of the first with ATS behind @units, after @last, that is not known to be late: NULL
 * when there is none. Of all domains, since all have waited for the same ring.
 */
static AMDVI_DRV_APART struct amdvi_drv_requester *take_next(struct amdvi_drv *drv, uint32_t units,
                                                             const struct amdvi_drv_requester *last)
{
    struct amdvi_drv_requester *found = NULL;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);

    for (unsigned i = 0; i < AMDVI_DRV_BUCKETS; i++) {
        for (struct amdvi_drv_requester *at = drv->buckets[i]; at != NULL; at = at->next) {
            if (at->ats && !__atomic_load_n(&at->ats_late, __ATOMIC_ACQUIRE) &&
                (units >> amdvi_drv_unit_index(at->unit) & 1) != 0 &&
                (last == NULL || key_of(at) > key_of(last)) &&
                (found == NULL || key_of(at) < key_of(found))) {
                found = at;
            }
        }
    }
    if (found != NULL) {
        found->users++;
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return found;
}

/* What the log of a unit has told: losses, and below them devices that it named as silent. */
static uint32_t told_by(const struct amdvi_drv_unit *unit)
{
    return losses_of(unit) << 16 | (uint16_t)__atomic_load_n(&unit->silences, __ATOMIC_RELAXED);
}

/* Who was asked alone is late if completion was, unless a log that lost nothing names others. */
static AMDVI_DRV_APART void judge_asked(const struct amdvi_drv_settle *settle, bool was_quick,
                                        bool is_drained)
{
    struct amdvi_drv_requester *asked = settle->asked;
    uint32_t told = told_by(asked->unit);
    bool is_explained = is_drained && told >> 16 == settle->losses >> 16 && told != settle->losses;

    if (!was_quick && !is_explained) {
        amdvi_drv_say(asked->unit->drv,
                      "does not answer invalidations, and no event says so: device",
                      asked->device_id);
        __atomic_store_n(&asked->ats_late, true, __ATOMIC_RELEASE);
    }
}

/* Tell the next device to drop all that it keeps; settle->asked is NULL when there is none. */
static AMDVI_DRV_APART enum amdvi_drv_status ask_next(struct amdvi_drv *drv,
                                                      struct amdvi_drv_settle *settle)
{
    uint64_t deadline_ns = amdvi_drv_deadline(drv);
    struct amdvi_drv_requester *last = settle->asked;
    uintptr_t flags;

    settle->asked = take_next(drv, settle->units, last);
    if (last != NULL) {
        amdvi_drv_requester_put(last);
    }
    if (settle->asked == NULL) {
        return AMDVI_DRV_OK;
    }
    struct amdvi_drv_unit *unit = settle->asked->unit;
    settle->losses = told_by(unit);
    settle->begin = short_time(drv);
    enum amdvi_drv_status status = amdvi_drv_ring_take(&unit->ring, 1, deadline_ns, &flags);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    amdvi_drv_put_iotlb(&unit->ring, settle->asked, 0, UINT64_MAX);
    return amdvi_drv_wait_for(unit, amdvi_drv_ring_commit(&unit->ring, flags), deadline_ns);
}

/* Log and time do not say who has answered: ask those one by one who are not known to be late. */
static enum amdvi_drv_status ask_each(struct amdvi_drv *drv, struct amdvi_drv_settle *settle)
{
    uint32_t begin = short_time(drv);
    enum amdvi_drv_status status = ask_next(drv, settle);

    while (status == AMDVI_DRV_OK && settle->asked != NULL) {
        bool was_quick = is_quick(drv, settle);
        judge_asked(settle, was_quick, drain(drv, settle->units));
        /* Enough for one call, where several are silent. */
        status = short_time(drv) - begin < drv->config.wait_ms ? ask_next(drv, settle)
                                                               : AMDVI_DRV_ERR_TIMEOUT;
    }
    if (settle->asked != NULL) {
        amdvi_drv_requester_put(settle->asked);
    }
    return status;
}

enum amdvi_drv_status amdvi_drv_settle(struct amdvi_drv *drv, struct amdvi_drv_settle *settle)
{
    enum amdvi_drv_status status = AMDVI_DRV_OK;
    struct amdvi_drv_requester *late;
    bool was_quick = is_quick(drv, settle);

    if (!drain(drv, settle->units) || !was_quick || !is_whole(drv, settle)) {
        status = ask_each(drv, settle);
    }
    /* Also after an error: whoever tries again has less to ask. */
    while ((late = take_late(drv, settle->units)) != NULL) {
        enum amdvi_drv_status closed = amdvi_drv_ats_close(late);
        amdvi_drv_requester_put(late);
        if (closed != AMDVI_DRV_OK) {
            return closed;
        }
    }
    return status;
}
