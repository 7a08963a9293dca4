/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt remapping: what amdvi_iommu_remap() answers and logs. Expectations are typed from the
 * reference (5.2 to 5.5), events word by word, not through the decoder. Every case runs with the
 * three cache sizes, and every interrupt is sent twice, so that a cached answer is judged too.
 */
#include "check.h"
#include "machine.h"

#define DEVICE  0x0a35
#define DOMAIN  0x5a17
#define ADDRESS UINT64_C(0xfee7b00c) /* destination 7Bh, hint 1, logical */

/* Words of an event: the flags at the places where the reference draws them. */
#define FLAG_I       (UINT64_C(1) << 51)
#define FLAG_PR      (UINT64_C(1) << 52)
#define FLAG_RZ      (UINT64_C(1) << 55)
#define TYPE_ABSENT  (UINT64_C(1) << 57)
#define TYPE_DATA    (UINT64_C(3) << 57)
#define IN_DOMAIN    ((uint64_t)DOMAIN << 32)
#define ILLEGAL_DTE  ((UINT64_C(1) << 60) | FLAG_I | DEVICE)
#define PAGE_FAULT   ((UINT64_C(2) << 60) | FLAG_I | IN_DOMAIN | DEVICE)
#define DEV_TAB_HW   ((UINT64_C(3) << 60) | FLAG_I | DEVICE)
#define PAGE_TAB_HW  ((UINT64_C(4) << 60) | FLAG_I | IN_DOMAIN | DEVICE)
#define INT_CTL_ZERO ((UINT64_C(8) << 60) | (UINT64_C(5) << 57) | DEVICE)

/* What an interrupt should become; event 0 is none. */
struct want {
    enum amdvi_outcome outcome;
    uint64_t address;
    uint32_t data;
    bool remapped;
    uint64_t event_word0;
    uint64_t event_word1;
};

static void each_cache_size(void (*body)(struct machine *machine))
{
    for (unsigned i = 0; i < 3; i++) {
        struct machine machine;

        machine_start(&machine, &machine_cache_sizes[i]);
        body(&machine);
        machine_stop(&machine);
    }
}

/* A case that runs @body so. */
#define WITH_EACH_CACHE_SIZE(name, body)                                                           \
    static void name(void)                                                                         \
    {                                                                                              \
        each_cache_size(body);                                                                     \
    }

static void check_events(struct machine *machine, const struct want *want)
{
    uint64_t word0 = 0;
    uint64_t word1 = 0;

    if (want->event_word0 != 0) {
        CHECK(machine_event_words(machine, &word0, &word1));
        CHECK_U64(word0, want->event_word0);
        CHECK_U64(word1, want->event_word1);
    }
    CHECK(!machine_event_words(machine, &word0, &word1));
}

static void check_interrupt(struct machine *machine, uint64_t address, uint32_t data,
                            const struct want *want)
{
    for (unsigned i = 0; i < 2; i++) {
        struct amdvi_remapped got = machine_interrupt(machine, DEVICE, address, data);

        CHECK_U64(got.outcome, want->outcome);
        if (want->outcome == AMDVI_OUTCOME_TRANSLATED) {
            CHECK_U64(got.address, want->address);
            CHECK_U64(got.data, want->data);
            CHECK_U64(got.remapped, want->remapped);
        }
        check_events(machine, want);
    }
}

static void check_passed(struct machine *machine, uint64_t address, uint32_t data)
{
    struct want want = {.outcome = AMDVI_OUTCOME_TRANSLATED, .address = address, .data = data};

    check_interrupt(machine, address, data, &want);
}

/* Refused, with an event whose address is that of the message; @event_word0 0 is silently. */
static void check_refused(struct machine *machine, uint64_t address, uint32_t data,
                          uint64_t event_word0)
{
    struct want want = {
        .outcome = AMDVI_OUTCOME_ABORTED, .event_word0 = event_word0, .event_word1 = address};

    check_interrupt(machine, address, data, &want);
}

