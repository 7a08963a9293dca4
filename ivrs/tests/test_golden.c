/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole tables, byte by byte. The bytes were typed from the architecture reference, not from the
 * library's layouts and not from its output.
 */
#include <string.h>

#include "amdvi/ivrs.h"
#include "check.h"

/* The smallest useful table: one IOMMU 00:01.0, bus 0 behind it, one IOAPIC. */
static const uint8_t small_table[] = {
    'I', 'V', 'R', 'S',                             /* 0 */
    0x58, 0x00, 0x00, 0x00,                         /* 4: length 88 */
    0x01, 0xa6,                                     /* 8: revision, checksum */
    'A', 'M', 'D', 'V', 'I', ' ',                   /* 10: OEM id */
    'A', 'M', 'D', 'V', 'I', 'V', 'R', 'S',         /* 16: OEM table id */
    0x01, 0x00, 0x00, 0x00,                         /* 24: OEM revision */
    'A', 'M', 'D', 'V',                             /* 28: creator id */
    0x01, 0x00, 0x00, 0x00,                         /* 32: creator revision */
    0x00, 0x30, 0x20, 0x00,                         /* 36: IVinfo: VA 40h, PA 30h */
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* 40: reserved */
    /* IVHD. */
    0x10, 0x00, 0x28, 0x00,                         /* 48: type, flags, length 40 */
    0x08, 0x00, 0x40, 0x00,                         /* 52: DeviceID, capability */
    0x00, 0x00, 0xd9, 0xfe, 0x00, 0x00, 0x00, 0x00, /* 56: window */
    0x00, 0x00, 0x00, 0x00,                         /* 64: segment, info */
    0x00, 0x00, 0x00, 0x00,                         /* 68: reserved */
    0x03, 0x00, 0x00, 0x00,                         /* 72: range from 0000h */
    0x04, 0xff, 0x00, 0x00,                         /* 76: to 00FFh */
    0x48, 0x00, 0x00, 0x00, 0x00, 0xa0, 0x00, 0x01, /* 80: IOAPIC 0 is 00:14.0 */
};

static const struct amdvi_ivrs_device small_devices[] = {
    {.kind = AMDVI_IVRS_DEVICE_RANGE, .device_id = 0x0000, .last_device_id = 0x00ff},
    {.kind = AMDVI_IVRS_DEVICE_IOAPIC, .device_id = 0x00a0, .handle = 0},
};

static const struct amdvi_ivrs_unit_description small_unit = {
    .unit = {.device_id = 0x0008, .capability_offset = 0x40, .window_spa = 0xfed90000},
    .devices = small_devices,
    .device_count = 2,
};

static const struct amdvi_ivrs_description small_description = {
    .oem_id = "AMDVI",
    .oem_table_id = "AMDVIVRS",
    .creator_id = "AMDV",
    .oem_revision = 1,
    .creator_revision = 1,
    .va_bits = 64,
    .pa_bits = 48,
    .units = &small_unit,
    .unit_count = 1,
};

