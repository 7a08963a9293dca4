/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the invalidation commands drop from the caches. The order of things, see state.h: records
 * are dropped, the caches' generation rises, the epoch rises, leases are marked.
 */
#include "state.h"

static void invalidate_device(struct amdvi_iommu *iommu, uint16_t device_id,
                              struct amdvi_invalidation *out)
{
    amdvi_device_table_drop(&iommu->caches, device_id);
    amdvi_event_log_rearm(iommu, device_id);
    *out = (struct amdvi_invalidation){
        .kind = AMDVI_INVALIDATED_DEVICE, .device_id = device_id, .last_iova = UINT64_MAX};
}

/* Spec: 1.20, INVALIDATE_IOMMU_PAGES: with PDE=0 directory entries may be kept. */
static size_t invalidate_pages(struct amdvi_iommu *iommu, const struct amdvi_command *command,
                               struct amdvi_invalidation *out)
{
    struct amdvi_iova_range range = amdvi_inv_range(command->address, command->size);

    *out = (struct amdvi_invalidation){.kind = AMDVI_INVALIDATED_DOMAIN,
                                       .domain_id = command->domain_id,
                                       .first_iova = range.first,
                                       .last_iova = range.last};
    return amdvi_tlb_drop(&iommu->caches, command->domain_id, range.first, range.last,
                          command->pde);
}

void amdvi_command_invalidate(struct amdvi_iommu *iommu, const struct amdvi_command *command,
                              struct amdvi_block *block)
{
    unsigned at = block->count++;

    block->interrupts[at] = false;
    switch (command->opcode) {
    case AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY:
        invalidate_device(iommu, command->device_id, &block->what[at]);
        break;
    case AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES:
        block->scanned = (unsigned)invalidate_pages(iommu, command, &block->what[at]);
        break;
    case AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE:
        amdvi_caches_drop_interrupts(&iommu->caches, command->device_id);
        block->what[at].device_id = command->device_id;
        block->interrupts[at] = true;
        break;
    case AMDVI_OPCODE_COMPLETION_WAIT:
    case AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES:
        break; /* these may have to wait: command_ring.c */
    }
}

void amdvi_invalidate_all(struct amdvi_iommu *iommu, struct amdvi_effects *effects)
{
    struct amdvi_invalidation all = {.kind = AMDVI_INVALIDATED_ALL, .last_iova = UINT64_MAX};

    amdvi_caches_lock(&iommu->caches);
    amdvi_caches_drop_all(&iommu->caches);
    amdvi_caches_dropped(&iommu->caches);
    amdvi_epoch_advance(iommu);
    amdvi_caches_unlock(&iommu->caches);
    amdvi_full_fence(iommu);
    amdvi_lease_mark(iommu, &all);
    effects->translations = true;
    effects->what = all;
    effects->interrupts = true;
    effects->interrupts_all = true;
}

uint64_t amdvi_invalidate_pointers(struct amdvi_iommu *iommu)
{
    amdvi_caches_lock(&iommu->caches);
    amdvi_caches_drop_pointers(&iommu->caches);
    amdvi_caches_dropped(&iommu->caches);
    uint64_t epoch = amdvi_epoch_advance(iommu);
    amdvi_caches_unlock(&iommu->caches);
    amdvi_full_fence(iommu);
    return epoch;
}
