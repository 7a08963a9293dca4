/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the command buffer share: its registers by bit, and commands as two words. */
#ifndef DEVICE_TESTS_RING_H
#define DEVICE_TESTS_RING_H

#include "expect.h"

#define CONTROL AMDVI_REG_CONTROL
#define STATUS  AMDVI_REG_STATUS
#define BASE    AMDVI_REG_CMD_BUF_BASE
#define HEAD    AMDVI_REG_CMD_BUF_HEAD
#define TAIL    AMDVI_REG_CMD_BUF_TAIL

#define IOMMU_EN     BIT64(0)
#define EVENT_LOG_EN BIT64(2)
#define CMD_BUF_EN   BIT64(12)

#define COM_WAIT_INT BIT64(2)
#define CMD_BUF_RUN  BIT64(4)

/* COMPLETION_WAIT with its s and i, and an address in 51:3. */
#define WAIT (UINT64_C(1) << 60)
#define S    BIT64(0)
#define I    BIT64(1)

static inline void stop(struct machine *machine)
{
    amdvi_reader_online(machine->reader);
    machine_stop(machine);
}

/* Write command @index of the ring at MACHINE_COMMANDS. */
static inline void set_command(struct machine *machine, uint64_t index, uint64_t word0,
                               uint64_t word1)
{
    machine_write64(machine, MACHINE_COMMANDS + 16 * index, word0);
    machine_write64(machine, MACHINE_COMMANDS + 16 * index + 8, word1);
}

/* A COMPLETION_WAIT that stores @number at its own place. */
static inline void set_store(struct machine *machine, uint64_t index, uint64_t number)
{
    set_command(machine, index, WAIT | S | (MACHINE_FREE + 8 * number), 1000 + number);
}

static inline uint64_t stored(struct machine *machine, uint64_t number)
{
    return machine_read64(machine, MACHINE_FREE + 8 * number);
}

#endif
