/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: interrupt remapping tables: where they are, their lengths, and their entries. */
#include "interrupts.h"

#define ENTRY  "1.20, device table entry"
#define SOURCE "1.20, interrupt remapping table entry"

/* ---- The table ------------------------------------------------------------------------------- */

static void each_index(struct rig *rig)
{
    uint64_t table = remap(rig, 9, 0);

    for (uint32_t index = 0; index < 512; index++) {
        rig_store32(rig, table + 4 * (uint64_t)index,
                    IRTE_REMAP_EN | IRTE_VECTOR(0x10 + index % 211) | IRTE_DEST(index / 211 + 1));
    }
    for (uint32_t index = 0; index < 512; index++) {
        send(rig, index);
        RIG_MESSAGE(rig, .destination = (uint8_t)(index / 211 + 1),
                    .vector = (uint8_t)(0x10 + index % 211));
    }
}

static void lengths(struct rig *rig)
{
    uint64_t table = remap(rig, 0, 0);

    for (uint32_t index = 0; index < 512; index++) {
        rig_store32(rig, table + 4 * (uint64_t)index, IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    }
    for (unsigned len = 0; len <= 11; len++) {
        uint32_t count = 1u << len;
        struct rig_dte dte = {{Q0_V, RIG_DOMAIN, 0, 0}};

        rig_dte_remap(&dte, table, len);
        rig_set_dte(rig, rig->device, dte);
        send(rig, count <= 512 ? count - 1 : 511);
        RIG_MESSAGE(rig, .vector = 0x52);
        if (count < 512) {
            aborted(rig, MSI_BASE, count, rig_fault(rig, EVENT_I, MSI_BASE));
            aborted(rig, MSI_BASE, 511, rig_fault(rig, EVENT_I, MSI_BASE));
        }
    }
}

static void beyond_is_not_read(struct rig *rig)
{
    uint64_t table = remap(rig, 4, 0);

    rig_touches_begin(rig);
    aborted(rig, MSI_BASE, 16, rig_fault(rig, EVENT_I, MSI_BASE));
    CHECK(!rig_touched(rig, table, 0x1000));
}

static void reserved_lengths(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned len = 12; len <= 15; len++) {
        control(rig, Q2_INT_CTL_REMAP | Q2_INT_TAB(len));
        aborted(rig, MSI_BASE, 0, illegal_entry(rig, EVENT_I, MSI_BASE));
        aborted(rig, MSI_BASE, MODE(1), illegal_entry(rig, EVENT_I, MSI_BASE));
    }
}

static void reserved_length_unused(struct rig *rig)
{
    struct target_message got[2];

    rig_enable(rig);
    control(rig, Q2_INT_CTL_PASS | Q2_INT_TAB(15));
    send(rig, 0x41);
    if (rig->target->ops->messages(rig->target, got, 2) == 1) {
        RIG_NO_EVENTS(rig);
        rig_outcome(rig, "passes");
    } else {
        RIG_EVENTS(rig, illegal_entry(rig, EVENT_I, MSI_BASE));
        rig_outcome(rig, "ILLEGAL_DEV_TABLE_ENTRY");
    }
}

static void root_bits(struct rig *rig)
{
    uint64_t table = UINT64_C(0x3000000);
    struct rig_dte dte = {{Q0_V, RIG_DOMAIN, 0, 0}};

    rig_enable(rig);
    for (unsigned bit = 7; bit < 25; bit++) {
        uint64_t at = table ^ UINT64_C(1) << bit;

        dte.q[2] = 0;
        rig_dte_remap(&dte, at, 3);
        rig_store32(rig, at + 20, IRTE_REMAP_EN | IRTE_VECTOR(0x40 + bit));
        rig_set_dte(rig, rig->device, dte);
        send(rig, 5);
        RIG_MESSAGE(rig, .vector = (uint8_t)(0x40 + bit));
    }
}

