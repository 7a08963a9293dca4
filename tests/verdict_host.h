/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library says of host memory, and whether the oracle and the host's layout agree. */
#ifndef TESTS_VERDICT_HOST_H
#define TESTS_VERDICT_HOST_H

#include "layout.h"
#include "verdict.h"

#define HOST_SEGMENTS 6

/* An access, by way of pointers. */
struct host_request {
    const struct request *request;
    unsigned capacity; /* of segments: 1 to HOST_SEGMENTS; 0: amdvi_iommu_pointer() */
};

struct host_answer {
    void *pointer;
    struct amdvi_segment segment[HOST_SEGMENTS];
    struct amdvi_segments segments;
    struct answer logged; /* its events only */
};

/*
 * Is the pointer, or are the segments, exactly those of the oracle's SPAs in @layout (NULL: the
 * host maps nothing)? A pointer logs nothing; segments log the page that is refused.
 *
 * Returns NULL, or what differs. @state as of verdict().
 */
const char *verdict_host(const struct oracle_machine *machine, struct layout *layout,
                         const struct host_request *asked, const struct host_answer *got,
                         enum first_event *state);

/* Is the pointer in the answer to a general request right? @got->host_run must be set before. */
const char *verdict_translation_host(struct layout *layout, const struct request *request,
                                     const struct answer *got);

/* The bytes from @spa on that the host maps in one run, UINT64_MAX when there is no pointer. */
uint64_t host_run_of(struct layout *layout, uint64_t spa, bool write, uint64_t size_bytes);

#endif
