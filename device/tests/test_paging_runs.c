/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests of more than one page: how far an answer reaches, and how far it may be kept. */
#include "expect.h"

#define MSI_FIRST UINT64_C(0xfee00000)
#define MSI_LAST  UINT64_C(0xfeefffff)

static void map_4k(const struct subject *subject, uint64_t iova, uint64_t spa)
{
    set_entry(subject, iova, 1, machine_entry(0, spa, true, true));
}

static struct amdvi_translation ask(const struct subject *subject, uint64_t iova, uint64_t size)
{
    return machine_translate(subject->machine, subject->device_id, iova, size, AMDVI_ACCESS_READ);
}

/* The answer is for @iova itself, and for @run bytes of it. */
static bool expect_run(const struct subject *subject, uint64_t iova, uint64_t size, uint64_t spa,
                       uint64_t run)
{
    struct amdvi_translation got = ask(subject, iova, size);
    bool good = CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);

    good = CHECK_U64(got.spa, spa) && CHECK_U64(got.run_bytes, run) && good;
    return expect_no_event(subject->machine) && good;
}

static void contiguous(struct machine *machine)
{
    struct subject subject = subject_new(machine, 4);

    /* Four pages in a row across the end of a table, then one elsewhere. */
    for (uint64_t i = 0; i < 4; i++) {
        map_4k(&subject, 0x1fe000 + 4096 * i, MACHINE_FREE + 4096 * i);
    }
    map_4k(&subject, 0x202000, MACHINE_FREE + 0x100000);
    for (unsigned i = 0; i < 2; i++) {
        expect_run(&subject, 0x1fe010, 0x3000, MACHINE_FREE + 0x10, 0x3000);
        expect_run(&subject, 0x1fe010, 0x5000, MACHINE_FREE + 0x10, 0x3ff0);
        expect_run(&subject, 0x201ff0, 0x20, MACHINE_FREE + 0x3ff0, 0x10);
        expect_run(&subject, 0x202000, 0x10, MACHINE_FREE + 0x100000, 0x10);
    }
}

static void pages_that_are_contiguous_are_joined(void)
{
    with_each_cache(contiguous);
}

/* Pages, an excluded page and pages again, all at their own addresses. */
static void through_exclusion(struct machine *machine)
{
    const uint64_t first = MACHINE_FREE;
    struct subject subject = subject_new(machine, 4);

    machine_set_reg(machine, AMDVI_REG_EXCL_LIMIT, first + 0x1000);
    machine_set_reg(machine, AMDVI_REG_EXCL_BASE, (first + 0x1000) | 3); /* for all devices */
    map_4k(&subject, first, first);
    map_4k(&subject, first + 0x2000, first + 0x2000);
    map_4k(&subject, first + 0x3000, first);
    for (unsigned i = 0; i < 2; i++) {
        expect_run(&subject, first + 0x800, 0x1000, first + 0x800, 0x1000);
        expect_run(&subject, first + 0x800, 0x4000, first + 0x800, 0x2800);
        expect_run(&subject, first + 0x1800, 0x4000, first + 0x1800, 0x1800);
        CHECK_U64(ask(&subject, first + 0x1000, 0x2000).granule_log2, 12);
    }
}

static void a_run_goes_through_the_exclusion_range(void)
{
    with_each_cache(through_exclusion);
}

/* It says whether memory was read: of @pages at @iova, the request reads @reads words. */
static void expect_reads(const struct subject *subject, uint64_t iova, uint64_t pages,
                         unsigned long reads)
{
    struct machine *machine = subject->machine;
    unsigned long before = atomic_load(&machine->reads);
    struct amdvi_translation got = ask(subject, iova, 4096 * pages);

    CHECK_U64(got.run_bytes, 4096 * pages);
    CHECK_U64(atomic_load(&machine->reads) - before, reads);
    CHECK_U64(got.cached, reads == 0);
}

