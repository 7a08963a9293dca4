/* SPDX-License-Identifier: BSD-2-Clause */
/* Strict domains: map, unmap, find, growth, on one unit and on several. */
#include "policy.h"

#define IOVA UINT64_C(0x200000)

static struct policy policy;

static void nothing_is_reached_when_unmap_returned(void)
{
    static const uint64_t sizes[] = {0x1000, 0x8000, 0x200000};
    uint16_t id = POLICY_ID(0, 0);

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, id);
    for (unsigned i = 0; i < 3; i++) {
        struct amdvi_drv_block memory = policy_memory(&policy, sizes[i]);
        CHECK_U64(amdvi_drv_map(domain, IOVA, memory.spa, sizes[i], POLICY_RW), AMDVI_DRV_OK);
        CHECK_REACHES(&policy, id, IOVA, memory.spa);
        CHECK_REACHES(&policy, id, IOVA + sizes[i] - 8, memory.spa + sizes[i] - 8);
        CHECK_U64(amdvi_drv_unmap(domain, IOVA, sizes[i], NULL), AMDVI_DRV_OK);
        CHECK_REFUSED(&policy, id, IOVA);
        CHECK_REFUSED(&policy, id, IOVA + sizes[i] - 8);
    }
    policy_stop(&policy);
}

/* @np_cache: the unit remembers what was not present, and says so. */
static void unmap_and_map_again(bool np_cache)
{
    uint16_t id = POLICY_ID(0, 0);

    if (!policy_start(&policy, &(struct policy_options){.np_cache = np_cache})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, id);
    struct amdvi_drv_block memory = policy_memory(&policy, 8192);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_REFUSED(&policy, id, IOVA);
        CHECK_U64(amdvi_drv_map(domain, IOVA, memory.spa, 8192, POLICY_RW), AMDVI_DRV_OK);
        CHECK_REACHES(&policy, id, IOVA, memory.spa);
        CHECK_REACHES(&policy, id, IOVA + 4096, memory.spa + 4096);
        CHECK_U64(amdvi_drv_unmap(domain, IOVA, 8192, NULL), AMDVI_DRV_OK);
        CHECK_REFUSED(&policy, id, IOVA + 4096);
    }
    /* Nothing is there, and it is invalidated all the same. */
    unsigned before = policy.rig.unit[0].machine.invalidations;
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 8192, NULL), AMDVI_DRV_OK);
    CHECK(policy.rig.unit[0].machine.invalidations > before);
    policy_stop(&policy);
}

static void unmap_is_flushed_whatever_np_cache_says(void)
{
    unmap_and_map_again(false);
    unmap_and_map_again(true);
}

