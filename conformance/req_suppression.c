/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: SE, SA, IG and SupIOPF, which keep I/O page faults out of the log. */
#include "entries.h"

#define SOURCE "1.20, device table entry"

/* An entry that refuses everything by IR=IW=0, with @control in its quadword 1. */
static void refuse_all(struct rig *rig, uint64_t control)
{
    set_entry(rig, Q0_V | Q0_TV, RIG_DOMAIN | control, 0, 0);
}

static struct rig_event denied(struct rig *rig, uint64_t address)
{
    return rig_fault(rig, EVENT_PR | EVENT_PE, address);
}

/* ---- Nothing suppressed ---------------------------------------------------------------------- */

static void each_fault_is_logged(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    refuse_all(rig, 0);
    for (unsigned i = 0; i < 4; i++) {
        REFUSES_READ(rig, page, page, denied(rig, page));
    }
}

/* ---- SA -------------------------------------------------------------------------------------- */

static void sa_silences(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    refuse_all(rig, Q1_SA);
    RIG_READ_REFUSED(rig, page, page, 64);
    RIG_WRITE_REFUSED(rig, page, page, 64);
    RIG_NO_EVENTS(rig);
    refuse_all(rig, 0);
    REFUSES_READ(rig, page, page, denied(rig, page));
}

static void sa_silences_every_cause(struct rig *rig)
{
    static const uint64_t entries[] = {0, 0x1, 0x1 | RIG_RW | UINT64_C(1) << 52,
                                       0x1 | RIG_RW | UINT64_C(1) << 9};
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 1);
    set_entry(rig, attached(rig).q[0], RIG_DOMAIN | Q1_SA, 0, 0);
    for (unsigned i = 0; i < 4; i++) {
        set_page_entry(rig, rig->root, entries[i]);
        RIG_READ_REFUSED(rig, 0, page, 8);
    }
    RIG_READ_REFUSED(rig, 0x200000, page, 8); /* beyond the paging mode */
    set_entry(rig, Q0_V, RIG_DOMAIN | Q1_SA, 0, 0);
    RIG_READ_REFUSED(rig, page, page, 8);
    RIG_NO_EVENTS(rig);
    set_entry(rig, Q0_V, 0, 0, 0);
    REFUSES_READ(rig, page, page, rig_event(EVENT_CODE_PAGE_FAULT, rig->device, 0, 0, page));
}

static void sa_and_se(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    refuse_all(rig, Q1_SA | Q1_SE);
    RIG_READ_REFUSED(rig, page, page, 8);
    RIG_READ_REFUSED(rig, page, page, 8);
    RIG_NO_EVENTS(rig);
}

static void sa_of_another_device(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    struct target_request request = request_of(rig, TARGET_READ, page);

    rig_enable(rig);
    request.device_id = rig->target->endpoint[1];
    refuse_all(rig, Q1_SA);
    rig_set_dte(rig, request.device_id, (struct rig_dte){{Q0_V | Q0_TV, 9, 0, 0}});
    RIG_READ_REFUSED(rig, page, page, 8);
    REFUSES(rig, request, page,
            rig_event(EVENT_CODE_PAGE_FAULT, request.device_id, 9, EVENT_PR | EVENT_PE, page));
}

/* ---- SE -------------------------------------------------------------------------------------- */

static void se_logs_once(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    refuse_all(rig, Q1_SE);
    REFUSES_READ(rig, page, page, denied(rig, page));
    RIG_READ_REFUSED(rig, page, page, 64);
    RIG_WRITE_REFUSED(rig, page + 0x100, page + 0x100, 64);
    RIG_NO_EVENTS(rig);
}

static void se_after_devtab(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    refuse_all(rig, Q1_SE);
    for (unsigned i = 0; i < 3; i++) {
        REFUSES_READ(rig, page, page, denied(rig, page));
        RIG_READ_REFUSED(rig, page, page, 8);
        RIG_NO_EVENTS(rig);
        rig_invalidate_device(rig, rig->device);
        CHECK(rig_wait(rig));
    }
}

