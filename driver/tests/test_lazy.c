/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains that invalidate later: by time, by number, and when they are told. */
#include "policy.h"

#include <pthread.h>

#define IOVA UINT64_C(0x200000)

static struct policy policy;
static uint16_t id = POLICY_ID(0, 0);

static struct amdvi_drv_domain *make(enum amdvi_drv_flush_policy flush, uint32_t queue_max)
{
    struct amdvi_drv_domain_config config;
    struct amdvi_drv_domain *domain = NULL;

    amdvi_drv_domain_config_init(&config);
    config.flush = flush;
    config.queue_max = queue_max;
    config.lazy_us = 5000;
    CHECK_U64(amdvi_drv_domain_create(policy.drv, &config, &domain), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(domain, policy_device(&policy, id)), AMDVI_DRV_OK);
    return domain;
}

/* Page @n of IOVA, mapped to that of @memory, and known to the cache. */
static void map_page(struct amdvi_drv_domain *domain, const struct amdvi_drv_block *memory,
                     unsigned n)
{
    CHECK_U64(amdvi_drv_map(domain, IOVA + 4096 * n, memory->spa + 4096 * n, 4096, POLICY_RW),
              AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA + 4096 * n, memory->spa + 4096 * n);
}

static void lazy_is_released_when_its_time_has_come(void)
{
    int first, second;

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = make(AMDVI_DRV_FLUSH_LAZY, 16);
    struct amdvi_drv_block memory = policy_memory(&policy, 8192);
    map_page(domain, &memory, 0);
    map_page(domain, &memory, 1);
    uint64_t begin_ns = policy.rig.now_ns;
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, &first), AMDVI_DRV_OK);
    CHECK(policy.rig.timer_ns >= begin_ns + 5000000 && policy.rig.timer_ns < begin_ns + 5100000);
    CHECK_U64(policy.rig.released, 0);
    amdvi_drv_poll(policy.drv);
    CHECK_U64(policy.rig.released, 0);
    rig_pass(&policy.rig, 4000000);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA + 4096, 4096, &second), AMDVI_DRV_OK);
    amdvi_drv_poll(policy.drv);
    CHECK_U64(policy.rig.released, 0);
    rig_pass(&policy.rig, 1000000);
    amdvi_drv_poll(policy.drv);
    CHECK_U64(policy.rig.released, 2);
    CHECK(policy.rig.last_released == &second);
    CHECK_REFUSED(&policy, id, IOVA);
    CHECK_REFUSED(&policy, id, IOVA + 4096);
    policy_stop(&policy);
    CHECK_U64(policy.rig.released, 2);
}

static void never_more_wait_than_queue_max(void)
{
    static int cookie[20];

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = make(AMDVI_DRV_FLUSH_MANUAL, 4);
    struct amdvi_drv_block memory = policy_memory(&policy, 20 * 4096);
    for (unsigned i = 0; i < 20; i++) {
        map_page(domain, &memory, i);
    }
    for (unsigned i = 0; i < 20; i++) {
        CHECK_U64(amdvi_drv_unmap(domain, IOVA + 4096 * i, 4096, &cookie[i]), AMDVI_DRV_OK);
        CHECK_U64(policy.rig.released, i / 4 * 4);
        CHECK(policy.rig.released == 0 ||
              policy.rig.last_released == &cookie[policy.rig.released - 1]);
        for (unsigned j = 0; j < policy.rig.released; j++) {
            CHECK_U64(policy_reach(&policy, id, IOVA + 4096 * j, true), POLICY_NOWHERE);
        }
    }
    CHECK_U64(policy.rig.timer_ns, UINT64_MAX);
    CHECK_U64(amdvi_drv_sync(domain), AMDVI_DRV_OK);
    CHECK_U64(policy.rig.released, 20);
    CHECK_REFUSED(&policy, id, IOVA + 4096 * 19);
    CHECK_U64(amdvi_drv_sync(domain), AMDVI_DRV_OK);
    policy_stop(&policy);
    CHECK_U64(policy.rig.released, 20);
}

