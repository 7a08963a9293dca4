/* SPDX-License-Identifier: BSD-2-Clause */
/* The event log: what is programmed, events in order, a full log, late entries, and the status. */
#include "check.h"
#include "rig.h"

#include <amdvi/drv_log.h>

#include <string.h>

#define BIT64(n)    (UINT64_C(1) << (n))
#define PAGE_FAULT  (UINT64_C(2) << 60)
#define OVERFLOW    BIT64(0)
#define LOG_INT     BIT64(1)
#define WAIT_INT    BIT64(2)
#define LOG_RUN     BIT64(3)
#define LOG_EN      BIT64(2)
#define INT_EN      BIT64(3)
#define ENTRIES     256
#define DEVICE      0x0321
#define DEVICE_WORD 0x0321

struct bed {
    struct rig rig;
    struct amdvi_drv_log log;
};

static struct bed bed; /* large */

/* An IOMMU that is on, with a table in which DEVICE is blocked. */
static void start_machine(const struct rig_options *options)
{
    static struct rig_options chosen;

    chosen = *options;
    chosen.caches = 1;
    rig_start(&bed.rig, &chosen);
    CHECK_U64(amdvi_drv_heap_init(&bed.rig.heap, &bed.rig.host, NULL), AMDVI_DRV_OK);
    machine_set_dte_words(&bed.rig.unit[0].machine, DEVICE, 1, 0, 0, 0);
    rig_set_reg(&bed.rig, 0, AMDVI_REG_DEV_TAB_BASE, MACHINE_DEVICE_TABLE | 0x1ff);
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CONTROL, BIT64(0));
}

static void start(const struct rig_options *options)
{
    start_machine(options);
    CHECK_U64(amdvi_drv_log_init(&bed.log, &bed.rig.heap, rig_window(&bed.rig, 0), 8),
              AMDVI_DRV_OK);
    amdvi_drv_log_start(&bed.log, true);
}

static void stop(void)
{
    amdvi_drv_log_destroy(&bed.log);
    CHECK(rig_stop(&bed.rig));
}

static uint64_t status(void)
{
    return rig_reg(&bed.rig, 0, AMDVI_REG_STATUS);
}

/* The device faults at @iova. */
static void fault(uint64_t iova)
{
    uint64_t spa;

    CHECK(!rig_access(&bed.rig, 0, DEVICE, iova, false, &spa));
}

static bool expect_fault(uint64_t iova)
{
    struct amdvi_drv_report report;

    memset(&report, 0xff, sizeof(report));
    return CHECK(amdvi_drv_log_next(&bed.log, &report)) && CHECK(report.known) &&
           CHECK_U64(report.event.code, AMDVI_EVENT_IO_PAGE_FAULT) &&
           CHECK_U64(report.event.device_id, DEVICE) && CHECK_U64(report.event.address, iova) &&
           CHECK_U64(report.raw[0], PAGE_FAULT | DEVICE_WORD) && CHECK_U64(report.raw[1], iova) &&
           CHECK_U64(report.lost, 0) && CHECK(!report.device_stopped);
}

static bool expect_nothing(void)
{
    struct amdvi_drv_report report;

    return CHECK(!amdvi_drv_log_next(&bed.log, &report));
}

static void on_each_host(void (*body)(void))
{
    static const struct rig_options hosts[] = {
        {.units = 1}, {.only32 = true}, {.non_coherent = true}, {.no_locks = true}};

    for (unsigned i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        start(&hosts[i]);
        body();
        stop();
    }
}

/* ---- Start ----------------------------------------------------------------------------------- */

static void registers_are_programmed(void)
{
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_EVENT_LOG_BASE), bed.log.entries.spa | UINT64_C(8)
                                                                                        << 56);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_EVENT_LOG_HEAD), 0);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_EVENT_LOG_TAIL), 0);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_CONTROL), BIT64(0) | LOG_EN | INT_EN);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_CMD_BUF_BASE) & ~(UINT64_C(8) << 56), 0);
    CHECK_U64(status(), LOG_RUN);
    expect_nothing();
    CHECK_U64(amdvi_drv_log_stop(&bed.log), AMDVI_DRV_OK);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_CONTROL), BIT64(0));
    amdvi_drv_log_start(&bed.log, false);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_CONTROL), BIT64(0) | LOG_EN);
}

