/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes of a scene, each with the commands that software has to send after it. */
#include "scene_parts.h"

#include <string.h>

static void add_command(struct scene_change *change, uint64_t word0, uint64_t word1)
{
    if (change->commands < SCENE_COMMANDS) {
        change->command[change->commands][0] = word0;
        change->command[change->commands++][1] = word1;
    }
}

static void add_pages(struct scene_change *change, uint64_t domain_id, uint64_t word1)
{
    add_command(change, (UINT64_C(3) << 60) | (domain_id << 32), word1);
}

/* Every domain that any entry of the device table names. */
static void add_all_domains(struct scene *scene, struct scene_change *change)
{
    for (unsigned i = 0; i < SCENE_DEVICES; i++) {
        uint64_t word[4];
        scene_dte_read(scene, scene->device[i], word);
        add_pages(change, word[1] & 0xffff, ALL_PAGES | 3);
    }
    for (unsigned i = 0; i < SCENE_DOMAINS; i++) {
        add_pages(change, scene->domain[i].id, ALL_PAGES | 3);
    }
}

/* Exactly the pages of 2^@log2 bytes around @iova, or somewhat more. */
static uint64_t pages_operand(struct scene *scene, uint64_t iova, unsigned log2)
{
    if (log2 == 12 && scene_percent(scene, 60)) {
        return iova & PAGE_MASK;
    }
    if (log2 == 12 || scene_percent(scene, 15)) {
        log2++;
    }
    if (log2 >= 64 || scene_percent(scene, 15)) {
        return 1 | ALL_PAGES;
    }
    return 1 | (iova & ~scene_ones(log2)) | (scene_ones(log2 - 1) & PAGE_MASK);
}

static uint64_t changed_entry(struct scene *scene, uint64_t entry, unsigned level)
{
    switch (scene_below(scene, 7)) {
    case 0:
        return entry ^ BIT(61);
    case 1:
        return entry ^ BIT(62);
    case 2:
        return entry ^ BIT(0);
    case 3:
        return entry ^ BIT(52 + scene_below(scene, 9));
    case 4:
        return (entry & 0xe00) == 0 ? (entry & ~ADDRESS_MASK) | scene_any_address(scene)
                                    : entry ^ BIT(0);
    default:
        return scene_any_entry(scene, level, 15);
    }
}

/* Was all that changed one page, whose entry is @old? */
static bool is_one_page(uint64_t old, unsigned changed_log2)
{
    unsigned next_level = (unsigned)(old >> 9) & 7;

    return (old & 1) != 0 && (next_level == 0 || next_level == 7) &&
           scene_copies_log2(old) == changed_log2;
}

/* Where to make a change: at what was asked last, or anywhere. */
static struct scene_asked pick(struct scene *scene, const struct scene_asked *asked, unsigned count)
{
    struct scene_asked any = {.device_id = scene_device(scene)};

    if (count != 0 && scene_percent(scene, 60)) {
        return asked[scene_below(scene, count < SCENE_ASKED ? count : SCENE_ASKED)];
    }
    any.iova = scene_iova(scene, any.device_id);
    any.data = scene_data(scene, any.device_id);
    return any;
}

static bool change_page(struct scene *scene, struct scene_change *change)
{
    uint64_t word[4];
    struct scene_asked where = pick(scene, scene->dma, scene->dmas);
    uint16_t device_id = where.device_id;

    scene_dte_read(scene, device_id, word);
    unsigned mode = (unsigned)(word[0] >> 9) & 7;
    struct scene_path path = scene_path_of(scene, word[0] & ADDRESS_MASK, mode, where.iova);
    uint64_t iova = path.iova;
    if (path.count == 0) {
        return false;
    }
    unsigned at =
        scene_percent(scene, 70) ? path.count - 1 : (unsigned)scene_below(scene, path.count);
    unsigned level = path.level[at];
    unsigned index = scene_level_index(level, iova);
    unsigned tables = scene->tables;
    uint64_t old = machine_read64(scene->machine, path.table[at] + 8 * (uint64_t)index);
    uint64_t entry = changed_entry(scene, old, level);
    if (scene->tables != tables && scene->tree) {
        scene_grow(scene, entry & ADDRESS_MASK, (unsigned)(entry >> 9) & 7);
    }
    scene->recording = change;
    struct scene_overwritten was = scene_table_put(scene, path.table[at], index, entry);
    scene->recording = NULL;
    change->kind = SCENE_CHANGE_PAGE;
    change->device_id = device_id;
    change->iova_log2 = scene_level_shift(level) + was.copies_log2;
    change->iova = iova & ~scene_ones(change->iova_log2);
    change->at_once = !was.present;
    if (!was.present && scene_percent(scene, 50)) {
        return true; /* NpCache=0: nobody remembers that it was not there */
    }
    if (!scene->tree) {
        add_all_domains(scene, change);
        return true;
    }
    uint64_t operand = pages_operand(scene, iova, change->iova_log2);
    if (is_one_page(old, was.copies_log2) && scene_percent(scene, 25)) {
        /* It goes as a whole when any part of it is named. */
        uint64_t part = change->iova + scene_below(scene, BIT(change->iova_log2 & 63));
        operand = pages_operand(scene, part, 12);
    }
    for (unsigned i = 0; i < SCENE_DOMAINS; i++) {
        if (scene->domain[i].root == (word[0] & ADDRESS_MASK)) {
            add_pages(change, scene->domain[i].id,
                      operand | (was.directory || scene_percent(scene, 20) ? 2 : 0));
        }
    }
    return true;
}

