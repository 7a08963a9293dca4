/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Command buffer: what stops it, and what starts it again. */
#include "rings.h"

#define SHOWN      (RIG_STORE + 0x40)
#define SHOW       (WAIT | SHOWN | WAIT_S)
#define TYPE_FIELD (EVENT_TYPE(3) << 48)

static bool halted(struct rig *rig)
{
    return rig_until(rig, REG_STATUS, STATUS_CMD_BUF_RUN, 0);
}

/* An illegal command in slot 0, its event taken; the ring is left stopped. */
static void stop_by_error(struct rig *rig)
{
    rig_command(rig, OPCODE(0), 0);
    CHECK(halted(rig));
    RIG_EVENTS(rig, illegal_command(RIG_COMMAND_BUFFER));
}

/* The one event is COMMAND_HARDWARE_ERROR of @spa. Returns its Type. */
static unsigned hardware_error(struct rig *rig, uint64_t spa)
{
    struct rig_event event = TAKE_ONE(rig);

    CHECK_U64(event.word0 & ~TYPE_FIELD, OPCODE(EVENT_CODE_COMMAND_HARDWARE));
    CHECK_U64(event.word1, spa);
    return (unsigned)(event.word0 >> 57 & 3);
}

static void outcome_of_type(struct rig *rig, unsigned type)
{
    static const char *const names[] = {"00", "01", "10", "11"};

    CHECK(type != 0);
    rig_outcome(rig, names[type]);
}

/* ---- Illegal commands ------------------------------------------------------------------------ */

static void illegal_stops(struct rig *rig)
{
    rig_enable(rig);
    rig_command(rig, OPCODE(0), 0);
    CHECK(halted(rig));
    CHECK_U64(rig_read(rig, REG_CONTROL), CONTROL_USUAL);
    CHECK_U64(rig_read(rig, REG_STATUS) & RUN_BITS, STATUS_EVENT_LOG_RUN);
    RIG_EVENTS(rig, illegal_command(RIG_COMMAND_BUFFER));
    RESTART(rig);
    CHECK(rig_wait(rig));
}

static void address_is_the_command(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned at = 0; at < 256; at += 37) {
        STOP_COMMANDS(rig);
        rig->command_tail = UINT64_C(16) * at;
        RESTART(rig);
        if (!REFUSES_COMMAND(rig, OPCODE(15), 0)) {
            return;
        }
    }
}

static void earlier_commands_complete(struct rig *rig)
{
    rig_enable(rig);
    rig_allow_store(rig, SHOWN);
    rig_queue(rig, SHOW, 1);
    rig_queue(rig, WAIT, 0);
    rig_queue(rig, OPCODE(0), 0);
    rig_kick(rig);
    CHECK(halted(rig));
    RIG_EVENTS(rig, illegal_command(RIG_COMMAND_BUFFER + 0x20));
    CHECK_U64(rig_load64(rig, SHOWN), 1);
}

static void later_commands_are_not_executed(struct rig *rig)
{
    rig_enable(rig);
    rig_queue(rig, OPCODE(0), 0);
    rig_queue(rig, SHOW | WAIT_I, 1);
    rig_queue(rig, OPCODE(7), 0);
    rig_kick(rig);
    CHECK(halted(rig));
    let_pass(rig);
    RIG_EVENTS(rig, illegal_command(RIG_COMMAND_BUFFER));
    CHECK_U64(rig_load64(rig, SHOWN), 0);
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_COM_WAIT_INT, 0);
}

static void illegal_touches_nothing(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_EVENT_LOG_EN);
    rig_touches_begin(rig);
    rig_command(rig, OPCODE(0) | SHOWN | WAIT_S, 1);
    CHECK(halted(rig));
    CHECK(rig_touched(rig, RIG_COMMAND_BUFFER, 16));
    for (unsigned i = 0; i < rig_touch_count(rig); i++) {
        CHECK(rig->touches[i].spa >= RIG_COMMAND_BUFFER &&
              rig->touches[i].spa < RIG_COMMAND_BUFFER + 16 && !rig->touches[i].write);
    }
}

static void head_after_error(struct rig *rig)
{
    rig_enable(rig);
    CHECK(rig_wait(rig));
    rig_queue(rig, OPCODE(0), 0);
    for (unsigned i = 0; i < 3; i++) {
        rig_queue(rig, WAIT, 0);
    }
    rig_kick(rig);
    CHECK(halted(rig));
    RIG_EVENTS(rig, illegal_command(RIG_COMMAND_BUFFER + 0x10));
    CHECK_U64(rig_read(rig, REG_COMMAND_TAIL), 0x50);
    uint64_t head = rig_read(rig, REG_COMMAND_HEAD);
    CHECK(head >= 0x10 && head <= 0x50 && head % 16 == 0);
    rig_outcome(rig, head == 0x10 ? "at the command" : "behind the command");
}

