/* SPDX-License-Identifier: BSD-2-Clause */
/* Page sizes: what each level has by default, and what NextLevel 7 encodes in the address. */
#include "expect.h"

/* log2 of the default size of a leaf at @level. */
static unsigned default_log2(unsigned level)
{
    return 12 + 9 * (level - 1);
}

/* The address field that encodes a page of 2^@size_log2 at @base: ones below a zero. */
static uint64_t encode_size(uint64_t base, unsigned size_log2)
{
    return (base & ~(BIT64(size_log2) - 1)) | ((BIT64(size_log2 - 1) - 1) & ~UINT64_C(0xfff));
}

/* The first, the last and a middle word of the page lie at the same place of the SPA. */
static bool expect_page(const struct subject *subject, uint64_t iova, uint64_t spa,
                        unsigned size_log2)
{
    const uint64_t offsets[] = {
        0,
        BIT64(size_log2) - 8,
        BIT64(size_log2 - 1),
        UINT64_C(0x0005a5a5a5a5a5a8) & (BIT64(size_log2) - 1),
    };
    bool good = true;

    for (unsigned i = 0; i < CHECK_CASE_COUNT(offsets); i++) {
        enum amdvi_access access = i % 2 == 0 ? AMDVI_ACCESS_READ : AMDVI_ACCESS_WRITE;
        good = expect_spa(subject, iova + offsets[i], access, spa + offsets[i]) && good;
        struct amdvi_translation got =
            machine_translate(subject->machine, subject->device_id, iova + offsets[i], 8, access);
        good = CHECK_U64(got.granule_log2, size_log2) && good;
    }
    return good;
}

static void default_sizes(struct machine *machine)
{
    for (unsigned mode = 1; mode <= 6; mode++) {
        for (unsigned level = 1; level <= mode && level <= 5; level++) {
            struct subject subject = subject_new(machine, mode);
            unsigned size_log2 = default_log2(level);
            /* The last page of the table at @level below its parent's last entry. */
            uint64_t space = mode == 6 ? UINT64_MAX : BIT64(12 + 9 * mode) - 1;
            uint64_t iova = space & ~(BIT64(size_log2) - 1);
            uint64_t spa = UINT64_C(0x000a500000000000) & ~(BIT64(size_log2) - 1);
            set_entry(&subject, iova, level, machine_entry(0, spa, true, true));
            if (!expect_page(&subject, iova, spa, size_log2)) {
                printf("# mode %u, level %u\n", mode, level);
            }
            machine->next_table = MACHINE_TABLES;
        }
    }
}

static void each_level_has_its_default_page_size(void)
{
    with_each_cache(default_sizes);
}

/*
 * Every entry that the page's IOVAs select holds the same; here all of its 2^n copies are written
 * where they fit one table.
 */
static void set_copies(const struct subject *subject, uint64_t iova, unsigned level, uint64_t word,
                       unsigned size_log2)
{
    uint64_t first = entry_at(subject, iova, level);
    uint64_t copies = BIT64(size_log2 - default_log2(level));

    for (uint64_t i = 0; i < copies && i < 512; i++) {
        machine_write64(subject->machine, first + 8 * i, word);
    }
}

static void legal_sizes(struct machine *machine)
{
    for (unsigned level = 1; level <= 5; level++) {
        unsigned last = level == 5 ? 52 : default_log2(level) + 8;
        for (unsigned size_log2 = default_log2(level) + 1; size_log2 <= last; size_log2++) {
            struct subject subject = subject_new(machine, 6);
            uint64_t iova = UINT64_C(0xf1b0000000000000) & ~(BIT64(size_log2) - 1);
            uint64_t spa = UINT64_C(0x0006500000000000) & ~(BIT64(size_log2) - 1);
            set_copies(&subject, iova, level,
                       machine_entry(7, encode_size(spa, size_log2), true, true), size_log2);
            if (!expect_page(&subject, iova, spa, size_log2)) {
                printf("# level %u, page of 2^%u bytes\n", level, size_log2);
            }
            machine->next_table = MACHINE_TABLES;
        }
    }
}

static void next_level_7_encodes_every_legal_size(void)
{
    with_each_cache(legal_sizes);
}

static bool is_legal(unsigned level, unsigned size_log2)
{
    return level <= 5 && size_log2 > default_log2(level) && size_log2 < default_log2(level + 1);
}

