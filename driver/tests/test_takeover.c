/* SPDX-License-Identifier: BSD-2-Clause */
/* A unit that an earlier kernel, or the early block, left running is taken over without a gap. */
#include "boot.h"

#include <amdvi/drv_early.h>

#define OLD_DOMAIN 1 /* the first number that the driver gives, too */
#define OLD_SPA    UINT64_C(0x1900000)

static struct machine *machine(unsigned unit)
{
    return &boot.policy.rig.unit[unit].machine;
}

/* Rings, log and table of an earlier kernel: one device is mapped, the others pass. */
static void run_old_kernel(unsigned unit)
{
    struct rig *rig = &boot.policy.rig;
    uint16_t id = POLICY_ID(unit, 0);
    uint64_t length = UINT64_C(8) << 56;

    uint64_t root = machine_set_paged(machine(unit), id, OLD_DOMAIN, 3);
    machine_map(machine(unit), root, 3, BOOT_MEMORY, OLD_SPA, 12, true, true);
    rig_set_reg(rig, unit, AMDVI_REG_DEV_TAB_BASE, MACHINE_DEVICE_TABLE | 0x1ff);
    rig_set_reg(rig, unit, AMDVI_REG_CMD_BUF_BASE, (MACHINE_COMMANDS + 0x4000 * unit) | length);
    rig_set_reg(rig, unit, AMDVI_REG_EVENT_LOG_BASE, (MACHINE_EVENTS + 0x4000 * unit) | length);
    rig_set_reg(rig, unit, AMDVI_REG_CONTROL, 0x1c9d); /* all that there is, but HtTunEn */
    CHECK_U64(policy_reach(&boot.policy, id, BOOT_MEMORY, true), OLD_SPA);
}

static void prepare(const struct policy_options *options)
{
    boot_prepare(options);
    boot.was_running = true;
    run_old_kernel(0);
}

static void it_is_never_off_and_nothing_begins_to_pass(void)
{
    static const struct policy_options machines[] = {
        {.rig = {.units = 1}},
        {.rig = {.units = 1, .caches = 1}},
        {.rig = {.units = 1, .caches = 2}},
        {.rig = {.units = 1, .only32 = true}},
        {.rig = {.units = 1, .non_coherent = true}},
        {.rig = {.units = 2}},
    };
    struct amdvi_drv_unit_info info;

    for (unsigned i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
        struct policy_options options = machines[i];
        options.memory = &boot_memory;
        options.memory_count = 1;
        prepare(&options);
        if (!CHECK_U64(boot_go(), AMDVI_DRV_OK)) {
            return;
        }
        CHECK_U64(boot.blocked_steps >= boot.steps, 1);
        CHECK(boot_try(0));
        CHECK_REACHES(&boot.policy, BOOT_HOMELY, BOOT_HOME, BOOT_HOME);
        CHECK(amdvi_drv_unit_info(boot.policy.drv, 0, &info) && info.was_running);
        uint64_t coherent = options.rig.non_coherent ? 0 : 0x400;
        CHECK_U64(rig_reg(&boot.policy.rig, 0, AMDVI_REG_CONTROL), 0x1085 | coherent);
        policy_stop(&boot.policy);
    }
}

/* The table is replaced by one write: behind it a cache miss is already refused. */
static void look_behind_the_write(struct boot *at)
{
    struct rig *rig = &at->policy.rig;
    uint64_t base = rig_reg(rig, 0, AMDVI_REG_DEV_TAB_BASE) & AMDVI_DEV_TAB_BASE_BASE;
    uint64_t spa = 0;

    /* Nothing cached is looked at: what the tables say. */
    bool passes = rig_peek(rig, 0, POLICY_ID(0, 0), BOOT_MEMORY, false, &spa);
    if (passes != (base == MACHINE_DEVICE_TABLE)) {
        rig_breach(rig, "neither the old table nor the new");
    }
}

static void the_table_is_replaced_in_one_write(void)
{
    for (unsigned i = 0; i < 2; i++) {
        prepare(&(struct policy_options){.rig = {.only32 = i != 0}});
        boot.step = look_behind_the_write;
        CHECK_U64(boot_go(), AMDVI_DRV_OK);
        CHECK_U64(boot.policy.rig.unit[0].writes[AMDVI_REG_DEV_TAB_BASE], i == 0 ? 1 : 2);
        policy_stop(&boot.policy);
    }
}

