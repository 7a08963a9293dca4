/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Promise 2, readers: a COMPLETION_WAIT completes only when every reader that is online has
 * released since the invalidations before it, parks the command buffer until then, and never blocks
 * a call.
 */
#include "check.h"
#include "machine.h"

#define DEVICE 0x0100
#define DOMAIN 7
#define ALL    UINT64_C(0x7ffffffffffff000)

static const struct machine_options inline_work = {.tlb_entries = 64, .dte_entries = 4};
static const struct machine_options own_work = {
    .tlb_entries = 64, .dte_entries = 4, .work_is_ours = true};

/* One page mapped at 1000h, and reader @index online with a translation of it. */
static struct amdvi_reader *start_with_user(struct machine *machine,
                                            const struct machine_options *options, unsigned index)
{
    struct amdvi_request request = {
        .device_id = DEVICE, .access = AMDVI_ACCESS_READ, .iova = 0x1000, .size_bytes = 8};
    struct amdvi_translation got = {.run_bytes = 0};
    struct amdvi_reader *reader;
    uint64_t root;

    machine_start(machine, options);
    root = machine_set_paged(machine, DEVICE, DOMAIN, 3);
    machine_map(machine, root, 3, 0x1000, MACHINE_FREE, 12, true, true);
    reader = amdvi_iommu_reader(machine->iommu, index);
    amdvi_reader_online(reader);
    CHECK_U64(amdvi_iommu_translate(reader, &request, &got), AMDVI_OK);
    CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
    return reader;
}

/* A COMPLETION_WAIT with store and interrupt in the ring; no reader releases. */
static void queue_wait(struct machine *machine)
{
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_COMPLETION_WAIT,
                                    .store = true,
                                    .interrupt = true,
                                    .store_address = MACHINE_STORE,
                                    .store_data = ++machine->next_word};

    machine_command(machine, &command);
}

static uint64_t head(struct machine *machine)
{
    return machine_reg(machine, AMDVI_REG_CMD_BUF_HEAD);
}

static bool is_running(struct machine *machine)
{
    return amdvi_has(machine_reg(machine, AMDVI_REG_STATUS), AMDVI_STATUS_CMD_BUF_RUN);
}

static bool is_interrupt_pending(struct machine *machine)
{
    return amdvi_has(machine_reg(machine, AMDVI_REG_STATUS), AMDVI_STATUS_COM_WAIT_INT);
}

/* The wait at @at is parked: nothing of it has happened, and asking does not help. */
static void check_parked(struct machine *machine, uint64_t at)
{
    for (unsigned i = 0; i < 3; i++) {
        CHECK(!machine_waited(machine));
        CHECK(!is_interrupt_pending(machine));
        CHECK_U64(atomic_load(&machine->msis), 0);
        CHECK_U64(head(machine), at);
        CHECK(is_running(machine));
        CHECK(!amdvi_iommu_process(machine->iommu, 100)); /* nothing to do at once */
        amdvi_reader_release(machine->reader);
    }
}

static void check_done(struct machine *machine)
{
    CHECK(machine_waited(machine));
    CHECK(is_interrupt_pending(machine));
    CHECK_U64(atomic_load(&machine->msis), 1);
    CHECK_U64(head(machine), machine_reg(machine, AMDVI_REG_CMD_BUF_TAIL));
}

/* ---- Parking and going on -------------------------------------------------------------------- */

enum command_kind { PAGES, DEVICE_ENTRY, INTERRUPTS, KINDS };

static void invalidate(struct machine *machine, enum command_kind kind)
{
    if (kind == PAGES) {
        machine_invalidate_pages(machine, DOMAIN, 0x1000, false);
    } else if (kind == DEVICE_ENTRY) {
        machine_invalidate_device(machine, DEVICE);
    } else {
        machine_invalidate_interrupts(machine, DEVICE);
    }
}

static void a_wait_parks_until_the_last_reader_is_done(void)
{
    for (unsigned i = 0; i < 2 * 3 * KINDS; i++) {
        struct machine machine;
        struct amdvi_reader *reader = start_with_user(&machine, &inline_work, 1 + i % 3);
        struct amdvi_stats stats;

        invalidate(&machine, (enum command_kind)(i / 3 % KINDS));
        amdvi_reader_release(machine.reader);
        queue_wait(&machine);
        check_parked(&machine, 16);
        if (i < 3 * KINDS) {
            amdvi_reader_release(reader);
            check_done(&machine);
            amdvi_reader_offline(reader);
        } else {
            amdvi_reader_offline(reader);
        }
        check_done(&machine);
        amdvi_iommu_stats(machine.iommu, &stats);
        CHECK_U64(stats.waits_parked, 1);
        CHECK_U64(stats.commands, 2);
        machine_stop(&machine);
    }
}

