/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the host keeps the guest's memory, for host->map of the differential test: in two places,
 * with pieces that move from the one to the other. The place that a piece is not at cannot be
 * accessed, so whoever follows an old pointer ends the program. In some scenes there are holes,
 * pages that the host does not let be written, and runs that end in the middle of a page.
 *
 * What map says of a byte depends on that byte only: a run is as long as there is a pointer.
 */
#ifndef TESTS_LAYOUT_H
#define TESTS_LAYOUT_H

#include <machine.h>
#include <random.h>

#define LAYOUT_PIECE_BYTES UINT64_C(0x200000)
#define LAYOUT_PIECES      (MACHINE_MEMORY_BYTES / LAYOUT_PIECE_BYTES)

struct layout {
    const struct machine *machine;
    uint8_t *place[2];
    uint8_t at[LAYOUT_PIECES];    /* which place */
    uint64_t salt[LAYOUT_PIECES]; /* of the odd pages of the piece; 0: there are none */
    /* If set, called once, when the library asks for a pointer: before it gets the answer. */
    void (*meanwhile)(void *ctx);
    void *meanwhile_ctx;
};

/* Put the memory of @machine, which is all zero, where it can be moved; and give it a map. */
void layout_start(struct layout *layout, struct machine *machine);
void layout_stop(struct layout *layout);

/* For a new scene: everything in one place, with odd pages or without. */
void layout_begin(struct layout *layout, struct random_source *random);

/* Move some pieces. The memory that this is about. */
void layout_move(struct layout *layout, struct random_source *random, uint64_t *spa,
                 uint64_t *size_bytes);

/* What host->map says. @layout NULL: there is none. */
void *layout_map(void *layout, uint64_t spa, bool write, uint64_t *run_bytes);

/* Are there odd pages anywhere? */
bool layout_is_odd(const struct layout *layout);

#endif
