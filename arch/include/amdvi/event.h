/* SPDX-License-Identifier: BSD-2-Clause */
/* The eight events of revision 1.20: 16 bytes each, written to the event log. */
#ifndef AMDVI_EVENT_H
#define AMDVI_EVENT_H

#include <amdvi/field.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AMDVI_EVENT_BYTES 16

/* Word 0; word 1 is the address. */
#define AMDVI_EVENT_DEVICE_ID    AMDVI_BITS(15, 0)
#define AMDVI_EVENT_DOMAIN_ID    AMDVI_BITS(47, 32)
#define AMDVI_EVENT_FLAGS        AMDVI_BITS(59, 48) /* all of the below, as drivers print them */
#define AMDVI_EVENT_I            AMDVI_BIT(51)      /* interrupt, not memory request */
#define AMDVI_EVENT_PR           AMDVI_BIT(52)      /* present, or RemapEn=1 */
#define AMDVI_EVENT_RW           AMDVI_BIT(53)      /* write */
#define AMDVI_EVENT_PE           AMDVI_BIT(54)      /* permission violation */
#define AMDVI_EVENT_RZ           AMDVI_BIT(55)      /* reserved bit not zero */
#define AMDVI_EVENT_TR           AMDVI_BIT(56)      /* translation request */
#define AMDVI_EVENT_HW_TYPE      AMDVI_BITS(58, 57) /* of hardware errors: enum amdvi_hw_error */
#define AMDVI_EVENT_REQUEST_TYPE AMDVI_BITS(59, 57) /* of INVALID_DEVICE_REQUEST */
#define AMDVI_EVENT_CODE         AMDVI_BITS(63, 60)

enum amdvi_event_code {
    AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY = 1,
    AMDVI_EVENT_IO_PAGE_FAULT = 2,
    AMDVI_EVENT_DEV_TAB_HARDWARE_ERROR = 3,
    AMDVI_EVENT_PAGE_TAB_HARDWARE_ERROR = 4,
    AMDVI_EVENT_ILLEGAL_COMMAND_ERROR = 5,
    AMDVI_EVENT_COMMAND_HARDWARE_ERROR = 6,
    AMDVI_EVENT_IOTLB_INV_TIMEOUT = 7,
    AMDVI_EVENT_INVALID_DEVICE_REQUEST = 8,
};

/* Type of a hardware error. */
enum amdvi_hw_error {
    AMDVI_HW_ERROR_MASTER_ABORT = 1,
    AMDVI_HW_ERROR_TARGET_ABORT = 2,
    AMDVI_HW_ERROR_DATA = 3,
};

/* Type of an INVALID_DEVICE_REQUEST with TR=0. */
enum amdvi_invalid_request {
    AMDVI_INVALID_READ_OF_INTERRUPT_RANGE = 0,
    AMDVI_INVALID_PRETRANSLATED = 1,
    AMDVI_INVALID_IO_SPACE = 2,
    AMDVI_INVALID_POSTED_WRITE = 3,
    AMDVI_INVALID_READ_OR_NONPOSTED_WRITE = 4,
    AMDVI_INVALID_INTERRUPT = 5,
    AMDVI_INVALID_RESERVED_INTERRUPT = 6,
    AMDVI_INVALID_NOT_TRANSLATABLE = 7,
};

/* The same with TR=1. */
enum amdvi_invalid_ats_request {
    AMDVI_INVALID_ATS_DISABLED = 0, /* I=0, V=0 or TV=0 */
    AMDVI_INVALID_ATS_ADDRESS = 1,  /* a range that is not translated */
};

/* One event as it lies in memory. */
struct amdvi_wire_event {
    struct amdvi_le64 word[2];
};

/* The same event as the program sees it; members that the code does not have are 0. */
struct amdvi_event {
    enum amdvi_event_code code;
    uint16_t device_id;
    uint16_t domain_id;
    bool interrupt;   /* I */
    bool present;     /* PR */
    bool write;       /* RW */
    bool permission;  /* PE */
    bool reserved;    /* RZ */
    bool translation; /* TR */
    uint8_t type;     /* enum amdvi_hw_error or enum amdvi_invalid_request */
    uint64_t address; /* IOVA, MSI address or SPA; low bits that the code lacks are dropped */
};

/* Members that the code does not have are ignored. */
void amdvi_event_encode(struct amdvi_wire_event *out, const struct amdvi_event *event);

/* False when the code is 0 or not of revision 1.20; @out is then left alone. */
bool amdvi_event_decode(struct amdvi_event *out, const struct amdvi_wire_event *wire);

/* Bits of word 0 and of the address that an event of @code may have set. */
uint64_t amdvi_event_word0_mask(enum amdvi_event_code code);
uint64_t amdvi_event_address_mask(enum amdvi_event_code code);

/* As the specification spells it; "reserved" for an unknown code. */
const char *amdvi_event_name(unsigned code);

#ifdef __cplusplus
}
#endif

#endif
