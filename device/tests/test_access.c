/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses that the library carries out, host pointers, and questions without an effect: peek and
 * quiet requests.
 */
#include "check.h"
#include "machine.h"

#include <string.h>

#define DEVICE   0x0100
#define ONCE     0x0101 /* SE=1, nothing mapped */
#define DOMAIN   7
#define SPA(n)   (MACHINE_FREE + UINT64_C(0x1000) * (n))
#define ABSENT   (MACHINE_MEMORY_BYTES + UINT64_C(0x1000))
#define ALL      UINT64_C(0x7ffffffffffff000)
#define PAGES    8
#define ALL_SIZE (PAGES * 0x1000)

static const struct machine_options cached = {.tlb_entries = 64, .dte_entries = 4};
static const struct machine_options pointers = {
    .tlb_entries = 64, .dte_entries = 4, .host_pointers = true};

static uint64_t start(struct machine *machine, const struct machine_options *options)
{
    machine_start(machine, options);
    machine_set_dte_words(machine, ONCE, 3, UINT64_C(1) << 33, 0, 0);
    return machine_set_paged(machine, DEVICE, DOMAIN, 3);
}

/* Page n at IOVA n * 1000h; pages whose SPA is 0 are not mapped. */
static void map_pages(struct machine *machine, uint64_t root, const uint64_t *spas)
{
    for (unsigned page = 0; page < PAGES; page++) {
        if (spas[page] != 0) {
            machine_map(machine, root, 3, UINT64_C(0x1000) * page, spas[page], 12, true, true);
        }
    }
}

static struct amdvi_access_result access_at(struct machine *machine, enum amdvi_operation operation,
                                            uint64_t iova, void *buffer, size_t size_bytes)
{
    struct amdvi_access_request request = {.device_id = DEVICE,
                                           .operation = operation,
                                           .iova = iova,
                                           .size_bytes = size_bytes,
                                           .buffer = buffer};
    struct amdvi_access_result result = {.done_bytes = 12345};

    CHECK_U64(amdvi_iommu_access(machine->reader, &request, &result), AMDVI_OK);
    return result;
}

static bool no_event(struct machine *machine)
{
    struct amdvi_event event;

    return !machine_event(machine, &event);
}

static bool is_all(const uint8_t *bytes, uint8_t value, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}

/* ---- Carrying out ---------------------------------------------------------------------------- */

static void check_all_done(const struct amdvi_access_result *result, size_t size_bytes)
{
    CHECK_U64(result->outcome, AMDVI_OUTCOME_TRANSLATED);
    CHECK_U64(result->done_bytes, size_bytes);
    CHECK_U64(result->memory, AMDVI_MEMORY_OK);
}

static void accesses_reach_every_byte_of_scattered_pages(void)
{
    static const uint64_t spas[PAGES] = {SPA(9), SPA(2), SPA(3), SPA(7),
                                         SPA(1), SPA(4), SPA(5), SPA(6)};
    static const size_t firsts[] = {0, 1, 7, 0xff8, 0xfff, 0x1000, 0x2345};
    static const size_t sizes[] = {1, 2, 3, 8, 9, 0x1000, 0x1001, 0x3000, 0x5678};
    uint8_t data[ALL_SIZE];
    uint8_t back[ALL_SIZE];

    for (unsigned i = 0; i < 7 * 9; i++) {
        size_t first = firsts[i / 9];
        size_t size = sizes[i % 9];
        uint8_t filler = (uint8_t)(0x80 + i);
        struct amdvi_access_result result;
        struct machine machine;
        unsigned wrong = 0;

        map_pages(&machine, start(&machine, &machine_cache_sizes[i % 3]), spas);
        for (size_t at = 0; at < size; at++) {
            data[at] = (uint8_t)(at * 7 + at / 256 + i);
        }
        result = access_at(&machine, AMDVI_OPERATION_WRITE, first, data, size);
        check_all_done(&result, size);
        for (size_t at = 0; at < ALL_SIZE; at++) {
            uint8_t want = at >= first && at < first + size ? data[at - first] : 0;
            wrong += machine.memory[spas[at / 0x1000] + at % 0x1000] != want;
        }
        CHECK_U64(wrong, 0);
        memset(back, 0, sizeof(back));
        result = access_at(&machine, AMDVI_OPERATION_READ, first, back, size);
        check_all_done(&result, size);
        CHECK(memcmp(back, data, size) == 0);
        result = access_at(&machine, AMDVI_OPERATION_FILL, first, &filler, size);
        check_all_done(&result, size);
        access_at(&machine, AMDVI_OPERATION_READ, 0, back, sizeof(back));
        CHECK(is_all(back, 0, first));
        CHECK(is_all(back + first, filler, size));
        CHECK(is_all(back + first + size, 0, ALL_SIZE - first - size));
        CHECK(no_event(&machine));
        machine_stop(&machine);
    }
}

