/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Event log. What each event says is in the areas of what causes it. */
#include "rings.h"

#define LOG_SLOT(n) (RIG_EVENT_LOG + UINT64_C(16) * (n))
#define LOG_OFF     (CONTROL_USUAL & ~CONTROL_EVENT_LOG_EN)
#define RING_BEYOND UINT64_C(0x0007fff0)
#define UNTOUCHED   UINT64_C(0x5a5a5a5a5a5a5a5a)

/* The IOMMU on, and rig->device with a table that has nothing present. */
static void begin(struct rig *rig)
{
    rig_enable(rig);
    rig_attach(rig, 3);
}

static bool log_stops(struct rig *rig)
{
    return rig_until(rig, REG_STATUS, STATUS_EVENT_LOG_RUN, 0);
}

/* The log of 2^@length entries at @base, with both pointers at @at; the IOMMU stays on. */
static void use_log(struct rig *rig, uint64_t base, unsigned length, uint64_t at)
{
    rig_write(rig, REG_CONTROL, LOG_OFF);
    CHECK(log_stops(rig));
    rig_write(rig, REG_STATUS, STATUS_EVENT_OVERFLOW | STATUS_EVENT_LOG_INT);
    rig_write(rig, REG_EVENT_BASE, base | RING_LEN(length));
    rig_write(rig, REG_EVENT_HEAD, at);
    rig_write(rig, REG_EVENT_TAIL, at);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    rig->wrecked = true; /* the log is not where rig_finish() looks */
}

/* Fill the slots of the log at @base from @first with a mark. */
static void mark_slots(struct rig *rig, uint64_t base, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        rig_store64(rig, base + UINT64_C(16) * i, UNTOUCHED);
        rig_store64(rig, base + UINT64_C(16) * i + 8, UNTOUCHED);
    }
}

static bool is_marked(struct rig *rig, uint64_t spa)
{
    return CHECK_U64(rig_load64(rig, spa), UNTOUCHED) &&
           CHECK_U64(rig_load64(rig, spa + 8), UNTOUCHED);
}

/* ---- Entries and pointers -------------------------------------------------------------------- */

static void first_entry(struct rig *rig)
{
    begin(rig);
    mark_slots(rig, RIG_EVENT_LOG, 0, 256);
    make_fault(rig, 0);
    CHECK_U64(rig_read(rig, REG_EVENT_HEAD), 0);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x10);
    IS_FAULT(rig, LOG_SLOT(0), 0);
    for (unsigned i = 1; i < 256; i++) {
        is_marked(rig, LOG_SLOT(i));
    }
    empty_log(rig);
}

static void entry_layout(struct rig *rig)
{
    static const unsigned char want[16] = {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x50,
                                           0x10, 0x00, 0x50, 0x00, 0x00, 0x00, 0x00, 0x00};
    unsigned char got[16];

    rig_enable(rig);
    CHECK(rig_wait(rig));
    rig_command(rig, OPCODE(0), 0);
    CHECK(rig_until(rig, REG_STATUS, STATUS_CMD_BUF_RUN, 0));
    rig->target->ops->memory_read(rig->target, RIG_EVENT_LOG, got, sizeof(got));
    for (unsigned i = 0; i < 16; i++) {
        CHECK_U64(got[i], want[i]);
    }
    empty_log(rig);
}

static void entries_in_order(struct rig *rig)
{
    begin(rig);
    for (unsigned i = 0; i < 20; i++) {
        make_fault(rig, i);
        CHECK_U64(rig_read(rig, REG_EVENT_TAIL), UINT64_C(16) * (i + 1));
    }
    for (unsigned i = 0; i < 20; i++) {
        IS_FAULT(rig, LOG_SLOT(i), i);
    }
    CHECK_U64(rig_read(rig, REG_EVENT_HEAD), 0);
    empty_log(rig);
}

static void commands_and_requests(struct rig *rig)
{
    begin(rig);
    make_fault(rig, 0);
    uint64_t spa = next_command(rig);
    rig_command(rig, OPCODE(0), 0);
    CHECK(rig_until(rig, REG_STATUS, STATUS_CMD_BUF_RUN, 0));
    make_fault(rig, 1);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x30);
    IS_FAULT(rig, LOG_SLOT(0), 0);
    CHECK_U64(rig_load64(rig, LOG_SLOT(1)), OPCODE(EVENT_CODE_ILLEGAL_COMMAND));
    CHECK_U64(rig_load64(rig, LOG_SLOT(1) + 8), spa);
    IS_FAULT(rig, LOG_SLOT(2), 1);
    empty_log(rig);
}

