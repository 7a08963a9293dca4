/* SPDX-License-Identifier: BSD-2-Clause */
/* amdvi ivrs draw: IOMMUs, the buses and devices behind them, aliases, IOAPICs, reserved memory. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "ivrs.h"

static void print_range(const struct amdvi_ivrs_device *device)
{
    char first[16];
    char last[16];
    unsigned buses = (device->last_device_id >> 8) - (device->device_id >> 8) + 1u;

    if (device->device_id == device->last_device_id) {
        printf("%s", cli_device_text(first, 0, device->device_id));
        return;
    }
    printf("%s to %s\\n%u bus%s", cli_device_text(first, 0, device->device_id),
           cli_device_text(last, 0, device->last_device_id), buses, buses == 1 ? "" : "es");
}

/* A table may hold anything; quotes would end the label. */
static void print_name(const uint8_t *name)
{
    for (unsigned i = 0; i < 8 && name[i] != 0; i++) {
        putchar(isalnum(name[i]) != 0 ? name[i] : '?');
    }
}

/* A node for the entry, and an edge to its IOMMU. */
static void draw_entry(const struct amdvi_ivrs_entry *entry, uint32_t unit)
{
    const struct amdvi_ivrs_device *device = &entry->device;
    char source[16];

    cli_device_text(source, 0, device->source_device_id);
    printf("  e%" PRIu32 " [label=\"", entry->offset);
    switch (device->kind) {
    case AMDVI_IVRS_DEVICE_IOAPIC:
        printf("IOAPIC %u\\nas ", device->handle);
        break;
    case AMDVI_IVRS_DEVICE_HPET:
        printf("HPET %u\\nas ", device->handle);
        break;
    case AMDVI_IVRS_DEVICE_ALL:
        printf("all devices\\n");
        break;
    case AMDVI_IVRS_DEVICE_ACPI_HID:
        printf("ACPI device ");
        print_name(entry->hid);
        printf("\\nas ");
        break;
    case AMDVI_IVRS_DEVICE_SPECIAL_OTHER:
        printf("special device\\nas ");
        break;
    case AMDVI_IVRS_DEVICE_UNKNOWN:
        printf("entry of unknown type %02xh\\n", entry->type);
        break;
    case AMDVI_IVRS_DEVICE_SELECT:
    case AMDVI_IVRS_DEVICE_RANGE:
    case AMDVI_IVRS_DEVICE_ALIAS_SELECT:
    case AMDVI_IVRS_DEVICE_ALIAS_RANGE:
    case AMDVI_IVRS_DEVICE_EXTENDED_SELECT:
    case AMDVI_IVRS_DEVICE_EXTENDED_RANGE:
        break;
    }
    print_range(device);
    printf("%s\"];\n  e%" PRIu32 " -> u%" PRIu32, device->ats_disabled ? "\\nno ATS" : "",
           entry->offset, unit);
    if (device->kind == AMDVI_IVRS_DEVICE_ALIAS_SELECT ||
        device->kind == AMDVI_IVRS_DEVICE_ALIAS_RANGE) {
        printf(" [label=\"as %s\", style=dashed]", source);
    }
    printf(";\n");
}

static void draw_unit(const struct amdvi_ivrs_table *table, const struct amdvi_ivrs_block *block)
{
    struct amdvi_ivrs_entry_cursor cursor = amdvi_ivrs_entries(table, block);
    struct amdvi_ivrs_entry entry;
    char device[16];

    printf("  u%" PRIu32 " [shape=box, style=filled, fillcolor=lightgrey, label=\"IOMMU %s\\n"
           "IVHD %02xh, registers at 0x%" PRIx64 "\"];\n",
           block->offset, cli_device_text(device, block->unit.pci_segment, block->unit.device_id),
           block->type, block->unit.window_spa);
    while (amdvi_ivrs_next_entry(&cursor, &entry) == AMDVI_IVRS_OK) {
        draw_entry(&entry, block->offset);
    }
}

static void draw_memory(const struct amdvi_ivrs_block *block)
{
    const struct amdvi_ivrs_memory *memory = &block->memory;
    const char *kind = memory->is_exclusion ? "exclusion range"
                       : memory->is_unity   ? "unity map"
                                            : "forbidden range";
    char first[16];
    char last[16];

    printf("  m%" PRIu32 " [shape=folder, label=\"%s\\n0x%" PRIx64 ", 0x%" PRIx64 " bytes\\n",
           block->offset, kind, memory->spa_start, memory->size_bytes);
    if (memory->kind == AMDVI_IVRS_MEMORY_ALL) {
        printf("for all devices");
    } else if (memory->kind == AMDVI_IVRS_MEMORY_SELECT) {
        printf("for %s", cli_device_text(first, memory->pci_segment, memory->device_id));
    } else {
        printf("for %s to %s", cli_device_text(first, memory->pci_segment, memory->device_id),
               cli_device_text(last, memory->pci_segment, memory->last_device_id));
    }
    printf("%s\"];\n", memory->is_unity && !memory->can_write  ? "\\nread only"
                       : memory->is_unity && !memory->can_read ? "\\nwrite only"
                                                               : "");
}

void cli_ivrs_draw(const struct amdvi_ivrs_table *table)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(table);
    struct amdvi_ivrs_block block;

    printf("digraph ivrs {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
    while (amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_OK) {
        if (block.kind == AMDVI_IVRS_BLOCK_IVHD) {
            draw_unit(table, &block);
        } else if (block.kind == AMDVI_IVRS_BLOCK_IVMD) {
            draw_memory(&block);
        }
    }
    printf("}\n");
}
