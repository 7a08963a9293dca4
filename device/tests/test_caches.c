/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the caches keep, and what each command makes them drop: without the invalidation an answer
 * may be old, and with the large caches it is, which proves that there is a cache; after the
 * invalidation and a COMPLETION_WAIT it is new, with every cache size.
 */
#include "check.h"
#include "machine.h"

#define DEVICE   0x0100
#define NEIGHBOR 0x0108 /* in the same domain */
#define STRANGER 0x0200 /* in another domain */
#define DOMAIN   7
#define OTHER    8
#define SPA(n)   (MACHINE_FREE + UINT64_C(0x1000) * (n))

static const struct machine_options large = {
    .tlb_entries = 4096, .dte_entries = 256, .irte_entries = 1024};

/* Lets @device read at @iova; the answer must tell the truth about having read memory. */
static struct amdvi_translation read_at(struct machine *machine, uint16_t device, uint64_t iova)
{
    unsigned long reads = atomic_load(&machine->reads);
    struct amdvi_translation got = machine_translate(machine, device, iova, 1, AMDVI_ACCESS_READ);

    CHECK_U64(got.cached, atomic_load(&machine->reads) == reads);
    return got;
}

static void check_lands(struct machine *machine, uint16_t device, uint64_t iova, uint64_t spa)
{
    struct amdvi_translation got = read_at(machine, device, iova);

    CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
    CHECK_U64(got.spa, spa);
}

static void check_refused(struct machine *machine, uint16_t device, uint64_t iova)
{
    struct amdvi_event event;

    CHECK_U64(read_at(machine, device, iova).outcome, AMDVI_OUTCOME_ABORTED);
    CHECK(machine_event(machine, &event));
}

static bool is_cached(struct machine *machine, uint16_t device, uint64_t iova)
{
    return read_at(machine, device, iova).cached;
}

/* A page of @size_log2 at @iova, NextLevel=7 encoded where that is no level's default size. */
static void map(struct machine *machine, uint64_t root, uint64_t iova, uint64_t spa,
                unsigned size_log2)
{
    unsigned default_log2 = size_log2 - (size_log2 - 12) % 9;
    unsigned level = 1 + (default_log2 - 12) / 9;

    for (uint64_t i = 0; i < UINT64_C(1) << (size_log2 - default_log2); i++) {
        uint64_t at = iova + (i << default_log2);
        machine_map(machine, root, 6, at, spa, default_log2, true, true);
        if (size_log2 != default_log2) {
            uint64_t ones = (UINT64_C(1) << (size_log2 - 1)) - 1;
            machine_write64(machine, machine_entry_spa(machine, root, 6, at, level),
                            machine_entry(AMDVI_NEXT_LEVEL_SIZE, spa | ones, true, true));
        }
    }
}

/* ---- What is kept ---------------------------------------------------------------------------- */

static void a_second_access_reads_no_memory(void)
{
    struct machine machine;
    uint64_t root;

    machine_start(&machine, &large);
    root = machine_set_paged(&machine, DEVICE, DOMAIN, 6);
    for (unsigned page = 0; page < 64; page++) {
        map(&machine, root, UINT64_C(0x1000) * page, SPA(page), 12);
        check_lands(&machine, DEVICE, UINT64_C(0x1000) * page, SPA(page));
    }
    for (unsigned page = 0; page < 64; page++) {
        CHECK(is_cached(&machine, DEVICE, UINT64_C(0x1000) * page + 0xfff));
        check_lands(&machine, DEVICE, UINT64_C(0x1000) * page + 5, SPA(page) + 5);
    }
    machine_stop(&machine);
}

static void a_large_page_is_one_entry_at_its_own_size(void)
{
    static const unsigned sizes[] = {12, 13, 16, 20, 21, 22, 25, 29, 30, 31, 38, 39, 40, 47, 48};

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t bytes = UINT64_C(1) << sizes[i];
        uint64_t iova = bytes * 5;
        uint64_t spa = sizes[i] < 48 ? bytes * 3 : bytes;
        struct machine machine;
        struct amdvi_translation got;

        machine_start(&machine, &large);
        map(&machine, machine_set_paged(&machine, DEVICE, DOMAIN, 6), iova, spa, sizes[i]);
        check_lands(&machine, DEVICE, iova + bytes / 2, spa + bytes / 2);
        for (uint64_t part = 0; part < 64; part++) {
            uint64_t offset = part * (bytes / 64) + part;
            got = read_at(&machine, DEVICE, iova + offset);
            CHECK(got.cached);
            CHECK_U64(got.granule_log2, sizes[i]);
            CHECK_U64(got.spa, spa + offset);
        }
        CHECK(is_cached(&machine, DEVICE, iova + bytes - 1));
        check_refused(&machine, DEVICE, iova - 1);
        check_refused(&machine, DEVICE, iova + bytes);
        machine_stop(&machine);
    }
}

