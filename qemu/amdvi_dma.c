/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DMA: one address space for each requester below the IOMMU, its translations, and the notifiers of
 * those who keep translations of their own (vhost, vfio).
 *
 * A requester is a place on a bus: the PCIBus object and the device and function number. Bus
 * numbers change while the guest runs, so the requester id is computed at each access.
 */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "qapi/error.h"
#include "qemu/main-loop.h"
#include "qemu/xxhash.h"
#include "system/dma.h"
#include "amdvi.h"

#define TYPE_AMDVI_MEMORY_REGION "amdvi-iommu-memory-region"

#define PAGE_BYTES UINT64_C(4096)

/* ---- Translation ----------------------------------------------------------------------------- */

/*
 * Each member by itself: entries that are put together from parts and then copied cost a hit as
 * much as finding the translation.
 */
static void entry_refuse(IOMMUTLBEntry *out, uint64_t iova)
{
    out->target_as = &address_space_memory;
    out->iova = iova & ~(PAGE_BYTES - 1);
    out->translated_addr = 0;
    out->addr_mask = PAGE_BYTES - 1;
    out->perm = IOMMU_NONE;
}

static void entry_fill(IOMMUTLBEntry *out, uint64_t iova,
                       const struct amdvi_translation *translation)
{
    uint64_t mask = (UINT64_C(1) << translation->granule_log2) - 1;

    out->target_as = &address_space_memory;
    out->iova = iova & ~mask;
    out->translated_addr = translation->spa & ~mask;
    out->addr_mask = mask;
    out->perm = IOMMU_ACCESS_FLAG(translation->read, translation->write);
}

/* Under the big lock, plain numbers will do. */
static void endpoint_count(AmdviEndpoint *endpoint, const AmdviBurst *burst,
                           const struct amdvi_translation *translation)
{
    bool is_fault = translation->outcome == AMDVI_OUTCOME_ABORTED;
    bool is_hit = !is_fault && translation->cached;

    if (likely(burst->is_locked)) {
        endpoint->locked.translations++;
        endpoint->locked.faults += is_fault;
        endpoint->locked.hits += is_hit;
        endpoint->locked.walks += !is_fault && !is_hit;
        return;
    }
    stat64_add(&endpoint->translations, 1);
    if (!bql_locked()) {
        stat64_add(&endpoint->unlocked, 1);
    }
    if (is_fault) {
        stat64_add(&endpoint->faults, 1);
    } else if (is_hit) {
        stat64_add(&endpoint->hits, 1);
    } else {
        stat64_add(&endpoint->walks, 1);
    }
}

/*
 * A write to the interrupts' addresses: an aligned dword is a message and goes to the memory region
 * that remaps it; anything else is a request that the IOMMU does not know. There is one way to
 * have the library log that: a read there is such a request too.
 */
static void interrupt_entry(AmdviEndpoint *endpoint, struct amdvi_reader *reader,
                            struct amdvi_request *request, hwaddr size_bytes, IOMMUTLBEntry *out)
{
    entry_refuse(out, request->iova);
    if (size_bytes == 4 && request->iova % 4 == 0) {
        out->target_as = &endpoint->interrupts_as;
        out->translated_addr = out->iova;
        out->perm = IOMMU_WO;
        return;
    }
    request->access = AMDVI_ACCESS_READ;
    if (amdvi_iommu_translate(reader, request, &(struct amdvi_translation) {}) == AMDVI_OK &&
        !request->quiet) {
        stat64_add(&endpoint->faults, 1);
    }
}

/* One access of a device, or what is left of it: @size_bytes from @iova on. */
typedef struct Access {
    hwaddr iova;
    hwaddr size_bytes;
    hwaddr map_wanted; /* if it is a mapping: the bytes that are wanted */
    uint16_t device_id;
    bool is_write;
    bool is_quiet;
} Access;

/*
 * What was found last, of each of a few pages, under the big lock: a hit costs no call of the
 * library. Good until commands may have run since (amdvi_commands_begin), and for nothing while
 * they do.
 */
