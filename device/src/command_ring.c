/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command buffer: fetch, run one command after the other, stop at errors, and park at a command
 * that has to wait: a COMPLETION_WAIT whose invalidations are not yet real everywhere, or an
 * INVALIDATE_IOTLB_PAGES which would overtake an answer to the device, or is one too many in
 * flight.
 *
 * Commands are run strictly in order, each under lock; between two commands no lock is held, and
 * the host is told what the first one did. At most one thread is running commands.
 *
 * The head pointer moves when a command is complete, so it names the waiting command while the
 * ring is parked, and the culprit after an error. Choice: the specification lets it move earlier.
 * INVALIDATE_IOTLB_PAGES is complete in this sense when the request is on its way to the device;
 * the commands behind it run on, up to the next COMPLETION_WAIT.
 */
#include "state.h"

/* Turns of one call without host->work: many times what the largest ring can hold. */
#define MAX_TURNS (1U << 20)

static uint64_t ring_bytes(struct amdvi_iommu *iommu)
{
    return amdvi_ring_base_bytes(amdvi_iommu_reg(iommu, AMDVI_REG_CMD_BUF_BASE));
}

static uint64_t head_spa(struct amdvi_iommu *iommu)
{
    return (amdvi_iommu_reg(iommu, AMDVI_REG_CMD_BUF_BASE) & AMDVI_CMD_BUF_BASE_BASE) +
           amdvi_iommu_reg(iommu, AMDVI_REG_CMD_BUF_HEAD);
}

static void head_advance(struct amdvi_iommu *iommu)
{
    uint64_t head = amdvi_iommu_reg(iommu, AMDVI_REG_CMD_BUF_HEAD) + AMDVI_CMD_BYTES;

    amdvi_iommu_set_reg(iommu, AMDVI_REG_CMD_BUF_HEAD, head % ring_bytes(iommu));
    amdvi_count(&iommu->commands);
}

static void change_status(struct amdvi_iommu *iommu, uint64_t clear, uint64_t set,
                          struct amdvi_effects *effects)
{
    pthread_mutex_lock(&iommu->log_lock);
    amdvi_status_change(iommu, clear, set, effects);
    pthread_mutex_unlock(&iommu->log_lock);
}

/* An error: the event, and no further command until CmdBufEn is set anew. */
static void halt(struct amdvi_iommu *iommu, const struct amdvi_event *event,
                 struct amdvi_effects *effects)
{
    change_status(iommu, AMDVI_STATUS_CMD_BUF_RUN, 0, effects);
    amdvi_event_log_write(iommu, event, false, effects);
    effects->log = event->code == AMDVI_EVENT_ILLEGAL_COMMAND_ERROR
                       ? "command buffer stopped: illegal command"
                       : "command buffer stopped: memory of a command cannot be accessed";
}

static void halt_on_memory(struct amdvi_iommu *iommu, uint64_t spa, enum amdvi_memory_status status,
                           struct amdvi_effects *effects)
{
    struct amdvi_event event = {.code = AMDVI_EVENT_COMMAND_HARDWARE_ERROR,
                                .type = amdvi_hw_error_type(status),
                                .address = spa};

    halt(iommu, &event, effects);
}

/* The command that had to wait is complete. */
static void finish_wait(struct amdvi_iommu *iommu, uint64_t status_set,
                        struct amdvi_effects *effects)
{
    uint64_t control = amdvi_iommu_reg(iommu, AMDVI_REG_CONTROL);
    bool is_on = amdvi_control_enables(control, AMDVI_CONTROL_CMD_BUF_EN);

    head_advance(iommu);
    change_status(iommu, is_on ? 0 : AMDVI_STATUS_CMD_BUF_RUN, status_set, effects);
}