static void map_over_what_waits_completes_it_first(void)
{
    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = make(AMDVI_DRV_FLUSH_MANUAL, 8);
    struct amdvi_drv_block memory = policy_memory(&policy, 4 * 4096);
    map_page(domain, &memory, 0);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
    /* Elsewhere nothing has to be completed. */
    map_page(domain, &memory, 1);
    CHECK_U64(policy.rig.released, 0);
    CHECK_U64(amdvi_drv_map(domain, IOVA, memory.spa + 2 * 4096, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_U64(policy.rig.released, 1);
    CHECK_REACHES(&policy, id, IOVA, memory.spa + 2 * 4096);
    policy_stop(&policy);
}

/* XSA-346. What is taken out: a table of 512 pages, and the pages. */
static void nothing_is_free_while_its_flush_is_outstanding(void)
{
    int cookie;

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = make(AMDVI_DRV_FLUSH_MANUAL, 8);
    struct amdvi_drv_block memory = policy_memory(&policy, 0x200000);
    for (unsigned i = 0; i < 512; i++) {
        CHECK_U64(
            amdvi_drv_map(domain, IOVA + 4096 * i, memory.spa + 4096 * (i ^ 1), 4096, POLICY_RW),
            AMDVI_DRV_OK);
    }
    CHECK_REACHES(&policy, id, IOVA, memory.spa + 4096);
    uint32_t tables = domain->pages.tables;
    unsigned held = policy.rig.held_blocks;
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 0x200000, &cookie), AMDVI_DRV_OK);
    CHECK_U64(domain->pages.tables, tables);
    policy.rig.completion = RIG_NEVER;
    CHECK_U64(amdvi_drv_sync(domain), AMDVI_DRV_ERR_TIMEOUT);
    CHECK_U64(domain->pages.tables, tables);
    CHECK_U64(policy.rig.held_blocks, held);
    CHECK_U64(policy.rig.released, 0);
    CHECK(amdvi_drv_domain_is_poisoned(domain));
    CHECK_U64(amdvi_drv_sync(domain), AMDVI_DRV_ERR_POISONED);
    policy.rig.completion = RIG_AT_ONCE;
    rig_pass(&policy.rig, 1);
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
    CHECK_U64(domain->pages.tables, tables - 1);
    CHECK(policy.rig.held_blocks < held);
    CHECK_U64(policy.rig.released, 1);
    CHECK(policy.rig.last_released == &cookie);
    CHECK_REFUSED(&policy, id, IOVA);
    policy_stop(&policy);
}

/* Two calls at once, as far as one thread can: the second, from host->released of the first. */
static void released_may_call_back(void *ctx, void *cookie)
{
    struct rig *rig = ctx;
    struct amdvi_drv_domain *domain = cookie;

    rig->released++;
    if (domain != NULL) {
        CHECK_U64(amdvi_drv_unmap(domain, IOVA + 4096, 4096, NULL), AMDVI_DRV_OK);
        CHECK_U64(amdvi_drv_sync(domain), AMDVI_DRV_OK);
    }
}

static void released_may_unmap_and_sync(void)
{
    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    policy.rig.host.released = released_may_call_back;
    struct amdvi_drv_domain *domain = make(AMDVI_DRV_FLUSH_MANUAL, 2);
    struct amdvi_drv_block memory = policy_memory(&policy, 3 * 4096);
    for (unsigned i = 0; i < 3; i++) {
        map_page(domain, &memory, i);
    }
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, domain), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA + 2 * 4096, 4096, NULL), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_sync(domain), AMDVI_DRV_OK);
    CHECK_U64(policy.rig.released, 3);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_REFUSED(&policy, id, IOVA + 4096 * i);
    }
    policy_stop(&policy);
}

static void released_fills_the_queue(void *ctx, void *cookie)
{
    struct rig *rig = ctx;
    struct amdvi_drv_domain *domain = cookie;

    rig->released++;
    if (domain != NULL) {
        CHECK_U64(amdvi_drv_unmap(domain, IOVA + 4096, 4096, NULL), AMDVI_DRV_OK);
    }
}

/* Another call takes the place that this one made. */
static void without_a_place_an_unmap_is_strict(void)
{
    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    policy.rig.host.released = released_fills_the_queue;
    struct amdvi_drv_domain *domain = make(AMDVI_DRV_FLUSH_MANUAL, 1);
    struct amdvi_drv_block memory = policy_memory(&policy, 3 * 4096);
    for (unsigned i = 0; i < 3; i++) {
        map_page(domain, &memory, i);
    }
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, domain), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA + 2 * 4096, 4096, NULL), AMDVI_DRV_OK);
    CHECK_U64(policy.rig.released, 2);
    CHECK_U64(domain->queue_count, 1);
    CHECK_REFUSED(&policy, id, IOVA);
    CHECK_REFUSED(&policy, id, IOVA + 2 * 4096);
    CHECK_U64(amdvi_drv_sync(domain), AMDVI_DRV_OK);
    CHECK_U64(policy.rig.released, 3);
    policy_stop(&policy);
}

static struct amdvi_drv_domain *inner;
static unsigned inner_calls;

/* While the first call waits: a second unmap, and a second call that completes it all. */
static void sync_within(void *ctx)
{
    struct rig *rig = ctx;
    struct amdvi_drv_domain *domain = inner;

    inner = NULL;
    if (domain != NULL) {
        inner_calls++;
        CHECK_U64(amdvi_drv_unmap(domain, IOVA + 4096, 4096, NULL), AMDVI_DRV_OK);
        CHECK_U64(amdvi_drv_sync(domain), AMDVI_DRV_OK);
        CHECK_U64(rig->released, 2);
        CHECK_REFUSED(&policy, id, IOVA);
        CHECK_REFUSED(&policy, id, IOVA + 4096);
    }
    rig_pass(rig, 1000000);
}

