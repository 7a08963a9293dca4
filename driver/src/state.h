/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the policy is made of: the machine, its units, requesters (one device table entry each),
 * devices and domains; and what its files call of each other. driver/README.md has the locks.
 */
#ifndef AMDVI_DRV_STATE_H
#define AMDVI_DRV_STATE_H

#include <amdvi/drv.h>
#include <amdvi/drv_domain.h>
#include <amdvi/drv_interrupt.h>
#include <amdvi/drv_log.h>
#include <amdvi/drv_pages.h>
#include <amdvi/drv_ring.h>
#include <amdvi/drv_tables.h>
#include <amdvi/ivrs.h>

#pragma GCC visibility push(hidden)

#define AMDVI_DRV_UNITS_MAX    AMDVI_IVRS_UNITS_MAX
#define AMDVI_DRV_MEMORIES_MAX 64  /* IVMDs and overrides; a set of them is a word */
#define AMDVI_DRV_ATS_MAX      96  /* devices with ATS in one domain: a flush fits one submission */
#define AMDVI_DRV_BUCKETS      256 /* of requesters, by bits 7:0 of the device id */
#define AMDVI_DRV_OBJECT_BYTES 512 /* of the pool */

/* InvTimeOut: how long the IOMMU waits for a device's answer. */
#define AMDVI_DRV_INV_TIMEOUT_1_S 4
#define AMDVI_DRV_INV_TIMEOUT_NS  UINT64_C(1000000000)

/* Memory that firmware wants certain devices to reach at its own address; one IVMD, never merged.
 */
struct amdvi_drv_memory {
    uint16_t segment;
    uint16_t first_device_id;
    uint16_t last_device_id;
    uint64_t first_spa;
    uint64_t last_spa;
    unsigned access;
};

/* Registers of RD890 that software restores after a suspend. */
#define AMDVI_DRV_RD890_L1_LINKS 6
#define AMDVI_DRV_RD890_L1_WORDS 0x12
#define AMDVI_DRV_RD890_L2_WORDS 0x83

struct amdvi_drv_rd890 {
    uint32_t base[2]; /* of the window: high, low */
    uint32_t command;
    bool is_complete; /* l1 and l2 could be read, all of them */
    uint32_t l1[AMDVI_DRV_RD890_L1_LINKS][AMDVI_DRV_RD890_L1_WORDS];
    uint32_t l2[AMDVI_DRV_RD890_L2_WORDS];
};

/* What is left to be taken down of a unit, in order. */
enum amdvi_drv_unit_stage {
    AMDVI_DRV_UNIT_RESOLVED,
    AMDVI_DRV_UNIT_MAPPED, /* the window */
    AMDVI_DRV_UNIT_TABLE,  /* device table */
    AMDVI_DRV_UNIT_RING,   /* command buffer */
    AMDVI_DRV_UNIT_LOG,    /* and event log: all of it */
};

struct amdvi_drv_unit {
    struct amdvi_drv *drv;
    struct amdvi_drv_block self; /* the unit lies in it */
    struct amdvi_ivrs_unit ivrs;
    struct amdvi_drv_unit_info info;
    uint8_t block_type;                     /* of the IVHD that counts, whose are: */
    uint64_t ivrs_efr;                      /* types 11h and 40h */
    struct amdvi_ivrs_entry_cursor entries; /* at the first */
    uint16_t last_device_id;                /* the table's size */
    enum amdvi_drv_unit_stage stage;
    void *window;
    uint64_t control; /* as it shall be while in use */
    struct amdvi_drv_device_table table;
    struct amdvi_wire_dte stopped_entry; /* as amdvi_drv_stopped_dte() */
    struct amdvi_drv_ring ring;
    struct amdvi_drv_log log;
    struct amdvi_drv_lock lock; /* log, entries of the device table and of interrupt tables, info;
                                   CONTROL is heap->lock's, see registers.h */
    /* Up to has_interrupt: start, stop, suspend and resume, which have the machine to themselves.
     */
    bool touched;  /* registers were written */
    bool in_force; /* the device table base is ours: the unit may read the table */
    bool stuck;    /* ring or log did not stop: the unit may write there */
    bool has_interrupt;
    uint64_t lost;             /* events since the last report: unit->lock */
    uint32_t silences;         /* IOTLB_INV_TIMEOUT: written under unit->lock */
    uint32_t strangers_faults; /* of those who are nobody's requesters, in the second that began at:
                                  unit->lock */
    uint64_t strangers_since_ns;
    struct amdvi_drv_rd890 rd890; /* over a suspend */
};

