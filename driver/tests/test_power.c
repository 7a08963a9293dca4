/* SPDX-License-Identifier: BSD-2-Clause */
/* Suspend and resume, hand-over to a next kernel, and the end. */
#include "boot.h"

#include <amdvi/cap.h>

#define IOVA UINT64_C(0x40000)

static struct amdvi_drv_domain *domain;
static struct amdvi_drv_block memory;

/* A device that works, and one with firmware's memory. */
static bool start(const struct policy_options *options)
{
    struct policy_options with_home = *options;

    with_home.memory = &boot_memory;
    with_home.memory_count = 1;
    boot_prepare(&with_home);
    if (!CHECK_U64(amdvi_drv_start(&boot.policy.drv, &boot.policy.rig.host, &boot.config),
                   AMDVI_DRV_OK)) {
        return false;
    }
    domain = policy_attached(&boot.policy, POLICY_ID(0, 0));
    memory = policy_memory(&boot.policy, 4096);
    CHECK_U64(amdvi_drv_map(domain, IOVA, memory.spa, 4096, POLICY_RW), AMDVI_DRV_OK);
    return true;
}

static void lose_power(void)
{
    for (unsigned i = 0; i < boot.policy.rig.options.units; i++) {
        amdvi_iommu_reset(boot.policy.rig.unit[i].machine.iommu);
    }
}

/* ---- Suspend --------------------------------------------------------------------------------- */

static void check_all_works(void)
{
    struct policy *policy = &boot.policy;

    CHECK_REACHES(policy, POLICY_ID(0, 0), IOVA, memory.spa);
    CHECK_REACHES(policy, BOOT_HOMELY, BOOT_HOME, BOOT_HOME);
    CHECK_REFUSED(policy, POLICY_ID(0, 2), IOVA);
    CHECK_U64(amdvi_drv_map(domain, IOVA + 4096, memory.spa, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(policy, POLICY_ID(0, 0), IOVA + 4096, memory.spa);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA + 4096, 4096, NULL), AMDVI_DRV_OK);
    CHECK_REFUSED(policy, POLICY_ID(0, 0), IOVA + 4096);
    policy->rig.events = 0;
    CHECK_REFUSED(policy, POLICY_ID(0, 2), IOVA);
    while (amdvi_drv_poll(policy->drv)) {
    }
    CHECK(policy->rig.events != 0);
}

static void everything_is_there_after_a_suspend(void)
{
    static const struct policy_options machines[] = {
        {.rig = {.units = 1}},
        {.rig = {.units = 2}},
        {.rig = {.units = 1, .only32 = true}},
        {.rig = {.units = 1, .non_coherent = true}},
    };

    for (unsigned i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
        if (!start(&machines[i])) {
            return;
        }
        for (unsigned sleeps = 0; sleeps < 3; sleeps++) {
            CHECK_U64(amdvi_drv_suspend(boot.policy.drv), AMDVI_DRV_OK);
            /* On up to the end, but nothing is written any more. */
            CHECK(boot_is_on(0));
            CHECK_U64(rig_reg(&boot.policy.rig, 0, AMDVI_REG_CONTROL) & 0x101c, 0);
            CHECK_U64(rig_reg(&boot.policy.rig, 0, AMDVI_REG_STATUS) & 0x18, 0);
            CHECK_REACHES(&boot.policy, POLICY_ID(0, 0), IOVA, memory.spa);
            if (sleeps != 1) {
                lose_power();
            }
            boot_watch();
            boot.was_running = sleeps == 1;
            boot.policy.rig.unit[0].machine.invalidations = 0;
            CHECK_U64(amdvi_drv_resume(boot.policy.drv), AMDVI_DRV_OK);
            /* All devices and all domains, as one of ours may be cached. */
            CHECK(boot.policy.rig.unit[0].machine.invalidations >= 2 * 65536);
            boot_unwatch();
            check_all_works();
        }
        policy_stop(&boot.policy);
    }
}