static inline AmdviRecent *recent_of(AmdviUnit *unit, uint16_t device_id, hwaddr iova)
{
    return &unit->recent[(iova / PAGE_BYTES + device_id) % AMDVI_RECENT];
}

static void recent_keep(AmdviUnit *unit, const Access *access,
                        const struct amdvi_translation *translation)
{
    AmdviRecent *recent = recent_of(unit, access->device_id, access->iova);
    uint64_t offset = access->iova % PAGE_BYTES;

    if (!unit->turn) {
        return;
    }
    recent->turn = unit->turn;
    recent->page = access->iova - offset;
    recent->spa = translation->spa - offset;
    recent->device_id = access->device_id;
    recent->granule_log2 = translation->granule_log2;
    recent->perm = IOMMU_ACCESS_FLAG(translation->read, translation->write);
}

/* False: the library is to be asked. */
static inline bool recent_find(AmdviEndpoint *endpoint, const Access *access, IOMMUTLBEntry *out)
{
    AmdviUnit *unit = endpoint->unit;
    const AmdviRecent *recent = recent_of(unit, access->device_id, access->iova);
    uint64_t offset = access->iova % PAGE_BYTES;
    hwaddr size_bytes = access->map_wanted ? access->map_wanted : 1;
    uint64_t mask;

    if (recent->turn != unit->turn || recent->page != access->iova - offset ||
        recent->device_id != access->device_id || size_bytes > PAGE_BYTES - offset ||
        !(recent->perm & (access->is_write ? IOMMU_WO : IOMMU_RO))) {
        return false;
    }
    mask = (UINT64_C(1) << recent->granule_log2) - 1;
    out->target_as = &address_space_memory;
    out->iova = access->iova & ~mask;
    out->translated_addr = recent->spa & ~mask;
    out->addr_mask = mask;
    out->perm = recent->perm;
    unit->recent_hits++;
    endpoint->locked.translations++;
    endpoint->locked.hits++;
    if (access->map_wanted) {
        amdvi_map_note(unit, access->device_id, access->is_write, access->iova,
                       recent->spa + offset, size_bytes);
    }
    return true;
}

static enum amdvi_status translate(AmdviEndpoint *endpoint, const AmdviBurst *burst,
                                   const Access *access, struct amdvi_request *request,
                                   struct amdvi_translation *out)
{
    enum amdvi_status status;

    if (access->map_wanted && !burst->is_locked) {
        return amdvi_map_translate(endpoint->unit, burst->reader, request, out);
    }
    status = amdvi_iommu_translate(burst->reader, request, out);
    if (burst->is_locked && !access->is_quiet && status == AMDVI_OK &&
        out->outcome == AMDVI_OUTCOME_TRANSLATED) {
        recent_keep(endpoint->unit, access, out);
        if (access->map_wanted) {
            amdvi_map_note(endpoint->unit, access->device_id, access->is_write, access->iova,
                           out->spa, out->run_bytes);
        }
    }
    return status;
}

/* The library is asked. */
static void translate_anew(AmdviEndpoint *endpoint, const AmdviBurst *burst, const Access *access,
                           IOMMUTLBEntry *out)
{
    uint64_t page_left = PAGE_BYTES - access->iova % PAGE_BYTES;
    uint64_t size_bytes = access->map_wanted ? MIN(access->map_wanted, UINT64_MAX - access->iova) :
                                               MIN(access->size_bytes, page_left);
    struct amdvi_request request = {
        .device_id = access->device_id,
        .access = access->is_write ? AMDVI_ACCESS_WRITE : AMDVI_ACCESS_READ,
        .iova = access->iova,
        .size_bytes = MAX(size_bytes, 1),
        .quiet = access->is_quiet,
    };
    AMDVI_UNINITIALIZED struct amdvi_translation translation;

    if (translate(endpoint, burst, access, &request, &translation) != AMDVI_OK) {
        entry_refuse(out, access->iova);
        return;
    }
    if (unlikely(translation.outcome == AMDVI_OUTCOME_INTERRUPT)) {
        request.size_bytes = MIN(access->size_bytes, page_left);
        interrupt_entry(endpoint, burst->reader, &request, access->size_bytes, out);
        return;
    }
    if (!access->is_quiet) {
        endpoint_count(endpoint, burst, &translation);
    }
    if (translation.outcome == AMDVI_OUTCOME_TRANSLATED) {
        entry_fill(out, access->iova, &translation);
    } else {
        entry_refuse(out, access->iova);
    }
}

