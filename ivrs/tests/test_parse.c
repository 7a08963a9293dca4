/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parsing: what later revisions added, every way in which a table can be wrong, and where the error
 * is said to be. The tables are typed byte by byte.
 */
#include <string.h>

#include "amdvi/ivrs.h"
#include "check.h"
#include "raw_table.h"

static struct raw_table raw;
static struct amdvi_ivrs_table table;

static void open_raw(void)
{
    raw_finish(&raw);
    CHECK_U64(amdvi_ivrs_open(&table, raw.bytes, raw.size, NULL), AMDVI_IVRS_OK);
}

static void check_open_fails(uint32_t size, enum amdvi_ivrs_status want, uint32_t offset)
{
    uint32_t fault = 77;
    struct amdvi_ivrs_table untouched = {.revision = 77};

    CHECK_U64(amdvi_ivrs_open(&untouched, raw.bytes, size, &fault), want);
    CHECK_U64(fault, offset);
    CHECK_U64(untouched.revision, 77);
    CHECK_U64(amdvi_ivrs_open(&untouched, raw.bytes, size, NULL), want);
}

/* The block with this index fails so, and goes on doing so. */
static void check_block_fails(uint32_t index, enum amdvi_ivrs_status want, uint32_t offset)
{
    struct amdvi_ivrs_block block;

    open_raw();
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(&table);
    for (uint32_t i = 0; i < index; i++) {
        CHECK_U64(amdvi_ivrs_next_block(&cursor, &block), AMDVI_IVRS_OK);
    }
    CHECK_U64(amdvi_ivrs_next_block(&cursor, &block), want);
    CHECK_U64(cursor.fault_offset, offset);
    CHECK_U64(amdvi_ivrs_next_block(&cursor, &block), want);
    CHECK_U64(cursor.fault_offset, offset);
}

/* The same for an entry of the first block. */
static void check_entry_fails(uint32_t index, enum amdvi_ivrs_status want, uint32_t offset)
{
    struct amdvi_ivrs_block block;
    struct amdvi_ivrs_entry entry;

    open_raw();
    struct amdvi_ivrs_block_cursor blocks = amdvi_ivrs_blocks(&table);
    if (!CHECK_U64(amdvi_ivrs_next_block(&blocks, &block), AMDVI_IVRS_OK)) {
        return;
    }
    struct amdvi_ivrs_entry_cursor cursor = amdvi_ivrs_entries(&table, &block);
    for (uint32_t i = 0; i < index; i++) {
        CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_OK);
    }
    CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), want);
    CHECK_U64(cursor.fault_offset, offset);
    CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), want);
    CHECK_U64(cursor.fault_offset, offset);
}

static void start_with(const char *entries)
{
    raw_start(&raw);
    raw_open_block(&raw, RAW_IVHD_10);
    raw_append(&raw, entries);
}

static void header_is_checked_before_anything_else(void)
{
    uint32_t fault = 77;

    start_with(RAW_ENTRIES);
    open_raw();
    CHECK_U64(amdvi_ivrs_open(NULL, raw.bytes, raw.size, &fault), AMDVI_IVRS_ERR_ARGUMENT);
    CHECK_U64(amdvi_ivrs_open(&table, NULL, raw.size, &fault), AMDVI_IVRS_ERR_ARGUMENT);
    check_open_fails(0, AMDVI_IVRS_ERR_TABLE_TOO_SHORT, 0);
    check_open_fails(47, AMDVI_IVRS_ERR_TABLE_TOO_SHORT, 0);
    check_open_fails(48, AMDVI_IVRS_ERR_TABLE_LENGTH, 4);
    check_open_fails(raw.size - 1, AMDVI_IVRS_ERR_TABLE_LENGTH, 4);
    for (unsigned i = 0; i < 4; i++) {
        start_with(RAW_ENTRIES);
        raw.bytes[i] ^= 0x20;
        raw_finish(&raw);
        check_open_fails(raw.size, AMDVI_IVRS_ERR_SIGNATURE, 0);
    }
}

