/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the IOMMU remembers of the tables in memory, and how all of it is found and dropped.
 *
 *   contexts     by DeviceID: which page tables a plain device uses, in one word; and which
 *                interrupt table
 *   dtes         device table entries
 *   tlb          translations, each page once, at its own size
 *   directories  page tables that end a walk: where the entry of a page is read on a miss
 *   irtes        interrupt remapping entries
 *   stretches    of guest memory: where the host has them
 *
 * Filling: a look-up takes note of `generation` before it looks at anything. What it found is kept
 * only if the generation is still the same when it has got the lock, and it does not wait for the
 * lock. Dropping: with the lock, records go, and then the generation rises. So what came from a
 * table, or from a record, that was there before is not kept; whoever sees the new generation finds
 * the records gone, and the tables as software wrote them before it asked for the invalidation.
 *
 * All pages of a domain, and all interrupts of a device, are dropped by raising a number that each
 * of their records must match.
 */
#ifndef AMDVI_CACHES_H
#define AMDVI_CACHES_H

#include <string.h>

#include <amdvi/dte.h>
#include <amdvi/pte.h>

#include "cache.h"

#pragma GCC visibility push(hidden)

#define AMDVI_DEVICE_IDS 65536
#define AMDVI_DOMAIN_IDS 65536

#define AMDVI_STRETCHES 8

struct amdvi_caches {
    /* Read by every request, written seldom. */
    struct amdvi_cache tlb;
    struct amdvi_cache dtes;
    struct amdvi_cache irtes;
    struct amdvi_cache_slot *directories; /* a slot of each level, side by side */
    uint64_t directory_mask;
    _Atomic uint64_t tlb_sizes; /* bit n: pages of 2^n bytes may be in the TLB */
    struct amdvi_cache_slot stretches[AMDVI_STRETCHES];

    _Alignas(AMDVI_CACHE_LINE) _Atomic uint64_t generation;
    _Atomic unsigned lock;     /* held for a few stores, or one block of commands; see caches.c */
    _Atomic unsigned droppers; /* that wait for it */

    _Alignas(AMDVI_CACHE_LINE) _Atomic uint64_t contexts[AMDVI_DEVICE_IDS];
    _Atomic uint64_t interrupt_contexts[AMDVI_DEVICE_IDS];
    _Atomic uint32_t domain_generation[AMDVI_DOMAIN_IDS];
    _Atomic uint64_t interrupt_keys[AMDVI_DEVICE_IDS];
};

/* ---- caches.c -------------------------------------------------------------------------------- */

/* Of memory that is all 0, and before its caches are used. */
void amdvi_caches_init(struct amdvi_caches *caches);

static inline bool amdvi_caches_try_lock(struct amdvi_caches *caches)
{
    return atomic_load_explicit(&caches->lock, memory_order_relaxed) == 0 &&
           atomic_exchange_explicit(&caches->lock, 1, memory_order_acquire) == 0;
}

/* Another thread has it. */
void amdvi_caches_wait_for_lock(struct amdvi_caches *caches);

/* Around what is dropped. */
static inline void amdvi_caches_lock(struct amdvi_caches *caches)
{
    if (!amdvi_caches_try_lock(caches)) {
        amdvi_caches_wait_for_lock(caches);
    }
}

static inline void amdvi_caches_unlock(struct amdvi_caches *caches)
{
    atomic_store_explicit(&caches->lock, 0, memory_order_release);
}

/* With the lock, after records were dropped: what was found before is not filled in any more. */
static inline void amdvi_caches_dropped(struct amdvi_caches *caches)
{
    uint64_t generation = atomic_load_explicit(&caches->generation, memory_order_relaxed);

    atomic_store_explicit(&caches->generation, generation + 1, memory_order_release);
}

/*
 * Before something is filled in that was found since @generation. False when it may be old, or
 * another thread has the lock: then it is not kept. Otherwise amdvi_caches_unlock() after it.
 */
static inline bool amdvi_caches_begin_fill(struct amdvi_caches *caches, uint64_t generation)
{
    if (atomic_load_explicit(&caches->droppers, memory_order_relaxed) != 0 ||
        !amdvi_caches_try_lock(caches)) {
        return false;
    }
    if (atomic_load_explicit(&caches->generation, memory_order_relaxed) != generation) {
        amdvi_caches_unlock(caches);
        return false;
    }
    return true;
}

