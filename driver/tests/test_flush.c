/* SPDX-License-Identifier: BSD-2-Clause */
/* Which commands are sent, in which order, and what becomes of those that are refused. */
#include "policy.h"

#define IOVA UINT64_C(0x200000)
#define HIGH (UINT64_C(1) << 40)

static struct policy policy;

/* The commands that @unit got since byte @*from of its ring; *from moves on. */
static unsigned take_commands(unsigned unit, uint32_t *from, struct amdvi_command *out,
                              unsigned room)
{
    const struct amdvi_drv_ring *ring = &policy.drv->units[unit]->ring;
    const uint8_t *bytes = ring->commands.bytes;
    unsigned count = 0;

    for (; *from != ring->tail && count < room; *from = (*from + 16) % ring->size_bytes) {
        struct amdvi_wire_command wire;
        memcpy(&wire, bytes + *from, sizeof(wire));
        CHECK(amdvi_command_decode(&out[count++], &wire));
    }
    return count;
}

static void an_unmap_is_one_submission(void)
{
    struct amdvi_command command[8];

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, POLICY_ID(0, 0));
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1000000, 0x200000, POLICY_RW), AMDVI_DRV_OK);
    uint32_t from = policy.drv->units[0]->ring.tail;
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 0x200000, NULL), AMDVI_DRV_OK);
    CHECK_U64(take_commands(0, &from, command, 8), 2);
    CHECK_U64(command[0].opcode, AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES);
    CHECK_U64(command[0].domain_id, domain->domain_id);
    struct amdvi_iova_range range = amdvi_inv_range(command[0].address, command[0].size);
    CHECK_U64(range.first, IOVA);
    CHECK_U64(range.last, IOVA + 0x1fffff);
    CHECK_U64(command[1].opcode, AMDVI_OPCODE_COMPLETION_WAIT);
    CHECK(command[1].flush && command[1].store);
    policy_stop(&policy);
}

/* PDE=1 when a table was taken out, and only then. */
static void directories_are_named_when_a_table_goes(void)
{
    struct amdvi_command command[8];

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, POLICY_ID(0, 0));
    for (uint64_t at = 0; at < 0x200000; at += 4096) {
        CHECK_U64(amdvi_drv_map(domain, IOVA + at, 0x1fff000 - at, 4096, POLICY_RW), AMDVI_DRV_OK);
    }
    uint32_t from = policy.drv->units[0]->ring.tail;
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
    CHECK_U64(take_commands(0, &from, command, 8), 2);
    CHECK(!command[0].pde);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 0x200000, NULL), AMDVI_DRV_OK);
    CHECK_U64(take_commands(0, &from, command, 8), 2);
    CHECK(command[0].pde);
    policy_stop(&policy);
}

static void an_entry_is_invalidated_with_both_domains(void)
{
    struct amdvi_command command[8];
    uint16_t id = POLICY_ID(0, 0);

    if (!policy_start(&policy, &(struct policy_options){.rig.store128 = true})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
    struct amdvi_drv_device *device = policy_device(&policy, id);
    uint32_t from = policy.drv->units[0]->ring.tail;
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    CHECK_U64(take_commands(0, &from, command, 8), 4);
    CHECK_U64(command[0].opcode, AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY);
    CHECK_U64(command[0].device_id, id);
    CHECK_U64(command[1].opcode, AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES);
    CHECK_U64(command[1].domain_id, domain->domain_id);
    struct amdvi_iova_range all = amdvi_inv_range(command[1].address, command[1].size);
    CHECK(all.first == 0 && all.last == UINT64_MAX && command[1].pde);
    CHECK_U64(command[2].opcode, AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE);
    CHECK_U64(command[2].device_id, id);
    CHECK_U64(command[3].opcode, AMDVI_OPCODE_COMPLETION_WAIT);
    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    CHECK_U64(take_commands(0, &from, command, 8), 4);
    CHECK_U64(command[1].domain_id, domain->domain_id);
    policy_stop(&policy);
}

/* From one table to another with stores of 8 bytes: blocked in between, and that completed. */
static void an_entry_in_two_steps_is_completed_in_between(void)
{
    static const struct amdvi_ivrs_memory memory = {.kind = AMDVI_IVRS_MEMORY_SELECT,
                                                    .device_id = POLICY_ID(0, 0),
                                                    .last_device_id = POLICY_ID(0, 0),
                                                    .spa_start = 0x800000,
                                                    .size_bytes = 0x1000,
                                                    .is_unity = true,
                                                    .can_read = true,
                                                    .can_write = true};
    static const unsigned opcodes[] = {
        AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY, AMDVI_OPCODE_COMPLETION_WAIT,
        AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY, AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
        AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,  AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE,
        AMDVI_OPCODE_COMPLETION_WAIT};
    struct amdvi_command command[8];

    if (!policy_start(&policy, &(struct policy_options){.memory = &memory, .memory_count = 1})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
    struct amdvi_drv_device *device = policy_device(&policy, POLICY_ID(0, 0));
    uint16_t home_id = device->requester[0]->home->domain_id;
    uint32_t from = policy.drv->units[0]->ring.tail;
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    CHECK_U64(take_commands(0, &from, command, 8), 7);
    for (unsigned i = 0; i < 7; i++) {
        CHECK_U64(command[i].opcode, opcodes[i]);
    }
    CHECK_U64(command[3].domain_id, home_id);
    CHECK_U64(command[4].domain_id, domain->domain_id);
    policy_stop(&policy);
}

#define MANY 200

/* All ids of a unit: their entries do not fit one submission, nor their commands the ring. */
static struct amdvi_drv_domain *attach_many(void)
{
    struct amdvi_drv_domain *domain = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);

    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1000000, 4096, POLICY_RW), AMDVI_DRV_OK);
    for (unsigned i = 0; i < MANY; i++) {
        struct amdvi_drv_device *device = policy_device(&policy, (uint16_t)(POLICY_DEVICES + i));
        CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    }
    return domain;
}

