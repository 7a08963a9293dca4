/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Exclusion range. */
#include "entries.h"

#define SOURCE "1.20, exclusion range"

#define EX_EN    UINT64_C(1)
#define EX_ALLOW UINT64_C(2)

static void set_range(struct rig *rig, uint64_t base, uint64_t limit, uint64_t bits)
{
    rig_write(rig, REG_EXCLUSION_LIMIT, limit);
    rig_write(rig, REG_EXCLUSION_BASE, base | bits);
}

/* An empty page table of 6 levels, and a range of @pages at the address that is returned. */
static uint64_t exclude(struct rig *rig, unsigned pages, uint64_t bits)
{
    uint64_t base = rig_pages(rig, pages + 2, 0x1000) + 0x1000;

    set_range(rig, base, base + (pages - 1) * UINT64_C(0x1000), bits);
    rig_enable(rig);
    rig_attach(rig, 6);
    return base;
}

static void excluded_passes(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);

    RIG_READS(rig, base + 0x1040, base + 0x1040, 64);
    RIG_WRITES(rig, base + 0x2040, base + 0x2040, 64);
    RIG_NO_EVENTS(rig);
    REFUSES_READ(rig, RIG_IOVA, base, rig_fault(rig, 0, RIG_IOVA));
}

static void bounds(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);
    uint64_t end = base + 0x4000;

    RIG_READS(rig, base, base, 1);
    RIG_WRITES(rig, base, base, 8);
    RIG_READS(rig, end - 1, end - 1, 1);
    RIG_WRITES(rig, end - 8, end - 8, 8);
    REFUSES_READ(rig, base - 8, base - 8, rig_fault(rig, 0, base - 8));
    REFUSES_READ(rig, end, end, rig_fault(rig, 0, end));
    RIG_READ_REFUSED(rig, base - 1, base - 1, 1);
    RIG_EVENTS(rig, rig_fault(rig, 0, base - 1));
}

static void one_page(struct rig *rig)
{
    uint64_t base = exclude(rig, 1, EX_EN | EX_ALLOW);

    RIG_READS(rig, base, base, 8);
    RIG_READS(rig, base + 0xff8, base + 0xff8, 8);
    REFUSES_READ(rig, base + 0x1000, base + 0x1000, rig_fault(rig, 0, base + 0x1000));
    REFUSES_READ(rig, base - 8, base - 8, rig_fault(rig, 0, base - 8));
}

static void reserved_bits(struct rig *rig)
{
    uint64_t base = exclude(rig, 2, EX_EN | EX_ALLOW);

    set_range(rig, base | 0xffc, base, EX_EN | EX_ALLOW);
    RIG_READS(rig, base, base, 8);
    RIG_READS(rig, base + 0xff8, base + 0xff8, 8);
    REFUSES_READ(rig, base + 0x1000, base + 0x1000, rig_fault(rig, 0, base + 0x1000));
}

static void empty_range(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);

    set_range(rig, base + 0x2000, base + 0x1000, EX_EN | EX_ALLOW);
    for (unsigned i = 0; i < 4; i++) {
        RIG_READ_REFUSED(rig, base + i * UINT64_C(0x1000), base + i * UINT64_C(0x1000), 8);
    }
    struct rig_event events[4];
    CHECK_U64(rig_take_events(rig, events, 4), 4);
}

static void off(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_ALLOW);

    REFUSES_READ(rig, base, base, rig_fault(rig, 0, base));
    set_entry(rig, attached(rig).q[0], RIG_DOMAIN | Q1_EX, 0, 0);
    REFUSES_READ(rig, base, base, rig_fault(rig, 0, base));
    set_range(rig, base, base, EX_EN | EX_ALLOW);
    RIG_READS(rig, base, base, 8);
}

static void by_entry(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN);

    REFUSES_READ(rig, base, base, rig_fault(rig, 0, base));
    set_entry(rig, attached(rig).q[0], RIG_DOMAIN | Q1_EX, 0, 0);
    RIG_READS(rig, base, base, 8);
    RIG_WRITES(rig, base + 0x3ff8, base + 0x3ff8, 8);
    REFUSES_READ(rig, base + 0x4000, base, rig_fault(rig, 0, base + 0x4000));
}

