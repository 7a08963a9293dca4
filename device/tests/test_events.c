/* SPDX-License-Identifier: BSD-2-Clause */
/* The 16 bytes of every event, for every cause; and which events are suppressed. */
#include "expect.h"

#include <string.h>

#define V  BIT64(0)
#define TV BIT64(1)
#define IR BIT64(61)
#define IW BIT64(62)
#define SE BIT64(33) /* of quadword 1 */
#define SA BIT64(34)
#define IV BIT64(0) /* of quadword 2 */

#define MODE(n)    ((uint64_t)(n) << 9)
#define INT_CTL(n) ((uint64_t)(n) << 60)
#define INT_LEN(n) ((uint64_t)(n) << 1)

#define DEVICE 0x1234
#define IOVA   UINT64_C(0x3456789abf)
#define MSI    UINT64_C(0xfee12344)
#define ABSENT UINT64_C(0x000f000000000000)
#define IRT    UINT64_C(0x1000000) /* interrupt table: entries of rows are stored at its index 3 */

#define READ  AMDVI_ACCESS_READ
#define WRITE AMDVI_ACCESS_WRITE

/* A memory request of DEVICE, of domain ABCDh, and the bytes that are logged. */
struct memory_row {
    const char *cause;
    enum amdvi_access access;
    uint64_t iova;
    uint64_t word0; /* of the device table entry, besides V and its root */
    uint64_t entry; /* of level 1 for the IOVA, where the table has four levels */
    uint8_t bytes[16];
};

#define PAGED           (TV | IR | IW | MODE(4))
#define AT_IOVA         0xbf, 0x9a, 0x78, 0x56, 0x34, 0, 0, 0
#define AT_IOVA_ALIGNED 0xbc, 0x9a, 0x78, 0x56, 0x34, 0, 0, 0
#define OF_DEVICE       0x34, 0x12, 0, 0
#define PRESENT         (BIT64(0) | IR | IW)

