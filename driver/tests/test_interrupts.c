/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts: whose they are, where they go, at each moment. */
#include "policy.h"

static struct policy policy;

#define NOT_SENT UINT64_MAX

/* Vector, destination, delivery mode and destination mode of what @device_id's entry sends. */
static uint64_t send(uint16_t device_id, unsigned index)
{
    uint64_t address = 0;
    uint32_t data = 0;
    uint64_t to = 0;
    uint32_t message = 0;

    amdvi_drv_interrupt_message(index, &address, &data);
    if (!rig_interrupt(&policy.rig, device_id >> 8, device_id, (uint32_t)(address & 0xfffff), data,
                       &to, &message)) {
        return NOT_SENT;
    }
    return amdvi_get(message, AMDVI_MSI_DATA_VECTOR) |
           amdvi_get(message, AMDVI_MSI_DATA_DELIVERY_MODE) << 8 |
           amdvi_get(to, AMDVI_MSI_ADDRESS_DESTINATION) << 16 |
           amdvi_get(to, AMDVI_MSI_ADDRESS_DM) << 24;
}

#define TO(vector, destination) ((uint64_t)(vector) | (uint64_t)(destination) << 16)

static const struct amdvi_drv_target first = {.vector = 0x41, .destination = 3};
static const struct amdvi_drv_target second = {.vector = 0x52, .destination = 5};

static void an_interrupt_goes_where_it_was_set(void)
{
    struct amdvi_drv_target target = {.vector = 0x77, .destination = 9, .lowest_priority = true};
    uint16_t id = POLICY_ID(0, 0);
    unsigned index = 0;

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    CHECK_U64(send(id, 0), NOT_SENT);
    struct amdvi_drv_device *device = policy_device(&policy, id);
    CHECK_U64(send(id, 0), NOT_SENT);
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 4, &index), AMDVI_DRV_OK);
    CHECK_U64(index % 4, 0);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_U64(send(id, index + i), NOT_SENT);
    }
    CHECK_U64(amdvi_drv_interrupt_set(device, index, &first), AMDVI_DRV_OK);
    CHECK_U64(send(id, index), TO(0x41, 3));
    CHECK_U64(send(id, index + 1), NOT_SENT);
    CHECK_U64(amdvi_drv_interrupt_set(device, index + 1, &target), AMDVI_DRV_OK);
    CHECK_U64(send(id, index + 1), TO(0x77, 9) | UINT64_C(1) << 8);
    target.logical = true;
    target.lowest_priority = false;
    CHECK_U64(amdvi_drv_interrupt_set(device, index + 1, &target), AMDVI_DRV_OK);
    CHECK_U64(send(id, index + 1), TO(0x77, 9) | UINT64_C(1) << 24);
    CHECK_U64(amdvi_drv_interrupt_set(device, index, NULL), AMDVI_DRV_OK);
    CHECK_U64(send(id, index), NOT_SENT);
    CHECK_U64(amdvi_drv_interrupt_set(device, index + 4, &first), AMDVI_DRV_ERR_ARGUMENT);
    CHECK_U64(amdvi_drv_interrupt_set(device, 512, &first), AMDVI_DRV_ERR_ARGUMENT);
    target.vector = 15;
    CHECK_U64(amdvi_drv_interrupt_set(device, index, &target), AMDVI_DRV_ERR_ARGUMENT);
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 3, &index), AMDVI_DRV_ERR_ARGUMENT);
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 64, &index), AMDVI_DRV_ERR_ARGUMENT);
    policy_stop(&policy);
}

/* The entry of arch, decoded from memory: all three bits of IntType, and RqEoi. */
static void an_entry_has_all_its_bits(void)
{
    struct amdvi_drv_target target = {
        .vector = 0x30, .destination = 0xff, .lowest_priority = true, .level = true};
    unsigned index = 0;

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_device *device = policy_device(&policy, POLICY_ID(0, 0));
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 1, &index), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_set(device, index, &target), AMDVI_DRV_OK);
    const struct amdvi_drv_interrupt_table *table = device->requester[0]->interrupts;
    uint64_t words = rig_read64(&policy.rig, table->block.spa + index / 2 * 8);
    struct amdvi_irte irte = amdvi_irte_decode((uint32_t)(words >> (index % 2 * 32)));
    CHECK_U64(irte.int_type, 1);
    CHECK(irte.remap_enable && irte.request_eoi && !irte.has_reserved && !irte.logical);
    CHECK_U64(irte.destination, 0xff);
    CHECK_U64(irte.vector, 0x30);
    policy_stop(&policy);
}

static uint16_t watched_id;
static unsigned watched_index, looks, strays;

