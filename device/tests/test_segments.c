/* SPDX-License-Identifier: BSD-2-Clause */
/* The host memory of an access as segments: joined, ended and bounded as the header says. */
#include <string.h>

#include "pages.h"

#define CAPACITY 8

struct answer {
    struct amdvi_segment segment[CAPACITY];
    struct amdvi_segments all;
};

static struct answer segments(struct machine *machine, uint64_t iova, uint64_t size_bytes,
                              enum amdvi_access access, unsigned capacity)
{
    struct amdvi_request request = {
        .device_id = DEVICE, .access = access, .iova = iova, .size_bytes = size_bytes};
    struct answer answer;

    memset(&answer, 0xee, sizeof(answer));
    CHECK_U64(
        amdvi_iommu_segments(machine->reader, &request, answer.segment, capacity, &answer.all),
        AMDVI_OK);
    return answer;
}

static void pages_are_joined(void)
{
    struct machine machine;

    start(&machine, &mapped);
    for (unsigned round = 0; round < 3; round++) {
        struct answer got = segments(&machine, IOVA + 0x800, 7 * PAGE, READ, CAPACITY);
        CHECK_U64(got.all.count, 1);
        CHECK_U64(got.all.size_bytes, 7 * PAGE);
        CHECK(points_at(&machine, got.segment[0].host, SPA(0) + 0x800));
        CHECK_U64(got.segment[0].size_bytes, 7 * PAGE);

        got = segments(&machine, IOVA + 6 * PAGE, 5 * PAGE, READ, CAPACITY);
        CHECK_U64(got.all.count, 4);
        CHECK_U64(got.segment[0].size_bytes, 2 * PAGE);
        for (unsigned n = 1; n < 4; n++) {
            CHECK(points_at(&machine, got.segment[n].host, SPA(14 + 2 * n)));
            CHECK_U64(got.segment[n].size_bytes, PAGE);
        }
        CHECK_U64(got.all.size_bytes, 5 * PAGE);
    }
    no_event(&machine);
    machine_stop(&machine);
}

/* Pages that are not known yet cost an entry each, read through the pointer to their table. */
static void segments_of_new_pages_read_no_memory_through_the_host(void)
{
    struct machine machine;

    start(&machine, &mapped);
    ask(&machine, IOVA, 8, READ);
    unsigned long reads = atomic_load(&machine.reads);
    struct answer got = segments(&machine, IOVA + PAGE, 12 * PAGE, READ, CAPACITY);
    CHECK_U64(got.all.size_bytes, 12 * PAGE);
    maps = 0;
    got = segments(&machine, IOVA + PAGE, 12 * PAGE, READ, CAPACITY);
    CHECK_U64(got.all.size_bytes, 12 * PAGE);
    CHECK_U64(maps, 0);
    CHECK_U64(atomic_load(&machine.reads), reads);
    machine_stop(&machine);
}

/* An entry of the table that pages 0 to 7 are in, and what a read of those comes to with it. */
struct oddity {
    uint64_t entry;
    uint64_t size_bytes;
    unsigned count;
    enum amdvi_outcome outcome;
};

/* A known table is read for a request of several pages: nothing in it is taken for granted. */
static void each_entry_of_a_known_table_counts(void)
{
    const struct oddity oddities[] = {
        {/* as the others */ machine_entry(0, SPA(3), true, true), 8 * PAGE, 1,
         AMDVI_OUTCOME_TRANSLATED},
        {/* elsewhere */ machine_entry(0, SPA(90), true, true), 8 * PAGE, 3,
         AMDVI_OUTCOME_TRANSLATED},
        {/* not present */ 0, 3 * PAGE, 1, AMDVI_OUTCOME_ABORTED},
        {/* not to be read */ machine_entry(0, SPA(3), false, true), 3 * PAGE, 1,
         AMDVI_OUTCOME_ABORTED},
        {/* reserved bit */ machine_entry(0, SPA(3), true, true) | AMDVI_BIT(52), 3 * PAGE, 1,
         AMDVI_OUTCOME_ABORTED},
        {/* a table */ machine_entry(1, SPA(3), true, true), 3 * PAGE, 1, AMDVI_OUTCOME_ABORTED},
        /* The upper half of 8 KiB. */
        {/* of a size */ machine_entry(7, SPA(96), true, true), 8 * PAGE, 3,
         AMDVI_OUTCOME_TRANSLATED},
        {/* where no memory is */ machine_entry(0, MACHINE_MEMORY_BYTES, true, true), 3 * PAGE, 1,
         AMDVI_OUTCOME_TRANSLATED},
    };

    for (unsigned i = 0; i < sizeof(oddities) / sizeof(oddities[0]); i++) {
        struct machine machine;
        uint64_t root = start(&machine, &mapped);
        uint64_t at = machine_entry_spa(&machine, root, 3, IOVA + 3 * PAGE, 1);

        ask(&machine, IOVA, 8, READ);
        machine_write64(&machine, at, oddities[i].entry);
        struct answer got = segments(&machine, IOVA, 8 * PAGE, READ, CAPACITY);
        CHECK_U64(got.all.size_bytes, oddities[i].size_bytes);
        CHECK_U64(got.all.count, oddities[i].count);
        CHECK_U64(got.all.outcome, oddities[i].outcome);
        machine_stop(&machine);
    }
}

