/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Register window: how it is accessed, and the device table's register. */
#include "rings.h"

/* ---- Widths ---------------------------------------------------------------------------------- */

struct half_case {
    uint64_t reg;
    uint64_t value[2];
};

/* Values whose halves all differ. */
static const struct half_case half_cases[] = {
    {REG_DEVICE_TABLE, {UINT64_C(0x000123456789a0aa), UINT64_C(0x000fedcba9876155)}},
    {REG_COMMAND_BASE, {UINT64_C(0x0801234567899000), UINT64_C(0x0f0edcba98765000)}},
    {REG_EVENT_BASE, {UINT64_C(0x0901234567899000), UINT64_C(0x0e0edcba98765000)}},
    {REG_EXCLUSION_BASE, {UINT64_C(0x0001234567899001), UINT64_C(0x000edcba98765002)}},
    {REG_EXCLUSION_LIMIT, {UINT64_C(0x0001234567899fff), UINT64_C(0x000edcba98765fff)}},
};

#define HALF_CASES (sizeof(half_cases) / sizeof(half_cases[0]))

/* The limit's low bits read as they like. */
static uint64_t known(uint64_t reg, uint64_t value)
{
    return reg == REG_EXCLUSION_LIMIT ? value | 0xfff : value;
}

static void halves_read(struct rig *rig)
{
    for (unsigned i = 0; i < HALF_CASES; i++) {
        const struct half_case *c = &half_cases[i];
        rig_write(rig, c->reg, c->value[0]);
        CHECK_U64(known(c->reg, rig_read32(rig, c->reg)), (uint32_t)c->value[0]);
        CHECK_U64(rig_read32(rig, c->reg + 4), c->value[0] >> 32);
    }
    rig_write(rig, REG_CONTROL, 0x1bfc);
    CHECK_U64(rig_read32(rig, REG_CONTROL), 0x1bfc);
    CHECK_U64(rig_read32(rig, REG_CONTROL + 4), 0);
}

static void halves_write(struct rig *rig)
{
    for (unsigned i = 0; i < HALF_CASES; i++) {
        const struct half_case *c = &half_cases[i];
        uint64_t low = c->value[1] & UINT32_MAX;
        uint64_t high = c->value[1] & ~UINT64_C(0xffffffff);

        rig_write(rig, c->reg, c->value[0]);
        rig_write32(rig, c->reg, (uint32_t)low);
        CHECK_U64(known(c->reg, rig_read(rig, c->reg)), (c->value[0] >> 32 << 32) | low);
        rig_write(rig, c->reg, c->value[0]);
        rig_write32(rig, c->reg + 4, (uint32_t)(high >> 32));
        CHECK_U64(known(c->reg, rig_read(rig, c->reg)), (uint32_t)c->value[0] | high);
        rig_write32(rig, c->reg, (uint32_t)low);
        CHECK_U64(known(c->reg, rig_read(rig, c->reg)), c->value[1]);
    }
}

static void control_halves(struct rig *rig)
{
    rig_enable_with(rig, 0);
    rig_write32(rig, REG_CONTROL, 0x1405);
    CHECK_U64(rig_read(rig, REG_CONTROL), 0x1405);
    CHECK(rig_until(rig, REG_STATUS, RUN_BITS, RUN_BITS));
    rig_write32(rig, REG_CONTROL + 4, UINT32_MAX);
    CHECK_U64(rig_read(rig, REG_CONTROL), 0x1405);
    rig_write32(rig, REG_CONTROL + 4, 0);
    CHECK_U64(rig_read(rig, REG_CONTROL), 0x1405);
    CHECK_U64(rig_read(rig, REG_STATUS), RUN_BITS);
}

static void pointer_halves(struct rig *rig)
{
    rig_write(rig, REG_COMMAND_BASE, RING_LEN(15));
    rig_write(rig, REG_EVENT_BASE, RING_LEN(15));
    for (uint64_t reg = REG_COMMAND_HEAD; reg <= REG_EVENT_TAIL; reg += 8) {
        rig_write32(rig, reg, 0x54320);
        CHECK_U64(rig_read(rig, reg), 0x54320);
        rig_write32(rig, reg + 4, UINT32_MAX);
        CHECK_U64(rig_read(rig, reg), 0x54320);
        CHECK_U64(rig_read32(rig, reg), 0x54320);
        CHECK_U64(rig_read32(rig, reg + 4), 0);
    }
}

