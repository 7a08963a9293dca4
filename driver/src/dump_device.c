/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of a device, for people: what the IOMMU reads of it, from its entry to the page. */
#include "dump.h"

#include "store.h"
#include "table.h"

/* ---- Its entry ------------------------------------------------------------------------------- */

static void dump_entry(struct amdvi_drv_dumping *dump, const struct amdvi_drv_requester *requester)
{
    const struct amdvi_drv_device_table *table = &requester->unit->table;
    struct amdvi_dte dte = amdvi_drv_device_table_read(table, requester->device_id);
    struct amdvi_wire_dte wire;

    amdvi_drv_dump_start(dump, "device ");
    amdvi_drv_text_device(&dump->text, requester->device_id);
    amdvi_drv_dump_hex(dump, " setting 0x", requester->dte_setting, 2);
    amdvi_drv_dump_string(dump, requester->trusted ? ", trusted" : "");
    amdvi_drv_dump_string(dump, requester->stopped ? ", stopped" : "");
    amdvi_drv_dump_string(dump, requester->ats ? ", ATS" : "");
    amdvi_drv_dump_end(dump);

    amdvi_drv_dump_start(dump, "entry");
    if (requester->device_id < table->entries) {
        __builtin_memcpy(&wire,
                         (const uint8_t *)table->block.bytes +
                             (size_t)AMDVI_DTE_BYTES * requester->device_id,
                         sizeof(wire));
        for (unsigned i = 0; i < 4; i++) {
            amdvi_drv_dump_hex(dump, " ", amdvi_le64_decode(&wire.word[i]), 16);
        }
    }
    amdvi_drv_dump_end(dump);

    amdvi_drv_dump_start(dump, dte.valid ? "V=1" : "V=0");
    amdvi_drv_dump_string(dump, dte.translation ? " TV=1" : " TV=0");
    amdvi_drv_dump_decimal(dump, " domain ", dte.domain_id);
    amdvi_drv_dump_decimal(dump, ", levels ", dte.mode);
    amdvi_drv_dump_hex(dump, " from 0x", dte.page_root, 1);
    amdvi_drv_dump_string(dump, dte.read ? ", read" : "");
    amdvi_drv_dump_string(dump, dte.write ? ", write" : "");
    amdvi_drv_dump_string(dump, dte.interrupt_valid ? "; IV=1" : "; IV=0");
    amdvi_drv_dump_decimal(dump, " IntCtl ", dte.int_ctl);
    amdvi_drv_dump_hex(dump, " table 0x", dte.interrupt_root, 1);
    amdvi_drv_dump_end(dump);
}

/* ---- Its interrupts -------------------------------------------------------------------------- */

/* drv->lock is held for one entry, as the table may go. */
static uint32_t read_interrupt(struct amdvi_drv *drv, const struct amdvi_drv_requester *requester,
                               unsigned index)
{
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    const struct amdvi_drv_interrupt_table *table = requester->interrupts;
    uint32_t word =
        table != NULL
            ? amdvi_drv_load32((const uint8_t *)table->block.bytes + sizeof(uint32_t) * index)
            : 0;

    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return word;
}

static void dump_interrupts(struct amdvi_drv_dumping *dump,
                            const struct amdvi_drv_requester *requester)
{
    for (unsigned i = 0; i < AMDVI_DRV_INTERRUPTS; i++) {
        uint32_t word = read_interrupt(dump->drv, requester, i);
        struct amdvi_irte irte = amdvi_irte_decode(word);
        if (word == 0) {
            continue;
        }
        amdvi_drv_dump_start(dump, "interrupt ");
        amdvi_drv_dump_decimal(dump, "", i);
        amdvi_drv_dump_hex(dump, " [", word, 8);
        amdvi_drv_dump_string(dump, irte.remap_enable ? "]" : "] aborted");
        amdvi_drv_dump_hex(dump, " vector 0x", irte.vector, 2);
        amdvi_drv_dump_hex(dump, ", type ", irte.int_type, 1);
        amdvi_drv_dump_hex(dump, irte.logical ? ", logical 0x" : ", physical 0x", irte.destination,
                           2);
        amdvi_drv_dump_end(dump);
    }
}

