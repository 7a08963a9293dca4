/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: INVALIDATE_IOTLB_PAGES and timeouts. */
#include "rings.h"

#define SHOWN (RIG_STORE + 0x40)
#define QUEUE UINT64_C(0x1234)

static uint64_t iotlb_command(const struct rig *rig, uint64_t queue, unsigned maxpend)
{
    return INV_IOTLB | rig->device | (uint64_t)maxpend << 24 | queue << 32;
}

/* rig->device has a table, and may use ATS (I=1). */
static void begin(struct rig *rig, uint64_t control)
{
    rig_enable_with(rig, control);
    rig_attach(rig, 3);
    struct rig_dte dte = attached(rig);
    dte.q[1] |= Q1_I;
    rig_set_dte(rig, rig->device, dte);
}

/* The next request to a device; false when there is none. */
static bool next_request(struct rig *rig, struct target_ats_invalidation *out)
{
    rig->target->ops->settle(rig->target);
    return rig->target->ops->ats_invalidation(rig->target, out);
}

static bool none_sent(struct rig *rig)
{
    struct target_ats_invalidation more;

    return !next_request(rig, &more);
}

static void answer(struct rig *rig, const struct target_ats_invalidation *which)
{
    rig->target->ops->ats_answer(rig->target, which);
    rig->target->ops->settle(rig->target);
}

/* The command sends exactly this request, and completes with its answer. */
static bool sends(struct rig *rig, uint64_t word0, uint64_t word1, uint64_t first, uint64_t last)
{
    struct target_ats_invalidation got = {0};

    rig_command(rig, word0, word1);
    rig_wait_begin(rig);
    if (!CHECK(next_request(rig, &got))) {
        return false;
    }
    bool held = CHECK_U64(got.device_id, rig->device);
    held = CHECK_U64(got.queue_id, word0 >> 32 & 0xffff) && held;
    held = CHECK_U64(got.first, first) && held;
    held = CHECK_U64(got.last, last) && held;
    held = CHECK(none_sent(rig)) && held;
    held = CHECK(!rig_wait_done(rig)) && held;
    answer(rig, &got);
    return CHECK(rig_wait_done(rig)) && held;
}

/* ---- The request ----------------------------------------------------------------------------- */

static void one_page(struct rig *rig)
{
    begin(rig, CONTROL_USUAL);
    sends(rig, iotlb_command(rig, QUEUE, 1), RIG_IOVA, RIG_IOVA, RIG_IOVA + 0xfff);
    sends(rig, iotlb_command(rig, QUEUE, 1), 0, 0, 0xfff);
    sends(rig, iotlb_command(rig, QUEUE, 1), UINT64_C(0xfffffffffffff000),
          UINT64_C(0xfffffffffffff000), UINT64_MAX);
}

static void each_size(struct rig *rig)
{
    begin(rig, CONTROL_USUAL);
    for (unsigned zero = 12; zero < 63; zero++) {
        uint64_t size = UINT64_C(2) << zero;
        uint64_t first = UINT64_C(0xaaaaaaaaaaaaa000) & ~(size - 1);
        uint64_t ones = (size / 2 - 1) & ~UINT64_C(0xfff);

        if (!sends(rig, iotlb_command(rig, QUEUE, 1), first | ones | INV_S, first,
                   first + (size - 1))) {
            return;
        }
    }
}

static void everything(struct rig *rig)
{
    begin(rig, CONTROL_USUAL);
    sends(rig, iotlb_command(rig, QUEUE, 1), INV_ALL | INV_S, 0, UINT64_MAX);
}

static void each_queue_bit(struct rig *rig)
{
    begin(rig, CONTROL_USUAL);
    for (unsigned bit = 0; bit < 16; bit++) {
        if (!sends(rig, iotlb_command(rig, bit64(bit), 1), RIG_IOVA, RIG_IOVA, RIG_IOVA + 0xfff)) {
            return;
        }
    }
}

