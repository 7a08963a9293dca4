/* SPDX-License-Identifier: BSD-2-Clause */
/* The second copy of the driver in one program: compiled, as it is, with drv_prefix.h. */
#include "second_copy.h"

#include <amdvi/drv.h>
#include <amdvi/drv_domain.h>

#ifndef AMDVI_PREFIX
#error "this is for the second copy"
#endif

#define COPY_DEVICES 4

static struct amdvi_drv_device *devices[COPY_DEVICES];
static struct amdvi_drv_domain *domains[COPY_DEVICES];
static unsigned device_count;

void *second_copy_start(const void *host, const void *table, size_t table_bytes)
{
    struct amdvi_drv_config config;
    struct amdvi_drv *drv = NULL;

    amdvi_drv_config_init(&config);
    config.ivrs = table;
    config.ivrs_bytes = table_bytes;
    return amdvi_drv_start(&drv, host, &config) == AMDVI_DRV_OK ? drv : NULL;
}

int second_copy_map(void *instance, uint16_t device_id, uint64_t iova, uint64_t spa)
{
    struct amdvi_drv_device_config device = {.device_id = device_id, .trusted = true};
    struct amdvi_drv_domain_config domain;

    amdvi_drv_domain_config_init(&domain);
    if (device_count == COPY_DEVICES ||
        amdvi_drv_device_add(instance, &device, &devices[device_count]) != AMDVI_DRV_OK ||
        amdvi_drv_domain_create(instance, &domain, &domains[device_count]) != AMDVI_DRV_OK) {
        return 0;
    }
    unsigned n = device_count++;
    return amdvi_drv_map(domains[n], iova, spa, 4096, AMDVI_DRV_READ | AMDVI_DRV_WRITE) ==
               AMDVI_DRV_OK &&
           amdvi_drv_attach(domains[n], devices[n]) == AMDVI_DRV_OK;
}

int second_copy_stop(void *instance)
{
    for (unsigned i = 0; i < device_count; i++) {
        if (amdvi_drv_device_remove(devices[i]) != AMDVI_DRV_OK ||
            amdvi_drv_domain_destroy(domains[i]) != AMDVI_DRV_OK) {
            return 0;
        }
    }
    device_count = 0;
    return amdvi_drv_stop(instance, AMDVI_DRV_SWITCH_OFF) == AMDVI_DRV_OK;
}
