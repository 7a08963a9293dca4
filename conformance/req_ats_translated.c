/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: translated requests, and what ATS leaves as it is for the untranslated requests of
 * the same device.
 */
#include "ats.h"

#define SOURCE "1.20, remote IOTLB support"

static struct target_request translated(struct rig *rig, enum target_kind kind, uint64_t address)
{
    struct target_request request = request_of(rig, kind, address);

    request.translated = true;
    return request;
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

const struct requirement_area area_ats_translated = {
    "ATS", "Address translation services: translated requests", list};
