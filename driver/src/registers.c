/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of a window by name, on hosts with and without accesses of 64 bits; and deadlines. */
#include "registers.h"

#include "store.h"

/* No bit above 31 is in use, in any revision. */
static bool is_narrow(enum amdvi_reg reg)
{
    return reg >= AMDVI_REG_CMD_BUF_HEAD;
}

uint64_t amdvi_drv_reg_read(const struct amdvi_drv_host *host, void *window, enum amdvi_reg reg)
{
    uint32_t offset = amdvi_regs[reg].offset;

    if (is_narrow(reg)) {
        return host->read32(host->ctx, window, offset);
    }
    if (host->read64 != NULL) {
        return host->read64(host->ctx, window, offset);
    }
    uint64_t low = host->read32(host->ctx, window, offset);
    return low | (uint64_t)host->read32(host->ctx, window, offset + 4) << 32;
}

void amdvi_drv_reg_write(const struct amdvi_drv_host *host, void *window, enum amdvi_reg reg,
                         uint64_t value)
{
    uint32_t offset = amdvi_regs[reg].offset;
    uint32_t low = (uint32_t)value;
    uint32_t high = (uint32_t)(value >> 32);

    if (is_narrow(reg)) {
        host->write32(host->ctx, window, offset, low);
    } else if (host->write64 != NULL) {
        host->write64(host->ctx, window, offset, value);
    } else if (reg == AMDVI_REG_CONTROL) {
        host->write32(host->ctx, window, offset + 4, high);
        host->write32(host->ctx, window, offset, low);
    } else {
        host->write32(host->ctx, window, offset, low);
        host->write32(host->ctx, window, offset + 4, high);
    }
}

void amdvi_drv_control(struct amdvi_drv_heap *heap, void *window, uint64_t clear, uint64_t set)
{
    uintptr_t flags = amdvi_drv_lock(heap->host, &heap->lock);
    uint64_t old = amdvi_drv_reg_read(heap->host, window, AMDVI_REG_CONTROL);

    amdvi_drv_reg_write(heap->host, window, AMDVI_REG_CONTROL, (old & ~clear) | set);
    amdvi_drv_unlock(heap->host, &heap->lock, flags);
}

bool amdvi_drv_reg_wait(const struct amdvi_drv_host *host, void *window, enum amdvi_reg reg,
                        uint64_t mask, uint64_t value, uint64_t timeout_ns)
{
    uint64_t deadline_ns = host->now_ns(host->ctx) + timeout_ns;
    bool is_late = false;

    /* The last look is behind the deadline, however long this was not run meanwhile. */
    while ((amdvi_drv_reg_read(host, window, reg) & mask) != value) {
        if (is_late) {
            return false;
        }
        is_late = amdvi_drv_is_late(host, deadline_ns);
    }
    return true;
}

bool amdvi_drv_is_late(const struct amdvi_drv_host *host, uint64_t deadline_ns)
{
    if (host->now_ns(host->ctx) >= deadline_ns) {
        return true;
    }
    if (host->pause != NULL) {
        host->pause(host->ctx);
    }
    return false;
}
