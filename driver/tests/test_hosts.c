/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same life on hosts that differ: in the width of their registers, in coherence, in locks, in
 * where memory comes from; two copies of the driver at once. On all of them an SPA is not the
 * address (the rig's memory begins at SPA 0, and not at NULL). driver/tests/big_endian.sh runs
 * this program and others on a big-endian processor.
 */
#include "policy.h"

#ifdef WITH_SECOND_COPY
#include "second_copy.h"
#endif

#define IOVA UINT64_C(0x200000)
#define HIGH (UINT64_C(1) << 52)

static struct policy policy;

static const struct amdvi_ivrs_memory memory = {.kind = AMDVI_IVRS_MEMORY_SELECT,
                                                .device_id = POLICY_ID(0, 0),
                                                .last_device_id = POLICY_ID(0, 0),
                                                .spa_start = 0x800000,
                                                .size_bytes = 0x3000,
                                                .is_unity = true,
                                                .can_read = true,
                                                .can_write = true};

static void check_interrupt(struct amdvi_drv_device *device, uint16_t id)
{
    struct amdvi_drv_target target = {.vector = 0x61, .destination = 7};
    uint64_t address = 0;
    uint32_t data = 0;
    unsigned index = 0;

    CHECK_U64(amdvi_drv_interrupt_alloc(device, 2, &index), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_set(device, index + 1, &target), AMDVI_DRV_OK);
    CHECK(!rig_interrupt(&policy.rig, 0, id, 0, index, &address, &data));
    CHECK(rig_interrupt(&policy.rig, 0, id, 0, index + 1, &address, &data));
    CHECK_U64(data & 0xff, 0x61);
    CHECK_U64(amdvi_get(address, AMDVI_MSI_ADDRESS_DESTINATION), 7);
    target.vector = 0x62;
    CHECK_U64(amdvi_drv_interrupt_set(device, index + 1, &target), AMDVI_DRV_OK);
    CHECK(rig_interrupt(&policy.rig, 0, id, 0, index + 1, &address, &data));
    CHECK_U64(data & 0xff, 0x62);
    CHECK_U64(amdvi_drv_interrupt_free(device, index, 2), AMDVI_DRV_OK);
    CHECK(!rig_interrupt(&policy.rig, 0, id, 0, index + 1, &address, &data));
}

/* Everything that a host's memory, registers and locks have a part in. */
static void live(struct policy_options options)
{
    uint16_t id = POLICY_ID(0, 0);
    uint16_t other = POLICY_ID(0, 1);

    options.memory = &memory;
    options.memory_count = 1;
    if (!policy_start(&policy, &options)) {
        return;
    }
    struct amdvi_drv_block pages = policy_memory(&policy, 0x400000);
    struct amdvi_drv_domain *domain = policy_domain(&policy, AMDVI_DRV_FLUSH_MANUAL);
    struct amdvi_drv_device *device = policy_device(&policy, id);
    CHECK_REACHES(&policy, id, 0x800000, 0x800000);
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(domain, policy_device(&policy, other)), AMDVI_DRV_OK);
    for (unsigned round = 0; round < 2; round++) {
        CHECK_U64(amdvi_drv_map(domain, IOVA, pages.spa, 0x400000, POLICY_RW), AMDVI_DRV_OK);
        CHECK_REACHES(&policy, id, IOVA + 0x3ffff8, pages.spa + 0x3ffff8);
        CHECK_REACHES(&policy, other, IOVA + 0x1000, pages.spa + 0x1000);
        CHECK_U64(amdvi_drv_map(domain, HIGH, pages.spa, 0x1000, AMDVI_DRV_READ), AMDVI_DRV_OK);
        CHECK_U64(policy_reach(&policy, id, HIGH, false), pages.spa);
        CHECK_U64(policy_reach(&policy, other, HIGH, true), POLICY_NOWHERE);
        CHECK_REACHES(&policy, id, 0x802000, 0x802000);
        CHECK_U64(amdvi_drv_unmap(domain, IOVA + 0x1000, 0x3ff000, NULL), AMDVI_DRV_OK);
        CHECK_U64(amdvi_drv_unmap(domain, IOVA, 0x1000, NULL), AMDVI_DRV_OK);
        CHECK_U64(amdvi_drv_unmap(domain, HIGH, 0x1000, NULL), AMDVI_DRV_OK);
        CHECK_U64(amdvi_drv_sync(domain), AMDVI_DRV_OK);
        CHECK_REFUSED(&policy, id, IOVA);
        CHECK_REFUSED(&policy, other, IOVA + 0x3ffff8);
        CHECK_REFUSED(&policy, other, HIGH);
    }
    CHECK_U64(policy.rig.released, 6);
    check_interrupt(device, id);
    while (amdvi_drv_poll(policy.drv)) {
    }
    CHECK(policy.rig.events != 0);
    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, 0x800000, 0x800000);
    CHECK_REFUSED(&policy, id, IOVA);
    policy_stop(&policy);
}

