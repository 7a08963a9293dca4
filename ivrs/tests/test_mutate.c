/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables spoiled in every small way and in many random ones. Each is copied to memory of exactly
 * its size, so that the address sanitizer sees the first byte read too much. And the other way
 * round: random descriptions, of which what is built must be read back and found clean.
 */
#include <stdlib.h>
#include <string.h>

#include "amdvi/ivrs.h"
#include "check.h"
#include "raw_table.h"
#include "walk.h"

/* Everything that a table can hold, of all revisions. */
static void fill(struct raw_table *raw)
{
    raw_start(raw);
    raw->bytes[8] = 2;
    raw->bytes[36] = 0x01;
    raw_open_block(raw, RAW_IVHD_10);
    raw_append(raw, RAW_ENTRIES "02 1002 d7 42 2002 00 00 0001 00 43 0003 30 00 a500 00 04 ff03 00"
                                "46 0004 00 00000080 47 0005 01 00000000 04 0705 00"
                                "48 0000 d7 00 a000 02 00 000000 40 00000000000000");
    raw_open_block(raw, "11 00 0000 0800 4000 0000d9fe00000000 0000 0000 00000000 8000000000000000"
                        "0000000000000000" RAW_ENTRIES);
    raw_open_block(raw, "40 00 0000 0800 4000 0000d9fe00000000 0000 0000 00000000 8000000000000000"
                        "0000000000000000" RAW_ENTRIES
                        "f0 1200 00 414d444930303230 0000000000000000 02 05 5c5f534230");
    raw_open_block(raw, "10 00 0000 0240 4000 0040d9fe00000000 0000 0000 00000000"
                        "03 0340 00 00 000000 04 ff40 00 80 0000 00 00000000 00000000 00000000");
    raw_open_block(raw, "21 03 0000 1002 0000 0000000000000000 0000007f00000000 0000010000000000");
    raw_open_block(raw, "22 08 0000 0003 ff03 0000000000000000 0000000001000000 0000200000000000");
    raw_open_block(raw, "20 07 0000 0000 0000 0000000000000000 00000a0000000000 0000020000000000");
    raw_open_block(raw, "99 00 0000");
    raw_finish(raw);
}

/* The bytes in memory of exactly this size. */
static bool is_walk_fine(struct walk *walk, const uint8_t *bytes, uint32_t size)
{
    uint8_t *exact = (uint8_t *)malloc(size != 0 ? size : 1);
    bool is_fine;

    if (exact == NULL) {
        return false;
    }
    memcpy(exact, bytes, size);
    is_fine = walk_table(walk, exact, size);
    free(exact);
    return is_fine;
}

static void put_length(uint8_t *bytes, uint32_t size)
{
    bytes[4] = (uint8_t)(size & 0xff);
    bytes[5] = (uint8_t)(size >> 8 & 0xff);
}

static void table_to_be_spoiled_is_good(void)
{
    struct raw_table raw;
    struct walk walk;

    fill(&raw);
    CHECK(is_walk_fine(&walk, raw.bytes, raw.size));
    CHECK_U64(walk.status, AMDVI_IVRS_OK);
    CHECK_U64(walk.entries, 8 + 2 + 3 + 2);
}

static void table_cut_anywhere_is_refused(void)
{
    struct raw_table raw;
    struct walk walk;

    fill(&raw);
    for (uint32_t size = 0; size < raw.size; size++) {
        CHECK(is_walk_fine(&walk, raw.bytes, size));
        CHECK(walk.status == AMDVI_IVRS_ERR_TABLE_TOO_SHORT ||
              walk.status == AMDVI_IVRS_ERR_TABLE_LENGTH);
    }
}

/* The header admits to the cut. Only cuts between blocks then leave a table that can be read. */
static void table_cut_with_its_length_set_right_is_read_to_there(void)
{
    struct raw_table raw;
    struct walk walk;
    uint32_t readable = 0;

    for (uint32_t size = 48;; size++) {
        fill(&raw);
        if (size > raw.size) {
            break;
        }
        put_length(raw.bytes, size);
        raw_fix_checksum(raw.bytes, size);
        CHECK(is_walk_fine(&walk, raw.bytes, size));
        readable += walk.status == AMDVI_IVRS_OK ? 1 : 0;
    }
    CHECK_U64(readable, 9); /* eight blocks */
}

