/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host pointers into guest memory that QEMU's devices hold while an I/O is under way
 * (address_space_map): a COMPLETION_WAIT waits for each whose translation is gone.
 *
 * A mapping made without the big lock is a lease of the library from the start. One made under the
 * big lock is only noted: nothing can be invalidated before commands run, which they do under that
 * lock, and most mappings are gone by then. Those that are not are leased just before
 * (amdvi_mappings_lease). When the library no longer finds the translation that a mapping was made
 * from, because software has changed the tables already, no lease can stand for it: the lock's
 * reader does, which then stays online until the mapping is ended.
 *
 * The first translation is the one that the pointer was made from. QEMU then looks ahead, quietly,
 * whether the next blocks follow in memory; what it found is asked for too, and cut off where
 * the answer does not name the memory that follows.
 */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "qemu/main-loop.h"
#include "qemu/thread.h"
#include "amdvi.h"

typedef struct AmdviLease AmdviLease;
struct AmdviLease {
    struct amdvi_lease lease;
    AmdviLease *next;
};

enum cover {
    COVER_UNLEASED, /* noted only, on its unit's list */
    COVER_LEASED,
    COVER_READER, /* by the big lock's reader */
};

/* One host pointer that address_space_map() handed out. */
struct AmdviMapping {
    AmdviMapping *next; /* in its table, or of those that are free */
    AddressSpace *as;
    void *host;
    hwaddr size_bytes;
    bool is_write;
    bool is_locked; /* made, and ended, under the big lock */
    uint8_t cover;
    unsigned gone; /* unmaps of its pointer with a length that no mapping has */

    QLIST_ENTRY(AmdviMapping) unleased;
    AmdviUnit *unit;
    uint64_t iova;
    uint64_t spa;
    uint16_t device_id;
    bool has_first;
    AmdviLease *leases;
    AmdviLease first; /* one of them is here */
};

/* Mappings by host pointer. */
#define BUCKETS_LOG2 8

typedef struct Table {
    AmdviMapping *buckets[1 << BUCKETS_LOG2];
    unsigned count;
    unsigned gone; /* the sum of that of all mappings */
} Table;

/* An unmap without the big lock of what was not mapped so. */
typedef struct Unmap Unmap;
struct Unmap {
    Unmap *next;
    AddressSpace *as;
    void *host;
    hwaddr size_bytes;
    bool is_write;
};

/* The mapping that is being made by this thread. */
static __thread struct {
    hwaddr wanted; /* the next translation is for it, and it is to be of so many bytes */
    AmdviUnit *unit; /* NULL: that was not translated */
    uint16_t device_id;
    bool is_write;
    uint64_t iova;
    uint64_t spa;
    uint64_t run_bytes; /* that the first translation named */
    AmdviMapping *leased; /* unless it is only noted */
} amdvi_map;

/* Under the big lock; but anybody may ask whether there are any. */
static Table locked;
static AmdviMapping *locked_free;
static QEMUBH *unmaps_bh;

static QemuMutex others_lock;
static Table others;  /* made without the big lock */
static Unmap *unmaps; /* to be done under the big lock */

static void __attribute__((constructor)) others_lock_init(void)
{
    qemu_mutex_init(&others_lock);
}

/* ---- Mappings -------------------------------------------------------------------------------- */

static AmdviMapping *mapping_new(bool is_locked)
{
    AmdviMapping *mapping = is_locked ? locked_free : NULL;

    if (likely(mapping)) {
        locked_free = mapping->next;
    } else {
        mapping = g_new0(AmdviMapping, 1);
        mapping->is_locked = is_locked;
        mapping->cover = is_locked ? COVER_UNLEASED : COVER_LEASED;
    }
    return mapping;
}

static void lease_drop(AmdviMapping *mapping)
{
    AmdviLease *lease = mapping->leases;

    mapping->leases = lease->next;
    amdvi_lease_release(&lease->lease);
    if (lease == &mapping->first) {
        mapping->has_first = false;
    } else {
        g_free(lease);
    }
}

static void mapping_free(AmdviMapping *mapping)
{
    while (mapping->leases) {
        lease_drop(mapping);
    }
    if (mapping->is_locked) {
        mapping->gone = 0;
        mapping->cover = COVER_UNLEASED;
        mapping->next = locked_free;
        locked_free = mapping;
    } else {
        g_free(mapping);
    }
}

/* Of a mapping that was handed out. */
static void mapping_end(AmdviMapping *mapping)
{
    if (likely(mapping->cover == COVER_UNLEASED)) {
        QLIST_REMOVE(mapping, unleased);
    } else if (mapping->cover == COVER_READER) {
        amdvi_locked_let_go(mapping->unit);
    }
    mapping_free(mapping);
}