static void se_after_other_commands(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    refuse_all(rig, Q1_SE);
    REFUSES_READ(rig, page, page, denied(rig, page));
    rig_invalidate_domain(rig, RIG_DOMAIN);
    rig_invalidate_interrupts(rig, rig->device);
    for (unsigned bit = 0; bit < 16; bit++) {
        rig_invalidate_device(rig, (uint16_t)(rig->device ^ 1u << bit));
    }
    CHECK(rig_wait(rig));
    RIG_READ_REFUSED(rig, page, page, 8);
    RIG_NO_EVENTS(rig);
}

static void se_of_each_device(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    struct target_request request = request_of(rig, TARGET_READ, page);

    rig_enable(rig);
    request.device_id = rig->target->endpoint[1];
    refuse_all(rig, Q1_SE);
    rig_set_dte(rig, request.device_id, (struct rig_dte){{Q0_V | Q0_TV, RIG_DOMAIN | Q1_SE, 0, 0}});
    REFUSES_READ(rig, page, page, denied(rig, page));
    REFUSES(
        rig, request, page,
        rig_event(EVENT_CODE_PAGE_FAULT, request.device_id, RIG_DOMAIN, EVENT_PR | EVENT_PE, page));
    RIG_READ_REFUSED(rig, page, page, 8);
    RIG_REFUSES(rig, request, page);
    RIG_NO_EVENTS(rig);
}

static void se_and_other_traffic(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    struct target_request request = request_of(rig, TARGET_READ, page);
    struct rig_event events[2];

    rig_enable(rig);
    refuse_all(rig, Q1_SE);
    REFUSES_READ(rig, page, page, denied(rig, page));
    for (unsigned id = 0x1000; id < 0x1180; id++) { /* more than most caches hold */
        request.device_id = (uint16_t)id;
        RIG_DOES(rig, request, page);
    }
    RIG_READ_REFUSED(rig, page, page, 8);
    unsigned count = rig_take_events(rig, events, 2);
    rig_outcome(rig, count == 0 ? "stays suppressed" : "logged again");
    CHECK(count == 0 || (count == 1 && same_event(events[0], denied(rig, page))));
}

static void se_after_reset(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    refuse_all(rig, Q1_SE);
    REFUSES_READ(rig, page, page, denied(rig, page));
    rig->target->ops->reset(rig->target);
    rig_store_dte(rig, rig->device, (struct rig_dte){{Q0_V | Q0_TV, RIG_DOMAIN | Q1_SE, 0, 0}});
    rig_enable(rig);
    REFUSES_READ(rig, page, page, denied(rig, page));
    RIG_READ_REFUSED(rig, page, page, 8);
    RIG_NO_EVENTS(rig);
}

static void se_counts_logged_faults(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    refuse_all(rig, Q1_SE);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL & ~CONTROL_EVENT_LOG_EN);
    RIG_READ_REFUSED(rig, page, page, 8);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    RIG_READ_REFUSED(rig, page, page, 8);
    CHOOSE_LOGGED(rig, denied(rig, page), "logged when the log runs again", "suppressed");
    RIG_READ_REFUSED(rig, page, page, 8);
    RIG_NO_EVENTS(rig);
}

static void se_passes_good_requests(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 3);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    set_entry(rig, attached(rig).q[0], RIG_DOMAIN | Q1_SE, 0, 0);
    RIG_READS(rig, RIG_IOVA, page, 8);
    REFUSES_READ(rig, RIG_IOVA + 0x1000, page, rig_fault(rig, 0, RIG_IOVA + 0x1000));
    RIG_READ_REFUSED(rig, RIG_IOVA + 0x1000, page, 8);
    RIG_WRITES(rig, RIG_IOVA, page, 8);
    RIG_NO_EVENTS(rig);
}

/* ---- Events that nothing suppresses ---------------------------------------------------------- */

static void illegal_entries_are_logged(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | RIG_RW | UINT64_C(4), RIG_DOMAIN | Q1_SA | Q1_SE, 0, 0);
    for (unsigned i = 0; i < 3; i++) {
        REFUSES_READ(rig, page, page, illegal_entry(rig, EVENT_RZ, page));
    }
}

static void hardware_errors_are_logged(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    for (unsigned i = 0; i < 2; i++) {
        set_entry(rig, Q0_V | Q0_TV | Q0_MODE(1) | RIG_RW | TARGET_ABSENT,
                  RIG_DOMAIN | (i == 0 ? Q1_SA : Q1_SE), 0, 0);
        for (unsigned again = 0; again < 3; again++) {
            RIG_READ_REFUSED(rig, 0, page, 8);
            CHECK_U64(TAKE_ONE(rig).word0 >> 60, EVENT_CODE_PAGE_HARDWARE);
        }
    }
}