static void table_length_is_believed_only_within_its_bounds(void)
{
    static const uint32_t bad[] = {0, 1, 47, 89, 0x10000, 0x40000, 0x40001, 0x7fffffff, 0xffffffff};

    start_with(RAW_ENTRIES);
    for (unsigned i = 0; i < 9; i++) {
        raw_finish(&raw);
        for (unsigned byte = 0; byte < 4; byte++) {
            raw.bytes[4 + byte] = (uint8_t)(bad[i] >> (8 * byte) & 0xff);
        }
        raw_fix_checksum(raw.bytes, raw.size);
        check_open_fails(raw.size, AMDVI_IVRS_ERR_TABLE_LENGTH, 4);
    }
    /* Bytes behind the table do not belong to it. */
    raw_finish(&raw);
    raw.bytes[raw.size] = 0x55;
    CHECK_U64(amdvi_ivrs_open(&table, raw.bytes, raw.size + 1, NULL), AMDVI_IVRS_OK);
    CHECK_U64(table.size_bytes, raw.size);
}

static void table_of_256_kib_is_the_longest(void)
{
    static uint8_t bytes[256 * 1024 + 1];
    uint32_t fault = 0;

    start_with(RAW_ENTRIES);
    memcpy(bytes, raw.bytes, raw.size);
    bytes[4] = 0;
    bytes[5] = 0;
    bytes[6] = 4;
    raw_fix_checksum(bytes, 256 * 1024);
    CHECK_U64(amdvi_ivrs_open(&table, bytes, sizeof(bytes), NULL), AMDVI_IVRS_OK);
    bytes[4] = 1;
    raw_fix_checksum(bytes, sizeof(bytes));
    CHECK_U64(amdvi_ivrs_open(&table, bytes, sizeof(bytes), &fault), AMDVI_IVRS_ERR_TABLE_LENGTH);
    CHECK_U64(fault, 4);
}

static void revision_is_1_or_2(void)
{
    for (unsigned revision = 0; revision < 256; revision++) {
        start_with(RAW_ENTRIES);
        raw.bytes[8] = (uint8_t)revision;
        raw_finish(&raw);
        if (revision == 1 || revision == 2) {
            CHECK_U64(amdvi_ivrs_open(&table, raw.bytes, raw.size, NULL), AMDVI_IVRS_OK);
            CHECK_U64(table.revision, revision);
        } else {
            check_open_fails(raw.size, AMDVI_IVRS_ERR_REVISION, 8);
        }
    }
}

static void every_wrong_checksum_is_refused(void)
{
    start_with(RAW_ENTRIES);
    raw_finish(&raw);
    for (unsigned i = 1; i < 256; i++) {
        raw.bytes[9]++;
        check_open_fails(raw.size, AMDVI_IVRS_ERR_CHECKSUM, 9);
    }
}

static void ivinfo_of_later_revisions_is_decoded(void)
{
    start_with(RAW_ENTRIES);
    raw.bytes[36] = 0x43; /* 0020_3043h, of real firmware, with HtAtsResv */
    raw.bytes[37] = 0x30;
    raw.bytes[38] = 0x60;
    open_raw();
    CHECK_U64(table.ivinfo, 0x00603043);
    CHECK(table.efr_supported);
    CHECK(table.dma_protection);
    CHECK(table.ht_ats_reserved);
    CHECK_U64(table.gva_size, 2);
    CHECK_U64(table.pa_bits, 48);
    CHECK_U64(table.va_bits, 64);
}

static void empty_table_has_no_blocks(void)
{
    struct amdvi_ivrs_block block = {.type = 77};

    raw_start(&raw);
    open_raw();
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(&table);
    CHECK_U64(amdvi_ivrs_next_block(&cursor, &block), AMDVI_IVRS_END);
    CHECK_U64(amdvi_ivrs_next_block(&cursor, &block), AMDVI_IVRS_END);
    CHECK_U64(block.type, 77);
}

