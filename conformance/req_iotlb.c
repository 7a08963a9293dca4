/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements: INVALIDATE_IOTLB_PAGES and timeouts. */
#include "requirement.h"

static const struct requirement list[] = {
    LIST_END,
};

const struct requirement_area area_iotlb = {"IOT", "INVALIDATE_IOTLB_PAGES and timeouts", list};