static void a_unit_that_does_not_come_back_is_told(void)
{
    CHECK(start(&(struct policy_options){0}));
    CHECK_U64(amdvi_drv_suspend(boot.policy.drv), AMDVI_DRV_OK);
    lose_power();
    boot.policy.rig.completion = RIG_NEVER;
    CHECK_U64(amdvi_drv_resume(boot.policy.drv), AMDVI_DRV_ERR_TIMEOUT);
    CHECK(boot_is_on(0)); /* blocked rather than off */
    boot.policy.rig.completion = RIG_AT_ONCE;
    rig_pass(&boot.policy.rig, 1);
    CHECK_U64(amdvi_drv_resume(boot.policy.drv), AMDVI_DRV_OK);
    check_all_works();
    policy_stop(&boot.policy);
}

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

static unsigned base_writes;
static bool (*real_config_write32)(void *ctx, uint16_t segment, uint16_t device_id, uint16_t offset,
                                   uint32_t value);

static bool count_base_writes(void *ctx, uint16_t segment, uint16_t device_id, uint16_t offset,
                              uint32_t value)
{
    struct rig *rig = ctx;
    uint64_t base = 0;

    if (offset == RIG_CAP_OFFSET + AMDVI_CAP_OFFSET_BASE_LOW) {
        base_writes++;
        CHECK_U64(value, RIG_WINDOW(0) | 1);
    }
    bool is_written = real_config_write32(ctx, segment, device_id, offset, value);
    if (offset == RIG_CAP_OFFSET + AMDVI_CAP_OFFSET_BASE_LOW) {
        CHECK(amdvi_iommu_window(rig->unit[0].machine.iommu, &base));
        CHECK_U64(base, RIG_WINDOW(0));
    }
    return is_written;
}

static void no_register_before_the_base(struct boot *at)
{
    if (base_writes == 0) {
        rig_breach(&at->policy.rig, "a register is written before the window is there");
    }
}

static void rd890_gets_its_registers_back(void)
{
    boot_prepare(&(struct policy_options){0});
    unit_function()->config[0] = 0x5a231002;
    CHECK_U64(amdvi_drv_start(&boot.policy.drv, &boot.policy.rig.host, &boot.config), AMDVI_DRV_OK);
    unit_function()->config[1] = 0xffff0006;
    CHECK_U64(amdvi_drv_suspend(boot.policy.drv), AMDVI_DRV_OK);
    lose_power();
    unit_function()->config[1] = 0;
    real_config_write32 = boot.policy.rig.host.config_write32;
    boot.policy.rig.host.config_write32 = count_base_writes;
    base_writes = 0;
    boot.step = no_register_before_the_base;
    boot_watch();
    CHECK_U64(amdvi_drv_resume(boot.policy.drv), AMDVI_DRV_OK);
    boot_unwatch();
    CHECK_U64(base_writes, 1);
    CHECK_U64(unit_function()->config[1], 6); /* and no status bit is cleared */
    CHECK_U64(unit_function()->config[0xf0 / 4], 0x82);
    CHECK_U64(unit_function()->config[0xf8 / 4], 0x80050011);
    policy_stop(&boot.policy);
}

/* ---- Hand-over ------------------------------------------------------------------------------- */

