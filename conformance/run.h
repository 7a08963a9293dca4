/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs one requirement's test on one target, in a process of its own and with a deadline. */
#ifndef CONFORMANCE_RUN_H
#define CONFORMANCE_RUN_H

#include "requirement.h"

#include <sys/types.h>

enum verdict {
    VERDICT_PASS,
    VERDICT_FAIL,
    VERDICT_NOT_TESTED, /* the target cannot do what the test needs */
    VERDICT_CRASH,      /* the target or the test died */
    VERDICT_HANG,       /* not over at the deadline */
    VERDICT_ERROR,      /* the test or the target is wrong: nothing is known of the IOMMU */
    VERDICT_COUNT
};

/* As the expectation files and the JSON result spell them. */
extern const char *const verdict_names[VERDICT_COUNT];

struct result {
    const struct requirement *requirement;
    enum verdict verdict;
    char outcome[64]; /* which of the legal ones; empty if there is no choice */
    char *notes;      /* what the test printed, and what is wrong; lines that begin with "# " */
    unsigned milliseconds;
};

/* A test under way. */
struct running {
    struct result *result;
    pid_t pid;
    int output;
    uint64_t begin_ms;
    size_t have; /* bytes of notes */
};

/* Begin; false when nothing needed to be started: the result is there. */
bool run_begin(struct running *running, struct result *result,
               const struct requirement *requirement, const struct target_kind_info *kind,
               const struct target_place *place);
/* Read what it prints, look at its deadline. True when it is over, and @running->result is there.
 */
bool run_poll(struct running *running, unsigned deadline_ms);
/* Wall clock. */
uint64_t run_now_ms(void);

#endif
