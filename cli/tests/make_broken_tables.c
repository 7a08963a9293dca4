/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes tables into the directory named on the command line: each defect that clients.md and
 * driver.md tell of, alone, as bad_*.dat, and good ones as good_*.dat. They are typed byte by byte,
 * with nothing of the library's.
 */
#include <stdio.h>
#include <string.h>

#include "raw_table.h"

#define OTHER_IVHD    "10 00 0000 0240 4000 0040d9fe00000000 0000 0000 00000000"
#define OTHER_ENTRIES "03 0840 00 04 ff40 00 00 000000 00 000000"
#define IVHD_11                                                                                    \
    "11 00 0000 0800 4000 0000d9fe00000000 0000 0000 00000000 8000000000000000"                    \
    "0000000000000000"
#define IVHD_40                                                                                    \
    "40 00 0000 0800 4000 0000d9fe00000000 0000 0000 00000000 8000000000000000"                    \
    "0000000000000000"
/* A range that leaves the IOMMU itself out, and the IOAPIC. */
#define ENTRIES "03 0900 00 04 ff00 00 48 0000 00 00 a000 01"
#define HID     "f0 1200 00 414d444930303230 0000000000000000 "
#define UNITY   " 0000000000000000 0000010000000000 0010000000000000"

/* A block is opened by a text that starts with "|", 256 by one with "x"; others are appended. */
struct recipe {
    const char *name;
    const char *parts[8];
};

