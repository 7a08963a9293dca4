/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers, memory, programming, commands and events of the tests' rig. */
#define _POSIX_C_SOURCE 200809L
#include "rig.h"

#include "checks.h"

#include <string.h>
#include <time.h>

/* How long the IOMMU may take for what it does by itself; a host may be slow. Many tests of an
 * IOMMU that is not ours wait in vain. */
#define PATIENCE_MS       3000
#define PATIENCE_OTHER_MS 800

#define PAGE_BYTES UINT64_C(0x1000)

/* ---- Registers and memory -------------------------------------------------------------------- */

uint64_t rig_read(struct rig *rig, uint64_t offset)
{
    return rig->target->ops->mmio_read(rig->target, offset, 8);
}

void rig_write(struct rig *rig, uint64_t offset, uint64_t value)
{
    rig->target->ops->mmio_write(rig->target, offset, 8, value);
}

uint32_t rig_read32(struct rig *rig, uint64_t offset)
{
    return (uint32_t)rig->target->ops->mmio_read(rig->target, offset, 4);
}

void rig_write32(struct rig *rig, uint64_t offset, uint32_t value)
{
    rig->target->ops->mmio_write(rig->target, offset, 4, value);
}

uint32_t rig_cap(struct rig *rig, unsigned offset)
{
    return rig->target->ops->cap_read(rig->target, offset, 4);
}

void rig_set_cap(struct rig *rig, unsigned offset, uint32_t value)
{
    rig->target->ops->cap_write(rig->target, offset, 4, value);
}

uint64_t rig_load64(struct rig *rig, uint64_t spa)
{
    uint8_t byte[8];
    uint64_t value = 0;

    rig->target->ops->memory_read(rig->target, spa, byte, sizeof(byte));
    for (unsigned i = 0; i < 8; i++) {
        value |= (uint64_t)byte[i] << (8 * i);
    }
    return value;
}

void rig_store64(struct rig *rig, uint64_t spa, uint64_t value)
{
    uint8_t byte[8];

    for (unsigned i = 0; i < 8; i++) {
        byte[i] = (uint8_t)(value >> (8 * i));
    }
    rig->target->ops->memory_write(rig->target, spa, byte, sizeof(byte));
}

uint32_t rig_load32(struct rig *rig, uint64_t spa)
{
    uint8_t byte[4];

    rig->target->ops->memory_read(rig->target, spa, byte, sizeof(byte));
    return (uint32_t)byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 |
           (uint32_t)byte[3] << 24;
}

void rig_store32(struct rig *rig, uint64_t spa, uint32_t value)
{
    uint8_t byte[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                       (uint8_t)(value >> 24)};

    rig->target->ops->memory_write(rig->target, spa, byte, sizeof(byte));
}

uint64_t rig_pages(struct rig *rig, unsigned count, uint64_t align)
{
    uint64_t spa = (rig->next_page + align - 1) / align * align;

    if (!check_true(spa + count * PAGE_BYTES <= TARGET_RAM_BYTES - PAGE_BYTES,
                    "the rig has pages left", __FILE__, __LINE__)) {
        return RIG_DATA; /* the test has failed already */
    }
    rig->next_page = spa + (count + 1) * PAGE_BYTES; /* checks look beyond both ends */
    return spa;
}

uint64_t rig_page(struct rig *rig)
{
    return rig_pages(rig, 1, PAGE_BYTES);
}

/* ---- Programming ----------------------------------------------------------------------------- */

void rig_enable_with(struct rig *rig, uint64_t control)
{
    rig_write(rig, REG_DEVICE_TABLE, RIG_DEVICE_TABLE | 0x1ff);
    rig_write(rig, REG_COMMAND_BASE, RIG_COMMAND_BUFFER | UINT64_C(8) << 56);
    rig_write(rig, REG_EVENT_BASE, RIG_EVENT_LOG | UINT64_C(8) << 56);
    rig->command_tail = 0;
    rig->enabled = true;
    rig_write(rig, REG_CONTROL, control);
}

void rig_enable(struct rig *rig)
{
    rig_enable_with(rig, CONTROL_USUAL);
}

struct rig_dte rig_dte_paged(uint64_t root, unsigned mode, uint16_t domain)
{
    struct rig_dte dte = {{0x3 | (uint64_t)mode << 9 | root | RIG_RW, domain, 0, 0}};