/*
 * A device table entry that somebody uses, or that firmware's memory is for. What its entry is made
 * of is changed under drv->lock and the lock that amdvi_drv_domain_write_root() has, since it reads
 * without drv->lock: domain->lock of the domain that it is linked to, or unit->lock.
 */
struct amdvi_drv_requester {
    struct amdvi_drv_requester *next;           /* of its bucket; drv->lock */
    struct amdvi_drv_requester *next_in_domain; /* domain->lock */
    struct amdvi_drv_unit *unit;
    struct amdvi_drv_domain *domain; /* attached to, home included; NULL: blocked. Changed under
                                        drv->lock and domain->lock */
    struct amdvi_drv_domain *linked; /* in whose list it is, never home's: the domain, or the one it
                                        left without a completed invalidation; drv->lock */
    struct amdvi_drv_domain *home;   /* with firmware's memory and nothing else; NULL: has none.
                                        drv->lock; by whoever claimed the device */
    struct amdvi_drv_interrupt_table *interrupts; /* NULL: all aborted. Changed under drv->lock and
                                                     unit->lock, by whoever claimed the device */
    uint64_t memories;                            /* which of drv->memory are for it: as home, and
                                                     linked->lock */
    uint16_t device_id;
    uint8_t dte_setting; /* AMDVI_IVRS_DTE_… */
    uint8_t users;       /* devices, and calls that hold on to it: drv->lock */
    bool trusted;        /* all of them: drv->lock, and nobody has claimed a device of it */
    bool ats;            /* I=1. Changed under drv->lock and linked->lock */
    bool ats_forbidden;
    bool stopped;            /* blocked, because it faulted or timed out. Changed under drv->lock
                                and unit->lock */
    bool entry_dirty;        /* written, but its 2h not submitted yet: domain->lock */
    bool writing;            /* somebody is at its entry, in two steps perhaps: drv->lock */
    bool leaving;            /* somebody takes it out of the domain it is linked to, and nobody
                                else may meanwhile: drv->lock */
    bool breaking;           /* between the two: nobody else may store to it. unit->lock */
    bool ats_late;           /* IOTLB_INV_TIMEOUT: whoever took that event out of the log sets this
                                in the same critical section (unit->lock); or late without one */
    bool ats_closing;        /* I=0 in its entry although @ats: still told of invalidations. This
                                and ats_late, ats_config_due are atomics */
    bool interrupts_dirty;   /* its interrupts may not be what the IOMMU has: whoever claimed */
    bool ats_config_due;     /* closed after a timeout; its configuration is still to be written */
    uint8_t ats_queue_depth; /* Maxpend. Written while @ats is not set, by whoever claimed */
    bool stop_due;           /* @stopped was set in an interrupt, and is to be completed by poll:
                                drv->lock */
    bool keeps_home;         /* its firmware memory is a device's that is gone, not its own */
    uint32_t faults;         /* in the second that began at: unit->lock */
    uint64_t faults_since_ns;
};

struct amdvi_drv_device {
    struct amdvi_drv *drv;
    struct amdvi_drv_device *next; /* drv->lock */
    struct amdvi_drv_device_config config;
    struct amdvi_drv_domain *domain; /* NULL: home, or blocked. drv->lock, by whoever claimed it */
    struct amdvi_drv_requester *requester[AMDVI_DRV_REQUESTERS_MAX];
    uint64_t homeless; /* while it is added: the memories of a home that is to be made first */
    uint8_t requester_count;
    bool busy; /* attach, detach, remove, ATS are under way: drv->lock */
};

/* An unmap whose invalidation was not completed yet. */
struct amdvi_drv_waiting {
    uint64_t first_iova;
    uint64_t last_iova;
    void *cookie;
};

/* A bounce buffer's page; in domain->kept when its unmap was not completed. From the pool. */
struct amdvi_drv_kept {
    struct amdvi_drv_kept *next;
    struct amdvi_drv_block page;
};