static void endpoint_translate_access(IOMMUMemoryRegion *mr, hwaddr iova, hwaddr size_bytes,
                                      bool is_write, MemTxAttrs attrs, IOMMUTLBEntry *out)
{
    AmdviEndpoint *endpoint = container_of(mr, AmdviEndpoint, iommu);
    Access access = {
        .iova = iova,
        .size_bytes = size_bytes,
        .map_wanted = attrs.debug ? 0 : amdvi_map_wanted(),
        .device_id = amdvi_endpoint_device_id(endpoint),
        .is_write = is_write,
        .is_quiet = attrs.debug,
    };
    AmdviBurst burst = amdvi_burst_begin(endpoint->unit);

    if (unlikely(!burst.reader)) {
        entry_refuse(out, iova);
        return;
    }
    if (!burst.is_locked || attrs.debug || !recent_find(endpoint, &access, out)) {
        translate_anew(endpoint, &burst, &access, out);
    }
    amdvi_burst_end(endpoint->unit, &burst);
}

/* Look-ups without an access (replay, debuggers): no event, no trace left anywhere. */
static IOMMUTLBEntry endpoint_translate(IOMMUMemoryRegion *mr, hwaddr iova, IOMMUAccessFlags flag,
                                        int iommu_idx)
{
    AmdviEndpoint *endpoint = container_of(mr, AmdviEndpoint, iommu);
    struct amdvi_request request = {
        .device_id = amdvi_endpoint_device_id(endpoint),
        .access = AMDVI_ACCESS_READ,
        .iova = iova,
        .size_bytes = 1,
        .quiet = true,
    };
    struct amdvi_translation translation;
    struct amdvi_iommu *iommu = endpoint->unit->iommu;
    IOMMUTLBEntry entry;

    entry_refuse(&entry, iova);
    if (flag == IOMMU_WO ||
        amdvi_iommu_peek(iommu, &request, &translation) != AMDVI_OK ||
        translation.outcome != AMDVI_OUTCOME_TRANSLATED) {
        request.access = AMDVI_ACCESS_WRITE;
        if (amdvi_iommu_peek(iommu, &request, &translation) != AMDVI_OK ||
            translation.outcome != AMDVI_OUTCOME_TRANSLATED) {
            return entry;
        }
    }
    entry_fill(&entry, iova, &translation);
    return entry;
}

/* ---- Notifiers ------------------------------------------------------------------------------- */

static int endpoint_notify_flag_changed(IOMMUMemoryRegion *mr, IOMMUNotifierFlag old_flags,
                                        IOMMUNotifierFlag new_flags, Error **errp)
{
    AmdviEndpoint *endpoint = container_of(mr, AmdviEndpoint, iommu);
    bool has_notifiers = new_flags != IOMMU_NOTIFIER_NONE;

    if (new_flags & IOMMU_NOTIFIER_MAP) {
        error_setg(errp, "device %02x:%02x.%x cannot be told of new mappings: the guest does not "
                   "report them to the amdvi IOMMU (NpCache=0)", pci_bus_num(endpoint->bus),
                   PCI_SLOT(endpoint->devfn), PCI_FUNC(endpoint->devfn));
        return -ENOTSUP;
    }
    if (has_notifiers && !endpoint->has_notifiers) {
        QLIST_INSERT_HEAD(&endpoint->unit->notified, endpoint, notified);
    } else if (!has_notifiers && endpoint->has_notifiers) {
        QLIST_REMOVE(endpoint, notified);
    }
    endpoint->has_notifiers = has_notifiers;
    return 0;
}

/* There are no notifiers that want to hear of mappings, so there is nothing to tell again. */
static void endpoint_replay(IOMMUMemoryRegion *mr, IOMMUNotifier *notifier)
{
}

