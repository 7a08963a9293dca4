/* SPDX-License-Identifier: BSD-2-Clause */
/* What the second copy of the driver, all of whose names have a prefix, is asked to do. */
#ifndef DRIVER_TESTS_SECOND_COPY_H
#define DRIVER_TESTS_SECOND_COPY_H

#include <stddef.h>
#include <stdint.h>

/* A host as of drv_host.h. Each returns NULL or 0 on failure. */
void *second_copy_start(const void *host, const void *table, size_t table_bytes);
int second_copy_map(void *instance, uint16_t device_id, uint64_t iova, uint64_t spa);
int second_copy_stop(void *instance);

#endif
