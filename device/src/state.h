/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of one IOMMU, and what the files of the library ask of each other.
 *
 * The way of a request: fast.c, and what that does not answer: translate.c -> decide.c ->
 * device_table.c -> special_ranges.c -> tlb.c -> page_walk.c -> event_log.c; where it ends in host
 * memory: segments.c, and on as before; of an ATS translation request: ats.c -> decide.c;
 * of an interrupt: interrupt_remap.c -> device_table.c -> event_log.c; of a command: mmio.c ->
 * command_ring.c -> commands.c -> caches -> reader.c, lease.c and iotlb.c (what must be waited
 * for).
 *
 * Locks, in the order in which they may be taken:
 *   lock         registers as software writes them, the capability block, the command ring
 *   log_lock     the event log, the status register, the interrupt's level
 *   lease_lock   a leaf: the lists of leases, one for each state
 *   caches.lock  a leaf: all slots, see caches.c
 * Registers are atomics: they are stored under lock and log_lock, and loaded by anyone.
 */
#ifndef AMDVI_STATE_H
#define AMDVI_STATE_H

#include <assert.h>
#include <pthread.h>

#include <amdvi/cap.h>
#include <amdvi/command.h>
#include <amdvi/dte.h>
#include <amdvi/event.h>
#include <amdvi/interrupt.h>
#include <amdvi/iommu.h>
#include <amdvi/ranges.h>
#include <amdvi/regs.h>

#include "caches.h"

#pragma GCC visibility push(hidden)

/* ---- Readers and invalidation ---------------------------------------------------------------- */

/*
 * Two counters go with invalidations, and rise when everything was dropped. The caches'
 * `generation`: what was found before is not filled into a cache any more. `epoch`: a reader that
 * has seen it cannot be told the old translation any more, and a lease whose look-up began before
 * is walked again.
 */
struct amdvi_reader {
    _Alignas(AMDVI_CACHE_LINE) _Atomic uint64_t seen; /* epoch, or OFFLINE */
    struct amdvi_iommu *iommu;
    unsigned depth;     /* of nested online calls */
    unsigned size_log2; /* of the page that it met last: fast.c looks for that size first */
    /* Written by the reader's own thread only, summed by anyone. */
    _Atomic uint64_t fast_hits;  /* pages answered by fast.h, not in the counters below: */
    _Atomic uint64_t fast_walks; /* pages answered by fast.c after the end of a walk; nor these */
    _Atomic uint64_t translations;
    _Atomic uint64_t tlb_hits;
    _Atomic uint64_t walks;
    _Atomic uint64_t aborted;
    _Atomic uint64_t interrupts;
    _Atomic uint64_t interrupts_aborted;
    _Atomic uint64_t ats_requests;
};

#define AMDVI_READER_OFFLINE UINT64_MAX

/* Else it is a mistake of the embedder's, after which a wait may end too early, or never. */
static inline void amdvi_reader_check_online(const struct amdvi_reader *reader
                                             __attribute__((unused)))
{
    assert(reader->depth != 0);
}

/* ---- The instance ---------------------------------------------------------------------------- */

#define AMDVI_LEASE_STATES 3

/* An invalidate request that a device has not answered yet. */
struct amdvi_iotlb_request {
    struct amdvi_iotlb_invalidation what;
    uint64_t command_spa; /* of the command that asked for it */
    uint64_t deadline_ns; /* UINT64_MAX: none */
};

/* Invalidate requests in flight, to all devices. */
#define AMDVI_IOTLB_REQUESTS 64

struct amdvi_command_ring {
    bool busy;                 /* a thread is in amdvi_iommu_process() */
    unsigned untold;           /* threads that tell the host something that comes before commands */
    bool waiting;              /* at a command that was fetched and cannot complete at once */
    bool parked;               /* and that had to wait */
    uint64_t target;           /* its epoch */
    struct amdvi_command wait; /* that command; else the one that was decoded last */
};

struct amdvi_iommu {
    struct amdvi_caches caches;

    /* Loaded by every release, stored when something is invalidated or waited for. */
    _Alignas(AMDVI_CACHE_LINE) _Atomic uint64_t epoch;
    _Atomic uint64_t wait_target;  /* epoch that the parked ring waits for; 0 = it does not wait */
    _Atomic bool waits_for_leases; /* and for revoked leases */

