/* SPDX-License-Identifier: BSD-2-Clause */
/* Address ranges in which the page tables do not speak: the exclusion range and the MSI range. */
#include "expect.h"

#define V  BIT64(0)
#define TV BIT64(1)
#define IR BIT64(61)
#define IW BIT64(62)
#define EX BIT64(39) /* of quadword 1 */

#define EX_EN BIT64(0)
#define ALLOW BIT64(1)

#define MSI_FIRST UINT64_C(0xfee00000)
#define MSI_LAST  UINT64_C(0xfeefffff)

static void set_range(struct machine *machine, uint64_t first, uint64_t limit, uint64_t flags)
{
    machine_set_reg(machine, AMDVI_REG_EXCL_LIMIT, limit);
    machine_set_reg(machine, AMDVI_REG_EXCL_BASE, first | flags);
}

/* A device whose table maps nothing and whose entry has EX as asked. */
static struct subject unmapped(struct machine *machine, uint64_t ex)
{
    struct subject subject = subject_new(machine, 4);

    machine_set_dte_words(machine, subject.device_id,
                          V | TV | IR | IW | UINT64_C(4) << 9 | subject.root,
                          ex | subject.domain_id, 0, 0);
    return subject;
}

static void expect_excluded(const struct subject *subject, uint64_t iova)
{
    expect_spa(subject, iova, AMDVI_ACCESS_READ, iova);
    expect_spa(subject, iova, AMDVI_ACCESS_WRITE, iova);
    expect_spa(subject, iova, AMDVI_ACCESS_READ_WRITE, iova);
}

static void expect_included(const struct subject *subject, uint64_t iova)
{
    expect_fault(subject, iova, AMDVI_ACCESS_READ, 0);
    expect_fault(subject, iova, AMDVI_ACCESS_WRITE, 0);
}

static void who_is_excluded(struct machine *machine)
{
    for (unsigned combination = 0; combination < 8; combination++) {
        uint64_t ex = (combination & 1) != 0 ? EX : 0;
        uint64_t allow = (combination & 2) != 0 ? ALLOW : 0;
        uint64_t enable = (combination & 4) != 0 ? EX_EN : 0;
        struct subject subject = unmapped(machine, ex);
        set_range(machine, 0x40000, 0x4f000, enable | allow);
        if (enable != 0 && (allow != 0 || ex != 0)) {
            expect_excluded(&subject, 0x48000);
        } else {
            expect_included(&subject, 0x48000);
        }
        expect_included(&subject, 0x50000);
    }
}

static void ex_en_with_allow_or_ex_excludes(void)
{
    with_each_cache(who_is_excluded);
}

static void edges(struct machine *machine)
{
    static const struct {
        uint64_t first;
        uint64_t limit;
    } ranges[] = {{0x40000, 0x4f000},
                  {0x40000, 0x40000},
                  {0x41000, 0x41fff},
                  {UINT64_C(0x7fff000), UINT64_C(0x123456000)},
                  {0x1000, UINT64_C(0x0000fffffffff000)}};

    for (unsigned i = 0; i < CHECK_CASE_COUNT(ranges); i++) {
        struct subject subject = unmapped(machine, EX);
        uint64_t last = ranges[i].limit | 0xfff;
        set_range(machine, ranges[i].first, ranges[i].limit, EX_EN);
        expect_included(&subject, ranges[i].first - 8);
        expect_excluded(&subject, ranges[i].first);
        expect_excluded(&subject, last - 7);
        if (last + 1 < BIT64(48)) {
            expect_included(&subject, last + 1);
        }
    }
    /* All 64 bits are compared. */
    struct subject subject = unmapped(machine, EX);
    set_range(machine, 0x40000, 0x40000, EX_EN);
    for (unsigned bit = 12; bit < 64; bit++) {
        if (bit != 18) {
            expect_fault(&subject, UINT64_C(0x40000) | BIT64(bit), AMDVI_ACCESS_READ,
                         bit < 48 ? 0 : FLAG_PR);
        }
    }
}

static void both_ends_of_the_range_are_in_it(void)
{
    with_each_cache(edges);
}

static void whole_space(struct machine *machine)
{
    struct subject subject = unmapped(machine, 0);

    set_range(machine, 0, UINT64_C(0x000ffffffffff000), EX_EN | ALLOW);
    expect_excluded(&subject, 0);
    expect_excluded(&subject, BIT64(52) - 8);
    expect_fault(&subject, BIT64(52), AMDVI_ACCESS_READ, FLAG_PR);
    set_range(machine, 0x50000, 0x4f000, EX_EN | ALLOW);
    expect_included(&subject, 0x50000);
    expect_included(&subject, 0x4f000);
    expect_included(&subject, 0x4fff8);
    expect_included(&subject, 0);
}

