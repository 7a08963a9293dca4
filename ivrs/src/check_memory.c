/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of amdvi_ivrs_check() that is about reserved memory.
 */
#include "amdvi/ivrs.h"

#include "layout.h"
#include "shared.h"
#include "survey.h"

#define READERS_ALL (AMDVI_IVRS_READER_SPEC | AMDVI_IVRS_READER_LINUX | AMDVI_IVRS_READER_XEN)

void amdvi_ivrs_survey_memory(struct amdvi_ivrs_survey *survey,
                              const struct amdvi_ivrs_block *block)
{
    const struct amdvi_ivrs_memory *memory = &block->memory;
    uint8_t flags = survey->table->bytes[block->offset + BLOCK_FLAGS];

    if (block->size_bytes != IVMD_BYTES) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_MEMORY_LENGTH, READERS_ALL,
                                 block->offset + BLOCK_LENGTH);
    }
    if ((flags & IVMD_RESERVED) != 0) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_RESERVED_BITS, READERS_ALL,
                                 block->offset + BLOCK_FLAGS);
    }
    if (!memory->is_unity && !memory->is_exclusion) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_MEMORY_FLAGS, READERS_ALL,
                                 block->offset + BLOCK_FLAGS);
    }
    if (memory->size_bytes == 0 || memory->size_bytes - 1 > UINT64_MAX - memory->spa_start ||
        memory->spa_start % PAGE_BYTES != 0 || memory->size_bytes % PAGE_BYTES != 0) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_MEMORY_ALIGNMENT, READERS_ALL,
                                 block->offset + IVMD_START);
    }
    if (memory->kind == AMDVI_IVRS_MEMORY_RANGE && memory->last_device_id <= memory->device_id) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_MEMORY_DEVICES, READERS_ALL,
                                 block->offset + BLOCK_DEVICE_ID);
    }
}

/* The last byte of one that is not empty, or the highest address when its numbers wrap around. */
static uint64_t memory_last_byte(const struct amdvi_ivrs_memory *memory)
{
    uint64_t size_less_one = memory->size_bytes - 1;

    return size_less_one > UINT64_MAX - memory->spa_start ? UINT64_MAX
                                                          : memory->spa_start + size_less_one;
}

static bool is_in_conflict(const struct amdvi_ivrs_memory *a, const struct amdvi_ivrs_memory *b)
{
    bool a_reads = a->can_read || a->is_exclusion;
    bool b_reads = b->can_read || b->is_exclusion;
    bool a_writes = a->can_write || a->is_exclusion;
    bool b_writes = b->can_write || b->is_exclusion;

    if (a->size_bytes == 0 || b->size_bytes == 0) {
        return false; /* reported by itself; it overlaps nothing */
    }
    return (a_reads != b_reads || a_writes != b_writes) && a->pci_segment == b->pci_segment &&
           amdvi_ivrs_ranges_meet(a->device_id, a->last_device_id, b->device_id,
                                  b->last_device_id) &&
           amdvi_ivrs_ranges_meet(a->spa_start, memory_last_byte(a), b->spa_start,
                                  memory_last_byte(b));
}

/* Whether a block before this one is in conflict with it. */
static bool has_conflict(const struct amdvi_ivrs_table *table, const struct amdvi_ivrs_block *block)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(table);
    struct amdvi_ivrs_block other;

    while (amdvi_ivrs_next_block(&cursor, &other) == AMDVI_IVRS_OK &&
           other.offset < block->offset) {
        if (other.kind == AMDVI_IVRS_BLOCK_IVMD && is_in_conflict(&other.memory, &block->memory)) {
            return true;
        }
    }
    return false;
}

void amdvi_ivrs_survey_memory_pairs(struct amdvi_ivrs_survey *survey)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(survey->table);
    struct amdvi_ivrs_block block;

    while (amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_OK) {
        if (block.kind == AMDVI_IVRS_BLOCK_IVMD && has_conflict(survey->table, &block)) {
            amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_MEMORY_CONFLICT, READERS_ALL,
                                     block.offset);
        }
    }
}
