/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers: any sequence of accesses to the register window and the capability block, from the
 * state after reset, with requests and commands in between.
 */
#include "harness.h"

static fuzz_operation *const operations[] = {
    fuzz_do_register_write, fuzz_do_register_write, fuzz_do_register_write, fuzz_do_window,
    fuzz_do_window,         fuzz_do_capability,     fuzz_do_process,        fuzz_do_translate,
    fuzz_do_interrupt,      fuzz_do_command,        fuzz_do_memory,         fuzz_do_reader,
    fuzz_do_log_read,       fuzz_do_reset,          fuzz_do_statistics,     fuzz_do_device_entry,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(8) uint8_t memory[FUZZ_MEMORY_BYTES];
    static struct fuzz_machine machine;
    struct fuzz_input input = {.bytes = data, .left = size};
    struct fuzz_options options = fuzz_options(&input);

    options.programmed = false;
    fuzz_start(&machine, &options, memory);
    fuzz_run(&machine, &input, operations, sizeof(operations) / sizeof(operations[0]));
    fuzz_finish(&machine);
    return 0;
}
