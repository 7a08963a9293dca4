/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which entry a requester has, and moving it from one domain to another.
 *
 * A requester that leaves a domain stays in the domain's list until its old entry is out of the
 * IOMMU: up to then it reaches what the domain maps, so unmaps there still have to tell its unit.
 */
#include "registers.h"
#include "state.h"
#include "store.h"

/* ---- The entry ------------------------------------------------------------------------------- */

static void fill_interrupts(struct amdvi_dte *dte, const struct amdvi_drv_requester *requester)
{
    uint8_t setting = requester->dte_setting;

    dte->init_pass = (setting & AMDVI_IVRS_DTE_INIT_PASS) != 0;
    dte->eint_pass = (setting & AMDVI_IVRS_DTE_EINT_PASS) != 0;
    dte->nmi_pass = (setting & AMDVI_IVRS_DTE_NMI_PASS) != 0;
    dte->lint0_pass = (setting & AMDVI_IVRS_DTE_LINT0_PASS) != 0;
    dte->lint1_pass = (setting & AMDVI_IVRS_DTE_LINT1_PASS) != 0;
    if (requester->interrupts != NULL) {
        dte->int_ctl = AMDVI_INT_CTL_REMAP;
        dte->int_tab_len = AMDVI_DRV_INTERRUPTS_LOG2;
        dte->interrupt_root = requester->interrupts->block.spa;
    }
}

static bool has_interrupts(const struct amdvi_drv_unit *unit)
{
    return !unit->drv->config.pass_interrupts &&
           (unit->info.errata & AMDVI_DRV_ERRATUM_SP5100) == 0;
}

struct amdvi_dte amdvi_drv_stopped_dte(const struct amdvi_drv_unit *unit)
{
    bool interrupts = has_interrupts(unit);
    struct amdvi_dte dte = amdvi_drv_dte_blocked(interrupts);

    dte.suppress_all = true;
    dte.ignore_unmapped = interrupts;
    return dte;
}

struct amdvi_dte amdvi_drv_requester_dte(const struct amdvi_drv_requester *requester)
{
    const struct amdvi_drv_domain *domain = requester->domain;

    if (requester->stopped) {
        return amdvi_drv_stopped_dte(requester->unit); /* faults without end, or keeps too much */
    }
    bool interrupts = has_interrupts(requester->unit);
    struct amdvi_dte dte = amdvi_drv_dte_blocked(interrupts);
    if (interrupts) {
        fill_interrupts(&dte, requester);
    }
    if (domain == NULL) {
        return dte;
    }
    dte.translation = true;
    dte.read = domain->config.kind != AMDVI_DRV_DOMAIN_BLOCKED;
    dte.write = dte.read;
    dte.domain_id = domain->domain_id;
    dte.iotlb = requester->ats && !__atomic_load_n(&requester->ats_closing, __ATOMIC_ACQUIRE);
    dte.sys_mgt = (uint8_t)amdvi_get(requester->dte_setting, AMDVI_IVRS_DTE_SYS_MGT);
    if (domain->config.kind == AMDVI_DRV_DOMAIN_PAGED) {
        dte.mode = domain->pages.level;
        dte.page_root = domain->pages.root_spa;
    }
    return dte;
}

/*
 * One store, or the first or second of two, by whoever set requester->writing. Between two, the
 * entry has to be invalidated: @invalidated tells that it was, or that there will be no second.
 */
static AMDVI_DRV_APART enum amdvi_drv_dte_step store_entry(struct amdvi_drv_requester *requester,
                                                           bool invalidated)
{
    struct amdvi_drv_unit *unit = requester->unit;
    struct amdvi_drv *drv = unit->drv;
    const struct amdvi_drv_host *host = drv->host;
    uintptr_t flags = amdvi_drv_lock(host, &drv->lock);
    struct amdvi_drv_domain *domain = requester->domain;
    uintptr_t domain_flags = domain != NULL ? amdvi_drv_lock(host, &domain->lock) : 0;
    uintptr_t unit_flags = amdvi_drv_lock(host, &unit->lock);

    /* Else the first of two may have been an earlier call's, or amdvi_drv_domain_write_root()'s. */
    enum amdvi_drv_dte_step step = AMDVI_DRV_DTE_BREAK;
    if (invalidated || !requester->breaking) {
        struct amdvi_dte dte = amdvi_drv_requester_dte(requester);
        step = amdvi_drv_device_table_write(&unit->table, requester->device_id, &dte);
        requester->breaking = step == AMDVI_DRV_DTE_BREAK;
    }

    amdvi_drv_unlock(host, &unit->lock, unit_flags);
    if (domain != NULL) {
        amdvi_drv_unlock(host, &domain->lock, domain_flags);
    }
    amdvi_drv_unlock(host, &drv->lock, flags);
    return step;
}

