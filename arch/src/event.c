/* SPDX-License-Identifier: BSD-2-Clause */
/* The eight events of revision 1.20, between memory and program. */
#include <amdvi/event.h>

struct event_info {
    const char *name;
    uint64_t word0;   /* fields of word 0 besides the code */
    uint64_t address; /* bits of word 1 */
};

#define IDENTIFIED AMDVI_EVENT_DEVICE_ID

static const struct event_info infos[] = {
    [AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY] = {"ILLEGAL_DEV_TABLE_ENTRY",
                                             IDENTIFIED | AMDVI_EVENT_I | AMDVI_EVENT_RW |
                                                 AMDVI_EVENT_RZ | AMDVI_EVENT_TR,
                                             AMDVI_BITS(63, 2)},
    [AMDVI_EVENT_IO_PAGE_FAULT] = {"IO_PAGE_FAULT",
                                   IDENTIFIED | AMDVI_EVENT_DOMAIN_ID | AMDVI_EVENT_I |
                                       AMDVI_EVENT_PR | AMDVI_EVENT_RW | AMDVI_EVENT_PE |
                                       AMDVI_EVENT_RZ | AMDVI_EVENT_TR,
                                   AMDVI_BITS(63, 0)},
    [AMDVI_EVENT_DEV_TAB_HARDWARE_ERROR] = {"DEV_TAB_HARDWARE_ERROR",
                                            IDENTIFIED | AMDVI_EVENT_I | AMDVI_EVENT_RW |
                                                AMDVI_EVENT_TR | AMDVI_EVENT_HW_TYPE,
                                            AMDVI_BITS(63, 4)},
    /* Choice: the address is 63:3, that of the entry itself. */
    [AMDVI_EVENT_PAGE_TAB_HARDWARE_ERROR] = {"PAGE_TAB_HARDWARE_ERROR",
                                             IDENTIFIED | AMDVI_EVENT_DOMAIN_ID | AMDVI_EVENT_I |
                                                 AMDVI_EVENT_RW | AMDVI_EVENT_TR |
                                                 AMDVI_EVENT_HW_TYPE,
                                             AMDVI_BITS(63, 3)},
    [AMDVI_EVENT_ILLEGAL_COMMAND_ERROR] = {"ILLEGAL_COMMAND_ERROR", 0, AMDVI_BITS(63, 4)},
    [AMDVI_EVENT_COMMAND_HARDWARE_ERROR] = {"COMMAND_HARDWARE_ERROR", AMDVI_EVENT_HW_TYPE,
                                            AMDVI_BITS(63, 4)},
    /* Choice: no Type. */
    [AMDVI_EVENT_IOTLB_INV_TIMEOUT] = {"IOTLB_INV_TIMEOUT", IDENTIFIED, AMDVI_BITS(63, 4)},
    [AMDVI_EVENT_INVALID_DEVICE_REQUEST] = {"INVALID_DEVICE_REQUEST",
                                            IDENTIFIED | AMDVI_EVENT_TR | AMDVI_EVENT_REQUEST_TYPE,
                                            AMDVI_BITS(63, 0)},
};

static bool is_known(unsigned code)
{
    return code >= AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY &&
           code <= AMDVI_EVENT_INVALID_DEVICE_REQUEST;
}

const char *amdvi_event_name(unsigned code)
{
    return is_known(code) ? infos[code].name : "reserved";
}

uint64_t amdvi_event_word0_mask(enum amdvi_event_code code)
{
    return infos[code].word0 | AMDVI_EVENT_CODE;
}

uint64_t amdvi_event_address_mask(enum amdvi_event_code code)
{
    return infos[code].address;
}

/* INVALID_DEVICE_REQUEST has a Type of three bits where hardware errors have two. */
static uint64_t type_field(enum amdvi_event_code code)
{
    return code == AMDVI_EVENT_INVALID_DEVICE_REQUEST ? AMDVI_EVENT_REQUEST_TYPE
                                                      : AMDVI_EVENT_HW_TYPE;
}

void amdvi_event_encode(struct amdvi_wire_event *out, const struct amdvi_event *event)
{
    uint64_t word0 =
        amdvi_put(AMDVI_EVENT_DEVICE_ID, event->device_id) |
        amdvi_put(AMDVI_EVENT_DOMAIN_ID, event->domain_id) |
        amdvi_put(AMDVI_EVENT_I, event->interrupt) | amdvi_put(AMDVI_EVENT_PR, event->present) |
        amdvi_put(AMDVI_EVENT_RW, event->write) | amdvi_put(AMDVI_EVENT_PE, event->permission) |
        amdvi_put(AMDVI_EVENT_RZ, event->reserved) | amdvi_put(AMDVI_EVENT_TR, event->translation) |
        amdvi_put(type_field(event->code), event->type) | amdvi_put(AMDVI_EVENT_CODE, event->code);

    amdvi_le64_encode(&out->word[0], word0 & amdvi_event_word0_mask(event->code));
    amdvi_le64_encode(&out->word[1], event->address & amdvi_event_address_mask(event->code));
}

bool amdvi_event_decode(struct amdvi_event *out, const struct amdvi_wire_event *wire)
{
    uint64_t word0 = amdvi_le64_decode(&wire->word[0]);
    unsigned raw_code = (unsigned)amdvi_get(word0, AMDVI_EVENT_CODE);
    if (!is_known(raw_code)) {
        return false;
    }
    enum amdvi_event_code code = (enum amdvi_event_code)raw_code;
    bool has_type = amdvi_has(amdvi_event_word0_mask(code), AMDVI_EVENT_HW_TYPE);

    word0 &= amdvi_event_word0_mask(code);
    *out = (struct amdvi_event){
        .code = code,
        .device_id = (uint16_t)amdvi_get(word0, AMDVI_EVENT_DEVICE_ID),
        .domain_id = (uint16_t)amdvi_get(word0, AMDVI_EVENT_DOMAIN_ID),
        .interrupt = amdvi_has(word0, AMDVI_EVENT_I),
        .present = amdvi_has(word0, AMDVI_EVENT_PR),
        .write = amdvi_has(word0, AMDVI_EVENT_RW),
        .permission = amdvi_has(word0, AMDVI_EVENT_PE),
        .reserved = amdvi_has(word0, AMDVI_EVENT_RZ),
        .translation = amdvi_has(word0, AMDVI_EVENT_TR),
        .type = has_type ? (uint8_t)amdvi_get(word0, type_field(code)) : 0,
        .address = amdvi_le64_decode(&wire->word[1]) & amdvi_event_address_mask(code),
    };
    return true;
}