static void tail_write_does_not_restart(struct rig *rig)
{
    rig_enable(rig);
    stop_by_error(rig);
    rig_wait_begin(rig);
    rig_kick(rig);
    let_pass(rig);
    CHECK(!rig_wait_done(rig));
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_CMD_BUF_RUN, 0);
    RESTART(rig);
    CHECK(rig_wait(rig));
}

static void same_control_does_not_restart(struct rig *rig)
{
    rig_enable(rig);
    stop_by_error(rig);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL | CONTROL_COM_WAIT_INT_EN);
    rig_write(rig, REG_STATUS, UINT64_MAX);
    let_pass(rig);
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_CMD_BUF_RUN, 0);
    RESTART(rig);
    CHECK(rig_wait(rig));
}

/* Restart as a driver does, the two pointers being 0. */
static void restarts_by(struct rig *rig, uint64_t control)
{
    rig_enable(rig);
    stop_by_error(rig);
    rig_write(rig, REG_CONTROL, control);
    rig_write(rig, REG_COMMAND_HEAD, 0);
    rig_write(rig, REG_COMMAND_TAIL, 0);
    rig->command_tail = 0;
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK_U64(rig_read(rig, REG_STATUS) & RUN_BITS, RUN_BITS);
    CHECK(rig_wait(rig));
}

static void cmd_buf_en_restarts(struct rig *rig)
{
    restarts_by(rig, CONTROL_USUAL & ~CONTROL_CMD_BUF_EN);
}

static void iommu_en_restarts(struct rig *rig)
{
    restarts_by(rig, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
}

static void base_write_and_restart(struct rig *rig)
{
    rig_enable(rig);
    stop_by_error(rig);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL & ~CONTROL_CMD_BUF_EN);
    rig_write(rig, REG_COMMAND_BASE, RIG_COMMAND_BUFFER | RING_LEN(8));
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0);
    CHECK_U64(rig_read(rig, REG_COMMAND_TAIL), 0);
    rig->command_tail = 0;
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK(rig_wait(rig));
}

static void restart_without_change(struct rig *rig)
{
    rig_enable(rig);
    stop_by_error(rig);
    STOP_COMMANDS(rig);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    let_pass(rig);
    if (rig_read(rig, REG_EVENT_TAIL) == 0x20) {
        RIG_EVENTS(rig, illegal_command(RIG_COMMAND_BUFFER));
        CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_CMD_BUF_RUN, 0);
        rig_outcome(rig, "fetched again");
        return;
    }
    CHECK(rig_wait(rig));
    rig_outcome(rig, "skipped");
}

static void restart_with_repaired(struct rig *rig)
{
    rig_enable(rig);
    stop_by_error(rig);
    store_command(rig, RIG_COMMAND_BUFFER, WAIT, 0);
    STOP_COMMANDS(rig);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK(rig_drained(rig));
    CHECK(rig_wait(rig));
    RIG_NO_EVENTS(rig);
}

static void log_off_halts_too(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_EVENT_LOG_EN);
    rig_queue(rig, OPCODE(0), 0);
    rig_queue(rig, SHOW, 1);
    rig_kick(rig);
    CHECK(halted(rig));
    let_pass(rig);
    CHECK_U64(rig_load64(rig, SHOWN), 0);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0);
    RESTART(rig);
    CHECK(rig_wait(rig));
}

static void requests_go_on(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 3);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    rig->command_tail = 0;
    RESTART(rig);
    stop_by_error(rig);
    RIG_WRITES(rig, RIG_IOVA, page, 8);
    RIG_WRITE_REFUSED(rig, RIG_IOVA + 0x1000, page, 8);
    RIG_EVENTS(rig, rig_fault(rig, EVENT_RW, RIG_IOVA + 0x1000));
}

/* ---- Hardware errors ------------------------------------------------------------------------- */

/* The ring at @base, and a command in it. */
static void fetch_from(struct rig *rig, uint64_t base)
{
    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_CMD_BUF_EN);
    rig_write(rig, REG_COMMAND_BASE, base | RING_LEN(8));
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    rig_write(rig, REG_COMMAND_TAIL, 0x10);
    CHECK(halted(rig));
}

