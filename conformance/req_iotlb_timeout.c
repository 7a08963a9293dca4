/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: INVALIDATE_IOTLB_PAGES: devices that do not answer. */
#include "rings.h"

#define SHOWN (RIG_STORE + 0x40)
#define QUEUE UINT64_C(0x4321)

/* Milliseconds of each code of InvTimeOut. */
static const uint64_t timeout_ms[] = {0, 1, 10, 100, 1000, 10000, 100000};

static uint64_t with_code(unsigned code)
{
    return CONTROL_USUAL | CONTROL_INV_TIMEOUT(code);
}

static void begin(struct rig *rig, uint64_t control)
{
    rig_enable_with(rig, control);
    rig_attach(rig, 3);
    struct rig_dte dte = attached(rig);
    dte.q[1] |= Q1_I;
    rig_set_dte(rig, rig->device, dte);
}

static void pass(struct rig *rig, uint64_t milliseconds)
{
    rig->target->ops->pass(rig->target, milliseconds);
    rig->target->ops->settle(rig->target);
}

/* One command, which sends a request. Returns the address of the command. */
static uint64_t send(struct rig *rig, uint64_t queue, struct target_ats_invalidation *out)
{
    uint64_t spa = next_command(rig);

    rig_command(rig, INV_IOTLB | rig->device | UINT64_C(8) << 24 | queue << 32, RIG_IOVA);
    rig->target->ops->settle(rig->target);
    CHECK(rig->target->ops->ats_invalidation(rig->target, out));
    return spa;
}

static struct rig_event timed_out(const struct rig *rig, uint64_t spa)
{
    return rig_event(EVENT_CODE_IOTLB_TIMEOUT, rig->device, 0, 0, spa);
}

static void each_code(struct rig *rig)
{
    struct target_ats_invalidation got;

    begin(rig, CONTROL_USUAL);
    for (unsigned code = 1; code <= 6; code++) {
        rig_write(rig, REG_CONTROL, with_code(code));
        uint64_t spa = send(rig, QUEUE, &got);
        rig_wait_begin(rig);
        pass(rig, timeout_ms[code] - 1);
        RIG_NO_EVENTS(rig);
        CHECK(!rig_wait_done(rig));
        pass(rig, 2);
        RIG_EVENTS(rig, timed_out(rig, spa));
        CHECK(rig_wait_done(rig));
    }
}

static void code_0(struct rig *rig)
{
    struct target_ats_invalidation got;

    begin(rig, with_code(0));
    send(rig, QUEUE, &got);
    rig_wait_begin(rig);
    pass(rig, UINT64_C(10000000));
    RIG_NO_EVENTS(rig);
    CHECK(!rig_wait_done(rig));
    rig->target->ops->ats_answer(rig->target, &got);
    CHECK(rig_wait(rig));
}

static void code_7(struct rig *rig)
{
    struct target_ats_invalidation got;

    begin(rig, with_code(7));
    uint64_t spa = send(rig, QUEUE, &got);
    pass(rig, UINT64_C(10000000));
    if (rig_read(rig, REG_EVENT_TAIL) != 0) {
        RIG_EVENTS(rig, timed_out(rig, spa));
        rig_outcome(rig, "some time");
        return;
    }
    rig->target->ops->ats_answer(rig->target, &got);
    CHECK(rig_wait(rig));
    rig_outcome(rig, "never");
}

static void event_fields(struct rig *rig)
{
    struct target_ats_invalidation got;

    begin(rig, with_code(1));
    uint64_t spa = send(rig, QUEUE, &got);
    pass(rig, 2);
    struct rig_event event = TAKE_ONE(rig);
    CHECK_U64(event.word0, UINT64_C(7) << 60 | rig->device);
    CHECK_U64(event.word1, spa);
}

static void ring_goes_on(struct rig *rig)
{
    struct target_ats_invalidation got;

    begin(rig, with_code(2));
    uint64_t spa = send(rig, QUEUE, &got);
    rig_wait_begin(rig);
    pass(rig, 11);
    RIG_EVENTS(rig, timed_out(rig, spa));
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_CMD_BUF_RUN, STATUS_CMD_BUF_RUN);
    CHECK(rig_wait(rig));
    send(rig, QUEUE, &got); /* the queue is free again */
    rig->target->ops->ats_answer(rig->target, &got);
    CHECK(rig_wait(rig));
}

