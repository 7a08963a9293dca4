/* SPDX-License-Identifier: BSD-2-Clause */
/* Attach and detach: requester ids, sharing, old domains, and every state in between. */
#include "policy.h"

#define IOVA UINT64_C(0x200000)

static struct policy policy;

/* A domain with one page at IOVA. */
static struct amdvi_drv_domain *make(uint64_t spa)
{
    struct amdvi_drv_domain *domain = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);

    CHECK_U64(amdvi_drv_map(domain, IOVA, spa, 4096, POLICY_RW), AMDVI_DRV_OK);
    return domain;
}

static void all_ids_of_a_device_move_together(void)
{
    static const uint16_t aliases[] = {POLICY_ID(0, 1), POLICY_ID(0, 5)};

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = make(0x1000000);
    struct amdvi_drv_device *device =
        policy_device_with(&policy, POLICY_ID(0, 0), true, aliases, 2, false);
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, POLICY_ID(0, 0), IOVA, 0x1000000);
    CHECK_REACHES(&policy, POLICY_ID(0, 1), IOVA, 0x1000000);
    CHECK_REACHES(&policy, POLICY_ID(0, 5), IOVA, 0x1000000);
    CHECK_REFUSED(&policy, POLICY_ID(0, 2), IOVA);
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_ERR_BUSY);
    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, POLICY_ID(0, 0), IOVA);
    CHECK_REFUSED(&policy, POLICY_ID(0, 1), IOVA);
    CHECK_REFUSED(&policy, POLICY_ID(0, 5), IOVA);
    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_ERR_ARGUMENT);
    policy_stop(&policy);
}

static void a_device_sends_as_its_ivrs_alias(void)
{
    static const struct amdvi_ivrs_device alias = {.kind = AMDVI_IVRS_DEVICE_ALIAS_SELECT,
                                                   .device_id = 0xe8,
                                                   .last_device_id = 0xe8,
                                                   .source_device_id = 0xd0};
    struct policy_options options = {.devices = &alias, .device_count = 1};

    if (!policy_start(&policy, &options)) {
        return;
    }
    struct amdvi_drv_domain *domain = make(0x1000000);
    CHECK_U64(amdvi_drv_attach(domain, policy_device(&policy, 0xe8)), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, 0xd0, IOVA, 0x1000000);
    policy_stop(&policy);
}

static void what_shares_an_id_shares_its_domain(void)
{
    static const uint16_t bridge = POLICY_ID(0, 9);

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = make(0x1000000);
    struct amdvi_drv_domain *other = make(0x1001000);
    struct amdvi_drv_device *one =
        policy_device_with(&policy, POLICY_ID(0, 0), true, &bridge, 1, false);
    struct amdvi_drv_device *two =
        policy_device_with(&policy, POLICY_ID(0, 1), true, &bridge, 1, false);
    CHECK_U64(amdvi_drv_attach(domain, one), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(other, two), AMDVI_DRV_ERR_BUSY);
    CHECK_REFUSED(&policy, POLICY_ID(0, 1), IOVA);
    CHECK_REACHES(&policy, bridge, IOVA, 0x1000000);
    CHECK_U64(amdvi_drv_attach(domain, two), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, POLICY_ID(0, 1), IOVA, 0x1000000);
    /* The shared id stays for as long as one of the two. */
    CHECK_U64(amdvi_drv_detach(one), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, POLICY_ID(0, 0), IOVA);
    CHECK_REACHES(&policy, bridge, IOVA, 0x1000000);
    CHECK_U64(amdvi_drv_attach(other, one), AMDVI_DRV_ERR_BUSY);
    CHECK_U64(amdvi_drv_detach(two), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, bridge, IOVA);
    CHECK_U64(amdvi_drv_attach(other, one), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, bridge, IOVA, 0x1001000);
    policy_stop(&policy);
}

/*
 * XSA-442. What is tagged with the old DomainID: the same device is attached to the same domain
 * later, when other things are mapped in it that nobody flushed, because nobody was there.
 */
