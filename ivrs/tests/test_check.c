/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What amdvi_ivrs_check() finds in tables that are typed byte by byte, of IOMMUs and memory: each
 * thing that Linux or Xen trips over, alone, at its place, with nothing else reported; and nothing
 * at all in good tables.
 */
#include <ctype.h>
#include <string.h>

#include "amdvi/ivrs.h"
#include "check.h"
#include "findings.h"
#include "raw_table.h"

static void good_tables_are_clean(void)
{
    start_good();
    run();
    expect_no_more();
    raw_open_block(&raw, OTHER_IVHD);
    raw_append(&raw, OTHER_ENTRIES);
    raw_open_block(&raw, "21 07 2000 2800 0000 0000000000000000 0000010000000000 0010000000000000");
    raw_open_block(&raw, "22 03 2000 2900 3000 0000000000000000 0000020000000000 0010000000000000");
    raw_open_block(&raw, "20 08 2000 0000 0000 0000000000000000 0000030000000000 0010000000000000");
    run();
    expect_no_more();
}

static void types_10_11_and_40_in_this_order_are_clean(void)
{
    start();
    raw.bytes[8] = 2;
    raw.bytes[36] = 0x01; /* EFRSup */
    raw_open_block(&raw, RAW_IVHD_10);
    raw_append(&raw, ENTRIES);
    raw_open_block(&raw, IVHD_11);
    raw.bytes[88 + 24] = 0x80; /* GASup */
    raw_append(&raw, ENTRIES);
    raw_open_block(&raw, IVHD_40);
    raw.bytes[144 + 24] = 0x80;
    raw_append(&raw, ENTRIES "f0 1200 00 414d444930303230 0000000000000000 00 00");
    run();
    expect_no_more();
}

static void table_without_blocks_names_no_iommu(void)
{
    start();
    run();
    expect(FOUND(NO_UNIT), ERROR, SPEC | LINUX | XEN, 48);
    expect(FOUND(NO_SOUTHBRIDGE_IOAPIC), ERROR, LINUX, 48);
    expect_no_more();
}

static void malformed_blocks_and_entries_are_reported_once(void)
{
    start_good();
    raw_open_block(&raw, "10 00 0000");
    raw.block = 0; /* leaves the length 0 */
    run();
    expect(FOUND(MALFORMED), ERROR, SPEC | LINUX | XEN, 90);
    CHECK_U64(findings[0].status, AMDVI_IVRS_ERR_BLOCK_LENGTH);
    CHECK(strcmp(findings[0].text, amdvi_ivrs_status_text(AMDVI_IVRS_ERR_BLOCK_LENGTH)) == 0);
    expect_no_more();

    start_good();
    raw_append(&raw, "04 0000 00");
    run();
    expect(FOUND(MALFORMED), ERROR, SPEC | LINUX | XEN, 88);
    CHECK_U64(findings[0].status, AMDVI_IVRS_ERR_RANGE_NOT_OPENED);
    expect_no_more();
}

static void reserved_bits_are_noted(void)
{
    static const uint32_t bits[][2] = {{36, 0x04}, {36, 0x10}, {38, 0x80}, {39, 0x80}, {66, 0x20},
                                       {66, 0x80}, {67, 0x20}, {67, 0x80}, {75, 0x08}, {83, 0x08}};
    static const uint32_t offsets[] = {36, 36, 36, 36, 66, 66, 66, 66, 75, 83};

    for (unsigned i = 0; i < 10; i++) {
        start_good();
        raw.bytes[bits[i][0]] |= (uint8_t)bits[i][1];
        expect_only(FOUND(RESERVED_BITS), NOTE, SPEC, offsets[i]);
    }
    start_good();
    raw_open_block(&raw, "21 17 2000 2800 0000 0000000000000000 0000010000000000 0010000000000000");
    expect_only(FOUND(RESERVED_BITS), NOTE, SPEC, 89);
    start();
    raw.bytes[36] = 0x01;
    raw_open_block(&raw, IVHD_11);
    raw_append(&raw, ENTRIES);
    raw.bytes[49] = 0x40;
    expect_only(FOUND(RESERVED_BITS), NOTE, SPEC, 49);
}