static void by_entry_of_one_device(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN);
    struct target_request request = request_of(rig, TARGET_READ, base);

    request.device_id = rig->target->endpoint[1];
    rig_set_dte(rig, request.device_id, attached(rig));
    set_entry(rig, attached(rig).q[0], RIG_DOMAIN | Q1_EX, 0, 0);
    RIG_READS(rig, base, base, 8);
    REFUSES(rig, request, base,
            rig_event(EVENT_CODE_PAGE_FAULT, request.device_id, RIG_DOMAIN, 0, base));
}

static void allow_all_devices(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);
    struct target_request request = request_of(rig, TARGET_READ, base);

    request.device_id = rig->target->endpoint[1];
    rig_set_dte(rig, request.device_id, attached(rig));
    RIG_READS(rig, base, base, 8);
    RIG_DOES(rig, request, base);
}

static void permissions_do_not_matter(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);

    set_entry(rig, attached(rig).q[0] & ~RIG_RW, RIG_DOMAIN, 0, 0);
    RIG_READS(rig, base, base, 8);
    RIG_WRITES(rig, base, base, 8);
    rig_map(rig, base, base, 12, 0);
    set_entry(rig, attached(rig).q[0], RIG_DOMAIN, 0, 0);
    RIG_READS(rig, base, base, 8);
    RIG_WRITES(rig, base, base, 8);
    REFUSES_READ(rig, base + 0x4000, base, rig_fault(rig, 0, base + 0x4000));
}

static void mapped_elsewhere(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);
    uint64_t page = lone_page(rig);

    rig_map(rig, base, page, 12, RIG_RW);
    rig_map(rig, base + 0x4000, page, 12, RIG_RW);
    RIG_READS(rig, base + 0x40, base + 0x40, 8);
    RIG_READS(rig, base + 0x4040, page + 0x40, 8);
}

static void mode_0(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);

    set_entry(rig, Q0_V | Q0_TV, RIG_DOMAIN, 0, 0);
    RIG_READS(rig, base, base, 8);
    RIG_WRITES(rig, base, base, 8);
    REFUSES_READ(rig, base + 0x4000, base, rig_fault(rig, EVENT_PR | EVENT_PE, base + 0x4000));
}

static void tables_are_not_read(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);

    set_entry(rig, Q0_V | Q0_TV | Q0_MODE(6) | RIG_RW | TARGET_ABSENT, RIG_DOMAIN, 0, 0);
    RIG_READS(rig, base, base, 8);
    RIG_WRITES(rig, base, base, 8);
    RIG_NO_EVENTS(rig);
    RIG_READ_REFUSED(rig, 0, base, 8);
    CHECK_U64(TAKE_ONE(rig).word0 >> 60, EVENT_CODE_PAGE_HARDWARE);
}

static void no_walk(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);

    rig_touches_begin(rig);
    RIG_READS(rig, base, base, 8);
    CHECK(!rig_touched(rig, rig->root, 0x1000));
}

/* Without a valid translation: the excluded address passes or is refused with an event. */
static void passes_or(struct rig *rig, uint64_t q0,
                      struct rig_event (*want)(struct rig *, uint64_t))
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);
    struct rig_event event;
    uint8_t data[8] = {0};
    struct target_request request = request_of(rig, TARGET_READ, base);

    set_entry(rig, q0, RIG_DOMAIN, 0, 0);
    request.data = data;
    rig->target->ops->request(rig->target, &request);
    if (rig_take_events(rig, &event, 1) == 0) {
        RIG_READS(rig, base, base, 8);
        RIG_WRITES(rig, base, base, 8);
        rig_outcome(rig, "passes");
    } else {
        CHECK(same_event(event, want(rig, base)));
        RIG_READ_REFUSED(rig, base, base, 8);
        RIG_EVENTS(rig, want(rig, base));
        rig_outcome(rig, "refused");
    }
    RIG_READ_REFUSED(rig, base + 0x4000, base, 8);
    RIG_EVENTS(rig, want(rig, base + 0x4000));
}

