/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event log, and the interrupt that tells of it. Any thread that translates may log; all of it
 * happens under log_lock, which is never held while anything is waited for.
 */
#include "state.h"

uint64_t amdvi_interrupt_level(uint64_t control, uint64_t status)
{
    uint64_t events = AMDVI_STATUS_EVENT_LOG_INT | AMDVI_STATUS_EVENT_OVERFLOW;
    uint64_t asked = 0;

    if (amdvi_has(control, AMDVI_CONTROL_EVENT_INT_EN)) {
        asked |= status & events;
    }
    if (amdvi_has(control, AMDVI_CONTROL_COM_WAIT_INT_EN)) {
        asked |= status & AMDVI_STATUS_COM_WAIT_INT;
    }
    return asked;
}

/*
 * Choice: the interrupt is sent when a status bit together with its enable goes from 0 to 1,
 * whichever of the two changes. A bit that stays 1 sends no second one.
 */
void amdvi_status_change(struct amdvi_iommu *iommu, uint64_t clear, uint64_t set,
                         struct amdvi_effects *effects)
{
    uint64_t control = amdvi_iommu_reg(iommu, AMDVI_REG_CONTROL);
    uint64_t before = amdvi_iommu_reg(iommu, AMDVI_REG_STATUS);
    uint64_t after = (before & ~clear) | set;

    amdvi_iommu_set_reg(iommu, AMDVI_REG_STATUS, after);
    if (amdvi_has(amdvi_interrupt_level(control, after), ~amdvi_interrupt_level(control, before))) {
        effects->due |= AMDVI_DUE_MSI;
    }
}

uint8_t amdvi_hw_error_type(enum amdvi_memory_status status)
{
    return status == AMDVI_MEMORY_ABSENT ? AMDVI_HW_ERROR_MASTER_ABORT : AMDVI_HW_ERROR_DATA;
}

static _Atomic uint64_t *fault_word(struct amdvi_iommu *iommu, uint16_t device_id, uint64_t *bit)
{
    *bit = AMDVI_BIT(device_id % 64);
    return &iommu->fault_logged[device_id / 64];
}

void amdvi_event_log_rearm(struct amdvi_iommu *iommu, uint16_t device_id)
{
    uint64_t bit;
    _Atomic uint64_t *word = fault_word(iommu, device_id, &bit);

    atomic_fetch_and_explicit(word, ~bit, memory_order_relaxed);
}

/*
 * Put the entry into the log. False when it is not there: the log is off or full, or has no memory
 * behind it (Choice: the event is then lost, and nothing else happens). With log_lock held.
 */
static bool append(struct amdvi_iommu *iommu, const struct amdvi_event *event,
                   struct amdvi_effects *effects)
{
    uint64_t status = amdvi_iommu_reg(iommu, AMDVI_REG_STATUS);
    uint64_t base = amdvi_iommu_reg(iommu, AMDVI_REG_EVENT_LOG_BASE);
    uint64_t tail = amdvi_iommu_reg(iommu, AMDVI_REG_EVENT_LOG_TAIL);
    uint64_t bytes = amdvi_ring_base_bytes(base);
    struct amdvi_wire_event wire;

    if (!amdvi_has(status, AMDVI_STATUS_EVENT_LOG_RUN)) {
        return false;
    }
    uint64_t next = (tail + sizeof(wire)) & (bytes - 1);
    if (next == amdvi_iommu_reg(iommu, AMDVI_REG_EVENT_LOG_HEAD)) {
        /* Choice: an overflow stops the log until EventLogEn is set anew. */
        amdvi_status_change(iommu, AMDVI_STATUS_EVENT_LOG_RUN, AMDVI_STATUS_EVENT_OVERFLOW,
                            effects);
        return false;
    }
    amdvi_event_encode(&wire, event);
    uint64_t spa = (base & AMDVI_EVENT_LOG_BASE_BASE) + tail;
    if (iommu->host.write(iommu->host.ctx, spa, &wire, sizeof(wire)) != AMDVI_MEMORY_OK) {
        return false;
    }
    amdvi_iommu_set_reg(iommu, AMDVI_REG_EVENT_LOG_TAIL, next);
    amdvi_status_change(iommu, 0, AMDVI_STATUS_EVENT_LOG_INT, effects);
    return true;
}

void amdvi_event_log_write(struct amdvi_iommu *iommu, const struct amdvi_event *event, bool once,
                           struct amdvi_effects *effects)
{
    uint64_t bit;
    _Atomic uint64_t *logged = fault_word(iommu, event->device_id, &bit);

    pthread_mutex_lock(&iommu->log_lock);
    if (once && amdvi_has(atomic_load_explicit(logged, memory_order_relaxed), bit)) {
        pthread_mutex_unlock(&iommu->log_lock);
        return;
    }
    bool written = append(iommu, event, effects);
    if (written && event->code == AMDVI_EVENT_IO_PAGE_FAULT && !event->interrupt) {
        atomic_fetch_or_explicit(logged, bit, memory_order_relaxed);
    }
    pthread_mutex_unlock(&iommu->log_lock);
    amdvi_count(written ? &iommu->events : &iommu->events_lost);
}
