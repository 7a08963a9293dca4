/* SPDX-License-Identifier: BSD-2-Clause */
/* One IOMMU: what it can do, the memory it needs, and giving that back. */
#include "registers.h"
#include "ring.h"
#include "state.h"
#include "store.h"

#include <amdvi/cap.h>
#include <amdvi/later.h>

/* ---- What it can do -------------------------------------------------------------------------- */

/* The first word of the capability block; false when the host cannot say. */
static bool read_capability(const struct amdvi_drv_unit *unit, uint32_t *out)
{
    const struct amdvi_drv_host *host = unit->drv->host;

    if (host->config_read32 == NULL ||
        !host->config_read32(host->ctx, unit->ivrs.pci_segment, unit->ivrs.device_id,
                             unit->ivrs.capability_offset, out)) {
        return false;
    }
    if (amdvi_get(*out, AMDVI_CAP_HEADER_CAP_ID) != AMDVI_CAP_ID_SECURE_DEVICE ||
        amdvi_get(*out, AMDVI_CAP_HEADER_CAP_TYPE) != AMDVI_CAP_TYPE_IOMMU) {
        amdvi_drv_say(unit->drv, "no IOMMU where the IVRS has one, its capability is", *out);
        return false;
    }
    return true;
}

static bool has_image(const struct amdvi_drv_unit *unit)
{
    return unit->block_type > 0x10; /* types 11h and 40h */
}

static uint64_t read_efr(const struct amdvi_drv_unit *unit)
{
    const struct amdvi_drv_host *host = unit->drv->host;

    if (host->read64 != NULL) {
        return host->read64(host->ctx, unit->window, AMDVI_EFR_OFFSET);
    }
    uint64_t low = host->read32(host->ctx, unit->window, AMDVI_EFR_OFFSET);
    return low | (uint64_t)host->read32(host->ctx, unit->window, AMDVI_EFR_OFFSET + 4) << 32;
}

/* HATS of both, and what VASize leaves of it; 0: does not translate like this. */
static uint8_t choose_levels(const struct amdvi_drv_unit *unit, bool has_efr, uint64_t efr)
{
    uint8_t va_bits = unit->drv->ivrs.va_bits;
    unsigned levels = AMDVI_DRV_LEVELS_MAX;

    if (has_efr) {
        unsigned other = has_image(unit) ? amdvi_efr_levels(unit->ivrs_efr) : levels;
        levels = amdvi_efr_levels(efr);
        levels = other < levels ? other : levels;
    }
    /* 48 bits are four levels, 39 are three. */
    while (levels > AMDVI_DRV_LEVELS_FIRST && va_bits >= 32 && va_bits <= 12 + 9 * (levels - 1)) {
        levels--;
    }
    return (uint8_t)levels;
}

/* What register and IVHD both have is used; without EFRSup there is neither. */
static enum amdvi_drv_status find_features(struct amdvi_drv_unit *unit)
{
    struct amdvi_drv_unit_info *info = &unit->info;
    uint32_t header = 0;
    bool is_known = read_capability(unit, &header);
    bool ivrs_iotlb = (unit->ivrs.flags & AMDVI_IVRS_UNIT_IOTLB_SUP) != 0;
    bool has_efr = is_known ? amdvi_has(header, AMDVI_CAP_HEADER_EFR_SUP) : has_image(unit);
    uint64_t efr = has_efr ? read_efr(unit) : 0;

    info->iotlb_sup = ivrs_iotlb && (!is_known || amdvi_has(header, AMDVI_CAP_HEADER_IOTLB_SUP));
    info->np_cache = !is_known || amdvi_has(header, AMDVI_CAP_HEADER_NP_CACHE);
    info->levels_max = choose_levels(unit, has_efr, efr);
    info->efr_mismatch = has_image(unit) && efr != unit->ivrs_efr;
    info->efr = has_image(unit) ? efr & unit->ivrs_efr : efr;
    if (info->efr_mismatch) {
        amdvi_drv_say(unit->drv, "EFR of register and IVRS differ in", efr ^ unit->ivrs_efr);
    }
    if (info->levels_max == 0) {
        amdvi_drv_say(unit->drv, "an IOMMU without host translation, EFR", efr);
        return AMDVI_DRV_ERR_UNSUPPORTED;
    }
    return AMDVI_DRV_OK;
}