/* ---- Its pages ------------------------------------------------------------------------------- */

/* A walk: the entries of each level, from the root's. */
struct walk {
    unsigned level; /* of the root; 0: there are no tables */
    unsigned last;  /* the level of the last entry */
    uint64_t entry[AMDVI_DRV_LEVELS_MAX + 1];
};

static struct walk walk(const struct amdvi_drv_pages *pages, uint64_t iova)
{
    struct walk walk = {.level = pages->level, .last = pages->level};
    const struct amdvi_drv_table *table = pages->root;

    for (;;) {
        unsigned index = amdvi_level_index(walk.last, iova);
        walk.entry[walk.last] = amdvi_drv_load64(&table->entry[index]);
        if (walk.last == 1 || table->child[index] == NULL) {
            return walk;
        }
        table = table->child[index];
        walk.last--;
    }
}

/* The domain and its tables stay while drv->lock and its lock are held. */
static struct walk walk_of(struct amdvi_drv *drv, const struct amdvi_drv_requester *requester,
                           uint64_t iova)
{
    struct walk found = {0};
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    struct amdvi_drv_domain *domain = requester->domain;

    if (domain != NULL && domain->config.kind == AMDVI_DRV_DOMAIN_PAGED) {
        uintptr_t domain_flags = amdvi_drv_lock(drv->host, &domain->lock);
        if (iova <= amdvi_drv_reach(domain->pages.level)) {
            found = walk(&domain->pages, iova);
        }
        amdvi_drv_unlock(drv->host, &domain->lock, domain_flags);
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return found;
}

static void dump_walk(struct amdvi_drv_dumping *dump, const struct amdvi_drv_requester *requester,
                      uint64_t iova)
{
    struct walk found = walk_of(dump->drv, requester, iova);

    amdvi_drv_dump_start(dump, "walk of 0x");
    amdvi_drv_dump_hex(dump, "", iova, 1);
    amdvi_drv_dump_string(dump, found.level == 0 ? ": no tables for it" : "");
    amdvi_drv_dump_end(dump);
    for (unsigned level = found.level; level != 0 && level >= found.last; level--) {
        struct amdvi_pte pte = amdvi_pte_decode(found.entry[level], level);
        amdvi_drv_dump_start(dump, "level ");
        amdvi_drv_dump_decimal(dump, "", level);
        amdvi_drv_dump_decimal(dump, " entry ", amdvi_level_index(level, iova));
        amdvi_drv_dump_hex(dump, " [", found.entry[level], 16);
        if (pte.kind == AMDVI_PTE_POINTER) {
            amdvi_drv_dump_hex(dump, "] table at 0x", pte.spa, 1);
        } else if (pte.kind == AMDVI_PTE_LEAF) {
            amdvi_drv_dump_decimal(dump, "] page of 2^", pte.size_log2);
            amdvi_drv_dump_hex(dump, " at 0x", pte.spa, 1);
            amdvi_drv_dump_string(dump, pte.read ? ", read" : "");
            amdvi_drv_dump_string(dump, pte.write ? ", write" : "");
        } else {
            amdvi_drv_dump_string(dump, pte.kind == AMDVI_PTE_NOT_PRESENT ? "] not present"
                                                                          : "] illegal");
        }
        amdvi_drv_dump_end(dump);
    }
}

void amdvi_drv_dump_device(struct amdvi_drv_dumping *dump, struct amdvi_drv_device *device,
                           uint64_t iova)
{
    for (unsigned i = 0; i < device->requester_count; i++) {
        const struct amdvi_drv_requester *requester = device->requester[i];
        dump_entry(dump, requester);
        dump_interrupts(dump, requester);
        dump_walk(dump, requester, iova);
    }
}
