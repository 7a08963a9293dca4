/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Commands. */
#include "requirement.h"

static void completion_wait_stores(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    rig_allow_store(rig, page + 0x18);
    rig_command(rig, UINT64_C(1) << 60 | (page + 0x18) | 1, UINT64_C(0xfedcba9876543210));
    CHECK(rig_wait(rig));
    CHECK_U64(rig_load64(rig, page + 0x10), 0);
    CHECK_U64(rig_load64(rig, page + 0x18), UINT64_C(0xfedcba9876543210));
    CHECK_U64(rig_load64(rig, page + 0x20), 0);
}

static const struct requirement list[] = {
    REQUIREMENT(
        "CMD-001",
        "COMPLETION_WAIT with s=1 stores its 8 bytes of data at its address, and nothing else",
        "1.20, COMPLETION_WAIT", 0, completion_wait_stores),
    LIST_END,
};

const struct requirement_area area_commands = {"CMD", "Commands", list};
