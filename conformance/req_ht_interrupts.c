/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: interrupts as HyperTransport has them, posted writes to FD_F8xx_xxxxh. */
#include "entries.h"

#define SOURCE "1.20, interrupt requests"

#define HT_BASE UINT64_C(0xfdf8000000)

/* Message types. */
enum {
    MT_FIXED = 0,
    MT_ARBITRATED = 1,
    MT_SMI = 2,
    MT_NMI = 3,
    MT_INIT = 4,
    MT_STARTUP = 5,
    MT_EXT_INT = 6,
    MT_EOI = 7,
    MT_LINT1 = 11,
    MT_LINT0 = 14,
};

#define HT_LOGICAL UINT64_C(0x40)
#define HT_RQ_EOI  UINT64_C(0x20)

static uint64_t message(unsigned type, unsigned destination, unsigned vector)
{
    return HT_BASE | (uint64_t)vector << 16 | (uint64_t)destination << 8 |
           (uint64_t)(type & 8) << 4 | (uint64_t)(type & 7) << 2;
}

static void send(struct rig *rig, uint64_t address)
{
    rig_interrupt(rig, rig->device, address, 0);
}

static void control(struct rig *rig, uint64_t q2)
{
    set_entry(rig, Q0_V, RIG_DOMAIN, Q2_IV | q2, 0);
}

static uint64_t remap(struct rig *rig, uint64_t q2)
{
    uint64_t table = rig_pages(rig, 2, 0x2000);
    struct rig_dte dte = {{Q0_V, RIG_DOMAIN, q2, 0}};

    rig_enable(rig);
    rig_dte_remap(&dte, table, 9);
    rig_set_dte(rig, rig->device, dte);
    return table;
}

