/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Commands. */
#include "rings.h"

#define STORED (RIG_STORE + 0x40)

static void completion_wait_stores(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig_allow_store(rig, page + 0x18);
    rig_command(rig, UINT64_C(1) << 60 | (page + 0x18) | 1, UINT64_C(0xfedcba9876543210));
    CHECK(rig_wait(rig));
    CHECK_U64(rig_load64(rig, page + 0x10), 0);
    CHECK_U64(rig_load64(rig, page + 0x18), UINT64_C(0xfedcba9876543210));
    CHECK_U64(rig_load64(rig, page + 0x20), 0);
}

/* ---- Opcodes --------------------------------------------------------------------------------- */

static void illegal_opcodes(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned opcode = 0; opcode < 16; opcode++) {
        if ((opcode == 0 || opcode > 5) && !REFUSES_COMMAND(rig, OPCODE(opcode), 0)) {
            return;
        }
    }
    CHECK(rig_wait(rig));
}

static void illegal_opcodes_with_operands(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned opcode = 0; opcode < 16; opcode++) {
        if (opcode == 0 || opcode > 5) {
            uint64_t operand = STORED | WAIT_S | WAIT_I;
            if (!REFUSES_COMMAND(rig, OPCODE(opcode) | operand, UINT64_C(0x123456789abcd003))) {
                return;
            }
        }
    }
    CHECK_U64(rig_load64(rig, STORED), 0);
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_COM_WAIT_INT, 0);
}

static void prefetch_is_illegal(struct rig *rig)
{
    rig_enable(rig);
    REFUSES_COMMAND(rig, OPCODE(6) | UINT64_C(1) << 24 | rig->device, RIG_IOVA);
}

static void complete_ppr_is_illegal(struct rig *rig)
{
    rig_enable(rig);
    REFUSES_COMMAND(rig, OPCODE(7) | rig->device, 0);
}

static void invalidate_all_is_illegal(struct rig *rig)
{
    rig_enable(rig);
    REFUSES_COMMAND(rig, OPCODE(8), 0);
}

static void legal_opcodes(struct rig *rig)
{
    rig_enable(rig);
    ACCEPTS_COMMAND(rig, WAIT, 0);
    ACCEPTS_COMMAND(rig, INV_DEVICE, 0);
    ACCEPTS_COMMAND(rig, INV_PAGES, 0);
    ACCEPTS_COMMAND(rig, INV_INTERRUPT, 0);
}

/* ---- COMPLETION_WAIT ------------------------------------------------------------------------- */

static void every_s_i_f(struct rig *rig)
{
    rig_enable(rig);
    rig_allow_store(rig, STORED);
    for (unsigned bits = 0; bits < 8; bits++) {
        rig_store64(rig, STORED, 0x5555);
        rig_write(rig, REG_STATUS, STATUS_COM_WAIT_INT);
        if (!ACCEPTS_COMMAND(rig, WAIT | STORED | bits, 0xaaaa)) {
            return;
        }
        CHECK_U64(rig_load64(rig, STORED), (bits & WAIT_S) != 0 ? 0xaaaa : 0x5555);
        CHECK_U64(rig_read(rig, REG_STATUS),
                  RUN_BITS | ((bits & WAIT_I) != 0 ? STATUS_COM_WAIT_INT : 0));
    }
}

static void every_reserved_wait_bit(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned bits = 0; bits < 8; bits++) {
        for (unsigned bit = 52; bit < 60; bit++) {
            if (!REFUSES_COMMAND(rig, WAIT | bit64(bit) | STORED | bits, 0xaaaa)) {
                return;
            }
        }
    }
    CHECK_U64(rig_load64(rig, STORED), 0);
    CHECK_U64(rig_read(rig, REG_STATUS) & STATUS_COM_WAIT_INT, 0);
    CHECK(rig_wait(rig));
}

static void refused_wait_sends_nothing(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL | CONTROL_COM_WAIT_INT_EN);
    REFUSES_COMMAND(rig, WAIT | bit64(52) | WAIT_I, 0);
    CHECK_U64(rig_own_msis(rig), 0);
    COMPLETE_WITH_I(rig);
    CHECK_U64(rig_own_msis(rig), 1);
}

