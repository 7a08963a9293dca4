/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: Device table entries: V, TV, Mode, permissions, reserved bits, and what events have
 * of an entry. The table is in req_device_table.c, what faults log and what not in
 * req_suppression.c.
 */
#include "entries.h"

#define SOURCE "1.20, device table entry"

/* ---- V, TV, Mode ----------------------------------------------------------------------------- */

static void v_clear_passes_dma(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, ~Q0_V, UINT64_MAX, UINT64_MAX & ~Q2_IV, UINT64_MAX);
    RIG_READS(rig, page + 0x100, page + 0x100, 8);
    RIG_WRITES(rig, page + 0x200, page + 0x200, 8);
    RIG_NO_EVENTS(rig);
}

static void nothing_permitted(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV, RIG_DOMAIN, 0, 0);
    REFUSES_READ(rig, page, page, rig_fault(rig, EVENT_PR | EVENT_PE, page));
    REFUSES_WRITE(rig, page, page, rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, page));
}

static void mode_7(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | Q0_MODE(7) | RIG_RW, RIG_DOMAIN, 0, 0);
    RIG_READ_REFUSED(rig, page, page, 8);
    CHOOSE_EVENT(rig, illegal_entry(rig, 0, page), "ILLEGAL_DEV_TABLE_ENTRY",
                 rig_fault(rig, EVENT_PR, page), "IO_PAGE_FAULT");
}

static void mode_7_write(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | Q0_MODE(7) | RIG_RW, RIG_DOMAIN, 0, 0);
    RIG_WRITE_REFUSED(rig, page, page, 8);
    CHOOSE_EVENT(rig, illegal_entry(rig, EVENT_RW, page), "ILLEGAL_DEV_TABLE_ENTRY",
                 rig_fault(rig, EVENT_PR | EVENT_RW, page), "IO_PAGE_FAULT");
}

static void mode_7_without_tv(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_MODE(7) | RIG_RW, RIG_DOMAIN, 0, 0);
    RIG_READ_REFUSED(rig, page, page, 8);
    struct rig_event event = TAKE_ONE(rig);
    CHECK_U64(event.word0 & ~UINT64_C(0xffff00000000),
              rig_fault(rig, 0, 0).word0 & ~UINT64_C(0xffff00000000));
    CHECK_U64(event.word1, page);
}

static void each_bit_with_v_clear(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    for (unsigned bit = 1; bit < 128; bit++) {
        set_entry(rig, bit < 64 ? UINT64_C(1) << bit : 0, bit >= 64 ? UINT64_C(1) << (bit - 64) : 0,
                  0, 0);
        RIG_READS(rig, page, page, 8);
    }
    RIG_NO_EVENTS(rig);
    set_entry(rig, Q0_V | Q0_TV, RIG_DOMAIN, 0, 0);
    REFUSES_READ(rig, page, page, rig_fault(rig, EVENT_PR | EVENT_PE, page));
}

static void tv_clear(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 2);
    rig_map(rig, 0x1000, page, 12, RIG_RW);
    RIG_READS(rig, 0x1000, page, 8);
    for (unsigned mode = 0; mode <= 6; mode++) {
        set_entry(rig, (attached(rig).q[0] & ~(Q0_TV | Q0_MODE(7))) | Q0_MODE(mode), 0, 0, 0);
        REFUSES_READ(rig, 0x1000, page,
                     rig_event(EVENT_CODE_PAGE_FAULT, rig->device, 0, 0, 0x1000));
        RIG_READ_REFUSED(rig, page, page, 8); /* nor untranslated */
        RIG_EVENTS(rig, rig_event(EVENT_CODE_PAGE_FAULT, rig->device, 0, 0, page));
    }
}

static void tv_clear_domain(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V | RIG_RW, 0x1234, 0, 0);
    RIG_READ_REFUSED(rig, page, page, 8);
    CHOOSE_EVENT(rig, rig_event(EVENT_CODE_PAGE_FAULT, rig->device, 0x1234, 0, page),
                 "the entry's field", rig_event(EVENT_CODE_PAGE_FAULT, rig->device, 0, 0, page),
                 "0");
}

