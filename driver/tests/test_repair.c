/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring that the IOMMU stopped: who is told, what runs all the same, and when it is over. */
#include "ring.h"
#include "ring_bed.h"

#include <string.h>

#define ANY_HEAD 2 /* where a stopped ring's head may be: at the command, or behind it */

static void corrupt_next(struct bed *bed, unsigned after, uint64_t word0)
{
    bed->rig.corrupt_after = after;
    bed->rig.corrupt_word0 = word0;
    bed->rig.corrupt_word1 = 0;
}

static enum amdvi_drv_status wait_for(struct bed *bed, uint32_t number)
{
    return amdvi_drv_ring_wait(&bed->ring, number, soon(bed));
}

/* Three submissions of @count commands each are pending, then run, one command of them illegal. */
static void one_of_three(struct bed *bed, unsigned count, unsigned bad, unsigned fill)
{
    struct amdvi_command commands[4];
    uint32_t number[3];
    unsigned repairs = bed->ring.repairs;

    for (unsigned i = 0; i < fill; i++) {
        CHECK_U64(wait_for(bed, submit_one(bed, 1)), AMDVI_DRV_OK);
    }
    bed->rig.unit[0].machine.invalidations = 0;
    bed->rig.completion = RIG_NEVER;
    corrupt_next(bed, bad + 1, WORD_ILLEGAL);
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned k = 0; k < count; k++) {
            commands[k] = devtab((uint16_t)(0x100 * (i + 1) + k));
        }
        CHECK_U64(amdvi_drv_ring_submit(&bed->ring, commands, count, soon(bed), &number[i]),
                  AMDVI_DRV_OK);
    }
    bed->rig.completion = RIG_AT_ONCE;
    for (unsigned i = 0; i < 3; i++) {
        CHECK_U64(wait_for(bed, number[i]),
                  i == bad / (count + 1) ? AMDVI_DRV_ERR_COMMAND : AMDVI_DRV_OK);
    }
    CHECK_U64(bed->ring.repairs, repairs + 1);
    for (unsigned i = 0; i < 3 * (count + 1); i++) {
        unsigned k = i % (count + 1);
        uint16_t device_id = (uint16_t)(0x100 * (i / (count + 1) + 1) + k);
        if (k < count && !CHECK_U64(times_invalidated(bed, device_id) != 0, i != bad)) {
            printf("# %u of %u, command %u\n", bad, count, i);
        }
    }
    CHECK_U64(wait_for(bed, submit_one(bed, 1)), AMDVI_DRV_OK);
    amdvi_drv_ring_look(&bed->ring);
    CHECK_U64(bed->ring.head, bed->ring.tail);
}

static void each_command_on(struct bed *bed)
{
    for (unsigned count = 0; count <= 2; count++) {
        for (unsigned bad = 0; bad < 3 * (count + 1); bad++) {
            bed->ring.repairs = 0; /* of a new ring each time */
            bed->ring.refused_count = 0;
            bed->rig.head_is_behind = bad % ANY_HEAD != 0;
            one_of_three(bed, count, bad, 0);
            /* Where it does not depend on the place in the ring, it does on none. */
            bed->ring.repairs = 0;
            one_of_three(bed, count, bad, 120 - 3 * count + bad);
        }
    }
}

static void only_the_owner_of_an_illegal_command_is_told(void)
{
    on_each_host(each_command_on);
}

/* 4h is no command for an IOMMU without IotlbSup, but one that decodes. */
static void refused_though_legal(struct bed *bed, unsigned head, bool by_event)
{
    struct amdvi_command iotlb = {.opcode = AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES, .device_id = 7};
    uint32_t number[3];

    bed->ring.repairs = 0;
    bed->rig.unit[0].machine.invalidations = 0;
    bed->rig.head_is_behind = head != 0;
    bed->rig.completion = RIG_NEVER;
    number[0] = submit_one(bed, 3);
    uint64_t spa = bed->ring.commands.spa + bed->ring.tail;
    unsigned slot = bed->ring.tail / 16;
    CHECK_U64(amdvi_drv_ring_submit(&bed->ring, &iotlb, 1, soon(bed), &number[1]), AMDVI_DRV_OK);
    number[2] = submit_one(bed, 4);
    bed->rig.completion = RIG_AT_ONCE;
    if (by_event) {
        /* The rig lets what was held back arrive when time passes. */
        rig_pass(&bed->rig, 1);
        CHECK_U64(amdvi_drv_ring_repair(&bed->ring, spa), AMDVI_DRV_OK);
    }
    CHECK_U64(wait_for(bed, number[0]), AMDVI_DRV_OK);
    CHECK_U64(wait_for(bed, number[1]), AMDVI_DRV_ERR_COMMAND);
    CHECK_U64(wait_for(bed, number[2]), AMDVI_DRV_OK);
    CHECK_U64(bed->ring.repairs, 1);
    /* What took its place completes nothing before its time: s=0. */
    CHECK_U64(slot_word(bed, slot, 0), UINT64_C(1) << 60);
    CHECK(times_invalidated(bed, 3) != 0 && times_invalidated(bed, 4) != 0);
}

