/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device table: entries that the IOMMU may read at any moment. Quadwords 0 and 1 say how memory
 * requests go, quadword 2 how interrupts do, and the two have nothing to do with each other.
 */
#include <amdvi/drv_tables.h>

#include "store.h"

#include <amdvi/regs.h>

#define ENTRIES_PER_PAGE ((uint32_t)AMDVI_DRV_PAGE_BYTES / AMDVI_DTE_BYTES)

/* Quadword 0 of an entry through which no memory request passes, whatever the rest of it is. */
#define BLOCKED AMDVI_DTE0_V

/* ---- The table ------------------------------------------------------------------------------- */

struct amdvi_dte amdvi_drv_dte_blocked(bool interrupts)
{
    return (struct amdvi_dte){
        .valid = true, .interrupt_valid = interrupts, .int_ctl = AMDVI_INT_CTL_ABORT};
}

enum amdvi_drv_status amdvi_drv_device_table_init(struct amdvi_drv_device_table *table,
                                                  struct amdvi_drv_heap *heap,
                                                  uint16_t last_device_id, bool interrupts)
{
    struct amdvi_dte blocked = amdvi_drv_dte_blocked(interrupts);
    struct amdvi_wire_dte wire;

    *table = (struct amdvi_drv_device_table){
        .heap = heap,
        .entries = (last_device_id / ENTRIES_PER_PAGE + 1) * ENTRIES_PER_PAGE,
    };
    size_t size_bytes = (size_t)table->entries * AMDVI_DTE_BYTES;
    if (!amdvi_drv_heap_alloc(heap, size_bytes, &table->block)) {
        return AMDVI_DRV_ERR_NO_MEMORY;
    }
    amdvi_dte_encode(&wire, &blocked);
    for (size_t offset = 0; offset < size_bytes; offset += sizeof(wire)) {
        __builtin_memcpy((uint8_t *)table->block.bytes + offset, &wire, sizeof(wire));
    }
    amdvi_drv_flush_bytes(heap->host, table->block.bytes, size_bytes);
    return AMDVI_DRV_OK;
}

void amdvi_drv_device_table_destroy(struct amdvi_drv_device_table *table)
{
    amdvi_drv_heap_free(table->heap, &table->block);
}

uint64_t amdvi_drv_device_table_base(const struct amdvi_drv_device_table *table)
{
    return table->block.spa |
           amdvi_put(AMDVI_DEV_TAB_BASE_SIZE, table->entries / ENTRIES_PER_PAGE - 1);
}

/* ---- An entry -------------------------------------------------------------------------------- */

/* One entry on its way: where it is, and its quadwords as they are and as they shall be. */
struct change {
    const struct amdvi_drv_host *host;
    uint8_t *at;
    uint64_t old[3]; /* the last is always 0 */
    uint64_t new[3];
};

static AMDVI_DRV_APART void store(const struct change *change, unsigned quadword, uint64_t value,
                                  uint32_t closed)
{
    uint8_t *at = change->at + sizeof(uint64_t) * quadword;

    amdvi_drv_store64(at, value, closed);
    amdvi_drv_flush_bytes(change->host, at, sizeof(uint64_t));
}

static void store_half(const struct change *change, unsigned quadword, bool upper, uint64_t value)
{
    uint8_t *at = change->at + sizeof(uint64_t) * quadword + (upper ? sizeof(uint32_t) : 0);

    amdvi_drv_store32(at, (uint32_t)(upper ? value >> 32 : value));
    amdvi_drv_flush_bytes(change->host, at, sizeof(uint32_t));
}

/*
 * Interrupts. In two pieces only where the host cannot do better: IntCtl and the pass bits are in
 * the upper one, and 0 there aborts, so that no interrupt goes through a table that is half of one
 * address and half of another.
 */
static void store_interrupts(const struct change *change)
{
    if (change->old[2] == change->new[2]) {
        return;
    }
    if (AMDVI_DRV_HAS_STORE64) {
        store(change, 2, change->new[2], 0);
        return;
    }
    if ((uint32_t)change->old[2] != (uint32_t)change->new[2]) {
        store_half(change, 2, true, 0);
        store_half(change, 2, false, change->new[2]);
    }
    store_half(change, 2, true, change->new[2]);
}

/* Quadword 1 of an entry that may let requests pass. False where that takes two stores. */
static bool store_attributes(const struct change *change)
{
    bool low_differs = (uint32_t)change->old[1] != (uint32_t)change->new[1];
    bool high_differs = change->old[1] >> 32 != change->new[1] >> 32;

    if (AMDVI_DRV_HAS_STORE64) {
        store(change, 1, change->new[1], 0);
        return true;
    }
    if (low_differs && high_differs) {
        return false;
    }
    store_half(change, 1, high_differs, change->new[1]);
    return true;
}

