/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IOMMU's own PCI function: capability block, MSI, register window, reset and properties. It
 * keeps no register: the capability block's part of configuration space and the window are the
 * library's.
 */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "hw/acpi/acpi_aml_interface.h"
#include "hw/i386/e820_memory_layout.h"
#include "hw/i386/pc.h"
#include "hw/pci/msi.h"
#include "hw/pci/pci_bus.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "amdvi.h"

#include <amdvi/cap.h>
#include <amdvi/regs.h>

#define AMDVI_DEVICE_ID_UNIT 0x0fff
#define AMDVI_DEVICE_ID_SMBUS 0x0ffe

typedef struct AmdviSmbus {
    PCIDevice parent_obj;
} AmdviSmbus;

/* DMA threads besides the vCPUs: the main loop and IOThreads. */
#define OTHER_THREADS 64

#define COMMANDS_PER_WRITE 512

/* ---- Register window ------------------------------------------------------------------------- */

static uint64_t window_read(void *opaque, hwaddr offset, unsigned size)
{
    AmdviUnit *unit = opaque;

    return amdvi_iommu_mmio_read(unit->iommu, offset, size);
}

static void window_write(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
    AmdviUnit *unit = opaque;

    amdvi_commands_begin(unit);
    if (QEMU_ALIGN_DOWN(offset, 8) == amdvi_regs[AMDVI_REG_CMD_BUF_TAIL].offset) {
        amdvi_waits_doorbell(unit);
    }
    amdvi_iommu_mmio_write(unit->iommu, offset, size, value);
    amdvi_commands_end(unit);
}

static const MemoryRegionOps window_ops = {
    .read = window_read,
    .write = window_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8},
    .impl = {.min_access_size = 1, .max_access_size = 8},
};

void amdvi_window_update(AmdviUnit *unit)
{
    uint64_t spa = unit->window_spa;
    bool is_enabled = amdvi_iommu_window(unit->iommu, &spa);

    memory_region_transaction_begin();
    memory_region_set_address(&unit->window, spa);
    memory_region_set_enabled(&unit->window, is_enabled);
    memory_region_transaction_commit();
}

/* ---- Configuration space --------------------------------------------------------------------- */

/* Is the byte at @address of configuration space one of the capability block? */
static bool is_in_block(const AmdviUnit *unit, uint32_t address)
{
    return address - unit->cap_offset < AMDVI_CAP_SIZE;
}

static uint32_t unit_config_read(PCIDevice *pci, uint32_t address, int length)
{
    AmdviUnit *unit = AMDVI_UNIT(pci);
    uint32_t value = pci_default_read_config(pci, address, length);

    for (int i = 0; i < length; i++) {
        if (is_in_block(unit, address + i)) {
            uint32_t byte = amdvi_iommu_cap_read(unit->iommu, address + i - unit->cap_offset, 1);

            value = deposit32(value, 8 * i, 8, byte);
        }
    }
    return value;
}

static void unit_config_write(PCIDevice *pci, uint32_t address, uint32_t value, int length)
{
    AmdviUnit *unit = AMDVI_UNIT(pci);
    uint32_t offset = address - unit->cap_offset;

    if (address % length == 0 && is_in_block(unit, address)) {
        amdvi_iommu_cap_write(unit->iommu, offset, length, value);
        amdvi_window_update(unit);
        return;
    }
    pci_default_write_config(pci, address, value, length);
    for (int i = length; i-- > 0;) {
        /* The lowest byte last: Enable is in it, and locks the others. */
        if (is_in_block(unit, address + i)) {
            amdvi_iommu_cap_write(unit->iommu, offset + i, 1, extract32(value, 8 * i, 8));
            amdvi_window_update(unit);
        }
    }
}

/* ---- Reset ----------------------------------------------------------------------------------- */

/*
 * In the exit phase: until then other devices may still do DMA, and must do it as before.
 * Afterwards the block is as firmware leaves it: the window set, enabled and thereby locked.
 */