static void fetch_fails(struct rig *rig)
{
    fetch_from(rig, TARGET_ABSENT);
    hardware_error(rig, TARGET_ABSENT);
    CHECK_U64(rig_read(rig, REG_CONTROL), CONTROL_USUAL);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL & ~CONTROL_CMD_BUF_EN);
    rig_write(rig, REG_COMMAND_BASE, RIG_COMMAND_BUFFER | RING_LEN(8));
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK(rig_wait(rig));
}

static void fetch_fails_type(struct rig *rig)
{
    fetch_from(rig, TARGET_ABSENT);
    outcome_of_type(rig, hardware_error(rig, TARGET_ABSENT));
}

static void fetch_fails_bad_memory(struct rig *rig)
{
    uint64_t base = rig_page(rig);

    rig->target->ops->memory_fail(rig->target, base);
    fetch_from(rig, base);
    outcome_of_type(rig, hardware_error(rig, base));
}

static void fetch_fails_within(struct rig *rig)
{
    uint64_t base = rig_pages(rig, 2, 0x1000);

    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_CMD_BUF_EN);
    rig_allow_store(rig, SHOWN);
    rig->target->ops->memory_fail(rig->target, base + 0x1000);
    rig_write(rig, REG_COMMAND_BASE, base | RING_LEN(9));
    rig_write(rig, REG_COMMAND_HEAD, 0xff0);
    rig_write(rig, REG_COMMAND_TAIL, 0xff0);
    store_command(rig, base + 0xff0, SHOW, 1);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    rig_write(rig, REG_COMMAND_TAIL, 0x1020);
    CHECK(halted(rig));
    hardware_error(rig, base + 0x1000);
    CHECK_U64(rig_load64(rig, SHOWN), 1);
}

static void tail_write_after_fetch_error(struct rig *rig)
{
    fetch_from(rig, TARGET_ABSENT);
    hardware_error(rig, TARGET_ABSENT);
    rig_write(rig, REG_COMMAND_TAIL, 0x20);
    let_pass(rig);
    RIG_NO_EVENTS(rig);
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_CMD_BUF_RUN, 0);
}

static void store_fails(struct rig *rig)
{
    rig_enable(rig);
    rig_allow_store(rig, TARGET_ABSENT + 0x120);
    rig_queue(rig, WAIT | (TARGET_ABSENT + 0x120) | WAIT_S, 1);
    rig_queue(rig, SHOW, 1);
    rig_kick(rig);
    CHECK(halted(rig));
    hardware_error(rig, TARGET_ABSENT + 0x120);
    CHECK_U64(rig_load64(rig, SHOWN), 0);
    RESTART(rig);
    CHECK(rig_wait(rig));
}

static void store_fails_type(struct rig *rig)
{
    rig_enable(rig);
    rig_allow_store(rig, TARGET_ABSENT);
    rig_command(rig, WAIT | TARGET_ABSENT | WAIT_S, 1);
    CHECK(halted(rig));
    outcome_of_type(rig, hardware_error(rig, TARGET_ABSENT));
}

static void store_fails_bad_memory(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig->target->ops->memory_fail(rig->target, page);
    rig_allow_store(rig, page + 0x10);
    rig_command(rig, WAIT | (page + 0x10) | WAIT_S, 1);
    CHECK(halted(rig));
    outcome_of_type(rig, hardware_error(rig, page + 0x10));
    CHECK_U64(rig_load64(rig, page + 0x10), 0);
}

static void store_fails_bit_3(struct rig *rig)
{
    rig_enable(rig);
    rig_allow_store(rig, TARGET_ABSENT + 8);
    rig_command(rig, WAIT | (TARGET_ABSENT + 8) | WAIT_S, 1);
    CHECK(halted(rig));
    struct rig_event event = TAKE_ONE(rig);
    CHECK_U64(event.word0 & ~TYPE_FIELD, OPCODE(EVENT_CODE_COMMAND_HARDWARE));
    CHECK_U64(event.word1 & ~UINT64_C(8), TARGET_ABSENT);
    rig_outcome(rig, event.word1 == TARGET_ABSENT ? "63:4" : "63:3");
}

static void store_fails_no_interrupt(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL | CONTROL_COM_WAIT_INT_EN);
    rig_allow_store(rig, TARGET_ABSENT);
    rig_command(rig, WAIT | TARGET_ABSENT | WAIT_S | WAIT_I, 1);
    CHECK(halted(rig));
    hardware_error(rig, TARGET_ABSENT);
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_COM_WAIT_INT, 0);
}

static void store_fails_log_off(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_EVENT_LOG_EN);
    rig_allow_store(rig, TARGET_ABSENT);
    rig_command(rig, WAIT | TARGET_ABSENT | WAIT_S, 1);
    CHECK(halted(rig));
    CHECK_U64(rig_read(rig, REG_STATUS), 0);
    RESTART(rig);
    CHECK(rig_wait(rig));
}