/* The first call's invalidation is refused; what the second tells the host is true all the same. */
static void a_second_sync_covers_what_the_first_is_busy_with(void)
{
    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    policy.rig.host.pause = sync_within;
    struct amdvi_drv_domain *domain = make(AMDVI_DRV_FLUSH_MANUAL, 8);
    struct amdvi_drv_block memory = policy_memory(&policy, 8192);
    map_page(domain, &memory, 0);
    map_page(domain, &memory, 1);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
    inner = domain;
    inner_calls = 0;
    policy.rig.completion = RIG_LATE;
    policy.rig.late_ns = 20000000;
    policy.rig.corrupt_after = 1;
    policy.rig.corrupt_word0 = UINT64_C(0xf000000000000000);
    CHECK_U64(amdvi_drv_sync(domain), AMDVI_DRV_ERR_COMMAND);
    CHECK_U64(inner_calls, 1);
    policy.rig.completion = RIG_AT_ONCE;
    rig_pass(&policy.rig, 1);
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
    CHECK_U64(policy.rig.released, 2);
    policy_stop(&policy);
}

#define THREADS 4
#define ROUNDS  300

static _Atomic unsigned released_in_threads;
static struct amdvi_drv_domain *shared;

static void count_released(void *ctx, void *cookie)
{
    (void)ctx;
    atomic_fetch_add((_Atomic unsigned *)cookie, 1);
}

static void *map_and_unmap(void *argument)
{
    uint64_t iova = IOVA + 4096 * (uint64_t)(uintptr_t)argument;

    for (unsigned i = 0; i < ROUNDS; i++) {
        if (amdvi_drv_map(shared, iova, 0x1000000, 4096, POLICY_RW) != AMDVI_DRV_OK ||
            amdvi_drv_unmap(shared, iova, 4096, &released_in_threads) != AMDVI_DRV_OK) {
            return argument;
        }
        if (i % 16 == 0) {
            amdvi_drv_poll(policy.drv);
        }
    }
    return NULL;
}

static void threads_share_a_queue(enum amdvi_drv_flush_policy flush, uint32_t queue_max)
{
    pthread_t thread[THREADS];

    if (!policy_start(&policy, &(struct policy_options){.rig.threads = true})) {
        return;
    }
    policy.rig.host.released = count_released;
    released_in_threads = 0;
    shared = make(flush, queue_max);
    for (uintptr_t i = 0; i < THREADS; i++) {
        /* Not 0: that is what they return when all went well. */
        CHECK(pthread_create(&thread[i], NULL, map_and_unmap, (void *)(i + 1)) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *failed = NULL;
        CHECK(pthread_join(thread[i], &failed) == 0 && failed == NULL);
    }
    CHECK_U64(amdvi_drv_sync(shared), AMDVI_DRV_OK);
    CHECK_U64(released_in_threads, THREADS * ROUNDS);
    for (unsigned i = 0; i <= THREADS; i++) {
        CHECK_REFUSED(&policy, id, IOVA + 4096 * i);
    }
    policy_stop(&policy);
}

static void threads_are_released_once_each(void)
{
    threads_share_a_queue(AMDVI_DRV_FLUSH_MANUAL, 1);
    threads_share_a_queue(AMDVI_DRV_FLUSH_MANUAL, 7);
    threads_share_a_queue(AMDVI_DRV_FLUSH_LAZY, 3);
}

static const struct check_case cases[] = {
    {"a lazy unmap is released when its time has come, and not before", NULL,
     lazy_is_released_when_its_time_has_come},
    {"never more than queue_max unmaps wait, and none is released before it is invalidated", NULL,
     never_more_wait_than_queue_max},
    {"map over an unmap that waits completes it first", NULL,
     map_over_what_waits_completes_it_first},
    {"XSA-346: neither memory nor tables are free while a flush is outstanding, or failed",
     "1.20 COMPLETION_WAIT", nothing_is_free_while_its_flush_is_outstanding},
    {"an unmap that finds no place in the queue is strict, and released at once", NULL,
     without_a_place_an_unmap_is_strict},
    {"XSA-346: a second sync covers what the first is busy with, whatever becomes of that", NULL,
     a_second_sync_covers_what_the_first_is_busy_with},
    {"threads that share a queue are told of each of their unmaps, once", NULL,
     threads_are_released_once_each},
    {"host->released may unmap and sync the same domain", NULL, released_may_unmap_and_sync},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
