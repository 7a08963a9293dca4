/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of page tables share: tables in the memory of a machine whose IOMMU uses them for
 * one device, and three ways to look at what they say that are not the driver's: the oracle of
 * tests/, which knows no caches; the IOMMU itself, with what it has cached; and a plain reading of
 * all entries in memory.
 */
#ifndef DRIVER_TESTS_PAGES_BED_H
#define DRIVER_TESTS_PAGES_BED_H

#include "check.h"
#include "oracle.h"
#include "rig.h"

#include <amdvi/drv_pages.h>
#include <amdvi/drv_ring.h>

#include <string.h>

#define BED_DEVICE UINT16_C(0x0310)
#define BED_DOMAIN UINT16_C(7)
#define BED_RW     (AMDVI_DRV_READ | AMDVI_DRV_WRITE)

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)

struct bed {
    struct rig rig;
    struct amdvi_drv_pages pages;
    struct amdvi_drv_gather gather; /* what was not completed yet */
};

/* The usual: everything is permitted. */
static const struct amdvi_drv_pages_config bed_config = {
    .page_sizes = AMDVI_DRV_PAGE_SIZES_ALL,
    .levels_max = 6,
};

/* What a driver does with a new root. Bits as the reference has them. */
static inline void bed_write_root(struct bed *bed)
{
    machine_set_dte_words(&bed->rig.unit[0].machine, BED_DEVICE,
                          UINT64_C(0x6000000000000003) | bed->pages.root_spa |
                              (uint64_t)bed->pages.level << 9,
                          BED_DOMAIN, 0, 0);
}

static inline bool bed_start(struct bed *bed, const struct rig_options *options,
                             const struct amdvi_drv_pages_config *config)
{
    struct rig *rig = &bed->rig;

    rig_start(rig, options);
    CHECK_U64(
        amdvi_drv_heap_init(&rig->heap, &rig->host, options->arena_bytes != 0 ? &rig->arena : NULL),
        AMDVI_DRV_OK);
    rig_set_reg(rig, 0, AMDVI_REG_DEV_TAB_BASE, MACHINE_DEVICE_TABLE | 0x1ff);
    rig_set_reg(rig, 0, AMDVI_REG_CMD_BUF_BASE, MACHINE_COMMANDS | UINT64_C(8) << 56);
    rig_set_reg(rig, 0, AMDVI_REG_CONTROL, UINT64_C(0x1001)); /* IommuEn, CmdBufEn */
    amdvi_drv_gather_init(&bed->gather);
    if (!CHECK_U64(amdvi_drv_pages_init(&bed->pages, &rig->heap, config), AMDVI_DRV_OK)) {
        return false;
    }
    bed_write_root(bed);
    return true;
}

/* Is there anything to be completed? */
static inline bool bed_is_pending(const struct bed *bed)
{
    return bed->gather.first_iova <= bed->gather.last_iova || bed->gather.root_changed ||
           bed->gather.freed != NULL;
}

/* Invalidate what the gather asks for, and nothing else; then give its tables back. */
static inline void bed_complete(struct bed *bed)
{
    struct machine *machine = &bed->rig.unit[0].machine;
    struct amdvi_command command[4];

    if (bed->gather.root_changed) {
        machine_invalidate_device(machine, BED_DEVICE);
    }
    if (bed->gather.first_iova <= bed->gather.last_iova) {
        unsigned count = amdvi_drv_invalidate_pages(command, BED_DOMAIN, bed->gather.first_iova,
                                                    bed->gather.last_iova, bed->gather.directories);
        for (unsigned i = 0; i < count; i++) {
            machine_command(machine, &command[i]);
        }
    }
    amdvi_drv_pages_free(&bed->pages, &bed->gather);
}

/* Everything must come back: to the heap, and to the host. */
static inline void bed_stop(struct bed *bed)
{
    bed_complete(bed);
    amdvi_drv_pages_destroy(&bed->pages);
    CHECK_U64(bed->pages.tables, 0);
    CHECK_U64(bed->rig.heap.used_bytes, 0);
    CHECK(rig_stop(&bed->rig));
}

static inline enum amdvi_drv_status bed_map(struct bed *bed, uint64_t iova, uint64_t spa,
                                            uint64_t size_bytes, unsigned access)
{
    enum amdvi_drv_status status =
        amdvi_drv_pages_map(&bed->pages, iova, spa, size_bytes, access, &bed->gather);

    if (bed->gather.root_changed) {
        bed_write_root(bed); /* which the IOMMU need not notice before bed_complete() */
    }
    return status;
}

static inline enum amdvi_drv_status bed_unmap(struct bed *bed, uint64_t iova, uint64_t size_bytes)
{
    return amdvi_drv_pages_unmap(&bed->pages, iova, size_bytes, &bed->gather);
}

/*
 * rig->changed is called after each store to the tables, which are in an arena. False, and the case
 * is skipped and over, on processors where that is not possible.
 */
static inline bool bed_watch(struct bed *bed,
                             void (*changed)(struct rig *rig, enum rig_change what))
{
    bed->rig.changed = changed;
    if (rig_watch(&bed->rig, bed->rig.arena.bytes, bed->rig.arena.size_bytes)) {
        return true;
    }
    check_skip("stores cannot be watched one by one on this processor");
    bed->rig.changed = NULL;
    bed_stop(bed);
    return false;
}

static inline void bed_unwatch(struct bed *bed)
{
    rig_unwatch(&bed->rig);
    bed->rig.changed = NULL;
}

/* ---- The oracle ------------------------------------------------------------------------------ */