static void a_refused_page_ends_the_access_and_each_is_logged(void)
{
    static const uint64_t spas[PAGES] = {SPA(0), SPA(1), 0, SPA(3), 0, 0, SPA(6), SPA(7)};
    static const uint64_t refused[] = {0x2000, 0x4000, 0x5000};
    static const enum amdvi_operation operations[] = {AMDVI_OPERATION_READ, AMDVI_OPERATION_WRITE,
                                                      AMDVI_OPERATION_FILL};

    for (unsigned i = 0; i < 2 * 3; i++) {
        uint64_t first = i < 3 ? 0x800 : 0x2800; /* refused from the first byte on */
        uint8_t buffer[ALL_SIZE];
        struct amdvi_access_result result;
        struct amdvi_event event;
        struct machine machine;
        size_t done = i < 3 ? 0x1800 : 0;

        map_pages(&machine, start(&machine, &cached), spas);
        memset(buffer, 0x33, sizeof(buffer));
        result = access_at(&machine, operations[i % 3], first, buffer, 0x7000 - first);
        CHECK_U64(result.outcome, AMDVI_OUTCOME_ABORTED);
        CHECK_U64(result.done_bytes, done);
        CHECK(i % 3 != 0 || is_all(buffer, 0, done)); /* what was read */
        CHECK(is_all(buffer + done, 0x33, sizeof(buffer) - done));
        for (unsigned page = 3; page < PAGES; page++) { /* behind the first refusal */
            CHECK(spas[page] == 0 || is_all(&machine.memory[spas[page]], 0, 0x1000));
        }
        for (unsigned at = 0; at < 3; at++) {
            CHECK(machine_event(&machine, &event));
            CHECK_U64(event.code, AMDVI_EVENT_IO_PAGE_FAULT);
            CHECK_U64(event.address, refused[at] < first ? first : refused[at]);
            CHECK_U64(event.write, i % 3 != 0);
        }
        CHECK(no_event(&machine));
        machine_stop(&machine);
    }
}

static void memory_that_fails_ends_the_access_without_an_event(void)
{
    static const uint64_t spas[PAGES] = {SPA(0), ABSENT, SPA(2), SPA(9)};

    for (unsigned i = 0; i < 6; i++) {
        bool is_absent = i >= 3;
        uint64_t first = is_absent ? 0x800 : 0x2800;
        uint8_t buffer[0x1000] = {0};
        struct amdvi_access_result result;
        struct machine machine;

        map_pages(&machine, start(&machine, &cached), spas);
        machine.bad_page = SPA(9);
        result = access_at(&machine, (enum amdvi_operation)(i % 3), first, buffer, sizeof(buffer));
        CHECK_U64(result.outcome, AMDVI_OUTCOME_ABORTED);
        CHECK_U64(result.done_bytes, 0x800);
        CHECK_U64(result.memory, is_absent ? AMDVI_MEMORY_ABSENT : AMDVI_MEMORY_ERROR);
        CHECK(no_event(&machine));
        machine_stop(&machine);
    }
}

