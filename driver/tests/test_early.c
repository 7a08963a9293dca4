/* SPDX-License-Identifier: BSD-2-Clause */
/* DMA blocked before there is anything else: from reset, and taken over from whoever ran before. */
#include "check.h"
#include "rig.h"

#include <amdvi/drv_early.h>

#include <stdlib.h>
#include <string.h>

#define BIT64(n)   (UINT64_C(1) << (n))
#define DEVICE     0x0005
#define FAR_DEVICE 0x3000 /* beyond a small table */
#define EARLIER    (BIT64(0) | BIT64(2) | BIT64(3) | BIT64(4) | BIT64(10) | BIT64(12))

struct bed {
    struct rig rig;
    struct amdvi_drv_early early;
    bool is_open; /* something passed that was blocked before */
    unsigned changes;
    bool was_blocked;
};

static struct bed bed; /* large */

/* Memory that is not from the driver's host: what is handed over by the caller. */
static void start(const struct rig_options *options, uint64_t table_pages, bool interrupts)
{
    bed = (struct bed){.changes = 0};
    rig_start(&bed.rig, options);
    bed.early =
        (struct amdvi_drv_early){.window = rig_window(&bed.rig, 0), .interrupts = interrupts};
    CHECK(bed.rig.host.alloc(&bed.rig, (size_t)(4096 * (1 + table_pages)), &bed.early.memory));
}

static void stop(void)
{
    bed.rig.changed = NULL;
    bed.rig.host.free(&bed.rig, &bed.early.memory);
    CHECK(rig_stop(&bed.rig));
}

static bool passes(uint16_t device_id)
{
    uint64_t spa;

    return rig_access(&bed.rig, 0, device_id, 0x5000, false, &spa) ||
           rig_access(&bed.rig, 0, device_id, 0x5000, true, &spa) ||
           rig_peek(&bed.rig, 0, device_id, 0x5000, true, &spa) ||
           rig_access(&bed.rig, 0, device_id, 0x9000, false, &spa);
}

static bool interrupts_pass(uint16_t device_id)
{
    uint64_t address;
    uint32_t data;

    return rig_interrupt(&bed.rig, 0, device_id, 0, 0x41, &address, &data);
}

/*
 * What was blocked is never open again, in memory. Caches are another matter until the end: they
 * may hold what passed before.
 */
static void watch_gap(struct rig *rig, enum rig_change what)
{
    uint64_t spa;
    bool is_blocked = !rig_peek(rig, 0, DEVICE, 0x5000, false, &spa) &&
                      !rig_peek(rig, 0, FAR_DEVICE, 0x5000, true, &spa);

    (void)what;
    bed.changes++;
    bed.is_open = bed.is_open || (bed.was_blocked && !is_blocked);
    bed.was_blocked = is_blocked;
}

static void expect_blocked(bool interrupts)
{
    static const uint16_t devices[] = {0, DEVICE, 127, 128, 0x2fff, FAR_DEVICE, 0xffff};

    for (unsigned i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        CHECK(!passes(devices[i]));
    }
    CHECK_U64(interrupts_pass(DEVICE), !interrupts);
}

static void block_from_reset(const struct rig_options *options)
{
    for (unsigned interrupts = 0; interrupts < 2; interrupts++) {
        start(options, 1, interrupts != 0);
        CHECK(passes(DEVICE)); /* off */
        bed.rig.changed = watch_gap;
        CHECK_U64(amdvi_drv_early_block(&bed.rig.host, &bed.early), AMDVI_DRV_OK);
        bed.rig.changed = NULL;
        CHECK(bed.changes != 0 && bed.was_blocked && !bed.is_open);
        expect_blocked(interrupts != 0);
        CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_DEV_TAB_BASE), bed.early.memory.spa + 4096);
        /* On, and nothing runs or is logged; Coherent is as after reset. */
        CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_CONTROL), BIT64(0) | BIT64(10));
        CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_STATUS), 0);
        stop();
    }
}

static void it_blocks_from_reset(void)
{
    block_from_reset(&(struct rig_options){.units = 1});
    block_from_reset(&(struct rig_options){.only32 = true});
    block_from_reset(&(struct rig_options){.non_coherent = true});
}

/* With no more than what is required. */
static void read32_and_write32_are_enough(void)
{
    start(&(struct rig_options){.only32 = true}, 512, true);
    struct amdvi_drv_host least = {.size = sizeof(least),
                                   .version = AMDVI_DRV_VERSION,
                                   .ctx = &bed.rig,
                                   .read32 = bed.rig.host.read32,
                                   .write32 = bed.rig.host.write32};
    CHECK_U64(amdvi_drv_early_block(&least, &bed.early), AMDVI_DRV_OK);
    expect_blocked(true);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_DEV_TAB_BASE), (bed.early.memory.spa + 4096) | 0x1ff);
    stop();
}

