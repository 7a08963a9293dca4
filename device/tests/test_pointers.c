/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host pointers in one call: the same answers as the general call, nothing logged when there is
 * none, and real invalidation, also of the tables that a miss begins at.
 */
#include "pages.h"

/* ---- amdvi_iommu_pointer() ------------------------------------------------------------------- */

static void says_what_the_tables_say(void)
{
    for (unsigned size = 0; size < 3; size++) {
        struct machine_options options = machine_cache_sizes[size];
        struct machine machine;

        options.host_pointers = true;
        start(&machine, &options);
        for (unsigned round = 0; round < 3; round++) {
            CHECK(points_at(&machine, ask(&machine, IOVA + 0x1008, 8, READ), SPA(1) + 8));
            CHECK(points_at(&machine, ask(&machine, IOVA + 0x1ff8, 8, WRITE), SPA(1) + 0xff8));
            CHECK(points_at(&machine, ask(&machine, IOVA + 0x2000, PAGE, READ), SPA(2)));
            /* Two pages that are contiguous, and two that are not. */
            CHECK(points_at(&machine, ask(&machine, IOVA + 0x3ff8, 16, READ), SPA(3) + 0xff8));
            CHECK(ask(&machine, IOVA + PAGE * 8 + 0xff8, 16, READ) == NULL);
            /* Refused: without a word. */
            CHECK(ask(&machine, IOVA + 0x2000, 8, WRITE) == NULL);
            CHECK(ask(&machine, IOVA + 0x2000, 8, AMDVI_ACCESS_READ_WRITE) == NULL);
            CHECK(ask(&machine, IOVA + PAGE * 32, 8, READ) == NULL);
            CHECK(ask(&machine, 0xfee00000, 4, WRITE) == NULL);
            CHECK(ask(&machine, IOVA, 0, READ) == NULL);
            CHECK(ask(&machine, IOVA + 0x1008, UINT64_MAX, READ) == NULL);
            no_event(&machine);
        }
        machine_stop(&machine);
    }
}

static void a_hit_asks_nobody(void)
{
    struct machine machine;
    struct amdvi_stats before;
    struct amdvi_stats after;

    start(&machine, &mapped);
    for (unsigned n = 0; n < 3; n++) {
        ask(&machine, IOVA + 0x1000, 8, WRITE);
    }
    unsigned long reads = atomic_load(&machine.reads);
    maps = 0;
    amdvi_iommu_stats(machine.iommu, &before);
    for (unsigned n = 0; n < 100; n++) {
        CHECK(points_at(&machine, ask(&machine, IOVA + 0x1000 + n, 8, WRITE), SPA(1) + n));
        CHECK(points_at(&machine, ask(&machine, IOVA + 0x1000 + n, 8, READ), SPA(1) + n));
    }
    amdvi_iommu_stats(machine.iommu, &after);
    CHECK_U64(atomic_load(&machine.reads), reads);
    CHECK_U64(maps, 0);
    CHECK_U64(after.translations - before.translations, 200);
    CHECK_U64(after.tlb_hits - before.tlb_hits, 200);
    CHECK_U64(after.walks, before.walks);
    machine_stop(&machine);
}

/* Whatever becomes of the tables that misses begin at: many domains share their slots. */
static void pages_of_many_domains_are_hit(void)
{
    enum { DOMAINS = 64 };
    struct machine machine;
    struct amdvi_stats before;
    struct amdvi_stats after;
    const struct machine_options options = {
        .tlb_entries = 4096, .dte_entries = 256, .host_pointers = true};

    machine_start(&machine, &options);
    for (unsigned n = 0; n < DOMAINS; n++) {
        uint64_t root = machine_set_paged(&machine, (uint16_t)n, (uint16_t)(100 + n), 3);

        machine_map(&machine, root, 3, IOVA, SPA(n), 12, true, true);
    }
    for (unsigned round = 0; round < 8; round++) {
        if (round == 4) {
            amdvi_iommu_stats(machine.iommu, &before);
        }
        for (unsigned n = 0; n < DOMAINS; n++) {
            enum amdvi_access access = round < 2 || round % 2 == 0 ? READ : WRITE;
            void *host = amdvi_iommu_pointer(machine.reader, (uint16_t)n, IOVA + 8, 8, access);

            CHECK(points_at(&machine, host, SPA(n) + 8));
        }
    }
    amdvi_iommu_stats(machine.iommu, &after);
    CHECK_U64(after.tlb_hits - before.tlb_hits, 4 * DOMAINS);
    CHECK_U64(after.walks, before.walks);
    machine_stop(&machine);
}

