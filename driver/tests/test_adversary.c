/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random calls on a machine that keeps everything in its caches, delays or drops completions, and
 * refuses commands; and a model that knows, after each call, what each device may reach. The
 * invariant: whatever was unmapped, detached or destroyed with AMDVI_DRV_OK is reached by nobody.
 */
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
};

static struct model_domain domains[DOMAINS];
static struct model_device devices[DEVICES];
static struct random_source source;
static uint64_t next_spa;
static bool bad; /* the machine is, at the moment */
static unsigned long tried, reached, errors, recoveries;

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

/* Attached, nothing wrong, and mapped: then it must be reached. */
static bool is_required(const struct model_device *device, unsigned page)
{
    const struct model_domain *domain = device->domain >= 0 ? &domains[device->domain] : NULL;
    bool is_clean = domain != NULL && !amdvi_drv_domain_is_poisoned(domain->domain) &&
                    domain->page[page].stales == 0;

    for (unsigned i = 0; i < DOMAINS; i++) {
        is_clean = is_clean && !device->ghost[i];
    }
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

static bool check_all(const char *after)
{
    bool all_hold = CHECK_U64(policy.rig.breaches, 0);

    for (unsigned i = 0; i < DEVICES && all_hold; i++) {
        for (unsigned page = 0; page < PAGES && all_hold; page++) {
            all_hold = check_page(&devices[i], page, after);
        }
    }
    return all_hold;
}

/* ---- Calls ----------------------------------------------------------------------------------- */

/* All that waited in this domain is invalidated. */
static void forget_stales(struct model_domain *domain)
{
    for (unsigned i = 0; i < PAGES; i++) {
        domain->page[i].stales = 0;
    }
}

static void add_stale(struct model_page *page)
{
    if (page->stales == STALE) {
        memmove(page->stale, page->stale + 1, sizeof(page->stale) - sizeof(page->stale[0]));
        page->stales--;
    }
    page->stale[page->stales++] = page->spa;
    page->spa = NOTHING;
}

static void released(void *ctx, void *cookie)
{
    struct rig *rig = ctx;
    struct model_page *page = cookie;

    /* One unmap of this page, the oldest, is over. */
    rig->released++;
    if (page->stales != 0) {
        memmove(page->stale, page->stale + 1, sizeof(page->stale) - sizeof(page->stale[0]));
        page->stales--;
    }
}

static void do_map(struct model_domain *domain, unsigned page)
{
    uint64_t spa = next_spa;

    next_spa = next_spa + 4096 < MACHINE_MEMORY_BYTES ? next_spa + 4096 : MACHINE_FREE;
    enum amdvi_drv_status status =
        amdvi_drv_map(domain->domain, iova_of(page), spa, 4096, POLICY_RW);
    if (status == AMDVI_DRV_OK) {
        CHECK_U64(domain->page[page].spa, NOTHING);
        domain->page[page].spa = spa;
    } else if (status == AMDVI_DRV_ERR_EXISTS) {
        CHECK(domain->page[page].spa != NOTHING);
    } else if (CHECK(is_completion_error(status)) && status != AMDVI_DRV_ERR_POISONED &&
               domain->page[page].spa == NOTHING) {
        /* It was mapped for a moment. */
        domain->page[page].spa = spa;
        add_stale(&domain->page[page]);
    }
    errors += is_completion_error(status) ? 1 : 0;
}

static void do_unmap(struct model_domain *domain, unsigned page)
{
    struct model_page *at = &domain->page[page];
    bool was_mapped = at->spa != NOTHING;

    /* Before the call: host->released may come from within. */
    if (was_mapped) {
        add_stale(at);
    }
    if (domain->flush != AMDVI_DRV_FLUSH_STRICT && !was_mapped) {
        return; /* the cookie would release another's page, in this model */
    }
    enum amdvi_drv_status status = amdvi_drv_unmap(domain->domain, iova_of(page), 4096, at);
    if (status == AMDVI_DRV_OK && domain->flush == AMDVI_DRV_FLUSH_STRICT) {
        at->stales = 0;
    }
    CHECK(status == AMDVI_DRV_OK || is_completion_error(status));
    errors += is_completion_error(status) ? 1 : 0;
}

static void do_sync(struct model_domain *domain)
{
    enum amdvi_drv_status status = amdvi_drv_sync(domain->domain);

    CHECK(status == AMDVI_DRV_OK || is_completion_error(status));
    if (status == AMDVI_DRV_OK && domain->flush != AMDVI_DRV_FLUSH_STRICT) {
        for (unsigned i = 0; i < PAGES; i++) {
            CHECK_U64(domain->page[i].stales, 0);
        }
    }
}

static void do_recover(unsigned index)
{
    enum amdvi_drv_status status = amdvi_drv_domain_recover(domains[index].domain);

    CHECK(status == AMDVI_DRV_OK || is_completion_error(status));
    if (status == AMDVI_DRV_OK) {
        CHECK(!amdvi_drv_domain_is_poisoned(domains[index].domain));
        forget_stales(&domains[index]);
        for (unsigned i = 0; i < DEVICES; i++) {
            devices[i].ghost[index] = false;
        }
    }
    recoveries += status == AMDVI_DRV_OK ? 1 : 0;
}

static void do_attach(struct model_device *device, unsigned index)
{
    enum amdvi_drv_status status = amdvi_drv_attach(domains[index].domain, device->device);

    if (status == AMDVI_DRV_OK) {
        CHECK_U64(device->domain, -1);
        device->domain = (int)index;
        for (unsigned i = 0; i < DOMAINS; i++) {
            device->ghost[i] = false; /* its entry is in force */
        }
    } else if (is_completion_error(status) && status != AMDVI_DRV_ERR_POISONED) {
        device->ghost[index] = true;
    } else {
        CHECK(status == AMDVI_DRV_ERR_BUSY || status == AMDVI_DRV_ERR_POISONED);
    }
}

static void do_detach(struct model_device *device)
{
    enum amdvi_drv_status status = amdvi_drv_detach(device->device);

    if (device->domain < 0) {
        CHECK_U64(status, AMDVI_DRV_ERR_ARGUMENT);
        return;
    }
    CHECK(status == AMDVI_DRV_OK || is_completion_error(status));
    device->ghost[device->domain] = status != AMDVI_DRV_OK;
    device->domain = -1;
}

static void make_domain(unsigned index)
{
    struct amdvi_drv_domain_config config;

    amdvi_drv_domain_config_init(&config);
    config.flush = (enum amdvi_drv_flush_policy)random_below(&source, 3);
    config.queue_max = 3;
    config.lazy_us = 1000;
    domains[index].flush = config.flush;
    CHECK_U64(amdvi_drv_domain_create(policy.drv, &config, &domains[index].domain), AMDVI_DRV_OK);
    for (unsigned i = 0; i < PAGES; i++) {
        domains[index].page[i] = (struct model_page){.spa = NOTHING};
    }
}

static void do_destroy(unsigned index)
{
    enum amdvi_drv_status status = amdvi_drv_domain_destroy(domains[index].domain);

    if (status == AMDVI_DRV_OK) {
        for (unsigned i = 0; i < DEVICES; i++) {
            CHECK(devices[i].domain != (int)index);
            devices[i].ghost[index] = false;
        }
        make_domain(index);
    }
}

/* ---- The machine ----------------------------------------------------------------------------- */

static void change_machine(void)
{
    struct rig *rig = &policy.rig;

    bad = random_percent(&source, 30);
    rig->completion = bad ? (enum rig_completion)random_below(&source, 3) : RIG_AT_ONCE;
    rig->late_ns = random_below(&source, 3000000000);
    /* Few: a ring is repaired 16 times. */
    if (bad && policy.drv->units[0]->ring.repairs < 12 && policy.drv->units[1]->ring.repairs < 12 &&
        random_percent(&source, 25)) {
        rig->corrupt_after = (unsigned)random_below(&source, 6) + 1;
        rig->corrupt_word0 = UINT64_C(0xf000000000000000);
    }
    rig_pass(rig, 1000000);
}

static const char *one_call(void)
{
    struct model_device *device = &devices[random_below(&source, DEVICES)];
    unsigned index = (unsigned)random_below(&source, DOMAINS);
    unsigned page = (unsigned)random_below(&source, PAGES);

    switch (random_below(&source, 16)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
        do_map(&domains[index], page);
        return "map";
    case 5:
    case 6:
    case 7:
    case 8:
        do_unmap(&domains[index], page);
        return "unmap";
    case 9:
    case 10:
        do_attach(device, index);
        return "attach";
    case 11:
        do_detach(device);
        return "detach";
    case 12:
        do_sync(&domains[index]);
        return "sync";
    case 13:
        do_recover(index);
        return "recover";
    case 14:
        amdvi_drv_poll(policy.drv);
        return "poll";
    default:
        do_destroy(index);
        return "destroy";
    }
}

static void run(const struct policy_options *options, uint64_t seed, unsigned calls)
{
    random_start(&source, seed);
    if (!policy_start(&policy, options)) {
        return;
    }
    policy.rig.host.released = released;
    next_spa = MACHINE_FREE;
    for (unsigned i = 0; i < DOMAINS; i++) {
        make_domain(i);
    }
    for (unsigned i = 0; i < DEVICES; i++) {
        uint16_t id = POLICY_ID(i % 2, i / 2);
        devices[i] = (struct model_device){policy_device(&policy, id), id, -1, {false}};
    }
    for (unsigned i = 0; i < calls; i++) {
        if (random_percent(&source, 10)) {
            change_machine();
        }
        const char *what = one_call();
        if (!check_all(what)) {
            printf("# seed %llu, call %u\n", (unsigned long long)seed, i);
            return;
        }
    }
    bad = false;
    policy.rig.completion = RIG_AT_ONCE;
    policy.rig.corrupt_after = 0;
    rig_pass(&policy.rig, 1);
    for (unsigned i = 0; i < DOMAINS; i++) {
        do_recover(i);
    }
    CHECK(check_all("the end"));
    policy.rig.remember_refusals = false;
    policy_stop(&policy);
}

static void begin_count(void)
{
    tried = reached = errors = recoveries = 0;
}

/* It was a test only if there was something to find. */
static void end_count(void)
{
    printf("# %lu accesses, %lu reached something; %lu errors of completion, %lu recoveries\n",
           tried, reached, errors, recoveries);
    CHECK(reached > tried / 20 && reached < tried && errors > 100 && recoveries > 100);
}

static void large_caches(void)
{
    begin_count();
    for (uint64_t seed = 1; seed <= 150; seed++) {
        run(&(struct policy_options){.rig.units = 2}, seed, 400);
    }
    end_count();
}

static void not_present_is_cached(void)
{
    begin_count();
    for (uint64_t seed = 1001; seed <= 1100; seed++) {
        run(&(struct policy_options){.rig.units = 2, .np_cache = true}, seed, 300);
    }
    end_count();
}

static void other_hosts(void)
{
    begin_count();
    for (uint64_t seed = 2001; seed <= 2060; seed++) {
        run(&(struct policy_options){.rig = {.units = 2, .store128 = true}}, seed, 300);
        run(&(struct policy_options){.rig = {.units = 2, .only32 = true, .non_coherent = true}},
            seed + 100, 150);
    }
    end_count();
}

static const struct check_case cases[] = {
    {"XSA-373: XSA-346: with large caches nobody reaches what was unmapped or detached with OK",
     "1.20 COMPLETION_WAIT", large_caches},
    {"L-1: the same where the IOMMU caches what is not present", "1.20 capability header",
     not_present_is_cached},
    {"the same on hosts of 32 bits without coherence, and with 16-byte stores", NULL, other_hosts},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