static const struct memory_row memory_rows[] = {
    {"read, not present", READ, IOVA, PAGED, 0, {OF_DEVICE, 0xcd, 0xab, 0x00, 0x20, AT_IOVA}},
    {"write, not present", WRITE, IOVA, PAGED, 0, {OF_DEVICE, 0xcd, 0xab, 0x20, 0x20, AT_IOVA}},
    {"read, forbidden by the page",
     READ,
     IOVA,
     PAGED,
     BIT64(0) | IW,
     {OF_DEVICE, 0xcd, 0xab, 0x50, 0x20, AT_IOVA}},
    {"write, forbidden by the page",
     WRITE,
     IOVA,
     PAGED,
     BIT64(0) | IR,
     {OF_DEVICE, 0xcd, 0xab, 0x70, 0x20, AT_IOVA}},
    {"read, forbidden by the device table",
     READ,
     IOVA,
     TV | IW | MODE(4),
     PRESENT,
     {OF_DEVICE, 0xcd, 0xab, 0x50, 0x20, AT_IOVA}},
    {"write, forbidden by the device table, mode 0",
     WRITE,
     IOVA,
     TV | IR,
     0,
     {OF_DEVICE, 0xcd, 0xab, 0x70, 0x20, AT_IOVA}},
    {"read, reserved bit",
     READ,
     IOVA,
     PAGED,
     PRESENT | BIT64(58),
     {OF_DEVICE, 0xcd, 0xab, 0x90, 0x20, AT_IOVA}},
    {"write, reserved bit",
     WRITE,
     IOVA,
     PAGED,
     PRESENT | BIT64(52),
     {OF_DEVICE, 0xcd, 0xab, 0xb0, 0x20, AT_IOVA}},
    {"read, illegal NextLevel",
     READ,
     IOVA,
     PAGED,
     PRESENT | MODE(1),
     {OF_DEVICE, 0xcd, 0xab, 0x10, 0x20, AT_IOVA}},
    {"write, illegal NextLevel",
     WRITE,
     IOVA,
     PAGED,
     PRESENT | MODE(4),
     {OF_DEVICE, 0xcd, 0xab, 0x30, 0x20, AT_IOVA}},
    {"read, illegal page size",
     READ,
     IOVA,
     PAGED,
     PRESENT | MODE(7) | 0xff000,
     {OF_DEVICE, 0xcd, 0xab, 0x10, 0x20, AT_IOVA}},
    {"write, illegal page size",
     WRITE,
     IOVA,
     PAGED,
     PRESENT | MODE(7) | 0xff000,
     {OF_DEVICE, 0xcd, 0xab, 0x30, 0x20, AT_IOVA}},
    {"write, IOVA wider than the mode",
     WRITE,
     UINT64_C(0xa987654321f00dd1),
     PAGED,
     0,
     {OF_DEVICE, 0xcd, 0xab, 0x30, 0x20, 0xd1, 0x0d, 0xf0, 0x21, 0x43, 0x65, 0x87, 0xa9}},
    {"read, IOVA wider than the mode",
     READ,
     IOVA,
     TV | IR | IW | MODE(2),
     0,
     {OF_DEVICE, 0xcd, 0xab, 0x10, 0x20, AT_IOVA}},
    {"read, Mode 7",
     READ,
     IOVA,
     TV | IR | IW | MODE(7),
     0,
     {OF_DEVICE, 0, 0, 0x00, 0x10, AT_IOVA_ALIGNED}},
    {"write, Mode 7",
     WRITE,
     IOVA,
     TV | IR | IW | MODE(7),
     0,
     {OF_DEVICE, 0, 0, 0x20, 0x10, AT_IOVA_ALIGNED}},
    {"read, reserved bit of the device table",
     READ,
     IOVA,
     PAGED | BIT64(2),
     0,
     {OF_DEVICE, 0, 0, 0x80, 0x10, AT_IOVA_ALIGNED}},
    {"write, reserved bit of the device table",
     WRITE,
     IOVA,
     BIT64(63),
     0,
     {OF_DEVICE, 0, 0, 0xa0, 0x10, AT_IOVA_ALIGNED}},
    {"read, table in no memory",
     READ,
     IOVA,
     TV | IR | IW | MODE(4) | ABSENT,
     0,
     {OF_DEVICE, 0xcd, 0xab, 0x00, 0x42, 0, 0, 0, 0, 0, 0, 0x0f, 0}},
    {"write, table in no memory",
     WRITE,
     BIT64(39) * 5,
     TV | IR | IW | MODE(4) | ABSENT,
     0,
     {OF_DEVICE, 0xcd, 0xab, 0x20, 0x42, 0x28, 0, 0, 0, 0, 0, 0x0f, 0}},
    {"read in the MSI range",
     READ,
     MSI,
     PAGED,
     0,
     {OF_DEVICE, 0, 0, 0x00, 0x80, 0x44, 0x23, 0xe1, 0xfe, 0, 0, 0, 0}},
};

/* The bytes of the oldest event of the log, which is then taken out of it. */
static bool expect_bytes(struct machine *machine, const char *cause, const uint8_t *want)
{
    uint64_t spa = MACHINE_EVENTS + machine_reg(machine, AMDVI_REG_EVENT_LOG_HEAD);
    uint64_t word0;
    uint64_t word1;
    bool good = CHECK(memcmp(&machine->memory[spa], want, 16) == 0);

    if (!good) {
        printf("# %s:", cause);
        for (unsigned i = 0; i < 16; i++) {
            printf(" %02x", machine->memory[spa + i]);
        }
        printf("\n");
    }
    CHECK(machine_event_words(machine, &word0, &word1));
    return expect_no_event(machine) && good;
}

static void each_memory_cause(struct machine *machine)
{
    for (unsigned i = 0; i < CHECK_CASE_COUNT(memory_rows); i++) {
        const struct memory_row *row = &memory_rows[i];
        struct subject subject = {.machine = machine, .root = machine_table(machine), .mode = 4};
        if ((row->word0 & MODE(7)) == MODE(4) && row->entry != 0) {
            set_entry(&subject, row->iova, 1, row->entry);
        }
        uint64_t root = (row->word0 & ABSENT) != 0 ? 0 : subject.root;
        machine_set_dte_words(machine, DEVICE, V | row->word0 | root, 0xabcd, 0, 0);
        machine_invalidate_device(machine, DEVICE);
        machine_invalidate_pages(machine, 0xabcd, UINT64_C(0x7ffffffffffff000), true);
        CHECK(machine_wait(machine));
        struct amdvi_translation got =
            machine_translate(machine, DEVICE, row->iova, 1, row->access);
        CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED);
        expect_bytes(machine, row->cause, row->bytes);
    }
}

