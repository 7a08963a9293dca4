/* SPDX-License-Identifier: BSD-2-Clause */
/* A table into the description that builds it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ivrs.h"

static void put(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

static json_t *device_text(uint16_t device_id)
{
    char text[16];

    return cli_string("%s", cli_device_text(text, 0, device_id));
}

static json_t *range_text(uint16_t first, uint16_t last)
{
    char from[16];
    char to[16];

    return cli_string("%s-%s", cli_device_text(from, 0, first), cli_device_text(to, 0, last));
}

/* The names of the bits that are set, in the order of their positions; nothing when none is. */
static void put_bits(json_t *object, const char *key, uint8_t bits, const char *const names[8])
{
    json_t *list = json_array();

    for (unsigned i = 0; i < 8; i++) {
        if ((bits >> i & 1) != 0) {
            json_array_append_new(list, json_string(names[i]));
        }
    }
    if (json_array_size(list) != 0) {
        put(object, key, list);
    } else {
        json_decref(list);
    }
}

static const char *const unit_flags[8] = {"ht_tun_en", "pass_pw",  "res_pass_pw", "isoc",
                                          "iotlb_sup", "coherent", "pref_sup",    "ppr_sup"};
static const char *const dte_settings[8] = {"init_pass", "eint_pass", "nmi_pass",   "reserved",
                                            "sys_mgt_1", "sys_mgt_2", "lint0_pass", "lint1_pass"};

/* NULL for what has no word. */
static const char *kind_key(enum amdvi_ivrs_device_kind kind, bool *out_is_range)
{
    static const char *const keys[] = {
        [AMDVI_IVRS_DEVICE_SELECT] = "select",
        [AMDVI_IVRS_DEVICE_RANGE] = "range",
        [AMDVI_IVRS_DEVICE_ALIAS_SELECT] = "alias",
        [AMDVI_IVRS_DEVICE_ALIAS_RANGE] = "alias_range",
        [AMDVI_IVRS_DEVICE_EXTENDED_SELECT] = "extended",
        [AMDVI_IVRS_DEVICE_EXTENDED_RANGE] = "extended_range",
        [AMDVI_IVRS_DEVICE_IOAPIC] = "ioapic",
        [AMDVI_IVRS_DEVICE_HPET] = "hpet",
    };

    *out_is_range = kind == AMDVI_IVRS_DEVICE_RANGE || kind == AMDVI_IVRS_DEVICE_ALIAS_RANGE ||
                    kind == AMDVI_IVRS_DEVICE_EXTENDED_RANGE;
    return (unsigned)kind <= AMDVI_IVRS_DEVICE_HPET ? keys[kind] : NULL;
}

static json_t *write_device(const struct amdvi_ivrs_device *device)
{
    bool is_range;
    const char *key = kind_key(device->kind, &is_range);
    json_t *object = json_object();

    if (key == NULL) {
        json_decref(object);
        return NULL;
    }
    if (device->kind == AMDVI_IVRS_DEVICE_IOAPIC || device->kind == AMDVI_IVRS_DEVICE_HPET) {
        put(object, key, cli_string("%u", device->handle));
        put(object, "device", device_text(device->device_id));
    } else if (is_range) {
        put(object, key, range_text(device->device_id, device->last_device_id));
    } else {
        put(object, key, device_text(device->device_id));
    }
    if (device->kind == AMDVI_IVRS_DEVICE_ALIAS_SELECT ||
        device->kind == AMDVI_IVRS_DEVICE_ALIAS_RANGE) {
        put(object, "source", device_text(device->source_device_id));
    }
    if (device->ats_disabled) {
        put(object, "ats_disabled", json_string("true"));
    }
    put_bits(object, "settings", device->dte_setting, dte_settings);
    return object;
}

/*
 * Whether the last entry of a list is what the builder adds to make a block long enough: one more
 * mention of the last device that is no IOAPIC or HPET.
 */