/*
 * Tell one notifier that @first to @last is gone, in aligned powers of two that lie inside its own
 * range: more is an assertion failure in QEMU.
 */
static void notifier_unmap(IOMMUNotifier *notifier, uint64_t first, uint64_t last)
{
    IOMMUTLBEvent event = {
        .type = notifier->notifier_flags & IOMMU_NOTIFIER_DEVIOTLB_UNMAP ?
                IOMMU_NOTIFIER_DEVIOTLB_UNMAP : IOMMU_NOTIFIER_UNMAP,
        .entry.target_as = &address_space_memory,
        .entry.perm = IOMMU_NONE,
    };

    first = MAX(first, notifier->start);
    last = MIN(last, notifier->end);
    while (first <= last) {
        uint64_t mask = dma_aligned_pow2_mask(first, last, 64);

        event.entry.iova = first;
        event.entry.addr_mask = mask;
        memory_region_notify_iommu_one(notifier, &event);
        if (last - first <= mask) {
            break;
        }
        first += mask + 1;
    }
}

void amdvi_dma_invalidated(AmdviUnit *unit, const struct amdvi_invalidation *what)
{
    bool is_domain = what->kind == AMDVI_INVALIDATED_DOMAIN;
    uint64_t first = is_domain ? what->first_iova : 0;
    uint64_t last = is_domain ? what->last_iova : UINT64_MAX;
    AmdviEndpoint *endpoint;

    QLIST_FOREACH(endpoint, &unit->notified, notified) {
        IOMMUNotifier *notifier;

        if (what->kind == AMDVI_INVALIDATED_DEVICE &&
            what->device_id != amdvi_endpoint_device_id(endpoint)) {
            continue;
        }
        /* Which domain a device is in is the library's to know: all of them are told. */
        IOMMU_NOTIFIER_FOREACH(notifier, &endpoint->iommu) {
            notifier_unmap(notifier, first, last);
        }
    }
}

void amdvi_dma_iotlb_invalidated(AmdviUnit *unit, const struct amdvi_iotlb_invalidation *what)
{
    AmdviEndpoint *endpoint;

    QLIST_FOREACH(endpoint, &unit->notified, notified) {
        IOMMUNotifier *notifier;

        if (what->device_id != amdvi_endpoint_device_id(endpoint)) {
            continue;
        }
        IOMMU_NOTIFIER_FOREACH(notifier, &endpoint->iommu) {
            if (notifier->notifier_flags & IOMMU_NOTIFIER_DEVIOTLB_UNMAP) {
                notifier_unmap(notifier, what->first_iova, what->last_iova);
            }
        }
    }
}

/* ---- Endpoints ------------------------------------------------------------------------------- */

static guint endpoint_hash(gconstpointer key)
{
    const AmdviEndpoint *endpoint = key;

    return qemu_xxhash4((uintptr_t)endpoint->bus, endpoint->devfn);
}

static gboolean endpoint_equal(gconstpointer a, gconstpointer b)
{
    const AmdviEndpoint *left = a;
    const AmdviEndpoint *right = b;

    return left->bus == right->bus && left->devfn == right->devfn;
}

AmdviEndpoint *amdvi_endpoint_get(AmdviUnit *unit, PCIBus *bus, int devfn)
{
    AmdviEndpoint key = {.bus = bus, .devfn = devfn};
    AmdviEndpoint *endpoint = g_hash_table_lookup(unit->endpoints, &key);
    g_autofree char *name = NULL;

    if (endpoint) {
        return endpoint;
    }
    endpoint = AMDVI_ENDPOINT(object_new(TYPE_AMDVI_ENDPOINT));
    endpoint->unit = unit;
    endpoint->bus = bus;
    endpoint->devfn = devfn;
    endpoint->root_number = pci_bus_is_root(bus) ? pci_bus_num(bus) : 0;
    /* Not the bus number: it is not the device's name, and changes. */
    name = g_strdup_printf("amdvi-%s-%02x.%x", BUS(bus)->name, PCI_SLOT(devfn), PCI_FUNC(devfn));
    memory_region_init_iommu(&endpoint->iommu, sizeof(endpoint->iommu), TYPE_AMDVI_MEMORY_REGION,
                             OBJECT(endpoint), name, UINT64_MAX);
    address_space_init(&endpoint->as, MEMORY_REGION(&endpoint->iommu), name);
    amdvi_intr_init_endpoint(endpoint);
#ifdef AMDVI_STOCK_H
    amdvi_stock_ends_init(&endpoint->ends, OBJECT(endpoint));
#endif
    g_hash_table_add(unit->endpoints, endpoint);
    return endpoint;
}

