/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Address translation services. */
#include "requirement.h"

static const struct requirement list[] = {
    LIST_END,
};

const struct requirement_area area_ats = {"ATS", "Address translation services", list};