static void an_access_into_the_interrupt_range_is_not_memory(void)
{
    struct machine machine;
    uint64_t root = start(&machine, &cached);
    struct amdvi_access_result result;
    struct amdvi_event event;
    uint8_t buffer[16] = {0};

    machine_map(&machine, root, 3, 0xfedff000, SPA(0), 12, true, true);
    result = access_at(&machine, AMDVI_OPERATION_WRITE, 0xfedffff8, buffer, sizeof(buffer));
    CHECK_U64(result.outcome, AMDVI_OUTCOME_INTERRUPT);
    CHECK_U64(result.done_bytes, 8);
    CHECK(no_event(&machine));
    result = access_at(&machine, AMDVI_OPERATION_READ, 0xfedffff8, buffer, sizeof(buffer));
    CHECK_U64(result.outcome, AMDVI_OUTCOME_ABORTED);
    CHECK_U64(result.done_bytes, 8);
    CHECK(machine_event(&machine, &event));
    CHECK_U64(event.code, AMDVI_EVENT_INVALID_DEVICE_REQUEST);
    CHECK_U64(event.type, 0);
    CHECK_U64(event.address, 0xfee00000);
    machine_stop(&machine);
}

static void compare_exchange_swaps_only_what_is_expected(void)
{
    for (size_t size = 4; size <= 8; size += 4) {
        struct machine machine;
        uint64_t root = start(&machine, &cached);
        uint64_t expected = 0x1111111122222222;
        uint64_t desired = 0x3333333344444444;
        struct amdvi_access_request request = {.device_id = DEVICE,
                                               .operation = AMDVI_OPERATION_COMPARE_EXCHANGE,
                                               .iova = 0x1010,
                                               .size_bytes = size,
                                               .buffer = &expected,
                                               .desired = &desired};
        struct amdvi_access_result result;
        struct amdvi_event event;
        uint64_t want = size == 8 ? desired : 0x1111111144444444;

        machine_map(&machine, root, 3, 0x1000, SPA(0), 12, true, true);
        machine_write64(&machine, SPA(0) + 0x10, expected);
        CHECK_U64(amdvi_iommu_access(machine.reader, &request, &result), AMDVI_OK);
        check_all_done(&result, size);
        CHECK_U64(machine_read64(&machine, SPA(0) + 0x10), want);
        CHECK_U64(amdvi_iommu_access(machine.reader, &request, &result), AMDVI_OK);
        check_all_done(&result, size); /* carried out, and not equal */
        CHECK_U64(machine_read64(&machine, SPA(0) + 0x10), want);
        CHECK_U64(expected, want); /* what was there */
        for (unsigned permission = 0; permission < 3; permission++) {
            machine_map(&machine, root, 3, 0x1000, SPA(0), 12, permission == 1, permission == 2);
            machine_invalidate_pages(&machine, DOMAIN, ALL, true);
            CHECK(machine_wait(&machine));
            CHECK_U64(amdvi_iommu_access(machine.reader, &request, &result), AMDVI_OK);
            CHECK_U64(result.outcome, AMDVI_OUTCOME_ABORTED);
            CHECK(machine_event(&machine, &event));
            CHECK(event.present && event.permission && event.write);
            CHECK(no_event(&machine));
        }
        machine_stop(&machine);
    }
}

/* ---- Arguments ------------------------------------------------------------------------------- */

