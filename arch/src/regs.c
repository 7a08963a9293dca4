/* SPDX-License-Identifier: BSD-2-Clause */
/* The register table of revision 1.20, and the effect of a write on a register's bits. */
#include <amdvi/regs.h>

#define RING_BASE_RW (AMDVI_CMD_BUF_BASE_BASE | AMDVI_CMD_BUF_BASE_LEN)
/* Choice: a ring's length code is 8 (256 entries) after reset. */
#define RING_BASE_RESET AMDVI_BIT(59)

const struct amdvi_reg_info amdvi_regs[AMDVI_REG_COUNT] = {
    [AMDVI_REG_DEV_TAB_BASE] = {.name = "Device Table Base Address",
                                .offset = 0x0000,
                                .rw = AMDVI_DEV_TAB_BASE_SIZE | AMDVI_DEV_TAB_BASE_BASE},
    [AMDVI_REG_CMD_BUF_BASE] = {.name = "Command Buffer Base Address",
                                .offset = 0x0008,
                                .rw = RING_BASE_RW,
                                .reset = RING_BASE_RESET},
    [AMDVI_REG_EVENT_LOG_BASE] = {.name = "Event Log Base Address",
                                  .offset = 0x0010,
                                  .rw = RING_BASE_RW,
                                  .reset = RING_BASE_RESET},
    [AMDVI_REG_CONTROL] = {.name = "IOMMU Control",
                           .offset = 0x0018,
                           .rw = AMDVI_BITS(12, 0),
                           /* Choice: Coherent is 1 after reset. */
                           .reset = AMDVI_CONTROL_COHERENT},
    [AMDVI_REG_EXCL_BASE] = {.name = "Exclusion Base",
                             .offset = 0x0020,
                             .rw = AMDVI_EXCL_BASE_EX_EN | AMDVI_EXCL_BASE_ALLOW |
                                   AMDVI_EXCL_BASE_BASE},
    [AMDVI_REG_EXCL_LIMIT] = {.name = "Exclusion Range Limit",
                              .offset = 0x0028,
                              .rw = AMDVI_EXCL_LIMIT_LIMIT,
                              /* Choice: the low bits read as the ones they are treated as. */
                              .ro = AMDVI_EXCL_LIMIT_LOW,
                              .reset = AMDVI_EXCL_LIMIT_LOW},
    [AMDVI_REG_CMD_BUF_HEAD] = {.name = "Command Buffer Head Pointer",
                                .offset = 0x2000,
                                .rw = AMDVI_RING_POINTER},
    [AMDVI_REG_CMD_BUF_TAIL] = {.name = "Command Buffer Tail Pointer",
                                .offset = 0x2008,
                                .rw = AMDVI_RING_POINTER},
    [AMDVI_REG_EVENT_LOG_HEAD] = {.name = "Event Log Head Pointer",
                                  .offset = 0x2010,
                                  .rw = AMDVI_RING_POINTER},
    [AMDVI_REG_EVENT_LOG_TAIL] = {.name = "Event Log Tail Pointer",
                                  .offset = 0x2018,
                                  .rw = AMDVI_RING_POINTER},
    [AMDVI_REG_STATUS] = {.name = "IOMMU Status",
                          .offset = 0x2020,
                          .rw1c = AMDVI_STATUS_EVENT_OVERFLOW | AMDVI_STATUS_EVENT_LOG_INT |
                                  AMDVI_STATUS_COM_WAIT_INT,
                          .ro = AMDVI_STATUS_EVENT_LOG_RUN | AMDVI_STATUS_CMD_BUF_RUN},
};

enum amdvi_reg amdvi_reg_at(uint64_t offset)
{
    for (unsigned reg = 0; reg < AMDVI_REG_COUNT; reg++) {
        if (amdvi_regs[reg].offset == (offset & ~UINT64_C(7))) {
            return (enum amdvi_reg)reg;
        }
    }
    return AMDVI_REG_COUNT;
}

uint64_t amdvi_reg_after_write(enum amdvi_reg reg, uint64_t old, uint64_t value, uint64_t lanes)
{
    const struct amdvi_reg_info *info = &amdvi_regs[reg];
    uint64_t written = value & lanes;
    uint64_t replaced = info->rw & lanes;
    uint64_t cleared = info->rw1c & written;

    return (old & ~replaced & ~cleared) | (written & info->rw);
}

uint64_t amdvi_dev_tab_entries(uint64_t dev_tab_base)
{
    return (amdvi_get(dev_tab_base, AMDVI_DEV_TAB_BASE_SIZE) + 1) * 128;
}

uint64_t amdvi_inv_timeout_ms(unsigned code)
{
    static const uint32_t milliseconds[] = {0, 1, 10, 100, 1000, 10000, 100000};

    return code < sizeof(milliseconds) / sizeof(milliseconds[0]) ? milliseconds[code] : 0;
}
