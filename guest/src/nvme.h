/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * An NVMe controller driven by this program: an admin queue pair and one I/O queue pair, by
 * polling. It works on registers and memory that somebody else mapped, so that a caller decides
 * which addresses the controller is told, right or wrong.
 */
#ifndef GUEST_NVME_H
#define GUEST_NVME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NVME_CLASS = 0x010802,
    NVME_BAR_BYTES = 0x2000,
    NVME_PAGE_BYTES = 4096,
    NVME_BLOCK_BYTES = 512,
    /* The memory given to nvme_start begins with the four pages of the queues. */
    NVME_QUEUE_BYTES = 4 * NVME_PAGE_BYTES,
};

enum {
    NVME_REG_CAPABILITIES = 0x00,
    NVME_REG_CONFIGURATION = 0x14,
    NVME_REG_STATUS = 0x1c,
    NVME_REG_ADMIN_SIZES = 0x24,
    NVME_REG_ADMIN_COMMANDS = 0x28,
    NVME_REG_ADMIN_COMPLETIONS = 0x30,
};

enum {
    NVME_ADMIN_CREATE_COMMANDS = 0x01,
    NVME_ADMIN_CREATE_COMPLETIONS = 0x05,
    NVME_ADMIN_IDENTIFY = 0x06,
    NVME_ADMIN_ATTACH = 0x15,
    NVME_ADMIN_VIRTUALIZATION = 0x1c
};

enum { NVME_IO_WRITE = 0x01, NVME_IO_READ = 0x02 };

enum {
    NVME_IDENTIFY_NAMESPACE = 0x00,
    NVME_IDENTIFY_CONTROLLER = 0x01,
    NVME_IDENTIFY_NAMESPACES = 0x02,
    NVME_IDENTIFY_SECONDARIES = 0x15
};

/* As it lies in memory. */
struct nvme_command {
    uint8_t opcode;
    uint8_t flags;
    uint16_t id;
    uint32_t namespace_id;
    uint64_t reserved;
    uint64_t metadata;
    uint64_t pages[2]; /* PRP 1 and 2 */
    uint32_t words[6]; /* command dwords 10 to 15 */
};

struct nvme_completion {
    uint32_t result;
    uint32_t reserved;
    uint16_t command_head;
    uint16_t queue_id;
    uint16_t command_id;
    uint16_t status; /* bit 0 is the phase */
};

struct nvme_queue {
    uint16_t id;
    uint16_t tail;
    uint16_t head;
    uint16_t phase;
    volatile struct nvme_command *commands;
    volatile struct nvme_completion *completions;
};

struct nvme {
    volatile void *bar;
    struct nvme_queue admin;
    struct nvme_queue io;
};

/* What nvme_run returns when the controller says nothing; a status of NVMe's is 0 or positive. */
enum { NVME_NO_ANSWER = -1, NVME_FATAL = -2 };

uint64_t nvme_read_wide(volatile void *bar, uint32_t offset);

/* Disables the controller and waits until it is. */
bool nvme_stop(struct nvme *nvme);

/* Enables it with the admin queues at `iova`, which is what it is told for `memory`. */
bool nvme_start(struct nvme *nvme, unsigned char *memory, uint64_t iova);

/* Creates the I/O queue pair, interrupting through vector 0; status as nvme_run's. */
int nvme_create_io_queues(struct nvme *nvme, unsigned char *memory, uint64_t iova);

/* Runs one command and waits for its completion. */
int nvme_run(struct nvme *nvme, struct nvme_queue *queue, const struct nvme_command *command);

/* Whether the controller has given up (controller fatal status). */
bool nvme_is_fatal(const struct nvme *nvme);

#endif