static void a_table_that_would_be_torn_is_left(void)
{
    struct rig *rig = &boot.policy.rig;

    boot_prepare(&(struct policy_options){.rig = {.only32 = true}});
    boot.was_running = true;
    rig_set_reg(rig, 0, AMDVI_REG_DEV_TAB_BASE, UINT64_C(0x100000000));
    rig_set_reg(rig, 0, AMDVI_REG_CONTROL, 0x1405);
    boot_watch();
    CHECK_U64(amdvi_drv_start(&boot.policy.drv, &rig->host, &boot.config),
              AMDVI_DRV_ERR_UNSUPPORTED);
    CHECK_U64(boot.steps, 0);
    CHECK(boot_is_on(0));
    CHECK_U64(rig->held_blocks, 0);
    CHECK(rig_stop(rig));
}

/* XSA-442: the earlier kernel's DomainIDs are given out again, and must not lead to its pages. */
static void old_domain_ids_are_forgotten(void)
{
    prepare(&(struct policy_options){0});
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    /* Each of them: an entry that attach invalidates when it is first used is not all there is. */
    CHECK(machine(0)->invalidations >= 2 * 65536);
    struct amdvi_drv_domain *domain = policy_attached(&boot.policy, POLICY_ID(0, 0));
    CHECK_U64(domain->domain_id, OLD_DOMAIN);
    CHECK_REFUSED(&boot.policy, POLICY_ID(0, 0), BOOT_MEMORY);
    policy_stop(&boot.policy);
}

static void an_old_exclusion_range_ends(void)
{
    prepare(&(struct policy_options){0});
    rig_set_reg(&boot.policy.rig, 0, AMDVI_REG_EXCL_LIMIT, BOOT_HOME + 0x1000);
    rig_set_reg(&boot.policy.rig, 0, AMDVI_REG_EXCL_BASE,
                (BOOT_HOME + 0x1000) | AMDVI_EXCL_BASE_EX_EN | AMDVI_EXCL_BASE_ALLOW);
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    CHECK(boot_try(0));
    policy_stop(&boot.policy);
}

/* ---- With the early block before ------------------------------------------------------------- */

static void after_the_early_block_there_is_no_gap(void)
{
    struct rig *rig = &boot.policy.rig;
    struct amdvi_drv_early early = {.window = NULL, .interrupts = true};

    boot_prepare(&(struct policy_options){.memory = &boot_memory, .memory_count = 1});
    CHECK(rig->host.alloc(rig->host.ctx, 0x3000, &early.memory));
    early.window = rig_window(rig, 0);
    boot_watch();
    CHECK_U64(amdvi_drv_early_block(&rig->host, &early), AMDVI_DRV_OK);
    CHECK(boot_try(0));
    /* From here on not even what passed before it. */
    boot.was_running = true;
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    CHECK(boot_try(0));
    rig->host.free(rig->host.ctx, &early.memory);
    CHECK_REACHES(&boot.policy, BOOT_HOMELY, BOOT_HOME, BOOT_HOME);
    policy_stop(&boot.policy);
}

/* ---- Failed ---------------------------------------------------------------------------------- */

/* What the unit reads cannot be given back; the test takes it. */
static void end_with_held(unsigned blocks)
{
    struct rig *rig = &boot.policy.rig;

    CHECK_U64(rig->held_blocks, blocks);
    CHECK_U64(rig->held_windows, 0);
    rig->held_blocks = 0;
    rig->held_bytes = 0;
    CHECK(rig_stop(rig));
}

static void one_that_does_not_complete_stays_on_and_blocked(void)
{
    for (unsigned home = 0; home < 2; home++) {
        /* Without caches: what the old one has cached nobody could invalidate. */
        prepare(&(struct policy_options){
            .rig = {.caches = 1}, .memory = &boot_memory, .memory_count = home});
        boot.policy.rig.completion = RIG_NEVER;
        CHECK_U64(boot_go(), AMDVI_DRV_ERR_TIMEOUT);
        CHECK(boot_is_on(0));
        CHECK(boot_try(0));
        CHECK_U64(rig_reg(&boot.policy.rig, 0, AMDVI_REG_CONTROL) & 0x101c, 0);
        CHECK(boot.policy.rig.log_lines >= 2);
        if (home != 0) {
            CHECK_REACHES(&boot.policy, BOOT_HOMELY, BOOT_HOME, BOOT_HOME);
        }
        /* The device table; and home's three. */
        end_with_held(home != 0 ? 4 : 1);
    }
}

