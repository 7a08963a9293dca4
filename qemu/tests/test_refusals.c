/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a refused access of a device logs, and what it leaves alone, for each of QEMU's ways to
 * access memory: one event for each page, with exactly the right bytes.
 */
#include "check.h"
#include "rig.h"

#define IOVA 0x40000000u
#define PAGE 0x1000u

static struct rig_event read_fault(uint64_t iova)
{
    return rig_page_fault(RIG_TESTDEV, 0, iova);
}

static struct rig_event write_fault(uint64_t iova)
{
    return rig_page_fault(RIG_TESTDEV, RIG_FAULT_WRITE, iova);
}

static void start(void)
{
    rig_start();
    rig_attach(RIG_TESTDEV);
    RIG_NO_EVENTS();
}

static void eight_bytes(void)
{
    start();
    testdev_fill(0x5a, 16);
    CHECK(testdev_run(TESTDEV_READ, IOVA + 0x10, 8, 0) != 0);
    RIG_EVENTS(read_fault(IOVA + 0x10));
    CHECK(testdev_buffer_is(0, 8, 0));
    CHECK(testdev_buffer_is(8, 8, 0x5a));
    CHECK(testdev_run(TESTDEV_WRITE, IOVA + 0x10, 8, 0) != 0);
    RIG_EVENTS(write_fault(IOVA + 0x10));
    rig_stop();
}

static void whole_page(void)
{
    start();
    CHECK(testdev_run(TESTDEV_READ, IOVA, PAGE, 0) != 0);
    RIG_EVENTS(read_fault(IOVA));
    CHECK(testdev_run(TESTDEV_WRITE, IOVA, PAGE, 0) != 0);
    RIG_EVENTS(write_fault(IOVA));
    rig_stop();
}

static void across_pages(void)
{
    start();
    CHECK(testdev_run(TESTDEV_READ, IOVA + 0xffc, 8, 0) != 0);
    RIG_EVENTS(read_fault(IOVA + 0xffc), read_fault(IOVA + PAGE));
    CHECK(testdev_run(TESTDEV_WRITE, IOVA + 0x800, 3 * PAGE, 0) != 0);
    RIG_EVENTS(write_fault(IOVA + 0x800), write_fault(IOVA + PAGE), write_fault(IOVA + 2 * PAGE),
               write_fault(IOVA + 3 * PAGE));
    rig_stop();
}

static void twice(void)
{
    start();
    CHECK(testdev_run(TESTDEV_WRITE, IOVA, 8, 0) != 0);
    CHECK(testdev_run(TESTDEV_WRITE, IOVA, 8, 0) != 0);
    RIG_EVENTS(write_fault(IOVA), write_fault(IOVA));
    CHECK(testdev_run(TESTDEV_READ, IOVA, PAGE, 0) != 0);
    CHECK(testdev_run(TESTDEV_READ, IOVA, PAGE, 0) != 0);
    RIG_EVENTS(read_fault(IOVA), read_fault(IOVA));
    rig_stop();
}

static void loads_and_stores(void)
{
    start();
    for (unsigned bytes = 1; bytes <= 8; bytes *= 2) {
        CHECK(testdev_run(TESTDEV_LOAD, IOVA, bytes, 0) != 0);
        RIG_EVENTS(read_fault(IOVA));
        CHECK_U64(testdev_read(TESTDEV_REG_VALUE), 0);
        CHECK(testdev_run(TESTDEV_STORE, IOVA, bytes, UINT64_MAX) != 0);
        RIG_EVENTS(write_fault(IOVA));
    }
    for (unsigned bytes = 2; bytes <= 8; bytes *= 2) {
        CHECK(testdev_run(TESTDEV_LOAD, IOVA + 0xfff, bytes, 0) != 0);
        RIG_EVENTS(read_fault(IOVA + 0xfff), read_fault(IOVA + PAGE));
        CHECK(testdev_run(TESTDEV_STORE, IOVA + 0xfff, bytes, UINT64_MAX) != 0);
        RIG_EVENTS(write_fault(IOVA + 0xfff), write_fault(IOVA + PAGE));
    }
    rig_stop();
}

