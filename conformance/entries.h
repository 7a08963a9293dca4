/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fields of the entries that the tests of translation and remapping write, typed from the
 * architecture reference (numbers of bits are those of the quadword), and the checks that most of
 * these tests make: a request that is refused, and the one event that it leaves.
 */
#ifndef CONFORMANCE_ENTRIES_H
#define CONFORMANCE_ENTRIES_H

#include "requirement.h"

#include <string.h>

/* Device table entry, quadword 0. */
#define Q0_V       UINT64_C(0x1)
#define Q0_TV      UINT64_C(0x2)
#define Q0_MODE(n) ((uint64_t)(n) << 9)

/* Quadword 1: bits 127:64. */
#define Q1_I         (UINT64_C(1) << 32)
#define Q1_SE        (UINT64_C(1) << 33)
#define Q1_SA        (UINT64_C(1) << 34)
#define Q1_IOCTL(n)  ((uint64_t)(n) << 35)
#define Q1_CACHE     (UINT64_C(1) << 37)
#define Q1_SD        (UINT64_C(1) << 38)
#define Q1_EX        (UINT64_C(1) << 39)
#define Q1_SYSMGT(n) ((uint64_t)(n) << 40)

/* Quadword 2: bits 191:128. */
#define Q2_IV            UINT64_C(0x1)
#define Q2_INT_TAB(n)    ((uint64_t)(n) << 1)
#define Q2_IG            (UINT64_C(1) << 5)
#define Q2_INIT_PASS     (UINT64_C(1) << 56)
#define Q2_EXT_INT_PASS  (UINT64_C(1) << 57)
#define Q2_NMI_PASS      (UINT64_C(1) << 58)
#define Q2_INT_CTL(n)    ((uint64_t)(n) << 60)
#define Q2_LINT0_PASS    (UINT64_C(1) << 62)
#define Q2_LINT1_PASS    (UINT64_C(1) << 63)
#define Q2_INT_CTL_ABORT Q2_INT_CTL(0)
#define Q2_INT_CTL_PASS  Q2_INT_CTL(1)
#define Q2_INT_CTL_REMAP Q2_INT_CTL(2)

/* Reserved bits of each quadword. */
#define Q0_RESERVED UINT64_C(0x9ff00000000001fc)
#define Q1_RESERVED UINT64_C(0xfffffc00ffff0000)
#define Q2_RESERVED UINT64_C(0x08f0000000000000)
#define Q3_RESERVED UINT64_C(0xffffffffffffffff)

/* Page table entries. */
#define PTE_U        (UINT64_C(1) << 59)
#define PTE_FC       (UINT64_C(1) << 60)
#define PTE_RESERVED UINT64_C(0x07f0000000000000)
#define PDE_RESERVED UINT64_C(0x1ff0000000000000)

/* Interrupt remapping table entries. */
#define IRTE_REMAP_EN  UINT32_C(0x01)
#define IRTE_SUP_IOPF  UINT32_C(0x02)
#define IRTE_TYPE(n)   ((uint32_t)(n) << 2)
#define IRTE_RQ_EOI    UINT32_C(0x20)
#define IRTE_DM        UINT32_C(0x40)
#define IRTE_DEST(n)   ((uint32_t)(n) << 8)
#define IRTE_VECTOR(n) ((uint32_t)(n) << 16)

#define MSI_BASE UINT64_C(0xfee00000)
#define MSI_DM   UINT64_C(0x4)

/* A page with unused ones beside it: the checks of requests look at, and fill, both sides. */
static inline uint64_t lone_page(struct rig *rig)
{
    return rig_pages(rig, 3, 0x1000) + 0x1000;
}

/* The DTE that rig_attach() makes, for tests that change a bit of it. */
static inline struct rig_dte attached(const struct rig *rig)
{
    return rig_dte_paged(rig->root, rig->mode, RIG_DOMAIN);
}

/* Set the entry of rig->device, invalidate, wait. */
static inline void set_entry(struct rig *rig, uint64_t q0, uint64_t q1, uint64_t q2, uint64_t q3)
{
    rig_set_dte(rig, rig->device, (struct rig_dte){{q0, q1, q2, q3}});
}

/* Change a page table entry, and have what was cached of the domain dropped. */
static inline void set_page_entry(struct rig *rig, uint64_t at, uint64_t entry)
{
    rig_store64(rig, at, entry);
    rig_invalidate_domain(rig, RIG_DOMAIN);
    check_true(rig_wait(rig), "the invalidation of a domain completes", __FILE__, __LINE__);
}

/* First bit of IOVA that level @level indexes. */
static inline unsigned shift_of(unsigned level)
{
    return 12 + 9 * (level - 1);
}

