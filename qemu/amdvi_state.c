/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saved state and migration. The IOMMU's part is the library's, in the library's own format; ours is
 * the PCI function, and what waits for a bottom half.
 *
 * While the machine is stopped no bottom half of ours does anything: memory may have been saved
 * already, and in a machine that is being loaded the local APICs may not be there yet. What waits is
 * kept, saved with the rest, and gone on with when the machine runs.
 */
#include "qemu/osdep.h"
#include "migration/vmstate.h"
#include "qemu/atomic.h"
#include "qemu/error-report.h"
#include "system/runstate.h"
#include "amdvi.h"

static int unit_pre_save(void *opaque)
{
    AmdviUnit *unit = opaque;
    size_t bytes;

    unit->saved = g_malloc(AMDVI_SAVED_BYTES_MAX);
    if (amdvi_iommu_save(unit->iommu, unit->saved, AMDVI_SAVED_BYTES_MAX, &bytes) != AMDVI_OK) {
        error_report("amdvi: the state of %s cannot be saved",
                     object_get_canonical_path_component(OBJECT(unit)));
        return -EINVAL;
    }
    unit->saved_bytes = bytes;
    return 0;
}

static int unit_post_save(void *opaque)
{
    AmdviUnit *unit = opaque;

    g_free(unit->saved);
    unit->saved = NULL;
    return 0;
}

static int unit_pre_load(void *opaque)
{
    return unit_post_save(opaque);
}

static bool unit_saved_bytes_fit(void *opaque, int version)
{
    AmdviUnit *unit = opaque;

    return unit->saved_bytes <= AMDVI_SAVED_BYTES_MAX;
}

/*
 * Other devices may ask for translations as soon as they are loaded, so the window and all else is
 * put in place here. Requester ids are not looked at: bridges are loaded later.
 */
static int unit_post_load(void *opaque, int version)
{
    AmdviUnit *unit = opaque;
    enum amdvi_status status;

    amdvi_commands_begin(unit);
    amdvi_iommu_reset(unit->iommu);
    amdvi_ats_forget(unit);
    status = amdvi_iommu_load(unit->iommu, unit->saved, unit->saved_bytes);
    amdvi_commands_end(unit);
    unit_post_save(unit);
    if (status != AMDVI_OK) {
        error_report("amdvi: the saved state of %s is damaged, or of a device with other properties",
                     object_get_canonical_path_component(OBJECT(unit)));
        return -EINVAL;
    }
    amdvi_waits_loaded(unit);
    amdvi_window_update(unit);
    unit->is_loaded = true;
    return 0;
}

const VMStateDescription amdvi_unit_vmstate = {
    .name = TYPE_AMDVI_UNIT,
    .version_id = 1,
    .minimum_version_id = 1,
    .priority = MIG_PRI_IOMMU,
    .pre_save = unit_pre_save,
    .post_save = unit_post_save,
    .pre_load = unit_pre_load,
    .post_load = unit_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj, AmdviUnit),
        VMSTATE_BOOL(msi_pending, AmdviUnit),
        VMSTATE_BOOL(work_pending, AmdviUnit),
        VMSTATE_UINT32(saved_bytes, AmdviUnit),
        VMSTATE_VALIDATE("the state's length is possible", unit_saved_bytes_fit),
        VMSTATE_VBUFFER_ALLOC_UINT32(saved, AmdviUnit, 1, NULL, saved_bytes),
        VMSTATE_END_OF_LIST(),
    },
};

/* ---- What waits ------------------------------------------------------------------------------ */

void amdvi_later(bool *pending, QEMUBH *bh)
{
    qatomic_set(pending, true);
    qemu_bh_schedule(bh);
}

bool amdvi_now(bool *pending)
{
    return runstate_is_running() && qatomic_xchg(pending, false);
}

static void unit_vm_state_changed(void *opaque, bool is_running, RunState state)
{
    AmdviUnit *unit = opaque;

    if (!is_running) {
        return;
    }
    qemu_bh_schedule(unit->msi_bh);
    qemu_bh_schedule(unit->work_bh);
    amdvi_ats_go_on(unit);
    if (unit->is_loaded) {
        /* All devices have their bus numbers again: KVM's routes are to be made by these. */
        unit->is_loaded = false;
        x86_iommu_iec_notify_all(X86_IOMMU_DEVICE(unit->core), true, 0, 0);
    }
}

void amdvi_state_init(AmdviUnit *unit)
{
    qdev_add_vm_change_state_handler(DEVICE(unit), unit_vm_state_changed, unit);
}
