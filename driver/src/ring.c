/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command buffer: commands in, numbers out. ring->lock protects all members. The IOMMU writes
 * only the completion word, in one piece: a number in bits 31:0, which anybody may load, and where
 * the ring goes on behind its COMPLETION_WAIT in bits 63:32.
 *
 * There is room where commands are completed, not where they were fetched: so what was fetched and
 * not completed is still there when a stopped ring is repaired, and is run again.
 */
#include "ring.h"

#include "registers.h"
#include "store.h"

#include <amdvi/later.h>

#define ENTRIES_LOG2_MIN 8
#define ENTRIES_LOG2_MAX 15

/* How many looks at the completion word there are for one at the registers, which is slow. */
#define LOOKS 64

/* Numbers that are refused are forgotten before they come round again. */
#define FORGET_AFTER (UINT32_C(1) << 30)

enum amdvi_drv_status amdvi_drv_ring_init(struct amdvi_drv_ring *ring, struct amdvi_drv_heap *heap,
                                          void *window, unsigned entries_log2)
{
    if (entries_log2 < ENTRIES_LOG2_MIN || entries_log2 > ENTRIES_LOG2_MAX) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    *ring = (struct amdvi_drv_ring){.heap = heap,
                                    .window = window,
                                    .size_bytes = (uint32_t)amdvi_ring_bytes(entries_log2),
                                    .repaired_at = UINT32_MAX};
    if (!amdvi_drv_heap_alloc(heap, ring->size_bytes, &ring->commands)) {
        return AMDVI_DRV_ERR_NO_MEMORY;
    }
    if (!amdvi_drv_heap_alloc(heap, sizeof(uint64_t), &ring->completion)) {
        amdvi_drv_heap_free(heap, &ring->commands);
        return AMDVI_DRV_ERR_NO_MEMORY;
    }
    return AMDVI_DRV_OK;
}

void amdvi_drv_ring_destroy(struct amdvi_drv_ring *ring)
{
    amdvi_drv_heap_free(ring->heap, &ring->completion);
    amdvi_drv_heap_free(ring->heap, &ring->commands);
}

/* ---- Start and stop -------------------------------------------------------------------------- */

enum amdvi_drv_status amdvi_drv_ring_stop(struct amdvi_drv_ring *ring)
{
    amdvi_drv_control(ring->heap, ring->window, AMDVI_CONTROL_CMD_BUF_EN, 0);
    return amdvi_drv_reg_wait(ring->heap->host, ring->window, AMDVI_REG_STATUS,
                              AMDVI_STATUS_CMD_BUF_RUN, 0, AMDVI_DRV_STOP_NS)
               ? AMDVI_DRV_OK
               : AMDVI_DRV_ERR_TIMEOUT;
}

/*
 * What was not completed when the ring was stopped never will be: its numbers are refused. The
 * completion word says that they are over, so that later numbers go on from there.
 */
static void ring_empty(struct amdvi_drv_ring *ring)
{
    const struct amdvi_drv_host *host = ring->heap->host;

    amdvi_drv_ring_look(ring);
    if (ring->completed != ring->submitted) {
        ring->dropped_after = ring->completed;
        ring->dropped_last = ring->submitted;
    }
    ring->completed = ring->submitted;
    ring->head = 0;
    ring->tail = 0;
    amdvi_drv_store32((uint8_t *)ring->completion.bytes + 4, 0);
    amdvi_drv_store32(ring->completion.bytes, ring->completed);
    amdvi_drv_flush_bytes(host, ring->completion.bytes, sizeof(uint64_t));
}

enum amdvi_drv_status amdvi_drv_ring_start(struct amdvi_drv_ring *ring)
{
    const struct amdvi_drv_host *host = ring->heap->host;
    unsigned entries_log2 = amdvi_lowest_bit(ring->size_bytes / AMDVI_CMD_BYTES);
    enum amdvi_drv_status status = amdvi_drv_ring_stop(ring);

