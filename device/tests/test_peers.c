/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Defects of other implementations (peers.md, section 10(d)) that no other test of this directory
 * looks for. The ids are in the sentences.
 */
#include "check.h"
#include "machine.h"

#define DEVICE 0x4d21 /* all bits of bus, device and function matter */
#define DOMAIN 7
#define SPA(n) (MACHINE_FREE + UINT64_C(0x1000) * (n))

static const struct machine_options none = {.tlb_entries = 0};

static bool has_status(struct machine *machine, uint64_t bit)
{
    return amdvi_has(machine_reg(machine, AMDVI_REG_STATUS), bit);
}

static void the_default_configuration_translates(void)
{
    struct amdvi_config config;
    struct machine_options options = {.readers = 1};
    struct machine machine;

    amdvi_config_init(&config);
    options.tlb_entries = config.tlb_entries;
    options.dte_entries = config.dte_entries;
    options.irte_entries = config.irte_entries;
    machine_start(&machine, &options);
    machine_map(&machine, machine_set_paged(&machine, DEVICE, DOMAIN, 6), 6, SPA(0), SPA(1), 12,
                true, true);
    CHECK_U64(machine_translate(&machine, DEVICE, SPA(0), 1, AMDVI_ACCESS_READ).spa, SPA(1));
    CHECK_U64(machine_translate(&machine, DEVICE, SPA(1), 1, AMDVI_ACCESS_READ).outcome,
              AMDVI_OUTCOME_ABORTED);
    machine_stop(&machine);
}

/* What later revisions put into reserved bits of the entry: GV, GLX, PPR, HAD and the rest. */
static void every_reserved_bit_of_the_memory_half_is_refused(void)
{
    const uint64_t reserved[2] = {UINT64_C(0x9ff00000000001fc), UINT64_C(0xfffffc00ffff0000)};
    struct machine machine;
    struct amdvi_event event;

    machine_start(&machine, &none);
    for (unsigned bit = 0; bit < 128; bit++) {
        uint64_t words[2] = {UINT64_C(0x6000000000000003), 0};

        words[bit / 64] |= UINT64_C(1) << bit % 64;
        if ((reserved[bit / 64] >> bit % 64 & 1) == 0) {
            continue;
        }
        machine_set_dte_words(&machine, DEVICE, words[0], words[1], 0, 0);
        CHECK_U64(machine_translate(&machine, DEVICE, SPA(0), 1, AMDVI_ACCESS_WRITE).outcome,
                  AMDVI_OUTCOME_ABORTED);
        CHECK(machine_event(&machine, &event));
        CHECK_U64(event.code, AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY);
        CHECK(event.reserved && event.write && !event.interrupt);
        CHECK_U64(event.device_id, DEVICE);
        CHECK_U64(event.address, SPA(0));
        /* With V=0 the same bit is ignored. */
        machine_set_dte_words(&machine, DEVICE, words[0] & ~UINT64_C(1), words[1], 0, 0);
        CHECK_U64(machine_translate(&machine, DEVICE, SPA(0), 1, AMDVI_ACCESS_WRITE).spa, SPA(0));
    }
    CHECK(!machine_event(&machine, &event));
    machine_stop(&machine);
}

static void the_head_moves_with_each_command(void)
{
    struct machine_options options = {.work_is_ours = true, .commands_per_write = 1};
    struct machine machine;

    machine_start(&machine, &options);
    for (unsigned i = 0; i < 8; i++) {
        machine_write64(&machine, MACHINE_COMMANDS + UINT64_C(16) * i, UINT64_C(0x5) << 60 | i);
    }
    machine_set_reg(&machine, AMDVI_REG_CMD_BUF_TAIL, 128);
    for (unsigned done = 1; done <= 8; done++) {
        CHECK_U64(machine_reg(&machine, AMDVI_REG_CMD_BUF_HEAD), UINT64_C(16) * done);
        CHECK_U64(machine.interrupt_invalidations, done);
        CHECK_U64(machine.interrupts_device[done - 1], done - 1);
        CHECK_U64(amdvi_iommu_process(machine.iommu, 1), done < 7);
    }
    machine_stop(&machine);
}