static void a_legal_command_that_is_refused_is_found(void)
{
    static struct bed bed;

    bed_start(&bed, &(struct rig_options){.units = 1});
    refused_though_legal(&bed, 0, false);
    for (unsigned head = 0; head < ANY_HEAD; head++) {
        refused_though_legal(&bed, head, true);
    }
    bed_stop(&bed);
}

/* Head is behind the command, and no event says which: one innocent is refused, then the right one.
 */
static void a_head_that_is_behind_costs_one_more(void)
{
    static struct bed bed;
    struct amdvi_command iotlb = {.opcode = AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES, .device_id = 7};
    uint32_t number;

    bed_start(&bed, &(struct rig_options){.units = 1});
    bed.rig.head_is_behind = true;
    CHECK_U64(amdvi_drv_ring_submit(&bed.ring, &iotlb, 1, soon(&bed), &number), AMDVI_DRV_OK);
    CHECK_U64(wait_for(&bed, number), AMDVI_DRV_ERR_COMMAND);
    CHECK(bed.ring.repairs <= 2);
    CHECK_U64(wait_for(&bed, submit_one(&bed, 4)), AMDVI_DRV_OK);
    bed_stop(&bed);
}

static void an_event_of_long_ago_is_not_believed(void)
{
    static struct bed bed;
    uint32_t number[2];

    bed_start(&bed, &(struct rig_options){.units = 1});
    for (unsigned i = 0; i < 3; i++) {
        CHECK_U64(wait_for(&bed, submit_one(&bed, 1)), AMDVI_DRV_OK);
    }
    static const uint64_t outside[] = {0, 0x10, 0x1000, 0x800, UINT64_MAX & ~UINT64_C(15)};
    for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        corrupt_next(&bed, 3, WORD_ILLEGAL);
        bed.rig.completion = RIG_NEVER;
        number[0] = submit_one(&bed, 2);
        number[1] = submit_one(&bed, 3);
        bed.rig.completion = RIG_AT_ONCE;
        rig_pass(&bed.rig, 1);
        CHECK_U64(amdvi_drv_ring_repair(&bed.ring, bed.ring.commands.spa + outside[i]),
                  AMDVI_DRV_OK);
        CHECK_U64(wait_for(&bed, number[0]), AMDVI_DRV_OK);
        CHECK_U64(wait_for(&bed, number[1]), AMDVI_DRV_ERR_COMMAND);
    }
    /* And none at all where it runs. */
    CHECK_U64(amdvi_drv_ring_repair(&bed.ring, bed.ring.commands.spa), AMDVI_DRV_OK);
    CHECK_U64(bed.ring.repairs, 5);
    bed_stop(&bed);
}

/* ---- The end --------------------------------------------------------------------------------- */

