/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands, stated a second time. See layout.h. */
#include "layout.h"

/*
 * Commands
 */

static void opcodes_are_those_of_the_list(void)
{
    CHECK_U64(AMDVI_OPCODE_COMPLETION_WAIT, 1);
    CHECK_U64(AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY, 2);
    CHECK_U64(AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES, 3);
    CHECK_U64(AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES, 4);
    CHECK_U64(AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE, 5);
}

static void completion_wait_tiles(void)
{
    static const struct layout_row word_0[] = {
        ROW(0, 0, AMDVI_COMPLETION_WAIT_STORE),      ROW(1, 1, AMDVI_COMPLETION_WAIT_INTERRUPT),
        ROW(2, 2, AMDVI_COMPLETION_WAIT_FLUSH),      ROW(51, 3, AMDVI_COMPLETION_WAIT_STORE_ADDR),
        ROW(59, 52, AMDVI_COMPLETION_WAIT_RESERVED), ROW(63, 60, AMDVI_CMD_OPCODE),
    };

    CHECK_TILES_64(word_0);
}

static void invalidate_devtab_entry_tiles(void)
{
    static const struct layout_row word_0[] = {
        ROW(15, 0, AMDVI_INV_DEVTAB_DEVICE_ID),
        ROW(59, 16, AMDVI_INV_DEVTAB_RESERVED0),
        ROW(63, 60, AMDVI_CMD_OPCODE),
    };
    static const struct layout_row word_1[] = {
        ROW(63, 0, AMDVI_INV_DEVTAB_RESERVED1),
    };

    CHECK_TILES_64(word_0);
    CHECK_TILES_64(word_1);
}

static void invalidate_iommu_pages_tiles(void)
{
    static const struct layout_row word_0[] = {
        ROW(31, 0, AMDVI_INV_PAGES_RESERVED0),
        ROW(47, 32, AMDVI_INV_PAGES_DOMAIN_ID),
        ROW(59, 48, AMDVI_INV_PAGES_RESERVED0),
        ROW(63, 60, AMDVI_CMD_OPCODE),
    };
    static const struct layout_row word_1[] = {
        ROW(64 - 64, 64 - 64, AMDVI_INV_PAGES_S),
        ROW(65 - 64, 65 - 64, AMDVI_INV_PAGES_PDE),
        ROW(75 - 64, 66 - 64, AMDVI_INV_PAGES_RESERVED1),
        ROW(127 - 64, 76 - 64, AMDVI_INV_PAGES_ADDRESS),
    };

    CHECK_TILES_64(word_0);
    CHECK_TILES_64(word_1);
}

static void invalidate_iotlb_pages_tiles(void)
{
    static const struct layout_row word_0[] = {
        ROW(15, 0, AMDVI_INV_IOTLB_DEVICE_ID),  ROW(23, 16, AMDVI_INV_IOTLB_RESERVED0),
        ROW(31, 24, AMDVI_INV_IOTLB_MAX_PEND),  ROW(47, 32, AMDVI_INV_IOTLB_QUEUE_ID),
        ROW(59, 48, AMDVI_INV_IOTLB_RESERVED0), ROW(63, 60, AMDVI_CMD_OPCODE),
    };
    static const struct layout_row word_1[] = {
        ROW(64 - 64, 64 - 64, AMDVI_INV_IOTLB_S),
        ROW(75 - 64, 65 - 64, AMDVI_INV_IOTLB_RESERVED1),
        ROW(127 - 64, 76 - 64, AMDVI_INV_IOTLB_ADDRESS),
    };

    CHECK_TILES_64(word_0);
    CHECK_TILES_64(word_1);
}

static void invalidate_interrupt_table_tiles(void)
{
    static const struct layout_row word_0[] = {
        ROW(15, 0, AMDVI_INV_INT_TABLE_DEVICE_ID),
        ROW(59, 16, AMDVI_INV_INT_TABLE_RESERVED0),
        ROW(63, 60, AMDVI_CMD_OPCODE),
    };
    static const struct layout_row word_1[] = {
        ROW(63, 0, AMDVI_INV_INT_TABLE_RESERVED1),
    };

    CHECK_TILES_64(word_0);
    CHECK_TILES_64(word_1);
}