static bool is_blocking(uint64_t quadword0)
{
    return (quadword0 & (AMDVI_DTE0_V | AMDVI_DTE0_TV)) == AMDVI_DTE0_V;
}

/*
 * Memory requests. Next to a quadword 0 that blocks, quadword 1 may be either: what it still lets
 * pass (IoCtl, SysMgt) is then as before or as it shall be.
 */
static enum amdvi_drv_dte_step store_memory(const struct change *change)
{
    bool differs0 = change->old[0] != change->new[0];
    bool differs1 = change->old[1] != change->new[1];

    if (differs1 && is_blocking(change->old[0])) {
        store(change, 1, change->new[1], 0);
        differs1 = false;
    }
    if (differs0 && (!differs1 || is_blocking(change->new[0]))) {
        store(change, 0, change->new[0], BLOCKED);
        if (differs1) {
            store(change, 1, change->new[1], 0);
        }
        return AMDVI_DRV_DTE_DONE;
    }
    if (!differs1 || (!differs0 && store_attributes(change))) {
        return AMDVI_DRV_DTE_DONE;
    }
    if (differs0 && change->host->store128 != NULL) {
        change->host->store128(change->host->ctx, change->at, amdvi_drv_le64(change->new[0]),
                               amdvi_drv_le64(change->new[1]));
        amdvi_drv_flush_bytes(change->host, change->at, 2 * sizeof(uint64_t));
        return AMDVI_DRV_DTE_DONE;
    }
    store(change, 0, BLOCKED, BLOCKED);
    return AMDVI_DRV_DTE_BREAK;
}

static uint8_t *entry_at(const struct amdvi_drv_device_table *table, uint16_t device_id)
{
    return (uint8_t *)table->block.bytes + (size_t)AMDVI_DTE_BYTES * device_id;
}

void amdvi_drv_dte_encode(struct amdvi_wire_dte *out, const struct amdvi_dte *dte)
{
    amdvi_dte_encode(out, dte);
    /* Erratum 63: writes to the system management range ask for IW too. */
    if (dte->sys_mgt == AMDVI_SYS_MGT_PASS) {
        amdvi_le64_encode(&out->word[0], amdvi_le64_decode(&out->word[0]) | AMDVI_DTE0_IW);
    }
}

enum amdvi_drv_dte_step amdvi_drv_device_table_write(struct amdvi_drv_device_table *table,
                                                     uint16_t device_id,
                                                     const struct amdvi_dte *dte)
{
    struct amdvi_wire_dte wire;

    amdvi_drv_dte_encode(&wire, dte);
    return amdvi_drv_device_table_store(table, device_id, &wire);
}

enum amdvi_drv_dte_step amdvi_drv_device_table_store(struct amdvi_drv_device_table *table,
                                                     uint16_t device_id,
                                                     const struct amdvi_wire_dte *wire)
{
    struct change change = {.host = table->heap->host, .at = entry_at(table, device_id)};

    if (device_id >= table->entries) {
        return AMDVI_DRV_DTE_DONE; /* it is blocked, for want of an entry */
    }
    for (unsigned i = 0; i < 3; i++) {
        change.old[i] = amdvi_drv_load64(change.at + sizeof(uint64_t) * i);
        change.new[i] = amdvi_le64_decode(&wire->word[i]);
    }
    bool closes = (change.new[2] & (AMDVI_DTE2_IV | AMDVI_DTE2_INT_CTL)) ==
                  (AMDVI_DTE2_IV | amdvi_put(AMDVI_DTE2_INT_CTL, AMDVI_INT_CTL_ABORT));
    if (closes) {
        store_interrupts(&change);
    }
    enum amdvi_drv_dte_step step = store_memory(&change);
    if (!closes && step == AMDVI_DRV_DTE_DONE) {
        store_interrupts(&change);
    }
    return step;
}

struct amdvi_dte amdvi_drv_device_table_read(const struct amdvi_drv_device_table *table,
                                             uint16_t device_id)
{
    struct amdvi_wire_dte wire;
    struct amdvi_dte dte = amdvi_drv_dte_blocked(true);

    if (device_id < table->entries) {
        __builtin_memcpy(&wire, entry_at(table, device_id), sizeof(wire));
        amdvi_dte_decode(&dte, &wire);
    }
    return dte;
}