static void half_allowed(void)
{
    start();
    machine_fill(RIG_MEMORY, 0x11, 3 * PAGE);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    rig_map(IOVA + 2 * PAGE, RIG_MEMORY + 2 * PAGE, RIG_READ | RIG_WRITE);
    testdev_fill(0x22, 3 * PAGE);
    CHECK(testdev_run(TESTDEV_WRITE, IOVA, 3 * PAGE, 0) != 0);
    RIG_EVENTS(write_fault(IOVA + PAGE));
    CHECK(memory_is(RIG_MEMORY, PAGE, 0x22));
    CHECK(memory_is(RIG_MEMORY + PAGE, PAGE, 0x11));
    CHECK(memory_is(RIG_MEMORY + 2 * PAGE, PAGE, 0x22));
    CHECK(testdev_run(TESTDEV_READ, IOVA, 3 * PAGE, 0) != 0);
    RIG_EVENTS(read_fault(IOVA + PAGE));
    CHECK(testdev_buffer_is(0, PAGE, 0x22));
    CHECK(testdev_buffer_is(PAGE, PAGE, 0));
    CHECK(testdev_buffer_is(2 * PAGE, PAGE, 0x22));
    rig_stop();
}

static void read_only(void)
{
    start();
    machine_fill(RIG_MEMORY, 0x11, PAGE);
    rig_map(IOVA, RIG_MEMORY, RIG_READ);
    testdev_fill(0x22, PAGE);
    CHECK(testdev_run(TESTDEV_WRITE, IOVA, PAGE, 0) != 0);
    RIG_EVENTS(
        rig_page_fault(RIG_TESTDEV, RIG_FAULT_PRESENT | RIG_FAULT_WRITE | RIG_FAULT_DENIED, IOVA));
    CHECK(memory_is(RIG_MEMORY, PAGE, 0x11));
    CHECK_U64(testdev_run(TESTDEV_READ, IOVA, PAGE, 0), 0);
    CHECK(testdev_buffer_is(0, PAGE, 0x11));
    RIG_NO_EVENTS();
    rig_stop();
}

/* Two pages that follow each other as IOVAs but not in memory. */
static void map_scattered(void)
{
    machine_fill(RIG_MEMORY, 0x11, 16 * PAGE);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    rig_map(IOVA + PAGE, RIG_MEMORY + 8 * PAGE, RIG_READ | RIG_WRITE);
}

static void split_loads_and_stores(void)
{
    start();
    map_scattered();
    CHECK_U64(testdev_run(TESTDEV_STORE, IOVA + 0xffd, 8, UINT64_C(0x8877665544332211)), 0);
    CHECK_U64(machine_read64(RIG_MEMORY + 0xff8) >> 40, 0x332211);
    CHECK_U64(machine_read64(RIG_MEMORY + 8 * PAGE), UINT64_C(0x1111118877665544));
    CHECK(memory_is(RIG_MEMORY + PAGE, PAGE, 0x11));
    CHECK_U64(testdev_run(TESTDEV_LOAD, IOVA + 0xffd, 8, 0), 0);
    CHECK_U64(testdev_read(TESTDEV_REG_VALUE), UINT64_C(0x8877665544332211));
    RIG_NO_EVENTS();

    rig_map(IOVA + PAGE, 0, 0);
    rig_flush(RIG_TESTDEV);
    CHECK(testdev_run(TESTDEV_LOAD, IOVA + 0xffe, 4, 0) != 0);
    CHECK_U64(testdev_read(TESTDEV_REG_VALUE), 0x3322);
    RIG_EVENTS(read_fault(IOVA + PAGE));
    rig_stop();
}