static void command_reserved_masks_leave_the_listed_legal_ones(void)
{
    CHECK_U64(~AMDVI_COMPLETION_WAIT_RESERVED, 0xF00FFFFFFFFFFFFF);
    CHECK_U64(~AMDVI_INV_DEVTAB_RESERVED0, 0xF00000000000FFFF);
    CHECK_U64(~AMDVI_INV_DEVTAB_RESERVED1, 0);
    CHECK_U64(~AMDVI_INV_PAGES_RESERVED0, 0xF000FFFF00000000);
    CHECK_U64(~AMDVI_INV_PAGES_RESERVED1, 0xFFFFFFFFFFFFF003);
    CHECK_U64(~AMDVI_INV_IOTLB_RESERVED0, 0xF000FFFFFF00FFFF);
    CHECK_U64(~AMDVI_INV_IOTLB_RESERVED1, 0xFFFFFFFFFFFFF001);
    CHECK_U64(~AMDVI_INV_INT_TABLE_RESERVED0, 0xF00000000000FFFF);
    CHECK_U64(~AMDVI_INV_INT_TABLE_RESERVED1, 0);
}

/* A command as its sixteen bytes lie in memory, and what it says. */
struct command_row {
    const char *name;
    struct amdvi_wire_command wire;
    struct amdvi_command want;
};

static const struct command_row command_rows[] = {
    {"COMPLETION_WAIT that stores and flushes",
     {{{{0x5D, 0x34, 0x12, 0xF0, 0xDE, 0xBC, 0x0A, 0x10}},
       {{0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}}}},
     {.opcode = AMDVI_OPCODE_COMPLETION_WAIT,
      .store = true,
      .flush = true,
      .store_address = 0x000ABCDEF0123458,
      .store_data = 0x1122334455667788}},
    {"COMPLETION_WAIT that stores to the highest address",
     {{{{0xF9, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x10}},
       {{0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80}}}},
     {.opcode = AMDVI_OPCODE_COMPLETION_WAIT,
      .store = true,
      .store_address = 0x000FFFFFFFFFFFF8,
      .store_data = 0x8000000000000001}},
    {"COMPLETION_WAIT that interrupts",
     {{{{0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10}},
       {{0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}}}},
     {.opcode = AMDVI_OPCODE_COMPLETION_WAIT, .interrupt = true}},
    {"INVALIDATE_DEVTAB_ENTRY of device 8086h",
     {{{{0x86, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20}},
       {{0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}}}},
     {.opcode = AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY, .device_id = 0x8086}},
    {"INVALIDATE_IOMMU_PAGES of all of domain 1234h, directories too",
     {{{{0x00, 0x00, 0x00, 0x00, 0x34, 0x12, 0x00, 0x30}},
       {{0x03, 0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F}}}},
     {.opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
      .domain_id = 0x1234,
      .size = true,
      .pde = true,
      .address = 0x7FFFFFFFFFFFF000}},
    {"INVALIDATE_IOMMU_PAGES of one page of domain FF01h",
     {{{{0x00, 0x00, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x30}},
       {{0x00, 0x60, 0x45, 0x23, 0x01, 0x00, 0x00, 0x00}}}},
     {.opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
      .domain_id = 0xFF01,
      .address = 0x0000000123456000}},
    {"INVALIDATE_IOMMU_PAGES of one page, directories too",
     {{{{0x00, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x30}},
       {{0x02, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80}}}},
     {.opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
      .domain_id = 0x0005,
      .pde = true,
      .address = 0x8000000000001000}},
    {"INVALIDATE_IOTLB_PAGES of 8 KB in device 0310h, queue 0411h, 20h pending",
     {{{{0x10, 0x03, 0x00, 0x20, 0x11, 0x04, 0x00, 0x40}},
       {{0x01, 0x00, 0x46, 0x23, 0x01, 0x00, 0x00, 0x00}}}},
     {.opcode = AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES,
      .device_id = 0x0310,
      .queue_id = 0x0411,
      .max_pend = 0x20,
      .size = true,
      .address = 0x0000000123460000}},
    {"INVALIDATE_IOTLB_PAGES of one page, every other bit of word 0 set",
     {{{{0xFF, 0xFF, 0x00, 0xFF, 0xFF, 0xFF, 0x00, 0x40}},
       {{0x00, 0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}}}},
     {.opcode = AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES,
      .device_id = 0xFFFF,
      .queue_id = 0xFFFF,
      .max_pend = 0xFF,
      .address = 0xFFFFFFFFFFFFF000}},
    {"INVALIDATE_INTERRUPT_TABLE of device 00A0h",
     {{{{0xA0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x50}},
       {{0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}}}},
     {.opcode = AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE, .device_id = 0x00A0}},
};

/* The bits a command of each opcode may have set, the opcode aside. */
static const uint64_t legal_command_bits[16][2] = {
    [1] = {0x000FFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF}, [2] = {0x000000000000FFFF, 0x0000000000000000},
    [3] = {0x0000FFFF00000000, 0xFFFFFFFFFFFFF003}, [4] = {0x0000FFFFFF00FFFF, 0xFFFFFFFFFFFFF001},
    [5] = {0x000000000000FFFF, 0x0000000000000000},
};

