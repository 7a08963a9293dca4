/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the oracle share: bits, memory, events, the device table, address ranges. */
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
    ORACLE_FLAG_TR = 56,
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

/* The special address ranges, by their rows; what is in none of them is memory. */
enum oracle_range {
    ORACLE_RANGE_MEMORY,
    ORACLE_RANGE_MSI,                /* FEE0_0000 to FEEF_FFFF */
    ORACLE_RANGE_RESERVED_INTERRUPT, /* FD_0000_0000 to FD_F7FF_FFFF */
    ORACLE_RANGE_HT_INTERRUPT,       /* FD_F800_0000 to FD_F8FF_FFFF */
    ORACLE_RANGE_SYSTEM_MANAGEMENT,  /* FD_F910_0000 to FD_F91F_FFFF */
    ORACLE_RANGE_ATS,                /* FD_FB00_0000 to FD_FBFF_FFFF */
    ORACLE_RANGE_PORT_IO,            /* FD_FC00_0000 to FD_FDFF_FFFF */
};

enum oracle_range oracle_range_of(uint64_t address);

/* Does what arrives through the tunnel pass by? */
bool oracle_tunnel_passes(const struct oracle_machine *machine);

/* ---- Memory and translation requests --------------------------------------------------------- */

/* What all parts of one question need. */
struct dma_question {
    const struct oracle_machine *machine;
    const struct oracle_dma *request;
    bool is_translation; /* an ATS translation request; neither read nor write */
    uint64_t dte[4];
};

void oracle_pass(const struct dma_question *question, struct oracle_dma_answer *answer,
                 enum oracle_cause cause, bool read, bool write);
void oracle_abort(const struct dma_question *question, struct oracle_dma_answer *answer,
                  enum oracle_cause cause, unsigned code, uint64_t domain_id, uint64_t flags,
                  uint64_t address);
void oracle_illegal_dte(const struct dma_question *question, struct oracle_dma_answer *answer,
                        enum oracle_cause cause, uint64_t flags);

/* An access to a special range: true when that is all that happens to it. */
bool oracle_special_access(const struct dma_question *question, struct oracle_dma_answer *answer);

/* Is memory at the address not translated, so that a translation request for it is refused? */
bool oracle_special_refuses_ats(const struct dma_question *question);

#endif