static void accesses_that_are_none_are_argument_errors(void)
{
    static const struct {
        enum amdvi_operation operation;
        uint64_t iova;
        size_t size;
    } bad[] = {
        {AMDVI_OPERATION_READ, 0x1000, 0},
        {AMDVI_OPERATION_WRITE, UINT64_MAX, 2},
        {AMDVI_OPERATION_FILL, UINT64_C(0xfffffffffffff000), 0x1001},
        {(enum amdvi_operation)4, 0x1000, 8},
        {AMDVI_OPERATION_COMPARE_EXCHANGE, 0x1000, 1},
        {AMDVI_OPERATION_COMPARE_EXCHANGE, 0x1000, 2},
        {AMDVI_OPERATION_COMPARE_EXCHANGE, 0x1000, 16},
        {AMDVI_OPERATION_COMPARE_EXCHANGE, 0x1002, 4},
        {AMDVI_OPERATION_COMPARE_EXCHANGE, 0x1004, 8},
        {AMDVI_OPERATION_COMPARE_EXCHANGE, 0x1ffc, 8},
    };
    struct machine machine;
    struct amdvi_stats stats;
    uint64_t words[2] = {1, 2};

    start(&machine, &cached);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct amdvi_access_request request = {.device_id = DEVICE,
                                               .operation = bad[i].operation,
                                               .iova = bad[i].iova,
                                               .size_bytes = bad[i].size,
                                               .buffer = words,
                                               .desired = words};
        struct amdvi_access_result result = {.done_bytes = 12345};
        CHECK_U64(amdvi_iommu_access(machine.reader, &request, &result), AMDVI_ERR_ARGUMENT);
        CHECK_U64(result.done_bytes, 12345);
    }
    CHECK(no_event(&machine));
    amdvi_iommu_stats(machine.iommu, &stats);
    CHECK_U64(stats.translations, 0);
    machine_stop(&machine);
}

static void requests_that_are_none_are_argument_errors(void)
{
    static const struct amdvi_request bad[] = {
        {.access = AMDVI_ACCESS_READ, .iova = 0x1000},
        {.access = AMDVI_ACCESS_READ, .iova = UINT64_MAX, .size_bytes = 2},
        {.access = AMDVI_ACCESS_WRITE, .iova = 2, .size_bytes = UINT64_MAX},
        {.access = (enum amdvi_access)0, .iova = 0x1000, .size_bytes = 1},
        {.access = (enum amdvi_access)4, .iova = 0x1000, .size_bytes = 1},
    };
    struct amdvi_request last = {
        .access = AMDVI_ACCESS_READ, .iova = UINT64_MAX, .size_bytes = 1, .device_id = DEVICE};
    struct machine machine;

    start(&machine, &cached);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct amdvi_translation out = {.run_bytes = 12345};
        CHECK_U64(amdvi_iommu_translate(machine.reader, &bad[i], &out), AMDVI_ERR_ARGUMENT);
        CHECK_U64(amdvi_iommu_peek(machine.iommu, &bad[i], &out), AMDVI_ERR_ARGUMENT);
        CHECK_U64(out.run_bytes, 12345);
    }
    CHECK(no_event(&machine));
    CHECK_U64(amdvi_iommu_translate(machine.reader, &last, &(struct amdvi_translation){.spa = 0}),
              AMDVI_OK); /* the last byte of all is one */
    machine_stop(&machine);
}

static void addresses_outside_the_ranges_are_not_interrupts(void)
{
    static const uint64_t bad[] = {0,
                                   0xfedffffc,
                                   0xfef00000,
                                   UINT64_C(0x1fee00000),
                                   UINT64_MAX,
                                   UINT64_C(0x80000000fee00000),
                                   UINT64_C(0xfdf7ffffff),
                                   UINT64_C(0xfdf9000000)};
    struct machine machine;
    struct amdvi_stats stats;

    start(&machine, &cached);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct amdvi_interrupt interrupt = {.device_id = DEVICE, .address = bad[i], .data = 0x20};
        struct amdvi_remapped out = {.data = 0x12345678};

        CHECK_U64(amdvi_iommu_remap(machine.reader, &interrupt, &out), AMDVI_ERR_ARGUMENT);
        CHECK_U64(out.data, 0x12345678);
    }
    amdvi_iommu_stats(machine.iommu, &stats);
    CHECK_U64(stats.interrupts, 0);
    CHECK(no_event(&machine));
    CHECK_U64(machine_interrupt(&machine, DEVICE, 0xfee00000, 0x20).data, 0x20);
    CHECK_U64(machine_interrupt(&machine, DEVICE, 0xfeefffff, 0x20).data, 0x20);
    CHECK_U64(machine_interrupt(&machine, DEVICE, UINT64_C(0xfdf8ffffff), 0).address, 0xfdf8ffffff);
    machine_stop(&machine);
}

