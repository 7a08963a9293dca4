/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The oracle that nobody tuned: a second model of DMA translation and interrupt remapping of
 * revision 1.20, as slow and as plain as the tables it was written from. It shares nothing with
 * arch/ and device/, not even the names of bits. Every answer is a function of guest memory, the
 * registers and one request: no caches, no history.
 *
 * Scope: memory requests of every class, translated ones included; translation requests (ATS); all
 * special address ranges; message signalled and HyperTransport interrupts; HtTunEn. What it says of
 * a request is about one byte: how large a run or block the library answers for is its own affair,
 * as long as the oracle says the same everywhere in it. Not here: commands, invalidate requests to
 * devices, the log's ring.
 */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

/* Guest memory and registers, as software wrote them: reserved bits may be set. */
struct oracle_machine {
    const uint8_t *memory; /* RAM from address 0; nothing behind it */
    uint64_t memory_bytes;
    uint64_t bad_page; /* 4 KiB of RAM that cannot be read; 0: none */
    uint64_t device_table;
    uint64_t control;
    uint64_t exclusion_base;
    uint64_t exclusion_limit;
    bool ht_tunnel;   /* the capability's bit */
    bool ht_ats_resv; /* the same */
};

enum oracle_outcome {
    ORACLE_TRANSLATED,
    ORACLE_ABORTED,
    ORACLE_INTERRUPT,
};

/* Why the answer is as it is: one for each line of the reference's tables. */
enum oracle_cause {
    ORACLE_DMA_INTERRUPT,
    ORACLE_DMA_DISABLED,
    ORACLE_DMA_TUNNEL,
    ORACLE_DMA_BEYOND_TABLE,
    ORACLE_DMA_DTE_UNREADABLE,
    ORACLE_DMA_NOT_VALID,
    ORACLE_DMA_DTE_RESERVED,
    ORACLE_DMA_PRETRANSLATED,
    ORACLE_DMA_PRETRANSLATED_INTERRUPT,
    ORACLE_DMA_PRETRANSLATED_INTERRUPT_RANGE,
    ORACLE_DMA_PRETRANSLATED_REFUSED,
    ORACLE_DMA_INTERRUPT_RANGE,
    ORACLE_DMA_HT_INTERRUPT_RANGE,
    ORACLE_DMA_RESERVED_RANGE_POSTED,
    ORACLE_DMA_RESERVED_RANGE_OTHER,
    ORACLE_DMA_SYSTEM_REFUSED_POSTED,
    ORACLE_DMA_SYSTEM_REFUSED_OTHER,
    ORACLE_DMA_SYSTEM_FORWARDED,
    ORACLE_DMA_SYSTEM_INTX,
    ORACLE_DMA_SYSTEM_NO_TRANSLATION,
    ORACLE_DMA_ATS_RANGE_POSTED,
    ORACLE_DMA_ATS_RANGE_OTHER,
    ORACLE_DMA_IO_REFUSED,
    ORACLE_DMA_IO_FORWARDED,
    ORACLE_DMA_IO_RESERVED,
    ORACLE_DMA_IO_NO_TRANSLATION,
    ORACLE_DMA_EXCLUDED,
    ORACLE_DMA_NO_TRANSLATION,
    ORACLE_DMA_DTE_PERMISSION,
    ORACLE_DMA_IDENTITY,
    ORACLE_DMA_MODE_RESERVED,
    ORACLE_DMA_BEYOND_MODE,
    ORACLE_DMA_TABLE_UNREADABLE,
    ORACLE_DMA_NOT_PRESENT,
    ORACLE_DMA_ENTRY_RESERVED,
    ORACLE_DMA_PERMISSION,
    ORACLE_DMA_LEAF_TOO_HIGH,
    ORACLE_DMA_SIZE_ILLEGAL,
    ORACLE_DMA_LEVEL_ILLEGAL,
    ORACLE_DMA_SKIPPED_BITS,
    ORACLE_DMA_PAGE,
    ORACLE_ATS_DISABLED,
    ORACLE_ATS_BEYOND_TABLE,
    ORACLE_ATS_DTE_UNREADABLE,
    ORACLE_ATS_DTE_RESERVED,
    ORACLE_ATS_NOT_ENABLED,
    ORACLE_ATS_ADDRESS,
    ORACLE_ATS_IO_RESERVED,
    ORACLE_ATS_NO_TRANSLATION,
    ORACLE_ATS_EXCLUDED,
    ORACLE_ATS_MODE_RESERVED,
    ORACLE_ATS_TABLE_UNREADABLE,
    ORACLE_ATS_FAULT,
    ORACLE_ATS_NOTHING_ALLOWED,
    ORACLE_ATS_IDENTITY,
    ORACLE_ATS_PAGE,
    ORACLE_MSI_DISABLED,
    ORACLE_MSI_TUNNEL,
    ORACLE_MSI_BEYOND_TABLE,
    ORACLE_MSI_DTE_UNREADABLE,
    ORACLE_MSI_NOT_VALID,
    ORACLE_MSI_DTE_RESERVED,
    ORACLE_MSI_SYSTEM_MANAGEMENT,
    ORACLE_MSI_MODE_RESERVED,
    ORACLE_MSI_HT_TYPE_RESERVED,
    ORACLE_MSI_LINT_PASSED,
    ORACLE_MSI_LINT_REFUSED,
    ORACLE_MSI_PASSED,
    ORACLE_MSI_REFUSED,
    ORACLE_MSI_CONTROL_ABORT,
    ORACLE_MSI_CONTROL_FORWARD,
    ORACLE_MSI_CONTROL_RESERVED,
    ORACLE_MSI_LENGTH_RESERVED,
    ORACLE_MSI_BEYOND_LENGTH,
    ORACLE_MSI_TABLE_UNREADABLE,
    ORACLE_MSI_NOT_ENABLED,
    ORACLE_MSI_ENTRY_RESERVED,
    ORACLE_MSI_TYPE_RESERVED,
    ORACLE_MSI_REMAPPED,
    ORACLE_MSI_HT_REMAPPED,
    ORACLE_CAUSES,
};