static void tv_clear_write(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V | RIG_RW, 0, 0, 0);
    RIG_WRITE_REFUSED(rig, page, page, 8);
    CHOOSE_EVENT(rig, rig_event(EVENT_CODE_PAGE_FAULT, rig->device, 0, EVENT_RW, page), "RW=1",
                 rig_event(EVENT_CODE_PAGE_FAULT, rig->device, 0, 0, page), "RW=0");
}

static void tv_clear_safe_entry(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V, 0, Q2_IV, 0);
    REFUSES_READ(rig, page, page, rig_event(EVENT_CODE_PAGE_FAULT, rig->device, 0, 0, page));
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_NO_MESSAGE(rig);
    RIG_EVENTS(rig, invalid_request(rig, 5, MSI_BASE));
    set_entry(rig, 0, 0, 0, 0);
    RIG_READS(rig, page, page, 8);
}

static void mode_0_permissions(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | RIG_R, RIG_DOMAIN, 0, 0);
    RIG_READS(rig, page + 8, page + 8, 8);
    REFUSES_WRITE(rig, page, page, rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, page));
    set_entry(rig, Q0_V | Q0_TV | RIG_W, RIG_DOMAIN, 0, 0);
    RIG_WRITES(rig, page + 8, page + 8, 8);
    REFUSES_READ(rig, page, page, rig_fault(rig, EVENT_PR | EVENT_PE, page));
    set_entry(rig, Q0_V | Q0_TV | RIG_RW, RIG_DOMAIN, 0, 0);
    RIG_READS(rig, page + 8, page + 8, 8);
    RIG_WRITES(rig, page + 8, page + 8, 8);
}

static void mode_0_has_no_root(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    uint64_t table = rig_page(rig);

    rig_enable(rig);
    for (unsigned i = 0; i < 512; i++) {
        rig_store64(rig, table + 8 * (uint64_t)i, rig_entry(0, 0x3000000, RIG_RW));
    }
    set_entry(rig, Q0_V | Q0_TV | RIG_RW | table, RIG_DOMAIN, 0, 0);
    RIG_READS(rig, page, page, 64);
    set_entry(rig, Q0_V | Q0_TV | RIG_RW | TARGET_ABSENT, RIG_DOMAIN, 0, 0);
    RIG_READS(rig, page, page, 64);
    RIG_WRITES(rig, page, page, 64);
}

static void mode_0_all_addresses(struct rig *rig)
{
    static const uint64_t places[] = {UINT64_C(0x100000000), UINT64_C(0x8000000000),
                                      UINT64_C(0x1000000000000), UINT64_C(0xfffffffe00000)};

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | RIG_RW, RIG_DOMAIN, 0, 0);
    for (unsigned i = 0; i < 4; i++) {
        rig->target->ops->memory_add(rig->target, places[i]);
        RIG_READS(rig, places[i] + 0x1ff000, places[i] + 0x1ff000, 64);
        RIG_WRITES(rig, places[i] + 0x1ff000, places[i] + 0x1ff000, 64);
    }
}

static void entry_permissions(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 3);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    uint64_t q0 = attached(rig).q[0] & ~RIG_RW;

    set_entry(rig, q0 | RIG_R, RIG_DOMAIN, 0, 0);
    RIG_READS(rig, RIG_IOVA, page, 8);
    REFUSES_WRITE(rig, RIG_IOVA, page, rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, RIG_IOVA));
    set_entry(rig, q0 | RIG_W, RIG_DOMAIN, 0, 0);
    RIG_WRITES(rig, RIG_IOVA, page, 8);
    REFUSES_READ(rig, RIG_IOVA, page, rig_fault(rig, EVENT_PR | EVENT_PE, RIG_IOVA));
    set_entry(rig, q0, RIG_DOMAIN, 0, 0);
    REFUSES_WRITE(rig, RIG_IOVA, page, rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, RIG_IOVA));
    REFUSES_READ(rig, RIG_IOVA, page, rig_fault(rig, EVENT_PR | EVENT_PE, RIG_IOVA));
}

