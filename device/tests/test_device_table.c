/* SPDX-License-Identifier: BSD-2-Clause */
/* The device table: which entry is used, what its halves say, and what is wrong with some. */
#include "expect.h"

#define V  BIT64(0)
#define TV BIT64(1)
#define IR BIT64(61)
#define IW BIT64(62)
#define IV BIT64(0) /* of quadword 2 */

#define MSI_ADDRESS UINT64_C(0xfee00000)

static void set_words(const struct subject *subject, uint64_t word0, uint64_t word1, uint64_t word2,
                      uint64_t word3)
{
    machine_set_dte_words(subject->machine, subject->device_id, word0, word1, word2, word3);
}

static bool expect_illegal_entry(const struct subject *subject, uint64_t iova,
                                 enum amdvi_access access, uint64_t flags)
{
    return expect_refusal(
        subject, iova, access,
        event_word(CODE_ILLEGAL_DTE, subject->device_id, 0, flags | rw_flag(access)),
        iova & ~UINT64_C(3));
}

/* An interrupt comes through as it was, twice. */
static bool expect_interrupt_passes(const struct subject *subject)
{
    bool good = true;

    for (unsigned i = 0; i < 2; i++) {
        struct amdvi_remapped got =
            machine_interrupt(subject->machine, subject->device_id, MSI_ADDRESS + 0x1000, 0x41);
        good = CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED) && good;
        good = CHECK_U64(got.address, MSI_ADDRESS + 0x1000) && CHECK_U64(got.data, 0x41) && good;
        good = CHECK(!got.remapped) && good;
    }
    return expect_no_event(subject->machine) && good;
}

static void expect_all_passes(const struct subject *subject)
{
    static const uint64_t iovas[] = {0,
                                     0x123457,
                                     MACHINE_DEVICE_TABLE,
                                     UINT64_C(0xfed90000),
                                     UINT64_C(0x0123456789abcdef),
                                     UINT64_MAX - 7};

    for (unsigned i = 0; i < CHECK_CASE_COUNT(iovas); i++) {
        for (unsigned access = 1; access <= 3; access++) {
            expect_spa(subject, iovas[i], (enum amdvi_access)access, iovas[i]);
        }
    }
}

static void not_valid(struct machine *machine)
{
    struct subject subject = subject_unset(machine);

    set_words(&subject, 0, 0, 0, 0);
    expect_all_passes(&subject);
    subject = subject_unset(machine);
    set_words(&subject, ~V, UINT64_MAX, ~IV, UINT64_MAX);
    expect_all_passes(&subject);
    expect_interrupt_passes(&subject);
}

static void an_entry_with_v_0_lets_all_pass(void)
{
    with_each_cache(not_valid);
}

static void tv_0(struct machine *machine)
{
    struct subject subject = subject_unset(machine);
    uint64_t mode7 = UINT64_C(7) << 9;
    const uint64_t words[] = {V, V | IR | IW, V | mode7, V | IR | IW | mode7 | 0x600000};

    for (unsigned i = 0; i < CHECK_CASE_COUNT(words); i++) {
        subject = subject_unset(machine);
        subject.domain_id = 0;
        set_words(&subject, words[i], 0, 0, 0);
        expect_fault(&subject, 0x5008, AMDVI_ACCESS_READ, 0);
        expect_fault(&subject, 0x5008, AMDVI_ACCESS_WRITE, 0);
        expect_fault(&subject, UINT64_MAX - 7, AMDVI_ACCESS_READ, 0);
        expect_interrupt_passes(&subject);
    }
}

static void an_entry_with_tv_0_faults_without_pr(void)
{
    with_each_cache(tv_0);
}

static void block_all(struct machine *machine)
{
    struct subject subject = subject_unset(machine);

    set_words(&subject, V | TV, subject.domain_id, 0, 0);
    expect_fault(&subject, 0, AMDVI_ACCESS_READ, FLAG_PR | FLAG_PE);
    expect_fault(&subject, 0x7008, AMDVI_ACCESS_WRITE, FLAG_PR | FLAG_PE);
    expect_fault(&subject, UINT64_MAX - 7, AMDVI_ACCESS_READ_WRITE, FLAG_PR | FLAG_PE);
}

