/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layouts of revision 1.20, stated a second time: what the four test programs share.
 *
 * Every position, value and byte in them was typed from the architecture reference by somebody who
 * had not looked at the headers. Two transcriptions that agree, and that tile the word with no gap
 * and no overlap, are hard to get wrong in the same way.
 */
#ifndef ARCH_TESTS_LAYOUT_H
#define ARCH_TESTS_LAYOUT_H

#include <amdvi/cap.h>
#include <amdvi/command.h>
#include <amdvi/dte.h>
#include <amdvi/event.h>
#include <amdvi/irte.h>
#include <amdvi/pte.h>
#include <amdvi/ranges.h>
#include <amdvi/regs.h>
#include "check.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One row of a figure. A field in several pieces has one row for each, all with its name. */
struct layout_row {
    unsigned hi;
    unsigned lo;
    uint64_t field;
    const char *name; /* NULL: bits of the figure for which the headers have no name */
};

/* clang-format off */
#define ROW(hi, lo, field) {hi, lo, field, #field}
#define GAP(hi, lo)        {hi, lo, 0, NULL}
/* clang-format on */

/* Made bit by bit, so that a mistake in the headers' own mask builder shows. */
static inline uint64_t bits(unsigned hi, unsigned lo)
{
    uint64_t mask = 0;

    for (unsigned bit = lo; bit <= hi && bit < 64; bit++) {
        mask |= UINT64_C(1) << bit;
    }
    return mask;
}

/* CHECK_U64 that says which row of a table it was. */
static inline bool check_row(const char *row, uint64_t got, uint64_t want)
{
    bool held = CHECK_U64(got, want);

    if (!held) {
        printf("#   in row: %s\n", row);
    }
    return held;
}

/* All the bits that the rows called @name give to it. */
static uint64_t bits_named(const char *name, const struct layout_row *rows, size_t count)
{
    uint64_t mask = 0;

    for (size_t i = 0; i < count; i++) {
        if (rows[i].name != NULL && strcmp(rows[i].name, name) == 0) {
            mask |= bits(rows[i].hi, rows[i].lo);
        }
    }
    return mask;
}

/* Each field is where its rows say, and the rows cover bits width-1:0 exactly once. */
static inline void check_tiles(unsigned width, const struct layout_row *rows, size_t count)
{
    uint64_t covered = 0;

    for (size_t i = 0; i < count; i++) {
        const struct layout_row *row = &rows[i];
        const char *name = row->name != NULL ? row->name : "(reserved)";
        uint64_t mask = bits(row->hi, row->lo);

        CHECK(row->lo <= row->hi && row->hi < width);
        check_row(name, covered & mask, 0);
        covered |= mask;
        if (row->name != NULL) {
            check_row(name, row->field, bits_named(row->name, rows, count));
        }
    }
    check_row("all rows together", covered, bits(width - 1, 0));
}

#define CHECK_TILES_32(rows) check_tiles(32, rows, COUNT(rows))
#define CHECK_TILES_64(rows) check_tiles(64, rows, COUNT(rows))

#endif
