/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PCI capability block of the IOMMU (1.20): five 32-bit registers in the configuration space
 * of the IOMMU's own function. Offsets are bytes from the start of the block.
 */
#ifndef AMDVI_CAP_H
#define AMDVI_CAP_H

#include <amdvi/field.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The class code of the IOMMU's PCI function: base system peripheral, IOMMU. */
#define AMDVI_PCI_CLASS 0x0806

enum amdvi_cap_offset {
    AMDVI_CAP_OFFSET_HEADER = 0x00,
    AMDVI_CAP_OFFSET_BASE_LOW = 0x04,
    AMDVI_CAP_OFFSET_BASE_HIGH = 0x08,
    AMDVI_CAP_OFFSET_RANGE = 0x0c,
    AMDVI_CAP_OFFSET_MISC = 0x10,
    AMDVI_CAP_SIZE = 0x14,
};

/* [00h] Capability header: all RO. */
#define AMDVI_CAP_HEADER_CAP_ID    AMDVI_BITS(7, 0)
#define AMDVI_CAP_HEADER_CAP_PTR   AMDVI_BITS(15, 8) /* next capability, 0 is the last */
#define AMDVI_CAP_HEADER_CAP_TYPE  AMDVI_BITS(18, 16)
#define AMDVI_CAP_HEADER_CAP_REV   AMDVI_BITS(23, 19)
#define AMDVI_CAP_HEADER_IOTLB_SUP AMDVI_BIT(24)
#define AMDVI_CAP_HEADER_HT_TUNNEL AMDVI_BIT(25)
#define AMDVI_CAP_HEADER_NP_CACHE  AMDVI_BIT(26)
#define AMDVI_CAP_HEADER_EFR_SUP   AMDVI_BIT(27) /* 2.x; reserved in 1.20 */
#define AMDVI_CAP_HEADER_CAP_EXT   AMDVI_BIT(28) /* 2.x; reserved in 1.20 */
#define AMDVI_CAP_HEADER_RESERVED  AMDVI_BITS(31, 29)

#define AMDVI_CAP_ID_SECURE_DEVICE 0x0f
#define AMDVI_CAP_TYPE_IOMMU       3
#define AMDVI_CAP_REV_1            1

/* [04h] Base address low. */
#define AMDVI_CAP_BASE_LOW_ENABLE   AMDVI_BIT(0)       /* RW1S; locks the block until reset */
#define AMDVI_CAP_BASE_LOW_BASE     AMDVI_BITS(31, 14) /* RW, locked by Enable */
#define AMDVI_CAP_BASE_LOW_RESERVED AMDVI_BITS(13, 1)

/* [08h] Base address high. */
#define AMDVI_CAP_BASE_HIGH_BASE AMDVI_BITS(31, 0) /* RW, locked by Enable */

/* [0Ch] Range. */
#define AMDVI_CAP_RANGE_UNIT_ID      AMDVI_BITS(4, 0)
#define AMDVI_CAP_RANGE_RNG_VALID    AMDVI_BIT(7)
#define AMDVI_CAP_RANGE_BUS_NUMBER   AMDVI_BITS(15, 8)
#define AMDVI_CAP_RANGE_FIRST_DEVICE AMDVI_BITS(23, 16) /* device 7:3, function 2:0 */
#define AMDVI_CAP_RANGE_LAST_DEVICE  AMDVI_BITS(31, 24)
#define AMDVI_CAP_RANGE_RESERVED     AMDVI_BITS(6, 5)

/* [10h] Miscellaneous information 0. */
#define AMDVI_CAP_MISC_MSI_NUM     AMDVI_BITS(4, 0)
#define AMDVI_CAP_MISC_GVA_SIZE    AMDVI_BITS(7, 5) /* 2.x; reserved in 1.20 */
#define AMDVI_CAP_MISC_PA_SIZE     AMDVI_BITS(14, 8)
#define AMDVI_CAP_MISC_VA_SIZE     AMDVI_BITS(21, 15)
#define AMDVI_CAP_MISC_HT_ATS_RESV AMDVI_BIT(22)
#define AMDVI_CAP_MISC_RESERVED    AMDVI_BITS(26, 23)
#define AMDVI_CAP_MISC_MSI_NUM_PPR AMDVI_BITS(31, 27) /* 2.x; reserved in 1.20 */

/* What software may do to each bit of a register of the block. */
struct amdvi_cap_info {
    const char *name;
    uint32_t rw;   /* software reads and writes, until Enable is 1 */
    uint32_t rw1s; /* software sets by writing one; only a reset clears */
};

/* Of the register at @offset (0, 4, 8, Ch or 10h). */
const struct amdvi_cap_info *amdvi_cap_info(enum amdvi_cap_offset offset);

/*
 * A register's new value after software writes @value to the bytes selected by @lanes, while
 * the block is locked (Enable was 1 before) or not.
 */
uint32_t amdvi_cap_after_write(enum amdvi_cap_offset offset, uint32_t old, uint32_t value,
                               uint32_t lanes, bool locked);

#ifdef __cplusplus
}
#endif

#endif
