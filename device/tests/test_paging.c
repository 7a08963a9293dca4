/* SPDX-License-Identifier: BSD-2-Clause */
/* The page table walk as a device sees it: addresses, permissions, the order of checks, errors. */
#include "expect.h"

#define ABSENT_SPA UINT64_C(0x000f000000000000) /* no RAM there */

static void map_4k(const struct subject *subject, uint64_t iova, uint64_t spa, bool read,
                   bool write)
{
    set_entry(subject, iova, 1, machine_entry(0, spa, read, write));
}

static void one_page(struct machine *machine)
{
    uint64_t root = machine_set_paged(machine, 0x0100, 5, 4);
    machine_map(machine, root, 4, 0x7000, MACHINE_FREE, 12, true, true);
    struct amdvi_translation got = machine_translate(machine, 0x0100, 0x7010, 8, AMDVI_ACCESS_READ);
    CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
    CHECK_U64(got.spa, MACHINE_FREE + 0x10);
    CHECK(machine_wait(machine));
    expect_no_event(machine);
    got = machine_translate(machine, 0x0100, 0x9000, 8, AMDVI_ACCESS_WRITE);
    CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED);
    expect_only_event(machine, 0x2020000500000100, 0x9000);
}

static void a_page_is_translated(void)
{
    with_each_cache(one_page);
}

static void all_modes(struct machine *machine)
{
    for (unsigned mode = 1; mode <= 6; mode++) {
        struct subject subject = subject_new(machine, mode);
        uint64_t top = mode == 6 ? UINT64_MAX : BIT64(12 + 9 * mode) - 1;
        const uint64_t iovas[] = {0, top & ~UINT64_C(0xfff), UINT64_C(0x5a69788796a5b000) & top,
                                  (top >> 1) & ~UINT64_C(0xfff)};
        for (unsigned i = 0; i < CHECK_CASE_COUNT(iovas); i++) {
            map_4k(&subject, iovas[i], MACHINE_FREE + 4096 * (uint64_t)i, true, true);
        }
        for (unsigned i = 0; i < CHECK_CASE_COUNT(iovas); i++) {
            uint64_t spa = MACHINE_FREE + 4096 * (uint64_t)i;
            expect_spa(&subject, iovas[i], AMDVI_ACCESS_READ, spa);
            expect_spa(&subject, iovas[i] + 0xff8, AMDVI_ACCESS_WRITE, spa + 0xff8);
        }
    }
}

static void every_mode_translates_its_whole_width(void)
{
    with_each_cache(all_modes);
}

static void far_apart(struct machine *machine)
{
    struct subject subject = subject_new(machine, 6);

    map_4k(&subject, 0x3000, MACHINE_FREE, true, true);
    for (unsigned bit = 12; bit < 64; bit++) {
        uint64_t iova = UINT64_C(0x3000) ^ BIT64(bit);
        map_4k(&subject, iova, MACHINE_FREE + 4096 * (uint64_t)bit, true, true);
    }
    for (unsigned bit = 12; bit < 64; bit++) {
        uint64_t iova = UINT64_C(0x3000) ^ BIT64(bit);
        expect_spa(&subject, 0x3000, AMDVI_ACCESS_READ, MACHINE_FREE);
        expect_spa(&subject, iova, AMDVI_ACCESS_READ, MACHINE_FREE + 4096 * (uint64_t)bit);
    }
}

static void iovas_that_differ_in_any_bit_have_their_own_page(void)
{
    with_each_cache(far_apart);
}

static void identity(struct machine *machine)
{
    const uint64_t iovas[] = {0, MACHINE_FREE + 0x123, UINT64_C(0x000fedcba9876540)};

    for (unsigned rights = 0; rights < 4; rights++) {
        struct subject subject = subject_unset(machine);
        struct amdvi_dte dte = {.valid = true,
                                .translation = true,
                                .read = (rights & 1) != 0,
                                .write = (rights & 2) != 0,
                                .domain_id = subject.domain_id};
        machine_set_dte(machine, subject.device_id, &dte);
        for (unsigned i = 0; i < CHECK_CASE_COUNT(iovas); i++) {
            for (unsigned access = 1; access <= 3; access++) {
                if ((access & rights) == access) {
                    expect_spa(&subject, iovas[i], (enum amdvi_access)access, iovas[i]);
                    struct amdvi_translation got = machine_translate(
                        machine, subject.device_id, iovas[i], 8, (enum amdvi_access)access);
                    CHECK_U64(got.read, rights & 1);
                    CHECK_U64(got.write, rights >> 1);
                } else {
                    expect_fault(&subject, iovas[i], (enum amdvi_access)access, FLAG_PR | FLAG_PE);
                }
            }
        }
    }
}

