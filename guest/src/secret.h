/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the attack is after: memory of a program and memory of the kernel, each once below and
 * once above 256 MiB of physical memory (the reach of a device with 28 address bits).
 */
#ifndef GUEST_SECRET_H
#define GUEST_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SECRET_BOUNDARY (UINT64_C(256) << 20)

/* How every secret begins, so that a search finds any of them. */
#define SECRET_PREFIX "amdvi-secret"

enum secret_place { SECRET_BELOW, SECRET_ABOVE, SECRET_PLACES };

enum { SECRET_BYTES = 256 };

enum secret_place secret_place_of(uint64_t physical);

/* Makes up a secret that nobody had before: readable text, the rest random. */
void secret_make(unsigned char secret[SECRET_BYTES], const char *owner, unsigned number);

/* A program with a page in each place that it never told any device about. */
struct victim {
    pid_t pid;
    int question;
    int answer;
};

/* How the victim sees its own pages. */
struct victim_answer {
    uint64_t physical[SECRET_PLACES]; /* 0: it has no page there */
    bool unchanged[SECRET_PLACES];
    unsigned char secret[SECRET_PLACES][SECRET_BYTES]; /* what it put there */
};

/*
 * Forks the victim, which takes memory until it has a page in each place, and goes on holding all
 * of it until it is asked to trim. False if it could not be started.
 */
bool victim_start(struct victim *victim);

enum victim_question {
    VICTIM_LOOK = 'l', /* look at your pages */
    VICTIM_MORE = 'm', /* take some more memory first */
    VICTIM_TRIM = 't', /* give back all memory but the two pages first */
};

/* False if the victim is dead. */
bool victim_ask(const struct victim *victim, enum victim_question question,
                struct victim_answer *answer);
void victim_stop(struct victim *victim);

/* Keys in the kernel's keyring, whose payload lies in memory that only the kernel uses. */
struct kernel_secret {
    int32_t key;
    uint64_t physical; /* 0: none found there */
    unsigned char secret[SECRET_BYTES];
};

/*
 * Adds keys and looks where the kernel put them, and fills in those places of `secrets` that
 * were still empty. False with errno set if this kernel has no keys or does not show its memory.
 */
bool kernel_secrets_add(struct kernel_secret secrets[SECRET_PLACES]);

/* Asks the kernel for the key, the way any program would. */
bool kernel_secret_unchanged(const struct kernel_secret *secret);

#endif
