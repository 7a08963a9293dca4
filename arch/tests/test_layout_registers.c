/* SPDX-License-Identifier: BSD-2-Clause */
/* The capability block and the registers, stated a second time. See layout.h. */
#include "layout.h"

/*
 * PCI capability block
 */

static void capability_block_offsets_are_those_of_the_figure(void)
{
    CHECK_U64(AMDVI_CAP_OFFSET_HEADER, 0x00);
    CHECK_U64(AMDVI_CAP_OFFSET_BASE_LOW, 0x04);
    CHECK_U64(AMDVI_CAP_OFFSET_BASE_HIGH, 0x08);
    CHECK_U64(AMDVI_CAP_OFFSET_RANGE, 0x0C);
    CHECK_U64(AMDVI_CAP_OFFSET_MISC, 0x10);
    CHECK_U64(AMDVI_CAP_SIZE, 0x14);
}

static void capability_header_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(7, 0, AMDVI_CAP_HEADER_CAP_ID),      ROW(15, 8, AMDVI_CAP_HEADER_CAP_PTR),
        ROW(18, 16, AMDVI_CAP_HEADER_CAP_TYPE),  ROW(23, 19, AMDVI_CAP_HEADER_CAP_REV),
        ROW(24, 24, AMDVI_CAP_HEADER_IOTLB_SUP), ROW(25, 25, AMDVI_CAP_HEADER_HT_TUNNEL),
        ROW(26, 26, AMDVI_CAP_HEADER_NP_CACHE),  ROW(27, 27, AMDVI_CAP_HEADER_EFR_SUP),
        ROW(28, 28, AMDVI_CAP_HEADER_CAP_EXT),   ROW(31, 29, AMDVI_CAP_HEADER_RESERVED),
    };

    CHECK_TILES_32(figure);
}

static void capability_header_values_identify_an_iommu(void)
{
    CHECK_U64(AMDVI_CAP_ID_SECURE_DEVICE, 0x0F);
    CHECK_U64(AMDVI_CAP_TYPE_IOMMU, 3);
    CHECK_U64(AMDVI_CAP_REV_1, 1);
}

static void capability_base_low_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(0, 0, AMDVI_CAP_BASE_LOW_ENABLE),
        ROW(13, 1, AMDVI_CAP_BASE_LOW_RESERVED),
        ROW(31, 14, AMDVI_CAP_BASE_LOW_BASE),
    };

    CHECK_TILES_32(figure);
}

static void capability_base_high_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(31, 0, AMDVI_CAP_BASE_HIGH_BASE),
    };

    CHECK_TILES_32(figure);
}

static void capability_range_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(4, 0, AMDVI_CAP_RANGE_UNIT_ID),        ROW(6, 5, AMDVI_CAP_RANGE_RESERVED),
        ROW(7, 7, AMDVI_CAP_RANGE_RNG_VALID),      ROW(15, 8, AMDVI_CAP_RANGE_BUS_NUMBER),
        ROW(23, 16, AMDVI_CAP_RANGE_FIRST_DEVICE), ROW(31, 24, AMDVI_CAP_RANGE_LAST_DEVICE),
    };

    CHECK_TILES_32(figure);
}

static void capability_misc_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(4, 0, AMDVI_CAP_MISC_MSI_NUM),       ROW(7, 5, AMDVI_CAP_MISC_GVA_SIZE),
        ROW(14, 8, AMDVI_CAP_MISC_PA_SIZE),      ROW(21, 15, AMDVI_CAP_MISC_VA_SIZE),
        ROW(22, 22, AMDVI_CAP_MISC_HT_ATS_RESV), ROW(26, 23, AMDVI_CAP_MISC_RESERVED),
        ROW(31, 27, AMDVI_CAP_MISC_MSI_NUM_PPR),
    };

    CHECK_TILES_32(figure);
}