static void the_entry_that_linux_blocks_with_blocks(void)
{
    with_each_cache(block_all);
}

/* Reserved bits of each quadword, from the reference's list of masks. */
static const uint64_t reserved[4] = {UINT64_C(0x9ff00000000001fc), UINT64_C(0xfffffc00ffff0000),
                                     UINT64_C(0x08f0000000000000), UINT64_MAX};

static void reserved_bits(struct machine *machine)
{
    for (unsigned bit = 0; bit < 256; bit++) {
        if ((reserved[bit / 64] & BIT64(bit % 64)) == 0) {
            continue;
        }
        struct subject subject = subject_unset(machine);
        /* IntCtl=01: forward unmapped. */
        uint64_t word[4] = {V | TV | IR | IW, subject.domain_id, IV | UINT64_C(1) << 60, 0};
        word[bit / 64] |= BIT64(bit % 64);
        set_words(&subject, word[0], word[1], word[2], word[3]);
        bool good = true;
        if (bit < 128) {
            good = expect_illegal_entry(&subject, 0x1237, AMDVI_ACCESS_READ, FLAG_RZ) && good;
            good = expect_illegal_entry(&subject, 0x1236, AMDVI_ACCESS_WRITE, FLAG_RZ) && good;
            good = expect_interrupt_passes(&subject) && good;
        } else {
            good = expect_spa(&subject, 0x1234, AMDVI_ACCESS_WRITE, 0x1234) && good;
            struct amdvi_remapped got =
                machine_interrupt(machine, subject.device_id, MSI_ADDRESS + 0x2000, 0x41);
            good = CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED) && good;
            good =
                expect_only_event(
                    machine, event_word(CODE_ILLEGAL_DTE, subject.device_id, 0, FLAG_I | FLAG_RZ),
                    MSI_ADDRESS + 0x2000) &&
                good;
        }
        if (!good) {
            printf("# bit %u of the entry\n", bit);
        }
    }
}

static void each_reserved_bit_makes_its_half_illegal(void)
{
    with_each_cache(reserved_bits);
}

static void other_bits(struct machine *machine)
{
    /* All that is neither reserved nor asks for something else, in both halves. */
    for (unsigned bit = 0; bit < 128; bit++) {
        bool is_mode = bit >= 9 && bit <= 11;
        bool is_permission = bit == 61 || bit == 62;
        bool is_domain = bit >= 64 && bit <= 79;
        if ((reserved[bit / 64] & BIT64(bit % 64)) != 0 || bit < 2 || is_mode || is_permission ||
            is_domain) {
            continue;
        }
        struct subject subject = subject_unset(machine);
        uint64_t word[2] = {V | TV | IR, 0};
        word[bit / 64] |= BIT64(bit % 64);
        set_words(&subject, word[0], word[1], 0, 0);
        if (!expect_spa(&subject, 0x1238, AMDVI_ACCESS_READ, 0x1238)) {
            printf("# bit %u of the entry\n", bit);
        }
    }
}

static void bits_that_have_a_meaning_are_legal(void)
{
    with_each_cache(other_bits);
}

static void mode_7(struct machine *machine)
{
    struct subject subject = subject_unset(machine);
    uint64_t mode = UINT64_C(7) << 9;

    set_words(&subject, V | TV | IR | mode, subject.domain_id, 0, 0);
    expect_illegal_entry(&subject, 0x4003, AMDVI_ACCESS_READ, 0);
    /* The entry's permission is looked at before its mode. */
    expect_fault(&subject, 0x4003, AMDVI_ACCESS_WRITE, FLAG_PR | FLAG_PE);
    expect_interrupt_passes(&subject);
}

static void mode_7_is_an_illegal_entry(void)
{
    with_each_cache(mode_7);
}

/* An entry that allows everything, wherever the table might end. */
static void allow(struct machine *machine, uint16_t device_id)
{
    machine_set_dte_words(machine, device_id, V | TV | IR | IW, device_id, 0, 0);
}