static void tail_half_fetches(struct rig *rig)
{
    rig_enable(rig);
    rig_allow_store(rig, RIG_STORE + 0x40);
    rig_queue(rig, WAIT | (RIG_STORE + 0x40) | WAIT_S | WAIT_I, 0x1234);
    rig_write32(rig, REG_COMMAND_TAIL, (uint32_t)rig->command_tail);
    CHECK(rig_until(rig, REG_STATUS, STATUS_COM_WAIT_INT, STATUS_COM_WAIT_INT));
    CHECK_U64(rig_load64(rig, RIG_STORE + 0x40), 0x1234);
}

static void small_reads(struct rig *rig)
{
    const struct target_ops *ops = rig->target->ops;

    for (unsigned i = 0; i < HALF_CASES; i++) {
        const struct half_case *c = &half_cases[i];
        rig_write(rig, c->reg, c->value[0]);
        uint64_t whole = rig_read(rig, c->reg);
        for (unsigned byte = 0; byte < 8; byte++) {
            CHECK_U64(ops->mmio_read(rig->target, c->reg + byte, 1), whole >> (8 * byte) & 0xff);
        }
        for (unsigned byte = 0; byte < 8; byte += 2) {
            CHECK_U64(ops->mmio_read(rig->target, c->reg + byte, 2), whole >> (8 * byte) & 0xffff);
        }
    }
}

/* Parts of @size bytes of the register, one after the other, each checked. */
static void small_writes_of(struct rig *rig, const struct half_case *c, unsigned size)
{
    uint64_t part = size == 1 ? 0xff : 0xffff;
    uint64_t want = c->value[0];

    rig_write(rig, c->reg, want);
    for (unsigned byte = 0; byte < 8; byte += size) {
        uint64_t mask = part << (8 * byte);
        rig->target->ops->mmio_write(rig->target, c->reg + byte, size,
                                     c->value[1] >> (8 * byte) & part);
        want = (want & ~mask) | (c->value[1] & mask);
        CHECK_U64(known(c->reg, rig_read(rig, c->reg)), want);
    }
}

static void small_writes(struct rig *rig)
{
    for (unsigned i = 0; i < HALF_CASES; i++) {
        small_writes_of(rig, &half_cases[i], 1);
        small_writes_of(rig, &half_cases[i], 2);
    }
}

static void unaligned(struct rig *rig)
{
    const struct target_ops *ops = rig->target->ops;
    uint64_t value = UINT64_C(0x000123456789a0aa);
    bool ignored = true;

    for (unsigned offset = 1; offset < 8; offset++) {
        for (unsigned size = 2; size <= 8; size *= 2) {
            if (offset % size != 0) {
                rig_write(rig, REG_DEVICE_TABLE, value);
                ignored = ops->mmio_read(rig->target, offset, size) == 0 && ignored;
                ops->mmio_write(rig->target, offset, size, 0);
                ignored = rig_read(rig, REG_DEVICE_TABLE) == value && ignored;
            }
        }
    }
    rig_write(rig, REG_DEVICE_TABLE, value); /* what an aligned access does is defined */
    CHECK_U64(rig_read(rig, REG_DEVICE_TABLE), value);
    rig_outcome(rig, ignored ? "reads 0, not written" : "something else");
}

static void w1c_upper_half(struct rig *rig)
{
    rig_enable(rig);
    COMPLETE_WITH_I(rig);
    rig_write32(rig, REG_STATUS + 4, UINT32_MAX);
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_COM_WAIT_INT | RUN_BITS);
    rig_write32(rig, REG_STATUS, STATUS_COM_WAIT_INT);
    CHECK_U64(rig_read(rig, REG_STATUS), RUN_BITS);
}

static void w1c_bytes(struct rig *rig)
{
    rig_enable(rig);
    COMPLETE_WITH_I(rig);
    for (unsigned byte = 1; byte < 8; byte++) {
        rig->target->ops->mmio_write(rig->target, REG_STATUS + byte, 1, 0xff);
    }
    CHECK_U64(rig_read(rig, REG_STATUS), STATUS_COM_WAIT_INT | RUN_BITS);
    rig->target->ops->mmio_write(rig->target, REG_STATUS, 1, STATUS_COM_WAIT_INT);
    CHECK_U64(rig_read(rig, REG_STATUS), RUN_BITS);
}

/* ---- The device table's register ------------------------------------------------------------- */

static void table_read_back_while_on(struct rig *rig)
{
    rig_enable(rig);
    CHECK_U64(rig_read(rig, REG_DEVICE_TABLE), RIG_DEVICE_TABLE | 0x1ff);
    CHECK_U64(rig_read(rig, REG_COMMAND_BASE), RIG_COMMAND_BUFFER | RING_LEN(8));
    CHECK_U64(rig_read(rig, REG_EVENT_BASE), RIG_EVENT_LOG | RING_LEN(8));
    rig_write(rig, REG_DEVICE_TABLE, (RIG_DEVICE_TABLE + 0x10000) | 0x0f);
    CHECK_U64(rig_read(rig, REG_DEVICE_TABLE), (RIG_DEVICE_TABLE + 0x10000) | 0x0f);
    CHECK_U64(rig_read(rig, REG_STATUS), RUN_BITS);
    CHECK(rig_wait(rig));
}

