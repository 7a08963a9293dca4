/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of a unit, for people, line by line. Registers and rings are read as they are at that
 * moment, without stopping anything; a line is made with no lock, or of what was copied under one.
 */
#include "dump.h"

#include "registers.h"
#include "store.h"

#define COMMANDS_BEFORE 4  /* shown before the head, as they are over; events are cleared */
#define SHOWN_MAX       24 /* entries of a ring, in all */

static void dump_unit(struct amdvi_drv_dumping *dump, const struct amdvi_drv_unit *unit)
{
    struct amdvi_drv_unit_info info = {0};

    (void)amdvi_drv_unit_info(dump->drv, amdvi_drv_unit_index(unit), &info);
    amdvi_drv_dump_start(dump, "unit ");
    amdvi_drv_dump_hex(dump, "", info.segment, 4);
    amdvi_drv_dump_string(dump, ":");
    amdvi_drv_text_device(&dump->text, info.device_id);
    amdvi_drv_dump_hex(dump, " at 0x", info.window_base, 1);
    amdvi_drv_dump_hex(dump, ", EFR 0x", info.efr, 1);
    amdvi_drv_dump_hex(dump, ", errata 0x", info.errata, 1);
    amdvi_drv_dump_string(dump, info.was_running ? ", taken over" : "");
    amdvi_drv_dump_end(dump);

    amdvi_drv_dump_start(dump, "events ");
    amdvi_drv_dump_decimal(dump, "", info.events);
    amdvi_drv_dump_decimal(dump, ", lost ", info.lost);
    amdvi_drv_dump_decimal(dump, ", timeouts ", info.timeouts);
    amdvi_drv_dump_decimal(dump, "; commands submitted ", unit->ring.submitted);
    amdvi_drv_flush_bytes(dump->drv->host, unit->ring.completion.bytes, sizeof(uint32_t));
    amdvi_drv_dump_decimal(dump, ", completed ", amdvi_drv_load32(unit->ring.completion.bytes));
    amdvi_drv_dump_decimal(dump, ", repairs ", unit->ring.repairs);
    amdvi_drv_dump_string(dump, unit->ring.failed ? ", failed" : "");
    amdvi_drv_dump_end(dump);
}

static void dump_registers(struct amdvi_drv_dumping *dump, const struct amdvi_drv_unit *unit)
{
    for (unsigned i = 0; i < AMDVI_REG_COUNT; i++) {
        amdvi_drv_dump_start(dump, amdvi_regs[i].name);
        amdvi_drv_dump_hex(dump, " [", amdvi_regs[i].offset, 4);
        amdvi_drv_dump_hex(
            dump, "] 0x", amdvi_drv_reg_read(dump->drv->host, unit->window, (enum amdvi_reg)i), 16);
        amdvi_drv_dump_end(dump);
    }
}

/* ---- Rings ----------------------------------------------------------------------------------- */

/* A ring of entries of 16 bytes, and where the unit is in it. */
struct shown_ring {
    const struct amdvi_drv_block *block;
    uint32_t size_bytes;
    uint32_t head;
    uint32_t tail;
    unsigned before; /* entries that are shown before the head */
    bool is_log;     /* of events */
};

static AMDVI_DRV_APART void describe_command(struct amdvi_drv_dumping *dump, const uint64_t raw[2])
{
    amdvi_drv_dump_string(dump, amdvi_opcode_name((unsigned)amdvi_get(raw[0], AMDVI_CMD_OPCODE)));
    amdvi_drv_dump_hex(dump, " [", raw[0], 16);
    amdvi_drv_dump_hex(dump, " ", raw[1], 16);
    amdvi_drv_dump_string(dump, "]");
}

static AMDVI_DRV_APART void describe_event(struct amdvi_drv_dumping *dump,
                                           const struct amdvi_drv_unit *unit, const uint64_t raw[2])
{
    struct amdvi_drv_report report = {.unit_index = amdvi_drv_unit_index(unit),
                                      .segment = unit->ivrs.pci_segment,
                                      .raw = {raw[0], raw[1]}};
    struct amdvi_wire_event wire;

    amdvi_le64_encode(&wire.word[0], raw[0]);
    amdvi_le64_encode(&wire.word[1], raw[1]);
    report.known = amdvi_event_decode(&report.event, &wire);
    if ((raw[0] | raw[1]) == 0) {
        amdvi_drv_dump_string(dump, "no event");
        return;
    }
    dump->text.length +=
        amdvi_drv_report_text(&report, dump->bytes + dump->text.length, dump->text.left);
}

