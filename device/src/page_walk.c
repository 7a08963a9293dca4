/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O page table walk. It reads guest memory and nothing else, and remembers nothing. A walk
 * that begins at a directory goes the last steps only, and leaves whatever is not a page that may
 * be accessed to the whole walk, which knows the event.
 */
#include <amdvi/pte.h>

#include "state.h"

static void set_fault(struct amdvi_walk *out, bool present, bool reserved, bool permission)
{
    out->status = AMDVI_WALK_FAULT;
    out->present = present;
    out->reserved = reserved;
    out->permission = permission;
}

/* False ends the walk: @out is then complete. */
static bool read_entry(const struct amdvi_iommu *iommu, uint64_t spa, uint64_t *word,
                       struct amdvi_walk *out)
{
    struct amdvi_le64 wire;

    out->memory = iommu->host.read(iommu->host.ctx, spa, &wire, sizeof(wire));
    if (out->memory != AMDVI_MEMORY_OK) {
        out->status = AMDVI_WALK_HW_ERROR;
        out->spa = spa;
        return false;
    }
    *word = amdvi_le64_decode(&wire);
    return true;
}

/*
 * What can be wrong with an entry, in the order in which it shows in the event's flags.
 * Spec: 1.20, IO_PAGE_FAULT. Choice: reserved bits before permission before level.
 */
static bool is_entry_usable(const struct amdvi_pte *pte, enum amdvi_access access,
                            struct amdvi_walk *out)
{
    if (pte->kind == AMDVI_PTE_NOT_PRESENT) {
        set_fault(out, false, false, false);
        return false;
    }
    if (pte->kind == AMDVI_PTE_BAD_RESERVED) {
        set_fault(out, true, true, false);
        return false;
    }
    if (!amdvi_access_allowed(access, pte->read, pte->write)) {
        set_fault(out, true, false, true);
        return false;
    }
    if (pte->kind == AMDVI_PTE_BAD_LEVEL) {
        set_fault(out, true, false, false);
        return false;
    }
    return true;
}

/* Of levels that are kept as directories, remember where the walk passed. */
static void note_table(struct amdvi_walk *out, unsigned level, uint64_t spa)
{
    if (level <= AMDVI_DIRECTORY_LEVELS) {
        out->directory[level - 1] = (struct amdvi_directory){
            .spa = spa,
            .flags = amdvi_put(AMDVI_TLB_READ, out->read) | amdvi_put(AMDVI_TLB_WRITE, out->write)};
        out->passed |= 1U << level;
    }
}

void amdvi_page_walk(const struct amdvi_iommu *iommu, const struct amdvi_dte *dte, uint64_t iova,
                     enum amdvi_access access, struct amdvi_walk *out)
{
    unsigned level = dte->mode;
    uint64_t table = dte->page_root;

    *out = (struct amdvi_walk){.status = AMDVI_WALK_OK, .read = true, .write = true};
    note_table(out, level, table);
    /* Choice: PR=1, PE=0, RZ=0 for an IOVA that the paging mode has no bits for. */
    if (level < AMDVI_MODE_MAX && iova >> amdvi_level_shift(level + 1) != 0) {
        set_fault(out, true, false, false);
        return;
    }
    for (;;) {
        uint64_t word;
        uint64_t entry = table + (uint64_t)AMDVI_PTE_BYTES * amdvi_level_index(level, iova);
        if (!read_entry(iommu, entry, &word, out)) {
            return;
        }
        struct amdvi_pte pte = amdvi_pte_decode(word, level);
        if (!is_entry_usable(&pte, access, out)) {
            return;
        }
        out->read = out->read && pte.read;
        out->write = out->write && pte.write;
        if (pte.kind == AMDVI_PTE_LEAF) {
            out->size_log2 = pte.size_log2;
            out->spa = pte.spa;
            out->force_coherent = pte.force_coherent;
            out->untranslated = pte.untranslated;
            return;
        }
        if (amdvi_has(iova, amdvi_level_skipped(level, pte.next_level))) {
            set_fault(out, true, false, false);
            return;
        }
        /* The level falls with each turn: at most six. */
        level = pte.next_level;
        table = pte.spa;
        note_table(out, level, table);
    }
}