static void nothing_wrong_logs_nothing(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    begin(rig);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    mark_slots(rig, RIG_EVENT_LOG, 0, 256);
    RIG_WRITES(rig, RIG_IOVA, page, 8);
    RIG_READS(rig, RIG_IOVA, page, 8);
    COMPLETE_WITH_I(rig);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0);
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_COM_WAIT_INT | RUN_BITS);
    for (unsigned i = 0; i < 256; i++) {
        is_marked(rig, LOG_SLOT(i));
    }
    make_fault(rig, 1);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x10);
    empty_log(rig);
}

static void starts_where_told(struct rig *rig)
{
    begin(rig);
    use_log(rig, RIG_EVENT_LOG, 8, 0x780);
    mark_slots(rig, RIG_EVENT_LOG, 0, 256);
    make_fault(rig, 5);
    CHECK_U64(rig_read(rig, REG_EVENT_HEAD), 0x780);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x790);
    IS_FAULT(rig, RIG_EVENT_LOG + 0x780, 5);
    is_marked(rig, LOG_SLOT(0));
    is_marked(rig, RIG_EVENT_LOG + 0x770);
    is_marked(rig, RIG_EVENT_LOG + 0x790);
}

/* The last slot, the first, and no more with the head at the second. */
static void wraps_at(struct rig *rig, unsigned length)
{
    uint64_t bytes = UINT64_C(16) << length;
    uint64_t base = rig_pages(rig, (unsigned)(bytes / 0x1000) + 2, 0x1000) + 0x1000;

    use_log(rig, base, length, bytes - 16);
    mark_slots(rig, base + bytes, 0, 4);
    mark_slots(rig, base - 64, 0, 4);
    make_fault(rig, 1);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0);
    IS_FAULT(rig, base + bytes - 16, 1);
    make_fault(rig, 2);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x10);
    IS_FAULT(rig, base, 2);
    CHECK_U64(rig_read(rig, REG_EVENT_HEAD), bytes - 16);
    for (unsigned i = 0; i < 4; i++) {
        is_marked(rig, base + bytes + UINT64_C(16) * i);
        is_marked(rig, base - 64 + UINT64_C(16) * i);
    }
}

static void every_length_wraps(struct rig *rig)
{
    begin(rig);
    for (unsigned length = 8; length < 16; length++) {
        wraps_at(rig, length);
    }
}

static void every_length_is_full(struct rig *rig)
{
    uint64_t base = rig_pages(rig, 129, 0x1000);

    begin(rig);
    for (unsigned length = 8; length < 16; length++) {
        uint64_t bytes = UINT64_C(16) << length;

        /* One free slot: the last but one; the head is at 0. */
        use_log(rig, base, length, 0);
        rig_write(rig, REG_CONTROL, LOG_OFF);
        CHECK(log_stops(rig));
        rig_write(rig, REG_EVENT_TAIL, bytes - 32);
        rig_write(rig, REG_CONTROL, CONTROL_USUAL);
        mark_slots(rig, base + bytes - 16, 0, 1);
        make_fault(rig, 1);
        CHECK_U64(rig_read(rig, REG_EVENT_TAIL), bytes - 16);
        CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_EVENT_OVERFLOW, 0);
        make_fault(rig, 2);
        CHECK_U64(rig_read(rig, REG_EVENT_TAIL), bytes - 16);
        CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_EVENT_OVERFLOW, STATUS_EVENT_OVERFLOW);
        is_marked(rig, base + bytes - 16);
    }
}

static void many_rounds(struct rig *rig)
{
    begin(rig);
    for (unsigned i = 0; i < 600; i++) {
        make_fault(rig, i);
        if (!CHECK_U64(rig_read(rig, REG_EVENT_TAIL), UINT64_C(16) * (i + 1) % RIG_RING_BYTES) ||
            !IS_FAULT(rig, LOG_SLOT(i % 256), i)) {
            rig->wrecked = true;
            return;
        }
        empty_log(rig);
    }
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_EVENT_OVERFLOW, 0);
}

static void high_log(struct rig *rig)
{
    static const uint64_t bases[] = {UINT64_C(0x0000000100000000), UINT64_C(0x000aaaaaaaaaa000),
                                     UINT64_C(0x0005555555555000), UINT64_C(0x000fffffffe00000)};

    begin(rig);
    for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        rig->target->ops->memory_add(rig->target, bases[i]);
        use_log(rig, bases[i], 8, 0);
        make_fault(rig, i);
        IS_FAULT(rig, bases[i], i);
    }
}

