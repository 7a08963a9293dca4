/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the amdvi device share. Nothing here is known to the rest of QEMU: the device
 * is found by its type name only.
 */
#ifndef HW_I386_AMDVI_H
#define HW_I386_AMDVI_H

#include "exec/iommu-access.h"
#include "hw/i386/x86-iommu.h"
#include "hw/pci/pci_bus.h"
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

/* As many register windows lie between the first and the local APICs' addresses. */
#define AMDVI_UNITS_MAX 28
#define AMDVI_READERS_MAX 1024

/* For large variables of hot functions: QEMU's build has the compiler clear each, for nothing. */
#define AMDVI_UNINITIALIZED __attribute__((uninitialized))

#define AMDVI_WINDOW_SPA UINT64_C(0xfed90000)
#define AMDVI_WINDOW_BYTES UINT64_C(0x4000)

struct AmdviCore {
    X86IOMMUState parent_obj;

    AmdviUnit *units[AMDVI_UNITS_MAX]; /* the first governs the machine's first root bus */
    unsigned unit_count;
    size_t table_offset; /* of our table in QEMU's acpi_tables, bytes; 0 before it is there */
    uint32_t table_bytes;
};

struct AmdviEndpoint {
    Object parent_obj;

    AmdviUnit *unit;
    PCIBus *bus;
    uint8_t devfn;
    uint8_t root_number; /* of the bus, if it is a root bus */

    /* All DMA. A write of 4 bytes to FEEx_xxxxh is sent on into interrupts_as. */
    IOMMUMemoryRegion iommu;
    AddressSpace as;
    MemoryRegion interrupts;
    AddressSpace interrupts_as;
#ifdef AMDVI_STOCK_H
    AmdviStockEnds ends;
#endif

    struct {
        uint64_t translations;
        uint64_t hits;
        uint64_t walks;
        uint64_t faults;
    } locked; /* counted under the big lock; the others below */
    Stat64 translations;
    Stat64 hits;
    Stat64 walks;
    Stat64 faults;
    Stat64 messages;
    Stat64 unlocked; /* of the translations: made by a thread without the big lock */

    bool has_notifiers;
    QLIST_ENTRY(AmdviEndpoint) notified;
};

#define AMDVI_DOORBELLS 64
#define AMDVI_WAIT_TIMES 32

/* How long COMPLETION_WAITs take, see amdvi_waits.c. Under the big lock. */
typedef struct AmdviWaits {
    struct {
        uint32_t offset; /* in the command buffer, of the first command that came with it */
        int64_t time_ns;
    } doorbells[AMDVI_DOORBELLS]; /* those that may have commands left; a ring */
    unsigned first;
    unsigned count;
    uint64_t completed;
    uint64_t total_ns;
    uint64_t longest_ns;
    uint64_t times[AMDVI_WAIT_TIMES]; /* of [i], those that took less than 2^i us, not 2^(i-1) */
} AmdviWaits;

typedef struct AmdviAtsRequest AmdviAtsRequest;
typedef struct AmdviMapping AmdviMapping;
typedef struct AmdviMemory AmdviMemory;

/* A page, as the library answered. */
typedef struct AmdviRecent {
    uint64_t turn; /* in which it did */
    uint64_t page; /* IOVA of its first byte */
    uint64_t spa;
    uint16_t device_id;
    uint8_t granule_log2;
    uint8_t perm; /* IOMMUAccessFlags */
} AmdviRecent;

#define AMDVI_RECENT 64

struct AmdviUnit {
    PCIDevice parent_obj;

    AmdviCore *core;
    unsigned index;   /* of this unit in the machine */
    PCIBus *root_bus; /* what it governs, except for root buses below that have a unit themselves */
    struct amdvi_iommu *iommu;
    struct amdvi_features features;
    struct amdvi_reader *readers[AMDVI_READERS_MAX]; /* by the thread's number */
    unsigned readers_count;
    /* The big lock's reader, and all that is about it, under the big lock. */
    struct amdvi_reader *locked_reader;
    bool locked_online;
    bool locked_busy;     /* an access is under way with it, */
    uint64_t locked_turn; /* which began in this turn */
    unsigned locked_held; /* mappings that it may not be released for */
    QLIST_HEAD(, AmdviMapping) unleased;
    uint64_t turn; /* of what is remembered; 0: nothing may be, see amdvi_commands_begin() */
    uint64_t last_turn;
    unsigned commands_depth;
    AmdviRecent recent[AMDVI_RECENT];
    uint64_t recent_hits;
    AmdviWaits waits;
    MemoryListener memory_listener;
    AmdviMemory *memory;      /* RCU */
    AmdviMemory *memory_next; /* while the memory map changes */
    uint8_t cap_offset; /* bytes, in configuration space */
    uint64_t window_spa;
    MemoryRegion window;
    QEMUBH *msi_bh;
    QEMUBH *work_bh;
    bool msi_pending; /* the bottom half has it to do, as soon as the machine runs */
    bool work_pending;
    bool is_loaded; /* and did not run since */
    uint8_t *saved; /* the library's state, while it is saved or loaded */
    uint32_t saved_bytes;
    QEMUBH *ats_bh;
    QEMUTimer *ats_timer;
    QemuMutex ats_lock; /* of the requests */
    QSIMPLEQ_HEAD(, AmdviAtsRequest) ats_requests; /* sent, and not delivered yet */
    DeviceListener listener;
    GHashTable *endpoints; /* set of AmdviEndpoint, by bus and devfn; under the big lock */
    QLIST_HEAD(, AmdviEndpoint) notified;

