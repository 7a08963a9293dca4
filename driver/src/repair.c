/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A command buffer that the IOMMU has stopped: which command it did not like, what takes its place,
 * and where the ring goes on. Hardware differs in where it leaves the head, so nothing but the
 * completed numbers says how far it came; invalidations may run twice.
 */
#include "ring.h"

#include "registers.h"
#include "store.h"

#include <amdvi/later.h>

/* In which CmdBufRun has to follow CmdBufEn; then it is taken to have stopped again. */
#define RESTART_NS UINT64_C(1000000)

#define NOWHERE UINT32_MAX

enum amdvi_drv_status amdvi_drv_ring_result(struct amdvi_drv_ring *ring, uint32_t number)
{
    const struct amdvi_drv_host *host = ring->heap->host;
    uintptr_t flags = amdvi_drv_lock(host, &ring->lock);
    bool is_refused = number - ring->dropped_after - 1 < ring->dropped_last - ring->dropped_after;

    for (unsigned i = 0; i < ring->refused_count; i++) {
        is_refused = is_refused || ring->refused[i] == number;
    }
    amdvi_drv_unlock(host, &ring->lock, flags);
    return is_refused ? AMDVI_DRV_ERR_COMMAND : AMDVI_DRV_OK;
}

/* ---- Which command --------------------------------------------------------------------------- */

static uint32_t step(const struct amdvi_drv_ring *ring, uint32_t at)
{
    return (at + AMDVI_CMD_BYTES) & (ring->size_bytes - 1);
}

static const struct amdvi_wire_command *command_at(const struct amdvi_drv_ring *ring, uint32_t at)
{
    const uint8_t *bytes = ring->commands.bytes;

    return (const struct amdvi_wire_command *)(const void *)(bytes + at);
}

/* Between what is completed and the tail? */
static bool is_pending(const struct amdvi_drv_ring *ring, uint32_t at)
{
    uint32_t mask = ring->size_bytes - 1;

    return at <= mask && at % AMDVI_CMD_BYTES == 0 &&
           ((at - ring->head) & mask) < ((ring->tail - ring->head) & mask);
}

static bool is_legal(const struct amdvi_wire_command *wire)
{
    struct amdvi_command command;

    return amdvi_command_decode(&command, wire) ||
           (amdvi_le64_decode(&wire->word[0]) == AMDVI_INV_ALL_WORD0 &&
            amdvi_le64_decode(&wire->word[1]) == 0);
}

static uint32_t find_illegal(const struct amdvi_drv_ring *ring)
{
    for (uint32_t at = ring->head; at != ring->tail; at = step(ring, at)) {
        if (!is_legal(command_at(ring, at))) {
            return at;
        }
    }
    return NOWHERE;
}

/*
 * The event's, the first that is no command, or the one where the register says that the @head is;
 * where that was replaced before, or is none of ours, the head is behind the one that was fetched.
 */
static AMDVI_DRV_APART uint32_t find_bad(const struct amdvi_drv_ring *ring, uint64_t bad_command,
                                         uint32_t head)
{
    uint32_t mask = ring->size_bytes - 1;
    uint64_t offset = bad_command - ring->commands.spa;

    if (bad_command != 0 && offset <= mask && is_pending(ring, (uint32_t)offset)) {
        return (uint32_t)offset;
    }
    uint32_t illegal = find_illegal(ring);
    if (illegal != NOWHERE) {
        return illegal;
    }
    if (!is_pending(ring, head) || head == ring->repaired_at) {
        head = (head - AMDVI_CMD_BYTES) & mask;
    }
    return is_pending(ring, head) ? head : NOWHERE;
}

/* ---- What takes its place -------------------------------------------------------------------- */

/* The number that a COMPLETION_WAIT of ours stores. */
static bool is_wait(const struct amdvi_drv_ring *ring, uint32_t at, uint32_t *out_number)
{
    const struct amdvi_wire_command *wire = command_at(ring, at);
    uint64_t word0 = amdvi_le64_decode(&wire->word[0]);

    if (amdvi_get(word0, AMDVI_CMD_OPCODE) != AMDVI_OPCODE_COMPLETION_WAIT ||
        !amdvi_has(word0, AMDVI_COMPLETION_WAIT_STORE) ||
        amdvi_has(word0, AMDVI_COMPLETION_WAIT_RESERVED) ||
        (word0 & AMDVI_COMPLETION_WAIT_STORE_ADDR) != ring->completion.spa) {
        return false;
    }
    *out_number = (uint32_t)amdvi_le64_decode(&wire->word[1]);
    return true;
}

/*
 * The number that the command at @bad belongs to, one more than that of the last COMPLETION_WAIT
 * before it; and whether it must itself have been the COMPLETION_WAIT of that number, because no
 * other is there.
 */