/* ---- Taking over ----------------------------------------------------------------------------- */

/* An earlier kernel's IOMMU: on, device in a domain, an excluded range, rings and logs, and all of
 * it in caches. */
static void start_earlier(bool exclusion)
{
    struct machine *machine = &bed.rig.unit[0].machine;
    static const uint16_t devices[] = {DEVICE, FAR_DEVICE};

    for (unsigned i = 0; i < 2; i++) {
        uint64_t root = machine_set_paged(machine, devices[i], (uint16_t)(7 + i), 3);
        machine_map(machine, root, 3, 0x5000, 0x3000000, 12, true, true);
    }
    rig_set_reg(&bed.rig, 0, AMDVI_REG_DEV_TAB_BASE, MACHINE_DEVICE_TABLE | 0x1ff);
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CMD_BUF_BASE, MACHINE_COMMANDS | UINT64_C(8) << 56);
    rig_set_reg(&bed.rig, 0, AMDVI_REG_EVENT_LOG_BASE, MACHINE_EVENTS | UINT64_C(8) << 56);
    if (exclusion) {
        rig_set_reg(&bed.rig, 0, AMDVI_REG_EXCL_LIMIT, 0x9000);
        rig_set_reg(&bed.rig, 0, AMDVI_REG_EXCL_BASE, 0x9000 | 3); /* for all devices */
    }
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CONTROL, EARLIER);
    CHECK(passes(DEVICE) && passes(FAR_DEVICE));
}

static void take_over(const struct rig_options *options, bool exclusion)
{
    start(options, 1, true);
    start_earlier(exclusion);
    uint64_t events_head = rig_reg(&bed.rig, 0, AMDVI_REG_EVENT_LOG_TAIL);
    bed.rig.changed = watch_gap;
    CHECK_U64(amdvi_drv_early_block(&bed.rig.host, &bed.early), AMDVI_DRV_OK);
    bed.rig.changed = NULL;
    CHECK(bed.was_blocked && !bed.is_open);
    expect_blocked(true); /* by caches too */
    /* It was on throughout, and what is not about rings and logs is as it was. */
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_CONTROL), BIT64(0) | BIT64(10));
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_EVENT_LOG_TAIL), events_head);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_EXCL_BASE) & 1, 0);
    stop();
}

static unsigned switched_off;
static void (*true_write32)(void *ctx, void *window, uint32_t offset, uint32_t value);

static void note_off(void *ctx, void *window, uint32_t offset, uint32_t value)
{
    switched_off += offset == 0x18 && (value & 1) == 0;
    true_write32(ctx, window, offset, value);
}

static void a_running_unit_is_taken_over(void)
{
    for (unsigned exclusion = 0; exclusion < 2; exclusion++) {
        take_over(&(struct rig_options){.units = 1}, exclusion != 0);
        take_over(&(struct rig_options){.only32 = true}, exclusion != 0);
        take_over(&(struct rig_options){.non_coherent = true}, exclusion != 0);
    }
    start(&(struct rig_options){.units = 1}, 1, true);
    start_earlier(true);
    switched_off = 0;
    true_write32 = bed.rig.host.write32;
    bed.rig.host.write32 = note_off;
    CHECK_U64(amdvi_drv_early_block(&bed.rig.host, &bed.early), AMDVI_DRV_OK);
    CHECK_U64(switched_off, 0);
    stop();
}

static uint32_t (*true_read32)(void *ctx, void *window, uint32_t offset);

#define LATER_BITS  (~UINT64_C(0x1fff))
#define LATER_LOGS  UINT64_C(0x00000003f1006000) /* bits 33:28, 24, 14:13 */
#define LATER_GA_EN BIT64(17)
#define LATER_SEGS  (UINT64_C(3) << 34) /* a device table in eight segments */

/* A part of a later revision, with registers of 32 bits. */
static struct {
    uint64_t control; /* of LATER_BITS */
    uint64_t sticks;  /* of these, what stays */
    bool runs_on;     /* its logs */
    bool has_table;
    uint64_t at_table; /* control, when it got the table, and when it was turned on */
    uint64_t at_on;
    unsigned writes[3]; /* with GAEn before and after the upper half; of the upper half */
    unsigned tail_writes;
} later;

