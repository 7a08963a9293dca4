/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ATS: what a device is told to drop, and what the IOMMU does when it answers late or never, goes
 * away, or has nothing to drop.
 */
#include <stdlib.h>

#include "ats_rig.h"

#define IOVA 0x40000000u
#define PAGE 0x1000u

static void start(void)
{
    ats_start();
    for (unsigned i = 0; i < 8; i++) {
        rig_map(IOVA + i * PAGE, RIG_MEMORY + i * PAGE, RIG_READ | RIG_WRITE);
    }
}

/* ---- Invalidation ---------------------------------------------------------------------------- */

static void invalidation_drops(void)
{
    start();
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA, 4 * PAGE), ATSDEV_DONE);
    CHECK_U64(ats_read(ATSDEV_REG_ENTRIES), 4);
    rig_map(IOVA + PAGE, RIG_MEMORY + 16 * PAGE, RIG_READ | RIG_WRITE);
    rig_invalidate_page(IOVA + PAGE);
    ats_invalidate(ATS_DEVICE, 4, IOVA + PAGE);
    rig_wait_begin();
    CHECK(rig_wait_is_done());
    CHECK_U64(ats_read(ATSDEV_REG_INVALIDATIONS), 1);
    CHECK_U64(ats_read(ATSDEV_REG_ANSWERS), 1);
    CHECK_U64(ats_read(ATSDEV_REG_INVALIDATE), IOVA + PAGE);
    CHECK_U64(ats_read(ATSDEV_REG_ENTRIES), 3);

    ats_fill(0x55);
    CHECK_U64(ats_run(ATSDEV_CACHED_WRITE, IOVA + PAGE, 16), ATSDEV_DONE);
    CHECK(memory_is(RIG_MEMORY + PAGE, PAGE, 0x11));
    CHECK(memory_is(RIG_MEMORY + 16 * PAGE, 16, 0x55));

    /* S and 0111b: 64 KiB around the address. All of 2^64 bytes: 7FFF_FFFF_FFFF_Fh. */
    ats_invalidate(ATS_DEVICE, 4, IOVA | 0x7000 | 1);
    CHECK_U64(ats_read(ATSDEV_REG_INVALIDATE), IOVA | 0x7000 | 0x800);
    CHECK_U64(ats_read(ATSDEV_REG_ENTRIES), 0);
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA, 4 * PAGE), ATSDEV_DONE);
    ats_invalidate(ATS_DEVICE, 4, UINT64_C(0x7ffffffffffff001));
    CHECK_U64(ats_read(ATSDEV_REG_INVALIDATE), UINT64_C(0x7ffffffffffff800));
    CHECK_U64(ats_read(ATSDEV_REG_ENTRIES), 0);
    RIG_NO_EVENTS();
    rig_stop();
}

static void wait_waits_for_answer(void)
{
    start();
    rig_set_iotlb_timeout(4);
    ats_write(ATSDEV_REG_DELAY, 50 * MILLISECOND);
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA, 8), ATSDEV_DONE);
    rig_map(IOVA, 0, 0);
    rig_invalidate_page(IOVA);
    ats_invalidate(ATS_DEVICE, 4, IOVA);
    rig_wait_begin();
    machine_clock_step(49 * MILLISECOND);
    ats_let_things_happen();
    CHECK(!rig_wait_is_done());
    CHECK_U64(ats_read(ATSDEV_REG_PENDING), 1);

    /* Until it answers the device may go on with what it has, and this one does. */
    ats_fill(0x66);
    CHECK_U64(ats_run(ATSDEV_CACHED_WRITE, IOVA, 8), ATSDEV_DONE);
    CHECK(memory_is(RIG_MEMORY, 8, 0x66));
    CHECK(!rig_wait_is_done());

    machine_clock_step(MILLISECOND);
    ats_let_things_happen();
    CHECK(rig_wait_is_done());
    CHECK_U64(ats_read(ATSDEV_REG_ANSWERS), 1);
    CHECK_U64(ats_run(ATSDEV_CACHED_WRITE, IOVA, 8), ATSDEV_NOT_PERMITTED);
    RIG_NO_EVENTS();
    rig_stop();
}

static void silence_times_out(void)
{
    start();
    rig_set_iotlb_timeout(4); /* 1 s */
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA, 8), ATSDEV_DONE);
    ats_write(ATSDEV_REG_MUTE, 1);
    rig_map(IOVA, 0, 0);
    rig_invalidate_page(IOVA);
    uint64_t command = ats_invalidate(ATS_DEVICE, 4, IOVA);
    rig_wait_begin();
    machine_clock_step(999 * MILLISECOND);
    ats_let_things_happen();
    CHECK(!rig_wait_is_done());
    RIG_NO_EVENTS();
    machine_clock_step(MILLISECOND);
    ats_let_things_happen();
    CHECK(rig_wait_is_done());
    RIG_EVENTS(ats_timeout(ATS_DEVICE, command));

    /* The ring goes on. What was not answered in time is not waited for any more. */
    ats_invalidate(ATS_DISK, 4, IOVA);
    rig_wait_begin();
    CHECK(rig_wait_is_done());

    /* The device cannot be trusted. Software takes away its right to translated requests. */
    rig_attach_ats(ATS_DEVICE, false);
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA, 8), ATSDEV_ABORTED);
    RIG_EVENTS({.word0 = UINT64_C(8) << 60 | UINT64_C(1) << 57 | ATS_DEVICE, .word1 = RIG_MEMORY});
    rig_stop();
}

