/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects of AMDVI_DRV_OBJECT_BYTES, for what is made and destroyed while the machine runs. A page
 * has seven; the room of the eighth remembers the page, for the end.
 */
#include "state.h"
#include "store.h"

/* At the beginning of a page; drv->pool_pages points to its first member. */
struct pool_page {
    struct amdvi_drv_block block;
    struct amdvi_drv_block *next;
};

struct free_object {
    struct free_object *next;
};

_Static_assert(sizeof(struct pool_page) <= AMDVI_DRV_OBJECT_BYTES, "fits the first object's room");

/* drv->lock is held. */
static void *take(struct amdvi_drv *drv)
{
    struct free_object *object = drv->pool_free;

    if (object != NULL) {
        drv->pool_free = object->next;
    }
    return object;
}

/* drv->lock is held. */
static void give(struct amdvi_drv *drv, void *at)
{
    struct free_object *object = at;

    object->next = drv->pool_free;
    drv->pool_free = object;
}

/* drv->lock is held. */
static void add_page(struct amdvi_drv *drv, const struct amdvi_drv_block *block)
{
    struct pool_page *page = block->bytes;

    page->block = *block;
    page->next = drv->pool_pages;
    drv->pool_pages = &page->block;
    for (size_t at = AMDVI_DRV_OBJECT_BYTES; at < AMDVI_DRV_PAGE_BYTES;
         at += AMDVI_DRV_OBJECT_BYTES) {
        give(drv, (uint8_t *)block->bytes + at);
    }
}

void *amdvi_drv_object_alloc(struct amdvi_drv *drv)
{
    struct amdvi_drv_block block;
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);
    void *object = take(drv);

    amdvi_drv_unlock(drv->host, &drv->lock, flags);
    if (object == NULL) {
        if (!amdvi_drv_heap_alloc(&drv->heap, AMDVI_DRV_PAGE_BYTES, &block)) {
            return NULL;
        }
        flags = amdvi_drv_lock(drv->host, &drv->lock);
        add_page(drv, &block);
        object = take(drv);
        amdvi_drv_unlock(drv->host, &drv->lock, flags);
    }
    __builtin_memset(object, 0, AMDVI_DRV_OBJECT_BYTES);
    return object;
}

void amdvi_drv_object_free(struct amdvi_drv *drv, void *object)
{
    uintptr_t flags = amdvi_drv_lock(drv->host, &drv->lock);

    give(drv, object);
    amdvi_drv_unlock(drv->host, &drv->lock, flags);
}

void amdvi_drv_pool_destroy(struct amdvi_drv *drv)
{
    while (drv->pool_pages != NULL) {
        struct pool_page *page = (struct pool_page *)drv->pool_pages;
        struct amdvi_drv_block block = page->block;

        drv->pool_pages = page->next;
        amdvi_drv_heap_free(&drv->heap, &block);
    }
    drv->pool_free = NULL;
}
