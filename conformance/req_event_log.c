/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: Event log. */
#include "requirement.h"

static const struct requirement list[] = {
    LIST_END,
};

const struct requirement_area area_event_log = {"LOG", "Event log", list};