void amdvi_caches_drop_all(struct amdvi_caches *caches);
void amdvi_caches_drop_interrupts(struct amdvi_caches *caches, uint16_t device_id);
/* Host pointers, in translations and directories. */
void amdvi_caches_drop_pointers(struct amdvi_caches *caches);

/* ---- The context of a device ----------------------------------------------------------------- */

/*
 * A device is plain when its entry is legal, has V=TV=1 and IR=IW=1, and names page tables (mode 1
 * to 6). Its context is one word: it tags translations and directories, too. Choice: they are
 * tagged by DomainID, and by the root of the tables and the paging mode. Two devices that software
 * gave one DomainID but different tables never see each other's pages.
 */
#define AMDVI_CONTEXT_ROOT   AMDVI_BITS(39, 0) /* bits 51:12 of the SPA */
#define AMDVI_CONTEXT_MODE   AMDVI_BITS(42, 40)
#define AMDVI_CONTEXT_DOMAIN AMDVI_BITS(63, 48)

static inline uint64_t amdvi_context_of(const struct amdvi_dte *dte)
{
    return amdvi_put(AMDVI_CONTEXT_ROOT, dte->page_root >> AMDVI_PAGE_LOG2) |
           amdvi_put(AMDVI_CONTEXT_MODE, dte->mode) |
           amdvi_put(AMDVI_CONTEXT_DOMAIN, dte->domain_id);
}

static inline uint16_t amdvi_context_domain(uint64_t context)
{
    return (uint16_t)amdvi_get(context, AMDVI_CONTEXT_DOMAIN);
}

/* 0 when the device is not plain, or not known. */
static inline uint64_t amdvi_context_find(const struct amdvi_caches *caches, uint16_t device_id)
{
    return atomic_load_explicit(&caches->contexts[(size_t)device_id], memory_order_acquire);
}

/*
 * The same for interrupts, when the entry is legal, with IV=1 and IntCtl=10b: the table, which is
 * aligned to 128 bytes, and below that IntTabLen and a bit so that it is never 0.
 */
#define AMDVI_INTERRUPT_CONTEXT_KNOWN AMDVI_BIT(5)

static inline uint64_t amdvi_interrupt_context_of(const struct amdvi_dte *dte)
{
    return dte->interrupt_root | AMDVI_INTERRUPT_CONTEXT_KNOWN | dte->int_tab_len;
}

/* 0 when the device's interrupts are not plain, or not known. */
static inline uint64_t amdvi_interrupt_context_find(const struct amdvi_caches *caches,
                                                    uint16_t device_id)
{
    return atomic_load_explicit(&caches->interrupt_contexts[(size_t)device_id],
                                memory_order_acquire);
}

/*
 * The first word of a record of an interrupt remapping entry: the word of its device, and below
 * that its index in the table. An invalidation names the device only: it raises the generation.
 */
#define AMDVI_INTERRUPT_KEY_DEVICE     AMDVI_BITS(26, 11)
#define AMDVI_INTERRUPT_KEY_GENERATION AMDVI_BITS(58, 27)
#define AMDVI_INTERRUPT_KEY_IN_USE     AMDVI_BIT(59)

static inline uint64_t amdvi_interrupt_key(const struct amdvi_caches *caches, uint16_t device_id,
                                           uint64_t index)
{
    return atomic_load_explicit(&caches->interrupt_keys[(size_t)device_id], memory_order_acquire) |
           index;
}

/* ---- Device table entries: device_table.c ---------------------------------------------------- */

/* Words of a record. */
enum {
    AMDVI_DTE_KEY,
    AMDVI_DTE_WIRE, /* and three more: the entry as it is in memory */
    AMDVI_DTE_END = AMDVI_DTE_WIRE + 4,
};

static inline uint64_t amdvi_dte_key(uint16_t device_id)
{
    return AMDVI_BIT(16) | device_id;
}

/* Functions of one bus side by side; buses are spread. */
static inline uint64_t amdvi_dte_index(uint16_t device_id)
{
    return (uint64_t)device_id ^ (uint64_t)device_id >> 7;
}

/* With the lock. */
void amdvi_device_table_drop(struct amdvi_caches *caches, uint16_t device_id);
void amdvi_device_table_drop_all(struct amdvi_caches *caches);

/* ---- Translations: tlb.c --------------------------------------------------------------------- */

/*
 * Words of a record. The distances make an address of any IOVA of the page by addition; both are
 * multiples of 4 KiB, and the flags are below.
 */