static void memory_requests_log_these_bytes(void)
{
    with_each_cache(each_memory_cause);
}

/* An interrupt of DEVICE, and the bytes that are logged. */
struct interrupt_row {
    const char *cause;
    uint64_t word2; /* of the device table entry */
    uint64_t word3;
    uint32_t irte;
    uint32_t data;
    uint8_t bytes[16];
};

#define AT_MSI   0x44, 0x23, 0xe1, 0xfe, 0, 0, 0, 0
#define REMAPPED (IV | INT_CTL(2) | INT_LEN(2) | IRT)

static const struct interrupt_row interrupt_rows[] = {
    {"index beyond the table", REMAPPED, 0, 0, 4, {OF_DEVICE, 0xcd, 0xab, 0x08, 0x20, AT_MSI}},
    {"RemapEn=0", REMAPPED, 0, 0, 3, {OF_DEVICE, 0xcd, 0xab, 0x08, 0x20, AT_MSI}},
    {"reserved bit of the entry",
     REMAPPED,
     0,
     0x01410001,
     3,
     {OF_DEVICE, 0xcd, 0xab, 0x98, 0x20, AT_MSI}},
    {"reserved IntType", REMAPPED, 0, 0x00410009, 3, {OF_DEVICE, 0xcd, 0xab, 0x98, 0x20, AT_MSI}},
    {"table in no memory",
     IV | INT_CTL(2) | INT_LEN(2) | ABSENT,
     0,
     0,
     3,
     {OF_DEVICE, 0xcd, 0xab, 0x08, 0x42, 0x08, 0, 0, 0, 0, 0, 0x0f, 0}},
    {"reserved bit of the device table", REMAPPED, 1, 0, 3, {OF_DEVICE, 0, 0, 0x88, 0x10, AT_MSI}},
    {"IntTabLen 12",
     IV | INT_CTL(2) | INT_LEN(12) | IRT,
     0,
     0,
     3,
     {OF_DEVICE, 0, 0, 0x08, 0x10, AT_MSI}},
    {"IntCtl 11", IV | INT_CTL(3), 0, 0, 3, {OF_DEVICE, 0, 0, 0x88, 0x10, AT_MSI}},
    {"IntCtl 00", IV, 0, 0, 3, {OF_DEVICE, 0, 0, 0x00, 0x8a, AT_MSI}},
};

static void each_interrupt_cause(struct machine *machine)
{
    for (unsigned i = 0; i < CHECK_CASE_COUNT(interrupt_rows); i++) {
        const struct interrupt_row *row = &interrupt_rows[i];
        machine_write32(machine, IRT + 12, row->irte);
        machine_set_dte_words(machine, DEVICE, V | TV, 0xabcd, row->word2, row->word3);
        machine_invalidate_device(machine, DEVICE);
        machine_invalidate_interrupts(machine, DEVICE);
        CHECK(machine_wait(machine));
        struct amdvi_remapped got = machine_interrupt(machine, DEVICE, MSI, row->data);
        CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED);
        expect_bytes(machine, row->cause, row->bytes);
    }
}

static void interrupts_log_these_bytes(void)
{
    with_each_cache(each_interrupt_cause);
}

