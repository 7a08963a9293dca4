/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Register window. */
#include "rings.h"

#define ADDRESS_BITS UINT64_C(0x000ffffffffff000) /* 51:12 */
#define POINTER_BITS UINT64_C(0x000000000007fff0) /* 18:4 */

static const uint64_t every_register[] = {
    REG_DEVICE_TABLE,    REG_COMMAND_BASE, REG_EVENT_BASE,   REG_CONTROL,
    REG_EXCLUSION_BASE,  REG_COMMAND_HEAD, REG_COMMAND_TAIL, REG_EVENT_HEAD,
    REG_EXCLUSION_LIMIT, REG_EVENT_TAIL,   REG_STATUS,
};

#define REGISTERS (sizeof(every_register) / sizeof(every_register[0]))

/* The next offset that has no register in this revision. */
static uint64_t next_reserved(uint64_t offset, unsigned step)
{
    offset += step;
    return offset == 0x2000 ? 0x2028 : offset;
}

static void reserved_offsets_read_0(struct rig *rig)
{
    for (uint64_t offset = 0x30; offset < 0x4000; offset = next_reserved(offset, 8)) {
        rig_write(rig, offset, UINT64_MAX);
        CHECK_U64(rig_read(rig, offset), 0);
    }
}

static void reserved_offsets_halves(struct rig *rig)
{
    for (uint64_t offset = 0x30; offset < 0x4000; offset = next_reserved(offset, 4)) {
        rig_write32(rig, offset, UINT32_MAX);
        CHECK_U64(rig_read32(rig, offset), 0);
    }
}

/* Every register gets a value of its own; the IOMMU is off. */
static void fill_registers(struct rig *rig)
{
    rig_write(rig, REG_DEVICE_TABLE, RIG_DEVICE_TABLE | 0x1ff);
    rig_write(rig, REG_COMMAND_BASE, RIG_COMMAND_BUFFER | RING_LEN(15));
    rig_write(rig, REG_EVENT_BASE, RIG_EVENT_LOG | RING_LEN(14));
    rig_write(rig, REG_CONTROL, CONTROL_EVENT_LOG_EN | CONTROL_INV_TIMEOUT(4) | 0x300);
    rig_write(rig, REG_EXCLUSION_BASE, UINT64_C(0x000123456789a002));
    rig_write(rig, REG_EXCLUSION_LIMIT, UINT64_C(0x000fedcba9876fff));
    rig_write(rig, REG_COMMAND_HEAD, 0x1110);
    rig_write(rig, REG_COMMAND_TAIL, 0x2220);
    rig_write(rig, REG_EVENT_HEAD, 0x3330);
    rig_write(rig, REG_EVENT_TAIL, 0x1440);
}

static void reserved_offsets_alias_nothing(struct rig *rig)
{
    uint64_t before[REGISTERS];

    fill_registers(rig);
    for (unsigned i = 0; i < REGISTERS; i++) {
        before[i] = rig_read(rig, every_register[i]);
    }
    CHECK_U64(before[5], 0x1110);
    for (uint64_t offset = 0x30; offset < 0x4000; offset = next_reserved(offset, 8)) {
        rig_write(rig, offset, UINT64_MAX);
        rig_write(rig, offset, 0);
    }
    for (unsigned i = 0; i < REGISTERS; i++) {
        CHECK_U64(rig_read(rig, every_register[i]), before[i]);
    }
}

static void registers_are_separate(struct rig *rig)
{
    fill_registers(rig);
    CHECK_U64(rig_read(rig, REG_DEVICE_TABLE), RIG_DEVICE_TABLE | 0x1ff);
    CHECK_U64(rig_read(rig, REG_COMMAND_BASE), RIG_COMMAND_BUFFER | RING_LEN(15));
    CHECK_U64(rig_read(rig, REG_EVENT_BASE), RIG_EVENT_LOG | RING_LEN(14));
    CHECK_U64(rig_read(rig, REG_CONTROL), 0x384);
    CHECK_U64(rig_read(rig, REG_EXCLUSION_BASE), UINT64_C(0x000123456789a002));
    CHECK_U64(rig_read(rig, REG_EXCLUSION_LIMIT) | 0xfff, UINT64_C(0x000fedcba9876fff));
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0x1110);
    CHECK_U64(rig_read(rig, REG_COMMAND_TAIL), 0x2220);
    CHECK_U64(rig_read(rig, REG_EVENT_HEAD), 0x3330);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x1440);
    CHECK_U64(rig_read(rig, REG_STATUS), 0);
}