static void the_range_may_be_all_or_nothing(void)
{
    with_each_cache(whole_space);
}

static void before_the_rest(struct machine *machine)
{
    struct subject subject = subject_unset(machine);
    /* TV=0; no permission; Mode 7; a root in no memory. */
    const uint64_t words[] = {V, V | TV, V | TV | IR | IW | UINT64_C(7) << 9,
                              V | TV | UINT64_C(3) << 9 | UINT64_C(0x000f000000000000)};

    set_range(machine, 0x40000, 0x4f000, EX_EN);
    for (unsigned i = 0; i < CHECK_CASE_COUNT(words); i++) {
        subject = subject_unset(machine);
        machine_set_dte_words(machine, subject.device_id, words[i], EX, 0, 0);
        expect_excluded(&subject, 0x40008);
    }
    /* A reserved bit comes before it. */
    subject = subject_unset(machine);
    machine_set_dte_words(machine, subject.device_id, V | TV | BIT64(2), EX, 0, 0);
    expect_refusal(&subject, 0x4000b, AMDVI_ACCESS_READ,
                   event_word(CODE_ILLEGAL_DTE, subject.device_id, 0, FLAG_RZ), 0x40008);
    /* Beyond the width of the mode. */
    subject = subject_new(machine, 1);
    machine_set_dte_words(machine, subject.device_id, V | TV | UINT64_C(1) << 9 | subject.root, EX,
                          0, 0);
    set_range(machine, UINT64_C(0x10000000), UINT64_C(0x10000000), EX_EN);
    expect_excluded(&subject, UINT64_C(0x10000000));
}

static void exclusion_comes_before_tv_permissions_and_mode(void)
{
    with_each_cache(before_the_rest);
}

static void without_invalidation(struct machine *machine)
{
    struct subject subject = unmapped(machine, EX);

    set_entry(&subject, 0x48000, 1, machine_entry(0, MACHINE_FREE, true, true));
    for (unsigned i = 0; i < 3; i++) {
        expect_spa(&subject, 0x48008, AMDVI_ACCESS_WRITE, MACHINE_FREE + 8);
        set_range(machine, 0x48000, 0x48000, EX_EN);
        expect_excluded(&subject, 0x48008);
        set_range(machine, 0x48000, 0x48000, 0);
        expect_spa(&subject, 0x48008, AMDVI_ACCESS_WRITE, MACHINE_FREE + 8);
        set_range(machine, 0x47000, 0x48000, EX_EN);
        expect_excluded(&subject, 0x48008);
        machine_set_reg(machine, AMDVI_REG_EXCL_LIMIT, 0x47000);
    }
}

static void a_change_of_the_range_needs_no_invalidation(void)
{
    with_each_cache(without_invalidation);
}

/* Do two blocks, first to last each, overlap without the second one's being around the first? */
static bool is_cut(uint64_t first, uint64_t last, uint64_t edge_first, uint64_t edge_last)
{
    bool is_inside = first >= edge_first && last <= edge_last;

    return first <= edge_last && last >= edge_first && !is_inside;
}

/* The largest block, up to that of the page, that is all inside 40000h to 4FFFFh or all outside. */
static unsigned expected_granule(uint64_t iova, unsigned page_log2)
{
    for (unsigned log2 = page_log2; log2 > 12; log2--) {
        uint64_t first = iova & ~(BIT64(log2) - 1);
        uint64_t last = first + (BIT64(log2) - 1);
        if (!is_cut(first, last, 0x40000, 0x4ffff) && !is_cut(first, last, MSI_FIRST, MSI_LAST)) {
            return log2;
        }
    }
    return 12;
}

static void expect_run(const struct subject *subject, uint64_t iova, uint64_t size, uint64_t spa,
                       uint64_t run)
{
    for (unsigned i = 0; i < 2; i++) {
        struct amdvi_translation got =
            machine_translate(subject->machine, subject->device_id, iova, size, AMDVI_ACCESS_READ);
        CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
        CHECK_U64(got.spa, spa);
        CHECK_U64(got.run_bytes, run);
        CHECK_U64(got.granule_log2, expected_granule(iova, spa == iova ? 52 : 21));
    }
    expect_no_event(subject->machine);
}

