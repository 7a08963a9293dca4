/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Control and status. */
#include "rings.h"

/* The bits that Status shows running for a value of Control. */
static uint64_t run_bits_of(uint64_t control)
{
    uint64_t run = 0;

    if ((control & CONTROL_IOMMU_EN) != 0) {
        run |= (control & CONTROL_EVENT_LOG_EN) != 0 ? STATUS_EVENT_LOG_RUN : 0;
        run |= (control & CONTROL_CMD_BUF_EN) != 0 ? STATUS_CMD_BUF_RUN : 0;
    }
    return run;
}

/* IommuEn, EventLogEn and CmdBufEn from a number of three bits. */
static uint64_t enables(unsigned n)
{
    return CONTROL_COHERENT | ((n & 1) != 0 ? CONTROL_IOMMU_EN : 0) |
           ((n & 2) != 0 ? CONTROL_EVENT_LOG_EN : 0) | ((n & 4) != 0 ? CONTROL_CMD_BUF_EN : 0);
}

static void run_bits_follow_the_enables(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
    CHECK_U64(rig_read(rig, REG_STATUS), 0);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_EVENT_LOG_RUN | STATUS_CMD_BUF_RUN);
}

static void every_transition(struct rig *rig)
{
    rig_enable_with(rig, 0);
    for (unsigned from = 0; from < 8; from++) {
        for (unsigned to = 0; to < 8; to++) {
            rig_write(rig, REG_CONTROL, enables(from));
            if (!CHECK(rig_until(rig, REG_STATUS, UINT64_MAX, run_bits_of(enables(from))))) {
                return;
            }
            rig_write(rig, REG_CONTROL, enables(to));
            if (!CHECK(rig_until(rig, REG_STATUS, UINT64_MAX, run_bits_of(enables(to))))) {
                return;
            }
            CHECK_U64(rig_read(rig, REG_CONTROL), enables(to));
        }
    }
}

static void other_control_bits(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned bit = 3; bit < 12; bit++) {
        if (bit != 10) {
            rig_write(rig, REG_CONTROL, CONTROL_USUAL | bit64(bit));
            CHECK_U64(rig_read(rig, REG_STATUS), RUN_BITS);
            CHECK(rig_wait(rig));
        }
    }
    rig_write(rig, REG_CONTROL, CONTROL_USUAL & ~CONTROL_COHERENT);
    CHECK_U64(rig_read(rig, REG_STATUS), RUN_BITS);
    CHECK(rig_wait(rig));
}

static void run_bits_are_read_only(struct rig *rig)
{
    rig_enable(rig);
    rig_write(rig, REG_STATUS, UINT64_MAX);
    CHECK_U64(rig_read(rig, REG_STATUS), RUN_BITS);
    rig_write(rig, REG_STATUS, 0);
    CHECK_U64(rig_read(rig, REG_STATUS), RUN_BITS);
    CHECK(rig_wait(rig));
    rig_write(rig, REG_CONTROL, 0);
    CHECK(rig_until(rig, REG_STATUS, RUN_BITS, 0));
    rig_write(rig, REG_STATUS, UINT64_MAX);
    CHECK_U64(rig_read(rig, REG_STATUS), 0);
}

/* ---- IommuEn=0 ------------------------------------------------------------------------------- */

static void off_fetches_nothing(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
    rig_wait_begin(rig);
    let_pass(rig);
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0);
    CHECK(!rig_wait_done(rig));
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK(rig_drained(rig));
    CHECK(rig_wait(rig));
}

static void off_touches_nothing(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
    rig_touches_begin(rig);
    rig_wait_begin(rig);
    RIG_WRITES(rig, page, page, 8);
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_MESSAGE(rig, .vector = 0x41);
    CHECK_U64(rig_touch_count(rig), 0);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK(rig_wait(rig));
    CHECK(rig_touched(rig, RIG_COMMAND_BUFFER, 16));
}