/* ---- Reset values ---------------------------------------------------------------------------- */

static void zero_after_reset(struct rig *rig)
{
    CHECK_U64(rig_read(rig, REG_DEVICE_TABLE), 0);
    CHECK_U64(rig_read(rig, REG_EXCLUSION_BASE), 0);
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0);
    CHECK_U64(rig_read(rig, REG_COMMAND_TAIL), 0);
    CHECK_U64(rig_read(rig, REG_EVENT_HEAD), 0);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0);
    CHECK_U64(rig_read(rig, REG_STATUS), 0);
}

static void limit_after_reset(struct rig *rig)
{
    CHECK_U64(rig_read(rig, REG_EXCLUSION_LIMIT) >> 12, 0);
}

static void length_after_reset(struct rig *rig, uint64_t reg)
{
    uint64_t value = rig_read(rig, reg);

    CHECK_U64(value & ~RING_LEN(15), 0);
    CHECK(value == RING_LEN(8) || value == 0);
    rig_outcome(rig, value == 0 ? "0" : "8");
}

static void command_length_after_reset(struct rig *rig)
{
    length_after_reset(rig, REG_COMMAND_BASE);
}

static void event_length_after_reset(struct rig *rig)
{
    length_after_reset(rig, REG_EVENT_BASE);
}

static void control_after_reset(struct rig *rig)
{
    CHECK_U64(rig_read(rig, REG_CONTROL) & ~CONTROL_COHERENT, 0);
}

static void coherent_after_reset(struct rig *rig)
{
    bool set = (rig_read(rig, REG_CONTROL) & CONTROL_COHERENT) != 0;

    rig_write(rig, REG_CONTROL, CONTROL_COHERENT);
    CHECK_U64(rig_read(rig, REG_CONTROL), CONTROL_COHERENT);
    rig_outcome(rig, set ? "1" : "0");
}

static void reset_restores_values(struct rig *rig)
{
    uint64_t before[REGISTERS];

    for (unsigned i = 0; i < REGISTERS; i++) {
        before[i] = rig_read(rig, every_register[i]);
    }
    fill_registers(rig);
    CHECK(rig_read(rig, REG_COMMAND_TAIL) != before[6]);
    rig->target->ops->reset(rig->target);
    for (unsigned i = 0; i < REGISTERS; i++) {
        CHECK_U64(rig_read(rig, every_register[i]), before[i]);
    }
}

static void reset_clears_status(struct rig *rig)
{
    rig_enable(rig);
    COMPLETE_WITH_I(rig);
    rig_command(rig, OPCODE(0), 0); /* an event, and the ring stops */
    let_pass(rig);
    CHECK(rig_read(rig, REG_STATUS) != 0);
    rig->target->ops->reset(rig->target);
    CHECK_U64(rig_read(rig, REG_STATUS), 0);
    CHECK_U64(rig_read(rig, REG_CONTROL) & CONTROL_IOMMU_EN, 0);
}

static void reset_turns_off(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 3);
    RIG_WRITE_REFUSED(rig, page, page, 8);
    rig->target->ops->reset(rig->target);
    RIG_WRITES(rig, page, page, 8);
}

/* ---- Bits ------------------------------------------------------------------------------------ */

/* Each bit of the register alone, together with @with: it is kept if in @writable. */
static void check_bits(struct rig *rig, uint64_t reg, uint64_t bits, uint64_t writable,
                       uint64_t with)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        if ((bits & bit64(bit)) != 0) {
            rig_write(rig, reg, bit64(bit) | with);
            CHECK_U64(rig_read(rig, reg), (bit64(bit) & writable) | with);
            rig_write(rig, reg, with);
            CHECK_U64(rig_read(rig, reg), with);
        }
    }
}

static void device_table_bits(struct rig *rig)
{
    check_bits(rig, REG_DEVICE_TABLE, ADDRESS_BITS | 0x1ff, UINT64_MAX, 0);
    rig_write(rig, REG_DEVICE_TABLE, ADDRESS_BITS | 0x1ff);
    CHECK_U64(rig_read(rig, REG_DEVICE_TABLE), ADDRESS_BITS | 0x1ff);
}

