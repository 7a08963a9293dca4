/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's one x86-iommu object, which all units share, and which unit governs which root bus.
 * The rest of QEMU finds it by its parent type: so that no second kind of IOMMU is accepted, and so
 * that KVM's interrupt routes are remapped.
 */
#include "qemu/osdep.h"
#include "hw/i386/pc.h"
#include "hw/pci/msi.h"
#include "hw/pci/pci_bus.h"
#include "qapi/error.h"
#include "qapi/util.h"
#include "amdvi.h"

/* ---- Root buses ------------------------------------------------------------------------------ */

/* The first root bus, or the one that the pxb-pcie device of that id makes. */
static PCIBus *root_find(PCIBus *first, const char *name)
{
    PCIBus *bus;

    if (!name || g_str_equal(name, BUS(first)->name)) {
        return first;
    }
    QLIST_FOREACH(bus, &first->child, sibling) {
        if (pci_bus_is_root(bus) && bus->parent_dev &&
            g_strcmp0(DEVICE(bus->parent_dev)->id, name) == 0) {
            return bus;
        }
    }
    return NULL;
}

static AmdviUnit *unit_of_root(AmdviCore *core, PCIBus *root)
{
    for (unsigned i = 0; i < core->unit_count; i++) {
        if (core->units[i]->root_bus == root) {
            return core->units[i];
        }
    }
    return NULL;
}

AmdviUnit *amdvi_core_unit_of_bus(AmdviCore *core, PCIBus *bus)
{
    AmdviUnit *unit = NULL;

    if (pci_bus_bypass_iommu(bus)) {
        return NULL;
    }
    while (bus && !unit) {
        unit = unit_of_root(core, bus);
        bus = bus->parent_dev ? pci_get_bus(bus->parent_dev) : NULL;
    }
    return unit;
}

typedef struct BusSearch {
    int number;
    PCIBus *found;
} BusSearch;

static void bus_compare(PCIBus *bus, void *opaque)
{
    BusSearch *search = opaque;

    if (pci_bus_num(bus) == search->number) {
        search->found = bus;
    }
}

/* A bus in the middle of being renumbered is no one's; it is behind the first unit then. */
static AmdviUnit *unit_of_device(AmdviCore *core, uint16_t device_id)
{
    BusSearch search = {.number = PCI_BUS_NUM(device_id)};
    AmdviUnit *unit = NULL;

    pci_for_each_bus(core->units[0]->root_bus, bus_compare, &search);
    if (search.found) {
        unit = amdvi_core_unit_of_bus(core, search.found);
    }
    return unit ? unit : core->units[0];
}

/* ---- Units join ------------------------------------------------------------------------------ */

static AmdviCore *core_create(OnOffAuto intremap, Error **errp)
{
    Object *object = object_new(TYPE_AMDVI_CORE);
    AmdviCore *core = AMDVI_CORE(object);
    bool is_realized;

    if (intremap != ON_OFF_AUTO_AUTO) {
        object_property_set_str(object, "intremap", OnOffAuto_str(intremap), &error_abort);
    }
    object_property_add_child(OBJECT(qdev_get_machine()), TYPE_AMDVI_CORE, object);
    is_realized = sysbus_realize(SYS_BUS_DEVICE(core), errp);
    object_unref(object);
    return is_realized ? core : NULL;
}

static bool core_check_intremap(AmdviCore *core, OnOffAuto wanted, Error **errp)
{
    OnOffAuto is = x86_iommu_ir_supported(X86_IOMMU_DEVICE(core)) ? ON_OFF_AUTO_ON :
                                                                   ON_OFF_AUTO_OFF;

    if (wanted != ON_OFF_AUTO_AUTO && wanted != is) {
        error_setg(errp, "intremap is %s for the whole machine; say intremap=%s to the first amdvi",
                   OnOffAuto_str(is), OnOffAuto_str(wanted));
        return false;
    }
    return true;
}

/* The root bus that @unit is to govern, if it can. */
static PCIBus *root_take(AmdviCore *core, AmdviUnit *unit, Error **errp)
{
    PCIBus *first = pci_get_bus(PCI_DEVICE(unit));
    PCIBus *root = root_find(first, unit->root);
    AmdviUnit *other;

    if (!root) {
        error_setg(errp, "root=%s: there is no such root bus; it is the id of a pxb-pcie device that "
                   "comes before", unit->root);
        return NULL;
    }
    if (!core && root != first) {
        error_setg(errp, "root=%s: the first amdvi must be that of the root bus %s", unit->root,
                   BUS(first)->name);
        return NULL;
    }
    other = core ? unit_of_root(core, root) : NULL;
    if (other) {
        error_setg(errp, "the root bus %s has an IOMMU already (%s), and only one is possible; "
                   "root= names another root bus", BUS(root)->name,
                   object_get_canonical_path_component(OBJECT(other)));
        return NULL;
    }
    if (pci_bus_bypass_iommu(root)) {
        error_setg(errp, "the root bus %s is set to bypass IOMMUs", BUS(root)->name);
        return NULL;
    }
    return root;
}

bool amdvi_core_join(AmdviUnit *unit, Error **errp)
{
    PCMachineState *pcms = PC_MACHINE(qdev_get_machine());
    AmdviCore *core = (AmdviCore *)object_dynamic_cast(OBJECT(pcms->iommu), TYPE_AMDVI_CORE);

    if (pcms->iommu && !core) {
        error_setg(errp, "the machine has an IOMMU already (%s), and only one kind is supported",
                   object_get_typename(OBJECT(pcms->iommu)));
        return false;
    }
    unit->root_bus = root_take(core, unit, errp);
    if (!unit->root_bus) {
        return false;
    }
    if (!core) {
        core = core_create(unit->intremap, errp);
    } else if (!core_check_intremap(core, unit->intremap, errp)) {
        return false;
    }
    if (!core) {
        return false;
    }
    if (core->unit_count == AMDVI_UNITS_MAX) {
        error_setg(errp, "there are %d amdvi devices already, and no more are possible",
                   AMDVI_UNITS_MAX);
        return false;
    }
    unit->core = core;
    unit->index = core->unit_count;
    core->units[core->unit_count++] = unit;
    return true;
}

/* ---- The object ------------------------------------------------------------------------------ */

/*
 * KVM wants to know what a message becomes, to keep it as a route; x86_iommu_iec_notify_all() makes
 * it ask again. The IOAPIC is the only one who asks with no requester.
 */
static int core_int_remap(X86IOMMUState *iommu, MSIMessage *in, MSIMessage *out, uint16_t device_id)
{
    AmdviCore *core = AMDVI_CORE(iommu);

    if (device_id == X86_IOMMU_SID_INVALID) {
        device_id = AMDVI_IOAPIC_DEVICE_ID;
    }
    return amdvi_intr_remap(unit_of_device(core, device_id), NULL, device_id, in, out) ? 0 :
                                                                                         -EINVAL;
}

static void core_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *device = DEVICE_CLASS(klass);
    X86IOMMUClass *iommu = X86_IOMMU_DEVICE_CLASS(klass);

    device->desc = "Internal part of the amdvi device";
    device->user_creatable = false;
    device->hotpluggable = false;
    iommu->int_remap = core_int_remap;
}

static const TypeInfo amdvi_core_types[] = {
    {
        .name = TYPE_AMDVI_CORE,
        .parent = TYPE_X86_IOMMU_DEVICE,
        .instance_size = sizeof(AmdviCore),
        .class_init = core_class_init,
    },
};

DEFINE_TYPES(amdvi_core_types)
