/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: Address translation services, that is, translation requests and translated
 * requests. Invalidation requests to devices are in req_iotlb.c.
 */
#include "entries.h"

#define SOURCE "1.20, remote IOTLB support"

#define INTERRUPTS UINT64_C(0xfdf8000000)
#define SYSTEM     UINT64_C(0xfdf9100000)
#define PORTS      UINT64_C(0xfdfc000000)

static struct target_ats_answer ask(struct rig *rig, uint64_t iova)
{
    struct target_ats_answer answer;

    rig->target->ops->ats_translate(rig->target, rig->device, iova, &answer);
    return answer;
}

/* I=1 and @control, with the tables of rig_attach(). */
static void enable_ats(struct rig *rig, unsigned mode, uint64_t control)
{
    rig_enable(rig);
    rig_attach(rig, mode);
    set_entry(rig, attached(rig).q[0], RIG_DOMAIN | Q1_I | control, 0, 0);
}

/* The answer says where @iova is, and of it no more than the page of @size_log2. */
static void check_answer_at(struct rig *rig, uint64_t iova, uint64_t spa, unsigned size_log2,
                            uint64_t access, int line)
{
    struct target_ats_answer answer = ask(rig, iova);
    uint64_t mask = (UINT64_C(1) << answer.size_log2) - 1;

    check_true(!answer.refused, "the translation request is answered", __FILE__, line);
    check_u64(answer.read, (access & RIG_R) != 0, "R", __FILE__, line);
    check_u64(answer.write, (access & RIG_W) != 0, "W", __FILE__, line);
    check_true(answer.size_log2 >= 12 && answer.size_log2 <= size_log2,
               "the answer is about 4 KiB or more, and no more than the page", __FILE__, line);
    check_u64(answer.address & mask, 0, "the address is that of the block", __FILE__, line);
    check_u64(answer.address | (iova & mask), spa, "the address that follows", __FILE__, line);
}
#define CHECK_ANSWER(rig, iova, spa, size_log2, access)                                            \
    check_answer_at((rig), (iova), (spa), (size_log2), (access), __LINE__)

static void check_nothing_at(struct rig *rig, uint64_t iova, const char *file, int line)
{
    struct target_ats_answer answer = ask(rig, iova);

    check_true(!answer.refused && !answer.read && !answer.write, "the answer is R=W=0", file, line);
    rig_check_events(rig, NULL, 0, file, line);
}
#define CHECK_NOTHING(rig, iova) check_nothing_at((rig), (iova), __FILE__, __LINE__)

static void check_refused_at(struct rig *rig, uint64_t iova, struct rig_event want,
                             const char *file, int line)
{
    struct target_ats_answer answer = ask(rig, iova);

    check_true(answer.refused, "the translation request is refused", file, line);
    rig_check_events(rig, &want, 1, file, line);
}
#define CHECK_REFUSED(rig, iova, want) check_refused_at((rig), (iova), (want), __FILE__, __LINE__)

static struct rig_event invalid_translation(struct rig *rig, unsigned type, uint64_t address)
{
    return rig_event(EVENT_CODE_INVALID_REQUEST, rig->device, 0, EVENT_TR | EVENT_TYPE(type),
                     address);
}

static struct target_request translated(struct rig *rig, enum target_kind kind, uint64_t address)
{
    struct target_request request = request_of(rig, kind, address);

    request.translated = true;
    return request;
}

/* ---- Answers --------------------------------------------------------------------------------- */

static void answers(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    enable_ats(rig, 3, 0);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    CHECK_ANSWER(rig, RIG_IOVA, page, 12, RIG_RW);
    RIG_NO_EVENTS(rig);
}

static void permissions(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    enable_ats(rig, 3, 0);
    rig_map(rig, RIG_IOVA, page, 12, RIG_R);
    CHECK_ANSWER(rig, RIG_IOVA, page, 12, RIG_R);
    rig_map(rig, RIG_IOVA + 0x1000, page, 12, RIG_W);
    CHECK_ANSWER(rig, RIG_IOVA + 0x1000, page, 12, RIG_W);
    rig_map(rig, RIG_IOVA + 0x2000, page, 12, 0);
    CHECK_NOTHING(rig, RIG_IOVA + 0x2000);
}

static void permissions_of_each_level(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    enable_ats(rig, 6, 0);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    for (unsigned level = 1; level <= 6; level++) {
        uint64_t at = rig_entry_at(rig, rig->root, 6, RIG_IOVA, level);
        uint64_t entry = rig_load64(rig, at);

        set_page_entry(rig, at, entry & ~RIG_W);
        CHECK_ANSWER(rig, RIG_IOVA, page, 12, RIG_R);
        set_page_entry(rig, at, entry & ~RIG_R);
        CHECK_ANSWER(rig, RIG_IOVA, page, 12, RIG_W);
        set_page_entry(rig, at, entry & ~RIG_RW);
        CHECK_NOTHING(rig, RIG_IOVA);
        set_page_entry(rig, at, entry);
    }
}