static void a_next_kernel_finds_everything_blocked(void)
{
    struct amdvi_drv_target target = {.vector = 0x41};
    struct rig *rig = &boot.policy.rig;
    uint64_t address = 0;
    uint32_t data = 0;
    unsigned index = 0;

    CHECK(start(&(struct policy_options){0}));
    struct amdvi_drv_device *device = amdvi_drv_device_find(boot.policy.drv, 0, POLICY_ID(0, 0));
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 1, &index), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_set(device, index, &target), AMDVI_DRV_OK);
    CHECK(rig_interrupt(rig, 0, POLICY_ID(0, 0), 0, index, &address, &data));
    /* Shares its requester with the first, and both have interrupts. */
    uint16_t alias = POLICY_ID(0, 0);
    (void)policy_device_with(&boot.policy, POLICY_ID(0, 3), true, &alias, 1, false);

    CHECK_U64(amdvi_drv_stop(boot.policy.drv, AMDVI_DRV_HAND_OVER), AMDVI_DRV_OK);
    CHECK(boot_is_on(0));
    CHECK_U64(rig_reg(rig, 0, AMDVI_REG_STATUS) & 0x18, 0);
    CHECK_REFUSED(&boot.policy, POLICY_ID(0, 0), IOVA);
    CHECK(!rig_interrupt(rig, 0, POLICY_ID(0, 0), 0, index, &address, &data));
    CHECK_REACHES(&boot.policy, BOOT_HOMELY, BOOT_HOME, BOOT_HOME);

    /* The next kernel. What the first held is its no more. */
    rig->held_blocks = 0;
    rig->held_bytes = 0;
    rig->held_windows = 0;
    boot.policy.blocks = 0;
    boot.was_running = true;
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    CHECK(boot_try(0));
    CHECK_REACHES(&boot.policy, BOOT_HOMELY, BOOT_HOME, BOOT_HOME);
    policy_stop(&boot.policy);
}

/* ---- The end --------------------------------------------------------------------------------- */

static void what_is_in_use_is_not_switched_off(void)
{
    CHECK(start(&(struct policy_options){.rig = {.units = 2}}));
    struct amdvi_drv_device *device = amdvi_drv_device_find(boot.policy.drv, 0, POLICY_ID(0, 0));
    CHECK_U64(amdvi_drv_stop(boot.policy.drv, AMDVI_DRV_SWITCH_OFF), AMDVI_DRV_ERR_BUSY);
    CHECK_U64(amdvi_drv_device_remove(device), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_stop(boot.policy.drv, AMDVI_DRV_SWITCH_OFF), AMDVI_DRV_ERR_BUSY);
    CHECK(boot_is_on(0) && boot_is_on(1));
    CHECK_REFUSED(&boot.policy, POLICY_ID(0, 0), BOOT_MEMORY);
    struct rig *rig = &boot.policy.rig;
    CHECK_U64(amdvi_drv_domain_destroy(domain), AMDVI_DRV_OK);
    rig->host.free(rig->host.ctx, &memory);
    boot.policy.blocks = 0;
    CHECK_U64(amdvi_drv_stop(boot.policy.drv, AMDVI_DRV_SWITCH_OFF), AMDVI_DRV_OK);
    boot_end_failed();
}

static void what_does_not_stop_keeps_its_memory(void)
{
    struct rig *rig = &boot.policy.rig;

    boot_prepare(&(struct policy_options){0});
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    unsigned held = rig->held_blocks;
    rig->stuck_run = true;
    CHECK_U64(amdvi_drv_stop(boot.policy.drv, AMDVI_DRV_SWITCH_OFF), AMDVI_DRV_ERR_TIMEOUT);
    CHECK_U64(rig->held_blocks, held);
    CHECK(!boot_is_on(0));
    rig->stuck_run = false;
    CHECK_U64(amdvi_drv_stop(boot.policy.drv, AMDVI_DRV_SWITCH_OFF), AMDVI_DRV_OK);
    boot_end_failed();
}

static const struct check_case cases[] = {
    {"after a suspend everything works as before, and nothing passed on the way",
     "1.20 IOMMU control", everything_is_there_after_a_suspend},
    {"a unit that does not complete after a suspend is told of, stays on, and can be tried again",
     "1.20 COMPLETION_WAIT", a_unit_that_does_not_come_back_is_told},
    {"RD890: the window's base and the indirect registers are restored before any other",
     "1.20 capability", rd890_gets_its_registers_back},
    {"a next kernel finds everything blocked but firmware's memory, and takes over without a gap",
     "1.20 device table", a_next_kernel_finds_everything_blocked},
    {"what has devices or domains is not switched off; then it is, and all is given back", NULL,
     what_is_in_use_is_not_switched_off},
    {"a unit that does not stop keeps its memory, and can be tried again", "1.20 command buffer",
     what_does_not_stop_keeps_its_memory},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
