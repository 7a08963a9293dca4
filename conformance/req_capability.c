/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Capability block. */
#include "rings.h"

#define HEADER    0x00
#define BASE_LOW  0x04
#define BASE_HIGH 0x08
#define RANGE     0x0c
#define MISC      0x10

#define ENABLE        UINT32_C(0x00000001)
#define LOW_ADDRESS   UINT32_C(0xffffc000)
#define LOW_RESERVED  UINT32_C(0x00003ffe)
#define HT_ATS_RESV   UINT32_C(0x00400000)
#define MISC_RESERVED UINT32_C(0x078000e0)

static uint32_t bit32(unsigned bit)
{
    return UINT32_C(1) << bit;
}

static void header_names_an_iommu(struct rig *rig)
{
    uint32_t header = rig_cap(rig, HEADER);

    CHECK_U64(header & 0xff, 0x0f);
    CHECK_U64(header >> 16 & 0x7, 3);
    CHECK_U64(header >> 19 & 0x1f, 1);
}

/* No bit of the register at @offset changes, whether set or cleared. */
static void read_only(struct rig *rig, unsigned offset)
{
    uint32_t before = rig_cap(rig, offset);

    for (unsigned bit = 0; bit < 32; bit++) {
        rig_set_cap(rig, offset, before ^ bit32(bit));
        CHECK_U64(rig_cap(rig, offset), before);
    }
    rig_set_cap(rig, offset, ~before);
    CHECK_U64(rig_cap(rig, offset), before);
}

static void header_is_read_only(struct rig *rig)
{
    read_only(rig, HEADER);
}

static void header_has_no_later_bits(struct rig *rig)
{
    CHECK_U64(rig_cap(rig, HEADER) >> 27 & 0x3, 0);
}

static void header_reserved(struct rig *rig)
{
    CHECK_U64(rig_cap(rig, HEADER) >> 29, 0);
}

static void iotlb_on(struct rig *rig)
{
    CHECK_U64(rig_cap(rig, HEADER) >> 24 & 1, 1);
    rig_enable(rig);
    rig_command(rig, INV_IOTLB | rig->device | (uint64_t)rig->device << 32, 0);
    let_pass(rig);
    RIG_NO_EVENTS(rig);
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_CMD_BUF_RUN, STATUS_CMD_BUF_RUN);
}

static void iotlb_off(struct rig *rig)
{
    CHECK_U64(rig_cap(rig, HEADER) >> 24 & 1, 0);
    rig_enable(rig);
    REFUSES_COMMAND(rig, INV_IOTLB | rig->device | (uint64_t)rig->device << 32, 0);
}

static void tunnel_on(struct rig *rig)
{
    CHECK_U64(rig_cap(rig, HEADER) >> 25 & 1, 1);
}

static void tunnel_off(struct rig *rig)
{
    CHECK_U64(rig_cap(rig, HEADER) >> 25 & 1, 0);
}

static void np_cache(struct rig *rig)
{
    bool set = (rig_cap(rig, HEADER) >> 26 & 1) != 0;

    CHECK_U64(rig_cap(rig, HEADER) & 0xff, 0x0f);
    rig_outcome(rig, set ? "1" : "0");
}

static void np_cache_0_means(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 3);
    RIG_WRITE_REFUSED(rig, RIG_IOVA, page, 8);
    empty_log(rig);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    if ((rig_cap(rig, HEADER) >> 26 & 1) != 0) { /* then software says so */
        rig_invalidate_page(rig, RIG_DOMAIN, RIG_IOVA);
        CHECK(rig_wait(rig));
    }
    RIG_WRITES(rig, RIG_IOVA, page, 8);
}

static void enabled_by_firmware(struct rig *rig)
{
    uint32_t low = rig_cap(rig, BASE_LOW);

    CHECK_U64(low & ENABLE, ENABLE);
    CHECK_U64(low & LOW_RESERVED, 0);
}

static void low_is_locked(struct rig *rig)
{
    read_only(rig, BASE_LOW);
}

static void high_is_locked(struct rig *rig)
{
    read_only(rig, BASE_HIGH);
}

static void range_is_locked(struct rig *rig)
{
    read_only(rig, RANGE);
}

static void misc_is_locked(struct rig *rig)
{
    read_only(rig, MISC);
}

