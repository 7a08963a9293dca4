/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt remapping table entry of revision 1.20 (32 bits), and the message signalled
 * interrupt that goes in and comes out.
 */
#ifndef AMDVI_IRTE_H
#define AMDVI_IRTE_H

#include <amdvi/field.h>

#define AMDVI_IRTE_BYTES 4

#define AMDVI_IRTE_REMAP_EN    AMDVI_BIT(0)
#define AMDVI_IRTE_SUP_IOPF    AMDVI_BIT(1)
#define AMDVI_IRTE_INT_TYPE    AMDVI_BITS(4, 2)
#define AMDVI_IRTE_RQ_EOI      AMDVI_BIT(5)
#define AMDVI_IRTE_DM          AMDVI_BIT(6)
#define AMDVI_IRTE_GUEST_MODE  AMDVI_BIT(7) /* 2.x; reserved in 1.20 */
#define AMDVI_IRTE_DESTINATION AMDVI_BITS(15, 8)
#define AMDVI_IRTE_VECTOR      AMDVI_BITS(23, 16)
#define AMDVI_IRTE_RESERVED    AMDVI_BITS(31, 24)

/* One interrupt remapping table entry as the program sees it. */
struct amdvi_irte {
    bool remap_enable;   /* RemapEn */
    bool suppress_fault; /* SupIOPF; valid also with RemapEn=0 */
    bool request_eoi;    /* RqEoi */
    bool logical;        /* DM */
    bool has_reserved;   /* a reserved bit, GuestMode included, is set */
    uint8_t int_type;    /* delivery mode; 0 and 1 are legal */
    uint8_t destination; /* APIC id or logical id */
    uint8_t vector;
};

struct amdvi_irte amdvi_irte_decode(uint32_t word);
uint32_t amdvi_irte_encode(const struct amdvi_irte *irte); /* has_reserved is ignored */

/* A write of a dword to FEE0_0000h to FEEF_FFFFh is a message signalled interrupt. */
#define AMDVI_MSI_BASE  UINT64_C(0xfee00000)
#define AMDVI_MSI_BYTES UINT64_C(0x00100000)

/* Its address */
#define AMDVI_MSI_ADDRESS_DM               AMDVI_BIT(2)
#define AMDVI_MSI_ADDRESS_REDIRECTION_HINT AMDVI_BIT(3)
#define AMDVI_MSI_ADDRESS_DESTINATION      AMDVI_BITS(19, 12)

/* Its data */
#define AMDVI_MSI_DATA_VECTOR        AMDVI_BITS(7, 0)
#define AMDVI_MSI_DATA_DELIVERY_MODE AMDVI_BITS(10, 8)
#define AMDVI_MSI_DATA_INDEX         AMDVI_BITS(10, 0) /* entry of the interrupt table */
#define AMDVI_MSI_DATA_LEVEL         AMDVI_BIT(14)
#define AMDVI_MSI_DATA_TRIGGER       AMDVI_BIT(15)

enum amdvi_delivery_mode {
    AMDVI_DELIVERY_FIXED = 0,
    AMDVI_DELIVERY_ARBITRATED = 1,
    AMDVI_DELIVERY_SMI = 2,
    AMDVI_DELIVERY_RESERVED = 3,
    AMDVI_DELIVERY_NMI = 4,
    AMDVI_DELIVERY_INIT = 5,
    AMDVI_DELIVERY_STARTUP = 6,
    AMDVI_DELIVERY_EXT_INT = 7,
};

#endif
