/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device that measures, with the host's clock, what DMA through an IOMMU and the IOMMU's commands
 * cost inside QEMU. It knows nothing of any IOMMU but the address of a tail register. Only built
 * when asked for; bench/qemu drives it.
 */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "hw/pci/pci_device.h"
#include "qemu/timer.h"
#include "system/dma.h"
#include "amdvi_bench_device.h"

#define TYPE_AMDVI_BENCH_DEVICE "amdvi-benchdev"
OBJECT_DECLARE_SIMPLE_TYPE(BenchDevice, AMDVI_BENCH_DEVICE)

#define REGISTERS_BYTES 0x1000
#define BUFFER_BYTES 4096

struct BenchDevice {
    PCIDevice parent_obj;

    MemoryRegion registers;
    uint64_t values[BENCHDEV_REG_COUNT]; /* each register's, by its offset / 8 */
    uint8_t buffer[BUFFER_BYTES];
};

static uint64_t *value_of(BenchDevice *dev, hwaddr offset)
{
    return &dev->values[offset / 8];
}

#define VALUE(name) (*value_of(dev, BENCHDEV_REG_##name))

/* ---- Accesses -------------------------------------------------------------------------------- */

/* One mapping, made and ended. Returns how many bytes it was long. */
static inline dma_addr_t map_once(AddressSpace *as, dma_addr_t iova, dma_addr_t length,
                                  DMADirection direction)
{
    void *host = dma_memory_map(as, iova, &length, direction, MEMTXATTRS_UNSPECIFIED);

    if (unlikely(!host)) {
        return 0;
    }
    dma_memory_unmap(as, host, length, direction, length);
    return length;
}

static AddressSpace *space_of(BenchDevice *dev)
{
    return VALUE(DIRECT) ? &address_space_memory : pci_get_address_space(PCI_DEVICE(dev));
}

/* All accesses, as fast as can be: what does not work is only counted. */
static uint64_t run_accesses(BenchDevice *dev)
{
    AddressSpace *as = space_of(dev);
    enum benchdev_access access = VALUE(ACCESS);
    dma_addr_t first = VALUE(IOVA);
    dma_addr_t stride = VALUE(STRIDE);
    dma_addr_t length = MIN(VALUE(LENGTH), BUFFER_BYTES);
    uint64_t pages = VALUE(PAGES);
    uint64_t wrong = 0;

    for (uint64_t round = 0; round < VALUE(ROUNDS); round++) {
        for (uint64_t page = 0; page < pages; page++) {
            dma_addr_t iova = first + page * stride;

            switch (access) {
            case BENCHDEV_MAP_TO_DEVICE:
                wrong += map_once(as, iova, length, DMA_DIRECTION_TO_DEVICE) != length;
                break;
            case BENCHDEV_MAP_FROM_DEVICE:
                wrong += map_once(as, iova, length, DMA_DIRECTION_FROM_DEVICE) != length;
                break;
            case BENCHDEV_READ:
                wrong += dma_memory_read(as, iova, dev->buffer, length,
                                         MEMTXATTRS_UNSPECIFIED) != MEMTX_OK;
                break;
            case BENCHDEV_WRITE:
                wrong += dma_memory_write(as, iova, dev->buffer, length,
                                          MEMTXATTRS_UNSPECIFIED) != MEMTX_OK;
                break;
            }
        }
    }
    return wrong;
}

/* One access that is looked at. Returns whether it was right. */
static bool check_access(BenchDevice *dev, dma_addr_t iova)
{
    AddressSpace *as = space_of(dev);
    DMADirection direction = VALUE(ACCESS) == BENCHDEV_MAP_TO_DEVICE ?
                             DMA_DIRECTION_TO_DEVICE : DMA_DIRECTION_FROM_DEVICE;
    dma_addr_t length = MIN(VALUE(LENGTH), BUFFER_BYTES);
    uint64_t want = iova ^ VALUE(KEY);
    bool is_right = true;
    void *host;

    switch ((enum benchdev_access)VALUE(ACCESS)) {
    case BENCHDEV_READ:
        memset(dev->buffer, 0, 8);
        return dma_memory_read(as, iova, dev->buffer, length, MEMTXATTRS_UNSPECIFIED) == MEMTX_OK &&
               ldq_le_p(dev->buffer) == want;
    case BENCHDEV_WRITE:
        stq_le_p(dev->buffer, want);
        return dma_memory_write(as, iova, dev->buffer, length, MEMTXATTRS_UNSPECIFIED) == MEMTX_OK;
    case BENCHDEV_MAP_TO_DEVICE:
    case BENCHDEV_MAP_FROM_DEVICE:
        break;
    }
    host = dma_memory_map(as, iova, &length, direction, MEMTXATTRS_UNSPECIFIED);
    if (!host) {
        return false;
    }
    if (direction == DMA_DIRECTION_FROM_DEVICE) {
        stq_le_p(host, want);
    } else {
        is_right = ldq_le_p(host) == want;
    }
    dma_memory_unmap(as, host, length, direction, length);
    return is_right && length == MIN(VALUE(LENGTH), BUFFER_BYTES);
}