    return dte;
}

void rig_dte_remap(struct rig_dte *dte, uint64_t table, unsigned table_len)
{
    dte->q[2] |= 0x1 | (uint64_t)table_len << 1 | table | UINT64_C(2) << 60;
}

void rig_store_dte(struct rig *rig, uint16_t device_id, struct rig_dte dte)
{
    uint64_t spa = RIG_DEVICE_TABLE + 32 * (uint64_t)device_id;

    /* Quadword 0 last: it declares the others valid. */
    for (unsigned i = 4; i-- > 0;) {
        rig_store64(rig, spa + 8 * i, dte.q[i]);
    }
}

void rig_set_dte(struct rig *rig, uint16_t device_id, struct rig_dte dte)
{
    rig_store_dte(rig, device_id, dte);
    rig_invalidate_device(rig, device_id);
    rig_invalidate_domain(rig, (uint16_t)dte.q[1]);
    rig_invalidate_interrupts(rig, device_id);
    check_true(rig_wait(rig), "the invalidation of a device completes", __FILE__, __LINE__);
}

void rig_attach(struct rig *rig, unsigned mode)
{
    rig->root = rig_page(rig);
    rig->mode = mode;
    rig_set_dte(rig, rig->device, rig_dte_paged(rig->root, mode, RIG_DOMAIN));
}

uint64_t rig_entry(unsigned next_level, uint64_t spa, uint64_t access)
{
    return 0x1 | (uint64_t)next_level << 9 | spa | access;
}

static uint64_t entry_in(uint64_t table, unsigned level, uint64_t iova)
{
    return table + 8 * (iova >> (12 + 9 * (level - 1)) & 0x1ff);
}

uint64_t rig_entry_at(struct rig *rig, uint64_t root, unsigned mode, uint64_t iova, unsigned level)
{
    uint64_t table = root;

    for (unsigned at = mode; at > level; at--) {
        table = rig_load64(rig, entry_in(table, at, iova)) & UINT64_C(0x000ffffffffff000);
    }
    return entry_in(table, level, iova);
}

void rig_map_in(struct rig *rig, uint64_t root, unsigned mode, uint64_t iova, uint64_t spa,
                unsigned size_log2, uint64_t access)
{
    unsigned level = mode;
    uint64_t table = root;

    while (12 + 9 * (level - 1) > size_log2) {
        uint64_t at = entry_in(table, level, iova);
        uint64_t entry = rig_load64(rig, at);

        if (!(entry & 1)) {
            entry = rig_entry(level - 1, rig_page(rig), RIG_RW);
            rig_store64(rig, at, entry);
        }
        table = entry & UINT64_C(0x000ffffffffff000);
        level--;
    }
    rig_store64(rig, entry_in(table, level, iova), rig_entry(0, spa, access));
}

void rig_map(struct rig *rig, uint64_t iova, uint64_t spa, unsigned size_log2, uint64_t access)
{
    rig_map_in(rig, rig->root, rig->mode, iova, spa, size_log2, access);
}

/* ---- Commands -------------------------------------------------------------------------------- */

void rig_queue(struct rig *rig, uint64_t word0, uint64_t word1)
{
    rig_store64(rig, RIG_COMMAND_BUFFER + rig->command_tail, word0);
    rig_store64(rig, RIG_COMMAND_BUFFER + rig->command_tail + 8, word1);
    rig->command_tail = (rig->command_tail + 16) % RIG_RING_BYTES;
}

void rig_kick(struct rig *rig)
{
    rig_write(rig, REG_COMMAND_TAIL, rig->command_tail);
}

void rig_command(struct rig *rig, uint64_t word0, uint64_t word1)
{
    rig_queue(rig, word0, word1);
    rig_kick(rig);
}

void rig_invalidate_device(struct rig *rig, uint16_t device_id)
{
    rig_command(rig, UINT64_C(2) << 60 | device_id, 0);
}

void rig_invalidate_page(struct rig *rig, uint16_t domain, uint64_t iova)
{
    rig_command(rig, UINT64_C(3) << 60 | (uint64_t)domain << 32, iova & ~UINT64_C(0xfff));
}