/* An entry that remaps through @table with room for 512 interrupts, memory blocked. */
static struct amdvi_dte remapping_dte(uint64_t table)
{
    struct amdvi_dte dte = {.valid = true,
                            .translation = true,
                            .domain_id = DOMAIN,
                            .interrupt_valid = true,
                            .interrupt_root = table,
                            .int_tab_len = 9,
                            .int_ctl = AMDVI_INT_CTL_REMAP};
    return dte;
}

static void store_dte(struct machine *machine, const struct amdvi_dte *dte)
{
    machine_set_dte(machine, DEVICE, dte);
    machine_invalidate_device(machine, DEVICE);
    machine_invalidate_interrupts(machine, DEVICE);
    CHECK(machine_wait(machine));
}

static void store_irte(struct machine *machine, uint64_t table, unsigned index, uint32_t word)
{
    machine_write32(machine, table + UINT64_C(4) * index, word);
    machine_invalidate_interrupts(machine, DEVICE);
    CHECK(machine_wait(machine));
}

/* ---- The action table ---------------------------------------------------------------------- */

#define ANY 9

enum fate { PASSED, REMAPPED, REFUSED, REFUSED_INT_CTL, REFUSED_ILLEGAL };

/* 5.3 for IV=1; @modes has a bit for each delivery mode. */
static const struct action {
    unsigned modes;
    unsigned int_ctl;
    unsigned pass;
    unsigned logical;
    enum fate fate;
} actions[] = {
    {0x03, 0, ANY, ANY, REFUSED_INT_CTL}, /* fixed, arbitrated */
    {0x03, 1, ANY, ANY, PASSED},
    {0x03, 2, ANY, ANY, REMAPPED},
    {0x03, 3, ANY, ANY, REFUSED_ILLEGAL},
    {0x04, ANY, ANY, ANY, PASSED},  /* SMI */
    {0x48, ANY, ANY, ANY, REFUSED}, /* reserved, startup */
    {0xb0, ANY, 1, 0, PASSED},      /* NMI, INIT, ExtInt */
    {0xb0, ANY, 1, 1, REFUSED},
    {0xb0, ANY, 0, ANY, REFUSED},
};

static enum fate fate_of(unsigned mode, unsigned int_ctl, unsigned pass, unsigned logical)
{
    enum fate fate = REFUSED;
    unsigned matches = 0;

    for (unsigned i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        const struct action *row = &actions[i];
        if ((row->modes >> mode & 1) != 0 && (row->int_ctl == ANY || row->int_ctl == int_ctl) &&
            (row->pass == ANY || row->pass == pass) &&
            (row->logical == ANY || row->logical == logical)) {
            fate = row->fate;
            matches++;
        }
    }
    CHECK_U64(matches, 1);
    return fate;
}

static unsigned pass_bit_of(const struct amdvi_dte *dte, unsigned mode)
{
    return (mode == 4 && dte->nmi_pass) || (mode == 5 && dte->init_pass) ||
           (mode == 7 && dte->eint_pass);
}

/* All delivery modes and destination modes with the entry in force. */
static void check_all_classes(struct machine *machine, const struct amdvi_dte *dte)
{
    for (unsigned mode = 0; mode < 8; mode++) {
        for (unsigned logical = 0; logical < 2; logical++) {
            uint64_t address = UINT64_C(0xfee41000) | logical << 2;
            uint32_t data = 0xc000 | mode << 8 | 0x61;
            enum fate fate = dte->interrupt_valid
                                 ? fate_of(mode, dte->int_ctl, pass_bit_of(dte, mode), logical)
                                 : PASSED;
            struct want remapped = {AMDVI_OUTCOME_TRANSLATED, 0xfee99000, 0xe7, true, 0, 0};

            if (fate == PASSED) {
                check_passed(machine, address, data);
            } else if (fate == REMAPPED) {
                check_interrupt(machine, address, data, &remapped);
            } else if (fate == REFUSED) {
                check_refused(machine, address, data, 0);
            } else {
                check_refused(machine, address, data,
                              fate == REFUSED_INT_CTL ? INT_CTL_ZERO : ILLEGAL_DTE | FLAG_RZ);
            }
        }
    }
}

