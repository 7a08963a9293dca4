/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PCI Express endpoint with ATS, for tests of the IOMMU: it keeps translations in a small cache,
 * accesses memory with translated requests, and answers invalidate requests: at once, after a while
 * or not at all. It does what its registers say, also what no honest device would do.
 *
 * It uses what it has cached until it answers, as a device may. Commands run in a bottom half, so
 * that no access of somebody else is under way on the same thread.
 */
#include "qemu/osdep.h"
#include "hw/pci/msi.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pcie.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/main-loop.h"
#include "qemu/range.h"
#include "qemu/timer.h"
#include "amdvi.h"
#include "amdvi_ats_cache.h"
#include "amdvi_ats_test_device.h"

#include <amdvi/ats.h>

#define TYPE_AMDVI_ATS_TEST_DEVICE "amdvi-ats-testdev"
OBJECT_DECLARE_SIMPLE_TYPE(AtsDevice, AMDVI_ATS_TEST_DEVICE)

#define ATS_CAP_OFFSET 0x100

/* An invalidate request that is not answered yet. */
typedef struct AtsPending AtsPending;
struct AtsPending {
    struct amdvi_iotlb_invalidation what;
    int64_t due_ns;
    QSIMPLEQ_ENTRY(AtsPending) next;
};

/* See the header file. */
typedef struct AtsRegisters {
    uint64_t command; /* 0 when none runs */
    uint64_t result;
    uint64_t done;
    uint64_t address;
    uint64_t length;
    uint64_t mute;
    uint64_t delay_ns;
    uint64_t completion;
    uint64_t invalidate;
    uint64_t requests;
    uint64_t hits;
    uint64_t invalidations;
    uint64_t answers;
    uint64_t pending;
    uint64_t pending_max;
    uint64_t untranslated;
} AtsRegisters;

struct AtsDevice {
    PCIDevice parent_obj;

    MemoryRegion registers;
    AmdviAtsClient client;
    QEMUBH *bh;
    QEMUTimer *timer;

    AtsCache cache;
    QSIMPLEQ_HEAD(, AtsPending) pending;

    AtsRegisters reg;
    uint8_t buffer[ATSDEV_BUFFER_BYTES];

    /* Properties. */
    uint8_t queue_depth;
    uint8_t cache_entries;
};

/* ---- Translation requests -------------------------------------------------------------------- */

static bool is_enabled(const AtsDevice *dev)
{
    const uint8_t *config = dev->parent_obj.config;

    return pci_get_word(config + ATS_CAP_OFFSET + PCI_ATS_CTRL) & PCI_ATS_CTRL_ENABLE;
}

/* Go online for a request to the IOMMU. False when there is no way to send one. */
static bool request_begin(AtsDevice *dev, AmdviEndpoint **endpoint, AmdviBurst *burst)
{
    const uint8_t *config = dev->parent_obj.config;

    *endpoint = amdvi_endpoint_of(PCI_DEVICE(dev));
    if (!*endpoint || !(pci_get_word(config + PCI_COMMAND) & PCI_COMMAND_MASTER)) {
        return false;
    }
    *burst = amdvi_burst_begin((*endpoint)->unit);
    return burst->reader != NULL;
}

/* What the block around @iova is, of a completion that may be about a larger one. */
static AtsEntry completion_entry(const struct amdvi_ats_completion *completion, uint64_t iova)
{
    AtsEntry entry = {
        .is_valid = true,
        .read = completion->read,
        .write = completion->write,
        .size_log2 = MIN(completion->size_log2, ATS_BLOCK_LOG2_MAX),
    };
    uint64_t in_block = iova & ((UINT64_C(1) << completion->size_log2) - 1);

    entry.iova = iova & ~(ats_entry_bytes(&entry) - 1);
    entry.spa = (completion->spa + in_block) & ~(ats_entry_bytes(&entry) - 1);
    return entry;
}

