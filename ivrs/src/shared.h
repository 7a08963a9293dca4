/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of ivrs/ share with each other and with nobody else.
 */
#ifndef AMDVI_IVRS_SHARED_H
#define AMDVI_IVRS_SHARED_H

#include "amdvi/ivrs.h"

#pragma GCC visibility push(hidden)

static inline bool amdvi_ivrs_is_alias(enum amdvi_ivrs_device_kind kind)
{
    return kind == AMDVI_IVRS_DEVICE_ALIAS_SELECT || kind == AMDVI_IVRS_DEVICE_ALIAS_RANGE;
}

static inline bool amdvi_ivrs_is_range(enum amdvi_ivrs_device_kind kind)
{
    return kind == AMDVI_IVRS_DEVICE_RANGE || kind == AMDVI_IVRS_DEVICE_ALIAS_RANGE ||
           kind == AMDVI_IVRS_DEVICE_EXTENDED_RANGE;
}

static inline bool amdvi_ivrs_is_extended(enum amdvi_ivrs_device_kind kind)
{
    return kind == AMDVI_IVRS_DEVICE_EXTENDED_SELECT || kind == AMDVI_IVRS_DEVICE_EXTENDED_RANGE;
}

static inline bool amdvi_ivrs_is_special(enum amdvi_ivrs_device_kind kind)
{
    return kind == AMDVI_IVRS_DEVICE_IOAPIC || kind == AMDVI_IVRS_DEVICE_HPET ||
           kind == AMDVI_IVRS_DEVICE_SPECIAL_OTHER;
}

/* Two IVHD blocks, of whatever type, that describe one IOMMU. */
static inline bool amdvi_ivrs_is_same_unit(const struct amdvi_ivrs_block *a,
                                           const struct amdvi_ivrs_block *b)
{
    return a->kind == AMDVI_IVRS_BLOCK_IVHD && b->kind == AMDVI_IVRS_BLOCK_IVHD &&
           a->unit.pci_segment == b->unit.pci_segment && a->unit.device_id == b->unit.device_id;
}

/* Whether two closed ranges have a number in common. */
static inline bool amdvi_ivrs_ranges_meet(uint64_t a_first, uint64_t a_last, uint64_t b_first,
                                          uint64_t b_last)
{
    return a_first <= b_last && b_first <= a_last;
}

/* Whether another block describes the same IOMMU in a higher type, so that this one is not read. */
bool amdvi_ivrs_is_superseded(const struct amdvi_ivrs_table *table,
                              const struct amdvi_ivrs_block *block);

/*
 * Check a description and find the length of its table; the whole of amdvi_ivrs_size(), but for
 * @out_refusal, which is never NULL here.
 */
enum amdvi_ivrs_status amdvi_ivrs_describe(const struct amdvi_ivrs_description *description,
                                           uint32_t *out_size_bytes,
                                           struct amdvi_ivrs_refusal *out_refusal);

/* The part of amdvi_ivrs_describe() that is about memory; the units are already found good. */
enum amdvi_ivrs_status amdvi_ivrs_describe_memory(const struct amdvi_ivrs_description *description,
                                                  struct amdvi_ivrs_refusal *out_refusal);

/* The bytes of one device entry, a range with its end. */
uint32_t amdvi_ivrs_device_bytes(enum amdvi_ivrs_device_kind kind);

/* What a block that is too short is filled with; the unit has at least one plain entry. */
struct amdvi_ivrs_device amdvi_ivrs_filler(const struct amdvi_ivrs_unit_description *unit);

/* The bytes of the IVHD block of one IOMMU, filled up. */
uint64_t amdvi_ivrs_unit_bytes(const struct amdvi_ivrs_unit_description *unit);

#pragma GCC visibility pop

#endif
