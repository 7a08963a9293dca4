/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzz targets share: a machine around one IOMMU that is small and quick to make, a
 * reader of the fuzzer's bytes, and a host that judges each call of the library.
 *
 * The bytes are decoded into operations of the guest and of the embedder, so that any input is a
 * program that gets deep; where the bytes end, zeroes follow. The embedder is well behaved: what
 * the interface forbids is not done. The guest is not.
 *
 * The host checks, whatever the target: no access of the library leaves guest memory without the
 * host saying so; each write is the store of the COMPLETION_WAIT that was fetched last, an event at
 * the tail of a log that runs, or DMA that the tables allow; no call makes more host calls than the
 * interface promises. fuzz_fail() ends the program.
 */
#ifndef FUZZ_HARNESS_H
#define FUZZ_HARNESS_H

#include <amdvi/iommu.h>
#include <amdvi/regs.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

/* Guest memory: RAM from address 0, all zero at start, the last page of which cannot be read. */
#define FUZZ_PAGE         UINT64_C(4096)
#define FUZZ_PAGES        64
#define FUZZ_MEMORY_BYTES (FUZZ_PAGES * FUZZ_PAGE)
#define FUZZ_BAD_PAGE     (63 * FUZZ_PAGE)

/* Where a programmed machine has its tables; the guest may move all of them. */
#define FUZZ_DEVICE_TABLE (1 * FUZZ_PAGE) /* 128 entries */
#define FUZZ_COMMANDS     (2 * FUZZ_PAGE) /* 256 entries */
#define FUZZ_EVENTS       (3 * FUZZ_PAGE) /* 256 entries */
#define FUZZ_STORE        (4 * FUZZ_PAGE)
#define FUZZ_TABLES       8 /* pages from here on hold page tables and interrupt tables */

#define FUZZ_READERS    4
#define FUZZ_LEASES     6
#define FUZZ_IOTLB      128        /* invalidate requests that a machine remembers */
#define FUZZ_DMA_BYTES  (5 * 4096) /* of one access */
#define FUZZ_OPERATIONS 400        /* of one input, at most */

/* ---- The input ------------------------------------------------------------------------------- */

struct fuzz_input {
    const uint8_t *bytes;
    size_t left;
    unsigned owner; /* 0, or one thread of several: only reader and lease owner - 1 are its own */
};

uint8_t fuzz_u8(struct fuzz_input *input);
uint16_t fuzz_u16(struct fuzz_input *input);
uint32_t fuzz_u32(struct fuzz_input *input);
uint64_t fuzz_u64(struct fuzz_input *input);

/* One byte: 0 to @count - 1, @count at most 256. */
unsigned fuzz_below(struct fuzz_input *input, unsigned count);

/* True in @of of 256 values of one byte, false at the end of the input. */
bool fuzz_often(struct fuzz_input *input, unsigned of);

/* ---- The machine ----------------------------------------------------------------------------- */

struct fuzz_options {
    unsigned tlb_entries;
    unsigned dte_entries;
    unsigned irte_entries;
    unsigned commands_per_write;
    bool work;             /* host->work is there */
    bool map;              /* host->map is there */
    bool compare_exchange; /* host->compare_exchange is there */
    bool talkative;        /* callbacks call the library back */
    bool silent;           /* only the functions that must be there */
    bool programmed;       /* rings, device table and control as a driver sets them */
    bool threads;          /* used by several threads: no judgement that needs order */
    bool lockstep;         /* no request goes over the end of a page */
    bool iotlb;            /* IotlbSup: devices have caches */
    bool iotlb_at_once;    /* which answer invalidate requests at once */
    bool ht_tunnel;
    bool ht_ats_resv;
    bool preboot;      /* devices 4 to 6 are aborted until IommuEn is set */
    unsigned restless; /* after each so many reads of a word software changes it; 0: never */
};

enum fuzz_lease_state {
    FUZZ_LEASE_FREE,
    FUZZ_LEASE_TAKEN,
    FUZZ_LEASE_RELEASING,
};

