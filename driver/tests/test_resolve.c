/* SPDX-License-Identifier: BSD-2-Clause */
/* What the IVRS says, and what is made of one that is wrong. Tables are put together by hand. */
#include "check.h"
#include "raw_table.h"
#include "rig.h"

#include "state.h"

#include <string.h>

/* Blocks; what follows the type is written as it lies in memory. */
#define IVHD_10     RAW_IVHD_10 /* of 00:01.0, at FED9_0000h */
#define IVHD_10_TWO "10 00 0000 0001 4000 0080d9fe00000000 0000 0000 00000000"
#define IVHD_11                                                                                    \
    "11 00 0000 0800 4000 0000d9fe00000000 0000 0000 00000000 4000000000000000 0000000000000000"
#define IVHD_40                                                                                    \
    "40 00 0000 0800 4000 0000d9fe00000000 0000 0000 00000000 0004000000000000 0000000000000000"
#define RANGE_00_FF "03 0000 00 04 ff00 00"
/* IVMD: type, flags, length, device, last device, segment and reserved, start, size. */
#define IVMD(type, flags, device, last, start, size)                                               \
    type flags "2000" device last "0000000000000000" start size
#define RW       "07"
#define RO       "03"
#define WO       "05"
#define NONE     "01"
#define EXCL     "08"
#define AT_1M    "0000100000000000"
#define AT_1M_4K "0010100000000000"
#define SIZE_4K  "0010000000000000"
#define SIZE_8K  "0020000000000000"

struct bed {
    struct rig rig;
    struct amdvi_drv drv;
    struct raw_table table;
};

static struct bed bed;

static void begin(void)
{
    memset(&bed, 0, sizeof(bed));
    rig_start(&bed.rig, &(struct rig_options){0});
    raw_start(&bed.table);
}

static void block(const char *hex)
{
    raw_open_block(&bed.table, hex);
}

static enum amdvi_drv_status resolve_with(const struct amdvi_drv_override *overrides,
                                          unsigned count)
{
    bed.drv = (struct amdvi_drv){.host = &bed.rig.host, .heap = bed.rig.heap};
    bed.drv.config = (struct amdvi_drv_config){.ivrs = bed.table.bytes,
                                               .ivrs_bytes = sizeof(bed.table.bytes),
                                               .overrides = overrides,
                                               .override_count = count};
    enum amdvi_drv_status status = amdvi_drv_resolve_table(&bed.drv);
    return status == AMDVI_DRV_OK ? amdvi_drv_resolve_memory_list(&bed.drv) : status;
}

static enum amdvi_drv_status resolve(void)
{
    raw_finish(&bed.table);
    return resolve_with(NULL, 0);
}

/* What was resolved is given back. */
static void drop(void)
{
    for (unsigned i = 0; i < bed.drv.unit_count; i++) {
        amdvi_drv_unit_destroy(bed.drv.units[i]);
    }
    if (bed.drv.ivrs_copy.bytes != NULL) {
        amdvi_drv_heap_free(&bed.drv.heap, &bed.drv.ivrs_copy);
    }
    if (bed.drv.override_copy.bytes != NULL) {
        amdvi_drv_heap_free(&bed.drv.heap, &bed.drv.override_copy);
    }
    bed.drv = (struct amdvi_drv){.host = &bed.rig.host};
}

static void end(void)
{
    drop();
    CHECK(rig_stop(&bed.rig));
}

/* The requester id of a device, and the setting of its entry; UINT32_MAX: behind no unit. */
static uint32_t requester(uint16_t device_id)
{
    struct amdvi_drv_unit *unit = NULL;
    struct amdvi_ivrs_binding binding;

    return amdvi_drv_resolve_device(&bed.drv, 0, device_id, &unit, &binding) == AMDVI_DRV_OK
               ? (uint32_t)binding.requester << 8 | binding.dte_setting
               : UINT32_MAX;
}

