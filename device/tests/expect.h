/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What several test programs of the device say: devices with page tables of their own, and what a
 * request of them must come to. The event words are typed from the reference, not taken from arch/.
 */
#ifndef DEVICE_TESTS_EXPECT_H
#define DEVICE_TESTS_EXPECT_H

#include "check.h"
#include "machine.h"

/* Flags of an event, at their bits of word 0. */
#define FLAG_I  (UINT64_C(1) << 51)
#define FLAG_PR (UINT64_C(1) << 52)
#define FLAG_RW (UINT64_C(1) << 53)
#define FLAG_PE (UINT64_C(1) << 54)
#define FLAG_RZ (UINT64_C(1) << 55)

/* The type of a hardware error, and of an invalid request. */
#define TYPE_ABSENT     (UINT64_C(1) << 57)
#define TYPE_DATA       (UINT64_C(3) << 57)
#define TYPE_INVALID(n) ((uint64_t)(n) << 57)

#define CODE_ILLEGAL_DTE 1
#define CODE_PAGE_FAULT  2
#define CODE_DTE_ERROR   3
#define CODE_PAGE_ERROR  4
#define CODE_ILLEGAL_CMD 5
#define CODE_CMD_ERROR   6
#define CODE_INVALID_REQ 8

/* Bits of tables that the tests set by themselves. */
#define BIT64(n) (UINT64_C(1) << (n))

static inline uint64_t event_word(unsigned code, uint16_t device_id, uint16_t domain_id,
                                  uint64_t flags)
{
    return (uint64_t)code << 60 | flags | (uint64_t)domain_id << 32 | device_id;
}

/* Run @body on a new machine of each cache size. */
static inline void with_each_cache(void (*body)(struct machine *machine))
{
    for (unsigned i = 0; i < 3; i++) {
        struct machine machine;
        machine_start(&machine, &machine_cache_sizes[i]);
        body(&machine);
        machine_stop(&machine);
    }
}

static inline bool expect_no_event(struct machine *machine)
{
    uint64_t word0 = 0;
    uint64_t word1 = 0;
    if (!CHECK(!machine_event_words(machine, &word0, &word1))) {
        printf("# unexpected event 0x%" PRIx64 " 0x%" PRIx64 "\n", word0, word1);
        return false;
    }
    return true;
}

static inline bool expect_event(struct machine *machine, uint64_t want0, uint64_t want1)
{
    uint64_t word0 = 0;
    uint64_t word1 = 0;
    if (!CHECK(machine_event_words(machine, &word0, &word1))) {
        printf("# no event 0x%" PRIx64 " 0x%" PRIx64 "\n", want0, want1);
        return false;
    }
    bool same0 = CHECK_U64(word0, want0);
    return CHECK_U64(word1, want1) && same0;
}

/* The event, and no other after it. */
static inline bool expect_only_event(struct machine *machine, uint64_t want0, uint64_t want1)
{
    bool came = expect_event(machine, want0, want1);
    return expect_no_event(machine) && came;
}

static inline uint64_t rw_flag(enum amdvi_access access)
{
    return access == AMDVI_ACCESS_READ ? 0 : FLAG_RW;
}

/* A device id and a domain that no subject had before. */
struct subject {
    struct machine *machine;
    uint64_t root;
    unsigned mode;
    uint16_t device_id;
    uint16_t domain_id;
};

static inline struct subject subject_unset(struct machine *machine)
{
    static uint16_t count;
    struct subject subject = {.machine = machine};

    count++;
    subject.device_id = (uint16_t)(0x4000 + count);
    subject.domain_id = (uint16_t)(0x1001 + 3 * count);
    return subject;
}

/* One with an empty page table of @mode levels and IR=IW=1. */
static inline struct subject subject_new(struct machine *machine, unsigned mode)
{
    struct subject subject = subject_unset(machine);

    subject.mode = mode;
    subject.root = machine_set_paged(machine, subject.device_id, subject.domain_id, mode);
    return subject;
}

/* Entry of a table of @level (1 to 6) that translates @iova. */
static inline uint64_t entry_offset(unsigned level, uint64_t iova)
{
    return 8 * (iova >> (12 + 9 * (level - 1)) & 511);
}

/* Where the entry of @iova at @level is, below pointers that allow everything, made as needed. */
static inline uint64_t entry_at(const struct subject *subject, uint64_t iova, unsigned level)
{
    uint64_t table = subject->root;

    for (unsigned at = subject->mode; at > level; at--) {
        uint64_t spa = table + entry_offset(at, iova);
        if (machine_read64(subject->machine, spa) == 0) {
            machine_write64(subject->machine, spa,
                            machine_entry(at - 1, machine_table(subject->machine), true, true));
        }
        table = machine_read64(subject->machine, spa) & AMDVI_PTE_ADDRESS;
    }
    return table + entry_offset(level, iova);
}

static inline void set_entry(const struct subject *subject, uint64_t iova, unsigned level,
                             uint64_t word)
{
    machine_write64(subject->machine, entry_at(subject, iova, level), word);
}

/* Asked twice, an access of 8 bytes comes to @spa each time, and nothing is logged. */
static inline bool expect_spa(const struct subject *subject, uint64_t iova,
                              enum amdvi_access access, uint64_t spa)
{
    bool good = true;

    for (unsigned i = 0; i < 2; i++) {
        struct amdvi_translation got =
            machine_translate(subject->machine, subject->device_id, iova, 8, access);
        good = CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED) && good;
        good = CHECK_U64(got.spa, spa) && CHECK_U64(got.run_bytes, 8) && good;
        good = expect_no_event(subject->machine) && good;
    }
    return good;
}

/* Asked twice, an access of 8 bytes is refused each time with exactly this event. */
static inline bool expect_refusal(const struct subject *subject, uint64_t iova,
                                  enum amdvi_access access, uint64_t word0, uint64_t word1)
{
    bool good = true;

    for (unsigned i = 0; i < 2; i++) {
        struct amdvi_translation got =
            machine_translate(subject->machine, subject->device_id, iova, 8, access);
        good = CHECK_U64(got.outcome, AMDVI_OUTCOME_ABORTED) && good;
        good = CHECK_U64(got.run_bytes, 8) && good;
        good = expect_only_event(subject->machine, word0, word1) && good;
    }
    return good;
}

/* The same with an IO_PAGE_FAULT; RW is added where the access writes. */
static inline bool expect_fault(const struct subject *subject, uint64_t iova,
                                enum amdvi_access access, uint64_t flags)
{
    return expect_refusal(subject, iova, access,
                          event_word(CODE_PAGE_FAULT, subject->device_id, subject->domain_id,
                                     flags | rw_flag(access)),
                          iova);
}

#endif
