/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What has to be invalidated, and the tables that wait for it. They are linked in a ring through
 * their first entries, gather->freed being the last, so that two gathers are joined in two stores,
 * however many tables there are.
 */
#include "store.h"
#include "table.h"

void amdvi_drv_gather_init(struct amdvi_drv_gather *gather)
{
    *gather = (struct amdvi_drv_gather){.first_iova = UINT64_MAX, .last_iova = 0};
}

static struct amdvi_drv_table *next_of(const struct amdvi_drv_table *table)
{
    return (struct amdvi_drv_table *)(uintptr_t)amdvi_drv_load64(
        &table->entry[AMDVI_DRV_FREED_NEXT]);
}

static void set_next(struct amdvi_drv_table *table, const struct amdvi_drv_table *next)
{
    amdvi_drv_store64(&table->entry[AMDVI_DRV_FREED_NEXT], (uintptr_t)next, 0);
}

void amdvi_drv_gather_push(struct amdvi_drv_gather *gather, struct amdvi_drv_table *table,
                           uint64_t spa, unsigned level)
{
    struct amdvi_drv_table *last = gather->freed;

    amdvi_drv_store64(&table->entry[AMDVI_DRV_FREED_SPA],
                      spa | (level > 1 ? AMDVI_DRV_FREED_DIRECTORY : 0), 0);
    set_next(table, last != NULL ? next_of(last) : table);
    if (last != NULL) {
        set_next(last, table);
    }
    gather->freed = table;
}

bool amdvi_drv_gather_pop(struct amdvi_drv_gather *gather, struct amdvi_drv_block *out)
{
    struct amdvi_drv_table *last = gather->freed;

    if (last == NULL) {
        return false;
    }
    struct amdvi_drv_table *table = next_of(last);
    uint64_t word = amdvi_drv_load64(&table->entry[AMDVI_DRV_FREED_SPA]);
    if (table == last) {
        gather->freed = NULL;
    } else {
        set_next(last, next_of(table));
    }
    *out = (struct amdvi_drv_block){
        .bytes = table,
        .spa = word & ~AMDVI_DRV_FREED_DIRECTORY,
        .size_bytes = amdvi_drv_table_bytes(amdvi_has(word, AMDVI_DRV_FREED_DIRECTORY) ? 2 : 1),
    };
    return true;
}

void amdvi_drv_gather_merge(struct amdvi_drv_gather *into, struct amdvi_drv_gather *from)
{
    amdvi_drv_gather_add(into, from->first_iova, from->last_iova);
    into->directories = into->directories || from->directories;
    into->root_changed = into->root_changed || from->root_changed;
    if (into->freed != NULL && from->freed != NULL) {
        struct amdvi_drv_table *first = next_of(into->freed);
        set_next(into->freed, next_of(from->freed));
        set_next(from->freed, first);
    }
    if (from->freed != NULL) {
        into->freed = from->freed;
    }
    amdvi_drv_gather_init(from);
}

/* Apart, since mostly there are none. */
static AMDVI_DRV_APART void free_tables(struct amdvi_drv_pages *pages,
                                        struct amdvi_drv_gather *gather)
{
    struct amdvi_drv_block table;

    while (amdvi_drv_gather_pop(gather, &table)) {
        amdvi_drv_heap_free(pages->heap, &table);
        pages->tables--;
    }
}

void amdvi_drv_pages_free(struct amdvi_drv_pages *pages, struct amdvi_drv_gather *gather)
{
    if (gather->freed != NULL) {
        free_tables(pages, gather);
    }
    amdvi_drv_gather_init(gather);
}