static uint64_t memories(uint16_t device_id)
{
    return amdvi_drv_resolve_memories(&bed.drv, 0, device_id);
}

/* ---- Units and devices ----------------------------------------------------------------------- */

static void the_highest_type_counts(void)
{
    const char *order[2][3] = {{IVHD_10, IVHD_11, IVHD_40}, {IVHD_40, IVHD_11, IVHD_10}};

    for (unsigned i = 0; i < 2; i++) {
        begin();
        for (unsigned j = 0; j < 3; j++) {
            block(order[i][j]);
            /* Each type says something else of 00:02.0. */
            raw_append(&bed.table, order[i][j] == order[0][0]   ? "02 1000 01"
                                   : order[i][j] == order[0][1] ? "02 1000 02"
                                                                : "02 1000 04");
        }
        if (CHECK_U64(resolve(), AMDVI_DRV_OK)) {
            CHECK_U64(bed.drv.unit_count, 1);
            CHECK_U64(bed.drv.units[0]->block_type, 0x40);
            CHECK_U64(bed.drv.units[0]->ivrs_efr, 0x400);
            CHECK_U64(requester(0x10), 0x1004);
        }
        end();
    }
}

static void every_named_id_has_an_entry(void)
{
    begin();
    block(IVHD_10);
    raw_append(&bed.table, "03 1000 00 04 2000 00");            /* 10h to 20h */
    raw_append(&bed.table, "48 0000 c4 07 0002 01");            /* IOAPIC 7 sends as 200h */
    raw_append(&bed.table, "42 1800 00 00 0003 00");            /* 18h sends as 300h */
    raw_append(&bed.table, "43 1900 00 00 0004 00 04 1a00 00"); /* 19h, 1ah send as 400h */
    if (CHECK_U64(resolve(), AMDVI_DRV_OK)) {
        CHECK_U64(bed.drv.units[0]->last_device_id, 0x400);
        CHECK_U64(requester(0x200), 0x2000000 / 0x100 | 0xc4);
        CHECK_U64(requester(0x18), 0x30000);
        CHECK_U64(requester(0x300), 0x30000);
        CHECK_U64(requester(0x1a), 0x40000);
        CHECK_U64(requester(0x1b), 0x1b00);
        CHECK_U64(requester(0x21), UINT32_MAX);
        CHECK_U64(requester(0x301), UINT32_MAX);
    }
    end();
}

static void an_iommu_is_not_behind_itself_but_an_ioapic_may_be(void)
{
    uint16_t segment = 9;
    uint16_t device_id = 0;

    begin();
    block(IVHD_10 RANGE_00_FF);
    CHECK_U64(resolve(), AMDVI_DRV_OK);
    CHECK_U64(requester(0x08), UINT32_MAX);
    end();

    begin();
    block(IVHD_10 RANGE_00_FF);
    raw_append(&bed.table, "48 0000 00 05 0800 01"); /* IOAPIC 5 sends as the IOMMU */
    CHECK_U64(resolve(), AMDVI_DRV_OK);
    CHECK_U64(requester(0x08), 0x0800);
    CHECK_U64(amdvi_drv_ioapic_find(&bed.drv, 5, &segment, &device_id), AMDVI_DRV_OK);
    CHECK_U64(device_id, 8);
    CHECK_U64(segment, 0);
    end();
}