static void look(struct rig *rig, enum rig_change what)
{
    (void)rig;
    (void)what;
    uint64_t got = send(watched_id, watched_index);
    looks++;
    strays += got == TO(0x41, 3) || got == TO(0x52, 5) ? 0 : 1;
}

static void a_change_loses_nothing(void)
{
    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    watched_id = POLICY_ID(0, 0);
    struct amdvi_drv_device *device = policy_device(&policy, watched_id);
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 1, &watched_index), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_set(device, watched_index, &first), AMDVI_DRV_OK);
    CHECK_U64(send(watched_id, watched_index), TO(0x41, 3));
    const struct amdvi_drv_block *table = &device->requester[0]->interrupts->block;
    looks = strays = 0;
    policy.rig.changed = look;
    bool watched = rig_watch(&policy.rig, table->bytes, table->size_bytes);
    CHECK_U64(amdvi_drv_interrupt_set(device, watched_index, &second), AMDVI_DRV_OK);
    policy.rig.changed = NULL;
    rig_unwatch(&policy.rig);
    CHECK(looks > (watched ? 1U : 0U));
    CHECK_U64(strays, 0);
    CHECK_U64(send(watched_id, watched_index), TO(0x52, 5));
    policy_stop(&policy);
}

static void entries_come_back_only_after_the_invalidation(void)
{
    uint16_t id = POLICY_ID(0, 0);
    unsigned index = 0;
    unsigned again = 0;

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_device *device = policy_device(&policy, id);
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 32, &index), AMDVI_DRV_OK);
    for (unsigned i = 0; i < 32; i++) {
        CHECK_U64(amdvi_drv_interrupt_set(device, index + i, &first), AMDVI_DRV_OK);
        CHECK_U64(send(id, index + i), TO(0x41, 3));
    }
    policy.rig.completion = RIG_NEVER;
    CHECK_U64(amdvi_drv_interrupt_free(device, index, 32), AMDVI_DRV_ERR_TIMEOUT);
    policy.rig.completion = RIG_AT_ONCE;
    rig_pass(&policy.rig, 1);
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 32, &again), AMDVI_DRV_OK);
    CHECK(again != index); /* they are not free */
    CHECK_U64(amdvi_drv_interrupt_free(device, index, 32), AMDVI_DRV_OK);
    for (unsigned i = 0; i < 32; i++) {
        CHECK_U64(send(id, index + i), NOT_SENT);
    }
    CHECK_U64(amdvi_drv_interrupt_free(device, index, 1), AMDVI_DRV_ERR_ARGUMENT);
    CHECK_U64(amdvi_drv_interrupt_free(device, 511, 2), AMDVI_DRV_ERR_ARGUMENT);
    /* All there are, and then no more. */
    unsigned got = 0;
    while (amdvi_drv_interrupt_alloc(device, 1, &again) == AMDVI_DRV_OK && got < 1000) {
        CHECK_U64(send(id, again), NOT_SENT);
        got++;
    }
    CHECK_U64(got, 512 - 32);
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 1, &again), AMDVI_DRV_ERR_LIMIT);
    policy_stop(&policy);
}

/* XSA-36: another device's entries, and those of a device that had the id before. */
static void no_device_uses_the_interrupts_of_another(void)
{
    static const uint16_t bridge = POLICY_ID(0, 9);
    unsigned index[3] = {0};

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_device *one = policy_device(&policy, POLICY_ID(0, 0));
    struct amdvi_drv_device *two = policy_device(&policy, POLICY_ID(0, 1));
    CHECK_U64(amdvi_drv_interrupt_alloc(one, 1, &index[0]), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_set(one, index[0], &first), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_alloc(two, 1, &index[1]), AMDVI_DRV_OK);
    CHECK(one->requester[0]->interrupts != two->requester[0]->interrupts);
    CHECK_U64(send(POLICY_ID(0, 1), index[0]), NOT_SENT);
    CHECK_U64(send(POLICY_ID(0, 0), index[0]), TO(0x41, 3));
    CHECK_U64(amdvi_drv_device_remove(one), AMDVI_DRV_OK);
    CHECK_U64(send(POLICY_ID(0, 0), index[0]), NOT_SENT);
    one = policy_device(&policy, POLICY_ID(0, 0));
    CHECK_U64(amdvi_drv_interrupt_alloc(one, 1, &index[0]), AMDVI_DRV_OK);
    CHECK_U64(send(POLICY_ID(0, 0), index[0]), NOT_SENT);

    /* Those that share an id cannot be told apart: one table, and no index twice. */
    struct amdvi_drv_device *three =
        policy_device_with(&policy, POLICY_ID(0, 3), true, &bridge, 1, false);
    struct amdvi_drv_device *four =
        policy_device_with(&policy, POLICY_ID(0, 4), true, &bridge, 1, false);
    CHECK_U64(amdvi_drv_interrupt_alloc(three, 1, &index[1]), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_alloc(four, 1, &index[2]), AMDVI_DRV_OK);
    CHECK(index[1] != index[2]);
    CHECK_U64(amdvi_drv_interrupt_set(three, index[1], &first), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_set(four, index[2], &second), AMDVI_DRV_OK);
    CHECK_U64(send(bridge, index[1]), TO(0x41, 3));
    CHECK_U64(send(bridge, index[2]), TO(0x52, 5));
    CHECK_U64(send(POLICY_ID(0, 4), index[2]), TO(0x52, 5));
    CHECK_U64(amdvi_drv_interrupt_set(three, index[1], &second), AMDVI_DRV_OK);
    CHECK_U64(send(bridge, index[1]), TO(0x52, 5));
    CHECK_U64(amdvi_drv_device_remove(three), AMDVI_DRV_OK);
    CHECK_U64(send(bridge, index[2]), TO(0x52, 5));
    CHECK_U64(send(POLICY_ID(0, 3), index[2]), NOT_SENT);
    policy_stop(&policy);
}

