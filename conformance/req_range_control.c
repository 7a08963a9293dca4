/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: Special address ranges that a field controls: system management (SysMgt), address
 * translation (HtAtsResv), port I/O (IoCtl); and what comes before and after the ranges.
 */
#include "ranges.h"

#define SOURCE "1.20, special address ranges"

static void set_control(struct rig *rig, uint64_t control)
{
    set_entry(rig, attached(rig).q[0], RIG_DOMAIN | control, 0, 0);
}

/* Forwarded: what is in memory at the address itself is reached. */
static void forwarded(struct rig *rig, uint64_t first)
{
    RIG_READS(rig, first + 0x1040, first + 0x1040, 8);
    RIG_WRITES(rig, first + 0x1040, first + 0x1040, 8);
    RIG_NO_EVENTS(rig);
}

/* ---- System management ----------------------------------------------------------------------- */

static void system_00(struct rig *rig)
{
    translate(rig, Q1_SYSMGT(0));
    refused(rig, SYSTEM, RESERVED, 4, 3);
}

static void system_01_reads(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    translate(rig, Q1_SYSMGT(1));
    rig_map(rig, SYSTEM, page, 12, RIG_RW);
    REFUSES_READ(rig, SYSTEM, page, invalid_request(rig, 4, SYSTEM));
    REFUSES_READ(rig, RESERVED - 8, page, invalid_request(rig, 4, RESERVED - 8));
    RIG_WRITE_REFUSED(rig, UINT64_C(0xfdf9300000), page, 8); /* not in the range: no page */
    RIG_EVENTS(rig, rig_fault(rig, EVENT_RW, UINT64_C(0xfdf9300000)));
}

static void system_01_writes(struct rig *rig)
{
    translate(rig, Q1_SYSMGT(1));
    rig->target->ops->memory_add(rig->target, UINT64_C(0xfdf9000000));
    RIG_WRITES(rig, SYSTEM + 0x40, SYSTEM + 0x40, 8);
    RIG_WRITES(rig, RESERVED - 0x40, RESERVED - 0x40, 8);
    set_entry(rig, Q0_V, Q1_SYSMGT(1), 0, 0);
    RIG_WRITES(rig, SYSTEM + 0x40, SYSTEM + 0x40, 8);
    set_entry(rig, Q0_V | Q0_TV, Q1_SYSMGT(1), 0, 0);
    RIG_WRITES(rig, SYSTEM + 0x40, SYSTEM + 0x40, 8);
    RIG_NO_EVENTS(rig);
}

static void system_10(struct rig *rig)
{
    translate(rig, Q1_SYSMGT(2));
    refused(rig, SYSTEM, RESERVED, 4, 3);
}

static void system_10_intx(struct rig *rig)
{
    struct target_request request = request_of(rig, TARGET_WRITE, SYSTEM + 0x40);

    translate(rig, Q1_SYSMGT(2));
    rig->target->ops->memory_add(rig->target, UINT64_C(0xfdf9000000));
    request.intx = true;
    RIG_DOES(rig, request, SYSTEM + 0x40);
    set_control(rig, Q1_SYSMGT(1));
    RIG_DOES(rig, request, SYSTEM + 0x40);
    set_control(rig, Q1_SYSMGT(0));
    REFUSES(rig, request, SYSTEM + 0x40, invalid_request(rig, 3, SYSTEM + 0x40));
}

static void system_11(struct rig *rig)
{
    translate(rig, Q1_SYSMGT(3));
    translated(rig, SYSTEM, RESERVED);
}

static void system_11_tv(struct rig *rig)
{
    rig_enable(rig);
    set_entry(rig, Q0_V, Q1_SYSMGT(3), 0, 0);
    refused(rig, SYSTEM, RESERVED, 7, 7);
}

static void system_non_posted(struct rig *rig)
{
    translate(rig, 0);
    for (unsigned control = 0; control < 3; control++) {
        set_control(rig, Q1_SYSMGT(control));
        non_posted(rig, SYSTEM, 4);
        non_posted(rig, RESERVED - 8, 4);
    }
}

/* ---- Address translation --------------------------------------------------------------------- */

static void ats_reserved(struct rig *rig)
{
    translate(rig, 0);
    refused(rig, ATS_RESPONSES, PORTS, 4, 3);
}

