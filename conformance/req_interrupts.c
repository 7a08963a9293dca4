/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Interrupt remapping. HyperTransport's own messages are in req_ht_interrupts.c. */
#include "entries.h"

#define ENTRY  "1.20, device table entry"
#define SOURCE "1.20, interrupt remapping table entry"

#define MODE(n) ((uint32_t)(n) << 8) /* delivery mode in an MSI's data */

/* IV and @q2 in the entry of rig->device, V=1, in RIG_DOMAIN. */
static void control(struct rig *rig, uint64_t q2)
{
    set_entry(rig, Q0_V, RIG_DOMAIN, Q2_IV | q2, 0);
}

/* The same with a table of 2^@len entries, which is returned. */
static uint64_t remap(struct rig *rig, unsigned len, uint64_t q2)
{
    uint64_t table = rig_pages(rig, 3, 0x4000);
    struct rig_dte dte = {{Q0_V, RIG_DOMAIN, q2, 0}};

    rig_enable(rig);
    rig_dte_remap(&dte, table, len);
    rig_set_dte(rig, rig->device, dte);
    return table;
}

/* The entry of @index, seen by the next interrupt. */
static void set_irte(struct rig *rig, uint64_t table, uint32_t index, uint32_t entry)
{
    rig_store32(rig, table + 4 * (uint64_t)index, entry);
    rig_invalidate_interrupts(rig, rig->device);
    CHECK(rig_wait(rig));
}

static void send(struct rig *rig, uint32_t data)
{
    rig_interrupt(rig, rig->device, MSI_BASE, data);
}

static void passes(struct rig *rig, uint64_t address, uint32_t data)
{
    rig_interrupt(rig, rig->device, address, data);
    RIG_MESSAGE(rig, .destination = (uint8_t)(address >> 12), .delivery = data >> 8 & 7,
                .vector = (uint8_t)data, .logical = (address & MSI_DM) != 0,
                .level = (data >> 15 & 1) != 0);
    RIG_NO_EVENTS(rig);
}

static void aborted(struct rig *rig, uint64_t address, uint32_t data, struct rig_event want)
{
    rig_interrupt(rig, rig->device, address, data);
    RIG_NO_MESSAGE(rig);
    RIG_EVENTS(rig, want);
}

/* ---- Unmapped -------------------------------------------------------------------------------- */

static void iv_clear_passes_interrupts(struct rig *rig)
{
    rig_enable(rig);
    rig_interrupt(rig, rig->device, MSI_BASE, 0x0041);
    RIG_MESSAGE(rig, .destination = 0, .delivery = TARGET_FIXED, .vector = 0x41);
    RIG_NO_EVENTS(rig);
}

static void remaps(struct rig *rig)
{
    uint64_t table = remap(rig, 9, 0);

    /* RemapEn, destination 0, vector 52h. */
    set_irte(rig, table, 0x41, 0x00520001);
    send(rig, 0x41);
    RIG_MESSAGE(rig, .destination = 0, .delivery = TARGET_FIXED, .vector = 0x52);
}

/* Messages of every delivery mode that has one, and all parts of them. */
static void all_pass(struct rig *rig)
{
    static const unsigned modes[] = {0, 1, 2, 4, 5, 7};

    for (unsigned i = 0; i < 6; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            passes(rig, MSI_BASE | UINT64_C(0x1000) << bit, MODE(modes[i]) | 0x31);
            passes(rig, MSI_BASE | MSI_DM | UINT64_C(0x1000) << bit, MODE(modes[i]) | (1u << bit));
        }
    }
    passes(rig, MSI_BASE | 0x3000, 0xc041); /* level, asserted */
}

static void iv_clear_all(struct rig *rig)
{
    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV, 0, UINT64_MAX & ~Q2_IV, UINT64_MAX);
    all_pass(rig);
}

static void off_all(struct rig *rig)
{
    rig_store_dte(rig, rig->device, (struct rig_dte){{Q0_V, 0, Q2_IV, 0}});
    rig_enable_with(rig, CONTROL_USUAL & ~CONTROL_IOMMU_EN);
    all_pass(rig);
}

