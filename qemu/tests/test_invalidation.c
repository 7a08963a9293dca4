/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A COMPLETION_WAIT waits for what still uses a translation that was invalidated, and for nothing
 * else: mappings of I/O in flight, accesses in an IOThread. Those who keep copies are told.
 */
#include "check.h"
#include "rig.h"

#define IOVA 0x40000000u
#define PAGE 0x1000u

static void start(void)
{
    rig_start();
    rig_attach(RIG_TESTDEV);
    machine_fill(RIG_MEMORY, 0x11, 16 * PAGE);
    for (unsigned i = 0; i < 8; i++) {
        rig_map(IOVA + i * PAGE, RIG_MEMORY + i * PAGE, RIG_READ | RIG_WRITE);
    }
}

/* Rounds through the main loop, in which a completion would come if it could. */
static void let_things_happen(void)
{
    for (unsigned i = 0; i < 20; i++) {
        machine_clock_step(1000000);
    }
}

static void old_translation_is_gone(void)
{
    start();
    CHECK_U64(testdev_run(TESTDEV_READ, IOVA, PAGE, 0), 0);
    rig_map(IOVA, RIG_MEMORY + 9 * PAGE, RIG_READ);
    machine_fill(RIG_MEMORY + 9 * PAGE, 0x99, PAGE);
    rig_invalidate_page(IOVA);
    rig_wait_begin();
    CHECK(rig_wait_is_done());
    CHECK_U64(testdev_run(TESTDEV_READ, IOVA, PAGE, 0), 0);
    CHECK(testdev_buffer_is(0, PAGE, 0x99));
    RIG_NO_EVENTS();
    rig_stop();
}

static void mapping_parks(void)
{
    start();
    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA, PAGE, 0), 0);
    CHECK_U64(testdev_read(TESTDEV_REG_MAPPED), PAGE);
    rig_map(IOVA, 0, 0);
    rig_invalidate_page(IOVA);
    rig_wait_begin();
    let_things_happen();
    CHECK(!rig_wait_is_done());
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0x77), 0);
    let_things_happen();
    CHECK(rig_wait_is_done());
    CHECK(memory_is(RIG_MEMORY, PAGE, 0x77));
    RIG_NO_EVENTS();
    rig_stop();
}

static void intact_mapping_delays_nothing(void)
{
    start();
    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA, PAGE, 0), 0);
    rig_map(IOVA + PAGE, 0, 0);
    rig_invalidate_all_pages();
    rig_wait_begin();
    CHECK(rig_wait_is_done());
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0x77), 0);
    CHECK(memory_is(RIG_MEMORY, PAGE, 0x77));
    rig_stop();
}

static void every_page_of_a_mapping_counts(void)
{
    start();
    CHECK_U64(testdev_run(TESTDEV_MAP_READ, IOVA + 0x10, 5 * PAGE, 0), 0);
    CHECK_U64(testdev_read(TESTDEV_REG_MAPPED), 5 * PAGE);
    rig_map(IOVA + 5 * PAGE, 0, 0);
    rig_invalidate_page(IOVA + 5 * PAGE);
    rig_wait_begin();
    let_things_happen();
    CHECK(!rig_wait_is_done());
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0), 0);
    let_things_happen();
    CHECK(rig_wait_is_done());
    rig_stop();
}

static void lesser_permission_parks(void)
{
    start();
    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA, PAGE, 0), 0);
    rig_map(IOVA, RIG_MEMORY, RIG_READ);
    rig_invalidate_page(IOVA);
    rig_wait_begin();
    let_things_happen();
    CHECK(!rig_wait_is_done());
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0), 0);
    let_things_happen();
    CHECK(rig_wait_is_done());
    rig_stop();
}

static void device_table_change_parks(void)
{
    start();
    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA, PAGE, 0), 0);
    machine_write64(0x200000 + 32 * RIG_TESTDEV, 0x3);
    rig_invalidate_device(RIG_TESTDEV);
    rig_wait_begin();
    let_things_happen();
    CHECK(!rig_wait_is_done());
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0), 0);
    let_things_happen();
    CHECK(rig_wait_is_done());
    rig_stop();
}

