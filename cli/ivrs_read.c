/* SPDX-License-Identifier: BSD-2-Clause */
/* A description of an IVRS as people write it, into the one that the library builds from. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ivrs.h"

/* Where in the description something is read, for messages. */
struct place {
    char name[64];
    char *error;
    size_t error_size;
};

static bool fail(const struct place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(const struct place *place, const char *format, ...)
{
    va_list arguments;
    int at = snprintf(place->error, place->error_size, "%s: ", place->name);

    va_start(arguments, format);
    vsnprintf(place->error + at, place->error_size - (size_t)at, format, arguments);
    va_end(arguments);
    return false;
}

/* Every key is one of @known, which NULL ends: a mistyped one must not pass for a missing one. */
static bool check_keys(const struct place *place, json_t *object, const char *const *known)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object)) {
        return fail(place, "keys with values are wanted here");
    }
    json_object_foreach(object, key, value)
    {
        unsigned i = 0;
        while (known[i] != NULL && strcmp(known[i], key) != 0) {
            i++;
        }
        if (known[i] == NULL) {
            return fail(place, "there is no key '%.40s'", key);
        }
    }
    return true;
}

static bool get_number(const struct place *place, const json_t *object, const char *key,
                       uint64_t max, uint64_t *out)
{
    const json_t *value = json_object_get(object, key);

    if (value == NULL) {
        return true; /* what stands in *out is the default */
    }
    const char *text = json_string_value(value);
    return (text != NULL && cli_number_parse(text, max, out)) ||
           fail(place, "%s is no number up to 0x%" PRIx64, key, max);
}

static bool get_flag(const struct place *place, const json_t *object, const char *key, bool *out)
{
    const json_t *value = json_object_get(object, key);
    const char *text = cli_text(object, key);

    if (value == NULL) {
        return true;
    }
    *out = strcmp(text, "true") == 0;
    return *out || strcmp(text, "false") == 0 || fail(place, "%s is neither true nor false", key);
}

/* "BB:DD.F", or with @out_last "BB:DD.F-BB:DD.F". No segments: the IOMMU or memory has it. */
static bool parse_device(const struct place *place, const char *text, uint16_t *out,
                         uint16_t *out_last)
{
    char first[16];
    const char *dash = out_last != NULL ? strchr(text, '-') : NULL;
    size_t length = dash != NULL ? (size_t)(dash - text) : strlen(text);
    unsigned segment;
    unsigned id = 0;
    unsigned last = 0;

    snprintf(first, sizeof(first), "%.*s", (int)(length < 15 ? length : 15), text);
    if (!cli_device_parse(first, &segment, &id) || segment != 0 ||
        (out_last != NULL &&
         (dash == NULL || !cli_device_parse(dash + 1, &segment, &last) || segment != 0))) {
        return fail(place, "'%.40s' is no %s", text,
                    out_last != NULL ? "range as 00:00.0-00:1f.7" : "device as 00:14.0");
    }
    *out = (uint16_t)id;
    if (out_last != NULL) {
        *out_last = (uint16_t)last;
    }
    return true;
}

struct flag_name {
    const char *name;
    uint8_t bit;
};

static const struct flag_name unit_flags[] = {{"ht_tun_en", AMDVI_IVRS_UNIT_HT_TUN_EN},
                                              {"pass_pw", AMDVI_IVRS_UNIT_PASS_PW},
                                              {"res_pass_pw", AMDVI_IVRS_UNIT_RES_PASS_PW},
                                              {"isoc", AMDVI_IVRS_UNIT_ISOC},
                                              {"iotlb_sup", AMDVI_IVRS_UNIT_IOTLB_SUP},
                                              {"coherent", AMDVI_IVRS_UNIT_COHERENT},
                                              {"pref_sup", AMDVI_IVRS_UNIT_PREF_SUP},
                                              {"ppr_sup", AMDVI_IVRS_UNIT_PPR_SUP},
                                              {NULL, 0}};

static const struct flag_name dte_settings[] = {{"init_pass", AMDVI_IVRS_DTE_INIT_PASS},
                                                {"eint_pass", AMDVI_IVRS_DTE_EINT_PASS},
                                                {"nmi_pass", AMDVI_IVRS_DTE_NMI_PASS},
                                                {"sys_mgt_1", 0x10},
                                                {"sys_mgt_2", 0x20},
                                                {"lint0_pass", AMDVI_IVRS_DTE_LINT0_PASS},
                                                {"lint1_pass", AMDVI_IVRS_DTE_LINT1_PASS},
                                                {NULL, 0}};

