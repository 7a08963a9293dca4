/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Units that an earlier kernel used as parts of revision 2.x or 3.x: guest translation, 128-bit
 * interrupt entries, further logs, a device table in segments. None of that is this driver's, and
 * nothing of it is left when it has started; but until nothing is cached any more, entries of the
 * earlier kernel keep their meaning.
 */
#include "boot.h"
#include "later.h"

#define OLD_SPA          UINT64_C(0x1900000)
#define LATER_BITS_FIRST 13

static struct {
    uint64_t old;        /* bits that the earlier kernel left */
    unsigned writes;     /* of CONTROL */
    uint64_t last;       /* written */
    bool was_off;        /* in any of them */
    unsigned before_end; /* invalidations until the first meaning went */
    bool has_ended;
} seen;

static void note_control(uint64_t before, uint64_t after)
{
    struct rig *rig = &boot.policy.rig;

    seen.writes++;
    seen.last = after;
    seen.was_off = seen.was_off || (after & 1) == 0;
    if ((after & AMDVI_CONTROL_RESERVED & ~before) != 0) {
        rig_breach(rig, "a later revision's bit is switched on");
    }
    if (!seen.has_ended && (before & ~after & AMDVI_CONTROL_RESERVED & ~LATER_LOGS) != 0) {
        seen.has_ended = true;
        seen.before_end = later.invalidate_alls != 0 ? 65536 * later.invalidate_alls
                                                     : rig->unit[0].machine.invalidations;
    }
}

/* Rings, log and table of an earlier kernel: one device is mapped, the others pass. */
static void run_old_kernel(uint64_t bits)
{
    struct rig *rig = &boot.policy.rig;
    struct machine *machine = &rig->unit[0].machine;
    uint64_t length = UINT64_C(8) << 56;

    uint64_t root = machine_set_paged(machine, POLICY_ID(0, 0), 1, 3);
    machine_map(machine, root, 3, BOOT_MEMORY, OLD_SPA, 12, true, true);
    rig_set_reg(rig, 0, AMDVI_REG_DEV_TAB_BASE, MACHINE_DEVICE_TABLE | 0x1ff);
    rig_set_reg(rig, 0, AMDVI_REG_CMD_BUF_BASE, MACHINE_COMMANDS | length);
    rig_set_reg(rig, 0, AMDVI_REG_EVENT_LOG_BASE, MACHINE_EVENTS | length);
    rig_set_reg(rig, 0, AMDVI_REG_CONTROL, 0x1c9d);
    CHECK_U64(policy_reach(&boot.policy, POLICY_ID(0, 0), BOOT_MEMORY, true), OLD_SPA);
    later.control = bits;
}

static void prepare(const struct policy_options *options, uint64_t bits)
{
    memset(&seen, 0, sizeof(seen));
    boot_prepare(options);
    later_begin(&boot.policy.rig);
    later.wrote = note_control;
    later.efr_sup = true;
    later.efr = AMDVI_EFR_HATS & ~AMDVI_BIT(10); /* six levels */
    seen.old = bits;
}

static void prepare_running(const struct policy_options *options, uint64_t bits)
{
    prepare(options, bits);
    boot.was_running = true;
    run_old_kernel(bits);
}

static void check_taken_over(bool coherent)
{
    struct rig *rig = &boot.policy.rig;

    CHECK_U64(later_control(rig), coherent ? 0x1485 : 0x1085);
    CHECK(!seen.was_off);
    CHECK(boot_try(0));
    CHECK_REFUSED(&boot.policy, POLICY_ID(0, 0), BOOT_MEMORY);
    CHECK(!later.is_second_cached);
    /* Whatever the earlier kernel had entries cached for kept its meaning for so long. */
    if ((seen.old & ~LATER_LOGS) != 0) {
        CHECK(seen.has_ended && seen.before_end >= 65536);
        CHECK_U64(later.at_table & AMDVI_CONTROL_RESERVED, seen.old & ~LATER_LOGS);
    }
}

static void each_bit_goes(void)
{
    static const struct policy_options machines[] = {
        {.rig = {.caches = 1}},
        {.rig = {.caches = 1, .only32 = true}},
        {.rig = {.caches = 1, .non_coherent = true}},
    };

    for (unsigned i = 0; i < 64 - LATER_BITS_FIRST; i++) {
        const struct policy_options *options = &machines[i % 3];
        prepare_running(options, AMDVI_BIT(LATER_BITS_FIRST + i));
        later.efr |= AMDVI_EFR_IA_SUP; /* for the time's sake */
        if (!CHECK_U64(boot_go(), AMDVI_DRV_OK)) {
            return;
        }
        check_taken_over(!options->rig.non_coherent);
        CHECK_U64(later.invalidate_alls, (seen.old & LATER_LOGS) != 0 ? 1 : 2);
        policy_stop(&boot.policy);
    }
    for (unsigned i = 0; i < 3; i++) {
        prepare_running(&machines[i], AMDVI_CONTROL_RESERVED);
        CHECK_U64(boot_go(), AMDVI_DRV_OK);
        check_taken_over(!machines[i].rig.non_coherent);
        policy_stop(&boot.policy);
    }
}