static void permissions_of_the_device(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    enable_ats(rig, 3, 0);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    set_entry(rig, attached(rig).q[0] & ~RIG_W, RIG_DOMAIN | Q1_I, 0, 0);
    CHECK_ANSWER(rig, RIG_IOVA, page, 12, RIG_R);
    set_entry(rig, attached(rig).q[0] & ~RIG_R, RIG_DOMAIN | Q1_I, 0, 0);
    CHECK_ANSWER(rig, RIG_IOVA, page, 12, RIG_W);
    set_entry(rig, attached(rig).q[0] & ~RIG_RW, RIG_DOMAIN | Q1_I, 0, 0);
    CHECK_NOTHING(rig, RIG_IOVA);
}

static void u_and_n(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    enable_ats(rig, 3, 0);
    for (unsigned i = 0; i < 4; i++) {
        uint64_t iova = RIG_IOVA + i * UINT64_C(0x1000);

        rig_map(rig, iova, page, 12, RIG_RW);
        rig_store64(rig, rig_entry_at(rig, rig->root, 3, iova, 1),
                    rig_entry(0, page, RIG_RW) | (i & 1 ? PTE_U : 0) | (i & 2 ? PTE_FC : 0));
        struct target_ats_answer answer = ask(rig, iova);
        CHECK(!answer.refused && answer.read && answer.write);
        CHECK_U64(answer.untranslated_only, i & 1);
        CHECK_U64(answer.no_snoop, i >> 1);
    }
}

static void large_pages(struct rig *rig)
{
    enable_ats(rig, 6, 0);
    for (unsigned level = 1; level <= 5; level++) {
        unsigned size_log2 = 12 + 9 * (level - 1);
        uint64_t iova = UINT64_C(5) << size_log2;

        rig_map(rig, iova, UINT64_C(7) << (size_log2 < 48 ? size_log2 : 48), size_log2, RIG_RW);
        uint64_t base = UINT64_C(7) << (size_log2 < 48 ? size_log2 : 48);
        CHECK_ANSWER(rig, iova, base, size_log2, RIG_RW);
        CHECK_ANSWER(rig, iova + (UINT64_C(1) << size_log2) - 0x1000,
                     base + (UINT64_C(1) << size_log2) - 0x1000, size_log2, RIG_RW);
        set_page_entry(rig, rig_entry_at(rig, rig->root, 6, iova, level), 0);
    }
}

static void encoded_pages(struct rig *rig)
{
    enable_ats(rig, 6, 0);
    rig_map(rig, 0, 0, 12, 0);
    for (unsigned size_log2 = 22; size_log2 < 30; size_log2++) {
        uint64_t iova = UINT64_C(1) << size_log2;
        uint64_t base = UINT64_C(3) << 32;
        uint64_t at = rig_entry_at(rig, rig->root, 6, iova, 2);

        for (unsigned i = 0; i < 1u << (size_log2 - 21); i++) {
            rig_store64(rig, at + 8 * (uint64_t)i,
                        rig_entry(7, base | ((UINT64_C(1) << (size_log2 - 1)) - 0x1000), RIG_RW));
        }
        rig_invalidate_domain(rig, RIG_DOMAIN);
        CHECK(rig_wait(rig));
        CHECK_ANSWER(rig, iova, base, size_log2, RIG_RW);
        CHECK_ANSWER(rig, iova + 0x201000, base + 0x201000, size_log2, RIG_RW);
        for (unsigned i = 0; i < 1u << (size_log2 - 21); i++) {
            rig_store64(rig, at + 8 * (uint64_t)i, 0);
        }
    }
}

static void size_of_answers(struct rig *rig)
{
    enable_ats(rig, 3, 0);
    rig_map(rig, 0x200000, 0x2000000, 21, RIG_RW);
    struct target_ats_answer answer = ask(rig, 0x201000);
    CHECK(!answer.refused && answer.size_log2 >= 12 && answer.size_log2 <= 21);
    rig_outcome(rig, answer.size_log2 == 21 ? "the page" : "less");
}

static void nothing_there(struct rig *rig)
{
    enable_ats(rig, 3, 0);
    CHECK_NOTHING(rig, RIG_IOVA);
    rig_map(rig, RIG_IOVA, 0x2000000, 12, RIG_RW);
    CHECK_ANSWER(rig, RIG_IOVA, 0x2000000, 12, RIG_RW);
    CHECK_NOTHING(rig, RIG_IOVA + 0x1000);
    CHECK_NOTHING(rig, UINT64_C(1) << 39); /* beyond the mode */
}

static void defective_tables(struct rig *rig)
{
    static const uint64_t defects[] = {UINT64_C(1) << 52, UINT64_C(1) << 58, UINT64_C(1) << 9,
                                       UINT64_C(6) << 9, UINT64_C(7) << 9 | UINT64_C(0xff000)};

    enable_ats(rig, 1, 0);
    for (unsigned i = 0; i < sizeof(defects) / sizeof(defects[0]); i++) {
        set_page_entry(rig, rig->root, rig_entry(0, 0, RIG_RW) | defects[i]);
        CHECK_NOTHING(rig, 0);
    }
}

static void skipped_bits(struct rig *rig)
{
    uint64_t table = rig_page(rig);

    enable_ats(rig, 3, 0);
    rig_store64(rig, rig->root, rig_entry(1, table, RIG_RW));
    rig_store64(rig, table, rig_entry(0, 0x2000000, RIG_RW));
    CHECK_ANSWER(rig, 0, 0x2000000, 12, RIG_RW);
    CHECK_NOTHING(rig, 0x200000);
}

