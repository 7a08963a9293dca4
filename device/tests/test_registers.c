/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory-mapped registers: values after reset, what each bit takes, how they may be accessed.
 */
#include "expect.h"

#define CONTROL 0x18
#define STATUS  0x2020

#define IOMMU_EN     BIT64(0)
#define EVENT_LOG_EN BIT64(2)
#define CMD_BUF_EN   BIT64(12)

#define EVENT_LOG_INT BIT64(1)
#define COM_WAIT_INT  BIT64(2)
#define EVENT_LOG_RUN BIT64(3)
#define CMD_BUF_RUN   BIT64(4)

#define RING_LEN(log2) ((uint64_t)(log2) << 56)

/* Typed from the reference's figures. */
static const struct {
    uint64_t offset;
    uint64_t reset;
    uint64_t rw;   /* software writes and reads back */
    uint64_t ones; /* always read as ones */
} registers[] = {
    {0x0000, 0, UINT64_C(0x000ffffffffff1ff), 0},
    {0x0008, UINT64_C(0x0800000000000000), UINT64_C(0x0f0ffffffffff000), 0},
    {0x0010, UINT64_C(0x0800000000000000), UINT64_C(0x0f0ffffffffff000), 0},
    {0x0018, 0x400, 0x1fff, 0},
    {0x0020, 0, UINT64_C(0x000ffffffffff003), 0},
    {0x0028, 0, UINT64_C(0x000ffffffffff000), 0xfff},
    {0x2000, 0, 0x7fff0, 0},
    {0x2008, 0, 0x7fff0, 0},
    {0x2010, 0, 0x7fff0, 0},
    {0x2018, 0, 0x7fff0, 0},
    {0x2020, 0, 0, 0},
};

#define REGISTERS CHECK_CASE_COUNT(registers)

static const struct machine_options off = {.unprogrammed = true};

static uint64_t get(struct machine *machine, uint64_t offset)
{
    return amdvi_iommu_mmio_read(machine->iommu, offset, 8);
}

static void put(struct machine *machine, uint64_t offset, uint64_t value)
{
    amdvi_iommu_mmio_write(machine->iommu, offset, 8, value);
}

static void put_part(struct machine *machine, uint64_t offset, unsigned size, uint64_t value)
{
    amdvi_iommu_mmio_write(machine->iommu, offset, size, value);
}

static bool expect_reset_values(struct machine *machine)
{
    bool good = true;

    for (unsigned i = 0; i < REGISTERS; i++) {
        if (!CHECK_U64(get(machine, registers[i].offset), registers[i].reset | registers[i].ones)) {
            printf("# register %04" PRIx64 "h\n", registers[i].offset);
            good = false;
        }
    }
    return good;
}

static void reset_values(void)
{
    struct machine machine;

    machine_start(&machine, &off);
    expect_reset_values(&machine);
    machine_stop(&machine);
    machine_start(&machine, &machine_cache_sizes[2]);
    CHECK(machine_wait(&machine));
    machine_translate(&machine, 0x77, 0x5000, 8, AMDVI_ACCESS_READ);
    put(&machine, 0x20, UINT64_MAX);
    put(&machine, 0x28, UINT64_MAX);
    amdvi_iommu_reset(machine.iommu);
    expect_reset_values(&machine);
    machine_stop(&machine);
}

/* Rings of 512 KiB, so that all bits of the pointers may be set. */
static void longest_rings(struct machine *machine)
{
    put(machine, 0x08, RING_LEN(15));
    put(machine, 0x10, RING_LEN(15));
}

static void walking_ones(void)
{
    struct machine machine;

    machine_start(&machine, &off);
    for (unsigned i = 0; i < REGISTERS; i++) {
        uint64_t keep = i == 1 || i == 2 ? RING_LEN(8) : 0;
        for (unsigned bit = 0; bit <= 64; bit++) {
            uint64_t value = keep | (bit == 64 ? UINT64_MAX : BIT64(bit));
            longest_rings(&machine);
            put(&machine, registers[i].offset, value);
            uint64_t want = (value & registers[i].rw) | registers[i].ones;
            if (!CHECK_U64(get(&machine, registers[i].offset), want)) {
                printf("# register %04" PRIx64 "h, bit %u\n", registers[i].offset, bit);
            }
            put(&machine, registers[i].offset, keep);
            CHECK_U64(get(&machine, registers[i].offset), keep | registers[i].ones);
            put(&machine, CONTROL, 0);
        }
    }
    expect_no_event(&machine);
    CHECK_U64(machine.msis, 0);
    machine_stop(&machine);
}

