/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Command buffer. */
#include "rings.h"

#define RING_BEYOND UINT64_C(0x0007fff0)

/* The word that a test has stored when the IOMMU came there. */
#define STORED(n) (RIG_STORE + 0x40 + 8 * (uint64_t)(n))

/* COMPLETION_WAIT that stores @value in STORED(@n); with i=1, so that it can be waited for. */
static uint64_t store_wait(unsigned n)
{
    return WAIT | STORED(n) | WAIT_S | WAIT_I;
}

static bool com_wait_int(struct rig *rig)
{
    return rig_until(rig, REG_STATUS, STATUS_COM_WAIT_INT, STATUS_COM_WAIT_INT);
}

/* The run bit becomes 0 because of an error. */
static bool halted(struct rig *rig)
{
    return rig_until(rig, REG_STATUS, STATUS_CMD_BUF_RUN, 0);
}

/* ---- Base and length ------------------------------------------------------------------------- */

static void base_write_resets_the_pointers(struct rig *rig)
{
    rig_write(rig, REG_COMMAND_BASE, RIG_COMMAND_BUFFER | UINT64_C(8) << 56);
    rig_write(rig, REG_COMMAND_HEAD, 0x40);
    rig_write(rig, REG_COMMAND_TAIL, 0x80);
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0x40);
    rig_write(rig, REG_COMMAND_BASE, RIG_COMMAND_BUFFER | UINT64_C(9) << 56);
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0);
    CHECK_U64(rig_read(rig, REG_COMMAND_TAIL), 0);
}

static void same_base_resets_too(struct rig *rig)
{
    uint64_t base = RIG_COMMAND_BUFFER | RING_LEN(8);

    for (unsigned i = 0; i < 3; i++) {
        rig_write(rig, REG_COMMAND_BASE, base);
        rig_write(rig, REG_COMMAND_HEAD, 0x40);
        rig_write(rig, REG_COMMAND_TAIL, 0x80);
        if (i == 0) {
            rig_write(rig, REG_COMMAND_BASE, base);
        } else {
            rig_write32(rig, REG_COMMAND_BASE + 4 * (i - 1), (uint32_t)(base >> (32 * (i - 1))));
        }
        CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0);
        CHECK_U64(rig_read(rig, REG_COMMAND_TAIL), 0);
        CHECK_U64(rig_read(rig, REG_COMMAND_BASE), base);
    }
}

static void base_write_while_running(struct rig *rig)
{
    uint64_t other = rig_page(rig);

    rig_enable(rig);
    CHECK(rig_wait(rig));
    rig_write(rig, REG_COMMAND_BASE, other | RING_LEN(9));
    uint64_t base = rig_read(rig, REG_COMMAND_BASE);
    if (base == (RIG_COMMAND_BUFFER | RING_LEN(8))) {
        CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0x10);
        CHECK_U64(rig_read(rig, REG_COMMAND_TAIL), 0x10);
        CHECK(rig_wait(rig));
        rig_outcome(rig, "ignored");
    } else {
        CHECK_U64(base, other | RING_LEN(9));
        rig_outcome(rig, "taken");
    }
}

/* The last slot and the first of a ring of 2^@length entries. */
static void wraps_at(struct rig *rig, unsigned length)
{
    uint64_t bytes = UINT64_C(16) << length;
    uint64_t base = rig_pages(rig, (unsigned)(bytes / 0x1000) + 1, 0x1000);

    rig_write(rig, REG_CONTROL, CONTROL_USUAL & ~CONTROL_CMD_BUF_EN);
    CHECK(halted(rig));
    rig_write(rig, REG_STATUS, STATUS_COM_WAIT_INT);
    rig_write(rig, REG_COMMAND_BASE, base | RING_LEN(length));
    rig_write(rig, REG_COMMAND_HEAD, bytes - 16);
    rig_write(rig, REG_COMMAND_TAIL, bytes - 16);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    store_command(rig, base + bytes - 16, store_wait(0) & ~WAIT_I, length);
    store_command(rig, base, store_wait(1), length + 0x100);
    rig_write(rig, REG_COMMAND_TAIL, 0x10);
    CHECK(com_wait_int(rig));
    CHECK_U64(rig_load64(rig, STORED(0)), length);
    CHECK_U64(rig_load64(rig, STORED(1)), length + 0x100);
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0x10);
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_CMD_BUF_RUN, STATUS_CMD_BUF_RUN);
}

static void every_length_wraps(struct rig *rig)
{
    rig_enable(rig);
    rig_allow_store(rig, STORED(0));
    rig_allow_store(rig, STORED(1));
    for (unsigned length = 8; length < 16; length++) {
        wraps_at(rig, length);
    }
}

