/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command buffer: fetch, run one command after the other, stop at errors, and park at a command
 * that has to wait: a COMPLETION_WAIT whose invalidations are not yet real everywhere, or an
 * INVALIDATE_IOTLB_PAGES which would overtake an answer to the device, or is one too many in
 * flight.
 *
 * Commands are run strictly in order, under lock. Invalidations that follow each other are fetched
 * and run as one block, at the price of one for the counters and fences that go with them. Where
 * the host wants to be told, it is told of a block, with no lock held, before anything that follows
 * it. At most one thread is running commands.
 *
 * The head pointer moves when a command is complete, so it names the waiting command while the
 * ring is parked, and the culprit after an error. Choice: the specification lets it move earlier.
 * INVALIDATE_IOTLB_PAGES is complete in this sense when the request is on its way to the device;
 * the commands behind it run on, up to the next COMPLETION_WAIT.
 */
#include "readers.h"

/* Turns of one call without host->work: many times what the largest ring can hold. */
#define MAX_TURNS (1U << 20)

/* Slots that an invalidation looks at, where it cannot look for pages one by one. */
#define SLOTS_PER_TURN 64

static uint64_t ring_bytes(struct amdvi_iommu *iommu)
{
    return amdvi_ring_base_bytes(amdvi_iommu_reg(iommu, AMDVI_REG_CMD_BUF_BASE));
}

static uint64_t head_spa(struct amdvi_iommu *iommu)
{
    return (amdvi_iommu_reg(iommu, AMDVI_REG_CMD_BUF_BASE) & AMDVI_CMD_BUF_BASE_BASE) +
           amdvi_iommu_reg(iommu, AMDVI_REG_CMD_BUF_HEAD);
}

/* @count commands are complete. */
static void head_advance(struct amdvi_iommu *iommu, unsigned count)
{
    uint64_t head =
        amdvi_iommu_reg(iommu, AMDVI_REG_CMD_BUF_HEAD) + (uint64_t)AMDVI_CMD_BYTES * count;

    amdvi_iommu_set_reg(iommu, AMDVI_REG_CMD_BUF_HEAD, head & (ring_bytes(iommu) - 1));
    amdvi_count_own_by(&iommu->commands, count);
}

static AMDVI_SELDOM void change_status(struct amdvi_iommu *iommu, uint64_t clear, uint64_t set,
                                       struct amdvi_effects *effects)
{
    pthread_mutex_lock(&iommu->log_lock);
    amdvi_status_change(iommu, clear, set, effects);
    pthread_mutex_unlock(&iommu->log_lock);
}

/* An error: the event, and no further command until CmdBufEn is set anew. */
static AMDVI_SELDOM void halt(struct amdvi_iommu *iommu, const struct amdvi_event *event,
                              struct amdvi_effects *effects)
{
    change_status(iommu, AMDVI_STATUS_CMD_BUF_RUN, 0, effects);
    amdvi_event_log_write(iommu, event, false, effects);
    effects->due |= AMDVI_DUE_LOG;
    effects->log = event->code == AMDVI_EVENT_ILLEGAL_COMMAND_ERROR
                       ? "command buffer stopped: illegal command"
                       : "command buffer stopped: memory of a command cannot be accessed";
}

static AMDVI_SELDOM void halt_on_memory(struct amdvi_iommu *iommu, uint64_t spa,
                                        enum amdvi_memory_status status,
                                        struct amdvi_effects *effects)
{
    struct amdvi_event event = {.code = AMDVI_EVENT_COMMAND_HARDWARE_ERROR,
                                .type = amdvi_hw_error_type(status),
                                .address = spa};

    halt(iommu, &event, effects);
}

/* The command that had to wait is complete. */
static inline void finish_wait(struct amdvi_iommu *iommu, uint64_t status_set,
                               struct amdvi_effects *effects)
{
    uint64_t control = amdvi_iommu_reg(iommu, AMDVI_REG_CONTROL);
    bool is_on = amdvi_control_enables(control, AMDVI_CONTROL_CMD_BUF_EN);

