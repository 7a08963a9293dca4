/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each command drops from the caches, neither less nor more, and what the host is told of it.
 * The caches are large, so that all that is not dropped is still there.
 */
#include "check.h"
#include "machine.h"

#define DEVICE   0x0100
#define NEIGHBOR 0x0108
#define STRANGER 0x0200
#define DOMAIN   7
#define OTHER    8
#define SPA(n)   (MACHINE_FREE + UINT64_C(0x1000) * (n))
#define ALL      UINT64_C(0x7ffffffffffff000)

static const struct machine_options large = {
    .tlb_entries = 4096, .dte_entries = 256, .irte_entries = 1024};

static bool is_cached(struct machine *machine, uint16_t device, uint64_t iova)
{
    struct amdvi_translation got = machine_translate(machine, device, iova, 1, AMDVI_ACCESS_READ);

    CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
    return got.cached;
}

static bool is_interrupt_cached(struct machine *machine, uint16_t device, uint32_t index)
{
    struct amdvi_remapped got = machine_interrupt(machine, device, 0xfee00000, index);

    CHECK(got.remapped);
    return got.cached;
}

/* A device that translates and remaps; @root and @table are made. */
static void set_device(struct machine *machine, uint16_t device, uint16_t domain, uint64_t root,
                       uint64_t table)
{
    struct amdvi_dte dte = {.valid = true,
                            .translation = true,
                            .read = true,
                            .write = true,
                            .domain_id = domain,
                            .mode = 6,
                            .page_root = root,
                            .interrupt_valid = true,
                            .interrupt_root = table,
                            .int_tab_len = 8,
                            .int_ctl = AMDVI_INT_CTL_REMAP};

    machine_set_dte(machine, device, &dte);
}

/* ---- INVALIDATE_IOMMU_PAGES ------------------------------------------------------------------ */

/* One command for @first to @last in DOMAIN: the pages at its edges, and the same ones of OTHER. */
static void invalidate_range(uint64_t address, bool size, uint64_t first, uint64_t last)
{
    const uint64_t iovas[] = {first, last & ~UINT64_C(0xfff), first - 0x1000, last + 1};
    struct machine machine;
    uint64_t roots[2];

    machine_start(&machine, &large);
    roots[0] = machine_set_paged(&machine, DEVICE, DOMAIN, 6);
    roots[1] = machine_set_paged(&machine, STRANGER, OTHER, 6);
    for (unsigned i = 0; i < 4; i++) {
        machine_map(&machine, roots[0], 6, iovas[i], SPA(i), 12, true, true);
        machine_map(&machine, roots[1], 6, iovas[i], SPA(i), 12, true, true);
        is_cached(&machine, DEVICE, iovas[i]);
        is_cached(&machine, STRANGER, iovas[i]);
    }
    machine_invalidate_pages(&machine, DOMAIN, address, size);
    CHECK(machine_wait(&machine));
    for (unsigned i = 0; i < 4; i++) {
        bool asked_before = i > 0 && (iovas[i] == iovas[0] || (i > 1 && iovas[i] == iovas[1]));
        bool inside = iovas[i] >= first && iovas[i] <= last;

        CHECK_U64(is_cached(&machine, DEVICE, iovas[i]), asked_before || !inside);
        CHECK(is_cached(&machine, STRANGER, iovas[i]));
    }
    CHECK_U64(machine.invalidations, 1);
    CHECK_U64(machine.invalidation[0].kind, AMDVI_INVALIDATED_DOMAIN);
    CHECK_U64(machine.invalidation[0].domain_id, DOMAIN);
    CHECK_U64(machine.invalidation[0].first_iova, first);
    CHECK_U64(machine.invalidation[0].last_iova, last);
    machine_stop(&machine);
}

static void each_size_drops_exactly_its_pages(void)
{
    invalidate_range(0x7000, false, 0x7000, 0x7fff);
    invalidate_range(UINT64_C(0xfffffffffffff000), false, UINT64_C(0xfffffffffffff000), UINT64_MAX);
    for (unsigned log2 = 13; log2 < 63; log2++) {
        uint64_t bytes = UINT64_C(1) << log2;
        uint64_t ones = bytes / 2 - 0x1000;
        uint64_t first = log2 == 62 ? bytes * 2 : bytes * 2 + bytes;

        invalidate_range(first | ones, true, first, first + bytes - 1);
    }
    invalidate_range(0x7ffff000, true, 0, 0xffffffff); /* 4 GiB, from 7.5 */
    invalidate_range(UINT64_C(0x3ffffffffffff000), true, 0, UINT64_MAX / 2);
}

