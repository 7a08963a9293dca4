/* SPDX-License-Identifier: BSD-2-Clause */
/* Levels of the page table: which may follow which, and what the IOVA must not say beside them. */
#include "expect.h"

static unsigned level_shift(unsigned level)
{
    return 12 + 9 * (level - 1);
}

/* A root table of @from levels whose entry 5 points to a table of @to, whose entry 3 is a leaf. */
static struct subject skipping(struct machine *machine, unsigned from, unsigned to, uint64_t spa)
{
    struct subject subject = subject_new(machine, from);
    uint64_t lower = machine_table(machine);

    machine_write64(machine, subject.root + 8 * 5, machine_entry(to, lower, true, true));
    machine_write64(machine, lower + 8 * 3, machine_entry(0, spa, true, true));
    return subject;
}

static uint64_t skipping_iova(unsigned from, unsigned to)
{
    return (UINT64_C(5) << level_shift(from)) + (UINT64_C(3) << level_shift(to)) + 0xab8;
}

static void every_pair_of_levels(struct machine *machine)
{
    for (unsigned from = 2; from <= 6; from++) {
        for (unsigned to = 1; to < from; to++) {
            uint64_t spa = UINT64_C(5) << level_shift(to);
            struct subject subject = skipping(machine, from, to, spa & AMDVI_PTE_ADDRESS);
            uint64_t iova = skipping_iova(from, to);
            bool good =
                expect_spa(&subject, iova, AMDVI_ACCESS_WRITE, (spa & AMDVI_PTE_ADDRESS) + 0xab8);
            for (unsigned bit = level_shift(to) + 9; bit < level_shift(from); bit++) {
                enum amdvi_access access = bit % 2 == 0 ? AMDVI_ACCESS_READ : AMDVI_ACCESS_WRITE;
                good = expect_fault(&subject, iova | BIT64(bit), access, FLAG_PR) && good;
            }
            good =
                expect_spa(&subject, iova, AMDVI_ACCESS_READ, (spa & AMDVI_PTE_ADDRESS) + 0xab8) &&
                good;
            if (!good) {
                printf("# from level %u to level %u\n", from, to);
            }
            machine->next_table = MACHINE_TABLES;
        }
    }
}

static void skipped_levels_need_zero_bits(void)
{
    with_each_cache(every_pair_of_levels);
}

static void skipped_twice(struct machine *machine)
{
    struct subject subject = subject_new(machine, 6);
    uint64_t middle = machine_table(machine);
    uint64_t lower = machine_table(machine);
    uint64_t iova = UINT64_C(1) << 57 | UINT64_C(2) << 39 | UINT64_C(7) << 12 | 0x10;

    machine_write64(machine, subject.root + 8, machine_entry(4, middle, true, true));
    machine_write64(machine, middle + 16, machine_entry(1, lower, true, true));
    machine_write64(machine, lower + 56, machine_entry(0, MACHINE_FREE, true, true));
    expect_spa(&subject, iova, AMDVI_ACCESS_READ, MACHINE_FREE + 0x10);
    for (unsigned bit = 12; bit < 64; bit++) {
        bool is_level5 = bit >= 48 && bit < 57;
        bool is_2_or_3 = bit >= 21 && bit < 39;
        if (is_level5 || is_2_or_3) {
            expect_fault(&subject, iova | BIT64(bit), AMDVI_ACCESS_READ, FLAG_PR);
        }
    }
}

static void two_skips_in_one_walk(void)
{
    with_each_cache(skipped_twice);
}

static void bad_next_levels(struct machine *machine)
{
    for (unsigned level = 1; level <= 6; level++) {
        for (unsigned next = level; next <= 6; next++) {
            struct subject subject = subject_new(machine, 6);
            uint64_t iova = UINT64_C(0x0604030201007120);
            set_entry(&subject, iova, level,
                      machine_entry(next, machine_table(machine), true, true));
            bool good = expect_fault(&subject, iova, AMDVI_ACCESS_READ, FLAG_PR);
            good = expect_fault(&subject, iova, AMDVI_ACCESS_WRITE, FLAG_PR) && good;
            if (!good) {
                printf("# NextLevel %u in a table of level %u\n", next, level);
            }
            machine->next_table = MACHINE_TABLES;
        }
    }
}

static void next_level_must_decrease(void)
{
    with_each_cache(bad_next_levels);
}

