/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping: translation stays on until the power goes, and afterwards everything is programmed
 * again from tables that were in memory all the time.
 */
#include "state.h"

enum amdvi_drv_status amdvi_drv_suspend(struct amdvi_drv *drv)
{
    enum amdvi_drv_status worst = AMDVI_DRV_OK;

    for (unsigned i = 0; i < drv->unit_count; i++) {
        struct amdvi_drv_unit *unit = drv->units[i];
        amdvi_drv_rd890_save(unit);
        enum amdvi_drv_status status = amdvi_drv_unit_disable(unit, false);
        worst = status > worst ? status : worst;
    }
    return worst;
}

enum amdvi_drv_status amdvi_drv_resume(struct amdvi_drv *drv)
{
    enum amdvi_drv_status worst = AMDVI_DRV_OK;

    /* One that fails does not keep the others off: what is off lets everything pass. */
    for (unsigned i = 0; i < drv->unit_count; i++) {
        amdvi_drv_rd890_restore(drv->units[i]);
    }
    for (unsigned i = 0; i < drv->unit_count; i++) {
        enum amdvi_drv_status status = amdvi_drv_unit_enable(drv->units[i]);
        worst = status > worst ? status : worst;
    }
    return worst;
}
