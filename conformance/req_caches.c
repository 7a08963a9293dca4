/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Caches and invalidation. */
#include "requirement.h"

static const struct requirement list[] = {
    LIST_END,
};

const struct requirement_area area_caches = {"TLB", "Caches and invalidation", list};