static void block_shorter_than_its_type_is_refused(void)
{
    static const struct {
        const char *type;
        uint32_t needs;
    } rows[] = {{"10", 24}, {"11", 40}, {"40", 40}, {"20", 32}, {"21", 32}, {"22", 32}, {"99", 4}};

    for (unsigned i = 0; i < 7; i++) {
        for (uint32_t length = 0; length <= rows[i].needs; length++) {
            raw_start(&raw);
            raw_append(&raw, rows[i].type);
            raw_append(&raw, "00 0000");
            raw.bytes[50] = (uint8_t)length;
            while (raw.size < 48 + rows[i].needs) {
                raw_append(&raw, "00");
            }
            if (length < rows[i].needs) {
                check_block_fails(0, AMDVI_IVRS_ERR_BLOCK_LENGTH, 50);
            } else {
                check_block_fails(1, AMDVI_IVRS_END, 0);
            }
        }
    }
}

static void block_must_end_within_the_table(void)
{
    start_with(RAW_ENTRIES);
    raw_append(&raw, "00");
    raw.block = 0;
    raw.bytes[50] = 42; /* one more than there is */
    check_block_fails(0, AMDVI_IVRS_ERR_BLOCK_BEYOND_TABLE, 50);
    raw.bytes[50] = 41;
    check_block_fails(1, AMDVI_IVRS_END, 0);
    raw.bytes[51] = 0xff;
    check_block_fails(0, AMDVI_IVRS_ERR_BLOCK_BEYOND_TABLE, 50);
    for (unsigned rest = 1; rest < 4; rest++) {
        start_with(RAW_ENTRIES);
        raw_fix_block(&raw);
        raw.block = 0;
        for (unsigned i = 0; i < rest; i++) {
            raw_append(&raw, "10");
        }
        check_block_fails(1, AMDVI_IVRS_ERR_BLOCK_BEYOND_TABLE, 88);
    }
}

static void unknown_blocks_are_skipped_by_length(void)
{
    struct amdvi_ivrs_block block;

    start_with(RAW_ENTRIES);
    raw_open_block(&raw, "23 ff 0000 0102030405");
    raw_open_block(&raw, "00 00 0000");
    raw_open_block(&raw, "21 00 0000 0100 0000 0000000000000000 0000000000000000 0000000000000000");
    open_raw();
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(&table);
    CHECK_U64(amdvi_ivrs_next_block(&cursor, &block), AMDVI_IVRS_OK);
    CHECK_U64(amdvi_ivrs_next_block(&cursor, &block), AMDVI_IVRS_OK);
    CHECK_U64(block.kind, AMDVI_IVRS_BLOCK_UNKNOWN);
    CHECK_U64(block.type, 0x23);
    CHECK_U64(block.size_bytes, 9);
    struct amdvi_ivrs_entry entry;
    struct amdvi_ivrs_entry_cursor entries = amdvi_ivrs_entries(&table, &block);
    CHECK_U64(amdvi_ivrs_next_entry(&entries, &entry), AMDVI_IVRS_END);
    CHECK_U64(amdvi_ivrs_next_block(&cursor, &block), AMDVI_IVRS_OK);
    CHECK_U64(block.offset, 97);
    CHECK_U64(block.size_bytes, 4);
    CHECK_U64(amdvi_ivrs_next_block(&cursor, &block), AMDVI_IVRS_OK);
    CHECK_U64(block.kind, AMDVI_IVRS_BLOCK_IVMD);
    CHECK_U64(block.memory.device_id, 1);
    CHECK(!block.memory.is_unity);
    CHECK_U64(amdvi_ivrs_next_block(&cursor, &block), AMDVI_IVRS_END);
}