static void one_register_at_a_time(void)
{
    struct machine machine;

    machine_start(&machine, &off);
    longest_rings(&machine);
    for (unsigned i = 0; i < REGISTERS; i++) {
        if (registers[i].offset == CONTROL) {
            continue;
        }
        uint64_t before[REGISTERS];
        for (unsigned k = 0; k < REGISTERS; k++) {
            before[k] = get(&machine, registers[k].offset);
        }
        put(&machine, registers[i].offset, UINT64_C(0x0f0fffffffffffff));
        for (unsigned k = 0; k < REGISTERS; k++) {
            if (k != i && !CHECK_U64(get(&machine, registers[k].offset), before[k])) {
                printf("# a write of %04" PRIx64 "h changed %04" PRIx64 "h\n", registers[i].offset,
                       registers[k].offset);
            }
        }
        if (i == 1 || i == 2) {
            longest_rings(&machine);
        }
    }
    machine_stop(&machine);
}

static uint64_t lanes(unsigned at, unsigned size)
{
    return (size == 8 ? UINT64_MAX : BIT64(8 * size) - 1) << (8 * at);
}

static void partial_accesses(void)
{
    struct machine machine;
    const uint64_t old = UINT64_C(0x0c0123456789a003);
    const uint64_t new = UINT64_C(0x0b0fedcba9876002);
    const unsigned which[] = {0, 1, 2, 4, 5, 6, 7, 8, 9};

    machine_start(&machine, &off);
    for (unsigned w = 0; w < CHECK_CASE_COUNT(which); w++) {
        uint64_t offset = registers[which[w]].offset;
        uint64_t rw = registers[which[w]].rw;
        uint64_t ones = registers[which[w]].ones;
        for (unsigned size = 1; size <= 8; size *= 2) {
            for (unsigned at = 0; at < 8; at += size) {
                longest_rings(&machine);
                put(&machine, offset, old);
                put_part(&machine, offset + at, size, new >> (8 * at));
                uint64_t want = (old & ~lanes(at, size)) | (new &lanes(at, size));
                want = (want & rw) | ones;
                bool good = CHECK_U64(get(&machine, offset), want);
                want = (want & lanes(at, size)) >> (8 * at);
                good = CHECK_U64(amdvi_iommu_mmio_read(machine.iommu, offset + at, size), want) &&
                       good;
                if (!good) {
                    printf("# %u bytes at %04" PRIx64 "h\n", size, offset + at);
                }
            }
        }
    }
    machine_stop(&machine);
}

static void value_beyond_size(void)
{
    struct machine machine;

    machine_start(&machine, &off);
    put(&machine, 0x20, UINT64_C(0x0001111111111000));
    put_part(&machine, 0x22, 2, UINT64_C(0xffffffffffff2222));
    CHECK_U64(get(&machine, 0x20), UINT64_C(0x0001111122221000));
    put_part(&machine, 0x21, 1, UINT64_C(0xffffffffffffff30));
    CHECK_U64(get(&machine, 0x20), UINT64_C(0x0001111122223000));
    put_part(&machine, 0x24, 4, UINT64_C(0xffffffff00033333));
    CHECK_U64(get(&machine, 0x20), UINT64_C(0x0003333322223000));
    machine_stop(&machine);
}