static void mappings_end(AmdviMapping *mapping)
{
    while (mapping) {
        AmdviMapping *next = mapping->next;

        mapping_end(mapping);
        mapping = next;
    }
}

static enum amdvi_status lease_add(AmdviMapping *mapping, struct amdvi_reader *reader,
                                   const struct amdvi_request *request,
                                   struct amdvi_translation *out)
{
    AmdviLease *lease = mapping->has_first ? g_new(AmdviLease, 1) : &mapping->first;
    enum amdvi_status status = amdvi_lease_take(reader, &lease->lease, request, lease, out);

    if (status != AMDVI_OK || out->outcome != AMDVI_OUTCOME_TRANSLATED) {
        if (mapping->has_first) {
            g_free(lease);
        }
        return status;
    }
    mapping->has_first = true;
    lease->next = mapping->leases;
    mapping->leases = lease;
    return AMDVI_OK;
}

/* ---- Tables ---------------------------------------------------------------------------------- */

static AmdviMapping **bucket_of(Table *table, const void *host)
{
    /* Pages, and what lies in them, in different ones. */
    uint64_t hash = ((uintptr_t)host >> 4) * UINT64_C(0x9e3779b97f4a7c15);

    return &table->buckets[hash >> (64 - BUCKETS_LOG2)];
}

static void table_add(Table *table, AmdviMapping *mapping)
{
    AmdviMapping **bucket = bucket_of(table, mapping->host);

    mapping->next = *bucket;
    *bucket = mapping;
    qatomic_set(&table->count, table->count + 1);
}

static AmdviMapping *table_remove(Table *table, AmdviMapping **link)
{
    AmdviMapping *mapping = *link;

    *link = mapping->next;
    mapping->next = NULL;
    table->gone -= mapping->gone;
    qatomic_set(&table->count, table->count - 1);
    return mapping;
}

static bool is_of_pointer(const AmdviMapping *mapping, const Unmap *unmap, bool is_write)
{
    return mapping->host == unmap->host && mapping->as == unmap->as &&
           mapping->is_write == is_write;
}

/* All mappings of the pointer, if there were as many unmaps as mappings now. */
static AmdviMapping *take_all(Table *table, const Unmap *unmap, bool is_write, unsigned gone)
{
    AmdviMapping **link = bucket_of(table, unmap->host);
    AmdviMapping *ended = NULL;
    AmdviMapping *last = NULL;
    unsigned count = 0;

    for (AmdviMapping *each = *link; each; each = each->next) {
        if (is_of_pointer(each, unmap, is_write)) {
            gone += each->gone;
            table->gone -= each->gone;
            each->gone = 0;
            last = each;
            count++;
        }
    }
    if (count > gone) {
        last->gone = gone;
        table->gone += gone;
        return NULL;
    }
    while (*link) {
        if (is_of_pointer(*link, unmap, is_write)) {
            AmdviMapping *mapping = table_remove(table, link);

            mapping->next = ended;
            ended = mapping;
        } else {
            link = &(*link)->next;
        }
    }
    return ended;
}

/*
 * Take out of @table what an unmap ends, a list. Two mappings of one length are alike: both name
 * the same memory in the same direction. A length that none has ends none of them, until as many
 * unmaps have come as there were maps. False: the pointer is not in the table.
 */
static bool table_take(Table *table, const Unmap *unmap, bool is_write, AmdviMapping **ended)
{
    AmdviMapping **link = bucket_of(table, unmap->host);
    bool is_known = false;

    for (; *link; link = &(*link)->next) {
        if (!is_of_pointer(*link, unmap, is_write)) {
            continue;
        }
        is_known = true;
        if ((*link)->size_bytes == unmap->size_bytes) {
            bool is_any_gone = table->gone;

            *ended = table_remove(table, link);
            if (unlikely(is_any_gone)) {
                (*ended)->next = take_all(table, unmap, is_write, (*ended)->gone);
            }
            return true;
        }
    }
    if (is_known) {
        *ended = take_all(table, unmap, is_write, 1);
    }
    return is_known;
}

/* Some devices name another direction when they unmap. */
static bool table_take_either(Table *table, const Unmap *unmap, AmdviMapping **ended)
{
    return table->count && (table_take(table, unmap, unmap->is_write, ended) ||
                            table_take(table, unmap, !unmap->is_write, ended));
}

/* ---- Mapping --------------------------------------------------------------------------------- */

hwaddr amdvi_map_wanted(void)
{
    hwaddr wanted = amdvi_map.wanted;

    amdvi_map.wanted = 0;
    return wanted;
}

