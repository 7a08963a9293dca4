/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which reader of the library a thread uses. Each thread that asks for translations, be it a vCPU,
 * the main loop or an IOThread, has a reader of its own in each unit, whether it holds the big lock
 * or not: the big lock can be given up in the middle of an access, so it cannot stand for one.
 *
 * A reader goes online with the first translation of an access and offline when the access scope
 * (exec/iommu-access.h) ends that the translation was made in.
 */
#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "qemu/thread.h"
#include "amdvi.h"

typedef struct AmdviThread {
    bool has_number;
    unsigned number;  /* of this thread: the index of its readers */
    uint32_t online;  /* units, by index, whose reader stays online until the scope ends */
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

AmdviBurst amdvi_burst_begin(AmdviUnit *unit)
{
    AmdviThread *thread = &amdvi_thread;
    AmdviBurst burst = {};

    if (unlikely(!thread->has_number) && !thread_take_number(thread)) {
        return burst;
    }
    burst.reader = unit->readers[thread->number];
    if (thread->online & (UINT32_C(1) << unit->index)) {
        return burst;
    }
    amdvi_reader_online(burst.reader);
    if (iommu_access_keep()) {
        thread->online |= UINT32_C(1) << unit->index;
    } else {
        burst.is_own = true;
    }
    return burst;
}

void amdvi_burst_end(const AmdviBurst *burst)
{
    if (burst->is_own) {
        amdvi_reader_offline(burst->reader);
    }
}

/* The scope ends in which something was translated. */
static void scope_end(void)
{
    AmdviThread *thread = &amdvi_thread;

    amdvi_map_abandon();
    while (thread->online) {
        unsigned index = ctz32(thread->online);

        thread->online &= ~(UINT32_C(1) << index);
        amdvi_reader_offline(units[index]->readers[thread->number]);
    }
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
    iommu_access_hooks = &amdvi_hooks;
}

void amdvi_thread_unit_removed(AmdviUnit *unit)
{
    units[unit->index] = NULL;
}