static void every_length_is_addressed(struct rig *rig)
{
    rig_enable(rig);
    rig_allow_store(rig, STORED(0));
    for (unsigned length = 8; length < 16; length++) {
        uint64_t bytes = UINT64_C(16) << length;
        uint64_t base = rig_pages(rig, (unsigned)(bytes / 0x1000) + 1, 0x1000);

        STOP_COMMANDS(rig);
        rig_write(rig, REG_COMMAND_BASE, base | RING_LEN(length));
        for (uint64_t at = 16; at < bytes; at = at * 2 + 16) { /* each bit of the pointer */
            STOP_COMMANDS(rig);
            rig_write(rig, REG_STATUS, STATUS_COM_WAIT_INT);
            rig_write(rig, REG_COMMAND_HEAD, at);
            rig_write(rig, REG_COMMAND_TAIL, at);
            store_command(rig, base + at, store_wait(0), at + length);
            rig_write(rig, REG_CONTROL, CONTROL_USUAL);
            rig_write(rig, REG_COMMAND_TAIL, (at + 16) % bytes);
            CHECK(com_wait_int(rig));
            CHECK_U64(rig_load64(rig, STORED(0)), at + length);
        }
    }
}

static void base_of_4_kib_alignment(struct rig *rig)
{
    uint64_t base = rig_pages(rig, 130, 0x100000) + 0x1000;

    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_CMD_BUF_EN);
    rig_allow_store(rig, STORED(0));
    rig_write(rig, REG_COMMAND_BASE, base | RING_LEN(15));
    rig_write(rig, REG_COMMAND_HEAD, 0x7fff0);
    rig_write(rig, REG_COMMAND_TAIL, 0x7fff0);
    store_command(rig, base + 0x7fff0, store_wait(0), 0x55);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    rig_write(rig, REG_COMMAND_TAIL, 0);
    CHECK(com_wait_int(rig));
    CHECK_U64(rig_load64(rig, STORED(0)), 0x55);
}

static void base_at_any_address(struct rig *rig)
{
    static const uint64_t bases[] = {UINT64_C(0x0000000100000000), UINT64_C(0x000aaaaaaaaaa000),
                                     UINT64_C(0x0005555555555000), UINT64_C(0x000fffffffe00000)};

    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_CMD_BUF_EN);
    rig_allow_store(rig, STORED(0));
    for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        rig->target->ops->memory_add(rig->target, bases[i]);
        STOP_COMMANDS(rig);
        rig_write(rig, REG_STATUS, STATUS_COM_WAIT_INT);
        rig_write(rig, REG_COMMAND_BASE, bases[i] | RING_LEN(8));
        store_command(rig, bases[i], store_wait(0), i + 1);
        rig_write(rig, REG_CONTROL, CONTROL_USUAL);
        rig_write(rig, REG_COMMAND_TAIL, 0x10);
        CHECK(com_wait_int(rig));
        CHECK_U64(rig_load64(rig, STORED(0)), i + 1);
    }
}

static void reserved_lengths(struct rig *rig)
{
    uint64_t other = rig_page(rig);
    unsigned stored = 0;

    rig_enable_with(rig, 0);
    for (unsigned length = 0; length < 8; length++) {
        store_command(rig, other, store_wait(0), 1);
        store_command(rig, RIG_COMMAND_BUFFER, WAIT, 0);
        rig_write(rig, REG_CONTROL, 0);
        rig_write(rig, REG_COMMAND_BASE, RIG_COMMAND_BUFFER | RING_LEN(8));
        rig_write(rig, REG_COMMAND_BASE, other | RING_LEN(length));
        uint64_t base = rig_read(rig, REG_COMMAND_BASE);
        rig_write(rig, REG_CONTROL, CONTROL_USUAL);
        rig_write(rig, REG_COMMAND_TAIL, 0x10);
        let_pass(rig);
        uint64_t run = rig_read(rig, REG_STATUS) & STATUS_CMD_BUF_RUN;
        if (base == (other | RING_LEN(length))) {
            stored++;
            CHECK_U64(run, 0);
            CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0);
            CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_EVENT_LOG_RUN, STATUS_EVENT_LOG_RUN);
        } else {
            CHECK_U64(base, RIG_COMMAND_BUFFER | RING_LEN(8));
            CHECK_U64(run, STATUS_CMD_BUF_RUN);
        }
        CHECK_U64(rig_load64(rig, STORED(0)), 0);
    }
    CHECK(stored == 0 || stored == 8);
    rig_outcome(rig, stored != 0 ? "stored, does not run" : "write ignored");
}