static void translations_of_the_old_domain_go_with_the_entry(void)
{
    uint16_t id = POLICY_ID(0, 0);

    if (!policy_start(&policy, &(struct policy_options){.rig.store128 = true})) {
        return;
    }
    struct amdvi_drv_domain *domain = make(0x1000000);
    struct amdvi_drv_domain *other = make(0x1001000);
    struct amdvi_drv_device *device = policy_device(&policy, id);
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA, 0x1000000);
    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(other, device), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA, 0x1001000);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    /* Without the help of the invalidation that attach makes: the entry, by hand. */
    struct amdvi_drv_unit *unit = policy.drv->units[0];
    struct amdvi_dte dte = amdvi_drv_dte_blocked(true);
    dte.translation = dte.read = dte.write = true;
    dte.domain_id = domain->domain_id;
    dte.mode = domain->pages.level;
    dte.page_root = domain->pages.root_spa;
    CHECK_U64(amdvi_drv_device_table_write(&unit->table, id, &dte), AMDVI_DRV_DTE_DONE);
    CHECK_U64(amdvi_drv_flush_entry(amdvi_drv_requester_find(unit, id), 0), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, id, IOVA);
    dte = amdvi_drv_dte_blocked(true);
    (void)!amdvi_drv_device_table_write(&unit->table, id, &dte);
    CHECK_U64(amdvi_drv_flush_entry(amdvi_drv_requester_find(unit, id), 0), AMDVI_DRV_OK);
    policy_stop(&policy);
}

/* The rig calls this after each store to the device table, and each write of a register. */
static void check_claims(struct rig *rig, enum rig_change what)
{
    (void)what;
    rig_check(rig);
}

/* Old, new, or refused, at each moment of attach, growth, and detach. */
static void watch_attach(const struct policy_options *options)
{
    uint16_t id = POLICY_ID(0, 0);
    uint16_t bystander = POLICY_ID(0, 1);

    if (!policy_start(&policy, options)) {
        return;
    }
    struct rig *rig = &policy.rig;
    struct amdvi_drv_domain *domain = make(0x1000000);
    CHECK_U64(amdvi_drv_attach(domain, policy_device(&policy, bystander)), AMDVI_DRV_OK);
    struct amdvi_drv_device *device = policy_device(&policy, id);
    const struct amdvi_drv_block *table = &policy.drv->units[0]->table.block;
    rig_may(rig, 0, id, IOVA, 0x1000000);
    rig_may_not(rig, 0, id, 0x1000000); /* V=0 would let it pass */
    rig_may_not(rig, 0, POLICY_ID(0, 2), IOVA);
    rig_must(rig, 0, bystander, IOVA, 0x1000000);
    rig->changed = check_claims;
    bool watched = options->rig.non_coherent || rig_watch(rig, table->bytes, table->size_bytes);
    if (!watched) {
        check_skip("single stores cannot be watched here");
    }
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    rig_must(rig, 0, id, IOVA, 0x1000000);
    CHECK(rig_check(rig));
    CHECK_U64(amdvi_drv_map(domain, UINT64_C(1) << 50, 0x1002000, 4096, POLICY_RW), AMDVI_DRV_OK);
    rig_must(rig, 0, id, UINT64_C(1) << 50, 0x1002000);
    CHECK(rig_check(rig));
    rig_may(rig, 0, id, UINT64_C(1) << 50, 0x1002000);
    rig_may(rig, 0, id, IOVA, 0x1000000);
    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    rig_may_not(rig, 0, id, IOVA);
    rig_may_not(rig, 0, id, UINT64_C(1) << 50);
    CHECK(rig_check(rig));
    rig->changed = NULL;
    rig_unwatch(rig);
    policy_stop(&policy);
}

static void each_state_of_an_entry_is_old_new_or_refused(void)
{
    watch_attach(&(struct policy_options){.rig.caches = 1});
    watch_attach(&(struct policy_options){.rig = {.caches = 1, .store128 = true}});
    watch_attach(&(struct policy_options){.rig = {.caches = 3}});
    watch_attach(&(struct policy_options){.rig = {.caches = 1, .non_coherent = true}});
    watch_attach(
        &(struct policy_options){.rig = {.caches = 1, .non_coherent = true, .only32 = true}});
}

static void attach_that_fails_leaves_the_device_blocked(void)
{
    uint16_t id = POLICY_ID(0, 0);

    for (unsigned n = 1; n < 5; n++) {
        if (!policy_start(&policy, &(struct policy_options){0})) {
            return;
        }
        struct amdvi_drv_domain *domain = make(0x1000000);
        struct amdvi_drv_device *device = policy_device(&policy, id);
        policy.rig.corrupt_after = n;
        policy.rig.corrupt_word0 = UINT64_C(0xf000000000000000);
        CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_ERR_COMMAND);
        CHECK_REFUSED(&policy, id, IOVA);
        CHECK(amdvi_drv_domain_is_poisoned(domain));
        CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_ERR_POISONED);
        CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
        CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
        CHECK_REACHES(&policy, id, IOVA, 0x1000000);
        policy_stop(&policy);
    }
}