static void unit_reset_exit(Object *object, ResetType type)
{
    AmdviUnit *unit = AMDVI_UNIT(object);

    amdvi_commands_begin(unit);
    amdvi_iommu_reset(unit->iommu);
    amdvi_commands_end(unit);
    qatomic_set(&unit->msi_pending, false);
    amdvi_iommu_cap_write(unit->iommu, AMDVI_CAP_OFFSET_BASE_HIGH, 4, unit->window_spa >> 32);
    amdvi_iommu_cap_write(unit->iommu, AMDVI_CAP_OFFSET_BASE_LOW, 4,
                          (uint32_t)unit->window_spa | AMDVI_CAP_BASE_LOW_ENABLE);
    amdvi_window_update(unit);
}

/* ---- Creation -------------------------------------------------------------------------------- */

static bool unit_check_place(AmdviUnit *unit, Error **errp)
{
    PCMachineState *pcms = (PCMachineState *)object_dynamic_cast(qdev_get_machine(),
                                                                 TYPE_PC_MACHINE);

    if (!pcms || !pcms->pcibus) {
        error_setg(errp, "amdvi needs a PC machine with PCI, such as -machine q35");
        return false;
    }
    if (pci_get_bus(PCI_DEVICE(unit)) != pcms->pcibus) {
        error_setg(errp, "amdvi belongs on the machine's first root bus: bus=%s",
                   BUS(pcms->pcibus)->name);
        return false;
    }
    return true;
}

/* The threads that can ask for translations, each with a reader. One more is the big lock's. */
static unsigned unit_readers_count(void)
{
    return MIN(MACHINE(qdev_get_machine())->smp.max_cpus + OTHER_THREADS, AMDVI_READERS_MAX - 1);
}

static bool unit_create_iommu(AmdviUnit *unit, Error **errp)
{
    struct amdvi_config config;
    struct amdvi_host host;
    enum amdvi_status status;

    amdvi_config_init(&config);
    unit->readers_count = unit_readers_count();
    config.cap_next = PCI_DEVICE(unit)->config[unit->cap_offset + PCI_CAP_LIST_NEXT];
    config.readers = unit->readers_count + 1;
    config.tlb_entries = unit->tlb_entries;
    config.dte_entries = unit->dte_entries;
    config.irte_entries = unit->irte_entries;
    config.commands_per_write = COMMANDS_PER_WRITE;
    config.features.iotlb_sup = unit->device_iotlb;
    if (!amdvi_preboot_parse(unit->preboot_block, &config.features, errp)) {
        return false;
    }
    unit->features = config.features;
    amdvi_host_init(unit, &host);
    status = amdvi_iommu_create(&unit->iommu, &config, &host, NULL);
    if (status != AMDVI_OK) {
        error_setg(errp, "the amdvi IOMMU cannot be created: %s", status == AMDVI_ERR_NO_MEMORY ?
                   "no memory" : "a property is out of range (tlb-entries and irte-entries are at "
                   "most 1048576, dte-entries at most 65536)");
        return false;
    }
    for (unsigned i = 0; i < unit->readers_count; i++) {
        unit->readers[i] = amdvi_iommu_reader(unit->iommu, i);
    }
    unit->locked_reader = amdvi_iommu_reader(unit->iommu, unit->readers_count);
    QLIST_INIT(&unit->unleased);
    amdvi_thread_unit_added(unit);
    amdvi_memory_init(unit);
    return true;
}

/* The IOAPIC's requester is on the machine's first root bus. */
static bool unit_has_ioapic(AmdviUnit *unit)
{
    return unit->index == 0;
}

/*
 * The IOAPIC's requester is a function of its own, since Linux from 7.3 on looks there for a south
 * bridge's SMBus controller and otherwise leaves interrupts unmapped.
 */