static void invalid_requests_are_logged(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    uint64_t port = UINT64_C(0xfdfc000000);

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | RIG_RW, RIG_DOMAIN | Q1_SA | Q1_SE, 0, 0);
    for (unsigned i = 0; i < 3; i++) {
        REFUSES_READ(rig, port, page, invalid_request(rig, 2, port));
    }
}

static void se_waits_for_a_fault(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    uint64_t port = UINT64_C(0xfdfc000000);

    rig_enable(rig);
    refuse_all(rig, Q1_SE);
    REFUSES_READ(rig, port, page, invalid_request(rig, 2, port));
    REFUSES_READ(rig, page, page, denied(rig, page));
    RIG_READ_REFUSED(rig, page, page, 8);
    RIG_NO_EVENTS(rig);
}

/* ---- Interrupts ------------------------------------------------------------------------------ */

/* An entry whose interrupt table has no entry with RemapEn=1; returns the table. */
static uint64_t no_interrupts(struct rig *rig, uint64_t control, uint64_t q2)
{
    uint64_t table = rig_page(rig);
    struct rig_dte dte = {{Q0_V | Q0_TV, RIG_DOMAIN | control, q2, 0}};

    rig_dte_remap(&dte, table, 8);
    rig_set_dte(rig, rig->device, dte);
    return table;
}

static void interrupt_logged(struct rig *rig)
{
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_NO_MESSAGE(rig);
    RIG_EVENTS(rig, rig_fault(rig, EVENT_I, MSI_BASE));
}

static void interrupt_silent(struct rig *rig)
{
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_NO_MESSAGE(rig);
    RIG_NO_EVENTS(rig);
}

static void se_and_sa_leave_interrupts(struct rig *rig)
{
    rig_enable(rig);
    no_interrupts(rig, Q1_SA, 0);
    interrupt_logged(rig);
    interrupt_logged(rig);
    no_interrupts(rig, Q1_SE, 0);
    interrupt_logged(rig);
    interrupt_logged(rig);
}

static void interrupts_leave_se(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    no_interrupts(rig, Q1_SE, 0);
    interrupt_logged(rig);
    REFUSES_READ(rig, page, page, denied(rig, page));
    interrupt_logged(rig);
    RIG_READ_REFUSED(rig, page, page, 8);
    RIG_NO_EVENTS(rig);
}

static void ig_silences(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    uint64_t table = no_interrupts(rig, 0, Q2_IG);
    interrupt_silent(rig);
    rig_store32(rig, table + 4 * UINT64_C(0x41), IRTE_REMAP_EN | 0x80);
    rig_invalidate_interrupts(rig, rig->device);
    CHECK(rig_wait(rig));
    interrupt_silent(rig);
    REFUSES_READ(rig, page, page, denied(rig, page)); /* not of memory requests */
    no_interrupts(rig, 0, 0);
    interrupt_logged(rig);
}

static void ig_silences_beyond_the_table(struct rig *rig)
{
    rig_enable(rig);
    no_interrupts(rig, 0, Q2_IG);
    rig_interrupt(rig, rig->device, MSI_BASE, 0x100);
    RIG_NO_MESSAGE(rig);
    RIG_NO_EVENTS(rig);
    no_interrupts(rig, 0, 0);
    rig_interrupt(rig, rig->device, MSI_BASE, 0x100);
    RIG_NO_MESSAGE(rig);
    RIG_EVENTS(rig, rig_fault(rig, EVENT_I, MSI_BASE));
}