    if (status != AMDVI_DRV_OK) {
        return status;
    }
    uintptr_t flags = amdvi_drv_lock(host, &ring->lock);
    ring_empty(ring);
    bool failed = ring->failed;
    amdvi_drv_unlock(host, &ring->lock, flags);
    if (failed) {
        return AMDVI_DRV_ERR_HARDWARE;
    }
    amdvi_drv_reg_write(host, ring->window, AMDVI_REG_CMD_BUF_BASE,
                        ring->commands.spa | amdvi_put(AMDVI_CMD_BUF_BASE_LEN, entries_log2));
    amdvi_drv_reg_write(host, ring->window, AMDVI_REG_CMD_BUF_HEAD, 0);
    amdvi_drv_reg_write(host, ring->window, AMDVI_REG_CMD_BUF_TAIL, 0);
    amdvi_drv_control(ring->heap, ring->window, 0, AMDVI_CONTROL_CMD_BUF_EN);
    /* CmdBufRun follows when IommuEn is set too, which may be later. */
    if (amdvi_has(amdvi_drv_reg_read(host, ring->window, AMDVI_REG_CONTROL),
                  AMDVI_CONTROL_IOMMU_EN) &&
        !amdvi_drv_reg_wait(host, ring->window, AMDVI_REG_STATUS, AMDVI_STATUS_CMD_BUF_RUN,
                            AMDVI_STATUS_CMD_BUF_RUN, AMDVI_DRV_STOP_NS)) {
        return AMDVI_DRV_ERR_HARDWARE;
    }
    return AMDVI_DRV_OK;
}

void amdvi_drv_ring_look(struct amdvi_drv_ring *ring)
{
    const uint8_t *word = ring->completion.bytes;
    uint32_t mask = ring->size_bytes - 1;

    amdvi_drv_flush_bytes(ring->heap->host, word, sizeof(uint64_t));
    /* In two pieces, for hosts of 32 bits: both are of one store if the number is still the same.
     */
    uint32_t number = amdvi_drv_load32(word);
    uint32_t next = amdvi_drv_load32(word + 4);
    bool is_whole = amdvi_drv_load32(word) == number;
    /* The word is the hardware's: what it cannot have stored is not believed. */
    if (is_whole && number != ring->completed &&
        amdvi_drv_ring_is_behind(number, ring->completed) &&
        amdvi_drv_ring_is_behind(ring->submitted, number) && next <= mask &&
        next % AMDVI_CMD_BYTES == 0 &&
        ((next - ring->head) & mask) <= ((ring->tail - ring->head) & mask)) {
        ring->completed = number;
        ring->head = next;
    }
}

/* ---- Putting in ------------------------------------------------------------------------------ */

static bool has_room(const struct amdvi_drv_ring *ring, unsigned count)
{
    uint32_t used = (ring->tail - ring->head) & (ring->size_bytes - 1);

    /* One entry stays free: head = tail is the empty ring. */
    return used + AMDVI_CMD_BYTES * (count + 1) < ring->size_bytes;
}

bool amdvi_drv_ring_begin(struct amdvi_drv_ring *ring, unsigned count, uintptr_t *out_flags)
{
    uintptr_t flags = amdvi_drv_lock(ring->heap->host, &ring->lock);

    if (!has_room(ring, count)) {
        amdvi_drv_ring_look(ring);
    }
    if (ring->failed || !has_room(ring, count)) {
        amdvi_drv_unlock(ring->heap->host, &ring->lock, flags);
        return false;
    }
    *out_flags = flags;
    return true;
}

static void put_wire(struct amdvi_drv_ring *ring, const struct amdvi_wire_command *wire)
{
    uint8_t *slot = (uint8_t *)ring->commands.bytes + ring->tail;

    __builtin_memcpy(slot, wire, sizeof(*wire));
    amdvi_drv_flush_bytes(ring->heap->host, slot, sizeof(*wire));
    ring->tail = (ring->tail + AMDVI_CMD_BYTES) & (ring->size_bytes - 1);
}

void amdvi_drv_ring_put(struct amdvi_drv_ring *ring, const struct amdvi_command *command)
{
    struct amdvi_wire_command wire;

    amdvi_command_encode(&wire, command);
    put_wire(ring, &wire);
}

