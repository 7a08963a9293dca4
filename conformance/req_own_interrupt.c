/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Status: the IOMMU's own interrupt. */
#include "rings.h"

static void msi_of_wait(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL | CONTROL_COM_WAIT_INT_EN);
    CHECK(rig_wait(rig)); /* i=0 */
    CHECK_U64(rig_own_msis(rig), 0);
    COMPLETE_WITH_I(rig);
    CHECK_U64(rig_own_msis(rig), 1);
    CHECK_U64(rig_own_msis(rig), 0);
}

static void no_msi_of_wait(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL | CONTROL_EVENT_INT_EN);
    COMPLETE_WITH_I(rig);
    CHECK_U64(rig_own_msis(rig), 0);
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_COM_WAIT_INT | RUN_BITS);
}

static void msi_of_each_wait(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL | CONTROL_COM_WAIT_INT_EN);
    for (unsigned i = 0; i < 5; i++) {
        COMPLETE_WITH_I(rig);
        CHECK_U64(rig_own_msis(rig), 1);
        rig_write(rig, REG_STATUS, STATUS_COM_WAIT_INT);
        CHECK_U64(rig_own_msis(rig), 0);
    }
}

static void msi_of_second_wait(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL | CONTROL_COM_WAIT_INT_EN);
    COMPLETE_WITH_I(rig);
    CHECK_U64(rig_own_msis(rig), 1);
    COMPLETE_WITH_I(rig);
    unsigned count = rig_own_msis(rig);
    CHECK(count <= 1);
    rig_outcome(rig, count == 0 ? "none" : "one more");
}

static void msi_of_late_wait_enable(struct rig *rig)
{
    rig_enable(rig);
    COMPLETE_WITH_I(rig);
    CHECK_U64(rig_own_msis(rig), 0);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL | CONTROL_COM_WAIT_INT_EN);
    unsigned count = rig_own_msis(rig);
    CHECK(count <= 1);
    rig_outcome(rig, count == 1 ? "sent" : "not sent");
}

static void msi_of_event(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL | CONTROL_EVENT_INT_EN);
    REFUSES_COMMAND(rig, OPCODE(0), 0);
    CHECK_U64(rig_own_msis(rig), 1);
    CHECK(rig_wait(rig));
    CHECK_U64(rig_own_msis(rig), 0);
}

static void msi_of_fault(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL | CONTROL_EVENT_INT_EN);
    rig_attach(rig, 3);
    CHECK_U64(rig_own_msis(rig), 0);
    for (unsigned i = 0; i < 3; i++) {
        make_fault(rig, i);
        CHECK_U64(rig_own_msis(rig), 1);
        rig_write(rig, REG_STATUS, STATUS_EVENT_LOG_INT);
        CHECK_U64(rig_own_msis(rig), 0);
    }
    empty_log(rig);
}

static void no_msi_of_event(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL | CONTROL_COM_WAIT_INT_EN);
    REFUSES_COMMAND(rig, OPCODE(0), 0);
    CHECK_U64(rig_own_msis(rig), 0);
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_EVENT_LOG_INT | RUN_BITS);
}

static void msi_of_second_event(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL | CONTROL_EVENT_INT_EN);
    rig_attach(rig, 3);
    make_fault(rig, 0);
    CHECK_U64(rig_own_msis(rig), 1);
    make_fault(rig, 1);
    unsigned count = rig_own_msis(rig);
    CHECK(count <= 1);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x20);
    empty_log(rig);
    rig_outcome(rig, count == 0 ? "none" : "one more");
}

static void msi_of_late_event_enable(struct rig *rig)
{
    rig_enable(rig);
    REFUSES_COMMAND(rig, OPCODE(0), 0);
    CHECK_U64(rig_own_msis(rig), 0);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL | CONTROL_EVENT_INT_EN);
    unsigned count = rig_own_msis(rig);
    CHECK(count <= 1);
    rig_outcome(rig, count == 1 ? "sent" : "not sent");
}

static void no_msi_of_late_enable_when_clear(struct rig *rig)
{
    rig_enable(rig);
    COMPLETE_WITH_I(rig);
    REFUSES_COMMAND(rig, OPCODE(0), 0);
    rig_write(rig, REG_STATUS, STATUS_COM_WAIT_INT | STATUS_EVENT_LOG_INT);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL | CONTROL_EVENT_INT_EN | CONTROL_COM_WAIT_INT_EN);
    CHECK_U64(rig_own_msis(rig), 0);
    COMPLETE_WITH_I(rig);
    CHECK_U64(rig_own_msis(rig), 1);
}