static void ig_passes_good_interrupts(struct rig *rig)
{
    rig_enable(rig);
    uint64_t table = no_interrupts(rig, 0, Q2_IG);
    rig_store32(rig, table + 4 * UINT64_C(0x41), IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    rig_invalidate_interrupts(rig, rig->device);
    CHECK(rig_wait(rig));
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_MESSAGE(rig, .vector = 0x52);
}

static void ig_leaves_illegal_entries(struct rig *rig)
{
    rig_enable(rig);
    no_interrupts(rig, 0, Q2_IG | UINT64_C(1) << 59);
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_NO_MESSAGE(rig);
    RIG_EVENTS(rig, illegal_entry(rig, EVENT_I | EVENT_RZ, MSI_BASE));
}

/* With and without SupIOPF in an entry that is @entry otherwise. */
static void suppressed_by_entry(struct rig *rig, uint32_t entry, uint64_t flags)
{
    rig_enable(rig);
    uint64_t table = no_interrupts(rig, 0, 0);
    for (unsigned i = 0; i < 2; i++) {
        rig_store32(rig, table + 4 * UINT64_C(0x41), entry | (i == 0 ? IRTE_SUP_IOPF : 0));
        rig_invalidate_interrupts(rig, rig->device);
        CHECK(rig_wait(rig));
        rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
        RIG_NO_MESSAGE(rig);
        if (i == 0) {
            RIG_NO_EVENTS(rig);
        } else {
            RIG_EVENTS(rig, rig_fault(rig, EVENT_I | flags, MSI_BASE));
        }
    }
}

static void sup_iopf_without_remap_en(struct rig *rig)
{
    suppressed_by_entry(rig, 0, 0);
}

static void sup_iopf_reserved_bit(struct rig *rig)
{
    suppressed_by_entry(rig, IRTE_REMAP_EN | 0x80, EVENT_PR | EVENT_RZ);
}

static void sup_iopf_int_type(struct rig *rig)
{
    suppressed_by_entry(rig, IRTE_REMAP_EN | IRTE_TYPE(4), EVENT_PR | EVENT_RZ);
}

static void sup_iopf_passes(struct rig *rig)
{
    rig_enable(rig);
    uint64_t table = no_interrupts(rig, 0, 0);
    rig_store32(rig, table + 4 * UINT64_C(0x41), IRTE_REMAP_EN | IRTE_SUP_IOPF | IRTE_VECTOR(0x52));
    rig_invalidate_interrupts(rig, rig->device);
    CHECK(rig_wait(rig));
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_MESSAGE(rig, .vector = 0x52);
}

static void ig_and_sup_iopf_clear_other_device(struct rig *rig)
{
    uint16_t high = rig->target->endpoint[1];
    struct rig_dte dte = {{Q0_V | Q0_TV, 9, 0, 0}};

    rig_enable(rig);
    no_interrupts(rig, 0, Q2_IG);
    rig_dte_remap(&dte, rig_page(rig), 8);
    rig_set_dte(rig, high, dte);
    interrupt_silent(rig);
    rig_interrupt(rig, high, MSI_BASE, 0x41);
    RIG_NO_MESSAGE(rig);
    RIG_EVENTS(rig, rig_event(EVENT_CODE_PAGE_FAULT, high, 9, EVENT_I, MSI_BASE));
}

static const struct requirement list[] = {
    REQUIREMENT("DTE-101", "With SE=0 and SA=0 every refused request leaves its IO_PAGE_FAULT",
                SOURCE, CAN_DMA, each_fault_is_logged),
    REQUIREMENT("DTE-102", "With SA=1 no IO_PAGE_FAULT of DMA is logged, which is refused as ever",
                SOURCE, CAN_DMA, sa_silences),
    REQUIREMENT("DTE-103", "SA=1 silences IO_PAGE_FAULT of every cause, TV=0 included", SOURCE,
                CAN_DMA, sa_silences_every_cause),
    REQUIREMENT("DTE-104", "With SA=1 SE does not matter", SOURCE, CAN_DMA, sa_and_se),
    REQUIREMENT("DTE-105", "SA of one device leaves the faults of another in the log", SOURCE,
                CAN_DMA | CAN_SECOND, sa_of_another_device),
    REQUIREMENT("DTE-106",
                "With SE=1 the first IO_PAGE_FAULT is logged and no further one; all are refused",
                SOURCE, CAN_DMA, se_logs_once),
    REQUIREMENT("DTE-107",
                "INVALIDATE_DEVTAB_ENTRY has the next IO_PAGE_FAULT of a device with SE=1 logged",
                "1.20, INVALIDATE_DEVTAB_ENTRY", CAN_DMA, se_after_devtab),
    REQUIREMENT("DTE-108",
                "What SE=1 remembers outlives invalidations of pages, interrupts and other devices",
                "1.20, INVALIDATE_DEVTAB_ENTRY", CAN_DMA, se_after_other_commands),
    REQUIREMENT("DTE-109", "With SE=1 each device has a first IO_PAGE_FAULT of its own", SOURCE,
                CAN_DMA | CAN_SECOND, se_of_each_device),
    CHOICE("DTE-110",
           "After requests of many other devices, a fault that SE=1 suppressed has one "
           "of two fates",
           SOURCE, CAN_DMA | CAN_ANY_DEVICE, se_and_other_traffic,
           "stays suppressed | logged again", "stays suppressed"),
    REQUIREMENT("DTE-111", "A reset makes SE=1 forget what was logged", SOURCE, CAN_DMA | CAN_RESET,
                se_after_reset),
    CHOICE("DTE-112", "A fault while the log is off may use up what SE=1 allows", SOURCE, CAN_DMA,
           se_counts_logged_faults, "logged when the log runs again | suppressed",
           "logged when the log runs again"),
    REQUIREMENT("DTE-113", "With SE=1, also after a fault, permitted requests pass", SOURCE,
                CAN_DMA, se_passes_good_requests),
    REQUIREMENT("DTE-114", "SE and SA do not keep ILLEGAL_DEV_TABLE_ENTRY out of the log", SOURCE,
                CAN_DMA, illegal_entries_are_logged),
    REQUIREMENT("DTE-115", "SE and SA do not keep PAGE_TAB_HARDWARE_ERROR out of the log", SOURCE,
                CAN_DMA, hardware_errors_are_logged),
    REQUIREMENT("DTE-116", "SE and SA do not keep INVALID_DEVICE_REQUEST out of the log", SOURCE,
                CAN_DMA, invalid_requests_are_logged),
    REQUIREMENT("DTE-117", "Only an IO_PAGE_FAULT uses up what SE=1 allows", SOURCE, CAN_DMA,
                se_waits_for_a_fault),
    REQUIREMENT("DTE-118", "SE and SA do not matter to interrupts", SOURCE, CAN_MSI,
                se_and_sa_leave_interrupts),
    REQUIREMENT("DTE-119", "A fault of an interrupt does not use up what SE=1 allows", SOURCE,
                CAN_DMA | CAN_MSI, interrupts_leave_se),
    REQUIREMENT("DTE-120",
                "With IG=1 no IO_PAGE_FAULT of an interrupt is logged, and those of DMA are",
                SOURCE, CAN_DMA | CAN_MSI, ig_silences),
    REQUIREMENT("DTE-121", "IG=1 silences the fault of an index beyond the interrupt table", SOURCE,
                CAN_MSI, ig_silences_beyond_the_table),
    REQUIREMENT("DTE-122", "IG=1 changes nothing about an interrupt that can be remapped", SOURCE,
                CAN_MSI, ig_passes_good_interrupts),
    REQUIREMENT("DTE-123", "IG=1 does not keep ILLEGAL_DEV_TABLE_ENTRY out of the log", SOURCE,
                CAN_MSI, ig_leaves_illegal_entries),
    REQUIREMENT("DTE-124", "SupIOPF silences the fault of an entry with RemapEn=0",
                "1.20, interrupt remapping table entry", CAN_MSI, sup_iopf_without_remap_en),
    REQUIREMENT("DTE-125", "SupIOPF silences the fault of an entry with a reserved bit",
                "1.20, interrupt remapping table entry", CAN_MSI, sup_iopf_reserved_bit),
    REQUIREMENT("DTE-126", "SupIOPF silences the fault of an entry with a reserved IntType",
                "1.20, interrupt remapping table entry", CAN_MSI, sup_iopf_int_type),
    REQUIREMENT("DTE-127", "SupIOPF changes nothing about an interrupt that can be remapped",
                "1.20, interrupt remapping table entry", CAN_MSI, sup_iopf_passes),
    REQUIREMENT("DTE-128", "IG of one device leaves the faults of another's interrupts in the log",
                SOURCE, CAN_MSI | CAN_SECOND, ig_and_sup_iopf_clear_other_device),
    LIST_END,
};

const struct requirement_area area_suppression = {"DTE", "Device table: suppressed faults", list};
