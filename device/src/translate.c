/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of a DMA request. amdvi_decide() says what the tables make of one page, and which event
 * is due, without telling anybody; amdvi_translate() joins pages and tells.
 */
#include <amdvi/irte.h>
#include <amdvi/pte.h>
#include <amdvi/ranges.h>

#include "state.h"

/* Pages that one call joins: its work is bounded. */
#define MAX_PAGES 512

/* Blocks larger than any SPA are not told of. */
#define MAX_GRANULE_LOG2 52

struct amdvi_lookup amdvi_lookup_begin(struct amdvi_iommu *iommu,
                                       const struct amdvi_request *request, bool use_caches)
{
    return (struct amdvi_lookup){
        .iommu = iommu,
        .use_caches = use_caches,
        .generation = atomic_load(&iommu->generation),
        .device_id = request->device_id,
        .access = request->access,
        .iova = request->iova,
    };
}

struct exclusion {
    bool enabled;
    bool allow; /* for all devices, not only those with EX */
    uint64_t first;
    uint64_t last;
};

static struct exclusion exclusion_of(const struct amdvi_iommu *iommu)
{
    uint64_t base = amdvi_iommu_reg(iommu, AMDVI_REG_EXCL_BASE);
    uint64_t limit = amdvi_iommu_reg(iommu, AMDVI_REG_EXCL_LIMIT);

    return (struct exclusion){
        .enabled = amdvi_has(base, AMDVI_EXCL_BASE_EX_EN),
        .allow = amdvi_has(base, AMDVI_EXCL_BASE_ALLOW),
        .first = base & AMDVI_EXCL_BASE_BASE,
        .last = limit | AMDVI_EXCL_LIMIT_LOW,
    };
}

/* Does an edge of @first to @last, or all of it, lie in the block of 2^@log2 bytes at @iova? */
static bool is_cut(uint64_t iova, unsigned log2, uint64_t first, uint64_t last)
{
    uint64_t start = iova & ~(AMDVI_BIT(log2) - 1);
    uint64_t end = start + (AMDVI_BIT(log2) - 1);
    bool overlaps = first <= end && last >= start;
    bool covers = first <= start && last >= end;

    return overlaps && !covers;
}

/* The largest block up to 2^@log2 bytes in which no other rule begins. */
static uint8_t granule_around(const struct amdvi_iommu *iommu, uint64_t iova, unsigned log2)
{
    struct exclusion exclusion = exclusion_of(iommu);
    unsigned granule = log2 < MAX_GRANULE_LOG2 ? log2 : MAX_GRANULE_LOG2;

    while (granule > AMDVI_PAGE_LOG2 &&
           (is_cut(iova, granule, AMDVI_MSI_BASE, AMDVI_MSI_BASE + AMDVI_MSI_BYTES - 1) ||
            (exclusion.enabled && is_cut(iova, granule, exclusion.first, exclusion.last)))) {
        granule--;
    }
    return (uint8_t)granule;
}

static void decide_identity(const struct amdvi_lookup *lookup, bool read, bool write,
                            struct amdvi_decision *out)
{
    out->outcome = AMDVI_OUTCOME_TRANSLATED;
    out->spa = lookup->iova;
    out->granule_log2 = granule_around(lookup->iommu, lookup->iova, MAX_GRANULE_LOG2);
    out->read = read;
    out->write = write;
}

static void decide_abort(struct amdvi_decision *out, const struct amdvi_event *event)
{
    out->outcome = AMDVI_OUTCOME_ABORTED;
    out->granule_log2 = AMDVI_PAGE_LOG2;
    out->has_event = true;
    out->event = *event;
}

/* Spec: 1.20, device table entry (SE, SA): they suppress I/O page faults and nothing else. */
static void decide_page_fault(struct amdvi_decision *out, const struct amdvi_event *event,
                              const struct amdvi_dte *dte)
{
    decide_abort(out, event);
    out->has_event = !dte->suppress_all;
    out->once = dte->suppress_more;
}

/* What every event of the request has in common. */
static struct amdvi_event event_of(enum amdvi_event_code code, const struct amdvi_lookup *lookup)
{
    return (struct amdvi_event){
        .code = code,
        .device_id = lookup->device_id,
        .write = (lookup->access & AMDVI_ACCESS_WRITE) != 0,
        .address = lookup->iova,
    };
}

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
        /* Choice: a DeviceID beyond the device table is an I/O page fault with PR=0, domain 0. */
        decide_abort(out, &event);
        return false;
    case AMDVI_DTE_HW_ERROR:
        event.code = AMDVI_EVENT_DEV_TAB_HARDWARE_ERROR;
        event.type = amdvi_hw_error_type(found.memory);
        event.address = found.spa;
        decide_abort(out, &event);
        return false;
    }
    return false;
}

