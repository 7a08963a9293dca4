/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The format of saved state, version 1, typed from docs/saved-state.md: a state that was never
 * saved by anybody loads, and each of its rules is broken once.
 */
#include <string.h>

#include "expect.h"

#define CONTROL      3
#define CMD_HEAD     6
#define CMD_TAIL     7
#define LOG_HEAD     8
#define LOG_TAIL     9
#define STATUS       10
#define IOMMU_EN     UINT64_C(0x1)
#define EVENT_LOG_EN UINT64_C(0x4)
#define CMD_BUF_EN   UINT64_C(0x1000)

struct request {
    uint16_t device_id;
    uint64_t first;
    uint64_t last;
    uint64_t tag;
    uint64_t command_spa;
    uint64_t left_ns;
};

/* What a state says. */
struct text {
    uint8_t magic[8];
    uint32_t version;
    uint8_t features;
    uint32_t cap[5];
    uint64_t regs[11];
    uint8_t flags;
    uint64_t wait[2];
    uint64_t last_tag;
    unsigned request_count;
    unsigned requests_written; /* at most; the rest of the count is a lie */
    struct request requests[70];
    unsigned se_count;
    uint16_t se_index[4];
    uint64_t se_bits[4];
};

/* An IOMMU at work, with two requests in flight and a COMPLETION_WAIT that waits for them. */
static struct text good(void)
{
    struct text text = {
        .magic = {'A', 'M', 'D', 'V', 'I', 0, 0, 0},
        .version = 1,
        .features = 0x9,
        .cap = {0x010b000f, 0xfed90001, 0, 0, 0x00203400},
        .regs = {0x1001ff, UINT64_C(9) << 56 | 0x400000, UINT64_C(8) << 56 | 0x500000,
                 IOMMU_EN | EVENT_LOG_EN | CMD_BUF_EN | 0x400, 0x5003, 0x6fff, 0x20, 0x40, 0xff0,
                 0x10, 0x1a},
        .flags = 1,
        .wait = {UINT64_C(1) << 60 | 0x600001, 0x1122},
        .last_tag = 9,
        .request_count = 2,
        .requests_written = 70,
        .requests = {{0x30, 0x100000, 0x1fffff, 8, 0x400000, 5000},
                     {0x31, 0, UINT64_MAX, 9, 0x400010, UINT64_MAX}},
        .se_count = 2,
        .se_index = {0, 1023},
        .se_bits = {2, UINT64_C(1) << 63},
    };
    return text;
}

struct bytes {
    uint8_t byte[AMDVI_SAVED_BYTES_MAX];
    size_t count;
};

static void put(struct bytes *out, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++) {
        out->byte[out->count++] = (uint8_t)(value >> 8 * i);
    }
}

static void write_state(const struct text *text, struct bytes *out)
{
    out->count = 0;
    for (unsigned i = 0; i < 8; i++) {
        put(out, 1, text->magic[i]);
    }
    put(out, 4, text->version);
    put(out, 4, 0); /* length: below */
    put(out, 1, 64);
    put(out, 1, 52);
    put(out, 1, 0);
    put(out, 1, text->features);
    for (unsigned i = 0; i < 5; i++) {
        put(out, 4, text->cap[i]);
    }
    for (unsigned i = 0; i < 11; i++) {
        put(out, 8, text->regs[i]);
    }
    put(out, 1, text->flags);
    put(out, 8, text->wait[0]);
    put(out, 8, text->wait[1]);
    put(out, 8, text->last_tag);
    put(out, 2, text->request_count);
    for (unsigned i = 0; i < text->request_count && i < text->requests_written; i++) {
        put(out, 2, text->requests[i].device_id);
        put(out, 2, 7); /* QueueID */
        put(out, 8, text->requests[i].first);
        put(out, 8, text->requests[i].last);
        put(out, 8, text->requests[i].tag);
        put(out, 8, text->requests[i].command_spa);
        put(out, 8, text->requests[i].left_ns);
    }
    put(out, 2, text->se_count);
    for (unsigned i = 0; i < text->se_count && i < 4; i++) {
        put(out, 2, text->se_index[i]);
        put(out, 8, text->se_bits[i]);
    }
    struct bytes length = {.count = 0};
    put(&length, 4, out->count);
    memcpy(&out->byte[12], length.byte, 4);
}

