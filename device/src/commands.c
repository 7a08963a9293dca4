/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the invalidation commands drop from the caches. The order of things, see state.h: records
 * are dropped, the caches' generation rises, the epoch rises, leases are marked.
 */
#include "readers.h"

unsigned amdvi_command_drop(struct amdvi_iommu *iommu, const struct amdvi_command *command)
{
    struct amdvi_caches *caches = &iommu->caches;
    struct amdvi_iova_range range;

    switch (command->opcode) {
    case AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY:
        amdvi_device_table_drop(caches, command->device_id);
        amdvi_event_log_rearm(iommu, command->device_id);
        break;
    case AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES:
        /* Spec: 1.20, INVALIDATE_IOMMU_PAGES: with PDE=0 directory entries may be kept. */
        range = amdvi_inv_range(command->address, command->size);
        return amdvi_tlb_drop(caches, command->domain_id, range.first, range.last, command->pde);
    case AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE:
        amdvi_caches_drop_interrupts(caches, command->device_id);
        break;
    case AMDVI_OPCODE_COMPLETION_WAIT:
    case AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES:
        break; /* these may have to wait: command_ring.c */
    }
    return 0;
}

unsigned amdvi_command_invalidated(const struct amdvi_wire_command *wire,
                                   struct amdvi_invalidation *out)
{
    struct amdvi_iova_range range = {.first = 0, .last = UINT64_MAX};
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES};

    (void)amdvi_command_decode(&command, wire); /* it was legal when it was run */
    bool is_domain = command.opcode == AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES;
    if (is_domain) {
        range = amdvi_inv_range(command.address, command.size);
    }
    *out = (struct amdvi_invalidation){
        .kind = is_domain ? AMDVI_INVALIDATED_DOMAIN : AMDVI_INVALIDATED_DEVICE,
        .domain_id = command.domain_id,
        .device_id = command.device_id,
        .first_iova = range.first,
        .last_iova = range.last,
    };
    /* Where a device's interrupts go is in its device table entry, too. */
    return is_domain ? AMDVI_DUE_TRANSLATIONS
           : command.opcode == AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY
               ? AMDVI_DUE_TRANSLATIONS | AMDVI_DUE_INTERRUPTS
               : AMDVI_DUE_INTERRUPTS;
}

void amdvi_invalidate_translations(struct amdvi_iommu *iommu, struct amdvi_effects *effects)
{
    struct amdvi_invalidation all = {.kind = AMDVI_INVALIDATED_ALL, .last_iova = UINT64_MAX};

    amdvi_caches_lock(&iommu->caches);
    amdvi_caches_drop_all(&iommu->caches);
    amdvi_caches_dropped(&iommu->caches);
    amdvi_epoch_advance(iommu);
    amdvi_caches_unlock(&iommu->caches);
    amdvi_full_fence(iommu);
    amdvi_lease_mark(iommu, &all);
    effects->due |= AMDVI_DUE_TRANSLATIONS;
    effects->what = all;
}

void amdvi_invalidate_all(struct amdvi_iommu *iommu, struct amdvi_effects *effects)
{
    amdvi_invalidate_translations(iommu, effects);
    effects->due |= AMDVI_DUE_INTERRUPTS_ALL;
    effects->interrupts_device = 0;
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
