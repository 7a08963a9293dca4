/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine's whole life, again and again, each time with another call of the host that fails: the
 * first, the second, and so on until none is left. Whatever fails, nothing leaks, nothing is half
 * enabled, and nothing passes that did not before.
 */
#include "boot.h"

#define IOVA  UINT64_C(0x200000)
#define LARGE UINT64_C(0x200000)

static const struct amdvi_ivrs_device more_ids[] = {
    {.kind = AMDVI_IVRS_DEVICE_SELECT, .device_id = 0xe0, .last_device_id = 0xe0},
    {.kind = AMDVI_IVRS_DEVICE_ALIAS_SELECT,
     .device_id = 0xe8,
     .last_device_id = 0xe8,
     .source_device_id = 0xe0},
};

static unsigned failures[AMDVI_DRV_ERR_POISONED + 1]; /* that were returned */
static unsigned failures_now;                         /* of this life */

/* Did it succeed? */
static bool done(enum amdvi_drv_status status)
{
    failures[status]++;
    failures_now += status != AMDVI_DRV_OK ? 1 : 0;
    return status == AMDVI_DRV_OK;
}

static void prepare(const struct policy_options *options)
{
    boot_prepare(options);
    struct rig *rig = &boot.policy.rig;
    for (unsigned i = 0; i < rig->function_count; i++) {
        /* An MSI capability, before the other. */
        rig->function[i].config[0x34 / 4] = 0x60;
        rig->function[i].config[0x60 / 4] = 0x00804005;
    }
    if (options->arena) {
        CHECK(rig->host.alloc(rig->host.ctx, options->arena_bytes, &boot.policy.arena));
        boot.config.arena = &boot.policy.arena;
    }
    rig_add_function(rig, POLICY_ID(0, 0), true);
    rig->calls = 0;
}

static struct amdvi_drv_device *add(uint16_t device_id, uint16_t alias)
{
    struct amdvi_drv_device_config config = {.device_id = device_id,
                                             .trusted = true,
                                             .aliases = &alias,
                                             .alias_count = alias != 0 ? 1 : 0,
                                             .ats_offset = RIG_ATS_OFFSET};
    struct amdvi_drv_device *device = NULL;

    if (!done(amdvi_drv_device_add(boot.policy.drv, &config, &device))) {
        CHECK(amdvi_drv_requester_find(boot.policy.drv->units[0], device_id) == NULL);
        return NULL;
    }
    return device;
}

static struct rig_function *function_of(uint16_t device_id)
{
    struct rig *rig = &boot.policy.rig;

    for (unsigned i = 0; i < rig->function_count; i++) {
        if (rig->function[i].device_id == device_id) {
            return &rig->function[i];
        }
    }
    return NULL;
}

/* On in the device and in its entry, or off in both. */
static void enable_ats(struct amdvi_drv_device *device)
{
    const struct rig_function *function = function_of(device->config.device_id);
    bool is_on = done(amdvi_drv_ats_enable(device));

    CHECK_U64(function->config[RIG_ATS_OFFSET / 4 + 1] >> 31, is_on);
    CHECK_U64(device->requester[0]->ats, is_on);
    CHECK_U64(
        amdvi_drv_device_table_read(&boot.policy.drv->units[0]->table, device->config.device_id)
            .iotlb,
        is_on && device->requester[0]->domain != NULL);
}

/* The unit's own interrupt: allowed only when its message could be set up. */
static void check_messages(void)
{
    struct rig *rig = &boot.policy.rig;

    for (unsigned i = 0; i < rig->options.units; i++) {
        bool has_msi = (function_of(RIG_UNIT_ID(i))->config[0x60 / 4] >> 16 & 1) != 0;
        CHECK_U64(amdvi_has(rig_reg(rig, i, AMDVI_REG_CONTROL), AMDVI_CONTROL_EVENT_INT_EN),
                  has_msi);
    }
}

