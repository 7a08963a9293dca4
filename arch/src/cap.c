/* SPDX-License-Identifier: BSD-2-Clause */
/* The PCI capability block: what software may do to each bit. */
#include <amdvi/cap.h>

/*
 * Choice: the range and miscellaneous registers are read-only. The sources disagree whether
 * firmware may write them; an embedder that wants other values configures them.
 */
static const struct amdvi_cap_info infos[] = {
    [AMDVI_CAP_OFFSET_HEADER / 4] = {.name = "Capability Header"},
    [AMDVI_CAP_OFFSET_BASE_LOW / 4] = {.name = "Base Address Low",
                                       .rw = (uint32_t)AMDVI_CAP_BASE_LOW_BASE,
                                       .rw1s = (uint32_t)AMDVI_CAP_BASE_LOW_ENABLE},
    [AMDVI_CAP_OFFSET_BASE_HIGH / 4] = {.name = "Base Address High",
                                        .rw = (uint32_t)AMDVI_CAP_BASE_HIGH_BASE},
    [AMDVI_CAP_OFFSET_RANGE / 4] = {.name = "Range"},
    [AMDVI_CAP_OFFSET_MISC / 4] = {.name = "Miscellaneous Information 0"},
};

const struct amdvi_cap_info *amdvi_cap_info(enum amdvi_cap_offset offset)
{
    return &infos[(unsigned)offset / 4];
}

uint32_t amdvi_cap_after_write(enum amdvi_cap_offset offset, uint32_t old, uint32_t value,
                               uint32_t lanes, bool locked)
{
    const struct amdvi_cap_info *info = amdvi_cap_info(offset);
    uint32_t replaced = locked ? 0 : info->rw & lanes;
    uint32_t set = info->rw1s & value & lanes;

    return (old & ~replaced) | (value & replaced) | set;
}