/* What COMPLETION_WAIT asks for, once nothing needs to be waited for. */
static void complete(struct amdvi_iommu *iommu, struct amdvi_effects *effects)
{
    struct amdvi_command_ring *ring = &iommu->ring;
    struct amdvi_le64 data;

    if (ring->wait.store) {
        amdvi_le64_encode(&data, ring->wait.store_data);
        enum amdvi_memory_status status =
            iommu->host.write(iommu->host.ctx, ring->wait.store_address, &data, sizeof(data));
        if (status != AMDVI_MEMORY_OK) {
            halt_on_memory(iommu, ring->wait.store_address, status, effects);
            return;
        }
    }
    /* Spec: 1.20, IOMMU Status: ComWaitInt does not depend on ComWaitIntEn. */
    finish_wait(iommu, ring->wait.interrupt ? AMDVI_STATUS_COM_WAIT_INT : 0, effects);
}

/* A device's answer, or a timeout, is found under the lock that is held here. */
static bool is_waiting_for_devices(const struct amdvi_iommu *iommu)
{
    const struct amdvi_command *wait = &iommu->ring.wait;

    return wait->opcode == AMDVI_OPCODE_COMPLETION_WAIT ? iommu->iotlb_in_flight != 0
                                                        : !amdvi_iotlb_can_send(iommu, wait);
}

static bool is_waiting_for_users(struct amdvi_iommu *iommu, bool is_completion)
{
    uint64_t target = iommu->ring.target;

    return is_completion ? !amdvi_is_drained(iommu, target)
                         : !amdvi_have_readers_seen(iommu, target);
}

/* Is nothing left to wait for? If there is, whoever ends it wakes the ring. */
static bool is_wait_over(struct amdvi_iommu *iommu)
{
    bool is_completion = iommu->ring.wait.opcode == AMDVI_OPCODE_COMPLETION_WAIT;

    if (is_waiting_for_devices(iommu)) {
        return false;
    }
    if (!is_waiting_for_users(iommu, is_completion)) {
        return true;
    }
    /* Publish, then look again: whoever finishes in between may not have seen it. */
    atomic_store(&iommu->waits_for_leases, is_completion);
    atomic_store(&iommu->wait_target, iommu->ring.target);
    return !is_waiting_for_users(iommu, is_completion);
}

/*
 * Go on with the waiting command at the head. A turn settles one lease, so that the work of a turn
 * is bounded. False when there is nothing to do but to wait.
 */
static bool wait_step(struct amdvi_iommu *iommu, struct amdvi_effects *effects)
{
    struct amdvi_command_ring *ring = &iommu->ring;
    bool is_completion = ring->wait.opcode == AMDVI_OPCODE_COMPLETION_WAIT;

    if (is_completion && amdvi_lease_settle(iommu, effects)) {
        return true;
    }
    if (!is_wait_over(iommu)) {
        if (!ring->parked) {
            amdvi_count(&iommu->waits_parked);
        }
        ring->parked = true;
        return false;
    }
    atomic_store(&iommu->wait_target, 0);
    ring->parked = false;
    if (is_completion && atomic_load(&iommu->leases_stale) != 0) {
        /*
         * Taken since they were looked at, by a reader that was told the old translation and is
         * gone by now. Whoever comes later is told the new one.
         */
        return true; /* the next turn settles it */
    }
    ring->waiting = false;
    if (is_completion) {
        complete(iommu, effects);
    } else {
        amdvi_iotlb_send(iommu, &ring->wait, head_spa(iommu), effects);
        finish_wait(iommu, 0, effects);
    }
    return true;
}

static void begin_wait(struct amdvi_iommu *iommu, const struct amdvi_command *command)
{
    struct amdvi_command_ring *ring = &iommu->ring;

    ring->waiting = true;
    ring->wait = *command;
    ring->target = atomic_load(&iommu->epoch);
}

/* Spec: 1.20, INVALIDATE_IOTLB_PAGES: legal only with IotlbSup. */
static bool is_supported(const struct amdvi_iommu *iommu, const struct amdvi_command *command)
{
    return command->opcode != AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES ||
           iommu->config.features.iotlb_sup;
}