static void all_pages_of_a_domain_have_two_spellings(void)
{
    invalidate_range(ALL, true, 0, UINT64_MAX);
    invalidate_range(UINT64_C(0xfffffffffffff000), true, 0, UINT64_MAX);
}

/* One 4 KiB or 8 KiB command anywhere inside a cached page of @size_log2 drops it whole. */
static void invalidate_inside(unsigned size_log2, uint64_t offset, bool size)
{
    uint64_t bytes = UINT64_C(1) << size_log2;
    uint64_t iova = bytes * 4;
    struct machine machine;
    uint64_t root;

    machine_start(&machine, &large);
    root = machine_set_paged(&machine, DEVICE, DOMAIN, 6);
    machine_map(&machine, root, 6, iova, 0, size_log2, true, true);
    machine_map(&machine, root, 6, iova + bytes, 0, size_log2, true, true);
    is_cached(&machine, DEVICE, iova);
    is_cached(&machine, DEVICE, iova + bytes);
    machine_map(&machine, root, 6, iova, bytes, size_log2, true, true);
    CHECK(is_cached(&machine, DEVICE, iova + bytes / 2));
    machine_invalidate_pages(&machine, DOMAIN, iova + offset, size);
    CHECK(machine_wait(&machine));
    CHECK(is_cached(&machine, DEVICE, iova + bytes));
    CHECK_U64(machine_translate(&machine, DEVICE, iova, 1, AMDVI_ACCESS_READ).spa, bytes);
    CHECK_U64(machine_translate(&machine, DEVICE, iova + bytes - 1, 1, AMDVI_ACCESS_READ).spa,
              2 * bytes - 1);
    machine_stop(&machine);
}

static void a_small_command_drops_a_large_page_whole(void)
{
    for (unsigned size_log2 = 21; size_log2 <= 48; size_log2 += 9) {
        uint64_t bytes = UINT64_C(1) << size_log2;

        invalidate_inside(size_log2, 0, false);
        invalidate_inside(size_log2, bytes / 2 + 0x1000, false);
        invalidate_inside(size_log2, bytes - 0x1000, false);
        invalidate_inside(size_log2, bytes - 0x2000, true);
        invalidate_inside(size_log2, 0xff000, true); /* 2 MiB */
    }
}

static void a_large_command_drops_pages_of_every_size_in_it(void)
{
    static const unsigned sizes[] = {12, 21, 30, 21, 12};
    static const uint64_t iovas[] = {UINT64_C(0x200000000), UINT64_C(0x200200000),
                                     UINT64_C(0x240000000), UINT64_C(0x2ffe00000),
                                     UINT64_C(0x300000000)};
    struct machine machine;
    uint64_t root;

    machine_start(&machine, &large);
    root = machine_set_paged(&machine, DEVICE, DOMAIN, 6);
    for (unsigned i = 0; i < 5; i++) {
        machine_map(&machine, root, 6, iovas[i], 0, sizes[i], true, true);
        is_cached(&machine, DEVICE, iovas[i]);
    }
    machine_invalidate_pages(&machine, DOMAIN, UINT64_C(0x27ffff000), true); /* 4 GiB */
    CHECK(machine_wait(&machine));
    for (unsigned i = 0; i < 5; i++) {
        CHECK_U64(is_cached(&machine, DEVICE, iovas[i]), i == 4);
    }
    machine_stop(&machine);
}

/* ---- The other commands ---------------------------------------------------------------------- */