/* Attached: what is mapped can be reached, and a part can be unmapped. */
static void use_domain(struct amdvi_drv_domain *domain, struct amdvi_drv_device *device)
{
    struct policy *policy = &boot.policy;
    uint16_t id = device->config.device_id;
    unsigned index = 0;

    if (!done(amdvi_drv_attach(domain, device))) {
        CHECK_REFUSED(policy, id, BOOT_MEMORY);
        return;
    }
    bool is_mapped =
        done(amdvi_drv_map(domain, IOVA, BOOT_MEMORY & ~(LARGE - 1), LARGE, POLICY_RW));
    if (is_mapped) {
        CHECK_REACHES(policy, id, IOVA, BOOT_MEMORY & ~(LARGE - 1));
        if (boot.policy.rig.options.iotlb_sup) {
            enable_ats(device);
        }
        /* Splits the large page, which needs memory. */
        if (done(amdvi_drv_unmap(domain, IOVA, 4096, NULL))) {
            CHECK_REFUSED(policy, id, IOVA);
        }
        CHECK_REACHES(policy, id, IOVA + 4096, (BOOT_MEMORY & ~(LARGE - 1)) + 4096);
    } else {
        CHECK_REFUSED(policy, id, IOVA);
    }
    if (done(amdvi_drv_interrupt_alloc(device, 2, &index))) {
        CHECK_U64(amdvi_drv_interrupt_free(device, index, 2), AMDVI_DRV_OK);
    }
    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    CHECK_REFUSED(policy, id, IOVA + 4096);
}

static void use(void)
{
    struct amdvi_drv_device *plain = add(POLICY_ID(0, 0), 0);
    struct amdvi_drv_device *homely = add(BOOT_HOMELY, POLICY_ID(0, 6));
    struct amdvi_drv_device *bridged = add(0xe8, POLICY_ID(0, 5));
    struct amdvi_drv_domain_config config;
    struct amdvi_drv_domain *domain = NULL;

    amdvi_drv_domain_config_init(&config);
    if (done(amdvi_drv_domain_create(boot.policy.drv, &config, &domain))) {
        if (plain != NULL) {
            use_domain(domain, plain);
            (void)done(amdvi_drv_unmap(domain, IOVA, LARGE, NULL));
        }
        if (homely != NULL && done(amdvi_drv_attach(domain, homely))) {
            CHECK_REACHES(&boot.policy, BOOT_HOMELY, BOOT_HOME, BOOT_HOME);
            CHECK_REACHES(&boot.policy, POLICY_ID(0, 6), BOOT_HOME, BOOT_HOME);
            CHECK_U64(amdvi_drv_detach(homely), AMDVI_DRV_OK);
            CHECK_REACHES(&boot.policy, POLICY_ID(0, 6), BOOT_HOME, BOOT_HOME);
        }
    }
    (void)bridged;
    CHECK_REACHES(&boot.policy, BOOT_HOMELY, BOOT_HOME, BOOT_HOME);
    CHECK_REFUSED(&boot.policy, 0xe0, BOOT_MEMORY);
}

/* ---- And everything else that there is ------------------------------------------------------- */

static void use_interrupts(struct amdvi_drv_device *device)
{
    struct amdvi_drv_target target = {.vector = 0x41};
    struct rig *rig = &boot.policy.rig;
    uint16_t id = device->config.device_id;
    uint64_t address = 0;
    uint32_t data = 0;

    if (!done(amdvi_drv_interrupt_alloc_pins(device, 24))) {
        CHECK(!rig_interrupt(rig, 0, id, 0, 3, &address, &data));
        return;
    }
    /* From here on there is nothing that a host could refuse. */
    CHECK_U64(amdvi_drv_interrupt_set(device, 3, &target), AMDVI_DRV_OK);
    CHECK(rig_interrupt(rig, 0, id, 0, 3, &address, &data) && (data & 0xff) == 0x41);
    CHECK_U64(amdvi_drv_interrupt_set(device, 3, NULL), AMDVI_DRV_OK);
    CHECK(!rig_interrupt(rig, 0, id, 0, 3, &address, &data));
    CHECK_U64(amdvi_drv_interrupt_free(device, 0, 24), AMDVI_DRV_OK);
}

static void use_bounce(struct amdvi_drv_domain *domain, uint16_t id)
{
    struct amdvi_drv_bounce bounce;
    char part[16] = "0123456789abcde";
    size_t held_bytes = boot.policy.rig.held_bytes;

    if (!done(amdvi_drv_bounce_map(domain, IOVA + 0x10, part, sizeof(part), POLICY_RW, &bounce))) {
        CHECK_REFUSED(&boot.policy, id, IOVA);
        return;
    }
    CHECK_REACHES(&boot.policy, id, IOVA, bounce.page.spa);
    amdvi_drv_bounce_to_device(&bounce);
    amdvi_drv_bounce_from_device(&bounce);
    CHECK(memcmp(part, "0123456789abcde", sizeof(part)) == 0);
    CHECK_U64(amdvi_drv_bounce_unmap(&bounce), AMDVI_DRV_OK);
    CHECK_REFUSED(&boot.policy, id, IOVA);
    /* Objects of the pool stay there, and tables of the domain. */
    CHECK(boot.policy.rig.held_bytes <= held_bytes + 0x8000);
}

