/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory-mapped registers of revision 1.20: where they are, what their bits mean, and what a
 * write by software does to them. Later revisions add registers; none of them is here yet.
 */
#ifndef AMDVI_REGS_H
#define AMDVI_REGS_H

#include <amdvi/field.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Size of the register window, in bytes. */
#define AMDVI_MMIO_SIZE 0x4000

/* In the order of their offsets. */
enum amdvi_reg {
    AMDVI_REG_DEV_TAB_BASE,
    AMDVI_REG_CMD_BUF_BASE,
    AMDVI_REG_EVENT_LOG_BASE,
    AMDVI_REG_CONTROL,
    AMDVI_REG_EXCL_BASE,
    AMDVI_REG_EXCL_LIMIT,
    AMDVI_REG_CMD_BUF_HEAD,
    AMDVI_REG_CMD_BUF_TAIL,
    AMDVI_REG_EVENT_LOG_HEAD,
    AMDVI_REG_EVENT_LOG_TAIL,
    AMDVI_REG_STATUS,
    AMDVI_REG_COUNT,
};

/* [0000h] Device Table Base Address */
#define AMDVI_DEV_TAB_BASE_SIZE     AMDVI_BITS(8, 0)   /* RW  4 KiB pages, less one */
#define AMDVI_DEV_TAB_BASE_BASE     AMDVI_BITS(51, 12) /* RW  SPA */
#define AMDVI_DEV_TAB_BASE_RESERVED (AMDVI_BITS(11, 9) | AMDVI_BITS(63, 52))

/* [0008h] Command Buffer Base Address */
#define AMDVI_CMD_BUF_BASE_BASE     AMDVI_BITS(51, 12) /* RW  SPA */
#define AMDVI_CMD_BUF_BASE_LEN      AMDVI_BITS(59, 56) /* RW  log2 of entries, 8 to 15 */
#define AMDVI_CMD_BUF_BASE_RESERVED (AMDVI_BITS(11, 0) | AMDVI_BITS(55, 52) | AMDVI_BITS(63, 60))

/* [0010h] Event Log Base Address */
#define AMDVI_EVENT_LOG_BASE_BASE     AMDVI_BITS(51, 12) /* RW  SPA */
#define AMDVI_EVENT_LOG_BASE_LEN      AMDVI_BITS(59, 56) /* RW  log2 of entries, 8 to 15 */
#define AMDVI_EVENT_LOG_BASE_RESERVED (AMDVI_BITS(11, 0) | AMDVI_BITS(55, 52) | AMDVI_BITS(63, 60))

/* [0018h] IOMMU Control */
#define AMDVI_CONTROL_IOMMU_EN        AMDVI_BIT(0)     /* RW */
#define AMDVI_CONTROL_HT_TUN_EN       AMDVI_BIT(1)     /* RW */
#define AMDVI_CONTROL_EVENT_LOG_EN    AMDVI_BIT(2)     /* RW */
#define AMDVI_CONTROL_EVENT_INT_EN    AMDVI_BIT(3)     /* RW */
#define AMDVI_CONTROL_COM_WAIT_INT_EN AMDVI_BIT(4)     /* RW */
#define AMDVI_CONTROL_INV_TIMEOUT     AMDVI_BITS(7, 5) /* RW  see amdvi_inv_timeout_ms() */
#define AMDVI_CONTROL_PASS_PW         AMDVI_BIT(8)     /* RW */
#define AMDVI_CONTROL_RES_PASS_PW     AMDVI_BIT(9)     /* RW */
#define AMDVI_CONTROL_COHERENT        AMDVI_BIT(10)    /* RW */
#define AMDVI_CONTROL_ISOC            AMDVI_BIT(11)    /* RW */
#define AMDVI_CONTROL_CMD_BUF_EN      AMDVI_BIT(12)    /* RW */
#define AMDVI_CONTROL_RESERVED        AMDVI_BITS(63, 13)

