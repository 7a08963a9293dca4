/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block all DMA behind one IOMMU with nothing but its registers and some memory. No other file of
 * the driver is used, so that a boot loader takes this one, and arch.
 *
 * The memory: a ring of 256 commands, whose last entry is never reached and holds the completion
 * word, then the device table.
 */
#include <amdvi/drv_early.h>

#include "store.h"

#include <amdvi/command.h>
#include <amdvi/dte.h>
#include <amdvi/later.h>
#include <amdvi/regs.h>

#define TABLE_PAGES_MAX 512
#define RING_LOG2       8
#define RING_BYTES      (AMDVI_CMD_BYTES << RING_LOG2)
#define COMPLETION      (RING_BYTES - AMDVI_CMD_BYTES)
#define BATCH           128 /* entries invalidated by one filling of the ring */
#define DEVICES         65536
#define DEADLINE_NS     UINT64_C(1000000000)
#define POLLS_MAX       100000

/* What is switched off: nothing is logged, and nobody else's ring runs. Later revisions' logs lie
 * in memory that may be anybody's by now. */
#define RINGS                                                                                      \
    (AMDVI_CONTROL_CMD_BUF_EN | AMDVI_CONTROL_EVENT_LOG_EN | AMDVI_CONTROL_EVENT_INT_EN |          \
     AMDVI_CONTROL_COM_WAIT_INT_EN | AMDVI_CONTROL_LATER_LOGS)
#define RUN (AMDVI_STATUS_CMD_BUF_RUN | AMDVI_STATUS_EVENT_LOG_RUN)

/* All waiting of one call has one end. */
struct early {
    const struct amdvi_drv_host *host;
    const struct amdvi_drv_early *what;
    uint64_t deadline_ns;
    uint64_t run; /* bits of STATUS that are 0 when everything has stopped */
    unsigned polls;
};

/* ---- Registers and time ---------------------------------------------------------------------- */

static uint32_t read_low(const struct early *early, enum amdvi_reg reg)
{
    return early->host->read32(early->host->ctx, early->what->window, amdvi_regs[reg].offset);
}

static uint64_t read_whole(const struct early *early, enum amdvi_reg reg)
{
    uint64_t high = early->host->read32(early->host->ctx, early->what->window,
                                        amdvi_regs[reg].offset + UINT32_C(4));

    return read_low(early, reg) | high << 32;
}

static void write_low(const struct early *early, enum amdvi_reg reg, uint64_t value)
{
    early->host->write32(early->host->ctx, early->what->window, amdvi_regs[reg].offset,
                         (uint32_t)value);
}

static void write_high(const struct early *early, enum amdvi_reg reg, uint64_t value)
{
    early->host->write32(early->host->ctx, early->what->window,
                         amdvi_regs[reg].offset + UINT32_C(4), (uint32_t)(value >> 32));
}

/* In one piece if the host can. Else low half first: QEMU's amd-iommu goes by the high one. */
static void write_whole(const struct early *early, enum amdvi_reg reg, uint64_t value)
{
    const struct amdvi_drv_host *host = early->host;

    if (host->write64 != NULL) {
        host->write64(host->ctx, early->what->window, amdvi_regs[reg].offset, value);
        return;
    }
    write_low(early, reg, value);
    write_high(early, reg, value);
}

static bool is_late(struct early *early)
{
    const struct amdvi_drv_host *host = early->host;

    if (host->pause != NULL) {
        host->pause(host->ctx);
    }
    return host->now_ns != NULL ? host->now_ns(host->ctx) >= early->deadline_ns
                                : ++early->polls >= POLLS_MAX;
}

/* ---- The steps ------------------------------------------------------------------------------- */

static bool is_usable(const struct amdvi_drv_early *what)
{
    const struct amdvi_drv_block *memory = &what->memory;

    return what->window != NULL && memory->bytes != NULL &&
           (uintptr_t)memory->bytes % AMDVI_DRV_PAGE_BYTES == 0 &&
           memory->spa % AMDVI_DRV_PAGE_BYTES == 0 &&
           memory->size_bytes % AMDVI_DRV_PAGE_BYTES == 0 &&
           memory->size_bytes >= 2 * AMDVI_DRV_PAGE_BYTES &&
           memory->size_bytes <= (1 + TABLE_PAGES_MAX) * AMDVI_DRV_PAGE_BYTES;
}

/* V=1 TV=0, and with @interrupts IV=1 IntCtl=00. Before anything points here. */
static void fill_table(const struct early *early)
{
    const struct amdvi_drv_block *memory = &early->what->memory;
    struct amdvi_dte blocked = {.valid = true, .interrupt_valid = early->what->interrupts};
    struct amdvi_wire_dte wire;

    amdvi_dte_encode(&wire, &blocked);
    __builtin_memset(memory->bytes, 0, AMDVI_DRV_PAGE_BYTES);
    for (size_t at = AMDVI_DRV_PAGE_BYTES; at < memory->size_bytes; at += sizeof(wire)) {
        __builtin_memcpy((uint8_t *)memory->bytes + at, &wire, sizeof(wire));
    }
    amdvi_drv_flush_bytes(early->host, memory->bytes, memory->size_bytes);
}

/* Stop the ring, which may be somebody's, and everything that is logged. */
static bool stop_ring(struct early *early, uint64_t control)
{
    write_low(early, AMDVI_REG_CONTROL, control & ~RINGS);
    while (amdvi_has(read_low(early, AMDVI_REG_STATUS), early->run)) {
        if (is_late(early)) {
            return false;
        }
    }
    return true;
}

