/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that cannot be: illegal ones, unreadable ones, and stores that fail. */
#include "ring.h"

#define EVENT_INT_EN BIT64(3)
#define STOPPED      (IOMMU_EN | EVENT_LOG_EN)
#define RUNNING      (STOPPED | CMD_BUF_EN)

#define ILLEGAL (UINT64_C(0xf) << 60)
#define LEGAL   (UINT64_C(2) << 60)

#define ABSENT  UINT64_C(0x000f000000000000)
#define LEN_256 (UINT64_C(8) << 56)
#define LEN_512 (UINT64_C(9) << 56)

static void start(struct machine *machine)
{
    machine_start(machine, &machine_cache_sizes[2]);
    amdvi_reader_offline(machine->reader);
    machine_set_reg(machine, CONTROL, RUNNING);
}

static bool expect_halted(struct machine *machine, uint64_t head)
{
    bool good = CHECK_U64(machine_reg(machine, STATUS) & CMD_BUF_RUN, 0);

    good = CHECK_U64(machine_reg(machine, HEAD), head) && good;
    /* CmdBufEn is software's, and stays. */
    return CHECK_U64(machine_reg(machine, CONTROL) & CMD_BUF_EN, CMD_BUF_EN) && good;
}

/* As drivers do it: CmdBufEn off, pointers 0, on. */
static void start_over(struct machine *machine)
{
    machine_set_reg(machine, CONTROL, STOPPED);
    machine_set_reg(machine, HEAD, 0);
    machine_set_reg(machine, TAIL, 0);
    machine_set_reg(machine, CONTROL, RUNNING);
    CHECK_U64(machine_reg(machine, STATUS) & CMD_BUF_RUN, CMD_BUF_RUN);
}

/* The command, alone between two stores, is refused or not. */
static bool expect_legality(struct machine *machine, uint64_t word0, uint64_t word1, bool is_legal)
{
    bool good = true;

    start_over(machine);
    machine_write64(machine, MACHINE_FREE, 0);
    machine_write64(machine, MACHINE_FREE + 8, 0);
    set_store(machine, 0, 0);
    set_command(machine, 1, word0, word1);
    set_store(machine, 2, 1);
    machine_set_reg(machine, TAIL, 48);
    good = CHECK_U64(stored(machine, 0), 1000) && good;
    good = CHECK_U64(stored(machine, 1), is_legal ? 1001 : 0) && good;
    if (is_legal) {
        good = CHECK_U64(machine_reg(machine, HEAD), 48) && good;
        good = CHECK_U64(machine_reg(machine, STATUS) & CMD_BUF_RUN, CMD_BUF_RUN) && good;
    } else {
        good = expect_halted(machine, 16) && good;
        good = expect_event(machine, event_word(CODE_ILLEGAL_CMD, 0, 0, 0), MACHINE_COMMANDS + 16);
    }
    return expect_no_event(machine) && good;
}

static void opcodes(void)
{
    struct machine machine;

    start(&machine);
    for (uint64_t opcode = 0; opcode < 16; opcode++) {
        bool is_legal = opcode == 1 || opcode == 2 || opcode == 3 || opcode == 5;
        if (!expect_legality(&machine, opcode << 60, 0, is_legal)) {
            printf("# opcode %" PRIx64 "h\n", opcode);
        }
    }
    /* INVALIDATE_IOTLB_PAGES as a driver fills it. */
    expect_legality(&machine, UINT64_C(4) << 60 | UINT64_C(0x100) << 32 | 0x20000100,
                    UINT64_C(0x7ffffffffffff001), false);
    stop(&machine);
}

static void reserved_bits(void)
{
    /* Bits that may be set, from the reference's masks, the opcode's aside. */
    static const struct {
        uint64_t opcode;
        uint64_t word0;
        uint64_t word1;
    } rows[] = {
        {1, UINT64_C(0x000fffffffffffff), UINT64_MAX},
        {2, 0xffff, 0},
        {3, UINT64_C(0x0000ffff00000000), UINT64_C(0xfffffffffffff003)},
        {5, 0xffff, 0},
    };
    struct machine machine;

    start(&machine);
    for (unsigned i = 0; i < CHECK_CASE_COUNT(rows); i++) {
        for (unsigned bit = 0; bit < 128; bit++) {
            uint64_t word0 = bit < 64 ? BIT64(bit) : 0;
            uint64_t word1 = bit < 64 ? 0 : BIT64(bit - 64);
            bool is_legal = (word0 & ~rows[i].word0) == 0 && (word1 & ~rows[i].word1) == 0;
            if (bit >= 60 && bit < 64) {
                continue;
            }
            if (!expect_legality(&machine, rows[i].opcode << 60 | word0, word1, is_legal)) {
                printf("# opcode %" PRIx64 "h, bit %u\n", rows[i].opcode, bit);
            }
        }
    }
    /* A COMPLETION_WAIT with a reserved bit does nothing of what it asks for. */
    machine_write64(&machine, MACHINE_FREE + 0x100, 0);
    machine_set_reg(&machine, STATUS, COM_WAIT_INT);
    expect_legality(&machine, WAIT | S | I | BIT64(52) | (MACHINE_FREE + 0x100), 5, false);
    CHECK_U64(machine_read64(&machine, MACHINE_FREE + 0x100), 0);
    CHECK_U64(machine_reg(&machine, STATUS) & COM_WAIT_INT, 0);
    stop(&machine);
}

