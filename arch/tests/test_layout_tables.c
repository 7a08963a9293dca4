/* SPDX-License-Identifier: BSD-2-Clause */
/* Table entries, the MSI and the special ranges, stated a second time. See layout.h. */
#include "layout.h"

/*
 * Device table entry
 */

static void dte_quadword_0_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(0, 0, AMDVI_DTE0_V),          ROW(1, 1, AMDVI_DTE0_TV),
        ROW(8, 2, AMDVI_DTE0_RESERVED),   ROW(11, 9, AMDVI_DTE0_MODE),
        ROW(51, 12, AMDVI_DTE0_PT_ROOT),  ROW(60, 52, AMDVI_DTE0_RESERVED),
        ROW(61, 61, AMDVI_DTE0_IR),       ROW(62, 62, AMDVI_DTE0_IW),
        ROW(63, 63, AMDVI_DTE0_RESERVED),
    };

    CHECK_TILES_64(figure);
}

/* Bits 127:64 of the figure. */
static void dte_quadword_1_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(79 - 64, 64 - 64, AMDVI_DTE1_DOMAIN_ID),  ROW(95 - 64, 80 - 64, AMDVI_DTE1_RESERVED),
        ROW(96 - 64, 96 - 64, AMDVI_DTE1_I),          ROW(97 - 64, 97 - 64, AMDVI_DTE1_SE),
        ROW(98 - 64, 98 - 64, AMDVI_DTE1_SA),         ROW(100 - 64, 99 - 64, AMDVI_DTE1_IO_CTL),
        ROW(101 - 64, 101 - 64, AMDVI_DTE1_CACHE),    ROW(102 - 64, 102 - 64, AMDVI_DTE1_SD),
        ROW(103 - 64, 103 - 64, AMDVI_DTE1_EX),       ROW(105 - 64, 104 - 64, AMDVI_DTE1_SYS_MGT),
        ROW(127 - 64, 106 - 64, AMDVI_DTE1_RESERVED),
    };

    CHECK_TILES_64(figure);
}

/* Bits 191:128 of the figure. Bit 134 is address bit 6 and belongs to the table's address. */
static void dte_quadword_2_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(128 - 128, 128 - 128, AMDVI_DTE2_IV),
        ROW(132 - 128, 129 - 128, AMDVI_DTE2_INT_TAB_LEN),
        ROW(133 - 128, 133 - 128, AMDVI_DTE2_IG),
        ROW(179 - 128, 134 - 128, AMDVI_DTE2_INT_TAB_ROOT),
        ROW(183 - 128, 180 - 128, AMDVI_DTE2_RESERVED),
        ROW(184 - 128, 184 - 128, AMDVI_DTE2_INIT_PASS),
        ROW(185 - 128, 185 - 128, AMDVI_DTE2_EINT_PASS),
        ROW(186 - 128, 186 - 128, AMDVI_DTE2_NMI_PASS),
        ROW(187 - 128, 187 - 128, AMDVI_DTE2_RESERVED),
        ROW(189 - 128, 188 - 128, AMDVI_DTE2_INT_CTL),
        ROW(190 - 128, 190 - 128, AMDVI_DTE2_LINT0_PASS),
        ROW(191 - 128, 191 - 128, AMDVI_DTE2_LINT1_PASS),
    };

    CHECK_TILES_64(figure);
}

static void dte_quadword_3_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(255 - 192, 192 - 192, AMDVI_DTE3_RESERVED),
    };

    CHECK_TILES_64(figure);
}

static void dte_reserved_masks_are_the_listed_ones(void)
{
    CHECK_U64(AMDVI_DTE0_RESERVED, 0x9FF00000000001FC);
    CHECK_U64(AMDVI_DTE1_RESERVED, 0xFFFFFC00FFFF0000);
    CHECK_U64(AMDVI_DTE2_RESERVED, 0x08F0000000000000);
    CHECK_U64(AMDVI_DTE3_RESERVED, 0xFFFFFFFFFFFFFFFF);
}

/*
 * Page tables
 */