    /* Properties. */
    char *root;
    OnOffAuto intremap;
    char *preboot_block;
    uint16_t vendor_id;
    uint16_t device_id;
    uint32_t tlb_entries;
    uint32_t dte_entries;
    uint32_t irte_entries;
    bool device_iotlb;
};

/* amdvi_core.c */

/* Find the root bus that @unit governs, and put the unit into the machine's core. */
bool amdvi_core_join(AmdviUnit *unit, Error **errp);
/* The unit that governs @bus; NULL if it is behind none. */
AmdviUnit *amdvi_core_unit_of_bus(AmdviCore *core, PCIBus *bus);

/* amdvi_state.c */
extern const VMStateDescription amdvi_unit_vmstate;
void amdvi_state_init(AmdviUnit *unit);
/* Have @bh do something later, from any thread; and in @bh: is it to be done now? */
void amdvi_later(bool *pending, QEMUBH *bh);
bool amdvi_now(bool *pending);

/* amdvi.c: bring the register window to where the capability block says. */
void amdvi_window_update(AmdviUnit *unit);

/* amdvi_preboot.c: the property preboot-block into @features. */
bool amdvi_preboot_parse(const char *text, struct amdvi_features *features, Error **errp);

/* amdvi_host.c: what libamdvi calls. */
void amdvi_host_init(AmdviUnit *unit, struct amdvi_host *out);

/* amdvi_memory.c: host pointers to guest memory. */
void amdvi_memory_init(AmdviUnit *unit);
void amdvi_memory_finalize(AmdviUnit *unit);
void *amdvi_memory_map(AmdviUnit *unit, uint64_t spa, bool is_write, uint64_t *run_bytes);

/* amdvi_thread.c: this thread's readers. */

typedef struct AmdviBurst {
    struct amdvi_reader *reader; /* online; NULL when there are more threads than readers */
    bool is_locked;              /* the big lock is held, and this is its reader */
    bool is_own;                 /* ends with amdvi_burst_end(), not with the access's scope */
} AmdviBurst;

/*
 * Ask for translations. The answers may be used until the access scope that this is called in
 * ends; outside any such scope, until amdvi_burst_end().
 */
AmdviBurst amdvi_burst_begin(AmdviUnit *unit);
void amdvi_burst_end_own(AmdviUnit *unit, const AmdviBurst *burst);
static inline void amdvi_burst_end(AmdviUnit *unit, const AmdviBurst *burst)
{
    if (unlikely(burst->is_own)) {
        amdvi_burst_end_own(unit, burst);
    }
}
/*
 * Under the big lock, around each call of the library that may run commands or forget
 * translations: what is still in use is told to the library before, and what was remembered is
 * forgotten.
 */
void amdvi_commands_begin(AmdviUnit *unit);
void amdvi_commands_end(AmdviUnit *unit);
/* The lock's reader is to stay online, without a release, until it is let go as often. */
void amdvi_locked_hold(AmdviUnit *unit);
void amdvi_locked_let_go(AmdviUnit *unit);
void amdvi_thread_unit_added(AmdviUnit *unit);
void amdvi_thread_unit_removed(AmdviUnit *unit);

/* amdvi_lease.c: dma_memory_map. */

/* If this thread's next translation is for a mapping: its bytes, else 0. Asking clears it. */
hwaddr amdvi_map_wanted(void);
/* Without the big lock: translate and take a lease. */
enum amdvi_status amdvi_map_translate(AmdviUnit *unit, struct amdvi_reader *reader,
                                      const struct amdvi_request *request,
                                      struct amdvi_translation *out);
/* Under the big lock, with its reader: this translation is a mapping's, and not leased yet. */
void amdvi_map_note(AmdviUnit *unit, uint16_t device_id, bool is_write, uint64_t iova, uint64_t spa,
                    uint64_t run_bytes);
