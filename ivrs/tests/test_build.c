/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the builder refuses of IOMMUs and devices, and that it accepts what lies just this side of
 * each refusal. Every case spoils one thing of a description that is good.
 */
#include <string.h>

#include "amdvi/ivrs.h"
#include "check.h"
#include "draft.h"

static void good_draft_is_built(void)
{
    struct draft draft;

    draft_init(&draft);
    check_accepted(&draft);
}

static void buffer_must_hold_the_table(void)
{
    struct draft draft;
    struct amdvi_ivrs_refusal refusal = {77, 77, 77};
    uint32_t size = 0;

    draft_init(&draft);
    CHECK_U64(amdvi_ivrs_size(&draft.description, &size, NULL), AMDVI_IVRS_OK);
    memset(built, 0xee, sizeof(built));
    CHECK_U64(amdvi_ivrs_build(&draft.description, built, size - 1, NULL, &refusal),
              AMDVI_IVRS_ERR_BUFFER_TOO_SMALL);
    CHECK_U64(refusal.unit_index, NONE);
    CHECK_U64(built[0], 0xee);
    CHECK_U64(amdvi_ivrs_build(&draft.description, NULL, size, NULL, NULL),
              AMDVI_IVRS_ERR_BUFFER_TOO_SMALL);
    CHECK_U64(amdvi_ivrs_build(&draft.description, built, size, NULL, NULL), AMDVI_IVRS_OK);
    CHECK_U64(built[size], 0xee);
    CHECK_U64(amdvi_ivrs_size(NULL, &size, &refusal), AMDVI_IVRS_ERR_ARGUMENT);
    CHECK_U64(amdvi_ivrs_size(&draft.description, NULL, NULL), AMDVI_IVRS_ERR_ARGUMENT);
}

static void same_description_gives_the_same_bytes(void)
{
    static uint8_t again[4096];
    struct draft draft;
    uint32_t size = 0;
    uint32_t size_again = 0;

    draft_init(&draft);
    memset(built, 0xee, sizeof(built));
    memset(again, 0x11, sizeof(again));
    CHECK_U64(amdvi_ivrs_build(&draft.description, built, sizeof(built), &size, NULL),
              AMDVI_IVRS_OK);
    CHECK_U64(amdvi_ivrs_build(&draft.description, again, sizeof(again), &size_again, NULL),
              AMDVI_IVRS_OK);
    CHECK_U64(size, size_again);
    CHECK(memcmp(built, again, size) == 0);
}

static void strings_must_be_printable_and_fit(void)
{
    static const char *const bad[] = {NULL, "SEVENCH", "\x01", "A\xff", "tab\t", "\x7f"};
    struct draft draft;

    for (size_t i = 0; i < 6; i++) {
        draft_init(&draft);
        draft.description.oem_id = bad[i];
        check_refused(&draft, AMDVI_IVRS_ERR_OEM_STRING, NONE, NONE, NONE);
    }
    draft_init(&draft);
    draft.description.oem_table_id = "NINECHARS";
    check_refused(&draft, AMDVI_IVRS_ERR_OEM_STRING, NONE, NONE, NONE);
    draft_init(&draft);
    draft.description.creator_id = "FIVEC";
    check_refused(&draft, AMDVI_IVRS_ERR_OEM_STRING, NONE, NONE, NONE);
    draft_init(&draft);
    draft.description.oem_id = "A ~ BC";
    draft.description.oem_table_id = "8CHARS..";
    draft.description.creator_id = "";
    check_accepted(&draft);
}

static void address_sizes_are_those_of_ivinfo(void)
{
    struct draft draft;

    for (unsigned bits = 0; bits < 256; bits++) {
        draft_init(&draft);
        draft.description.va_bits = (uint8_t)bits;
        if (bits == 32 || bits == 40 || bits == 48 || bits == 64) {
            check_accepted(&draft);
        } else {
            check_refused(&draft, AMDVI_IVRS_ERR_ADDRESS_BITS, NONE, NONE, NONE);
        }
        draft_init(&draft);
        draft.description.pa_bits = (uint8_t)bits;
        if (bits == 40 || bits == 48 || bits == 52) {
            check_accepted(&draft);
        } else {
            check_refused(&draft, AMDVI_IVRS_ERR_ADDRESS_BITS, NONE, NONE, NONE);
        }
    }
}