/* ---- Without an effect ----------------------------------------------------------------------- */

static const uint64_t mixed[PAGES] = {SPA(0), SPA(1), 0, SPA(3), SPA(9), 0, SPA(6), SPA(7)};

/* Asks about many places with @ask; nothing of the machine may show it. */
static void check_without_effect(void (*ask)(struct machine *, const struct amdvi_request *,
                                             struct amdvi_translation *),
                                 bool fills)
{
    struct machine machine;
    struct amdvi_stats before;
    struct amdvi_stats after;
    unsigned long writes;

    map_pages(&machine, start(&machine, &cached), mixed);
    amdvi_iommu_stats(machine.iommu, &before);
    writes = atomic_load(&machine.writes);
    for (unsigned i = 0; i < PAGES * 12; i++) {
        struct amdvi_request request = {
            .device_id = i % 4 == 3 ? ONCE : DEVICE,
            .access = (enum amdvi_access)(1 + i % 3),
            .iova = UINT64_C(0x1000) * (i / 12) + i,
            .size_bytes = 1 + i * 333,
        };
        struct amdvi_translation got = {.spa = 0};
        ask(&machine, &request, &got);
    }
    amdvi_iommu_stats(machine.iommu, &after);
    CHECK(memcmp(&before, &after, sizeof(before)) == 0);
    CHECK_U64(atomic_load(&machine.writes), writes);
    CHECK(no_event(&machine));
    CHECK(fills || !machine_translate(&machine, DEVICE, 0, 1, AMDVI_ACCESS_READ).cached);
    /* And the one event of SE is still to come. */
    machine_translate(&machine, ONCE, 0x1000, 1, AMDVI_ACCESS_READ);
    CHECK(!no_event(&machine));
    machine_stop(&machine);
}

static void ask_by_peek(struct machine *machine, const struct amdvi_request *request,
                        struct amdvi_translation *out)
{
    CHECK_U64(amdvi_iommu_peek(machine->iommu, request, out), AMDVI_OK);
}

static void ask_quietly(struct machine *machine, const struct amdvi_request *request,
                        struct amdvi_translation *out)
{
    struct amdvi_request quiet = *request;

    quiet.quiet = true;
    CHECK_U64(amdvi_iommu_translate(machine->reader, &quiet, out), AMDVI_OK);
}

static void peek_has_no_effect(void)
{
    check_without_effect(ask_by_peek, false);
}

static void quiet_requests_log_and_count_nothing(void)
{
    check_without_effect(ask_quietly, true);
}

