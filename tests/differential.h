/* SPDX-License-Identifier: BSD-2-Clause */
/* The differential test: one case under way, and the report of a difference. */
#ifndef TESTS_DIFFERENTIAL_H
#define TESTS_DIFFERENTIAL_H

#include "oracle.h"
#include "scene.h"
#include "verdict_host.h"

#define HISTORY  64U
#define MACHINES 8U /* HtTunnel and HtAtsResv, on and off; host->map there or not */

struct bench {
    struct amdvi_features features;
    struct machine machine;
    struct scene scene;
    struct layout layout; /* of the memory, if there is host->map */
};

struct test {
    struct bench bench[MACHINES];
    struct machine *machine; /* of the bench that this scene is on */
    struct scene *scene;
    struct layout *layout;
    struct scene_change change;
    bool pending; /* the change is made, its invalidations are not completed */
    bool racing;  /* it may be made while the next request is answered */
    struct request history[HISTORY];
    unsigned history_count;
    uint8_t first_event[65536];
    uint64_t command_tail;
    uint64_t store_word;
    unsigned case_number;
    uint64_t scene_number;
    uint64_t scene_seed;
    unsigned long step;
    unsigned long requests;
    bool failed;
};

struct differential_run {
    double seconds;
    uint64_t seed;
    uint64_t scene; /* to begin with */
    unsigned only_case;
    unsigned long requests;
    unsigned long met[ORACLE_CAUSES];
};

extern struct differential_run run;

uint16_t request_device(const struct request *request);

/* ---- test_differential.c --------------------------------------------------------------------- */

bool percent(struct test *test, unsigned of_hundred);

/* Put a command into the ring, and tell the library. */
void queue_command(struct test *test, uint64_t word0, uint64_t word1);
void kick(struct test *test);

void step_request(struct test *test);

/* Take all that the log holds; the last one's bytes. */
void take_events(struct test *test, struct answer *answer);

/* An access, as the library is asked for it. */
struct amdvi_request request_of(const struct request *request);

/* ---- differential_host.c --------------------------------------------------------------------- */

/* Perhaps ask for the host's pointers to an access, and judge them. */
void step_host(struct test *test, const struct request *request);

/* A change, its invalidations and their wait, all while a request is being answered. */
void step_race(struct test *test);

/* The host's memory is laid out anew. */
void step_layout(struct test *test);

/* ---- differential_report.c ------------------------------------------------------------------- */

/* What it takes to see a difference again, and to understand it. */
void print_change(const struct test *test);
void print_difference(const struct test *test, const struct request *request,
                      const struct answer *got, const char *why);

#endif