static void int_ctl_01(struct rig *rig)
{
    rig_enable(rig);
    control(rig, Q2_INT_CTL_PASS);
    for (unsigned bit = 0; bit < 8; bit++) {
        passes(rig, MSI_BASE | UINT64_C(0x1000) << bit, 0x41);
        passes(rig, MSI_BASE | MSI_DM, MODE(1) | (1u << bit));
    }
    passes(rig, MSI_BASE | 0x3000, 0xc041);
}

/* ---- IntCtl ---------------------------------------------------------------------------------- */

static void int_ctl_00(struct rig *rig)
{
    rig_enable(rig);
    control(rig, 0);
    send(rig, 0x41);
    RIG_NO_MESSAGE(rig);
    CHOOSE_LOGGED(rig, invalid_request(rig, 5, MSI_BASE), "INVALID_DEVICE_REQUEST", "nothing");
    send(rig, MODE(1) | 0x41);
    RIG_NO_MESSAGE(rig);
    CHOOSE_LOGGED(rig, invalid_request(rig, 5, MSI_BASE), "INVALID_DEVICE_REQUEST", "nothing");
}

static void int_ctl_11(struct rig *rig)
{
    rig_enable(rig);
    control(rig, Q2_INT_CTL(3));
    send(rig, 0x41);
    RIG_NO_MESSAGE(rig);
    CHOOSE_EVENT(rig, illegal_entry(rig, EVENT_I | EVENT_RZ, MSI_BASE), "RZ=1",
                 illegal_entry(rig, EVENT_I, MSI_BASE), "RZ=0");
    send(rig, MODE(1) | 0x41);
    RIG_NO_MESSAGE(rig);
    CHOOSE_EVENT(rig, illegal_entry(rig, EVENT_I | EVENT_RZ, MSI_BASE), "RZ=1",
                 illegal_entry(rig, EVENT_I, MSI_BASE), "RZ=0");
}

static void int_ctl_of_other_classes(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned ctl = 0; ctl < 4; ctl++) {
        control(rig, Q2_INT_CTL(ctl) | Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS);
        passes(rig, MSI_BASE | 0x5000, MODE(2));
        passes(rig, MSI_BASE | 0x5000, MODE(4));
        passes(rig, MSI_BASE | 0x5000, MODE(5));
        passes(rig, MSI_BASE | 0x5000, MODE(7));
    }
}

/* ---- Classes --------------------------------------------------------------------------------- */

static void smi_passes(struct rig *rig)
{
    uint64_t table = remap(rig, 11, 0);

    for (uint32_t index = 0; index < 2048; index++) {
        rig_store32(rig, table + 4 * (uint64_t)index, IRTE_REMAP_EN | IRTE_VECTOR(0x99));
    }
    passes(rig, MSI_BASE | 0x5000, MODE(2) | 0x41);
    passes(rig, MSI_BASE | MSI_DM | 0x5000, MODE(2) | 0x41);
    control(rig, 0);
    passes(rig, MSI_BASE, MODE(2) | 0x41);
}

static void pass_bits(struct rig *rig)
{
    static const uint64_t bits[] = {Q2_NMI_PASS, Q2_INIT_PASS, Q2_EXT_INT_PASS};
    static const unsigned modes[] = {4, 5, 7};

    rig_enable(rig);
    for (unsigned set = 0; set < 8; set++) {
        uint64_t q2 = Q2_INT_CTL_PASS | Q2_LINT0_PASS | Q2_LINT1_PASS;

        for (unsigned i = 0; i < 3; i++) {
            q2 |= (set >> i & 1) != 0 ? bits[i] : 0;
        }
        control(rig, q2);
        for (unsigned i = 0; i < 3; i++) {
            rig_interrupt(rig, rig->device, MSI_BASE | 0x7000, MODE(modes[i]));
            if ((set >> i & 1) != 0) {
                RIG_MESSAGE(rig, .destination = 7, .delivery = (uint8_t)modes[i]);
            } else {
                RIG_NO_MESSAGE(rig);
            }
        }
        RIG_NO_EVENTS(rig);
    }
}

static void logical_is_not_passed(struct rig *rig)
{
    static const unsigned modes[] = {4, 5, 7};

    rig_enable(rig);
    control(rig, Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS | Q2_INT_CTL_PASS);
    for (unsigned i = 0; i < 3; i++) {
        passes(rig, MSI_BASE | 0x7000, MODE(modes[i]));
        rig_interrupt(rig, rig->device, MSI_BASE | 0x7000 | MSI_DM, MODE(modes[i]));
        RIG_NO_MESSAGE(rig);
        RIG_NO_EVENTS(rig);
    }
}