static bool is_filler(json_t *devices)
{
    size_t count = json_array_size(devices);
    json_t *last = json_array_get(devices, count - 1);
    size_t before = count - 1;
    bool is_range = true;

    while (before > 0) {
        json_t *object = json_array_get(devices, before - 1);
        if (json_object_get(object, "ioapic") == NULL && json_object_get(object, "hpet") == NULL) {
            break;
        }
        before--;
    }
    if (count < 2 || before == 0) {
        return false;
    }
    json_t *model = json_copy(json_array_get(devices, before - 1));
    for (unsigned kind = AMDVI_IVRS_DEVICE_SELECT; kind < AMDVI_IVRS_DEVICE_IOAPIC; kind++) {
        bool is_kind_range;
        const char *key = kind_key((enum amdvi_ivrs_device_kind)kind, &is_kind_range);
        const char *dash = strchr(cli_text(model, key), '-');
        if (is_kind_range && dash != NULL && is_range) {
            bool is_known;
            put(model, kind_key((enum amdvi_ivrs_device_kind)(kind - 1), &is_known),
                cli_string("%s", dash + 1));
            json_object_del(model, key);
            is_range = false;
        }
    }
    bool is_equal = json_equal(model, last) != 0;
    json_decref(model);
    return is_equal;
}

static json_t *write_devices(const struct amdvi_ivrs_table *table,
                             const struct amdvi_ivrs_block *block)
{
    struct amdvi_ivrs_entry_cursor cursor = amdvi_ivrs_entries(table, block);
    struct amdvi_ivrs_entry entry;
    enum amdvi_ivrs_status status;
    json_t *devices = json_array();
    uint32_t size = block->size_bytes;

    while ((status = amdvi_ivrs_next_entry(&cursor, &entry)) == AMDVI_IVRS_OK) {
        json_t *device = write_device(&entry.device);
        if (device == NULL) {
            break;
        }
        json_array_append_new(devices, device);
    }
    if (status != AMDVI_IVRS_END) {
        json_decref(devices);
        return NULL;
    }
    while (json_array_size(devices) > 1 && is_filler(devices)) {
        json_t *last = json_array_get(devices, json_array_size(devices) - 1);
        size -= json_object_get(last, "select") != NULL ? 4 : 8;
        if (size >= 40) {
            break; /* long enough without it: somebody wrote it down */
        }
        json_array_remove(devices, json_array_size(devices) - 1);
    }
    return devices;
}

static json_t *write_unit(const struct amdvi_ivrs_table *table,
                          const struct amdvi_ivrs_block *block)
{
    const struct amdvi_ivrs_unit *unit = &block->unit;
    json_t *devices = write_devices(table, block);
    json_t *object = json_object();

    if (devices == NULL) {
        json_decref(object);
        return NULL;
    }
    put(object, "device", device_text(unit->device_id));
    if (unit->pci_segment != 0) {
        put(object, "segment", cli_string("0x%x", unit->pci_segment));
    }
    put(object, "capability", cli_string("0x%x", unit->capability_offset));
    put(object, "window", cli_string("0x%" PRIx64, unit->window_spa));
    put_bits(object, "flags", unit->flags, unit_flags);
    if (unit->msi_num != 0) {
        put(object, "msi_num", cli_string("%u", unit->msi_num));
    }
    if (unit->unit_id != 0) {
        put(object, "unit_id", cli_string("%u", unit->unit_id));
    }
    put(object, "devices", devices);
    return object;
}

static json_t *write_memory(const struct amdvi_ivrs_memory *memory)
{
    json_t *object = json_object();
    const char *access = memory->is_exclusion                    ? "exclusion"
                         : memory->can_read && memory->can_write ? "read-write"
                         : memory->can_read                      ? "read"
                                                                 : "write";

    switch (memory->kind) {
    case AMDVI_IVRS_MEMORY_ALL:
        put(object, "devices", json_string("all"));
        break;
    case AMDVI_IVRS_MEMORY_SELECT:
        put(object, "devices", device_text(memory->device_id));
        break;
    case AMDVI_IVRS_MEMORY_RANGE:
        put(object, "devices", range_text(memory->device_id, memory->last_device_id));
        break;
    }
    if (memory->pci_segment != 0) {
        put(object, "segment", cli_string("0x%x", memory->pci_segment));
    }
    put(object, "start", cli_string("0x%" PRIx64, memory->spa_start));
    put(object, "size", cli_string("0x%" PRIx64, memory->size_bytes));
    put(object, "access", json_string(access));
    return object;
}

