/* SPDX-License-Identifier: BSD-2-Clause */
/* The page tables of a scene: entries, good and bad, and tables that hang together. */
#include "scene_parts.h"

#define TABLES_A_TREE 14U

/* ---- Memory ---------------------------------------------------------------------------------- */

void scene_store_word(struct scene *scene, uint64_t spa, uint64_t value)
{
    struct scene_change *change = scene->recording;

    if (spa >= MACHINE_MEMORY_BYTES) {
        return;
    }
    if (change != NULL && change->stores < SCENE_STORES) {
        change->store[change->stores++] =
            (struct scene_store){spa, machine_read64(scene->machine, spa), value};
    }
    machine_write64(scene->machine, spa, value);
}

void scene_undo(const struct scene *scene, const struct scene_change *change)
{
    for (unsigned i = change->stores; i > 0; i--) {
        machine_write64(scene->machine, change->store[i - 1].spa, change->store[i - 1].before);
    }
}

void scene_redo(const struct scene *scene, const struct scene_change *change)
{
    for (unsigned i = 0; i < change->stores; i++) {
        machine_write64(scene->machine, change->store[i].spa, change->store[i].after);
    }
}

bool scene_is_table(uint64_t spa)
{
    return spa >= TABLE_POOL && spa < TABLE_POOL + 4096 * TABLES;
}

/* ---- Page tables ----------------------------------------------------------------------------- */

unsigned scene_copies_log2(uint64_t entry)
{
    unsigned zero = 12;

    if ((entry & 1) == 0 || ((entry >> 9) & 7) != 7) {
        return 0;
    }
    while (zero <= 51 && (entry & BIT(zero)) != 0) {
        zero++;
    }
    return zero > 51 ? 0 : (zero + 1 - 12) % 9;
}

static void overwrite(struct scene *scene, uint64_t table, unsigned index,
                      struct scene_overwritten *was)
{
    uint64_t entry = machine_read64(scene->machine, table + 8 * (uint64_t)index);
    unsigned log2 = scene_copies_log2(entry);
    unsigned next_level = (unsigned)(entry >> 9) & 7;
    unsigned first = index & ~((1U << log2) - 1);

    if ((entry & 1) != 0) {
        was->present = true;
        was->directory = was->directory || (next_level >= 1 && next_level <= 6);
    }
    if (log2 > was->copies_log2) {
        was->copies_log2 = log2;
    }
    if (log2 == 0) {
        return; /* the only copy: written right after */
    }
    for (unsigned i = first; i < first + (1U << log2); i++) {
        scene_store_word(scene, table + 8 * (uint64_t)i, 0);
    }
}

struct scene_overwritten scene_table_put(struct scene *scene, uint64_t table, unsigned index,
                                         uint64_t entry)
{
    struct scene_overwritten was = {.copies_log2 = scene_copies_log2(entry)};
    unsigned count = 1U << was.copies_log2;
    unsigned first = index & ~(count - 1);

    for (unsigned i = first; i < first + count; i++) {
        overwrite(scene, table, i, &was);
        scene_store_word(scene, table + 8 * (uint64_t)i, entry);
    }
    return was;
}

uint64_t scene_any_address(struct scene *scene)
{
    switch (scene_below(scene, 10)) {
    case 0:
        return ADDRESS_MASK;
    case 1:
        return UINT64_C(0xfee00000);
    case 2:
    case 3:
    case 4:
        return random_u64(&scene->random) & ADDRESS_MASK;
    default:
        return UNUSED_MEMORY + (scene_below(scene, UNUSED_BYTES) & PAGE_MASK);
    }
}

/* Permissions and the bits that everybody ignores. */
static uint64_t any_flags(struct scene *scene)
{
    return BIT(0) | scene_maybe(scene, 88, BIT(61)) | scene_maybe(scene, 88, BIT(62)) |
           scene_maybe(scene, 10, BIT(63)) |
           scene_maybe(scene, 20, random_u64(&scene->random) & 0x1fe);
}

static uint64_t any_leaf_flags(struct scene *scene)
{
    return any_flags(scene) | scene_maybe(scene, 15, BIT(59)) | scene_maybe(scene, 15, BIT(60));
}

static uint64_t sized_leaf(struct scene *scene, unsigned level)
{
    unsigned most = level >= 5 ? 4 : 8;
    unsigned log2 =
        scene_level_shift(level > 5 ? 5 : level) + 1 + (unsigned)scene_below(scene, most);

    return any_leaf_flags(scene) | (UINT64_C(7) << 9) |
           (scene_any_address(scene) & ~scene_ones(log2)) | (scene_ones(log2 - 1) & PAGE_MASK);
}

