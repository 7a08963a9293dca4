/* SPDX-License-Identifier: BSD-2-Clause */
/* A host for the driver: the machine around it, and what devices can do. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "rig.h"
#include "rig_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static uint8_t *map_memory(void)
{
    uint8_t *memory = mmap(NULL, MACHINE_MEMORY_BYTES, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        fprintf(stderr, "rig: no memory\n");
        exit(2);
    }
    return memory;
}

/* ---- What the units tell --------------------------------------------------------------------- */

static bool is_dropped(const struct rig_refusal *refusal, const struct amdvi_invalidation *what)
{
    switch (what->kind) {
    case AMDVI_INVALIDATED_DOMAIN:
        return refusal->domain_id == what->domain_id && refusal->page + 4095 >= what->first_iova &&
               refusal->page <= what->last_iova;
    case AMDVI_INVALIDATED_DEVICE:
        return refusal->device_id == what->device_id;
    case AMDVI_INVALIDATED_ALL:
        break;
    }
    return true;
}

static void drop_refusals(struct rig *rig, const struct amdvi_invalidation *what)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < rig->refusals; i++) {
        if (!is_dropped(&rig->refusal[i], what)) {
            rig->refusal[kept++] = rig->refusal[i];
        }
    }
    rig->refusals = kept;
}

static void machine_told(struct machine *machine, enum machine_told what)
{
    struct rig_unit *unit = (struct rig_unit *)(void *)machine;
    struct rig *rig = unit->rig;

    if (what == MACHINE_TOLD_TRANSLATIONS && rig->remember_refusals) {
        drop_refusals(rig, &machine->invalidation[(machine->invalidations - 1) % MACHINE_RECORDS]);
    }
    if (what == MACHINE_TOLD_IOTLB && !rig->ats_silent) {
        const struct amdvi_iotlb_invalidation *request =
            &machine->iotlb_request[(machine->iotlb_requests - 1) % MACHINE_RECORDS];
        amdvi_iommu_iotlb_invalidated(machine->iommu, request->device_id, request->tag);
    }
}

/* ---- Start and stop -------------------------------------------------------------------------- */

/* As firmware leaves it: the window is where it shall be, and the capability is in the list. */
static void start_unit(struct rig *rig, unsigned index)
{
    struct rig_unit *unit = &rig->unit[index];
    struct amdvi_config config;
    struct machine_options options =
        machine_cache_sizes[rig->options.caches != 0 ? rig->options.caches - 1 : 2];

    amdvi_config_init(&config);
    config.features.iotlb_sup = rig->options.iotlb_sup;
    options.readers = rig->options.readers;
    options.features = &config.features;
    options.unprogrammed = true;
    machine_start(&unit->machine, &options);
    amdvi_reader_offline(unit->machine.reader);
    unit->rig = rig;
    unit->machine.told = machine_told;
    if (index != 0) {
        munmap(unit->machine.memory, MACHINE_MEMORY_BYTES);
        unit->machine.memory = rig->unit[0].machine.memory;
    }
    amdvi_iommu_cap_write(unit->machine.iommu, 8, 4, (uint32_t)(RIG_WINDOW(index) >> 32));
    amdvi_iommu_cap_write(unit->machine.iommu, 4, 4, (uint32_t)RIG_WINDOW(index) | 1);

    struct rig_function *function = rig_add_function(rig, RIG_UNIT_ID(index), false);
    function->config[0] = 0x14511022;
    function->config[1] = 0x00100000; /* there are capabilities */
    function->config[0x34 / 4] = RIG_CAP_OFFSET;
}

void rig_start(struct rig *rig, const struct rig_options *options)
{
    memset(rig, 0, sizeof(*rig));
    rig->options = *options;
    rig->options.units = options->units != 0 ? options->units : 1;
    rig->options.pause_ns = options->pause_ns != 0 ? options->pause_ns : 1000;
    rig->now_ns = UINT64_C(1000000000);
    rig->timer_ns = UINT64_MAX;
    for (unsigned i = 0; i < rig->options.units; i++) {
        start_unit(rig, i);
    }
    rig->memory = rig->unit[0].machine.memory;
    if (options->non_coherent) {
        rig->memory = map_memory();
        rig->clean = map_memory();
    }
    rig->page_use = calloc(MACHINE_MEMORY_BYTES / 4096, 1);
    if (rig->page_use == NULL) {
        fprintf(stderr, "rig: no memory\n");
        exit(2);
    }
    rig_make_host(rig);
    rig->heap = (struct amdvi_drv_heap){.host = &rig->host};
}

