/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit 0 of the rig as a part of revision 2.x or 3.x shows itself to a driver of 1.20: an extended
 * feature register with EFRSup in the capability, bits of CONTROL that stay as they are written,
 * INVALIDATE_IOMMU_ALL, and a device table in two segments while DevTblSegEn is set. The software
 * IOMMU has none of this, so it is between the driver and the rig's registers.
 */
#ifndef DRIVER_TESTS_LATER_H
#define DRIVER_TESTS_LATER_H

#include "policy.h"

#include <amdvi/later.h>

/* CONTROL, in the names of revisions 2.6 and 3.x. */
#define LATER_PPR_LOG_EN   AMDVI_BIT(13)
#define LATER_PPR_INT_EN   AMDVI_BIT(14)
#define LATER_PPR_EN       AMDVI_BIT(15)
#define LATER_GT_EN        AMDVI_BIT(16)
#define LATER_GA_EN        AMDVI_BIT(17)
#define LATER_SMIF_LOG_EN  AMDVI_BIT(24)
#define LATER_GA_LOG_EN    AMDVI_BIT(28)
#define LATER_GA_INT_EN    AMDVI_BIT(29)
#define LATER_DUAL_PPR     AMDVI_BITS(31, 30)
#define LATER_DUAL_EVENT   AMDVI_BITS(33, 32)
#define LATER_SEGMENTS_EN  AMDVI_BITS(36, 34) /* 1: two, the second for DeviceIDs from 8000h on */
#define LATER_MARC_EN      AMDVI_BIT(40)
#define LATER_XT_EN        AMDVI_BIT(50)
#define LATER_IRT_CACHE    AMDVI_BIT(59)
#define LATER_SNP_AVIC_EN  AMDVI_BITS(63, 61)
#define LATER_SECOND_TABLE 0x8010 /* a device of the second segment */

/* The logs that revision 1.20 does not know, and what they send. */
#define LATER_LOGS                                                                                 \
    (LATER_PPR_LOG_EN | LATER_PPR_INT_EN | LATER_SMIF_LOG_EN | LATER_GA_LOG_EN | LATER_GA_INT_EN | \
     LATER_DUAL_PPR | LATER_DUAL_EVENT)

/* STATUS */
#define LATER_PPR_LOG_RUN AMDVI_BIT(7)
#define LATER_GA_LOG_RUN  AMDVI_BIT(8)

struct later {
    struct amdvi_drv_host host; /* the rig's own */
    void (*told)(struct machine *machine, enum machine_told what);
    bool efr_sup;
    uint64_t efr;
    uint64_t control; /* bits 63:13 */
    bool has_table;   /* the device table base was written, with CONTROL as: */
    uint64_t at_table;
    bool logs_run_on; /* although they are off */
    uint64_t sticks;  /* bits of CONTROL that stay once they are set */
    unsigned invalidate_alls;
    uint32_t tail;
    /* The entry of LATER_SECOND_TABLE is cached, as the earlier kernel's second table has it. */
    bool is_second_cached;
    void (*wrote)(uint64_t before, uint64_t after); /* CONTROL, all of it, before it is in force */
};

static struct later later;

static inline bool later_is_unit(const struct rig *rig, const void *window)
{
    return window == &rig->unit[0];
}

static inline bool later_is_control(uint32_t offset)
{
    return offset / 8 == amdvi_regs[AMDVI_REG_CONTROL].offset / 8;
}