static bool get_bits(const struct place *place, const json_t *object, const char *key,
                     const struct flag_name *names, uint8_t *out)
{
    json_t *list = json_object_get(object, key);
    size_t index;
    json_t *item;

    if (list != NULL && !json_is_array(list)) {
        return fail(place, "%s is no list", key);
    }
    json_array_foreach(list, index, item)
    {
        const char *text = json_is_string(item) ? json_string_value(item) : "?";
        unsigned i = 0;
        while (names[i].name != NULL && strcmp(names[i].name, text) != 0) {
            i++;
        }
        if (names[i].name == NULL) {
            return fail(place, "%s: there is no '%.40s'", key, text);
        }
        *out |= names[i].bit;
    }
    return true;
}

struct kind_name {
    const char *key;
    enum amdvi_ivrs_device_kind kind;
    bool is_range;
};

static const struct kind_name kind_names[] = {
    {"select", AMDVI_IVRS_DEVICE_SELECT, false},
    {"range", AMDVI_IVRS_DEVICE_RANGE, true},
    {"alias", AMDVI_IVRS_DEVICE_ALIAS_SELECT, false},
    {"alias_range", AMDVI_IVRS_DEVICE_ALIAS_RANGE, true},
    {"extended", AMDVI_IVRS_DEVICE_EXTENDED_SELECT, false},
    {"extended_range", AMDVI_IVRS_DEVICE_EXTENDED_RANGE, true},
    {"ioapic", AMDVI_IVRS_DEVICE_IOAPIC, false},
    {"hpet", AMDVI_IVRS_DEVICE_HPET, false},
};

#define KIND_COUNT (sizeof(kind_names) / sizeof(kind_names[0]))

/* The keys that only some kinds of entries have. */
static bool read_device_rest(const struct place *place, json_t *object,
                             struct amdvi_ivrs_device *out)
{
    bool is_special = out->kind == AMDVI_IVRS_DEVICE_IOAPIC || out->kind == AMDVI_IVRS_DEVICE_HPET;
    bool is_alias =
        out->kind == AMDVI_IVRS_DEVICE_ALIAS_SELECT || out->kind == AMDVI_IVRS_DEVICE_ALIAS_RANGE;
    bool is_extended = out->kind == AMDVI_IVRS_DEVICE_EXTENDED_SELECT ||
                       out->kind == AMDVI_IVRS_DEVICE_EXTENDED_RANGE;

    if ((json_object_get(object, "device") != NULL) != is_special ||
        (json_object_get(object, "source") != NULL) != is_alias ||
        (json_object_get(object, "ats_disabled") != NULL && !is_extended)) {
        return fail(place, "'device' is for ioapic and hpet, 'source' for aliases, "
                           "'ats_disabled' for extended entries");
    }
    return (!is_special ||
            parse_device(place, cli_text(object, "device"), &out->device_id, NULL)) &&
           (!is_alias ||
            parse_device(place, cli_text(object, "source"), &out->source_device_id, NULL)) &&
           get_flag(place, object, "ats_disabled", &out->ats_disabled) &&
           get_bits(place, object, "settings", dte_settings, &out->dte_setting);
}

static bool read_device(const struct place *place, json_t *object, struct amdvi_ivrs_device *out)
{
    static const char *const known[] = {
        "select", "range",          "alias",    "alias_range", "extended",     "ioapic", "hpet",
        "device", "extended_range", "settings", "source",      "ats_disabled", NULL};
    const struct kind_name *kind = NULL;
    uint64_t handle = 0;

    if (!check_keys(place, object, known)) {
        return false;
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (json_object_get(object, kind_names[i].key) != NULL) {
            if (kind != NULL) {
                return fail(place, "it is both %s and %s", kind->key, kind_names[i].key);
            }
            kind = &kind_names[i];
        }
    }
    if (kind == NULL) {
        return fail(place, "it is none of select, range, alias, alias_range, extended, "
                           "extended_range, ioapic, hpet");
    }
    *out = (struct amdvi_ivrs_device){.kind = kind->kind};
    if (kind->kind == AMDVI_IVRS_DEVICE_IOAPIC || kind->kind == AMDVI_IVRS_DEVICE_HPET) {
        if (!get_number(place, object, kind->key, 255, &handle)) {
            return false;
        }
        out->handle = (uint8_t)handle;
    } else if (!parse_device(place, cli_text(object, kind->key), &out->device_id,
                             kind->is_range ? &out->last_device_id : NULL)) {
        return false;
    }
    return read_device_rest(place, object, out);
}

