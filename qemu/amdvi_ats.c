/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ATS: who answers an invalidate request, and the clock that limits how long that may take.
 *
 * A device with a translation cache of its own is a client, and answers when it has dropped what it
 * was asked to. Everybody else is answered for at once: a device of QEMU's that has the capability
 * (virtio with ats=on) keeps nothing but what a notifier takes from it. Choice: so is a place where
 * no device is (any more), although hardware would wait for InvTimeOut there.
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_bus.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "system/runstate.h"
#include "amdvi.h"

struct AmdviAtsRequest {
    struct amdvi_iotlb_invalidation what;
    QSIMPLEQ_ENTRY(AmdviAtsRequest) next;
};

/* Under the big lock, as devices come and go. */
static QLIST_HEAD(, AmdviAtsClient) clients = QLIST_HEAD_INITIALIZER(clients);

/* ---- Invalidate requests --------------------------------------------------------------------- */

/* The requester id is that of this moment, as everywhere. */
static AmdviAtsClient *client_find(AmdviUnit *unit, uint16_t device_id)
{
    AmdviAtsClient *client;

    QLIST_FOREACH(client, &clients, next) {
        AmdviEndpoint *endpoint = amdvi_endpoint_of(client->device);

        if (endpoint && endpoint->unit == unit && amdvi_endpoint_device_id(endpoint) == device_id) {
            return client;
        }
    }
    return NULL;
}

static void request_deliver(AmdviUnit *unit, const struct amdvi_iotlb_invalidation *what)
{
    AmdviAtsClient *client = client_find(unit, what->device_id);

    amdvi_dma_iotlb_invalidated(unit, what);
    if (client) {
        client->invalidate(client, what);
    } else {
        amdvi_iommu_iotlb_invalidated(unit->iommu, what->device_id, what->tag);
    }
}

static AmdviAtsRequest *request_take(AmdviUnit *unit)
{
    AmdviAtsRequest *request;

    qemu_mutex_lock(&unit->ats_lock);
    request = QSIMPLEQ_FIRST(&unit->ats_requests);
    if (request) {
        QSIMPLEQ_REMOVE_HEAD(&unit->ats_requests, next);
    }
    qemu_mutex_unlock(&unit->ats_lock);
    return request;
}

/*
 * An answer from within may bring the next request, which goes behind those that wait. Not while
 * the machine is stopped: it may be in the middle of being loaded, with no bus numbers yet.
 */
static void unit_deliver(void *opaque)
{
    AmdviUnit *unit = opaque;
    AmdviAtsRequest *request;

    while (runstate_is_running() && (request = request_take(unit))) {
        request_deliver(unit, &request->what);
        g_free(request);
    }
}

/* All of them through one queue, so that they arrive in the order in which they were sent. */
void amdvi_ats_invalidate(AmdviUnit *unit, const struct amdvi_iotlb_invalidation *what)
{
    AmdviAtsRequest *request = g_new(AmdviAtsRequest, 1);

    request->what = *what;
    qemu_mutex_lock(&unit->ats_lock);
    QSIMPLEQ_INSERT_TAIL(&unit->ats_requests, request, next);
    qemu_mutex_unlock(&unit->ats_lock);
    if (bql_locked()) {
        unit_deliver(unit);
    } else {
        qemu_bh_schedule(unit->ats_bh);
    }
}

void amdvi_ats_go_on(AmdviUnit *unit)
{
    qemu_bh_schedule(unit->ats_bh);
}

void amdvi_ats_forget(AmdviUnit *unit)
{
    AmdviAtsRequest *request;

    while ((request = request_take(unit))) {
        g_free(request);
    }
}

/* ---- Translation requests -------------------------------------------------------------------- */

bool amdvi_ats_translate(AmdviEndpoint *endpoint, struct amdvi_reader *reader, uint64_t iova,
                         struct amdvi_ats_completion *out)
{
    if (amdvi_iommu_ats_translate(reader, amdvi_endpoint_device_id(endpoint), iova, out) !=
        AMDVI_OK) {
        return false;
    }
    stat64_add(&endpoint->translations, 1);
    if (out->status != AMDVI_ATS_SUCCESS) {
        stat64_add(&endpoint->faults, 1);
    } else if (out->cached) {
        stat64_add(&endpoint->hits, 1);
    } else {
        stat64_add(&endpoint->walks, 1);
    }
    return true;
}

/* ---- Time ------------------------------------------------------------------------------------ */

static void unit_timer_expired(void *opaque)
{
    AmdviUnit *unit = opaque;

    amdvi_iommu_timer_expired(unit->iommu);
}

void amdvi_ats_set_timer(AmdviUnit *unit, uint64_t deadline_ns)
{
    timer_mod_anticipate_ns(unit->ats_timer, MIN(deadline_ns, INT64_MAX));
}

/* ---- Clients --------------------------------------------------------------------------------- */

void amdvi_ats_client_add(AmdviAtsClient *client)
{
    QLIST_INSERT_HEAD(&clients, client, next);
}

void amdvi_ats_client_remove(AmdviAtsClient *client)
{
    amdvi_ats_client_gone(client);
    QLIST_REMOVE(client, next);
}

void amdvi_ats_client_gone(AmdviAtsClient *client)
{
    AmdviEndpoint *endpoint = amdvi_endpoint_of(client->device);

    if (endpoint) {
        amdvi_iommu_device_gone(endpoint->unit->iommu, amdvi_endpoint_device_id(endpoint));
    }
}

void amdvi_ats_answer(AmdviAtsClient *client, const struct amdvi_iotlb_invalidation *what)
{
    AmdviEndpoint *endpoint = amdvi_endpoint_of(client->device);

    if (endpoint) {
        amdvi_iommu_iotlb_invalidated(endpoint->unit->iommu, what->device_id, what->tag);
    }
}

/* ---- Creation -------------------------------------------------------------------------------- */

void amdvi_ats_init(AmdviUnit *unit)
{
    qemu_mutex_init(&unit->ats_lock);
    QSIMPLEQ_INIT(&unit->ats_requests);
    unit->ats_bh = qemu_bh_new(unit_deliver, unit);
    unit->ats_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, unit_timer_expired, unit);
}

void amdvi_ats_finalize(AmdviUnit *unit)
{
    timer_free(unit->ats_timer);
    qemu_bh_delete(unit->ats_bh);
    amdvi_ats_forget(unit);
    qemu_mutex_destroy(&unit->ats_lock);
}