/* A value seen in real IVRS tables, whose information field has the same layout. */
static void capability_misc_of_real_hardware_reads_as_48_and_64_bits(void)
{
    const uint64_t word = 0x00203040;

    CHECK_U64(word & AMDVI_CAP_MISC_MSI_NUM, 0);
    CHECK_U64(word & AMDVI_CAP_MISC_GVA_SIZE, UINT64_C(2) << 5);
    CHECK_U64(word & AMDVI_CAP_MISC_PA_SIZE, UINT64_C(48) << 8);
    CHECK_U64(word & AMDVI_CAP_MISC_VA_SIZE, UINT64_C(64) << 15);
    CHECK_U64(word & AMDVI_CAP_MISC_HT_ATS_RESV, 0);
    CHECK_U64(word & AMDVI_CAP_MISC_MSI_NUM_PPR, 0);
}

/*
 * MMIO registers
 */

static void device_table_base_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(8, 0, AMDVI_DEV_TAB_BASE_SIZE),
        ROW(11, 9, AMDVI_DEV_TAB_BASE_RESERVED),
        ROW(51, 12, AMDVI_DEV_TAB_BASE_BASE),
        ROW(63, 52, AMDVI_DEV_TAB_BASE_RESERVED),
    };

    CHECK_TILES_64(figure);
}

static void command_buffer_base_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(11, 0, AMDVI_CMD_BUF_BASE_RESERVED),  ROW(51, 12, AMDVI_CMD_BUF_BASE_BASE),
        ROW(55, 52, AMDVI_CMD_BUF_BASE_RESERVED), ROW(59, 56, AMDVI_CMD_BUF_BASE_LEN),
        ROW(63, 60, AMDVI_CMD_BUF_BASE_RESERVED),
    };

    CHECK_TILES_64(figure);
}

static void event_log_base_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(11, 0, AMDVI_EVENT_LOG_BASE_RESERVED),  ROW(51, 12, AMDVI_EVENT_LOG_BASE_BASE),
        ROW(55, 52, AMDVI_EVENT_LOG_BASE_RESERVED), ROW(59, 56, AMDVI_EVENT_LOG_BASE_LEN),
        ROW(63, 60, AMDVI_EVENT_LOG_BASE_RESERVED),
    };

    CHECK_TILES_64(figure);
}

static void control_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(0, 0, AMDVI_CONTROL_IOMMU_EN),        ROW(1, 1, AMDVI_CONTROL_HT_TUN_EN),
        ROW(2, 2, AMDVI_CONTROL_EVENT_LOG_EN),    ROW(3, 3, AMDVI_CONTROL_EVENT_INT_EN),
        ROW(4, 4, AMDVI_CONTROL_COM_WAIT_INT_EN), ROW(7, 5, AMDVI_CONTROL_INV_TIMEOUT),
        ROW(8, 8, AMDVI_CONTROL_PASS_PW),         ROW(9, 9, AMDVI_CONTROL_RES_PASS_PW),
        ROW(10, 10, AMDVI_CONTROL_COHERENT),      ROW(11, 11, AMDVI_CONTROL_ISOC),
        ROW(12, 12, AMDVI_CONTROL_CMD_BUF_EN),    ROW(63, 13, AMDVI_CONTROL_RESERVED),
    };

    CHECK_TILES_64(figure);
}

static void exclusion_base_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(0, 0, AMDVI_EXCL_BASE_EX_EN),      ROW(1, 1, AMDVI_EXCL_BASE_ALLOW),
        ROW(11, 2, AMDVI_EXCL_BASE_RESERVED),  ROW(51, 12, AMDVI_EXCL_BASE_BASE),
        ROW(63, 52, AMDVI_EXCL_BASE_RESERVED),
    };

    CHECK_TILES_64(figure);
}

static void exclusion_limit_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(11, 0, AMDVI_EXCL_LIMIT_LOW),
        ROW(51, 12, AMDVI_EXCL_LIMIT_LIMIT),
        ROW(63, 52, AMDVI_EXCL_LIMIT_RESERVED),
    };

    CHECK_TILES_64(figure);
}

static void ring_pointers_tile(void)
{
    static const struct layout_row figure[] = {
        ROW(3, 0, AMDVI_RING_POINTER_RESERVED),
        ROW(18, 4, AMDVI_RING_POINTER),
        ROW(63, 19, AMDVI_RING_POINTER_RESERVED),
    };

    CHECK_TILES_64(figure);
}