static void every_byte_may_be_anything(void)
{
    struct raw_table raw;
    struct walk walk;

    fill(&raw);
    for (uint32_t i = 0; i < raw.size; i++) {
        uint8_t good = raw.bytes[i];
        for (unsigned value = 0; value < 256; value++) {
            raw.bytes[i] = (uint8_t)value;
            raw_fix_checksum(raw.bytes, raw.size);
            if (!is_walk_fine(&walk, raw.bytes, raw.size)) {
                printf("# byte %u is %02x\n", i, value);
                CHECK(false);
            }
        }
        raw.bytes[i] = good;
    }
    CHECK(is_walk_fine(&walk, raw.bytes, raw.size));
}

/* xorshift64*, so that each run is the same. */
static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % limit;
}

static uint8_t random_interesting_byte(void)
{
    static const uint8_t interesting[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x10, 0x11,
                                          0x20, 0x22, 0x40, 0x42, 0x43, 0x46, 0x47,
                                          0x48, 0x7f, 0x80, 0xf0, 0xf1, 0xff};

    return random_below(3) == 0 ? (uint8_t)random_below(256)
                                : interesting[random_below(sizeof(interesting))];
}

static void random_changes_are_survived(void)
{
    struct raw_table raw;
    struct walk walk;
    uint32_t readable = 0;
    uint32_t rounds = 20000;

    random_state = 0x1234567;
    for (uint32_t i = 0; i < rounds; i++) {
        fill(&raw);
        uint32_t changes = 1 + random_below(8);
        for (uint32_t c = 0; c < changes; c++) {
            uint32_t at = 48 + random_below(raw.size - 48);
            if (random_below(4) == 0) { /* move a piece over another */
                uint32_t from = 48 + random_below(raw.size - 48);
                uint32_t further = at > from ? at : from;
                uint32_t left = raw.size - further;
                memmove(raw.bytes + at, raw.bytes + from, 1 + random_below(left < 64 ? left : 64));
            } else {
                raw.bytes[at] = random_interesting_byte();
            }
        }
        uint32_t size = random_below(4) == 0 ? 48 + random_below(raw.size - 47) : raw.size;
        put_length(raw.bytes, size);
        raw_fix_checksum(raw.bytes, size);
        if (!is_walk_fine(&walk, raw.bytes, size)) {
            printf("# round %u\n", i);
            CHECK(false);
        }
        readable += walk.status == AMDVI_IVRS_OK ? 1 : 0;
    }
    /* Neither all spoiled nor hardly any: the test reaches both sides. */
    CHECK(readable > rounds / 20);
    CHECK(readable < rounds / 20 * 19);
}

struct random_description {
    struct amdvi_ivrs_device devices[3][6];
    struct amdvi_ivrs_unit_description units[3];
    struct amdvi_ivrs_memory memory[3];
    struct amdvi_ivrs_description description;
};

static struct amdvi_ivrs_device random_device(uint16_t first, uint16_t last)
{
    uint16_t a = (uint16_t)(first + random_below((uint32_t)last - first + 2u));
    uint16_t b = (uint16_t)(first + random_below((uint32_t)last - first + 2u));

    return (struct amdvi_ivrs_device){
        .kind = (enum amdvi_ivrs_device_kind)random_below(8),
        .device_id = a,
        .last_device_id = b,
        .source_device_id = (uint16_t)(first + random_below((uint32_t)last - first + 2u)),
        .dte_setting = (uint8_t)(random_below(3) == 0 ? random_below(256) : 0),
        .handle = (uint8_t)random_below(4),
        .ats_disabled = random_below(2) != 0,
    };
}

static void random_memory(struct amdvi_ivrs_memory *memory)
{
    *memory = (struct amdvi_ivrs_memory){
        .kind = (enum amdvi_ivrs_memory_kind)random_below(3),
        .device_id = (uint16_t)random_below(0x300),
        .last_device_id = (uint16_t)random_below(0x300),
        .spa_start = UINT64_C(0x1000) * random_below(16),
        .size_bytes = UINT64_C(0x1000) * (1 + random_below(4)),
        .is_unity = random_below(4) != 0,
        .can_read = random_below(4) != 0,
        .can_write = random_below(4) != 0,
    };
    memory->is_exclusion = !memory->is_unity;
}

