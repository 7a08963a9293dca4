/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Event log: overflow, and every way to start it again or not. */
#include "rings.h"

#define LOG_SLOT(n) (RIG_EVENT_LOG + UINT64_C(16) * (n))
#define LOG_OFF     (CONTROL_USUAL & ~CONTROL_EVENT_LOG_EN)
#define CAPACITY    255U /* of 256 entries */

static bool log_stops(struct rig *rig)
{
    return rig_until(rig, REG_STATUS, STATUS_EVENT_LOG_RUN, 0);
}

/* An event more than the log takes: faults 0 to 254 are in it, 255 is lost. */
static bool overflow(struct rig *rig)
{
    rig_enable(rig);
    rig_attach(rig, 3);
    make_faults(rig, 0, CAPACITY + 1);
    return CHECK((rig_read(rig, REG_STATUS) & STATUS_EVENT_OVERFLOW) != 0);
}

/* A fault @n, which must not be logged. */
static void is_lost(struct rig *rig, unsigned n)
{
    uint64_t tail = rig_read(rig, REG_EVENT_TAIL);

    make_fault(rig, n);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), tail);
}

/* A fault @n, which must be logged at the tail. */
static void is_logged(struct rig *rig, unsigned n)
{
    uint64_t tail = rig_read(rig, REG_EVENT_TAIL);

    make_fault(rig, n);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), (tail + 16) % RIG_RING_BYTES);
    IS_FAULT(rig, RIG_EVENT_LOG + tail, n);
}

static void capacity(struct rig *rig)
{
    rig_enable(rig);
    rig_attach(rig, 3);
    make_faults(rig, 0, CAPACITY);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0xff0);
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_EVENT_LOG_INT | RUN_BITS);
    for (unsigned i = 0; i < CAPACITY; i++) {
        if (!IS_FAULT(rig, LOG_SLOT(i), i)) {
            break;
        }
    }
    empty_log(rig);
}

static void one_too_many(struct rig *rig)
{
    if (overflow(rig)) {
        CHECK_U64(rig_read(rig, REG_EVENT_HEAD), 0);
        CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0xff0);
        CHECK_U64(rig_load64(rig, LOG_SLOT(255)), 0);
        CHECK_U64(rig_load64(rig, LOG_SLOT(255) + 8), 0);
        IS_FAULT(rig, LOG_SLOT(0), 0);
        IS_FAULT(rig, LOG_SLOT(254), 254);
    }
    empty_log(rig);
}

static void run_becomes_0(struct rig *rig)
{
    if (overflow(rig)) {
        CHECK_U64(rig_read(rig, REG_STATUS),
                  STATUS_EVENT_OVERFLOW | STATUS_EVENT_LOG_INT | STATUS_CMD_BUF_RUN);
        CHECK_U64(rig_read(rig, REG_CONTROL), CONTROL_USUAL);
    }
    empty_log(rig);
}

static void commands_go_on(struct rig *rig)
{
    if (overflow(rig)) {
        CHECK(rig_wait(rig));
        COMPLETE_WITH_I(rig);
    }
    empty_log(rig);
}

static void requests_go_on(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    if (overflow(rig)) {
        rig_map(rig, RIG_IOVA + 0x600000, page, 12, RIG_RW);
        RIG_WRITES(rig, RIG_IOVA + 0x600000, page, 8);
        RIG_WRITE_REFUSED(rig, RIG_IOVA + 0x601000, page, 8);
    }
    empty_log(rig);
}

static void reading_makes_room(struct rig *rig)
{
    rig_enable(rig);
    rig_attach(rig, 3);
    make_faults(rig, 0, CAPACITY);
    rig_write(rig, REG_EVENT_HEAD, 0x10);
    is_logged(rig, 300); /* in the last slot: the tail is 0 */
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_EVENT_OVERFLOW, 0);
    is_lost(rig, 301);
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_EVENT_OVERFLOW, STATUS_EVENT_OVERFLOW);
    IS_FAULT(rig, LOG_SLOT(1), 1);
    empty_log(rig);
}

