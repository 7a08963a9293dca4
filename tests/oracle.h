/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The oracle that nobody tuned: a second model of DMA translation and interrupt remapping of
 * revision 1.20, as slow and as plain as the tables it was written from. It shares nothing with
 * arch/ and device/, not even the names of bits. Every answer is a function of guest memory, the
 * registers and one request: no caches, no history.
 *
 * Scope, as the library documents it: no ATS; of the special address ranges only FEE0_0000h to
 * FEEF_FFFFh; HtTunnel=0.
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
    ORACLE_DMA_BEYOND_TABLE,
    ORACLE_DMA_DTE_UNREADABLE,
    ORACLE_DMA_NOT_VALID,
    ORACLE_DMA_DTE_RESERVED,
    ORACLE_DMA_INTERRUPT_RANGE,
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
    ORACLE_MSI_DISABLED,
    ORACLE_MSI_BEYOND_TABLE,
    ORACLE_MSI_DTE_UNREADABLE,
    ORACLE_MSI_NOT_VALID,
    ORACLE_MSI_DTE_RESERVED,
    ORACLE_MSI_SYSTEM_MANAGEMENT,
    ORACLE_MSI_MODE_RESERVED,
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
    bool write; /* both: an atomic */
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
    uint64_t spa; /* the next four when translated */
    bool read;    /* effective permissions */
    bool write;
    bool force_coherent;
    unsigned page_log2; /* of the page that the tables name; 64 when no table was walked */
    struct oracle_event event;
    unsigned steps;
    struct oracle_step step[6];
};

struct oracle_msi {
    uint16_t device_id;
    uint64_t address;
    uint32_t data;
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
struct oracle_msi_answer oracle_msi(const struct oracle_machine *machine,
                                    const struct oracle_msi *request);

#endif