/* Nothing remembers the translation but the mapping itself, when its entry is gone already. */
static void mapping_parks_without_caches(void)
{
    static const char *const args[] = {"-global", "amdvi.tlb-entries=0", NULL};

    rig_start_with(args, NULL);
    rig_attach(RIG_TESTDEV);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    rig_map(IOVA + PAGE, RIG_MEMORY + PAGE, RIG_READ | RIG_WRITE);
    for (unsigned round = 0; round < 3; round++) {
        rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
        CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA, PAGE, 0), 0);
        rig_map(IOVA, round == 1 ? RIG_MEMORY + 2 * PAGE : 0, round == 1 ? RIG_WRITE : 0);
        rig_invalidate_page(IOVA);
        rig_wait_begin();
        let_things_happen();
        CHECK(!rig_wait_is_done());

        /* Others go on, and lengthen nothing. */
        CHECK_U64(testdev_run(TESTDEV_READ, IOVA + PAGE, PAGE, 0), 0);
        let_things_happen();
        CHECK(!rig_wait_is_done());
        CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0x70 + round), 0);
        let_things_happen();
        CHECK(rig_wait_is_done());
        CHECK(memory_is(RIG_MEMORY, PAGE, (uint8_t)(0x70 + round)));
    }
    RIG_NO_EVENTS();
    rig_stop();
}

static void intact_mapping_delays_nothing_without_caches(void)
{
    static const char *const args[] = {"-global", "amdvi.tlb-entries=0", NULL};

    rig_start_with(args, NULL);
    rig_attach(RIG_TESTDEV);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA, PAGE, 0), 0);
    rig_invalidate_all_pages();
    rig_wait_begin();
    CHECK(rig_wait_is_done());
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0x77), 0);
    rig_stop();
}

/* Map in one thread, with or without a wait for it, and unmap in the other. */
static void run_in(bool iothread, unsigned command, uint64_t iova)
{
    if (iothread) {
        testdev_run_in_iothread(command, iova, PAGE);
        CHECK(testdev_wait(TESTDEV_REG_RUNNING, 0));
        CHECK_U64(testdev_read(TESTDEV_REG_RESULT), 0);
    } else {
        CHECK_U64(testdev_run(command, iova, PAGE, 0), 0);
    }
}

static void mapping_ends_in_another_thread(void)
{
    start();
    for (unsigned round = 0; round < 8; round++) {
        bool maps_in_iothread = (round & 1) != 0;
        bool is_parked = (round & 2) != 0;
        uint64_t iova = IOVA + round * PAGE;

        run_in(maps_in_iothread, TESTDEV_MAP_WRITE, iova);
        rig_map(iova, 0, 0);
        if (is_parked) {
            rig_invalidate_page(iova);
            rig_wait_begin();
            let_things_happen();
            CHECK(!rig_wait_is_done());
            run_in(!maps_in_iothread, TESTDEV_UNMAP, 0);
        } else {
            run_in(!maps_in_iothread, TESTDEV_UNMAP, 0);
            rig_invalidate_page(iova);
            rig_wait_begin();
        }
        let_things_happen();
        CHECK(rig_wait_is_done());
    }
    RIG_NO_EVENTS();
    rig_stop();
}

/* A page is remembered from access to access only until it is invalidated. */
static void pages_are_forgotten_in_between(void)
{
    start();
    for (unsigned round = 0; round < 64; round++) {
        unsigned page = round % 2;

        rig_map(IOVA, RIG_MEMORY + page * PAGE, RIG_READ | RIG_WRITE);
        rig_invalidate_page(IOVA);
        CHECK_U64(testdev_run(TESTDEV_STORE, IOVA, 8, round), 0);
        CHECK_U64(testdev_run(TESTDEV_STORE, IOVA + 8, 8, round), 0);
        CHECK_U64(machine_read64(RIG_MEMORY + page * PAGE), round);
        CHECK_U64(machine_read64(RIG_MEMORY + page * PAGE + 8), round);
    }
    rig_map(IOVA, RIG_MEMORY, RIG_READ);
    rig_invalidate_page(IOVA);
    CHECK_U64(testdev_run(TESTDEV_LOAD, IOVA, 8, 0), 0);
    RIG_NO_EVENTS();
    CHECK(testdev_run(TESTDEV_STORE, IOVA, 8, 1) != 0);
    RIG_EVENTS(
        rig_page_fault(RIG_TESTDEV, RIG_FAULT_PRESENT | RIG_FAULT_WRITE | RIG_FAULT_DENIED, IOVA));
    rig_stop();
}

/*
 * The last table lies where firmware's shadow is, which the host bridge's register PAM3 shows as
 * memory or does not. It is read as it is now, though the table above it was not invalidated.
 */