static void late_answer_is_ignored(void)
{
    start();
    rig_set_iotlb_timeout(2); /* 10 ms */
    ats_write(ATSDEV_REG_MUTE, 1);
    uint64_t first = ats_invalidate(ATS_DEVICE, 4, IOVA);
    rig_wait_begin();
    machine_clock_step(11 * MILLISECOND);
    ats_let_things_happen();
    CHECK(rig_wait_is_done());
    RIG_EVENTS(ats_timeout(ATS_DEVICE, first));

    /* The next one is still waited for when the answer to the first comes. */
    ats_write(ATSDEV_REG_MUTE, 0);
    CHECK_U64(ats_read(ATSDEV_REG_ANSWERS), 1);
    ats_write(ATSDEV_REG_MUTE, 1);
    uint64_t second = ats_invalidate(ATS_DEVICE, 4, IOVA + PAGE);
    rig_wait_begin();
    machine_clock_step(9 * MILLISECOND);
    ats_let_things_happen();
    CHECK(!rig_wait_is_done());
    RIG_NO_EVENTS();
    machine_clock_step(2 * MILLISECOND);
    ats_let_things_happen();
    CHECK(rig_wait_is_done());
    RIG_EVENTS(ats_timeout(ATS_DEVICE, second));
    rig_stop();
}

static void each_has_its_time(void)
{
    start();
    rig_set_iotlb_timeout(2); /* 10 ms */
    ats_write(ATSDEV_REG_MUTE, 1);
    uint64_t first = ats_invalidate(ATS_DEVICE, 4, IOVA);
    machine_clock_step(6 * MILLISECOND);
    uint64_t second = ats_invalidate(ATS_DEVICE, 4, IOVA + PAGE);
    rig_wait_begin();
    machine_clock_step(4 * MILLISECOND);
    ats_let_things_happen();
    RIG_EVENTS(ats_timeout(ATS_DEVICE, first));
    CHECK(!rig_wait_is_done());
    machine_clock_step(5 * MILLISECOND);
    ats_let_things_happen();
    RIG_NO_EVENTS();
    machine_clock_step(MILLISECOND);
    ats_let_things_happen();
    RIG_EVENTS(ats_timeout(ATS_DEVICE, second));
    CHECK(rig_wait_is_done());
    rig_stop();
}

/* InvTimeOut 0. */
static void no_timeout(void)
{
    start();
    ats_write(ATSDEV_REG_MUTE, 1);
    ats_invalidate(ATS_DEVICE, 4, IOVA);
    rig_wait_begin();
    machine_clock_step(1000000 * MILLISECOND);
    ats_let_things_happen();
    CHECK(!rig_wait_is_done());
    RIG_NO_EVENTS();
    ats_write(ATSDEV_REG_MUTE, 0);
    ats_let_things_happen();
    CHECK(rig_wait_is_done());
    rig_stop();
}

static void maxpend_is_kept(void)
{
    start();
    ats_write(ATSDEV_REG_DELAY, MILLISECOND);
    for (unsigned i = 0; i < 7; i++) {
        ats_invalidate(ATS_DEVICE, 3, IOVA + i * PAGE);
    }
    rig_wait_begin();
    ats_let_things_happen();
    CHECK_U64(ats_read(ATSDEV_REG_PENDING), 3);
    CHECK(!rig_wait_is_done());
    for (unsigned i = 0; i < 4; i++) {
        machine_clock_step(MILLISECOND);
        ats_let_things_happen();
    }
    CHECK(rig_wait_is_done());
    CHECK_U64(ats_read(ATSDEV_REG_INVALIDATIONS), 7);
    CHECK_U64(ats_read(ATSDEV_REG_ANSWERS), 7);
    CHECK_U64(ats_read(ATSDEV_REG_PENDING_MAX), 3);
    RIG_NO_EVENTS();
    rig_stop();
}

/* ---- Devices that come, go and have no cache ------------------------------------------------- */

static void reset_answers(void)
{
    start();
    rig_set_iotlb_timeout(4);
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA, 8), ATSDEV_DONE);
    ats_write(ATSDEV_REG_MUTE, 1);
    ats_invalidate(ATS_DEVICE, 4, IOVA);
    rig_wait_begin();
    ats_let_things_happen();
    CHECK(!rig_wait_is_done());

    /* Secondary bus reset, bit 6 of the bridge control register. */
    pci_write16(ATS_PORT, 0x3e, 0x0040);
    pci_write16(ATS_PORT, 0x3e, 0);
    ats_let_things_happen();
    CHECK(rig_wait_is_done());
    pci_enable(ATS_DEVICE, 0, ATS_REGISTERS);
    CHECK_U64(ats_read(ATSDEV_REG_ENABLED), 0);
    CHECK_U64(ats_read(ATSDEV_REG_ENTRIES), 0);
    CHECK_U64(ats_read(ATSDEV_REG_PENDING), 0);
    machine_clock_step(2000 * MILLISECOND);
    RIG_NO_EVENTS();

    /* It knows nothing of what it was asked before. */
    ats_device_enable();
    ats_invalidate(ATS_DEVICE, 4, IOVA);
    rig_wait_begin();
    CHECK(rig_wait_is_done());
    CHECK_U64(ats_read(ATSDEV_REG_ANSWERS), 1);
    rig_stop();
}

