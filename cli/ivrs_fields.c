/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every field of a table with its offset, also of one that is broken: what the library's parser
 * would refuse is shown as far as it goes. So this has offsets of its own; that they are right is
 * tested against the disassembler of ACPICA.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ivrs.h"

enum form {
    NUMBER,
    STRING,
    DEVICE,
    BLOCK_TYPE,
    ENTRY_TYPE,
    IVINFO,
    UNIT_INFO,
    UNIT_FLAGS,
    MEMORY_FLAGS,
    SETTING,
    VARIETY,
    EXTENDED
};

struct row {
    const char *name;
    uint8_t offset;
    uint8_t size;
    enum form form;
};

struct walk {
    const uint8_t *bytes;
    uint32_t size;
    json_t *blocks;
    json_t *fields; /* of the block at hand */
};

static const struct row header_rows[] = {
    {"Signature", 0, 4, STRING},         {"Length", 4, 4, NUMBER},
    {"Revision", 8, 1, NUMBER},          {"Checksum", 9, 1, NUMBER},
    {"OEM ID", 10, 6, STRING},           {"OEM Table ID", 16, 8, STRING},
    {"OEM Revision", 24, 4, NUMBER},     {"Creator ID", 28, 4, STRING},
    {"Creator Revision", 32, 4, NUMBER}, {"IVinfo", 36, 4, IVINFO},
    {"Reserved", 40, 8, NUMBER},
};
static const struct row ivhd_rows[] = {
    {"Type", 0, 1, BLOCK_TYPE},
    {"Flags", 1, 1, UNIT_FLAGS},
    {"Length", 2, 2, NUMBER},
    {"DeviceID", 4, 2, DEVICE},
    {"Capability Offset", 6, 2, NUMBER},
    {"Base Address", 8, 8, NUMBER},
    {"PCI Segment", 16, 2, NUMBER},
    {"IOMMU Info", 18, 2, UNIT_INFO},
};
static const struct row ivhd10_rows[] = {{"Feature Reporting", 20, 4, NUMBER}};
static const struct row ivhd11_rows[] = {
    {"Attributes", 20, 4, NUMBER}, {"EFR Image", 24, 8, NUMBER}, {"EFR2 Image", 32, 8, NUMBER}};
static const struct row ivmd_rows[] = {
    {"Type", 0, 1, BLOCK_TYPE},       {"Flags", 1, 1, MEMORY_FLAGS},    {"Length", 2, 2, NUMBER},
    {"DeviceID", 4, 2, DEVICE},       {"Auxiliary Data", 6, 2, DEVICE}, {"Reserved", 8, 8, NUMBER},
    {"Start Address", 16, 8, NUMBER}, {"Memory Length", 24, 8, NUMBER},
};
static const struct row unknown_rows[] = {{"Type", 0, 1, BLOCK_TYPE},
                                          {"Flags", 1, 1, NUMBER},
                                          {"Length", 2, 2, NUMBER},
                                          {"Data", 4, 2, NUMBER}};

static const struct row short_rows[] = {
    {"Entry Type", 0, 1, ENTRY_TYPE}, {"DeviceID", 1, 2, DEVICE}, {"DTE Setting", 3, 1, SETTING}};
/* In the pieces in which other tools print them. */
static const struct row padding_rows[] = {
    {"Padding", 1, 2, NUMBER}, {"Padding", 3, 1, NUMBER}, {"Padding", 4, 4, NUMBER}};
static const struct row alias_rows[] = {
    {"Reserved", 4, 1, NUMBER}, {"Source DeviceID", 5, 2, DEVICE}, {"Reserved", 7, 1, NUMBER}};
static const struct row extended_rows[] = {{"Extended Data", 4, 4, EXTENDED}};
static const struct row special_rows[] = {
    {"Handle", 4, 1, NUMBER}, {"Source DeviceID", 5, 2, DEVICE}, {"Variety", 7, 1, VARIETY}};
static const struct row hid_rows[] = {{"HID", 4, 8, STRING},
                                      {"CID", 12, 8, STRING},
                                      {"UID Format", 20, 1, NUMBER},
                                      {"UID Length", 21, 1, NUMBER}};

#define ROWS(rows) (rows), sizeof(rows) / sizeof((rows)[0])

