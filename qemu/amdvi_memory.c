/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host pointers to guest memory, for the library: it reads page tables through them. What RAM
 * there is, as stretches of one host pointer each, is written down anew whenever the machine's
 * memory map changes, and the library is told where a pointer that it may have is none any more.
 *
 * The library uses such a pointer in an RCU read section, or under the big lock, which is also
 * when the map changes. QEMU gives the memory back after both.
 */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "qemu/rcu.h"
#include "amdvi.h"

typedef struct Stretch {
    uint64_t first_spa;
    uint64_t last_spa;
    uint8_t *host; /* of the first byte */
    bool is_read_only;
} Stretch;

struct AmdviMemory {
    struct rcu_head rcu;
    unsigned count;
    unsigned capacity;
    Stretch *stretches; /* in the order of their addresses */
};

static void memory_free(AmdviMemory *memory)
{
    g_free(memory->stretches);
    g_free(memory);
}

static void memory_begin(MemoryListener *listener)
{
    AmdviUnit *unit = container_of(listener, AmdviUnit, memory_listener);

    unit->memory_next = g_new0(AmdviMemory, 1);
}

/* Each section, whether it is new or was there before, comes in the order of addresses. */
static void memory_section(MemoryListener *listener, MemoryRegionSection *section)
{
    AmdviUnit *unit = container_of(listener, AmdviUnit, memory_listener);
    AmdviMemory *next = unit->memory_next;
    uint64_t bytes = int128_get64(section->size);
    Stretch *last = next->count ? &next->stretches[next->count - 1] : NULL;
    Stretch stretch;

    if (!memory_region_is_ram(section->mr) || memory_region_is_ram_device(section->mr)) {
        return;
    }
    stretch = (Stretch) {
        .first_spa = section->offset_within_address_space,
        .last_spa = section->offset_within_address_space + bytes - 1,
        .host = (uint8_t *)memory_region_get_ram_ptr(section->mr) + section->offset_within_region,
        .is_read_only = section->readonly,
    };
    if (last && last->last_spa + 1 == stretch.first_spa &&
        last->host + (stretch.first_spa - last->first_spa) == stretch.host &&
        last->is_read_only == stretch.is_read_only) {
        last->last_spa = stretch.last_spa;
        return;
    }
    if (next->count == next->capacity) {
        next->capacity = MAX(16, 2 * next->capacity);
        next->stretches = g_renew(Stretch, next->stretches, next->capacity);
    }
    next->stretches[next->count++] = stretch;
}

/* Are pointers into @old, as far as they are in @new too, the same? */
static bool is_same(const Stretch *old, const Stretch *new)
{
    return old->host - old->first_spa == new->host - new->first_spa &&
           old->is_read_only == new->is_read_only;
}

/* Tell the library of what of @old is not in @next any more. Returns whether there was anything. */
static bool tell_gone(AmdviUnit *unit, const Stretch *old, const AmdviMemory *next, bool is_aloud)
{
    uint64_t from = old->first_spa;
    bool is_any = false;

    for (unsigned i = 0; i <= next->count && from <= old->last_spa; i++) {
        const Stretch *new = i < next->count ? &next->stretches[i] : NULL;
        uint64_t to = old->last_spa;

        if (new && (!is_same(old, new) || new->last_spa < from || new->first_spa > to)) {
            continue;
        }
        if (new) {
            to = new->first_spa - 1; /* wraps only when nothing is gone before it */
        }
        if (!new || new->first_spa > from) {
            is_any = true;
            if (is_aloud) {
                amdvi_iommu_memory_changed(unit->iommu, from, to - from + 1);
            }
        }
        if (!new || new->last_spa >= old->last_spa) {
            break;
        }
        from = new->last_spa + 1;
    }
    return is_any;
}

static void memory_commit(MemoryListener *listener)
{
    AmdviUnit *unit = container_of(listener, AmdviUnit, memory_listener);
    AmdviMemory *old = unit->memory;
    AmdviMemory *next = unit->memory_next;
    bool is_any = false;

    unit->memory_next = NULL;
    qatomic_rcu_set(&unit->memory, next);
    if (!old) {
        return;
    }
    for (unsigned i = 0; i < old->count; i++) {
        is_any |= tell_gone(unit, &old->stretches[i], next, false);
    }
    if (is_any) {
        amdvi_commands_begin(unit);
        for (unsigned i = 0; i < old->count; i++) {
            tell_gone(unit, &old->stretches[i], next, true);
        }
        amdvi_commands_end(unit);
    }
    call_rcu(old, memory_free, rcu);
}

void *amdvi_memory_map(AmdviUnit *unit, uint64_t spa, bool is_write, uint64_t *run_bytes)
{
    const AmdviMemory *memory;

    RCU_READ_LOCK_GUARD();
    memory = qatomic_rcu_read(&unit->memory);
    for (unsigned i = 0; memory && i < memory->count; i++) {
        const Stretch *stretch = &memory->stretches[i];

        if (spa < stretch->first_spa || spa > stretch->last_spa) {
            continue;
        }
        if (is_write && stretch->is_read_only) {
            return NULL;
        }
        *run_bytes = MIN(*run_bytes, stretch->last_spa - spa + 1);
        return stretch->host + (spa - stretch->first_spa);
    }
    return NULL;
}

void amdvi_memory_init(AmdviUnit *unit)
{
    unit->memory_listener = (MemoryListener) {
        .name = "amdvi",
        .begin = memory_begin,
        .region_add = memory_section,
        .region_nop = memory_section,
        .commit = memory_commit,
        .priority = MEMORY_LISTENER_PRIORITY_MIN,
    };
    memory_listener_register(&unit->memory_listener, &address_space_memory);
}

void amdvi_memory_finalize(AmdviUnit *unit)
{
    memory_listener_unregister(&unit->memory_listener);
    if (unit->memory) {
        memory_free(unit->memory);
    }
}
