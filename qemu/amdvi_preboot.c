/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The property preboot-block: which devices do no DMA from reset until software enables the IOMMU
 * for the first time.
 */
#include "qemu/osdep.h"
#include "hw/pci/pci.h"
#include "qapi/error.h"
#include "amdvi.h"

/* Up to @digits_max hexadecimal digits that mean at most @max. */
static bool parse_number(const char **at, unsigned digits_max, unsigned max, unsigned *out)
{
    unsigned digits = 0;
    unsigned value = 0;

    while (digits < digits_max && g_ascii_isxdigit(**at)) {
        value = value << 4 | g_ascii_xdigit_value(**at);
        (*at)++;
        digits++;
    }
    *out = value;
    return digits > 0 && value <= max;
}

static bool parse_character(const char **at, char wanted)
{
    if (**at != wanted) {
        return false;
    }
    (*at)++;
    return true;
}

/* Bus, device and function, as in 00:1f.2. */
static bool parse_device_id(const char **at, uint16_t *out)
{
    unsigned bus, slot, function;

    if (!parse_number(at, 2, 0xff, &bus) || !parse_character(at, ':') ||
        !parse_number(at, 2, PCI_SLOT_MAX - 1, &slot) || !parse_character(at, '.') ||
        !parse_number(at, 1, PCI_FUNC_MAX - 1, &function)) {
        return false;
    }
    *out = PCI_BUILD_BDF(bus, PCI_DEVFN(slot, function));
    return true;
}

static bool parse_range(const char **at, struct amdvi_device_range *out)
{
    if (!parse_device_id(at, &out->first)) {
        return false;
    }
    out->last = out->first;
    return !parse_character(at, '-') || (parse_device_id(at, &out->last) && out->first <= out->last);
}

bool amdvi_preboot_parse(const char *text, struct amdvi_features *features, Error **errp)
{
    const char *at = text;
    unsigned count = 0;

    features->preboot_range_count = 0;
    if (!text || !*text || g_str_equal(text, "off")) {
        return true;
    }
    if (g_str_equal(text, "all")) {
        features->preboot_ranges[0] = (struct amdvi_device_range) {0, 0xffff};
        features->preboot_range_count = 1;
        return true;
    }
    do {
        if (count == AMDVI_PREBOOT_RANGES_MAX) {
            error_setg(errp, "preboot-block names more than %d devices or ranges",
                       AMDVI_PREBOOT_RANGES_MAX);
            return false;
        }
        if (!parse_range(&at, &features->preboot_ranges[count])) {
            error_setg(errp, "preboot-block=%s: at \"%s\" there is no device or range of devices, "
                       "as in 00:05.0+00:06.0-00:07.7", text, at);
            return false;
        }
        count++;
    } while (parse_character(&at, '+'));
    if (*at) {
        error_setg(errp, "preboot-block=%s: \"%s\" follows a device or range instead of \"+\"",
                   text, at);
        return false;
    }
    features->preboot_range_count = count;
    return true;
}
