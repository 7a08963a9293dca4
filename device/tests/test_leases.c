/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Promise 2, leases: a translation that outlives its reader's release. A COMPLETION_WAIT walks the
 * tables again for those that an invalidation concerns; it waits for those that no longer hold.
 */
#include "check.h"
#include "machine.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE   0x0100
#define STRANGER 0x0200
#define DOMAIN   7
#define OTHER    8
#define SPA(n)   (MACHINE_FREE + UINT64_C(0x1000) * (n))
#define ALL      UINT64_C(0x7ffffffffffff000)

static const struct machine_options cached = {.tlb_entries = 256, .dte_entries = 16};

/* One machine with a lease taken by its own reader, which has released since. */
struct scene {
    struct machine machine;
    struct amdvi_lease lease;
    uint64_t root;
};

static enum amdvi_outcome take(struct machine *machine, struct amdvi_lease *lease, uint16_t device,
                               uint64_t iova, uint64_t size_bytes, enum amdvi_access access)
{
    struct amdvi_request request = {
        .device_id = device, .access = access, .iova = iova, .size_bytes = size_bytes};
    struct amdvi_translation out = {.outcome = AMDVI_OUTCOME_ABORTED};

    CHECK_U64(amdvi_lease_take(machine->reader, lease, &request, lease, &out), AMDVI_OK);
    if (out.outcome == AMDVI_OUTCOME_TRANSLATED) {
        CHECK_U64(out.run_bytes, size_bytes);
    }
    amdvi_reader_release(machine->reader);
    return out.outcome;
}

/* Pages 0 to 15 mapped to SPA(0) and on by a 64 KiB run, and a lease of pages 4 to 7. */
static void set_up(struct scene *scene, enum amdvi_access access)
{
    machine_start(&scene->machine, &cached);
    scene->root = machine_set_paged(&scene->machine, DEVICE, DOMAIN, 3);
    for (unsigned page = 0; page < 16; page++) {
        machine_map(&scene->machine, scene->root, 3, UINT64_C(0x1000) * page, SPA(page), 12, true,
                    true);
    }
    CHECK_U64(take(&scene->machine, &scene->lease, DEVICE, 0x4000, 0x4000, access),
              AMDVI_OUTCOME_TRANSLATED);
}

static void tear_down(struct scene *scene)
{
    machine_stop(&scene->machine);
}

/* The wait finds the lease intact, and nobody is told. */
static void check_holds(struct scene *scene)
{
    CHECK(machine_wait(&scene->machine));
    CHECK_U64(scene->machine.revocations, 0);
    amdvi_lease_release(&scene->lease);
    CHECK(machine_wait(&scene->machine));
}

/* The wait has the lease revoked, once, and completes when it is released. */
static void check_is_revoked(struct scene *scene)
{
    struct amdvi_stats stats;

    CHECK(!machine_wait(&scene->machine));
    CHECK_U64(scene->machine.revocations, 1);
    CHECK(scene->machine.revoked[0] == &scene->lease);
    CHECK(!amdvi_iommu_process(scene->machine.iommu, 100));
    amdvi_reader_release(scene->machine.reader);
    CHECK(!machine_waited(&scene->machine));
    CHECK_U64(scene->machine.revocations, 1);
    amdvi_lease_release(&scene->lease);
    CHECK(machine_waited(&scene->machine));
    amdvi_iommu_stats(scene->machine.iommu, &stats);
    CHECK_U64(stats.leases_revoked, 1);
    CHECK_U64(stats.waits_parked, 1);
}

/* ---- What holds and what does not ------------------------------------------------------------ */

static void change_page(struct scene *scene, unsigned page, uint64_t spa, bool read, bool write)
{
    machine_map(&scene->machine, scene->root, 3, UINT64_C(0x1000) * page, spa, 12, read, write);
}

static void with_intact_tables_nothing_waits(void)
{
    struct scene scene;

    set_up(&scene, AMDVI_ACCESS_READ_WRITE);
    machine_invalidate_pages(&scene.machine, DOMAIN, ALL, true);
    machine_invalidate_device(&scene.machine, DEVICE);
    check_holds(&scene);
    tear_down(&scene);
}

