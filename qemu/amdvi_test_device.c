/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device for tests of the IOMMU: it does what it is told with each of QEMU's ways to access guest
 * memory, in the main loop or in an IOThread, and can hold a mapping or an access open. No guest
 * has a driver for it.
 */
#include "qemu/osdep.h"
#include "block/aio.h"
#include "exec/memory.h"
#include "hw/pci/pci_device.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "qemu/main-loop.h"
#include "system/iothread.h"
#include "amdvi_test_device.h"

#define TYPE_AMDVI_TEST_DEVICE "amdvi-testdev"
OBJECT_DECLARE_SIMPLE_TYPE(TestDevice, AMDVI_TEST_DEVICE)

#define REGISTERS_BYTES 0x20000
#define GATE_BYTES 0x1000

struct TestDevice {
    PCIDevice parent_obj;

    MemoryRegion registers;
    MemoryRegion gate;
    IOThread *iothread;
    QemuSemaphore open;
    int inside;
    int running;

    uint64_t command;
    uint64_t result;
    uint64_t iova;
    uint64_t length;
    uint64_t value;
    uint8_t buffer[TESTDEV_BUFFER_BYTES];

    void *mapping;
    dma_addr_t mapped;
    DMADirection mapped_direction;

    IOMMUNotifier notifier;
    IOMMUMemoryRegion *watched;
    uint64_t notified;
    uint64_t notifications[TESTDEV_NOTIFICATIONS_MAX][2];
};

/* ---- Commands -------------------------------------------------------------------------------- */

static uint64_t access_one(TestDevice *dev, AddressSpace *as, bool is_write)
{
    MemTxAttrs attrs = MEMTXATTRS_UNSPECIFIED;
    MemTxResult result = MEMTX_ERROR;

    switch (dev->length) {
    case 1:
        if (is_write) {
            address_space_stb(as, dev->iova, dev->value, attrs, &result);
        } else {
            dev->value = address_space_ldub(as, dev->iova, attrs, &result);
        }
        break;
    case 2:
        if (is_write) {
            address_space_stw_le(as, dev->iova, dev->value, attrs, &result);
        } else {
            dev->value = address_space_lduw_le(as, dev->iova, attrs, &result);
        }
        break;
    case 4:
        if (is_write) {
            address_space_stl_le(as, dev->iova, dev->value, attrs, &result);
        } else {
            dev->value = address_space_ldl_le(as, dev->iova, attrs, &result);
        }
        break;
    case 8:
        if (is_write) {
            address_space_stq_le(as, dev->iova, dev->value, attrs, &result);
        } else {
            dev->value = address_space_ldq_le(as, dev->iova, attrs, &result);
        }
        break;
    }
    return result;
}

static uint64_t access_cached(TestDevice *dev, AddressSpace *as, bool is_write)
{
    MemoryRegionCache cache;
    MemTxResult result = MEMTX_ERROR;

    RCU_READ_LOCK_GUARD();
    if (address_space_cache_init(&cache, as, dev->iova, dev->length, is_write) == dev->length) {
        result = is_write ? address_space_write_cached(&cache, 0, dev->buffer, dev->length) :
                            address_space_read_cached(&cache, 0, dev->buffer, dev->length);
    }
    address_space_cache_destroy(&cache);
    return result;
}

static uint64_t map(TestDevice *dev, DMADirection direction)
{
    if (dev->mapping) {
        return 1;
    }
    dev->mapped = dev->length;
    dev->mapped_direction = direction;
    dev->mapping = pci_dma_map(PCI_DEVICE(dev), dev->iova, &dev->mapped, direction);
    return dev->mapping ? 0 : 1;
}

static uint64_t unmap(TestDevice *dev)
{
    if (!dev->mapping) {
        return 1;
    }
    if (dev->mapped_direction == DMA_DIRECTION_TO_DEVICE) {
        memcpy(dev->buffer, dev->mapping, MIN(dev->mapped, sizeof(dev->buffer)));
    } else {
        memset(dev->mapping, dev->value, dev->mapped);
    }
    pci_dma_unmap(PCI_DEVICE(dev), dev->mapping, dev->mapped, dev->mapped_direction, dev->mapped);
    dev->mapping = NULL;
    dev->mapped = 0;
    return 0;
}

static IOMMUMemoryRegion *iommu_region(TestDevice *dev)
{
    return memory_region_get_iommu(pci_device_iommu_address_space(PCI_DEVICE(dev))->root);
}

static uint64_t look_up(TestDevice *dev)
{
    IOMMUMemoryRegion *region = iommu_region(dev);
    IOMMUTLBEntry entry;

    if (!region) {
        return UINT64_MAX;
    }
    RCU_READ_LOCK_GUARD();
    entry = memory_region_get_iommu_class_nocheck(region)->translate(region, dev->iova, IOMMU_NONE,
                                                                     0);
    dev->value = entry.translated_addr | (dev->iova & entry.addr_mask);
    return entry.perm;
}

