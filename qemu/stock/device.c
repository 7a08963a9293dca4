/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device in a QEMU without qemu/patches. QEMU asks for a translation with neither the length of
 * the access nor a word when it is over; after a refusal it goes on in steps of at most 4 bytes.
 */
#include "qemu/osdep.h"
#include "exec/iommu-access.h"
#include "hw/i386/pc.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_device.h"
#include "qapi/error.h"
#include "qemu/error-report.h"

#define PAGE_BYTES UINT64_C(4096)
#define STEP_BYTES 4

const IOMMUAccessHooks *iommu_access_hooks;

/* ---- Is this the QEMU? ----------------------------------------------------------------------- */

/*
 * The gate has compared versions, of the package too. This looks at members that both QEMU and the
 * device can name, of the structures that the device derives from or reads.
 */
static bool is_laid_out_alike(PCIDevice *pci)
{
    Object *machine = qdev_get_machine();
    PCMachineState *pcms = (PCMachineState *)object_dynamic_cast(machine, TYPE_PC_MACHINE);

    if (pci->romsize != object_property_get_uint(OBJECT(pci), "romsize", NULL) ||
        pci->acpi_index != object_property_get_uint(OBJECT(pci), "acpi-index", NULL) ||
        DEVICE(pci)->hotplugged != object_property_get_bool(OBJECT(pci), "hotplugged", NULL)) {
        return false;
    }
    return !pcms || pcms->max_fw_size == object_property_get_uint(machine, "max-fw-size", NULL);
}

bool amdvi_stock_begin(PCIDevice *pci, Error **errp)
{
    if (!is_laid_out_alike(pci)) {
        error_setg(errp, "amdvi was compiled for another QEMU than this one");
        return false;
    }
    warn_report_once("amdvi: this QEMU is without amdvi's patches: a COMPLETION_WAIT does not wait "
                     "for DMA under way, a cached access across the end of a page goes on in the "
                     "memory behind it, refused accesses are not logged once for each page "
                     "(docs/qemu.md, \"Debian's own QEMU\")");
    return true;
}

/* ---- Translation ----------------------------------------------------------------------------- */

static AmdviTranslateAccess *translate_access;
static IOMMUTLBEntry (*look_up)(IOMMUMemoryRegion *mr, hwaddr iova, IOMMUAccessFlags flag,
                                int iommu_idx);

/* What this thread was refused last. */
static __thread struct {
    IOMMUMemoryRegion *region; /* NULL: it was not */
    hwaddr iova;
    bool is_write;
} refused;

/*
 * Does an access at @iova go on, after a refusal, in the same page? Choice: an access of its own
 * that begins just there is taken for the same. Otherwise each refused page fills the event log.
 */
static bool is_next_step(const IOMMUMemoryRegion *region, hwaddr iova, bool is_write)
{
    hwaddr step = iova - refused.iova;

    return refused.region == region && refused.is_write == is_write && step > 0 &&
           step <= STEP_BYTES && is_power_of_2(step) && iova % PAGE_BYTES != 0;
}

/*
 * The length is not known. Where it matters, at the interrupts' addresses, what begins like a
 * message is taken for one.
 */
static IOMMUTLBEntry stock_translate(IOMMUMemoryRegion *region, hwaddr iova, IOMMUAccessFlags flag,
                                     int iommu_idx)
{
    bool is_write = flag == IOMMU_WO;
    MemTxAttrs attrs = {};
    IOMMUTLBEntry entry;

    if (flag != IOMMU_WO && flag != IOMMU_RO) {
        return look_up(region, iova, flag, iommu_idx);
    }
    attrs.debug = is_next_step(region, iova, is_write);
    translate_access(region, iova, iova % STEP_BYTES ? 1 : STEP_BYTES, is_write, attrs, &entry);
    refused.region = entry.perm & flag ? NULL : region;
    refused.iova = iova;
    refused.is_write = is_write;
    return entry;
}

void amdvi_stock_class_init(IOMMUMemoryRegionClass *region, AmdviTranslateAccess *access)
{
    translate_access = access;
    look_up = region->translate;
    region->translate = stock_translate;
}