static void a_run_is_cached_when_all_of_it_is(void)
{
    struct machine_options options = {.tlb_entries = 1024, .dte_entries = 16};
    struct machine machine;

    machine_start(&machine, &options);
    struct subject subject = subject_new(&machine, 1);
    for (uint64_t page = 0; page < 16; page++) {
        map_4k(&subject, 4096 * page, MACHINE_FREE + 4096 * page);
    }
    expect_reads(&subject, 0x1000, 1, 8 + 1);
    expect_reads(&subject, 0x1000, 1, 0);
    expect_reads(&subject, 0x1000, 2, 1); /* the second is not */
    expect_reads(&subject, 0x0000, 2, 1); /* the first is not */
    expect_reads(&subject, 0x3000, 3, 3);
    expect_reads(&subject, 0x0000, 6, 0);
    expect_reads(&subject, 0x0000, 7, 1);
    machine_stop(&machine);
    /* Without device table entries that are kept, nothing is cached. */
    options.dte_entries = 0;
    machine_start(&machine, &options);
    subject = subject_new(&machine, 1);
    for (uint64_t page = 0; page < 2; page++) {
        map_4k(&subject, 4096 * page, MACHINE_FREE + 4096 * page);
    }
    for (unsigned i = 0; i < 2; i++) {
        struct amdvi_translation got = ask(&subject, 0, 0x2000);
        CHECK_U64(got.run_bytes, 0x2000);
        CHECK(!got.cached);
    }
    machine_stop(&machine);
}

static void partial_hit(struct machine *machine)
{
    struct subject subject = subject_new(machine, 4);

    /* The first page is cached, the second is not, and lies elsewhere. */
    map_4k(&subject, 0x10000, MACHINE_FREE);
    map_4k(&subject, 0x11000, MACHINE_FREE + 0x9000);
    map_4k(&subject, 0x12000, MACHINE_FREE + 0x5000);
    expect_run(&subject, 0x10000, 8, MACHINE_FREE, 8);
    expect_run(&subject, 0x10100, 0x2000, MACHINE_FREE + 0x100, 0xf00);
    expect_run(&subject, 0x11000, 0x2000, MACHINE_FREE + 0x9000, 0x1000);
    /* Backwards in memory is not contiguous. */
    expect_run(&subject, 0x11ff8, 16, MACHINE_FREE + 0x9ff8, 8);
    expect_run(&subject, 0x12000, 16, MACHINE_FREE + 0x5000, 16);
}

static void an_answer_is_for_the_first_byte_asked(void)
{
    with_each_cache(partial_hit);
}

static void into_a_hole(struct machine *machine)
{
    struct subject subject = subject_new(machine, 4);

    map_4k(&subject, 0x20000, MACHINE_FREE);
    for (unsigned i = 0; i < 2; i++) {
        expect_run(&subject, 0x20800, 0x3000, MACHINE_FREE + 0x800, 0x800);
        uint64_t iova = 0x21000;
        for (uint64_t left = 0x2800; left != 0;) {
            struct amdvi_translation got = ask(&subject, iova, left);
            uint64_t want = left > 0x1000 ? 0x1000 : left;
            CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED);
            if (!CHECK_U64(got.run_bytes, want)) {
                return;
            }
            expect_only_event(machine,
                              event_word(CODE_PAGE_FAULT, subject.device_id, subject.domain_id, 0),
                              iova);
            iova += got.run_bytes;
            left -= got.run_bytes;
        }
    }
}

static void each_refused_page_is_refused_by_itself(void)
{
    with_each_cache(into_a_hole);
}

static void permission_changes(struct machine *machine)
{
    struct subject subject = subject_new(machine, 4);

    map_4k(&subject, 0x20000, MACHINE_FREE);
    set_entry(&subject, 0x21000, 1, machine_entry(0, MACHINE_FREE + 4096, true, false));
    expect_run(&subject, 0x20000, 0x2000, MACHINE_FREE, 0x2000);
    for (unsigned i = 0; i < 2; i++) {
        struct amdvi_translation got =
            machine_translate(machine, subject.device_id, 0x20f00, 0x200, AMDVI_ACCESS_WRITE);
        CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
        CHECK_U64(got.run_bytes, 0x100);
        expect_no_event(machine);
        expect_fault(&subject, 0x21000, AMDVI_ACCESS_WRITE, FLAG_PR | FLAG_PE);
    }
}