static void the_callers_own_reader_counts_too(void)
{
    struct machine machine;
    struct amdvi_reader *reader = start_with_user(&machine, &inline_work, 1);

    amdvi_reader_offline(reader);
    machine_invalidate_pages(&machine, DOMAIN, 0x1000, false);
    queue_wait(&machine);
    CHECK(!machine_waited(&machine));
    amdvi_reader_release(machine.reader);
    check_done(&machine);
    machine_stop(&machine);
}

static void a_wait_completes_at_once_when_nobody_holds_anything(void)
{
    for (unsigned i = 0; i < 2; i++) {
        struct machine machine;
        struct amdvi_reader *reader = start_with_user(&machine, &inline_work, 2);
        struct amdvi_stats stats;

        if (i == 0) {
            amdvi_reader_offline(reader);
        }
        machine_invalidate_pages(&machine, DOMAIN, 0x1000, false);
        if (i == 1) {
            amdvi_reader_release(reader); /* since the invalidation */
        }
        amdvi_reader_release(machine.reader);
        queue_wait(&machine);
        check_done(&machine);
        amdvi_iommu_stats(machine.iommu, &stats);
        CHECK_U64(stats.waits_parked, 0);
        if (i == 1) {
            amdvi_reader_offline(reader);
        }
        machine_stop(&machine);
    }
}

static void a_release_before_the_invalidation_is_not_enough(void)
{
    struct machine machine;
    struct amdvi_reader *reader = start_with_user(&machine, &inline_work, 1);

    amdvi_reader_release(reader);
    machine_invalidate_pages(&machine, DOMAIN, 0x1000, false);
    amdvi_reader_release(machine.reader);
    queue_wait(&machine);
    check_parked(&machine, 16);
    amdvi_reader_offline(reader);
    check_done(&machine);
    machine_stop(&machine);
}

static void a_reader_that_comes_after_the_invalidation_delays_nothing(void)
{
    struct machine machine;
    struct amdvi_reader *reader = start_with_user(&machine, &inline_work, 1);

    amdvi_reader_offline(reader);
    machine_invalidate_pages(&machine, DOMAIN, 0x1000, false);
    amdvi_reader_online(reader);
    amdvi_reader_release(machine.reader);
    queue_wait(&machine);
    check_done(&machine);
    amdvi_reader_offline(reader);
    machine_stop(&machine);
}

static void a_wait_without_invalidation_delays_nothing(void)
{
    struct machine machine;
    struct amdvi_reader *reader = start_with_user(&machine, &inline_work, 1);

    machine_invalidate_pages(&machine, DOMAIN, 0x1000, false);
    amdvi_reader_release(reader);
    CHECK(machine_wait(&machine));
    CHECK(machine_wait(&machine));
    CHECK(machine_wait(&machine));
    amdvi_reader_offline(reader);
    machine_stop(&machine);
}

static void online_nests(void)
{
    struct machine machine;
    struct amdvi_reader *reader = start_with_user(&machine, &inline_work, 3);

    amdvi_reader_online(reader);
    amdvi_reader_online(reader);
    machine_invalidate_pages(&machine, DOMAIN, 0x1000, false);
    amdvi_reader_release(machine.reader);
    queue_wait(&machine);
    amdvi_reader_offline(reader);
    check_parked(&machine, 16);
    amdvi_reader_offline(reader);
    check_parked(&machine, 16);
    amdvi_reader_offline(reader);
    check_done(&machine);
    machine_stop(&machine);
}

static void every_reader_has_to_be_done(void)
{
    struct machine machine;
    struct amdvi_reader *readers[3];

    readers[0] = start_with_user(&machine, &inline_work, 1);
    for (unsigned i = 1; i < 3; i++) {
        readers[i] = amdvi_iommu_reader(machine.iommu, 1 + i);
        amdvi_reader_online(readers[i]);
    }
    machine_invalidate_pages(&machine, DOMAIN, 0x1000, false);
    amdvi_reader_release(machine.reader);
    queue_wait(&machine);
    amdvi_reader_release(readers[1]);
    check_parked(&machine, 16);
    amdvi_reader_offline(readers[2]);
    check_parked(&machine, 16);
    amdvi_reader_release(readers[1]); /* once more says nothing new */
    check_parked(&machine, 16);
    amdvi_reader_release(readers[0]);
    check_done(&machine);
    amdvi_reader_offline(readers[0]);
    amdvi_reader_offline(readers[1]);
    machine_stop(&machine);
}