void rig_invalidate_domain(struct rig *rig, uint16_t domain)
{
    rig_command(rig, UINT64_C(3) << 60 | (uint64_t)domain << 32, UINT64_C(0x7ffffffffffff003));
}

void rig_invalidate_interrupts(struct rig *rig, uint16_t device_id)
{
    rig_command(rig, UINT64_C(5) << 60 | device_id, 0);
}

/* Wall clock, for waiting only. */
static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool is_late(const struct rig *rig, uint64_t begin)
{
    return now_ms() - begin > (rig->target->kind->ours ? PATIENCE_MS : PATIENCE_OTHER_MS);
}

bool rig_until(struct rig *rig, uint64_t offset, uint64_t mask, uint64_t value)
{
    uint64_t begin = now_ms();

    while ((rig_read(rig, offset) & mask) != value) {
        if (is_late(rig, begin)) {
            return false;
        }
        rig->target->ops->settle(rig->target);
    }
    return true;
}

void rig_wait_begin(struct rig *rig)
{
    rig->wait_number++;
    rig_command(rig, UINT64_C(1) << 60 | RIG_STORE | 1, rig->wait_number);
}

bool rig_wait_done(struct rig *rig)
{
    return rig_load64(rig, RIG_STORE) == rig->wait_number;
}

bool rig_wait(struct rig *rig)
{
    uint64_t begin = now_ms();

    rig_wait_begin(rig);
    while (!rig_wait_done(rig)) {
        if (is_late(rig, begin)) {
            return false;
        }
        rig->target->ops->settle(rig->target);
    }
    return true;
}

bool rig_drained(struct rig *rig)
{
    return rig_until(rig, REG_COMMAND_HEAD, UINT64_MAX, rig->command_tail);
}

void rig_allow_store(struct rig *rig, uint64_t spa)
{
    if (check_true(rig->store_count < sizeof(rig->stores) / sizeof(rig->stores[0]),
                   "the rig has room for another store", __FILE__, __LINE__)) {
        rig->stores[rig->store_count++] = spa;
    }
}

/* ---- Events ---------------------------------------------------------------------------------- */

struct rig_event rig_event(unsigned code, uint16_t device_id, uint16_t domain, uint64_t flags,
                           uint64_t address)
{
    struct rig_event event = {
        (uint64_t)code << 60 | flags << 48 | (uint64_t)domain << 32 | device_id, address};

    return event;
}

struct rig_event rig_fault(struct rig *rig, uint64_t flags, uint64_t address)
{
    return rig_event(EVENT_CODE_PAGE_FAULT, rig->device, RIG_DOMAIN, flags, address);
}

unsigned rig_take_events(struct rig *rig, struct rig_event *events, unsigned max)
{
    uint64_t head = rig_read(rig, REG_EVENT_HEAD);
    uint64_t tail = rig_read(rig, REG_EVENT_TAIL);
    unsigned count = 0;

    if (!check_true(head < RIG_RING_BYTES && head % 16 == 0 && tail < RIG_RING_BYTES &&
                        tail % 16 == 0,
                    "head and tail of the event log name entries", __FILE__, __LINE__)) {
        return 0;
    }
    while (head != tail) {
        if (count < max) {
            events[count].word0 = rig_load64(rig, RIG_EVENT_LOG + head);
            events[count].word1 = rig_load64(rig, RIG_EVENT_LOG + head + 8);
        }
        count++;
        head = (head + 16) % RIG_RING_BYTES;
    }
    if (count != 0) {
        rig_write(rig, REG_EVENT_HEAD, head);
    }
    return count;
}

bool rig_check_events(struct rig *rig, const struct rig_event *want, unsigned count,
                      const char *file, int line)
{
    struct rig_event got[256];
    unsigned found = rig_take_events(rig, got, 256);
    bool held = check_u64(found, count, "events in the log", file, line);

    for (unsigned i = 0; i < found && i < count; i++) {
        held = check_u64(got[i].word0, want[i].word0, "first half of an event", file, line) && held;
        held =
            check_u64(got[i].word1, want[i].word1, "second half of an event", file, line) && held;
    }
    for (unsigned i = count; i < found && i < count + 4; i++) {
        printf("# %s:%d: unexpected event 0x%016" PRIx64 " 0x%016" PRIx64 "\n", file, line,
               got[i].word0, got[i].word1);
    }
    return held;
}

