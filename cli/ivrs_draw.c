/* SPDX-License-Identifier: BSD-2-Clause */
/* amdvi ivrs draw: IOMMUs, the buses and devices behind them, aliases, IOAPICs, reserved memory. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ivrs.h"

#define NAME_BYTES 9

/* ---- The graph ------------------------------------------------------------------------------- */

/* A node of a block or an entry at @offset, whose lines are yet to be added; they are returned. */
static json_t *add_node(json_t *graph, const char *kind, uint32_t offset)
{
    json_t *lines = json_array();

    json_array_append_new(json_object_get(graph, "nodes"),
                          json_pack("{s:o, s:s, s:o}", "id", cli_string("%s%" PRIu32, kind, offset),
                                    "kind", kind, "lines", lines));
    return lines;
}

/* Of the requester ids of an entry, behind what they are. */
static void add_range(json_t *lines, const char *what, const struct amdvi_ivrs_device *device)
{
    char first[16];
    char last[16];
    unsigned buses = (device->last_device_id >> 8) - (device->device_id >> 8) + 1u;

    cli_device_text(first, 0, device->device_id);
    if (device->device_id == device->last_device_id) {
        json_array_append_new(lines, cli_string("%s%s", what, first));
        return;
    }
    json_array_append_new(lines, cli_string("%s%s to %s", what, first,
                                            cli_device_text(last, 0, device->last_device_id)));
    json_array_append_new(lines, cli_string("%u bus%s", buses, buses == 1 ? "" : "es"));
}

/* A table may hold anything. */
static const char *name_of(char text[NAME_BYTES], const uint8_t *name)
{
    unsigned length = 0;

    for (; length < NAME_BYTES - 1 && name[length] != 0; length++) {
        text[length] = (char)(isalnum(name[length]) != 0 ? name[length] : '?');
    }
    text[length] = '\0';
    return text;
}

/* What the entry is for, where it is not just a device; what stands before its requester ids. */
static const char *add_purpose(json_t *lines, const struct amdvi_ivrs_entry *entry)
{
    char name[NAME_BYTES];

    switch (entry->device.kind) {
    case AMDVI_IVRS_DEVICE_IOAPIC:
        json_array_append_new(lines, cli_string("IOAPIC %u", entry->device.handle));
        return "as ";
    case AMDVI_IVRS_DEVICE_HPET:
        json_array_append_new(lines, cli_string("HPET %u", entry->device.handle));
        return "as ";
    case AMDVI_IVRS_DEVICE_ACPI_HID:
        json_array_append_new(lines, cli_string("ACPI device %s", name_of(name, entry->hid)));
        return "as ";
    case AMDVI_IVRS_DEVICE_SPECIAL_OTHER:
        json_array_append_new(lines, json_string("special device"));
        return "as ";
    case AMDVI_IVRS_DEVICE_ALL:
        json_array_append_new(lines, json_string("all devices"));
        break;
    case AMDVI_IVRS_DEVICE_UNKNOWN:
        json_array_append_new(lines, cli_string("entry of unknown type %02xh", entry->type));
        break;
    case AMDVI_IVRS_DEVICE_SELECT:
    case AMDVI_IVRS_DEVICE_RANGE:
    case AMDVI_IVRS_DEVICE_ALIAS_SELECT:
    case AMDVI_IVRS_DEVICE_ALIAS_RANGE:
    case AMDVI_IVRS_DEVICE_EXTENDED_SELECT:
    case AMDVI_IVRS_DEVICE_EXTENDED_RANGE:
        break;
    }
    return "";
}

/* A node for the entry, and an edge to its IOMMU. */
static void add_entry(json_t *graph, const struct amdvi_ivrs_entry *entry, uint32_t unit)
{
    const struct amdvi_ivrs_device *device = &entry->device;
    bool is_alias = device->kind == AMDVI_IVRS_DEVICE_ALIAS_SELECT ||
                    device->kind == AMDVI_IVRS_DEVICE_ALIAS_RANGE;
    char source[16];

    json_t *lines = add_node(graph, "devices", entry->offset);
    add_range(lines, add_purpose(lines, entry), device);
    if (device->ats_disabled) {
        json_array_append_new(lines, json_string("no ATS"));
    }
    json_t *edge = json_pack("{s:o, s:o}", "from", cli_string("devices%" PRIu32, entry->offset),
                             "to", cli_string("iommu%" PRIu32, unit));
    if (is_alias) {
        cli_device_text(source, 0, device->source_device_id);
        json_object_set_new(edge, "as", json_string(source));
    }
    json_array_append_new(json_object_get(graph, "edges"), edge);
}

