/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What leases cost: which memory is read to take one, and how far the tables are walked again for
 * one that an invalidation concerns. And what comes while one is being taken.
 */
#include "expect.h"

#define DEVICE 0x0100
#define DOMAIN 7
#define SPA(n) (MACHINE_FREE + UINT64_C(0x1000) * (n))
#define ALL    UINT64_C(0x7ffffffffffff000)

/* Far from any memory: a lease is of addresses. */
#define FAR UINT64_C(0x40000000)

static void take(struct machine *machine, struct amdvi_lease *lease, uint64_t iova,
                 uint64_t size_bytes, struct amdvi_translation *out)
{
    struct amdvi_request request = {
        .device_id = DEVICE, .access = AMDVI_ACCESS_READ, .iova = iova, .size_bytes = size_bytes};

    CHECK_U64(amdvi_lease_take(machine->reader, lease, &request, lease, out), AMDVI_OK);
    CHECK_U64(out->outcome, AMDVI_OUTCOME_TRANSLATED);
    CHECK_U64(out->run_bytes, size_bytes);
    amdvi_reader_release(machine->reader);
}

static unsigned long reads_of(struct machine *machine)
{
    return atomic_load(&machine->reads);
}

static void a_lease_is_taken_from_the_caches(void)
{
    struct machine machine;
    struct amdvi_lease leases[2];
    struct amdvi_translation got;
    struct amdvi_stats stats;

    machine_start(&machine, &machine_cache_sizes[2]);
    uint64_t root = machine_set_paged(&machine, DEVICE, DOMAIN, 3);
    for (unsigned page = 0; page < 4; page++) {
        machine_map(&machine, root, 3, UINT64_C(0x1000) * page, SPA(page), 12, true, true);
    }
    unsigned long before = reads_of(&machine);
    take(&machine, &leases[0], 0, 0x4000, &got);
    CHECK(!got.cached);
    CHECK_U64(reads_of(&machine) - before, 8 + 4 * 3); /* the entry twice; three levels */
    before = reads_of(&machine);
    take(&machine, &leases[1], 0, 0x4000, &got);
    CHECK(got.cached);
    CHECK_U64(reads_of(&machine) - before, 0);
    /* What a lease has read is there for others too. */
    CHECK(machine_translate(&machine, DEVICE, 0x2000, 0x1000, AMDVI_ACCESS_READ).cached);
    amdvi_iommu_stats(machine.iommu, &stats);
    CHECK_U64(stats.walks, 4);
    CHECK_U64(stats.tlb_hits, 4 + 1);
    CHECK_U64(stats.translations, 3);
    amdvi_lease_release(&leases[0]);
    amdvi_lease_release(&leases[1]);
    machine_stop(&machine);
}

/* Old translations in the caches do not make a lease hold, and looking again fills none. */
static void a_lease_is_walked_again_from_memory(void)
{
    struct machine machine;
    struct amdvi_lease lease;
    struct amdvi_translation got;

    machine_start(&machine, &machine_cache_sizes[2]);
    uint64_t root = machine_set_paged(&machine, DEVICE, DOMAIN, 3);
    for (unsigned page = 0; page < 2; page++) {
        machine_map(&machine, root, 3, UINT64_C(0x1000) * page, SPA(page), 12, true, true);
    }
    take(&machine, &lease, 0, 0x2000, &got);
    machine_invalidate_pages(&machine, DOMAIN, 0, false); /* page 0 only; it concerns the lease */
    unsigned long before = reads_of(&machine);
    CHECK(machine_wait(&machine));
    /* The command; then for each page the entry twice, and three levels. */
    CHECK_U64(reads_of(&machine) - before, 1 + 2 * (8 + 3));
    CHECK(!machine_translate(&machine, DEVICE, 0, 1, AMDVI_ACCESS_READ).cached);
    CHECK(machine_translate(&machine, DEVICE, 0x1000, 1, AMDVI_ACCESS_READ).cached);
    CHECK_U64(machine.revocations, 0);
    amdvi_lease_release(&lease);
    machine_stop(&machine);
}

/* 2 MiB pages that are split into pages of 4 KiB, which say the same: 512 of them are one run. */
static void split(struct machine *machine, uint64_t root, uint64_t bytes)
{
    for (uint64_t at = 0; at < bytes; at += UINT64_C(1) << 21) {
        uint64_t table = machine_table(machine);

        for (uint64_t page = 0; page < 512; page++) {
            machine_write64(machine, table + 8 * page,
                            machine_entry(0, FAR + at + 0x1000 * page, true, true));
        }
        machine_write64(machine, machine_entry_spa(machine, root, 3, at, 2),
                        machine_entry(1, table, true, true));
    }
}