/* Linux takes the type of the last block with the first one's device id, whatever it is. */
static void linux_is_misled_by_other_blocks(void)
{
    start();
    raw_open_block(&raw, "21 07 2000 2800 0000 0000000000000000 0000010000000000 0010000000000000");
    raw_open_block(&raw, RAW_IVHD_10);
    raw_append(&raw, ENTRIES);
    run();
    expect(FOUND(FIRST_BLOCK), ERROR, LINUX, 48);
    expect(FOUND(UNIT_HIDDEN), ERROR, LINUX, 80);
    expect(FOUND(NO_SOUTHBRIDGE_IOAPIC), ERROR, LINUX, 48);
    expect_no_more();

    start_good();
    raw_open_block(&raw, "21 07 2000 0800 0000 0000000000000000 0000010000000000 0010000000000000");
    run();
    expect(FOUND(TYPE_TRAP), ERROR, LINUX, 88);
    expect(FOUND(UNIT_HIDDEN), ERROR, LINUX, 48);
    expect(FOUND(NO_SOUTHBRIDGE_IOAPIC), ERROR, LINUX, 48);
    expect_no_more();

    /* A type above 40h ends the search before it comes to the trap. */
    start_good();
    raw_open_block(&raw, "41 00 0000 00000000");
    raw_open_block(&raw, "21 07 2000 0800 0000 0000000000000000 0000010000000000 0010000000000000");
    expect_only(FOUND(BLOCK_UNKNOWN), NOTE, SPEC, 88);
}

static void linux_wants_types_in_ascending_order(void)
{
    start();
    raw.bytes[8] = 2;
    raw.bytes[36] = 0x01;
    raw_open_block(&raw, IVHD_40);
    raw_append(&raw, ENTRIES);
    raw_open_block(&raw, IVHD_11);
    raw_append(&raw, ENTRIES);
    expect_only(FOUND(TYPE_ORDER), WARNING, LINUX, 104);
}

static void xen_knows_neither_type_40_nor_11_without_features(void)
{
    start();
    raw.bytes[8] = 2;
    raw_open_block(&raw, IVHD_40);
    raw_append(&raw, ENTRIES);
    expect_only(FOUND(NO_TYPE_FOR_XEN), ERROR, XEN, 48);
    raw.bytes[48] = 0x11;
    expect_only(FOUND(NO_TYPE_FOR_XEN), ERROR, XEN, 48);
    raw.bytes[36] = 0x01;
    run();
    expect_no_more();
}

static void iommus_without_the_type_of_the_first_are_hidden(void)
{
    start();
    raw.bytes[36] = 0x01;
    raw_open_block(&raw, RAW_IVHD_10);
    raw_append(&raw, ENTRIES);
    raw_open_block(&raw, IVHD_11);
    raw_append(&raw, ENTRIES);
    raw_open_block(&raw, OTHER_IVHD);
    raw_append(&raw, OTHER_ENTRIES);
    expect_only(FOUND(UNIT_HIDDEN), ERROR, LINUX | XEN, 144);
    raw.bytes[36] = 0x00; /* Xen is back at 10h */
    expect_only(FOUND(UNIT_HIDDEN), ERROR, LINUX, 144);
}

static void type_40_belongs_to_revision_2(void)
{
    start_good();
    raw_open_block(&raw, IVHD_40);
    raw_append(&raw, ENTRIES);
    expect_only(FOUND(TYPE_40_IN_REVISION_1), NOTE, SPEC, 88);
}

static void tables_of_many_blocks_are_not_compared(void)
{
    start_good();
    for (unsigned i = 0; i < 256; i++) {
        raw_open_block(&raw, "99 00 0000");
    }
    run();
    CHECK_U64(findings[0].kind, FOUND(BLOCK_UNKNOWN));
    CHECK_U64(findings[63].kind, FOUND(BLOCK_UNKNOWN));
    start();
    raw_open_block(&raw, RAW_IVHD_10);
    raw_append(&raw, "03 0900 00 04 0f00 00 48 0000 00 00 a000 01"); /* beyond the last */
    for (unsigned i = 0; i < 255; i++) {
        raw_open_block(&raw, "99 00 0000");
    }
    run();
    CHECK_U64(error_count, 1);
    raw_open_block(&raw, "99 00 0000");
    run();
    CHECK_U64(error_count, 0);
}

static void xen_wants_40_bytes_of_a_block(void)
{
    start();
    raw_open_block(&raw, RAW_IVHD_10);
    raw_append(&raw, "03 0900 00 04 ff00 00");
    run();
    expect(FOUND(BLOCK_SHORT), ERROR, XEN, 50);
    expect(FOUND(NO_SOUTHBRIDGE_IOAPIC), ERROR, LINUX | XEN, 48);
    expect_no_more();
    raw.bytes[77] = 0x9f;
    raw_open_block(&raw, OTHER_IVHD); /* the IOAPIC behind the other one counts */
    raw_append(&raw, OTHER_ENTRIES "02 a000 00 48 0000 00 00 a000 01");
    expect_only(FOUND(BLOCK_SHORT), ERROR, XEN, 50);
}