static void locked_against_parts(struct rig *rig)
{
    const struct target_ops *ops = rig->target->ops;

    for (unsigned offset = HEADER; offset < MISC + 4; offset += 4) {
        uint32_t before = rig_cap(rig, offset);
        for (unsigned byte = 0; byte < 4; byte++) {
            ops->cap_write(rig->target, offset + byte, 1, ~before >> (8 * byte) & 0xff);
            CHECK_U64(rig_cap(rig, offset), before);
        }
        ops->cap_write(rig->target, offset, 2, ~before & 0xffff);
        ops->cap_write(rig->target, offset + 2, 2, ~before >> 16);
        CHECK_U64(rig_cap(rig, offset), before);
    }
}

static void window_stays(struct rig *rig)
{
    uint64_t value = UINT64_C(0x0000123456789000) | 0x1ff;

    rig_write(rig, REG_DEVICE_TABLE, value);
    rig_set_cap(rig, BASE_HIGH, 0x7);
    rig_set_cap(rig, BASE_LOW, 0xaaaac000);
    CHECK_U64(rig_read(rig, REG_DEVICE_TABLE), value);
    CHECK_U64(rig_cap(rig, BASE_LOW) & ENABLE, ENABLE);
}

static void range_reserved(struct rig *rig)
{
    CHECK_U64(rig_cap(rig, RANGE) >> 5 & 0x3, 0);
}

static void range_invalid(struct rig *rig)
{
    uint32_t range = rig_cap(rig, RANGE);

    if ((range >> 7 & 1) != 0) { /* first and last belong together */
        CHECK((range >> 16 & 0xff) <= (range >> 24));
        rig_outcome(rig, "named here");
        return;
    }
    CHECK_U64(range >> 7 & 1, 0);
    rig_outcome(rig, "known through IVRS");
}

static void pa_size(struct rig *rig)
{
    uint32_t size = rig_cap(rig, MISC) >> 8 & 0x7f;

    CHECK(size == 0x28 || size == 0x30 || size == 0x34);
}

static void va_size(struct rig *rig)
{
    uint32_t size = rig_cap(rig, MISC) >> 15 & 0x7f;

    CHECK(size == 0x20 || size == 0x28 || size == 0x30 || size == 0x40);
}

static void misc_reserved(struct rig *rig)
{
    CHECK_U64(rig_cap(rig, MISC) & MISC_RESERVED, 0);
}

static void misc_no_ppr_message(struct rig *rig)
{
    CHECK_U64(rig_cap(rig, MISC) >> 27, 0);
}

static void ats_resv_on(struct rig *rig)
{
    CHECK_U64(rig_cap(rig, MISC) & HT_ATS_RESV, HT_ATS_RESV);
}

static void ats_resv_off(struct rig *rig)
{
    CHECK_U64(rig_cap(rig, MISC) & HT_ATS_RESV, 0);
}

/* ---- Before Enable --------------------------------------------------------------------------- */

/* Does the window decode at @base? */
static void decodes(struct rig *rig, uint64_t base)
{
    uint64_t where = 0;

    CHECK(rig->target->ops->window(rig->target, &where));
    CHECK_U64(where, base);
}

static void decodes_nothing(struct rig *rig)
{
    uint64_t where = 0;

    CHECK(!rig->target->ops->window(rig->target, &where));
}

static void starts_disabled(struct rig *rig)
{
    CHECK_U64(rig_cap(rig, BASE_LOW) & ENABLE, 0);
    decodes_nothing(rig);
    rig_set_cap(rig, BASE_HIGH, 0x1);
    rig_set_cap(rig, BASE_LOW, 0xfed80000);
    decodes_nothing(rig);
    rig_set_cap(rig, BASE_LOW, 0xfed80001);
    decodes(rig, UINT64_C(0x1fed80000));
}

static void low_bits(struct rig *rig)
{
    for (unsigned bit = 14; bit < 32; bit++) {
        rig_set_cap(rig, BASE_LOW, bit32(bit));
        CHECK_U64(rig_cap(rig, BASE_LOW), bit32(bit));
    }
    rig_set_cap(rig, BASE_LOW, 0);
    CHECK_U64(rig_cap(rig, BASE_LOW), 0);
}

static void low_reserved(struct rig *rig)
{
    for (unsigned bit = 1; bit < 14; bit++) {
        rig_set_cap(rig, BASE_LOW, 0x40000000 | bit32(bit));
        CHECK_U64(rig_cap(rig, BASE_LOW), 0x40000000);
    }
}

static void high_bits(struct rig *rig)
{
    for (unsigned bit = 0; bit < 32; bit++) {
        rig_set_cap(rig, BASE_HIGH, bit32(bit));
        CHECK_U64(rig_cap(rig, BASE_HIGH), bit32(bit));
    }
    rig_set_cap(rig, BASE_HIGH, 0);
    CHECK_U64(rig_cap(rig, BASE_HIGH), 0);
}