static void two_units_have_their_devices(void)
{
    struct amdvi_drv_unit *unit = NULL;
    struct amdvi_ivrs_binding binding;

    begin();
    block(IVHD_10 RANGE_00_FF);
    block(IVHD_10_TWO "03 0001 00 04 ff01 00");
    CHECK_U64(resolve(), AMDVI_DRV_OK);
    CHECK_U64(bed.drv.unit_count, 2);
    CHECK_U64(amdvi_drv_resolve_device(&bed.drv, 0, 0x120, &unit, &binding), AMDVI_DRV_OK);
    CHECK(unit == bed.drv.units[1]);
    CHECK_U64(unit->last_device_id, 0x1ff);
    CHECK_U64(amdvi_drv_resolve_device(&bed.drv, 1, 0x120, &unit, &binding), AMDVI_DRV_ERR_NO_UNIT);
    end();

    /* Two IOMMUs at one place are none. */
    begin();
    block(IVHD_10 RANGE_00_FF);
    block("10 00 0000 0001 4000 0000d9fe00000000 0000 0000 00000000 02 2001 00");
    CHECK_U64(resolve(), AMDVI_DRV_ERR_TABLE);
    end();
    begin();
    block("10 00 0000 0001 4000 0000000000000000 0000 0000 00000000 02 2001 00");
    CHECK_U64(resolve(), AMDVI_DRV_ERR_TABLE);
    end();
}

/* ---- Hostile tables -------------------------------------------------------------------------- */

static void expect(const char *first, const char *second, enum amdvi_drv_status status)
{
    begin();
    block(first);
    if (second != NULL) {
        raw_append(&bed.table, second);
    }
    CHECK_U64(resolve(), status);
    CHECK((status != AMDVI_DRV_OK) == (bed.rig.log_lines != 0));
    end();
}

static void what_has_no_end_is_refused(void)
{
    /* A block of length 0 behind the first: raw_finish() fixes only the last, so it is undone. */
    begin();
    block(IVHD_10 RANGE_00_FF);
    uint32_t at = bed.table.size;
    block("50 00 0000");
    raw_finish(&bed.table);
    bed.table.bytes[at + 2] = 0;
    raw_fix_checksum(bed.table.bytes, bed.table.size);
    CHECK_U64(resolve_with(NULL, 0), AMDVI_DRV_ERR_TABLE);
    end();

    expect(IVHD_10 RANGE_00_FF, "ff 0000 00", AMDVI_DRV_ERR_TABLE);
    expect(IVHD_10 RANGE_00_FF, "f1 0000 00", AMDVI_DRV_ERR_TABLE);
    /* 80h is unknown, but how long it is is known: it is skipped. */
    expect(IVHD_10 RANGE_00_FF, "80 3000 00 00000000 00000000 00000000", AMDVI_DRV_OK);
    expect(IVHD_10 RANGE_00_FF, "80 3000 00", AMDVI_DRV_ERR_TABLE);
    expect(IVHD_10, "03 1000 00 02 2000 00", AMDVI_DRV_ERR_TABLE);
    expect(IVHD_10, "03 2000 00 04 1000 00", AMDVI_DRV_ERR_TABLE);
    expect("50 00 0000", NULL, AMDVI_DRV_ERR_TABLE); /* no unit at all */
}

/* So many entries for all ids that a walk for each id would take minutes. */
static void entries_without_end_are_refused(void)
{
    begin();
    block(IVHD_10);
    for (unsigned i = 0; i < 17; i++) {
        raw_append(&bed.table, "01 0000 00");
    }
    CHECK_U64(resolve(), AMDVI_DRV_ERR_TABLE);
    end();
}

static void check_nothing_is_beyond_the_table(void)
{
    for (uint32_t id = 0; id < 0x600; id++) {
        struct amdvi_drv_unit *unit = NULL;
        struct amdvi_ivrs_binding binding;
        if (amdvi_drv_resolve_device(&bed.drv, 0, (uint16_t)id, &unit, &binding) == AMDVI_DRV_OK &&
            (id > unit->last_device_id || binding.requester > unit->last_device_id)) {
            CHECK_U64(binding.requester, unit->last_device_id);
        }
    }
}