static void status_tiles(void)
{
    static const struct layout_row figure[] = {
        ROW(0, 0, AMDVI_STATUS_EVENT_OVERFLOW), ROW(1, 1, AMDVI_STATUS_EVENT_LOG_INT),
        ROW(2, 2, AMDVI_STATUS_COM_WAIT_INT),   ROW(3, 3, AMDVI_STATUS_EVENT_LOG_RUN),
        ROW(4, 4, AMDVI_STATUS_CMD_BUF_RUN),    ROW(63, 5, AMDVI_STATUS_RESERVED),
    };

    CHECK_TILES_64(figure);
}

struct register_row {
    const char *name;
    enum amdvi_reg reg;
    uint16_t offset;
    uint64_t rw;
    uint64_t rw1c;
    uint64_t ro;
    uint64_t reset;
    uint64_t reserved; /* the headers' word for the rest */
};

/*
 * Choice: bits 11:0 of the exclusion limit read as ones, so they are in ro and in the reset value;
 * ComLen and EventLen are 8 and Coherent is 1 after reset.
 */
static const struct register_row register_rows[] = {
    {"DEV_TAB_BASE", AMDVI_REG_DEV_TAB_BASE, 0x0000, .rw = 0x000FFFFFFFFFF1FF,
     .reserved = AMDVI_DEV_TAB_BASE_RESERVED},
    {"CMD_BUF_BASE", AMDVI_REG_CMD_BUF_BASE, 0x0008, .rw = 0x0F0FFFFFFFFFF000,
     .reset = 0x0800000000000000, .reserved = AMDVI_CMD_BUF_BASE_RESERVED},
    {"EVENT_LOG_BASE", AMDVI_REG_EVENT_LOG_BASE, 0x0010, .rw = 0x0F0FFFFFFFFFF000,
     .reset = 0x0800000000000000, .reserved = AMDVI_EVENT_LOG_BASE_RESERVED},
    {"CONTROL", AMDVI_REG_CONTROL, 0x0018, .rw = 0x1FFF, .reset = 0x0400,
     .reserved = AMDVI_CONTROL_RESERVED},
    {"EXCL_BASE", AMDVI_REG_EXCL_BASE, 0x0020, .rw = 0x000FFFFFFFFFF003,
     .reserved = AMDVI_EXCL_BASE_RESERVED},
    {"EXCL_LIMIT", AMDVI_REG_EXCL_LIMIT, 0x0028, .rw = 0x000FFFFFFFFFF000, .ro = 0xFFF,
     .reset = 0xFFF, .reserved = AMDVI_EXCL_LIMIT_RESERVED},
    {"CMD_BUF_HEAD", AMDVI_REG_CMD_BUF_HEAD, 0x2000, .rw = 0x7FFF0,
     .reserved = AMDVI_RING_POINTER_RESERVED},
    {"CMD_BUF_TAIL", AMDVI_REG_CMD_BUF_TAIL, 0x2008, .rw = 0x7FFF0,
     .reserved = AMDVI_RING_POINTER_RESERVED},
    {"EVENT_LOG_HEAD", AMDVI_REG_EVENT_LOG_HEAD, 0x2010, .rw = 0x7FFF0,
     .reserved = AMDVI_RING_POINTER_RESERVED},
    {"EVENT_LOG_TAIL", AMDVI_REG_EVENT_LOG_TAIL, 0x2018, .rw = 0x7FFF0,
     .reserved = AMDVI_RING_POINTER_RESERVED},
    {"STATUS", AMDVI_REG_STATUS, 0x2020, .rw1c = 0x07, .ro = 0x18,
     .reserved = AMDVI_STATUS_RESERVED},
};

static void register_table_agrees_with_the_register_map(void)
{
    CHECK_U64(AMDVI_REG_COUNT, COUNT(register_rows));
    CHECK_U64(COUNT(amdvi_regs), COUNT(register_rows));
    for (size_t i = 0; i < COUNT(register_rows); i++) {
        const struct register_row *row = &register_rows[i];
        const struct amdvi_reg_info *info = &amdvi_regs[row->reg];

        CHECK(info->name != NULL && info->name[0] != '\0');
        check_row(row->name, info->offset, row->offset);
        check_row(row->name, info->rw, row->rw);
        check_row(row->name, info->rw1c, row->rw1c);
        check_row(row->name, info->ro, row->ro);
        check_row(row->name, info->reset, row->reset);
    }
}