static void there_must_be_iommus_but_not_too_many(void)
{
    static struct amdvi_ivrs_unit_description units[33];
    static struct amdvi_ivrs_device devices[33];
    static uint8_t buffer[8192];
    struct draft draft;

    draft_init(&draft);
    draft.description.unit_count = 0;
    check_refused(&draft, AMDVI_IVRS_ERR_UNIT_COUNT, NONE, NONE, NONE);
    draft_init(&draft);
    draft.description.units = NULL;
    check_refused(&draft, AMDVI_IVRS_ERR_UNIT_COUNT, NONE, NONE, NONE);
    draft_init(&draft);
    draft.description.memory = NULL;
    check_refused(&draft, AMDVI_IVRS_ERR_UNIT_COUNT, NONE, NONE, NONE);

    draft_init(&draft);
    for (uint16_t i = 0; i < 33; i++) {
        devices[i] = range((uint16_t)(i << 8), (uint16_t)(i << 8 | 0xff));
        units[i] = draft.units[0];
        units[i].unit.device_id = (uint16_t)(i << 8 | 2);
        units[i].unit.window_spa = 0xfed90000u + i * UINT64_C(0x4000);
        units[i].devices = &devices[i];
        units[i].device_count = 1;
    }
    draft.description.units = units;
    draft.description.memory_count = 0;
    draft.description.allow_no_southbridge_ioapic = true;
    draft.description.unit_count = 32;
    CHECK_U64(amdvi_ivrs_build(&draft.description, buffer, sizeof(buffer), NULL, NULL),
              AMDVI_IVRS_OK);
    draft.description.unit_count = 33;
    check_refused(&draft, AMDVI_IVRS_ERR_UNIT_COUNT, NONE, NONE, NONE);
}

static void iommu_needs_a_device_id_that_xen_takes(void)
{
    struct draft draft;

    draft_init(&draft);
    draft.units[1].unit.device_id = 0;
    check_refused(&draft, AMDVI_IVRS_ERR_UNIT_DEVICE_ID, 1, NONE, NONE);
}

static void capability_lies_in_configuration_space(void)
{
    static const uint16_t bad[] = {0, 4, 0x3c, 0x41, 0x42, 0xf0, 0x100, 0x140};
    struct draft draft;

    for (size_t i = 0; i < 8; i++) {
        draft_init(&draft);
        draft.units[0].unit.capability_offset = bad[i];
        check_refused(&draft, AMDVI_IVRS_ERR_CAPABILITY_OFFSET, 0, NONE, NONE);
    }
    draft_init(&draft);
    draft.units[0].unit.capability_offset = 0xec;
    check_accepted(&draft);
}

static void window_is_aligned_and_addressable(void)
{
    static const uint64_t bad[] = {
        0, 0xfed91000, 0xfed92000, 1, UINT64_C(0x1000000000000), UINT64_C(0xffffffffffffc000)};
    struct draft draft;

    for (size_t i = 0; i < 6; i++) {
        draft_init(&draft);
        draft.units[0].unit.window_spa = bad[i];
        check_refused(&draft, AMDVI_IVRS_ERR_WINDOW, 0, NONE, NONE);
    }
    draft_init(&draft);
    draft.units[0].unit.window_spa = UINT64_C(0xffffffffc000);
    check_accepted(&draft);
    draft_init(&draft);
    draft.units[1].unit.window_spa = draft.units[0].unit.window_spa;
    check_refused(&draft, AMDVI_IVRS_ERR_WINDOW_OVERLAP, 1, NONE, NONE);
}

static void fields_of_an_iommu_fit(void)
{
    struct draft draft;

    draft_init(&draft);
    draft.units[0].unit.msi_num = 32;
    check_refused(&draft, AMDVI_IVRS_ERR_UNIT_FIELD, 0, NONE, NONE);
    draft_init(&draft);
    draft.units[0].unit.unit_id = 32;
    check_refused(&draft, AMDVI_IVRS_ERR_UNIT_FIELD, 0, NONE, NONE);
    for (unsigned bit = 0; bit < 8; bit++) {
        draft_init(&draft);
        draft.units[0].unit.flags = (uint8_t)(1u << bit);
        if (bit < 6) {
            check_accepted(&draft);
        } else {
            check_refused(&draft, AMDVI_IVRS_ERR_UNIT_FIELD, 0, NONE, NONE);
        }
    }
}

