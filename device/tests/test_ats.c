/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Translation requests, translated requests and invalidate requests, as the embedder sees them.
 * Event words are typed from the reference.
 */
#include <amdvi/ats.h>

#include "expect.h"

#define DEVICE             0x4321
#define OTHER              0x4322
#define DOMAIN             0x0077
#define CODE_IOTLB_TIMEOUT 7
#define FLAG_TR            (UINT64_C(1) << 56)
#define MS                 UINT64_C(1000000)

static const struct amdvi_features with_ats = {
    .va_size_bits = 64, .pa_size_bits = 52, .iotlb_sup = true};

static void start(struct machine *machine, unsigned cache)
{
    struct machine_options options = machine_cache_sizes[cache];

    options.features = &with_ats;
    machine_start(machine, &options);
}

/* V, TV, I, IR and IW, with an empty table of four levels. */
static uint64_t set_ats_device(struct machine *machine, uint16_t device_id)
{
    uint64_t root = machine_table(machine);
    struct amdvi_dte dte = {.valid = true,
                            .translation = true,
                            .iotlb = true,
                            .read = true,
                            .write = true,
                            .mode = 4,
                            .page_root = root,
                            .domain_id = DOMAIN};

    machine_set_dte(machine, device_id, &dte);
    return root;
}

static struct amdvi_ats_completion ats(struct machine *machine, uint16_t device_id, uint64_t iova)
{
    struct amdvi_ats_completion out = {.size_log2 = 0xff};

    CHECK_U64(amdvi_iommu_ats_translate(machine->reader, device_id, iova, &out), AMDVI_OK);
    return out;
}

static void expect_completion(struct amdvi_ats_completion got, uint64_t word)
{
    struct amdvi_ats_answer answer = {.read = got.read,
                                      .write = got.write,
                                      .untranslated = got.untranslated,
                                      .force_coherent = got.force_coherent,
                                      .size_log2 = got.size_log2,
                                      .spa = got.spa};

    CHECK_U64(got.status, AMDVI_ATS_SUCCESS);
    CHECK_U64(amdvi_ats_completion_word(&answer), word);
}

static void expect_nothing_mapped(struct amdvi_ats_completion got)
{
    expect_completion(got, 0);
    CHECK_U64(got.size_log2, 0);
    CHECK_U64(got.spa, 0);
}

/* The words are those of PCI Express: address 63:12, S 11, N 10, U 2, W 1, R 0. */
static void answers(struct machine *machine)
{
    uint64_t root = set_ats_device(machine, DEVICE);
    struct subject subject = {.machine = machine, .root = root, .mode = 4, .device_id = DEVICE};
    uint64_t u = BIT64(59);
    uint64_t fc = BIT64(60);

    set_entry(&subject, 0x5000, 1, machine_entry(0, 0x1234000, true, true));
    set_entry(&subject, 0x6000, 1, machine_entry(0, 0x1235000, true, false) | u);
    set_entry(&subject, 0x7000, 1, machine_entry(0, 0x1236000, false, true) | fc);
    set_entry(&subject, 0x8000, 1, machine_entry(0, 0x1237000, false, false) | fc | u);
    set_entry(&subject, 0x400000, 2, machine_entry(0, 0x1400000, true, true));
    set_entry(&subject, 0x10000, 1, machine_entry(7, 0x1250000, true, true)); /* 8 KiB */
    for (unsigned again = 0; again < 2; again++) {
        expect_completion(ats(machine, DEVICE, 0x5123), 0x1234003);
        expect_completion(ats(machine, DEVICE, 0x6000), 0x1235005);
        expect_completion(ats(machine, DEVICE, 0x7fff), 0x1236402);
        expect_nothing_mapped(ats(machine, DEVICE, 0x8000));
        expect_completion(ats(machine, DEVICE, 0x512345), 0x14ff803);
        expect_completion(ats(machine, DEVICE, 0x10fff), 0x1250803);
        expect_nothing_mapped(ats(machine, DEVICE, 0x9000));
        expect_nothing_mapped(ats(machine, DEVICE, UINT64_MAX)); /* beyond the mode */
    }
    expect_no_event(machine);
}