/* ---- From a directory ------------------------------------------------------------------------ */

static bool read_from(const struct amdvi_iommu *iommu, const struct amdvi_directory *directory,
                      unsigned level, uint64_t iova, uint64_t *word)
{
    unsigned index = amdvi_level_index(level, iova);
    struct amdvi_le64 wire;

    if (directory->host != NULL) {
        *word = amdvi_directory_entry(directory->host, index);
        return true;
    }
    if (iommu->host.read(iommu->host.ctx, directory->spa + (uint64_t)AMDVI_PTE_BYTES * index, &wire,
                         sizeof(wire)) != AMDVI_MEMORY_OK) {
        return false;
    }
    *word = amdvi_le64_decode(&wire);
    return true;
}

static const _Atomic uint64_t *find_pointer(struct amdvi_iommu *iommu, uint64_t generation,
                                            uint64_t spa)
{
    struct amdvi_stretch stretch;

    if (iommu->host.map == NULL ||
        !amdvi_stretch_get(iommu, generation, spa, AMDVI_BIT(AMDVI_PAGE_LOG2), false, &stretch)) {
        return NULL;
    }
    uintptr_t host = (uintptr_t)(spa + stretch.distance);
    return host % sizeof(uint64_t) == 0 ? (const void *)host : NULL;
}

void amdvi_directory_complete(struct amdvi_iommu *iommu, uint64_t generation, uint64_t iova,
                              unsigned level, struct amdvi_directory *directory)
{
    uint64_t inside = AMDVI_BIT(amdvi_directory_region_log2(level)) - 1;
    bool is_plain = amdvi_is_plain(iommu, iova & ~inside, iova | inside);

    directory->host = find_pointer(iommu, generation, directory->spa);
    directory->flags |= amdvi_put(AMDVI_TLB_PLAIN, is_plain);
}

/* Go on in the table that an entry names. */
static void descend(const struct amdvi_pte *pte, struct amdvi_directory *directory)
{
    uint64_t allowed =
        amdvi_put(AMDVI_TLB_READ, pte->read) | amdvi_put(AMDVI_TLB_WRITE, pte->write);

    directory->spa = pte->spa;
    directory->flags &= allowed;
}

/* The page of a leaf of @level. False when it is none. */
static bool page_of_leaf(uint64_t word, unsigned level, uint64_t iova,
                         const struct amdvi_directory *directory, struct amdvi_page *out)
{
    unsigned size_log2 = amdvi_level_shift(level);

    /* Nearly all are of the level's default size; what else there is, is decoded. */
    if (!amdvi_is_default_leaf(word)) {
        struct amdvi_pte pte = amdvi_pte_decode(word, level);

        if (pte.kind != AMDVI_PTE_LEAF) {
            return false;
        }
        size_log2 = pte.size_log2;
    }
    amdvi_page_of(word, size_log2, iova, directory, out);
    return true;
}

bool amdvi_page_walk_end(struct amdvi_iommu *iommu, uint64_t context, uint64_t iova,
                         uint64_t generation, struct amdvi_page *out)
{
    struct amdvi_directory directory;
    unsigned level = 1;
    uint64_t word;

    while (!amdvi_directory_find(&iommu->caches, context, iova, level, &directory)) {
        if (level++ == AMDVI_DIRECTORY_LEVELS) {
            return false;
        }
    }
    for (;;) {
        if (!read_from(iommu, &directory, level, iova, &word)) {
            return false;
        }
        if (page_of_leaf(word, level, iova, &directory, out)) {
            return true;
        }
        /* A level that is skipped is left to the whole walk, too. */
        struct amdvi_pte pte = amdvi_pte_decode(word, level);
        if (pte.kind != AMDVI_PTE_POINTER || pte.next_level != level - 1) {
            return false;
        }
        level--;
        descend(&pte, &directory);
        amdvi_directory_complete(iommu, generation, iova, level, &directory);
        if (amdvi_caches_begin_fill(&iommu->caches, generation)) {
            amdvi_directory_put(&iommu->caches, context, iova, level, &directory);
            amdvi_caches_unlock(&iommu->caches);
        }
    }
}
