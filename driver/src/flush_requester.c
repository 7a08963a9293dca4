/* SPDX-License-Identifier: BSD-2-Clause */
/* The invalidations of one requester, its entry above all, and of an interrupt table. */
#include "flush.h"
#include "ring.h"
#include "store.h"

/* Commands of one requester, at most. */
#define REQUESTER_COMMANDS 5

/* What is to be invalidated besides the entry. */
struct scope {
    uint16_t domain_id[2]; /* 0: none */
    bool interrupts;
    bool iotlb;
};

static AMDVI_DRV_APART void put(const struct amdvi_drv_requester *requester,
                                const struct scope *scope)
{
    struct amdvi_drv_ring *ring = &requester->unit->ring;

    amdvi_drv_put_device(ring, AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY, requester->device_id);
    for (unsigned i = 0; i < 2; i++) {
        if (scope->domain_id[i] != 0) {
            amdvi_drv_put_domain(ring, scope->domain_id[i]);
        }
    }
    if (scope->interrupts) {
        amdvi_drv_put_device(ring, AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE, requester->device_id);
    }
    if (scope->iotlb) {
        amdvi_drv_put_iotlb(ring, requester, 0, UINT64_MAX);
    }
}

static AMDVI_DRV_APART enum amdvi_drv_status
submit_and_wait(const struct amdvi_drv_requester *requester, const struct scope *scope)
{
    struct amdvi_drv_unit *unit = requester->unit;
    uint64_t deadline_ns = amdvi_drv_deadline(unit->drv);
    uintptr_t flags;

    enum amdvi_drv_status status =
        amdvi_drv_ring_take(&unit->ring, REQUESTER_COMMANDS, deadline_ns, &flags);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    put(requester, scope);
    return amdvi_drv_wait_for(unit, amdvi_drv_ring_commit(&unit->ring, flags), deadline_ns);
}

enum amdvi_drv_status amdvi_drv_flush_requester(struct amdvi_drv_requester *requester,
                                                uint16_t old_domain_id, uint16_t new_domain_id,
                                                bool interrupts)
{
    struct amdvi_drv_unit *unit = requester->unit;
    struct amdvi_drv_settle settle = {0};
    struct scope scope = {
        .domain_id = {old_domain_id, new_domain_id != old_domain_id ? new_domain_id : 0},
        .interrupts = interrupts,
        .iotlb = amdvi_drv_requester_has_ats(requester),
    };

    if (scope.iotlb) {
        amdvi_drv_settle_note(&settle, unit);
    }
    enum amdvi_drv_status status = submit_and_wait(requester, &scope);
    return status == AMDVI_DRV_OK && scope.iotlb ? amdvi_drv_settle(unit->drv, &settle) : status;
}

static AMDVI_DRV_APART enum amdvi_drv_status submit_entry(struct amdvi_drv_requester *requester,
                                                          uint16_t domain_id, uint32_t *out_number)
{
    struct amdvi_drv_unit *unit = requester->unit;
    uintptr_t flags;

    enum amdvi_drv_status status =
        amdvi_drv_ring_take(&unit->ring, 2, amdvi_drv_deadline(unit->drv), &flags);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    amdvi_drv_put_device(&unit->ring, AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY, requester->device_id);
    if (domain_id != 0) {
        amdvi_drv_put_domain(&unit->ring, domain_id);
    }
    *out_number = amdvi_drv_ring_commit(&unit->ring, flags);
    return AMDVI_DRV_OK;
}

enum amdvi_drv_status amdvi_drv_flush_entry(struct amdvi_drv_requester *requester,
                                            uint16_t domain_id)
{
    uint32_t number;
    enum amdvi_drv_status status = submit_entry(requester, domain_id, &number);

    return status == AMDVI_DRV_OK ? amdvi_drv_wait_for(requester->unit, number,
                                                       amdvi_drv_deadline(requester->unit->drv))
                                  : status;
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
            status = amdvi_drv_ring_room(&unit->ring, deadline_ns);
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
