/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All mappings of a page table, merged into ranges. Tables may be hostile, and point to each other
 * in any way: levels bound the depth, and the number of tables that are read is bounded too.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <amdvi/pte.h>
#include <amdvi/regs.h>

#include "walk.h"

#define TABLES_MAX 200000
#define RANGES_MAX 100000
#define FAULTS_MAX 100

/* A table on the way down, and where in it we are. */
struct stage {
    uint8_t bytes[AMDVI_TABLE_PTES * AMDVI_PTE_BYTES];
    uint64_t spa;
    uint64_t iova; /* of its first entry */
    unsigned level;
    unsigned next;
    bool can_read; /* of all tables above */
    bool can_write;
};

struct listing {
    struct cli_walk *walk;
    struct stage *stages; /* one for each level */
    unsigned depth;
    unsigned tables;
    json_t *ranges;
    json_t *faults;
    bool is_complete;
    /* The range that is growing. */
    bool is_open;
    uint64_t iova;
    uint64_t last;
    uint64_t spa;
    bool can_read;
    bool can_write;
};

static void close_range(struct listing *listing)
{
    static const char *const accesses[] = {"none", "read", "write", "read-write"};
    json_t *range;

    if (!listing->is_open) {
        return;
    }
    listing->is_open = false;
    if (json_array_size(listing->ranges) >= RANGES_MAX) {
        listing->is_complete = false;
        return;
    }
    range = json_object();
    json_object_set_new(range, "iova", cli_string("0x%" PRIx64, listing->iova));
    json_object_set_new(range, "last", cli_string("0x%" PRIx64, listing->last));
    json_object_set_new(range, "spa", cli_string("0x%" PRIx64, listing->spa));
    json_object_set_new(range, "bytes",
                        cli_string("0x%" PRIx64, listing->last - listing->iova + 1));
    json_object_set_new(
        range, "access",
        json_string(accesses[(listing->can_read ? 1 : 0) + (listing->can_write ? 2 : 0)]));
    json_array_append_new(listing->ranges, range);
}

static void add_range(struct listing *listing, uint64_t iova, uint64_t last, uint64_t spa,
                      unsigned access)
{
    bool can_read = (access & 1) != 0;
    bool can_write = (access & 2) != 0;

    if (listing->is_open && iova == listing->last + 1 &&
        spa == listing->spa + (iova - listing->iova) && can_read == listing->can_read &&
        can_write == listing->can_write) {
        listing->last = last;
        return;
    }
    close_range(listing);
    listing->is_open = true;
    listing->iova = iova;
    listing->last = last;
    listing->spa = spa;
    listing->can_read = can_read;
    listing->can_write = can_write;
}

static void add_fault(struct listing *listing, uint64_t iova, uint64_t spa, const char *why)
{
    if (json_array_size(listing->faults) < FAULTS_MAX) {
        json_array_append_new(listing->faults,
                              cli_string("0x%" PRIx64 ": %s, at 0x%" PRIx64, iova, why, spa));
    }
}

static bool open_table(struct listing *listing, uint64_t spa, uint64_t iova, unsigned level,
                       unsigned access)
{
    struct stage *stage = &listing->stages[listing->depth];

    if (listing->tables++ >= TABLES_MAX) {
        listing->is_complete = false;
        return false;
    }
    if (!cli_image_read(&listing->walk->image, spa, stage->bytes, sizeof(stage->bytes))) {
        add_fault(listing, iova, spa, "the table is not in the image");
        return false;
    }
    stage->spa = spa;
    stage->iova = iova;
    stage->level = level;
    stage->next = 0;
    stage->can_read = (access & 1) != 0;
    stage->can_write = (access & 2) != 0;
    listing->depth++;
    return true;
}

