/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole driver in several threads: some map and unmap in a domain, whose tables grow, while
 * devices come and go, interrupts change, and one polls. Each thread knows what its own pages,
 * devices and interrupts must do after each of its calls, and tries it through a reader of its own.
 *
 * Each case runs for half a second, or for AMDVI_THREADS_MS milliseconds.
 */
#define _POSIX_C_SOURCE 200809L /* pthread_barrier_t */

#include "policy.h"

#include "random.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#define THREADS          8
#define FIXED            UINT64_C(0x10000000) /* mapped in both domains all the time, to: */
#define LEADS_TO(domain) (MACHINE_FREE + UINT64_C(0x100000) * ((domain) + 1))
#define PAGES            16
#define NOWHERE          UINT64_MAX

static struct policy policy;
static struct amdvi_drv_domain *domains[2]; /* strict, and not */
static struct amdvi_drv_device *stays[2];   /* in domain 0, one behind each unit */
static bool may_fail;                       /* completions: a silent device's event may be lost */
static _Atomic bool is_over;

struct worker {
    void (*step)(struct worker *worker);
    pthread_t thread;
    unsigned number; /* and of its reader, from 1 */
    struct random_source source;
    struct amdvi_drv_device *device;
    unsigned index; /* of its interrupt */
    uint64_t mapped[PAGES];
    _Atomic unsigned released; /* unmaps of its that are over */
    unsigned long steps, reached, refused, errors, wrong;
};

static struct worker workers[THREADS];

static uint16_t id_of(const struct amdvi_drv_device *device)
{
    return device->config.device_id;
}

/* Where a device comes to, through the worker's reader. */
static uint64_t reach(struct worker *worker, uint16_t device_id, uint64_t iova)
{
    struct amdvi_request request = {.device_id = device_id,
                                    .access = worker->steps % 2 != 0 ? AMDVI_ACCESS_WRITE
                                                                     : AMDVI_ACCESS_READ,
                                    .iova = iova,
                                    .size_bytes = 8};
    uint64_t spa = NOWHERE;

    return rig_access_by(&policy.rig, device_id >> 8, worker->number, &request, &spa) ? spa
                                                                                      : NOWHERE;
}

static void expect(struct worker *worker, uint16_t device_id, uint64_t iova, uint64_t spa)
{
    uint64_t got = reach(worker, device_id, iova);

    worker->reached += got != NOWHERE ? 1 : 0;
    worker->refused += got == NOWHERE ? 1 : 0;
    if (got != spa && ++worker->wrong < 10) {
        printf("# worker %u, step %lu: device %04x at 0x%llx comes to 0x%llx instead of 0x%llx\n",
               worker->number, worker->steps, device_id, (unsigned long long)iova,
               (unsigned long long)got, (unsigned long long)spa);
    }
}

static bool done(struct worker *worker, enum amdvi_drv_status status, const char *what)
{
    if (status == AMDVI_DRV_OK) {
        return true;
    }
    worker->errors++;
    if (!(may_fail && status >= AMDVI_DRV_ERR_TIMEOUT) && ++worker->wrong < 10) {
        printf("# worker %u, step %lu: %s: %s\n", worker->number, worker->steps, what,
               amdvi_drv_status_text(status));
    }
    return false;
}

/* ---- Who does what --------------------------------------------------------------------------- */

/* Its own pages: near each other, and now and then far away, where tables must grow. */
static uint64_t iova_of(const struct worker *worker, unsigned page)
{
    return page < PAGES - 2
               ? UINT64_C(0x40000000) * (worker->number + 1) + 0x1000 * page
               : (UINT64_C(1) << (page == PAGES - 2 ? 40 : 50)) + 0x1000 * (uint64_t)worker->number;
}

