/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines for people, without a C library: numbers, and what an event or a status says. What does not
 * fit is cut; the 0 at the end is always there.
 */
#include "state.h"

/* ---- Pieces ---------------------------------------------------------------------------------- */

void amdvi_drv_text_start(struct amdvi_drv_text *text, char *out, size_t size_bytes)
{
    *text = (struct amdvi_drv_text){.at = out, .left = size_bytes};
    if (size_bytes != 0) {
        *out = '\0';
    }
}

void amdvi_drv_text_string(struct amdvi_drv_text *text, const char *string)
{
    while (*string != '\0' && text->left > 1) {
        *text->at++ = *string++;
        *text->at = '\0';
        text->left--;
        text->length++;
    }
}

/* Bit by bit: on hosts of 32 bits a division of 64 would call libgcc. */
static unsigned divide_by_10(uint64_t *value)
{
    uint64_t quotient = 0;
    uint64_t rest = 0;

    for (unsigned bit = 64; bit-- != 0;) {
        rest = rest << 1 | (*value >> bit & 1);
        quotient <<= 1;
        if (rest >= 10) {
            rest -= 10;
            quotient |= 1;
        }
    }
    *value = quotient;
    return (unsigned)rest;
}

void amdvi_drv_text_decimal(struct amdvi_drv_text *text, uint64_t value)
{
    char digits[21];
    unsigned at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + divide_by_10(&value));
    } while (value != 0);
    amdvi_drv_text_string(text, &digits[at]);
}

void amdvi_drv_text_hex(struct amdvi_drv_text *text, uint64_t value, unsigned digits_min)
{
    char digits[17];
    unsigned at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (at != 0 && (value != 0 || sizeof(digits) - 1 - at < digits_min));
    amdvi_drv_text_string(text, &digits[at]);
}

void amdvi_drv_text_device(struct amdvi_drv_text *text, uint16_t device_id)
{
    amdvi_drv_text_hex(text, device_id >> 8, 2);
    amdvi_drv_text_string(text, ":");
    amdvi_drv_text_hex(text, device_id >> 3 & 31, 2);
    amdvi_drv_text_string(text, ".");
    amdvi_drv_text_hex(text, device_id & 7, 1);
}

/* ---- A status -------------------------------------------------------------------------------- */

const char *amdvi_drv_status_text(enum amdvi_drv_status status)
{
    static const char *const texts[] = {
        [AMDVI_DRV_OK] = "ok",
        [AMDVI_DRV_ERR_ARGUMENT] = "an argument is wrong",
        [AMDVI_DRV_ERR_UNSUPPORTED] = "not supported here",
        [AMDVI_DRV_ERR_NO_MEMORY] = "no memory",
        [AMDVI_DRV_ERR_LIMIT] = "above a limit",
        [AMDVI_DRV_ERR_TABLE] = "the IVRS is wrong",
        [AMDVI_DRV_ERR_NO_UNIT] = "behind no IOMMU",
        [AMDVI_DRV_ERR_EXISTS] = "exists already",
        [AMDVI_DRV_ERR_RESERVED] = "a reserved range",
        [AMDVI_DRV_ERR_BUSY] = "busy",
        [AMDVI_DRV_ERR_UNTRUSTED] = "not for a device that is not trusted",
        [AMDVI_DRV_ERR_TIMEOUT] = "the IOMMU does not complete",
        [AMDVI_DRV_ERR_COMMAND] = "the IOMMU refused a command",
        [AMDVI_DRV_ERR_HARDWARE] = "the IOMMU has stopped",
        [AMDVI_DRV_ERR_POISONED] = "an earlier invalidation is not completed",
    };

    return (unsigned)status < sizeof(texts) / sizeof(texts[0]) ? texts[status] : "no status";
}

/* ---- An event -------------------------------------------------------------------------------- */

static const char *const hw_errors[] = {
    "no type",
    [AMDVI_HW_ERROR_MASTER_ABORT] = "master abort",
    [AMDVI_HW_ERROR_TARGET_ABORT] = "target abort",
    [AMDVI_HW_ERROR_DATA] = "data error",
};

static const char *const invalid_requests[] = {
    [AMDVI_INVALID_READ_OF_INTERRUPT_RANGE] = "no posted write to the interrupt range",
    [AMDVI_INVALID_PRETRANSLATED] = "translated, and may not be",
    [AMDVI_INVALID_IO_SPACE] = "port I/O range",
    [AMDVI_INVALID_POSTED_WRITE] = "posted write to system management",
    [AMDVI_INVALID_READ_OR_NONPOSTED_WRITE] = "no posted write to system management",
    [AMDVI_INVALID_INTERRUPT] = "interrupt, and none is allowed",
    [AMDVI_INVALID_RESERVED_INTERRUPT] = "interrupt of a reserved kind",
    [AMDVI_INVALID_NOT_TRANSLATABLE] = "translation is not valid",
};

