/* SPDX-License-Identifier: BSD-2-Clause */
/* The mappings that everything measured needs, and rings full of commands. */
#define _ISOC11_SOURCE /* aligned_alloc */

#include "load.h"

#include <amdvi/command.h>
#include <amdvi/pte.h>

#include <stdlib.h>
#include <string.h>

#define LARGE_LOG2    21
#define LARGE_PAGES   512U
#define MEMORY_LARGE  (SCENE_PAGES + UINT64_C(0x40000000))
#define MEMORY_JOINED (SCENE_PAGES + UINT64_C(0x80000000))

/* Every second page of memory, in another order: no two of them touch. */
static void map_scattered(struct scene *scene, uint64_t root, uint64_t iova, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t page = (uint64_t)i * 40503 % LOAD_FILL_PAGES;

        scene_map(scene, root, iova + i * UINT64_C(4096), SCENE_PAGES + page * 8192,
                  AMDVI_PAGE_LOG2);
    }
}

static void map_all(struct load *load)
{
    struct scene *scene = &load->scene;

    load->root = scene_table(scene);
    scene_attach(scene, LOAD_DEVICE, LOAD_DOMAIN, load->root);
    map_scattered(scene, load->root, LOAD_ONE, 1);
    map_scattered(scene, load->root, LOAD_SCATTERED, LOAD_PAGES);
    map_scattered(scene, load->root, LOAD_VICTIMS, SCENE_RING_ENTRIES);
    map_scattered(scene, load->root, LOAD_FILL, LOAD_FILL_PAGES);
    for (uint64_t i = 0; i < LOAD_PAGES; i++) {
        scene_map(scene, load->root, LOAD_JOINED + i * 4096, MEMORY_JOINED + i * 4096,
                  AMDVI_PAGE_LOG2);
    }
    for (uint64_t i = 0; i < LARGE_PAGES; i++) {
        scene_map(scene, load->root, LOAD_LARGE + (i << LARGE_LOG2),
                  MEMORY_LARGE + ((i * 201 % LARGE_PAGES) << LARGE_LOG2), LARGE_LOG2);
    }
}

/* Places in LOAD_LARGE, of 4 KiB each. From a table: drawing them costs as much as translating. */
static void draw(struct load *load)
{
    uint64_t state = 88172645463325252;

    for (unsigned i = 0; i < LOAD_RANDOM; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        load->random[i] = (uint32_t)(state >> 40) % (LARGE_PAGES << (LARGE_LOG2 - AMDVI_PAGE_LOG2));
    }
}

static enum amdvi_memory_status textbook_write(void *ctx, uint64_t spa, const void *data,
                                               size_t size_bytes)
{
    struct scene *scene = ctx;

    memcpy(&scene->memory[spa], data, size_bytes);
    return AMDVI_MEMORY_OK;
}

struct load *load_open(const struct scene_options *options)
{
    struct load *load = aligned_alloc(4096, (sizeof(*load) + 4095) / 4096 * 4096);

    if (load == NULL) {
        abort();
    }
    memset(load, 0, sizeof(*load));
    scene_open(&load->scene, options);
    map_all(load);
    draw(load);
    struct textbook_host host = {
        .ctx = &load->scene,
        .read = scene_host_read,
        .write = textbook_write,
        .map = scene_host_map,
        .device_table = SCENE_DEVICE_TABLE,
        .commands = SCENE_COMMANDS,
        .ring_entries = SCENE_RING_ENTRIES,
    };
    struct amdvi_config config;
    amdvi_config_init(&config);
    unsigned pages = options->tlb_entries != 0 ? options->tlb_entries : config.tlb_entries;
    load->textbook = textbook_create(&host, pages + config.dte_entries + config.irte_entries);
    load->reader = load->scene.reader;
    load->device_id = LOAD_DEVICE;
    load->calibration.memory = load->scene.memory;
    load->calibration.root = load->root;
    load->calibration.iova = LOAD_ONE;
    load->calibration.from = &load->scene.memory[SCENE_PAGES];
    load->calibration.to = load->buffer;
    memset(&load->scene.memory[SCENE_PAGES], 1, 4096);
    load_select(load, LOAD_ONE, 1, 4096);
    return load;
}

void load_close(struct load *load)
{
    textbook_destroy(load->textbook);
    scene_close(&load->scene);
    free(load);
}

void load_select(struct load *load, uint64_t iova, uint32_t count, uint64_t size_bytes)
{
    load->iova = iova;
    load->mask = count - 1;
    load->size_bytes = size_bytes;
    load->position = 0;
    load->textbook_position = 0;
}

void load_warm(struct load *load, bench_run *run)
{
    run(load, load->mask + 1);
    run(load, load->mask + 1);
}

static struct amdvi_command victim(unsigned number)
{
    return (struct amdvi_command){.opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
                                  .domain_id = LOAD_DOMAIN,
                                  .address = LOAD_VICTIMS + number * UINT64_C(4096)};
}

void load_ring_pages(struct load *load, bool directories)
{
    for (unsigned i = 0; i < SCENE_RING_ENTRIES; i++) {
        struct amdvi_command command = victim(i);

        command.pde = directories;
        scene_put_command(&load->scene, i, &command);
    }
}

/* Every wait stores its own number, so that the guest knows which one is done. */
void load_ring_waits(struct load *load)
{
    for (unsigned i = 0; i < SCENE_RING_ENTRIES; i += 2) {
        struct amdvi_command command = victim(i / 2);
        struct amdvi_command wait = {.opcode = AMDVI_OPCODE_COMPLETION_WAIT,
                                     .store = true,
                                     .store_address = SCENE_STORE,
                                     .store_data = i / 2};

        scene_put_command(&load->scene, i, &command);
        scene_put_command(&load->scene, i + 1, &wait);
    }
}

void load_ring_fill(struct load *load, const struct amdvi_command *command)
{
    for (unsigned i = 0; i < SCENE_RING_ENTRIES; i++) {
        scene_put_command(&load->scene, i, command);
    }
}

void load_translate(struct load *load, uint64_t iova, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t page = iova + i * UINT64_C(4096);

        if (amdvi_iommu_pointer(load->reader, load->device_id, page, 4096, AMDVI_ACCESS_READ) ==
            NULL) {
            abort();
        }
        amdvi_reader_release(load->reader);
    }
}

unsigned load_hits(struct load *load, uint64_t iova, unsigned count)
{
    struct amdvi_stats before;
    struct amdvi_stats after;

    amdvi_iommu_stats(load->scene.iommu, &before);
    load_translate(load, iova, count);
    amdvi_iommu_stats(load->scene.iommu, &after);
    return (unsigned)(after.tlb_hits - before.tlb_hits);
}
