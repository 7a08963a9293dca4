/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What amdvi_ivrs_check() finds in device entries: each thing that Linux or Xen trips over, alone,
 * at its place, with nothing else reported.
 */
#include "amdvi/ivrs.h"
#include "check.h"
#include "findings.h"
#include "raw_table.h"

static void block_without_devices_is_useless(void)
{
    start_good();
    raw_open_block(&raw, OTHER_IVHD);
    raw_append(&raw, "00 000000 00 000000 48 0000 00 01 a800 02");
    run();
    expect(FOUND(NO_DEVICES), ERROR, SPEC | LINUX, 88);
    expect(FOUND(DEVICE_SHARED), ERROR, SPEC, 120);
    expect_no_more();
}

static void xen_does_not_know_entries_for_all(void)
{
    start();
    raw_open_block(&raw, RAW_IVHD_10);
    raw_append(&raw, "01 0000 00 48 0000 00 00 a000 01 00 000000");
    run();
    expect(FOUND(ENTRY_ALL), ERROR, XEN, 72);
    expect(FOUND(LAST_DEVICE_FFFF), WARNING, LINUX, 72);
    expect(FOUND(UNIT_COVERS_ITSELF), NOTE, SPEC, 72);
    expect_no_more();
}

static void acpi_devices_are_of_type_40_only(void)
{
    start_good();
    raw_append(&raw, "f0 1200 00 414d444930303230 0000000000000000 00 00");
    expect_only(FOUND(ENTRY_HID_MISPLACED), ERROR, SPEC | LINUX | XEN, 88);
}

static void uid_length_fits_its_format(void)
{
    static const struct {
        const char *uid;
        bool is_fine;
    } rows[] = {{"00 00", true},     {"00 01 41", false}, {"01 08 0100000000000000", true},
                {"01 01 41", false}, {"02 01 41", true},  {"02 00", false},
                {"03 01 41", false}};

    for (unsigned i = 0; i < 7; i++) {
        start();
        raw.bytes[8] = 2;
        raw_open_block(&raw, RAW_IVHD_10);
        raw_append(&raw, ENTRIES);
        raw_open_block(&raw, IVHD_40);
        raw_append(&raw, ENTRIES "f0 1200 00 414d444930303230 0000000000000000");
        raw_append(&raw, rows[i].uid);
        run();
        if (!rows[i].is_fine) {
            expect(FOUND(ENTRY_UID), WARNING, SPEC | LINUX, 88 + 40 + 16 + 20);
        }
        expect_no_more();
    }
}

static void unknown_entries_stop_xen_and_hang_linux(void)
{
    start_good();
    raw_append(&raw, "05 0000 00");
    expect_only(FOUND(ENTRY_UNKNOWN), ERROR, XEN, 88);
    start_good();
    raw_append(&raw, "7f 0000 00 00000000");
    expect_only(FOUND(ENTRY_UNKNOWN), ERROR, XEN, 88);
    start_good();
    raw_append(&raw, "80 0000 00 00000000 00000000 00000000");
    expect_only(FOUND(ENTRY_ENDLESS), ERROR, LINUX | XEN, 88);
}

static void xen_wants_ranges_whole_and_of_two(void)
{
    start_good();
    raw_append(&raw, "03 0001 00 04 0001 00");
    expect_only(FOUND(RANGE_OF_ONE), ERROR, XEN, 88);
    start_good();
    raw_append(&raw, "03 0001 00 00 000000 04 0101 00");
    expect_only(FOUND(RANGE_PADDED), ERROR, XEN, 88);
    start_good();
    raw_append(&raw, "43 0001 00 00 1000 00 00 000000 04 0101 00");
    expect_only(FOUND(RANGE_PADDED), ERROR, XEN, 88);
    start_good();
    raw_append(&raw, "47 0001 00 00000000 04 0101 00");
    run();
    expect_no_more();
}

