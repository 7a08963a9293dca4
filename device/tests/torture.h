/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The torture test: one IOMMU, used by all kinds of users at once, while its driver moves what they
 * use.
 *
 * A place is a range of IOVAs of a device. It is mapped to one of two targets in memory; the driver
 * moves it to the other, invalidates, and waits. From then on the old target is the driver's own:
 * it is marked as retired and filled with POISON, until it is given back. Whoever finds a target
 * retired, or POISON in it, before its release used what was invalidated before a completed wait;
 * so did whoever's write the driver finds when it gives the target back.
 */
#ifndef DEVICE_TESTS_TORTURE_H
#define DEVICE_TESTS_TORTURE_H

#include "race.h"

#include "check.h"

/* What is changed to move a place. */
enum place_kind {
    PLACE_PAGES,     /* entries of the last level, invalidated with PDE=0 */
    PLACE_BIG,       /* one entry of 2 MiB, the same */
    PLACE_DIRECTORY, /* the table of the last level, with PDE=1 */
    PLACE_DEVICE,    /* the device table entry */
    PLACE_EXCLUDED,  /* the exclusion range: the second target has the place's own address */
    PLACE_READ_ONLY, /* not moved: the permission to write comes and goes */
    PLACE_GONE,      /* has one target only, or none */
};

#define PLACES         9
#define PAGES_OF_PLACE 16
#define PLACE_BYTES    UINT64_C(0x10000)
#define TARGET_BYTES   UINT64_C(0x200000)
#define TARGETS        (2 * PLACES)
#define VECTORS        8
#define POISON         UINT64_C(0xdeaddeaddeaddead)

/* Words at the beginning of each page of a target: stamps, and behind them what users write. */
#define WORDS  64U
#define STAMPS 32U

struct place {
    enum place_kind kind;
    uint16_t device_id;
    uint16_t domain_id;
    uint64_t iova;
    uint64_t root;     /* of its page tables */
    uint64_t table[2]; /* PLACE_DIRECTORY: of level 1; PLACE_DEVICE: roots */
    unsigned side;     /* which target it has */
};

/* Threads: the users below, the one that writes registers, and the driver. */
#define TRANSLATORS 2
#define USERS       4
#define THREADS     (USERS + 1)

#define DEVICE       0x0100
#define SWITCHED     0x0101
#define EXCLUDED     0x0102
#define STORMING     0x0200 /* nothing is mapped for it */
#define EXCLUSION_AT 8U     /* the place that is PLACE_EXCLUDED */

extern struct torture {
    struct machine machine;
    struct machine twin; /* a second instance, for saved states */
    bool own_work;
    struct place place[PLACES];
    uint64_t vectors; /* the interrupt table */
    unsigned vector_side[VECTORS];
    struct user user[THREADS];
    _Atomic bool stop;
    _Atomic bool pause;
    _Atomic unsigned paused; /* threads that are */
    _Atomic unsigned long waits_begun;
    _Atomic unsigned long waits_ended;
    _Atomic bool is_retired[TARGETS];
    _Atomic bool is_write_retired[TARGETS];
    _Atomic bool is_vector_gone[2 * VECTORS];
    _Atomic unsigned long late;     /* uses of what was invalidated */
    _Atomic unsigned first_late;    /* of them: 1 + the user, and the target */
    _Atomic unsigned long astray;   /* answers that never were right, and refusals of what is */
    _Atomic unsigned long failures; /* anything else that must not be */
    unsigned long moves;
    unsigned long checkpoints;
    _Atomic unsigned long wraps; /* of the event log */
    _Atomic unsigned long overflows;
    _Atomic unsigned long saves;
} torture;

static inline uint64_t target_spa(unsigned target)
{
    return MACHINE_FREE + TARGET_BYTES * target;
}

/* Threads stop here for a checkpoint; nothing of the library is in use then. */
void torture_rest(void);

/* ---- torture_users.c ------------------------------------------------------------------------- */

void *torture_translating(void *user);
void *torture_leasing(void *user);
void *torture_interrupting(void *user);
void *torture_writing_registers(void *user);

/* ---- torture_state.c ------------------------------------------------------------------------- */

/* Everybody rests: save, load into the twin, and compare. @parked: while a wait has to wait. */
bool torture_checkpoint(bool parked);

/* While everything runs: save, and load that into the twin, which has other memory. */
void torture_save_running(void);

#endif
