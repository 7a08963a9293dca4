/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading an event out of a line, in the forms of Linux and of Xen. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <amdvi/event.h>

#include "explain.h"
#include "hex.h"

#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"

/* "SSSS:BB:DD.F" of any form of a device at the start of @text; false when there is none. */
static bool take_device(char out[16], const char *text)
{
    char token[16];
    unsigned segment;
    unsigned device_id;
    size_t length = strspn(text, "0123456789abcdefABCDEF:.");

    if (length >= sizeof(token)) {
        return false;
    }
    memcpy(token, text, length);
    token[length] = '\0';
    while (length > 0 && token[length - 1] == ':') {
        token[--length] = '\0';
    }
    if (!cli_device_parse(token, &segment, &device_id) || strchr(token, ':') == NULL) {
        return false;
    }
    snprintf(out, 16, "%04x:%02x:%02x.%x", segment & 0xffff, device_id >> 8 & 0xff,
             device_id >> 3 & 0x1f, device_id & 7);
    return true;
}

/* The number behind "key=" or, for Xen, "key ". */
static bool take_number(const char *text, const char *key, uint64_t *out)
{
    const char *found = strstr(text, key);

    if (found == NULL) {
        return false;
    }
    found += strlen(key);
    if (isxdigit((unsigned char)*found) == 0) {
        return false;
    }
    *out = strtoull(found, NULL, 16);
    return true;
}

static void take_fields(struct cli_log_event *out, const char *text)
{
    uint64_t number;
    const char *device = strstr(text, "device=");

    if (device != NULL) {
        take_device(out->device, device + strlen("device="));
    }
    if (take_number(text, "domain=", &number)) {
        out->has_domain = true;
        out->domain = (unsigned)(number & 0xffff);
    }
    if (take_number(text, "pasid=", &number)) {
        out->has_pasid = true;
        out->pasid = (unsigned)(number & 0xfffff);
    }
    if (take_number(text, "flags=", &number)) {
        out->has_flags = true;
        out->flags = (unsigned)(number & 0xfff);
    }
    out->has_address = take_number(text, "address=", &out->address) ||
                       take_number(text, "gpa=", &out->address) ||
                       take_number(text, "spa=", &out->address);
    if (take_number(text, "event[1]=", &number)) {
        out->code = (unsigned)(number >> 28 & 0xf);
    }
}

/* "nvme 0000:03:00.0: AMD-Vi: ...": the driver and its device. */
static void take_prefix(struct cli_log_event *out, const char *text)
{
    const char *space = strchr(text, ' ');

    if (space == NULL || space - text >= (long)sizeof(out->driver) ||
        !take_device(out->device, space + 1)) {
        return;
    }
    /* "pci" prints for devices that have no driver. */
    if (strncmp(text, "pci ", 4) != 0 && strncmp(text, "AMD-Vi", 6) != 0) {
        snprintf(out->driver, sizeof(out->driver), "%.*s", (int)(space - text), text);
    }
}

static bool parse_linux(struct cli_log_event *out, const char *text)
{
    const char *bracket = strstr(text, "Event logged [");

    if (bracket == NULL) {
        return false;
    }
    bracket += strlen("Event logged [");
    size_t length = strspn(bracket, NAME_LETTERS);
    if (length < 4) {
        return false;
    }
    snprintf(out->name, sizeof(out->name), "%.*s", (int)(length < 39 ? length : 39), bracket);
    take_prefix(out, text);
    take_fields(out, bracket + length);
    return true;
}

/* Raw dwords behind the name: what the IOMMU wrote. False when they are not there. */
static bool take_dwords(struct cli_log_event *out, const char *text)
{
    unsigned dword[4];
    struct amdvi_wire_event wire;
    struct amdvi_event event;

    /* Widths bound the numbers. NOLINTNEXTLINE(cert-err34-c) */
    if (sscanf(text, " %8x %8x %8x %8x", &dword[0], &dword[1], &dword[2], &dword[3]) != 4) {
        return false;
    }
    uint64_t word0 = dword[0] | (uint64_t)dword[1] << 32;
    out->address = dword[2] | (uint64_t)dword[3] << 32;
    amdvi_le64_encode(&wire.word[0], word0);
    amdvi_le64_encode(&wire.word[1], out->address);
    out->has_address = true;
    if (!amdvi_event_decode(&event, &wire)) {
        out->code = dword[1] >> 28;
        return true;
    }
    snprintf(out->name, sizeof(out->name), "%s", amdvi_event_name(event.code));
    if (amdvi_has(amdvi_event_word0_mask(event.code), AMDVI_EVENT_DEVICE_ID)) {
        char device[16];
        snprintf(out->device, sizeof(out->device), "0000:%s",
                 cli_device_text(device, 0, event.device_id));
    }
    if (amdvi_has(amdvi_event_word0_mask(event.code), AMDVI_EVENT_FLAGS)) {
        out->has_flags = true;
        out->flags = (unsigned)amdvi_get(word0, AMDVI_EVENT_FLAGS);
    }
    return true;
}

/* "AMD-Vi: IO_PAGE_FAULT: 0000:00:03.0 d0 addr 00000000fee00000 flags 0x8 I". */
static bool parse_xen(struct cli_log_event *out, const char *text)
{
    static const char *const names[] = {"IO_PAGE_FAULT",         "ILLEGAL_DEV_TABLE_ENTRY",
                                        "DEV_TABLE_HW_ERROR",    "PAGE_TABLE_HW_ERROR",
                                        "ILLEGAL_COMMAND_ERROR", "COMMAND_HW_ERROR",
                                        "IOTLB_INV_TIMEOUT",     "INVALID_DEV_REQUEST"};
    const char *mark = strncmp(text, "AMD-Vi: ", 8) == 0 ? text + 8 : text;
    uint64_t number;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t length = strlen(names[i]);
        if (strncmp(mark, names[i], length) != 0 || (mark[length] != ' ' && mark[length] != ':')) {
            continue;
        }
        snprintf(out->name, sizeof(out->name), "%s", names[i]);
        mark += length;
        mark += *mark == ':' ? 1 : 0;
        if (i != 0) {
            (void)take_dwords(out, mark);
            return true;
        }
        take_device(out->device, mark + strspn(mark, " "));
        out->has_address = take_number(mark, "addr ", &out->address);
        out->has_flags = take_number(mark, "flags ", &number);
        out->flags = out->has_flags ? (unsigned)(number & 0xfff) : 0;
        return true;
    }
    return false;
}

/* "event 00000300 f0000000 00000000 00000000": one that Xen has no name for. */
static bool parse_xen_unnamed(struct cli_log_event *out, const struct cli_line *line)
{
    if (!line->is_xen || strncmp(line->text, "event ", 6) != 0) {
        return false;
    }
    snprintf(out->name, sizeof(out->name), "UNKNOWN");
    return take_dwords(out, line->text + 6);
}

bool cli_log_event_parse(struct cli_log_event *out, const struct cli_line *line)
{
    *out = (struct cli_log_event){.has_flags = false};
    return parse_linux(out, line->text) || parse_xen(out, line->text) ||
           parse_xen_unnamed(out, line);
}