static void no_event_ever(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    enable_ats(rig, 3, Q1_SE);
    CHECK_NOTHING(rig, RIG_IOVA);
    REFUSES_READ(rig, RIG_IOVA, page, rig_fault(rig, 0, RIG_IOVA)); /* the first one of SE */
    RIG_READ_REFUSED(rig, RIG_IOVA, page, 8);
    CHECK_NOTHING(rig, RIG_IOVA);
    RIG_NO_EVENTS(rig);
}

static void mode_0(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned i = 1; i < 4; i++) {
        uint64_t access = (i & 1 ? RIG_R : 0) | (i & 2 ? RIG_W : 0);

        set_entry(rig, Q0_V | Q0_TV | access, Q1_I, 0, 0);
        CHECK_ANSWER(rig, 0x2345000, 0x2345000, 52, access);
        CHECK_ANSWER(rig, UINT64_C(0xffff000), UINT64_C(0xffff000), 52, access);
    }
    set_entry(rig, Q0_V | Q0_TV, Q1_I, 0, 0);
    CHECK_NOTHING(rig, 0x2345000);
}

static void after_invalidation(struct rig *rig)
{
    enable_ats(rig, 3, 0);
    for (unsigned cache = 0; cache < 2; cache++) {
        set_entry(rig, attached(rig).q[0], RIG_DOMAIN | Q1_I | (cache != 0 ? Q1_CACHE : 0), 0, 0);
        rig_map(rig, RIG_IOVA, 0x2000000, 12, RIG_RW);
        rig_invalidate_page(rig, RIG_DOMAIN, RIG_IOVA);
        CHECK(rig_wait(rig));
        CHECK_ANSWER(rig, RIG_IOVA, 0x2000000, 12, RIG_RW);
        rig_map(rig, RIG_IOVA, 0x2001000, 12, RIG_R);
        rig_invalidate_page(rig, RIG_DOMAIN, RIG_IOVA);
        CHECK(rig_wait(rig));
        CHECK_ANSWER(rig, RIG_IOVA, 0x2001000, 12, RIG_R);
    }
}

/* ---- Exclusion range ------------------------------------------------------------------------- */

static void excluded(struct rig *rig)
{
    enable_ats(rig, 3, 0);
    rig_write(rig, REG_EXCLUSION_LIMIT, 0x2003000);
    rig_write(rig, REG_EXCLUSION_BASE, 0x2001000 | 3);
    set_entry(rig, attached(rig).q[0] & ~RIG_RW, RIG_DOMAIN | Q1_I, 0, 0);
    CHECK_ANSWER(rig, 0x2001000, 0x2001000, 13, RIG_RW);
    CHECK_ANSWER(rig, 0x2003000, 0x2003000, 13, RIG_RW);
    CHECK_NOTHING(rig, 0x2000000);
    CHECK_NOTHING(rig, 0x2004000);
    RIG_NO_EVENTS(rig);
}

static void excluded_without_tv(struct rig *rig)
{
    rig_write(rig, REG_EXCLUSION_LIMIT, 0x2003000);
    rig_write(rig, REG_EXCLUSION_BASE, 0x2001000 | 3);
    rig_enable(rig);
    set_entry(rig, Q0_V, Q1_I, 0, 0);
    struct target_ats_answer answer = ask(rig, 0x2001000);
    if (answer.refused) {
        RIG_EVENTS(rig, invalid_translation(rig, 0, 0x2001000));
        rig_outcome(rig, "refused");
    } else {
        CHECK(answer.read && answer.write);
        rig_outcome(rig, "identity");
    }
}

/* ---- Refused translation requests ------------------------------------------------------------ */

static void i_clear(struct rig *rig)
{
    enable_ats(rig, 3, 0);
    rig_map(rig, RIG_IOVA, 0x2000000, 12, RIG_RW);
    CHECK_ANSWER(rig, RIG_IOVA, 0x2000000, 12, RIG_RW);
    set_entry(rig, attached(rig).q[0], RIG_DOMAIN, 0, 0);
    CHECK_REFUSED(rig, RIG_IOVA, invalid_translation(rig, 0, RIG_IOVA));
}

static void v_clear(struct rig *rig)
{
    rig_enable(rig);
    CHECK_REFUSED(rig, RIG_IOVA, invalid_translation(rig, 0, RIG_IOVA));
    set_entry(rig, Q0_TV | RIG_RW, Q1_I, 0, 0);
    CHECK_REFUSED(rig, RIG_IOVA, invalid_translation(rig, 0, RIG_IOVA));
}

static void tv_clear(struct rig *rig)
{
    rig_enable(rig);
    set_entry(rig, Q0_V | RIG_RW, Q1_I, 0, 0);
    CHECK_REFUSED(rig, RIG_IOVA, invalid_translation(rig, 0, RIG_IOVA));
}

static void suppression(struct rig *rig)
{
    rig_enable(rig);
    set_entry(rig, Q0_V | RIG_RW, Q1_SA | Q1_SE, 0, 0);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_REFUSED(rig, RIG_IOVA, invalid_translation(rig, 0, RIG_IOVA));
    }
}