static void a_run_ends_where_the_permission_does(void)
{
    with_each_cache(permission_changes);
}

static void last_byte(struct machine *machine)
{
    struct subject subject = subject_new(machine, 6);

    map_4k(&subject, UINT64_MAX - 4095, MACHINE_FREE);
    map_4k(&subject, UINT64_MAX - 8191, MACHINE_FREE - 4096);
    for (unsigned i = 0; i < 2; i++) {
        expect_run(&subject, UINT64_MAX, 1, MACHINE_FREE + 4095, 1);
        expect_run(&subject, UINT64_MAX - 4095, 4096, MACHINE_FREE, 4096);
        expect_run(&subject, UINT64_MAX - 8191, 8192, MACHINE_FREE - 4096, 8192);
    }
    struct amdvi_request request = {
        .device_id = subject.device_id, .iova = UINT64_MAX, .access = AMDVI_ACCESS_READ};
    struct amdvi_translation got;
    const uint64_t sizes[] = {0, 2, 4096, UINT64_MAX};
    for (unsigned i = 0; i < CHECK_CASE_COUNT(sizes); i++) {
        request.size_bytes = sizes[i];
        CHECK_U64(amdvi_iommu_translate(machine->reader, &request, &got), AMDVI_ERR_ARGUMENT);
    }
    request.size_bytes = 1;
    request.access = (enum amdvi_access)0;
    CHECK_U64(amdvi_iommu_translate(machine->reader, &request, &got), AMDVI_ERR_ARGUMENT);
    request.access = (enum amdvi_access)4;
    CHECK_U64(amdvi_iommu_translate(machine->reader, &request, &got), AMDVI_ERR_ARGUMENT);
    expect_no_event(machine);
}

static void the_last_byte_of_64_bits_is_reached(void)
{
    with_each_cache(last_byte);
}

/* Does the aligned block of 2^@log2 around @iova touch first to last without lying inside? */
static bool is_cut(uint64_t iova, unsigned log2, uint64_t first, uint64_t last)
{
    uint64_t start = iova & ~(BIT64(log2) - 1);
    uint64_t end = start + (BIT64(log2) - 1);
    bool touches = start <= last && end >= first;

    return touches && !(start >= first && end <= last);
}

static void msi_cut(struct machine *machine)
{
    /* A page of 4 GiB, one of 1 GiB, mode 0 and no translation at all: all hold the MSI range. */
    for (unsigned kind = 0; kind < 4; kind++) {
        struct subject subject = subject_new(machine, 4);
        struct amdvi_dte dte = {
            .valid = kind == 2, .translation = true, .read = true, .write = true};
        set_entry(&subject, UINT64_C(0xc0000000), 3,
                  kind == 0 ? machine_entry(7, 0x7ffff000, true, true)
                            : machine_entry(0, 0xc0000000, true, true));
        if (kind >= 2) {
            machine_set_dte(machine, subject.device_id, &dte);
        }
        const uint64_t iovas[] = {0xc0000000, MSI_FIRST - 8,       MSI_FIRST - 4096,
                                  0xfe000000, MSI_LAST + 1,        0xff000000,
                                  0xfffff000, UINT64_C(0xe0000000)};
        for (unsigned i = 0; i < CHECK_CASE_COUNT(iovas) * 2; i++) {
            uint64_t iova = iovas[i / 2];
            struct amdvi_translation got = ask(&subject, iova, 4);
            CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
            CHECK_U64(got.spa, iova);
            CHECK(got.granule_log2 >= 12 && got.granule_log2 <= 52);
            if (!CHECK(!is_cut(iova, got.granule_log2, MSI_FIRST, MSI_LAST))) {
                printf("# kind %u, IOVA 0x%" PRIx64 ", granule 2^%u\n", kind, iova,
                       got.granule_log2);
            }
        }
        /* A request up to the range and one from behind it reach no further than its edges. */
        struct amdvi_translation got = ask(&subject, MSI_FIRST - 0x2000, 0x4000);
        /* With V=0 reads of the range are forwarded like all others. */
        CHECK_U64(got.run_bytes, kind == 3 ? 0x4000 : 0x2000);
        got = machine_translate(machine, subject.device_id, MSI_FIRST - 0x20, 0x200000,
                                AMDVI_ACCESS_WRITE);
        CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
        CHECK_U64(got.run_bytes, 0x20);
        expect_no_event(machine);
    }
}

