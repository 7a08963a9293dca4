/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long COMPLETION_WAITs take, in the machine's time: from the write of the tail pointer that the
 * command came with, which is when software starts to wait, to its completion.
 *
 * The library tells of each completion. Which write a command came with follows from where it lies
 * in the ring: writes are noted with the tail before them, and commands complete in order. While
 * more writes wait than can be noted, the later ones count as part of the last that was. After a
 * migration the time counts from the load.
 *
 * Commands run, and these functions are called, under the big lock.
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/timer.h"
#include "amdvi.h"

#include <amdvi/regs.h>

static uint64_t read_reg(AmdviUnit *unit, enum amdvi_reg reg)
{
    return amdvi_iommu_mmio_read(unit->iommu, amdvi_regs[reg].offset, 8);
}

static int64_t now_ns(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/*
 * Forget writes whose commands all lie before the one at @offset. Distances from the oldest are in
 * the ring's order, those of offsets that have wrapped around being huge.
 */
static void drop_older(AmdviWaits *waits, uint32_t offset)
{
    while (waits->count > 1) {
        uint32_t first = waits->doorbells[waits->first].offset;
        uint32_t second = waits->doorbells[(waits->first + 1) % AMDVI_DOORBELLS].offset;

        if (second - first > offset - first) {
            break;
        }
        waits->first = (waits->first + 1) % AMDVI_DOORBELLS;
        waits->count--;
    }
}

static void doorbell_note(AmdviWaits *waits, uint32_t offset)
{
    unsigned at = (waits->first + waits->count) % AMDVI_DOORBELLS;

    if (waits->count < AMDVI_DOORBELLS) {
        waits->doorbells[at].offset = offset;
        waits->doorbells[at].time_ns = now_ns();
        waits->count++;
    }
}

void amdvi_waits_doorbell(AmdviUnit *unit)
{
    drop_older(&unit->waits, read_reg(unit, AMDVI_REG_CMD_BUF_HEAD));
    doorbell_note(&unit->waits, read_reg(unit, AMDVI_REG_CMD_BUF_TAIL));
}

void amdvi_waits_completed(AmdviUnit *unit, uint32_t offset)
{
    AmdviWaits *waits = &unit->waits;
    int64_t waited_ns = 0;
    unsigned log2_us;

    drop_older(waits, offset);
    if (waits->count) {
        waited_ns = MAX(now_ns() - waits->doorbells[waits->first].time_ns, 0);
    }
    log2_us = 64 - clz64(waited_ns / 1000);
    waits->completed++;
    waits->total_ns += waited_ns;
    waits->longest_ns = MAX(waits->longest_ns, waited_ns);
    waits->times[MIN(log2_us, AMDVI_WAIT_TIMES - 1)]++;
}

int64_t amdvi_waits_pending_ns(AmdviUnit *unit)
{
    AmdviWaits *waits = &unit->waits;
    uint32_t head = read_reg(unit, AMDVI_REG_CMD_BUF_HEAD);

    if (head == read_reg(unit, AMDVI_REG_CMD_BUF_TAIL) || !waits->count) {
        return 0;
    }
    drop_older(waits, head);
    return MAX(now_ns() - waits->doorbells[waits->first].time_ns, 0);
}

void amdvi_waits_loaded(AmdviUnit *unit)
{
    unit->waits.count = 0;
    doorbell_note(&unit->waits, read_reg(unit, AMDVI_REG_CMD_BUF_HEAD));
}
