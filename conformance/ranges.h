/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The special address ranges of HyperTransport, FD_0000_0000h to FF_FFFF_FFFFh, and what their
 * tests share: accesses that are refused there, and that are translated.
 */
#ifndef CONFORMANCE_RANGES_H
#define CONFORMANCE_RANGES_H

#include "entries.h"

#define RESERVED_INT  UINT64_C(0xfd00000000)
#define INTERRUPTS    UINT64_C(0xfdf8000000)
#define IACK          UINT64_C(0xfdf9000000)
#define SYSTEM        UINT64_C(0xfdf9100000)
#define RESERVED      UINT64_C(0xfdf9200000)
#define ATS_RESPONSES UINT64_C(0xfdfb000000)
#define PORTS         UINT64_C(0xfdfc000000)
#define CONFIGURATION UINT64_C(0xfdfe000000)
#define EXTENDED      UINT64_C(0xfe00000000)
#define RESERVED_HIGH UINT64_C(0xfe20000000)
#define RANGES_END    UINT64_C(0x10000000000)

/* V, TV, Mode 6, everything permitted, and @control. */
static inline void translate(struct rig *rig, uint64_t control)
{
    rig_enable(rig);
    rig_attach(rig, 6);
    set_entry(rig, attached(rig).q[0], RIG_DOMAIN | control, 0, 0);
}

/* Reads and posted writes at both ends of a range are refused with these types. */
static inline void refused(struct rig *rig, uint64_t first, uint64_t end, unsigned read_type,
                           unsigned write_type)
{
    uint64_t page = lone_page(rig);

    REFUSES_READ(rig, first, page, invalid_request(rig, read_type, first));
    REFUSES_READ(rig, end - 8, page, invalid_request(rig, read_type, end - 8));
    REFUSES_WRITE(rig, first, page, invalid_request(rig, write_type, first));
    REFUSES_WRITE(rig, end - 8, page, invalid_request(rig, write_type, end - 8));
}

/* Both ends of a range are mapped to memory, and reached there. */
static inline void translated(struct rig *rig, uint64_t first, uint64_t end)
{
    uint64_t low = lone_page(rig);
    uint64_t high = lone_page(rig);

    rig_map(rig, first, low, 12, RIG_RW);
    rig_map(rig, end - 0x1000, high, 12, RIG_RW);
    RIG_READS(rig, first, low, 8);
    RIG_WRITES(rig, first, low, 8);
    RIG_READS(rig, end - 8, high + 0xff8, 8);
    RIG_WRITES(rig, end - 8, high + 0xff8, 8);
    REFUSES_READ(rig, first + 0x2000, low, rig_fault(rig, 0, first + 0x2000));
    rig_map(rig, first + 0x3000, low, 12, 0);
    REFUSES_READ(rig, first + 0x3000, low, rig_fault(rig, EVENT_PR | EVENT_PE, first + 0x3000));
}

/* A non-posted write is refused with this type. */
static inline void non_posted(struct rig *rig, uint64_t address, unsigned type)
{
    uint64_t page = lone_page(rig);
    struct target_request request = request_of(rig, TARGET_NON_POSTED_WRITE, address);

    REFUSES(rig, request, page, invalid_request(rig, type, address));
}

#endif
