/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: I/O page tables: the walk, bits of entries, permissions. Sizes of pages are in
 * req_page_sizes.c, several defects and tables that cannot be read in req_page_faults.c.
 */
#include "entries.h"

#define SOURCE "1.20, I/O page tables"

static void maps_4_kib(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);

    RIG_READS(rig, RIG_IOVA + 0x10, page + 0x10, 64);
    RIG_WRITES(rig, RIG_IOVA + 0x80, page + 0x80, 64);
    REFUSES_READ(rig, RIG_IOVA + 0x1000, page, rig_fault(rig, 0, RIG_IOVA + 0x1000));
    REFUSES_READ(rig, RIG_IOVA - 0x1000, page, rig_fault(rig, 0, RIG_IOVA - 0x1000));
}

static void first_and_last_byte(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);

    RIG_READS(rig, RIG_IOVA, page, 1);
    RIG_READS(rig, RIG_IOVA + 0xfff, page + 0xfff, 1);
    RIG_WRITES(rig, RIG_IOVA, page, 1);
    RIG_WRITES(rig, RIG_IOVA + 0xfff, page + 0xfff, 1);
    RIG_READ_REFUSED(rig, RIG_IOVA + 0x1000, page, 1);
    RIG_EVENTS(rig, rig_fault(rig, 0, RIG_IOVA + 0x1000));
    RIG_READ_REFUSED(rig, RIG_IOVA - 1, page, 1);
    RIG_EVENTS(rig, rig_fault(rig, 0, RIG_IOVA - 1));
}

static void sizes_of_requests(struct rig *rig)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 16, 64, 255, 1024, 4095, 4096};
    uint64_t page = attach_page(rig, 3, RIG_IOVA);

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        RIG_READS(rig, RIG_IOVA + 4096 - sizes[i], page + 4096 - sizes[i], sizes[i]);
        RIG_WRITES(rig, RIG_IOVA, page, sizes[i]);
    }
}

static void all_of_a_mode(struct rig *rig, unsigned mode)
{
    uint64_t first = lone_page(rig);
    uint64_t last = lone_page(rig);
    uint64_t end = mode == 6 ? 0 : UINT64_C(1) << (12 + 9 * mode);

    rig_attach(rig, mode);
    rig_map(rig, 0, first, 12, RIG_RW);
    rig_map(rig, end - 0x1000, last, 12, RIG_RW);
    RIG_READS(rig, 0, first, 8);
    RIG_WRITES(rig, 0, first, 8);
    RIG_READS(rig, end - 8, last + 0xff8, 8);
    RIG_WRITES(rig, end - 8, last + 0xff8, 8);
}

static void first_and_last_of_each_mode(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned mode = 1; mode <= 6; mode++) {
        all_of_a_mode(rig, mode);
    }
}

static void beyond_the_mode(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    for (unsigned mode = 1; mode <= 5; mode++) {
        rig_attach(rig, mode);
        rig_map(rig, 0, page, 12, RIG_RW);
        RIG_READS(rig, 0, page, 8);
        for (unsigned bit = 12 + 9 * mode; bit < 64; bit++) {
            REFUSES_READ(rig, UINT64_C(1) << bit, page,
                         rig_fault(rig, EVENT_PR, UINT64_C(1) << bit));
        }
        REFUSES_WRITE(rig, UINT64_C(1) << 63, page,
                      rig_fault(rig, EVENT_PR | EVENT_RW, UINT64_C(1) << 63));
    }
}

static void beyond_the_mode_flags(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, 0);

    RIG_READ_REFUSED(rig, UINT64_C(1) << 39, page, 8);
    CHOOSE_EVENT(rig, rig_fault(rig, EVENT_PR, UINT64_C(1) << 39), "PR=1",
                 rig_fault(rig, 0, UINT64_C(1) << 39), "PR=0");
}

/* Each bit of a level's index selects an entry of its own. */
static void index_bits(struct rig *rig)
{
    uint64_t pages = rig_pages(rig, 64, 0x1000);

    rig_enable(rig);
    rig_attach(rig, 6);
    rig_map(rig, 0, pages, 12, RIG_RW);
    for (unsigned bit = 12; bit < 64; bit++) {
        rig_map(rig, UINT64_C(1) << bit, pages + ((uint64_t)bit - 11) * 0x1000, 12, RIG_RW);
    }
    RIG_READS(rig, 0, pages, 8);
    for (unsigned bit = 12; bit < 64; bit++) {
        RIG_READS(rig, UINT64_C(1) << bit, pages + ((uint64_t)bit - 11) * 0x1000, 8);
    }
}