static const struct amdvi_features features = {
    .va_size_bits = 64,
    .pa_size_bits = 52,
    .iotlb_sup = true,
    .preboot_range_count = 1,
    .preboot_ranges = {{0x30, 0x30}},
};

static const struct amdvi_features no_ats = {.va_size_bits = 64, .pa_size_bits = 52};

/* Load it into a new machine, which goes on by itself only with @goes_on. */
static enum amdvi_status load_with(struct machine *machine, const struct text *text,
                                   const struct amdvi_features *of)
{
    struct machine_options options = {.features = of, .unprogrammed = true, .work_is_ours = true};
    struct bytes bytes;
    struct bytes again;

    write_state(text, &bytes);
    machine_start(machine, &options);
    machine->now_ns = 1000;
    enum amdvi_status status = amdvi_iommu_load(machine->iommu, bytes.byte, bytes.count);
    if (status == AMDVI_OK) {
        CHECK_U64(amdvi_iommu_save(machine->iommu, again.byte, sizeof(again.byte), &again.count),
                  AMDVI_OK);
        CHECK_U64(again.count, bytes.count);
        CHECK(memcmp(again.byte, bytes.byte, bytes.count) == 0);
    }
    return status;
}

static void expect(const struct text *text, enum amdvi_status want, int line)
{
    struct machine machine;

    if (!CHECK_U64(load_with(&machine, text, &features), want)) {
        printf("# the state of line %d\n", line);
    }
    machine_stop(&machine);
}

#define ACCEPTED(text) expect(&(text), AMDVI_OK, __LINE__)
#define REFUSED(text)  expect(&(text), AMDVI_ERR_STATE, __LINE__)

static void a_state_typed_by_hand_loads(void)
{
    struct machine machine;
    struct text text = good();

    CHECK_U64(load_with(&machine, &text, &features), AMDVI_OK);
    CHECK_U64(machine_reg(&machine, AMDVI_REG_EXCL_LIMIT), 0x6fff);
    CHECK_U64(machine_reg(&machine, AMDVI_REG_CMD_BUF_TAIL), 0x40);
    CHECK_U64(machine.iotlb_requests, 2);
    CHECK_U64(machine.iotlb_request[0].queue_id, 7);
    CHECK_U64(machine.timer_ns, 6000);
    CHECK_U64(atomic_load(&machine.work_calls), 1);
    /* A deadline beyond the end of time, and one that is due. */
    machine_stop(&machine);
    text.requests[0].left_ns = UINT64_MAX - 1000;
    struct bytes bytes;
    struct machine_options options = {
        .features = &features, .unprogrammed = true, .work_is_ours = true};
    write_state(&text, &bytes);
    machine_start(&machine, &options);
    machine.now_ns = 1000;
    CHECK_U64(amdvi_iommu_load(machine.iommu, bytes.byte, bytes.count), AMDVI_OK);
    CHECK_U64(machine.timer_ns, UINT64_MAX);
    machine_stop(&machine);
    text.requests[0].left_ns = UINT64_MAX - 1001; /* the last that there is */
    write_state(&text, &bytes);
    machine_start(&machine, &options);
    machine.now_ns = 1000;
    CHECK_U64(amdvi_iommu_load(machine.iommu, bytes.byte, bytes.count), AMDVI_OK);
    CHECK_U64(machine.timer_ns, UINT64_MAX - 1);
    machine_stop(&machine);
    text.requests[0].left_ns = 0;
    write_state(&text, &bytes);
    machine_start(&machine, &options);
    CHECK_U64(amdvi_iommu_load(machine.iommu, bytes.byte, bytes.count), AMDVI_OK);
    CHECK_U64(machine.timer_ns, 1);
    machine_pass(&machine, 10);
    machine_stop(&machine);
}

static void the_header_counts(void)
{
    struct text text = good();

    text.magic[7] = 1;
    REFUSED(text);
    text = good();
    text.version = 2;
    REFUSED(text);
    text = good();
    text.features = 0xb;
    REFUSED(text);
    text = good();
    text.cap[0] ^= 0x100;
    REFUSED(text);
    text = good();
    text.cap[1] = 0xfed94000; /* not enabled yet, and somewhere else */
    ACCEPTED(text);
    text.cap[1] |= 2;
    REFUSED(text);
}

