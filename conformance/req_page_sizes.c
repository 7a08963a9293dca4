/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: levels and sizes of pages. Pages larger than memory begin at address 0, so that
 * the offset in the page is an address in memory.
 */
#include "entries.h"

#define SOURCE "1.20, I/O page tables"

/* The address field that says "2^size_log2 bytes" with NextLevel=7, for the page at @base. */
static uint64_t encoded(uint64_t base, unsigned size_log2)
{
    return base | ((UINT64_C(1) << (size_log2 - 1)) - 0x1000);
}

/* The entry of @iova at @level in the tables of 6 levels; all above it allow everything. */
static uint64_t entry_of(struct rig *rig, uint64_t iova, unsigned level)
{
    uint64_t table = rig->root;

    for (unsigned at = rig->mode; at > level; at--) {
        uint64_t spa = table + 8 * (iova >> shift_of(at) & 0x1ff);

        if ((rig_load64(rig, spa) & 1) == 0) {
            rig_store64(rig, spa, rig_entry(at - 1, rig_page(rig), RIG_RW));
        }
        table = rig_load64(rig, spa) & UINT64_C(0x000ffffffffff000);
    }
    return table + 8 * (iova >> shift_of(level) & 0x1ff);
}

/* Put @entry where @iova is at @level, and in the @count - 1 places behind. */
static void put(struct rig *rig, uint64_t iova, unsigned level, unsigned count, uint64_t entry)
{
    uint64_t at = entry_of(rig, iova, level);

    for (unsigned i = 0; i < count; i++) {
        rig_store64(rig, at + 8 * (uint64_t)i, entry);
    }
    rig_invalidate_domain(rig, RIG_DOMAIN);
    CHECK(rig_wait(rig));
}

/* The page of @size_log2 at @iova is mapped to @base: its ends, and what lies beside it. */
static void page_is(struct rig *rig, uint64_t iova, uint64_t base, unsigned size_log2)
{
    uint64_t size = UINT64_C(1) << size_log2;
    uint64_t ram = UINT64_C(0x2800000); /* an offset that is in memory when the page is large */
    uint64_t page = base != 0 ? base + 0x40 : ram;
    uint64_t last = base != 0 ? base + size - 0x48 : ram + 0x1fff000;

    RIG_READS(rig, iova + (page - base), page, 8);
    RIG_WRITES(rig, iova + (page - base), page, 8);
    last = last < TARGET_RAM_BYTES - 0x2000 ? last : TARGET_RAM_BYTES - 0x2000;
    RIG_READS(rig, iova + (last - base), last, 8);
    REFUSES_READ(rig, iova + size, page, rig_fault(rig, 0, iova + size));
    REFUSES_READ(rig, iova - 8, page, rig_fault(rig, 0, iova - 8));
}

static void default_sizes(struct rig *rig)
{
    rig_enable(rig);
    rig_attach(rig, 6);
    for (unsigned level = 1; level <= 5; level++) {
        unsigned size_log2 = shift_of(level);
        uint64_t iova = UINT64_C(0x86) << size_log2;
        uint64_t base = level <= 2 ? UINT64_C(0x2000000) : 0;

        put(rig, iova, level, 1, rig_entry(0, base, RIG_RW));
        page_is(rig, iova, base, size_log2);
        put(rig, iova, level, 1, 0);
    }
}

static void default_sizes_as_root(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned level = 1; level <= 5; level++) {
        unsigned size_log2 = shift_of(level);
        uint64_t base = level <= 2 ? UINT64_C(0x2000000) : 0;

        rig_attach(rig, level);
        put(rig, UINT64_C(511) << size_log2, level, 1, rig_entry(0, base, RIG_RW));
        uint64_t ram = base != 0 ? base + 0x40 : UINT64_C(0x2800000);
        RIG_READS(rig, (UINT64_C(511) << size_log2) + (ram - base), ram, 8);
        REFUSES_READ(rig, UINT64_C(510) << size_log2, ram,
                     rig_fault(rig, 0, UINT64_C(510) << size_log2));
    }
}