static void beyond_the_mode(struct machine *machine)
{
    for (unsigned mode = 1; mode <= 5; mode++) {
        struct subject subject = subject_new(machine, mode);
        uint64_t iova = 0x3008;
        uint64_t top = BIT64(12 + 9 * mode) - 4096;
        set_entry(&subject, iova, 1, machine_entry(0, MACHINE_FREE, true, true));
        set_entry(&subject, top, 1, machine_entry(0, MACHINE_FREE + 4096, true, true));
        expect_spa(&subject, iova, AMDVI_ACCESS_WRITE, MACHINE_FREE + 8);
        expect_spa(&subject, top, AMDVI_ACCESS_WRITE, MACHINE_FREE + 4096);
        for (unsigned bit = 12 + 9 * mode; bit < 64; bit++) {
            enum amdvi_access access = bit % 2 == 0 ? AMDVI_ACCESS_READ : AMDVI_ACCESS_WRITE;
            if (!expect_fault(&subject, iova | BIT64(bit), access, FLAG_PR)) {
                printf("# mode %u, IOVA bit %u\n", mode, bit);
            }
        }
        expect_spa(&subject, iova, AMDVI_ACCESS_READ, MACHINE_FREE + 8);
    }
}

static void an_iova_wider_than_the_mode_is_refused(void)
{
    with_each_cache(beyond_the_mode);
}

static void across_the_width(struct machine *machine)
{
    struct subject subject = subject_new(machine, 3);
    uint64_t last = BIT64(39) - 4096;

    set_entry(&subject, last, 1, machine_entry(0, MACHINE_FREE, true, true));
    set_entry(&subject, 0, 1, machine_entry(0, MACHINE_FREE + 4096, true, true));
    struct amdvi_translation got =
        machine_translate(machine, subject.device_id, last + 4000, 4096, AMDVI_ACCESS_READ);
    CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
    CHECK_U64(got.run_bytes, 96);
    expect_no_event(machine);
    expect_fault(&subject, last + 4096, AMDVI_ACCESS_READ, FLAG_PR);
}

static void a_request_across_the_modes_width_does_not_wrap(void)
{
    with_each_cache(across_the_width);
}

static void level_6(struct machine *machine)
{
    for (unsigned index = 0; index < 128; index += 127) {
        struct subject subject = subject_new(machine, 6);
        uint64_t iova = (uint64_t)index << 57 | UINT64_C(0x01fffffffffff000);
        set_entry(&subject, iova, 1, machine_entry(0, MACHINE_FREE, true, true));
        expect_spa(&subject, iova, AMDVI_ACCESS_READ, MACHINE_FREE);
        expect_spa(&subject, iova + 4088, AMDVI_ACCESS_WRITE, MACHINE_FREE + 4088);
        expect_fault(&subject, iova ^ BIT64(63), AMDVI_ACCESS_READ, 0);
        machine_write64(machine, subject.root + 8 * index, machine_entry(0, 0, true, true));
        machine_invalidate_pages(machine, subject.domain_id, UINT64_C(0x7ffffffffffff000), true);
        CHECK(machine_wait(machine));
        expect_fault(&subject, iova, AMDVI_ACCESS_READ, FLAG_PR);
    }
}

static void level_6_translates_all_64_bits_and_has_no_leaf(void)
{
    with_each_cache(level_6);
}

static void reserved_bits(struct machine *machine)
{
    for (unsigned level = 1; level <= 6; level++) {
        for (unsigned bit = 52; bit <= 60; bit++) {
            for (unsigned kind = 0; kind < 3; kind++) {
                /* A default leaf, a leaf of encoded size, a pointer to the level below. */
                const unsigned next[] = {0, 7, level - 1};
                uint64_t field = kind == 1 ? BIT64(level_shift(level)) - 0x1000 : 0;
                bool is_leaf = kind < 2;
                if ((is_leaf && (level == 6 || bit >= 59)) || (!is_leaf && level == 1)) {
                    continue;
                }
                struct subject subject = subject_new(machine, 6);
                uint64_t iova = UINT64_C(0x8123456789abcde0);
                set_entry(&subject, iova, level,
                          machine_entry(next[kind], field, true, true) | BIT64(bit));
                enum amdvi_access access = bit % 2 == 0 ? AMDVI_ACCESS_READ : AMDVI_ACCESS_WRITE;
                if (!expect_fault(&subject, iova, access, FLAG_PR | FLAG_RZ)) {
                    printf("# level %u, bit %u, NextLevel %u\n", level, bit, next[kind]);
                }
                machine->next_table = MACHINE_TABLES;
            }
        }
    }
}