static void the_seventeenth_is_the_last(void)
{
    static struct bed bed;
    uint32_t number[AMDVI_DRV_REPAIRS_MAX + 1];
    uint32_t other = 99;

    bed_start(&bed, &(struct rig_options){.units = 1});
    for (unsigned i = 0; i < AMDVI_DRV_REPAIRS_MAX; i++) {
        corrupt_next(&bed, 1 + i % 2, WORD_ILLEGAL);
        number[i] = submit_one(&bed, 2);
        CHECK_U64(wait_for(&bed, number[i]), AMDVI_DRV_ERR_COMMAND);
        CHECK(!bed.ring.failed);
    }
    /* Each is still known to be refused, however late its owner asks. */
    for (unsigned i = 0; i < AMDVI_DRV_REPAIRS_MAX; i++) {
        CHECK_U64(wait_for(&bed, number[i]), AMDVI_DRV_ERR_COMMAND);
    }
    CHECK_U64(wait_for(&bed, submit_one(&bed, 3)), AMDVI_DRV_OK);
    corrupt_next(&bed, 1, WORD_ILLEGAL);
    number[AMDVI_DRV_REPAIRS_MAX] = submit_one(&bed, 2);
    uint64_t before_ns = bed.rig.now_ns;
    CHECK_U64(wait_for(&bed, number[AMDVI_DRV_REPAIRS_MAX]), AMDVI_DRV_ERR_HARDWARE);
    CHECK(bed.ring.failed);
    /* Every later wait fails at once. */
    CHECK(bed.rig.now_ns - before_ns < SECOND / 10);
    before_ns = bed.rig.now_ns;
    CHECK_U64(wait_for(&bed, number[AMDVI_DRV_REPAIRS_MAX]), AMDVI_DRV_ERR_HARDWARE);
    CHECK_U64(amdvi_drv_ring_submit(&bed.ring, NULL, 0, soon(&bed), &other),
              AMDVI_DRV_ERR_HARDWARE);
    CHECK_U64(other, 99);
    CHECK(bed.rig.now_ns - before_ns < SECOND / 10);
    CHECK_U64(amdvi_drv_ring_start(&bed.ring), AMDVI_DRV_ERR_HARDWARE);
    bed_stop(&bed);
}

/* Every submission is still there, and none is said to be completed. */
static void memory_that_cannot_be_read_ends_it(void)
{
    static struct bed bed;

    bed_start(&bed, &(struct rig_options){.units = 1});
    bed.rig.unit[0].machine.bad_page = bed.ring.commands.spa;
    uint32_t number = submit_one(&bed, 2);
    CHECK_U64(wait_for(&bed, number), AMDVI_DRV_ERR_HARDWARE);
    bed.rig.unit[0].machine.bad_page = 0;
    CHECK(!amdvi_drv_ring_is_completed(&bed.ring, number));
    bed_stop(&bed);
}

/* The event names the word that could not be stored, not a command. */
static void a_completion_that_cannot_be_stored_ends_it(void)
{
    static struct bed bed;

    bed_start(&bed, &(struct rig_options){.units = 1});
    bed.rig.unit[0].machine.bad_page = bed.ring.completion.spa;
    uint32_t number = submit_one(&bed, 2);
    CHECK_U64(amdvi_drv_ring_repair(&bed.ring, bed.ring.completion.spa), AMDVI_DRV_ERR_HARDWARE);
    CHECK_U64(wait_for(&bed, number), AMDVI_DRV_ERR_HARDWARE);
    bed_stop(&bed);
}

static void a_ring_that_does_not_start_again_fails(void)
{
    static struct bed bed;

    bed_start(&bed, &(struct rig_options){.units = 1});
    bed.rig.dead_run = true;
    bed.rig.completion = RIG_NEVER;
    uint64_t before_ns = bed.rig.now_ns;
    CHECK_U64(wait_for(&bed, submit_one(&bed, 2)), AMDVI_DRV_ERR_HARDWARE);
    CHECK(bed.rig.now_ns - before_ns < SECOND / 10);
    CHECK(bed.ring.failed);
    bed_stop(&bed);
    /* Without a command in it none is replaced, nor one refused that is yet to come. */
    bed_start(&bed, &(struct rig_options){.units = 1});
    CHECK_U64(wait_for(&bed, submit_one(&bed, 2)), AMDVI_DRV_OK);
    bed.rig.dead_run = true;
    CHECK_U64(amdvi_drv_ring_repair(&bed.ring, 0), AMDVI_DRV_ERR_HARDWARE);
    CHECK_U64(bed.ring.refused_count, 0);
    CHECK_U64(slot_word(&bed, 2, 0), 0);
    bed_stop(&bed);
}

/* ---- Side effects ---------------------------------------------------------------------------- */