static void length_repaired(struct rig *rig)
{
    rig_enable_with(rig, 0);
    rig_write(rig, REG_COMMAND_BASE, RIG_COMMAND_BUFFER | RING_LEN(7));
    rig_write(rig, REG_COMMAND_BASE, RIG_COMMAND_BUFFER | RING_LEN(8));
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK_U64(rig_read(rig, REG_STATUS), RUN_BITS);
    CHECK(rig_wait(rig));
}

/* ---- Head and tail --------------------------------------------------------------------------- */

static void empty_fetches_nothing(struct rig *rig)
{
    rig_enable(rig);
    rig_touches_begin(rig);
    rig_kick(rig);
    let_pass(rig);
    CHECK(!rig_touched(rig, RIG_COMMAND_BUFFER, RIG_RING_BYTES));
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0);
    CHECK(rig_wait(rig));
    CHECK(rig_touched(rig, RIG_COMMAND_BUFFER, 16));
}

static void tail_bounds_execution(struct rig *rig)
{
    rig_enable(rig);
    rig_allow_store(rig, STORED(0));
    rig_queue(rig, store_wait(0), 1);
    store_command(rig, RIG_COMMAND_BUFFER + 0x10, WAIT | STORED(1) | WAIT_S, 2);
    rig_kick(rig);
    CHECK(com_wait_int(rig));
    let_pass(rig);
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0x10);
    CHECK_U64(rig_load64(rig, STORED(0)), 1);
    CHECK_U64(rig_load64(rig, STORED(1)), 0);
    rig_allow_store(rig, STORED(1));
    rig_write(rig, REG_STATUS, STATUS_COM_WAIT_INT);
    rig_write(rig, REG_COMMAND_TAIL, 0x20);
    CHECK(rig_until(rig, REG_COMMAND_HEAD, UINT64_MAX, 0x20));
    rig->command_tail = 0x20;
    CHECK(rig_wait(rig));
    CHECK_U64(rig_load64(rig, STORED(1)), 2);
}

static void tail_bounds_fetching(struct rig *rig)
{
    rig_enable(rig);
    rig_touches_begin(rig);
    for (unsigned i = 0; i < 5; i++) {
        CHECK(rig_wait(rig));
        CHECK(rig_touched(rig, RIG_COMMAND_BUFFER + UINT64_C(16) * i, 16));
        CHECK(!rig_touched(rig, RIG_COMMAND_BUFFER + UINT64_C(16) * (i + 1), 0x800));
    }
}

static void same_tail_again(struct rig *rig)
{
    rig_enable(rig);
    CHECK(rig_wait(rig));
    rig_store64(rig, RIG_STORE, 0);
    rig_kick(rig);
    rig_kick(rig);
    let_pass(rig);
    CHECK_U64(rig_load64(rig, RIG_STORE), 0);
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0x10);
    CHECK(rig_wait(rig));
}

static void full_ring(struct rig *rig)
{
    rig_enable(rig);
    rig_allow_store(rig, STORED(0));
    for (unsigned round = 0; round < 3; round++) {
        rig_store64(rig, STORED(0), 0);
        rig_write(rig, REG_STATUS, STATUS_COM_WAIT_INT);
        for (unsigned i = 0; i < 254; i++) {
            rig_queue(rig, WAIT | STORED(0) | WAIT_S, i);
        }
        rig_queue(rig, store_wait(0), 0x1000 + round); /* the 255th: all but one slot */
        rig_kick(rig);
        CHECK(com_wait_int(rig));
        CHECK(rig_drained(rig));
        CHECK_U64(rig_load64(rig, STORED(0)), 0x1000 + round);
    }
    CHECK_U64(rig->command_tail, 0x1000 - 0x30);
}

static void many_rounds(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned i = 0; i < 600; i++) {
        if (!CHECK(rig_wait(rig))) {
            return;
        }
        CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), UINT64_C(16) * (i + 1) % RIG_RING_BYTES);
    }
}

static void in_order(struct rig *rig)
{
    rig_enable(rig);
    rig_allow_store(rig, STORED(0));
    for (unsigned i = 1; i <= 100; i++) {
        rig_queue(rig, WAIT | STORED(0) | WAIT_S | WAIT_F, i);
    }
    rig_kick(rig);
    CHECK(rig_wait(rig));
    CHECK_U64(rig_load64(rig, STORED(0)), 100);
}

