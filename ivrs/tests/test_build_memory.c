/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the builder refuses of reserved memory, and that it accepts what lies just this side of each
 * refusal.
 */
#include "amdvi/ivrs.h"
#include "check.h"
#include "draft.h"

static void memory_kind_and_access_make_sense(void)
{
    struct draft draft;

    draft_init(&draft);
    draft.memory[1].kind = (enum amdvi_ivrs_memory_kind)3;
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_KIND, NONE, NONE, 1);
    draft_init(&draft);
    draft.memory[1].is_unity = true;
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_ACCESS, NONE, NONE, 1);
    draft.memory[1].is_unity = false;
    draft.memory[1].is_exclusion = false;
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_ACCESS, NONE, NONE, 1);
    draft_init(&draft);
    draft.memory[2].can_read = false;
    check_accepted(&draft);
    draft.memory[2].can_write = false;
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_ACCESS, NONE, NONE, 2);
}

static void memory_is_whole_pages_within_reach(void)
{
    static const uint64_t bad_start[] = {0x10001, 0x10800, 0xfff};
    static const uint64_t bad_size[] = {0, 1, 0xfff, 0x1001};
    struct draft draft;

    for (size_t i = 0; i < 3; i++) {
        draft_init(&draft);
        draft.memory[0].spa_start = bad_start[i];
        check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_ALIGNMENT, NONE, NONE, 0);
    }
    for (size_t i = 0; i < 4; i++) {
        draft_init(&draft);
        draft.memory[0].size_bytes = bad_size[i];
        check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_ALIGNMENT, NONE, NONE, 0);
    }
    draft_init(&draft);
    draft.memory[0].spa_start = UINT64_C(0xfffffffff000); /* the last page of 48 bits */
    check_accepted(&draft);
    draft.memory[0].size_bytes = 0x2000;
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_ADDRESS, NONE, NONE, 0);
    draft.memory[0].size_bytes = UINT64_C(0xfffffffffffff000);
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_ADDRESS, NONE, NONE, 0);
    draft.memory[0].spa_start = UINT64_C(0x1000000000000);
    draft.memory[0].size_bytes = 0x1000;
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_ADDRESS, NONE, NONE, 0);
    /* Virtual addresses can be the narrower ones. */
    draft_init(&draft);
    draft.description.va_bits = 32;
    draft.memory[0].spa_start = UINT64_C(0x100000000);
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_ADDRESS, NONE, NONE, 0);
}

static void memory_is_for_devices_behind_iommus(void)
{
    struct draft draft;

    draft_init(&draft);
    draft.memory[0].device_id = 0x0100;
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_DEVICE, NONE, NONE, 0);
    draft_init(&draft);
    draft.memory[0].pci_segment = 1;
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_DEVICE, NONE, NONE, 0);
    draft_init(&draft);
    draft.memory[1].last_device_id = draft.memory[1].device_id;
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_DEVICE, NONE, NONE, 1);
    draft.memory[1].last_device_id = 0x4100;
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_DEVICE, NONE, NONE, 1);
    draft.memory[1].device_id = 0x00f0;
    draft.memory[1].last_device_id = 0x4008;
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_DEVICE, NONE, NONE, 1);
    /* No gap between two entries. */
    draft.devices[1][0] = range(0x0100, 0x40ff);
    check_accepted(&draft);
    draft_init(&draft);
    draft.memory[1].device_id = 0x4002;
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_NAMES_UNIT, NONE, NONE, 1);
}

/* The device id FFFFh is the last there is; nothing may count past it. */
static void memory_may_be_for_the_last_device(void)
{
    struct draft draft;

    draft_init(&draft);
    draft.devices[1][0] = range(0x4000, 0xffff);
    draft.memory[1].last_device_id = 0xffff;
    check_accepted(&draft);
    draft.memory[1].kind = AMDVI_IVRS_MEMORY_SELECT;
    draft.memory[1].device_id = 0xffff;
    check_accepted(&draft);
}

static void overlapping_memory_agrees_on_access(void)
{
    struct draft draft;

    draft_init(&draft); /* 2 is for all devices, read and write; 0 for one of them, read */
    draft.memory[0].spa_start = 0x30000;
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_CONFLICT, NONE, NONE, 2);
    draft.memory[0].spa_start = 0x2f000;
    check_accepted(&draft);
    draft.memory[0].size_bytes = 0x2000;
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_CONFLICT, NONE, NONE, 2);
    draft.memory[0].can_write = true;
    check_accepted(&draft);
    /* An exclusion range is not a unity map. */
    draft_init(&draft);
    draft.memory[1].spa_start = 0x30000;
    check_refused(&draft, AMDVI_IVRS_ERR_MEMORY_CONFLICT, NONE, NONE, 2);
    /* Other devices do not matter. */
    draft_init(&draft);
    draft.memory[0].spa_start = 0x20000;
    check_accepted(&draft);
}

static void there_is_one_exclusion_range(void)
{
    struct draft draft;

    draft_init(&draft);
    draft.memory[0] = draft.memory[1];
    draft.memory[0].device_id = 0x4010;
    draft.memory[0].last_device_id = 0x401f;
    check_accepted(&draft);
    draft.memory[0].size_bytes = 0x1000;
    check_refused(&draft, AMDVI_IVRS_ERR_EXCLUSIONS, NONE, NONE, 1);
}

static const struct check_case cases[] = {
    {"memory is a unity map or an exclusion range", "1.20 IVMD", memory_kind_and_access_make_sense},
    {"memory is whole pages within reach", "1.20 IVMD", memory_is_whole_pages_within_reach},
    {"Xen: memory is for devices behind IOMMUs; Linux: not for an IOMMU", "1.20 IVMD",
     memory_is_for_devices_behind_iommus},
    {"memory may be for the device FFFFh", "1.20 IVMD", memory_may_be_for_the_last_device},
    {"Xen: overlapping memory agrees on access", "1.20 IVMD", overlapping_memory_agrees_on_access},
    {"there is one exclusion range", "1.20 IVMD", there_is_one_exclusion_range},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