/* Of 2 MiB and 1 GiB, also across 4 KiB. */
static void a_large_page_is_hit_anywhere(void)
{
    for (unsigned log2 = 21; log2 <= 30; log2 += 9) {
        struct machine machine;
        struct amdvi_stats before;
        struct amdvi_stats after;
        uint64_t iova = UINT64_C(3) << 30;

        machine_start(&machine, &mapped);
        machine_map(&machine, machine_set_paged(&machine, DEVICE, DOMAIN, 4), 4, iova, 0, log2,
                    true, true);
        for (unsigned n = 0; n < 3; n++) {
            ask(&machine, iova + 0x1ff8, 16, WRITE);
        }
        amdvi_iommu_stats(machine.iommu, &before);
        for (uint64_t offset = 0; offset < 0x200000 - 0x2000; offset += 0x3210) {
            void *host = ask(&machine, iova + offset, 0x2000, READ);

            /* The page of 1 GiB is larger than the memory: there are pointers to parts only. */
            CHECK(points_at(&machine, host, offset));
        }
        amdvi_iommu_stats(machine.iommu, &after);
        CHECK(after.translations != before.translations);
        if (log2 == 21) {
            CHECK_U64(after.walks, before.walks);
            CHECK_U64(after.tlb_hits - before.tlb_hits, after.translations - before.translations);
        }
        machine_stop(&machine);
    }
}

/* The second page in a table costs one entry, read through the pointer to the table. */
static void a_miss_reads_one_entry(void)
{
    struct machine machine;
    struct amdvi_stats before;
    struct amdvi_stats after;

    start(&machine, &mapped);
    ask(&machine, IOVA, 8, READ);
    unsigned long reads = atomic_load(&machine.reads);
    amdvi_iommu_stats(machine.iommu, &before);
    for (unsigned n = 1; n < 8; n++) {
        CHECK(points_at(&machine, ask(&machine, IOVA + PAGE * n, 8, READ), SPA(n)));
    }
    amdvi_iommu_stats(machine.iommu, &after);
    CHECK_U64(after.walks - before.walks, 7);
    CHECK_U64(atomic_load(&machine.reads), reads);
    machine_stop(&machine);
}

static void a_table_is_read_through_the_host_without_pointers(void)
{
    static const struct machine_options options = {.tlb_entries = 256, .dte_entries = 16};
    struct machine machine;

    start(&machine, &options);
    machine_translate(&machine, DEVICE, IOVA, 8, READ);
    for (unsigned n = 1; n < 8; n++) {
        unsigned long reads = atomic_load(&machine.reads);
        struct amdvi_translation got =
            machine_translate(&machine, DEVICE, IOVA + PAGE * n, 8, READ);

        CHECK_U64(got.spa, SPA(n));
        CHECK(!got.cached);
        CHECK_U64(atomic_load(&machine.reads), reads + 1);
    }
    CHECK(ask(&machine, IOVA, 8, READ) == NULL);
    machine_stop(&machine);
}

/* A miss by way of a known table must not be less strict than the whole walk. */
static void a_table_brings_its_own_permissions(void)
{
    struct machine machine;
    struct amdvi_event event;
    uint64_t root = start(&machine, &mapped);
    uint64_t upper = machine_entry_spa(&machine, root, 3, IOVA, 2);

    machine_write64(&machine, upper, machine_read64(&machine, upper) & ~AMDVI_PTE_IW);
    CHECK(points_at(&machine, ask(&machine, IOVA, 8, READ), SPA(0)));
    CHECK(points_at(&machine, ask(&machine, IOVA + 0x1000, 8, READ), SPA(1)));
    CHECK(ask(&machine, IOVA + 0x3000, 8, WRITE) == NULL);
    no_event(&machine);
    machine_translate(&machine, DEVICE, IOVA + 0x3000, 8, WRITE);
    CHECK(machine_event(&machine, &event));
    CHECK_U64(event.code, AMDVI_EVENT_IO_PAGE_FAULT);
    CHECK(event.present && event.permission && event.write);
    machine_stop(&machine);
}

