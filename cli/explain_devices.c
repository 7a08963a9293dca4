/* SPDX-License-Identifier: BSD-2-Clause */
/* Which devices there are: from the output of lspci (-nn, -D, -k as one likes), or from sysfs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explain.h"

/* The device of a line that starts with one. */
static bool starts_with_device(const char *line, char device[16], const char **out_rest)
{
    char token[16];
    unsigned segment;
    unsigned device_id;
    size_t length = strspn(line, "0123456789abcdef:.");

    if (length < 7 || length > 12 || line[length] != ' ') {
        return false;
    }
    snprintf(token, sizeof(token), "%.*s", (int)length, line);
    if (!cli_device_parse(token, &segment, &device_id)) {
        return false;
    }
    snprintf(device, 16, "%04x:%02x:%02x.%x", segment & 0xffff, device_id >> 8 & 0xff,
             device_id >> 3 & 0x1f, device_id & 7);
    *out_rest = line + length + 1;
    return true;
}

json_t *cli_devices_from_lspci(const char *text)
{
    json_t *devices = json_object();
    json_t *current = NULL;

    while (*text != '\0') {
        char line[512];
        char device[16];
        const char *rest;
        size_t length = strcspn(text, "\n");
        struct cli_line clean;
        snprintf(line, sizeof(line), "%.*s", (int)(length < 511 ? length : 511), text);
        cli_line_parse(&clean, line, strlen(line));
        if (starts_with_device(line, device, &rest)) {
            cli_line_parse(&clean, rest, strlen(rest));
            current = json_object();
            json_object_set_new(current, "name", cli_string("%s", clean.text));
            json_object_set_new(devices, device, current);
        } else if (current != NULL && strncmp(clean.text, "Kernel driver in use: ", 22) == 0) {
            json_object_set_new(current, "driver", cli_string("%s", clean.text + 22));
        }
        text += length;
        text += *text == '\n' ? 1 : 0;
    }
    return devices;
}

static bool read_number(const char *root, const char *device, const char *name, unsigned *out)
{
    char path[512];
    char text[32] = "";

    snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/%s", root, device, name);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    size_t size = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[size] = '\0';
    text[strcspn(text, " \n")] = '\0';
    uint64_t number;
    if (!cli_hex_number_parse(text, UINT32_MAX, &number)) {
        return false;
    }
    *out = (unsigned)number;
    return true;
}

static const char *class_name(unsigned pci_class)
{
    switch (pci_class >> 8) {
    case 0x0106:
        return "SATA controller";
    case 0x0107:
        return "SAS controller";
    case 0x0108:
        return "NVMe disk";
    case 0x0200:
        return "Ethernet controller";
    case 0x0280:
        return "network controller";
    case 0x0300:
        return "VGA graphics";
    case 0x0302:
        return "3D graphics";
    case 0x0380:
        return "Display controller";
    case 0x0403:
        return "audio device";
    case 0x0604:
        return "PCI bridge";
    case 0x0806:
        return "IOMMU";
    case 0x0c03:
        return "USB controller";
    case 0x0c05:
        return "SMBus";
    case 0x1080:
        return "encryption controller";
    default:
        return "PCI device";
    }
}

void cli_devices_from_sysfs(json_t *devices, const char *root, const char *device)
{
    unsigned vendor;
    unsigned product;
    unsigned pci_class;
    char path[512];
    char target[512];

    if (json_object_get(devices, device) != NULL || !read_number(root, device, "vendor", &vendor) ||
        !read_number(root, device, "device", &product) ||
        !read_number(root, device, "class", &pci_class)) {
        return;
    }
    json_t *object = json_object();
    json_object_set_new(object, "name",
                        cli_string("%s [%04x:%04x]", class_name(pci_class), vendor, product));
    snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/driver", root, device);
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    if (length > 0) {
        target[length] = '\0';
        cli_make_printable(target); /* the folder may be a copy from anywhere */
        const char *slash = strrchr(target, '/');
        json_object_set_new(object, "driver", cli_string("%s", slash != NULL ? slash + 1 : target));
    }
    json_object_set_new(devices, device, object);
}