enum {
    AMDVI_TLB_PAGE,    /* first IOVA, and the size as a power of two below bit 12 */
    AMDVI_TLB_CONTEXT, /* see above */
    AMDVI_TLB_KEYS,
    AMDVI_TLB_GENERATION = AMDVI_TLB_KEYS, /* of the domain: with an older one it does not count */
    AMDVI_TLB_HOST, /* distance of the host pointer; accesses it is no good for */
    AMDVI_TLB_SPA,  /* distance of the SPA; AMDVI_TLB_READ and so on */
    AMDVI_TLB_END,
};

#define AMDVI_TLB_READ         AMDVI_BIT(0) /* as enum amdvi_access has them; so has HOST */
#define AMDVI_TLB_WRITE        AMDVI_BIT(1)
#define AMDVI_TLB_UNTRANSLATED AMDVI_BIT(2) /* U and FC, in the order of the entry's bits */
#define AMDVI_TLB_COHERENT     AMDVI_BIT(3)
#define AMDVI_TLB_PLAIN        AMDVI_BIT(4) /* no special or excluded address in it */
#define AMDVI_TLB_FLAGS        AMDVI_BITS(11, 0)

/* The host word of a page without a host pointer. */
#define AMDVI_TLB_NO_POINTER AMDVI_BIT(2)
#define AMDVI_TLB_NO_HOST    (AMDVI_TLB_READ | AMDVI_TLB_WRITE | AMDVI_TLB_NO_POINTER)

static inline uint64_t amdvi_tlb_page(uint64_t iova, unsigned size_log2)
{
    return iova >> size_log2 << size_log2 | size_log2;
}

/*
 * Pages that follow each other are in sets that follow each other; domains, which often use the
 * same IOVAs, are spread. The root is not in it: an invalidation knows domain and page only.
 */
static inline uint64_t amdvi_tlb_index(uint64_t page_number, uint16_t domain_id)
{
    uint64_t index = page_number ^ (uint64_t)domain_id * 0x1e3779b1U;

    return index ^ index >> 13;
}

static inline uint64_t amdvi_domain_generation(const struct amdvi_caches *caches,
                                               uint16_t domain_id)
{
    return atomic_load_explicit(&caches->domain_generation[(size_t)domain_id],
                                memory_order_acquire);
}

/* A page as a record has it, without what tags it. */
struct amdvi_page {
    uint64_t page;
    uint64_t host;
    uint64_t spa;
};

static inline unsigned amdvi_page_size_log2(const struct amdvi_page *page)
{
    return (unsigned)(page->page & AMDVI_TLB_FLAGS);
}

/*
 * Look for the page of @iova at one size; at those in @sizes (bit n: 2^n bytes) that are in use.
 * What is in @out after false means nothing.
 */
bool amdvi_tlb_find_size(const struct amdvi_caches *caches, uint64_t context, uint64_t iova,
                         unsigned size_log2, struct amdvi_page *out);
bool amdvi_tlb_find_sizes(const struct amdvi_caches *caches, uint64_t context, uint64_t iova,
                          uint64_t sizes, struct amdvi_page *out);

struct amdvi_walk;

/* The same at any size; on a hit, @out is a successful walk. */
bool amdvi_tlb_find(const struct amdvi_caches *caches, uint64_t context, uint64_t iova,
                    struct amdvi_walk *out);

/* The word of a record that tells of the SPA. */
uint64_t amdvi_tlb_spa_word(const struct amdvi_walk *walk, uint64_t iova, bool is_plain);

/* With the lock, and the TLB is not off: add a page, or replace it. */
static inline void amdvi_tlb_put(struct amdvi_caches *caches, uint64_t context,
                                 const struct amdvi_page *page)
{
    uint16_t domain_id = amdvi_context_domain(context);
    unsigned size_log2 = amdvi_page_size_log2(page);
    uint64_t sizes = atomic_load_explicit(&caches->tlb_sizes, memory_order_relaxed);
    uint64_t record[AMDVI_CACHE_WORDS] = {
        [AMDVI_TLB_PAGE] = page->page,
        [AMDVI_TLB_CONTEXT] = context,
        [AMDVI_TLB_GENERATION] = amdvi_domain_generation(caches, domain_id),
        [AMDVI_TLB_HOST] = page->host,
        [AMDVI_TLB_SPA] = page->spa,
    };

    if (!amdvi_has(sizes, AMDVI_BIT(size_log2))) {
        atomic_store_explicit(&caches->tlb_sizes, sizes | AMDVI_BIT(size_log2),
                              memory_order_release);
    }
    amdvi_cache_put(&caches->tlb, amdvi_tlb_index(page->page >> size_log2, domain_id),
                    AMDVI_TLB_KEYS, AMDVI_TLB_END, record);
}

