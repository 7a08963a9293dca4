/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The property stats: what the IOMMU did for each device, and the library's totals, as JSON.
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_bus.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "qobject/qstring.h"
#include "amdvi.h"

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

static QDict *endpoint_stats(AmdviEndpoint *endpoint)
{
    QDict *stats = qdict_new();
    g_autofree char *id = g_strdup_printf("%02x:%02x.%x", pci_bus_num(endpoint->bus),
                                          PCI_SLOT(endpoint->devfn), PCI_FUNC(endpoint->devfn));

    qdict_put_str(stats, "id", id);
    qdict_put_str(stats, "name", endpoint_name(endpoint));
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
    json = qobject_to_json(QOBJECT(stats));
    qobject_unref(stats);
    return g_string_free(json, false);
}