static void any_byte_may_be_wrong(void)
{
    static const uint8_t values[] = {0x00, 0x01, 0x20, 0x7f, 0x80, 0xff};
    struct raw_table good;
    unsigned accepted = 0;
    unsigned refused = 0;

    begin();
    block(IVHD_10 RAW_ENTRIES "42 1800 00 00 0003 00");
    block(IVMD("22", RW, "1000", "2000", AT_1M, SIZE_8K));
    raw_finish(&bed.table);
    good = bed.table;
    for (uint32_t at = 0; at < good.size; at++) {
        for (unsigned i = 0; i < sizeof(values); i++) {
            bed.table = good;
            bed.table.bytes[at] = values[i];
            if (at >= 48) {
                raw_fix_checksum(bed.table.bytes, bed.table.size);
            }
            if (resolve_with(NULL, 0) == AMDVI_DRV_OK) {
                check_nothing_is_beyond_the_table();
                accepted++;
            } else {
                refused++;
            }
            drop();
            CHECK_U64(bed.rig.held_blocks, 0);
        }
    }
    CHECK(accepted > 100 && refused > 100);
    for (uint32_t length = 0; length < good.size; length++) {
        bed.drv = (struct amdvi_drv){.host = &bed.rig.host, .heap = bed.rig.heap};
        bed.drv.config = (struct amdvi_drv_config){.ivrs = good.bytes, .ivrs_bytes = length};
        CHECK_U64(amdvi_drv_resolve_table(&bed.drv), AMDVI_DRV_ERR_TABLE);
        drop();
    }
    end();
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static void records_are_kept_apart(void)
{
    begin();
    block(IVHD_10 RANGE_00_FF);
    block(IVMD("21", RW, "1000", "0000", AT_1M, SIZE_8K));
    block(IVMD("21", RW, "1000", "0000", AT_1M_4K, SIZE_8K));
    CHECK_U64(resolve(), AMDVI_DRV_OK);
    CHECK_U64(bed.drv.memory_count, 2);
    CHECK_U64(memories(0x10), 3);
    CHECK_U64(memories(0x11), 0);
    end();
}

static void contradictions_are_refused(void)
{
    static const struct {
        const char *first;
        const char *second;
        enum amdvi_drv_status status;
    } pairs[] = {
        {IVMD("21", RW, "1000", "0000", AT_1M, SIZE_8K),
         IVMD("21", RO, "1000", "0000", AT_1M_4K, SIZE_4K), AMDVI_DRV_ERR_TABLE},
        {IVMD("20", RW, "0000", "0000", AT_1M, SIZE_8K),
         IVMD("21", WO, "1000", "0000", AT_1M, SIZE_4K), AMDVI_DRV_ERR_TABLE},
        {IVMD("22", RW, "1000", "2000", AT_1M, SIZE_8K),
         IVMD("22", RO, "2000", "3000", AT_1M, SIZE_4K), AMDVI_DRV_ERR_TABLE},
        /* Parts of one page. */
        {IVMD("21", RW, "1000", "0000", AT_1M, "0018000000000000"),
         IVMD("21", RO, "1000", "0000", "0018100000000000", SIZE_4K), AMDVI_DRV_ERR_TABLE},
        /* Other devices, or other memory. */
        {IVMD("22", RW, "1000", "2000", AT_1M, SIZE_8K),
         IVMD("22", RO, "2100", "3000", AT_1M, SIZE_8K), AMDVI_DRV_OK},
        {IVMD("21", RW, "1000", "0000", AT_1M, SIZE_4K),
         IVMD("21", RO, "1000", "0000", AT_1M_4K, SIZE_4K), AMDVI_DRV_OK},
    };

    for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        begin();
        block(IVHD_10 RANGE_00_FF);
        block(pairs[i].first);
        block(pairs[i].second);
        CHECK_U64(resolve(), pairs[i].status);
        end();
    }
}

