/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What test_adversary.c knows of its machine: which page of which domain leads where, which device
 * is where, and what devices with ATS keep; and the tries that find whoever reaches more.
 */
#ifndef DRIVER_TESTS_ADVERSARY_H
#define DRIVER_TESTS_ADVERSARY_H

#include "policy.h"

#include "random.h"

#define DOMAINS 3
#define DEVICES 5
#define PAGES   6
#define STALE   24 /* SPAs that a page of a domain may lead to besides its own, at a time */
#define NOTHING UINT64_MAX

static struct policy policy;

struct model_page {
    uint64_t spa; /* NOTHING: not mapped */
    unsigned stales;
    uint64_t stale[STALE]; /* unmapped, and not known to be invalidated */
};

struct model_domain {
    struct amdvi_drv_domain *domain;
    enum amdvi_drv_flush_policy flush;
    struct model_page page[PAGES];
};

struct model_device {
    struct amdvi_drv_device *device;
    uint16_t id;
    int domain;          /* -1: none */
    bool ghost[DOMAINS]; /* left, but not known to be out of the caches */
    bool has_ats;
    uint64_t kept[PAGES]; /* by the device; NOTHING: it would ask */
};

static struct model_domain domains[DOMAINS];
static struct model_device devices[DEVICES];
static struct random_source source;
static uint64_t next_spa;
static bool bad;             /* the machine is, at the moment */
static bool with_ats;        /* devices 0 and 1 have it */
static bool with_bad_memory; /* a page that the IOMMU cannot read, from time to time */
static unsigned long tried, reached, errors, recoveries;
static unsigned long kept_used, kept_dropped, silences, bad_pages, hardware_errors;
static void (*rig_told)(struct machine *machine, enum machine_told what);

/* Some in tables that exist, some far away, so that tables grow. */
static uint64_t iova_of(unsigned page)
{
    static const uint64_t iovas[PAGES] = {0x200000,          0x201000,          0x400000,
                                          UINT64_C(1) << 41, UINT64_C(1) << 50, 0x7ffff000};
    return iovas[page];
}

static bool is_completion_error(enum amdvi_drv_status status)
{
    return status >= AMDVI_DRV_ERR_TIMEOUT;
}

/* ---- What may be reached --------------------------------------------------------------------- */

static bool domain_allows(const struct model_domain *domain, unsigned page, uint64_t spa)
{
    const struct model_page *at = &domain->page[page];

    if (at->spa == spa) {
        return true;
    }
    for (unsigned i = 0; i < at->stales; i++) {
        if (at->stale[i] == spa) {
            return true;
        }
    }
    return false;
}

static bool is_allowed(const struct model_device *device, unsigned page, uint64_t spa)
{
    bool allowed = device->domain >= 0 && domain_allows(&domains[device->domain], page, spa);

    for (unsigned i = 0; i < DOMAINS; i++) {
        allowed = allowed || (device->ghost[i] && domain_allows(&domains[i], page, spa));
    }
    return allowed;
}

/* Attached, nothing wrong, and mapped: then it must be reached. Not by one that was stopped since
 * it did not answer, nor while the IOMMU cannot read some page. */
static bool is_required(const struct model_device *device, unsigned page)
{
    const struct model_domain *domain = device->domain >= 0 ? &domains[device->domain] : NULL;
    bool is_clean = domain != NULL && !amdvi_drv_domain_is_poisoned(domain->domain) &&
                    domain->page[page].stales == 0;

    for (unsigned i = 0; i < DOMAINS; i++) {
        is_clean = is_clean && !device->ghost[i];
    }
    is_clean = is_clean && !device->device->requester[0]->stopped &&
               policy.rig.unit[0].machine.bad_page == 0;
    return is_clean && domain->page[page].spa != NOTHING;
}

static bool check_page(const struct model_device *device, unsigned page, const char *after)
{
    uint64_t spa = policy_reach(&policy, device->id, iova_of(page), page % 2 != 0);

    tried++;
    reached += spa != POLICY_NOWHERE ? 1 : 0;
    if (spa != POLICY_NOWHERE && !is_allowed(device, page, spa)) {
        printf("# after %s: device %04x reaches 0x%llx at page %u\n", after, device->id,
               (unsigned long long)spa, page);
        return CHECK(false);
    }
    if (is_required(device, page) && spa != domains[device->domain].page[page].spa) {
        printf("# after %s: device %04x does not reach page %u, but 0x%llx\n", after, device->id,
               page, (unsigned long long)spa);
        return CHECK(false);
    }
    return true;
}

/* ---- What devices keep ----------------------------------------------------------------------- */

static struct machine *machine_of(const struct model_device *device)
{
    return &policy.rig.unit[device->id >> 8].machine;
}

/* It goes by what it kept, as long as it is believed. */
static bool check_kept(struct model_device *device, unsigned page, const char *after)
{
    uint64_t spa = device->kept[page];

    if (spa == NOTHING || !policy_believes(&policy, device->id, spa)) {
        return true;
    }
    tried++;
    reached++;
    kept_used++;
    if (!is_allowed(device, page, spa)) {
        printf("# after %s: device %04x still reaches 0x%llx, which it kept of page %u\n", after,
               device->id, (unsigned long long)spa, page);
        return CHECK(false);
    }
    return true;
}

static void ask_to_keep(struct model_device *device, unsigned page)
{
    struct machine *machine = machine_of(device);
    struct amdvi_ats_completion got = {0};

    amdvi_reader_online(machine->reader);
    bool is_answered =
        amdvi_iommu_ats_translate(machine->reader, device->id, iova_of(page), &got) == AMDVI_OK;
    amdvi_reader_offline(machine->reader);
    if (is_answered && got.status == AMDVI_ATS_SUCCESS && (got.read || got.write)) {
        device->kept[page] = got.spa | (iova_of(page) & (AMDVI_BIT(got.size_log2) - 1));
    }
}

/* A silent device keeps what it has; the rig answers for the others. */
static void told(struct machine *machine, enum machine_told what)
{
    if (what == MACHINE_TOLD_IOTLB && !policy.rig.ats_silent) {
        const struct amdvi_iotlb_invalidation *request =
            &machine->iotlb_request[(machine->iotlb_requests - 1) % MACHINE_RECORDS];
        for (unsigned i = 0; i < DEVICES; i++) {
            for (unsigned page = 0; devices[i].id == request->device_id && page < PAGES; page++) {
                uint64_t iova = iova_of(page);
                if (iova + 4095 >= request->first_iova && iova <= request->last_iova) {
                    kept_dropped += devices[i].kept[page] != NOTHING ? 1 : 0;
                    devices[i].kept[page] = NOTHING;
                }
            }
        }
    }
    rig_told(machine, what);
}

static bool check_all(const char *after)
{
    bool all_hold = CHECK_U64(policy.rig.breaches, 0);

    for (unsigned i = 0; i < DEVICES && all_hold; i++) {
        for (unsigned page = 0; page < PAGES && all_hold; page++) {
            all_hold = check_kept(&devices[i], page, after) && check_page(&devices[i], page, after);
            if (devices[i].has_ats && random_percent(&source, 30)) {
                ask_to_keep(&devices[i], page);
            }
        }
    }
    return all_hold;
}

#endif
