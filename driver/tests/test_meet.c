/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of two threads that meet, at every moment where they can: meet.h has how. */
#include "meet.h"
#include "policy.h"

#define IOVA UINT64_C(0x200000)
#define SPA  UINT64_C(0x1000000)

static struct policy policy;
static const uint16_t id = POLICY_ID(0, 0);
static struct amdvi_drv_domain *domain;
static struct amdvi_drv_device *device;
static enum amdvi_drv_status status, other_status;

/* A domain with a page, and a device attached to it. */
static bool make(const struct policy_options *options)
{
    if (!policy_start(&policy, options)) {
        return false;
    }
    domain = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
    device = policy_device_with(&policy, id, true, NULL, 0, options->rig.iotlb_sup);
    CHECK_U64(amdvi_drv_map(domain, IOVA, SPA, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    return true;
}

/* ---- Two stores of an entry ------------------------------------------------------------------ */

static struct {
    uint64_t old[2]; /* the entry, when something passed last */
    uint64_t now[2];
    unsigned invalidated; /* times its entry was */
    unsigned at_break;    /* so often when it began to block */
    unsigned breaks;
    void (*told)(struct machine *machine, enum machine_told what);
} entry;

static void count_invalidations(struct machine *machine, enum machine_told what)
{
    const struct amdvi_invalidation *last =
        &machine->invalidation[(machine->invalidations - 1) % MACHINE_RECORDS];

    if (what == MACHINE_TOLD_TRANSLATIONS && last->kind == AMDVI_INVALIDATED_DEVICE &&
        last->device_id == id) {
        entry.invalidated++;
    }
    entry.told(machine, what);
}

static void read_entry(uint64_t out[2])
{
    uint64_t spa = policy.drv->units[0]->table.block.spa + (uint64_t)AMDVI_DTE_BYTES * id;

    out[0] = rig_read64(&policy.rig, spa);
    out[1] = rig_read64(&policy.rig, spa + 8);
}

/* After each store that the IOMMU can see. */
static void look_at_entry(struct rig *rig, enum rig_change what)
{
    uint64_t was = entry.now[0];

    (void)what;
    read_entry(entry.now);
    bool passed = (was & AMDVI_DTE0_TV) != 0;
    bool passes = (entry.now[0] & AMDVI_DTE0_TV) != 0;
    if (passed && !passes) {
        entry.at_break = entry.invalidated;
        entry.breaks++;
    }
    if (!passed && passes && entry.now[0] != entry.old[0] && entry.now[1] != entry.old[1] &&
        entry.invalidated == entry.at_break) {
        rig_breach(rig, "an entry that may be cached by half");
    }
    if (passes) {
        memcpy(entry.old, entry.now, sizeof(entry.old));
    }
}

/* A new root, which the IOMMU is not told of: nothing reaches it for a while. */
static void grow_unheard(void)
{
    policy.rig.completion = RIG_NEVER;
    other_status = amdvi_drv_map(domain, UINT64_C(1) << 41, SPA, 4096, POLICY_RW);
    policy.rig.completion = RIG_AT_ONCE;
}

/*
 * ATS changes quadword 1, a root quadword 0. Whoever of the two comes second makes the first of two
 * stores, and the other one must not make the second without an invalidation in between.
 */
static void a_root_meets_another_change(void)
{
    unsigned breaks = 0;

    for (meet_start(); meet_again();) {
        if (!make(&(struct policy_options){.rig = {.non_coherent = true, .iotlb_sup = true}})) {
            return;
        }
        memset(&entry, 0, sizeof(entry));
        entry.told = policy.rig.unit[0].machine.told;
        policy.rig.unit[0].machine.told = count_invalidations;
        read_entry(entry.now);
        memcpy(entry.old, entry.now, sizeof(entry.old));
        policy.rig.changed = look_at_entry;
        meet_arm(&policy.rig, grow_unheard);
        status = amdvi_drv_ats_enable(device);
        meet_disarm();
        policy.rig.changed = NULL;
        CHECK_U64(status, AMDVI_DRV_OK);
        breaks += entry.breaks;
        CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
        CHECK_REACHES(&policy, id, IOVA, SPA);
        policy_stop(&policy);
    }
    CHECK(meet.at > 8);
    CHECK(breaks != 0);
}

/* ---- Recovery -------------------------------------------------------------------------------- */

static void detach_unheard(void)
{
    policy.rig.completion = RIG_NEVER;
    other_status = amdvi_drv_detach(device);
    policy.rig.completion = RIG_AT_ONCE;
}

static bool is_anybody_gone(void)
{
    for (const struct amdvi_drv_requester *at = domain->requesters; at != NULL;
         at = at->next_in_domain) {
        if (at->domain != domain) {
            return true;
        }
    }
    return false;
}

/* What was poisoned while it is recovered is not recovered. */
static void a_detach_meets_a_recovery(void)
{
    unsigned poisoned = 0;

    for (meet_start(); meet_again();) {
        if (!make(&(struct policy_options){0})) {
            return;
        }
        policy.rig.completion = RIG_NEVER;
        CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_ERR_TIMEOUT);
        policy.rig.completion = RIG_AT_ONCE;
        meet_arm(&policy.rig, detach_unheard);
        status = amdvi_drv_domain_recover(domain);
        meet_disarm();
        CHECK(status == AMDVI_DRV_OK || status == AMDVI_DRV_ERR_TIMEOUT);
        CHECK(!is_anybody_gone() || amdvi_drv_domain_is_poisoned(domain));
        poisoned += amdvi_drv_domain_is_poisoned(domain) ? 1 : 0;
        policy_stop(&policy);
    }
    CHECK(poisoned != 0);
}

static struct amdvi_drv_domain *elsewhere;

static void recover(void)
{
    other_status = amdvi_drv_domain_recover(domain);
}

static void attach_elsewhere(void)
{
    other_status = amdvi_drv_attach(elsewhere, device);
}

/* It left, and that was not completed: who completes it does not take it out of where it is next.
 */
static void a_recovery_meets_an_attach(void)
{
    unsigned attached = 0;

    for (unsigned is_ours = 0; is_ours < 2; is_ours++) {
        for (meet_start(); meet_again();) {
            if (!make(&(struct policy_options){0})) {
                return;
            }
            elsewhere = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
            CHECK_U64(amdvi_drv_map(elsewhere, IOVA, 2 * SPA, 4096, POLICY_RW), AMDVI_DRV_OK);
            detach_unheard();
            CHECK_U64(other_status, AMDVI_DRV_ERR_TIMEOUT);
            meet_arm(&policy.rig, is_ours != 0 ? recover : attach_elsewhere);
            status = is_ours != 0 ? amdvi_drv_attach(elsewhere, device)
                                  : amdvi_drv_domain_recover(domain);
            meet_disarm();
            enum amdvi_drv_status got = is_ours != 0 ? status : other_status;
            if (meet.has_met || is_ours != 0) {
                CHECK(got == AMDVI_DRV_OK || got == AMDVI_DRV_ERR_BUSY);
            }
            if (device->domain == elsewhere) {
                CHECK_REACHES(&policy, id, IOVA, 2 * SPA);
                attached++;
            } else {
                CHECK_REFUSED(&policy, id, IOVA);
            }
            CHECK(device->requester[0]->linked == device->domain);
            CHECK(!device->requester[0]->leaving);
            policy_stop(&policy);
        }
    }
    CHECK(attached > 8);
}

/* ---- Poll ------------------------------------------------------------------------------------ */

static void remove_device(void)
{
    other_status = amdvi_drv_device_remove(device);
}

/* Poll holds on to what the device leaves behind, and is no device that shares it. */
static void a_poll_meets_a_removal(void)
{
    unsigned removed = 0;

    for (meet_start(); meet_again();) {
        if (!make(&(struct policy_options){.faults_max = 4})) {
            return;
        }
        CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
        for (unsigned i = 0; i < 6; i++) {
            (void)policy_reach(&policy, id, UINT64_C(0x1000) * i, false);
        }
        other_status = AMDVI_DRV_ERR_BUSY;
        meet_arm(&policy.rig, remove_device);
        while (amdvi_drv_poll(policy.drv)) {
        }
        meet_disarm();
        /* Poll may be at the entry, and cannot go on before this has returned. */
        CHECK(!meet.has_met || other_status == AMDVI_DRV_OK ||
              other_status == AMDVI_DRV_ERR_TIMEOUT);
        if (other_status == AMDVI_DRV_OK) {
            removed++;
            CHECK(amdvi_drv_requester_find(policy.drv->units[0], id) == NULL);
        }
        policy_stop(&policy);
    }
    CHECK(removed > 8);
}

/* ---- Firmware's memory ----------------------------------------------------------------------- */

#define FIRMWARE UINT64_C(0x900000)

static const struct amdvi_ivrs_memory firmware = {.kind = AMDVI_IVRS_MEMORY_SELECT,
                                                  .device_id = POLICY_ID(0, 1),
                                                  .last_device_id = POLICY_ID(0, 1),
                                                  .spa_start = FIRMWARE,
                                                  .size_bytes = 0x2000,
                                                  .is_unity = true,
                                                  .can_read = true,
                                                  .can_write = true};
static struct amdvi_drv_device *leaver;

static void detach_leaver(void)
{
    other_status = amdvi_drv_detach(leaver);
}

/* A device is added that shares the id of one that is attached, and has memory of firmware's: its
 * domain has it from then on, also when another one leaves and takes along what nobody needs. */
static void a_device_with_memory_meets_one_that_leaves(void)
{
    for (meet_start(); meet_again();) {
        if (!make(&(struct policy_options){.memory = &firmware, .memory_count = 1})) {
            return;
        }
        leaver = policy_device(&policy, POLICY_ID(0, 2));
        CHECK_U64(amdvi_drv_attach(domain, leaver), AMDVI_DRV_OK);
        meet_arm(&policy.rig, detach_leaver);
        (void)policy_device_with(&policy, POLICY_ID(0, 1), true, &id, 1, false);
        meet_disarm();
        CHECK_U64(other_status, AMDVI_DRV_OK);
        CHECK_REACHES(&policy, id, FIRMWARE, FIRMWARE);
        CHECK_REACHES(&policy, id, IOVA, SPA);
        policy_stop(&policy);
    }
    CHECK(meet.at > 8);
}

static const struct check_case cases[] = {
    {"L-6: between two stores of an entry is an invalidation, whoever made the first",
     "1.20 device table entry", a_root_meets_another_change},
    {"XSA-373: a detach that fails while its domain is recovered poisons it",
     "1.20 COMPLETION_WAIT", a_detach_meets_a_recovery},
    {"who completes a detach does not undo the attach behind it", NULL, a_recovery_meets_an_attach},
    {"a device that is removed during a poll leaves nothing behind", NULL, a_poll_meets_a_removal},
    {"XSA-400: firmware's memory of a device that is added stays when another one leaves",
     "1.20 IVMD", a_device_with_memory_meets_one_that_leaves},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
