/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains whose owner is an application or a virtual machine; and how many devices with ATS. */
#include "meet.h"
#include "policy.h"

#define FIRST UINT64_C(0x100000)
#define LAST  UINT64_C(0x7fffffff)

static struct policy policy;

struct owner {
    uint64_t first_spa;
    uint64_t last_spa;
    unsigned asked;
};

static bool may_map(void *ctx, uint64_t spa, uint64_t size_bytes, unsigned access)
{
    struct owner *owner = ctx;

    (void)access;
    owner->asked++;
    return spa >= owner->first_spa && spa + size_bytes - 1 <= owner->last_spa;
}

static struct amdvi_drv_domain *make(struct owner *owner, uint64_t bytes_max, uint32_t tables_max)
{
    struct amdvi_drv_limits limits = {.first_iova = FIRST,
                                      .last_iova = LAST,
                                      .bytes_max = bytes_max,
                                      .tables_max = tables_max,
                                      .may_map = may_map,
                                      .owner = owner};
    struct amdvi_drv_domain_config config;
    struct amdvi_drv_domain *domain = NULL;

    *owner = (struct owner){0x1800000, 0x18fffff, 0};
    amdvi_drv_domain_config_init(&config);
    config.limits = &limits;
    CHECK_U64(amdvi_drv_domain_create(policy.drv, &config, &domain), AMDVI_DRV_OK);
    memset(&limits, 0, sizeof(limits)); /* they were copied */
    return domain;
}