static void step_map(struct worker *worker)
{
    unsigned page = (unsigned)random_below(&worker->source, PAGES);
    uint64_t iova = iova_of(worker, page);
    uint16_t id = id_of(stays[random_below(&worker->source, 2)]);
    uint64_t *mapped = &worker->mapped[page];

    if (*mapped == NOWHERE) {
        uint64_t spa = MACHINE_FREE + 0x1000 * random_below(&worker->source, 0x1000);
        enum amdvi_drv_status status = amdvi_drv_map(domains[0], iova, spa, 4096, POLICY_RW);
        if (done(worker, status, "map")) {
            *mapped = spa;
            expect(worker, id, iova, spa);
        }
        return;
    }
    if (done(worker, amdvi_drv_unmap(domains[0], iova, 4096, NULL), "unmap")) {
        expect(worker, id_of(stays[0]), iova, NOWHERE);
        expect(worker, id_of(stays[1]), iova, NOWHERE);
        *mapped = NOWHERE;
    } else if (done(worker, amdvi_drv_domain_recover(domains[0]), "recover")) {
        expect(worker, id, iova, NOWHERE);
        *mapped = NOWHERE;
    }
}

/* In the domain that is not strict; its device is there all the time. */
static void step_lazy(struct worker *worker)
{
    uint64_t iova = iova_of(worker, (unsigned)random_below(&worker->source, PAGES - 2));
    uint64_t spa = MACHINE_FREE + 0x1000 * random_below(&worker->source, 0x1000);
    unsigned released = worker->released;

    if (!done(worker, amdvi_drv_map(domains[1], iova, spa, 4096, POLICY_RW), "map")) {
        (void)done(worker, amdvi_drv_domain_recover(domains[1]), "recover");
        return;
    }
    expect(worker, id_of(worker->device), iova, spa);
    if (!done(worker, amdvi_drv_unmap(domains[1], iova, 4096, worker), "unmap")) {
        return;
    }
    if (random_percent(&worker->source, 50) && done(worker, amdvi_drv_sync(domains[1]), "sync")) {
        expect(worker, id_of(worker->device), iova, NOWHERE);
        worker->wrong += worker->released == released ? 1 : 0;
    }
}

static void released(void *ctx, void *cookie)
{
    struct worker *worker = cookie;

    (void)ctx;
    worker->released++;
}

static void step_move(struct worker *worker)
{
    unsigned to = (unsigned)random_below(&worker->source, 2);
    uint16_t id = id_of(worker->device);
    bool ats = may_fail && random_percent(&worker->source, 50);

    expect(worker, id, FIXED, NOWHERE);
    if (!done(worker, amdvi_drv_attach(domains[to], worker->device), "attach")) {
        (void)done(worker, amdvi_drv_domain_recover(domains[to]), "recover");
        return;
    }
    expect(worker, id, FIXED, LEADS_TO(to));
    if (ats) {
        (void)done(worker, amdvi_drv_ats_enable(worker->device), "ATS on");
        expect(worker, id, FIXED, LEADS_TO(to));
        (void)done(worker, amdvi_drv_ats_disable(worker->device), "ATS off");
    }
    if (!done(worker, amdvi_drv_detach(worker->device), "detach")) {
        (void)done(worker, amdvi_drv_domain_recover(domains[to]), "recover");
    }
    expect(worker, id, FIXED, NOWHERE);
}

static void step_interrupt(struct worker *worker)
{
    struct amdvi_drv_target target = {.vector = 0x41};
    uint16_t id = id_of(worker->device);
    unsigned unit = id >> 8;
    unsigned index = 0;
    uint32_t data = 0;

    if (!done(worker, amdvi_drv_interrupt_alloc(worker->device, 1, &index), "alloc")) {
        return;
    }
    for (; target.vector < 0x44; target.vector++) {
        if (done(worker, amdvi_drv_interrupt_set(worker->device, index, &target), "set")) {
            bool sent = rig_interrupt_by(&policy.rig, unit, worker->number, id, index, &data);
            worker->wrong += sent && (data & 0xff) == target.vector ? 0 : 1;
            worker->reached += sent ? 1 : 0;
        }
    }
    if (done(worker, amdvi_drv_interrupt_free(worker->device, index, 1), "free")) {
        bool sent = rig_interrupt_by(&policy.rig, unit, worker->number, id, index, &data);
        worker->wrong += sent ? 1 : 0;
        worker->refused += sent ? 0 : 1;
    }
}