bool rig_stop(struct rig *rig)
{
    rig_unwatch(rig);
    rig_drop_arena(rig);
    if (rig->held_blocks != 0 || rig->held_bytes != 0 || rig->held_windows != 0) {
        printf("# %u blocks, %zu bytes, %u windows:\n", rig->held_blocks, rig->held_bytes,
               rig->held_windows);
        rig_breach(rig, "held at the end");
    }
    if (rig->options.non_coherent) {
        munmap(rig->memory, MACHINE_MEMORY_BYTES);
        munmap(rig->clean, MACHINE_MEMORY_BYTES);
    }
    free(rig->page_use);
    for (unsigned i = rig->options.units; i-- != 0;) {
        if (i != 0) {
            rig->unit[i].machine.memory = map_memory(); /* for machine_stop() to give back */
        }
        amdvi_reader_online(rig->unit[i].machine.reader);
        machine_stop(&rig->unit[i].machine);
    }
    return rig->breaches == 0;
}

/* ---- What tests ask -------------------------------------------------------------------------- */

void *rig_window(struct rig *rig, unsigned unit)
{
    return &rig->unit[unit];
}

uint64_t rig_reg(struct rig *rig, unsigned unit, enum amdvi_reg reg)
{
    return machine_reg(&rig->unit[unit].machine, reg);
}

void rig_set_reg(struct rig *rig, unsigned unit, enum amdvi_reg reg, uint64_t value)
{
    machine_set_reg(&rig->unit[unit].machine, reg, value);
}

struct rig_function *rig_add_function(struct rig *rig, uint16_t device_id, bool ats)
{
    struct rig_function *function = &rig->function[rig->function_count++];

    *function = (struct rig_function){.device_id = device_id};
    function->config[0] = 0x56781b36;
    if (ats) {
        function->config[RIG_ATS_OFFSET / 4] = 0x0001000f; /* ATS, version 1, the last one */
    }
    return function;
}

/* ---- What devices can do --------------------------------------------------------------------- */

static uint16_t domain_of(struct rig *rig, unsigned unit, uint16_t device_id)
{
    uint64_t base = rig_reg(rig, unit, AMDVI_REG_DEV_TAB_BASE) & AMDVI_DEV_TAB_BASE_BASE;
    uint64_t word = rig_read64(rig, base + (uint64_t)AMDVI_DTE_BYTES * device_id + 8);

    return (uint16_t)amdvi_get(word, AMDVI_DTE1_DOMAIN_ID);
}

static bool is_remembered(const struct rig *rig, uint16_t device_id, uint64_t page)
{
    for (unsigned i = 0; i < rig->refusals; i++) {
        if (rig->refusal[i].device_id == device_id && rig->refusal[i].page == page) {
            return true;
        }
    }
    return false;
}

bool rig_access(struct rig *rig, unsigned unit, uint16_t device_id, uint64_t iova, bool write,
                uint64_t *out_spa)
{
    struct machine *machine = &rig->unit[unit].machine;
    uint64_t page = iova & ~UINT64_C(4095);

    if (rig->remember_refusals && is_remembered(rig, device_id, page)) {
        return false;
    }
    amdvi_reader_online(machine->reader);
    struct amdvi_translation got = machine_translate(
        machine, device_id, iova, 8, write ? AMDVI_ACCESS_WRITE : AMDVI_ACCESS_READ);
    amdvi_reader_offline(machine->reader);
    if (got.outcome != AMDVI_OUTCOME_TRANSLATED) {
        if (rig->remember_refusals && rig->refusals < RIG_REFUSALS_MAX) {
            rig->refusal[rig->refusals++] =
                (struct rig_refusal){device_id, domain_of(rig, unit, device_id), page};
        }
        return false;
    }
    *out_spa = got.spa;
    return true;
}

bool rig_peek(struct rig *rig, unsigned unit, uint16_t device_id, uint64_t iova, bool write,
              uint64_t *out_spa)
{
    struct amdvi_request request = {.device_id = device_id,
                                    .access = write ? AMDVI_ACCESS_WRITE : AMDVI_ACCESS_READ,
                                    .iova = iova,
                                    .size_bytes = 8};
    struct amdvi_translation got = {.run_bytes = 0};

    if (amdvi_iommu_peek(rig->unit[unit].machine.iommu, &request, &got) != AMDVI_OK ||
        got.outcome != AMDVI_OUTCOME_TRANSLATED) {
        return false;
    }
    *out_spa = got.spa;
    return true;
}

