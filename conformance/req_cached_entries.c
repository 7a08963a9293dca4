/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: what may be kept of the device table and of interrupt tables, and what
 * INVALIDATE_DEVTAB_ENTRY, INVALIDATE_INTERRUPT_TABLE, IommuEn and a reset must end.
 */
#include "caches.h"

/* ---- Device table entries -------------------------------------------------------------------- */

static void entry_old_or_new(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);
    uint64_t root = rig_page(rig);

    rig_map_in(rig, root, 3, RIG_IOVA, pair.new, 12, RIG_RW);
    rig_store_dte(rig, rig->device, rig_dte_paged(root, 3, RIG_DOMAIN));
    CHECK(lands(rig, RIG_IOVA, pair.old, pair.new) != 0);
    RIG_NO_EVENTS(rig);
    rig_invalidate_device(rig, rig->device);
    rig_invalidate_domain(rig, RIG_DOMAIN);
    CHECK(rig_wait(rig));
    RIG_READS(rig, RIG_IOVA, pair.new, 8);
}

static void entry_of_new_domain(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);
    uint64_t root = rig_page(rig);

    rig_map_in(rig, root, 3, RIG_IOVA, pair.new, 12, RIG_RW);
    rig_store_dte(rig, rig->device, rig_dte_paged(root, 3, RIG_DOMAIN + 1));
    rig_invalidate_device(rig, rig->device);
    CHECK(rig_wait(rig));
    RIG_READS(rig, RIG_IOVA, pair.new, 8);
    RIG_READ_REFUSED(rig, RIG_IOVA + 0x1000, pair.new, 8);
    RIG_EVENTS(rig,
               rig_event(EVENT_CODE_PAGE_FAULT, rig->device, RIG_DOMAIN + 1, 0, RIG_IOVA + 0x1000));
}

static void entry_v_set(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    rig_enable(rig);
    RIG_READS(rig, page, page, 8); /* V=0 may be kept */
    rig_store_dte(rig, rig->device, (struct rig_dte){{Q0_V | Q0_TV, RIG_DOMAIN, 0, 0}});
    rig_invalidate_device(rig, rig->device);
    CHECK(rig_wait(rig));
    REFUSES_READ(rig, page, page, rig_fault(rig, EVENT_PR | EVENT_PE, page));
    rig_store_dte(rig, rig->device, (struct rig_dte){{0, 0, 0, 0}});
    rig_invalidate_device(rig, rig->device);
    CHECK(rig_wait(rig));
    RIG_READS(rig, page, page, 8);
}

static void entry_permission(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);
    struct rig_dte dte = attached(rig);

    dte.q[0] &= ~RIG_W;
    rig_set_dte(rig, rig->device, dte);
    RIG_READS(rig, RIG_IOVA, pair.old, 8);
    REFUSES_WRITE(rig, RIG_IOVA, pair.old,
                  rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, RIG_IOVA));
    rig_set_dte(rig, rig->device, attached(rig));
    RIG_WRITES(rig, RIG_IOVA, pair.old, 8);
}

static void entry_tv_cleared(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);
    struct rig_dte dte = attached(rig);

    dte.q[0] &= ~Q0_TV;
    rig_set_dte(rig, rig->device, dte);
    RIG_READ_REFUSED(rig, RIG_IOVA, pair.old, 8);
    CHECK_U64(TAKE_ONE(rig).word0 >> 60, EVENT_CODE_PAGE_FAULT);
}

static void entry_mode_changed(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, 0x1000);
    uint64_t root = rig_page(rig);

    /* The same table as the root of one level: entry 1 of it maps 1000h. */
    rig_store64(rig, root + 8, rig_entry(0, pair.new, RIG_RW));
    rig_set_dte(rig, rig->device, rig_dte_paged(root, 1, RIG_DOMAIN));
    RIG_READS(rig, 0x1000, pair.new, 8);
    rig_set_dte(rig, rig->device, (struct rig_dte){{Q0_V | Q0_TV | RIG_RW, RIG_DOMAIN, 0, 0}});
    RIG_READS(rig, pair.old, pair.old, 8);
}

static void table_moved(struct rig *rig)
{
    uint64_t page = lone_page(rig);
    uint64_t table = rig_page(rig);

    rig_enable(rig);
    RIG_READS(rig, page, page, 8);
    rig_store64(rig, table + 32 * (uint64_t)rig->device, Q0_V | Q0_TV);
    rig_write(rig, REG_DEVICE_TABLE, table);
    rig_invalidate_device(rig, rig->device);
    CHECK(rig_wait(rig));
    REFUSES_READ(rig, page, page,
                 rig_event(EVENT_CODE_PAGE_FAULT, rig->device, 0, EVENT_PR | EVENT_PE, page));
}

