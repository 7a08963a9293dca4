/* SPDX-License-Identifier: BSD-2-Clause */
/* The invalidations of one requester, its entry above all, and of an interrupt table. */
#include "flush.h"
#include "ring.h"
#include "store.h"

#include <amdvi/ats.h>

/* Commands of one requester, at most. */
#define REQUESTER_COMMANDS 5

/* All pages: one block of 2^64 bytes, and one command on the stack instead of four. */
static void put_domain(struct amdvi_drv_ring *ring, uint16_t domain_id)
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

/* ---- A requester ----------------------------------------------------------------------------- */

static enum amdvi_drv_status begin(struct amdvi_drv_ring *ring, unsigned count,
                                   uint64_t deadline_ns, uintptr_t *out_flags)
{
    while (!amdvi_drv_ring_begin(ring, count, out_flags)) {
        enum amdvi_drv_status status = amdvi_drv_ring_room(ring, count, deadline_ns);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
    }
    return AMDVI_DRV_OK;
}

enum amdvi_drv_status amdvi_drv_flush_requester(struct amdvi_drv_requester *requester,
                                                uint16_t old_domain_id, uint16_t new_domain_id,
                                                bool interrupts)
{
    struct amdvi_drv_unit *unit = requester->unit;
    struct amdvi_drv_ring *ring = &unit->ring;
    bool iotlb = requester->ats;
    uint64_t deadline_ns = amdvi_drv_deadline(unit->drv);
    uint8_t losses[AMDVI_DRV_UNITS_MAX];
    unsigned index = amdvi_drv_unit_index(unit);
    uintptr_t flags;

    losses[index] = amdvi_drv_log_losses(unit);
    enum amdvi_drv_status status = begin(ring, REQUESTER_COMMANDS, deadline_ns, &flags);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    amdvi_drv_put_device(ring, AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY, requester->device_id);
    if (old_domain_id != 0) {
        put_domain(ring, old_domain_id);
    }
    if (new_domain_id != 0 && new_domain_id != old_domain_id) {
        put_domain(ring, new_domain_id);
    }
    if (interrupts) {
        amdvi_drv_put_device(ring, AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE, requester->device_id);
    }
    if (iotlb) {
        amdvi_drv_put_iotlb(ring, requester, 0, UINT64_MAX);
    }
    status = amdvi_drv_wait_for(unit, amdvi_drv_ring_commit(ring, flags), deadline_ns);
    if (status == AMDVI_DRV_OK && iotlb) {
        status = amdvi_drv_settle_devices(unit->drv, UINT32_C(1) << index, losses);
    }
    return status;
}

enum amdvi_drv_status amdvi_drv_flush_entry(struct amdvi_drv_requester *requester,
                                            uint16_t domain_id)
{
    struct amdvi_drv_unit *unit = requester->unit;
    uint64_t deadline_ns = amdvi_drv_deadline(unit->drv);
    uintptr_t flags;

    enum amdvi_drv_status status = begin(&unit->ring, 2, deadline_ns, &flags);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    amdvi_drv_put_device(&unit->ring, AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY, requester->device_id);
    if (domain_id != 0) {
        put_domain(&unit->ring, domain_id);
    }
    return amdvi_drv_wait_for(unit, amdvi_drv_ring_commit(&unit->ring, flags), deadline_ns);
}

/* ---- Interrupt tables ------------------------------------------------------------------------ */

/* The requesters of @table after the first @skip, of @bucket: how many were put. */
static unsigned put_interrupts(struct amdvi_drv_unit *unit,
                               const struct amdvi_drv_interrupt_table *table,
                               const struct amdvi_drv_requester *bucket, unsigned skip)
{
    unsigned met = 0;

    for (const struct amdvi_drv_requester *at = bucket;
         at != NULL && met < skip + AMDVI_DRV_SUBMIT_MAX; at = at->next) {
        if (at->unit != unit || at->interrupts != table) {
            continue;
        }
        if (met >= skip) {
            amdvi_drv_put_device(&unit->ring, AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE,
                                 at->device_id);
        }
        met++;
    }
    return met < skip ? 0 : met - skip;
}

static bool has_table(const struct amdvi_drv_requester *bucket,
                      const struct amdvi_drv_interrupt_table *table)
{
    while (bucket != NULL && bucket->interrupts != table) {
        bucket = bucket->next;
    }
    return bucket != NULL;
}

enum amdvi_drv_status amdvi_drv_flush_interrupts(struct amdvi_drv_unit *unit,
                                                 const struct amdvi_drv_interrupt_table *table)
{
    struct amdvi_drv *drv = unit->drv;
    uint64_t deadline_ns = amdvi_drv_deadline(drv);
    enum amdvi_drv_status worst = AMDVI_DRV_OK;
    unsigned skip = 0;
    uintptr_t ring_flags;

    for (unsigned i = 0; i < AMDVI_DRV_BUCKETS;) {
        uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
        bool needed = has_table(drv->buckets[i], table);
        bool has_room =
            needed && amdvi_drv_ring_begin(&unit->ring, AMDVI_DRV_SUBMIT_MAX, &ring_flags);
        unsigned count = has_room ? put_interrupts(unit, table, drv->buckets[i], skip) : 0;
        uint32_t number = has_room ? amdvi_drv_ring_commit(&unit->ring, ring_flags) : 0;
        amdvi_drv_unlock(drv->host, &drv->lock, flags);

        enum amdvi_drv_status status = AMDVI_DRV_OK;
        if (has_room) {
            status = amdvi_drv_wait_for(unit, number, deadline_ns);
        } else if (needed) {
            status = amdvi_drv_ring_room(&unit->ring, AMDVI_DRV_SUBMIT_MAX, deadline_ns);
            if (status == AMDVI_DRV_OK) {
                continue;
            }
        }
        worst = status > worst ? status : worst;
        skip = count == AMDVI_DRV_SUBMIT_MAX ? skip + count : 0;
        i += skip == 0 ? 1 : 0;
    }
    return worst;
}