static void other_bits_of_control_stay(void)
{
    static struct bed bed;
    uint64_t others = BIT64(0) | BIT64(2) | BIT64(3) | BIT64(5) | BIT64(10);

    bed_start(&bed, &(struct rig_options){.units = 1});
    rig_set_reg(&bed.rig, 0, AMDVI_REG_EVENT_LOG_BASE, MACHINE_EVENTS | UINT64_C(8) << 56);
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CONTROL, others | BIT64(12));
    corrupt_next(&bed, 1, WORD_ILLEGAL);
    CHECK_U64(wait_for(&bed, submit_one(&bed, 2)), AMDVI_DRV_ERR_COMMAND);
    CHECK_U64(rig_reg(&bed.rig, 0, AMDVI_REG_CONTROL), others | BIT64(12));
    bed_stop(&bed);
}

/* INVALIDATE_IOMMU_ALL is no command of 1.20, but not what was bad where another is. */
static void an_invalidation_of_all_is_no_illegal_command(void)
{
    static struct bed bed;
    uint32_t number;
    uintptr_t flags;

    bed_start(&bed, &(struct rig_options){.units = 1});
    bed.rig.completion = RIG_NEVER;
    CHECK(amdvi_drv_ring_begin(&bed.ring, 1, &flags));
    amdvi_drv_ring_put_all(&bed.ring);
    uint32_t all = amdvi_drv_ring_commit(&bed.ring, flags);
    corrupt_next(&bed, 1, WORD_ILLEGAL);
    number = submit_one(&bed, 4);
    /* As a later IOMMU does: it has run the first, and the second stops it. */
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CONTROL, BIT64(0));
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CMD_BUF_HEAD, 0x20);
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CMD_BUF_TAIL, bed.ring.tail);
    bed.rig.unit[0].tail_held = false;
    bed.rig.completion = RIG_AT_ONCE;
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CONTROL, BIT64(0) | BIT64(12));
    CHECK_U64(wait_for(&bed, number), AMDVI_DRV_ERR_COMMAND);
    CHECK_U64(bed.ring.refused[0], number);
    /* Run again it is refused, as this one is of 1.20. */
    CHECK_U64(wait_for(&bed, all), AMDVI_DRV_ERR_COMMAND);
    CHECK_U64(bed.ring.repairs, 2);
    bed_stop(&bed);
}

/* The caller's own COMPLETION_WAIT, with a store elsewhere, says nothing about numbers. */
static void anybodys_completion_wait_has_no_number(void)
{
    static struct bed bed;
    struct amdvi_command commands[2] = {{.opcode = AMDVI_OPCODE_COMPLETION_WAIT,
                                         .store = true,
                                         .store_address = MACHINE_STORE,
                                         .store_data = 77},
                                        devtab(5)};
    uint32_t number;

    bed_start(&bed, &(struct rig_options){.units = 1});
    for (unsigned bad = 1; bad <= 3; bad++) {
        corrupt_next(&bed, bad, WORD_ILLEGAL);
        CHECK_U64(amdvi_drv_ring_submit(&bed.ring, commands, 2, soon(&bed), &number), AMDVI_DRV_OK);
        CHECK_U64(wait_for(&bed, number), AMDVI_DRV_ERR_COMMAND);
        CHECK_U64(bed.ring.refused[bad - 1], number);
        CHECK_U64(wait_for(&bed, submit_one(&bed, 6)), AMDVI_DRV_OK);
    }
    CHECK_U64(rig_read64(&bed.rig, MACHINE_STORE), 77);
    bed_stop(&bed);
}

/* Two commands of one submission are refused; the event is the first's. */
static void an_event_is_of_one_command(void)
{
    static struct bed bed;
    struct amdvi_command commands[2] = {
        {.opcode = AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES, .device_id = 7},
        {.opcode = AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES, .device_id = 8}};
    uint32_t number;

    bed_start(&bed, &(struct rig_options){.units = 1});
    CHECK_U64(amdvi_drv_ring_submit(&bed.ring, commands, 2, soon(&bed), &number), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_ring_repair(&bed.ring, bed.ring.commands.spa), AMDVI_DRV_OK);
    CHECK_U64(wait_for(&bed, number), AMDVI_DRV_ERR_COMMAND);
    CHECK_U64(bed.ring.repairs, 2);
    bed_stop(&bed);
}

