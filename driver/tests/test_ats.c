/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices with caches of their own: told of each invalidation, and not believed when silent. */
#include "policy.h"

#define IOVA UINT64_C(0x200000)

static struct policy policy;
static uint16_t id = POLICY_ID(0, 0);
static const struct policy_options with_ats = {.rig.iotlb_sup = true};

/* What a device with ATS asks for, to keep. */
static uint64_t ask(uint64_t iova)
{
    struct machine *machine = &policy.rig.unit[0].machine;
    struct amdvi_ats_completion got = {0};

    amdvi_reader_online(machine->reader);
    bool known = amdvi_iommu_ats_translate(machine->reader, id, iova, &got) == AMDVI_OK &&
                 got.status == AMDVI_ATS_SUCCESS && (got.read || got.write);
    amdvi_reader_offline(machine->reader);
    return known ? got.spa | (iova & (AMDVI_BIT(got.size_log2) - 1)) : POLICY_NOWHERE;
}

/* Is a request believed that says its address is an SPA? */
static bool is_believed(uint64_t spa)
{
    return policy_believes(&policy, id, spa);
}

/* A domain with a page, the device attached, ATS on. */
static struct amdvi_drv_domain *make(struct amdvi_drv_device **out_device)
{
    struct amdvi_drv_domain *domain = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
    struct amdvi_drv_device *device = policy_device_with(&policy, id, true, NULL, 0, true);

    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1000000, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    CHECK(!is_believed(0x1000000));
    CHECK_U64(amdvi_drv_ats_enable(device), AMDVI_DRV_OK);
    *out_device = device;
    return domain;
}

static uint32_t ats_control(void)
{
    for (unsigned i = 0; i < policy.rig.function_count; i++) {
        if (policy.rig.function[i].device_id == id) {
            return policy.rig.function[i].config[RIG_ATS_OFFSET / 4 + 1];
        }
    }
    return 0;
}

static void a_device_is_told_of_each_invalidation(void)
{
    struct amdvi_drv_device *device = NULL;

    if (!policy_start(&policy, &with_ats)) {
        return;
    }
    struct machine *machine = &policy.rig.unit[0].machine;
    struct amdvi_drv_domain *domain = make(&device);
    CHECK(ats_control() >> 31 == 1);
    CHECK_U64(ask(IOVA), 0x1000000);
    CHECK(is_believed(0x1000000));
    unsigned before = machine->iotlb_requests;
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
    CHECK_U64(machine->iotlb_requests, before + 1);
    const struct amdvi_iotlb_invalidation *request =
        &machine->iotlb_request[before % MACHINE_RECORDS];
    CHECK_U64(request->device_id, id);
    CHECK_U64(request->queue_id, id);
    CHECK_U64(request->first_iova, IOVA);
    CHECK_U64(request->last_iova, IOVA + 4095);
    CHECK_U64(ask(IOVA), POLICY_NOWHERE);
    policy_stop(&policy);
}

/* X-S1: a range without S is one page. */
static void a_range_is_told_as_a_range(void)
{
    struct amdvi_drv_device *device = NULL;

    if (!policy_start(&policy, &with_ats)) {
        return;
    }
    struct machine *machine = &policy.rig.unit[0].machine;
    struct amdvi_drv_domain *domain = make(&device);
    uint64_t base = UINT64_C(0x40000000);
    CHECK_U64(amdvi_drv_map(domain, base, 0x1000000, 0x200000, POLICY_RW), AMDVI_DRV_OK);
    unsigned before = machine->iotlb_requests;
    CHECK_U64(amdvi_drv_unmap(domain, base, 0x200000, NULL), AMDVI_DRV_OK);
    uint64_t first = UINT64_MAX;
    uint64_t last = 0;
    for (unsigned i = before; i < machine->iotlb_requests; i++) {
        const struct amdvi_iotlb_invalidation *at = &machine->iotlb_request[i % MACHINE_RECORDS];
        first = at->first_iova < first ? at->first_iova : first;
        last = at->last_iova > last ? at->last_iova : last;
    }
    CHECK(first <= base && last >= base + 0x1fffff);
    CHECK_U64(machine->iotlb_requests, before + 1);
    /* One that is not aligned is covered too. */
    CHECK_U64(amdvi_drv_map(domain, base - 0x3000, 0x1000000, 0x5000, POLICY_RW), AMDVI_DRV_OK);
    before = machine->iotlb_requests;
    CHECK_U64(amdvi_drv_unmap(domain, base - 0x3000, 0x5000, NULL), AMDVI_DRV_OK);
    const struct amdvi_iotlb_invalidation *around =
        &machine->iotlb_request[before % MACHINE_RECORDS];
    CHECK(around->first_iova <= base - 0x3000 && around->last_iova >= base + 0x1fff);
    policy_stop(&policy);
}