static void off_passes_dma(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 3);
    RIG_WRITE_REFUSED(rig, page, page, 8);
    empty_log(rig);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
    RIG_WRITES(rig, page, page, 8);
    RIG_READS(rig, page + 0x100, page + 0x100, 8);
    RIG_NO_EVENTS(rig);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    RIG_WRITE_REFUSED(rig, page, page, 8);
    empty_log(rig);
}

static void off_passes_interrupts(struct rig *rig)
{
    struct rig_dte dte = {{0, 0, Q2_IV, 0}};

    rig_enable(rig);
    rig_set_dte(rig, rig->device, dte);
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_NO_MESSAGE(rig);
    empty_log(rig);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
    rig_interrupt(rig, rig->device, MSI_BASE, 0x42);
    RIG_MESSAGE(rig, .vector = 0x42);
    RIG_NO_EVENTS(rig);
}

static void off_keeps_status(struct rig *rig)
{
    rig_enable(rig);
    COMPLETE_WITH_I(rig);
    REFUSES_COMMAND(rig, OPCODE(0), 0);
    rig_write(rig, REG_CONTROL, 0);
    CHECK(rig_until(rig, REG_STATUS, RUN_BITS, 0));
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_EVENT_LOG_INT | STATUS_COM_WAIT_INT);
    rig_write(rig, REG_STATUS, STATUS_COM_WAIT_INT);
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_EVENT_LOG_INT);
}

/* Every entry of bus 0 refuses everything: that of the IOMMU's function too. */
static void refuse_bus_0(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned id = 0; id < 0x100; id++) {
        rig_store64(rig, RIG_DEVICE_TABLE + UINT64_C(32) * id + 8, RIG_DOMAIN);
        rig_store64(rig, RIG_DEVICE_TABLE + UINT64_C(32) * id, Q0_V | Q0_TV);
    }
    for (unsigned id = 0; id < 0x100; id++) {
        rig_invalidate_device(rig, (uint16_t)id);
        if (id % 0x80 == 0 && !CHECK(rig_wait(rig))) {
            return;
        }
    }
    CHECK(rig_wait(rig));
}

static void commands_are_not_translated(struct rig *rig)
{
    refuse_bus_0(rig);
    for (unsigned i = 0; i < 4; i++) {
        CHECK(rig_wait(rig));
    }
    RIG_NO_EVENTS(rig);
}

static void log_is_not_translated(struct rig *rig)
{
    refuse_bus_0(rig);
    REFUSES_COMMAND(rig, OPCODE(0), 0);
    CHECK(rig_wait(rig));
}

/* ---- The three bits that are set ------------------------------------------------------------- */

static void com_wait_int_by_i(struct rig *rig)
{
    rig_enable(rig);
    CHECK(rig_wait(rig)); /* i=0 */
    CHECK_U64(rig_read(rig, REG_STATUS), RUN_BITS);
    COMPLETE_WITH_I(rig);
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_COM_WAIT_INT | RUN_BITS);
}

static void com_wait_int_with_enable(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL | CONTROL_COM_WAIT_INT_EN);
    COMPLETE_WITH_I(rig);
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_COM_WAIT_INT | RUN_BITS);
}

static void com_wait_int_is_cleared(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned i = 0; i < 3; i++) {
        COMPLETE_WITH_I(rig);
        rig_write(rig, REG_STATUS, 0);
        CHECK_U64(rig_read(rig, REG_STATUS), STATUS_COM_WAIT_INT | RUN_BITS);
        rig_write(rig, REG_STATUS, ~STATUS_COM_WAIT_INT);
        CHECK_U64(rig_read(rig, REG_STATUS), STATUS_COM_WAIT_INT | RUN_BITS);
        rig_write(rig, REG_STATUS, STATUS_COM_WAIT_INT);
        CHECK_U64(rig_read(rig, REG_STATUS), RUN_BITS);
    }
}

