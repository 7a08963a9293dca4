/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tables make of one page of a request, and which event is due, without telling anybody:
 * the device table entry first, then the special address ranges, the exclusion range, and the page
 * tables. An ATS translation request is decided alike, but needs no permission.
 */
#include <amdvi/interrupt.h>
#include <amdvi/pte.h>

#include "state.h"

/* Blocks larger than any SPA are not told of. */
#define MAX_GRANULE_LOG2 52

/* ---- The blocks around an address in which everything is alike ------------------------------- */

/* The largest block up to 2^@log2 bytes in which no other rule begins. */
static uint8_t granule_around(const struct amdvi_iommu *iommu, uint64_t iova, unsigned log2)
{
    struct amdvi_exclusion exclusion = amdvi_exclusion(iommu);
    unsigned granule = log2 < MAX_GRANULE_LOG2 ? log2 : MAX_GRANULE_LOG2;

    while (granule > AMDVI_PAGE_LOG2) {
        uint64_t first = iova & ~(AMDVI_BIT(granule) - 1);
        uint64_t last = first + (AMDVI_BIT(granule) - 1);

        bool is_cut = (exclusion.enabled && amdvi_bounds_cut(exclusion.bounds, first, last)) ||
                      amdvi_special_cuts(first, last);
        if (!is_cut) {
            break;
        }
        granule--;
    }
    return (uint8_t)granule;
}

/* ---- Ways for a decision to end ------------------------------------------------------------ */

/* What every event of the request has in common. */
static struct amdvi_event event_of(enum amdvi_event_code code, const struct amdvi_lookup *lookup)
{
    return (struct amdvi_event){
        .code = code,
        .device_id = lookup->device_id,
        .write = (lookup->access & AMDVI_ACCESS_WRITE) != 0,
        .translation = lookup->is_ats,
        .address = lookup->iova,
    };
}

void amdvi_decide_identity(const struct amdvi_lookup *lookup, bool read, bool write,
                           struct amdvi_decision *out)
{
    out->outcome = AMDVI_OUTCOME_TRANSLATED;
    out->spa = lookup->iova;
    out->granule_log2 = granule_around(lookup->iommu, lookup->iova, MAX_GRANULE_LOG2);
    out->read = read;
    out->write = write;
}

void amdvi_decide_abort(struct amdvi_decision *out, enum amdvi_refusal refusal,
                        const struct amdvi_event *event)
{
    out->outcome = AMDVI_OUTCOME_ABORTED;
    out->refusal = refusal;
    out->granule_log2 = AMDVI_PAGE_LOG2;
    out->has_event = true;
    out->event = *event;
}

void amdvi_decide_invalid(const struct amdvi_lookup *lookup, unsigned type,
                          struct amdvi_decision *out)
{
    struct amdvi_event event = event_of(AMDVI_EVENT_INVALID_DEVICE_REQUEST, lookup);

    event.type = (uint8_t)type;
    amdvi_decide_abort(out, AMDVI_REFUSED_REQUEST, &event);
}

void amdvi_decide_illegal(const struct amdvi_lookup *lookup, bool reserved,
                          struct amdvi_decision *out)
{
    struct amdvi_event event = event_of(AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY, lookup);

    event.reserved = reserved;
    amdvi_decide_abort(out, AMDVI_REFUSED_TABLES, &event);
}

/*
 * Spec: 1.20, device table entry (SE, SA): they suppress I/O page faults and nothing else. The
 * answer to a translation request says that there is no translation, so no event does.
 */
static void decide_page_fault(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                              const struct amdvi_event *event, struct amdvi_decision *out)
{
    amdvi_decide_abort(out, AMDVI_REFUSED_PAGE_FAULT, event);
    out->has_event = !dte->suppress_all && !lookup->is_ats;
    out->once = dte->suppress_more;
}

/* ---- The device table entry ---------------------------------------------------------------- */