static void map_abandon(void)
{
    amdvi_map.wanted = 0;
    amdvi_map.unit = NULL;
    if (unlikely(amdvi_map.leased)) {
        mapping_free(amdvi_map.leased);
        amdvi_map.leased = NULL;
    }
}

/* Each begin is followed by an end. */
void amdvi_map_begin(hwaddr size_bytes)
{
    amdvi_map.wanted = size_bytes;
}

void amdvi_map_note(AmdviUnit *unit, uint16_t device_id, bool is_write, uint64_t iova, uint64_t spa,
                    uint64_t run_bytes)
{
    amdvi_map.unit = unit;
    amdvi_map.device_id = device_id;
    amdvi_map.is_write = is_write;
    amdvi_map.iova = iova;
    amdvi_map.spa = spa;
    amdvi_map.run_bytes = run_bytes;
}

enum amdvi_status amdvi_map_translate(AmdviUnit *unit, struct amdvi_reader *reader,
                                      const struct amdvi_request *request,
                                      struct amdvi_translation *out)
{
    AmdviMapping *mapping = mapping_new(false);
    enum amdvi_status status = lease_add(mapping, reader, request, out);

    if (status != AMDVI_OK || out->outcome != AMDVI_OUTCOME_TRANSLATED) {
        mapping_free(mapping);
        return status;
    }
    amdvi_map.leased = mapping;
    amdvi_map_note(unit, request->device_id, request->access == AMDVI_ACCESS_WRITE, request->iova,
                   out->spa, out->run_bytes);
    return status;
}

/* Ask for what QEMU's looking ahead has added. Returns how much is covered, at most @size_bytes. */
static hwaddr map_extend(hwaddr size_bytes)
{
    AmdviBurst burst = amdvi_burst_begin(amdvi_map.unit);
    AmdviMapping *leased = amdvi_map.leased;
    hwaddr done = amdvi_map.run_bytes;

    while (done < size_bytes) {
        struct amdvi_request request = {
            .device_id = amdvi_map.device_id,
            .access = amdvi_map.is_write ? AMDVI_ACCESS_WRITE : AMDVI_ACCESS_READ,
            .iova = amdvi_map.iova + done,
            .size_bytes = size_bytes - done,
        };
        struct amdvi_translation next;
        enum amdvi_status status = leased ? lease_add(leased, burst.reader, &request, &next) :
                                            amdvi_iommu_translate(burst.reader, &request, &next);

        if (status != AMDVI_OK || next.outcome != AMDVI_OUTCOME_TRANSLATED) {
            break;
        }
        if (next.spa != amdvi_map.spa + done) {
            if (leased) {
                lease_drop(leased);
            }
            break;
        }
        done += next.run_bytes;
    }
    amdvi_burst_end(amdvi_map.unit, &burst);
    return MIN(done, size_bytes);
}

hwaddr amdvi_map_end(AddressSpace *as, void *host, hwaddr size_bytes, bool is_write)
{
    AmdviUnit *unit = amdvi_map.unit;
    AmdviMapping *mapping = amdvi_map.leased;

    if (!unit || !host) {
        map_abandon();
        return size_bytes;
    }
    if (amdvi_map.run_bytes < size_bytes) {
        size_bytes = map_extend(size_bytes);
    }
    amdvi_map.unit = NULL;
    amdvi_map.leased = NULL;
    mapping = mapping ? mapping : mapping_new(true);
    mapping->as = as;
    mapping->host = host;
    mapping->size_bytes = size_bytes;
    mapping->is_write = is_write;
    mapping->unit = unit;
    mapping->device_id = amdvi_map.device_id;
    mapping->iova = amdvi_map.iova;
    mapping->spa = amdvi_map.spa;
    if (likely(mapping->is_locked)) {
        QLIST_INSERT_HEAD(&unit->unleased, mapping, unleased);
        table_add(&locked, mapping);
    } else {
        qemu_mutex_lock(&others_lock);
        table_add(&others, mapping);
        qemu_mutex_unlock(&others_lock);
    }
    return size_bytes;
}

/* ---- Leasing what is only noted -------------------------------------------------------------- */

/*
 * Lease what the mapping was made from. False if the library says something else now. It is asked
 * quietly first, so that no event is logged for what a device does not ask for now.
 */