static void table_errors(struct machine *machine)
{
    static const uint8_t absent_read[] = {OF_DEVICE, 0, 0, 0x00, 0x32, 0x80, 0x46,
                                          0x02,      0, 0, 0,    0x0f, 0};
    static const uint8_t absent_write[] = {OF_DEVICE, 0, 0, 0x20, 0x32, 0x80, 0x46,
                                           0x02,      0, 0, 0,    0x0f, 0};
    static const uint8_t absent_interrupt[] = {OF_DEVICE, 0, 0, 0x08, 0x32, 0x80, 0x46,
                                               0x02,      0, 0, 0,    0x0f, 0};
    static const uint8_t data_read[] = {OF_DEVICE, 0, 0, 0x00, 0x36, 0x80, 0x46,
                                        0x12,      0, 0, 0,    0,    0};
    static const uint8_t beyond[] = {OF_DEVICE, 0, 0, 0x20, 0x20, AT_IOVA};

    machine_set_reg(machine, AMDVI_REG_DEV_TAB_BASE, ABSENT | 0x1ff);
    machine_translate(machine, DEVICE, IOVA, 1, READ);
    expect_bytes(machine, "read, device table in no memory", absent_read);
    machine_translate(machine, DEVICE, IOVA, 1, WRITE);
    expect_bytes(machine, "write, device table in no memory", absent_write);
    machine_interrupt(machine, DEVICE, MSI, 0);
    expect_bytes(machine, "interrupt, device table in no memory", absent_interrupt);
    /* The entry at 100000h + 32 * 1234h fails. */
    machine_set_reg(machine, AMDVI_REG_DEV_TAB_BASE, MACHINE_DEVICE_TABLE | 0x1ff);
    machine->bad_page = MACHINE_DEVICE_TABLE + 0x24000;
    machine_translate(machine, DEVICE, IOVA, 1, READ);
    expect_bytes(machine, "read, device table in bad memory", data_read);
    machine->bad_page = 0;
    /* 1234h is entry 52 of table page 36: the table ends before. */
    machine_set_reg(machine, AMDVI_REG_DEV_TAB_BASE, MACHINE_DEVICE_TABLE | 0x23);
    machine_translate(machine, DEVICE, IOVA, 1, WRITE);
    expect_bytes(machine, "write, device beyond the table", beyond);
}

static void device_table_errors_log_these_bytes(void)
{
    with_each_cache(table_errors);
}

static void command_errors(struct machine *machine)
{
    static const uint8_t illegal[] = {0, 0, 0, 0, 0, 0, 0, 0x50, 0x10, 0, 0x40, 0, 0, 0, 0, 0};
    static const uint8_t fetch[] = {0, 0, 0, 0, 0, 0, 0, 0x62, 0, 0, 0, 0, 0, 0, 0x0f, 0};

    machine_invalidate_device(machine, DEVICE);
    machine_queue_words(machine, UINT64_C(0xf) << 60, 0);
    machine_kick(machine);
    expect_bytes(machine, "illegal command", illegal);
    uint64_t control = machine_reg(machine, AMDVI_REG_CONTROL);
    machine_set_reg(machine, AMDVI_REG_CONTROL, control & ~BIT64(12));
    machine_set_reg(machine, AMDVI_REG_CMD_BUF_BASE, ABSENT | UINT64_C(8) << 56);
    machine_set_reg(machine, AMDVI_REG_CMD_BUF_TAIL, 16);
    machine_set_reg(machine, AMDVI_REG_CONTROL, control);
    expect_bytes(machine, "command in no memory", fetch);
}

static void commands_log_these_bytes(void)
{
    with_each_cache(command_errors);
}

/* A device that is refused everything, with SE and SA as asked. */
static struct subject suppressing(struct machine *machine, uint64_t bits)
{
    struct subject subject = subject_unset(machine);

    machine_set_dte_words(machine, subject.device_id, V | TV, bits | subject.domain_id, 0, 0);
    return subject;
}

/* One refused request, logged or not. */
static void request(const struct subject *subject, uint64_t iova, enum amdvi_access access,
                    bool is_logged)
{
    struct amdvi_translation got =
        machine_translate(subject->machine, subject->device_id, iova, 8, access);

    CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED);
    if (is_logged) {
        expect_event(subject->machine,
                     event_word(CODE_PAGE_FAULT, subject->device_id, subject->domain_id,
                                FLAG_PR | FLAG_PE | rw_flag(access)),
                     iova);
    }
    expect_no_event(subject->machine);
}

static void suppress_more(struct machine *machine)
{
    struct subject first = suppressing(machine, SE);
    struct subject second = suppressing(machine, SE);
    struct subject loud = suppressing(machine, 0);

    for (unsigned round = 0; round < 3; round++) {
        request(&first, 0x5000, READ, true);
        for (unsigned i = 0; i < 3; i++) {
            request(&first, 0x5000, READ, false);
            request(&first, 0x6000, WRITE, false);
            /* Others push its entry out of a small cache, and have their own first. */
            request(&loud, 0x5000, READ, true);
            request(&second, 0x7000, WRITE, round == 0 && i == 0);
        }
        machine_invalidate_device(machine, loud.device_id);
        CHECK(machine_wait(machine));
        request(&first, 0x5000, READ, false);
        machine_invalidate_pages(machine, first.domain_id, UINT64_C(0x7ffffffffffff000), true);
        machine_invalidate_interrupts(machine, first.device_id);
        CHECK(machine_wait(machine));
        request(&first, 0x5000, READ, false);
        machine_invalidate_device(machine, first.device_id);
        CHECK(machine_wait(machine));
    }
}

