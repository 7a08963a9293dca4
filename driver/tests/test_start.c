/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine started: blocked before it is enabled, each register in its order. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "boot.h"

#include <amdvi/cap.h>
#include <amdvi/drv_early.h>

#include <sys/mman.h>

static bool go(const struct policy_options *options)
{
    boot_prepare(options);
    return CHECK_U64(boot_go(), AMDVI_DRV_OK);
}

static void end(void)
{
    policy_stop(&boot.policy);
}

/* ---- Blocked --------------------------------------------------------------------------------- */

static void nothing_passes_from_the_first_moment(void)
{
    static const struct policy_options machines[] = {
        {.rig = {.units = 1}},
        {.rig = {.units = 1, .only32 = true}},
        {.rig = {.units = 1, .non_coherent = true}},
        {.rig = {.units = 1, .caches = 1}},
        {.rig = {.units = 3}},
        {.rig = {.units = 2, .no_locks = true, .no_timer = true}},
        {.rig = {.units = 1, .no_pci = true}},
        {.rig = {.units = 1, .store128 = true}},
    };

    for (unsigned i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
        struct policy_options options = machines[i];
        options.memory = &boot_memory;
        options.memory_count = 1;
        if (!go(&options)) {
            return;
        }
        CHECK(boot.steps > 10 && boot.blocked_steps > 2);
        for (unsigned unit = 0; unit < options.rig.units; unit++) {
            CHECK(boot_is_on(unit));
            CHECK(boot_try(unit));
        }
        /* Firmware's memory, and not less. */
        CHECK_REACHES(&boot.policy, BOOT_HOMELY, BOOT_HOME, BOOT_HOME);
        CHECK_REACHES(&boot.policy, BOOT_HOMELY, BOOT_HOME + 0x1ff8, BOOT_HOME + 0x1ff8);
        CHECK_REFUSED(&boot.policy, BOOT_HOMELY, BOOT_HOME + 0x2000);
        CHECK_REFUSED(&boot.policy, BOOT_HOMELY, BOOT_HOME - 8);
        CHECK_REFUSED(&boot.policy, POLICY_ID(0, 0), BOOT_HOME);
        end();
    }
}

static bool home_works(void)
{
    uint64_t spa = 0;

    return rig_access(&boot.policy.rig, 0, BOOT_HOMELY, BOOT_HOME, true, &spa) && spa == BOOT_HOME;
}

static void look_at_home(struct boot *at)
{
    if (!home_works()) {
        rig_breach(&at->policy.rig, "firmware's memory is not there for a moment");
    }
}

static void firmware_memory_has_no_gap(void)
{
    boot_prepare(&(struct policy_options){.memory = &boot_memory, .memory_count = 1});
    boot.step = look_at_home;
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    CHECK(boot.blocked_steps > 2);
    end();
}

static void an_exclusion_range_ends(void)
{
    boot_prepare(&(struct policy_options){0});
    rig_set_reg(&boot.policy.rig, 0, AMDVI_REG_EXCL_LIMIT, BOOT_MEMORY);
    rig_set_reg(&boot.policy.rig, 0, AMDVI_REG_EXCL_BASE,
                BOOT_MEMORY | AMDVI_EXCL_BASE_EX_EN | AMDVI_EXCL_BASE_ALLOW);
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    CHECK(boot_try(0));
    CHECK(boot.order[AMDVI_REG_EXCL_BASE] < boot.order[AMDVI_REG_DEV_TAB_BASE]);
    end();
}

/* ---- Registers ------------------------------------------------------------------------------- */