static void unplug_answers(void)
{
    start();
    rig_set_iotlb_timeout(4);
    ats_write(ATSDEV_REG_MUTE, 1);
    ats_invalidate(ATS_DEVICE, 4, IOVA);
    rig_wait_begin();
    ats_let_things_happen();
    CHECK(!rig_wait_is_done());
    free(machine_qmp("{\"execute\": \"device_del\", \"arguments\": {\"id\": \"ats0\"}}"));
    /* As a driver does that lets go of the slot: the port's power controller off. */
    unsigned express = pci_capability(ATS_PORT, 0x10);
    pci_write16(ATS_PORT, express + 0x18, 0x0700);
    ats_let_things_happen();
    CHECK_U64(pci_read32(ATS_DEVICE, 0), 0xffffffff);
    CHECK(rig_wait_is_done());

    /* And nobody at that place is answered for. */
    ats_invalidate(ATS_DEVICE, 4, IOVA);
    rig_wait_begin();
    CHECK(rig_wait_is_done());
    machine_clock_step(2000 * MILLISECOND);
    RIG_NO_EVENTS();
    rig_stop();
}

static void no_cache_is_answered_for(void)
{
    start();
    rig_set_iotlb_timeout(4);
    for (unsigned i = 0; i < 40; i++) {
        ats_invalidate(ATS_DISK, 1, IOVA + i * PAGE);
    }
    rig_wait_begin();
    CHECK(rig_wait_is_done());
    machine_clock_step(2000 * MILLISECOND);
    RIG_NO_EVENTS();
    CHECK_U64(ats_read(ATSDEV_REG_INVALIDATIONS), 0);
    rig_stop();
}

static void notifier_is_told(void)
{
    start();
    rig_attach_ats(RIG_TESTDEV, true);
    CHECK_U64(testdev_run(TESTDEV_WATCH_IOTLB, 0, 0, 0), 0); /* 0 to 2^64 - 1 */
    testdev_write(TESTDEV_REG_NOTIFIED, 0);
    ats_invalidate(ATS_DISK, 4, IOVA);
    CHECK_U64(testdev_read(TESTDEV_REG_NOTIFIED), 0);
    ats_invalidate(RIG_TESTDEV, 4, IOVA | 0x7000 | 1);
    CHECK_U64(testdev_read(TESTDEV_REG_NOTIFIED), 1);
    CHECK_U64(testdev_read(TESTDEV_NOTIFICATIONS), IOVA);
    CHECK_U64(testdev_read(TESTDEV_NOTIFICATIONS + 8), 0xffff);
    rig_wait_begin();
    CHECK(rig_wait_is_done());
    CHECK_U64(testdev_run(TESTDEV_UNWATCH, 0, 0, 0), 0);

    /* One who follows the IOMMU's own invalidations hears of those only. */
    CHECK_U64(testdev_run(TESTDEV_WATCH, 0, 0, 0), 0);
    testdev_write(TESTDEV_REG_NOTIFIED, 0);
    ats_invalidate(RIG_TESTDEV, 4, IOVA);
    CHECK_U64(testdev_read(TESTDEV_REG_NOTIFIED), 0);
    CHECK_U64(testdev_run(TESTDEV_UNWATCH, 0, 0, 0), 0);
    RIG_NO_EVENTS();
    rig_stop();
}

static const struct check_case cases[] = {
    {"INVALIDATE_IOTLB_PAGES has the device drop just what it names", "1.20 INVALIDATE_IOTLB_PAGES",
     invalidation_drops},
    {"a completion wait waits until the device has answered", "1.20 COMPLETION_WAIT",
     wait_waits_for_answer},
    {"a device that does not answer is reported, and the ring goes on", "1.20 IOTLB_INV_TIMEOUT",
     silence_times_out},
    {"an answer that comes too late changes nothing", "1.20 IOTLB_INV_TIMEOUT",
     late_answer_is_ignored},
    {"each invalidation has its own time limit", "1.20 InvTimeOut", each_has_its_time},
    {"with InvTimeOut 0 the IOMMU waits for as long as it takes", "1.20 InvTimeOut", no_timeout},
    {"no more than Maxpend invalidations are outstanding", "1.20 INVALIDATE_IOTLB_PAGES",
     maxpend_is_kept},
    {"a device that is reset owes no answer", NULL, reset_answers},
    {"a device that is unplugged owes no answer", NULL, unplug_answers},
    {"virtio-blk-pci with ats=on is answered for at once", NULL, no_cache_is_answered_for},
    {"who keeps translations in a device's name is told of its invalidations", NULL,
     notifier_is_told},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