static void check_image(const struct amdvi_ivrs_block *block, uint8_t type)
{
    CHECK_U64(block->type, type);
    CHECK_U64(block->kind, AMDVI_IVRS_BLOCK_IVHD);
    CHECK_U64(block->unit.flags, 0x3f);
    CHECK_U64(block->unit.device_id, 0x1234);
    CHECK_U64(block->unit.capability_offset, 0x5678);
    CHECK_U64(block->unit.window_spa, UINT64_C(0x8877665544332211));
    CHECK_U64(block->unit.pci_segment, 0xabcd);
    CHECK_U64(block->unit.msi_num, 0x15);
    CHECK_U64(block->unit.unit_id, 0x0a);
}

static void ivhds_of_later_types_carry_feature_images(void)
{
    struct amdvi_ivrs_block block;
    static const char *const types[] = {"10", "11", "40"};

    for (unsigned i = 0; i < 3; i++) {
        raw_start(&raw);
        raw_open_block(&raw, types[i]);
        raw_append(&raw, "3f 0000 3412 7856 1122334455667788 cdab 150a 6e8f0480");
        if (i != 0) {
            raw_append(&raw, "0102030405060708 1112131415161718");
        }
        raw_append(&raw, "02 0100 00");
        open_raw();
        struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(&table);
        CHECK_U64(amdvi_ivrs_next_block(&cursor, &block), AMDVI_IVRS_OK);
        check_image(&block, (uint8_t)(i == 0 ? 0x10 : i == 1 ? 0x11 : 0x40));
        CHECK_U64(block.features, i == 0 ? 0x80048f6e : 0);
        CHECK_U64(block.attributes, i == 0 ? 0 : 0x80048f6e);
        CHECK_U64(block.efr, i == 0 ? 0 : UINT64_C(0x0807060504030201));
        CHECK_U64(block.efr2, i == 0 ? 0 : UINT64_C(0x1817161514131211));
        CHECK_U64(block.entries_offset, i == 0 ? 72 : 88);
        CHECK_U64(block.size_bytes, i == 0 ? 28 : 44);
    }
}

static void info_reserved_bits_are_not_part_of_its_fields(void)
{
    struct amdvi_ivrs_block block;

    raw_start(&raw);
    raw_open_block(&raw, "10 00 0000 0800 4000 0000d9fe00000000 0000 ffff 00000000");
    open_raw();
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(&table);
    CHECK_U64(amdvi_ivrs_next_block(&cursor, &block), AMDVI_IVRS_OK);
    CHECK_U64(block.unit.msi_num, 31);
    CHECK_U64(block.unit.unit_id, 31);
}

static void padding_and_unknown_entries_follow_the_length_rule(void)
{
    struct amdvi_ivrs_block block;
    struct amdvi_ivrs_entry entry;
    static const uint8_t types[] = {0x05, 0x3f, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xef};
    static const uint32_t sizes[] = {4, 4, 8, 8, 16, 16, 32, 32};

    start_with("00 ffffff 40 00000000000000");
    for (unsigned i = 0; i < 8; i++) {
        raw.bytes[raw.size] = types[i];
        raw.size += sizes[i];
    }
    raw_append(&raw, "02 0100 00 00 000000");
    open_raw();
    struct amdvi_ivrs_block_cursor blocks = amdvi_ivrs_blocks(&table);
    CHECK_U64(amdvi_ivrs_next_block(&blocks, &block), AMDVI_IVRS_OK);
    struct amdvi_ivrs_entry_cursor cursor = amdvi_ivrs_entries(&table, &block);
    for (unsigned i = 0; i < 8; i++) {
        CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_OK);
        CHECK_U64(entry.device.kind, AMDVI_IVRS_DEVICE_UNKNOWN);
        CHECK_U64(entry.type, types[i]);
        CHECK_U64(entry.size_bytes, sizes[i]);
        CHECK(entry.bytes == raw.bytes + entry.offset);
    }
    CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_OK);
    CHECK_U64(entry.device.kind, AMDVI_IVRS_DEVICE_SELECT);
    CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_END);
}