static void a_domain_is_flushed_by_its_number(void)
{
    uint16_t id = POLICY_ID(0, 3);

    if (!policy_start(&policy, &(struct policy_options){.rig.units = 3})) {
        return;
    }
    struct amdvi_drv_domain *other = policy_attached(&policy, POLICY_ID(0, 1));
    struct amdvi_drv_domain *domain = policy_attached(&policy, id);
    CHECK_U64(amdvi_drv_attach(domain, policy_device(&policy, POLICY_ID(2, 0))), AMDVI_DRV_OK);
    CHECK(other->domain_id != domain->domain_id);
    struct amdvi_drv_block memory = policy_memory(&policy, 4096);
    CHECK_U64(amdvi_drv_map(domain, IOVA, memory.spa, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA, memory.spa);
    CHECK_REACHES(&policy, POLICY_ID(2, 0), IOVA, memory.spa);

    unsigned tails = policy.rig.unit[1].writes[AMDVI_REG_CMD_BUF_TAIL];
    unsigned before[3];
    for (unsigned i = 0; i < 3; i++) {
        before[i] = policy.rig.unit[i].machine.invalidations;
    }
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
    for (unsigned i = 0; i < 3; i += 2) {
        struct machine *machine = &policy.rig.unit[i].machine;
        CHECK_U64(machine->invalidations, before[i] + 1);
        const struct amdvi_invalidation *what = &machine->invalidation[before[i] % MACHINE_RECORDS];
        CHECK(what->kind == AMDVI_INVALIDATED_DOMAIN);
        CHECK_U64(what->domain_id, domain->domain_id);
        CHECK_U64(what->first_iova, IOVA);
        CHECK_U64(what->last_iova, IOVA + 4095);
    }
    CHECK_U64(policy.rig.unit[1].writes[AMDVI_REG_CMD_BUF_TAIL], tails);
    CHECK_REFUSED(&policy, id, IOVA);
    CHECK_REFUSED(&policy, POLICY_ID(2, 0), IOVA);
    policy_stop(&policy);
}

static void a_large_range_is_one_invalidation(void)
{
    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, POLICY_ID(0, 0));
    struct amdvi_drv_block memory = policy_memory(&policy, 0x100000);
    for (uint64_t at = 0; at < 0x100000; at += 4096) {
        CHECK_U64(amdvi_drv_map(domain, IOVA + at, memory.spa + at, 4096, POLICY_RW), AMDVI_DRV_OK);
    }
    struct machine *machine = &policy.rig.unit[0].machine;
    unsigned before = machine->invalidations;
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 0x100000, NULL), AMDVI_DRV_OK);
    CHECK_U64(machine->invalidations, before + 1);
    CHECK_U64(machine->invalidation[before % MACHINE_RECORDS].first_iova, IOVA);
    CHECK_U64(machine->invalidation[before % MACHINE_RECORDS].last_iova, IOVA + 0xfffff);
    policy_stop(&policy);
}

/* All that attached devices reach goes on being reached while and after tables grow. */
static void grow(const struct policy_options *options)
{
    static const uint16_t ids[] = {POLICY_ID(0, 0), POLICY_ID(0, 1), POLICY_ID(1, 0)};

    if (!policy_start(&policy, options)) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
    struct amdvi_drv_block memory = policy_memory(&policy, 8192);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_U64(amdvi_drv_attach(domain, policy_device(&policy, ids[i])), AMDVI_DRV_OK);
    }
    CHECK_U64(amdvi_drv_map(domain, IOVA, memory.spa, 4096, POLICY_RW), AMDVI_DRV_OK);
    /* Beyond 3, 4 and 5 levels. */
    for (unsigned bit = 40; bit <= 60; bit += 10) {
        uint64_t high = UINT64_C(1) << bit;
        for (unsigned i = 0; i < 3; i++) {
            CHECK_REACHES(&policy, ids[i], IOVA, memory.spa);
            CHECK_REFUSED(&policy, ids[i], high);
        }
        CHECK_U64(amdvi_drv_map(domain, high, memory.spa + 4096, 4096, POLICY_RW), AMDVI_DRV_OK);
        for (unsigned i = 0; i < 3; i++) {
            CHECK_REACHES(&policy, ids[i], IOVA, memory.spa);
            CHECK_REACHES(&policy, ids[i], high, memory.spa + 4096);
        }
    }
    CHECK_U64(domain->pages.level, 6);
    CHECK_U64(domain->root_moving, 0);
    policy_stop(&policy);
}

static void tables_grow_under_devices(void)
{
    grow(&(struct policy_options){.rig.units = 2});
    grow(&(struct policy_options){.rig.units = 2, .np_cache = true});
    grow(&(struct policy_options){.rig = {.units = 2, .store128 = true}});
    grow(&(struct policy_options){.rig = {.units = 2, .only32 = true, .no_locks = true}});
}