static void quiet_interrupts_log_and_count_nothing(void)
{
    struct machine machine;
    struct amdvi_stats stats;
    struct amdvi_dte dte = {.interrupt_valid = true,
                            .int_ctl = AMDVI_INT_CTL_REMAP,
                            .int_tab_len = 8,
                            .interrupt_root = MACHINE_FREE};

    start(&machine, &cached);
    machine_set_dte(&machine, DEVICE, &dte);
    machine_write32(&machine, MACHINE_FREE + 4 * 0x21, 1 | 0x45 << 16); /* RemapEn, vector */
    machine_invalidate_device(&machine, DEVICE);
    for (unsigned i = 0; i < 4; i++) {
        struct amdvi_interrupt interrupt = {
            .device_id = DEVICE, .address = AMDVI_MSI_BASE, .data = 0x20 + (i & 1), .quiet = true};
        struct amdvi_remapped got;
        struct amdvi_remapped aloud;

        CHECK_U64(amdvi_iommu_remap(machine.reader, &interrupt, &got), AMDVI_OK);
        amdvi_iommu_stats(machine.iommu, &stats);
        CHECK_U64(stats.interrupts, i < 2 ? 0 : i - 2);
        CHECK_U64(stats.interrupts_aborted, i < 3 ? 0 : 1);
        CHECK(no_event(&machine));
        if (i >= 2) {
            interrupt.quiet = false;
            CHECK_U64(amdvi_iommu_remap(machine.reader, &interrupt, &aloud), AMDVI_OK);
            CHECK_U64(got.outcome, aloud.outcome);
            CHECK_U64(got.data, aloud.data);
            CHECK_U64(no_event(&machine), (i & 1) != 0);
        }
        CHECK_U64(got.outcome, (i & 1) != 0 ? AMDVI_OUTCOME_TRANSLATED : AMDVI_OUTCOME_ABORTED);
    }
    machine_stop(&machine);
}

static void peek_and_quiet_requests_answer_like_others(void)
{
    struct machine machine;

    map_pages(&machine, start(&machine, &pointers), mixed);
    for (unsigned i = 0; i < PAGES * 12; i++) {
        struct amdvi_request request = {
            .device_id = DEVICE,
            .access = (enum amdvi_access)(1 + i % 3),
            .iova = UINT64_C(0x1000) * (i / 12) + i,
            .size_bytes = 1 + i * 333,
        };
        struct amdvi_translation got[3];

        ask_by_peek(&machine, &request, &got[0]);
        ask_quietly(&machine, &request, &got[1]);
        got[2] =
            machine_translate(&machine, DEVICE, request.iova, request.size_bytes, request.access);
        for (unsigned other = 0; other < 2; other++) {
            CHECK_U64(got[other].outcome, got[2].outcome);
            CHECK_U64(got[other].run_bytes, got[2].run_bytes);
            CHECK_U64(got[other].spa, got[2].spa);
            CHECK_U64(got[other].granule_log2, got[2].granule_log2);
            CHECK(got[other].read == got[2].read && got[other].write == got[2].write);
            CHECK(got[other].host == got[2].host);
        }
    }
    machine_stop(&machine);
}

/* ---- Host pointers --------------------------------------------------------------------------- */

static void host_pointers_cover_the_run(void)
{
    static const uint64_t spas[PAGES] = {
        SPA(0), SPA(1), SPA(2), MACHINE_MEMORY_BYTES - 0x1000, MACHINE_MEMORY_BYTES, 0};
    struct machine machine;
    struct amdvi_translation got;

    map_pages(&machine, start(&machine, &pointers), spas);
    got = machine_translate(&machine, DEVICE, 0x10, 0x4000, AMDVI_ACCESS_WRITE);
    CHECK_U64(got.run_bytes, 0x2ff0);
    CHECK(got.host == &machine.memory[SPA(0) + 0x10]);
    got = machine_translate(&machine, DEVICE, 0x3ff0, 0x1000, AMDVI_ACCESS_READ);
    CHECK(got.host == NULL || got.run_bytes == 0x10); /* RAM ends there */
    CHECK(got.host == NULL || got.host == &machine.memory[MACHINE_MEMORY_BYTES - 0x10]);
    got = machine_translate(&machine, DEVICE, 0x4000, 8, AMDVI_ACCESS_READ);
    CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
    CHECK(got.host == NULL);
    got = machine_translate(&machine, DEVICE, 0x5000, 8, AMDVI_ACCESS_READ);
    CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED);
    CHECK(got.host == NULL);
    machine_stop(&machine);
}

static unsigned maps;

static void count_maps(struct machine *machine, enum machine_told what)
{
    (void)machine;
    maps += what == MACHINE_TOLD_MAP;
}