/* A cache size, without ATS in with_each_cache(). */
static void with_each_ats(void (*body)(struct machine *machine))
{
    for (unsigned i = 0; i < 3; i++) {
        struct machine machine;
        start(&machine, i);
        body(&machine);
        machine_stop(&machine);
    }
}

static void requests_are_answered(void)
{
    with_each_ats(answers);
}

static void refuse(struct machine *machine, uint16_t device_id, uint64_t iova, unsigned type)
{
    struct amdvi_ats_completion got = ats(machine, device_id, iova);

    CHECK_U64(got.status, AMDVI_ATS_UNSUPPORTED_REQUEST);
    CHECK_U64(got.read || got.write, false);
    expect_only_event(
        machine, event_word(CODE_INVALID_REQ, device_id, 0, FLAG_TR | TYPE_INVALID(type)), iova);
}

static void refusals(struct machine *machine)
{
    uint64_t i = BIT64(32);

    machine_set_dte_words(machine, DEVICE, 0, i, 0, 0);
    refuse(machine, DEVICE, 0x5000, 0); /* V=0 */
    machine_set_dte_words(machine, OTHER, 3 | UINT64_C(3) << 61, 0, 0, 0);
    refuse(machine, OTHER, 0x5000, 0); /* I=0 */
    machine_set_dte_words(machine, OTHER + 1, 1, i, 0, 0);
    refuse(machine, OTHER + 1, 0x5000, 0); /* TV=0 */
    machine_set_dte_words(machine, OTHER + 2, 3 | UINT64_C(3) << 61, i, 0, 0);
    refuse(machine, OTHER + 2, 0xfee00000, 1);
    refuse(machine, OTHER + 2, UINT64_C(0xfdf8000000), 1);
    refuse(machine, OTHER + 2, UINT64_C(0xfdfc000000), 1);
    expect_completion(ats(machine, OTHER + 2, 0xfed00000), 0xfecff803); /* Mode 0: identity */
    /* A reserved bit: the tables are illegal. */
    machine_set_dte_words(machine, OTHER + 3, 3 | BIT64(8), i, 0, 0);
    CHECK_U64(ats(machine, OTHER + 3, 0x5000).status, AMDVI_ATS_COMPLETER_ABORT);
    expect_only_event(machine, event_word(1, OTHER + 3, 0, FLAG_TR | FLAG_RZ), 0x5000);
    /* The IOMMU is off: refused without an event. */
    machine_set_reg(machine, AMDVI_REG_CONTROL, 0);
    CHECK_U64(ats(machine, OTHER + 2, 0x5000).status, AMDVI_ATS_UNSUPPORTED_REQUEST);
    expect_no_event(machine);
}

static void requests_are_refused(void)
{
    with_each_ats(refusals);
}

static struct amdvi_translation translated(struct machine *machine, uint16_t device_id,
                                           uint64_t spa, enum amdvi_access access)
{
    struct amdvi_request request = {
        .device_id = device_id, .access = access, .iova = spa, .size_bytes = 8, .translated = true};
    struct amdvi_translation out = {.run_bytes = 0};

    CHECK_U64(amdvi_iommu_translate(machine->reader, &request, &out), AMDVI_OK);
    return out;
}

