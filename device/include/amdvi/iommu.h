/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libamdvi: the AMD IOMMU (revision 1.20) as a library for virtual machine monitors, emulators and
 * simulators.
 *
 * The embedder creates an instance from a configuration and a struct of host functions (host.h),
 * forwards register and configuration accesses to it, asks it about every DMA access and every
 * interrupt of the devices behind it, and gives it time to run commands.
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

#include <amdvi/host.h>

#ifdef __cplusplus
extern "C" {
#endif

struct amdvi_iommu;  /* one IOMMU */
struct amdvi_reader; /* one user of the hot calls, see "Readers" */

enum amdvi_status {
    AMDVI_OK = 0,
    AMDVI_ERR_ARGUMENT,    /* a value that no caller may pass */
    AMDVI_ERR_UNSUPPORTED, /* a feature that this version does not have */
    AMDVI_ERR_NO_MEMORY,   /* malloc failed, or a given buffer is too small */
    AMDVI_ERR_STATE,       /* not a saved state that this instance can continue from */
};

/* ---- Creation ------------------------------------------------------------------------------ */

/* The DeviceIDs @first to @last, inclusive. */
struct amdvi_device_range {
    uint16_t first;
    uint16_t last;
};

#define AMDVI_PREBOOT_RANGES_MAX 16

/*
 * What this IOMMU is. It drives the capability block, and belongs in the IVRS too. What is not
 * built cannot be asked for: NpCache and EFRSup are 0 in this version.
 */
struct amdvi_features {
    uint8_t va_size_bits; /* VAsize: 32, 40, 48 or 64 */
    uint8_t pa_size_bits; /* PAsize: 40, 48 or 52 */
    uint8_t msi_num;      /* MsiNum: 0 to 31 */
    bool iotlb_sup;       /* IotlbSup: devices may have caches of translations (ATS) */
    bool ht_tunnel;       /* HtTunnel */
    bool ht_ats_resv;     /* HtAtsResv */
    /*
     * Extension, not of revision 1.20: from reset until software sets IommuEn for the first time,
     * DMA of these devices is aborted, and nothing is logged. Interrupts are not affected.
     * Announce it in the IVRS (DMA remap of IVinfo).
     */
    uint8_t preboot_range_count;
    struct amdvi_device_range preboot_ranges[AMDVI_PREBOOT_RANGES_MAX];
};

struct amdvi_config {
    size_t size; /* sizeof(struct amdvi_config) */
    struct amdvi_features features;
    uint8_t cap_next;            /* CapPtr: the next capability in configuration space, 0 = none */
    unsigned readers;            /* 1 to 1024 */
    unsigned tlb_entries;        /* translations kept; 0 = none; at most 1 << 20 */
    unsigned dte_entries;        /* device table entries kept; 0 = none; at most 65536 */
    unsigned irte_entries;       /* interrupt remapping entries kept; 0 = none; at most 1 << 20 */
    unsigned commands_per_write; /* turns that a write of a register may run; 0 = none; at most
                                    65536 */
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

/* No call may be under way, no lease may be held. NULL is allowed here, and nowhere else. */
void amdvi_iommu_destroy(struct amdvi_iommu *iommu);

/*
 * A system reset: registers and capability block as after power-on, the block unlocked, caches
 * empty, the IOMMU off. Leases are told by lease_revoked where their translation no longer holds,
 * when the next COMPLETION_WAIT finds them.
 *
 * Threading  any thread.
 */
void amdvi_iommu_reset(struct amdvi_iommu *iommu);

/* ---- Saved state ----------------------------------------------------------------------------- */

/* No saved state is larger, in bytes. */
#define AMDVI_SAVED_BYTES_MAX 16384

/*
 * Save all architectural state: registers, capability block, the command that the ring waits at,
 * ATS invalidations in flight, what SE remembers. Caches, statistics and leases are not in it. The
 * format is described in docs/saved-state.md; it does not depend on the host's byte order.
 *
 * Nothing may be under way whose end matters to the guest: devices stopped, leases released,
 * messages of host->send_msi delivered or saved by the embedder.
 *
 * @buffer   @size_bytes bytes; AMDVI_SAVED_BYTES_MAX are always enough.
 * @written  how many of them the state takes.
 *
 * Returns    AMDVI_ERR_NO_MEMORY when @buffer is too small; *@written is then what is needed.
 * Threading  any thread.
 */
enum amdvi_status amdvi_iommu_save(struct amdvi_iommu *iommu, void *buffer, size_t size_bytes,
                                   size_t *written);

/*
 * Continue from a saved state, in an instance that has the same features; what it was before is
 * gone. The bytes are not trusted: any that software could not have brought an IOMMU into are
 * refused, and the instance is then as it was. Afterwards ask amdvi_iommu_window(). ATS
 * invalidations in flight are sent to their devices again, with the tags that they had, and
 * commands that wait are gone on with, both through the host's functions.
 *
 * Returns    AMDVI_ERR_STATE when the bytes are no such state.
 * Threading  any thread; no other call may be under way.
 */
enum amdvi_status amdvi_iommu_load(struct amdvi_iommu *iommu, const void *buffer,
                                   size_t size_bytes);

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
 * Run commands from the command buffer for at most @budget turns, or one command more: a command
 * takes one, an INVALIDATE_IOMMU_PAGES that has to look at every translation kept one more for each
 * 64 of them, a COMPLETION_WAIT and an INVALIDATE_IOTLB_PAGES up to one more, and one for each
 * lease that is walked again. A COMPLETION_WAIT that must wait, for accesses under way or for
 * answers of devices, stays where it is, and the buffer with it; the last release (see "Readers")
 * or answer then calls host->work. So does an INVALIDATE_IOTLB_PAGES for which too many invalidate
 * requests are in flight, or before which a reader has answered a translation request and not
 * released yet.
 *
 * Returns    true when there is more to do at once: call again.
 * Threading  any thread; while one thread is in it, others return false, and the one goes on with
 *            what they found.
 * Blocking   no; another thread's call, or register write, is waited for until it tells the host
 *            something or its budget is used up.
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
 *
 * All that take a reader want it online, and one offline for each online: after a mistake in this a
 * wait may end too early, or never. Unless compiled with NDEBUG, the library asserts it.
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
    bool translated;   /* ATS: @iova is an SPA, from amdvi_iommu_ats_translate() */
    bool non_posted;   /* a write that waits for a response, as atomics always do */
    bool intx_message; /* in the system management range: asserts or deasserts INTx */
    bool from_tunnel;  /* arrived through the HyperTransport tunnel, see HtTunEn */
};

enum amdvi_outcome {
    AMDVI_OUTCOME_TRANSLATED, /* go on with spa and run_bytes; a special address range of
                                 HyperTransport that is forwarded has spa in that range */
    AMDVI_OUTCOME_ABORTED,    /* target abort: reads fail, writes have no effect */
    AMDVI_OUTCOME_INTERRUPT,  /* a posted write to FEEx_xxxxh or FD_F8xx_xxxxh: not memory, ask
                                 amdvi_iommu_remap() */
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
 * Blocking   no; for each page at most nine reads of page table entries, and one device table
 *            entry, which is read twice, or up to nine times while software changes it.
 * Spec       1.20, device table entry, I/O page tables, exclusion range, event log.
 */
enum amdvi_status amdvi_iommu_translate(struct amdvi_reader *reader,
                                        const struct amdvi_request *request,
                                        struct amdvi_translation *out);

/*
 * The host pointer of an access that is contiguous in host memory, in one call: the fastest way
 * for an embedder whose host->map gives pointers. @size_bytes from the pointer on may be accessed
 * as @access says, until @reader releases.
 *
 * Returns    NULL when there is no such pointer, for whatever reason; then nothing was logged. Ask
 *            amdvi_iommu_segments() or amdvi_iommu_translate() next.
 * Threading  as amdvi_iommu_translate().
 * Blocking   as amdvi_iommu_translate().
 */
void *amdvi_iommu_pointer(struct amdvi_reader *reader, uint16_t device_id, uint64_t iova,
                          uint64_t size_bytes, enum amdvi_access access);

/* A part of an access, in host memory. */
struct amdvi_segment {
    void *host;
    uint64_t size_bytes;
};

struct amdvi_segments {
    unsigned count;      /* segments filled in, each as long as can be */
    uint64_t size_bytes; /* that they hold, from the first byte of the request on */
    bool more;           /* they hold not all of it because there was no room, or enough for one
                            call: ask again for the rest */
    /*
     * When they do not hold all of it, and more is false: what is next. TRANSLATED means memory
     * that host->map has no pointer to.
     */
    enum amdvi_outcome outcome;
};

/*
 * The host memory of an access, in as few segments as there can be, pages joined.
 *
 * @segments  @capacity of them, at least 1.
 *
 * Returns    as amdvi_iommu_translate(). A page that is refused ends the segments, and is logged
 *            unless the request is quiet; the pages behind it are not looked at.
 * Threading  as amdvi_iommu_translate().
 * Blocking   as amdvi_iommu_translate(), for 512 pages at most in one call: ask again for the rest.
 */
enum amdvi_status amdvi_iommu_segments(struct amdvi_reader *reader,
                                       const struct amdvi_request *request,
                                       struct amdvi_segment *segments, unsigned capacity,
                                       struct amdvi_segments *out);

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
    bool translated;     /* as in struct amdvi_request */
    bool non_posted;
};

struct amdvi_access_result {
    enum amdvi_outcome outcome; /* TRANSLATED when all of it was done */
    size_t done_bytes;          /* carried out, from the first byte; stops at the first failure */
    enum amdvi_memory_status memory; /* of the access to memory itself */
};

/*
 * Carry out an access: translate, read or write guest memory, release. That release ends what
 * @reader was told before, too, also inside a burst. Every page that is refused logs its event, not
 * only the first; a read of refused pages leaves @buffer alone.
 *
 * @reader   online.
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
 * private.
 */
struct amdvi_lease {
    struct amdvi_iommu *iommu;
    struct amdvi_lease *next;
    struct amdvi_lease **link;
    void *cookie;
    struct amdvi_request request; /* the part that is leased */
    uint64_t spa;
    uint16_t domain_id;
    bool has_domain;
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

/* ---- Address translation services (ATS) ------------------------------------------------------ */

/*
 * With features.iotlb_sup a device may keep translations of its own. It asks for them with
 * translation requests, uses them in translated requests (struct amdvi_request), and is told by
 * host->invalidate_iotlb to drop them.
 */

enum amdvi_ats_status {
    AMDVI_ATS_SUCCESS,
    AMDVI_ATS_UNSUPPORTED_REQUEST, /* this device, or this address, is not to be asked about */
    AMDVI_ATS_COMPLETER_ABORT,     /* the tables are illegal or cannot be read */
};

/* What a translation request is answered with. See amdvi_ats_completion_word() for its wire form.
 */
struct amdvi_ats_completion {
    enum amdvi_ats_status status;
    /* Of SUCCESS only: */
    bool read;           /* R */
    bool write;          /* W; with R=W=0 there is no translation, and the rest is 0 */
    bool untranslated;   /* U: the device may use untranslated requests only */
    bool force_coherent; /* N: translated requests must be snooped (FC of the page table entry) */
    uint8_t size_log2;   /* of the naturally aligned block that the answer is about, 12 to 52 */
    uint64_t spa;        /* of its first byte */
    bool cached;         /* from the caches, without reading guest memory */
};

/*
 * Answer a device's translation request about the block around @iova. A page that is not mapped, or
 * not for this device, is a success with R=W=0, and no event.
 *
 * The answer reaches the device's cache before the reader's release: an invalidate request for it
 * is sent only after that.
 *
 * Returns    AMDVI_OK; AMDVI_ERR_UNSUPPORTED without features.iotlb_sup.
 * Threading  as amdvi_iommu_translate().
 * Blocking   as amdvi_iommu_translate().
 * Spec       1.20, remote IOTLB support.
 */
enum amdvi_status amdvi_iommu_ats_translate(struct amdvi_reader *reader, uint16_t device_id,
                                            uint64_t iova, struct amdvi_ats_completion *out);

/*
 * A device has answered the invalidate request @tag. An answer that nobody waits for (any more),
 * or of another device, is ignored.
 *
 * Threading  any thread, also from within host->invalidate_iotlb.
 */
void amdvi_iommu_iotlb_invalidated(struct amdvi_iommu *iommu, uint16_t device_id, uint64_t tag);

/* The deadline of host->set_timer is reached. Any thread. */
void amdvi_iommu_timer_expired(struct amdvi_iommu *iommu);

/*
 * A device was reset or removed, and its cache is empty: what it was asked to invalidate counts as
 * answered. Its tables stay in force, for whatever comes next with its DeviceID. Any thread.
 */
void amdvi_iommu_device_gone(struct amdvi_iommu *iommu, uint16_t device_id);

/* ---- Interrupts ------------------------------------------------------------------------------ */

/*
 * An interrupt as it comes from a device, IOAPIC or HPET. It is a message signalled interrupt, a
 * dword written to FEE0_0000h to FEEF_FFFFh, or an interrupt request of HyperTransport, a posted
 * write to FD_F800_0000h to FD_F8FF_FFFFh, which has all it says in its address (arch/, irte.h).
 */
struct amdvi_interrupt {
    uint16_t device_id;
    uint64_t address;
    uint32_t data;    /* HyperTransport: not looked at */
    bool from_tunnel; /* as in struct amdvi_request */
    /*
     * It did not come (yet): nothing is logged if it is refused, and nothing is counted. For routes
     * that are worked out in advance, such as those of KVM's irqfds.
     */
    bool quiet;
};

struct amdvi_remapped {
    enum amdvi_outcome outcome; /* TRANSLATED: send what follows; ABORTED: drop it */
    uint64_t address;           /* in the range that the request was in */
    uint32_t data;              /* 0 for HyperTransport, when remapped */
    bool remapped;              /* through the interrupt table; otherwise passed as it came */
    bool cached;
};

/*
 * Say what an interrupt of a device becomes. Send it before the reader's release.
 *
 * Returns    AMDVI_ERR_ARGUMENT when the address is not in the range.
 * Threading  as amdvi_iommu_translate().
 * Blocking   no; reads one device table entry, as amdvi_iommu_translate() does, and one entry of
 *            the interrupt table.
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
    uint64_t translations; /* requests answered, those of amdvi_iommu_access() included; of
                              amdvi_iommu_segments(), pages */
    uint64_t tlb_hits;     /* pages found in the translation cache */
    uint64_t walks;        /* page tables walked */
    uint64_t aborted;      /* requests refused */
    uint64_t interrupts;   /* interrupts answered */
    uint64_t interrupts_aborted;
    uint64_t commands;     /* commands completed */
    uint64_t events;       /* events written to the log */
    uint64_t events_lost;  /* events that the log had no room for, or was off for */
    uint64_t waits_parked; /* commands that had to wait: COMPLETION_WAIT, INVALIDATE_IOTLB_PAGES */
    uint64_t leases_revoked;
    uint64_t ats_requests;        /* translation requests answered */
    uint64_t iotlb_invalidations; /* invalidate requests sent to devices */
    uint64_t iotlb_timeouts;
};

/* Sums over all readers, each counter read by itself. Any thread. */
void amdvi_iommu_stats(struct amdvi_iommu *iommu, struct amdvi_stats *out);

#ifdef __cplusplus
}
#endif

#endif