static void enabling_is_an_invalidation(void)
{
    struct machine machine;
    struct amdvi_reader *reader;
    struct amdvi_translation got;
    struct amdvi_request request = {
        .device_id = DEVICE, .access = AMDVI_ACCESS_WRITE, .iova = 0x1000, .size_bytes = 8};
    uint64_t control;

    machine_start(&machine, &inline_work);
    control = machine_reg(&machine, AMDVI_REG_CONTROL);
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control & ~AMDVI_CONTROL_IOMMU_EN);
    reader = amdvi_iommu_reader(machine.iommu, 1);
    amdvi_reader_online(reader);
    CHECK_U64(amdvi_iommu_translate(reader, &request, &got), AMDVI_OK);
    CHECK_U64(got.spa, 0x1000); /* around the IOMMU, and the write is still under way */
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control);
    amdvi_reader_release(machine.reader);
    queue_wait(&machine);
    check_parked(&machine, 0);
    amdvi_reader_offline(reader);
    check_done(&machine);
    machine_stop(&machine);
}

/* ---- The command buffer while parked --------------------------------------------------------- */

static void later_commands_do_not_run_meanwhile(void)
{
    struct machine machine;
    struct amdvi_reader *reader = start_with_user(&machine, &inline_work, 1);

    machine_invalidate_pages(&machine, DOMAIN, 0x1000, false);
    amdvi_reader_release(machine.reader);
    machine_queue_words(&machine, UINT64_C(0x1000000000000000), 0); /* a barrier: s=i=0 */
    machine_kick(&machine);
    machine_invalidate_pages(&machine, DOMAIN, ALL, true);
    machine_invalidate_interrupts(&machine, DEVICE);
    queue_wait(&machine);
    CHECK_U64(head(&machine), 16);
    CHECK(!amdvi_iommu_process(machine.iommu, 100));
    CHECK_U64(machine.invalidations, 1);
    CHECK_U64(machine.interrupt_invalidations, 0);
    amdvi_reader_release(reader); /* the barrier ends, and the second wait parks */
    CHECK_U64(machine.invalidations, 2);
    CHECK_U64(machine.interrupt_invalidations, 1);
    check_parked(&machine, 64);
    amdvi_reader_release(reader);
    check_done(&machine);
    amdvi_reader_offline(reader);
    machine_stop(&machine);
}

static void two_waits_in_a_row_both_complete(void)
{
    struct machine machine;
    struct amdvi_reader *reader = start_with_user(&machine, &inline_work, 1);
    struct amdvi_command first = {.opcode = AMDVI_OPCODE_COMPLETION_WAIT,
                                  .store = true,
                                  .store_address = MACHINE_STORE - 8,
                                  .store_data = 0x1234};

    machine_invalidate_pages(&machine, DOMAIN, 0x1000, false);
    amdvi_reader_release(machine.reader);
    machine_command(&machine, &first);
    queue_wait(&machine);
    CHECK_U64(machine_read64(&machine, MACHINE_STORE - 8), 0);
    check_parked(&machine, 16);
    amdvi_reader_release(reader);
    CHECK_U64(machine_read64(&machine, MACHINE_STORE - 8), 0x1234);
    check_done(&machine);
    amdvi_reader_offline(reader);
    machine_stop(&machine);
}

/* @bit of the control register is cleared while the wait is parked, and set again afterwards. */
static void stop_while_parked(uint64_t bit)
{
    struct machine machine;
    struct amdvi_reader *reader = start_with_user(&machine, &inline_work, 1);
    uint64_t control = machine_reg(&machine, AMDVI_REG_CONTROL);
    unsigned told;

    machine_invalidate_pages(&machine, DOMAIN, 0x1000, false);
    amdvi_reader_release(machine.reader);
    queue_wait(&machine);
    machine_invalidate_interrupts(&machine, DEVICE);
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control & ~bit);
    check_parked(&machine, 16); /* CmdBufRun is still 1 */
    told = machine.interrupt_invalidations;
    amdvi_reader_offline(reader);
    CHECK(machine_waited(&machine));
    CHECK(is_interrupt_pending(&machine));
    CHECK(!is_running(&machine));
    CHECK_U64(head(&machine), 32);
    CHECK(!amdvi_iommu_process(machine.iommu, 100));
    CHECK_U64(machine.interrupt_invalidations, told); /* the next command did not run */
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control);
    CHECK(is_running(&machine));
    CHECK_U64(head(&machine), 48);
    CHECK(machine.interrupt_invalidations > told);
    machine_stop(&machine);
}