static void start_programs_base_length_and_pointers(void)
{
    on_each_host(registers_are_programmed);
}

static void init_fails_whole(void)
{
    start_machine(&(struct rig_options){.units = 1});
    void *window = rig_window(&bed.rig, 0);
    CHECK_U64(amdvi_drv_log_init(&bed.log, &bed.rig.heap, window, 7), AMDVI_DRV_ERR_ARGUMENT);
    CHECK_U64(amdvi_drv_log_init(&bed.log, &bed.rig.heap, window, 16), AMDVI_DRV_ERR_ARGUMENT);
    bed.rig.fail_at = bed.rig.calls + 1;
    CHECK_U64(amdvi_drv_log_init(&bed.log, &bed.rig.heap, window, 8), AMDVI_DRV_ERR_NO_MEMORY);
    CHECK_U64(bed.rig.unit[0].writes[AMDVI_REG_EVENT_LOG_BASE], 0);
    CHECK_U64(bed.rig.unit[0].writes[AMDVI_REG_CONTROL], 0);
    CHECK(rig_stop(&bed.rig));
}

static void a_log_that_runs_is_stopped_first(void)
{
    uint64_t earlier = MACHINE_EVENTS | UINT64_C(9) << 56;

    start_machine(&(struct rig_options){.units = 1});
    rig_set_reg(&bed.rig, 0, AMDVI_REG_EVENT_LOG_BASE, earlier);
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CONTROL, BIT64(0) | LOG_EN | INT_EN | BIT64(12));
    fault(0x1000);
    CHECK_U64(amdvi_drv_log_init(&bed.log, &bed.rig.heap, rig_window(&bed.rig, 0), 8),
              AMDVI_DRV_OK);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_EVENT_LOG_BASE), earlier);
    bed.rig.stuck_run = true;
    uint64_t before_ns = bed.rig.now_ns;
    CHECK_U64(amdvi_drv_log_stop(&bed.log), AMDVI_DRV_ERR_TIMEOUT);
    CHECK(bed.rig.now_ns - before_ns < 200000000);
    amdvi_drv_log_start(&bed.log, true);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_EVENT_LOG_BASE), earlier);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_CONTROL) & LOG_EN, 0);
    bed.rig.stuck_run = false;
    amdvi_drv_log_start(&bed.log, true);
    CHECK_U64(status(), LOG_RUN | BIT64(4)); /* and what was set before is gone */
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_CONTROL), BIT64(0) | LOG_EN | INT_EN | BIT64(12));
    fault(0x2000);
    expect_fault(0x2000);
    expect_nothing();
    stop();
}

/* ---- Events ---------------------------------------------------------------------------------- */

static void events_come_in_order(void)
{
    for (unsigned i = 0; i < 3 * ENTRIES; i++) {
        for (unsigned k = 0; k <= i % 3; k++) {
            fault(0x1000 * (i + 1) + 8 * k);
        }
        for (unsigned k = 0; k <= i % 3; k++) {
            if (!expect_fault(0x1000 * (i + 1) + 8 * k)) {
                return;
            }
            /* The head is in its register, and what was read is cleared for errata 732 and 733. */
            uint64_t head = rig_reg(&bed.rig, 0, AMDVI_REG_EVENT_LOG_HEAD);
            CHECK_U64(head, bed.log.head);
            uint64_t read = bed.log.entries.spa + (head + 4096 - 16) % 4096;
            CHECK_U64(rig_read64(&bed.rig, read) | rig_read64(&bed.rig, read + 8), 0);
        }
    }
    expect_nothing();
    CHECK_U64(bed.log.overflows, 0);
}

static void events_wrap_with_the_log(void)
{
    on_each_host(events_come_in_order);
}

