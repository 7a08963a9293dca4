/* SPDX-License-Identifier: BSD-2-Clause */
/* The event log as a ring: its pointers, its interrupt, its overflow and how it is left. */
#include "expect.h"

#define CONTROL AMDVI_REG_CONTROL
#define STATUS  AMDVI_REG_STATUS
#define BASE    AMDVI_REG_EVENT_LOG_BASE
#define HEAD    AMDVI_REG_EVENT_LOG_HEAD
#define TAIL    AMDVI_REG_EVENT_LOG_TAIL

#define IOMMU_EN     BIT64(0)
#define EVENT_LOG_EN BIT64(2)
#define EVENT_INT_EN BIT64(3)

#define EVENT_OVERFLOW BIT64(0)
#define EVENT_LOG_INT  BIT64(1)
#define EVENT_LOG_RUN  BIT64(3)
#define EVENT_BITS     (EVENT_OVERFLOW | EVENT_LOG_INT | EVENT_LOG_RUN)

#define CODE_IOTLB_TIMEOUT 7

#define DEVICE  0x0123
#define DOMAIN  0x0042
#define ENTRIES 256

/* A device that is refused everything, and a log of 256 entries. */
static void start(struct machine *machine, unsigned cache, uint64_t control)
{
    machine_start(machine, &machine_cache_sizes[cache]);
    machine_set_dte_words(machine, DEVICE, 3, DOMAIN, 0, 0);
    machine_set_reg(machine, CONTROL, control);
}

static uint64_t status(struct machine *machine)
{
    return machine_reg(machine, STATUS) & EVENT_BITS;
}

/* One refused read, at an address that tells it from the others. */
static void fault(struct machine *machine, uint64_t number)
{
    struct amdvi_translation got =
        machine_translate(machine, DEVICE, number << 12, 8, AMDVI_ACCESS_READ);

    CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED);
}

static void faults(struct machine *machine, uint64_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        fault(machine, first + i);
    }
}

static bool expect_numbers(struct machine *machine, uint64_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (!expect_event(machine, event_word(CODE_PAGE_FAULT, DEVICE, DOMAIN, FLAG_PR | FLAG_PE),
                          (first + i) << 12)) {
            printf("# event %" PRIu64 "\n", i);
            return false;
        }
    }
    return true;
}

static void wraps(void)
{
    for (unsigned log2 = 8; log2 <= 15; log2++) {
        struct machine machine;
        uint64_t entries = BIT64(log2);
        start(&machine, log2 % 3, IOMMU_EN);
        machine_set_reg(&machine, BASE, MACHINE_EVENTS | (uint64_t)log2 << 56);
        machine_set_reg(&machine, HEAD, 16 * (entries - 3));
        machine_set_reg(&machine, TAIL, 16 * (entries - 3));
        machine_set_reg(&machine, CONTROL, IOMMU_EN | EVENT_LOG_EN);
        faults(&machine, 0, 2);
        CHECK_U64(machine_reg(&machine, TAIL), 16 * (entries - 1));
        fault(&machine, 2);
        CHECK_U64(machine_reg(&machine, TAIL), 0);
        faults(&machine, 3, 2);
        CHECK_U64(machine_reg(&machine, TAIL), 32);
        CHECK_U64(machine_read64(&machine, MACHINE_EVENTS + 16 * (entries - 1) + 8), 2 << 12);
        CHECK_U64(machine_read64(&machine, MACHINE_EVENTS + 8), 3 << 12);
        CHECK_U64(machine_read64(&machine, MACHINE_EVENTS + 16 * entries), 0);
        expect_numbers(&machine, 0, 5);
        expect_no_event(&machine);
        CHECK_U64(status(&machine), EVENT_LOG_INT | EVENT_LOG_RUN);
        machine_stop(&machine);
    }
}

