/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Included before every file of the device that goes into the module for Debian's own QEMU
 * (qemu/stock/build).
 */
#ifndef AMDVI_STOCK_H
#define AMDVI_STOCK_H

#include "qemu/osdep.h"
#include "exec/memory.h"
#include "hw/pci/pci_device.h"
#include "qemu/module.h"

/*
 * Types are registered when the module is loaded: QEMU may have done those of its own long before,
 * and then calls nobody any more.
 */
#undef module_init
#define module_init(function, type)                                                                \
    static void __attribute__((constructor)) amdvi_init_##function(void)                           \
    {                                                                                              \
        function();                                                                                \
    }

/* What patch 0002 adds to the class of IOMMU memory regions. */
typedef void AmdviTranslateAccess(IOMMUMemoryRegion *mr, hwaddr iova, hwaddr size_bytes,
                                  bool is_write, MemTxAttrs attrs, IOMMUTLBEntry *out);

/* Where what begins at the end of a page goes, of each endpoint. */
typedef struct AmdviStockEnds {
    MemoryRegion region; /* its offsets are IOVAs */
    AddressSpace as;
} AmdviStockEnds;

/* device.c */

/* Is the device laid out as this QEMU is? And what it cannot do here is said, once. */
bool amdvi_stock_begin(PCIDevice *pci, Error **errp);
/* Have QEMU's only method for translations use @access, and the one before if no access follows. */
void amdvi_stock_class_init(IOMMUMemoryRegionClass *region, AmdviTranslateAccess *access);
/* @endpoint is an AmdviEndpoint, the owner of the region. */
void amdvi_stock_ends_init(AmdviStockEnds *ends, Object *endpoint);
void amdvi_stock_ends_destroy(AmdviStockEnds *ends);

#endif
