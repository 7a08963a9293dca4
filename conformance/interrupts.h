/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of remapped interrupts share: the interrupt half of a device table entry, a table,
 * and message signalled interrupts that pass or are aborted.
 */
#ifndef CONFORMANCE_INTERRUPTS_H
#define CONFORMANCE_INTERRUPTS_H

#include "entries.h"

#define MODE(n) ((uint32_t)(n) << 8) /* delivery mode in an MSI's data */

/* IV and @q2 in the entry of rig->device, V=1, in RIG_DOMAIN. */
static inline void control(struct rig *rig, uint64_t q2)
{
    set_entry(rig, Q0_V, RIG_DOMAIN, Q2_IV | q2, 0);
}

/* The same with a table of 2^@len entries, which is returned. */
static inline uint64_t remap(struct rig *rig, unsigned len, uint64_t q2)
{
    uint64_t table = rig_pages(rig, 3, 0x4000);
    struct rig_dte dte = {{Q0_V, RIG_DOMAIN, q2, 0}};

    rig_enable(rig);
    rig_dte_remap(&dte, table, len);
    rig_set_dte(rig, rig->device, dte);
    return table;
}

/* The entry of @index, seen by the next interrupt. */
static inline void set_irte(struct rig *rig, uint64_t table, uint32_t index, uint32_t entry)
{
    rig_store32(rig, table + 4 * (uint64_t)index, entry);
    rig_invalidate_interrupts(rig, rig->device);
    CHECK(rig_wait(rig));
}

static inline void send(struct rig *rig, uint32_t data)
{
    rig_interrupt(rig, rig->device, MSI_BASE, data);
}

static inline void passes(struct rig *rig, uint64_t address, uint32_t data)
{
    rig_interrupt(rig, rig->device, address, data);
    RIG_MESSAGE(rig, .destination = (uint8_t)(address >> 12), .delivery = data >> 8 & 7,
                .vector = (uint8_t)data, .logical = (address & MSI_DM) != 0,
                .level = (data >> 15 & 1) != 0);
    RIG_NO_EVENTS(rig);
}

static inline void aborted(struct rig *rig, uint64_t address, uint32_t data, struct rig_event want)
{
    rig_interrupt(rig, rig->device, address, data);
    RIG_NO_MESSAGE(rig);
    RIG_EVENTS(rig, want);
}

#endif