static void registers_are_as_they_shall_be(void)
{
    static const struct policy_options machines[] = {
        {.rig = {.units = 1}},
        {.rig = {.units = 1, .only32 = true}},
        {.rig = {.units = 1, .non_coherent = true}},
    };

    for (unsigned i = 0; i < 3; i++) {
        boot_prepare(&machines[i]);
        boot.config.commands_log2 = 9;
        boot.config.events_log2 = 10;
        CHECK_U64(boot_go(), AMDVI_DRV_OK);
        const struct amdvi_drv_unit *unit = boot.policy.drv->units[0];
        struct rig *rig = &boot.policy.rig;
        /* IommuEn, EventLogEn, InvTimeOut 1 s, Coherent as the host is, CmdBufEn; no message, since
         * the function has no MSI capability. */
        CHECK_U64(rig_reg(rig, 0, AMDVI_REG_CONTROL), i == 2 ? 0x1085 : 0x1485);
        CHECK_U64(rig_reg(rig, 0, AMDVI_REG_DEV_TAB_BASE), unit->table.block.spa | 1);
        CHECK_U64(rig_reg(rig, 0, AMDVI_REG_CMD_BUF_BASE), unit->ring.commands.spa | UINT64_C(9)
                                                                                         << 56);
        CHECK_U64(rig_reg(rig, 0, AMDVI_REG_EVENT_LOG_BASE), unit->log.entries.spa | UINT64_C(10)
                                                                                         << 56);
        CHECK_U64(rig_reg(rig, 0, AMDVI_REG_EXCL_BASE), 0);
        CHECK_U64(rig_reg(rig, 0, AMDVI_REG_CMD_BUF_HEAD), rig_reg(rig, 0, AMDVI_REG_CMD_BUF_TAIL));
        /* The tries have filled the log. */
        while (amdvi_drv_poll(boot.policy.drv)) {
        }
        CHECK_U64(rig_reg(rig, 0, AMDVI_REG_STATUS), 0x18);
        /* In their order; CONTROL was cleared first of all. */
        CHECK_U64(boot.order[AMDVI_REG_CONTROL], 1);
        CHECK(boot.order[AMDVI_REG_EXCL_BASE] < boot.order[AMDVI_REG_DEV_TAB_BASE]);
        CHECK(boot.order[AMDVI_REG_DEV_TAB_BASE] < boot.order[AMDVI_REG_CMD_BUF_BASE]);
        CHECK(boot.order[AMDVI_REG_CMD_BUF_BASE] < boot.order[AMDVI_REG_EVENT_LOG_BASE]);
        end();
    }
}

/* A window that nobody may touch: the host's functions lead to the true one. */
static struct {
    struct amdvi_drv_host host;
    void *window;
    unsigned long reads, writes;
} guard;

static void *true_window(struct rig *rig, const void *window)
{
    CHECK(window == guard.window);
    return rig_window(rig, 0);
}

static void *guard_map_window(void *ctx, uint64_t window_base, size_t size_bytes)
{
    return guard.host.map_window(ctx, window_base, size_bytes) != NULL ? guard.window : NULL;
}

static void guard_unmap_window(void *ctx, void *window, size_t size_bytes)
{
    guard.host.unmap_window(ctx, true_window(ctx, window), size_bytes);
}

static uint32_t guard_read32(void *ctx, void *window, uint32_t offset)
{
    guard.reads++;
    return guard.host.read32(ctx, true_window(ctx, window), offset);
}

static void guard_write32(void *ctx, void *window, uint32_t offset, uint32_t value)
{
    guard.writes++;
    guard.host.write32(ctx, true_window(ctx, window), offset, value);
}

static uint64_t guard_read64(void *ctx, void *window, uint32_t offset)
{
    guard.reads++;
    return guard.host.read64(ctx, true_window(ctx, window), offset);
}

static void guard_write64(void *ctx, void *window, uint32_t offset, uint64_t value)
{
    guard.writes++;
    guard.host.write64(ctx, true_window(ctx, window), offset, value);
}