static void off_is_off(void)
{
    struct amdvi_drv_device *device = NULL;

    if (!policy_start(&policy, &with_ats)) {
        return;
    }
    struct machine *machine = &policy.rig.unit[0].machine;
    struct amdvi_drv_domain *domain = make(&device);
    CHECK_U64(domain->ats_count, 1);
    CHECK(is_believed(0x1000000));
    unsigned before = machine->iotlb_requests;
    CHECK_U64(amdvi_drv_ats_disable(device), AMDVI_DRV_OK);
    CHECK(machine->iotlb_requests > before); /* what it kept */
    CHECK(!is_believed(0x1000000));
    CHECK_U64(ats_control() >> 31, 0);
    CHECK_U64(domain->ats_count, 0);
    CHECK_REACHES(&policy, id, IOVA, 0x1000000);
    before = machine->iotlb_requests;
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
    CHECK_U64(machine->iotlb_requests, before);
    /* And on again; over a detach, everything that it kept goes. */
    CHECK_U64(amdvi_drv_ats_enable(device), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_ats_enable(device), AMDVI_DRV_OK);
    CHECK_U64(domain->ats_count, 1);
    before = machine->iotlb_requests;
    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    CHECK(machine->iotlb_requests > before);
    CHECK(!is_believed(0x1000000));
    CHECK_U64(domain->ats_count, 0);
    policy_stop(&policy);
}

/* Its entry is invalidated by a command that the IOMMU refuses: it may have the old one. */
static void off_that_is_not_completed_is_on_still(void)
{
    struct amdvi_drv_device *device = NULL;

    for (unsigned again = 0; again < 2; again++) {
        if (!policy_start(&policy, &with_ats)) {
            return;
        }
        struct machine *machine = &policy.rig.unit[0].machine;
        struct amdvi_drv_domain *domain = make(&device);
        CHECK_U64(ask(IOVA), 0x1000000);
        CHECK(is_believed(0x1000000));
        policy.rig.corrupt_after = 1;
        policy.rig.corrupt_word0 = UINT64_C(0xf000000000000000);
        CHECK_U64(amdvi_drv_ats_disable(device), AMDVI_DRV_ERR_COMMAND);
        CHECK(is_believed(0x1000000));
        /* So it is told of what is unmapped. */
        unsigned before = machine->iotlb_requests;
        CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
        CHECK_U64(machine->iotlb_requests, before + 1);
        CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1001000, 4096, POLICY_RW), AMDVI_DRV_OK);
        if (again == 0) {
            CHECK_U64(amdvi_drv_ats_disable(device), AMDVI_DRV_OK);
            CHECK(!is_believed(0x1001000));
            CHECK_U64(domain->ats_count, 0);
        } else {
            CHECK_U64(amdvi_drv_ats_enable(device), AMDVI_DRV_OK);
            CHECK_U64(ats_control() >> 31, 1);
            CHECK_U64(ask(IOVA), 0x1001000);
            CHECK(is_believed(0x1001000));
            CHECK_U64(domain->ats_count, 1);
        }
        policy_stop(&policy);
    }
}

static void ats_is_for_those_that_may(void)
{
    struct policy_options without = {0};

    if (!policy_start(&policy, &with_ats)) {
        return;
    }
    struct amdvi_drv_device *untrusted =
        policy_device_with(&policy, POLICY_ID(0, 1), false, NULL, 0, true);
    CHECK_U64(amdvi_drv_ats_enable(untrusted), AMDVI_DRV_ERR_UNTRUSTED);
    struct amdvi_drv_device *incapable = policy_device(&policy, POLICY_ID(0, 2));
    CHECK_U64(amdvi_drv_ats_enable(incapable), AMDVI_DRV_ERR_UNSUPPORTED);
    CHECK_U64(amdvi_drv_ats_disable(incapable), AMDVI_DRV_OK);
    policy_stop(&policy);
    if (!policy_start(&policy, &without)) {
        return;
    }
    struct amdvi_drv_device *device = policy_device_with(&policy, id, true, NULL, 0, true);
    CHECK_U64(amdvi_drv_ats_enable(device), AMDVI_DRV_ERR_UNSUPPORTED);
    CHECK_U64(ats_control() >> 31, 0);
    policy_stop(&policy);
}