static void put(const struct early *early, unsigned index, const struct amdvi_command *command)
{
    uint8_t *slot = (uint8_t *)early->what->memory.bytes + (size_t)AMDVI_CMD_BYTES * index;
    struct amdvi_wire_command wire;

    amdvi_command_encode(&wire, command);
    __builtin_memcpy(slot, &wire, sizeof(wire));
    amdvi_drv_flush_bytes(early->host, slot, sizeof(wire));
}

/* Run the commands before @count, and a COMPLETION_WAIT that stores @number. The ring is stopped.
 */
static bool run(struct early *early, uint64_t control, unsigned count, uint32_t number)
{
    const struct amdvi_drv_block *memory = &early->what->memory;
    const uint8_t *word = (const uint8_t *)memory->bytes + COMPLETION;
    struct amdvi_command wait = {.opcode = AMDVI_OPCODE_COMPLETION_WAIT,
                                 .store = true,
                                 .flush = true,
                                 .store_address = memory->spa + COMPLETION,
                                 .store_data = number};

    put(early, count, &wait);
    write_low(early, AMDVI_REG_CMD_BUF_HEAD, 0);
    write_low(early, AMDVI_REG_CMD_BUF_TAIL, 0);
    write_low(early, AMDVI_REG_CONTROL, (control & ~RINGS) | AMDVI_CONTROL_CMD_BUF_EN);
    write_low(early, AMDVI_REG_CMD_BUF_TAIL, (uint64_t)AMDVI_CMD_BYTES * (count + 1));
    for (;;) {
        amdvi_drv_flush_bytes(early->host, word, sizeof(uint64_t));
        if (amdvi_drv_load32(word) == number) {
            return stop_ring(early, control);
        }
        if (is_late(early)) {
            return false;
        }
    }
}

/*
 * Entries of all DeviceIDs, also of those that this table does not have, but an earlier one did.
 * What else is cached is of no use without them: an entry that blocks leads to no page table, and
 * to no interrupt table.
 */
static bool invalidate(struct early *early, uint64_t control, uint32_t *number)
{
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY};

    for (uint32_t device = 0; device < DEVICES; device += BATCH) {
        for (unsigned i = 0; i < BATCH; i++) {
            command.device_id = (uint16_t)(device + i);
            put(early, i, &command);
        }
        if (!run(early, control, BATCH, ++*number)) {
            return false;
        }
    }
    return true;
}

enum amdvi_drv_status amdvi_drv_early_block(const struct amdvi_drv_host *host,
                                            const struct amdvi_drv_early *what)
{
    struct early early = {.host = host, .what = what, .run = RUN};
    uint32_t number = 0;

    if (!is_usable(what)) {
        return AMDVI_DRV_ERR_ARGUMENT;
    }
    uint64_t table =
        (what->memory.spa + AMDVI_DRV_PAGE_BYTES) |
        amdvi_put(AMDVI_DEV_TAB_BASE_SIZE, what->memory.size_bytes / AMDVI_DRV_PAGE_BYTES - 2);
    uint64_t old = read_whole(&early, AMDVI_REG_CONTROL);
    uint64_t old_table = read_whole(&early, AMDVI_REG_DEV_TAB_BASE);
    bool is_on = amdvi_has(old, AMDVI_CONTROL_IOMMU_EN);
    if (is_on && host->write64 == NULL && old_table >> 32 != table >> 32) {
        return AMDVI_DRV_ERR_UNSUPPORTED;
    }
    if (host->now_ns != NULL) {
        early.deadline_ns = host->now_ns(host->ctx) + DEADLINE_NS;
    }
    early.run |= amdvi_has(old, AMDVI_CONTROL_LATER_LOGS) ? AMDVI_STATUS_LATER_RUN : 0;
    fill_table(&early);
    /* Logs before anything else. Of a unit that is off nothing of later revisions has a meaning. */
    uint64_t control = old & ~RINGS & (is_on ? UINT64_MAX : ~AMDVI_CONTROL_RESERVED);
    write_high(&early, AMDVI_REG_CONTROL, control);
    write_low(&early, AMDVI_REG_CONTROL, control);
    write_whole(&early, AMDVI_REG_EXCL_BASE, 0);
    write_whole(&early, AMDVI_REG_DEV_TAB_BASE, table);
    control |= AMDVI_CONTROL_IOMMU_EN;
    /* Its first write turns it on: the table is in force from there, whatever the ring does. */
    if (!stop_ring(&early, control)) {
        return AMDVI_DRV_ERR_TIMEOUT;
    }
    write_whole(&early, AMDVI_REG_CMD_BUF_BASE,
                what->memory.spa | amdvi_put(AMDVI_CMD_BUF_BASE_LEN, RING_LOG2));
    if (!invalidate(&early, control, &number)) {
        return AMDVI_DRV_ERR_TIMEOUT;
    }
    /*
     * Later revisions' other bits, a table in segments among them, only now: cached entries kept
     * their meaning until here. What was cached through them goes as well.
     */
    if (amdvi_has(control, AMDVI_CONTROL_RESERVED)) {
        write_high(&early, AMDVI_REG_CONTROL, 0);
        if (!invalidate(&early, control & ~AMDVI_CONTROL_RESERVED, &number)) {
            return AMDVI_DRV_ERR_TIMEOUT;
        }
    }
    return amdvi_has(read_whole(&early, AMDVI_REG_CONTROL), AMDVI_CONTROL_RESERVED)
               ? AMDVI_DRV_ERR_HARDWARE
               : AMDVI_DRV_OK;
}