static void all_classes_follow_the_table(struct machine *machine)
{
    uint64_t table = machine_table(machine);

    machine_write32(machine, table + 4 * 0x061, 0x00e79901);
    machine_write32(machine, table + 4 * 0x161, 0x00e79901);
    for (unsigned bits = 0; bits < 1024; bits++) {
        struct amdvi_dte dte = remapping_dte(table);

        dte.valid = (bits & 1) != 0;
        dte.translation = (bits & 2) != 0;
        dte.interrupt_valid = (bits & 4) != 0;
        dte.int_ctl = (uint8_t)(bits >> 3 & 3);
        dte.init_pass = (bits & 32) != 0;
        dte.eint_pass = (bits & 64) != 0;
        dte.nmi_pass = (bits & 128) != 0;
        dte.lint0_pass = (bits & 256) != 0;
        dte.lint1_pass = (bits & 512) != 0;
        store_dte(machine, &dte);
        check_all_classes(machine, &dte);
    }
}

WITH_EACH_CACHE_SIZE(every_class_has_the_action_of_the_table, all_classes_follow_the_table)

/* ---- Passing -------------------------------------------------------------------------------- */

static void pass_many_messages(struct machine *machine)
{
    for (unsigned i = 0; i < 256; i++) {
        /* Any bits; only the delivery mode is made fixed or arbitrated. */
        uint32_t data = (i * 0x9e3779b1U & ~0x600U) | (i == 0 ? 0xffff0000U : 0);
        uint64_t address = UINT64_C(0xfee00000) + (i * UINT64_C(0x5bd1e995) & 0xfffff);

        check_passed(machine, address, data);
    }
}

static void pass_unmapped(struct machine *machine)
{
    struct amdvi_dte dte = remapping_dte(0);

    dte.int_ctl = AMDVI_INT_CTL_PASS;
    store_dte(machine, &dte);
    pass_many_messages(machine);
}

WITH_EACH_CACHE_SIZE(int_ctl_pass_does_not_touch_the_message, pass_unmapped)

static void pass_without_iv(struct machine *machine)
{
    machine_set_dte_words(machine, DEVICE, UINT64_MAX, UINT64_MAX, UINT64_MAX & ~UINT64_C(1),
                          UINT64_MAX);
    pass_many_messages(machine);
    check_passed(machine, 0xfee00004, 0x341); /* a reserved delivery mode */
}

WITH_EACH_CACHE_SIZE(iv_zero_passes_whatever_else_the_entry_says, pass_without_iv)

static void pass_while_off(struct machine *machine)
{
    uint64_t table = machine_table(machine);
    struct amdvi_dte dte = remapping_dte(table);
    uint64_t control = machine_reg(machine, AMDVI_REG_CONTROL);

    store_dte(machine, &dte);
    machine_write32(machine, table + 4 * 0x44, 0x00551101);
    CHECK(machine_interrupt(machine, DEVICE, 0xfee00000, 0x44).remapped);
    machine_set_reg(machine, AMDVI_REG_CONTROL, control & ~AMDVI_CONTROL_IOMMU_EN);
    pass_many_messages(machine);
    check_passed(machine, 0xfee00000, 0x45);
    check_passed(machine, 0xfee00004, 0x345);
    machine_set_reg(machine, AMDVI_REG_CONTROL, control);
    CHECK(machine_interrupt(machine, DEVICE, 0xfee00000, 0x44).remapped);
    check_refused(machine, 0xfee00000, 0x45, PAGE_FAULT);
}

WITH_EACH_CACHE_SIZE(a_disabled_iommu_passes_everything, pass_while_off)

/* ---- The device table entry ------------------------------------------------------------------ */

static void refuse_by_int_ctl(struct machine *machine)
{
    struct amdvi_dte dte = remapping_dte(0);

    dte.int_ctl = AMDVI_INT_CTL_ABORT;
    for (unsigned ignored = 0; ignored < 2; ignored++) {
        dte.ignore_unmapped = ignored != 0; /* suppresses page faults only */
        dte.suppress_all = ignored != 0;
        store_dte(machine, &dte);
        check_refused(machine, ADDRESS, 0x0ff, INT_CTL_ZERO);
        check_refused(machine, ADDRESS, 0x1ff, INT_CTL_ZERO);
        dte.int_ctl = AMDVI_INT_CTL_RESERVED;
        store_dte(machine, &dte);
        check_refused(machine, ADDRESS, 0x0ff, ILLEGAL_DTE | FLAG_RZ);
        check_refused(machine, ADDRESS, 0x1ff, ILLEGAL_DTE | FLAG_RZ);
        dte.int_ctl = AMDVI_INT_CTL_ABORT;
    }
}

