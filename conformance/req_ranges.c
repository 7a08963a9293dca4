/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Special address ranges. */
#include "requirement.h"

static const struct requirement list[] = {
    LIST_END,
};

const struct requirement_area area_ranges = {"ADR", "Special address ranges", list};