struct amdvi_drv_domain {
    struct amdvi_drv *drv;
    struct amdvi_drv_domain *next; /* drv->lock */
    struct amdvi_drv_domain_config config;
    struct amdvi_drv_limits limits; /* first 0, last the greatest IOVA where there are none */
    uint16_t domain_id;             /* 1 to 65535: never that of another, never reused early */
    bool is_home;
    struct amdvi_drv_lock lock; /* all that follows */
    struct amdvi_drv_pages pages;
    /* Of these three changed under drv->lock too. */
    struct amdvi_drv_requester *requesters;
    uint32_t units;     /* bits: where requesters are; an atomic */
    uint16_t ats_count; /* of requesters */
    uint64_t memories;  /* which of drv->memory are mapped */
    bool poisoned;
    uint32_t poisonings;         /* so often */
    uint32_t root_moving;        /* calls that wait until entries with a new root are invalidated */
    uint32_t attaching;          /* devices on their way: firmware's memory stays */
    uint64_t firmware_bytes;     /* of pages.mapped_bytes */
    struct amdvi_drv_kept *kept; /* bounce buffers in quarantine */
    struct amdvi_drv_gather waiting_gather; /* of the queue and of quarantine, tables included */
    struct amdvi_drv_block queue;           /* queue_max times struct amdvi_drv_waiting */
    uint32_t queue_count;
    uint32_t queue_first; /* number of the oldest: they are counted on, and lie at number modulo
                             queue_max */
    uint32_t syncing;     /* calls that wait with a part of the queue, and its tables */
    uint64_t queue_since_ns;
    bool polled; /* in use by amdvi_drv_domains_poll(): drv->lock */
};

struct amdvi_drv {
    const struct amdvi_drv_host *host;
    struct amdvi_drv_config config;
    struct amdvi_drv_heap heap;
    struct amdvi_drv_block self; /* the instance lies in it */
    struct amdvi_drv_block ivrs_copy;
    struct amdvi_ivrs_table ivrs;
    struct amdvi_drv_block override_copy;
    struct amdvi_drv_unit *units[AMDVI_DRV_UNITS_MAX];
    unsigned unit_count;
    struct amdvi_drv_memory memory[AMDVI_DRV_MEMORIES_MAX];
    unsigned memory_count;
    unsigned memory_overrides;  /* the first so many are overrides */
    struct amdvi_drv_lock lock; /* all that follows */
    struct amdvi_drv_requester *buckets[AMDVI_DRV_BUCKETS];
    struct amdvi_drv_device *devices;
    struct amdvi_drv_domain *domains;
    unsigned domain_count;
    struct amdvi_drv_block domain_ids; /* 65536 bits */
    uint16_t last_domain_id;           /* given out: the search goes on from there */
    void *pool_free;                   /* objects of AMDVI_DRV_OBJECT_BYTES */
    struct amdvi_drv_block *pool_pages;
};

_Static_assert(sizeof(struct amdvi_drv_requester) <= AMDVI_DRV_OBJECT_BYTES, "fits the pool");
_Static_assert(sizeof(struct amdvi_drv_device) <= AMDVI_DRV_OBJECT_BYTES, "fits the pool");
_Static_assert(sizeof(struct amdvi_drv_domain) <= AMDVI_DRV_OBJECT_BYTES, "fits the pool");
_Static_assert(sizeof(struct amdvi_drv_interrupt_table) <= AMDVI_DRV_OBJECT_BYTES, "fits the pool");

/* ---- pool.c: small zeroed objects; drv->lock is not held ---- */
void *amdvi_drv_object_alloc(struct amdvi_drv *drv);
void amdvi_drv_object_free(struct amdvi_drv *drv, void *object);
void amdvi_drv_pool_destroy(struct amdvi_drv *drv);

/* ---- flush.c: invalidations, on all units of a domain, and their completion ---- */

/*
 * domain->lock is held, with @flags, and is given back. What @gather asks for is submitted to every
 * unit of the domain and to its devices with ATS, and waited for. The worst of all units' results;
 * OK is also when there is no unit to tell. A device that did not answer (IOTLB_INV_TIMEOUT)
 * completes the wait and still has what it cached: so where devices with ATS were told, it is found
 * out who has not answered, and their ATS is turned off and that completed; where that is not
 * found out it is AMDVI_DRV_ERR_TIMEOUT.
 */
