/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: Interrupt remapping: which interrupts pass, are aborted or remapped, by IV, IntCtl
 * and the bits that pass a class. The table is in req_interrupt_tables.c, what else the device
 * table says in req_interrupt_device_table.c, HyperTransport's own messages are in
 * req_ht_interrupts.c.
 */
#include "interrupts.h"

#define ENTRY  "1.20, device table entry"
#define SOURCE "1.20, interrupt remapping table entry"

/* ---- Unmapped -------------------------------------------------------------------------------- */

static void iv_clear_passes_interrupts(struct rig *rig)
{
    rig_enable(rig);
    rig_interrupt(rig, rig->device, MSI_BASE, 0x0041);
    RIG_MESSAGE(rig, .destination = 0, .delivery = TARGET_FIXED, .vector = 0x41);
    RIG_NO_EVENTS(rig);
}

static void remaps(struct rig *rig)
{
    uint64_t table = remap(rig, 9, 0);

    /* RemapEn, destination 0, vector 52h. */
    set_irte(rig, table, 0x41, 0x00520001);
    send(rig, 0x41);
    RIG_MESSAGE(rig, .destination = 0, .delivery = TARGET_FIXED, .vector = 0x52);
}

/* Messages of every delivery mode that has one, and all parts of them. */
static void all_pass(struct rig *rig)
{
    static const unsigned modes[] = {0, 1, 2, 4, 5, 7};

    for (unsigned i = 0; i < 6; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            passes(rig, MSI_BASE | UINT64_C(0x1000) << bit, MODE(modes[i]) | 0x31);
            passes(rig, MSI_BASE | MSI_DM | UINT64_C(0x1000) << bit, MODE(modes[i]) | (1u << bit));
        }
    }
    passes(rig, MSI_BASE | 0x3000, 0xc041); /* level, asserted */
}

static void iv_clear_all(struct rig *rig)
{
    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV, 0, UINT64_MAX & ~Q2_IV, UINT64_MAX);
    all_pass(rig);
}

static void off_all(struct rig *rig)
{
    rig_store_dte(rig, rig->device, (struct rig_dte){{Q0_V, 0, Q2_IV, 0}});
    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
    all_pass(rig);
}

static void int_ctl_01(struct rig *rig)
{
    rig_enable(rig);
    control(rig, Q2_INT_CTL_PASS);
    for (unsigned bit = 0; bit < 8; bit++) {
        passes(rig, MSI_BASE | UINT64_C(0x1000) << bit, 0x41);
        passes(rig, MSI_BASE | MSI_DM, MODE(1) | (1u << bit));
    }
    passes(rig, MSI_BASE | 0x3000, 0xc041);
}

/* ---- IntCtl ---------------------------------------------------------------------------------- */

static void int_ctl_00(struct rig *rig)
{
    rig_enable(rig);
    control(rig, 0);
    send(rig, 0x41);
    RIG_NO_MESSAGE(rig);
    CHOOSE_LOGGED(rig, invalid_request(rig, 5, MSI_BASE), "INVALID_DEVICE_REQUEST", "nothing");
    send(rig, MODE(1) | 0x41);
    RIG_NO_MESSAGE(rig);
    CHOOSE_LOGGED(rig, invalid_request(rig, 5, MSI_BASE), "INVALID_DEVICE_REQUEST", "nothing");
}

static void int_ctl_11(struct rig *rig)
{
    rig_enable(rig);
    control(rig, Q2_INT_CTL(3));
    send(rig, 0x41);
    RIG_NO_MESSAGE(rig);
    CHOOSE_EVENT(rig, illegal_entry(rig, EVENT_I | EVENT_RZ, MSI_BASE), "RZ=1",
                 illegal_entry(rig, EVENT_I, MSI_BASE), "RZ=0");
    send(rig, MODE(1) | 0x41);
    RIG_NO_MESSAGE(rig);
    CHOOSE_EVENT(rig, illegal_entry(rig, EVENT_I | EVENT_RZ, MSI_BASE), "RZ=1",
                 illegal_entry(rig, EVENT_I, MSI_BASE), "RZ=0");
}

static void int_ctl_of_other_classes(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned ctl = 0; ctl < 4; ctl++) {
        control(rig, Q2_INT_CTL(ctl) | Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS);
        passes(rig, MSI_BASE | 0x5000, MODE(2));
        passes(rig, MSI_BASE | 0x5000, MODE(4));
        passes(rig, MSI_BASE | 0x5000, MODE(5));
        passes(rig, MSI_BASE | 0x5000, MODE(7));
    }
}

/* ---- Classes --------------------------------------------------------------------------------- */

static void smi_passes(struct rig *rig)
{
    uint64_t table = remap(rig, 11, 0);

    for (uint32_t index = 0; index < 2048; index++) {
        rig_store32(rig, table + 4 * (uint64_t)index, IRTE_REMAP_EN | IRTE_VECTOR(0x99));
    }
    passes(rig, MSI_BASE | 0x5000, MODE(2) | 0x41);
    passes(rig, MSI_BASE | MSI_DM | 0x5000, MODE(2) | 0x41);
    control(rig, 0);
    passes(rig, MSI_BASE, MODE(2) | 0x41);
}