static void ranges_inside_a_kept_page_stay_apart(void)
{
    const uint64_t page = UINT64_C(0xc0000000); /* 1 GiB with FEEx_xxxxh in it */
    struct machine machine;
    struct amdvi_translation got;

    machine_start(&machine, &large);
    map(&machine, machine_set_paged(&machine, DEVICE, DOMAIN, 6), page, 0, 30);
    for (unsigned warm = 0; warm < 2; warm++) {
        got = machine_translate(&machine, DEVICE, 0xfedff000, 0x200000, AMDVI_ACCESS_WRITE);
        CHECK_U64(got.spa, 0xfedff000 - page);
        CHECK_U64(got.run_bytes, 0x1000);
        CHECK(got.granule_log2 <= 21);
        got = machine_translate(&machine, DEVICE, 0xfee00000, 4, AMDVI_ACCESS_WRITE);
        CHECK_U64(got.outcome, AMDVI_OUTCOME_INTERRUPT);
        check_refused(&machine, DEVICE, 0xfee01000);
        check_lands(&machine, DEVICE, 0xfef00000, 0xfef00000 - page);
        check_lands(&machine, DEVICE, page, 0);
    }
    /* A change of the exclusion range needs no invalidation. */
    machine_set_reg(&machine, AMDVI_REG_EXCL_LIMIT, page + 0x105000);
    machine_set_reg(&machine, AMDVI_REG_EXCL_BASE, page + 0x103003);
    got = machine_translate(&machine, DEVICE, page + 0x100000, 0x100000, AMDVI_ACCESS_WRITE);
    CHECK_U64(got.spa, 0x100000);
    CHECK_U64(got.run_bytes, 0x3000);
    CHECK(got.granule_log2 <= 13);
    got = machine_translate(&machine, DEVICE, page + 0x103000, 0x100000, AMDVI_ACCESS_WRITE);
    CHECK_U64(got.spa, page + 0x103000);
    CHECK_U64(got.run_bytes, 0x3000);
    CHECK_U64(got.granule_log2, 12);
    check_lands(&machine, DEVICE, page + 0x106000, 0x106000);
    machine_set_reg(&machine, AMDVI_REG_EXCL_BASE, 0);
    check_lands(&machine, DEVICE, page + 0x103000, 0x103000);
    machine_stop(&machine);
}

static void devices_of_one_domain_share_its_entries(void)
{
    struct machine machine;
    struct amdvi_dte dte = {.valid = true,
                            .translation = true,
                            .read = true,
                            .write = true,
                            .domain_id = DOMAIN,
                            .mode = 6};

    machine_start(&machine, &large);
    dte.page_root = machine_set_paged(&machine, DEVICE, DOMAIN, 6);
    machine_set_dte(&machine, NEIGHBOR, &dte);
    map(&machine, dte.page_root, 0x1000, SPA(1), 12);
    map(&machine, dte.page_root, 0x2000, SPA(2), 12);
    check_lands(&machine, DEVICE, 0x1000, SPA(1));
    check_lands(&machine, NEIGHBOR, 0x2000, SPA(2));
    CHECK(is_cached(&machine, DEVICE, 0x2000));
    CHECK(is_cached(&machine, NEIGHBOR, 0x1000));
    machine_stop(&machine);
}

