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

static void one_call_looks_at_a_bounded_number_of_pages(void)
{
    struct machine machine;
    uint64_t root;

    machine_start(&machine, &mapped);
    root = machine_set_paged(&machine, DEVICE, DOMAIN, 3);
    for (unsigned n = 0; n < 600; n++) {
        machine_map(&machine, root, 3, IOVA + PAGE * n, SPA(n), 12, true, true);
    }
    struct answer got = segments(&machine, IOVA, 600 * PAGE, READ, CAPACITY);
    CHECK_U64(got.all.count, 1);
    CHECK(got.all.size_bytes >= 512 * PAGE);
    CHECK_U64(got.all.more, got.all.size_bytes != 600 * PAGE);
    uint64_t rest = 600 * PAGE - got.all.size_bytes;
    if (rest != 0) {
        got = segments(&machine, IOVA + got.all.size_bytes, rest, READ, CAPACITY);
        CHECK_U64(got.all.size_bytes, rest);
    }
    machine_stop(&machine);
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
    {"without host pointers there are no segments", "design: hot calls",
     without_host_pointers_there_are_none},
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