WITH_EACH_CACHE_SIZE(int_ctl_zero_and_three_log_their_events, refuse_by_int_ctl)

static void use_reserved_bits(struct machine *machine)
{
    uint64_t word2 = UINT64_C(1) << 60 | 0x21; /* IntCtl=01, IG: for page faults only; IV */

    for (unsigned bit = 129; bit < 256; bit++) {
        uint64_t set = UINT64_C(1) << bit % 64;
        if (bit < 180 || (bit > 183 && bit != 187 && bit < 192)) {
            continue; /* not reserved */
        }
        for (unsigned iv = 0; iv < 2; iv++) {
            machine_set_dte_words(machine, DEVICE, 0, 0,
                                  (word2 & ~UINT64_C(1)) | iv | (bit < 192 ? set : 0),
                                  bit < 192 ? 0 : set);
            machine_invalidate_device(machine, DEVICE);
            CHECK(machine_wait(machine));
            for (unsigned mode = 0; mode < 4; mode++) {
                if (iv == 0) {
                    check_passed(machine, 0xfee01000, mode << 8 | 0x20);
                } else {
                    check_refused(machine, 0xfee01000, mode << 8 | 0x20, ILLEGAL_DTE | FLAG_RZ);
                }
            }
        }
    }
}

WITH_EACH_CACHE_SIZE(reserved_bits_of_the_upper_half_count_only_with_iv, use_reserved_bits)

static void use_lower_reserved_bits(struct machine *machine)
{
    uint64_t table = machine_table(machine);
    struct want want = {AMDVI_OUTCOME_TRANSLATED, 0xfee11000, 0x55, true, 0, 0};

    machine_write32(machine, table, 0x00551101);
    machine_set_dte_words(machine, DEVICE, UINT64_C(0x9ff00000000001fd),
                          UINT64_C(0xfffffc00ffff0000), UINT64_C(2) << 60 | table | 1, 0);
    check_interrupt(machine, 0xfee00000, 0, &want);
}

WITH_EACH_CACHE_SIZE(reserved_bits_of_the_lower_half_do_not_concern_interrupts,
                     use_lower_reserved_bits)

static void send_from_outside_the_table(struct machine *machine)
{
    struct amdvi_remapped got;
    struct want last = {.event_word0 = (UINT64_C(8) << 60) | (UINT64_C(5) << 57) | 127,
                        .event_word1 = ADDRESS};
    struct want beyond = {.event_word0 = (UINT64_C(2) << 60) | FLAG_I, .event_word1 = ADDRESS};
    static const uint16_t outside[] = {128, 0x1000, 0xffff};
    uint64_t base = machine_reg(machine, AMDVI_REG_DEV_TAB_BASE);

    machine_set_reg(machine, AMDVI_REG_DEV_TAB_BASE, base & ~AMDVI_DEV_TAB_BASE_SIZE);
    machine_set_dte_words(machine, 127, 0, 0, 1, 0);
    got = machine_interrupt(machine, 127, ADDRESS, 0x1f);
    CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED);
    check_events(machine, &last);
    for (unsigned i = 0; i < 6; i++) {
        got = machine_interrupt(machine, outside[i / 2], ADDRESS, 0x1f);
        CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED);
        beyond.event_word0 = (UINT64_C(2) << 60) | FLAG_I | outside[i / 2];
        check_events(machine, &beyond);
    }
}

WITH_EACH_CACHE_SIZE(a_device_outside_the_table_is_refused_with_a_page_fault,
                     send_from_outside_the_table)