/* False when somebody else is at it, and does not end. */
static AMDVI_DRV_APART bool begin_writing(struct amdvi_drv_requester *requester)
{
    struct amdvi_drv *drv = requester->unit->drv;
    const struct amdvi_drv_host *host = drv->host;
    uint64_t deadline_ns = host->now_ns(host->ctx) + UINT64_C(2000000) * drv->config.wait_ms;

    for (;;) {
        uintptr_t flags = amdvi_drv_lock(host, &drv->lock);
        bool is_mine = !requester->writing;
        requester->writing = true;
        amdvi_drv_unlock(host, &drv->lock, flags);
        if (is_mine) {
            return true;
        }
        /* Whoever is at it waits for one completion at most. */
        if (amdvi_drv_is_late(host, deadline_ns)) {
            return false;
        }
    }
}

static void end_writing(struct amdvi_drv_requester *requester)
{
    struct amdvi_drv *drv = requester->unit->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);

    requester->writing = false;
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
}

enum amdvi_drv_status amdvi_drv_requester_write(struct amdvi_drv_requester *requester)
{
    enum amdvi_drv_status status = AMDVI_DRV_OK;

    if (!begin_writing(requester)) {
        return AMDVI_DRV_ERR_TIMEOUT;
    }
    enum amdvi_drv_dte_step step = store_entry(requester, false);
    while (step == AMDVI_DRV_DTE_BREAK && status == AMDVI_DRV_OK) {
        status = amdvi_drv_flush_entry(requester, 0);
        if (status == AMDVI_DRV_OK) {
            step = store_entry(requester, true);
        }
    }
    end_writing(requester);
    return status;
}

enum amdvi_drv_status amdvi_drv_requester_block(struct amdvi_drv_requester *requester)
{
    if (!begin_writing(requester)) {
        return AMDVI_DRV_ERR_TIMEOUT;
    }
    /* One store, also next to the first of two that an earlier call left there: both block. */
    enum amdvi_drv_dte_step step = store_entry(requester, true);
    end_writing(requester);
    /* Else it was restarted meanwhile. */
    return step == AMDVI_DRV_DTE_DONE ? AMDVI_DRV_OK : AMDVI_DRV_ERR_BUSY;
}

void amdvi_drv_domain_write_root(struct amdvi_drv_domain *domain)
{
    const struct amdvi_drv_host *host = domain->drv->host;

    for (struct amdvi_drv_requester *at = domain->requesters; at != NULL; at = at->next_in_domain) {
        if (at->domain != domain) {
            continue; /* it has left */
        }
        uintptr_t flags = amdvi_drv_lock(host, &at->unit->lock);
        /*
         * Mode and root lie in one quadword, so this is one store; unless something else was
         * changed meanwhile, whose writer is on its way and finishes what is begun here. Where two
         * are begun, the second has the new root.
         */
        if (!at->breaking) {
            struct amdvi_dte dte = amdvi_drv_requester_dte(at);
            at->breaking = amdvi_drv_device_table_write(&at->unit->table, at->device_id, &dte) ==
                           AMDVI_DRV_DTE_BREAK;
        }
        amdvi_drv_unlock(host, &at->unit->lock, flags);
    }
}

static uint16_t domain_id_of(const struct amdvi_drv_domain *domain)
{
    return domain != NULL ? domain->domain_id : 0;
}

enum amdvi_drv_status amdvi_drv_requester_refresh(struct amdvi_drv_requester *requester)
{
    struct amdvi_drv *drv = requester->unit->drv;
    enum amdvi_drv_status status = amdvi_drv_requester_write(requester);

    if (status != AMDVI_DRV_OK) {
        return status;
    }
    /* The device may not be claimed: either may be destroyed once it is left. */
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    uint16_t domain_id = domain_id_of(requester->domain);
    uint16_t linked_id = domain_id_of(requester->linked);
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return amdvi_drv_flush_requester(requester, domain_id, linked_id, true);
}

/* ---- Lists ----------------------------------------------------------------------------------- */

void amdvi_drv_domain_unlink(struct amdvi_drv_requester *requester)
{
    struct amdvi_drv_domain *domain = requester->linked;
    struct amdvi_drv_requester **at = &domain->requesters;
    uint32_t units = 0;

    while (*at != requester) {
        at = &(*at)->next_in_domain;
    }
    *at = requester->next_in_domain;
    requester->next_in_domain = NULL;
    requester->linked = NULL;
    domain->ats_count = (uint16_t)(domain->ats_count - (requester->ats ? 1 : 0));
    for (at = &domain->requesters; *at != NULL; at = &(*at)->next_in_domain) {
        units |= UINT32_C(1) << amdvi_drv_unit_index((*at)->unit);
    }
    __atomic_store_n(&domain->units, units, __ATOMIC_RELAXED);
}

