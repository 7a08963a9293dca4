/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A unit in use against what the driver relies on. Each expectation is a sentence and a function;
 * later ones count on what earlier ones found. Nothing here touches a device or its entry: what is
 * provoked are two commands that are none, and one event too many.
 */
#include "self_test.h"

#include "ring.h"
#include "store.h"

#define WAIT_NS UINT64_C(200000000) /* for commands */

/* Where commands store: in the page of the ring's own word, which stays as long as the ring. */
#define STORE_OFFSET 64

/* ---- Registers ------------------------------------------------------------------------------- */

static AMDVI_DRV_APART void check_bases(struct amdvi_drv_self_test_run *test,
                                        struct amdvi_drv_test_result *result)
{
    const struct amdvi_drv_unit *unit = test->unit;

    amdvi_drv_test_compare(result, amdvi_drv_device_table_base(&unit->table),
                           amdvi_drv_test_reg(test, AMDVI_REG_DEV_TAB_BASE));
    amdvi_drv_test_compare(result, unit->ring.commands.spa,
                           amdvi_drv_test_reg(test, AMDVI_REG_CMD_BUF_BASE) &
                               AMDVI_CMD_BUF_BASE_BASE);
    amdvi_drv_test_compare(result, unit->ring.size_bytes,
                           amdvi_ring_base_bytes(amdvi_drv_test_reg(test, AMDVI_REG_CMD_BUF_BASE)));
    amdvi_drv_test_compare(result, unit->log.entries.spa,
                           amdvi_drv_test_reg(test, AMDVI_REG_EVENT_LOG_BASE) &
                               AMDVI_EVENT_LOG_BASE_BASE);
    amdvi_drv_test_compare(
        result, unit->log.size_bytes,
        amdvi_ring_base_bytes(amdvi_drv_test_reg(test, AMDVI_REG_EVENT_LOG_BASE)));
}

/* The limit of the exclusion range: it means nothing while ExEn is 0. */
static AMDVI_DRV_APART void check_writes(struct amdvi_drv_self_test_run *test,
                                         struct amdvi_drv_test_result *result)
{
    const struct amdvi_drv_host *host = test->drv->host;
    void *window = test->unit->window;

    if (amdvi_has(amdvi_drv_test_reg(test, AMDVI_REG_EXCL_BASE), AMDVI_EXCL_BASE_EX_EN)) {
        return;
    }
    uint64_t old = amdvi_drv_test_reg(test, AMDVI_REG_EXCL_LIMIT);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t wanted =
            (i == 0 ? AMDVI_DRV_TEST_PATTERN : ~AMDVI_DRV_TEST_PATTERN) & AMDVI_EXCL_LIMIT_LIMIT;
        amdvi_drv_reg_write(host, window, AMDVI_REG_EXCL_LIMIT, wanted);
        amdvi_drv_test_compare(result, wanted,
                               amdvi_drv_test_reg(test, AMDVI_REG_EXCL_LIMIT) &
                                   AMDVI_EXCL_LIMIT_LIMIT);
    }
    amdvi_drv_reg_write(host, window, AMDVI_REG_EXCL_LIMIT, old);
}

static AMDVI_DRV_APART void check_enables(struct amdvi_drv_self_test_run *test,
                                          struct amdvi_drv_test_result *result)
{
    uint64_t enables =
        AMDVI_CONTROL_IOMMU_EN | AMDVI_CONTROL_CMD_BUF_EN | AMDVI_CONTROL_EVENT_LOG_EN;
    uint64_t runs = AMDVI_STATUS_CMD_BUF_RUN | AMDVI_STATUS_EVENT_LOG_RUN;

    amdvi_drv_test_compare(result, enables, amdvi_drv_test_reg(test, AMDVI_REG_CONTROL) & enables);
    amdvi_drv_test_compare(result, runs, amdvi_drv_test_reg(test, AMDVI_REG_STATUS) & runs);
}

/* ---- Commands -------------------------------------------------------------------------------- */

enum amdvi_drv_status amdvi_drv_test_submit(struct amdvi_drv_self_test_run *test,
                                            const struct amdvi_command *commands, unsigned count,
                                            uint64_t *out_spa)
{
    const struct amdvi_drv_host *host = test->drv->host;
    struct amdvi_drv_ring *ring = &test->unit->ring;
    uint64_t deadline_ns = host->now_ns(host->ctx) + WAIT_NS;
    uintptr_t flags;

    enum amdvi_drv_status status = amdvi_drv_ring_take(ring, count, deadline_ns, &flags);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    if (out_spa != NULL) {
        *out_spa = ring->commands.spa + ring->tail;
    }
    for (unsigned i = 0; i < count; i++) {
        amdvi_drv_ring_put(ring, &commands[i]);
    }
    uint32_t number = amdvi_drv_ring_commit(ring, flags);
    return amdvi_drv_ring_wait(ring, number, deadline_ns);
}

