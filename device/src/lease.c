/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leases: translations that outlive their reader's release.
 *
 * Each lease is on the list of its state, under lease_lock. An invalidation makes those stale that
 * it might concern; the COMPLETION_WAIT after it walks the tables for each stale lease again,
 * straight from memory, and either the lease is held as before or it is revoked.
 */
#include "readers.h"

/* Runs of pages that are read again for one lease. */
#define MAX_RUNS 64

enum lease_state {
    LEASE_HELD,
    LEASE_STALE,   /* to be walked again */
    LEASE_REVOKED, /* its translation is gone: waited for */
};

/* How many there are of each state, where somebody asks without lease_lock. */
static void count(struct amdvi_iommu *iommu, unsigned state, bool is_more)
{
    _Atomic uint64_t *counter = state == LEASE_STALE     ? &iommu->leases_stale
                                : state == LEASE_REVOKED ? &iommu->leases_revoked
                                                         : NULL;

    if (counter != NULL) {
        atomic_fetch_add(counter, is_more ? 1 : UINT64_MAX);
    }
}

/* The five below are called with lease_lock held. */
static void put_in(struct amdvi_lease *lease, enum lease_state state)
{
    struct amdvi_lease **list = &lease->iommu->leases[state];

    lease->state = (uint8_t)state;
    lease->next = *list;
    lease->link = list;
    if (lease->next != NULL) {
        lease->next->link = &lease->next;
    }
    *list = lease;
}

static void take_out(struct amdvi_lease *lease)
{
    *lease->link = lease->next;
    if (lease->next != NULL) {
        lease->next->link = lease->link;
    }
}

static void list_add(struct amdvi_lease *lease, enum lease_state state)
{
    count(lease->iommu, state, true);
    put_in(lease, state);
}

static void list_remove(struct amdvi_lease *lease)
{
    take_out(lease);
    count(lease->iommu, lease->state, false);
}

/* Who looks first for stale leases and then for revoked ones must not miss it in between. */
static void set_state(struct amdvi_lease *lease, enum lease_state state)
{
    unsigned before = lease->state;

    count(lease->iommu, state, true);
    take_out(lease);
    put_in(lease, state);
    count(lease->iommu, before, false);
}

/* Whoever holds it is told once no lock is held. */
static void note_revoked(struct amdvi_iommu *iommu, void *cookie, struct amdvi_effects *effects)
{
    amdvi_count(&iommu->revocations);
    effects->due |= AMDVI_DUE_REVOKED;
    effects->revoked_cookie = cookie;
}

enum amdvi_status amdvi_lease_take(struct amdvi_reader *reader, struct amdvi_lease *lease,
                                   const struct amdvi_request *request, void *cookie,
                                   struct amdvi_translation *out)
{
    struct amdvi_iommu *iommu = reader->iommu;
    uint64_t layout = atomic_load(&iommu->layout);
    struct amdvi_lookup lookup = amdvi_lookup_begin(iommu, request, true);
    struct amdvi_decision first;
    struct amdvi_effects effects = {0};
    amdvi_reader_check_online(reader);
    if (request->quiet) {
        return AMDVI_ERR_ARGUMENT;
    }
    enum amdvi_status status = amdvi_translate(&lookup, reader, request, out, &first);
    if (status != AMDVI_OK || out->outcome != AMDVI_OUTCOME_TRANSLATED) {
        return status;
    }
    *lease = (struct amdvi_lease){
        .iommu = iommu,
        .cookie = cookie,
        .request = *request,
        .spa = out->spa,
        .domain_id = first.domain_id,
        .has_domain = first.has_domain,
    };
    lease->request.size_bytes = out->run_bytes;
    lease->request.quiet = true;
    pthread_mutex_lock(&iommu->lease_lock);
    /*
     * Whoever invalidated since the look-up may not have found this lease on a list; whoever
     * invalidates from here on sees that there is one.
     */
    atomic_fetch_add(&iommu->leases_taken, 1);
    amdvi_full_fence(iommu);
    bool is_moved = atomic_load(&iommu->layout) != layout;
    bool is_stale = atomic_load(&iommu->epoch) != lookup.epoch;
    list_add(lease, is_moved ? LEASE_REVOKED : is_stale ? LEASE_STALE : LEASE_HELD);
    if (is_moved) {
        note_revoked(iommu, cookie, &effects);
    }
    pthread_mutex_unlock(&iommu->lease_lock);
    amdvi_effects_deliver(iommu, &effects);
    return AMDVI_OK;
}

void amdvi_lease_release(struct amdvi_lease *lease)
{
    struct amdvi_iommu *iommu = lease->iommu;

    pthread_mutex_lock(&iommu->lease_lock);
    list_remove(lease);
    atomic_fetch_sub(&iommu->leases_taken, 1);
    pthread_mutex_unlock(&iommu->lease_lock);
    amdvi_wake(iommu);
}