static void mode_0_is_the_identity_under_the_entrys_permissions(void)
{
    with_each_cache(identity);
}

/* Take rights from the entry of @iova at @level, or from the device table entry at level 7. */
static void restrict_level(const struct subject *subject, uint64_t iova, unsigned level,
                           unsigned rights)
{
    uint64_t spa = level == 7 ? MACHINE_DEVICE_TABLE + 32 * (uint64_t)subject->device_id
                              : entry_at(subject, iova, level);
    uint64_t word = machine_read64(subject->machine, spa) & ~(BIT64(61) | BIT64(62));

    machine_write64(subject->machine, spa, word | (uint64_t)rights << 61);
}

static bool expect_rights(const struct subject *subject, uint64_t iova, unsigned rights,
                          uint64_t spa)
{
    /* In an order that fills a cache before the access that must not use it. */
    static const enum amdvi_access accesses[] = {AMDVI_ACCESS_READ, AMDVI_ACCESS_WRITE,
                                                 AMDVI_ACCESS_READ_WRITE, AMDVI_ACCESS_READ,
                                                 AMDVI_ACCESS_WRITE};
    bool good = true;

    for (unsigned i = 0; i < CHECK_CASE_COUNT(accesses); i++) {
        if ((accesses[i] & rights) == accesses[i]) {
            good = expect_spa(subject, iova, accesses[i], spa) && good;
            struct amdvi_translation got =
                machine_translate(subject->machine, subject->device_id, iova, 8, accesses[i]);
            good = CHECK_U64(got.read, rights & 1) && CHECK_U64(got.write, rights >> 1) && good;
        } else {
            good = expect_fault(subject, iova, accesses[i], FLAG_PR | FLAG_PE) && good;
        }
    }
    return good;
}

static void permissions(struct machine *machine)
{
    for (unsigned leaf = 1; leaf <= 3; leaf++) {
        for (unsigned level = leaf; level <= 7; level++) {
            for (unsigned rights = 0; rights < 4; rights++) {
                struct subject subject = subject_new(machine, 6);
                uint64_t iova = UINT64_C(0x0604030201007120);
                uint64_t size = BIT64(12 + 9 * (leaf - 1));
                set_entry(&subject, iova, leaf, machine_entry(0, size, true, true));
                restrict_level(&subject, iova, level, rights);
                if (!expect_rights(&subject, iova, rights, size + (iova & (size - 1)))) {
                    printf("# leaf at level %u, rights %u at level %u\n", leaf, rights, level);
                }
                machine->next_table = MACHINE_TABLES;
            }
        }
    }
}

static void permission_is_what_all_levels_allow(void)
{
    with_each_cache(permissions);
}

static void split_permissions(struct machine *machine)
{
    /* One level forbids reads, another one writes: nothing is left. */
    for (unsigned level = 2; level <= 7; level++) {
        struct subject subject = subject_new(machine, 6);
        map_4k(&subject, 0x5000, MACHINE_FREE, true, false);
        restrict_level(&subject, 0x5000, level, 2);
        expect_rights(&subject, 0x5000, 0, MACHINE_FREE);
        machine->next_table = MACHINE_TABLES;
    }
}

static void permissions_of_two_levels_are_combined(void)
{
    with_each_cache(split_permissions);
}

static void devices_of_one_domain(struct machine *machine)
{
    /* Two devices share a domain and its tables; only the first may write. */
    struct subject first = subject_new(machine, 4);
    struct subject second = first;
    map_4k(&first, 0x5000, MACHINE_FREE, true, true);
    second.device_id = (uint16_t)(first.device_id + 0x2000);
    struct amdvi_dte dte = {.valid = true,
                            .translation = true,
                            .read = true,
                            .mode = 4,
                            .page_root = first.root,
                            .domain_id = first.domain_id};
    machine_set_dte(machine, second.device_id, &dte);
    expect_rights(&first, 0x5000, 3, MACHINE_FREE);
    expect_rights(&second, 0x5000, 1, MACHINE_FREE);
    expect_rights(&first, 0x5000, 3, MACHINE_FREE);
}

static void permissions_of_a_device_table_entry_are_its_devices(void)
{
    with_each_cache(devices_of_one_domain);
}

