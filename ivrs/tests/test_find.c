/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking devices up: behind which IOMMU they are, under which id and with which settings. The
 * tables are typed byte by byte.
 */
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

static void start_with(const char *entries)
{
    raw_start(&raw);
    raw_open_block(&raw, RAW_IVHD_10);
    raw_append(&raw, entries);
}

static void check_found(uint16_t segment, uint16_t device_id, uint32_t block_offset,
                        uint16_t requester, uint8_t dte_setting)
{
    struct amdvi_ivrs_binding binding = {.block_offset = 0};

    if (!CHECK_U64(amdvi_ivrs_find_device(&table, segment, device_id, &binding, NULL),
                   AMDVI_IVRS_OK)) {
        printf("# device %04x\n", device_id);
        return;
    }
    CHECK_U64(binding.block_offset, block_offset);
    CHECK_U64(binding.requester, requester);
    CHECK_U64(binding.dte_setting, dte_setting);
}

static void check_not_found(uint16_t segment, uint16_t device_id)
{
    struct amdvi_ivrs_binding binding = {.block_offset = 77};

    CHECK_U64(amdvi_ivrs_find_device(&table, segment, device_id, &binding, NULL),
              AMDVI_IVRS_ERR_NO_UNIT);
    CHECK_U64(binding.block_offset, 77);
}

static void device_is_found_with_its_requester_and_settings(void)
{
    struct amdvi_ivrs_binding binding;

    start_with("03 0000 01 04 ff00 00"            /* 0000 to 00FF */
               "42 3000 02 00 2800 00"            /* 0030 is seen as 0028 */
               "43 0002 04 00 0003 00 04 ff02 00" /* 0200 to 02FF are seen as 0300 */
               "46 4000 00 00000080"              /* 0040 without ATS */
               "48 0000 d7 00 a000 01");          /* IOAPIC */
    raw_open_block(&raw, "10 00 0000 0240 4000 00001dfe00000000 0000 0000 00000000"
                         "03 0040 00 04 ff40 00");
    raw_open_block(&raw, "10 00 0000 0800 4000 00002dfe00000000 0100 0000 00000000 01 0000 10");
    open_raw();
    check_found(0, 0x0000, 48, 0x0000, 0x01);
    check_found(0, 0x00ff, 48, 0x00ff, 0x01);
    check_found(0, 0x0030, 48, 0x0028, 0x02);
    check_found(0, 0x0028, 48, 0x0028, 0x01);
    check_found(0, 0x0200, 48, 0x0300, 0x04);
    check_found(0, 0x02ff, 48, 0x0300, 0x04);
    check_found(0, 0x0300, 48, 0x0300, 0x04); /* named by nothing but the alias */
    check_found(0, 0x00a0, 48, 0x00a0, 0xd7);
    check_not_found(0, 0x0100);
    check_not_found(0, 0x01ff);
    check_not_found(0, 0x0301);
    check_not_found(0, 0x0008); /* the IOMMU itself */
    check_not_found(0, 0x4002);
    check_found(0, 0x4001, 116, 0x4001, 0x00);
    check_found(1, 0xffff, 148, 0xffff, 0x10);
    check_not_found(2, 0x0000);
    CHECK_U64(amdvi_ivrs_find_device(&table, 0, 0x0040, &binding, NULL), AMDVI_IVRS_OK);
    CHECK(binding.ats_disabled);
    CHECK_U64(amdvi_ivrs_find_device(&table, 0, 0x0041, &binding, NULL), AMDVI_IVRS_OK);
    CHECK(!binding.ats_disabled);
    CHECK_U64(binding.unit.window_spa, 0xfed90000);
}

static void last_entry_that_names_a_device_wins(void)
{
    start_with("42 1000 02 00 2800 00 03 0000 01 04 ff00 00 02 1800 40");
    open_raw();
    check_found(0, 0x0010, 48, 0x0010, 0x01);
    check_found(0, 0x0018, 48, 0x0018, 0x40);
    check_found(0, 0x0028, 48, 0x0028, 0x01);
    start_with("42 1000 02 00 2800 00 05 1000 ff");
    open_raw();
    check_found(0, 0x0010, 48, 0x0028, 0x02);
}

static void highest_type_of_an_iommu_counts_alone(void)
{
    start_with("03 0000 01 04 ff00 00");
    raw_open_block(&raw, "40 00 0000 0800 4000 0000d9fe00000000 0000 0000 00000000"
                         "0000000000000000 0000000000000000 02 1000 04");
    raw_open_block(&raw, "11 00 0000 0800 4000 0000d9fe00000000 0000 0000 00000000"
                         "0000000000000000 0000000000000000 02 2000 02");
    open_raw();
    check_found(0, 0x0010, 80, 0x0010, 0x04);
    check_not_found(0, 0x0020);
    check_not_found(0, 0x0000);
}

static void looking_up_says_where_a_table_is_wrong(void)
{
    struct amdvi_ivrs_binding binding = {.block_offset = 77};
    uint32_t fault = 0;

    start_with("03 0000 01 02 0000 00");
    open_raw();
    CHECK_U64(amdvi_ivrs_find_device(&table, 0, 0, &binding, &fault),
              AMDVI_IVRS_ERR_RANGE_NOT_CLOSED);
    CHECK_U64(fault, 76);
    CHECK_U64(amdvi_ivrs_find_device(&table, 0, 0, &binding, NULL),
              AMDVI_IVRS_ERR_RANGE_NOT_CLOSED);
    start_with("02 0000 01");
    raw_open_block(&raw, "10 00 0000");
    open_raw();
    fault = 0;
    CHECK_U64(amdvi_ivrs_find_device(&table, 0, 1, &binding, &fault), AMDVI_IVRS_ERR_BLOCK_LENGTH);
    CHECK_U64(fault, 78);
    CHECK_U64(binding.block_offset, 77);
}

static const struct check_case cases[] = {
    {"a device is found with its requester and settings", "1.20 IVHD device entries",
     device_is_found_with_its_requester_and_settings},
    {"the last entry that names a device wins", "1.20 IVHD device entries",
     last_entry_that_names_a_device_wins},
    {"the highest type of an IOMMU's IVHDs counts", "2.6 IVHD",
     highest_type_of_an_iommu_counts_alone},
    {"looking a device up says where the table is wrong", "1.20 IVRS",
     looking_up_says_where_a_table_is_wrong},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
