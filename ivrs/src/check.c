/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checking a table for what the specification forbids and for what Linux and Xen stumble over: the
 * table as a whole and its IOMMUs. Devices are in check_devices.c, memory is in check_memory.c.
 */
#include "amdvi/ivrs.h"

#include "layout.h"
#include "shared.h"
#include "survey.h"

#define READERS_ALL (AMDVI_IVRS_READER_SPEC | AMDVI_IVRS_READER_LINUX | AMDVI_IVRS_READER_XEN)

uint32_t amdvi_ivrs_survey_readers(const struct amdvi_ivrs_survey *survey,
                                   const struct amdvi_ivrs_block *block)
{
    return AMDVI_IVRS_READER_SPEC |
           (block->type == survey->linux_type ? AMDVI_IVRS_READER_LINUX : 0) |
           (block->type == survey->xen_type ? AMDVI_IVRS_READER_XEN : 0);
}

/*
 * Linux takes the type of the last block whose bytes 4 and 5 equal the first block's, of whatever
 * kind, and stops at types above 40h. This is that, on bytes that may be anything.
 */
static uint8_t find_linux_type(const struct amdvi_ivrs_table *table, uint32_t *out_offset)
{
    uint32_t offset = TABLE_HEADER_BYTES;
    uint8_t type = 0;

    *out_offset = offset;
    while (offset < table->size_bytes && table->size_bytes - offset >= BLOCK_DEVICE_ID + 2) {
        const uint8_t *bytes = table->bytes + offset;
        const uint8_t *first = table->bytes + TABLE_HEADER_BYTES;
        uint32_t length = load_le16(bytes + BLOCK_LENGTH);
        if (bytes[BLOCK_TYPE] > TYPE_IVHD_40 || length == 0) {
            break;
        }
        if (load_le16(bytes + BLOCK_DEVICE_ID) == load_le16(first + BLOCK_DEVICE_ID)) {
            type = bytes[BLOCK_TYPE];
            *out_offset = offset;
        }
        offset += length;
    }
    return type;
}

/* Xen takes the highest type it knows: 10h, and 11h if the table says that features are reported.
 */
static uint8_t find_xen_type(const struct amdvi_ivrs_table *table)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(table);
    struct amdvi_ivrs_block block;
    uint8_t type = 0;

    while (amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_OK) {
        bool is_known =
            block.type == TYPE_IVHD_10 || (block.type == TYPE_IVHD_11 && table->efr_supported);
        if (is_known && block.type > type) {
            type = block.type;
        }
    }
    return type;
}

static void check_first_block(struct amdvi_ivrs_survey *survey)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(survey->table);
    struct amdvi_ivrs_block first;
    uint32_t offset;
    uint8_t type = find_linux_type(survey->table, &offset);

    survey->linux_type = type;
    survey->xen_type = find_xen_type(survey->table);
    if (amdvi_ivrs_next_block(&cursor, &first) != AMDVI_IVRS_OK) {
        return;
    }
    if (first.kind != AMDVI_IVRS_BLOCK_IVHD) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_FIRST_BLOCK, READERS_ALL, first.offset);
    } else if (type != TYPE_IVHD_10 && type != TYPE_IVHD_11 && type != TYPE_IVHD_40) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_TYPE_TRAP, READERS_ALL, offset);
    } else {
        struct amdvi_ivrs_block taken = first;
        taken.type = type;
        if (amdvi_ivrs_is_superseded(survey->table, &taken)) {
            amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_TYPE_ORDER, READERS_ALL, offset);
        }
    }
}

static void check_header(struct amdvi_ivrs_survey *survey)
{
    if ((survey->table->ivinfo & IVINFO_RESERVED) != 0) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_RESERVED_BITS, READERS_ALL,
                                 TABLE_IVINFO);
    }
    if ((survey->table->ivinfo & IVINFO_DMA_REMAP) != 0) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_DMA_PROTECTION,
                                 AMDVI_IVRS_READER_SPEC | AMDVI_IVRS_READER_LINUX, TABLE_IVINFO);
    }
}

/* What can be seen in one IVHD alone, without its entries. */
static void check_unit(struct amdvi_ivrs_survey *survey, const struct amdvi_ivrs_block *block)
{
    const uint8_t *bytes = survey->table->bytes + block->offset;
    const struct amdvi_ivrs_unit *unit = &block->unit;
    uint32_t readers = amdvi_ivrs_survey_readers(survey, block);
    bool has_image = block->efr != 0 || block->efr2 != 0;

    if (block->type == TYPE_IVHD_40 && survey->table->revision == 1) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_TYPE_40_IN_REVISION_1, readers,
                                 block->offset);
    }
    if (block->size_bytes < IVHD_11_BYTES) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_BLOCK_SHORT, readers,
                                 block->offset + BLOCK_LENGTH);
    }
    if (unit->device_id == 0 || unit->capability_offset == 0 || unit->window_spa == 0) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_UNIT_ZERO_FIELD, readers,
                                 block->offset + BLOCK_DEVICE_ID);
    }
    if (unit->window_spa % WINDOW_BYTES != 0) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_WINDOW_ALIGNMENT, readers,
                                 block->offset + IVHD_WINDOW);
    }
    if ((load_le16(bytes + IVHD_INFO) & IVHD_INFO_RESERVED) != 0) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_RESERVED_BITS, readers,
                                 block->offset + IVHD_INFO);
    }
    if (block->type != TYPE_IVHD_10 && (unit->flags & IVHD_11_FLAGS_RESERVED) != 0) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_RESERVED_BITS, readers,
                                 block->offset + BLOCK_FLAGS);
    }
    if (has_image && (!survey->table->efr_supported || (block->efr & EFR_GA_SUP) == 0)) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_EFR_IGNORED, readers,
                                 block->offset + IVHD_EFR);
    }
}