static void tables_in_memory_that_goes_are_not_read(void)
{
    uint64_t table = 0xd0000;

    start();
    pci_write8(0, 0x93, 0x03);
    machine_write64((machine_read64(0x510000 + 8 * (IOVA >> 30)) & UINT64_C(0xffffffffff000)) +
                        8 * (IOVA >> 21 & 0x1ff),
                    table | 1 | 1 << 9 | UINT64_C(3) << 61);
    for (unsigned i = 0; i < 4; i++) {
        machine_write64(table + 8 * i, (RIG_MEMORY + i * PAGE) | 1 | UINT64_C(3) << 61);
    }
    rig_flush(RIG_TESTDEV);
    CHECK_U64(testdev_run(TESTDEV_READ, IOVA, PAGE, 0), 0);
    RIG_NO_EVENTS();
    pci_write8(0, 0x93, 0x00);
    CHECK(testdev_run(TESTDEV_READ, IOVA + PAGE, PAGE, 0) != 0);
    RIG_EVENTS(rig_page_fault(RIG_TESTDEV, 0, IOVA + PAGE));
    pci_write8(0, 0x93, 0x03);
    CHECK_U64(testdev_run(TESTDEV_READ, IOVA + 2 * PAGE, PAGE, 0), 0);
    CHECK(testdev_buffer_is(0, PAGE, 0x11));
    RIG_NO_EVENTS();
    rig_stop();
}

static void access_in_iothread_is_waited_for(void)
{
    start();
    rig_map(IOVA, RIG_TESTDEV_GATE, RIG_READ);
    rig_invalidate_page(IOVA);
    testdev_run_in_iothread(TESTDEV_READ, IOVA, 4);
    CHECK(testdev_wait(TESTDEV_REG_INSIDE, 1));

    /* Others do DMA meanwhile, and what they did is over. */
    CHECK_U64(testdev_read(TESTDEV_REG_RUNNING), 1);
    rig_map(IOVA, 0, 0);
    rig_invalidate_page(IOVA);
    rig_wait_begin();
    let_things_happen();
    CHECK(!rig_wait_is_done());

    testdev_write(TESTDEV_REG_OPEN, 1);
    CHECK(testdev_wait(TESTDEV_REG_RUNNING, 0));
    for (unsigned i = 0; i < 1000 && !rig_wait_is_done(); i++) {
        let_things_happen();
    }
    CHECK(rig_wait_is_done());
    CHECK_U64(testdev_read(TESTDEV_REG_RESULT), 0);
    CHECK(memory_is(RIG_TESTDEV_REGISTERS + TESTDEV_BUFFER, 1, 'e'));
    rig_stop();
}

static void accesses_in_iothread_are_translated(void)
{
    start();
    testdev_run_in_iothread(TESTDEV_READ, IOVA + PAGE, 2 * PAGE);
    CHECK(testdev_wait(TESTDEV_REG_RUNNING, 0));
    CHECK_U64(testdev_read(TESTDEV_REG_RESULT), 0);
    CHECK(testdev_buffer_is(0, 2 * PAGE, 0x11));
    testdev_run_in_iothread(TESTDEV_WRITE, IOVA + 8 * PAGE, 2 * PAGE);
    CHECK(testdev_wait(TESTDEV_REG_RUNNING, 0));
    RIG_EVENTS(rig_page_fault(RIG_TESTDEV, RIG_FAULT_WRITE, IOVA + 8 * PAGE),
               rig_page_fault(RIG_TESTDEV, RIG_FAULT_WRITE, IOVA + 9 * PAGE));
    rig_stop();
}

/* Does some notification cover all of @first to @last? */
static bool is_told(uint64_t first, uint64_t last)
{
    uint64_t count = testdev_read(TESTDEV_REG_NOTIFIED);

    for (unsigned i = 0; i < count && i < TESTDEV_NOTIFICATIONS_MAX; i++) {
        uint64_t iova = testdev_read(TESTDEV_NOTIFICATIONS + 16 * i);
        uint64_t mask = testdev_read(TESTDEV_NOTIFICATIONS + 16 * i + 8);

        if (first >= iova && last <= iova + mask) {
            return true;
        }
    }
    return false;
}