static void a_wait_asks_for_no_host_pointer(void)
{
    static const uint64_t spas[PAGES] = {SPA(0)};
    struct amdvi_request request = {
        .device_id = DEVICE, .access = AMDVI_ACCESS_READ, .iova = 0, .size_bytes = 8};
    struct amdvi_translation got;
    struct amdvi_lease lease;
    struct machine machine;

    map_pages(&machine, start(&machine, &pointers), spas);
    CHECK_U64(amdvi_lease_take(machine.reader, &lease, &request, NULL, &got), AMDVI_OK);
    CHECK(got.host == &machine.memory[SPA(0)]);
    maps = 0;
    machine.told = count_maps;
    machine_invalidate_pages(&machine, DOMAIN, ALL, true);
    CHECK(machine_wait(&machine)); /* the lease is walked again, under locks */
    CHECK_U64(maps, 0);
    machine.told = NULL;
    amdvi_lease_release(&lease);
    machine_stop(&machine);
}

/* The reader has not released by itself since the invalidation. */
static void an_access_releases_its_reader(void)
{
    struct amdvi_command wait = {.opcode = AMDVI_OPCODE_COMPLETION_WAIT,
                                 .store = true,
                                 .store_address = MACHINE_STORE,
                                 .store_data = 0x77};
    struct machine machine;
    uint64_t word = 0;

    uint64_t root = start(&machine, &cached);
    machine_map(&machine, root, 3, 0x1000, SPA(0), 12, true, true);
    access_at(&machine, AMDVI_OPERATION_READ, 0x1000, &word, sizeof(word));
    machine_invalidate_pages(&machine, DOMAIN, ALL, true);
    machine_command(&machine, &wait);
    CHECK_U64(machine_read64(&machine, MACHINE_STORE), 0);
    access_at(&machine, AMDVI_OPERATION_READ, 0x1000, &word, sizeof(word));
    CHECK_U64(machine_read64(&machine, MACHINE_STORE), 0x77);
    machine_stop(&machine);
}

static const struct check_case cases[] = {
    {"reads, writes and fills reach every byte of scattered pages and no other (V1)", NULL,
     accesses_reach_every_byte_of_scattered_pages},
    {"a refused page ends the access, and each refused page logs one event (Q7)",
     "1.20 IO_PAGE_FAULT", a_refused_page_ends_the_access_and_each_is_logged},
    {"memory that fails ends the access without an event", NULL,
     memory_that_fails_ends_the_access_without_an_event},
    {"an access into FEEx_xxxxh is not one to memory", "1.20 INVALID_DEVICE_REQUEST",
     an_access_into_the_interrupt_range_is_not_memory},
    {"compare-exchange swaps only what is expected, and needs both permissions", NULL,
     compare_exchange_swaps_only_what_is_expected},
    {"an access that is none is an argument error without effect", NULL,
     accesses_that_are_none_are_argument_errors},
    {"a request that is none is an argument error without effect", NULL,
     requests_that_are_none_are_argument_errors},
    {"an interrupt outside both ranges is an argument error without effect", NULL,
     addresses_outside_the_ranges_are_not_interrupts},
    {"peek logs, writes, counts and keeps nothing", NULL, peek_has_no_effect},
    {"quiet requests log and count nothing", NULL, quiet_requests_log_and_count_nothing},
    {"quiet interrupts log and count nothing, and are answered like others", NULL,
     quiet_interrupts_log_and_count_nothing},
    {"peek and quiet requests answer like others", NULL,
     peek_and_quiet_requests_answer_like_others},
    {"an access releases its reader", NULL, an_access_releases_its_reader},
    {"a host pointer covers the run it comes with", NULL, host_pointers_cover_the_run},
    {"a wait that walks leases again asks for no host pointer", NULL,
     a_wait_asks_for_no_host_pointer},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
