/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host for the driver, around the software IOMMU in the same process. It gives memory whose SPAs
 * are not its pointers, registers, a clock of its own that only goes on when it is looked at, locks
 * and configuration space; it counts what is held, refuses call number n, and notes every breach of
 * what drv_host.h promises (rig->breaches). Options and modes make the machine an unusual, or a bad
 * one.
 *
 * What a test programs the IOMMU with by hand goes through rig->unit[0].machine.
 */
#ifndef DRIVER_TESTS_RIG_H
#define DRIVER_TESTS_RIG_H

#include "machine.h"

#include <amdvi/drv_host.h>

#define RIG_UNITS_MAX     4
#define RIG_FUNCTIONS_MAX 8
#define RIG_CLAIMS_MAX    64
#define RIG_REFUSALS_MAX  64
#define RIG_WINDOW(n)     (UINT64_C(0xfeb80000) + UINT64_C(0x4000) * (n)) /* of unit n */
#define RIG_UNIT_ID(n)    ((uint16_t)(0x0002 + 0x100 * (n)))              /* device id of unit n */
#define RIG_CAP_OFFSET    0x40 /* its capability block in configuration space */
#define RIG_ATS_OFFSET    0x100

struct rig;

struct rig_options {
    unsigned units;    /* 0: 1 */
    unsigned caches;   /* of the devices, see machine_cache_sizes; 0: large, else index plus one */
    bool only32;       /* no read64, write64 */
    bool store128;     /* the host has it */
    bool non_coherent; /* the IOMMU sees what was flushed, the processor what it dropped. What
                          was stored is known by comparison: storing the same is no store */
    bool threads;      /* locks are real, and so are those of the host's own */
    unsigned readers;  /* of each device; 0: 4 */
    bool no_locks;
    bool no_pci;
    bool no_timer;
    bool iotlb_sup;        /* the units support ATS */
    size_t arena_bytes;    /* the heap of rig->heap is an arena; no host->alloc */
    uint64_t pause_ns;     /* that pause() takes; 0: 1 µs */
    unsigned memory_bytes; /* that host->alloc has; 0: all */
};

enum rig_completion {
    RIG_AT_ONCE,
    RIG_LATE,  /* what is written to the tail arrives late_ns later, by the clock; with threads
                  whenever rig_deliver() is called */
    RIG_NEVER, /* it does not arrive before the mode is another, and the clock goes on */
};

/* What has just been done to the machine, for rig->changed. */
enum rig_change {
    RIG_STORED,   /* to memory under rig_watch() */
    RIG_FLUSHED,  /* bytes */
    RIG_REGISTER, /* written */
};

struct rig_unit {
    struct machine machine; /* first: its callbacks find the rig from it */
    struct rig *rig;
    bool tail_held; /* completion */
    uint32_t tail;
    uint64_t tail_due_ns;
    unsigned writes[AMDVI_REG_COUNT]; /* by the driver, 32 or 64 bits */
};

/* A PCI function with configuration space. */
struct rig_function {
    uint16_t device_id;
    uint32_t config[1024];
};

/* Where an access may go, for rig_check(). */
struct rig_claim {
    unsigned unit;
    uint16_t device_id;
    uint64_t iova;
    unsigned spas; /* that it may reach; 0: none */
    uint64_t spa[2];
    bool must; /* it may not be refused */
};

/* A refusal that the IOMMU remembers (remember_refusals). */
struct rig_refusal {
    uint16_t device_id;
    uint16_t domain_id;
    uint64_t page;
};

struct rig {
    struct amdvi_drv_host host; /* what the driver is given; may be changed before it is used */
    struct amdvi_drv_heap heap; /* over host->alloc, or the arena */
    struct rig_unit unit[RIG_UNITS_MAX];
    struct rig_options options;
    struct rig_function function[RIG_FUNCTIONS_MAX];
    unsigned function_count;

    /* What is held, and what went wrong. */
    unsigned held_blocks;
    size_t held_bytes;
    unsigned held_windows;
    _Atomic unsigned breaches; /* of the promises in drv_host.h: each is printed */

    /* Calls that can fail: alloc, map_window, config_…, unit_message. */
    _Atomic unsigned calls;
    unsigned fail_at; /* the call that fails, counted from 1; 0: none */

    /* Time. */
    _Atomic uint64_t now_ns;
    _Atomic uint64_t timer_ns; /* earliest that set_timer asked for; UINT64_MAX: none */

    /* The bad machine. */
    enum rig_completion completion;
    uint64_t late_ns;
    unsigned corrupt_after; /* commands from now on, 1 is the next; 0: none */
    uint64_t corrupt_word0; /* what is put there instead */
    uint64_t corrupt_word1;
    bool head_is_behind;    /* a stopped ring's head is one behind the bad command */
    bool dead_run;          /* run bits read 0 */
    bool stuck_run;         /* run bits read 1 */
    bool status_races;      /* the next write to STATUS is lost (787) */
    bool remember_refusals; /* not-present is cached */
    bool ats_silent;        /* devices do not answer invalidate requests */
    unsigned refusals;
    struct rig_refusal refusal[RIG_REFUSALS_MAX];

