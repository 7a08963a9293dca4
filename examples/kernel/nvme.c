/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An NVMe disk: reset, the administration queue, one queue for reading and writing, each with an
 * MSI-X vector of its own. One command at a time; each must end with its interrupt.
 */
#include "kernel.h"

#define CLASS_NVME     0x01080200u
#define CAPABILITY     (0x00 / 4)
#define CONFIGURATION  (0x14 / 4)
#define STATUS         (0x1c / 4)
#define ADMIN_SIZES    (0x24 / 4)
#define ADMIN_QUEUES   (0x28 / 4) /* submissions, then completions: 64 bits each */
#define DOORBELLS      (0x1000 / 4)
#define ENABLE         1u
#define ENTRY_SIZES    (6u << 16 | 4u << 20) /* 64 and 16 bytes, as log2 */
#define ENTRIES        16u
#define CREATE_SUBMIT  0x01u
#define CREATE_COMPLET 0x05u
#define IDENTIFY       0x06u
#define WRITE          0x01u
#define READ           0x02u

struct command {
    uint32_t opcode;
    uint32_t name_space;
    uint64_t unused[2];
    uint64_t pages[2];
    uint32_t words[6]; /* 10 to 15 of the specification */
};

static bool set_enabled(struct nvme *nvme, bool on)
{
    uint64_t end = clock_ns() + DEVICE_LIMIT_NS;

    nvme->registers[CONFIGURATION] = on ? ENTRY_SIZES | ENABLE : 0;
    while ((nvme->registers[STATUS] & 1) != on) {
        if (clock_ns() > end) {
            return false;
        }
        order();
    }
    return true;
}

static void ring_doorbell(struct nvme *nvme, unsigned index, unsigned value)
{
    unsigned step_words = 1u << (nvme->registers[CAPABILITY + 1] & 15);

    order();
    nvme->registers[DOORBELLS + index * step_words] = value;
}

/* True when it was completed without an error, and its interrupt came. */
static bool run(struct nvme *nvme, unsigned which, const struct command *command)
{
    struct nvme_queue *queue = &nvme->queues[which];
    volatile uint16_t *status = /* bit 0: phase */
        (volatile uint16_t *)(void *)(queue->completions.bytes + 16 * queue->head + 14);
    unsigned vector = VECTOR_NVME + which;
    uint32_t before = interrupt_counts[vector];
    uint64_t end = clock_ns() + DEVICE_LIMIT_NS;

    ((struct command *)(void *)queue->submissions.bytes)[queue->tail] = *command;
    queue->tail = (queue->tail + 1) % ENTRIES;
    ring_doorbell(nvme, 2 * which, queue->tail);
    while ((*status & 1) == queue->phase || interrupt_counts[vector] == before) {
        if (clock_ns() > end) {
            return false;
        }
        order();
    }
    bool good = *status >> 1 == 0;
    queue->head = (queue->head + 1) % ENTRIES;
    queue->phase ^= queue->head == 0;
    ring_doorbell(nvme, 2 * which + 1, queue->head);
    return good;
}

/* The disk may only read what is submitted, and only write what it completes. */
static bool make_queue(struct nvme *nvme, unsigned which)
{
    struct nvme_queue *queue = &nvme->queues[which];
    uint64_t address;
    uint32_t data;

    *queue = (struct nvme_queue){0};
    return dma_take(&nvme->dma, 1, DMA_READ, &queue->submissions) &&
           dma_take(&nvme->dma, 1, DMA_WRITE, &queue->completions) &&
           dma_interrupt(&nvme->dma, (uint8_t)(VECTOR_NVME + which), &address, &data) &&
           pci_set_msix(nvme->dma.id, which, address, data);
}

/* The second queue: as many entries, in one piece, with interrupt 1. */
static bool make_io_queue(struct nvme *nvme)
{
    uint32_t size = (ENTRIES - 1) << 16 | 1;
    struct command completions = {.opcode = CREATE_COMPLET, .words = {size, 1u << 16 | 3}};
    struct command submissions = {.opcode = CREATE_SUBMIT, .words = {size, 1u << 16 | 1}};

    if (!make_queue(nvme, 1)) {
        return false;
    }
    completions.pages[0] = nvme->queues[1].completions.address;
    submissions.pages[0] = nvme->queues[1].submissions.address;
    return run(nvme, 0, &completions) && run(nvme, 0, &submissions);
}

/* The first name space must have blocks of 512 bytes. */
static bool identify(struct nvme *nvme)
{
    struct dma_memory answer;
    struct command command = {.opcode = IDENTIFY, .name_space = 1};

    if (!dma_take(&nvme->dma, 1, DMA_WRITE, &answer)) {
        return false;
    }
    command.pages[0] = answer.address;
    bool good = run(nvme, 0, &command) && answer.bytes[128 + 4 * (answer.bytes[26] & 15) + 2] == 9;
    return dma_give(&nvme->dma, &answer) && good;
}

bool nvme_start(struct nvme *nvme)
{
    nvme->registers = pci_open(&nvme->dma.id, 0x08, 0xffffff00, CLASS_NVME, 0);
    if (nvme->registers == NULL || !dma_open(&nvme->dma) || !set_enabled(nvme, false) ||
        !make_queue(nvme, 0)) {
        return false;
    }
    uint64_t addresses[2] = {nvme->queues[0].submissions.address,
                             nvme->queues[0].completions.address};
    nvme->registers[ADMIN_SIZES] = (ENTRIES - 1) << 16 | (ENTRIES - 1);
    for (unsigned i = 0; i < 4; i++) {
        nvme->registers[ADMIN_QUEUES + i] = (uint32_t)(addresses[i / 2] >> (i % 2 * 32));
    }
    return set_enabled(nvme, true) && identify(nvme) && make_io_queue(nvme);
}

bool nvme_stop(struct nvme *nvme)
{
    bool good = set_enabled(nvme, false);

    for (unsigned i = 0; i < 2 && good; i++) {
        good = dma_give(&nvme->dma, &nvme->queues[i].submissions) &&
               dma_give(&nvme->dma, &nvme->queues[i].completions);
    }
    return good && dma_close(&nvme->dma);
}

bool nvme_transfer(struct nvme *nvme, bool write, uint32_t block, const struct dma_memory *memory)
{
    struct command command = {.opcode = write ? WRITE : READ,
                              .name_space = 1,
                              .pages = {memory->address},
                              .words = {block, 0, PAGE_BYTES / 512 - 1}};

    return run(nvme, 1, &command);
}