static void offset_bits(struct rig *rig)
{
    rig_enable(rig);
    rig_attach(rig, 6);
    put(rig, UINT64_C(1) << 48, 5, 1, rig_entry(0, 0, RIG_RW));
    for (unsigned bit = 0; bit < 25; bit++) {
        uint64_t spa = UINT64_C(0x2000000) + (UINT64_C(1) << bit);
        RIG_READS(rig, (UINT64_C(1) << 48) + spa, spa, 8);
    }
}

static void base_bits_below_the_size(struct rig *rig)
{
    uint64_t iova = UINT64_C(0x40000000);

    rig_enable(rig);
    rig_attach(rig, 3);
    put(rig, iova, 2, 1, rig_entry(0, 0x2000000, RIG_RW));
    RIG_READS(rig, iova + 0x123440, 0x2123440, 8);
    RIG_READS(rig, iova + 0x40, 0x2000040, 8);
}

/* ---- NextLevel = 7 --------------------------------------------------------------------------- */

/* Each legal size of @level. */
static void encoded_sizes(struct rig *rig, unsigned level)
{
    unsigned last = level == 5 ? 52 : shift_of(level + 1) - 1;

    rig_enable(rig);
    rig_attach(rig, 6);
    for (unsigned size_log2 = shift_of(level) + 1; size_log2 <= last; size_log2++) {
        uint64_t iova = (size_log2 == shift_of(level + 1) - 1 ? UINT64_C(5) : UINT64_C(3))
                        << size_log2;
        uint64_t base = size_log2 <= 24   ? UINT64_C(0x3000000)
                        : size_log2 == 25 ? UINT64_C(0x2000000)
                                          : 0;
        unsigned copies = 1u << (size_log2 - shift_of(level));

        put(rig, iova, level, copies, rig_entry(7, encoded(base, size_log2), RIG_RW));
        page_is(rig, iova, base, size_log2);
        put(rig, iova, level, copies, 0);
    }
}

static void encoded_at_1(struct rig *rig)
{
    encoded_sizes(rig, 1);
}

static void encoded_at_2(struct rig *rig)
{
    encoded_sizes(rig, 2);
}

static void encoded_at_3(struct rig *rig)
{
    encoded_sizes(rig, 3);
}

static void encoded_at_4(struct rig *rig)
{
    encoded_sizes(rig, 4);
}

static void encoded_at_5(struct rig *rig)
{
    encoded_sizes(rig, 5);
}

/* Each size that @level cannot have. */
static void illegal_sizes(struct rig *rig, unsigned level)
{
    uint64_t iova = level == 6 ? UINT64_C(1) << 57 : UINT64_C(0x40) << shift_of(level);
    uint64_t page = UINT64_C(0x2800000);

    rig_enable(rig);
    rig_attach(rig, 6);
    for (unsigned size_log2 = 13; size_log2 <= 52; size_log2++) {
        bool legal = level < 6 && size_log2 > shift_of(level) && size_log2 < shift_of(level + 1);

        if (!legal) {
            put(rig, iova, level, 1, rig_entry(7, encoded(0, size_log2), RIG_RW));
            REFUSES_READ(rig, iova, page, rig_fault(rig, EVENT_PR, iova));
        }
    }
    REFUSES_WRITE(rig, iova, page, rig_fault(rig, EVENT_PR | EVENT_RW, iova));
}

static void illegal_sizes_at_1(struct rig *rig)
{
    illegal_sizes(rig, 1);
}

static void illegal_sizes_at_2(struct rig *rig)
{
    illegal_sizes(rig, 2);
}

static void illegal_sizes_at_3(struct rig *rig)
{
    illegal_sizes(rig, 3);
}

static void illegal_sizes_at_4(struct rig *rig)
{
    illegal_sizes(rig, 4);
}

/* The last legal size of level 5 that the field can say is 2^52, so only small ones are illegal. */
static void illegal_sizes_at_5(struct rig *rig)
{
    illegal_sizes(rig, 5);
}

