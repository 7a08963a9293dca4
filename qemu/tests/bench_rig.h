/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine that is measured, with either IOMMU: its tables, its ring of commands, and
 * amdvi-benchdev; and what is measured on it.
 */
#ifndef QEMU_TESTS_BENCH_RIG_H
#define QEMU_TESTS_BENCH_RIG_H

#include "../amdvi_bench_device.h"
#include "qtest_machine.h"

/* An IOMMU of QEMU's. */
struct bench_kind {
    const char *name;
    const char *option;
    uint64_t window; /* its registers */
    bool has_stats;  /* the property `stats` of amdvi */
};

/* The one that has goals, and the one that it is measured against. */
extern const struct bench_kind bench_kinds[2];

/* Which commands the ring is full of. */
enum bench_commands {
    COMMANDS_NONE,
    COMMANDS_FORGET,     /* invalidate the device's domain and wait: a step */
    COMMANDS_OTHER_PAGE, /* invalidate a page of a domain that no device is in */
    COMMANDS_PAGE,       /* invalidate the first page of the device's domain */
    COMMANDS_PAGE_WAIT,  /* the same and wait: a step */
    COMMANDS_WAIT,       /* COMPLETION_WAIT with a store */
};

enum bench_pages {
    PAGES_TOGETHER, /* neighbours */
    PAGES_APART,    /* each in a table of its own */
    PAGES_DIRECT,   /* memory, without an IOMMU */
};

struct bench_row {
    const char *text;
    unsigned goal_one_in; /* of the other's time at most; 0: no goal */
    enum benchdev_command what;
    enum bench_commands commands;
    unsigned step; /* commands in one write of the tail */
    unsigned each; /* of these are one operation */
    enum benchdev_access access;
    enum bench_pages where;
    unsigned pages;
    unsigned rounds;
    unsigned length; /* bytes */
};

extern const struct bench_row bench_rows[];
extern const unsigned bench_rows_count;

/* Start the machine and program the IOMMU. */
void bench_start(const struct bench_kind *kind);
/* Does DMA go where it should, and is what is cached what should be? Says what not. */
bool bench_check(void);
/* Nanoseconds of one operation, NAN if something went wrong in between. */
double bench_measure(const struct bench_row *row, unsigned trials);

#endif
