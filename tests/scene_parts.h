/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of a scene share, and nobody else needs. */
#ifndef TESTS_SCENE_PARTS_H
#define TESTS_SCENE_PARTS_H

#include "scene.h"

/* Bits by number; masks of addresses; where in memory things are. */
#define BIT(number)   (UINT64_C(1) << (number))
#define PAGE_MASK     UINT64_C(0xfffffffffffff000)
#define ADDRESS_MASK  UINT64_C(0x000ffffffffff000)
#define DEVICE_TABLE  MACHINE_FREE
#define TABLE_POOL    (MACHINE_FREE + UINT64_C(0x400000))
#define TABLES        96U
#define VECTOR_POOL   (MACHINE_FREE + UINT64_C(0x600000)) /* interrupt tables */
#define VECTOR_TABLES 12U
#define VECTOR_BYTES  UINT64_C(0x2000)
#define BAD_PAGE      (MACHINE_FREE + UINT64_C(0x800000))
#define UNUSED_MEMORY UINT64_C(0x2000000)
#define UNUSED_BYTES  UINT64_C(0x1800000)
#define ALL_PAGES     UINT64_C(0x7ffffffffffff000)

static inline uint64_t scene_below(struct scene *scene, uint64_t count)
{
    return random_below(&scene->random, count);
}

static inline bool scene_percent(struct scene *scene, unsigned of_hundred)
{
    return random_percent(&scene->random, of_hundred);
}

/* @value when the dice say so, else 0. */
static inline uint64_t scene_maybe(struct scene *scene, unsigned of_hundred, uint64_t value)
{
    return scene_percent(scene, of_hundred) ? value : 0;
}

static inline unsigned scene_level_shift(unsigned level)
{
    return 12 + 9 * (level - 1);
}

static inline unsigned scene_level_index(unsigned level, uint64_t iova)
{
    return (unsigned)(iova >> scene_level_shift(level)) & (level == 6 ? 127U : 511U);
}

/* The lowest @count bits. */
static inline uint64_t scene_ones(unsigned count)
{
    return count >= 64 ? UINT64_MAX : BIT(count) - 1;
}

/* ---- scene_tables.c -------------------------------------------------------------------------- */

/* Every word of a scene is written here, so that a change knows what it did. */
void scene_store_word(struct scene *scene, uint64_t spa, uint64_t value);

/* What scene_table_put() wrote over. */
struct scene_overwritten {
    unsigned copies_log2; /* entries that changed, new ones included */
    bool present;         /* one of them was */
    bool directory;       /* one of them was */
};

/* Write an entry with all its copies; whatever it overlaps goes with all of its own. */
struct scene_overwritten scene_table_put(struct scene *scene, uint64_t table, unsigned index,
                                         uint64_t entry);

/* log2 of the number of copies that an entry has, itself included. */
unsigned scene_copies_log2(uint64_t entry);

/* Never of a page that a walk could go on in: an entry of a tree has one way to it. */
uint64_t scene_any_address(struct scene *scene);

/* An entry for a table of @level; a table that it needs is taken from the pool. */
uint64_t scene_any_entry(struct scene *scene, unsigned level, unsigned lower_percent);

uint64_t scene_fresh_table(struct scene *scene);

/* Fill @root and what it points to, as long as the budget for new tables lasts. */
void scene_grow(struct scene *scene, uint64_t root, unsigned mode);

bool scene_is_table(uint64_t spa);

/* Does the entry of @level lead to a table of the pool that a walk may go on in? */
bool scene_leads_on(uint64_t entry, unsigned level);

/* The way of @iova through the tables, as far as there are any. */
struct scene_path {
    uint64_t iova; /* with 0 in what the way skips, which is where these tables are seen */
    unsigned count;
    unsigned level[6];
    uint64_t table[6];
};

struct scene_path scene_path_of(const struct scene *scene, uint64_t root, unsigned mode,
                                uint64_t iova);

/* ---- scene.c --------------------------------------------------------------------------------- */

void scene_dte_read(const struct scene *scene, uint16_t device_id, uint64_t word[4]);
void scene_dte_store(struct scene *scene, uint16_t device_id, const uint64_t word[4]);

/* An entry for the device in @slot; its first two words only. */
void scene_any_dte(struct scene *scene, unsigned slot, uint64_t word[4]);
void scene_any_translation(struct scene *scene, uint64_t word[4]);
uint32_t scene_any_irte(struct scene *scene);

#endif
