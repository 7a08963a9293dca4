/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two files of the self-test share. */
#ifndef AMDVI_DRV_SELF_TEST_H
#define AMDVI_DRV_SELF_TEST_H

#include "registers.h"
#include "state.h"

#pragma GCC visibility push(hidden)

#define AMDVI_DRV_TEST_PATTERN UINT64_C(0xa5c3e187965b2d4f)

struct amdvi_drv_self_test_run {
    struct amdvi_drv *drv;
    struct amdvi_drv_unit *unit;
    uint64_t bad_spa;     /* of the command that was refused */
    uint64_t events;      /* that somebody had taken before it */
    bool was_refused;     /* it was */
    bool event_was_found; /* and the log says so */
};

/* One expectation; a result that is left alone was not tested. */
typedef void amdvi_drv_expectation(struct amdvi_drv_self_test_run *test,
                                   struct amdvi_drv_test_result *result);

static inline uint64_t amdvi_drv_test_reg(const struct amdvi_drv_self_test_run *test,
                                          enum amdvi_reg name)
{
    return amdvi_drv_reg_read(test->drv->host, test->unit->window, name);
}

/* May be called several times: the first that differs is shown. */
static inline void amdvi_drv_test_compare(struct amdvi_drv_test_result *result, uint64_t expected,
                                          uint64_t found)
{
    if (result->verdict != AMDVI_DRV_FAIL) {
        result->expected = expected;
        result->found = found;
        result->verdict = expected == found ? AMDVI_DRV_PASS : AMDVI_DRV_FAIL;
    }
}

/* Submit up to three commands, and wait. @out_spa, if not NULL, is where the first lies. */
enum amdvi_drv_status amdvi_drv_test_submit(struct amdvi_drv_self_test_run *test,
                                            const struct amdvi_command *commands, unsigned count,
                                            uint64_t *out_spa);
/* Have @value stored by a command, and look. */
void amdvi_drv_test_store(struct amdvi_drv_self_test_run *test, uint64_t value,
                          struct amdvi_drv_test_result *result);

/* ---- self_test_errors.c ---- */

amdvi_drv_expectation amdvi_drv_test_refusal;
amdvi_drv_expectation amdvi_drv_test_repair;
amdvi_drv_expectation amdvi_drv_test_event;
amdvi_drv_expectation amdvi_drv_test_overflow;

#pragma GCC visibility pop

#endif