static void illegal_sizes_at_6(struct rig *rig)
{
    illegal_sizes(rig, 6);
}

static void no_zero_bit(struct rig *rig)
{
    uint64_t iova = UINT64_C(1) << 56;
    uint64_t page = UINT64_C(0x2800000);
    struct rig_event event;

    rig_enable(rig);
    rig_attach(rig, 6);
    put(rig, iova, 5, 1, rig_entry(7, UINT64_C(0x000ffffffffff000), RIG_RW));
    RIG_READ_REFUSED(rig, iova, page, 8);
    unsigned count = rig_take_events(rig, &event, 1);
    if (count == 0) {
        RIG_READS(rig, iova + page, page, 8);
        rig_outcome(rig, "2^53 bytes");
    } else if (CHECK_U64(count, 1) && CHECK_U64(event.word0, rig_fault(rig, EVENT_PR, 0).word0)) {
        rig_outcome(rig, "refused");
    }
}

static void no_zero_bit_below_5(struct rig *rig)
{
    uint64_t page = UINT64_C(0x2800000);

    rig_enable(rig);
    rig_attach(rig, 6);
    for (unsigned level = 1; level <= 4; level++) {
        uint64_t iova = UINT64_C(3) << shift_of(level);

        put(rig, iova, level, 1, rig_entry(7, UINT64_C(0x000ffffffffff000), RIG_RW));
        REFUSES_READ(rig, iova, page, rig_fault(rig, EVENT_PR, iova));
    }
}

static void every_copy_is_used(struct rig *rig)
{
    uint64_t iova = UINT64_C(0x40000000);
    uint64_t base = UINT64_C(0x3000000);

    rig_enable(rig);
    rig_attach(rig, 3);
    put(rig, iova, 1, 256, rig_entry(7, encoded(base, 20), RIG_RW));
    for (uint64_t i = 0; i < 256; i++) {
        rig_invalidate_domain(rig, RIG_DOMAIN);
        CHECK(rig_wait(rig));
        RIG_WRITES(rig, iova + i * 0x1000 + 0x40, base + i * 0x1000 + 0x40, 8);
    }
}

static void the_copy_of_the_iova_is_read(struct rig *rig)
{
    uint64_t iova = UINT64_C(0x40000000);
    uint64_t base = UINT64_C(0x3000000);

    rig_enable(rig);
    rig_attach(rig, 3);
    put(rig, iova, 1, 16, rig_entry(7, encoded(base, 16), RIG_RW));
    for (uint64_t i = 0; i < 16; i++) {
        rig_invalidate_domain(rig, RIG_DOMAIN);
        CHECK(rig_wait(rig));
        rig_touches_begin(rig);
        RIG_READS(rig, iova + i * 0x1000 + 0x40, base + i * 0x1000 + 0x40, 8);
        uint64_t at = rig_entry_at(rig, rig->root, 3, iova + i * 0x1000, 1);
        CHECK(rig_touched(rig, at, 8));
        CHECK(!rig_touched(rig, at & ~UINT64_C(0xfff), at & 0xfff));
        CHECK(!rig_touched(rig, at + 8, 0x1000 - (at & 0xfff) - 8));
    }
}

static void encoded_permission(struct rig *rig)
{
    uint64_t iova = UINT64_C(0x40000000);

    rig_enable(rig);
    rig_attach(rig, 3);
    put(rig, iova, 2, 2, rig_entry(7, encoded(0x2000000, 22), RIG_R));
    RIG_READS(rig, iova + 0x40, 0x2000040, 8);
    REFUSES_WRITE(rig, iova + 0x40, 0x2000040,
                  rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, iova + 0x40));
    put(rig, iova, 2, 2, rig_entry(7, encoded(0x2000000, 22), RIG_W));
    RIG_WRITES(rig, iova + 0x40, 0x2000040, 8);
    REFUSES_READ(rig, iova + 0x40, 0x2000040, rig_fault(rig, EVENT_PR | EVENT_PE, iova + 0x40));
}

