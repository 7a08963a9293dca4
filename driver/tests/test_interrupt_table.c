/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt tables: which entries are in use, and what an interrupt comes to after each store. */
#include "check.h"
#include "rig.h"

#include <amdvi/drv_tables.h>

#include <string.h>

#define DEVICE  0x0042
#define ABORTED UINT64_MAX

struct bed {
    struct rig rig;
    struct amdvi_drv_device_table devices;
    struct amdvi_drv_interrupt_table table;
    unsigned index; /* that is watched */
    uint64_t seen[16];
    unsigned count;
};

static struct bed bed; /* large */

/* What MSI number @index comes to. */
static uint64_t interrupt(unsigned index)
{
    uint64_t address;
    uint32_t data;

    return rig_interrupt(&bed.rig, 0, DEVICE, 0, index, &address, &data) ? address << 32 | data
                                                                         : ABORTED;
}

static void changed(struct rig *rig, enum rig_change what)
{
    (void)rig;
    if (what != RIG_REGISTER && bed.count < 16) {
        bed.seen[bed.count++] = interrupt(bed.index);
    }
}

static void start(const struct rig_options *options, unsigned reserved)
{
    static struct rig_options chosen;
    struct amdvi_dte dte = amdvi_drv_dte_blocked(true);

    chosen = *options;
    chosen.caches = 1;
    rig_start(&bed.rig, &chosen);
    bed.count = 0;
    CHECK_U64(amdvi_drv_heap_init(&bed.rig.heap, &bed.rig.host, NULL), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_device_table_init(&bed.devices, &bed.rig.heap, 0x7f, true), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_table_init(&bed.table, &bed.rig.heap, reserved), AMDVI_DRV_OK);
    CHECK_U64(bed.rig.held_bytes, 8192);
    dte.int_ctl = AMDVI_INT_CTL_REMAP;
    dte.int_tab_len = AMDVI_DRV_INTERRUPTS_LOG2;
    dte.interrupt_root = bed.table.block.spa;
    CHECK_U64(amdvi_drv_device_table_write(&bed.devices, DEVICE, &dte), AMDVI_DRV_DTE_DONE);
    rig_set_reg(&bed.rig, 0, AMDVI_REG_DEV_TAB_BASE, amdvi_drv_device_table_base(&bed.devices));
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CONTROL, 1);
}

static void stop(void)
{
    rig_unwatch(&bed.rig);
    amdvi_drv_interrupt_table_destroy(&bed.table);
    amdvi_drv_device_table_destroy(&bed.devices);
    CHECK(rig_stop(&bed.rig));
}

static uint32_t entry_word(unsigned index)
{
    uint64_t pair = rig_read64(&bed.rig, bed.table.block.spa + index / 2 * 8);

    return (uint32_t)(index % 2 != 0 ? pair >> 32 : pair);
}

/* ---- Entries --------------------------------------------------------------------------------- */

/* All 512 of an MSI, and each alone: a write changes its entry and no other. */
static void each_entry_is_its_own(void)
{
    struct amdvi_irte irte = {.remap_enable = true, .vector = 0x51, .destination = 0x0a};

    start(&(struct rig_options){.units = 1}, 0);
    for (unsigned i = 0; i < AMDVI_DRV_INTERRUPTS; i++) {
        if (!CHECK_U64(interrupt(i), ABORTED)) {
            break;
        }
    }
    for (unsigned i = 0; i < AMDVI_DRV_INTERRUPTS; i++) {
        irte.vector = (uint8_t)(0x20 + i % 128);
        amdvi_drv_interrupt_table_write(&bed.table, i, &irte);
        bool good = CHECK_U64(interrupt(i) & 0xff, irte.vector) &&
                    (i == 511 || CHECK_U64(interrupt(i + 1), ABORTED)) &&
                    (i == 0 || CHECK_U64(interrupt(i - 1) & 0xff, 0x20 + (i - 1) % 128));
        if (!good) {
            break;
        }
    }
    amdvi_drv_interrupt_table_clear(&bed.table, 100, 32);
    for (unsigned i = 0; i < AMDVI_DRV_INTERRUPTS; i++) {
        if (!CHECK_U64(interrupt(i) == ABORTED, i >= 100 && i < 132) ||
            !CHECK_U64(entry_word(i) == 0, i >= 100 && i < 132)) {
            break;
        }
    }
    stop();
}

/* Typed from the reference: delivery modes have three bits. */
static void entries_are_these_words(void)
{
    struct amdvi_irte irte = {.remap_enable = true,
                              .suppress_fault = true,
                              .int_type = 5,
                              .request_eoi = true,
                              .logical = true,
                              .destination = 0xc3,
                              .vector = 0x71};

    start(&(struct rig_options){.non_coherent = true}, 0);
    amdvi_drv_interrupt_table_write(&bed.table, 3, &irte);
    CHECK_U64(entry_word(3), 0x0071c377);
    irte.int_type = 1;
    irte.suppress_fault = false;
    irte.request_eoi = false;
    amdvi_drv_interrupt_table_write(&bed.table, 3, &irte);
    CHECK_U64(entry_word(3), 0x0071c345);
    CHECK_U64(entry_word(2), 0);
    CHECK_U64(entry_word(4), 0);
    /* Entries that are not there. */
    uint8_t *behind = (uint8_t *)bed.table.block.bytes + 2048;
    memset(behind, 0x5a, 4);
    amdvi_drv_interrupt_table_write(&bed.table, AMDVI_DRV_INTERRUPTS, &irte);
    amdvi_drv_interrupt_table_clear(&bed.table, AMDVI_DRV_INTERRUPTS - 1, 2);
    CHECK(behind[0] == 0x5a && behind[3] == 0x5a);
    stop();
}