static void a_changed_page_revokes_the_lease(void)
{
    for (unsigned page = 4; page < 8; page++) {
        struct scene scene;

        set_up(&scene, AMDVI_ACCESS_READ);
        change_page(&scene, page, SPA(100), true, true);
        machine_invalidate_pages(&scene.machine, DOMAIN, UINT64_C(0x1000) * page, false);
        check_is_revoked(&scene);
        tear_down(&scene);
        set_up(&scene, AMDVI_ACCESS_READ);
        machine_write64(
            &scene.machine,
            machine_entry_spa(&scene.machine, scene.root, 3, UINT64_C(0x1000) * page, 1), 0);
        machine_invalidate_pages(&scene.machine, DOMAIN, ALL, true);
        check_is_revoked(&scene);
        tear_down(&scene);
    }
}

static void a_narrowed_permission_revokes_the_lease_that_needs_it(void)
{
    for (unsigned i = 0; i < 8; i++) {
        enum amdvi_access access = (i & 4) != 0 ? AMDVI_ACCESS_WRITE : AMDVI_ACCESS_READ;
        bool read = (i & 1) != 0;
        bool write = (i & 2) != 0;
        struct scene scene;

        set_up(&scene, access);
        change_page(&scene, 5, SPA(5), read, write);
        machine_invalidate_pages(&scene.machine, DOMAIN, 0x5000, false);
        if (access == AMDVI_ACCESS_WRITE ? write : read) {
            check_holds(&scene);
        } else {
            check_is_revoked(&scene);
        }
        tear_down(&scene);
    }
}

static void other_pages_do_not_concern_the_lease(void)
{
    struct scene scene;

    set_up(&scene, AMDVI_ACCESS_WRITE);
    change_page(&scene, 3, SPA(100), false, false);
    change_page(&scene, 8, SPA(100), false, false);
    machine_invalidate_pages(&scene.machine, DOMAIN, 0x3000, false);
    machine_invalidate_pages(&scene.machine, DOMAIN, 0x8000, false);
    machine_invalidate_pages(&scene.machine, DOMAIN, ALL, true);
    check_holds(&scene);
    tear_down(&scene);
}

static void what_is_not_invalidated_may_stay(void)
{
    struct scene scene;

    set_up(&scene, AMDVI_ACCESS_WRITE);
    machine_set_paged(&scene.machine, STRANGER, OTHER, 3);
    change_page(&scene, 4, SPA(100), true, true);
    change_page(&scene, 7, SPA(100), true, true);
    machine_invalidate_pages(&scene.machine, OTHER, ALL, true);
    machine_invalidate_pages(&scene.machine, DOMAIN, 0x3000, false);
    machine_invalidate_pages(&scene.machine, DOMAIN, 0x8000, false);
    machine_invalidate_device(&scene.machine, STRANGER);
    machine_invalidate_interrupts(&scene.machine, DEVICE);
    CHECK(machine_wait(&scene.machine));
    CHECK_U64(scene.machine.revocations, 0);
    machine_invalidate_pages(&scene.machine, DOMAIN, 0x7000, false);
    check_is_revoked(&scene);
    tear_down(&scene);
}

enum dte_change { OTHER_ROOT, NO_WRITE, PASSING, SAME_TABLES_OTHER_DOMAIN, DTE_CHANGES };

static void a_changed_device_table_entry_revokes_the_lease(void)
{
    for (unsigned change = 0; change < DTE_CHANGES; change++) {
        struct scene scene;
        struct amdvi_dte dte = {
            .valid = true, .translation = true, .read = true, .write = true, .mode = 3};

        set_up(&scene, AMDVI_ACCESS_WRITE);
        dte.page_root = change == OTHER_ROOT ? machine_table(&scene.machine) : scene.root;
        dte.write = change != NO_WRITE;
        dte.valid = change != PASSING;
        dte.domain_id = change == SAME_TABLES_OTHER_DOMAIN ? OTHER : DOMAIN;
        machine_set_dte(&scene.machine, DEVICE, &dte);
        machine_invalidate_device(&scene.machine, DEVICE);
        if (change == SAME_TABLES_OTHER_DOMAIN) {
            check_holds(&scene); /* see test_lease_moves.c for what ends it then */
        } else {
            check_is_revoked(&scene);
        }
        tear_down(&scene);
    }
}

static void a_lease_of_a_passed_device_ends_when_it_is_translated(void)
{
    struct scene scene;

    machine_start(&scene.machine, &cached);
    CHECK_U64(take(&scene.machine, &scene.lease, DEVICE, SPA(0), 0x3000, AMDVI_ACCESS_WRITE),
              AMDVI_OUTCOME_TRANSLATED);
    scene.root = machine_set_paged(&scene.machine, DEVICE, DOMAIN, 3);
    machine_invalidate_device(&scene.machine, DEVICE);
    check_is_revoked(&scene);
    tear_down(&scene);
}

