/* SPDX-License-Identifier: BSD-2-Clause */
/* The pre-boot block: an extension, see struct amdvi_features. */
#include "expect.h"

static const struct amdvi_features features = {
    .va_size_bits = 64,
    .pa_size_bits = 52,
    .iotlb_sup = true,
    .preboot_range_count = 2,
    .preboot_ranges = {{0x0030, 0x0030}, {0x0100, 0x01ff}},
};

static const struct {
    uint16_t device_id;
    bool is_blocked;
} devices[] = {{0x002f, false}, {0x0030, true}, {0x0031, false}, {0x00ff, false},
               {0x0100, true},  {0x0180, true}, {0x01ff, true},  {0x0200, false}};

static void start(struct machine *machine, bool unprogrammed)
{
    struct machine_options options = machine_cache_sizes[2];

    options.features = &features;
    options.unprogrammed = unprogrammed;
    machine_start(machine, &options);
}

static void expect_block(struct machine *machine, bool in_force)
{
    static const enum amdvi_access accesses[] = {AMDVI_ACCESS_READ, AMDVI_ACCESS_WRITE,
                                                 AMDVI_ACCESS_READ_WRITE};

    for (unsigned i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        bool is_blocked = in_force && devices[i].is_blocked;

        for (unsigned j = 0; j < 3; j++) {
            struct amdvi_translation got =
                machine_translate(machine, devices[i].device_id, 0x1234000, 8, accesses[j]);
            CHECK_U64(got.outcome, is_blocked ? AMDVI_OUTCOME_ABORTED : AMDVI_OUTCOME_TRANSLATED);
            CHECK_U64(got.spa, is_blocked ? 0 : 0x1234000);
        }
        CHECK_U64(machine_interrupt(machine, devices[i].device_id, 0xfee00000, 0x31).data, 0x31);
    }
}

static void set_enabled(struct machine *machine, bool is_enabled)
{
    machine_set_reg(machine, AMDVI_REG_CONTROL, is_enabled);
}

static void dma_is_blocked_until_the_iommu_is_enabled(void)
{
    struct machine machine;

    start(&machine, true);
    expect_block(&machine, true);
    machine_set_reg(&machine, AMDVI_REG_CONTROL, AMDVI_CONTROL_EVENT_LOG_EN);
    expect_block(&machine, true); /* other bits end nothing */
    machine_set_reg(&machine, AMDVI_REG_DEV_TAB_BASE, MACHINE_DEVICE_TABLE | 0x1ff);
    set_enabled(&machine, true); /* all entries are zero: everything passes */
    expect_block(&machine, false);
    set_enabled(&machine, false); /* off again: as on any IOMMU of 1.20 */
    expect_block(&machine, false);
    amdvi_iommu_reset(machine.iommu);
    expect_block(&machine, true);
    CHECK_U64(machine_reg(&machine, AMDVI_REG_EVENT_LOG_TAIL), 0);
    CHECK_U64(atomic_load(&machine.msis), 0);
    machine_stop(&machine);
}

static void enabled_tables_govern(void)
{
    struct machine machine;

    start(&machine, false);
    machine_set_dte_words(&machine, 0x0030, 3, 7, 0, 0);
    CHECK_U64(machine_translate(&machine, 0x0030, 0x5000, 8, AMDVI_ACCESS_READ).outcome,
              AMDVI_OUTCOME_ABORTED);
    expect_only_event(&machine, event_word(CODE_PAGE_FAULT, 0x0030, 7, FLAG_PR | FLAG_PE), 0x5000);
    CHECK_U64(machine_translate(&machine, 0x0100, 0x5000, 8, AMDVI_ACCESS_READ).outcome,
              AMDVI_OUTCOME_TRANSLATED);
    machine_stop(&machine);
}

static void too_many_ranges_are_refused(void)
{
    struct amdvi_config config;

    amdvi_config_init(&config);
    config.features.preboot_range_count = AMDVI_PREBOOT_RANGES_MAX;
    CHECK(amdvi_iommu_size_bytes(&config) != 0);
    config.features.preboot_range_count = AMDVI_PREBOOT_RANGES_MAX + 1;
    CHECK_U64(amdvi_iommu_size_bytes(&config), 0);
}

static const struct check_case cases[] = {
    {"DMA of the devices named is aborted without an event until IommuEn is first set, and again "
     "after a reset",
     NULL, dma_is_blocked_until_the_iommu_is_enabled},
    {"once the IOMMU is on, its tables govern", NULL, enabled_tables_govern},
    {"more ranges than there is room for are refused", NULL, too_many_ranges_are_refused},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