static bool mapping_lease(AmdviMapping *mapping, struct amdvi_reader *reader)
{
    uint64_t done = 0;

    while (done < mapping->size_bytes) {
        struct amdvi_request request = {
            .device_id = mapping->device_id,
            .access = mapping->is_write ? AMDVI_ACCESS_WRITE : AMDVI_ACCESS_READ,
            .iova = mapping->iova + done,
            .size_bytes = mapping->size_bytes - done,
            .quiet = true,
        };
        struct amdvi_translation now;

        if (amdvi_iommu_translate(reader, &request, &now) != AMDVI_OK ||
            now.outcome != AMDVI_OUTCOME_TRANSLATED || now.spa != mapping->spa + done) {
            return false;
        }
        request.quiet = false;
        request.size_bytes = now.run_bytes;
        if (lease_add(mapping, reader, &request, &now) != AMDVI_OK ||
            now.outcome != AMDVI_OUTCOME_TRANSLATED || now.spa != mapping->spa + done) {
            return false;
        }
        done += now.run_bytes;
    }
    return true;
}

/* What others have unmapped that was mapped under the big lock. */
static void unmaps_do(void)
{
    Unmap *next = NULL;

    if (qatomic_read(&unmaps)) {
        qemu_mutex_lock(&others_lock);
        next = unmaps;
        qatomic_set(&unmaps, NULL);
        qemu_mutex_unlock(&others_lock);
    }
    while (next) {
        Unmap *unmap = next;
        AmdviMapping *ended = NULL;

        next = unmap->next;
        table_take_either(&locked, unmap, &ended);
        mappings_end(ended);
        g_free(unmap);
    }
}

static void unmaps_run(void *opaque)
{
    unmaps_do();
}

void amdvi_mappings_init(void)
{
    if (!unmaps_bh) {
        unmaps_bh = qemu_bh_new(unmaps_run, NULL);
    }
}

bool amdvi_mappings_wait(AmdviUnit *unit)
{
    unmaps_do();
    return !QLIST_EMPTY(&unit->unleased);
}

void amdvi_mappings_lease(AmdviUnit *unit, struct amdvi_reader *reader)
{
    while (!QLIST_EMPTY(&unit->unleased)) {
        AmdviMapping *mapping = QLIST_FIRST(&unit->unleased);

        QLIST_REMOVE(mapping, unleased);
        if (reader && mapping_lease(mapping, reader)) {
            mapping->cover = COVER_LEASED;
            continue;
        }
        while (mapping->leases) {
            lease_drop(mapping);
        }
        mapping->cover = COVER_READER;
        amdvi_locked_hold(unit);
    }
}

/* ---- Unmapping ------------------------------------------------------------------------------- */

static bool others_take(const Unmap *unmap, AmdviMapping **ended)
{
    bool is_known;

    if (!qatomic_read(&others.count)) {
        return false;
    }
    qemu_mutex_lock(&others_lock);
    is_known = table_take_either(&others, unmap, ended);
    qemu_mutex_unlock(&others_lock);
    return is_known;
}

/* Whoever has the big lock next does it, at the latest before commands run. */
static void unmap_later(const Unmap *unmap)
{
    Unmap *later = g_memdup2(unmap, sizeof(*unmap));

    qemu_mutex_lock(&others_lock);
    later->next = unmaps;
    qatomic_set(&unmaps, later);
    qemu_mutex_unlock(&others_lock);
    qemu_bh_schedule(unmaps_bh);
}

/* The usual case: the first in its bucket, under the big lock, and not leased. */
static bool unmap_fast(AddressSpace *as, void *host, hwaddr size_bytes, bool is_write)
{
    AmdviMapping **bucket = bucket_of(&locked, host);
    AmdviMapping *mapping = *bucket;

    if (!mapping || mapping->host != host || mapping->as != as ||
        mapping->size_bytes != size_bytes || mapping->is_write != is_write ||
        mapping->cover != COVER_UNLEASED || locked.gone) {
        return false;
    }
    table_remove(&locked, bucket);
    QLIST_REMOVE(mapping, unleased);
    mapping->next = locked_free;
    locked_free = mapping;
    return true;
}

void amdvi_unmap(AddressSpace *as, void *host, hwaddr size_bytes, bool is_write)
{
    Unmap unmap;
    AmdviMapping *ended = NULL;
    bool is_locked;

    if (as == &address_space_memory) {
        return;
    }
    is_locked = bql_locked();
    if (likely(is_locked && unmap_fast(as, host, size_bytes, is_write))) {
        return;
    }
    unmap = (Unmap) {.as = as, .host = host, .size_bytes = size_bytes, .is_write = is_write};
    if (is_locked) {
        if (!table_take_either(&locked, &unmap, &ended)) {
            others_take(&unmap, &ended);
        }
    } else if (!others_take(&unmap, &ended) && qatomic_read(&locked.count)) {
        unmap_later(&unmap);
    }
    mappings_end(ended);
}
