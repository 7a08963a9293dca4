/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt requests as they come to the IOMMU and leave it: the message signalled interrupt of
 * PCI, and the interrupt request of HyperTransport. Both are posted writes.
 */
#ifndef AMDVI_INTERRUPT_H
#define AMDVI_INTERRUPT_H

#include <amdvi/field.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Message signalled interrupts: a dword written to FEE0_0000h to FEEF_FFFFh --------------- */

#define AMDVI_MSI_BASE  UINT64_C(0xfee00000)
#define AMDVI_MSI_BYTES UINT64_C(0x00100000)

/* Address */
#define AMDVI_MSI_ADDRESS_DM               AMDVI_BIT(2)
#define AMDVI_MSI_ADDRESS_REDIRECTION_HINT AMDVI_BIT(3)
#define AMDVI_MSI_ADDRESS_DESTINATION      AMDVI_BITS(19, 12)

/* Data */
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

/* ---- HyperTransport: a posted write to FD_F800_0000h to FD_F8FF_FFFFh ------------------------ */

#define AMDVI_HT_INT_BASE  UINT64_C(0xfdf8000000)
#define AMDVI_HT_INT_BYTES UINT64_C(0x0001000000)

/* Address, which says everything */
#define AMDVI_HT_INT_MT          AMDVI_BITS(4, 2) /* bits 2:0 of the message type */
#define AMDVI_HT_INT_RQ_EOI      AMDVI_BIT(5)     /* level triggered: an EOI is requested */
#define AMDVI_HT_INT_DM          AMDVI_BIT(6)
#define AMDVI_HT_INT_MT3         AMDVI_BIT(7) /* bit 3 of the message type */
#define AMDVI_HT_INT_DESTINATION AMDVI_BITS(15, 8)
#define AMDVI_HT_INT_VECTOR      AMDVI_BITS(23, 16)

/* The message type, which is not the delivery mode of an MSI. */
enum amdvi_ht_message_type {
    AMDVI_HT_FIXED = 0,
    AMDVI_HT_ARBITRATED = 1,
    AMDVI_HT_SMI = 2,
    AMDVI_HT_NMI = 3,
    AMDVI_HT_INIT = 4,
    AMDVI_HT_STARTUP = 5,
    AMDVI_HT_EXT_INT = 6,
    AMDVI_HT_EOI = 7,
    AMDVI_HT_LINT1 = 11,
    AMDVI_HT_LINT0 = 14,
};

/* ---- Either ---------------------------------------------------------------------------------- */

/* What kind of interrupt it is: this decides which bits of the device table entry govern it. */
enum amdvi_int_class {
    AMDVI_INT_FIXED,
    AMDVI_INT_ARBITRATED,
    AMDVI_INT_SMI,
    AMDVI_INT_NMI,
    AMDVI_INT_INIT,
    AMDVI_INT_EXT_INT,
    AMDVI_INT_LINT0, /* HyperTransport only: the legacy PIC's INTR */
    AMDVI_INT_LINT1, /* HyperTransport only: the legacy NMI */
    AMDVI_INT_OTHER, /* STARTUP, EOI, and what is reserved: no device may send it */
};

/* An interrupt request, in whatever form it came. */
struct amdvi_int_request {
    enum amdvi_int_class int_class;
    bool is_ht;     /* came as an interrupt request of HyperTransport */
    bool logical;   /* DM: the destination is logical */
    uint16_t index; /* delivery mode and vector: the entry of the interrupt table */
};

/* False when @address is in neither range. @data is that of an MSI. */
bool amdvi_int_request_decode(struct amdvi_int_request *out, uint64_t address, uint32_t data);

#ifdef __cplusplus
}
#endif

#endif