static void note(IOMMUNotifier *notifier, IOMMUTLBEntry *entry)
{
    TestDevice *dev = container_of(notifier, TestDevice, notifier);

    if (dev->notified < TESTDEV_NOTIFICATIONS_MAX) {
        dev->notifications[dev->notified][0] = entry->iova;
        dev->notifications[dev->notified][1] = entry->addr_mask;
    }
    dev->notified++;
}

static void unwatch(TestDevice *dev)
{
    if (dev->watched) {
        memory_region_unregister_iommu_notifier(MEMORY_REGION(dev->watched), &dev->notifier);
        dev->watched = NULL;
    }
}

static uint64_t watch(TestDevice *dev, IOMMUNotifierFlag flags)
{
    Error *error = NULL;
    IOMMUMemoryRegion *region = iommu_region(dev);

    unwatch(dev);
    if (!region) {
        return UINT64_MAX;
    }
    iommu_notifier_init(&dev->notifier, note, flags, dev->iova, dev->iova + dev->length - 1, 0);
    if (memory_region_register_iommu_notifier(MEMORY_REGION(region), &dev->notifier, &error)) {
        uint64_t is_explained = error != NULL;

        error_free(error);
        return is_explained;
    }
    dev->watched = region;
    return 0;
}

static void run(TestDevice *dev)
{
    AddressSpace *as = pci_get_address_space(PCI_DEVICE(dev));
    DMADirection direction = dev->value ? DMA_DIRECTION_FROM_DEVICE : DMA_DIRECTION_TO_DEVICE;
    uint64_t length = MIN(dev->length, sizeof(dev->buffer));

    switch ((enum testdev_command)(dev->command & 0xff)) {
    case TESTDEV_READ:
        dev->result = pci_dma_read(PCI_DEVICE(dev), dev->iova, dev->buffer, length);
        break;
    case TESTDEV_WRITE:
        dev->result = pci_dma_write(PCI_DEVICE(dev), dev->iova, dev->buffer, length);
        break;
    case TESTDEV_LOAD:
        dev->result = access_one(dev, as, false);
        break;
    case TESTDEV_STORE:
        dev->result = access_one(dev, as, true);
        break;
    case TESTDEV_CACHED_READ:
        dev->result = access_cached(dev, as, false);
        break;
    case TESTDEV_CACHED_WRITE:
        dev->result = access_cached(dev, as, true);
        break;
    case TESTDEV_MAP_READ:
        dev->result = map(dev, DMA_DIRECTION_TO_DEVICE);
        break;
    case TESTDEV_MAP_WRITE:
        dev->result = map(dev, DMA_DIRECTION_FROM_DEVICE);
        break;
    case TESTDEV_UNMAP:
        dev->result = unmap(dev);
        break;
    case TESTDEV_LOOK_UP:
        dev->result = look_up(dev);
        break;
    case TESTDEV_IS_VALID:
        dev->result = dma_memory_valid(as, dev->iova, dev->length, direction,
                                       MEMTXATTRS_UNSPECIFIED);
        break;
    case TESTDEV_WATCH:
        dev->result = watch(dev, IOMMU_NOTIFIER_UNMAP);
        break;
    case TESTDEV_WATCH_MAPS:
        dev->result = watch(dev, IOMMU_NOTIFIER_IOTLB_EVENTS);
        break;
    case TESTDEV_WATCH_IOTLB:
        dev->result = watch(dev, IOMMU_NOTIFIER_DEVIOTLB_UNMAP);
        break;
    case TESTDEV_UNWATCH:
        unwatch(dev);
        break;
    }
}

static void run_in_iothread(void *opaque)
{
    TestDevice *dev = opaque;

    run(dev);
    qatomic_store_release(&dev->running, 0);
}

static void start(TestDevice *dev, uint64_t command)
{
    if (qatomic_load_acquire(&dev->running)) {
        return;
    }
    dev->command = command;
    if (!(command & TESTDEV_IN_IOTHREAD)) {
        run(dev);
    } else if (dev->iothread) {
        qatomic_set(&dev->running, 1);
        aio_bh_schedule_oneshot(iothread_get_aio_context(dev->iothread), run_in_iothread, dev);
    }
}

/* ---- Registers ------------------------------------------------------------------------------- */

static uint64_t *plain_register(TestDevice *dev, hwaddr offset)
{
    switch (offset) {
    case TESTDEV_REG_IOVA:
        return &dev->iova;
    case TESTDEV_REG_LENGTH:
        return &dev->length;
    case TESTDEV_REG_VALUE:
        return &dev->value;
    case TESTDEV_REG_RESULT:
        return &dev->result;
    case TESTDEV_REG_NOTIFIED:
        return &dev->notified;
    default:
        return NULL;
    }
}