/* @may is what the device table entry of the first of two devices of a domain allows. */
static void fill_then_use(const struct machine_options *options, bool read, bool write)
{
    struct machine machine;
    struct amdvi_dte dte = {.valid = true,
                            .translation = true,
                            .read = read,
                            .write = write,
                            .domain_id = DOMAIN,
                            .mode = 6};

    machine_start(&machine, options);
    dte.page_root = machine_set_paged(&machine, DEVICE, DOMAIN, 6);
    machine_set_dte(&machine, NEIGHBOR, &dte);
    map(&machine, dte.page_root, 0x1000, SPA(1), 12);
    for (unsigned i = 0; i < 16; i++) {
        uint16_t device = (i & 1) != 0 ? NEIGHBOR : DEVICE;
        bool is_write = (i >> 1 & 1) != 0;
        bool allowed = device == DEVICE || (is_write ? write : read);
        struct amdvi_translation got = machine_translate(
            &machine, device, 0x1000, 8, is_write ? AMDVI_ACCESS_WRITE : AMDVI_ACCESS_READ);
        struct amdvi_event event = {.present = false};

        CHECK_U64(got.outcome, allowed ? AMDVI_OUTCOME_TRANSLATED : AMDVI_OUTCOME_ABORTED);
        CHECK_U64(machine_event(&machine, &event), !allowed);
        if (!allowed) {
            CHECK(event.present && event.permission && event.write == is_write);
        } else {
            CHECK_U64(got.read, device == DEVICE || read);
            CHECK_U64(got.write, device == DEVICE || write);
        }
    }
    machine_stop(&machine);
}

static void the_permission_of_a_device_is_not_kept_for_its_domain(void)
{
    for (unsigned i = 0; i < 12; i++) {
        fill_then_use(&machine_cache_sizes[i % 3], (i / 3 & 1) != 0, (i / 3 & 2) != 0);
    }
}

static void an_interrupt_first_does_not_open_memory(void)
{
    for (unsigned i = 0; i < 3; i++) {
        struct machine machine;
        struct amdvi_dte dte = {.valid = true,
                                .translation = true,
                                .read = true,
                                .mode = 6,
                                .domain_id = DOMAIN,
                                .interrupt_valid = true,
                                .int_ctl = AMDVI_INT_CTL_REMAP,
                                .int_tab_len = 8};

        machine_start(&machine, &machine_cache_sizes[i]);
        dte.page_root = machine_table(&machine);
        dte.interrupt_root = machine_table(&machine);
        machine_set_dte(&machine, DEVICE, &dte);
        machine_write32(&machine, dte.interrupt_root + 4 * 0x30, 0x00440001);
        map(&machine, dte.page_root, 0x1000, SPA(1), 12);
        CHECK(machine_interrupt(&machine, DEVICE, 0xfee00000, 0x30).remapped);
        check_refused(&machine, DEVICE, SPA(1));
        check_lands(&machine, DEVICE, 0x1234, SPA(1) + 0x234);
        CHECK_U64(machine_translate(&machine, DEVICE, 0x1000, 1, AMDVI_ACCESS_WRITE).outcome,
                  AMDVI_OUTCOME_ABORTED);
        CHECK(machine_interrupt(&machine, DEVICE, 0xfee00000, 0x30).remapped);
        machine_stop(&machine);
    }
}

/* Pages 0 to 3 at @spas; the pages of @warm are in the cache when all are asked for at once. */
static void ask_for_four_pages(const uint64_t *spas, unsigned warm)
{
    struct machine machine;
    uint64_t root;
    uint64_t iova = 0x10f00;
    uint64_t last = 0x13fff;

    machine_start(&machine, &large);
    root = machine_set_paged(&machine, DEVICE, DOMAIN, 6);
    for (unsigned page = 0; page < 4; page++) {
        map(&machine, root, 0x10000 + UINT64_C(0x1000) * page, spas[page], 12);
        if ((warm >> page & 1) != 0) {
            read_at(&machine, DEVICE, 0x10000 + UINT64_C(0x1000) * page);
        }
    }
    while (iova <= last) {
        struct amdvi_translation got =
            machine_translate(&machine, DEVICE, iova, last - iova + 1, AMDVI_ACCESS_READ);

        CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
        if (!CHECK(got.run_bytes != 0 && got.run_bytes <= last - iova + 1)) {
            break;
        }
        for (uint64_t at = iova; at < iova + got.run_bytes; at++) {
            uint64_t want = spas[(at - 0x10000) / 0x1000] + at % 0x1000;
            if (got.spa + (at - iova) != want) {
                CHECK_U64(got.spa + (at - iova), want);
                break;
            }
        }
        iova += got.run_bytes;
    }
    machine_stop(&machine);
}

static void a_request_that_hits_in_part_lands_where_each_page_is(void)
{
    static const uint64_t scattered[] = {SPA(90), SPA(3), SPA(44), SPA(4)};
    static const uint64_t adjacent[] = {SPA(20), SPA(21), SPA(22), SPA(23)};

    for (unsigned warm = 0; warm < 16; warm++) {
        ask_for_four_pages(scattered, warm);
        ask_for_four_pages(adjacent, warm);
    }
}

