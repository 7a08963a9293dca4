/* SPDX-License-Identifier: BSD-2-Clause */
/* Invalidations that come late, are refused, or never come. */
#include "policy.h"

#define IOVA UINT64_C(0x200000)

static struct policy policy;
static uint16_t id = POLICY_ID(0, 0);

static void refuse_the_next(unsigned command)
{
    policy.rig.corrupt_after = command;
    policy.rig.corrupt_word0 = UINT64_C(0xf000000000000000);
}

static void go_on(void)
{
    policy.rig.completion = RIG_AT_ONCE;
    rig_pass(&policy.rig, 1);
}

static void late_is_as_good_as_at_once(void)
{
    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, id);
    policy.rig.completion = RIG_LATE;
    policy.rig.late_ns = 500000000;
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1000000, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA, 0x1000000);
    uint64_t begin_ns = policy.rig.now_ns;
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
    CHECK(policy.rig.now_ns - begin_ns >= 500000000);
    CHECK_REFUSED(&policy, id, IOVA);
    go_on();
    policy_stop(&policy);
}

static void a_timeout_keeps_pages_and_tables(void)
{
    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, id);
    for (unsigned i = 0; i < 512; i++) {
        CHECK_U64(
            amdvi_drv_map(domain, IOVA + 4096 * i, 0x1000000 + 4096 * (i ^ 1), 4096, POLICY_RW),
            AMDVI_DRV_OK);
    }
    CHECK_REACHES(&policy, id, IOVA, 0x1001000);
    unsigned held = policy.rig.held_blocks;
    uint64_t begin_ns = policy.rig.now_ns;
    policy.rig.completion = RIG_NEVER;
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 0x200000, NULL), AMDVI_DRV_ERR_TIMEOUT);
    uint64_t took_ns = policy.rig.now_ns - begin_ns;
    CHECK(took_ns >= 1500000000 && took_ns < 1700000000);
    CHECK_U64(policy.rig.held_blocks, held);
    CHECK_REACHES(&policy, id, IOVA, 0x1001000); /* that is why */

    CHECK(amdvi_drv_domain_is_poisoned(domain));
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1000000, 4096, POLICY_RW), AMDVI_DRV_ERR_POISONED);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_ERR_POISONED);
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_ERR_TIMEOUT);
    CHECK_U64(amdvi_drv_domain_destroy(domain), AMDVI_DRV_ERR_BUSY);
    CHECK_U64(policy.rig.held_blocks, held);
    go_on();
    CHECK_REFUSED(&policy, id, IOVA); /* late, but it came; nobody may rely on it */
    CHECK(amdvi_drv_domain_is_poisoned(domain));
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
    CHECK(!amdvi_drv_domain_is_poisoned(domain));
    CHECK_U64(policy.rig.held_blocks, held - 1);
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1000000, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA, 0x1000000);
    policy_stop(&policy);
}

static void a_refused_command_is_no_invalidation(void)
{
    for (unsigned n = 1; n < 3; n++) {
        if (!policy_start(&policy, &(struct policy_options){0})) {
            return;
        }
        struct amdvi_drv_domain *domain = policy_attached(&policy, id);
        CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1000000, 4096, POLICY_RW), AMDVI_DRV_OK);
        CHECK_REACHES(&policy, id, IOVA, 0x1000000);
        refuse_the_next(n);
        CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_ERR_COMMAND);
        CHECK(amdvi_drv_domain_is_poisoned(domain));
        /* Other domains go on. */
        struct amdvi_drv_domain *other = policy_attached(&policy, POLICY_ID(0, 1));
        CHECK_U64(amdvi_drv_map(other, IOVA, 0x1002000, 4096, POLICY_RW), AMDVI_DRV_OK);
        CHECK_REACHES(&policy, POLICY_ID(0, 1), IOVA, 0x1002000);
        CHECK_U64(amdvi_drv_unmap(other, IOVA, 4096, NULL), AMDVI_DRV_OK);
        CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
        CHECK_REFUSED(&policy, id, IOVA);
        policy_stop(&policy);
    }
}

/* In quarantine the caller's cookie is kept until the recovery, but for unmaps that failed. */
static void what_waited_is_released_by_the_recovery(void)
{
    int cookies[4];

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_domain(&policy, AMDVI_DRV_FLUSH_MANUAL);
    CHECK_U64(amdvi_drv_attach(domain, policy_device(&policy, id)), AMDVI_DRV_OK);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_U64(amdvi_drv_map(domain, IOVA + 4096 * i, 0x1000000, 4096, POLICY_RW), AMDVI_DRV_OK);
        CHECK_REACHES(&policy, id, IOVA + 4096 * i, 0x1000000);
    }
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, &cookies[0]), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA + 4096, 4096, &cookies[1]), AMDVI_DRV_OK);
    policy.rig.completion = RIG_NEVER;
    CHECK_U64(amdvi_drv_sync(domain), AMDVI_DRV_ERR_TIMEOUT);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA + 8192, 4096, &cookies[2]), AMDVI_DRV_ERR_POISONED);
    CHECK_U64(policy.rig.released, 0);
    go_on();
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
    CHECK_U64(policy.rig.released, 2);
    CHECK(policy.rig.last_released == &cookies[1]);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_REFUSED(&policy, id, IOVA + 4096 * i);
    }
    CHECK_REACHES(&policy, id, IOVA + 3 * 4096, 0x1000000);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA + 3 * 4096, 4096, &cookies[3]), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_sync(domain), AMDVI_DRV_OK);
    CHECK_U64(policy.rig.released, 3);
    policy_stop(&policy);
}

