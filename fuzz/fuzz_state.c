/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Saved state. Three kinds of it: any bytes; the state of a machine in the middle of something,
 * with a few bytes changed; and that state as it is. What is refused must leave the instance as it
 * was; what is accepted must be a state that registers can have, and go on without harm. A machine
 * that goes on from its own state must do exactly what the first one does.
 */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

static fuzz_operation *const operations[] = {
    fuzz_do_command,        fuzz_do_command,      fuzz_do_command,        fuzz_do_register_write,
    fuzz_do_register_write, fuzz_do_process,      fuzz_do_translate,      fuzz_do_translate,
    fuzz_do_interrupt,      fuzz_do_lease,        fuzz_do_reader,         fuzz_do_log_read,
    fuzz_do_memory,         fuzz_do_device_entry, fuzz_do_device_entry,   fuzz_do_table_entry,
    fuzz_do_capability,     fuzz_do_ats,          fuzz_do_answer,         fuzz_do_time,
    fuzz_do_device_gone,    fuzz_do_access,       fuzz_do_memory_changed, fuzz_do_reset,
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

struct state {
    uint8_t bytes[AMDVI_SAVED_BYTES_MAX];
    size_t size;
};

/* Two machines: that which saves, and that which loads; and one to try a state on. */
static _Alignas(8) uint8_t memory[3][FUZZ_MEMORY_BYTES];
static struct fuzz_machine machines[3];

static void save(struct fuzz_machine *machine, struct state *out)
{
    size_t needed = 0;

    fuzz_enter(machine, FUZZ_CALLS_NONE);
    if (amdvi_iommu_save(machine->iommu, out->bytes, sizeof(out->bytes), &out->size) != AMDVI_OK ||
        out->size > sizeof(out->bytes)) {
        fuzz_fail(machine, "the state cannot be saved");
    }
    if (amdvi_iommu_save(machine->iommu, out->bytes, out->size - 1, &needed) !=
            AMDVI_ERR_NO_MEMORY ||
        needed != out->size) {
        fuzz_fail(machine, "a buffer that is too small is not refused as it should be");
    }
    if (amdvi_iommu_save(machine->iommu, out->bytes, out->size, &needed) != AMDVI_OK ||
        needed != out->size) {
        fuzz_fail(machine, "a buffer that is just large enough is not enough");
    }
}

static bool load(struct fuzz_machine *machine, const struct state *state)
{
    uint64_t before = fuzz_state_digest(machine);
    /* Exactly so many bytes, for the sanitizer. */
    uint8_t *exact = malloc(state->size != 0 ? state->size : 1);

    if (exact == NULL) {
        return false;
    }
    memcpy(exact, state->bytes, state->size);
    fuzz_enter(machine, fuzz_calls_turns(machine, machine->options.commands_per_write));
    machine->has_loaded = true;
    enum amdvi_status status = amdvi_iommu_load(machine->iommu, exact, state->size);
    free(exact);
    if (status != AMDVI_OK && status != AMDVI_ERR_STATE) {
        fuzz_fail(machine, "another status of load than there is");
    }
    if (status != AMDVI_OK && (before != fuzz_state_digest(machine) || machine->iotlbs != 0)) {
        fuzz_fail(machine, "a state that is refused leaves something behind");
    }
    machine->preboot_unknown = status == AMDVI_OK;
    fuzz_note_control(machine);
    fuzz_check_registers(machine);
    return status == AMDVI_OK;
}

/* A machine as the other was made, with its memory, just after reset. */
static void start_like(struct fuzz_machine *machine, uint8_t *ram, const struct fuzz_machine *other)
{
    struct fuzz_options options = other->options;

    options.programmed = false;
    fuzz_start(machine, &options, ram);
    memcpy(machine->memory, other->memory, FUZZ_MEMORY_BYTES);
    memcpy(machine->is_touched, other->is_touched, sizeof(machine->is_touched));
    machine->now_ns = atomic_load(&other->now_ns);
}

/* Whatever was accepted can be saved, and what was saved is accepted. */
static void check_saved_again(struct fuzz_machine *machine)
{
    static struct state again;

    save(machine, &again);
    start_like(&machines[2], memory[2], machine);
    if (!load(&machines[2], &again)) {
        fuzz_fail(machine, "a state that was saved is refused");
    }
    fuzz_finish(&machines[2]);
}

static struct fuzz_input first_half(struct fuzz_input *input)
{
    struct fuzz_input half = {.bytes = input->bytes, .left = input->left / 2};

    input->bytes += half.left;
    input->left -= half.left;
    return half;
}

static void any_bytes(struct fuzz_options *options, struct fuzz_input *input)
{
    static struct state state;
    struct fuzz_machine *machine = &machines[0];

    state.size = fuzz_u16(input);
    state.size = state.size < input->left ? state.size : input->left;
    state.size = state.size < sizeof(state.bytes) ? state.size : sizeof(state.bytes);
    for (size_t i = 0; i < state.size; i++) {
        state.bytes[i] = fuzz_u8(input);
    }
    options->programmed = false;
    fuzz_start(machine, options, memory[0]);
    if (load(machine, &state)) {
        check_saved_again(machine);
    }
    fuzz_run(machine, input, operations, OPERATIONS);
    fuzz_finish(machine);
}

/* Bits, bytes, and the length. */
static void damage(struct state *state, struct fuzz_input *input)
{
    for (unsigned edits = 1 + fuzz_below(input, 6); edits != 0 && state->size != 0; edits--) {
        unsigned form = fuzz_u8(input);
        size_t at = fuzz_u16(input) % state->size;

        if (form < 96) {
            state->bytes[at] ^= (uint8_t)(1U << form % 8);
        } else if (form < 224) {
            state->bytes[at] = fuzz_u8(input);
        } else if (form < 240) {
            state->size = at;
        } else if (state->size < sizeof(state->bytes)) {
            state->bytes[state->size++] = fuzz_u8(input);
        }
    }
}

static void damaged(const struct fuzz_options *options, struct fuzz_input *input)
{
    static struct state state;
    struct fuzz_input half = first_half(input);

    fuzz_start(&machines[0], options, memory[0]);
    fuzz_run(&machines[0], &half, operations, OPERATIONS);
    fuzz_let_go(&machines[0]);
    save(&machines[0], &state);
    damage(&state, input);
    start_like(&machines[1], memory[1], &machines[0]);
    if (load(&machines[1], &state)) {
        check_saved_again(&machines[1]);
    }
    fuzz_run(&machines[1], input, operations, OPERATIONS);
    fuzz_finish(&machines[1]);
    fuzz_finish(&machines[0]);
}

/* What the harness knows besides: of the devices, and of what it judges by. */
static void carry_over(struct fuzz_machine *machine, const struct fuzz_machine *other)
{
    for (unsigned i = 0; i < machine->iotlbs; i++) {
        bool is_known = false;
        for (unsigned k = 0; k < other->iotlbs; k++) {
            is_known = is_known || (machine->iotlb[i].tag == other->iotlb[k].tag &&
                                    machine->iotlb[i].device_id == other->iotlb[k].device_id &&
                                    machine->iotlb[i].queue_id == other->iotlb[k].queue_id &&
                                    machine->iotlb[i].first_iova == other->iotlb[k].first_iova &&
                                    machine->iotlb[i].last_iova == other->iotlb[k].last_iova);
        }
        if (!is_known) {
            fuzz_fail(machine, "an invalidate request that was not in flight is sent again");
        }
    }
    memcpy(machine->iotlb, other->iotlb, sizeof(machine->iotlb));
    machine->iotlbs = other->iotlbs;
    machine->deadline_ns = atomic_load(&other->deadline_ns);
    memcpy(machine->first, other->first, sizeof(machine->first));
    memcpy(machine->command, other->command, sizeof(machine->command));
    machine->has_command = other->has_command;
    machine->has_loaded = false;
    machine->was_enabled = other->was_enabled;
    machine->preboot_unknown = false;
}

static uint64_t run_on(struct fuzz_machine *machine, struct fuzz_input input)
{
    machine->digest = 0;
    machine->host_calls = 0;
    machine->drain_ticket = 0;
    fuzz_run(machine, &input, operations, OPERATIONS);
    fuzz_note(machine, fuzz_state_digest(machine));
    fuzz_finish(machine);
    return machine->digest;
}

static void faithful(struct fuzz_options *options, struct fuzz_input *input)
{
    static struct state state;
    struct fuzz_input half = first_half(input);

    options->tlb_entries = 0;
    options->dte_entries = 0;
    options->irte_entries = 0;
    options->restless = 0;
    fuzz_start(&machines[0], options, memory[0]);
    fuzz_run(&machines[0], &half, operations, OPERATIONS);
    fuzz_let_go(&machines[0]);
    fuzz_drain(&machines[0]);
    save(&machines[0], &state);
    start_like(&machines[1], memory[1], &machines[0]);
    memcpy(machines[1].command, machines[0].command, sizeof(machines[1].command));
    machines[1].has_command = machines[0].has_command;
    if (!load(&machines[1], &state)) {
        fuzz_fail(&machines[0], "the state of a machine is refused");
    }
    fuzz_drain(&machines[1]);
    carry_over(&machines[1], &machines[0]);
    if (fuzz_state_digest(&machines[0]) != fuzz_state_digest(&machines[1])) {
        fuzz_fail(&machines[1], "another state than was saved");
    }
    if (run_on(&machines[0], *input) != run_on(&machines[1], *input)) {
        fuzz_fail(NULL, "a machine that was loaded goes on otherwise");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {.bytes = data, .left = size};
    struct fuzz_options options = fuzz_options(&input);

    switch (fuzz_below(&input, 4)) {
    case 0:
        any_bytes(&options, &input);
        break;
    case 1:
        damaged(&options, &input);
        break;
    default:
        faithful(&options, &input);
        break;
    }
    return 0;
}
