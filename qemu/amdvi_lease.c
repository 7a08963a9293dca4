/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host pointers into guest memory that QEMU's devices hold while an I/O is under way
 * (address_space_map): each is covered by leases of the library, so that a COMPLETION_WAIT waits
 * for it when its translation is gone.
 *
 * The first lease is the translation that the pointer was made from. QEMU then looks ahead,
 * quietly, whether the next blocks follow in memory; what it found is leased too, and cut off where
 * the lease does not name the memory that follows.
 */
#include "qemu/osdep.h"
#include "qemu/thread.h"
#include "qemu/xxhash.h"
#include "amdvi.h"

typedef struct AmdviLease AmdviLease;
struct AmdviLease {
    struct amdvi_lease lease;
    AmdviLease *next;
};

/* One host pointer that address_space_map() handed out. */
typedef struct AmdviMapping AmdviMapping;
struct AmdviMapping {
    AddressSpace *as;
    void *host;
    hwaddr size_bytes;
    bool is_write;
    AmdviLease *leases;
    AmdviMapping *next; /* of the same pointer */

    /* Only while it is being made. */
    AmdviUnit *unit;
    struct amdvi_request request; /* of the first lease */
    uint64_t spa;
    uint64_t run_bytes;
};

/* The mappings of one pointer, address space and direction. */
typedef struct AmdviPointer {
    AddressSpace *as;
    void *host;
    bool is_write;
    AmdviMapping *mappings;
    unsigned count;
    unsigned gone; /* unmapped with a length that none of them has */
} AmdviPointer;

static __thread struct {
    hwaddr wanted; /* the next translation is for a mapping of so many bytes */
    AmdviMapping *made;
} amdvi_map;

static QemuMutex pointers_lock;
static GHashTable *pointers; /* set of AmdviPointer */
static unsigned pointers_count;

static guint pointer_hash(gconstpointer key)
{
    const AmdviPointer *pointer = key;

    return qemu_xxhash4((uintptr_t)pointer->host, (uintptr_t)pointer->as ^ pointer->is_write);
}

static gboolean pointer_equal(gconstpointer a, gconstpointer b)
{
    const AmdviPointer *left = a;
    const AmdviPointer *right = b;

    return left->host == right->host && left->as == right->as &&
           left->is_write == right->is_write;
}

static void __attribute__((constructor)) pointers_init(void)
{
    qemu_mutex_init(&pointers_lock);
    pointers = g_hash_table_new_full(pointer_hash, pointer_equal, g_free, NULL);
}

static void mapping_free(AmdviMapping *mapping)
{
    while (mapping->leases) {
        AmdviLease *lease = mapping->leases;

        mapping->leases = lease->next;
        amdvi_lease_release(&lease->lease);
        g_free(lease);
    }
    g_free(mapping);
}

static void mappings_free(AmdviMapping *mapping)
{
    while (mapping) {
        AmdviMapping *next = mapping->next;

        mapping_free(mapping);
        mapping = next;
    }
}

hwaddr amdvi_map_wanted(void)
{
    hwaddr wanted = amdvi_map.wanted;

    amdvi_map.wanted = 0;
    return wanted;
}

void amdvi_map_begin(hwaddr size_bytes)
{
    amdvi_map_abandon();
    amdvi_map.wanted = size_bytes;
}

void amdvi_map_abandon(void)
{
    amdvi_map.wanted = 0;
    if (amdvi_map.made) {
        mapping_free(amdvi_map.made);
        amdvi_map.made = NULL;
    }
}

static enum amdvi_status lease_add(AmdviMapping *mapping, struct amdvi_reader *reader,
                                   const struct amdvi_request *request,
                                   struct amdvi_translation *out)
{
    AmdviLease *lease = g_new0(AmdviLease, 1);
    enum amdvi_status status = amdvi_lease_take(reader, &lease->lease, request, lease, out);

    if (status != AMDVI_OK || out->outcome != AMDVI_OUTCOME_TRANSLATED) {
        g_free(lease);
        return status;
    }
    lease->next = mapping->leases;
    mapping->leases = lease;
    return AMDVI_OK;
}

enum amdvi_status amdvi_map_translate(AmdviEndpoint *endpoint, struct amdvi_reader *reader,
                                      const struct amdvi_request *request,
                                      struct amdvi_translation *out)
{
    AmdviMapping *mapping = g_new0(AmdviMapping, 1);
    enum amdvi_status status = lease_add(mapping, reader, request, out);