static void pte_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(0, 0, AMDVI_PTE_PR),          ROW(8, 1, AMDVI_PTE_IGNORED),
        ROW(11, 9, AMDVI_PTE_NEXT_LEVEL), ROW(51, 12, AMDVI_PTE_ADDRESS),
        ROW(58, 52, AMDVI_PTE_RESERVED),  ROW(59, 59, AMDVI_PTE_U),
        ROW(60, 60, AMDVI_PTE_FC),        ROW(61, 61, AMDVI_PTE_IR),
        ROW(62, 62, AMDVI_PTE_IW),        ROW(63, 63, AMDVI_PTE_IGNORED),
    };

    CHECK_TILES_64(figure);
    CHECK_U64(AMDVI_PTE_RESERVED, 0x07F0000000000000);
}

static void pde_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(0, 0, AMDVI_PTE_PR),          ROW(8, 1, AMDVI_PDE_IGNORED),
        ROW(11, 9, AMDVI_PTE_NEXT_LEVEL), ROW(51, 12, AMDVI_PTE_ADDRESS),
        ROW(60, 52, AMDVI_PDE_RESERVED),  ROW(61, 61, AMDVI_PTE_IR),
        ROW(62, 62, AMDVI_PTE_IW),        ROW(63, 63, AMDVI_PDE_IGNORED),
    };

    CHECK_TILES_64(figure);
    CHECK_U64(AMDVI_PDE_RESERVED, 0x1FF0000000000000);
}

static void each_level_indexes_nine_bits_above_the_one_below(void)
{
    static const unsigned shift[] = {12, 21, 30, 39, 48, 57};

    for (unsigned level = 1; level <= 6; level++) {
        CHECK_U64(amdvi_level_shift(level), shift[level - 1]);
    }
}

static void lowest_zero_address_bit_gives_the_page_size(void)
{
    static const struct {
        uint64_t address;
        unsigned size_log2;
    } rows[] = {
        {0x0000000000000000, 13}, /* 8 KB */
        {0x0000000000001000, 14}, /* 16 KB */
        {0x0000000000003000, 15}, /* 32 KB */
        {0x000000000007F000, 20}, /* 1 MB */
        {0x00000000000FF000, 21}, /* 2 MB */
        {0x00000000001FF000, 22}, /* 4 MB */
        {0x000000003FFFF000, 31}, /* 2 GB */
        {0x000000007FFFF000, 32}, /* 4 GB */
        {0x0000007FFFFFF000, 40}, /* 1 TB */
        {0x0007FFFFFFFFF000, 52}, /* 4 PB, the largest with a zero inside a PTE's field */
        {0x000FFFFFFFFFF000, 53}, /* a PTE's field all ones */
        {0x3FFFFFFFFFFFF000, 63}, /* half of everything */
        {0x7FFFFFFFFFFFF000, 64}, /* everything, as drivers write it */
        {0xFFFFFFFFFFFFF000, 64}, /* no zero at all; Choice: everything as well */
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK_U64(amdvi_pte_size_log2(rows[i].address), rows[i].size_log2);
        CHECK_U64(amdvi_pte_size_log2(rows[i].address | 0xFFF), rows[i].size_log2);
    }
}

static void address_bits_above_the_lowest_zero_do_not_change_the_page_size(void)
{
    for (unsigned zero = 12; zero < 64; zero++) {
        uint64_t below = bits(zero, 12) & ~bits(zero, zero);

        CHECK_U64(amdvi_pte_size_log2(below), zero + 1);
        CHECK_U64(amdvi_pte_size_log2(~bits(zero, zero)), zero + 1);
    }
}

/*
 * Interrupt remapping
 */

static void irte_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(0, 0, AMDVI_IRTE_REMAP_EN),     ROW(1, 1, AMDVI_IRTE_SUP_IOPF),
        ROW(4, 2, AMDVI_IRTE_INT_TYPE),     ROW(5, 5, AMDVI_IRTE_RQ_EOI),
        ROW(6, 6, AMDVI_IRTE_DM),           ROW(7, 7, AMDVI_IRTE_GUEST_MODE),
        ROW(15, 8, AMDVI_IRTE_DESTINATION), ROW(23, 16, AMDVI_IRTE_VECTOR),
        ROW(31, 24, AMDVI_IRTE_RESERVED),
    };

    CHECK_TILES_32(figure);
}

