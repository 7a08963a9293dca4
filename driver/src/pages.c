/* SPDX-License-Identifier: BSD-2-Clause */
/* Page tables: made and destroyed, walked, and grown at the top. */
#include "store.h"
#include "table.h"

/* ---- Sizes ----------------------------------------------------------------------------------- */

/*
 * Those of @sizes that can be used: a page can be split into smaller ones of its own level or the
 * level below, so that no split makes more than one level of tables.
 */
static uint64_t usable_sizes(uint64_t sizes)
{
    uint64_t usable = AMDVI_DRV_PAGE_SIZES_4K;

    for (unsigned i = AMDVI_PAGE_LOG2 + 1; i < 49; i++) {
        if (amdvi_has(sizes, AMDVI_BIT(i)) &&
            amdvi_drv_level_of(i) <= amdvi_drv_level_of(amdvi_drv_largest(usable)) + 1) {
            usable |= AMDVI_BIT(i);
        }
    }
    return usable;
}

static bool is_config_good(const struct amdvi_drv_pages_config *config)
{
    return amdvi_has(config->page_sizes, AMDVI_DRV_PAGE_SIZES_4K) &&
           (config->page_sizes & ~AMDVI_BITS(48, AMDVI_PAGE_LOG2)) == 0 &&
           config->levels_max >= AMDVI_DRV_LEVELS_FIRST &&
           config->levels_max <= AMDVI_DRV_LEVELS_MAX;
}

/* ---- Tables ---------------------------------------------------------------------------------- */

enum amdvi_drv_status amdvi_drv_table_new(struct amdvi_drv_pages *pages, unsigned level,
                                          struct amdvi_drv_block *out)
{
    if (pages->config.tables_max != 0 && pages->tables >= pages->config.tables_max) {
        return AMDVI_DRV_ERR_LIMIT;
    }
    if (!amdvi_drv_heap_alloc(pages->heap, amdvi_drv_table_bytes(level), out)) {
        return AMDVI_DRV_ERR_NO_MEMORY;
    }
    pages->tables++;
    return AMDVI_DRV_OK;
}

void amdvi_drv_table_link(struct amdvi_drv_pages *pages, struct amdvi_drv_table *parent,
                          unsigned level, unsigned index, const struct amdvi_drv_block *table)
{
    uint64_t word = table->spa | AMDVI_PTE_PR | AMDVI_PTE_IR | AMDVI_PTE_IW |
                    amdvi_put(AMDVI_PTE_NEXT_LEVEL, level - 1);

    parent->child[index] = table->bytes;
    amdvi_drv_store64(&parent->entry[index], word, 0);
    amdvi_drv_flush_bytes(pages->heap->host, &parent->entry[index], AMDVI_PTE_BYTES);
}

enum amdvi_drv_status amdvi_drv_table_reach(struct amdvi_drv_pages *pages, uint64_t iova,
                                            unsigned level, struct amdvi_drv_table **out)
{
    struct amdvi_drv_table *table = pages->root;

    for (unsigned at = pages->level; at > level; at--) {
        unsigned index = amdvi_level_index(at, iova);
        struct amdvi_drv_table *child = table->child[index];
        if (child == NULL) {
            struct amdvi_drv_block made;
            if (amdvi_drv_load64(&table->entry[index]) != 0) {
                return AMDVI_DRV_ERR_EXISTS;
            }
            enum amdvi_drv_status status = amdvi_drv_table_new(pages, at - 1, &made);
            if (status != AMDVI_DRV_OK) {
                return status;
            }
            amdvi_drv_table_link(pages, table, at, index, &made);
            child = made.bytes;
        }
        table = child;
    }
    *out = table;
    return AMDVI_DRV_OK;
}

