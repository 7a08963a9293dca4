/* SPDX-License-Identifier: BSD-2-Clause */
/* How the hosts of the tests carry out host->compare_exchange. */
#ifndef TESTING_EXCHANGE_H
#define TESTING_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* As amdvi/host.h says it, on the aligned 4 or 8 bytes at @at. */
static inline void exchange_if_equal(void *at, void *expected, const void *desired,
                                     size_t size_bytes)
{
    if (size_bytes == 8) {
        uint64_t want;
        memcpy(&want, desired, 8);
        __atomic_compare_exchange_n((uint64_t *)at, (uint64_t *)expected, want, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    } else {
        uint32_t want;
        memcpy(&want, desired, 4);
        __atomic_compare_exchange_n((uint32_t *)at, (uint32_t *)expected, want, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    }
}

#endif