/* Two devices of one domain, everything of both cached. */
static void warm_up(struct machine *machine)
{
    uint64_t root;
    uint64_t tables[2];

    machine_start(machine, &large);
    root = machine_table(machine);
    tables[0] = machine_table(machine);
    tables[1] = machine_table(machine);
    machine_map(machine, root, 6, 0x1000, SPA(1), 12, true, true);
    set_device(machine, DEVICE, DOMAIN, root, tables[0]);
    set_device(machine, NEIGHBOR, DOMAIN, root, tables[1]);
    for (unsigned i = 0; i < 2; i++) {
        machine_write32(machine, tables[i] + 4 * 0x20, 0x00330001);
        machine_write32(machine, tables[i] + 4 * 0x21, 0x00340001);
    }
    for (unsigned turn = 0; turn < 2; turn++) {
        for (uint16_t device = DEVICE; device <= NEIGHBOR; device += NEIGHBOR - DEVICE) {
            CHECK_U64(is_cached(machine, device, 0x1000), turn);
            CHECK_U64(is_interrupt_cached(machine, device, 0x20), turn);
            CHECK_U64(is_interrupt_cached(machine, device, 0x21), turn);
        }
    }
}

/* Memory reads that the next access and the next interrupt of @device cost. */
static unsigned long cost_of_access(struct machine *machine, uint16_t device)
{
    unsigned long before = atomic_load(&machine->reads);

    is_cached(machine, device, 0x1000);
    return atomic_load(&machine->reads) - before;
}

static unsigned long cost_of_interrupt(struct machine *machine, uint16_t device)
{
    unsigned long before = atomic_load(&machine->reads);

    is_interrupt_cached(machine, device, 0x20);
    return atomic_load(&machine->reads) - before;
}

static void a_device_command_drops_one_device_table_entry(void)
{
    struct machine machine;
    struct amdvi_stats before;
    struct amdvi_stats after;

    warm_up(&machine);
    amdvi_iommu_stats(machine.iommu, &before);
    machine_invalidate_device(&machine, DEVICE);
    CHECK(machine_wait(&machine));
    CHECK_U64(cost_of_access(&machine, NEIGHBOR), 0);
    CHECK_U64(cost_of_interrupt(&machine, NEIGHBOR), 0);
    CHECK(cost_of_access(&machine, DEVICE) != 0);
    amdvi_iommu_stats(machine.iommu, &after);
    CHECK_U64(after.walks, before.walks); /* the translation was still there */
    CHECK_U64(cost_of_access(&machine, DEVICE), 0);
    CHECK_U64(cost_of_interrupt(&machine, DEVICE), 0);
    machine_stop(&machine);
}

static void an_interrupt_command_drops_the_entries_of_one_device(void)
{
    struct machine machine;

    warm_up(&machine);
    machine_invalidate_interrupts(&machine, DEVICE);
    CHECK(machine_wait(&machine));
    CHECK(is_interrupt_cached(&machine, NEIGHBOR, 0x20));
    CHECK(is_interrupt_cached(&machine, NEIGHBOR, 0x21));
    CHECK_U64(cost_of_access(&machine, DEVICE), 0);
    CHECK_U64(cost_of_interrupt(&machine, DEVICE), 1); /* the device table entry was still there */
    CHECK(!is_interrupt_cached(&machine, DEVICE, 0x21));
    machine_stop(&machine);
}

static void a_page_command_leaves_interrupts_alone(void)
{
    struct machine machine;

    warm_up(&machine);
    machine_invalidate_pages(&machine, DOMAIN, ALL, true);
    CHECK(machine_wait(&machine));
    CHECK_U64(cost_of_interrupt(&machine, DEVICE), 0);
    CHECK_U64(cost_of_interrupt(&machine, NEIGHBOR), 0);
    CHECK_U64(cost_of_access(&machine, DEVICE), 6); /* a walk, no device table entry */
    CHECK_U64(cost_of_access(&machine, NEIGHBOR), 0);
    machine_stop(&machine);
}

/* ---- Without commands ------------------------------------------------------------------------ */

static void check_all_cold(struct machine *machine)
{
    CHECK(!is_interrupt_cached(machine, DEVICE, 0x20));
    CHECK(!is_interrupt_cached(machine, NEIGHBOR, 0x20));
    CHECK(!is_interrupt_cached(machine, DEVICE, 0x21));
    CHECK(!is_cached(machine, DEVICE, 0x1000));
    CHECK(is_cached(machine, NEIGHBOR, 0x1000));
}