static void completion_note(AtsDevice *dev, const struct amdvi_ats_completion *completion)
{
    struct amdvi_ats_answer answer = {
        .read = completion->read,
        .write = completion->write,
        .untranslated = completion->untranslated,
        .force_coherent = completion->force_coherent,
        .size_log2 = completion->size_log2,
        .spa = completion->spa,
    };

    dev->reg.completion = completion->status == AMDVI_ATS_SUCCESS ?
                      amdvi_ats_completion_word(&answer) : 0;
}

/* Ask about the block around @iova, and keep the answer if it is a translation. */
static enum atsdev_result ask(AtsDevice *dev, uint64_t iova, AtsEntry *out, bool *out_untranslated)
{
    struct amdvi_ats_completion completion;
    AmdviEndpoint *endpoint;
    AmdviBurst burst;

    if (!is_enabled(dev) || !request_begin(dev, &endpoint, &burst)) {
        return ATSDEV_NOT_ENABLED;
    }
    dev->reg.requests++;
    /* Page Aligned Request: the capability says that bits 11:0 are 0. */
    if (!amdvi_ats_translate(endpoint, burst.reader, QEMU_ALIGN_DOWN(iova, 4096), &completion)) {
        /* With device-iotlb=off nobody there knows the request. */
        completion = (struct amdvi_ats_completion) {.status = AMDVI_ATS_UNSUPPORTED_REQUEST};
    }
    completion_note(dev, &completion);
    *out = completion_entry(&completion, iova);
    *out_untranslated = completion.untranslated;
    if (completion.status == AMDVI_ATS_SUCCESS && !completion.untranslated &&
        (completion.read || completion.write)) {
        ats_cache_keep(&dev->cache, out);
    }
    amdvi_burst_end(endpoint->unit, &burst);
    switch (completion.status) {
    case AMDVI_ATS_SUCCESS:
        return ATSDEV_DONE;
    case AMDVI_ATS_COMPLETER_ABORT:
        return ATSDEV_COMPLETER_ABORT;
    default:
        return ATSDEV_UNSUPPORTED_REQUEST;
    }
}

/* ---- Accesses -------------------------------------------------------------------------------- */

static enum atsdev_result access_untranslated(AtsDevice *dev, uint64_t iova, uint8_t *buffer,
                                              uint64_t bytes, bool is_write)
{
    DMADirection direction = is_write ? DMA_DIRECTION_FROM_DEVICE : DMA_DIRECTION_TO_DEVICE;

    dev->reg.untranslated++;
    if (pci_dma_rw(PCI_DEVICE(dev), iova, buffer, bytes, direction, MEMTXATTRS_UNSPECIFIED)) {
        return ATSDEV_ABORTED;
    }
    dev->reg.done += bytes;
    return ATSDEV_DONE;
}

/* A write to the interrupts' addresses: an aligned dword is a message. */
static enum atsdev_result send_message(AtsDevice *dev, AmdviEndpoint *endpoint, uint64_t address,
                                       const uint8_t *buffer, uint64_t bytes)
{
    if (bytes != 4 || address % 4 != 0 ||
        !amdvi_intr_send(endpoint, address, ldl_le_p(buffer))) {
        return ATSDEV_ABORTED;
    }
    dev->reg.done += bytes;
    return ATSDEV_DONE;
}