static void device_table_reserved(struct rig *rig)
{
    check_bits(rig, REG_DEVICE_TABLE, ~(ADDRESS_BITS | 0x1ff), 0, 0x1000);
    rig_write(rig, REG_DEVICE_TABLE, UINT64_MAX);
    CHECK_U64(rig_read(rig, REG_DEVICE_TABLE), ADDRESS_BITS | 0x1ff);
}

static void base_bits(struct rig *rig, uint64_t reg)
{
    check_bits(rig, reg, ADDRESS_BITS, UINT64_MAX, RING_LEN(8));
    for (unsigned length = 8; length < 16; length++) {
        rig_write(rig, reg, 0x1000 | RING_LEN(length));
        CHECK_U64(rig_read(rig, reg), 0x1000 | RING_LEN(length));
    }
}

static void base_reserved(struct rig *rig, uint64_t reg)
{
    check_bits(rig, reg, ~(ADDRESS_BITS | RING_LEN(15)), 0, 0x1000 | RING_LEN(9));
    rig_write(rig, reg, UINT64_MAX);
    CHECK_U64(rig_read(rig, reg), ADDRESS_BITS | RING_LEN(15));
}

static void command_base_bits(struct rig *rig)
{
    base_bits(rig, REG_COMMAND_BASE);
}

static void command_base_reserved(struct rig *rig)
{
    base_reserved(rig, REG_COMMAND_BASE);
}

static void event_base_bits(struct rig *rig)
{
    base_bits(rig, REG_EVENT_BASE);
}

static void event_base_reserved(struct rig *rig)
{
    base_reserved(rig, REG_EVENT_BASE);
}

static void control_bits(struct rig *rig)
{
    rig_enable_with(rig, 0);
    check_bits(rig, REG_CONTROL, 0x1ffd, UINT64_MAX, 0);
    rig_write(rig, REG_CONTROL, 0x1ffd);
    CHECK_U64(rig_read(rig, REG_CONTROL), 0x1ffd);
}

static void control_tunnel(struct rig *rig)
{
    check_bits(rig, REG_CONTROL, CONTROL_HT_TUN_EN, UINT64_MAX, 0);
}

static void control_no_tunnel(struct rig *rig)
{
    rig_write(rig, REG_CONTROL, CONTROL_HT_TUN_EN);
    uint64_t control = rig_read(rig, REG_CONTROL);
    CHECK_U64(control & ~CONTROL_HT_TUN_EN, 0);
    rig_outcome(rig, control != 0 ? "kept" : "reads 0");
}

static void control_reserved(struct rig *rig)
{
    check_bits(rig, REG_CONTROL, ~UINT64_C(0x1fff), 0, CONTROL_COHERENT);
    rig_write(rig, REG_CONTROL, ~UINT64_C(0x1fff));
    CHECK_U64(rig_read(rig, REG_CONTROL), 0);
}

static void exclusion_base_bits(struct rig *rig)
{
    check_bits(rig, REG_EXCLUSION_BASE, ADDRESS_BITS | 0x3, UINT64_MAX, 0);
}

static void exclusion_base_reserved(struct rig *rig)
{
    check_bits(rig, REG_EXCLUSION_BASE, ~(ADDRESS_BITS | 0x3), 0, 0x5000);
    rig_write(rig, REG_EXCLUSION_BASE, UINT64_MAX);
    CHECK_U64(rig_read(rig, REG_EXCLUSION_BASE), ADDRESS_BITS | 0x3);
}

static void exclusion_limit_bits(struct rig *rig)
{
    uint64_t low = rig_read(rig, REG_EXCLUSION_LIMIT) & 0xfff;

    for (unsigned bit = 12; bit < 64; bit++) {
        rig_write(rig, REG_EXCLUSION_LIMIT, bit64(bit));
        CHECK_U64(rig_read(rig, REG_EXCLUSION_LIMIT), (bit64(bit) & ADDRESS_BITS) | low);
    }
}

static void exclusion_limit_low(struct rig *rig)
{
    uint64_t low = rig_read(rig, REG_EXCLUSION_LIMIT);

    CHECK(low == 0 || low == 0xfff);
    for (unsigned bit = 0; bit < 12; bit++) {
        rig_write(rig, REG_EXCLUSION_LIMIT, bit64(bit));
        CHECK_U64(rig_read(rig, REG_EXCLUSION_LIMIT), low);
        rig_write(rig, REG_EXCLUSION_LIMIT, 0xfff & ~bit64(bit));
        CHECK_U64(rig_read(rig, REG_EXCLUSION_LIMIT), low);
    }
    rig_outcome(rig, low != 0 ? "ones" : "zeros");
}