static void refuse_the_next(unsigned command)
{
    policy.rig.corrupt_after = command;
    policy.rig.corrupt_word0 = UINT64_C(0xf000000000000000);
}

/* One requester id moved, the next did not; and one alone, as other files move it. */
static void a_half_attached_device_is_sent_back(void)
{
    static const uint16_t alias = POLICY_ID(0, 1);
    uint16_t id = POLICY_ID(0, 0);

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = make(0x1000000);
    struct amdvi_drv_device *device = policy_device_with(&policy, id, true, &alias, 1, false);
    refuse_the_next(5);
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_ERR_COMMAND);
    CHECK_REFUSED(&policy, id, IOVA);
    CHECK_REFUSED(&policy, alias, IOVA);
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
    struct amdvi_drv_requester *requester = device->requester[0];
    refuse_the_next(2);
    CHECK_U64(amdvi_drv_requester_move(requester, domain), AMDVI_DRV_ERR_COMMAND);
    CHECK(requester->domain == NULL);
    CHECK_REFUSED(&policy, id, IOVA);
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
    CHECK(domain->requesters == NULL && domain->units == 0);
    policy_stop(&policy);
}

/* B-2, XSA-400: the entry may still be cached with the old tables. */
static void detach_that_fails_keeps_the_tables(void)
{
    uint16_t id = POLICY_ID(0, 0);

    if (!policy_start(&policy, &(struct policy_options){.rig.store128 = true})) {
        return;
    }
    struct amdvi_drv_domain *domain = make(0x1000000);
    struct amdvi_drv_domain *other = make(0x1001000);
    struct amdvi_drv_device *device = policy_device(&policy, id);
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA, 0x1000000);
    unsigned held = policy.rig.held_blocks;
    policy.rig.completion = RIG_NEVER;
    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_ERR_TIMEOUT);
    CHECK(amdvi_drv_domain_is_poisoned(domain));
    CHECK_REACHES(&policy, id, IOVA, 0x1000000); /* as it is known to */
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_ERR_POISONED);
    CHECK_U64(amdvi_drv_domain_destroy(domain), AMDVI_DRV_ERR_TIMEOUT);
    CHECK_U64(amdvi_drv_attach(other, device), AMDVI_DRV_ERR_TIMEOUT);
    CHECK(policy.rig.held_blocks >= held);
    policy.rig.completion = RIG_AT_ONCE;
    rig_pass(&policy.rig, 1);
    CHECK_U64(amdvi_drv_domain_destroy(domain), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, id, IOVA);
    if (amdvi_drv_domain_is_poisoned(other)) {
        CHECK_U64(amdvi_drv_domain_recover(other), AMDVI_DRV_OK);
    }
    CHECK_U64(amdvi_drv_attach(other, device), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA, 0x1001000);
    policy_stop(&policy);
}

static const struct check_case cases[] = {
    {"all ids of a device are attached and detached together", "1.20 device table entry",
     all_ids_of_a_device_move_together},
    {"a device is attached under the id that the IVRS says it sends with",
     "1.20 IVHD device entries", a_device_sends_as_its_ivrs_alias},
    {"devices that share an id are in the same domain or in none", "1.20 device table entry",
     what_shares_an_id_shares_its_domain},
    {"XSA-442: what is tagged with the old DomainID is invalidated with the entry",
     "1.20 INVALIDATE_DEVTAB_ENTRY", translations_of_the_old_domain_go_with_the_entry},
    {"at each store of attach, growth and detach an access gives old, new, or is refused",
     "1.20 device table entry", each_state_of_an_entry_is_old_new_or_refused},
    {"XSA-373: after an attach that is not completed the device is blocked, the domain poisoned",
     "1.20 COMPLETION_WAIT", attach_that_fails_leaves_the_device_blocked},
    {"a device of which one id was attached and another was not is sent back",
     "1.20 COMPLETION_WAIT", a_half_attached_device_is_sent_back},
    {"B-2: XSA-400: tables stay while the entry of a detached device may be cached",
     "1.20 COMPLETION_WAIT", detach_that_fails_keeps_the_tables},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