static void a_table_has_the_permissions_of_those_above(void)
{
    struct machine machine;
    struct amdvi_event event;
    uint64_t root = start(&machine, &mapped);
    uint64_t upper = machine_entry_spa(&machine, root, 3, IOVA, 2);
    uint64_t table = machine_read64(&machine, upper) & AMDVI_PTE_ADDRESS;

    machine_write64(&machine, upper, machine_entry(1, table, true, false));
    ask(&machine, IOVA + PAGE, 8, READ);
    CHECK_U64(segments(&machine, IOVA, 4 * PAGE, READ, CAPACITY).all.size_bytes, 4 * PAGE);
    struct answer got = segments(&machine, IOVA + PAGE, PAGE + 1, WRITE, CAPACITY);
    CHECK_U64(got.all.outcome, AMDVI_OUTCOME_ABORTED);
    CHECK_U64(got.all.size_bytes, 0);
    CHECK(machine_event(&machine, &event));
    machine_stop(&machine);
}

#define CUT SPA(4) /* guest memory is in two pieces, which the host has side by side */

static void *map_pieces(void *ctx, uint64_t spa, bool write, uint64_t *run_bytes)
{
    struct machine *machine = ctx;
    uint64_t end = spa < CUT ? CUT : MACHINE_MEMORY_BYTES;

    (void)write;
    *run_bytes = *run_bytes < end - spa ? *run_bytes : end - spa;
    return &machine->memory[spa];
}

/* Of what is in one piece the host is asked once, also for another request, until it moves. */
static void the_host_is_asked_once_for_a_piece(void)
{
    struct machine machine;

    start(&machine, &mapped);
    machine.map = map_pieces;
    machine.map_ctx = &machine;
    for (unsigned round = 0; round < 2; round++) {
        ask(&machine, IOVA + 31 * PAGE, 8, READ);
        maps = 0;
        CHECK_U64(segments(&machine, IOVA, 8 * PAGE, READ, CAPACITY).all.count, 1);
        CHECK(maps >= 1 && maps <= 2);
        maps = 0;
        for (unsigned n = 0; n < 30; n++) {
            CHECK(ask(&machine, IOVA + n * PAGE, 8, READ) != NULL);
        }
        CHECK(maps <= 2);
        maps = 0;
        CHECK_U64(segments(&machine, IOVA + 4 * PAGE, 4 * PAGE, READ, CAPACITY).all.count, 1);
        CHECK_U64(maps, 0);
        amdvi_iommu_memory_changed(machine.iommu, SPA(0), PAGE);
    }
    machine_stop(&machine);
}

/* A page that lies across the end of a piece has no pointer to all of it. */
static void a_page_across_the_end_of_a_piece_has_none(void)
{
    struct machine machine;
    uint64_t root;

    start(&machine, &mapped);
    machine.map = map_pieces;
    machine.map_ctx = &machine;
    root = machine_set_paged(&machine, NEIGHBOR, DOMAIN + 1, 3);
    uint64_t large = CUT & ~(AMDVI_BIT(21) - 1);
    machine_map(&machine, root, 3, IOVA, large, 21, true, true);
    uint64_t at = IOVA + (CUT - large);
    for (unsigned round = 0; round < 3; round++) {
        CHECK(amdvi_iommu_pointer(machine.reader, NEIGHBOR, at - 8, 16, READ) == NULL);
        CHECK(
            points_at(&machine, amdvi_iommu_pointer(machine.reader, NEIGHBOR, at, 16, READ), CUT));
    }
    machine_stop(&machine);
}