static bool unit_create_smbus(AmdviUnit *unit, Error **errp)
{
    PCIDevice *smbus = pci_new(AMDVI_IOAPIC_DEVFN, TYPE_AMDVI_SMBUS);

    return pci_realize_and_unref(smbus, pci_get_bus(PCI_DEVICE(unit)), errp);
}

static void unit_realize(PCIDevice *pci, Error **errp)
{
    AmdviUnit *unit = AMDVI_UNIT(pci);
    X86MachineState *x86ms;
    int cap_offset;

#ifdef AMDVI_STOCK_H
    if (!amdvi_stock_begin(pci, errp)) {
        return;
    }
#endif
    if (!unit_check_place(unit, errp) || !amdvi_core_join(unit, errp)) {
        return;
    }
    pci_config_set_vendor_id(pci->config, unit->vendor_id);
    pci_config_set_device_id(pci->config, unit->device_id);
    unit->window_spa = AMDVI_WINDOW_SPA + unit->index * AMDVI_WINDOW_BYTES;

    /* First, so that it lies where Linux's messages have it: 40h. */
    cap_offset = pci_add_capability(pci, AMDVI_CAP_ID_SECURE_DEVICE, 0, AMDVI_CAP_SIZE, errp);
    if (cap_offset < 0) {
        return;
    }
    unit->cap_offset = cap_offset;
    if (!unit_create_iommu(unit, errp) || msi_init(pci, 0, 1, true, false, errp) < 0) {
        return;
    }
    if (unit_has_ioapic(unit) && !unit_create_smbus(unit, errp)) {
        return;
    }
    memory_region_init_io(&unit->window, OBJECT(unit), &window_ops, unit, "amdvi-registers",
                          AMDVI_WINDOW_BYTES);
    memory_region_set_enabled(&unit->window, false);
    memory_region_add_subregion(get_system_memory(), unit->window_spa, &unit->window);
    e820_add_entry(unit->window_spa, AMDVI_WINDOW_BYTES, E820_RESERVED);

    amdvi_dma_init(unit);
    amdvi_state_init(unit);
    if (unit_has_ioapic(unit) && amdvi_intremap_enabled(unit)) {
        x86ms = X86_MACHINE(qdev_get_machine());
        x86ms->ioapic_as = &amdvi_endpoint_get(unit, pci_get_bus(pci), AMDVI_IOAPIC_DEVFN)->as;
    }
}

static char *unit_get_stats(Object *object, Error **errp)
{
    AmdviUnit *unit = AMDVI_UNIT(object);

    return unit->iommu ? amdvi_stats_json(unit) : g_strdup("{}");
}

/* What the properties say before the user does: the library's own choice. */
static void unit_init(Object *object)
{
    AmdviUnit *unit = AMDVI_UNIT(object);
    struct amdvi_config config;

    amdvi_config_init(&config);
    unit->tlb_entries = config.tlb_entries;
    unit->dte_entries = config.dte_entries;
    unit->irte_entries = config.irte_entries;
}

static void unit_finalize(Object *object)
{
    AmdviUnit *unit = AMDVI_UNIT(object);

    if (unit->iommu) {
        amdvi_memory_finalize(unit);
        amdvi_thread_unit_removed(unit);
        qemu_bh_delete(unit->msi_bh);
        qemu_bh_delete(unit->work_bh);
        amdvi_ats_finalize(unit);
        amdvi_iommu_destroy(unit->iommu);
    }
}