static void no_granule_and_no_run_reaches_into_the_msi_range(void)
{
    with_each_cache(msi_cut);
}

/* Sizes of the blocks in which everything is alike, by the table of the reference. */
static const struct {
    uint64_t iova;
    unsigned log2;
} blocks[] = {
    {0, 31},
    {0x80000000, 30},
    {0xfedff000, 21},
    {0xfef00000, 20},
    {0xffffffff, 24},
    {0x100000000, 32},
    {0x8000000000, 38},
    {0xfcffffffff, 32},
    {0xfd00000000, 31}, /* reserved interrupt: up to FD_F7FF_FFFFh */
    {0xfdf7ffffff, 27},
    {0xfdf9000000, 20}, /* PIC IACK */
    {0xfdf9100000, 20}, /* system management */
    {0xfdf9200000, 21}, /* reserved */
    {0xfdfaffffff, 24},
    {0xfdfb000000, 24}, /* address translation */
    {0xfdfc000000, 25}, /* port I/O */
    {0xfdfe000000, 25}, /* configuration */
    {0xfe00000000, 29}, /* extended configuration */
    {0xfe20000000, 29}, /* reserved */
    {0xfeffffffff, 31},
    {0xff00000000, 32},
    {0xffffffffff, 32},
    {0x10000000000, 40},
    {0x10fffffffff, 40},
    {UINT64_C(1) << 52, 52},
    {UINT64_MAX, 52},
};

static void special_blocks(struct machine *machine)
{
    struct subject subject = subject_unset(machine); /* V=0: passed wherever it goes */

    for (unsigned i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        struct amdvi_translation got = ask(&subject, blocks[i].iova, 1);
        CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
        CHECK_U64(got.spa, blocks[i].iova);
        if (!CHECK_U64(got.granule_log2, blocks[i].log2)) {
            printf("# IOVA 0x%" PRIx64 "\n", blocks[i].iova);
        }
    }
}

static void granules_end_at_the_special_ranges(void)
{
    with_each_cache(special_blocks);
}

static void granules(struct machine *machine)
{
    struct subject subject = subject_new(machine, 5);

    for (unsigned level = 1; level <= 5; level++) {
        unsigned log2 = 12 + 9 * (level - 1);
        uint64_t iova = UINT64_C(3) << 48 | UINT64_C(3) << log2;
        uint64_t spa = level == 5 ? 0 : UINT64_C(5) << log2;
        iova = level == 5 ? UINT64_C(4) << 48 : iova;
        set_entry(&subject, iova, level, machine_entry(0, spa, level % 2 != 0, true));
        for (unsigned i = 0; i < 2; i++) {
            struct amdvi_translation got =
                machine_translate(machine, subject.device_id, iova + 0xff0, 8, AMDVI_ACCESS_WRITE);
            CHECK_U64(got.spa, spa + 0xff0);
            CHECK_U64(got.granule_log2, log2);
            CHECK_U64(got.read, level % 2);
            CHECK_U64(got.write, true);
        }
    }
    expect_no_event(machine);
}

static void the_granule_is_the_page(void)
{
    with_each_cache(granules);
}

