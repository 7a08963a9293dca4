/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of `amdvi walk` share. */
#ifndef AMDVI_CLI_WALK_H
#define AMDVI_CLI_WALK_H

#include <amdvi/dte.h>
#include <amdvi/event.h>

#include "image.h"
#include "layout.h"

struct cli_walk {
    struct cli_image image;
    enum cli_revision revision;
    uint64_t dev_tab_base; /* as the register has it */
    uint64_t control;
    uint64_t excl_base;
    uint64_t excl_limit;
    bool ht_ats_reserved; /* of the capability block */

    uint16_t device_id;
    bool is_write;
    uint64_t iova;     /* or the address of an interrupt */
    uint32_t msi_data; /* of an interrupt */

    /* What comes out of it. */
    json_t *steps;
    const char *outcome; /* translated, passed, aborted, unreadable, not walked */
    char reason[160];
    uint64_t spa;
    unsigned size_log2; /* of the page, or of what is translated alike; 0 when nothing is */
    bool has_event;
    struct amdvi_event event;
};

/* A row of the walk. */
void cli_walk_step(struct cli_walk *walk, const char *what, uint64_t spa, uint64_t word,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));

/* How it ends. */
void cli_walk_end(struct cli_walk *walk, const char *outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void cli_walk_abort(struct cli_walk *walk, const struct amdvi_event *event, const char *why);

/*
 * The device table entry of walk->device_id, and its quadwords. False when the walk has ended
 * before it: the IOMMU is off, or the entry is not there.
 */
bool cli_walk_find_dte(struct cli_walk *walk, struct amdvi_dte *dte, uint64_t words[4]);

void cli_walk_memory(struct cli_walk *walk);
void cli_walk_interrupt(struct cli_walk *walk);

/*
 * All mappings of the page tables of walk->device_id: {"ranges": [{"iova", "last", "spa",
 * "bytes", "access"}], "faults": [...], "domain", "complete"}; NULL when the walk has ended.
 */
json_t *cli_walk_mappings(struct cli_walk *walk);

/* The devices whose entries name @domain, as an array of their ids. */
json_t *cli_walk_domain_devices(struct cli_walk *walk, unsigned domain);

#endif
