/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The special address ranges of revision 1.20: the HyperTransport ranges in the 12 GiB below 1 TiB,
 * and the range of message signalled interrupts.
 */
#ifndef AMDVI_RANGES_H
#define AMDVI_RANGES_H

#include <amdvi/field.h>

#ifdef __cplusplus
extern "C" {
#endif

enum amdvi_range {
    AMDVI_RANGE_NONE,                   /* ordinary memory */
    AMDVI_RANGE_RESERVED_INTERRUPT,     /* FD_0000_0000h */
    AMDVI_RANGE_INTERRUPT,              /* FD_F800_0000h  HyperTransport interrupt and EOI */
    AMDVI_RANGE_PIC_IACK,               /* FD_F900_0000h  legacy PIC interrupt acknowledge */
    AMDVI_RANGE_SYSTEM_MANAGEMENT,      /* FD_F910_0000h */
    AMDVI_RANGE_RESERVED_1,             /* FD_F920_0000h */
    AMDVI_RANGE_ADDRESS_TRANSLATION,    /* FD_FB00_0000h */
    AMDVI_RANGE_IO_SPACE,               /* FD_FC00_0000h */
    AMDVI_RANGE_CONFIGURATION,          /* FD_FE00_0000h */
    AMDVI_RANGE_EXTENDED_CONFIGURATION, /* FE_0000_0000h */
    AMDVI_RANGE_RESERVED_2,             /* FE_2000_0000h */
    AMDVI_RANGE_MSI,                    /* FEE0_0000h  message signalled interrupts of PCI */
};

/*
 * The range that @address lies in; all 64 bits are compared. Every range begins and ends on a
 * 4 KiB boundary, so one page never lies in two.
 */
enum amdvi_range amdvi_range_of(uint64_t address);

/* The first and last address of a range; of AMDVI_RANGE_NONE there are none: last < first. */
struct amdvi_range_bounds {
    uint64_t first;
    uint64_t last;
};

/* Where a range begins and ends. */
struct amdvi_range_bounds amdvi_range_bounds(enum amdvi_range range);

/* How many ranges there are, AMDVI_RANGE_NONE included. */
#define AMDVI_RANGE_COUNT (AMDVI_RANGE_MSI + 1)

/* The HyperTransport ranges, all together. */
#define AMDVI_HT_RANGES_FIRST UINT64_C(0xfd00000000)
#define AMDVI_HT_RANGES_LAST  UINT64_C(0xffffffffff)

/* The name of a range, for people. */
const char *amdvi_range_name(enum amdvi_range range);

#ifdef __cplusplus
}
#endif

#endif
