/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What software must know of revisions 2.x and 3.x to use such a part as one of revision 1.20: how
 * many levels it walks, and how to drop everything that it caches. The device has none of this.
 */
#ifndef AMDVI_LATER_H
#define AMDVI_LATER_H

#include <amdvi/field.h>

/* [0030h] Extended Feature Register: there when EFRSup is 1 */
#define AMDVI_EFR_OFFSET 0x0030
#define AMDVI_EFR_IA_SUP AMDVI_BIT(6)       /* INVALIDATE_IOMMU_ALL */
#define AMDVI_EFR_HATS   AMDVI_BITS(11, 10) /* levels of page tables, see amdvi_efr_levels() */

/* CONTROL: the logs of PPRs, SMI filter and guest APIC, the second ones, and their interrupts */
#define AMDVI_CONTROL_LATER_LOGS (AMDVI_BITS(14, 13) | AMDVI_BIT(24) | AMDVI_BITS(33, 28))
/* STATUS: PprLogRun, GALogRun */
#define AMDVI_STATUS_LATER_RUN AMDVI_BITS(8, 7)

/* INVALIDATE_IOMMU_ALL: word 0; word 1 is 0 */
#define AMDVI_INV_ALL_WORD0 (UINT64_C(8) << 60)

/* Levels that HATS promises: 4, 5 or 6; 0 where there is no translation of this kind. */
static inline unsigned amdvi_efr_levels(uint64_t efr)
{
    unsigned hats = (unsigned)amdvi_get(efr, AMDVI_EFR_HATS);

    return hats == 3 ? 0 : 4 + hats;
}

#endif