static void pass_bits(struct rig *rig)
{
    static const uint64_t bits[] = {Q2_NMI_PASS, Q2_INIT_PASS, Q2_EXT_INT_PASS};
    static const unsigned modes[] = {4, 5, 7};

    rig_enable(rig);
    for (unsigned set = 0; set < 8; set++) {
        uint64_t q2 = Q2_INT_CTL_PASS | Q2_LINT0_PASS | Q2_LINT1_PASS;

        for (unsigned i = 0; i < 3; i++) {
            q2 |= (set >> i & 1) != 0 ? bits[i] : 0;
        }
        control(rig, q2);
        for (unsigned i = 0; i < 3; i++) {
            rig_interrupt(rig, rig->device, MSI_BASE | 0x7000, MODE(modes[i]));
            if ((set >> i & 1) != 0) {
                RIG_MESSAGE(rig, .destination = 7, .delivery = (uint8_t)modes[i]);
            } else {
                RIG_NO_MESSAGE(rig);
            }
        }
        RIG_NO_EVENTS(rig);
    }
}

static void logical_is_not_passed(struct rig *rig)
{
    static const unsigned modes[] = {4, 5, 7};

    rig_enable(rig);
    control(rig, Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS | Q2_INT_CTL_PASS);
    for (unsigned i = 0; i < 3; i++) {
        passes(rig, MSI_BASE | 0x7000, MODE(modes[i]));
        rig_interrupt(rig, rig->device, MSI_BASE | 0x7000 | MSI_DM, MODE(modes[i]));
        RIG_NO_MESSAGE(rig);
        RIG_NO_EVENTS(rig);
    }
}

static void not_passed_is_silent(struct rig *rig)
{
    rig_enable(rig);
    control(rig, Q2_INT_CTL_PASS);
    send(rig, MODE(4));
    RIG_NO_MESSAGE(rig);
    CHOOSE_LOGGED(rig, rig_fault(rig, EVENT_I, MSI_BASE), "IO_PAGE_FAULT", "nothing");
}

static void reserved_modes(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned ctl = 0; ctl < 3; ctl++) {
        control(rig, Q2_INT_CTL(ctl) | Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS |
                         Q2_LINT0_PASS | Q2_LINT1_PASS | Q2_INT_TAB(11));
        send(rig, MODE(3) | 0x41);
        send(rig, MODE(6) | 0x41);
        RIG_NO_MESSAGE(rig);
    }
    struct rig_event events[8];
    rig_outcome(rig, rig_take_events(rig, events, 8) == 0 ? "nothing" : "an event");
}

static void passed_classes_read_no_table(struct rig *rig)
{
    uint64_t table = remap(rig, 11, Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS);
    static const unsigned modes[] = {2, 3, 4, 5, 6, 7};

    rig_touches_begin(rig);
    for (unsigned i = 0; i < 6; i++) {
        struct target_message got[2];
        send(rig, MODE(modes[i]) | 0x41);
        rig->target->ops->messages(rig->target, got, 2);
    }
    CHECK(!rig_touched(rig, table, 0x2000));
    send(rig, 0x41);
    RIG_NO_MESSAGE(rig);
    CHECK(rig_touched(rig, table + 4 * UINT64_C(0x41), 4));
    TAKE_ONE(rig);
}

static const struct requirement list[] = {
    REQUIREMENT("INT-001", "With IV=0, a fixed interrupt passes as it came", ENTRY, CAN_MSI,
                iv_clear_passes_interrupts),
    REQUIREMENT("INT-002",
                "With IntCtl=10b a fixed interrupt becomes what the entry of its vector says",
                SOURCE, CAN_MSI, remaps),
    REQUIREMENT("INT-003",
                "With IV=0 interrupts of every kind pass with all they say, whatever bits 255:129 "
                "are",
                ENTRY, CAN_MSI, iv_clear_all),
    REQUIREMENT("INT-004", "With IommuEn=0 interrupts of every kind pass", "1.20, control", CAN_MSI,
                off_all),
    REQUIREMENT("INT-005", "IntCtl=01b: fixed and arbitrated interrupts pass with all they say",
                ENTRY, CAN_MSI, int_ctl_01),
    CHOICE("INT-006", "IntCtl=00b: fixed and arbitrated interrupts are aborted; what is logged",
           ENTRY, CAN_MSI, int_ctl_00, "INVALID_DEVICE_REQUEST | nothing",
           "INVALID_DEVICE_REQUEST"),
    CHOICE("INT-007",
           "IntCtl=11b: fixed and arbitrated interrupts are aborted with ILLEGAL_DEV_TABLE_ENTRY",
           ENTRY, CAN_MSI, int_ctl_11, "RZ=1 | RZ=0", "RZ=1"),
    REQUIREMENT("INT-008", "IntCtl does not matter to SMI, NMI, INIT and ExtInt", ENTRY, CAN_MSI,
                int_ctl_of_other_classes),
    REQUIREMENT("INT-009", "SMI passes unmapped, logical or physical, whatever the table says",
                ENTRY, CAN_MSI, smi_passes),
    REQUIREMENT("INT-010",
                "NMIPass, InitPass and EIntPass each pass their own kind and no other, in all "
                "eight combinations",
                ENTRY, CAN_MSI, pass_bits),
    REQUIREMENT("INT-011", "NMI, INIT and ExtInt with DM=1 are aborted though their bit is set",
                ENTRY, CAN_MSI, logical_is_not_passed),
    CHOICE("INT-012", "Of an aborted NMI one thing is logged", ENTRY, CAN_MSI, not_passed_is_silent,
           "nothing | IO_PAGE_FAULT", "nothing"),
    CHOICE("INT-013", "Delivery modes 011b and 110b are aborted, whatever IntCtl says", ENTRY,
           CAN_MSI, reserved_modes, "nothing | an event", "nothing"),
    REQUIREMENT("INT-014", "Only fixed and arbitrated interrupts have the interrupt table read",
                SOURCE, CAN_MSI | CAN_TRACE, passed_classes_read_no_table),
    LIST_END,
};

const struct requirement_area area_interrupts = {"INT", "Interrupt remapping", list};