struct fuzz_machine {
    struct fuzz_options options;
    struct amdvi_iommu *iommu;
    struct amdvi_reader *reader[FUZZ_READERS];
    unsigned online[FUZZ_READERS]; /* how deep */
    uint8_t *memory;
    bool is_touched[FUZZ_PAGES]; /* written since the start */
    struct amdvi_lease lease[FUZZ_LEASES];
    _Atomic unsigned lease_state[FUZZ_LEASES]; /* the cookie of a lease is the address of its own */
    _Atomic bool has_work;                     /* host->work was called and not answered */
    uint64_t drain_ticket;
    bool was_enabled;     /* IommuEn was 1 since the reset */
    bool preboot_unknown; /* unless a loaded state says otherwise */
    /* Devices with caches: requests that they have not answered, by tag; and the host's clock. */
    pthread_mutex_t lock;
    struct amdvi_iotlb_invalidation iotlb[FUZZ_IOTLB];
    unsigned iotlbs;
    _Atomic uint64_t now_ns;
    _Atomic uint64_t deadline_ns; /* 0: the timer is not set */
    unsigned long host_calls;     /* all of them: a run ends when there were enough */
    /* What the library wrote. */
    bool has_loaded;  /* a saved state may contain a command with a store */
    bool has_command; /* the last one fetched, for its store */
    uint64_t command[2];
    unsigned events; /* since fuzz_enter() */
    uint8_t event[16];
    uint8_t overwritten[16]; /* by the event */
    uint64_t event_spa;
    uint8_t first[65536];       /* SE: enum first_event of each device */
    uint8_t first_before_event; /* of the device that the last event names */
    /* All answers so far, for comparison with another run of the same input. */
    uint64_t digest;
};

/* Takes options from the input. */
struct fuzz_options fuzz_options(struct fuzz_input *input);

/* @memory is FUZZ_MEMORY_BYTES, aligned to 8. */
void fuzz_start(struct fuzz_machine *machine, const struct fuzz_options *options, uint8_t *memory);

/* Nobody holds anything any more: leases, readers. */
void fuzz_let_go(struct fuzz_machine *machine);

/* Commands run until nothing is to do at once. */
void fuzz_drain(struct fuzz_machine *machine);

/* Releases what is held, lets commands finish, and checks that nothing is left to wait for. */
void fuzz_finish(struct fuzz_machine *machine);

/* The host functions that the machine's options ask for (host.c). */
struct amdvi_host fuzz_host(struct fuzz_machine *machine);

/* A finding: says what and where, and aborts. */
_Noreturn void fuzz_fail(const struct fuzz_machine *machine, const char *what);

/* Guest memory as the guest sees it, anywhere: what is not RAM reads as 0 and is not written. */
uint64_t fuzz_load(const struct fuzz_machine *machine, uint64_t spa);
void fuzz_store(struct fuzz_machine *machine, uint64_t spa, uint64_t value);

/* The page at @spa, which is RAM, is about to be written. */
void fuzz_touch(struct fuzz_machine *machine, uint64_t spa);

uint64_t fuzz_reg(const struct fuzz_machine *machine, enum amdvi_reg reg);
void fuzz_set_reg(struct fuzz_machine *machine, enum amdvi_reg reg, uint64_t value);

/* The control register was written: was the IOMMU on? */
void fuzz_note_control(struct fuzz_machine *machine);

/*
 * A call of the library by this thread begins. It may call host->read and host->write at most so
 * often, and as often as the commands need that it may run on the way.
 */
void fuzz_enter(struct fuzz_machine *machine, unsigned long host_calls);

/* The call is amdvi_iommu_access(): what it reads and writes is judged until fuzz_leave_dma(). */
void fuzz_enter_dma(struct fuzz_machine *machine, const struct amdvi_access_request *request);
void fuzz_leave_dma(void);

/* Limits of fuzz_enter(). */
#define FUZZ_CALLS_NONE   0
#define FUZZ_CALLS_LOOKUP (9 * 4 + 6)               /* one page: an entry read nine times, a walk */
#define FUZZ_CALLS_RUN    (512 * FUZZ_CALLS_LOOKUP) /* pages that one call joins */
#define FUZZ_CALLS_LEASE  (64 * FUZZ_CALLS_RUN)     /* a lease that is walked again */

/* Of so many turns of the ring; a turn settles one lease at most. */
unsigned long fuzz_calls_turns(const struct fuzz_machine *machine, unsigned turns);

/* Adds to the digest. */
void fuzz_note(struct fuzz_machine *machine, uint64_t value);