static void fail_to_read_the_dte(struct machine *machine)
{
    uint64_t control = machine_reg(machine, AMDVI_REG_CONTROL);
    uint64_t base = machine_reg(machine, AMDVI_REG_DEV_TAB_BASE);
    struct want want = {.outcome = AMDVI_OUTCOME_ABORTED, .event_word0 = DEV_TAB_HW | TYPE_DATA};

    want.event_word1 = MACHINE_DEVICE_TABLE + UINT64_C(32) * DEVICE;
    machine->bad_page = want.event_word1 & ~UINT64_C(0xfff);
    check_interrupt(machine, ADDRESS, 0x33, &want);
    machine->bad_page = 0;
    machine_set_reg(machine, AMDVI_REG_CONTROL, control & ~AMDVI_CONTROL_IOMMU_EN);
    machine_set_reg(machine, AMDVI_REG_DEV_TAB_BASE,
                    (base & AMDVI_DEV_TAB_BASE_SIZE) | UINT64_C(0x8000000000));
    machine_set_reg(machine, AMDVI_REG_CONTROL, control);
    want.event_word0 = DEV_TAB_HW | TYPE_ABSENT;
    want.event_word1 = UINT64_C(0x8000000000) + UINT64_C(32) * DEVICE;
    check_interrupt(machine, ADDRESS, 0x33, &want);
}

WITH_EACH_CACHE_SIZE(an_unreadable_device_table_entry_is_a_hardware_error, fail_to_read_the_dte)

/* ---- The interrupt table --------------------------------------------------------------------- */

static void use_every_table_length(struct machine *machine)
{
    static const unsigned indices[] = {0,  1,  2,   3,   4,   7,   8,   15,  16,  31, 32,
                                       63, 64, 127, 128, 255, 256, 257, 300, 510, 511};
    uint64_t table = machine_table(machine);
    struct want want = {AMDVI_OUTCOME_TRANSLATED, 0xfee22000, 0x77, true, 0, 0};

    for (unsigned i = 0; i < 1024; i++) {
        machine_write32(machine, table + UINT64_C(4) * i, 0x00772201);
    }
    for (uint8_t length = 0; length < 16; length++) {
        struct amdvi_dte dte = remapping_dte(table);

        dte.int_tab_len = length;
        dte.ignore_unmapped = length > 11; /* an illegal entry is no page fault */
        store_dte(machine, &dte);
        for (unsigned i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
            if (length > 11) {
                check_refused(machine, ADDRESS, indices[i], ILLEGAL_DTE);
            } else if (indices[i] < 1U << length) {
                check_interrupt(machine, ADDRESS, indices[i], &want);
            } else {
                check_refused(machine, ADDRESS, indices[i], PAGE_FAULT);
            }
        }
        dte.int_ctl = AMDVI_INT_CTL_PASS; /* then the length is not used */
        store_dte(machine, &dte);
        check_passed(machine, ADDRESS, 0x1ff);
    }
}

WITH_EACH_CACHE_SIZE(the_length_of_the_table_bounds_the_index, use_every_table_length)

static void use_512_entries(struct machine *machine)
{
    uint64_t table = machine_table(machine);
    struct amdvi_dte dte = remapping_dte(table);

    for (unsigned i = 0; i < 512; i++) {
        uint32_t vector = i & 0xff;
        uint32_t destination = i * 37 & 0xff;
        machine_write32(machine, table + UINT64_C(4) * i,
                        vector << 16 | destination << 8 | (i & 7) % 2 << 2 | (i >> 1 & 1) << 5 |
                            (i >> 2 & 1) << 6 | (i >> 3 & 1) << 1 | 1);
    }
    store_dte(machine, &dte);
    for (unsigned i = 0; i < 512; i++) {
        /* Nothing of the message but its index may come through: trigger, level, destination. */
        uint32_t noise = (i >> 4 & 1) * 0xfffff800U;
        struct want want = {.outcome = AMDVI_OUTCOME_TRANSLATED, .remapped = true};

        want.address = UINT64_C(0xfee00000) | (i * 37 & 0xff) << 12 | (i >> 2 & 1) << 2;
        want.data = (i & 0xff) | (i & 1) << 8 | (i >> 1 & 1) * 0xc000;
        check_interrupt(machine, (i >> 5 & 1) != 0 ? 0xfeeffffc : 0xfee00000, noise | i, &want);
    }
}