static void what_cannot_be_mapped_is_refused_and_changes_nothing(void)
{
    uint16_t id = POLICY_ID(0, 0);

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, id);
    struct amdvi_drv_block memory = policy_memory(&policy, 8192);
    uint64_t spa = memory.spa;
    CHECK_U64(amdvi_drv_map(domain, IOVA, spa, 4096, AMDVI_DRV_READ), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(domain, IOVA - 4096, spa, 12288, POLICY_RW), AMDVI_DRV_ERR_EXISTS);
    CHECK_REFUSED(&policy, id, IOVA - 4096);
    CHECK_U64(policy_reach(&policy, id, IOVA, false), spa);
    CHECK_U64(policy_reach(&policy, id, IOVA, true), POLICY_NOWHERE);

    static const uint64_t reserved[] = {0xfee00000, 0xfeeff000, 0xfd00000000, 0xfffffff000};
    for (unsigned i = 0; i < 4; i++) {
        CHECK_U64(amdvi_drv_map(domain, reserved[i], spa, 4096, POLICY_RW), AMDVI_DRV_ERR_RESERVED);
    }
    CHECK_U64(amdvi_drv_map(domain, 0xfedff000, spa, 8192, POLICY_RW), AMDVI_DRV_ERR_RESERVED);
    CHECK_U64(amdvi_drv_map(domain, 0xfef00000, spa, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(domain, 0x10000000000, spa, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(domain, IOVA + 1, spa, 4096, POLICY_RW), AMDVI_DRV_ERR_ARGUMENT);
    CHECK_U64(amdvi_drv_map(domain, IOVA, spa, 0, POLICY_RW), AMDVI_DRV_ERR_ARGUMENT);
    CHECK_U64(amdvi_drv_map(domain, 0xfffffffffffff000, spa, 8192, POLICY_RW),
              AMDVI_DRV_ERR_ARGUMENT);
    CHECK_U64(amdvi_drv_unmap(domain, 0xfffffffffffff000, 8192, NULL), AMDVI_DRV_ERR_ARGUMENT);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 0, NULL), AMDVI_DRV_ERR_ARGUMENT);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 100, NULL), AMDVI_DRV_ERR_ARGUMENT);
    policy_stop(&policy);
}

static void find_says_where_an_iova_leads(void)
{
    struct amdvi_drv_mapping mapping;

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x5000, 4096, AMDVI_DRV_WRITE), AMDVI_DRV_OK);
    CHECK(amdvi_drv_find(domain, IOVA + 0x10, &mapping));
    CHECK_U64(mapping.spa, 0x5010);
    CHECK_U64(mapping.run_bytes, 0xff0);
    CHECK_U64(mapping.access, AMDVI_DRV_WRITE);
    CHECK(!amdvi_drv_find(domain, IOVA + 4096, &mapping));
    policy_stop(&policy);
}

static struct amdvi_drv_domain *domain_of_kind(enum amdvi_drv_domain_kind kind)
{
    struct amdvi_drv_domain_config config;
    struct amdvi_drv_domain *domain = NULL;

    amdvi_drv_domain_config_init(&config);
    config.kind = kind;
    CHECK_U64(amdvi_drv_domain_create(policy.drv, &config, &domain), AMDVI_DRV_OK);
    return domain;
}

static void identity_is_for_trusted_devices(void)
{
    struct amdvi_drv_mapping mapping;
    uint16_t id = POLICY_ID(0, 0);

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_block memory = policy_memory(&policy, 4096);
    struct amdvi_drv_domain *domain = domain_of_kind(AMDVI_DRV_DOMAIN_IDENTITY);
    struct amdvi_drv_device *untrusted =
        policy_device_with(&policy, POLICY_ID(0, 1), false, NULL, 0, false);
    CHECK_U64(amdvi_drv_attach(domain, untrusted), AMDVI_DRV_ERR_UNTRUSTED);
    CHECK_REFUSED(&policy, POLICY_ID(0, 1), memory.spa);
    struct amdvi_drv_device *device = policy_device(&policy, id);
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, memory.spa, memory.spa);
    CHECK(amdvi_drv_find(domain, 0x1234, &mapping) && mapping.spa == 0x1234);
    CHECK_U64(amdvi_drv_map(domain, IOVA, memory.spa, 4096, POLICY_RW), AMDVI_DRV_ERR_UNSUPPORTED);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_ERR_UNSUPPORTED);
    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, id, memory.spa);
    policy_stop(&policy);
}

static unsigned faults_of_domain;
static uint16_t domain_of_fault;