static void translated_requests(struct machine *machine)
{
    set_ats_device(machine, DEVICE); /* nothing is mapped */
    struct amdvi_translation got = translated(machine, DEVICE, 0x1234560, AMDVI_ACCESS_READ_WRITE);
    CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
    CHECK_U64(got.spa, 0x1234560);
    expect_no_event(machine);
    CHECK_U64(translated(machine, DEVICE, 0xfee00000, AMDVI_ACCESS_WRITE).outcome,
              AMDVI_OUTCOME_INTERRUPT);
    CHECK_U64(translated(machine, DEVICE, 0xfee00000, AMDVI_ACCESS_READ).outcome,
              AMDVI_OUTCOME_ABORTED);
    expect_only_event(machine, event_word(CODE_INVALID_REQ, DEVICE, 0, 0), 0xfee00000);
    /* I=0, then V=0. */
    machine_set_dte_words(machine, OTHER, 3 | UINT64_C(3) << 61, 0, 0, 0);
    CHECK_U64(translated(machine, OTHER, 0x1234560, AMDVI_ACCESS_READ).outcome,
              AMDVI_OUTCOME_ABORTED);
    expect_only_event(machine, event_word(CODE_INVALID_REQ, OTHER, 0, TYPE_INVALID(1)), 0x1234560);
    CHECK_U64(translated(machine, OTHER + 1, 0x1234560, AMDVI_ACCESS_WRITE).outcome,
              AMDVI_OUTCOME_ABORTED);
    expect_only_event(machine, event_word(CODE_INVALID_REQ, OTHER + 1, 0, TYPE_INVALID(1)),
                      0x1234560);
}

static void translated_requests_pass_with_i(void)
{
    with_each_ats(translated_requests);
}

/* ---- Invalidate requests --------------------------------------------------------------------- */

static struct amdvi_command iotlb_command(uint16_t device_id, uint64_t iova, bool size)
{
    return (struct amdvi_command){.opcode = AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES,
                                  .device_id = device_id,
                                  .queue_id = device_id,
                                  .address = iova,
                                  .size = size};
}

static void invalidate(struct machine *machine, uint16_t device_id, uint64_t iova, bool size)
{
    struct amdvi_command command = iotlb_command(device_id, iova, size);

    machine_command(machine, &command);
}

static uint64_t head(struct machine *machine)
{
    return machine_reg(machine, AMDVI_REG_CMD_BUF_HEAD);
}

static void answer(struct machine *machine, unsigned which)
{
    const struct amdvi_iotlb_invalidation *request = &machine->iotlb_request[which];

    amdvi_iommu_iotlb_invalidated(machine->iommu, request->device_id, request->tag);
}

static void the_ring_goes_on(void)
{
    struct machine machine;

    start(&machine, 2);
    amdvi_reader_release(machine.reader);
    invalidate(&machine, DEVICE, 0x5000, false);
    invalidate(&machine, DEVICE, 0x17f000, true); /* bits 18:12 set, 19 clear: 1 MiB */
    invalidate(&machine, OTHER, UINT64_C(0x7ffffffffffff000), true);
    if (!CHECK_U64(machine.iotlb_requests, 3)) {
        return;
    }
    CHECK_U64(head(&machine), 48);
    CHECK_U64(machine.iotlb_request[0].device_id, DEVICE);
    CHECK_U64(machine.iotlb_request[0].queue_id, DEVICE);
    CHECK_U64(machine.iotlb_request[0].first_iova, 0x5000);
    CHECK_U64(machine.iotlb_request[0].last_iova, 0x5fff);
    CHECK_U64(machine.iotlb_request[1].first_iova, 0x100000);
    CHECK_U64(machine.iotlb_request[1].last_iova, 0x1fffff);
    CHECK_U64(machine.iotlb_request[2].device_id, OTHER);
    CHECK_U64(machine.iotlb_request[2].first_iova, 0);
    CHECK_U64(machine.iotlb_request[2].last_iova, UINT64_MAX);
    /* Other commands run; the COMPLETION_WAIT does not complete before the last answer. */
    machine_invalidate_device(&machine, DEVICE);
    CHECK_U64(head(&machine), 64);
    CHECK(!machine_wait(&machine));
    answer(&machine, 2);
    answer(&machine, 0);
    CHECK(!machine_waited(&machine));
    CHECK_U64(head(&machine), 64);
    answer(&machine, 1);
    CHECK(machine_waited(&machine));
    CHECK_U64(head(&machine), 80);
    expect_no_event(&machine);
    machine_stop(&machine);
}

