/* SPDX-License-Identifier: BSD-2-Clause */
/* The I/O page table walk. It reads guest memory and nothing else, and remembers nothing. */
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

void amdvi_page_walk(const struct amdvi_iommu *iommu, const struct amdvi_dte *dte, uint64_t iova,
                     enum amdvi_access access, struct amdvi_walk *out)
{
    unsigned level = dte->mode;
    uint64_t table = dte->page_root;

    *out = (struct amdvi_walk){.status = AMDVI_WALK_OK, .read = true, .write = true};
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
    }
}