static void each_device_bit(struct rig *rig)
{
    begin(rig, CONTROL_USUAL);
    for (unsigned bit = 0; bit < 16; bit++) {
        struct target_ats_invalidation got = {0};

        rig_command(rig, INV_IOTLB | bit64(bit) | UINT64_C(1) << 24, RIG_IOVA);
        if (!CHECK(next_request(rig, &got))) {
            return;
        }
        CHECK_U64(got.device_id, bit64(bit));
        answer(rig, &got);
        CHECK(rig_wait(rig));
    }
}

static void each_reserved_bit(struct rig *rig)
{
    begin(rig, CONTROL_USUAL);
    for (unsigned bit = 0; bit < 128; bit++) {
        bool reserved =
            (bit >= 16 && bit < 24) || (bit >= 48 && bit < 60) || (bit >= 65 && bit < 76);
        if (reserved &&
            !REFUSES_COMMAND(rig, iotlb_command(rig, QUEUE, 1) | (bit < 64 ? bit64(bit) : 0),
                             RIG_IOVA | (bit >= 64 ? bit64(bit - 64) : 0))) {
            return;
        }
    }
    CHECK(none_sent(rig));
    sends(rig, iotlb_command(rig, QUEUE, 1), RIG_IOVA, RIG_IOVA, RIG_IOVA + 0xfff);
}

static void each_reserved_bit_is_illegal(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned bit = 16; bit < 76; bit++) {
        if ((bit < 24 || (bit >= 48 && bit < 60) || bit >= 65) &&
            !REFUSES_COMMAND(rig, iotlb_command(rig, rig->device, 1) | (bit < 64 ? bit64(bit) : 0),
                             RIG_IOVA | (bit >= 64 ? bit64(bit - 64) : 0))) {
            return;
        }
    }
    CHECK(rig_wait(rig));
}

static void illegal_without_support(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned bit = 0; bit < 16; bit++) {
        if (!REFUSES_COMMAND(rig, INV_IOTLB | bit64(bit) | bit64(bit) << 32, RIG_IOVA)) {
            return;
        }
    }
    CHECK(rig_wait(rig));
}

static void no_zero_bit(struct rig *rig)
{
    struct target_ats_invalidation got = {0};

    begin(rig, CONTROL_USUAL);
    rig_command(rig, iotlb_command(rig, QUEUE, 1), UINT64_C(0xfffffffffffff001));
    if (CHECK(next_request(rig, &got))) {
        rig_outcome(rig, got.first == 0 && got.last == UINT64_MAX ? "everything" : "less");
        answer(rig, &got);
        CHECK(rig_wait(rig));
    }
}

/* ---- Completion ------------------------------------------------------------------------------ */

static void not_before_the_answer(struct rig *rig)
{
    struct target_ats_invalidation got = {0};

    begin(rig, CONTROL_USUAL | CONTROL_COM_WAIT_INT_EN);
    rig_own_msis(rig);
    rig_allow_store(rig, SHOWN);
    rig_queue(rig, iotlb_command(rig, QUEUE, 1), RIG_IOVA);
    rig_queue(rig, WAIT | SHOWN | WAIT_S | WAIT_I, 0x4711);
    rig_kick(rig);
    if (!CHECK(next_request(rig, &got))) {
        return;
    }
    CHECK_U64(rig_load64(rig, SHOWN), 0);
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_COM_WAIT_INT, 0);
    CHECK_U64(rig_own_msis(rig), 0);
    answer(rig, &got);
    CHECK(rig_until(rig, REG_STATUS, STATUS_COM_WAIT_INT, STATUS_COM_WAIT_INT));
    CHECK_U64(rig_load64(rig, SHOWN), 0x4711);
    CHECK_U64(rig_own_msis(rig), 1);
}

