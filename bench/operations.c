/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What instructions are counted of, under valgrind: prepare, then N times. The difference of two N
 * is what the operations alone take, calls, translation and release included; the operation "empty"
 * is the loop around them.
 */
#include "load.h"

#include <amdvi/command.h>

#include <string.h>

static void prepare_nothing(struct load *load)
{
    (void)load;
}

static void prepare_one(struct load *load)
{
    load_warm(load, load_pointer);
}

static void prepare_large(struct load *load)
{
    load_pointer_large(load, 4 * LOAD_RANDOM);
}

static void prepare_miss(struct load *load)
{
    load_select(load, LOAD_SCATTERED, LOAD_PAGES, 4096);
    load_warm(load, load_pointer_next);
}

static void prepare_textbook_miss(struct load *load)
{
    load_select(load, LOAD_SCATTERED, LOAD_PAGES, 4096);
    load_warm(load, load_textbook_pointer_next);
}

static void prepare_buffer(struct load *load, uint64_t iova)
{
    load_select(load, iova, 1, LOAD_BUFFER_PAGES * 4096);
    load_warm(load, load_segments);
}

static void prepare_buffers(struct load *load, uint64_t iova)
{
    load_select(load, iova, LOAD_PAGES / LOAD_BUFFER_PAGES, LOAD_BUFFER_PAGES * 4096);
    load_warm(load, load_segments_next);
}

static void prepare_scattered(struct load *load)
{
    prepare_buffer(load, LOAD_SCATTERED);
}

static void prepare_joined(struct load *load)
{
    prepare_buffer(load, LOAD_JOINED);
}

static void prepare_scattered_miss(struct load *load)
{
    prepare_buffers(load, LOAD_SCATTERED);
}

static void prepare_joined_miss(struct load *load)
{
    prepare_buffers(load, LOAD_JOINED);
}

static void prepare_remap(struct load *load)
{
    load_remap(load, 2);
}

static void prepare_commands(struct load *load)
{
    load_translate(load, LOAD_FILL, 1024);
    load_ring_pages(load, false);
}

static void prepare_commands_pde(struct load *load)
{
    load_translate(load, LOAD_FILL, 1024);
    load_ring_pages(load, true);
}

static void prepare_waits(struct load *load)
{
    load_translate(load, LOAD_FILL, 1024);
    load_ring_waits(load);
}

static void prepare_domain(struct load *load)
{
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
                                    .domain_id = LOAD_DOMAIN,
                                    .size = true,
                                    .address = UINT64_MAX & AMDVI_INV_PAGES_ADDRESS};

    load_translate(load, LOAD_VICTIMS, SCENE_RING_ENTRIES);
    load_ring_fill(load, &command);
}

static void prepare_device(struct load *load)
{
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY,
                                    .device_id = LOAD_DEVICE};

    load_translate(load, LOAD_ONE, 1);
    load_ring_fill(load, &command);
}

/* Invalidate pages that were just translated: what is counted is both. */
static void refill_commands(void *what, unsigned count)
{
    struct load *load = what;

    for (unsigned done = 0; done < count; done += LOAD_BATCH) {
        unsigned next = load->scene.tail;

        load_translate(load, LOAD_VICTIMS + next * UINT64_C(4096), LOAD_BATCH);
        scene_tell(&load->scene, LOAD_BATCH);
    }
}

static void prepare_refill(struct load *load)
{
    load_ring_pages(load, false);
}

const struct operation operations[] = {
    {"empty", "the loop around each of the others", prepare_nothing, bench_empty, false},
    {"hit", "translate one page to a host pointer, release", prepare_one, load_pointer, false},
    {"hit-translate", "amdvi_iommu_translate of one page, release", prepare_one, load_full, false},
    {"hit-large", "random 4 KiB in 1 GiB of 2 MiB pages", prepare_large, load_pointer_large, false},
    {"miss", "the same as hit, walking four levels", prepare_miss, load_pointer_next, false},
    {"buffer-scattered", "64 KiB to 16 segments, hits", prepare_scattered, load_segments, false},
    {"buffer-joined", "64 KiB to one segment, hits", prepare_joined, load_segments, false},
    {"buffer-scattered-miss", "64 KiB to 16 segments, misses", prepare_scattered_miss,
     load_segments_next, false},
    {"buffer-joined-miss", "64 KiB to one segment, misses", prepare_joined_miss, load_segments_next,
     false},
    {"remap", "remap one interrupt, release", prepare_remap, load_remap, false},
    {"invalidate", "one page, not cached, 128 commands for each write", prepare_commands,
     load_commands, true},
    {"invalidate-pde", "the same with PDE=1: directories, too", prepare_commands_pde, load_commands,
     true},
    {"translate-invalidate", "miss, and invalidate it, 128 at a time", prepare_refill,
     refill_commands, false},
    {"invalidate-domain", "all pages of the domain, 128 for each write", prepare_domain,
     load_commands, true},
    {"invalidate-device", "one device table entry, 128 for each write", prepare_device,
     load_commands, true},
    {"wait", "write, invalidate one page, COMPLETION_WAIT with store", prepare_waits, load_waits,
     true},
    {"textbook-hit", "the comparator's hit", prepare_one, load_textbook_pointer, false},
    {"textbook-miss", "the comparator's miss", prepare_textbook_miss, load_textbook_pointer_next,
     false},
};
const unsigned operation_count = sizeof(operations) / sizeof(operations[0]);

/* Going offline and online is counted once with each N, so not in their difference. */
static void run(const struct operation *operation, struct load *load, unsigned count)
{
    if (operation->offline) {
        amdvi_reader_offline(load->reader);
    }
    operation->run(load, count);
    if (operation->offline) {
        scene_check_idle(&load->scene);
        amdvi_reader_online(load->reader);
    }
}

bool operation_run(const char *name, unsigned count)
{
    struct scene_options options = {0};

    for (unsigned i = 0; i < operation_count; i++) {
        if (strcmp(operations[i].name, name) == 0) {
            struct load *load = load_open(&options);

            operations[i].prepare(load);
            run(&operations[i], load, count);
            load_close(load);
            return true;
        }
    }
    return false;
}
