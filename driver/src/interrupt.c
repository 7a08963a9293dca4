/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt remapping. The requesters of a device have one table; so have devices that share a
 * requester, and nobody else (XSA-36). Entries do not move, change in one store, and are given out
 * again only after the completed invalidation.
 */
#include "state.h"
#include "store.h"

#include <amdvi/interrupt.h>

static bool can_remap(const struct amdvi_drv_device *device)
{
    const struct amdvi_drv_unit *unit = device->requester[0]->unit;

    return !device->drv->config.pass_interrupts &&
           (unit->info.errata & AMDVI_DRV_ERRATUM_SP5100) == 0;
}

/* ---- Which table ----------------------------------------------------------------------------- */

/* drv->lock is held. Does a requester have it? */
static bool is_used(const struct amdvi_drv *drv, const struct amdvi_drv_interrupt_table *table)
{
    for (unsigned i = 0; i < AMDVI_DRV_BUCKETS; i++) {
        for (const struct amdvi_drv_requester *at = drv->buckets[i]; at != NULL; at = at->next) {
            if (at->interrupts == table) {
                return true;
            }
        }
    }
    return false;
}

/*
 * The table of the device's requesters: NULL when none has one. False when two have different ones,
 * as they had before this device tied them together.
 */
static bool find_table(const struct amdvi_drv_device *device,
                       struct amdvi_drv_interrupt_table **out)
{
    *out = NULL;
    for (unsigned i = 0; i < device->requester_count; i++) {
        struct amdvi_drv_interrupt_table *table = device->requester[i]->interrupts;
        if (table != NULL && *out != NULL && table != *out) {
            return false;
        }
        *out = table != NULL ? table : *out;
    }
    return true;
}

static void free_table(struct amdvi_drv *drv, struct amdvi_drv_interrupt_table *table)
{
    amdvi_drv_interrupt_table_destroy(table);
    amdvi_drv_object_free(drv, table);
}

static enum amdvi_drv_status make_table(struct amdvi_drv *drv, unsigned reserved,
                                        struct amdvi_drv_interrupt_table **out)
{
    struct amdvi_drv_interrupt_table *table = amdvi_drv_object_alloc(drv);

    if (table == NULL) {
        return AMDVI_DRV_ERR_NO_MEMORY;
    }
    enum amdvi_drv_status status = amdvi_drv_interrupt_table_init(table, &drv->heap, reserved);
    if (status != AMDVI_DRV_OK) {
        amdvi_drv_object_free(drv, table);
        return status;
    }
    *out = table;
    return AMDVI_DRV_OK;
}

/* A root may be written to the entry at any moment, and its table with it. */
static void set_table(struct amdvi_drv_requester *requester,
                      struct amdvi_drv_interrupt_table *table)
{
    struct amdvi_drv_unit *unit = requester->unit;
    const struct amdvi_drv_host *host = unit->drv->host;
    uintptr_t flags = amdvi_drv_lock(host, &unit->drv->lock);
    uintptr_t unit_flags = amdvi_drv_lock(host, &unit->lock);

    requester->interrupts = table;
    amdvi_drv_unlock(host, &unit->lock, unit_flags);
    amdvi_drv_unlock(host, &unit->drv->lock, flags);
}

/*
 * All requesters get @table. After an error they keep it, empty: the IOMMU may know where it is, so
 * it cannot be given back, and the next call completes what this could not.
 */
static enum amdvi_drv_status give_table(struct amdvi_drv_device *device,
                                        struct amdvi_drv_interrupt_table *table)
{
    enum amdvi_drv_status worst = AMDVI_DRV_OK;

    for (unsigned i = 0; i < device->requester_count; i++) {
        struct amdvi_drv_requester *requester = device->requester[i];
        if (requester->interrupts == table && !requester->interrupts_dirty) {
            continue;
        }
        requester->interrupts_dirty = true;
        set_table(requester, table);
        enum amdvi_drv_status status = amdvi_drv_requester_refresh(requester);
        requester->interrupts_dirty = status != AMDVI_DRV_OK;
        worst = status > worst ? status : worst;
    }
    return worst;
}

/* The device is claimed. Its table, made if need be, with @reserved entries from 0 on taken. */
static enum amdvi_drv_status have_table(struct amdvi_drv_device *device, unsigned reserved,
                                        struct amdvi_drv_interrupt_table **out)
{
    if (!can_remap(device)) {
        return AMDVI_DRV_ERR_UNSUPPORTED;
    }
    if (!find_table(device, out) || (*out != NULL && reserved != 0)) {
        return AMDVI_DRV_ERR_BUSY;
    }
    if (*out == NULL) {
        enum amdvi_drv_status status = make_table(device->drv, reserved, out);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
    }
    return give_table(device, *out);
}

enum amdvi_drv_status amdvi_drv_interrupts_release(struct amdvi_drv_device *device)
{
    struct amdvi_drv *drv = device->drv;
    enum amdvi_drv_status worst = AMDVI_DRV_OK;