static void base_and_enable_in_one(struct rig *rig)
{
    rig_set_cap(rig, BASE_HIGH, 0);
    rig_set_cap(rig, BASE_LOW, 0xc0004000);
    rig_set_cap(rig, BASE_LOW, 0x80008001);
    CHECK_U64(rig_cap(rig, BASE_LOW), 0x80008001);
    decodes(rig, 0x80008000);
}

static void base_of_64_bits(struct rig *rig)
{
    rig_set_cap(rig, BASE_HIGH, 0x000fedcb);
    rig_set_cap(rig, BASE_LOW, 0xa9874001);
    decodes(rig, UINT64_C(0x000fedcba9874000));
}

static void enable_is_sticky(struct rig *rig)
{
    rig_set_cap(rig, BASE_LOW, 0x40004001);
    rig_set_cap(rig, BASE_LOW, 0);
    CHECK_U64(rig_cap(rig, BASE_LOW), 0x40004001);
    rig_set_cap(rig, BASE_LOW, 0x40004000);
    CHECK_U64(rig_cap(rig, BASE_LOW), 0x40004001);
    decodes(rig, 0x40004000);
}

static void enable_locks(struct rig *rig)
{
    rig_set_cap(rig, BASE_HIGH, 0x2);
    rig_set_cap(rig, BASE_LOW, 0x40004000);
    rig_set_cap(rig, BASE_HIGH, 0x3); /* not yet locked */
    rig_set_cap(rig, BASE_LOW, 0x40008001);
    for (unsigned offset = HEADER; offset <= MISC; offset += 4) {
        read_only(rig, offset);
    }
    decodes(rig, UINT64_C(0x340008000));
}

static void reset_unlocks(struct rig *rig)
{
    rig_set_cap(rig, BASE_HIGH, 0x2);
    rig_set_cap(rig, BASE_LOW, 0x40004001);
    decodes(rig, UINT64_C(0x240004000));
    rig->target->ops->reset(rig->target);
    CHECK_U64(rig_cap(rig, BASE_LOW) & ENABLE, 0);
    decodes_nothing(rig);
    rig_set_cap(rig, BASE_HIGH, 0x5);
    rig_set_cap(rig, BASE_LOW, 0x80000001);
    decodes(rig, UINT64_C(0x580000000));
    CHECK_U64(rig_cap(rig, BASE_HIGH), 0x5);
}

/* @mask: what may be writable at @offset while Enable=0. */
static void firmware_writes(struct rig *rig, unsigned offset, uint32_t mask)
{
    uint32_t before = rig_cap(rig, offset);

    rig_set_cap(rig, offset, ~before);
    uint32_t after = rig_cap(rig, offset);
    CHECK_U64((before ^ after) & ~mask, 0);
    rig_set_cap(rig, BASE_LOW, 0x40004001);
    rig_set_cap(rig, offset, before);
    CHECK_U64(rig_cap(rig, offset), after);
    rig_outcome(rig, after == before ? "read-only" : "writable until Enable");
}

static void range_by_firmware(struct rig *rig)
{
    firmware_writes(rig, RANGE, 0xffffff9f);
}

static void misc_by_firmware(struct rig *rig)
{
    firmware_writes(rig, MISC, HT_ATS_RESV);
}

static void header_before_enable(struct rig *rig)
{
    read_only(rig, HEADER);
}

/* ---- The function ---------------------------------------------------------------------------- */

/* Offset of the capability @id in configuration space; 0 when there is none. */
static unsigned capability(struct rig *rig, unsigned id)
{
    const struct target_ops *ops = rig->target->ops;
    unsigned at = ops->config_read(rig->target, 0x34, 1) & 0xfc;

    for (unsigned i = 0; i < 48 && at != 0; i++) {
        if (ops->config_read(rig->target, at, 1) == id) {
            return at;
        }
        at = ops->config_read(rig->target, at + 1, 1) & 0xfc;
    }
    return 0;
}

static uint32_t config(struct rig *rig, unsigned offset, unsigned size_bytes)
{
    return rig->target->ops->config_read(rig->target, offset, size_bytes);
}

static void class_code(struct rig *rig)
{
    CHECK_U64(config(rig, 0x08, 4) >> 8, 0x080600);
}

static void header_type(struct rig *rig)
{
    CHECK_U64(config(rig, 0x0e, 1) & 0x7f, 0);
}