/* Fetch and run the command at the head. */
static void run_command(struct amdvi_iommu *iommu, struct amdvi_effects *effects)
{
    struct amdvi_wire_command wire;
    struct amdvi_command command;
    uint64_t spa = head_spa(iommu);
    enum amdvi_memory_status status = iommu->host.read(iommu->host.ctx, spa, &wire, sizeof(wire));

    if (status != AMDVI_MEMORY_OK) {
        halt_on_memory(iommu, spa, status, effects);
        return;
    }
    if (!amdvi_command_decode(&command, &wire) || !is_supported(iommu, &command)) {
        struct amdvi_event event = {.code = AMDVI_EVENT_ILLEGAL_COMMAND_ERROR, .address = spa};
        halt(iommu, &event, effects);
        return;
    }
    if (command.opcode == AMDVI_OPCODE_COMPLETION_WAIT ||
        command.opcode == AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES) {
        begin_wait(iommu, &command);
        return;
    }
    amdvi_command_invalidate(iommu, &command, effects);
    head_advance(iommu);
}

static bool has_command(struct amdvi_iommu *iommu)
{
    return amdvi_has(amdvi_iommu_reg(iommu, AMDVI_REG_STATUS), AMDVI_STATUS_CMD_BUF_RUN) &&
           amdvi_iommu_reg(iommu, AMDVI_REG_CMD_BUF_HEAD) !=
               amdvi_iommu_reg(iommu, AMDVI_REG_CMD_BUF_TAIL);
}

/* With lock held. False when there is nothing to do at once. */
static bool step(struct amdvi_iommu *iommu, struct amdvi_effects *effects)
{
    if (iommu->ring.waiting) {
        return wait_step(iommu, effects);
    }
    if (!has_command(iommu)) {
        return false;
    }
    run_command(iommu, effects);
    return true;
}

/* One step and what follows from it. False when the caller is done with running commands. */
static bool turn(struct amdvi_iommu *iommu)
{
    struct amdvi_effects effects = {0};

    pthread_mutex_lock(&iommu->lock);
    bool more = step(iommu, &effects);
    if (!more) {
        more = iommu->ring.again;
        iommu->ring.again = false;
        iommu->ring.busy = more;
    }
    pthread_mutex_unlock(&iommu->lock);

    amdvi_effects_deliver(iommu, &effects);
    return more;
}

bool amdvi_iommu_process(struct amdvi_iommu *iommu, unsigned budget)
{
    pthread_mutex_lock(&iommu->lock);
    bool is_busy = iommu->ring.busy;
    iommu->ring.again = iommu->ring.again || is_busy;
    iommu->ring.busy = true;
    pthread_mutex_unlock(&iommu->lock);
    if (is_busy) {
        return false;
    }
    for (unsigned i = 0; i < budget; i++) {
        if (!turn(iommu)) {
            return false;
        }
    }
    pthread_mutex_lock(&iommu->lock);
    bool more = iommu->ring.again || iommu->ring.waiting || has_command(iommu);
    iommu->ring.busy = false;
    iommu->ring.again = false;
    pthread_mutex_unlock(&iommu->lock);
    return more;
}

void amdvi_go_on(struct amdvi_iommu *iommu)
{
    if (iommu->host.work != NULL) {
        iommu->host.work(iommu->host.ctx);
    } else {
        amdvi_run_commands(iommu);
    }
}

void amdvi_run_commands(struct amdvi_iommu *iommu)
{
    if (iommu->host.work != NULL) {
        if (amdvi_iommu_process(iommu, iommu->config.commands_per_write)) {
            iommu->host.work(iommu->host.ctx);
        }
    } else {
        /* Nobody else would go on. Only software that adds to the ring meanwhile gets that far. */
        amdvi_iommu_process(iommu, MAX_TURNS);
    }
}
