/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring from within: commands one by one, without an array of them on the stack, and no waiting.
 */
#ifndef AMDVI_DRV_RING_PRIVATE_H
#define AMDVI_DRV_RING_PRIVATE_H

#include "store.h"

#include <amdvi/drv_ring.h>

#pragma GCC visibility push(hidden)

/*
 * Room for @count (at most AMDVI_DRV_SUBMIT_MAX) commands and a COMPLETION_WAIT? If so ring->lock
 * is taken and kept. May be called with a domain's or unit's lock held: does not wait.
 */
bool amdvi_drv_ring_begin(struct amdvi_drv_ring *ring, unsigned count, uintptr_t *out_flags);
/* One of the commands. */
void amdvi_drv_ring_put(struct amdvi_drv_ring *ring, const struct amdvi_command *command);
/* INVALIDATE_IOMMU_ALL, as one of the commands. */
void amdvi_drv_ring_put_all(struct amdvi_drv_ring *ring);
/*
 * The blocks of amdvi_drv_invalidate_pages() one after the other: how many they are, 4 at most, is
 * known before the first is put.
 */
struct amdvi_drv_blocks {
    uint64_t at; /* where the next begins */
    uint64_t last;
    unsigned count; /* of all */
};

struct amdvi_drv_blocks amdvi_drv_blocks_of(uint64_t first_iova, uint64_t last_iova);
/* The next of them as INVALIDATE_IOMMU_PAGES, as one of the commands. */
void amdvi_drv_ring_put_block(struct amdvi_drv_ring *ring, struct amdvi_drv_blocks *blocks,
                              uint16_t domain_id, bool directories);
/* The COMPLETION_WAIT, the tail, and the lock back. Returns the number. */
uint32_t amdvi_drv_ring_commit(struct amdvi_drv_ring *ring, uintptr_t flags);
/* As begin, and wait for room, with no lock held; a ring that stopped is repaired. */
enum amdvi_drv_status amdvi_drv_ring_take(struct amdvi_drv_ring *ring, unsigned count,
                                          uint64_t deadline_ns, uintptr_t *out_flags);

/* Only wait, for room for a whole submission. */
static inline enum amdvi_drv_status amdvi_drv_ring_room(struct amdvi_drv_ring *ring,
                                                        uint64_t deadline_ns)
{
    uintptr_t flags;
    enum amdvi_drv_status status =
        amdvi_drv_ring_take(ring, AMDVI_DRV_SUBMIT_MAX, deadline_ns, &flags);

    if (status == AMDVI_DRV_OK) {
        amdvi_drv_unlock(ring->heap->host, &ring->lock, flags);
    }
    return status;
}

/* ---- For ring.c and repair.c ---- */

/* ring->lock is held. Read the completion word, and note what was completed. */
void amdvi_drv_ring_look(struct amdvi_drv_ring *ring);
/* Of a number that is over: OK, or COMMAND. */
enum amdvi_drv_status amdvi_drv_ring_result(struct amdvi_drv_ring *ring, uint32_t number);

/* Is @number the same as @other, or later? Right as long as less than 2^31 are between them. */
static inline bool amdvi_drv_ring_is_behind(uint32_t number, uint32_t other)
{
    return number - other <= UINT32_MAX / 2;
}

/* The COMPLETION_WAIT of a number, behind which the ring goes on at byte @next. */
static inline void amdvi_drv_ring_encode_wait(struct amdvi_wire_command *out,
                                              const struct amdvi_drv_ring *ring, uint32_t number,
                                              uint32_t next)
{
    /* With f=1 later commands wait for it, so that numbers complete in order. */
    amdvi_le64_encode(&out->word[0], amdvi_put(AMDVI_CMD_OPCODE, AMDVI_OPCODE_COMPLETION_WAIT) |
                                         AMDVI_COMPLETION_WAIT_STORE | AMDVI_COMPLETION_WAIT_FLUSH |
                                         (ring->completion.spa & AMDVI_COMPLETION_WAIT_STORE_ADDR));
    amdvi_le64_encode(&out->word[1], number | (uint64_t)next << 32);
}

#pragma GCC visibility pop

#endif
