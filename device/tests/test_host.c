/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is asked of the host, and what may happen meanwhile: entries that change while they are
 * read, host pointers that are good for less, and threads that call in.
 */
#define _DEFAULT_SOURCE /* nanosleep */

#include "host.h"

#include <pthread.h>
#include <time.h>

#define OTHER_DOMAIN 7

/* ---- An entry that changes while it is read -------------------------------------------------- */

/* The interrupt table, which DMA does not use, moves before each pass but the first, so often. */
static enum amdvi_memory_status keep_changing(struct host *host, unsigned pass, unsigned word)
{
    if (word == 0 && pass > 1 && pass <= host->changes + 1) {
        put64(host, ENTRY + 16, (uint64_t)pass << 12);
    }
    return AMDVI_MEMORY_OK;
}

static void an_entry_is_read_until_two_passes_agree(void)
{
    for (unsigned changes = 0; changes < 12; changes++) {
        struct host host;
        bool is_found = changes < 8;

        start(&host);
        host.before = keep_changing;
        host.changes = changes;
        struct amdvi_translation got = ask(&host, 0x5008, 4, AMDVI_ACCESS_READ);
        CHECK_U64(host.entry_reads, 4 * (is_found ? changes + 2 : 9));
        if (is_found) {
            CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
            CHECK_U64(got.spa, 0xa008);
            expect_events(&host, 0, 0, 0);
        } else {
            CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED);
            expect_events(&host, 1, event_word(CODE_DTE_ERROR, DEVICE, 0, TYPE_DATA), ENTRY);
        }
        stop(&host);
    }
}

/* The new entry comes after quadword 0 of the old one was read. */
static enum amdvi_memory_status change_between(struct host *host, unsigned pass, unsigned word)
{
    if (pass == 1 && word == 1) {
        put64(host, ENTRY, V);
        put64(host, ENTRY + 8, DOMAIN);
    }
    return AMDVI_MEMORY_OK;
}

static void halves_of_two_entries_are_not_put_together(void)
{
    struct host host;

    start(&host);
    put64(&host, ENTRY, V | TV | IR); /* this would be PR=1 and PE=1 */
    put64(&host, ENTRY + 8, OTHER_DOMAIN);
    host.before = change_between;
    CHECK_U64(ask(&host, 0x5008, 4, AMDVI_ACCESS_WRITE).outcome, AMDVI_OUTCOME_ABORTED);
    expect_events(&host, 1, event_word(CODE_PAGE_FAULT, DEVICE, DOMAIN, FLAG_RW), 0x5008);
    CHECK_U64(host.entry_reads, 12);
    stop(&host);
}

static enum amdvi_memory_status fail_second(struct host *host, unsigned pass, unsigned word)
{
    (void)host;
    return pass == 2 && word == 3 ? AMDVI_MEMORY_ABSENT : AMDVI_MEMORY_OK;
}

static void an_entry_may_fail_in_the_second_pass(void)
{
    struct host host;

    start(&host);
    host.before = fail_second;
    CHECK_U64(ask(&host, 0x5008, 4, AMDVI_ACCESS_READ).outcome, AMDVI_OUTCOME_ABORTED);
    expect_events(&host, 1, event_word(CODE_DTE_ERROR, DEVICE, 0, TYPE_ABSENT), ENTRY);
    CHECK_U64(host.entry_reads, 8);
    stop(&host);
}

/* Page 6 carries on page 5, but in a domain of its own by then. */
static enum amdvi_memory_status change_domain(struct host *host, unsigned pass, unsigned word)
{
    if (pass == 3 && word == 0) {
        put64(host, ENTRY + 8, OTHER_DOMAIN);
    }
    return AMDVI_MEMORY_OK;
}

static void pages_of_two_domains_are_not_one_run(void)
{
    struct host host;

    start(&host);
    CHECK_U64(ask(&host, 0x5800, 0x1800, AMDVI_ACCESS_READ).run_bytes, 0x1800);
    host.entry_reads = 0;
    host.before = change_domain;
    struct amdvi_translation got = ask(&host, 0x5800, 0x1800, AMDVI_ACCESS_READ);
    CHECK_U64(got.spa, 0xa800);
    CHECK_U64(got.run_bytes, 0x800);
    got = ask(&host, 0x6000, 0x1000, AMDVI_ACCESS_READ);
    CHECK_U64(got.spa, 0xb000);
    CHECK_U64(got.run_bytes, 0x1000);
    stop(&host);
}

/* ---- Host pointers --------------------------------------------------------------------------- */