static void iommu_is_named_once_per_segment(void)
{
    struct draft draft;

    draft_init(&draft);
    draft.units[1].unit.device_id = draft.units[0].unit.device_id;
    check_refused(&draft, AMDVI_IVRS_ERR_UNIT_TWICE, 1, NONE, NONE);

    /* The same in another segment is another device, and so are the devices behind it. */
    draft.units[1].unit.pci_segment = 1;
    draft.devices[1][0] = range(0x0000, 0x00ff);
    draft.memory[1].pci_segment = 1;
    draft.memory[1].device_id = 0x0008;
    draft.memory[1].last_device_id = 0x000f;
    check_accepted(&draft);
}

static void linux_needs_room_for_the_iommu_itself(void)
{
    struct draft draft;

    draft_init(&draft);
    draft.units[1].unit.device_id = 0x4100;
    check_refused(&draft, AMDVI_IVRS_ERR_UNIT_BEYOND_LAST, 1, NONE, NONE);
    draft.units[1].unit.device_id = 0x40ff;
    check_accepted(&draft);
    draft.units[1].unit.device_id = 0x0100; /* behind no IOMMU, but below what another covers */
    check_accepted(&draft);
}

static void iommu_has_devices(void)
{
    struct draft draft;

    draft_init(&draft);
    draft.units[1].device_count = 0;
    check_refused(&draft, AMDVI_IVRS_ERR_NO_DEVICES, 1, NONE, NONE);
    draft_init(&draft);
    draft.units[1].devices = NULL;
    check_refused(&draft, AMDVI_IVRS_ERR_NO_DEVICES, 1, NONE, NONE);
    draft_init(&draft);
    draft.devices[1][0] = special(AMDVI_IVRS_DEVICE_HPET, 0x4008, 0);
    check_refused(&draft, AMDVI_IVRS_ERR_NO_DEVICES, 1, NONE, NONE);
}

static void device_kinds_are_those_that_xen_knows(void)
{
    static const enum amdvi_ivrs_device_kind bad[] = {
        AMDVI_IVRS_DEVICE_ALL, AMDVI_IVRS_DEVICE_SPECIAL_OTHER, AMDVI_IVRS_DEVICE_ACPI_HID,
        AMDVI_IVRS_DEVICE_UNKNOWN};
    struct draft draft;

    for (size_t i = 0; i < 4; i++) {
        draft_init(&draft);
        draft.devices[0][1].kind = bad[i];
        check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_KIND, 0, 1, NONE);
    }
}

static void ranges_ascend(void)
{
    static const enum amdvi_ivrs_device_kind kinds[] = {
        AMDVI_IVRS_DEVICE_RANGE, AMDVI_IVRS_DEVICE_ALIAS_RANGE, AMDVI_IVRS_DEVICE_EXTENDED_RANGE};
    struct draft draft;

    for (size_t i = 0; i < 3; i++) {
        draft_init(&draft);
        draft.devices[0][1] = range(0x0060, 0x0060);
        draft.devices[0][1].kind = kinds[i];
        draft.devices[0][1].source_device_id = 0x0008;
        check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_RANGE, 0, 1, NONE);
        draft.devices[0][1].last_device_id = 0x005f;
        check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_RANGE, 0, 1, NONE);
        draft.devices[0][1].last_device_id = 0x0061;
        check_accepted(&draft);
    }
}

static void reserved_bit_of_a_setting_is_refused(void)
{
    struct draft draft;

    draft_init(&draft);
    draft.devices[0][2].dte_setting = 0x08;
    check_refused(&draft, AMDVI_IVRS_ERR_DTE_SETTING, 0, 2, NONE);
    draft.devices[0][2].dte_setting = 0xf7;
    check_accepted(&draft);
}

