/* SPDX-License-Identifier: BSD-2-Clause */
/* The command buffer: what is programmed, what is put in, numbers, a full ring, and waiting. */
#include "registers.h"
#include "ring.h"
#include "ring_bed.h"

#include <string.h>

/* ---- Registers ------------------------------------------------------------------------------- */

static uint32_t written[8];
static unsigned write_count;
static void (*true_write32)(void *ctx, void *window, uint32_t offset, uint32_t value);

static void note_write(void *ctx, void *window, uint32_t offset, uint32_t value)
{
    written[write_count++ % 8] = offset;
    true_write32(ctx, window, offset, value);
}

static void registers_are_whole(struct bed *bed)
{
    const struct amdvi_drv_host *host = &bed->rig.host;
    void *window = rig_window(&bed->rig, 0);
    uint64_t value = UINT64_C(0x000f123456789003);

    true_write32 = bed->rig.host.write32;
    bed->rig.host.write32 = note_write;
    write_count = 0;
    amdvi_drv_reg_write(host, window, AMDVI_REG_EXCL_BASE, value);
    CHECK_U64(rig_reg(&bed->rig, 0, AMDVI_REG_EXCL_BASE), value);
    CHECK_U64(amdvi_drv_reg_read(host, window, AMDVI_REG_EXCL_BASE), value);
    amdvi_drv_control(&bed->rig.heap, window, BIT64(10), BIT64(8));
    CHECK_U64(rig_reg(&bed->rig, 0, AMDVI_REG_CONTROL), BIT64(0) | BIT64(8) | BIT64(12));
    if (bed->rig.options.only32) {
        /* A base counts at its high half on QEMU's IOMMU, CONTROL has its enables in the low. */
        CHECK_U64(write_count, 4);
        CHECK(written[0] == 0x20 && written[1] == 0x24);
        CHECK(written[2] == 0x1c && written[3] == 0x18);
    } else {
        CHECK_U64(write_count, 0);
    }
    write_count = 0;
    amdvi_drv_reg_write(host, window, AMDVI_REG_STATUS, BIT64(2));
    CHECK_U64(write_count, 1);
    bed->rig.host.write32 = true_write32;
}

static void registers_are_whole_on_any_host(void)
{
    on_each_host(registers_are_whole);
}

/* ---- Start ----------------------------------------------------------------------------------- */

static void init_fails_whole(void)
{
    static struct bed bed;

    for (unsigned fail_at = 1; fail_at <= 3; fail_at++) {
        rig_start(&bed.rig, &(struct rig_options){.units = 1});
        CHECK_U64(amdvi_drv_heap_init(&bed.rig.heap, &bed.rig.host, NULL), AMDVI_DRV_OK);
        void *window = rig_window(&bed.rig, 0);
        CHECK_U64(amdvi_drv_ring_init(&bed.ring, &bed.rig.heap, window, 7), AMDVI_DRV_ERR_ARGUMENT);
        CHECK_U64(amdvi_drv_ring_init(&bed.ring, &bed.rig.heap, window, 16),
                  AMDVI_DRV_ERR_ARGUMENT);
        bed.rig.fail_at = fail_at;
        enum amdvi_drv_status status = amdvi_drv_ring_init(&bed.ring, &bed.rig.heap, window, 8);
        CHECK_U64(status, fail_at <= 2 ? AMDVI_DRV_ERR_NO_MEMORY : AMDVI_DRV_OK);
        if (status == AMDVI_DRV_OK) {
            CHECK_U64(bed.rig.held_bytes, 8192);
            amdvi_drv_ring_destroy(&bed.ring);
        }
        CHECK_U64(bed.rig.held_bytes, 0);
        for (unsigned reg = 0; reg < AMDVI_REG_COUNT; reg++) {
            CHECK_U64(bed.rig.unit[0].writes[reg], 0);
        }
        CHECK(rig_stop(&bed.rig));
    }
}

