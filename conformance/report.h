/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes out: TAP, the JSON result, and the comparison with an expectation file. */
#ifndef CONFORMANCE_REPORT_H
#define CONFORMANCE_REPORT_H

#include "run.h"

struct report;

/* @ours: legal outcomes are compared with our choices, too.
 * @expect: a file of expectations, or NULL: then everything is expected to pass that is tested. */
struct report *report_begin(const char *target, bool ours, const char *expect, bool recorded,
                            bool terse, size_t count);
/* One line of TAP, and what is to be said about it. */
void report_print(struct report *report, const struct result *result);
/* @whole: all requirements were run, so expectations of unknown ids are wrong. Frees @report.
 * Returns whether the result is as it must be. */
bool report_end(struct report *report, bool whole);

bool report_json(const char *path, const char *target, const struct result *results, size_t count);
void report_list(const struct requirement *const *list, size_t count, bool json);

#endif