static void add_unit(json_t *graph, const struct amdvi_ivrs_table *table,
                     const struct amdvi_ivrs_block *block)
{
    struct amdvi_ivrs_entry_cursor cursor = amdvi_ivrs_entries(table, block);
    struct amdvi_ivrs_entry entry;
    char device[16];
    json_t *lines = add_node(graph, "iommu", block->offset);

    cli_device_text(device, block->unit.pci_segment, block->unit.device_id);
    json_array_append_new(lines, cli_string("IOMMU %s", device));
    json_array_append_new(lines, cli_string("IVHD %02xh, registers at 0x%" PRIx64, block->type,
                                            block->unit.window_spa));
    while (amdvi_ivrs_next_entry(&cursor, &entry) == AMDVI_IVRS_OK) {
        add_entry(graph, &entry, block->offset);
    }
}

static void add_memory(json_t *graph, const struct amdvi_ivrs_block *block)
{
    const struct amdvi_ivrs_memory *memory = &block->memory;
    const char *kind = memory->is_exclusion ? "exclusion range"
                       : memory->is_unity   ? "unity map"
                                            : "forbidden range";
    char first[16];
    char last[16];
    json_t *lines = add_node(graph, "memory", block->offset);

    cli_device_text(first, memory->pci_segment, memory->device_id);
    cli_device_text(last, memory->pci_segment, memory->last_device_id);
    json_array_append_new(lines, json_string(kind));
    json_array_append_new(lines, cli_string("0x%" PRIx64 ", 0x%" PRIx64 " bytes", memory->spa_start,
                                            memory->size_bytes));
    json_array_append_new(lines, memory->kind == AMDVI_IVRS_MEMORY_ALL
                                     ? json_string("for all devices")
                                 : memory->kind == AMDVI_IVRS_MEMORY_SELECT
                                     ? cli_string("for %s", first)
                                     : cli_string("for %s to %s", first, last));
    if (memory->is_unity && !(memory->can_read && memory->can_write)) {
        json_array_append_new(lines, json_string(memory->can_write ? "write only" : "read only"));
    }
}

json_t *cli_ivrs_graph(const struct amdvi_ivrs_table *table)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(table);
    struct amdvi_ivrs_block block;
    json_t *graph = json_pack("{s:[], s:[]}", "nodes", "edges");

    while (amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_OK) {
        if (block.kind == AMDVI_IVRS_BLOCK_IVHD) {
            add_unit(graph, table, &block);
        } else if (block.kind == AMDVI_IVRS_BLOCK_IVMD) {
            add_memory(graph, &block);
        }
    }
    return graph;
}

/* ---- In Graphviz's language ------------------------------------------------------------------ */

static const char *style_of(const char *kind)
{
    return strcmp(kind, "iommu") == 0    ? "shape=box, style=filled, fillcolor=lightgrey, "
           : strcmp(kind, "memory") == 0 ? "shape=folder, "
                                         : "";
}

/* No line holds a quote or a backslash, see name_of(). */
static void print_node(const json_t *node)
{
    size_t index;
    json_t *line;

    printf("  %s [%slabel=\"", cli_text(node, "id"), style_of(cli_text(node, "kind")));
    json_array_foreach(json_object_get(node, "lines"), index, line)
    {
        printf("%s%s", index != 0 ? "\\n" : "", json_string_value(line));
    }
    printf("\"];\n");
}

void cli_ivrs_draw(const json_t *graph)
{
    size_t index;
    json_t *item;

    printf("digraph ivrs {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
    json_array_foreach(json_object_get(graph, "nodes"), index, item)
    {
        print_node(item);
    }
    json_array_foreach(json_object_get(graph, "edges"), index, item)
    {
        const char *alias = cli_text(item, "as");

        printf("  %s -> %s", cli_text(item, "from"), cli_text(item, "to"));
        if (alias[0] != '\0') {
            printf(" [label=\"as %s\", style=dashed]", alias);
        }
        printf(";\n");
    }
    printf("}\n");
}
