/* SPDX-License-Identifier: BSD-2-Clause */
/* An instance: its configuration and memory, reset, and what it owes its host. */
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define MAX_READERS     1024
#define MAX_TLB         (1U << 20)
#define MAX_COMMANDS    (1U << 16)
#define DEFAULT_TLB     4096
#define DEFAULT_DTE     256
#define DEFAULT_IRTE    1024
#define DEFAULT_PER_RUN 256

void amdvi_config_init(struct amdvi_config *config)
{
    *config = (struct amdvi_config){
        .size = sizeof(*config),
        .features = {.va_size_bits = 64, .pa_size_bits = 52},
        .readers = 1,
        .tlb_entries = DEFAULT_TLB,
        .dte_entries = DEFAULT_DTE,
        .irte_entries = DEFAULT_IRTE,
        .commands_per_write = DEFAULT_PER_RUN,
    };
}

static bool is_one_of(unsigned value, unsigned a, unsigned b, unsigned c, unsigned d)
{
    return value == a || value == b || value == c || value == d;
}

static bool is_valid(const struct amdvi_config *config)
{
    const struct amdvi_features *features = &config->features;

    return config->size == sizeof(*config) && is_one_of(features->va_size_bits, 32, 40, 48, 64) &&
           is_one_of(features->pa_size_bits, 40, 48, 52, 52) && features->msi_num < 32 &&
           config->readers >= 1 && config->readers <= MAX_READERS &&
           config->tlb_entries <= MAX_TLB && config->dte_entries <= AMDVI_DEVICE_IDS &&
           config->irte_entries <= MAX_TLB && config->commands_per_write <= MAX_COMMANDS &&
           features->preboot_range_count <= AMDVI_PREBOOT_RANGES_MAX;
}

static bool is_complete(const struct amdvi_host *host, const struct amdvi_features *features)
{
    bool has_ats =
        host->now_ns != NULL && host->set_timer != NULL && host->invalidate_iotlb != NULL;

    return host->size == sizeof(*host) && host->read != NULL && host->write != NULL &&
           host->send_msi != NULL && (has_ats || !features->iotlb_sup);
}

/* Where each part lies in the memory of the instance. */
struct placement {
    size_t readers;
    size_t dtes;
    size_t tlb;
    size_t irtes;
    size_t directories;
    size_t end;
};

static size_t round_up(size_t size)
{
    return (size + AMDVI_CACHE_LINE - 1) & ~(size_t)(AMDVI_CACHE_LINE - 1);
}

static size_t slots_bytes(unsigned entries)
{
    return round_up(amdvi_cache_slot_count(entries) * sizeof(struct amdvi_cache_slot));
}

/* Of each level, a power of two: room for a table for each 16 translations. */
static size_t directory_count(const struct amdvi_config *config)
{
    size_t count = 1;

    while (count * 16 < config->tlb_entries) {
        count *= 2;
    }
    return count;
}

static struct placement place(const struct amdvi_config *config)
{
    struct placement at;

    at.readers = round_up(sizeof(struct amdvi_iommu));
    at.dtes = at.readers + config->readers * round_up(sizeof(struct amdvi_reader));
    at.tlb = at.dtes + slots_bytes(config->dte_entries);
    at.irtes = at.tlb + slots_bytes(config->tlb_entries);
    at.directories = at.irtes + slots_bytes(config->irte_entries);
    at.end = at.directories +
             directory_count(config) * AMDVI_DIRECTORY_LEVELS * sizeof(struct amdvi_cache_slot);
    return at;
}

size_t amdvi_iommu_size_bytes(const struct amdvi_config *config)
{
    return is_valid(config) ? place(config).end : 0;
}

