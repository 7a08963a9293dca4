/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libamdvi asks of its host, which embeds it: guest memory, messages, time, and to be told.
 */
#ifndef AMDVI_HOST_H
#define AMDVI_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How an access to guest memory ended. */
enum amdvi_memory_status {
    AMDVI_MEMORY_OK = 0,
    AMDVI_MEMORY_ABSENT, /* no RAM behind part of it: a master abort */
    AMDVI_MEMORY_ERROR,  /* RAM that cannot be read or written: a data error */
};

enum amdvi_invalidation_kind {
    AMDVI_INVALIDATED_DOMAIN, /* the pages first_iova to last_iova of domain_id */
    AMDVI_INVALIDATED_DEVICE, /* everything of device_id: its device table entry */
    AMDVI_INVALIDATED_ALL,    /* everything: the IOMMU was enabled, disabled or reset, or the
                                 exclusion range or HtTunEn changed */
};

/* Translations that a command invalidated, for an embedder that keeps copies of its own. */
struct amdvi_invalidation {
    enum amdvi_invalidation_kind kind;
    uint16_t domain_id;
    uint16_t device_id;
    uint64_t first_iova;
    uint64_t last_iova; /* inclusive */
};

/*
 * An ATS invalidate request to a device: it drops the translations of @first_iova to @last_iova
 * that it keeps, ends the accesses that use them, and is then reported to have answered with
 * amdvi_iommu_iotlb_invalidated() and @tag. The range is one naturally aligned power of two.
 */
struct amdvi_iotlb_invalidation {
    uint16_t device_id;
    uint16_t queue_id; /* QueueID of the command: devices that share a queue have one */
    uint64_t first_iova;
    uint64_t last_iova; /* inclusive */
    uint64_t tag;       /* names the request; never used again */
};

/*
 * Functions that the library calls, each with @ctx. Except for read, write, compare_exchange,
 * now_ns and wait_completed they are called with no lock of the library held, so they may call back
 * into it.
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
     * says otherwise with amdvi_iommu_memory_changed(). NULL where there is none. Far more is
     * wanted than the access at hand needs, so that the host is asked seldom. Pointers that are
     * aligned to 4 KiB where @spa is are kept with translations; for others the host is asked each
     * time, and amdvi_iommu_pointer() is slow. Optional.
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

    /*
     * Translations were invalidated. From amdvi_iommu_process(), register writes and resets, so
     * from several threads at once if they are made by several; no COMPLETION_WAIT after the
     * invalidation is complete before this returns. Optional.
     */
    void (*translations_invalidated)(void *ctx, const struct amdvi_invalidation *what);

    /*
     * Interrupts of @device_id, or of all devices if @all, may be remapped otherwise now. As
     * translations_invalidated. Optional.
     */
    void (*interrupts_invalidated)(void *ctx, bool all, uint16_t device_id);

    /*
     * For ATS, all three required with features.iotlb_sup, else unused. Any thread.
     *
     * now_ns: nanoseconds of a clock that stands still when the machine does.
     * set_timer: call amdvi_iommu_timer_expired() once that clock has reached @deadline_ns. If it
     * is set already, the earlier of the two deadlines counts; one call too many does no harm.
     * invalidate_iotlb: send an ATS invalidate request. A device without a cache can be answered
     * for at once, from within. Requests reach a device in the order of the calls.
     */
    uint64_t (*now_ns)(void *ctx);
    void (*set_timer)(void *ctx, uint64_t deadline_ns);
    void (*invalidate_iotlb)(void *ctx, const struct amdvi_iotlb_invalidation *what);

    /*
     * A lease's translation is gone, and a COMPLETION_WAIT waits until the lease is released: end
     * the access if that can be done. @cookie is that of amdvi_lease_take(); the lease may have
     * been released by another thread meanwhile. Optional.
     */
    void (*lease_revoked)(void *ctx, void *cookie);

    /* Something a person might want to know about the guest, one line without a newline. Optional.
     */
    void (*log)(void *ctx, const char *text);

    /*
     * For measuring: the COMPLETION_WAIT at byte @offset of the command buffer is complete, its
     * data stored. From amdvi_iommu_process() and register writes, with a lock of the library held:
     * it must not call back. Optional.
     */
    void (*wait_completed)(void *ctx, uint64_t offset);
};

#ifdef __cplusplus
}
#endif

#endif
