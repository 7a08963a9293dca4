/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of a DMA request that ends in host memory: translated, and told as host pointers. */
#include "state.h"

/* What is next of @rest: where it lands, how far, or why not. */
static enum amdvi_status next_run(struct amdvi_reader *reader, const struct amdvi_request *rest,
                                  bool is_simple, struct amdvi_translation *out)
{
    struct amdvi_page page;

    if (!is_simple || !amdvi_fast_page(reader, rest->device_id, rest->iova, rest->access, &page) ||
        (page.host & rest->access) != 0) {
        return amdvi_iommu_translate(reader, rest, out);
    }
    uint64_t bytes = AMDVI_BIT(page.size_log2);
    uint64_t left = bytes - (rest->iova & (bytes - 1));
    out->outcome = AMDVI_OUTCOME_TRANSLATED;
    out->host = (void *)(uintptr_t)(rest->iova + (page.host & ~AMDVI_TLB_FLAGS));
    out->run_bytes = left < rest->size_bytes ? left : rest->size_bytes;
    return AMDVI_OK;
}

static bool continues(const struct amdvi_segment *last, const void *host)
{
    return (const uint8_t *)last->host + last->size_bytes == host;
}

enum amdvi_status amdvi_iommu_segments(struct amdvi_reader *reader,
                                       const struct amdvi_request *request,
                                       struct amdvi_segment *segments, unsigned capacity,
                                       struct amdvi_segments *out)
{
    struct amdvi_segments all = {.outcome = AMDVI_OUTCOME_TRANSLATED};
    struct amdvi_request rest = *request;
    bool is_simple = amdvi_request_is_simple(request);

    if (!amdvi_request_is_proper(request)) {
        return AMDVI_ERR_ARGUMENT;
    }
    for (unsigned page = 0; page < AMDVI_CALL_PAGES && rest.size_bytes != 0; page++) {
        struct amdvi_translation next;
        enum amdvi_status status = next_run(reader, &rest, is_simple, &next);
        if (status != AMDVI_OK) {
            return status;
        }
        if (next.outcome != AMDVI_OUTCOME_TRANSLATED || next.host == NULL) {
            all.outcome = next.outcome;
            break;
        }
        if (all.count != 0 && continues(&segments[all.count - 1], next.host)) {
            segments[all.count - 1].size_bytes += next.run_bytes;
        } else if (all.count < capacity) {
            segments[all.count++] =
                (struct amdvi_segment){.host = next.host, .size_bytes = next.run_bytes};
        } else {
            break;
        }
        all.size_bytes += next.run_bytes;
        rest.iova += next.run_bytes;
        rest.size_bytes -= next.run_bytes;
    }
    *out = all;
    return AMDVI_OK;
}