/* Codes of PAsize and VAsize are the numbers of bits themselves. */
static void reset_capability(struct amdvi_iommu *iommu)
{
    const struct amdvi_features *features = &iommu->config.features;
    uint64_t header = amdvi_put(AMDVI_CAP_HEADER_CAP_ID, AMDVI_CAP_ID_SECURE_DEVICE) |
                      amdvi_put(AMDVI_CAP_HEADER_CAP_PTR, iommu->config.cap_next) |
                      amdvi_put(AMDVI_CAP_HEADER_CAP_TYPE, AMDVI_CAP_TYPE_IOMMU) |
                      amdvi_put(AMDVI_CAP_HEADER_CAP_REV, AMDVI_CAP_REV_1) |
                      amdvi_put(AMDVI_CAP_HEADER_IOTLB_SUP, features->iotlb_sup) |
                      amdvi_put(AMDVI_CAP_HEADER_HT_TUNNEL, features->ht_tunnel);
    uint64_t misc = amdvi_put(AMDVI_CAP_MISC_MSI_NUM, features->msi_num) |
                    amdvi_put(AMDVI_CAP_MISC_PA_SIZE, features->pa_size_bits) |
                    amdvi_put(AMDVI_CAP_MISC_VA_SIZE, features->va_size_bits) |
                    amdvi_put(AMDVI_CAP_MISC_HT_ATS_RESV, features->ht_ats_resv);

    memset(iommu->cap, 0, sizeof(iommu->cap));
    iommu->cap[AMDVI_CAP_OFFSET_HEADER / 4] = (uint32_t)header;
    iommu->cap[AMDVI_CAP_OFFSET_MISC / 4] = (uint32_t)misc;
}

/* With lock and log_lock held. */
static void reset_state(struct amdvi_iommu *iommu)
{
    reset_capability(iommu);
    for (unsigned reg = 0; reg < AMDVI_REG_COUNT; reg++) {
        amdvi_iommu_set_reg(iommu, (enum amdvi_reg)reg, amdvi_regs[reg].reset);
    }
    for (unsigned i = 0; i < AMDVI_DEVICE_IDS / 64; i++) {
        atomic_store_explicit(&iommu->fault_logged[i], 0, memory_order_relaxed);
    }
    /* Whoever is running commands stays busy; it finds none. */
    iommu->ring.waiting = false;
    iommu->ring.parked = false;
    atomic_store(&iommu->wait_target, 0);
    iommu->iotlb_in_flight = 0;
    atomic_store(&iommu->is_preboot, iommu->config.features.preboot_range_count != 0);
}

static void init_parts(struct amdvi_iommu *iommu, uint8_t *memory)
{
    const struct amdvi_config *config = &iommu->config;
    struct amdvi_caches *caches = &iommu->caches;
    struct placement at = place(config);

    pthread_mutex_init(&iommu->lock, NULL);
    pthread_mutex_init(&iommu->log_lock, NULL);
    pthread_mutex_init(&iommu->lease_lock, NULL);
    iommu->readers = (void *)(memory + at.readers);
    for (unsigned i = 0; i < config->readers; i++) {
        amdvi_reader_init(&iommu->readers[i], iommu);
    }
    amdvi_caches_init(caches);
    amdvi_cache_init(&caches->dtes, (void *)(memory + at.dtes), config->dte_entries);
    amdvi_cache_init(&caches->tlb, (void *)(memory + at.tlb), config->tlb_entries);
    amdvi_cache_init(&caches->irtes, (void *)(memory + at.irtes), config->irte_entries);
    caches->directories = (void *)(memory + at.directories);
    caches->directory_mask = directory_count(config) - 1;
    /* Epoch 0 never has to be waited for, and 0 as a wait target means none. */
    atomic_init(&iommu->epoch, 1);
    reset_state(iommu);
}

enum amdvi_status amdvi_iommu_create(struct amdvi_iommu **out, const struct amdvi_config *config,
                                     const struct amdvi_host *host, void *memory)
{
    if (!is_valid(config) || !is_complete(host, &config->features) ||
        (uintptr_t)memory % AMDVI_CACHE_LINE != 0) {
        return AMDVI_ERR_ARGUMENT;
    }
    size_t size_bytes = amdvi_iommu_size_bytes(config);
    bool owns_memory = memory == NULL;
    if (owns_memory) {
        memory = aligned_alloc(AMDVI_CACHE_LINE, size_bytes);
        if (memory == NULL) {
            return AMDVI_ERR_NO_MEMORY;
        }
    }
    memset(memory, 0, size_bytes);
    struct amdvi_iommu *iommu = memory;
    iommu->config = *config;
    iommu->host = *host;
    iommu->owns_memory = owns_memory;
    init_parts(iommu, memory);
    *out = iommu;
    return AMDVI_OK;
}