static void linux_writes_beyond_the_last_device(void)
{
    start();
    raw_open_block(&raw, RAW_IVHD_10);
    raw_append(&raw, "03 0900 00 04 9f00 00 48 0000 00 00 a000 01");
    expect_only(FOUND(SPECIAL_BEYOND_LAST), ERROR, LINUX, 80);
    raw_append(&raw, "02 a000 00"); /* any plain entry makes room */
    run();
    expect_no_more();
    raw_append(&raw, "42 1000 00 00 a100 00");
    expect_only(FOUND(ALIAS_BEYOND_LAST), ERROR, LINUX, 92);
    raw.bytes[97] = 0xa8; /* Xen counts the IOAPIC, and all functions of the last device */
    expect_only(FOUND(ALIAS_BEYOND_LAST), ERROR, LINUX | XEN, 92);
    raw.bytes[97] = 0xa1;
    raw_append(&raw, "43 1000 00 00 a100 00 04 1100 00");
    run();
    expect(FOUND(ALIAS_BEYOND_LAST), ERROR, LINUX, 92);
    expect(FOUND(ALIAS_BEYOND_LAST), ERROR, LINUX, 100);
    expect_no_more();
    /* Room in another segment does not help, in another block of the same segment it does. */
    raw_open_block(&raw, OTHER_IVHD);
    raw_append(&raw, OTHER_ENTRIES);
    run();
    expect_no_more();
    raw.bytes[112 + 16] = 1;
    run();
    expect(FOUND(ALIAS_BEYOND_LAST), ERROR, LINUX, 92);
    expect(FOUND(ALIAS_BEYOND_LAST), ERROR, LINUX, 100);
    expect_no_more();
}

static void blocks_that_linux_does_not_read_make_no_room(void)
{
    start();
    raw_open_block(&raw, RAW_IVHD_10);
    raw_append(&raw, "03 0900 00 04 ff01 00 48 0000 00 00 a000 01");
    raw_open_block(&raw, IVHD_11);
    raw_append(&raw, ENTRIES "48 0000 00 01 8001 02");
    expect_only(FOUND(SPECIAL_BEYOND_LAST), ERROR, LINUX, 144);
}

static void acpi_devices_make_no_room_either(void)
{
    start();
    raw.bytes[8] = 2;
    raw_open_block(&raw, RAW_IVHD_10);
    raw_append(&raw, ENTRIES);
    raw_open_block(&raw, IVHD_40);
    raw_append(&raw, ENTRIES "f0 0001 00 414d444930303230 0000000000000000 00 00");
    expect_only(FOUND(SPECIAL_BEYOND_LAST), ERROR, LINUX, 144);
    raw.bytes[145] = 0xff;
    raw.bytes[146] = 0x00;
    run();
    expect_no_more();
}

static void special_devices_are_ioapic_or_hpet(void)
{
    start_good();
    raw_append(&raw, "48 0000 00 00 a800 03");
    expect_only(FOUND(SPECIAL_VARIETY), ERROR, LINUX | XEN, 88);
}

static void ioapic_has_one_requester(void)
{
    start_good();
    raw_append(&raw, "48 0000 00 00 a000 01 48 0000 00 01 a800 01 48 0000 00 00 a800 02");
    run();
    expect_no_more();
    raw_append(&raw, "48 0000 00 01 b000 01");
    expect_only(FOUND(HANDLE_TWICE), ERROR, SPEC | XEN, 112);
}

static void one_ioapic_is_the_south_bridges(void)
{
    start_good();
    raw.bytes[85] = 0xa8;
    expect_only(FOUND(NO_SOUTHBRIDGE_IOAPIC), ERROR, LINUX | XEN, 48);
    start_good();
    raw.bytes[87] = 0x02; /* an HPET is none */
    expect_only(FOUND(NO_SOUTHBRIDGE_IOAPIC), ERROR, LINUX | XEN, 48);
    start_good();
    raw.bytes[64] = 0x01; /* another segment */
    expect_only(FOUND(NO_SOUTHBRIDGE_IOAPIC), ERROR, LINUX | XEN, 48);
    /* Each reads its own type. */
    start_good();
    raw_open_block(&raw, IVHD_11);
    raw_append(&raw, "03 0900 00 04 ff00 00");
    expect_only(FOUND(NO_SOUTHBRIDGE_IOAPIC), ERROR, LINUX, 48);
    raw.bytes[36] = 0x01;
    expect_only(FOUND(NO_SOUTHBRIDGE_IOAPIC), ERROR, LINUX | XEN, 48);
}

static void device_is_behind_one_iommu(void)
{
    start_good();
    raw_open_block(&raw, OTHER_IVHD);
    raw_append(&raw, "02 ff00 00" OTHER_ENTRIES);
    expect_only(FOUND(DEVICE_SHARED), ERROR, SPEC, 112);
    raw.bytes[113] = 0x00;
    raw.bytes[114] = 0x01; /* 0100h */
    run();
    expect_no_more();
    raw.bytes[113] = 0x08;
    raw.bytes[114] = 0x00; /* below the first range */
    run();
    expect_no_more();
    raw.bytes[113] = 0x09;
    expect_only(FOUND(DEVICE_SHARED), ERROR, SPEC, 112);
    raw.bytes[88 + 16] = 0x01; /* another segment */
    run();
    expect_no_more();
}

