/* SPDX-License-Identifier: BSD-2-Clause */
/* Scenes of the differential test: what they are made of, and what may be asked of them. */
#include "scene_parts.h"

#include <string.h>

/* ---- The device table ------------------------------------------------------------------------ */

uint64_t scene_dte_spa(const struct scene *scene, uint16_t device_id)
{
    return (scene->registers.device_table & ADDRESS_MASK) + 32 * (uint64_t)device_id;
}

void scene_dte_read(const struct scene *scene, uint16_t device_id, uint64_t word[4])
{
    uint64_t spa = scene_dte_spa(scene, device_id);

    for (unsigned i = 0; i < 4; i++) {
        word[i] = spa < MACHINE_MEMORY_BYTES ? machine_read64(scene->machine, spa + 8 * i) : 0;
    }
}

void scene_dte_store(struct scene *scene, uint16_t device_id, const uint64_t word[4])
{
    for (unsigned i = 4; i > 0; i--) {
        scene_store_word(scene, scene_dte_spa(scene, device_id) + 8 * (i - 1), word[i - 1]);
    }
}

void scene_any_translation(struct scene *scene, uint64_t word[4])
{
    const struct scene_domain *domain = &scene->domain[scene_below(scene, SCENE_DOMAINS)];
    uint64_t mode = domain->mode;

    if (scene_percent(scene, 15)) {
        mode = scene_percent(scene, 80) ? 0 : 7;
    }
    word[0] = scene_maybe(scene, 93, BIT(0)) | scene_maybe(scene, 85, BIT(1)) | (mode << 9) |
              domain->root | scene_maybe(scene, 90, BIT(61)) | scene_maybe(scene, 90, BIT(62));
    word[1] = domain->id | scene_maybe(scene, 25, BIT(33)) | scene_maybe(scene, 10, BIT(34)) |
              scene_maybe(scene, 40, BIT(39));
    if (scene_percent(scene, 75)) { /* I, IoCtl, Cache, SD and SysMgt */
        word[1] |= random_u64(&scene->random) & UINT64_C(0x0000037900000000);
    }
    word[1] |= scene_maybe(scene, 50, BIT(32));
    if (scene_percent(scene, 6)) {
        word[0] |=
            BIT(scene_percent(scene, 50) ? 2 + scene_below(scene, 7) : 52 + scene_below(scene, 9));
    }
    word[0] |= scene_maybe(scene, 1, BIT(63));
    word[1] |= scene_maybe(scene, 2, BIT(16 + scene_below(scene, 16)));
    word[1] |= scene_maybe(scene, 2, BIT(42 + scene_below(scene, 22)));
}

static void any_interrupts(struct scene *scene, uint64_t word[4])
{
    uint64_t root = VECTOR_POOL + VECTOR_BYTES * scene_below(scene, VECTOR_TABLES);
    uint64_t length =
        scene_percent(scene, 95) ? scene_below(scene, 12) : 12 + scene_below(scene, 4);
    uint64_t control = scene_percent(scene, 75) ? 2 : scene_below(scene, 4);

    if (scene_percent(scene, 20)) {
        root += 64 * scene_below(scene, 128);
    } else if (scene_percent(scene, 8)) {
        root = scene_percent(scene, 50) ? BAD_PAGE : (random_u64(&scene->random) & ADDRESS_MASK);
    }
    word[2] = scene_maybe(scene, 85, BIT(0)) | (length << 1) | scene_maybe(scene, 15, BIT(5)) |
              root | (control << 60) | (scene_below(scene, 8) << 56) |
              (scene_below(scene, 4) << 62);
    word[2] |=
        scene_maybe(scene, 3, BIT(52 + scene_below(scene, 4))) | scene_maybe(scene, 2, BIT(59));
    word[3] = scene_maybe(scene, 3, BIT(scene_below(scene, 64)));
}

