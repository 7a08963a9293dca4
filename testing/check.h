/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checks of every test program, and its main loop. A program has a table of cases, each a
 * sentence that is true when it passes, and prints TAP. A check that fails prints file, line,
 * expression and numbers, and the case goes on, so that one run shows all that is wrong; where
 * going on makes no sense, write `if (!CHECK(…)) { return; }`. One thread only.
 */
#ifndef TESTING_CHECK_H
#define TESTING_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct check_case {
    const char *sentence;
    const char *spec; /* revision and structure, as "1.20 IVHD"; NULL when it is about none */
    void (*run)(void);
};

/* Both are true when the check held. */
#define CHECK(condition)     check_true((condition), #condition, __FILE__, __LINE__)
#define CHECK_U64(got, want) check_u64((uint64_t)(got), (uint64_t)(want), #got, __FILE__, __LINE__)

#define CHECK_CASE_COUNT(cases) (sizeof(cases) / sizeof((cases)[0]))

struct check_state {
    bool failed;
    const char *skip_reason;
    unsigned long checks; /* made in the running case */
};

#ifdef CHECK_SHARED
/* One for all files of a program, which defines it. */
struct check_state *check_now(void);
#else
/* One for each file that includes this. */
static inline struct check_state *check_now(void)
{
    static struct check_state state;

    return &state;
}
#endif

static inline bool check_true(bool held, const char *expression, const char *file, int line)
{
    check_now()->checks++;
    if (!held) {
        check_now()->failed = true;
        printf("# %s:%d: %s is false\n", file, line, expression);
    }
    return held;
}

static inline bool check_u64(uint64_t got, uint64_t want, const char *expression, const char *file,
                             int line)
{
    check_now()->checks++;
    if (got != want) {
        check_now()->failed = true;
        printf("# %s:%d: %s: got 0x%" PRIx64 ", expected 0x%" PRIx64 "\n", file, line, expression,
               got, want);
    }
    return got == want;
}

/* Has the running case counted as skipped, unless one of its checks fails. */
static inline void check_skip(const char *reason)
{
    check_now()->skip_reason = reason;
}

/* Runs all cases. A case without a single check fails: it would pass whatever the code does. */
static inline int check_main(const struct check_case *cases, size_t count)
{
    struct check_state *now = check_now();
    bool all_passed = true;

    printf("1..%zu\n", count);
    for (size_t i = 0; i < count; i++) {
        now->failed = false;
        now->skip_reason = NULL;
        now->checks = 0;
        cases[i].run();
        if (now->checks == 0 && now->skip_reason == NULL) {
            now->failed = true;
            printf("# the case checks nothing\n");
        }
        printf("%s %zu - %s", now->failed ? "not ok" : "ok", i + 1, cases[i].sentence);
        if (cases[i].spec != NULL) {
            printf(" [%s]", cases[i].spec);
        }
        if (now->skip_reason != NULL && !now->failed) {
            printf(" # SKIP %s", now->skip_reason);
        }
        printf("\n");
        fflush(stdout);
        all_passed = all_passed && !now->failed;
    }
    return all_passed ? 0 : 1;
}

#endif