static void registers_are_programmed(struct bed *bed)
{
    CHECK_U64(rig_reg(&bed->rig, 0, AMDVI_REG_CMD_BUF_BASE), bed->ring.commands.spa | UINT64_C(8)
                                                                                          << 56);
    CHECK_U64(rig_reg(&bed->rig, 0, AMDVI_REG_CMD_BUF_HEAD), 0);
    CHECK_U64(rig_reg(&bed->rig, 0, AMDVI_REG_CMD_BUF_TAIL), 0);
    /* This device clears them with the base; not all do. */
    CHECK_U64(bed->rig.unit[0].writes[AMDVI_REG_CMD_BUF_HEAD], 1);
    CHECK_U64(bed->rig.unit[0].writes[AMDVI_REG_CMD_BUF_TAIL], 1);
    CHECK_U64(rig_reg(&bed->rig, 0, AMDVI_REG_CONTROL), BIT64(0) | BIT64(12));
    CHECK_U64(rig_reg(&bed->rig, 0, AMDVI_REG_EVENT_LOG_BASE) & BIT64(12), 0);
}

static void start_programs_base_length_and_pointers(void)
{
    on_each_host(registers_are_programmed);
}

static void start_takes_over_a_ring_that_runs(void)
{
    static struct bed bed;
    uint32_t number;

    rig_start(&bed.rig, &(struct rig_options){.units = 1});
    CHECK_U64(amdvi_drv_heap_init(&bed.rig.heap, &bed.rig.host, NULL), AMDVI_DRV_OK);
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CMD_BUF_BASE, MACHINE_COMMANDS | UINT64_C(9) << 56);
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CMD_BUF_HEAD, 0x40);
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CMD_BUF_TAIL, 0x40);
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CONTROL, BIT64(0) | BIT64(10) | BIT64(12));
    CHECK_U64(amdvi_drv_ring_init(&bed.ring, &bed.rig.heap, rig_window(&bed.rig, 0), 8),
              AMDVI_DRV_OK);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_CMD_BUF_BASE), MACHINE_COMMANDS | UINT64_C(9) << 56);
    CHECK_U64(amdvi_drv_ring_start(&bed.ring), AMDVI_DRV_OK);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_CONTROL), BIT64(0) | BIT64(10) | BIT64(12));
    number = submit_one(&bed, 1);
    CHECK_U64(amdvi_drv_ring_wait(&bed.ring, number, soon(&bed)), AMDVI_DRV_OK);
    /* One that does not stop is left alone. */
    bed.rig.stuck_run = true;
    uint64_t base = rig_reg(&bed.rig, 0, AMDVI_REG_CMD_BUF_BASE);
    uint64_t before_ns = bed.rig.now_ns;
    CHECK_U64(amdvi_drv_ring_start(&bed.ring), AMDVI_DRV_ERR_TIMEOUT);
    CHECK(bed.rig.now_ns - before_ns >= SECOND / 10 && bed.rig.now_ns - before_ns < SECOND / 5);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_CMD_BUF_BASE), base);
    bed.rig.stuck_run = false;
    bed.rig.dead_run = true;
    CHECK_U64(amdvi_drv_ring_start(&bed.ring), AMDVI_DRV_ERR_HARDWARE);
    bed_stop(&bed);
}

/* ---- Commands -------------------------------------------------------------------------------- */

static void commands_are_these_words(struct bed *bed)
{
    const struct amdvi_command commands[] = {
        {.opcode = AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY, .device_id = 0xabcd},
        {.opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
         .domain_id = 0x1234,
         .address = UINT64_C(0x7ffffffffffff000),
         .size = true,
         .pde = true},
        {.opcode = AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE, .device_id = 0x00a0},
    };
    uint32_t number = 0;

    /* What was there before must not shine through. */
    memset(bed->ring.commands.bytes, 0xff, 4096);
    CHECK_U64(amdvi_drv_ring_submit(&bed->ring, commands, 3, soon(bed), &number), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_ring_wait(&bed->ring, number, soon(bed)), AMDVI_DRV_OK);
    CHECK_U64(slot_word(bed, 0, 0), WORD_DEVTAB(0xabcd));
    CHECK_U64(slot_word(bed, 0, 1), 0);
    CHECK_U64(slot_word(bed, 1, 0), WORD_PAGES(0x1234));
    CHECK_U64(slot_word(bed, 1, 1), UINT64_C(0x7ffffffffffff003));
    CHECK_U64(slot_word(bed, 2, 0), UINT64_C(5) << 60 | 0x00a0);
    CHECK_U64(slot_word(bed, 2, 1), 0);
    /* COMPLETION_WAIT with s=1, i=0, f=1. */
    CHECK_U64(slot_word(bed, 3, 0), UINT64_C(1) << 60 | bed->ring.completion.spa | 5);
    CHECK_U64(slot_word(bed, 3, 1) & UINT32_MAX, number);
    CHECK_U64(rig_reg(&bed->rig, 0, AMDVI_REG_CMD_BUF_HEAD), 4 * 16);
    CHECK_U64(bed->rig.unit[0].writes[AMDVI_REG_CMD_BUF_TAIL], 2); /* at start, and once */
}