static const uint8_t kinds[][2] = {
    {MT_FIXED, TARGET_FIXED}, {MT_ARBITRATED, TARGET_ARBITRATED},
    {MT_SMI, TARGET_SMI},     {MT_NMI, TARGET_NMI},
    {MT_INIT, TARGET_INIT},   {MT_EXT_INT, TARGET_EXT_INT},
    {MT_LINT0, TARGET_LINT0}, {MT_LINT1, TARGET_LINT1},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void all_pass(struct rig *rig)
{
    for (unsigned i = 0; i < KINDS; i++) {
        send(rig, message(kinds[i][0], 0x5a, 0x41));
        RIG_MESSAGE(rig, .destination = 0x5a, .delivery = kinds[i][1], .vector = 0x41);
        send(rig, message(kinds[i][0], 0xa5, 0x3c) | HT_LOGICAL | HT_RQ_EOI);
        RIG_MESSAGE(rig, .destination = 0xa5, .delivery = kinds[i][1], .vector = 0x3c,
                    .logical = true, .level = true);
    }
    RIG_NO_EVENTS(rig);
}

static void iv_clear(struct rig *rig)
{
    rig_enable(rig);
    set_entry(rig, Q0_V, 0, UINT64_MAX & ~Q2_IV, UINT64_MAX);
    all_pass(rig);
}

static void off(struct rig *rig)
{
    rig_store_dte(rig, rig->device, (struct rig_dte){{Q0_V, 0, Q2_IV, 0}});
    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
    all_pass(rig);
}

static void int_ctl_00(struct rig *rig)
{
    uint64_t address = message(MT_FIXED, 0, 0x41);

    rig_enable(rig);
    control(rig, Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS | Q2_LINT0_PASS | Q2_LINT1_PASS);
    send(rig, address);
    RIG_NO_MESSAGE(rig);
    RIG_EVENTS(rig, invalid_request(rig, 5, address));
    address = message(MT_ARBITRATED, 3, 0x41);
    send(rig, address);
    RIG_NO_MESSAGE(rig);
    RIG_EVENTS(rig, invalid_request(rig, 5, address));
}

static void int_ctl_01(struct rig *rig)
{
    rig_enable(rig);
    control(rig, Q2_INT_CTL_PASS);
    send(rig, message(MT_FIXED, 7, 0x41) | HT_RQ_EOI);
    RIG_MESSAGE(rig, .destination = 7, .vector = 0x41, .level = true);
    send(rig, message(MT_ARBITRATED, 7, 0x41) | HT_LOGICAL);
    RIG_MESSAGE(rig, .destination = 7, .vector = 0x41, .delivery = TARGET_ARBITRATED,
                .logical = true);
}

static void int_ctl_10(struct rig *rig)
{
    uint64_t table = remap(rig, 0);

    rig_store32(rig, table + 4 * UINT64_C(0x41),
                IRTE_REMAP_EN | IRTE_VECTOR(0x52) | IRTE_DEST(0x33) | IRTE_DM);
    rig_store32(rig, table + 4 * UINT64_C(0x141),
                IRTE_REMAP_EN | IRTE_VECTOR(0x63) | IRTE_DEST(0x44) | IRTE_TYPE(1) | IRTE_RQ_EOI);
    send(rig, message(MT_FIXED, 7, 0x41));
    RIG_MESSAGE(rig, .destination = 0x33, .vector = 0x52, .logical = true);
    send(rig, message(MT_ARBITRATED, 7, 0x41) | HT_LOGICAL);
    RIG_MESSAGE(rig, .destination = 0x44, .vector = 0x63, .delivery = TARGET_ARBITRATED,
                .level = true);
}

static void int_ctl_11(struct rig *rig)
{
    uint64_t address = message(MT_FIXED, 0, 0x41);

    rig_enable(rig);
    control(rig, Q2_INT_CTL(3));
    send(rig, address);
    RIG_NO_MESSAGE(rig);
    CHOOSE_EVENT(rig, illegal_entry(rig, EVENT_I | EVENT_RZ, address), "RZ=1",
                 illegal_entry(rig, EVENT_I, address), "RZ=0");
}

static void each_vector(struct rig *rig)
{
    uint64_t table = remap(rig, 0);

    for (uint32_t index = 0; index < 512; index++) {
        rig_store32(rig, table + 4 * (uint64_t)index,
                    IRTE_REMAP_EN | IRTE_VECTOR(0x10 + index % 211) | IRTE_DEST(index / 211));
    }
    for (uint32_t index = 0; index < 512; index++) {
        send(rig, message(index >> 8, 0xff, index & 0xff));
        RIG_MESSAGE(rig, .destination = (uint8_t)(index / 211),
                    .vector = (uint8_t)(0x10 + index % 211));
    }
}

static void remap_en_clear(struct rig *rig)
{
    uint64_t address = message(MT_FIXED, 0x77, 0x41) | HT_LOGICAL | HT_RQ_EOI;

    remap(rig, 0);
    send(rig, address);
    RIG_NO_MESSAGE(rig);
    RIG_EVENTS(rig, rig_fault(rig, EVENT_I, address));
}

static void smi_passes(struct rig *rig)
{
    remap(rig, 0);
    send(rig, message(MT_SMI, 0x12, 0x34));
    RIG_MESSAGE(rig, .destination = 0x12, .vector = 0x34, .delivery = TARGET_SMI);
    control(rig, 0);
    send(rig, message(MT_SMI, 0x12, 0x34) | HT_LOGICAL);
    RIG_MESSAGE(rig, .destination = 0x12, .vector = 0x34, .delivery = TARGET_SMI, .logical = true);
}

/* Each of five bits passes its own kind and no other. */
static void pass_bits(struct rig *rig)
{
    static const uint64_t bits[] = {Q2_NMI_PASS, Q2_INIT_PASS, Q2_EXT_INT_PASS, Q2_LINT0_PASS,
                                    Q2_LINT1_PASS};

    rig_enable(rig);
    for (unsigned set = 0; set < 32; set++) {
        uint64_t q2 = Q2_INT_CTL_PASS;

        for (unsigned i = 0; i < 5; i++) {
            q2 |= (set >> i & 1) != 0 ? bits[i] : 0;
        }
        control(rig, q2);
        for (unsigned i = 0; i < 5; i++) {
            send(rig, message(kinds[3 + i][0], 0x21, 0));
            if ((set >> i & 1) != 0) {
                RIG_MESSAGE(rig, .destination = 0x21, .delivery = kinds[3 + i][1]);
            } else {
                RIG_NO_MESSAGE(rig);
            }
        }
        RIG_NO_EVENTS(rig);
    }
}

static void logical_is_not_passed(struct rig *rig)
{
    rig_enable(rig);
    control(rig, Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS);
    send(rig, message(MT_NMI, 1, 0) | HT_LOGICAL);
    send(rig, message(MT_INIT, 1, 0) | HT_LOGICAL);
    send(rig, message(MT_EXT_INT, 1, 0) | HT_LOGICAL);
    RIG_NO_MESSAGE(rig);
    RIG_NO_EVENTS(rig);
    send(rig, message(MT_NMI, 1, 0));
    RIG_MESSAGE(rig, .destination = 1, .delivery = TARGET_NMI);
}

static void lint_and_dm(struct rig *rig)
{
    struct target_message got[4];

    rig_enable(rig);
    control(rig, Q2_LINT0_PASS | Q2_LINT1_PASS);
    send(rig, message(MT_LINT0, 1, 0) | HT_LOGICAL);
    send(rig, message(MT_LINT1, 1, 0) | HT_LOGICAL);
    unsigned count = rig->target->ops->messages(rig->target, got, 4);
    CHECK(count == 0 || count == 2);
    rig_outcome(rig, count == 2 ? "passes" : "aborted");
}

static void eoi_and_startup(struct rig *rig)
{
    struct rig_event events[8];

    rig_enable(rig);
    for (unsigned ctl = 0; ctl < 3; ctl++) {
        control(rig, Q2_INT_CTL(ctl) | Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS |
                         Q2_LINT0_PASS | Q2_LINT1_PASS);
        send(rig, message(MT_EOI, 0, 0x41));
        send(rig, message(MT_STARTUP, 0, 0x41));
        RIG_NO_MESSAGE(rig);
    }
    unsigned count = rig_take_events(rig, events, 8);
    rig_outcome(rig, count == 0 ? "nothing" : "an event");
}

static void unknown_types(struct rig *rig)
{
    static const unsigned types[] = {8, 9, 10, 12, 13, 15};
    struct rig_event events[8];

    rig_enable(rig);
    control(rig, Q2_INT_CTL_PASS | Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS | Q2_LINT0_PASS |
                     Q2_LINT1_PASS);
    for (unsigned i = 0; i < 6; i++) {
        send(rig, message(types[i], 0, 0x41));
        RIG_NO_MESSAGE(rig);
    }
    unsigned count = rig_take_events(rig, events, 8);
    rig_outcome(rig, count == 0 ? "nothing" : "an event");
}

static void other_classes_and_the_table(struct rig *rig)
{
    uint64_t table =
        remap(rig, Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS | Q2_LINT0_PASS | Q2_LINT1_PASS);

    rig_touches_begin(rig);
    for (unsigned i = 2; i < KINDS; i++) {
        send(rig, message(kinds[i][0], 2, 0x41));
        RIG_MESSAGE(rig, .destination = 2, .vector = 0x41, .delivery = kinds[i][1]);
    }
    CHECK(!rig_touched(rig, table, 0x2000));
}

static void reserved_bits(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned i = 0; i < KINDS; i++) {
        uint64_t address = message(kinds[i][0], 1, 0x41);

        control(rig, Q2_INT_CTL_PASS | Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS |
                         Q2_LINT0_PASS | Q2_LINT1_PASS | UINT64_C(1) << 55);
        send(rig, address);
        RIG_NO_MESSAGE(rig);
        RIG_EVENTS(rig, illegal_entry(rig, EVENT_I | EVENT_RZ, address));
    }
}