static void no_bars(struct rig *rig)
{
    for (unsigned offset = 0x10; offset <= 0x24; offset += 4) {
        CHECK_U64(config(rig, offset, 4), 0);
    }
}

static void capability_list(struct rig *rig)
{
    CHECK_U64(config(rig, 0x06, 2) >> 4 & 1, 1);
    unsigned at = capability(rig, 0x0f);
    if (CHECK(at != 0)) {
        CHECK_U64(config(rig, at, 4), rig_cap(rig, HEADER));
        CHECK_U64(config(rig, at + BASE_LOW, 4), rig_cap(rig, BASE_LOW));
        CHECK_U64(config(rig, at + MISC, 4), rig_cap(rig, MISC));
    }
}

static void msi_capability(struct rig *rig)
{
    unsigned at = capability(rig, 0x05);

    if (CHECK(at != 0)) {
        CHECK_U64(config(rig, at, 4) >> 23 & 1, 1);
    }
}

static void msi_number(struct rig *rig)
{
    unsigned at = capability(rig, 0x05);

    if (CHECK(at != 0)) {
        unsigned messages = 1U << (config(rig, at, 4) >> 17 & 7);
        CHECK((rig_cap(rig, MISC) & 0x1f) < messages);
    }
}

#define SOURCE_HEADER "1.20, capability header"
#define SOURCE_BASE   "1.20, capability base address"
#define SOURCE_RANGE  "1.20, capability range register"
#define SOURCE_MISC   "1.20, capability miscellaneous information"
#define SOURCE_PCI    "1.20, PCI function"