static void waits_for_all_answers(struct rig *rig)
{
    struct target_ats_invalidation got[4] = {0};

    begin(rig, CONTROL_USUAL);
    for (unsigned i = 0; i < 4; i++) {
        rig_command(rig, iotlb_command(rig, QUEUE, 8), RIG_IOVA + UINT64_C(0x1000) * i);
    }
    rig_wait_begin(rig);
    for (unsigned i = 0; i < 4; i++) { /* one at a time is allowed too */
        if (!CHECK(next_request(rig, &got[i]))) {
            return;
        }
        CHECK_U64(got[i].first, RIG_IOVA + UINT64_C(0x1000) * i);
        CHECK(!rig_wait_done(rig));
        answer(rig, &got[i]);
    }
    CHECK(rig_wait_done(rig));
    CHECK(none_sent(rig));
}

static void answers_in_any_order(struct rig *rig)
{
    struct target_ats_invalidation got[3] = {0};
    unsigned count = 0;

    begin(rig, CONTROL_USUAL);
    for (unsigned i = 0; i < 3; i++) {
        rig_command(rig, iotlb_command(rig, QUEUE, 3), RIG_IOVA + UINT64_C(0x1000) * i);
    }
    rig_wait_begin(rig);
    while (count < 3 && next_request(rig, &got[count])) {
        count++;
    }
    CHECK(count >= 1);
    for (unsigned i = count; i-- > 0;) { /* the last first */
        CHECK(!rig_wait_done(rig));
        answer(rig, &got[i]);
    }
    while (count < 3 && CHECK(next_request(rig, &got[count]))) {
        answer(rig, &got[count]);
        count++;
    }
    CHECK(rig_wait_done(rig));
}

static void f_holds_back(struct rig *rig)
{
    struct target_ats_invalidation got = {0};

    begin(rig, CONTROL_USUAL);
    rig_allow_store(rig, SHOWN);
    rig_queue(rig, iotlb_command(rig, QUEUE, 1), RIG_IOVA);
    rig_queue(rig, WAIT | WAIT_F, 0);
    rig_queue(rig, WAIT | SHOWN | WAIT_S, 0x4711);
    rig_queue(rig, iotlb_command(rig, QUEUE + 1, 1), RIG_IOVA);
    rig_kick(rig);
    if (CHECK(next_request(rig, &got))) {
        CHECK(none_sent(rig));
        CHECK_U64(rig_load64(rig, SHOWN), 0);
        answer(rig, &got);
    }
    if (CHECK(next_request(rig, &got))) {
        CHECK_U64(got.queue_id, QUEUE + 1);
        CHECK_U64(rig_load64(rig, SHOWN), 0x4711);
        answer(rig, &got);
    }
    CHECK(rig_wait(rig));
}

static void without_f(struct rig *rig)
{
    struct target_ats_invalidation got = {0};

    begin(rig, CONTROL_USUAL);
    rig_queue(rig, iotlb_command(rig, QUEUE, 1), RIG_IOVA);
    rig_queue(rig, WAIT, 0);
    rig_queue(rig, OPCODE(0), 0);
    uint64_t spa = next_command(rig) - 16;
    rig_kick(rig);
    if (!CHECK(next_request(rig, &got))) {
        return;
    }
    bool waits = (rig_read(rig, REG_STATUS) & STATUS_CMD_BUF_RUN) != 0;
    answer(rig, &got);
    CHECK(rig_until(rig, REG_STATUS, STATUS_CMD_BUF_RUN, 0));
    RIG_EVENTS(rig, illegal_command(spa));
    rig_outcome(rig, waits ? "wait too" : "are executed");
}

/* ---- Maxpend --------------------------------------------------------------------------------- */

/* With @maxpend, @commands of them: never more in flight, and all are sent in the end. */
static void at_most(struct rig *rig, unsigned maxpend, unsigned commands)
{
    struct target_ats_invalidation flying[40];
    unsigned sent = 0;
    unsigned answered = 0;

    for (unsigned i = 0; i < commands; i++) {
        rig_queue(rig, iotlb_command(rig, QUEUE, maxpend), RIG_IOVA + UINT64_C(0x1000) * i);
    }
    rig_wait_begin(rig);
    while (answered < commands) {
        while (sent < commands && next_request(rig, &flying[sent])) {
            CHECK_U64(flying[sent].first, RIG_IOVA + UINT64_C(0x1000) * sent);
            sent++;
        }
        if (!CHECK(sent > answered) || !CHECK(sent - answered <= maxpend)) {
            return;
        }
        CHECK(!rig_wait_done(rig));
        answer(rig, &flying[answered++]);
    }
    CHECK(none_sent(rig));
    CHECK(rig_wait_done(rig));
}

