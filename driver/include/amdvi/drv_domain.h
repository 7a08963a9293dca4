/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains: address spaces that devices are attached to, and what is mapped in them.
 *
 * The promise: when amdvi_drv_unmap() of a strict domain, or amdvi_drv_detach(), has returned
 * AMDVI_DRV_OK, no device of the domain reaches what was unmapped, whatever the IOMMU caches. When
 * it returned an error of completion, the memory is in quarantine: the caller must not use it for
 * anything else, the domain is poisoned, and amdvi_drv_domain_recover() is the way out. Page tables
 * are never given back earlier either.
 */
#ifndef AMDVI_DRV_DOMAIN_H
#define AMDVI_DRV_DOMAIN_H

#include <amdvi/drv.h>
#include <amdvi/drv_pages.h>

#ifdef __cplusplus
extern "C" {
#endif

enum amdvi_drv_domain_kind {
    AMDVI_DRV_DOMAIN_PAGED,
    AMDVI_DRV_DOMAIN_IDENTITY, /* IOVA is SPA, everything: for trusted devices */
    AMDVI_DRV_DOMAIN_BLOCKED,  /* nothing, firmware's memory neither; events name the domain */
};

enum amdvi_drv_flush_policy {
    AMDVI_DRV_FLUSH_STRICT, /* unmap returns when it is invalidated */
    AMDVI_DRV_FLUSH_LAZY,   /* by the bounds below; host->released tells. Needs host->set_timer */
    AMDVI_DRV_FLUSH_MANUAL, /* by amdvi_drv_sync(), or when the queue is full */
};

/*
 * Limits of an application or virtual machine that maps its own memory. The owner is the caller of
 * amdvi_drv_map(); nothing that it passes is trusted.
 */
struct amdvi_drv_limits {
    uint64_t first_iova;
    uint64_t last_iova;  /* inclusive */
    uint64_t bytes_max;  /* mapped at a time */
    uint32_t tables_max; /* page tables at a time */
    /*
     * May the owner map this memory? The domain's lock is held: must not sleep, must not call back.
     * Memory must stay the owner's until it was unmapped and, where it was, left quarantine.
     */
    bool (*may_map)(void *owner, uint64_t spa, uint64_t size_bytes, unsigned access);
    void *owner;
};

struct amdvi_drv_domain_config {
    size_t size; /* sizeof(struct amdvi_drv_domain_config) */
    enum amdvi_drv_domain_kind kind;
    enum amdvi_drv_flush_policy flush;
    uint32_t lazy_us;                      /* the oldest unmap waits no longer */
    uint32_t queue_max;                    /* unmaps that wait, of LAZY and MANUAL: 1 to 4096 */
    uint64_t page_sizes;                   /* as in struct amdvi_drv_pages_config; 0: all */
    const struct amdvi_drv_limits *limits; /* copied; NULL: none */
};

/* A paged, strict domain without limits; 10 ms, 256 entries. */
void amdvi_drv_domain_config_init(struct amdvi_drv_domain_config *config);

/*
 * Returns    AMDVI_DRV_ERR_ARGUMENT, AMDVI_DRV_ERR_NO_MEMORY,
 *            AMDVI_DRV_ERR_LIMIT        domains_max.
 *            AMDVI_DRV_ERR_UNSUPPORTED  lazy without host->set_timer or host->released.
 * Threading  task context.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_domain_create(struct amdvi_drv *drv, const struct amdvi_drv_domain_config *config,
                        struct amdvi_drv_domain **out);

/*
 * Invalidates, then gives everything back, its number included.
 *
 * Returns    AMDVI_DRV_ERR_BUSY  devices are attached.
 *            as amdvi_drv_domain_recover(), and then the domain is still there.
 * Threading  task context; no other call on the domain.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_domain_destroy(struct amdvi_drv_domain *domain);

/*
 * Attach a device, which is blocked until now. All its requester ids move together; firmware's
 * memory for it is mapped in a paged domain first, and stays until it is detached. Its old and its
 * new domain are invalidated.
 *
 * Returns    AMDVI_DRV_ERR_BUSY       it is attached, or shares a requester id with one that is
 *                                     attached elsewhere.
 *            AMDVI_DRV_ERR_UNTRUSTED  an identity domain.
 *            AMDVI_DRV_ERR_EXISTS     firmware's memory collides with what is mapped.
 *            AMDVI_DRV_ERR_LIMIT      more than 96 devices with ATS.
 *            AMDVI_DRV_ERR_NO_MEMORY, AMDVI_DRV_ERR_POISONED,
 *            AMDVI_DRV_ERR_TIMEOUT, AMDVI_DRV_ERR_COMMAND, AMDVI_DRV_ERR_HARDWARE: it is blocked
 *                                     again, the domain is poisoned.
 * Threading  task context.
 * Blocking   wait_ms, three times.
 * Spec       1.20, device table entry.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_attach(struct amdvi_drv_domain *domain,
                                                            struct amdvi_drv_device *device);

/* Back to blocked, but for firmware's memory. After an error it counts as detached; the domain is
 * poisoned. */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_detach(struct amdvi_drv_device *device);

/*
 * As amdvi_drv_pages_map(), which says what may be passed and what comes back; and
 *
 * Returns    AMDVI_DRV_ERR_RESERVED  part of the range is in amdvi_drv_reserved_range().
 *            AMDVI_DRV_ERR_LIMIT     limits; or a page that is not the owner's.
 *            AMDVI_DRV_ERR_POISONED; or an error of completion, when something had to be
 *            invalidated: nothing is mapped then.
 * Threading  any context, several at once.
 * Blocking   no, but where tables grow, with NpCache, and over what still waits in the queue.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_map(struct amdvi_drv_domain *domain,
                                                         uint64_t iova, uint64_t spa,
                                                         uint64_t size_bytes, unsigned access);

/*
 * As amdvi_drv_pages_unmap(); afterwards as the promise above says. The invalidation is made
 * whether or not something was mapped.
 *
 * @cookie  LAZY and MANUAL: for host->released, once nothing reaches the memory any more. After an
 *          error it is not called: what is in quarantine then is free when
 *          amdvi_drv_domain_recover() has returned AMDVI_DRV_OK.
 *
 * Returns    AMDVI_DRV_ERR_RESERVED  firmware's memory is never unmapped.
 *            AMDVI_DRV_ERR_NO_MEMORY, AMDVI_DRV_ERR_LIMIT: of a page to be split; nothing is
 *            changed.
 *            AMDVI_DRV_ERR_TIMEOUT, AMDVI_DRV_ERR_COMMAND, AMDVI_DRV_ERR_HARDWARE: quarantine.
 *            AMDVI_DRV_ERR_POISONED: unmapped in the tables, and in quarantine.
 * Threading  any context, several at once.
 * Blocking   STRICT: wait_ms; three times where a device with ATS does not answer.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_unmap(struct amdvi_drv_domain *domain, uint64_t iova, uint64_t size_bytes, void *cookie);

/* Complete everything that waits in the queue. Any context, several at once. */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_sync(struct amdvi_drv_domain *domain);

/* Where an IOVA of the domain leads; in an identity domain to itself, in a blocked one nowhere. Any
 * context. */
bool amdvi_drv_find(struct amdvi_drv_domain *domain, uint64_t iova, struct amdvi_drv_mapping *out);

/* Has an invalidation failed, so that nothing can be mapped until amdvi_drv_domain_recover()? */
bool amdvi_drv_domain_is_poisoned(struct amdvi_drv_domain *domain);

/*
 * Try again to invalidate the whole domain on all units, its devices' entries included. After
 * AMDVI_DRV_OK quarantine is over: waiting memory is released, the domain works.
 *
 * Returns    AMDVI_DRV_ERR_TIMEOUT, AMDVI_DRV_ERR_COMMAND, AMDVI_DRV_ERR_HARDWARE: nothing changed.
 * Threading  task context.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_domain_recover(struct amdvi_drv_domain *domain);

enum amdvi_drv_reserved_kind {
    AMDVI_DRV_RESERVED_MSI,            /* FEE0_0000h to FEEF_FFFFh */
    AMDVI_DRV_RESERVED_HYPERTRANSPORT, /* FD_0000_0000h to FF_FFFF_FFFFh */
    AMDVI_DRV_RESERVED_FIRMWARE,       /* IVMD: mapped to itself */
    AMDVI_DRV_RESERVED_LIMIT,          /* beyond the owner's limits, or the IOMMU's bits */
};