static void an_answer_on_its_way_is_not_overtaken(void)
{
    struct machine machine;

    start(&machine, 2);
    uint64_t root = set_ats_device(&machine, DEVICE);
    machine_map(&machine, root, 4, 0x5000, 0x1234000, 12, true, true);
    amdvi_reader_release(machine.reader);
    ats(&machine, DEVICE, 0x5000); /* told, and not handed to the device yet */
    machine_invalidate_pages(&machine, DOMAIN, 0x5000, false);
    invalidate(&machine, DEVICE, 0x5000, false);
    CHECK_U64(machine.iotlb_requests, 0);
    CHECK_U64(head(&machine), 16);
    amdvi_reader_release(machine.reader);
    CHECK_U64(machine.iotlb_requests, 1);
    CHECK_U64(head(&machine), 32);
    machine_stop(&machine);
}

static void maxpend(unsigned limit, unsigned expected)
{
    struct machine machine;
    unsigned sent = 40;

    start(&machine, 0);
    amdvi_reader_release(machine.reader);
    for (unsigned i = 0; i < sent; i++) {
        struct amdvi_command command = iotlb_command(DEVICE, (uint64_t)i << 12, false);
        command.max_pend = (uint8_t)limit;
        machine_command(&machine, &command);
    }
    CHECK_U64(machine.iotlb_requests, expected);
    for (unsigned i = 0; i < sent; i++) {
        unsigned more = expected + i < sent ? expected + i : sent;
        CHECK_U64(machine.iotlb_requests, more);
        CHECK_U64(machine.iotlb_request[i].first_iova, (uint64_t)i << 12);
        CHECK_U64(head(&machine), 16 * more);
        answer(&machine, i);
    }
    CHECK(machine_wait(&machine));
    machine_stop(&machine);
}

static void the_number_in_flight_is_bounded(void)
{
    maxpend(1, 1);
    maxpend(5, 5);
    maxpend(0, 32); /* ITag has five bits */
    maxpend(255, 32);
}

static void maxpend_counts_by_queue(void)
{
    struct machine machine;

    start(&machine, 0);
    amdvi_reader_release(machine.reader);
    for (unsigned i = 0; i < 4; i++) {
        struct amdvi_command command = iotlb_command((uint16_t)(DEVICE + i), 0, false);
        command.max_pend = 1;
        command.queue_id = i < 2 ? 7 : (uint16_t)i;
        machine_command(&machine, &command);
    }
    /* The second has to wait for the first, and holds up those behind it. */
    CHECK_U64(machine.iotlb_requests, 1);
    answer(&machine, 0);
    CHECK_U64(machine.iotlb_requests, 4);
    machine_stop(&machine);
}

static void all_devices_together_are_bounded(void)
{
    struct machine machine;

    start(&machine, 0);
    amdvi_reader_release(machine.reader);
    for (unsigned i = 0; i < 70; i++) {
        invalidate(&machine, (uint16_t)(DEVICE + i), 0, false);
    }
    CHECK_U64(machine.iotlb_requests, 64);
    answer(&machine, 63);
    CHECK_U64(machine.iotlb_requests, 65);
    machine_stop(&machine);
}