/* The commands for a changed device table entry. */
static void after_device(struct scene_change *change, uint16_t device_id, const uint64_t old[4],
                         const uint64_t new[4])
{
    const uint64_t translation = UINT64_C(0x600ffffffffffe02);
    const uint64_t interrupts = UINT64_C(0x300fffffffffffde);

    add_command(change, (UINT64_C(2) << 60) | device_id, 0);
    if (((old[0] ^ new[0]) & translation) != 0 || ((old[1] ^ new[1]) & 0xffff) != 0) {
        add_pages(change, old[1] & 0xffff, ALL_PAGES | 3);
        add_pages(change, new[1] & 0xffff, ALL_PAGES | 3);
    }
    if (((old[2] ^ new[2]) & interrupts) != 0) {
        add_command(change, (UINT64_C(5) << 60) | device_id, 0);
    }
}

/*
 * One bit, but neither mode nor root nor domain: the tables of a domain are one thing. The bits
 * that matter more often than others.
 */
static void flip_dte(struct scene *scene, uint64_t word[4])
{
    static const uint8_t likely[24] = {0,   1,   61,  62,  97,  98, 103, 128, 133, 129, 184, 185,
                                       186, 188, 189, 190, 191, 60, 96,  99,  100, 101, 104, 105};
    unsigned number = likely[scene_below(scene, 24)];

    while (scene_percent(scene, 30) || (number >= 9 && number <= 51) ||
           (number >= 64 && number <= 79)) {
        number = (unsigned)scene_below(scene, 256);
    }
    word[number / 64] ^= BIT(number % 64);
}

static bool change_device(struct scene *scene, bool single, struct scene_change *change)
{
    unsigned slot = (unsigned)scene_below(scene, SCENE_DEVICES);
    uint16_t device_id = scene->device[slot];
    uint64_t old[4];
    uint64_t new[4];

    if (scene_dte_spa(scene, device_id) >= MACHINE_MEMORY_BYTES) {
        return false;
    }
    scene_dte_read(scene, device_id, old);
    memcpy(new, old, sizeof(new));
    if (scene_percent(scene, 50)) {
        flip_dte(scene, new);
    } else if (!single) {
        scene_any_dte(scene, slot, new);
    } else {
        scene_any_translation(scene, new);
        if (((old[1] ^ new[1]) & 0xffff) == 0) {
            return false; /* an old translation under a new entry would be a third answer */
        }
    }
    change->kind = SCENE_CHANGE_DEVICE;
    change->device_id = device_id;
    change->iova_log2 = 64;
    scene->recording = change;
    scene_dte_store(scene, device_id, new);
    scene->recording = NULL;
    after_device(change, device_id, old, new);
    return true;
}

static bool change_interrupt(struct scene *scene, struct scene_change *change)
{
    struct scene_asked where = pick(scene, scene->msi, scene->msis);
    uint16_t device_id = where.device_id;
    uint64_t word[4];

    scene_dte_read(scene, device_id, word);
    change->data = where.data & 0x1ff;
    uint64_t spa = (word[2] & UINT64_C(0x000fffffffffffc0)) + 4 * change->data;
    if (spa < VECTOR_POOL || spa >= VECTOR_POOL + VECTOR_BYTES * VECTOR_TABLES) {
        return false;
    }
    unsigned shift = spa % 8 == 0 ? 0 : 32;
    uint64_t pair = machine_read64(scene->machine, spa & ~UINT64_C(7));
    uint64_t entry = (pair >> shift) & 0xffffffff;
    entry = scene_percent(scene, 50) ? entry ^ BIT(scene_below(scene, 32)) : scene_any_irte(scene);
    change->kind = SCENE_CHANGE_INTERRUPT;
    change->device_id = device_id;
    scene->recording = change;
    scene_store_word(scene, spa & ~UINT64_C(7),
                     (pair & ~(UINT64_C(0xffffffff) << shift)) | (entry << shift));
    scene->recording = NULL;
    for (unsigned i = 0; i < SCENE_DEVICES; i++) {
        scene_dte_read(scene, scene->device[i], word);
        uint64_t root = word[2] & UINT64_C(0x000fffffffffffc0);
        if (root <= spa && spa < root + VECTOR_BYTES) {
            add_command(change, (UINT64_C(5) << 60) | scene->device[i], 0);
        }
    }
    return true;
}

bool scene_change(struct scene *scene, bool single, struct scene_change *change)
{
    uint64_t dice = scene_below(scene, 100);

    change->stores = 0;
    change->commands = 0;
    change->at_once = false;
    change->iova = 0;
    change->iova_log2 = 0;
    change->data = 0;
    if (dice < 55) {
        return change_page(scene, change);
    }
    return dice < 80 ? change_device(scene, single, change) : change_interrupt(scene, change);
}