static void all_entries_of_a_table(struct rig *rig)
{
    uint64_t page = rig_pages(rig, 512, 0x1000);

    rig_enable(rig);
    rig_attach(rig, 1);
    for (uint64_t i = 0; i < 512; i++) {
        rig_map(rig, i << 12, page + ((511 - i) << 12), 12, RIG_RW);
    }
    for (uint64_t i = 0; i < 512; i++) {
        RIG_READS(rig, (i << 12) + 0x40, page + ((511 - i) << 12) + 0x40, 8);
    }
}

static void root_bits(struct rig *rig)
{
    uint64_t page = lone_page(rig);
    uint64_t table = UINT64_C(0x3000000);

    rig_enable(rig);
    rig_store64(rig, table, rig_entry(0, page, RIG_RW));
    for (unsigned bit = 12; bit < 26; bit++) {
        /* A table, empty, whose address differs in the bit. */
        uint64_t other = table ^ UINT64_C(1) << bit;

        set_entry(rig, Q0_V | Q0_TV | Q0_MODE(1) | RIG_RW | table, RIG_DOMAIN, 0, 0);
        RIG_READS(rig, 0, page, 8);
        set_entry(rig, Q0_V | Q0_TV | Q0_MODE(1) | RIG_RW | other, RIG_DOMAIN, 0, 0);
        REFUSES_READ(rig, 0, page, rig_fault(rig, 0, 0));
    }
}

/* Tables, or pages, at each address with one of the bits from @first set. */
static void high_tables(struct rig *rig, unsigned first, unsigned count)
{
    uint64_t page = rig_page(rig);
    uint64_t root = rig_page(rig);

    rig_enable(rig);
    for (unsigned bit = first; bit < first + count; bit++) {
        uint64_t high = UINT64_C(1) << bit;

        rig->target->ops->memory_add(rig->target, high);
        /* As the root, as the next table, and as the page. */
        rig_store64(rig, high + 8, rig_entry(0, page, RIG_RW));
        set_entry(rig, Q0_V | Q0_TV | Q0_MODE(1) | RIG_RW | high, RIG_DOMAIN, 0, 0);
        RIG_READS(rig, 0x1000, page, 8);
        rig_store64(rig, root, rig_entry(1, high, RIG_RW));
        set_entry(rig, Q0_V | Q0_TV | Q0_MODE(2) | RIG_RW | root, RIG_DOMAIN, 0, 0);
        RIG_READS(rig, 0x1000, page, 8);
        rig_store64(rig, root, rig_entry(0, high + 0x1000, RIG_RW));
        set_entry(rig, Q0_V | Q0_TV | Q0_MODE(1) | RIG_RW | root, RIG_DOMAIN, 0, 0);
        RIG_READS(rig, 0x40, high + 0x1040, 8);
        RIG_WRITES(rig, 0x40, high + 0x1040, 8);
    }
}

static void high_tables_to_38(struct rig *rig)
{
    high_tables(rig, 26, 13);
}

static void high_tables_to_51(struct rig *rig)
{
    high_tables(rig, 39, 13);
}

/* ---- Bits of entries ------------------------------------------------------------------------- */

static void not_present_ignores(struct rig *rig)
{
    uint64_t page = attach_page(rig, 6, RIG_IOVA);

    for (unsigned level = 1; level <= 6; level++) {
        uint64_t at = rig_entry_at(rig, rig->root, 6, RIG_IOVA, level);
        uint64_t entry = rig_load64(rig, at);

        set_page_entry(rig, at, ~UINT64_C(1));
        REFUSES_READ(rig, RIG_IOVA, page, rig_fault(rig, 0, RIG_IOVA));
        set_page_entry(rig, at, entry & ~UINT64_C(1));
        REFUSES_READ(rig, RIG_IOVA, page, rig_fault(rig, 0, RIG_IOVA));
        set_page_entry(rig, at, entry);
        RIG_READS(rig, RIG_IOVA, page, 8);
    }
}

static void not_present_write(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);

    RIG_WRITE_REFUSED(rig, RIG_IOVA + 0x1000, page, 8);
    CHOOSE_EVENT(rig, rig_fault(rig, EVENT_RW, RIG_IOVA + 0x1000), "RW=1",
                 rig_fault(rig, 0, RIG_IOVA + 0x1000), "RW=0");
}