static void xen_rejects_fields_that_are_0(void)
{
    static const uint32_t fields[][2] = {{52, 2}, {54, 2}, {56, 8}};

    for (unsigned i = 0; i < 3; i++) {
        start_good();
        memset(raw.bytes + fields[i][0], 0, fields[i][1]);
        expect_only(FOUND(UNIT_ZERO_FIELD), ERROR, XEN, 52);
    }
}

static void windows_are_aligned_and_apart(void)
{
    start_good();
    raw.bytes[57] = 0x20;
    expect_only(FOUND(WINDOW_ALIGNMENT), WARNING, SPEC, 56);
    start_good();
    raw_open_block(&raw, OTHER_IVHD);
    raw_append(&raw, OTHER_ENTRIES);
    raw.bytes[88 + 9] = 0x00;
    expect_only(FOUND(WINDOW_OVERLAP), ERROR, SPEC | LINUX, 96);
}

static void iommu_is_described_once_per_type(void)
{
    start_good();
    raw_open_block(&raw, RAW_IVHD_10);
    raw_append(&raw, "02 0001 00 00 000000 00 000000 00 000000");
    expect_only(FOUND(UNIT_TWICE), ERROR, SPEC | LINUX | XEN, 88);
}

static void dma_protection_is_noted(void)
{
    start_good();
    raw.bytes[36] |= 0x02;
    expect_only(FOUND(DMA_PROTECTION), NOTE, SPEC | LINUX, 36);
    raw.bytes[36] ^= 0x02;
    run();
    expect_no_more();
}

static void linux_needs_room_for_the_iommu_itself(void)
{
    start();
    raw_open_block(&raw, RAW_IVHD_10);
    raw_append(&raw, ENTRIES);
    raw.bytes[52] = 0x00;
    raw.bytes[53] = 0x01; /* 0100h; the last is 00FFh */
    expect_only(FOUND(UNIT_BEYOND_LAST), ERROR, LINUX, 52);
    raw.bytes[52] = 0xff;
    raw.bytes[53] = 0x00;
    expect_only(FOUND(UNIT_COVERS_ITSELF), NOTE, SPEC, 72);
    raw.bytes[52] = 0x09;
    expect_only(FOUND(UNIT_COVERS_ITSELF), NOTE, SPEC, 72);
}

static void feature_image_needs_efrsup_and_gasup(void)
{
    start();
    raw.bytes[36] = 0x01;
    raw_open_block(&raw, IVHD_11);
    raw_append(&raw, ENTRIES);
    raw.bytes[48 + 24] = 0x7f;
    expect_only(FOUND(EFR_IGNORED), NOTE, LINUX, 72);
    raw.bytes[48 + 24] = 0x80;
    run();
    expect_no_more();
    raw.bytes[36] = 0x00;
    run();
    expect(FOUND(EFR_IGNORED), NOTE, LINUX, 72);
    expect(FOUND(NO_TYPE_FOR_XEN), ERROR, XEN, 48);
    expect_no_more();
}

static void start_with_memory(const char *block)
{
    start_good();
    raw_open_block(&raw, block);
}

static void memory_blocks_make_sense(void)
{
    start_with_memory("21 07 0000 2800 0000 0000000000000000 0000010000000000 0010000000000000 00");
    expect_only(FOUND(MEMORY_LENGTH), WARNING, SPEC, 90);
    start_with_memory("21 06 0000 2800 0000 0000000000000000 0000010000000000 0010000000000000");
    expect_only(FOUND(MEMORY_FLAGS), ERROR, XEN, 89);
    start_with_memory("21 07 0000 2800 0000 0000000000000000 0008010000000000 0010000000000000");
    expect_only(FOUND(MEMORY_ALIGNMENT), WARNING, SPEC, 104);
    start_with_memory("21 07 0000 2800 0000 0000000000000000 0000010000000000 0018000000000000");
    expect_only(FOUND(MEMORY_ALIGNMENT), WARNING, SPEC, 104);
    start_with_memory("21 07 0000 2800 0000 0000000000000000 0000010000000000 0000000000000000");
    expect_only(FOUND(MEMORY_ALIGNMENT), WARNING, SPEC, 104);
    start_with_memory("21 07 0000 2800 0000 0000000000000000 00f0ffffffffffff 0020000000000000");
    expect_only(FOUND(MEMORY_ALIGNMENT), WARNING, SPEC, 104);
    start_with_memory("21 07 0000 2800 0000 0000000000000000 00f0ffffffffffff 0010000000000000");
    run();
    expect_no_more();
    start_with_memory("22 07 0000 2800 2800 0000000000000000 0000010000000000 0010000000000000");
    expect_only(FOUND(MEMORY_DEVICES), ERROR, XEN, 92);
}