static enum atsdev_result access_translated(AtsDevice *dev, uint64_t spa, uint8_t *buffer,
                                            uint64_t bytes, bool is_write)
{
    struct amdvi_access_request request = {
        .operation = is_write ? AMDVI_OPERATION_WRITE : AMDVI_OPERATION_READ,
        .iova = spa,
        .size_bytes = bytes,
        .buffer = buffer,
        .translated = true,
    };
    struct amdvi_access_result result;
    enum amdvi_status status;
    AmdviEndpoint *endpoint;
    AmdviBurst burst;

    if (!request_begin(dev, &endpoint, &burst)) {
        return ATSDEV_NOT_ENABLED;
    }
    request.device_id = amdvi_endpoint_device_id(endpoint);
    status = amdvi_iommu_access(burst.reader, &request, &result);
    amdvi_burst_end(endpoint->unit, &burst);
    if (status != AMDVI_OK) {
        return ATSDEV_ABORTED;
    }
    if (result.outcome == AMDVI_OUTCOME_INTERRUPT) {
        return send_message(dev, endpoint, spa, buffer, bytes);
    }
    dev->reg.done += result.done_bytes;
    return result.outcome == AMDVI_OUTCOME_TRANSLATED && result.done_bytes == bytes ?
           ATSDEV_DONE : ATSDEV_ABORTED;
}

static bool entry_permits(const AtsEntry *entry, bool is_write)
{
    return is_write ? entry->write : entry->read;
}

/* The part of the access that is in one block; *@bytes becomes how much that is. */
static enum atsdev_result access_block(AtsDevice *dev, uint64_t iova, uint8_t *buffer,
                                       uint64_t *bytes, bool is_write)
{
    const AtsEntry *cached = ats_cache_find(&dev->cache, iova);
    bool is_untranslated = false;
    AtsEntry entry;

    /* A permission that is missing may have been given since: ask again. */
    if (cached && entry_permits(cached, is_write)) {
        dev->reg.hits++;
        entry = *cached;
    } else {
        enum atsdev_result result = ask(dev, iova, &entry, &is_untranslated);

        if (result != ATSDEV_DONE) {
            return result;
        }
    }
    if (!entry_permits(&entry, is_write)) {
        return ATSDEV_NOT_PERMITTED;
    }
    *bytes = MIN(*bytes, ats_entry_bytes(&entry) - (iova - entry.iova));
    if (is_untranslated) {
        return access_untranslated(dev, iova, buffer, *bytes, is_write);
    }
    return access_translated(dev, entry.spa + (iova - entry.iova), buffer, *bytes, is_write);
}

static enum atsdev_result access_cached(AtsDevice *dev, uint64_t length, bool is_write)
{
    if (!is_enabled(dev)) {
        return ATSDEV_NOT_ENABLED;
    }
    while (dev->reg.done < length) {
        uint64_t at = dev->reg.done;
        uint64_t bytes = length - at;
        enum atsdev_result result = access_block(dev, dev->reg.address + at, dev->buffer + at,
                                                 &bytes, is_write);

        if (result != ATSDEV_DONE) {
            return result;
        }
    }
    return ATSDEV_DONE;
}

static enum atsdev_result run(AtsDevice *dev)
{
    uint64_t length = MIN(dev->reg.length, sizeof(dev->buffer));
    bool is_untranslated;
    AtsEntry entry;

    switch ((enum atsdev_command)dev->reg.command) {
    case ATSDEV_READ:
    case ATSDEV_WRITE:
        return access_untranslated(dev, dev->reg.address, dev->buffer, length,
                                   dev->reg.command == ATSDEV_WRITE);
    case ATSDEV_CACHED_READ:
    case ATSDEV_CACHED_WRITE:
        return access_cached(dev, length, dev->reg.command == ATSDEV_CACHED_WRITE);
    case ATSDEV_TRANSLATED_READ:
    case ATSDEV_TRANSLATED_WRITE:
        return access_translated(dev, dev->reg.address, dev->buffer, length,
                                 dev->reg.command == ATSDEV_TRANSLATED_WRITE);
    case ATSDEV_ASK:
        return ask(dev, dev->reg.address, &entry, &is_untranslated);
    case ATSDEV_FLUSH:
        ats_cache_drop(&dev->cache, 0, UINT64_MAX);
        return ATSDEV_DONE;
    default:
        return ATSDEV_UNKNOWN_COMMAND;
    }
}