static void msi_address_tiles(void)
{
    static const struct layout_row figure[] = {
        GAP(1, 0),
        ROW(2, 2, AMDVI_MSI_ADDRESS_DM),
        ROW(3, 3, AMDVI_MSI_ADDRESS_REDIRECTION_HINT),
        GAP(11, 4),
        ROW(19, 12, AMDVI_MSI_ADDRESS_DESTINATION),
        GAP(31, 20), /* FEEh */
    };

    CHECK_TILES_32(figure);
}

static void msi_data_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(7, 0, AMDVI_MSI_DATA_VECTOR),  ROW(10, 8, AMDVI_MSI_DATA_DELIVERY_MODE), GAP(13, 11),
        ROW(14, 14, AMDVI_MSI_DATA_LEVEL), ROW(15, 15, AMDVI_MSI_DATA_TRIGGER),      GAP(31, 16),
    };

    CHECK_TILES_32(figure);
}

/*
 * Special address ranges
 */

struct range_row {
    const char *name;
    uint64_t first;
    uint64_t last;
    enum amdvi_range range;
};

/* In the order of the addresses; together they are all of the 12 GB below 1 TB. */
static const struct range_row range_rows[] = {
    {"reserved interrupt", 0xFD00000000, 0xFDF7FFFFFF, AMDVI_RANGE_RESERVED_INTERRUPT},
    {"interrupt", 0xFDF8000000, 0xFDF8FFFFFF, AMDVI_RANGE_INTERRUPT},
    {"PIC IACK", 0xFDF9000000, 0xFDF90FFFFF, AMDVI_RANGE_PIC_IACK},
    {"system management", 0xFDF9100000, 0xFDF91FFFFF, AMDVI_RANGE_SYSTEM_MANAGEMENT},
    {"reserved 1", 0xFDF9200000, 0xFDFAFFFFFF, AMDVI_RANGE_RESERVED_1},
    {"address translation", 0xFDFB000000, 0xFDFBFFFFFF, AMDVI_RANGE_ADDRESS_TRANSLATION},
    {"I/O space", 0xFDFC000000, 0xFDFDFFFFFF, AMDVI_RANGE_IO_SPACE},
    {"configuration", 0xFDFE000000, 0xFDFFFFFFFF, AMDVI_RANGE_CONFIGURATION},
    {"extended configuration", 0xFE00000000, 0xFE1FFFFFFF, AMDVI_RANGE_EXTENDED_CONFIGURATION},
    {"reserved 2", 0xFE20000000, 0xFFFFFFFFFF, AMDVI_RANGE_RESERVED_2},
};

static void special_ranges_begin_and_end_where_listed(void)
{
    for (size_t i = 0; i < COUNT(range_rows); i++) {
        const struct range_row *row = &range_rows[i];
        uint64_t middle = row->first + (row->last - row->first) / 2;

        check_row(row->name, amdvi_range_of(row->first), row->range);
        check_row(row->name, amdvi_range_of(middle), row->range);
        check_row(row->name, amdvi_range_of(row->last), row->range);
        if (i > 0) {
            check_row(row->name, row->first, range_rows[i - 1].last + 1);
        }
    }
    CHECK_U64(range_rows[COUNT(range_rows) - 1].last - range_rows[0].first + 1, UINT64_C(12) << 30);
}

static void msi_range_is_one_megabyte_below_4_gigabytes(void)
{
    CHECK_U64(amdvi_range_of(0xFEDFFFFF), AMDVI_RANGE_NONE);
    CHECK_U64(amdvi_range_of(0xFEE00000), AMDVI_RANGE_MSI);
    CHECK_U64(amdvi_range_of(0xFEE80004), AMDVI_RANGE_MSI);
    CHECK_U64(amdvi_range_of(0xFEEFFFFF), AMDVI_RANGE_MSI);
    CHECK_U64(amdvi_range_of(0xFEF00000), AMDVI_RANGE_NONE);
}