static void coherence(struct machine *machine)
{
    for (unsigned level = 1; level <= 5; level++) {
        struct subject subject = subject_new(machine, 5);
        uint64_t size = BIT64(12 + 9 * (level - 1));
        set_entry(&subject, 0, level, machine_entry(0, 0, true, true));
        set_entry(&subject, size, level, machine_entry(0, 0, true, true) | BIT64(60));
        for (unsigned i = 0; i < 4; i++) {
            struct amdvi_translation got = machine_translate(
                machine, subject.device_id, i % 2 == 0 ? 0 : size, 8, AMDVI_ACCESS_READ);
            CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
            CHECK_U64(got.force_coherent, i % 2);
        }
        expect_no_event(machine);
    }
}

static void force_coherent_is_the_leafs(void)
{
    with_each_cache(coherence);
}

/* An entry of level 2 under mode 4, what an access of it must fault with, and why. */
struct order_row {
    enum amdvi_access access;
    uint64_t entry;
    uint64_t flags;
};

static void order_of_one_entry(struct machine *machine)
{
    const uint64_t present = machine_entry(0, 0, true, false);
    const struct order_row rows[] = {
        /* Reserved bits before permission. */
        {AMDVI_ACCESS_WRITE, present | BIT64(52), FLAG_PR | FLAG_RZ},
        {AMDVI_ACCESS_WRITE, machine_entry(1, 0, true, false) | BIT64(60), FLAG_PR | FLAG_RZ},
        /* Permission before an illegal level, an illegal size and skipped bits. */
        {AMDVI_ACCESS_WRITE, machine_entry(5, 0, true, false), FLAG_PR | FLAG_PE},
        {AMDVI_ACCESS_READ, machine_entry(5, 0, true, false), FLAG_PR},
        {AMDVI_ACCESS_WRITE, machine_entry(7, 0, true, false), FLAG_PR | FLAG_PE},
        {AMDVI_ACCESS_READ, machine_entry(7, 0, true, false), FLAG_PR},
        /* An illegal NextLevel is still a pointer's: U and FC are reserved in it. */
        {AMDVI_ACCESS_READ, machine_entry(2, 0, true, true) | BIT64(59), FLAG_PR | FLAG_RZ},
        {AMDVI_ACCESS_READ, machine_entry(6, 0, true, true) | BIT64(60), FLAG_PR | FLAG_RZ},
        /* A leaf of illegal size is still a leaf: U and FC are not reserved. */
        {AMDVI_ACCESS_READ, machine_entry(7, 0, true, true) | BIT64(59) | BIT64(60), FLAG_PR},
    };

    for (unsigned i = 0; i < CHECK_CASE_COUNT(rows); i++) {
        struct subject subject = subject_new(machine, 4);
        set_entry(&subject, 0x201238, 2, rows[i].entry);
        if (!expect_fault(&subject, 0x201238, rows[i].access, rows[i].flags)) {
            printf("# row %u\n", i);
        }
    }
}

static void order_of_levels(struct machine *machine)
{
    /* A directory entry that forbids comes before what is wrong below it. */
    const uint64_t below[] = {0, machine_entry(0, 0, true, true) | BIT64(55),
                              machine_entry(6, 0, true, true)};

    for (unsigned i = 0; i < CHECK_CASE_COUNT(below); i++) {
        struct subject subject = subject_new(machine, 4);
        set_entry(&subject, 0x8, 1, below[i]);
        restrict_level(&subject, 0x8, 3, 1);
        expect_fault(&subject, 0x8, AMDVI_ACCESS_WRITE, FLAG_PR | FLAG_PE);
    }
    /* Skipped bits come after the permission of the entry that skips. */
    struct subject subject = subject_new(machine, 4);
    machine_write64(machine, subject.root, machine_entry(1, machine_table(machine), true, false));
    expect_fault(&subject, 0x40000000, AMDVI_ACCESS_WRITE, FLAG_PR | FLAG_PE);
    expect_fault(&subject, 0x40000000, AMDVI_ACCESS_READ, FLAG_PR);
    /* The device table entry's permission comes before the IOVA's width and before any read. */
    subject = subject_new(machine, 3);
    restrict_level(&subject, 0, 7, 1);
    expect_fault(&subject, BIT64(40), AMDVI_ACCESS_WRITE, FLAG_PR | FLAG_PE);
    expect_fault(&subject, 0, AMDVI_ACCESS_WRITE, FLAG_PR | FLAG_PE);
    expect_fault(&subject, 0, AMDVI_ACCESS_READ, 0);
}

static void the_first_check_that_fails_gives_the_flags(void)
{
    with_each_cache(order_of_one_entry);
    with_each_cache(order_of_levels);
}

/* The table that holds the entry of @iova at @level, which must not be the root. */
static void table_moves_to(const struct subject *subject, uint64_t iova, unsigned level,
                           uint64_t spa)
{
    uint64_t above = entry_at(subject, iova, level + 1);

    machine_write64(subject->machine, above, machine_entry(level, spa, true, true));
}

