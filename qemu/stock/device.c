/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device in a QEMU without qemu/patches. QEMU asks for a translation with neither the length of
 * the access nor a word when it is over; after a refusal it goes on in steps of at most 4 bytes;
 * some accesses go on in the memory behind a page, not in the next page.
 */
#include "qemu/osdep.h"
#include "exec/iommu-access.h"
#include "hw/i386/pc.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_device.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "../amdvi.h"

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
                     "for DMA under way, what an IOThread writes to a ring across the end of a "
                     "page goes on in the memory behind it (packed=on avoids that), refused "
                     "accesses are not logged once for each page (docs/qemu.md, \"Debian's own "
                     "QEMU\")");
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

/* ---- The ends of pages ----------------------------------------------------------------------- */

/*
 * When an access through a MemoryRegionCache, as those of virtio's rings are, crosses the end of a
 * page, QEMU translates its first byte and goes on at the next offset of the region that it was led
 * to. A load or store that crosses it is refused. So what begins in a page's last bytes is led to a
 * region whose offsets are IOVAs, and each part of it is translated there.
 */
#define LONGEST_UNALIGNED 8 /* bytes: an element of a virtio ring, a load, a store */

static hwaddr entry_address(const IOMMUTLBEntry *entry, hwaddr iova)
{
    return (entry->translated_addr & ~entry->addr_mask) | (iova & entry->addr_mask);
}

static MemTxResult ends_access(AmdviEndpoint *endpoint, hwaddr iova, uint8_t *bytes, hwaddr length,
                               bool is_write, MemTxAttrs attrs)
{
    MemTxResult result = MEMTX_OK;

    while (length) {
        hwaddr part = MIN(length, PAGE_BYTES - iova % PAGE_BYTES);
        IOMMUTLBEntry entry;

        translate_access(&endpoint->iommu, iova, part, is_write, (MemTxAttrs) {}, &entry);
        if (entry.perm & (is_write ? IOMMU_WO : IOMMU_RO)) {
            result |= address_space_rw(entry.target_as, entry_address(&entry, iova), attrs, bytes,
                                       part, is_write);
        } else {
            result |= MEMTX_DECODE_ERROR;
        }
        iova += part;
        bytes += part;
        length -= part;
    }
    return result;
}

static MemTxResult ends_read(void *opaque, hwaddr iova, uint64_t *data, unsigned size,
                             MemTxAttrs attrs)
{
    uint8_t bytes[8] = {};
    MemTxResult result = ends_access(opaque, iova, bytes, size, false, attrs);

    *data = ldn_le_p(bytes, size);
    return result;
}

static MemTxResult ends_write(void *opaque, hwaddr iova, uint64_t data, unsigned size,
                              MemTxAttrs attrs)
{
    uint8_t bytes[8];

    stn_le_p(bytes, size, data);
    return ends_access(opaque, iova, bytes, size, true, attrs);
}

static const MemoryRegionOps ends_ops = {
    .read_with_attrs = ends_read,
    .write_with_attrs = ends_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
};

void amdvi_stock_ends_init(AmdviStockEnds *ends, Object *endpoint)
{
    memory_region_init_io(&ends->region, endpoint, &ends_ops, endpoint, "amdvi-page-ends",
                          UINT64_MAX);
    address_space_init(&ends->as, &ends->region, "amdvi-page-ends");
}

void amdvi_stock_ends_destroy(AmdviStockEnds *ends)
{
    address_space_destroy(&ends->as);
}

/* Does the next page follow in memory? Then what QEMU does is right, and mappings go on there. */
static bool goes_on(AmdviEndpoint *endpoint, hwaddr iova, IOMMUAccessFlags flag,
                    const IOMMUTLBEntry *entry)
{
    hwaddr next = (iova & ~(PAGE_BYTES - 1)) + PAGE_BYTES;
    IOMMUTLBEntry found = look_up(&endpoint->iommu, next, flag, 0);

    return found.perm & flag &&
           entry_address(&found, next) - entry_address(entry, iova) == next - iova;
}

/*
 * QEMU takes the big lock for such a region. An IOThread may not wait for it: who has the lock may
 * be waiting for the IOThread. And who keeps translations, vhost for one, takes each for memory.
 */
static bool is_for_ends(AmdviEndpoint *endpoint, hwaddr iova, IOMMUAccessFlags flag,
                        const IOMMUTLBEntry *entry)
{
    return iova % PAGE_BYTES > PAGE_BYTES - LONGEST_UNALIGNED &&
           entry->target_as == &address_space_memory && bql_locked() &&
           !endpoint->has_notifiers && !goes_on(endpoint, iova, flag, entry);
}

static void entry_to_ends(AmdviEndpoint *endpoint, hwaddr iova, IOMMUTLBEntry *entry)
{
    entry->target_as = &endpoint->ends.as;
    entry->addr_mask = LONGEST_UNALIGNED - 1;
    entry->iova = iova & ~entry->addr_mask;
    entry->translated_addr = entry->iova;
}

/* ---- QEMU's method --------------------------------------------------------------------------- */

/*
 * The length is not known. Where it matters, at the interrupts' addresses, what begins like a
 * message is taken for one.
 */
static IOMMUTLBEntry stock_translate(IOMMUMemoryRegion *region, hwaddr iova, IOMMUAccessFlags flag,
                                     int iommu_idx)
{
    AmdviEndpoint *endpoint = container_of(region, AmdviEndpoint, iommu);
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
    if (!refused.region && is_for_ends(endpoint, iova, flag, &entry)) {
        entry_to_ends(endpoint, iova, &entry);
    }
    return entry;
}

void amdvi_stock_class_init(IOMMUMemoryRegionClass *region, AmdviTranslateAccess *access)
{
    translate_access = access;
    look_up = region->translate;
    region->translate = stock_translate;
}