static void ignored_bits(struct rig *rig)
{
    static const unsigned bits[] = {1, 2, 3, 4, 5, 6, 7, 8, 63};
    uint64_t page = attach_page(rig, 4, RIG_IOVA);

    for (unsigned level = 1; level <= 4; level++) {
        uint64_t at = rig_entry_at(rig, rig->root, 4, RIG_IOVA, level);
        uint64_t entry = rig_load64(rig, at);

        for (unsigned i = 0; i < 9; i++) {
            set_page_entry(rig, at, entry | UINT64_C(1) << bits[i]);
            RIG_READS(rig, RIG_IOVA, page, 8);
            RIG_WRITES(rig, RIG_IOVA, page, 8);
        }
        set_page_entry(rig, at, entry);
    }
    RIG_NO_EVENTS(rig);
}

static void reserved_in_page_entry(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);

    /* A page of level 1, one of level 2, and a size-encoded one. */
    rig_map(rig, 0, 0, 21, RIG_RW);
    rig_store64(rig, rig_entry_at(rig, rig->root, 3, 0x200000, 2),
                rig_entry(7, UINT64_C(0x1ff000), RIG_RW));
    static const uint64_t iovas[] = {RIG_IOVA, 0, 0x200000};
    static const unsigned levels[] = {1, 2, 2};
    for (unsigned i = 0; i < 3; i++) {
        uint64_t at = rig_entry_at(rig, rig->root, 3, iovas[i], levels[i]);
        uint64_t entry = rig_load64(rig, at);

        for (unsigned bit = 52; bit <= 58; bit++) {
            set_page_entry(rig, at, entry | UINT64_C(1) << bit);
            REFUSES_READ(rig, iovas[i], page, rig_fault(rig, EVENT_PR | EVENT_RZ, iovas[i]));
            REFUSES_WRITE(rig, iovas[i], page,
                          rig_fault(rig, EVENT_PR | EVENT_RZ | EVENT_RW, iovas[i]));
        }
        set_page_entry(rig, at, entry);
    }
    RIG_READS(rig, RIG_IOVA, page, 8);
}

static void reserved_in_directory_entry(struct rig *rig)
{
    uint64_t page = attach_page(rig, 6, RIG_IOVA);

    for (unsigned level = 2; level <= 6; level++) {
        uint64_t at = rig_entry_at(rig, rig->root, 6, RIG_IOVA, level);
        uint64_t entry = rig_load64(rig, at);

        for (unsigned bit = 52; bit <= 60; bit++) {
            set_page_entry(rig, at, entry | UINT64_C(1) << bit);
            REFUSES_READ(rig, RIG_IOVA, page, rig_fault(rig, EVENT_PR | EVENT_RZ, RIG_IOVA));
        }
        set_page_entry(rig, at, entry);
        RIG_READS(rig, RIG_IOVA, page, 8);
    }
}

static void u_and_fc(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);
    uint64_t at = rig_entry_at(rig, rig->root, 3, RIG_IOVA, 1);
    uint64_t entry = rig_load64(rig, at);

    set_page_entry(rig, at, entry | PTE_U);
    RIG_READS(rig, RIG_IOVA, page, 8);
    set_page_entry(rig, at, entry | PTE_FC);
    RIG_WRITES(rig, RIG_IOVA, page, 8);
    set_page_entry(rig, at, entry | PTE_U | PTE_FC);
    RIG_READS(rig, RIG_IOVA, page, 8);
    RIG_NO_EVENTS(rig);
}

static void nothing_is_written(struct rig *rig)
{
    uint64_t page = attach_page(rig, 6, RIG_IOVA);
    uint64_t before[7];

    for (unsigned level = 1; level <= 6; level++) {
        before[level] = rig_load64(rig, rig_entry_at(rig, rig->root, 6, RIG_IOVA, level));
    }
    RIG_READS(rig, RIG_IOVA, page, 8);
    RIG_WRITES(rig, RIG_IOVA, page, 8);
    for (unsigned level = 1; level <= 6; level++) {
        CHECK_U64(rig_load64(rig, rig_entry_at(rig, rig->root, 6, RIG_IOVA, level)), before[level]);
    }
}

static void reads_the_path_only(struct rig *rig)
{
    uint64_t page = attach_page(rig, 6, RIG_IOVA);
    uint64_t dte = RIG_DEVICE_TABLE + 32 * (uint64_t)rig->device;

    rig_touches_begin(rig);
    RIG_READS(rig, RIG_IOVA, page, 8);
    CHECK(rig_touch_count(rig) != 0);
    for (unsigned i = 0; i < rig->touch_count; i++) {
        const struct target_touch *touch = &rig->touches[i];
        bool known = touch->spa >= dte && touch->spa + touch->size_bytes <= dte + 32;

        for (unsigned level = 1; level <= 6; level++) {
            known = known || (touch->size_bytes == 8 &&
                              touch->spa == rig_entry_at(rig, rig->root, 6, RIG_IOVA, level));
        }
        CHECK(known && !touch->write);
    }
}