static const struct requirement list[] = {
    REQUIREMENT("CAP-001", "The header has capability ID 0Fh, type 3 and revision 1", SOURCE_HEADER,
                0, header_names_an_iommu),
    REQUIREMENT("CAP-002", "No bit of the header can be written", SOURCE_HEADER, 0,
                header_is_read_only),
    REQUIREMENT("CAP-003", "Header bits 28:27 (EFRSup, CapExt of later revisions) are 0",
                SOURCE_HEADER, 0, header_has_no_later_bits),
    REQUIREMENT("CAP-004", "Header bits 31:29 are reserved and 0", SOURCE_HEADER, 0,
                header_reserved),
    REQUIREMENT("CAP-005", "With IotlbSup=1, INVALIDATE_IOTLB_PAGES is a legal command",
                SOURCE_HEADER, CAN_IOTLB_ON, iotlb_on),
    REQUIREMENT("CAP-006", "With IotlbSup=0, INVALIDATE_IOTLB_PAGES is an illegal command",
                SOURCE_HEADER, CAN_IOTLB_OFF, iotlb_off),
    REQUIREMENT("CAP-007", "HtTunnel is bit 25 of the header: 1 with a tunnel", SOURCE_HEADER,
                CAN_HT_TUNNEL_ON, tunnel_on),
    REQUIREMENT("CAP-008", "HtTunnel is bit 25 of the header: 0 without a tunnel", SOURCE_HEADER,
                CAN_HT_TUNNEL_OFF, tunnel_off),
    CHOICE("CAP-009", "NpCache says whether entries that are not present may be cached",
           SOURCE_HEADER, 0, np_cache, "0 | 1", "0"),
    REQUIREMENT("CAP-010",
                "With NpCache=0, an entry that becomes present works without an invalidation",
                SOURCE_HEADER, CAN_DMA, np_cache_0_means),
    REQUIREMENT("CAP-011", "Where the window decodes, base address low has Enable=1 and 0 in 13:1",
                SOURCE_BASE, 0, enabled_by_firmware),
    REQUIREMENT("CAP-012", "With Enable=1, no bit of base address low can be written", SOURCE_BASE,
                0, low_is_locked),
    REQUIREMENT("CAP-013", "With Enable=1, no bit of base address high can be written", SOURCE_BASE,
                0, high_is_locked),
    REQUIREMENT("CAP-014", "With Enable=1, no bit of the range register can be written",
                SOURCE_RANGE, 0, range_is_locked),
    REQUIREMENT("CAP-015", "With Enable=1, no bit of miscellaneous information can be written",
                SOURCE_MISC, 0, misc_is_locked),
    REQUIREMENT("CAP-016", "With Enable=1, writes of bytes and words change nothing either",
                SOURCE_BASE, 0, locked_against_parts),
    REQUIREMENT("CAP-017", "With Enable=1, writes of the base address leave the window in place",
                SOURCE_BASE, 0, window_stays),
    REQUIREMENT("CAP-018", "Range register bits 6:5 are reserved and 0", SOURCE_RANGE, 0,
                range_reserved),
    CHOICE("CAP-019", "RngValid says whether the range register names the devices", SOURCE_RANGE, 0,
           range_invalid, "known through IVRS | named here", "known through IVRS"),
    REQUIREMENT("CAP-020", "PAsize is 28h, 30h or 34h", SOURCE_MISC, 0, pa_size),
    REQUIREMENT("CAP-021", "VAsize is 20h, 28h, 30h or 40h", SOURCE_MISC, 0, va_size),
    REQUIREMENT("CAP-022", "Miscellaneous information bits 7:5 and 26:23 are reserved and 0",
                SOURCE_MISC, 0, misc_reserved),
    REQUIREMENT("CAP-023", "Miscellaneous information bits 31:27 (of later revisions) are 0",
                SOURCE_MISC, 0, misc_no_ppr_message),
    REQUIREMENT("CAP-024", "HtAtsResv is bit 22 of miscellaneous information: 1 where reserved",
                SOURCE_MISC, CAN_ATS_RESV_ON, ats_resv_on),
    REQUIREMENT("CAP-025", "HtAtsResv is bit 22 of miscellaneous information: 0 where translated",
                SOURCE_MISC, CAN_ATS_RESV_OFF, ats_resv_off),
    REQUIREMENT("CAP-026", "After reset Enable=0, and the window decodes only once it is 1",
                SOURCE_BASE, CAN_UNLOCKED_CAP, starts_disabled),
    REQUIREMENT("CAP-027", "With Enable=0, each bit of base address low 31:14 can be written",
                SOURCE_BASE, CAN_UNLOCKED_CAP, low_bits),
    REQUIREMENT("CAP-028", "Base address low bits 13:1 read 0 and ignore writes", SOURCE_BASE,
                CAN_UNLOCKED_CAP, low_reserved),
    REQUIREMENT("CAP-029", "With Enable=0, each bit of base address high can be written",
                SOURCE_BASE, CAN_UNLOCKED_CAP, high_bits),
    REQUIREMENT("CAP-030", "One write can set base and Enable; the base of that write is taken",
                SOURCE_BASE, CAN_UNLOCKED_CAP, base_and_enable_in_one),
    REQUIREMENT("CAP-031", "The window decodes at the base of both halves", SOURCE_BASE,
                CAN_UNLOCKED_CAP, base_of_64_bits),
    REQUIREMENT("CAP-032", "Writing 0 does not clear Enable", SOURCE_BASE, CAN_UNLOCKED_CAP,
                enable_is_sticky),
    REQUIREMENT("CAP-033", "Writing 1 to Enable locks every register of the block", SOURCE_BASE,
                CAN_UNLOCKED_CAP, enable_locks),
    REQUIREMENT("CAP-034", "A system reset clears Enable, and unlocks the block", "1.20, reset",
                CAN_UNLOCKED_CAP | CAN_RESET, reset_unlocks),
    CHOICE("CAP-035", "Before Enable=1, firmware may or may not write the range register",
           SOURCE_RANGE, CAN_UNLOCKED_CAP, range_by_firmware, "read-only | writable until Enable",
           "read-only"),
    CHOICE("CAP-036", "Before Enable=1, firmware may or may not write HtAtsResv, and nothing else",
           SOURCE_MISC, CAN_UNLOCKED_CAP, misc_by_firmware, "read-only | writable until Enable",
           "read-only"),
    REQUIREMENT("CAP-037", "The header cannot be written before Enable=1 either", SOURCE_HEADER,
                CAN_UNLOCKED_CAP, header_before_enable),
    REQUIREMENT("CAP-038", "The function's class code is 08h, 06h, 00h", SOURCE_PCI, CAN_CONFIG,
                class_code),
    REQUIREMENT("CAP-039", "The function's header type is 0", SOURCE_PCI, CAN_CONFIG, header_type),
    REQUIREMENT("CAP-040", "The function uses no base address register", SOURCE_PCI, CAN_CONFIG,
                no_bars),
    REQUIREMENT("CAP-041", "The function's list of capabilities has the block", SOURCE_PCI,
                CAN_CONFIG, capability_list),
    REQUIREMENT("CAP-042", "The function has an MSI capability for 64-bit addresses",
                "1.20, MSI capability", CAN_CONFIG, msi_capability),
    REQUIREMENT("CAP-043", "MsiNum is one of the messages of the MSI capability",
                "1.20, MSI capability", CAN_CONFIG, msi_number),
    LIST_END,
};

const struct requirement_area area_capability = {"CAP", "Capability block", list};