static void commands_are_built_from_zero(void)
{
    on_each_host(commands_are_these_words);
}

static void put_all_is_this_word(void)
{
    static struct bed bed;
    uintptr_t flags;

    bed_start(&bed, &(struct rig_options){.units = 1});
    memset(bed.ring.commands.bytes, 0xff, 4096);
    bed.rig.completion = RIG_NEVER; /* revision 1.20 does not know it */
    CHECK(amdvi_drv_ring_begin(&bed.ring, 1, &flags));
    amdvi_drv_ring_put_all(&bed.ring);
    (void)amdvi_drv_ring_commit(&bed.ring, flags);
    CHECK_U64(slot_word(&bed, 0, 0), UINT64_C(8) << 60);
    CHECK_U64(slot_word(&bed, 0, 1), 0);
    bed_stop(&bed);
}

/* Every length of submission, from every place in the ring. */
static void all_lengths_wrap(struct bed *bed)
{
    struct amdvi_command commands[AMDVI_DRV_SUBMIT_MAX];
    uint32_t number = 0;
    uint32_t last = 0;

    for (unsigned i = 0; i < AMDVI_DRV_SUBMIT_MAX; i++) {
        commands[i] = devtab((uint16_t)(0x1000 + i));
    }
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned count = 0; count <= AMDVI_DRV_SUBMIT_MAX; count++) {
            bed->rig.unit[0].machine.invalidations = 0;
            bool good =
                CHECK_U64(amdvi_drv_ring_submit(&bed->ring, commands, count, soon(bed), &number),
                          AMDVI_DRV_OK) &&
                CHECK_U64(number, last + 1) &&
                CHECK_U64(amdvi_drv_ring_wait(&bed->ring, number, soon(bed)), AMDVI_DRV_OK) &&
                CHECK_U64(bed->rig.unit[0].machine.invalidations, count) &&
                CHECK_U64(rig_reg(&bed->rig, 0, AMDVI_REG_CMD_BUF_TAIL), bed->ring.tail) &&
                CHECK(bed->ring.tail < 4096);
            if (!good) {
                return;
            }
            last = number;
        }
    }
    CHECK_U64(
        amdvi_drv_ring_submit(&bed->ring, commands, AMDVI_DRV_SUBMIT_MAX + 1, soon(bed), &number),
        AMDVI_DRV_ERR_ARGUMENT);
}

static void the_ring_wraps(void)
{
    on_each_host(all_lengths_wrap);
}

/* ---- Full ------------------------------------------------------------------------------------ */

static void a_full_ring_is_left_alone(struct bed *bed)
{
    struct amdvi_command commands[AMDVI_DRV_SUBMIT_MAX];
    static uint8_t before[4096];
    uint32_t number = 0;
    uint32_t refused = 77;
    uintptr_t flags;

    for (unsigned i = 0; i < AMDVI_DRV_SUBMIT_MAX; i++) {
        commands[i] = devtab((uint16_t)i);
    }
    bed->rig.completion = RIG_NEVER;
    /* 255 of 256 entries: 129, then 126. */
    CHECK_U64(amdvi_drv_ring_submit(&bed->ring, commands, 128, soon(bed), &number), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_ring_submit(&bed->ring, commands, 125, soon(bed), &number), AMDVI_DRV_OK);
    CHECK_U64(number, 2);
    memcpy(before, bed->ring.commands.bytes, sizeof(before));
    CHECK(!amdvi_drv_ring_begin(&bed->ring, 0, &flags));
    uint64_t deadline_ns = bed->rig.now_ns + 5000000;
    CHECK_U64(amdvi_drv_ring_submit(&bed->ring, commands, 0, deadline_ns, &refused),
              AMDVI_DRV_ERR_TIMEOUT);
    CHECK_U64(refused, 77);
    CHECK(bed->rig.now_ns >= deadline_ns && bed->rig.now_ns < deadline_ns + 100000);
    CHECK(memcmp(before, bed->ring.commands.bytes, sizeof(before)) == 0);
    CHECK_U64(bed->ring.submitted, 2);
    CHECK_U64(bed->rig.unit[0].writes[AMDVI_REG_CMD_BUF_TAIL], 3);
    CHECK(!amdvi_drv_ring_is_completed(&bed->ring, 1));
    /* It goes on as soon as there is room, while a submission waits for it. */
    bed->rig.completion = RIG_LATE;
    bed->rig.unit[0].tail_due_ns = bed->rig.now_ns + 1000000;
    CHECK_U64(amdvi_drv_ring_submit(&bed->ring, commands, 128, soon(bed), &number), AMDVI_DRV_OK);
    CHECK_U64(number, 3);
    bed->rig.completion = RIG_AT_ONCE;
    CHECK_U64(amdvi_drv_ring_wait(&bed->ring, 3, soon(bed)), AMDVI_DRV_OK);
}