static void every_address_of_a_line(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    for (unsigned i = 0; i < 8; i++) {
        uint64_t spa = page + 0x40 + UINT64_C(8) * i;
        rig_allow_store(rig, spa);
        if (!ACCEPTS_COMMAND(rig, WAIT | spa | WAIT_S, UINT64_MAX - i)) {
            return;
        }
        CHECK_U64(rig_load64(rig, spa), UINT64_MAX - i);
        CHECK_U64(rig_load64(rig, spa + 8), 0);
        CHECK_U64(rig_load64(rig, page + 0x38), 0);
    }
}

static void address_bits(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned bit = 3; bit < 14; bit++) {
        uint64_t spa = RIG_DATA + bit64(bit);
        rig_allow_store(rig, spa);
        if (!ACCEPTS_COMMAND(rig, WAIT | spa | WAIT_S, bit)) {
            return;
        }
        CHECK_U64(rig_load64(rig, spa), bit);
    }
    CHECK_U64(rig_load64(rig, RIG_DATA), 0);
}

static void high_addresses(struct rig *rig)
{
    static const uint64_t spas[] = {UINT64_C(0x0000000100000008), UINT64_C(0x000aaaaaaaaaaaa8),
                                    UINT64_C(0x0005555555555550), UINT64_C(0x000ffffffffffff8)};

    rig_enable(rig);
    for (unsigned i = 0; i < sizeof(spas) / sizeof(spas[0]); i++) {
        rig->target->ops->memory_add(rig->target, spas[i]);
        rig_allow_store(rig, spas[i]);
        if (!ACCEPTS_COMMAND(rig, WAIT | spas[i] | WAIT_S, spas[i])) {
            return;
        }
        CHECK_U64(rig_load64(rig, spas[i]), spas[i]);
    }
}

static void data_bits(struct rig *rig)
{
    rig_enable(rig);
    rig_allow_store(rig, STORED);
    for (unsigned bit = 0; bit < 64; bit++) {
        if (!ACCEPTS_COMMAND(rig, WAIT | STORED | WAIT_S, bit64(bit))) {
            return;
        }
        CHECK_U64(rig_load64(rig, STORED), bit64(bit));
    }
}

static void address_without_s(struct rig *rig)
{
    rig_enable(rig);
    ACCEPTS_COMMAND(rig, WAIT | TARGET_ABSENT | WAIT_I, 1);
    ACCEPTS_COMMAND(rig, WAIT | UINT64_C(0x000ffffffffffff8), UINT64_MAX);
}

static void last_store_wins(struct rig *rig)
{
    rig_enable(rig);
    rig_allow_store(rig, STORED);
    for (unsigned i = 0; i < 20; i++) {
        rig_queue(rig, WAIT | STORED | WAIT_S | WAIT_F, i);
        rig_queue(rig, INV_PAGES | UINT64_C(5) << 32, INV_ALL | INV_S);
    }
    rig_queue(rig, WAIT | STORED | WAIT_S, 0xabcd);
    rig_kick(rig);
    CHECK(rig_wait(rig));
    CHECK_U64(rig_load64(rig, STORED), 0xabcd);
}

static void store_is_exactly_8_bytes(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    unsigned writes = 0;

    rig_enable(rig);
    rig_allow_store(rig, page + 8);
    rig_touches_begin(rig);
    CHECK(ACCEPTS_COMMAND(rig, WAIT | (page + 8) | WAIT_S | WAIT_I | WAIT_F, 1));
    CHECK(rig_touched(rig, page + 8, 8));
    for (unsigned i = 0; i < rig_touch_count(rig); i++) {
        if (rig->touches[i].write && rig->touches[i].spa != RIG_STORE) {
            CHECK_U64(rig->touches[i].spa, page + 8);
            CHECK_U64(rig->touches[i].size_bytes, 8);
            writes++;
        }
    }
    CHECK_U64(writes, 1);
}