static void enabling_empties_the_caches(void)
{
    struct machine machine;
    uint64_t control;

    warm_up(&machine);
    control = machine_reg(&machine, AMDVI_REG_CONTROL);
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control & ~AMDVI_CONTROL_IOMMU_EN);
    CHECK_U64(machine_translate(&machine, DEVICE, 0x1000, 1, AMDVI_ACCESS_READ).spa, 0x1000);
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control);
    check_all_cold(&machine);
    /* Any other write of the register is no reason. */
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control & ~AMDVI_CONTROL_CMD_BUF_EN);
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control);
    CHECK(is_cached(&machine, DEVICE, 0x1000));
    machine_stop(&machine);
}

static void a_reset_empties_the_caches(void)
{
    static const enum amdvi_reg kept[] = {AMDVI_REG_DEV_TAB_BASE, AMDVI_REG_CMD_BUF_BASE,
                                          AMDVI_REG_EVENT_LOG_BASE, AMDVI_REG_CONTROL};
    struct machine machine;
    uint64_t values[4];

    warm_up(&machine);
    for (unsigned i = 0; i < 4; i++) {
        values[i] = machine_reg(&machine, kept[i]);
    }
    amdvi_iommu_reset(machine.iommu);
    CHECK_U64(machine_translate(&machine, DEVICE, 0x1000, 1, AMDVI_ACCESS_READ).spa, 0x1000);
    CHECK(!machine_interrupt(&machine, DEVICE, 0xfee00000, 0x20).remapped);
    for (unsigned i = 0; i < 4; i++) {
        machine_set_reg(&machine, kept[i], values[i]);
    }
    check_all_cold(&machine);
    machine_stop(&machine);
}

/* ---- What the host is told ------------------------------------------------------------------- */

static void check_told_all(struct machine *machine)
{
    CHECK_U64(machine->invalidations, 1);
    CHECK_U64(machine->invalidation[0].kind, AMDVI_INVALIDATED_ALL);
    CHECK_U64(machine->interrupt_invalidations, 1);
    CHECK(machine->interrupts_all[0]);
    machine->invalidations = 0;
    machine->interrupt_invalidations = 0;
}

static void the_host_is_told_of_enable_disable_and_reset(void)
{
    struct machine machine;
    uint64_t control;

    machine_start(&machine, &large);
    control = machine_reg(&machine, AMDVI_REG_CONTROL);
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control & ~AMDVI_CONTROL_CMD_BUF_EN);
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control);
    CHECK_U64(machine.invalidations + machine.interrupt_invalidations, 0);
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control & ~AMDVI_CONTROL_IOMMU_EN);
    check_told_all(&machine);
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control);
    check_told_all(&machine);
    amdvi_iommu_reset(machine.iommu);
    check_told_all(&machine);
    machine_stop(&machine);
}

/* Translations are told of, interrupts are not. */
static void the_host_is_told_of_other_rules(void)
{
    struct amdvi_config config;
    struct machine_options options = large;
    struct machine machine;
    uint64_t control;

    amdvi_config_init(&config);
    config.features.ht_tunnel = true;
    options.features = &config.features;
    machine_start(&machine, &options);
    control = machine_reg(&machine, AMDVI_REG_CONTROL);
    machine_set_reg(&machine, AMDVI_REG_EXCL_LIMIT, 0x5000);
    CHECK_U64(machine.invalidations, 1);
    machine_set_reg(&machine, AMDVI_REG_EXCL_BASE, 0x5003);
    CHECK_U64(machine.invalidations, 2);
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control | AMDVI_CONTROL_HT_TUN_EN);
    CHECK_U64(machine.invalidations, 3);
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control);
    CHECK_U64(machine.invalidations, 4);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_U64(machine.invalidation[i].kind, AMDVI_INVALIDATED_ALL);
    }
    CHECK_U64(machine.interrupt_invalidations, 0);
    machine_stop(&machine);
}

static unsigned completed_while_told;

static void wait_while_told(struct machine *machine, enum machine_told what)
{
    if (what == MACHINE_TOLD_TRANSLATIONS || what == MACHINE_TOLD_INTERRUPTS) {
        completed_while_told += machine_wait(machine);
    }
}

