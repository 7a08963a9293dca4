/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libamdvi: the AMD IOMMU (revision 1.20) as a library for virtual machine monitors, emulators and
 * simulators.
 *
 * The embedder creates an instance from a configuration and a struct of host functions, forwards
 * register and configuration accesses to it, asks it about every DMA access and every message
 * signalled interrupt of the devices behind it, and gives it time to run commands.
 *
 * What a guest does wrong is never an error of a call: it has an outcome, and the event that the
 * architecture defines. A status other than AMDVI_OK is a mistake of the embedder, which is
 * trusted. Guest data cannot make a call loop without bound, block, or touch other memory than the
 * host functions give.
 *
 * Each function's comment ends with Returns, Threading, Blocking and Spec (the revision and the
 * structure that it implements), where they say something.
 */
#ifndef AMDVI_IOMMU_H
#define AMDVI_IOMMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct amdvi_iommu;  /* one IOMMU */
struct amdvi_reader; /* one user of the hot calls, see "Readers" */

enum amdvi_status {
    AMDVI_OK = 0,
    AMDVI_ERR_ARGUMENT,    /* a value that no caller may pass */
    AMDVI_ERR_UNSUPPORTED, /* a feature that this version does not have */
    AMDVI_ERR_NO_MEMORY,   /* malloc failed, or the given memory is too small */
};

/* ---- What the host provides ---------------------------------------------------------------- */

/* How an access to guest memory ended. */
enum amdvi_memory_status {
    AMDVI_MEMORY_OK = 0,
    AMDVI_MEMORY_ABSENT, /* no RAM behind part of it: a master abort */
    AMDVI_MEMORY_ERROR,  /* RAM that cannot be read or written: a data error */
};

/* Translations that a command invalidated, for an embedder that keeps copies of its own. */
struct amdvi_invalidation {
    enum {
        AMDVI_INVALIDATED_DOMAIN, /* the pages first_iova to last_iova of domain_id */
        AMDVI_INVALIDATED_DEVICE, /* everything of device_id: its device table entry */
        AMDVI_INVALIDATED_ALL,    /* everything: the IOMMU was enabled, disabled or reset */
    } kind;
    uint16_t domain_id;
    uint16_t device_id;
    uint64_t first_iova;
    uint64_t last_iova; /* inclusive */
};

/*
 * Functions that the library calls, each with @ctx. Except for read, write and compare_exchange
 * they are called with no lock of the library held, so they may call back into it.
 *
 * Addresses are system physical addresses (of the guest, for a virtual machine), sizes are bytes.
 * Memory is RAM only: whatever else is behind an address, the IOMMU's own register window
 * included, is AMDVI_MEMORY_ABSENT and must not be touched. An aligned access of 8 (4) bytes is
 * single-copy atomic. Every write must be visible to whatever the host keeps about its memory
 * (dirty logs, translated code).
 */
struct amdvi_host {
    size_t size; /* sizeof(struct amdvi_host), for later versions */
    void *ctx;

    /* Guest memory. Any thread, several at once. Required. */
    enum amdvi_memory_status (*read)(void *ctx, uint64_t spa, void *out, size_t size_bytes);
    enum amdvi_memory_status (*write)(void *ctx, uint64_t spa, const void *data, size_t size_bytes);
    /*
     * If the aligned 4 or 8 bytes at @spa equal *@expected, replace them by *@desired; *@expected
     * becomes what was there. Optional: without it, amdvi_iommu_access() refuses such requests.
     */
    enum amdvi_memory_status (*compare_exchange)(void *ctx, uint64_t spa, void *expected,
                                                 const void *desired, size_t size_bytes);
    /*
     * A host pointer to @spa, valid for *@run_bytes (in: wanted, out: not more), until the embedder
     * says otherwise with amdvi_iommu_memory_changed(). NULL where there is none. Optional.
     */
    void *(*map)(void *ctx, uint64_t spa, bool write, uint64_t *run_bytes);

    /* Send the IOMMU's own message signalled interrupt, number MsiNum. Any thread. Required. */
    void (*send_msi)(void *ctx);