static void one_write_of_an_entry(struct rig *rig)
{
    uint64_t bytes = 0;

    begin(rig);
    rig_touches_begin(rig);
    make_fault(rig, 0);
    CHECK(rig_touched(rig, RIG_EVENT_LOG, 16));
    for (unsigned i = 0; i < rig_touch_count(rig); i++) {
        bytes += rig->touches[i].write ? rig->touches[i].size_bytes : 0;
    }
    CHECK_U64(bytes, 16);
    CHECK(!rig_touched(rig, LOG_SLOT(1), 0xff0));
    empty_log(rig);
}

/* ---- Base and length ------------------------------------------------------------------------- */

static void base_write_resets_the_pointers(struct rig *rig)
{
    uint64_t base = RIG_EVENT_LOG | RING_LEN(8);

    for (unsigned i = 0; i < 3; i++) {
        rig_write(rig, REG_EVENT_BASE, base);
        rig_write(rig, REG_EVENT_HEAD, 0x40);
        rig_write(rig, REG_EVENT_TAIL, 0x80);
        CHECK_U64(rig_read(rig, REG_EVENT_HEAD), 0x40);
        CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x80);
        if (i == 0) {
            rig_write(rig, REG_EVENT_BASE, base);
        } else {
            rig_write32(rig, REG_EVENT_BASE + 4 * (i - 1), (uint32_t)(base >> (32 * (i - 1))));
        }
        CHECK_U64(rig_read(rig, REG_EVENT_HEAD), 0);
        CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0);
        CHECK_U64(rig_read(rig, REG_EVENT_BASE), base);
    }
}

static void base_write_while_running(struct rig *rig)
{
    uint64_t other = rig_page(rig);

    begin(rig);
    make_fault(rig, 0);
    rig_write(rig, REG_EVENT_BASE, other | RING_LEN(9));
    uint64_t base = rig_read(rig, REG_EVENT_BASE);
    if (base == (RIG_EVENT_LOG | RING_LEN(8))) {
        make_fault(rig, 1);
        IS_FAULT(rig, LOG_SLOT(1), 1);
        CHECK_U64(rig_load64(rig, other), 0);
        empty_log(rig);
        rig_outcome(rig, "ignored");
        return;
    }
    rig->wrecked = true;
    CHECK_U64(base, other | RING_LEN(9));
    rig_outcome(rig, "taken");
}

static void reserved_lengths(struct rig *rig)
{
    uint64_t other = rig_page(rig);
    unsigned stored = 0;

    begin(rig);
    for (unsigned length = 0; length < 8; length++) {
        use_log(rig, RIG_EVENT_LOG, 8, 0);
        rig_write(rig, REG_CONTROL, LOG_OFF);
        CHECK(log_stops(rig));
        rig_write(rig, REG_EVENT_BASE, other | RING_LEN(length));
        uint64_t base = rig_read(rig, REG_EVENT_BASE);
        rig_write(rig, REG_CONTROL, CONTROL_USUAL);
        uint64_t run = rig_read(rig, REG_STATUS) & STATUS_EVENT_LOG_RUN;
        make_fault(rig, 0);
        if (base == (other | RING_LEN(length))) {
            stored++;
            CHECK_U64(run, 0);
            CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0);
            CHECK_U64(rig_read(rig, REG_STATUS), STATUS_CMD_BUF_RUN);
        } else {
            CHECK_U64(base, RIG_EVENT_LOG | RING_LEN(8));
            CHECK_U64(run, STATUS_EVENT_LOG_RUN);
        }
        CHECK_U64(rig_load64(rig, other), 0);
        CHECK(rig_wait(rig));
    }
    CHECK(stored == 0 || stored == 8);
    rig_outcome(rig, stored != 0 ? "stored, does not run" : "write ignored");
}

static void tail_write_while_running(struct rig *rig)
{
    begin(rig);
    make_fault(rig, 0);
    rig_write(rig, REG_EVENT_TAIL, 0x80);
    bool taken = rig_read(rig, REG_EVENT_TAIL) != 0x10;
    make_fault(rig, 1);
    if (!taken) {
        CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x20);
        IS_FAULT(rig, LOG_SLOT(1), 1);
        empty_log(rig);
        rig_outcome(rig, "ignored");
        return;
    }
    rig->wrecked = true;
    rig_outcome(rig, "taken");
}