static uint32_t read_later(void *ctx, void *window, uint32_t offset)
{
    uint32_t more = offset == 0x18     ? (uint32_t)later.control
                    : offset == 0x1c   ? (uint32_t)(later.control >> 32)
                    : offset == 0x2020 ? (later.runs_on ? 1U << 8 : 0)
                                       : 0;

    return true_read32(ctx, window, offset) | more;
}

static void write_later(void *ctx, void *window, uint32_t offset, uint32_t value)
{
    bool was_on = (true_read32(ctx, window, 0x18) & 1) != 0;

    if (offset == 0x18 || offset == 0x1c) {
        uint64_t kept = offset == 0x18 ? UINT64_C(0xffffffff) << 32 : UINT64_C(0xffffffff);
        uint64_t written = offset == 0x18 ? value : (uint64_t)value << 32;
        later.control = ((later.control & (kept | later.sticks)) | written) & LATER_BITS;
    }
    if (offset == 0x18 && (value & LATER_GA_EN) != 0) {
        later.writes[later.writes[2] != 0]++;
    }
    later.writes[2] += offset == 0x1c && value == 0;
    later.tail_writes += offset == 0x2008 && value != 0;
    if (offset == 0 && !later.has_table) {
        later.has_table = true;
        later.at_table = later.control;
    }
    if (offset == 0x18 && (value & 1) != 0 && !was_on) {
        later.at_on = later.control;
    }
    true_write32(ctx, window, offset, value);
}

static void start_later(uint64_t control, bool is_on)
{
    start(&(struct rig_options){.only32 = true}, 1, true);
    if (is_on) {
        start_earlier(false);
    }
    memset(&later, 0, sizeof(later));
    later.control = control;
    true_read32 = bed.rig.host.read32;
    true_write32 = bed.rig.host.write32;
    bed.rig.host.read32 = read_later;
    bed.rig.host.write32 = write_later;
}

static void later_bits_are_cleared_once_nothing_uses_them(void)
{
    start_later(LATER_GA_EN | LATER_SEGS, true);
    CHECK_U64(amdvi_drv_early_block(&bed.rig.host, &bed.early), AMDVI_DRV_OK);
    CHECK(later.writes[0] != 0);
    CHECK_U64(later.writes[1], 0);
    CHECK_U64(later.writes[2], 1);
    CHECK_U64(later.tail_writes, 2 * 65536 / 128); /* everything, before and after */
    CHECK_U64(later.at_table, LATER_GA_EN | LATER_SEGS);
    CHECK_U64(later.control, 0);
    stop();
}

/* They are written to memory that was the earlier kernel's. */
static void further_logs_stop_first(void)
{
    start_later(LATER_LOGS | LATER_GA_EN | LATER_SEGS, true);
    CHECK_U64(amdvi_drv_early_block(&bed.rig.host, &bed.early), AMDVI_DRV_OK);
    CHECK_U64(later.at_table, LATER_GA_EN | LATER_SEGS);
    CHECK_U64(later.control, 0);
    stop();
    /* One that runs on is told. */
    start_later(BIT64(28), true);
    later.runs_on = true;
    CHECK_U64(amdvi_drv_early_block(&bed.rig.host, &bed.early), AMDVI_DRV_ERR_TIMEOUT);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_DEV_TAB_BASE), bed.early.memory.spa + 4096);
    stop();
    /* Where they were off, this bit of STATUS is nothing. */
    start_later(LATER_GA_EN, true);
    later.runs_on = true;
    CHECK_U64(amdvi_drv_early_block(&bed.rig.host, &bed.early), AMDVI_DRV_OK);
    stop();
}

/* To be turned on with them would start a log where a kernel was before a reset, say. */
static void leftovers_of_one_that_is_off_are_never_on(void)
{
    start_later(LATER_BITS, false);
    later.at_on = LATER_BITS;
    CHECK_U64(amdvi_drv_early_block(&bed.rig.host, &bed.early), AMDVI_DRV_OK);
    CHECK_U64(later.at_on, 0);
    CHECK_U64(later.at_table, 0);
    expect_blocked(true);
    stop();
}

static void bits_that_stay_are_told(void)
{
    for (unsigned bit = 13; bit < 64; bit += 5) {
        for (unsigned is_on = 0; is_on < 2; is_on++) {
            start_later(BIT64(bit), is_on != 0);
            later.sticks = BIT64(bit);
            CHECK_U64(amdvi_drv_early_block(&bed.rig.host, &bed.early), AMDVI_DRV_ERR_HARDWARE);
            expect_blocked(true);
            stop();
        }
    }
}

/* ---- What does not work ---------------------------------------------------------------------- */