static void completes_with_i(struct rig *rig)
{
    struct target_ats_invalidation got;

    begin(rig, with_code(2) | CONTROL_COM_WAIT_INT_EN);
    rig_own_msis(rig);
    rig_allow_store(rig, SHOWN);
    uint64_t spa = send(rig, QUEUE, &got);
    rig_command(rig, WAIT | SHOWN | WAIT_S | WAIT_I | WAIT_F, 0x77);
    pass(rig, 9);
    CHECK_U64(rig_load64(rig, SHOWN), 0);
    CHECK_U64(rig_own_msis(rig), 0);
    pass(rig, 2);
    CHECK_U64(rig_load64(rig, SHOWN), 0x77);
    CHECK_U64(rig_own_msis(rig), 1);
    RIG_EVENTS(rig, timed_out(rig, spa));
}

static void answered_in_time(struct rig *rig)
{
    struct target_ats_invalidation got;

    begin(rig, with_code(2));
    send(rig, QUEUE, &got);
    pass(rig, 9);
    rig->target->ops->ats_answer(rig->target, &got);
    CHECK(rig_wait(rig));
    pass(rig, 1000);
    RIG_NO_EVENTS(rig);
    uint64_t spa = send(rig, QUEUE, &got); /* the time begins anew */
    pass(rig, 9);
    RIG_NO_EVENTS(rig);
    pass(rig, 2);
    RIG_EVENTS(rig, timed_out(rig, spa));
}

static void late_answer(struct rig *rig)
{
    struct target_ats_invalidation late;
    struct target_ats_invalidation next;

    begin(rig, with_code(2));
    uint64_t spa = send(rig, QUEUE, &late);
    pass(rig, 11);
    RIG_EVENTS(rig, timed_out(rig, spa));
    rig->target->ops->ats_answer(rig->target, &late);
    CHECK(rig_wait(rig));
    RIG_NO_EVENTS(rig);
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_CMD_BUF_RUN, STATUS_CMD_BUF_RUN);
    send(rig, QUEUE, &next);
    rig->target->ops->ats_answer(rig->target, &next);
    CHECK(rig_wait(rig));
}

static void each_its_own_event(struct rig *rig)
{
    struct target_ats_invalidation got[3];
    uint64_t spa[3];

    begin(rig, with_code(2));
    for (unsigned i = 0; i < 3; i++) {
        spa[i] = send(rig, QUEUE + i, &got[i]);
    }
    rig_wait_begin(rig);
    pass(rig, 5);
    rig->target->ops->ats_answer(rig->target, &got[1]);
    CHECK(!rig_wait_done(rig));
    pass(rig, 6);
    RIG_EVENTS(rig, timed_out(rig, spa[0]), timed_out(rig, spa[2]));
    CHECK(rig_wait_done(rig));
}

static void time_of_each(struct rig *rig)
{
    struct target_ats_invalidation got;

    begin(rig, with_code(2));
    uint64_t first = send(rig, QUEUE, &got);
    pass(rig, 5);
    uint64_t second = send(rig, QUEUE + 1, &got);
    pass(rig, 6);
    RIG_EVENTS(rig, timed_out(rig, first));
    pass(rig, 3);
    RIG_NO_EVENTS(rig);
    pass(rig, 2);
    RIG_EVENTS(rig, timed_out(rig, second));
}

static void log_off(struct rig *rig)
{
    struct target_ats_invalidation got;

    begin(rig, with_code(1) & ~CONTROL_EVENT_LOG_EN);
    send(rig, QUEUE, &got);
    rig_wait_begin(rig);
    CHECK(!rig_wait_done(rig));
    pass(rig, 2);
    CHECK(rig_wait_done(rig));
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0);
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_CMD_BUF_RUN);
}

static void stop_while_in_flight(struct rig *rig)
{
    struct target_ats_invalidation got;

    begin(rig, CONTROL_USUAL);
    send(rig, QUEUE, &got);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL & ~CONTROL_CMD_BUF_EN);
    bool runs = (rig_read(rig, REG_STATUS) & STATUS_CMD_BUF_RUN) != 0;
    rig->target->ops->ats_answer(rig->target, &got);
    CHECK(rig_until(rig, REG_STATUS, STATUS_CMD_BUF_RUN, 0));
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK(rig_wait(rig));
    rig_outcome(rig, runs ? "stays 1 until the answer" : "0 at once");
}