void amdvi_iommu_destroy(struct amdvi_iommu *iommu)
{
    if (iommu == NULL) {
        return;
    }
    pthread_mutex_destroy(&iommu->lease_lock);
    pthread_mutex_destroy(&iommu->log_lock);
    pthread_mutex_destroy(&iommu->lock);
    if (iommu->owns_memory) {
        free(iommu);
    }
}

void amdvi_iommu_reset(struct amdvi_iommu *iommu)
{
    struct amdvi_effects effects = {0};

    pthread_mutex_lock(&iommu->lock);
    pthread_mutex_lock(&iommu->log_lock);
    reset_state(iommu);
    amdvi_invalidate_all(iommu, &effects);
    pthread_mutex_unlock(&iommu->log_lock);
    amdvi_effects_deliver_first(iommu, &effects);
}

void amdvi_effects_deliver_first(struct amdvi_iommu *iommu, const struct amdvi_effects *effects)
{
    iommu->ring.untold++;
    pthread_mutex_unlock(&iommu->lock);
    amdvi_effects_deliver(iommu, effects);
    pthread_mutex_lock(&iommu->lock);
    iommu->ring.untold--;
    amdvi_run_commands_locked(iommu);
}

void amdvi_effects_deliver(struct amdvi_iommu *iommu, const struct amdvi_effects *effects)
{
    const struct amdvi_host *host = &iommu->host;
    unsigned due = effects->due;
    unsigned routes = AMDVI_DUE_INTERRUPTS | AMDVI_DUE_INTERRUPTS_ALL;

    if ((due & AMDVI_DUE_TRANSLATIONS) != 0 && host->translations_invalidated != NULL) {
        host->translations_invalidated(host->ctx, &effects->what);
    }
    if ((due & routes) != 0 && host->interrupts_invalidated != NULL) {
        host->interrupts_invalidated(host->ctx, (due & AMDVI_DUE_INTERRUPTS_ALL) != 0,
                                     effects->interrupts_device);
    }
    if ((due & AMDVI_DUE_IOTLB) != 0) {
        host->invalidate_iotlb(host->ctx, &effects->iotlb_what);
    }
    if ((due & AMDVI_DUE_TIMER) != 0) {
        host->set_timer(host->ctx, effects->deadline_ns);
    }
    if ((due & AMDVI_DUE_REVOKED) != 0 && host->lease_revoked != NULL) {
        host->lease_revoked(host->ctx, effects->revoked_cookie);
    }
    if ((due & AMDVI_DUE_LOG) != 0 && host->log != NULL) {
        host->log(host->ctx, effects->log);
    }
    if ((due & AMDVI_DUE_MSI) != 0) {
        host->send_msi(host->ctx);
    }
    if ((due & AMDVI_DUE_WORK) != 0) {
        amdvi_go_on(iommu);
    }
}

static uint64_t counted(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void amdvi_iommu_stats(struct amdvi_iommu *iommu, struct amdvi_stats *out)
{
    *out = (struct amdvi_stats){
        .commands = counted(&iommu->commands),
        .events = counted(&iommu->events),
        .events_lost = counted(&iommu->events_lost),
        .waits_parked = counted(&iommu->waits_parked),
        .leases_revoked = counted(&iommu->revocations),
        .iotlb_invalidations = counted(&iommu->iotlb_invalidations),
        .iotlb_timeouts = counted(&iommu->iotlb_timeouts),
    };
    for (unsigned i = 0; i < iommu->config.readers; i++) {
        const struct amdvi_reader *reader = &iommu->readers[i];

        out->translations += counted(&reader->translations) + counted(&reader->fast_hits) +
                             counted(&reader->fast_walks);
        out->tlb_hits += counted(&reader->tlb_hits) + counted(&reader->fast_hits);
        out->walks += counted(&reader->walks) + counted(&reader->fast_walks);
        out->aborted += counted(&reader->aborted);
        out->interrupts += counted(&reader->interrupts);
        out->interrupts_aborted += counted(&reader->interrupts_aborted);
        out->ats_requests += counted(&reader->ats_requests);
    }
}
