/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files flush*.c share. Rings are between begin and commit for those that put. */
#ifndef AMDVI_DRV_FLUSH_H
#define AMDVI_DRV_FLUSH_H

#include "state.h"

#pragma GCC visibility push(hidden)

/* Of a wait that begins now. */
uint64_t amdvi_drv_deadline(const struct amdvi_drv *drv);

/* INVALIDATE_DEVTAB_ENTRY or INVALIDATE_INTERRUPT_TABLE. */
void amdvi_drv_put_device(struct amdvi_drv_ring *ring, enum amdvi_opcode opcode,
                          uint16_t device_id);
/* INVALIDATE_IOMMU_PAGES of a whole domain. */
void amdvi_drv_put_domain(struct amdvi_drv_ring *ring, uint16_t domain_id);
/* One aligned block around the range: what a device keeps besides is soon asked for again. */
void amdvi_drv_put_iotlb(struct amdvi_drv_ring *ring, const struct amdvi_drv_requester *requester,
                         uint64_t first_iova, uint64_t last_iova);

/* As amdvi_drv_ring_wait(), and timeouts are counted. */
enum amdvi_drv_status amdvi_drv_wait_for(struct amdvi_drv_unit *unit, uint32_t number,
                                         uint64_t deadline_ns);

/* Where devices with ATS are told, and may not answer. All 0 at first. */
struct amdvi_drv_settle {
    uint32_t units;                    /* bits */
    uint32_t losses;                   /* of their logs, from before the commands: the sum */
    uint32_t begin;                    /* not after the first of the commands; 2^20 ns each */
    struct amdvi_drv_requester *asked; /* alone, and held on to: for amdvi_drv_settle() */
};

/* Devices behind @unit are about to be told. More than once does no harm. */
void amdvi_drv_settle_note(struct amdvi_drv_settle *settle, const struct amdvi_drv_unit *unit);
/*
 * The commands are completed, but the devices may not have answered: find out by log and by time,
 * ask again where the two do not say, and close those that did not.
 */
enum amdvi_drv_status amdvi_drv_settle(struct amdvi_drv *drv, struct amdvi_drv_settle *settle);

#pragma GCC visibility pop

#endif
