/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device table entry of revision 1.20: 32 bytes for each DeviceID, saying how its memory
 * requests are translated and its interrupts remapped.
 */
#ifndef AMDVI_DTE_H
#define AMDVI_DTE_H

#include <amdvi/field.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AMDVI_DTE_BYTES 32

/* Quadword 0 */
#define AMDVI_DTE0_V        AMDVI_BIT(0) /* bits 127:1 are valid */
#define AMDVI_DTE0_TV       AMDVI_BIT(1) /* IR, IW, Mode, root and DomainID are valid */
#define AMDVI_DTE0_MODE     AMDVI_BITS(11, 9)
#define AMDVI_DTE0_PT_ROOT  AMDVI_BITS(51, 12)
#define AMDVI_DTE0_IR       AMDVI_BIT(61)
#define AMDVI_DTE0_IW       AMDVI_BIT(62)
#define AMDVI_DTE0_RESERVED (AMDVI_BITS(8, 2) | AMDVI_BITS(60, 52) | AMDVI_BIT(63))

/* Quadword 1 */
#define AMDVI_DTE1_DOMAIN_ID AMDVI_BITS(15, 0)
#define AMDVI_DTE1_I         AMDVI_BIT(32) /* IOTLB enable */
#define AMDVI_DTE1_SE        AMDVI_BIT(33) /* log only the first I/O page fault */
#define AMDVI_DTE1_SA        AMDVI_BIT(34) /* log no I/O page fault */
#define AMDVI_DTE1_IO_CTL    AMDVI_BITS(36, 35)
#define AMDVI_DTE1_CACHE     AMDVI_BIT(37)
#define AMDVI_DTE1_SD        AMDVI_BIT(38)
#define AMDVI_DTE1_EX        AMDVI_BIT(39) /* the exclusion range applies */
#define AMDVI_DTE1_SYS_MGT   AMDVI_BITS(41, 40)
#define AMDVI_DTE1_RESERVED  (AMDVI_BITS(31, 16) | AMDVI_BITS(63, 42))

/* Quadword 2 */
#define AMDVI_DTE2_IV           AMDVI_BIT(0) /* bits 255:129 are valid */
#define AMDVI_DTE2_INT_TAB_LEN  AMDVI_BITS(4, 1)
#define AMDVI_DTE2_IG           AMDVI_BIT(5)
#define AMDVI_DTE2_INT_TAB_ROOT AMDVI_BITS(51, 6)
#define AMDVI_DTE2_INIT_PASS    AMDVI_BIT(56)
#define AMDVI_DTE2_EINT_PASS    AMDVI_BIT(57)
#define AMDVI_DTE2_NMI_PASS     AMDVI_BIT(58)
#define AMDVI_DTE2_INT_CTL      AMDVI_BITS(61, 60)
#define AMDVI_DTE2_LINT0_PASS   AMDVI_BIT(62)
#define AMDVI_DTE2_LINT1_PASS   AMDVI_BIT(63)
#define AMDVI_DTE2_RESERVED     (AMDVI_BITS(55, 52) | AMDVI_BIT(59))

/* Quadword 3 */
#define AMDVI_DTE3_RESERVED AMDVI_BITS(63, 0)

/* The page table root and interrupt table root are masks of an address: no shift. */

enum amdvi_int_ctl {
    AMDVI_INT_CTL_ABORT = 0,
    AMDVI_INT_CTL_PASS = 1,
    AMDVI_INT_CTL_REMAP = 2,
    AMDVI_INT_CTL_RESERVED = 3,
};

/* Requests to the port I/O space range. */
enum amdvi_io_ctl {
    AMDVI_IO_CTL_ABORT = 0,
    AMDVI_IO_CTL_PASS = 1,
    AMDVI_IO_CTL_TRANSLATE = 2,
    AMDVI_IO_CTL_RESERVED = 3,
};

/* Requests to the system management range. */
enum amdvi_sys_mgt {
    AMDVI_SYS_MGT_ABORT = 0,
    AMDVI_SYS_MGT_PASS = 1,      /* posted writes */
    AMDVI_SYS_MGT_PASS_INTX = 2, /* posted writes that assert or deassert INTx */
    AMDVI_SYS_MGT_TRANSLATE = 3,
};

/* Paging modes: 0 is no paging, 1 to 6 the levels of the page table, 7 is reserved. */
#define AMDVI_MODE_NONE     0
#define AMDVI_MODE_MAX      6
#define AMDVI_MODE_RESERVED 7

/* Largest legal IntTabLen: 2^11 entries. */
#define AMDVI_INT_TAB_LEN_MAX 11

/* One device table entry as it lies in memory. */
struct amdvi_wire_dte {
    struct amdvi_le64 word[4];
};

/* The same entry as the rest of the program sees it. */
struct amdvi_dte {
    uint64_t page_root;      /* SPA of the root page table, 4 KiB aligned */
    uint64_t interrupt_root; /* SPA of the interrupt table, 128-byte aligned by software */
    uint16_t domain_id;
    uint8_t mode;         /* paging mode */
    uint8_t int_tab_len;  /* log2 of the entries of the interrupt table */
    uint8_t int_ctl;      /* enum amdvi_int_ctl */
    uint8_t io_ctl;       /* enum amdvi_io_ctl */
    uint8_t sys_mgt;      /* enum amdvi_sys_mgt */
    bool valid;           /* V */
    bool translation;     /* TV */
    bool read;            /* IR */
    bool write;           /* IW */
    bool iotlb;           /* I */
    bool suppress_more;   /* SE */
    bool suppress_all;    /* SA */
    bool cache_hint;      /* Cache */
    bool snoop_disable;   /* SD */
    bool exclusion;       /* EX */
    bool interrupt_valid; /* IV */
    bool ignore_unmapped; /* IG */
    bool init_pass;       /* InitPass */
    bool eint_pass;       /* EIntPass */
    bool nmi_pass;        /* NMIPass */
    bool lint0_pass;      /* Lint0Pass */
    bool lint1_pass;      /* Lint1Pass */
    bool memory_reserved; /* a reserved bit of bits 127:1 is set */
    bool intr_reserved;   /* a reserved bit of bits 255:129 is set */
};

/*
 * Every field is decoded, whatever V, TV and IV say; which of them count is for the caller to
 * know, as are reserved bits: a half that V or IV declares invalid may hold anything.
 */
void amdvi_dte_decode(struct amdvi_dte *out, const struct amdvi_wire_dte *wire);

/* The inverse; memory_reserved and intr_reserved are ignored, reserved bits come out as 0. */
void amdvi_dte_encode(struct amdvi_wire_dte *out, const struct amdvi_dte *dte);

#ifdef __cplusplus
}
#endif

#endif
