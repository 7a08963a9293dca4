/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of registers, rings, commands and the log share: commands by name, a command that
 * must be refused, starting again after an error, and faults that fill the log.
 */
#ifndef CONFORMANCE_RINGS_H
#define CONFORMANCE_RINGS_H

#include "entries.h"

#define RUN_BITS (STATUS_EVENT_LOG_RUN | STATUS_CMD_BUF_RUN)

/* Word 0 of commands. */
#define OPCODE(n)     ((uint64_t)(n) << 60)
#define WAIT          OPCODE(1)
#define WAIT_S        UINT64_C(1)
#define WAIT_I        UINT64_C(2)
#define WAIT_F        UINT64_C(4)
#define INV_DEVICE    OPCODE(2)
#define INV_PAGES     OPCODE(3)
#define INV_IOTLB     OPCODE(4)
#define INV_INTERRUPT OPCODE(5)
/* Word 1 of invalidations. */
#define INV_S   UINT64_C(1)
#define INV_PDE UINT64_C(2)
#define INV_ALL UINT64_C(0x7ffffffffffff000)

/* Length field of the ring registers. */
#define RING_LEN(n) ((uint64_t)(n) << 56)

static inline uint64_t bit64(unsigned bit)
{
    return UINT64_C(1) << bit;
}

/* Time for what should not happen. */
static inline void let_pass(struct rig *rig)
{
    for (unsigned i = 0; i < 4; i++) {
        rig->target->ops->settle(rig->target);
    }
}

/* A command at @spa, in whatever ring lies there. */
static inline void store_command(struct rig *rig, uint64_t spa, uint64_t word0, uint64_t word1)
{
    rig_store64(rig, spa, word0);
    rig_store64(rig, spa + 8, word1);
}

/* Stop the command buffer, and wait until it is stopped. */
static inline bool stop_commands_at(struct rig *rig, const char *file, int line)
{
    rig_write(rig, REG_CONTROL, rig_read(rig, REG_CONTROL) & ~CONTROL_CMD_BUF_EN);
    return check_true(rig_until(rig, REG_STATUS, STATUS_CMD_BUF_RUN, 0),
                      "CmdBufRun becomes 0 after CmdBufEn", file, line);
}
#define STOP_COMMANDS(rig) stop_commands_at((rig), __FILE__, __LINE__)

/* CmdBufEn from 0 to 1, with both pointers where the rig queues next. */
static inline void restart_at(struct rig *rig, const char *file, int line)
{
    stop_commands_at(rig, file, line);
    rig_write(rig, REG_COMMAND_HEAD, rig->command_tail);
    rig_write(rig, REG_COMMAND_TAIL, rig->command_tail);
    rig_write(rig, REG_CONTROL, rig_read(rig, REG_CONTROL) | CONTROL_CMD_BUF_EN);
}
#define RESTART(rig) restart_at((rig), __FILE__, __LINE__)

static inline struct rig_event illegal_command(uint64_t spa)
{
    return rig_event(EVENT_CODE_ILLEGAL_COMMAND, 0, 0, 0, spa);
}

/* Where the rig's next command goes. */
static inline uint64_t next_command(const struct rig *rig)
{
    return RIG_COMMAND_BUFFER + rig->command_tail;
}

/* A command that must stop the ring and be logged, and nothing else; starts the ring again. */
static inline bool refuses_command_at(struct rig *rig, uint64_t word0, uint64_t word1,
                                      const char *file, int line)
{
    struct rig_event want = illegal_command(next_command(rig));

    rig_command(rig, word0, word1);
    bool held = check_true(rig_until(rig, REG_STATUS, STATUS_CMD_BUF_RUN, 0),
                           "an illegal command stops the ring", file, line);
    held = rig_check_events(rig, &want, 1, file, line) && held;
    if (!held) {
        printf("# the command was 0x%016" PRIx64 " 0x%016" PRIx64 "\n", word0, word1);
    }
    restart_at(rig, file, line);
    return held;
}
#define REFUSES_COMMAND(rig, word0, word1)                                                         \
    refuses_command_at((rig), (word0), (word1), __FILE__, __LINE__)