/* As another processor would that sees CmdBufRun=1 before the writer of the register is done. */
static void no_wait_is_complete_while_the_host_is_told_of_all(void)
{
    struct machine machine;
    uint64_t control;

    machine_start(&machine, &large);
    control = machine_reg(&machine, AMDVI_REG_CONTROL);
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control & ~AMDVI_CONTROL_IOMMU_EN);
    completed_while_told = 0;
    machine.told = wait_while_told;
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control);
    CHECK_U64(completed_while_told, 0);
    CHECK(machine_waited(&machine)); /* the writer went on with what was left to it */
    machine_set_reg(&machine, AMDVI_REG_EXCL_BASE, 0x5003);
    CHECK_U64(completed_while_told, 0);
    CHECK(machine_waited(&machine));
    machine.told = NULL;
    machine_stop(&machine);
}

static void the_host_is_told_of_each_command(void)
{
    struct machine machine;

    machine_start(&machine, &large);
    machine_invalidate_device(&machine, DEVICE);
    CHECK_U64(machine.invalidations, 1);
    CHECK_U64(machine.invalidation[0].kind, AMDVI_INVALIDATED_DEVICE);
    CHECK_U64(machine.invalidation[0].device_id, DEVICE);
    CHECK_U64(machine.interrupt_invalidations, 1); /* IntCtl and the table are in that entry */
    CHECK(!machine.interrupts_all[0]);
    CHECK_U64(machine.interrupts_device[0], DEVICE);
    machine_invalidate_interrupts(&machine, STRANGER);
    CHECK_U64(machine.invalidations, 1);
    CHECK_U64(machine.interrupt_invalidations, 2);
    CHECK(!machine.interrupts_all[1]);
    CHECK_U64(machine.interrupts_device[1], STRANGER);
    machine_invalidate_pages(&machine, OTHER, 0x5000, false);
    CHECK_U64(machine.invalidations, 2);
    CHECK_U64(machine.invalidation[1].kind, AMDVI_INVALIDATED_DOMAIN);
    CHECK_U64(machine.invalidation[1].domain_id, OTHER);
    CHECK_U64(machine.invalidation[1].first_iova, 0x5000);
    CHECK_U64(machine.invalidation[1].last_iova, 0x5fff);
    CHECK(machine_wait(&machine));
    machine_queue_words(&machine, UINT64_C(0x2000000000010000), 0); /* illegal: no effect */
    machine_kick(&machine);
    CHECK_U64(machine.invalidations, 2);
    CHECK_U64(machine.interrupt_invalidations, 2);
    machine_stop(&machine);
}

/* Domain FFFFh and device 0000h are neighbors of nobody. */
static void the_last_domain_is_one_of_its_own(void)
{
    struct machine machine;
    uint64_t table;

    machine_start(&machine, &large);
    table = machine_table(&machine);
    machine_write32(&machine, table + 4 * 0x21, 0x1 | 0x55 << 16);
    set_device(&machine, 0x0000, DOMAIN, machine_table(&machine), table);
    machine_map(&machine, machine_set_paged(&machine, 0xffff, 0xffff, 6), 6, 0x1000, SPA(1), 12,
                true, true);
    for (unsigned n = 0; n < 2; n++) {
        machine_interrupt(&machine, 0x0000, AMDVI_MSI_BASE, 0x21);
        is_cached(&machine, 0xffff, 0x1000);
    }
    CHECK(machine_interrupt(&machine, 0x0000, AMDVI_MSI_BASE, 0x21).cached);
    machine_invalidate_pages(&machine, 0xffff, UINT64_C(0x7ffffffffffff000), true);
    CHECK(machine_wait(&machine));
    CHECK(machine_interrupt(&machine, 0x0000, AMDVI_MSI_BASE, 0x21).cached);
    CHECK(!is_cached(&machine, 0xffff, 0x1000));
    machine_stop(&machine);
}

static unsigned told_after_the_store;
static unsigned told;

static void look_at_the_store(struct machine *machine, enum machine_told what)
{
    if (what == MACHINE_TOLD_TRANSLATIONS || what == MACHINE_TOLD_INTERRUPTS) {
        told++;
        told_after_the_store += machine_read64(machine, MACHINE_STORE) != 0;
        /* No lock is held: the library may be called back. */
        amdvi_reader_online(machine->reader);
        machine_translate(machine, DEVICE, 0x1000, 1, AMDVI_ACCESS_READ);
        amdvi_reader_offline(machine->reader);
        machine_reg(machine, AMDVI_REG_STATUS);
        amdvi_iommu_process(machine->iommu, 1);
    }
}