static void head_beyond(struct rig *rig)
{
    static const uint64_t offsets[] = {0x1000, 0x1010, 0x4000, RING_BEYOND};
    unsigned taken = 0;

    begin(rig);
    make_faults(rig, 0, 2);
    rig_write(rig, REG_EVENT_HEAD, 0x10);
    CHECK_U64(rig_read(rig, REG_EVENT_HEAD), 0x10);
    for (unsigned i = 0; i < 4; i++) {
        rig_write(rig, REG_EVENT_HEAD, offsets[i]);
        taken += rig_read(rig, REG_EVENT_HEAD) != 0x10;
    }
    rig_write(rig, REG_EVENT_HEAD, 0x20); /* now it is defined again */
    CHECK_U64(rig_read(rig, REG_EVENT_HEAD), 0x20);
    make_fault(rig, 2);
    IS_FAULT(rig, LOG_SLOT(2), 2);
    empty_log(rig);
    rig_outcome(rig, taken == 0 ? "ignored" : "taken");
}

static void pointers_beyond_while_stopped(struct rig *rig)
{
    static const uint64_t offsets[] = {0x1000, 0x1010, 0x4000, RING_BEYOND};
    unsigned taken = 0;

    rig_enable_with(rig, 0);
    rig_write(rig, REG_EVENT_HEAD, 0x40);
    rig_write(rig, REG_EVENT_TAIL, 0x40);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x40);
    for (unsigned i = 0; i < 4; i++) {
        rig_write(rig, REG_EVENT_HEAD, offsets[i]);
        rig_write(rig, REG_EVENT_TAIL, offsets[i]);
        taken += rig_read(rig, REG_EVENT_HEAD) != 0x40;
        taken += rig_read(rig, REG_EVENT_TAIL) != 0x40;
    }
    rig->wrecked = taken != 0;
    rig_outcome(rig, taken == 0 ? "ignored" : "taken");
}

static void no_memory(struct rig *rig)
{
    begin(rig);
    use_log(rig, TARGET_ABSENT, 8, 0);
    make_fault(rig, 0);
    uint64_t tail = rig_read(rig, REG_EVENT_TAIL);
    CHECK(tail == 0 || tail == 0x10);
    CHECK_U64(rig_read(rig, REG_STATUS) & (STATUS_EVENT_OVERFLOW | STATUS_CMD_BUF_RUN),
              STATUS_CMD_BUF_RUN);
    use_log(rig, RIG_EVENT_LOG, 8, 0); /* and it works again */
    make_fault(rig, 1);
    IS_FAULT(rig, LOG_SLOT(0), 1);
    rig_outcome(rig, tail == 0 ? "lost, the tail stays" : "lost, the tail advances");
}

/* ---- EventLogEn ------------------------------------------------------------------------------ */

static void off_drops(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    begin(rig);
    make_fault(rig, 0);
    rig_write(rig, REG_CONTROL, LOG_OFF);
    CHECK(log_stops(rig));
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x10); /* pointers are kept */
    rig_write(rig, REG_STATUS, STATUS_EVENT_LOG_INT);
    mark_slots(rig, RIG_EVENT_LOG, 1, 255);
    for (unsigned i = 0; i < 5; i++) {
        RIG_WRITE_REFUSED(rig, RIG_IOVA + 0x1000, page, 8);
    }
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x10);
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_CMD_BUF_RUN);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK_U64(rig_read(rig, REG_STATUS), RUN_BITS);
    CHECK_U64(rig_read(rig, REG_EVENT_HEAD), 0);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x10);
    for (unsigned i = 1; i < 256; i++) {
        is_marked(rig, LOG_SLOT(i));
    }
    make_fault(rig, 7);
    IS_FAULT(rig, LOG_SLOT(0), 0);
    IS_FAULT(rig, LOG_SLOT(1), 7);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x20);
    empty_log(rig);
}

static void off_sends_nothing(struct rig *rig)
{
    begin(rig);
    rig_write(rig, REG_CONTROL, LOG_OFF | CONTROL_EVENT_INT_EN);
    make_fault(rig, 0);
    CHECK_U64(rig_own_msis(rig), 0);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL | CONTROL_EVENT_INT_EN);
    CHECK_U64(rig_own_msis(rig), 0);
    make_fault(rig, 1);
    CHECK_U64(rig_own_msis(rig), 1);
    empty_log(rig);
}

