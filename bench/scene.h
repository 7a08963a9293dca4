/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is measured: one IOMMU in a program that embeds it, guest memory with tables and rings that
 * software filled in, and nothing else. Guest memory is one mapping of SCENE_MEMORY_BYTES, and a
 * host pointer is an addition; only what is touched takes room.
 */
#ifndef BENCH_SCENE_H
#define BENCH_SCENE_H

#include <amdvi/iommu.h>

#include <stdatomic.h>

#define SCENE_MEMORY_BYTES    UINT64_C(0x200000000) /* 8 GiB */
#define SCENE_DEVICE_TABLE    UINT64_C(0x200000)    /* 2 MiB: 65536 entries */
#define SCENE_COMMANDS        UINT64_C(0x400000)    /* SCENE_RING_ENTRIES of 16 bytes */
#define SCENE_EVENTS          UINT64_C(0x500000)
#define SCENE_STORE           UINT64_C(0x600000) /* what a COMPLETION_WAIT stores */
#define SCENE_INTERRUPTS      UINT64_C(0x700000) /* one table of SCENE_INTERRUPT_COUNT entries */
#define SCENE_TABLES          UINT64_C(0x1000000)
#define SCENE_PAGES           UINT64_C(0x100000000) /* 4 GiB, that devices access */
#define SCENE_RING_LOG2       12
#define SCENE_RING_ENTRIES    (1U << SCENE_RING_LOG2)
#define SCENE_INTERRUPT_COUNT 256U
#define SCENE_LEVELS          4
#define SCENE_LINE_BYTES      64

struct scene_options {
    unsigned tlb_entries; /* 0: the default */
    unsigned readers;     /* 0: two */
};

struct scene {
    struct amdvi_iommu *iommu;
    struct amdvi_reader *reader; /* reader 0, online unless scene_offline() */
    uint8_t *memory;
    uint64_t next_table;
    unsigned tail;     /* index of the next command that the IOMMU is told of */
    _Atomic bool work; /* host->work was called */
};

void scene_open(struct scene *scene, const struct scene_options *options);
void scene_close(struct scene *scene);

/* Guest memory, for software that fills it in. */
uint64_t scene_read64(const struct scene *scene, uint64_t spa);
void scene_write64(struct scene *scene, uint64_t spa, uint64_t value);

/* The host's function that reads memory, for the comparator: @ctx is the scene. */
enum amdvi_memory_status scene_host_read(void *ctx, uint64_t spa, void *out, size_t size_bytes);
/* The host's function that maps memory. */
void *scene_host_map(void *ctx, uint64_t spa, bool write, uint64_t *run_bytes);

/* A zeroed table of 4 KiB. */
uint64_t scene_table(struct scene *scene);

/* Map the page of @size_log2 at @iova to @spa in the tables of SCENE_LEVELS levels at @root. */
void scene_map(struct scene *scene, uint64_t root, uint64_t iova, uint64_t spa, unsigned size_log2);

/* A device table entry: the tables at @root, and interrupts through the scene's table. */
void scene_attach(struct scene *scene, uint16_t device_id, uint16_t domain_id, uint64_t root);

/* The command at @index of the ring. */
struct amdvi_command;
void scene_put_command(struct scene *scene, unsigned index, const struct amdvi_command *command);

/* Tell the IOMMU of @count more commands, with one write; run what it leaves for later. */
void scene_tell(struct scene *scene, unsigned count);

/* What host->work asked for, if it did. Any thread that is not in a call with the IOMMU. */
void scene_work(struct scene *scene);

/* Ends the program unless all commands are done: a figure about work that was not done is wrong. */
void scene_check_idle(struct scene *scene);

#endif