static void check(BenchDevice *dev)
{
    VALUE(WRONG) = 0;
    for (uint64_t page = 0; page < VALUE(PAGES); page++) {
        VALUE(WRONG) += !check_access(dev, VALUE(IOVA) + page * VALUE(STRIDE));
    }
}

/* ---- Commands of the IOMMU ------------------------------------------------------------------- */

/* Returns 0 if the IOMMU has run all of them when the write of the tail returns. */
static uint64_t run_commands(BenchDevice *dev, int64_t *nanoseconds)
{
    MemTxAttrs attrs = MEMTXATTRS_UNSPECIFIED;
    MemTxResult result = MEMTX_OK;
    MemTxResult head_result = MEMTX_OK;
    uint64_t ring_bytes = MAX(VALUE(RING_BYTES), 16);
    uint32_t tail = (VALUE(TAIL) + VALUE(STEP_BYTES)) % ring_bytes;
    int64_t begin = get_clock();
    uint32_t head;

    address_space_stl_le(&address_space_memory, VALUE(TAIL_SPA), tail, attrs, &result);
    *nanoseconds = get_clock() - begin;
    head = address_space_ldl_le(&address_space_memory, VALUE(HEAD_SPA), attrs, &head_result);
    VALUE(TAIL) = tail;
    return result != MEMTX_OK || head_result != MEMTX_OK || head != tail;
}

/* ---- Trials ---------------------------------------------------------------------------------- */

static void run_trials(BenchDevice *dev, enum benchdev_command command)
{
    int64_t best = INT64_MAX;
    uint64_t wrong = 0;

    for (uint64_t trial = 0; trial < VALUE(TRIALS); trial++) {
        int64_t begin, taken;

        if (command == BENCHDEV_RUN_COMMANDS || command == BENCHDEV_RUN_COMMANDS_AFTER_ACCESSES) {
            if (command == BENCHDEV_RUN_COMMANDS_AFTER_ACCESSES) {
                wrong += run_accesses(dev);
            }
            wrong += run_commands(dev, &taken);
        } else {
            if (command == BENCHDEV_RUN_ACCESSES_AFTER_COMMANDS) {
                wrong += run_commands(dev, &taken);
            }
            begin = get_clock();
            wrong += run_accesses(dev);
            taken = get_clock() - begin;
        }
        best = MIN(best, taken);
    }
    VALUE(NANOSECONDS) = best;
    VALUE(WRONG) = wrong;
}

static void run(BenchDevice *dev, uint64_t command)
{
    switch ((enum benchdev_command)command) {
    case BENCHDEV_RUN_ACCESSES:
    case BENCHDEV_RUN_ACCESSES_AFTER_COMMANDS:
    case BENCHDEV_RUN_COMMANDS:
    case BENCHDEV_RUN_COMMANDS_AFTER_ACCESSES:
        run_trials(dev, command);
        break;
    case BENCHDEV_CHECK:
        check(dev);
        break;
    }
}

/* ---- Registers and creation ------------------------------------------------------------------ */

static uint64_t registers_read(void *opaque, hwaddr offset, unsigned size)
{
    BenchDevice *dev = opaque;

    return offset / 8 < BENCHDEV_REG_COUNT ? *value_of(dev, offset) : 0;
}

static void registers_write(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
    BenchDevice *dev = opaque;

    if (offset / 8 >= BENCHDEV_REG_COUNT) {
        return;
    }
    if (offset == BENCHDEV_REG_COMMAND) {
        run(dev, value);
    } else {
        *value_of(dev, offset) = value;
    }
}

static const MemoryRegionOps registers_ops = {
    .read = registers_read,
    .write = registers_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 8, .max_access_size = 8},
    .impl = {.min_access_size = 8, .max_access_size = 8},
};

static void benchdev_realize(PCIDevice *pci, Error **errp)
{
    BenchDevice *dev = AMDVI_BENCH_DEVICE(pci);

    memory_region_init_io(&dev->registers, OBJECT(dev), &registers_ops, dev, "benchdev-registers",
                          REGISTERS_BYTES);
    pci_register_bar(pci, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &dev->registers);
}

static void benchdev_class_init(ObjectClass *klass, void *data)
{
    PCIDeviceClass *pci = PCI_DEVICE_CLASS(klass);

    DEVICE_CLASS(klass)->desc = "Benchmark of IOMMUs";
    pci->realize = benchdev_realize;
    pci->vendor_id = BENCHDEV_VENDOR_ID;
    pci->device_id = BENCHDEV_DEVICE_ID;
    pci->class_id = PCI_CLASS_OTHERS;
}

static const TypeInfo benchdev_types[] = {
    {
        .name = TYPE_AMDVI_BENCH_DEVICE,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(BenchDevice),
        .class_init = benchdev_class_init,
        .interfaces = (InterfaceInfo[]) {
            {INTERFACE_CONVENTIONAL_PCI_DEVICE},
            {},
        },
    },
};

DEFINE_TYPES(benchdev_types)
