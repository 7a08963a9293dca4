/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes the tables that iasl.sh gives to iasl, one file each, into the directory named on the
 * command line; the values that iasl.sh looks for are the ones here. The last one is broken on
 * purpose.
 */
#include <stdio.h>
#include <string.h>

#include "amdvi/ivrs.h"

static const char *directory;
static bool has_failed;

static void write_file(const char *name, const uint8_t *bytes, uint32_t size)
{
    char path[512];

    int length = snprintf(path, sizeof(path), "%s/%s.dat", directory, name);
    FILE *file = length > 0 && (size_t)length < sizeof(path) ? fopen(path, "wb") : NULL;
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        fprintf(stderr, "cannot write %s\n", path);
        has_failed = true;
    }
}

static uint32_t write_table(const char *name, const struct amdvi_ivrs_description *description,
                            uint8_t *table, size_t table_bytes)
{
    uint32_t size = 0;
    enum amdvi_ivrs_status status = amdvi_ivrs_build(description, table, table_bytes, &size, NULL);

    if (status != AMDVI_IVRS_OK) {
        fprintf(stderr, "%s: %s\n", name, amdvi_ivrs_status_text(status));
        has_failed = true;
        return 0;
    }
    write_file(name, table, size);
    return size;
}

#define COMMON                                                                                     \
    .oem_id = "AMDVI", .oem_table_id = "AMDVIVRS", .creator_id = "AMDV", .oem_revision = 1,        \
    .creator_revision = 1, .va_bits = 64, .pa_bits = 48

static const struct amdvi_ivrs_device machine_devices[] = {
    {.kind = AMDVI_IVRS_DEVICE_RANGE, .device_id = 0x0000, .last_device_id = 0x06ff},
    {.kind = AMDVI_IVRS_DEVICE_IOAPIC, .device_id = 0x00a0},
    {.kind = AMDVI_IVRS_DEVICE_HPET, .device_id = 0x00a0},
};

static const struct amdvi_ivrs_unit_description machine_unit = {
    .unit = {.device_id = 0x0010, .capability_offset = 0x40, .window_spa = 0xfed90000},
    .devices = machine_devices,
    .device_count = 3,
};

/* Blocks that are 12, 8 and 4 bytes short of the 40 that Xen wants. */
static const struct amdvi_ivrs_device filled_devices[][2] = {
    {{.kind = AMDVI_IVRS_DEVICE_SELECT, .device_id = 0x0111}},
    {{.kind = AMDVI_IVRS_DEVICE_RANGE, .device_id = 0x0222, .last_device_id = 0x02ff}},
    {{.kind = AMDVI_IVRS_DEVICE_SELECT, .device_id = 0x0333},
     {.kind = AMDVI_IVRS_DEVICE_EXTENDED_SELECT, .device_id = 0x0344, .ats_disabled = true}},
};

static const struct amdvi_ivrs_unit_description filled_units[] = {
    {.unit = {.device_id = 0x0101, .capability_offset = 0x40, .window_spa = 0xfed90000},
     .devices = filled_devices[0],
     .device_count = 1},
    {.unit = {.device_id = 0x0202, .capability_offset = 0x44, .window_spa = 0xfed94000},
     .devices = filled_devices[1],
     .device_count = 1},
    {.unit = {.device_id = 0x0303, .capability_offset = 0x48, .window_spa = 0xfed98000},
     .devices = filled_devices[2],
     .device_count = 2},
};

static const struct amdvi_ivrs_device every_device[] = {
    {.kind = AMDVI_IVRS_DEVICE_RANGE, .device_id = 0x0003, .last_device_id = 0x01ff},
    {.kind = AMDVI_IVRS_DEVICE_SELECT, .device_id = 0x0210, .dte_setting = 0xd7},
    {.kind = AMDVI_IVRS_DEVICE_ALIAS_SELECT, .device_id = 0x0220, .source_device_id = 0x0123},
    {.kind = AMDVI_IVRS_DEVICE_ALIAS_RANGE,
     .device_id = 0x0300,
     .last_device_id = 0x03fe,
     .source_device_id = 0x00a5,
     .dte_setting = 0x30},
    {.kind = AMDVI_IVRS_DEVICE_EXTENDED_SELECT, .device_id = 0x0400, .ats_disabled = true},
    {.kind = AMDVI_IVRS_DEVICE_EXTENDED_RANGE, .device_id = 0x0500, .last_device_id = 0x0507},
    {.kind = AMDVI_IVRS_DEVICE_IOAPIC, .device_id = 0x00a0, .handle = 4, .dte_setting = 0xd7},
    {.kind = AMDVI_IVRS_DEVICE_HPET, .device_id = 0x00a0, .handle = 3, .dte_setting = 0xd7},
};

static const struct amdvi_ivrs_unit_description every_unit = {
    .unit = {.device_id = 0x0002,
             .capability_offset = 0x64,
             .flags = 0x3f,
             .msi_num = 3,
             .unit_id = 5,
             .pci_segment = 0,
             .window_spa = UINT64_C(0x80fd304000)},
    .devices = every_device,
    .device_count = 8,
};

static const struct amdvi_ivrs_memory every_memory[] = {
    {.kind = AMDVI_IVRS_MEMORY_SELECT,
     .device_id = 0x0210,
     .spa_start = 0x7f012000,
     .size_bytes = 0x11000,
     .is_unity = true,
     .can_read = true},
    {.kind = AMDVI_IVRS_MEMORY_RANGE,
     .device_id = 0x0300,
     .last_device_id = 0x03fe,
     .spa_start = UINT64_C(0x123456000),
     .size_bytes = 0x222000,
     .is_exclusion = true},
    {.kind = AMDVI_IVRS_MEMORY_ALL,
     .spa_start = 0xa0000,
     .size_bytes = 0x20000,
     .is_unity = true,
     .can_read = true,
     .can_write = true},
};

int main(int argc, char **argv)
{
    static uint8_t table[4096];

    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    directory = argv[1];
    write_table("machine",
                &(struct amdvi_ivrs_description){COMMON, .units = &machine_unit, .unit_count = 1},
                table, sizeof(table));
    write_table("filled",
                &(struct amdvi_ivrs_description){COMMON, .units = filled_units, .unit_count = 3,
                                                 .allow_no_southbridge_ioapic = true},
                table, sizeof(table));
    uint32_t size = write_table("every",
                                &(struct amdvi_ivrs_description){
                                    COMMON, .ht_ats_reserved = true, .units = &every_unit,
                                    .unit_count = 1, .memory = every_memory, .memory_count = 3},
                                table, sizeof(table));
    if (size > 80) {
        table[9] ^= 0xff; /* broken: checksum, and the type of the second block */
        table[48 + 24 + 68] = 0x77;
        write_file("broken", table, size);
    }
    return has_failed ? 1 : 0;
}
