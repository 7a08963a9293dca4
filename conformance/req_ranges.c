/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: Special address ranges of HyperTransport, those that no field controls, and the
 * range of message signalled interrupts as DMA finds it. Those that SysMgt, HtAtsResv and IoCtl
 * control are in req_range_control.c.
 */
#include "ranges.h"

#define SOURCE "1.20, special address ranges"

/* ---- Reserved interrupt address space -------------------------------------------------------- */

static void reserved_interrupts(struct rig *rig)
{
    translate(rig, 0);
    refused(rig, RESERVED_INT, INTERRUPTS, 0, 6);
}

static void reserved_interrupts_tv(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V, 0, 0, 0);
    REFUSES_READ(rig, RESERVED_INT, page, invalid_request(rig, 0, RESERVED_INT));
    REFUSES_WRITE(rig, RESERVED_INT, page, invalid_request(rig, 6, RESERVED_INT));
}

static void reserved_interrupts_mapped(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    translate(rig, Q1_IOCTL(2) | Q1_SYSMGT(3));
    rig_map(rig, RESERVED_INT, page, 12, RIG_RW);
    rig_map(rig, RESERVED_INT - 0x1000, page, 12, RIG_RW);
    REFUSES_READ(rig, RESERVED_INT, page, invalid_request(rig, 0, RESERVED_INT));
    REFUSES_WRITE(rig, RESERVED_INT, page, invalid_request(rig, 6, RESERVED_INT));
    RIG_READS(rig, RESERVED_INT - 8, page + 0xff8, 8); /* memory */
}

static void reserved_interrupts_non_posted(struct rig *rig)
{
    translate(rig, 0);
    non_posted(rig, RESERVED_INT, 0);
    non_posted(rig, INTERRUPTS - 8, 0);
}

/* ---- Interrupt and EOI ----------------------------------------------------------------------- */

static void interrupt_range_reads(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    translate(rig, 0);
    rig_map(rig, INTERRUPTS, page, 12, RIG_RW);
    REFUSES_READ(rig, INTERRUPTS, page, invalid_request(rig, 0, INTERRUPTS));
    REFUSES_READ(rig, IACK - 8, page, invalid_request(rig, 0, IACK - 8));
}

static void interrupt_range_non_posted(struct rig *rig)
{
    translate(rig, 0);
    non_posted(rig, INTERRUPTS, 0);
    non_posted(rig, IACK - 8, 0);
}

static void msi_range_reads(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    translate(rig, 0);
    rig_map(rig, MSI_BASE, page, 12, RIG_RW);
    REFUSES_READ(rig, MSI_BASE, page, invalid_request(rig, 0, MSI_BASE));
    REFUSES_READ(rig, MSI_BASE + 0xffff8, page, invalid_request(rig, 0, MSI_BASE + 0xffff8));
    rig_map(rig, MSI_BASE - 0x1000, page, 12, RIG_RW);
    rig_map(rig, MSI_BASE + 0x100000, page, 12, RIG_RW);
    RIG_READS(rig, MSI_BASE - 8, page + 0xff8, 8);
    RIG_WRITES(rig, MSI_BASE + 0x100000, page, 8);
}

static void msi_range_non_posted(struct rig *rig)
{
    translate(rig, 0);
    non_posted(rig, MSI_BASE, 0);
    non_posted(rig, MSI_BASE + 0xffff8, 0);
}

static void msi_range_atomic(struct rig *rig)
{
    uint64_t page = lone_page(rig);
    struct target_request request = request_of(rig, TARGET_ATOMIC, MSI_BASE);

    translate(rig, 0);
    REFUSES(rig, request, page, invalid_request(rig, 0, MSI_BASE));
}

static void msi_range_needs_high_bits_clear(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    translate(rig, 0);
    for (unsigned bit = 32; bit < 64; bit++) {
        uint64_t iova = MSI_BASE | UINT64_C(1) << bit;
        rig_map(rig, iova, page, 12, RIG_RW);
        RIG_READS(rig, iova, page, 8);
    }
    RIG_NO_EVENTS(rig);
}

static void v_clear_msi_read(struct rig *rig)
{
    struct target_request request = request_of(rig, TARGET_READ, MSI_BASE);
    uint8_t data[8];

    request.data = data; /* what is forwarded reads as the platform likes */
    rig_enable(rig);
    rig->target->ops->request(rig->target, &request);
    CHOOSE_LOGGED(rig, invalid_request(rig, 0, MSI_BASE), "INVALID_DEVICE_REQUEST", "forwarded");
}

/* ---- Ranges that no field controls ----------------------------------------------------------- */

/* What becomes of a mapped address there; unless translated, nothing is said about it. */
static void name_fate(struct rig *rig, uint64_t first, uint64_t end)
{
    uint64_t page = lone_page(rig);
    struct target_request request = request_of(rig, TARGET_WRITE, first + 0x4000);
    uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct rig_event event;

    translate(rig, 0);
    rig_map(rig, first + 0x4000, page, 12, RIG_RW);
    request.data = data;
    rig->target->ops->request(rig->target, &request);
    unsigned count = rig_take_events(rig, &event, 1);
    if (rig_load64(rig, page) != 0) {
        CHECK_U64(count, 0);
        translated(rig, first, end);
        rig_outcome(rig, "translated");
    } else {
        rig_outcome(rig, count == 0 ? "forwarded" : "refused");
    }
}

static void iack(struct rig *rig)
{
    name_fate(rig, IACK, SYSTEM);
}

static void configuration(struct rig *rig)
{
    name_fate(rig, CONFIGURATION, EXTENDED);
}