    /* Told after each change, if set. */
    void (*changed)(struct rig *rig, enum rig_change what);
    void *changed_ctx;
    bool in_changed;

    /* News from the driver. */
    _Atomic unsigned events;
    _Atomic unsigned released;
    void *last_released;
    _Atomic unsigned log_lines;
    char last_log[192];
    bool print_log;
    void (*event)(struct rig *rig, const struct amdvi_drv_report *report);

    struct rig_claim claim[RIG_CLAIMS_MAX];
    unsigned claims;

    /* The rig's own. */
    uint8_t *memory;      /* as the processor sees it */
    uint8_t *clean;       /* non-coherent: what it was when last flushed */
    _Atomic bool in_host; /* threads: somebody is at what follows, or at last_log */
    uint8_t *page_use;    /* of each page: 0 free, 1 first of a block, 2 more of it */
    struct amdvi_drv_block arena;
};

/* A new machine, IOMMUs as after reset; ends the program where that is not possible. */
void rig_start(struct rig *rig, const struct rig_options *options);
/* The end; whatever is held still is a breach. True when there was none. */
bool rig_stop(struct rig *rig);

/* The register window of unit n, as host->map_window gives it. */
void *rig_window(struct rig *rig, unsigned unit);

/* Memory of the processor, and the IOMMU's name for it; and back. */
uint64_t rig_spa(const struct rig *rig, const void *bytes);
void *rig_bytes(const struct rig *rig, uint64_t spa);
/* Memory as the IOMMU sees it. */
uint64_t rig_read64(struct rig *rig, uint64_t spa);

/* Registers without the driver, nothing counted. */
uint64_t rig_reg(struct rig *rig, unsigned unit, enum amdvi_reg reg);
void rig_set_reg(struct rig *rig, unsigned unit, enum amdvi_reg reg, uint64_t value);

/* A new PCI function behind nothing in particular, with an ATS capability if @ats. */
struct rig_function *rig_add_function(struct rig *rig, uint16_t device_id, bool ats);

/* With threads and RIG_LATE: tails that were written arrive, and commands run in this thread. */
void rig_deliver(struct rig *rig);

/* Let time pass for clock and devices. */
void rig_pass(struct rig *rig, uint64_t nanoseconds);

/* ---- What devices can do --------------------------------------------------------------------- */

/* An access of 8 bytes: true and where it lands, or false. An event is logged as usual. */
bool rig_access(struct rig *rig, unsigned unit, uint16_t device_id, uint64_t iova, bool write,
                uint64_t *out_spa);
/* As rig_access() through reader @reader, from 1 on, which is the caller's alone: for threads. */
bool rig_access_by(struct rig *rig, unsigned unit, unsigned reader,
                   const struct amdvi_request *request, uint64_t *out_spa);
/* The same with no effect at all: no event, nothing cached, no cache looked at. */
bool rig_peek(struct rig *rig, unsigned unit, uint16_t device_id, uint64_t iova, bool write,
              uint64_t *out_spa);
/* An interrupt, likewise, with @data at FEE0_0000h: what is sent on. */
bool rig_interrupt_by(struct rig *rig, unsigned unit, unsigned reader, uint16_t device_id,
                      uint32_t data, uint32_t *out_data);
/* An MSI to FEE0_0000h | @address with @data: true and what is sent on, or false. */
bool rig_interrupt(struct rig *rig, unsigned unit, uint16_t device_id, uint32_t address,
                   uint32_t data, uint64_t *out_address, uint32_t *out_data);

/*
 * Claims, for an invariant that is tried at any moment, in rig->changed for instance: the access of
 * a device to a page may reach this SPA, or be refused. The same page again: that SPA too (old and
 * new). rig_may_not: nothing from now on. rig_must: exactly this.
 */
void rig_may(struct rig *rig, unsigned unit, uint16_t device_id, uint64_t iova, uint64_t spa);
void rig_may_not(struct rig *rig, unsigned unit, uint16_t device_id, uint64_t iova);
void rig_must(struct rig *rig, unsigned unit, uint16_t device_id, uint64_t iova, uint64_t spa);
/* Try them all, reads and writes, caches used and filled; each that does not hold is a breach. */
bool rig_check(struct rig *rig);

/* ---- Each single store ----------------------------------------------------------------------- */

/*
 * From now on rig->changed is called after each store instruction of the processor to these bytes'
 * pages, one by one, whatever the compiler made of the source. One area at a time. False where that
 * is not possible (not x86-64): then use non_coherent, and RIG_FLUSHED.
 */
bool rig_watch(struct rig *rig, const void *bytes, size_t size_bytes);
void rig_unwatch(struct rig *rig);

/* A promise was broken: print it and count. */
void rig_breach(struct rig *rig, const char *what);

#endif