static void high_roots(struct rig *rig)
{
    static const unsigned bits[] = {26, 28, 31, 32, 33, 35, 38, 41, 43, 45, 46, 47, 48, 49, 50, 51};
    struct rig_dte dte = {{Q0_V, RIG_DOMAIN, 0, 0}};

    rig_enable(rig);
    for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        uint64_t at = UINT64_C(1) << bits[i];

        rig->target->ops->memory_add(rig->target, at);
        dte.q[2] = 0;
        rig_dte_remap(&dte, at, 3);
        rig_store32(rig, at + 20, IRTE_REMAP_EN | IRTE_VECTOR(0x40 + i));
        rig_set_dte(rig, rig->device, dte);
        send(rig, 5);
        RIG_MESSAGE(rig, .vector = (uint8_t)(0x40 + i));
    }
}

static void root_bit_6(struct rig *rig)
{
    uint64_t table = rig_page(rig);
    struct rig_dte dte = {{Q0_V, RIG_DOMAIN, 0, 0}};
    struct target_message got[2];

    rig_enable(rig);
    rig_store32(rig, table + 20, IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    rig_store32(rig, table + 64 + 20, IRTE_REMAP_EN | IRTE_VECTOR(0x63));
    rig_dte_remap(&dte, table | 64, 3);
    rig_set_dte(rig, rig->device, dte);
    send(rig, 5);
    if (rig->target->ops->messages(rig->target, got, 2) == 0) {
        RIG_EVENTS(rig, illegal_entry(rig, EVENT_I | EVENT_RZ, MSI_BASE));
        rig_outcome(rig, "reserved");
    } else {
        CHECK(got[0].vector == 0x52 || got[0].vector == 0x63);
        rig_outcome(rig, got[0].vector == 0x63 ? "an address bit" : "ignored");
    }
}

static void reads_one_entry(struct rig *rig)
{
    uint64_t table = remap(rig, 9, 0);

    set_irte(rig, table, 0x141, IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    rig_touches_begin(rig);
    send(rig, 0x141);
    RIG_MESSAGE(rig, .vector = 0x52);
    uint64_t at = table + 4 * UINT64_C(0x141);
    CHECK(rig_touched(rig, at, 4));
    CHECK(!rig_touched(rig, table, at - table));
    CHECK(!rig_touched(rig, at + 4, 0x2000));
}

static void unreadable_table(struct rig *rig)
{
    struct rig_dte dte = {{Q0_V, RIG_DOMAIN, 0, 0}};
    struct rig_event event;

    rig_enable(rig);
    rig_dte_remap(&dte, TARGET_ABSENT, 8);
    rig_set_dte(rig, rig->device, dte);
    send(rig, 0x42);
    RIG_NO_MESSAGE(rig);
    unsigned count = rig_take_events(rig, &event, 1);
    if (count == 0) {
        rig_outcome(rig, "nothing");
        return;
    }
    CHECK_U64(count, 1);
    CHECK_U64(event.word0 & ~(UINT64_C(3) << 57),
              rig_event(EVENT_CODE_PAGE_HARDWARE, rig->device, RIG_DOMAIN, EVENT_I, 0).word0);
    CHECK((event.word0 >> 57 & 3) != 0);
    CHECK_U64(event.word1, TARGET_ABSENT + 4 * UINT64_C(0x42));
    rig_outcome(rig, "PAGE_TAB_HARDWARE_ERROR");
}

/* ---- Entries --------------------------------------------------------------------------------- */

static void remap_en_clear(struct rig *rig)
{
    uint64_t table = remap(rig, 8, 0);

    aborted(rig, MSI_BASE, 0x41, rig_fault(rig, EVENT_I, MSI_BASE));
    set_irte(rig, table, 0x41, ~(IRTE_REMAP_EN | IRTE_SUP_IOPF));
    aborted(rig, MSI_BASE, 0x41, rig_fault(rig, EVENT_I, MSI_BASE));
}

static void vectors(struct rig *rig)
{
    uint64_t table = remap(rig, 8, 0);

    for (uint32_t vector = 0x10; vector < 0x100; vector++) {
        if (vector != 0xe7) { /* some targets have it for the IOMMU itself */
            set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(vector));
            send(rig, 0x41);
            RIG_MESSAGE(rig, .vector = (uint8_t)vector);
        }
    }
}

static void destinations(struct rig *rig)
{
    uint64_t table = remap(rig, 8, 0);

    for (uint32_t i = 0; i <= 8; i++) {
        uint8_t destination = i == 8 ? 0xff : (uint8_t)(1u << i);

        set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(0x52) | IRTE_DEST(destination));
        send(rig, 0x41);
        RIG_MESSAGE(rig, .vector = 0x52, .destination = destination);
        set_irte(rig, table, 0x41,
                 IRTE_REMAP_EN | IRTE_VECTOR(0x52) | IRTE_DEST(destination) | IRTE_DM);
        send(rig, 0x41);
        RIG_MESSAGE(rig, .vector = 0x52, .destination = destination, .logical = true);
    }
}