/* The same where a miss goes down from a known table to a new one. */
static void a_new_table_inherits_permissions(void)
{
    const uint64_t next = IOVA + 0x200000;

    for (unsigned write = 0; write < 2; write++) {
        uint64_t taken = write != 0 ? AMDVI_PTE_IW : AMDVI_PTE_IR;
        struct machine machine;
        uint64_t root = start(&machine, &mapped);

        for (unsigned n = 0; n < 2; n++) {
            machine_map(&machine, root, 3, IOVA + 0x5000 + n * (next - IOVA), SPA(5), 12, true,
                        true);
        }
        uint64_t upper = machine_entry_spa(&machine, root, 3, IOVA, 3);
        machine_write64(&machine, upper, machine_read64(&machine, upper) & ~taken);
        for (unsigned n = 0; n < 3; n++) {
            CHECK(ask(&machine, IOVA + 0x5000, 8, write != 0 ? READ : WRITE) != NULL);
        }
        unsigned long reads = atomic_load(&machine.reads);
        CHECK(ask(&machine, next + 0x5000, 8, write != 0 ? READ : WRITE) != NULL);
        CHECK_U64(atomic_load(&machine.reads), reads);
        CHECK(ask(&machine, next + 0x5000, 8, write != 0 ? WRITE : READ) == NULL);
        CHECK(ask(&machine, IOVA + 0x5000, 8, write != 0 ? WRITE : READ) == NULL);
        machine_stop(&machine);
    }
}

static void devices_of_a_domain_have_their_own_permissions(void)
{
    struct machine machine;
    uint64_t root = start(&machine, &mapped);
    struct amdvi_dte dte = {.valid = true,
                            .translation = true,
                            .read = true,
                            .domain_id = DOMAIN,
                            .mode = 3,
                            .page_root = root};

    machine_set_dte(&machine, NEIGHBOR, &dte);
    for (unsigned round = 0; round < 3; round++) {
        CHECK(ask(&machine, IOVA + 0x1000, 8, WRITE) != NULL);
        CHECK(amdvi_iommu_pointer(machine.reader, NEIGHBOR, IOVA + 0x1000, 8, READ) != NULL);
        CHECK(amdvi_iommu_pointer(machine.reader, NEIGHBOR, IOVA + 0x1000, 8, WRITE) == NULL);
    }
    no_event(&machine);
    machine_stop(&machine);
}

/* ---- Invalidation ---------------------------------------------------------------------------- */

static void invalidate(struct machine *machine, uint64_t iova, bool pde)
{
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
                                    .domain_id = DOMAIN,
                                    .pde = pde,
                                    .address = iova};

    machine_command(machine, &command);
    CHECK(machine_wait(machine));
}

static void a_page_is_dropped_and_its_table_kept(void)
{
    struct machine machine;
    uint64_t root = start(&machine, &mapped);

    ask(&machine, IOVA + 0x1000, 8, READ);
    ask(&machine, IOVA + 0x2000, 8, READ);
    machine_map(&machine, root, 3, IOVA + 0x1000, SPA(100), 12, true, true);
    machine_map(&machine, root, 3, IOVA + 0x2000, SPA(101), 12, true, true);
    invalidate(&machine, IOVA + 0x1000, false);
    unsigned long reads = atomic_load(&machine.reads);
    CHECK(points_at(&machine, ask(&machine, IOVA + 0x1000, 8, READ), SPA(100)));
    CHECK_U64(atomic_load(&machine.reads), reads);
    /* Not named, so it may be old; that it is proves that it was kept. */
    CHECK(points_at(&machine, ask(&machine, IOVA + 0x2000, 8, READ), SPA(2)));
    machine_stop(&machine);
}

/* Tables of neighbours are known side by side, and an invalidation drops the one it names. */
static void tables_of_neighbors_are_known(void)
{
    enum { REGIONS = 8 };
    struct machine machine;
    uint64_t root;

    machine_start(&machine, &mapped);
    root = machine_set_paged(&machine, DEVICE, DOMAIN, 3);
    for (unsigned n = 0; n < REGIONS * 16; n++) {
        machine_map(&machine, root, 3, IOVA + n / 16 * UINT64_C(0x200000) + n % 16 * PAGE, SPA(n),
                    12, true, true);
    }
    for (unsigned page = 0; page < 3; page++) {
        unsigned long reads = atomic_load(&machine.reads);

        for (unsigned n = 0; n < REGIONS; n++) {
            uint64_t iova = IOVA + n * UINT64_C(0x200000) + page * PAGE;

            CHECK(points_at(&machine, ask(&machine, iova, 8, READ), SPA(n * 16 + page)));
        }
        CHECK(page == 0 || atomic_load(&machine.reads) == reads);
    }
    invalidate(&machine, IOVA, true);
    unsigned long reads = atomic_load(&machine.reads);
    for (unsigned n = 1; n < REGIONS; n++) {
        ask(&machine, IOVA + n * UINT64_C(0x200000) + 5 * PAGE, 8, READ);
    }
    /* The table above was dropped with it. */
    CHECK_U64(atomic_load(&machine.reads), reads);
    ask(&machine, IOVA + 5 * PAGE, 8, READ);
    CHECK(atomic_load(&machine.reads) != reads);
    machine_stop(&machine);
}