static void register_accesses_and_reserved_bits_cover_each_bit_once(void)
{
    for (size_t i = 0; i < COUNT(register_rows); i++) {
        const struct register_row *row = &register_rows[i];
        const struct amdvi_reg_info *info = &amdvi_regs[row->reg];

        check_row(row->name, info->rw & info->rw1c, 0);
        check_row(row->name, info->rw & info->ro, 0);
        check_row(row->name, info->rw1c & info->ro, 0);
        check_row(row->name, info->rw | info->rw1c | info->ro, ~row->reserved);
        check_row(row->name, info->reset & row->reserved, 0);
    }
}

static void registers_lie_inside_the_window_and_apart(void)
{
    CHECK_U64(AMDVI_MMIO_SIZE, 0x4000);
    for (size_t i = 0; i < COUNT(amdvi_regs); i++) {
        CHECK_U64(amdvi_regs[i].offset % 8u, 0);
        CHECK(amdvi_regs[i].offset + UINT64_C(8) <= AMDVI_MMIO_SIZE);
        for (size_t j = 0; j < i; j++) {
            CHECK(amdvi_regs[i].offset != amdvi_regs[j].offset);
        }
    }
}

static void ring_lengths_below_8_are_reserved_and_8_is_4_kilobytes(void)
{
    static const uint64_t kilobytes[16] = {0, 0, 0, 0, 0, 0, 0, 0, 4, 8, 16, 32, 64, 128, 256, 512};

    for (unsigned code = 0; code < 16; code++) {
        CHECK_U64(amdvi_ring_bytes(code), kilobytes[code] * 1024);
    }
}

static void device_table_size_counts_128_entries_a_page(void)
{
    CHECK_U64(amdvi_dev_tab_entries(0), 128);
    CHECK_U64(amdvi_dev_tab_entries(1), 256);
    CHECK_U64(amdvi_dev_tab_entries(0x0FF), 32768);
    CHECK_U64(amdvi_dev_tab_entries(0x1FF), 65536);
    CHECK_U64(amdvi_dev_tab_entries(0x0000000123456001), 256);
    CHECK_U64(amdvi_dev_tab_entries(0xFFFFFFFFFFFFFE00), 128);
    CHECK_U64(amdvi_dev_tab_entries(0xFFFFFFFFFFFFFFFF), 65536);
}

static void invalidation_timeouts_are_powers_of_ten(void)
{
    static const uint64_t milliseconds[8] = {0, 1, 10, 100, 1000, 10000, 100000, 0};

    for (unsigned code = 0; code < 8; code++) {
        CHECK_U64(amdvi_inv_timeout_ms(code), milliseconds[code]);
    }
}

struct write_row {
    const char *name;
    enum amdvi_reg reg;
    uint64_t old;
    uint64_t value;
    uint64_t lanes;
    uint64_t want;
};

#define ALL_LANES  UINT64_MAX
#define LOW_LANES  UINT64_C(0x00000000FFFFFFFF)
#define HIGH_LANES UINT64_C(0xFFFFFFFF00000000)

static void check_writes(const struct write_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct write_row *row = &rows[i];

        check_row(row->name, amdvi_reg_after_write(row->reg, row->old, row->value, row->lanes),
                  row->want);
    }
}

static void status_bits_clear_only_when_written_one(void)
{
    static const struct write_row rows[] = {
        {"zero", AMDVI_REG_STATUS, 0x1F, 0, ALL_LANES, 0x1F},
        {"overflow", AMDVI_REG_STATUS, 0x1F, 0x01, ALL_LANES, 0x1E},
        {"event", AMDVI_REG_STATUS, 0x1F, 0x02, ALL_LANES, 0x1D},
        {"completion", AMDVI_REG_STATUS, 0x1F, 0x04, ALL_LANES, 0x1B},
        {"run bits", AMDVI_REG_STATUS, 0x1F, 0x18, ALL_LANES, 0x1F},
        {"run bits from 0", AMDVI_REG_STATUS, 0, 0x18, ALL_LANES, 0},
        {"ones to zeros", AMDVI_REG_STATUS, 0, UINT64_MAX, ALL_LANES, 0},
        {"ones", AMDVI_REG_STATUS, 0x1F, UINT64_MAX, ALL_LANES, 0x18},
        {"first byte", AMDVI_REG_STATUS, 0x1F, UINT64_MAX, 0xFF, 0x18},
        {"second byte", AMDVI_REG_STATUS, 0x1F, UINT64_MAX, 0xFF00, 0x1F},
        {"high half", AMDVI_REG_STATUS, 0x1F, UINT64_MAX, HIGH_LANES, 0x1F},
        {"no byte", AMDVI_REG_STATUS, 0x1F, UINT64_MAX, 0, 0x1F},
    };

    check_writes(rows, COUNT(rows));
}

