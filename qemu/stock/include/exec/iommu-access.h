/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the device as a module of a QEMU without qemu/patches: what patch 0001 declares, with nobody
 * who calls it. No access has a scope, so a translation is over when it is answered, and mappings
 * are not told of.
 */
#ifndef EXEC_IOMMU_ACCESS_H
#define EXEC_IOMMU_ACCESS_H

#include "exec/hwaddr.h"
#include "exec/memory.h"

typedef struct IOMMUAccessHooks {
    void (*end)(void);
    void (*map_begin)(hwaddr len);
    hwaddr (*map_end)(AddressSpace *as, void *host, hwaddr len, bool is_write);
    void (*unmap)(AddressSpace *as, void *host, hwaddr len, bool is_write);
} IOMMUAccessHooks;

extern const IOMMUAccessHooks *iommu_access_hooks;

static inline bool iommu_access_keep(void)
{
    return false;
}

#endif
