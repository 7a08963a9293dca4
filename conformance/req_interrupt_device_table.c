/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: the device of an interrupt: how events name it, the rest of its device table entry,
 * a device table that has or gives no entry, the tunnel, and what does not matter.
 */
#include "interrupts.h"

#define ENTRY "1.20, device table entry"

/* ---- Events and the rest of the entry -------------------------------------------------------- */

static void event_address(struct rig *rig)
{
    remap(rig, 8, 0);
    for (unsigned bit = 2; bit < 20; bit++) {
        uint64_t address = MSI_BASE | UINT64_C(1) << bit;
        aborted(rig, address, 0x41, rig_fault(rig, EVENT_I, address));
    }
}

static void event_domain(struct rig *rig)
{
    uint64_t table = rig_page(rig);

    rig_enable(rig);
    for (unsigned bit = 0; bit < 16; bit++) {
        struct rig_dte dte = {{Q0_V | Q0_TV, UINT64_C(1) << bit, 0, 0}};

        rig_dte_remap(&dte, table, 8);
        rig_set_dte(rig, rig->device, dte);
        aborted(rig, MSI_BASE, 0x41,
                rig_event(EVENT_CODE_PAGE_FAULT, rig->device, (uint16_t)(1u << bit), EVENT_I,
                          MSI_BASE));
    }
}

static void reserved_entry_bits(struct rig *rig)
{
    static const unsigned modes[] = {0, 1, 2, 4, 5, 7};

    rig_enable(rig);
    for (unsigned bit = 0; bit < 128; bit++) {
        uint64_t q2 = bit < 64 ? UINT64_C(1) << bit : 0;
        uint64_t q3 = bit >= 64 ? UINT64_C(1) << (bit - 64) : 0;

        if (bit < 64 && (q2 & Q2_RESERVED) == 0) {
            continue;
        }
        q2 |= Q2_IV | Q2_INT_CTL_PASS | Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS;
        set_entry(rig, Q0_V, RIG_DOMAIN, q2, q3);
        uint32_t data = MODE(modes[bit % 6]) | 0x41;
        aborted(rig, MSI_BASE, data, illegal_entry(rig, EVENT_I | EVENT_RZ, MSI_BASE));
    }
    control(rig, Q2_INT_CTL_PASS);
    passes(rig, MSI_BASE, 0x41);
}