static void a_large_page_may_be_split_under_a_lease(void)
{
    for (unsigned changed = 0; changed < 2; changed++) {
        struct scene scene;

        machine_start(&scene.machine, &cached);
        scene.root = machine_set_paged(&scene.machine, DEVICE, DOMAIN, 3);
        machine_map(&scene.machine, scene.root, 3, 0x200000, 0x2000000, 21, true, true);
        CHECK_U64(take(&scene.machine, &scene.lease, DEVICE, 0x210000, 0x10000, AMDVI_ACCESS_READ),
                  AMDVI_OUTCOME_TRANSLATED);
        machine_write64(&scene.machine,
                        machine_entry_spa(&scene.machine, scene.root, 3, 0x200000, 2), 0);
        for (uint64_t at = 0x210000; at < 0x220000; at += 0x1000) {
            machine_map(&scene.machine, scene.root, 3, at, 0x1e00000 + at, 12, true, true);
        }
        if (changed != 0) {
            machine_map(&scene.machine, scene.root, 3, 0x21f000, SPA(0), 12, true, true);
        }
        machine_invalidate_pages(&scene.machine, DOMAIN, 0x2ff000, true);
        if (changed != 0) {
            check_is_revoked(&scene);
        } else {
            check_holds(&scene);
        }
        tear_down(&scene);
    }
}

/* The run begins in the exclusion range and goes on in the page tables, at the same addresses. */
/* Choice: tables that now say the same in too many pieces count as gone, so that a turn is bounded.
 */
static void a_lease_in_too_many_pieces_counts_as_gone(void)
{
    struct machine machine;
    struct amdvi_lease lease;
    const uint64_t bytes = UINT64_C(66) << 21; /* more than 64 runs of 512 pages */
    machine_start(&machine, &cached);
    uint64_t root = machine_set_paged(&machine, DEVICE, DOMAIN, 3);
    for (uint64_t at = 0; at < bytes; at += UINT64_C(1) << 21) {
        machine_map(&machine, root, 3, at, UINT64_C(0x40000000) + at, 21, true, true);
    }
    CHECK_U64(take(&machine, &lease, DEVICE, 0, bytes, AMDVI_ACCESS_READ),
              AMDVI_OUTCOME_TRANSLATED);
    for (uint64_t at = 0; at < bytes; at += UINT64_C(1) << 21) {
        uint64_t table = machine_table(&machine);
        for (uint64_t page = 0; page < 512; page++) {
            uint64_t spa = UINT64_C(0x40000000) + at + 0x1000 * page;
            machine_write64(&machine, table + 8 * page, machine_entry(0, spa, true, true));
        }
        machine_write64(&machine, machine_entry_spa(&machine, root, 3, at, 2),
                        machine_entry(1, table, true, true));
    }
    machine_invalidate_pages(&machine, DOMAIN, ALL, true);
    CHECK(!machine_wait(&machine));
    CHECK_U64(machine.revocations, 1);
    amdvi_lease_release(&lease);
    CHECK(machine_waited(&machine));
    machine_stop(&machine);
}

static void a_lease_across_the_exclusion_range_follows_its_tables(void)
{
    struct scene scene;

    machine_start(&scene.machine, &cached);
    scene.root = machine_set_paged(&scene.machine, DEVICE, DOMAIN, 3);
    machine_map(&scene.machine, scene.root, 3, SPA(1), SPA(1), 12, true, true);
    machine_set_reg(&scene.machine, AMDVI_REG_EXCL_LIMIT, SPA(0));
    machine_set_reg(&scene.machine, AMDVI_REG_EXCL_BASE, SPA(0) | 3);
    CHECK_U64(take(&scene.machine, &scene.lease, DEVICE, SPA(0), 0x2000, AMDVI_ACCESS_WRITE),
              AMDVI_OUTCOME_TRANSLATED);
    machine_write64(&scene.machine, machine_entry_spa(&scene.machine, scene.root, 3, SPA(1), 1), 0);
    machine_invalidate_pages(&scene.machine, DOMAIN, SPA(1), false);
    check_is_revoked(&scene);
    tear_down(&scene);
}

