/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event log: entries that the IOMMU writes and we clear. The owner's lock is held around the
 * calls that take events, so nothing here waits longer than 100 µs, and never with host->pause.
 */
#include <amdvi/drv_log.h>

#include "registers.h"
#include "store.h"

#define ENTRIES_LOG2_MIN 8
#define ENTRIES_LOG2_MAX 15
#define LATE_ENTRY_NS    UINT64_C(100000)
#define STATUS_LOOKS     8 /* at bits that should be gone, or at a run bit that should follow */

/* Write 1 to clear. Of later revisions' bits none is touched. */
#define ACKNOWLEDGED (AMDVI_STATUS_EVENT_LOG_INT | AMDVI_STATUS_COM_WAIT_INT)

enum amdvi_drv_status amdvi_drv_log_init(struct amdvi_drv_log *log, struct amdvi_drv_heap *heap,
                                         void *window, unsigned entries_log2)
{
    if (entries_log2 < ENTRIES_LOG2_MIN || entries_log2 > ENTRIES_LOG2_MAX) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    *log = (struct amdvi_drv_log){
        .heap = heap, .window = window, .size_bytes = (uint32_t)amdvi_ring_bytes(entries_log2)};
    return amdvi_drv_heap_alloc(heap, log->size_bytes, &log->entries) ? AMDVI_DRV_OK
                                                                      : AMDVI_DRV_ERR_NO_MEMORY;
}

void amdvi_drv_log_destroy(struct amdvi_drv_log *log)
{
    amdvi_drv_heap_free(log->heap, &log->entries);
}

/* ---- Start and stop -------------------------------------------------------------------------- */

enum amdvi_drv_status amdvi_drv_log_stop(struct amdvi_drv_log *log)
{
    amdvi_drv_control(log->heap, log->window,
                      AMDVI_CONTROL_EVENT_LOG_EN | AMDVI_CONTROL_EVENT_INT_EN, 0);
    return amdvi_drv_reg_wait(log->heap->host, log->window, AMDVI_REG_STATUS,
                              AMDVI_STATUS_EVENT_LOG_RUN, 0, AMDVI_DRV_STOP_NS)
               ? AMDVI_DRV_OK
               : AMDVI_DRV_ERR_TIMEOUT;
}

void amdvi_drv_log_start(struct amdvi_drv_log *log, bool interrupt)
{
    const struct amdvi_drv_host *host = log->heap->host;
    unsigned entries_log2 = amdvi_lowest_bit(log->size_bytes / AMDVI_EVENT_BYTES);

    /* Of a log that does not stop the base must not be written: it stays the earlier owner's. */
    if (amdvi_drv_log_stop(log) != AMDVI_DRV_OK) {
        return;
    }
    __builtin_memset(log->entries.bytes, 0, log->size_bytes);
    amdvi_drv_flush_bytes(host, log->entries.bytes, log->size_bytes);
    log->head = 0;
    amdvi_drv_reg_write(host, log->window, AMDVI_REG_EVENT_LOG_BASE,
                        log->entries.spa | amdvi_put(AMDVI_EVENT_LOG_BASE_LEN, entries_log2));
    amdvi_drv_reg_write(host, log->window, AMDVI_REG_EVENT_LOG_HEAD, 0);
    amdvi_drv_reg_write(host, log->window, AMDVI_REG_EVENT_LOG_TAIL, 0);
    amdvi_drv_reg_write(host, log->window, AMDVI_REG_STATUS,
                        ACKNOWLEDGED | AMDVI_STATUS_EVENT_OVERFLOW);
    amdvi_drv_control(log->heap, log->window, 0,
                      AMDVI_CONTROL_EVENT_LOG_EN | (interrupt ? AMDVI_CONTROL_EVENT_INT_EN : 0));
}

/* Looked at by calls that do not hold the lock which this one's caller has. */
static void count_loss(struct amdvi_drv_log *log)
{
    __atomic_store_n(&log->losses, log->losses + 1, __ATOMIC_RELAXED);
}

/* ---- Events ---------------------------------------------------------------------------------- */