static void nothing_is_stored_in_a_full_ring(void)
{
    on_each_host(a_full_ring_is_left_alone);
}

static void a_word_that_nobody_stored_makes_no_room(void)
{
    static struct bed bed;
    static const uint64_t words[] = {
        UINT64_C(0x0000010000000003), /* a number of the future */
        UINT64_C(0x0000000800000001), /* inside an entry */
        UINT64_C(0x0000800000000001), /* outside of the ring */
        UINT64_C(0x00000ff000000001), /* behind the tail */
        UINT64_C(0xffffffff80000001),
    };
    uintptr_t flags;
    uint32_t number;
    struct amdvi_command commands[AMDVI_DRV_SUBMIT_MAX];

    for (unsigned i = 0; i < AMDVI_DRV_SUBMIT_MAX; i++) {
        commands[i] = devtab((uint16_t)i);
    }
    bed_start(&bed, &(struct rig_options){.units = 1});
    bed.rig.completion = RIG_NEVER;
    CHECK_U64(amdvi_drv_ring_submit(&bed.ring, commands, 128, soon(&bed), &number), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_ring_submit(&bed.ring, commands, 120, soon(&bed), &number), AMDVI_DRV_OK);
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        machine_write64(&bed.rig.unit[0].machine, bed.ring.completion.spa, words[i]);
        CHECK(!amdvi_drv_ring_begin(&bed.ring, 10, &flags));
        CHECK_U64(bed.ring.head, 0);
        CHECK_U64(bed.ring.completed, 0);
    }
    /* Nor one of earlier: what is behind it was put in since. */
    machine_write64(&bed.rig.unit[0].machine, bed.ring.completion.spa,
                    UINT64_C(0x0000081000000001));
    amdvi_drv_ring_look(&bed.ring);
    CHECK_U64(bed.ring.completed, 1);
    CHECK_U64(bed.ring.head, 0x810);
    machine_write64(&bed.rig.unit[0].machine, bed.ring.completion.spa,
                    UINT64_C(0x0000082000000000));
    amdvi_drv_ring_look(&bed.ring);
    CHECK_U64(bed.ring.completed, 1);
    CHECK_U64(bed.ring.head, 0x810);
    bed_stop(&bed);
}

/* ---- Waiting --------------------------------------------------------------------------------- */

static void a_wait_ends_at_its_deadline(struct bed *bed)
{
    bed->rig.completion = RIG_LATE;
    bed->rig.late_ns = 3000000;
    uint32_t number = submit_one(bed, 5);
    uint64_t deadline_ns = bed->rig.now_ns + 1000000;

    CHECK_U64(amdvi_drv_ring_wait(&bed->ring, number, deadline_ns), AMDVI_DRV_ERR_TIMEOUT);
    CHECK(bed->rig.now_ns >= deadline_ns && bed->rig.now_ns < deadline_ns + 100000);
    /* Asked again it is found, and once it is there at any later time. */
    CHECK_U64(amdvi_drv_ring_wait(&bed->ring, number, soon(bed)), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_ring_wait(&bed->ring, number, 0), AMDVI_DRV_OK);
    CHECK_U64(times_invalidated(bed, 5), 1);
    CHECK_U64(bed->ring.repairs, 0);
}

static void waiting_has_a_deadline(void)
{
    on_each_host(a_wait_ends_at_its_deadline);
}

