/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Putting a unit's table in force, and taking it out: the only place where registers are written in
 * an order that matters. At each moment devices reach what they could reach before, or what the new
 * table lets them reach; a unit is only switched on with a table that blocks.
 */
#include "flush.h"
#include "registers.h"
#include "ring.h"
#include "state.h"
#include "store.h"

#include <amdvi/later.h>

#define IDS UINT32_C(65536) /* of devices, and of domains */

/* ---- Invalidating everything ----------------------------------------------------------------- */

static AMDVI_DRV_APART void put(struct amdvi_drv_ring *ring, enum amdvi_opcode opcode, uint16_t id)
{
    if (opcode == AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES) {
        amdvi_drv_put_domain(ring, id);
    } else {
        amdvi_drv_put_device(ring, opcode, id);
    }
}

/* As many as a submission holds at a time; *out_number is the last one's. */
static enum amdvi_drv_status submit_series(struct amdvi_drv_unit *unit, enum amdvi_opcode opcode,
                                           uint32_t count, uint32_t *out_number)
{
    struct amdvi_drv_ring *ring = &unit->ring;
    uintptr_t flags;

    for (uint32_t id = 0; id < count;) {
        uint32_t left = count - id;
        unsigned part = left < AMDVI_DRV_SUBMIT_MAX ? (unsigned)left : AMDVI_DRV_SUBMIT_MAX;
        enum amdvi_drv_status status =
            amdvi_drv_ring_take(ring, part, amdvi_drv_deadline(unit->drv), &flags);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
        for (unsigned i = 0; i < part; i++) {
            put(ring, opcode, (uint16_t)(id + i));
        }
        *out_number = amdvi_drv_ring_commit(ring, flags);
        id += part;
    }
    return AMDVI_DRV_OK;
}

/* The numbers of domains that are there: homes, at the start. */
static enum amdvi_drv_status submit_domains(struct amdvi_drv_unit *unit, uint32_t *out_number)
{
    struct amdvi_drv_ring *ring = &unit->ring;
    uintptr_t flags;

    for (const struct amdvi_drv_domain *at = unit->drv->domains; at != NULL; at = at->next) {
        enum amdvi_drv_status status =
            amdvi_drv_ring_take(ring, 1, amdvi_drv_deadline(unit->drv), &flags);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
        put(ring, AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES, at->domain_id);
        *out_number = amdvi_drv_ring_commit(ring, flags);
    }
    return AMDVI_DRV_OK;
}

static enum amdvi_drv_status submit_all(struct amdvi_drv_unit *unit, uint32_t *out_number)
{
    uintptr_t flags;

    enum amdvi_drv_status status =
        amdvi_drv_ring_take(&unit->ring, 1, amdvi_drv_deadline(unit->drv), &flags);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    amdvi_drv_ring_put_all(&unit->ring);
    *out_number = amdvi_drv_ring_commit(&unit->ring, flags);
    return AMDVI_DRV_OK;
}

enum amdvi_drv_status amdvi_drv_unit_invalidate_all(struct amdvi_drv_unit *unit, bool domains)
{
    unsigned repairs = unit->ring.repairs;
    uint32_t number = unit->ring.submitted;
    enum amdvi_drv_status status;

    if (amdvi_has(unit->info.efr, AMDVI_EFR_IA_SUP)) {
        status = submit_all(unit, &number);
    } else {
        /* All ids, those behind the table too: an older, larger one may be cached. */
        status = submit_series(unit, AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY, IDS, &number);
        if (status == AMDVI_DRV_OK) {
            status = submit_series(unit, AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE, IDS, &number);
        }
        if (status == AMDVI_DRV_OK) {
            status = domains
                         ? submit_series(unit, AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES, IDS, &number)
                         : submit_domains(unit, &number);
        }
    }
    if (status == AMDVI_DRV_OK) {
        status = amdvi_drv_ring_wait(&unit->ring, number, amdvi_drv_deadline(unit->drv));
    }
    /* A command that was replaced on the way belongs to a number that nobody asked for. */
    return status == AMDVI_DRV_OK && unit->ring.repairs != repairs ? AMDVI_DRV_ERR_COMMAND : status;
}

/* ---- On -------------------------------------------------------------------------------------- */