/* ---- INVALIDATE_DEVTAB_ENTRY and INVALIDATE_INTERRUPT_TABLE ---------------------------------- */

/* Every bit of the command that is in neither mask is reserved, and each of the others is not. */
static void each_bit(struct rig *rig, uint64_t command, uint64_t legal0, uint64_t legal1)
{
    rig_enable(rig);
    for (unsigned bit = 0; bit < 124; bit++) {
        unsigned at = bit < 60 ? bit : bit + 4; /* without the opcode */
        uint64_t word0 = at < 64 ? bit64(at) : 0;
        uint64_t word1 = at < 64 ? 0 : bit64(at - 64);
        bool legal = (word0 & legal0) != 0 || (word1 & legal1) != 0;

        if (legal ? !ACCEPTS_COMMAND(rig, command | word0, word1)
                  : !REFUSES_COMMAND(rig, command | word0, word1)) {
            return;
        }
    }
}

static void device_bits(struct rig *rig)
{
    each_bit(rig, INV_DEVICE, 0xffff, 0);
}

static void interrupt_bits(struct rig *rig)
{
    each_bit(rig, INV_INTERRUPT, 0xffff, 0);
}

static void every_device_id(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned id = 0; id < 0x10000; id += 0xff) {
        if (!ACCEPTS_COMMAND(rig, INV_DEVICE | id, 0) ||
            !ACCEPTS_COMMAND(rig, INV_INTERRUPT | id, 0)) {
            return;
        }
    }
}

static void device_beyond_the_table(struct rig *rig)
{
    rig_enable(rig);
    rig_write(rig, REG_DEVICE_TABLE, RIG_DEVICE_TABLE); /* 128 entries */
    ACCEPTS_COMMAND(rig, INV_DEVICE | 0xffff, 0);
    ACCEPTS_COMMAND(rig, INV_INTERRUPT | 0xffff, 0);
}

static void device_entry_is_read_again(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    struct rig_dte refuse = {{Q0_V | Q0_TV, RIG_DOMAIN, 0, 0}};
    struct rig_dte pass = {{0, 0, 0, 0}};

    rig_enable(rig);
    RIG_WRITES(rig, page, page, 8);
    for (unsigned i = 0; i < 3; i++) {
        rig_store_dte(rig, rig->device, refuse);
        rig_invalidate_device(rig, rig->device);
        CHECK(rig_wait(rig));
        RIG_WRITE_REFUSED(rig, page, page, 8);
        empty_log(rig);
        rig_store_dte(rig, rig->device, pass);
        rig_invalidate_device(rig, rig->device);
        CHECK(rig_wait(rig));
        RIG_WRITES(rig, page, page, 8);
    }
}

static void interrupt_entry_is_read_again(struct rig *rig)
{
    uint64_t table = rig_page(rig);
    struct rig_dte dte = {{0, 0, 0, 0}};

    rig_enable(rig);
    rig_dte_remap(&dte, table, 4);
    rig_set_dte(rig, rig->device, dte);
    for (unsigned vector = 0x40; vector < 0x44; vector++) {
        rig_store32(rig, table + 12, IRTE_REMAP_EN | IRTE_VECTOR(vector));
        rig_invalidate_interrupts(rig, rig->device);
        CHECK(rig_wait(rig));
        rig_interrupt(rig, rig->device, MSI_BASE, 3);
        RIG_MESSAGE(rig, .vector = (uint8_t)vector);
    }
}

/* ---- INVALIDATE_IOMMU_PAGES ------------------------------------------------------------------ */

static void page_bits(struct rig *rig)
{
    each_bit(rig, INV_PAGES, UINT64_C(0x0000ffff00000000), UINT64_C(0xfffffffffffff003));
}

static void page_bits_together(struct rig *rig)
{
    rig_enable(rig);
    ACCEPTS_COMMAND(rig, INV_PAGES | UINT64_C(0x0000ffff00000000), UINT64_C(0x7ffffffffffff003));
    ACCEPTS_COMMAND(rig, INV_PAGES | UINT64_C(0x0000ffff00000000), UINT64_C(0xfffffffffffff000));
    for (unsigned bit = 2; bit < 12; bit++) {
        if (!REFUSES_COMMAND(rig, INV_PAGES, INV_ALL | INV_S | INV_PDE | bit64(bit))) {
            return;
        }
    }
}