/* The four pointers, both rings stopped and of 512 KiB. */
static void pointer_bits(struct rig *rig)
{
    rig_write(rig, REG_COMMAND_BASE, RING_LEN(15));
    rig_write(rig, REG_EVENT_BASE, RING_LEN(15));
    for (uint64_t reg = REG_COMMAND_HEAD; reg <= REG_EVENT_TAIL; reg += 8) {
        check_bits(rig, reg, POINTER_BITS, UINT64_MAX, 0);
        rig_write(rig, reg, POINTER_BITS);
        CHECK_U64(rig_read(rig, reg), POINTER_BITS);
    }
}

static void pointer_reserved(struct rig *rig)
{
    rig_write(rig, REG_COMMAND_BASE, RING_LEN(15));
    rig_write(rig, REG_EVENT_BASE, RING_LEN(15));
    for (uint64_t reg = REG_COMMAND_HEAD; reg <= REG_EVENT_TAIL; reg += 8) {
        check_bits(rig, reg, ~POINTER_BITS, 0, 0x40);
        rig_write(rig, reg, UINT64_MAX);
        CHECK_U64(rig_read(rig, reg), POINTER_BITS);
    }
}

static void pointers_are_separate(struct rig *rig)
{
    rig_write(rig, REG_COMMAND_BASE, RIG_COMMAND_BUFFER | RING_LEN(8));
    rig_write(rig, REG_EVENT_BASE, RIG_EVENT_LOG | RING_LEN(8));
    rig_write(rig, REG_COMMAND_HEAD, 0x10);
    rig_write(rig, REG_COMMAND_TAIL, 0x20);
    rig_write(rig, REG_EVENT_HEAD, 0x30);
    rig_write(rig, REG_EVENT_TAIL, 0x40);
    rig_write(rig, REG_COMMAND_BASE, RIG_COMMAND_BUFFER | RING_LEN(8));
    CHECK_U64(rig_read(rig, REG_EVENT_HEAD), 0x30);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0x40);
    rig_write(rig, REG_COMMAND_HEAD, 0x10);
    rig_write(rig, REG_COMMAND_TAIL, 0x20);
    rig_write(rig, REG_EVENT_BASE, RIG_EVENT_LOG | RING_LEN(8));
    CHECK_U64(rig_read(rig, REG_COMMAND_HEAD), 0x10);
    CHECK_U64(rig_read(rig, REG_COMMAND_TAIL), 0x20);
    CHECK_U64(rig_read(rig, REG_EVENT_HEAD), 0);
    CHECK_U64(rig_read(rig, REG_EVENT_TAIL), 0);
}

static void status_cannot_be_set(struct rig *rig)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        rig_write(rig, REG_STATUS, bit64(bit));
        CHECK_U64(rig_read(rig, REG_STATUS), 0);
    }
    rig_enable(rig);
    for (unsigned bit = 5; bit < 64; bit++) {
        rig_write(rig, REG_STATUS, bit64(bit));
        CHECK_U64(rig_read(rig, REG_STATUS), RUN_BITS);
    }
}

#define SOURCE       "1.20, MMIO registers"
#define SOURCE_RESET "1.20, MMIO registers, reset"

