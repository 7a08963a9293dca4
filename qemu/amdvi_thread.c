/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which reader of the library a thread uses.
 *
 * An IOThread, or whoever else does not hold the big lock, has a reader of its own in each unit. It
 * goes online with the first translation of an access and offline when the access scope
 * (exec/iommu-access.h) ends that the translation was made in: a full fence each time.
 *
 * Whoever holds the big lock uses the lock's reader. It stays online between accesses and is
 * released after one only if commands have run meanwhile. Commands run under the big lock too:
 * before they do, amdvi_commands_begin() takes it offline. The big lock can be given up in the
 * middle of an access. So the reader is busy until the access ends: amdvi_commands_begin() leaves
 * it alone then, and other accesses under the lock use their own threads' readers.
 */
#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/thread.h"
#include "amdvi.h"

typedef struct AmdviThread {
    bool has_number;
    unsigned number;  /* of this thread: the index of its readers */
    uint32_t online;  /* units, by index, whose reader stays online until the scope ends */
    uint32_t locked;  /* units whose lock's reader is busy until the scope ends */
    Notifier at_exit; /* gives the number back */
} AmdviThread;

/* No function below can be left by a coroutine before it returns, so plain __thread is safe. */
static __thread AmdviThread amdvi_thread;

static QemuMutex numbers_lock;
static DECLARE_BITMAP(numbers_used, AMDVI_READERS_MAX);
static unsigned numbers_count; /* of the unit with the fewest readers */

static AmdviUnit *units[AMDVI_UNITS_MAX];

static void __attribute__((constructor)) numbers_lock_init(void)
{
    qemu_mutex_init(&numbers_lock);
}

static void thread_at_exit(Notifier *notifier, void *data)
{
    qemu_mutex_lock(&numbers_lock);
    clear_bit(amdvi_thread.number, numbers_used);
    qemu_mutex_unlock(&numbers_lock);
    amdvi_thread.has_number = false;
}

static bool thread_take_number(AmdviThread *thread)
{
    unsigned number;

    qemu_mutex_lock(&numbers_lock);
    number = find_first_zero_bit(numbers_used, numbers_count);
    if (number < numbers_count) {
        set_bit(number, numbers_used);
    }
    qemu_mutex_unlock(&numbers_lock);
    if (number >= numbers_count) {
        /* Choice: refuse rather than share a reader, which could deadlock with the big lock. */
        error_report_once("amdvi: more than %u threads do DMA; the rest of them is refused",
                          numbers_count);
        return false;
    }
    thread->number = number;
    thread->has_number = true;
    thread->at_exit.notify = thread_at_exit;
    qemu_thread_atexit_add(&thread->at_exit);
    return true;
}

static bool own_begin(AmdviThread *thread, AmdviUnit *unit, AmdviBurst *burst)
{
    uint32_t bit = UINT32_C(1) << unit->index;

    if (unlikely(!thread->has_number) && !thread_take_number(thread)) {
        return false;
    }
    burst->reader = unit->readers[thread->number];
    if (thread->online & bit) {
        return true;
    }
    amdvi_reader_online(burst->reader);
    if (iommu_access_keep()) {
        thread->online |= bit;
    } else {
        burst->is_own = true;
    }
    return true;
}

/*
 * The lock's reader is for accesses that begin and end under the big lock. In a scope of an
 * IOThread that found something without the lock, it would end too late.
 */
static bool may_use_locked(const AmdviThread *thread, const AmdviUnit *unit)
{
    return !thread->online && !unit->locked_busy && !unit->locked_held;
}

