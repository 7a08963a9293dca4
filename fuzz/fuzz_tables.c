/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables: device table, page tables and interrupt tables of any contents, also such that point at
 * themselves, at the rings, at the register window or at nothing; and DMA that overwrites them.
 *
 * The same input runs with caches off, where each answer is compared with the oracle's, and then
 * three times without and with caches, where they are emptied before each request: then all answers
 * and the state at the end have to be the same.
 */
#include "harness.h"

static fuzz_operation *const changes[] = {
    fuzz_do_device_entry,    fuzz_do_device_entry,   fuzz_do_table_entry, fuzz_do_table_entry,
    fuzz_do_table_entry,     fuzz_do_table_entry,    fuzz_do_table_entry, fuzz_do_interrupt_entry,
    fuzz_do_interrupt_entry, fuzz_do_register_write, fuzz_do_memory,      fuzz_do_invalidate_all,
};

static fuzz_operation *const requests[] = {
    fuzz_do_translate, fuzz_do_translate, fuzz_do_translate, fuzz_do_interrupt,
    fuzz_do_interrupt, fuzz_do_access,    fuzz_do_log_read,  fuzz_do_ats,
};

#define CHANGES  (sizeof(changes) / sizeof(changes[0]))
#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

/* Off and on again: this empties the caches, whatever became of the command buffer. */
static void switch_off_and_on(struct fuzz_machine *machine)
{
    uint64_t control = fuzz_reg(machine, AMDVI_REG_CONTROL);

    fuzz_set_reg(machine, AMDVI_REG_CONTROL, control ^ AMDVI_CONTROL_IOMMU_EN);
    fuzz_set_reg(machine, AMDVI_REG_CONTROL, control);
}

static void run_rounds(struct fuzz_machine *machine, struct fuzz_input *input)
{
    for (unsigned i = 0; i < 64 && input->left != 0; i++) {
        unsigned form = fuzz_u8(input);
        for (unsigned change = 0; change < form % 16; change++) {
            changes[fuzz_below(input, CHANGES)](machine, input);
        }
        for (unsigned request = 0; request <= form / 32; request++) {
            if (machine->options.lockstep) {
                switch_off_and_on(machine);
            }
            requests[fuzz_below(input, REQUESTS)](machine, input);
        }
    }
}

/* The answers and the state at the end, as one number. */
static uint64_t run(struct fuzz_options options, unsigned entries, bool lockstep,
                    struct fuzz_input input)
{
    static _Alignas(8) uint8_t memory[FUZZ_MEMORY_BYTES];
    static struct fuzz_machine machine;

    options.tlb_entries = entries;
    options.dte_entries = entries;
    options.irte_entries = entries;
    options.lockstep = lockstep;
    options.restless = lockstep ? 0 : options.restless;
    fuzz_start(&machine, &options, memory);
    run_rounds(&machine, &input);
    fuzz_note(&machine, fuzz_state_digest(&machine));
    fuzz_finish(&machine);
    return machine.digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {.bytes = data, .left = size};
    struct fuzz_options options = fuzz_options(&input);

    run(options, 0, false, input);
    uint64_t without = run(options, 0, true, input);
    if (run(options, 1, true, input) != without || run(options, 64, true, input) != without) {
        fuzz_fail(NULL, "caches change what is answered");
    }
    return 0;
}