static void cached_regions(void)
{
    start();
    map_scattered();
    machine_fill(RIG_MEMORY, 0x33, PAGE);
    testdev_fill(0x44, 32);
    CHECK_U64(testdev_run(TESTDEV_CACHED_WRITE, IOVA + 0xff0, 32, 0), 0);
    CHECK(memory_is(RIG_MEMORY + 0xff0, 16, 0x44));
    CHECK(memory_is(RIG_MEMORY + PAGE, PAGE, 0x11));
    CHECK(memory_is(RIG_MEMORY + 8 * PAGE, 16, 0x44));
    CHECK_U64(testdev_run(TESTDEV_CACHED_READ, IOVA + 0xfe8, 32, 0), 0);
    CHECK(testdev_buffer_is(0, 8, 0x33));
    CHECK(testdev_buffer_is(8, 24, 0x44));
    RIG_NO_EVENTS();

    rig_map(IOVA + PAGE, 0, 0);
    rig_flush(RIG_TESTDEV);
    CHECK(testdev_run(TESTDEV_CACHED_READ, IOVA + 0xff0, 2 * PAGE, 0) != 0);
    RIG_EVENTS(read_fault(IOVA + PAGE), read_fault(IOVA + 2 * PAGE));
    CHECK(testdev_buffer_is(0, 16, 0x44));
    CHECK(testdev_buffer_is(16, 64, 0));
    rig_stop();
}

/* As virtio's devices write to a used ring: 8 bytes at addresses that are 4 mod 8. */
static void ring_elements(void)
{
    start();
    map_scattered();
    for (unsigned offset = 0xff9; offset < PAGE; offset++) {
        unsigned before = PAGE - offset;

        machine_fill(RIG_MEMORY, 0x11, 16 * PAGE);
        testdev_fill(0x44, 8);
        CHECK_U64(testdev_run(TESTDEV_CACHED_WRITE, IOVA + offset, 8, 0), 0);
        CHECK(memory_is(RIG_MEMORY, offset, 0x11));
        CHECK(memory_is(RIG_MEMORY + offset, before, 0x44));
        CHECK(memory_is(RIG_MEMORY + PAGE, PAGE, 0x11));
        CHECK(memory_is(RIG_MEMORY + 8 * PAGE, 8 - before, 0x44));
        CHECK(memory_is(RIG_MEMORY + 8 * PAGE + 8 - before, 8, 0x11));
        machine_fill(RIG_MEMORY + PAGE, 0x66, PAGE);
        testdev_fill(0, 8);
        CHECK_U64(testdev_run(TESTDEV_CACHED_READ, IOVA + offset, 8, 0), 0);
        CHECK(testdev_buffer_is(0, 8, 0x44));
    }
    RIG_NO_EVENTS();

    rig_map(IOVA + PAGE, RIG_MEMORY + 8 * PAGE, RIG_READ);
    rig_flush(RIG_TESTDEV);
    machine_fill(RIG_MEMORY, 0x11, 16 * PAGE);
    CHECK(testdev_run(TESTDEV_CACHED_WRITE, IOVA + 0xffc, 8, 0) != 0);
    CHECK(memory_is(RIG_MEMORY + 0xffc, 4, 0x44));
    CHECK(memory_is(RIG_MEMORY + PAGE, PAGE, 0x11));
    CHECK(memory_is(RIG_MEMORY + 8 * PAGE, PAGE, 0x11));
    RIG_EVENTS(rig_page_fault(RIG_TESTDEV, RIG_FAULT_PRESENT | RIG_FAULT_WRITE | RIG_FAULT_DENIED,
                              IOVA + PAGE));
    rig_stop();
}

/* As network cards map packets: as far as memory goes on, or the card drops the packet. */
static void mappings_from_last_bytes(void)
{
    start();
    machine_fill(RIG_MEMORY, 0x11, 3 * PAGE);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    rig_map(IOVA + PAGE, RIG_MEMORY + PAGE, RIG_READ | RIG_WRITE);
    rig_map(IOVA + 2 * PAGE, RIG_MEMORY + 8 * PAGE, RIG_READ | RIG_WRITE);
    for (unsigned before = 1; before < 8; before++) {
        CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA + PAGE - before, 1448, 0), 0);
        CHECK_U64(testdev_read(TESTDEV_REG_MAPPED), 1448);
        CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, before), 0);
        CHECK(memory_is(RIG_MEMORY + PAGE - before, 1448, (uint8_t)before));
        CHECK_U64(testdev_run(TESTDEV_MAP_READ, IOVA + PAGE - before, 1448, 0), 0);
        CHECK_U64(testdev_read(TESTDEV_REG_MAPPED), 1448);
        CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0), 0);
        CHECK(testdev_buffer_is(0, 1448, (uint8_t)before));
        CHECK_U64(testdev_run(TESTDEV_MAP_READ, IOVA + 2 * PAGE - before, 1448, 0), 0);
        CHECK_U64(testdev_read(TESTDEV_REG_MAPPED), before);
        CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0), 0);
    }
    RIG_NO_EVENTS();
    rig_stop();
}

