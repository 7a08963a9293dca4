/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ATS: devices that keep translations themselves. The IOMMU believes a translated request as long
 * as I=1 in the device's entry, so only a device that is trusted may do it, and one that did not
 * answer an invalidation has I=0 before its memory is used for something else.
 */
#include "registers.h"
#include "state.h"
#include "store.h"

/* PCI Express ATS 1.0: offsets in the capability, and the dword of capability and control. */
#define ATS_HEADER         0u
#define ATS_CONTROL        4u
#define ATS_CAPABILITY_ID  0x000fu
#define ATS_QUEUE_DEPTH    UINT32_C(0x0000001f) /* 0 is 32 */
#define ATS_STU            UINT32_C(0x001f0000) /* 4096 · 2^STU bytes */
#define ATS_ENABLE         UINT32_C(0x80000000)
#define ATS_QUEUE_DEPTH_32 32

/* Its own requester: of an alias, nobody could say which device asked. NULL. */
static struct amdvi_drv_requester *own_requester(const struct amdvi_drv_device *device)
{
    for (unsigned i = 0; i < device->requester_count; i++) {
        if (device->requester[i]->device_id == device->config.device_id) {
            return device->requester[i];
        }
    }
    return NULL;
}

/* Who does not answer is known by the time that completion takes, if the unit keeps to it. */
static bool has_timeout(const struct amdvi_drv_unit *unit)
{
    return amdvi_get(amdvi_drv_reg_read(unit->drv->host, unit->window, AMDVI_REG_CONTROL),
                     AMDVI_CONTROL_INV_TIMEOUT) == AMDVI_DRV_INV_TIMEOUT_1_S;
}

/* The device is claimed. */
static enum amdvi_drv_status check_device(const struct amdvi_drv_device *device,
                                          const struct amdvi_drv_requester *requester)
{
    const struct amdvi_drv_host *host = device->drv->host;

    for (unsigned i = 0; i < device->requester_count; i++) {
        if (!device->requester[i]->trusted) {
            return AMDVI_DRV_ERR_UNTRUSTED;
        }
    }
    if (requester == NULL || amdvi_drv_requester_is_shared(device, requester) ||
        requester->ats_forbidden || host->config_read32 == NULL || host->config_write32 == NULL ||
        device->config.ats_offset == 0 || !requester->unit->info.iotlb_sup ||
        (requester->unit->info.errata & AMDVI_DRV_ERRATUM_STONEY) != 0 ||
        !has_timeout(requester->unit)) {
        return AMDVI_DRV_ERR_UNSUPPORTED;
    }
    return amdvi_drv_requester_is_stopped(requester) ? AMDVI_DRV_ERR_BUSY : AMDVI_DRV_OK;
}

static bool write_control(const struct amdvi_drv_device *device, uint32_t clear, uint32_t set)
{
    const struct amdvi_drv_host *host = device->drv->host;
    const struct amdvi_drv_device_config *config = &device->config;
    uint16_t offset = (uint16_t)(config->ats_offset + ATS_CONTROL);
    uint32_t value = 0;

    return host->config_read32(host->ctx, config->segment, config->device_id, offset, &value) &&
           host->config_write32(host->ctx, config->segment, config->device_id, offset,
                                (value & ~clear) | set);
}

/* Whether the device is counted among those whose caches the domain's invalidations go to. False
 * when there are too many. */
static bool set_ats(struct amdvi_drv_requester *requester, bool on)
{
    struct amdvi_drv *drv = requester->unit->drv;
    const struct amdvi_drv_host *host = drv->host;
    uintptr_t flags = amdvi_drv_lock(host, &drv->lock);
    struct amdvi_drv_domain *domain = requester->linked;
    uintptr_t domain_flags = domain != NULL ? amdvi_drv_lock(host, &domain->lock) : 0;
    bool fits = !on || domain == NULL || domain->ats_count < AMDVI_DRV_ATS_MAX;

    if (fits && requester->ats != on) {
        requester->ats = on;
        if (domain != NULL) {
            domain->ats_count = (uint16_t)(domain->ats_count + (on ? 1 : -1));
        }
    }
    if (domain != NULL) {
        amdvi_drv_unlock(host, &domain->lock, domain_flags);
    }
    amdvi_drv_unlock(host, &drv->lock, flags);
    return fits;
}

/* I=0, completed, and then what it kept is invalidated; the device is off already. */
static enum amdvi_drv_status close_entry(struct amdvi_drv_requester *requester)
{
    __atomic_store_n(&requester->ats_closing, true, __ATOMIC_RELEASE);
    enum amdvi_drv_status status = amdvi_drv_requester_refresh(requester);
    if (status == AMDVI_DRV_OK) {
        (void)set_ats(requester, false);
        __atomic_store_n(&requester->ats_closing, false, __ATOMIC_RELEASE);
    }
    return status;
}

static enum amdvi_drv_status enable(struct amdvi_drv_device *device,
                                    struct amdvi_drv_requester *requester)
{
    const struct amdvi_drv_host *host = device->drv->host;
    const struct amdvi_drv_device_config *config = &device->config;
    uint32_t header = 0;
    uint32_t capability = 0;