static void no_zero_bit(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    uint64_t other = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 3);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    RIG_WRITES(rig, RIG_IOVA, page, 8);
    rig_map(rig, RIG_IOVA, other, 12, RIG_RW);
    ACCEPTS_COMMAND(rig, INV_PAGES | (uint64_t)RIG_DOMAIN << 32, UINT64_C(0xfffffffffffff003));
    rig_fill_pattern(rig, page, 8);
    uint64_t before = rig_load64(rig, page);
    make_fault(rig, 0); /* no fault: a write of 8 bytes to RIG_IOVA */
    RIG_NO_EVENTS(rig);
    if (rig_load64(rig, page) == before) {
        rig_outcome(rig, "everything");
        return;
    }
    rig_outcome(rig, "not everything");
}

/* A page was used at @iova; its entry changes, and the command @word1 must make that seen. */
static bool drops(struct rig *rig, uint64_t iova, uint64_t word1)
{
    uint64_t page = rig_page(rig);
    uint64_t other = rig_page(rig);

    rig_map(rig, iova, page, 12, RIG_RW);
    rig_invalidate_domain(rig, RIG_DOMAIN);
    if (!CHECK(rig_wait(rig)) || !RIG_WRITES(rig, iova, page, 8)) {
        return false;
    }
    rig_map(rig, iova, other, 12, RIG_RW);
    return ACCEPTS_COMMAND(rig, INV_PAGES | (uint64_t)RIG_DOMAIN << 32, word1) &&
           RIG_WRITES(rig, iova, other, 8);
}

static void drops_one_page(struct rig *rig)
{
    rig_enable(rig);
    rig_attach(rig, 3);
    drops(rig, RIG_IOVA, RIG_IOVA);
    drops(rig, RIG_IOVA + 0x5000, RIG_IOVA + 0x5000);
    drops(rig, 0, 0);
}

/* First, middle and last page of each size that S=1 encodes. */
static void drops_each_size(struct rig *rig)
{
    rig_enable(rig);
    rig_attach(rig, 4);
    for (unsigned zero = 12; zero < 47; zero += 5) {
        uint64_t size = UINT64_C(2) << zero;
        uint64_t first = RIG_IOVA & ~(size - 1);
        uint64_t word1 = first | ((size / 2 - 1) & ~UINT64_C(0xfff)) | INV_S;

        if (!drops(rig, first, word1) || !drops(rig, first + size / 2, word1) ||
            !drops(rig, first + size - 0x1000, word1)) {
            printf("# the size is 2^%u\n", zero + 1);
            return;
        }
    }
}

static void drops_everything(struct rig *rig)
{
    rig_enable(rig);
    rig_attach(rig, 4);
    drops(rig, 0, INV_ALL | INV_S);
    drops(rig, RIG_IOVA, INV_ALL | INV_S);
    drops(rig, UINT64_C(0xfffffffff000), INV_ALL | INV_S);
    drops(rig, RIG_IOVA, INV_ALL | INV_S | INV_PDE);
}

static void drops_directories(struct rig *rig)
{
    uint64_t page = rig_page(rig);
    uint64_t other = rig_page(rig);
    uint64_t table = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 3);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    RIG_WRITES(rig, RIG_IOVA, page, 8);
    rig_store64(rig, table, rig_entry(0, other, RIG_RW));
    rig_store64(rig, rig_entry_at(rig, rig->root, 3, RIG_IOVA, 2), rig_entry(1, table, RIG_RW));
    ACCEPTS_COMMAND(rig, INV_PAGES | (uint64_t)RIG_DOMAIN << 32, RIG_IOVA | INV_PDE);
    RIG_WRITES(rig, RIG_IOVA, other, 8);
}

/* ---- Order ----------------------------------------------------------------------------------- */