static const char *const invalid_ats_requests[] = {
    [AMDVI_INVALID_ATS_DISABLED] = "ATS is off",
    [AMDVI_INVALID_ATS_ADDRESS] = "address that is not translated",
};

static const char *text_of(const char *const *texts, size_t count, unsigned index)
{
    return index < count ? texts[index] : "unknown reason";
}

#define TEXT_OF(texts, index) text_of(texts, sizeof(texts) / sizeof((texts)[0]), index)

/* What the device, or the IOMMU itself, did. */
static const char *access_of(const struct amdvi_event *event)
{
    switch (event->code) {
    case AMDVI_EVENT_ILLEGAL_COMMAND_ERROR:
    case AMDVI_EVENT_COMMAND_HARDWARE_ERROR:
    case AMDVI_EVENT_IOTLB_INV_TIMEOUT:
        return " command at 0x";
    case AMDVI_EVENT_INVALID_DEVICE_REQUEST: /* has no RW */
        return event->translation ? " translation of 0x" : " access to 0x";
    case AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY:
    case AMDVI_EVENT_IO_PAGE_FAULT:
    case AMDVI_EVENT_DEV_TAB_HARDWARE_ERROR:
    case AMDVI_EVENT_PAGE_TAB_HARDWARE_ERROR:
        break;
    }
    if (event->translation) {
        return event->write ? " write translation of 0x" : " translation of 0x";
    }
    if (event->interrupt) {
        return " interrupt at 0x";
    }
    return event->write ? " write of 0x" : " read of 0x";
}

static const char *reason_of(const struct amdvi_event *event)
{
    switch (event->code) {
    case AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY:
        return event->reserved ? "reserved bit" : "no legal setting";
    case AMDVI_EVENT_IO_PAGE_FAULT:
        if (event->reserved) {
            return "reserved bit";
        }
        if (!event->present) {
            return event->interrupt ? "not remapped" : "not present";
        }
        return event->permission ? "permission" : "no legal setting";
    case AMDVI_EVENT_DEV_TAB_HARDWARE_ERROR:
    case AMDVI_EVENT_PAGE_TAB_HARDWARE_ERROR:
    case AMDVI_EVENT_COMMAND_HARDWARE_ERROR:
        return TEXT_OF(hw_errors, event->type);
    case AMDVI_EVENT_ILLEGAL_COMMAND_ERROR:
        return "refused";
    case AMDVI_EVENT_IOTLB_INV_TIMEOUT:
        return "no answer of the device";
    case AMDVI_EVENT_INVALID_DEVICE_REQUEST:
        return event->translation ? TEXT_OF(invalid_ats_requests, event->type)
                                  : TEXT_OF(invalid_requests, event->type);
    }
    return "unknown reason";
}

static void describe(struct amdvi_drv_text *text, const struct amdvi_drv_report *report)
{
    const struct amdvi_event *event = &report->event;
    uint64_t members = amdvi_event_word0_mask(event->code);

    amdvi_drv_text_string(text, amdvi_event_name(event->code));
    if (amdvi_has(members, AMDVI_EVENT_DEVICE_ID)) {
        amdvi_drv_text_string(text, " ");
        if (report->segment != 0) {
            amdvi_drv_text_hex(text, report->segment, 4);
            amdvi_drv_text_string(text, ":");
        }
        amdvi_drv_text_device(text, event->device_id);
    }
    if (amdvi_has(members, AMDVI_EVENT_DOMAIN_ID)) {
        amdvi_drv_text_string(text, " domain ");
        amdvi_drv_text_decimal(text, event->domain_id);
    }
    amdvi_drv_text_string(text, access_of(event));
    amdvi_drv_text_hex(text, event->address, 1);
    amdvi_drv_text_string(text, ": ");
    amdvi_drv_text_string(text, reason_of(event));
}

size_t amdvi_drv_report_text(const struct amdvi_drv_report *report, char *out, size_t size_bytes)
{
    struct amdvi_drv_text text;

    amdvi_drv_text_start(&text, out, size_bytes);
    amdvi_drv_text_string(&text, "amdvi ");
    amdvi_drv_text_decimal(&text, report->unit_index);
    amdvi_drv_text_string(&text, ": ");
    if (report->known) {
        describe(&text, report);
    } else if (report->raw[0] == 0 && report->raw[1] == 0) {
        amdvi_drv_text_string(&text, "event that never came");
    } else {
        amdvi_drv_text_string(&text, "unknown event");
    }
    if (report->device_stopped) {
        amdvi_drv_text_string(&text, ", stopped");
    }
    if (report->lost != 0) {
        amdvi_drv_text_string(&text, ", lost ");
        amdvi_drv_text_decimal(&text, report->lost);
    }
    amdvi_drv_text_string(&text, " [");
    amdvi_drv_text_hex(&text, report->raw[0], 16);
    amdvi_drv_text_string(&text, " ");
    amdvi_drv_text_hex(&text, report->raw[1], 16);
    amdvi_drv_text_string(&text, "]");
    return text.length;
}
