/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What changes while the machine lives: from reset until the IOMMU is enabled for the first time,
 * bus numbers, and resets in the middle of something.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "firmware.h"
#include "rig.h"

#define IOVA 0x40000000u
#define PAGE 0x1000u

#define RIG_CONTROL (RIG_WINDOW + 0x18)
#define RIG_STATUS  (RIG_WINDOW + 0x2020)
#define RIG_LOG     0x502000u

/* ---- Before the IOMMU is enabled ------------------------------------------------------------- */

static bool dma_passes(uint8_t value)
{
    machine_fill(RIG_MEMORY, value, PAGE);
    testdev_fill(0, PAGE);
    bool passes = testdev_run(TESTDEV_READ, RIG_MEMORY, PAGE, 0) == 0;
    bool has_read = testdev_buffer_is(0, PAGE, value);

    CHECK(passes == has_read);
    testdev_fill((uint8_t)~value, PAGE);
    bool may_write = testdev_run(TESTDEV_WRITE, RIG_MEMORY, PAGE, 0) == 0;

    CHECK(memory_is(RIG_MEMORY, PAGE, may_write ? (uint8_t)~value : value));
    CHECK(may_write == passes);
    return passes;
}

static void preboot_blocks(void)
{
    rig_start_raw((const char *[]){"-global", "amdvi.preboot-block=all", NULL});
    rig_shut_out(RIG_TESTDEV);
    CHECK(!dma_passes(0x31));
    CHECK(testdev_run(TESTDEV_MAP_READ, RIG_MEMORY, PAGE, 0) != 0 ||
          testdev_run(TESTDEV_UNMAP, 0, 0, 0) != 0 || testdev_buffer_is(0, PAGE, 0));
    testdev_run_in_iothread(TESTDEV_READ, RIG_MEMORY, 8);
    CHECK(testdev_wait(TESTDEV_REG_RUNNING, 0));
    CHECK(testdev_read(TESTDEV_REG_RESULT) != 0);
    /* Interrupts are not concerned. */
    CHECK_U64(testdev_run(TESTDEV_STORE, 0xfee00000, 4, 0x41), 0);
    CHECK(machine_has_interrupt(0x41));

    rig_program();
    RIG_NO_EVENTS();
    rig_attach(RIG_TESTDEV);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    machine_fill(RIG_MEMORY, 0x52, PAGE);
    CHECK_U64(testdev_run(TESTDEV_READ, IOVA, PAGE, 0), 0);
    CHECK(testdev_buffer_is(0, PAGE, 0x52));
    CHECK(testdev_run(TESTDEV_READ, IOVA + PAGE, 8, 0) != 0);
    RIG_EVENTS(rig_page_fault(RIG_TESTDEV, 0, IOVA + PAGE));

    machine_write64(RIG_CONTROL, 0);
    CHECK(dma_passes(0x33));
    rig_stop();
}

static void preboot_returns_with_a_reset(void)
{
    rig_start_raw((const char *[]){"-global", "amdvi.preboot-block=all", NULL});
    rig_program();
    machine_write64(RIG_CONTROL, 0);
    CHECK(dma_passes(0x11));
    machine_reset();
    rig_enable_devices();
    CHECK(!dma_passes(0x12));
    rig_program();
    machine_write64(RIG_CONTROL, 0);
    CHECK(dma_passes(0x13));
    rig_stop();
}

static void preboot_blocks_those_named(void)
{
    rig_start_raw((const char *[]){"-global", "amdvi.preboot-block=00:06.0+03:00.0-03:1f.7", NULL});
    CHECK(dma_passes(0x21));
    for (uint8_t bus = 1; bus <= 5; bus = (uint8_t)(bus + 2)) {
        firmware_number_bus(RIG_PORT, bus, RIG_BEHIND_REGISTERS);
        pci_enable((uint16_t)(bus << 8), 0, RIG_BEHIND_REGISTERS);
        testdev_select(RIG_BEHIND_REGISTERS);
        CHECK(dma_passes(bus) == (bus != 3));
    }
    rig_stop();
}