static void wrong_answers_are_ignored(void)
{
    struct machine machine;

    start(&machine, 0);
    amdvi_reader_release(machine.reader);
    invalidate(&machine, DEVICE, 0x5000, false);
    uint64_t tag = machine.iotlb_request[0].tag;
    CHECK(!machine_wait(&machine));
    amdvi_iommu_iotlb_invalidated(machine.iommu, OTHER, tag);
    amdvi_iommu_iotlb_invalidated(machine.iommu, DEVICE, tag + 1);
    amdvi_iommu_iotlb_invalidated(machine.iommu, DEVICE, 0);
    CHECK(!machine_waited(&machine));
    answer(&machine, 0);
    CHECK(machine_waited(&machine));
    /* The same answer once more does not answer the next request. */
    invalidate(&machine, DEVICE, 0x5000, false);
    CHECK(machine.iotlb_request[1].tag != tag);
    answer(&machine, 0);
    CHECK(!machine_wait(&machine));
    answer(&machine, 1);
    CHECK(machine_waited(&machine));
    machine_stop(&machine);
}

/* InvTimeOut, and the milliseconds that it stands for; 0 is never. */
static const struct {
    unsigned code;
    unsigned milliseconds;
} timeouts[] = {{1, 1}, {2, 10}, {3, 100}, {4, 1000}, {5, 10000}, {6, 100000}, {0, 0}, {7, 0}};

static void a_mute_device_times_out(void)
{
    for (unsigned i = 0; i < 8; i++) {
        struct machine machine;
        uint64_t time = timeouts[i].milliseconds * MS;

        start(&machine, 0);
        amdvi_reader_release(machine.reader);
        machine.now_ns = 12345;
        machine_set_reg(&machine, AMDVI_REG_CONTROL,
                        machine_reg(&machine, AMDVI_REG_CONTROL) | (uint64_t)timeouts[i].code << 5);
        machine_invalidate_device(&machine, DEVICE); /* the command is at 10h of the ring */
        invalidate(&machine, DEVICE, 0x5000, false);
        CHECK(!machine_wait(&machine));
        if (time == 0) {
            CHECK_U64(machine.timer_ns, UINT64_MAX);
            machine_pass(&machine, UINT64_C(1000000) * MS);
            amdvi_iommu_timer_expired(machine.iommu);
            CHECK(!machine_waited(&machine));
            answer(&machine, 0);
            CHECK(machine_waited(&machine));
            expect_no_event(&machine);
        } else {
            /* Later changes of InvTimeOut do not change it. */
            machine_set_reg(&machine, AMDVI_REG_CONTROL,
                            machine_reg(&machine, AMDVI_REG_CONTROL) & ~UINT64_C(0xe0));
            CHECK_U64(machine.timer_ns, 12345 + time);
            machine_pass(&machine, time - 1);
            amdvi_iommu_timer_expired(machine.iommu); /* too early does no harm */
            CHECK(!machine_waited(&machine));
            expect_no_event(&machine);
            machine_pass(&machine, 1);
            CHECK(machine_waited(&machine));
            expect_only_event(&machine, event_word(CODE_IOTLB_TIMEOUT, DEVICE, 0, 0),
                              MACHINE_COMMANDS + 0x10);
            answer(&machine, 0); /* too late */
            expect_no_event(&machine);
            CHECK(machine_wait(&machine));
        }
        machine_stop(&machine);
    }
}

static void each_request_has_its_own_time(void)
{
    struct machine machine;

    start(&machine, 0);
    amdvi_reader_release(machine.reader);
    machine_set_reg(&machine, AMDVI_REG_CONTROL,
                    machine_reg(&machine, AMDVI_REG_CONTROL) | UINT64_C(2) << 5);
    invalidate(&machine, DEVICE, 0x5000, false);
    machine_pass(&machine, 4 * MS);
    invalidate(&machine, OTHER, 0x5000, false);
    CHECK(!machine_wait(&machine));
    machine_pass(&machine, 6 * MS);
    expect_only_event(&machine, event_word(CODE_IOTLB_TIMEOUT, DEVICE, 0, 0), MACHINE_COMMANDS);
    CHECK(!machine_waited(&machine));
    CHECK_U64(machine.timer_ns, 14 * MS);
    machine_pass(&machine, 4 * MS);
    expect_only_event(&machine, event_word(CODE_IOTLB_TIMEOUT, OTHER, 0, 0),
                      MACHINE_COMMANDS + 0x10);
    CHECK(machine_waited(&machine));
    machine_stop(&machine);
}

