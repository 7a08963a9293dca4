/* SPDX-License-Identifier: BSD-2-Clause */
/* Host pointers to guest memory: what host->map answered, and for how much of the memory. */
#include "state.h"

/* What the host is asked for: more than is needed now, so that it is asked seldom. */
#define WANTED_BYTES AMDVI_BIT(40)

static bool ask(const struct amdvi_iommu *iommu, uint64_t spa, uint64_t size_bytes, bool is_write,
                struct amdvi_stretch *out)
{
    uint64_t run_bytes = WANTED_BYTES;
    void *host = iommu->host.map(iommu->host.ctx, spa, is_write, &run_bytes);

    if (host == NULL || run_bytes < size_bytes) {
        return false;
    }
    *out = (struct amdvi_stretch){
        .first_spa = spa, .last_spa = spa + (run_bytes - 1), .distance = (uintptr_t)host - spa};
    return true;
}

static void keep(struct amdvi_caches *caches, uint64_t generation, bool is_write,
                 const struct amdvi_stretch *stretch)
{
    uint64_t record[AMDVI_CACHE_WORDS] = {
        [AMDVI_STRETCH_FIRST] = stretch->first_spa | AMDVI_STRETCH_IN_USE,
        [AMDVI_STRETCH_LAST] = stretch->last_spa,
        [AMDVI_STRETCH_DISTANCE] = stretch->distance,
    };

    if (amdvi_caches_begin_fill(caches, generation)) {
        amdvi_slot_write(&caches->stretches[amdvi_stretch_index(stretch->first_spa, is_write)],
                         AMDVI_STRETCH_END, record);
        amdvi_caches_unlock(caches);
    }
}

bool amdvi_stretch_ask(struct amdvi_iommu *iommu, uint64_t generation, uint64_t spa,
                       uint64_t size_bytes, bool is_write, struct amdvi_stretch *out)
{
    if (!ask(iommu, spa, size_bytes, is_write, out)) {
        return false;
    }
    keep(&iommu->caches, generation, is_write, out);
    return true;
}

void amdvi_stretch_drop_all(struct amdvi_caches *caches)
{
    for (unsigned i = 0; i < AMDVI_STRETCHES; i++) {
        amdvi_slot_empty(&caches->stretches[i]);
    }
}