/* ---- NextLevel ------------------------------------------------------------------------------- */

static void illegal_next_levels(struct rig *rig)
{
    uint64_t page = UINT64_C(0x2800000);

    rig_enable(rig);
    rig_attach(rig, 6);
    for (unsigned level = 1; level <= 6; level++) {
        uint64_t iova = UINT64_C(0x11) << shift_of(level);

        for (unsigned next = level; next <= 6; next++) {
            put(rig, iova, level, 1, rig_entry(next, page, RIG_RW));
            REFUSES_READ(rig, iova, page, rig_fault(rig, EVENT_PR, iova));
        }
        REFUSES_WRITE(rig, iova, page, rig_fault(rig, EVENT_PR | EVENT_RW, iova));
    }
}

static void illegal_next_levels_of_roots(struct rig *rig)
{
    uint64_t page = UINT64_C(0x2800000);

    rig_enable(rig);
    for (unsigned mode = 1; mode <= 6; mode++) {
        rig_attach(rig, mode);
        for (unsigned next = mode; next <= 6; next++) {
            put(rig, 0, mode, 1, rig_entry(next, page, RIG_RW));
            REFUSES_READ(rig, 0, page, rig_fault(rig, EVENT_PR, 0));
        }
    }
}

static void no_page_at_level_6(struct rig *rig)
{
    uint64_t page = UINT64_C(0x2800000);

    rig_enable(rig);
    rig_attach(rig, 6);
    put(rig, 0, 6, 1, rig_entry(0, 0, RIG_RW));
    REFUSES_READ(rig, page, page, rig_fault(rig, EVENT_PR, page));
    REFUSES_WRITE(rig, page, page, rig_fault(rig, EVENT_PR | EVENT_RW, page));
}

/* From the root of @mode straight to a table of level @next. */
static uint64_t skip(struct rig *rig, unsigned mode, unsigned next, uint64_t iova)
{
    uint64_t table = rig_page(rig);

    rig_attach(rig, mode);
    rig_store64(rig, rig->root + 8 * (iova >> shift_of(mode) & 0x1ff),
                rig_entry(next, table, RIG_RW));
    rig_store64(rig, table + 8 * (iova >> shift_of(next) & 0x1ff),
                rig_entry(0, next <= 2 ? UINT64_C(0x2000000) : 0, RIG_RW));
    return next <= 2 ? UINT64_C(0x2000000) : 0;
}

static void levels_are_skipped(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned mode = 3; mode <= 6; mode++) {
        for (unsigned next = 1; next + 2 <= mode; next++) {
            uint64_t iova =
                (UINT64_C(0x55) << shift_of(mode)) | (UINT64_C(0x123) << shift_of(next));
            uint64_t base = skip(rig, mode, next, iova);
            uint64_t ram = base != 0 ? base + 0x40 : UINT64_C(0x2800000);

            RIG_READS(rig, iova + (ram - base), ram, 8);
            RIG_WRITES(rig, iova + (ram - base), ram, 8);
        }
    }
}

static void skipped_bits(struct rig *rig, unsigned mode)
{
    for (unsigned next = 1; next + 2 <= mode; next++) {
        uint64_t base = skip(rig, mode, next, 0);
        uint64_t ram = base != 0 ? base + 0x40 : UINT64_C(0x2800000);

        RIG_READS(rig, ram - base, ram, 8);
        for (unsigned bit = shift_of(next + 1); bit < shift_of(mode); bit++) {
            uint64_t iova = (UINT64_C(1) << bit) | (ram - base);
            REFUSES_READ(rig, iova, ram, rig_fault(rig, EVENT_PR, iova));
        }
        RIG_READS(rig, ram - base, ram, 8);
    }
}

static void skipped_bits_to_5(struct rig *rig)
{
    rig_enable(rig);
    skipped_bits(rig, 3);
    skipped_bits(rig, 4);
    skipped_bits(rig, 5);
}