void amdvi_map_begin(hwaddr size_bytes);
hwaddr amdvi_map_end(AddressSpace *as, void *host, hwaddr size_bytes, bool is_write);
void amdvi_unmap(AddressSpace *as, void *host, hwaddr size_bytes, bool is_write);
void amdvi_mappings_init(void);
/* Under the big lock: does something wait to be leased before commands run? Then lease it. */
bool amdvi_mappings_wait(AmdviUnit *unit);
void amdvi_mappings_lease(AmdviUnit *unit, struct amdvi_reader *reader);

/* amdvi_dma.c: the endpoints. */
void amdvi_dma_init(AmdviUnit *unit);
AmdviEndpoint *amdvi_endpoint_get(AmdviUnit *unit, PCIBus *bus, int devfn);
/* What @pci does DMA through, in its own name or a bridge's; NULL if that is no amdvi. */
AmdviEndpoint *amdvi_endpoint_of(PCIDevice *pci);
void amdvi_dma_invalidated(AmdviUnit *unit, const struct amdvi_invalidation *what);
/* For those who keep translations in a device's name. */
void amdvi_dma_iotlb_invalidated(AmdviUnit *unit, const struct amdvi_iotlb_invalidation *what);

/* The requester id, with the bus number of this moment. */
static inline uint16_t amdvi_endpoint_device_id(const AmdviEndpoint *endpoint)
{
    PCIBus *bus = endpoint->bus;

    /* As pci_bus_num() has it, which costs more than a translation. Root buses keep theirs. */
    return PCI_BUILD_BDF(pci_bus_is_root(bus) ? endpoint->root_number :
                         bus->parent_dev->config[PCI_SECONDARY_BUS], endpoint->devfn);
}

/* amdvi_intr.c */
bool amdvi_intremap_enabled(AmdviUnit *unit);
void amdvi_intr_init_endpoint(AmdviEndpoint *endpoint);
/* False: the message is dropped. Send @out within the access scope, or not keep it at all. */
bool amdvi_intr_remap(AmdviUnit *unit, AmdviEndpoint *endpoint, uint16_t device_id,
                      const MSIMessage *in, MSIMessage *out);
/* A message of @endpoint, remapped and sent to its local APIC. False: it is dropped. */
bool amdvi_intr_send(AmdviEndpoint *endpoint, hwaddr address, uint32_t data);

/*
 * amdvi_ats.c: devices with a translation cache of their own. All under the big lock, except for
 * amdvi_ats_invalidate() and amdvi_ats_set_timer(), which come from any thread.
 */

typedef struct AmdviAtsClient AmdviAtsClient;
struct AmdviAtsClient {
    PCIDevice *device;
    /* An invalidate request, to be answered with amdvi_ats_answer(), also from within. */
    void (*invalidate)(AmdviAtsClient *client, const struct amdvi_iotlb_invalidation *what);
    QLIST_ENTRY(AmdviAtsClient) next;
};

void amdvi_ats_client_add(AmdviAtsClient *client);
void amdvi_ats_client_remove(AmdviAtsClient *client);
/* Its cache is empty after a reset, and it answers nothing that it was asked before. */
void amdvi_ats_client_gone(AmdviAtsClient *client);
/* amdvi_iommu_ats_translate(), counted for the device. False: the IOMMU has no ATS. */
bool amdvi_ats_translate(AmdviEndpoint *endpoint, struct amdvi_reader *reader, uint64_t iova,
                         struct amdvi_ats_completion *out);
void amdvi_ats_answer(AmdviAtsClient *client, const struct amdvi_iotlb_invalidation *what);

void amdvi_ats_init(AmdviUnit *unit);
void amdvi_ats_finalize(AmdviUnit *unit);
void amdvi_ats_invalidate(AmdviUnit *unit, const struct amdvi_iotlb_invalidation *what);
void amdvi_ats_set_timer(AmdviUnit *unit, uint64_t deadline_ns);
/* The machine runs again: deliver what was sent meanwhile. */
void amdvi_ats_go_on(AmdviUnit *unit);
/* Another state is about to be loaded, which has what is in flight. */
void amdvi_ats_forget(AmdviUnit *unit);

/* amdvi_acpi.c */
void amdvi_acpi_update(AmdviCore *core);

/* amdvi_waits.c */

/* The tail pointer of the command buffer is about to be written. */
void amdvi_waits_doorbell(AmdviUnit *unit);
/* The COMPLETION_WAIT at @offset of the command buffer is complete. */
void amdvi_waits_completed(AmdviUnit *unit, uint32_t offset);
/* For how long the command at the head has waited; 0 if there is none. */
int64_t amdvi_waits_pending_ns(AmdviUnit *unit);
void amdvi_waits_loaded(AmdviUnit *unit);

/* amdvi_stats.c */
char *amdvi_stats_json(AmdviUnit *unit);

#endif
