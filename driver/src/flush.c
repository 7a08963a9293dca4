/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which commands a change in a domain needs, in which order, on which units. Order within a
 * submission: entries, pages, then what devices keep, since a device refills its cache through the
 * others.
 */
#include "flush.h"
#include "ring.h"
#include "store.h"

unsigned amdvi_drv_unit_index(const struct amdvi_drv_unit *unit)
{
    unsigned index = 0;

    while (unit->drv->units[index] != unit) {
        index++;
    }
    return index;
}

static bool submit_entries(struct amdvi_drv_domain *domain, struct amdvi_drv_unit *unit)
{
    struct amdvi_drv_requester *next = domain->requesters;
    uintptr_t flags;

    while (next != NULL) {
        unsigned count = 0;
        struct amdvi_drv_requester *first = next;
        for (; next != NULL && count < AMDVI_DRV_SUBMIT_MAX; next = next->next_in_domain) {
            count += next->unit == unit && next->entry_dirty ? 1 : 0;
        }
        if (count == 0) {
            continue;
        }
        if (!amdvi_drv_ring_begin(&unit->ring, count, &flags)) {
            return false;
        }
        for (struct amdvi_drv_requester *at = first; at != next; at = at->next_in_domain) {
            if (at->unit == unit && at->entry_dirty) {
                amdvi_drv_put_device(&unit->ring, AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY,
                                     at->device_id);
                at->entry_dirty = false;
            }
        }
        (void)amdvi_drv_ring_commit(&unit->ring, flags);
    }
    return true;
}

static unsigned count_ats(const struct amdvi_drv_domain *domain, const struct amdvi_drv_unit *unit)
{
    unsigned count = 0;

    for (const struct amdvi_drv_requester *at = domain->requesters; at != NULL;
         at = at->next_in_domain) {
        count += at->unit == unit && at->ats ? 1 : 0;
    }
    return count;
}

static bool submit_pages(struct amdvi_drv_domain *domain, struct amdvi_drv_unit *unit,
                         const struct amdvi_drv_gather *gather, struct amdvi_drv_wait *out)
{
    struct amdvi_drv_ring *ring = &unit->ring;
    unsigned index = amdvi_drv_unit_index(unit);
    struct amdvi_command command[4];
    unsigned pages = 0;
    unsigned devices = 0;
    uintptr_t flags;

    if (gather->first_iova <= gather->last_iova) {
        pages = amdvi_drv_invalidate_pages(command, domain->domain_id, gather->first_iova,
                                           gather->last_iova, gather->directories);
        devices = count_ats(domain, unit);
    }
    if (!amdvi_drv_ring_begin(ring, pages + devices, &flags)) {
        return false;
    }
    for (unsigned i = 0; i < pages; i++) {
        amdvi_drv_ring_put(ring, &command[i]);
    }
    for (const struct amdvi_drv_requester *at = domain->requesters; devices != 0 && at != NULL;
         at = at->next_in_domain) {
        if (at->unit == unit && at->ats) {
            amdvi_drv_put_iotlb(ring, at, gather->first_iova, gather->last_iova);
        }
    }
    out->number[index] = amdvi_drv_ring_commit(ring, flags);
    out->units |= UINT32_C(1) << index;
    out->ats_units |= devices != 0 ? UINT32_C(1) << index : 0;
    return true;
}

bool amdvi_drv_flush_submit(struct amdvi_drv_domain *domain, const struct amdvi_drv_gather *gather,
                            struct amdvi_drv_wait *out)
{
    struct amdvi_drv *drv = domain->drv;

    out->units = 0;
    out->ats_units = 0;
    for (unsigned i = 0; i < drv->unit_count; i++) {
        struct amdvi_drv_unit *unit = drv->units[i];
        uint32_t bit = UINT32_C(1) << i;
        if ((domain->units & bit) == 0) {
            continue;
        }
        if ((out->seen & bit) == 0) {
            out->seen |= bit;
            out->repairs[i] = (uint8_t)__atomic_load_n(&unit->ring.repairs, __ATOMIC_RELAXED);
            out->losses[i] = amdvi_drv_log_losses(unit);
        }
        if (!submit_entries(domain, unit) || !submit_pages(domain, unit, gather, out)) {
            return false;
        }
    }
    return true;
}