static void log_int_is_set(struct rig *rig)
{
    rig_enable(rig);
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_EVENT_LOG_INT, 0);
    REFUSES_COMMAND(rig, OPCODE(0), 0);
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_EVENT_LOG_INT | RUN_BITS);
}

static void log_int_by_dma(struct rig *rig)
{
    rig_enable(rig);
    rig_attach(rig, 3);
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_EVENT_LOG_INT, 0);
    make_fault(rig, 0);
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_EVENT_LOG_INT | RUN_BITS);
    empty_log(rig); /* reading the log does not clear it */
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_EVENT_LOG_INT | RUN_BITS);
    rig_write(rig, REG_STATUS, STATUS_EVENT_LOG_INT);
    CHECK_U64(rig_read(rig, REG_STATUS), RUN_BITS);
    make_fault(rig, 1);
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_EVENT_LOG_INT | RUN_BITS);
    empty_log(rig);
}

static void log_int_is_cleared(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned i = 0; i < 3; i++) {
        REFUSES_COMMAND(rig, OPCODE(0), 0);
        rig_write(rig, REG_STATUS, 0);
        CHECK_U64(rig_read(rig, REG_STATUS), STATUS_EVENT_LOG_INT | RUN_BITS);
        rig_write(rig, REG_STATUS, ~STATUS_EVENT_LOG_INT);
        CHECK_U64(rig_read(rig, REG_STATUS), STATUS_EVENT_LOG_INT | RUN_BITS);
        rig_write(rig, REG_STATUS, STATUS_EVENT_LOG_INT);
        CHECK_U64(rig_read(rig, REG_STATUS), RUN_BITS);
    }
}

static void nothing_logged_sets_nothing(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_EVENT_LOG_EN);
    rig_command(rig, OPCODE(0), 0);
    CHECK(rig_until(rig, REG_STATUS, STATUS_CMD_BUF_RUN, 0));
    CHECK_U64(rig_read(rig, REG_STATUS), 0);
    RESTART(rig);
    CHECK(rig_wait(rig));
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_CMD_BUF_RUN);
}

static void overflow_is_set(struct rig *rig)
{
    rig_enable(rig);
    overflow_log(rig);
    CHECK_U64(rig_read(rig, REG_STATUS),
              STATUS_EVENT_OVERFLOW | STATUS_EVENT_LOG_INT | STATUS_CMD_BUF_RUN);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x10);
}

static void overflow_is_cleared(struct rig *rig)
{
    rig_enable(rig);
    overflow_log(rig);
    rig_write(rig, REG_STATUS, 0);
    CHECK_U64(rig_read(rig, REG_STATUS) & 0x7, STATUS_EVENT_OVERFLOW | STATUS_EVENT_LOG_INT);
    rig_write(rig, REG_STATUS, ~STATUS_EVENT_OVERFLOW);
    CHECK_U64(rig_read(rig, REG_STATUS) & 0x7, STATUS_EVENT_OVERFLOW);
    rig_write(rig, REG_STATUS, STATUS_EVENT_OVERFLOW);
    CHECK_U64(rig_read(rig, REG_STATUS) & 0x7, 0);
}

static void all_three_are_separate(struct rig *rig)
{
    rig_enable(rig);
    overflow_log(rig);
    COMPLETE_WITH_I(rig);
    for (unsigned keep = 0; keep < 3; keep++) {
        uint64_t all = STATUS_EVENT_OVERFLOW | STATUS_EVENT_LOG_INT | STATUS_COM_WAIT_INT;
        uint64_t before = rig_read(rig, REG_STATUS) & all;
        CHECK_U64(before, all << keep & all);
        rig_write(rig, REG_STATUS, bit64(keep));
        CHECK_U64(rig_read(rig, REG_STATUS) & all, before & ~bit64(keep));
    }
}

#define SOURCE_CONTROL "1.20, IOMMU control"
#define SOURCE_STATUS  "1.20, IOMMU status"

