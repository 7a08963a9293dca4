/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A PCI Express endpoint that keeps translations of its own (ATS), made for tests:
 * amdvi-ats-testdev. Its registers are 8 bytes each, in BAR 0.
 */
#ifndef GUEST_ATSDEV_H
#define GUEST_ATSDEV_H

#include <stddef.h>
#include <stdint.h>

enum { ATSDEV_VENDOR = 0x1b36, ATSDEV_DEVICE = 0x0ffc };

enum { ATSDEV_BAR_BYTES = 0x20000 };

enum atsdev_register {
    ATSDEV_REG_COMMAND = 0x00,
    ATSDEV_REG_RUNNING = 0x08,
    ATSDEV_REG_RESULT = 0x10,
    ATSDEV_REG_ADDRESS = 0x20,
    ATSDEV_REG_LENGTH = 0x28,
    ATSDEV_REG_MUTE = 0x30,
    ATSDEV_REG_REQUESTS = 0x50,
    ATSDEV_REG_HITS = 0x58,
    ATSDEV_REG_INVALIDATIONS = 0x60,
    ATSDEV_REG_ANSWERS = 0x68,
    ATSDEV_REG_ENTRIES = 0x80,
    ATSDEV_REG_ENABLED = 0x88,
};

/* What it reads from memory and writes there. */
enum { ATSDEV_BUFFER = 0x10000, ATSDEV_BUFFER_BYTES = 0x10000 };

enum atsdev_command {
    ATSDEV_CACHED_READ =
        3, /* through its cache, with a translation request where that has nothing */
    ATSDEV_CACHED_WRITE = 4,
    ATSDEV_TRANSLATED_READ = 5, /* to a physical address, wherever that is from */
    ATSDEV_TRANSLATED_WRITE = 6,
};

enum atsdev_result {
    ATSDEV_DONE = 0,
    ATSDEV_ABORTED = 1,       /* the access was refused */
    ATSDEV_NOT_PERMITTED = 2, /* the IOMMU answered that there is no such translation */
    ATSDEV_UNSUPPORTED = 3,   /* the IOMMU refused the translation request */
};

static inline uint64_t atsdev_read(volatile void *bar, size_t offset)
{
    return *(volatile uint64_t *)((volatile unsigned char *)bar + offset);
}

static inline void atsdev_write(volatile void *bar, size_t offset, uint64_t value)
{
    *(volatile uint64_t *)((volatile unsigned char *)bar + offset) = value;
}

#endif