static void se_logs_the_first_until_the_entry_is_invalidated(void)
{
    with_each_cache(suppress_more);
}

static void not_the_first(struct machine *machine)
{
    struct subject subject = suppressing(machine, SE);
    uint64_t control = machine_reg(machine, AMDVI_REG_CONTROL);

    /* Neither other events, nor a fault that was not logged. */
    expect_refusal(&subject, MSI, READ,
                   event_word(CODE_INVALID_REQ, subject.device_id, 0, TYPE_INVALID(0)), MSI);
    machine_set_reg(machine, AMDVI_REG_CONTROL, control & ~BIT64(2));
    request(&subject, 0x5000, READ, false);
    machine_set_reg(machine, AMDVI_REG_CONTROL, control);
    request(&subject, 0x5000, READ, true);
    request(&subject, 0x5000, READ, false);
    /* Nor one of an interrupt, which SE does not speak of. */
    subject = suppressing(machine, SE);
    machine_set_dte_words(machine, subject.device_id, V | TV, SE | subject.domain_id, REMAPPED, 0);
    machine_interrupt(machine, subject.device_id, MSI, 9);
    expect_only_event(
        machine, event_word(CODE_PAGE_FAULT, subject.device_id, subject.domain_id, FLAG_I), MSI);
    request(&subject, 0x5000, READ, true);
    request(&subject, 0x5000, READ, false);
}

static void only_a_logged_page_fault_is_the_first(void)
{
    with_each_cache(not_the_first);
}

static void many_devices(struct machine *machine)
{
    struct subject subjects[100];

    for (unsigned i = 0; i < 100; i++) {
        subjects[i] = suppressing(machine, SE);
        request(&subjects[i], 0x5000, READ, true);
    }
    for (unsigned i = 0; i < 100; i++) {
        request(&subjects[i], 0x5000, READ, false);
    }
}

static void se_is_kept_for_each_of_many_devices(void)
{
    with_each_cache(many_devices);
}

static void reset_rearms(struct machine *machine)
{
    struct subject subject = suppressing(machine, SE);
    uint64_t regs[4];

    for (unsigned i = 0; i < 4; i++) {
        regs[i] = machine_reg(machine, (enum amdvi_reg)i);
    }
    request(&subject, 0x5000, READ, true);
    request(&subject, 0x5000, READ, false);
    amdvi_iommu_reset(machine->iommu);
    for (unsigned i = 0; i < 4; i++) {
        machine_set_reg(machine, (enum amdvi_reg)i, regs[i]);
    }
    request(&subject, 0x5000, READ, true);
    request(&subject, 0x5000, READ, false);
}

static void a_reset_arms_se_again(void)
{
    with_each_cache(reset_rearms);
}

static void suppress_all(struct machine *machine)
{
    const uint64_t bits[] = {SA, SA | SE};

    for (unsigned i = 0; i < 2; i++) {
        struct subject subject = suppressing(machine, bits[i]);
        for (unsigned k = 0; k < 3; k++) {
            request(&subject, 0x5000, READ, false);
            request(&subject, 0x5000, WRITE, false);
        }
        /* Nothing was logged, so that after a change to SE the first one is. */
        machine_set_dte_words(machine, subject.device_id, V | TV, SE | subject.domain_id, 0, 0);
        machine_invalidate_device(machine, subject.device_id);
        CHECK(machine_wait(machine));
        request(&subject, 0x5000, READ, true);
        request(&subject, 0x5000, READ, false);
    }
}

static void sa_logs_no_page_fault(void)
{
    with_each_cache(suppress_all);
}