    head_advance(iommu, 1);
    if (!is_on || status_set != 0) {
        change_status(iommu, is_on ? 0 : AMDVI_STATUS_CMD_BUF_RUN, status_set, effects);
    }
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
    if (iommu->host.wait_completed != NULL) {
        iommu->host.wait_completed(iommu->host.ctx, amdvi_iommu_reg(iommu, AMDVI_REG_CMD_BUF_HEAD));
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

static inline bool is_waiting_for_users(struct amdvi_iommu *iommu, bool is_completion)
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
    amdvi_full_fence(iommu);
    return !is_waiting_for_users(iommu, is_completion);
}

/*
 * Has a lease come since they were looked at, by a reader that was told the old translation and is
 * gone by now? Whoever comes later is told the new one. One that is stale may become revoked in
 * between, so that is looked for last.
 */
static bool is_lease_left(struct amdvi_iommu *iommu)
{
    return atomic_load(&iommu->leases_stale) != 0 || atomic_load(&iommu->leases_revoked) != 0;
}

/*
 * Go on with the waiting command at the head. A turn settles one lease, so that the work of a turn
 * is bounded. False when there is nothing to do but to wait.
 */
static bool wait_step(struct amdvi_iommu *iommu, struct amdvi_effects *effects)
{
    struct amdvi_command_ring *ring = &iommu->ring;
    bool is_completion = ring->wait.opcode == AMDVI_OPCODE_COMPLETION_WAIT;

    if (is_completion && atomic_load(&iommu->leases_stale) != 0 &&
        amdvi_lease_settle(iommu, effects)) {
        return true;
    }
    if (!is_wait_over(iommu)) {
        if (!ring->parked) {
            amdvi_count(&iommu->waits_parked);
        }
        ring->parked = true;
        return false;
    }
    atomic_store_explicit(&iommu->wait_target, 0, memory_order_relaxed);
    ring->parked = false;
    if (is_completion && is_lease_left(iommu)) {
        return true; /* the next turn settles it, or waits for it */
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

/* ---- Blocks of invalidations ----------------------------------------------------------------- */

/* Commands to run, from the head on, that lie in one piece and fit into a block. */
static unsigned commands_in_a_row(struct amdvi_iommu *iommu, unsigned limit)
{
    uint64_t head = amdvi_iommu_reg(iommu, AMDVI_REG_CMD_BUF_HEAD);
    uint64_t tail = amdvi_iommu_reg(iommu, AMDVI_REG_CMD_BUF_TAIL);

    if (head == tail ||
        !amdvi_has(amdvi_iommu_reg(iommu, AMDVI_REG_STATUS), AMDVI_STATUS_CMD_BUF_RUN)) {
        return 0;
    }
    uint64_t end = tail > head ? tail : ring_bytes(iommu);
    uint64_t count = (end - head) / AMDVI_CMD_BYTES;
    limit = limit < AMDVI_BLOCK_COMMANDS ? limit : AMDVI_BLOCK_COMMANDS;
    return count < limit ? (unsigned)count : limit;
}

/* How many were fetched: fewer than asked for when not all of them can be read; 0 after an error.
 */
static unsigned fetch(struct amdvi_iommu *iommu, unsigned count, struct amdvi_wire_command *wire,
                      struct amdvi_effects *effects)
{
    const struct amdvi_host *host = &iommu->host;
    uint64_t spa = head_spa(iommu);

    if (count > 1 && host->read(host->ctx, spa, wire, count * sizeof(*wire)) == AMDVI_MEMORY_OK) {
        return count;
    }
    enum amdvi_memory_status status = host->read(host->ctx, spa, wire, sizeof(*wire));
    if (status != AMDVI_MEMORY_OK) {
        halt_on_memory(iommu, spa, status, effects);
        return 0;
    }
    return 1;
}

/* Spec: 1.20, INVALIDATE_IOTLB_PAGES: legal only with IotlbSup. */
static bool is_supported(const struct amdvi_iommu *iommu, const struct amdvi_command *command)
{
    return command->opcode != AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES ||
           iommu->config.features.iotlb_sup;
}

static bool has_to_wait(const struct amdvi_command *command)
{
    return command->opcode == AMDVI_OPCODE_COMPLETION_WAIT ||
           command->opcode == AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES;
}

/* What a command other than an invalidation, or none, does to the ring. */
static void end_block(struct amdvi_iommu *iommu, bool is_legal, struct amdvi_effects *effects)
{
    if (is_legal) {
        iommu->ring.waiting = true;
        iommu->ring.target = atomic_load(&iommu->epoch);
    } else {
        struct amdvi_event event = {.code = AMDVI_EVENT_ILLEGAL_COMMAND_ERROR,
                                    .address = head_spa(iommu)};
        halt(iommu, &event, effects);
    }
}

static AMDVI_SELDOM void mark_leases(struct amdvi_iommu *iommu, const struct amdvi_block *block)
{
    struct amdvi_invalidation what;

    for (unsigned i = 0; i < block->count; i++) {
        if (amdvi_command_invalidated(&block->wire[i], &what) != AMDVI_DUE_INTERRUPTS) {
            amdvi_lease_mark(iommu, &what);
        }
    }
}

/* The page of INVALIDATE_IOMMU_PAGES with S=0. False when the command is another one, or illegal.
 */
static inline bool drop_page(struct amdvi_caches *caches, const struct amdvi_wire_command *wire)
{
    uint64_t word0 = amdvi_le64_decode(&wire->word[0]);
    uint64_t word1 = amdvi_le64_decode(&wire->word[1]);

    if ((word0 & ~AMDVI_INV_PAGES_DOMAIN_ID) !=
            amdvi_put(AMDVI_CMD_OPCODE, AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES) ||
        amdvi_has(word1, AMDVI_INV_PAGES_RESERVED1 | AMDVI_INV_PAGES_S)) {
        return false;
    }
    amdvi_tlb_drop_page(caches, (uint16_t)amdvi_get(word0, AMDVI_INV_PAGES_DOMAIN_ID),
                        word1 & AMDVI_INV_PAGES_ADDRESS, amdvi_has(word1, AMDVI_INV_PAGES_PDE));
    return true;
}

/* Returns the first command that is not of one page. */
static inline const struct amdvi_wire_command *drop_pages(struct amdvi_caches *caches,
                                                          const struct amdvi_wire_command *wire,
                                                          const struct amdvi_wire_command *end)
{
    while (wire != end && drop_page(caches, wire)) {
        wire++;
    }
    return wire;
}

/*
 * Drop what the first commands of @count name, up to one that scans or is no invalidation. Returns
 * true in the latter case, with what is to be waited for decoded, if it is legal. Most commands are
 * of one page, and need not be decoded.
 */
static bool drop_block(struct amdvi_iommu *iommu, unsigned count, struct amdvi_block *block,
                       bool *is_legal)
{
    struct amdvi_command *command = &iommu->ring.wait;
    const struct amdvi_wire_command *wire = block->wire;
    const struct amdvi_wire_command *end = wire + count;
    bool is_other = false;

    while (block->scanned == 0 && (wire = drop_pages(&iommu->caches, wire, end)) != end) {
        *is_legal = amdvi_command_decode(command, wire) && is_supported(iommu, command);
        is_other = !*is_legal || has_to_wait(command);
        if (is_other) {
            break;
        }
        block->scanned = amdvi_command_drop(iommu, command);
        wire++;
    }
    block->count = (unsigned)(wire - block->wire);
    return is_other;
}

/*
 * Fetch and run up to @count commands at the head: invalidations, up to one that scans, and then at
 * most one that waits or is illegal. All of them were in memory when the tail was loaded, and so
 * was what software had written to its tables before.
 */
static void run_block(struct amdvi_iommu *iommu, unsigned count, struct amdvi_block *block,
                      struct amdvi_effects *effects)
{
    bool is_legal;

    count = fetch(iommu, count, block->wire, effects);
    amdvi_caches_lock(&iommu->caches);
    bool is_end = drop_block(iommu, count, block, &is_legal);
    if (block->count != 0) {
        amdvi_caches_dropped(&iommu->caches);
        amdvi_epoch_advance(iommu);
    }
    amdvi_caches_unlock(&iommu->caches);
    if (block->count != 0) {
        amdvi_full_fence(iommu);
        if (atomic_load(&iommu->leases_taken) != 0) {
            mark_leases(iommu, block);
        }
        head_advance(iommu, block->count);
    }
    if (is_end) {
        end_block(iommu, is_legal, effects);
    }
}

/* ---- Running --------------------------------------------------------------------------------- */

/* Is there anything to tell the host, for which lock has to be given up? */
static bool has_news(const struct amdvi_iommu *iommu, const struct amdvi_block *block,
                     const struct amdvi_effects *effects)
{
    bool wants_blocks =
        iommu->host.translations_invalidated != NULL || iommu->host.interrupts_invalidated != NULL;

    return (block->count != 0 && wants_blocks) || effects->due != 0;
}

/*
 * With lock held. The turns that it took: 0 when there is nothing to do at once. A wait that ends a
 * block is looked at in the same turn, unless the host is to be told something before.
 */
static unsigned step(struct amdvi_iommu *iommu, unsigned limit, struct amdvi_block *block,
                     struct amdvi_effects *effects)
{
    unsigned turns = 0;

    if (!iommu->ring.waiting) {
        unsigned count = commands_in_a_row(iommu, limit);
        if (count == 0) {
            return 0;
        }
        run_block(iommu, count, block, effects);
        turns = block->count + block->scanned / SLOTS_PER_TURN;
        turns = turns != 0 ? turns : 1;
    }
    if (iommu->ring.waiting && !has_news(iommu, block, effects) && wait_step(iommu, effects)) {
        turns++;
    }
    return turns;
}

static AMDVI_SELDOM void tell(struct amdvi_iommu *iommu, const struct amdvi_block *block,
                              const struct amdvi_effects *effects)
{
    for (unsigned i = 0; i < block->count; i++) {
        struct amdvi_effects news = {0};

        news.due = amdvi_command_invalidated(&block->wire[i], &news.what);
        news.interrupts_device = news.what.device_id;
        amdvi_effects_deliver(iommu, &news);
    }
    amdvi_effects_deliver(iommu, effects);
}

/*
 * With lock held, and given up while the host is told things: who comes meanwhile leaves what there
 * is to do to the thread that is here already, which looks for it when it has lock again. Returns
 * true when the budget was too small.
 */
static bool run(struct amdvi_iommu *iommu, unsigned budget)
{
    struct amdvi_command_ring *ring = &iommu->ring;
    unsigned left = budget;
    struct amdvi_effects effects;
    struct amdvi_block block;

    ring->busy = true;
    effects.due = 0;
    while (left != 0 && ring->untold == 0) {
        block.count = 0;
        block.scanned = 0;
        unsigned turns = step(iommu, left, &block, &effects);
        if (turns == 0) {
            break;
        }
        left -= turns < left ? turns : left;
        if (has_news(iommu, &block, &effects)) {
            pthread_mutex_unlock(&iommu->lock);
            tell(iommu, &block, &effects);
            effects.due = 0;
            pthread_mutex_lock(&iommu->lock);
        }
    }
    bool more = left == 0 && (ring->waiting || commands_in_a_row(iommu, 1) != 0);
    ring->busy = false;
    return more;
}

/* With lock held, which is given up. */
static bool process_locked(struct amdvi_iommu *iommu, unsigned budget)
{
    bool more = !iommu->ring.busy && run(iommu, budget);

    pthread_mutex_unlock(&iommu->lock);
    return more;
}

bool amdvi_iommu_process(struct amdvi_iommu *iommu, unsigned budget)
{
    pthread_mutex_lock(&iommu->lock);
    return process_locked(iommu, budget);
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
    pthread_mutex_lock(&iommu->lock);
    amdvi_run_commands_locked(iommu);
}

void amdvi_run_commands_locked(struct amdvi_iommu *iommu)
{
    /* Without host->work nobody else goes on; only software that adds meanwhile gets that far. */
    bool can_hand_over = iommu->host.work != NULL;
    unsigned budget = can_hand_over ? iommu->config.commands_per_write : MAX_TURNS;

    if (process_locked(iommu, budget) && can_hand_over) {
        iommu->host.work(iommu->host.ctx);
    }
}