void amdvi_drv_ring_put_all(struct amdvi_drv_ring *ring)
{
    struct amdvi_wire_command wire;

    amdvi_le64_encode(&wire.word[0], AMDVI_INV_ALL_WORD0);
    amdvi_le64_encode(&wire.word[1], 0);
    put_wire(ring, &wire);
}

static AMDVI_DRV_APART void forget_refused(struct amdvi_drv_ring *ring)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < ring->refused_count; i++) {
        if (ring->submitted - ring->refused[i] < FORGET_AFTER) {
            ring->refused[kept++] = ring->refused[i];
        }
    }
    ring->refused_count = kept;
    if (ring->submitted - ring->dropped_last >= FORGET_AFTER) {
        ring->dropped_after = ring->dropped_last;
    }
}

uint32_t amdvi_drv_ring_commit(struct amdvi_drv_ring *ring, uintptr_t flags)
{
    uint32_t next = (ring->tail + AMDVI_CMD_BYTES) & (ring->size_bytes - 1);
    uint32_t number = ++ring->submitted;
    struct amdvi_wire_command wire;

    if (number % FORGET_AFTER == 0) {
        forget_refused(ring);
    }
    amdvi_drv_ring_encode_wait(&wire, ring, number, next);
    put_wire(ring, &wire);
    amdvi_drv_reg_write(ring->heap->host, ring->window, AMDVI_REG_CMD_BUF_TAIL, ring->tail);
    amdvi_drv_unlock(ring->heap->host, &ring->lock, flags);
    return number;
}

enum amdvi_drv_status amdvi_drv_ring_submit(struct amdvi_drv_ring *ring,
                                            const struct amdvi_command *commands, unsigned count,
                                            uint64_t deadline_ns, uint32_t *out_number)
{
    uintptr_t flags;

    if (count > AMDVI_DRV_SUBMIT_MAX) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    enum amdvi_drv_status status = amdvi_drv_ring_take(ring, count, deadline_ns, &flags);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    for (unsigned i = 0; i < count; i++) {
        amdvi_drv_ring_put(ring, &commands[i]);
    }
    *out_number = amdvi_drv_ring_commit(ring, flags);
    return AMDVI_DRV_OK;
}

/* ---- Waiting --------------------------------------------------------------------------------- */

/* Every now and then: has it stopped? */
static enum amdvi_drv_status look_after(struct amdvi_drv_ring *ring, unsigned look, bool is_late)
{
    return is_late || look % LOOKS == LOOKS - 1 ? amdvi_drv_ring_repair(ring, 0) : AMDVI_DRV_OK;
}

enum amdvi_drv_status amdvi_drv_ring_take(struct amdvi_drv_ring *ring, unsigned count,
                                          uint64_t deadline_ns, uintptr_t *out_flags)
{
    bool is_late = false;

    for (unsigned look = 0; !amdvi_drv_ring_begin(ring, count, out_flags); look++) {
        enum amdvi_drv_status status = look_after(ring, look, is_late);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
        if (is_late) {
            return AMDVI_DRV_ERR_TIMEOUT;
        }
        is_late = amdvi_drv_is_late(ring->heap->host, deadline_ns);
    }
    return AMDVI_DRV_OK;
}

bool amdvi_drv_ring_is_completed(struct amdvi_drv_ring *ring, uint32_t number)
{
    amdvi_drv_flush_bytes(ring->heap->host, ring->completion.bytes, sizeof(uint64_t));
    return amdvi_drv_ring_is_behind(amdvi_drv_load32(ring->completion.bytes), number);
}

enum amdvi_drv_status amdvi_drv_ring_wait(struct amdvi_drv_ring *ring, uint32_t number,
                                          uint64_t deadline_ns)
{
    bool is_late = false;

    for (unsigned look = 0; !amdvi_drv_ring_is_completed(ring, number); look++) {
        enum amdvi_drv_status status = look_after(ring, look, is_late);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
        if (is_late) {
            return amdvi_drv_ring_is_completed(ring, number) ? amdvi_drv_ring_result(ring, number)
                                                             : AMDVI_DRV_ERR_TIMEOUT;
        }
        is_late = amdvi_drv_is_late(ring->heap->host, deadline_ns);
    }
    return amdvi_drv_ring_result(ring, number);
}