static void two_tables_are_not_made_one(void)
{
    static const uint16_t both[] = {POLICY_ID(0, 1)};
    unsigned index = 0;

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_device *one = policy_device(&policy, POLICY_ID(0, 0));
    struct amdvi_drv_device *two = policy_device(&policy, POLICY_ID(0, 1));
    CHECK_U64(amdvi_drv_interrupt_alloc(one, 1, &index), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_alloc(two, 1, &index), AMDVI_DRV_OK);
    uint16_t aliases[2] = {both[0], POLICY_ID(0, 0)};
    struct amdvi_drv_device *tie =
        policy_device_with(&policy, POLICY_ID(0, 2), true, aliases, 2, false);
    CHECK_U64(amdvi_drv_interrupt_alloc(tie, 1, &index), AMDVI_DRV_ERR_BUSY);
    policy_stop(&policy);
}

static void pins_of_an_ioapic_are_their_numbers(void)
{
    static const struct amdvi_ivrs_device ioapic = {
        .kind = AMDVI_IVRS_DEVICE_IOAPIC, .device_id = 0xd8, .last_device_id = 0xd8, .handle = 2};
    struct policy_options options = {.devices = &ioapic, .device_count = 1};
    uint16_t segment = 1;
    uint16_t id = 0;
    unsigned index = 0;

    if (!policy_start(&policy, &options)) {
        return;
    }
    CHECK_U64(amdvi_drv_ioapic_find(policy.drv, 2, &segment, &id), AMDVI_DRV_OK);
    CHECK(segment == 0 && id == 0xd8);
    struct amdvi_drv_device *device = policy_device(&policy, id);
    CHECK_U64(amdvi_drv_interrupt_alloc_pins(device, 24), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_alloc_pins(device, 24), AMDVI_DRV_ERR_BUSY);
    for (unsigned pin = 0; pin < 24; pin++) {
        struct amdvi_drv_target target = {.vector = (uint8_t)(0x40 + pin), .destination = 1};
        CHECK_U64(amdvi_drv_interrupt_set(device, pin, &target), AMDVI_DRV_OK);
    }
    for (unsigned pin = 0; pin < 24; pin++) {
        CHECK_U64(send(id, pin), TO(0x40 + pin, 1));
    }
    CHECK_U64(amdvi_drv_interrupt_set(device, 24, &first), AMDVI_DRV_ERR_ARGUMENT);
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 1, &index), AMDVI_DRV_OK);
    CHECK(index >= 24);
    policy_stop(&policy);
}