/* Mostly sound, so that about one in ten is accepted. */
static void randomize(struct random_description *all)
{
    memset(all, 0, sizeof(*all));
    for (uint32_t u = 0; u < 3; u++) {
        uint16_t first = (uint16_t)(u << 8);
        struct amdvi_ivrs_unit_description *unit = &all->units[u];
        unit->unit.device_id = (uint16_t)(first + random_below(40));
        unit->unit.capability_offset = 0x40;
        unit->unit.window_spa = UINT64_C(0xfed90000) + UINT64_C(0x4000) * u;
        unit->unit.flags = (uint8_t)random_below(0x40);
        unit->unit.msi_num = (uint8_t)random_below(32);
        unit->unit.unit_id = (uint8_t)random_below(32);
        unit->devices = all->devices[u];
        unit->device_count = 1 + random_below(u == 0 ? 6 : 3);
        all->devices[u][0] = (struct amdvi_ivrs_device){.kind = AMDVI_IVRS_DEVICE_RANGE,
                                                        .device_id = first,
                                                        .last_device_id = (uint16_t)(first + 0xff)};
        for (uint32_t i = 1; i < unit->device_count; i++) {
            all->devices[u][i] = random_device(first, (uint16_t)(first + 0xff));
        }
        random_memory(&all->memory[u]);
    }
    if (all->units[0].device_count > 1) {
        all->devices[0][1] = (struct amdvi_ivrs_device){
            .kind = AMDVI_IVRS_DEVICE_IOAPIC, .device_id = 0x00a0, .handle = 9};
    }
    all->description = (struct amdvi_ivrs_description){.oem_id = "A",
                                                       .oem_table_id = "B",
                                                       .creator_id = "C",
                                                       .va_bits = 64,
                                                       .pa_bits = 48,
                                                       .units = all->units,
                                                       .unit_count = 1 + random_below(3),
                                                       .memory = all->memory,
                                                       .memory_count = random_below(4)};
}

static bool is_range(enum amdvi_ivrs_device_kind kind)
{
    return kind == AMDVI_IVRS_DEVICE_RANGE || kind == AMDVI_IVRS_DEVICE_ALIAS_RANGE ||
           kind == AMDVI_IVRS_DEVICE_EXTENDED_RANGE;
}

static bool is_same_device(const struct amdvi_ivrs_device *got,
                           const struct amdvi_ivrs_device *want)
{
    bool is_alias =
        want->kind == AMDVI_IVRS_DEVICE_ALIAS_SELECT || want->kind == AMDVI_IVRS_DEVICE_ALIAS_RANGE;
    bool is_extended = want->kind == AMDVI_IVRS_DEVICE_EXTENDED_SELECT ||
                       want->kind == AMDVI_IVRS_DEVICE_EXTENDED_RANGE;
    bool is_special =
        want->kind == AMDVI_IVRS_DEVICE_IOAPIC || want->kind == AMDVI_IVRS_DEVICE_HPET;

    return got->kind == want->kind && got->device_id == want->device_id &&
           got->last_device_id == (is_range(want->kind) ? want->last_device_id : want->device_id) &&
           got->source_device_id == (is_alias ? want->source_device_id : 0) &&
           got->dte_setting == want->dte_setting &&
           got->handle == (is_special ? want->handle : 0) &&
           got->ats_disabled == (is_extended && want->ats_disabled);
}

/* A repetition at the end of a short block; the first device of each unit here is a plain range. */
static bool is_filler(const struct amdvi_ivrs_block *block, const struct amdvi_ivrs_device *device,
                      const struct amdvi_ivrs_unit_description *unit)
{
    const struct amdvi_ivrs_device *plain = &unit->devices[0];

    for (uint32_t i = 1; i < unit->device_count; i++) {
        bool is_special = unit->devices[i].kind == AMDVI_IVRS_DEVICE_IOAPIC ||
                          unit->devices[i].kind == AMDVI_IVRS_DEVICE_HPET;
        plain = is_special ? plain : &unit->devices[i];
    }
    return block->size_bytes == 40 &&
           device->device_id ==
               (is_range(plain->kind) ? plain->last_device_id : plain->device_id) &&
           device->dte_setting == plain->dte_setting;
}