static void ranges(struct rig *rig)
{
    enable_ats(rig, 6, 0);
    CHECK_REFUSED(rig, INTERRUPTS, invalid_translation(rig, 1, INTERRUPTS));
    CHECK_REFUSED(rig, UINT64_C(0xfdf8fff000), invalid_translation(rig, 1, UINT64_C(0xfdf8fff000)));
    CHECK_REFUSED(rig, SYSTEM, invalid_translation(rig, 1, SYSTEM));
    CHECK_REFUSED(rig, UINT64_C(0xfdf91ff000), invalid_translation(rig, 1, UINT64_C(0xfdf91ff000)));
    CHECK_REFUSED(rig, PORTS, invalid_translation(rig, 1, PORTS));
    CHECK_REFUSED(rig, UINT64_C(0xfdfdfff000), invalid_translation(rig, 1, UINT64_C(0xfdfdfff000)));
    CHECK_NOTHING(rig, UINT64_C(0xfdf9200000));
    CHECK_NOTHING(rig, UINT64_C(0xfcfffff000));
}

static void msi_range(struct rig *rig)
{
    enable_ats(rig, 6, 0);
    rig_map(rig, MSI_BASE, 0x2000000, 12, RIG_RW);
    rig_map(rig, MSI_BASE + 0xff000, 0x2000000, 12, RIG_RW);
    rig_map(rig, MSI_BASE + 0x100000, 0x2000000, 12, RIG_RW);
    CHECK_REFUSED(rig, MSI_BASE, invalid_translation(rig, 1, MSI_BASE));
    CHECK_REFUSED(rig, MSI_BASE + 0xff000, invalid_translation(rig, 1, MSI_BASE + 0xff000));
    CHECK_ANSWER(rig, MSI_BASE + 0x100000, 0x2000000, 12, RIG_RW);
}

static void reserved_interrupt_range(struct rig *rig)
{
    enable_ats(rig, 6, 0);
    struct target_ats_answer answer = ask(rig, UINT64_C(0xfd00000000));
    CHECK(!answer.read && !answer.write);
    CHOOSE_LOGGED(rig, invalid_translation(rig, 1, UINT64_C(0xfd00000000)),
                  "INVALID_DEVICE_REQUEST", "R=W=0");
}

static void forwarded_ranges(struct rig *rig)
{
    enable_ats(rig, 6, Q1_IOCTL(1) | Q1_SYSMGT(1));
    CHECK_REFUSED(rig, PORTS, invalid_translation(rig, 1, PORTS));
    CHECK_REFUSED(rig, SYSTEM, invalid_translation(rig, 1, SYSTEM));
    set_entry(rig, attached(rig).q[0], RIG_DOMAIN | Q1_I | Q1_SYSMGT(2), 0, 0);
    CHECK_REFUSED(rig, SYSTEM, invalid_translation(rig, 1, SYSTEM));
}

static void translated_ranges(struct rig *rig)
{
    struct target_ats_answer answer;

    enable_ats(rig, 6, Q1_IOCTL(2) | Q1_SYSMGT(3));
    rig_map(rig, PORTS, 0x2000000, 12, RIG_RW);
    rig_map(rig, SYSTEM, 0x2001000, 12, RIG_RW);
    answer = ask(rig, PORTS);
    if (answer.refused) {
        RIG_EVENTS(rig, invalid_translation(rig, 1, PORTS));
        CHECK_REFUSED(rig, SYSTEM, invalid_translation(rig, 1, SYSTEM));
        rig_outcome(rig, "refused");
    } else {
        CHECK_ANSWER(rig, PORTS, 0x2000000, 12, RIG_RW);
        CHECK_ANSWER(rig, SYSTEM, 0x2001000, 12, RIG_RW);
        rig_outcome(rig, "translated");
    }
}

static void translated_ranges_without_tv(struct rig *rig)
{
    rig_enable(rig);
    set_entry(rig, Q0_V, Q1_I | Q1_IOCTL(2) | Q1_SYSMGT(3), 0, 0);
    CHECK(ask(rig, PORTS).refused);
    CHOOSE_EVENT(rig, invalid_translation(rig, 1, PORTS), "type 1",
                 invalid_translation(rig, 0, PORTS), "type 0");
    CHECK(ask(rig, SYSTEM).refused);
    CHOOSE_EVENT(rig, invalid_translation(rig, 1, SYSTEM), "type 1",
                 invalid_translation(rig, 0, SYSTEM), "type 0");
}

static void i_clear_in_a_range(struct rig *rig)
{
    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | RIG_RW, 0, 0, 0);
    CHECK(ask(rig, PORTS).refused);
    CHOOSE_EVENT(rig, invalid_translation(rig, 0, PORTS), "type 0",
                 invalid_translation(rig, 1, PORTS), "type 1");
}

static void ats_responses(struct rig *rig)
{
    enable_ats(rig, 6, 0);
    struct target_ats_answer answer = ask(rig, UINT64_C(0xfdfb000000));
    CHECK(!answer.read && !answer.write);
    CHOOSE_LOGGED(rig, invalid_translation(rig, 1, UINT64_C(0xfdfb000000)),
                  "INVALID_DEVICE_REQUEST", "R=W=0");
}