static void entry_permission_before_walk(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 3);
    set_entry(rig, attached(rig).q[0] & ~RIG_R, RIG_DOMAIN, 0, 0);
    RIG_READ_REFUSED(rig, RIG_IOVA, page, 8);
    CHOOSE_EVENT(rig, rig_fault(rig, EVENT_PR | EVENT_PE, RIG_IOVA), "the device table entry's",
                 rig_fault(rig, 0, RIG_IOVA), "the page's");
}

static void entry_permission_before_mode(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | Q0_MODE(7), RIG_DOMAIN, 0, 0);
    RIG_READ_REFUSED(rig, page, page, 8);
    CHOOSE_EVENT(rig, rig_fault(rig, EVENT_PR | EVENT_PE, page), "IO_PAGE_FAULT",
                 illegal_entry(rig, 0, page), "ILLEGAL_DEV_TABLE_ENTRY");
}

/* ---- Reserved and other bits ----------------------------------------------------------------- */

/* A page that a device with @change in its entry may read, unless the change makes it illegal. */
static void each_reserved_bit(struct rig *rig, unsigned quadword, uint64_t reserved)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 3);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    for (unsigned bit = 0; bit < 64; bit++) {
        struct rig_dte dte = attached(rig);

        if ((reserved >> bit & 1) == 0) {
            continue;
        }
        RIG_READS(rig, RIG_IOVA, page, 8);
        dte.q[quadword] |= UINT64_C(1) << bit;
        rig_set_dte(rig, rig->device, dte);
        REFUSES_READ(rig, RIG_IOVA, page, illegal_entry(rig, EVENT_RZ, RIG_IOVA));
        REFUSES_WRITE(rig, RIG_IOVA, page, illegal_entry(rig, EVENT_RZ | EVENT_RW, RIG_IOVA));
        rig_set_dte(rig, rig->device, attached(rig));
    }
}

static void reserved_low(struct rig *rig)
{
    each_reserved_bit(rig, 0, Q0_RESERVED);
}

static void reserved_high(struct rig *rig)
{
    each_reserved_bit(rig, 1, Q1_RESERVED);
}

static void reserved_before_tv(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V | UINT64_C(4), 0, 0, 0);
    REFUSES_READ(rig, page, page, illegal_entry(rig, EVENT_RZ, page));
    set_entry(rig, Q0_V, UINT64_C(1) << 63, 0, 0);
    REFUSES_READ(rig, page, page, illegal_entry(rig, EVENT_RZ, page));
}

static void reserved_in_mode_0(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | RIG_RW, 0, 0, 0);
    RIG_READS(rig, page, page, 8);
    set_entry(rig, Q0_V | Q0_TV | RIG_RW | UINT64_C(1) << 52, 0, 0, 0);
    REFUSES_READ(rig, page, page, illegal_entry(rig, EVENT_RZ, page));
}

static void interrupt_half_unchecked(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    struct rig_dte dte;

    rig_enable(rig);
    rig_attach(rig, 3);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    for (unsigned iv = 0; iv < 2; iv++) {
        dte = attached(rig);
        dte.q[2] = (UINT64_MAX & ~Q2_IV) | iv;
        dte.q[3] = UINT64_MAX;
        rig_set_dte(rig, rig->device, dte);
        RIG_READS(rig, RIG_IOVA, page, 8);
        RIG_WRITES(rig, RIG_IOVA, page, 8);
    }
    RIG_NO_EVENTS(rig);
}

static void defined_bits_are_harmless(struct rig *rig)
{
    static const uint64_t bits[] = {Q1_I,  Q1_SE, Q1_SA,        Q1_IOCTL(1),  Q1_IOCTL(2), Q1_CACHE,
                                    Q1_SD, Q1_EX, Q1_SYSMGT(1), Q1_SYSMGT(2), Q1_SYSMGT(3)};
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 3);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        set_entry(rig, attached(rig).q[0], RIG_DOMAIN | bits[i], 0, 0);
        RIG_READS(rig, RIG_IOVA, page, 8);
        RIG_WRITES(rig, RIG_IOVA, page, 8);
    }
    RIG_NO_EVENTS(rig);
}