static void overflow_of(unsigned cache, uint64_t start_at, uint64_t interrupt)
{
    struct machine machine;
    const uint64_t on = IOMMU_EN | EVENT_LOG_EN | interrupt;

    start(&machine, cache, IOMMU_EN);
    machine_set_reg(&machine, HEAD, 16 * start_at);
    machine_set_reg(&machine, TAIL, 16 * start_at);
    machine_set_reg(&machine, CONTROL, on);
    faults(&machine, 0, ENTRIES - 1);
    CHECK_U64(status(&machine), EVENT_LOG_INT | EVENT_LOG_RUN);
    CHECK_U64(machine_reg(&machine, TAIL), 16 * ((start_at + ENTRIES - 1) % ENTRIES));
    CHECK_U64(machine.msis, interrupt != 0);
    fault(&machine, ENTRIES - 1);
    CHECK_U64(status(&machine), EVENT_LOG_INT | EVENT_OVERFLOW);
    CHECK_U64(machine_reg(&machine, TAIL), 16 * ((start_at + ENTRIES - 1) % ENTRIES));
    CHECK_U64(machine.msis, interrupt != 0 ? 2 : 0);
    CHECK_U64(machine_reg(&machine, CONTROL), on);
    faults(&machine, 1000, 3);
    CHECK_U64(machine.msis, interrupt != 0 ? 2 : 0);
    expect_numbers(&machine, 0, ENTRIES - 1);
    expect_no_event(&machine);
    /* Room alone does not start it again. */
    faults(&machine, 2000, 3);
    expect_no_event(&machine);
    CHECK_U64(status(&machine), EVENT_LOG_INT | EVENT_OVERFLOW);
    machine_stop(&machine);
}

static void overflows(void)
{
    overflow_of(0, 0, EVENT_INT_EN);
    overflow_of(1, 1, EVENT_INT_EN);
    overflow_of(2, 255, EVENT_INT_EN);
    overflow_of(0, 0, 0);
    overflow_of(2, 100, 0);
}

/* A log that has overflowed and was emptied. */
static void start_overflowed(struct machine *machine)
{
    start(machine, 2, IOMMU_EN | EVENT_LOG_EN);
    faults(machine, 0, ENTRIES);
    expect_numbers(machine, 0, ENTRIES - 1);
    CHECK_U64(status(machine), EVENT_LOG_INT | EVENT_OVERFLOW);
}

/* It runs again, or it does not. */
static void expect_running(struct machine *machine, bool is_running)
{
    CHECK_U64(status(machine) & EVENT_LOG_RUN, is_running ? EVENT_LOG_RUN : 0);
    fault(machine, 7777);
    if (is_running) {
        expect_numbers(machine, 7777, 1);
    }
    expect_no_event(machine);
}

/* What software does to get out: c clears EventOverflow, 0 and 1 write EventLogEn, h moves head. */
static void do_steps(struct machine *machine, const char *steps)
{
    for (; *steps != '\0'; steps++) {
        switch (*steps) {
        case 'c':
            machine_set_reg(machine, STATUS, EVENT_OVERFLOW);
            break;
        case '0':
            machine_set_reg(machine, CONTROL, IOMMU_EN);
            break;
        case '1':
            machine_set_reg(machine, CONTROL, IOMMU_EN | EVENT_LOG_EN);
            break;
        case 'o':
            machine_set_reg(machine, CONTROL, EVENT_LOG_EN);
            break;
        case 'x':
            machine_set_reg(machine, CONTROL, 0);
            break;
        default:
            machine_set_reg(machine, HEAD, machine_reg(machine, TAIL));
            break;
        }
    }
}

static void restart_orders(void)
{
    static const struct {
        const char *steps;
        bool restarts;
    } rows[] = {
        {"", false},   {"h", false},    {"c", false},   {"ch", false},  {"1", false},
        {"01", false}, {"01c", false},  {"0", false},   {"0c", false},  {"c1", false},
        {"x1", false}, {"o1", false},   {"o1c", false}, {"1c1", false}, {"c0", false},
        {"c01", true}, {"0c1", true},   {"co1", true},  {"oc1", true},  {"cx1", true},
        {"xc1", true}, {"01c01", true}, {"h0c1", true},
    };

    for (unsigned i = 0; i < CHECK_CASE_COUNT(rows); i++) {
        struct machine machine;
        start_overflowed(&machine);
        do_steps(&machine, rows[i].steps);
        uint64_t before = machine_reg(&machine, TAIL);
        expect_running(&machine, rows[i].restarts);
        if (!CHECK_U64(machine_reg(&machine, TAIL) != before, rows[i].restarts)) {
            printf("# after the steps %s\n", rows[i].steps);
        }
        machine_stop(&machine);
    }
}

