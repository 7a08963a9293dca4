/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the driver needs from its host, an operating system, hypervisor or boot loader: memory, the
 * register windows, time, and a few more that are optional. All of it is one struct of functions.
 *
 * Words. An SPA is the address by which the IOMMU reaches memory, what goes into its registers and
 * tables; elsewhere it is called a DMA address. Physical addresses that differ from it are not used
 * anywhere but in @map_window. Everything that lies in memory for the IOMMU is little-endian,
 * whatever the host is.
 *
 * Contexts. "Task" is a context that may take long, but need not be able to sleep: the driver never
 * sleeps by itself, it polls with @pause. "Any" includes interrupt handlers. What holds for a
 * function of the host is said at the function: in which contexts it is called, which of the
 * driver's locks are held then, whether it may sleep, and whether it may fail.
 *
 * Locks, in the order in which they are taken: the driver's (lists of devices and domains), a
 * domain's (its page tables), a unit's (device table, event log), a command ring's, the heap's.
 */
#ifndef AMDVI_DRV_HOST_H
#define AMDVI_DRV_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of the interface: 1000 · major + minor. A new major number breaks hosts. */
#define AMDVI_DRV_VERSION 1000

#define AMDVI_DRV_MUST_CHECK __attribute__((warn_unused_result))

/* Bad news. Output parameters are left alone unless a function says otherwise. */
enum amdvi_drv_status {
    AMDVI_DRV_OK = 0,
    AMDVI_DRV_ERR_ARGUMENT,    /* a value that no caller may pass */
    AMDVI_DRV_ERR_UNSUPPORTED, /* this IOMMU, or this host, cannot do it */
    AMDVI_DRV_ERR_NO_MEMORY,   /* the host's, or the arena's; nothing was changed */
    AMDVI_DRV_ERR_LIMIT,       /* the domain's owner may not have so much, or not this */
    AMDVI_DRV_ERR_TABLE,       /* the IVRS is wrong where it cannot be skipped */
    AMDVI_DRV_ERR_NO_UNIT,     /* the device is behind no IOMMU */
    AMDVI_DRV_ERR_EXISTS,      /* something is mapped there already, or the device is known */
    AMDVI_DRV_ERR_RESERVED,    /* the range is reserved: interrupts, HyperTransport, firmware */
    AMDVI_DRV_ERR_BUSY,        /* in use; or another call on the same device is under way */
    AMDVI_DRV_ERR_UNTRUSTED,   /* not for a device that is not trusted */
    /* An invalidation was not completed: what it was about is in quarantine. */
    AMDVI_DRV_ERR_TIMEOUT,  /* not before the deadline */
    AMDVI_DRV_ERR_COMMAND,  /* the IOMMU refused a command: it was replaced, and did nothing */
    AMDVI_DRV_ERR_HARDWARE, /* the IOMMU stopped, and does not start again */
    AMDVI_DRV_ERR_POISONED, /* an earlier one was not: amdvi_drv_domain_recover() first */
};

/* In a few words, also for numbers that are no status. */
const char *amdvi_drv_status_text(enum amdvi_drv_status status);

/* Memory that both sides reach: contiguous for the IOMMU. */
struct amdvi_drv_block {
    void *bytes;
    uint64_t spa;
    size_t size_bytes;
};

/*
 * A lock of the driver: spins, interrupts of this processor off while it is held, never held for
 * longer than one call's bounded work, never while waiting for the IOMMU. All words are 0 when the
 * host sees it first; they are the host's from then on. A host that needs more keeps a pointer.
 */
struct amdvi_drv_lock {
    uintptr_t word[4];
};

/* One DMA fault, or whatever else the IOMMU reported: see drv_log.h. */
struct amdvi_drv_report;

struct amdvi_drv_host {
    size_t size;      /* sizeof(struct amdvi_drv_host) */
    uint32_t version; /* AMDVI_DRV_VERSION, of the headers that the host was compiled with */
    void *ctx;        /* first argument of every function */

    /* ---- Memory ------------------------------------------------------------------------------ */

    /*
     * @size_bytes (a multiple of 4096) of memory aligned to 4 KiB, contiguous, below 2^52; its
     * contents may be anything. False when there is none, and then nothing was given. Any context;
     * a domain's lock may be held: must not sleep. NULL: everything comes from the arena.
     */
    bool (*alloc)(void *ctx, size_t size_bytes, struct amdvi_drv_block *out);
    /* Give back a block, whole. Any context; a domain's lock may be held: must not sleep. */
    void (*free)(void *ctx, const struct amdvi_drv_block *block);
    /*
     * For hosts whose caches the IOMMU does not snoop: write back and drop these bytes of a block.
     * Called after the driver wrote what the IOMMU will read, and before it reads what the IOMMU
     * wrote. Any context, any lock of ours: must not sleep. NULL: memory is coherent.
     */
    void (*flush)(void *ctx, const void *bytes, size_t size_bytes);

    /* ---- Registers --------------------------------------------------------------------------- */

