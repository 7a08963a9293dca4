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

void amdvi_drv_settle_note(struct amdvi_drv_settle *settle, const struct amdvi_drv_unit *unit)
{
    uint32_t bit = UINT32_C(1) << amdvi_drv_unit_index(unit);

    if ((settle->units & bit) == 0) {
        settle->units |= bit;
        settle->losses += losses_of(unit);
    }
}

/*
 * What the logs say is known then; false when it is not.
 *
 * Choice: the event is in the log before the store of the COMPLETION_WAIT behind its command.
 */
static AMDVI_DRV_APART bool drain(struct amdvi_drv *drv, const struct amdvi_drv_settle *settle)
{
    uint64_t deadline_ns = amdvi_drv_deadline(drv);
    uint32_t losses = 0;

    for (unsigned i = 0; i < drv->unit_count; i++) {
        if ((settle->units >> i & 1) == 0) {
            continue;
        }
        while (amdvi_drv_unit_interrupt(drv, i)) {
            if (amdvi_drv_is_late(drv->host, deadline_ns)) {
                return false;
            }
        }
        losses += losses_of(drv->units[i]);
    }
    return losses == settle->losses; /* they only grow */
}

enum amdvi_drv_status amdvi_drv_settle(struct amdvi_drv *drv, const struct amdvi_drv_settle *settle)
{
    struct amdvi_drv_requester *late;

    if (!drain(drv, settle)) {
        return AMDVI_DRV_ERR_TIMEOUT;
    }
    while ((late = take_late(drv, settle->units)) != NULL) {
        enum amdvi_drv_status status = amdvi_drv_ats_close(late);
        amdvi_drv_requester_put(late);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
    }
    return AMDVI_DRV_OK;
}