/* Everything that can be built, in two IOMMUs. The second one's block must be filled up. */
static const uint8_t large_table[] = {
    'I', 'V', 'R', 'S',                             /* 0 */
    0x14, 0x01, 0x00, 0x00,                         /* 4: length 276 */
    0x01, 0x00,                                     /* 8: revision; checksum put in below */
    'O', 'E', 'M', ' ', ' ', ' ',                   /* 10 */
    'T', 'A', 'B', 'L', 'E', ' ', ' ', ' ',         /* 16 */
    0x44, 0x33, 0x22, 0x11,                         /* 24 */
    'C', ' ', ' ', ' ',                             /* 28 */
    0x88, 0x77, 0x66, 0x55,                         /* 32 */
    0x00, 0x30, 0x54, 0x00,                         /* 36: HtAtsResv, VA 28h, PA 30h */
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* 40 */
    /* IVHD of 00:00.2. */
    0x10, 0x35, 0x5c, 0x00, /* 48: HtTunEn ResPassPW IotlbSup Coherent; 92 */
    0x02, 0x00, 0x40, 0x00, /* 52 */
    0x00, 0x00, 0x20, 0xfd, 0x00, 0x00, 0x00, 0x00, /* 56 */
    0x00, 0x00, 0x03, 0x05,                         /* 64: segment 0; MsiNum 3, UnitID 5 */
    0x00, 0x00, 0x00, 0x00,                         /* 68 */
    0x03, 0x03, 0x00, 0x00,                         /* 72: range from 0003h */
    0x04, 0xff, 0x01, 0x00,                         /* 76: to 01FFh */
    0x02, 0x10, 0x02, 0xd7,                         /* 80: 0210h, all pass bits, SysMgt 1 */
    0x42, 0x20, 0x02, 0x00, 0x00, 0x00, 0x01, 0x00, /* 84: 0220h is seen as 0100h */
    0x43, 0x00, 0x03, 0x30, 0x00, 0xa5, 0x00, 0x00, /* 92: from 0300h, seen as 00A5h, SysMgt 3 */
    0x04, 0xff, 0x03, 0x00,                         /* 100: to 03FFh */
    0x46, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x80, /* 104: 0400h without ATS */
    0x47, 0x00, 0x05, 0x01, 0x00, 0x00, 0x00, 0x00, /* 112: from 0500h, INITPass */
    0x04, 0x07, 0x05, 0x00,                         /* 120: to 0507h */
    0x48, 0x00, 0x00, 0xd7, 0x04, 0xa0, 0x00, 0x01, /* 124: IOAPIC 4 is 00:14.0 */
    0x48, 0x00, 0x00, 0xd7, 0x00, 0xa0, 0x00, 0x02, /* 132: HPET 0 too */
    /* IVHD of 40:00.2. */
    0x10, 0x00, 0x28, 0x00,                         /* 140: 40 */
    0x02, 0x40, 0x80, 0x00,                         /* 144 */
    0x00, 0x00, 0x30, 0xfd, 0x80, 0x00, 0x00, 0x00, /* 148: 80_FD30_0000h */
    0x00, 0x00, 0x1f, 0x1f,                         /* 156: MsiNum 31, UnitID 31 */
    0x00, 0x00, 0x00, 0x00,                         /* 160 */
    0x03, 0x03, 0x40, 0x00,                         /* 164: range from 4003h */
    0x04, 0xff, 0x40, 0x00,                         /* 168: to 40FFh */
    0x02, 0xff, 0x40, 0x00,                         /* 172: 40FFh again, to reach 40 bytes */
    0x02, 0xff, 0x40, 0x00,                         /* 176: and again */
    /* IVMDs. */
    0x21, 0x03, 0x20, 0x00,                         /* 180: one device; unity, read; 32 */
    0x10, 0x02, 0x00, 0x00,                         /* 184: 0210h */
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* 188 */
    0x00, 0x00, 0x00, 0x7f, 0x00, 0x00, 0x00, 0x00, /* 196: 7F00_0000h */
    0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, /* 204: 64 KiB */
    0x22, 0x08, 0x20, 0x00,                         /* 212: range; exclusion */
    0x00, 0x03, 0xff, 0x03,                         /* 216: 0300h to 03FFh */
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* 220 */
    0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, /* 228: 1_0000_0000h */
    0x00, 0x00, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, /* 236: 2 MiB */
    0x20, 0x07, 0x20, 0x00,                         /* 244: all; unity, read, write */
    0x00, 0x00, 0x00, 0x00,                         /* 248 */
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* 252 */
    0x00, 0x00, 0x0a, 0x00, 0x00, 0x00, 0x00, 0x00, /* 260: A0000h */
    0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, /* 268: 128 KiB */
};