static void decide_paged(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                         struct amdvi_event *event, struct amdvi_decision *out)
{
    struct amdvi_iommu *iommu = lookup->iommu;
    uint64_t iova = lookup->iova;
    struct amdvi_walk walk;
    /* An entry that refuses is not believed: the walk says what the fault's flags are. */
    out->tlb_hit = lookup->use_caches && amdvi_tlb_find(iommu, dte, iova, &walk) &&
                   amdvi_access_allowed(lookup->access, walk.read, walk.write);
    if (!out->tlb_hit) {
        out->walked = true;
        amdvi_page_walk(iommu, dte, iova, lookup->access, &walk);
    }
    switch (walk.status) {
    case AMDVI_WALK_OK:
        if (out->walked && lookup->use_caches) {
            amdvi_tlb_insert(iommu, dte, iova, &walk, lookup->generation);
        }
        out->outcome = AMDVI_OUTCOME_TRANSLATED;
        out->spa = walk.spa | (iova & (AMDVI_BIT(walk.size_log2) - 1));
        out->granule_log2 = granule_around(iommu, iova, walk.size_log2);
        out->read = walk.read && dte->read;
        out->write = walk.write && dte->write;
        out->force_coherent = walk.force_coherent;
        break;
    case AMDVI_WALK_FAULT:
        event->present = walk.present;
        event->reserved = walk.reserved;
        event->permission = walk.permission;
        decide_page_fault(out, event, dte);
        break;
    case AMDVI_WALK_HW_ERROR:
        event->code = AMDVI_EVENT_PAGE_TAB_HARDWARE_ERROR;
        event->type = amdvi_hw_error_type(walk.memory);
        event->address = walk.spa;
        decide_abort(out, event);
        break;
    }
}

/* TV=1 is not known yet. */
static void decide_translated(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                              struct amdvi_event *event, struct amdvi_decision *out)
{
    event->domain_id = dte->domain_id;
    if (!dte->translation) {
        decide_page_fault(out, event, dte);
        return;
    }
    out->has_domain = true;
    out->domain_id = dte->domain_id;
    if (!amdvi_access_allowed(lookup->access, dte->read, dte->write)) {
        event->present = true;
        event->permission = true;
        decide_page_fault(out, event, dte);
    } else if (dte->mode == AMDVI_MODE_NONE) {
        decide_identity(lookup, dte->read, dte->write, out);
    } else if (dte->mode == AMDVI_MODE_RESERVED) {
        /* Choice: RZ=0 says that the level encoding is what is illegal. */
        event->code = AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY;
        decide_abort(out, event);
    } else {
        decide_paged(lookup, dte, event, out);
    }
}

/* Is the address excluded from translation for this device? Choice: asked before TV. */
static bool is_excluded(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte)
{
    struct exclusion exclusion = exclusion_of(lookup->iommu);
    uint64_t iova = lookup->iova;

    return exclusion.enabled && (exclusion.allow || dte->exclusion) && iova >= exclusion.first &&
           iova <= exclusion.last;
}

void amdvi_decide(const struct amdvi_lookup *lookup, struct amdvi_decision *out)
{
    struct amdvi_dte dte;
    bool is_msi = amdvi_range_of(lookup->iova) == AMDVI_RANGE_MSI;

    *out = (struct amdvi_decision){.granule_log2 = AMDVI_PAGE_LOG2};
    if (is_msi && lookup->access == AMDVI_ACCESS_WRITE) {
        out->outcome = AMDVI_OUTCOME_INTERRUPT;
        return;
    }
    if (!amdvi_iommu_is_enabled(lookup->iommu)) {
        decide_identity(lookup, true, true, out);
        return;
    }
    if (!find_dte(lookup, &dte, out)) {
        return;
    }
    if (!dte.valid) {
        decide_identity(lookup, true, true, out);
        return;
    }
    struct amdvi_event event = event_of(AMDVI_EVENT_IO_PAGE_FAULT, lookup);
    if (dte.memory_reserved) {
        event.code = AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY;
        event.reserved = true;
        decide_abort(out, &event);
    } else if (is_msi) {
        event.code = AMDVI_EVENT_INVALID_DEVICE_REQUEST;
        event.type = AMDVI_INVALID_READ_OF_INTERRUPT_RANGE;
        decide_abort(out, &event);
    } else if (is_excluded(lookup, &dte)) {
        decide_identity(lookup, true, true, out);
    } else {
        decide_translated(lookup, &dte, &event, out);
    }
}

static void log_decision(struct amdvi_iommu *iommu, const struct amdvi_decision *decision)
{
    struct amdvi_effects effects = {0};

    if (decision->has_event) {
        amdvi_event_log_write(iommu, &decision->event, decision->once, &effects);
        amdvi_effects_deliver(iommu, &effects);
    }
}

static void count_decision(struct amdvi_reader *reader, const struct amdvi_decision *decision)
{
    if (decision->tlb_hit) {
        amdvi_count_own(&reader->tlb_hits);
    }
    if (decision->walked) {
        amdvi_count_own(&reader->walks);
    }
}