/* As Linux 6.x leaves a machine with AVIC and x2APIC; and what is used after it. */
static void it_works_afterwards(void)
{
    struct amdvi_drv_target target = {.vector = 0x41};
    uint64_t address = 0;
    uint32_t data = 0;
    unsigned index = 0;

    prepare_running(&(struct policy_options){.memory = &boot_memory, .memory_count = 1},
                    LATER_PPR_LOG_EN | LATER_PPR_EN | LATER_GT_EN | LATER_GA_EN | LATER_GA_LOG_EN |
                        LATER_XT_EN | LATER_IRT_CACHE | LATER_SNP_AVIC_EN);
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    check_taken_over(true);
    struct policy *policy = &boot.policy;
    struct amdvi_drv_domain *domain = policy_attached(policy, POLICY_ID(0, 0));
    struct amdvi_drv_device *device = amdvi_drv_device_find(policy->drv, 0, POLICY_ID(0, 0));
    CHECK_U64(amdvi_drv_map(domain, 0x200000, BOOT_MEMORY, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(policy, POLICY_ID(0, 0), 0x200000, BOOT_MEMORY);
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 1, &index), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_set(device, index, &target), AMDVI_DRV_OK);
    CHECK(rig_interrupt(&policy->rig, 0, POLICY_ID(0, 0), 0, index, &address, &data));
    /* Entries of 128 bits would be read from four of 32. */
    CHECK_U64(later.control, 0);
    CHECK_U64(amdvi_drv_suspend(policy->drv), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_resume(policy->drv), AMDVI_DRV_OK);
    CHECK_U64(later.control, 0);
    policy_stop(policy);
}

/* Nobody knows whose memory they lie in by now. */
static void further_logs_stop_first(void)
{
    for (unsigned i = 0; i < 2; i++) {
        prepare_running(&(struct policy_options){.rig = {.only32 = i != 0}},
                        LATER_LOGS | LATER_PPR_EN | LATER_GA_EN);
        CHECK_U64(boot_go(), AMDVI_DRV_OK);
        CHECK_U64(later.at_table & AMDVI_CONTROL_RESERVED, LATER_PPR_EN | LATER_GA_EN);
        check_taken_over(true);
        policy_stop(&boot.policy);
    }
}

static void a_log_that_runs_on_is_told(void)
{
    prepare_running(&(struct policy_options){0}, LATER_PPR_LOG_EN | LATER_GA_LOG_EN);
    later.logs_run_on = true;
    CHECK_U64(boot_go(), AMDVI_DRV_ERR_TIMEOUT);
    CHECK(boot_is_on(0));
    /* As one whose own log does not stop: the earlier table is in force still. */
    CHECK_U64(rig_reg(&boot.policy.rig, 0, AMDVI_REG_DEV_TAB_BASE), MACHINE_DEVICE_TABLE | 0x1ff);
    CHECK_U64(boot.policy.rig.held_blocks, 0);
    CHECK(rig_stop(&boot.policy.rig));

    /* Where they were off, these bits of STATUS are nothing. */
    prepare_running(&(struct policy_options){0}, LATER_GA_EN);
    later.logs_run_on = true;
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    policy_stop(&boot.policy);
}

/* While DevTblSegEn is set, entries of the second half come from a table that is not ours. */
static void a_second_table_ends(void)
{
    for (unsigned i = 0; i < 3; i++) {
        prepare_running(&(struct policy_options){.rig = {.only32 = i == 2}},
                        i == 0 ? AMDVI_BIT(34) : LATER_SEGMENTS_EN | LATER_GA_EN);
        CHECK_U64(boot_go(), AMDVI_DRV_OK);
        CHECK_U64(later.at_table & LATER_SEGMENTS_EN, seen.old & LATER_SEGMENTS_EN);
        CHECK(!later.is_second_cached);
        check_taken_over(true);
        policy_stop(&boot.policy);
    }
}

static void an_old_part_is_invalidated_once(void)
{
    unsigned invalidations[2];

    for (unsigned i = 0; i < 2; i++) {
        prepare_running(&(struct policy_options){0}, i == 0 ? 0 : LATER_GA_EN);
        CHECK_U64(boot_go(), AMDVI_DRV_OK);
        invalidations[i] = boot.policy.rig.unit[0].machine.invalidations;
        policy_stop(&boot.policy);
    }
    CHECK(invalidations[0] >= 2 * 65536 && invalidations[0] < 3 * 65536);
    CHECK(invalidations[1] >= 4 * 65536);
}

/* Of a unit that is off, nothing has a meaning: all go before anything else. */
static void leftovers_of_one_that_is_off_go_first(void)
{
    for (unsigned i = 0; i < 2; i++) {
        prepare(&(struct policy_options){.rig = {.only32 = i != 0}}, 0);
        later.control = AMDVI_CONTROL_RESERVED;
        CHECK_U64(boot_go(), AMDVI_DRV_OK);
        CHECK_U64(later.at_table & (AMDVI_CONTROL_RESERVED | 1), 0);
        CHECK_U64(later_control(&boot.policy.rig), 0x1485);
        CHECK(boot_try(0));
        policy_stop(&boot.policy);
    }
}