static void maxpend_limits(struct rig *rig)
{
    static const unsigned limits[] = {1, 2, 3, 7, 31};

    begin(rig, CONTROL_USUAL);
    for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        at_most(rig, limits[i], 40);
    }
}

static void maxpend_255(struct rig *rig)
{
    begin(rig, CONTROL_USUAL);
    at_most(rig, 255, 40);
}

static void maxpend_is_used(struct rig *rig)
{
    struct target_ats_invalidation got[4];
    unsigned count = 0;

    begin(rig, CONTROL_USUAL);
    for (unsigned i = 0; i < 4; i++) {
        rig_command(rig, iotlb_command(rig, QUEUE, 4), RIG_IOVA + UINT64_C(0x1000) * i);
    }
    while (count < 4 && next_request(rig, &got[count])) {
        count++;
    }
    CHECK(count >= 1);
    rig_outcome(rig, count == 4 ? "as many as Maxpend" : "fewer");
    for (unsigned i = 0; i < count; i++) {
        answer(rig, &got[i]);
    }
    for (; count < 4 && CHECK(next_request(rig, &got[count])); count++) {
        answer(rig, &got[count]);
    }
    CHECK(rig_wait(rig));
}

static void maxpend_0(struct rig *rig)
{
    struct target_ats_invalidation got[4];
    unsigned count = 0;

    begin(rig, CONTROL_USUAL);
    for (unsigned i = 0; i < 4; i++) {
        rig_command(rig, iotlb_command(rig, QUEUE, 0), RIG_IOVA + UINT64_C(0x1000) * i);
    }
    while (count < 4 && next_request(rig, &got[count])) {
        count++;
    }
    if (!CHECK(count >= 1)) {
        return;
    }
    rig_outcome(rig, count == 4 ? "no limit" : "a limit");
    for (unsigned i = 0; i < count; i++) {
        answer(rig, &got[i]);
    }
    for (; count < 4 && CHECK(next_request(rig, &got[count])); count++) {
        answer(rig, &got[count]);
    }
    CHECK(rig_wait(rig));
}

static void queues_are_separate(struct rig *rig)
{
    struct target_ats_invalidation got[2];

    begin(rig, CONTROL_USUAL);
    rig_command(rig, iotlb_command(rig, QUEUE, 1), RIG_IOVA);
    rig_command(rig, iotlb_command(rig, QUEUE + 1, 1), RIG_IOVA);
    if (!CHECK(next_request(rig, &got[0]))) {
        return;
    }
    bool both = next_request(rig, &got[1]);
    rig_outcome(rig, both ? "at the same time" : "one after the other");
    answer(rig, &got[0]);
    if (both || CHECK(next_request(rig, &got[1]))) {
        answer(rig, &got[1]);
    }
    CHECK(rig_wait(rig));
}

static void one_queue_of_two_devices(struct rig *rig)
{
    struct target_ats_invalidation got[2];
    uint64_t other = rig->device ^ 8U;

    begin(rig, CONTROL_USUAL);
    rig_command(rig, iotlb_command(rig, QUEUE, 1), RIG_IOVA);
    rig_command(rig, INV_IOTLB | other | UINT64_C(1) << 24 | QUEUE << 32, RIG_IOVA);
    if (!CHECK(next_request(rig, &got[0]))) {
        return;
    }
    CHECK_U64(got[0].device_id, rig->device);
    CHECK(none_sent(rig)); /* the queue has one in flight */
    answer(rig, &got[0]);
    if (CHECK(next_request(rig, &got[1]))) {
        CHECK_U64(got[1].device_id, other);
        answer(rig, &got[1]);
    }
    CHECK(rig_wait(rig));
}

