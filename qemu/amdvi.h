/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the amdvi device share. Nothing here is known to the rest of QEMU: the device
 * is found by its type name only.
 */
#ifndef HW_I386_AMDVI_H
#define HW_I386_AMDVI_H

#include "exec/iommu-access.h"
#include "hw/i386/x86-iommu.h"
#include "hw/pci/pci_device.h"
#include "qemu/stats64.h"

#include <amdvi/iommu.h>

/* The IOMMU's own PCI function: what the user names with -device. */
#define TYPE_AMDVI_UNIT "amdvi"
OBJECT_DECLARE_SIMPLE_TYPE(AmdviUnit, AMDVI_UNIT)

/* The one x86-iommu object of the machine, which the rest of QEMU asks about interrupts. */
#define TYPE_AMDVI_CORE "amdvi-core"
OBJECT_DECLARE_SIMPLE_TYPE(AmdviCore, AMDVI_CORE)

/* One requester below the IOMMU: a place on a bus, and the address space that it does DMA in. */
#define TYPE_AMDVI_ENDPOINT "amdvi-endpoint"
OBJECT_DECLARE_SIMPLE_TYPE(AmdviEndpoint, AMDVI_ENDPOINT)

#define TYPE_AMDVI_SMBUS "amdvi-smbus"

/* The requester of the IOAPIC's messages, as Linux and Xen want it: 00:14.0. */
#define AMDVI_IOAPIC_DEVFN PCI_DEVFN(0x14, 0)
#define AMDVI_IOAPIC_DEVICE_ID PCI_BUILD_BDF(0, AMDVI_IOAPIC_DEVFN)

#define AMDVI_UNITS_MAX 32
#define AMDVI_READERS_MAX 1024

#define AMDVI_WINDOW_SPA UINT64_C(0xfed90000)
#define AMDVI_WINDOW_BYTES UINT64_C(0x4000)

struct AmdviCore {
    X86IOMMUState parent_obj;

    AmdviUnit *unit;
};

struct AmdviEndpoint {
    Object parent_obj;

    AmdviUnit *unit;
    PCIBus *bus;
    uint8_t devfn;

    /* All DMA. A write of 4 bytes to FEEx_xxxxh is sent on into interrupts_as. */
    IOMMUMemoryRegion iommu;
    AddressSpace as;
    MemoryRegion interrupts;
    AddressSpace interrupts_as;

    Stat64 translations;
    Stat64 hits;
    Stat64 walks;
    Stat64 faults;
    Stat64 messages;

    bool has_notifiers;
    QLIST_ENTRY(AmdviEndpoint) notified;
};

struct AmdviUnit {
    PCIDevice parent_obj;

    unsigned index; /* of this unit in the machine */
    struct amdvi_iommu *iommu;
    struct amdvi_features features;
    struct amdvi_reader *readers[AMDVI_READERS_MAX]; /* by the thread's number */
    unsigned readers_count;
    uint8_t cap_offset; /* bytes, in configuration space */
    uint64_t window_spa;
    MemoryRegion window;
    QEMUBH *msi_bh;
    QEMUBH *work_bh;
    DeviceListener listener;
    GHashTable *endpoints; /* set of AmdviEndpoint, by bus and devfn; under the big lock */
    QLIST_HEAD(, AmdviEndpoint) notified;
    size_t table_offset; /* of our table in QEMU's acpi_tables, bytes; 0 before it is there */
    uint32_t table_bytes;

    AmdviCore core;

    /* Properties. */
    uint16_t vendor_id;
    uint16_t device_id;
    uint32_t tlb_entries;
    uint32_t dte_entries;
    uint32_t irte_entries;
};

/* amdvi_host.c: what libamdvi calls. */
void amdvi_host_init(AmdviUnit *unit, struct amdvi_host *out);

/* amdvi_thread.c: this thread's readers. */

typedef struct AmdviBurst {
    struct amdvi_reader *reader; /* online; NULL when there are more threads than readers */
    bool is_own;                 /* ends with amdvi_burst_end(), not with the access's scope */
} AmdviBurst;

/*
 * Ask for translations. The answers may be used until the access scope that this is called in
 * ends; outside any such scope, until amdvi_burst_end().
 */
AmdviBurst amdvi_burst_begin(AmdviUnit *unit);
void amdvi_burst_end(const AmdviBurst *burst);
void amdvi_thread_unit_added(AmdviUnit *unit);
void amdvi_thread_unit_removed(AmdviUnit *unit);

/* amdvi_lease.c: dma_memory_map. */

/* If this thread's next translation is for a mapping: its bytes, else 0. Asking clears it. */
hwaddr amdvi_map_wanted(void);
/* Translate and take a lease, which waits for the mapping's host pointer. */
enum amdvi_status amdvi_map_translate(AmdviEndpoint *endpoint, struct amdvi_reader *reader,
                                      const struct amdvi_request *request,
                                      struct amdvi_translation *out);
void amdvi_map_begin(hwaddr size_bytes);
hwaddr amdvi_map_end(AddressSpace *as, void *host, hwaddr size_bytes, bool is_write);
void amdvi_map_abandon(void);
void amdvi_unmap(AddressSpace *as, void *host, hwaddr size_bytes, bool is_write);

/* amdvi_dma.c: the endpoints. */
void amdvi_dma_init(AmdviUnit *unit);
AmdviEndpoint *amdvi_endpoint_get(AmdviUnit *unit, PCIBus *bus, int devfn);
void amdvi_dma_invalidated(AmdviUnit *unit, const struct amdvi_invalidation *what);

/* The requester id, with the bus number of this moment. */
static inline uint16_t amdvi_endpoint_device_id(const AmdviEndpoint *endpoint)
{
    return PCI_BUILD_BDF(pci_bus_num(endpoint->bus), endpoint->devfn);
}

/* amdvi_intr.c */
bool amdvi_intremap_enabled(AmdviUnit *unit);
void amdvi_intr_init_endpoint(AmdviEndpoint *endpoint);
/* False: the message is dropped. Send @out within the access scope, or not keep it at all. */
bool amdvi_intr_remap(AmdviUnit *unit, AmdviEndpoint *endpoint, uint16_t device_id,
                      const MSIMessage *in, MSIMessage *out);

/* amdvi_acpi.c */
void amdvi_acpi_update(AmdviUnit *unit);

/* amdvi_stats.c */
char *amdvi_stats_json(AmdviUnit *unit);

#endif