/* Padding of the header's strings, which the builder adds. */
static json_t *padded_text(const uint8_t *bytes, unsigned size)
{
    while (size > 0 && (bytes[size - 1] == ' ' || bytes[size - 1] == 0)) {
        size--;
    }
    json_t *text = json_stringn((const char *)bytes, size);
    return text != NULL ? text : json_string("?");
}

static json_t *write_header(const struct amdvi_ivrs_table *table)
{
    json_t *tree = json_object();

    put(tree, "oem_id", padded_text(table->oem_id, 6));
    put(tree, "oem_table_id", padded_text(table->oem_table_id, 8));
    put(tree, "oem_revision", cli_string("%" PRIu32, table->oem_revision));
    put(tree, "creator_id", padded_text(table->creator_id, 4));
    put(tree, "creator_revision", cli_string("%" PRIu32, table->creator_revision));
    put(tree, "va_bits", cli_string("%u", table->va_bits));
    put(tree, "pa_bits", cli_string("%u", table->pa_bits));
    if (table->ht_ats_reserved) {
        put(tree, "ht_ats_reserved", json_string("true"));
    }
    if (table->dma_protection) {
        put(tree, "dma_protection", json_string("true"));
    }
    return tree;
}

/* In words; NULL where words are missing. */
static json_t *write_words(const struct amdvi_ivrs_table *table)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(table);
    struct amdvi_ivrs_block block;
    enum amdvi_ivrs_status status;
    json_t *tree = write_header(table);
    json_t *units = json_array();
    json_t *memory = json_array();
    bool is_told = true;

    while (is_told && (status = amdvi_ivrs_next_block(&cursor, &block)) != AMDVI_IVRS_END) {
        json_t *unit = NULL;
        is_told = status == AMDVI_IVRS_OK;
        if (is_told && block.kind == AMDVI_IVRS_BLOCK_IVHD && block.type == 0x10) {
            unit = write_unit(table, &block);
            is_told = unit != NULL && json_array_append_new(units, unit) == 0;
        } else if (is_told && block.kind == AMDVI_IVRS_BLOCK_IVMD) {
            json_array_append_new(memory, write_memory(&block.memory));
        } else {
            is_told = false;
        }
    }
    put(tree, "iommus", units);
    if (json_array_size(memory) != 0) {
        put(tree, "reserved_memory", memory);
    } else {
        json_decref(memory);
    }
    if (!is_told) {
        json_decref(tree);
        return NULL;
    }
    return tree;
}

static void push_raw(json_t *list, const char *name, const uint8_t *bytes, uint32_t size)
{
    if (size != 0) {
        json_t *part = json_object();

        put(part, "part", json_string(name));
        put(part, "bytes", cli_bytes(bytes, size));
        json_array_append_new(list, part);
    }
}

static json_t *write_raw(const struct amdvi_ivrs_table *table)
{
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(table);
    struct amdvi_ivrs_block block;
    json_t *list = json_array();
    uint32_t end = 48;
    char name[64];

    push_raw(list, "header", table->bytes, 48);
    while (amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_OK) {
        end = block.offset + block.size_bytes;
        push_raw(list, cli_ivrs_block_name(name, &block), table->bytes + block.offset,
                 block.size_bytes);
    }
    push_raw(list, "unreadable", table->bytes + end, table->size_bytes - end);
    json_t *tree = json_object();
    put(tree, "raw", list);
    return tree;
}

static bool is_rebuilt(const json_t *tree, const struct amdvi_ivrs_table *table)
{
    char error[160];
    uint8_t *bytes;
    uint32_t size = cli_ivrs_build_tree(tree, &bytes, error, sizeof(error));
    bool is_same = size == table->size_bytes && memcmp(bytes, table->bytes, size) == 0;

    if (size != 0) {
        free(bytes);
    }
    return is_same;
}

json_t *cli_ivrs_write(const struct amdvi_ivrs_table *table)
{
    json_t *tree = write_words(table);

    if (tree != NULL && is_rebuilt(tree, table)) {
        return tree;
    }
    if (tree != NULL) {
        put(tree, "allow_no_southbridge_ioapic", json_string("true"));
        if (is_rebuilt(tree, table)) {
            return tree;
        }
        json_decref(tree);
    }
    return write_raw(table);
}