static void bad_accesses(void)
{
    struct machine machine;
    const unsigned sizes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 4096, UINT32_MAX};

    machine_start(&machine, &off);
    put(&machine, 0x20, UINT64_C(0x000fffffffff0000));
    put(&machine, 0x28, UINT64_C(0x000fffffffff0000));
    for (unsigned i = 0; i < CHECK_CASE_COUNT(sizes); i++) {
        unsigned size = sizes[i];
        bool is_size = size == 1 || size == 2 || size == 4 || size == 8;
        for (uint64_t offset = 0x20; offset < 0x28; offset++) {
            if (is_size && offset % size == 0) {
                continue;
            }
            CHECK_U64(amdvi_iommu_mmio_read(machine.iommu, offset, size), 0);
            put_part(&machine, offset, size, 0);
            put_part(&machine, offset, size, 0x1001);
            bool good = CHECK_U64(get(&machine, 0x20), UINT64_C(0x000fffffffff0000));
            good = CHECK_U64(get(&machine, 0x28), UINT64_C(0x000fffffffff0fff)) && good;
            if (!good) {
                printf("# %u bytes at %04" PRIx64 "h\n", size, offset);
            }
        }
    }
    machine_stop(&machine);
}

static bool is_register(uint64_t offset)
{
    return offset < 0x30 || (offset >= 0x2000 && offset < 0x2028);
}

static void reserved_offsets(void)
{
    struct machine machine;
    static const uint64_t beyond[] = {0x4000,           0x4018,        0x6000,
                                      0x6020,           0x8000,        0x80000,
                                      0x10000018,       BIT64(32),     BIT64(32) + CONTROL,
                                      BIT64(63) + 0x20, UINT64_MAX - 7};

    machine_start(&machine, &off);
    put(&machine, CONTROL, 0x400);
    for (uint64_t offset = 0; offset < 0x4000; offset++) {
        for (unsigned size = 1; size <= 8 && !is_register(offset); size *= 2) {
            if (offset % size == 0) {
                put_part(&machine, offset, size, UINT64_MAX);
                CHECK_U64(amdvi_iommu_mmio_read(machine.iommu, offset, size), 0);
            }
        }
    }
    for (unsigned i = 0; i < CHECK_CASE_COUNT(beyond); i++) {
        for (unsigned size = 1; size <= 8; size *= 2) {
            put_part(&machine, beyond[i], size, UINT64_MAX);
            CHECK_U64(amdvi_iommu_mmio_read(machine.iommu, beyond[i], size), 0);
        }
    }
    CHECK(expect_reset_values(&machine));
    machine_stop(&machine);
}

static void split_base_writes(void)
{
    for (unsigned order = 0; order < 2; order++) {
        struct machine machine;
        machine_start(&machine, &machine_cache_sizes[2]);
        uint64_t control = get(&machine, CONTROL);
        put(&machine, CONTROL, 0);
        const uint64_t bases[] = {MACHINE_DEVICE_TABLE | 0x1ff, MACHINE_COMMANDS | RING_LEN(9),
                                  MACHINE_EVENTS | RING_LEN(10)};
        for (unsigned i = 0; i < 3; i++) {
            put(&machine, 8 * i, RING_LEN(8));
            for (unsigned half = 0; half < 2; half++) {
                unsigned at = half == order ? 4 : 0;
                put_part(&machine, 8 * i + at, 4, bases[i] >> (8 * at));
            }
            CHECK_U64(get(&machine, 8 * i), bases[i]);
        }
        put(&machine, CONTROL, control);
        CHECK(machine_wait(&machine));
        machine_set_dte_words(&machine, 0x123, 3, 7, 0, 0);
        machine_translate(&machine, 0x123, 0x5000, 8, AMDVI_ACCESS_READ);
        expect_only_event(&machine, event_word(CODE_PAGE_FAULT, 0x123, 7, FLAG_PR | FLAG_PE),
                          0x5000);
        machine_stop(&machine);
    }
}