static void overlapping_entries_mean_the_same_to_all(void)
{
    struct draft draft;

    /* The wide one after the narrow one: the last wins for Xen, the smallest for Linux. */
    draft_init(&draft);
    draft.devices[0][0] = alias(0x0030, 0x0028);
    draft.devices[0][1] = range(0x0000, 0x00ff);
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_OVERLAP, 0, 1, NONE);
    /* Neither within the other. */
    draft_init(&draft);
    draft.devices[0][1] = range(0x00f0, 0x0110);
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_OVERLAP, 0, 1, NONE);
    draft.devices[0][0] = range(0x0008, 0x00ff);
    draft.devices[0][1] = range(0x0000, 0x0010);
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_OVERLAP, 0, 1, NONE);
    draft_init(&draft); /* The same twice. */
    draft.devices[0][0] = select_device(0x0028);
    draft.devices[0][1] = select_device(0x0028);
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_OVERLAP, 0, 1, NONE);
    /* A setting is taken back: Linux 6.1 only adds. */
    draft_init(&draft);
    draft.devices[0][0].dte_setting = 0x03;
    draft.devices[0][1].dte_setting = 0x01;
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_OVERLAP, 0, 1, NONE);
    draft.devices[0][1].dte_setting = 0x07;
    draft.devices[0][2].dte_setting = 0x03;
    check_accepted(&draft);
}

static void entry_within_another_keeps_alias_and_ats(void)
{
    struct draft draft;

    /* Xen forgets the alias of a device that is selected afterwards, Linux keeps it. */
    draft_init(&draft);
    draft.units[0].device_count = 4;
    draft.devices[0][1] = range(0x0080, 0x00af);
    draft.devices[0][1].kind = AMDVI_IVRS_DEVICE_ALIAS_RANGE;
    draft.devices[0][2] = select_device(0x0088);
    draft.devices[0][3] = special(AMDVI_IVRS_DEVICE_IOAPIC, 0x00a0, 2);
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_OVERLAP, 0, 2, NONE);
    draft.devices[0][2] = alias(0x0088, 0x0008);
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_OVERLAP, 0, 3, NONE);
    draft.devices[0][1].last_device_id = 0x009f;
    check_accepted(&draft);
    /* The same with ATS. */
    draft.devices[0][1].kind = AMDVI_IVRS_DEVICE_EXTENDED_RANGE;
    check_accepted(&draft);
    draft.devices[0][1].ats_disabled = true;
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_OVERLAP, 0, 2, NONE);
    draft.devices[0][2].kind = AMDVI_IVRS_DEVICE_EXTENDED_SELECT;
    draft.devices[0][2].ats_disabled = true;
    check_accepted(&draft);
}

static void special_device_may_repeat_its_requester(void)
{
    struct draft draft;

    draft_init(&draft);
    draft.units[0].device_count = 4;
    draft.devices[0][1] = select_device(0x00a0);
    draft.devices[0][1].dte_setting = 0xd7;
    draft.devices[0][2].dte_setting = 0xd7;
    draft.devices[0][3] = special(AMDVI_IVRS_DEVICE_HPET, 0x00a0, 2);
    draft.devices[0][3].dte_setting = 0xd7;
    check_accepted(&draft);
    draft.devices[0][3].dte_setting = 0xd3;
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_OVERLAP, 0, 3, NONE);
    draft.devices[0][3].dte_setting = 0xd7;
    draft.devices[0][1] = alias(0x00a0, 0x0028);
    draft.devices[0][1].dte_setting = 0xd7;
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_OVERLAP, 0, 2, NONE);
}

static void device_is_behind_one_iommu(void)
{
    struct draft draft;

    draft_init(&draft);
    draft.devices[1][0] = range(0x00ff, 0x40ff);
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_SHARED, 1, 0, NONE);
    draft.devices[1][0] = range(0x0100, 0x40ff);
    check_accepted(&draft);
    draft.units[1].device_count = 2;
    draft.devices[1][0] = range(0x4000, 0x40ff);
    draft.devices[1][1] = select_device(0x0000);
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_SHARED, 1, 1, NONE);
}

