/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: what translation requests are answered. Which are refused is in req_ats_refused.c,
 * translated requests are in req_ats_translated.c, invalidation requests to devices in req_iotlb.c.
 */
#include "ats.h"

#define SOURCE "1.20, remote IOTLB support"

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
    LIST_END,
};

const struct requirement_area area_ats = {"ATS", "Address translation services", list};