static void a_host_pointer_is_asked_for_the_access(void)
{
    static const enum amdvi_access accesses[] = {AMDVI_ACCESS_READ, AMDVI_ACCESS_WRITE,
                                                 AMDVI_ACCESS_READ_WRITE};

    for (unsigned i = 0; i < 3; i++) {
        struct host host;

        start(&host);
        host.pointer = &host.ram[0xa010];
        struct amdvi_translation got = ask(&host, 0x5010, 0x2000, accesses[i]);
        CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
        CHECK(got.host == host.pointer);
        CHECK_U64(got.run_bytes, 0x1ff0);
        CHECK_U64(host.map_calls, 1);
        CHECK_U64(host.map_spa, 0xa010);
        CHECK_U64(host.map_wanted, 0x1ff0);
        CHECK_U64(host.map_write, accesses[i] != AMDVI_ACCESS_READ);
        /* None is asked for where there is no memory to go to. */
        got = ask(&host, 0x9000, 4, accesses[i]);
        CHECK(got.host == NULL);
        got = ask(&host, 0xfee00000, 4, AMDVI_ACCESS_WRITE);
        CHECK_U64(got.outcome, AMDVI_OUTCOME_INTERRUPT);
        CHECK_U64(host.map_calls, 1);
        stop(&host);
    }
}

static void a_host_pointer_may_be_good_for_less(void)
{
    static const struct {
        bool is_there;
        uint64_t answered;
        uint64_t run_bytes;
    } answers[] = {
        {true, 1, 1},
        {true, 0x17ff, 0x17ff},
        {true, 0x1800, 0x1800},
        {true, 0x1801, 0x1800}, /* more than was asked for */
        {true, UINT64_MAX, 0x1800},
        {false, 1, 0x1800},
        {false, UINT64_MAX, 0x1800},
    };

    for (unsigned i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct host host;

        start(&host);
        host.pointer = answers[i].is_there ? &host.ram[0xa000] : NULL;
        host.run_bytes = answers[i].answered;
        struct amdvi_translation got = ask(&host, 0x5000, 0x1800, AMDVI_ACCESS_READ);
        CHECK(got.host == host.pointer);
        CHECK_U64(got.run_bytes, answers[i].run_bytes);
        CHECK_U64(got.spa, 0xa000);
        CHECK_U64(got.granule_log2, 12);
        stop(&host);
    }
}

/* ---- Threads that call in meanwhile ---------------------------------------------------------- */

enum meeting { WRITES_A_REGISTER, LOGS_AN_EVENT, ANSWERS, RESETS };

static struct {
    pthread_t thread;
    enum meeting what;
    bool is_started;
    _Atomic bool is_done;
} other;

static void *run_other(void *ctx)
{
    struct host *host = ctx;
    struct amdvi_reader *reader = amdvi_iommu_reader(host->iommu, 1);
    struct amdvi_request request = {
        .device_id = DEVICE, .access = AMDVI_ACCESS_READ, .iova = 0x9000, .size_bytes = 1};
    struct amdvi_translation got;

    if (other.what == WRITES_A_REGISTER) {
        amdvi_iommu_cap_write(host->iommu, 8, 4, 0x55);
    } else if (other.what == ANSWERS) {
        amdvi_iommu_iotlb_invalidated(host->iommu, DEVICE, 1234); /* nobody's */
    } else if (other.what == RESETS) {
        amdvi_iommu_reset(host->iommu);
    } else {
        amdvi_reader_online(reader);
        amdvi_iommu_translate(reader, &request, &got);
        amdvi_reader_offline(reader);
    }
    atomic_store(&other.is_done, true);
    return NULL;
}

/* From within a call of the library: the other thread has to wait until that is over. */
static void let_another_come(struct host *host)
{
    const struct timespec moment = {.tv_nsec = 1000000};

    if (other.is_started) {
        return;
    }
    other.is_started = CHECK_U64(pthread_create(&other.thread, NULL, run_other, host), 0);
    for (unsigned i = 0; i < 50 && !atomic_load(&other.is_done); i++) {
        nanosleep(&moment, NULL);
    }
    CHECK(!atomic_load(&other.is_done));
}

static void begin_meeting(struct host *host, enum meeting what)
{
    other.what = what;
    other.is_started = false;
    atomic_store(&other.is_done, false);
    amdvi_iommu_cap_write(host->iommu, 8, 4, 0);
    host->asked_for_time = let_another_come;
}

static void end_meeting(struct host *host)
{
    host->asked_for_time = NULL;
    if (CHECK(other.is_started)) {
        pthread_join(other.thread, NULL);
    }
    CHECK(atomic_load(&other.is_done));
    CHECK_U64(amdvi_iommu_cap_read(host->iommu, 8, 4), other.what == WRITES_A_REGISTER ? 0x55 : 0);
}

/* One request in flight, with a time-out. */
static void invalidate_iotlb(struct host *host)
{
    amdvi_iommu_mmio_write(host->iommu, 0x18, 8, 0x14a5); /* InvTimeOut=101b */
    put64(host, COMMANDS, UINT64_C(4) << 60 | DEVICE);
    put64(host, COMMANDS + 8, 0x5000);
    amdvi_iommu_mmio_write(host->iommu, 0x2008, 8, 0x10);
    amdvi_reader_release(host->reader);
    CHECK_U64(host->iotlb_requests, 1);
}

