/* SPDX-License-Identifier: BSD-2-Clause */
/* The command buffer: fetching, COMPLETION_WAIT, when commands run and how many in one call. */
#include "ring.h"

#define COM_WAIT_INT_EN BIT64(4)
#define RUNNING         (IOMMU_EN | EVENT_LOG_EN | CMD_BUF_EN)

#define F          BIT64(2)
#define INVALIDATE (UINT64_C(2) << 60 | 0x77) /* INVALIDATE_DEVTAB_ENTRY */

/* Nobody is in a burst, so that a COMPLETION_WAIT has nothing to wait for. */
static void start(struct machine *machine, const struct machine_options *options)
{
    machine_start(machine, options);
    amdvi_reader_offline(machine->reader);
}

static uint64_t completed(struct machine *machine)
{
    struct amdvi_stats stats;

    amdvi_iommu_stats(machine->iommu, &stats);
    return stats.commands;
}

static void run_one(struct machine *machine, uint64_t word0, uint64_t word1)
{
    machine_queue_words(machine, word0, word1);
    machine_kick(machine);
}

static void every_length_wraps(void)
{
    for (unsigned log2 = 8; log2 <= 15; log2++) {
        struct machine machine;
        uint64_t entries = BIT64(log2);
        start(&machine, &machine_cache_sizes[0]);
        machine_set_reg(&machine, CONTROL, IOMMU_EN);
        machine_set_reg(&machine, BASE, MACHINE_COMMANDS | (uint64_t)log2 << 56);
        machine_set_reg(&machine, HEAD, 16 * (entries - 2));
        machine_set_reg(&machine, TAIL, 16 * (entries - 2));
        machine_set_reg(&machine, CONTROL, RUNNING);
        for (uint64_t i = 0; i < 5; i++) {
            set_store(&machine, (entries - 2 + i) % entries, i);
        }
        /* One alone up to the end, one across it, the rest in one go. */
        machine_set_reg(&machine, TAIL, 16 * (entries - 1));
        CHECK_U64(stored(&machine, 0), 1000);
        CHECK_U64(stored(&machine, 1), 0);
        CHECK_U64(machine_reg(&machine, HEAD), 16 * (entries - 1));
        machine_set_reg(&machine, TAIL, 0);
        CHECK_U64(stored(&machine, 1), 1001);
        CHECK_U64(stored(&machine, 2), 0);
        CHECK_U64(machine_reg(&machine, HEAD), 0);
        machine_set_reg(&machine, TAIL, 48);
        for (uint64_t i = 0; i < 5; i++) {
            CHECK_U64(stored(&machine, i), 1000 + i);
        }
        CHECK_U64(machine_reg(&machine, HEAD), 48);
        CHECK_U64(machine_reg(&machine, STATUS) & CMD_BUF_RUN, CMD_BUF_RUN);
        expect_no_event(&machine);
        stop(&machine);
    }
}

static void full_ring(unsigned log2, uint64_t first)
{
    struct machine machine;
    uint64_t entries = BIT64(log2);

    start(&machine, &machine_cache_sizes[0]);
    machine_set_reg(&machine, CONTROL, IOMMU_EN);
    machine_set_reg(&machine, BASE, MACHINE_COMMANDS | (uint64_t)log2 << 56);
    machine_set_reg(&machine, HEAD, 16 * first);
    machine_set_reg(&machine, TAIL, 16 * first);
    for (uint64_t i = 0; i < entries; i++) {
        set_command(&machine, i, INVALIDATE, 0);
    }
    set_store(&machine, (first + entries - 2) % entries, 1);
    set_store(&machine, (first + entries - 1) % entries, 2);
    machine_set_reg(&machine, CONTROL, RUNNING);
    machine_set_reg(&machine, TAIL, 16 * ((first + entries - 1) % entries));
    CHECK_U64(completed(&machine), entries - 1);
    CHECK_U64(stored(&machine, 1), 1001);
    CHECK_U64(stored(&machine, 2), 0);
    CHECK_U64(machine_reg(&machine, HEAD), machine_reg(&machine, TAIL));
    expect_no_event(&machine);
    stop(&machine);
}