static void reading_does_not_restart(struct rig *rig)
{
    if (overflow(rig)) {
        empty_log(rig);
        is_lost(rig, 300);
        CHECK_U64(rig_read(rig, REG_STATUS) & (STATUS_EVENT_OVERFLOW | STATUS_EVENT_LOG_RUN),
                  STATUS_EVENT_OVERFLOW);
    }
    empty_log(rig);
}

static void clearing_does_not_restart(struct rig *rig)
{
    if (overflow(rig)) {
        empty_log(rig);
        rig_write(rig, REG_STATUS, STATUS_EVENT_OVERFLOW | STATUS_EVENT_LOG_INT);
        is_lost(rig, 300);
        CHECK_U64(rig_read(rig, REG_STATUS), STATUS_CMD_BUF_RUN);
        rig_write(rig, REG_CONTROL, CONTROL_USUAL); /* EventLogEn stays 1: no edge */
        is_lost(rig, 301);
        CHECK_U64(rig_read(rig, REG_STATUS), STATUS_CMD_BUF_RUN);
    }
    empty_log(rig);
}

static void toggling_with_overflow(struct rig *rig)
{
    bool runs = true;

    if (overflow(rig)) {
        empty_log(rig);
        rig_write(rig, REG_CONTROL, LOG_OFF);
        rig_write(rig, REG_CONTROL, CONTROL_USUAL);
        runs = (rig_read(rig, REG_STATUS) & STATUS_EVENT_LOG_RUN) != 0;
        if (runs) {
            is_logged(rig, 300);
        } else {
            CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_EVENT_OVERFLOW, STATUS_EVENT_OVERFLOW);
            is_lost(rig, 300);
        }
    }
    empty_log(rig);
    rig_outcome(rig, runs ? "starts again" : "stays stopped");
}

static void late_clear_after_toggle(struct rig *rig)
{
    if (overflow(rig)) {
        empty_log(rig);
        rig_write(rig, REG_CONTROL, LOG_OFF);
        rig_write(rig, REG_CONTROL, CONTROL_USUAL);
        rig_write(rig, REG_STATUS, STATUS_EVENT_OVERFLOW);
        uint64_t run = rig_read(rig, REG_STATUS) & STATUS_EVENT_LOG_RUN;
        if (run != 0) {
            is_logged(rig, 300);
        } else {
            is_lost(rig, 300);
        }
        rig_write(rig, REG_CONTROL, LOG_OFF); /* then as drivers do */
        rig_write(rig, REG_CONTROL, CONTROL_USUAL);
        CHECK_U64(rig_read(rig, REG_STATUS) & RUN_BITS, RUN_BITS);
        is_logged(rig, 301);
        rig_outcome(rig, run != 0 ? "runs" : "stays stopped");
    }
    empty_log(rig);
}

/* Off, clear, on: as operating systems do it. */
static void off_clear_on(struct rig *rig)
{
    if (overflow(rig)) {
        rig_write(rig, REG_CONTROL, LOG_OFF);
        CHECK(log_stops(rig));
        rig_write(rig, REG_STATUS, STATUS_EVENT_OVERFLOW);
        empty_log(rig);
        rig_write(rig, REG_CONTROL, CONTROL_USUAL);
        CHECK_U64(rig_read(rig, REG_STATUS) & (STATUS_EVENT_OVERFLOW | RUN_BITS), RUN_BITS);
        CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0xff0); /* where it was */
        is_logged(rig, 300);
        is_logged(rig, 301);
    }
    empty_log(rig);
}