static void wait_follows_invalidations(struct rig *rig)
{
    uint64_t pages[2] = {rig_page(rig), rig_page(rig)};

    rig_enable(rig);
    rig_attach(rig, 3);
    rig_map(rig, RIG_IOVA, pages[0], 12, RIG_RW);
    for (unsigned i = 0; i < 20; i++) {
        RIG_WRITES(rig, RIG_IOVA, pages[i % 2], 8);
        rig_map(rig, RIG_IOVA, pages[(i + 1) % 2], 12, RIG_RW);
        for (unsigned n = 0; n < 30; n++) { /* far in front of the one that counts */
            rig_queue(rig, INV_PAGES | UINT64_C(0x1000) << 32, INV_ALL | INV_S);
        }
        rig_queue(rig, INV_PAGES | (uint64_t)RIG_DOMAIN << 32, RIG_IOVA);
        rig_kick(rig);
        if (!CHECK(rig_wait(rig))) {
            return;
        }
    }
}

static void domains_of_16_bits(struct rig *rig)
{
    static const uint16_t domains[] = {0x0001, 0x8000, 0xffff, 0x00ff, 0};

    rig_enable(rig);
    rig_attach(rig, 3);
    for (unsigned i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
        uint64_t page = rig_page(rig);
        uint64_t other = rig_page(rig);

        rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
        rig_set_dte(rig, rig->device, rig_dte_paged(rig->root, 3, domains[i]));
        RIG_WRITES(rig, RIG_IOVA, page, 8);
        rig_map(rig, RIG_IOVA, other, 12, RIG_RW);
        rig_invalidate_page(rig, domains[i], RIG_IOVA);
        CHECK(rig_wait(rig));
        RIG_WRITES(rig, RIG_IOVA, other, 8);
    }
}

#define SOURCE           "1.20, commands"
#define SOURCE_WAIT      "1.20, COMPLETION_WAIT"
#define SOURCE_DEVICE    "1.20, INVALIDATE_DEVTAB_ENTRY"
#define SOURCE_PAGES     "1.20, INVALIDATE_IOMMU_PAGES"
#define SOURCE_INTERRUPT "1.20, INVALIDATE_INTERRUPT_TABLE"