static void off_writes_nothing(struct rig *rig)
{
    begin(rig);
    rig_write(rig, REG_CONTROL, LOG_OFF);
    rig_touches_begin(rig);
    make_faults(rig, 0, 3);
    for (unsigned i = 0; i < rig_touch_count(rig); i++) {
        CHECK(!rig->touches[i].write);
    }
    CHECK(!rig_touched(rig, RIG_EVENT_LOG, RIG_RING_BYTES));
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    make_fault(rig, 0);
    CHECK(rig_touched(rig, RIG_EVENT_LOG, 16));
    empty_log(rig);
}

#define SOURCE         "1.20, event log"
#define SOURCE_BASE    "1.20, event log base address"
#define SOURCE_POINTER "1.20, pointer registers"

static const struct requirement list[] = {
    REQUIREMENT("LOG-001", "The first event is written at the base; the tail is then 16", SOURCE,
                CAN_DMA, first_entry),
    REQUIREMENT("LOG-002",
                "An entry is 16 bytes, little endian: code in bits 63:60, address in 127:64",
                "1.20, event log entries", 0, entry_layout),
    REQUIREMENT("LOG-003", "Events are written in the order they happen, each 16 bytes further",
                SOURCE, CAN_DMA, entries_in_order),
    REQUIREMENT("LOG-004", "Errors of commands and of requests are in the same log", SOURCE,
                CAN_DMA, commands_and_requests),
    REQUIREMENT("LOG-005", "Requests and commands without an error leave the log as it is", SOURCE,
                CAN_DMA, nothing_wrong_logs_nothing),
    REQUIREMENT("LOG-006", "Head and tail written while stopped are where the next event goes",
                SOURCE_POINTER, CAN_DMA, starts_where_told),
    REQUIREMENT("LOG-007",
                "With each EventLen from 8 to 15 the log has 2^EventLen entries, and wraps",
                SOURCE_BASE, CAN_DMA, every_length_wraps),
    REQUIREMENT("LOG-008", "With each EventLen, the log is full when tail + 16 is the head",
                SOURCE_BASE, CAN_DMA, every_length_is_full),
    REQUIREMENT("LOG-009", "A log that is read never overflows", SOURCE, CAN_DMA, many_rounds),
    REQUIREMENT("LOG-010", "The base may be at any address of 52 bits", SOURCE_BASE,
                CAN_DMA | CAN_HIGH_MEMORY, high_log),
    REQUIREMENT("LOG-011", "An event writes its 16 bytes, and nothing else", SOURCE,
                CAN_DMA | CAN_TRACE, one_write_of_an_entry),
    REQUIREMENT("LOG-012", "A write of the base address, or a half of it, sets head and tail to 0",
                SOURCE_BASE, 0, base_write_resets_the_pointers),
    CHOICE("LOG-013", "A write of the base address while EventLogRun=1 is undefined", SOURCE_BASE,
           CAN_DMA, base_write_while_running, "ignored | taken", "ignored"),
    CHOICE("LOG-014", "With a reserved EventLen (0 to 7) that base is not used", SOURCE_BASE,
           CAN_DMA, reserved_lengths, "stored, does not run | write ignored",
           "stored, does not run"),
    CHOICE("LOG-015", "A write of the tail while EventLogRun=1 is undefined", SOURCE_POINTER,
           CAN_DMA, tail_write_while_running, "ignored | taken", "ignored"),
    CHOICE("LOG-016", "A head beyond the log, while running, is undefined", SOURCE_POINTER, CAN_DMA,
           head_beyond, "ignored | taken", "ignored"),
    CHOICE("LOG-017", "A head or tail beyond the log, while stopped, is undefined", SOURCE_POINTER,
           0, pointers_beyond_while_stopped, "ignored | taken", "ignored"),
    CHOICE("LOG-018", "An event that cannot be written to memory is lost", SOURCE, CAN_DMA,
           no_memory, "lost, the tail stays | lost, the tail advances", "lost, the tail stays"),
    REQUIREMENT("LOG-019",
                "With EventLogEn=0 events are dropped, requests are refused, pointers are kept",
                "1.20, IOMMU control", CAN_DMA, off_drops),
    REQUIREMENT("LOG-020", "Events dropped with EventLogEn=0 send no MSI, then or later",
                "1.20, IOMMU control", CAN_DMA | CAN_OWN_MSI, off_sends_nothing),
    REQUIREMENT("LOG-021", "With EventLogEn=0 nothing is written to the log's memory",
                "1.20, IOMMU control", CAN_DMA | CAN_TRACE, off_writes_nothing),
    LIST_END,
};

const struct requirement_area area_event_log = {"LOG", "Event log", list};
