/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The property stats: what the IOMMU did for each device, the library's totals, what its rings are
 * doing, and how long COMPLETION_WAITs took, as JSON.
 *
 * Properties are read under the big lock. So are all of these written, but for the endpoints' Stat64,
 * which are atomic, and the library's, which it reads for itself.
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_bus.h"
#include "qemu/timer.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "qobject/qstring.h"
#include "amdvi.h"

#include <amdvi/regs.h>

static gint endpoint_order(gconstpointer a, gconstpointer b)
{
    return (int)amdvi_endpoint_device_id(*(AmdviEndpoint *const *)a) -
           (int)amdvi_endpoint_device_id(*(AmdviEndpoint *const *)b);
}

/*
 * The device at the endpoint's place. Behind a bridge to conventional PCI, requests come from a place
 * where no device is: the bridge stands for them.
 */
static const char *endpoint_name(const AmdviEndpoint *endpoint)
{
    PCIDevice *device = endpoint->bus->devices[endpoint->devfn];

    if (!device) {
        device = endpoint->bus->parent_dev;
    }
    return device ? object_get_typename(OBJECT(device)) : "none";
}

/* What the user calls the device, with id=; NULL if that is nothing. */
static const char *endpoint_label(const AmdviEndpoint *endpoint)
{
    PCIDevice *device = endpoint->bus->devices[endpoint->devfn];

    if (device && object_dynamic_cast(OBJECT(device), TYPE_AMDVI_SMBUS)) {
        return "ioapic"; /* whose requester it is */
    }
    return device ? DEVICE(device)->id : NULL;
}

static QDict *endpoint_stats(AmdviEndpoint *endpoint)
{
    QDict *stats = qdict_new();
    const char *label = endpoint_label(endpoint);
    g_autofree char *id = g_strdup_printf("%02x:%02x.%x", pci_bus_num(endpoint->bus),
                                          PCI_SLOT(endpoint->devfn), PCI_FUNC(endpoint->devfn));

    qdict_put_str(stats, "id", id);
    qdict_put_str(stats, "name", endpoint_name(endpoint));
    if (label) {
        qdict_put_str(stats, "label", label);
    }
    qdict_put_int(stats, "translations", endpoint->locked.translations + stat64_get(&endpoint->translations));
    qdict_put_int(stats, "hits", endpoint->locked.hits + stat64_get(&endpoint->hits));
    qdict_put_int(stats, "walks", endpoint->locked.walks + stat64_get(&endpoint->walks));
    qdict_put_int(stats, "faults", endpoint->locked.faults + stat64_get(&endpoint->faults));
    qdict_put_int(stats, "interrupts", stat64_get(&endpoint->messages));
    qdict_put_int(stats, "unlocked", stat64_get(&endpoint->unlocked));
    return stats;
}

static QDict *total_stats(AmdviUnit *unit)
{
    QDict *totals = qdict_new();
    struct amdvi_stats stats;

    amdvi_iommu_stats(unit->iommu, &stats);
    qdict_put_int(totals, "translations", stats.translations + unit->recent_hits);
    qdict_put_int(totals, "tlb_hits", stats.tlb_hits + unit->recent_hits);
    qdict_put_int(totals, "walks", stats.walks);
    qdict_put_int(totals, "aborted", stats.aborted);
    qdict_put_int(totals, "interrupts", stats.interrupts);
    qdict_put_int(totals, "interrupts_aborted", stats.interrupts_aborted);
    qdict_put_int(totals, "commands", stats.commands);
    qdict_put_int(totals, "events", stats.events);
    qdict_put_int(totals, "events_lost", stats.events_lost);
    qdict_put_int(totals, "waits_parked", stats.waits_parked);
    qdict_put_int(totals, "leases_revoked", stats.leases_revoked);
    qdict_put_int(totals, "ats_requests", stats.ats_requests);
    qdict_put_int(totals, "iotlb_invalidations", stats.iotlb_invalidations);
    qdict_put_int(totals, "iotlb_timeouts", stats.iotlb_timeouts);
    return totals;
}

/* ---- Rings ----------------------------------------------------------------------------------- */

typedef struct RingRegs {
    enum amdvi_reg base, head, tail;
    uint64_t enable; /* of IOMMU Control */
    uint64_t run;    /* of IOMMU Status */
} RingRegs;

static const RingRegs command_ring = {
    .base = AMDVI_REG_CMD_BUF_BASE,
    .head = AMDVI_REG_CMD_BUF_HEAD,
    .tail = AMDVI_REG_CMD_BUF_TAIL,
    .enable = AMDVI_CONTROL_CMD_BUF_EN,
    .run = AMDVI_STATUS_CMD_BUF_RUN,
};

static const RingRegs event_ring = {
    .base = AMDVI_REG_EVENT_LOG_BASE,
    .head = AMDVI_REG_EVENT_LOG_HEAD,
    .tail = AMDVI_REG_EVENT_LOG_TAIL,
    .enable = AMDVI_CONTROL_EVENT_LOG_EN,
    .run = AMDVI_STATUS_EVENT_LOG_RUN,
};