#define SOURCE "1.20, command errors"

static const struct requirement list[] = {
    REQUIREMENT("RNG-050", "An illegal command clears CmdBufRun, but not CmdBufEn", SOURCE, 0,
                illegal_stops),
    REQUIREMENT("RNG-051", "ILLEGAL_COMMAND_ERROR has the address of the command", SOURCE, 0,
                address_is_the_command),
    REQUIREMENT("RNG-052", "Commands before an illegal one complete", SOURCE, 0,
                earlier_commands_complete),
    REQUIREMENT("RNG-053", "Commands behind an illegal one are not executed", SOURCE, 0,
                later_commands_are_not_executed),
    REQUIREMENT("RNG-054", "An illegal command touches no memory but its own", SOURCE, CAN_TRACE,
                illegal_touches_nothing),
    CHOICE("RNG-055", "After an error the head is at the failing command, or behind it", SOURCE, 0,
           head_after_error, "at the command | behind the command", "at the command"),
    REQUIREMENT("RNG-056", "After an error, a write of the tail does not start the ring again",
                SOURCE, 0, tail_write_does_not_restart),
    REQUIREMENT("RNG-057",
                "After an error, neither Control with CmdBufEn=1 nor Status starts the ring again",
                SOURCE, 0, same_control_does_not_restart),
    REQUIREMENT("RNG-058", "After an error, CmdBufEn from 0 to 1 starts the ring again", SOURCE, 0,
                cmd_buf_en_restarts),
    REQUIREMENT("RNG-059", "After an error, IommuEn from 0 to 1 starts the ring again", SOURCE, 0,
                iommu_en_restarts),
    REQUIREMENT("RNG-060", "After an error, the base can be written and the ring started again",
                SOURCE, 0, base_write_and_restart),
    CHOICE("RNG-061",
           "Started again with the same pointers, a failing command may be fetched again", SOURCE,
           0, restart_without_change, "fetched again | skipped", "fetched again"),
    REQUIREMENT("RNG-062", "Started again behind or at a repaired command, the ring goes on",
                SOURCE, 0, restart_with_repaired),
    REQUIREMENT("RNG-063", "An illegal command halts the ring with EventLogEn=0 too", SOURCE, 0,
                log_off_halts_too),
    REQUIREMENT("RNG-064", "With the ring halted, requests are translated and faults are logged",
                SOURCE, CAN_DMA, requests_go_on),
    REQUIREMENT("RNG-065",
                "A fetch that fails is COMMAND_HARDWARE_ERROR with its address, and halts the ring",
                SOURCE, 0, fetch_fails),
    CHOICE("RNG-066", "A fetch where there is no memory has Type 01, 10 or 11", SOURCE, 0,
           fetch_fails_type, "01 | 10 | 11", "01"),
    CHOICE("RNG-067", "A fetch from memory that fails has Type 11 or 10", SOURCE, CAN_BAD_MEMORY,
           fetch_fails_bad_memory, "11 | 10", "11"),
    REQUIREMENT("RNG-068", "Commands before one that cannot be fetched complete", SOURCE,
                CAN_BAD_MEMORY, fetch_fails_within),
    REQUIREMENT("RNG-069", "After a fetch that failed, a write of the tail fetches nothing", SOURCE,
                0, tail_write_after_fetch_error),
    REQUIREMENT("RNG-070",
                "A store that fails is COMMAND_HARDWARE_ERROR with its address, and halts the ring",
                SOURCE, 0, store_fails),
    CHOICE("RNG-071", "A store where there is no memory has Type 01, 10 or 11", SOURCE, 0,
           store_fails_type, "01 | 10 | 11", "01"),
    CHOICE("RNG-072", "A store to memory that fails has Type 11 or 10", SOURCE, CAN_BAD_MEMORY,
           store_fails_bad_memory, "11 | 10", "11"),
    CHOICE("RNG-073", "The address of a failing store is bits 63:4, or also bit 3", SOURCE, 0,
           store_fails_bit_3, "63:4 | 63:3", "63:4"),
    REQUIREMENT("RNG-074", "COMPLETION_WAIT whose store fails does not set ComWaitInt", SOURCE, 0,
                store_fails_no_interrupt),
    REQUIREMENT("RNG-075", "A store that fails halts the ring with EventLogEn=0 too", SOURCE, 0,
                store_fails_log_off),
    LIST_END,
};

const struct requirement_area area_command_errors = {"RNG", "Command buffer: errors", list};