/* It waits in the queue, and is released. */
static void use_lazy(struct amdvi_drv_device *device, enum amdvi_drv_flush_policy flush)
{
    struct amdvi_drv_domain_config config;
    struct amdvi_drv_domain *domain = NULL;
    unsigned released = boot.policy.rig.released;

    amdvi_drv_domain_config_init(&config);
    config.flush = flush;
    if (!done(amdvi_drv_domain_create(boot.policy.drv, &config, &domain))) {
        return;
    }
    if (done(amdvi_drv_attach(domain, device))) {
        use_bounce(domain, device->config.device_id);
        if (done(amdvi_drv_map(domain, UINT64_C(1) << 50, BOOT_MEMORY, 4096, POLICY_RW))) {
            CHECK_U64(amdvi_drv_unmap(domain, UINT64_C(1) << 50, 4096, &config), AMDVI_DRV_OK);
            CHECK_U64(amdvi_drv_sync(domain), AMDVI_DRV_OK);
            CHECK_U64(boot.policy.rig.released,
                      released + (flush == AMDVI_DRV_FLUSH_STRICT ? 0 : 1));
        }
        CHECK_REFUSED(&boot.policy, device->config.device_id, UINT64_C(1) << 50);
        CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
        CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    }
    CHECK_U64(amdvi_drv_domain_destroy(domain), AMDVI_DRV_OK);
}

/* It faults without end, is stopped, and may work again. */
static void stop_and_restart(struct amdvi_drv_device *device)
{
    struct amdvi_drv *drv = boot.policy.drv;

    drv->config.faults_max = 2;
    while (amdvi_drv_poll(drv)) {
    }
    for (unsigned i = 0; i < 8; i++) {
        CHECK_REFUSED(&boot.policy, device->config.device_id, 0x5000 + 0x1000 * i);
    }
    while (amdvi_drv_poll(drv)) {
    }
    CHECK(device->requester[0]->stopped);
    CHECK_U64(amdvi_drv_device_restart(device), AMDVI_DRV_OK);
    drv->config.faults_max = 0;
}

static void sleep_and_wake(void)
{
    struct rig *rig = &boot.policy.rig;

    CHECK_U64(amdvi_drv_suspend(boot.policy.drv), AMDVI_DRV_OK);
    for (unsigned i = 0; i < rig->options.units; i++) {
        amdvi_iommu_reset(rig->unit[i].machine.iommu);
        function_of(RIG_UNIT_ID(i))->config[0x60 / 4] = 0x00804005;
    }
    /* Without its message, at worst. */
    CHECK_U64(amdvi_drv_resume(boot.policy.drv), AMDVI_DRV_OK);
    check_messages();
    for (unsigned i = 0; i < rig->options.units; i++) {
        CHECK(boot_is_on(i));
        CHECK(boot_try(i));
        if (rig->fail_at % 8 == 0) { /* it takes long */
            CHECK_U64(amdvi_drv_self_test(boot.policy.drv, i, NULL, NULL), 0);
        }
    }
}

static void ignore_line(void *ctx, const char *text)
{
    (void)ctx;
    (void)text;
}

static void use_rest(void)
{
    struct amdvi_drv *drv = boot.policy.drv;
    struct amdvi_drv_device *device = amdvi_drv_device_find(drv, 0, POLICY_ID(0, 0));

    struct amdvi_drv_device *pins = amdvi_drv_device_find(drv, 0, BOOT_HOMELY);
    if (pins != NULL) {
        use_interrupts(pins);
    }
    if (device != NULL) {
        use_lazy(device, AMDVI_DRV_FLUSH_MANUAL);
        use_lazy(device, AMDVI_DRV_FLUSH_STRICT);
        stop_and_restart(device);
        if (boot.policy.rig.options.iotlb_sup) {
            enable_ats(device);
            CHECK_U64(amdvi_drv_ats_disable(device), AMDVI_DRV_OK);
            enable_ats(device); /* and is removed so */
        }
    }
    amdvi_drv_dump(drv, 0, device, IOVA, ignore_line, NULL);
    sleep_and_wake();
}