static const struct requirement list[] = {
    REQUIREMENT("REG-001",
                "Every offset that has no register in this revision reads 0 and ignores writes",
                SOURCE, 0, reserved_offsets_read_0),
    REQUIREMENT("REG-002", "The same is true of 32-bit accesses", SOURCE, 0,
                reserved_offsets_halves),
    REQUIREMENT("REG-003", "Writes where there is no register change no register", SOURCE, 0,
                reserved_offsets_alias_nothing),
    REQUIREMENT("REG-004", "Each register is at its offset and keeps a value of its own", SOURCE, 0,
                registers_are_separate),
    REQUIREMENT("REG-005",
                "Device table base, exclusion base, the four pointers and Status are 0 after reset",
                SOURCE_RESET, 0, zero_after_reset),
    REQUIREMENT("REG-006", "Exclusion range limit bits 63:12 are 0 after reset", SOURCE_RESET, 0,
                limit_after_reset),
    CHOICE("REG-007", "After reset the command buffer's base is 0 and ComLen is 8 (or 0)",
           SOURCE_RESET, 0, command_length_after_reset, "8 | 0", "8"),
    CHOICE("REG-008", "After reset the event log's base is 0 and EventLen is 8 (or 0)",
           SOURCE_RESET, 0, event_length_after_reset, "8 | 0", "8"),
    REQUIREMENT("REG-009", "All bits of Control but Coherent are 0 after reset", SOURCE_RESET, 0,
                control_after_reset),
    CHOICE("REG-010", "Coherent is 1 (or 0) after reset", SOURCE_RESET, 0, coherent_after_reset,
           "1 | 0", "1"),
    REQUIREMENT("REG-011", "A system reset gives every register its reset value", "1.20, reset",
                CAN_RESET, reset_restores_values),
    REQUIREMENT("REG-012", "A system reset clears every bit of Status, and IommuEn", "1.20, reset",
                CAN_RESET, reset_clears_status),
    REQUIREMENT("REG-013", "After a system reset, requests pass that were refused before",
                "1.20, reset", CAN_RESET | CAN_DMA, reset_turns_off),
    REQUIREMENT("REG-014", "Device table base: each bit of 51:12 and 8:0 can be written",
                "1.20, device table base address", 0, device_table_bits),
    REQUIREMENT("REG-015", "Device table base: each bit of 63:52 and 11:9 is reserved",
                "1.20, device table base address", 0, device_table_reserved),
    REQUIREMENT("REG-016",
                "Command buffer base: each bit of 51:12 and each ComLen from 8 can be written",
                "1.20, command buffer base address", 0, command_base_bits),
    REQUIREMENT("REG-017", "Command buffer base: each bit of 63:60, 55:52 and 11:0 is reserved",
                "1.20, command buffer base address", 0, command_base_reserved),
    REQUIREMENT("REG-018",
                "Event log base: each bit of 51:12 and each EventLen from 8 can be written",
                "1.20, event log base address", 0, event_base_bits),
    REQUIREMENT("REG-019", "Event log base: each bit of 63:60, 55:52 and 11:0 is reserved",
                "1.20, event log base address", 0, event_base_reserved),
    REQUIREMENT("REG-020", "Control: each bit of 12:0 but HtTunEn can be written",
                "1.20, IOMMU control", 0, control_bits),
    REQUIREMENT("REG-021", "Control: HtTunEn can be written where there is a tunnel",
                "1.20, IOMMU control", CAN_HT_TUNNEL_ON, control_tunnel),
    CHOICE("REG-022", "Control: HtTunEn, ignored without a tunnel, is kept (or reads 0)",
           "1.20, IOMMU control", CAN_HT_TUNNEL_OFF, control_no_tunnel, "kept | reads 0", "kept"),
    REQUIREMENT("REG-023", "Control: each bit of 63:13 is reserved", "1.20, IOMMU control", 0,
                control_reserved),
    REQUIREMENT("REG-024", "Exclusion base: each bit of 51:12, Allow and ExEn can be written",
                "1.20, exclusion base", 0, exclusion_base_bits),
    REQUIREMENT("REG-025", "Exclusion base: each bit of 63:52 and 11:2 is reserved",
                "1.20, exclusion base", 0, exclusion_base_reserved),
    REQUIREMENT("REG-026",
                "Exclusion range limit: each bit of 51:12 can be written, 63:52 are reserved",
                "1.20, exclusion range limit", 0, exclusion_limit_bits),
    CHOICE("REG-027", "Exclusion range limit: bits 11:0 always read as ones (or zeros)",
           "1.20, exclusion range limit", 0, exclusion_limit_low, "ones | zeros", "ones"),
    REQUIREMENT("REG-028",
                "Each pointer: each bit of 18:4 can be written while the ring is stopped",
                "1.20, pointer registers", 0, pointer_bits),
    REQUIREMENT("REG-029", "Each pointer: each bit of 63:19 and 3:0 is reserved",
                "1.20, pointer registers", 0, pointer_reserved),
    REQUIREMENT("REG-030", "The base of one ring leaves the pointers of the other",
                "1.20, pointer registers", 0, pointers_are_separate),
    REQUIREMENT("REG-031", "Status: no bit can be set by writing", "1.20, IOMMU status", 0,
                status_cannot_be_set),
    LIST_END,
};

const struct requirement_area area_registers = {"REG", "Register window", list};
