/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything at once: the input is cut into four parts, and four threads run them at the same time
 * on one machine: registers and commands, tables, and two that are devices, with a reader and a
 * lease each. What needs order is not judged; the sanitizers are, and that all comes to an end.
 */
#include "harness.h"

#include <pthread.h>

#define THREADS 4

static fuzz_operation *const as_software[] = {
    fuzz_do_register_write, fuzz_do_window,         fuzz_do_command,  fuzz_do_command,
    fuzz_do_command,        fuzz_do_command,        fuzz_do_process,  fuzz_do_capability,
    fuzz_do_reset,          fuzz_do_memory_changed, fuzz_do_log_read, fuzz_do_invalidate_all,
    fuzz_do_process,        fuzz_do_register_write,
};

static fuzz_operation *const as_tables[] = {
    fuzz_do_device_entry, fuzz_do_table_entry, fuzz_do_interrupt_entry, fuzz_do_memory,
    fuzz_do_command,      fuzz_do_time,        fuzz_do_device_gone,     fuzz_do_statistics,
    fuzz_do_process,      fuzz_do_translate,
};

static fuzz_operation *const as_device[] = {
    fuzz_do_translate, fuzz_do_translate, fuzz_do_access, fuzz_do_interrupt, fuzz_do_reader,
    fuzz_do_lease,     fuzz_do_lease,     fuzz_do_reader, fuzz_do_ats,       fuzz_do_answer,
};

struct thread {
    pthread_t id;
    struct fuzz_machine *machine;
    struct fuzz_input input;
    fuzz_operation *const *operations;
    unsigned count;
};

static void *run_thread(void *argument)
{
    struct thread *thread = argument;

    fuzz_run(thread->machine, &thread->input, thread->operations, thread->count);
    return NULL;
}

#define COUNT(operations) (sizeof(operations) / sizeof((operations)[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(8) uint8_t memory[FUZZ_MEMORY_BYTES];
    static struct fuzz_machine machine;
    struct fuzz_input input = {.bytes = data, .left = size};
    struct fuzz_options options = fuzz_options(&input);
    struct thread threads[THREADS] = {
        {.operations = as_software, .count = COUNT(as_software)},
        {.operations = as_tables, .count = COUNT(as_tables)},
        {.operations = as_device, .count = COUNT(as_device)},
        {.operations = as_device, .count = COUNT(as_device)},
    };

    options.threads = true;
    fuzz_start(&machine, &options, memory);
    for (unsigned i = 0; i < THREADS; i++) {
        size_t part = input.left / (THREADS - i);
        threads[i].machine = &machine;
        threads[i].input = (struct fuzz_input){.bytes = input.bytes, .left = part, .owner = i + 1};
        input.bytes += part;
        input.left -= part;
        if (pthread_create(&threads[i].id, NULL, run_thread, &threads[i]) != 0) {
            fuzz_fail(NULL, "no thread");
        }
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i].id, NULL);
    }
    fuzz_finish(&machine);
    return 0;
}