/* A machine that has halted at its second command; a store waits behind it. */
static void start_halted(struct machine *machine)
{
    start(machine);
    set_store(machine, 0, 0);
    set_command(machine, 1, ILLEGAL, 0);
    set_store(machine, 2, 1);
    machine_set_reg(machine, TAIL, 48);
    expect_halted(machine, 16);
    expect_only_event(machine, event_word(CODE_ILLEGAL_CMD, 0, 0, 0), MACHINE_COMMANDS + 16);
}

static void no_restart(void)
{
    struct machine machine;

    start_halted(&machine);
    machine_set_reg(&machine, TAIL, 48);
    machine_set_reg(&machine, TAIL, 64);
    machine_set_reg(&machine, TAIL, 16);
    machine_set_reg(&machine, TAIL, 48);
    machine_set_reg(&machine, CONTROL, RUNNING);
    machine_set_reg(&machine, CONTROL, RUNNING | EVENT_INT_EN);
    machine_set_reg(&machine, CONTROL, RUNNING & ~EVENT_LOG_EN);
    machine_set_reg(&machine, CONTROL, RUNNING);
    machine_set_reg(&machine, STATUS, UINT64_MAX);
    CHECK(!amdvi_iommu_process(machine.iommu, 100));
    expect_halted(&machine, 16);
    expect_no_event(&machine);
    /* Not even when the command is no longer illegal. */
    set_command(&machine, 1, LEGAL, 0);
    machine_set_reg(&machine, TAIL, 48);
    CHECK(!amdvi_iommu_process(machine.iommu, 100));
    expect_halted(&machine, 16);
    CHECK_U64(stored(&machine, 1), 0);
    stop(&machine);
}

static void restart_by(uint64_t off)
{
    struct machine machine;

    start_halted(&machine);
    machine_set_reg(&machine, CONTROL, off);
    CHECK_U64(machine_reg(&machine, HEAD), 16);
    machine_set_reg(&machine, CONTROL, RUNNING);
    /* It is fetched again, and still illegal. */
    expect_halted(&machine, 16);
    expect_only_event(&machine, event_word(CODE_ILLEGAL_CMD, 0, 0, 0), MACHINE_COMMANDS + 16);
    CHECK_U64(stored(&machine, 1), 0);
    set_command(&machine, 1, LEGAL, 0);
    machine_set_reg(&machine, CONTROL, off);
    machine_set_reg(&machine, CONTROL, RUNNING);
    CHECK_U64(stored(&machine, 1), 1001);
    CHECK_U64(machine_reg(&machine, HEAD), 48);
    CHECK_U64(machine_reg(&machine, STATUS) & CMD_BUF_RUN, CMD_BUF_RUN);
    expect_no_event(&machine);
    stop(&machine);
}

static void restarts(void)
{
    restart_by(STOPPED);
    restart_by(RUNNING & ~IOMMU_EN);
    restart_by(0);
}

static void pointers_while_halted(void)
{
    struct machine machine;

    /* Halted is stopped: head and base are software's. */
    start_halted(&machine);
    machine_set_reg(&machine, HEAD, 32);
    CHECK_U64(machine_reg(&machine, HEAD), 32);
    CHECK_U64(stored(&machine, 1), 0);
    machine_set_reg(&machine, CONTROL, STOPPED);
    machine_set_reg(&machine, CONTROL, RUNNING);
    CHECK_U64(stored(&machine, 1), 1001);
    stop(&machine);
    start_halted(&machine);
    machine_set_reg(&machine, BASE, (MACHINE_COMMANDS + 0x10000) | LEN_512);
    CHECK_U64(machine_reg(&machine, BASE), (MACHINE_COMMANDS + 0x10000) | LEN_512);
    CHECK_U64(machine_reg(&machine, HEAD), 0);
    CHECK_U64(machine_reg(&machine, TAIL), 0);
    CHECK_U64(machine_reg(&machine, STATUS) & CMD_BUF_RUN, 0);
    expect_no_event(&machine);
    stop(&machine);
}