static void hear(struct rig *rig, const struct amdvi_drv_report *report)
{
    (void)rig;
    if (report->event.code == AMDVI_EVENT_IO_PAGE_FAULT) {
        faults_of_domain++;
        domain_of_fault = report->event.domain_id;
    }
}

static void a_blocked_domain_is_reached_by_nobody(void)
{
    struct amdvi_drv_mapping mapping;
    uint16_t id = POLICY_ID(0, 0);

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_block memory = policy_memory(&policy, 4096);
    struct amdvi_drv_domain *blocked = domain_of_kind(AMDVI_DRV_DOMAIN_BLOCKED);
    struct amdvi_drv_domain *paged = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
    struct amdvi_drv_device *device = policy_device(&policy, id);
    CHECK_U64(amdvi_drv_attach(paged, device), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(paged, IOVA, memory.spa, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA, memory.spa);

    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(blocked, device), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, id, IOVA);
    CHECK_REFUSED(&policy, id, memory.spa);
    CHECK(!amdvi_drv_find(blocked, IOVA, &mapping));
    CHECK_U64(amdvi_drv_map(blocked, IOVA, memory.spa, 4096, POLICY_RW), AMDVI_DRV_ERR_UNSUPPORTED);
    CHECK_U64(amdvi_drv_domain_destroy(blocked), AMDVI_DRV_ERR_BUSY);
    /* Whose fault it was is told. */
    policy.rig.event = hear;
    faults_of_domain = 0;
    CHECK_REFUSED(&policy, id, IOVA);
    amdvi_drv_poll(policy.drv);
    CHECK(faults_of_domain != 0);
    CHECK_U64(domain_of_fault, blocked->domain_id);

    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(paged, device), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA, memory.spa);
    CHECK_U64(amdvi_drv_domain_destroy(blocked), AMDVI_DRV_OK);
    policy_stop(&policy);
}

static void a_number_is_never_that_of_two_domains(void)
{
    struct amdvi_drv_domain *domains[8];
    struct amdvi_drv_domain_config config;
    struct amdvi_drv_domain *one_more = NULL;

    if (!policy_start(&policy, &(struct policy_options){.domains_max = 8})) {
        return;
    }
    for (unsigned i = 0; i < 8; i++) {
        domains[i] = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
        CHECK(domains[i]->domain_id != 0);
        for (unsigned j = 0; j < i; j++) {
            CHECK(domains[i]->domain_id != domains[j]->domain_id);
        }
    }
    amdvi_drv_domain_config_init(&config);
    CHECK_U64(amdvi_drv_domain_create(policy.drv, &config, &one_more), AMDVI_DRV_ERR_LIMIT);
    /* One that was given back is not the next to be given out; and around the end of all. */
    uint16_t old = domains[3]->domain_id;
    CHECK_U64(amdvi_drv_domain_destroy(domains[3]), AMDVI_DRV_OK);
    for (unsigned i = 0; i < 70000; i++) {
        if (amdvi_drv_domain_create(policy.drv, &config, &one_more) != AMDVI_DRV_OK) {
            CHECK(false);
            break;
        }
        bool is_other = one_more->domain_id != 0 && (i != 0 || one_more->domain_id != old);
        for (unsigned j = 0; j < 8; j++) {
            is_other = is_other && (j == 3 || one_more->domain_id != domains[j]->domain_id);
        }
        if (!is_other || amdvi_drv_domain_destroy(one_more) != AMDVI_DRV_OK) {
            CHECK(false);
            break;
        }
    }
    policy_stop(&policy);
}