static void a_disabled_or_reset_iommu_revokes_what_no_longer_holds(void)
{
    for (unsigned i = 0; i < 2; i++) {
        struct scene scene;
        uint64_t control;

        set_up(&scene, AMDVI_ACCESS_WRITE);
        control = machine_reg(&scene.machine, AMDVI_REG_CONTROL);
        if (i == 0) {
            machine_set_reg(&scene.machine, AMDVI_REG_CONTROL, 0);
        } else {
            amdvi_iommu_reset(scene.machine.iommu);
            machine_set_reg(&scene.machine, AMDVI_REG_CMD_BUF_BASE,
                            MACHINE_COMMANDS | amdvi_put(AMDVI_CMD_BUF_BASE_LEN, 8));
        }
        CHECK_U64(scene.machine.revocations, 0); /* not before a wait asks */
        machine_set_reg(&scene.machine, AMDVI_REG_CONTROL, control);
        change_page(&scene, 6, SPA(100), true, true);
        if (i == 1) {
            machine_set_reg(&scene.machine, AMDVI_REG_DEV_TAB_BASE, MACHINE_DEVICE_TABLE | 0x1ff);
        }
        check_is_revoked(&scene);
        tear_down(&scene);
    }
}

/* ---- When ------------------------------------------------------------------------------------ */

static void a_lease_taken_after_the_change_delays_nothing(void)
{
    struct scene scene;
    struct amdvi_lease later;

    set_up(&scene, AMDVI_ACCESS_WRITE);
    change_page(&scene, 5, SPA(100), true, true);
    machine_invalidate_pages(&scene.machine, DOMAIN, 0x5000, false);
    CHECK_U64(take(&scene.machine, &later, DEVICE, 0x5000, 0x1000, AMDVI_ACCESS_WRITE),
              AMDVI_OUTCOME_TRANSLATED);
    check_is_revoked(&scene); /* the old one only */
    amdvi_lease_release(&later);
    tear_down(&scene);
}

static void a_lease_released_before_the_wait_delays_nothing(void)
{
    struct scene scene;

    set_up(&scene, AMDVI_ACCESS_WRITE);
    change_page(&scene, 5, SPA(100), true, true);
    machine_invalidate_pages(&scene.machine, DOMAIN, 0x5000, false);
    amdvi_lease_release(&scene.lease);
    CHECK(machine_wait(&scene.machine));
    CHECK_U64(scene.machine.revocations, 0);
    tear_down(&scene);
}

static void release_when_told(struct machine *machine, enum machine_told what)
{
    if (what == MACHINE_TOLD_REVOKED) {
        CHECK(!machine_waited(machine));
        amdvi_lease_release(machine->revoked[0]);
    }
}

static void a_lease_may_be_released_while_its_revocation_is_told(void)
{
    struct scene scene;

    set_up(&scene, AMDVI_ACCESS_WRITE);
    scene.machine.told = release_when_told;
    change_page(&scene, 5, SPA(100), true, true);
    machine_invalidate_pages(&scene.machine, DOMAIN, 0x5000, false);
    CHECK(machine_wait(&scene.machine));
    CHECK_U64(scene.machine.revocations, 1);
    tear_down(&scene);
}

static void *release_it(void *lease)
{
    amdvi_lease_release(lease);
    return NULL;
}

static void another_thread_may_release_the_lease(void)
{
    struct scene scene;
    pthread_t thread;

    set_up(&scene, AMDVI_ACCESS_WRITE);
    change_page(&scene, 5, SPA(100), true, true);
    machine_invalidate_pages(&scene.machine, DOMAIN, 0x5000, false);
    CHECK(!machine_wait(&scene.machine));
    CHECK_U64((uint64_t)pthread_create(&thread, NULL, release_it, &scene.lease), 0);
    pthread_join(thread, NULL);
    CHECK(machine_waited(&scene.machine));
    tear_down(&scene);
}

#define MANY 2000

/* Takes MANY leases, one for each of 500 pages four times, and invalidates all of them. */
static struct amdvi_lease *take_many(struct machine *machine, const struct machine_options *options)
{
    struct amdvi_lease *leases = calloc(MANY, sizeof(*leases));
    uint64_t root;

    if (leases == NULL) {
        abort();
    }
    machine_start(machine, options);
    root = machine_set_paged(machine, DEVICE, DOMAIN, 3);
    for (unsigned i = 0; i < MANY; i++) {
        machine_map(machine, root, 3, UINT64_C(0x2000) * (i % 500), SPA(i % 500), 12, true, true);
        CHECK_U64(
            take(machine, &leases[i], DEVICE, UINT64_C(0x2000) * (i % 500), 8, AMDVI_ACCESS_READ),
            AMDVI_OUTCOME_TRANSLATED);
    }
    machine_map(machine, root, 3, 0, SPA(1000), 12, true, true);
    machine_invalidate_pages(machine, DOMAIN, ALL, true);
    return leases;
}