WITH_EACH_CACHE_SIZE(a_remapped_message_is_made_of_the_entry_alone, use_512_entries)

/* Entries that are refused, SupIOPF (bit 1) clear; with RemapEn=1 for a reserved bit or IntType. */
static const uint32_t bad_irtes[] = {
    0x00000000, 0x00772200, 0xff77229c, 0x00772281, 0x01772201, 0x02772201, 0x04772201,
    0x08772201, 0x10772201, 0x20772201, 0x40772201, 0x80772201, 0x00772209, 0x0077220d,
    0x00772211, 0x00772215, 0x00772219, 0x0077221d, 0xff7722fd,
};

#define BAD_IRTES (sizeof(bad_irtes) / sizeof(bad_irtes[0]))

/* All bad entries, with IG and SupIOPF as told, SE and SA of memory requests set or not. */
static void refuse_bad_entries(struct machine *machine, bool ig, bool sup_iopf, bool memory_bits)
{
    uint64_t table = machine_table(machine);
    struct amdvi_dte dte = remapping_dte(table);
    bool silent = ig || sup_iopf;

    dte.int_tab_len = 8;
    dte.ignore_unmapped = ig;
    dte.suppress_more = memory_bits;
    dte.suppress_all = memory_bits;
    for (unsigned i = 0; i < BAD_IRTES; i++) {
        machine_write32(machine, table + UINT64_C(4) * i, bad_irtes[i] | (sup_iopf ? 2 : 0));
    }
    store_dte(machine, &dte);
    for (unsigned i = 0; i < BAD_IRTES; i++) {
        uint64_t flags = (bad_irtes[i] & 1) != 0 ? FLAG_PR | FLAG_RZ : 0;
        check_refused(machine, ADDRESS, i, silent ? 0 : PAGE_FAULT | flags);
    }
    /* Beyond the table no entry is read that could suppress anything. */
    check_refused(machine, ADDRESS, 0x100, ig ? 0 : PAGE_FAULT);
}

static void bad_entries_logged(struct machine *machine)
{
    refuse_bad_entries(machine, false, false, false);
    refuse_bad_entries(machine, false, false, true);
}

WITH_EACH_CACHE_SIZE(each_bad_entry_is_refused_with_its_flags, bad_entries_logged)

static void bad_entries_suppressed(struct machine *machine)
{
    refuse_bad_entries(machine, true, false, false);
    refuse_bad_entries(machine, false, true, false);
    refuse_bad_entries(machine, true, true, true);
}

WITH_EACH_CACHE_SIZE(ig_and_sup_iopf_silence_page_faults, bad_entries_suppressed)

static void fail_to_read_irtes(struct machine *machine)
{
    uint64_t table = machine_table(machine);
    struct amdvi_dte dte = remapping_dte(table);
    struct want want = {.outcome = AMDVI_OUTCOME_ABORTED, .event_word0 = PAGE_TAB_HW | TYPE_DATA};

    dte.ignore_unmapped = true; /* not a page fault: logged all the same */
    store_dte(machine, &dte);
    machine->bad_page = table;
    for (unsigned i = 0; i < 512; i += 73) {
        want.event_word1 = (table + UINT64_C(4) * i) & ~UINT64_C(7);
        check_interrupt(machine, ADDRESS, i, &want);
    }
    machine->bad_page = 0;
    store_irte(machine, table, 73, 0x00112201);
    CHECK(machine_interrupt(machine, DEVICE, ADDRESS, 73).remapped); /* nothing remembers it */
    dte.interrupt_root = UINT64_C(0xfffffffffff80);
    store_dte(machine, &dte);
    want.event_word0 = PAGE_TAB_HW | TYPE_ABSENT;
    want.event_word1 = UINT64_C(0xfffffffffff80);
    check_interrupt(machine, ADDRESS, 0, &want);
    dte.interrupt_root = MACHINE_MEMORY_BYTES - 128;
    store_dte(machine, &dte);
    want.event_word1 = MACHINE_MEMORY_BYTES;
    check_interrupt(machine, ADDRESS, 32, &want);
    check_refused(machine, ADDRESS, 31, 0); /* the last of memory, and IG */
}

