/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device table and interrupt tables, usable alone: entries that change while the IOMMU reads
 * them. At each moment it finds the old entry, the new one, or one that blocks; never a mixture,
 * and never V=0, which lets everything pass.
 *
 * This layer sends no commands: each function says what is to be invalidated. It takes no lock:
 * writers of one entry must not overlap.
 */
#ifndef AMDVI_DRV_TABLES_H
#define AMDVI_DRV_TABLES_H

#include <amdvi/drv_host.h>
#include <amdvi/dte.h>
#include <amdvi/irte.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Members are the driver's. */
struct amdvi_drv_device_table {
    struct amdvi_drv_heap *heap;
    struct amdvi_drv_block block;
    uint32_t entries; /* 128 to 65536; devices beyond are blocked by the IOMMU */
};

/*
 * The entry that lets nothing through: V=1, TV=0, and with @interrupts IV=1, IntCtl=00, no pass
 * bit. EX, SysMgt and IoCtl are 0, so that no range is let through either.
 */
struct amdvi_dte amdvi_drv_dte_blocked(bool interrupts);

/*
 * Make a table for DeviceIDs 0 to @last_device_id, every entry blocked as above.
 *
 * Returns    AMDVI_DRV_ERR_NO_MEMORY.
 * Threading  setup only.
 * Spec       1.20, device table.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_device_table_init(struct amdvi_drv_device_table *table, struct amdvi_drv_heap *heap,
                            uint16_t last_device_id, bool interrupts);
void amdvi_drv_device_table_destroy(struct amdvi_drv_device_table *table);

/* The value of the Device Table Base Address register. */
uint64_t amdvi_drv_device_table_base(const struct amdvi_drv_device_table *table);

/* How far a write of an entry has come. */
enum amdvi_drv_dte_step {
    AMDVI_DRV_DTE_DONE,  /* the new entry is there: invalidate the device, and its old domain */
    AMDVI_DRV_DTE_BREAK, /* it is blocked: invalidate, wait for completion, and write again */
};

/*
 * Replace an entry. With host->store128, or where one quadword of the lower half changes, in one
 * step. Else the lower half is blocked first, and AMDVI_DRV_DTE_BREAK is returned: the second call,
 * with the same entry, finishes. The upper half, all of it one quadword in 1.20, is stored first
 * when it closes and last when it opens.
 *
 * Erratum 63: SysMgt=01 gets IW=1.
 *
 * Threading  any context; one writer of @device_id at a time.
 * Spec       1.20, device table entry.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_dte_step
amdvi_drv_device_table_write(struct amdvi_drv_device_table *table, uint16_t device_id,
                             const struct amdvi_dte *dte);

/* The same in two parts: an entry encoded before, with the erratum, and stored where little stack
 * is left. */
void amdvi_drv_dte_encode(struct amdvi_wire_dte *out, const struct amdvi_dte *dte);
AMDVI_DRV_MUST_CHECK enum amdvi_drv_dte_step
amdvi_drv_device_table_store(struct amdvi_drv_device_table *table, uint16_t device_id,
                             const struct amdvi_wire_dte *wire);

/* The entry as it is in memory, decoded; blocked, of a device beyond the table. */
struct amdvi_dte amdvi_drv_device_table_read(const struct amdvi_drv_device_table *table,
                                             uint16_t device_id);

/* ---- Interrupt tables ------------------------------------------------------------------------ */

/* Entries of every interrupt table: the indices that an MSI of fixed or lowest priority can have.
 */
#define AMDVI_DRV_INTERRUPTS_LOG2 9
#define AMDVI_DRV_INTERRUPTS      512

struct amdvi_drv_interrupt_table {
    struct amdvi_drv_heap *heap;
    struct amdvi_drv_block block; /* 2 KiB of entries, then the driver's own */
    uint32_t used[AMDVI_DRV_INTERRUPTS / 32];
};

/*
 * An empty table: every interrupt is aborted. @reserved entries, from 0 on, are not given out (the
 * pins of an IOAPIC).
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_interrupt_table_init(struct amdvi_drv_interrupt_table *table, struct amdvi_drv_heap *heap,
                               unsigned reserved);
void amdvi_drv_interrupt_table_destroy(struct amdvi_drv_interrupt_table *table);

/*
 * @count (1 to 32, a power of two) entries, aligned to @count as a device with several MSIs needs.
 *
 * Returns    AMDVI_DRV_ERR_LIMIT when there are none.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_interrupt_table_take(struct amdvi_drv_interrupt_table *table, unsigned count,
                               unsigned *out_first);

/* Clear the entries. They may be given out again after amdvi_drv_interrupt_table_give(), which is
 * for after the completed invalidation. */
void amdvi_drv_interrupt_table_clear(struct amdvi_drv_interrupt_table *table, unsigned first,
                                     unsigned count);
void amdvi_drv_interrupt_table_give(struct amdvi_drv_interrupt_table *table, unsigned first,
                                    unsigned count);

/*
 * One 32-bit store. Invalidate the interrupt table of each device that uses it.
 *
 * Spec       1.20, interrupt table entry.
 */
void amdvi_drv_interrupt_table_write(struct amdvi_drv_interrupt_table *table, unsigned index,
                                     const struct amdvi_irte *irte);

#ifdef __cplusplus
}
#endif

#endif