    /*
     * Commands can go on: call amdvi_iommu_process() soon, from wherever suits. Any thread.
     * Optional: without it the library runs all of them in the call that found them, be it a
     * register write or the release of a reader, and commands_per_write bounds nothing.
     */
    void (*work)(void *ctx);

    /* Commands invalidated translations. From amdvi_iommu_process() and register writes. Optional.
     */
    void (*translations_invalidated)(void *ctx, const struct amdvi_invalidation *what);

    /* Interrupts of @device_id may be remapped otherwise now; all devices if @all. Optional. */
    void (*interrupts_invalidated)(void *ctx, bool all, uint16_t device_id);

    /*
     * A lease's translation is gone, and a COMPLETION_WAIT waits until the lease is released: end
     * the access if that can be done. @cookie is that of amdvi_lease_take(); the lease may have
     * been released by another thread meanwhile. Optional.
     */
    void (*lease_revoked)(void *ctx, void *cookie);

    /* Something a person might want to know about the guest, one line without a newline. Optional.
     */
    void (*log)(void *ctx, const char *text);
};

/* ---- Creation ------------------------------------------------------------------------------ */

/*
 * What this IOMMU is. It drives the capability block, and belongs into the IVRS too. What is not
 * built cannot be asked for: IotlbSup and EFRSup are 0 in this version.
 */
struct amdvi_features {
    uint8_t va_size_bits; /* VAsize: 32, 40, 48 or 64 */
    uint8_t pa_size_bits; /* PAsize: 40, 48 or 52 */
    uint8_t msi_num;      /* MsiNum: 0 to 31 */
    bool ht_tunnel;       /* HtTunnel */
    bool ht_ats_resv;     /* HtAtsResv */
};

struct amdvi_config {
    size_t size; /* sizeof(struct amdvi_config) */
    struct amdvi_features features;
    uint8_t cap_next;            /* CapPtr: the next capability in configuration space, 0 = none */
    unsigned readers;            /* 1 to 1024 */
    unsigned tlb_entries;        /* translations kept; 0 = none; at most 1 << 20 */
    unsigned dte_entries;        /* device table entries kept; 0 = none; at most 65536 */
    unsigned irte_entries;       /* interrupt remapping entries kept; 0 = none; at most 1 << 20 */
    unsigned commands_per_write; /* turns that a write of a register may run; 0 = none */
};

/* Revision 1.20, 64-bit IOVA, 52-bit SPA, one reader, caches on: a start to change from. */
void amdvi_config_init(struct amdvi_config *config);

/*
 * Bytes of memory that an instance needs, all of it: nothing else is allocated, then or later.
 * 0 when the configuration is not valid.
 */
size_t amdvi_iommu_size_bytes(const struct amdvi_config *config);

/*
 * Create an instance, in the state after a system reset.
 *
 * @config  copied.
 * @host    copied; @host->ctx must outlive the instance.
 * @memory  amdvi_iommu_size_bytes() bytes aligned to 64, or NULL: then they come from malloc.
 *
 * Returns    AMDVI_ERR_ARGUMENT, AMDVI_ERR_NO_MEMORY.
 * Threading  any thread.
 */
enum amdvi_status amdvi_iommu_create(struct amdvi_iommu **out, const struct amdvi_config *config,
                                     const struct amdvi_host *host, void *memory);

/* No call may be under way, no lease may be held. */
void amdvi_iommu_destroy(struct amdvi_iommu *iommu);

/*
 * A system reset: registers and capability block as after power-on, the block unlocked, caches
 * empty, the IOMMU off. Leases are told by lease_revoked where their translation no longer holds,
 * when the next COMPLETION_WAIT finds them.
 *
 * Threading  any thread.
 */
void amdvi_iommu_reset(struct amdvi_iommu *iommu);

/* ---- Registers and configuration space ------------------------------------------------------ */

/*
 * A read or write of @size_bytes (1, 2, 4 or 8, naturally aligned) at byte @offset of the register
 * window. Whatever is not that reads as 0 and is not written. A write runs commands for at most
 * commands_per_write turns, see amdvi_iommu_process(); if there is more to do, host->work is
 * called.
 *
 * Threading  any thread.
 * Blocking   no.
 * Spec       1.20, MMIO registers.
 */