enum amdvi_drv_status amdvi_drv_flush_domain(struct amdvi_drv_domain *domain,
                                             const struct amdvi_drv_gather *gather,
                                             uintptr_t flags);

/*
 * No lock held. Invalidate a requester: its entry (2h), all pages of @old_domain_id and
 * @new_domain_id (3h, 0 is none), its interrupt table (5h) if @interrupts, its IOTLB (4h) if it has
 * ATS; and wait.
 */
enum amdvi_drv_status amdvi_drv_flush_requester(struct amdvi_drv_requester *requester,
                                                uint16_t old_domain_id, uint16_t new_domain_id,
                                                bool interrupts);
/* No lock held. The same without the device's own cache: its entry (2h) and its domain (3h). */
enum amdvi_drv_status amdvi_drv_flush_entry(struct amdvi_drv_requester *requester,
                                            uint16_t domain_id);
/* No lock held. An interrupt table, of every requester that has it; and wait. */
enum amdvi_drv_status amdvi_drv_flush_interrupts(struct amdvi_drv_unit *unit,
                                                 const struct amdvi_drv_interrupt_table *table);
/* Bit number of a unit in domain->units. */
unsigned amdvi_drv_unit_index(const struct amdvi_drv_unit *unit);

/* ---- attach.c ---- */

/*
 * The entry that a requester shall have now, from its domain, its interrupt table, its setting, ATS
 * and whether it is stopped. domain->lock is held if it has one.
 */
struct amdvi_dte amdvi_drv_requester_dte(const struct amdvi_drv_requester *requester);
/* The entry of one that is stopped: nothing passes, and nothing is logged. */
struct amdvi_dte amdvi_drv_stopped_dte(const struct amdvi_drv_unit *unit);
/*
 * No lock held; the device is busy. Move a requester to @domain (NULL: home, or blocked): entry
 * written, in two steps where it must, and everything invalidated and completed. After an error it
 * is blocked in memory. LIMIT: too many with ATS; BUSY: somebody completes its leaving; it is home.
 */
enum amdvi_drv_status amdvi_drv_requester_move(struct amdvi_drv_requester *requester,
                                               struct amdvi_drv_domain *domain);
/* No lock held; the caller has set requester->leaving. To home, or to blocked. */
enum amdvi_drv_status amdvi_drv_requester_leave(struct amdvi_drv_requester *requester);
/* No lock held. Write the entry of a requester anew (interrupts, ATS, stop, restart) and complete.
 */
enum amdvi_drv_status amdvi_drv_requester_refresh(struct amdvi_drv_requester *requester);
/* No lock held. Only the store, in two steps and with a completion between them if it must. */
enum amdvi_drv_status amdvi_drv_requester_write(struct amdvi_drv_requester *requester);
/* No lock held. Only the store, of one that is stopped: nothing has to be waited for. */
enum amdvi_drv_status amdvi_drv_requester_block(struct amdvi_drv_requester *requester);
/* domain->lock is held. The entries of all requesters get the domain's new root. */
void amdvi_drv_domain_write_root(struct amdvi_drv_domain *domain);
/* drv->lock and domain->lock are held. Take a requester out of the list. */
void amdvi_drv_domain_unlink(struct amdvi_drv_requester *requester);
/* Take a device for oneself, and back: ERR_BUSY. */
enum amdvi_drv_status amdvi_drv_device_claim(struct amdvi_drv_device *device);
void amdvi_drv_device_unclaim(struct amdvi_drv_device *device);
/* No lock held. Firmware's memory stays in the domain between the two. */
void amdvi_drv_domain_set_attaching(struct amdvi_drv_domain *domain, bool begins);
/* No lock held. Has another device it too? (users counts those who hold on to it as well.) */
bool amdvi_drv_requester_is_shared(const struct amdvi_drv_device *device,
                                   const struct amdvi_drv_requester *requester);

/* ---- domain.c ---- */

/*
 * The domain of requesters with exactly these firmware memories and nobody attached: found, or
 * created and its memory mapped. Before translation is enabled, or under no lock.
 */
enum amdvi_drv_status amdvi_drv_home_find(struct amdvi_drv *drv, uint64_t memories,
                                          struct amdvi_drv_domain **out);
