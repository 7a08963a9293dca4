/* SPDX-License-Identifier: BSD-2-Clause */
/* The self-test: passes on a good unit, and says what is wrong with one that is not. */
#include "policy.h"

#define EXPECTATIONS 9

enum {
    BASES,
    WRITES,
    ENABLES,
    COMPLETION,
    ORDER,
    REFUSAL,
    REPAIR,
    EVENT,
    OVERFLOW,
};

static struct policy policy;
static unsigned count;
static struct amdvi_drv_test_result result[32];

static void note(void *ctx, const struct amdvi_drv_test_result *what)
{
    CHECK(ctx == &policy);
    if (count < 32) {
        result[count++] = *what;
    }
}

static unsigned run(void)
{
    uint64_t begin_ns = policy.rig.now_ns;

    count = 0;
    unsigned failed = amdvi_drv_self_test(policy.drv, 0, note, &policy);
    CHECK_U64(count, EXPECTATIONS);
    CHECK(policy.rig.now_ns - begin_ns < UINT64_C(2000000000));
    return failed;
}

/* P passes, F fails, - is not tested; in order. */
static void check_verdicts(const char *expected)
{
    for (unsigned i = 0; i < EXPECTATIONS; i++) {
        enum amdvi_drv_verdict verdict = result[i].verdict;
        char is = verdict == AMDVI_DRV_PASS ? 'P' : verdict == AMDVI_DRV_FAIL ? 'F' : '-';
        if (!CHECK(is == expected[i])) {
            printf("# %s: %c, 0x%" PRIx64 " for 0x%" PRIx64 "\n", result[i].expectation, is,
                   result[i].found, result[i].expected);
        }
    }
}

static bool start(void)
{
    return policy_start(&policy, &(struct policy_options){.wait_ms = 1500});
}