static struct rig_event not_present(struct rig *rig, uint64_t address)
{
    return rig_fault(rig, 0, address);
}

static struct rig_event illegal(struct rig *rig, uint64_t address)
{
    return illegal_entry(rig, 0, address);
}

static void tv_clear(struct rig *rig)
{
    passes_or(rig, Q0_V, not_present);
}

static void mode_7(struct rig *rig)
{
    passes_or(rig, Q0_V | Q0_TV | Q0_MODE(7) | RIG_RW, illegal);
}

static void reserved_entry(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);

    set_entry(rig, attached(rig).q[0] | UINT64_C(4), RIG_DOMAIN | Q1_EX, 0, 0);
    REFUSES_READ(rig, base, base, illegal_entry(rig, EVENT_RZ, base));
}

static void beyond_the_table(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);
    struct target_request request = request_of(rig, TARGET_READ, base);

    rig_write(rig, REG_CONTROL, 0);
    rig_write(rig, REG_DEVICE_TABLE, RIG_DEVICE_TABLE);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    request.device_id = rig->target->endpoint[1];
    RIG_REFUSES(rig, request, base);
    TAKE_ONE(rig);
}

static void changed_while_enabled(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, 0);
    uint64_t page = lone_page(rig);

    rig_map(rig, base, page, 12, RIG_RW);
    RIG_READS(rig, base + 0x40, page + 0x40, 8);
    set_range(rig, base, base, EX_EN | EX_ALLOW);
    RIG_READS(rig, base + 0x40, base + 0x40, 8);
    RIG_WRITES(rig, base + 0x40, base + 0x40, 8);
    set_range(rig, base, base, 0);
    RIG_READS(rig, base + 0x40, page + 0x40, 8);
    set_range(rig, base + 0x1000, base + 0x1000, EX_EN | EX_ALLOW);
    RIG_READS(rig, base + 0x1040, base + 0x1040, 8);
    RIG_READS(rig, base + 0x40, page + 0x40, 8);
    set_range(rig, base + 0x1000, base + 0x1000, 0);
    REFUSES_READ(rig, base + 0x1040, base, rig_fault(rig, 0, base + 0x1040));
}

static void no_translation_is_kept(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);

    RIG_READS(rig, base, base, 8);
    rig_write(rig, REG_EXCLUSION_BASE, 0);
    rig_invalidate_device(rig, rig->device);
    CHECK(rig_wait(rig));
    REFUSES_READ(rig, base, base, rig_fault(rig, 0, base));
}

static void crossing_the_end(struct rig *rig)
{
    uint64_t base = exclude(rig, 1, EX_EN | EX_ALLOW);
    struct target_request request = request_of(rig, TARGET_WRITE, base + 0xff0);
    uint8_t data[32];

    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = 0x5a;
    }
    request.size_bytes = 32;
    request.data = data;
    CHECK(rig->target->ops->request(rig->target, &request) != TARGET_DONE);
    CHECK_U64(rig_load64(rig, base + 0x1000), 0);
    CHECK_U64(rig_load64(rig, base + 0x1008), 0);
    struct rig_event event = TAKE_ONE(rig);
    CHECK_U64(event.word0 >> 60, EVENT_CODE_PAGE_FAULT);
}

static void crossing_two_excluded(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);

    RIG_READS(rig, base + 0x800, base + 0x800, 4096);
    RIG_WRITES(rig, base + 0x1800, base + 0x1800, 4096);
}

static void other_kinds(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);
    struct target_request write = request_of(rig, TARGET_NON_POSTED_WRITE, base);
    struct target_request atomic = request_of(rig, TARGET_ATOMIC, base + 0x40);

    RIG_DOES(rig, write, base);
    RIG_DOES(rig, atomic, base + 0x40);
}