static void large_run(struct machine *machine)
{
    struct subject subject = subject_new(machine, 4);

    set_entry(&subject, UINT64_C(0x10000000000), 4,
              machine_entry(0, UINT64_C(0x20000000000), true, true));
    for (unsigned i = 0; i < 2; i++) {
        struct amdvi_translation got =
            ask(&subject, UINT64_C(0x10000000123), UINT64_C(0x4000000000));
        CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
        CHECK_U64(got.spa, UINT64_C(0x20000000123));
        CHECK_U64(got.run_bytes, UINT64_C(0x4000000000));
        /* Beyond the page there is nothing. */
        got = ask(&subject, UINT64_C(0x17ffffff000), UINT64_C(0x4000000000));
        CHECK_U64(got.run_bytes, 0x1000);
        expect_no_event(machine);
    }
    /* A request over everything is answered without walking everything. */
    unsigned long before = machine->reads;
    struct amdvi_translation got = ask(&subject, UINT64_C(0x10000000000), UINT64_MAX / 2);
    CHECK_U64(got.run_bytes, UINT64_C(0x8000000000));
    CHECK(machine->reads - before < 200);
    /* The HyperTransport ranges below 1 TiB cut the page that holds them. */
    set_entry(&subject, UINT64_C(0x8000000000), 4, machine_entry(0, 0x8000000000, true, true));
    got = ask(&subject, UINT64_C(0x8000000000), UINT64_C(0x8000000000));
    CHECK_U64(got.run_bytes, UINT64_C(0x7d00000000));
}

static void a_large_page_is_one_run(void)
{
    with_each_cache(large_run);
}

static void bounded(struct machine *machine)
{
    /* All entries at every level lead back to one table: 2^48 bytes of contiguous or equal pages.
     */
    struct subject subject = subject_new(machine, 4);
    uint64_t table = machine_table(machine);

    for (uint64_t i = 0; i < 512; i++) {
        machine_write64(machine, subject.root + 8 * i, machine_entry(1, table, true, true));
        machine_write64(machine, table + 8 * i,
                        machine_entry(0, MACHINE_FREE + 4096 * i, true, true));
    }
    unsigned long before = machine->reads;
    struct amdvi_translation got = ask(&subject, 0, BIT64(47));
    CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
    CHECK_U64(got.spa, MACHINE_FREE);
    CHECK(got.run_bytes >= 4096 && got.run_bytes <= 0x200000);
    CHECK(machine->reads - before <= 512 * 10);
}

static void a_request_of_any_size_costs_a_bounded_number_of_reads(void)
{
    with_each_cache(bounded);
}

static const struct check_case cases[] = {
    {"pages that are contiguous in memory are answered as one run", "1.20 I/O page tables",
     pages_that_are_contiguous_are_joined},
    {"a run goes on into the exclusion range and out of it", "1.20 exclusion range",
     a_run_goes_through_the_exclusion_range},
    {"a run is told to be cached when all of it is", NULL, a_run_is_cached_when_all_of_it_is},
    {"an answer is for the first byte asked, also when only the first page is cached (V1)",
     "1.20 I/O page tables", an_answer_is_for_the_first_byte_asked},
    {"a request over refused pages is refused and logged page by page (Q7)", "1.20 IO_PAGE_FAULT",
     each_refused_page_is_refused_by_itself},
    {"a run ends where the permission does, and the refusal is logged when asked for",
     "1.20 IO_PAGE_FAULT", a_run_ends_where_the_permission_does},
    {"the last byte of the 64-bit space is translated, and nothing behind it can be asked for",
     "1.20 paging mode", the_last_byte_of_64_bits_is_reached},
    {"neither a granule nor a run reaches into the MSI range", "1.20 special address ranges",
     no_granule_and_no_run_reaches_into_the_msi_range},
    {"of what is passed, the granule is the largest block within one range",
     "1.20 special address ranges", granules_end_at_the_special_ranges},
    {"the granule is the page, with the page's permissions", "1.20 I/O page tables",
     the_granule_is_the_page},
    {"a large page is one run", "1.20 I/O page tables", a_large_page_is_one_run},
    {"a request of any size costs a bounded number of reads", "1.20 I/O page tables",
     a_request_of_any_size_costs_a_bounded_number_of_reads},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