static void a_device_that_is_gone_has_answered(void)
{
    struct machine machine;

    start(&machine, 0);
    amdvi_reader_release(machine.reader);
    invalidate(&machine, DEVICE, 0x5000, false);
    invalidate(&machine, DEVICE, 0x6000, false);
    invalidate(&machine, OTHER, 0x5000, false);
    CHECK(!machine_wait(&machine));
    amdvi_iommu_device_gone(machine.iommu, DEVICE);
    CHECK(!machine_waited(&machine));
    answer(&machine, 2);
    CHECK(machine_waited(&machine));
    machine_stop(&machine);
}

static void answer_at_once(struct machine *machine, enum machine_told what)
{
    if (what == MACHINE_TOLD_IOTLB) {
        answer(machine, (machine->iotlb_requests - 1) % MACHINE_RECORDS);
    }
}

static void a_device_without_a_cache_is_answered_for(void)
{
    struct machine machine;

    start(&machine, 0);
    amdvi_reader_release(machine.reader);
    machine.told = answer_at_once;
    for (unsigned round = 0; round < 10; round++) {
        uint64_t tail = machine_reg(&machine, AMDVI_REG_CMD_BUF_TAIL);

        for (unsigned i = 0; i < 100; i++) {
            machine_write64(&machine, MACHINE_COMMANDS + (tail + 16 * i) % 4096,
                            UINT64_C(4) << 60 | UINT64_C(1) << 24 | DEVICE);
            machine_write64(&machine, MACHINE_COMMANDS + (tail + 16 * i) % 4096 + 8, 0x5000);
        }
        machine_set_reg(&machine, AMDVI_REG_CMD_BUF_TAIL, (tail + 1600) % 4096);
        CHECK_U64(machine.iotlb_requests, 100 * (round + 1));
        CHECK(machine_wait(&machine));
    }
    machine_stop(&machine);
}

static void switched_off_while_a_device_is_asked(void)
{
    struct machine machine;

    start(&machine, 0);
    amdvi_reader_release(machine.reader);
    uint64_t control = machine_reg(&machine, AMDVI_REG_CONTROL);
    struct amdvi_command command = iotlb_command(DEVICE, 0, false);
    command.max_pend = 1;
    machine_command(&machine, &command);
    machine_command(&machine, &command); /* fetched, and has to wait */
    machine_set_reg(&machine, AMDVI_REG_CONTROL, control & ~AMDVI_CONTROL_CMD_BUF_EN);
    CHECK(amdvi_has(machine_reg(&machine, AMDVI_REG_STATUS), AMDVI_STATUS_CMD_BUF_RUN));
    answer(&machine, 0);
    CHECK_U64(machine.iotlb_requests, 2);
    CHECK(!amdvi_has(machine_reg(&machine, AMDVI_REG_STATUS), AMDVI_STATUS_CMD_BUF_RUN));
    CHECK_U64(head(&machine), 32);
    /* A reset forgets what is in flight. */
    amdvi_iommu_reset(machine.iommu);
    answer(&machine, 1);
    machine_pass(&machine, 1000000 * MS);
    CHECK_U64(head(&machine), 0);
    machine_stop(&machine);
}