static bool ivrs_announces(const char *setting)
{
    uint8_t ivrs[512] = {0};

    rig_start_raw(setting != NULL ? (const char *[]){"-global", setting, NULL} : NULL);
    size_t bytes = firmware_ivrs(ivrs, sizeof(ivrs));

    CHECK(bytes >= 48 && bytes <= sizeof(ivrs));
    CHECK_U64(ivrs[36] & ~2u, 0); /* no extended features */
    rig_stop();
    return ivrs[36] & 2;
}

static void preboot_is_announced(void)
{
    CHECK(!ivrs_announces(NULL));
    CHECK(!ivrs_announces("amdvi.preboot-block=off"));
    CHECK(ivrs_announces("amdvi.preboot-block=all"));
    CHECK(ivrs_announces("amdvi.preboot-block=00:05.0"));
}

static void preboot_syntax_is_checked(void)
{
    static const struct {
        const char *device;
        const char *text;
    } table[] = {
        {"amdvi,preboot-block=some", "at \"some\""},
        {"amdvi,preboot-block=00:05.0+", "at \"\""},
        {"amdvi,preboot-block=00:05.0 00:06.0", "\" 00:06.0\" follows"},
        {"amdvi,preboot-block=00:20.0", "at \".0\""},
        {"amdvi,preboot-block=00:05.8", "at \"\""},
        {"amdvi,preboot-block=0:5", "at \"\""},
        {"amdvi,preboot-block=100:05.0", "at \"0:05.0\""},
        {"amdvi,preboot-block=00:06.0-00:05.7", "at \"\""},
        {"amdvi,preboot-block=0:0.0+0:0.1+0:0.2+0:0.3+0:0.4+0:0.5+0:0.6+0:0.7+0:1.0+0:1.1+0:1.2+"
         "0:1.3+0:1.4+0:1.5+0:1.6+0:1.7+0:2.0",
         "more than 16"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char *text =
            machine_refuses((const char *[]){"-machine", "q35", "-device", table[i].device, NULL});

        if (!CHECK(strstr(text, table[i].text) != NULL)) {
            printf("# no \"%s\" in: %s\n", table[i].text, text);
        }
        free(text);
    }
}

/* ---- Bus numbers ----------------------------------------------------------------------------- */

static void behind_is(uint8_t bus)
{
    firmware_number_bus(RIG_PORT, bus, RIG_BEHIND_REGISTERS);
    pci_enable((uint16_t)(bus << 8), 0, RIG_BEHIND_REGISTERS);
    testdev_select(RIG_BEHIND_REGISTERS);
}

/* With everything that the caches kept under the old number: nothing is invalidated in between. */
static void new_number_has_its_own_tables(void)
{
    rig_start_with(NULL, (const uint16_t[]){0x0300, 0x0500, 0});
    rig_attach(0x0300);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    machine_fill(RIG_MEMORY, 0x61, PAGE);
    behind_is(3);
    CHECK_U64(testdev_run(TESTDEV_READ, IOVA, PAGE, 0), 0);
    CHECK(testdev_buffer_is(0, PAGE, 0x61));

    behind_is(5);
    testdev_fill(0, PAGE);
    CHECK(testdev_run(TESTDEV_READ, IOVA, PAGE, 0) != 0);
    CHECK(testdev_buffer_is(0, PAGE, 0));
    RIG_EVENTS(rig_page_fault(0x0500, RIG_FAULT_PRESENT | RIG_FAULT_DENIED, IOVA));

    /* The other way round: the new number may, and the old one may no longer. */
    rig_shut_out(0x0300);
    rig_flush(0x0300);
    rig_attach(0x0500);
    CHECK_U64(testdev_run(TESTDEV_READ, IOVA, PAGE, 0), 0);
    CHECK(testdev_buffer_is(0, PAGE, 0x61));
    RIG_NO_EVENTS();

    behind_is(3);
    CHECK(testdev_run(TESTDEV_READ, IOVA, PAGE, 0) != 0);
    RIG_EVENTS(rig_page_fault(0x0300, RIG_FAULT_PRESENT | RIG_FAULT_DENIED, IOVA));
    rig_stop();
}

static void new_number_has_its_own_interrupts(void)
{
    rig_start_with(NULL, (const uint16_t[]){0x0300, 0x0500, 0});
    rig_attach(0x0300);
    rig_attach(0x0500);
    rig_attach_interrupts(0x0300);
    rig_remap(0x20, 1 | 0xa1 << 16);
    rig_invalidate_interrupts(0x0300);
    behind_is(3);
    CHECK_U64(testdev_run(TESTDEV_STORE, 0xfee00000, 4, 0x20), 0);
    CHECK(machine_has_interrupt(0xa1));
    CHECK(!machine_has_interrupt(0x20));

    behind_is(5); /* IV=0: as it is */
    CHECK_U64(testdev_run(TESTDEV_STORE, 0xfee00000, 4, 0x21), 0);
    CHECK(machine_has_interrupt(0x21));

    rig_attach_interrupts(0x0500);
    CHECK(testdev_run(TESTDEV_STORE, 0xfee00000, 4, 0x22) != 0);
    CHECK(!machine_has_interrupt(0x22));
    RIG_EVENTS(rig_page_fault(0x0500, RIG_FAULT_INTERRUPT, 0xfee00000));
    rig_stop();
}

/* ---- Reset in the middle --------------------------------------------------------------------- */

static void fill_the_log(void)
{
    /* 16 pages at a time, into a log with room for 511. */
    for (unsigned i = 0; i < 33; i++) {
        testdev_run(TESTDEV_READ, IOVA + i * 16 * PAGE, 16 * PAGE, 0);
    }
}

static void start_over(void)
{
    machine_reset();
    CHECK_U64(machine_read64(RIG_CONTROL), 0x400); /* Coherent, and nothing enabled */
    rig_enable_devices();
    rig_program();
}

static void reset_with_a_full_log(void)
{
    rig_start();
    rig_attach(RIG_TESTDEV);
    machine_write64(RIG_CONTROL, 0x100d); /* EventIntEn too */
    fill_the_log();
    CHECK_U64(machine_read32(RIG_STATUS) & 0x3, 0x3); /* EventOverflow, EventLogInt */
    machine_reset();
    CHECK_U64(machine_read32(RIG_STATUS), 0);
    CHECK_U64(machine_read64(RIG_WINDOW + 0x2010), 0);
    CHECK_U64(machine_read64(RIG_WINDOW + 0x2018), 0);
    rig_enable_devices();
    rig_program();
    RIG_NO_EVENTS();
    CHECK(testdev_run(TESTDEV_READ, IOVA, 8, 0) != 0);
    RIG_EVENTS(rig_page_fault(RIG_TESTDEV, 0, IOVA));
    rig_flush(RIG_TESTDEV);
    CHECK(rig_wait_is_done());
    rig_stop();
}

/* The wait is of an operating system that is gone: nothing may be stored for it any more. */
static void reset_while_a_wait_is_parked(void)
{
    rig_start();
    rig_attach(RIG_TESTDEV);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA, PAGE, 0), 0);
    rig_map(IOVA, 0, 0);
    rig_invalidate_page(IOVA);
    rig_wait_begin();
    machine_clock_step(1000000);
    CHECK(!rig_wait_is_done());
    machine_reset();
    rig_enable_devices();
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0x77), 0);
    machine_clock_step(1000000);
    CHECK(!rig_wait_is_done());
    rig_program();
    machine_clock_step(1000000);
    CHECK(!rig_wait_is_done());
    rig_flush(RIG_TESTDEV);
    CHECK(rig_wait_is_done());
    rig_stop();
}