static void ats_reserved_non_posted(struct rig *rig)
{
    translate(rig, 0);
    non_posted(rig, ATS_RESPONSES, 4);
}

static void ats_not_reserved(struct rig *rig)
{
    translate(rig, 0);
    translated(rig, ATS_RESPONSES, PORTS);
}

/* ---- Port I/O space -------------------------------------------------------------------------- */

static void ports_00(struct rig *rig)
{
    translate(rig, Q1_IOCTL(0));
    refused(rig, PORTS, CONFIGURATION, 2, 2);
}

static void ports_00_non_posted(struct rig *rig)
{
    translate(rig, Q1_IOCTL(0));
    non_posted(rig, PORTS, 2);
}

static void ports_01(struct rig *rig)
{
    translate(rig, Q1_IOCTL(1));
    rig->target->ops->memory_add(rig->target, PORTS);
    rig->target->ops->memory_add(rig->target, CONFIGURATION - 0x200000);
    forwarded(rig, PORTS);
    forwarded(rig, CONFIGURATION - 0x2000);
    set_entry(rig, Q0_V, Q1_IOCTL(1), 0, 0);
    forwarded(rig, PORTS);
    set_entry(rig, Q0_V | Q0_TV, Q1_IOCTL(1), 0, 0);
    forwarded(rig, PORTS);
}

static void ports_01_unmapped(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    translate(rig, Q1_IOCTL(1));
    rig_map(rig, PORTS, page, 12, RIG_RW);
    uint64_t before = rig_load64(rig, page);
    uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct target_request request = request_of(rig, TARGET_WRITE, PORTS);
    request.data = data;
    rig->target->ops->request(rig->target, &request);
    CHECK_U64(rig_load64(rig, page), before);
    RIG_NO_EVENTS(rig);
    set_control(rig, Q1_IOCTL(2));
    RIG_WRITES(rig, PORTS, page, 8);
}

static void ports_10(struct rig *rig)
{
    translate(rig, Q1_IOCTL(2));
    translated(rig, PORTS, CONFIGURATION);
}

static void ports_10_tv(struct rig *rig)
{
    rig_enable(rig);
    set_entry(rig, Q0_V, Q1_IOCTL(2), 0, 0);
    refused(rig, PORTS, CONFIGURATION, 7, 7);
}

static void ports_11(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    translate(rig, Q1_IOCTL(3));
    RIG_READ_REFUSED(rig, PORTS, page, 8);
    CHOOSE_EVENT(rig, illegal_entry(rig, EVENT_RZ, PORTS), "RZ=1", illegal_entry(rig, 0, PORTS),
                 "RZ=0");
    RIG_WRITE_REFUSED(rig, CONFIGURATION - 8, page, 8);
    CHECK_U64(TAKE_ONE(rig).word0 >> 60, EVENT_CODE_ILLEGAL_DTE);
}

static void fields_are_apart(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    translate(rig, Q1_IOCTL(1) | Q1_SYSMGT(0));
    REFUSES_WRITE(rig, SYSTEM, page, invalid_request(rig, 3, SYSTEM));
    set_control(rig, Q1_IOCTL(0) | Q1_SYSMGT(3));
    REFUSES_WRITE(rig, PORTS, page, invalid_request(rig, 2, PORTS));
    rig_map(rig, SYSTEM, page, 12, RIG_RW);
    RIG_WRITES(rig, SYSTEM, page, 8);
    set_control(rig, Q1_IOCTL(2) | Q1_SYSMGT(0));
    rig_map(rig, PORTS, page, 12, RIG_RW);
    RIG_WRITES(rig, PORTS, page, 8);
    REFUSES_WRITE(rig, SYSTEM, page, invalid_request(rig, 3, SYSTEM));
}

/* ---- What comes before and after ------------------------------------------------------------- */

static void every_size_of_refusal(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    translate(rig, 0);
    for (uint32_t size = 1; size <= 2048; size *= 2) {
        RIG_WRITE_REFUSED(rig, PORTS, page, size);
        RIG_EVENTS(rig, invalid_request(rig, 2, PORTS));
    }
}

static void reserved_bits_first(struct rig *rig)
{
    static const uint64_t places[] = {RESERVED_INT, SYSTEM, PORTS};
    uint64_t page = lone_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V | UINT64_C(4), 0, 0, 0);
    for (unsigned i = 0; i < 3; i++) {
        REFUSES_READ(rig, places[i], page, illegal_entry(rig, EVENT_RZ, places[i]));
    }
}

