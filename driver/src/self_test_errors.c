/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of the self-test that makes errors: a command that is none, twice, the second time with
 * no room in the event log. Others may use the ring meanwhile, and take events: what they took is
 * not tested.
 */
#include "self_test.h"

#include "ring.h"
#include "store.h"

#define EVENT_NS    UINT64_C(10000000)          /* for an event, behind the command it is about */
#define REPAIRS_MAX (AMDVI_DRV_REPAIRS_MAX / 2) /* the other half is for true errors */
#define NO_COMMAND  ((enum amdvi_opcode)15)

static enum amdvi_drv_status run_bad_command(struct amdvi_drv_self_test_run *test)
{
    struct amdvi_command command = {.opcode = NO_COMMAND};

    return amdvi_drv_test_submit(test, &command, 1, &test->bad_spa);
}

void amdvi_drv_test_refusal(struct amdvi_drv_self_test_run *test,
                            struct amdvi_drv_test_result *result)
{
    struct amdvi_drv_unit *unit = test->unit;

    if (__atomic_load_n(&unit->ring.repairs, __ATOMIC_ACQUIRE) + 2 > REPAIRS_MAX) {
        return;
    }
    uintptr_t flags = amdvi_drv_lock(test->drv->host, &unit->lock);
    test->events = unit->info.events;
    amdvi_drv_unlock(test->drv->host, &unit->lock, flags);
    enum amdvi_drv_status status = run_bad_command(test);
    test->was_refused = status == AMDVI_DRV_ERR_COMMAND;
    amdvi_drv_test_compare(result, AMDVI_DRV_ERR_COMMAND, status);
}

void amdvi_drv_test_repair(struct amdvi_drv_self_test_run *test,
                           struct amdvi_drv_test_result *result)
{
    if (test->was_refused) {
        amdvi_drv_test_store(test, AMDVI_DRV_TEST_PATTERN, result);
        amdvi_drv_test_store(test, 0, result);
    }
}

/* unit->lock is held: is the event among those that nobody has taken yet? */
static bool is_event_there(const struct amdvi_drv_self_test_run *test)
{
    const struct amdvi_drv_log *log = &test->unit->log;
    uint64_t tail = amdvi_drv_test_reg(test, AMDVI_REG_EVENT_LOG_TAIL) & AMDVI_RING_POINTER;

    for (uint32_t at = log->head; at != tail && tail < log->size_bytes;
         at = (at + AMDVI_EVENT_BYTES) & (log->size_bytes - 1)) {
        const uint8_t *entry = (const uint8_t *)log->entries.bytes + at;
        struct amdvi_wire_event wire;
        struct amdvi_event event;
        amdvi_drv_flush_bytes(test->drv->host, entry, AMDVI_EVENT_BYTES);
        __builtin_memcpy(&wire, entry, sizeof(wire));
        if (amdvi_event_decode(&event, &wire) && event.code == AMDVI_EVENT_ILLEGAL_COMMAND_ERROR &&
            event.address == test->bad_spa) {
            return true;
        }
    }
    return false;
}

void amdvi_drv_test_event(struct amdvi_drv_self_test_run *test,
                          struct amdvi_drv_test_result *result)
{
    const struct amdvi_drv_host *host = test->drv->host;
    uint64_t deadline_ns = host->now_ns(host->ctx) + EVENT_NS;
    struct amdvi_drv_unit *unit = test->unit;
    bool was_taken = false;

    if (!test->was_refused) {
        return;
    }
    do {
        uintptr_t flags = amdvi_drv_lock(host, &unit->lock);
        test->event_was_found = is_event_there(test);
        was_taken = unit->info.events != test->events;
        amdvi_drv_unlock(host, &unit->lock, flags);
    } while (!test->event_was_found && !was_taken && !amdvi_drv_is_late(host, deadline_ns));
    if (test->event_was_found || !was_taken) {
        amdvi_drv_test_compare(result, true, test->event_was_found);
    }
}

/* Write the head register: one behind the tail, so that the log is full; or where it is in truth.
 * How often it has overflowed before. */
static uint64_t set_head(struct amdvi_drv_self_test_run *test, bool is_full)
{
    const struct amdvi_drv_host *host = test->drv->host;
    struct amdvi_drv_log *log = &test->unit->log;
    uintptr_t flags = amdvi_drv_lock(host, &test->unit->lock);
    uint64_t head = log->head;

    if (is_full) {
        head = (amdvi_drv_test_reg(test, AMDVI_REG_EVENT_LOG_TAIL) + AMDVI_EVENT_BYTES) &
               (log->size_bytes - 1);
    }
    amdvi_drv_reg_write(host, test->unit->window, AMDVI_REG_EVENT_LOG_HEAD, head);
    uint64_t overflows = log->overflows;
    amdvi_drv_unlock(host, &test->unit->lock, flags);
    return overflows;
}

/* Did it overflow? Somebody else may have restarted it already. */
static bool has_overflowed(struct amdvi_drv_self_test_run *test, uint64_t overflows)
{
    const struct amdvi_drv_host *host = test->drv->host;
    uint64_t deadline_ns = host->now_ns(host->ctx) + EVENT_NS;
    bool found;

    do {
        uintptr_t flags = amdvi_drv_lock(host, &test->unit->lock);
        found = test->unit->log.overflows != overflows ||
                amdvi_has(amdvi_drv_test_reg(test, AMDVI_REG_STATUS), AMDVI_STATUS_EVENT_OVERFLOW);
        amdvi_drv_unlock(host, &test->unit->lock, flags);
    } while (!found && !amdvi_drv_is_late(host, deadline_ns));
    return found;
}

void amdvi_drv_test_overflow(struct amdvi_drv_self_test_run *test,
                             struct amdvi_drv_test_result *result)
{
    struct amdvi_drv *drv = test->drv;
    if (!test->event_was_found) {
        return;
    }
    uint64_t overflows = set_head(test, true);
    enum amdvi_drv_status status = run_bad_command(test);
    bool overflowed = has_overflowed(test, overflows);
    (void)set_head(test, false);
    (void)amdvi_drv_unit_interrupt(drv, amdvi_drv_unit_index(test->unit));
    amdvi_drv_test_compare(result, AMDVI_DRV_ERR_COMMAND, status);
    amdvi_drv_test_compare(result, true, overflowed);
    amdvi_drv_test_compare(result, true,
                           amdvi_drv_reg_wait(drv->host, test->unit->window, AMDVI_REG_STATUS,
                                              AMDVI_STATUS_EVENT_LOG_RUN,
                                              AMDVI_STATUS_EVENT_LOG_RUN, EVENT_NS));
}
