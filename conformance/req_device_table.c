/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: Device table: which entry is a device's, base and size, IommuEn=0, a table that
 * cannot be read; then V, TV and IV together, and the tunnel. Entries are in
 * req_device_table_entry.c.
 */
#include "entries.h"

#define SOURCE "1.20, device table entry"

/* ---- The table ------------------------------------------------------------------------------- */

static void entries_are_apart(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    struct target_request high = request_of(rig, TARGET_READ, page);

    rig_enable(rig);
    high.device_id = rig->target->endpoint[1];
    set_entry(rig, Q0_V | Q0_TV, 0x11, 0, 0);
    RIG_DOES(rig, high, page);
    REFUSES_READ(rig, page, page,
                 rig_event(EVENT_CODE_PAGE_FAULT, rig->device, 0x11, EVENT_PR | EVENT_PE, page));
    rig_set_dte(rig, rig->device, (struct rig_dte){{0, 0, 0, 0}});
    rig_set_dte(rig, high.device_id, (struct rig_dte){{Q0_V | Q0_TV, 0x22, 0, 0}});
    RIG_READS(rig, page, page, 8);
    REFUSES(rig, high, page,
            rig_event(EVENT_CODE_PAGE_FAULT, high.device_id, 0x22, EVENT_PR | EVENT_PE, page));
}

static void each_device_id(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    for (unsigned bit = 0; bit <= 16; bit++) {
        struct target_request request = request_of(rig, TARGET_READ, page);

        request.device_id = bit == 16 ? 0xffff : (uint16_t)(1u << bit);
        rig_set_dte(rig, request.device_id, (struct rig_dte){{Q0_V | Q0_TV, 0x22, 0, 0}});
        REFUSES(
            rig, request, page,
            rig_event(EVENT_CODE_PAGE_FAULT, request.device_id, 0x22, EVENT_PR | EVENT_PE, page));
        rig_set_dte(rig, request.device_id, (struct rig_dte){{0, 0, 0, 0}});
        RIG_DOES(rig, request, page);
    }
}

static void reads_its_entry_only(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    uint64_t entry = RIG_DEVICE_TABLE + 32 * (uint64_t)rig->device;

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | RIG_RW, 0, 0, 0);
    rig_touches_begin(rig);
    RIG_READS(rig, page, page, 8);
    CHECK(rig_touched(rig, entry, 8));
    CHECK(!rig_touched(rig, RIG_DEVICE_TABLE, entry - RIG_DEVICE_TABLE));
    CHECK(!rig_touched(rig, entry + 32, RIG_DEVICE_TABLE + 0x200000 - entry - 32));
}

/* Enable with a device table of (size + 1) * 4 KiB at @base. */
static void enable_at(struct rig *rig, uint64_t base, unsigned size)
{
    rig_enable_with(rig, 0);
    rig_write(rig, REG_DEVICE_TABLE, base | size);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
}

static void table_elsewhere(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    uint64_t table = rig_page(rig);

    rig_store64(rig, table + 32 * (uint64_t)rig->device, Q0_V | Q0_TV);
    enable_at(rig, table, 0);
    REFUSES_READ(rig, page, page,
                 rig_event(EVENT_CODE_PAGE_FAULT, rig->device, 0, EVENT_PR | EVENT_PE, page));
}

static void table_base_bits(struct rig *rig)
{
    static const unsigned bits[] = {26, 27, 28, 30, 31, 32, 33, 36, 39, 42, 45, 47, 48, 49, 50, 51};
    uint64_t page = rig_page(rig);

    for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        uint64_t table = UINT64_C(1) << bits[i];

        rig->target->ops->memory_add(rig->target, table);
        rig_store64(rig, table + 32 * (uint64_t)rig->device, Q0_V | Q0_TV);
        enable_at(rig, table, 0);
        REFUSES_READ(rig, page, page,
                     rig_event(EVENT_CODE_PAGE_FAULT, rig->device, 0, EVENT_PR | EVENT_PE, page));
        rig_write(rig, REG_CONTROL, 0);
    }
}

static void size_bounds(struct rig *rig)
{
    static const unsigned sizes[] = {0, 1, 2, 3, 7, 15, 16, 31, 63, 127, 128, 255, 256, 510};
    uint64_t page = rig_page(rig);

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct target_request request = request_of(rig, TARGET_READ, page);
        unsigned entries = (sizes[i] + 1) * 128;

        enable_at(rig, RIG_DEVICE_TABLE, sizes[i]);
        request.device_id = (uint16_t)(entries - 1);
        RIG_DOES(rig, request, page);
        request.device_id = (uint16_t)entries;
        RIG_REFUSES(rig, request, page);
        struct rig_event event = TAKE_ONE(rig);
        CHECK_U64(event.word0 & 0xffff, entries);
        request.device_id = 0xffff;
        RIG_REFUSES(rig, request, page);
        TAKE_ONE(rig);
        rig_write(rig, REG_CONTROL, 0);
    }
    enable_at(rig, RIG_DEVICE_TABLE, 511);
    struct target_request last = request_of(rig, TARGET_READ, page);
    last.device_id = 0xffff;
    RIG_DOES(rig, last, page);
}