/* False when there was nothing left to fail. */
static bool live_with_failure(const struct policy_options *options, unsigned number)
{
    prepare(options);
    struct rig *rig = &boot.policy.rig;
    rig->fail_at = number;
    failures_now = 0;
    /* A unit of two may be switched off again, and it is right so; but never lets pass. */
    enum amdvi_drv_status status = amdvi_drv_start(&boot.policy.drv, &rig->host, &boot.config);
    if (!done(status)) {
        unsigned arena_blocks = boot.policy.arena.bytes != NULL ? 1 : 0;
        CHECK_U64(rig->held_blocks, arena_blocks);
        if (arena_blocks != 0) {
            rig->host.free(rig->host.ctx, &boot.policy.arena);
        }
        boot_end_failed();
        return true;
    }
    for (unsigned i = 0; i < rig->options.units; i++) {
        CHECK(boot_is_on(i));
        boot.is_on[i] = true;
        CHECK(boot_try(i));
    }
    check_messages();
    use();
    use_rest();
    policy_stop(&boot.policy); /* no host can keep a device, a domain or a unit from leaving */
    bool failed = rig->calls >= number;
    CHECK(failed || number == 0 || failures_now == 0);
    return failed;
}

static void live_with_each(const struct policy_options *options, unsigned at_least)
{
    unsigned number = 1;

    memset(failures, 0, sizeof(failures));
    while (live_with_failure(options, number) && !check_now()->failed) {
        number++;
    }
    if (check_now()->failed) {
        printf("# with call %u failing\n", number);
    }
    printf("# %u calls\n", number - 1);
    CHECK(number > at_least);
    CHECK(failures[AMDVI_DRV_ERR_NO_MEMORY] > at_least / 3);
    CHECK_U64(failures[AMDVI_DRV_ERR_TIMEOUT] + failures[AMDVI_DRV_ERR_COMMAND] +
                  failures[AMDVI_DRV_ERR_POISONED],
              0);
}

static void each_call_may_fail(void)
{
    live_with_each(&(struct policy_options){.rig = {.units = 2, .iotlb_sup = true},
                                            .memory = &boot_memory,
                                            .memory_count = 1,
                                            .devices = more_ids,
                                            .device_count = 2},
                   40);
}

static void each_call_may_fail_without_extras(void)
{
    live_with_each(&(struct policy_options){.rig = {.no_pci = true, .only32 = true},
                                            .memory = &boot_memory,
                                            .memory_count = 1,
                                            .devices = more_ids,
                                            .device_count = 2},
                   15);
}

/* An arena that is too small by less and less. */
static void an_arena_may_end_anywhere(void)
{
    struct policy_options options = {.memory = &boot_memory,
                                     .memory_count = 1,
                                     .devices = more_ids,
                                     .device_count = 2,
                                     .arena = true,
                                     .arena_bytes = 4096};
    unsigned started = 0;

    memset(failures, 0, sizeof(failures));
    for (; options.arena_bytes < 0x60000 && !check_now()->failed; options.arena_bytes += 4096) {
        (void)live_with_failure(&options, 0);
        started += boot.policy.drv != NULL ? 1 : 0;
    }
    CHECK(started > 10);
    CHECK(failures[AMDVI_DRV_ERR_NO_MEMORY] > 20);
}

/* For a next kernel, with whatever the host refuses: ATS is off in the entry, if not in the device.
 */
static bool hand_over_with_failure(unsigned number)
{
    struct rig *rig = &boot.policy.rig;
    struct amdvi_drv_domain *domain;
    unsigned index = 0;
    uint64_t address = 0;
    uint32_t data = 0;

    prepare(&(struct policy_options){
        .rig = {.units = 2, .iotlb_sup = true}, .memory = &boot_memory, .memory_count = 1});
    CHECK_U64(amdvi_drv_start(&boot.policy.drv, &rig->host, &boot.config), AMDVI_DRV_OK);
    struct amdvi_drv_device *device = add(POLICY_ID(0, 0), 0);
    domain = policy_domain(&boot.policy, AMDVI_DRV_FLUSH_STRICT);
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(domain, IOVA, BOOT_MEMORY, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_ats_enable(device), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 1, &index), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_set(device, index, &(struct amdvi_drv_target){.vector = 0x41}),
              AMDVI_DRV_OK);
    CHECK(rig_interrupt(rig, 0, POLICY_ID(0, 0), 0, index, &address, &data));
    CHECK_REACHES(&boot.policy, POLICY_ID(0, 0), IOVA, BOOT_MEMORY);
    rig->calls = 0;
    rig->fail_at = number;
    CHECK_U64(amdvi_drv_stop(boot.policy.drv, AMDVI_DRV_HAND_OVER), AMDVI_DRV_OK);
    for (unsigned i = 0; i < 2; i++) {
        CHECK(boot_is_on(i));
        boot.is_on[i] = true;
        CHECK(boot_try(i));
    }
    CHECK_REFUSED(&boot.policy, POLICY_ID(0, 0), IOVA);
    CHECK(!rig_interrupt(rig, 0, POLICY_ID(0, 0), 0, index, &address, &data));
    CHECK_REACHES(&boot.policy, BOOT_HOMELY, BOOT_HOME, BOOT_HOME);
    /* It stays where it is. */
    rig->held_blocks = 0;
    rig->held_bytes = 0;
    rig->held_windows = 0;
    CHECK(rig_stop(rig));
    return rig->calls >= number;
}