static AMDVI_DRV_APART uint32_t number_of(const struct amdvi_drv_ring *ring, uint32_t bad,
                                          bool *out_is_wait)
{
    uint32_t number = ring->completed;
    uint32_t next = ring->submitted + 1;
    uint32_t at = ring->head;
    bool found = false;

    for (; at != bad; at = step(ring, at)) {
        (void)is_wait(ring, at, &number);
    }
    number++;
    for (at = step(ring, bad); at != ring->tail && !found; at = step(ring, at)) {
        found = is_wait(ring, at, &next);
    }
    *out_is_wait = next != number;
    return number;
}

/* A COMPLETION_WAIT, of @number or one that waits for nothing and stores nothing. */
static AMDVI_DRV_APART void store_wait(const struct amdvi_drv_ring *ring, uint32_t at,
                                       const uint32_t *number)
{
    uint8_t *slot = (uint8_t *)ring->commands.bytes + at;
    struct amdvi_wire_command wire;

    if (number != NULL) {
        amdvi_drv_ring_encode_wait(&wire, ring, *number, step(ring, at));
    } else {
        amdvi_le64_encode(&wire.word[0], amdvi_put(AMDVI_CMD_OPCODE, AMDVI_OPCODE_COMPLETION_WAIT));
        amdvi_le64_encode(&wire.word[1], 0);
    }
    __builtin_memcpy(slot, &wire, sizeof(wire));
    amdvi_drv_flush_bytes(ring->heap->host, slot, sizeof(wire));
}

static AMDVI_DRV_APART void replace(struct amdvi_drv_ring *ring, uint32_t bad)
{
    bool was_wait;
    uint32_t number = number_of(ring, bad, &was_wait);

    store_wait(ring, bad, was_wait ? &number : NULL);
    ring->refused[ring->refused_count++] = number;
    ring->repaired_at = bad;
}

/* ---- All of it ------------------------------------------------------------------------------- */

/* ring->lock is held, the ring is stopped. False when it was the last time. */
static bool repair_once(struct amdvi_drv_ring *ring, uint64_t bad_command)
{
    const struct amdvi_drv_host *host = ring->heap->host;

    amdvi_drv_ring_look(ring);
    if (ring->repairs == AMDVI_DRV_REPAIRS_MAX) {
        __atomic_store_n(&ring->failed, true, __ATOMIC_RELEASE);
        return false;
    }
    uint64_t head = amdvi_drv_reg_read(host, ring->window, AMDVI_REG_CMD_BUF_HEAD);
    uint32_t bad = find_bad(ring, bad_command, (uint32_t)head);
    if (bad != NOWHERE) {
        replace(ring, bad);
    }
    __atomic_store_n(&ring->repairs, ring->repairs + 1, __ATOMIC_RELEASE);
    amdvi_drv_control(ring->heap, ring->window, AMDVI_CONTROL_CMD_BUF_EN, 0);
    amdvi_drv_reg_write(host, ring->window, AMDVI_REG_CMD_BUF_HEAD, ring->head);
    amdvi_drv_reg_write(host, ring->window, AMDVI_REG_CMD_BUF_TAIL, ring->tail);
    amdvi_drv_control(ring->heap, ring->window, 0, AMDVI_CONTROL_CMD_BUF_EN);
    return true;
}

/* Has it stopped, and not by us? */
static bool has_stopped(const struct amdvi_drv_ring *ring)
{
    const struct amdvi_drv_host *host = ring->heap->host;
    uint64_t control = amdvi_drv_reg_read(host, ring->window, AMDVI_REG_CONTROL);
    uint64_t needed = AMDVI_CONTROL_CMD_BUF_EN | AMDVI_CONTROL_IOMMU_EN;

    return (control & needed) == needed &&
           !amdvi_has(amdvi_drv_reg_read(host, ring->window, AMDVI_REG_STATUS),
                      AMDVI_STATUS_CMD_BUF_RUN);
}

enum amdvi_drv_status amdvi_drv_ring_repair(struct amdvi_drv_ring *ring, uint64_t bad_command)
{
    const struct amdvi_drv_host *host = ring->heap->host;
    bool runs = false;

    uintptr_t flags = amdvi_drv_lock(host, &ring->lock);
    bool is_ours = !ring->repairing && !ring->failed && has_stopped(ring);
    ring->repairing = ring->repairing || is_ours;
    while (is_ours && !runs && repair_once(ring, bad_command)) {
        bad_command = 0; /* of the first time */
        amdvi_drv_unlock(host, &ring->lock, flags);
        runs = amdvi_drv_reg_wait(host, ring->window, AMDVI_REG_STATUS, AMDVI_STATUS_CMD_BUF_RUN,
                                  AMDVI_STATUS_CMD_BUF_RUN, RESTART_NS);
        flags = amdvi_drv_lock(host, &ring->lock);
    }
    if (is_ours) {
        ring->repairing = false;
    }
    bool failed = ring->failed;
    amdvi_drv_unlock(host, &ring->lock, flags);
    return failed ? AMDVI_DRV_ERR_HARDWARE : AMDVI_DRV_OK;
}