/* A domain and a device that were not there before, and are not afterwards. */
static void step_make(struct worker *worker)
{
    struct amdvi_drv_device_config device_config = {.device_id = POLICY_ID(worker->steps % 2, 6),
                                                    .trusted = true};
    struct amdvi_drv_domain_config domain_config;
    struct amdvi_drv_domain *domain = NULL;
    struct amdvi_drv_device *device = NULL;

    amdvi_drv_domain_config_init(&domain_config);
    if (!done(worker, amdvi_drv_domain_create(policy.drv, &domain_config, &domain), "create")) {
        return;
    }
    (void)done(worker, amdvi_drv_map(domain, FIXED, MACHINE_FREE, 0x10000, POLICY_RW), "map");
    if (done(worker, amdvi_drv_device_add(policy.drv, &device_config, &device), "add")) {
        if (done(worker, amdvi_drv_attach(domain, device), "attach")) {
            expect(worker, device_config.device_id, FIXED, MACHINE_FREE);
        }
        while (!done(worker, amdvi_drv_device_remove(device), "remove")) {
        }
        expect(worker, device_config.device_id, FIXED, NOWHERE);
    }
    while (!done(worker, amdvi_drv_domain_destroy(domain), "destroy")) {
        (void)done(worker, amdvi_drv_domain_recover(domain), "recover");
    }
}

static void step_poll(struct worker *worker)
{
    struct amdvi_drv_unit_info info;
    struct amdvi_drv_mapping mapping;
    struct amdvi_drv_reserved_range range;

    for (unsigned i = 0; i < 2; i++) {
        worker->reached += amdvi_drv_unit_info(policy.drv, i, &info) ? 1 : 0;
        worker->wrong += info.failed || info.repairs != 0 ? 1 : 0;
        (void)amdvi_drv_unit_interrupt(policy.drv, i);
        worker->wrong += amdvi_drv_find(domains[i], FIXED, &mapping) ? 0 : 1;
        worker->wrong += mapping.spa == LEADS_TO(i) ? 0 : 1;
        worker->wrong += !may_fail && amdvi_drv_domain_is_poisoned(domains[i]) ? 1 : 0;
        worker->wrong += amdvi_drv_reserved_range(stays[i], domains[0], 0, &range) ? 0 : 1;
        worker->wrong += amdvi_drv_device_find(policy.drv, 0, id_of(stays[i])) == stays[i] ? 0 : 1;
    }
    (void)amdvi_drv_poll(policy.drv);
}

/* ---- The IOMMUs ------------------------------------------------------------------------------ */

static pthread_t iommus;
static _Atomic bool iommus_end;

/* Commands run here, some time after whoever wrote them has gone on. */
static void *run_iommus(void *ctx)
{
    (void)ctx;
    while (!iommus_end) {
        rig_deliver(&policy.rig);
        sched_yield();
    }
    return NULL;
}

static void start_thread(pthread_t *thread, void *(*run)(void *ctx), void *ctx)
{
    if (!CHECK(pthread_create(thread, NULL, run, ctx) == 0)) {
        exit(1);
    }
}

static void iommus_begin(void)
{
    iommus_end = false;
    policy.rig.completion = RIG_LATE;
    start_thread(&iommus, run_iommus, NULL);
}

static void iommus_stop(void)
{
    iommus_end = true;
    pthread_join(iommus, NULL);
    policy.rig.completion = RIG_AT_ONCE;
    rig_deliver(&policy.rig);
}

/* ---- All at once ----------------------------------------------------------------------------- */

static void *work(void *ctx)
{
    struct worker *worker = ctx;

    while (!is_over) {
        worker->step(worker);
        worker->steps++;
        sched_yield();
    }
    return NULL;
}