static void the_cache_hint_is_heeded(void)
{
    struct machine machine;

    start(&machine, 2);
    uint64_t root = set_ats_device(&machine, DEVICE);
    machine_map(&machine, root, 4, 0x5000, 0x1234000, 12, true, true);
    ats(&machine, DEVICE, 0x5000);
    CHECK(ats(&machine, DEVICE, 0x5000).cached);
    uint64_t words = MACHINE_DEVICE_TABLE + 32 * DEVICE;
    machine_write64(&machine, words + 8, machine_read64(&machine, words + 8) | BIT64(37));
    machine_invalidate_device(&machine, DEVICE);
    machine_invalidate_pages(&machine, DOMAIN, 0x5000, false);
    CHECK(machine_wait(&machine));
    ats(&machine, DEVICE, 0x5000);
    CHECK(!ats(&machine, DEVICE, 0x5000).cached);
    machine_translate(&machine, DEVICE, 0x5000, 8, AMDVI_ACCESS_READ); /* keeps it */
    CHECK(ats(&machine, DEVICE, 0x5000).cached);
    machine_stop(&machine);
}

static void there_is_none_without_iotlb_sup(void)
{
    struct machine machine;
    struct amdvi_ats_completion out;

    machine_start(&machine, &machine_cache_sizes[0]);
    CHECK_U64(amdvi_iommu_cap_read(machine.iommu, 0, 4) >> 24 & 1, 0);
    CHECK_U64(amdvi_iommu_ats_translate(machine.reader, DEVICE, 0, &out), AMDVI_ERR_UNSUPPORTED);
    amdvi_reader_release(machine.reader);
    invalidate(&machine, DEVICE, 0, false);
    CHECK_U64(machine.iotlb_requests, 0);
    expect_only_event(&machine, event_word(CODE_ILLEGAL_CMD, 0, 0, 0), MACHINE_COMMANDS);
    machine_stop(&machine);
    start(&machine, 0);
    CHECK_U64(amdvi_iommu_cap_read(machine.iommu, 0, 4) >> 24 & 1, 1);
    machine_stop(&machine);
}

static const struct check_case cases[] = {
    {"a translation request is answered with the page, its size and its permissions",
     "1.20 remote IOTLB support", requests_are_answered},
    {"a translation request that may not be made is refused with the event of its cause",
     "1.20 INVALID_DEVICE_REQUEST", requests_are_refused},
    {"translated requests pass with I=1, and are refused otherwise", "1.20 INVALID_DEVICE_REQUEST",
     translated_requests_pass_with_i},
    {"the ring runs on while devices are asked, and COMPLETION_WAIT waits for all of them",
     "1.20 INVALIDATE_IOTLB_PAGES", the_ring_goes_on},
    {"an invalidate request does not overtake an answer to the same device",
     "1.20 INVALIDATE_IOTLB_PAGES", an_answer_on_its_way_is_not_overtaken},
    {"Maxpend and ITag bound the requests in flight, and their order is kept",
     "1.20 INVALIDATE_IOTLB_PAGES", the_number_in_flight_is_bounded},
    {"Maxpend counts the requests of a QueueID", "1.20 INVALIDATE_IOTLB_PAGES",
     maxpend_counts_by_queue},
    {"at most 64 requests are in flight", NULL, all_devices_together_are_bounded},
    {"an answer of another device, of another tag, or for the second time is ignored", NULL,
     wrong_answers_are_ignored},
    {"a device that does not answer within InvTimeOut is logged, and waited for no more",
     "1.20 IOTLB_INV_TIMEOUT", a_mute_device_times_out},
    {"each request has its own time", "1.20 IOTLB_INV_TIMEOUT", each_request_has_its_own_time},
    {"a device that was reset or removed counts as having answered", NULL,
     a_device_that_is_gone_has_answered},
    {"an answer may come from within the call that sends the request", NULL,
     a_device_without_a_cache_is_answered_for},
    {"CmdBufEn=0 lets a fetched INVALIDATE_IOTLB_PAGES finish; a reset forgets it",
     "1.20 IOMMU Control", switched_off_while_a_device_is_asked},
    {"with Cache=1 an answer to a device is not kept here", "1.20 device table entry",
     the_cache_hint_is_heeded},
    {"without IotlbSup there is no ATS, and its command is illegal", "1.20 capability header",
     there_is_none_without_iotlb_sup},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
