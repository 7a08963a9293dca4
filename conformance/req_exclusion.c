/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Exclusion range. */
#include "requirement.h"

static const struct requirement list[] = {
    LIST_END,
};

const struct requirement_area area_exclusion = {"EXC", "Exclusion range", list};