static uint64_t load(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size && i < 8; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

static const char *block_type(uint64_t type)
{
    switch (type) {
    case 0x10:
        return "IVHD: an IOMMU";
    case 0x11:
        return "IVHD: an IOMMU, with its features";
    case 0x40:
        return "IVHD: an IOMMU, with its features and ACPI devices";
    case 0x20:
        return "IVMD: memory for all devices";
    case 0x21:
        return "IVMD: memory for a device";
    case 0x22:
        return "IVMD: memory for a range of devices";
    default:
        return "unknown";
    }
}

static const char *entry_type(uint64_t type)
{
    static const char *const names[256] = {
        [0x00] = "padding",
        [0x01] = "all devices",
        [0x02] = "one device",
        [0x03] = "start of a range",
        [0x04] = "end of a range",
        [0x40] = "padding",
        [0x42] = "alias of a device",
        [0x43] = "start of a range of aliases",
        [0x46] = "one device, extended",
        [0x47] = "start of a range, extended",
        [0x48] = "IOAPIC or HPET",
        [0xf0] = "ACPI device",
    };

    return names[type & 0xff] != NULL ? names[type & 0xff] : "unknown";
}

/* The names of the bits that are set. */
static void list_bits(char *text, size_t room, uint64_t bits, const char *const names[8])
{
    size_t at = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < 8; i++) {
        if ((bits >> i & 1) != 0 && at < room) {
            at += (size_t)snprintf(text + at, room - at, "%s%s", at == 0 ? "" : ", ", names[i]);
        }
    }
}

static void describe(char *text, size_t room, enum form form, uint64_t value)
{
    static const char *const unit_flags[8] = {"HtTunEn",       "PassPW",      "ResPassPW",
                                              "Isoc",          "IotlbSup",    "Coherent (2.x)",
                                              "PreFSup (2.x)", "PPRSup (2.x)"};
    static const char *const memory_flags[8] = {"unity map",       "readable", "writable",
                                                "exclusion range", "reserved", "reserved",
                                                "reserved",        "reserved"};
    static const char *const settings[8] = {"INITPass", "EIntPass", "NMIPass",   "reserved",
                                            "SysMgt 1", "SysMgt 2", "Lint0Pass", "Lint1Pass"};
    char device[16];

    text[0] = '\0';
    switch (form) {
    case NUMBER:
    case STRING:
        break;
    case DEVICE:
        snprintf(text, room, "%s", cli_device_text(device, 0, (unsigned)value));
        break;
    case BLOCK_TYPE:
        snprintf(text, room, "%s", block_type(value));
        break;
    case ENTRY_TYPE:
        snprintf(text, room, "%s", entry_type(value));
        break;
    case IVINFO:
        snprintf(text, room, "%u-bit device and %u-bit system addresses%s%s%s",
                 (unsigned)(value >> 15 & 0x7f), (unsigned)(value >> 8 & 0x7f),
                 (value & 1) != 0 ? ", EFRSup" : "",
                 (value & 2) != 0 ? ", DMA blocked at boot" : "",
                 (value >> 22 & 1) != 0 ? ", HtAtsResv" : "");
        break;
    case UNIT_INFO:
        snprintf(text, room, "MsiNum %u, UnitID %u", (unsigned)(value & 0x1f),
                 (unsigned)(value >> 8 & 0x1f));
        break;
    case UNIT_FLAGS:
        list_bits(text, room, value, unit_flags);
        break;
    case MEMORY_FLAGS:
        list_bits(text, room, value, memory_flags);
        break;
    case SETTING:
        list_bits(text, room, value, settings);
        break;
    case VARIETY:
        snprintf(text, room, "%s", value == 1 ? "IOAPIC" : value == 2 ? "HPET" : "unknown");
        break;
    case EXTENDED:
        snprintf(text, room, "%s", (value >> 31 & 1) != 0 ? "ATS disabled" : "");
        break;
    }
}

static void push(const struct walk *walk, uint32_t at, uint32_t size, const char *name,
                 enum form form)
{
    const uint8_t *bytes = walk->bytes + at;
    json_t *row = json_object();
    char text[160];

    json_object_set_new(row, "offset", cli_string("0x%03" PRIx32, at));
    json_object_set_new(row, "bytes", cli_string("%" PRIu32, size));
    json_object_set_new(row, "field", json_string(name));
    if (form == STRING) {
        size_t length = 0;
        for (uint32_t i = 0; i < size && i < sizeof(text) - 1; i++) {
            text[length++] = (char)(isprint(bytes[i]) != 0 ? bytes[i] : '.');
        }
        text[length] = '\0';
        json_object_set_new(row, "value", cli_string("\"%s\"", text));
        json_object_set_new(row, "meaning", json_string(""));
    } else {
        uint64_t value = load(bytes, size);
        describe(text, sizeof(text), form, value);
        json_object_set_new(row, "value", cli_string("0x%0*" PRIx64, (int)size * 2, value));
        json_object_set_new(row, "meaning", cli_string("%s", text));
    }
    json_array_append_new(walk->fields, row);
}

/* The rows that lie before @end. */
static void push_rows(const struct walk *walk, uint32_t at, uint32_t end, const struct row *rows,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (at + rows[i].offset + rows[i].size <= end) {
            push(walk, at + rows[i].offset, rows[i].size, rows[i].name, rows[i].form);
        }
    }
}

