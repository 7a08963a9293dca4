/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine that is started, suspended or handed over under watch: after each register write of the
 * driver all devices try their DMA and interrupts, with whatever the IOMMU has cached. What was
 * refused once stays refused; a unit that is on stays on; and only a unit that was running before
 * the watch began may still let through what it let through then.
 */
#ifndef DRIVER_TESTS_BOOT_H
#define DRIVER_TESTS_BOOT_H

#include "policy.h"

#define BOOT_MEMORY UINT64_C(0x1800000) /* of somebody else: nobody's to reach */
#define BOOT_HOME   UINT64_C(0x2000000) /* firmware's, see boot_memory */
#define BOOT_HOMELY POLICY_ID(0, 1)     /* for this device */

static const struct amdvi_ivrs_memory boot_memory = {.kind = AMDVI_IVRS_MEMORY_SELECT,
                                                     .device_id = BOOT_HOMELY,
                                                     .last_device_id = BOOT_HOMELY,
                                                     .spa_start = BOOT_HOME,
                                                     .size_bytes = 0x2000,
                                                     .is_unity = true,
                                                     .can_read = true,
                                                     .can_write = true};

/* Devices of each unit that try: two that are named, one that is not, one behind the table. */
static const uint16_t boot_ids[] = {POLICY_DEVICES, BOOT_HOMELY, 0x05, 0xd000};
static const uint64_t boot_iovas[] = {BOOT_MEMORY, BOOT_HOME + 0x1000, 0x3000};

#define BOOT_IDS   4
#define BOOT_IOVAS 3
#define BOOT_TRIES (BOOT_IDS * (BOOT_IOVAS * 2 + 1))

struct boot {
    struct policy policy;
    struct amdvi_drv_config config;
    bool was_running;                       /* what passed before may go on, until it ends */
    bool is_on[RIG_UNITS_MAX];              /* seen */
    bool passes[RIG_UNITS_MAX][BOOT_TRIES]; /* the last time */
    unsigned steps;                         /* register writes */
    unsigned blocked_steps;                 /* of these, with a unit on */
    void (*step)(struct boot *boot);        /* more to look at */
    unsigned order[AMDVI_REG_COUNT];        /* of the first write of each, counted from 1 */
};

static struct boot boot;

static inline bool boot_is_on(unsigned unit)
{
    return (rig_reg(&boot.policy.rig, unit, AMDVI_REG_CONTROL) & AMDVI_CONTROL_IOMMU_EN) != 0;
}

/* Firmware's memory at its own address, by the device that it is for. */
static inline bool boot_is_home(unsigned unit, uint16_t device_id, uint64_t iova, uint64_t spa)
{
    return unit == 0 && device_id == BOOT_HOMELY && iova == BOOT_HOME + 0x1000 && spa == iova;
}

static inline void boot_judge(unsigned unit, unsigned number, bool passes, bool is_home)
{
    bool *before = &boot.passes[unit][number];

    if (passes && !is_home && boot.is_on[unit] && (!*before || !boot.was_running)) {
        printf("# unit %u, try %u, step %u:\n", unit, number, boot.steps);
        rig_breach(&boot.policy.rig, "an access passes that must not");
    }
    *before = passes;
}

/* All of one unit; false where something passed that is not home's. */
static inline bool boot_try(unsigned unit)
{
    struct rig *rig = &boot.policy.rig;
    bool all_blocked = true;
    unsigned number = 0;

    for (unsigned i = 0; i < BOOT_IDS; i++) {
        /* Behind unit n are the ids of bus n. */
        uint16_t id = (uint16_t)(boot_ids[i] + (i < 3 ? 0x100 * unit : 0));
        uint64_t spa = 0;
        uint32_t data = 0;
        for (unsigned j = 0; j < 2 * BOOT_IOVAS; j++) {
            uint64_t iova = boot_iovas[j / 2];
            bool passes = rig_access(rig, unit, id, iova, j % 2 != 0, &spa);
            bool is_home = boot_is_home(unit, id, iova, spa);
            all_blocked = all_blocked && (!passes || is_home);
            boot_judge(unit, number++, passes, is_home);
        }
        bool passes = rig_interrupt(rig, unit, id, 0, 0x41, &spa, &data);
        all_blocked = all_blocked && !passes;
        boot_judge(unit, number++, passes, false);
    }
    return all_blocked;
}

static inline void boot_changed(struct rig *rig, enum rig_change what)
{
    if (what != RIG_REGISTER) {
        return;
    }
    boot.steps++;
    for (unsigned reg = 0; reg < AMDVI_REG_COUNT; reg++) {
        if (boot.order[reg] == 0 && rig->unit[0].writes[reg] != 0) {
            boot.order[reg] = boot.steps;
        }
    }
    for (unsigned i = 0; i < rig->options.units; i++) {
        bool on = boot_is_on(i);
        if (boot.is_on[i] && !on) {
            rig_breach(rig, "a unit was switched off");
        }
        boot.is_on[i] = on;
        boot.blocked_steps += on ? 1 : 0;
        (void)boot_try(i);
    }
    if (boot.step != NULL) {
        boot.step(&boot);
    }
}

/* From here on. What passes now is noted. */
static inline void boot_watch(void)
{
    struct rig *rig = &boot.policy.rig;

    for (unsigned i = 0; i < rig->options.units; i++) {
        boot.is_on[i] = false; /* nothing is judged */
        (void)boot_try(i);
        boot.is_on[i] = boot_is_on(i);
    }
    rig->changed = boot_changed;
}

static inline void boot_unwatch(void)
{
    boot.policy.rig.changed = NULL;
}

/* The machine before the driver: firmware may have done things, then boot_go(). */
static inline void boot_prepare(const struct policy_options *options)
{
    memset(&boot, 0, sizeof(boot));
    rig_start(&boot.policy.rig, &options->rig);
    amdvi_drv_config_init(&boot.config);
    boot.config.ivrs = boot.policy.table;
    boot.config.ivrs_bytes = policy_table(&boot.policy, options);
    boot.config.commands_log2 = 8;
    boot.config.events_log2 = 8;
    boot.config.domains_max = 64;
    boot.config.wait_ms = 100;
    boot.config.pass_interrupts = options->pass_interrupts;
}

static inline enum amdvi_drv_status boot_go(void)
{
    boot_watch();
    enum amdvi_drv_status status =
        amdvi_drv_start(&boot.policy.drv, &boot.policy.rig.host, &boot.config);
    boot_unwatch();
    return status;
}

/* After a start that failed: nothing is held, and what was off is off. */
static inline void boot_end_failed(void)
{
    for (unsigned i = 0; i < boot.policy.rig.options.units; i++) {
        CHECK(!boot_is_on(i));
    }
    CHECK_U64(boot.policy.rig.held_blocks, 0);
    CHECK_U64(boot.policy.rig.held_windows, 0);
    CHECK(rig_stop(&boot.policy.rig));
}

#endif
