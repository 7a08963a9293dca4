/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine: started, all or nothing. A unit that ran before is never switched off
 * by a start that fails: it stays on with the table that blocks, whose memory is then not given
 * back, since the unit reads it.
 */
#include "state.h"
#include "store.h"

void amdvi_drv_config_init(struct amdvi_drv_config *config)
{
    *config = (struct amdvi_drv_config){
        .size = sizeof(*config),
        .commands_log2 = 9,
        .events_log2 = 9,
        .domains_max = 1024,
        .wait_ms = 2000,
        .faults_max = 1000,
    };
}

/* ---- What the caller passed ------------------------------------------------------------------ */

static bool is_good_host(const struct amdvi_drv_host *host, bool has_arena)
{
    return host->size == sizeof(*host) && host->version / 1000 == AMDVI_DRV_VERSION / 1000 &&
           host->map_window != NULL && host->unmap_window != NULL && host->read32 != NULL &&
           host->write32 != NULL && host->now_ns != NULL &&
           (host->read64 == NULL) == (host->write64 == NULL) &&
           (host->lock == NULL) == (host->unlock == NULL) &&
           (host->config_read32 == NULL) == (host->config_write32 == NULL) &&
           (has_arena || (host->alloc != NULL && host->free != NULL));
}

static bool is_good_config(const struct amdvi_drv_config *config)
{
    return config->size == sizeof(*config) && config->ivrs != NULL && config->commands_log2 >= 8 &&
           config->commands_log2 <= 15 && config->events_log2 >= 8 && config->events_log2 <= 15 &&
           config->domains_max >= 1 && config->domains_max <= 32767 && config->wait_ms != 0;
}

/* ---- The instance itself --------------------------------------------------------------------- */

/* There is no heap yet: from the host, or the first pages of the arena. */
static AMDVI_DRV_APART enum amdvi_drv_status make_instance(struct amdvi_drv **out,
                                                           const struct amdvi_drv_host *host,
                                                           const struct amdvi_drv_config *config)
{
    size_t size_bytes = (sizeof(struct amdvi_drv) + AMDVI_DRV_PAGE_BYTES - 1) /
                        AMDVI_DRV_PAGE_BYTES * AMDVI_DRV_PAGE_BYTES;
    struct amdvi_drv_block self = {.bytes = NULL};
    struct amdvi_drv_block rest = {.bytes = NULL};

    if (config->arena != NULL) {
        self = *config->arena;
        if (self.size_bytes <= size_bytes || (uintptr_t)self.bytes % AMDVI_DRV_PAGE_BYTES != 0) {
            return AMDVI_DRV_ERR_NO_MEMORY;
        }
        rest = (struct amdvi_drv_block){.bytes = (uint8_t *)self.bytes + size_bytes,
                                        .spa = self.spa + size_bytes,
                                        .size_bytes = self.size_bytes - size_bytes};
    } else if (!host->alloc(host->ctx, size_bytes, &self)) {
        return AMDVI_DRV_ERR_NO_MEMORY;
    }
    struct amdvi_drv *drv = self.bytes;
    __builtin_memset(drv, 0, sizeof(*drv));
    drv->self = self;
    drv->host = host;
    drv->config = *config;
    drv->config.arena = NULL;
    enum amdvi_drv_status status =
        amdvi_drv_heap_init(&drv->heap, host, config->arena != NULL ? &rest : NULL);
    if (status != AMDVI_DRV_OK) {
        if (config->arena == NULL) {
            host->free(host->ctx, &self);
        }
        return status;
    }
    *out = drv;
    return AMDVI_DRV_OK;
}