static void a_hand_over_may_not_be_stopped(void)
{
    unsigned number = 1;

    while (hand_over_with_failure(number) && !check_now()->failed) {
        number++;
    }
    printf("# %u calls\n", number - 1);
    CHECK(number > 2);
}

/* What could not be read before the suspend is not what is written after it. */
static void rd890_with_failure(void)
{
    for (unsigned number = 1; number <= 400; number += number < 8 ? 1 : 98) {
        struct rig *rig = &boot.policy.rig;
        uint64_t base = 0;
        boot_prepare(&(struct policy_options){0});
        for (unsigned i = 0; i < rig->function_count; i++) {
            rig->function[i].config[0] = 0x5a231002;
            rig->function[i].config[1] = 6;
        }
        CHECK_U64(amdvi_drv_start(&boot.policy.drv, &rig->host, &boot.config), AMDVI_DRV_OK);
        rig->calls = 0;
        rig->fail_at = number;
        CHECK_U64(amdvi_drv_suspend(boot.policy.drv), AMDVI_DRV_OK);
        CHECK(rig->calls > 3);
        amdvi_iommu_reset(rig->unit[0].machine.iommu);
        rig->function[0].config[1] = 0;
        rig->function[0].config[0xf8 / 4] = 0;
        CHECK_U64(amdvi_drv_resume(boot.policy.drv), AMDVI_DRV_OK);
        CHECK(amdvi_iommu_window(rig->unit[0].machine.iommu, &base));
        CHECK_U64(base, RIG_WINDOW(0));
        CHECK_U64(rig->function[0].config[1] & 6, 6);
        /* All of the indirect ones, or none. */
        CHECK_U64(rig->function[0].config[0xf8 / 4], number <= 3 ? 0x80050011 : 0);
        policy_stop(&boot.policy);
    }
}

/* A unit that never completes, and one that never runs, in the middle of a start of several. */
static unsigned fail_unit;

static void fail_at_unit(struct rig *rig, enum rig_change what)
{
    if (what == RIG_REGISTER && boot_is_on(fail_unit)) {
        rig->completion = RIG_NEVER;
    }
    for (unsigned i = 0; i < rig->options.units; i++) {
        boot.is_on[i] = boot_is_on(i);
        (void)boot_try(i);
    }
}

static void any_unit_may_fail(void)
{
    for (fail_unit = 0; fail_unit < 3; fail_unit++) {
        boot_prepare(&(struct policy_options){
            .rig = {.units = 3}, .memory = &boot_memory, .memory_count = 1});
        boot.policy.rig.changed = fail_at_unit;
        CHECK_U64(amdvi_drv_start(&boot.policy.drv, &boot.policy.rig.host, &boot.config),
                  AMDVI_DRV_ERR_TIMEOUT);
        boot.policy.rig.changed = NULL;
        boot_end_failed();
    }
}

/* ---- Refusals -------------------------------------------------------------------------------- */

static enum amdvi_drv_status try_add(uint16_t device_id, const uint16_t *aliases, unsigned count,
                                     bool trusted)
{
    struct amdvi_drv_device_config config = {
        .device_id = device_id, .aliases = aliases, .alias_count = count, .trusted = trusted};
    struct amdvi_drv_device *device = NULL;

    return amdvi_drv_device_add(boot.policy.drv, &config, &device);
}

