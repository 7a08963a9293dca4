/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Judging the reserved memory of a description; the other half of describe.c.
 */
#include "amdvi/ivrs.h"

#include "layout.h"
#include "shared.h"

static uint16_t memory_first(const struct amdvi_ivrs_memory *memory)
{
    return memory->kind == AMDVI_IVRS_MEMORY_ALL ? 0 : memory->device_id;
}

static uint16_t memory_last(const struct amdvi_ivrs_memory *memory)
{
    switch (memory->kind) {
    case AMDVI_IVRS_MEMORY_ALL:
        return DEVICE_ID_MAX;
    case AMDVI_IVRS_MEMORY_SELECT:
        return memory->device_id;
    case AMDVI_IVRS_MEMORY_RANGE:
        return memory->last_device_id;
    }
    return 0;
}

/* The memory is mapped at its own address: both spaces must reach it. */
static enum amdvi_ivrs_status check_addresses(const struct amdvi_ivrs_memory *memory,
                                              uint8_t va_bits, uint8_t pa_bits)
{
    uint64_t limit = UINT64_C(1) << (va_bits < pa_bits ? va_bits : pa_bits);

    if (memory->size_bytes == 0 || memory->spa_start % PAGE_BYTES != 0 ||
        memory->size_bytes % PAGE_BYTES != 0) {
        return AMDVI_IVRS_ERR_MEMORY_ALIGNMENT;
    }
    if (memory->spa_start >= limit || memory->size_bytes > limit - memory->spa_start) {
        return AMDVI_IVRS_ERR_MEMORY_ADDRESS;
    }
    return AMDVI_IVRS_OK;
}

/*
 * The end of the part of @first to ... that one entry names, as the id after it; @first itself when
 * none names it.
 */
static uint32_t covered_until(const struct amdvi_ivrs_description *description,
                              uint16_t pci_segment, uint32_t first)
{
    uint32_t until = first;

    for (uint32_t u = 0; u < description->unit_count; u++) {
        const struct amdvi_ivrs_unit_description *unit = &description->units[u];
        for (uint32_t i = 0; i < unit->device_count; i++) {
            const struct amdvi_ivrs_device *device = &unit->devices[i];
            uint32_t last =
                amdvi_ivrs_is_range(device->kind) ? device->last_device_id : device->device_id;
            if (unit->unit.pci_segment == pci_segment && first >= device->device_id &&
                first <= last && last + 1 > until) {
                until = last + 1;
            }
        }
    }
    return until;
}

/* Every device that an IVMD names must be behind an IOMMU: Xen before 2024 rejects others. */
static enum amdvi_ivrs_status check_devices(const struct amdvi_ivrs_description *description,
                                            const struct amdvi_ivrs_memory *memory)
{
    uint32_t next = memory_first(memory);

    if (memory->kind == AMDVI_IVRS_MEMORY_RANGE && memory->last_device_id <= memory->device_id) {
        return AMDVI_IVRS_ERR_MEMORY_DEVICE;
    }
    /* Linux reads the IVMD of an IOMMU's own id as a sign of which IVHD type to use. */
    for (uint32_t u = 0; u < description->unit_count; u++) {
        if (memory->kind != AMDVI_IVRS_MEMORY_ALL &&
            memory->device_id == description->units[u].unit.device_id) {
            return AMDVI_IVRS_ERR_MEMORY_NAMES_UNIT;
        }
    }
    while (memory->kind != AMDVI_IVRS_MEMORY_ALL && next <= memory_last(memory)) {
        uint32_t until = covered_until(description, memory->pci_segment, next);
        if (until == next) {
            return AMDVI_IVRS_ERR_MEMORY_DEVICE;
        }
        next = until;
    }
    return AMDVI_IVRS_OK;
}

static enum amdvi_ivrs_status check_memory(const struct amdvi_ivrs_description *description,
                                           const struct amdvi_ivrs_memory *memory)
{
    if (memory->kind != AMDVI_IVRS_MEMORY_ALL && memory->kind != AMDVI_IVRS_MEMORY_SELECT &&
        memory->kind != AMDVI_IVRS_MEMORY_RANGE) {
        return AMDVI_IVRS_ERR_MEMORY_KIND;
    }
    if (memory->is_unity == memory->is_exclusion ||
        (memory->is_unity && !memory->can_read && !memory->can_write)) {
        return AMDVI_IVRS_ERR_MEMORY_ACCESS;
    }
    enum amdvi_ivrs_status status =
        check_addresses(memory, description->va_bits, description->pa_bits);
    if (status != AMDVI_IVRS_OK) {
        return status;
    }
    return check_devices(description, memory);
}

/* Each IOMMU has one exclusion range, and one IVMD may be for the devices of several IOMMUs. */
static enum amdvi_ivrs_status check_memory_pair(const struct amdvi_ivrs_memory *a,
                                                const struct amdvi_ivrs_memory *b)
{
    bool is_same_range = a->spa_start == b->spa_start && a->size_bytes == b->size_bytes;
    bool is_same_access =
        a->is_exclusion == b->is_exclusion &&
        (a->is_exclusion || (a->can_read == b->can_read && a->can_write == b->can_write));

    if (a->is_exclusion && b->is_exclusion && !is_same_range) {
        return AMDVI_IVRS_ERR_EXCLUSIONS;
    }
    if (is_same_access || a->pci_segment != b->pci_segment ||
        !amdvi_ivrs_ranges_meet(memory_first(a), memory_last(a), memory_first(b), memory_last(b))) {
        return AMDVI_IVRS_OK;
    }
    return amdvi_ivrs_ranges_meet(a->spa_start, a->spa_start + (a->size_bytes - 1), b->spa_start,
                                  b->spa_start + (b->size_bytes - 1))
               ? AMDVI_IVRS_ERR_MEMORY_CONFLICT
               : AMDVI_IVRS_OK;
}

enum amdvi_ivrs_status amdvi_ivrs_describe_memory(const struct amdvi_ivrs_description *description,
                                                  struct amdvi_ivrs_refusal *out_refusal)
{
    for (uint32_t i = 0; i < description->memory_count; i++) {
        out_refusal->memory_index = i;
        enum amdvi_ivrs_status status = check_memory(description, &description->memory[i]);
        for (uint32_t j = 0; j < i && status == AMDVI_IVRS_OK; j++) {
            status = check_memory_pair(&description->memory[j], &description->memory[i]);
        }
        if (status != AMDVI_IVRS_OK) {
            return status;
        }
    }
    out_refusal->memory_index = AMDVI_IVRS_NO_INDEX;
    return AMDVI_IVRS_OK;
}