static const struct recipe recipes[] = {
    {"good_small", {"|" RAW_IVHD_10, ENTRIES}},
    {"good_two_units",
     {"|" RAW_IVHD_10, ENTRIES, "|" OTHER_IVHD, OTHER_ENTRIES, "|21 07 2000 2800 0000" UNITY,
      "|20 08 2000 0000 0000 0000000000000000 0000030000000000 0010000000000000"}},
    {"good_later",
     {"R", "E", "|" RAW_IVHD_10, ENTRIES, "|" IVHD_11, ENTRIES, "|" IVHD_40,
      ENTRIES HID "02 03 5c5f55"}},
    {"good_uid",
     {"R", "E", "|" IVHD_11, ENTRIES, "|" IVHD_40, ENTRIES HID "01 08 0100000000000000"}},
    {"good_padding", {"|" RAW_IVHD_10, ENTRIES "00 000000 40 000000 00000000 00 123456"}},
    {"bad_no_blocks", {NULL}},
    {"bad_block_length_zero", {"|" RAW_IVHD_10, ENTRIES, "=10 00 0000"}},
    {"bad_block_beyond_table", {"|" RAW_IVHD_10, ENTRIES, "=10 00 ff00"}},
    {"bad_entry_beyond_block", {"|" RAW_IVHD_10, ENTRIES "48 0000"}},
    {"bad_entry_type_f1", {"|" RAW_IVHD_10, ENTRIES "f1 000000"}},
    {"bad_entry_type_80", {"|" RAW_IVHD_10, ENTRIES "80 000000 00000000 00000000 00000000"}},
    {"bad_entry_type_05", {"|" RAW_IVHD_10, ENTRIES "05 000000"}},
    {"bad_range_not_closed", {"|" RAW_IVHD_10, "03 0900 00 02 ff00 00 48 0000 00 00 a000 01"}},
    {"bad_range_not_opened", {"|" RAW_IVHD_10, "04 ff00 00" ENTRIES}},
    {"bad_range_order", {"|" RAW_IVHD_10, "03 ff00 00 04 0900 00 48 0000 00 00 a000 01"}},
    {"bad_range_of_one", {"|" RAW_IVHD_10, ENTRIES "03 1000 00 04 1000 00"}},
    {"bad_range_padded",
     {"|" RAW_IVHD_10, "03 0900 00 00 000000 04 ff00 00 48 0000 00 00 a000 01"}},
    {"bad_all_devices", {"|" RAW_IVHD_10, ENTRIES "01 0000 00"}},
    {"bad_last_device_ffff", {"|" RAW_IVHD_10, "03 0900 00 04 ffff 00 48 0000 00 00 a000 01"}},
    {"bad_no_southbridge", {"|" RAW_IVHD_10, "03 0900 00 04 ff00 00 48 0000 00 00 a100 01"}},
    {"bad_no_ioapic", {"|" RAW_IVHD_10, "03 0900 00 04 ff00 00 02 1000 00 02 1100 00"}},
    {"bad_ioapic_twice", {"|" RAW_IVHD_10, ENTRIES "48 0000 00 00 a100 01"}},
    {"bad_special_beyond_last", {"|" RAW_IVHD_10, "03 0900 00 04 7f00 00 48 0000 00 00 a000 01"}},
    {"bad_special_variety", {"|" RAW_IVHD_10, ENTRIES "48 0000 00 00 a000 03"}},
    {"bad_alias_beyond_last", {"|" RAW_IVHD_10, ENTRIES "42 2000 00 00 0001 00"}},
    {"bad_unit_beyond_last",
     {"|10 00 0000 0002 4000 0000d9fe00000000 0000 0000 00000000", ENTRIES}},
    {"bad_unit_device_zero",
     {"|10 00 0000 0000 4000 0000d9fe00000000 0000 0000 00000000", ENTRIES}},
    {"bad_capability_zero", {"|10 00 0000 0800 0000 0000d9fe00000000 0000 0000 00000000", ENTRIES}},
    {"bad_window_zero", {"|10 00 0000 0800 4000 0000000000000000 0000 0000 00000000", ENTRIES}},
    {"bad_window_alignment",
     {"|10 00 0000 0800 4000 0010d9fe00000000 0000 0000 00000000", ENTRIES}},
    {"bad_window_overlap",
     {"|" RAW_IVHD_10, ENTRIES, "|10 00 0000 0240 4000 0000d9fe00000000 0000 0000 00000000",
      OTHER_ENTRIES}},
    {"bad_unit_twice", {"|" RAW_IVHD_10, ENTRIES, "|" RAW_IVHD_10, ENTRIES}},
    {"bad_device_shared", {"|" RAW_IVHD_10, ENTRIES, "|" OTHER_IVHD, OTHER_ENTRIES "02 1000 00"}},
    {"bad_short_for_xen", {"|" RAW_IVHD_10, "03 0900 00 04 ff00 00"}},
    {"bad_first_block_memory", {"|21 07 2000 2800 0000" UNITY, "|" RAW_IVHD_10, ENTRIES}},
    {"bad_memory_of_the_unit", {"|" RAW_IVHD_10, ENTRIES, "|21 07 2000 0800 0000" UNITY}},
    {"bad_type_order", {"R", "E", "|" IVHD_40, ENTRIES, "|" IVHD_11, ENTRIES}},
    {"bad_only_type_40", {"R", "E", "|" IVHD_40, ENTRIES}},
    {"bad_type_11_without_efrsup", {"|" IVHD_11, ENTRIES}},
    {"bad_unit_hidden",
     {"E", "|" RAW_IVHD_10, ENTRIES, "|" IVHD_11, ENTRIES, "|" OTHER_IVHD, OTHER_ENTRIES}},
    {"bad_hid_in_type_11", {"E", "|" IVHD_11, ENTRIES HID "00 00"}},
    {"bad_uid", {"R", "E", "|" IVHD_11, ENTRIES, "|" IVHD_40, ENTRIES HID "01 03 010203"}},
    {"bad_efr_without_gasup",
     {"E",
      "|11 00 0000 0800 4000 0000d9fe00000000 0000 0000 00000000 4000000000000000"
      "0000000000000000",
      ENTRIES}},
    {"bad_no_devices",
     {"|" RAW_IVHD_10, ENTRIES, "|" OTHER_IVHD, "48 0000 00 01 a200 01 00 000000 00 000000"}},
    {"bad_dma_protection", {"D", "|" RAW_IVHD_10, ENTRIES}},
    {"bad_type_40_in_revision_1", {"E", "|" IVHD_11, ENTRIES, "|" IVHD_40, ENTRIES}},
    {"bad_memory_empty_page",
     {"|" RAW_IVHD_10, ENTRIES,
      "|21 07 2000 2800 0000 0000000000000000 0000000000000000 0100000000000000"}},
    {"bad_memory_empty_within",
     {"|" RAW_IVHD_10, ENTRIES, "|21 07 2000 2800 0000" UNITY,
      "|21 03 2000 2800 0000 0000000000000000 0000010000000000 0000000000000000"}},
    {"bad_memory_flags", {"|" RAW_IVHD_10, ENTRIES, "|21 06 2000 2800 0000" UNITY}},
    {"bad_memory_length", {"|" RAW_IVHD_10, ENTRIES, "|21 07 2000 2800 0000" UNITY "00000000"}},
    {"bad_memory_range", {"|" RAW_IVHD_10, ENTRIES, "|22 07 2000 2900 2800" UNITY}},
    {"bad_memory_overlap",
     {"|" RAW_IVHD_10, ENTRIES, "|21 07 2000 2800 0000" UNITY, "|21 03 2000 2800 0000" UNITY}},
    {"bad_memory_beyond_last", {"|" RAW_IVHD_10, ENTRIES, "|21 07 2000 0001 0000" UNITY}},
    {"bad_memory_range_beyond_last", {"|" RAW_IVHD_10, ENTRIES, "|22 07 2000 2800 0001" UNITY}},
    {"bad_too_many_blocks", {"|" RAW_IVHD_10, ENTRIES, "x20 07 2000 0000 0000" UNITY}},
    {"bad_block_unknown", {"|" RAW_IVHD_10, ENTRIES, "|99 00 0000 00000000"}},
    {"bad_reserved_bits", {"|10 c0 0000 0800 4000 0000d9fe00000000 0000 e0e0 00000000", ENTRIES}},
    {"bad_checksum", {"|" RAW_IVHD_10, ENTRIES, "C"}},
    {"bad_checksum_and_more", {"|" RAW_IVHD_10, ENTRIES "01 0000 00", "C"}},
    {"bad_revision", {"|" RAW_IVHD_10, ENTRIES, "V"}},
    {"bad_signature", {"|" RAW_IVHD_10, ENTRIES, "S"}},
    {"bad_length", {"|" RAW_IVHD_10, ENTRIES, "L"}},
};