static void dump_entry(struct amdvi_drv_dumping *dump, const struct amdvi_drv_unit *unit,
                       const struct shown_ring *ring, uint32_t at)
{
    const uint8_t *bytes = (const uint8_t *)ring->block->bytes + at;
    struct amdvi_le64 wire[2];

    amdvi_drv_flush_bytes(dump->drv->host, bytes, sizeof(wire));
    __builtin_memcpy(wire, bytes, sizeof(wire));
    const uint64_t raw[2] = {amdvi_le64_decode(&wire[0]), amdvi_le64_decode(&wire[1])};
    amdvi_drv_dump_start(dump, at == ring->head ? "head " : "     ");
    amdvi_drv_dump_string(dump, at == ring->tail ? "tail " : "     ");
    amdvi_drv_dump_hex(dump, "", at, 5);
    amdvi_drv_dump_string(dump, " ");
    if (ring->is_log) {
        describe_event(dump, unit, raw);
    } else {
        describe_command(dump, raw);
    }
    amdvi_drv_dump_end(dump);
}

static void dump_ring(struct amdvi_drv_dumping *dump, const struct amdvi_drv_unit *unit,
                      const struct shown_ring *ring)
{
    uint32_t mask = ring->size_bytes - 1;
    uint32_t at = (ring->head - ring->before * AMDVI_RING_ENTRY_BYTES) & mask;

    for (unsigned i = 0; i < SHOWN_MAX; i++) {
        dump_entry(dump, unit, ring, at); /* within the ring, whatever the registers hold */
        if (at == ring->tail && i >= ring->before) {
            break;
        }
        at = (at + AMDVI_RING_ENTRY_BYTES) & mask;
    }
}

static uint32_t pointer(const struct amdvi_drv_dumping *dump, const struct amdvi_drv_unit *unit,
                        enum amdvi_reg reg)
{
    return (uint32_t)(amdvi_drv_reg_read(dump->drv->host, unit->window, reg) & AMDVI_RING_POINTER);
}

static void dump_rings(struct amdvi_drv_dumping *dump, const struct amdvi_drv_unit *unit)
{
    struct shown_ring commands = {.block = &unit->ring.commands,
                                  .size_bytes = unit->ring.size_bytes,
                                  .head = pointer(dump, unit, AMDVI_REG_CMD_BUF_HEAD),
                                  .tail = pointer(dump, unit, AMDVI_REG_CMD_BUF_TAIL),
                                  .before = COMMANDS_BEFORE};
    struct shown_ring events = {.block = &unit->log.entries,
                                .size_bytes = unit->log.size_bytes,
                                .head = pointer(dump, unit, AMDVI_REG_EVENT_LOG_HEAD),
                                .tail = pointer(dump, unit, AMDVI_REG_EVENT_LOG_TAIL),
                                .is_log = true};

    amdvi_drv_dump_start(dump, "commands");
    amdvi_drv_dump_end(dump);
    dump_ring(dump, unit, &commands);
    amdvi_drv_dump_start(dump, "events");
    amdvi_drv_dump_end(dump);
    dump_ring(dump, unit, &events);
}

/* ---- All of it ------------------------------------------------------------------------------- */

void amdvi_drv_dump(struct amdvi_drv *drv, unsigned unit_index, struct amdvi_drv_device *device,
                    uint64_t iova, void (*line)(void *ctx, const char *text), void *ctx)
{
    struct amdvi_drv_dumping dump = {.drv = drv, .line = line, .ctx = ctx};

    if (unit_index < drv->unit_count) {
        const struct amdvi_drv_unit *unit = drv->units[unit_index];
        dump_unit(&dump, unit);
        dump_registers(&dump, unit);
        dump_rings(&dump, unit);
    }
    if (device != NULL) {
        amdvi_drv_dump_device(&dump, device, iova);
    }
}