static void base_and_limit_bits(struct rig *rig)
{
    static const unsigned bits[] = {26, 28, 31, 32, 33, 35, 38, 41, 43, 45, 46, 47, 48, 49, 50, 51};

    rig_enable(rig);
    rig_attach(rig, 6);
    for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        uint64_t high = UINT64_C(1) << bits[i];

        rig->target->ops->memory_add(rig->target, high);
        REFUSES_READ(rig, high + 0x1000, high + 0x1000, rig_fault(rig, 0, high + 0x1000));
        set_range(rig, high + 0x1000, high + 0x1000, EX_EN | EX_ALLOW);
        RIG_READS(rig, high + 0x1040, high + 0x1040, 8);
        REFUSES_READ(rig, high + 0x2000, high + 0x2000, rig_fault(rig, 0, high + 0x2000));
        REFUSES_READ(rig, 0x1000, high + 0x40, rig_fault(rig, 0, 0x1000));
        rig_write(rig, REG_EXCLUSION_BASE, 0);
    }
}

static void address_above_52_bits(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, EX_EN | EX_ALLOW);

    for (unsigned bit = 52; bit < 64; bit++) {
        uint64_t iova = base | UINT64_C(1) << bit;
        REFUSES_READ(rig, iova, base, rig_fault(rig, 0, iova));
    }
    RIG_READS(rig, base, base, 8);
}

static void whole_range(struct rig *rig)
{
    uint64_t base = exclude(rig, 4, 0);

    set_range(rig, 0, UINT64_C(0x000ffffffffff000), EX_EN | EX_ALLOW);
    RIG_READS(rig, base, base, 8);
    RIG_READS(rig, 0x100040, 0x100040, 8);
    REFUSES_READ(rig, UINT64_C(1) << 52, base, rig_fault(rig, 0, UINT64_C(1) << 52));
}

