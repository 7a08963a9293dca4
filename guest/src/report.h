/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * How a guest program talks to whoever watches the serial console: one line for each finding,
 * beginning with "@@". guest/host.sh reads these lines; a person can read them as well.
 */
#ifndef GUEST_REPORT_H
#define GUEST_REPORT_H

#include <stdbool.h>

/* "@@ ok NAME detail" or "@@ fail NAME detail"; NAME has no spaces. Returns `holds`. */
bool report(bool holds, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "@@ KIND detail": a fact for the watcher to judge. */
void tell(const char *kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reports a failure under NAME and ends the program with status 1. */
void give_up(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/* The status for main to return: 1 if any report so far did not hold. */
int report_status(void);

#endif
