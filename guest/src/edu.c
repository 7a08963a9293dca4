/* SPDX-License-Identifier: BSD-2-Clause */

/* Driving the edu device's registers; see edu.h. */
#include "edu.h"

#include <time.h>

/* Where the device's own buffer lies in the addresses that its DMA engine uses. */
enum { BUFFER_ADDRESS = 0x40000 };

enum { COMMAND_START = 0x1, COMMAND_TO_MEMORY = 0x2, COMMAND_INTERRUPT = 0x4 };

enum { POLL_INTERVAL_US = 2000, TRANSFER_LIMIT_US = 2000000 };

uint32_t edu_read(volatile void *bar, uint32_t offset)
{
    return *(volatile uint32_t *)((volatile char *)bar + offset);
}

void edu_write(volatile void *bar, uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)((volatile char *)bar + offset) = value;
}

static void write_wide(volatile void *bar, uint32_t offset, uint64_t value)
{
    *(volatile uint64_t *)((volatile char *)bar + offset) = value;
}

bool edu_is_there(volatile void *bar)
{
    return (edu_read(bar, EDU_REG_IDENTITY) & 0xff) == EDU_IDENTITY;
}

bool edu_run(volatile void *bar, const struct edu_transfer *transfer)
{
    uint64_t buffer = BUFFER_ADDRESS + (uint64_t)transfer->buffer_offset;
    bool to_memory = transfer->direction == EDU_TO_MEMORY;
    uint64_t command = COMMAND_START | (to_memory ? COMMAND_TO_MEMORY : 0U) |
                       (transfer->interrupt ? COMMAND_INTERRUPT : 0U);

    write_wide(bar, EDU_REG_DMA_SOURCE, to_memory ? buffer : transfer->bus_address);
    write_wide(bar, EDU_REG_DMA_DESTINATION, to_memory ? transfer->bus_address : buffer);
    write_wide(bar, EDU_REG_DMA_COUNT, transfer->count_bytes);
    write_wide(bar, EDU_REG_DMA_COMMAND, command);

    for (int waited_us = 0; waited_us < TRANSFER_LIMIT_US; waited_us += POLL_INTERVAL_US) {
        if ((edu_read(bar, EDU_REG_DMA_COMMAND) & COMMAND_START) == 0) {
            return true;
        }
        nanosleep(&(struct timespec){.tv_nsec = POLL_INTERVAL_US * 1000L}, NULL);
    }
    return false;
}
