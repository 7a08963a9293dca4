/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of the oracle share: bits, memory, events, the device table. */
#ifndef TESTS_ORACLE_PARTS_H
#define TESTS_ORACLE_PARTS_H

#include "oracle.h"

/* Event codes. */
enum {
    ORACLE_CODE_ILLEGAL_DEV_TABLE_ENTRY = 1,
    ORACLE_CODE_IO_PAGE_FAULT = 2,
    ORACLE_CODE_DEV_TAB_HARDWARE_ERROR = 3,
    ORACLE_CODE_PAGE_TAB_HARDWARE_ERROR = 4,
    ORACLE_CODE_INVALID_DEVICE_REQUEST = 8,
};

/* Flags of an event, by their bit numbers. */
enum {
    ORACLE_FLAG_I = 51,
    ORACLE_FLAG_PR = 52,
    ORACLE_FLAG_RW = 53,
    ORACLE_FLAG_PE = 54,
    ORACLE_FLAG_RZ = 55,
    ORACLE_FLAG_TYPE_HARDWARE = 57, /* 58:57 */
    ORACLE_FLAG_TYPE_REQUEST = 57,  /* 59:57 */
};

/* How a read of memory ended, numbered as Type of an event reports it. */
enum oracle_read {
    ORACLE_READ_DONE = 0,
    ORACLE_READ_MASTER_ABORT = 1,
    ORACLE_READ_DATA_ERROR = 3,
};

static inline uint64_t oracle_flag(unsigned number)
{
    return UINT64_C(1) << number;
}

/* Bits high:low of @word. */
static inline uint64_t oracle_bits(uint64_t word, unsigned high, unsigned low)
{
    uint64_t value = 0;

    for (unsigned number = low; number <= high; number++) {
        if ((word & oracle_flag(number)) != 0) {
            value = value | oracle_flag(number - low);
        }
    }
    return value;
}

static inline bool oracle_bit(uint64_t word, unsigned number)
{
    return ((word >> number) & 1) != 0;
}

enum oracle_read oracle_read_memory(const struct oracle_machine *machine, uint64_t spa,
                                    unsigned size_bytes, uint64_t *out);

/* The event is due if the log is on; suppression is the caller's. */
void oracle_event_set(const struct oracle_machine *machine, struct oracle_event *event,
                      unsigned code, uint16_t device_id, uint64_t domain_id, uint64_t flags,
                      uint64_t address);

bool oracle_is_beyond_table(const struct oracle_machine *machine, uint16_t device_id);
uint64_t oracle_dte_address(const struct oracle_machine *machine, uint16_t device_id);
enum oracle_read oracle_read_dte(const struct oracle_machine *machine, uint16_t device_id,
                                 uint64_t dte[4]);

/* Bits high:low of the entry, numbered 0 to 255; never across two quadwords. */
uint64_t oracle_dte_bits(const uint64_t dte[4], unsigned high, unsigned low);

bool oracle_is_interrupt_range(uint64_t address);

#endif