static uint64_t read_reg(AmdviUnit *unit, enum amdvi_reg reg)
{
    return amdvi_iommu_mmio_read(unit->iommu, amdvi_regs[reg].offset, 8);
}

static bool ring_is_empty(AmdviUnit *unit, const RingRegs *regs)
{
    return read_reg(unit, regs->head) == read_reg(unit, regs->tail);
}

/* Stopped: enabled, and stopped all the same by an error, or by an overflow. */
static const char *ring_state(AmdviUnit *unit, const RingRegs *regs)
{
    uint64_t control = read_reg(unit, AMDVI_REG_CONTROL);

    if (!(control & AMDVI_CONTROL_IOMMU_EN) || !(control & regs->enable)) {
        return "off";
    }
    if (!(read_reg(unit, AMDVI_REG_STATUS) & regs->run)) {
        return "stopped";
    }
    return ring_is_empty(unit, regs) ? "idle" : "running";
}

/* Under the big lock no command is in the middle of anything: those that may run have run. */
static const char *command_ring_state(AmdviUnit *unit)
{
    const char *state = ring_state(unit, &command_ring);
    bool is_running = g_str_equal(state, "running");

    return is_running && !qatomic_read(&unit->work_pending) ? "waiting" : state;
}

static QDict *ring_stats(AmdviUnit *unit, const RingRegs *regs)
{
    QDict *ring = qdict_new();
    uint64_t base = read_reg(unit, regs->base);
    uint64_t bytes = amdvi_ring_base_bytes(base);
    uint64_t head = read_reg(unit, regs->head);
    uint64_t tail = read_reg(unit, regs->tail);

    qdict_put_int(ring, "base", base & AMDVI_CMD_BUF_BASE_BASE);
    qdict_put_int(ring, "entries", bytes / AMDVI_RING_ENTRY_BYTES);
    qdict_put_int(ring, "head", head / AMDVI_RING_ENTRY_BYTES);
    qdict_put_int(ring, "tail", tail / AMDVI_RING_ENTRY_BYTES);
    qdict_put_int(ring, "used", ((tail - head) & (bytes - 1)) / AMDVI_RING_ENTRY_BYTES);
    return ring;
}

static QDict *rings_stats(AmdviUnit *unit)
{
    QDict *rings = qdict_new();
    QDict *commands = ring_stats(unit, &command_ring);
    QDict *events = ring_stats(unit, &event_ring);

    qdict_put_str(commands, "state", command_ring_state(unit));
    qdict_put_int(commands, "waiting_ns", amdvi_waits_pending_ns(unit));
    qdict_put_str(events, "state", ring_state(unit, &event_ring));
    qdict_put_bool(events, "overflow",
                   read_reg(unit, AMDVI_REG_STATUS) & AMDVI_STATUS_EVENT_OVERFLOW);
    qdict_put(rings, "command", commands);
    qdict_put(rings, "event", events);
    return rings;
}

/* ---- All of it ------------------------------------------------------------------------------- */

static QDict *waits_stats(const AmdviWaits *waits)
{
    QDict *stats = qdict_new();
    QList *times = qlist_new();

    qdict_put_int(stats, "completed", waits->completed);
    qdict_put_int(stats, "total_ns", waits->total_ns);
    qdict_put_int(stats, "longest_ns", waits->longest_ns);
    for (unsigned i = 0; i < AMDVI_WAIT_TIMES; i++) {
        qlist_append_int(times, waits->times[i]);
    }
    qdict_put(stats, "below_2_to_us", times);
    return stats;
}

char *amdvi_stats_json(AmdviUnit *unit)
{
    g_autoptr(GPtrArray) endpoints = g_ptr_array_new();
    QDict *stats = qdict_new();
    QList *devices = qlist_new();
    GHashTableIter iter;
    gpointer endpoint;
    GString *json;

    g_hash_table_iter_init(&iter, unit->endpoints);
    while (g_hash_table_iter_next(&iter, &endpoint, NULL)) {
        g_ptr_array_add(endpoints, endpoint);
    }
    g_ptr_array_sort(endpoints, endpoint_order);
    for (guint i = 0; i < endpoints->len; i++) {
        qlist_append(devices, endpoint_stats(endpoints->pdata[i]));
    }
    qdict_put(stats, "devices", devices);
    qdict_put(stats, "totals", total_stats(unit));
    qdict_put_int(stats, "time_ns", qemu_clock_get_ns(QEMU_CLOCK_REALTIME));
    qdict_put_bool(stats, "enabled",
                   read_reg(unit, AMDVI_REG_CONTROL) & AMDVI_CONTROL_IOMMU_EN);
    qdict_put(stats, "rings", rings_stats(unit));
    qdict_put(stats, "waits", waits_stats(&unit->waits));
    json = qobject_to_json(QOBJECT(stats));
    qobject_unref(stats);
    return g_string_free(json, false);
}