static void base_write_resets_pointers(void)
{
    struct machine machine;

    machine_start(&machine, &off);
    for (unsigned ring = 0; ring < 2; ring++) {
        uint64_t base = 8 + 8 * (uint64_t)ring;
        uint64_t pointers = 0x2000 + 16 * (uint64_t)ring;
        for (unsigned size = 1; size <= 8; size *= 2) {
            for (unsigned at = 0; at < 8; at += size) {
                put(&machine, base, MACHINE_COMMANDS | RING_LEN(8));
                put(&machine, pointers, 0x120);
                put(&machine, pointers + 8, 0x340);
                put(&machine, 0x2010 - 16 * (uint64_t)ring, 0x50);
                uint64_t same = (MACHINE_COMMANDS | RING_LEN(8)) >> (8 * at);
                put_part(&machine, base + at, size, same);
                bool good = CHECK_U64(get(&machine, pointers), 0);
                good = CHECK_U64(get(&machine, pointers + 8), 0) && good;
                good = CHECK_U64(get(&machine, 0x2010 - 16 * (uint64_t)ring), 0x50) && good;
                if (!good) {
                    printf("# %u bytes at %04" PRIx64 "h\n", size, base + at);
                }
            }
        }
    }
    machine_stop(&machine);
}

static void base_write_while_running(void)
{
    struct machine machine;

    machine_start(&machine, &machine_cache_sizes[2]);
    CHECK(machine_wait(&machine));
    machine_set_dte_words(&machine, 0x77, 3, 0, 0, 0);
    machine_translate(&machine, 0x77, 0x5000, 8, AMDVI_ACCESS_READ);
    uint64_t head = get(&machine, 0x2000);
    uint64_t event_tail = get(&machine, 0x2018);
    CHECK_U64(head, 16);
    CHECK_U64(event_tail, 16);
    for (unsigned size = 1; size <= 8; size *= 2) {
        for (unsigned at = 0; at < 8; at += size) {
            put_part(&machine, 0x08 + at, size, UINT64_C(0x090000000f654000) >> (8 * at));
            put_part(&machine, 0x10 + at, size, UINT64_C(0x090000000f654000) >> (8 * at));
        }
    }
    CHECK_U64(get(&machine, 0x08), MACHINE_COMMANDS | RING_LEN(8));
    CHECK_U64(get(&machine, 0x10), MACHINE_EVENTS | RING_LEN(8));
    CHECK_U64(get(&machine, 0x2000), head);
    CHECK_U64(get(&machine, 0x2008), head);
    CHECK_U64(get(&machine, 0x2018), event_tail);
    CHECK(machine_wait(&machine));
    /* The device table's base may change at any time. */
    put(&machine, 0x00, 0x700000 | 3);
    CHECK_U64(get(&machine, 0x00), 0x700000 | 3);
    machine_stop(&machine);
}

static void pointer_limits(void)
{
    struct machine machine;

    machine_start(&machine, &off);
    for (unsigned log2 = 8; log2 <= 15; log2++) {
        uint64_t bytes = BIT64(log2 + 4);
        for (unsigned i = 0; i < 4; i++) {
            uint64_t offset = 0x2000 + 8 * (uint64_t)i;
            put(&machine, 0x08, RING_LEN(log2));
            put(&machine, 0x10, RING_LEN(log2));
            put(&machine, offset, bytes - 16);
            CHECK_U64(get(&machine, offset), bytes - 16);
            if (log2 < 15) {
                put(&machine, offset, bytes);
                CHECK_U64(get(&machine, offset), bytes - 16);
                put(&machine, offset, 0x7fff0);
                CHECK_U64(get(&machine, offset), bytes - 16);
            }
            put(&machine, offset, 0x20);
            CHECK_U64(get(&machine, offset), 0x20);
            put_part(&machine, offset + 2, 2, 0x7);
            CHECK_U64(get(&machine, offset), log2 == 15 ? 0x70020 : 0x20);
        }
    }
    machine_stop(&machine);
}

