/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt remapping table entry, between memory and program. */
#include <amdvi/irte.h>

struct amdvi_irte amdvi_irte_decode(uint32_t word)
{
    return (struct amdvi_irte){
        .remap_enable = amdvi_has(word, AMDVI_IRTE_REMAP_EN),
        .suppress_fault = amdvi_has(word, AMDVI_IRTE_SUP_IOPF),
        .request_eoi = amdvi_has(word, AMDVI_IRTE_RQ_EOI),
        .logical = amdvi_has(word, AMDVI_IRTE_DM),
        .has_reserved = amdvi_has(word, AMDVI_IRTE_RESERVED | AMDVI_IRTE_GUEST_MODE),
        .int_type = (uint8_t)amdvi_get(word, AMDVI_IRTE_INT_TYPE),
        .destination = (uint8_t)amdvi_get(word, AMDVI_IRTE_DESTINATION),
        .vector = (uint8_t)amdvi_get(word, AMDVI_IRTE_VECTOR),
    };
}

uint32_t amdvi_irte_encode(const struct amdvi_irte *irte)
{
    uint64_t word = amdvi_put(AMDVI_IRTE_REMAP_EN, irte->remap_enable) |
                    amdvi_put(AMDVI_IRTE_SUP_IOPF, irte->suppress_fault) |
                    amdvi_put(AMDVI_IRTE_INT_TYPE, irte->int_type) |
                    amdvi_put(AMDVI_IRTE_RQ_EOI, irte->request_eoi) |
                    amdvi_put(AMDVI_IRTE_DM, irte->logical) |
                    amdvi_put(AMDVI_IRTE_DESTINATION, irte->destination) |
                    amdvi_put(AMDVI_IRTE_VECTOR, irte->vector);

    return (uint32_t)word;
}
