/* SPDX-License-Identifier: BSD-2-Clause */
/* One ring and several threads: numbers and places go together, and one repairs for all. */
#include "ring.h"
#include "ring_bed.h"

#include <pthread.h>
#include <stdlib.h>

#define THREADS     4
#define SUBMISSIONS 400
#define ROUNDS      8
#define LONG        (1000 * SECOND)

struct user {
    struct bed *bed;
    pthread_t thread;
    uint16_t device_id;
    uint32_t number[SUBMISSIONS];
    unsigned refused;
    unsigned other; /* results that there may not be */
};

/* Some wait for each of theirs, some for every fifth. */
static void *use(void *ctx)
{
    struct user *user = ctx;
    struct amdvi_drv_ring *ring = &user->bed->ring;
    struct amdvi_command commands[5];
    uint64_t deadline_ns = user->bed->rig.now_ns + LONG;

    for (unsigned i = 0; i < 5; i++) {
        commands[i] = devtab(user->device_id);
    }
    for (unsigned i = 0; i < SUBMISSIONS; i++) {
        uint32_t *number = &user->number[i];
        user->other +=
            amdvi_drv_ring_submit(ring, commands, i % 6, deadline_ns, number) != AMDVI_DRV_OK;
        if (user->device_id % 2 == 0 || i % 5 == 4) {
            enum amdvi_drv_status status = amdvi_drv_ring_wait(ring, *number, deadline_ns);
            user->refused += status == AMDVI_DRV_ERR_COMMAND;
            user->other += status != AMDVI_DRV_OK && status != AMDVI_DRV_ERR_COMMAND;
            user->other += !amdvi_drv_ring_is_completed(ring, *number);
        }
    }
    return NULL;
}

static int compare(const void *one, const void *two)
{
    uint32_t a = *(const uint32_t *)one;
    uint32_t b = *(const uint32_t *)two;

    return a < b ? -1 : a > b;
}

/* Each number from 1 on was given to one thread, and to each in order. */
static void check_numbers(const struct user *users)
{
    static uint32_t all[THREADS * SUBMISSIONS];

    for (unsigned i = 0; i < THREADS; i++) {
        for (unsigned k = 0; k < SUBMISSIONS; k++) {
            all[i * SUBMISSIONS + k] = users[i].number[k];
            if (k != 0 && !CHECK(users[i].number[k] > users[i].number[k - 1])) {
                return;
            }
        }
    }
    qsort(all, THREADS * SUBMISSIONS, sizeof(all[0]), compare);
    for (unsigned i = 0; i < THREADS * SUBMISSIONS; i++) {
        if (!CHECK_U64(all[i], i + 1)) {
            return;
        }
    }
}

static void run_users(struct bed *bed, struct user *users)
{
    for (unsigned i = 0; i < THREADS; i++) {
        users[i] = (struct user){.bed = bed, .device_id = (uint16_t)(i * 2)};
    }
    users[THREADS - 1].device_id++;
    for (unsigned i = 0; i < THREADS; i++) {
        if (!CHECK(pthread_create(&users[i].thread, NULL, use, &users[i]) == 0)) {
            exit(1);
        }
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(users[i].thread, NULL);
        CHECK_U64(users[i].other, 0);
    }
    check_numbers(users);
}

static void numbers_belong_to_places(void)
{
    static struct bed bed;
    static struct user users[THREADS];

    for (unsigned round = 0; round < ROUNDS; round++) {
        bed_start(&bed, &(struct rig_options){.threads = true, .only32 = round % 2 != 0});
        run_users(&bed, users);
        for (unsigned i = 0; i < THREADS; i++) {
            CHECK_U64(users[i].refused, 0);
        }
        CHECK_U64(bed.ring.submitted, THREADS * SUBMISSIONS);
        CHECK_U64(bed.ring.repairs, 0);
        /* The last of each thread may not have been waited for. */
        CHECK_U64(amdvi_drv_ring_wait(&bed.ring, bed.ring.submitted, bed.rig.now_ns + LONG),
                  AMDVI_DRV_OK);
        bed_stop(&bed);
    }
}

static void one_repairs_for_all(void)
{
    static struct bed bed;
    static struct user users[THREADS];

    for (unsigned round = 0; round < ROUNDS; round++) {
        bed_start(&bed, &(struct rig_options){.threads = true});
        bed.rig.corrupt_after = 200 + 300 * round;
        bed.rig.corrupt_word0 = WORD_ILLEGAL;
        run_users(&bed, users);
        unsigned refused = 0;
        for (unsigned i = 0; i < THREADS; i++) {
            refused += users[i].refused;
        }
        CHECK_U64(amdvi_drv_ring_wait(&bed.ring, bed.ring.submitted, bed.rig.now_ns + LONG),
                  AMDVI_DRV_OK);
        CHECK_U64(bed.ring.repairs, 1);
        CHECK_U64(bed.ring.refused_count, 1);
        CHECK(refused <= 1); /* its owner may not have asked */
        CHECK_U64(amdvi_drv_ring_wait(&bed.ring, bed.ring.refused[0], bed.rig.now_ns + LONG),
                  AMDVI_DRV_ERR_COMMAND);
        bed_stop(&bed);
    }
}

static const struct check_case cases[] = {
    {"L-2: numbers are given in the order of places, whoever submits", NULL,
     numbers_belong_to_places},
    {"a ring that stops under several threads is repaired once, and one number refused", NULL,
     one_repairs_for_all},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