static void low_half_unchecked(struct rig *rig)
{
    uint64_t table = rig_page(rig);

    rig_enable(rig);
    rig_store32(rig, table + 4 * UINT64_C(0x41), IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    for (unsigned v = 0; v < 2; v++) {
        struct rig_dte dte = {{~Q0_V | v, UINT64_MAX, 0, 0}};

        rig_dte_remap(&dte, table, 8);
        rig_set_dte(rig, rig->device, dte);
        send(rig, 0x41);
        RIG_MESSAGE(rig, .vector = 0x52);
    }
}

static void v_and_tv_do_not_matter(struct rig *rig)
{
    uint64_t table = rig_page(rig);

    rig_enable(rig);
    rig_store32(rig, table + 4 * UINT64_C(0x41), IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    for (uint64_t low = 0; low < 4; low++) {
        struct rig_dte dte = {{low, 0, 0, 0}};

        rig_dte_remap(&dte, table, 8);
        rig_set_dte(rig, rig->device, dte);
        send(rig, 0x41);
        RIG_MESSAGE(rig, .vector = 0x52);
    }
}

static void beyond_the_device_table(struct rig *rig)
{
    uint16_t high = rig->target->endpoint[1];

    rig_enable_with(rig, 0);
    rig_write(rig, REG_DEVICE_TABLE, RIG_DEVICE_TABLE);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    rig_interrupt(rig, high, MSI_BASE, 0x41);
    RIG_NO_MESSAGE(rig);
    CHOOSE_EVENT(rig, rig_event(EVENT_CODE_PAGE_FAULT, high, 0, EVENT_I, MSI_BASE), "IO_PAGE_FAULT",
                 rig_event(EVENT_CODE_ILLEGAL_DTE, high, 0, EVENT_I, MSI_BASE),
                 "ILLEGAL_DEV_TABLE_ENTRY");
    passes(rig, MSI_BASE, 0x41);
}

static void unreadable_device_table(struct rig *rig)
{
    struct rig_event want;

    rig_enable_with(rig, 0);
    rig_write(rig, REG_DEVICE_TABLE, TARGET_ABSENT | 0xf);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    send(rig, 0x41);
    RIG_NO_MESSAGE(rig);
    struct rig_event event = TAKE_ONE(rig);
    want = rig_event(EVENT_CODE_DTE_HARDWARE, rig->device, 0, EVENT_I,
                     TARGET_ABSENT + 32 * (uint64_t)rig->device);
    CHECK_U64(event.word0 & ~(UINT64_C(3) << 57), want.word0);
    CHECK((event.word0 >> 57 & 3) != 0);
    CHECK_U64(event.word1, want.word1);
}

static void through_the_tunnel(struct rig *rig)
{
    uint64_t table = remap(rig, 8, 0);
    struct target_interrupt interrupt = {
        .device_id = rig->device, .address = MSI_BASE, .data = 0x41, .tunnel = true};

    set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    rig->target->ops->interrupt(rig->target, &interrupt);
    RIG_MESSAGE(rig, .vector = 0x41);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL | CONTROL_HT_TUN_EN);
    rig->target->ops->interrupt(rig->target, &interrupt);
    RIG_MESSAGE(rig, .vector = 0x52);
}

static void tables_do_not_matter(struct rig *rig)
{
    uint64_t page = lone_page(rig);
    uint64_t table = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 3);
    rig_map(rig, MSI_BASE, page, 12, RIG_RW);
    struct rig_dte dte = attached(rig);
    rig_dte_remap(&dte, table, 8);
    rig_set_dte(rig, rig->device, dte);
    set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    send(rig, 0x41);
    RIG_MESSAGE(rig, .vector = 0x52);
    CHECK_U64(rig_load64(rig, page), 0);
    dte.q[0] &= ~RIG_RW;
    rig_set_dte(rig, rig->device, dte);
    send(rig, 0x41);
    RIG_MESSAGE(rig, .vector = 0x52);
}

static const struct requirement list[] = {
    REQUIREMENT("INT-036", "The event of an interrupt has the address that was written",
                "1.20, event log", CAN_MSI, event_address),
    REQUIREMENT("INT-037", "The IO_PAGE_FAULT of an interrupt has all bits of the DomainID",
                "1.20, event log", CAN_MSI, event_domain),
    REQUIREMENT("INT-038",
                "With IV=1 each reserved bit of 255:129 aborts interrupts of every kind, with "
                "ILLEGAL_DEV_TABLE_ENTRY I=1 RZ=1",
                ENTRY, CAN_MSI, reserved_entry_bits),
    REQUIREMENT("INT-039", "Bits 127:1 of the entry do not matter to interrupts, reserved or not",
                ENTRY, CAN_MSI, low_half_unchecked),
    REQUIREMENT("INT-040", "V and TV do not matter to interrupts", ENTRY, CAN_MSI,
                v_and_tv_do_not_matter),
    CHOICE("INT-041", "An interrupt of a DeviceID beyond the table is aborted with one event",
           "1.20, device table base address", CAN_MSI | CAN_SECOND, beyond_the_device_table,
           "IO_PAGE_FAULT | ILLEGAL_DEV_TABLE_ENTRY", "IO_PAGE_FAULT"),
    REQUIREMENT("INT-042",
                "A device table that cannot be read aborts interrupts, with "
                "DEV_TAB_HARDWARE_ERROR I=1",
                "1.20, event log", CAN_MSI, unreadable_device_table),
    REQUIREMENT("INT-043", "HtTunEn decides whether interrupts through the tunnel are remapped",
                "1.20, control", CAN_MSI | CAN_TUNNEL | CAN_HT_TUNNEL_ON, through_the_tunnel),
    REQUIREMENT("INT-044", "Page tables and IR and IW do not matter to interrupts",
                "1.20, I/O page tables", CAN_MSI, tables_do_not_matter),
    LIST_END,
};

const struct requirement_area area_interrupt_device_table = {
    "INT", "Interrupt remapping: the device table", list};