static void bounds_are_those_of_the_ranges(void)
{
    for (size_t i = 0; i < COUNT(range_rows); i++) {
        const struct range_row *row = &range_rows[i];

        check_row(row->name, amdvi_range_bounds(row->range).first, row->first);
        check_row(row->name, amdvi_range_bounds(row->range).last, row->last);
    }
    CHECK_U64(amdvi_range_bounds(AMDVI_RANGE_MSI).first, 0xFEE00000);
    CHECK_U64(amdvi_range_bounds(AMDVI_RANGE_MSI).last, 0xFEEFFFFF);
    /* Memory has none: the last is before the first. */
    struct amdvi_range_bounds none = amdvi_range_bounds(AMDVI_RANGE_NONE);
    CHECK(none.last < none.first);
    CHECK_U64(AMDVI_RANGE_COUNT, COUNT(range_rows) + 2);
}

/* Choice: all 64 bits of the address take part. */
static void addresses_outside_the_ranges_are_ordinary(void)
{
    static const uint64_t ordinary[] = {
        0x0,          0xFFF,         0x00FEE000,         0xFFFFFFFF,         0x1FEE00000,
        0xFCFFFFFFFF, 0x10000000000, 0x1FDF8000000,      0x100FEE00000,      0x10FDF8000000,
        0xFDF8,       0xFDF80000,    0x800000FDF8000000, 0xFFFFFFFFFEE00000, 0xFFFFFFFFFFFFFFFF,
    };

    for (size_t i = 0; i < COUNT(ordinary); i++) {
        CHECK_U64(amdvi_range_of(ordinary[i]), AMDVI_RANGE_NONE);
    }
    for (size_t i = 0; i < COUNT(range_rows); i++) {
        for (unsigned bit = 40; bit < 64; bit++) {
            CHECK_U64(amdvi_range_of(range_rows[i].first | UINT64_C(1) << bit), AMDVI_RANGE_NONE);
        }
    }
}

static const struct check_case cases[] = {
    {"DTE bits 63:0 tile", "1.20 device table entry", dte_quadword_0_tiles},
    {"DTE bits 127:64 tile", "1.20 device table entry", dte_quadword_1_tiles},
    {"DTE bits 191:128 tile", "1.20 device table entry", dte_quadword_2_tiles},
    {"DTE bits 255:192 tile", "1.20 device table entry", dte_quadword_3_tiles},
    {"DTE reserved masks are the listed ones", "1.20 device table entry",
     dte_reserved_masks_are_the_listed_ones},
    {"PTE tiles 64 bits", "1.20 page table entry", pte_tiles},
    {"PDE tiles 64 bits", "1.20 page directory entry", pde_tiles},
    {"each level indexes nine bits above the one below", "1.20 I/O page tables",
     each_level_indexes_nine_bits_above_the_one_below},
    {"the lowest zero address bit gives the page size", "1.20 page table entry",
     lowest_zero_address_bit_gives_the_page_size},
    {"address bits above the lowest zero do not change the page size", "1.20 page table entry",
     address_bits_above_the_lowest_zero_do_not_change_the_page_size},
    {"IRTE tiles 32 bits", "1.20 interrupt remapping table entry", irte_tiles},
    {"MSI address tiles 32 bits", "1.20 interrupt remapping", msi_address_tiles},
    {"MSI data tiles 32 bits", "1.20 interrupt remapping", msi_data_tiles},
    {"special ranges begin and end where listed", "1.20 special address ranges",
     special_ranges_begin_and_end_where_listed},
    {"the MSI range is the megabyte at FEE0_0000h", "1.20 interrupt remapping",
     msi_range_is_one_megabyte_below_4_gigabytes},
    {"the bounds of each range are its first and last address", "1.20 special address ranges",
     bounds_are_those_of_the_ranges},
    {"addresses outside the ranges are ordinary", "1.20 special address ranges",
     addresses_outside_the_ranges_are_ordinary},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