/* Attach with @mode, and map the page of 4 KiB at @iova. */
static inline uint64_t attach_page(struct rig *rig, unsigned mode, uint64_t iova)
{
    uint64_t page = lone_page(rig);

    rig_enable(rig);
    rig_attach(rig, mode);
    rig_map(rig, iova, page, 12, RIG_RW);
    return page;
}

/* ILLEGAL_DEV_TABLE_ENTRY of rig->device. */
static inline struct rig_event illegal_entry(const struct rig *rig, uint64_t flags,
                                             uint64_t address)
{
    return rig_event(EVENT_CODE_ILLEGAL_DTE, rig->device, 0, flags, address);
}

/* INVALID_DEVICE_REQUEST of rig->device. */
static inline struct rig_event invalid_request(const struct rig *rig, unsigned type,
                                               uint64_t address)
{
    return rig_event(EVENT_CODE_INVALID_REQUEST, rig->device, 0, EVENT_TYPE(type), address);
}

/* A refused request, which would have gone to @spa, and the only event of it. */
static inline bool refuses_at(struct rig *rig, const struct target_request *request, uint64_t spa,
                              struct rig_event want, const char *file, int line)
{
    bool held = rig_check_request(rig, request, spa, false, file, line);

    return rig_check_events(rig, &want, 1, file, line) && held;
}

static inline struct target_request request_of(const struct rig *rig, enum target_kind kind,
                                               uint64_t address)
{
    return (struct target_request){
        .device_id = rig->device, .kind = kind, .address = address, .size_bytes = 8};
}

/* Eight bytes by rig->device. */
static inline bool refuses_eight_at(struct rig *rig, enum target_kind kind, uint64_t address,
                                    uint64_t spa, struct rig_event want, const char *file, int line)
{
    struct target_request request = request_of(rig, kind, address);

    return refuses_at(rig, &request, spa, want, file, line);
}
#define REFUSES_READ(rig, address, spa, want)                                                      \
    refuses_eight_at((rig), TARGET_READ, (address), (spa), (want), __FILE__, __LINE__)
#define REFUSES_WRITE(rig, address, spa, want)                                                     \
    refuses_eight_at((rig), TARGET_WRITE, (address), (spa), (want), __FILE__, __LINE__)
#define REFUSES(rig, request, spa, want)                                                           \
    refuses_at((rig), &(request), (spa), (want), __FILE__, __LINE__)

/* The only event in the log; all zero when there is not exactly one. */
static inline struct rig_event take_one_at(struct rig *rig, const char *file, int line)
{
    struct rig_event event = {0, 0};
    unsigned count = rig_take_events(rig, &event, 1);

    if (!check_u64(count, 1, "events in the log", file, line)) {
        event = (struct rig_event){0, 0};
    }
    return event;
}
#define TAKE_ONE(rig) take_one_at((rig), __FILE__, __LINE__)

static inline bool same_event(struct rig_event a, struct rig_event b)
{
    return a.word0 == b.word0 && a.word1 == b.word1;
}

/* The outcome of one part of a test; all parts have the same. */
static inline void same_outcome_at(struct rig *rig, const char *name, const char *file, int line)
{
    check_true(rig->outcome == NULL || strcmp(rig->outcome, name) == 0,
               "the choice is the same each time", file, line);
    rig_outcome(rig, name);
}
#define SAME_OUTCOME(rig, name) same_outcome_at((rig), (name), __FILE__, __LINE__)

/* The event is one of two: say which outcome that is. */
static inline void choose_event_at(struct rig *rig, struct rig_event first, const char *first_name,
                                   struct rig_event second, const char *second_name,
                                   const char *file, int line)
{
    struct rig_event event = take_one_at(rig, file, line);

    if (same_event(event, second)) {
        same_outcome_at(rig, second_name, file, line);
    } else if (check_u64(event.word0, first.word0, "first half of an event", file, line) &&
               check_u64(event.word1, first.word1, "second half of an event", file, line)) {
        same_outcome_at(rig, first_name, file, line);
    }
}
#define CHOOSE_EVENT(rig, first, first_name, second, second_name)                                  \
    choose_event_at((rig), (first), (first_name), (second), (second_name), __FILE__, __LINE__)

/* One event or none: say which outcome that is. */
static inline void choose_logged_at(struct rig *rig, struct rig_event want, const char *logged,
                                    const char *silent, const char *file, int line)
{
    struct rig_event event = {0, 0};
    unsigned count = rig_take_events(rig, &event, 1);

    if (count == 0) {
        same_outcome_at(rig, silent, file, line);
    } else if (check_u64(count, 1, "events in the log", file, line) &&
               check_u64(event.word0, want.word0, "first half of an event", file, line) &&
               check_u64(event.word1, want.word1, "second half of an event", file, line)) {
        same_outcome_at(rig, logged, file, line);
    }
}
#define CHOOSE_LOGGED(rig, want, logged, silent)                                                   \
    choose_logged_at((rig), (want), (logged), (silent), __FILE__, __LINE__)

#endif
