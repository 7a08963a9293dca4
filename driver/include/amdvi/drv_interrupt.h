/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt remapping: entries of a device's own interrupt table, and the messages that name them.
 * An entry never moves while it is in use. Devices share a table only where they share a requester
 * id, since the IOMMU cannot tell those apart.
 */
#ifndef AMDVI_DRV_INTERRUPT_H
#define AMDVI_DRV_INTERRUPT_H

#include <amdvi/drv.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where an interrupt goes. */
struct amdvi_drv_target {
    uint8_t vector;      /* 16 to 255 */
    uint8_t destination; /* APIC id, or logical id */
    bool logical;
    bool lowest_priority; /* IntType 001, else fixed */
    bool level;           /* RqEoi: of an IOAPIC pin that is level triggered */
};

/*
 * Allocate @count entries (1, 2, 4, … 32) for MSI, one for each MSI-X vector or HPET timer; they
 * are aborted until they are set. The device's first makes its table.
 *
 * @out_index  of the first; the others follow it.
 *
 * Returns    AMDVI_DRV_ERR_LIMIT (512 entries for each device), AMDVI_DRV_ERR_NO_MEMORY,
 *            AMDVI_DRV_ERR_UNSUPPORTED  pass_interrupts, or an erratum: use messages as they are.
 *            an error of completion: nothing is allocated.
 * Threading  task context.
 * Spec       1.20, interrupt tables.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_interrupt_alloc(struct amdvi_drv_device *device, unsigned count, unsigned *out_index);

/*
 * For an IOAPIC: entries 0 to @pins - 1, so that a pin's index is its number. As above, and
 * AMDVI_DRV_ERR_BUSY when the device has entries already.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_interrupt_alloc_pins(struct amdvi_drv_device *device, unsigned pins);

/*
 * Set an entry, or change it: one store, so no interrupt is lost or goes elsewhere than to the old
 * or the new target; only to the new one after AMDVI_DRV_OK. NULL: it is aborted.
 *
 * Returns    AMDVI_DRV_ERR_ARGUMENT   the entry is not allocated, or the vector is below 16.
 *            an error of completion: the new target is in memory, the old one may be in use still.
 * Threading  any context; one at a time for each entry.
 * Blocking   wait_ms.
 * Spec       1.20, interrupt table entry.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_interrupt_set(struct amdvi_drv_device *device, unsigned index,
                        const struct amdvi_drv_target *target);

/*
 * What to program so that entry @index is used: address and data of MSI, MSI-X and HPET. Of an
 * IOAPIC's redirection entry, vector and delivery mode are bits 10:0 of the data.
 */
void amdvi_drv_interrupt_message(unsigned index, uint64_t *out_address, uint32_t *out_data);

/*
 * Give entries back: cleared, invalidated, and only then free. After an error they stay allocated,
 * aborted in memory; free them again.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_interrupt_free(struct amdvi_drv_device *device,
                                                                    unsigned index, unsigned count);

#ifdef __cplusplus
}
#endif

#endif
