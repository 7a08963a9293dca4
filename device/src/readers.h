/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between invalidations and those who may still use what was invalidated: the epoch, the fence, and
 * the look at the readers. Why it is enough, see reader.c.
 */
#ifndef AMDVI_READERS_H
#define AMDVI_READERS_H

#include "state.h"

#pragma GCC visibility push(hidden)

/*
 * After everything that is invalidated now has been dropped from the caches, with their lock, so
 * that there is one writer: the new epoch. Who looks at readers after it fences first.
 */
static inline uint64_t amdvi_epoch_advance(struct amdvi_iommu *iommu)
{
    uint64_t epoch = atomic_load_explicit(&iommu->epoch, memory_order_relaxed) + 1;

    atomic_store_explicit(&iommu->epoch, epoch, memory_order_release);
    return epoch;
}

#if defined(__SANITIZE_THREAD__)
#define AMDVI_HAS_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define AMDVI_HAS_THREAD_SANITIZER 1
#endif
#endif

/* Between one's own stores and one's own loads, where another does it the other way round. */
static inline void amdvi_full_fence(struct amdvi_iommu *iommu)
{
#ifdef AMDVI_HAS_THREAD_SANITIZER
    /* The thread sanitizer knows no fences; a read-modify-write of one location orders as well. */
    atomic_fetch_add(&iommu->fence, 1);
#else
    (void)iommu;
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

/* Has every reader that is online seen @epoch? After a full fence, as for amdvi_is_drained(). */
static inline bool amdvi_have_readers_seen(struct amdvi_iommu *iommu, uint64_t epoch)
{
    const struct amdvi_reader *end = iommu->readers + iommu->config.readers;

    for (const struct amdvi_reader *reader = iommu->readers; reader != end; reader++) {
        /* OFFLINE is larger than any epoch. */
        if (atomic_load(&reader->seen) < epoch) {
            return false;
        }
    }
    return true;
}

/*
 * Has every reader that is online seen @epoch, and is no revoked lease held? After a full fence
 * that follows the advance, or the publication of what is waited for.
 */
static inline bool amdvi_is_drained(struct amdvi_iommu *iommu, uint64_t epoch)
{
    return amdvi_have_readers_seen(iommu, epoch) && atomic_load(&iommu->leases_revoked) == 0;
}

#pragma GCC visibility pop

#endif