static void runs(struct machine *machine)
{
    struct subject subject = unmapped(machine, EX);

    /* A large page around the range that moves everything by 2 MiB. */
    set_entry(&subject, 0, 2, machine_entry(0, 0x200000, true, true));
    set_range(machine, 0x40000, 0x4f000, EX_EN);
    for (unsigned i = 0; i < 2; i++) {
        expect_run(&subject, 0x3fff0, 0x20000, 0x23fff0, 0x10);
        expect_run(&subject, 0, 0x100000, 0x200000, 0x40000);
        expect_run(&subject, 0x40000, 0x20000, 0x40000, 0x10000);
        expect_run(&subject, 0x4fff8, 16, 0x4fff8, 8);
        expect_run(&subject, 0x50000, 0x1000, 0x250000, 0x1000);
        expect_run(&subject, 0x1ffff0, 16, 0x3ffff0, 16);
    }
}

static void runs_and_granules_end_at_the_edges_of_the_range(void)
{
    with_each_cache(runs);
}

static void interrupts(struct machine *machine)
{
    struct subject subject = unmapped(machine, EX);

    set_range(machine, UINT64_C(0xfe000000), UINT64_C(0xfffff000), EX_EN | ALLOW);
    struct amdvi_translation got =
        machine_translate(machine, subject.device_id, MSI_FIRST, 4, AMDVI_ACCESS_WRITE);
    CHECK_U64(got.outcome, AMDVI_OUTCOME_INTERRUPT);
    expect_no_event(machine);
    expect_refusal(&subject, MSI_FIRST, AMDVI_ACCESS_READ,
                   event_word(CODE_INVALID_REQ, subject.device_id, 0, TYPE_INVALID(0)), MSI_FIRST);
    /* IV=1 and IntCtl=00: an interrupt is refused all the same. */
    subject = subject_unset(machine);
    machine_set_dte_words(machine, subject.device_id, V, EX, 1, 0);
    struct amdvi_remapped remapped = machine_interrupt(machine, subject.device_id, MSI_FIRST, 0x31);
    CHECK_U64(remapped.outcome, AMDVI_OUTCOME_ABORTED);
    expect_only_event(machine, event_word(CODE_INVALID_REQ, subject.device_id, 0, TYPE_INVALID(5)),
                      MSI_FIRST);
}

static void interrupts_are_not_excluded(void)
{
    with_each_cache(interrupts);
}

static bool expect_interrupt(const struct subject *subject, uint64_t iova, uint64_t size,
                             uint64_t run)
{
    bool good = true;

    for (unsigned i = 0; i < 2; i++) {
        struct amdvi_translation got =
            machine_translate(subject->machine, subject->device_id, iova, size, AMDVI_ACCESS_WRITE);
        good = CHECK_U64(got.outcome, AMDVI_OUTCOME_INTERRUPT) && good;
        good = CHECK_U64(got.run_bytes, run) && good;
    }
    return expect_no_event(subject->machine) && good;
}

static void msi_writes(struct machine *machine)
{
    /* V=0; TV=0; no permission; mode 0; Mode 7; a reserved bit of the memory half; IV=1. */
    const uint64_t words[][2] = {{0, 0},
                                 {V, 0},
                                 {V | TV, 0},
                                 {V | TV | IR | IW, 0},
                                 {V | TV | IR | IW | UINT64_C(7) << 9, 0},
                                 {V | TV | BIT64(3), 0},
                                 {V | TV, 1}};

    for (unsigned i = 0; i < CHECK_CASE_COUNT(words); i++) {
        struct subject subject = subject_unset(machine);
        machine_set_dte_words(machine, subject.device_id, words[i][0], 0, words[i][1], 0);
        expect_interrupt(&subject, MSI_FIRST, 4, 4);
        expect_interrupt(&subject, MSI_LAST - 3, 4, 4);
        expect_interrupt(&subject, MSI_LAST - 3, 8, 4);
        expect_interrupt(&subject, UINT64_C(0xfee12344), 4, 4);
    }
    struct subject off = subject_unset(machine);
    machine_set_reg(machine, AMDVI_REG_CONTROL, 0);
    expect_interrupt(&off, MSI_FIRST, 4, 4);
    expect_spa(&off, MSI_FIRST - 8, AMDVI_ACCESS_WRITE, MSI_FIRST - 8);
    expect_spa(&off, MSI_LAST + 1, AMDVI_ACCESS_WRITE, MSI_LAST + 1);
}

