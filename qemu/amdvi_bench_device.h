/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of amdvi-benchdev, for the device and for the program that drives it. All are 8
 * bytes at an offset in BAR 0, little-endian.
 */
#ifndef AMDVI_BENCH_DEVICE_H
#define AMDVI_BENCH_DEVICE_H

#define BENCHDEV_VENDOR_ID 0x1b36
#define BENCHDEV_DEVICE_ID 0x0ffb

#define BENCHDEV_REG_COMMAND     0x00 /* write: enum benchdev_command, done when this returns */
#define BENCHDEV_REG_NANOSECONDS 0x08 /* read: of the fastest trial of the last command */
#define BENCHDEV_REG_WRONG       0x10 /* read: what did not work as it should in the last command */
#define BENCHDEV_REG_TRIALS      0x18
/* Accesses: PAGES of them, LENGTH bytes at IOVA, IOVA + STRIDE, ..., all that ROUNDS times. */
#define BENCHDEV_REG_IOVA     0x20
#define BENCHDEV_REG_STRIDE   0x28 /* bytes */
#define BENCHDEV_REG_PAGES    0x30
#define BENCHDEV_REG_ROUNDS   0x38
#define BENCHDEV_REG_LENGTH   0x40 /* bytes, 8 to 4096 */
#define BENCHDEV_REG_ACCESS   0x48 /* enum benchdev_access */
#define BENCHDEV_REG_DIRECT   0x50 /* 1: IOVA is an address of memory, no IOMMU is asked */
/*
 * Commands: the ring of RING_BYTES is full of them, and STEP bytes of them at a time are given to
 * the IOMMU by a write of its tail register.
 */
#define BENCHDEV_REG_TAIL_SPA   0x58 /* of the tail register */
#define BENCHDEV_REG_HEAD_SPA   0x60
#define BENCHDEV_REG_RING_BYTES 0x68
#define BENCHDEV_REG_STEP_BYTES 0x70
#define BENCHDEV_REG_TAIL       0x78 /* where the tail is */
#define BENCHDEV_REG_KEY        0x80
#define BENCHDEV_REG_COUNT      17

enum benchdev_access {
    BENCHDEV_MAP_TO_DEVICE = 0, /* dma_memory_map() and dma_memory_unmap() */
    BENCHDEV_MAP_FROM_DEVICE,
    BENCHDEV_READ, /* dma_memory_read() */
    BENCHDEV_WRITE,
};

enum benchdev_command {
    BENCHDEV_RUN_ACCESSES = 1,            /* each trial times the accesses, */
    BENCHDEV_RUN_ACCESSES_AFTER_COMMANDS, /* after a step of commands that is not timed */
    BENCHDEV_RUN_COMMANDS,                /* or a step of commands, */
    BENCHDEV_RUN_COMMANDS_AFTER_ACCESSES, /* after accesses that are not timed */
    /*
     * No time: each access, by its way, stores IOVA ^ KEY in the first 8 bytes, or is WRONG if that
     * is not what it finds there.
     */
    BENCHDEV_CHECK,
};

#endif