/* Spec: 1.20, INVALIDATE_IOMMU_PAGES: PDE=1 discards directory entries, PDE=0 need not. */
static void a_table_is_dropped_with_pde(void)
{
    struct machine machine;
    uint64_t root = start(&machine, &mapped);
    uint64_t upper = machine_entry_spa(&machine, root, 3, IOVA, 2);
    uint64_t table = machine_table(&machine);

    ask(&machine, IOVA + 0x1000, 8, READ);
    ask(&machine, IOVA + 0x1000, 8, READ);
    machine_write64(&machine, table + 8, machine_entry(0, SPA(200), true, true));
    machine_write64(&machine, upper, machine_entry(1, table, true, true));
    invalidate(&machine, IOVA + 0x1000, false);
    CHECK(points_at(&machine, ask(&machine, IOVA + 0x1000, 8, READ), SPA(1)));
    invalidate(&machine, IOVA + 0x1000, true);
    CHECK(points_at(&machine, ask(&machine, IOVA + 0x1000, 8, READ), SPA(200)));
    machine_stop(&machine);
}

static void a_domain_is_dropped_with_its_tables(void)
{
    struct machine machine;
    uint64_t root = start(&machine, &mapped);
    uint64_t upper = machine_entry_spa(&machine, root, 3, IOVA, 2);

    ask(&machine, IOVA + 0x1000, 8, READ);
    ask(&machine, IOVA + 0x1000, 8, READ);
    machine_write64(&machine, upper, 0);
    machine_invalidate_pages(&machine, DOMAIN, UINT64_C(0x7ffffffffffff000), true);
    CHECK(machine_wait(&machine));
    CHECK(ask(&machine, IOVA + 0x1000, 8, READ) == NULL);
    CHECK(ask(&machine, IOVA + 0x2000, 8, READ) == NULL);
    machine_stop(&machine);
}

static void a_device_is_dropped(void)
{
    struct machine machine;

    start(&machine, &mapped);
    ask(&machine, IOVA + 0x1000, 8, READ);
    ask(&machine, IOVA + 0x1000, 8, READ);
    machine_set_dte_words(&machine, DEVICE, AMDVI_DTE0_V | AMDVI_DTE0_TV, DOMAIN, 0, 0);
    machine_invalidate_device(&machine, DEVICE);
    CHECK(machine_wait(&machine));
    CHECK(ask(&machine, IOVA + 0x1000, 8, READ) == NULL);
    machine_stop(&machine);
}

static void switching_off_drops_all(void)
{
    struct machine machine;

    start(&machine, &mapped);
    ask(&machine, IOVA + 0x1000, 8, READ);
    ask(&machine, IOVA + 0x1000, 8, READ);
    uint64_t control = machine_reg(&machine, AMDVI_REG_CONTROL);
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control & ~AMDVI_CONTROL_IOMMU_EN);
    /* Now an address is an SPA. */
    CHECK(points_at(&machine, ask(&machine, SPA(3), 8, READ), SPA(3)));
    CHECK(ask(&machine, IOVA + 0x1000, 8, READ) == NULL);
    machine_stop(&machine);
}

static void the_exclusion_range_needs_no_invalidation(void)
{
    struct machine machine;
    uint64_t root = start(&machine, &mapped);
    uint64_t iova = SPA(300);

    machine_map(&machine, root, 3, iova, SPA(1), 12, true, true);
    for (unsigned round = 0; round < 2; round++) {
        CHECK(points_at(&machine, ask(&machine, iova, 8, READ), SPA(1)));
        CHECK(points_at(&machine, ask(&machine, iova, 8, READ), SPA(1)));
        machine_set_reg(&machine, AMDVI_REG_EXCL_LIMIT, iova);
        machine_set_reg(&machine, AMDVI_REG_EXCL_BASE,
                        iova | AMDVI_EXCL_BASE_EX_EN | AMDVI_EXCL_BASE_ALLOW);
        CHECK(points_at(&machine, ask(&machine, iova, 8, READ), iova));
        machine_set_reg(&machine, AMDVI_REG_EXCL_BASE, 0);
    }
    machine_stop(&machine);
}