static void many_leases_are_looked_at_in_bounded_steps(void)
{
    struct machine_options options = cached;
    struct machine machine;
    struct amdvi_lease *leases;
    unsigned long most = 0;
    unsigned calls = 0;
    bool more = true;

    options.work_is_ours = true;
    options.commands_per_write = 1;
    leases = take_many(&machine, &options);
    CHECK(!machine_wait(&machine));
    while (more && calls < 10 * MANY) {
        unsigned long before = atomic_load(&machine.reads);
        more = amdvi_iommu_process(machine.iommu, 10);
        unsigned long reads = atomic_load(&machine.reads) - before;
        most = reads > most ? reads : most;
        calls++;
    }
    CHECK(!more);
    CHECK(most <= 10 * (36 + 6)); /* ten leases: a device table entry and a walk each */
    CHECK_U64(machine.revocations, 4);
    CHECK(!machine_waited(&machine));
    for (unsigned i = 0; i < MANY; i += 500) {
        atomic_store(&machine.work_calls, 0);
        amdvi_lease_release(&leases[i]);
        CHECK_U64(atomic_load(&machine.work_calls), i == MANY - 500);
    }
    amdvi_iommu_process(machine.iommu, 10);
    CHECK(machine_waited(&machine));
    for (unsigned i = 0; i < MANY; i++) {
        if (i % 500 != 0) {
            amdvi_lease_release(&leases[i]);
        }
    }
    machine_stop(&machine);
    free(leases);
}

static void without_a_work_function_many_leases_are_looked_at_too(void)
{
    struct machine machine;
    struct amdvi_lease *leases = take_many(&machine, &cached);

    CHECK(!machine_wait(&machine));
    CHECK_U64(machine.revocations, 4);
    for (unsigned i = 0; i < MANY; i++) {
        amdvi_lease_release(&leases[i]);
    }
    CHECK(machine_waited(&machine));
    machine_stop(&machine);
    free(leases);
}

/* ---- Taking ---------------------------------------------------------------------------------- */

static void a_refused_request_takes_no_lease(void)
{
    struct machine machine;
    struct amdvi_lease lease;
    struct amdvi_lease untouched;
    struct amdvi_translation out = {.run_bytes = 77};
    struct amdvi_request quiet = {.device_id = DEVICE,
                                  .access = AMDVI_ACCESS_READ,
                                  .iova = 0x1000,
                                  .size_bytes = 8,
                                  .quiet = true};
    struct amdvi_request empty = {.device_id = DEVICE, .access = AMDVI_ACCESS_READ};
    struct amdvi_event event;

    machine_start(&machine, &cached);
    machine_set_paged(&machine, DEVICE, DOMAIN, 3);
    memset(&lease, 0x5a, sizeof(lease));
    untouched = lease;
    CHECK_U64(take(&machine, &lease, DEVICE, 0x1000, 8, AMDVI_ACCESS_READ), AMDVI_OUTCOME_ABORTED);
    CHECK(machine_event(&machine, &event));
    CHECK_U64(take(&machine, &lease, DEVICE, 0xfee00000, 4, AMDVI_ACCESS_WRITE),
              AMDVI_OUTCOME_INTERRUPT);
    CHECK_U64(amdvi_lease_take(machine.reader, &lease, &quiet, NULL, &out), AMDVI_ERR_ARGUMENT);
    CHECK_U64(amdvi_lease_take(machine.reader, &lease, &empty, NULL, &out), AMDVI_ERR_ARGUMENT);
    CHECK_U64(out.run_bytes, 77);
    CHECK(memcmp(&lease, &untouched, sizeof(lease)) == 0);
    CHECK(!machine_event(&machine, &event));
    machine_invalidate_pages(&machine, DOMAIN, ALL, true);
    CHECK(machine_wait(&machine));
    machine_stop(&machine);
}

/* ---- Memory that is laid out anew ------------------------------------------------------------ */