static void older_types_of_an_iommu_share_its_devices(void)
{
    start_good();
    raw_open_block(&raw, IVHD_11);
    raw_append(&raw, ENTRIES);
    run();
    expect_no_more();
}

static void memory_is_for_devices_that_xen_knows(void)
{
    start_good(); /* up to 00FFh */
    raw_open_block(&raw, "21 07 0000 ff00 0000 0000000000000000 0000010000000000 0010000000000000");
    raw_open_block(&raw, "22 07 0000 2000 ff00 0000000000000000 0000020000000000 0010000000000000");
    raw_open_block(&raw, "20 07 0000 0030 0040 0000000000000000 0000030000000000 0010000000000000");
    run();
    expect_no_more();
    raw.bytes[93] = 0x01; /* for 01FFh */
    expect_only(FOUND(MEMORY_BEYOND_LAST), ERROR, XEN, 92);
    raw.bytes[127] = 0x01; /* up to 01FFh */
    run();
    expect(FOUND(MEMORY_BEYOND_LAST), ERROR, XEN, 92);
    expect(FOUND(MEMORY_BEYOND_LAST), ERROR, XEN, 124);
    expect_no_more();
    /* Xen counts special devices, all functions of the last one, and every segment. */
    raw.bytes[78] = 0x01; /* the range up to 01FFh now is the IOMMU's */
    run();
    expect_no_more();
    start_good();
    raw_append(&raw, "48 0000 00 01 0002 02 48 0000 00 02 0902 02");
    raw_open_block(&raw, "21 07 0000 0f02 0000 0000000000000000 0000010000000000 0010000000000000");
    run();
    expect(FOUND(SPECIAL_BEYOND_LAST), ERROR, LINUX, 88);
    expect(FOUND(SPECIAL_BEYOND_LAST), ERROR, LINUX, 96);
    expect_no_more();
    raw.bytes[104 + 8] = 0x01;
    raw.bytes[104 + 4] = 0x10; /* 0210h in another segment, where Xen looks no other way */
    run();
    expect(FOUND(SPECIAL_BEYOND_LAST), ERROR, LINUX, 88);
    expect(FOUND(SPECIAL_BEYOND_LAST), ERROR, LINUX, 96);
    expect(FOUND(MEMORY_BEYOND_LAST), ERROR, XEN, 108);
    expect_no_more();
    /* What Xen does not come to, it does not reject. */
    raw.bytes[48] = 0x40;
    run();
    for (uint32_t i = 0; i < finding_count; i++) {
        CHECK(findings[i].kind != FOUND(MEMORY_BEYOND_LAST));
    }
}

static const struct check_case cases[] = {
    {"a block without devices is reported", "1.20 IVHD", block_without_devices_is_useless},
    {"Xen: no entries for all devices; Linux: FFFFh is slow", "1.20 IVHD device entries",
     xen_does_not_know_entries_for_all},
    {"ACPI devices are of type 40h only", "2.6 IVHD device entries",
     acpi_devices_are_of_type_40_only},
    {"a UID's length fits its format", "2.6 IVHD device entries", uid_length_fits_its_format},
    {"Xen: unknown entries stop it; Linux: from 80h on they hang it", "1.20 IVHD device entries",
     unknown_entries_stop_xen_and_hang_linux},
    {"Xen: ranges are unpadded and of two devices or more", "1.20 IVHD device entries",
     xen_wants_ranges_whole_and_of_two},
    {"Linux: special devices and alias sources lie within the plain entries",
     "1.20 IVHD device entries", linux_writes_beyond_the_last_device},
    {"Linux: only the IVHDs of the type it takes make room", "2.6 IVHD",
     blocks_that_linux_does_not_read_make_no_room},
    {"Linux: ACPI devices lie within the plain entries", "2.6 IVHD device entries",
     acpi_devices_make_no_room_either},
    {"Linux: special devices are IOAPIC or HPET", "1.20 IVHD device entries",
     special_devices_are_ioapic_or_hpet},
    {"Xen: an IOAPIC has one requester", "1.20 IVHD device entries", ioapic_has_one_requester},
    {"Linux, Xen: one IOAPIC is 0000:00:14.0", "1.20 IVHD device entries",
     one_ioapic_is_the_south_bridges},
    {"Xen: memory is for devices up to the last", "1.20 IVMD",
     memory_is_for_devices_that_xen_knows},
    {"a device is behind one IOMMU", "1.20 IVHD device entries", device_is_behind_one_iommu},
    {"IVHDs of several types for one IOMMU share its devices", "2.6 IVHD",
     older_types_of_an_iommu_share_its_devices},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