static void not_passed_is_silent(struct rig *rig)
{
    rig_enable(rig);
    control(rig, Q2_INT_CTL_PASS);
    send(rig, MODE(4));
    RIG_NO_MESSAGE(rig);
    CHOOSE_LOGGED(rig, rig_fault(rig, EVENT_I, MSI_BASE), "IO_PAGE_FAULT", "nothing");
}

static void reserved_modes(struct rig *rig)
{
    rig_enable(rig);
    for (unsigned ctl = 0; ctl < 3; ctl++) {
        control(rig, Q2_INT_CTL(ctl) | Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS |
                         Q2_LINT0_PASS | Q2_LINT1_PASS | Q2_INT_TAB(11));
        send(rig, MODE(3) | 0x41);
        send(rig, MODE(6) | 0x41);
        RIG_NO_MESSAGE(rig);
    }
    struct rig_event events[8];
    rig_outcome(rig, rig_take_events(rig, events, 8) == 0 ? "nothing" : "an event");
}

static void passed_classes_read_no_table(struct rig *rig)
{
    uint64_t table = remap(rig, 11, Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS);
    static const unsigned modes[] = {2, 3, 4, 5, 6, 7};

    rig_touches_begin(rig);
    for (unsigned i = 0; i < 6; i++) {
        struct target_message got[2];
        send(rig, MODE(modes[i]) | 0x41);
        rig->target->ops->messages(rig->target, got, 2);
    }
    CHECK(!rig_touched(rig, table, 0x2000));
    send(rig, 0x41);
    RIG_NO_MESSAGE(rig);
    CHECK(rig_touched(rig, table + 4 * UINT64_C(0x41), 4));
    TAKE_ONE(rig);
}

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

/* ---- Events and the rest of the entry -------------------------------------------------------- */

static void event_address(struct rig *rig)
{
    remap(rig, 8, 0);
    for (unsigned bit = 2; bit < 20; bit++) {
        uint64_t address = MSI_BASE | UINT64_C(1) << bit;
        aborted(rig, address, 0x41, rig_fault(rig, EVENT_I, address));
    }
}

static void event_domain(struct rig *rig)
{
    uint64_t table = rig_page(rig);

    rig_enable(rig);
    for (unsigned bit = 0; bit < 16; bit++) {
        struct rig_dte dte = {{Q0_V | Q0_TV, UINT64_C(1) << bit, 0, 0}};

        rig_dte_remap(&dte, table, 8);
        rig_set_dte(rig, rig->device, dte);
        aborted(rig, MSI_BASE, 0x41,
                rig_event(EVENT_CODE_PAGE_FAULT, rig->device, (uint16_t)(1u << bit), EVENT_I,
                          MSI_BASE));
    }
}

static void reserved_entry_bits(struct rig *rig)
{
    static const unsigned modes[] = {0, 1, 2, 4, 5, 7};

    rig_enable(rig);
    for (unsigned bit = 0; bit < 128; bit++) {
        uint64_t q2 = bit < 64 ? UINT64_C(1) << bit : 0;
        uint64_t q3 = bit >= 64 ? UINT64_C(1) << (bit - 64) : 0;

        if (bit < 64 && (q2 & Q2_RESERVED) == 0) {
            continue;
        }
        q2 |= Q2_IV | Q2_INT_CTL_PASS | Q2_NMI_PASS | Q2_INIT_PASS | Q2_EXT_INT_PASS;
        set_entry(rig, Q0_V, RIG_DOMAIN, q2, q3);
        uint32_t data = MODE(modes[bit % 6]) | 0x41;
        aborted(rig, MSI_BASE, data, illegal_entry(rig, EVENT_I | EVENT_RZ, MSI_BASE));
    }
    control(rig, Q2_INT_CTL_PASS);
    passes(rig, MSI_BASE, 0x41);
}

