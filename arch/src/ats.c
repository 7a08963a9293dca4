/* SPDX-License-Identifier: BSD-2-Clause */
/* Address translation services: the words on the wire. */
#include <amdvi/ats.h>
#include <amdvi/pte.h>

uint64_t amdvi_ats_block(uint64_t address, unsigned size_log2)
{
    if (size_log2 == AMDVI_PAGE_LOG2) {
        return address & AMDVI_ATS_COMPLETION_ADDRESS;
    }
    uint64_t size_bit = AMDVI_BIT(size_log2 - 1);
    uint64_t ones = (size_bit - 1) & AMDVI_ATS_COMPLETION_ADDRESS;

    return (address & ~(size_bit | (size_bit - 1))) | ones | AMDVI_ATS_COMPLETION_S;
}

uint64_t amdvi_ats_completion_word(const struct amdvi_ats_answer *answer)
{
    if (!answer->read && !answer->write) {
        return 0;
    }
    return amdvi_ats_block(answer->spa, answer->size_log2) |
           amdvi_put(AMDVI_ATS_COMPLETION_R, answer->read) |
           amdvi_put(AMDVI_ATS_COMPLETION_W, answer->write) |
           amdvi_put(AMDVI_ATS_COMPLETION_U, answer->untranslated) |
           amdvi_put(AMDVI_ATS_COMPLETION_N, answer->force_coherent);
}