static void far_apart_iovas_do_not_meet_in_the_cache(void)
{
    static const uint64_t iovas[] = {0,
                                     0x1000,
                                     UINT64_C(1) << 32,
                                     UINT64_C(1) << 40,
                                     UINT64_C(1) << 48,
                                     UINT64_C(1) << 52,
                                     UINT64_C(3) << 52,
                                     UINT64_C(1) << 63,
                                     UINT64_C(0xfffffffffffff000)};
    static const uint16_t domains[] = {0, 1, 0x100, 0xffff};

    for (unsigned size = 0; size < 3; size++) {
        struct machine machine;

        machine_start(&machine, &machine_cache_sizes[size]);
        for (uint16_t device = 0; device < 4; device++) {
            uint64_t root = machine_set_paged(&machine, device, domains[device], 6);
            for (unsigned i = 0; i < 9; i++) {
                map(&machine, root, iovas[i], SPA(device * 16U + i), 12);
            }
        }
        for (unsigned turn = 0; turn < 3 * 36; turn++) {
            uint16_t device = (uint16_t)(turn / 9 % 4);
            check_lands(&machine, device, iovas[turn % 9] + 7, SPA(device * 16U + turn % 9) + 7);
        }
        machine_stop(&machine);
    }
}

static void faults_are_not_kept(void)
{
    for (unsigned i = 0; i < 3; i++) {
        struct machine machine;
        uint64_t root;

        machine_start(&machine, &machine_cache_sizes[i]);
        root = machine_set_paged(&machine, DEVICE, DOMAIN, 6);
        check_refused(&machine, DEVICE, 0x5000); /* no directory either */
        map(&machine, root, 0x4000, SPA(4), 12);
        check_lands(&machine, DEVICE, 0x4000, SPA(4));
        check_refused(&machine, DEVICE, 0x5000); /* only the page is missing */
        map(&machine, root, 0x5000, SPA(5), 12);
        check_lands(&machine, DEVICE, 0x5000, SPA(5));
        machine.bad_page = root;
        check_refused(&machine, DEVICE, 0x6000);
        machine.bad_page = 0;
        map(&machine, root, 0x6000, SPA(6), 12);
        check_lands(&machine, DEVICE, 0x6000, SPA(6));
        machine_stop(&machine);
    }
}

/* ---- Old and new ----------------------------------------------------------------------------- */

static void a_changed_page_may_be_old_until_the_wait(void)
{
    for (unsigned i = 0; i < 3; i++) {
        struct machine machine;
        uint64_t root;
        uint64_t spa;

        machine_start(&machine, &machine_cache_sizes[i]);
        root = machine_set_paged(&machine, DEVICE, DOMAIN, 6);
        map(&machine, root, 0x1000, SPA(1), 12);
        check_lands(&machine, DEVICE, 0x1000, SPA(1));
        map(&machine, root, 0x1000, SPA(2), 12);
        spa = read_at(&machine, DEVICE, 0x1000).spa;
        CHECK(spa == SPA(2) || (i > 0 && spa == SPA(1)));
        CHECK(i < 2 || spa == SPA(1));
        machine_invalidate_pages(&machine, DOMAIN, 0x1000, false);
        CHECK(machine_wait(&machine));
        check_lands(&machine, DEVICE, 0x1000, SPA(2));
        machine_write64(&machine, machine_entry_spa(&machine, root, 6, 0x1000, 1), 0);
        machine_invalidate_pages(&machine, DOMAIN, UINT64_C(0x7ffffffffffff000), true);
        CHECK(machine_wait(&machine));
        check_refused(&machine, DEVICE, 0x1000);
        machine_stop(&machine);
    }
}