uint64_t amdvi_iommu_mmio_read(struct amdvi_iommu *iommu, uint64_t offset, unsigned size_bytes);
void amdvi_iommu_mmio_write(struct amdvi_iommu *iommu, uint64_t offset, unsigned size_bytes,
                            uint64_t value);

/*
 * The same for the capability block of 20 bytes, @size_bytes 1, 2 or 4. After a write, ask
 * amdvi_iommu_window() where the register window is.
 *
 * Threading  any thread.
 * Spec       1.20, capability block.
 */
uint32_t amdvi_iommu_cap_read(struct amdvi_iommu *iommu, unsigned offset, unsigned size_bytes);
void amdvi_iommu_cap_write(struct amdvi_iommu *iommu, unsigned offset, unsigned size_bytes,
                           uint32_t value);

/* True when the register window decodes (Enable=1); then *@base is its first address. */
bool amdvi_iommu_window(struct amdvi_iommu *iommu, uint64_t *base);

/* ---- Commands -------------------------------------------------------------------------------- */

/*
 * Run commands from the command buffer for at most @budget turns: a command takes one, a
 * COMPLETION_WAIT one more, and one for each lease that it walks again. A COMPLETION_WAIT that must
 * wait for accesses under way stays where it is, and the buffer with it; the last release (see
 * "Readers") then calls host->work.
 *
 * Returns    true when there is more to do at once: call again.
 * Threading  any thread; while one thread is in it, others return false at once, and the one goes
 *            on with what they found.
 * Blocking   no.
 * Spec       1.20, command buffer.
 */
bool amdvi_iommu_process(struct amdvi_iommu *iommu, unsigned budget);

/* ---- Readers --------------------------------------------------------------------------------- */

/*
 * A reader stands for a thread, or for a lock that its callers hold: the calls with one reader
 * must not overlap. What amdvi_iommu_translate() and amdvi_iommu_remap() answer may be used until
 * amdvi_reader_release() or amdvi_reader_offline(), and no longer: a COMPLETION_WAIT completes only
 * when every reader that is online has released since the invalidations before it.
 *
 * So a reader must not stay online without releasing from time to time. Online and offline cost a
 * full memory fence each, release a load and a store. Online nests.
 */

/* Reader @index, 0 to config.readers - 1; NULL beyond. */
struct amdvi_reader *amdvi_iommu_reader(struct amdvi_iommu *iommu, unsigned index);

/* The calls below with @reader, up to the matching offline, are one burst. */
void amdvi_reader_online(struct amdvi_reader *reader);

/* The burst is over, and what it was told is no longer used. */
void amdvi_reader_offline(struct amdvi_reader *reader);

/* What @reader was told since it went online or last released is no longer used. */
void amdvi_reader_release(struct amdvi_reader *reader);

/* ---- DMA ------------------------------------------------------------------------------------- */

enum amdvi_access {
    AMDVI_ACCESS_READ = 1,
    AMDVI_ACCESS_WRITE = 2,
    AMDVI_ACCESS_READ_WRITE = 3, /* atomics */
};

/* One access of a device, as it comes from the bus. */
struct amdvi_request {
    uint16_t device_id; /* requester: bus 15:8, device 7:3, function 2:0 */
    enum amdvi_access access;
    uint64_t iova;
    uint64_t size_bytes; /* at least 1; iova + size_bytes - 1 fits 64 bits */
    /*
     * The access is not made (yet): nothing is logged if it is refused, and nothing remembers it.
     * For looking ahead; before an access that was refused quietly is given up, ask aloud.
     */
    bool quiet;
};

enum amdvi_outcome {
    AMDVI_OUTCOME_TRANSLATED, /* go on with spa and run_bytes */
    AMDVI_OUTCOME_ABORTED,    /* target abort: reads fail, writes have no effect */
    AMDVI_OUTCOME_INTERRUPT,  /* a write to FEEx_xxxxh: not memory, ask amdvi_iommu_remap() */
};