static void a_full_turn_of_the_log_is_no_overflow(void)
{
    struct machine machine;
    struct amdvi_event event;

    machine_start(&machine, &none);
    machine_set_dte_words(&machine, DEVICE, 3, DOMAIN, 0, 0);
    for (uint64_t i = 0; i < 1000; i++) {
        machine_translate(&machine, DEVICE, 0x1000 * i, 1, AMDVI_ACCESS_READ);
        CHECK(machine_event(&machine, &event));
        CHECK_U64(event.address, 0x1000 * i);
        CHECK(!has_status(&machine, AMDVI_STATUS_EVENT_OVERFLOW));
    }
    for (unsigned i = 0; i < 255; i++) { /* one slot stays empty */
        machine_translate(&machine, DEVICE, 0x1000, 1, AMDVI_ACCESS_READ);
        CHECK(!has_status(&machine, AMDVI_STATUS_EVENT_OVERFLOW));
    }
    machine_translate(&machine, DEVICE, 0x1000, 1, AMDVI_ACCESS_READ);
    CHECK(has_status(&machine, AMDVI_STATUS_EVENT_OVERFLOW));
    CHECK(!has_status(&machine, AMDVI_STATUS_EVENT_LOG_RUN));
    machine_stop(&machine);
}

static void all_ones_everywhere_end_in_events(void)
{
    struct machine machine;
    struct amdvi_event event;
    uint64_t root;

    machine_start(&machine, &machine_cache_sizes[2]);
    machine_set_dte_words(&machine, DEVICE, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX);
    CHECK_U64(machine_translate(&machine, DEVICE, 0, 1, AMDVI_ACCESS_READ).outcome,
              AMDVI_OUTCOME_ABORTED);
    CHECK_U64(machine_interrupt(&machine, DEVICE, 0xfee00000, 0).outcome, AMDVI_OUTCOME_ABORTED);
    root = machine_set_paged(&machine, DEVICE, DOMAIN, 6);
    machine_invalidate_device(&machine, DEVICE);
    CHECK(machine_wait(&machine));
    for (uint64_t i = 0; i < 512; i++) {
        machine_write64(&machine, root + 8 * i, UINT64_MAX);
    }
    CHECK_U64(machine_translate(&machine, DEVICE, 0, 1, AMDVI_ACCESS_READ).outcome,
              AMDVI_OUTCOME_ABORTED);
    for (uint64_t i = 0; i < 512; i++) { /* a table that is its own lower level */
        machine_write64(&machine, root + 8 * i, machine_entry(6, root, true, true));
    }
    CHECK_U64(machine_translate(&machine, DEVICE, 0, 1, AMDVI_ACCESS_READ).outcome,
              AMDVI_OUTCOME_ABORTED);
    for (uint64_t i = 0; i < 512; i++) { /* tables where there is no memory */
        machine_write64(&machine, root + 8 * i,
                        machine_entry(5, UINT64_C(0xffffffffff000), true, true));
    }
    CHECK_U64(machine_translate(&machine, DEVICE, 0, 1, AMDVI_ACCESS_READ).outcome,
              AMDVI_OUTCOME_ABORTED);
    for (unsigned i = 0; i < 5; i++) {
        CHECK(machine_event(&machine, &event));
    }
    CHECK_U64(event.code, AMDVI_EVENT_PAGE_TAB_HARDWARE_ERROR);
    CHECK_U64(event.type, AMDVI_HW_ERROR_MASTER_ABORT);
    CHECK_U64(event.address, UINT64_C(0xffffffffff000));
    CHECK(!machine_event(&machine, &event));
    machine_stop(&machine);
}

static const struct check_case cases[] = {
    {"the default configuration translates (Q1)", NULL, the_default_configuration_translates},
    {"each reserved bit of the memory half is illegal, GV and PPR among them (Q28, O2, V12)",
     "1.20 device table entry", every_reserved_bit_of_the_memory_half_is_refused},
    {"the head moves with each command (X5)", "1.20 command buffer",
     the_head_moves_with_each_command},
    {"a full turn of the event log is no overflow (X2)", "1.20 event log",
     a_full_turn_of_the_log_is_no_overflow},
    {"all ones, tables in a circle and tables without memory end in events (Q24)",
     "1.20 I/O page tables", all_ones_everywhere_end_in_events},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
