/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lock of the caches, and what concerns several of them.
 *
 * Whoever fills does not wait for the lock. Whoever drops spins for it: it is held by a thread that
 * fills, for a few stores, or by another that drops, and no host function is called meanwhile. A
 * thread that lost its processor while it held the lock gets it back because others sleep, also
 * those that real-time scheduling prefers; and as long as somebody wants to drop, nobody fills.
 */
#include <threads.h>

#include "state.h"

/* Looks at the lock that take longer than anybody has it who keeps its processor. */
#define SPINS 2000

void amdvi_caches_init(struct amdvi_caches *caches)
{
    for (unsigned id = 0; id < AMDVI_DEVICE_IDS; id++) {
        atomic_init(&caches->interrupt_keys[id],
                    AMDVI_INTERRUPT_KEY_IN_USE | amdvi_put(AMDVI_INTERRUPT_KEY_DEVICE, id));
    }
}

void amdvi_caches_wait_for_lock(struct amdvi_caches *caches)
{
    const struct timespec a_moment = {.tv_nsec = 1000};

    atomic_fetch_add_explicit(&caches->droppers, 1, memory_order_relaxed);
    for (unsigned spins = 0; !amdvi_caches_try_lock(caches); spins++) {
        if (spins >= SPINS) {
            thrd_sleep(&a_moment, NULL);
        }
    }
    atomic_fetch_sub_explicit(&caches->droppers, 1, memory_order_relaxed);
}

void amdvi_caches_drop_all(struct amdvi_caches *caches)
{
    amdvi_device_table_drop_all(caches);
    amdvi_cache_clear(&caches->tlb);
    amdvi_cache_clear(&caches->irtes);
    amdvi_directory_drop_all(caches);
    amdvi_stretch_drop_all(caches);
    atomic_store_explicit(&caches->tlb_sizes, 0, memory_order_release);
}

void amdvi_caches_drop_pointers(struct amdvi_caches *caches)
{
    amdvi_cache_clear(&caches->tlb);
    amdvi_directory_drop_all(caches);
    amdvi_stretch_drop_all(caches);
}

void amdvi_caches_drop_interrupts(struct amdvi_caches *caches, uint16_t device_id)
{
    _Atomic uint64_t *stored = &caches->interrupt_keys[device_id];
    uint64_t key = atomic_load_explicit(stored, memory_order_relaxed);
    uint64_t next = amdvi_put(AMDVI_INTERRUPT_KEY_GENERATION,
                              amdvi_get(key, AMDVI_INTERRUPT_KEY_GENERATION) + 1);

    if (next == 0) {
        amdvi_cache_clear(&caches->irtes);
    }
    atomic_store_explicit(stored, (key & ~AMDVI_INTERRUPT_KEY_GENERATION) | next,
                          memory_order_release);
}