static void a_write_to_the_msi_range_is_an_interrupt(void)
{
    with_each_cache(msi_writes);
}

static void msi_reads(struct machine *machine)
{
    const uint64_t words[] = {V, V | TV, V | TV | IR | IW, V | TV | IR | IW | UINT64_C(7) << 9};

    for (unsigned i = 0; i < CHECK_CASE_COUNT(words); i++) {
        struct subject subject = subject_unset(machine);
        machine_set_dte_words(machine, subject.device_id, words[i], subject.domain_id, 0, 0);
        const uint64_t iovas[] = {MSI_FIRST, MSI_LAST - 7, UINT64_C(0xfee98768)};
        uint64_t word0 = event_word(CODE_INVALID_REQ, subject.device_id, 0, TYPE_INVALID(0));
        for (unsigned k = 0; k < CHECK_CASE_COUNT(iovas); k++) {
            expect_refusal(&subject, iovas[k], AMDVI_ACCESS_READ, word0, iovas[k]);
            expect_refusal(&subject, iovas[k], AMDVI_ACCESS_READ_WRITE, word0, iovas[k]);
        }
    }
}

static void a_read_of_the_msi_range_is_an_invalid_request(void)
{
    with_each_cache(msi_reads);
}

static void msi_neighbours(struct machine *machine)
{
    struct subject subject = subject_new(machine, 6);
    const uint64_t iovas[] = {MSI_FIRST - 8, MSI_LAST + 1, MSI_FIRST | BIT64(32),
                              MSI_FIRST | BIT64(40), MSI_FIRST | BIT64(63)};

    for (unsigned i = 0; i < CHECK_CASE_COUNT(iovas); i++) {
        expect_fault(&subject, iovas[i], AMDVI_ACCESS_WRITE, 0);
        set_entry(&subject, iovas[i], 1, machine_entry(0, MACHINE_FREE, true, true));
        expect_spa(&subject, iovas[i], AMDVI_ACCESS_WRITE,
                   MACHINE_FREE + (iovas[i] & UINT64_C(0xfff)));
    }
    /* What the tables say about the range itself does not count. */
    set_entry(&subject, MSI_FIRST, 1, machine_entry(0, MACHINE_FREE, true, true));
    expect_interrupt(&subject, MSI_FIRST + 16, 4, 4);
    struct amdvi_translation got =
        machine_translate(machine, subject.device_id, MSI_FIRST - 8, 16, AMDVI_ACCESS_WRITE);
    CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
    CHECK_U64(got.run_bytes, 8);
    expect_no_event(machine);
}

static void the_msi_range_is_1_mib_below_4_gib(void)
{
    with_each_cache(msi_neighbours);
}

static const struct check_case cases[] = {
    {"the exclusion range holds with ExEn and either Allow or the entry's EX (Q15, V11)",
     "1.20 exclusion range", ex_en_with_allow_or_ex_excludes},
    {"both ends of the exclusion range are in it, and all 64 bits of the IOVA are compared (Q15)",
     "1.20 exclusion range", both_ends_of_the_range_are_in_it},
    {"the exclusion range may be all of 52 bits, and is empty with its base above its limit",
     "1.20 exclusion range", the_range_may_be_all_or_nothing},
    {"exclusion comes after reserved bits and before TV, permissions and the mode",
     "1.20 exclusion range", exclusion_comes_before_tv_permissions_and_mode},
    {"a change of the exclusion range holds at once (Q15, V11)", "1.20 exclusion range",
     a_change_of_the_range_needs_no_invalidation},
    {"runs and granules end at the edges of the exclusion range", "1.20 exclusion range",
     runs_and_granules_end_at_the_edges_of_the_range},
    {"interrupts are not excluded", "1.20 exclusion range", interrupts_are_not_excluded},
    {"a write to the MSI range is an interrupt, whatever the memory half of the entry says",
     "1.20 special address ranges", a_write_to_the_msi_range_is_an_interrupt},
    {"a read or an atomic in the MSI range is INVALID_DEVICE_REQUEST of type 0",
     "1.20 INVALID_DEVICE_REQUEST", a_read_of_the_msi_range_is_an_invalid_request},
    {"the MSI range is FEE0_0000h to FEEF_FFFFh and nothing else", "1.20 special address ranges",
     the_msi_range_is_1_mib_below_4_gib},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