static const struct amdvi_ivrs_device large_devices_0[] = {
    {.kind = AMDVI_IVRS_DEVICE_RANGE, .device_id = 0x0003, .last_device_id = 0x01ff},
    {.kind = AMDVI_IVRS_DEVICE_SELECT,
     .device_id = 0x0210,
     .last_device_id = 0x0210,
     .dte_setting = AMDVI_IVRS_DTE_INIT_PASS | AMDVI_IVRS_DTE_EINT_PASS | AMDVI_IVRS_DTE_NMI_PASS |
                    0x10 | AMDVI_IVRS_DTE_LINT0_PASS | AMDVI_IVRS_DTE_LINT1_PASS},
    {.kind = AMDVI_IVRS_DEVICE_ALIAS_SELECT,
     .device_id = 0x0220,
     .last_device_id = 0x0220,
     .source_device_id = 0x0100},
    {.kind = AMDVI_IVRS_DEVICE_ALIAS_RANGE,
     .device_id = 0x0300,
     .last_device_id = 0x03ff,
     .source_device_id = 0x00a5,
     .dte_setting = AMDVI_IVRS_DTE_SYS_MGT},
    {.kind = AMDVI_IVRS_DEVICE_EXTENDED_SELECT,
     .device_id = 0x0400,
     .last_device_id = 0x0400,
     .ats_disabled = true},
    {.kind = AMDVI_IVRS_DEVICE_EXTENDED_RANGE,
     .device_id = 0x0500,
     .last_device_id = 0x0507,
     .dte_setting = AMDVI_IVRS_DTE_INIT_PASS},
    {.kind = AMDVI_IVRS_DEVICE_IOAPIC,
     .device_id = 0x00a0,
     .last_device_id = 0x00a0,
     .handle = 4,
     .dte_setting = 0xd7},
    {.kind = AMDVI_IVRS_DEVICE_HPET,
     .device_id = 0x00a0,
     .last_device_id = 0x00a0,
     .handle = 0,
     .dte_setting = 0xd7},
};

static const struct amdvi_ivrs_device large_devices_1[] = {
    {.kind = AMDVI_IVRS_DEVICE_RANGE, .device_id = 0x4003, .last_device_id = 0x40ff},
};

static const struct amdvi_ivrs_unit_description large_units[] = {
    {.unit = {.device_id = 0x0002,
              .capability_offset = 0x40,
              .flags = AMDVI_IVRS_UNIT_HT_TUN_EN | AMDVI_IVRS_UNIT_RES_PASS_PW |
                       AMDVI_IVRS_UNIT_IOTLB_SUP | AMDVI_IVRS_UNIT_COHERENT,
              .msi_num = 3,
              .unit_id = 5,
              .window_spa = 0xfd200000},
     .devices = large_devices_0,
     .device_count = 8},
    {.unit = {.device_id = 0x4002,
              .capability_offset = 0x80,
              .msi_num = 31,
              .unit_id = 31,
              .window_spa = UINT64_C(0x80fd300000)},
     .devices = large_devices_1,
     .device_count = 1},
};

static const struct amdvi_ivrs_memory large_memory[] = {
    {.kind = AMDVI_IVRS_MEMORY_SELECT,
     .device_id = 0x0210,
     .last_device_id = 0x0210,
     .spa_start = 0x7f000000,
     .size_bytes = 0x10000,
     .is_unity = true,
     .can_read = true},
    {.kind = AMDVI_IVRS_MEMORY_RANGE,
     .device_id = 0x0300,
     .last_device_id = 0x03ff,
     .spa_start = UINT64_C(0x100000000),
     .size_bytes = 0x200000,
     .is_exclusion = true},
    {.kind = AMDVI_IVRS_MEMORY_ALL,
     .last_device_id = 0xffff,
     .spa_start = 0xa0000,
     .size_bytes = 0x20000,
     .is_unity = true,
     .can_read = true,
     .can_write = true},
};

static const struct amdvi_ivrs_description large_description = {
    .oem_id = "OEM",
    .oem_table_id = "TABLE",
    .creator_id = "C",
    .oem_revision = 0x11223344,
    .creator_revision = 0x55667788,
    .va_bits = 40,
    .pa_bits = 48,
    .ht_ats_reserved = true,
    .units = large_units,
    .unit_count = 2,
    .memory = large_memory,
    .memory_count = 3,
};

/* The checksum is whatever makes the sum of all bytes 0; it is not worth typing. */
static uint8_t checksum_of(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + (i == 9 ? 0 : bytes[i]));
    }
    return (uint8_t)(0 - sum);
}

static void check_bytes(const uint8_t *got, const uint8_t *want, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t expected = i == 9 ? checksum_of(want, size) : want[i];
        if (got[i] != expected) {
            printf("# byte %zu:\n", i);
            CHECK_U64(got[i], expected);
        }
    }
}