static const Property unit_properties[] = {
    DEFINE_PROP_UINT16("x-pci-vendor-id", AmdviUnit, vendor_id, PCI_VENDOR_ID_REDHAT),
    DEFINE_PROP_UINT16("x-pci-device-id", AmdviUnit, device_id, AMDVI_DEVICE_ID_UNIT),
    DEFINE_PROP_UINT32("tlb-entries", AmdviUnit, tlb_entries, 0),
    DEFINE_PROP_UINT32("dte-entries", AmdviUnit, dte_entries, 0),
    DEFINE_PROP_UINT32("irte-entries", AmdviUnit, irte_entries, 0),
    DEFINE_PROP_STRING("root", AmdviUnit, root),
    DEFINE_PROP_ON_OFF_AUTO("intremap", AmdviUnit, intremap, ON_OFF_AUTO_AUTO),
    DEFINE_PROP_STRING("preboot-block", AmdviUnit, preboot_block),
    DEFINE_PROP_BOOL("device-iotlb", AmdviUnit, device_iotlb, true),
};

static void unit_build_dev_aml(AcpiDevAmlIf *device, Aml *scope)
{
    AmdviUnit *unit = AMDVI_UNIT(device);

    /* One table for all units. */
    if (unit->index == 0) {
        amdvi_acpi_update(unit->core);
    }
}

static void unit_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *device = DEVICE_CLASS(klass);
    PCIDeviceClass *pci = PCI_DEVICE_CLASS(klass);
    ResettableClass *resettable = RESETTABLE_CLASS(klass);
    AcpiDevAmlIfClass *acpi = ACPI_DEV_AML_IF_CLASS(klass);

    device->desc = "AMD IOMMU, revision 1.20 (libamdvi)";
    device->hotpluggable = false;
    device->vmsd = &amdvi_unit_vmstate;
    device_class_set_props(device, unit_properties);
    set_bit(DEVICE_CATEGORY_MISC, device->categories);
    pci->realize = unit_realize;
    pci->config_read = unit_config_read;
    pci->config_write = unit_config_write;
    pci->vendor_id = PCI_VENDOR_ID_REDHAT;
    pci->device_id = AMDVI_DEVICE_ID_UNIT;
    pci->class_id = AMDVI_PCI_CLASS;
    resettable->phases.exit = unit_reset_exit;
    acpi->build_dev_aml = unit_build_dev_aml;
    object_class_property_add_str(klass, "stats", unit_get_stats, NULL);
    object_class_property_set_description(klass, "stats", "counters, as JSON");
}

static const VMStateDescription smbus_vmstate = {
    .name = TYPE_AMDVI_SMBUS,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj, AmdviSmbus),
        VMSTATE_END_OF_LIST(),
    },
};

static void smbus_realize(PCIDevice *pci, Error **errp)
{
}

static void smbus_class_init(ObjectClass *klass, void *data)
{
    PCIDeviceClass *pci = PCI_DEVICE_CLASS(klass);

    DEVICE_CLASS(klass)->desc = "Requester of the IOAPIC behind amdvi; does nothing";
    DEVICE_CLASS(klass)->user_creatable = false;
    DEVICE_CLASS(klass)->vmsd = &smbus_vmstate;
    DEVICE_CLASS(klass)->hotpluggable = false;
    pci->realize = smbus_realize;
    pci->vendor_id = PCI_VENDOR_ID_REDHAT;
    pci->device_id = AMDVI_DEVICE_ID_SMBUS;
    pci->class_id = PCI_CLASS_SERIAL_SMBUS;
}

static const TypeInfo amdvi_types[] = {
    {
        .name = TYPE_AMDVI_UNIT,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(AmdviUnit),
        .instance_init = unit_init,
        .instance_finalize = unit_finalize,
        .class_init = unit_class_init,
        .interfaces = (InterfaceInfo[]) {
            {INTERFACE_CONVENTIONAL_PCI_DEVICE},
            {TYPE_ACPI_DEV_AML_IF},
            {},
        },
    }, {
        .name = TYPE_AMDVI_SMBUS,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(AmdviSmbus),
        .class_init = smbus_class_init,
        .interfaces = (InterfaceInfo[]) {
            {INTERFACE_CONVENTIONAL_PCI_DEVICE},
            {},
        },
    },
};

DEFINE_TYPES(amdvi_types)
