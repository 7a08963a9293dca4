/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of which a device may see only a part of a page: a page of our own in its place. */
#include "state.h"
#include "store.h"

static uint8_t *part_of(const struct amdvi_drv_bounce *bounce)
{
    return (uint8_t *)bounce->page.bytes + bounce->offset;
}

enum amdvi_drv_status amdvi_drv_bounce_map(struct amdvi_drv_domain *domain, uint64_t iova,
                                           void *bytes, size_t size_bytes, unsigned access,
                                           struct amdvi_drv_bounce *out)
{
    struct amdvi_drv *drv = domain->drv;
    uint16_t offset = (uint16_t)(iova % AMDVI_DRV_PAGE_BYTES);

    if (size_bytes == 0 || size_bytes > AMDVI_DRV_PAGE_BYTES - offset) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    *out = (struct amdvi_drv_bounce){
        .domain = domain,
        .bytes = bytes,
        .iova = iova - offset,
        .offset = offset,
        .size_bytes = (uint16_t)size_bytes,
        .access = access,
    };
    /* Taken now, since an unmap that is not completed must not fail for want of it. */
    out->kept = amdvi_drv_object_alloc(drv);
    if (out->kept == NULL) {
        return AMDVI_DRV_ERR_NO_MEMORY;
    }
    enum amdvi_drv_status status = AMDVI_DRV_ERR_NO_MEMORY;
    if (!amdvi_drv_heap_alloc(&drv->heap, AMDVI_DRV_PAGE_BYTES, &out->page)) {
        goto free_kept;
    }
    if ((access & AMDVI_DRV_READ) != 0) {
        amdvi_drv_bounce_to_device(out);
    }
    status = amdvi_drv_map_own(domain, out->iova, out->page.spa, AMDVI_DRV_PAGE_BYTES, access);
    if (status == AMDVI_DRV_OK) {
        return AMDVI_DRV_OK;
    }
    if (status >= AMDVI_DRV_ERR_TIMEOUT && status != AMDVI_DRV_ERR_POISONED) {
        amdvi_drv_bounce_keep(out); /* it was mapped for a while */
        return status;
    }
    amdvi_drv_heap_free(&drv->heap, &out->page);
free_kept:
    amdvi_drv_object_free(drv, out->kept);
    return status;
}

void amdvi_drv_bounce_to_device(struct amdvi_drv_bounce *bounce)
{
    __builtin_memcpy(part_of(bounce), bounce->bytes, bounce->size_bytes);
    amdvi_drv_flush_bytes(bounce->domain->drv->host, part_of(bounce), bounce->size_bytes);
}

void amdvi_drv_bounce_from_device(struct amdvi_drv_bounce *bounce)
{
    amdvi_drv_flush_bytes(bounce->domain->drv->host, part_of(bounce), bounce->size_bytes);
    __builtin_memcpy(bounce->bytes, part_of(bounce), bounce->size_bytes);
}

void amdvi_drv_bounce_keep(struct amdvi_drv_bounce *bounce)
{
    struct amdvi_drv_domain *domain = bounce->domain;
    struct amdvi_drv_kept *kept = bounce->kept;
    uintptr_t flags = amdvi_drv_lock(domain->drv->host, &domain->lock);

    kept->page = bounce->page;
    kept->next = domain->kept;
    domain->kept = kept;
    amdvi_drv_unlock(domain->drv->host, &domain->lock, flags);
}

enum amdvi_drv_status amdvi_drv_bounce_unmap(struct amdvi_drv_bounce *bounce)
{
    struct amdvi_drv *drv = bounce->domain->drv;
    enum amdvi_drv_status status =
        amdvi_drv_unmap_strict(bounce->domain, bounce->iova, AMDVI_DRV_PAGE_BYTES);

    if (status >= AMDVI_DRV_ERR_TIMEOUT) {
        amdvi_drv_bounce_keep(bounce);
    }
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    if ((bounce->access & AMDVI_DRV_WRITE) != 0) {
        amdvi_drv_bounce_from_device(bounce);
    }
    amdvi_drv_heap_free(&drv->heap, &bounce->page);
    amdvi_drv_object_free(drv, bounce->kept);
    return AMDVI_DRV_OK;
}