/* What every register holds after any call: bits that exist, pointers inside their rings. */
void fuzz_check_registers(struct fuzz_machine *machine);

/* Release the lease, if it is held. Any thread. */
void fuzz_release(struct fuzz_machine *machine, unsigned lease);

/* Registers, capability block and guest memory, as one number. */
uint64_t fuzz_state_digest(const struct fuzz_machine *machine);

/* ---- Values that a hostile or a proper guest might use (values.c) ---------------------------- */

uint64_t fuzz_page(struct fuzz_input *input);    /* of system memory, often RAM */
uint64_t fuzz_address(struct fuzz_input *input); /* the same, with an offset */
uint64_t fuzz_iova(struct fuzz_input *input);
uint16_t fuzz_device(struct fuzz_input *input);
uint16_t fuzz_domain(struct fuzz_input *input);
uint64_t fuzz_table_entry(struct fuzz_input *input);
void fuzz_device_entry(struct fuzz_input *input, uint64_t word[4]);
uint32_t fuzz_interrupt_entry(struct fuzz_input *input);
void fuzz_command(struct fuzz_input *input, uint64_t word[2]);

/* ---- The oracle's opinion (judge.c) ---------------------------------------------------------- */

/* What the library answered, caches off; NULL, or what is wrong with it. */
const char *fuzz_judge_dma(struct fuzz_machine *machine, const struct amdvi_request *request,
                           bool peek, const struct amdvi_translation *got);
const char *fuzz_judge_interrupt(struct fuzz_machine *machine,
                                 const struct amdvi_interrupt *interrupt,
                                 const struct amdvi_remapped *got);

/* Do the tables of now put byte @done of the access, and the @size_bytes behind it, at @spa? */
bool fuzz_is_dma_allowed(const struct fuzz_machine *machine,
                         const struct amdvi_access_request *request, uint64_t done, uint64_t spa,
                         uint64_t size_bytes);

/* Nothing is cached and nobody else runs: the tables of now are those in force. */
static inline bool fuzz_is_judged(const struct fuzz_machine *machine)
{
    return machine->options.tlb_entries == 0 && machine->options.dte_entries == 0 &&
           machine->options.irte_entries == 0 && !machine->options.threads &&
           machine->options.restless == 0;
}

/* What a device was answered, caches off. */
const char *fuzz_judge_ats(const struct fuzz_machine *machine, uint16_t device_id, uint64_t iova,
                           const struct amdvi_ats_completion *got);

/* Can the event log take an entry now? */
bool fuzz_log_takes(const struct fuzz_machine *machine);

/* ---- Operations (operations.c, requests.c) --------------------------------------------------- */

typedef void fuzz_operation(struct fuzz_machine *machine, struct fuzz_input *input);

fuzz_operation fuzz_do_register_write; /* a register by name, a value that suits it or not */
fuzz_operation fuzz_do_window;         /* any offset, width and value, read or written */
fuzz_operation fuzz_do_capability;
fuzz_operation fuzz_do_reset;
fuzz_operation fuzz_do_process;
fuzz_operation fuzz_do_memory; /* a word or a page of guest memory */
fuzz_operation fuzz_do_device_entry;
fuzz_operation fuzz_do_table_entry;
fuzz_operation fuzz_do_interrupt_entry;
fuzz_operation fuzz_do_command; /* into the ring, and the tail moves */
fuzz_operation fuzz_do_invalidate_all;
fuzz_operation fuzz_do_log_read; /* the head of the event log moves */
fuzz_operation fuzz_do_translate;
fuzz_operation fuzz_do_access;
fuzz_operation fuzz_do_interrupt;
fuzz_operation fuzz_do_reader;
fuzz_operation fuzz_do_lease;
fuzz_operation fuzz_do_memory_changed;
fuzz_operation fuzz_do_statistics;
fuzz_operation fuzz_do_ats;    /* a translation request of a device */
fuzz_operation fuzz_do_answer; /* to an invalidate request, or to none */
fuzz_operation fuzz_do_time;   /* goes on, perhaps to the deadline */
fuzz_operation fuzz_do_device_gone;

/* Operations from the table, chosen by the input's bytes, until these end. */
void fuzz_run(struct fuzz_machine *machine, struct fuzz_input *input,
              fuzz_operation *const *operations, unsigned count);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