/* A queue that cannot be emptied: the unmap that finds it full fails, and is not lost. */
static void a_full_queue_that_is_not_completed_fails_the_unmap(void)
{
    struct amdvi_drv_domain_config config;
    struct amdvi_drv_domain *domain = NULL;

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    amdvi_drv_domain_config_init(&config);
    config.flush = AMDVI_DRV_FLUSH_MANUAL;
    config.queue_max = 1;
    CHECK_U64(amdvi_drv_domain_create(policy.drv, &config, &domain), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(domain, policy_device(&policy, id)), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1000000, 8192, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA + 4096, 0x1001000);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
    refuse_the_next(1);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA + 4096, 4096, NULL), AMDVI_DRV_ERR_COMMAND);
    CHECK_U64(policy.rig.released, 0);
    CHECK(!amdvi_drv_find(domain, IOVA + 4096, &(struct amdvi_drv_mapping){0}));
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
    CHECK_U64(policy.rig.released, 1);
    CHECK_REFUSED(&policy, id, IOVA + 4096);
    policy_stop(&policy);
}

/* A map that had to invalidate and could not: as if it had never been. */
static void a_map_that_is_not_completed_maps_nothing(void)
{
    uint64_t high = UINT64_C(1) << 45;

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, id);
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1000000, 4096, POLICY_RW), AMDVI_DRV_OK);
    policy.rig.completion = RIG_NEVER;
    CHECK_U64(amdvi_drv_map(domain, high, 0x1001000, 4096, POLICY_RW), AMDVI_DRV_ERR_TIMEOUT);
    CHECK(!amdvi_drv_find(domain, high, &(struct amdvi_drv_mapping){0}));
    go_on();
    CHECK_REFUSED(&policy, id, high);
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA, 0x1000000);
    CHECK_U64(amdvi_drv_map(domain, high, 0x1001000, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, high, 0x1001000);
    policy_stop(&policy);
}

static void a_ring_that_is_dead_fails_at_once(void)
{
    struct amdvi_drv_unit_info info;
    enum amdvi_drv_status status = AMDVI_DRV_OK;

    if (!policy_start(&policy, &(struct policy_options){.rig.units = 2})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, id);
    struct amdvi_drv_domain *other = policy_attached(&policy, POLICY_ID(1, 0));
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1000000, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(other, IOVA, 0x1001000, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA, 0x1000000);
    for (unsigned i = 0; i < 40 && status != AMDVI_DRV_ERR_HARDWARE; i++) {
        refuse_the_next(1);
        status =
            i == 0 ? amdvi_drv_unmap(domain, IOVA, 4096, NULL) : amdvi_drv_domain_recover(domain);
    }
    CHECK_U64(status, AMDVI_DRV_ERR_HARDWARE);
    policy.rig.corrupt_after = 0;
    uint64_t begin_ns = policy.rig.now_ns;
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_ERR_HARDWARE);
    CHECK(policy.rig.now_ns - begin_ns < 1000000000);
    CHECK(amdvi_drv_unit_info(policy.drv, 0, &info) && info.failed);
    /* What is blocked stays blocked, and the other unit works. */
    CHECK_REFUSED(&policy, POLICY_ID(0, 1), IOVA);
    CHECK_REACHES(&policy, POLICY_ID(1, 0), IOVA, 0x1001000);
    CHECK_U64(amdvi_drv_unmap(other, IOVA, 4096, NULL), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, POLICY_ID(1, 0), IOVA);
    /* There is no way to give all back; the process ends with it. */
}

static const struct check_case cases[] = {
    {"a completion that is late, but not too late, is waited for", "1.20 COMPLETION_WAIT",
     late_is_as_good_as_at_once},
    {"XSA-373: pages and tables stay in quarantine when a completion does not come",
     "1.20 COMPLETION_WAIT", a_timeout_keeps_pages_and_tables},
    {"XSA-373: an invalidation that was refused is an error, and of this domain only",
     "1.20 ILLEGAL_COMMAND_ERROR", a_refused_command_is_no_invalidation},
    {"XSA-346: what waited is released by the recovery, and what failed is not",
     "1.20 COMPLETION_WAIT", what_waited_is_released_by_the_recovery},
    {"XSA-373: an unmap that finds a full queue which cannot be emptied fails",
     "1.20 ILLEGAL_COMMAND_ERROR", a_full_queue_that_is_not_completed_fails_the_unmap},
    {"a map whose invalidation was not completed maps nothing", "1.20 COMPLETION_WAIT",
     a_map_that_is_not_completed_maps_nothing},
    {"a ring that is stopped for good fails every wait at once, and blocks on",
     "1.20 command buffer", a_ring_that_is_dead_fails_at_once},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