static void sources_and_special_requesters_are_covered(void)
{
    struct draft draft;

    draft_init(&draft);
    draft.devices[0][1] = alias(0x0030, 0x0100);
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_NOT_COVERED, 0, 1, NONE);
    draft_init(&draft);
    draft.devices[0][0] = range(0x0000, 0x009f);
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_NOT_COVERED, 0, 2, NONE);
    draft.devices[0][0] = range(0x0000, 0x00a0);
    check_accepted(&draft);
    /* Covered by another IOMMU is not covered. */
    draft_init(&draft);
    draft.devices[1][1] = special(AMDVI_IVRS_DEVICE_HPET, 0x00a8, 0);
    draft.units[1].device_count = 2;
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_NOT_COVERED, 1, 1, NONE);
    /* One special device does not cover another. */
    draft_init(&draft);
    draft.devices[0][0] = range(0x0000, 0x0090);
    draft.devices[0][1] = special(AMDVI_IVRS_DEVICE_HPET, 0x00a0, 0);
    check_refused(&draft, AMDVI_IVRS_ERR_DEVICE_NOT_COVERED, 0, 1, NONE);
}

static void numbers_of_special_devices_are_unique(void)
{
    struct draft draft;

    draft_init(&draft);
    draft.devices[1][1] = special(AMDVI_IVRS_DEVICE_IOAPIC, 0x4001, 2);
    draft.units[1].device_count = 2;
    check_refused(&draft, AMDVI_IVRS_ERR_HANDLE_TWICE, 1, 1, NONE);
    draft.devices[1][1].handle = 3;
    check_accepted(&draft);
    draft.devices[1][1] = special(AMDVI_IVRS_DEVICE_HPET, 0x4001, 2);
    check_accepted(&draft);
    draft.devices[1][2] = special(AMDVI_IVRS_DEVICE_HPET, 0x4003, 2);
    draft.units[1].device_count = 3;
    check_refused(&draft, AMDVI_IVRS_ERR_HANDLE_TWICE, 1, 2, NONE);
}

static void one_ioapic_is_the_south_bridges(void)
{
    struct draft draft;

    draft_init(&draft);
    draft.devices[0][2].device_id = 0x00a8;
    check_refused(&draft, AMDVI_IVRS_ERR_NO_SOUTHBRIDGE_IOAPIC, NONE, NONE, NONE);
    draft.description.allow_no_southbridge_ioapic = true;
    check_accepted(&draft);
    draft_init(&draft);
    draft.devices[0][2].kind = AMDVI_IVRS_DEVICE_HPET;
    check_refused(&draft, AMDVI_IVRS_ERR_NO_SOUTHBRIDGE_IOAPIC, NONE, NONE, NONE);
    draft_init(&draft);
    draft.units[0].unit.pci_segment = 1;
    draft.description.memory_count = 0;
    check_refused(&draft, AMDVI_IVRS_ERR_NO_SOUTHBRIDGE_IOAPIC, NONE, NONE, NONE);
}