/*
 * With the lock: pages of the domain that touch the range, and directories of it if @directories.
 * Returns how many slots it had to look at, if it was all of them, else 0.
 */
unsigned amdvi_tlb_drop(struct amdvi_caches *caches, uint16_t domain_id, uint64_t first,
                        uint64_t last, bool directories);

/* ---- Directories: directories.c -------------------------------------------------------------- */

/* A page table of level 1 to 3 that walks of @context end in, or pass. */
struct amdvi_directory {
    uint64_t spa;
    const _Atomic uint64_t *host; /* its 512 entries, or NULL: read them at spa */
    uint64_t flags; /* permissions of the levels above it, and whether its whole region is plain,
                       as AMDVI_TLB_READ and so on */
};

#define AMDVI_DIRECTORY_LEVELS 3

/* Entry @index of a table in host memory. */
static inline uint64_t amdvi_directory_entry(const _Atomic uint64_t *host, unsigned index)
{
    uint64_t stored = atomic_load_explicit(&host[index], memory_order_acquire);
    struct amdvi_le64 wire;

    memcpy(&wire, &stored, sizeof(wire));
    return amdvi_le64_decode(&wire);
}

/* Words of a record. */
enum {
    AMDVI_DIRECTORY_REGION, /* first IOVA that the table is about, and its level below bit 12 */
    AMDVI_DIRECTORY_CONTEXT,
    AMDVI_DIRECTORY_GENERATION, /* of the domain */
    AMDVI_DIRECTORY_TABLE,      /* SPA, and the flags below bit 12 */
    AMDVI_DIRECTORY_HOST,
    AMDVI_DIRECTORY_END,
};

static inline unsigned amdvi_directory_region_log2(unsigned level)
{
    return amdvi_level_shift(level + 1);
}

static inline uint64_t amdvi_directory_region(uint64_t iova, unsigned level)
{
    unsigned log2 = amdvi_directory_region_log2(level);

    return iova >> log2 << log2 | level;
}

static inline struct amdvi_cache_slot *amdvi_directory_slot(const struct amdvi_caches *caches,
                                                            uint64_t iova, unsigned level,
                                                            uint16_t domain_id)
{
    uint64_t index = amdvi_tlb_index(iova >> amdvi_directory_region_log2(level), domain_id);

    return &caches->directories[(index & caches->directory_mask) * AMDVI_DIRECTORY_LEVELS +
                                (level - 1)];
}

/* With a constant level it is faster. */
static inline bool amdvi_directory_find(const struct amdvi_caches *caches, uint64_t context,
                                        uint64_t iova, unsigned level, struct amdvi_directory *out)
{
    uint16_t domain_id = amdvi_context_domain(context);
    const struct amdvi_cache_slot *slot = amdvi_directory_slot(caches, iova, level, domain_id);
    uint64_t begin = amdvi_slot_begin(slot);

    if (amdvi_slot_word(slot, AMDVI_DIRECTORY_REGION) != amdvi_directory_region(iova, level) ||
        amdvi_slot_word(slot, AMDVI_DIRECTORY_CONTEXT) != context ||
        amdvi_slot_word(slot, AMDVI_DIRECTORY_GENERATION) !=
            amdvi_domain_generation(caches, domain_id)) {
        return false;
    }
    uint64_t table = amdvi_slot_word(slot, AMDVI_DIRECTORY_TABLE);
    out->spa = table & ~AMDVI_TLB_FLAGS;
    out->flags = table & AMDVI_TLB_FLAGS;
    out->host = (const void *)(uintptr_t)amdvi_slot_word(slot, AMDVI_DIRECTORY_HOST);
    return amdvi_slot_end(slot, begin);
}

/* With the lock. The TLB is not off. */
void amdvi_directory_put(struct amdvi_caches *caches, uint64_t context, uint64_t iova,
                         unsigned level, const struct amdvi_directory *directory);
void amdvi_directory_drop(struct amdvi_caches *caches, uint16_t domain_id, uint64_t first,
                          uint64_t last);