/* Without host->map there are none, and what was asked for counts once. */
static void without_host_pointers_there_are_none(void)
{
    static const struct machine_options options = {.tlb_entries = 256, .dte_entries = 16};
    struct machine machine;
    struct amdvi_stats before;
    struct amdvi_stats after;

    start(&machine, &options);
    for (unsigned round = 0; round < 3; round++) {
        amdvi_iommu_stats(machine.iommu, &before);
        struct answer got = segments(&machine, IOVA, 8, READ, CAPACITY);
        amdvi_iommu_stats(machine.iommu, &after);
        CHECK_U64(got.all.count, 0);
        CHECK_U64(got.all.size_bytes, 0);
        CHECK(!got.all.more);
        CHECK_U64(got.all.outcome, AMDVI_OUTCOME_TRANSLATED);
        CHECK_U64(after.translations - before.translations, 1);
    }
    machine_stop(&machine);
}

static void the_exclusion_range_is_a_segment_of_its_own(void)
{
    struct machine machine;
    uint64_t root = start(&machine, &mapped);
    uint64_t iova = SPA(300);

    for (unsigned n = 0; n < 3; n++) {
        machine_map(&machine, root, 3, iova + PAGE * n, SPA(n), 12, true, true);
    }
    machine_set_reg(&machine, AMDVI_REG_EXCL_LIMIT, iova + PAGE);
    machine_set_reg(&machine, AMDVI_REG_EXCL_BASE,
                    (iova + PAGE) | AMDVI_EXCL_BASE_EX_EN | AMDVI_EXCL_BASE_ALLOW);
    for (unsigned round = 0; round < 3; round++) {
        struct answer got = segments(&machine, iova, 3 * PAGE, READ, CAPACITY);

        CHECK_U64(got.all.count, 3);
        CHECK_U64(got.all.size_bytes, 3 * PAGE);
        CHECK(points_at(&machine, got.segment[0].host, SPA(0)));
        CHECK(points_at(&machine, got.segment[1].host, iova + PAGE));
        CHECK(points_at(&machine, got.segment[2].host, SPA(2)));
    }
    machine_stop(&machine);
}

static void segments_end_where_there_are_no_more(void)
{
    struct machine machine;

    start(&machine, &mapped);
    for (unsigned round = 0; round < 3; round++) {
        struct answer got = segments(&machine, IOVA + 8 * PAGE, 6 * PAGE, READ, 2);
        CHECK_U64(got.all.count, 2);
        CHECK_U64(got.all.size_bytes, 2 * PAGE);
        CHECK_U64(got.all.outcome, AMDVI_OUTCOME_TRANSLATED);
        CHECK(got.all.more);
        /* The last one is still lengthened. */
        got = segments(&machine, IOVA, 9 * PAGE, READ, 1);
        CHECK_U64(got.all.count, 1);
        CHECK_U64(got.all.size_bytes, 8 * PAGE);
    }
    no_event(&machine);
    machine_stop(&machine);
}

static void segments_end_at_a_refusal_with_its_event(void)
{
    struct machine machine;
    struct amdvi_event event;

    start(&machine, &mapped);
    for (unsigned round = 0; round < 2; round++) {
        struct answer got = segments(&machine, IOVA + 30 * PAGE, 4 * PAGE, READ, CAPACITY);
        CHECK_U64(got.all.count, 2);
        CHECK_U64(got.all.size_bytes, 2 * PAGE);
        CHECK_U64(got.all.outcome, AMDVI_OUTCOME_ABORTED);
        CHECK(!got.all.more);
        CHECK(machine_event(&machine, &event));
        CHECK_U64(event.address, IOVA + 32 * PAGE);
        no_event(&machine);
    }
    struct answer got = segments(&machine, 0xfedff000, 2 * PAGE, WRITE, CAPACITY);
    CHECK_U64(got.all.outcome, AMDVI_OUTCOME_ABORTED);
    machine_stop(&machine);
}