static void tail_beyond_while_running(struct rig *rig)
{
    static const uint64_t offsets[] = {0x1000, 0x1010, 0x4000, RING_BEYOND};
    unsigned masked = 0;

    rig_enable(rig);
    CHECK(rig_wait(rig));
    for (unsigned i = 0; i < 4; i++) {
        rig_write(rig, REG_COMMAND_TAIL, offsets[i]);
        let_pass(rig);
        masked += rig_read(rig, REG_COMMAND_TAIL) != 0x10;
        if (masked != 0) {
            break; /* commands of all zeros follow */
        }
        CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0x10);
        CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_CMD_BUF_RUN, STATUS_CMD_BUF_RUN);
    }
    if (masked != 0) {
        rig->wrecked = true;
        rig_outcome(rig, "taken");
        return;
    }
    CHECK(rig_wait(rig));
    rig_outcome(rig, "ignored");
}

static void pointers_beyond_while_stopped(struct rig *rig)
{
    static const uint64_t offsets[] = {0x1000, 0x1010, 0x4000, RING_BEYOND};
    unsigned taken = 0;

    rig_enable_with(rig, 0);
    rig_write(rig, REG_COMMAND_HEAD, 0x40);
    rig_write(rig, REG_COMMAND_TAIL, 0x50);
    CHECK_U64(rig_read(rig, REG_COMMAND_TAIL), 0x50);
    for (unsigned i = 0; i < 4; i++) {
        rig_write(rig, REG_COMMAND_HEAD, offsets[i]);
        rig_write(rig, REG_COMMAND_TAIL, offsets[i]);
        taken += rig_read(rig, REG_COMMAND_HEAD) != 0x40;
        taken += rig_read(rig, REG_COMMAND_TAIL) != 0x50;
    }
    rig_outcome(rig, taken == 0 ? "ignored" : "taken");
}

static void head_write_while_running(struct rig *rig)
{
    rig_enable(rig);
    CHECK(rig_wait(rig));
    rig_write(rig, REG_COMMAND_HEAD, 0x80);
    let_pass(rig);
    uint64_t head = rig_read(rig, REG_COMMAND_HEAD);
    if (head == 0x10) {
        CHECK(rig_wait(rig));
        rig_outcome(rig, "ignored");
        return;
    }
    rig->wrecked = true;
    rig_outcome(rig, "taken");
}

static void starts_where_told(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_CMD_BUF_EN);
    rig_write(rig, REG_COMMAND_HEAD, 0x560);
    rig_write(rig, REG_COMMAND_TAIL, 0x560);
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0x560);
    rig->command_tail = 0x560;
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK(rig_wait(rig));
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0x570);
}

/* ---- Enabling and stopping ------------------------------------------------------------------- */

static void queued_before_enable(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_CMD_BUF_EN);
    rig_wait_begin(rig);
    let_pass(rig);
    CHECK(!rig_wait_done(rig));
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0);
    CHECK_U64(rig_read(rig, REG_COMMAND_TAIL), 0x10);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK(rig_drained(rig));
    CHECK(rig_wait(rig));
}

static void stopped_by(struct rig *rig, uint64_t control)
{
    rig_enable(rig);
    CHECK(rig_wait(rig));
    rig_write(rig, REG_CONTROL, control);
    CHECK(halted(rig));
    rig_wait_begin(rig);
    let_pass(rig);
    CHECK(!rig_wait_done(rig));
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0x10);
    CHECK_U64(rig_read(rig, REG_COMMAND_TAIL), 0x20);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK(rig_drained(rig));
    CHECK(rig_wait(rig));
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0x30);
}

static void stopped_by_cmd_buf_en(struct rig *rig)
{
    stopped_by(rig, CONTROL_USUAL & ~CONTROL_CMD_BUF_EN);
}

static void stopped_by_iommu_en(struct rig *rig)
{
    stopped_by(rig, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
}

static void stopped_touches_nothing(struct rig *rig)
{
    rig_enable(rig);
    CHECK(rig_wait(rig));
    STOP_COMMANDS(rig);
    rig_touches_begin(rig);
    rig_wait_begin(rig);
    let_pass(rig);
    CHECK_U64(rig_touch_count(rig), 0);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK(rig_wait(rig));
}

static void stop_and_move(struct rig *rig)
{
    uint64_t other = rig_page(rig);

    rig_enable(rig);
    rig_allow_store(rig, STORED(0));
    CHECK(rig_wait(rig));
    STOP_COMMANDS(rig);
    rig_write(rig, REG_COMMAND_BASE, other | RING_LEN(8));
    CHECK_U64(rig_read(rig, REG_COMMAND_BASE), other | RING_LEN(8));
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0);
    store_command(rig, other, store_wait(0), 0x77);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    rig_write(rig, REG_COMMAND_TAIL, 0x10);
    CHECK(com_wait_int(rig));
    CHECK_U64(rig_load64(rig, STORED(0)), 0x77);
}

