/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small machine around one IOMMU for tests: guest memory, a programmed device table, rings, and a
 * record of all that the library told its host. It does what a driver would do, and judges nothing.
 *
 * Guest memory is MACHINE_MEMORY_BYTES of RAM at address 0, and nothing elsewhere. The lower 16 MiB
 * hold what the IOMMU is programmed with; from MACHINE_FREE on memory is the test's.
 */
#ifndef TESTING_MACHINE_H
#define TESTING_MACHINE_H

#include <amdvi/command.h>
#include <amdvi/dte.h>
#include <amdvi/event.h>
#include <amdvi/iommu.h>
#include <amdvi/irte.h>
#include <amdvi/pte.h>
#include <amdvi/regs.h>

#include <pthread.h>
#include <stdatomic.h>

#define MACHINE_MEMORY_BYTES UINT64_C(0x4000000) /* 64 MiB */
#define MACHINE_DEVICE_TABLE UINT64_C(0x100000)  /* 2 MiB: 65536 entries, all zero at start */
#define MACHINE_COMMANDS     UINT64_C(0x400000)  /* 256 entries */
#define MACHINE_EVENTS       UINT64_C(0x500000)  /* 256 entries */
#define MACHINE_STORE        UINT64_C(0x5ff000)  /* where machine_wait() has its word stored */
#define MACHINE_TABLES       UINT64_C(0x600000)  /* machine_table() gives 4 KiB tables from here */
#define MACHINE_FREE         UINT64_C(0x1000000) /* 16 MiB */

#define MACHINE_RECORDS 64

struct machine_options {
    unsigned tlb_entries;
    unsigned dte_entries;
    unsigned irte_entries;
    unsigned readers;            /* 0: 4 */
    unsigned commands_per_write; /* 0: 256 */
    bool work_is_ours;           /* host->work only counts: the test calls amdvi_iommu_process() */
    bool host_pointers;          /* host->map is there */
    bool unprogrammed;           /* leave the IOMMU as after reset */
    const struct amdvi_features *features; /* NULL: those of amdvi_config_init() */
};

/* Caches off, tiny and large: every architectural result must be the same with each. */
extern const struct machine_options machine_cache_sizes[3];

/* What the host was just told. */
enum machine_told {
    MACHINE_TOLD_MSI,
    MACHINE_TOLD_WORK,
    MACHINE_TOLD_TRANSLATIONS,
    MACHINE_TOLD_INTERRUPTS,
    MACHINE_TOLD_REVOKED,
    MACHINE_TOLD_MAP,   /* asked for a host pointer */
    MACHINE_TOLD_IOTLB, /* to send an invalidate request to a device */
    MACHINE_TOLD_TIMER, /* to set the timer */
};

struct machine {
    struct amdvi_iommu *iommu;
    struct amdvi_reader *reader; /* reader 0, online and never released by itself */
    uint8_t *memory;
    uint64_t next_table;
    uint64_t next_word; /* that machine_wait() has stored */
    /* What the host was told. */
    _Atomic unsigned msis;
    _Atomic unsigned work_calls;
    pthread_mutex_t records; /* of the invalidations below, which several threads may tell of */
    unsigned invalidations;
    struct amdvi_invalidation invalidation[MACHINE_RECORDS];
    unsigned interrupt_invalidations;
    bool interrupts_all[MACHINE_RECORDS];
    uint16_t interrupts_device[MACHINE_RECORDS];
    unsigned revocations;
    void *revoked[MACHINE_RECORDS];
    unsigned iotlb_requests;
    struct amdvi_iotlb_invalidation iotlb_request[MACHINE_RECORDS];
    uint64_t timer_ns; /* the earliest deadline since machine_pass(); UINT64_MAX: none */
    uint64_t now_ns;   /* time passes by machine_pass() only */
    unsigned log_lines;
    /* Called after each of these is recorded, when set: for order, and to call the library back. */
    void (*told)(struct machine *machine, enum machine_told what);
    /* What the host does. */
    void *(*map)(void *ctx, uint64_t spa, bool write, uint64_t *run_bytes); /* if set, host->map */
    void *map_ctx;
    void (*revoke)(void *cookie); /* if set, leases are told of here, in any thread, not recorded */
    uint64_t bad_page;            /* 4 KiB of RAM that fail with AMDVI_MEMORY_ERROR; 0: none */
    bool yields;                  /* host->read and host->write let other threads run */
    _Atomic unsigned long reads;  /* calls of host->read */
    _Atomic unsigned long writes; /* calls of host->write */
};