static unsigned count_requesters(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < AMDVI_DRV_BUCKETS; i++) {
        for (const struct amdvi_drv_requester *at = boot.policy.drv->buckets[i]; at != NULL;
             at = at->next) {
            count += at->users;
        }
    }
    return count;
}

static void a_refused_device_leaves_nothing(void)
{
    uint16_t id = POLICY_ID(0, 0);
    uint16_t other = POLICY_ID(1, 0);
    uint16_t many[AMDVI_DRV_REQUESTERS_MAX] = {0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe9};
    uint16_t two[2] = {POLICY_ID(0, 3), POLICY_ID(0, 4)};

    prepare(&(struct policy_options){.rig = {.units = 2}, .devices = more_ids, .device_count = 2});
    CHECK_U64(amdvi_drv_start(&boot.policy.drv, &boot.policy.rig.host, &boot.config), AMDVI_DRV_OK);
    struct amdvi_drv_device *device = policy_device(&boot.policy, id);
    CHECK_U64(count_requesters(), 1);
    CHECK_U64(try_add(id, NULL, 0, true), AMDVI_DRV_ERR_EXISTS);
    CHECK_U64(try_add(0xd000, NULL, 0, true), AMDVI_DRV_ERR_NO_UNIT);
    CHECK_U64(try_add(POLICY_ID(0, 2), &other, 1, true), AMDVI_DRV_ERR_ARGUMENT);
    CHECK_U64(try_add(POLICY_ID(0, 2), many, 8, true), AMDVI_DRV_ERR_ARGUMENT);
    CHECK_U64(try_add(0xe8, many, 7, true), AMDVI_DRV_ERR_ARGUMENT); /* with those of the IVRS */
    CHECK_U64(try_add(POLICY_ID(0, 2), NULL, 1, true), AMDVI_DRV_ERR_ARGUMENT);
    CHECK_U64(count_requesters(), 1);

    /* Inseparable from one that may do everything. */
    struct amdvi_drv_domain_config config;
    struct amdvi_drv_domain *identity = NULL;
    amdvi_drv_domain_config_init(&config);
    config.kind = AMDVI_DRV_DOMAIN_IDENTITY;
    CHECK_U64(amdvi_drv_domain_create(boot.policy.drv, &config, &identity), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(identity, device), AMDVI_DRV_OK);
    CHECK_U64(try_add(POLICY_ID(0, 2), &id, 1, false), AMDVI_DRV_ERR_UNTRUSTED);
    CHECK_U64(count_requesters(), 1);
    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    CHECK_U64(try_add(POLICY_ID(0, 2), &id, 1, false), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(identity, device), AMDVI_DRV_ERR_UNTRUSTED);
    /* Trusted again without the other. */
    CHECK_U64(amdvi_drv_device_remove(amdvi_drv_device_find(boot.policy.drv, 0, POLICY_ID(0, 2))),
              AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(identity, device), AMDVI_DRV_OK);

    /* Found by each of its ids, but by its own first. */
    CHECK_U64(try_add(two[1], NULL, 0, true), AMDVI_DRV_OK);
    CHECK_U64(try_add(POLICY_ID(0, 2), two, 2, true), AMDVI_DRV_OK);
    struct amdvi_drv_device *bridged = amdvi_drv_device_find(boot.policy.drv, 0, two[0]);
    CHECK(bridged != NULL && bridged->config.device_id == POLICY_ID(0, 2));
    CHECK(amdvi_drv_device_find(boot.policy.drv, 0, POLICY_ID(0, 2)) == bridged);
    CHECK(amdvi_drv_device_find(boot.policy.drv, 0, two[1]) != bridged);
    CHECK(amdvi_drv_device_find(boot.policy.drv, 1, two[1]) == NULL);
    policy_stop(&boot.policy);
}

static const struct check_case cases[] = {
    {"B-2: whichever call of the host fails, nothing leaks and nothing is half enabled", NULL,
     each_call_may_fail},
    {"the same without configuration space, with 32-bit registers", NULL,
     each_call_may_fail_without_extras},
    {"an arena may end anywhere", NULL, an_arena_may_end_anywhere},
    {"whatever the host refuses, a hand-over leaves all blocked", NULL,
     a_hand_over_may_not_be_stopped},
    {"RD890: what could not be saved is not restored", "1.20 capability", rd890_with_failure},
    {"a device that is refused leaves nothing; what is shared is trusted only if all are", NULL,
     a_refused_device_leaves_nothing},
    {"whichever unit fails, all are off and nothing is held", NULL, any_unit_may_fail},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