static void v_clear(struct rig *rig)
{
    uint64_t page = lone_page(rig);
    struct rig_event events[4];

    rig_enable(rig);
    RIG_READ_REFUSED(rig, RESERVED_INT, page, 8); /* there is no memory */
    RIG_READ_REFUSED(rig, SYSTEM, page, 8);
    RIG_READ_REFUSED(rig, PORTS, page, 8);
    unsigned count = rig_take_events(rig, events, 4);
    CHECK(count == 0 || count == 3);
    rig_outcome(rig, count == 0 ? "forwarded" : "refused");
}

static void v_clear_forwards(struct rig *rig)
{
    rig_enable(rig);
    rig->target->ops->memory_add(rig->target, RESERVED_INT);
    rig->target->ops->memory_add(rig->target, IACK);
    rig->target->ops->memory_add(rig->target, PORTS);
    set_entry(rig, 0, UINT64_MAX, 0, 0);
    forwarded(rig, RESERVED_INT);
    forwarded(rig, SYSTEM);
    forwarded(rig, PORTS);
}

static void off_forwards(struct rig *rig)
{
    rig_store_dte(rig, rig->device, (struct rig_dte){{Q0_V | Q0_TV, 0, 0, 0}});
    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
    rig->target->ops->memory_add(rig->target, RESERVED_INT);
    rig->target->ops->memory_add(rig->target, IACK);
    rig->target->ops->memory_add(rig->target, PORTS);
    forwarded(rig, RESERVED_INT);
    forwarded(rig, SYSTEM);
    forwarded(rig, PORTS);
}

static void pages_in_the_ranges(struct rig *rig)
{
    translate(rig, 0);
    rig->target->ops->memory_add(rig->target, PORTS);
    rig->target->ops->memory_add(rig->target, RESERVED_INT);
    rig_map(rig, 0x1000, PORTS, 12, RIG_RW);
    rig_map(rig, 0x2000, RESERVED_INT, 12, RIG_RW);
    RIG_READS(rig, 0x1040, PORTS + 0x40, 8);
    RIG_WRITES(rig, 0x1040, PORTS + 0x40, 8);
    RIG_READS(rig, 0x2040, RESERVED_INT + 0x40, 8);
    RIG_NO_EVENTS(rig);
}

static void other_device(struct rig *rig)
{
    uint64_t page = lone_page(rig);
    struct target_request request = request_of(rig, TARGET_READ, PORTS);

    translate(rig, Q1_IOCTL(2));
    rig_map(rig, PORTS, page, 12, RIG_RW);
    request.device_id = rig->target->endpoint[1];
    rig_set_dte(rig, request.device_id, attached(rig));
    RIG_READS(rig, PORTS, page, 8);
    REFUSES(rig, request, page,
            rig_event(EVENT_CODE_INVALID_REQUEST, request.device_id, 0, EVENT_TYPE(2), PORTS));
}

static void tables_are_not_read(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    translate(rig, 0);
    rig_touches_begin(rig);
    REFUSES_READ(rig, PORTS, page, invalid_request(rig, 2, PORTS));
    CHECK(!rig_touched(rig, rig->root, 0x1000));
}