static inline uint64_t later_control(struct rig *rig)
{
    return rig_reg(rig, 0, AMDVI_REG_CONTROL) | later.control;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static inline uint64_t later_status(void)
{
    uint64_t ppr =
        later.logs_run_on || (later.control & LATER_PPR_LOG_EN) != 0 ? LATER_PPR_LOG_RUN : 0;
    uint64_t ga =
        later.logs_run_on || (later.control & LATER_GA_LOG_EN) != 0 ? LATER_GA_LOG_RUN : 0;

    return ppr | ga;
}

/* All 64 bits of what is there besides the rig's registers. */
static inline uint64_t later_more(uint32_t offset)
{
    if (later_is_control(offset)) {
        return later.control;
    }
    if (offset / 8 == amdvi_regs[AMDVI_REG_STATUS].offset / 8) {
        return later_status();
    }
    return offset / 8 == AMDVI_EFR_OFFSET / 8 ? later.efr : 0;
}

static inline uint32_t later_read32(void *ctx, void *window, uint32_t offset)
{
    uint64_t more = later_is_unit(ctx, window) ? later_more(offset) : 0;

    return later.host.read32(ctx, window, offset) | (uint32_t)(more >> offset % 8 * 8);
}

static inline uint64_t later_read64(void *ctx, void *window, uint32_t offset)
{
    uint64_t more = later_is_unit(ctx, window) ? later_more(offset) : 0;

    return later.host.read64(ctx, window, offset) | more;
}

static inline bool later_config_read32(void *ctx, uint16_t segment, uint16_t device_id,
                                       uint16_t offset, uint32_t *out)
{
    if (!later.host.config_read32(ctx, segment, device_id, offset, out)) {
        return false;
    }
    if (later.efr_sup && device_id == RIG_UNIT_ID(0) && offset == RIG_CAP_OFFSET) {
        *out |= (uint32_t)AMDVI_CAP_HEADER_EFR_SUP;
    }
    return true;
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* Before the write: what is written to CONTROL is in force once the rig's hook is called. */
static inline void later_note_control(struct rig *rig, uint64_t written, uint64_t lanes)
{
    uint64_t before = later_control(rig);
    uint64_t after = (before & ~lanes) | (written & lanes) | (later.control & later.sticks);

    if (later.wrote != NULL) {
        later.wrote(before, after);
    }
    later.control = after & AMDVI_CONTROL_RESERVED;
}

/* INVALIDATE_IOMMU_ALL is counted, and then is a COMPLETION_WAIT that does nothing: the rig's
 * caches must be off. */
static inline void later_take_commands(struct rig *rig, uint32_t tail)
{
    uint64_t base = rig_reg(rig, 0, AMDVI_REG_CMD_BUF_BASE);
    uint32_t size_bytes = (uint32_t)amdvi_ring_base_bytes(base);

    for (uint32_t at = later.tail; at != tail; at = (at + 16) % size_bytes) {
        uint64_t spa = (base & AMDVI_CMD_BUF_BASE_BASE) + at;
        if (rig_read64(rig, spa) == AMDVI_INV_ALL_WORD0 && rig_read64(rig, spa + 8) == 0) {
            machine_write64(&rig->unit[0].machine, spa, UINT64_C(1) << 60);
            later.invalidate_alls++;
            later.is_second_cached = false;
        }
    }
    later.tail = tail;
}

static inline void later_before_write(struct rig *rig, uint32_t offset, uint64_t value,
                                      uint64_t lanes)
{
    if (later_is_control(offset)) {
        later_note_control(rig, value, lanes);
    }
    if (offset == amdvi_regs[AMDVI_REG_DEV_TAB_BASE].offset && !later.has_table) {
        later.has_table = true;
        later.at_table = later_control(rig);
    }
    if (offset == amdvi_regs[AMDVI_REG_CMD_BUF_HEAD].offset ||
        offset == amdvi_regs[AMDVI_REG_CMD_BUF_BASE].offset) {
        later.tail = 0; /* this driver begins there */
    }
    if (offset == amdvi_regs[AMDVI_REG_CMD_BUF_TAIL].offset) {
        later_take_commands(rig, (uint32_t)value);
    }
}

/* A device of the second segment works on, and has its entry cached. */
static inline void later_after_write(void)
{
    later.is_second_cached = later.is_second_cached || (later.control & LATER_SEGMENTS_EN) != 0;
}

static inline void later_write32(void *ctx, void *window, uint32_t offset, uint32_t value)
{
    bool is_unit = later_is_unit(ctx, window);
    unsigned shift = offset % 8 * 8;

    if (is_unit) {
        later_before_write(ctx, offset, (uint64_t)value << shift, UINT64_C(0xffffffff) << shift);
    }
    later.host.write32(ctx, window, offset, value);
    if (is_unit) {
        later_after_write();
    }
}

static inline void later_write64(void *ctx, void *window, uint32_t offset, uint64_t value)
{
    bool is_unit = later_is_unit(ctx, window);

    if (is_unit) {
        later_before_write(ctx, offset, value, UINT64_MAX);
    }
    later.host.write64(ctx, window, offset, value);
    if (is_unit) {
        later_after_write();
    }
}

static inline void later_told(struct machine *machine, enum machine_told what)
{
    if (what == MACHINE_TOLD_TRANSLATIONS) {
        const struct amdvi_invalidation *last =
            &machine->invalidation[(machine->invalidations - 1) % MACHINE_RECORDS];
        if (last->kind == AMDVI_INVALIDATED_DEVICE && last->device_id == LATER_SECOND_TABLE) {
            later.is_second_cached = false;
        }
    }
    later.told(machine, what);
}

/* From here on unit 0 of the rig is such a part; what it has is 0 at first. */
static inline void later_begin(struct rig *rig)
{
    later = (struct later){.host = rig->host, .told = rig->unit[0].machine.told};
    rig->unit[0].machine.told = later_told;
    rig->host.read32 = later_read32;
    rig->host.write32 = later_write32;
    rig->host.read64 = rig->host.read64 != NULL ? later_read64 : NULL;
    rig->host.write64 = rig->host.write64 != NULL ? later_write64 : NULL;
    rig->host.config_read32 = rig->host.config_read32 != NULL ? later_config_read32 : NULL;
}

#endif