static void a_good_unit_passes(void)
{
    if (!start()) {
        return;
    }
    struct amdvi_drv_block memory = policy_memory(&policy, 8192);
    struct amdvi_drv_domain *domain = policy_attached(&policy, POLICY_ID(0, 0));
    CHECK_U64(amdvi_drv_map(domain, 0x10000, memory.spa, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, POLICY_ID(0, 0), 0x10000, memory.spa);
    rig_must(&policy.rig, 0, POLICY_ID(0, 0), 0x10000, memory.spa);
    rig_may_not(&policy.rig, 0, POLICY_ID(0, 1), 0x10000);
    CHECK_U64(run(), 0);
    check_verdicts("PPPPPPPPP");
    /* Nothing is different now. */
    CHECK(rig_check(&policy.rig));
    CHECK_U64(rig_reg(&policy.rig, 0, AMDVI_REG_EXCL_BASE), 0);
    CHECK_U64(rig_reg(&policy.rig, 0, AMDVI_REG_EXCL_LIMIT) & ~UINT64_C(0xfff), 0);
    CHECK_U64(rig_reg(&policy.rig, 0, AMDVI_REG_STATUS) & 0x19, 0x18);
    CHECK_U64(amdvi_drv_unmap(domain, 0x10000, 4096, NULL), AMDVI_DRV_OK);
    rig_may_not(&policy.rig, 0, POLICY_ID(0, 0), 0x10000);
    CHECK(rig_check(&policy.rig));
    /* Events are told of as ever. */
    while (amdvi_drv_poll(policy.drv)) {
    }
    unsigned events = policy.rig.events;
    CHECK_REFUSED(&policy, POLICY_ID(0, 1), 0x77000);
    while (amdvi_drv_poll(policy.drv)) {
    }
    CHECK_U64(policy.rig.events, events + 2);
    policy_stop(&policy);
}

static void it_leaves_repairs_for_true_errors(void)
{
    struct amdvi_drv_unit_info info;

    if (!start()) {
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        CHECK_U64(run(), 0);
        check_verdicts("PPPPPPPPP");
    }
    for (unsigned i = 0; i < 20; i++) {
        CHECK_U64(run(), 0);
        check_verdicts("PPPPP----");
    }
    CHECK(amdvi_drv_unit_info(policy.drv, 0, &info));
    CHECK_U64(info.repairs, 8);
    CHECK(!info.failed);
    CHECK(amdvi_drv_self_test(policy.drv, 1, NULL, NULL) != 0); /* there is no such unit */
    CHECK_U64(amdvi_drv_self_test(policy.drv, 0, NULL, NULL), 0);
    policy_stop(&policy);
}

/* ---- Bad units ------------------------------------------------------------------------------- */

/* The host's functions, with a fault between them and the unit. */
static void (*true_write64)(void *ctx, void *window, uint32_t offset, uint64_t value);
static uint64_t (*true_read64)(void *ctx, void *window, uint32_t offset);
static uint32_t (*true_read32)(void *ctx, void *window, uint32_t offset);
static void (*true_pause)(void *ctx);
static uint64_t lost_bits;

static void write64_badly(void *ctx, void *window, uint32_t offset, uint64_t value)
{
    true_write64(ctx, window, offset, offset == 0x28 ? value & ~lost_bits : value);
}

static uint64_t read64_badly(void *ctx, void *window, uint32_t offset)
{
    return true_read64(ctx, window, offset) ^ (offset == 0x10 ? UINT64_C(0x1000) : 0);
}

/* No event is ever seen: the tail is the head. */
static uint32_t read32_without_events(void *ctx, void *window, uint32_t offset)
{
    return true_read32(ctx, window, offset == 0x2018 ? 0x2010 : offset);
}

/* EventOverflow is never seen, nor that the log does not run. */
static uint32_t read32_without_overflow(void *ctx, void *window, uint32_t offset)
{
    uint32_t value = true_read32(ctx, window, offset);

    return offset == 0x2020 ? (value & ~1U) | 8 : value;
}

static void pause_and_take_events(void *ctx)
{
    true_pause(ctx);
    amdvi_drv_unit_interrupt(policy.drv, 0);
}

static bool start_bad(void)
{
    bool started = start();

    true_write64 = policy.rig.host.write64;
    true_read64 = policy.rig.host.read64;
    true_read32 = policy.rig.host.read32;
    true_pause = policy.rig.host.pause;
    return started;
}

/* Run it, and once more on the machine as it is in truth. */
static void run_and_heal(unsigned failed, const char *expected)
{
    CHECK_U64(run(), failed);
    check_verdicts(expected);
    policy.rig.host.write64 = true_write64;
    policy.rig.host.read64 = true_read64;
    policy.rig.host.read32 = true_read32;
    policy.rig.host.pause = true_pause;
    policy.rig.dead_run = false;
    policy.rig.completion = RIG_AT_ONCE;
    rig_pass(&policy.rig, UINT64_C(1000000000));
    while (amdvi_drv_poll(policy.drv)) {
    }
}

static void registers_that_lose_bits_are_found(void)
{
    for (unsigned bit = 12; bit < 52; bit++) {
        if (!start_bad()) {
            return;
        }
        lost_bits = UINT64_C(1) << bit;
        policy.rig.host.write64 = write64_badly;
        run_and_heal(1, "PFPPPPPPP");
        CHECK_U64(result[WRITES].expected ^ result[WRITES].found, lost_bits);
        policy_stop(&policy);
    }
}

static void a_wrong_base_is_found(void)
{
    if (!start_bad()) {
        return;
    }
    policy.rig.host.read64 = read64_badly;
    run_and_heal(1, "FPPPPPPPP");
    CHECK_U64(result[BASES].expected ^ result[BASES].found, 0x1000);
    policy_stop(&policy);
}

static void a_unit_that_does_not_run_is_found(void)
{
    if (!start_bad()) {
        return;
    }
    policy.rig.dead_run = true;
    count = 0;
    CHECK(amdvi_drv_self_test(policy.drv, 0, note, &policy) != 0);
    CHECK(result[ENABLES].verdict == AMDVI_DRV_FAIL);
    CHECK_U64(result[ENABLES].expected, 0x18);
    CHECK_U64(result[ENABLES].found, 0);
    policy.rig.dead_run = false;
    policy_stop(&policy);
}

static void a_unit_that_never_completes_is_found_in_time(void)
{
    if (!start_bad()) {
        return;
    }
    policy.rig.completion = RIG_NEVER;
    run_and_heal(3, "PPPFFF---");
    CHECK_U64(result[COMPLETION].expected, AMDVI_DRV_OK);
    CHECK_U64(result[COMPLETION].found, AMDVI_DRV_ERR_TIMEOUT);
    CHECK_U64(run(), 0);
    check_verdicts("PPPPPPPPP");
    policy_stop(&policy);
}

/* Command number @at of the self-test, from 1, is another to the unit: a wait that stores @data. */
static void exchange(unsigned at, uint64_t word0, uint64_t data)
{
    policy.rig.corrupt_after = at;
    policy.rig.corrupt_word0 = word0;
    policy.rig.corrupt_word1 = data;
}

/* A COMPLETION_WAIT with s and f that stores where the self-test has its words. */
static uint64_t wait_word(void)
{
    return UINT64_C(1) << 60 | (policy.drv->units[0]->ring.completion.spa + 64) | 5;
}

static void stores_that_lose_bits_are_found(void)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        if (!start_bad()) {
            return;
        }
        /* The first word that is stored, and its complement. */
        uint64_t data = UINT64_C(0xa5c3e187965b2d4f) ^ UINT64_C(1) << bit;
        exchange(1, wait_word(), data);
        run_and_heal(1, "PPPFPPPPP");
        CHECK_U64(result[COMPLETION].found, data);
        policy_stop(&policy);
    }
}

static void commands_out_of_order_are_found(void)
{
    if (!start_bad()) {
        return;
    }
    exchange(7, UINT64_C(1) << 60, 0); /* the third of three, behind two pairs: stores nothing */
    run_and_heal(1, "PPPPFPPPP");
    CHECK_U64(result[ORDER].expected, 3);
    CHECK_U64(result[ORDER].found, 2);
    policy_stop(&policy);
}