static void types_are_told_apart(void)
{
    begin();
    block(IVHD_10 RANGE_00_FF);
    block(IVMD("20", RW, "aaaa", "bbbb", AT_1M, SIZE_4K));
    block(IVMD("21", RW, "1000", "0000", "0000200000000000", SIZE_4K));
    block(IVMD("22", RW, "1800", "1a00", "0000300000000000", SIZE_4K));
    block(IVMD("21", RW, "0050", "0000", "0000400000000000", SIZE_4K)); /* behind no unit */
    CHECK_U64(resolve(), AMDVI_DRV_OK);
    CHECK_U64(bed.drv.memory_count, 3);
    CHECK_U64(bed.rig.log_lines, 1);
    CHECK_U64(memories(0x00), 1);
    CHECK_U64(memories(0xff), 1);
    CHECK_U64(memories(0x10), 3);
    CHECK_U64(memories(0x11), 1);
    CHECK_U64(memories(0x17), 1);
    CHECK_U64(memories(0x18), 5);
    CHECK_U64(memories(0x1a), 5);
    CHECK_U64(memories(0x1b), 1);
    end();
}

static void rights_are_as_they_are_written(void)
{
    begin();
    block(IVHD_10 RANGE_00_FF);
    block(IVMD("21", RO, "1000", "0000", AT_1M, SIZE_4K));
    block(IVMD("21", WO, "1100", "0000", AT_1M, SIZE_4K));
    block(IVMD("21", EXCL, "1200", "0000", AT_1M, SIZE_4K));
    CHECK_U64(resolve(), AMDVI_DRV_OK);
    CHECK_U64(bed.drv.memory[0].access, AMDVI_DRV_READ);
    CHECK_U64(bed.drv.memory[1].access, AMDVI_DRV_WRITE);
    CHECK_U64(bed.drv.memory[2].access, AMDVI_DRV_READ | AMDVI_DRV_WRITE);
    CHECK_U64(bed.drv.memory[0].first_spa, 0x100000);
    CHECK_U64(bed.drv.memory[0].last_spa, 0x100fff);
    end();
}

static void meaningless_memory_is_skipped(void)
{
    static const char *const blocks[] = {
        IVMD("20", RW, "0000", "0000", "0000000000000000", "0100000000000000"), /* QubesOS 10931 */
        IVMD("20", RW, "0000", "0000", AT_1M, "0000000000000000"),
        IVMD("20", NONE, "0000", "0000", AT_1M, SIZE_4K),
        IVMD("20", "00", "0000", "0000", AT_1M, SIZE_4K),
        IVMD("22", RW, "2000", "1000", AT_1M, SIZE_4K),
        IVMD("20", RW, "0000", "0000", "00f0ffffffffffff", SIZE_4K),
        IVMD("20", RW, "0000", "0000", AT_1M, "00f0ffffffffffff"),
    };

    for (unsigned i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        begin();
        block(IVHD_10 RANGE_00_FF);
        block(blocks[i]);
        block(IVMD("21", RW, "1000", "0000", "0000200000000000", SIZE_4K));
        if (!CHECK_U64(resolve(), AMDVI_DRV_OK) || !CHECK_U64(bed.drv.memory_count, 1)) {
            printf("# block %u\n", i);
        }
        CHECK_U64(bed.rig.log_lines, 1);
        CHECK_U64(memories(0x10), 1);
        end();
    }
}

static void aliases_reach_what_any_of_them_needs(void)
{
    begin();
    block(IVHD_10 RANGE_00_FF);
    raw_append(&bed.table, "43 4000 00 00 3000 00 04 4200 00"); /* 40h to 42h send as 30h */
    raw_append(&bed.table, "02 4100 00");                       /* but 41h for itself */
    block(IVMD("21", RW, "4000", "0000", AT_1M, SIZE_4K));
    block(IVMD("21", RW, "4100", "0000", "0000200000000000", SIZE_4K));
    block(IVMD("21", RW, "4200", "0000", "0000300000000000", SIZE_4K));
    block(IVMD("21", RW, "3000", "0000", "0000400000000000", SIZE_4K));
    CHECK_U64(resolve(), AMDVI_DRV_OK);
    const struct amdvi_drv_unit *unit = bed.drv.units[0];
    CHECK_U64(amdvi_drv_resolve_requester(unit, 0x30), 1 | 4 | 8);
    CHECK_U64(amdvi_drv_resolve_requester(unit, 0x40), 0);
    CHECK_U64(amdvi_drv_resolve_requester(unit, 0x41), 2);
    end();
}