static void a_stopped_buffer_runs_until_its_wait_is_done(void)
{
    stop_while_parked(AMDVI_CONTROL_CMD_BUF_EN);
}

static void a_disabled_iommu_finishes_its_wait(void)
{
    stop_while_parked(AMDVI_CONTROL_IOMMU_EN);
}

static void a_reset_forgets_a_parked_wait(void)
{
    struct machine machine;
    struct amdvi_reader *reader = start_with_user(&machine, &inline_work, 1);

    machine_invalidate_pages(&machine, DOMAIN, 0x1000, false);
    amdvi_reader_release(machine.reader);
    queue_wait(&machine);
    check_parked(&machine, 16);
    amdvi_iommu_reset(machine.iommu);
    CHECK(!is_running(&machine));
    amdvi_reader_offline(reader);
    amdvi_reader_release(machine.reader);
    CHECK(!amdvi_iommu_process(machine.iommu, 100));
    CHECK(!machine_waited(&machine));
    CHECK_U64(machine_reg(&machine, AMDVI_REG_STATUS), 0);
    CHECK_U64(head(&machine), 0);
    CHECK_U64(atomic_load(&machine.msis), 0);
    /* And it can be programmed again. */
    machine_set_reg(&machine, AMDVI_REG_CMD_BUF_BASE,
                    MACHINE_COMMANDS | amdvi_put(AMDVI_CMD_BUF_BASE_LEN, 8));
    machine_set_reg(&machine, AMDVI_REG_CONTROL, AMDVI_CONTROL_IOMMU_EN | AMDVI_CONTROL_CMD_BUF_EN);
    CHECK(machine_wait(&machine));
    machine_stop(&machine);
}

/* ---- Who does the work ----------------------------------------------------------------------- */

static void the_last_release_asks_for_work_once(void)
{
    struct machine machine;
    struct amdvi_reader *reader = start_with_user(&machine, &own_work, 1);
    struct amdvi_reader *second = amdvi_iommu_reader(machine.iommu, 2);

    amdvi_reader_online(second);
    machine_invalidate_pages(&machine, DOMAIN, 0x1000, false);
    amdvi_reader_release(machine.reader);
    queue_wait(&machine);
    atomic_store(&machine.work_calls, 0);
    check_parked(&machine, 16);
    CHECK_U64(atomic_load(&machine.work_calls), 0);
    amdvi_reader_release(reader);
    CHECK_U64(atomic_load(&machine.work_calls), 0);
    CHECK(!machine_waited(&machine));
    amdvi_reader_release(second);
    CHECK_U64(atomic_load(&machine.work_calls), 1);
    CHECK(!machine_waited(&machine)); /* the host has not done it yet */
    amdvi_reader_release(reader);
    amdvi_reader_release(second);
    CHECK(!amdvi_iommu_process(machine.iommu, 100));
    check_done(&machine);
    CHECK_U64(atomic_load(&machine.work_calls), 1);
    amdvi_reader_offline(reader);
    amdvi_reader_offline(second);
    CHECK_U64(atomic_load(&machine.work_calls), 1); /* nothing waits any more */
    machine_stop(&machine);
}

static void more_commands_than_a_write_may_run_ask_for_work(void)
{
    struct machine_options options = own_work;
    struct machine machine;

    options.commands_per_write = 3;
    machine_start(&machine, &options);
    for (unsigned i = 0; i < 10; i++) {
        machine_write64(&machine, MACHINE_COMMANDS + UINT64_C(16) * i, UINT64_C(0x5) << 60 | i);
    }
    machine_set_reg(&machine, AMDVI_REG_CMD_BUF_TAIL, 48);
    CHECK_U64(head(&machine), 48);
    CHECK_U64(atomic_load(&machine.work_calls), 0);
    machine_set_reg(&machine, AMDVI_REG_CMD_BUF_TAIL, 160);
    CHECK_U64(head(&machine), 96);
    CHECK_U64(atomic_load(&machine.work_calls), 1);
    CHECK(amdvi_iommu_process(machine.iommu, 2));
    CHECK_U64(head(&machine), 128);
    CHECK(amdvi_iommu_process(machine.iommu, 1));
    CHECK(!amdvi_iommu_process(machine.iommu, 1));
    CHECK_U64(head(&machine), 160);
    CHECK_U64(machine.interrupt_invalidations, 10);
    machine_stop(&machine);
}

