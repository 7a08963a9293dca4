/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random calls on a machine that keeps everything in its caches, delays or drops completions,
 * refuses commands, and cannot read some of its tables; with devices that keep translations
 * themselves (ATS), and sometimes do not answer; and a model that knows, after each call, what each
 * device may reach. The invariant: whatever was unmapped, detached or destroyed with AMDVI_DRV_OK
 * is reached by nobody, neither through the IOMMU nor by what a device kept.
 */
#include "adversary.h"

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

/* Also one that was stopped, and was reset meanwhile: it kept nothing. */
static void do_ats(struct model_device *device)
{
    if (!device->has_ats) {
        return;
    }
    if (device->device->requester[0]->stopped) {
        enum amdvi_drv_status status = amdvi_drv_device_restart(device->device);
        CHECK(status == AMDVI_DRV_OK || status == AMDVI_DRV_ERR_BUSY ||
              is_completion_error(status));
        for (unsigned page = 0; page < PAGES && status == AMDVI_DRV_OK; page++) {
            CHECK(device->kept[page] == NOTHING ||
                  !policy_believes(&policy, device->id, device->kept[page]));
            device->kept[page] = NOTHING;
        }
    }
    enum amdvi_drv_status status = random_percent(&source, 75)
                                       ? amdvi_drv_ats_enable(device->device)
                                       : amdvi_drv_ats_disable(device->device);
    CHECK(status == AMDVI_DRV_OK || status == AMDVI_DRV_ERR_BUSY || is_completion_error(status));
}

/* ---- The machine ----------------------------------------------------------------------------- */

/*
 * Any page that the IOMMU uses, its log included, but for its command buffer: there each error
 * takes one of the ring's 16 repairs.
 */
static void break_memory(void)
{
    struct rig *rig = &policy.rig;
    uint64_t page = 0;

    if (with_bad_memory && random_percent(&source, 40)) {
        do {
            page = MACHINE_FREE + 4096 * random_below(&source, 96);
            for (unsigned i = 0; i < 2; i++) {
                const struct amdvi_drv_unit *unit = policy.drv->units[i];
                bool is_ring = page >= unit->ring.commands.spa &&
                               page < unit->ring.commands.spa + unit->ring.commands.size_bytes;
                page = is_ring || page == unit->ring.completion.spa ? 0 : page;
            }
        } while (page == 0 || rig->page_use[page / 4096] == 0);
        bad_pages++;
    }
    rig->unit[0].machine.bad_page = page;
    rig->unit[1].machine.bad_page = page;
}

static void note_event(struct rig *rig, const struct amdvi_drv_report *report)
{
    (void)rig;
    hardware_errors += report->known && (report->event.code == AMDVI_EVENT_DEV_TAB_HARDWARE_ERROR ||
                                         report->event.code == AMDVI_EVENT_PAGE_TAB_HARDWARE_ERROR)
                           ? 1
                           : 0;
}

static void change_machine(void)
{
    break_memory();
    policy.rig.ats_silent = with_ats && random_percent(&source, 20);
    silences += policy.rig.ats_silent ? 1 : 0;
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

    switch (random_below(&source, with_ats ? 18 : 16)) {
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
    case 16:
    case 17:
        do_ats(device);
        return "ATS";
    default:
        do_destroy(index);
        return "destroy";
    }
}

/* A log that overflowed may have had the event of a silent device, so a call would fail. */
static void drain(void)
{
    while (amdvi_drv_poll(policy.drv)) {
    }
}

static void run(const struct policy_options *options, uint64_t seed, unsigned calls)
{
    random_start(&source, seed);
    if (!policy_start(&policy, options)) {
        return;
    }
    policy.rig.host.released = released;
    policy.rig.event = note_event;
    next_spa = MACHINE_FREE;
    for (unsigned i = 0; i < DOMAINS; i++) {
        make_domain(i);
    }
    for (unsigned i = 0; i < DEVICES; i++) {
        uint16_t id = POLICY_ID(i % 2, i / 2);
        bool has_ats = with_ats && i < 2;
        devices[i] = (struct model_device){.id = id, .domain = -1, .has_ats = has_ats};
        devices[i].device = policy_device_with(&policy, id, true, NULL, 0, has_ats);
        for (unsigned page = 0; page < PAGES; page++) {
            devices[i].kept[page] = NOTHING;
        }
    }
    rig_told = policy.rig.unit[0].machine.told;
    policy.rig.unit[0].machine.told = told;
    policy.rig.unit[1].machine.told = told;
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
    policy.rig.ats_silent = false;
    policy.rig.unit[0].machine.bad_page = 0;
    policy.rig.unit[1].machine.bad_page = 0;
    rig_pass(&policy.rig, 1);
    drain();
    for (unsigned i = 0; i < DOMAINS; i++) {
        do_recover(i);
    }
    CHECK(check_all("the end"));
    policy.rig.remember_refusals = false;
    drain();
    policy_stop(&policy);
}

static void begin_count(void)
{
    tried = reached = errors = recoveries = 0;
    kept_used = kept_dropped = silences = bad_pages = hardware_errors = 0;
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

static void memory_fails(void)
{
    begin_count();
    with_bad_memory = true;
    for (uint64_t seed = 3001; seed <= 3060; seed++) {
        run(&(struct policy_options){.rig = {.units = 2}}, seed, 300);
        run(&(struct policy_options){.rig = {.units = 2, .caches = 1}}, seed + 100, 150);
    }
    with_bad_memory = false;
    printf("# %lu bad pages, %lu times met\n", bad_pages, hardware_errors);
    CHECK(bad_pages > 300 && hardware_errors > 1000);
    end_count();
}

static void devices_keep_translations(void)
{
    begin_count();
    with_ats = true;
    for (unsigned i = 0; i < 100; i++) {
        with_bad_memory = i % 4 == 3;
        run(
            &(struct policy_options){
                .rig = {.units = 2, .iotlb_sup = true, .store128 = i % 2 != 0}},
            4001 + i, 300);
    }
    with_ats = with_bad_memory = false;
    printf("# kept: used %lu times, dropped %lu times, %lu silences\n", kept_used, kept_dropped,
           silences);
    CHECK(kept_used > 1000 && kept_dropped > 300 && silences > 100);
    end_count();
}

static const struct check_case cases[] = {
    {"XSA-373: XSA-346: with large caches nobody reaches what was unmapped or detached with OK",
     "1.20 COMPLETION_WAIT", large_caches},
    {"L-1: the same where the IOMMU caches what is not present", "1.20 capability header",
     not_present_is_cached},
    {"the same on hosts of 32 bits without coherence, and with 16-byte stores", NULL, other_hosts},
    {"the same where the IOMMU cannot read some of its tables", "1.20 PAGE_TAB_HARDWARE_ERROR",
     memory_fails},
    {"XSA-373: the same with devices that keep translations, and do not always answer",
     "1.20 IOTLB_INV_TIMEOUT", devices_keep_translations},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