static void each_reserved_bit_is_refused(void)
{
    with_each_cache(reserved_bits);
}

static void ignored_bits(struct machine *machine)
{
    const uint64_t ignored = UINT64_C(0x80000000000001fe);

    for (unsigned level = 1; level <= 5; level++) {
        struct subject subject = subject_new(machine, 6);
        uint64_t iova = UINT64_C(0xfedcba9876543210);
        uint64_t offset = iova & (BIT64(level_shift(level)) - 1);
        set_entry(&subject, iova, level,
                  machine_entry(0, 0, true, true) | ignored | BIT64(59) /* U */);
        for (unsigned above = level + 1; above <= 6; above++) {
            uint64_t spa = entry_at(&subject, iova, above);
            machine_write64(machine, spa, machine_read64(machine, spa) | ignored);
        }
        expect_spa(&subject, iova, AMDVI_ACCESS_READ, offset);
        expect_spa(&subject, iova, AMDVI_ACCESS_WRITE, offset);
        machine->next_table = MACHINE_TABLES;
    }
}

static void bits_that_the_architecture_ignores_are_ignored(void)
{
    with_each_cache(ignored_bits);
}

static void not_present(struct machine *machine)
{
    for (unsigned level = 1; level <= 6; level++) {
        struct subject subject = subject_new(machine, 6);
        uint64_t iova = UINT64_C(0x0604030201007128);
        set_entry(&subject, iova, level, ~BIT64(0));
        expect_fault(&subject, iova, AMDVI_ACCESS_READ, 0);
        expect_fault(&subject, iova, AMDVI_ACCESS_WRITE, 0);
        set_entry(&subject, iova, level, 0);
        expect_fault(&subject, iova, AMDVI_ACCESS_READ, 0);
        machine->next_table = MACHINE_TABLES;
    }
}

static void an_entry_that_is_not_present_may_hold_anything(void)
{
    with_each_cache(not_present);
}

static void self_reference(struct machine *machine)
{
    for (unsigned next = 1; next <= 5; next++) {
        struct subject subject = subject_new(machine, 6);
        for (uint64_t i = 0; i < 512; i++) {
            machine_write64(machine, subject.root + 8 * i,
                            machine_entry(next, subject.root, true, true));
        }
        unsigned long before = machine->reads;
        /* Bits that would index skipped levels are 0. */
        uint64_t iova = UINT64_C(3) << 57 | (UINT64_C(3) << level_shift(next));
        expect_fault(&subject, iova, AMDVI_ACCESS_WRITE, FLAG_PR);
        CHECK(machine->reads - before <= 20);
    }
}

static void a_table_that_points_to_itself_ends(void)
{
    with_each_cache(self_reference);
}

static const struct check_case cases[] = {
    {"a level may be skipped where the IOVA bits that index it are zero, and only there (V7, O5, "
     "Q17)",
     "1.20 level skipping", skipped_levels_need_zero_bits},
    {"two skips in one walk each check their own bits (V7)", "1.20 level skipping",
     two_skips_in_one_walk},
    {"NextLevel must be below the level of its table, also at level 1 (O4)", "1.20 NextLevel",
     next_level_must_decrease},
    {"an IOVA with any bit beyond the mode's width is refused (V6)", "1.20 paging mode",
     an_iova_wider_than_the_mode_is_refused},
    {"a request across the end of the mode's width does not wrap to 0 (V6)", "1.20 paging mode",
     a_request_across_the_modes_width_does_not_wrap},
    {"mode 6 translates all 64 bits, and level 6 has no leaf", "1.20 paging mode",
     level_6_translates_all_64_bits_and_has_no_leaf},
    {"each reserved bit of a page table entry is refused at each level (Q17, O2)",
     "1.20 I/O page table entry", each_reserved_bit_is_refused},
    {"the ignored bits of page table entries, and U, change nothing", "1.20 I/O page table entry",
     bits_that_the_architecture_ignores_are_ignored},
    {"an entry with PR=0 faults with PR=0 whatever else it holds", "1.20 I/O page table entry",
     an_entry_that_is_not_present_may_hold_anything},
    {"a table that points to itself ends in a fault after few reads", "1.20 NextLevel",
     a_table_that_points_to_itself_ends},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