static void notifier_is_told(void)
{
    start();
    CHECK_U64(testdev_run(TESTDEV_WATCH, 0, 0, 0), 0); /* 0 to 2^64 - 1 */

    rig_invalidate_page(IOVA + PAGE);
    CHECK_U64(testdev_read(TESTDEV_REG_NOTIFIED), 1);
    CHECK(is_told(IOVA + PAGE, IOVA + 2 * PAGE - 1));

    testdev_write(TESTDEV_REG_NOTIFIED, 0);
    rig_command(UINT64_C(3) << 60 | (uint64_t)RIG_DOMAIN << 32, (IOVA | 0x7000) | 3); /* 64 KiB */
    CHECK(is_told(IOVA, IOVA + 16 * PAGE - 1));

    testdev_write(TESTDEV_REG_NOTIFIED, 0);
    rig_invalidate_all_pages();
    CHECK(is_told(0, UINT64_MAX));

    testdev_write(TESTDEV_REG_NOTIFIED, 0);
    rig_invalidate_device(RIG_TESTDEV);
    CHECK(is_told(0, UINT64_MAX));

    testdev_write(TESTDEV_REG_NOTIFIED, 0);
    machine_write64(RIG_WINDOW + 0x18, 0);
    CHECK(is_told(0, UINT64_MAX));

    testdev_write(TESTDEV_REG_NOTIFIED, 0);
    machine_write64(RIG_WINDOW + 0x18, 0x1005);
    CHECK(is_told(0, UINT64_MAX));
    CHECK_U64(testdev_run(TESTDEV_UNWATCH, 0, 0, 0), 0);
    rig_stop();
}

/* QEMU asserts that a notification lies inside the notifier's range. */
static void notifier_range_is_kept(void)
{
    start();
    CHECK_U64(testdev_run(TESTDEV_WATCH, IOVA + PAGE, 5 * PAGE, 0), 0);
    rig_invalidate_all_pages();
    uint64_t count = testdev_read(TESTDEV_REG_NOTIFIED);
    uint64_t next = IOVA + PAGE;

    CHECK(count >= 1 && count <= TESTDEV_NOTIFICATIONS_MAX);
    for (unsigned i = 0; i < count; i++) {
        uint64_t mask = testdev_read(TESTDEV_NOTIFICATIONS + 16 * i + 8);

        CHECK_U64(testdev_read(TESTDEV_NOTIFICATIONS + 16 * i), next);
        CHECK_U64(next & mask, 0);
        next += mask + 1;
    }
    CHECK_U64(next, IOVA + 6 * PAGE);
    testdev_write(TESTDEV_REG_NOTIFIED, 0);
    rig_invalidate_page(IOVA);
    CHECK_U64(testdev_read(TESTDEV_REG_NOTIFIED), 0);
    rig_stop();
}

static void map_notifier_is_refused(void)
{
    start();
    CHECK_U64(testdev_run(TESTDEV_WATCH_MAPS, 0, 0, 0), 1);
    rig_invalidate_all_pages();
    CHECK_U64(testdev_read(TESTDEV_REG_NOTIFIED), 0);
    CHECK_U64(testdev_run(TESTDEV_WATCH, 0, 0, 0), 0);
    rig_stop();
}

static const struct check_case cases[] = {
    {"after a completion wait the old translation is not used", "1.20 COMPLETION_WAIT",
     old_translation_is_gone},
    {"a completion wait waits for a mapping whose translation is gone", "1.20 COMPLETION_WAIT",
     mapping_parks},
    {"a mapping whose translation still holds delays no completion wait", "1.20 COMPLETION_WAIT",
     intact_mapping_delays_nothing},
    {"a completion wait waits for the last page of a mapping", "1.20 COMPLETION_WAIT",
     every_page_of_a_mapping_counts},
    {"a completion wait waits for a mapping that may no longer write", "1.20 COMPLETION_WAIT",
     lesser_permission_parks},
    {"a completion wait waits for a mapping of a device that was shut out", "1.20 COMPLETION_WAIT",
     device_table_change_parks},
    {"a completion wait waits for a mapping that only itself remembers", "1.20 COMPLETION_WAIT",
     mapping_parks_without_caches},
    {"without caches a mapping whose translation still holds delays nothing",
     "1.20 COMPLETION_WAIT", intact_mapping_delays_nothing_without_caches},
    {"a mapping that another thread ends is waited for, and no longer", "1.20 COMPLETION_WAIT",
     mapping_ends_in_another_thread},
    {"what an access was told is forgotten by an invalidation", "1.20 INVALIDATE_IOMMU_PAGES",
     pages_are_forgotten_in_between},
    {"page tables are not read in memory that is there no more", NULL,
     tables_in_memory_that_goes_are_not_read},
    {"a completion wait waits for an access under way in an IOThread", "1.20 COMPLETION_WAIT",
     access_in_iothread_is_waited_for},
    {"accesses in an IOThread are translated and refused as others", NULL,
     accesses_in_iothread_are_translated},
    {"a notifier is told of every invalidation", NULL, notifier_is_told},
    {"a notifier is told of its own range only, in aligned powers of two", NULL,
     notifier_range_is_kept},
    {"a notifier that wants to hear of new mappings is refused with an error", NULL,
     map_notifier_is_refused},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