static void overlapping_memory_agrees_on_access(void)
{
    static const char *const seconds[] = {
        "22 03 0000 2000 3000 0000000000000000 0010010000000000 0010000000000000",
        "22 05 0000 2000 3000 0000000000000000 0010010000000000 0010000000000000",
        "20 03 0000 0000 0000 0000000000000000 00f0000000000000 0020000000000000"};

    for (unsigned i = 0; i < 3; i++) {
        start_with_memory(
            "21 07 0000 2800 0000 0000000000000000 0000010000000000 0020000000000000");
        raw_open_block(&raw, seconds[i]);
        expect_only(FOUND(MEMORY_CONFLICT), ERROR, XEN, 120);
        raw.bytes[121] = 0x07;
        run();
        expect_no_more();
        raw.bytes[121] = 0x08; /* exclusion: both ways too */
        run();
        expect_no_more();
        raw.bytes[121] = 0x03;
        raw.bytes[128] = 0x01; /* another segment */
        run();
        expect_no_more();
    }
    /* Next to each other, and for another device. */
    start_with_memory("21 07 0000 2800 0000 0000000000000000 0000010000000000 0020000000000000");
    raw_open_block(&raw, "21 03 0000 2800 0000 0000000000000000 0020010000000000 0010000000000000");
    raw_open_block(&raw, "21 03 0000 2900 0000 0000000000000000 0000010000000000 0010000000000000");
    run();
    expect_no_more();
    /* An empty one is within nothing. */
    start_with_memory("21 07 0000 2800 0000 0000000000000000 0000010000000000 0020000000000000");
    raw_open_block(&raw, "21 03 0000 2800 0000 0000000000000000 0000010000000000 0000000000000000");
    expect_only(FOUND(MEMORY_ALIGNMENT), WARNING, SPEC, 136);
}

static void every_status_has_words(void)
{
    for (int i = 0; i < AMDVI_IVRS_STATUS_COUNT; i++) {
        const char *text = amdvi_ivrs_status_text((enum amdvi_ivrs_status)i);
        if (!CHECK(text != NULL)) {
            printf("# status %d\n", i);
            continue;
        }
        CHECK(strcmp(text, "no such status") != 0);
        for (int j = 0; j < i; j++) {
            CHECK(strcmp(text, amdvi_ivrs_status_text((enum amdvi_ivrs_status)j)) != 0);
        }
    }
    CHECK(strcmp(amdvi_ivrs_status_text(AMDVI_IVRS_STATUS_COUNT), "no such status") == 0);
}

/* All kinds. Names never change, so what is here may only grow. */
#define NAMED(name) [FOUND(name)] = #name
static const char *const enumerators[AMDVI_IVRS_FINDING_COUNT] = {
    NAMED(MALFORMED),
    NAMED(RESERVED_BITS),
    NAMED(DMA_PROTECTION),
    NAMED(NO_UNIT),
    NAMED(FIRST_BLOCK),
    NAMED(NO_TYPE_FOR_XEN),
    NAMED(TYPE_TRAP),
    NAMED(TYPE_ORDER),
    NAMED(TYPE_40_IN_REVISION_1),
    NAMED(BLOCK_UNKNOWN),
    NAMED(TOO_MANY_BLOCKS),
    NAMED(BLOCK_SHORT),
    NAMED(UNIT_ZERO_FIELD),
    NAMED(UNIT_HIDDEN),
    NAMED(UNIT_TWICE),
    NAMED(UNIT_BEYOND_LAST),
    NAMED(UNIT_COVERS_ITSELF),
    NAMED(WINDOW_ALIGNMENT),
    NAMED(WINDOW_OVERLAP),
    NAMED(EFR_IGNORED),
    NAMED(NO_DEVICES),
    NAMED(ENTRY_ALL),
    NAMED(LAST_DEVICE_FFFF),
    NAMED(ENTRY_HID_MISPLACED),
    NAMED(ENTRY_UID),
    NAMED(ENTRY_UNKNOWN),
    NAMED(ENTRY_ENDLESS),
    NAMED(RANGE_OF_ONE),
    NAMED(RANGE_PADDED),
    NAMED(ALIAS_BEYOND_LAST),
    NAMED(SPECIAL_BEYOND_LAST),
    NAMED(SPECIAL_VARIETY),
    NAMED(HANDLE_TWICE),
    NAMED(NO_SOUTHBRIDGE_IOAPIC),
    NAMED(DEVICE_SHARED),
    NAMED(MEMORY_LENGTH),
    NAMED(MEMORY_ALIGNMENT),
    NAMED(MEMORY_FLAGS),
    NAMED(MEMORY_DEVICES),
    NAMED(MEMORY_CONFLICT),
    NAMED(MEMORY_BEYOND_LAST),
};