/* The COMPLETION_WAIT is completed by the timeout; what the device kept is there still. */
static void a_silent_device_is_not_believed_any_more(void)
{
    struct amdvi_drv_device *device = NULL;

    if (!policy_start(&policy, &with_ats)) {
        return;
    }
    struct amdvi_drv_domain *domain = make(&device);
    CHECK_U64(ask(IOVA), 0x1000000);
    CHECK(is_believed(0x1000000));
    policy.rig.ats_silent = true;
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
    CHECK(!is_believed(0x1000000));
    CHECK_U64(ask(IOVA), POLICY_NOWHERE);
    CHECK_REFUSED(&policy, id, IOVA);
    CHECK(device->requester[0]->stopped);
    CHECK(!amdvi_drv_domain_is_poisoned(domain));
    CHECK_U64(amdvi_drv_ats_enable(device), AMDVI_DRV_ERR_BUSY);
    CHECK(!is_believed(0x1000000));
    /* The next does not wait for it again. */
    uint64_t begin_ns = policy.rig.now_ns;
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1001000, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
    CHECK(policy.rig.now_ns - begin_ns < 100000000);
    while (amdvi_drv_poll(policy.drv)) {
    }
    CHECK_U64(ats_control() >> 31, 0);
    /* Once it is reset it may go on, without ATS at first. */
    policy.rig.ats_silent = false;
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1002000, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, id, IOVA);
    CHECK_U64(amdvi_drv_device_restart(device), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA, 0x1002000);
    CHECK(!is_believed(0x1000000));
    CHECK_U64(amdvi_drv_ats_enable(device), AMDVI_DRV_OK);
    CHECK_U64(ask(IOVA), 0x1002000);
    policy_stop(&policy);
}

static void a_silent_device_can_be_detached_and_removed(void)
{
    struct amdvi_drv_device *device = NULL;

    if (!policy_start(&policy, &with_ats)) {
        return;
    }
    struct amdvi_drv_domain *domain = make(&device);
    CHECK_U64(ask(IOVA), 0x1000000);
    policy.rig.ats_silent = true;
    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    CHECK(!is_believed(0x1000000));
    CHECK_REFUSED(&policy, id, IOVA);
    /* What it kept of the old domain is not good in another. */
    struct amdvi_drv_domain *other = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
    CHECK_U64(amdvi_drv_attach(other, device), AMDVI_DRV_OK);
    CHECK(!is_believed(0x1000000));
    CHECK_U64(amdvi_drv_device_remove(device), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_domain_destroy(domain), AMDVI_DRV_OK);
    policy_stop(&policy);
}

/* Two devices with ATS in a domain: @silent does not answer, the other one does. */
static struct amdvi_drv_domain *make_two(struct amdvi_drv_device *device[2])
{
    struct amdvi_drv_domain *domain = make(&device[0]);

    device[1] = policy_device_with(&policy, POLICY_ID(0, 1), true, NULL, 0, true);
    CHECK_U64(amdvi_drv_attach(domain, device[1]), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_ats_enable(device[1]), AMDVI_DRV_OK);
    CHECK_U64(ask(IOVA), 0x1000000);
    return domain;
}

/* Only device 0 is silent: the rig would have none answer. */
static void (*rig_told)(struct machine *machine, enum machine_told what);

static void tell_but_one(struct machine *machine, enum machine_told what)
{
    const struct amdvi_iotlb_invalidation *last =
        &machine->iotlb_request[(machine->iotlb_requests - 1) % MACHINE_RECORDS];

    policy.rig.ats_silent = what == MACHINE_TOLD_IOTLB && last->device_id == id;
    rig_told(machine, what);
}

static void silence_one(void)
{
    rig_told = policy.rig.unit[0].machine.told;
    policy.rig.unit[0].machine.told = tell_but_one;
}

