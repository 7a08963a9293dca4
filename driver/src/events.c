/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an event means, and what follows from it: rings repaired, devices that fault without end
 * stopped. Events are taken one by one under drv->lock and unit->lock, so that whoever took one has
 * also noted what it says of a device; the host is told with no lock held.
 */
#include "flush.h"
#include "ring.h"
#include "state.h"
#include "store.h"

#define SECOND_NS UINT64_C(1000000000)

/* ---- Judging an event: drv->lock and unit->lock are held ------------------------------------- */

/* Does the event say that a device did something, and which? */
static bool is_fault(const struct amdvi_drv_report *report)
{
    if (!report->known) {
        return false;
    }
    switch (report->event.code) {
    case AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY:
    case AMDVI_EVENT_IO_PAGE_FAULT:
    case AMDVI_EVENT_DEV_TAB_HARDWARE_ERROR:
    case AMDVI_EVENT_PAGE_TAB_HARDWARE_ERROR:
    case AMDVI_EVENT_INVALID_DEVICE_REQUEST:
        return true;
    case AMDVI_EVENT_ILLEGAL_COMMAND_ERROR:
    case AMDVI_EVENT_COMMAND_HARDWARE_ERROR:
    case AMDVI_EVENT_IOTLB_INV_TIMEOUT:
        break;
    }
    return false;
}

/* One more in this second: are these too many? */
static bool is_too_many(const struct amdvi_drv_unit *unit, uint32_t *faults, uint64_t *since_ns)
{
    const struct amdvi_drv *drv = unit->drv;
    uint64_t now_ns = drv->host->now_ns(drv->host->ctx);

    if (now_ns - *since_ns >= SECOND_NS) {
        *since_ns = now_ns;
        *faults = 0;
    }
    ++*faults;
    return drv->config.faults_max != 0 && *faults > drv->config.faults_max;
}

/*
 * Block it, and tell the IOMMU, but without waiting: this may be an interrupt handler. The entry is
 * one store, as all on the way to blocked are. True when it was not.
 */
static bool block(struct amdvi_drv_unit *unit, uint16_t device_id)
{
    uintptr_t flags;

    enum amdvi_drv_dte_step step =
        amdvi_drv_device_table_store(&unit->table, device_id, &unit->stopped_entry);
    if (amdvi_drv_ring_begin(&unit->ring, 1, &flags)) {
        amdvi_drv_put_device(&unit->ring, AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY, device_id);
        (void)amdvi_drv_ring_commit(&unit->ring, flags);
    }
    return step == AMDVI_DRV_DTE_BREAK;
}

/* amdvi_drv_poll() completes it. */
static void stop(struct amdvi_drv_requester *requester)
{
    requester->stopped = true;
    requester->stop_due = true;
    /* Else blocked by whoever is at it, and for good: the second store looks at stopped. */
    if (!requester->breaking) {
        requester->breaking = block(requester->unit, requester->device_id);
    }
}

/* Of somebody whose requests come under this id. False: it is stopped, the host knows enough. */
static bool count_fault(struct amdvi_drv_requester *requester, struct amdvi_drv_report *report)
{
    if (requester->stopped) {
        return false;
    }
    if (is_too_many(requester->unit, &requester->faults, &requester->faults_since_ns)) {
        stop(requester);
        report->device_stopped = true;
    }
    return true;
}

static AMDVI_DRV_APART bool is_silent(const struct amdvi_drv_unit *unit, uint16_t device_id)
{
    return amdvi_drv_device_table_read(&unit->table, device_id).suppress_all;
}

/*
 * Of an id that nobody added, and that is blocked anyway, but for firmware's memory: all of these
 * count as one, and who faults when there are too many is not logged any more, so that the log is
 * left to others. Its entry is as it shall be again when it is added.
 */