/* The next entry of the lowest table. */
static void take_entry(struct listing *listing, struct stage *stage)
{
    struct amdvi_le64 wire;
    unsigned index = stage->next++;
    unsigned shift = amdvi_level_shift(stage->level);
    uint64_t iova = stage->iova + ((uint64_t)index << shift);

    for (unsigned i = 0; i < 8; i++) {
        wire.byte[i] = stage->bytes[AMDVI_PTE_BYTES * index + i];
    }
    struct amdvi_pte pte = amdvi_pte_decode(amdvi_le64_decode(&wire), stage->level);
    unsigned access =
        (stage->can_read && pte.read ? 1u : 0u) | (stage->can_write && pte.write ? 2u : 0u);
    uint64_t entry_spa = stage->spa + AMDVI_PTE_BYTES * (uint64_t)index;
    switch (pte.kind) {
    case AMDVI_PTE_NOT_PRESENT:
        break;
    case AMDVI_PTE_POINTER:
        open_table(listing, pte.spa, iova, pte.next_level, access);
        break;
    case AMDVI_PTE_LEAF: {
        /* Of a page that several entries make, each entry is for its own part. */
        uint64_t inside = AMDVI_BIT(pte.size_log2) - 1;
        add_range(listing, iova, iova + (AMDVI_BIT(shift) - 1), pte.spa | (iova & inside), access);
        break;
    }
    case AMDVI_PTE_BAD_RESERVED:
        add_fault(listing, iova, entry_spa, "a reserved bit is set");
        break;
    case AMDVI_PTE_BAD_LEVEL:
        add_fault(listing, iova, entry_spa, "NextLevel or the page size is illegal");
        break;
    }
}

static void list_tables(struct listing *listing, const struct amdvi_dte *dte)
{
    unsigned access = (dte->read ? 1u : 0u) | (dte->write ? 2u : 0u);

    open_table(listing, dte->page_root, 0, dte->mode, access);
    while (listing->depth > 0) {
        struct stage *stage = &listing->stages[listing->depth - 1];
        /* Of level 6 only the addresses below 2^64 are there. */
        unsigned count = stage->level == AMDVI_MODE_MAX ? 128 : AMDVI_TABLE_PTES;
        if (stage->next == count) {
            listing->depth--;
        } else {
            take_entry(listing, stage);
        }
    }
    close_range(listing);
}

json_t *cli_walk_mappings(struct cli_walk *walk)
{
    struct listing listing = {.walk = walk, .is_complete = true};
    struct amdvi_dte dte;
    uint64_t words[4];

    if (!cli_walk_find_dte(walk, &dte, words)) {
        return NULL;
    }
    if (!dte.valid || !dte.translation || dte.mode == AMDVI_MODE_NONE ||
        dte.mode == AMDVI_MODE_RESERVED) {
        cli_walk_end(walk, dte.valid && dte.translation && dte.mode == 0 ? "passed" : "not walked",
                     "the device has no page table (V=%d, TV=%d, Mode=%u)", dte.valid ? 1 : 0,
                     dte.translation ? 1 : 0, dte.mode);
        return NULL;
    }
    listing.stages = calloc(AMDVI_MODE_MAX + 1, sizeof(*listing.stages));
    if (listing.stages == NULL) {
        return NULL;
    }
    listing.ranges = json_array();
    listing.faults = json_array();
    list_tables(&listing, &dte);
    free(listing.stages);
    json_t *document = json_object();
    json_object_set_new(document, "domain", json_integer(dte.domain_id));
    json_object_set_new(document, "tables", json_integer(listing.tables));
    json_object_set_new(document, "ranges", listing.ranges);
    json_object_set_new(document, "faults", listing.faults);
    json_object_set_new(document, "complete", json_boolean(listing.is_complete));
    return document;
}

json_t *cli_walk_domain_devices(struct cli_walk *walk, unsigned domain)
{
    uint64_t base = walk->dev_tab_base & AMDVI_DEV_TAB_BASE_BASE;
    uint64_t entries = amdvi_dev_tab_entries(walk->dev_tab_base);
    json_t *devices = json_array();

    for (uint64_t id = 0; id < entries && id <= UINT16_MAX; id++) {
        struct amdvi_wire_dte wire;
        struct amdvi_dte dte;
        if (!cli_image_read(&walk->image, base + id * AMDVI_DTE_BYTES, &wire, sizeof(wire))) {
            break;
        }
        amdvi_dte_decode(&dte, &wire);
        if (dte.valid && dte.translation && dte.domain_id == domain) {
            json_array_append_new(devices, json_integer((json_int_t)id));
        }
    }
    return devices;
}