static bool read_unit(struct place *place, json_t *object, struct amdvi_ivrs_unit *out)
{
    static const char *const known[] = {"device",  "segment", "capability", "window", "flags",
                                        "msi_num", "unit_id", "devices",    NULL};
    uint64_t segment = 0;
    uint64_t capability = 0x40;
    uint64_t msi_num = 0;
    uint64_t unit_id = 0;

    if (!check_keys(place, object, known) ||
        !parse_device(place, cli_text(object, "device"), &out->device_id, NULL) ||
        !get_number(place, object, "segment", UINT16_MAX, &segment) ||
        !get_number(place, object, "capability", UINT16_MAX, &capability) ||
        !get_number(place, object, "window", UINT64_MAX, &out->window_spa) ||
        !get_number(place, object, "msi_num", 31, &msi_num) ||
        !get_number(place, object, "unit_id", 31, &unit_id) ||
        !get_bits(place, object, "flags", unit_flags, &out->flags)) {
        return false;
    }
    out->pci_segment = (uint16_t)segment;
    out->capability_offset = (uint16_t)capability;
    out->msi_num = (uint8_t)msi_num;
    out->unit_id = (uint8_t)unit_id;
    return true;
}

static bool read_units(struct place *place, struct cli_ivrs_description *out, json_t *list)
{
    size_t count = json_array_size(list);

    if (!json_is_array(list) || count == 0) {
        return fail(place, "a list of IOMMUs is wanted");
    }
    out->units = calloc(count, sizeof(*out->units));
    out->devices = calloc(count + 1, sizeof(struct amdvi_ivrs_device *));
    out->description.units = out->units;
    for (size_t i = 0; i < count && out->units != NULL && out->devices != NULL; i++) {
        json_t *object = json_array_get(list, i);
        json_t *devices = json_object_get(object, "devices");
        size_t device_count = json_array_size(devices);
        snprintf(place->name, sizeof(place->name), "iommus[%zu]", i);
        if (!read_unit(place, object, &out->units[i].unit)) {
            return false;
        }
        out->devices[i] = calloc(device_count + 1, sizeof(**out->devices));
        out->units[i].devices = out->devices[i];
        out->units[i].device_count = (uint32_t)device_count;
        out->description.unit_count++;
        for (size_t d = 0; d < device_count && out->devices[i] != NULL; d++) {
            snprintf(place->name, sizeof(place->name), "iommus[%zu].devices[%zu]", i, d);
            if (!read_device(place, json_array_get(devices, d), &out->devices[i][d])) {
                return false;
            }
        }
    }
    return out->description.unit_count == count || fail(place, "there is not enough memory");
}

static bool read_memory_access(const struct place *place, const char *access,
                               struct amdvi_ivrs_memory *out)
{
    out->is_exclusion = strcmp(access, "exclusion") == 0;
    out->is_unity = !out->is_exclusion;
    out->can_read = strcmp(access, "read") == 0 || strcmp(access, "read-write") == 0;
    out->can_write = strcmp(access, "write") == 0 || strcmp(access, "read-write") == 0;
    return out->is_exclusion || out->can_read || out->can_write ||
           fail(place, "access is read, write, read-write or exclusion");
}

