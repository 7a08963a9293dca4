/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An interrupt table: which entries are in use, and each entry in one store. An entry of zeros
 * (RemapEn=0) aborts.
 */
#include <amdvi/drv_tables.h>

#include "store.h"

#define WORD_BITS 32

enum amdvi_drv_status amdvi_drv_interrupt_table_init(struct amdvi_drv_interrupt_table *table,
                                                     struct amdvi_drv_heap *heap, unsigned reserved)
{
    *table = (struct amdvi_drv_interrupt_table){.heap = heap};
    for (unsigned i = 0; i < reserved && i < AMDVI_DRV_INTERRUPTS; i++) {
        table->used[i / WORD_BITS] |= UINT32_C(1) << (i % WORD_BITS);
    }
    return amdvi_drv_heap_alloc(heap, (size_t)AMDVI_IRTE_BYTES * AMDVI_DRV_INTERRUPTS,
                                &table->block)
               ? AMDVI_DRV_OK
               : AMDVI_DRV_ERR_NO_MEMORY;
}

void amdvi_drv_interrupt_table_destroy(struct amdvi_drv_interrupt_table *table)
{
    amdvi_drv_heap_free(table->heap, &table->block);
}

/* @count entries, at most 32 and aligned to it, in the word of the map that they are in. */
static uint32_t bits_of(unsigned first, unsigned count)
{
    return UINT32_MAX >> (WORD_BITS - count) << (first % WORD_BITS);
}

enum amdvi_drv_status amdvi_drv_interrupt_table_take(struct amdvi_drv_interrupt_table *table,
                                                     unsigned count, unsigned *out_first)
{
    if (count == 0 || count > WORD_BITS || (count & (count - 1)) != 0) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    for (unsigned first = 0; first < AMDVI_DRV_INTERRUPTS; first += count) {
        uint32_t *word = &table->used[first / WORD_BITS];
        if ((*word & bits_of(first, count)) == 0) {
            *word |= bits_of(first, count);
            *out_first = first;
            return AMDVI_DRV_OK;
        }
    }
    return AMDVI_DRV_ERR_LIMIT;
}

static void store_entry(struct amdvi_drv_interrupt_table *table, unsigned index, uint32_t value)
{
    uint8_t *at = (uint8_t *)table->block.bytes + (size_t)AMDVI_IRTE_BYTES * index;

    amdvi_drv_store32(at, value);
    amdvi_drv_flush_bytes(table->heap->host, at, AMDVI_IRTE_BYTES);
}

void amdvi_drv_interrupt_table_clear(struct amdvi_drv_interrupt_table *table, unsigned first,
                                     unsigned count)
{
    for (unsigned i = 0; i < count && first + i < AMDVI_DRV_INTERRUPTS; i++) {
        store_entry(table, first + i, 0);
    }
}

void amdvi_drv_interrupt_table_give(struct amdvi_drv_interrupt_table *table, unsigned first,
                                    unsigned count)
{
    for (unsigned i = first; i < first + count && i < AMDVI_DRV_INTERRUPTS; i++) {
        table->used[i / WORD_BITS] &= ~(UINT32_C(1) << (i % WORD_BITS));
    }
}

void amdvi_drv_interrupt_table_write(struct amdvi_drv_interrupt_table *table, unsigned index,
                                     const struct amdvi_irte *irte)
{
    if (index < AMDVI_DRV_INTERRUPTS) {
        store_entry(table, index, amdvi_irte_encode(irte));
    }
}