static void link_requester(struct amdvi_drv_requester *requester, struct amdvi_drv_domain *domain)
{
    uint32_t bit = UINT32_C(1) << amdvi_drv_unit_index(requester->unit);

    requester->next_in_domain = domain->requesters;
    domain->requesters = requester;
    requester->linked = domain;
    domain->ats_count = (uint16_t)(domain->ats_count + (requester->ats ? 1 : 0));
    __atomic_store_n(&domain->units, domain->units | bit, __ATOMIC_RELAXED);
}

/* ---- Moving ---------------------------------------------------------------------------------- */

/*
 * From now on its entry is for @to, in whose list it is. LIMIT: that has as many with ATS as it
 * may. BUSY: somebody takes it out of the list where it is. Nothing has changed then.
 */
static AMDVI_DRV_APART enum amdvi_drv_status enter(struct amdvi_drv_requester *requester,
                                                   struct amdvi_drv_domain *to)
{
    struct amdvi_drv *drv = requester->unit->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    uintptr_t domain_flags = amdvi_drv_lock(drv->host, &to->lock);
    bool is_new = requester->linked == NULL;
    enum amdvi_drv_status status = AMDVI_DRV_OK;

    if (requester->leaving) {
        status = AMDVI_DRV_ERR_BUSY;
    } else if (is_new && requester->ats && to->ats_count >= AMDVI_DRV_ATS_MAX) {
        status = AMDVI_DRV_ERR_LIMIT;
    } else {
        if (is_new) {
            link_requester(requester, to);
        }
        requester->domain = to;
    }
    amdvi_drv_unlock(drv->host, &to->lock, domain_flags);
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return status;
}

/* From now on its entry is home's, or blocked; it stays in the list where it is. */
static AMDVI_DRV_APART void depart(struct amdvi_drv_requester *requester)
{
    struct amdvi_drv *drv = requester->unit->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    struct amdvi_drv_domain *old = requester->linked;
    uintptr_t domain_flags = old != NULL ? amdvi_drv_lock(drv->host, &old->lock) : 0;

    if (requester->domain != requester->home) {
        requester->domain = requester->home;
    }
    if (old != NULL) {
        amdvi_drv_unlock(drv->host, &old->lock, domain_flags);
    }
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
}

/* It is out of the IOMMU, and of the list; or it is not, and may reach what is there. */
static AMDVI_DRV_APART void end_leaving(struct amdvi_drv_requester *requester, bool is_out)
{
    struct amdvi_drv *drv = requester->unit->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    struct amdvi_drv_domain *old = requester->linked;

    if (old != NULL) {
        uintptr_t domain_flags = amdvi_drv_lock(drv->host, &old->lock);
        if (is_out) {
            amdvi_drv_domain_unlink(requester);
        } else {
            amdvi_drv_domain_poison(old, NULL);
        }
        amdvi_drv_unlock(drv->host, &old->lock, domain_flags);
    }
    requester->leaving = false;
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
}

enum amdvi_drv_status amdvi_drv_requester_leave(struct amdvi_drv_requester *requester)
{
    depart(requester);
    enum amdvi_drv_status status = amdvi_drv_requester_refresh(requester);
    end_leaving(requester, status == AMDVI_DRV_OK);
    return status;
}

/* Whoever takes a requester out of its domain does it alone. */
static enum amdvi_drv_status leave(struct amdvi_drv_requester *requester)
{
    struct amdvi_drv *drv = requester->unit->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    bool is_busy = requester->leaving;

    requester->leaving = true;
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return is_busy ? AMDVI_DRV_ERR_BUSY : amdvi_drv_requester_leave(requester);
}

/* Is it in another list than that of @domain, or is it to leave in any case? */
static bool has_to_leave(const struct amdvi_drv_requester *requester,
                         const struct amdvi_drv_domain *domain)
{
    struct amdvi_drv *drv = requester->unit->drv;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    bool is_elsewhere = requester->linked != NULL && requester->linked != domain;

    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    return domain == NULL || is_elsewhere;
}

enum amdvi_drv_status amdvi_drv_requester_move(struct amdvi_drv_requester *requester,
                                               struct amdvi_drv_domain *domain)
{
    const struct amdvi_drv_host *host = requester->unit->drv->host;
    enum amdvi_drv_status status = AMDVI_DRV_OK;

    if (has_to_leave(requester, domain)) {
        status = leave(requester);
    }
    if (status == AMDVI_DRV_OK && domain != NULL) {
        status = enter(requester, domain);
    }
    if (status != AMDVI_DRV_OK || domain == NULL) {
        return status;
    }
    status = amdvi_drv_requester_write(requester);
    if (status == AMDVI_DRV_OK) {
        status = amdvi_drv_flush_requester(requester, domain_id_of(requester->home),
                                           domain->domain_id, true);
    }
    if (status != AMDVI_DRV_OK) {
        uintptr_t flags = amdvi_drv_lock(host, &domain->lock);
        amdvi_drv_domain_poison(domain, NULL);
        amdvi_drv_unlock(host, &domain->lock, flags);
        (void)leave(requester);
    }
    return status;
}