static void ig_and_se(struct rig *rig)
{
    uint64_t address = message(MT_FIXED, 0, 0x41);

    remap(rig, Q2_IG);
    send(rig, address);
    RIG_NO_MESSAGE(rig);
    RIG_NO_EVENTS(rig);
}

/* As memory writes, which is how a device makes them. */
static void writes_are_interrupts(struct rig *rig)
{
    uint32_t word = 0;
    struct target_request request = request_of(rig, TARGET_WRITE, message(MT_FIXED, 9, 0x41));

    request.size_bytes = 4;
    request.data = &word;
    rig_enable(rig);
    rig_attach(rig, 6);
    rig->target->ops->request(rig->target, &request);
    RIG_MESSAGE(rig, .destination = 9, .vector = 0x41);
    RIG_NO_EVENTS(rig);
}

static void v_does_not_matter(struct rig *rig)
{
    uint32_t word = 0;
    struct target_request request = request_of(rig, TARGET_WRITE, message(MT_FIXED, 9, 0x41));
    struct target_message got[2];

    request.size_bytes = 4;
    request.data = &word;
    rig_enable(rig);
    rig->target->ops->request(rig->target, &request);
    unsigned count = rig->target->ops->messages(rig->target, got, 2);
    if (count == 1) {
        CHECK_U64(got[0].vector, 0x41);
        rig_outcome(rig, "an interrupt");
    } else {
        rig_outcome(rig, "memory");
    }
    set_entry(rig, 0, 0, Q2_IV, 0);
    rig->target->ops->request(rig->target, &request);
    RIG_NO_MESSAGE(rig);
    RIG_EVENTS(rig, invalid_request(rig, 5, request.address));
}