/* Timers have an entry each; MSI of several messages counts them in the low bits of its data. */
static void timers_and_messages_have_an_entry_each(void)
{
    static const struct amdvi_ivrs_device hpet = {
        .kind = AMDVI_IVRS_DEVICE_HPET, .device_id = 0xd9, .last_device_id = 0xd9, .handle = 0};
    struct policy_options options = {.devices = &hpet, .device_count = 1};
    uint16_t segment = 1;
    uint16_t id = 0;
    unsigned timer[3];
    unsigned base = 0;
    uint64_t address = 0;
    uint32_t data[2];

    if (!policy_start(&policy, &options)) {
        return;
    }
    CHECK_U64(amdvi_drv_hpet_find(policy.drv, 1, &segment, &id), AMDVI_DRV_ERR_NO_UNIT);
    CHECK_U64(amdvi_drv_hpet_find(policy.drv, 0, &segment, &id), AMDVI_DRV_OK);
    CHECK(segment == 0 && id == 0xd9);
    struct amdvi_drv_device *device = policy_device(&policy, id);
    for (unsigned i = 0; i < 3; i++) {
        struct amdvi_drv_target target = {.vector = (uint8_t)(0x60 + i), .destination = 2};
        CHECK_U64(amdvi_drv_interrupt_alloc(device, 1, &timer[i]), AMDVI_DRV_OK);
        CHECK_U64(amdvi_drv_interrupt_set(device, timer[i], &target), AMDVI_DRV_OK);
    }
    for (unsigned i = 0; i < 3; i++) {
        CHECK_U64(send(id, timer[i]), TO(0x60 + i, 2));
    }
    CHECK_U64(amdvi_drv_interrupt_free(device, timer[1], 1), AMDVI_DRV_OK);
    CHECK_U64(send(id, timer[1]), NOT_SENT);
    CHECK_U64(send(id, timer[2]), TO(0x62, 2));

    struct amdvi_drv_device *with_msi = policy_device(&policy, POLICY_ID(0, 0));
    CHECK_U64(amdvi_drv_interrupt_alloc(with_msi, 32, &base), AMDVI_DRV_OK);
    amdvi_drv_interrupt_message(base, &address, &data[0]);
    CHECK_U64(data[0] % 32, 0);
    for (unsigned i = 0; i < 32; i++) {
        amdvi_drv_interrupt_message(base + i, &address, &data[1]);
        CHECK_U64(data[1], data[0] | i);
    }
    policy_stop(&policy);
}

static void pass_interrupts_passes_them(void)
{
    uint16_t id = POLICY_ID(0, 0);
    unsigned index = 0;

    if (!policy_start(&policy, &(struct policy_options){.pass_interrupts = true})) {
        return;
    }
    struct amdvi_drv_device *device = policy_device(&policy, id);
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 1, &index), AMDVI_DRV_ERR_UNSUPPORTED);
    CHECK_U64(send(id, 0x35), 0x35);
    struct amdvi_drv_domain *domain = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    CHECK_U64(send(id, 0x35), 0x35);
    CHECK_REFUSED(&policy, id, 0x1000);
    policy_stop(&policy);
}

/* Memory of a table that the IOMMU may know of is not given back, nor are its entries given out. */
static void an_allocation_that_is_not_completed_gives_nothing(void)
{
    uint16_t id = POLICY_ID(0, 0);
    unsigned index = 7777;

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_device *device = policy_device(&policy, id);
    policy.rig.completion = RIG_NEVER;
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 1, &index), AMDVI_DRV_ERR_TIMEOUT);
    CHECK_U64(index, 7777);
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 1, &index), AMDVI_DRV_ERR_TIMEOUT);
    policy.rig.completion = RIG_AT_ONCE;
    rig_pass(&policy.rig, 1);
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 1, &index), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_set(device, index, &first), AMDVI_DRV_OK);
    CHECK_U64(send(id, index), TO(0x41, 3));
    policy_stop(&policy);
}

static const struct check_case cases[] = {
    {"an interrupt goes where its entry says, and nowhere before it is set",
     "1.20 interrupt table entry", an_interrupt_goes_where_it_was_set},
    {"X-S3: an entry has all bits of its delivery mode", "1.20 interrupt table entry",
     an_entry_has_all_its_bits},
    {"X-b953a99: F-1: while an entry changes, an interrupt goes to the old or to the new target",
     "1.20 interrupt table entry", a_change_loses_nothing},
    {"entries are given out again only after the completed invalidation",
     "1.20 INVALIDATE_INTERRUPT_TABLE", entries_come_back_only_after_the_invalidation},
    {"XSA-36: no device uses interrupts of another, or of one that had its id before",
     "1.20 interrupt tables", no_device_uses_the_interrupts_of_another},
    {"XSA-36: a device that ties two tables together gets no interrupts", "1.20 interrupt tables",
     two_tables_are_not_made_one},
    {"the entries of an IOAPIC are its pins", "1.20 IVHD device entries",
     pins_of_an_ioapic_are_their_numbers},
    {"timers of an HPET have an entry each, and messages of an MSI count in the data's low bits",
     "1.20 IVHD device entries", timers_and_messages_have_an_entry_each},
    {"with pass_interrupts the driver keeps its hands off interrupts", "1.20 device table entry",
     pass_interrupts_passes_them},
    {"an allocation that was not completed gives nothing, and can be repeated",
     "1.20 COMPLETION_WAIT", an_allocation_that_is_not_completed_gives_nothing},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