/* From each of these entries to each other one, exactly one store, old or new around it. */
static void change_each_to_each(void)
{
    static const struct amdvi_irte entries[] = {
        {.remap_enable = false},
        {.remap_enable = true, .vector = 0x31, .destination = 1},
        {.remap_enable = true, .vector = 0x32, .destination = 1},
        {.remap_enable = true, .vector = 0x31, .destination = 0xff, .logical = true},
        {.remap_enable = true, .vector = 0xfe, .destination = 0, .int_type = 1},
    };
    const unsigned count = sizeof(entries) / sizeof(entries[0]);

    bed.index = 77;
    for (unsigned i = 0; i < count * count; i++) {
        bed.rig.changed = NULL;
        amdvi_drv_interrupt_table_write(&bed.table, bed.index, &entries[i / count]);
        uint64_t before = interrupt(bed.index);
        bed.count = 0;
        bed.rig.changed = changed;
        amdvi_drv_interrupt_table_write(&bed.table, bed.index, &entries[i % count]);
        bed.rig.changed = NULL;
        uint64_t after = interrupt(bed.index);
        if (!CHECK_U64(bed.count, 1) || !CHECK_U64(bed.seen[0], after) ||
            !CHECK_U64(before == after, i / count == i % count)) {
            return;
        }
    }
}

static void a_change_has_no_gap(void)
{
    start(&(struct rig_options){.non_coherent = true}, 0);
    change_each_to_each();
    stop();
    start(&(struct rig_options){.units = 1}, 0);
    if (rig_watch(&bed.rig, bed.table.block.bytes, 2048)) {
        change_each_to_each();
    }
    stop();
}

/* ---- Who has which --------------------------------------------------------------------------- */

static void blocks_are_aligned_and_nobodys_else(void)
{
    bool used[AMDVI_DRV_INTERRUPTS];

    for (unsigned count = 1; count <= 32; count *= 2) {
        unsigned taken = 0;
        unsigned first;
        start(&(struct rig_options){.units = 1}, 24);
        for (unsigned i = 0; i < AMDVI_DRV_INTERRUPTS; i++) {
            used[i] = i < 24;
        }
        while (amdvi_drv_interrupt_table_take(&bed.table, count, &first) == AMDVI_DRV_OK) {
            if (!CHECK_U64(first % count, 0) || !CHECK(first + count <= AMDVI_DRV_INTERRUPTS)) {
                break;
            }
            for (unsigned i = first; i < first + count; i++) {
                CHECK(!used[i]);
                used[i] = true;
            }
            taken++;
        }
        /* All that can be: 24 are the pins of an IOAPIC. */
        CHECK_U64(taken, (AMDVI_DRV_INTERRUPTS - (count == 16 || count == 32 ? 32U : 24U)) / count);
        stop();
    }
}

static void what_is_given_back_is_taken_again(void)
{
    unsigned first = 0;
    unsigned other = 0;

    start(&(struct rig_options){.units = 1}, AMDVI_DRV_INTERRUPTS - 3);
    CHECK_U64(amdvi_drv_interrupt_table_take(&bed.table, 2, &first), AMDVI_DRV_OK);
    CHECK_U64(first, 510);
    CHECK_U64(amdvi_drv_interrupt_table_take(&bed.table, 2, &other), AMDVI_DRV_ERR_LIMIT);
    CHECK_U64(other, 0);
    CHECK_U64(amdvi_drv_interrupt_table_take(&bed.table, 1, &other), AMDVI_DRV_OK);
    CHECK_U64(other, 509);
    CHECK_U64(amdvi_drv_interrupt_table_take(&bed.table, 1, &other), AMDVI_DRV_ERR_LIMIT);
    /* Cleared is not given back: a cache may have them still. */
    amdvi_drv_interrupt_table_clear(&bed.table, first, 2);
    CHECK_U64(amdvi_drv_interrupt_table_take(&bed.table, 1, &other), AMDVI_DRV_ERR_LIMIT);
    amdvi_drv_interrupt_table_give(&bed.table, first, 2);
    CHECK_U64(amdvi_drv_interrupt_table_take(&bed.table, 2, &other), AMDVI_DRV_OK);
    CHECK_U64(other, 510);
    static const unsigned wrong[] = {0, 3, 5, 31, 33, 64, 512};
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CHECK_U64(amdvi_drv_interrupt_table_take(&bed.table, wrong[i], &other),
                  AMDVI_DRV_ERR_ARGUMENT);
    }
    struct amdvi_drv_interrupt_table none;
    bed.rig.fail_at = bed.rig.calls + 1;
    CHECK_U64(amdvi_drv_interrupt_table_init(&none, &bed.rig.heap, 0), AMDVI_DRV_ERR_NO_MEMORY);
    stop();
}

static const struct check_case cases[] = {
    {"a new table aborts all 512, and each write is of one entry", "1.20 interrupt table entry",
     each_entry_is_its_own},
    {"X-S3, H-1: each field is in its place, IntType with three bits", "1.20 interrupt table entry",
     entries_are_these_words},
    {"X-b953a99, F-1: an interrupt goes as before or as after, with no gap between",
     "1.20 interrupt table entry", a_change_has_no_gap},
    {"blocks are aligned, disjoint, and not of the reserved", NULL,
     blocks_are_aligned_and_nobodys_else},
    {"XSA-36: entries are taken again only after they were given back", NULL,
     what_is_given_back_is_taken_again},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