static void msi_is_not_ht(struct rig *rig)
{
    rig_enable(rig);
    control(rig, Q2_NMI_PASS); /* MT 3 and 4 mean different things */
    rig_interrupt(rig, rig->device, MSI_BASE, 0x400);
    RIG_MESSAGE(rig, .delivery = TARGET_NMI);
    send(rig, message(3, 0, 0));
    RIG_MESSAGE(rig, .delivery = TARGET_NMI);
    send(rig, message(4, 0, 0));
    rig_interrupt(rig, rig->device, MSI_BASE, 0x300);
    RIG_NO_MESSAGE(rig);
}

static const struct requirement list[] = {
    REQUIREMENT("INT-101", "With IV=0 messages of every type pass with all they say", SOURCE,
                CAN_HT_INTERRUPT, iv_clear),
    REQUIREMENT("INT-102", "With IommuEn=0 messages of every type pass", SOURCE, CAN_HT_INTERRUPT,
                off),
    REQUIREMENT("INT-103",
                "IntCtl=00b: fixed and arbitrated messages are INVALID_DEVICE_REQUEST of type 5",
                SOURCE, CAN_HT_INTERRUPT, int_ctl_00),
    REQUIREMENT("INT-104", "IntCtl=01b: fixed and arbitrated messages pass with all they say",
                SOURCE, CAN_HT_INTERRUPT, int_ctl_01),
    REQUIREMENT("INT-105", "IntCtl=10b: fixed and arbitrated messages become what their entry says",
                SOURCE, CAN_HT_INTERRUPT, int_ctl_10),
    CHOICE("INT-106", "IntCtl=11b: a fixed message is ILLEGAL_DEV_TABLE_ENTRY", SOURCE,
           CAN_HT_INTERRUPT, int_ctl_11, "RZ=1 | RZ=0", "RZ=1"),
    REQUIREMENT("INT-107", "Message type and vector select one of 512 entries", SOURCE,
                CAN_HT_INTERRUPT, each_vector),
    REQUIREMENT("INT-108", "RemapEn=0 is IO_PAGE_FAULT with the address of the message", SOURCE,
                CAN_HT_INTERRUPT, remap_en_clear),
    REQUIREMENT("INT-109", "SMI messages pass, whatever IntCtl says", SOURCE, CAN_HT_INTERRUPT,
                smi_passes),
    REQUIREMENT("INT-110",
                "NMIPass, InitPass, EIntPass, Lint0Pass and Lint1Pass each pass their own type, "
                "in all 32 combinations",
                SOURCE, CAN_HT_INTERRUPT, pass_bits),
    REQUIREMENT("INT-111", "NMI, INIT and ExtInt messages with DM=1 are aborted", SOURCE,
                CAN_HT_INTERRUPT, logical_is_not_passed),
    CHOICE("INT-112", "LINT0 and LINT1 with DM=1 and their bit set have one fate", SOURCE,
           CAN_HT_INTERRUPT, lint_and_dm, "passes | aborted", "passes"),
    CHOICE("INT-113", "EOI and STARTUP messages are aborted with IV=1", SOURCE, CAN_HT_INTERRUPT,
           eoi_and_startup, "nothing | an event", "nothing"),
    CHOICE("INT-114", "Messages of a type that does not exist are aborted with IV=1", SOURCE,
           CAN_HT_INTERRUPT, unknown_types, "nothing | an event", "nothing"),
    REQUIREMENT("INT-115", "Messages that are passed by a bit have no table read", SOURCE,
                CAN_HT_INTERRUPT | CAN_TRACE, other_classes_and_the_table),
    REQUIREMENT("INT-116", "A reserved bit of 255:129 aborts messages of every type", SOURCE,
                CAN_HT_INTERRUPT, reserved_bits),
    REQUIREMENT("INT-117", "IG=1 silences the fault of a message", SOURCE, CAN_HT_INTERRUPT,
                ig_and_se),
    REQUIREMENT("INT-118", "A posted write to FD_F8xx_xxxxh is an interrupt, not memory", SOURCE,
                CAN_DMA | CAN_HT_INTERRUPT, writes_are_interrupts),
    CHOICE("INT-119", "With V=0 a posted write to FD_F8xx_xxxxh is one of two things", SOURCE,
           CAN_DMA | CAN_HT_INTERRUPT, v_does_not_matter, "an interrupt | memory", "an interrupt"),
    REQUIREMENT(
        "INT-120",
        "Message types of HyperTransport and delivery modes of an MSI are different numbers",
        SOURCE, CAN_MSI | CAN_HT_INTERRUPT, msi_is_not_ht),
    LIST_END,
};

const struct requirement_area area_ht_interrupts = {"INT", "Interrupt remapping: HyperTransport",
                                                    list};