static void a_full_log_goes_on(void)
{
    /* 255 fit; the next stops the log. */
    for (unsigned i = 0; i < ENTRIES + 10; i++) {
        fault(0x1000 * (uint64_t)(i + 1));
    }
    CHECK_U64(status() & (OVERFLOW | LOG_INT | LOG_RUN), OVERFLOW | LOG_INT);
    CHECK(amdvi_drv_log_acknowledge(&bed.log));
    CHECK_U64(status(), LOG_RUN);
    CHECK_U64(bed.log.overflows, 1);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_CONTROL), BIT64(0) | LOG_EN | INT_EN);
    for (unsigned i = 0; i < ENTRIES - 1; i++) {
        if (!expect_fault(0x1000 * (uint64_t)(i + 1))) {
            return;
        }
    }
    expect_nothing();
    fault(0x777000);
    CHECK_U64(status(), LOG_RUN | LOG_INT);
    expect_fault(0x777000);
    CHECK(amdvi_drv_log_acknowledge(&bed.log));
    CHECK(!amdvi_drv_log_acknowledge(&bed.log));
    CHECK_U64(bed.log.overflows, 1);
}

static void an_overflow_is_restarted(void)
{
    on_each_host(a_full_log_goes_on);
}

/* ---- Late entries ---------------------------------------------------------------------------- */

static unsigned looks_left;
static uint64_t (*true_now)(void *ctx);

/* The entry arrives while it is waited for. */
static uint64_t now_and_arrive(void *ctx)
{
    if (looks_left != 0 && --looks_left == 0) {
        machine_write64(&bed.rig.unit[0].machine, bed.log.entries.spa + 8, 0x9000);
        machine_write64(&bed.rig.unit[0].machine, bed.log.entries.spa, PAGE_FAULT | DEVICE_WORD);
    }
    return true_now(ctx);
}

static void a_late_entry_is_waited_for(void)
{
    true_now = bed.rig.host.now_ns;
    bed.rig.host.now_ns = now_and_arrive;
    fault(0x9000);
    machine_write64(&bed.rig.unit[0].machine, bed.log.entries.spa, 0);
    machine_write64(&bed.rig.unit[0].machine, bed.log.entries.spa + 8, 0);
    looks_left = 20;
    expect_fault(0x9000);
    expect_nothing();
    bed.rig.host.now_ns = true_now;
}

static void an_entry_behind_its_tail_is_waited_for(void)
{
    on_each_host(a_late_entry_is_waited_for);
}

static void an_entry_that_never_comes_is_skipped(void)
{
    struct amdvi_drv_report report;

    fault(0x9000);
    fault(0xa000);
    machine_write64(&bed.rig.unit[0].machine, bed.log.entries.spa, 0);
    machine_write64(&bed.rig.unit[0].machine, bed.log.entries.spa + 8, 0);
    uint64_t before_ns = bed.rig.now_ns;
    CHECK(amdvi_drv_log_next(&bed.log, &report));
    CHECK(bed.rig.now_ns - before_ns >= 100000 && bed.rig.now_ns - before_ns < 110000);
    CHECK(!report.known);
    CHECK_U64(report.lost, 1);
    CHECK_U64(report.raw[0] | report.raw[1], 0);
    expect_fault(0xa000);
    expect_nothing();
}

static void a_missing_entry_is_counted(void)
{
    on_each_host(an_entry_that_never_comes_is_skipped);
}

static uint32_t tail_outside(void *ctx, void *window, uint32_t offset)
{
    (void)ctx;
    (void)window;
    return offset == 0x2018 ? 0x8000 : 0;
}

static void an_unknown_code_comes_raw(void)
{
    struct amdvi_drv_report report;

    start(&(struct rig_options){.units = 1});
    fault(0x9000);
    machine_write64(&bed.rig.unit[0].machine, bed.log.entries.spa, UINT64_C(0x9123456789abcdef));
    CHECK(amdvi_drv_log_next(&bed.log, &report));
    CHECK(!report.known);
    CHECK_U64(report.lost, 0);
    CHECK_U64(report.raw[0], UINT64_C(0x9123456789abcdef));
    CHECK_U64(report.raw[1], 0x9000);
    /* A tail outside of the log is no event. */
    uint32_t (*read32)(void *, void *, uint32_t) = bed.rig.host.read32;
    bed.rig.host.read32 = tail_outside;
    expect_nothing();
    bed.rig.host.read32 = read32;
    stop();
}

