/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device table before it is in force: blocked, but for what firmware demands. The IVHD's
 * settings let some interrupts pass, and devices with firmware's memory have a domain of it. Nobody
 * reads the table yet, so the order of the stores does not matter.
 */
#include "state.h"
#include "store.h"

/* Homes are looked for once for many devices in a row. */
struct last_home {
    uint64_t memories;
    struct amdvi_drv_domain *home;
};

static enum amdvi_drv_status find_home(struct amdvi_drv *drv, uint64_t memories,
                                       struct last_home *last)
{
    struct amdvi_drv_domain *home = NULL;

    if (memories == last->memories) {
        return AMDVI_DRV_OK;
    }
    enum amdvi_drv_status status =
        memories != 0 ? amdvi_drv_home_find(drv, memories, &home) : AMDVI_DRV_OK;
    if (status == AMDVI_DRV_ERR_EXISTS) {
        amdvi_drv_say(drv, "IVRS: devices of one requester id contradict each other, memories",
                      memories);
        return AMDVI_DRV_ERR_TABLE;
    }
    if (status != AMDVI_DRV_OK) {
        return status;
    }
    last->memories = memories;
    last->home = home;
    return AMDVI_DRV_OK;
}

/* As attach.c writes it later, for somebody with this setting and home. */
static AMDVI_DRV_APART void write_entry(struct amdvi_drv_unit *unit, uint16_t device_id,
                                        uint8_t setting, struct amdvi_drv_domain *home)
{
    struct amdvi_drv_requester requester = {
        .unit = unit,
        .device_id = device_id,
        .dte_setting = setting,
        .domain = home,
        .home = home,
    };
    struct amdvi_dte dte = amdvi_drv_requester_dte(&requester);

    while (amdvi_drv_device_table_write(&unit->table, device_id, &dte) != AMDVI_DRV_DTE_DONE) {
    }
}

/* The IVHD's. An id of a device that sends as another one stays blocked, also to settings. */
static AMDVI_DRV_APART uint8_t setting_of(const struct amdvi_drv_unit *unit, uint16_t device_id)
{
    struct amdvi_ivrs_binding binding;

    return amdvi_drv_resolve_in_unit(unit, device_id, &binding) && binding.requester == device_id
               ? binding.dte_setting
               : 0;
}

enum amdvi_drv_status amdvi_drv_entries_fill(struct amdvi_drv_unit *unit)
{
    struct last_home last = {.memories = 0};

    for (uint32_t id = 0; id <= unit->last_device_id; id++) {
        uint16_t device_id = (uint16_t)id;
        uint8_t setting = setting_of(unit, device_id);
        uint64_t memories = amdvi_drv_resolve_requester(unit, device_id);
        enum amdvi_drv_status status = find_home(unit->drv, memories, &last);
        if (status != AMDVI_DRV_OK) {
            return status;
        }
        if (setting != 0 || memories != 0) {
            write_entry(unit, device_id, setting, last.home);
        }
    }
    return AMDVI_DRV_OK;
}