enum amdvi_drv_status amdvi_drv_flush_room(struct amdvi_drv_domain *domain)
{
    struct amdvi_drv *drv = domain->drv;
    uint64_t deadline_ns = amdvi_drv_deadline(drv);
    uint32_t units = __atomic_load_n(&domain->units, __ATOMIC_RELAXED);

    for (unsigned i = 0; i < drv->unit_count; i++) {
        if ((units >> i & 1) == 0) {
            continue;
        }
        enum amdvi_drv_status status =
            amdvi_drv_ring_room(&drv->units[i]->ring, AMDVI_DRV_SUBMIT_MAX, deadline_ns);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
    }
    return AMDVI_DRV_OK;
}

/* All but what devices did not answer, which is for when this stack is free again. */
static __attribute__((noinline)) enum amdvi_drv_status
wait_for_units(struct amdvi_drv *drv, const struct amdvi_drv_wait *wait)
{
    uint64_t deadline_ns = amdvi_drv_deadline(drv);
    enum amdvi_drv_status worst = AMDVI_DRV_OK;

    for (unsigned i = 0; i < drv->unit_count; i++) {
        if ((wait->units >> i & 1) == 0) {
            continue;
        }
        struct amdvi_drv_unit *unit = drv->units[i];
        enum amdvi_drv_status status = amdvi_drv_wait_for(unit, wait->number[i], deadline_ns);
        if (status == AMDVI_DRV_OK && wait->entries &&
            (uint8_t)__atomic_load_n(&unit->ring.repairs, __ATOMIC_RELAXED) != wait->repairs[i]) {
            status = AMDVI_DRV_ERR_COMMAND;
        }
        worst = status > worst ? status : worst;
    }
    return worst;
}

enum amdvi_drv_status amdvi_drv_flush_wait(struct amdvi_drv *drv, const struct amdvi_drv_wait *wait)
{
    enum amdvi_drv_status status = wait_for_units(drv, wait);

    if (status == AMDVI_DRV_OK && wait->ats_units != 0) {
        status = amdvi_drv_settle_devices(drv, wait->ats_units, wait->losses);
    }
    return status;
}

/* domain->lock is given back. @out_ats, @out_losses: as amdvi_drv_settle_devices() wants them.
 */
static __attribute__((noinline)) enum amdvi_drv_status
submit_and_wait(struct amdvi_drv_domain *domain, const struct amdvi_drv_gather *gather,
                uintptr_t flags, uint32_t *out_ats, uint8_t *out_losses)
{
    const struct amdvi_drv_host *host = domain->drv->host;
    struct amdvi_drv_wait wait = {.entries = gather->root_changed || domain->root_moving != 0};

    for (struct amdvi_drv_requester *at = domain->requesters; wait.entries && at != NULL;
         at = at->next_in_domain) {
        at->entry_dirty = true;
    }
    while (!amdvi_drv_flush_submit(domain, gather, &wait)) {
        amdvi_drv_unlock(host, &domain->lock, flags);
        enum amdvi_drv_status status = amdvi_drv_flush_room(domain);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
        flags = amdvi_drv_lock(host, &domain->lock);
    }
    amdvi_drv_unlock(host, &domain->lock, flags);
    *out_ats = wait.ats_units;
    __builtin_memcpy(out_losses, wait.losses, sizeof(wait.losses));
    return wait_for_units(domain->drv, &wait);
}

enum amdvi_drv_status amdvi_drv_flush_domain(struct amdvi_drv_domain *domain,
                                             const struct amdvi_drv_gather *gather, uintptr_t flags)
{
    uint8_t losses[AMDVI_DRV_UNITS_MAX];
    uint32_t ats_units = 0;

    enum amdvi_drv_status status = submit_and_wait(domain, gather, flags, &ats_units, losses);
    if (status == AMDVI_DRV_OK && ats_units != 0) {
        status = amdvi_drv_settle_devices(domain->drv, ats_units, losses);
    }
    return status;
}