static void log_off(void)
{
    for (unsigned kind = 0; kind < 2; kind++) {
        struct machine machine;
        start(&machine);
        machine_set_reg(&machine, CONTROL, RUNNING & ~EVENT_LOG_EN);
        if (kind == 1) {
            machine_set_reg(&machine, AMDVI_REG_EVENT_LOG_BASE, ABSENT | LEN_256);
            machine_set_reg(&machine, CONTROL, RUNNING);
        }
        set_command(&machine, 0, ILLEGAL, 0);
        set_store(&machine, 1, 1);
        machine_set_reg(&machine, TAIL, 32);
        expect_halted(&machine, 0);
        machine_set_reg(&machine, TAIL, 32);
        CHECK_U64(stored(&machine, 1), 0);
        CHECK_U64(machine_read64(&machine, MACHINE_EVENTS), 0);
        stop(&machine);
    }
}

static void interrupt_of_error(void)
{
    struct machine machine;

    start(&machine);
    machine_set_reg(&machine, CONTROL, RUNNING | EVENT_INT_EN);
    machine_queue_words(&machine, ILLEGAL, 0);
    machine_kick(&machine);
    CHECK_U64(machine.msis, 1);
    CHECK_U64(machine_reg(&machine, STATUS), BIT64(1) | BIT64(3));
    stop(&machine);
}

static void fetch_errors(void)
{
    struct machine machine;

    start(&machine);
    machine_set_reg(&machine, CONTROL, STOPPED);
    machine_set_reg(&machine, BASE, (ABSENT + 0x5000) | LEN_256);
    machine_set_reg(&machine, HEAD, 0x30);
    machine_set_reg(&machine, TAIL, 0x50);
    machine_set_reg(&machine, CONTROL, RUNNING);
    expect_halted(&machine, 0x30);
    expect_only_event(&machine, event_word(CODE_CMD_ERROR, 0, 0, TYPE_ABSENT), ABSENT + 0x5030);
    machine_set_reg(&machine, TAIL, 0x60);
    expect_halted(&machine, 0x30);
    expect_no_event(&machine);
    /* Bad RAM. */
    machine_set_reg(&machine, CONTROL, STOPPED);
    machine.bad_page = MACHINE_COMMANDS;
    machine_set_reg(&machine, BASE, MACHINE_COMMANDS | LEN_256);
    machine_set_reg(&machine, CONTROL, RUNNING);
    machine_set_reg(&machine, TAIL, 0x10);
    expect_halted(&machine, 0);
    expect_only_event(&machine, event_word(CODE_CMD_ERROR, 0, 0, TYPE_DATA), MACHINE_COMMANDS);
    /* Repaired and restarted, the same command runs. */
    machine.bad_page = 0;
    set_store(&machine, 0, 1);
    machine_set_reg(&machine, CONTROL, STOPPED);
    machine_set_reg(&machine, CONTROL, RUNNING);
    CHECK_U64(stored(&machine, 1), 1001);
    expect_no_event(&machine);
    stop(&machine);
}

static void ring_across_the_end_of_memory(void)
{
    struct machine machine;
    const uint64_t base = MACHINE_MEMORY_BYTES - 4096;

    start(&machine);
    machine_set_reg(&machine, CONTROL, STOPPED);
    machine_set_reg(&machine, BASE, base | LEN_512);
    for (uint64_t i = 0; i < 256; i++) {
        machine_write64(&machine, base + 16 * i, LEGAL);
    }
    machine_write64(&machine, base + 16 * 255, WAIT | S | MACHINE_FREE);
    machine_write64(&machine, base + 16 * 255 + 8, 77);
    machine_set_reg(&machine, CONTROL, RUNNING);
    machine_set_reg(&machine, TAIL, 16 * 300);
    CHECK_U64(machine_read64(&machine, MACHINE_FREE), 77);
    expect_halted(&machine, 4096);
    expect_only_event(&machine, event_word(CODE_CMD_ERROR, 0, 0, TYPE_ABSENT),
                      MACHINE_MEMORY_BYTES);
    stop(&machine);
}