static void pointers_while_running(void)
{
    struct machine machine;

    machine_start(&machine, &machine_cache_sizes[2]);
    /* What the IOMMU advances is its own while it runs. */
    for (unsigned size = 1; size <= 8; size *= 2) {
        put_part(&machine, 0x2000, size, 0x40);
        put_part(&machine, 0x2018, size, 0x40);
        CHECK_U64(get(&machine, 0x2000), 0);
        CHECK_U64(get(&machine, 0x2018), 0);
    }
    put(&machine, 0x2010, 0x50);
    CHECK_U64(get(&machine, 0x2010), 0x50);
    put(&machine, 0x2010, 0);
    machine_queue_words(&machine, UINT64_C(2) << 60, 0);
    put(&machine, 0x2008, 0x10);
    CHECK_U64(get(&machine, 0x2008), 0x10);
    CHECK_U64(get(&machine, 0x2000), 0x10);
    /* Stopped, all are software's. */
    put(&machine, CONTROL, IOMMU_EN);
    for (unsigned i = 0; i < 4; i++) {
        put(&machine, 0x2000 + 8 * (uint64_t)i, 0x80);
        CHECK_U64(get(&machine, 0x2000 + 8 * (uint64_t)i), 0x80);
    }
    CHECK_U64(get(&machine, STATUS) & (EVENT_LOG_RUN | CMD_BUF_RUN), 0);
    machine_stop(&machine);
}

static void reserved_lengths(void)
{
    for (unsigned log2 = 0; log2 < 8; log2++) {
        struct machine machine;
        machine_start(&machine, &off);
        machine_set_dte_words(&machine, 0x77, 3, 0, 0, 0);
        put(&machine, 0x00, MACHINE_DEVICE_TABLE | 0x1ff);
        put(&machine, 0x08, MACHINE_COMMANDS | RING_LEN(log2));
        put(&machine, 0x10, MACHINE_EVENTS | RING_LEN(log2));
        bool commands_ignored = get(&machine, 0x08) == RING_LEN(8);
        bool events_ignored = get(&machine, 0x10) == RING_LEN(8);
        put(&machine, CONTROL, IOMMU_EN | EVENT_LOG_EN | CMD_BUF_EN);
        uint64_t status = get(&machine, STATUS);
        /* Either the write is ignored, or the ring does not run. */
        CHECK(commands_ignored || (status & CMD_BUF_RUN) == 0);
        CHECK(events_ignored || (status & EVENT_LOG_RUN) == 0);
        put(&machine, 0x2008, 0x10);
        struct amdvi_translation got =
            machine_translate(&machine, 0x77, 0x5000, 8, AMDVI_ACCESS_READ);
        CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED);
        /* Nothing was written to where the rings would have been. */
        CHECK_U64(machine_read64(&machine, MACHINE_EVENTS), 0);
        machine_stop(&machine);
    }
}

static void run_bits(void)
{
    struct machine machine;
    static const uint64_t bits[] = {IOMMU_EN, EVENT_LOG_EN, CMD_BUF_EN};

    machine_start(&machine, &off);
    /* Every step from every combination to every other, and so every order. */
    for (unsigned from = 0; from < 8; from++) {
        for (unsigned to = 0; to < 8; to++) {
            const unsigned steps[] = {from, to};
            for (unsigned i = 0; i < 2; i++) {
                uint64_t control = 0;
                for (unsigned bit = 0; bit < 3; bit++) {
                    control |= (steps[i] >> bit & 1) != 0 ? bits[bit] : 0;
                }
                put(&machine, CONTROL, control);
                bool is_on = (control & IOMMU_EN) != 0;
                uint64_t want = is_on && (control & EVENT_LOG_EN) != 0 ? EVENT_LOG_RUN : 0;
                want |= is_on && (control & CMD_BUF_EN) != 0 ? CMD_BUF_RUN : 0;
                CHECK_U64(get(&machine, STATUS), want);
                CHECK_U64(get(&machine, CONTROL), control);
            }
        }
    }
    machine_stop(&machine);
}

static void enable_by_bytes(void)
{
    struct machine machine;

    machine_start(&machine, &off);
    put_part(&machine, CONTROL + 1, 1, 0x14);
    CHECK_U64(get(&machine, STATUS), 0);
    put_part(&machine, CONTROL, 1, 0x05);
    CHECK_U64(get(&machine, STATUS), EVENT_LOG_RUN | CMD_BUF_RUN);
    CHECK_U64(get(&machine, CONTROL), 0x1405);
    put_part(&machine, CONTROL + 4, 4, UINT64_MAX);
    put_part(&machine, CONTROL + 2, 2, UINT64_MAX);
    CHECK_U64(get(&machine, CONTROL), 0x1405);
    CHECK_U64(get(&machine, STATUS), EVENT_LOG_RUN | CMD_BUF_RUN);
    put_part(&machine, CONTROL + 1, 1, 0x04);
    CHECK_U64(get(&machine, STATUS), EVENT_LOG_RUN);
    machine_stop(&machine);
}