static void beyond_the_table(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    struct target_request request = request_of(rig, TARGET_READ, page);

    enable_at(rig, RIG_DEVICE_TABLE, 0);
    RIG_DOES(rig, request, page);
    request.device_id = rig->target->endpoint[1];
    RIG_REFUSES(rig, request, page);
    CHOOSE_EVENT(rig, rig_event(EVENT_CODE_PAGE_FAULT, request.device_id, 0, 0, page),
                 "IO_PAGE_FAULT", rig_event(EVENT_CODE_ILLEGAL_DTE, request.device_id, 0, 0, page),
                 "ILLEGAL_DEV_TABLE_ENTRY");
}

static void beyond_is_not_read(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    struct target_request request = request_of(rig, TARGET_WRITE, page);

    enable_at(rig, RIG_DEVICE_TABLE, 0);
    request.device_id = rig->target->endpoint[1];
    rig_touches_begin(rig);
    RIG_REFUSES(rig, request, page);
    CHECK(!rig_touched(rig, RIG_DEVICE_TABLE, 0x200000));
    TAKE_ONE(rig);
}

static void off_passes(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_store64(rig, RIG_DEVICE_TABLE + 32 * (uint64_t)rig->device, Q0_V | Q0_TV);
    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
    RIG_READS(rig, page, page, 64);
    RIG_WRITES(rig, page, page, 64);
    RIG_NO_EVENTS(rig);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    REFUSES_READ(rig, page, page,
                 rig_event(EVENT_CODE_PAGE_FAULT, rig->device, 0, EVENT_PR | EVENT_PE, page));
}

static void off_reads_nothing(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
    rig_touches_begin(rig);
    RIG_READS(rig, page, page, 64);
    CHECK_U64(rig_touch_count(rig), 0);
}

/* The event is DEV_TAB_HARDWARE_ERROR but for its Type, which is told by name. */
static void name_type(struct rig *rig, uint64_t flags, uint64_t address)
{
    struct rig_event want = rig_event(EVENT_CODE_DTE_HARDWARE, rig->device, 0, flags, address);
    struct rig_event event = TAKE_ONE(rig);

    CHECK_U64(event.word0 & ~(UINT64_C(3) << 57), want.word0);
    CHECK_U64(event.word1, want.word1);
    unsigned type = event.word0 >> 57 & 3;
    if (CHECK(type != 0)) {
        SAME_OUTCOME(rig, type == 1 ? "master abort" : type == 2 ? "target abort" : "data error");
    }
}

static void table_absent(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    enable_at(rig, TARGET_ABSENT, 0xf);
    RIG_READ_REFUSED(rig, page, page, 8);
    name_type(rig, 0, TARGET_ABSENT + 32 * (uint64_t)rig->device);
}

static void table_absent_write(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    enable_at(rig, TARGET_ABSENT, 0xf);
    RIG_WRITE_REFUSED(rig, page, page, 8);
    name_type(rig, EVENT_RW, TARGET_ABSENT + 32 * (uint64_t)rig->device);
}

static void table_fails(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig->target->ops->memory_fail(rig->target, RIG_DEVICE_TABLE);
    RIG_READ_REFUSED(rig, page, page, 8);
    name_type(rig, 0, RIG_DEVICE_TABLE + 32 * (uint64_t)rig->device);
}