static void nothing_is_changed_where_it_cannot_be(void)
{
    start(&(struct rig_options){.only32 = true}, 1, true);
    start_earlier(false);
    /* The old table lies where no 32 bits reach. */
    uint64_t old = UINT64_C(0x100000000) | MACHINE_DEVICE_TABLE;
    rig_set_reg(&bed.rig, 0, AMDVI_REG_DEV_TAB_BASE, old);
    unsigned writes = 0;
    CHECK_U64(amdvi_drv_early_block(&bed.rig.host, &bed.early), AMDVI_DRV_ERR_UNSUPPORTED);
    for (unsigned reg = 0; reg < AMDVI_REG_COUNT; reg++) {
        writes += bed.rig.unit[0].writes[reg];
    }
    CHECK_U64(writes, 0);
    /* It is no reason where the unit is off, or the host writes 64 bits. */
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CONTROL, 0);
    CHECK_U64(amdvi_drv_early_block(&bed.rig.host, &bed.early), AMDVI_DRV_OK);
    expect_blocked(true);
    stop();
}

static void memory_that_does_not_fit_is_refused(void)
{
    start(&(struct rig_options){.units = 1}, 2, true);
    struct amdvi_drv_early good = bed.early;
    for (unsigned i = 0; i < 7; i++) {
        bed.early = good;
        struct amdvi_drv_block *memory = &bed.early.memory;
        memory->size_bytes = i == 0 ? 4096 : i == 1 ? 12288 + 32 : memory->size_bytes;
        memory->size_bytes = i == 2 ? UINT64_C(514) * 4096 : memory->size_bytes;
        memory->bytes = i == 3 ? NULL : memory->bytes;
        memory->bytes = i == 4 ? (uint8_t *)memory->bytes + 64 : memory->bytes;
        memory->spa += i == 5 ? 64 : 0;
        bed.early.window = i == 6 ? NULL : bed.early.window;
        CHECK_U64(amdvi_drv_early_block(&bed.rig.host, &bed.early), AMDVI_DRV_ERR_ARGUMENT);
    }
    bed.early = good;
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_DEV_TAB_BASE), 0);
    stop();
}

/* Blocked all the same, and in bounded time, with a clock and without. */
static void a_ring_that_is_dead_is_told(void)
{
    for (unsigned mode = 0; mode < 8; mode++) {
        start(&(struct rig_options){.units = 1}, 1, true);
        if (mode < 4) {
            start_earlier(false);
        }
        bed.rig.completion = mode % 2 == 0 ? RIG_NEVER : RIG_AT_ONCE;
        bed.rig.stuck_run = mode % 2 != 0;
        uint64_t before_ns = bed.rig.now_ns;
        if ((mode & 2) != 0) {
            bed.rig.host.now_ns = NULL;
            bed.rig.host.pause = NULL;
        }
        CHECK_U64(amdvi_drv_early_block(&bed.rig.host, &bed.early), AMDVI_DRV_ERR_TIMEOUT);
        CHECK(bed.rig.now_ns - before_ns < UINT64_C(1100000000));
        CHECK((mode & 2) != 0 || bed.rig.now_ns - before_ns >= UINT64_C(1000000000));
        uint64_t spa;
        CHECK(!rig_peek(&bed.rig, 0, DEVICE, 0x5000, false, &spa));
        CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_DEV_TAB_BASE), bed.early.memory.spa + 4096);
        stop();
    }
}

static const struct check_case cases[] = {
    {"L-5: from reset on everything is blocked, from the first store that says so",
     "1.20 device table", it_blocks_from_reset},
    {"reads and writes of 32 bits are enough, and a table of 2 MiB", NULL,
     read32_and_write32_are_enough},
    {"L-5, XSA-400: a unit that runs is taken over, with its caches, and never off",
     "1.20 IOMMU control", a_running_unit_is_taken_over},
    {"later revisions' bits are cleared once nothing cached uses them, and all again invalidated",
     "2.6 IOMMU control", later_bits_are_cleared_once_nothing_uses_them},
    {"where a table cannot be replaced in one piece, nothing is changed", NULL,
     nothing_is_changed_where_it_cannot_be},
    {"memory that does not fit is refused", NULL, memory_that_does_not_fit_is_refused},
    {"J-1: a ring that is dead is told in bounded time, and blocked all the same", NULL,
     a_ring_that_is_dead_is_told},
    {"a later revision's logs stop before anything else", "2.6 IOMMU control",
     further_logs_stop_first},
    {"a unit that is off is not turned on with bits of a later revision", "2.6 IOMMU control",
     leftovers_of_one_that_is_off_are_never_on},
    {"bits of a later revision that do not go are an error", "2.6 IOMMU control",
     bits_that_stay_are_told},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