static void the_host_is_told_before_the_wait_is_complete(void)
{
    struct machine machine;
    uint64_t tail;

    warm_up(&machine);
    told = 0;
    told_after_the_store = 0;
    machine.told = look_at_the_store;
    tail = machine_reg(&machine, AMDVI_REG_CMD_BUF_TAIL);
    /* All in the ring before the tail is written: one call runs all of them. */
    machine_write64(&machine, MACHINE_COMMANDS + tail, UINT64_C(0x3000000700000000));
    machine_write64(&machine, MACHINE_COMMANDS + tail + 8, 0x1000);
    machine_write64(&machine, MACHINE_COMMANDS + tail + 16, UINT64_C(0x2000000000000100));
    machine_write64(&machine, MACHINE_COMMANDS + tail + 32, UINT64_C(0x5000000000000100));
    machine_write64(&machine, MACHINE_COMMANDS + tail + 48,
                    UINT64_C(0x1000000000000001) | MACHINE_STORE);
    machine_write64(&machine, MACHINE_COMMANDS + tail + 56, 0x77);
    amdvi_reader_offline(machine.reader);
    machine_set_reg(&machine, AMDVI_REG_CMD_BUF_TAIL, tail + 64);
    amdvi_reader_online(machine.reader);
    CHECK_U64(machine_read64(&machine, MACHINE_STORE), 0x77);
    CHECK_U64(told, 4);
    CHECK_U64(told_after_the_store, 0);
    machine.told = NULL;
    machine_stop(&machine);
}

static const struct check_case cases[] = {
    {"a command for each size drops exactly the pages in it", "1.20 INVALIDATE_IOMMU_PAGES",
     each_size_drops_exactly_its_pages},
    {"7FFF_FFFF_FFFF_F000h and FFFF_FFFF_FFFF_F000h drop all pages of the domain",
     "1.20 INVALIDATE_IOMMU_PAGES", all_pages_of_a_domain_have_two_spellings},
    {"a command for 4 KiB drops a large page whole, wherever it lies in it",
     "1.20 INVALIDATE_IOMMU_PAGES", a_small_command_drops_a_large_page_whole},
    {"a command for 4 GiB drops pages of every size in it", "1.20 INVALIDATE_IOMMU_PAGES",
     a_large_command_drops_pages_of_every_size_in_it},
    {"INVALIDATE_DEVTAB_ENTRY drops the entry of its device and nothing else",
     "1.20 INVALIDATE_DEVTAB_ENTRY", a_device_command_drops_one_device_table_entry},
    {"INVALIDATE_INTERRUPT_TABLE drops the interrupt entries of its device alone (X4)",
     "1.20 INVALIDATE_INTERRUPT_TABLE", an_interrupt_command_drops_the_entries_of_one_device},
    {"INVALIDATE_IOMMU_PAGES leaves device and interrupt table entries alone",
     "1.20 INVALIDATE_IOMMU_PAGES", a_page_command_leaves_interrupts_alone},
    {"IommuEn 0 to 1 empties all caches, also that of interrupts (Q2, V5)", "1.20 IOMMU Control",
     enabling_empties_the_caches},
    {"a reset empties all caches", "1.20 reset", a_reset_empties_the_caches},
    {"the host is told of enable, disable and reset, and of no other control write", NULL,
     the_host_is_told_of_enable_disable_and_reset},
    {"the host is told when the exclusion range or HtTunEn change", NULL,
     the_host_is_told_of_other_rules},
    {"no COMPLETION_WAIT is complete while the host is told that all is invalid", NULL,
     no_wait_is_complete_while_the_host_is_told_of_all},
    {"the host is told of each invalidation once, and of no illegal command", NULL,
     the_host_is_told_of_each_command},
    {"the host is told before the COMPLETION_WAIT stores, and may call back", NULL,
     the_host_is_told_before_the_wait_is_complete},
    {"the last domain is one of its own", "1.20 INVALIDATE_IOMMU_PAGES",
     the_last_domain_is_one_of_its_own},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