static bool read_memory(const struct place *place, json_t *object, struct amdvi_ivrs_memory *out)
{
    static const char *const known[] = {"devices", "segment", "start", "size", "access", NULL};
    uint64_t segment = 0;
    const char *devices = cli_text(object, "devices");

    if (!check_keys(place, object, known) ||
        !get_number(place, object, "segment", UINT16_MAX, &segment) ||
        !get_number(place, object, "start", UINT64_MAX, &out->spa_start) ||
        !get_number(place, object, "size", UINT64_MAX, &out->size_bytes) ||
        !read_memory_access(place, cli_text(object, "access"), out)) {
        return false;
    }
    out->pci_segment = (uint16_t)segment;
    if (strcmp(devices, "all") == 0) {
        out->kind = AMDVI_IVRS_MEMORY_ALL;
        return true;
    }
    bool is_range = strchr(devices, '-') != NULL;
    out->kind = is_range ? AMDVI_IVRS_MEMORY_RANGE : AMDVI_IVRS_MEMORY_SELECT;
    return parse_device(place, devices, &out->device_id, is_range ? &out->last_device_id : NULL);
}

static bool read_memories(struct place *place, struct cli_ivrs_description *out, json_t *list)
{
    size_t count = json_array_size(list);

    if (list != NULL && !json_is_array(list)) {
        return fail(place, "reserved_memory is no list");
    }
    out->memory = calloc(count + 1, sizeof(*out->memory));
    if (out->memory == NULL) {
        return fail(place, "there is not enough memory");
    }
    out->description.memory = out->memory;
    out->description.memory_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        snprintf(place->name, sizeof(place->name), "reserved_memory[%zu]", i);
        if (!read_memory(place, json_array_get(list, i), &out->memory[i])) {
            return false;
        }
    }
    return true;
}

static bool read_table(const struct place *place, struct cli_ivrs_description *out, json_t *tree)
{
    static const char *const known[] = {"oem_id",
                                        "oem_table_id",
                                        "oem_revision",
                                        "creator_id",
                                        "creator_revision",
                                        "va_bits",
                                        "pa_bits",
                                        "ht_ats_reserved",
                                        "dma_protection",
                                        "allow_no_southbridge_ioapic",
                                        "iommus",
                                        "reserved_memory",
                                        NULL};
    static const char *const names[] = {"oem_id", "oem_table_id", "creator_id"};
    struct amdvi_ivrs_description *table = &out->description;
    uint64_t va_bits = 64;
    uint64_t pa_bits = 48;
    uint64_t oem_revision = 1;
    uint64_t creator_revision = 1;

    if (!check_keys(place, tree, known) || !get_number(place, tree, "va_bits", 255, &va_bits) ||
        !get_number(place, tree, "pa_bits", 255, &pa_bits) ||
        !get_number(place, tree, "oem_revision", UINT32_MAX, &oem_revision) ||
        !get_number(place, tree, "creator_revision", UINT32_MAX, &creator_revision) ||
        !get_flag(place, tree, "ht_ats_reserved", &table->ht_ats_reserved) ||
        !get_flag(place, tree, "dma_protection", &table->dma_protection) ||
        !get_flag(place, tree, "allow_no_southbridge_ioapic",
                  &table->allow_no_southbridge_ioapic)) {
        return false;
    }
    for (unsigned i = 0; i < 3; i++) {
        out->strings[i] = strdup(cli_text(tree, names[i]));
    }
    table->oem_id = out->strings[0];
    table->oem_table_id = out->strings[1];
    table->creator_id = out->strings[2];
    table->va_bits = (uint8_t)va_bits;
    table->pa_bits = (uint8_t)pa_bits;
    table->oem_revision = (uint32_t)oem_revision;
    table->creator_revision = (uint32_t)creator_revision;
    return true;
}

bool cli_ivrs_read(struct cli_ivrs_description *out, const json_t *tree, char *error,
                   size_t error_size)
{
    struct place place = {.name = "description", .error = error, .error_size = error_size};
    union {
        const json_t *in;
        json_t *out;
    } root = {.in = tree}; /* iterating changes nothing, but the interface is not const */

    *out = (struct cli_ivrs_description){0};
    return read_table(&place, out, root.out) &&
           read_units(&place, out, json_object_get(tree, "iommus")) &&
           read_memories(&place, out, json_object_get(tree, "reserved_memory"));
}

void cli_ivrs_description_free(struct cli_ivrs_description *description)
{
    for (uint32_t i = 0; description->devices != NULL && i < description->description.unit_count;
         i++) {
        free(description->devices[i]);
    }
    free(description->devices);
    free(description->units);
    free(description->memory);
    for (unsigned i = 0; i < 3; i++) {
        free(description->strings[i]);
    }
}
