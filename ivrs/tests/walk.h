/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading everything of a table that may be anything: opens it, goes through all blocks and
 * entries, looks devices up and checks it, and tells whether all of that kept within the table and
 * came to an end. The mutation test and the fuzzer share it.
 */
#ifndef IVRS_TESTS_WALK_H
#define IVRS_TESTS_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "amdvi/ivrs.h"

struct walk {
    const uint8_t *bytes;
    uint32_t size;
    uint32_t entries;
    uint32_t findings;
    uint32_t errors;
    uint32_t warnings;
    uint32_t sum; /* of bytes that were handed out, so that reading them is not optimized away */
    enum amdvi_ivrs_status status; /* what the reading ended with, the first error if any */
    bool is_fine;
};

static inline void walk_expect(struct walk *walk, bool held)
{
    walk->is_fine = walk->is_fine && held;
}

static inline void walk_touch(struct walk *walk, const uint8_t *bytes, uint32_t size)
{
    bool is_inside = bytes >= walk->bytes && bytes + size <= walk->bytes + walk->size;

    walk_expect(walk, is_inside);
    for (uint32_t i = 0; is_inside && i < size; i++) {
        walk->sum += bytes[i];
    }
}

static inline void walk_status(struct walk *walk, enum amdvi_ivrs_status status)
{
    if (status != AMDVI_IVRS_END && walk->status == AMDVI_IVRS_OK) {
        walk->status = status;
    }
}

static inline void walk_entries(struct walk *walk, const struct amdvi_ivrs_table *table,
                                const struct amdvi_ivrs_block *block)
{
    struct amdvi_ivrs_entry_cursor cursor = amdvi_ivrs_entries(table, block);
    struct amdvi_ivrs_entry entry;
    enum amdvi_ivrs_status status;
    uint32_t end = block->kind == AMDVI_IVRS_BLOCK_IVHD ? block->entries_offset : 0;

    while ((status = amdvi_ivrs_next_entry(&cursor, &entry)) == AMDVI_IVRS_OK) {
        walk->entries++;
        walk_expect(walk, block->kind == AMDVI_IVRS_BLOCK_IVHD);
        walk_expect(walk, entry.offset >= end && entry.size_bytes >= 4);
        walk_expect(walk, entry.bytes == table->bytes + entry.offset);
        walk_expect(walk, entry.device.device_id <= entry.device.last_device_id);
        walk_touch(walk, entry.bytes, entry.size_bytes);
        if (entry.hid != NULL) {
            walk_touch(walk, entry.hid, 8);
            walk_touch(walk, entry.cid, 8);
            walk_touch(walk, entry.uid, entry.uid_bytes);
        }
        end = entry.offset + entry.size_bytes;
        walk_expect(walk, end <= block->offset + block->size_bytes);
    }
    walk_expect(walk, status == AMDVI_IVRS_END || (cursor.fault_offset >= block->offset &&
                                                   cursor.fault_offset <= table->size_bytes));
    walk_status(walk, status);
}

static inline void walk_blocks(struct walk *walk, const struct amdvi_ivrs_table *table)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(table);
    struct amdvi_ivrs_block block;
    enum amdvi_ivrs_status status;
    uint32_t end = 48;

    while ((status = amdvi_ivrs_next_block(&cursor, &block)) == AMDVI_IVRS_OK) {
        walk_expect(walk, block.offset == end && block.size_bytes >= 4);
        end = block.offset + block.size_bytes;
        walk_expect(walk, end <= table->size_bytes);
        walk_entries(walk, table, &block);
    }
    walk_expect(walk, status == AMDVI_IVRS_END ? end == table->size_bytes
                                               : cursor.fault_offset < table->size_bytes);
    walk_status(walk, status);
}

static inline void walk_count(void *context, const struct amdvi_ivrs_finding *finding)
{
    struct walk *walk = (struct walk *)context;

    walk->findings++;
    walk->errors += finding->severity == AMDVI_IVRS_SEVERITY_ERROR ? 1 : 0;
    walk->warnings += finding->severity == AMDVI_IVRS_SEVERITY_WARNING ? 1 : 0;
    walk_expect(walk, finding->text != NULL && finding->readers != 0);
    walk_expect(walk, finding->offset <= walk->size);
    walk_expect(walk, (finding->kind == AMDVI_IVRS_FINDING_MALFORMED) ==
                          (finding->status != AMDVI_IVRS_OK));
}

/* Everything; false when something was not as the interface says. */
static inline bool walk_table(struct walk *walk, const uint8_t *bytes, size_t size)
{
    static struct amdvi_ivrs_checker checker;
    static const uint16_t device_ids[] = {0x0000, 0x0008, 0x00a0, 0x00ff, 0x0210, 0x4003, 0xffff};
    struct amdvi_ivrs_table table;
    struct amdvi_ivrs_binding binding;
    uint32_t fault = 0;

    *walk = (struct walk){.bytes = bytes, .is_fine = true};
    walk->status = amdvi_ivrs_open(&table, bytes, size, &fault);
    if (walk->status != AMDVI_IVRS_OK) {
        walk_expect(walk, fault < 48);
        return walk->is_fine;
    }
    walk->size = table.size_bytes;
    walk_expect(walk, table.size_bytes <= size);
    walk_blocks(walk, &table);
    for (size_t i = 0; i < sizeof(device_ids) / sizeof(device_ids[0]); i++) {
        fault = 0;
        enum amdvi_ivrs_status status =
            amdvi_ivrs_find_device(&table, 0, device_ids[i], &binding, &fault);
        bool is_answer = status == AMDVI_IVRS_OK || status == AMDVI_IVRS_ERR_NO_UNIT;
        walk_expect(walk, is_answer ? fault == 0 : walk->status != AMDVI_IVRS_OK && fault >= 48);
    }
    checker.report = walk_count;
    checker.context = walk;
    walk_expect(walk, amdvi_ivrs_check(&table, &checker) == walk->errors);
    walk_expect(walk, walk->status == AMDVI_IVRS_OK || walk->errors != 0);
    return walk->is_fine;
}

#endif