static bool count_stranger(struct amdvi_drv_unit *unit, struct amdvi_drv_report *report)
{
    uint16_t device_id = report->event.device_id;
    bool has_entry = device_id < unit->table.entries;

    if (has_entry && is_silent(unit, device_id)) {
        return false; /* logged before that */
    }
    if (is_too_many(unit, &unit->strangers_faults, &unit->strangers_since_ns) && has_entry) {
        unit->strangers_faults = 0;
        (void)block(unit, device_id);
        report->device_stopped = true;
    }
    return true;
}

/* What became of the log's oldest event. */
enum taken {
    TAKEN_NONE,
    TAKEN_QUIETLY,
    TAKEN_REPORT,
};

static enum taken judge(struct amdvi_drv_unit *unit, struct amdvi_drv_report *report)
{
    struct amdvi_drv_requester *requester = NULL;
    enum taken taken = TAKEN_REPORT;

    unit->info.lost += report->lost;
    if (report->raw[0] == 0) {
        unit->lost += report->lost; /* an entry that never came has nothing to tell */
        return TAKEN_QUIETLY;
    }
    if (report->known) {
        requester = amdvi_drv_requester_find(unit, report->event.device_id);
    }
    if (report->known && report->event.code == AMDVI_EVENT_IOTLB_INV_TIMEOUT && requester != NULL) {
        __atomic_store_n(&requester->ats_late, true, __ATOMIC_RELEASE);
        __atomic_store_n(&unit->silences, unit->silences + 1, __ATOMIC_RELAXED);
    }
    if (is_fault(report) &&
        !(requester != NULL ? count_fault(requester, report) : count_stranger(unit, report))) {
        taken = TAKEN_QUIETLY;
        unit->lost++;
        unit->info.lost++;
    }
    if (taken != TAKEN_QUIETLY) {
        report->lost = unit->lost;
        unit->lost = 0;
    }
    return taken;
}

static enum taken take(struct amdvi_drv_unit *unit, struct amdvi_drv_report *report)
{
    struct amdvi_drv *drv = unit->drv;
    enum taken taken = TAKEN_NONE;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    uintptr_t unit_flags = amdvi_drv_lock(drv->host, &unit->lock);

    if (amdvi_drv_log_next(&unit->log, report)) {
        unit->info.events++;
        taken = judge(unit, report);
    }
    amdvi_drv_unlock(drv->host, &unit->lock, unit_flags);
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return taken;
}

/* ---- What follows ---------------------------------------------------------------------------- */

void amdvi_drv_unit_repair(struct amdvi_drv_unit *unit, uint64_t bad_command)
{
    bool was_failed = __atomic_load_n(&unit->ring.failed, __ATOMIC_RELAXED);

    if (amdvi_drv_ring_repair(&unit->ring, bad_command) != AMDVI_DRV_OK && !was_failed) {
        amdvi_drv_say(unit->drv, "takes no commands any more: the IOMMU at", unit->ivrs.window_spa);
    }
}

static void follow(struct amdvi_drv_unit *unit, enum taken taken, struct amdvi_drv_report *report)
{
    const struct amdvi_drv_host *host = unit->drv->host;

    report->unit_index = amdvi_drv_unit_index(unit);
    report->segment = unit->ivrs.pci_segment;
    if (report->known && (report->event.code == AMDVI_EVENT_ILLEGAL_COMMAND_ERROR ||
                          report->event.code == AMDVI_EVENT_COMMAND_HARDWARE_ERROR)) {
        amdvi_drv_unit_repair(unit, report->event.address);
    }
    if (host->event != NULL && taken != TAKEN_QUIETLY) {
        host->event(host->ctx, report);
    }
}

bool amdvi_drv_event_handle(struct amdvi_drv_unit *unit)
{
    struct amdvi_drv_report report;
    enum taken taken = take(unit, &report);

    if (taken != TAKEN_NONE) {
        follow(unit, taken, &report);
    }
    return taken != TAKEN_NONE;
}