/* Linux 6.1 would loop forever on the types from 80h on, and on a block of length 0. */
static void entries_must_end_within_their_block(void)
{
    static const uint8_t types[] = {0x02, 0x42, 0x80, 0xc0};
    static const uint32_t sizes[] = {4, 8, 16, 32};

    for (unsigned i = 0; i < 4; i++) {
        for (uint32_t size = 1; size < sizes[i]; size++) {
            start_with("02 0100 00");
            raw.bytes[raw.size] = types[i];
            memset(raw.bytes + raw.size + 1, 0, 32);
            raw.size += size;
            /* What follows is another block, not the rest of the entry. */
            raw_open_block(&raw, "99 00 0000 0000000000000000000000000000000000000000000000000000");
            check_entry_fails(1, AMDVI_IVRS_ERR_ENTRY_BEYOND_BLOCK, 76);
        }
    }
}

static void entries_of_no_known_length_end_the_block(void)
{
    for (unsigned type = 0xf1; type <= 0xff; type++) {
        start_with("02 0100 00 00 000000");
        raw.bytes[76] = (uint8_t)type;
        check_entry_fails(1, AMDVI_IVRS_ERR_ENTRY_TYPE, 76);
    }
}

static void range_must_be_closed_by_the_next_entry(void)
{
    static const char *const starts[] = {"03 0100 00", "43 0100 00 00 0000 00",
                                         "47 0100 00 00000000"};
    static const uint32_t sizes[] = {4, 8, 8};

    for (unsigned i = 0; i < 3; i++) {
        start_with(starts[i]); /* nothing follows */
        check_entry_fails(0, AMDVI_IVRS_ERR_RANGE_NOT_CLOSED, 72 + sizes[i]);
        start_with(starts[i]);
        raw_append(&raw, "00 000000"); /* only padding does */
        check_entry_fails(0, AMDVI_IVRS_ERR_RANGE_NOT_CLOSED, 76 + sizes[i]);
        start_with(starts[i]);
        raw_append(&raw, "03 0200 00 04 0300 00 04 0400 00"); /* nested */
        check_entry_fails(0, AMDVI_IVRS_ERR_RANGE_NOT_CLOSED, 72 + sizes[i]);
        start_with(starts[i]);
        raw_append(&raw, "02 0200 00 04 0300 00");
        check_entry_fails(0, AMDVI_IVRS_ERR_RANGE_NOT_CLOSED, 72 + sizes[i]);
        start_with(starts[i]);
        raw_append(&raw, "04 0000 00");
        check_entry_fails(0, AMDVI_IVRS_ERR_RANGE_ORDER, 73 + sizes[i]);
        start_with(starts[i]);
        raw_append(&raw, "04 02"); /* an end cut in half */
        check_entry_fails(0, AMDVI_IVRS_ERR_ENTRY_BEYOND_BLOCK, 72 + sizes[i]);
        start_with(starts[i]);
        raw_append(&raw, "00 000000 40 00000000000000 04 0100 ff");
        check_entry_fails(1, AMDVI_IVRS_END, 0);
    }
    start_with("02 0100 00 04 0200 00");
    check_entry_fails(1, AMDVI_IVRS_ERR_RANGE_NOT_OPENED, 76);
}

static void range_includes_its_padding_and_end(void)
{
    struct amdvi_ivrs_block block;
    struct amdvi_ivrs_entry entry;

    start_with("03 0100 d7 00 000000 04 ffff 55");
    open_raw();
    struct amdvi_ivrs_block_cursor blocks = amdvi_ivrs_blocks(&table);
    CHECK_U64(amdvi_ivrs_next_block(&blocks, &block), AMDVI_IVRS_OK);
    struct amdvi_ivrs_entry_cursor cursor = amdvi_ivrs_entries(&table, &block);
    CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_OK);
    CHECK_U64(entry.offset, 72);
    CHECK_U64(entry.size_bytes, 12);
    CHECK_U64(entry.device.device_id, 1);
    CHECK_U64(entry.device.last_device_id, 0xffff);
    CHECK_U64(entry.device.dte_setting, 0xd7);
}