/* Each block by itself. The only pass that reports where a table cannot be read. */
static void check_blocks(struct amdvi_ivrs_survey *survey)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(survey->table);
    struct amdvi_ivrs_block block;
    enum amdvi_ivrs_status status;
    bool has_unit = false;

    while ((status = amdvi_ivrs_next_block(&cursor, &block)) == AMDVI_IVRS_OK) {
        survey->block_count++;
        switch (block.kind) {
        case AMDVI_IVRS_BLOCK_IVHD:
            has_unit = true;
            check_unit(survey, &block);
            amdvi_ivrs_survey_entries(survey, &block);
            break;
        case AMDVI_IVRS_BLOCK_IVMD:
            amdvi_ivrs_survey_memory(survey, &block);
            break;
        case AMDVI_IVRS_BLOCK_UNKNOWN:
            amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_BLOCK_UNKNOWN, READERS_ALL,
                                     block.offset);
            break;
        }
    }
    if (status != AMDVI_IVRS_END) {
        amdvi_ivrs_survey_report_malformed(survey, READERS_ALL, status, cursor.fault_offset);
    }
    if (!has_unit) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_NO_UNIT, READERS_ALL,
                                 TABLE_HEADER_BYTES);
    } else if (survey->xen_type == 0) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_NO_TYPE_FOR_XEN, READERS_ALL,
                                 TABLE_HEADER_BYTES);
    }
}

/* What @block and the other blocks say about the same or another IOMMU. */
static void check_unit_pairs(struct amdvi_ivrs_survey *survey, const struct amdvi_ivrs_block *block)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(survey->table);
    struct amdvi_ivrs_block other;
    uint32_t readers = amdvi_ivrs_survey_readers(survey, block);
    uint32_t seen_by = 0;
    uint32_t overlap_seen_by = 0; /* by who reads both of the two */
    bool is_repeated = false;

    while (amdvi_ivrs_next_block(&cursor, &other) == AMDVI_IVRS_OK) {
        bool is_earlier = other.offset < block->offset;
        if (amdvi_ivrs_is_same_unit(block, &other)) {
            seen_by |= amdvi_ivrs_survey_readers(survey, &other);
            is_repeated = is_repeated || (is_earlier && other.type == block->type);
        } else if (other.kind == AMDVI_IVRS_BLOCK_IVHD && is_earlier) {
            uint64_t a = block->unit.window_spa;
            uint64_t b = other.unit.window_spa;
            if (a > b ? a - b < WINDOW_BYTES : b - a < WINDOW_BYTES) {
                overlap_seen_by |= readers & amdvi_ivrs_survey_readers(survey, &other);
            }
        }
    }
    if (is_repeated) {
        amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_UNIT_TWICE, readers, block->offset);
    }
    amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_WINDOW_OVERLAP, overlap_seen_by,
                             block->offset + IVHD_WINDOW);
    if (survey->is_torn) {
        return; /* the one that is missing may be in what could not be read */
    }
    uint32_t hidden_from = READERS_ALL & ~seen_by;
    if (survey->xen_type == 0) {
        hidden_from &= ~AMDVI_IVRS_READER_XEN; /* reported once, for the table */
    }
    amdvi_ivrs_survey_report(survey, AMDVI_IVRS_FINDING_UNIT_HIDDEN, hidden_from, block->offset);
}

static void check_units(struct amdvi_ivrs_survey *survey)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(survey->table);
    struct amdvi_ivrs_block block;

    while (amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_OK) {
        if (block.kind == AMDVI_IVRS_BLOCK_IVHD &&
            !amdvi_ivrs_is_superseded(survey->table, &block)) {
            check_unit_pairs(survey, &block);
        }
    }
}

uint32_t amdvi_ivrs_check(const struct amdvi_ivrs_table *table, struct amdvi_ivrs_checker *checker)
{
    struct amdvi_ivrs_survey survey = {.table = table, .checker = checker};

    check_header(&survey);
    check_first_block(&survey);
    check_blocks(&survey);
    amdvi_ivrs_survey_ioapics(&survey);
    if (survey.block_count > SURVEY_PAIRED_BLOCKS_MAX) {
        amdvi_ivrs_survey_report(&survey, AMDVI_IVRS_FINDING_TOO_MANY_BLOCKS, READERS_ALL,
                                 TABLE_HEADER_BYTES);
        return survey.errors;
    }
    check_units(&survey);
    if (!survey.is_torn) {
        amdvi_ivrs_survey_last_device(&survey);
    }
    amdvi_ivrs_survey_shared_devices(&survey);
    amdvi_ivrs_survey_memory_pairs(&survey);
    return survey.errors;
}
