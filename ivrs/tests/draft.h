/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A description that is good, for tests to spoil one thing of it, and the checks that what came of
 * it is refused, with the right part blamed, or accepted.
 */
#ifndef IVRS_TESTS_DRAFT_H
#define IVRS_TESTS_DRAFT_H

#include <string.h>

#include "amdvi/ivrs.h"
#include "check.h"

/* A description that can be spoiled: two IOMMUs in one segment, reserved memory of all kinds. */
struct draft {
    struct amdvi_ivrs_device devices[2][8];
    struct amdvi_ivrs_unit_description units[2];
    struct amdvi_ivrs_memory memory[3];
    struct amdvi_ivrs_description description;
};

static inline struct amdvi_ivrs_device range(uint16_t first, uint16_t last)
{
    return (struct amdvi_ivrs_device){
        .kind = AMDVI_IVRS_DEVICE_RANGE, .device_id = first, .last_device_id = last};
}

static inline struct amdvi_ivrs_device select_device(uint16_t device_id)
{
    return (struct amdvi_ivrs_device){.kind = AMDVI_IVRS_DEVICE_SELECT, .device_id = device_id};
}

static inline struct amdvi_ivrs_device alias(uint16_t device_id, uint16_t source)
{
    return (struct amdvi_ivrs_device){
        .kind = AMDVI_IVRS_DEVICE_ALIAS_SELECT, .device_id = device_id, .source_device_id = source};
}

static inline struct amdvi_ivrs_device special(enum amdvi_ivrs_device_kind kind, uint16_t device_id,
                                               uint8_t handle)
{
    return (struct amdvi_ivrs_device){.kind = kind, .device_id = device_id, .handle = handle};
}

/* Unit 0: 00:02.0, range 0000 to 00FF, an alias in it, IOAPIC 2. Unit 1: 40:00.2, 4000 to 40FF. */
static inline void draft_init(struct draft *draft)
{
    *draft = (struct draft){
        .devices = {{range(0x0000, 0x00ff), alias(0x0030, 0x0028),
                     special(AMDVI_IVRS_DEVICE_IOAPIC, 0x00a0, 2)},
                    {range(0x4000, 0x40ff)}},
        .units =
            {{.unit = {.device_id = 0x0010, .capability_offset = 0x40, .window_spa = 0xfed90000},
              .device_count = 3},
             {.unit = {.device_id = 0x4002, .capability_offset = 0x40, .window_spa = 0xfed94000},
              .device_count = 1}},
        .memory = {{.kind = AMDVI_IVRS_MEMORY_SELECT,
                    .device_id = 0x0028,
                    .spa_start = 0x10000,
                    .size_bytes = 0x1000,
                    .is_unity = true,
                    .can_read = true},
                   {.kind = AMDVI_IVRS_MEMORY_RANGE,
                    .device_id = 0x4008,
                    .last_device_id = 0x400f,
                    .spa_start = 0x20000,
                    .size_bytes = 0x2000,
                    .is_exclusion = true},
                   {.kind = AMDVI_IVRS_MEMORY_ALL,
                    .spa_start = 0x30000,
                    .size_bytes = 0x1000,
                    .is_unity = true,
                    .can_read = true,
                    .can_write = true}},
        .description = {.oem_id = "OEMID",
                        .oem_table_id = "TABLEID",
                        .creator_id = "MADE",
                        .va_bits = 64,
                        .pa_bits = 48,
                        .unit_count = 2,
                        .memory_count = 3},
    };
    draft->units[0].devices = draft->devices[0];
    draft->units[1].devices = draft->devices[1];
    draft->description.units = draft->units;
    draft->description.memory = draft->memory;
}

static uint8_t built[4096];

/* The draft is refused for this reason, and it is this part that is blamed. */
static inline void check_refused(const struct draft *draft, enum amdvi_ivrs_status want,
                                 uint32_t unit, uint32_t device, uint32_t memory)
{
    struct amdvi_ivrs_refusal refusal = {77, 77, 77};
    uint32_t size = 77;

    memset(built, 0xee, sizeof(built));
    CHECK_U64(amdvi_ivrs_build(&draft->description, built, sizeof(built), &size, &refusal), want);
    CHECK_U64(refusal.unit_index, unit);
    CHECK_U64(refusal.device_index, device);
    CHECK_U64(refusal.memory_index, memory);
    CHECK_U64(size, 77);
    CHECK_U64(built[0], 0xee);
    CHECK_U64(amdvi_ivrs_size(&draft->description, &size, NULL), want);
    CHECK_U64(size, 77);
}

static inline void check_accepted(const struct draft *draft)
{
    struct amdvi_ivrs_table table;
    uint32_t size = 0;

    if (CHECK_U64(amdvi_ivrs_build(&draft->description, built, sizeof(built), &size, NULL),
                  AMDVI_IVRS_OK)) {
        CHECK_U64(amdvi_ivrs_open(&table, built, size, NULL), AMDVI_IVRS_OK);
    }
}

#define NONE AMDVI_IVRS_NO_INDEX

#endif