static void read_write_bits_change_only_in_written_bytes(void)
{
    static const struct write_row rows[] = {
        {"control ones", AMDVI_REG_CONTROL, 0x0400, UINT64_MAX, ALL_LANES, 0x1FFF},
        {"control zeros", AMDVI_REG_CONTROL, 0x1FFF, 0, ALL_LANES, 0},
        {"control byte 0", AMDVI_REG_CONTROL, 0x0400, UINT64_MAX, 0x00FF, 0x04FF},
        {"control byte 1", AMDVI_REG_CONTROL, 0x00A5, UINT64_MAX, 0xFF00, 0x1FA5},
        {"control high half", AMDVI_REG_CONTROL, 0x1405, 0, HIGH_LANES, 0x1405},
        {"device table low", AMDVI_REG_DEV_TAB_BASE, 0x000A0000000000FF, 0xFFFFFFFF12345FFF,
         LOW_LANES, 0x000A0000123451FF},
        {"device table high", AMDVI_REG_DEV_TAB_BASE, 0x000A0000123451FF, 0xFFF5432100000000,
         HIGH_LANES, 0x00054321123451FF},
        {"commands", AMDVI_REG_CMD_BUF_BASE, 0x0800000000000000, UINT64_MAX, ALL_LANES,
         0x0F0FFFFFFFFFF000},
        {"events byte 7", AMDVI_REG_EVENT_LOG_BASE, 0x0800000012345000, UINT64_MAX,
         0xFF00000000000000, 0x0F00000012345000},
        {"exclusion base", AMDVI_REG_EXCL_BASE, 0, UINT64_MAX, ALL_LANES, 0x000FFFFFFFFFF003},
        {"tail", AMDVI_REG_CMD_BUF_TAIL, 0x10, UINT64_MAX, ALL_LANES, 0x7FFF0},
        {"head", AMDVI_REG_EVENT_LOG_HEAD, 0x10, 0x1028, LOW_LANES, 0x1020},
    };

    check_writes(rows, COUNT(rows));
}

static void exclusion_limit_low_bits_stay_ones(void)
{
    static const struct write_row rows[] = {
        {"zeros", AMDVI_REG_EXCL_LIMIT, 0xFFF, 0, ALL_LANES, 0xFFF},
        {"ones", AMDVI_REG_EXCL_LIMIT, 0xFFF, UINT64_MAX, ALL_LANES, 0x000FFFFFFFFFFFFF},
        {"page", AMDVI_REG_EXCL_LIMIT, 0x000FFFFFFFFFFFFF, 0x12345000, ALL_LANES, 0x12345FFF},
        {"low half", AMDVI_REG_EXCL_LIMIT, 0x000FFFFFFFFFFFFF, 0, LOW_LANES, 0x000FFFFF00000FFF},
    };

    check_writes(rows, COUNT(rows));
}

/* The rule of a write, one bit at a time. */
static uint64_t written_slowly(const struct register_row *row, uint64_t old, uint64_t value,
                               uint64_t lanes)
{
    uint64_t after = 0;

    for (unsigned i = 0; i < 64; i++) {
        uint64_t bit = UINT64_C(1) << i;
        bool is_set = (old & bit) != 0;
        bool is_written_one = (value & bit) != 0;

        if ((lanes & row->rw & bit) != 0) {
            is_set = is_written_one;
        }
        if ((lanes & row->rw1c & bit) != 0 && is_written_one) {
            is_set = false;
        }
        after |= is_set ? bit : 0;
    }
    return after;
}