/* ---- Overrides ------------------------------------------------------------------------------- */

static void overrides_come_before_the_table(void)
{
    char uid[] = "one";
    struct amdvi_drv_override overrides[] = {
        {.kind = AMDVI_DRV_OVERRIDE_IOAPIC, .handle = 4, .device_id = 0x300},
        {.kind = AMDVI_DRV_OVERRIDE_HPET, .handle = 0, .device_id = 0xa1},
        {.kind = AMDVI_DRV_OVERRIDE_ACPI, .hid = "AMDI0020", .uid = uid, .device_id = 0xa2},
        {.kind = AMDVI_DRV_OVERRIDE_MEMORY,
         .device_id = 0x10,
         .first_spa = 0x800000,
         .last_spa = 0x800fff},
        {.kind = AMDVI_DRV_OVERRIDE_MEMORY, .device_id = 0x11, .first_spa = 1, .last_spa = 0},
    };
    uint16_t segment = 0;
    uint16_t device_id = 0;

    begin();
    block(IVHD_10 RANGE_00_FF "48 0000 40 04 a000 01 48 0000 00 05 b000 01");
    block(IVMD("22", RW, "1000", "1200", AT_1M, SIZE_4K));
    raw_finish(&bed.table);
    CHECK_U64(resolve_with(overrides, 5), AMDVI_DRV_OK);
    memset(uid, 0, sizeof(uid)); /* they were copied */
    memset(overrides, 0, sizeof(overrides));

    CHECK_U64(amdvi_drv_ioapic_find(&bed.drv, 4, &segment, &device_id), AMDVI_DRV_OK);
    CHECK_U64(device_id, 0x300);
    CHECK_U64(requester(0x300), 0x30040); /* the setting of the entry that it corrects */
    CHECK_U64(bed.drv.units[0]->last_device_id, 0x300);
    CHECK_U64(amdvi_drv_ioapic_find(&bed.drv, 5, &segment, &device_id), AMDVI_DRV_OK);
    CHECK_U64(device_id, 0xb0);
    CHECK_U64(amdvi_drv_ioapic_find(&bed.drv, 6, &segment, &device_id), AMDVI_DRV_ERR_NO_UNIT);
    CHECK_U64(amdvi_drv_hpet_find(&bed.drv, 0, &segment, &device_id), AMDVI_DRV_OK);
    CHECK_U64(device_id, 0xa1);
    CHECK_U64(amdvi_drv_acpi_find(&bed.drv, "AMDI0020", "one", &segment, &device_id), AMDVI_DRV_OK);
    CHECK_U64(device_id, 0xa2);
    CHECK_U64(amdvi_drv_acpi_find(&bed.drv, "AMDI0020", "two", &segment, &device_id),
              AMDVI_DRV_ERR_NO_UNIT);
    CHECK_U64(memories(0x10), 1);
    CHECK_U64(bed.drv.memory[0].first_spa, 0x800000);
    CHECK_U64(memories(0x11), 0);
    CHECK_U64(memories(0x12), 2);
    end();
}

static void a_unit_can_be_left_alone(void)
{
    struct amdvi_drv_override override = {.kind = AMDVI_DRV_OVERRIDE_IGNORE,
                                          .window_base = 0xfed90000};

    begin();
    block(IVHD_10 RANGE_00_FF);
    block(IVHD_10_TWO "03 0001 00 04 ff01 00");
    raw_finish(&bed.table);
    CHECK_U64(resolve_with(&override, 1), AMDVI_DRV_OK);
    CHECK_U64(bed.drv.unit_count, 1);
    CHECK_U64(requester(0x10), UINT32_MAX);
    CHECK_U64(requester(0x110), 0x11000);
    drop();
    struct amdvi_drv_override bad = {.kind = AMDVI_DRV_OVERRIDE_ACPI, .hid = "LONGER-THAN-8"};
    CHECK_U64(resolve_with(&bad, 1), AMDVI_DRV_ERR_ARGUMENT);
    end();
}