static void commands_decode_from_their_bytes(void)
{
    for (size_t i = 0; i < COUNT(command_rows); i++) {
        const struct command_row *row = &command_rows[i];
        struct amdvi_command got = {.store = false};
        bool is_legal = amdvi_command_decode(&got, &row->wire);

        check_row(row->name, is_legal, true);
        check_row(row->name, got.opcode, row->want.opcode);
        check_row(row->name, got.store, row->want.store);
        check_row(row->name, got.interrupt, row->want.interrupt);
        check_row(row->name, got.flush, row->want.flush);
        check_row(row->name, got.store_address, row->want.store_address);
        check_row(row->name, got.store_data, row->want.store_data);
        check_row(row->name, got.device_id, row->want.device_id);
        check_row(row->name, got.domain_id, row->want.domain_id);
        check_row(row->name, got.size, row->want.size);
        check_row(row->name, got.pde, row->want.pde);
        check_row(row->name, got.address, row->want.address);
        check_row(row->name, got.queue_id, row->want.queue_id);
        check_row(row->name, got.max_pend, row->want.max_pend);
    }
}

static void opcodes_outside_the_list_are_illegal(void)
{
    for (unsigned opcode = 0; opcode < 16; opcode++) {
        struct amdvi_wire_command wire = {{{{0}}, {{0}}}};
        struct amdvi_command command = {.store = false};

        wire.word[0].byte[7] = (uint8_t)(opcode << 4);
        CHECK_U64(amdvi_command_decode(&command, &wire), opcode >= 1 && opcode <= 5);
    }
}

/* Turns over each bit but the opcode's, one at a time. */
static void check_each_bit_of_command(const char *name, const struct amdvi_wire_command *legal)
{
    const uint64_t *allowed = legal_command_bits[legal->word[0].byte[7] >> 4];

    for (unsigned bit = 0; bit < 128; bit++) {
        struct amdvi_wire_command wire = *legal;
        struct amdvi_command command = {.store = false};
        uint8_t *byte = &wire.word[bit / 64].byte[bit % 64 / 8];

        if (bit >= 60 && bit < 64) {
            continue;
        }
        *byte = (uint8_t)(*byte ^ (1u << (bit % 8)));
        check_row(name, amdvi_command_decode(&command, &wire),
                  (allowed[bit / 64] >> (bit % 64)) & 1);
    }
}

static void a_command_is_illegal_exactly_when_a_reserved_bit_is_set(void)
{
    for (size_t i = 0; i < COUNT(command_rows); i++) {
        check_each_bit_of_command(command_rows[i].name, &command_rows[i].wire);
    }
    for (unsigned opcode = 1; opcode <= 5; opcode++) {
        struct amdvi_wire_command wire = {{{{0}}, {{0}}}};

        wire.word[0].byte[7] = (uint8_t)(opcode << 4);
        check_each_bit_of_command("operands all zero", &wire);
    }
}

static const struct check_case cases[] = {
    {"opcodes are those of the list", "1.20 command buffer", opcodes_are_those_of_the_list},
    {"COMPLETION_WAIT word 0 tiles 64 bits", "1.20 COMPLETION_WAIT", completion_wait_tiles},
    {"INVALIDATE_DEVTAB_ENTRY tiles 128 bits", "1.20 INVALIDATE_DEVTAB_ENTRY",
     invalidate_devtab_entry_tiles},
    {"INVALIDATE_IOMMU_PAGES tiles 128 bits", "1.20 INVALIDATE_IOMMU_PAGES",
     invalidate_iommu_pages_tiles},
    {"INVALIDATE_IOTLB_PAGES tiles 128 bits", "1.20 INVALIDATE_IOTLB_PAGES",
     invalidate_iotlb_pages_tiles},
    {"INVALIDATE_INTERRUPT_TABLE tiles 128 bits", "1.20 INVALIDATE_INTERRUPT_TABLE",
     invalidate_interrupt_table_tiles},
    {"command reserved masks leave the listed legal ones", "1.20 command buffer",
     command_reserved_masks_leave_the_listed_legal_ones},
    {"commands decode from their bytes", "1.20 command buffer", commands_decode_from_their_bytes},
    {"opcodes outside the list are illegal", "1.20 command buffer",
     opcodes_outside_the_list_are_illegal},
    {"a command is illegal exactly when a reserved bit is set", "1.20 command buffer",
     a_command_is_illegal_exactly_when_a_reserved_bit_is_set},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