static void begin(void)
{
    static void (*const steps[THREADS])(struct worker * worker) = {
        step_map, step_map, step_lazy, step_move, step_move, step_interrupt, step_make, step_poll,
    };

    is_over = false;
    policy.rig.host.released = released;
    domains[0] = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
    domains[1] = policy_domain(&policy, AMDVI_DRV_FLUSH_LAZY);
    for (unsigned i = 0; i < 2; i++) {
        stays[i] = policy_device(&policy, POLICY_ID(i, 0));
        CHECK_U64(amdvi_drv_attach(domains[0], stays[i]), AMDVI_DRV_OK);
        CHECK_U64(amdvi_drv_map(domains[i], FIXED, LEADS_TO(i), 4096, POLICY_RW), AMDVI_DRV_OK);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        struct worker *worker = &workers[i];
        memset(worker, 0, sizeof(*worker));
        memset(worker->mapped, 0xff, sizeof(worker->mapped));
        worker->number = i + 1;
        worker->step = steps[i];
        random_start(&worker->source, i + 1);
        bool moves = steps[i] == step_move;
        worker->device = policy_device_with(&policy, POLICY_ID(i % 2, 1 + i / 2), true, NULL, 0,
                                            moves && may_fail);
    }
    CHECK_U64(amdvi_drv_attach(domains[1], workers[2].device), AMDVI_DRV_OK);
}

static void run_for_a_while(void)
{
    const char *text = getenv("AMDVI_THREADS_MS");
    unsigned long ms = text != NULL ? strtoul(text, NULL, 10) : 500;
    struct timespec time = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};

    iommus_begin();
    for (unsigned i = 0; i < THREADS; i++) {
        start_thread(&workers[i].thread, work, &workers[i]);
    }
    nanosleep(&time, NULL);
    is_over = true;
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    iommus_stop();
}

static void end(void)
{
    unsigned long errors = 0;

    for (unsigned i = 0; i < THREADS; i++) {
        const struct worker *worker = &workers[i];
        printf("# worker %u: %lu steps, %lu reached, %lu refused, %lu errors\n", worker->number,
               worker->steps, worker->reached, worker->refused, worker->errors);
        CHECK_U64(worker->wrong, 0);
        CHECK(worker->steps != 0 && worker->reached != 0);
        CHECK(worker->step == step_poll || may_fail || worker->refused != 0);
        errors += worker->errors;
    }
    CHECK(may_fail || errors == 0);
    CHECK_U64(policy.rig.breaches, 0);
    while (amdvi_drv_poll(policy.drv)) {
    }
    for (unsigned i = 0; i < 2; i++) {
        CHECK_U64(amdvi_drv_domain_recover(domains[i]), AMDVI_DRV_OK);
    }
    while (amdvi_drv_poll(policy.drv)) {
    }
    policy_stop(&policy);
}

static void run(const struct policy_options *options)
{
    struct policy_options in_threads = *options;

    in_threads.rig.units = 2;
    in_threads.rig.threads = true;
    in_threads.rig.readers = THREADS + 1;
    in_threads.rig.pause_ns = 1; /* each pauses for all, by this clock */
    in_threads.wait_ms = 60000;
    if (!policy_start(&policy, &in_threads)) {
        return;
    }
    begin();
    run_for_a_while();
    end();
}

/* ---- Growth ---------------------------------------------------------------------------------- */

#define GROWERS 3
#define ROUNDS  60

static pthread_barrier_t barrier;

/*
 * All begin at the same moment, in a domain whose tables have to grow for each of them. What is
 * mapped below the new root is there when map returns, whoever made the root.
 */
