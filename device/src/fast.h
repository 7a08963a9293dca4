/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fast way of a plain access (no flags, a plain device, see caches.h): the context of the
 * device, and the page in the TLB. Whatever is not there, or not as usual, a refusal above all, is
 * left to others, so that there is one place only that knows what events say.
 *
 * A hit takes no lock, no fence and no call, and stores to the reader's own cache line only.
 */
#ifndef AMDVI_FAST_H
#define AMDVI_FAST_H

#include "state.h"

#pragma GCC visibility push(hidden)

/* From @iova to the end of its block of 2^@size_log2 bytes. */
static inline uint64_t amdvi_bytes_to_end(uint64_t iova, unsigned size_log2)
{
    return -(iova | -AMDVI_BIT(size_log2));
}

static inline bool amdvi_is_inside_4k(uint64_t iova, uint64_t size_bytes)
{
    return size_bytes <= amdvi_bytes_to_end(iova, AMDVI_PAGE_LOG2);
}

/* Is there a pointer in the host word of a page, for @access? */
static inline bool amdvi_has_pointer(uint64_t host_word, enum amdvi_access access)
{
    return (host_word & (access | AMDVI_TLB_NO_POINTER)) == 0;
}

/*
 * The host word of the page of 2^@size_log2 bytes, if it is good for @access. This is
 * amdvi_cache_find() for one word of a record, written for the compiler to make few instructions of
 * it; with a constant size there are fewer again.
 */
static inline bool amdvi_fast_host(const struct amdvi_caches *caches, uint64_t context,
                                   uint64_t iova, unsigned size_log2, enum amdvi_access access,
                                   uint64_t *out)
{
    uint16_t domain_id = amdvi_context_domain(context);
    uint64_t page = amdvi_tlb_page(iova, size_log2);
    uint64_t generation = amdvi_domain_generation(caches, domain_id);
    const struct amdvi_cache_slot *slot =
        amdvi_cache_set(&caches->tlb, amdvi_tlb_index(iova >> size_log2, domain_id));

    AMDVI_UNROLL
    for (unsigned way = 0; way < AMDVI_CACHE_WAYS; way++, slot++) {
        uint64_t begin = amdvi_slot_begin(slot);

        if (amdvi_slot_word(slot, AMDVI_TLB_PAGE) != page ||
            amdvi_slot_word(slot, AMDVI_TLB_CONTEXT) != context) {
            continue;
        }
        if (amdvi_slot_word(slot, AMDVI_TLB_GENERATION) != generation) {
            break;
        }
        uint64_t host = amdvi_slot_word(slot, AMDVI_TLB_HOST);
        if (!amdvi_has_pointer(host, access) || !amdvi_slot_end(slot, begin)) {
            break;
        }
        *out = host;
        return true;
    }
    return false;
}

/* The host pointer of an IOVA, from the host word of its page. */
static inline void *amdvi_host_of(uint64_t iova, uint64_t host_word)
{
    return (void *)(uintptr_t)(iova + (host_word & ~AMDVI_TLB_FLAGS));
}

/* How a page was found. */
enum amdvi_found {
    AMDVI_FOUND_NOT, /* the general way has to be gone */
    AMDVI_FOUND_TLB,
    AMDVI_FOUND_WALK,
};

/*
 * The page of a plain access, from the TLB or by the end of a walk, and a host pointer to it if the
 * host maps memory: then it is good for @access. @context is not 0. What is found counts as
 * answered.
 */
enum amdvi_found amdvi_fast_page(struct amdvi_reader *reader, uint64_t context, uint64_t iova,
                                 enum amdvi_access access, struct amdvi_page *out);

/* The same after it was not found with the size that the reader met last. */
enum amdvi_found amdvi_fast_page_elsewhere(struct amdvi_reader *reader, uint64_t context,
                                           uint64_t iova, enum amdvi_access access,
                                           struct amdvi_page *out);

#pragma GCC visibility pop

#endif