/* What the tables in memory mean, by the oracle, for a read, or a write. */
static inline struct oracle_dma_answer bed_oracle(struct bed *bed, uint64_t iova, bool write)
{
    struct oracle_machine machine = {
        .memory = bed->rig.unit[0].machine.memory,
        .memory_bytes = MACHINE_MEMORY_BYTES,
        .device_table = MACHINE_DEVICE_TABLE | 0x1ff,
        .control = 1,
    };
    struct oracle_dma request = {
        .device_id = BED_DEVICE, .iova = iova, .read = !write, .write = write};

    return oracle_dma(&machine, &request);
}

/* Is @iova mapped to exactly this, with these rights, to oracle and driver? 0 rights: to nothing.
 */
static inline bool bed_is(struct bed *bed, uint64_t iova, uint64_t spa, unsigned access)
{
    struct amdvi_drv_mapping found;
    bool is_found = amdvi_drv_pages_find(&bed->pages, iova, &found);
    bool good = is_found == (access != 0);

    if (is_found) {
        good = good && found.spa == spa && found.access == access &&
               found.run_bytes <= UINT64_C(1) << found.size_log2;
    }
    for (unsigned i = 0; i < 2; i++) {
        struct oracle_dma_answer answer = bed_oracle(bed, iova, i == 1);
        bool may = (access & (i == 1 ? AMDVI_DRV_WRITE : AMDVI_DRV_READ)) != 0;
        good = good && (answer.outcome == ORACLE_TRANSLATED) == may;
        good = good && (!may || (answer.spa == spa && answer.page_log2 == found.size_log2));
        good = good && (access != 0 || answer.cause == ORACLE_DMA_NOT_PRESENT ||
                        answer.cause == ORACLE_DMA_BEYOND_MODE);
    }
    if (!good) {
        printf("# iova 0x%" PRIx64 " is not 0x%" PRIx64 " with rights %u\n", iova, spa, access);
    }
    return good;
}

/* The same to the IOMMU, with all that it has cached. */
static inline bool bed_reaches(struct bed *bed, uint64_t iova, uint64_t spa, unsigned access)
{
    bool good = true;

    for (unsigned i = 0; i < 2; i++) {
        uint64_t got = 0;
        bool may = (access & (i == 1 ? AMDVI_DRV_WRITE : AMDVI_DRV_READ)) != 0;
        bool did = rig_access(&bed->rig, 0, BED_DEVICE, iova, i == 1, &got);
        good = good && did == may && (!may || got == spa);
    }
    if (!good) {
        printf("# the device does not reach 0x%" PRIx64 " through 0x%" PRIx64 " with rights %u\n",
               spa, iova, access);
    }
    return good;
}

/* log2 of the page at @iova, by the oracle. */
static inline unsigned bed_page_log2(struct bed *bed, uint64_t iova)
{
    return bed_oracle(bed, iova, false).page_log2;
}

/* ---- All entries ----------------------------------------------------------------------------- */

/* What a reading of all tables found. */
struct bed_scan {
    unsigned tables;
    uint64_t mapped_bytes;
    /* Told of each leaf entry, if set: the part of its page that the entry stands for. */
    void (*leaf)(void *ctx, uint64_t iova, uint64_t spa, uint64_t size_bytes, unsigned access);
    void *ctx;
    bool bad; /* an entry that the reference forbids, or that is not present and not 0 */
};

static inline void bed_scan_leaf(struct bed_scan *scan, uint64_t word, unsigned level,
                                 uint64_t iova)
{
    uint64_t span = UINT64_C(1) << (12 + 9 * (level - 1));
    uint64_t spa = word & UINT64_C(0x000ffffffffff000);
    unsigned access =
        (word >> 61 & 1 ? AMDVI_DRV_READ : 0u) | (word >> 62 & 1 ? AMDVI_DRV_WRITE : 0u);

    if ((word >> 9 & 7) == 7) {
        uint64_t size = UINT64_C(2) << 12;
        for (unsigned bit = 12; (spa >> bit & 1) != 0; bit++) {
            size = UINT64_C(4) << bit;
        }
        scan->bad = scan->bad || size <= span || size >= span << 9;
        spa = (spa & ~(size - 1)) + (iova & (size - 1));
    }
    scan->bad = scan->bad || (spa & (span - 1)) != 0 || (word & UINT64_C(0x8ff00000000001fe)) != 0;
    scan->mapped_bytes += span;
    if (scan->leaf != NULL) {
        scan->leaf(scan->ctx, iova, spa, span, access);
    }
}

static inline void bed_scan_table(struct bed *bed, struct bed_scan *scan, uint64_t table,
                                  unsigned level, uint64_t iova)
{
    scan->tables++;
    for (unsigned i = 0; i < 512; i++) {
        uint64_t word = rig_read64(&bed->rig, table + 8 * i);
        uint64_t at = iova + ((uint64_t)i << (12 + 9 * (level - 1)));
        unsigned next_level = (unsigned)(word >> 9 & 7);
        if ((word & 1) == 0) {
            scan->bad = scan->bad || word != 0;
        } else if (next_level == 0 || next_level == 7) {
            bed_scan_leaf(scan, word, level, at);
        } else {
            scan->bad = scan->bad || next_level != level - 1 || word >> 52 != 0x600;
            bed_scan_table(bed, scan, word & UINT64_C(0x000ffffffffff000), level - 1, at);
        }
    }
}

/* Read all; and what the driver counts must be what there is. */
static inline bool bed_scan(struct bed *bed, struct bed_scan *scan, unsigned freed)
{
    scan->tables = 0;
    scan->mapped_bytes = 0;
    scan->bad = false;
    bed_scan_table(bed, scan, bed->pages.root_spa, bed->pages.level, 0);
    return CHECK(!scan->bad) && CHECK_U64(scan->mapped_bytes, bed->pages.mapped_bytes) &&
           CHECK_U64(scan->tables + freed, bed->pages.tables);
}

#endif