static void other_events(struct machine *machine)
{
    const uint64_t bits[] = {SE, SA, SE | SA};

    for (unsigned i = 0; i < 3; i++) {
        struct subject subject = suppressing(machine, bits[i]);
        request(&subject, 0x5000, READ, (bits[i] & SA) == 0);
        request(&subject, 0x5000, READ, false);
        expect_refusal(&subject, MSI, READ,
                       event_word(CODE_INVALID_REQ, subject.device_id, 0, TYPE_INVALID(0)), MSI);
        uint64_t word1 = bits[i] | subject.domain_id;
        machine_set_dte_words(machine, subject.device_id, V | TV | IR | MODE(7), word1, REMAPPED,
                              0);
        machine_invalidate_device(machine, subject.device_id);
        CHECK(machine_wait(machine));
        expect_refusal(&subject, 0x5000, READ,
                       event_word(CODE_ILLEGAL_DTE, subject.device_id, 0, 0), 0x5000);
        /* Interrupts have IG and SupIOPF instead. */
        for (unsigned k = 0; k < 2; k++) {
            machine_interrupt(machine, subject.device_id, MSI, 9);
            expect_only_event(
                machine, event_word(CODE_PAGE_FAULT, subject.device_id, subject.domain_id, FLAG_I),
                MSI);
        }
        machine_set_dte_words(machine, subject.device_id, V | TV | IR | MODE(4) | ABSENT, word1, 0,
                              0);
        machine_invalidate_device(machine, subject.device_id);
        CHECK(machine_wait(machine));
        expect_refusal(
            &subject, 0, READ,
            event_word(CODE_PAGE_ERROR, subject.device_id, subject.domain_id, TYPE_ABSENT), ABSENT);
    }
}

static void se_and_sa_suppress_nothing_else(void)
{
    with_each_cache(other_events);
}

static void quiet_requests(struct machine *machine)
{
    struct subject subject = suppressing(machine, SE);
    struct amdvi_request quiet = {.device_id = subject.device_id,
                                  .access = AMDVI_ACCESS_WRITE,
                                  .iova = 0x5000,
                                  .size_bytes = 8,
                                  .quiet = true};
    struct amdvi_translation got = {.outcome = AMDVI_OUTCOME_TRANSLATED};

    for (unsigned i = 0; i < 2; i++) {
        CHECK_U64(amdvi_iommu_translate(machine->reader, &quiet, &got), AMDVI_OK);
        CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED);
        got.outcome = AMDVI_OUTCOME_TRANSLATED;
        CHECK_U64(amdvi_iommu_peek(machine->iommu, &quiet, &got), AMDVI_OK);
        CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED);
        quiet.quiet = i != 0;
        CHECK_U64(amdvi_iommu_peek(machine->iommu, &quiet, &got), AMDVI_OK);
        quiet.quiet = true;
        expect_no_event(machine);
    }
    request(&subject, 0x5000, READ, true);
    request(&subject, 0x5000, READ, false);
}

static void a_quiet_request_is_not_the_first(void)
{
    with_each_cache(quiet_requests);
}

static const struct check_case cases[] = {
    {"a refused memory request logs exactly these bytes, for each cause (Q5, Q6, Q7, Q18, O1)",
     "1.20 event log", memory_requests_log_these_bytes},
    {"a refused interrupt logs exactly these bytes, for each cause (Q23, O1)", "1.20 event log",
     interrupts_log_these_bytes},
    {"what is wrong with the device table logs exactly these bytes (O1, V13)", "1.20 event log",
     device_table_errors_log_these_bytes},
    {"a command in error logs exactly these bytes (Q9, O1)", "1.20 event log",
     commands_log_these_bytes},
    {"with SE the first page fault is logged, until INVALIDATE_DEVTAB_ENTRY of that device (Q19, "
     "V4, O11)",
     "1.20 device table entry", se_logs_the_first_until_the_entry_is_invalidated},
    {"SE's first is a page fault of a memory request that was logged, and nothing else (Q19)",
     "1.20 device table entry", only_a_logged_page_fault_is_the_first},
    {"SE is kept for each of many devices, whatever the caches hold (Q19)",
     "1.20 device table entry", se_is_kept_for_each_of_many_devices},
    {"a reset arms SE again", "1.20 device table entry", a_reset_arms_se_again},
    {"with SA no page fault of a memory request is logged (Q19, O11)", "1.20 device table entry",
     sa_logs_no_page_fault},
    {"SE and SA suppress neither other events nor those of interrupts", "1.20 IO_PAGE_FAULT",
     se_and_sa_suppress_nothing_else},
    {"a quiet request logs nothing and does not count as SE's first", "1.20 device table entry",
     a_quiet_request_is_not_the_first},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