/* What ends with the page: no part of it is of the next. */
static void last_bytes(void)
{
    start();
    machine_fill(RIG_MEMORY, 0x11, 2 * PAGE);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    testdev_fill(0x44, 8);
    for (unsigned bytes = 1; bytes < 8; bytes++) {
        CHECK_U64(testdev_run(TESTDEV_WRITE, IOVA + PAGE - bytes, bytes, 0), 0);
        CHECK(memory_is(RIG_MEMORY + PAGE - bytes, bytes, 0x44));
        CHECK_U64(testdev_run(TESTDEV_MAP_READ, IOVA + PAGE - bytes, bytes, 0), 0);
        CHECK_U64(testdev_read(TESTDEV_REG_MAPPED), bytes);
        CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0), 0);
        CHECK(testdev_buffer_is(0, bytes, 0x44));
        CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA + PAGE - bytes, bytes, 0), 0);
        CHECK_U64(testdev_read(TESTDEV_REG_MAPPED), bytes);
        CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0x55), 0);
        CHECK(memory_is(RIG_MEMORY + PAGE - bytes, bytes, 0x55));
        CHECK(memory_is(RIG_MEMORY + PAGE, PAGE, 0x11));
    }
    CHECK_U64(testdev_run(TESTDEV_STORE, IOVA + 0xffc, 4, 0x77777777), 0);
    CHECK(memory_is(RIG_MEMORY + 0xffc, 4, 0x77));
    RIG_NO_EVENTS();
    rig_stop();
}

static void mappings(void)
{
    start();
    CHECK_U64(testdev_run(TESTDEV_MAP_READ, IOVA + 0x100, 2 * PAGE, 0), 0);
    CHECK_U64(testdev_read(TESTDEV_REG_MAPPED), 0xf00);
    RIG_EVENTS(read_fault(IOVA + 0x100));
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0), 0);
    CHECK(testdev_buffer_is(0, 0xf00, 0));
    RIG_NO_EVENTS();

    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA, 8, 0), 0);
    CHECK_U64(testdev_read(TESTDEV_REG_MAPPED), 8);
    RIG_EVENTS(write_fault(IOVA));
    machine_fill(RIG_MEMORY, 0x11, PAGE);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0x77), 0);
    CHECK(memory_is(RIG_MEMORY, PAGE, 0x11));
    RIG_NO_EVENTS();
    rig_stop();
}

/* Longer than what QEMU has for other bounce buffers, and held: each page is answered at once. */
static void many_mappings(void)
{
    start();
    for (unsigned i = 0; i < 40; i++) {
        CHECK_U64(testdev_run(TESTDEV_MAP_READ, IOVA + i * PAGE, 0x100000, 0), 0);
        CHECK_U64(testdev_read(TESTDEV_REG_MAPPED), PAGE);
        RIG_EVENTS(read_fault(IOVA + i * PAGE));
        CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0), 0);
    }
    rig_stop();
}

/* What is behind the first page is looked at to make the mapping longer, but not accessed. */
static void mapping_ends_at_refused_page(void)
{
    start();
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    rig_map(IOVA + PAGE, RIG_MEMORY + PAGE, RIG_READ | RIG_WRITE);
    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA, 4 * PAGE, 0), 0);
    CHECK_U64(testdev_read(TESTDEV_REG_MAPPED), 2 * PAGE);
    RIG_NO_EVENTS();
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0x66), 0);
    CHECK(memory_is(RIG_MEMORY, 2 * PAGE, 0x66));
    rig_stop();
}