static void small_description_gives_these_bytes(void)
{
    uint8_t built[sizeof(small_table) + 1];
    uint32_t size = 0;

    memset(built, 0xee, sizeof(built));
    CHECK_U64(amdvi_ivrs_size(&small_description, &size, NULL), AMDVI_IVRS_OK);
    CHECK_U64(size, sizeof(small_table));
    size = 0;
    CHECK_U64(amdvi_ivrs_build(&small_description, built, sizeof(built), &size, NULL),
              AMDVI_IVRS_OK);
    CHECK_U64(size, sizeof(small_table));
    check_bytes(built, small_table, sizeof(small_table));
    CHECK_U64(built[9], 0xa6);
    CHECK_U64(built[sizeof(small_table)], 0xee);
}

static void large_description_gives_these_bytes(void)
{
    uint8_t built[sizeof(large_table)];
    uint32_t size = 0;
    struct amdvi_ivrs_refusal refusal = {0, 0, 0};

    CHECK_U64(sizeof(large_table), 0x114);
    if (!CHECK_U64(amdvi_ivrs_build(&large_description, built, sizeof(built), &size, &refusal),
                   AMDVI_IVRS_OK)) {
        return;
    }
    CHECK_U64(size, sizeof(large_table));
    check_bytes(built, large_table, sizeof(large_table));
}

static void later_dma_protection_is_bit_1_of_ivinfo(void)
{
    struct amdvi_ivrs_description description = small_description;
    uint8_t built[sizeof(small_table)];
    struct amdvi_ivrs_table table;

    description.dma_protection = true;
    description.va_bits = 48;
    description.pa_bits = 52;
    CHECK_U64(amdvi_ivrs_build(&description, built, sizeof(built), NULL, NULL), AMDVI_IVRS_OK);
    /* 34h << 8 | 30h << 15 | 2 */
    CHECK_U64(built[36], 0x02);
    CHECK_U64(built[37], 0x34);
    CHECK_U64(built[38], 0x18);
    CHECK_U64(built[39], 0x00);
    CHECK_U64(amdvi_ivrs_open(&table, built, sizeof(built), NULL), AMDVI_IVRS_OK);
    CHECK(table.dma_protection);
    CHECK(!table.efr_supported);
    CHECK_U64(table.va_bits, 48);
    CHECK_U64(table.pa_bits, 52);
}

static void check_header(const struct amdvi_ivrs_table *table)
{
    CHECK_U64(table->size_bytes, 276);
    CHECK_U64(table->revision, 1);
    CHECK(memcmp(table->oem_id, "OEM   ", 6) == 0);
    CHECK(memcmp(table->oem_table_id, "TABLE   ", 8) == 0);
    CHECK(memcmp(table->creator_id, "C   ", 4) == 0);
    CHECK_U64(table->oem_revision, 0x11223344);
    CHECK_U64(table->creator_revision, 0x55667788);
    CHECK_U64(table->ivinfo, 0x00543000);
    CHECK_U64(table->va_bits, 40);
    CHECK_U64(table->pa_bits, 48);
    CHECK_U64(table->gva_size, 0);
    CHECK(table->ht_ats_reserved);
    CHECK(!table->efr_supported);
    CHECK(!table->dma_protection);
}

static void check_unit(const struct amdvi_ivrs_unit *got, const struct amdvi_ivrs_unit *want)
{
    CHECK_U64(got->pci_segment, want->pci_segment);
    CHECK_U64(got->device_id, want->device_id);
    CHECK_U64(got->capability_offset, want->capability_offset);
    CHECK_U64(got->flags, want->flags);
    CHECK_U64(got->msi_num, want->msi_num);
    CHECK_U64(got->unit_id, want->unit_id);
    CHECK_U64(got->window_spa, want->window_spa);
}

/* An entry that only fills the block up: for the device 40FFh, with no settings. */
static bool is_filler(const struct amdvi_ivrs_entry *entry)
{
    return entry->device.kind == AMDVI_IVRS_DEVICE_SELECT && entry->device.device_id == 0x40ff &&
           entry->device.dte_setting == 0;
}