static void skipped_bits_of_6(struct rig *rig)
{
    rig_enable(rig);
    skipped_bits(rig, 6);
}

static void skipping_twice(struct rig *rig)
{
    uint64_t page = UINT64_C(0x2800000);
    uint64_t middle = rig_page(rig);
    uint64_t bottom = rig_page(rig);
    uint64_t iova = UINT64_C(3) << 57 | UINT64_C(5) << 30 | UINT64_C(7) << 12;

    rig_enable(rig);
    rig_attach(rig, 6);
    rig_store64(rig, rig->root + 0x18, rig_entry(3, middle, RIG_RW));
    rig_store64(rig, middle + 0x28, rig_entry(1, bottom, RIG_RW));
    rig_store64(rig, bottom + 0x38, rig_entry(0, page, RIG_RW));
    RIG_READS(rig, iova, page, 8);
    REFUSES_READ(rig, iova | 1u << 21, page, rig_fault(rig, EVENT_PR, iova | 1u << 21));
    REFUSES_READ(rig, iova | UINT64_C(1) << 39, page,
                 rig_fault(rig, EVENT_PR, iova | UINT64_C(1) << 39));
}

static void skipped_permission(struct rig *rig)
{
    uint64_t page = UINT64_C(0x2800000);
    uint64_t table = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 4);
    rig_store64(rig, rig->root, rig_entry(1, table, RIG_R));
    rig_store64(rig, table, rig_entry(0, page, RIG_RW));
    RIG_READS(rig, 0, page, 8);
    REFUSES_WRITE(rig, 0, page, rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, 0));
}

static void encoded_below_a_skip(struct rig *rig)
{
    uint64_t table = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 4);
    rig_store64(rig, rig->root, rig_entry(2, table, RIG_RW));
    rig_store64(rig, table, rig_entry(7, encoded(0x2000000, 22), RIG_RW));
    rig_store64(rig, table + 8, rig_entry(7, encoded(0x2000000, 22), RIG_RW));
    RIG_READS(rig, 0x40, 0x2000040, 8);
    RIG_READS(rig, 0x3fff00, 0x23fff00, 8);
    rig_store64(rig, table, rig_entry(7, encoded(0x2000000, 20), RIG_RW));
    rig_invalidate_domain(rig, RIG_DOMAIN);
    CHECK(rig_wait(rig));
    REFUSES_READ(rig, 0x40, 0x2000040, rig_fault(rig, EVENT_PR, 0x40));
}

