/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests with threads share: time, and who plays a device. */
#ifndef DEVICE_TESTS_RACE_H
#define DEVICE_TESTS_RACE_H

#include "machine.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

/* What takes longer than this never ends. */
#define DEADLINE_MS 20000

/* One thread that plays a device, with a reader of its own. */
struct user {
    pthread_t thread;
    struct amdvi_reader *reader;
    uint32_t random;
    unsigned long rounds;
    _Atomic bool is_told; /* that its lease is revoked */
};

static inline uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* When a case that begins now is to end. */
static inline uint64_t end_of_case(void)
{
    const char *asked = getenv("AMDVI_THREADS_MS");

    return now_ms() + (asked != NULL ? strtoull(asked, NULL, 10) : 500);
}

static inline uint32_t next_random(struct user *user)
{
    user->random = user->random * 1664525 + 1013904223;
    return user->random >> 8;
}

/* As machine->revoke, where the cookie of a lease is its user. */
static inline void let_go(void *cookie)
{
    struct user *user = cookie;

    atomic_store(&user->is_told, true);
}

/*
 * A COMPLETION_WAIT, and until its word is there whatever work the host is asked to do. False after
 * the deadline.
 */
static inline bool completes_in_time(struct machine *machine, bool own_work)
{
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_COMPLETION_WAIT,
                                    .store = true,
                                    .store_address = MACHINE_STORE,
                                    .store_data = ++machine->next_word};
    uint64_t deadline = now_ms() + DEADLINE_MS;

    machine_command(machine, &command);
    while (!machine_waited(machine)) {
        if (own_work && atomic_exchange(&machine->work_calls, 0) != 0) {
            while (amdvi_iommu_process(machine->iommu, 4)) {
            }
        }
        sched_yield();
        if (now_ms() >= deadline) {
            return false;
        }
    }
    return true;
}

#endif