static uint64_t directory(struct scene *scene, unsigned next_level, uint64_t spa)
{
    return any_flags(scene) | BIT(61) | scene_maybe(scene, 95, BIT(62)) |
           ((uint64_t)next_level << 9) | spa;
}

static uint64_t defect(struct scene *scene, unsigned level)
{
    unsigned lower = level > 1 ? (unsigned)scene_below(scene, level - 1) + 1 : 1;

    switch (scene_below(scene, 9)) {
    case 0:
        return random_u64(&scene->random) & ~BIT(0);
    case 1:
        return any_leaf_flags(scene) | scene_any_address(scene) | BIT(52 + scene_below(scene, 7));
    case 2:
        return directory(scene, lower, scene_any_address(scene)) | BIT(52 + scene_below(scene, 9));
    case 3:
        return directory(scene, level + (unsigned)scene_below(scene, 7 - level),
                         scene_any_address(scene));
    case 4:
        return any_leaf_flags(scene) | (UINT64_C(7) << 9) | scene_any_address(scene) |
               (scene_ones((unsigned)scene_below(scene, 41)) << 12);
    case 5:
        return directory(scene, lower, MACHINE_MEMORY_BYTES * (1 + scene_below(scene, 1 << 20)));
    case 6:
        return directory(scene, lower, BAD_PAGE);
    case 7:
        return random_u64(&scene->random) | BIT(0);
    default:
        return scene_any_address(scene) | BIT(0);
    }
}

uint64_t scene_fresh_table(struct scene *scene)
{
    return TABLE_POOL + 4096 * (uint64_t)scene->tables++;
}

uint64_t scene_any_entry(struct scene *scene, unsigned level, unsigned lower_percent)
{
    bool lower = level > 1 && scene_percent(scene, lower_percent);
    unsigned next_level = level - 1;

    if (lower && scene_percent(scene, 25)) {
        next_level = 1 + (unsigned)scene_below(scene, level - 1);
    }
    if (lower && !scene->tree && scene->tables != 0 && scene_percent(scene, 40)) {
        return directory(scene, next_level, TABLE_POOL + 4096 * scene_below(scene, scene->tables));
    }
    if (lower && scene->tables < TABLES) {
        return directory(scene, next_level, scene_fresh_table(scene));
    }
    if (scene_percent(scene, 22)) {
        return defect(scene, level);
    }
    if (scene_percent(scene, 30)) {
        return sized_leaf(scene, level);
    }
    return any_leaf_flags(scene) | scene_any_address(scene);
}

void scene_grow(struct scene *scene, uint64_t root, unsigned mode)
{
    struct {
        uint64_t table;
        unsigned level;
    } work[TABLES] = {{root, mode}};
    unsigned count = 1;
    unsigned budget = TABLES_A_TREE;

    for (unsigned done = 0; done < count; done++) {
        for (unsigned i = 0; i < SCENE_DIGITS; i++) {
            unsigned level = work[done].level;
            unsigned tables = scene->tables;
            unsigned lower_percent = count >= budget ? 0 : (i == 0 ? 90 : 35);
            uint64_t entry = scene_any_entry(scene, level, lower_percent);

            (void)scene_table_put(scene, work[done].table, scene->digit[level][i], entry);
            if (scene->tables != tables) {
                work[count].table = entry & ADDRESS_MASK;
                work[count++].level = (unsigned)(entry >> 9) & 7;
            }
        }
    }
}

bool scene_leads_on(uint64_t entry, unsigned level)
{
    unsigned next_level = (unsigned)(entry >> 9) & 7;

    return (entry & 1) != 0 && next_level >= 1 && next_level < level &&
           scene_is_table(entry & ADDRESS_MASK);
}

struct scene_path scene_path_of(const struct scene *scene, uint64_t root, unsigned mode,
                                uint64_t iova)
{
    struct scene_path path = {.iova = iova & scene_ones(12 + 9 * mode)};
    unsigned level = mode;
    uint64_t table = root;

    while (level >= 1 && level <= 6 && scene_is_table(table)) {
        path.level[path.count] = level;
        path.table[path.count++] = table;
        uint64_t entry = machine_read64(scene->machine, table + 8 * scene_level_index(level, iova));
        if (!scene_leads_on(entry, level)) {
            break;
        }
        unsigned next_level = (unsigned)(entry >> 9) & 7;
        path.iova &=
            ~(scene_ones(scene_level_shift(level)) ^ scene_ones(scene_level_shift(next_level + 1)));
        level = next_level;
        table = entry & ADDRESS_MASK;
    }
    return path;
}