static void full_rings(void)
{
    full_ring(8, 0);
    full_ring(8, 200);
    full_ring(15, 0);
    full_ring(15, 32767);
}

static void tail_equal_to_head(void)
{
    struct machine machine;

    start(&machine, &machine_cache_sizes[0]);
    for (uint64_t i = 0; i < 256; i++) {
        set_store(&machine, i, i);
    }
    machine_set_reg(&machine, TAIL, 0);
    CHECK_U64(completed(&machine), 0);
    machine_set_reg(&machine, TAIL, 32);
    CHECK_U64(completed(&machine), 2);
    machine_set_reg(&machine, TAIL, 32);
    machine_set_reg(&machine, CONTROL, machine_reg(&machine, CONTROL));
    CHECK_U64(completed(&machine), 2);
    /* A tail behind the head is a ring that is nearly full. */
    machine_set_reg(&machine, TAIL, 16);
    CHECK_U64(completed(&machine), 2 + 255);
    CHECK_U64(machine_reg(&machine, HEAD), 16);
    stop(&machine);
}

static void one_invalidation(struct machine *machine, uint64_t word1, uint64_t first, uint64_t last)
{
    unsigned before = machine->invalidations;

    run_one(machine, UINT64_C(3) << 60 | UINT64_C(0x1234) << 32, word1);
    if (CHECK_U64(machine->invalidations, before + 1)) {
        const struct amdvi_invalidation *got = &machine->invalidation[before % MACHINE_RECORDS];
        CHECK_U64(got->kind, AMDVI_INVALIDATED_DOMAIN);
        CHECK_U64(got->domain_id, 0x1234);
        CHECK_U64(got->first_iova, first);
        CHECK_U64(got->last_iova, last);
    }
}

static void invalidations(struct machine *machine)
{
    one_invalidation(machine, 0x5000, 0x5000, 0x5fff);
    one_invalidation(machine, 0x5002, 0x5000, 0x5fff);
    one_invalidation(machine, 0x0001, 0, 0x1fff);
    one_invalidation(machine, 0x4003, 0x4000, 0x5fff);
    one_invalidation(machine, 0x5001, 0x4000, 0x7fff);
    one_invalidation(machine, 0x7ffff001, 0, UINT64_C(0xffffffff));
    one_invalidation(machine, UINT64_C(0xab000003ffff001), UINT64_C(0xab0000000000000),
                     UINT64_C(0xab000007fffffff));
    one_invalidation(machine, UINT64_C(0x7ffffffffffff003), 0, UINT64_MAX);
    one_invalidation(machine, UINT64_C(0xfffffffffffff003), 0, UINT64_MAX);
    one_invalidation(machine, UINT64_C(0xfffffffffffff000), UINT64_C(0xfffffffffffff000),
                     UINT64_MAX);
    unsigned before = machine->invalidations;
    run_one(machine, UINT64_C(2) << 60 | 0xfedc, 0);
    if (CHECK_U64(machine->invalidations, before + 1)) {
        const struct amdvi_invalidation *got = &machine->invalidation[before % MACHINE_RECORDS];
        CHECK_U64(got->kind, AMDVI_INVALIDATED_DEVICE);
        CHECK_U64(got->device_id, 0xfedc);
    }
    before = machine->interrupt_invalidations;
    run_one(machine, UINT64_C(5) << 60 | 0xba98, 0);
    if (CHECK_U64(machine->interrupt_invalidations, before + 1)) {
        CHECK(!machine->interrupts_all[before % MACHINE_RECORDS]);
        CHECK_U64(machine->interrupts_device[before % MACHINE_RECORDS], 0xba98);
    }
    expect_no_event(machine);
}

static void the_host_is_told_what_was_invalidated(void)
{
    with_each_cache(invalidations);
}