struct amdvi_translation {
    enum amdvi_outcome outcome;
    /*
     * The part of the request that the outcome is about, from its first byte: 1 to its size. Ask
     * again for the rest. Of a refused access it ends with the 4 KiB page, since each page of a
     * request is refused, and logged, by itself.
     */
    uint64_t run_bytes;
    uint64_t spa; /* of the first byte */
    void *host;   /* of the first byte, good for run_bytes; NULL if the host maps none */
    /*
     * The naturally aligned block around the IOVA in which addresses differ from their SPA by the
     * same amount and may be accessed alike: its size as a power of two, 12 to 52.
     */
    uint8_t granule_log2;
    bool read;           /* the tables allow reads of the granule */
    bool write;          /* the tables allow writes of the granule */
    bool force_coherent; /* FC of the page table entry */
    bool cached;         /* from the caches, without reading guest memory */
};

/*
 * Say where an access of a device lands.
 *
 * @reader   online.
 * @request  the whole access, or what is left of it.
 * @out      written only when AMDVI_OK is returned.
 *
 * Returns    AMDVI_OK            @out holds the outcome; an event was logged if it is due.
 *            AMDVI_ERR_ARGUMENT  size_bytes is 0 or too large, or access is none of the enum.
 * Threading  one thread per reader at a time, at the same time as any other call.
 * Blocking   no; for each page at most six reads of page table entries, and one device table entry,
 *            which is read twice, or up to nine times while software changes it.
 * Spec       1.20, device table entry, I/O page tables, exclusion range, event log.
 */
enum amdvi_status amdvi_iommu_translate(struct amdvi_reader *reader,
                                        const struct amdvi_request *request,
                                        struct amdvi_translation *out);

/*
 * The same without any effect and outside any burst, for debuggers: no event, no cache looked at
 * or filled, no statistics. Nothing keeps the answer true after the call.
 */
enum amdvi_status amdvi_iommu_peek(struct amdvi_iommu *iommu, const struct amdvi_request *request,
                                   struct amdvi_translation *out);

/* What amdvi_iommu_access() does at the address. */
enum amdvi_operation {
    AMDVI_OPERATION_READ,             /* into @buffer */
    AMDVI_OPERATION_WRITE,            /* from @buffer */
    AMDVI_OPERATION_FILL,             /* with the byte at @buffer */
    AMDVI_OPERATION_COMPARE_EXCHANGE, /* 4 or 8 bytes, aligned; see host->compare_exchange */
};

struct amdvi_access_request {
    uint16_t device_id;
    enum amdvi_operation operation;
    uint64_t iova;
    size_t size_bytes;
    void *buffer;        /* COMPARE_EXCHANGE: the expected value, then what was there */
    const void *desired; /* COMPARE_EXCHANGE only */
};

struct amdvi_access_result {
    enum amdvi_outcome outcome; /* TRANSLATED when all of it was done */
    size_t done_bytes;          /* carried out, from the first byte; stops at the first failure */
    enum amdvi_memory_status memory; /* of the access to memory itself */
};

/*
 * Carry out an access: translate, read or write guest memory, release; so what the reader was told
 * before is not to be used after it. Every page of it that is
 * refused logs its event, also behind the first: a read of refused pages leaves @buffer alone.
 *
 * Returns    AMDVI_ERR_ARGUMENT as amdvi_iommu_translate(), or a COMPARE_EXCHANGE that is not 4 or
 *            8 aligned bytes; AMDVI_ERR_UNSUPPORTED without host->compare_exchange.
 * Threading  as amdvi_iommu_translate().
 */
enum amdvi_status amdvi_iommu_access(struct amdvi_reader *reader,
                                     const struct amdvi_access_request *request,
                                     struct amdvi_access_result *out);

/* ---- Leases ---------------------------------------------------------------------------------- */

/*
 * A lease keeps a translation past its reader's release, for I/O that ends later: the memory that
 * it names may be accessed until the lease is released. A COMPLETION_WAIT that follows an
 * invalidation of the range walks the tables again: when they still say the same, it does not wait
 * for the lease; otherwise host->lease_revoked is called, and it waits.
 *
 * The embedder owns the memory of a lease, which must not move while it is held. Its members are
 * the library's.
 */