static void validity_matrix(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    uint64_t table = rig_pages(rig, 1, 0x1000);

    rig_enable(rig);
    rig_attach(rig, 3);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    rig_store32(rig, table + 4 * UINT64_C(0x41), IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    for (unsigned i = 0; i < 8; i++) {
        bool v = (i & 1) != 0;
        bool tv = (i & 2) != 0;
        bool iv = (i & 4) != 0;
        struct rig_dte dte = attached(rig);

        rig_dte_remap(&dte, table, 8);
        dte.q[0] = (dte.q[0] & ~(Q0_V | Q0_TV)) | (v ? Q0_V : 0) | (tv ? Q0_TV : 0);
        dte.q[1] = 0;
        dte.q[2] = (dte.q[2] & ~Q2_IV) | (iv ? Q2_IV : 0);
        rig_set_dte(rig, rig->device, dte);
        if (!v) {
            RIG_READS(rig, page, page, 8);
        } else if (tv) {
            RIG_READS(rig, RIG_IOVA, page, 8);
        } else {
            REFUSES_READ(rig, RIG_IOVA, page,
                         rig_event(EVENT_CODE_PAGE_FAULT, rig->device, 0, 0, RIG_IOVA));
        }
        rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
        RIG_MESSAGE(rig, .vector = iv ? 0x52 : 0x41);
        RIG_NO_EVENTS(rig);
    }
}

static void tunnel_off(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    struct target_request request = request_of(rig, TARGET_READ, page);

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV, RIG_DOMAIN, 0, 0);
    request.tunnel = true;
    RIG_DOES(rig, request, page);
    RIG_NO_EVENTS(rig);
    REFUSES_READ(rig, page, page, rig_fault(rig, EVENT_PR | EVENT_PE, page));
    rig_write(rig, REG_CONTROL, CONTROL_USUAL | CONTROL_HT_TUN_EN);
    REFUSES(rig, request, page, rig_fault(rig, EVENT_PR | EVENT_PE, page));
}

static const struct requirement list[] = {
    REQUIREMENT("DTE-028", "Each device is ruled by the entry of its DeviceID, not by another's",
                SOURCE, CAN_DMA | CAN_SECOND, entries_are_apart),
    REQUIREMENT("DTE-029", "All 16 bits of the DeviceID select the entry, and are in events",
                SOURCE, CAN_DMA | CAN_ANY_DEVICE, each_device_id),
    REQUIREMENT("DTE-030", "A request reads the device table entry of its device and no other",
                SOURCE, CAN_DMA | CAN_TRACE, reads_its_entry_only),
    REQUIREMENT("DTE-031", "The device table is where its base register says",
                "1.20, device table base address", CAN_DMA, table_elsewhere),
    REQUIREMENT("DTE-032", "The base of the device table has address bits up to 51",
                "1.20, device table base address", CAN_DMA | CAN_HIGH_MEMORY, table_base_bits),
    REQUIREMENT("DTE-033",
                "The table has (Size+1)*128 entries: the last passes, the next DeviceID is refused",
                "1.20, device table base address", CAN_DMA | CAN_ANY_DEVICE, size_bounds),
    CHOICE("DTE-034", "A request of a DeviceID beyond the table is refused with one event",
           "1.20, device table base address", CAN_DMA | CAN_SECOND, beyond_the_table,
           "IO_PAGE_FAULT | ILLEGAL_DEV_TABLE_ENTRY", "IO_PAGE_FAULT"),
    REQUIREMENT("DTE-035", "Of a DeviceID beyond the table no entry is read",
                "1.20, device table base address", CAN_DMA | CAN_SECOND | CAN_TRACE,
                beyond_is_not_read),
    REQUIREMENT("DTE-036", "With IommuEn=0 all DMA passes and nothing is logged", "1.20, control",
                CAN_DMA, off_passes),
    REQUIREMENT("DTE-037", "With IommuEn=0 the IOMMU reads no memory for a request",
                "1.20, control", CAN_DMA | CAN_TRACE, off_reads_nothing),
    CHOICE("DTE-038",
           "A device table without memory behind it is DEV_TAB_HARDWARE_ERROR with the entry's "
           "address, of one Type",
           "1.20, event log", CAN_DMA, table_absent, "master abort | target abort | data error",
           "master abort"),
    CHOICE("DTE-039", "DEV_TAB_HARDWARE_ERROR of a write has RW=1, and one Type", "1.20, event log",
           CAN_DMA, table_absent_write, "master abort | target abort | data error", "master abort"),
    CHOICE("DTE-040", "A device table in memory that fails is DEV_TAB_HARDWARE_ERROR of one Type",
           "1.20, event log", CAN_DMA | CAN_BAD_MEMORY, table_fails,
           "master abort | target abort | data error", "data error"),
    REQUIREMENT("DTE-041",
                "V and TV rule memory requests and IV rules interrupts, in all eight combinations",
                SOURCE, CAN_DMA | CAN_MSI, validity_matrix),
    REQUIREMENT("DTE-042",
                "Requests through the tunnel pass with HtTunEn=0 and are ruled by the tables with "
                "HtTunEn=1",
                "1.20, control", CAN_DMA | CAN_TUNNEL | CAN_HT_TUNNEL_ON, tunnel_off),
    LIST_END,
};

const struct requirement_area area_device_table = {"DTE", "Device table", list};
