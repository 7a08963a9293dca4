/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is done, over and over, to be timed or counted: the same functions for both. A load is a
 * scene with all the mappings that any of them needs, the comparator over the same memory, and
 * where in them the function is.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "measure.h"
#include "scene.h"
#include "textbook.h"

#define LOAD_DEVICE UINT16_C(0x0810)
#define LOAD_DOMAIN UINT16_C(7)

/* Where the mappings of the device begin, and how many pages of 4 KiB each has. */
#define LOAD_ONE       UINT64_C(0x0010000000) /* one page */
#define LOAD_SCATTERED UINT64_C(0x0100000000) /* no two adjacent ones are so in memory */
#define LOAD_JOINED    UINT64_C(0x0200000000) /* all adjacent in memory */
#define LOAD_VICTIMS   UINT64_C(0x0300000000) /* pages that the commands of the ring invalidate */
#define LOAD_FILL      UINT64_C(0x0400000000) /* pages that fill the cache */
#define LOAD_LARGE     UINT64_C(0x4000000000) /* 1 GiB of pages of 2 MiB */

#define LOAD_PAGES        32768U /* of SCATTERED and JOINED */
#define LOAD_FILL_PAGES   65536U
#define LOAD_BUFFER_PAGES 16U /* of a buffer of 64 KiB */
#define LOAD_BATCH        128U
#define LOAD_RANDOM       1024U

struct load {
    struct calibration calibration;
    struct scene scene;
    struct textbook *textbook;
    struct amdvi_reader *reader;
    uint64_t root;
    uint64_t data; /* that the next COMPLETION_WAIT stores */
    /* Which part of the mappings is accessed. */
    uint16_t device_id;
    uint64_t iova;
    uint64_t size_bytes; /* of a buffer */
    uint32_t mask;       /* pages or buffers less one, a power of two less one */
    uint32_t position;   /* the last one of the sequence: the library's, and the comparator's */
    uint32_t textbook_position;
    uint32_t walk_position; /* of the bare walk */
    unsigned fill;          /* pages of LOAD_FILL in the cache */
    uint32_t random[LOAD_RANDOM];
    _Alignas(4096) uint8_t buffer[4096];
};

struct load *load_open(const struct scene_options *options);
void load_close(struct load *load);

/* Access the pages at @iova from now on: @count (a power of two) in turn, in an order of chance. */
void load_select(struct load *load, uint64_t iova, uint32_t count, uint64_t size_bytes);

/* Go through all of them once, so that the caches are full of them. */
void load_warm(struct load *load, bench_run *run);

/* The ring holds nothing but invalidations of victims, one page each; with PDE=1 if @directories.
 */
void load_ring_pages(struct load *load, bool directories);
/* The same with a COMPLETION_WAIT after each. */
void load_ring_waits(struct load *load);
/* Nothing but @command. */
void load_ring_fill(struct load *load, const struct amdvi_command *command);

/* The pages of @iova, @count of them in order, are translated once. Ours and the comparator's. */
void load_translate(struct load *load, uint64_t iova, unsigned count);

/* Of these, how many were found in the cache. */
unsigned load_hits(struct load *load, uint64_t iova, unsigned count);

/* The next of the sequence: all of 0 to mask once, in an order of chance, then again. */
static inline uint64_t load_next(uint32_t *position, uint32_t mask)
{
    *position = (*position * 1664525U + 1013904223U) & mask;
    return *position;
}

/* ---- What is done. The load of each is a struct load. -------------------------------------- */

bench_run load_pointer;       /* one page: translate to a host pointer, and release */
bench_run load_pointer_next;  /* the same, another page of the selection each time */
bench_run load_pointer_large; /* the same, at random in LOAD_LARGE */
bench_run load_pointer_mixed; /* one page of 4 KiB and one of 2 MiB, in turn */
bench_run load_pointer_copy;  /* one page, and its 4 KiB are copied */
bench_run load_full;          /* one page: amdvi_iommu_translate(), and release */
bench_run load_segments;      /* one buffer to segments, and release */
bench_run load_segments_next; /* the same, another buffer of the selection each time */
bench_run load_remap;         /* one interrupt, and release */
bench_run load_commands;      /* @count commands, told in batches of LOAD_BATCH */
bench_run load_waits;         /* invalidation and COMPLETION_WAIT, told by one write */

bench_run load_textbook_pointer;
bench_run load_textbook_pointer_next;
bench_run load_textbook_pointer_large;
bench_run load_textbook_copy;
bench_run load_textbook_segments;
bench_run load_textbook_segments_next;
bench_run load_textbook_remap;
bench_run load_textbook_commands;
bench_run load_textbook_waits;

/* ---- By name, for counting instructions ------------------------------------------------------ */

struct operation {
    const char *name;
    const char *what;
    void (*prepare)(struct load *load);
    bench_run *run;
    bool offline; /* no reader is online: nothing has to be waited for */
};

extern const struct operation operations[];
extern const unsigned operation_count;

/* Prepare, and do it @count times. False when there is no such operation. */
bool operation_run(const char *name, unsigned count);

#endif