static void all_and_special_entries_are_decoded(void)
{
    struct amdvi_ivrs_block block;
    struct amdvi_ivrs_entry entry;

    start_with("01 3412 81 48 ffff d7 05 3412 01 48 0000 00 06 7856 02 48 0000 00 07 bc9a 03");
    open_raw();
    struct amdvi_ivrs_block_cursor blocks = amdvi_ivrs_blocks(&table);
    CHECK_U64(amdvi_ivrs_next_block(&blocks, &block), AMDVI_IVRS_OK);
    struct amdvi_ivrs_entry_cursor cursor = amdvi_ivrs_entries(&table, &block);
    CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_OK);
    CHECK_U64(entry.device.kind, AMDVI_IVRS_DEVICE_ALL);
    CHECK_U64(entry.device.device_id, 0);
    CHECK_U64(entry.device.last_device_id, 0xffff);
    CHECK_U64(entry.device.dte_setting, 0x81);
    static const enum amdvi_ivrs_device_kind kinds[] = {
        AMDVI_IVRS_DEVICE_IOAPIC, AMDVI_IVRS_DEVICE_HPET, AMDVI_IVRS_DEVICE_SPECIAL_OTHER};
    static const uint16_t ids[] = {0x1234, 0x5678, 0x9abc};
    for (unsigned i = 0; i < 3; i++) {
        CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_OK);
        CHECK_U64(entry.device.kind, kinds[i]);
        CHECK_U64(entry.device.handle, 5 + i);
        CHECK_U64(entry.device.device_id, ids[i]);
        CHECK_U64(entry.device.last_device_id, ids[i]);
        CHECK_U64(entry.device.dte_setting, i == 0 ? 0xd7 : 0);
    }
}

static void ats_is_disabled_by_bit_31_alone(void)
{
    struct amdvi_ivrs_block block;
    struct amdvi_ivrs_entry entry;

    start_with("46 0100 00 00000080 46 0200 00 ffffff7f 47 0300 00 00000080 04 0400 00");
    open_raw();
    struct amdvi_ivrs_block_cursor blocks = amdvi_ivrs_blocks(&table);
    CHECK_U64(amdvi_ivrs_next_block(&blocks, &block), AMDVI_IVRS_OK);
    struct amdvi_ivrs_entry_cursor cursor = amdvi_ivrs_entries(&table, &block);
    CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_OK);
    CHECK(entry.device.ats_disabled);
    CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_OK);
    CHECK(!entry.device.ats_disabled);
    CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_OK);
    CHECK(entry.device.ats_disabled);
    CHECK_U64(entry.device.last_device_id, 4);
}

/* "AMDI0020", no CID, UID as string of 5 bytes "\_SB0". */
#define HID_ENTRY "f0 3412 40 414d444930303230 0000000000000000 02 05 5c5f534230"

static void start_with_40(const char *entries)
{
    raw_start(&raw);
    raw_open_block(&raw, "40 00 0000 0800 4000 0000d9fe00000000 0000 0000 00000000"
                         "0000000000000000 0000000000000000");
    raw_append(&raw, entries);
}

