/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring from within: commands one by one, without an array of them on the stack, and no waiting.
 */
#ifndef AMDVI_DRV_RING_PRIVATE_H
#define AMDVI_DRV_RING_PRIVATE_H

#include <amdvi/drv_ring.h>

/*
 * Room for @count (at most AMDVI_DRV_SUBMIT_MAX) commands and a COMPLETION_WAIT? If so ring->lock
 * is taken and kept. May be called with a domain's or unit's lock held: does not wait.
 */
bool amdvi_drv_ring_begin(struct amdvi_drv_ring *ring, unsigned count, uintptr_t *out_flags);
/* One of the commands. */
void amdvi_drv_ring_put(struct amdvi_drv_ring *ring, const struct amdvi_command *command);
/* INVALIDATE_IOMMU_ALL, as one of the commands. */
void amdvi_drv_ring_put_all(struct amdvi_drv_ring *ring);
/* The COMPLETION_WAIT, the tail, and the lock back. Returns the number. */
uint32_t amdvi_drv_ring_commit(struct amdvi_drv_ring *ring, uintptr_t flags);
/* Wait for room, with no lock held; a ring that stopped is repaired. */
enum amdvi_drv_status amdvi_drv_ring_room(struct amdvi_drv_ring *ring, unsigned count,
                                          uint64_t deadline_ns);

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
static inline struct amdvi_command amdvi_drv_ring_wait_command(const struct amdvi_drv_ring *ring,
                                                               uint32_t number, uint32_t next)
{
    return (struct amdvi_command){
        .opcode = AMDVI_OPCODE_COMPLETION_WAIT,
        .store = true,
        .flush = true, /* later commands wait for it, so that numbers complete in order */
        .store_address = ring->completion.spa,
        .store_data = number | (uint64_t)next << 32,
    };
}

#endif