    if (!mapping->leases) {
        g_free(mapping);
        return status;
    }
    mapping->unit = endpoint->unit;
    mapping->request = *request;
    mapping->spa = out->spa;
    mapping->run_bytes = out->run_bytes;
    amdvi_map.made = mapping;
    return status;
}

/* Lease what QEMU's looking ahead has added. Returns how much is leased, at most @size_bytes. */
static hwaddr mapping_extend(AmdviMapping *mapping, hwaddr size_bytes)
{
    AmdviBurst burst = amdvi_burst_begin(mapping->unit);
    hwaddr done = mapping->run_bytes;

    while (done < size_bytes) {
        struct amdvi_request request = mapping->request;
        struct amdvi_translation next;

        request.iova += done;
        request.size_bytes = size_bytes - done;
        if (lease_add(mapping, burst.reader, &request, &next) != AMDVI_OK ||
            next.outcome != AMDVI_OUTCOME_TRANSLATED) {
            break;
        }
        if (next.spa != mapping->spa + done) {
            AmdviLease *other = mapping->leases;

            mapping->leases = other->next;
            amdvi_lease_release(&other->lease);
            g_free(other);
            break;
        }
        done += next.run_bytes;
    }
    amdvi_burst_end(&burst);
    return MIN(done, size_bytes);
}

hwaddr amdvi_map_end(AddressSpace *as, void *host, hwaddr size_bytes, bool is_write)
{
    AmdviMapping *mapping = amdvi_map.made;
    AmdviPointer *pointer;
    AmdviPointer key = {.as = as, .host = host, .is_write = is_write};

    if (!mapping || !host) {
        amdvi_map_abandon();
        return size_bytes;
    }
    amdvi_map.wanted = 0;
    amdvi_map.made = NULL;
    mapping->size_bytes = mapping_extend(mapping, size_bytes);
    mapping->as = as;
    mapping->host = host;
    mapping->is_write = is_write;
    size_bytes = mapping->size_bytes;

    qemu_mutex_lock(&pointers_lock);
    pointer = g_hash_table_lookup(pointers, &key);
    if (!pointer) {
        pointer = g_memdup2(&key, sizeof(key));
        g_hash_table_add(pointers, pointer);
        qatomic_set(&pointers_count, pointers_count + 1);
    }
    mapping->next = pointer->mappings;
    pointer->mappings = mapping;
    pointer->count++;
    qemu_mutex_unlock(&pointers_lock);
    return size_bytes;
}

/*
 * Take out of @pointer what an unmap of @size_bytes ends. Two mappings of one length are alike:
 * both name the same memory in the same direction. A length that none has ends none of them, until
 * as many unmaps have come as there were maps.
 */
static AmdviMapping *pointer_unmapped(AmdviPointer *pointer, hwaddr size_bytes)
{
    AmdviMapping **link = &pointer->mappings;
    AmdviMapping *ended = NULL;

    while (*link && (*link)->size_bytes != size_bytes) {
        link = &(*link)->next;
    }
    if (*link) {
        ended = *link;
        *link = ended->next;
        ended->next = NULL;
        pointer->count--;
    } else {
        pointer->gone++;
    }
    if (pointer->gone >= pointer->count) {
        AmdviMapping **tail = &ended;

        while (*tail) {
            tail = &(*tail)->next;
        }
        *tail = pointer->mappings;
        pointer->mappings = NULL;
        pointer->count = 0;
    }
    return ended;
}

void amdvi_unmap(AddressSpace *as, void *host, hwaddr size_bytes, bool is_write)
{
    AmdviPointer key = {.as = as, .host = host, .is_write = is_write};
    AmdviPointer *pointer;
    AmdviMapping *ended = NULL;

    if (!qatomic_read(&pointers_count)) {
        return;
    }
    qemu_mutex_lock(&pointers_lock);
    pointer = g_hash_table_lookup(pointers, &key);
    if (!pointer) {
        key.is_write = !is_write; /* some devices name another direction when they unmap */
        pointer = g_hash_table_lookup(pointers, &key);
    }
    if (pointer) {
        ended = pointer_unmapped(pointer, size_bytes);
        if (!pointer->count) {
            g_hash_table_remove(pointers, pointer);
            qatomic_set(&pointers_count, pointers_count - 1);
        }
    }
    qemu_mutex_unlock(&pointers_lock);
    mappings_free(ended);
}