/* A machine with EventLogInt and ComWaitInt set and both rings running. */
static void both_status_bits(struct machine *machine)
{
    struct amdvi_command wait = {.opcode = AMDVI_OPCODE_COMPLETION_WAIT, .interrupt = true};

    machine_start(machine, &machine_cache_sizes[2]);
    machine_set_dte_words(machine, 0x77, 3, 0, 0, 0);
    machine_translate(machine, 0x77, 0x5000, 8, AMDVI_ACCESS_READ);
    machine_command(machine, &wait);
    amdvi_reader_release(machine->reader);
}

static void write_one_to_clear(void)
{
    const uint64_t run = EVENT_LOG_RUN | CMD_BUF_RUN;
    struct machine machine;

    both_status_bits(&machine);
    CHECK_U64(get(&machine, STATUS), run | EVENT_LOG_INT | COM_WAIT_INT);
    put(&machine, STATUS, 0);
    put(&machine, STATUS, run | 1 | ~UINT64_C(0x1f));
    for (unsigned at = 1; at < 8; at++) {
        put_part(&machine, STATUS + at, 1, 0xff);
    }
    put_part(&machine, STATUS + 4, 4, UINT64_MAX);
    put_part(&machine, STATUS, 4, 0);
    CHECK_U64(get(&machine, STATUS), run | EVENT_LOG_INT | COM_WAIT_INT);
    put_part(&machine, STATUS, 1, EVENT_LOG_INT);
    CHECK_U64(get(&machine, STATUS), run | COM_WAIT_INT);
    put_part(&machine, STATUS, 2, COM_WAIT_INT);
    CHECK_U64(get(&machine, STATUS), run);
    machine_stop(&machine);
    for (unsigned size = 1; size <= 8; size *= 2) {
        both_status_bits(&machine);
        put_part(&machine, STATUS, size, UINT64_MAX);
        CHECK_U64(get(&machine, STATUS), run);
        machine_stop(&machine);
    }
}

static const struct check_case cases[] = {
    {"every register has its value after creation and after a reset", "1.20 MMIO registers",
     reset_values},
    {"each bit takes what is written, or is reserved and reads 0 (Q26)", "1.20 MMIO registers",
     walking_ones},
    {"a write of one register changes no other", "1.20 MMIO registers", one_register_at_a_time},
    {"accesses of 1, 2, 4 and 8 bytes see and change their own bytes only (Q25)",
     "1.20 MMIO registers", partial_accesses},
    {"bits of the value beyond the access's size do not count", "1.20 MMIO registers",
     value_beyond_size},
    {"accesses of other sizes, and unaligned ones, read 0 and write nothing", "1.20 MMIO registers",
     bad_accesses},
    {"reserved offsets, and those beyond the window, read 0 and take nothing",
     "1.20 MMIO registers", reserved_offsets},
    {"base registers work when written as two halves, in either order (Q25)", "1.20 MMIO registers",
     split_base_writes},
    {"a write of a ring's base sets its head and tail to 0 (Q27, O8)",
     "1.20 command buffer base address", base_write_resets_pointers},
    {"a ring's base stays while the ring runs; the device table's does not",
     "1.20 command buffer base address", base_write_while_running},
    {"a pointer beyond its ring is ignored, for every length", "1.20 ring pointers",
     pointer_limits},
    {"command head and event tail are writable only while stopped (Q14)", "1.20 ring pointers",
     pointers_while_running},
    {"a ring of reserved length 0 to 7 never runs (Q26)", "1.20 command buffer base address",
     reserved_lengths},
    {"the run bits follow IommuEn and their own enable, in any order", "1.20 IOMMU status",
     run_bits},
    {"the control register works when written byte by byte", "1.20 IOMMU control", enable_by_bytes},
    {"a status bit is cleared by writing one to it, in its byte, and by nothing else",
     "1.20 IOMMU status", write_one_to_clear},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