static void a_domain_in_use_is_not_destroyed(void)
{
    struct amdvi_drv_domain_config config;
    struct amdvi_drv_domain *domain = NULL;

    if (!policy_start(&policy, &(struct policy_options){.rig.no_timer = true})) {
        return;
    }
    amdvi_drv_domain_config_init(&config);
    config.flush = AMDVI_DRV_FLUSH_LAZY;
    CHECK_U64(amdvi_drv_domain_create(policy.drv, &config, &domain), AMDVI_DRV_ERR_UNSUPPORTED);
    config.flush = AMDVI_DRV_FLUSH_MANUAL;
    config.queue_max = 4097;
    CHECK_U64(amdvi_drv_domain_create(policy.drv, &config, &domain), AMDVI_DRV_ERR_ARGUMENT);
    config.size = 4;
    CHECK_U64(amdvi_drv_domain_create(policy.drv, &config, &domain), AMDVI_DRV_ERR_ARGUMENT);
    domain = policy_attached(&policy, POLICY_ID(0, 0));
    CHECK_U64(amdvi_drv_domain_destroy(domain), AMDVI_DRV_ERR_BUSY);
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x5000, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, POLICY_ID(0, 0), IOVA, 0x5000);
    policy_stop(&policy);
}

/* On some parts such an entry is wrong; two of 256 GiB, or entries of the table below, are not. */
static void pages_of_512_gib_are_not_used(void)
{
    struct amdvi_drv_domain_config config;
    struct amdvi_drv_domain *domain = NULL;
    struct amdvi_drv_mapping mapping = {.size_log2 = 0};
    uint64_t base = UINT64_C(1) << 41;

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    amdvi_drv_domain_config_init(&config);
    config.page_sizes = UINT64_MAX & ~UINT64_C(0xfff);
    CHECK_U64(amdvi_drv_domain_create(policy.drv, &config, &domain), AMDVI_DRV_OK);
    for (unsigned log2 = 37; log2 <= 41; log2++) {
        uint64_t size_bytes = UINT64_C(1) << log2;
        CHECK_U64(amdvi_drv_map(domain, base, base, size_bytes, POLICY_RW), AMDVI_DRV_OK);
        for (unsigned i = 0; i < 8; i++) {
            CHECK(amdvi_drv_find(domain, base + size_bytes / 8 * i, &mapping));
            CHECK(mapping.spa == base + size_bytes / 8 * i && mapping.size_log2 != 39);
            CHECK(mapping.size_log2 == log2 || log2 == 39);
        }
        CHECK_U64(amdvi_drv_unmap(domain, base, size_bytes, NULL), AMDVI_DRV_OK);
    }
    policy_stop(&policy);
}

static const struct check_case cases[] = {
    {"when unmap returned OK, the device reaches nothing there, whatever is cached",
     "1.20 INVALIDATE_IOMMU_PAGES", nothing_is_reached_when_unmap_returned},
    {"L-1: unmap is invalidated whatever NpCache says, and also where nothing was mapped",
     "1.20 capability header", unmap_is_flushed_whatever_np_cache_says},
    {"L-3: a domain is invalidated by its own number, on the units that it is on and no other",
     "1.20 INVALIDATE_IOMMU_PAGES", a_domain_is_flushed_by_its_number},
    {"F-1: a large range is one invalidation, not one for each page", "1.20 INVALIDATE_IOMMU_PAGES",
     a_large_range_is_one_invalidation},
    {"tables grow under attached devices, and both old and new is reached when map returns",
     "1.20 device table entry", tables_grow_under_devices},
    {"what cannot be mapped is refused and changes nothing", "1.20 special address ranges",
     what_cannot_be_mapped_is_refused_and_changes_nothing},
    {"find says where an IOVA leads", NULL, find_says_where_an_iova_leads},
    {"an identity domain is for trusted devices, and has no mappings", "1.20 device table entry",
     identity_is_for_trusted_devices},
    {"a blocked domain is reached by nobody, has no mappings, and its faults name it",
     "1.20 device table entry", a_blocked_domain_is_reached_by_nobody},
    {"B-2: no two domains have one number, also after all numbers were used", NULL,
     a_number_is_never_that_of_two_domains},
    {"a domain with a device is not destroyed, nor made from a bad description", NULL,
     a_domain_in_use_is_not_destroyed},
    {"pages of 512 GiB are not used, whatever the owner says (AMDVI_DRV_ERRATUM_512G)",
     "1.20 page table entry", pages_of_512_gib_are_not_used},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