/*
 * Erratum 732, 733: an entry of zeros is behind the tail already, but not yet in memory. Its first
 * word holds the code, which is never 0.
 */
static bool is_there(struct amdvi_drv_log *log, const uint8_t *entry)
{
    const struct amdvi_drv_host *host = log->heap->host;
    uint64_t deadline_ns = host->now_ns(host->ctx) + LATE_ENTRY_NS;
    bool is_late = false;

    for (;;) {
        amdvi_drv_flush_bytes(host, entry, AMDVI_EVENT_BYTES);
        if (amdvi_drv_load32(entry + 4) != 0) {
            return true;
        }
        if (is_late) {
            return false;
        }
        is_late = host->now_ns(host->ctx) >= deadline_ns;
    }
}

bool amdvi_drv_log_next(struct amdvi_drv_log *log, struct amdvi_drv_report *out)
{
    const struct amdvi_drv_host *host = log->heap->host;
    uint8_t *entry = (uint8_t *)log->entries.bytes + log->head;
    uint64_t tail = amdvi_drv_reg_read(host, log->window, AMDVI_REG_EVENT_LOG_TAIL);
    struct amdvi_wire_event wire;

    tail &= AMDVI_RING_POINTER;
    if (tail == log->head || tail >= log->size_bytes) {
        return false;
    }
    *out = (struct amdvi_drv_report){.lost = is_there(log, entry) ? 0 : 1};
    if (out->lost != 0) {
        count_loss(log);
    }
    __builtin_memcpy(&wire, entry, sizeof(wire));
    out->raw[0] = amdvi_le64_decode(&wire.word[0]);
    out->raw[1] = amdvi_le64_decode(&wire.word[1]);
    out->known = amdvi_event_decode(&out->event, &wire);
    __builtin_memset(entry, 0, sizeof(wire));
    amdvi_drv_flush_bytes(host, entry, sizeof(wire));
    log->head = (log->head + AMDVI_EVENT_BYTES) & (log->size_bytes - 1);
    amdvi_drv_reg_write(host, log->window, AMDVI_REG_EVENT_LOG_HEAD, log->head);
    return true;
}

/* ---- Status ---------------------------------------------------------------------------------- */

/*
 * The log was full, and an event or more is lost: it begins again once EventOverflow is cleared and
 * EventLogEn goes from 0 to 1.
 */
static void restart(struct amdvi_drv_log *log)
{
    const struct amdvi_drv_host *host = log->heap->host;
    uint64_t status = AMDVI_STATUS_EVENT_LOG_RUN;

    amdvi_drv_control(log->heap, log->window, AMDVI_CONTROL_EVENT_LOG_EN, 0);
    for (unsigned i = 0; i < STATUS_LOOKS && amdvi_has(status, AMDVI_STATUS_EVENT_LOG_RUN); i++) {
        status = amdvi_drv_reg_read(host, log->window, AMDVI_REG_STATUS);
    }
    amdvi_drv_reg_write(host, log->window, AMDVI_REG_STATUS, AMDVI_STATUS_EVENT_OVERFLOW);
    amdvi_drv_control(log->heap, log->window, 0, AMDVI_CONTROL_EVENT_LOG_EN);
    log->overflows++;
    count_loss(log);
}

/* Errata 787, 1312: a write may be lost to an event at the same moment, so it is read again. */
bool amdvi_drv_log_acknowledge(struct amdvi_drv_log *log)
{
    const struct amdvi_drv_host *host = log->heap->host;
    bool was_anything = false;

    for (unsigned i = 0; i < STATUS_LOOKS; i++) {
        uint64_t status = amdvi_drv_reg_read(host, log->window, AMDVI_REG_STATUS);
        if (!amdvi_has(status, ACKNOWLEDGED | AMDVI_STATUS_EVENT_OVERFLOW)) {
            break;
        }
        was_anything = true;
        if (amdvi_has(status, ACKNOWLEDGED)) {
            amdvi_drv_reg_write(host, log->window, AMDVI_REG_STATUS, status & ACKNOWLEDGED);
        }
        if (amdvi_has(status, AMDVI_STATUS_EVENT_OVERFLOW)) {
            restart(log);
        }
    }
    return was_anything;
}