/* The table that they are in is known by then. */
static void neighbors_of_an_excluded_page_are_translated(void)
{
    struct machine machine;
    uint64_t root = start(&machine, &mapped);
    uint64_t iova = SPA(300);

    for (unsigned n = 0; n < 4; n++) {
        machine_map(&machine, root, 3, iova + PAGE * n, SPA(2 * n), 12, true, true);
    }
    machine_set_reg(&machine, AMDVI_REG_EXCL_LIMIT, iova + PAGE);
    machine_set_reg(&machine, AMDVI_REG_EXCL_BASE,
                    (iova + PAGE) | AMDVI_EXCL_BASE_EX_EN | AMDVI_EXCL_BASE_ALLOW);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned n = 0; n < 4; n++) {
            void *host = ask(&machine, iova + PAGE * n + 8, 8, READ);

            CHECK(points_at(&machine, host, (n == 1 ? iova + PAGE : SPA(2 * n)) + 8));
        }
    }
    machine_stop(&machine);
}

static void memory_laid_out_anew_drops_pointers(void)
{
    struct machine machine;

    start(&machine, &mapped);
    ask(&machine, IOVA + 0x1000, 8, READ);
    ask(&machine, IOVA + 0x1000, 8, READ);
    maps = 0;
    uint64_t ticket = amdvi_iommu_memory_changed(machine.iommu, SPA(1), PAGE);
    CHECK(!amdvi_iommu_is_drained(machine.iommu, ticket));
    amdvi_reader_release(machine.reader);
    CHECK(amdvi_iommu_is_drained(machine.iommu, ticket));
    CHECK(ask(&machine, IOVA + 0x1000, 8, READ) != NULL);
    CHECK(maps != 0);
    machine_stop(&machine);
}

static const struct check_case cases[] = {
    {"a pointer is that of the page, or none, and nothing is logged", "1.20 I/O page tables",
     says_what_the_tables_say},
    {"a hit reads no table and asks for no pointer", "design: flat cost", a_hit_asks_nobody},
    {"pages of many domains are hits", "design: flat cost", pages_of_many_domains_are_hit},
    {"a large page is hit anywhere in it", "design: flat cost", a_large_page_is_hit_anywhere},
    {"a miss in a known table reads one entry of it", "1.20 I/O page tables",
     a_miss_reads_one_entry},
    {"without host pointers that entry is read as any other", "1.20 I/O page tables",
     a_table_is_read_through_the_host_without_pointers},
    {"a known table has the permissions of the levels above", "1.20 I/O page tables",
     a_table_brings_its_own_permissions},
    {"so has a table that a miss goes down to", "1.20 I/O page tables",
     a_new_table_inherits_permissions},
    {"IR and IW are each device's own", "1.20 device table entry",
     devices_of_a_domain_have_their_own_permissions},
    {"INVALIDATE_IOMMU_PAGES with PDE=0 drops the page and keeps its table",
     "1.20 INVALIDATE_IOMMU_PAGES", a_page_is_dropped_and_its_table_kept},
    {"tables of neighbors are known side by side, and dropped by name",
     "1.20 INVALIDATE_IOMMU_PAGES", tables_of_neighbors_are_known},
    {"with PDE=1 the table goes too", "1.20 INVALIDATE_IOMMU_PAGES", a_table_is_dropped_with_pde},
    {"a whole domain is dropped, tables included", "1.20 INVALIDATE_IOMMU_PAGES",
     a_domain_is_dropped_with_its_tables},
    {"INVALIDATE_DEVTAB_ENTRY drops what a device was known by", "1.20 INVALIDATE_DEVTAB_ENTRY",
     a_device_is_dropped},
    {"IommuEn=0 drops all", "1.20 IOMMU Control", switching_off_drops_all},
    {"a change of the exclusion range needs no invalidation", "1.20 Exclusion Base",
     the_exclusion_range_needs_no_invalidation},
    {"pages beside the exclusion range are translated, and it is not", "1.20 Exclusion Base",
     neighbors_of_an_excluded_page_are_translated},
    {"a new layout of memory drops pointers", "design: host functions",
     memory_laid_out_anew_drops_pointers},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
