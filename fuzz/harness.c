/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine: made from options, run by operations, looked over at the end. */
#include "harness.h"

#include <amdvi/cap.h>
#include <amdvi/pte.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Host calls of one input, after which no operation begins: for speed. */
#define ENOUGH_HOST_CALLS 100000

_Noreturn void fuzz_fail(const struct fuzz_machine *machine, const char *what)
{
    fprintf(stderr, "FINDING: %s\n", what);
    if (machine != NULL && machine->iommu != NULL) {
        for (unsigned reg = 0; reg < AMDVI_REG_COUNT; reg++) {
            fprintf(stderr, "  %-28s %016llx\n", amdvi_regs[reg].name,
                    (unsigned long long)fuzz_reg(machine, (enum amdvi_reg)reg));
        }
    }
    abort();
}

uint64_t fuzz_load(const struct fuzz_machine *machine, uint64_t spa)
{
    spa &= ~UINT64_C(7);
    return spa < FUZZ_MEMORY_BYTES
               ? __atomic_load_n((uint64_t *)(void *)&machine->memory[spa], __ATOMIC_ACQUIRE)
               : 0;
}

void fuzz_touch(struct fuzz_machine *machine, uint64_t spa)
{
    if (!machine->options.threads) {
        machine->is_touched[spa / FUZZ_PAGE] = true;
    }
}

void fuzz_store(struct fuzz_machine *machine, uint64_t spa, uint64_t value)
{
    spa &= ~UINT64_C(7);
    if (spa < FUZZ_MEMORY_BYTES) {
        fuzz_touch(machine, spa);
        __atomic_store_n((uint64_t *)(void *)&machine->memory[spa], value, __ATOMIC_RELEASE);
    }
}

uint64_t fuzz_reg(const struct fuzz_machine *machine, enum amdvi_reg reg)
{
    return amdvi_iommu_mmio_read(machine->iommu, amdvi_regs[reg].offset, 8);
}

void fuzz_set_reg(struct fuzz_machine *machine, enum amdvi_reg reg, uint64_t value)
{
    fuzz_enter(machine, fuzz_calls_turns(machine, machine->options.commands_per_write));
    amdvi_iommu_mmio_write(machine->iommu, amdvi_regs[reg].offset, 8, value);
    fuzz_note_control(machine);
}

void fuzz_note_control(struct fuzz_machine *machine)
{
    if (!machine->options.threads &&
        (fuzz_reg(machine, AMDVI_REG_CONTROL) & AMDVI_CONTROL_IOMMU_EN) != 0) {
        machine->was_enabled = true;
        machine->preboot_unknown = false;
    }
}

void fuzz_note(struct fuzz_machine *machine, uint64_t value)
{
    if (machine->options.threads) {
        return;
    }
    machine->digest = (machine->digest ^ value) * UINT64_C(0x100000001b3);
    machine->digest ^= machine->digest >> 29;
}

struct fuzz_options fuzz_options(struct fuzz_input *input)
{
    static const unsigned entries[4] = {0, 1, 8, 64};
    static const unsigned turns[4] = {256, 0, 1, 3};
    unsigned first = fuzz_u8(input);
    unsigned second = fuzz_u8(input);

    return (struct fuzz_options){
        .tlb_entries = entries[first & 3],
        .dte_entries = entries[first & 3],
        .irte_entries = entries[first & 3],
        .commands_per_write = turns[second & 3],
        .work = (first & 0x04) == 0,
        .map = (first & 0x08) != 0,
        .compare_exchange = (first & 0x10) == 0,
        .talkative = (first & 0x20) != 0,
        .silent = (first & 0xc0) == 0xc0,
        .programmed = true,
        .iotlb = (second & 0x04) == 0,
        .iotlb_at_once = (second & 0x08) != 0,
        .ht_tunnel = (second & 0x10) != 0,
        .ht_ats_resv = (second & 0x20) != 0,
        .preboot = (second & 0xc0) == 0xc0,
        .restless = (second & 0xc0) == 0x80 ? 1 + (second & 3) : 0,
    };
}