static const struct requirement list[] = {
    REQUIREMENT("PTE-101",
                "With NextLevel=0 levels 1 to 5 map pages of 4 KiB, 2 MiB, 1 GiB, 512 GiB and 256 "
                "TiB, and nothing beside them",
                SOURCE, CAN_DMA, default_sizes),
    REQUIREMENT("PTE-102", "The root table of modes 1 to 5 may hold pages, in its last entry too",
                SOURCE, CAN_DMA, default_sizes_as_root),
    REQUIREMENT("PTE-103", "All bits of the offset in a large page reach the address", SOURCE,
                CAN_DMA, offset_bits),
    REQUIREMENT("PTE-104", "A 2 MiB page is base plus offset", SOURCE, CAN_DMA,
                base_bits_below_the_size),
    REQUIREMENT("PTE-105", "With NextLevel=7 level 1 maps 8 KiB to 1 MiB by the lowest zero bit",
                SOURCE, CAN_DMA, encoded_at_1),
    REQUIREMENT("PTE-106", "With NextLevel=7 level 2 maps 4 MiB to 512 MiB", SOURCE, CAN_DMA,
                encoded_at_2),
    REQUIREMENT("PTE-107", "With NextLevel=7 level 3 maps 2 GiB to 256 GiB", SOURCE, CAN_DMA,
                encoded_at_3),
    REQUIREMENT("PTE-108", "With NextLevel=7 level 4 maps 1 TiB to 128 TiB", SOURCE, CAN_DMA,
                encoded_at_4),
    REQUIREMENT("PTE-109", "With NextLevel=7 level 5 maps 512 TiB to 4 PiB", SOURCE, CAN_DMA,
                encoded_at_5),
    REQUIREMENT("PTE-110",
                "At level 1 encoded sizes from 2 MiB are refused, with IO_PAGE_FAULT PR=1 RZ=0",
                SOURCE, CAN_DMA, illegal_sizes_at_1),
    REQUIREMENT("PTE-111", "At level 2 encoded sizes to 2 MiB and from 1 GiB are refused", SOURCE,
                CAN_DMA, illegal_sizes_at_2),
    REQUIREMENT("PTE-112", "At level 3 encoded sizes to 1 GiB and from 512 GiB are refused", SOURCE,
                CAN_DMA, illegal_sizes_at_3),
    REQUIREMENT("PTE-113", "At level 4 encoded sizes to 512 GiB and from 256 TiB are refused",
                SOURCE, CAN_DMA, illegal_sizes_at_4),
    REQUIREMENT("PTE-114", "At level 5 encoded sizes to 256 TiB are refused", SOURCE, CAN_DMA,
                illegal_sizes_at_5),
    REQUIREMENT("PTE-115", "At level 6 every encoded size is refused", SOURCE, CAN_DMA,
                illegal_sizes_at_6),
    CHOICE("PTE-116", "An encoded size without a zero bit at level 5 is one of two things", SOURCE,
           CAN_DMA, no_zero_bit, "refused | 2^53 bytes", "refused"),
    REQUIREMENT("PTE-117", "An encoded size without a zero bit is refused at levels 1 to 4", SOURCE,
                CAN_DMA, no_zero_bit_below_5),
    REQUIREMENT("PTE-118", "Each of the 256 copies of an entry of 1 MiB maps its part of the page",
                SOURCE, CAN_DMA, every_copy_is_used),
    REQUIREMENT("PTE-119", "Of the copies of an entry the one that the IOVA selects is read",
                SOURCE, CAN_DMA | CAN_TRACE, the_copy_of_the_iova_is_read),
    REQUIREMENT("PTE-120", "IR and IW of a size-encoded entry are those of its page", SOURCE,
                CAN_DMA, encoded_permission),
    REQUIREMENT("PTE-121",
                "NextLevel of 1 to 6 that is not below the entry's level is refused, with "
                "IO_PAGE_FAULT PR=1 RZ=0, at each level",
                SOURCE, CAN_DMA, illegal_next_levels),
    REQUIREMENT("PTE-122", "An illegal NextLevel is refused in the root table of each mode", SOURCE,
                CAN_DMA, illegal_next_levels_of_roots),
    REQUIREMENT("PTE-123", "NextLevel=0 at level 6 is refused, with IO_PAGE_FAULT PR=1 RZ=0",
                SOURCE, CAN_DMA, no_page_at_level_6),
    REQUIREMENT("PTE-124", "Any number of levels may be skipped where the skipped IOVA bits are 0",
                SOURCE, CAN_DMA, levels_are_skipped),
    REQUIREMENT("PTE-125",
                "In modes 3 to 5 each skipped IOVA bit that is 1 is refused, with IO_PAGE_FAULT "
                "PR=1 RZ=0 PE=0",
                SOURCE, CAN_DMA, skipped_bits_to_5),
    REQUIREMENT("PTE-126", "In mode 6 each skipped IOVA bit that is 1 is refused", SOURCE, CAN_DMA,
                skipped_bits_of_6),
    REQUIREMENT("PTE-127", "A walk may skip levels at two places", SOURCE, CAN_DMA, skipping_twice),
    REQUIREMENT("PTE-128", "IR and IW of an entry that skips levels count", SOURCE, CAN_DMA,
                skipped_permission),
    REQUIREMENT("PTE-129", "A size-encoded page below skipped levels has the bounds of its level",
                SOURCE, CAN_DMA, encoded_below_a_skip),
    LIST_END,
};

const struct requirement_area area_page_sizes = {"PTE", "I/O page tables: levels and sizes", list};
