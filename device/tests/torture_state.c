/* SPDX-License-Identifier: BSD-2-Clause */
/* Saved states in the torture test: of an IOMMU at work, and of one at rest. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime() */

#include "torture.h"

#include <string.h>

static uint8_t saved[AMDVI_SAVED_BYTES_MAX];
static uint8_t again[AMDVI_SAVED_BYTES_MAX];

static bool save(struct machine *machine, uint8_t *buffer, size_t *size_bytes)
{
    return amdvi_iommu_save(machine->iommu, buffer, AMDVI_SAVED_BYTES_MAX, size_bytes) ==
               AMDVI_OK &&
           *size_bytes <= AMDVI_SAVED_BYTES_MAX;
}

static bool load_twin(const uint8_t *buffer, size_t size_bytes)
{
    amdvi_iommu_reset(torture.twin.iommu);
    return amdvi_iommu_load(torture.twin.iommu, buffer, size_bytes) == AMDVI_OK;
}

void torture_save_running(void)
{
    size_t size_bytes = 0;

    if (!save(&torture.machine, saved, &size_bytes) || !load_twin(saved, size_bytes)) {
        atomic_fetch_add(&torture.failures, 1);
    }
    atomic_fetch_add(&torture.saves, 1);
}

static bool is_translated_alike(const struct amdvi_request *request)
{
    struct amdvi_translation here = {.run_bytes = 0};
    struct amdvi_translation there = {.run_bytes = 1};

    amdvi_iommu_translate(torture.machine.reader, request, &here);
    amdvi_iommu_translate(torture.twin.reader, request, &there);
    void *pointer = amdvi_iommu_pointer(torture.twin.reader, request->device_id, request->iova,
                                        4096, request->access);
    return here.outcome == there.outcome && here.spa == there.spa && here.read == there.read &&
           here.write == there.write && here.host == there.host && pointer == here.host;
}

static bool are_alike(void)
{
    bool alike = true;

    for (enum amdvi_reg reg = 0; reg < AMDVI_REG_COUNT; reg++) {
        alike =
            CHECK_U64(machine_reg(&torture.twin, reg), machine_reg(&torture.machine, reg)) && alike;
    }
    for (unsigned i = 0; i < PLACES * PAGES_OF_PLACE; i++) {
        const struct place *place = &torture.place[i / PAGES_OF_PLACE];
        struct amdvi_request request = {.device_id = place->device_id,
                                        .access = AMDVI_ACCESS_READ,
                                        .iova = place->iova + 4096 * (i % PAGES_OF_PLACE),
                                        .size_bytes = 4096,
                                        .quiet = true};
        alike = CHECK(is_translated_alike(&request)) && alike;
        request.access = AMDVI_ACCESS_WRITE;
        alike = CHECK(is_translated_alike(&request)) && alike;
    }
    for (uint32_t data = 0; data < VECTORS; data++) {
        struct amdvi_remapped here =
            machine_interrupt(&torture.machine, DEVICE, AMDVI_MSI_BASE, data);
        struct amdvi_remapped there =
            machine_interrupt(&torture.twin, DEVICE, AMDVI_MSI_BASE, data);
        alike = CHECK_U64(there.data, here.data) && alike;
        alike = CHECK_U64(here.data, 2 * data + torture.vector_side[data]) && alike;
    }
    return alike;
}

/* Is the word of the last wait there, now that nothing holds @machine up any more? */
static bool completes_now(struct machine *machine)
{
    while (amdvi_iommu_process(machine->iommu, 8)) {
    }
    return machine_waited(&torture.machine);
}

/*
 * A wait has to wait for the driver's own reader; both go on from there. The twin's reader is not
 * online: it completes at once.
 */
static bool parked_wait_goes_on(void)
{
    struct machine *machine = &torture.machine;
    struct amdvi_command invalidate = {.opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
                                       .domain_id = 9,
                                       .address = AMDVI_BITS(62, 12),
                                       .size = true};
    struct amdvi_command wait = {.opcode = AMDVI_OPCODE_COMPLETION_WAIT,
                                 .store = true,
                                 .store_address = MACHINE_STORE,
                                 .store_data = ++machine->next_word};
    size_t size_bytes = 0;

    amdvi_reader_release(machine->reader);
    machine_command(machine, &invalidate);
    machine_command(machine, &wait);
    while (amdvi_iommu_process(machine->iommu, 8)) {
    }
    bool is_good = CHECK(!machine_waited(machine)) && CHECK(save(machine, saved, &size_bytes)) &&
                   CHECK(load_twin(saved, size_bytes)) && CHECK(completes_now(&torture.twin));
    machine_write64(machine, MACHINE_STORE, 0);
    amdvi_reader_release(machine->reader);
    return CHECK(completes_now(machine)) && is_good;
}

static bool is_saved_alike(void)
{
    size_t size_bytes = 0;
    size_t again_bytes = 0;

    return CHECK(save(&torture.machine, saved, &size_bytes)) &&
           CHECK(load_twin(saved, size_bytes)) && CHECK(save(&torture.twin, again, &again_bytes)) &&
           CHECK_U64(again_bytes, size_bytes) && CHECK(memcmp(saved, again, size_bytes) == 0);
}

bool torture_checkpoint(bool parked)
{
    uint8_t *memory = torture.twin.memory;

    torture.twin.memory = torture.machine.memory;
    amdvi_reader_online(torture.machine.reader);
    bool is_good = !parked || parked_wait_goes_on();
    is_good = is_saved_alike() && is_good;
    amdvi_reader_online(torture.twin.reader);
    is_good = are_alike() && is_good;
    amdvi_reader_offline(torture.twin.reader);
    amdvi_reader_offline(torture.machine.reader);
    amdvi_iommu_reset(torture.twin.iommu);
    torture.twin.memory = memory;
    return is_good;
}