static void a_changed_device_table_entry_may_be_old_until_the_wait(void)
{
    for (unsigned i = 0; i < 3; i++) {
        struct machine machine;
        uint64_t spa;

        machine_start(&machine, &machine_cache_sizes[i]);
        map(&machine, machine_set_paged(&machine, DEVICE, DOMAIN, 6), 0x1000, SPA(1), 12);
        check_lands(&machine, DEVICE, 0x1000, SPA(1));
        map(&machine, machine_set_paged(&machine, DEVICE, OTHER, 6), 0x1000, SPA(2), 12);
        spa = read_at(&machine, DEVICE, 0x1000).spa;
        CHECK(spa == SPA(2) || (i > 0 && spa == SPA(1)));
        CHECK(i < 2 || spa == SPA(1));
        machine_invalidate_device(&machine, DEVICE);
        CHECK(machine_wait(&machine));
        check_lands(&machine, DEVICE, 0x1000, SPA(2));
        machine_set_dte_words(&machine, DEVICE, 3, DOMAIN, 0, 0);
        machine_invalidate_device(&machine, DEVICE);
        CHECK(machine_wait(&machine));
        check_refused(&machine, DEVICE, 0x1000);
        machine_stop(&machine);
    }
}

/* What is not there is not kept: software that adds it need not invalidate. */
static void an_added_interrupt_entry_is_found_at_once(void)
{
    for (unsigned i = 0; i < 3; i++) {
        struct machine machine;
        struct amdvi_dte dte = {
            .interrupt_valid = true, .int_tab_len = 8, .int_ctl = AMDVI_INT_CTL_REMAP};

        machine_start(&machine, &machine_cache_sizes[i]);
        dte.interrupt_root = machine_table(&machine);
        machine_set_dte(&machine, DEVICE, &dte);
        machine_write32(&machine, dte.interrupt_root + 4 * 9, 0x00410000); /* RemapEn=0 */
        for (unsigned turn = 0; turn < 2; turn++) {
            CHECK_U64(machine_interrupt(&machine, DEVICE, 0xfee00000, 9).outcome,
                      AMDVI_OUTCOME_ABORTED);
        }
        machine_write32(&machine, dte.interrupt_root + 4 * 9, 0x00410001);
        CHECK_U64(machine_interrupt(&machine, DEVICE, 0xfee00000, 9).data, 0x41);
        machine_stop(&machine);
    }
}

static void a_changed_interrupt_entry_may_be_old_until_the_wait(void)
{
    for (unsigned i = 0; i < 3; i++) {
        struct machine machine;
        struct amdvi_dte dte = {
            .interrupt_valid = true, .int_tab_len = 8, .int_ctl = AMDVI_INT_CTL_REMAP};
        uint32_t data;

        machine_start(&machine, &machine_cache_sizes[i]);
        dte.interrupt_root = machine_table(&machine);
        machine_set_dte(&machine, DEVICE, &dte);
        machine_write32(&machine, dte.interrupt_root + 4 * 9, 0x00410001);
        CHECK_U64(machine_interrupt(&machine, DEVICE, 0xfee00000, 9).data, 0x41);
        machine_write32(&machine, dte.interrupt_root + 4 * 9, 0x00420001);
        data = machine_interrupt(&machine, DEVICE, 0xfee00000, 9).data;
        CHECK(data == 0x42 || (i > 0 && data == 0x41));
        CHECK(i < 2 || data == 0x41);
        machine_invalidate_interrupts(&machine, DEVICE);
        CHECK(machine_wait(&machine));
        CHECK_U64(machine_interrupt(&machine, DEVICE, 0xfee00000, 9).data, 0x42);
        machine_write32(&machine, dte.interrupt_root + 4 * 9, 0);
        machine_invalidate_interrupts(&machine, DEVICE);
        CHECK(machine_wait(&machine));
        CHECK_U64(machine_interrupt(&machine, DEVICE, 0xfee00000, 9).outcome,
                  AMDVI_OUTCOME_ABORTED);
        machine_stop(&machine);
    }
}

/* ---- Any size -------------------------------------------------------------------------------- */

#define SLOTS 8

struct slot {
    unsigned size_log2; /* 0: not mapped */
    uint64_t spa;
};

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Give one slot of 2 MiB another mapping, as a driver must. */
static void change_slot(struct machine *machine, uint64_t root, uint16_t domain, struct slot *slots,
                        uint32_t *random)
{
    static const unsigned sizes[] = {0, 12, 16, 20, 21};
    unsigned at = next_random(random) % SLOTS;
    uint64_t iova = (UINT64_C(1) << 34) * (at / 2) + (UINT64_C(1) << 21) * (at % 2);
    struct slot *slot = &slots[at];

    if (slot->size_log2 != 0) {
        machine_write64(machine, machine_entry_spa(machine, root, 6, iova, 2), 0);
    }
    slot->size_log2 = sizes[next_random(random) % 5];
    slot->spa = (UINT64_C(1) << 21) * (1 + next_random(random) % 1000);
    if (slot->size_log2 != 0) {
        map(machine, root, iova, slot->spa, slot->size_log2);
    }
    if (next_random(random) % 8 == 0) {
        machine_invalidate_pages(machine, domain, UINT64_C(0x7ffffffffffff000), true);
    } else {
        machine_invalidate_pages(machine, domain, iova + 0xff000, true);
    }
}