    for (unsigned i = 0; i < device->requester_count; i++) {
        struct amdvi_drv_requester *requester = device->requester[i];
        struct amdvi_drv_interrupt_table *table = requester->interrupts;
        if (table == NULL || amdvi_drv_requester_is_shared(device, requester)) {
            continue;
        }
        set_table(requester, NULL);
        enum amdvi_drv_status status = amdvi_drv_requester_refresh(requester);
        if (status != AMDVI_DRV_OK) {
            set_table(requester, table); /* not given back: it may be in use */
            requester->interrupts_dirty = true;
            worst = status > worst ? status : worst;
            continue;
        }
        requester->interrupts_dirty = false;
        uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
        bool is_free = !is_used(drv, table);
        amdvi_drv_unlock(drv->host, &drv->lock, flags);
        if (is_free) {
            free_table(drv, table);
        }
    }
    return worst;
}

/* ---- Entries --------------------------------------------------------------------------------- */

enum amdvi_drv_status amdvi_drv_interrupt_alloc(struct amdvi_drv_device *device, unsigned count,
                                                unsigned *out_index)
{
    const struct amdvi_drv_host *host = device->drv->host;
    struct amdvi_drv_unit *unit = device->requester[0]->unit;
    struct amdvi_drv_interrupt_table *table = NULL;

    if (count == 0 || count > 32 || (count & (count - 1)) != 0) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    enum amdvi_drv_status status = amdvi_drv_device_claim(device);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    status = have_table(device, 0, &table);
    if (status == AMDVI_DRV_OK) {
        uintptr_t flags = amdvi_drv_lock(host, &unit->lock);
        status = amdvi_drv_interrupt_table_take(table, count, out_index);
        amdvi_drv_unlock(host, &unit->lock, flags);
    }
    amdvi_drv_device_unclaim(device);
    return status;
}

enum amdvi_drv_status amdvi_drv_interrupt_alloc_pins(struct amdvi_drv_device *device, unsigned pins)
{
    struct amdvi_drv_interrupt_table *table = NULL;

    if (pins == 0 || pins > AMDVI_DRV_INTERRUPTS) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    enum amdvi_drv_status status = amdvi_drv_device_claim(device);
    if (status == AMDVI_DRV_OK) {
        status = have_table(device, pins, &table);
        amdvi_drv_device_unclaim(device);
    }
    return status;
}

/* unit->lock is held. Are all of them allocated? */
static bool are_taken(const struct amdvi_drv_interrupt_table *table, unsigned index, unsigned count)
{
    if (table == NULL || count == 0 || index >= AMDVI_DRV_INTERRUPTS ||
        count > AMDVI_DRV_INTERRUPTS - index) {
        return false;
    }
    for (unsigned i = index; i < index + count; i++) {
        if ((table->used[i / 32] >> (i % 32) & 1) == 0) {
            return false;
        }
    }
    return true;
}

enum amdvi_drv_status amdvi_drv_interrupt_set(struct amdvi_drv_device *device, unsigned index,
                                              const struct amdvi_drv_target *target)
{
    const struct amdvi_drv_host *host = device->drv->host;
    struct amdvi_drv_unit *unit = device->requester[0]->unit;
    struct amdvi_irte irte = {.remap_enable = false};

    if (target != NULL) {
        if (target->vector < 16) {
            return AMDVI_DRV_ERR_ARGUMENT;
        }
        irte = (struct amdvi_irte){
            .remap_enable = true,
            .request_eoi = target->level,
            .logical = target->logical,
            .int_type = target->lowest_priority ? AMDVI_DELIVERY_ARBITRATED : AMDVI_DELIVERY_FIXED,
            .destination = target->destination,
            .vector = target->vector,
        };
    }
    uintptr_t flags = amdvi_drv_lock(host, &unit->lock);
    struct amdvi_drv_interrupt_table *table = device->requester[0]->interrupts;
    bool is_ours = are_taken(table, index, 1);
    if (is_ours) {
        amdvi_drv_interrupt_table_write(table, index, &irte);
    }
    amdvi_drv_unlock(host, &unit->lock, flags);
    return is_ours ? amdvi_drv_flush_interrupts(unit, table) : AMDVI_DRV_ERR_ARGUMENT;
}

void amdvi_drv_interrupt_message(unsigned index, uint64_t *out_address, uint32_t *out_data)
{
    *out_address = AMDVI_MSI_BASE;
    *out_data = (uint32_t)amdvi_put(AMDVI_MSI_DATA_INDEX, index);
}

enum amdvi_drv_status amdvi_drv_interrupt_free(struct amdvi_drv_device *device, unsigned index,
                                               unsigned count)
{
    const struct amdvi_drv_host *host = device->drv->host;
    struct amdvi_drv_unit *unit = device->requester[0]->unit;
    uintptr_t flags = amdvi_drv_lock(host, &unit->lock);
    struct amdvi_drv_interrupt_table *table = device->requester[0]->interrupts;
    bool are_ours = are_taken(table, index, count);
    if (are_ours) {
        amdvi_drv_interrupt_table_clear(table, index, count);
    }
    amdvi_drv_unlock(host, &unit->lock, flags);
    if (!are_ours) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    enum amdvi_drv_status status = amdvi_drv_flush_interrupts(unit, table);
    if (status == AMDVI_DRV_OK) {
        flags = amdvi_drv_lock(host, &unit->lock);
        amdvi_drv_interrupt_table_give(table, index, count);
        amdvi_drv_unlock(host, &unit->lock, flags);
    }
    return status;
}