static void illegal_entries(struct rig *rig)
{
    enable_ats(rig, 3, 0);
    for (unsigned bit = 0; bit < 128; bit++) {
        uint64_t q0 = bit < 64 ? Q0_RESERVED & UINT64_C(1) << bit : 0;
        uint64_t q1 = bit >= 64 ? Q1_RESERVED & UINT64_C(1) << (bit - 64) : 0;

        if ((q0 | q1) != 0) {
            set_entry(rig, attached(rig).q[0] | q0, RIG_DOMAIN | Q1_I | q1, 0, 0);
            CHECK_REFUSED(rig, RIG_IOVA, illegal_entry(rig, EVENT_TR | EVENT_RZ, RIG_IOVA));
        }
    }
}

static void mode_7(struct rig *rig)
{
    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | Q0_MODE(7) | RIG_RW, Q1_I, 0, 0);
    struct target_ats_answer answer = ask(rig, RIG_IOVA);
    CHECK(!answer.read && !answer.write);
    CHOOSE_LOGGED(rig, illegal_entry(rig, EVENT_TR, RIG_IOVA), "ILLEGAL_DEV_TABLE_ENTRY", "R=W=0");
}

static void reserved_before_i(struct rig *rig)
{
    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | UINT64_C(4), 0, 0, 0);
    CHECK(ask(rig, RIG_IOVA).refused);
    CHOOSE_EVENT(rig, illegal_entry(rig, EVENT_TR | EVENT_RZ, RIG_IOVA), "ILLEGAL_DEV_TABLE_ENTRY",
                 invalid_translation(rig, 0, RIG_IOVA), "INVALID_DEVICE_REQUEST");
}

/* An event of hardware, but for its Type. */
static void check_hardware(struct rig *rig, unsigned code, uint16_t domain, uint64_t address)
{
    struct rig_event want = rig_event(code, rig->device, domain, EVENT_TR, address);
    struct rig_event event = TAKE_ONE(rig);

    CHECK_U64(event.word0 & ~(UINT64_C(3) << 57), want.word0);
    CHECK((event.word0 >> 57 & 3) != 0);
    CHECK_U64(event.word1, address);
}

static void unreadable_tables(struct rig *rig)
{
    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | Q0_MODE(1) | RIG_RW | TARGET_ABSENT, RIG_DOMAIN | Q1_I, 0, 0);
    CHECK(ask(rig, 0x2000).refused);
    check_hardware(rig, EVENT_CODE_PAGE_HARDWARE, RIG_DOMAIN, TARGET_ABSENT + 0x10);
}

static void unreadable_device_table(struct rig *rig)
{
    rig_enable_with(rig, 0);
    rig_write(rig, REG_DEVICE_TABLE, TARGET_ABSENT | 0xf);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    CHECK(ask(rig, 0x2000).refused);
    check_hardware(rig, EVENT_CODE_DTE_HARDWARE, 0, TARGET_ABSENT + 32 * (uint64_t)rig->device);
}

static void beyond_the_table(struct rig *rig)
{
    uint16_t high = rig->target->endpoint[1];
    struct target_ats_answer answer;

    rig_enable_with(rig, 0);
    rig_write(rig, REG_DEVICE_TABLE, RIG_DEVICE_TABLE);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    rig->target->ops->ats_translate(rig->target, high, RIG_IOVA, &answer);
    CHECK(answer.refused);
    CHOOSE_EVENT(rig,
                 rig_event(EVENT_CODE_INVALID_REQUEST, high, 0, EVENT_TR | EVENT_TYPE(0), RIG_IOVA),
                 "INVALID_DEVICE_REQUEST",
                 rig_event(EVENT_CODE_PAGE_FAULT, high, 0, EVENT_TR, RIG_IOVA), "IO_PAGE_FAULT");
}

static void off(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
    struct target_ats_answer answer = ask(rig, RIG_IOVA);
    rig_outcome(rig, answer.refused ? "refused" : "identity");
    RIG_NO_EVENTS(rig);
}

/* ---- Translated requests --------------------------------------------------------------------- */

static void translated_passes(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    enable_ats(rig, 6, 0);
    struct target_request request = translated(rig, TARGET_READ, page);
    RIG_DOES(rig, request, page);
    request.kind = TARGET_WRITE;
    RIG_DOES(rig, request, page);
    RIG_NO_EVENTS(rig);
    request.translated = false;
    RIG_REFUSES(rig, request, page); /* the tables map nothing */
    TAKE_ONE(rig);
}

static void translated_is_not_translated(struct rig *rig)
{
    uint64_t page = lone_page(rig);
    uint64_t other = lone_page(rig);

    enable_ats(rig, 3, 0);
    rig_map(rig, page, other, 12, RIG_RW);
    struct target_request request = translated(rig, TARGET_WRITE, page);
    RIG_DOES(rig, request, page);
    CHECK_U64(rig_load64(rig, other), 0);
    RIG_WRITES(rig, page, other, 8);
}

static void translated_needs_no_permission(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    rig_enable(rig);
    struct target_request request = translated(rig, TARGET_READ, page);
    set_entry(rig, Q0_V | Q0_TV, Q1_I, 0, 0);
    RIG_DOES(rig, request, page);
    request.kind = TARGET_WRITE;
    RIG_DOES(rig, request, page);
    set_entry(rig, Q0_V, Q1_I, 0, 0);
    RIG_DOES(rig, request, page);
    RIG_NO_EVENTS(rig);
}

