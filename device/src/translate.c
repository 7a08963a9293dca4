/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of a DMA request: its pages are decided one by one (decide.c), joined, and told of. */
#include "fast.h"

struct amdvi_lookup amdvi_lookup_begin(struct amdvi_iommu *iommu,
                                       const struct amdvi_request *request, bool use_caches)
{
    return (struct amdvi_lookup){
        .iommu = iommu,
        .use_caches = use_caches,
        .generation = atomic_load(&iommu->caches.generation),
        .epoch = atomic_load(&iommu->epoch),
        .device_id = request->device_id,
        .posted = request->access == AMDVI_ACCESS_WRITE && !request->non_posted,
        .translated = request->translated,
        .intx_message = request->intx_message,
        .from_tunnel = request->from_tunnel,
        .access = request->access,
        .iova = request->iova,
    };
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

    for (unsigned page = 1; page < AMDVI_CALL_PAGES && out->run_bytes < request->size_bytes;
         page++) {
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
                                  amdvi_bytes_to_end(lookup.iova, next.granule_log2));
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

enum amdvi_status amdvi_translate(const struct amdvi_lookup *lookup, struct amdvi_reader *reader,
                                  const struct amdvi_request *request,
                                  struct amdvi_translation *out, struct amdvi_decision *first)
{
    if (!amdvi_request_is_proper(request)) {
        return AMDVI_ERR_ARGUMENT;
    }
    amdvi_decide(lookup, first);
    *out = (struct amdvi_translation){
        .outcome = first->outcome,
        .run_bytes =
            smaller(request->size_bytes, amdvi_bytes_to_end(request->iova, first->granule_log2)),
        .spa = first->spa,
        .granule_log2 = first->granule_log2,
        .read = first->read,
        .write = first->write,
        .force_coherent = first->force_coherent,
        .cached = first->dte_cached && !first->walked,
    };
    if (reader != NULL && !request->quiet) {
        count_request(reader, first);
        amdvi_decision_log(lookup->iommu, first);
    }
    if (first->outcome == AMDVI_OUTCOME_TRANSLATED) {
        extend_run(lookup, reader, request, out, first);
        if (!lookup->locked) {
            find_host_pointer(lookup->iommu, request, out);
        }
    }
    return AMDVI_OK;
}

/* The fast way. False when it does not lead all the way to the end of the request. */
static bool translate_page(struct amdvi_reader *reader, const struct amdvi_request *request,
                           struct amdvi_translation *out)
{
    uint64_t context = amdvi_context_find(&reader->iommu->caches, request->device_id);
    uint64_t iova = request->iova;
    struct amdvi_page page;

    if (context == 0 || !amdvi_request_is_simple(request) || !amdvi_request_is_proper(request) ||
        !amdvi_is_inside_4k(iova, request->size_bytes)) {
        return false;
    }
    enum amdvi_found found = amdvi_fast_page(reader, context, iova, request->access, &page);
    if (found == AMDVI_FOUND_NOT) {
        return false;
    }
    *out = (struct amdvi_translation){
        .outcome = AMDVI_OUTCOME_TRANSLATED,
        .run_bytes = request->size_bytes,
        .spa = iova + (page.spa & ~AMDVI_TLB_FLAGS),
        .host = (page.host & AMDVI_TLB_NO_POINTER) == 0 ? amdvi_host_of(iova, page.host) : NULL,
        .granule_log2 = (uint8_t)amdvi_page_size_log2(&page),
        .read = amdvi_has(page.spa, AMDVI_TLB_READ),
        .write = amdvi_has(page.spa, AMDVI_TLB_WRITE),
        .force_coherent = amdvi_has(page.spa, AMDVI_TLB_COHERENT),
        .cached = found == AMDVI_FOUND_TLB,
    };
    return true;
}

enum amdvi_status amdvi_iommu_translate(struct amdvi_reader *reader,
                                        const struct amdvi_request *request,
                                        struct amdvi_translation *out)
{
    amdvi_reader_check_online(reader);
    if (translate_page(reader, request, out)) {
        return AMDVI_OK;
    }
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
