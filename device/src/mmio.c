/* SPDX-License-Identifier: BSD-2-Clause */
/* The register window: which bytes of which register an access means, and what a write does. */
#include "state.h"

/* The bits of a register that an access covers; 0 for an access that is none. */
static uint64_t lanes_of(uint64_t offset, unsigned size_bytes)
{
    return offset < AMDVI_MMIO_SIZE ? amdvi_lanes(offset, size_bytes, 8) : 0;
}

uint64_t amdvi_iommu_mmio_read(struct amdvi_iommu *iommu, uint64_t offset, unsigned size_bytes)
{
    uint64_t lanes = lanes_of(offset, size_bytes);
    enum amdvi_reg reg = amdvi_reg_at(offset);

    if (lanes == 0 || reg == AMDVI_REG_COUNT) {
        return 0;
    }
    return amdvi_get(amdvi_iommu_reg(iommu, reg), lanes);
}

static bool is_running(struct amdvi_iommu *iommu, uint64_t run_bit)
{
    return amdvi_has(amdvi_iommu_reg(iommu, AMDVI_REG_STATUS), run_bit);
}

/* Choice: a new base is ignored while the ring runs, and resets both pointers otherwise. */
static void write_ring_base(struct amdvi_iommu *iommu, enum amdvi_reg base, uint64_t value,
                            enum amdvi_reg head, enum amdvi_reg tail, uint64_t run_bit)
{
    if (is_running(iommu, run_bit)) {
        return;
    }
    amdvi_iommu_set_reg(iommu, base, value);
    amdvi_iommu_set_reg(iommu, head, 0);
    amdvi_iommu_set_reg(iommu, tail, 0);
}

/* Choice: an offset beyond the ring is ignored. */
static void write_pointer(struct amdvi_iommu *iommu, enum amdvi_reg pointer, uint64_t value,
                          enum amdvi_reg base)
{
    if (value < amdvi_ring_base_bytes(amdvi_iommu_reg(iommu, base))) {
        amdvi_iommu_set_reg(iommu, pointer, value);
    }
}

/* @value is the whole register after the write. With lock and log_lock held. */
static void write_register(struct amdvi_iommu *iommu, enum amdvi_reg reg, uint64_t value,
                           struct amdvi_effects *effects)
{
    switch (reg) {
    case AMDVI_REG_DEV_TAB_BASE:
        amdvi_iommu_set_reg(iommu, reg, value);
        break;
    case AMDVI_REG_EXCL_BASE:
    case AMDVI_REG_EXCL_LIMIT:
        amdvi_iommu_set_reg(iommu, reg, value);
        /* Choice: other pages are excluded now, and software need not invalidate for that. */
        amdvi_invalidate_translations(iommu, effects);
        break;
    case AMDVI_REG_CMD_BUF_BASE:
        write_ring_base(iommu, reg, value, AMDVI_REG_CMD_BUF_HEAD, AMDVI_REG_CMD_BUF_TAIL,
                        AMDVI_STATUS_CMD_BUF_RUN);
        break;
    case AMDVI_REG_EVENT_LOG_BASE:
        write_ring_base(iommu, reg, value, AMDVI_REG_EVENT_LOG_HEAD, AMDVI_REG_EVENT_LOG_TAIL,
                        AMDVI_STATUS_EVENT_LOG_RUN);
        break;
    case AMDVI_REG_CONTROL:
        amdvi_control_write(iommu, value, effects);
        break;
    case AMDVI_REG_CMD_BUF_HEAD:
        /* Choice: the pointers that hardware moves are not written while it may move them. */
        if (!is_running(iommu, AMDVI_STATUS_CMD_BUF_RUN)) {
            write_pointer(iommu, reg, value, AMDVI_REG_CMD_BUF_BASE);
        }
        break;
    case AMDVI_REG_EVENT_LOG_HEAD:
        write_pointer(iommu, reg, value, AMDVI_REG_EVENT_LOG_BASE);
        break;
    case AMDVI_REG_EVENT_LOG_TAIL:
        if (!is_running(iommu, AMDVI_STATUS_EVENT_LOG_RUN)) {
            write_pointer(iommu, reg, value, AMDVI_REG_EVENT_LOG_BASE);
        }
        break;
    case AMDVI_REG_STATUS:
        amdvi_status_change(iommu, ~value, 0, effects);
        break;
    case AMDVI_REG_CMD_BUF_TAIL: /* see amdvi_iommu_mmio_write() */
    case AMDVI_REG_COUNT:
        break;
    }
}

static uint64_t value_after_write(struct amdvi_iommu *iommu, enum amdvi_reg reg, uint64_t lanes,
                                  uint64_t value)
{
    return amdvi_reg_after_write(reg, amdvi_iommu_reg(iommu, reg), amdvi_put(lanes, value), lanes);
}

static AMDVI_SELDOM void write_other(struct amdvi_iommu *iommu, enum amdvi_reg reg, uint64_t lanes,
                                     uint64_t value)
{
    struct amdvi_effects effects = {0};

    pthread_mutex_lock(&iommu->lock);
    pthread_mutex_lock(&iommu->log_lock);
    write_register(iommu, reg, value_after_write(iommu, reg, lanes, value), &effects);
    pthread_mutex_unlock(&iommu->log_lock);
    if (reg == AMDVI_REG_CONTROL || (effects.due & AMDVI_DUE_TRANSLATIONS) != 0) {
        amdvi_effects_deliver_first(iommu, &effects);
        return;
    }
    pthread_mutex_unlock(&iommu->lock);
    amdvi_effects_deliver(iommu, &effects);
}

void amdvi_iommu_mmio_write(struct amdvi_iommu *iommu, uint64_t offset, unsigned size_bytes,
                            uint64_t value)
{
    uint64_t lanes = lanes_of(offset, size_bytes);

    if (lanes == 0) {
        return;
    }
    /* What software writes most: it is nothing to the log, and nobody is to be told. */
    if (offset >> 3 == amdvi_regs[AMDVI_REG_CMD_BUF_TAIL].offset >> 3) {
        pthread_mutex_lock(&iommu->lock);
        write_pointer(iommu, AMDVI_REG_CMD_BUF_TAIL,
                      value_after_write(iommu, AMDVI_REG_CMD_BUF_TAIL, lanes, value),
                      AMDVI_REG_CMD_BUF_BASE);
        amdvi_run_commands_locked(iommu);
        return;
    }
    enum amdvi_reg reg = amdvi_reg_at(offset);
    if (reg != AMDVI_REG_COUNT) {
        write_other(iommu, reg, lanes, value);
    }
}