static uint64_t registers_read(void *opaque, hwaddr offset, unsigned size)
{
    TestDevice *dev = opaque;
    uint64_t *plain = plain_register(dev, offset);
    hwaddr index = (offset - TESTDEV_NOTIFICATIONS) / 8;

    if (offset >= TESTDEV_BUFFER) {
        return ldn_le_p(dev->buffer + (offset - TESTDEV_BUFFER), size);
    }
    if (offset >= TESTDEV_NOTIFICATIONS && index < 2 * TESTDEV_NOTIFICATIONS_MAX) {
        return dev->notifications[index / 2][index % 2];
    }
    switch (offset) {
    case TESTDEV_REG_RUNNING:
        return qatomic_load_acquire(&dev->running);
    case TESTDEV_REG_MAPPED:
        return dev->mapped;
    case TESTDEV_REG_INSIDE:
        return qatomic_read(&dev->inside);
    default:
        return plain ? *plain : 0;
    }
}

static void registers_write(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
    TestDevice *dev = opaque;
    uint64_t *plain = plain_register(dev, offset);

    if (offset >= TESTDEV_BUFFER) {
        stn_le_p(dev->buffer + (offset - TESTDEV_BUFFER), size, value);
    } else if (offset == TESTDEV_REG_COMMAND) {
        start(dev, value);
    } else if (offset == TESTDEV_REG_OPEN) {
        qemu_sem_post(&dev->open);
    } else if (plain) {
        *plain = value;
    }
}

static const MemoryRegionOps registers_ops = {
    .read = registers_read,
    .write = registers_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8},
    .impl = {.min_access_size = 1, .max_access_size = 8},
};

/* The IOThread's accesses wait here, without the big lock. */
static uint64_t gate_read(void *opaque, hwaddr offset, unsigned size)
{
    TestDevice *dev = opaque;

    if (dev->iothread &&
        qemu_get_current_aio_context() == iothread_get_aio_context(dev->iothread)) {
        qatomic_set(&dev->inside, 1);
        bql_unlock();
        qemu_sem_wait(&dev->open);
        bql_lock();
        qatomic_set(&dev->inside, 0);
    }
    return 0x67617465; /* "gate" */
}

static void gate_write(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
}

static const MemoryRegionOps gate_ops = {
    .read = gate_read,
    .write = gate_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8},
    .impl = {.min_access_size = 1, .max_access_size = 8},
};

/* ---- Creation -------------------------------------------------------------------------------- */

static void testdev_realize(PCIDevice *pci, Error **errp)
{
    TestDevice *dev = AMDVI_TEST_DEVICE(pci);

    qemu_sem_init(&dev->open, 0);
    memory_region_init_io(&dev->registers, OBJECT(dev), &registers_ops, dev, "testdev-registers",
                          REGISTERS_BYTES);
    memory_region_init_io(&dev->gate, OBJECT(dev), &gate_ops, dev, "testdev-gate", GATE_BYTES);
    /* An access that waits in the gate must not lock out the register that opens it. */
    dev->registers.disable_reentrancy_guard = true;
    dev->gate.disable_reentrancy_guard = true;
    pci_register_bar(pci, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &dev->registers);
    pci_register_bar(pci, 2, PCI_BASE_ADDRESS_SPACE_MEMORY, &dev->gate);
}

static void testdev_exit(PCIDevice *pci)
{
    TestDevice *dev = AMDVI_TEST_DEVICE(pci);

    unwatch(dev);
    unmap(dev);
    qemu_sem_destroy(&dev->open);
}

static const Property testdev_properties[] = {
    DEFINE_PROP_LINK("iothread", TestDevice, iothread, TYPE_IOTHREAD, IOThread *),
};

static void testdev_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *device = DEVICE_CLASS(klass);
    PCIDeviceClass *pci = PCI_DEVICE_CLASS(klass);

    device->desc = "Test device for amdvi";
    device_class_set_props(device, testdev_properties);
    pci->realize = testdev_realize;
    pci->exit = testdev_exit;
    pci->vendor_id = TESTDEV_VENDOR_ID;
    pci->device_id = TESTDEV_DEVICE_ID;
    pci->class_id = PCI_CLASS_OTHERS;
}

static const TypeInfo testdev_types[] = {
    {
        .name = TYPE_AMDVI_TEST_DEVICE,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(TestDevice),
        .class_init = testdev_class_init,
        .interfaces = (InterfaceInfo[]) {
            {INTERFACE_CONVENTIONAL_PCI_DEVICE},
            {},
        },
    },
};

DEFINE_TYPES(testdev_types)