/* ---- Memory accesses of the IOMMU ------------------------------------------------------------ */

/* May the IOMMU write there: its log, or a store that was announced? */
static bool may_write(const struct rig *rig, const struct target_touch *touch)
{
    if (touch->spa >= RIG_EVENT_LOG &&
        touch->spa + touch->size_bytes <= RIG_EVENT_LOG + RIG_RING_BYTES) {
        return true;
    }
    if (touch->spa == RIG_STORE && touch->size_bytes == 8) {
        return true;
    }
    for (unsigned i = 0; i < rig->store_count; i++) {
        if (touch->spa == rig->stores[i] && touch->size_bytes == 8) {
            return true;
        }
    }
    return false;
}

/* What is new, behind what is known. */
static void collect_touches(struct rig *rig)
{
    unsigned room = RIG_TOUCHES_MAX - rig->touch_count;
    struct target_touch *next = rig->touches + rig->touch_count;
    unsigned count = rig->target->ops->touches(rig->target, next, room);

    check_true(count <= room, "the record of memory accesses is not full", __FILE__, __LINE__);
    count = count <= room ? count : room;
    for (unsigned i = 0; i < count; i++) {
        if (next[i].write && !rig->wrecked && !may_write(rig, &next[i])) {
            printf("# the IOMMU wrote %u bytes at 0x%" PRIx64 "\n", (unsigned)next[i].size_bytes,
                   next[i].spa);
            check_true(false, "the IOMMU writes nothing but events and stores", __FILE__, __LINE__);
        }
    }
    rig->touch_count += count;
}

void rig_touches_begin(struct rig *rig)
{
    collect_touches(rig);
    rig->touch_count = 0;
}

bool rig_touched(struct rig *rig, uint64_t spa, uint64_t bytes)
{
    bool hit = false;

    collect_touches(rig);
    for (unsigned i = 0; i < rig->touch_count; i++) {
        const struct target_touch *touch = &rig->touches[i];
        hit = hit || (touch->spa < spa + bytes && touch->spa + touch->size_bytes > spa);
    }
    return hit;
}

unsigned rig_touch_count(struct rig *rig)
{
    collect_touches(rig);
    return rig->touch_count;
}

/* ---- The end --------------------------------------------------------------------------------- */

static const uint64_t guards[] = {
    RIG_DEVICE_TABLE - 0x1000,   RIG_DEVICE_TABLE + 0x200000, RIG_COMMAND_BUFFER - 0x1000,
    RIG_COMMAND_BUFFER + 0x1000, RIG_EVENT_LOG - 0x1000,      RIG_EVENT_LOG + 0x1000,
    RIG_STORE - 0x1000,          RIG_STORE + 0x1000,
};

#define GUARD_BYTE 0xc5

void rig_begin(struct rig *rig, struct target *target)
{
    uint8_t page[0x1000];

    memset(rig, 0, sizeof(*rig));
    rig->target = target;
    rig->device = target->endpoint[0];
    rig->next_page = RIG_DATA;
    rig->wait_number = UINT64_C(0x1122334455660000);
    rig->pattern = 1;
    memset(page, GUARD_BYTE, sizeof(page));
    for (unsigned i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
        target->ops->memory_write(target, guards[i], page, sizeof(page));
    }
}

void rig_finish(struct rig *rig)
{
    uint8_t page[0x1000];
    bool intact = true;

    if (rig->enabled && !rig->wrecked) {
        RIG_NO_EVENTS(rig);
    }
    for (unsigned i = 0; i < sizeof(guards) / sizeof(guards[0]); i++) {
        rig->target->ops->memory_read(rig->target, guards[i], page, sizeof(page));
        for (unsigned at = 0; at < sizeof(page); at++) {
            intact = intact && page[at] == GUARD_BYTE;
        }
    }
    check_true(intact, "memory around the rings and the table is untouched", __FILE__, __LINE__);
    if ((rig->target->can & CAN_TRACE) != 0 && !rig->wrecked) {
        collect_touches(rig);
    }
    rig_check_late(rig); /* last: it turns the IOMMU off */
}

void rig_outcome(struct rig *rig, const char *name)
{
    rig->outcome = name;
}