void scene_any_dte(struct scene *scene, unsigned slot, uint64_t word[4])
{
    scene_any_translation(scene, word);
    any_interrupts(scene, word);
    if (scene_percent(scene, 4)) { /* garbage, in a domain of its own */
        for (unsigned i = 0; i < 4; i++) {
            word[i] = random_u64(&scene->random);
        }
        word[1] = (word[1] & ~UINT64_C(0xffff)) | (0xfff0U + slot);
    } else if (scene_percent(scene, 3)) {
        memset(word, 0, 4 * sizeof(word[0]));
    }
}

/* ---- Interrupt tables ------------------------------------------------------------------------ */

uint32_t scene_any_irte(struct scene *scene)
{
    uint64_t type = scene_percent(scene, 90) ? scene_below(scene, 2) : scene_below(scene, 8);
    uint64_t entry = scene_maybe(scene, 85, BIT(0)) | scene_maybe(scene, 20, BIT(1)) | (type << 2) |
                     scene_maybe(scene, 30, BIT(5)) | scene_maybe(scene, 40, BIT(6)) |
                     (scene_below(scene, 256) << 8) | (scene_below(scene, 256) << 16);

    entry |= scene_maybe(scene, 3, BIT(7)) | scene_maybe(scene, 4, BIT(24 + scene_below(scene, 8)));
    return (uint32_t)(scene_percent(scene, 3) ? random_u64(&scene->random) : entry);
}

static void vectors_fill(struct scene *scene)
{
    for (uint64_t table = 0; table < VECTOR_TABLES; table++) {
        for (unsigned i = 0; i < 512; i += 2) {
            uint64_t spa = VECTOR_POOL + table * VECTOR_BYTES + 4 * (uint64_t)i;
            if (i < 16 || ((i + 8) & (i + 7)) < 16 || scene_percent(scene, 20)) {
                scene_store_word(scene, spa,
                                 scene_any_irte(scene) | ((uint64_t)scene_any_irte(scene) << 32));
            }
        }
    }
}

/* ---- Requests -------------------------------------------------------------------------------- */

uint16_t scene_device(struct scene *scene)
{
    if (scene_percent(scene, 3)) {
        return (uint16_t)scene_below(scene, 65536);
    }
    return scene->device[scene_below(scene, SCENE_DEVICES)];
}

/* An index for the next step of a walk: one in use, rather one that is not empty. */
static uint64_t any_index(struct scene *scene, uint64_t table, unsigned level)
{
    unsigned index = scene->digit[level][0];

    for (unsigned tries = 0; tries < 3; tries++) {
        index = scene->digit[level][scene_below(scene, SCENE_DIGITS)];
        if (machine_read64(scene->machine, table + 8 * (uint64_t)index) != 0) {
            break;
        }
    }
    if (scene_percent(scene, 5)) {
        index ^= 1U << scene_below(scene, level == 6 ? 7 : 9);
    }
    return index;
}

static uint64_t any_offset(struct scene *scene, unsigned log2)
{
    uint64_t mask = scene_ones(log2);

    switch (scene_below(scene, 8)) {
    case 0:
        return 0;
    case 1:
        return mask;
    case 2:
        return mask & UINT64_C(0xfffffffffffff000);
    case 3:
        return UINT64_C(0xfff) & mask;
    default:
        return random_u64(&scene->random) & mask;
    }
}

/* Down through the tables at random. */
static uint64_t guided_iova(struct scene *scene, uint64_t table, unsigned level)
{
    uint64_t iova = 0;

    while (scene_is_table(table)) {
        uint64_t index = any_index(scene, table, level);
        iova |= index << scene_level_shift(level);
        uint64_t entry = machine_read64(scene->machine, table + 8 * index);
        unsigned next_level = (unsigned)(entry >> 9) & 7;
        if (!scene_leads_on(entry, level)) {
            break;
        }
        if (next_level < level - 1 && scene_percent(scene, 5)) {
            iova |= BIT(scene_level_shift(level) - 1 -
                        scene_below(scene, 9 * (level - 1 - next_level)));
        }
        level = next_level;
        table = entry & ADDRESS_MASK;
    }
    return iova | any_offset(scene, scene_level_shift(level));
}

