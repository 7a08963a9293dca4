/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for everything that the IOMMU reads or writes, and for the driver itself: the host's, or
 * one arena's. An arena hands out blocks of one and of two pages, which is what comes and goes
 * while it is in use, from lists of freed ones; what is larger, and what no list has, from the rest
 * that was never used.
 */
#include "store.h"

#define SPA_END AMDVI_BIT(52)

/* In the first bytes of a freed block. */
struct freed {
    struct freed *next;
};

static bool is_arena_usable(const struct amdvi_drv_block *arena)
{
    return arena->bytes != NULL && ((uintptr_t)arena->bytes & AMDVI_DRV_PAGE_MASK) == 0 &&
           (arena->spa & AMDVI_DRV_PAGE_MASK) == 0 && arena->spa < SPA_END &&
           arena->size_bytes >= AMDVI_DRV_PAGE_BYTES && arena->size_bytes <= SPA_END - arena->spa;
}

enum amdvi_drv_status amdvi_drv_heap_init(struct amdvi_drv_heap *heap,
                                          const struct amdvi_drv_host *host,
                                          const struct amdvi_drv_block *arena)
{
    if (host->size != sizeof(*host) || host->version / 1000 != AMDVI_DRV_VERSION / 1000 ||
        (host->lock == NULL) != (host->unlock == NULL)) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    if (arena == NULL ? host->alloc == NULL || host->free == NULL : !is_arena_usable(arena)) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    *heap = (struct amdvi_drv_heap){.host = host};
    if (arena != NULL) {
        heap->has_arena = true;
        heap->arena = *arena;
        heap->arena.size_bytes &= ~(size_t)AMDVI_DRV_PAGE_MASK;
        heap->arena_spa = arena->spa - (uintptr_t)arena->bytes;
    }
    return AMDVI_DRV_OK;
}

/* ---- The arena; heap->lock is held ----------------------------------------------------------- */

static void push(struct amdvi_drv_heap *heap, unsigned pages, void *bytes)
{
    struct freed *block = bytes;

    block->next = heap->freed[pages - 1];
    heap->freed[pages - 1] = block;
}

static void *pop(struct amdvi_drv_heap *heap, unsigned pages)
{
    struct freed *block = heap->freed[pages - 1];

    if (block != NULL) {
        heap->freed[pages - 1] = block->next;
    }
    return block;
}

static void *take_rest(struct amdvi_drv_heap *heap, size_t size_bytes)
{
    uint8_t *bytes = heap->arena.bytes;

    if (heap->arena.size_bytes < size_bytes) {
        return NULL;
    }
    heap->arena.bytes = bytes + size_bytes;
    heap->arena.size_bytes -= size_bytes;
    return bytes;
}

static void *arena_alloc(struct amdvi_drv_heap *heap, size_t size_bytes)
{
    void *bytes = NULL;

    if (size_bytes <= 2 * AMDVI_DRV_PAGE_BYTES) {
        bytes = pop(heap, (unsigned)(size_bytes / AMDVI_DRV_PAGE_BYTES));
    }
    if (bytes == NULL) {
        bytes = take_rest(heap, size_bytes);
    }
    if (bytes == NULL && size_bytes == AMDVI_DRV_PAGE_BYTES) {
        bytes = pop(heap, 2);
        if (bytes != NULL) {
            push(heap, 1, (uint8_t *)bytes + AMDVI_DRV_PAGE_BYTES);
        }
    }
    return bytes;
}

/* What lies before the rest goes back to it: so a start that fails gives back what it took. */
static void arena_free(struct amdvi_drv_heap *heap, const struct amdvi_drv_block *block)
{
    uint8_t *bytes = block->bytes;
    size_t left = block->size_bytes;

    if (bytes + left == heap->arena.bytes) {
        heap->arena.bytes = bytes;
        heap->arena.size_bytes += left;
        return;
    }
    for (; left >= 2 * AMDVI_DRV_PAGE_BYTES; left -= 2 * AMDVI_DRV_PAGE_BYTES) {
        push(heap, 2, bytes);
        bytes += 2 * AMDVI_DRV_PAGE_BYTES;
    }
    if (left != 0) {
        push(heap, 1, bytes);
    }
}

/* ---- Both ------------------------------------------------------------------------------------ */

bool amdvi_drv_heap_alloc(struct amdvi_drv_heap *heap, size_t size_bytes,
                          struct amdvi_drv_block *out)
{
    const struct amdvi_drv_host *host = heap->host;
    struct amdvi_drv_block block = {0};

    if (size_bytes == 0 || size_bytes > SIZE_MAX - AMDVI_DRV_PAGE_MASK) {
        return false;
    }
    size_bytes = (size_bytes + AMDVI_DRV_PAGE_MASK) & ~(size_t)AMDVI_DRV_PAGE_MASK;
    if (!heap->has_arena && !host->alloc(host->ctx, size_bytes, &block)) {
        return false;
    }
    uintptr_t flags = amdvi_drv_lock(host, &heap->lock);
    if (heap->has_arena) {
        block.bytes = arena_alloc(heap, size_bytes);
        block.spa = heap->arena_spa + (uintptr_t)block.bytes;
    }
    block.size_bytes = size_bytes;
    heap->used_bytes += block.bytes != NULL ? size_bytes : 0;
    amdvi_drv_unlock(host, &heap->lock, flags);
    if (block.bytes == NULL) {
        return false;
    }
    __builtin_memset(block.bytes, 0, size_bytes);
    amdvi_drv_flush_bytes(host, block.bytes, size_bytes);
    *out = block;
    return true;
}

void amdvi_drv_heap_free(struct amdvi_drv_heap *heap, const struct amdvi_drv_block *block)
{
    const struct amdvi_drv_host *host = heap->host;

    uintptr_t flags = amdvi_drv_lock(host, &heap->lock);
    heap->used_bytes -= block->size_bytes;
    if (heap->has_arena) {
        arena_free(heap, block);
    }
    amdvi_drv_unlock(host, &heap->lock, flags);
    if (!heap->has_arena) {
        host->free(host->ctx, block);
    }
}