struct amdvi_lease {
    struct amdvi_iommu *iommu;
    struct amdvi_lease *next;
    struct amdvi_lease **link;
    void *cookie;
    uint64_t iova;
    uint64_t size_bytes;
    uint64_t spa;
    uint16_t device_id;
    uint16_t domain_id;
    bool has_domain;
    uint8_t access;
    uint8_t state;
};

/*
 * Translate as amdvi_iommu_translate() does, and when the outcome is AMDVI_OUTCOME_TRANSLATED, take
 * a lease of the run. Otherwise @lease is left alone.
 *
 * @cookie    handed to host->lease_revoked, which may be called before this returns.
 *
 * Returns    as amdvi_iommu_translate(); AMDVI_ERR_ARGUMENT also for a quiet request.
 * Threading  as amdvi_iommu_translate().
 */
enum amdvi_status amdvi_lease_take(struct amdvi_reader *reader, struct amdvi_lease *lease,
                                   const struct amdvi_request *request, void *cookie,
                                   struct amdvi_translation *out);

/*
 * The memory is no longer accessed.
 *
 * Threading  any thread.
 */
void amdvi_lease_release(struct amdvi_lease *lease);

/* ---- Interrupts ------------------------------------------------------------------------------ */

/* A message signalled interrupt: a dword written to FEEx_xxxxh by a device, IOAPIC or HPET. */
struct amdvi_interrupt {
    uint16_t device_id;
    uint64_t address; /* FEE0_0000h to FEEF_FFFFh */
    uint32_t data;
};

struct amdvi_remapped {
    enum amdvi_outcome outcome; /* TRANSLATED: send what follows; ABORTED: drop it */
    uint64_t address;
    uint32_t data;
    bool remapped; /* through the interrupt table; otherwise passed as it came */
    bool cached;
};

/*
 * Say what an interrupt of a device becomes. Send it before the reader's release.
 *
 * Returns    AMDVI_ERR_ARGUMENT when the address is not in the range.
 * Threading  as amdvi_iommu_translate().
 * Blocking   no; reads one device table entry, as amdvi_iommu_translate() does, and one entry of
 * the interrupt table.
 *
 * Spec       1.20, interrupt remapping.
 */
enum amdvi_status amdvi_iommu_remap(struct amdvi_reader *reader,
                                    const struct amdvi_interrupt *interrupt,
                                    struct amdvi_remapped *out);

/* ---- Changes that the guest's software did not make ------------------------------------------ */

/*
 * The guest's memory is laid out anew between @spa and @spa + @size_bytes - 1: host pointers into
 * it must no longer be used. Leases that touch it are revoked.
 *
 * Returns    a ticket for amdvi_iommu_is_drained().
 * Threading  any thread.
 */
uint64_t amdvi_iommu_memory_changed(struct amdvi_iommu *iommu, uint64_t spa, uint64_t size_bytes);

/* Is no access of before the ticket under way any more? Ask until it is so. Any thread. */
bool amdvi_iommu_is_drained(struct amdvi_iommu *iommu, uint64_t ticket);

/* ---- Statistics ------------------------------------------------------------------------------ */

struct amdvi_stats {
    uint64_t translations; /* requests answered, those of amdvi_iommu_access() included */
    uint64_t tlb_hits;     /* pages found in the translation cache */
    uint64_t walks;        /* page tables walked */
    uint64_t aborted;      /* requests refused */
    uint64_t interrupts;   /* interrupts answered */
    uint64_t interrupts_aborted;
    uint64_t commands;     /* commands completed */
    uint64_t events;       /* events written to the log */
    uint64_t events_lost;  /* events that the log had no room for, or was off for */
    uint64_t waits_parked; /* COMPLETION_WAITs that had to wait */
    uint64_t leases_revoked;
};

/* Sums over all readers, each counter read by itself. Any thread. */
void amdvi_iommu_stats(struct amdvi_iommu *iommu, struct amdvi_stats *out);

#ifdef __cplusplus
}
#endif

#endif