static void store_error(uint64_t spa, uint64_t bad_page, uint64_t type)
{
    struct machine machine;

    start(&machine);
    machine.bad_page = bad_page;
    set_store(&machine, 0, 0);
    set_command(&machine, 1, WAIT | S | I | spa, 5);
    set_store(&machine, 2, 1);
    machine_set_reg(&machine, TAIL, 48);
    CHECK_U64(stored(&machine, 0), 1000);
    CHECK_U64(stored(&machine, 1), 0);
    expect_halted(&machine, 16);
    expect_only_event(&machine, event_word(CODE_CMD_ERROR, 0, 0, type), spa & ~UINT64_C(0xf));
    CHECK_U64(machine_reg(&machine, STATUS) & COM_WAIT_INT, 0);
    machine_set_reg(&machine, TAIL, 64);
    expect_halted(&machine, 16);
    expect_no_event(&machine);
    /* Without the reason it completes when the ring is restarted. */
    machine.bad_page = 0;
    set_command(&machine, 1, WAIT | S | I | (MACHINE_FREE + 0x100), 5);
    machine_set_reg(&machine, TAIL, 48);
    machine_set_reg(&machine, CONTROL, STOPPED);
    machine_set_reg(&machine, CONTROL, RUNNING);
    CHECK_U64(machine_read64(&machine, MACHINE_FREE + 0x100), 5);
    CHECK_U64(machine_reg(&machine, STATUS) & COM_WAIT_INT, COM_WAIT_INT);
    CHECK_U64(stored(&machine, 1), 1001);
    CHECK_U64(machine_reg(&machine, HEAD), 48);
    stop(&machine);
}

static void store_errors(void)
{
    store_error(ABSENT + 0x128, 0, TYPE_ABSENT);
    store_error(UINT64_C(0x000ffffffffffff8), 0, TYPE_ABSENT);
    store_error(MACHINE_MEMORY_BYTES, 0, TYPE_ABSENT);
    store_error(MACHINE_FREE + 0x2ff8, MACHINE_FREE + 0x2000, TYPE_DATA);
}

static void never_programmed(void)
{
    struct machine_options options = {.unprogrammed = true};

    for (unsigned with_log = 0; with_log < 2; with_log++) {
        struct machine machine;
        machine_start(&machine, &options);
        if (with_log != 0) {
            machine_set_reg(&machine, AMDVI_REG_EVENT_LOG_BASE, MACHINE_EVENTS | LEN_256);
        }
        machine_set_reg(&machine, TAIL, 0x10);
        machine_set_reg(&machine, CONTROL, with_log != 0 ? RUNNING : IOMMU_EN | CMD_BUF_EN);
        /* The ring is 256 entries at 0, where memory holds opcode 0. */
        expect_halted(&machine, 0);
        machine_set_reg(&machine, TAIL, 0xff0);
        expect_halted(&machine, 0);
        if (with_log != 0) {
            expect_event(&machine, event_word(CODE_ILLEGAL_CMD, 0, 0, 0), 0);
        }
        expect_no_event(&machine);
        machine_stop(&machine);
    }
}

static void translation_goes_on(void)
{
    struct machine machine;

    start_halted(&machine);
    amdvi_reader_online(machine.reader);
    struct subject subject = subject_new(&machine, 4);
    set_entry(&subject, 0x5000, 1, machine_entry(0, MACHINE_FREE, true, false));
    expect_spa(&subject, 0x5008, AMDVI_ACCESS_READ, MACHINE_FREE + 8);
    expect_fault(&subject, 0x5008, AMDVI_ACCESS_WRITE, FLAG_PR | FLAG_PE);
    machine_stop(&machine);
}

static const struct check_case cases[] = {
    {"every opcode but four is ILLEGAL_COMMAND_ERROR, INVALIDATE_IOTLB_PAGES too (Q9, O10, X1)",
     "1.20 ILLEGAL_COMMAND_ERROR", opcodes},
    {"each reserved bit of each command is ILLEGAL_COMMAND_ERROR, each other bit is not (Q11, O2)",
     "1.20 ILLEGAL_COMMAND_ERROR", reserved_bits},
    {"a halted ring is restarted by no write but CmdBufEn or IommuEn 0 to 1 (O9)",
     "1.20 command buffer", no_restart},
    {"a restarted ring fetches the command at its head again (V9, O9)", "1.20 command buffer",
     restarts},
    {"head and base may be written while the ring is halted", "1.20 command buffer",
     pointers_while_halted},
    {"an illegal command halts also when its event cannot be logged", "1.20 command buffer",
     log_off},
    {"an illegal command raises the event interrupt", "1.20 event log interrupt",
     interrupt_of_error},
    {"a command that cannot be fetched is COMMAND_HARDWARE_ERROR and halts (Q10)",
     "1.20 COMMAND_HARDWARE_ERROR", fetch_errors},
    {"a ring that leaves memory halts at the first command outside (Q10)",
     "1.20 COMMAND_HARDWARE_ERROR", ring_across_the_end_of_memory},
    {"a store that fails is COMMAND_HARDWARE_ERROR with its address, and halts (Q10, Q11)",
     "1.20 COMMAND_HARDWARE_ERROR", store_errors},
    {"a command buffer whose base was never written halts at its first command (Q24)",
     "1.20 command buffer", never_programmed},
    {"devices are served while the ring is halted", "1.20 command buffer", translation_goes_on},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