/* Might what was invalidated concern the lease? */
static bool concerns(const struct amdvi_lease *lease, const struct amdvi_invalidation *what)
{
    switch (what->kind) {
    case AMDVI_INVALIDATED_DOMAIN:
        return lease->has_domain && lease->domain_id == what->domain_id &&
               lease->request.iova <= what->last_iova &&
               lease->request.iova + (lease->request.size_bytes - 1) >= what->first_iova;
    case AMDVI_INVALIDATED_DEVICE:
        return lease->request.device_id == what->device_id;
    case AMDVI_INVALIDATED_ALL:
        break;
    }
    return true;
}

/*
 * A look-up that began before the epoch rose and still found the old translation leaves a stale
 * lease by itself, if its lease comes on the list too late for the loop.
 */
void amdvi_lease_mark(struct amdvi_iommu *iommu, const struct amdvi_invalidation *what)
{
    pthread_mutex_lock(&iommu->lease_lock);
    struct amdvi_lease *next;
    for (struct amdvi_lease *lease = iommu->leases[LEASE_HELD]; lease != NULL; lease = next) {
        next = lease->next;
        if (concerns(lease, what)) {
            set_state(lease, LEASE_STALE);
        }
    }
    pthread_mutex_unlock(&iommu->lease_lock);
}

/*
 * Do the tables in memory still say what the lease was told? Perhaps in another domain: from then
 * on the invalidations of that one concern the lease. Each turn joins many pages; tables that cut
 * the lease into more runs than MAX_RUNS are not read to the end: in doubt, it is gone.
 */
static bool still_holds(struct amdvi_iommu *iommu, struct amdvi_lease *lease)
{
    uint64_t done = 0;
    bool has_domain = false;

    for (unsigned run = 0; done < lease->request.size_bytes; run++) {
        if (run == MAX_RUNS) {
            return false;
        }
        struct amdvi_request rest = lease->request;
        rest.iova += done;
        rest.size_bytes -= done;
        struct amdvi_lookup uncached = amdvi_lookup_begin(iommu, &rest, false);
        struct amdvi_translation now;
        struct amdvi_decision first;

        uncached.locked = true;
        if (amdvi_translate(&uncached, NULL, &rest, &now, &first) != AMDVI_OK ||
            now.outcome != AMDVI_OUTCOME_TRANSLATED || now.spa != lease->spa + done) {
            return false;
        }
        done += now.run_bytes;
        /* Of one device, so all that have a domain have the same. */
        if (first.has_domain) {
            has_domain = true;
            lease->domain_id = first.domain_id;
        }
    }
    lease->has_domain = has_domain;
    return true;
}

bool amdvi_lease_settle(struct amdvi_iommu *iommu, struct amdvi_effects *effects)
{
    pthread_mutex_lock(&iommu->lease_lock);
    struct amdvi_lease *lease = iommu->leases[LEASE_STALE];
    if (lease != NULL) {
        bool is_held = still_holds(iommu, lease);
        set_state(lease, is_held ? LEASE_HELD : LEASE_REVOKED);
        if (!is_held) {
            note_revoked(iommu, lease->cookie, effects);
        }
    }
    pthread_mutex_unlock(&iommu->lease_lock);
    return lease != NULL;
}

static struct amdvi_lease *find_in_memory(struct amdvi_lease *lease, uint64_t first_spa,
                                          uint64_t last_spa)
{
    while (lease != NULL &&
           (lease->spa > last_spa || lease->spa + (lease->request.size_bytes - 1) < first_spa)) {
        lease = lease->next;
    }
    return lease;
}

/* A lease into the range that is not revoked yet; it is then. False when there is none. */
static bool revoke_one(struct amdvi_iommu *iommu, uint64_t first_spa, uint64_t last_spa)
{
    struct amdvi_effects effects = {0};

    pthread_mutex_lock(&iommu->lease_lock);
    struct amdvi_lease *lease = find_in_memory(iommu->leases[LEASE_HELD], first_spa, last_spa);
    if (lease == NULL) {
        lease = find_in_memory(iommu->leases[LEASE_STALE], first_spa, last_spa);
    }
    if (lease != NULL) {
        set_state(lease, LEASE_REVOKED);
        note_revoked(iommu, lease->cookie, &effects);
    }
    pthread_mutex_unlock(&iommu->lease_lock);
    amdvi_effects_deliver(iommu, &effects);
    return lease != NULL;
}

uint64_t amdvi_iommu_memory_changed(struct amdvi_iommu *iommu, uint64_t spa, uint64_t size_bytes)
{
    atomic_fetch_add(&iommu->layout, 1);
    if (size_bytes != 0) {
        while (revoke_one(iommu, spa, spa + (size_bytes - 1))) {
        }
    }
    return amdvi_invalidate_pointers(iommu);
}

bool amdvi_iommu_is_drained(struct amdvi_iommu *iommu, uint64_t ticket)
{
    amdvi_full_fence(iommu);
    return amdvi_is_drained(iommu, ticket);
}