/* ---- Interrupts ------------------------------------------------------------------------------ */

static uint64_t use_interrupt(struct rig *rig)
{
    uint64_t table = rig_page(rig);
    struct rig_dte dte = {{0, 0, 0, 0}};

    rig_enable(rig);
    rig_store32(rig, table + 4 * UINT64_C(0x41), IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    rig_dte_remap(&dte, table, 8);
    rig_set_dte(rig, rig->device, dte);
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_MESSAGE(rig, .vector = 0x52);
    return table;
}

static void interrupt_old_or_new(struct rig *rig)
{
    uint64_t table = use_interrupt(rig);
    struct target_message got[4];

    rig_store32(rig, table + 4 * UINT64_C(0x41), IRTE_REMAP_EN | IRTE_VECTOR(0x63));
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    CHECK_U64(rig->target->ops->messages(rig->target, got, 4), 1);
    CHECK(got[0].vector == 0x52 || got[0].vector == 0x63);
    rig_invalidate_interrupts(rig, rig->device);
    CHECK(rig_wait(rig));
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_MESSAGE(rig, .vector = 0x63);
}

static void interrupt_removed(struct rig *rig)
{
    uint64_t table = use_interrupt(rig);

    rig_store32(rig, table + 4 * UINT64_C(0x41), 0);
    rig_invalidate_interrupts(rig, rig->device);
    CHECK(rig_wait(rig));
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_NO_MESSAGE(rig);
    TAKE_ONE(rig);
    rig_store32(rig, table + 4 * UINT64_C(0x41), IRTE_REMAP_EN | IRTE_VECTOR(0x74));
    rig_invalidate_interrupts(rig, rig->device);
    CHECK(rig_wait(rig));
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_MESSAGE(rig, .vector = 0x74);
}

static void all_interrupts_of_the_device(struct rig *rig)
{
    uint64_t table = use_interrupt(rig);

    for (uint32_t vector = 0x20; vector < 0xe0; vector += 0x10) {
        rig_store32(rig, table + 4 * (uint64_t)vector, IRTE_REMAP_EN | IRTE_VECTOR(vector));
        rig_interrupt(rig, rig->device, MSI_BASE, vector);
        RIG_MESSAGE(rig, .vector = (uint8_t)vector);
        rig_store32(rig, table + 4 * (uint64_t)vector, IRTE_REMAP_EN | IRTE_VECTOR(vector + 1));
    }
    rig_invalidate_interrupts(rig, rig->device);
    CHECK(rig_wait(rig));
    for (uint32_t vector = 0x20; vector < 0xe0; vector += 0x10) {
        rig_interrupt(rig, rig->device, MSI_BASE, vector);
        RIG_MESSAGE(rig, .vector = (uint8_t)(vector + 1));
    }
}

static void interrupt_tables_are_apart(struct rig *rig)
{
    uint64_t table = use_interrupt(rig);
    uint64_t other = rig_page(rig);
    uint16_t high = rig->target->endpoint[1];
    struct rig_dte dte = {{0, 0, 0, 0}};

    (void)table;
    rig_store32(rig, other + 4 * UINT64_C(0x41), IRTE_REMAP_EN | IRTE_VECTOR(0x63));
    rig_dte_remap(&dte, other, 8);
    rig_set_dte(rig, high, dte);
    for (unsigned i = 0; i < 2; i++) {
        rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
        RIG_MESSAGE(rig, .vector = 0x52);
        rig_interrupt(rig, high, MSI_BASE, 0x41);
        RIG_MESSAGE(rig, .vector = 0x63);
    }
}

static void interrupt_table_moved(struct rig *rig)
{
    uint64_t table = use_interrupt(rig);
    uint64_t other = rig_page(rig);
    struct rig_dte dte = {{0, 0, 0, 0}};

    (void)table;
    rig_store32(rig, other + 4 * UINT64_C(0x41), IRTE_REMAP_EN | IRTE_VECTOR(0x63));
    rig_dte_remap(&dte, other, 8);
    rig_store_dte(rig, rig->device, dte);
    rig_invalidate_device(rig, rig->device);
    rig_invalidate_interrupts(rig, rig->device);
    CHECK(rig_wait(rig));
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_MESSAGE(rig, .vector = 0x63);
}

static void interrupt_control_changed(struct rig *rig)
{
    use_interrupt(rig);
    rig_store_dte(rig, rig->device, (struct rig_dte){{0, 0, Q2_IV | Q2_INT_CTL_PASS, 0}});
    rig_invalidate_device(rig, rig->device);
    CHECK(rig_wait(rig));
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_MESSAGE(rig, .vector = 0x41);
    rig_store_dte(rig, rig->device, (struct rig_dte){{0, 0, Q2_IV, 0}});
    rig_invalidate_device(rig, rig->device);
    CHECK(rig_wait(rig));
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_NO_MESSAGE(rig);
    TAKE_ONE(rig);
}

/* ---- Reset and enabling ---------------------------------------------------------------------- */

static void enabled_again(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);

    rig_write(rig, REG_CONTROL, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
    rig_store64(rig, pair.at, rig_entry(0, pair.new, RIG_RW));
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    unsigned where = lands(rig, RIG_IOVA, pair.old, pair.new);
    CHECK(where != 0);
    rig_outcome(rig, where == 2 ? "emptied" : "kept");
}

static void reset_empties(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);
    struct rig_dte dte = attached(rig);

    rig->target->ops->reset(rig->target);
    dte.q[0] &= ~RIG_W;
    rig_store_dte(rig, rig->device, dte);
    rig_store64(rig, pair.at, rig_entry(0, pair.new, RIG_RW));
    rig_enable(rig);
    RIG_READS(rig, RIG_IOVA, pair.new, 8);
    REFUSES_WRITE(rig, RIG_IOVA, pair.new,
                  rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, RIG_IOVA));
}

