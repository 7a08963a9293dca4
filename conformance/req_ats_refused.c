/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: translation requests that are refused: by the device table entry, by a special
 * address range, for tables that cannot be read; and what is logged of them.
 */
#include "ats.h"
#include "ranges.h"

#define SOURCE "1.20, remote IOTLB support"

static void check_refused_at(struct rig *rig, uint64_t iova, struct rig_event want,
                             const char *file, int line)
{
    struct target_ats_answer answer = ask(rig, iova);

    check_true(answer.refused, "the translation request is refused", file, line);
    rig_check_events(rig, &want, 1, file, line);
}
#define CHECK_REFUSED(rig, iova, want) check_refused_at((rig), (iova), (want), __FILE__, __LINE__)

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

static const struct requirement list[] = {
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
    LIST_END,
};

const struct requirement_area area_ats_refused = {
    "ATS", "Address translation services: refused requests", list};