/* [0020h] Exclusion Base */
#define AMDVI_EXCL_BASE_EX_EN    AMDVI_BIT(0)       /* RW */
#define AMDVI_EXCL_BASE_ALLOW    AMDVI_BIT(1)       /* RW */
#define AMDVI_EXCL_BASE_BASE     AMDVI_BITS(51, 12) /* RW  first excluded page */
#define AMDVI_EXCL_BASE_RESERVED (AMDVI_BITS(11, 2) | AMDVI_BITS(63, 52))

/* [0028h] Exclusion Range Limit */
#define AMDVI_EXCL_LIMIT_LOW      AMDVI_BITS(11, 0)  /* RO  ones */
#define AMDVI_EXCL_LIMIT_LIMIT    AMDVI_BITS(51, 12) /* RW  last excluded page */
#define AMDVI_EXCL_LIMIT_RESERVED AMDVI_BITS(63, 52)

/* [2000h, 2008h, 2010h, 2018h] Head and tail of the command buffer and the event log. */
#define AMDVI_RING_POINTER          AMDVI_BITS(18, 4) /* RW  byte offset of a 16-byte entry */
#define AMDVI_RING_POINTER_RESERVED (AMDVI_BITS(3, 0) | AMDVI_BITS(63, 19))

/* [2020h] IOMMU Status */
#define AMDVI_STATUS_EVENT_OVERFLOW AMDVI_BIT(0) /* RW1C */
#define AMDVI_STATUS_EVENT_LOG_INT  AMDVI_BIT(1) /* RW1C */
#define AMDVI_STATUS_COM_WAIT_INT   AMDVI_BIT(2) /* RW1C */
#define AMDVI_STATUS_EVENT_LOG_RUN  AMDVI_BIT(3) /* RO */
#define AMDVI_STATUS_CMD_BUF_RUN    AMDVI_BIT(4) /* RO */
#define AMDVI_STATUS_RESERVED       AMDVI_BITS(63, 5)

/* Bytes of one entry of the command buffer and of the event log. */
#define AMDVI_RING_ENTRY_BYTES 16

/* What software may do to each bit. Bits in none of the masks are reserved. */
struct amdvi_reg_info {
    const char *name; /* as the specification spells it */
    uint16_t offset;  /* bytes from the start of the register window */
    uint64_t rw;      /* software reads and writes */
    uint64_t rw1c;    /* hardware sets, software clears by writing one */
    uint64_t ro;      /* hardware owns; writes are ignored */
    uint64_t reset;   /* the value after a system reset */
};

extern const struct amdvi_reg_info amdvi_regs[AMDVI_REG_COUNT];

/* The register that holds byte @offset of the window; AMDVI_REG_COUNT when none does. */
enum amdvi_reg amdvi_reg_at(uint64_t offset);

/* A register's new value after software writes @value to the bytes selected by @lanes. */
uint64_t amdvi_reg_after_write(enum amdvi_reg reg, uint64_t old, uint64_t value, uint64_t lanes);

/* Bytes of a ring whose ComLen or EventLen is @length_code; 0 for the reserved codes 0 to 7. */
static inline uint64_t amdvi_ring_bytes(unsigned length_code)
{
    return length_code < 8 || length_code > 15 ? 0
                                               : (uint64_t)AMDVI_RING_ENTRY_BYTES << length_code;
}

/* The same of the ring that a base register, of either kind, describes. */
static inline uint64_t amdvi_ring_base_bytes(uint64_t ring_base)
{
    /* ComLen and EventLen lie alike. */
    return amdvi_ring_bytes((unsigned)amdvi_get(ring_base, AMDVI_CMD_BUF_BASE_LEN));
}

/* Entries of the device table that the register's value describes: 128 to 65536. */
uint64_t amdvi_dev_tab_entries(uint64_t dev_tab_base);

/* InvTimeOut in milliseconds; 0 is never, also for the reserved code 7. */
uint64_t amdvi_inv_timeout_ms(unsigned code);

#ifdef __cplusplus
}
#endif

#endif