static void translated_reads_no_tables(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    enable_ats(rig, 6, 0);
    struct target_request request = translated(rig, TARGET_READ, page);
    rig_touches_begin(rig);
    RIG_DOES(rig, request, page);
    CHECK(!rig_touched(rig, rig->root, 0x1000));
}

static void translated_refused(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    enable_ats(rig, 6, 0);
    set_entry(rig, attached(rig).q[0], RIG_DOMAIN, 0, 0);
    struct target_request request = translated(rig, TARGET_READ, page);
    REFUSES(rig, request, page, invalid_request(rig, 1, page));
    request.kind = TARGET_WRITE;
    REFUSES(rig, request, page, invalid_request(rig, 1, page));
    set_entry(rig, 0, Q1_I, 0, 0);
    REFUSES(rig, request, page, invalid_request(rig, 1, page));
    request.kind = TARGET_READ;
    REFUSES(rig, request, page, invalid_request(rig, 1, page));
    request.translated = false;
    RIG_DOES(rig, request, page);
}

static void translated_suppression(struct rig *rig)
{
    uint64_t page = lone_page(rig);
    struct target_request request = translated(rig, TARGET_READ, page);

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | RIG_RW, Q1_SA | Q1_SE, 0, 0);
    for (unsigned i = 0; i < 3; i++) {
        REFUSES(rig, request, page, invalid_request(rig, 1, page));
    }
}

static void translated_with_reserved_bits(struct rig *rig)
{
    uint64_t page = lone_page(rig);
    struct target_request request = translated(rig, TARGET_READ, page);
    struct rig_event event;

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | RIG_RW | UINT64_C(4), Q1_I, 0, 0);
    uint8_t data[8] = {0};
    request.data = data;
    bool aborted = rig->target->ops->request(rig->target, &request) == TARGET_ABORTED;
    if (rig_take_events(rig, &event, 1) == 0) {
        CHECK(!aborted);
        rig_outcome(rig, "passes");
    } else {
        CHECK(aborted && same_event(event, illegal_entry(rig, EVENT_RZ, page)));
        rig_outcome(rig, "ILLEGAL_DEV_TABLE_ENTRY");
    }
}

static void translated_off(struct rig *rig)
{
    uint64_t page = lone_page(rig);
    struct target_request request = translated(rig, TARGET_READ, page);

    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
    RIG_DOES(rig, request, page);
    RIG_NO_EVENTS(rig);
}

static void translated_excluded(struct rig *rig)
{
    uint64_t page = lone_page(rig);
    struct target_request request = translated(rig, TARGET_READ, page);

    rig_write(rig, REG_EXCLUSION_LIMIT, page);
    rig_write(rig, REG_EXCLUSION_BASE, page | 3);
    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV, 0, 0, 0);
    REFUSES(rig, request, page, invalid_request(rig, 1, page));
    set_entry(rig, Q0_V | Q0_TV, Q1_I, 0, 0);
    RIG_DOES(rig, request, page);
}

static void translated_interrupt(struct rig *rig)
{
    uint64_t table = rig_page(rig);
    struct rig_dte dte = {{Q0_V | Q0_TV | RIG_RW, Q1_I, 0, 0}};
    struct target_request request = translated(rig, TARGET_WRITE, MSI_BASE);
    uint32_t word = 0x41;
    struct target_message got[2];

    rig_enable(rig);
    rig_store32(rig, table + 4 * UINT64_C(0x41), IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    rig_dte_remap(&dte, table, 8);
    rig_set_dte(rig, rig->device, dte);
    request.size_bytes = 4;
    request.data = &word;
    rig->target->ops->request(rig->target, &request);
    unsigned count = rig->target->ops->messages(rig->target, got, 2);
    if (count == 1) {
        CHECK_U64(got[0].vector, 0x52);
        RIG_NO_EVENTS(rig);
        rig_outcome(rig, "remapped");
    } else {
        struct rig_event event;
        rig_outcome(rig, rig_take_events(rig, &event, 1) != 0 ? "refused" : "memory");
    }
}

static void translated_interrupt_refused(struct rig *rig)
{
    struct target_request request = translated(rig, TARGET_WRITE, MSI_BASE);
    uint32_t word = 0x41;

    rig_enable(rig);
    request.size_bytes = 4;
    request.data = &word;
    set_entry(rig, Q0_V | Q0_TV | RIG_RW, 0, 0, 0); /* I=0, then V=0 */
    CHECK_U64(rig->target->ops->request(rig->target, &request), TARGET_ABORTED);
    RIG_NO_MESSAGE(rig);
    RIG_EVENTS(rig, invalid_request(rig, 1, MSI_BASE));
    set_entry(rig, 0, Q1_I, 0, 0);
    CHECK_U64(rig->target->ops->request(rig->target, &request), TARGET_ABORTED);
    RIG_NO_MESSAGE(rig);
    RIG_EVENTS(rig, invalid_request(rig, 1, MSI_BASE));
    request.translated = false;
    rig->target->ops->request(rig->target, &request);
    RIG_MESSAGE(rig, .vector = 0x41);
}

static void untranslated_as_ever(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    enable_ats(rig, 3, 0);
    rig_map(rig, RIG_IOVA, page, 12, RIG_R);
    CHECK_ANSWER(rig, RIG_IOVA, page, 12, RIG_R);
    RIG_READS(rig, RIG_IOVA, page, 8);
    REFUSES_WRITE(rig, RIG_IOVA, page, rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, RIG_IOVA));
    REFUSES_READ(rig, RIG_IOVA + 0x1000, page, rig_fault(rig, 0, RIG_IOVA + 0x1000));
}