/* IOVAs that cannot be mapped. */
struct amdvi_drv_reserved_range {
    uint64_t first_iova;
    uint64_t last_iova; /* inclusive */
    enum amdvi_drv_reserved_kind kind;
};

/* Range number @index of a device and, if not NULL, a domain; false beyond the last. */
bool amdvi_drv_reserved_range(struct amdvi_drv_device *device, struct amdvi_drv_domain *domain,
                              unsigned index, struct amdvi_drv_reserved_range *out);

/* ---- Parts of pages --------------------------------------------------------------------------
 * Memory of which a device may see only a part of a page goes through a page of its own: zeros, and
 * a copy of that part at the same offset.
 */

struct amdvi_drv_bounce {
    struct amdvi_drv_domain *domain;
    struct amdvi_drv_block page;
    void *bytes;
    uint64_t iova; /* of the page */
    uint16_t offset;
    uint16_t size_bytes;
    unsigned access;
    void *kept; /* the driver's */
};

/*
 * Map @size_bytes at @bytes, as a device sees them at @iova: a part of one 4 KiB page.
 *
 * @out     must stay until amdvi_drv_bounce_unmap(); @bytes must, too.
 * @access  AMDVI_DRV_READ: the bytes are copied in now. AMDVI_DRV_WRITE: they are copied back.
 *
 * Returns    as amdvi_drv_map(); after an error @out means nothing.
 * Threading  any context; one call at a time for each @out.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_bounce_map(struct amdvi_drv_domain *domain,
                                                                uint64_t iova, void *bytes,
                                                                size_t size_bytes, unsigned access,
                                                                struct amdvi_drv_bounce *out);
/* While it is mapped: copy in what the device shall read, and out what it wrote. */
void amdvi_drv_bounce_to_device(struct amdvi_drv_bounce *bounce);
void amdvi_drv_bounce_from_device(struct amdvi_drv_bounce *bounce);
/*
 * Unmap, always strictly; copy out; give the page back. After an error of completion the page is
 * kept in the domain's quarantine, and nothing is copied.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_bounce_unmap(struct amdvi_drv_bounce *bounce);

#ifdef __cplusplus
}
#endif

#endif