void amdvi_directory_drop_page(struct amdvi_caches *caches, uint16_t domain_id, uint64_t iova);
void amdvi_directory_drop_all(struct amdvi_caches *caches);

/* ---- Host memory: host_memory.c -------------------------------------------------------------- */

/* Guest memory that lies in one piece in the host's. */
struct amdvi_stretch {
    uint64_t first_spa;
    uint64_t last_spa;
    uint64_t distance; /* of the host pointer from the SPA */
};

/* Words of a record. */
enum {
    AMDVI_STRETCH_FIRST, /* and IN_USE */
    AMDVI_STRETCH_LAST,
    AMDVI_STRETCH_DISTANCE,
    AMDVI_STRETCH_END,
};

#define AMDVI_STRETCH_IN_USE AMDVI_BIT(0) /* no address has it: stretches begin at pages */

/* Memory is in a few large pieces: below and above 4 GiB, and of each NUMA node. */
static inline unsigned amdvi_stretch_index(uint64_t spa, bool is_write)
{
    return (unsigned)(spa >> 30) % (AMDVI_STRETCHES / 2) * 2 + is_write;
}

static inline bool amdvi_stretch_has(const struct amdvi_stretch *stretch, uint64_t spa,
                                     uint64_t size_bytes)
{
    return spa >= stretch->first_spa && spa + (size_bytes - 1) <= stretch->last_spa;
}

/* The stretch that has @size_bytes at @spa, if it is known; what may be read may be in another. */
static inline bool amdvi_stretch_find(const struct amdvi_caches *caches, uint64_t spa,
                                      uint64_t size_bytes, bool is_write, struct amdvi_stretch *out)
{
    const struct amdvi_cache_slot *slot = &caches->stretches[amdvi_stretch_index(spa, is_write)];
    uint64_t begin = amdvi_slot_begin(slot);
    uint64_t first = amdvi_slot_word(slot, AMDVI_STRETCH_FIRST);

    out->first_spa = first - AMDVI_STRETCH_IN_USE;
    out->last_spa = amdvi_slot_word(slot, AMDVI_STRETCH_LAST);
    out->distance = amdvi_slot_word(slot, AMDVI_STRETCH_DISTANCE);
    /* An empty slot begins at the last address, where no page does. */
    return amdvi_stretch_has(out, spa, size_bytes) && amdvi_slot_end(slot, begin);
}

struct amdvi_iommu;

/*
 * The same from the host, which has host->map: it is kept if the generation is still @generation.
 * @spa is the address of a page. False when the host has no pointer to all of it.
 */
bool amdvi_stretch_ask(struct amdvi_iommu *iommu, uint64_t generation, uint64_t spa,
                       uint64_t size_bytes, bool is_write, struct amdvi_stretch *out);

/* With the lock. */
void amdvi_stretch_drop_all(struct amdvi_caches *caches);

/* ---- The page of an invalidation ------------------------------------------------------------- */

/* Page @page_number of 2^@size_log2 bytes. */
static inline void amdvi_tlb_drop_at(const struct amdvi_caches *caches, uint64_t page_number,
                                     unsigned size_log2, uint16_t domain_id)
{
    struct amdvi_cache_slot *slot =
        amdvi_cache_set(&caches->tlb, amdvi_tlb_index(page_number, domain_id));
    uint64_t page = page_number << size_log2 | size_log2;

    AMDVI_UNROLL
    for (unsigned way = 0; way < AMDVI_CACHE_WAYS; way++, slot++) {
        if (amdvi_slot_word(slot, AMDVI_TLB_PAGE) == page &&
            amdvi_context_domain(amdvi_slot_word(slot, AMDVI_TLB_CONTEXT)) == domain_id) {
            amdvi_slot_empty(slot);
        }
    }
}

/* As amdvi_tlb_drop() for 4 KiB: what most commands ask for. */
static inline void amdvi_tlb_drop_page(struct amdvi_caches *caches, uint16_t domain_id,
                                       uint64_t iova, bool directories)
{
    uint64_t sizes = atomic_load_explicit(&caches->tlb_sizes, memory_order_relaxed);

    for (; sizes != 0; sizes &= sizes - 1) {
        unsigned size_log2 = (unsigned)__builtin_ctzll(sizes);

        amdvi_tlb_drop_at(caches, iova >> size_log2, size_log2, domain_id);
    }
    if (directories) {
        amdvi_directory_drop_page(caches, domain_id, iova);
    }
}

#pragma GCC visibility pop

#endif
