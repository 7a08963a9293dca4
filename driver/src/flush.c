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

/* ---- Submitting: domain->lock is held -------------------------------------------------------- */

/* Units that are waited for together, few enough for the stack. Tests have others. */
#ifndef AMDVI_DRV_GROUP
#define AMDVI_DRV_GROUP 8
#endif

/* Who waits, and for what. */
struct wait {
    unsigned first; /* units from this one on */
    uint32_t units; /* bits */
    uint32_t seen;  /* bits: whose repairs and overflows are noted */
    bool entries;   /* device table entries, perhaps in several submissions: a repair of any
                       meanwhile counts as one of ours */
    uint32_t number[AMDVI_DRV_GROUP];
    uint8_t repairs[AMDVI_DRV_GROUP]; /* of the ring, before */
};

static bool submit_pages(struct amdvi_drv_domain *domain, struct amdvi_drv_unit *unit,
                         const struct amdvi_drv_gather *gather, struct amdvi_drv_settle *settle,
                         uint32_t *out_number)
{
    struct amdvi_drv_ring *ring = &unit->ring;
    struct amdvi_drv_blocks blocks = {.count = 0};
    unsigned devices = 0;
    uintptr_t flags;

    if (gather->first_iova <= gather->last_iova) {
        blocks = amdvi_drv_blocks_of(gather->first_iova, gather->last_iova);
        devices = count_ats(domain, unit);
    }
    if (devices != 0) {
        amdvi_drv_settle_note(settle, unit);
    }
    if (!amdvi_drv_ring_begin(ring, blocks.count + devices, &flags)) {
        return false;
    }
    for (unsigned i = 0; i < blocks.count; i++) {
        amdvi_drv_ring_put_block(ring, &blocks, domain->domain_id, gather->directories);
    }
    for (const struct amdvi_drv_requester *at = domain->requesters; devices != 0 && at != NULL;
         at = at->next_in_domain) {
        if (at->unit == unit && at->ats) {
            amdvi_drv_put_iotlb(ring, at, gather->first_iova, gather->last_iova);
        }
    }
    *out_number = amdvi_drv_ring_commit(ring, flags);
    return true;
}

/*
 * To the units of a group, and to the devices with ATS, in one submission for each unit; before
 * that the entries of requesters that are entry_dirty, in as many as it takes. False when a ring
 * has no room: the lock is to be given back, and all of it begun again with the same @wait; nothing
 * is harmed by twice.
 */
static AMDVI_DRV_APART bool submit(struct amdvi_drv_domain *domain,
                                   const struct amdvi_drv_gather *gather, struct wait *wait,
                                   struct amdvi_drv_settle *settle)
{
    struct amdvi_drv *drv = domain->drv;

    wait->units = 0;
    for (unsigned i = wait->first; i < drv->unit_count && i < wait->first + AMDVI_DRV_GROUP; i++) {
        struct amdvi_drv_unit *unit = drv->units[i];
        uint32_t bit = UINT32_C(1) << i;
        if ((domain->units & bit) == 0) {
            continue;
        }
        if ((wait->seen & bit) == 0) {
            wait->seen |= bit;
            wait->repairs[i - wait->first] =
                (uint8_t)__atomic_load_n(&unit->ring.repairs, __ATOMIC_RELAXED);
        }
        if (!submit_entries(domain, unit) ||
            !submit_pages(domain, unit, gather, settle, &wait->number[i - wait->first])) {
            return false;
        }
        wait->units |= bit;
    }
    return true;
}

/* Wait for room, with no lock held. */
static AMDVI_DRV_APART enum amdvi_drv_status wait_for_room(struct amdvi_drv_domain *domain)
{
    struct amdvi_drv *drv = domain->drv;
    uint64_t deadline_ns = amdvi_drv_deadline(drv);
    uint32_t units = __atomic_load_n(&domain->units, __ATOMIC_RELAXED);

    for (unsigned i = 0; i < drv->unit_count; i++) {
        if ((units >> i & 1) == 0) {
            continue;
        }
        enum amdvi_drv_status status = amdvi_drv_ring_room(&drv->units[i]->ring, deadline_ns);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
    }
    return AMDVI_DRV_OK;
}

/* domain->lock is held, with @flags, and is given back. */
static enum amdvi_drv_status submit_group(struct amdvi_drv_domain *domain,
                                          const struct amdvi_drv_gather *gather, uintptr_t flags,
                                          struct wait *wait, struct amdvi_drv_settle *settle)
{
    const struct amdvi_drv_host *host = domain->drv->host;

    for (struct amdvi_drv_requester *at = domain->requesters; wait->entries && at != NULL;
         at = at->next_in_domain) {
        at->entry_dirty = true;
    }
    while (!submit(domain, gather, wait, settle)) {
        amdvi_drv_unlock(host, &domain->lock, flags);
        enum amdvi_drv_status status = wait_for_room(domain);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
        flags = amdvi_drv_lock(host, &domain->lock);
    }
    amdvi_drv_unlock(host, &domain->lock, flags);
    return AMDVI_DRV_OK;
}

/* ---- Waiting: no lock is held ---------------------------------------------------------------- */

static enum amdvi_drv_status wait_for_group(struct amdvi_drv *drv, const struct wait *wait,
                                            uint64_t deadline_ns)
{
    enum amdvi_drv_status worst = AMDVI_DRV_OK;

    for (unsigned i = wait->first; i < drv->unit_count && i < wait->first + AMDVI_DRV_GROUP; i++) {
        if ((wait->units >> i & 1) == 0) {
            continue;
        }
        struct amdvi_drv_unit *unit = drv->units[i];
        enum amdvi_drv_status status =
            amdvi_drv_wait_for(unit, wait->number[i - wait->first], deadline_ns);
        if (status == AMDVI_DRV_OK && wait->entries &&
            (uint8_t)__atomic_load_n(&unit->ring.repairs, __ATOMIC_RELAXED) !=
                wait->repairs[i - wait->first]) {
            status = AMDVI_DRV_ERR_COMMAND;
        }
        worst = status > worst ? status : worst;
    }
    return worst;
}

/* All but what devices did not answer, which is for when this stack is free again. */
static AMDVI_DRV_APART enum amdvi_drv_status flush_units(struct amdvi_drv_domain *domain,
                                                         const struct amdvi_drv_gather *gather,
                                                         uintptr_t flags,
                                                         struct amdvi_drv_settle *settle)
{
    struct amdvi_drv *drv = domain->drv;
    uint64_t deadline_ns = amdvi_drv_deadline(drv);
    struct wait wait = {.entries = gather->root_changed || domain->root_moving != 0};
    enum amdvi_drv_status worst = AMDVI_DRV_OK;

    for (; wait.first < drv->unit_count; wait.first += AMDVI_DRV_GROUP) {
        if (wait.first != 0) {
            flags = amdvi_drv_lock(drv->host, &domain->lock);
        }
        enum amdvi_drv_status status = submit_group(domain, gather, flags, &wait, settle);
        if (status == AMDVI_DRV_OK) {
            status = wait_for_group(drv, &wait, deadline_ns);
        }
        worst = status > worst ? status : worst;
    }
    return worst;
}

enum amdvi_drv_status amdvi_drv_flush_domain(struct amdvi_drv_domain *domain,
                                             const struct amdvi_drv_gather *gather, uintptr_t flags)
{
    struct amdvi_drv_settle settle = {0};
    enum amdvi_drv_status status = flush_units(domain, gather, flags, &settle);

    return status == AMDVI_DRV_OK && settle.units != 0 ? amdvi_drv_settle(domain->drv, &settle)
                                                       : status;
}