    if (!host->config_read32(host->ctx, config->segment, config->device_id,
                             (uint16_t)(config->ats_offset + ATS_HEADER), &header) ||
        (header & 0xffff) != ATS_CAPABILITY_ID ||
        !host->config_read32(host->ctx, config->segment, config->device_id,
                             (uint16_t)(config->ats_offset + ATS_CONTROL), &capability)) {
        return AMDVI_DRV_ERR_UNSUPPORTED;
    }
    uint8_t depth = (uint8_t)(capability & ATS_QUEUE_DEPTH);
    requester->ats_queue_depth = depth != 0 ? depth : ATS_QUEUE_DEPTH_32;
    /* It is told of invalidations before it can keep anything. */
    if (!set_ats(requester, true)) {
        return AMDVI_DRV_ERR_LIMIT;
    }
    enum amdvi_drv_status status = amdvi_drv_requester_refresh(requester);
    if (status == AMDVI_DRV_OK && !write_control(device, ATS_STU, ATS_ENABLE)) {
        status = AMDVI_DRV_ERR_UNSUPPORTED;
    }
    if (status != AMDVI_DRV_OK && amdvi_drv_requester_has_ats(requester)) {
        /* Still counted, and told of invalidations, if this is not completed either. */
        (void)close_entry(requester);
    }
    return status;
}

enum amdvi_drv_status amdvi_drv_ats_enable(struct amdvi_drv_device *device)
{
    struct amdvi_drv_requester *requester = own_requester(device);
    enum amdvi_drv_status status = amdvi_drv_device_claim(device);

    if (status != AMDVI_DRV_OK) {
        return status;
    }
    status = check_device(device, requester);
    if (status == AMDVI_DRV_OK && amdvi_drv_requester_has_ats(requester) &&
        __atomic_load_n(&requester->ats_closing, __ATOMIC_ACQUIRE)) {
        status = close_entry(requester);
    }
    if (status == AMDVI_DRV_OK && !amdvi_drv_requester_has_ats(requester)) {
        status = enable(device, requester);
    }
    amdvi_drv_device_unclaim(device);
    return status;
}

enum amdvi_drv_status amdvi_drv_ats_disable(struct amdvi_drv_device *device)
{
    struct amdvi_drv_requester *requester = own_requester(device);
    enum amdvi_drv_status status = amdvi_drv_device_claim(device);

    if (status != AMDVI_DRV_OK) {
        return status;
    }
    if (requester != NULL && amdvi_drv_requester_has_ats(requester)) {
        /* A device that is gone cannot be switched off, and need not. */
        (void)write_control(device, ATS_ENABLE, 0);
        status = close_entry(requester);
    }
    amdvi_drv_device_unclaim(device);
    return status;
}

/*
 * Blocked, so that translated requests are refused; but still counted until that is completed:
 * whoever unmaps meanwhile tells the device, learns that it does not answer, and comes here. The
 * number of the domain that it may reach, 0 for none.
 */
static AMDVI_DRV_APART uint16_t begin_closing(struct amdvi_drv_requester *requester)
{
    struct amdvi_drv_unit *unit = requester->unit;
    const struct amdvi_drv_host *host = unit->drv->host;
    uintptr_t flags = amdvi_drv_lock(host, &unit->drv->lock);
    uintptr_t unit_flags = amdvi_drv_lock(host, &unit->lock);

    requester->stopped = true;
    uint16_t domain_id = requester->linked != NULL ? requester->linked->domain_id : 0;
    amdvi_drv_unlock(host, &unit->lock, unit_flags);
    amdvi_drv_unlock(host, &unit->drv->lock, flags);
    return domain_id;
}

enum amdvi_drv_status amdvi_drv_ats_close(struct amdvi_drv_requester *requester)
{
    uint16_t domain_id = begin_closing(requester);
    enum amdvi_drv_status status = amdvi_drv_requester_block(requester);
    if (status == AMDVI_DRV_OK) {
        status = amdvi_drv_flush_entry(requester, domain_id);
    }
    if (status == AMDVI_DRV_OK) {
        (void)set_ats(requester, false);
        __atomic_store_n(&requester->ats_closing, false, __ATOMIC_RELEASE);
        __atomic_store_n(&requester->ats_config_due, true, __ATOMIC_RELEASE);
        __atomic_store_n(&requester->ats_late, false, __ATOMIC_RELEASE);
    }
    return status;
}

/*
 * The device that sends as this requester, claimed, so that nobody removes it; NULL when there is
 * none, or when it is claimed already: then *out_busy.
 */
static struct amdvi_drv_device *claim_device(const struct amdvi_drv_requester *requester,
                                             bool *out_busy)
{
    struct amdvi_drv *drv = requester->unit->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    struct amdvi_drv_device *at = drv->devices;

    while (at != NULL && own_requester(at) != requester) {
        at = at->next;
    }
    *out_busy = at != NULL && at->busy;
    if (at != NULL && !*out_busy) {
        at->busy = true;
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return *out_busy ? NULL : at;
}

void amdvi_drv_ats_timed_out(struct amdvi_drv_requester *requester)
{
    if (__atomic_load_n(&requester->ats_late, __ATOMIC_ACQUIRE) &&
        amdvi_drv_ats_close(requester) != AMDVI_DRV_OK) {
        return; /* the next poll tries again */
    }
    bool is_busy = false;
    struct amdvi_drv_device *device = claim_device(requester, &is_busy);
    if (is_busy) {
        return;
    }
    /* Before it is done: whoever closes it once more, after this device is let go, sets it again.
     */
    __atomic_store_n(&requester->ats_config_due, false, __ATOMIC_RELEASE);
    if (device != NULL) {
        if (device->config.ats_offset != 0 && device->drv->host->config_write32 != NULL) {
            (void)write_control(device, ATS_ENABLE, 0);
        }
        amdvi_drv_device_unclaim(device);
    }
}