uint64_t scene_special_address(struct scene *scene)
{
    /* Where one range ends and the next begins. */
    static const uint64_t edge[] = {
        UINT64_C(0x00fee00000), UINT64_C(0x00fef00000), UINT64_C(0xfd00000000),
        UINT64_C(0xfdf8000000), UINT64_C(0xfdf9000000), UINT64_C(0xfdf9100000),
        UINT64_C(0xfdf9200000), UINT64_C(0xfdfb000000), UINT64_C(0xfdfc000000),
        UINT64_C(0xfdfe000000), UINT64_C(0xfe00000000), UINT64_C(0xfe20000000),
        UINT64_C(0x10000000000)};
    unsigned count = sizeof(edge) / sizeof(edge[0]);
    unsigned at = (unsigned)scene_below(scene, count);

    if (scene_percent(scene, 20)) { /* what the device table entry has fields for */
        return scene_percent(scene, 50) ? UINT64_C(0xfdf9100000) + scene_below(scene, 1 << 20)
                                        : UINT64_C(0xfdfc000000) + scene_below(scene, 1 << 25);
    }
    switch (scene_below(scene, 4)) {
    case 0:
        return edge[at] - 1 - scene_below(scene, 2) * 4095;
    case 1:
        return edge[at] + scene_below(scene, 2) * 4095;
    default:
        at = at < 2 ? 0 : 2 + at % (count - 3); /* the two groups of ranges are far apart */
        return edge[at] + scene_below(scene, edge[at + 1] - edge[at]);
    }
}

static uint64_t edge_iova(struct scene *scene)
{
    uint64_t base = scene->registers.exclusion_base & ADDRESS_MASK;
    uint64_t limit = scene->registers.exclusion_limit & ADDRESS_MASK;

    switch (scene_below(scene, 16)) {
    case 0:
        return base - 1;
    case 1:
        return base;
    case 2:
        return limit + 4095;
    case 3:
        return limit + 4096;
    case 4:
        return limit > base ? base + scene_below(scene, limit - base) : base;
    case 5:
        return UINT64_C(0xfee00000) - 1 + scene_below(scene, 2);
    case 6:
        return UINT64_C(0xfeefffff) + scene_below(scene, 2);
    case 7:
        return UINT64_C(0xfee00000) + scene_below(scene, 1 << 20);
    case 8:
        return random_u64(&scene->random) >> scene_below(scene, 64);
    default:
        return scene_special_address(scene);
    }
}

uint64_t scene_iova(struct scene *scene, uint16_t device_id)
{
    uint64_t word[4];
    unsigned mode;

    scene_dte_read(scene, device_id, word);
    mode = (unsigned)(word[0] >> 9) & 7;
    if (scene_percent(scene, 30)) {
        return edge_iova(scene);
    }
    if (mode >= 1 && mode <= 6) {
        uint64_t iova = guided_iova(scene, word[0] & ADDRESS_MASK, mode);
        return scene_percent(scene, 3) ? iova ^ BIT(scene_below(scene, 64)) : iova;
    }
    return guided_iova(scene, scene->domain[0].root, scene->domain[0].mode);
}

uint32_t scene_data(struct scene *scene, uint16_t device_id)
{
    uint64_t word[4];
    uint64_t data;

    scene_dte_read(scene, device_id, word);
    switch (scene_below(scene, 4)) {
    case 0:
        data = BIT((word[2] >> 1) & 15) - scene_below(scene, 2); /* at the end of the table */
        break;
    case 1:
        data = scene_below(scene, 512);
        break;
    default:
        data = scene_below(scene, 16);
        break;
    }
    if (scene_percent(scene, 25)) {
        data = (data & 0xff) | (scene_below(scene, 8) << 8);
    }
    return (uint32_t)(data & 0x7ff) |
           (uint32_t)scene_maybe(scene, 20, random_u64(&scene->random) & 0xfffff800);
}

void scene_note_dma(struct scene *scene, uint16_t device_id, uint64_t iova)
{
    scene->dma[scene->dmas++ % SCENE_ASKED] =
        (struct scene_asked){.device_id = device_id, .iova = iova};
}

