/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of caches share: a page that was just used, and where requests for it go since. */
#ifndef CONFORMANCE_CACHES_H
#define CONFORMANCE_CACHES_H

#include "entries.h"

/* Where a posted write of rig->device lands: 1 at @first, 2 at @second, 0 at neither. */
static inline unsigned lands(struct rig *rig, uint64_t iova, uint64_t first, uint64_t second)
{
    uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct target_request request = request_of(rig, TARGET_WRITE, iova);

    request.data = data;
    rig_store64(rig, first, 0);
    rig_store64(rig, second, 0);
    rig->target->ops->request(rig->target, &request);
    unsigned at_first = rig_load64(rig, first) != 0;
    unsigned at_second = rig_load64(rig, second) != 0;
    CHECK(!(at_first && at_second));
    return at_first ? 1 : at_second ? 2 : 0;
}

/* Two pages, the first mapped at @iova and just used. */
struct pair {
    uint64_t old;
    uint64_t new;
    uint64_t at; /* of the entry */
};

static inline struct pair use_page(struct rig *rig, unsigned mode, uint64_t iova)
{
    struct pair pair = {lone_page(rig), lone_page(rig), 0};

    rig_enable(rig);
    rig_attach(rig, mode);
    rig_map(rig, iova, pair.old, 12, RIG_RW);
    pair.at = rig_entry_at(rig, rig->root, mode, iova, 1);
    RIG_READS(rig, iova, pair.old, 8);
    RIG_WRITES(rig, iova, pair.old, 8);
    return pair;
}

#endif