/* A mapping outlives the reset, as its I/O does, and the next operating system waits for it too. */
static void reset_while_a_mapping_is_held(void)
{
    rig_start();
    rig_attach(RIG_TESTDEV);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA, PAGE, 0), 0);
    start_over();
    rig_map(IOVA, 0, 0);
    rig_invalidate_device(RIG_TESTDEV);
    rig_invalidate_all_pages();
    rig_wait_begin();
    machine_clock_step(1000000);
    CHECK(!rig_wait_is_done());
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0x77), 0);
    machine_clock_step(1000000);
    CHECK(rig_wait_is_done());
    CHECK(memory_is(RIG_MEMORY, PAGE, 0x77));
    rig_stop();
}

static void reset_while_an_access_is_under_way(void)
{
    rig_start();
    rig_attach(RIG_TESTDEV);
    rig_map(IOVA, RIG_TESTDEV_GATE, RIG_READ);
    testdev_run_in_iothread(TESTDEV_READ, IOVA, 4);
    CHECK(testdev_wait(TESTDEV_REG_INSIDE, 1));
    start_over();
    rig_map(IOVA, 0, 0);
    rig_invalidate_page(IOVA);
    rig_wait_begin();
    machine_clock_step(1000000);
    CHECK(!rig_wait_is_done());
    testdev_write(TESTDEV_REG_OPEN, 1);
    CHECK(testdev_wait(TESTDEV_REG_RUNNING, 0));
    for (unsigned i = 0; i < 10000 && !rig_wait_is_done(); i++) {
        machine_clock_step(1000000);
    }
    CHECK(rig_wait_is_done());
    RIG_NO_EVENTS();
    rig_stop();
}