/* Whoever used the unit before: ring and log stop; of one that is off, everything else too. */
static enum amdvi_drv_status quiesce(struct amdvi_drv_unit *unit, bool running)
{
    if (running && !amdvi_drv_takeover_is_possible(unit)) {
        amdvi_drv_say(unit->drv, "the running table cannot be replaced in one write, unit",
                      unit->ivrs.device_id);
        return AMDVI_DRV_ERR_UNSUPPORTED;
    }
    unit->touched = true;
    if (!running) {
        amdvi_drv_control(&unit->drv->heap, unit->window, UINT64_MAX, 0);
        /* It stays off; but at a resume, where that lets everything pass, it is told of at the end.
         */
        if (!unit->in_force && !amdvi_drv_takeover_is_complete(unit)) {
            return AMDVI_DRV_ERR_HARDWARE;
        }
    }
    return amdvi_drv_takeover_begin(unit);
}

static enum amdvi_drv_status put_in_force(struct amdvi_drv_unit *unit, bool running)
{
    struct amdvi_drv *drv = unit->drv;
    const struct amdvi_drv_host *host = drv->host;

    amdvi_drv_errata_apply(unit);
    /* What is excluded passes, whatever the tables say. */
    amdvi_drv_reg_write(host, unit->window, AMDVI_REG_EXCL_BASE, 0);
    if (!running) {
        amdvi_drv_control(&drv->heap, unit->window, UINT64_MAX,
                          unit->control & ~AMDVI_CONTROL_IOMMU_EN);
    }
    unit->in_force = true;
    amdvi_drv_reg_write(host, unit->window, AMDVI_REG_DEV_TAB_BASE,
                        amdvi_drv_device_table_base(&unit->table));
    enum amdvi_drv_status status = amdvi_drv_ring_start(&unit->ring);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    amdvi_drv_message_setup(unit);
    amdvi_drv_log_start(&unit->log, unit->has_interrupt);
    amdvi_drv_control(&drv->heap, unit->window, 0, AMDVI_CONTROL_IOMMU_EN);
    return amdvi_drv_reg_wait(host, unit->window, AMDVI_REG_STATUS, AMDVI_STATUS_CMD_BUF_RUN,
                              AMDVI_STATUS_CMD_BUF_RUN, AMDVI_DRV_STOP_NS)
               ? AMDVI_DRV_OK
               : AMDVI_DRV_ERR_HARDWARE;
}

enum amdvi_drv_status amdvi_drv_unit_enable(struct amdvi_drv_unit *unit)
{
    bool running = amdvi_drv_unit_is_running(unit);
    enum amdvi_drv_status status = quiesce(unit, running);

    if (status == AMDVI_DRV_OK) {
        status = put_in_force(unit, running);
    }
    if (status == AMDVI_DRV_OK) {
        /* Domains of an earlier owner, or our own before a suspend, may be cached. */
        status = amdvi_drv_unit_invalidate_all(unit, running || unit->drv->domain_count != 0);
    }
    if (status == AMDVI_DRV_OK && running && amdvi_drv_takeover_end(unit)) {
        /* Of a device table in segments, only the first was ours until here. */
        status = amdvi_drv_unit_invalidate_all(unit, true);
    }
    /* What does not go gives tables a meaning that is not ours: larger interrupt entries, further
     * logs, other tables. */
    if (status == AMDVI_DRV_OK && !amdvi_drv_takeover_is_complete(unit)) {
        status = AMDVI_DRV_ERR_HARDWARE;
    }
    return status;
}

/* ---- Off ------------------------------------------------------------------------------------- */

enum amdvi_drv_status amdvi_drv_unit_disable(struct amdvi_drv_unit *unit, bool off)
{
    const struct amdvi_drv_host *host = unit->drv->host;
    enum amdvi_drv_status ring = amdvi_drv_ring_stop(&unit->ring);
    enum amdvi_drv_status log = amdvi_drv_log_stop(&unit->log);

    bool runs_on = ring != AMDVI_DRV_OK || log != AMDVI_DRV_OK;

    unit->stuck = runs_on && unit->in_force; /* else ring and log are somebody else's */
    if (off) {
        amdvi_drv_control(&unit->drv->heap, unit->window, UINT64_MAX, 0);
        /* The read is behind the write, so nothing is read from the table after it. */
        bool is_on = amdvi_has(amdvi_drv_reg_read(host, unit->window, AMDVI_REG_CONTROL),
                               AMDVI_CONTROL_IOMMU_EN);
        unit->in_force = is_on || unit->stuck;
    }
    return runs_on ? AMDVI_DRV_ERR_TIMEOUT : AMDVI_DRV_OK;
}