AmdviEndpoint *amdvi_endpoint_of(PCIDevice *pci)
{
    IOMMUMemoryRegion *region =
        memory_region_get_iommu(pci_device_iommu_address_space(pci)->root);

    if (!region || !object_dynamic_cast(OBJECT(region), TYPE_AMDVI_MEMORY_REGION)) {
        return NULL;
    }
    return container_of(region, AmdviEndpoint, iommu);
}

static AddressSpace *unit_get_address_space(PCIBus *bus, void *opaque, int devfn)
{
    return &amdvi_endpoint_get(AMDVI_UNIT(opaque), bus, devfn)->as;
}

static const PCIIOMMUOps unit_ops = {
    .get_address_space = unit_get_address_space,
};

/* Flat views still in use keep the endpoint, as the owner of its regions, until they are gone. */
static void endpoint_release(gpointer data)
{
    AmdviEndpoint *endpoint = data;

    if (endpoint->has_notifiers) {
        QLIST_REMOVE(endpoint, notified);
        endpoint->has_notifiers = false;
    }
    address_space_destroy(&endpoint->as);
    address_space_destroy(&endpoint->interrupts_as);
#ifdef AMDVI_STOCK_H
    amdvi_stock_ends_destroy(&endpoint->ends);
#endif
    object_unref(OBJECT(endpoint));
}

static gboolean endpoint_is_on_bus(gpointer key, gpointer value, gpointer bus)
{
    return ((AmdviEndpoint *)key)->bus == bus;
}

/*
 * A bridge is unplugged, after the devices behind it: forget its bus. The memory of the PCIBus is
 * soon used by another.
 */
static void unit_device_unrealized(DeviceListener *listener, DeviceState *dev)
{
    AmdviUnit *unit = container_of(listener, AmdviUnit, listener);

    if (object_dynamic_cast(OBJECT(dev), TYPE_PCI_BRIDGE)) {
        g_hash_table_foreach_remove(unit->endpoints, endpoint_is_on_bus,
                                    pci_bridge_get_sec_bus(PCI_BRIDGE(dev)));
    }
}

void amdvi_dma_init(AmdviUnit *unit)
{
    unit->endpoints = g_hash_table_new_full(endpoint_hash, endpoint_equal, endpoint_release, NULL);
    QLIST_INIT(&unit->notified);
    unit->listener.unrealize = unit_device_unrealized;
    device_listener_register(&unit->listener);
    pci_setup_iommu(unit->root_bus, &unit_ops, unit);
}

static void memory_region_class_init(ObjectClass *klass, void *data)
{
    IOMMUMemoryRegionClass *region = IOMMU_MEMORY_REGION_CLASS(klass);

    region->translate = endpoint_translate;
#ifdef AMDVI_STOCK_H
    amdvi_stock_class_init(region, endpoint_translate_access);
#else
    region->translate_access = endpoint_translate_access;
#endif
    region->notify_flag_changed = endpoint_notify_flag_changed;
    region->replay = endpoint_replay;
}

static const TypeInfo amdvi_dma_types[] = {
    {
        .name = TYPE_AMDVI_MEMORY_REGION,
        .parent = TYPE_IOMMU_MEMORY_REGION,
        .class_init = memory_region_class_init,
    }, {
        .name = TYPE_AMDVI_ENDPOINT,
        .parent = TYPE_OBJECT,
        .instance_size = sizeof(AmdviEndpoint),
    },
};

DEFINE_TYPES(amdvi_dma_types)