/* False when there is no usable entry: @out is then complete. */
static bool find_dte(const struct amdvi_lookup *lookup, struct amdvi_dte *dte,
                     struct amdvi_decision *out)
{
    struct amdvi_dte_lookup found;
    struct amdvi_event event = event_of(AMDVI_EVENT_IO_PAGE_FAULT, lookup);

    amdvi_device_table_find(lookup->iommu, lookup->device_id, lookup->use_caches,
                            lookup->generation, &found);
    out->dte_cached = found.cached;
    switch (found.status) {
    case AMDVI_DTE_FOUND:
        *dte = found.dte;
        return true;
    case AMDVI_DTE_OUTSIDE:
        if (lookup->is_ats) {
            /* Choice: to ask for translations is then not enabled, as with V=0. */
            amdvi_decide_invalid(lookup, AMDVI_INVALID_ATS_DISABLED, out);
        } else {
            /* Choice: a DeviceID beyond the device table is an I/O page fault, PR=0, domain 0. */
            amdvi_decide_abort(out, AMDVI_REFUSED_PAGE_FAULT, &event);
        }
        return false;
    case AMDVI_DTE_HW_ERROR:
        event.code = AMDVI_EVENT_DEV_TAB_HARDWARE_ERROR;
        event.type = amdvi_hw_error_type(found.memory);
        event.address = found.spa;
        amdvi_decide_abort(out, AMDVI_REFUSED_TABLES, &event);
        return false;
    }
    return false;
}

/* Is the address excluded from translation for this device? Choice: asked before TV. */
static bool is_excluded(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte)
{
    struct amdvi_exclusion exclusion = amdvi_exclusion(lookup->iommu);
    uint64_t iova = lookup->iova;

    return exclusion.enabled && (exclusion.allow || dte->exclusion) &&
           iova >= exclusion.bounds.first && iova <= exclusion.bounds.last;
}

/* ---- The page tables ----------------------------------------------------------------------- */

/*
 * Spec: 1.20, device table entry (Cache): what a device keeps itself need not be kept here too.
 */
static bool is_to_be_kept(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte)
{
    return lookup->use_caches && !(lookup->is_ats && dte->cache_hint);
}

/* Keep what a walk found. Host pointers are asked for by those only who need them: fast.c. */
static void keep(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                 struct amdvi_walk *walk)
{
    struct amdvi_iommu *iommu = lookup->iommu;
    struct amdvi_caches *caches = &iommu->caches;
    uint64_t context = amdvi_context_of(dte);
    uint64_t page = lookup->iova >> walk->size_log2 << walk->size_log2;
    bool is_plain = amdvi_is_plain(iommu, page, page + (AMDVI_BIT(walk->size_log2) - 1));
    struct amdvi_page kept = {
        .page = page | walk->size_log2,
        .host = AMDVI_TLB_NO_HOST,
        .spa = amdvi_tlb_spa_word(walk, page, is_plain),
    };

    if (caches->tlb.ways == 0) {
        return;
    }
    for (unsigned level = 1; level <= AMDVI_DIRECTORY_LEVELS; level++) {
        if (amdvi_has(walk->passed, AMDVI_BIT(level))) {
            amdvi_directory_complete(iommu, lookup->generation, lookup->iova, level,
                                     &walk->directory[level - 1]);
        }
    }
    if (!amdvi_caches_begin_fill(caches, lookup->generation)) {
        return;
    }
    amdvi_tlb_put(caches, context, &kept);
    for (unsigned level = 1; level <= AMDVI_DIRECTORY_LEVELS; level++) {
        if (amdvi_has(walk->passed, AMDVI_BIT(level))) {
            amdvi_directory_put(caches, context, lookup->iova, level, &walk->directory[level - 1]);
        }
    }
    amdvi_caches_unlock(caches);
}

