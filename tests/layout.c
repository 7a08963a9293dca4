/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the host keeps the guest's memory, in the differential test. */
#define _GNU_SOURCE /* memfd_create() */

#include "layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES UINT64_C(4096)

enum page_kind {
    PAGE_USUAL,
    PAGE_HOLE,
    PAGE_READ_ONLY,
    PAGE_CUT, /* a run ends in it */
};

static void must(bool held)
{
    if (!held) {
        perror("layout");
        exit(2);
    }
}

static void allow(uint8_t *place, uint64_t spa, uint64_t size_bytes, bool is_there)
{
    must(mprotect(place + spa, size_bytes, is_there ? PROT_READ | PROT_WRITE : PROT_NONE) == 0);
}

static void *host_map(void *ctx, uint64_t spa, bool write, uint64_t *run_bytes)
{
    struct layout *layout = ctx;
    void (*meanwhile)(void *ctx) = layout->meanwhile;

    layout->meanwhile = NULL;
    if (meanwhile != NULL) {
        meanwhile(layout->meanwhile_ctx);
    }
    return layout_map(layout, spa, write, run_bytes);
}

void layout_start(struct layout *layout, struct machine *machine)
{
    int file = memfd_create("guest memory", 0);

    must(file >= 0 && ftruncate(file, (off_t)MACHINE_MEMORY_BYTES) == 0);
    must(mmap(machine->memory, MACHINE_MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
              file, 0) == machine->memory);
    for (unsigned i = 0; i < 2; i++) {
        void *place = mmap(NULL, MACHINE_MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        must(place != MAP_FAILED);
        layout->place[i] = place;
    }
    close(file);
    layout->machine = machine;
    machine->map = host_map;
    machine->map_ctx = layout;
}

void layout_stop(struct layout *layout)
{
    for (unsigned i = 0; i < 2; i++) {
        munmap(layout->place[i], MACHINE_MEMORY_BYTES);
    }
}

static uint64_t any_salt(struct random_source *random)
{
    return random_percent(random, 50) ? random_u64(random) | 1 : 0;
}

void layout_begin(struct layout *layout, struct random_source *random)
{
    bool is_odd = random_percent(random, 60);

    memset(layout->at, 0, sizeof(layout->at));
    allow(layout->place[0], 0, MACHINE_MEMORY_BYTES, true);
    allow(layout->place[1], 0, MACHINE_MEMORY_BYTES, false);
    for (unsigned i = 0; i < LAYOUT_PIECES; i++) {
        layout->salt[i] = is_odd ? any_salt(random) : 0;
    }
}

bool layout_is_odd(const struct layout *layout)
{
    uint64_t any = 0;

    for (unsigned i = 0; i < LAYOUT_PIECES; i++) {
        any |= layout->salt[i];
    }
    return any != 0;
}

void layout_move(struct layout *layout, struct random_source *random, uint64_t *spa,
                 uint64_t *size_bytes)
{
    bool is_odd = layout_is_odd(layout);
    unsigned first = (unsigned)random_below(random, LAYOUT_PIECES);
    unsigned count = 1 + (unsigned)random_below(random, LAYOUT_PIECES - first);

    *spa = LAYOUT_PIECE_BYTES * first;
    *size_bytes = LAYOUT_PIECE_BYTES * count;
    for (unsigned i = first; i < first + count; i++) {
        allow(layout->place[layout->at[i]], LAYOUT_PIECE_BYTES * i, LAYOUT_PIECE_BYTES, false);
        layout->at[i] ^= 1;
        allow(layout->place[layout->at[i]], LAYOUT_PIECE_BYTES * i, LAYOUT_PIECE_BYTES, true);
        layout->salt[i] = is_odd ? any_salt(random) : 0;
    }
}

/* What the page of @spa is like; where a run ends in it, of PAGE_CUT. */
static enum page_kind kind_of(const struct layout *layout, uint64_t spa, uint64_t *cut)
{
    uint64_t salt = layout->salt[spa / LAYOUT_PIECE_BYTES];
    uint64_t bad_page = layout->machine->bad_page;

    if (bad_page != 0 && spa / PAGE_BYTES == bad_page / PAGE_BYTES) {
        return PAGE_HOLE; /* what cannot be read has no pointer */
    }
    if (salt == 0) {
        return PAGE_USUAL;
    }
    uint64_t state = salt ^ (spa / PAGE_BYTES);
    uint64_t hash = random_mix(&state);
    *cut = 1 + (hash >> 8) % (PAGE_BYTES - 1);
    switch (hash % 16) {
    case 0:
        return PAGE_HOLE;
    case 1:
    case 2:
        return PAGE_READ_ONLY;
    case 3:
    case 4:
        return PAGE_CUT;
    default:
        return PAGE_USUAL;
    }
}

/* Where the run of @spa ends as far as its page goes; @spa itself when there is no pointer. */
static uint64_t end_in_page(const struct layout *layout, uint64_t spa, bool write)
{
    uint64_t page = spa & ~(PAGE_BYTES - 1);
    uint64_t cut = 0;

    switch (kind_of(layout, spa, &cut)) {
    case PAGE_HOLE:
        return spa;
    case PAGE_READ_ONLY:
        return write ? spa : page + PAGE_BYTES;
    case PAGE_CUT:
        return spa < page + cut ? page + cut : page + PAGE_BYTES;
    case PAGE_USUAL:
        break;
    }
    return page + PAGE_BYTES;
}

void *layout_map(void *ctx, uint64_t spa, bool write, uint64_t *run_bytes)
{
    const struct layout *layout = ctx;

    if (layout == NULL || spa >= MACHINE_MEMORY_BYTES) {
        return NULL;
    }
    uint64_t left = MACHINE_MEMORY_BYTES - spa;
    uint64_t limit = spa + (*run_bytes < left ? *run_bytes : left);
    uint8_t place = layout->at[spa / LAYOUT_PIECE_BYTES];
    uint64_t end = spa;
    bool goes_on = true;
    while (end < limit && goes_on && layout->at[end / LAYOUT_PIECE_BYTES] == place) {
        uint64_t next = end_in_page(layout, end, write);
        goes_on = next % PAGE_BYTES == 0 && next != end;
        end = next;
    }
    if (end == spa) {
        return NULL;
    }
    *run_bytes = (end < limit ? end : limit) - spa;
    return layout->place[place] + spa;
}