/* 24 bytes of header and as many entries of 12 as fit into 65535: 5459. */
static void block_and_table_have_limits(void)
{
    static struct amdvi_ivrs_device many[16384];
    static struct amdvi_ivrs_memory memory[2049];
    static struct amdvi_ivrs_unit_description units[3];
    struct draft draft;
    uint32_t size = 0;

    draft_init(&draft);
    draft.description.allow_no_southbridge_ioapic = true;
    draft.description.memory_count = 0;
    for (uint32_t i = 0; i < 16384; i++) {
        many[i] = range((uint16_t)(2 * i), (uint16_t)(2 * i + 1));
        many[i].kind = AMDVI_IVRS_DEVICE_EXTENDED_RANGE;
    }
    for (uint32_t i = 0; i < 3; i++) {
        units[i] = draft.units[0];
        units[i].unit.pci_segment = (uint16_t)i;
        units[i].unit.window_spa += i * UINT64_C(0x4000);
        units[i].devices = many;
        units[i].device_count = 5459;
    }
    draft.description.units = units;
    draft.description.unit_count = 1;
    CHECK_U64(amdvi_ivrs_size(&draft.description, &size, NULL), AMDVI_IVRS_OK);
    CHECK_U64(size, 48 + 24 + 5459 * 12);
    units[0].device_count = 5460;
    check_refused(&draft, AMDVI_IVRS_ERR_BLOCK_TOO_LONG, 0, NONE, NONE);
    units[0].device_count = UINT32_MAX;
    check_refused(&draft, AMDVI_IVRS_ERR_BLOCK_TOO_LONG, 0, NONE, NONE);

    /* Three of 5458 such entries and 2048 IVMDs make 256 KiB. */
    for (uint32_t i = 0; i < 2049; i++) {
        memory[i] = draft.memory[0];
    }
    units[0].device_count = units[1].device_count = units[2].device_count = 5458;
    draft.description.unit_count = 3;
    draft.description.memory = memory;
    draft.description.memory_count = 2048;
    CHECK_U64(amdvi_ivrs_size(&draft.description, &size, NULL), AMDVI_IVRS_OK);
    CHECK_U64(size, 256 * 1024);
    draft.description.memory_count = 2049;
    CHECK_U64(amdvi_ivrs_size(&draft.description, &size, NULL), AMDVI_IVRS_ERR_TABLE_TOO_LONG);
    draft.description.unit_count = 1;
    units[0].device_count = 100;
    draft.description.memory_count = UINT32_MAX;
    check_refused(&draft, AMDVI_IVRS_ERR_TABLE_TOO_LONG, NONE, NONE, NONE);
}

/* Of one unit with these devices; @last_bytes are the last 16 of its block. */
static void check_filled(const struct amdvi_ivrs_device *devices, uint32_t count, uint32_t bytes,
                         const uint8_t *last_bytes)
{
    struct draft draft;
    uint32_t size = 0;

    draft_init(&draft);
    draft.description.allow_no_southbridge_ioapic = true;
    draft.description.unit_count = 1;
    draft.description.memory_count = 0;
    draft.units[0].unit.device_id = 1;
    draft.units[0].devices = devices;
    draft.units[0].device_count = count;
    CHECK_U64(amdvi_ivrs_build(&draft.description, built, sizeof(built), &size, NULL),
              AMDVI_IVRS_OK);
    CHECK_U64(size, 48 + bytes);
    CHECK_U64(built[50], bytes);
    for (uint32_t i = 0; i < 16; i++) {
        CHECK_U64(built[size - 16 + i], last_bytes[i]);
    }
}

static void short_blocks_are_filled_with_repetitions(void)
{
    struct amdvi_ivrs_device devices[4];

    devices[0] = select_device(0x0123);
    devices[0].dte_setting = 0x41;
    check_filled(devices, 1, 40,
                 (const uint8_t[]){0x02, 0x23, 0x01, 0x41, 0x02, 0x23, 0x01, 0x41, 0x02, 0x23, 0x01,
                                   0x41, 0x02, 0x23, 0x01, 0x41});
    devices[1] = special(AMDVI_IVRS_DEVICE_HPET, 0x0123, 7);
    devices[1].dte_setting = 0x41;
    check_filled(devices, 2, 40,
                 (const uint8_t[]){0x02, 0x23, 0x01, 0x41, 0x48, 0x00, 0x00, 0x41, 0x07, 0x23, 0x01,
                                   0x02, 0x02, 0x23, 0x01, 0x41});
    devices[0] = range(0x0100, 0x01ff);
    check_filled(devices, 1, 40,
                 (const uint8_t[]){0x03, 0x00, 0x01, 0x00, 0x04, 0xff, 0x01, 0x00, 0x02, 0xff, 0x01,
                                   0x00, 0x02, 0xff, 0x01, 0x00});
    devices[1] = select_device(0x0180);
    devices[1].dte_setting = 0x02;
    check_filled(devices, 2, 40,
                 (const uint8_t[]){0x03, 0x00, 0x01, 0x00, 0x04, 0xff, 0x01, 0x00, 0x02, 0x80, 0x01,
                                   0x02, 0x02, 0x80, 0x01, 0x02});
    devices[0] = alias(0x0123, 0x0123);
    check_filled(devices, 1, 40,
                 (const uint8_t[]){0x42, 0x23, 0x01, 0x00, 0x00, 0x23, 0x01, 0x00, 0x42, 0x23, 0x01,
                                   0x00, 0x00, 0x23, 0x01, 0x00});
    /* 12 bytes and 8 more: longer than need be. The last 16 start in the middle of an entry. */
    devices[0] = range(0x0100, 0x01ff);
    devices[0].kind = AMDVI_IVRS_DEVICE_EXTENDED_RANGE;
    devices[0].ats_disabled = true;
    check_filled(devices, 1, 44,
                 (const uint8_t[]){0x00, 0x00, 0x00, 0x80, 0x04, 0xff, 0x01, 0x00, 0x46, 0xff, 0x01,
                                   0x00, 0x00, 0x00, 0x00, 0x80});
    devices[0].kind = AMDVI_IVRS_DEVICE_ALIAS_RANGE;
    devices[0].source_device_id = 0x0108;
    check_filled(devices, 1, 44,
                 (const uint8_t[]){0x00, 0x08, 0x01, 0x00, 0x04, 0xff, 0x01, 0x00, 0x42, 0xff, 0x01,
                                   0x00, 0x00, 0x08, 0x01, 0x00});
}