static void decide_paged(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                         struct amdvi_event *event, struct amdvi_decision *out)
{
    struct amdvi_iommu *iommu = lookup->iommu;
    uint64_t iova = lookup->iova;
    struct amdvi_walk walk;
    /* An entry that refuses is not believed: the walk says what the fault's flags are. */
    out->tlb_hit = lookup->use_caches &&
                   amdvi_tlb_find(&iommu->caches, amdvi_context_of(dte), iova, &walk) &&
                   amdvi_access_allowed(lookup->access, walk.read, walk.write);
    if (!out->tlb_hit) {
        out->walked = true;
        amdvi_page_walk(iommu, dte, iova, lookup->access, &walk);
    }
    switch (walk.status) {
    case AMDVI_WALK_OK:
        if (out->walked && is_to_be_kept(lookup, dte)) {
            keep(lookup, dte, &walk);
        }
        out->outcome = AMDVI_OUTCOME_TRANSLATED;
        out->spa = walk.spa | (iova & (AMDVI_BIT(walk.size_log2) - 1));
        out->granule_log2 = granule_around(iommu, iova, walk.size_log2);
        out->read = walk.read && dte->read;
        out->write = walk.write && dte->write;
        out->force_coherent = walk.force_coherent;
        out->untranslated = walk.untranslated;
        break;
    case AMDVI_WALK_FAULT:
        event->present = walk.present;
        event->reserved = walk.reserved;
        event->permission = walk.permission;
        decide_page_fault(lookup, dte, event, out);
        break;
    case AMDVI_WALK_HW_ERROR:
        event->code = AMDVI_EVENT_PAGE_TAB_HARDWARE_ERROR;
        event->type = amdvi_hw_error_type(walk.memory);
        event->address = walk.spa;
        amdvi_decide_abort(out, AMDVI_REFUSED_TABLES, event);
        break;
    }
}

/* TV=1 is not known yet. */
static void decide_by_tables(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                             struct amdvi_decision *out)
{
    struct amdvi_event event = event_of(AMDVI_EVENT_IO_PAGE_FAULT, lookup);

    event.domain_id = dte->domain_id;
    if (!dte->translation) {
        decide_page_fault(lookup, dte, &event, out);
        return;
    }
    out->has_domain = true;
    out->domain_id = dte->domain_id;
    if (!amdvi_access_allowed(lookup->access, dte->read, dte->write)) {
        event.present = true;
        event.permission = true;
        decide_page_fault(lookup, dte, &event, out);
    } else if (dte->mode == AMDVI_MODE_NONE) {
        amdvi_decide_identity(lookup, dte->read, dte->write, out);
    } else if (dte->mode == AMDVI_MODE_RESERVED) {
        /* Choice: RZ=0 says that the level encoding is what is illegal. */
        amdvi_decide_illegal(lookup, false, out);
    } else {
        decide_paged(lookup, dte, &event, out);
    }
}

/* ---- The kinds of requests ----------------------------------------------------------------- */

static bool is_interrupt_range(uint64_t address)
{
    enum amdvi_range range = amdvi_range_of(address);

    return range == AMDVI_RANGE_MSI || range == AMDVI_RANGE_INTERRUPT;
}

static void decide_untranslated(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                                struct amdvi_decision *out)
{
    if (!dte->valid) {
        amdvi_decide_identity(lookup, true, true, out);
        return;
    }
    if (dte->memory_reserved) {
        amdvi_decide_illegal(lookup, true, out);
        return;
    }
    if (amdvi_special_decide(lookup, dte, out)) {
        return;
    }
    if (is_excluded(lookup, dte)) {
        amdvi_decide_identity(lookup, true, true, out);
    } else {
        decide_by_tables(lookup, dte, out);
    }
}

/* Choice: a translated write to an interrupt's address is an interrupt, and remapped as any other.
 */
static void decide_translated(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                              struct amdvi_decision *out)
{
    if (dte->valid && dte->memory_reserved) {
        amdvi_decide_illegal(lookup, true, out);
    } else if (!dte->valid || !dte->iotlb) {
        amdvi_decide_invalid(lookup, AMDVI_INVALID_PRETRANSLATED, out);
    } else if (!is_interrupt_range(lookup->iova)) {
        amdvi_decide_identity(lookup, true, true, out);
    } else if (lookup->posted) {
        out->outcome = AMDVI_OUTCOME_INTERRUPT;
    } else {
        amdvi_decide_invalid(lookup, AMDVI_INVALID_READ_OF_INTERRUPT_RANGE, out);
    }
}