static void *grow(void *ctx)
{
    struct worker *worker = ctx;
    uint64_t iova = (UINT64_C(1) << 50) + 0x1000 * (uint64_t)worker->number;
    uint64_t spa = LEADS_TO(0) + 0x1000 * (uint64_t)worker->number;
    uint16_t own = id_of(worker->device);

    pthread_barrier_wait(&barrier);
    if (worker->number == GROWERS) {
        if (done(worker, amdvi_drv_attach(domains[0], worker->device), "attach")) {
            expect(worker, own, FIXED, LEADS_TO(0));
        }
    } else if (done(worker, amdvi_drv_map(domains[0], iova, spa, 4096, POLICY_RW), "map")) {
        for (unsigned i = 0; i < 2; i++) {
            expect(worker, id_of(stays[i]), iova, spa);
            expect(worker, id_of(stays[i]), FIXED, LEADS_TO(0));
        }
    }
    worker->steps++;
    pthread_barrier_wait(&barrier);
    expect(worker, own, iova, worker->number == GROWERS ? NOWHERE : spa);
    expect(worker, own, FIXED, LEADS_TO(0));
    return NULL;
}

static void grow_once(void)
{
    domains[0] = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
    CHECK_U64(amdvi_drv_map(domains[0], FIXED, LEADS_TO(0), 4096, POLICY_RW), AMDVI_DRV_OK);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_U64(amdvi_drv_attach(domains[0], stays[i]), AMDVI_DRV_OK);
        workers[i].device = stays[i];
        /* Its entry is cached. */
        expect(&workers[i], id_of(stays[i]), FIXED, LEADS_TO(0));
    }
    for (unsigned i = 0; i < GROWERS; i++) {
        start_thread(&workers[i].thread, grow, &workers[i]);
    }
    for (unsigned i = 0; i < GROWERS; i++) {
        pthread_join(workers[i].thread, NULL);
        CHECK_U64(amdvi_drv_detach(workers[i].device), AMDVI_DRV_OK);
    }
    CHECK_U64(amdvi_drv_domain_destroy(domains[0]), AMDVI_DRV_OK);
}

static void tables_grow_under_several(void)
{
    struct policy_options options = {
        .rig = {.units = 2, .threads = true, .readers = GROWERS + 1, .pause_ns = 1},
        .wait_ms = 60000};

    may_fail = false;
    if (!policy_start(&policy, &options)) {
        return;
    }
    memset(workers, 0, sizeof(workers));
    for (unsigned i = 0; i < GROWERS; i++) {
        workers[i].number = i + 1;
    }
    stays[0] = policy_device(&policy, POLICY_ID(0, 0));
    stays[1] = policy_device(&policy, POLICY_ID(1, 0));
    workers[2].device = policy_device(&policy, POLICY_ID(0, 1));
    pthread_barrier_init(&barrier, NULL, GROWERS);
    iommus_begin();
    for (unsigned round = 0; round < ROUNDS && !check_now()->failed; round++) {
        grow_once();
    }
    iommus_stop();
    pthread_barrier_destroy(&barrier);
    for (unsigned i = 0; i < GROWERS; i++) {
        CHECK_U64(workers[i].wrong, 0);
        CHECK_U64(workers[i].steps, ROUNDS);
    }
    CHECK_U64(policy.rig.breaches, 0);
    policy_stop(&policy);
}

static void all_at_once(void)
{
    may_fail = false;
    run(&(struct policy_options){0});
}

static void on_other_hosts(void)
{
    may_fail = false;
    run(&(struct policy_options){.rig = {.only32 = true, .store128 = true, .caches = 2}});
}

static void with_ats(void)
{
    may_fail = true;
    run(&(struct policy_options){.rig = {.iotlb_sup = true}});
    may_fail = false;
}

static const struct check_case cases[] = {
    {"XSA-346: L-2: who unmaps, detaches or frees in one thread of many is not reached afterwards",
     "1.20 COMPLETION_WAIT", all_at_once},
    {"the same with registers of 32 bits, stores of 16 bytes, and small caches", NULL,
     on_other_hosts},
    {"what is mapped below a root that another thread makes is there when map returns",
     "1.20 device table entry", tables_grow_under_several},
    {"the same while devices with ATS come and go", "1.20 INVALIDATE_IOTLB_PAGES", with_ats},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