/* What looks at the time does so while it holds what it looks at. */
static void calls_are_not_disturbed_by_other_threads(void)
{
    struct amdvi_config config = config_with_ats();
    uint8_t before[AMDVI_SAVED_BYTES_MAX];
    uint8_t state[AMDVI_SAVED_BYTES_MAX];
    struct host host;
    size_t size_before = 0;
    size_t size = 0;
    config.readers = 2;

    start_in(&host, &config, NULL);
    begin_meeting(&host, WRITES_A_REGISTER);
    invalidate_iotlb(&host);
    end_meeting(&host);
    begin_meeting(&host, WRITES_A_REGISTER);
    amdvi_iommu_timer_expired(host.iommu);
    end_meeting(&host);
    for (unsigned what = WRITES_A_REGISTER; what <= LOGS_AN_EVENT; what++) {
        begin_meeting(&host, (enum meeting)what);
        host.asked_for_time = NULL;
        CHECK_U64(amdvi_iommu_save(host.iommu, before, sizeof(before), &size_before), AMDVI_OK);
        host.asked_for_time = let_another_come;
        CHECK_U64(amdvi_iommu_save(host.iommu, state, sizeof(state), &size), AMDVI_OK);
        end_meeting(&host);
        CHECK_U64(size, size_before);
        CHECK(memcmp(state, before, size) == 0); /* as if the other had come afterwards */
    }
    expect_events(&host, 1, event_word(CODE_PAGE_FAULT, DEVICE, DOMAIN, 0), 0x9000);
    for (unsigned what = ANSWERS; what <= RESETS; what++) {
        begin_meeting(&host, (enum meeting)what);
        amdvi_iommu_timer_expired(host.iommu);
        end_meeting(&host);
    }
    CHECK_U64(amdvi_iommu_mmio_read(host.iommu, 0, 8), 0);
    CHECK_U64(amdvi_iommu_mmio_read(host.iommu, 0x18, 8), 0x400);
    stop(&host);
}

/* ---- COMPLETION_WAITs ------------------------------------------------------------------------ */

/* A command at byte @at of the ring, which ends behind it. */
static void command(struct host *host, uint64_t at, uint64_t word0, uint64_t word1)
{
    put64(host, COMMANDS + at, word0);
    put64(host, COMMANDS + at + 8, word1);
    amdvi_iommu_mmio_write(host->iommu, 0x2008, 8, at + 16);
}

#define WAIT_STORE (UINT64_C(1) << 60 | 0x6000 | 1)

static void each_wait_that_completes_is_told_of(void)
{
    struct host host;

    start(&host);
    command(&host, 0, UINT64_C(3) << 60 | (uint64_t)DOMAIN << 32, 0x5000);
    CHECK_U64(host.waits_completed, 0); /* an invalidation is none */
    command(&host, 16, WAIT_STORE, 1);
    CHECK_U64(host.waits_completed, 0); /* the reader is still online */
    amdvi_reader_release(host.reader);
    CHECK_U64(host.waits_completed, 1);
    CHECK_U64(host.wait_offset, 16);
    CHECK_U64(get64(&host, 0x6000), 1);
    command(&host, 32, UINT64_C(1) << 60 | 2, 0); /* an interrupt, no store */
    CHECK_U64(host.waits_completed, 2);
    CHECK_U64(host.wait_offset, 32);
    command(&host, 48, UINT64_C(1) << 60 | RAM_BYTES | 1, 3); /* there is no such memory */
    CHECK_U64(host.waits_completed, 2);
    stop(&host);
}

static const struct check_case cases[] = {
    {"a device table entry is read until two passes of at most nine agree",
     "1.20 device table entry", an_entry_is_read_until_two_passes_agree},
    {"halves of an old and a new entry are not put together", "1.20 device table entry",
     halves_of_two_entries_are_not_put_together},
    {"an entry that cannot be read the second time is a hardware error",
     "1.20 DEV_TAB_HARDWARE_ERROR", an_entry_may_fail_in_the_second_pass},
    {"pages of two domains are not one run, though their addresses are", "1.20 I/O page tables",
     pages_of_two_domains_are_not_one_run},
    {"the host is asked for a pointer to the run, and told whether it is written", NULL,
     a_host_pointer_is_asked_for_the_access},
    {"a host pointer shortens the run to what it is good for, and nothing else changes it", NULL,
     a_host_pointer_may_be_good_for_less},
    {"while requests are sent, timed or saved, what another thread changes has to wait", NULL,
     calls_are_not_disturbed_by_other_threads},
    {"the host is told of each COMPLETION_WAIT that completes, and where it was",
     "1.20 COMPLETION_WAIT", each_wait_that_completes_is_told_of},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