#define SOURCE         "1.20, command buffer"
#define SOURCE_BASE    "1.20, command buffer base address"
#define SOURCE_POINTER "1.20, pointer registers"

static const struct requirement list[] = {
    REQUIREMENT("RNG-001", "A write of the base address sets head and tail to 0", SOURCE_BASE, 0,
                base_write_resets_the_pointers),
    REQUIREMENT("RNG-002", "So does a write of the same base address, or of one half of it",
                SOURCE_BASE, 0, same_base_resets_too),
    CHOICE("RNG-003", "A write of the base address while CmdBufRun=1 is undefined", SOURCE_BASE, 0,
           base_write_while_running, "ignored | taken", "ignored"),
    REQUIREMENT("RNG-004", "With each ComLen from 8 to 15 the ring has 2^ComLen entries, and wraps",
                SOURCE_BASE, 0, every_length_wraps),
    REQUIREMENT("RNG-005", "A command is fetched from base plus head, whatever the head",
                SOURCE_BASE, 0, every_length_is_addressed),
    REQUIREMENT("RNG-006", "The base of a long ring needs no more alignment than 4 KiB",
                SOURCE_BASE, 0, base_of_4_kib_alignment),
    REQUIREMENT("RNG-007", "The base may be at any address of 52 bits", SOURCE_BASE,
                CAN_HIGH_MEMORY, base_at_any_address),
    CHOICE("RNG-008", "With a reserved ComLen (0 to 7) that base is not used", SOURCE_BASE, 0,
           reserved_lengths, "stored, does not run | write ignored", "stored, does not run"),
    REQUIREMENT("RNG-009", "A base with a good ComLen, written after a reserved one, works",
                SOURCE_BASE, 0, length_repaired),
    REQUIREMENT("RNG-010", "With head = tail nothing is fetched", SOURCE, CAN_TRACE,
                empty_fetches_nothing),
    REQUIREMENT("RNG-011", "Commands are executed up to the tail, and not behind it", SOURCE, 0,
                tail_bounds_execution),
    REQUIREMENT("RNG-012", "Commands behind the tail are not fetched", SOURCE, CAN_TRACE,
                tail_bounds_fetching),
    REQUIREMENT("RNG-013", "Writing the same tail again executes nothing again", SOURCE, 0,
                same_tail_again),
    REQUIREMENT("RNG-014", "A full ring has 255 of 256 commands, and all are executed", SOURCE, 0,
                full_ring),
    REQUIREMENT("RNG-015", "The head follows each command, and wraps to 0", SOURCE, 0, many_rounds),
    REQUIREMENT("RNG-016", "Stores of commands that wait for each other come in ring order",
                "1.20, ordering of commands", 0, in_order),
    CHOICE("RNG-017", "A tail beyond the ring, while running, is undefined", SOURCE_POINTER, 0,
           tail_beyond_while_running, "ignored | taken", "ignored"),
    CHOICE("RNG-018", "A head or tail beyond the ring, while stopped, is undefined", SOURCE_POINTER,
           0, pointers_beyond_while_stopped, "ignored | taken", "ignored"),
    CHOICE("RNG-019", "A write of the head while CmdBufRun=1 is undefined", SOURCE_POINTER, 0,
           head_write_while_running, "ignored | taken", "ignored"),
    REQUIREMENT("RNG-020", "Head and tail written while stopped are where fetching begins",
                SOURCE_POINTER, 0, starts_where_told),
    REQUIREMENT("RNG-021", "Commands queued with CmdBufEn=0 are executed once it is 1", SOURCE, 0,
                queued_before_enable),
    REQUIREMENT("RNG-022",
                "CmdBufEn=0 stops fetching, keeps head and tail, and CmdBufEn=1 goes on there",
                "1.20, IOMMU control", 0, stopped_by_cmd_buf_en),
    REQUIREMENT("RNG-023",
                "IommuEn=0 stops fetching, keeps head and tail, and IommuEn=1 goes on there",
                "1.20, IOMMU control", 0, stopped_by_iommu_en),
    REQUIREMENT("RNG-024", "With CmdBufRun=0 a tail write touches no memory", SOURCE, CAN_TRACE,
                stopped_touches_nothing),
    REQUIREMENT("RNG-025", "While stopped the ring can be moved", SOURCE_BASE, 0, stop_and_move),
    LIST_END,
};

const struct requirement_area area_command_buffer = {"RNG", "Command buffer", list};
