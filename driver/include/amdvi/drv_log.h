/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event log of one IOMMU, usable alone: events come out one by one, decoded, with their raw
 * words, and as a line of text. Calls on one log must not overlap.
 */
#ifndef AMDVI_DRV_LOG_H
#define AMDVI_DRV_LOG_H

#include <amdvi/drv_host.h>
#include <amdvi/event.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a unit said. */
struct amdvi_drv_report {
    unsigned unit_index;
    uint16_t segment;
    bool known;               /* event is filled: a code of revision 1.20 */
    struct amdvi_event event; /* device id, domain id, address, flags */
    uint64_t raw[2];          /* always */
    uint64_t lost;            /* events before this one that were not reported, by a full log or by
                               * the limit for each device */
    bool device_stopped;      /* its bound was reached: it is blocked from now on */
};

/* A line is never longer, the 0 at its end included. */
#define AMDVI_DRV_TEXT_BYTES 192

/*
 * One line, without a newline, of at most @size_bytes with its 0:
 * "amdvi 0: IO_PAGE_FAULT 00:03.0 domain 7 write of 0x5010: permission [raw words]".
 *
 * Returns    its length.
 * Threading  any context.
 */
size_t amdvi_drv_report_text(const struct amdvi_drv_report *report, char *out, size_t size_bytes);

struct amdvi_drv_log {
    struct amdvi_drv_heap *heap;
    void *window;
    struct amdvi_drv_block entries;
    uint32_t size_bytes;
    uint32_t head;
    uint64_t overflows;
    uint32_t losses; /* times that events were lost: overflows, and entries that never came */
};

/*
 * Take a log of 2^@entries_log2 events (8 to 15) for the unit at @window, whose registers are not
 * touched before amdvi_drv_log_start().
 *
 * Returns    AMDVI_DRV_ERR_ARGUMENT, AMDVI_DRV_ERR_NO_MEMORY.
 * Threading  setup only.
 * Spec       1.20, event log.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_log_init(struct amdvi_drv_log *log,
                                                              struct amdvi_drv_heap *heap,
                                                              void *window, unsigned entries_log2);
/*
 * Stop whatever ran before, set up the event log registers, and EventLogEn, with @interrupt
 * EventIntEn too; also again, after a suspend. A log that ran before and does not stop stays off.
 * And the reverse, AMDVI_DRV_ERR_TIMEOUT when it runs on. Both wait for at most 100 ms, no lock
 * held.
 */
void amdvi_drv_log_start(struct amdvi_drv_log *log, bool interrupt);
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_log_stop(struct amdvi_drv_log *log);
void amdvi_drv_log_destroy(struct amdvi_drv_log *log);

/*
 * Take the oldest event. An entry is cleared once it was read, and the head register follows.
 *
 * Errata 732, 733: the tail can be seen before the entry is; an entry of all zeros is waited for,
 * at most 100 µs, and then skipped.
 *
 * @out  known, event and raw are filled; lost counts 1 for an entry that never came.
 *
 * Returns    false when the log is empty.
 * Threading  any context, one call at a time.
 * Blocking   100 µs.
 */
bool amdvi_drv_log_next(struct amdvi_drv_log *log, struct amdvi_drv_report *out);

/*
 * Clear EventLogInt and ComWaitInt, and restart a log that overflowed: once before the events are
 * taken, and again until nothing is set. Errata 787, 1312: the status is read again after it was
 * written, at most 8 times.
 *
 * Returns    true when there was something, and there may be events.
 */
bool amdvi_drv_log_acknowledge(struct amdvi_drv_log *log);

#ifdef __cplusplus
}
#endif

#endif