AmdviBurst amdvi_burst_begin(AmdviUnit *unit)
{
    AmdviThread *thread = &amdvi_thread;
    uint32_t bit = UINT32_C(1) << unit->index;
    AmdviBurst burst = {};

    if (thread->locked & bit) {
        burst.reader = unit->locked_reader;
        burst.is_locked = true;
    } else if (bql_locked() && may_use_locked(thread, unit)) {
        burst.reader = unit->locked_reader;
        burst.is_locked = true;
        if (!unit->locked_online) {
            amdvi_reader_online(burst.reader);
            unit->locked_online = true;
        }
        unit->locked_busy = true;
        unit->locked_turn = unit->turn;
        if (iommu_access_keep()) {
            thread->locked |= bit;
        } else {
            burst.is_own = true;
        }
    } else {
        own_begin(thread, unit, &burst);
    }
    return burst;
}

/*
 * An access with the lock's reader has ended. When no commands have run since it began, a release
 * would say nothing new.
 */
static void locked_end(AmdviUnit *unit)
{
    unit->locked_busy = false;
    if (unlikely(unit->turn != unit->locked_turn || !unit->turn) && !unit->locked_held) {
        amdvi_reader_release(unit->locked_reader);
    }
}

void amdvi_burst_end_own(AmdviUnit *unit, const AmdviBurst *burst)
{
    if (burst->is_locked) {
        locked_end(unit);
    } else {
        amdvi_reader_offline(burst->reader);
    }
}

/* The scope ends in which something was translated. */
static void scope_end(void)
{
    AmdviThread *thread = &amdvi_thread;

    while (thread->locked) {
        unsigned index = ctz32(thread->locked);

        thread->locked &= thread->locked - 1;
        locked_end(units[index]);
    }
    while (unlikely(thread->online)) {
        unsigned index = ctz32(thread->online);

        thread->online &= thread->online - 1;
        amdvi_reader_offline(units[index]->readers[thread->number]);
    }
}

static void locked_offline(AmdviUnit *unit)
{
    if (unit->locked_online && !unit->locked_busy && !unit->locked_held) {
        unit->locked_online = false;
        amdvi_reader_offline(unit->locked_reader);
    }
}

/* Not when caches are off, or smaller than what is remembered. */
static bool may_remember(const AmdviUnit *unit)
{
    return unit->tlb_entries >= AMDVI_RECENT && unit->dte_entries;
}

/*
 * The leases are taken with the thread's own reader: the lock's may be in the middle of another
 * thread's access.
 */
void amdvi_commands_begin(AmdviUnit *unit)
{
    AmdviThread *thread = &amdvi_thread;

    assert(bql_locked());
    unit->commands_depth++;
    unit->turn = 0;
    if (amdvi_mappings_wait(unit)) {
        bool is_online = thread->online & (UINT32_C(1) << unit->index);
        bool has_number = thread->has_number || thread_take_number(thread);
        struct amdvi_reader *reader = has_number ? unit->readers[thread->number] : NULL;

        if (reader && !is_online) {
            amdvi_reader_online(reader);
        }
        amdvi_mappings_lease(unit, reader);
        if (reader && !is_online) {
            amdvi_reader_offline(reader);
        }
    }
    locked_offline(unit);
}

/* One call can be inside another, in what the library tells the host. */
void amdvi_commands_end(AmdviUnit *unit)
{
    if (--unit->commands_depth == 0 && may_remember(unit)) {
        unit->turn = ++unit->last_turn;
    }
}

void amdvi_locked_hold(AmdviUnit *unit)
{
    unit->locked_held++;
}

void amdvi_locked_let_go(AmdviUnit *unit)
{
    unit->locked_held--;
    locked_offline(unit);
}

static const IOMMUAccessHooks amdvi_hooks = {
    .end = scope_end,
    .map_begin = amdvi_map_begin,
    .map_end = amdvi_map_end,
    .unmap = amdvi_unmap,
};

void amdvi_thread_unit_added(AmdviUnit *unit)
{
    units[unit->index] = unit;
    if (numbers_count == 0 || unit->readers_count < numbers_count) {
        numbers_count = unit->readers_count;
    }
    amdvi_mappings_init();
    iommu_access_hooks = &amdvi_hooks;
}

void amdvi_thread_unit_removed(AmdviUnit *unit)
{
    locked_offline(unit);
    units[unit->index] = NULL;
}