static void restarted_when_full(void)
{
    struct machine machine;

    /* Restarted without having read anything: the next event overflows again. */
    start(&machine, 2, IOMMU_EN | EVENT_LOG_EN | EVENT_INT_EN);
    faults(&machine, 0, ENTRIES);
    CHECK_U64(machine.msis, 2);
    machine_set_reg(&machine, STATUS, EVENT_OVERFLOW | EVENT_LOG_INT);
    machine_set_reg(&machine, CONTROL, IOMMU_EN | EVENT_INT_EN);
    machine_set_reg(&machine, CONTROL, IOMMU_EN | EVENT_LOG_EN | EVENT_INT_EN);
    CHECK_U64(status(&machine), EVENT_LOG_RUN);
    CHECK_U64(machine.msis, 2);
    fault(&machine, 5000);
    CHECK_U64(status(&machine), EVENT_OVERFLOW);
    CHECK_U64(machine.msis, 3);
    expect_numbers(&machine, 0, ENTRIES - 1);
    expect_no_event(&machine);
    machine_stop(&machine);
}

static void late_interrupt_enable(void)
{
    struct machine machine;
    const uint64_t on = IOMMU_EN | EVENT_LOG_EN;

    start(&machine, 2, on);
    fault(&machine, 1);
    CHECK_U64(status(&machine), EVENT_LOG_INT | EVENT_LOG_RUN);
    CHECK_U64(machine.msis, 0);
    machine_set_reg(&machine, CONTROL, on | EVENT_INT_EN);
    CHECK_U64(machine.msis, 1);
    machine_set_reg(&machine, CONTROL, on | EVENT_INT_EN);
    fault(&machine, 2);
    CHECK_U64(machine.msis, 1);
    /* Off and on again: the condition becomes true once more. */
    machine_set_reg(&machine, CONTROL, on);
    CHECK_U64(machine.msis, 1);
    machine_set_reg(&machine, CONTROL, on | EVENT_INT_EN);
    CHECK_U64(machine.msis, 2);
    machine_stop(&machine);
}

static void interrupt_edges(void)
{
    struct machine machine;

    start(&machine, 2, IOMMU_EN | EVENT_LOG_EN | EVENT_INT_EN);
    faults(&machine, 0, 3);
    CHECK_U64(machine.msis, 1);
    machine_set_reg(&machine, STATUS, 0);
    machine_set_reg(&machine, STATUS, EVENT_OVERFLOW);
    fault(&machine, 3);
    CHECK_U64(machine.msis, 1);
    machine_set_reg(&machine, STATUS, EVENT_LOG_INT);
    CHECK_U64(status(&machine), EVENT_LOG_RUN);
    CHECK_U64(machine.msis, 1);
    faults(&machine, 4, 2);
    CHECK_U64(machine.msis, 2);
    /* Without EventIntEn the status bit alone is set. */
    machine_set_reg(&machine, STATUS, EVENT_LOG_INT);
    machine_set_reg(&machine, CONTROL, IOMMU_EN | EVENT_LOG_EN);
    fault(&machine, 6);
    CHECK_U64(status(&machine), EVENT_LOG_INT | EVENT_LOG_RUN);
    CHECK_U64(machine.msis, 2);
    machine_set_reg(&machine, STATUS, EVENT_LOG_INT);
    machine_set_reg(&machine, CONTROL, IOMMU_EN | EVENT_LOG_EN | EVENT_INT_EN);
    CHECK_U64(machine.msis, 2);
    expect_numbers(&machine, 0, 7);
    machine_stop(&machine);
}

static void log_off(void)
{
    struct machine machine;

    start(&machine, 2, IOMMU_EN | EVENT_INT_EN);
    faults(&machine, 0, 3);
    CHECK_U64(status(&machine), 0);
    CHECK_U64(machine_reg(&machine, TAIL), 0);
    CHECK_U64(machine_read64(&machine, MACHINE_EVENTS), 0);
    CHECK_U64(machine.msis, 0);
    /* Dropped is not overflown, and the log goes on where it was. */
    machine_set_reg(&machine, CONTROL, IOMMU_EN | EVENT_LOG_EN);
    faults(&machine, 3, 2);
    machine_set_reg(&machine, CONTROL, IOMMU_EN);
    CHECK_U64(status(&machine), EVENT_LOG_INT);
    fault(&machine, 5);
    CHECK_U64(machine_reg(&machine, TAIL), 32);
    machine_set_reg(&machine, CONTROL, IOMMU_EN | EVENT_LOG_EN);
    fault(&machine, 6);
    expect_numbers(&machine, 3, 2);
    expect_numbers(&machine, 6, 1);
    expect_no_event(&machine);
    machine_stop(&machine);
}