static void msi_of_overflow(struct rig *rig)
{
    rig_enable(rig);
    rig_attach(rig, 3);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL & ~CONTROL_EVENT_LOG_EN);
    CHECK(rig_until(rig, REG_STATUS, STATUS_EVENT_LOG_RUN, 0));
    rig_write(rig, REG_EVENT_HEAD, 0x20);
    rig_write(rig, REG_EVENT_TAIL, 0);
    rig->wrecked = true;
    rig_write(rig, REG_CONTROL, CONTROL_USUAL | CONTROL_EVENT_INT_EN);
    make_fault(rig, 0);
    CHECK_U64(rig_own_msis(rig), 1);
    rig_write(rig, REG_STATUS, STATUS_EVENT_LOG_INT);
    make_fault(rig, 1);
    CHECK_U64(rig_own_msis(rig), 1);
    CHECK_U64(rig_read(rig, REG_STATUS) & 0x7, STATUS_EVENT_OVERFLOW);
    make_fault(rig, 2); /* lost too, and says nothing */
    CHECK_U64(rig_own_msis(rig), 0);
}

static void msi_of_late_overflow_enable(struct rig *rig)
{
    rig_enable(rig);
    overflow_log(rig);
    CHECK_U64(rig_own_msis(rig), 0);
    rig_write(rig, REG_STATUS, STATUS_EVENT_LOG_INT);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL | CONTROL_EVENT_INT_EN);
    unsigned count = rig_own_msis(rig);
    CHECK(count <= 1);
    rig_outcome(rig, count == 1 ? "sent" : "not sent");
}

static void both_send(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL | CONTROL_EVENT_INT_EN | CONTROL_COM_WAIT_INT_EN);
    COMPLETE_WITH_I(rig);
    CHECK_U64(rig_own_msis(rig), 1);
    REFUSES_COMMAND(rig, OPCODE(0), 0); /* with ComWaitInt=1 still */
    CHECK_U64(rig_own_msis(rig), 1);
    rig_write(rig, REG_STATUS, STATUS_COM_WAIT_INT);
    COMPLETE_WITH_I(rig); /* with EventLogInt=1 still */
    CHECK_U64(rig_own_msis(rig), 1);
}

static void writes_send_nothing(struct rig *rig)
{
    uint64_t control = CONTROL_USUAL | CONTROL_EVENT_INT_EN | CONTROL_COM_WAIT_INT_EN;

    rig_enable_with(rig, control);
    COMPLETE_WITH_I(rig);
    CHECK_U64(rig_own_msis(rig), 1); /* two at once may be one to a processor */
    REFUSES_COMMAND(rig, OPCODE(0), 0);
    CHECK_U64(rig_own_msis(rig), 1);
    rig_write(rig, REG_CONTROL, control);
    rig_write(rig, REG_STATUS, 0);
    rig_write(rig, REG_STATUS, RUN_BITS);
    CHECK_U64(rig_own_msis(rig), 0);
    rig_write(rig, REG_STATUS, STATUS_COM_WAIT_INT);
    rig_write(rig, REG_STATUS, STATUS_EVENT_LOG_INT);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    rig_write(rig, REG_CONTROL, control);
    CHECK_U64(rig_own_msis(rig), 0);
}

static void disabling_sends_nothing(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL | CONTROL_COM_WAIT_INT_EN);
    COMPLETE_WITH_I(rig);
    CHECK_U64(rig_own_msis(rig), 1);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK_U64(rig_own_msis(rig), 0);
    rig_write(rig, REG_CONTROL, 0);
    CHECK_U64(rig_own_msis(rig), 0);
}

static void own_msi_is_not_remapped(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL | CONTROL_COM_WAIT_INT_EN);
    for (unsigned id = 0; id < 0x100; id++) { /* IntCtl=00: every interrupt is aborted */
        rig_store64(rig, RIG_DEVICE_TABLE + UINT64_C(32) * id + 16, Q2_IV);
        rig_invalidate_device(rig, (uint16_t)id);
        if (id % 0x40 == 0 && !CHECK(rig_wait(rig))) {
            return;
        }
    }
    COMPLETE_WITH_I(rig);
    CHECK_U64(rig_own_msis(rig), 1);
    RIG_NO_EVENTS(rig);
}