static const struct check_case cases[] = {
    {"the description that the others spoil is built", "1.20 IVRS", good_draft_is_built},
    {"a buffer that is too small stays untouched", NULL, buffer_must_hold_the_table},
    {"the same description gives the same bytes", NULL, same_description_gives_the_same_bytes},
    {"OEM and creator ids are printable and fit", "1.20 IVRS", strings_must_be_printable_and_fit},
    {"address sizes are those that IVinfo knows", "1.20 IVinfo", address_sizes_are_those_of_ivinfo},
    {"there are 1 to 32 IOMMUs", "1.20 IVRS", there_must_be_iommus_but_not_too_many},
    {"Xen: an IOMMU's device id is not 0", "1.20 IVHD", iommu_needs_a_device_id_that_xen_takes},
    {"Xen: a capability offset is not 0, and lies in configuration space", "1.20 IVHD",
     capability_lies_in_configuration_space},
    {"Xen: a window is not 0, and is aligned, addressable and alone", "1.20 IVHD",
     window_is_aligned_and_addressable},
    {"flags, MsiNum and UnitID fit", "1.20 IVHD", fields_of_an_iommu_fit},
    {"an IOMMU is named once in its segment", "1.20 IVHD", iommu_is_named_once_per_segment},
    {"Linux: an IOMMU's device id is not above all devices", "1.20 IVHD",
     linux_needs_room_for_the_iommu_itself},
    {"an IOMMU has devices", "1.20 IVHD", iommu_has_devices},
    {"Xen: there are no entries for all devices or by HID", "1.20 IVHD device entries",
     device_kinds_are_those_that_xen_knows},
    {"Xen: a range's last device is above its first", "1.20 IVHD device entries", ranges_ascend},
    {"a DTE setting has no reserved bit", "1.20 IVHD device entries",
     reserved_bit_of_a_setting_is_refused},
    {"overlapping entries mean the same to Linux and Xen", "1.20 IVHD device entries",
     overlapping_entries_mean_the_same_to_all},
    {"an entry within another keeps its alias and its ban of ATS", "1.20 IVHD device entries",
     entry_within_another_keeps_alias_and_ats},
    {"IOAPIC and HPET may repeat what names their requester", "1.20 IVHD device entries",
     special_device_may_repeat_its_requester},
    {"a device is behind one IOMMU", "1.20 IVHD device entries", device_is_behind_one_iommu},
    {"Linux: alias sources and special requesters are covered", "1.20 IVHD device entries",
     sources_and_special_requesters_are_covered},
    {"IOAPICs and HPETs have different numbers", "1.20 IVHD device entries",
     numbers_of_special_devices_are_unique},
    {"Linux, Xen: one IOAPIC is 0000:00:14.0", "1.20 IVHD device entries",
     one_ioapic_is_the_south_bridges},
    {"blocks and tables have limits", "1.20 IVHD", block_and_table_have_limits},
    {"Xen: blocks are filled to 40 bytes with repetitions of an entry", "1.20 IVHD",
     short_blocks_are_filled_with_repetitions},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
