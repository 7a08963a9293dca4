/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The five commands of revision 1.20: 16 bytes each, fetched from the command buffer. Later
 * revisions add opcodes 6h to Ah; here they are unknown, hence illegal.
 */
#ifndef AMDVI_COMMAND_H
#define AMDVI_COMMAND_H

#include <amdvi/field.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AMDVI_CMD_BYTES  16
#define AMDVI_CMD_OPCODE AMDVI_BITS(63, 60) /* word 0 of every command */

enum amdvi_opcode {
    AMDVI_OPCODE_COMPLETION_WAIT = 1,
    AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY = 2,
    AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES = 3,
    AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES = 4,
    AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE = 5,
};

/* COMPLETION_WAIT, word 0; word 1 is the store data. */
#define AMDVI_COMPLETION_WAIT_STORE      AMDVI_BIT(0)
#define AMDVI_COMPLETION_WAIT_INTERRUPT  AMDVI_BIT(1)
#define AMDVI_COMPLETION_WAIT_FLUSH      AMDVI_BIT(2)
#define AMDVI_COMPLETION_WAIT_STORE_ADDR AMDVI_BITS(51, 3)
#define AMDVI_COMPLETION_WAIT_RESERVED   AMDVI_BITS(59, 52)

/* INVALIDATE_DEVTAB_ENTRY */
#define AMDVI_INV_DEVTAB_DEVICE_ID AMDVI_BITS(15, 0)
#define AMDVI_INV_DEVTAB_RESERVED0 AMDVI_BITS(59, 16)
#define AMDVI_INV_DEVTAB_RESERVED1 AMDVI_BITS(63, 0)

/* INVALIDATE_IOMMU_PAGES */
#define AMDVI_INV_PAGES_DOMAIN_ID AMDVI_BITS(47, 32)
#define AMDVI_INV_PAGES_RESERVED0 (AMDVI_BITS(31, 0) | AMDVI_BITS(59, 48))
#define AMDVI_INV_PAGES_S         AMDVI_BIT(0)
#define AMDVI_INV_PAGES_PDE       AMDVI_BIT(1)
#define AMDVI_INV_PAGES_ADDRESS   AMDVI_BITS(63, 12)
#define AMDVI_INV_PAGES_RESERVED1 AMDVI_BITS(11, 2)

/* INVALIDATE_IOTLB_PAGES */
#define AMDVI_INV_IOTLB_DEVICE_ID AMDVI_BITS(15, 0)
#define AMDVI_INV_IOTLB_MAX_PEND  AMDVI_BITS(31, 24)
#define AMDVI_INV_IOTLB_QUEUE_ID  AMDVI_BITS(47, 32)
#define AMDVI_INV_IOTLB_RESERVED0 (AMDVI_BITS(23, 16) | AMDVI_BITS(59, 48))
#define AMDVI_INV_IOTLB_S         AMDVI_BIT(0)
#define AMDVI_INV_IOTLB_ADDRESS   AMDVI_BITS(63, 12)
#define AMDVI_INV_IOTLB_RESERVED1 AMDVI_BITS(11, 1)

/* INVALIDATE_INTERRUPT_TABLE */
#define AMDVI_INV_INT_TABLE_DEVICE_ID AMDVI_BITS(15, 0)
#define AMDVI_INV_INT_TABLE_RESERVED0 AMDVI_BITS(59, 16)
#define AMDVI_INV_INT_TABLE_RESERVED1 AMDVI_BITS(63, 0)

/* One command as it lies in memory. */
struct amdvi_wire_command {
    struct amdvi_le64 word[2];
};

/* The same command as the program sees it; members that the opcode does not use are 0. */
struct amdvi_command {
    enum amdvi_opcode opcode;
    bool store;             /* COMPLETION_WAIT s */
    bool interrupt;         /* COMPLETION_WAIT i */
    bool flush;             /* COMPLETION_WAIT f */
    bool size;              /* S: the size is encoded in the address */
    bool pde;               /* PDE: directory entries too */
    uint8_t max_pend;       /* INVALIDATE_IOTLB_PAGES */
    uint16_t device_id;     /* INVALIDATE_DEVTAB_ENTRY, _IOTLB_PAGES, _INTERRUPT_TABLE */
    uint16_t domain_id;     /* INVALIDATE_IOMMU_PAGES */
    uint16_t queue_id;      /* INVALIDATE_IOTLB_PAGES */
    uint64_t store_address; /* SPA, a multiple of 8 */
    uint64_t store_data;
    uint64_t address; /* IOVA with bits 11:0 zero; with S=1 it encodes the size */
};

/*
 * False when the opcode is unknown in revision 1.20 or a reserved bit is set; @out is then left
 * alone. INVALIDATE_IOTLB_PAGES decodes; whether it is legal depends on IotlbSup.
 */
bool amdvi_command_decode(struct amdvi_command *out, const struct amdvi_wire_command *wire);

/* The inverse, for whoever fills a command buffer. */
void amdvi_command_encode(struct amdvi_wire_command *out, const struct amdvi_command *command);

/* As the specification spells it; "reserved" for an unknown opcode. */
const char *amdvi_opcode_name(unsigned opcode);

/* The IOVAs first to last (inclusive) that an invalidation with @address and S=@size names. */
struct amdvi_iova_range {
    uint64_t first;
    uint64_t last;
};

/* Decode the range: S=0 is one page of 4 KiB, S=1 a naturally aligned power of two of them. */
struct amdvi_iova_range amdvi_inv_range(uint64_t address, bool size);

#ifdef __cplusplus
}
#endif

#endif
