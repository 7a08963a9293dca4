/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A requirement of revision 1.20 and its test. Each area has a file req_<area>.c with a list; the
 * areas are collected in requirements.c.
 */
#ifndef CONFORMANCE_REQUIREMENT_H
#define CONFORMANCE_REQUIREMENT_H

#include "rig.h"
#include "target.h"

#include "checks.h"

struct requirement {
    const char *id;       /* "DTE-012": area and number; never used for anything else later */
    const char *sentence; /* true when the test passes */
    const char *source;   /* revision and structure: "1.20, device table entry" */
    uint64_t needs;       /* CAN_… bits; the test is not run where one is missing */
    void (*test)(struct rig *rig);
    /*
     * Where the sources leave a choice: the names of the legal outcomes, with " | " between them,
     * and which of them is ours. The test says which it saw, by rig_outcome(). Otherwise NULL.
     */
    const char *legal;
    const char *ours;
};

/* Entries of an area's list: where the sources leave no choice, and where they do. */
#define REQUIREMENT(id, sentence, source, needs, test)                                             \
    {                                                                                              \
        (id), (sentence), (source), (needs), (test), NULL, NULL                                    \
    }
#define CHOICE(id, sentence, source, needs, test, legal, ours)                                     \
    {                                                                                              \
        (id), (sentence), (source), (needs), (test), (legal), (ours)                               \
    }
#define LIST_END                                                                                   \
    {                                                                                              \
        NULL, NULL, NULL, 0, NULL, NULL, NULL                                                      \
    }

/* An area's requirements, to one whose id is NULL. */
struct requirement_area {
    const char *prefix;  /* of the ids */
    const char *heading; /* in docs/conformance.md */
    const struct requirement *list;
};

/* Each in its req_<area>.c. */
extern const struct requirement_area area_capability, area_registers, area_register_access,
    area_status, area_own_interrupt, area_command_buffer, area_command_errors, area_commands,
    area_event_log, area_log_overflow, area_iotlb, area_iotlb_timeout, area_device_table_entry,
    area_device_table, area_suppression, area_page_tables, area_page_faults, area_page_sizes,
    area_exclusion, area_caches, area_cached_entries, area_ranges, area_range_control,
    area_interrupts, area_interrupt_tables, area_interrupt_device_table, area_ht_interrupts,
    area_ats, area_ats_refused, area_ats_translated;

extern const struct requirement_area *const requirement_areas[]; /* to a NULL */

#endif