static void check_devices(const struct amdvi_ivrs_table *table,
                          const struct amdvi_ivrs_block *block,
                          const struct amdvi_ivrs_unit_description *want)
{
    struct amdvi_ivrs_entry_cursor cursor = amdvi_ivrs_entries(table, block);
    struct amdvi_ivrs_entry entry;

    for (uint32_t i = 0; i < want->device_count; i++) {
        if (!CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_OK)) {
            return;
        }
        const struct amdvi_ivrs_device *got = &entry.device;
        CHECK_U64(got->kind, want->devices[i].kind);
        CHECK_U64(got->device_id, want->devices[i].device_id);
        CHECK_U64(got->last_device_id, want->devices[i].last_device_id);
        CHECK_U64(got->source_device_id, want->devices[i].source_device_id);
        CHECK_U64(got->dte_setting, want->devices[i].dte_setting);
        CHECK_U64(got->handle, want->devices[i].handle);
        CHECK_U64(got->ats_disabled, want->devices[i].ats_disabled);
    }
    for (uint32_t i = want->device_count; i < 3; i++) {
        CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_OK);
        CHECK(is_filler(&entry));
    }
    CHECK_U64(amdvi_ivrs_next_entry(&cursor, &entry), AMDVI_IVRS_END);
}

static void check_memory(const struct amdvi_ivrs_memory *got, const struct amdvi_ivrs_memory *want)
{
    CHECK_U64(got->kind, want->kind);
    CHECK_U64(got->pci_segment, want->pci_segment);
    CHECK_U64(got->device_id, want->device_id);
    CHECK_U64(got->last_device_id, want->last_device_id);
    CHECK_U64(got->spa_start, want->spa_start);
    CHECK_U64(got->size_bytes, want->size_bytes);
    CHECK_U64(got->is_unity, want->is_unity);
    CHECK_U64(got->is_exclusion, want->is_exclusion);
    CHECK_U64(got->can_read, want->can_read);
    CHECK_U64(got->can_write, want->can_write);
}

static void these_bytes_are_parsed_to_the_description(void)
{
    uint8_t bytes[sizeof(large_table)];
    struct amdvi_ivrs_table table;
    struct amdvi_ivrs_block block;
    static const uint32_t offsets[] = {48, 140, 180, 212, 244};

    memcpy(bytes, large_table, sizeof(bytes));
    bytes[9] = checksum_of(bytes, sizeof(bytes));
    if (!CHECK_U64(amdvi_ivrs_open(&table, bytes, sizeof(bytes), NULL), AMDVI_IVRS_OK)) {
        return;
    }
    check_header(&table);
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(&table);
    for (uint32_t i = 0; i < 5; i++) {
        if (!CHECK_U64(amdvi_ivrs_next_block(&cursor, &block), AMDVI_IVRS_OK)) {
            return;
        }
        CHECK_U64(block.offset, offsets[i]);
        if (i < 2) {
            CHECK_U64(block.kind, AMDVI_IVRS_BLOCK_IVHD);
            CHECK_U64(block.type, 0x10);
            check_unit(&block.unit, &large_units[i].unit);
            check_devices(&table, &block, &large_units[i]);
        } else {
            CHECK_U64(block.kind, AMDVI_IVRS_BLOCK_IVMD);
            CHECK_U64(block.size_bytes, 32);
            check_memory(&block.memory, &large_memory[i - 2]);
        }
    }
    CHECK_U64(amdvi_ivrs_next_block(&cursor, &block), AMDVI_IVRS_END);
}

static const struct check_case cases[] = {
    {"the table of one IOMMU has the bytes of the reference", "1.20 IVRS",
     small_description_gives_these_bytes},
    {"a table with everything in it has the bytes of the reference", "1.20 IVRS",
     large_description_gives_these_bytes},
    {"IVinfo has address sizes in 14:8 and 21:15 and, of 3.x, DMA protection in 1", "3.x IVinfo",
     later_dma_protection_is_bit_1_of_ivinfo},
    {"the bytes of the reference are parsed to what they say", "1.20 IVRS",
     these_bytes_are_parsed_to_the_description},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
