/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The "edu" device, PCI 1234:11e8: a teaching device whose only skills are a DMA engine with a
 * buffer of 4 KiB of its own, and an interrupt. It is here because a program can tell it any DMA
 * address at all, which is what a broken or hostile device does.
 */
#ifndef GUEST_EDU_H
#define GUEST_EDU_H

#include <stdbool.h>
#include <stdint.h>

enum {
    EDU_VENDOR = 0x1234,
    EDU_DEVICE = 0x11e8,
    EDU_BAR_BYTES = 0x100000,
    EDU_BUFFER_BYTES = 4096,
};

/* Registers in BAR 0. */
enum {
    EDU_REG_IDENTITY = 0x00,
    EDU_REG_INTERRUPT_STATUS = 0x24,
    EDU_REG_INTERRUPT_RAISE = 0x60,
    EDU_REG_INTERRUPT_ACK = 0x64,
    EDU_REG_DMA_SOURCE = 0x80,
    EDU_REG_DMA_DESTINATION = 0x88,
    EDU_REG_DMA_COUNT = 0x90,
    EDU_REG_DMA_COMMAND = 0x98,
};

enum {
    EDU_IDENTITY = 0xed,
    EDU_INTERRUPT_DMA_DONE = 0x100,
};

enum edu_direction { EDU_FROM_MEMORY, EDU_TO_MEMORY };

struct edu_transfer {
    enum edu_direction direction;
    uint64_t bus_address;
    uint32_t buffer_offset;
    uint32_t count_bytes;
    bool interrupt; /* raise one when done */
};

/* Whether BAR 0 answers as this device does. */
bool edu_is_there(volatile void *bar);

uint32_t edu_read(volatile void *bar, uint32_t offset);
void edu_write(volatile void *bar, uint32_t offset, uint32_t value);

/*
 * Starts a transfer and waits until the device says that it is over, whether or not anything
 * reached memory: the device does not know. False if it did not end within two seconds.
 */
bool edu_run(volatile void *bar, const struct edu_transfer *transfer);

#endif