static void iommu_off(void)
{
    struct machine machine;

    start(&machine, 2, EVENT_LOG_EN | EVENT_INT_EN);
    struct amdvi_translation got =
        machine_translate(&machine, DEVICE, 0x5000, 8, AMDVI_ACCESS_READ);
    CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
    CHECK_U64(status(&machine), 0);
    expect_no_event(&machine);
    machine_set_reg(&machine, CONTROL, EVENT_LOG_EN | EVENT_INT_EN | IOMMU_EN);
    fault(&machine, 1);
    expect_numbers(&machine, 1, 1);
    machine_stop(&machine);
}

/* A log that cannot be written: requests are refused all the same, and nothing else happens. */
static void unwritable_log(uint64_t base, uint64_t bad_page)
{
    struct machine machine;

    start(&machine, 2, IOMMU_EN);
    machine.bad_page = bad_page;
    machine_set_reg(&machine, BASE, base | UINT64_C(8) << 56);
    machine_set_reg(&machine, CONTROL, IOMMU_EN | EVENT_LOG_EN | EVENT_INT_EN);
    faults(&machine, 0, 600);
    /* Nothing arrived, so nothing is told. */
    CHECK_U64(machine_reg(&machine, TAIL), 0);
    CHECK_U64(status(&machine), EVENT_LOG_RUN);
    CHECK_U64(machine.msis, 0);
    machine_set_dte_words(&machine, 0x222, 0, 0, 0, 0);
    struct amdvi_translation got = machine_translate(&machine, 0x222, 0x5000, 8, AMDVI_ACCESS_READ);
    CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
    machine_stop(&machine);
}

static void no_log(void)
{
    unwritable_log(UINT64_C(0x000f000000000000), 0);
    unwritable_log(MACHINE_EVENTS, MACHINE_EVENTS);
    unwritable_log(UINT64_C(0xfed90000), 0);
}

static void never_programmed(void)
{
    struct machine_options options = {.unprogrammed = true};
    struct machine machine;

    machine_start(&machine, &options);
    machine_set_dte_words(&machine, DEVICE, 3, DOMAIN, 0, 0);
    machine_set_reg(&machine, AMDVI_REG_DEV_TAB_BASE, MACHINE_DEVICE_TABLE | 0x1ff);
    machine_set_reg(&machine, CONTROL, IOMMU_EN | EVENT_LOG_EN | EVENT_INT_EN);
    /* After reset the log is 256 entries at 0: that is where they go. */
    faults(&machine, 0, ENTRIES);
    CHECK_U64(status(&machine), EVENT_LOG_INT | EVENT_OVERFLOW);
    expect_numbers(&machine, 0, ENTRIES - 1);
    machine_stop(&machine);
}

static void base_write_empties(void)
{
    struct machine machine;

    start(&machine, 2, IOMMU_EN | EVENT_LOG_EN);
    faults(&machine, 0, 3);
    machine_set_reg(&machine, CONTROL, IOMMU_EN);
    machine_set_reg(&machine, BASE, (MACHINE_EVENTS + 0x10000) | UINT64_C(9) << 56);
    machine_set_reg(&machine, CONTROL, IOMMU_EN | EVENT_LOG_EN);
    expect_no_event(&machine);
    fault(&machine, 9);
    CHECK_U64(machine_read64(&machine, MACHINE_EVENTS + 0x10008), 9 << 12);
    expect_numbers(&machine, 9, 1);
    machine_stop(&machine);
}

/* The event of an interrupt that is refused, and of one at a translation request. */
static void interrupts_of_interrupts(void)
{
    struct amdvi_features features = {.va_size_bits = 64, .pa_size_bits = 52, .iotlb_sup = true};
    struct machine_options options = machine_cache_sizes[2];
    struct machine machine;
    struct amdvi_ats_completion completion;
    options.features = &features;

    machine_start(&machine, &options);
    machine_set_dte_words(&machine, DEVICE, 0, 0, 1, 0); /* IV, IntCtl=00b */
    CHECK_U64(machine_interrupt(&machine, DEVICE, 0xfee00000, 1).outcome, AMDVI_OUTCOME_ABORTED);
    CHECK_U64(atomic_load(&machine.msis), 1);
    CHECK_U64(status(&machine), EVENT_LOG_INT | EVENT_LOG_RUN);
    machine_set_reg(&machine, STATUS, EVENT_LOG_INT);
    amdvi_iommu_ats_translate(machine.reader, DEVICE, 0x5000, &completion);
    CHECK_U64(atomic_load(&machine.msis), 2);
    CHECK_U64(machine_reg(&machine, TAIL), 0x20);
    machine_stop(&machine);
}

