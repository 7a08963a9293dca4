/* SPDX-License-Identifier: BSD-2-Clause */
/* One request, what the library made of it, and whether the oracle agrees. */
#ifndef TESTS_VERDICT_H
#define TESTS_VERDICT_H

#include "oracle.h"

#include <amdvi/iommu.h>

/* SE: has the device had its one event? Unknown while a change of its entry is under way. */
enum first_event {
    FIRST_TO_COME,
    FIRST_LOGGED,
    FIRST_UNKNOWN,
};

struct request {
    bool is_interrupt;
    bool is_ats; /* a translation request */
    bool quiet;  /* DMA only */
    bool peek;   /* DMA only */
    uint64_t size_bytes;
    struct oracle_dma dma; /* of ATS too: the device and the address */
    struct oracle_msi msi;
};

/* What the library said and did. */
struct answer {
    struct amdvi_translation dma;
    uint64_t host_run; /* of a translation: bytes of it that the host maps in one run */
    struct amdvi_remapped msi;
    struct amdvi_ats_completion ats;
    unsigned events;
    uint8_t event[16];
};

/*
 * Compare all parts of @got with the oracle's answer, memory being as it is now: outcome, address,
 * permissions, run and granule or the answer's block, and the event or its absence.
 *
 * @state  what is known of the device's first event; becomes what is known after.
 * @cause  the oracle's.
 *
 * Returns NULL when they agree, else what differs.
 */
const char *verdict(const struct oracle_machine *machine, const struct request *request,
                    const struct answer *got, enum first_event *state, enum oracle_cause *cause);

#endif