static void wait_operands(void)
{
    struct machine machine;

    start(&machine, &machine_cache_sizes[0]);
    for (unsigned bits = 0; bits < 8; bits++) {
        uint64_t spa = MACHINE_FREE + 64 * (uint64_t)bits;
        machine_set_reg(&machine, STATUS, COM_WAIT_INT);
        machine_write64(&machine, spa - 8, 7);
        machine_write64(&machine, spa + 8, 9);
        unsigned msis = machine.msis;
        run_one(&machine, WAIT | bits | spa, UINT64_C(0xfedcba9876543210) + bits);
        bool has_store = (bits & S) != 0;
        bool has_interrupt = (bits & I) != 0;
        CHECK_U64(machine_read64(&machine, spa),
                  has_store ? UINT64_C(0xfedcba9876543210) + bits : 0);
        CHECK_U64(machine_read64(&machine, spa - 8), 7);
        CHECK_U64(machine_read64(&machine, spa + 8), 9);
        CHECK_U64(machine_reg(&machine, STATUS) & COM_WAIT_INT, has_interrupt ? COM_WAIT_INT : 0);
        CHECK_U64(machine.msis - msis, has_interrupt);
        CHECK_U64(machine_reg(&machine, HEAD), machine_reg(&machine, TAIL));
    }
    /* Without s the address is no address. */
    run_one(&machine, WAIT | UINT64_C(0x000ffffffffffff8), 1);
    machine_write64(&machine, 0, 5);
    run_one(&machine, WAIT, 1);
    CHECK_U64(machine_read64(&machine, 0), 5);
    CHECK_U64(machine_reg(&machine, STATUS) & CMD_BUF_RUN, CMD_BUF_RUN);
    expect_no_event(&machine);
    stop(&machine);
}

static void wait_interrupt(void)
{
    struct machine machine;

    start(&machine, &machine_cache_sizes[0]);
    machine_set_reg(&machine, CONTROL, RUNNING);
    run_one(&machine, WAIT | I, 0);
    CHECK_U64(machine_reg(&machine, STATUS) & COM_WAIT_INT, COM_WAIT_INT);
    CHECK_U64(machine.msis, 0);
    /* Enabled while the bit is set: now it comes. */
    machine_set_reg(&machine, CONTROL, RUNNING | COM_WAIT_INT_EN);
    CHECK_U64(machine.msis, 1);
    run_one(&machine, WAIT | I, 0);
    run_one(&machine, WAIT, 0);
    CHECK_U64(machine.msis, 1);
    machine_set_reg(&machine, STATUS, COM_WAIT_INT);
    CHECK_U64(machine.msis, 1);
    run_one(&machine, WAIT, 0);
    CHECK_U64(machine_reg(&machine, STATUS) & COM_WAIT_INT, 0);
    run_one(&machine, WAIT | I, 0);
    CHECK_U64(machine.msis, 2);
    /* Cleared with the enable off, there is nothing to tell. */
    machine_set_reg(&machine, CONTROL, RUNNING);
    machine_set_reg(&machine, STATUS, COM_WAIT_INT);
    machine_set_reg(&machine, CONTROL, RUNNING | COM_WAIT_INT_EN);
    CHECK_U64(machine.msis, 2);
    /* EventIntEn is another enable. */
    machine_set_reg(&machine, CONTROL, RUNNING | BIT64(3));
    run_one(&machine, WAIT | I, 0);
    CHECK_U64(machine.msis, 2);
    expect_no_event(&machine);
    stop(&machine);
}

static void not_while_off(void)
{
    static const uint64_t off[] = {0, IOMMU_EN, CMD_BUF_EN, IOMMU_EN | EVENT_LOG_EN};

    for (unsigned i = 0; i < CHECK_CASE_COUNT(off); i++) {
        struct machine machine;
        start(&machine, &machine_cache_sizes[0]);
        machine_set_reg(&machine, CONTROL, off[i]);
        set_store(&machine, 0, 1);
        set_store(&machine, 1, 2);
        machine_set_reg(&machine, TAIL, 32);
        CHECK_U64(machine_reg(&machine, STATUS) & CMD_BUF_RUN, 0);
        CHECK(!amdvi_iommu_process(machine.iommu, 100));
        CHECK_U64(machine_reg(&machine, HEAD), 0);
        CHECK_U64(stored(&machine, 1), 0);
        machine_set_reg(&machine, CONTROL, RUNNING);
        CHECK_U64(machine_reg(&machine, HEAD), 32);
        CHECK_U64(stored(&machine, 1), 1001);
        CHECK_U64(stored(&machine, 2), 1002);
        machine_set_reg(&machine, CONTROL, off[i]);
        CHECK_U64(machine_reg(&machine, STATUS) & CMD_BUF_RUN, 0);
        set_store(&machine, 2, 3);
        machine_set_reg(&machine, TAIL, 48);
        CHECK_U64(stored(&machine, 3), 0);
        CHECK_U64(machine_reg(&machine, HEAD), 32);
        expect_no_event(&machine);
        stop(&machine);
    }
}