static void answers_do_not_permit(struct rig *rig)
{
    uint64_t page = lone_page(rig);

    enable_ats(rig, 3, 0);
    rig_map(rig, RIG_IOVA, page, 12, RIG_RW);
    CHECK_ANSWER(rig, RIG_IOVA, page, 12, RIG_RW);
    set_page_entry(rig, rig_entry_at(rig, rig->root, 3, RIG_IOVA, 1), 0);
    REFUSES_READ(rig, RIG_IOVA, page, rig_fault(rig, 0, RIG_IOVA));
    CHECK_NOTHING(rig, RIG_IOVA);
}

static const struct requirement list[] = {
    REQUIREMENT("ATS-001",
                "With V=1, TV=1, I=1 a translation request is answered with address, R and W",
                SOURCE, CAN_ATS, answers),
    REQUIREMENT("ATS-002", "R and W are those of the page, and with neither it is no fault", SOURCE,
                CAN_ATS, permissions),
    REQUIREMENT("ATS-003", "R and W are ANDed over all levels", SOURCE, CAN_ATS,
                permissions_of_each_level),
    REQUIREMENT("ATS-004", "R and W are limited by IR and IW of the device table entry", SOURCE,
                CAN_ATS, permissions_of_the_device),
    REQUIREMENT("ATS-005", "U and N of the answer are U and FC of the page's entry", SOURCE,
                CAN_ATS, u_and_n),
    REQUIREMENT("ATS-006", "Answers about pages of levels 1 to 5 are within the page", SOURCE,
                CAN_ATS, large_pages),
    REQUIREMENT("ATS-007", "Answers about size-encoded pages are within the page", SOURCE, CAN_ATS,
                encoded_pages),
    CHOICE("ATS-008", "An answer is about all of a large page or less", SOURCE, CAN_ATS,
           size_of_answers, "the page | less", "the page"),
    REQUIREMENT("ATS-009", "Where no page is, the answer is R=W=0 and nothing is logged", SOURCE,
                CAN_ATS, nothing_there),
    REQUIREMENT("ATS-010", "Reserved bits and illegal levels and sizes are R=W=0, without event",
                SOURCE, CAN_ATS, defective_tables),
    REQUIREMENT("ATS-011", "Skipped IOVA bits that are 1 are R=W=0, without event", SOURCE, CAN_ATS,
                skipped_bits),
    REQUIREMENT("ATS-012", "A translation request that fails does not use up what SE=1 allows",
                SOURCE, CAN_DMA | CAN_ATS, no_event_ever),
    REQUIREMENT("ATS-013", "With Mode 0 the answer is the identity with IR and IW", SOURCE, CAN_ATS,
                mode_0),
    REQUIREMENT("ATS-014", "After an invalidation answers are new, with Cache=0 and 1", SOURCE,
                CAN_ATS, after_invalidation),
    REQUIREMENT("ATS-015", "In the exclusion range the answer is the identity with R=W=1", SOURCE,
                CAN_ATS, excluded),
    CHOICE("ATS-016", "In the exclusion range with TV=0 the answer is one of two", SOURCE, CAN_ATS,
           excluded_without_tv, "refused | identity", "refused"),
    REQUIREMENT("ATS-017", "With I=0 a translation request is refused, TR=1 type 0", SOURCE,
                CAN_ATS, i_clear),
    REQUIREMENT("ATS-018", "With V=0 a translation request is refused, TR=1 type 0", SOURCE,
                CAN_ATS, v_clear),
    REQUIREMENT("ATS-019", "With V=1 and TV=0 a translation request is refused, TR=1 type 0",
                SOURCE, CAN_ATS, tv_clear),
    REQUIREMENT("ATS-020", "SA and SE do not silence refused translation requests", SOURCE, CAN_ATS,
                suppression),
    REQUIREMENT("ATS-021",
                "Translation requests in the interrupt, system management and port range are "
                "refused, TR=1 type 1",
                SOURCE, CAN_ATS, ranges),
    REQUIREMENT("ATS-022", "Translation requests for FEEx_xxxxh are refused, TR=1 type 1", SOURCE,
                CAN_ATS, msi_range),
    CHOICE("ATS-023", "A translation request in the reserved interrupt range has one answer",
           SOURCE, CAN_ATS, reserved_interrupt_range, "INVALID_DEVICE_REQUEST | R=W=0",
           "INVALID_DEVICE_REQUEST"),
    REQUIREMENT("ATS-024", "IoCtl=01b, SysMgt=01b and 10b do not let translation requests through",
                SOURCE, CAN_ATS, forwarded_ranges),
    CHOICE("ATS-025", "IoCtl=10b and SysMgt=11b with TV=1 give one answer", SOURCE, CAN_ATS,
           translated_ranges, "translated | refused", "translated"),
    CHOICE("ATS-026", "IoCtl=10b and SysMgt=11b with TV=0 are refused with one type", SOURCE,
           CAN_ATS, translated_ranges_without_tv, "type 1 | type 0", "type 1"),
    CHOICE("ATS-027", "I=0 and an address in a range are refused with one type", SOURCE, CAN_ATS,
           i_clear_in_a_range, "type 0 | type 1", "type 0"),
    CHOICE("ATS-028", "With HtAtsResv=1 the address translation range has one answer", SOURCE,
           CAN_ATS | CAN_ATS_RESV_ON, ats_responses, "INVALID_DEVICE_REQUEST | R=W=0",
           "INVALID_DEVICE_REQUEST"),
    REQUIREMENT("ATS-029",
                "Each reserved bit of 127:1 refuses a translation request, with "
                "ILLEGAL_DEV_TABLE_ENTRY TR=1 RZ=1",
                SOURCE, CAN_ATS, illegal_entries),
    CHOICE("ATS-030", "Mode 7 and a translation request leave one thing", SOURCE, CAN_ATS, mode_7,
           "ILLEGAL_DEV_TABLE_ENTRY | R=W=0", "ILLEGAL_DEV_TABLE_ENTRY"),
    CHOICE("ATS-031", "A reserved bit and I=0 leave one event", SOURCE, CAN_ATS, reserved_before_i,
           "ILLEGAL_DEV_TABLE_ENTRY | INVALID_DEVICE_REQUEST", "ILLEGAL_DEV_TABLE_ENTRY"),
    REQUIREMENT("ATS-032", "A page table that cannot be read is PAGE_TAB_HARDWARE_ERROR with TR=1",
                SOURCE, CAN_ATS, unreadable_tables),
    REQUIREMENT("ATS-033", "A device table that cannot be read is DEV_TAB_HARDWARE_ERROR with TR=1",
                SOURCE, CAN_ATS, unreadable_device_table),
    CHOICE("ATS-034", "A DeviceID beyond the table is refused with one event", SOURCE,
           CAN_ATS | CAN_SECOND, beyond_the_table, "INVALID_DEVICE_REQUEST | IO_PAGE_FAULT",
           "INVALID_DEVICE_REQUEST"),
    CHOICE("ATS-035", "With IommuEn=0 a translation request is answered one way, without event",
           SOURCE, CAN_ATS, off, "refused | identity", "refused"),
    REQUIREMENT("ATS-036", "With V=1 and I=1 translated requests pass as they are", SOURCE,
                CAN_DMA | CAN_ATS, translated_passes),
    REQUIREMENT("ATS-037", "Translated requests are not translated again", SOURCE,
                CAN_DMA | CAN_ATS, translated_is_not_translated),
    REQUIREMENT("ATS-038", "TV, IR and IW do not matter to translated requests", SOURCE,
                CAN_DMA | CAN_ATS, translated_needs_no_permission),
    REQUIREMENT("ATS-039", "For translated requests no page table is read", SOURCE,
                CAN_DMA | CAN_ATS | CAN_TRACE, translated_reads_no_tables),
    REQUIREMENT("ATS-040",
                "With I=0 or V=0 translated requests are INVALID_DEVICE_REQUEST TR=0 type 1",
                SOURCE, CAN_DMA | CAN_ATS, translated_refused),
    REQUIREMENT("ATS-041", "SA and SE do not silence refused translated requests", SOURCE,
                CAN_DMA | CAN_ATS, translated_suppression),
    CHOICE("ATS-042", "A translated request under an entry with a reserved bit has one fate",
           SOURCE, CAN_DMA | CAN_ATS, translated_with_reserved_bits,
           "ILLEGAL_DEV_TABLE_ENTRY | passes", "ILLEGAL_DEV_TABLE_ENTRY"),
    REQUIREMENT("ATS-043", "With IommuEn=0 translated requests pass", SOURCE, CAN_DMA | CAN_ATS,
                translated_off),
    REQUIREMENT("ATS-044", "The exclusion range is nothing to translated requests", SOURCE,
                CAN_DMA | CAN_ATS, translated_excluded),
    CHOICE("ATS-045", "A translated posted write to FEEx_xxxxh is one of three things", SOURCE,
           CAN_DMA | CAN_ATS | CAN_MSI, translated_interrupt, "remapped | memory | refused",
           "remapped"),
    REQUIREMENT("ATS-046", "Untranslated requests of a device with I=1 are translated as ever",
                SOURCE, CAN_DMA | CAN_ATS, untranslated_as_ever),
    REQUIREMENT("ATS-047", "An answer does not keep a removed page reachable untranslated", SOURCE,
                CAN_DMA | CAN_ATS, answers_do_not_permit),
    REQUIREMENT("ATS-048", "With I=0 or V=0 a translated write to FEEx_xxxxh is no interrupt",
                SOURCE, CAN_DMA | CAN_ATS | CAN_MSI | CAN_SEE_ABORT, translated_interrupt_refused),
    LIST_END,
};

const struct requirement_area area_ats = {"ATS", "Address translation services", list};