static bool process_inside;

static void process_again_only(struct machine *machine, enum machine_told what)
{
    if (what == MACHINE_TOLD_TRANSLATIONS) {
        process_inside = amdvi_iommu_process(machine->iommu, 100);
    }
}

static void process_again(struct machine *machine, enum machine_told what)
{
    if (what == MACHINE_TOLD_TRANSLATIONS) {
        process_inside = amdvi_iommu_process(machine->iommu, 100);
        queue_wait(machine);
    }
}

/* Nothing is left over of a call from inside: the one outside has not more to do. */
static void a_call_from_inside_is_answered_once(void)
{
    struct machine_options options = inline_work;
    struct machine machine;

    options.work_is_ours = true;
    machine_start(&machine, &options);
    process_inside = true;
    machine.told = process_again_only;
    machine_queue_words(&machine, UINT64_C(3) << 60, 0x1000);
    machine_kick(&machine);
    CHECK(!process_inside);
    CHECK_U64(machine.invalidations, 1);
    CHECK_U64(atomic_load(&machine.work_calls), 0);
    CHECK(!amdvi_iommu_process(machine.iommu, 100));
    machine.told = NULL;
    machine_stop(&machine);
}

static void a_call_from_inside_leaves_the_work_to_the_one_outside(void)
{
    struct machine machine;
    struct amdvi_reader *reader = start_with_user(&machine, &inline_work, 1);

    amdvi_reader_offline(reader);
    amdvi_reader_offline(machine.reader);
    process_inside = true;
    machine.told = process_again;
    machine_invalidate_pages(&machine, DOMAIN, 0x1000, false);
    machine.told = NULL;
    CHECK(!process_inside);
    check_done(&machine); /* also the wait that was queued meanwhile */
    amdvi_reader_online(machine.reader);
    machine_stop(&machine);
}

static const struct check_case cases[] = {
    {"a COMPLETION_WAIT parks while a reader has not released since an invalidation (V10)",
     "1.20 COMPLETION_WAIT", a_wait_parks_until_the_last_reader_is_done},
    {"the reader of the thread that writes the tail counts too", "1.20 COMPLETION_WAIT",
     the_callers_own_reader_counts_too},
    {"a wait completes at once when all readers are offline or have released",
     "1.20 COMPLETION_WAIT", a_wait_completes_at_once_when_nobody_holds_anything},
    {"a release before the invalidation is not enough", "1.20 COMPLETION_WAIT",
     a_release_before_the_invalidation_is_not_enough},
    {"a reader that goes online after the invalidation delays nothing", NULL,
     a_reader_that_comes_after_the_invalidation_delays_nothing},
    {"a wait without a new invalidation delays nothing", NULL,
     a_wait_without_invalidation_delays_nothing},
    {"online nests, and the last offline is what counts", NULL, online_nests},
    {"every reader has to release before the wait is complete", NULL, every_reader_has_to_be_done},
    {"an access that passed while the IOMMU was off delays a wait after enabling", NULL,
     enabling_is_an_invalidation},
    {"commands behind a parked wait do not run", "1.20 COMPLETION_WAIT",
     later_commands_do_not_run_meanwhile},
    {"two waits in a row both complete", "1.20 COMPLETION_WAIT", two_waits_in_a_row_both_complete},
    {"with CmdBufEn cleared CmdBufRun reads 1 until the parked wait is done, and no more runs",
     "1.20 IOMMU Control", a_stopped_buffer_runs_until_its_wait_is_done},
    {"with IommuEn cleared the parked wait is finished, and no more runs", "1.20 IOMMU Control",
     a_disabled_iommu_finishes_its_wait},
    {"a reset forgets a parked wait", "1.20 reset", a_reset_forgets_a_parked_wait},
    {"the last release asks the host for work, once", NULL, the_last_release_asks_for_work_once},
    {"a register write runs no more commands than it may, and asks for work for the rest", NULL,
     more_commands_than_a_write_may_run_ask_for_work},
    {"a process call from inside a host function leaves the work to the outer one", NULL,
     a_call_from_inside_leaves_the_work_to_the_one_outside},
    {"a call from inside is answered, and nothing is left over", "1.20 command buffer",
     a_call_from_inside_is_answered_once},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
