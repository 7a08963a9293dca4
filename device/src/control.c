/* SPDX-License-Identifier: BSD-2-Clause */
/* The control register: what its bits switch on and off, and the run bits that follow. */
#include "state.h"

static bool has_ring(struct amdvi_iommu *iommu, enum amdvi_reg base)
{
    return amdvi_ring_base_bytes(amdvi_iommu_reg(iommu, base)) != 0;
}

/*
 * Choice: a run bit stays 0 while the ring's length is a reserved code. Fetching begins at the edge
 * of IommuEn and CmdBufEn only, so a ring that an error stopped is not started by anything else.
 */
static void follow_commands(struct amdvi_iommu *iommu, uint64_t before, uint64_t after,
                            uint64_t *clear, uint64_t *set)
{
    bool was_on = amdvi_control_enables(before, AMDVI_CONTROL_CMD_BUF_EN);
    bool is_on = amdvi_control_enables(after, AMDVI_CONTROL_CMD_BUF_EN);

    if (!was_on && is_on && has_ring(iommu, AMDVI_REG_CMD_BUF_BASE)) {
        *set |= AMDVI_STATUS_CMD_BUF_RUN;
    }
    /* A COMPLETION_WAIT that was fetched is finished first; command_ring.c clears the bit then. */
    if (was_on && !is_on && !iommu->ring.waiting) {
        *clear |= AMDVI_STATUS_CMD_BUF_RUN;
    }
}

static void follow_events(struct amdvi_iommu *iommu, uint64_t before, uint64_t after,
                          uint64_t *clear, uint64_t *set)
{
    bool was_on = amdvi_control_enables(before, AMDVI_CONTROL_EVENT_LOG_EN);
    bool is_on = amdvi_control_enables(after, AMDVI_CONTROL_EVENT_LOG_EN);
    uint64_t status = amdvi_iommu_reg(iommu, AMDVI_REG_STATUS);

    /* Choice: after an overflow the log starts again only when EventOverflow was cleared first. */
    if (!was_on && is_on && !amdvi_has(status, AMDVI_STATUS_EVENT_OVERFLOW) &&
        has_ring(iommu, AMDVI_REG_EVENT_LOG_BASE)) {
        *set |= AMDVI_STATUS_EVENT_LOG_RUN;
    }
    if (was_on && !is_on) {
        *clear |= AMDVI_STATUS_EVENT_LOG_RUN;
    }
}

void amdvi_control_write(struct amdvi_iommu *iommu, uint64_t value, struct amdvi_effects *effects)
{
    uint64_t before = amdvi_iommu_reg(iommu, AMDVI_REG_CONTROL);
    uint64_t status = amdvi_iommu_reg(iommu, AMDVI_REG_STATUS);
    uint64_t clear = 0;
    uint64_t set = 0;

    amdvi_iommu_set_reg(iommu, AMDVI_REG_CONTROL, value);
    if (amdvi_has(before ^ value, AMDVI_CONTROL_IOMMU_EN)) {
        /* Choice: the caches are empty whenever the IOMMU is switched on. */
        amdvi_invalidate_all(iommu, effects);
        /* It was switched on, now or before: from here on the tables protect, if software wants. */
        atomic_store(&iommu->is_preboot, false);
    } else if (amdvi_has(before ^ value, AMDVI_CONTROL_HT_TUN_EN)) {
        /* Choice: as for a change of the exclusion range. */
        amdvi_invalidate_translations(iommu, effects);
    }
    follow_commands(iommu, before, value, &clear, &set);
    follow_events(iommu, before, value, &clear, &set);
    /* An enable that meets a status bit raises the interrupt as the status bit itself would. */
    if (amdvi_has(amdvi_interrupt_level(value, status), ~amdvi_interrupt_level(before, status))) {
        effects->due |= AMDVI_DUE_MSI;
    }
    amdvi_status_change(iommu, clear, set, effects);
}