static void io_control_11(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 3);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    set_entry(rig, attached(rig).q[0], RIG_DOMAIN | Q1_IOCTL(3), 0, 0);
    RIG_READS(rig, RIG_IOVA, page, 8);
    RIG_NO_EVENTS(rig);
}

static void illegal_address(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V | UINT64_C(4), 0, 0, 0);
    for (unsigned low = 0; low < 4; low++) {
        RIG_READ_REFUSED(rig, page + 0x120 + low, page + 0x120 + low, 8);
        RIG_EVENTS(rig, illegal_entry(rig, EVENT_RZ, page + 0x120));
    }
    RIG_READ_REFUSED(rig, page + 0x124, page + 0x124, 8);
    RIG_EVENTS(rig, illegal_entry(rig, EVENT_RZ, page + 0x124));
}

static void illegal_domain(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | RIG_RW | UINT64_C(4), 0xffff, 0, 0);
    REFUSES_READ(rig, page, page, illegal_entry(rig, EVENT_RZ, page));
}

static void domain_in_events(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    for (unsigned bit = 0; bit < 16; bit++) {
        uint16_t domain = (uint16_t)(1u << bit);

        set_entry(rig, Q0_V | Q0_TV, domain, 0, 0);
        REFUSES_READ(
            rig, page, page,
            rig_event(EVENT_CODE_PAGE_FAULT, rig->device, domain, EVENT_PR | EVENT_PE, page));
    }
}

static void address_in_faults(struct rig *rig)
{
    static const uint64_t low[] = {0x0, 0x1, 0x2, 0x4, 0x8, 0x7f, 0x800, 0xff8};
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 6);
    for (unsigned bit = 12; bit < 64; bit++) {
        uint64_t iova = UINT64_C(1) << bit | low[bit % 8];
        REFUSES_READ(rig, iova, page, rig_fault(rig, 0, iova));
    }
}