static struct amdvi_command store_command(const struct amdvi_drv_self_test_run *test,
                                          uint64_t value)
{
    return (struct amdvi_command){.opcode = AMDVI_OPCODE_COMPLETION_WAIT,
                                  .store = true,
                                  .flush = true,
                                  .store_address = test->unit->ring.completion.spa + STORE_OFFSET,
                                  .store_data = value};
}

static uint64_t stored(const struct amdvi_drv_self_test_run *test)
{
    const uint8_t *word = (const uint8_t *)test->unit->ring.completion.bytes + STORE_OFFSET;

    amdvi_drv_flush_bytes(test->drv->host, word, sizeof(uint64_t));
    return amdvi_drv_load32(word) | (uint64_t)amdvi_drv_load32(word + 4) << 32;
}

void amdvi_drv_test_store(struct amdvi_drv_self_test_run *test, uint64_t value,
                          struct amdvi_drv_test_result *result)
{
    struct amdvi_command command = store_command(test, value);

    amdvi_drv_test_compare(result, AMDVI_DRV_OK, amdvi_drv_test_submit(test, &command, 1, NULL));
    amdvi_drv_test_compare(result, value, stored(test));
}

static AMDVI_DRV_APART void check_completion(struct amdvi_drv_self_test_run *test,
                                             struct amdvi_drv_test_result *result)
{
    amdvi_drv_test_store(test, AMDVI_DRV_TEST_PATTERN, result);
    amdvi_drv_test_store(test, ~AMDVI_DRV_TEST_PATTERN, result);
}

static AMDVI_DRV_APART void check_order(struct amdvi_drv_self_test_run *test,
                                        struct amdvi_drv_test_result *result)
{
    struct amdvi_command commands[3];

    for (unsigned i = 0; i < 3; i++) {
        commands[i] = store_command(test, i + 1);
    }
    amdvi_drv_test_compare(result, AMDVI_DRV_OK, amdvi_drv_test_submit(test, commands, 3, NULL));
    amdvi_drv_test_compare(result, 3, stored(test));
}

/* ---- All of them ----------------------------------------------------------------------------- */

enum expectation {
    BASES,
    WRITES,
    ENABLES,
    COMPLETION,
    ORDER,
    REFUSAL,
    REPAIR,
    EVENT,
    OVERFLOW,
    EXPECTATIONS
};

static const char *const sentences[EXPECTATIONS] = {
    [BASES] = "base registers hold what was written",
    [WRITES] = "a register keeps every bit that is written",
    [ENABLES] = "translation, commands and events are enabled, and run",
    [COMPLETION] = "a completion wait stores all 64 bits that it is told",
    [ORDER] = "commands complete in order",
    [REFUSAL] = "a command that is none is refused",
    [REPAIR] = "the commands behind it run after a repair",
    [EVENT] = "the event log shows the command that was refused",
    [OVERFLOW] = "an event log that overflowed can be restarted",
};

/* No table of functions: what they call could not be counted. */
static void check(struct amdvi_drv_self_test_run *test, enum expectation expectation,
                  struct amdvi_drv_test_result *result)
{
    switch (expectation) {
    case BASES:
        check_bases(test, result);
        break;
    case WRITES:
        check_writes(test, result);
        break;
    case ENABLES:
        check_enables(test, result);
        break;
    case COMPLETION:
        check_completion(test, result);
        break;
    case ORDER:
        check_order(test, result);
        break;
    case REFUSAL:
        amdvi_drv_test_refusal(test, result);
        break;
    case REPAIR:
        amdvi_drv_test_repair(test, result);
        break;
    case EVENT:
        amdvi_drv_test_event(test, result);
        break;
    case OVERFLOW:
        amdvi_drv_test_overflow(test, result);
        break;
    case EXPECTATIONS:
        break;
    }
}

unsigned amdvi_drv_self_test(struct amdvi_drv *drv, unsigned unit_index,
                             void (*report)(void *ctx, const struct amdvi_drv_test_result *result),
                             void *ctx)
{
    struct amdvi_drv_self_test_run test = {.drv = drv};
    unsigned failed = 0;

    if (unit_index >= drv->unit_count) {
        return 1;
    }
    test.unit = drv->units[unit_index];
    for (unsigned i = 0; i < EXPECTATIONS; i++) {
        struct amdvi_drv_test_result result = {.expectation = sentences[i],
                                               .verdict = AMDVI_DRV_NOT_TESTED};
        check(&test, (enum expectation)i, &result);
        failed += result.verdict == AMDVI_DRV_FAIL;
        if (report != NULL) {
            report(ctx, &result);
        }
    }
    return failed;
}
