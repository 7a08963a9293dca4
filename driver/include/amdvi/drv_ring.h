/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command buffer of one IOMMU, usable alone: commands go in, a number comes out, and the number
 * can be waited for. What went wrong is found, repaired and told to whoever sent it.
 *
 * Shared are the tail, the numbers and what the ring remembers of errors; ring->lock protects them,
 * for as long as it takes to store the commands of one call. Number and place in the ring are taken
 * together under it. Waiting happens outside: the IOMMU stores the number of each COMPLETION_WAIT
 * (f=1, so they complete in order) in one word, which anybody compares, across its wrap. Numbers
 * have 32 bits, so that hosts of 32 bits load one in one piece.
 */
#ifndef AMDVI_DRV_RING_H
#define AMDVI_DRV_RING_H

#include <amdvi/command.h>
#include <amdvi/drv_host.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Commands that one call may submit; every ring holds as many, and the wait behind them. */
#define AMDVI_DRV_SUBMIT_MAX 128

/* Errors of the ring that are repaired, in all; the next stops it for good. */
#define AMDVI_DRV_REPAIRS_MAX 16

/* Members are the driver's; submitted, repairs and failed may be read. */
struct amdvi_drv_ring {
    struct amdvi_drv_heap *heap;
    void *window;
    struct amdvi_drv_block commands;
    struct amdvi_drv_block completion; /* the word that COMPLETION_WAIT stores */
    struct amdvi_drv_lock lock;
    uint32_t size_bytes;
    uint32_t tail;                           /* byte offset, as in the register */
    uint32_t head;                           /* behind the COMPLETION_WAIT of @completed */
    uint32_t submitted;                      /* number of the newest COMPLETION_WAIT */
    uint32_t completed;                      /* newest that was seen */
    uint32_t refused[AMDVI_DRV_REPAIRS_MAX]; /* numbers of which a command was replaced */
    uint32_t dropped_after; /* numbers after this, to dropped_last, were in the ring when it was */
    uint32_t dropped_last;  /* stopped, and never ran */
    unsigned refused_count;
    uint32_t repaired_at; /* offset of the command that was replaced last; odd: none was */
    unsigned repairs;
    bool repairing; /* somebody is at it */
    bool failed;    /* stopped for good */
};

/*
 * Take a ring of 2^@entries_log2 commands (8 to 15) for the unit at @window, whose registers are
 * not touched before amdvi_drv_ring_start().
 *
 * Returns    AMDVI_DRV_ERR_ARGUMENT, AMDVI_DRV_ERR_NO_MEMORY.
 * Threading  setup only.
 * Spec       1.20, command buffer.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_ring_init(struct amdvi_drv_ring *ring,
                                                               struct amdvi_drv_heap *heap,
                                                               void *window, unsigned entries_log2);

/*
 * Stop whatever ran before, set up the command buffer registers, and CmdBufEn; also again, after a
 * suspend. Commands run once IommuEn is set. Numbers go on from where they were; those that were
 * not completed when the ring was stopped never will be, and who waits for them gets
 * AMDVI_DRV_ERR_COMMAND.
 *
 * Returns    AMDVI_DRV_ERR_TIMEOUT   a ring that ran before does not stop.
 *            AMDVI_DRV_ERR_HARDWARE  it does not start, or has stopped for good.
 * Threading  setup only.
 * Blocking   up to 200 ms.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_ring_start(struct amdvi_drv_ring *ring);

/* CmdBufEn=0, and wait until CmdBufRun=0: at most 100 ms. */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_ring_stop(struct amdvi_drv_ring *ring);

/* Give the memory back. The ring is stopped. */
void amdvi_drv_ring_destroy(struct amdvi_drv_ring *ring);

/*
 * Put @count commands (0 to AMDVI_DRV_SUBMIT_MAX) and a COMPLETION_WAIT into the ring. Each is
 * built from zero, and stored only where there is room: a full ring is waited for until
 * @deadline_ns.
 *
 * @out_number  what amdvi_drv_ring_wait() takes.
 *
 * Returns    AMDVI_DRV_ERR_TIMEOUT, AMDVI_DRV_ERR_HARDWARE: nothing was put in;
 *            AMDVI_DRV_ERR_ARGUMENT  too many commands.
 * Threading  any context, any number of callers.
 * Blocking   while the ring is full.
 * Spec       1.20, command buffer, COMPLETION_WAIT.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_ring_submit(struct amdvi_drv_ring *ring, const struct amdvi_command *commands,
                      unsigned count, uint64_t deadline_ns, uint32_t *out_number);

/*
 * Wait until everything up to @number is completed. A ring that stopped meanwhile is repaired by
 * whoever waits: the command that the IOMMU cannot have liked is replaced by a COMPLETION_WAIT, and
 * the ring runs again from behind the last completed number.
 *
 * Returns    AMDVI_DRV_ERR_TIMEOUT   not by @deadline_ns; may be asked again.
 *            AMDVI_DRV_ERR_COMMAND   completed, but a command of this number was replaced.
 *            AMDVI_DRV_ERR_HARDWARE  the ring has stopped for good.
 * Threading  any context, no lock held, any number of callers.
 * Blocking   until @deadline_ns.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_ring_wait(struct amdvi_drv_ring *ring, uint32_t number, uint64_t deadline_ns);

/* Has @number been completed, or is it over without (refused)? Reads one word of memory. */
bool amdvi_drv_ring_is_completed(struct amdvi_drv_ring *ring, uint32_t number);

/*
 * Look whether the ring stopped, and repair it. @bad_command is the SPA of an ILLEGAL_COMMAND_ERROR
 * or COMMAND_HARDWARE_ERROR if the event log had one, else 0: then the commands are decoded to find
 * it.
 *
 * Returns    AMDVI_DRV_OK            it runs, or somebody else is repairing it, or CmdBufEn=0.
 *            AMDVI_DRV_ERR_HARDWARE  AMDVI_DRV_REPAIRS_MAX is used up, or it does not start.
 * Threading  any context, no lock held.
 * Blocking   up to 100 ms.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_ring_repair(struct amdvi_drv_ring *ring,
                                                                 uint64_t bad_command);

/*
 * The commands that invalidate the pages @first_iova to @last_iova of a domain: exact aligned
 * blocks where four are enough, else one block around them.
 *
 * @out  up to 4 commands; returned is how many.
 */
unsigned amdvi_drv_invalidate_pages(struct amdvi_command *out, uint16_t domain_id,
                                    uint64_t first_iova, uint64_t last_iova, bool directories);

#ifdef __cplusplus
}
#endif

#endif