static void a_bad_command_that_is_taken_is_found(void)
{
    if (!start_bad()) {
        return;
    }
    exchange(9, UINT64_C(1) << 60, 0);
    run_and_heal(1, "PPPPPF---");
    CHECK_U64(result[REFUSAL].expected, AMDVI_DRV_ERR_COMMAND);
    CHECK_U64(result[REFUSAL].found, AMDVI_DRV_OK);
    policy_stop(&policy);
}

static void an_event_that_does_not_come_is_found(void)
{
    if (!start_bad()) {
        return;
    }
    policy.rig.host.read32 = read32_without_events;
    run_and_heal(1, "PPPPPPPF-");
    policy_stop(&policy);
}

static uint32_t frozen_tail;

static uint32_t read32_of_old_events(void *ctx, void *window, uint32_t offset)
{
    return offset == 0x2018 ? frozen_tail : true_read32(ctx, window, offset);
}

static void an_older_event_is_not_taken_for_it(void)
{
    struct amdvi_command command = {.opcode = (enum amdvi_opcode)15};
    uint32_t number = 0;

    if (!start_bad()) {
        return;
    }
    struct amdvi_drv_ring *ring = &policy.drv->units[0]->ring;
    uint64_t deadline_ns = policy.rig.now_ns + UINT64_C(1000000000);
    CHECK_U64(amdvi_drv_ring_submit(ring, &command, 1, deadline_ns, &number), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_ring_wait(ring, number, deadline_ns), AMDVI_DRV_ERR_COMMAND);
    frozen_tail = (uint32_t)rig_reg(&policy.rig, 0, AMDVI_REG_EVENT_LOG_TAIL);
    CHECK_U64(frozen_tail, 16);
    policy.rig.host.read32 = read32_of_old_events;
    run_and_heal(1, "PPPPPPPF-");
    policy_stop(&policy);
}

static void events_that_others_took_are_not_tested(void)
{
    if (!start_bad()) {
        return;
    }
    policy.rig.host.pause = pause_and_take_events;
    policy.rig.completion = RIG_LATE;
    policy.rig.late_ns = 5000000;
    run_and_heal(0, "PPPPPPP--");
    policy_stop(&policy);
}

static void an_overflow_that_is_not_told_is_found(void)
{
    if (!start_bad()) {
        return;
    }
    policy.rig.host.read32 = read32_without_overflow;
    run_and_heal(1, "PPPPPPPPF");
    policy_stop(&policy);
}

static void a_start_that_asks_for_it_depends_on_it(void)
{
    struct amdvi_drv_config config;

    for (unsigned i = 0; i < 2; i++) {
        memset(&policy, 0, sizeof(policy));
        rig_start(&policy.rig, &(struct rig_options){.pause_ns = 1000000});
        amdvi_drv_config_init(&config);
        config.ivrs = policy.table;
        config.ivrs_bytes = policy_table(&policy, &(struct policy_options){0});
        config.self_test = true;
        lost_bits = UINT64_C(0x100000);
        true_write64 = policy.rig.host.write64;
        if (i == 1) {
            policy.rig.host.write64 = write64_badly;
        }
        enum amdvi_drv_status status = amdvi_drv_start(&policy.drv, &policy.rig.host, &config);
        CHECK_U64(status, i == 0 ? AMDVI_DRV_OK : AMDVI_DRV_ERR_HARDWARE);
        CHECK_U64(policy.rig.unit[0].machine.invalidations != 0, true);
        if (status == AMDVI_DRV_OK) {
            CHECK_U64(policy.drv->units[0]->ring.repairs, 2);
            policy_stop(&policy);
        } else {
            CHECK_U64(rig_reg(&policy.rig, 0, AMDVI_REG_CONTROL) & 1, 0);
            CHECK(rig_stop(&policy.rig));
        }
    }
}

static const struct check_case cases[] = {
    {"a good unit passes, and nothing is different afterwards", NULL, a_good_unit_passes},
    {"half of the repairs are left for true errors", NULL, it_leaves_repairs_for_true_errors},
    {"a register that loses any bit is found", NULL, registers_that_lose_bits_are_found},
    {"a wrong base is found", NULL, a_wrong_base_is_found},
    {"a unit that does not run is found", NULL, a_unit_that_does_not_run_is_found},
    {"a unit that never completes is found within two seconds", NULL,
     a_unit_that_never_completes_is_found_in_time},
    {"a completion that stores any bit wrong is found", NULL, stores_that_lose_bits_are_found},
    {"commands out of order are found", NULL, commands_out_of_order_are_found},
    {"a unit that takes a command that is none is found", NULL,
     a_bad_command_that_is_taken_is_found},
    {"an event that does not come is found", NULL, an_event_that_does_not_come_is_found},
    {"an older event of the same kind is not taken for it", NULL,
     an_older_event_is_not_taken_for_it},
    {"events that others took are not tested", NULL, events_that_others_took_are_not_tested},
    {"an overflow that is not told is found", NULL, an_overflow_that_is_not_told_is_found},
    {"a start that asks for the self-test depends on it", NULL,
     a_start_that_asks_for_it_depends_on_it},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