extern const char *const oracle_cause_names[ORACLE_CAUSES];

/* The entry that the event log is due, if any. */
struct oracle_event {
    bool due;
    bool counts;     /* a fault that SE looks back at */
    bool first_only; /* SE: not due when one that counts was logged since the device's last 2h */
    uint8_t bytes[16];
};

/* The access of one byte. */
struct oracle_dma {
    uint16_t device_id;
    uint64_t iova;
    bool read;
    bool write;        /* both: an atomic */
    bool non_posted;   /* of a write */
    bool intx_message; /* to the system management range */
    bool translated;   /* the address is an SPA already */
    bool from_tunnel;
};

/* An entry that the walk read, or failed to. */
struct oracle_step {
    unsigned level;
    uint64_t spa;
    uint64_t entry;
};

struct oracle_dma_answer {
    enum oracle_outcome outcome;
    enum oracle_cause cause;
    uint64_t spa; /* the next five when translated */
    bool read;    /* effective permissions */
    bool write;
    bool force_coherent;
    bool untranslated_only; /* U: told in answers to translation requests, no matter here */
    unsigned page_log2;     /* of the page that the tables name; 64 when no table was walked */
    struct oracle_event event;
    unsigned steps;
    struct oracle_step step[6];
};

/* A translation request, about one byte. */
struct oracle_ats {
    uint16_t device_id;
    uint64_t iova;
};

enum oracle_ats_status {
    ORACLE_ATS_SUCCESS,
    ORACLE_ATS_UNSUPPORTED_REQUEST,
    ORACLE_ATS_COMPLETER_ABORT,
};

struct oracle_ats_answer {
    enum oracle_ats_status status;
    enum oracle_cause cause;
    bool read; /* the next five of a success; neither read nor write: all 0 */
    bool write;
    bool untranslated_only;
    bool force_coherent;
    uint64_t spa; /* of the byte */
    struct oracle_event event;
    unsigned steps;
    struct oracle_step step[6];
};

/* A message signalled interrupt, or by its address one of HyperTransport. */
struct oracle_msi {
    uint16_t device_id;
    uint64_t address;
    uint32_t data;
    bool from_tunnel;
};

struct oracle_msi_answer {
    enum oracle_outcome outcome; /* translated: send what follows */
    enum oracle_cause cause;
    uint64_t address;
    uint32_t data;
    bool remapped;
    struct oracle_event event;
    uint64_t entry_spa; /* of the interrupt table entry that was read, else 0 */
};

struct oracle_dma_answer oracle_dma(const struct oracle_machine *machine,
                                    const struct oracle_dma *request);
struct oracle_ats_answer oracle_ats(const struct oracle_machine *machine,
                                    const struct oracle_ats *request);
struct oracle_msi_answer oracle_msi(const struct oracle_machine *machine,
                                    const struct oracle_msi *request);

#endif