static void memory_that_changes_revokes_the_leases_into_it(void)
{
    static const uint64_t ranges[][2] = {{4, 1}, {7, 1}, {0, 5}, {7, 5}, {0, 100}, {5, 1}};

    for (unsigned i = 0; i < 6; i++) {
        struct scene scene;
        uint64_t ticket;

        set_up(&scene, AMDVI_ACCESS_WRITE);
        ticket = amdvi_iommu_memory_changed(scene.machine.iommu, SPA(ranges[i][0]),
                                            0x1000 * ranges[i][1]);
        CHECK_U64(scene.machine.revocations, 1);
        CHECK(scene.machine.revoked[0] == &scene.lease);
        amdvi_reader_release(scene.machine.reader);
        CHECK(!amdvi_iommu_is_drained(scene.machine.iommu, ticket));
        amdvi_lease_release(&scene.lease);
        CHECK(amdvi_iommu_is_drained(scene.machine.iommu, ticket));
        tear_down(&scene);
    }
}

static void memory_that_changes_elsewhere_waits_for_readers_only(void)
{
    struct scene scene;
    uint64_t tickets[3];

    set_up(&scene, AMDVI_ACCESS_WRITE);
    tickets[0] = amdvi_iommu_memory_changed(scene.machine.iommu, SPA(3), 0x1000);
    tickets[1] = amdvi_iommu_memory_changed(scene.machine.iommu, SPA(8), 0x1000);
    CHECK_U64(scene.machine.revocations, 0);
    CHECK(!amdvi_iommu_is_drained(scene.machine.iommu, tickets[0]));
    CHECK(!amdvi_iommu_is_drained(scene.machine.iommu, tickets[1]));
    amdvi_reader_release(scene.machine.reader);
    CHECK(amdvi_iommu_is_drained(scene.machine.iommu, tickets[0]));
    CHECK(amdvi_iommu_is_drained(scene.machine.iommu, tickets[1]));
    tickets[2] = amdvi_iommu_memory_changed(scene.machine.iommu, 0, UINT64_MAX);
    CHECK_U64(scene.machine.revocations, 1);
    amdvi_lease_release(&scene.lease);
    amdvi_reader_release(scene.machine.reader);
    CHECK(amdvi_iommu_is_drained(scene.machine.iommu, tickets[2]));
    CHECK(amdvi_iommu_is_drained(scene.machine.iommu, tickets[0]));
    tear_down(&scene);
}

static const struct check_case cases[] = {
    {"a lease whose tables say the same in too many pieces counts as gone", NULL,
     a_lease_in_too_many_pieces_counts_as_gone},
    {"with intact tables a lease delays no wait, whatever is invalidated", NULL,
     with_intact_tables_nothing_waits},
    {"a lease with a changed page is revoked, and waited for (V10)", "1.20 COMPLETION_WAIT",
     a_changed_page_revokes_the_lease},
    {"a permission that goes revokes the leases that need it", NULL,
     a_narrowed_permission_revokes_the_lease_that_needs_it},
    {"pages beside the lease do not concern it", NULL, other_pages_do_not_concern_the_lease},
    {"a lease stays while nothing that concerns it is invalidated", NULL,
     what_is_not_invalidated_may_stay},
    {"a changed device table entry revokes a lease that no longer holds",
     "1.20 INVALIDATE_DEVTAB_ENTRY", a_changed_device_table_entry_revokes_the_lease},
    {"a lease of an untranslated device is revoked when it is translated", NULL,
     a_lease_of_a_passed_device_ends_when_it_is_translated},
    {"a large page may be split under a lease", NULL, a_large_page_may_be_split_under_a_lease},
    {"a lease that begins in the exclusion range follows its page tables", NULL,
     a_lease_across_the_exclusion_range_follows_its_tables},
    {"after a disable or a reset the next wait revokes what no longer holds", NULL,
     a_disabled_or_reset_iommu_revokes_what_no_longer_holds},
    {"a lease taken between change and wait delays nothing", NULL,
     a_lease_taken_after_the_change_delays_nothing},
    {"a lease released before the wait delays nothing", NULL,
     a_lease_released_before_the_wait_delays_nothing},
    {"a lease may be released from lease_revoked", NULL,
     a_lease_may_be_released_while_its_revocation_is_told},
    {"another thread may release a lease", NULL, another_thread_may_release_the_lease},
    {"2000 leases are looked at in steps that the budget bounds", NULL,
     many_leases_are_looked_at_in_bounded_steps},
    {"without host->work 2000 leases are looked at too", NULL,
     without_a_work_function_many_leases_are_looked_at_too},
    {"a refused or quiet request takes no lease", NULL, a_refused_request_takes_no_lease},
    {"memory that is laid out anew revokes the leases into it", NULL,
     memory_that_changes_revokes_the_leases_into_it},
    {"memory that is laid out anew elsewhere waits for readers only", NULL,
     memory_that_changes_elsewhere_waits_for_readers_only},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