/* The end of another kernel of ours, and then we once more: nothing of it was ever on. */
static void handed_over_and_taken_over(void)
{
    prepare(&(struct policy_options){.memory = &boot_memory, .memory_count = 1}, 0);
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_stop(boot.policy.drv, AMDVI_DRV_HAND_OVER), AMDVI_DRV_OK);
    struct rig *rig = &boot.policy.rig;
    rig->held_blocks = 0;
    rig->held_bytes = 0;
    rig->held_windows = 0;
    CHECK_U64(later.control, 0);
    /* In between somebody used it as a later part. */
    later.control = seen.old = LATER_GA_EN | LATER_XT_EN | LATER_SEGMENTS_EN;
    boot.was_running = true;
    later.has_table = false;
    seen.was_off = false;
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    check_taken_over(true);
    CHECK_REACHES(&boot.policy, BOOT_HOMELY, BOOT_HOME, BOOT_HOME);
    policy_stop(&boot.policy);
}

/* SnpEn locks others of them, say. What they mean is not ours, so nothing is used with them. */
static void bits_that_stay_are_refused(void)
{
    struct rig *rig = &boot.policy.rig;

    for (unsigned i = 0; i < 64 - LATER_BITS_FIRST; i++) {
        bool only32 = i % 2 != 0;
        /* Running: it stays on, and what it was given blocks. */
        prepare_running(&(struct policy_options){.rig = {.caches = 1, .only32 = only32}},
                        AMDVI_BIT(LATER_BITS_FIRST + i));
        later.sticks = seen.old;
        later.efr |= AMDVI_EFR_IA_SUP;
        /* A log's own run bit stays with its enable. */
        bool runs_on = (seen.old & (LATER_PPR_LOG_EN | LATER_GA_LOG_EN)) != 0;
        CHECK_U64(boot_go(), runs_on ? AMDVI_DRV_ERR_TIMEOUT : AMDVI_DRV_ERR_HARDWARE);
        CHECK(boot_is_on(0) && !seen.was_off);
        CHECK(runs_on || boot_try(0));
        CHECK_U64(rig->held_blocks, runs_on ? 0 : 1); /* the table, which the unit reads */
        CHECK_U64(rig->held_windows, 0);
        rig->held_blocks = 0;
        rig->held_bytes = 0;
        CHECK(rig_stop(rig));

        /* Off: it stays off, and everything is given back. */
        prepare(&(struct policy_options){.rig = {.only32 = only32}}, 0);
        later.control = later.sticks = AMDVI_BIT(LATER_BITS_FIRST + i);
        CHECK_U64(boot_go(), AMDVI_DRV_ERR_HARDWARE);
        CHECK(!later.has_table);
        boot_end_failed();
    }
}

/* Off would let everything pass. */
static void bits_that_stay_after_sleep_do_not_keep_it_off(void)
{
    struct rig *rig = &boot.policy.rig;

    prepare(&(struct policy_options){.rig = {.caches = 1}}, 0);
    CHECK_U64(boot_go(), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_suspend(boot.policy.drv), AMDVI_DRV_OK);
    rig_set_reg(rig, 0, AMDVI_REG_CONTROL, 0);
    later.control = later.sticks = LATER_XT_EN;
    CHECK_U64(amdvi_drv_resume(boot.policy.drv), AMDVI_DRV_ERR_HARDWARE);
    CHECK(boot_is_on(0));
    CHECK(boot_try(0));
    later.control = later.sticks = 0;
    CHECK_U64(amdvi_drv_resume(boot.policy.drv), AMDVI_DRV_OK);
    policy_stop(&boot.policy);
}

static const struct check_case cases[] = {
    {"each bit of later revisions is kept until the earlier kernel's entries are invalidated, and "
     "goes then",
     "2.6 IOMMU control", each_bit_goes},
    {"after GAEn, XTEn, GTEn and IRTCacheDis of an earlier kernel everything works as in 1.20",
     "2.6 IOMMU control", it_works_afterwards},
    {"the earlier kernel's further logs stop before anything else", "2.6 IOMMU control",
     further_logs_stop_first},
    {"one of them that runs on fails the start, and nothing was put in force", "2.6 IOMMU status",
     a_log_that_runs_on_is_told},
    {"of a device table in segments nothing is cached any more at the end", "2.6 device table",
     a_second_table_ends},
    {"all is invalidated once more only where there was something of a later revision",
     "2.6 IOMMU control", an_old_part_is_invalidated_once},
    {"of a unit that is off, later revisions' bits go before it gets a table", "2.6 IOMMU control",
     leftovers_of_one_that_is_off_go_first},
    {"what was handed over may have been used as a later part in between", "2.6 IOMMU control",
     handed_over_and_taken_over},
    {"bits of later revisions that do not go fail the start: what is on stays blocked, what is off "
     "stays off",
     "2.6 IOMMU control", bits_that_stay_are_refused},
    {"bits that do not go after a suspend fail the resume, but the unit is on", "2.6 IOMMU control",
     bits_that_stay_after_sleep_do_not_keep_it_off},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
