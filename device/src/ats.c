/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address translation services: what a device's translation request is answered with.
 *
 * Spec: 1.20, remote IOTLB support.
 */
#include "state.h"

static enum amdvi_ats_status status_of(const struct amdvi_decision *decision)
{
    switch (decision->refusal) {
    case AMDVI_REFUSED_REQUEST:
        return AMDVI_ATS_UNSUPPORTED_REQUEST;
    case AMDVI_REFUSED_TABLES:
        return AMDVI_ATS_COMPLETER_ABORT;
    case AMDVI_REFUSED_NOT:
    case AMDVI_REFUSED_PAGE_FAULT:
        break;
    }
    return AMDVI_ATS_SUCCESS;
}

enum amdvi_status amdvi_iommu_ats_translate(struct amdvi_reader *reader, uint16_t device_id,
                                            uint64_t iova, struct amdvi_ats_completion *out)
{
    struct amdvi_iommu *iommu = reader->iommu;
    struct amdvi_lookup lookup = {
        .iommu = iommu,
        .use_caches = true,
        .generation = atomic_load(&iommu->caches.generation),
        .device_id = device_id,
        .is_ats = true,
        .iova = iova,
    };
    struct amdvi_decision decision;

    amdvi_reader_check_online(reader);
    if (!iommu->config.features.iotlb_sup) {
        return AMDVI_ERR_UNSUPPORTED;
    }
    amdvi_decide(&lookup, &decision);
    amdvi_count_own(&reader->ats_requests);
    amdvi_decision_log(iommu, &decision);
    *out = (struct amdvi_ats_completion){
        .status = status_of(&decision),
        .cached = decision.dte_cached && !decision.walked,
    };
    if (decision.outcome == AMDVI_OUTCOME_TRANSLATED && (decision.read || decision.write)) {
        out->read = decision.read;
        out->write = decision.write;
        out->untranslated = decision.untranslated;
        out->force_coherent = decision.force_coherent;
        out->size_log2 = decision.granule_log2;
        out->spa = decision.spa & ~(AMDVI_BIT(decision.granule_log2) - 1);
    }
    return AMDVI_OK;
}