    /*
     * Make the register window at physical address @window_base accessible, uncached; NULL when
     * that is not possible. Task context, no lock, may sleep.
     */
    void *(*map_window)(void *ctx, uint64_t window_base, size_t size_bytes);
    void (*unmap_window)(void *ctx, void *window, size_t size_bytes);
    /*
     * Aligned accesses at byte @offset. A write is not seen by the IOMMU before what this processor
     * wrote to memory earlier; a read is done before what is read from memory later (as Linux's
     * readl and writel). Any context, any lock of ours: must not sleep. The two of 64 bits are
     * optional, both or none; without them, 64-bit registers are written low half first.
     */
    uint32_t (*read32)(void *ctx, void *window, uint32_t offset);
    void (*write32)(void *ctx, void *window, uint32_t offset, uint32_t value);
    uint64_t (*read64)(void *ctx, void *window, uint32_t offset);
    void (*write64)(void *ctx, void *window, uint32_t offset, uint64_t value);

    /* ---- Time and locks ---------------------------------------------------------------------- */

    /* Nanoseconds of a clock that never goes back. Any context, any lock. Required. */
    uint64_t (*now_ns)(void *ctx);
    /* Called in waiting loops; may do anything that does not take long. No lock of ours. Optional.
     */
    void (*pause)(void *ctx);
    /*
     * Take and give back a lock; what lock() returns is handed to unlock(), for the interrupt flag.
     * Both or none: NULL when one context at a time uses the driver, and no interrupt handler does.
     */
    uintptr_t (*lock)(void *ctx, struct amdvi_drv_lock *lock);
    void (*unlock)(void *ctx, struct amdvi_drv_lock *lock, uintptr_t flags);
    /*
     * Call amdvi_drv_poll() once now_ns() has reached @deadline_ns; an earlier deadline that is set
     * stays. A domain's lock is held: must not sleep, must not call back. Optional: without it
     * there is no lazy invalidation.
     */
    void (*set_timer)(void *ctx, uint64_t deadline_ns);
    /*
     * Store 16 bytes at the 16-byte aligned @at in one piece, in the host's byte order: word @low
     * first. Any lock. Optional (x86-64: CMPXCHG16B): without it, device table entries go through
     * "blocked" on their way from one meaning to another.
     */
    void (*store128)(void *ctx, void *at, uint64_t low, uint64_t high);

    /* ---- PCI --------------------------------------------------------------------------------- */

    /*
     * Aligned 32 bits of configuration space. False when there is no such function. Task context,
     * no lock; from amdvi_drv_poll() and attach too. Both or none. Without them features are taken
     * from the IVRS alone, NpCache is assumed, and ATS and the IOMMU's own interrupt are not used.
     */
    bool (*config_read32)(void *ctx, uint16_t segment, uint16_t device_id, uint16_t offset,
                          uint32_t *out);
    bool (*config_write32)(void *ctx, uint16_t segment, uint16_t device_id, uint16_t offset,
                           uint32_t value);
    /*
     * The message that unit @unit_index shall send as its own interrupt; the host answers it with
     * amdvi_drv_unit_interrupt(). False: none, the host calls amdvi_drv_poll() from time to time.
     * Task context, no lock. Optional.
     */
    bool (*unit_message)(void *ctx, unsigned unit_index, uint64_t *address, uint32_t *data);

    /* ---- News ---------------------------------------------------------------------------------
     * No lock is held, so these may call back, except where it says so.
     */

    /* An event of a unit. From amdvi_drv_poll() and amdvi_drv_unit_interrupt(). Optional. */
    void (*event)(void *ctx, const struct amdvi_drv_report *report);
    /*
     * Memory that amdvi_drv_unmap() left in quarantine is free now: @cookie is the caller's. From
     * whichever call completed the invalidation. Required for domains that are not strict.
     */
    void (*released)(void *ctx, void *cookie);
    /* One line for a person, without a newline. Any lock may be held: must not call back. Optional.
     */
    void (*log)(void *ctx, const char *text);
};

/* ---- The heap ------------------------------------------------------------------------------- */

/*
 * Where the layers get memory: the host's alloc, or one arena. The arena serves blocks of one and
 * of two pages from lists of freed ones, and larger blocks, which are only asked for at start, from
 * what was never used. Members are the driver's.
 */
struct amdvi_drv_heap {
    const struct amdvi_drv_host *host;
    bool has_arena;               /* else the host allocates */
    struct amdvi_drv_block arena; /* what is left of it */
    void *freed[2];               /* arena: blocks of one and of two pages */
    uint64_t arena_spa;           /* SPA of its first byte, less the number of its address */
    size_t used_bytes;            /* given out, for the tests' "nothing leaks" */
    struct amdvi_drv_lock lock;
};

/*
 * Start a heap. @host must stay; only its memory functions, and lock and unlock, are used here.
 *
 * @arena  NULL, or memory aligned to 4 KiB that is used instead of host->alloc; copied.
 *
 * Returns    AMDVI_DRV_ERR_ARGUMENT when size or version do not fit, or there is no memory at all.
 * Threading  setup only.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_heap_init(struct amdvi_drv_heap *heap,
                                                               const struct amdvi_drv_host *host,
                                                               const struct amdvi_drv_block *arena);

/*
 * A zeroed block of @size_bytes, rounded up to pages; and back. Zeroed also for the IOMMU
 * (flushed).
 *
 * Returns    false when there is no memory.
 * Threading  any context.
 */
AMDVI_DRV_MUST_CHECK bool amdvi_drv_heap_alloc(struct amdvi_drv_heap *heap, size_t size_bytes,
                                               struct amdvi_drv_block *out);
void amdvi_drv_heap_free(struct amdvi_drv_heap *heap, const struct amdvi_drv_block *block);

#ifdef __cplusplus
}
#endif

#endif