static void registers_of_32_bits(void)
{
    live((struct policy_options){.rig.only32 = true});
    live((struct policy_options){.rig = {.only32 = true, .no_locks = true, .no_pci = true}});
}

static void memory_that_is_not_coherent(void)
{
    live((struct policy_options){.rig.non_coherent = true});
    live((struct policy_options){.rig = {.non_coherent = true, .only32 = true, .caches = 1}});
}

static void all_kinds_of_caches(void)
{
    for (unsigned caches = 1; caches <= 3; caches++) {
        live((struct policy_options){.rig.caches = caches});
        live((struct policy_options){.rig = {.caches = caches, .store128 = true}});
    }
    live((struct policy_options){.np_cache = false, .rig = {.no_timer = true, .no_pci = true}});
}

static void one_arena(void)
{
    live((struct policy_options){.arena = true, .arena_bytes = 0x300000});
    live((struct policy_options){
        .arena = true, .arena_bytes = 0x300000, .rig = {.non_coherent = true, .only32 = true}});
}

/* The same code, and nothing of one in the other. */
static void two_machines_do_not_know_each_other(void)
{
    static struct policy second;
    struct policy *both[2] = {&policy, &second};
    struct amdvi_drv_domain *domain[2];
    int cookie = 0;

    for (unsigned i = 0; i < 2; i++) {
        if (!policy_start(both[i], &(struct policy_options){.rig = {.units = 1 + i}})) {
            return;
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        struct amdvi_drv_device_config config = {
            .device_id = POLICY_ID(0, 0), .trusted = true, .cookie = i == 0 ? &cookie : NULL};
        struct amdvi_drv_device *device = NULL;
        CHECK_U64(amdvi_drv_device_add(both[i]->drv, &config, &device), AMDVI_DRV_OK);
        CHECK(amdvi_drv_device_cookie(device) == config.cookie);
        domain[i] = policy_domain(both[i], AMDVI_DRV_FLUSH_STRICT);
        CHECK_U64(amdvi_drv_attach(domain[i], device), AMDVI_DRV_OK);
        CHECK_U64(amdvi_drv_map(domain[i], IOVA, 0x1000000 + 0x1000 * i, 4096, POLICY_RW),
                  AMDVI_DRV_OK);
    }
    for (unsigned i = 0; i < 2; i++) {
        CHECK_REACHES(both[i], POLICY_ID(0, 0), IOVA, 0x1000000 + UINT64_C(0x1000) * i);
    }
    CHECK_U64(amdvi_drv_unmap(domain[0], IOVA, 4096, NULL), AMDVI_DRV_OK);
    CHECK_REFUSED(both[0], POLICY_ID(0, 0), IOVA);
    CHECK_REACHES(both[1], POLICY_ID(0, 0), IOVA, 0x1001000);
    policy_stop(both[0]);
    CHECK_REACHES(both[1], POLICY_ID(0, 0), IOVA, 0x1001000);
    policy_stop(both[1]);
}

#ifdef WITH_SECOND_COPY
static void two_copies_do_not_know_each_other(void)
{
    static struct policy second;
    struct policy_options options = {0};

    if (!policy_start(&policy, &options)) {
        return;
    }
    rig_start(&second.rig, &(struct rig_options){.pause_ns = 1000000});
    uint32_t table_bytes = policy_table(&second, &options);
    void *copy = second_copy_start(&second.rig.host, second.table, table_bytes);
    if (!CHECK(copy != NULL)) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, POLICY_ID(0, 0));
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1000000, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK(second_copy_map(copy, POLICY_ID(0, 0), IOVA, 0x1001000) != 0);
    CHECK_REACHES(&policy, POLICY_ID(0, 0), IOVA, 0x1000000);
    CHECK_REACHES(&second, POLICY_ID(0, 0), IOVA, 0x1001000);
    CHECK(second_copy_stop(copy) != 0);
    CHECK_REACHES(&policy, POLICY_ID(0, 0), IOVA, 0x1000000);
    CHECK(rig_stop(&second.rig));
    policy_stop(&policy);
}
#endif

static const struct check_case cases[] = {
    {"a host may have registers of 32 bits only, no locks, and no PCI", NULL, registers_of_32_bits},
    {"a host's memory need not be coherent", NULL, memory_that_is_not_coherent},
    {"whatever the IOMMU caches, with and without 16-byte stores", NULL, all_kinds_of_caches},
    {"all memory may come from one arena", NULL, one_arena},
    {"two instances in one program do not know each other", NULL,
     two_machines_do_not_know_each_other},
#ifdef WITH_SECOND_COPY
    {"two copies of the driver in one program do not know each other", NULL,
     two_copies_do_not_know_each_other},
#endif
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