static const struct requirement list[] = {
    REQUIREMENT("TLB-029",
                "Until its invalidation a changed device table entry is the old or the new, after "
                "INVALIDATE_DEVTAB_ENTRY and INVALIDATE_IOMMU_PAGES the new",
                "1.20, INVALIDATE_DEVTAB_ENTRY", CAN_DMA, entry_old_or_new),
    REQUIREMENT("TLB-030",
                "INVALIDATE_DEVTAB_ENTRY alone moves a device to a domain that was never used",
                "1.20, INVALIDATE_DEVTAB_ENTRY", CAN_DMA, entry_of_new_domain),
    REQUIREMENT("TLB-031", "After INVALIDATE_DEVTAB_ENTRY a V that was set or cleared counts",
                "1.20, INVALIDATE_DEVTAB_ENTRY", CAN_DMA, entry_v_set),
    REQUIREMENT("TLB-032", "After both invalidations IR and IW of the entry are the new ones",
                "1.20, INVALIDATE_DEVTAB_ENTRY", CAN_DMA, entry_permission),
    REQUIREMENT("TLB-033", "After both invalidations a cleared TV refuses what was cached",
                "1.20, INVALIDATE_DEVTAB_ENTRY", CAN_DMA, entry_tv_cleared),
    REQUIREMENT("TLB-034", "After both invalidations Mode and root are the new ones",
                "1.20, INVALIDATE_DEVTAB_ENTRY", CAN_DMA, entry_mode_changed),
    REQUIREMENT("TLB-035", "After INVALIDATE_DEVTAB_ENTRY a moved device table is used",
                "1.20, device table base address", CAN_DMA, table_moved),
    REQUIREMENT("TLB-036",
                "Until its invalidation a changed interrupt entry is the old or the new, after "
                "INVALIDATE_INTERRUPT_TABLE the new",
                "1.20, INVALIDATE_INTERRUPT_TABLE", CAN_MSI, interrupt_old_or_new),
    REQUIREMENT("TLB-037", "After INVALIDATE_INTERRUPT_TABLE RemapEn is as it is in memory",
                "1.20, INVALIDATE_INTERRUPT_TABLE", CAN_MSI, interrupt_removed),
    REQUIREMENT("TLB-038", "INVALIDATE_INTERRUPT_TABLE reaches all entries of its device",
                "1.20, INVALIDATE_INTERRUPT_TABLE", CAN_MSI, all_interrupts_of_the_device),
    REQUIREMENT("TLB-039", "Devices never get each other's interrupt entries",
                "1.20, device table entry", CAN_MSI | CAN_SECOND, interrupt_tables_are_apart),
    REQUIREMENT("TLB-040", "After invalidations of entry and interrupts a moved table is used",
                "1.20, INVALIDATE_INTERRUPT_TABLE", CAN_MSI, interrupt_table_moved),
    REQUIREMENT("TLB-041", "After INVALIDATE_DEVTAB_ENTRY a new IntCtl counts",
                "1.20, INVALIDATE_DEVTAB_ENTRY", CAN_MSI, interrupt_control_changed),
    CHOICE("TLB-042", "IommuEn from 0 to 1 empties the caches or keeps them", "1.20, control",
           CAN_DMA, enabled_again, "emptied | kept", "emptied"),
    REQUIREMENT("TLB-043", "A reset empties the caches", "1.20, reset", CAN_DMA | CAN_RESET,
                reset_empties),
    LIST_END,
};

const struct requirement_area area_cached_entries = {
    "TLB", "Caches: entries of devices and interrupts", list};