static bool is_same_unit(const struct amdvi_ivrs_table *table, const struct amdvi_ivrs_block *block,
                         const struct amdvi_ivrs_unit_description *want)
{
    struct amdvi_ivrs_entry_cursor cursor = amdvi_ivrs_entries(table, block);
    struct amdvi_ivrs_entry entry;

    if (block->kind != AMDVI_IVRS_BLOCK_IVHD || block->unit.device_id != want->unit.device_id ||
        block->unit.flags != want->unit.flags || block->unit.msi_num != want->unit.msi_num ||
        block->unit.unit_id != want->unit.unit_id ||
        block->unit.window_spa != want->unit.window_spa) {
        return false;
    }
    for (uint32_t i = 0; i < want->device_count; i++) {
        if (amdvi_ivrs_next_entry(&cursor, &entry) != AMDVI_IVRS_OK ||
            !is_same_device(&entry.device, &want->devices[i])) {
            return false;
        }
    }
    enum amdvi_ivrs_status status = amdvi_ivrs_next_entry(&cursor, &entry);
    while (status == AMDVI_IVRS_OK && is_filler(block, &entry.device, want)) {
        status = amdvi_ivrs_next_entry(&cursor, &entry);
    }
    return status == AMDVI_IVRS_END;
}

static bool is_same_memory(const struct amdvi_ivrs_block *block,
                           const struct amdvi_ivrs_memory *want)
{
    const struct amdvi_ivrs_memory *got = &block->memory;

    return block->kind == AMDVI_IVRS_BLOCK_IVMD && got->kind == want->kind &&
           got->spa_start == want->spa_start && got->size_bytes == want->size_bytes &&
           got->is_unity == want->is_unity && got->is_exclusion == want->is_exclusion &&
           (want->is_exclusion ||
            (got->can_read == want->can_read && got->can_write == want->can_write)) &&
           (want->kind == AMDVI_IVRS_MEMORY_ALL || got->device_id == want->device_id) &&
           (want->kind != AMDVI_IVRS_MEMORY_RANGE || got->last_device_id == want->last_device_id);
}

static bool is_read_back(const uint8_t *bytes, uint32_t size,
                         const struct amdvi_ivrs_description *want)
{
    struct amdvi_ivrs_table table;
    struct amdvi_ivrs_block block;
    bool is_same = amdvi_ivrs_open(&table, bytes, size, NULL) == AMDVI_IVRS_OK;

    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(&table);
    for (uint32_t i = 0; is_same && i < want->unit_count; i++) {
        is_same = amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_OK &&
                  is_same_unit(&table, &block, &want->units[i]);
    }
    for (uint32_t i = 0; is_same && i < want->memory_count; i++) {
        is_same = amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_OK &&
                  is_same_memory(&block, &want->memory[i]);
    }
    return is_same && amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_END;
}

/* Notes are fine: here the ranges cover the IOMMUs themselves. */
static void what_is_built_is_read_back_and_clean(void)
{
    static struct random_description all;
    static uint8_t built[4096];
    struct walk walk;
    uint32_t accepted = 0;

    random_state = 0x89abcdef;
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t size = 0;
        randomize(&all);
        if (amdvi_ivrs_build(&all.description, built, sizeof(built), &size, NULL) !=
            AMDVI_IVRS_OK) {
            continue;
        }
        accepted++;
        bool is_clean = is_walk_fine(&walk, built, size) && walk.status == AMDVI_IVRS_OK &&
                        walk.errors == 0 && walk.warnings == 0;
        if (!is_clean || !is_read_back(built, size, &all.description)) {
            printf("# round %u\n", i);
            CHECK(false);
        }
    }
    printf("# %u descriptions accepted\n", accepted);
    CHECK(accepted > 1000);
}

static const struct check_case cases[] = {
    {"the table to be spoiled is good", NULL, table_to_be_spoiled_is_good},
    {"a table cut at any byte is refused", "1.20 IVRS", table_cut_anywhere_is_refused},
    {"a table cut at any byte, with its length set right, is read to there", "1.20 IVRS",
     table_cut_with_its_length_set_right_is_read_to_there},
    {"any byte may have any value", "1.20 IVRS", every_byte_may_be_anything},
    {"random changes are survived", "1.20 IVRS", random_changes_are_survived},
    {"what is built of random descriptions is read back and found clean", "1.20 IVRS",
     what_is_built_is_read_back_and_clean},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