static void acpi_devices_are_decoded(void)
{
    struct amdvi_ivrs_block block;
    struct amdvi_ivrs_entry entry;

    start_with_40(HID_ENTRY "02 0100 00");
    open_raw();
    struct amdvi_ivrs_block_cursor blocks = amdvi_ivrs_blocks(&table);
    CHECK_U64(amdvi_ivrs_next_block(&blocks, &block), AMDVI_IVRS_OK);
    struct amdvi_ivrs_entry_cursor cursor = amdvi_ivrs_entries(&table, &block);
    CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_OK);
    CHECK_U64(entry.device.kind, AMDVI_IVRS_DEVICE_ACPI_HID);
    CHECK_U64(entry.device.device_id, 0x1234);
    CHECK_U64(entry.device.last_device_id, 0x1234);
    CHECK_U64(entry.device.dte_setting, 0x40);
    CHECK_U64(entry.size_bytes, 27);
    CHECK(memcmp(entry.hid, "AMDI0020", 8) == 0);
    CHECK(memcmp(entry.cid, "\0\0\0\0\0\0\0\0", 8) == 0);
    CHECK_U64(entry.uid_format, 2);
    CHECK_U64(entry.uid_bytes, 5);
    CHECK(memcmp(entry.uid, "\\_SB0", 5) == 0);
    CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_OK);
    CHECK_U64(entry.device.kind, AMDVI_IVRS_DEVICE_SELECT);
    CHECK(entry.hid == NULL);
    CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_END);
}

static void uid_must_end_within_the_block(void)
{
    for (uint32_t cut = 1; cut < 27; cut++) {
        start_with_40(HID_ENTRY);
        raw.size -= cut;
        raw_open_block(&raw, "99 00 0000 0000000000000000000000000000000000000000000000000000");
        check_entry_fails(0, AMDVI_IVRS_ERR_ENTRY_BEYOND_BLOCK, 88);
    }
    start_with_40(HID_ENTRY);
    raw.bytes[88 + 21] = 0xff;
    check_entry_fails(0, AMDVI_IVRS_ERR_ENTRY_BEYOND_BLOCK, 88);
}

static const struct check_case cases[] = {
    {"the header is checked first", "1.20 IVRS", header_is_checked_before_anything_else},
    {"a table's length is believed within bounds", "1.20 IVRS",
     table_length_is_believed_only_within_its_bounds},
    {"a table may be 256 KiB long", NULL, table_of_256_kib_is_the_longest},
    {"the revision is 1 or 2", "2.6 IVRS", revision_is_1_or_2},
    {"every wrong checksum is refused", "1.20 IVRS", every_wrong_checksum_is_refused},
    {"IVinfo of later revisions is decoded", "3.x IVinfo", ivinfo_of_later_revisions_is_decoded},
    {"a table without blocks is empty", "1.20 IVRS", empty_table_has_no_blocks},
    {"a block shorter than its type is refused, also of length 0", "1.20 IVRS blocks",
     block_shorter_than_its_type_is_refused},
    {"a block ends within the table", "1.20 IVRS blocks", block_must_end_within_the_table},
    {"unknown blocks are skipped by length", "1.20 IVRS blocks",
     unknown_blocks_are_skipped_by_length},
    {"IVHDs of types 11h and 40h carry feature images", "2.6 IVHD",
     ivhds_of_later_types_carry_feature_images},
    {"MsiNum and UnitID are five bits each", "1.20 IVHD",
     info_reserved_bits_are_not_part_of_its_fields},
    {"padding and unknown entries follow the length rule", "1.20 IVHD device entries",
     padding_and_unknown_entries_follow_the_length_rule},
    {"entries end within their block", "1.20 IVHD device entries",
     entries_must_end_within_their_block},
    {"entries of no known length end the block", "2.6 IVHD device entries",
     entries_of_no_known_length_end_the_block},
    {"a range is closed by the next entry", "1.20 IVHD device entries",
     range_must_be_closed_by_the_next_entry},
    {"a range is one entry with its padding and end", "1.20 IVHD device entries",
     range_includes_its_padding_and_end},
    {"entries for all devices and special devices are decoded", "1.20 IVHD device entries",
     all_and_special_entries_are_decoded},
    {"ATS is disabled by bit 31", "1.20 IVHD device entries", ats_is_disabled_by_bit_31_alone},
    {"ACPI devices are decoded", "2.6 IVHD device entries", acpi_devices_are_decoded},
    {"a UID ends within the block", "2.6 IVHD device entries", uid_must_end_within_the_block},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