/* Of two that may be silent the one that is silent is found. */
static void check_that_one_is_closed(struct amdvi_drv_device *device[2],
                                     struct amdvi_drv_domain *domain)
{
    CHECK(!is_believed(0x1000000));
    CHECK(device[0]->requester[0]->stopped);
    CHECK(!device[1]->requester[0]->stopped);
    CHECK(policy_believes(&policy, POLICY_ID(0, 1), 0x1000000));
    CHECK(!amdvi_drv_domain_is_poisoned(domain));
    CHECK_U64(domain->ats_count, 1);
    /* The next waits for nobody. */
    uint64_t begin_ns = policy.rig.now_ns;
    CHECK_U64(amdvi_drv_map(domain, 2 * IOVA, 0x1001000, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_unmap(domain, 2 * IOVA, 4096, NULL), AMDVI_DRV_OK);
    CHECK(policy.rig.now_ns - begin_ns < 100000000);
    while (amdvi_drv_poll(policy.drv)) {
    }
    CHECK_U64(ats_control() >> 31, 0);
}

/* A log that overflowed has lost the event; once it runs again, asking again finds who it was. */
static void a_lost_timeout_is_asked_for_again(void)
{
    struct amdvi_drv_device *device[2] = {NULL};

    if (!policy_start(&policy, &with_ats)) {
        return;
    }
    struct amdvi_drv_domain *domain = make_two(device);
    silence_one();
    for (unsigned i = 0; i < 300; i++) {
        (void)policy_reach(&policy, POLICY_ID(0, 5), UINT64_C(0x1000) * i, false);
    }
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
    check_that_one_is_closed(device, domain);
    policy_stop(&policy);
}

/* The unit cannot write its log, and says nothing of it: only time tells. */
static void a_log_that_is_not_written_is_not_believed(void)
{
    struct amdvi_drv_device *device[2] = {NULL};

    for (unsigned detach = 0; detach < 2; detach++) {
        if (!policy_start(&policy, &with_ats)) {
            return;
        }
        struct machine *machine = &policy.rig.unit[0].machine;
        struct amdvi_drv_domain *domain = make_two(device);
        machine->bad_page = policy.drv->units[0]->log.entries.spa;
        silence_one();
        unsigned events = policy.rig.events;
        CHECK_U64(detach != 0 ? amdvi_drv_detach(device[0])
                              : amdvi_drv_unmap(domain, IOVA, 4096, NULL),
                  AMDVI_DRV_OK);
        CHECK_U64(policy.rig.events, events);
        CHECK(strstr(policy.rig.last_log, "does not answer") != NULL);
        check_that_one_is_closed(device, domain);
        machine->bad_page = 0;
        policy_stop(&policy);
    }
}

/* The first that is told is the last that comes late. */
static void tell_in_time(struct machine *machine, enum machine_told what)
{
    policy.rig.completion = what == MACHINE_TOLD_IOTLB ? RIG_AT_ONCE : policy.rig.completion;
    rig_told(machine, what);
}

/* Late because the ring was, and not because of a device: nobody is stopped for that. */
static void who_answers_late_is_asked_and_goes_on(void)
{
    struct amdvi_drv_device *device[2] = {NULL};

    if (!policy_start(&policy, &with_ats)) {
        return;
    }
    struct amdvi_drv_domain *domain = make_two(device);
    rig_told = policy.rig.unit[0].machine.told;
    policy.rig.unit[0].machine.told = tell_in_time;
    unsigned before = policy.rig.unit[0].machine.iotlb_requests;
    policy.rig.completion = RIG_LATE;
    policy.rig.late_ns = 700000000;
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
    CHECK_U64(policy.rig.unit[0].machine.iotlb_requests - before, 4); /* each once more */
    CHECK(!device[0]->requester[0]->stopped && !device[1]->requester[0]->stopped);
    CHECK_U64(domain->ats_count, 2);
    policy_stop(&policy);
}

static uint64_t (*true_read64)(void *ctx, void *window, uint32_t offset);

static uint64_t no_timeout(void *ctx, void *window, uint32_t offset)
{
    uint64_t value = true_read64(ctx, window, offset);

    return offset == amdvi_regs[AMDVI_REG_CONTROL].offset ? value & ~AMDVI_CONTROL_INV_TIMEOUT
                                                          : value;
}

/* It would wait without end, and say nothing. */
static void no_ats_where_the_unit_has_no_timeout(void)
{
    if (!policy_start(&policy, &with_ats)) {
        return;
    }
    struct amdvi_drv_device *device = policy_device_with(&policy, id, true, NULL, 0, true);
    true_read64 = policy.rig.host.read64;
    policy.rig.host.read64 = no_timeout;
    CHECK_U64(amdvi_drv_ats_enable(device), AMDVI_DRV_ERR_UNSUPPORTED);
    CHECK_U64(ats_control() >> 31, 0);
    policy.rig.host.read64 = true_read64;
    CHECK_U64(amdvi_drv_ats_enable(device), AMDVI_DRV_OK);
    policy_stop(&policy);
}

static uint32_t (*true_read32)(void *ctx, void *window, uint32_t offset);
static unsigned late_entries;

/* Errata 732, 733: the tail is there, and the entry of a device that did not answer is not yet. */
static uint32_t tail_before_entry(void *ctx, void *window, uint32_t offset)
{
    const struct amdvi_drv_log *log = &policy.drv->units[0]->log;
    uint32_t value = true_read32(ctx, window, offset);

    for (uint32_t at = log->head;
         offset == amdvi_regs[AMDVI_REG_EVENT_LOG_TAIL].offset && at != value;
         at = (at + AMDVI_EVENT_BYTES) % log->size_bytes) {
        struct amdvi_wire_event *wire = (void *)((uint8_t *)log->entries.bytes + at);
        struct amdvi_event event;
        if (amdvi_event_decode(&event, wire) && event.code == AMDVI_EVENT_IOTLB_INV_TIMEOUT) {
            memset(wire, 0, sizeof(*wire));
            late_entries++;
        }
    }
    return value;
}

static void a_timeout_that_never_comes_is_asked_for_again(void)
{
    struct amdvi_drv_device *device[2] = {NULL};

    for (unsigned detach = 0; detach < 2; detach++) {
        if (!policy_start(&policy, &with_ats)) {
            return;
        }
        struct amdvi_drv_domain *domain = make_two(device);
        silence_one();
        late_entries = 0;
        true_read32 = policy.rig.host.read32;
        policy.rig.host.read32 = tail_before_entry;
        CHECK_U64(detach != 0 ? amdvi_drv_detach(device[0])
                              : amdvi_drv_unmap(domain, IOVA, 4096, NULL),
                  AMDVI_DRV_OK);
        CHECK_U64(late_entries, 2);
        check_that_one_is_closed(device, domain);
        policy.rig.host.read32 = true_read32;
        policy_stop(&policy);
    }
}

static const struct check_case cases[] = {
    {"a device with ATS is told of each invalidation of its domain", "1.20 INVALIDATE_IOTLB_PAGES",
     a_device_is_told_of_each_invalidation},
    {"X-S1: a range is told with its size, S=1", "1.20 INVALIDATE_IOTLB_PAGES",
     a_range_is_told_as_a_range},
    {"ATS that is off is off: in the device, in its entry, and in invalidations",
     "1.20 device table entry", off_is_off},
    {"a device whose ATS could not be turned off is told of invalidations until it could",
     "1.20 ILLEGAL_COMMAND_ERROR", off_that_is_not_completed_is_on_still},
    {"ATS is refused to devices that are not trusted, and where it is not supported", NULL,
     ats_is_for_those_that_may},
    {"a device that does not answer is not believed any more when unmap returns",
     "1.20 IOTLB_INV_TIMEOUT", a_silent_device_is_not_believed_any_more},
    {"a device that does not answer can be detached and removed", "1.20 IOTLB_INV_TIMEOUT",
     a_silent_device_can_be_detached_and_removed},
    {"XSA-373: when its event is lost in a full log, unmap asks again and finds the device",
     "1.20 event log", a_lost_timeout_is_asked_for_again},
    {"XSA-373: so it does when an entry of the log never comes (errata 732, 733)", "1.20 event log",
     a_timeout_that_never_comes_is_asked_for_again},
    {"XSA-373: a log that the unit cannot write does not hide a device that does not answer",
     "1.20 IOTLB_INV_TIMEOUT", a_log_that_is_not_written_is_not_believed},
    {"ATS is refused where InvTimeOut does not stay as it was written", "1.20 IOMMU control",
     no_ats_where_the_unit_has_no_timeout},
    {"devices that have answered go on when completion was late for another reason",
     "1.20 INVALIDATE_IOTLB_PAGES", who_answers_late_is_asked_and_goes_on},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