static void one_repairs_at_a_time(void)
{
    static struct bed bed;

    bed_start(&bed, &(struct rig_options){.units = 1});
    corrupt_next(&bed, 1, WORD_ILLEGAL);
    uint32_t number = submit_one(&bed, 2);
    bed.ring.repairing = true; /* another processor is at it */
    CHECK_U64(amdvi_drv_ring_repair(&bed.ring, 0), AMDVI_DRV_OK);
    CHECK_U64(bed.ring.repairs, 0);
    CHECK_U64(amdvi_drv_ring_wait(&bed.ring, number, bed.rig.now_ns + SECOND / 100),
              AMDVI_DRV_ERR_TIMEOUT);
    bed.ring.repairing = false;
    /* Whoever has no time to wait repairs it all the same. */
    CHECK_U64(amdvi_drv_ring_wait(&bed.ring, number, 0), AMDVI_DRV_ERR_COMMAND);
    CHECK_U64(bed.ring.repairs, 1);
    bed_stop(&bed);
}

/* A number comes round again after 2^32; its old refusal is forgotten by then. */
static void refusals_are_forgotten_in_time(void)
{
    static struct bed bed;

    bed_start(&bed, &(struct rig_options){.units = 1});
    corrupt_next(&bed, 1, WORD_ILLEGAL);
    uint32_t refused = submit_one(&bed, 2);
    CHECK_U64(wait_for(&bed, refused), AMDVI_DRV_ERR_COMMAND);
    bed.rig.completion = RIG_NEVER;
    uint32_t dropped = submit_one(&bed, 2);
    bed.rig.completion = RIG_AT_ONCE;
    bed.rig.unit[0].tail_held = false;
    CHECK_U64(amdvi_drv_ring_start(&bed.ring), AMDVI_DRV_OK);
    CHECK_U64(wait_for(&bed, dropped), AMDVI_DRV_ERR_COMMAND);
    for (unsigned quarter = 1; quarter <= 4; quarter++) {
        bed.ring.submitted = quarter * (UINT32_C(1) << 30) - 2;
        bed.ring.completed = bed.ring.submitted;
        CHECK_U64(amdvi_drv_ring_start(&bed.ring), AMDVI_DRV_OK);
        for (unsigned i = 0; i < 4; i++) {
            CHECK_U64(wait_for(&bed, submit_one(&bed, 2)), AMDVI_DRV_OK);
        }
    }
    CHECK_U64(bed.ring.submitted, 2);
    CHECK_U64(refused, 1);
    CHECK_U64(dropped, 2);
    CHECK_U64(bed.ring.refused_count, 0);
    CHECK_U64(bed.ring.repairs, 1);
    bed_stop(&bed);
}

static const struct check_case cases[] = {
    {"an illegal command is replaced, its owner alone is told, and all others run",
     "1.20 ILLEGAL_COMMAND_ERROR", only_the_owner_of_an_illegal_command_is_told},
    {"a legal command that is refused is found by event or head", "1.20 ILLEGAL_COMMAND_ERROR",
     a_legal_command_that_is_refused_is_found},
    {"a head that is behind the command costs one repair more", NULL,
     a_head_that_is_behind_costs_one_more},
    {"an event's command that is not in the ring is not believed", NULL,
     an_event_of_long_ago_is_not_believed},
    {"X-S1: after 16 repairs the ring fails for good, and every later wait at once", NULL,
     the_seventeenth_is_the_last},
    {"commands that cannot be read end in an error, never in a completion",
     "1.20 COMMAND_HARDWARE_ERROR", memory_that_cannot_be_read_ends_it},
    {"a completion word that cannot be stored ends in an error", "1.20 COMMAND_HARDWARE_ERROR",
     a_completion_that_cannot_be_stored_ends_it},
    {"J-1: a ring that does not start again fails in bounded time", NULL,
     a_ring_that_does_not_start_again_fails},
    {"a repair leaves the other bits of CONTROL alone", "1.20 IOMMU control",
     other_bits_of_control_stay},
    {"INVALIDATE_IOMMU_ALL is not taken for an illegal command", "2.x INVALIDATE_IOMMU_ALL",
     an_invalidation_of_all_is_no_illegal_command},
    {"a COMPLETION_WAIT of the caller's is not taken for one of the ring's", NULL,
     anybodys_completion_wait_has_no_number},
    {"an event names one command, and the next is looked for anew", NULL,
     an_event_is_of_one_command},
    {"one repairs at a time, also when its own time is over", NULL, one_repairs_at_a_time},
    {"a refusal is forgotten before its number comes round again", NULL,
     refusals_are_forgotten_in_time},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