static void looking_is_silent(void)
{
    start();
    CHECK_U64(testdev_run(TESTDEV_LOOK_UP, IOVA, 0, 0), 0);
    CHECK_U64(testdev_run(TESTDEV_IS_VALID, IOVA, PAGE, 0), 0);
    CHECK_U64(testdev_run(TESTDEV_IS_VALID, IOVA, PAGE, 1), 0);
    rig_map(IOVA, RIG_MEMORY, RIG_READ);
    CHECK_U64(testdev_run(TESTDEV_LOOK_UP, IOVA + 0x123, 0, 0), 1);
    CHECK_U64(testdev_read(TESTDEV_REG_VALUE), RIG_MEMORY + 0x123);
    CHECK_U64(testdev_run(TESTDEV_IS_VALID, IOVA, PAGE, 0), 1);
    CHECK_U64(testdev_run(TESTDEV_IS_VALID, IOVA, PAGE, 1), 0);
    CHECK_U64(testdev_run(TESTDEV_IS_VALID, IOVA, 2 * PAGE, 0), 0);
    RIG_NO_EVENTS();
    /* And nothing of it was kept: a look-up's answer changes with the tables at once. */
    rig_map(IOVA, 0, 0);
    CHECK_U64(testdev_run(TESTDEV_LOOK_UP, IOVA, 0, 0), 0);
    RIG_NO_EVENTS();
    rig_stop();
}

/* INVALID_DEVICE_REQUEST: a read in the interrupt range is type 0. */
static struct rig_event invalid_request(uint64_t address)
{
    return (struct rig_event){.word0 = UINT64_C(8) << 60 | RIG_TESTDEV, .word1 = address};
}

static void interrupt_range_is_no_memory(void)
{
    start();
    CHECK(testdev_run(TESTDEV_READ, 0xfee00000, PAGE, 0) != 0);
    RIG_EVENTS(invalid_request(0xfee00000));
    CHECK(testdev_run(TESTDEV_LOAD, 0xfee01004, 4, 0) != 0);
    RIG_EVENTS(invalid_request(0xfee01004));
    CHECK(testdev_run(TESTDEV_WRITE, 0xfee00000, 64, 0) != 0);
    RIG_EVENTS(invalid_request(0xfee00000));
    CHECK(testdev_run(TESTDEV_STORE, 0xfee00000, 8, 0) != 0);
    RIG_EVENTS(invalid_request(0xfee00000));
    rig_stop();
}

static const struct check_case cases[] = {
    {"a refused access of 8 bytes logs one event", "1.20 IO_PAGE_FAULT", eight_bytes},
    {"a refused access of 4096 bytes logs one event", "1.20 IO_PAGE_FAULT", whole_page},
    {"a refused access across pages logs one event for each", "1.20 IO_PAGE_FAULT", across_pages},
    {"the same access refused twice logs two events", "1.20 IO_PAGE_FAULT", twice},
    {"refused loads and stores log one event for each page", "1.20 IO_PAGE_FAULT",
     loads_and_stores},
    {"of an access that is partly allowed, only the refused page is left alone", NULL,
     half_allowed},
    {"a write to a page that may be read is refused", "1.20 IO_PAGE_FAULT", read_only},
    {"a load or store in two pages goes where each page goes", NULL, split_loads_and_stores},
    {"a MemoryRegionCache goes where each page goes", NULL, cached_regions},
    {"8 bytes through a MemoryRegionCache go where each page goes", NULL, ring_elements},
    {"an access of a page's last bytes, and of them alone", NULL, last_bytes},
    {"a mapping from a page's last bytes goes on in memory", NULL, mappings_from_last_bytes},
    {"a refused mapping logs one event, reads as zeros and writes nothing", NULL, mappings},
    {"refused mappings never run out", NULL, many_mappings},
    {"a mapping ends silently where the next page is refused", NULL, mapping_ends_at_refused_page},
    {"a look-up without an access logs nothing and keeps nothing", NULL, looking_is_silent},
    {"an access to the interrupt range that is no message is an invalid request",
     "1.20 INVALID_DEVICE_REQUEST", interrupt_range_is_no_memory},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