static void table_edge(struct machine *machine)
{
    for (unsigned size = 0; size < 512; size++) {
        uint16_t last = (uint16_t)((size + 1) * 128 - 1);
        struct subject inside = {.machine = machine, .device_id = last};
        struct subject outside = {.machine = machine, .device_id = (uint16_t)(last + 1)};
        machine_set_reg(machine, AMDVI_REG_DEV_TAB_BASE, MACHINE_DEVICE_TABLE | size);
        allow(machine, last);
        bool good = expect_spa(&inside, 0x3338, AMDVI_ACCESS_WRITE, 0x3338);
        if (size < 511) {
            allow(machine, outside.device_id);
            good = expect_fault(&outside, UINT64_C(0x123456789b), AMDVI_ACCESS_WRITE, 0) && good;
            good = expect_fault(&outside, 0x3338, AMDVI_ACCESS_READ, 0) && good;
        }
        if (!good) {
            printf("# Size %u\n", size);
        }
    }
}

static void far_beyond_the_table(struct machine *machine)
{
    machine_set_reg(machine, AMDVI_REG_DEV_TAB_BASE, MACHINE_DEVICE_TABLE);
    for (unsigned device_id = 128; device_id < 65536; device_id += 509) {
        struct subject outside = {.machine = machine, .device_id = (uint16_t)device_id};
        allow(machine, outside.device_id);
        expect_fault(&outside, 0x3338, AMDVI_ACCESS_READ, 0);
    }
}

static void a_device_beyond_the_table_is_refused(void)
{
    with_each_cache(table_edge);
    with_each_cache(far_beyond_the_table);
}

static void unreadable(struct machine *machine)
{
    const uint64_t absent = UINT64_C(0x000ffffffff00000);

    for (unsigned is_bad = 0; is_bad < 2; is_bad++) {
        struct subject subject = subject_unset(machine);
        uint64_t base = is_bad != 0 ? MACHINE_DEVICE_TABLE : absent;
        uint64_t spa = base + 32 * (uint64_t)subject.device_id;
        allow(machine, subject.device_id);
        machine->bad_page = is_bad != 0 ? spa & ~UINT64_C(0xfff) : 0;
        machine_set_reg(machine, AMDVI_REG_DEV_TAB_BASE, base | 0x1ff);
        uint64_t word0 =
            event_word(CODE_DTE_ERROR, subject.device_id, 0, is_bad != 0 ? TYPE_DATA : TYPE_ABSENT);
        expect_refusal(&subject, 0x5008, AMDVI_ACCESS_READ, word0, spa);
        expect_refusal(&subject, 0x5008, AMDVI_ACCESS_WRITE, word0 | FLAG_RW, spa);
        struct amdvi_remapped got = machine_interrupt(machine, subject.device_id, MSI_ADDRESS, 1);
        CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED);
        expect_only_event(machine, word0 | FLAG_I, spa);
    }
}

static void an_unreadable_entry_is_a_hardware_error(void)
{
    with_each_cache(unreadable);
}

static void disabled(struct machine *machine)
{
    struct subject subject = subject_new(machine, 7);
    uint64_t control = machine_reg(machine, AMDVI_REG_CONTROL);

    /* IntCtl=10 through an empty table, reserved bits in all of it. */
    set_words(&subject, V | TV | BIT64(5), BIT64(20), IV | UINT64_C(2) << 60 | BIT64(59), 1);
    machine_set_reg(machine, AMDVI_REG_CONTROL, control & ~BIT64(0));
    expect_all_passes(&subject);
    expect_interrupt_passes(&subject);
    machine_set_reg(machine, AMDVI_REG_DEV_TAB_BASE, UINT64_C(0x000f000000000000));
    expect_all_passes(&subject);
    expect_interrupt_passes(&subject);
    machine_set_reg(machine, AMDVI_REG_DEV_TAB_BASE, MACHINE_DEVICE_TABLE | 0x1ff);
    machine_set_reg(machine, AMDVI_REG_CONTROL, control);
    expect_illegal_entry(&subject, 0x5008, AMDVI_ACCESS_READ, FLAG_RZ);
}