static void every_register_follows_the_write_rule_at_every_width(void)
{
    static const uint64_t values[] = {0, UINT64_MAX, 0xA5A5A5A5A5A5A5A5, 0x123456789ABCDEF0};

    for (size_t i = 0; i < COUNT(register_rows); i++) {
        const struct register_row *row = &register_rows[i];
        uint64_t implemented = row->rw | row->rw1c | row->ro;

        for (unsigned access = 0; access < 8 * 4; access++) {
            unsigned first = access / 4 * 8;
            unsigned width = 8u << (access % 4); /* bits: 8, 16, 32, 64 */

            if (first % width != 0) {
                continue;
            }
            for (size_t v = 0; v < COUNT(values) * COUNT(values); v++) {
                uint64_t old = values[v / COUNT(values)] & implemented;
                uint64_t value = values[v % COUNT(values)];
                uint64_t lanes = bits(first + width - 1, first);

                check_row(row->name, amdvi_reg_after_write(row->reg, old, value, lanes),
                          written_slowly(row, old, value, lanes));
            }
        }
    }
}

static const struct check_case cases[] = {
    {"capability block offsets are those of the figure", "1.20 capability block",
     capability_block_offsets_are_those_of_the_figure},
    {"capability header tiles 32 bits", "1.20 capability header", capability_header_tiles},
    {"capability header values identify an IOMMU", "1.20 capability header",
     capability_header_values_identify_an_iommu},
    {"capability base address low tiles 32 bits", "1.20 capability base address low",
     capability_base_low_tiles},
    {"capability base address high tiles 32 bits", "1.20 capability base address high",
     capability_base_high_tiles},
    {"capability range tiles 32 bits", "1.20 capability range", capability_range_tiles},
    {"capability miscellaneous information tiles 32 bits",
     "1.20 capability miscellaneous information", capability_misc_tiles},
    {"a value of real hardware reads as 48-bit physical and 64-bit virtual addresses",
     "1.20 capability miscellaneous information",
     capability_misc_of_real_hardware_reads_as_48_and_64_bits},
    {"Device Table Base Address tiles 64 bits", "1.20 Device Table Base Address",
     device_table_base_tiles},
    {"Command Buffer Base Address tiles 64 bits", "1.20 Command Buffer Base Address",
     command_buffer_base_tiles},
    {"Event Log Base Address tiles 64 bits", "1.20 Event Log Base Address", event_log_base_tiles},
    {"IOMMU Control tiles 64 bits", "1.20 IOMMU Control", control_tiles},
    {"Exclusion Base tiles 64 bits", "1.20 Exclusion Base", exclusion_base_tiles},
    {"Exclusion Range Limit tiles 64 bits", "1.20 Exclusion Range Limit", exclusion_limit_tiles},
    {"ring pointers tile 64 bits", "1.20 Command Buffer and Event Log pointers",
     ring_pointers_tile},
    {"IOMMU Status tiles 64 bits", "1.20 IOMMU Status", status_tiles},
    {"the register table agrees with the register map", "1.20 MMIO registers",
     register_table_agrees_with_the_register_map},
    {"a register's accesses and reserved bits cover each bit once", "1.20 MMIO registers",
     register_accesses_and_reserved_bits_cover_each_bit_once},
    {"registers lie inside the window and apart", "1.20 MMIO registers",
     registers_lie_inside_the_window_and_apart},
    {"ring lengths below 8 are reserved and 8 is 4 KB", "1.20 Command Buffer Base Address",
     ring_lengths_below_8_are_reserved_and_8_is_4_kilobytes},
    {"the device table's size counts 128 entries a page", "1.20 Device Table Base Address",
     device_table_size_counts_128_entries_a_page},
    {"invalidation timeouts are powers of ten milliseconds", "1.20 IOMMU Control",
     invalidation_timeouts_are_powers_of_ten},
    {"a status bit is cleared only by writing one to it", "1.20 IOMMU Status",
     status_bits_clear_only_when_written_one},
    {"read-write bits change only in the bytes written", "1.20 MMIO registers",
     read_write_bits_change_only_in_written_bytes},
    {"the exclusion limit's low bits stay ones", "1.20 Exclusion Range Limit",
     exclusion_limit_low_bits_stay_ones},
    {"every register follows the rule of a write at every width", "1.20 MMIO registers",
     every_register_follows_the_write_rule_at_every_width},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
