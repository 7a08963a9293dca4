/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address translation services of PCI Express (ATS 1.0), as far as an IOMMU takes part: the answer
 * to a translation request, and the body of an invalidate request. Both are 8 bytes.
 */
#ifndef AMDVI_ATS_H
#define AMDVI_ATS_H

#include <amdvi/field.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Translation completion */
#define AMDVI_ATS_COMPLETION_R       AMDVI_BIT(0)
#define AMDVI_ATS_COMPLETION_W       AMDVI_BIT(1)
#define AMDVI_ATS_COMPLETION_U       AMDVI_BIT(2)  /* untranslated access only */
#define AMDVI_ATS_COMPLETION_N       AMDVI_BIT(10) /* translated requests must be snooped */
#define AMDVI_ATS_COMPLETION_S       AMDVI_BIT(11) /* the size is encoded in the address */
#define AMDVI_ATS_COMPLETION_ADDRESS AMDVI_BITS(63, 12)

/* Invalidate request */
#define AMDVI_ATS_INVALIDATE_S       AMDVI_BIT(11)
#define AMDVI_ATS_INVALIDATE_ADDRESS AMDVI_BITS(63, 12)

/* Invalidate requests that one device may have to answer at a time: ITag has five bits. */
#define AMDVI_ATS_ITAGS 32

/*
 * The address field and S for the naturally aligned block of 2^@size_log2 bytes (12 to 64) that
 * holds @address; S is bit 11 in both words. Larger than 4 KiB: ones up to a zero below the size.
 */
uint64_t amdvi_ats_block(uint64_t address, unsigned size_log2);

/* The answer to a translation request. With R=W=0 the rest is 0. */
struct amdvi_ats_answer {
    bool read;
    bool write;
    bool untranslated;   /* U */
    bool force_coherent; /* N */
    uint8_t size_log2;
    uint64_t spa; /* of the block */
};

/* The answer as it goes to the device: one quadword of the completion. */
uint64_t amdvi_ats_completion_word(const struct amdvi_ats_answer *answer);

#ifdef __cplusplus
}
#endif

#endif
