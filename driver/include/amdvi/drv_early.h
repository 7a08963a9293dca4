/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block all DMA behind one IOMMU before there is an allocator, a table parser or anything else: for
 * boot loaders, and for code after a measured launch. Needs early.c alone of driver/src, which is
 * less than 2 KiB of code, and arch.
 * amdvi_drv_start() later takes over without a gap.
 */
#ifndef AMDVI_DRV_EARLY_H
#define AMDVI_DRV_EARLY_H

#include <amdvi/drv_host.h>

#ifdef __cplusplus
extern "C" {
#endif

struct amdvi_drv_early {
    void *window; /* the register window, 16 KiB, mapped uncached */
    /*
     * 4 KiB for commands and completion, then the device table: 4 KiB to 2 MiB, 4 KiB for each 128
     * DeviceIDs. Devices beyond the table are blocked by the IOMMU (QEMU's amd-iommu reads on: give
     * it 2 MiB). Aligned to 4 KiB. Must stay until amdvi_drv_start() has returned.
     */
    struct amdvi_drv_block memory;
    bool interrupts; /* block those too; firmware often needs its own */
};

/*
 * Put a device table of blocked entries in force, with translation enabled, and wait until nothing
 * else is cached. An IOMMU that runs stays on throughout; its old table is replaced. What was
 * excluded (exclusion range) is included. Nothing is logged: logs, of later revisions too, stop
 * before anything else; what else later revisions have in IOMMU control goes at the end.
 *
 * @host  only read32 and write32 are required; read64, write64, flush, now_ns and pause are used
 *        where they are there. Without now_ns the wait is bounded by a count of 100,000 polls.
 *
 * Returns    AMDVI_DRV_ERR_ARGUMENT,
 *            AMDVI_DRV_ERR_TIMEOUT      no completion in 1 s: the table is in force, but what was
 *                                       cached before may be too.
 *            AMDVI_DRV_ERR_UNSUPPORTED  it runs, the host writes only 32 bits, and the old and the
 *                                       new table do not share bits 63:32: nothing was changed.
 *            AMDVI_DRV_ERR_HARDWARE     bits of a later revision in IOMMU control that cannot be
 *                                       cleared; else as OK.
 * Threading  setup only.
 * Blocking   up to 1 s.
 * Spec       1.20, device table, IOMMU control.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_early_block(const struct amdvi_drv_host *host, const struct amdvi_drv_early *early);

#ifdef __cplusplus
}
#endif

#endif