static void clear_off_on(struct rig *rig)
{
    if (overflow(rig)) {
        rig_write(rig, REG_STATUS, STATUS_EVENT_OVERFLOW);
        rig_write(rig, REG_CONTROL, LOG_OFF);
        rig_write(rig, REG_CONTROL, CONTROL_USUAL);
        CHECK_U64(rig_read(rig, REG_STATUS) & RUN_BITS, RUN_BITS);
        empty_log(rig);
        is_logged(rig, 300);
    }
    empty_log(rig);
}

static void iommu_en_restarts(struct rig *rig)
{
    if (overflow(rig)) {
        rig_write(rig, REG_STATUS, STATUS_EVENT_OVERFLOW);
        rig_write(rig, REG_CONTROL, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
        CHECK(rig_until(rig, REG_STATUS, RUN_BITS, 0));
        rig_write(rig, REG_CONTROL, CONTROL_USUAL);
        CHECK_U64(rig_read(rig, REG_STATUS) & RUN_BITS, RUN_BITS);
        empty_log(rig);
        is_logged(rig, 300);
    }
    empty_log(rig);
}

static void restart_still_full(struct rig *rig)
{
    if (overflow(rig)) {
        rig_write(rig, REG_CONTROL, LOG_OFF);
        CHECK(log_stops(rig));
        rig_write(rig, REG_STATUS, STATUS_EVENT_OVERFLOW);
        rig_write(rig, REG_CONTROL, CONTROL_USUAL);
        CHECK_U64(rig_read(rig, REG_STATUS) & (STATUS_EVENT_OVERFLOW | RUN_BITS), RUN_BITS);
        is_lost(rig, 300);
        CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_EVENT_OVERFLOW, STATUS_EVENT_OVERFLOW);
        CHECK_U64(rig_load64(rig, LOG_SLOT(255)), 0);
    }
    empty_log(rig);
}

static void restart_by_base(struct rig *rig)
{
    if (overflow(rig)) {
        rig_write(rig, REG_CONTROL, LOG_OFF);
        CHECK(log_stops(rig));
        rig_write(rig, REG_STATUS, STATUS_EVENT_OVERFLOW);
        rig_write(rig, REG_EVENT_BASE, RIG_EVENT_LOG | RING_LEN(8));
        CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0);
        rig_write(rig, REG_CONTROL, CONTROL_USUAL);
        is_logged(rig, 300);
        CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x10);
    }
    empty_log(rig);
}

static void lost_for_ever(struct rig *rig)
{
    if (overflow(rig)) {
        is_lost(rig, 300);
        is_lost(rig, 301);
        rig_write(rig, REG_CONTROL, LOG_OFF);
        CHECK(log_stops(rig));
        rig_write(rig, REG_STATUS, STATUS_EVENT_OVERFLOW);
        empty_log(rig);
        rig_write(rig, REG_CONTROL, CONTROL_USUAL);
        let_pass(rig);
        CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0xff0);
        CHECK_U64(rig_load64(rig, LOG_SLOT(255)), 0);
        is_logged(rig, 302);
    }
    empty_log(rig);
}

static void overflow_sets_log_int_no_more(struct rig *rig)
{
    if (overflow(rig)) {
        rig_write(rig, REG_STATUS, STATUS_EVENT_LOG_INT);
        is_lost(rig, 300);
        CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_EVENT_LOG_INT, 0);
    }
    empty_log(rig);
}

static void command_errors_overflow(struct rig *rig)
{
    rig_enable(rig);
    rig_attach(rig, 3);
    make_faults(rig, 0, CAPACITY);
    rig_command(rig, OPCODE(0), 0);
    CHECK(rig_until(rig, REG_STATUS, STATUS_CMD_BUF_RUN, 0));
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_EVENT_OVERFLOW | STATUS_EVENT_LOG_INT);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0xff0);
    empty_log(rig);
}