static void acpi_devices_are_found_by_name(void)
{
    uint16_t segment = 0;
    uint16_t device_id = 0;

    begin();
    block(IVHD_40 RANGE_00_FF);
    /* type, device, setting, HID, CID, UID format and length, UID */
    raw_append(&bed.table, "f0 2000 00 414d444930303230 0000000000000000 02 03 6f6e65");
    raw_append(&bed.table, "f0 2100 00 414d443120202020 0000000000000000 01 08 2a00000000000000");
    raw_append(&bed.table, "f0 2200 00 414d443200000000 0000000000000000 00 00");
    CHECK_U64(resolve(), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_acpi_find(&bed.drv, "AMDI0020", "one", &segment, &device_id), AMDVI_DRV_OK);
    CHECK_U64(device_id, 0x20);
    CHECK_U64(amdvi_drv_acpi_find(&bed.drv, "AMD1", "42", &segment, &device_id), AMDVI_DRV_OK);
    CHECK_U64(device_id, 0x21);
    CHECK_U64(amdvi_drv_acpi_find(&bed.drv, "AMD2", "", &segment, &device_id), AMDVI_DRV_OK);
    CHECK_U64(device_id, 0x22);
    CHECK_U64(amdvi_drv_acpi_find(&bed.drv, "AMD1", "4", &segment, &device_id),
              AMDVI_DRV_ERR_NO_UNIT);
    CHECK_U64(amdvi_drv_acpi_find(&bed.drv, "AMD", "42", &segment, &device_id),
              AMDVI_DRV_ERR_NO_UNIT);
    CHECK_U64(amdvi_drv_acpi_find(&bed.drv, "AMDI0020", "on", &segment, &device_id),
              AMDVI_DRV_ERR_NO_UNIT);
    end();
}

static const struct check_case cases[] = {
    {"of several IVHDs for one unit that of the highest type counts", "2.6 IVHD",
     the_highest_type_counts},
    {"L-4: aliases' sources and special devices beyond the last plain one have entries",
     "1.20 IVHD", every_named_id_has_an_entry},
    {"an IOMMU is not behind itself, but an IOAPIC may send as it", "1.20 IVHD",
     an_iommu_is_not_behind_itself_but_an_ioapic_may_be},
    {"each of two units has its devices, and two at one place are refused", "1.20 IVHD",
     two_units_have_their_devices},
    {"L-4: blocks and entries without end or length are refused, with a line", "1.20 IVRS",
     what_has_no_end_is_refused},
    {"L-4: so many entries that they name everything over and over are refused", "1.20 IVHD",
     entries_without_end_are_refused},
    {"L-4: whichever byte is wrong, no id is beyond the device table, and nothing leaks",
     "1.20 IVRS", any_byte_may_be_wrong},
    {"XSA-378: IVMDs that overlap stay two", "1.20 IVMD", records_are_kept_apart},
    {"XSA-378: IVMDs that contradict each other for one device are refused", "1.20 IVMD",
     contradictions_are_refused},
    {"X-83afa31: IVMDs for all, one and a range of devices are told apart, and one for a device "
     "behind no IOMMU is skipped",
     "1.20 IVMD", types_are_told_apart},
    {"X-S2: an IVMD's read and write flags are not swapped", "1.20 IVMD",
     rights_are_as_they_are_written},
    {"IVMDs that mean nothing are skipped with a line (QubesOS 8734, 10931)", "1.20 IVMD",
     meaningless_memory_is_skipped},
    {"a requester id reaches what any device behind it needs", "1.20 IVMD",
     aliases_reach_what_any_of_them_needs},
    {"overrides come before the table, and are copied", NULL, overrides_come_before_the_table},
    {"an override has a unit left alone", NULL, a_unit_can_be_left_alone},
    {"ACPI devices are found by name", "2.6 IVHD", acpi_devices_are_found_by_name},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