/* From the enumerator follows that the names differ from each other. */
static void every_finding_is_named_as_its_enumerator(void)
{
    for (int i = 0; i < AMDVI_IVRS_FINDING_COUNT; i++) {
        const char *name = amdvi_ivrs_finding_name((enum amdvi_ivrs_finding_kind)i);
        char expected[64] = "";
        if (!CHECK(enumerators[i] != NULL) || !CHECK(name != NULL)) {
            printf("# kind %d\n", i);
            continue;
        }
        for (size_t c = 0; enumerators[i][c] != '\0'; c++) {
            char letter = enumerators[i][c];
            expected[c] = (char)(letter == '_' ? '-' : tolower((unsigned char)letter));
        }
        if (!CHECK(strcmp(name, expected) == 0)) {
            printf("# %s is named %s\n", enumerators[i], name);
        }
    }
    CHECK(strcmp(amdvi_ivrs_finding_name(AMDVI_IVRS_FINDING_COUNT), "no-such-finding") == 0);
}

static const struct check_case cases[] = {
    {"good tables have no findings", "1.20 IVRS", good_tables_are_clean},
    {"types 10h, 11h, 40h in this order have no findings", "2.6 IVRS",
     types_10_11_and_40_in_this_order_are_clean},
    {"a table without blocks names no IOMMU", "1.20 IVRS", table_without_blocks_names_no_iommu},
    {"what cannot be read is reported once", "1.20 IVRS",
     malformed_blocks_and_entries_are_reported_once},
    {"reserved bits are noted", "1.20 IVRS", reserved_bits_are_noted},
    {"the announcement of DMA protection is noted", "3.x IVinfo", dma_protection_is_noted},
    {"Linux: another block gives the type of the IVHDs", "1.20 IVHD",
     linux_is_misled_by_other_blocks},
    {"Linux: IVHD types ascend", "2.6 IVHD", linux_wants_types_in_ascending_order},
    {"Xen: neither type 40h nor 11h without EFRSup", "2.6 IVHD",
     xen_knows_neither_type_40_nor_11_without_features},
    {"Linux, Xen: IOMMUs without the first one's type are hidden", "2.6 IVHD",
     iommus_without_the_type_of_the_first_are_hidden},
    {"type 40h belongs to revision 2", "2.6 IVRS", type_40_belongs_to_revision_2},
    {"more than 256 blocks are not compared", NULL, tables_of_many_blocks_are_not_compared},
    {"Xen: a block has 40 bytes", "1.20 IVHD", xen_wants_40_bytes_of_a_block},
    {"Xen: device id, capability and window are not 0", "1.20 IVHD", xen_rejects_fields_that_are_0},
    {"windows are aligned and apart", "1.20 IVHD", windows_are_aligned_and_apart},
    {"an IOMMU has one IVHD per type", "2.6 IVHD", iommu_is_described_once_per_type},
    {"Linux: the IOMMU's own id is not above all devices", "1.20 IVHD",
     linux_needs_room_for_the_iommu_itself},
    {"Linux: a feature image needs EFRSup and GASup", "2.6 IVHD",
     feature_image_needs_efrsup_and_gasup},
    {"memory blocks make sense", "1.20 IVMD", memory_blocks_make_sense},
    {"Xen: overlapping memory agrees on access", "1.20 IVMD", overlapping_memory_agrees_on_access},
    {"every status has words of its own", NULL, every_status_has_words},
    {"every kind of finding is named as its enumerator", NULL,
     every_finding_is_named_as_its_enumerator},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