#define SOURCE         "1.20, INVALIDATE_IOTLB_PAGES"
#define SOURCE_MAXPEND "1.20, INVALIDATE_IOTLB_PAGES, Maxpend"
#define SOURCE_ORDER   "1.20, ordering of commands"
#define ANSWERS        (CAN_ATS | CAN_ATS_ANSWERS | CAN_IOTLB_ON)

static const struct requirement list[] = {
    REQUIREMENT("IOT-001", "With S=0 the device is asked to drop the page at the address", SOURCE,
                ANSWERS, one_page),
    REQUIREMENT("IOT-002", "With S=1, the lowest zero bit of the address gives the size", SOURCE,
                ANSWERS, each_size),
    REQUIREMENT("IOT-003", "Address 7FFF_FFFF_FFFF_F000h with S=1 is everything", SOURCE, ANSWERS,
                everything),
    REQUIREMENT("IOT-004", "QueueID has 16 bits, and goes with the request", SOURCE, ANSWERS,
                each_queue_bit),
    REQUIREMENT("IOT-005", "DeviceID has 16 bits, and names the device that is asked", SOURCE,
                ANSWERS, each_device_bit),
    REQUIREMENT("IOT-006", "Each bit of 23:16, 59:48 and 75:65 is reserved; then nothing is sent",
                SOURCE, ANSWERS, each_reserved_bit),
    REQUIREMENT("IOT-007", "Each bit of 23:16, 59:48 and 75:65 makes the command illegal", SOURCE,
                CAN_IOTLB_ON, each_reserved_bit_is_illegal),
    REQUIREMENT("IOT-008", "With IotlbSup=0 the command is illegal for every device and queue",
                SOURCE, CAN_IOTLB_OFF, illegal_without_support),
    CHOICE("IOT-009", "S=1 with an address that has no zero bit is undefined", SOURCE, ANSWERS,
           no_zero_bit, "everything | less", "everything"),
    REQUIREMENT("IOT-010", "A COMPLETION_WAIT behind it completes with the answer, not before",
                SOURCE, ANSWERS | CAN_OWN_MSI, not_before_the_answer),
    REQUIREMENT("IOT-011", "A COMPLETION_WAIT waits for the answers of all requests before it",
                SOURCE_ORDER, ANSWERS, waits_for_all_answers),
    REQUIREMENT("IOT-012", "Answers may come in any order", SOURCE, ANSWERS, answers_in_any_order),
    REQUIREMENT("IOT-013", "While COMPLETION_WAIT with f=1 waits, no later command is started",
                SOURCE_ORDER, ANSWERS, f_holds_back),
    CHOICE("IOT-014", "While COMPLETION_WAIT with f=0 waits, later commands may be executed",
           SOURCE_ORDER, ANSWERS, without_f, "wait too | are executed", "wait too"),
    REQUIREMENT("IOT-015", "No more than Maxpend requests of a queue are in flight; all are sent",
                SOURCE_MAXPEND, ANSWERS, maxpend_limits),
    REQUIREMENT("IOT-016", "With Maxpend=255 all requests are sent too", SOURCE_MAXPEND, ANSWERS,
                maxpend_255),
    CHOICE("IOT-017", "As many as Maxpend are in flight, or fewer", SOURCE_MAXPEND, ANSWERS,
           maxpend_is_used, "as many as Maxpend | fewer", "as many as Maxpend"),
    CHOICE("IOT-018", "Maxpend=0 is no limit, or some", SOURCE_MAXPEND, ANSWERS, maxpend_0,
           "no limit | a limit", "no limit"),
    CHOICE("IOT-019", "Requests of two queues are in flight at the same time, or not",
           SOURCE_MAXPEND, ANSWERS, queues_are_separate, "at the same time | one after the other",
           "at the same time"),
    REQUIREMENT("IOT-020", "Two devices of one queue share its limit", SOURCE_MAXPEND, ANSWERS,
                one_queue_of_two_devices),
    LIST_END,
};

const struct requirement_area area_iotlb = {"IOT", "INVALIDATE_IOTLB_PAGES", list};
