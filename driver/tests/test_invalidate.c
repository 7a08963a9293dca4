/* SPDX-License-Identifier: BSD-2-Clause */
/* A range of IOVAs as commands: nothing of it is missed, and as little else as four blocks allow.
 */
#include "check.h"

#include <amdvi/drv_ring.h>

#include "random.h"

#define ALL UINT64_C(0x7ffffffffffff000)

struct block {
    uint64_t first;
    uint64_t last;
};

/* What a command names, by the reference: with S=1, bits from 12 up to the lowest 0, and that one.
 */
static struct block block_of(const struct amdvi_command *command)
{
    unsigned size_log2 = 12;

    if (command->size) {
        while (size_log2 < 63 && (command->address >> size_log2 & 1) != 0) {
            size_log2++;
        }
        size_log2++;
    }
    uint64_t inside = size_log2 == 64 ? UINT64_MAX : (UINT64_C(1) << size_log2) - 1;
    return (struct block){command->address & ~inside, command->address | inside};
}

/* Aligned blocks that a range of whole pages takes at least. */
static unsigned blocks_needed(uint64_t first, uint64_t last)
{
    unsigned count = 0;

    for (;;) {
        uint64_t inside = 0xfff;
        while (inside != UINT64_MAX && (first & (inside * 2 + 1)) == 0 &&
               last - first >= inside * 2 + 1) {
            inside = inside * 2 + 1;
        }
        count++;
        if (last - first == inside) {
            return count;
        }
        first += inside + 1;
    }
}

/* The smallest aligned block around it. */
static struct block block_around(uint64_t first, uint64_t last)
{
    uint64_t inside = 0xfff;

    while (inside != UINT64_MAX && (first & ~inside) != (last & ~inside)) {
        inside = inside * 2 + 1;
    }
    return (struct block){first & ~inside, first | inside};
}

static bool check_range(uint64_t first, uint64_t last, bool directories)
{
    struct amdvi_command commands[5] = {{.opcode = AMDVI_OPCODE_COMPLETION_WAIT}};
    uint64_t at = first & ~UINT64_C(0xfff);
    uint64_t end = last | 0xfff;
    unsigned needed = blocks_needed(at, end);

    commands[4].store_data = 0x55;
    unsigned count = amdvi_drv_invalidate_pages(commands, 0xa55a, first, last, directories);
    bool good =
        CHECK_U64(count, needed <= 4 ? needed : 1) && CHECK_U64(commands[4].store_data, 0x55);
    for (unsigned i = 0; i < count && good; i++) {
        struct block block = block_of(&commands[i]);
        struct block want = {at, block.last};
        if (needed > 4) {
            want = block_around(first, last);
        }
        good = CHECK_U64(commands[i].opcode, AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES) &&
               CHECK_U64(commands[i].domain_id, 0xa55a) &&
               CHECK_U64(commands[i].pde, directories) &&
               CHECK_U64(commands[i].address & 0xfff, 0) && CHECK_U64(block.first, want.first) &&
               CHECK_U64(block.last, want.last);
        at = block.last + 1;
    }
    good = good && CHECK(needed > 4 || at == end + 1);
    if (!good) {
        printf("# 0x%llx to 0x%llx\n", (unsigned long long)first, (unsigned long long)last);
    }
    return good;
}

static void ranges_near_every_power_of_two(void)
{
    static const uint64_t near[] = {0, 0x1000, 0x2000, 0x3000, 0x5000, 1, 0xfff};

    for (unsigned low = 12; low < 64; low++) {
        for (unsigned high = low; high < 64; high++) {
            for (unsigned i = 0; i < 49; i++) {
                uint64_t first = (UINT64_C(1) << low) - near[i % 7];
                uint64_t last = (UINT64_C(1) << high) + near[i / 7] - 1;
                if (first <= last && !check_range(first, last, i % 2 != 0)) {
                    return;
                }
            }
        }
        check_range(0, UINT64_MAX >> (63 - low), true);
        check_range(UINT64_C(1) << low, UINT64_MAX, true);
        check_range(UINT64_MAX << low, UINT64_MAX, false);
    }
}

static void any_ranges(void)
{
    struct random_source random;

    random_start(&random, 20);
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t first = random_u64(&random) >> random_below(&random, 64);
        uint64_t size = random_u64(&random) >> random_below(&random, 64);
        uint64_t last = size > UINT64_MAX - first ? UINT64_MAX : first + size;
        if (!check_range(first, last, i % 2 != 0)) {
            return;
        }
    }
}

/* Words that Linux, Xen and the reference have in common. */
static void known_ranges_are_these_words(void)
{
    static const struct {
        uint64_t first;
        uint64_t last;
        uint64_t address;
        bool size;
    } rows[] = {
        {0x5000, 0x5fff, 0x5000, false},
        {0x5123, 0x5124, 0x5000, false},
        {0x4000, 0x5fff, 0x4000, true},
        {0x4000, 0x7fff, 0x5000, true},
        {0x200000, 0x3fffff, 0x2ff000, true},
        {0x40000000, 0x7fffffff, 0x5ffff000, true},
        {0, UINT64_MAX, ALL, true},
        {UINT64_C(1) << 63, UINT64_MAX, UINT64_C(0xbffffffffffff000), true},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct amdvi_command commands[4];
        struct amdvi_wire_command wire;
        CHECK_U64(amdvi_drv_invalidate_pages(commands, 0x1234, rows[i].first, rows[i].last, true),
                  1);
        amdvi_command_encode(&wire, &commands[0]);
        CHECK_U64(amdvi_le64_decode(&wire.word[0]), UINT64_C(0x3000123400000000));
        CHECK_U64(amdvi_le64_decode(&wire.word[1]), rows[i].address | 2 | (rows[i].size ? 1 : 0));
    }
}

static const struct check_case cases[] = {
    {"X-S1: known ranges are these words, S and PDE among them", "1.20 INVALIDATE_IOMMU_PAGES",
     known_ranges_are_these_words},
    {"F-1: ranges near each power of two are named whole, in exact blocks or one around",
     "1.20 INVALIDATE_IOMMU_PAGES", ranges_near_every_power_of_two},
    {"so are any ranges", "1.20 INVALIDATE_IOMMU_PAGES", any_ranges},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