/* CONTROL while in use, without the enables of ring and log, which start and stop by themselves. */
static uint64_t choose_control(const struct amdvi_drv_unit *unit)
{
    uint8_t flags = unit->ivrs.flags;
    uint64_t control =
        AMDVI_CONTROL_IOMMU_EN | amdvi_put(AMDVI_CONTROL_INV_TIMEOUT, AMDVI_DRV_INV_TIMEOUT_1_S);

    control |= (flags & AMDVI_IVRS_UNIT_HT_TUN_EN) != 0 ? AMDVI_CONTROL_HT_TUN_EN : 0;
    control |= (flags & AMDVI_IVRS_UNIT_PASS_PW) != 0 ? AMDVI_CONTROL_PASS_PW : 0;
    control |= (flags & AMDVI_IVRS_UNIT_RES_PASS_PW) != 0 ? AMDVI_CONTROL_RES_PASS_PW : 0;
    control |= (flags & AMDVI_IVRS_UNIT_ISOC) != 0 ? AMDVI_CONTROL_ISOC : 0;
    control |= unit->drv->host->flush == NULL ? AMDVI_CONTROL_COHERENT : 0;
    return control;
}

enum amdvi_drv_status amdvi_drv_unit_probe(struct amdvi_drv_unit *unit)
{
    const struct amdvi_drv_host *host = unit->drv->host;

    unit->window = host->map_window(host->ctx, unit->ivrs.window_spa, AMDVI_MMIO_SIZE);
    if (unit->window == NULL) {
        amdvi_drv_say(unit->drv, "cannot map the registers at", unit->ivrs.window_spa);
        return AMDVI_DRV_ERR_HARDWARE;
    }
    unit->stage = AMDVI_DRV_UNIT_MAPPED;
    /* Nothing answers there: all reads are ones, in a register that has reserved bits. */
    if (amdvi_drv_reg_read(host, unit->window, AMDVI_REG_CONTROL) == UINT64_MAX) {
        amdvi_drv_say(unit->drv, "no IOMMU answers at", unit->ivrs.window_spa);
        return AMDVI_DRV_ERR_HARDWARE;
    }
    unit->info.segment = unit->ivrs.pci_segment;
    unit->info.device_id = unit->ivrs.device_id;
    unit->info.window_base = unit->ivrs.window_spa;
    unit->info.was_running = amdvi_drv_unit_is_running(unit);
    unit->info.errata = amdvi_drv_errata_find(unit);
    unit->control = choose_control(unit);
    return find_features(unit);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static AMDVI_DRV_APART void encode_stopped(struct amdvi_drv_unit *unit)
{
    struct amdvi_dte dte = amdvi_drv_stopped_dte(unit);

    amdvi_drv_dte_encode(&unit->stopped_entry, &dte);
}

enum amdvi_drv_status amdvi_drv_unit_prepare(struct amdvi_drv_unit *unit)
{
    struct amdvi_drv *drv = unit->drv;
    bool interrupts =
        !drv->config.pass_interrupts && (unit->info.errata & AMDVI_DRV_ERRATUM_SP5100) == 0;

    enum amdvi_drv_status status =
        amdvi_drv_device_table_init(&unit->table, &drv->heap, unit->last_device_id, interrupts);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    unit->stage = AMDVI_DRV_UNIT_TABLE;
    encode_stopped(unit);
    status = amdvi_drv_ring_init(&unit->ring, &drv->heap, unit->window, drv->config.commands_log2);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    unit->stage = AMDVI_DRV_UNIT_RING;
    status = amdvi_drv_log_init(&unit->log, &drv->heap, unit->window, drv->config.events_log2);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    unit->stage = AMDVI_DRV_UNIT_LOG;
    return AMDVI_DRV_OK;
}

void amdvi_drv_unit_destroy(struct amdvi_drv_unit *unit)
{
    struct amdvi_drv *drv = unit->drv;
    struct amdvi_drv_block self = unit->self;

    if (unit->stage >= AMDVI_DRV_UNIT_LOG && !unit->stuck) {
        amdvi_drv_log_destroy(&unit->log);
    }
    if (unit->stage >= AMDVI_DRV_UNIT_RING && !unit->stuck) {
        amdvi_drv_ring_destroy(&unit->ring);
    }
    if (unit->stage >= AMDVI_DRV_UNIT_TABLE && !unit->in_force) {
        amdvi_drv_device_table_destroy(&unit->table);
    }
    if (unit->stage >= AMDVI_DRV_UNIT_MAPPED) {
        drv->host->unmap_window(drv->host->ctx, unit->window, AMDVI_MMIO_SIZE);
    }
    amdvi_drv_heap_free(&drv->heap, &self);
}
