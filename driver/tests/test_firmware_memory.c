/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that firmware demands (IVMD): there at every moment, for those it is for, as it says. */
#include "policy.h"

#define IOVA UINT64_C(0x200000)

static struct policy policy;

/* Memory of firmware's own, below what the rig gives to anybody. */
#define FIRST  UINT64_C(0x800000)
#define SECOND UINT64_C(0x900000)

static const struct amdvi_ivrs_memory memories[] = {
    {.kind = AMDVI_IVRS_MEMORY_SELECT,
     .device_id = POLICY_ID(0, 0),
     .last_device_id = POLICY_ID(0, 0),
     .spa_start = FIRST,
     .size_bytes = 0x3000,
     .is_unity = true,
     .can_read = true,
     .can_write = true},
    {.kind = AMDVI_IVRS_MEMORY_SELECT,
     .device_id = POLICY_ID(0, 1),
     .last_device_id = POLICY_ID(0, 1),
     .spa_start = SECOND,
     .size_bytes = 0x2000,
     .is_unity = true,
     .can_read = true,
     .can_write = false},
};

static const struct policy_options with_memory = {.memory = memories, .memory_count = 2};

static struct amdvi_drv_domain *make(uint64_t spa)
{
    struct amdvi_drv_domain *domain = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);

    CHECK_U64(amdvi_drv_map(domain, IOVA, spa, 4096, POLICY_RW), AMDVI_DRV_OK);
    return domain;
}

static void it_is_there_from_start_to_stop(void)
{
    uint16_t id = POLICY_ID(0, 0);

    if (!policy_start(&policy, &with_memory)) {
        return;
    }
    /* Nobody has added the device. */
    CHECK_REACHES(&policy, id, FIRST, FIRST);
    CHECK_REACHES(&policy, id, FIRST + 0x2ff8, FIRST + 0x2ff8);
    CHECK_REFUSED(&policy, id, FIRST + 0x3000);
    CHECK_REFUSED(&policy, id, SECOND);
    CHECK_REFUSED(&policy, POLICY_ID(0, 2), FIRST);
    CHECK_U64(policy_reach(&policy, POLICY_ID(0, 1), SECOND, false), SECOND);
    CHECK_U64(policy_reach(&policy, POLICY_ID(0, 1), SECOND, true), POLICY_NOWHERE);

    struct amdvi_drv_domain *domain = make(0x1000000);
    struct amdvi_drv_device *device = policy_device(&policy, id);
    CHECK_REACHES(&policy, id, FIRST, FIRST);
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, FIRST, FIRST);
    CHECK_REACHES(&policy, id, IOVA, 0x1000000);
    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, FIRST, FIRST);
    CHECK_REFUSED(&policy, id, IOVA);
    CHECK_U64(amdvi_drv_device_remove(device), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, FIRST, FIRST);
    policy_stop(&policy);
}

static void check_claims(struct rig *rig, enum rig_change what)
{
    (void)what;
    rig_check(rig);
}

static void it_is_there_at_each_store(void)
{
    uint16_t id = POLICY_ID(0, 0);
    struct policy_options options = with_memory;

    options.rig.store128 = true;
    options.rig.caches = 1;
    if (!policy_start(&policy, &options)) {
        return;
    }
    struct rig *rig = &policy.rig;
    struct amdvi_drv_domain *domain = make(0x1000000);
    struct amdvi_drv_device *device = policy_device(&policy, id);
    const struct amdvi_drv_block *table = &policy.drv->units[0]->table.block;
    rig_must(rig, 0, id, FIRST, FIRST);
    rig_may(rig, 0, id, IOVA, 0x1000000);
    rig->changed = check_claims;
    if (!rig_watch(rig, table->bytes, table->size_bytes)) {
        check_skip("single stores cannot be watched here");
    }
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    rig->changed = NULL;
    rig_unwatch(rig);
    rig_may_not(rig, 0, id, IOVA);
    CHECK(rig_check(rig));
    policy_stop(&policy);
}

