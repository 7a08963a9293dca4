/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of a window by name, 64 bits at a time on any host, and waiting with a deadline. */
#ifndef AMDVI_DRV_REGISTERS_H
#define AMDVI_DRV_REGISTERS_H

#include <amdvi/drv_host.h>
#include <amdvi/regs.h>

#pragma GCC visibility push(hidden)

/* How long a ring or log may take to stop, and a run bit to follow its enable. */
#define AMDVI_DRV_STOP_NS UINT64_C(100000000)

/* Head, tail and status are 32 bits wide in use: one access. */
uint64_t amdvi_drv_reg_read(const struct amdvi_drv_host *host, void *window, enum amdvi_reg reg);

/*
 * In one piece with host->write64. With 32-bit writes low half first, since QEMU's amd-iommu takes
 * a base over at the write of the high half; CONTROL, whose enables are in the low half, high
 * first.
 */
void amdvi_drv_reg_write(const struct amdvi_drv_host *host, void *window, enum amdvi_reg reg,
                         uint64_t value);

/*
 * Change bits of CONTROL: one read, one write. Ring and log of a unit are restarted by whoever
 * finds them stopped, each with a bit of its own here, and have only the heap in common: its lock,
 * the last in order, is taken for it. Any context.
 */
void amdvi_drv_control(struct amdvi_drv_heap *heap, void *window, uint64_t clear, uint64_t set);

/* Poll until (register & @mask) is @value. False at the deadline. No lock is held. */
bool amdvi_drv_reg_wait(const struct amdvi_drv_host *host, void *window, enum amdvi_reg reg,
                        uint64_t mask, uint64_t value, uint64_t timeout_ns);

/* Has the clock reached @deadline_ns? Calls host->pause when not. */
bool amdvi_drv_is_late(const struct amdvi_drv_host *host, uint64_t deadline_ns);

#pragma GCC visibility pop

#endif
