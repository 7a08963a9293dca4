/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's edu device: 4 KiB of buffer, and a DMA engine that copies between it and memory. It does
 * what it is told with any address, which makes it the attacker too.
 */
#include "kernel.h"

#define EDU_DEVICE      0x11e81234u
#define EDU_ACKNOWLEDGE (0x64 / 4)
#define EDU_FROM        (0x80 / 4)
#define EDU_TO          (0x88 / 4)
#define EDU_COUNT       (0x90 / 4)
#define EDU_COMMAND     (0x98 / 4)
#define EDU_BUFFER      0x40000u /* as the engine sees it */
#define RUN             1u
#define TO_MEMORY       2u
#define THEN_INTERRUPT  4u

bool edu_find(struct edu *edu)
{
    edu->registers = pci_open(&edu->dma.id, 0, 0xffffffff, EDU_DEVICE, 0);
    return edu->registers != NULL;
}

bool edu_set_interrupt(struct edu *edu)
{
    uint64_t address;
    uint32_t data;

    edu->interrupts = dma_interrupt(&edu->dma, VECTOR_EDU, &address, &data) &&
                      pci_set_msi(edu->dma.id, address, data);
    return edu->interrupts;
}

bool edu_copy(struct edu *edu, bool to_memory, uint64_t address, uint32_t size_bytes)
{
    uint64_t from = to_memory ? EDU_BUFFER : address;
    uint64_t to = to_memory ? address : EDU_BUFFER;
    uint32_t command = RUN | (to_memory ? TO_MEMORY : 0) | (edu->interrupts ? THEN_INTERRUPT : 0);
    uint32_t before = interrupt_counts[VECTOR_EDU];
    uint64_t end = clock_ns() + DEVICE_LIMIT_NS;

    edu->registers[EDU_FROM] = (uint32_t)from;
    edu->registers[EDU_FROM + 1] = (uint32_t)(from >> 32);
    edu->registers[EDU_TO] = (uint32_t)to;
    edu->registers[EDU_TO + 1] = (uint32_t)(to >> 32);
    edu->registers[EDU_COUNT] = size_bytes;
    order();
    edu->registers[EDU_COMMAND] = command;
    while (edu->interrupts ? interrupt_counts[VECTOR_EDU] == before
                           : (edu->registers[EDU_COMMAND] & RUN) != 0) {
        if (clock_ns() > end) {
            return false;
        }
        order();
    }
    edu->registers[EDU_ACKNOWLEDGE] = 0xffffffff;
    return true;
}