static void count_request(struct amdvi_reader *reader, const struct amdvi_decision *first)
{
    count_decision(reader, first);
    amdvi_count_own(&reader->translations);
    if (first->outcome == AMDVI_OUTCOME_ABORTED) {
        amdvi_count_own(&reader->aborted);
    }
}

static uint64_t bytes_to_end(uint64_t iova, unsigned log2)
{
    return AMDVI_BIT(log2) - (iova & (AMDVI_BIT(log2) - 1));
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Do the next page's tables carry on those of the pages before, for whoever keeps the run? */
static bool carries_on(struct amdvi_decision *first, const struct amdvi_decision *next)
{
    if (!next->has_domain) {
        return true;
    }
    if (first->has_domain) {
        return first->domain_id == next->domain_id;
    }
    /* The exclusion range ended: from here on the run depends on the domain's tables. */
    first->has_domain = true;
    first->domain_id = next->domain_id;
    return true;
}

/* Join the pages behind the first as long as they continue it. */
static void extend_run(const struct amdvi_lookup *begin, struct amdvi_reader *reader,
                       const struct amdvi_request *request, struct amdvi_translation *out,
                       struct amdvi_decision *first)
{
    struct amdvi_lookup lookup = *begin;

    for (unsigned page = 1; page < MAX_PAGES && out->run_bytes < request->size_bytes; page++) {
        struct amdvi_decision next;

        lookup.iova = request->iova + out->run_bytes;
        amdvi_decide(&lookup, &next);
        if (reader != NULL && !request->quiet) {
            count_decision(reader, &next);
        }
        if (next.outcome != AMDVI_OUTCOME_TRANSLATED || next.spa != out->spa + out->run_bytes ||
            !carries_on(first, &next)) {
            return;
        }
        out->cached = out->cached && next.dte_cached && !next.walked;
        out->run_bytes += smaller(request->size_bytes - out->run_bytes,
                                  bytes_to_end(lookup.iova, next.granule_log2));
    }
}

static void find_host_pointer(struct amdvi_iommu *iommu, const struct amdvi_request *request,
                              struct amdvi_translation *out)
{
    uint64_t run_bytes = out->run_bytes;

    if (iommu->host.map == NULL) {
        return;
    }
    out->host = iommu->host.map(iommu->host.ctx, out->spa,
                                (request->access & AMDVI_ACCESS_WRITE) != 0, &run_bytes);
    if (out->host != NULL && run_bytes < out->run_bytes) {
        out->run_bytes = run_bytes;
    }
}

static bool is_proper(const struct amdvi_request *request)
{
    return request->size_bytes != 0 && request->iova + (request->size_bytes - 1) >= request->iova &&
           (request->access == AMDVI_ACCESS_READ || request->access == AMDVI_ACCESS_WRITE ||
            request->access == AMDVI_ACCESS_READ_WRITE);
}

enum amdvi_status amdvi_translate(const struct amdvi_lookup *lookup, struct amdvi_reader *reader,
                                  const struct amdvi_request *request,
                                  struct amdvi_translation *out, struct amdvi_decision *first)
{
    if (!is_proper(request)) {
        return AMDVI_ERR_ARGUMENT;
    }
    amdvi_decide(lookup, first);
    *out = (struct amdvi_translation){
        .outcome = first->outcome,
        .run_bytes = smaller(request->size_bytes, bytes_to_end(request->iova, first->granule_log2)),
        .spa = first->spa,
        .granule_log2 = first->granule_log2,
        .read = first->read,
        .write = first->write,
        .force_coherent = first->force_coherent,
        .cached = first->dte_cached && !first->walked,
    };
    if (reader != NULL && !request->quiet) {
        count_request(reader, first);
        log_decision(lookup->iommu, first);
    }
    if (first->outcome == AMDVI_OUTCOME_TRANSLATED) {
        extend_run(lookup, reader, request, out, first);
        if (!lookup->locked) {
            find_host_pointer(lookup->iommu, request, out);
        }
    }
    return AMDVI_OK;
}

enum amdvi_status amdvi_iommu_translate(struct amdvi_reader *reader,
                                        const struct amdvi_request *request,
                                        struct amdvi_translation *out)
{
    struct amdvi_lookup lookup = amdvi_lookup_begin(reader->iommu, request, true);
    struct amdvi_decision first;

    return amdvi_translate(&lookup, reader, request, out, &first);
}

enum amdvi_status amdvi_iommu_peek(struct amdvi_iommu *iommu, const struct amdvi_request *request,
                                   struct amdvi_translation *out)
{
    struct amdvi_lookup lookup = amdvi_lookup_begin(iommu, request, false);
    struct amdvi_decision first;

    return amdvi_translate(&lookup, NULL, request, out, &first);
}
