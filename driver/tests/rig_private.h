/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the rig share. */
#ifndef DRIVER_TESTS_RIG_PRIVATE_H
#define DRIVER_TESTS_RIG_PRIVATE_H

#include "rig.h"

/* Fill in rig->host, and take the arena. */
void rig_make_host(struct rig *rig);
/* Give the arena back, before what is held is counted. */
void rig_drop_arena(struct rig *rig);
/* Tell rig->changed. */
void rig_changed(struct rig *rig, enum rig_change what);

#endif