void amdvi_drv_destroy(struct amdvi_drv *drv)
{
    const struct amdvi_drv_host *host = drv->host;
    struct amdvi_drv_block self = drv->self;
    bool is_arena = drv->heap.arena.bytes != NULL;
    bool is_read = false;

    for (unsigned i = 0; i < drv->unit_count; i++) {
        is_read = is_read || drv->units[i]->in_force;
    }
    if (is_read) {
        amdvi_drv_say(drv, "a device table and its pages stay where they are, used bytes:",
                      drv->heap.used_bytes);
    } else {
        amdvi_drv_homes_destroy(drv);
    }
    amdvi_drv_pool_destroy(drv);
    for (unsigned i = drv->unit_count; i-- != 0;) {
        amdvi_drv_unit_destroy(drv->units[i]);
    }
    if (drv->domain_ids.bytes != NULL) {
        amdvi_drv_heap_free(&drv->heap, &drv->domain_ids);
    }
    if (drv->ivrs_copy.bytes != NULL) {
        amdvi_drv_heap_free(&drv->heap, &drv->ivrs_copy);
    }
    if (drv->override_copy.bytes != NULL) {
        amdvi_drv_heap_free(&drv->heap, &drv->override_copy);
    }
    if (!is_arena) {
        host->free(host->ctx, &self);
    }
}

/* ---- Start ----------------------------------------------------------------------------------- */

/* All that can fail for want of memory; no register is written. */
static enum amdvi_drv_status prepare(struct amdvi_drv *drv)
{
    enum amdvi_drv_status status = amdvi_drv_resolve_table(drv);

    if (status == AMDVI_DRV_OK) {
        status = amdvi_drv_resolve_memory_list(drv);
    }
    if (status == AMDVI_DRV_OK && !amdvi_drv_heap_alloc(&drv->heap, 65536 / 8, &drv->domain_ids)) {
        status = AMDVI_DRV_ERR_NO_MEMORY;
    }
    for (unsigned i = 0; i < drv->unit_count && status == AMDVI_DRV_OK; i++) {
        status = amdvi_drv_unit_probe(drv->units[i]);
    }
    /* Homes are for all units, so all must be known. */
    for (unsigned i = 0; i < drv->unit_count && status == AMDVI_DRV_OK; i++) {
        status = amdvi_drv_unit_prepare(drv->units[i]);
        if (status == AMDVI_DRV_OK) {
            status = amdvi_drv_entries_fill(drv->units[i]);
        }
    }
    return status;
}

static enum amdvi_drv_status enable(struct amdvi_drv *drv)
{
    for (unsigned i = 0; i < drv->unit_count; i++) {
        enum amdvi_drv_status status = amdvi_drv_unit_enable(drv->units[i]);
        if (status == AMDVI_DRV_OK && drv->config.self_test &&
            amdvi_drv_self_test(drv, i, NULL, NULL) != 0) {
            status = AMDVI_DRV_ERR_HARDWARE;
        }
        if (status != AMDVI_DRV_OK) {
            amdvi_drv_say(drv, "cannot enable the IOMMU at", drv->units[i]->ivrs.window_spa);
            return status;
        }
    }
    return AMDVI_DRV_OK;
}

static void undo(struct amdvi_drv *drv)
{
    for (unsigned i = drv->unit_count; i-- != 0;) {
        struct amdvi_drv_unit *unit = drv->units[i];
        if (unit->touched) {
            (void)amdvi_drv_unit_disable(unit, !unit->info.was_running);
        }
    }
}

enum amdvi_drv_status amdvi_drv_start(struct amdvi_drv **out, const struct amdvi_drv_host *host,
                                      const struct amdvi_drv_config *config)
{
    struct amdvi_drv *drv = NULL;

    if (!is_good_config(config) || !is_good_host(host, config->arena != NULL)) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    enum amdvi_drv_status status = make_instance(&drv, host, config);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    status = prepare(drv);
    if (status == AMDVI_DRV_OK) {
        status = enable(drv);
    }
    if (status != AMDVI_DRV_OK) {
        undo(drv);
        amdvi_drv_destroy(drv);
        return status;
    }
    *out = drv;
    return AMDVI_DRV_OK;
}
