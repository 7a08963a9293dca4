/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A scene for the differential test: device table, page tables, interrupt tables and registers made
 * of random numbers that look like what software writes, with defects strewn in; and changes of it,
 * each with the commands that software has to send after it. Whatever is in a scene is legal for an
 * IOMMU to cache: devices of one domain share their tables, and the copies of an entry that
 * NextLevel=7 asks for are equal.
 *
 * Like the oracle it names bits by number and uses nothing of arch/ or device/ but the machine.
 */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

#include "oracle.h"

#include <machine.h>
#include <random.h>

#define SCENE_DEVICES  12
#define SCENE_DOMAINS  7
#define SCENE_DIGITS   4
#define SCENE_STORES   1024
#define SCENE_COMMANDS 64
#define SCENE_ASKED    16

/* One 64-bit word of memory that was changed. */
struct scene_store {
    uint64_t spa;
    uint64_t before;
    uint64_t after;
};

enum scene_change_kind {
    SCENE_CHANGE_PAGE,      /* an entry of a page table, with its copies */
    SCENE_CHANGE_DEVICE,    /* a device table entry */
    SCENE_CHANGE_INTERRUPT, /* an entry of an interrupt table */
};

struct scene_change {
    enum scene_change_kind kind;
    unsigned stores;
    struct scene_store store[SCENE_STORES];
    unsigned commands; /* 0: software need not say anything */
    uint64_t command[SCENE_COMMANDS][2];
    bool at_once;       /* NpCache=0: nothing was there that a cache could have kept */
    uint16_t device_id; /* that sees it */
    uint64_t iova;      /* where, for a page */
    unsigned iova_log2;
    uint32_t data; /* which, for an interrupt: delivery mode and vector */
};

struct scene_domain {
    uint16_t id;
    unsigned mode;
    uint64_t root;
};

/* What was asked last, and so may be cached: changes are rather made there. */
struct scene_asked {
    uint16_t device_id;
    uint64_t iova;
    uint32_t data;
};

struct scene {
    struct random_source random;
    struct machine *machine;
    struct oracle_machine registers; /* as written, and memory */
    bool tree;                       /* a table is reached in one way only */
    unsigned tables;                 /* of the pool, used */
    unsigned digit[7][SCENE_DIGITS]; /* for each level, the indices in use */
    struct scene_domain domain[SCENE_DOMAINS];
    uint16_t device[SCENE_DEVICES];
    struct scene_asked dma[SCENE_ASKED];
    struct scene_asked msi[SCENE_ASKED];
    unsigned dmas;
    unsigned msis;
    struct scene_change *recording; /* stores go here too, when not NULL */
};

/* Reset the IOMMU, which has @features; make a scene from @seed, program the IOMMU with it. */
void scene_start(struct scene *scene, struct machine *machine,
                 const struct amdvi_features *features, uint64_t seed, bool tree);

uint64_t scene_dte_spa(const struct scene *scene, uint16_t device_id);

/* An address at an edge of, or anywhere in, one of the special address ranges. */
uint64_t scene_special_address(struct scene *scene);

/* What a request could be: mostly what the scene has. */
uint16_t scene_device(struct scene *scene);
uint64_t scene_iova(struct scene *scene, uint16_t device_id);
uint32_t scene_data(struct scene *scene, uint16_t device_id);

/* A request was made, by the harness's own choice. */
void scene_note_dma(struct scene *scene, uint16_t device_id, uint64_t iova);
void scene_note_msi(struct scene *scene, uint16_t device_id, uint32_t data);

/* New exclusion registers, written; no command is needed. */
void scene_exclusion(struct scene *scene);

/* Write IommuEn and EventLogEn, with random other bits that mean nothing to the answers. */
void scene_control(struct scene *scene, bool enabled, bool log);

/*
 * Change one thing. @single: so that with any caches an answer is that of before or that of after.
 * False when nothing was changed.
 */
bool scene_change(struct scene *scene, bool single, struct scene_change *change);

/* Put memory back to before the change, and forward again. */
void scene_undo(const struct scene *scene, const struct scene_change *change);
void scene_redo(const struct scene *scene, const struct scene_change *change);

#endif