/* ---- Permissions ----------------------------------------------------------------------------- */

static void permission_of_each_level(struct rig *rig)
{
    uint64_t page = attach_page(rig, 6, RIG_IOVA);

    for (unsigned level = 1; level <= 6; level++) {
        uint64_t at = rig_entry_at(rig, rig->root, 6, RIG_IOVA, level);
        uint64_t entry = rig_load64(rig, at);

        set_page_entry(rig, at, entry & ~RIG_R);
        RIG_WRITES(rig, RIG_IOVA, page, 8);
        REFUSES_READ(rig, RIG_IOVA, page, rig_fault(rig, EVENT_PR | EVENT_PE, RIG_IOVA));
        set_page_entry(rig, at, entry & ~RIG_W);
        RIG_READS(rig, RIG_IOVA, page, 8);
        REFUSES_WRITE(rig, RIG_IOVA, page,
                      rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, RIG_IOVA));
        set_page_entry(rig, at, entry & ~RIG_RW);
        REFUSES_READ(rig, RIG_IOVA, page, rig_fault(rig, EVENT_PR | EVENT_PE, RIG_IOVA));
        REFUSES_WRITE(rig, RIG_IOVA, page,
                      rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, RIG_IOVA));
        set_page_entry(rig, at, entry);
    }
    RIG_READS(rig, RIG_IOVA, page, 8);
}

static void permissions_are_anded(struct rig *rig)
{
    uint64_t page = attach_page(rig, 2, 0x1000);
    uint64_t leaf = rig_entry_at(rig, rig->root, 2, 0x1000, 1);

    rig_store64(rig, leaf, rig_entry(0, page, RIG_W));
    set_page_entry(rig, rig_entry_at(rig, rig->root, 2, 0x1000, 2),
                   rig_entry(1, leaf & ~UINT64_C(0xfff), RIG_R));
    REFUSES_READ(rig, 0x1000, page, rig_fault(rig, EVENT_PR | EVENT_PE, 0x1000));
    REFUSES_WRITE(rig, 0x1000, page, rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, 0x1000));
}

/* An atomic access or a write that waits, with each permission. */
static void with_each_permission(struct rig *rig, enum target_kind kind, uint64_t needed)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);
    uint64_t at = rig_entry_at(rig, rig->root, 3, RIG_IOVA, 1);
    struct target_request request = request_of(rig, kind, RIG_IOVA);

    for (unsigned i = 0; i < 4; i++) {
        uint64_t access = (i & 1 ? RIG_R : 0) | (i & 2 ? RIG_W : 0);

        set_page_entry(rig, at, rig_entry(0, page, access));
        if ((access & needed) == needed) {
            RIG_DOES(rig, request, page);
        } else {
            REFUSES(rig, request, page, rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, RIG_IOVA));
        }
    }
}

static void non_posted_writes(struct rig *rig)
{
    with_each_permission(rig, TARGET_NON_POSTED_WRITE, RIG_W);
}

static void atomics(struct rig *rig)
{
    with_each_permission(rig, TARGET_ATOMIC, RIG_RW);
}

static void atomic_of_four_bytes(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);
    struct target_request request = request_of(rig, TARGET_ATOMIC, RIG_IOVA + 0xffc);

    request.size_bytes = 4;
    RIG_DOES(rig, request, page + 0xffc);
    RIG_NO_EVENTS(rig);
}

static void atomic_not_present(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);
    struct target_request request = request_of(rig, TARGET_ATOMIC, RIG_IOVA + 0x1000);

    RIG_REFUSES(rig, request, page);
    CHOOSE_EVENT(rig, rig_fault(rig, EVENT_RW, RIG_IOVA + 0x1000), "RW=1",
                 rig_fault(rig, 0, RIG_IOVA + 0x1000), "RW=0");
}