static void run_command(void *opaque)
{
    AtsDevice *dev = opaque;

    dev->reg.done = 0;
    dev->reg.result = run(dev);
    dev->reg.command = 0;
    if (msi_enabled(PCI_DEVICE(dev))) {
        msi_notify(PCI_DEVICE(dev), 0);
    }
}

/* ---- Invalidate requests --------------------------------------------------------------------- */

/* Answer what is due, in the order in which it came. */
static void answer_pending(void *opaque)
{
    AtsDevice *dev = opaque;
    int64_t now_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    while (!dev->reg.mute) {
        AtsPending *pending = QSIMPLEQ_FIRST(&dev->pending);

        if (!pending) {
            break;
        }
        if (pending->due_ns > now_ns) {
            timer_mod_ns(dev->timer, pending->due_ns);
            break;
        }
        QSIMPLEQ_REMOVE_HEAD(&dev->pending, next);
        dev->reg.pending--;
        ats_cache_drop(&dev->cache, pending->what.first_iova, pending->what.last_iova);
        dev->reg.answers++;
        /* This may bring the next request at once. */
        amdvi_ats_answer(&dev->client, &pending->what);
        g_free(pending);
    }
}

static void receive_invalidate(AmdviAtsClient *client, const struct amdvi_iotlb_invalidation *what)
{
    AtsDevice *dev = container_of(client, AtsDevice, client);
    AtsPending *pending = g_new(AtsPending, 1);
    uint64_t size_less_1 = what->last_iova - what->first_iova;

    dev->reg.invalidations++;
    dev->reg.invalidate = amdvi_ats_block(what->first_iova, 64 - clz64(size_less_1));
    pending->what = *what;
    pending->due_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + dev->reg.delay_ns;
    QSIMPLEQ_INSERT_TAIL(&dev->pending, pending, next);
    dev->reg.pending++;
    dev->reg.pending_max = MAX(dev->reg.pending_max, dev->reg.pending);
    answer_pending(dev);
}

static void forget_pending(AtsDevice *dev)
{
    AtsPending *pending;

    timer_del(dev->timer);
    while ((pending = QSIMPLEQ_FIRST(&dev->pending))) {
        QSIMPLEQ_REMOVE_HEAD(&dev->pending, next);
        g_free(pending);
    }
    dev->reg.pending = 0;
}

/* ---- Registers ------------------------------------------------------------------------------- */

static const size_t readable[] = {
    [ATSDEV_REG_RESULT / 8] = offsetof(AtsRegisters, result),
    [ATSDEV_REG_DONE / 8] = offsetof(AtsRegisters, done),
    [ATSDEV_REG_ADDRESS / 8] = offsetof(AtsRegisters, address),
    [ATSDEV_REG_LENGTH / 8] = offsetof(AtsRegisters, length),
    [ATSDEV_REG_MUTE / 8] = offsetof(AtsRegisters, mute),
    [ATSDEV_REG_DELAY / 8] = offsetof(AtsRegisters, delay_ns),
    [ATSDEV_REG_COMPLETION / 8] = offsetof(AtsRegisters, completion),
    [ATSDEV_REG_INVALIDATE / 8] = offsetof(AtsRegisters, invalidate),
    [ATSDEV_REG_REQUESTS / 8] = offsetof(AtsRegisters, requests),
    [ATSDEV_REG_HITS / 8] = offsetof(AtsRegisters, hits),
    [ATSDEV_REG_INVALIDATIONS / 8] = offsetof(AtsRegisters, invalidations),
    [ATSDEV_REG_ANSWERS / 8] = offsetof(AtsRegisters, answers),
    [ATSDEV_REG_PENDING / 8] = offsetof(AtsRegisters, pending),
    [ATSDEV_REG_PENDING_MAX / 8] = offsetof(AtsRegisters, pending_max),
    [ATSDEV_REG_UNTRANSLATED / 8] = offsetof(AtsRegisters, untranslated),
};