bool rig_interrupt(struct rig *rig, unsigned unit, uint16_t device_id, uint32_t address,
                   uint32_t data, uint64_t *out_address, uint32_t *out_data)
{
    struct machine *machine = &rig->unit[unit].machine;

    amdvi_reader_online(machine->reader);
    struct amdvi_remapped got =
        machine_interrupt(machine, device_id, UINT64_C(0xfee00000) | address, data);
    amdvi_reader_offline(machine->reader);
    if (got.outcome != AMDVI_OUTCOME_TRANSLATED) {
        return false;
    }
    *out_address = got.address;
    *out_data = got.data;
    return true;
}

/* ---- In threads ------------------------------------------------------------------------------ */

bool rig_access_by(struct rig *rig, unsigned unit, unsigned reader,
                   const struct amdvi_request *request, uint64_t *out_spa)
{
    struct amdvi_reader *own = amdvi_iommu_reader(rig->unit[unit].machine.iommu, reader);
    struct amdvi_translation got = {.run_bytes = 0};

    amdvi_reader_online(own);
    bool is_asked = amdvi_iommu_translate(own, request, &got) == AMDVI_OK;
    amdvi_reader_offline(own);
    if (!is_asked || got.outcome != AMDVI_OUTCOME_TRANSLATED) {
        return false;
    }
    *out_spa = got.spa;
    return true;
}

bool rig_interrupt_by(struct rig *rig, unsigned unit, unsigned reader, uint16_t device_id,
                      uint32_t data, uint32_t *out_data)
{
    struct amdvi_reader *own = amdvi_iommu_reader(rig->unit[unit].machine.iommu, reader);
    struct amdvi_interrupt interrupt = {
        .device_id = device_id, .address = UINT64_C(0xfee00000), .data = data};
    struct amdvi_remapped got = {.data = 0};

    amdvi_reader_online(own);
    bool is_asked = amdvi_iommu_remap(own, &interrupt, &got) == AMDVI_OK;
    amdvi_reader_offline(own);
    if (!is_asked || got.outcome != AMDVI_OUTCOME_TRANSLATED) {
        return false;
    }
    *out_data = got.data;
    return true;
}

/* ---- Claims ---------------------------------------------------------------------------------- */

static struct rig_claim *find_claim(struct rig *rig, unsigned unit, uint16_t device_id,
                                    uint64_t iova)
{
    for (unsigned i = 0; i < rig->claims; i++) {
        struct rig_claim *claim = &rig->claim[i];
        if (claim->unit == unit && claim->device_id == device_id && claim->iova == iova) {
            return claim;
        }
    }
    if (rig->claims == RIG_CLAIMS_MAX) {
        fprintf(stderr, "rig: too many claims\n");
        exit(2);
    }
    struct rig_claim *claim = &rig->claim[rig->claims++];
    *claim = (struct rig_claim){.unit = unit, .device_id = device_id, .iova = iova};
    return claim;
}

void rig_may(struct rig *rig, unsigned unit, uint16_t device_id, uint64_t iova, uint64_t spa)
{
    struct rig_claim *claim = find_claim(rig, unit, device_id, iova);

    if (claim->spas == 2) {
        claim->spa[0] = claim->spa[1];
        claim->spas = 1;
    }
    claim->spa[claim->spas++] = spa;
    claim->must = false;
}

void rig_may_not(struct rig *rig, unsigned unit, uint16_t device_id, uint64_t iova)
{
    struct rig_claim *claim = find_claim(rig, unit, device_id, iova);

    claim->spas = 0;
    claim->must = false;
}

void rig_must(struct rig *rig, unsigned unit, uint16_t device_id, uint64_t iova, uint64_t spa)
{
    struct rig_claim *claim = find_claim(rig, unit, device_id, iova);

    claim->spas = 1;
    claim->spa[0] = spa;
    claim->must = true;
}

static bool try_claim(struct rig *rig, const struct rig_claim *claim, bool write)
{
    uint64_t spa = 0;

    if (!rig_access(rig, claim->unit, claim->device_id, claim->iova, write, &spa)) {
        return !claim->must;
    }
    for (unsigned i = 0; i < claim->spas; i++) {
        if (claim->spa[i] == spa) {
            return true;
        }
    }
    printf("# reaches 0x%llx:\n", (unsigned long long)spa);
    return false;
}

bool rig_check(struct rig *rig)
{
    bool all_hold = true;

    for (unsigned i = 0; i < rig->claims; i++) {
        const struct rig_claim *claim = &rig->claim[i];
        for (unsigned write = 0; write < 2; write++) {
            if (!try_claim(rig, claim, write != 0)) {
                printf("# unit %u, device %04x, %s of 0x%llx:\n", claim->unit, claim->device_id,
                       write != 0 ? "write" : "read", (unsigned long long)claim->iova);
                rig_breach(rig, "an access came to what it may not");
                all_hold = false;
            }
        }
    }
    return all_hold;
}