static void registers_are_possible(void)
{
    for (unsigned reg = 0; reg < 11; reg++) {
        struct text text = good();
        text.regs[reg] ^= UINT64_C(1) << 63; /* reserved in all of them */
        REFUSED(text);
    }
    struct text text = good();
    text.regs[5] &= ~UINT64_C(1); /* the low bits of the limit are ones */
    REFUSED(text);
}

static void rings_are_possible(void)
{
    static const unsigned pointers[] = {CMD_HEAD, CMD_TAIL, LOG_HEAD, LOG_TAIL};
    static const uint64_t ends[] = {0x2000, 0x2000, 0x1000, 0x1000};

    for (unsigned i = 0; i < 4; i++) {
        struct text text = good();
        text.regs[pointers[i]] = ends[i];
        REFUSED(text);
        text.regs[pointers[i]] = ends[i] - 0x10;
        ACCEPTED(text);
        text.regs[pointers[i]] = 0;
        ACCEPTED(text);
    }
    struct text text = good();
    text.regs[STATUS] |= 1; /* EventOverflow, and it runs */
    REFUSED(text);
    text.regs[STATUS] &= ~UINT64_C(8);
    ACCEPTED(text);
    text = good();
    text.regs[CONTROL] &= ~EVENT_LOG_EN;
    REFUSED(text);
    text.regs[STATUS] &= ~UINT64_C(8);
    ACCEPTED(text);
    text = good();
    text.regs[2] = 0x500000; /* EventLen 0 */
    text.regs[LOG_HEAD] = 0;
    text.regs[LOG_TAIL] = 0;
    REFUSED(text);
}

static void the_waiting_command_is_possible(void)
{
    struct text text = good();

    text.flags = 0; /* no command, and its words */
    REFUSED(text);
    text.wait[0] = 0;
    REFUSED(text);
    text.wait[1] = 0;
    ACCEPTED(text);
    text.regs[CONTROL] &= ~CMD_BUF_EN; /* CmdBufRun for nothing */
    REFUSED(text);
    text = good();
    text.regs[CONTROL] &= ~CMD_BUF_EN; /* switched off while it waits */
    ACCEPTED(text);
    text.regs[STATUS] &= ~UINT64_C(0x10);
    REFUSED(text);
    text = good();
    text.flags = 5;
    REFUSED(text);
    text = good();
    text.regs[1] = 0x400000; /* ComLen 0 */
    text.regs[CMD_HEAD] = 0;
    text.regs[CMD_TAIL] = 0;
    REFUSED(text);
    text = good();
    text.wait[0] = UINT64_C(2) << 60; /* not one that waits */
    text.wait[1] = 0;
    REFUSED(text);
    text.wait[0] = UINT64_C(6) << 60; /* none at all */
    REFUSED(text);
    text.wait[0] = UINT64_C(4) << 60 | UINT64_C(7) << 32 | 0x01000030;
    text.wait[1] = 0x5000;
    ACCEPTED(text);
}

static void the_preboot_block_is_possible(void)
{
    struct text text = good();

    text.flags = 3; /* with IommuEn */
    REFUSED(text);
    text.flags = 2;
    text.wait[0] = 0;
    text.wait[1] = 0;
    text.regs[CONTROL] = 0x400;
    text.regs[STATUS] = 2;
    ACCEPTED(text);
}

static void requests_in_flight_are_possible(void)
{
    static const struct {
        uint64_t first;
        uint64_t last;
        enum amdvi_status want;
    } ranges[] = {
        {0x5000, 0x5fff, AMDVI_OK},
        {0x4000, 0x7fff, AMDVI_OK},
        {UINT64_C(1) << 63, UINT64_MAX, AMDVI_OK},
        {0x5000, 0x4fff, AMDVI_ERR_STATE},
        {0x5000, 0x57ff, AMDVI_ERR_STATE}, /* half a page */
        {0x5000, 0x6fff, AMDVI_ERR_STATE}, /* not aligned */
        {0x4000, 0x6fff, AMDVI_ERR_STATE}, /* no power of two */
    };

    for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        struct text text = good();
        text.requests[1].first = ranges[i].first;
        text.requests[1].last = ranges[i].last;
        expect(&text, ranges[i].want, __LINE__);
    }
    struct text text = good();
    text.requests[1].tag = 8; /* twice */
    REFUSED(text);
    text.requests[1].tag = 0;
    REFUSED(text);
    text.requests[1].tag = 10; /* not sent yet */
    REFUSED(text);
    text.last_tag = 10;
    ACCEPTED(text);
    text.requests[1].command_spa |= 8;
    REFUSED(text);
}