static void illegal_sizes(struct machine *machine)
{
    for (unsigned level = 1; level <= 6; level++) {
        /* 53 stands for an address of ones only: no zero bit, hence no size. */
        for (unsigned size_log2 = 13; size_log2 <= 53; size_log2++) {
            if (size_log2 <= 52 && is_legal(level, size_log2)) {
                continue;
            }
            struct subject subject = subject_new(machine, 6);
            uint64_t iova = UINT64_C(0x0a0b0c0d0e0f1008);
            set_entry(&subject, iova, level,
                      machine_entry(7, encode_size(0, size_log2), true, true));
            enum amdvi_access access = size_log2 % 2 == 0 ? AMDVI_ACCESS_READ : AMDVI_ACCESS_WRITE;
            if (!expect_fault(&subject, iova, access, FLAG_PR)) {
                printf("# level %u, page of 2^%u bytes\n", level, size_log2);
            }
            machine->next_table = MACHINE_TABLES;
        }
    }
}

static void next_level_7_refuses_sizes_of_other_levels(void)
{
    with_each_cache(illegal_sizes);
}

static void known_encodings(struct machine *machine)
{
    /* From the reference: what the address bits from 12 up say, typed in full. */
    static const struct {
        unsigned level;
        uint64_t field;
        uint64_t size_bytes;
    } rows[] = {
        {1, 0x0000000000000000, 0x2000},      {1, 0x0000000000001000, 0x4000},
        {1, 0x0000000000003000, 0x8000},      {1, 0x000000000007f000, 0x100000},
        {2, 0x00000000001ff000, 0x400000},    {3, 0x000000003ffff000, 0x80000000},
        {3, 0x000000007ffff000, 0x100000000}, {4, 0x0000007ffffff000, 0x10000000000},
    };

    for (unsigned i = 0; i < CHECK_CASE_COUNT(rows); i++) {
        struct subject subject = subject_new(machine, 4);
        uint64_t iova = rows[i].size_bytes - 8;
        set_entry(&subject, iova, rows[i].level, machine_entry(7, rows[i].field, true, true));
        expect_spa(&subject, iova, AMDVI_ACCESS_READ, iova);
        machine_write64(machine, entry_at(&subject, rows[i].size_bytes, rows[i].level), 0);
        expect_fault(&subject, rows[i].size_bytes, AMDVI_ACCESS_READ, 0);
    }
}

static void the_encodings_of_the_reference_hold(void)
{
    with_each_cache(known_encodings);
}

static void large_page_then_small(struct machine *machine)
{
    struct subject subject = subject_new(machine, 4);

    set_entry(&subject, 0, 3, machine_entry(0, UINT64_C(0x4000000000), true, true));
    set_entry(&subject, UINT64_C(0x40000000), 1, machine_entry(0, 0x5000, true, true));
    expect_spa(&subject, 0x3ffffff8, AMDVI_ACCESS_READ, UINT64_C(0x403ffffff8));
    expect_spa(&subject, 0x40000008, AMDVI_ACCESS_READ, 0x5008);
    expect_fault(&subject, 0x40001000, AMDVI_ACCESS_READ, 0);
    expect_spa(&subject, 0x12345678, AMDVI_ACCESS_READ, UINT64_C(0x4012345678));
}

static void a_large_page_ends_where_it_ends(void)
{
    with_each_cache(large_page_then_small);
}

static const struct check_case cases[] = {
    {"a leaf with NextLevel 0 has its level's default size: 4 KiB, 2 MiB, 1 GiB, 512 GiB, 256 TiB "
     "(Q29)",
     "1.20 I/O page tables", each_level_has_its_default_page_size},
    {"NextLevel 7 encodes every size between two levels' defaults", "1.20 page size encoding",
     next_level_7_encodes_every_legal_size},
    {"NextLevel 7 is refused with every size that its level does not have (Q17, O5)",
     "1.20 page size encoding", next_level_7_refuses_sizes_of_other_levels},
    {"the address fields that the reference lists encode the sizes that it lists",
     "1.20 page size encoding", the_encodings_of_the_reference_hold},
    {"a cached large page does not answer for its neighbour", "1.20 I/O page tables",
     a_large_page_ends_where_it_ends},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