static const struct requirement list[] = {
    REQUIREMENT("PTE-001", "A 4 KiB page maps its IOVA, and not those beside it", SOURCE, CAN_DMA,
                maps_4_kib),
    REQUIREMENT("PTE-002", "A page begins and ends at its first and last byte", SOURCE, CAN_DMA,
                first_and_last_byte),
    REQUIREMENT("PTE-003", "Requests of any size within a page reach exactly their bytes", SOURCE,
                CAN_DMA | CAN_DATA, sizes_of_requests),
    REQUIREMENT("PTE-004",
                "Modes 1 to 6 map 21, 30, 39, 48, 57 and 64 bits of IOVA, first to last page",
                SOURCE, CAN_DMA, first_and_last_of_each_mode),
    REQUIREMENT("PTE-005",
                "Each IOVA bit that the paging mode has no index for refuses the request, with "
                "IO_PAGE_FAULT PR=1 RZ=0 PE=0",
                SOURCE, CAN_DMA, beyond_the_mode),
    CHOICE("PTE-006", "An IOVA beyond the paging mode is refused with one fault", SOURCE, CAN_DMA,
           beyond_the_mode_flags, "PR=1 | PR=0", "PR=1"),
    REQUIREMENT("PTE-007", "Each IOVA bit from 12 to 63 selects another entry", SOURCE, CAN_DMA,
                index_bits),
    REQUIREMENT("PTE-008", "All 512 entries of a table are used", SOURCE, CAN_DMA | CAN_DATA,
                all_entries_of_a_table),
    REQUIREMENT("PTE-009", "The root table is where the device table entry says, to 4 KiB",
                "1.20, device table entry", CAN_DMA, root_bits),
    REQUIREMENT("PTE-010", "Root, table and page addresses have bits 26 to 38", SOURCE,
                CAN_DMA | CAN_HIGH_MEMORY, high_tables_to_38),
    REQUIREMENT("PTE-011", "Root, table and page addresses have bits 39 to 51", SOURCE,
                CAN_DMA | CAN_HIGH_MEMORY, high_tables_to_51),
    REQUIREMENT("PTE-012",
                "With PR=0 the other bits of an entry are ignored, at each level: IO_PAGE_FAULT "
                "PR=0 RZ=0 PE=0",
                SOURCE, CAN_DMA, not_present_ignores),
    CHOICE("PTE-013", "A write to a page that is not present has RW in its event", SOURCE, CAN_DMA,
           not_present_write, "RW=1 | RW=0", "RW=1"),
    REQUIREMENT("PTE-014", "Bits 8:1 and 63 of present entries are ignored, at each level", SOURCE,
                CAN_DMA, ignored_bits),
    REQUIREMENT("PTE-015",
                "Each of bits 58:52 of a present page entry refuses the request, with "
                "IO_PAGE_FAULT PR=1 RZ=1",
                SOURCE, CAN_DMA, reserved_in_page_entry),
    REQUIREMENT("PTE-016",
                "Each of bits 60:52 of a present directory entry refuses the request, with "
                "IO_PAGE_FAULT PR=1 RZ=1, at each level",
                SOURCE, CAN_DMA, reserved_in_directory_entry),
    REQUIREMENT("PTE-017", "U and FC change nothing about untranslated requests", SOURCE, CAN_DMA,
                u_and_fc),
    REQUIREMENT("PTE-018", "A walk writes to no entry of the tables", SOURCE, CAN_DMA,
                nothing_is_written),
    REQUIREMENT("PTE-019", "A walk reads the entries that the IOVA selects, 8 bytes each, no more",
                SOURCE, CAN_DMA | CAN_TRACE, reads_the_path_only),
    REQUIREMENT("PTE-020",
                "IR and IW of every level are needed: a read needs IR and no IW, a write IW and no "
                "IR, otherwise IO_PAGE_FAULT PR=1 PE=1",
                SOURCE, CAN_DMA, permission_of_each_level),
    REQUIREMENT("PTE-021", "Permissions of the levels are ANDed, not added", SOURCE, CAN_DMA,
                permissions_are_anded),
    REQUIREMENT("PTE-022", "A non-posted write needs IW and no IR", SOURCE,
                CAN_DMA | CAN_NON_POSTED, non_posted_writes),
    REQUIREMENT("PTE-023", "An atomic access needs IR and IW", SOURCE, CAN_DMA | CAN_ATOMIC,
                atomics),
    REQUIREMENT("PTE-024", "An atomic access of 4 bytes at the end of a page is translated", SOURCE,
                CAN_DMA | CAN_ATOMIC, atomic_of_four_bytes),
    CHOICE("PTE-025", "An atomic access to a page that is not present has RW in its event", SOURCE,
           CAN_DMA | CAN_ATOMIC, atomic_not_present, "RW=1 | RW=0", "RW=1"),
    LIST_END,
};

const struct requirement_area area_page_tables = {"PTE", "I/O page tables", list};