/* As a driver would; all tables are empty. */
static void program(struct fuzz_machine *machine)
{
    fuzz_set_reg(machine, AMDVI_REG_DEV_TAB_BASE, FUZZ_DEVICE_TABLE);
    fuzz_set_reg(machine, AMDVI_REG_CMD_BUF_BASE,
                 FUZZ_COMMANDS | amdvi_put(AMDVI_CMD_BUF_BASE_LEN, 8));
    fuzz_set_reg(machine, AMDVI_REG_EVENT_LOG_BASE,
                 FUZZ_EVENTS | amdvi_put(AMDVI_EVENT_LOG_BASE_LEN, 8));
    fuzz_set_reg(machine, AMDVI_REG_CONTROL,
                 AMDVI_CONTROL_IOMMU_EN | AMDVI_CONTROL_EVENT_LOG_EN | AMDVI_CONTROL_EVENT_INT_EN |
                     AMDVI_CONTROL_COM_WAIT_INT_EN | AMDVI_CONTROL_CMD_BUF_EN);
}

void fuzz_start(struct fuzz_machine *machine, const struct fuzz_options *options, uint8_t *memory)
{
    struct amdvi_config config;

    memset(machine, 0, sizeof(*machine));
    memset(memory, 0, FUZZ_MEMORY_BYTES);
    machine->options = *options;
    machine->memory = memory;
    pthread_mutex_init(&machine->lock, NULL);
    amdvi_config_init(&config);
    config.features.iotlb_sup = options->iotlb;
    config.features.ht_tunnel = options->ht_tunnel;
    config.features.ht_ats_resv = options->ht_ats_resv;
    if (options->preboot) {
        config.features.preboot_range_count = 1;
        config.features.preboot_ranges[0] = (struct amdvi_device_range){.first = 4, .last = 6};
    }
    config.readers = FUZZ_READERS;
    config.tlb_entries = options->tlb_entries;
    config.dte_entries = options->dte_entries;
    config.irte_entries = options->irte_entries;
    config.commands_per_write = options->commands_per_write;
    struct amdvi_host host = fuzz_host(machine);
    if (amdvi_iommu_create(&machine->iommu, &config, &host, NULL) != AMDVI_OK) {
        fuzz_fail(NULL, "the instance cannot be made");
    }
    for (unsigned i = 0; i < FUZZ_READERS; i++) {
        machine->reader[i] = amdvi_iommu_reader(machine->iommu, i);
    }
    if (options->programmed) {
        program(machine);
    }
}

void fuzz_release(struct fuzz_machine *machine, unsigned lease)
{
    unsigned taken = FUZZ_LEASE_TAKEN;

    if (atomic_compare_exchange_strong(&machine->lease_state[lease], &taken,
                                       FUZZ_LEASE_RELEASING)) {
        amdvi_lease_release(&machine->lease[lease]);
        atomic_store(&machine->lease_state[lease], FUZZ_LEASE_FREE);
    }
}

void fuzz_let_go(struct fuzz_machine *machine)
{
    for (unsigned i = 0; i < FUZZ_LEASES; i++) {
        fuzz_enter(machine, 0);
        fuzz_release(machine, i);
    }
    for (unsigned i = 0; i < FUZZ_READERS; i++) {
        for (; machine->online[i] != 0; machine->online[i]--) {
            fuzz_enter(machine, 0);
            amdvi_reader_offline(machine->reader[i]);
        }
    }
}

static bool is_ring_done(struct fuzz_machine *machine)
{
    return (fuzz_reg(machine, AMDVI_REG_STATUS) & AMDVI_STATUS_CMD_BUF_RUN) == 0 ||
           fuzz_reg(machine, AMDVI_REG_CMD_BUF_HEAD) == fuzz_reg(machine, AMDVI_REG_CMD_BUF_TAIL);
}

void fuzz_drain(struct fuzz_machine *machine)
{
    const unsigned budget = 8192; /* and the largest ring has 32768 commands of two turns each */
    unsigned rounds = 0;

    do {
        fuzz_enter(machine, fuzz_calls_turns(machine, budget));
        if (rounds++ > 65536 / budget + 1) {
            fuzz_fail(machine, "commands do not come to an end");
        }
    } while (amdvi_iommu_process(machine->iommu, budget));
}

/* Devices answer all that they were asked, and commands run, until both have nothing to do. */
static void answer_all(struct fuzz_machine *machine)
{
    fuzz_drain(machine);
    /* Each turn ends one request at least, and each command sends one at most. */
    for (unsigned i = 0; machine->iotlbs != 0; i++) {
        struct amdvi_iotlb_invalidation what = machine->iotlb[--machine->iotlbs];
        fuzz_enter(machine, fuzz_calls_turns(machine, machine->options.commands_per_write));
        amdvi_iommu_iotlb_invalidated(machine->iommu, what.device_id, what.tag);
        fuzz_drain(machine);
        if (i > 65536) {
            fuzz_fail(machine, "invalidate requests do not come to an end");
        }
    }
}