static void int_type(struct rig *rig)
{
    uint64_t table = remap(rig, 9, 0);

    for (uint32_t type = 0; type < 2; type++) {
        set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(0x52) | IRTE_TYPE(type));
        set_irte(rig, table, 0x141, IRTE_REMAP_EN | IRTE_VECTOR(0x63) | IRTE_TYPE(type));
        send(rig, 0x41);
        RIG_MESSAGE(rig, .vector = 0x52, .delivery = (uint8_t)type);
        send(rig, MODE(1) | 0x41);
        RIG_MESSAGE(rig, .vector = 0x63, .delivery = (uint8_t)type);
    }
}

static void reserved_int_types(struct rig *rig)
{
    uint64_t table = remap(rig, 8, 0);

    for (uint32_t type = 2; type < 8; type++) {
        set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(0x52) | IRTE_TYPE(type));
        aborted(rig, MSI_BASE, 0x41, rig_fault(rig, EVENT_I | EVENT_PR | EVENT_RZ, MSI_BASE));
    }
}

static void rq_eoi(struct rig *rig)
{
    uint64_t table = remap(rig, 8, 0);
    struct target_message got[2] = {{0}};

    set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    send(rig, 0x41);
    RIG_MESSAGE(rig, .vector = 0x52);
    set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(0x52) | IRTE_RQ_EOI);
    send(rig, 0x41);
    CHECK_U64(rig->target->ops->messages(rig->target, got, 2), 1);
    CHECK_U64(got[0].vector, 0x52);
    rig_outcome(rig, got[0].level ? "level triggered" : "edge triggered");
}

static void trigger_of_the_request(struct rig *rig)
{
    uint64_t table = remap(rig, 8, 0);
    struct target_message got[2] = {{0}};

    set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    send(rig, 0xc041);
    CHECK_U64(rig->target->ops->messages(rig->target, got, 2), 1);
    CHECK_U64(got[0].vector, 0x52);
    rig_outcome(rig, got[0].level ? "the request's" : "RqEoi");
}

static void reserved_bit_7(struct rig *rig)
{
    uint64_t table = remap(rig, 8, 0);

    set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(0x52) | 0x80);
    aborted(rig, MSI_BASE, 0x41, rig_fault(rig, EVENT_I | EVENT_PR | EVENT_RZ, MSI_BASE));
    set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    send(rig, 0x41);
    RIG_MESSAGE(rig, .vector = 0x52);
}

static void reserved_high_bits(struct rig *rig)
{
    uint64_t table = remap(rig, 8, 0);
    struct target_message got[2] = {{0}};
    unsigned passed = 0;

    for (unsigned bit = 24; bit < 32; bit++) {
        set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(0x52) | UINT32_C(1) << bit);
        send(rig, 0x41);
        if (rig->target->ops->messages(rig->target, got, 2) == 1) {
            CHECK_U64(got[0].vector, 0x52);
            passed++;
        } else {
            RIG_EVENTS(rig, rig_fault(rig, EVENT_I | EVENT_PR | EVENT_RZ, MSI_BASE));
        }
    }
    CHECK(passed == 0 || passed == 8);
    rig_outcome(rig, passed == 0 ? "refused" : "ignored");
}

static void request_address_is_replaced(struct rig *rig)
{
    uint64_t table = remap(rig, 8, 0);

    set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(0x52) | IRTE_DEST(0x33));
    for (unsigned bit = 2; bit < 20; bit++) {
        rig_interrupt(rig, rig->device, MSI_BASE | UINT64_C(1) << bit, 0x41);
        RIG_MESSAGE(rig, .vector = 0x52, .destination = 0x33);
    }
}

static void high_data_bits(struct rig *rig)
{
    uint64_t table = remap(rig, 8, 0);

    set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    for (unsigned bit = 11; bit < 15; bit++) {
        send(rig, 0x41 | 1u << bit);
        RIG_MESSAGE(rig, .vector = 0x52);
    }
}