/* Created, and unless told otherwise programmed with everything enabled; ends the program if not.
 */
void machine_start(struct machine *machine, const struct machine_options *options);
void machine_stop(struct machine *machine);

/* Guest memory as software sees it. */
uint64_t machine_read64(const struct machine *machine, uint64_t spa);
void machine_write64(struct machine *machine, uint64_t spa, uint64_t value);
void machine_write32(struct machine *machine, uint64_t spa, uint32_t value);

/* Registers by name, all 64 bits. */
uint64_t machine_reg(struct machine *machine, enum amdvi_reg reg);
void machine_set_reg(struct machine *machine, enum amdvi_reg reg, uint64_t value);

/* Store a device table entry; nothing is invalidated. */
void machine_set_dte(struct machine *machine, uint16_t device_id, const struct amdvi_dte *dte);
void machine_set_dte_words(struct machine *machine, uint16_t device_id, uint64_t word0,
                           uint64_t word1, uint64_t word2, uint64_t word3);

/* A zeroed 4 KiB table. */
uint64_t machine_table(struct machine *machine);

/* A present entry: next level, address, IR and IW as asked. */
uint64_t machine_entry(unsigned next_level, uint64_t spa, bool read, bool write);

/*
 * Map the page of @size_log2 (12, 21, 30, … the default sizes) at @iova to @spa in the tables at
 * @root of @mode levels; directory entries allow everything. Tables are made as needed.
 */
void machine_map(struct machine *machine, uint64_t root, unsigned mode, uint64_t iova, uint64_t spa,
                 unsigned size_log2, bool read, bool write);

/* Where the entry of @iova at @level is, in tables that machine_map() made. */
uint64_t machine_entry_spa(const struct machine *machine, uint64_t root, unsigned mode,
                           uint64_t iova, unsigned level);

/* The usual entry: V, TV, IR, IW, @domain_id, @mode levels at a new root, whose address is given.
 */
uint64_t machine_set_paged(struct machine *machine, uint16_t device_id, uint16_t domain_id,
                           unsigned mode);

/* Put a command into the ring without telling (raw), and tell. */
void machine_queue(struct machine *machine, const struct amdvi_command *command);
void machine_queue_words(struct machine *machine, uint64_t word0, uint64_t word1);
void machine_kick(struct machine *machine);

/* Both, for one command. */
void machine_command(struct machine *machine, const struct amdvi_command *command);
void machine_invalidate_device(struct machine *machine, uint16_t device_id);
void machine_invalidate_pages(struct machine *machine, uint16_t domain_id, uint64_t iova,
                              bool size);
void machine_invalidate_interrupts(struct machine *machine, uint16_t device_id);

/*
 * A COMPLETION_WAIT that stores a word. True when the word is there on return; machine_waited()
 * asks again for the last one. The machine's own reader is released first.
 */
bool machine_wait(struct machine *machine);
bool machine_waited(const struct machine *machine);

/* Take the oldest event from the log; false when it is empty. */
bool machine_event(struct machine *machine, struct amdvi_event *out);
/* The same, undecoded. */
bool machine_event_words(struct machine *machine, uint64_t *word0, uint64_t *word1);

/* Let time pass; timers that are due are told of once it is over. */
void machine_pass(struct machine *machine, uint64_t nanoseconds);

/* One request through machine->reader, and the same without any effect. */
struct amdvi_translation machine_translate(struct machine *machine, uint16_t device_id,
                                           uint64_t iova, uint64_t size_bytes,
                                           enum amdvi_access access);
struct amdvi_remapped machine_interrupt(struct machine *machine, uint16_t device_id,
                                        uint64_t address, uint32_t data);

#endif