static void it_cannot_be_mapped_over_or_unmapped(void)
{
    struct amdvi_drv_reserved_range range;
    bool found = false;

    if (!policy_start(&policy, &with_memory)) {
        return;
    }
    struct amdvi_drv_domain *domain = make(0x1000000);
    struct amdvi_drv_device *device = policy_device(&policy, POLICY_ID(0, 0));
    for (unsigned i = 0; amdvi_drv_reserved_range(device, NULL, i, &range); i++) {
        found = found || (range.kind == AMDVI_DRV_RESERVED_FIRMWARE && range.first_iova == FIRST &&
                          range.last_iova == FIRST + 0x2fff);
        CHECK(range.kind != AMDVI_DRV_RESERVED_FIRMWARE || range.first_iova == FIRST);
    }
    CHECK(found);
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(domain, FIRST, 0x1000000, 4096, POLICY_RW), AMDVI_DRV_ERR_RESERVED);
    CHECK_U64(amdvi_drv_map(domain, FIRST - 0x1000, 0x1000000, 0x2000, POLICY_RW),
              AMDVI_DRV_ERR_RESERVED);
    CHECK_U64(amdvi_drv_unmap(domain, FIRST + 0x2000, 0x2000, NULL), AMDVI_DRV_ERR_RESERVED);
    CHECK_U64(amdvi_drv_unmap(domain, 0, 0x1000000, NULL), AMDVI_DRV_ERR_RESERVED);
    CHECK_REACHES(&policy, POLICY_ID(0, 0), IOVA, 0x1000000);
    CHECK_REACHES(&policy, POLICY_ID(0, 0), FIRST + 0x2000, FIRST + 0x2000);
    policy_stop(&policy);
}