static void add(struct raw_table *table, const char *part)
{
    if (part[0] == '|') {
        raw_open_block(table, part + 1);
    } else if (part[0] == '=') { /* a block whose length is as it is typed */
        raw_fix_block(table);
        table->block = 0;
        raw_append(table, part + 1);
    } else if (part[0] == 'x') { /* as many as make too many to compare them */
        for (unsigned i = 0; i < 256; i++) {
            raw_open_block(table, part + 1);
        }
    } else if (part[0] == 'R') {
        table->bytes[8] = 2;
    } else if (part[0] == 'E') {
        table->bytes[36] |= 1; /* EFRSup */
    } else if (part[0] == 'D') {
        table->bytes[36] |= 2; /* DMA remap */
    } else {
        raw_append(table, part);
    }
}

/* What is broken after length and checksum were put right. */
static void spoil(struct raw_table *table, char how)
{
    if (how == 'C') {
        table->bytes[9] ^= 0x55;
    } else if (how == 'V') {
        table->bytes[8] = 7;
        raw_fix_checksum(table->bytes, table->size);
    } else if (how == 'S') {
        table->bytes[3] = 'T';
    } else {
        table->bytes[5] = 0xff;
    }
}

int main(int argc, char **argv)
{
    static struct raw_table table;

    for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]) && argc == 2; i++) {
        char path[512];
        char how = '\0';
        raw_start(&table);
        for (unsigned p = 0; p < 8 && recipes[i].parts[p] != NULL; p++) {
            const char *part = recipes[i].parts[p];
            if (strchr("CVSL", part[0]) != NULL) {
                how = part[0];
            } else {
                add(&table, part);
            }
        }
        raw_finish(&table);
        if (how != '\0') {
            spoil(&table, how);
        }
        snprintf(path, sizeof(path), "%s/%s.dat", argv[1], recipes[i].name);
        FILE *file = fopen(path, "wb");
        if (file == NULL || fwrite(table.bytes, 1, table.size, file) != table.size ||
            fclose(file) != 0) {
            fprintf(stderr, "cannot write %s\n", path);
            return 1;
        }
    }
    return argc == 2 ? 0 : 2;
}