static uint64_t registers_read(void *opaque, hwaddr offset, unsigned size)
{
    AtsDevice *dev = opaque;

    if (offset >= ATSDEV_BUFFER) {
        return ldn_le_p(dev->buffer + (offset - ATSDEV_BUFFER), size);
    }
    switch (offset) {
    case ATSDEV_REG_RUNNING:
        return dev->reg.command != 0;
    case ATSDEV_REG_ENTRIES:
        return ats_cache_used(&dev->cache);
    case ATSDEV_REG_ENABLED:
        return is_enabled(dev);
    default:
        /* The command's place, and what is behind the table, read as 0. */
        if (offset / 8 >= ARRAY_SIZE(readable) || !readable[offset / 8]) {
            return 0;
        }
        return *(uint64_t *)((uint8_t *)&dev->reg + readable[offset / 8]);
    }
}

static void registers_write(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
    AtsDevice *dev = opaque;

    if (offset >= ATSDEV_BUFFER) {
        stn_le_p(dev->buffer + (offset - ATSDEV_BUFFER), size, value);
        return;
    }
    switch (offset) {
    case ATSDEV_REG_COMMAND:
        if (!dev->reg.command) {
            dev->reg.command = value;
            qemu_bh_schedule(dev->bh);
        }
        break;
    case ATSDEV_REG_ADDRESS:
        dev->reg.address = value;
        break;
    case ATSDEV_REG_LENGTH:
        dev->reg.length = value;
        break;
    case ATSDEV_REG_MUTE:
        dev->reg.mute = value & 1;
        answer_pending(dev);
        break;
    case ATSDEV_REG_DELAY:
        dev->reg.delay_ns = MIN(value, NANOSECONDS_PER_SECOND * UINT64_C(3600));
        break;
    }
}

/* The registers as 8 bytes; the buffer also byte by byte. */
static bool registers_accept(void *opaque, hwaddr offset, unsigned size, bool is_write,
                             MemTxAttrs attrs)
{
    return offset % size == 0 && (size == 8 || offset >= ATSDEV_BUFFER);
}

static const MemoryRegionOps registers_ops = {
    .read = registers_read,
    .write = registers_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8, .accepts = registers_accept},
    .impl = {.min_access_size = 1, .max_access_size = 8},
};

/* ---- Configuration space and reset ----------------------------------------------------------- */

static void atsdev_config_write(PCIDevice *pci, uint32_t address, uint32_t value, int length)
{
    AtsDevice *dev = AMDVI_ATS_TEST_DEVICE(pci);

    pci_default_write_config(pci, address, value, length);
    if (ranges_overlap(address, length, ATS_CAP_OFFSET + PCI_ATS_CTRL, 2) && !is_enabled(dev)) {
        ats_cache_drop(&dev->cache, 0, UINT64_MAX);
    }
}

static void atsdev_reset_hold(Object *object, ResetType type)
{
    AtsDevice *dev = AMDVI_ATS_TEST_DEVICE(object);

    qemu_bh_cancel(dev->bh);
    forget_pending(dev);
    ats_cache_drop(&dev->cache, 0, UINT64_MAX);
    pci_set_word(dev->parent_obj.config + ATS_CAP_OFFSET + PCI_ATS_CTRL, 0);
    dev->cache.next = 0;
    dev->reg = (AtsRegisters) {};
    memset(dev->buffer, 0, sizeof(dev->buffer));
    amdvi_ats_client_gone(&dev->client);
}

/* ---- Creation -------------------------------------------------------------------------------- */

