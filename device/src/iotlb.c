/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invalidate requests to the translation caches of devices: sent for INVALIDATE_IOTLB_PAGES,
 * answered by the device, or given up after InvTimeOut. A COMPLETION_WAIT waits for all of them.
 *
 * A request is in flight from the command until its answer. How many may be is bounded three times:
 * by the command's Maxpend for each QueueID, by the ITags of a device, and by our own table; where
 * there is no room the ring waits at the command.
 */
#include <amdvi/ats.h>

#include "state.h"

#define NS_PER_MS UINT64_C(1000000)

bool amdvi_iotlb_can_send(const struct amdvi_iommu *iommu, const struct amdvi_command *command)
{
    unsigned total = 0;
    unsigned in_queue = 0;
    unsigned of_device = 0;

    for (unsigned i = 0; i < AMDVI_IOTLB_REQUESTS; i++) {
        const struct amdvi_iotlb_request *request = &iommu->iotlb[i];

        total += request->busy;
        in_queue += request->busy && request->what.queue_id == command->queue_id;
        of_device += request->busy && request->what.device_id == command->device_id;
    }
    /* Choice: Maxpend=0 sets no limit of its own. */
    return total < AMDVI_IOTLB_REQUESTS && of_device < AMDVI_ATS_ITAGS &&
           (command->max_pend == 0 || in_queue < command->max_pend);
}

static struct amdvi_iotlb_request *find_free(struct amdvi_iommu *iommu)
{
    struct amdvi_iotlb_request *request = iommu->iotlb;

    while (request->busy) {
        request++; /* one is free: amdvi_iotlb_can_send() said so */
    }
    return request;
}

/* Spec: 1.20, IOMMU Control (InvTimeOut). Choice: a request keeps the time that it was sent with.
 */
static uint64_t deadline_of(const struct amdvi_iommu *iommu)
{
    uint64_t control = amdvi_iommu_reg(iommu, AMDVI_REG_CONTROL);
    uint64_t timeout_ms =
        amdvi_inv_timeout_ms((unsigned)amdvi_get(control, AMDVI_CONTROL_INV_TIMEOUT));

    return timeout_ms == 0 ? UINT64_MAX
                           : iommu->host.now_ns(iommu->host.ctx) + timeout_ms * NS_PER_MS;
}

/* The host is to send it, and to watch its time. */
static void note_request(const struct amdvi_iotlb_request *request, struct amdvi_effects *effects)
{
    effects->iotlb = request->busy;
    effects->iotlb_what = request->what;
    if (request->busy && request->deadline_ns != UINT64_MAX) {
        /* 0 would set no timer: a deadline that is past is due now. */
        effects->deadline_ns = request->deadline_ns != 0 ? request->deadline_ns : 1;
    }
}

void amdvi_iotlb_send(struct amdvi_iommu *iommu, const struct amdvi_command *command,
                      uint64_t command_spa, struct amdvi_effects *effects)
{
    struct amdvi_iotlb_request *request = find_free(iommu);
    struct amdvi_iova_range range = amdvi_inv_range(command->address, command->size);

    *request = (struct amdvi_iotlb_request){
        .busy = true,
        .what = {.device_id = command->device_id,
                 .queue_id = command->queue_id,
                 .first_iova = range.first,
                 .last_iova = range.last,
                 .tag = ++iommu->iotlb_tag},
        .command_spa = command_spa,
        .deadline_ns = deadline_of(iommu),
    };
    note_request(request, effects);
    amdvi_count(&iommu->iotlb_invalidations);
}

bool amdvi_iotlb_is_idle(const struct amdvi_iommu *iommu)
{
    for (unsigned i = 0; i < AMDVI_IOTLB_REQUESTS; i++) {
        if (iommu->iotlb[i].busy) {
            return false;
        }
    }
    return true;
}

void amdvi_iotlb_reset(struct amdvi_iommu *iommu)
{
    for (unsigned i = 0; i < AMDVI_IOTLB_REQUESTS; i++) {
        iommu->iotlb[i].busy = false;
    }
}

void amdvi_iotlb_send_again(struct amdvi_iommu *iommu)
{
    for (unsigned i = 0; i < AMDVI_IOTLB_REQUESTS; i++) {
        struct amdvi_effects effects = {0};

        pthread_mutex_lock(&iommu->lock);
        note_request(&iommu->iotlb[i], &effects);
        pthread_mutex_unlock(&iommu->lock);
        amdvi_effects_deliver(iommu, &effects);
    }
}

/* With lock held. */
static void finish(struct amdvi_iommu *iommu, struct amdvi_iotlb_request *request,
                   struct amdvi_effects *effects)
{
    request->busy = false;
    effects->work = effects->work || amdvi_ring_is_waiting(iommu);
}

void amdvi_iommu_iotlb_invalidated(struct amdvi_iommu *iommu, uint16_t device_id, uint64_t tag)
{
    struct amdvi_effects effects = {0};

    pthread_mutex_lock(&iommu->lock);
    for (unsigned i = 0; i < AMDVI_IOTLB_REQUESTS; i++) {
        struct amdvi_iotlb_request *request = &iommu->iotlb[i];

        if (request->busy && request->what.tag == tag && request->what.device_id == device_id) {
            finish(iommu, request, &effects);
        }
    }
    pthread_mutex_unlock(&iommu->lock);
    amdvi_effects_deliver(iommu, &effects);
}

void amdvi_iommu_device_gone(struct amdvi_iommu *iommu, uint16_t device_id)
{
    struct amdvi_effects effects = {0};

    pthread_mutex_lock(&iommu->lock);
    for (unsigned i = 0; i < AMDVI_IOTLB_REQUESTS; i++) {
        struct amdvi_iotlb_request *request = &iommu->iotlb[i];

        if (request->busy && request->what.device_id == device_id) {
            finish(iommu, request, &effects);
        }
    }
    pthread_mutex_unlock(&iommu->lock);
    amdvi_effects_deliver(iommu, &effects);
}

/* The command counts as complete: the ring goes on. Choice: IOTLB_INV_TIMEOUT does not stop it. */
static void time_out(struct amdvi_iommu *iommu, struct amdvi_iotlb_request *request,
                     struct amdvi_effects *effects)
{
    struct amdvi_event event = {.code = AMDVI_EVENT_IOTLB_INV_TIMEOUT,
                                .device_id = request->what.device_id,
                                .address = request->command_spa};

    finish(iommu, request, effects);
    amdvi_count(&iommu->iotlb_timeouts);
    amdvi_event_log_write(iommu, &event, false, effects);
    effects->log = "a device has not answered an invalidate request";
}

void amdvi_iommu_timer_expired(struct amdvi_iommu *iommu)
{
    struct amdvi_effects effects = {0};
    uint64_t next = UINT64_MAX;

    pthread_mutex_lock(&iommu->lock);
    for (unsigned i = 0; i < AMDVI_IOTLB_REQUESTS; i++) {
        struct amdvi_iotlb_request *request = &iommu->iotlb[i];

        if (!request->busy || request->deadline_ns == UINT64_MAX) {
            continue;
        }
        if (request->deadline_ns <= iommu->host.now_ns(iommu->host.ctx)) {
            time_out(iommu, request, &effects);
        } else if (request->deadline_ns < next) {
            next = request->deadline_ns;
        }
    }
    pthread_mutex_unlock(&iommu->lock);
    effects.deadline_ns = next == UINT64_MAX ? 0 : next;
    amdvi_effects_deliver(iommu, &effects);
}
