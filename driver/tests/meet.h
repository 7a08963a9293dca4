/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two calls that meet, without threads: the other one runs, all of it, at one moment of ours. A
 * moment is whenever ours takes a lock and has none, so that between two of them nothing is seen
 * from outside. A test tries them one after the other:
 *
 *     for (meet_start(); meet_again();) {
 *         ... a machine
 *         meet_arm(&rig, other);
 *         ... our call
 *         meet_disarm();
 *         ... what must be true, whichever was first
 *     }
 */
#ifndef DRIVER_TESTS_MEET_H
#define DRIVER_TESTS_MEET_H

#include "rig.h"

#include <string.h>

static struct {
    struct rig *rig;
    struct amdvi_drv_host host; /* the rig's own */
    void (*other)(void);
    unsigned at; /* the moment, from 1 */
    unsigned moments;
    unsigned held;
    bool has_met;
    bool is_armed;
} meet;

static inline uintptr_t meet_lock(void *ctx, struct amdvi_drv_lock *lock)
{
    if (meet.is_armed && meet.held == 0 && ++meet.moments == meet.at) {
        meet.is_armed = false;
        meet.has_met = true;
        meet.other();
        meet.is_armed = true;
    }
    meet.held++;
    return meet.host.lock(ctx, lock);
}

static inline void meet_unlock(void *ctx, struct amdvi_drv_lock *lock, uintptr_t flags)
{
    meet.host.unlock(ctx, lock, flags);
    meet.held--;
}

static inline void meet_start(void)
{
    memset(&meet, 0, sizeof(meet));
    meet.has_met = true;
}

/* False when the last call of ours was over before the moment came. */
static inline bool meet_again(void)
{
    bool has_more = meet.has_met;

    meet.at++;
    meet.moments = 0;
    meet.has_met = false;
    return has_more;
}

static inline void meet_arm(struct rig *rig, void (*other)(void))
{
    meet.rig = rig;
    meet.host = rig->host;
    meet.other = other;
    meet.is_armed = true;
    rig->host.lock = meet_lock;
    rig->host.unlock = meet_unlock;
}

static inline void meet_disarm(void)
{
    meet.is_armed = false;
    meet.rig->host.lock = meet.host.lock;
    meet.rig->host.unlock = meet.host.unlock;
}

#endif