static void an_owner_maps_only_what_it_may(void)
{
    struct owner owner;
    uint16_t id = POLICY_ID(0, 0);

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = make(&owner, 0x3000, 0);
    CHECK_U64(amdvi_drv_attach(domain, policy_device(&policy, id)), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(domain, FIRST, 0x1800000, 0x1000, POLICY_RW), AMDVI_DRV_OK);
    CHECK_U64(owner.asked, 1);
    CHECK_U64(amdvi_drv_map(domain, FIRST - 0x1000, 0x1800000, 0x1000, POLICY_RW),
              AMDVI_DRV_ERR_LIMIT);
    CHECK_U64(amdvi_drv_map(domain, LAST + 1 - 0x1000, 0x1800000, 0x2000, POLICY_RW),
              AMDVI_DRV_ERR_LIMIT);
    CHECK_U64(amdvi_drv_map(domain, FIRST + 0x1000, 0x17ff000, 0x2000, POLICY_RW),
              AMDVI_DRV_ERR_LIMIT);
    CHECK_REFUSED(&policy, id, FIRST + 0x1000);
    CHECK_REFUSED(&policy, id, FIRST - 0x1000);
    CHECK_U64(amdvi_drv_map(domain, LAST + 1 - 0x1000, 0x18ff000, 0x1000, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, LAST - 7, 0x18ffff8);
    policy_stop(&policy);
}

static void an_owner_maps_no_more_than_its_bytes(void)
{
    struct owner owner;

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = make(&owner, 0x3000, 0);
    CHECK_U64(amdvi_drv_map(domain, FIRST, 0x1800000, 0x4000, POLICY_RW), AMDVI_DRV_ERR_LIMIT);
    CHECK_U64(amdvi_drv_map(domain, FIRST, 0x1800000, 0x2000, POLICY_RW), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(domain, FIRST + 0x2000, 0x1800000, 0x2000, POLICY_RW),
              AMDVI_DRV_ERR_LIMIT);
    CHECK_U64(amdvi_drv_map(domain, FIRST + 0x2000, 0x1800000, 0x1000, POLICY_RW), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_unmap(domain, FIRST, 0x1000, NULL), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(domain, FIRST + 0x8000, 0x1800000, 0x1000, POLICY_RW), AMDVI_DRV_OK);
    policy_stop(&policy);
}

static void an_owner_has_no_more_than_its_tables(void)
{
    struct owner owner;
    enum amdvi_drv_status status = AMDVI_DRV_OK;
    unsigned mapped = 0;

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = make(&owner, UINT64_MAX, 5);
    for (uint64_t iova = FIRST; status == AMDVI_DRV_OK && mapped < 100; iova += 0x200000) {
        status = amdvi_drv_map(domain, iova, 0x1800000, 0x1000, POLICY_RW);
        mapped += status == AMDVI_DRV_OK ? 1 : 0;
    }
    CHECK_U64(status, AMDVI_DRV_ERR_LIMIT);
    CHECK_U64(mapped, 3); /* of five, one is the root, one its only child */
    CHECK_U64(domain->pages.tables, 5);
    policy_stop(&policy);
}

/* Firmware's memory for its device is nothing that the owner asked for. */
static void firmware_memory_is_not_the_owners(void)
{
    static const struct amdvi_ivrs_memory memory = {.kind = AMDVI_IVRS_MEMORY_SELECT,
                                                    .device_id = POLICY_ID(0, 0),
                                                    .last_device_id = POLICY_ID(0, 0),
                                                    .spa_start = 0x800000,
                                                    .size_bytes = 0x10000,
                                                    .is_unity = true,
                                                    .can_read = true,
                                                    .can_write = true};
    struct owner owner;

    if (!policy_start(&policy, &(struct policy_options){.memory = &memory, .memory_count = 1})) {
        return;
    }
    struct amdvi_drv_domain *domain = make(&owner, 0x3000, 0);
    CHECK_U64(amdvi_drv_attach(domain, policy_device(&policy, POLICY_ID(0, 0))), AMDVI_DRV_OK);
    CHECK_U64(owner.asked, 0);
    CHECK_U64(amdvi_drv_map(domain, FIRST, 0x1800000, 0x3000, POLICY_RW), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_unmap(domain, 0x800000, 0x1000, NULL), AMDVI_DRV_ERR_RESERVED);
    CHECK_U64(amdvi_drv_map(domain, FIRST + 0x3000, 0x1800000, 0x1000, POLICY_RW),
              AMDVI_DRV_ERR_LIMIT);
    policy_stop(&policy);
}

static void all_that_cannot_be_mapped_is_listed(void)
{
    struct amdvi_drv_reserved_range range;
    struct owner owner;
    unsigned count[4] = {0};

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = make(&owner, UINT64_MAX, 0);
    struct amdvi_drv_device *device = policy_device(&policy, POLICY_ID(0, 0));
    for (unsigned i = 0; amdvi_drv_reserved_range(device, domain, i, &range); i++) {
        count[range.kind]++;
        CHECK(range.first_iova <= range.last_iova);
        if (range.kind == AMDVI_DRV_RESERVED_LIMIT) {
            CHECK(range.last_iova == FIRST - 1 || range.first_iova == LAST + 1);
        }
    }
    CHECK_U64(count[AMDVI_DRV_RESERVED_MSI], 1);
    CHECK_U64(count[AMDVI_DRV_RESERVED_HYPERTRANSPORT], 1);
    CHECK_U64(count[AMDVI_DRV_RESERVED_LIMIT], 2);
    CHECK_U64(count[AMDVI_DRV_RESERVED_FIRMWARE], 0);
    policy_stop(&policy);
}

/* ---- Devices with ATS ------------------------------------------------------------------------ */

#define ATS_IOVA UINT64_C(0x200000)

static const struct policy_options with_ats = {.rig.iotlb_sup = true};
static struct amdvi_drv_host true_host;

/* Each function has ATS, at the same place. */
static bool any_ats_read(void *ctx, uint16_t segment, uint16_t device_id, uint16_t offset,
                         uint32_t *out)
{
    if (offset == RIG_ATS_OFFSET || offset == RIG_ATS_OFFSET + 4) {
        *out = offset == RIG_ATS_OFFSET ? 0x0001000f : 0;
        return true;
    }
    return true_host.config_read32(ctx, segment, device_id, offset, out);
}

static bool any_ats_write(void *ctx, uint16_t segment, uint16_t device_id, uint16_t offset,
                          uint32_t value)
{
    return offset == RIG_ATS_OFFSET + 4 ||
           true_host.config_write32(ctx, segment, device_id, offset, value);
}

/* One device with ATS more than a domain takes, all of them added, and a domain for them; or NULL.
 */
static struct amdvi_drv_domain *
start_with_devices(struct amdvi_drv_device *device[AMDVI_DRV_ATS_MAX + 1])
{
    if (!policy_start(&policy, &with_ats)) {
        return NULL;
    }
    true_host = policy.rig.host;
    policy.rig.host.config_read32 = any_ats_read;
    policy.rig.host.config_write32 = any_ats_write;
    for (unsigned i = 0; i < AMDVI_DRV_ATS_MAX + 1; i++) {
        struct amdvi_drv_device_config config = {.device_id = (uint16_t)(POLICY_DEVICES + i),
                                                 .trusted = true,
                                                 .ats_offset = RIG_ATS_OFFSET};
        CHECK_U64(amdvi_drv_device_add(policy.drv, &config, &device[i]), AMDVI_DRV_OK);
    }
    return policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
}

/* A flush is one submission, of commands for each of them. */
static void there_are_not_too_many_in_a_domain(void)
{
    struct amdvi_drv_device *device[AMDVI_DRV_ATS_MAX + 1];

    struct amdvi_drv_domain *domain = start_with_devices(device);
    if (domain == NULL) {
        return;
    }
    for (unsigned i = 0; i < AMDVI_DRV_ATS_MAX + 1; i++) {
        if (i < AMDVI_DRV_ATS_MAX) {
            CHECK_U64(amdvi_drv_attach(domain, device[i]), AMDVI_DRV_OK);
        }
        CHECK_U64(amdvi_drv_ats_enable(device[i]), AMDVI_DRV_OK);
    }
    CHECK_U64(domain->ats_count, AMDVI_DRV_ATS_MAX);
    CHECK_U64(amdvi_drv_attach(domain, device[AMDVI_DRV_ATS_MAX]), AMDVI_DRV_ERR_LIMIT);
    /* The other way round, too. */
    CHECK_U64(amdvi_drv_ats_disable(device[AMDVI_DRV_ATS_MAX]), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(domain, device[AMDVI_DRV_ATS_MAX]), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_ats_enable(device[AMDVI_DRV_ATS_MAX]), AMDVI_DRV_ERR_LIMIT);
    unsigned before = policy.rig.unit[0].machine.iotlb_requests;
    CHECK_U64(amdvi_drv_map(domain, ATS_IOVA, 0x1000000, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_unmap(domain, ATS_IOVA, 4096, NULL), AMDVI_DRV_OK);
    CHECK_U64(policy.rig.unit[0].machine.iotlb_requests - before, AMDVI_DRV_ATS_MAX);
    policy_stop(&policy);
}

static struct {
    struct amdvi_drv_domain *domain;
    struct amdvi_drv_device *device;
    enum amdvi_drv_status status;
} other;

static void attach_other(void)
{
    other.status = amdvi_drv_attach(other.domain, other.device);
}

static void two_at_once_do_not_pass_the_limit(void)
{
    struct amdvi_drv_device *device[AMDVI_DRV_ATS_MAX + 1];
    unsigned limits = 0;

    struct amdvi_drv_domain *domain = start_with_devices(device);
    if (domain == NULL) {
        return;
    }
    for (unsigned i = 0; i < AMDVI_DRV_ATS_MAX + 1; i++) {
        CHECK_U64(amdvi_drv_ats_enable(device[i]), AMDVI_DRV_OK);
        if (i < AMDVI_DRV_ATS_MAX - 1) {
            CHECK_U64(amdvi_drv_attach(domain, device[i]), AMDVI_DRV_OK);
        }
    }
    struct amdvi_drv_device *ours = device[AMDVI_DRV_ATS_MAX - 1];
    other.domain = domain;
    other.device = device[AMDVI_DRV_ATS_MAX];
    for (meet_start(); meet_again();) {
        meet_arm(&policy.rig, attach_other);
        enum amdvi_drv_status status = amdvi_drv_attach(domain, ours);
        meet_disarm();
        CHECK_U64(domain->ats_count, AMDVI_DRV_ATS_MAX);
        if (meet.has_met) {
            CHECK((status == AMDVI_DRV_OK && other.status == AMDVI_DRV_ERR_LIMIT) ||
                  (status == AMDVI_DRV_ERR_LIMIT && other.status == AMDVI_DRV_OK));
            limits += status == AMDVI_DRV_ERR_LIMIT ? 1 : 0;
        }
        CHECK_U64(amdvi_drv_detach(status == AMDVI_DRV_OK ? ours : other.device), AMDVI_DRV_OK);
    }
    CHECK(limits != 0 && meet.at - limits > 2); /* either was first */
    policy_stop(&policy);
}

static const struct check_case cases[] = {
    {"an owner maps only its memory, and only where it may", NULL, an_owner_maps_only_what_it_may},
    {"an owner maps no more bytes than its limit, and gets them back by unmapping", NULL,
     an_owner_maps_no_more_than_its_bytes},
    {"an owner has no more page tables than its limit", NULL, an_owner_has_no_more_than_its_tables},
    {"firmware's memory does not count as the owner's", "1.20 IVMD",
     firmware_memory_is_not_the_owners},
    {"all that cannot be mapped is listed", NULL, all_that_cannot_be_mapped_is_listed},
    {"a domain has no more devices with ATS than one flush can tell", NULL,
     there_are_not_too_many_in_a_domain},
    {"two attached at once do not pass that limit, at whatever moment they meet", NULL,
     two_at_once_do_not_pass_the_limit},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
