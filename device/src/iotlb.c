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

/* No request has this tag. */
#define ALL_TAGS 0

bool amdvi_iotlb_can_send(const struct amdvi_iommu *iommu, const struct amdvi_command *command)
{
    unsigned in_queue = 0;
    unsigned of_device = 0;

    for (uint64_t left = iommu->iotlb_in_flight; left != 0; left &= left - 1) {
        const struct amdvi_iotlb_invalidation *what = &iommu->iotlb[__builtin_ctzll(left)].what;

        in_queue += what->queue_id == command->queue_id;
        of_device += what->device_id == command->device_id;
    }
    /* Choice: Maxpend=0 sets no limit of its own. */
    return iommu->iotlb_in_flight != UINT64_MAX && of_device < AMDVI_ATS_ITAGS &&
           (command->max_pend == 0 || in_queue < command->max_pend);
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
    effects->due |= AMDVI_DUE_IOTLB;
    effects->iotlb_what = request->what;
    if (request->deadline_ns != UINT64_MAX) {
        /* A host may take 0 for no timer: a deadline that is past is due now. */
        effects->due |= AMDVI_DUE_TIMER;
        effects->deadline_ns = request->deadline_ns != 0 ? request->deadline_ns : 1;
    }
}

void amdvi_iotlb_send(struct amdvi_iommu *iommu, const struct amdvi_command *command,
                      uint64_t command_spa, struct amdvi_effects *effects)
{
    /* One is free: amdvi_iotlb_can_send() said so. */
    unsigned index = (unsigned)__builtin_ctzll(~iommu->iotlb_in_flight);
    struct amdvi_iova_range range = amdvi_inv_range(command->address, command->size);

    iommu->iotlb[index] = (struct amdvi_iotlb_request){
        .what = {.device_id = command->device_id,
                 .queue_id = command->queue_id,
                 .first_iova = range.first,
                 .last_iova = range.last,
                 .tag = ++iommu->iotlb_tag},
        .command_spa = command_spa,
        .deadline_ns = deadline_of(iommu),
    };
    iommu->iotlb_in_flight |= AMDVI_BIT(index);
    note_request(&iommu->iotlb[index], effects);
    amdvi_count(&iommu->iotlb_invalidations);
}

void amdvi_iotlb_send_again(struct amdvi_iommu *iommu)
{
    for (unsigned i = 0; i < AMDVI_IOTLB_REQUESTS; i++) {
        struct amdvi_effects effects = {0};

        pthread_mutex_lock(&iommu->lock);
        if (amdvi_has(iommu->iotlb_in_flight, AMDVI_BIT(i))) {
            note_request(&iommu->iotlb[i], &effects);
        }
        pthread_mutex_unlock(&iommu->lock);
        amdvi_effects_deliver(iommu, &effects);
    }
}

/* With lock held. */
static void finish(struct amdvi_iommu *iommu, unsigned index, struct amdvi_effects *effects)
{
    iommu->iotlb_in_flight &= ~AMDVI_BIT(index);
    effects->due |= iommu->ring.waiting ? AMDVI_DUE_WORK : 0U;
}

/* @device_id has answered the request @tag, or with ALL_TAGS all that it was asked. */
static void answered(struct amdvi_iommu *iommu, uint16_t device_id, uint64_t tag)
{
    struct amdvi_effects effects = {0};

    pthread_mutex_lock(&iommu->lock);
    for (uint64_t left = iommu->iotlb_in_flight; left != 0; left &= left - 1) {
        unsigned index = (unsigned)__builtin_ctzll(left);
        const struct amdvi_iotlb_invalidation *what = &iommu->iotlb[index].what;

        if (what->device_id == device_id && (tag == ALL_TAGS || what->tag == tag)) {
            finish(iommu, index, &effects);
        }
    }
    pthread_mutex_unlock(&iommu->lock);
    amdvi_effects_deliver(iommu, &effects);
}

void amdvi_iommu_iotlb_invalidated(struct amdvi_iommu *iommu, uint16_t device_id, uint64_t tag)
{
    if (tag != ALL_TAGS) {
        answered(iommu, device_id, tag);
    }
}

void amdvi_iommu_device_gone(struct amdvi_iommu *iommu, uint16_t device_id)
{
    answered(iommu, device_id, ALL_TAGS);
}

/* The command counts as complete: the ring goes on. Choice: IOTLB_INV_TIMEOUT does not stop it. */
static void time_out(struct amdvi_iommu *iommu, unsigned index, struct amdvi_effects *effects)
{
    struct amdvi_event event = {.code = AMDVI_EVENT_IOTLB_INV_TIMEOUT,
                                .device_id = iommu->iotlb[index].what.device_id,
                                .address = iommu->iotlb[index].command_spa};

    finish(iommu, index, effects);
    amdvi_count(&iommu->iotlb_timeouts);
    amdvi_event_log_write(iommu, &event, false, effects);
    effects->due |= AMDVI_DUE_LOG;
    effects->log = "a device has not answered an invalidate request";
}

void amdvi_iommu_timer_expired(struct amdvi_iommu *iommu)
{
    struct amdvi_effects effects = {0};
    uint64_t next = UINT64_MAX;

    pthread_mutex_lock(&iommu->lock);
    for (uint64_t left = iommu->iotlb_in_flight; left != 0; left &= left - 1) {
        unsigned index = (unsigned)__builtin_ctzll(left);
        uint64_t deadline_ns = iommu->iotlb[index].deadline_ns;

        if (deadline_ns == UINT64_MAX) {
            continue;
        }
        if (deadline_ns <= iommu->host.now_ns(iommu->host.ctx)) {
            time_out(iommu, index, &effects);
        } else if (deadline_ns < next) {
            next = deadline_ns;
        }
    }
    pthread_mutex_unlock(&iommu->lock);
    if (next != UINT64_MAX) {
        effects.due |= AMDVI_DUE_TIMER;
        effects.deadline_ns = next;
    }
    amdvi_effects_deliver(iommu, &effects);
}
