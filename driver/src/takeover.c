/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A unit that an earlier kernel or firmware left running. It is never off in between: its table is
 * replaced in one write, and what its devices did is blocked from then on. Nothing is copied.
 */
#include "registers.h"
#include "state.h"

#include <amdvi/later.h>

bool amdvi_drv_unit_is_running(const struct amdvi_drv_unit *unit)
{
    return amdvi_has(amdvi_drv_reg_read(unit->drv->host, unit->window, AMDVI_REG_CONTROL),
                     AMDVI_CONTROL_IOMMU_EN);
}

bool amdvi_drv_takeover_is_possible(const struct amdvi_drv_unit *unit)
{
    const struct amdvi_drv_host *host = unit->drv->host;
    uint64_t old = amdvi_drv_reg_read(host, unit->window, AMDVI_REG_DEV_TAB_BASE);

    /* With writes of 32 bits, half of each would be in force in between. */
    return host->write64 != NULL || old >> 32 == amdvi_drv_device_table_base(&unit->table) >> 32;
}

enum amdvi_drv_status amdvi_drv_takeover_begin(struct amdvi_drv_unit *unit)
{
    const struct amdvi_drv_host *host = unit->drv->host;
    uint64_t run = AMDVI_STATUS_CMD_BUF_RUN | AMDVI_STATUS_EVENT_LOG_RUN;
    uint64_t old = amdvi_drv_reg_read(host, unit->window, AMDVI_REG_CONTROL);

    /* Logs of later revisions lie in memory that may be anybody's by now. */
    run |= amdvi_has(old, AMDVI_CONTROL_LATER_LOGS) ? AMDVI_STATUS_LATER_RUN : 0;
    amdvi_drv_control(&unit->drv->heap, unit->window,
                      AMDVI_CONTROL_CMD_BUF_EN | AMDVI_CONTROL_EVENT_LOG_EN |
                          AMDVI_CONTROL_EVENT_INT_EN | AMDVI_CONTROL_COM_WAIT_INT_EN |
                          AMDVI_CONTROL_LATER_LOGS,
                      0);
    return amdvi_drv_reg_wait(host, unit->window, AMDVI_REG_STATUS, run, 0, AMDVI_DRV_STOP_NS)
               ? AMDVI_DRV_OK
               : AMDVI_DRV_ERR_TIMEOUT;
}

bool amdvi_drv_takeover_is_complete(const struct amdvi_drv_unit *unit)
{
    uint64_t left = amdvi_drv_reg_read(unit->drv->host, unit->window, AMDVI_REG_CONTROL) &
                    AMDVI_CONTROL_RESERVED;

    if (left != 0) {
        amdvi_drv_say(unit->drv, "bits of IOMMU control that cannot be cleared:", left);
    }
    return left == 0;
}

bool amdvi_drv_takeover_end(struct amdvi_drv_unit *unit)
{
    const struct amdvi_drv_host *host = unit->drv->host;
    uint64_t old = amdvi_drv_reg_read(host, unit->window, AMDVI_REG_CONTROL);
    uint64_t running =
        AMDVI_CONTROL_CMD_BUF_EN | AMDVI_CONTROL_EVENT_LOG_EN | AMDVI_CONTROL_EVENT_INT_EN;

    /* What later revisions have in there, and we do not use, ends here too. */
    amdvi_drv_control(&unit->drv->heap, unit->window, ~running, unit->control);
    return amdvi_has(old, AMDVI_CONTROL_RESERVED);
}
