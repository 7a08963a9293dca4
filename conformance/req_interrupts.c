/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Interrupt remapping. */
#include "requirement.h"

static void iv_clear_passes_interrupts(struct rig *rig)
{
    rig_enable(rig);
    rig_interrupt(rig, rig->device, 0xfee00000, 0x0041);
    RIG_MESSAGE(rig, .destination = 0, .delivery = TARGET_FIXED, .vector = 0x41);
    RIG_NO_EVENTS(rig);
}

static void remaps(struct rig *rig)
{
    uint64_t table = rig_pages(rig, 2, 0x2000);
    struct rig_dte dte = {{0, 0, 0, 0}};

    rig_enable(rig);
    rig_dte_remap(&dte, table, 9);
    rig_set_dte(rig, rig->device, dte);
    /* RemapEn, destination 0, vector 52h. */
    rig_store32(rig, table + 4 * UINT64_C(0x41), 0x00520001);
    rig_interrupt(rig, rig->device, 0xfee00000, 0x0041);
    RIG_MESSAGE(rig, .destination = 0, .delivery = TARGET_FIXED, .vector = 0x52);
}

static const struct requirement list[] = {
    REQUIREMENT("INT-001", "With IV=0, a fixed interrupt passes as it came",
                "1.20, device table entry", CAN_MSI, iv_clear_passes_interrupts),
    REQUIREMENT("INT-002",
                "With IntCtl=10b a fixed interrupt becomes what the entry of its vector says",
                "1.20, interrupt remapping table entry", CAN_MSI, remaps),
    LIST_END,
};

const struct requirement_area area_interrupts = {"INT", "Interrupt remapping", list};