static const struct requirement list[] = {
    REQUIREMENT(
        "CMD-001",
        "COMPLETION_WAIT with s=1 stores its 8 bytes of data at its address, and nothing else",
        SOURCE_WAIT, 0, completion_wait_stores),
    REQUIREMENT("CMD-002", "Opcodes 0 and 6 to 15 are illegal", SOURCE, 0, illegal_opcodes),
    REQUIREMENT("CMD-003", "Opcodes 0 and 6 to 15 are illegal whatever follows, and do nothing",
                SOURCE, 0, illegal_opcodes_with_operands),
    REQUIREMENT("CMD-004", "PREFETCH_IOMMU_PAGES of later revisions is illegal", SOURCE, 0,
                prefetch_is_illegal),
    REQUIREMENT("CMD-005", "COMPLETE_PPR_REQUEST of later revisions is illegal", SOURCE, 0,
                complete_ppr_is_illegal),
    REQUIREMENT("CMD-006", "INVALIDATE_IOMMU_ALL of later revisions is illegal", SOURCE, 0,
                invalidate_all_is_illegal),
    REQUIREMENT("CMD-007", "Opcodes 1, 2, 3 and 5 with all operands 0 are legal", SOURCE, 0,
                legal_opcodes),
    REQUIREMENT("CMD-008",
                "With every combination of s, i and f, s alone stores and i alone sets ComWaitInt",
                SOURCE_WAIT, 0, every_s_i_f),
    REQUIREMENT("CMD-009",
                "COMPLETION_WAIT: each bit of 59:52 is reserved; no store is made, no bit is set",
                SOURCE_WAIT, 0, every_reserved_wait_bit),
    REQUIREMENT("CMD-010", "COMPLETION_WAIT with a reserved bit sends no MSI", SOURCE_WAIT,
                CAN_OWN_MSI, refused_wait_sends_nothing),
    REQUIREMENT("CMD-011", "COMPLETION_WAIT stores at any address aligned to 8 bytes", SOURCE_WAIT,
                0, every_address_of_a_line),
    REQUIREMENT("CMD-012", "COMPLETION_WAIT: each low bit of the store address counts", SOURCE_WAIT,
                0, address_bits),
    REQUIREMENT("CMD-013", "COMPLETION_WAIT: the store address has 52 bits", SOURCE_WAIT,
                CAN_HIGH_MEMORY, high_addresses),
    REQUIREMENT("CMD-014", "COMPLETION_WAIT: each of the 64 bits of data is stored", SOURCE_WAIT, 0,
                data_bits),
    REQUIREMENT("CMD-015", "COMPLETION_WAIT with s=0 ignores address and data", SOURCE_WAIT, 0,
                address_without_s),
    REQUIREMENT("CMD-016", "Of several stores to one address, that of the last command stays",
                SOURCE_WAIT, 0, last_store_wins),
    REQUIREMENT("CMD-017", "COMPLETION_WAIT stores with one access of 8 bytes", SOURCE_WAIT,
                CAN_TRACE, store_is_exactly_8_bytes),
    REQUIREMENT("CMD-018", "INVALIDATE_DEVTAB_ENTRY: each bit but opcode and DeviceID is reserved",
                SOURCE_DEVICE, 0, device_bits),
    REQUIREMENT("CMD-019",
                "INVALIDATE_INTERRUPT_TABLE: each bit but opcode and DeviceID is reserved",
                SOURCE_INTERRUPT, 0, interrupt_bits),
    REQUIREMENT("CMD-020", "Both take DeviceIDs of 16 bits", SOURCE_DEVICE, 0, every_device_id),
    REQUIREMENT("CMD-021", "Both take DeviceIDs beyond the device table", SOURCE_DEVICE, 0,
                device_beyond_the_table),
    REQUIREMENT("CMD-022", "After INVALIDATE_DEVTAB_ENTRY the entry in memory is used",
                SOURCE_DEVICE, CAN_DMA, device_entry_is_read_again),
    REQUIREMENT("CMD-023", "After INVALIDATE_INTERRUPT_TABLE the entry in memory is used",
                SOURCE_INTERRUPT, CAN_MSI, interrupt_entry_is_read_again),
    REQUIREMENT(
        "CMD-024",
        "INVALIDATE_IOMMU_PAGES: each bit but opcode, DomainID, address, S and PDE is reserved",
        SOURCE_PAGES, 0, page_bits),
    REQUIREMENT("CMD-025", "INVALIDATE_IOMMU_PAGES: the same with other bits set", SOURCE_PAGES, 0,
                page_bits_together),
    CHOICE("CMD-026", "S=1 with an address that has no zero bit is undefined", SOURCE_PAGES,
           CAN_DMA, no_zero_bit, "everything | not everything", "everything"),
    REQUIREMENT("CMD-027", "With S=0, the page at the address is dropped", SOURCE_PAGES, CAN_DMA,
                drops_one_page),
    REQUIREMENT("CMD-028",
                "With S=1, the lowest zero bit of the address gives the size of what is dropped",
                SOURCE_PAGES, CAN_DMA, drops_each_size),
    REQUIREMENT("CMD-029", "Address 7FFF_FFFF_FFFF_F000h with S=1 drops the whole domain",
                SOURCE_PAGES, CAN_DMA, drops_everything),
    REQUIREMENT("CMD-030", "With PDE=1, directory entries that cover the range are dropped",
                SOURCE_PAGES, CAN_DMA, drops_directories),
    REQUIREMENT("CMD-031", "COMPLETION_WAIT completes after the invalidations before it",
                "1.20, ordering of commands", CAN_DMA, wait_follows_invalidations),
    REQUIREMENT("CMD-032", "INVALIDATE_IOMMU_PAGES takes DomainIDs of 16 bits", SOURCE_PAGES,
                CAN_DMA, domains_of_16_bits),
    LIST_END,
};

const struct requirement_area area_commands = {"CMD", "Commands", list};
