/* SPDX-License-Identifier: BSD-2-Clause */
/* The capability block in the configuration space of the IOMMU's PCI function. */
#include "state.h"

/* The bits of a register that an access covers; 0 for an access that is none. */
static uint32_t lanes_of(unsigned offset, unsigned size_bytes)
{
    return offset < AMDVI_CAP_SIZE ? (uint32_t)amdvi_lanes(offset, size_bytes, 4) : 0;
}

static bool is_window_on(const struct amdvi_iommu *iommu)
{
    return amdvi_has(iommu->cap[AMDVI_CAP_OFFSET_BASE_LOW / 4], AMDVI_CAP_BASE_LOW_ENABLE);
}

uint32_t amdvi_iommu_cap_read(struct amdvi_iommu *iommu, unsigned offset, unsigned size_bytes)
{
    uint32_t lanes = lanes_of(offset, size_bytes);
    if (lanes == 0) {
        return 0;
    }
    pthread_mutex_lock(&iommu->lock);
    uint32_t value = iommu->cap[offset / 4];
    pthread_mutex_unlock(&iommu->lock);
    return (uint32_t)amdvi_get(value, lanes);
}

void amdvi_iommu_cap_write(struct amdvi_iommu *iommu, unsigned offset, unsigned size_bytes,
                           uint32_t value)
{
    uint32_t lanes = lanes_of(offset, size_bytes);
    enum amdvi_cap_offset reg = (enum amdvi_cap_offset)(offset & ~3U);
    if (lanes == 0) {
        return;
    }

    pthread_mutex_lock(&iommu->lock);
    iommu->cap[reg / 4] = amdvi_cap_after_write(
        reg, iommu->cap[reg / 4], (uint32_t)amdvi_put(lanes, value), lanes, is_window_on(iommu));
    pthread_mutex_unlock(&iommu->lock);
}

bool amdvi_iommu_window(struct amdvi_iommu *iommu, uint64_t *base)
{
    pthread_mutex_lock(&iommu->lock);
    uint64_t low = iommu->cap[AMDVI_CAP_OFFSET_BASE_LOW / 4] & AMDVI_CAP_BASE_LOW_BASE;
    uint64_t high = iommu->cap[AMDVI_CAP_OFFSET_BASE_HIGH / 4];
    bool on = is_window_on(iommu);
    pthread_mutex_unlock(&iommu->lock);

    if (on) {
        *base = high << 32 | low;
    }
    return on;
}