static void not_too_many_are_in_flight(void)
{
    struct text text = good();

    text.last_tag = 100;
    for (unsigned i = 0; i < 70; i++) {
        text.requests[i] = (struct request){(uint16_t)(i / 32), 0x5000, 0x5fff, i + 1, 0, 0};
    }
    text.request_count = 64;
    ACCEPTED(text);
    text.requests[63].device_id = 0; /* the 33rd */
    REFUSED(text);
    text.requests[63].device_id = 5;
    text.request_count = 65;
    REFUSED(text);
    text.requests_written = 64;
    REFUSED(text);
    /* It is counted for each device by itself. */
    text = good();
    text.last_tag = 100;
    for (unsigned i = 0; i < 64; i++) {
        text.requests[i] = (struct request){(uint16_t)i, 0x5000, 0x5fff, i + 1, 0, 0};
    }
    text.request_count = 64;
    ACCEPTED(text);
    for (unsigned i = 0; i < 33; i++) {
        text.requests[i].device_id = 0xffff;
    }
    text.request_count = 33;
    REFUSED(text);
    text.request_count = 32;
    ACCEPTED(text);
}

static void without_ats_there_are_none(void)
{
    struct text text = good();
    struct machine machine;

    text.features = 0;
    text.cap[0] = 0x000b000f;
    CHECK_U64(load_with(&machine, &text, &no_ats), AMDVI_ERR_STATE);
    machine_stop(&machine);
    text.request_count = 0;
    CHECK_U64(load_with(&machine, &text, &no_ats), AMDVI_ERR_STATE);
    machine_stop(&machine);
    text.last_tag = 0;
    CHECK_U64(load_with(&machine, &text, &no_ats), AMDVI_OK);
    machine_stop(&machine);
    text.wait[0] = UINT64_C(4) << 60; /* INVALIDATE_IOTLB_PAGES */
    text.wait[1] = 0x5000;
    CHECK_U64(load_with(&machine, &text, &no_ats), AMDVI_ERR_STATE);
    machine_stop(&machine);
    text = good();
    text.features = 0;
    text.cap[0] = 0x000b000f;
    text.request_count = 0;
    text.last_tag = 0;
    text.flags = 2; /* and no pre-boot block either */
    text.wait[0] = 0;
    text.wait[1] = 0;
    text.regs[CONTROL] = 0x400;
    text.regs[STATUS] = 2;
    CHECK_U64(load_with(&machine, &text, &no_ats), AMDVI_ERR_STATE);
    machine_stop(&machine);
}

static void the_se_record_is_in_order(void)
{
    struct text text = good();

    text.se_index[1] = 0; /* twice */
    REFUSED(text);
    text = good();
    text.se_index[0] = 1023;
    text.se_index[1] = 0;
    REFUSED(text);
    text = good();
    text.se_index[1] = 1024;
    REFUSED(text);
    text.se_bits[1] = UINT64_C(0x0101010101010101);
    REFUSED(text);
    text = good();
    text.se_bits[1] = 0;
    REFUSED(text);
    text = good();
    text.se_count = 1025;
    REFUSED(text);
    text.se_count = 0;
    ACCEPTED(text);
}

static const struct check_case cases[] = {
    {"a state that was typed by hand loads, and is saved as the same bytes", NULL,
     a_state_typed_by_hand_loads},
    {"magic, version, features and capability block are looked at", NULL, the_header_counts},
    {"reserved bits of registers are refused", NULL, registers_are_possible},
    {"pointers outside their rings and impossible run bits are refused", NULL, rings_are_possible},
    {"a waiting command is one that waits", NULL, the_waiting_command_is_possible},
    {"the pre-boot block goes with IommuEn=0", NULL, the_preboot_block_is_possible},
    {"requests in flight name pages and different tags", NULL, requests_in_flight_are_possible},
    {"no more requests are in flight than there may be", NULL, not_too_many_are_in_flight},
    {"without IotlbSup nothing of ATS is accepted", NULL, without_ats_there_are_none},
    {"the record of SE is in order", NULL, the_se_record_is_in_order},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