static void it_leaves_the_domain_with_the_last_device(void)
{
    if (!policy_start(&policy, &with_memory)) {
        return;
    }
    struct amdvi_drv_domain *domain = make(0x1000000);
    struct amdvi_drv_device *first = policy_device(&policy, POLICY_ID(0, 0));
    struct amdvi_drv_device *second = policy_device(&policy, POLICY_ID(0, 1));
    struct amdvi_drv_device *plain = policy_device(&policy, POLICY_ID(0, 2));
    CHECK_U64(amdvi_drv_attach(domain, first), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(domain, second), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(domain, plain), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, POLICY_ID(0, 2), FIRST, FIRST); /* one domain, one address space */
    CHECK_U64(amdvi_drv_detach(first), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, POLICY_ID(0, 2), FIRST);
    CHECK_U64(policy_reach(&policy, POLICY_ID(0, 2), SECOND + 0x1000, false), SECOND + 0x1000);
    CHECK_U64(amdvi_drv_map(domain, FIRST, 0x1001000, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, POLICY_ID(0, 2), FIRST, 0x1001000);
    /* Now it cannot come back. */
    CHECK_U64(amdvi_drv_attach(domain, first), AMDVI_DRV_ERR_EXISTS);
    CHECK_REACHES(&policy, POLICY_ID(0, 0), FIRST, FIRST);
    CHECK_REFUSED(&policy, POLICY_ID(0, 0), IOVA);
    CHECK(!amdvi_drv_domain_is_poisoned(domain));
    CHECK_U64(amdvi_drv_unmap(domain, FIRST, 4096, NULL), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(domain, first), AMDVI_DRV_OK);
    CHECK_U64(domain->firmware_bytes, 0x5000);
    policy_stop(&policy);
}

/* XSA-378: two that overlap stay two; the common page goes with the last. */
static void overlapping_memories_are_kept_apart(void)
{
    struct amdvi_ivrs_memory both[2] = {memories[0], memories[0]};
    struct policy_options options = {.memory = both, .memory_count = 2};

    both[1].device_id = both[1].last_device_id = POLICY_ID(0, 1);
    both[1].spa_start = FIRST + 0x1000;
    both[1].size_bytes = 0x4000;
    if (!policy_start(&policy, &options)) {
        return;
    }
    CHECK_REFUSED(&policy, POLICY_ID(0, 0), FIRST + 0x3000);
    CHECK_REFUSED(&policy, POLICY_ID(0, 1), FIRST);
    struct amdvi_drv_domain *domain = make(0x1000000);
    struct amdvi_drv_device *first = policy_device(&policy, POLICY_ID(0, 0));
    struct amdvi_drv_device *second = policy_device(&policy, POLICY_ID(0, 1));
    CHECK_U64(amdvi_drv_attach(domain, first), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(domain, second), AMDVI_DRV_OK);
    CHECK_U64(domain->firmware_bytes, 0x5000);
    CHECK_U64(amdvi_drv_detach(first), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, POLICY_ID(0, 1), FIRST);
    CHECK_REACHES(&policy, POLICY_ID(0, 1), FIRST + 0x1000, FIRST + 0x1000);
    CHECK_REACHES(&policy, POLICY_ID(0, 1), FIRST + 0x4000, FIRST + 0x4000);
    CHECK_U64(domain->firmware_bytes, 0x4000);
    CHECK_U64(amdvi_drv_detach(second), AMDVI_DRV_OK);
    CHECK_U64(domain->firmware_bytes, 0);
    policy_stop(&policy);
}

/* Other rights for the same page, of devices that are not one: not in one domain. */
static void contradicting_memories_are_not_in_one_domain(void)
{
    struct amdvi_ivrs_memory both[2] = {memories[0], memories[0]};
    struct policy_options options = {.memory = both, .memory_count = 2};

    both[1].device_id = both[1].last_device_id = POLICY_ID(0, 1);
    both[1].can_write = false;
    if (!policy_start(&policy, &options)) {
        return;
    }
    CHECK_U64(policy_reach(&policy, POLICY_ID(0, 1), FIRST, true), POLICY_NOWHERE);
    struct amdvi_drv_domain *domain = make(0x1000000);
    CHECK_U64(amdvi_drv_attach(domain, policy_device(&policy, POLICY_ID(0, 0))), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(domain, policy_device(&policy, POLICY_ID(0, 1))),
              AMDVI_DRV_ERR_EXISTS);
    CHECK_U64(policy_reach(&policy, POLICY_ID(0, 1), FIRST, false), FIRST);
    CHECK_U64(policy_reach(&policy, POLICY_ID(0, 1), FIRST, true), POLICY_NOWHERE);
    CHECK_REACHES(&policy, POLICY_ID(0, 0), FIRST, FIRST);
    policy_stop(&policy);
}

/* Neither without store128, when the way home is in two steps, nor when it is not completed. */
static void it_is_there_after_an_error(void)
{
    uint16_t id = POLICY_ID(0, 0);

    for (unsigned store128 = 0; store128 < 2; store128++) {
        for (unsigned n = 1; n < 7; n++) {
            struct policy_options options = with_memory;
            options.rig.store128 = store128 != 0;
            if (!policy_start(&policy, &options)) {
                return;
            }
            struct amdvi_drv_domain *domain = make(0x1000000);
            struct amdvi_drv_device *device = policy_device(&policy, id);
            policy.rig.corrupt_after = n;
            policy.rig.corrupt_word0 = UINT64_C(0xf000000000000000);
            enum amdvi_drv_status status = amdvi_drv_attach(domain, device);
            CHECK(status == AMDVI_DRV_ERR_COMMAND || n > 5);
            if (status == AMDVI_DRV_OK) {
                bool will_be_refused = policy.rig.corrupt_after != 0;
                status = amdvi_drv_detach(device);
                CHECK_U64(status, will_be_refused ? AMDVI_DRV_ERR_COMMAND : AMDVI_DRV_OK);
            }
            policy.rig.corrupt_after = 0;
            CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
            CHECK_REFUSED(&policy, id, IOVA);
            CHECK_REACHES(&policy, id, FIRST, FIRST);
            policy_stop(&policy);
        }
    }
}

static const struct check_case cases[] = {
    {"XSA-400: firmware's memory is there before, while and after a device is attached",
     "1.20 IVMD", it_is_there_from_start_to_stop},
    {"XSA-400: with 16-byte stores it is there at each store of attach and detach", "1.20 IVMD",
     it_is_there_at_each_store},
    {"firmware's memory is reserved: not mapped over, not unmapped", "1.20 IVMD",
     it_cannot_be_mapped_over_or_unmapped},
    {"firmware's memory leaves a domain with the last device that it is for, and no earlier",
     "1.20 IVMD", it_leaves_the_domain_with_the_last_device},
    {"XSA-378: memories that overlap are kept apart", "1.20 IVMD",
     overlapping_memories_are_kept_apart},
    {"XSA-378: memories that contradict each other are not in one domain", "1.20 IVMD",
     contradicting_memories_are_not_in_one_domain},
    {"XSA-400: it is there after an attach that was not completed", "1.20 IVMD",
     it_is_there_after_an_error},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