static void stores_first(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL | CONTROL_COM_WAIT_INT_EN);
    rig_allow_store(rig, RIG_STORE + 0x40);
    rig_command(rig, WAIT | (RIG_STORE + 0x40) | WAIT_S | WAIT_I, 0x9876);
    CHECK(rig_until(rig, REG_STATUS, STATUS_COM_WAIT_INT, STATUS_COM_WAIT_INT));
    CHECK_U64(rig_load64(rig, RIG_STORE + 0x40), 0x9876);
    CHECK_U64(rig_own_msis(rig), 1);
}

#define SOURCE_MSI "1.20, IOMMU status, interrupts"

static const struct requirement list[] = {
    REQUIREMENT("STA-021", "ComWaitInt being set sends one MSI with ComWaitIntEn=1", SOURCE_MSI,
                CAN_OWN_MSI, msi_of_wait),
    REQUIREMENT("STA-022", "ComWaitInt being set sends no MSI with ComWaitIntEn=0", SOURCE_MSI,
                CAN_OWN_MSI, no_msi_of_wait),
    REQUIREMENT("STA-023", "With ComWaitInt cleared in between, each completion sends an MSI",
                SOURCE_MSI, CAN_OWN_MSI, msi_of_each_wait),
    CHOICE("STA-024", "A completion that finds ComWaitInt=1 sends no MSI, or one more", SOURCE_MSI,
           CAN_OWN_MSI, msi_of_second_wait, "none | one more", "none"),
    CHOICE("STA-025", "With ComWaitInt=1, ComWaitIntEn going from 0 to 1 may send an MSI",
           SOURCE_MSI, CAN_OWN_MSI, msi_of_late_wait_enable, "sent | not sent", "sent"),
    REQUIREMENT("STA-026", "EventLogInt being set sends one MSI with EventIntEn=1", SOURCE_MSI,
                CAN_OWN_MSI, msi_of_event),
    REQUIREMENT("STA-027", "With EventLogInt cleared in between, each fault sends an MSI",
                SOURCE_MSI, CAN_OWN_MSI | CAN_DMA, msi_of_fault),
    REQUIREMENT("STA-028", "EventLogInt being set sends no MSI with EventIntEn=0", SOURCE_MSI,
                CAN_OWN_MSI, no_msi_of_event),
    CHOICE("STA-029", "An event that finds EventLogInt=1 sends no MSI, or one more", SOURCE_MSI,
           CAN_OWN_MSI | CAN_DMA, msi_of_second_event, "none | one more", "none"),
    CHOICE("STA-030", "With EventLogInt=1, EventIntEn going from 0 to 1 may send an MSI",
           SOURCE_MSI, CAN_OWN_MSI, msi_of_late_event_enable, "sent | not sent", "sent"),
    REQUIREMENT("STA-031", "The enables going to 1 send nothing when the status bits are 0",
                SOURCE_MSI, CAN_OWN_MSI, no_msi_of_late_enable_when_clear),
    REQUIREMENT("STA-032", "EventOverflow being set sends one MSI with EventIntEn=1", SOURCE_MSI,
                CAN_OWN_MSI | CAN_DMA, msi_of_overflow),
    CHOICE("STA-033", "With EventOverflow=1, EventIntEn going from 0 to 1 may send an MSI",
           SOURCE_MSI, CAN_OWN_MSI, msi_of_late_overflow_enable, "sent | not sent", "sent"),
    REQUIREMENT("STA-034", "Each of the two reasons sends its MSI while the other is pending",
                SOURCE_MSI, CAN_OWN_MSI, both_send),
    REQUIREMENT("STA-035", "Clearing status bits, and writing Control again, sends no MSI",
                SOURCE_MSI, CAN_OWN_MSI, writes_send_nothing),
    REQUIREMENT("STA-036", "Clearing the enables with the status bit set sends no MSI", SOURCE_MSI,
                CAN_OWN_MSI, disabling_sends_nothing),
    REQUIREMENT("STA-037", "The IOMMU's own MSI is not remapped, whatever the device table says",
                "1.20, MSI capability", CAN_OWN_MSI, own_msi_is_not_remapped),
    REQUIREMENT("STA-038", "COMPLETION_WAIT stores its data before it sets ComWaitInt",
                "1.20, COMPLETION_WAIT", CAN_OWN_MSI, stores_first),
    LIST_END,
};

const struct requirement_area area_own_interrupt = {"STA", "Status: the interrupt", list};