static void a_lease_holds_in_64_pieces(void)
{
    static const struct {
        uint64_t bytes;
        bool is_held;
    } leases[] = {
        {(UINT64_C(63) << 21) + 0x3000, true},
        {UINT64_C(64) << 21, true},
        {(UINT64_C(64) << 21) + 1, false}, /* Choice: then it is in doubt */
        {UINT64_C(65) << 21, false},
    };

    const uint64_t mapped = UINT64_C(66) << 21;

    for (unsigned i = 0; i < 4; i++) {
        struct machine machine;
        struct amdvi_lease lease;
        struct amdvi_translation got;

        machine_start(&machine, &machine_cache_sizes[0]);
        uint64_t root = machine_set_paged(&machine, DEVICE, DOMAIN, 3);
        uint64_t pages = leases[i].is_held ? leases[i].bytes >> 12 : 64 * 512;
        for (uint64_t at = 0; at < mapped; at += UINT64_C(1) << 21) {
            machine_map(&machine, root, 3, at, FAR + at, 21, true, true);
        }
        take(&machine, &lease, 0, leases[i].bytes, &got);
        split(&machine, root, mapped);
        machine_invalidate_pages(&machine, DOMAIN, ALL, true);
        unsigned long before = reads_of(&machine);
        CHECK_U64(machine_wait(&machine), leases[i].is_held);
        /* No page behind the lease is looked at, though it would continue it. */
        CHECK_U64(reads_of(&machine) - before, 1 + pages * (8 + 3));
        CHECK_U64(machine.revocations, leases[i].is_held ? 0 : 1);
        amdvi_lease_release(&lease);
        CHECK(machine_waited(&machine));
        machine_stop(&machine);
    }
}

enum change { MEMORY_MOVES, PAGE_CHANGES, NOTHING_CHANGES, CHANGES };

static enum change change;
static uint64_t entry_spa; /* of the page that is leased */

/* The pointer is asked for once the tables were walked, and before the lease is there. */
static void change_meanwhile(struct machine *machine, enum machine_told what)
{
    if (what != MACHINE_TOLD_MAP) {
        return;
    }
    machine->told = NULL;
    if (change == MEMORY_MOVES) {
        amdvi_iommu_memory_changed(machine->iommu, SPA(0), 0x1000);
        CHECK_U64(machine->revocations, 0); /* not yet */
        return;
    }
    if (change == PAGE_CHANGES) {
        machine_write64(machine, entry_spa, machine_entry(0, SPA(1), true, true));
    }
    machine_invalidate_pages(machine, DOMAIN, 0x5000, false);
}

static void what_comes_while_a_lease_is_taken_concerns_it(void)
{
    for (unsigned i = 0; i < 2 * CHANGES; i++) {
        struct machine_options options = machine_cache_sizes[i < CHANGES ? 0 : 2];
        struct machine machine;
        struct amdvi_lease lease;
        struct amdvi_translation got;
        struct amdvi_stats stats;
        options.host_pointers = true;
        change = (enum change)(i % CHANGES);

        machine_start(&machine, &options);
        uint64_t root = machine_set_paged(&machine, DEVICE, DOMAIN, 3);
        machine_map(&machine, root, 3, 0x5000, SPA(0), 12, true, true);
        entry_spa = machine_entry_spa(&machine, root, 3, 0x5000, 1);
        machine.told = change_meanwhile;
        take(&machine, &lease, 0x5000, 0x1000, &got);
        CHECK_U64(got.spa, SPA(0));
        CHECK_U64(machine.revocations, change == MEMORY_MOVES ? 1 : 0);
        CHECK_U64(machine_wait(&machine), change == NOTHING_CHANGES);
        CHECK_U64(machine.revocations, change == NOTHING_CHANGES ? 0 : 1);
        CHECK(change == NOTHING_CHANGES || machine.revoked[0] == &lease);
        amdvi_lease_release(&lease);
        CHECK(machine_waited(&machine));
        amdvi_iommu_stats(machine.iommu, &stats);
        CHECK_U64(stats.leases_revoked, change == NOTHING_CHANGES ? 0 : 1);
        machine_stop(&machine);
    }
}

/* A lease that has one byte of a page, its last or its first, goes with that page. */
static void a_lease_is_walked_to_the_byte(void)
{
    static const struct {
        uint64_t iova;
        uint64_t bytes;
        unsigned changed; /* page */
    } leases[] = {{0x5fff, 1, 5}, {0x5fff, 0x10, 5}, {0x5ff0, 0x11, 6}, {0x5123, 1, 5}};

    for (unsigned i = 0; i < 2 * sizeof(leases) / sizeof(leases[0]); i++) {
        bool is_changed = i % 2 != 0;
        struct machine machine;
        struct amdvi_lease lease;
        struct amdvi_translation got;

        machine_start(&machine, &machine_cache_sizes[2]);
        uint64_t root = machine_set_paged(&machine, DEVICE, DOMAIN, 3);
        machine_map(&machine, root, 3, 0x5000, SPA(5), 12, true, true);
        machine_map(&machine, root, 3, 0x6000, SPA(6), 12, true, true);
        take(&machine, &lease, leases[i / 2].iova, leases[i / 2].bytes, &got);
        if (is_changed) {
            machine_map(&machine, root, 3, UINT64_C(0x1000) * leases[i / 2].changed, SPA(0), 12,
                        true, true);
        }
        machine_invalidate_pages(&machine, DOMAIN, UINT64_C(0x1000) * leases[i / 2].changed, false);
        CHECK_U64(machine_wait(&machine), !is_changed);
        CHECK_U64(machine.revocations, is_changed);
        amdvi_lease_release(&lease);
        CHECK(machine_waited(&machine));
        machine_stop(&machine);
    }
}