static void budget(void)
{
    struct machine machine;
    struct machine_options options = {.commands_per_write = 4, .work_is_ours = true};

    start(&machine, &options);
    for (uint64_t i = 0; i < 32; i++) {
        set_command(&machine, i, INVALIDATE, 0);
    }
    machine_set_reg(&machine, TAIL, 16 * 4);
    CHECK_U64(completed(&machine), 4);
    CHECK_U64(machine.work_calls, 0);
    machine_set_reg(&machine, TAIL, 16 * 15);
    CHECK_U64(completed(&machine), 8);
    CHECK_U64(machine_reg(&machine, HEAD), 16 * 8);
    CHECK_U64(machine.work_calls, 1);
    CHECK(amdvi_iommu_process(machine.iommu, 0));
    CHECK_U64(completed(&machine), 8);
    CHECK(amdvi_iommu_process(machine.iommu, 1));
    CHECK_U64(machine_reg(&machine, HEAD), 16 * 9);
    CHECK(amdvi_iommu_process(machine.iommu, 5));
    CHECK_U64(machine_reg(&machine, HEAD), 16 * 14);
    /* The tail moves while there is still work. */
    machine_set_reg(&machine, TAIL, 16 * 30);
    CHECK_U64(machine_reg(&machine, HEAD), 16 * 18);
    CHECK(amdvi_iommu_process(machine.iommu, 11));
    CHECK(!amdvi_iommu_process(machine.iommu, 100));
    CHECK_U64(machine_reg(&machine, HEAD), 16 * 30);
    CHECK_U64(completed(&machine), 30);
    CHECK(!amdvi_iommu_process(machine.iommu, 100));
    stop(&machine);
}

static void budget_of_waits(void)
{
    struct machine machine;
    struct machine_options options = {.commands_per_write = 3, .work_is_ours = true};

    /* A COMPLETION_WAIT may take more than one turn, so that fewer run, but never more. */
    start(&machine, &options);
    for (uint64_t i = 0; i < 20; i++) {
        set_store(&machine, i, i);
    }
    machine_set_reg(&machine, TAIL, 16 * 20);
    CHECK(completed(&machine) <= 3);
    CHECK_U64(machine.work_calls, 1);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t before = completed(&machine);
        bool more = amdvi_iommu_process(machine.iommu, 2);
        CHECK(completed(&machine) - before <= 2);
        CHECK_U64(more, completed(&machine) < 20);
    }
    CHECK_U64(completed(&machine), 20);
    CHECK_U64(stored(&machine, 19), 1019);
    stop(&machine);
}

static void budget_of_enable(void)
{
    struct machine machine;
    struct machine_options options = {.commands_per_write = 1, .work_is_ours = true};

    /* A write that enables runs commands too, and no more than any other. */
    start(&machine, &options);
    machine_set_reg(&machine, CONTROL, IOMMU_EN);
    for (uint64_t i = 0; i < 3; i++) {
        set_store(&machine, i, i);
    }
    machine_set_reg(&machine, TAIL, 48);
    machine_set_reg(&machine, CONTROL, RUNNING);
    CHECK(completed(&machine) <= 1);
    CHECK(machine.work_calls >= 1);
    while (amdvi_iommu_process(machine.iommu, 1)) {
        CHECK(completed(&machine) <= 3);
    }
    CHECK_U64(completed(&machine), 3);
    stop(&machine);
}