static const struct requirement list[] = {
    REQUIREMENT(
        "STA-001",
        "EventLogRun and CmdBufRun become 1 when IommuEn is set behind EventLogEn and CmdBufEn",
        SOURCE_CONTROL, 0, run_bits_follow_the_enables),
    REQUIREMENT("STA-002",
                "From any to any of the eight combinations of the enables, the run bits follow",
                SOURCE_CONTROL, 0, every_transition),
    REQUIREMENT("STA-003", "The other bits of Control may change while on; both rings keep running",
                SOURCE_CONTROL, 0, other_control_bits),
    REQUIREMENT("STA-004", "EventLogRun and CmdBufRun cannot be written", SOURCE_STATUS, 0,
                run_bits_are_read_only),
    REQUIREMENT("STA-005", "With IommuEn=0 no command is fetched; those queued are, once it is 1",
                SOURCE_CONTROL, 0, off_fetches_nothing),
    REQUIREMENT("STA-006", "With IommuEn=0 the IOMMU touches no memory, whatever arrives",
                SOURCE_CONTROL, CAN_TRACE | CAN_DMA | CAN_MSI, off_touches_nothing),
    REQUIREMENT("STA-007", "With IommuEn=0 memory requests pass untranslated, nothing is logged",
                SOURCE_CONTROL, CAN_DMA, off_passes_dma),
    REQUIREMENT("STA-008", "With IommuEn=0 interrupts pass unremapped, nothing is logged",
                SOURCE_CONTROL, CAN_MSI, off_passes_interrupts),
    REQUIREMENT("STA-009", "IommuEn=0 clears the run bits, but no bit that a write of 1 clears",
                SOURCE_STATUS, 0, off_keeps_status),
    REQUIREMENT("STA-010", "The IOMMU's own fetches and stores are not translated by itself",
                "1.20, PCI function", 0, commands_are_not_translated),
    REQUIREMENT("STA-011", "COMPLETION_WAIT with i=1 sets ComWaitInt, with i=0 does not",
                SOURCE_STATUS, 0, com_wait_int_by_i),
    REQUIREMENT("STA-012", "ComWaitInt is set the same with ComWaitIntEn=1", SOURCE_STATUS, 0,
                com_wait_int_with_enable),
    REQUIREMENT("STA-013", "ComWaitInt is cleared by writing 1 to it, by nothing else",
                SOURCE_STATUS, 0, com_wait_int_is_cleared),
    REQUIREMENT("STA-014", "An event logged sets EventLogInt, also with EventIntEn=0",
                SOURCE_STATUS, 0, log_int_is_set),
    REQUIREMENT("STA-015", "EventLogInt is set by a device's fault, and not cleared by reading it",
                SOURCE_STATUS, CAN_DMA, log_int_by_dma),
    REQUIREMENT("STA-016", "EventLogInt is cleared by writing 1 to it, by nothing else",
                SOURCE_STATUS, 0, log_int_is_cleared),
    REQUIREMENT("STA-017", "An event that is not logged because EventLogEn=0 sets no bit",
                SOURCE_STATUS, 0, nothing_logged_sets_nothing),
    REQUIREMENT("STA-018",
                "An event that finds the log full sets EventOverflow, also with EventIntEn=0",
                SOURCE_STATUS, 0, overflow_is_set),
    REQUIREMENT("STA-019", "EventOverflow is cleared by writing 1 to it, not by 0 or other bits",
                SOURCE_STATUS, 0, overflow_is_cleared),
    REQUIREMENT("STA-020", "EventOverflow, EventLogInt and ComWaitInt are cleared one by one",
                SOURCE_STATUS, 0, all_three_are_separate),
    REQUIREMENT("STA-039", "The IOMMU's writes to its log are not translated by itself",
                "1.20, PCI function", 0, log_is_not_translated),
    LIST_END,
};

const struct requirement_area area_status = {"STA", "Control and status", list};