static void note(const struct walk *walk, uint32_t at, const char *text)
{
    json_t *row = json_object();

    json_object_set_new(row, "offset", cli_string("0x%03" PRIx32, at));
    json_object_set_new(row, "field", json_string("unreadable"));
    json_object_set_new(row, "meaning", json_string(text));
    json_object_set_new(row, "mark", json_string("bad"));
    json_array_append_new(walk->fields, row);
}

static void open_block(struct walk *walk, uint32_t at, const char *name)
{
    json_t *block = json_object();

    walk->fields = json_array();
    json_object_set_new(block, "name", json_string(name));
    json_object_set_new(block, "offset", cli_string("0x%03" PRIx32, at));
    json_object_set_new(block, "fields", walk->fields);
    json_array_append_new(walk->blocks, block);
}

/* How long an entry is, by its type; 0 when nothing says. */
static uint32_t entry_bytes(const uint8_t *bytes, uint32_t room)
{
    if (bytes[0] == 0xf0) {
        return room > 21 ? 22 + (uint32_t)bytes[21] : 22;
    }
    return bytes[0] > 0xf0 ? 0 : UINT32_C(4) << (bytes[0] >> 6);
}

static void push_entry(const struct walk *walk, uint32_t at, uint32_t size)
{
    const uint8_t *bytes = walk->bytes + at;
    uint32_t end = at + size;

    if (bytes[0] == 0x00 || bytes[0] == 0x40) {
        push(walk, at, 1, "Entry Type", ENTRY_TYPE);
        push_rows(walk, at, end, ROWS(padding_rows));
        return;
    }
    push_rows(walk, at, end, ROWS(short_rows));
    switch (bytes[0]) {
    case 0x42:
    case 0x43:
        push_rows(walk, at, end, ROWS(alias_rows));
        break;
    case 0x46:
    case 0x47:
        push_rows(walk, at, end, ROWS(extended_rows));
        break;
    case 0x48:
        push_rows(walk, at, end, ROWS(special_rows));
        break;
    case 0xf0:
        push_rows(walk, at, end, ROWS(hid_rows));
        if (size > 22) {
            push(walk, at + 22, size - 22, "UID", bytes[20] == 1 ? NUMBER : STRING);
        }
        break;
    default:
        for (uint32_t offset = 4; offset < size; offset += 4) {
            push(walk, at + offset, 4, "Data", NUMBER);
        }
        break;
    }
}

static void push_entries(const struct walk *walk, uint32_t at, uint32_t end)
{
    while (at < end) {
        uint32_t size = entry_bytes(walk->bytes + at, end - at);
        if (size == 0 || size > end - at) {
            push_rows(walk, at, end, ROWS(short_rows));
            note(walk, at,
                 size == 0 ? "nothing says how long this entry is"
                           : "the entry does not end within its block");
            return;
        }
        push_entry(walk, at, size);
        at += size;
    }
}

static void push_block(struct walk *walk, uint32_t at, uint32_t end)
{
    uint8_t type = walk->bytes[at];
    bool is_ivhd = type == 0x10 || type == 0x11 || type == 0x40;
    uint32_t head = type == 0x10 ? 24 : 40;

    open_block(walk, at, block_type(type));
    if (is_ivhd) {
        push_rows(walk, at, end, ROWS(ivhd_rows));
        if (type == 0x10) {
            push_rows(walk, at, end, ROWS(ivhd10_rows));
        } else {
            push_rows(walk, at, end, ROWS(ivhd11_rows));
        }
        if (end - at > head) {
            push_entries(walk, at + head, end);
        }
    } else if (type >= 0x20 && type <= 0x22) {
        push_rows(walk, at, end, ROWS(ivmd_rows));
    } else {
        push_rows(walk, at, end, ROWS(unknown_rows));
    }
}

static void push_blocks(struct walk *walk)
{
    uint32_t at = 48;

    while (at < walk->size) {
        uint32_t room = walk->size - at;
        uint32_t length = room >= 4 ? (uint32_t)load(walk->bytes + at + 2, 2) : 0;
        if (length < 4 || length > room) {
            open_block(walk, at, "what follows");
            if (room >= 4) {
                push_rows(walk, at, walk->size, ROWS(unknown_rows));
            }
            note(walk, at,
                 length < 4 ? "the block has no length"
                            : "the block does not end within the table");
            return;
        }
        push_block(walk, at, at + length);
        at += length;
    }
}

json_t *cli_ivrs_fields(const uint8_t *bytes, uint32_t size_bytes)
{
    struct walk walk = {.bytes = bytes, .size = size_bytes, .blocks = json_array()};
    json_t *document = json_object();

    json_object_set_new(document, "blocks", walk.blocks);
    open_block(&walk, 0, "table");
    push_rows(&walk, 0, size_bytes, ROWS(header_rows));
    if (size_bytes >= 8) {
        uint32_t length = (uint32_t)load(bytes + 4, 4);
        walk.size = length < size_bytes ? length : size_bytes;
        push_blocks(&walk);
    }
    return document;
}