static void no_work_function(void)
{
    struct machine machine;
    struct machine_options options = {.commands_per_write = 1};

    start(&machine, &options);
    for (uint64_t i = 0; i < 40; i++) {
        set_store(&machine, i, i);
    }
    machine_set_reg(&machine, TAIL, 16 * 40);
    CHECK_U64(completed(&machine), 40);
    CHECK_U64(machine_reg(&machine, HEAD), 16 * 40);
    CHECK_U64(stored(&machine, 39), 1039);
    stop(&machine);
}

static void stop_between(void)
{
    struct machine machine;
    struct machine_options options = {.commands_per_write = 1, .work_is_ours = true};

    /* Stopped and started with work left: it goes on where it was. */
    start(&machine, &options);
    for (uint64_t i = 0; i < 6; i++) {
        set_store(&machine, i, i);
    }
    machine_set_reg(&machine, TAIL, 16 * 6);
    machine_set_reg(&machine, CONTROL, IOMMU_EN | EVENT_LOG_EN);
    uint64_t head = machine_reg(&machine, HEAD);
    CHECK(head < 16 * 6);
    CHECK(!amdvi_iommu_process(machine.iommu, 100));
    CHECK_U64(machine_reg(&machine, HEAD), head);
    CHECK_U64(machine_reg(&machine, STATUS) & CMD_BUF_RUN, 0);
    machine_set_reg(&machine, CONTROL, RUNNING);
    CHECK(!amdvi_iommu_process(machine.iommu, 100));
    CHECK_U64(completed(&machine), 6);
    CHECK_U64(stored(&machine, 5), 1005);
    amdvi_iommu_reset(machine.iommu);
    CHECK(!amdvi_iommu_process(machine.iommu, 100));
    CHECK_U64(machine_reg(&machine, HEAD), 0);
    stop(&machine);
}

static void self_modifying(void)
{
    struct machine machine;

    /* A store into the ring changes the command behind it, which is fetched afterwards or before.
     */
    start(&machine, &machine_cache_sizes[0]);
    set_command(&machine, 0, WAIT | S | F | (MACHINE_COMMANDS + 16), INVALIDATE);
    set_store(&machine, 1, 1);
    machine_write64(&machine, MACHINE_COMMANDS + 24, 0);
    set_store(&machine, 2, 2);
    machine_set_reg(&machine, TAIL, 48);
    CHECK_U64(stored(&machine, 2), 1002);
    CHECK_U64(machine_reg(&machine, HEAD), 48);
    expect_no_event(&machine);
    stop(&machine);
}

static const struct check_case cases[] = {
    {"the head follows the tail around the end, for every length from 256 to 32768",
     "1.20 command buffer", every_length_wraps},
    {"a full ring is one entry less than its length, all of which run", "1.20 command buffer",
     full_rings},
    {"a tail equal to the head is an empty ring", "1.20 command buffer", tail_equal_to_head},
    {"the host is told exactly what an invalidation names (X4)", "1.20 INVALIDATE_IOMMU_PAGES",
     the_host_is_told_what_was_invalidated},
    {"COMPLETION_WAIT stores with s, interrupts with i, and does neither without (Q12)",
     "1.20 COMPLETION_WAIT", wait_operands},
    {"ComWaitInt is set whatever ComWaitIntEn is; the interrupt comes when both become 1 (Q12)",
     "1.20 COMPLETION_WAIT", wait_interrupt},
    {"nothing is fetched unless IommuEn and CmdBufEn are 1, and then what was queued before runs",
     "1.20 command buffer", not_while_off},
    {"a write runs no more commands than configured, and tells when there are more",
     "1.20 command buffer", budget},
    {"a budget bounds COMPLETION_WAITs too, and what is left runs later", "1.20 command buffer",
     budget_of_waits},
    {"a write that enables runs no more than configured", "1.20 command buffer", budget_of_enable},
    {"without host->work all commands run in the call that found them", "1.20 command buffer",
     no_work_function},
    {"a ring that is stopped with work left goes on where it was", "1.20 command buffer",
     stop_between},
    {"a store into the ring itself does no harm", "1.20 COMPLETION_WAIT", self_modifying},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
