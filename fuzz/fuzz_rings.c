/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rings: commands, good and bad, pointers that move anywhere, a log that is full or without
 * memory, COMPLETION_WAITs that wait for open bursts and leases.
 */
#include "harness.h"

static fuzz_operation *const operations[] = {
    fuzz_do_command,     fuzz_do_command,        fuzz_do_command,
    fuzz_do_command,     fuzz_do_register_write, fuzz_do_register_write,
    fuzz_do_process,     fuzz_do_process,        fuzz_do_translate,
    fuzz_do_translate,   fuzz_do_reader,         fuzz_do_reader,
    fuzz_do_lease,       fuzz_do_lease,          fuzz_do_log_read,
    fuzz_do_memory,      fuzz_do_memory_changed, fuzz_do_device_entry,
    fuzz_do_access,      fuzz_do_table_entry,    fuzz_do_ats,
    fuzz_do_answer,      fuzz_do_answer,         fuzz_do_time,
    fuzz_do_device_gone,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(8) uint8_t memory[FUZZ_MEMORY_BYTES];
    static struct fuzz_machine machine;
    struct fuzz_input input = {.bytes = data, .left = size};
    struct fuzz_options options = fuzz_options(&input);

    fuzz_start(&machine, &options, memory);
    fuzz_run(&machine, &input, operations, sizeof(operations) / sizeof(operations[0]));
    fuzz_finish(&machine);
    return 0;
}