static void nothing_is_translated_or_remapped_while_off(void)
{
    with_each_cache(disabled);
}

static void before_enable(struct machine *machine)
{
    uint64_t control = machine_reg(machine, AMDVI_REG_CONTROL);
    machine_set_reg(machine, AMDVI_REG_CONTROL, 0);

    struct subject subject = subject_new(machine, 4);
    set_entry(&subject, 0x5000, 1, machine_entry(0, MACHINE_FREE, true, true));
    /* Seen while off: passes. Enabled without any command: translated. */
    expect_spa(&subject, 0x5008, AMDVI_ACCESS_READ, 0x5008);
    machine_set_reg(machine, AMDVI_REG_CONTROL, control);
    expect_spa(&subject, 0x5008, AMDVI_ACCESS_READ, MACHINE_FREE + 8);
    expect_fault(&subject, 0x6008, AMDVI_ACCESS_READ, 0);
    /* Off, other tables, on: nothing of before is used, though no command said so. */
    machine_set_reg(machine, AMDVI_REG_CONTROL, control & ~BIT64(0));
    set_entry(&subject, 0x5000, 1, machine_entry(0, MACHINE_FREE + 0x10000, true, false));
    machine_set_reg(machine, AMDVI_REG_CONTROL, control);
    expect_spa(&subject, 0x5008, AMDVI_ACCESS_READ, MACHINE_FREE + 0x10008);
    expect_fault(&subject, 0x5008, AMDVI_ACCESS_WRITE, FLAG_PR | FLAG_PE);
    machine_set_reg(machine, AMDVI_REG_CONTROL, control & ~BIT64(0));
    set_words(&subject, V | TV | IW, subject.domain_id, 0, 0);
    machine_set_reg(machine, AMDVI_REG_CONTROL, control);
    expect_fault(&subject, 0x5008, AMDVI_ACCESS_READ, FLAG_PR | FLAG_PE);
    expect_spa(&subject, 0x5008, AMDVI_ACCESS_WRITE, 0x5008);
}

static void tables_written_before_enable_hold_at_once(void)
{
    with_each_cache(before_enable);
}

static void all_id_bits(struct machine *machine)
{
    for (unsigned bit = 0; bit <= 16; bit++) {
        uint16_t device_id = (uint16_t)(0x1234 ^ (bit == 16 ? 0 : 1U << bit));
        uint64_t root = machine_set_paged(machine, device_id, device_id, 1);
        machine_write64(machine, root, machine_entry(0, MACHINE_FREE + 4096 * bit, true, true));
    }
    for (unsigned bit = 0; bit <= 16; bit++) {
        uint16_t device_id = (uint16_t)(0x1234 ^ (bit == 16 ? 0 : 1U << bit));
        struct subject subject = {
            .machine = machine, .device_id = device_id, .domain_id = device_id};
        expect_spa(&subject, 8, AMDVI_ACCESS_READ, MACHINE_FREE + 4096 * bit + 8);
        expect_fault(&subject, 0x1000, AMDVI_ACCESS_WRITE, 0);
    }
}

static void all_16_bits_of_the_device_id_select_the_entry(void)
{
    with_each_cache(all_id_bits);
}