/* Whether or not it begins at the first entry of a page table. */
static void one_call_looks_at_a_bounded_number_of_pages(void)
{
    const unsigned firsts[] = {0, 100, 511};

    for (unsigned i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
        struct machine machine;
        uint64_t iova = IOVA + PAGE * firsts[i] + 8;
        uint64_t rest = 1200 * PAGE;

        machine_start(&machine, &mapped);
        uint64_t root = machine_set_paged(&machine, DEVICE, DOMAIN, 3);
        for (unsigned n = 0; n < 1800; n++) {
            machine_map(&machine, root, 3, IOVA + PAGE * n, SPA(n), 12, true, true);
        }
        for (unsigned calls = 0; rest != 0 && CHECK(calls < 4); calls++) {
            struct answer got = segments(&machine, iova, rest, READ, CAPACITY);

            CHECK_U64(got.all.count, 1);
            CHECK(points_at(&machine, got.segment[0].host, SPA(0) + (iova - IOVA)));
            CHECK(got.all.size_bytes <= 512 * PAGE);
            CHECK(got.all.size_bytes == rest || got.all.size_bytes > 511 * PAGE);
            CHECK_U64(got.all.more, got.all.size_bytes != rest);
            iova += got.all.size_bytes;
            rest -= got.all.size_bytes;
        }
        machine_stop(&machine);
    }
}

/* Of a device that is not plain, too. */
static void a_general_call_is_bounded_alike(void)
{
    struct machine machine;
    struct amdvi_stats before;
    struct amdvi_stats after;
    uint64_t root;

    machine_start(&machine, &mapped);
    root = machine_table(&machine);
    machine_set_dte_words(&machine, DEVICE,
                          AMDVI_DTE0_V | AMDVI_DTE0_TV | AMDVI_DTE0_IR | UINT64_C(3) << 9 | root,
                          DOMAIN, 0, 0);
    for (unsigned n = 0; n < 2048; n++) {
        machine_map(&machine, root, 3, IOVA + PAGE * n, SPA(n), 12, true, true);
    }
    amdvi_iommu_stats(machine.iommu, &before);
    struct answer got = segments(&machine, IOVA, 2048 * PAGE, READ, CAPACITY);
    amdvi_iommu_stats(machine.iommu, &after);
    CHECK(got.all.more);
    CHECK(got.all.size_bytes >= 256 * PAGE && got.all.size_bytes <= 513 * PAGE);
    CHECK(after.walks - before.walks <= 513);
    machine_stop(&machine);
}

static void a_request_that_none_may_make_is_an_argument_error(void)
{
    struct amdvi_request request = {.device_id = DEVICE, .access = READ, .iova = IOVA};
    struct amdvi_segment segment;
    struct amdvi_segments out;
    struct machine machine;

    start(&machine, &mapped);
    CHECK_U64(amdvi_iommu_segments(machine.reader, &request, &segment, 1, &out),
              AMDVI_ERR_ARGUMENT);
    request.size_bytes = UINT64_MAX;
    CHECK_U64(amdvi_iommu_segments(machine.reader, &request, &segment, 1, &out),
              AMDVI_ERR_ARGUMENT);
    machine_stop(&machine);
}

static const struct check_case cases[] = {
    {"segments join pages that are contiguous", "design: hot calls", pages_are_joined},
    {"segments of pages that are not known read one entry each", "design: flat cost",
     segments_of_new_pages_read_no_memory_through_the_host},
    {"each entry of a known table is looked at", "1.20 I/O page tables",
     each_entry_of_a_known_table_counts},
    {"segments of a known table have the permissions of the levels above", "1.20 I/O page tables",
     a_table_has_the_permissions_of_those_above},
    {"the host is asked once for a piece of memory", "design: flat cost",
     the_host_is_asked_once_for_a_piece},
    {"a page across the end of a piece has no pointer to all of it", "design: host functions",
     a_page_across_the_end_of_a_piece_has_none},
    {"without host pointers there are no segments", "design: hot calls",
     without_host_pointers_there_are_none},
    {"the exclusion range is a segment of its own", "1.20 Exclusion Base",
     the_exclusion_range_is_a_segment_of_its_own},
    {"segments end when there are no more of them", "design: hot calls",
     segments_end_where_there_are_no_more},
    {"segments end at a refused page, with its event", "1.20 IO_PAGE_FAULT",
     segments_end_at_a_refusal_with_its_event},
    {"one call looks at a bounded number of pages", "design: no unbounded work",
     one_call_looks_at_a_bounded_number_of_pages},
    {"so does one that goes the general way", "design: no unbounded work",
     a_general_call_is_bounded_alike},
    {"a request of no bytes, or beyond the last address, is an argument error", "design: errors",
     a_request_that_none_may_make_is_an_argument_error},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