static void overflow_by_commands(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned i = 0; i < CAPACITY + 1; i++) {
        rig_command(rig, OPCODE(0), 0);
        if (!CHECK(rig_until(rig, REG_STATUS, STATUS_CMD_BUF_RUN, 0))) {
            return;
        }
        CHECK_U64(rig_read(rig, REG_STATUS), i < CAPACITY
                                                 ? STATUS_EVENT_LOG_INT | STATUS_EVENT_LOG_RUN
                                                 : STATUS_EVENT_LOG_INT | STATUS_EVENT_OVERFLOW);
        RESTART(rig);
    }
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0xff0);
    for (unsigned i = 0; i < CAPACITY; i++) {
        CHECK_U64(rig_load64(rig, LOG_SLOT(i) + 8), RIG_COMMAND_BUFFER + UINT64_C(16) * i);
    }
    empty_log(rig);
}

#define SOURCE "1.20, event log, overflow"

static const struct requirement list[] = {
    REQUIREMENT("LOG-050", "A log of 256 entries takes 255 events", SOURCE, CAN_DMA, capacity),
    REQUIREMENT("LOG-051", "The event after those sets EventOverflow and is discarded", SOURCE,
                CAN_DMA, one_too_many),
    REQUIREMENT("LOG-052", "The overflow clears EventLogRun, but not EventLogEn", SOURCE, CAN_DMA,
                run_becomes_0),
    REQUIREMENT("LOG-053", "After an overflow commands are executed", SOURCE, CAN_DMA,
                commands_go_on),
    REQUIREMENT("LOG-054", "After an overflow requests are translated and refused as before",
                SOURCE, CAN_DMA, requests_go_on),
    REQUIREMENT("LOG-055", "Reading one entry of a full log makes room for one", SOURCE, CAN_DMA,
                reading_makes_room),
    REQUIREMENT("LOG-056", "After an overflow, moving the head alone does not start the log again",
                SOURCE, CAN_DMA, reading_does_not_restart),
    REQUIREMENT("LOG-057",
                "After an overflow, clearing EventOverflow alone does not start the log again",
                SOURCE, CAN_DMA, clearing_does_not_restart),
    CHOICE("LOG-058", "With EventOverflow=1, EventLogEn from 0 to 1 may start the log again",
           SOURCE, CAN_DMA, toggling_with_overflow, "stays stopped | starts again",
           "stays stopped"),
    CHOICE("LOG-059", "Clearing EventOverflow behind that edge may start the log; a new edge does",
           SOURCE, CAN_DMA, late_clear_after_toggle, "stays stopped | runs", "stays stopped"),
    REQUIREMENT("LOG-060",
                "EventLogEn=0, EventOverflow cleared, EventLogEn=1 starts the log at its tail",
                SOURCE, CAN_DMA, off_clear_on),
    REQUIREMENT("LOG-061", "EventOverflow cleared, EventLogEn=0, EventLogEn=1 starts the log",
                SOURCE, CAN_DMA, clear_off_on),
    REQUIREMENT("LOG-062", "EventOverflow cleared, IommuEn=0, IommuEn=1 starts the log", SOURCE,
                CAN_DMA, iommu_en_restarts),
    REQUIREMENT("LOG-063", "A log that is started while full overflows again", SOURCE, CAN_DMA,
                restart_still_full),
    REQUIREMENT("LOG-064", "A log that is started with a new base begins at 0", SOURCE, CAN_DMA,
                restart_by_base),
    REQUIREMENT("LOG-065", "Events that were discarded are not logged later", SOURCE, CAN_DMA,
                lost_for_ever),
    REQUIREMENT("LOG-066", "An event that is discarded does not set EventLogInt", SOURCE, CAN_DMA,
                overflow_sets_log_int_no_more),
    REQUIREMENT("LOG-067", "An illegal command that finds the log full halts the ring, and is lost",
                SOURCE, CAN_DMA, command_errors_overflow),
    REQUIREMENT("LOG-068", "256 illegal commands overflow the log the same", SOURCE, 0,
                overflow_by_commands),
    LIST_END,
};

const struct requirement_area area_log_overflow = {"LOG", "Event log: overflow", list};
