/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers: who may still use what was answered, and for how long a COMPLETION_WAIT must wait.
 *
 * A reader announces, in its own cache line, the newest epoch whose invalidations it has seen. It
 * does so when it goes online, and when it releases what it was told. The ring raises the epoch
 * after it emptied the caches, and is done when every reader is offline or has announced that
 * epoch: what such a reader is told from then on comes from the emptied caches and the tables in
 * memory, which software changed before it wrote the command.
 *
 * Going online is a store followed by a full fence, and looking at the readers is a full fence
 * followed by loads, so that either the ring sees the reader, or the reader sees the
 * emptied caches. Releasing needs neither: a reader that is seen too late only lengthens the wait.
 *
 * Waking a parked ring: the ring publishes the epoch it waits for, and then looks once more. A
 * release that misses the publication is made good by the reader's next release or offline, one of
 * which must come.
 */
#include "readers.h"

void amdvi_reader_init(struct amdvi_reader *reader, struct amdvi_iommu *iommu)
{
    reader->iommu = iommu;
    reader->size_log2 = AMDVI_PAGE_LOG2;
    atomic_init(&reader->seen, AMDVI_READER_OFFLINE);
}

struct amdvi_reader *amdvi_iommu_reader(struct amdvi_iommu *iommu, unsigned index)
{
    return index < iommu->config.readers ? &iommu->readers[index] : NULL;
}

void amdvi_reader_online(struct amdvi_reader *reader)
{
    if (reader->depth++ == 0) {
        uint64_t epoch = atomic_load_explicit(&reader->iommu->epoch, memory_order_acquire);

        atomic_store_explicit(&reader->seen, epoch, memory_order_release);
        amdvi_full_fence(reader->iommu);
    }
}

static void wake_if_parked(struct amdvi_iommu *iommu)
{
    if (atomic_load_explicit(&iommu->wait_target, memory_order_relaxed) != 0) {
        amdvi_wake(iommu);
    }
}

void amdvi_reader_offline(struct amdvi_reader *reader)
{
    amdvi_reader_check_online(reader);
    if (--reader->depth == 0) {
        atomic_store_explicit(&reader->seen, AMDVI_READER_OFFLINE, memory_order_release);
        amdvi_full_fence(reader->iommu);
        wake_if_parked(reader->iommu);
    }
}

void amdvi_reader_release(struct amdvi_reader *reader)
{
    struct amdvi_iommu *iommu = reader->iommu;
    uint64_t epoch = atomic_load_explicit(&iommu->epoch, memory_order_acquire);

    amdvi_reader_check_online(reader);
    atomic_store_explicit(&reader->seen, epoch, memory_order_release);
    wake_if_parked(iommu);
}

/* Is what the ring waits for over, as far as readers and leases are concerned? */
static bool is_over(struct amdvi_iommu *iommu, uint64_t target)
{
    return atomic_load(&iommu->waits_for_leases) ? amdvi_is_drained(iommu, target)
                                                 : amdvi_have_readers_seen(iommu, target);
}

void amdvi_wake(struct amdvi_iommu *iommu)
{
    uint64_t target = atomic_load(&iommu->wait_target);

    if (target == 0) {
        return;
    }
    amdvi_full_fence(iommu);
    if (!is_over(iommu, target)) {
        return;
    }
    /* One of those who find it drained. */
    if (atomic_compare_exchange_strong(&iommu->wait_target, &target, 0)) {
        amdvi_go_on(iommu);
    }
}