enum amdvi_drv_status amdvi_drv_pages_grow(struct amdvi_drv_pages *pages, uint64_t last_iova,
                                           struct amdvi_drv_gather *gather)
{
    while (last_iova > amdvi_drv_reach(pages->level)) {
        struct amdvi_drv_block old = {.bytes = pages->root, .spa = pages->root_spa};
        struct amdvi_drv_block made;

        enum amdvi_drv_status status = amdvi_drv_table_new(pages, pages->level + 1U, &made);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
        /* Complete before anybody is told of it: what was translated is, at every moment. */
        amdvi_drv_table_link(pages, made.bytes, pages->level + 1U, 0, &old);
        pages->root = made.bytes;
        pages->root_spa = made.spa;
        pages->level++;
        gather->root_changed = true;
    }
    return AMDVI_DRV_OK;
}

/* ---- Calls ----------------------------------------------------------------------------------- */

enum amdvi_drv_status amdvi_drv_pages_init(struct amdvi_drv_pages *pages,
                                           struct amdvi_drv_heap *heap,
                                           const struct amdvi_drv_pages_config *config)
{
    struct amdvi_drv_block root;

    if (!is_config_good(config)) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    struct amdvi_drv_pages made = {
        .heap = heap, .config = *config, .level = AMDVI_DRV_LEVELS_FIRST};
    made.config.page_sizes = usable_sizes(config->page_sizes);
    enum amdvi_drv_status status = amdvi_drv_table_new(&made, AMDVI_DRV_LEVELS_FIRST, &root);
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    made.root = root.bytes;
    made.root_spa = root.spa;
    *pages = made;
    return AMDVI_DRV_OK;
}

void amdvi_drv_pages_destroy(struct amdvi_drv_pages *pages)
{
    struct amdvi_drv_gather gather;

    if (pages->root == NULL) { /* never made, or destroyed before */
        return;
    }
    amdvi_drv_gather_init(&gather);
    amdvi_drv_table_take_out(pages, pages->root, pages->root_spa, pages->level, &gather);
    amdvi_drv_pages_free(pages, &gather);
    pages->root = NULL;
    pages->last_leaves = NULL;
    pages->mapped_bytes = 0;
}

bool amdvi_drv_leaf_find(const struct amdvi_drv_pages *pages, uint64_t iova,
                         struct amdvi_drv_leaf *out)
{
    struct amdvi_drv_table *table = pages->root;
    unsigned level = pages->level;

    if (iova > amdvi_drv_reach(level)) {
        return false;
    }
    while (level > 1 && table->child[amdvi_level_index(level, iova)] != NULL) {
        table = table->child[amdvi_level_index(level, iova)];
        level--;
    }
    uint64_t word = amdvi_drv_load64(&table->entry[amdvi_level_index(level, iova)]);
    if (word == 0) {
        return false;
    }
    *out = (struct amdvi_drv_leaf){.table = table,
                                   .level = level,
                                   .size_log2 = amdvi_drv_leaf_size_log2(level, word),
                                   .word = word};
    return true;
}

bool amdvi_drv_pages_find(const struct amdvi_drv_pages *pages, uint64_t iova,
                          struct amdvi_drv_mapping *out)
{
    struct amdvi_drv_leaf leaf;

    if (!amdvi_drv_leaf_find(pages, iova, &leaf)) {
        return false;
    }
    uint64_t offset = iova & (AMDVI_BIT(leaf.size_log2) - 1);
    uint64_t address = leaf.word & AMDVI_PTE_ADDRESS;
    *out = (struct amdvi_drv_mapping){
        .spa = (address & ~(AMDVI_BIT(leaf.size_log2) - 1)) + offset,
        .run_bytes = AMDVI_BIT(leaf.size_log2) - offset,
        .access = (amdvi_has(leaf.word, AMDVI_PTE_IR) ? AMDVI_DRV_READ : 0) |
                  (amdvi_has(leaf.word, AMDVI_PTE_IW) ? AMDVI_DRV_WRITE : 0),
        .size_log2 = (uint8_t)leaf.size_log2,
    };
    return true;
}
