/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's one x86-iommu object. The rest of QEMU finds it by its parent type: so that no
 * second kind of IOMMU is accepted, and so that KVM's interrupt routes are remapped.
 */
#include "qemu/osdep.h"
#include "hw/pci/msi.h"
#include "amdvi.h"

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
    return amdvi_intr_remap(core->unit, NULL, device_id, in, out) ? 0 : -EINVAL;
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