static void atsdev_realize(PCIDevice *pci, Error **errp)
{
    AtsDevice *dev = AMDVI_ATS_TEST_DEVICE(pci);

    if (dev->queue_depth < 1 || dev->queue_depth > PCI_ATS_MAX_QDEP) {
        error_setg(errp, "queue-depth is 1 to %d", PCI_ATS_MAX_QDEP);
        return;
    }
    if (dev->cache_entries < 1 || dev->cache_entries > ATS_ENTRIES_MAX) {
        error_setg(errp, "cache-entries is 1 to %d", ATS_ENTRIES_MAX);
        return;
    }
    if (!pci_bus_is_express(pci_get_bus(pci))) {
        error_setg(errp, "ATS needs a PCI Express bus, such as that of a pcie-root-port");
        return;
    }
    if (pcie_endpoint_cap_init(pci, 0) < 0 || msi_init(pci, 0, 1, true, false, errp) < 0) {
        return;
    }
    pcie_ats_init(pci, ATS_CAP_OFFSET, true);
    /* Five bits, of which 0 means 32. */
    pci_set_word(pci->config + ATS_CAP_OFFSET + PCI_ATS_CAP,
                 PCI_ATS_CAP_PAGE_ALIGNED | PCI_ATS_CAP_QDEP(dev->queue_depth));

    dev->cache.count = dev->cache_entries;
    QSIMPLEQ_INIT(&dev->pending);
    dev->bh = qemu_bh_new_guarded(run_command, dev, &DEVICE(dev)->mem_reentrancy_guard);
    dev->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, answer_pending, dev);
    memory_region_init_io(&dev->registers, OBJECT(dev), &registers_ops, dev, "atsdev-registers",
                          ATSDEV_BAR_BYTES);
    pci_register_bar(pci, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &dev->registers);
    dev->client.device = pci;
    dev->client.invalidate = receive_invalidate;
    amdvi_ats_client_add(&dev->client);
}

static void atsdev_exit(PCIDevice *pci)
{
    AtsDevice *dev = AMDVI_ATS_TEST_DEVICE(pci);

    forget_pending(dev);
    amdvi_ats_client_remove(&dev->client);
    qemu_bh_delete(dev->bh);
    timer_free(dev->timer);
    msi_uninit(pci);
    pcie_cap_exit(pci);
}

static const Property atsdev_properties[] = {
    DEFINE_PROP_UINT8("queue-depth", AtsDevice, queue_depth, 32),
    DEFINE_PROP_UINT8("cache-entries", AtsDevice, cache_entries, 8),
};

/*
 * A cache may forget, so it is not saved. What is not answered yet is the IOMMU's to remember: it
 * sends it again.
 */
static const VMStateDescription atsdev_vmstate = {
    .name = TYPE_AMDVI_ATS_TEST_DEVICE,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj, AtsDevice),
        VMSTATE_UINT64(reg.mute, AtsDevice),
        VMSTATE_UINT64(reg.delay_ns, AtsDevice),
        VMSTATE_END_OF_LIST(),
    },
};

static void atsdev_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *device = DEVICE_CLASS(klass);
    PCIDeviceClass *pci = PCI_DEVICE_CLASS(klass);
    ResettableClass *resettable = RESETTABLE_CLASS(klass);

    device->desc = "Test device for amdvi, with a translation cache (ATS)";
    device->vmsd = &atsdev_vmstate;
    device_class_set_props(device, atsdev_properties);
    resettable->phases.hold = atsdev_reset_hold;
    pci->realize = atsdev_realize;
    pci->exit = atsdev_exit;
    pci->config_write = atsdev_config_write;
    pci->vendor_id = ATSDEV_VENDOR_ID;
    pci->device_id = ATSDEV_DEVICE_ID;
    pci->class_id = PCI_CLASS_OTHERS;
}

static const TypeInfo atsdev_types[] = {
    {
        .name = TYPE_AMDVI_ATS_TEST_DEVICE,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(AtsDevice),
        .class_init = atsdev_class_init,
        .interfaces = (InterfaceInfo[]) {
            {INTERFACE_PCIE_DEVICE},
            {},
        },
    },
};

DEFINE_TYPES(atsdev_types)