static void timeout_change_in_flight(struct rig *rig)
{
    struct target_ats_invalidation got;

    begin(rig, with_code(2));
    uint64_t spa = send(rig, QUEUE, &got);
    rig_write(rig, REG_CONTROL, with_code(3));
    pass(rig, 11);
    bool old = rig_read(rig, REG_EVENT_TAIL) != 0;
    if (!old) {
        pass(rig, 110);
    }
    RIG_EVENTS(rig, timed_out(rig, spa));
    CHECK(rig_wait(rig));
    rig_outcome(rig, old ? "the time at its start" : "the new time");
}

static void no_msi_is_lost(struct rig *rig)
{
    struct target_ats_invalidation got;

    begin(rig, with_code(1) | CONTROL_EVENT_INT_EN);
    rig_own_msis(rig);
    uint64_t spa = send(rig, QUEUE, &got);
    CHECK_U64(rig_own_msis(rig), 0);
    pass(rig, 2);
    CHECK_U64(rig_own_msis(rig), 1);
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_EVENT_LOG_INT, STATUS_EVENT_LOG_INT);
    RIG_EVENTS(rig, timed_out(rig, spa));
}

static void reset_forgets(struct rig *rig)
{
    struct target_ats_invalidation got;

    begin(rig, with_code(1));
    send(rig, QUEUE, &got);
    rig->target->ops->reset(rig->target);
    rig_enable(rig);
    pass(rig, 100);
    RIG_NO_EVENTS(rig);
    CHECK(rig_wait(rig));
    rig->target->ops->ats_answer(rig->target, &got);
    CHECK(rig_wait(rig));
    RIG_NO_EVENTS(rig);
}

#define SOURCE "1.20, IOTLB_INV_TIMEOUT"
#define NEEDS  (CAN_ATS | CAN_ATS_ANSWERS | CAN_IOTLB_ON | CAN_TIME)

static const struct requirement list[] = {
    REQUIREMENT("IOT-050", "InvTimeOut 1 to 6 is 1, 10, 100 ms, 1, 10, 100 s", SOURCE, NEEDS,
                each_code),
    REQUIREMENT("IOT-051", "With InvTimeOut=0 a device may take as long as it likes", SOURCE, NEEDS,
                code_0),
    CHOICE("IOT-052", "InvTimeOut=7 is reserved", SOURCE, NEEDS, code_7, "never | some time",
           "never"),
    REQUIREMENT("IOT-053",
                "IOTLB_INV_TIMEOUT has the DeviceID and the address of the command, nothing else",
                SOURCE, NEEDS, event_fields),
    REQUIREMENT("IOT-054", "A timeout does not stop the ring, and frees its place in the queue",
                SOURCE, NEEDS, ring_goes_on),
    REQUIREMENT("IOT-055", "After a timeout the COMPLETION_WAIT behind completes", SOURCE,
                NEEDS | CAN_OWN_MSI, completes_with_i),
    REQUIREMENT("IOT-056", "An answer in time leaves no event, and the next request its full time",
                SOURCE, NEEDS, answered_in_time),
    REQUIREMENT("IOT-057", "An answer after the timeout changes nothing", SOURCE, NEEDS,
                late_answer),
    REQUIREMENT("IOT-058", "Each request that is not answered leaves its own event", SOURCE, NEEDS,
                each_its_own_event),
    REQUIREMENT("IOT-059", "The time of each request begins when it is sent", SOURCE, NEEDS,
                time_of_each),
    REQUIREMENT("IOT-060", "With EventLogEn=0 the command completes by the timeout too", SOURCE,
                NEEDS, log_off),
    CHOICE("IOT-061", "CmdBufEn=0 with a request in flight: CmdBufRun is 0 at once, or later",
           "1.20, IOMMU control", NEEDS, stop_while_in_flight,
           "0 at once | stays 1 until the answer", "0 at once"),
    CHOICE("IOT-062", "InvTimeOut written while a request is in flight may count for it", SOURCE,
           NEEDS, timeout_change_in_flight, "the time at its start | the new time",
           "the time at its start"),
    REQUIREMENT("IOT-063", "A timeout sets EventLogInt and sends an MSI as any event", SOURCE,
                NEEDS | CAN_OWN_MSI, no_msi_is_lost),
    REQUIREMENT("IOT-064", "A system reset forgets requests in flight: no event follows",
                "1.20, reset", NEEDS | CAN_RESET, reset_forgets),
    LIST_END,
};

const struct requirement_area area_iotlb_timeout = {"IOT", "INVALIDATE_IOTLB_PAGES: timeouts",
                                                    list};