static void interrupts_are_not_excluded(struct rig *rig)
{
    uint64_t table = rig_page(rig);
    struct rig_dte dte = {{Q0_V, Q1_EX, 0, 0}};

    set_range(rig, MSI_BASE, MSI_BASE + 0xff000, EX_EN | EX_ALLOW);
    rig_enable(rig);
    rig_dte_remap(&dte, table, 8);
    rig_set_dte(rig, rig->device, dte);
    rig_store32(rig, table + 4 * UINT64_C(0x41), IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    rig_interrupt(rig, rig->device, MSI_BASE, 0x41);
    RIG_MESSAGE(rig, .vector = 0x52);
    rig_interrupt(rig, rig->device, MSI_BASE, 0x42);
    RIG_NO_MESSAGE(rig);
    TAKE_ONE(rig);
}

static void ranges_come_first(struct rig *rig)
{
    uint64_t port = UINT64_C(0xfdfc000000);
    uint64_t system = UINT64_C(0xfdf9100000);
    uint64_t page = exclude(rig, 1, 0);

    set_range(rig, UINT64_C(0xfd00000000), UINT64_C(0xfffffff000), EX_EN | EX_ALLOW);
    REFUSES_READ(rig, port, page, invalid_request(rig, 2, port));
    REFUSES_READ(rig, system, page, invalid_request(rig, 4, system));
    REFUSES_READ(rig, UINT64_C(0xfd00000000), page,
                 invalid_request(rig, 0, UINT64_C(0xfd00000000)));
}

static const struct requirement list[] = {
    REQUIREMENT("EXC-001",
                "With ExEn=1 and Allow=1 reads and writes in the range pass untranslated, though "
                "the tables map nothing",
                SOURCE, CAN_DMA, excluded_passes),
    REQUIREMENT("EXC-002", "The range is from the first byte of the base to the last of the limit",
                SOURCE, CAN_DMA, bounds),
    REQUIREMENT("EXC-003", "A base that equals the limit excludes one page", SOURCE, CAN_DMA,
                one_page),
    REQUIREMENT("EXC-004", "Bits 11:2 of the base count as 0, bits 11:0 of the limit as ones",
                SOURCE, CAN_DMA, reserved_bits),
    REQUIREMENT("EXC-005", "A base above the limit is an empty range", SOURCE, CAN_DMA,
                empty_range),
    REQUIREMENT("EXC-006", "With ExEn=0 nothing is excluded, whatever Allow and EX say", SOURCE,
                CAN_DMA, off),
    REQUIREMENT("EXC-007", "With Allow=0 the range is that of devices with EX=1", SOURCE, CAN_DMA,
                by_entry),
    REQUIREMENT("EXC-008", "With Allow=0 EX of one device is not another's", SOURCE,
                CAN_DMA | CAN_SECOND, by_entry_of_one_device),
    REQUIREMENT("EXC-009", "With Allow=1 the range is that of all devices", SOURCE,
                CAN_DMA | CAN_SECOND, allow_all_devices),
    REQUIREMENT("EXC-010", "In the range neither IR and IW of the device nor of the page matter",
                SOURCE, CAN_DMA, permissions_do_not_matter),
    REQUIREMENT("EXC-011", "An excluded address is itself though the tables map it elsewhere",
                SOURCE, CAN_DMA, mapped_elsewhere),
    REQUIREMENT("EXC-012", "With Mode 0 the range passes though IR=IW=0", SOURCE, CAN_DMA, mode_0),
    REQUIREMENT("EXC-013", "Tables that cannot be read do not matter to an excluded address",
                SOURCE, CAN_DMA, tables_are_not_read),
    REQUIREMENT("EXC-014", "For an excluded address no page table is read", SOURCE,
                CAN_DMA | CAN_TRACE, no_walk),
    CHOICE("EXC-015", "With TV=0 an excluded address has one of two fates", SOURCE, CAN_DMA,
           tv_clear, "passes | refused", "passes"),
    CHOICE("EXC-016", "With Mode 7 an excluded address has one of two fates", SOURCE, CAN_DMA,
           mode_7, "passes | refused", "passes"),
    REQUIREMENT("EXC-017", "A device table entry with a reserved bit is illegal in the range too",
                SOURCE, CAN_DMA, reserved_entry),
    REQUIREMENT("EXC-018", "A DeviceID beyond the device table is refused in the range too", SOURCE,
                CAN_DMA | CAN_SECOND, beyond_the_table),
    REQUIREMENT("EXC-019", "A change of the range takes effect at once, cached translations or not",
                SOURCE, CAN_DMA, changed_while_enabled),
    REQUIREMENT("EXC-020", "An excluded access leaves no translation behind", SOURCE, CAN_DMA,
                no_translation_is_kept),
    REQUIREMENT("EXC-021", "Of a write over the end of the range nothing lands behind it", SOURCE,
                CAN_DMA, crossing_the_end),
    REQUIREMENT("EXC-022", "A request over two excluded pages passes", SOURCE, CAN_DMA | CAN_DATA,
                crossing_two_excluded),
    REQUIREMENT("EXC-023", "Non-posted writes and atomic accesses in the range pass", SOURCE,
                CAN_DMA | CAN_NON_POSTED | CAN_ATOMIC, other_kinds),
    REQUIREMENT("EXC-024", "Base and limit have address bits up to 51", SOURCE,
                CAN_DMA | CAN_HIGH_MEMORY, base_and_limit_bits),
    REQUIREMENT("EXC-025", "Bits 63:52 of the address keep it out of the range", SOURCE, CAN_DMA,
                address_above_52_bits),
    REQUIREMENT("EXC-026", "The range may be all addresses of 52 bits", SOURCE, CAN_DMA,
                whole_range),
    REQUIREMENT("EXC-027", "Interrupts are not excluded", SOURCE, CAN_MSI,
                interrupts_are_not_excluded),
    REQUIREMENT("EXC-028", "HyperTransport's address ranges come before the exclusion range",
                SOURCE, CAN_DMA, ranges_come_first),
    LIST_END,
};

const struct requirement_area area_exclusion = {"EXC", "Exclusion range", list};