/* The same, but NULL if it is not there. No lock held. */
struct amdvi_drv_domain *amdvi_drv_home_of(struct amdvi_drv *drv, uint64_t memories);
/* No lock held. Map, or unmap, firmware's memories in a domain; those that are there already are
 * left. The caller attaches, or has detached. */
enum amdvi_drv_status amdvi_drv_memories_map(struct amdvi_drv_domain *domain, uint64_t memories);
enum amdvi_drv_status amdvi_drv_memories_unmap(struct amdvi_drv_domain *domain, uint64_t memories);
/* The same in a domain that nobody knows yet, so that nothing is to be invalidated. */
enum amdvi_drv_status amdvi_drv_memories_fill(struct amdvi_drv_domain *domain, uint64_t memories);
/* domain->lock is held. Is some of it firmware's memory in this domain? */
bool amdvi_drv_memories_overlap(const struct amdvi_drv_domain *domain, uint64_t first_iova,
                                uint64_t last_iova);
/* The bytes of memory number @index, in whole pages. */
void amdvi_drv_memory_pages(const struct amdvi_drv *drv, unsigned index, uint64_t *out_first,
                            uint64_t *out_last);
/* drv->lock and domain->lock are not held: nobody uses the domain any more, nor its number. */
void amdvi_drv_domain_free(struct amdvi_drv_domain *domain);
/* A domain with tables and a number, which nobody can find yet. */
enum amdvi_drv_status amdvi_drv_domain_make(struct amdvi_drv *drv,
                                            const struct amdvi_drv_domain_config *config,
                                            struct amdvi_drv_domain **out);
/* Homes, at stop. */
void amdvi_drv_homes_destroy(struct amdvi_drv *drv);

/* ---- queue.c: unmaps that wait, of domains that are not strict ---- */

/* No lock held. Complete what waits if there is no room. */
enum amdvi_drv_status amdvi_drv_queue_room(struct amdvi_drv_domain *domain);
/* domain->lock is held. False when there is no room. */
bool amdvi_drv_queue_push(struct amdvi_drv_domain *domain, uint64_t first_iova, uint64_t last_iova,
                          void *cookie);
/* domain->lock is held. Does something in the range still wait? */
bool amdvi_drv_queue_overlaps(const struct amdvi_drv_domain *domain, uint64_t first_iova,
                              uint64_t last_iova);
/* No lock held. Those before number @end are completed: tell the host. */
void amdvi_drv_queue_release(struct amdvi_drv_domain *domain, uint32_t end);

/* No lock held. Lazy domains whose time has come; true when there is more to do. For poll. */
bool amdvi_drv_domains_poll(struct amdvi_drv *drv);

/* ---- map.c ---- */

/* domain->lock is held: it was not completed. Tables and waiting memory stay in quarantine. */
void amdvi_drv_domain_poison(struct amdvi_drv_domain *domain, struct amdvi_drv_gather *gather);
/* Is the gather empty? */
bool amdvi_drv_gather_is_empty(const struct amdvi_drv_gather *gather);
/*
 * domain->lock is held, with @flags, and is given back. After a change of the tables that need not
 * be invalidated: what must be, and new roots, are completed; tables are given back, or poisoned.
 */
enum amdvi_drv_status amdvi_drv_map_settle(struct amdvi_drv_domain *domain,
                                           struct amdvi_drv_gather *gather, uintptr_t flags);
/* As amdvi_drv_map() of memory that is the driver's own: nobody is asked. */
enum amdvi_drv_status amdvi_drv_map_own(struct amdvi_drv_domain *domain, uint64_t iova,
                                        uint64_t spa, uint64_t size_bytes, unsigned access);
/* As amdvi_drv_unmap() of a strict domain, whatever the domain is. */
enum amdvi_drv_status amdvi_drv_unmap_strict(struct amdvi_drv_domain *domain, uint64_t iova,
                                             uint64_t size_bytes);

/* ---- ats.c ---- */

/*
 * No lock held. The device behind did not answer (ats_late): off in its entry, completed, stopped;
 * then ats_config_due is set instead. Any context.
 */
enum amdvi_drv_status amdvi_drv_ats_close(struct amdvi_drv_requester *requester);
/* No lock held. The same, and off in its configuration. For poll, of requesters with ats_late or
 * ats_config_due. */