/* A refusal names no memory, not even that at address 0. */
static void a_lease_of_the_first_page_of_memory_ends(void)
{
    for (unsigned is_read_only = 0; is_read_only < 2; is_read_only++) {
        struct machine machine;
        struct amdvi_lease lease;
        struct amdvi_translation got;
        struct amdvi_request request = {.device_id = DEVICE,
                                        .access = AMDVI_ACCESS_WRITE,
                                        .iova = 0x5000,
                                        .size_bytes = 0x1000};

        machine_start(&machine, &machine_cache_sizes[2]);
        uint64_t root = machine_set_paged(&machine, DEVICE, DOMAIN, 3);
        machine_map(&machine, root, 3, 0x5000, 0, 12, true, true);
        CHECK_U64(amdvi_lease_take(machine.reader, &lease, &request, &lease, &got), AMDVI_OK);
        CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
        CHECK_U64(got.spa, 0);
        machine_write64(&machine, machine_entry_spa(&machine, root, 3, 0x5000, 1),
                        is_read_only != 0 ? machine_entry(0, 0, true, false) : 0);
        machine_invalidate_pages(&machine, DOMAIN, 0x5000, false);
        CHECK(!machine_wait(&machine));
        CHECK_U64(machine.revocations, 1);
        amdvi_lease_release(&lease);
        CHECK(machine_waited(&machine));
        machine_stop(&machine);
    }
}

/* The memory of a lease of 16 bytes is told of by the byte, stale or not. */
static void memory_that_moves_revokes_by_the_byte(void)
{
    static const struct {
        uint64_t first;
        uint64_t bytes;
        bool is_revoked;
    } moves[] = {
        {0x0f, 1, false}, {0x20, 1, false}, {0x00, 0x10, false},     {0x20, 0x1000, false},
        {0x10, 1, true},  {0x1f, 1, true},  {0x00, 0x11, true},      {0x1f, 0x1000, true},
        {0x00, 0, false}, {0x18, 0, false}, {0, MACHINE_FREE, true}, {0x18, 1, true},
    };

    for (unsigned i = 0; i < 2 * sizeof(moves) / sizeof(moves[0]); i++) {
        bool is_stale = i % 2 != 0;
        struct machine machine;
        struct amdvi_lease lease;
        struct amdvi_translation got;

        machine_start(&machine, &machine_cache_sizes[2]);
        uint64_t root = machine_set_paged(&machine, DEVICE, DOMAIN, 3);
        machine_map(&machine, root, 3, 0x5000, SPA(0), 12, true, true);
        take(&machine, &lease, 0x5010, 0x10, &got);
        CHECK_U64(got.spa, SPA(0) + 0x10);
        if (is_stale) {
            machine_invalidate_pages(&machine, DOMAIN, 0x5000, false);
        }
        amdvi_iommu_memory_changed(machine.iommu, SPA(0) + moves[i / 2].first, moves[i / 2].bytes);
        if (!CHECK_U64(machine.revocations, moves[i / 2].is_revoked)) {
            printf("# range %u\n", i / 2);
        }
        CHECK_U64(machine_wait(&machine), !moves[i / 2].is_revoked);
        CHECK_U64(machine.revocations, moves[i / 2].is_revoked);
        amdvi_lease_release(&lease);
        CHECK(machine_waited(&machine));
        machine_stop(&machine);
    }
}

static const struct check_case cases[] = {
    {"a lease is taken from the caches, and fills them", NULL, a_lease_is_taken_from_the_caches},
    {"a lease that might be concerned is walked again from memory, and fills no cache", NULL,
     a_lease_is_walked_again_from_memory},
    {"a lease taken while memory or tables change is revoked", NULL,
     what_comes_while_a_lease_is_taken_concerns_it},
    {"a lease goes with every page that it has a byte of", NULL, a_lease_is_walked_to_the_byte},
    {"a lease of memory at address 0 ends when its page is refused", NULL,
     a_lease_of_the_first_page_of_memory_ends},
    {"memory that moves revokes the leases that have a byte in it", NULL,
     memory_that_moves_revokes_by_the_byte},
    {"a lease holds in 64 pieces, and in no more", NULL, a_lease_holds_in_64_pieces},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