void fuzz_finish(struct fuzz_machine *machine)
{
    machine->options.threads = false; /* there is only this one now */
    fuzz_let_go(machine);
    answer_all(machine);
    if (!is_ring_done(machine)) {
        fuzz_fail(machine, "the ring waits for nothing");
    }
    if (!amdvi_iommu_is_drained(machine->iommu, machine->drain_ticket)) {
        fuzz_fail(machine, "nothing is under way and memory is not drained");
    }
    fuzz_check_registers(machine);
    amdvi_iommu_destroy(machine->iommu);
    pthread_mutex_destroy(&machine->lock);
    machine->iommu = NULL;
}

static void check_ring(struct fuzz_machine *machine, enum amdvi_reg base, enum amdvi_reg head,
                       enum amdvi_reg tail, uint64_t run_bit)
{
    uint64_t length = amdvi_get(fuzz_reg(machine, base), AMDVI_CMD_BUF_BASE_LEN);
    uint64_t bytes = amdvi_ring_bytes((unsigned)length);
    uint64_t last = bytes == 0 ? 0 : bytes - AMDVI_RING_ENTRY_BYTES;

    if (fuzz_reg(machine, head) > last || fuzz_reg(machine, tail) > last) {
        fuzz_fail(machine, "a pointer outside its ring");
    }
    if (bytes == 0 && (fuzz_reg(machine, AMDVI_REG_STATUS) & run_bit) != 0) {
        fuzz_fail(machine, "a ring of reserved length runs");
    }
}

void fuzz_check_registers(struct fuzz_machine *machine)
{
    if (machine->options.threads) {
        return; /* they change between two looks */
    }
    for (unsigned i = 0; i < AMDVI_REG_COUNT; i++) {
        const struct amdvi_reg_info *info = &amdvi_regs[i];
        if ((fuzz_reg(machine, (enum amdvi_reg)i) & ~(info->rw | info->rw1c | info->ro)) != 0) {
            fuzz_fail(machine, "a reserved bit of a register is set");
        }
    }
    check_ring(machine, AMDVI_REG_CMD_BUF_BASE, AMDVI_REG_CMD_BUF_HEAD, AMDVI_REG_CMD_BUF_TAIL,
               AMDVI_STATUS_CMD_BUF_RUN);
    check_ring(machine, AMDVI_REG_EVENT_LOG_BASE, AMDVI_REG_EVENT_LOG_HEAD,
               AMDVI_REG_EVENT_LOG_TAIL, AMDVI_STATUS_EVENT_LOG_RUN);
    uint64_t needed = AMDVI_CONTROL_IOMMU_EN | AMDVI_CONTROL_EVENT_LOG_EN;
    if ((fuzz_reg(machine, AMDVI_REG_STATUS) & AMDVI_STATUS_EVENT_LOG_RUN) != 0 &&
        (fuzz_reg(machine, AMDVI_REG_CONTROL) & needed) != needed) {
        fuzz_fail(machine, "the event log runs and is not enabled");
    }
}

uint64_t fuzz_state_digest(const struct fuzz_machine *machine)
{
    struct fuzz_machine sum = {.digest = 0};

    for (unsigned i = 0; i < AMDVI_REG_COUNT; i++) {
        fuzz_note(&sum, fuzz_reg(machine, (enum amdvi_reg)i));
    }
    for (unsigned offset = 0; offset < AMDVI_CAP_SIZE; offset += 4) {
        fuzz_note(&sum, amdvi_iommu_cap_read(machine->iommu, offset, 4));
    }
    for (uint64_t spa = 0; spa < FUZZ_MEMORY_BYTES; spa += 8) {
        if (machine->is_touched[spa / FUZZ_PAGE]) {
            fuzz_note(&sum, fuzz_load(machine, spa));
        } else {
            spa += FUZZ_PAGE - 8;
        }
    }
    return sum.digest;
}

void fuzz_run(struct fuzz_machine *machine, struct fuzz_input *input,
              fuzz_operation *const *operations, unsigned count)
{
    unsigned most = machine->options.threads ? FUZZ_OPERATIONS / 4 : FUZZ_OPERATIONS;

    for (unsigned i = 0; i < most && input->left != 0; i++) {
        operations[fuzz_below(input, count)](machine, input);
        if (machine->host_calls > ENOUGH_HOST_CALLS) {
            return;
        }
    }
}