static const struct requirement list[] = {
    REQUIREMENT("INT-015", "Delivery mode and vector select one of 512 entries", SOURCE, CAN_MSI,
                each_index),
    REQUIREMENT("INT-016",
                "IntTabLen 0 to 11 means 1 to 2048 entries: the last is used, the next index is "
                "IO_PAGE_FAULT I=1 PR=0",
                ENTRY, CAN_MSI, lengths),
    REQUIREMENT("INT-017", "Beyond IntTabLen no entry is read", ENTRY, CAN_MSI | CAN_TRACE,
                beyond_is_not_read),
    REQUIREMENT("INT-018", "IntTabLen 12 to 15 with IntCtl=10b is ILLEGAL_DEV_TABLE_ENTRY I=1 RZ=0",
                ENTRY, CAN_MSI, reserved_lengths),
    CHOICE("INT-019", "IntTabLen 15 with IntCtl=01b has one of two fates", ENTRY, CAN_MSI,
           reserved_length_unused, "passes | ILLEGAL_DEV_TABLE_ENTRY", "passes"),
    REQUIREMENT("INT-020", "The interrupt table is at any multiple of 128 bytes", ENTRY, CAN_MSI,
                root_bits),
    REQUIREMENT("INT-021", "The root of the interrupt table has address bits up to 51", ENTRY,
                CAN_MSI | CAN_HIGH_MEMORY, high_roots),
    CHOICE("INT-022", "Bit 6 of the root of the interrupt table is one of three things", ENTRY,
           CAN_MSI, root_bit_6, "an address bit | ignored | reserved", "an address bit"),
    REQUIREMENT("INT-023", "A remapped interrupt reads the 4 bytes of its entry and no other",
                SOURCE, CAN_MSI | CAN_TRACE, reads_one_entry),
    CHOICE("INT-024", "Of an interrupt table that cannot be read one thing is logged", SOURCE,
           CAN_MSI, unreadable_table, "PAGE_TAB_HARDWARE_ERROR | nothing",
           "PAGE_TAB_HARDWARE_ERROR"),
    REQUIREMENT("INT-025",
                "RemapEn=0 aborts with IO_PAGE_FAULT I=1 PR=0, whatever the other bits say", SOURCE,
                CAN_MSI, remap_en_clear),
    REQUIREMENT("INT-026", "The vector is the entry's, all eight bits", SOURCE, CAN_MSI, vectors),
    REQUIREMENT("INT-027", "Destination and DM are the entry's", SOURCE, CAN_MSI, destinations),
    REQUIREMENT("INT-028", "The delivery mode is the entry's IntType, not the request's", SOURCE,
                CAN_MSI, int_type),
    REQUIREMENT("INT-029", "IntType 2 to 7 aborts with IO_PAGE_FAULT I=1 PR=1 RZ=1", SOURCE,
                CAN_MSI, reserved_int_types),
    CHOICE("INT-030", "RqEoi makes the message of one trigger mode", SOURCE, CAN_MSI, rq_eoi,
           "level triggered | edge triggered", "level triggered"),
    CHOICE("INT-031", "The trigger mode of a remapped level triggered request comes from one place",
           SOURCE, CAN_MSI, trigger_of_the_request, "RqEoi | the request's", "RqEoi"),
    REQUIREMENT("INT-032", "Bit 7 of the entry aborts with IO_PAGE_FAULT I=1 PR=1 RZ=1", SOURCE,
                CAN_MSI, reserved_bit_7),
    CHOICE("INT-033", "Bits 31:24 of the entry are refused as reserved or ignored", SOURCE, CAN_MSI,
           reserved_high_bits, "refused | ignored", "refused"),
    REQUIREMENT("INT-034", "Bits 19:2 of the request's address change nothing when it is remapped",
                SOURCE, CAN_MSI, request_address_is_replaced),
    REQUIREMENT("INT-035", "Bits 14:11 of the request's data change nothing when it is remapped",
                SOURCE, CAN_MSI, high_data_bits),
    LIST_END,
};

const struct requirement_area area_interrupt_tables = {"INT", "Interrupt remapping: tables", list};