static void one_that_does_not_stop_keeps_its_old_table(void)
{
    prepare(&(struct policy_options){0});
    boot.policy.rig.stuck_run = true;
    CHECK_U64(boot_go(), AMDVI_DRV_ERR_TIMEOUT);
    CHECK(boot_is_on(0));
    CHECK_U64(rig_reg(&boot.policy.rig, 0, AMDVI_REG_DEV_TAB_BASE), MACHINE_DEVICE_TABLE | 0x1ff);
    CHECK_U64(policy_reach(&boot.policy, POLICY_ID(0, 0), BOOT_MEMORY, true), OLD_SPA);
    end_with_held(0);
}

static void get_stuck(struct boot *at)
{
    at->policy.rig.stuck_run = at->is_on[0];
    at->policy.rig.completion = RIG_NEVER;
}

/* Off before, and off again; but who says that its ring is not written to any more? */
static void one_that_gets_stuck_keeps_its_memory(void)
{
    boot_prepare(&(struct policy_options){0});
    boot.policy.rig.changed = NULL;
    boot.step = get_stuck;
    boot_watch();
    enum amdvi_drv_status status =
        amdvi_drv_start(&boot.policy.drv, &boot.policy.rig.host, &boot.config);
    boot_unwatch();
    CHECK_U64(status, AMDVI_DRV_ERR_TIMEOUT);
    CHECK(!boot_is_on(0));
    CHECK_U64(boot.policy.rig.breaches, 1); /* switched off */
    boot.policy.rig.breaches = 0;
    /* Device table, commands, completion, events. */
    end_with_held(4);
}

static void fail_second_unit(struct boot *at)
{
    if (at->is_on[1]) {
        at->policy.rig.completion = RIG_NEVER;
    }
}

static void another_units_failure_leaves_it_blocked(void)
{
    struct rig *rig = &boot.policy.rig;

    prepare(&(struct policy_options){.rig = {.units = 2}});
    boot.step = fail_second_unit;
    boot_watch();
    /* That the second is switched off again is what shall be. */
    rig->changed = NULL;
    boot.is_on[1] = false;
    rig->changed = boot_changed;
    enum amdvi_drv_status status = amdvi_drv_start(&boot.policy.drv, &rig->host, &boot.config);
    boot_unwatch();
    CHECK_U64(status, AMDVI_DRV_ERR_TIMEOUT);
    CHECK_U64(rig->breaches, 1);
    rig->breaches = 0;
    CHECK(boot_is_on(0));
    CHECK(!boot_is_on(1));
    boot.was_running = false;
    CHECK(boot_try(0));
    end_with_held(1);
}

static const struct check_case cases[] = {
    {"L-5: a unit that runs is never off, and nothing begins to pass", "1.20 IOMMU control",
     it_is_never_off_and_nothing_begins_to_pass},
    {"its device table is replaced in one write", "1.20 device table",
     the_table_is_replaced_in_one_write},
    {"a table that 32-bit writes would tear is refused, and nothing was written",
     "1.20 device table", a_table_that_would_be_torn_is_left},
    {"XSA-442: an earlier kernel's DomainIDs lead nowhere when they are given out again",
     "1.20 INVALIDATE_IOMMU_PAGES", old_domain_ids_are_forgotten},
    {"an earlier kernel's exclusion range ends", "1.20 exclusion range",
     an_old_exclusion_range_ends},
    {"L-5: from the early block to the end of the start there is no gap", "1.20 device table",
     after_the_early_block_there_is_no_gap},
    {"a unit that does not complete stays on and blocked, and its tables are not given back",
     "1.20 COMPLETION_WAIT", one_that_does_not_complete_stays_on_and_blocked},
    {"a unit that does not stop keeps its old table, and all is given back", "1.20 command buffer",
     one_that_does_not_stop_keeps_its_old_table},
    {"a unit that gets stuck on the way is off, and what it may write to is not given back",
     "1.20 command buffer", one_that_gets_stuck_keeps_its_memory},
    {"when another unit fails it stays on and blocked, and the other goes off", NULL,
     another_units_failure_leaves_it_blocked},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