static const struct requirement list[] = {
    REQUIREMENT(
        "DTE-001",
        "With V=0, DMA passes untranslated, whatever the other bits say, and no event is logged",
        SOURCE, CAN_DMA, v_clear_passes_dma),
    REQUIREMENT("DTE-002",
                "V=1, TV=1 and nothing else refuses all DMA, with IO_PAGE_FAULT PR=1 PE=1", SOURCE,
                CAN_DMA, nothing_permitted),
    CHOICE("DTE-003", "Mode 7 is refused with one event", SOURCE, CAN_DMA, mode_7,
           "ILLEGAL_DEV_TABLE_ENTRY | IO_PAGE_FAULT", "ILLEGAL_DEV_TABLE_ENTRY"),
    REQUIREMENT("DTE-004", "With V=0, none of the bits 127:1 by itself changes that DMA passes",
                SOURCE, CAN_DMA, each_bit_with_v_clear),
    REQUIREMENT("DTE-005",
                "With V=1 and TV=0 a request that needs a walk is refused with IO_PAGE_FAULT PR=0 "
                "RZ=0 PE=0, whatever Mode, root, IR and IW say",
                SOURCE, CAN_DMA, tv_clear),
    CHOICE("DTE-006", "An I/O page fault with TV=0 has a DomainID", SOURCE, CAN_DMA,
           tv_clear_domain, "the entry's field | 0", "the entry's field"),
    CHOICE("DTE-007", "A write that is refused for TV=0 has RW in its event", SOURCE, CAN_DMA,
           tv_clear_write, "RW=1 | RW=0", "RW=1"),
    REQUIREMENT("DTE-008", "V=1, TV=0, IV=1 and nothing else refuses DMA and fixed interrupts",
                SOURCE, CAN_DMA | CAN_MSI, tv_clear_safe_entry),
    REQUIREMENT("DTE-009", "With Mode 0 the address is kept, and IR and IW decide", SOURCE, CAN_DMA,
                mode_0_permissions),
    REQUIREMENT("DTE-010", "With Mode 0 the page table root means nothing", SOURCE, CAN_DMA,
                mode_0_has_no_root),
    REQUIREMENT("DTE-011", "With Mode 0 all addresses are kept, up to 52 bits", SOURCE,
                CAN_DMA | CAN_HIGH_MEMORY, mode_0_all_addresses),
    REQUIREMENT("DTE-012", "IR permits reads and IW writes, whatever the page tables permit",
                SOURCE, CAN_DMA, entry_permissions),
    CHOICE("DTE-013", "A request that neither IR nor the tables permit leaves one fault", SOURCE,
           CAN_DMA, entry_permission_before_walk, "the device table entry's | the page's",
           "the device table entry's"),
    CHOICE("DTE-014", "A request with Mode 7 and no permission leaves one event", SOURCE, CAN_DMA,
           entry_permission_before_mode, "IO_PAGE_FAULT | ILLEGAL_DEV_TABLE_ENTRY",
           "IO_PAGE_FAULT"),
    CHOICE("DTE-015", "A write with Mode 7 is refused with one event, which has RW=1", SOURCE,
           CAN_DMA, mode_7_write, "ILLEGAL_DEV_TABLE_ENTRY | IO_PAGE_FAULT",
           "ILLEGAL_DEV_TABLE_ENTRY"),
    REQUIREMENT("DTE-016", "With TV=0 Mode 7 is not looked at: it is IO_PAGE_FAULT with PR=0",
                SOURCE, CAN_DMA, mode_7_without_tv),
    REQUIREMENT("DTE-017",
                "With V=1 each reserved bit of 63:1 by itself makes a memory request "
                "ILLEGAL_DEV_TABLE_ENTRY with RZ=1",
                SOURCE, CAN_DMA, reserved_low),
    REQUIREMENT("DTE-018",
                "With V=1 each reserved bit of 127:64 by itself makes a memory request "
                "ILLEGAL_DEV_TABLE_ENTRY with RZ=1",
                SOURCE, CAN_DMA, reserved_high),
    REQUIREMENT("DTE-019", "Reserved bits come before TV=0: ILLEGAL_DEV_TABLE_ENTRY", SOURCE,
                CAN_DMA, reserved_before_tv),
    REQUIREMENT("DTE-020", "Reserved bits are refused with Mode 0 too", SOURCE, CAN_DMA,
                reserved_in_mode_0),
    REQUIREMENT("DTE-021", "Bits 255:128 do not matter to memory requests, reserved ones neither",
                SOURCE, CAN_DMA, interrupt_half_unchecked),
    REQUIREMENT("DTE-022",
                "I, SE, SA, Cache, SD, EX, legal IoCtl and SysMgt change nothing about a request "
                "for a mapped page",
                SOURCE, CAN_DMA, defined_bits_are_harmless),
    REQUIREMENT("DTE-023", "IoCtl=11b does not matter to requests outside the port I/O range",
                SOURCE, CAN_DMA, io_control_11),
    REQUIREMENT("DTE-024", "ILLEGAL_DEV_TABLE_ENTRY has bits 63:2 of the address, and 0 below",
                "1.20, event log", CAN_DMA, illegal_address),
    REQUIREMENT("DTE-025", "ILLEGAL_DEV_TABLE_ENTRY has no DomainID", "1.20, event log", CAN_DMA,
                illegal_domain),
    REQUIREMENT("DTE-026", "IO_PAGE_FAULT has all 16 bits of the entry's DomainID",
                "1.20, event log", CAN_DMA, domain_in_events),
    REQUIREMENT("DTE-027", "IO_PAGE_FAULT has all 64 bits of the address of the request",
                "1.20, event log", CAN_DMA, address_in_faults),
    LIST_END,
};

const struct requirement_area area_device_table_entry = {"DTE", "Device table: entries", list};