/*
 * Choice: I and V are looked at before the address, the address before TV, and TV before the
 * exclusion range.
 */
static void decide_ats(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                       struct amdvi_decision *out)
{
    if (dte->valid && dte->memory_reserved) {
        amdvi_decide_illegal(lookup, true, out);
        return;
    }
    if (!dte->valid || !dte->iotlb) {
        amdvi_decide_invalid(lookup, AMDVI_INVALID_ATS_DISABLED, out);
        return;
    }
    if (amdvi_special_decide(lookup, dte, out)) {
        return;
    }
    if (!dte->translation) {
        amdvi_decide_invalid(lookup, AMDVI_INVALID_ATS_DISABLED, out);
    } else if (is_excluded(lookup, dte)) {
        amdvi_decide_identity(lookup, true, true, out);
    } else {
        decide_by_tables(lookup, dte, out);
    }
}

/* Extension: DMA of the devices named is blocked until software first enables the IOMMU. */
static bool is_blocked(const struct amdvi_iommu *iommu, uint16_t device_id)
{
    const struct amdvi_features *features = &iommu->config.features;

    if (!atomic_load_explicit(&iommu->is_preboot, memory_order_acquire)) {
        return false;
    }
    for (unsigned i = 0; i < features->preboot_range_count; i++) {
        const struct amdvi_device_range *range = &features->preboot_ranges[i];

        if (device_id >= range->first && device_id <= range->last) {
            return true;
        }
    }
    return false;
}

/* IommuEn=0, or around the IOMMU: nothing is translated, and nothing logged. */
static void decide_around(const struct amdvi_lookup *lookup, struct amdvi_decision *out)
{
    if (lookup->is_ats || is_blocked(lookup->iommu, lookup->device_id)) {
        out->outcome = AMDVI_OUTCOME_ABORTED;
        out->refusal = AMDVI_REFUSED_REQUEST;
    } else {
        amdvi_decide_identity(lookup, true, true, out);
    }
}

/* Spec: 1.20, IOMMU Control (HtTunEn). */
static bool goes_around(const struct amdvi_lookup *lookup)
{
    const struct amdvi_iommu *iommu = lookup->iommu;
    uint64_t control = amdvi_iommu_reg(iommu, AMDVI_REG_CONTROL);

    return !amdvi_has(control, AMDVI_CONTROL_IOMMU_EN) ||
           amdvi_passes_tunnel(iommu, lookup->from_tunnel);
}

void amdvi_decide(const struct amdvi_lookup *lookup, struct amdvi_decision *out)
{
    struct amdvi_dte dte;

    *out = (struct amdvi_decision){.granule_log2 = AMDVI_PAGE_LOG2};
    /* Where the device table entry is not asked, a translated write is like any other. */
    if (lookup->posted && is_interrupt_range(lookup->iova) &&
        (!lookup->translated || goes_around(lookup))) {
        out->outcome = AMDVI_OUTCOME_INTERRUPT;
    } else if (goes_around(lookup)) {
        decide_around(lookup, out);
    } else if (!find_dte(lookup, &dte, out)) {
        return;
    } else if (lookup->is_ats) {
        decide_ats(lookup, &dte, out);
    } else if (lookup->translated) {
        decide_translated(lookup, &dte, out);
    } else {
        decide_untranslated(lookup, &dte, out);
    }
}

void amdvi_decision_log(struct amdvi_iommu *iommu, const struct amdvi_decision *decision)
{
    struct amdvi_effects effects = {0};

    if (decision->has_event) {
        amdvi_event_log_write(iommu, &decision->event, decision->once, &effects);
        amdvi_effects_deliver(iommu, &effects);
    }
}