static void low_half_unchecked(struct rig *rig)
{
    uint64_t table = rig_page(rig);

    rig_enable(rig);
    rig_store32(rig, table + 4 * UINT64_C(0x41), IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    for (unsigned v = 0; v < 2; v++) {
        struct rig_dte dte = {{~Q0_V | v, UINT64_MAX, 0, 0}};

        rig_dte_remap(&dte, table, 8);
        rig_set_dte(rig, rig->device, dte);
        send(rig, 0x41);
        RIG_MESSAGE(rig, .vector = 0x52);
    }
}

static void v_and_tv_do_not_matter(struct rig *rig)
{
    uint64_t table = rig_page(rig);

    rig_enable(rig);
    rig_store32(rig, table + 4 * UINT64_C(0x41), IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    for (uint64_t low = 0; low < 4; low++) {
        struct rig_dte dte = {{low, 0, 0, 0}};

        rig_dte_remap(&dte, table, 8);
        rig_set_dte(rig, rig->device, dte);
        send(rig, 0x41);
        RIG_MESSAGE(rig, .vector = 0x52);
    }
}

static void beyond_the_device_table(struct rig *rig)
{
    uint16_t high = rig->target->endpoint[1];

    rig_enable_with(rig, 0);
    rig_write(rig, REG_DEVICE_TABLE, RIG_DEVICE_TABLE);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    rig_interrupt(rig, high, MSI_BASE, 0x41);
    RIG_NO_MESSAGE(rig);
    CHOOSE_EVENT(rig, rig_event(EVENT_CODE_PAGE_FAULT, high, 0, EVENT_I, MSI_BASE), "IO_PAGE_FAULT",
                 rig_event(EVENT_CODE_ILLEGAL_DTE, high, 0, EVENT_I, MSI_BASE),
                 "ILLEGAL_DEV_TABLE_ENTRY");
    passes(rig, MSI_BASE, 0x41);
}

static void unreadable_device_table(struct rig *rig)
{
    struct rig_event want;

    rig_enable_with(rig, 0);
    rig_write(rig, REG_DEVICE_TABLE, TARGET_ABSENT | 0xf);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    send(rig, 0x41);
    RIG_NO_MESSAGE(rig);
    struct rig_event event = TAKE_ONE(rig);
    want = rig_event(EVENT_CODE_DTE_HARDWARE, rig->device, 0, EVENT_I,
                     TARGET_ABSENT + 32 * (uint64_t)rig->device);
    CHECK_U64(event.word0 & ~(UINT64_C(3) << 57), want.word0);
    CHECK((event.word0 >> 57 & 3) != 0);
    CHECK_U64(event.word1, want.word1);
}

static void through_the_tunnel(struct rig *rig)
{
    uint64_t table = remap(rig, 8, 0);
    struct target_interrupt interrupt = {
        .device_id = rig->device, .address = MSI_BASE, .data = 0x41, .tunnel = true};

    set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    rig->target->ops->interrupt(rig->target, &interrupt);
    RIG_MESSAGE(rig, .vector = 0x41);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL | CONTROL_HT_TUN_EN);
    rig->target->ops->interrupt(rig->target, &interrupt);
    RIG_MESSAGE(rig, .vector = 0x52);
}

static void tables_do_not_matter(struct rig *rig)
{
    uint64_t page = lone_page(rig);
    uint64_t table = rig_page(rig);

    rig_enable(rig);
    rig_attach(rig, 3);
    rig_map(rig, MSI_BASE, page, 12, RIG_RW);
    struct rig_dte dte = attached(rig);
    rig_dte_remap(&dte, table, 8);
    rig_set_dte(rig, rig->device, dte);
    set_irte(rig, table, 0x41, IRTE_REMAP_EN | IRTE_VECTOR(0x52));
    send(rig, 0x41);
    RIG_MESSAGE(rig, .vector = 0x52);
    CHECK_U64(rig_load64(rig, page), 0);
    dte.q[0] &= ~RIG_RW;
    rig_set_dte(rig, rig->device, dte);
    send(rig, 0x41);
    RIG_MESSAGE(rig, .vector = 0x52);
}

static const struct requirement list[] = {
    REQUIREMENT("INT-001", "With IV=0, a fixed interrupt passes as it came", ENTRY, CAN_MSI,
                iv_clear_passes_interrupts),
    REQUIREMENT("INT-002",
                "With IntCtl=10b a fixed interrupt becomes what the entry of its vector says",
                SOURCE, CAN_MSI, remaps),
    REQUIREMENT("INT-003",
                "With IV=0 interrupts of every kind pass with all they say, whatever bits 255:129 "
                "are",
                ENTRY, CAN_MSI, iv_clear_all),
    REQUIREMENT("INT-004", "With IommuEn=0 interrupts of every kind pass", "1.20, control", CAN_MSI,
                off_all),
    REQUIREMENT("INT-005", "IntCtl=01b: fixed and arbitrated interrupts pass with all they say",
                ENTRY, CAN_MSI, int_ctl_01),
    CHOICE("INT-006", "IntCtl=00b: fixed and arbitrated interrupts are aborted; what is logged",
           ENTRY, CAN_MSI, int_ctl_00, "INVALID_DEVICE_REQUEST | nothing",
           "INVALID_DEVICE_REQUEST"),
    CHOICE("INT-007",
           "IntCtl=11b: fixed and arbitrated interrupts are aborted with ILLEGAL_DEV_TABLE_ENTRY",
           ENTRY, CAN_MSI, int_ctl_11, "RZ=1 | RZ=0", "RZ=1"),
    REQUIREMENT("INT-008", "IntCtl does not matter to SMI, NMI, INIT and ExtInt", ENTRY, CAN_MSI,
                int_ctl_of_other_classes),
    REQUIREMENT("INT-009", "SMI passes unmapped, logical or physical, whatever the table says",
                ENTRY, CAN_MSI, smi_passes),
    REQUIREMENT("INT-010",
                "NMIPass, InitPass and EIntPass each pass their own kind and no other, in all "
                "eight combinations",
                ENTRY, CAN_MSI, pass_bits),
    REQUIREMENT("INT-011", "NMI, INIT and ExtInt with DM=1 are aborted though their bit is set",
                ENTRY, CAN_MSI, logical_is_not_passed),
    CHOICE("INT-012", "Of an aborted NMI one thing is logged", ENTRY, CAN_MSI, not_passed_is_silent,
           "nothing | IO_PAGE_FAULT", "nothing"),
    CHOICE("INT-013", "Delivery modes 011b and 110b are aborted, whatever IntCtl says", ENTRY,
           CAN_MSI, reserved_modes, "nothing | an event", "nothing"),
    REQUIREMENT("INT-014", "Only fixed and arbitrated interrupts have the interrupt table read",
                SOURCE, CAN_MSI | CAN_TRACE, passed_classes_read_no_table),
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
    REQUIREMENT("INT-036", "The event of an interrupt has the address that was written",
                "1.20, event log", CAN_MSI, event_address),
    REQUIREMENT("INT-037", "The IO_PAGE_FAULT of an interrupt has all bits of the DomainID",
                "1.20, event log", CAN_MSI, event_domain),
    REQUIREMENT("INT-038",
                "With IV=1 each reserved bit of 255:129 aborts interrupts of every kind, with "
                "ILLEGAL_DEV_TABLE_ENTRY I=1 RZ=1",
                ENTRY, CAN_MSI, reserved_entry_bits),
    REQUIREMENT("INT-039", "Bits 127:1 of the entry do not matter to interrupts, reserved or not",
                ENTRY, CAN_MSI, low_half_unchecked),
    REQUIREMENT("INT-040", "V and TV do not matter to interrupts", ENTRY, CAN_MSI,
                v_and_tv_do_not_matter),
    CHOICE("INT-041", "An interrupt of a DeviceID beyond the table is aborted with one event",
           "1.20, device table base address", CAN_MSI | CAN_SECOND, beyond_the_device_table,
           "IO_PAGE_FAULT | ILLEGAL_DEV_TABLE_ENTRY", "IO_PAGE_FAULT"),
    REQUIREMENT("INT-042",
                "A device table that cannot be read aborts interrupts, with "
                "DEV_TAB_HARDWARE_ERROR I=1",
                "1.20, event log", CAN_MSI, unreadable_device_table),
    REQUIREMENT("INT-043", "HtTunEn decides whether interrupts through the tunnel are remapped",
                "1.20, control", CAN_MSI | CAN_TUNNEL | CAN_HT_TUNNEL_ON, through_the_tunnel),
    REQUIREMENT("INT-044", "Page tables and IR and IW do not matter to interrupts",
                "1.20, I/O page tables", CAN_MSI, tables_do_not_matter),
    LIST_END,
};

const struct requirement_area area_interrupts = {"INT", "Interrupt remapping", list};