    _Alignas(AMDVI_CACHE_LINE) struct amdvi_config config;
    struct amdvi_host host;
    bool owns_memory;
    struct amdvi_reader *readers;

    pthread_mutex_t lock;
    uint32_t cap[AMDVI_CAP_SIZE / 4];
    struct amdvi_command_ring ring;
    struct amdvi_iotlb_request iotlb[AMDVI_IOTLB_REQUESTS];
    uint64_t iotlb_in_flight; /* bit n: request n is */
    uint64_t iotlb_tag;       /* of the last request */
    _Atomic bool is_preboot;  /* IommuEn was not set since the reset: preboot_ranges are blocked */

    pthread_mutex_t log_lock;
    _Atomic uint64_t regs[AMDVI_REG_COUNT];
    _Atomic uint64_t fault_logged[AMDVI_DEVICE_IDS / 64]; /* SE: one bit for each DeviceID */

    _Atomic uint64_t fence; /* see reader.c */

    pthread_mutex_t lease_lock;
    struct amdvi_lease *leases[AMDVI_LEASE_STATES]; /* a list for each state, see lease.c */
    _Atomic uint64_t layout;         /* how often the host's memory was laid out anew */
    _Atomic uint64_t leases_taken;   /* that there are */
    _Atomic uint64_t leases_stale;   /* of them, to be walked again */
    _Atomic uint64_t leases_revoked; /* of them, to be waited for */

    _Atomic uint64_t commands;
    _Atomic uint64_t events;
    _Atomic uint64_t events_lost;
    _Atomic uint64_t waits_parked;
    _Atomic uint64_t revocations;
    _Atomic uint64_t iotlb_invalidations;
    _Atomic uint64_t iotlb_timeouts;
};

static inline uint64_t amdvi_iommu_reg(const struct amdvi_iommu *iommu, enum amdvi_reg reg)
{
    return atomic_load_explicit(&iommu->regs[reg], memory_order_acquire);
}

/* With lock held; AMDVI_REG_STATUS and the event log's pointers with log_lock. */
static inline void amdvi_iommu_set_reg(struct amdvi_iommu *iommu, enum amdvi_reg reg,
                                       uint64_t value)
{
    atomic_store_explicit(&iommu->regs[reg], value, memory_order_release);
}

static inline bool amdvi_iommu_is_enabled(const struct amdvi_iommu *iommu)
{
    return amdvi_has(amdvi_iommu_reg(iommu, AMDVI_REG_CONTROL), AMDVI_CONTROL_IOMMU_EN);
}

/* A ring, or a log, is on when both it and the IOMMU are enabled. */
static inline bool amdvi_control_enables(uint64_t control, uint64_t enable)
{
    uint64_t needed = AMDVI_CONTROL_IOMMU_EN | enable;

    return (control & needed) == needed;
}

/* Spec: 1.20, IOMMU Control (HtTunEn): does what came through the tunnel go around the IOMMU? */
static inline bool amdvi_passes_tunnel(const struct amdvi_iommu *iommu, bool from_tunnel)
{
    return from_tunnel && iommu->config.features.ht_tunnel &&
           !amdvi_has(amdvi_iommu_reg(iommu, AMDVI_REG_CONTROL), AMDVI_CONTROL_HT_TUN_EN);
}

