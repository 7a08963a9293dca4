/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the invalidation commands do. Each raises the generation, drops what it names from the
 * caches, marks the leases that it concerns, and raises the epoch; in this order, see state.h.
 */
#include "state.h"

static void invalidate_device(struct amdvi_iommu *iommu, uint16_t device_id,
                              struct amdvi_effects *effects)
{
    amdvi_device_table_drop(iommu, device_id);
    amdvi_event_log_rearm(iommu, device_id);
    amdvi_lease_mark_device(iommu, device_id);
    effects->translations = true;
    effects->what = (struct amdvi_invalidation){
        .kind = AMDVI_INVALIDATED_DEVICE, .device_id = device_id, .last_iova = UINT64_MAX};
    /* Where its interrupts go is in the same entry. */
    effects->interrupts = true;
    effects->interrupts_device = device_id;
}

static void invalidate_pages(struct amdvi_iommu *iommu, const struct amdvi_command *command,
                             struct amdvi_effects *effects)
{
    struct amdvi_iova_range range = amdvi_inv_range(command->address, command->size);

    amdvi_tlb_drop(iommu, command->domain_id, range.first, range.last);
    amdvi_lease_mark_domain(iommu, command->domain_id, range.first, range.last);
    effects->translations = true;
    effects->what = (struct amdvi_invalidation){.kind = AMDVI_INVALIDATED_DOMAIN,
                                                .domain_id = command->domain_id,
                                                .first_iova = range.first,
                                                .last_iova = range.last};
}

void amdvi_command_invalidate(struct amdvi_iommu *iommu, const struct amdvi_command *command,
                              struct amdvi_effects *effects)
{
    amdvi_generation_advance(iommu);
    switch (command->opcode) {
    case AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY:
        invalidate_device(iommu, command->device_id, effects);
        break;
    case AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES:
        invalidate_pages(iommu, command, effects);
        break;
    case AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE:
        amdvi_irte_drop(iommu, command->device_id);
        effects->interrupts = true;
        effects->interrupts_device = command->device_id;
        break;
    case AMDVI_OPCODE_COMPLETION_WAIT:
    case AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES:
        break; /* these may have to wait: command_ring.c */
    }
    amdvi_epoch_advance(iommu);
}

void amdvi_invalidate_all(struct amdvi_iommu *iommu, struct amdvi_effects *effects)
{
    amdvi_generation_advance(iommu);
    amdvi_cache_clear(&iommu->dte_cache);
    amdvi_cache_clear(&iommu->tlb);
    amdvi_cache_clear(&iommu->irte_cache);
    amdvi_lease_mark_all(iommu);
    amdvi_epoch_advance(iommu);
    effects->translations = true;
    effects->what =
        (struct amdvi_invalidation){.kind = AMDVI_INVALIDATED_ALL, .last_iova = UINT64_MAX};
    effects->interrupts = true;
    effects->interrupts_all = true;
}