WITH_EACH_CACHE_SIZE(an_unreadable_entry_is_a_hardware_error, fail_to_read_irtes)

/* ---- The call -------------------------------------------------------------------------------- */

static void count_and_cache(struct machine *machine)
{
    uint64_t table = machine_table(machine);
    struct amdvi_dte dte = remapping_dte(table);
    struct amdvi_stats stats;
    machine_write32(machine, table + 4 * 0x44, 0x00551101);
    store_dte(machine, &dte);
    CHECK(!machine_interrupt(machine, DEVICE, 0xfee00000, 0x44).cached);
    for (unsigned i = 0; i < 3; i++) {
        unsigned long reads = atomic_load(&machine->reads);
        struct amdvi_remapped got = machine_interrupt(machine, DEVICE, 0xfee00000, 0x44);

        CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
        CHECK_U64(got.cached, atomic_load(&machine->reads) == reads);
    }
    check_refused(machine, 0xfee00000, 0x45, PAGE_FAULT);
    amdvi_iommu_stats(machine->iommu, &stats);
    CHECK_U64(stats.interrupts, 6);
    CHECK_U64(stats.interrupts_aborted, 2);
}

WITH_EACH_CACHE_SIZE(interrupts_are_counted_and_cached_says_so, count_and_cache)

static const struct check_case cases[] = {
    {"every delivery mode, IV, IntCtl, pass bit and destination mode has its action (O7)",
     "1.20 interrupt remapping", every_class_has_the_action_of_the_table},
    {"an interrupt forwarded by IntCtl=01 is not modified (Q20)", "1.20 interrupt remapping",
     int_ctl_pass_does_not_touch_the_message},
    {"with IV=0 all interrupts pass, whatever else the entry holds (O7)", "1.20 device table entry",
     iv_zero_passes_whatever_else_the_entry_says},
    {"with IommuEn=0 all interrupts pass and nothing is logged (Q21)", "1.20 IOMMU Control",
     a_disabled_iommu_passes_everything},
    {"IntCtl=00 logs INVALID_DEVICE_REQUEST type 5, IntCtl=11 an illegal entry (Q23)",
     "1.20 interrupt remapping", int_ctl_zero_and_three_log_their_events},
    {"reserved bits of the upper half are illegal with IV=1 and ignored with IV=0",
     "1.20 device table entry", reserved_bits_of_the_upper_half_count_only_with_iv},
    {"reserved bits of the lower half do not concern interrupts", "1.20 device table entry",
     reserved_bits_of_the_lower_half_do_not_concern_interrupts},
    {"an interrupt of a device outside the device table is refused with IO_PAGE_FAULT (Q23)",
     "1.20 device table", a_device_outside_the_table_is_refused_with_a_page_fault},
    {"a device table entry that cannot be read is DEV_TAB_HARDWARE_ERROR with I=1 (Q23)",
     "1.20 DEV_TAB_HARDWARE_ERROR", an_unreadable_device_table_entry_is_a_hardware_error},
    {"IntTabLen bounds the index, and above 11 it is illegal (Q22)", "1.20 device table entry",
     the_length_of_the_table_bounds_the_index},
    {"a remapped message is made of the interrupt table entry alone, RqEoi is its trigger mode",
     "1.20 interrupt remapping table entry", a_remapped_message_is_made_of_the_entry_alone},
    {"RemapEn=0, each reserved bit and each reserved IntType log their page fault (Q22, Q23)",
     "1.20 IO_PAGE_FAULT", each_bad_entry_is_refused_with_its_flags},
    {"IG and SupIOPF silence page faults of interrupts, and refuse them still (O11)",
     "1.20 interrupt remapping table entry", ig_and_sup_iopf_silence_page_faults},
    {"an interrupt table entry that cannot be read is PAGE_TAB_HARDWARE_ERROR with I=1 (Q23)",
     "1.20 PAGE_TAB_HARDWARE_ERROR", an_unreadable_entry_is_a_hardware_error},
    {"interrupts are counted, and cached tells that memory was not read", NULL,
     interrupts_are_counted_and_cached_says_so},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
