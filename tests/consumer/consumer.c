/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program outside this repository that uses arch, ivrs and driver, in what C11, C17 and C++17
 * have in common: it builds an IVRS, reads it back, makes page tables in an arena, and looks at the
 * entry that the IOMMU would read. Exits with 0 when all of that is right.
 */
#include <amdvi/drv_pages.h>
#include <amdvi/ivrs.h>
#include <amdvi/pte.h>
#include <amdvi/regs.h>

#include <stdio.h>
#include <string.h>

#define PAGE_BYTES  4096
#define ARENA_BYTES (16 * PAGE_BYTES)

static uint64_t arena_words[(ARENA_BYTES + PAGE_BYTES) / 8];

static bool table_is_right(void)
{
    static uint64_t buffer[64];
    struct amdvi_ivrs_device devices[2];
    struct amdvi_ivrs_unit_description unit;
    struct amdvi_ivrs_description description;
    struct amdvi_ivrs_table table;
    uint32_t size_bytes = 0;

    memset(devices, 0, sizeof(devices));
    memset(&unit, 0, sizeof(unit));
    memset(&description, 0, sizeof(description));
    devices[0].kind = AMDVI_IVRS_DEVICE_RANGE;
    devices[0].device_id = 0x0008;
    devices[0].last_device_id = 0xffff;
    devices[1].kind = AMDVI_IVRS_DEVICE_IOAPIC;
    devices[1].device_id = 0x00a0; /* 00:14.0 */
    devices[1].handle = 1;
    unit.unit.device_id = 0x0002;
    unit.unit.capability_offset = 0x40;
    unit.unit.window_spa = 0xfed80000;
    unit.devices = devices;
    unit.device_count = 2;
    description.oem_id = "AMDVI";
    description.oem_table_id = "CONSUMER";
    description.creator_id = "TEST";
    description.va_bits = 64;
    description.pa_bits = 48;
    description.units = &unit;
    description.unit_count = 1;
    return amdvi_ivrs_build(&description, buffer, sizeof(buffer), &size_bytes, NULL) ==
               AMDVI_IVRS_OK &&
           amdvi_ivrs_open(&table, buffer, size_bytes, NULL) == AMDVI_IVRS_OK &&
           table.pa_bits == 48;
}

static bool pages_are_right(void)
{
    struct amdvi_drv_host host;
    struct amdvi_drv_block arena;
    struct amdvi_drv_heap heap;
    struct amdvi_drv_pages_config config;
    struct amdvi_drv_pages pages;
    struct amdvi_drv_gather gather;
    struct amdvi_drv_mapping mapping;
    uintptr_t start = ((uintptr_t)arena_words + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    struct amdvi_pte entry;

    memset(&host, 0, sizeof(host));
    memset(&config, 0, sizeof(config));
    host.size = sizeof(host);
    host.version = AMDVI_DRV_VERSION;
    arena.bytes = (void *)start;
    arena.spa = 0x100000;
    arena.size_bytes = ARENA_BYTES;
    config.page_sizes = AMDVI_DRV_PAGE_SIZES_ALL;
    config.levels_max = 4;
    amdvi_drv_gather_init(&gather);
    if (amdvi_drv_heap_init(&heap, &host, &arena) != AMDVI_DRV_OK ||
        amdvi_drv_pages_init(&pages, &heap, &config) != AMDVI_DRV_OK ||
        amdvi_drv_pages_map(&pages, 0x40000000, 0x80000000, 0x200000, AMDVI_DRV_READ, &gather) !=
            AMDVI_DRV_OK ||
        !amdvi_drv_pages_find(&pages, 0x40001234, &mapping) || mapping.spa != 0x80001234 ||
        mapping.access != AMDVI_DRV_READ) {
        return false;
    }
    /* The root, as it lies in the arena: a pointer to the table of level 2. */
    entry = amdvi_pte_decode(
        amdvi_le64_decode(
            (const struct amdvi_le64 *)(start + (uintptr_t)(pages.root_spa - 0x100000)) +
            amdvi_level_index(3, 0x40000000)),
        3);
    return pages.level == 3 && entry.kind == AMDVI_PTE_POINTER && entry.next_level == 2;
}

int main(void)
{
    if (strcmp(amdvi_regs[AMDVI_REG_CONTROL].name, "IOMMU Control") != 0 || !table_is_right() ||
        !pages_are_right()) {
        printf("something is wrong\n");
        return 1;
    }
    printf("%s at %04xh, a table and page tables\n", amdvi_regs[AMDVI_REG_CONTROL].name,
           amdvi_regs[AMDVI_REG_CONTROL].offset);
    return 0;
}
