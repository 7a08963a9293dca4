/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt remapping table entry of revision 1.20: 32 bits. What goes in and comes out is in
 * interrupt.h.
 */
#ifndef AMDVI_IRTE_H
#define AMDVI_IRTE_H

#include <amdvi/field.h>
#include <amdvi/interrupt.h>

#ifdef __cplusplus
extern "C" {
#endif

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

/* Decode an entry, whatever it says, and encode one; has_reserved is ignored. */
struct amdvi_irte amdvi_irte_decode(uint32_t word);
uint32_t amdvi_irte_encode(const struct amdvi_irte *irte);

#ifdef __cplusplus
}
#endif

#endif