static void extended(struct rig *rig)
{
    name_fate(rig, EXTENDED, RESERVED_HIGH);
}

static void reserved_high(struct rig *rig)
{
    name_fate(rig, RESERVED_HIGH, RANGES_END);
}

static void reserved_range(struct rig *rig)
{
    translate(rig, 0);
    translated(rig, RESERVED, ATS_RESPONSES);
}

static void above_and_below(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    translate(rig, 0);
    rig_map(rig, RESERVED_INT - 0x1000, page, 12, RIG_RW);
    rig_map(rig, RANGES_END, page, 12, RIG_RW);
    RIG_READS(rig, RESERVED_INT - 8, page + 0xff8, 8);
    RIG_WRITES(rig, RESERVED_INT - 8, page + 0xff8, 8);
    RIG_READS(rig, RANGES_END, page, 8);
    RIG_WRITES(rig, RANGES_END, page, 8);
}

static void high_address_bits(struct rig *rig)
{
    uint64_t page = lone_page(rig);
    uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    unsigned memory = 0;

    translate(rig, 0);
    for (unsigned bit = 40; bit < 64; bit++) {
        uint64_t iova = PORTS | UINT64_C(1) << bit;
        struct target_request request = request_of(rig, TARGET_WRITE, iova);
        struct rig_event event;

        rig_map(rig, iova, page, 12, RIG_RW);
        rig_store64(rig, page, 0);
        request.data = data;
        rig->target->ops->request(rig->target, &request);
        rig_take_events(rig, &event, 1);
        memory += rig_load64(rig, page) != 0;
    }
    CHECK(memory == 24 || memory == 16);
    rig_outcome(rig, memory == 24 ? "64 bits are compared" : "48 bits are compared");
}

static const struct requirement list[] = {
    REQUIREMENT("ADR-001",
                "FD_0000_0000h to FD_F7FF_FFFFh: reads are INVALID_DEVICE_REQUEST of type 0, "
                "posted writes of type 6",
                SOURCE, CAN_DMA, reserved_interrupts),
    REQUIREMENT("ADR-002", "The reserved interrupt range is refused likewise with TV=0", SOURCE,
                CAN_DMA, reserved_interrupts_tv),
    REQUIREMENT("ADR-003",
                "The reserved interrupt range is refused though the tables map it, and the page "
                "below it not",
                SOURCE, CAN_DMA, reserved_interrupts_mapped),
    REQUIREMENT("ADR-004", "Non-posted writes to the reserved interrupt range are of type 0",
                SOURCE, CAN_DMA | CAN_NON_POSTED, reserved_interrupts_non_posted),
    REQUIREMENT("ADR-005", "Reads of FD_F800_0000h to FD_F8FF_FFFFh are of type 0", SOURCE, CAN_DMA,
                interrupt_range_reads),
    REQUIREMENT("ADR-006", "Non-posted writes to the interrupt range are of type 0", SOURCE,
                CAN_DMA | CAN_NON_POSTED, interrupt_range_non_posted),
    REQUIREMENT("ADR-007",
                "Reads of FEE0_0000h to FEEF_FFFFh are of type 0, and the pages beside them memory",
                SOURCE, CAN_DMA, msi_range_reads),
    REQUIREMENT("ADR-008", "Non-posted writes to FEEx_xxxxh are of type 0", SOURCE,
                CAN_DMA | CAN_NON_POSTED, msi_range_non_posted),
    REQUIREMENT("ADR-009", "Atomic accesses to FEEx_xxxxh are of type 0", SOURCE,
                CAN_DMA | CAN_ATOMIC, msi_range_atomic),
    REQUIREMENT("ADR-010", "FEEx_xxxxh with any of bits 63:32 set is memory", SOURCE, CAN_DMA,
                msi_range_needs_high_bits_clear),
    CHOICE("ADR-011", "With V=0 a read of FEEx_xxxxh has one of two fates", SOURCE, CAN_DMA,
           v_clear_msi_read, "forwarded | INVALID_DEVICE_REQUEST", "forwarded"),
    CHOICE("ADR-012", "FD_F900_0000h to FD_F90F_FFFFh (interrupt acknowledge) has one fate", SOURCE,
           CAN_DMA, iack, "translated | forwarded | refused", "translated"),
    CHOICE("ADR-013", "FD_FE00_0000h to FD_FFFF_FFFFh (configuration) has one fate", SOURCE,
           CAN_DMA, configuration, "translated | forwarded | refused", "translated"),
    CHOICE("ADR-014", "FE_0000_0000h to FE_1FFF_FFFFh (extended configuration) has one fate",
           SOURCE, CAN_DMA, extended, "translated | forwarded | refused", "translated"),
    CHOICE("ADR-015", "FE_2000_0000h to FF_FFFF_FFFFh (reserved) has one fate", SOURCE, CAN_DMA,
           reserved_high, "translated | forwarded | refused", "translated"),
    REQUIREMENT("ADR-016", "FD_F920_0000h to FD_FAFF_FFFFh is translated like memory", SOURCE,
                CAN_DMA, reserved_range),
    REQUIREMENT("ADR-017", "The pages below FD_0000_0000h and at 100_0000_0000h are memory", SOURCE,
                CAN_DMA, above_and_below),
    CHOICE("ADR-018", "Address bits above 39 take a request out of the ranges", SOURCE, CAN_DMA,
           high_address_bits, "64 bits are compared | 48 bits are compared",
           "64 bits are compared"),
    LIST_END,
};

const struct requirement_area area_ranges = {"ADR", "Special address ranges", list};