/* SE speaks of page faults only, also of a device whose first one is logged already. */
static void timeouts_under_se(void)
{
    const uint64_t timeout = UINT64_C(2) << 5; /* InvTimeOut: 10 ms */
    struct amdvi_features features = {.va_size_bits = 64, .pa_size_bits = 52, .iotlb_sup = true};
    struct machine_options options = machine_cache_sizes[2];
    struct machine machine;
    options.features = &features;

    machine_start(&machine, &options);
    machine_set_reg(&machine, CONTROL, machine_reg(&machine, CONTROL) | timeout);
    machine_set_dte_words(&machine, DEVICE, 3, DOMAIN | BIT64(33), 0, 0);
    fault(&machine, 1);
    fault(&machine, 2);
    expect_numbers(&machine, 1, 1);
    expect_no_event(&machine);
    amdvi_reader_release(machine.reader);
    for (unsigned i = 0; i < 3; i++) {
        struct amdvi_command command = {.opcode = AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES,
                                        .device_id = DEVICE,
                                        .queue_id = DEVICE,
                                        .address = 0x5000};
        machine_command(&machine, &command);
        machine_pass(&machine, 10000000);
        expect_only_event(&machine, event_word(CODE_IOTLB_TIMEOUT, DEVICE, 0, 0),
                          MACHINE_COMMANDS + 16 * (uint64_t)i);
        CHECK_U64(machine.log_lines, i + 1);
    }
    fault(&machine, 3); /* nor do they count as one */
    expect_no_event(&machine);
    machine_stop(&machine);
}

/* An event that is not a page fault is none for SE: the first page fault after it is logged. */
static void a_timeout_before_the_first_fault(void)
{
    struct amdvi_features features = {.va_size_bits = 64, .pa_size_bits = 52, .iotlb_sup = true};
    struct machine_options options = machine_cache_sizes[0];
    struct machine machine;
    options.features = &features;

    machine_start(&machine, &options);
    amdvi_reader_release(machine.reader);
    machine_set_reg(&machine, CONTROL, machine_reg(&machine, CONTROL) | UINT64_C(1) << 5);
    machine_set_dte_words(&machine, DEVICE, 3, DOMAIN | BIT64(33), 0, 0);
    struct amdvi_command command = {
        .opcode = AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES, .device_id = DEVICE, .address = 0x5000};
    machine_command(&machine, &command);
    machine_pass(&machine, 1000000);
    expect_only_event(&machine, event_word(CODE_IOTLB_TIMEOUT, DEVICE, 0, 0), MACHINE_COMMANDS);
    fault(&machine, 7);
    expect_numbers(&machine, 7, 1);
    fault(&machine, 8);
    expect_no_event(&machine);
    machine_stop(&machine);
}

static const struct check_case cases[] = {
    {"events are stored in order and the tail wraps, for every length", "1.20 event log", wraps},
    {"of 256 entries 255 are stored, and the 256th event overflows, also with EventIntEn=0 (Q13)",
     "1.20 event log overflow", overflows},
    {"after an overflow only EventLogEn or IommuEn 0 to 1 with EventOverflow clear starts the log",
     "1.20 event log overflow", restart_orders},
    {"a log restarted while full overflows again", "1.20 event log overflow", restarted_when_full},
    {"an event of before EventIntEn raises the interrupt when EventIntEn is set",
     "1.20 event log interrupt", late_interrupt_enable},
    {"the interrupt comes when EventLogInt AND EventIntEn becomes 1, and not again (Q13, X3)",
     "1.20 event log interrupt", interrupt_edges},
    {"with EventLogEn=0 events are dropped without a trace", "1.20 event log", log_off},
    {"with IommuEn=0 nothing is logged", "1.20 event log", iommu_off},
    {"a log in no memory, or in bad memory, harms nobody (Q24)", "1.20 event log", no_log},
    {"a log whose base was never written is 256 entries at 0 (Q8, Q24)", "1.20 event log",
     never_programmed},
    {"events of interrupts and of translation requests raise the interrupt too", "1.20 event log",
     interrupts_of_interrupts},
    {"SE suppresses no timeout, however often it comes", "1.20 IOTLB_INV_TIMEOUT",
     timeouts_under_se},
    {"a timeout is no page fault that SE would remember", "1.20 IOTLB_INV_TIMEOUT",
     a_timeout_before_the_first_fault},
    {"a new base starts empty (Q27)", "1.20 event log base address", base_write_empties},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