void amdvi_drv_ats_timed_out(struct amdvi_drv_requester *requester);

/* ---- bounce.c ---- */

/* No lock held. The page waits for amdvi_drv_domain_recover(). */
void amdvi_drv_bounce_keep(struct amdvi_drv_bounce *bounce);

/* ---- interrupt.c ---- */

/*
 * No lock held; the device is busy and leaves. What it shares with no other device is aborted,
 * completed, and given back.
 */
enum amdvi_drv_status amdvi_drv_interrupts_release(struct amdvi_drv_device *device);

/* ---- requester.c ---- */

/*
 * Find, or make, the requester of a unit; and let go of it. drv->lock is not held. OK and NULL:
 * its home, of @out_memories, is to be made first.
 */
enum amdvi_drv_status amdvi_drv_requester_get(struct amdvi_drv_unit *unit, uint16_t device_id,
                                              uint8_t dte_setting, struct amdvi_drv_requester **out,
                                              uint64_t *out_memories);
void amdvi_drv_requester_put(struct amdvi_drv_requester *requester);
/* No lock held. */
bool amdvi_drv_requester_has_ats(const struct amdvi_drv_requester *requester);
bool amdvi_drv_requester_is_stopped(const struct amdvi_drv_requester *requester);
/* No lock held. Stopped or not from now on, whatever was due or counted; its entry is still to be
 * written. */
void amdvi_drv_requester_set_stopped(struct amdvi_drv_requester *requester, bool stopped);
/* NULL when nobody uses it. Any context. */
struct amdvi_drv_requester *amdvi_drv_requester_find(struct amdvi_drv_unit *unit,
                                                     uint16_t device_id);

/* ---- resolve.c: what the table and the overrides say ---- */

/* Copy and check the table, and make the units, which are not yet probed. */
enum amdvi_drv_status amdvi_drv_resolve_table(struct amdvi_drv *drv);
/* The unit of a device, the requester id that reaches it, and the setting of its entry. */
enum amdvi_drv_status amdvi_drv_resolve_device(struct amdvi_drv *drv, uint16_t segment,
                                               uint16_t device_id, struct amdvi_drv_unit **out_unit,
                                               struct amdvi_ivrs_binding *out);
/* The same by one unit alone; false when its IVHD does not name the device. */
bool amdvi_drv_resolve_in_unit(const struct amdvi_drv_unit *unit, uint16_t device_id,
                               struct amdvi_ivrs_binding *out);
/* One line to the host: @text, and @number in hex. */
void amdvi_drv_say(const struct amdvi_drv *drv, const char *text, uint64_t number);

/* ---- memory_list.c: which memory is whose ---- */

/* Read the IVMDs and overrides into drv->memory. */
enum amdvi_drv_status amdvi_drv_resolve_memory_list(struct amdvi_drv *drv);
/* Which of drv->memory are for a device. */
uint64_t amdvi_drv_resolve_memories(const struct amdvi_drv *drv, uint16_t segment,
                                    uint16_t device_id);
/* Which are for all that send as this requester id. */
uint64_t amdvi_drv_resolve_requester(const struct amdvi_drv_unit *unit, uint16_t device_id);

/* ---- special.c: IOAPICs, HPETs, ACPI devices ---- */

/* Copy overrides, with their strings. */
enum amdvi_drv_status amdvi_drv_overrides_copy(struct amdvi_drv *drv);
/* The unit of an id that only such a device has, for instance the IOMMU's own; false. */
bool amdvi_drv_resolve_special(struct amdvi_drv *drv, uint16_t segment, uint16_t device_id,
                               struct amdvi_drv_unit **out_unit, struct amdvi_ivrs_binding *out);

/* ---- unit.c ---- */

/* Map the window, read capability and EFR, reconcile, choose errata. Nothing is written. */
enum amdvi_drv_status amdvi_drv_unit_probe(struct amdvi_drv_unit *unit);
/* Allocate table, ring and log; all entries blocked. Nothing of the hardware is written. */
enum amdvi_drv_status amdvi_drv_unit_prepare(struct amdvi_drv_unit *unit);
/* Everything given back but what the unit still reads (in_force). */
void amdvi_drv_unit_destroy(struct amdvi_drv_unit *unit);

/* ---- entries.c: the device table before it is in force ---- */