static void more_entries_than_fit_the_ring_are_invalidated(void)
{
    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = attach_many();
    for (unsigned late = 0; late < 2; late++) {
        uint64_t high = HIGH << (late == 0 ? 0 : 10);
        for (unsigned i = 0; i < MANY; i++) {
            CHECK_U64(policy_reach(&policy, (uint16_t)(POLICY_DEVICES + i), high, false),
                      POLICY_NOWHERE);
        }
        policy.rig.completion = late == 0 ? RIG_AT_ONCE : RIG_LATE;
        policy.rig.late_ns = 5000000;
        CHECK_U64(amdvi_drv_map(domain, high, 0x1001000, 4096, POLICY_RW), AMDVI_DRV_OK);
        for (unsigned i = 0; i < MANY; i++) {
            uint16_t id = (uint16_t)(POLICY_DEVICES + i);
            CHECK_U64(policy_reach(&policy, id, high, true), 0x1001000);
            CHECK_U64(policy_reach(&policy, id, IOVA, true), 0x1000000);
            CHECK(!domain->requesters->entry_dirty);
        }
    }
    policy.rig.completion = RIG_AT_ONCE;
    rig_pass(&policy.rig, 1);
    policy_stop(&policy);
}

static void a_refused_entry_of_many_fails_the_map(void)
{
    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = attach_many();
    policy.rig.corrupt_after = 17; /* of the first submission; another is the last */
    policy.rig.corrupt_word0 = UINT64_C(0xf000000000000000);
    CHECK_U64(amdvi_drv_map(domain, HIGH, 0x1001000, 4096, POLICY_RW), AMDVI_DRV_ERR_COMMAND);
    CHECK(amdvi_drv_domain_is_poisoned(domain));
    CHECK(!amdvi_drv_find(domain, HIGH, &(struct amdvi_drv_mapping){0}));
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(domain, HIGH, 0x1001000, 4096, POLICY_RW), AMDVI_DRV_OK);
    for (unsigned i = 0; i < MANY; i++) {
        CHECK_U64(policy_reach(&policy, (uint16_t)(POLICY_DEVICES + i), HIGH, true), 0x1001000);
    }
    policy_stop(&policy);
}

static void a_full_ring_is_an_error_and_nothing_else(void)
{
    if (!policy_start(&policy, &(struct policy_options){.wait_ms = 1100})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, POLICY_ID(0, 0));
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1000000, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, POLICY_ID(0, 0), IOVA, 0x1000000);
    policy.rig.completion = RIG_NEVER;
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_ERR_TIMEOUT);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_ERR_TIMEOUT);
    }
    struct amdvi_drv_unit_info info;
    CHECK(amdvi_drv_unit_info(policy.drv, 0, &info) && info.timeouts != 0);
    policy.rig.completion = RIG_AT_ONCE;
    rig_pass(&policy.rig, 1);
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, POLICY_ID(0, 0), IOVA);
    policy_stop(&policy);
}

static void the_worst_of_several_units_is_the_result(void)
{
    if (!policy_start(&policy, &(struct policy_options){.rig.units = 2})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, POLICY_ID(0, 0));
    CHECK_U64(amdvi_drv_attach(domain, policy_device(&policy, POLICY_ID(1, 0))), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1000000, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, POLICY_ID(1, 0), IOVA, 0x1000000);
    policy.rig.corrupt_after = 3; /* the other unit's INVALIDATE_IOMMU_PAGES */
    policy.rig.corrupt_word0 = UINT64_C(0xf000000000000000);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_ERR_COMMAND);
    CHECK(amdvi_drv_domain_is_poisoned(domain));
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, POLICY_ID(0, 0), IOVA);
    CHECK_REFUSED(&policy, POLICY_ID(1, 0), IOVA);
    policy_stop(&policy);
}

static const struct check_case cases[] = {
    {"an unmap is one INVALIDATE_IOMMU_PAGES and one COMPLETION_WAIT with f=1",
     "1.20 INVALIDATE_IOMMU_PAGES", an_unmap_is_one_submission},
    {"PDE=1 is for when a table was taken out", "1.20 INVALIDATE_IOMMU_PAGES",
     directories_are_named_when_a_table_goes},
    {"I-1: an entry that changed is invalidated, with its domain, its interrupts, and a wait",
     "1.20 INVALIDATE_DEVTAB_ENTRY", an_entry_is_invalidated_with_both_domains},
    {"L-6: an entry that changes in two steps is blocked, and that is completed, in between",
     "1.20 device table entry", an_entry_in_two_steps_is_completed_in_between},
    {"B-2: more entries than fit the ring are invalidated before map returns",
     "1.20 INVALIDATE_DEVTAB_ENTRY", more_entries_than_fit_the_ring_are_invalidated},
    {"XSA-373: one entry's refused invalidation, among many, fails the map",
     "1.20 ILLEGAL_COMMAND_ERROR", a_refused_entry_of_many_fails_the_map},
    {"B-2: a ring that is full and stays full is an error, and nothing is overwritten",
     "1.20 command buffer", a_full_ring_is_an_error_and_nothing_else},
    {"XSA-373: of several units the worst result counts", "1.20 ILLEGAL_COMMAND_ERROR",
     the_worst_of_several_units_is_the_result},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