/* A command that must be executed without an event. */
static inline bool accepts_command_at(struct rig *rig, uint64_t word0, uint64_t word1,
                                      const char *file, int line)
{
    rig_command(rig, word0, word1);
    bool held = check_true(rig_wait(rig), "the command completes", file, line);

    held = check_true((rig_read(rig, REG_STATUS) & STATUS_CMD_BUF_RUN) != 0,
                      "the command does not stop the ring", file, line) &&
           held;
    held = rig_check_events(rig, NULL, 0, file, line) && held;
    if (!held) {
        printf("# the command was 0x%016" PRIx64 " 0x%016" PRIx64 "\n", word0, word1);
    }
    return held;
}
#define ACCEPTS_COMMAND(rig, word0, word1)                                                         \
    accepts_command_at((rig), (word0), (word1), __FILE__, __LINE__)

/* COMPLETION_WAIT with i=1, and another that shows that it completed. */
static inline bool complete_with_i_at(struct rig *rig, const char *file, int line)
{
    rig_command(rig, WAIT | WAIT_I, 0);
    return check_true(rig_wait(rig), "COMPLETION_WAIT with i=1 completes", file, line);
}
#define COMPLETE_WITH_I(rig) complete_with_i_at((rig), __FILE__, __LINE__)

/* A posted write by rig->device, which rig_attach() gave an empty table: it faults. */
#define FAULT_IOVA(n) (RIG_IOVA + (uint64_t)(n)*0x1000)

static inline void make_fault(struct rig *rig, unsigned n)
{
    uint8_t data[8] = {0};
    struct target_request request = request_of(rig, TARGET_WRITE, FAULT_IOVA(n));

    request.data = data;
    rig->target->ops->request(rig->target, &request);
}

static inline void make_faults(struct rig *rig, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        make_fault(rig, first + i);
    }
}

/* The log entry at @spa is the fault @n. What its flags say is another requirement. */
static inline bool is_fault_at(struct rig *rig, uint64_t spa, unsigned n, const char *file,
                               int line)
{
    bool held =
        check_u64(rig_load64(rig, spa) & UINT64_C(0xf00000000000ffff),
                  OPCODE(EVENT_CODE_PAGE_FAULT) | rig->device, "code and DeviceID", file, line);

    return check_u64(rig_load64(rig, spa + 8), FAULT_IOVA(n), "address", file, line) && held;
}
#define IS_FAULT(rig, spa, n) is_fault_at((rig), (spa), (n), __FILE__, __LINE__)

/* Software has read the log: head = tail. */
static inline void empty_log(struct rig *rig)
{
    rig_write(rig, REG_EVENT_HEAD, rig_read(rig, REG_EVENT_TAIL));
}

/* Leave one free entry in the log, then log two events: the second does not fit. */
static inline void overflow_log(struct rig *rig)
{
    rig_write(rig, REG_CONTROL, CONTROL_USUAL & ~CONTROL_EVENT_LOG_EN);
    check_true(rig_until(rig, REG_STATUS, STATUS_EVENT_LOG_RUN, 0), "the run bit becomes 0",
               __FILE__, __LINE__);
    rig_write(rig, REG_EVENT_HEAD, 0x20);
    rig_write(rig, REG_EVENT_TAIL, 0);
    rig_write(rig, REG_CONTROL, CONTROL_USUAL);
    rig->wrecked = true; /* most of the log was never written */
    for (unsigned i = 0; i < 2; i++) {
        rig_command(rig, OPCODE(0), 0);
        check_true(rig_until(rig, REG_STATUS, STATUS_CMD_BUF_RUN, 0), "the run bit becomes 0",
                   __FILE__, __LINE__);
        RESTART(rig);
    }
}

#endif