/* Nothing that was kept before the reset is used for the request that is left over. */
static void reset_before_a_transfer(void)
{
    rig_start();
    rig_attach(RIG_EDU);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    machine_fill(RIG_MEMORY, 0x44, 2 * PAGE);
    for (unsigned i = 0; i < 2; i++) {
        machine_write64(RIG_EDU_REGISTERS + 0x80, 0x40000);
        machine_write64(RIG_EDU_REGISTERS + 0x88, IOVA);
        machine_write64(RIG_EDU_REGISTERS + 0x90, 0x100);
        machine_write64(RIG_EDU_REGISTERS + 0x98, 3); /* to memory, in 100 ms */
        if (i == 0) {
            machine_clock_step(200000000);
            CHECK(!memory_is(RIG_MEMORY, 0x100, 0x44));
            machine_fill(RIG_MEMORY, 0x44, PAGE);
        }
    }
    machine_reset();
    rig_map(IOVA, RIG_MEMORY + PAGE, RIG_READ | RIG_WRITE);
    rig_program();
    machine_clock_step(200000000);
    CHECK(memory_is(RIG_MEMORY, PAGE, 0x44));
    RIG_NO_EVENTS();
    rig_stop();
}

static const struct check_case cases[] = {
    {"preboot: DMA is refused without an event until the IOMMU is enabled", "preboot-block",
     preboot_blocks},
    {"preboot: DMA is refused again after a reset", "preboot-block", preboot_returns_with_a_reset},
    {"preboot: only the devices named are refused, by their number of the moment", "preboot-block",
     preboot_blocks_those_named},
    {"preboot: the IVRS announces it", "3.x IVinfo", preboot_is_announced},
    {"preboot: what is no device or range is refused with a reason", NULL,
     preboot_syntax_is_checked},
    {"a bus with a new number has the new number's tables", NULL, new_number_has_its_own_tables},
    {"a bus with a new number has the new number's interrupts", NULL,
     new_number_has_its_own_interrupts},
    {"a reset empties an event log that has overflowed", NULL, reset_with_a_full_log},
    {"a completion wait that is parked at a reset never completes", NULL,
     reset_while_a_wait_is_parked},
    {"a mapping that is held over a reset is waited for after it", NULL,
     reset_while_a_mapping_is_held},
    {"an access under way during a reset is waited for after it", NULL,
     reset_while_an_access_is_under_way},
    {"a transfer that is left over from before a reset goes by the new tables", NULL,
     reset_before_a_transfer},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