void scene_note_msi(struct scene *scene, uint16_t device_id, uint32_t data)
{
    scene->msi[scene->msis++ % SCENE_ASKED] =
        (struct scene_asked){.device_id = device_id, .data = data};
}

/* ---- Registers ------------------------------------------------------------------------------- */

static void write_register(struct scene *scene, uint64_t offset, uint64_t value)
{
    amdvi_iommu_mmio_write(scene->machine->iommu, offset, 8, value);
}

void scene_exclusion(struct scene *scene)
{
    uint16_t device_id = scene_device(scene);
    uint64_t base = scene_iova(scene, device_id) & ADDRESS_MASK;
    uint64_t limit = base;

    switch (scene_below(scene, 5)) {
    case 0:
        limit = base - 4096;
        break;
    case 1:
        limit = base + 4096 * scene_below(scene, 16);
        break;
    case 2:
        limit = base | (scene_ones((unsigned)scene_below(scene, 52)) & PAGE_MASK);
        break;
    case 3:
        base &= ~scene_ones((unsigned)scene_below(scene, 40));
        break;
    default:
        break;
    }
    base = (base & ADDRESS_MASK) | scene_maybe(scene, 65, BIT(0)) | scene_maybe(scene, 30, BIT(1));
    limit &= ADDRESS_MASK;
    base |= scene_maybe(scene, 20, random_u64(&scene->random) & UINT64_C(0xfff0000000000ffc));
    limit |= scene_maybe(scene, 20, random_u64(&scene->random) & UINT64_C(0xfff0000000000fff));
    scene->registers.exclusion_base = base;
    scene->registers.exclusion_limit = limit;
    write_register(scene, 0x20, base);
    write_register(scene, 0x28, limit);
}

void scene_control(struct scene *scene, bool enabled, bool log)
{
    uint64_t control = random_u64(&scene->random) & UINT64_C(0x00000fea);

    control |= scene_maybe(scene, 20, random_u64(&scene->random) << 13);
    control |= BIT(12) | (enabled ? BIT(0) : 0) | (log ? BIT(2) : 0);
    scene->registers.control = control;
    write_register(scene, 0x18, control);
}

/* ---- A new scene ----------------------------------------------------------------------------- */

static void device_table_choose(struct scene *scene)
{
    uint64_t base = DEVICE_TABLE;
    uint64_t size = 0x1ff;

    switch (scene_below(scene, 5)) {
    case 0:
        size = scene_below(scene, 4);
        break;
    case 1:
        size = scene_below(scene, 0x200);
        break;
    case 2:
        base = MACHINE_MEMORY_BYTES - 4096 * (1 + scene_below(scene, 400));
        break;
    default:
        break;
    }
    scene->registers.device_table =
        base | size |
        scene_maybe(scene, 20, random_u64(&scene->random) & UINT64_C(0xfff0000000000e00));
    static const uint16_t edges[5] = {0, 127, 128, 0xffff, 1};
    for (unsigned i = 0; i < SCENE_DEVICES; i++) {
        uint64_t any = scene_below(scene, scene_percent(scene, 70) ? (size + 1) * 128 : 65536);
        scene->device[i] = i < 5 && scene_percent(scene, 40) ? edges[i] : (uint16_t)any;
    }
    scene->device[5] = (uint16_t)((size + 1) * 128 - 1);
    scene->device[6] = (uint16_t)((size + 1) * 128);
}

static void domains_make(struct scene *scene)
{
    uint16_t step = (uint16_t)(1 + scene_below(scene, 4096));
    uint16_t id = (uint16_t)scene_below(scene, 0x8000);

    for (unsigned i = 0; i < SCENE_DOMAINS; i++) {
        struct scene_domain *domain = &scene->domain[i];
        domain->id = (uint16_t)(id + i * step);
        domain->mode = 1 + (unsigned)scene_below(scene, 6);
        domain->root = scene_fresh_table(scene);
        if (i == SCENE_DOMAINS - 1 && scene_percent(scene, 50)) { /* the tables of another */
            *domain =
                (struct scene_domain){domain->id, scene->domain[0].mode, scene->domain[0].root};
        } else if (i == SCENE_DOMAINS - 2 && scene_percent(scene, 15)) { /* no tables */
            domain->root = scene_percent(scene, 50) ? BAD_PAGE : MACHINE_MEMORY_BYTES;
        } else {
            scene_grow(scene, domain->root, domain->mode);
        }
    }
}