static const struct requirement list[] = {
    REQUIREMENT("ADR-019",
                "SysMgt=00b: in FD_F910_0000h to FD_F91F_FFFFh reads are of type 4, posted writes "
                "of type 3",
                SOURCE, CAN_DMA, system_00),
    REQUIREMENT("ADR-020", "SysMgt=01b: reads of the system management range are of type 4", SOURCE,
                CAN_DMA, system_01_reads),
    REQUIREMENT("ADR-021",
                "SysMgt=01b: posted writes are forwarded untranslated, whatever TV and IW say",
                SOURCE, CAN_DMA | CAN_HIGH_MEMORY, system_01_writes),
    REQUIREMENT("ADR-022",
                "SysMgt=10b: reads are of type 4, posted writes other than INTx messages of type 3",
                SOURCE, CAN_DMA, system_10),
    REQUIREMENT("ADR-023", "INTx messages are forwarded with SysMgt=01b and 10b, not with 00b",
                SOURCE, CAN_DMA | CAN_INTX | CAN_HIGH_MEMORY, system_10_intx),
    REQUIREMENT("ADR-024", "SysMgt=11b: the range is translated like memory", SOURCE, CAN_DMA,
                system_11),
    REQUIREMENT("ADR-025", "SysMgt=11b with TV=0: every access is of type 7", SOURCE, CAN_DMA,
                system_11_tv),
    REQUIREMENT("ADR-026",
                "Non-posted writes to the system management range are of type 4 unless SysMgt=11b",
                SOURCE, CAN_DMA | CAN_NON_POSTED, system_non_posted),
    REQUIREMENT("ADR-027",
                "HtAtsResv=1: in FD_FB00_0000h to FD_FBFF_FFFFh reads are of type 4, posted writes "
                "of type 3",
                SOURCE, CAN_DMA | CAN_ATS_RESV_ON, ats_reserved),
    REQUIREMENT("ADR-028", "HtAtsResv=1: non-posted writes are of type 4", SOURCE,
                CAN_DMA | CAN_NON_POSTED | CAN_ATS_RESV_ON, ats_reserved_non_posted),
    REQUIREMENT("ADR-029", "HtAtsResv=0: the address translation range is translated like memory",
                SOURCE, CAN_DMA | CAN_ATS_RESV_OFF, ats_not_reserved),
    REQUIREMENT("ADR-030",
                "IoCtl=00b: in FD_FC00_0000h to FD_FDFF_FFFFh reads and writes are of type 2",
                SOURCE, CAN_DMA, ports_00),
    REQUIREMENT("ADR-031", "IoCtl=00b: non-posted writes are of type 2", SOURCE,
                CAN_DMA | CAN_NON_POSTED, ports_00_non_posted),
    REQUIREMENT("ADR-032",
                "IoCtl=01b: reads and writes are forwarded untranslated, whatever TV, IR and IW "
                "say",
                SOURCE, CAN_DMA | CAN_HIGH_MEMORY, ports_01),
    REQUIREMENT("ADR-033", "IoCtl=01b: what the tables map there is not reached", SOURCE, CAN_DMA,
                ports_01_unmapped),
    REQUIREMENT("ADR-034", "IoCtl=10b: the range is translated like memory", SOURCE, CAN_DMA,
                ports_10),
    REQUIREMENT("ADR-035", "IoCtl=10b with TV=0: every access is of type 7", SOURCE, CAN_DMA,
                ports_10_tv),
    CHOICE("ADR-036", "IoCtl=11b: an access to the range is ILLEGAL_DEV_TABLE_ENTRY", SOURCE,
           CAN_DMA, ports_11, "RZ=1 | RZ=0", "RZ=1"),
    REQUIREMENT("ADR-037", "IoCtl rules the port range alone, SysMgt system management alone",
                SOURCE, CAN_DMA, fields_are_apart),
    REQUIREMENT("ADR-038", "A refused request of up to 2 KiB leaves one event, of any size", SOURCE,
                CAN_DMA, every_size_of_refusal),
    REQUIREMENT("ADR-039", "A reserved bit of the entry comes first: ILLEGAL_DEV_TABLE_ENTRY",
                SOURCE, CAN_DMA, reserved_bits_first),
    CHOICE("ADR-040", "With V=0 the ranges leave events or none", SOURCE, CAN_DMA, v_clear,
           "forwarded | refused", "forwarded"),
    REQUIREMENT("ADR-041", "With V=0 the ranges are forwarded, whatever IoCtl and SysMgt say",
                SOURCE, CAN_DMA | CAN_HIGH_MEMORY, v_clear_forwards),
    REQUIREMENT("ADR-042", "With IommuEn=0 the ranges are forwarded", "1.20, control",
                CAN_DMA | CAN_HIGH_MEMORY, off_forwards),
    REQUIREMENT("ADR-043", "Translations to addresses in the ranges are not checked", SOURCE,
                CAN_DMA | CAN_HIGH_MEMORY, pages_in_the_ranges),
    REQUIREMENT("ADR-044", "The fields are those of the device that makes the request", SOURCE,
                CAN_DMA | CAN_SECOND, other_device),
    REQUIREMENT("ADR-045", "No page table is read for a refused address", SOURCE,
                CAN_DMA | CAN_TRACE, tables_are_not_read),
    LIST_END,
};

const struct requirement_area area_range_control = {
    "ADR", "Special address ranges: controlled by fields", list};