static void numbers_go_round(struct bed *bed)
{
    uint32_t number = 0;

    bed->ring.submitted = UINT32_MAX - 2;
    bed->ring.completed = UINT32_MAX - 2;
    CHECK_U64(amdvi_drv_ring_start(&bed->ring), AMDVI_DRV_OK);
    for (unsigned i = 0; i < 300; i++) {
        uint32_t before = bed->ring.submitted;
        bed->rig.completion = RIG_NEVER;
        number = submit_one(bed, 9);
        bool good = CHECK_U64(number, (uint32_t)(before + 1)) &&
                    CHECK(!amdvi_drv_ring_is_completed(&bed->ring, number)) &&
                    CHECK(amdvi_drv_ring_is_completed(&bed->ring, before)) &&
                    CHECK_U64(amdvi_drv_ring_wait(&bed->ring, number, bed->rig.now_ns + 1),
                              AMDVI_DRV_ERR_TIMEOUT);
        bed->rig.completion = RIG_AT_ONCE;
        good = good &&
               CHECK_U64(amdvi_drv_ring_wait(&bed->ring, number, soon(bed)), AMDVI_DRV_OK) &&
               CHECK(!amdvi_drv_ring_is_completed(&bed->ring, number + 1));
        if (!good) {
            return;
        }
    }
    CHECK_U64(number, 297);
}

static void numbers_are_compared_across_their_wrap(void)
{
    on_each_host(numbers_go_round);
}

static void what_was_in_a_stopped_ring_is_refused(struct bed *bed)
{
    uint32_t done = submit_one(bed, 1);

    bed->rig.completion = RIG_NEVER;
    uint32_t first = submit_one(bed, 2);
    uint32_t second = submit_one(bed, 3);
    CHECK_U64(amdvi_drv_ring_stop(&bed->ring), AMDVI_DRV_OK);
    CHECK_U64(rig_reg(&bed->rig, 0, AMDVI_REG_CONTROL), BIT64(0));
    /* Nobody repairs a ring that was stopped on purpose. */
    CHECK_U64(amdvi_drv_ring_wait(&bed->ring, first, bed->rig.now_ns + 1000000),
              AMDVI_DRV_ERR_TIMEOUT);
    CHECK_U64(rig_reg(&bed->rig, 0, AMDVI_REG_CONTROL), BIT64(0));
    bed->rig.unit[0].tail_held = false;
    bed->rig.completion = RIG_AT_ONCE;
    CHECK_U64(amdvi_drv_ring_start(&bed->ring), AMDVI_DRV_OK);
    uint32_t third = submit_one(bed, 4);
    CHECK_U64(amdvi_drv_ring_wait(&bed->ring, done, soon(bed)), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_ring_wait(&bed->ring, first, soon(bed)), AMDVI_DRV_ERR_COMMAND);
    CHECK_U64(third, second + 1);
    CHECK_U64(amdvi_drv_ring_wait(&bed->ring, third, soon(bed)), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_ring_wait(&bed->ring, second, soon(bed)), AMDVI_DRV_ERR_COMMAND);
    CHECK_U64(times_invalidated(bed, 2), 0);
    CHECK_U64(times_invalidated(bed, 4), 1);
}

static void a_restart_refuses_what_it_drops(void)
{
    on_each_host(what_was_in_a_stopped_ring_is_refused);
}

static const struct check_case cases[] = {
    {"registers are read and written whole on hosts of 32 bits, each half in its order",
     "1.20 registers", registers_are_whole_on_any_host},
    {"a ring that finds no memory holds none, and no register was written", NULL, init_fails_whole},
    {"H-1, I-1: base, length and pointers are those of the command buffer", "1.20 command buffer",
     start_programs_base_length_and_pointers},
    {"a ring that ran before is stopped first, or left alone", "1.20 command buffer",
     start_takes_over_a_ring_that_runs},
    {"B-1, X-S1, H-1: commands are built from zero, with each bit in its place", "1.20 commands",
     commands_are_built_from_zero},
    {"INVALIDATE_IOMMU_ALL is one word", "2.x INVALIDATE_IOMMU_ALL", put_all_is_this_word},
    {"every length of submission wraps at every place", "1.20 command buffer", the_ring_wraps},
    {"B-2, I-1: nothing is stored in a full ring, and it is waited for with a deadline",
     "1.20 command buffer", nothing_is_stored_in_a_full_ring},
    {"a completion word that the IOMMU cannot have stored makes no room", NULL,
     a_word_that_nobody_stored_makes_no_room},
    {"L-2, J-1: a wait ends at its deadline, with no lock held, and may be asked again", NULL,
     waiting_has_a_deadline},
    {"L-2: numbers are compared across their wrap", NULL, numbers_are_compared_across_their_wrap},
    {"what was in the ring when it was stopped is refused, and never runs", NULL,
     a_restart_refuses_what_it_drops},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