static void digits_choose(struct scene *scene)
{
    for (unsigned level = 1; level <= 6; level++) {
        uint64_t count = level == 6 ? 128 : 512;
        scene->digit[level][0] = scene_percent(scene, 60) ? 0 : (unsigned)scene_below(scene, count);
        scene->digit[level][1] = (unsigned)(count - 1);
        scene->digit[level][2] = (unsigned)scene_below(scene, count);
        scene->digit[level][3] = (scene->digit[level][2] ^ 1) & (unsigned)(count - 1);
    }
    if (scene_percent(scene, 35)) { /* so that the interrupt range is in the tables */
        scene->digit[3][2] = 3;
        scene->digit[2][2] = 0x1f7;
        scene->digit[1][0] = 0;
    } else if (scene_percent(scene, 70)) { /* or another special one */
        uint64_t special = scene_special_address(scene);
        for (unsigned level = 1; level <= 4; level++) {
            scene->digit[level][level == 4 ? 0 : 2] = scene_level_index(level, special);
            scene->digit[level][3] = scene->digit[level][2] ^ 1;
        }
        scene->digit[5][0] = 0;
        scene->digit[6][0] = 0;
    }
}

/* The memory of the last scene: zero again what this one may not write. */
static void memory_clear(struct scene *scene, const uint16_t device[SCENE_DEVICES])
{
    static const uint64_t zero[4];

    if (scene->registers.memory != NULL) {
        for (unsigned i = 0; i < SCENE_DEVICES; i++) {
            scene_dte_store(scene, device[i], zero);
        }
    }
    memset(scene->machine->memory + TABLE_POOL, 0, 4096 * (size_t)TABLES);
    memset(scene->machine->memory + VECTOR_POOL, 0, VECTOR_BYTES * (size_t)VECTOR_TABLES);
}

void scene_start(struct scene *scene, struct machine *machine,
                 const struct amdvi_features *features, uint64_t seed, bool tree)
{
    uint64_t word[4];

    scene->machine = machine;
    scene->recording = NULL;
    memory_clear(scene, scene->device);
    random_start(&scene->random, seed);
    scene->tree = tree;
    scene->tables = 0;
    scene->dmas = 0;
    scene->msis = 0;
    amdvi_iommu_reset(machine->iommu);
    scene->registers = (struct oracle_machine){.memory = machine->memory,
                                               .memory_bytes = MACHINE_MEMORY_BYTES,
                                               .bad_page = BAD_PAGE,
                                               .ht_tunnel = features->ht_tunnel,
                                               .ht_ats_resv = features->ht_ats_resv};
    digits_choose(scene);
    domains_make(scene);
    vectors_fill(scene);
    device_table_choose(scene);
    for (unsigned i = 0; i < SCENE_DEVICES; i++) {
        scene_any_dte(scene, i, word);
        scene_dte_store(scene, scene->device[i], word);
    }
    if (scene_percent(scene, 30)) { /* a page that is in use */
        uint64_t table = TABLE_POOL + 4096 * scene_below(scene, scene->tables);
        uint64_t entry = scene_dte_spa(scene, scene->device[scene_below(scene, SCENE_DEVICES)]);
        scene->registers.bad_page =
            scene_percent(scene, 70) || entry >= MACHINE_MEMORY_BYTES ? table : entry & PAGE_MASK;
    }
    machine->bad_page = scene->registers.bad_page;
    write_register(scene, 0x00, scene->registers.device_table);
    write_register(scene, 0x08, MACHINE_COMMANDS | (UINT64_C(8) << 56));
    write_register(scene, 0x10, MACHINE_EVENTS | (UINT64_C(8) << 56));
    scene_exclusion(scene);
    scene_control(scene, true, true);
}