/* A statistic that several threads count. */
static inline void amdvi_count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* A statistic that one thread counts. */
static inline void amdvi_count_own_by(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

static inline void amdvi_count_own(_Atomic uint64_t *counter)
{
    amdvi_count_own_by(counter, 1);
}

/* ---- What is owed to the host once no lock is held ------------------------------------------- */

enum {
    AMDVI_DUE_TRANSLATIONS = 1U << 0,   /* tell of `what` */
    AMDVI_DUE_INTERRUPTS = 1U << 1,     /* tell of the routes of interrupts_device */
    AMDVI_DUE_INTERRUPTS_ALL = 1U << 2, /* or of all */
    AMDVI_DUE_IOTLB = 1U << 3,          /* send an invalidate request */
    AMDVI_DUE_TIMER = 1U << 4,          /* set it to deadline_ns */
    AMDVI_DUE_REVOKED = 1U << 5,        /* tell of a lease */
    AMDVI_DUE_LOG = 1U << 6,
    AMDVI_DUE_MSI = 1U << 7,
    AMDVI_DUE_WORK = 1U << 8, /* the ring can go on */
};

struct amdvi_effects {
    unsigned due; /* of the above; the others count only with their bits */
    uint16_t interrupts_device;
    struct amdvi_invalidation what;
    struct amdvi_iotlb_invalidation iotlb_what;
    uint64_t deadline_ns;
    void *revoked_cookie;
    const char *log; /* a line */
};

void amdvi_effects_deliver(struct amdvi_iommu *iommu, const struct amdvi_effects *effects);

/*
 * Tell the host, and then run commands; no thread runs any in between, so that a COMPLETION_WAIT
 * tells the truth about the host's copies, too. With lock held, which is given up.
 */
void amdvi_effects_deliver_first(struct amdvi_iommu *iommu, const struct amdvi_effects *effects);

/* ---- mmio.c, control.c ----------------------------------------------------------------------- */

/* Where a set of status and enable bits asks for the MSI. */
uint64_t amdvi_interrupt_level(uint64_t control, uint64_t status);

/*
 * Change status bits; adds AMDVI_DUE_MSI when that raises the interrupt's level. With log_lock
 * held.
 */
void amdvi_status_change(struct amdvi_iommu *iommu, uint64_t clear, uint64_t set,
                         struct amdvi_effects *effects);

/* A write of the control register. With lock and log_lock held. */
void amdvi_control_write(struct amdvi_iommu *iommu, uint64_t value, struct amdvi_effects *effects);

/* ---- event_log.c ----------------------------------------------------------------------------- */

/*
 * Log an event. With @once, an event of this device is logged only if none was since the device's
 * bit in fault_logged was cleared (SE). No lock may be held but lock.
 */
void amdvi_event_log_write(struct amdvi_iommu *iommu, const struct amdvi_event *event, bool once,
                           struct amdvi_effects *effects);

void amdvi_event_log_rearm(struct amdvi_iommu *iommu, uint16_t device_id);

/* The event that tells of a failed read or write of memory. */
uint8_t amdvi_hw_error_type(enum amdvi_memory_status status);

/* ---- device_table.c -------------------------------------------------------------------------- */

enum amdvi_dte_status {
    AMDVI_DTE_FOUND,
    AMDVI_DTE_OUTSIDE,  /* DeviceID beyond the device table */
    AMDVI_DTE_HW_ERROR, /* its read failed */
};

struct amdvi_dte_lookup {
    enum amdvi_dte_status status;
    bool cached;
    enum amdvi_memory_status memory; /* of a hardware error */
    uint64_t spa;                    /* of the entry */
    struct amdvi_dte dte;
};

/* With @use_cache, look in the cache first and fill it if the generation is still @generation. */
void amdvi_device_table_find(struct amdvi_iommu *iommu, uint16_t device_id, bool use_cache,
                             uint64_t generation, struct amdvi_dte_lookup *out);

/* ---- page_walk.c ----------------------------------------------------------------------------- */

enum amdvi_walk_status {
    AMDVI_WALK_OK,
    AMDVI_WALK_FAULT,
    AMDVI_WALK_HW_ERROR,
};

struct amdvi_walk {
    enum amdvi_walk_status status;
    bool present;    /* PR of the fault */
    bool reserved;   /* RZ of the fault */
    bool permission; /* PE of the fault */
    bool read;       /* of every level of the tables; the DTE's own permission is not in it */
    bool write;
    bool force_coherent;
    bool untranslated; /* U */
    uint8_t size_log2;
    enum amdvi_memory_status memory; /* of a hardware error */
    uint64_t spa;                    /* of the page; of a hardware error: of the entry */
    /* Tables of the lower levels that it passed: bit n of passed, and directory[n - 1]. */
    unsigned passed;
    struct amdvi_directory directory[AMDVI_DIRECTORY_LEVELS];
};

/* Translate @iova through the page tables of @dte (mode 1 to 6) for @access. */
void amdvi_page_walk(const struct amdvi_iommu *iommu, const struct amdvi_dte *dte, uint64_t iova,
                     enum amdvi_access access, struct amdvi_walk *out);

static inline bool amdvi_access_allowed(enum amdvi_access access, bool read, bool write)
{
    return ((access & AMDVI_ACCESS_READ) == 0 || read) &&
           ((access & AMDVI_ACCESS_WRITE) == 0 || write);
}

/*
 * The end of a walk, from a directory of @context that is known: the page but for its host pointer,
 * as if it were plain. False when no directory is known, and when the entry is not a page: then
 * only the whole walk knows. A table that it passes is kept if the generation is still @generation.
 */
bool amdvi_page_walk_end(struct amdvi_iommu *iommu, uint64_t context, uint64_t iova,
                         uint64_t generation, struct amdvi_page *out);

/* Is it a page of the default size of its level, of any below 6? */
static inline bool amdvi_is_default_leaf(uint64_t word)
{
    return (word & (AMDVI_PTE_PR | AMDVI_PTE_NEXT_LEVEL | AMDVI_PTE_RESERVED)) == AMDVI_PTE_PR;
}

/*
 * The page of @iova that is a leaf of @directory, but for its host pointer, as if it were plain. It
 * is made where it is used: a struct that is copied just after its members were stored takes
 * longer.
 */
static inline void amdvi_page_of(uint64_t word, unsigned size_log2, uint64_t iova,
                                 const struct amdvi_directory *directory, struct amdvi_page *out)
{
    uint64_t first = iova >> size_log2 << size_log2;
    uint64_t spa = (word & AMDVI_PTE_ADDRESS) >> size_log2 << size_log2;
    uint64_t flags = (amdvi_get(word, AMDVI_PTE_IR | AMDVI_PTE_IW) & directory->flags) |
                     amdvi_put(AMDVI_TLB_UNTRANSLATED | AMDVI_TLB_COHERENT,
                               amdvi_get(word, AMDVI_PTE_U | AMDVI_PTE_FC));

    out->page = first | size_log2;
    out->spa = (spa - first) | AMDVI_TLB_PLAIN | flags;
}

/*
 * What the tables do not say about the table of @level that has the entry of @iova: its pointer,
 * found since @generation, and whether the region is plain.
 */
void amdvi_directory_complete(struct amdvi_iommu *iommu, uint64_t generation, uint64_t iova,
                              unsigned level, struct amdvi_directory *directory);

/* ---- host_memory.c --------------------------------------------------------------------------- */

/*
 * Where the host has the @size_bytes of the page at @spa, known already or asked for. False when it
 * has no pointer to all of it; host->map is there.
 */
static inline bool amdvi_stretch_get(struct amdvi_iommu *iommu, uint64_t generation, uint64_t spa,
                                     uint64_t size_bytes, bool is_write, struct amdvi_stretch *out)
{
    struct amdvi_stretch asked; /* so that *out can be in registers */

    if (amdvi_stretch_find(&iommu->caches, spa, size_bytes, is_write, out)) {
        return true;
    }
    if (!amdvi_stretch_ask(iommu, generation, spa, size_bytes, is_write, &asked)) {
        return false;
    }
    *out = asked;
    return true;
}

/* ---- decide.c -------------------------------------------------------------------------------- */

/* One page of a request, and how to look it up. */
struct amdvi_lookup {
    struct amdvi_iommu *iommu;
    bool use_caches;     /* find there, and fill */
    bool locked;         /* a lock is held: the host is not asked for pointers */
    uint64_t generation; /* of the caches, when the look-up began */
    uint64_t epoch;      /* then */
    uint16_t device_id;
    bool is_ats;     /* a translation request: asks, and accesses nothing */
    bool posted;     /* a write that wants no response */
    bool translated; /* see struct amdvi_request */
    bool intx_message;
    bool from_tunnel;
    enum amdvi_access access; /* 0 of a translation request */
    uint64_t iova;
};

enum amdvi_refusal {
    AMDVI_REFUSED_NOT,
    AMDVI_REFUSED_REQUEST,    /* the device may not ask this: INVALID_DEVICE_REQUEST */
    AMDVI_REFUSED_PAGE_FAULT, /* the tables do not allow it: IO_PAGE_FAULT */
    AMDVI_REFUSED_TABLES,     /* the tables are illegal, or cannot be read */
};

/* What the tables say about one page of a request, before anybody is told. */
struct amdvi_decision {
    enum amdvi_outcome outcome;
    enum amdvi_refusal refusal; /* of AMDVI_OUTCOME_ABORTED */
    uint64_t spa;
    uint8_t granule_log2;
    bool read;
    bool write;
    bool force_coherent;
    bool untranslated; /* U of the page table entry */
    bool dte_cached;
    bool walked;  /* the page tables were walked */
    bool tlb_hit; /* the translation came from the TLB */
    bool has_domain;
    uint16_t domain_id;
    bool has_event;
    bool once; /* SE */
    struct amdvi_event event;
};

void amdvi_decide(const struct amdvi_lookup *lookup, struct amdvi_decision *out);

/* The exclusion range, as the registers have it. */
struct amdvi_exclusion {
    bool enabled;
    bool allow; /* for all devices, not only those with EX */
    struct amdvi_range_bounds bounds;
};

static inline struct amdvi_exclusion amdvi_exclusion(const struct amdvi_iommu *iommu)
{
    uint64_t base = amdvi_iommu_reg(iommu, AMDVI_REG_EXCL_BASE);
    uint64_t limit = amdvi_iommu_reg(iommu, AMDVI_REG_EXCL_LIMIT);

    return (struct amdvi_exclusion){
        .enabled = amdvi_has(base, AMDVI_EXCL_BASE_EX_EN),
        .allow = amdvi_has(base, AMDVI_EXCL_BASE_ALLOW),
        .bounds = {.first = base & AMDVI_EXCL_BASE_BASE, .last = limit | AMDVI_EXCL_LIMIT_LOW},
    };
}

/* Is @first to @last ordinary memory for every device: no special address, no exclusion range? */
static inline bool amdvi_is_plain(const struct amdvi_iommu *iommu, uint64_t first, uint64_t last)
{
    struct amdvi_exclusion exclusion = amdvi_exclusion(iommu);
    bool is_special = (last >= AMDVI_MSI_BASE && first < AMDVI_MSI_BASE + AMDVI_MSI_BYTES) ||
                      (last >= AMDVI_HT_RANGES_FIRST && first <= AMDVI_HT_RANGES_LAST);
    bool is_excluded =
        exclusion.enabled && last >= exclusion.bounds.first && first <= exclusion.bounds.last;

    return !is_special && !is_excluded;
}

/* Log the event that is due. */
void amdvi_decision_log(struct amdvi_iommu *iommu, const struct amdvi_decision *decision);

/* Ways for a decision to end. */
void amdvi_decide_identity(const struct amdvi_lookup *lookup, bool read, bool write,
                           struct amdvi_decision *out);
void amdvi_decide_abort(struct amdvi_decision *out, enum amdvi_refusal refusal,
                        const struct amdvi_event *event);

/* An INVALID_DEVICE_REQUEST. */
void amdvi_decide_invalid(const struct amdvi_lookup *lookup, unsigned type,
                          struct amdvi_decision *out);

/* An ILLEGAL_DEV_TABLE_ENTRY. */
void amdvi_decide_illegal(const struct amdvi_lookup *lookup, bool reserved,
                          struct amdvi_decision *out);

/* ---- special_ranges.c ------------------------------------------------------------------------ */

/*
 * A request of a device with V=1 to a special address range. False when the range is translated as
 * memory is.
 */
bool amdvi_special_decide(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                          struct amdvi_decision *out);

/* Does an edge of @bounds lie within the block @first to @last, so that it is not all alike? */
bool amdvi_bounds_cut(struct amdvi_range_bounds bounds, uint64_t first, uint64_t last);

/* The same of any special address range. */
bool amdvi_special_cuts(uint64_t first, uint64_t last);

/* ---- translate.c ----------------------------------------------------------------------------- */

/* Pages that one call looks up and joins: its work is bounded. */
#define AMDVI_CALL_PAGES 512

/* Is it one that an embedder may make? */
static inline bool amdvi_request_is_proper(const struct amdvi_request *request)
{
    return request->size_bytes != 0 && request->iova + (request->size_bytes - 1) >= request->iova &&
           (request->access == AMDVI_ACCESS_READ || request->access == AMDVI_ACCESS_WRITE ||
            request->access == AMDVI_ACCESS_READ_WRITE);
}

/* Has it no flag set? */
static inline bool amdvi_request_is_simple(const struct amdvi_request *request)
{
    return !(request->quiet | request->translated | request->non_posted | request->intx_message |
             request->from_tunnel);
}

/* The first page of @request, looked up through the caches or from memory only. */
struct amdvi_lookup amdvi_lookup_begin(struct amdvi_iommu *iommu,
                                       const struct amdvi_request *request, bool use_caches);

/*
 * amdvi_iommu_translate() for the request that @lookup began, with the decision about its first
 * page. @reader may be NULL: then nothing is counted and nothing logged.
 */
enum amdvi_status amdvi_translate(const struct amdvi_lookup *lookup, struct amdvi_reader *reader,
                                  const struct amdvi_request *request,
                                  struct amdvi_translation *out, struct amdvi_decision *first);

/* ---- iotlb.c --------------------------------------------------------------------------------- */

/* The two below: with lock held. */

/* May INVALIDATE_IOTLB_PAGES be sent now, or are too many requests in flight? */
bool amdvi_iotlb_can_send(const struct amdvi_iommu *iommu, const struct amdvi_command *command);
void amdvi_iotlb_send(struct amdvi_iommu *iommu, const struct amdvi_command *command,
                      uint64_t command_spa, struct amdvi_effects *effects);

/* Send the requests in flight to their devices once more. With no lock held. */
void amdvi_iotlb_send_again(struct amdvi_iommu *iommu);

/* ---- lease.c --------------------------------------------------------------------------------- */

/*
 * Leases that what was invalidated might concern are to be walked again. After the epoch was
 * advanced, and a full fence. Not necessary while leases_taken is 0.
 */
void amdvi_lease_mark(struct amdvi_iommu *iommu, const struct amdvi_invalidation *what);

/*
 * Walk one stale lease again, if there is one. If its translation is gone, it is revoked. Not
 * necessary while leases_stale is 0.
 */
bool amdvi_lease_settle(struct amdvi_iommu *iommu, struct amdvi_effects *effects);

/* ---- reader.c -------------------------------------------------------------------------------- */

void amdvi_reader_init(struct amdvi_reader *reader, struct amdvi_iommu *iommu);

/* Something that a parked ring may wait for is over: if it was the last, run commands. */
void amdvi_wake(struct amdvi_iommu *iommu);

/* ---- command_ring.c, commands.c -------------------------------------------------------------- */

/* What a block of commands invalidated. */
#define AMDVI_BLOCK_COMMANDS 32

struct amdvi_block {
    unsigned count;   /* of those in wire that were run; all of them are invalidations */
    unsigned scanned; /* slots that the last of them looked at */
    struct amdvi_wire_command wire[AMDVI_BLOCK_COMMANDS];
};

/*
 * Drop what an invalidation names, with lock and that of the caches held. Returns how many slots it
 * had to look at, if it was all of them, else 0.
 */
unsigned amdvi_command_drop(struct amdvi_iommu *iommu, const struct amdvi_command *command);

/* What an invalidation that was run named. Returns the AMDVI_DUE bits for who is to be told. */
unsigned amdvi_command_invalidated(const struct amdvi_wire_command *wire,
                                   struct amdvi_invalidation *out);

/*
 * All translations may be otherwise now: empty the caches, and tell the host. With lock held; to be
 * delivered with amdvi_effects_deliver_first().
 */
void amdvi_invalidate_translations(struct amdvi_iommu *iommu, struct amdvi_effects *effects);

/* All interrupts, too. */
void amdvi_invalidate_all(struct amdvi_iommu *iommu, struct amdvi_effects *effects);

/* Drop translations and host pointers. Any thread. Returns the epoch after it. */
uint64_t amdvi_invalidate_pointers(struct amdvi_iommu *iommu);

/* Run commands because something was found to do, and hand what is left to the host. */
void amdvi_run_commands(struct amdvi_iommu *iommu);
/* The same with lock held; it is given up. */
void amdvi_run_commands_locked(struct amdvi_iommu *iommu);

/* The same, all of it left to the host if it can. */
void amdvi_go_on(struct amdvi_iommu *iommu);

#pragma GCC visibility pop

#endif