static void set_guard(struct rig *rig)
{
    guard.host = rig->host;
    guard.reads = guard.writes = 0;
    guard.window = mmap(NULL, AMDVI_MMIO_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(guard.window != MAP_FAILED);
    rig->host.map_window = guard_map_window;
    rig->host.unmap_window = guard_unmap_window;
    rig->host.read32 = guard_read32;
    rig->host.write32 = guard_write32;
    rig->host.read64 = rig->host.read64 != NULL ? guard_read64 : NULL;
    rig->host.write64 = rig->host.write64 != NULL ? guard_write64 : NULL;
}

static void ignore_line(void *ctx, const char *text)
{
    (void)ctx;
    (void)text;
}

/* Whoever fills, copies or clears a window by its address ends here with a fault. */
static void windows_are_the_hosts(void)
{
    struct rig *rig = &boot.policy.rig;

    for (unsigned i = 0; i < 2; i++) {
        struct amdvi_drv_early early = {.interrupts = true};
        boot_prepare(&(struct policy_options){.rig = {.only32 = i != 0}});
        set_guard(rig);
        CHECK(rig->host.alloc(rig->host.ctx, 0x3000, &early.memory));
        early.window = guard.window;
        CHECK_U64(amdvi_drv_early_block(&rig->host, &early), AMDVI_DRV_OK);
        boot.config.self_test = true;
        CHECK_U64(amdvi_drv_start(&boot.policy.drv, &rig->host, &boot.config), AMDVI_DRV_OK);
        rig->host.free(rig->host.ctx, &early.memory);
        struct amdvi_drv_domain *domain = policy_attached(&boot.policy, POLICY_ID(0, 0));
        CHECK_U64(amdvi_drv_map(domain, 0x200000, BOOT_MEMORY, 4096, POLICY_RW), AMDVI_DRV_OK);
        CHECK_REACHES(&boot.policy, POLICY_ID(0, 0), 0x200000, BOOT_MEMORY);
        CHECK_U64(amdvi_drv_unmap(domain, 0x200000, 4096, NULL), AMDVI_DRV_OK);
        CHECK_REFUSED(&boot.policy, POLICY_ID(0, 0), 0x200000);
        while (amdvi_drv_poll(boot.policy.drv)) {
        }
        amdvi_drv_dump(boot.policy.drv, 0, NULL, 0, ignore_line, NULL);
        CHECK_U64(amdvi_drv_suspend(boot.policy.drv), AMDVI_DRV_OK);
        CHECK_U64(amdvi_drv_resume(boot.policy.drv), AMDVI_DRV_OK);
        policy_stop(&boot.policy);
        CHECK(guard.reads > 100 && guard.writes > 100);
        munmap(guard.window, AMDVI_MMIO_SIZE);
    }
}

/* What firmware left in CONTROL of a unit that is off. */
static void leftovers_are_cleared(void)
{
    boot_prepare(&(struct policy_options){0});
    rig_set_reg(&boot.policy.rig, 0, AMDVI_REG_CONTROL, 0xffe);
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    CHECK_U64(rig_reg(&boot.policy.rig, 0, AMDVI_REG_CONTROL), 0x1485);
    end();
}

static void ivhd_flags_go_into_control(void)
{
    static const struct {
        uint8_t flag;
        uint64_t control;
    } flags[] = {{AMDVI_IVRS_UNIT_HT_TUN_EN, 0x2},
                 {AMDVI_IVRS_UNIT_PASS_PW, 0x100},
                 {AMDVI_IVRS_UNIT_RES_PASS_PW, 0x200},
                 {AMDVI_IVRS_UNIT_ISOC, 0x800}};

    for (unsigned i = 0; i < 4; i++) {
        boot_prepare(&(struct policy_options){0});
        boot.policy.table[48 + 1] |= flags[i].flag; /* of the first block */
        boot.policy.table[9] = (uint8_t)(boot.policy.table[9] - flags[i].flag);
        CHECK_U64(boot_go(), AMDVI_DRV_OK);
        CHECK_U64(rig_reg(&boot.policy.rig, 0, AMDVI_REG_CONTROL), 0x1485 | flags[i].control);
        end();
    }
}

/* Without EFR there is neither INVALIDATE_IOMMU_ALL nor anything of later revisions. */
static void features_decide(void)
{
    struct amdvi_drv_unit_info info;

    CHECK(go(&(struct policy_options){.rig = {.iotlb_sup = true}}));
    CHECK(amdvi_drv_unit_info(boot.policy.drv, 0, &info));
    CHECK_U64(info.efr, 0);
    CHECK_U64(info.levels_max, 6);
    CHECK(info.iotlb_sup && !info.np_cache && !info.efr_mismatch && !info.was_running);
    CHECK(!info.failed && info.events == 0 && info.repairs == 0 && info.timeouts == 0);
    CHECK_U64(info.window_base, RIG_WINDOW(0));
    CHECK_U64(info.device_id, RIG_UNIT_ID(0));
    CHECK(!amdvi_drv_unit_info(boot.policy.drv, 1, &info));
    CHECK_U64(amdvi_drv_unit_count(boot.policy.drv), 1);
    /* No command was refused. */
    CHECK(amdvi_has(rig_reg(&boot.policy.rig, 0, AMDVI_REG_STATUS), AMDVI_STATUS_CMD_BUF_RUN));
    end();

    CHECK(go(&(struct policy_options){.rig = {.no_pci = true, .iotlb_sup = true}}));
    CHECK(amdvi_drv_unit_info(boot.policy.drv, 0, &info));
    CHECK(info.np_cache);
    end();
}

/* ---- Interrupts ------------------------------------------------------------------------------ */

static struct rig_function *unit_function(void)
{
    struct rig *rig = &boot.policy.rig;

    for (unsigned i = 0; i < rig->function_count; i++) {
        if (rig->function[i].device_id == RIG_UNIT_ID(0)) {
            return &rig->function[i];
        }
    }
    return NULL;
}

static void the_units_own_interrupt_is_set_up(void)
{
    boot_prepare(&(struct policy_options){0});
    struct rig_function *function = unit_function();
    function->config[0x34 / 4] = 0x60;
    function->config[0x60 / 4] = 0x00f34005; /* MSI, 64 bits, enabled with all messages; next 40h */
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    CHECK_U64(function->config[0x60 / 4], 0x00834005);
    CHECK_U64(function->config[0x64 / 4], 0xfee00000);
    CHECK_U64(function->config[0x68 / 4], 0);
    CHECK_U64(function->config[0x6c / 4], 0x50);
    CHECK_U64(function->config[1], 4); /* bus master, and no status bit is cleared */
    CHECK_U64(rig_reg(&boot.policy.rig, 0, AMDVI_REG_CONTROL), 0x148d);

    /* An event now sends it, and the handler takes what there is. */
    unsigned msis = boot.policy.rig.unit[0].machine.msis;
    while (amdvi_drv_unit_interrupt(boot.policy.drv, 0)) {
    }
    boot.policy.rig.events = 0;
    CHECK_REFUSED(&boot.policy, POLICY_ID(0, 0), BOOT_MEMORY);
    CHECK(boot.policy.rig.unit[0].machine.msis > msis);
    CHECK(!amdvi_drv_unit_interrupt(boot.policy.drv, 0));
    CHECK_U64(boot.policy.rig.events, 2);
    msis = boot.policy.rig.unit[0].machine.msis;
    CHECK_REFUSED(&boot.policy, POLICY_ID(0, 0), BOOT_MEMORY);
    CHECK(boot.policy.rig.unit[0].machine.msis > msis); /* O-1: not the first time only */
    end();
}

static void the_ivhds_settings_let_some_pass(void)
{
    static const struct amdvi_ivrs_device special = {.kind = AMDVI_IVRS_DEVICE_SELECT,
                                                     .device_id = 0xe0,
                                                     .last_device_id = 0xe0,
                                                     .dte_setting = AMDVI_IVRS_DTE_NMI_PASS};
    uint64_t address = 0;
    uint32_t data = 0;

    CHECK(go(&(struct policy_options){.devices = &special, .device_count = 1}));
    CHECK(rig_interrupt(&boot.policy.rig, 0, 0xe0, 0, 0x400, &address, &data));  /* NMI */
    CHECK(!rig_interrupt(&boot.policy.rig, 0, 0xe0, 0, 0x700, &address, &data)); /* ExtInt */
    CHECK(!rig_interrupt(&boot.policy.rig, 0, 0xe0, 0, 0x41, &address, &data));
    CHECK(!rig_interrupt(&boot.policy.rig, 0, POLICY_ID(0, 0), 0, 0x400, &address, &data));
    end();

    /* Untouched if the host wants it so; memory is blocked all the same. */
    boot_prepare(&(struct policy_options){.pass_interrupts = true});
    CHECK_U64(amdvi_drv_start(&boot.policy.drv, &boot.policy.rig.host, &boot.config), AMDVI_DRV_OK);
    CHECK(rig_interrupt(&boot.policy.rig, 0, POLICY_ID(0, 0), 0, 0x41, &address, &data));
    CHECK_REFUSED(&boot.policy, POLICY_ID(0, 0), BOOT_MEMORY);
    end();
}

/* ---- Refused, and failed --------------------------------------------------------------------- */

static void bad_arguments_are_refused(void)
{
    for (unsigned i = 0; i < 14; i++) {
        boot_prepare(&(struct policy_options){0});
        struct amdvi_drv_config *config = &boot.config;
        struct amdvi_drv_host *host = &boot.policy.rig.host;
        config->size -= i == 0 ? 1 : 0;
        config->ivrs = i == 1 ? NULL : config->ivrs;
        config->commands_log2 = i == 2 ? 7 : i == 3 ? 16 : 8;
        config->events_log2 = i == 4 ? 7 : i == 5 ? 16 : 8;
        config->domains_max = i == 6 ? 0 : i == 7 ? 32768 : 64;
        host->size -= i == 8 ? 1 : 0;
        host->version += i == 9 ? 1000 : 0;
        host->map_window = i == 10 ? NULL : host->map_window;
        host->write64 = i == 11 ? NULL : host->write64;
        host->unlock = i == 12 ? NULL : host->unlock;
        host->now_ns = i == 13 ? NULL : host->now_ns;
        CHECK_U64(boot_go(), AMDVI_DRV_ERR_ARGUMENT);
        CHECK_U64(boot.steps, 0);
        boot_end_failed();
    }
}

static void a_unit_that_does_not_answer_is_switched_off(void)
{
    boot_prepare(&(struct policy_options){.rig = {.units = 2}});
    boot.policy.rig.dead_run = true;
    boot_watch();
    boot_unwatch();
    CHECK_U64(amdvi_drv_start(&boot.policy.drv, &boot.policy.rig.host, &boot.config),
              AMDVI_DRV_ERR_HARDWARE);
    boot_end_failed();

    boot_prepare(&(struct policy_options){.rig = {.units = 2}});
    boot.policy.rig.completion = RIG_NEVER;
    CHECK_U64(amdvi_drv_start(&boot.policy.drv, &boot.policy.rig.host, &boot.config),
              AMDVI_DRV_ERR_TIMEOUT);
    boot_end_failed();
}

static unsigned writes_of(unsigned unit)
{
    unsigned writes = 0;

    for (unsigned reg = 0; reg < AMDVI_REG_COUNT; reg++) {
        writes += boot.policy.rig.unit[unit].writes[reg];
    }
    return writes;
}

/* XSA-378, at a bridge: two devices of one requester id contradict each other. */
static void a_table_that_is_wrong_touches_nothing(void)
{
    static const struct amdvi_ivrs_device aliases[] = {
        {.kind = AMDVI_IVRS_DEVICE_SELECT, .device_id = 0xe0, .last_device_id = 0xe0},
        {.kind = AMDVI_IVRS_DEVICE_ALIAS_RANGE,
         .device_id = 0xe8,
         .last_device_id = 0xe9,
         .source_device_id = 0xe0}};
    struct amdvi_ivrs_memory memory[2] = {boot_memory, boot_memory};

    memory[0].device_id = memory[0].last_device_id = 0xe8;
    memory[1].device_id = memory[1].last_device_id = 0xe9;
    memory[1].can_write = false;
    boot_prepare(&(struct policy_options){
        .devices = aliases, .device_count = 2, .memory = memory, .memory_count = 2});
    CHECK_U64(boot_go(), AMDVI_DRV_ERR_TABLE);
    CHECK_U64(writes_of(0), 0);
    boot_end_failed();
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static void all_of_it_may_come_from_an_arena(void)
{
    struct policy_options options = {.memory = &boot_memory, .memory_count = 1};

    boot_prepare(&options);
    CHECK(boot.policy.rig.host.alloc(boot.policy.rig.host.ctx, 0x80000, &boot.policy.arena));
    boot.config.arena = &boot.policy.arena;
    boot.policy.rig.host.alloc = NULL;
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    CHECK_U64(boot.policy.rig.held_blocks, 1);
    CHECK(boot_try(0));
    CHECK(home_works());
    end();
}

/* ---- Errata ---------------------------------------------------------------------------------- */

static uint32_t errata_with(uint32_t function, uint8_t family, uint8_t model)
{
    struct amdvi_drv_unit_info info = {.errata = 0};

    boot_prepare(&(struct policy_options){0});
    unit_function()->config[0] = function;
    boot.config.cpu_family = family;
    boot.config.cpu_model = model;
    if (CHECK_U64(boot_go(), AMDVI_DRV_OK)) {
        (void)amdvi_drv_unit_info(boot.policy.drv, 0, &info);
    }
    return info.errata & ~(AMDVI_DRV_ERRATUM_63 | AMDVI_DRV_ERRATUM_732 | AMDVI_DRV_ERRATUM_787 |
                           AMDVI_DRV_ERRATUM_512G);
}

static void errata_are_those_of_the_part(void)
{
    CHECK_U64(errata_with(0x14511022, 0, 0), 0);
    end();
    CHECK_U64(errata_with(0x14191022, 0x15, 0x13), AMDVI_DRV_ERRATUM_746);
    CHECK_U64(unit_function()->config[0xf4 / 4] & 4, 4);
    CHECK_U64(unit_function()->config[0xf0 / 4], 0x90);
    end();
    CHECK_U64(errata_with(0x14191022, 0x17, 0x13), 0);
    CHECK_U64(unit_function()->config[0xf4 / 4], 0);
    end();
    CHECK_U64(errata_with(0x14231022, 0, 0), AMDVI_DRV_ERRATUM_ATS_WC);
    CHECK_U64(unit_function()->config[0xf4 / 4] & 1, 1);
    CHECK_U64(unit_function()->config[0xf0 / 4], 0x47);
    end();
    CHECK_U64(errata_with(0x15771022, 0x15, 0x70), AMDVI_DRV_ERRATUM_STONEY);
    end();
    CHECK_U64(errata_with(0x5a231002, 0x10, 0), AMDVI_DRV_ERRATUM_RD890);
    end();
}

static enum amdvi_drv_status ats_of(uint32_t function, const struct amdvi_ivrs_device *entry)
{
    struct amdvi_drv_device_config device_config = {
        .device_id = 0xe0, .trusted = true, .ats_offset = RIG_ATS_OFFSET};
    struct amdvi_drv_device *device = NULL;

    boot_prepare(
        &(struct policy_options){.rig = {.iotlb_sup = true}, .devices = entry, .device_count = 1});
    unit_function()->config[0] = function;
    struct rig_function *endpoint = rig_add_function(&boot.policy.rig, 0xe0, true);
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_device_add(boot.policy.drv, &device_config, &device), AMDVI_DRV_OK);
    while (amdvi_drv_poll(boot.policy.drv)) { /* the tries have filled the log */
    }
    enum amdvi_drv_status status = amdvi_drv_ats_enable(device);
    CHECK_U64(endpoint->config[RIG_ATS_OFFSET / 4 + 1] >> 31, status == AMDVI_DRV_OK ? 1 : 0);
    policy_stop(&boot.policy);
    return status;
}

static void ats_is_where_part_and_firmware_allow_it(void)
{
    struct amdvi_ivrs_device entry = {
        .kind = AMDVI_IVRS_DEVICE_EXTENDED_SELECT, .device_id = 0xe0, .last_device_id = 0xe0};

    CHECK_U64(ats_of(0x14511022, &entry), AMDVI_DRV_OK);
    CHECK_U64(ats_of(0x15771022, &entry), AMDVI_DRV_ERR_UNSUPPORTED);
    entry.ats_disabled = true;
    CHECK_U64(ats_of(0x14511022, &entry), AMDVI_DRV_ERR_UNSUPPORTED);
}

static void sp5100_does_not_remap(void)
{
    struct amdvi_drv_unit_info info;
    uint64_t address = 0;
    uint32_t data = 0;

    boot_prepare(&(struct policy_options){0});
    struct rig_function *southbridge = rig_add_function(&boot.policy.rig, 0xa0, false);
    southbridge->config[0] = 0x43851002;
    southbridge->config[0xac / 4] = 1 << 11;
    CHECK_U64(amdvi_drv_start(&boot.policy.drv, &boot.policy.rig.host, &boot.config), AMDVI_DRV_OK);
    CHECK(amdvi_drv_unit_info(boot.policy.drv, 0, &info));
    CHECK((info.errata & AMDVI_DRV_ERRATUM_SP5100) != 0);
    CHECK(rig_interrupt(&boot.policy.rig, 0, POLICY_ID(0, 0), 0, 0x41, &address, &data));
    CHECK_REFUSED(&boot.policy, POLICY_ID(0, 0), BOOT_MEMORY);
    end();
}

static const struct check_case cases[] = {
    {"L-5: from the write that enables a unit on no device reaches anything but firmware's memory",
     "1.20 IOMMU control", nothing_passes_from_the_first_moment},
    {"XSA-400: firmware's memory can be reached at each moment of the start", "1.20 IVMD",
     firmware_memory_has_no_gap},
    {"an exclusion range of firmware ends before translation begins", "1.20 exclusion range",
     an_exclusion_range_ends},
    {"registers have their values, and are written in their order", "1.20 MMIO registers",
     registers_are_as_they_shall_be},
    {"X-bdb3088: a window is the host's: registers are read and written one by one, through it",
     "1.20 MMIO registers", windows_are_the_hosts},
    {"what firmware left in the control register of a unit that is off goes", "1.20 IOMMU control",
     leftovers_are_cleared},
    {"the IVHD's flags are in the control register, each at its bit", "1.20 IVHD",
     ivhd_flags_go_into_control},
    {"O-1, F-1: nothing of later revisions is used where the features are not", "1.20 capability",
     features_decide},
    {"O-1: the unit's own interrupt is set up, and comes again after it was handled",
     "1.20 event log", the_units_own_interrupt_is_set_up},
    {"the IVHD's settings let their interrupts pass, and no others", "1.20 IVHD",
     the_ivhds_settings_let_some_pass},
    {"what is wrong in config or host is refused before anything is touched", NULL,
     bad_arguments_are_refused},
    {"a unit that does not run or complete is switched off, and all is given back",
     "1.20 command buffer", a_unit_that_does_not_answer_is_switched_off},
    {"XSA-378: a contradiction behind one requester id is refused before anything is touched",
     "1.20 IVMD", a_table_that_is_wrong_touches_nothing},
    {"an arena serves for everything", NULL, all_of_it_may_come_from_an_arena},
    {"errata are those of the unit's function and the processor", NULL,
     errata_are_those_of_the_part},
    {"ATS is refused on Stoney Ridge, and where the IVHD disables it", "1.20 IVHD device entries",
     ats_is_where_part_and_firmware_allow_it},
    {"with erratum 28 of SP5100 interrupts are not remapped", NULL, sp5100_does_not_remap},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