static void bad_tables(struct machine *machine)
{
    for (unsigned level = 1; level <= 6; level++) {
        for (unsigned is_bad = 0; is_bad < 2; is_bad++) {
            struct subject subject = subject_new(machine, 6);
            uint64_t iova = UINT64_C(0x0604030201007120);
            uint64_t bad = machine_table(machine);
            uint64_t table = is_bad != 0 ? bad : ABSENT_SPA;
            machine->bad_page = is_bad != 0 ? bad : 0;
            if (level < 6) {
                table_moves_to(&subject, iova, level, table);
            } else {
                struct amdvi_dte dte = {.valid = true,
                                        .translation = true,
                                        .read = true,
                                        .write = true,
                                        .mode = 6,
                                        .domain_id = subject.domain_id,
                                        .page_root = table};
                machine_set_dte(machine, subject.device_id, &dte);
            }
            uint64_t word0 = event_word(CODE_PAGE_ERROR, subject.device_id, subject.domain_id,
                                        is_bad != 0 ? TYPE_DATA : TYPE_ABSENT);
            uint64_t word1 = table + entry_offset(level, iova);
            bool good = expect_refusal(&subject, iova, AMDVI_ACCESS_READ, word0, word1);
            good =
                expect_refusal(&subject, iova, AMDVI_ACCESS_WRITE, word0 | FLAG_RW, word1) && good;
            if (!good) {
                printf("# level %u, RAM that is %s\n", level, is_bad != 0 ? "bad" : "absent");
            }
            machine->next_table = MACHINE_TABLES;
        }
    }
    machine->bad_page = 0;
}

static void an_unreadable_table_gives_a_hardware_error_with_the_entrys_address(void)
{
    with_each_cache(bad_tables);
}

static void repaired_table(struct machine *machine)
{
    struct subject subject = subject_new(machine, 4);

    map_4k(&subject, 0x5000, MACHINE_FREE, true, true);
    machine->bad_page = entry_at(&subject, 0x5000, 1) & ~UINT64_C(0xfff);
    expect_refusal(&subject, 0x5000, AMDVI_ACCESS_READ,
                   event_word(CODE_PAGE_ERROR, subject.device_id, subject.domain_id, TYPE_DATA),
                   entry_at(&subject, 0x5000, 1));
    machine->bad_page = 0;
    expect_spa(&subject, 0x5000, AMDVI_ACCESS_READ, MACHINE_FREE);
    /* Not present, then present: no command is needed. */
    expect_fault(&subject, 0x6000, AMDVI_ACCESS_READ, 0);
    map_4k(&subject, 0x6000, MACHINE_FREE + 4096, true, true);
    expect_spa(&subject, 0x6000, AMDVI_ACCESS_READ, MACHINE_FREE + 4096);
}

static void refusals_are_not_cached(void)
{
    with_each_cache(repaired_table);
}

static const struct check_case cases[] = {
    {"a mapped page is translated and an unmapped one is refused with its event",
     "1.20 I/O page tables", a_page_is_translated},
    {"every mode from 1 to 6 translates its lowest, its highest and other pages",
     "1.20 paging mode", every_mode_translates_its_whole_width},
    {"pages whose IOVAs differ in any one of 52 bits are not mixed up (V8)", "1.20 I/O page tables",
     iovas_that_differ_in_any_bit_have_their_own_page},
    {"mode 0 is the identity, and IR and IW of the device table entry hold (Q4, O3)",
     "1.20 paging mode", mode_0_is_the_identity_under_the_entrys_permissions},
    {"reads, writes and atomics need IR and IW at every level, also when cached (Q3, V3)",
     "1.20 I/O page table entry", permission_is_what_all_levels_allow},
    {"what one level leaves the next may take: permissions are combined (Q3, V3)",
     "1.20 I/O page table entry", permissions_of_two_levels_are_combined},
    {"a device may not write because another one of its domain may (V3)", "1.20 device table entry",
     permissions_of_a_device_table_entry_are_its_devices},
    {"force_coherent is FC of the leaf", "1.20 I/O page table entry", force_coherent_is_the_leafs},
    {"of several defects the first in the order of the walk gives the flags", "1.20 IO_PAGE_FAULT",
     the_first_check_that_fails_gives_the_flags},
    {"a table that cannot be read gives PAGE_TAB_HARDWARE_ERROR with the entry's address",
     "1.20 PAGE_TAB_HARDWARE_ERROR",
     an_unreadable_table_gives_a_hardware_error_with_the_entrys_address},
    {"a refusal is not remembered: NpCache is 0", "1.20 NpCache", refusals_are_not_cached},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
