/* SPDX-License-Identifier: BSD-2-Clause */
/* The differential test: one case under way, and the report of a difference. */
#ifndef TESTS_DIFFERENTIAL_H
#define TESTS_DIFFERENTIAL_H

#include "oracle.h"
#include "scene.h"
#include "verdict.h"

#define HISTORY  64U
#define MACHINES 4U /* HtTunnel and HtAtsResv, on and off */

struct bench {
    struct amdvi_features features;
    struct machine machine;
    struct scene scene;
};

struct test {
    struct bench bench[MACHINES];
    struct machine *machine; /* of the bench that this scene is on */
    struct scene *scene;
    struct scene_change change;
    bool pending; /* the change is made, its invalidations are not completed */
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

/* What it takes to see a difference again, and to understand it. */
void print_change(const struct test *test);
void print_difference(const struct test *test, const struct request *request,
                      const struct answer *got, const char *why);

#endif