static void table_moves_while_on(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    uint64_t other = rig_pages(rig, 2, 0x1000);

    rig_enable(rig);
    rig_attach(rig, 3);
    RIG_WRITE_REFUSED(rig, page, page, 8);
    empty_log(rig);
    rig_write(rig, REG_DEVICE_TABLE, other | 1); /* all entries 0: everything passes */
    rig_invalidate_device(rig, rig->device);
    rig_invalidate_domain(rig, RIG_DOMAIN);
    CHECK(rig_wait(rig));
    RIG_WRITES(rig, page, page, 8);
}

static void table_of_two_pages(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    uint64_t table = rig_pages(rig, 2, 0x1000);
    struct target_request request = request_of(rig, TARGET_WRITE, page);

    /* Entry 128 + n is at table + 1000h + 32 n; with Size=1 the last is 255. */
    request.device_id = rig->target->endpoint[1];
    rig_store64(rig, table + 32 * (uint64_t)request.device_id + 8, RIG_DOMAIN);
    rig_store64(rig, table + 32 * (uint64_t)request.device_id, 0x3);
    rig_enable(rig);
    rig_write(rig, REG_DEVICE_TABLE, table | 1);
    rig_invalidate_device(rig, request.device_id);
    CHECK(rig_wait(rig));
    REFUSES(rig, request, page,
            rig_event(EVENT_CODE_PAGE_FAULT, request.device_id, RIG_DOMAIN,
                      EVENT_PR | EVENT_RW | EVENT_PE, page));
    rig_write(rig, REG_DEVICE_TABLE, table); /* of 128 entries */
    rig_invalidate_device(rig, request.device_id);
    rig_invalidate_domain(rig, RIG_DOMAIN);
    CHECK(rig_wait(rig));
    RIG_REFUSES(rig, request, page);
    struct rig_event event = TAKE_ONE(rig);
    CHECK_U64(event.word0 & UINT64_C(0x000000000000ffff), request.device_id);
    CHECK_U64(event.word1, page);
}

static const struct requirement list[] = {
    REQUIREMENT("REG-032", "Each half of a register can be read by 32 bits", "1.20, MMIO accesses",
                0, halves_read),
    REQUIREMENT("REG-033", "A 32-bit write changes only that half", "1.20, MMIO accesses", 0,
                halves_write),
    REQUIREMENT("REG-034", "A 32-bit write of Control's upper half changes nothing",
                "1.20, MMIO accesses", 0, control_halves),
    REQUIREMENT("REG-035", "The pointers are in the lower half of their registers",
                "1.20, MMIO accesses", 0, pointer_halves),
    REQUIREMENT("REG-036", "A 32-bit write of the tail starts fetching", "1.20, MMIO accesses", 0,
                tail_half_fetches),
    REQUIREMENT("REG-037", "Aligned bytes and words of a register can be read",
                "1.20, MMIO accesses", 0, small_reads),
    REQUIREMENT("REG-038", "Aligned bytes and words of a register can be written",
                "1.20, MMIO accesses", 0, small_writes),
    CHOICE("REG-039", "What an access that is not aligned does is undefined", "1.20, MMIO accesses",
           0, unaligned, "reads 0, not written | something else", "reads 0, not written"),
    REQUIREMENT("REG-040", "A write of Status' upper half clears no bit of the lower",
                "1.20, MMIO accesses", 0, w1c_upper_half),
    REQUIREMENT("REG-041", "A write of a byte of Status clears bits of that byte only",
                "1.20, MMIO accesses", 0, w1c_bytes),
    REQUIREMENT("REG-042",
                "The bases can be read while the IOMMU is on, and the device table's be written",
                "1.20, device table base address", 0, table_read_back_while_on),
    REQUIREMENT("REG-043", "A device table written while on is used after invalidations",
                "1.20, device table base address", CAN_DMA, table_moves_while_on),
    REQUIREMENT("REG-044", "A table of Size+1 pages has (Size+1) times 128 entries of 32 bytes",
                "1.20, device table base address", CAN_DMA | CAN_SECOND, table_of_two_pages),
    LIST_END,
};

const struct requirement_area area_register_access = {"REG", "Register window: accesses", list};