/* The settings of the IVHD, and homes where there is firmware's memory. */
enum amdvi_drv_status amdvi_drv_entries_fill(struct amdvi_drv_unit *unit);

/* ---- enable.c ---- */

/* The hardware part, steps 5 to 12 of driver/README.md; for start and resume. */
enum amdvi_drv_status amdvi_drv_unit_enable(struct amdvi_drv_unit *unit);
/* Rings and log stopped; with @off IommuEn=0 too, after which the table is not in force. */
enum amdvi_drv_status amdvi_drv_unit_disable(struct amdvi_drv_unit *unit, bool off);
/* The entries and interrupt tables of all 65536 device ids; the domains that are there, or with
 * @domains all 65536. */
enum amdvi_drv_status amdvi_drv_unit_invalidate_all(struct amdvi_drv_unit *unit, bool domains);

/* ---- takeover.c: of a unit that runs ---- */

bool amdvi_drv_unit_is_running(const struct amdvi_drv_unit *unit);
/* Can its table be replaced in one write? Nothing is written. */
bool amdvi_drv_takeover_is_possible(const struct amdvi_drv_unit *unit);
/* Its ring and log, of whoever had them, are stopped; IommuEn and the old table stay. */
enum amdvi_drv_status amdvi_drv_takeover_begin(struct amdvi_drv_unit *unit);
/* Nothing old is cached any more: the bits of CONTROL that gave it its meaning. True when some were
 * of later revisions: what was cached through them until now is to be invalidated too. */
bool amdvi_drv_takeover_end(struct amdvi_drv_unit *unit);
/* Has CONTROL none of those bits any more? They are told of. */
bool amdvi_drv_takeover_is_complete(const struct amdvi_drv_unit *unit);

/* ---- events.c ---- */

/* Take the log's oldest event and do what follows from it. False when there is none. */
bool amdvi_drv_event_handle(struct amdvi_drv_unit *unit);
/* As amdvi_drv_ring_repair(), and a line when it was the last time. */
void amdvi_drv_unit_repair(struct amdvi_drv_unit *unit, uint64_t bad_command);

/* ---- start.c ---- */

/* Everything given back but what units still read or write. */
void amdvi_drv_destroy(struct amdvi_drv *drv);

/* ---- device_settle.c ---- */

/* The device is claimed. Its entries as they shall be now, completed: settings, homes. */
enum amdvi_drv_status amdvi_drv_device_settle(struct amdvi_drv_device *device);
/*
 * If it is nobody else's, what made it stop is of an earlier device, of this one before it was
 * known, or the device is leaving. Not while its ATS is to be closed.
 */
void amdvi_drv_requester_forget_stop(const struct amdvi_drv_device *device,
                                     struct amdvi_drv_requester *requester);

/* ---- message.c ---- */

/* The unit's own interrupt: ask the host, write its MSI capability. Sets has_interrupt. */
void amdvi_drv_message_setup(struct amdvi_drv_unit *unit);

/* ---- errata.c ---- */

/* Bits of the errata that apply, from the unit's function and config.cpu_…. */
uint32_t amdvi_drv_errata_find(const struct amdvi_drv_unit *unit);
/* Those that need configuration space: 746, ATS_WC; before enabling, at start and resume. */
void amdvi_drv_errata_apply(struct amdvi_drv_unit *unit);
/* RD890: its registers before a suspend, and, before any other is touched, after it. */
void amdvi_drv_rd890_save(struct amdvi_drv_unit *unit);
void amdvi_drv_rd890_restore(const struct amdvi_drv_unit *unit);

/* ---- text.c: lines without a C library; as snprintf, the 0 always there ---- */

struct amdvi_drv_text {
    char *at;
    size_t left; /* bytes, the 0 included */
    size_t length;
};

void amdvi_drv_text_start(struct amdvi_drv_text *text, char *out, size_t size_bytes);
void amdvi_drv_text_string(struct amdvi_drv_text *text, const char *string);
void amdvi_drv_text_decimal(struct amdvi_drv_text *text, uint64_t value);
void amdvi_drv_text_hex(struct amdvi_drv_text *text, uint64_t value, unsigned digits_min);
void amdvi_drv_text_device(struct amdvi_drv_text *text, uint16_t device_id); /* 00:14.0 */

#pragma GCC visibility pop

#endif