static void check_slots(struct machine *machine, uint16_t device, const struct slot *slots,
                        uint32_t *random)
{
    for (unsigned at = 0; at < SLOTS; at++) {
        uint64_t iova = (UINT64_C(1) << 34) * (at / 2) + (UINT64_C(1) << 21) * (at % 2);
        uint64_t offset = next_random(random) & (next_random(random) % 2 != 0 ? 0x1fffff : 0xfff);

        if (slots[at].size_log2 != 0 && offset < UINT64_C(1) << slots[at].size_log2) {
            check_lands(machine, device, iova + offset, slots[at].spa + offset);
        } else {
            check_refused(machine, device, iova + offset);
        }
    }
}

static void every_size_of_the_caches_gives_the_same_results(void)
{
    static const unsigned sizes[] = {0, 1, 2, 3, 5, 4096};

    for (unsigned i = 0; i < 6; i++) {
        struct machine_options options = {
            .tlb_entries = sizes[i], .dte_entries = sizes[i], .irte_entries = sizes[i]};
        struct slot slots[2][SLOTS] = {{{0, 0}}};
        uint64_t roots[2];
        uint32_t random = 1;
        struct machine machine;

        machine_start(&machine, &options);
        roots[0] = machine_set_paged(&machine, DEVICE, DOMAIN, 6);
        roots[1] = machine_set_paged(&machine, STRANGER, OTHER, 6);
        for (unsigned turn = 0; turn < 400; turn++) {
            unsigned who = next_random(&random) % 2;
            change_slot(&machine, roots[who], who == 0 ? DOMAIN : OTHER, slots[who], &random);
            CHECK(machine_wait(&machine));
            check_slots(&machine, DEVICE, slots[0], &random);
            check_slots(&machine, STRANGER, slots[1], &random);
        }
        machine_stop(&machine);
    }
}

static const struct check_case cases[] = {
    {"a second access is answered without reading memory", NULL, a_second_access_reads_no_memory},
    {"a large page is one entry, and hits at its own size (Q29)", "1.20 I/O page tables",
     a_large_page_is_one_entry_at_its_own_size},
    {"the interrupt range and the exclusion range inside a cached page stay apart (Q15, V11)",
     "1.20 Exclusion Base", ranges_inside_a_kept_page_stay_apart},
    {"devices of one domain share its entries", "1.20 DomainID",
     devices_of_one_domain_share_its_entries},
    {"the permission of a device table entry is not kept for its domain (V3, Q3)",
     "1.20 device table entry", the_permission_of_a_device_is_not_kept_for_its_domain},
    {"a device whose first act is an interrupt has its memory translated (V2)",
     "1.20 device table entry", an_interrupt_first_does_not_open_memory},
    {"a request whose pages are cached in part lands where each page is (V1)", NULL,
     a_request_that_hits_in_part_lands_where_each_page_is},
    {"IOVAs 4 GiB and 2^52 apart, and page 0 of domain 0, do not meet in the cache (V8)", NULL,
     far_apart_iovas_do_not_meet_in_the_cache},
    {"a page that becomes present needs no invalidation", "1.20 NpCache", faults_are_not_kept},
    {"a changed page is old or new before the wait, and new after it",
     "1.20 INVALIDATE_IOMMU_PAGES", a_changed_page_may_be_old_until_the_wait},
    {"a changed device table entry is old or new before the wait, and new after it",
     "1.20 INVALIDATE_DEVTAB_ENTRY", a_changed_device_table_entry_may_be_old_until_the_wait},
    {"an interrupt table entry that is added needs no invalidation",
     "1.20 interrupt remapping table entry", an_added_interrupt_entry_is_found_at_once},
    {"a changed interrupt table entry is old or new before the wait, and new after it",
     "1.20 INVALIDATE_INTERRUPT_TABLE", a_changed_interrupt_entry_may_be_old_until_the_wait},
    {"caches of 0, 1, 2, 3, 5 and 4096 entries give the same results", NULL,
     every_size_of_the_caches_gives_the_same_results},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
