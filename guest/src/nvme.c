/* SPDX-License-Identifier: BSD-2-Clause */

/* Driving an NVMe controller by polling; see nvme.h. */
#include "nvme.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { ENTRIES = 32, DOORBELLS = 0x1000 };

enum { STATUS_READY = 0x1, STATUS_FATAL = 0x2 };

/* Enable, 64-byte commands, 16-byte completions. */
enum { CONFIGURATION = 0x1 | 6 << 16 | 4 << 20 };

enum { POLL_INTERVAL_US = 200, ANSWER_LIMIT_US = 10000000 };

enum { QUEUE_CONTIGUOUS = 0x1, QUEUE_INTERRUPTS = 0x2 };

static uint32_t read_narrow(volatile void *bar, uint32_t offset)
{
    return *(volatile uint32_t *)((volatile char *)bar + offset);
}

static void write_narrow(volatile void *bar, uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)((volatile char *)bar + offset) = value;
}

uint64_t nvme_read_wide(volatile void *bar, uint32_t offset)
{
    return *(volatile uint64_t *)((volatile char *)bar + offset);
}

static void write_wide(volatile void *bar, uint32_t offset, uint64_t value)
{
    *(volatile uint64_t *)((volatile char *)bar + offset) = value;
}

static void pause_shortly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = POLL_INTERVAL_US * 1000L}, NULL);
}

bool nvme_is_fatal(const struct nvme *nvme)
{
    return (read_narrow(nvme->bar, NVME_REG_STATUS) & STATUS_FATAL) != 0;
}

static bool wait_ready(const struct nvme *nvme, uint32_t ready)
{
    for (int waited_us = 0; waited_us < ANSWER_LIMIT_US; waited_us += POLL_INTERVAL_US) {
        if ((read_narrow(nvme->bar, NVME_REG_STATUS) & STATUS_READY) == ready) {
            return true;
        }
        pause_shortly();
    }
    return false;
}

static void queue_init(struct nvme_queue *queue, uint16_t id, unsigned char *memory)
{
    memset(memory, 0, (size_t)2 * NVME_PAGE_BYTES);
    *queue = (struct nvme_queue){
        .id = id,
        .phase = 1,
        .commands = (volatile struct nvme_command *)(void *)memory,
        .completions = (volatile struct nvme_completion *)(void *)(memory + NVME_PAGE_BYTES),
    };
}

bool nvme_stop(struct nvme *nvme)
{
    write_narrow(nvme->bar, NVME_REG_CONFIGURATION, 0);
    return wait_ready(nvme, 0);
}

bool nvme_start(struct nvme *nvme, unsigned char *memory, uint64_t iova)
{
    if (!nvme_stop(nvme)) {
        return false;
    }
    queue_init(&nvme->admin, 0, memory);
    write_narrow(nvme->bar, NVME_REG_ADMIN_SIZES, (ENTRIES - 1) << 16 | (ENTRIES - 1));
    write_wide(nvme->bar, NVME_REG_ADMIN_COMMANDS, iova);
    write_wide(nvme->bar, NVME_REG_ADMIN_COMPLETIONS, iova + NVME_PAGE_BYTES);
    write_narrow(nvme->bar, NVME_REG_CONFIGURATION, CONFIGURATION);
    return wait_ready(nvme, STATUS_READY);
}

int nvme_create_io_queues(struct nvme *nvme, unsigned char *memory, uint64_t iova)
{
    const uint64_t commands = iova + (uint64_t)2 * NVME_PAGE_BYTES;
    const uint32_t id_and_size = (ENTRIES - 1) << 16 | 1;

    queue_init(&nvme->io, 1, memory + (size_t)2 * NVME_PAGE_BYTES);
    int status = nvme_run(nvme, &nvme->admin,
                          &(struct nvme_command){
                              .opcode = NVME_ADMIN_CREATE_COMPLETIONS,
                              .pages = {commands + NVME_PAGE_BYTES},
                              .words = {id_and_size, QUEUE_CONTIGUOUS | QUEUE_INTERRUPTS},
                          });
    if (status != 0) {
        return status;
    }
    return nvme_run(nvme, &nvme->admin,
                    &(struct nvme_command){
                        .opcode = NVME_ADMIN_CREATE_COMMANDS,
                        .pages = {commands},
                        .words = {id_and_size, 1U << 16 | QUEUE_CONTIGUOUS},
                    });
}

static void ring(const struct nvme *nvme, uint32_t number, uint16_t value)
{
    uint32_t stride = 4U << (nvme_read_wide(nvme->bar, NVME_REG_CAPABILITIES) >> 32 & 0xf);

    atomic_thread_fence(memory_order_seq_cst);
    write_narrow(nvme->bar, DOORBELLS + number * stride, value);
}

/* The status in the completion at the queue's head, once there is one. */
static int take_completion(const struct nvme *nvme, struct nvme_queue *queue)
{
    volatile struct nvme_completion *completion = &queue->completions[queue->head];

    for (int waited_us = 0; waited_us < ANSWER_LIMIT_US; waited_us += POLL_INTERVAL_US) {
        uint16_t status = completion->status;
        if ((status & 1) == queue->phase) {
            queue->head = (uint16_t)((queue->head + 1) % ENTRIES);
            queue->phase ^= queue->head == 0 ? 1 : 0;
            ring(nvme, 2U * queue->id + 1, queue->head);
            return status >> 1;
        }
        if (nvme_is_fatal(nvme)) {
            return NVME_FATAL;
        }
        pause_shortly();
    }
    return NVME_NO_ANSWER;
}

int nvme_run(struct nvme *nvme, struct nvme_queue *queue, const struct nvme_command *command)
{
    struct nvme_command numbered = *command;

    numbered.id = queue->tail;
    queue->commands[queue->tail] = numbered;
    queue->tail = (uint16_t)((queue->tail + 1) % ENTRIES);
    ring(nvme, 2U * queue->id, queue->tail);
    return take_completion(nvme, queue);
}