/* What was not taken, and that the log was full, is over when it starts again. */
static void a_log_starts_empty(void)
{
    for (unsigned i = 0; i < ENTRIES + 10; i++) {
        fault(0x1000 * (uint64_t)(i + 1));
    }
    for (unsigned i = 0; i < 5; i++) {
        expect_fault(0x1000 * (uint64_t)(i + 1));
    }
    CHECK_U64(amdvi_drv_log_stop(&bed.log), AMDVI_DRV_OK);
    amdvi_drv_log_start(&bed.log, true);
    CHECK_U64(status(), LOG_RUN);
    CHECK_U64(bed.log.head, 0);
    /* The rig takes a store of what the cache holds for none, so not on a host that is not
     * coherent.
     */
    for (uint64_t i = 0; i < 512 && !bed.rig.options.non_coherent; i++) {
        if (!CHECK_U64(rig_read64(&bed.rig, bed.log.entries.spa + 8 * i), 0)) {
            return;
        }
    }
    expect_nothing();
    fault(0x777000);
    expect_fault(0x777000);
    expect_nothing();
}

static void a_restarted_log_is_empty(void)
{
    on_each_host(a_log_starts_empty);
}

/* ---- Status ---------------------------------------------------------------------------------- */

static void status_is_read_again(void)
{
    fault(0x9000);
    bed.rig.status_races = true; /* the first write is lost */
    CHECK(amdvi_drv_log_acknowledge(&bed.log));
    CHECK_U64(status(), LOG_RUN);
    /* The next event interrupts again. */
    unsigned msis = bed.rig.unit[0].machine.msis;
    fault(0xa000);
    CHECK_U64(bed.rig.unit[0].machine.msis, msis + 1);
    CHECK(amdvi_drv_log_acknowledge(&bed.log));
    fault(0xb000);
    CHECK_U64(bed.rig.unit[0].machine.msis, msis + 2);
}

static void a_status_bit_that_stays_is_cleared_again(void)
{
    on_each_host(status_is_read_again);
}

static uint64_t written_ones;

static uint32_t all_ones(void *ctx, void *window, uint32_t offset)
{
    (void)ctx;
    (void)window;
    return offset == 0x2020 ? UINT32_MAX : 0;
}

static void note_write(void *ctx, void *window, uint32_t offset, uint32_t value)
{
    (void)ctx;
    (void)window;
    written_ones |= offset == 0x2020 ? value : 0;
}

/* A status that never clears, with later revisions' bits: bounded, and those are not cleared. */
static void only_its_own_bits_are_cleared(void)
{
    start(&(struct rig_options){.only32 = true});
    uint32_t (*read32)(void *, void *, uint32_t) = bed.rig.host.read32;
    void (*write32)(void *, void *, uint32_t, uint32_t) = bed.rig.host.write32;
    bed.rig.host.read32 = all_ones;
    bed.rig.host.write32 = note_write;
    written_ones = 0;
    CHECK(amdvi_drv_log_acknowledge(&bed.log));
    CHECK_U64(written_ones, OVERFLOW | LOG_INT | WAIT_INT);
    CHECK_U64(bed.log.overflows, 8);
    bed.rig.host.read32 = read32;
    bed.rig.host.write32 = write32;
    stop();
}

static const struct check_case cases[] = {
    {"I-1, H-1: base, length and pointers are those of the event log", "1.20 event log",
     start_programs_base_length_and_pointers},
    {"a log without memory holds none, and no register was written", NULL, init_fails_whole},
    {"a log that runs is stopped first, or left alone", "1.20 event log",
     a_log_that_runs_is_stopped_first},
    {"J-1: events come in order, their entries are cleared, and the head goes into its register",
     "1.20 event log", events_wrap_with_the_log},
    {"O-1: a log that overflowed is restarted, and loses what came meanwhile only",
     "1.20 event log", an_overflow_is_restarted},
    {"an entry that comes after its tail is waited for (errata 732, 733)", "1.20 event log",
     an_entry_behind_its_tail_is_waited_for},
    {"an entry that never comes costs 100 us, and is counted", "1.20 event log",
     a_missing_entry_is_counted},
    {"an event of a later revision comes as its words", "1.20 event log",
     an_unknown_code_comes_raw},
    {"a log that starts again is empty, and was never full", "1.20 event log",
     a_restarted_log_is_empty},
    {"O-1: a status bit whose clearing was lost is cleared again (errata 787, 1312)",
     "1.20 IOMMU status", a_status_bit_that_stays_is_cleared_again},
    {"J-1: of the status only own bits are written as ones, and not for ever", "1.20 IOMMU status",
     only_its_own_bits_are_cleared},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