static void changed_entry(struct machine *machine)
{
    struct subject subject = subject_new(machine, 0);

    expect_spa(&subject, 0x5008, AMDVI_ACCESS_READ, 0x5008);
    set_words(&subject, V | TV, subject.domain_id, 0, 0);
    /* Until the invalidation has completed, the old and the new are legal. */
    struct amdvi_translation got =
        machine_translate(machine, subject.device_id, 0x5008, 8, AMDVI_ACCESS_READ);
    if (got.outcome == AMDVI_OUTCOME_TRANSLATED) {
        CHECK_U64(got.spa, 0x5008);
        expect_no_event(machine);
    } else {
        CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED);
        expect_only_event(
            machine,
            event_word(CODE_PAGE_FAULT, subject.device_id, subject.domain_id, FLAG_PR | FLAG_PE),
            0x5008);
    }
    machine_invalidate_device(machine, subject.device_id);
    CHECK(machine_wait(machine));
    expect_fault(&subject, 0x5008, AMDVI_ACCESS_READ, FLAG_PR | FLAG_PE);
    /* And back, also from a refusal. */
    set_words(&subject, V | TV | IR, subject.domain_id, 0, 0);
    machine_invalidate_device(machine, subject.device_id);
    CHECK(machine_wait(machine));
    expect_spa(&subject, 0x5008, AMDVI_ACCESS_READ, 0x5008);
    set_words(&subject, 0, 0, 0, 0);
    machine_invalidate_device(machine, subject.device_id);
    CHECK(machine_wait(machine));
    expect_spa(&subject, 0x5008, AMDVI_ACCESS_WRITE, 0x5008);
}

static void an_invalidated_entry_is_read_again(void)
{
    with_each_cache(changed_entry);
}

static void interrupt_first(struct machine *machine)
{
    struct subject subject = subject_new(machine, 4);

    expect_interrupt_passes(&subject);
    expect_fault(&subject, 0x5008, AMDVI_ACCESS_READ, 0);
    set_entry(&subject, 0x5000, 1, machine_entry(0, MACHINE_FREE, true, false));
    expect_interrupt_passes(&subject);
    expect_spa(&subject, 0x5008, AMDVI_ACCESS_READ, MACHINE_FREE + 8);
    expect_fault(&subject, 0x5008, AMDVI_ACCESS_WRITE, FLAG_PR | FLAG_PE);
}

static void dma_is_translated_after_an_interrupt(void)
{
    with_each_cache(interrupt_first);
}

static const struct check_case cases[] = {
    {"an entry with V=0 lets requests pass whatever else it holds", "1.20 device table entry",
     an_entry_with_v_0_lets_all_pass},
    {"an entry with TV=0 refuses with PR=0, whatever its translation fields hold (Q18)",
     "1.20 device table entry", an_entry_with_tv_0_faults_without_pr},
    {"V=TV=1 and nothing else refuses everything, as a permission (Q4, O3)",
     "1.20 device table entry", the_entry_that_linux_blocks_with_blocks},
    {"each reserved bit makes its half of the entry illegal, and the other half works (O2, V12)",
     "1.20 ILLEGAL_DEV_TABLE_ENTRY", each_reserved_bit_makes_its_half_illegal},
    {"no bit that has a meaning makes an entry illegal", "1.20 device table entry",
     bits_that_have_a_meaning_are_legal},
    {"Mode 7 is ILLEGAL_DEV_TABLE_ENTRY with RZ=0 (Q18)", "1.20 paging mode",
     mode_7_is_an_illegal_entry},
    {"a device beyond the table, of any Size, is refused with its address (Q16, V13)",
     "1.20 device table base address", a_device_beyond_the_table_is_refused},
    {"an entry that cannot be read is DEV_TAB_HARDWARE_ERROR with the entry's address",
     "1.20 DEV_TAB_HARDWARE_ERROR", an_unreadable_entry_is_a_hardware_error},
    {"with IommuEn=0 all memory requests and interrupts pass (Q21)", "1.20 IOMMU control",
     nothing_is_translated_or_remapped_while_off},
    {"entries written before IommuEn hold without a command, and old ones are forgotten (Q1, Q2)",
     "1.20 IOMMU control", tables_written_before_enable_hold_at_once},
    {"all 16 bits of the device id select the entry and stand in the event (Q6)",
     "1.20 device table entry", all_16_bits_of_the_device_id_select_the_entry},
    {"a changed entry holds once INVALIDATE_DEVTAB_ENTRY has completed, and the old or it before",
     "1.20 INVALIDATE_DEVTAB_ENTRY", an_invalidated_entry_is_read_again},
    {"DMA is translated also when the device's first request was an interrupt (V2)",
     "1.20 device table entry", dma_is_translated_after_an_interrupt},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
