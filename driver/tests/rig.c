/* SPDX-License-Identifier: BSD-2-Clause */
/* A host for the driver, around the software IOMMU: its functions. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "rig.h"
#include "rig_private.h"

#include <amdvi/drv_log.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE       UINT64_C(4096)
#define FIRST_PAGE (MACHINE_FREE / PAGE)
#define PAGES      (MACHINE_MEMORY_BYTES / PAGE)
#define LINE       64
#define LOOK_NS    50 /* that a look at the clock takes */

static _Thread_local unsigned locks_held;

void rig_breach(struct rig *rig, const char *what)
{
    atomic_fetch_add(&rig->breaches, 1);
    printf("# breach: %s\n", what);
}

static bool fails_now(struct rig *rig)
{
    return atomic_fetch_add(&rig->calls, 1) + 1 == rig->fail_at;
}

static void enter_host(struct rig *rig)
{
    while (rig->options.threads && atomic_exchange(&rig->in_host, true)) {
        sched_yield();
    }
}

static void leave_host(struct rig *rig)
{
    atomic_store(&rig->in_host, false);
}

static void expect_no_lock(struct rig *rig, const char *function)
{
    if (locks_held != 0) {
        printf("# in %s:\n", function);
        rig_breach(rig, "called with a lock held");
    }
}

void rig_changed(struct rig *rig, enum rig_change what)
{
    if (rig->changed != NULL && !rig->in_changed) {
        rig->in_changed = true;
        rig->changed(rig, what);
        rig->in_changed = false;
    }
}

/* ---- Memory ---------------------------------------------------------------------------------- */

uint64_t rig_spa(const struct rig *rig, const void *bytes)
{
    return (uint64_t)((const uint8_t *)bytes - rig->memory);
}

void *rig_bytes(const struct rig *rig, uint64_t spa)
{
    return rig->memory + spa;
}

uint64_t rig_read64(struct rig *rig, uint64_t spa)
{
    return machine_read64(&rig->unit[0].machine, spa);
}

static bool take_pages(struct rig *rig, uint64_t count, uint64_t *out_first)
{
    uint64_t run = 0;

    for (uint64_t page = FIRST_PAGE; page < PAGES; page++) {
        run = rig->page_use[page] == 0 ? run + 1 : 0;
        if (run == count) {
            *out_first = page + 1 - count;
            memset(&rig->page_use[*out_first], 2, count);
            rig->page_use[*out_first] = 1;
            return true;
        }
    }
    return false;
}

static bool host_alloc(void *ctx, size_t size_bytes, struct amdvi_drv_block *out)
{
    struct rig *rig = ctx;
    unsigned limit = rig->options.memory_bytes;
    uint64_t first = 0;

    if (size_bytes == 0 || size_bytes % PAGE != 0) {
        rig_breach(rig, "alloc of no whole pages");
        return false;
    }
    enter_host(rig);
    bool is_given = !fails_now(rig) && (limit == 0 || rig->held_bytes + size_bytes <= limit) &&
                    take_pages(rig, size_bytes / PAGE, &first);
    if (is_given) {
        rig->held_blocks++;
        rig->held_bytes += size_bytes;
    }
    leave_host(rig);
    if (!is_given) {
        return false;
    }
    out->spa = first * PAGE;
    out->bytes = rig_bytes(rig, out->spa);
    out->size_bytes = size_bytes;
    /* Contents may be anything, for both sides. */
    memset(out->bytes, 0xa5, size_bytes);
    memset(rig->unit[0].machine.memory + out->spa, 0x5b, size_bytes);
    if (rig->options.non_coherent) {
        memset(rig->clean + out->spa, 0xa5, size_bytes);
    } else {
        memset(out->bytes, 0xa5, size_bytes);
    }
    return true;
}

static void host_free(void *ctx, const struct amdvi_drv_block *block)
{
    struct rig *rig = ctx;
    uint64_t first = block->spa / PAGE;
    uint64_t count = block->size_bytes / PAGE;

    enter_host(rig);
    bool is_bad = block->spa % PAGE != 0 || block->size_bytes == 0 ||
                  block->size_bytes % PAGE != 0 || first < FIRST_PAGE || first + count > PAGES ||
                  rig->page_use[first] != 1 ||
                  (first + count < PAGES && rig->page_use[first + count] == 2) ||
                  block->bytes != rig_bytes(rig, block->spa);
    leave_host(rig);
    if (is_bad) {
        rig_breach(rig, "free of what is no block");
        return;
    }
    memset(block->bytes, 0xdd, block->size_bytes);
    memset(rig->unit[0].machine.memory + block->spa, 0xdd, block->size_bytes);
    enter_host(rig);
    memset(&rig->page_use[first], 0, count);
    rig->held_blocks--;
    rig->held_bytes -= block->size_bytes;
    leave_host(rig);
}

/* Lines that the processor wrote are written back, and all of them are dropped. */
static void host_flush(void *ctx, const void *bytes, size_t size_bytes)
{
    struct rig *rig = ctx;
    uint64_t first = rig_spa(rig, bytes) / LINE * LINE;
    uint64_t end = rig_spa(rig, bytes) + size_bytes;
    uint8_t *seen = rig->unit[0].machine.memory;

    if (size_bytes == 0 || end > MACHINE_MEMORY_BYTES || rig->page_use[first / PAGE] == 0) {
        rig_breach(rig, "flush of what is in no block");
        return;
    }
    for (uint64_t at = first; at < end; at += LINE) {
        if (memcmp(rig->memory + at, rig->clean + at, LINE) != 0) {
            memcpy(seen + at, rig->memory + at, LINE);
        } else {
            memcpy(rig->memory + at, seen + at, LINE);
        }
        memcpy(rig->clean + at, rig->memory + at, LINE);
    }
    rig_changed(rig, RIG_FLUSHED);
}

/* One instruction where there are vectors of 16 bytes, so that rig_watch() sees one store. */
static void host_store128(void *ctx, void *at, uint64_t low, uint64_t high)
{
    typedef uint64_t pair __attribute__((vector_size(16), may_alias));
    struct rig *rig = ctx;

    if ((uintptr_t)at % 16 != 0) {
        rig_breach(rig, "store128 that is not aligned");
        return;
    }
    *(volatile pair *)at = (pair){low, high};
}

/* ---- Registers ------------------------------------------------------------------------------- */

static void *host_map_window(void *ctx, uint64_t window_base, size_t size_bytes)
{
    struct rig *rig = ctx;

    expect_no_lock(rig, "map_window");
    if (fails_now(rig)) {
        return NULL;
    }
    for (unsigned i = 0; i < rig->options.units; i++) {
        if (window_base == RIG_WINDOW(i) && size_bytes <= AMDVI_MMIO_SIZE) {
            rig->held_windows++;
            return &rig->unit[i];
        }
    }
    return NULL;
}

static void host_unmap_window(void *ctx, void *window, size_t size_bytes)
{
    struct rig *rig = ctx;

    (void)window;
    (void)size_bytes;
    expect_no_lock(rig, "unmap_window");
    rig->held_windows--;
}

/* The device's own head may be anywhere near a command that stopped it. */
static uint64_t spoil_read(struct rig_unit *unit, enum amdvi_reg reg, uint64_t value)
{
    struct rig *rig = unit->rig;
    uint64_t run = AMDVI_STATUS_CMD_BUF_RUN | AMDVI_STATUS_EVENT_LOG_RUN;

    if (reg == AMDVI_REG_STATUS) {
        value = rig->dead_run ? value & ~run : value;
        value = rig->stuck_run ? value | run : value;
    }
    if (reg == AMDVI_REG_CMD_BUF_HEAD && rig->head_is_behind &&
        (machine_reg(&unit->machine, AMDVI_REG_STATUS) & AMDVI_STATUS_CMD_BUF_RUN) == 0) {
        value = (value + 16) & 0xff0;
    }
    return value;
}

static uint64_t read_register(struct rig *rig, void *window, uint32_t offset, unsigned size_bytes)
{
    struct rig_unit *unit = window;

    if (offset % size_bytes != 0 || offset + size_bytes > AMDVI_MMIO_SIZE) {
        rig_breach(rig, "read of a register that is not aligned");
    }
    uint64_t value = amdvi_iommu_mmio_read(unit->machine.iommu, offset, size_bytes);
    enum amdvi_reg reg = amdvi_reg_at(offset);
    return reg == AMDVI_REG_COUNT ? value : spoil_read(unit, reg, value);
}

static uint32_t host_read32(void *ctx, void *window, uint32_t offset)
{
    return (uint32_t)read_register(ctx, window, offset, 4);
}

static uint64_t host_read64(void *ctx, void *window, uint32_t offset)
{
    return read_register(ctx, window, offset, 8);
}

/* The command number corrupt_after, counted over the commands that this tail adds, is changed. */
static void corrupt(struct rig_unit *unit, uint32_t tail)
{
    struct rig *rig = unit->rig;
    uint64_t base = machine_reg(&unit->machine, AMDVI_REG_CMD_BUF_BASE);
    uint32_t size_bytes = (uint32_t)amdvi_ring_base_bytes(base);
    uint32_t at = unit->tail;

    for (; rig->corrupt_after != 0 && at != tail; at = (at + 16) % size_bytes) {
        if (--rig->corrupt_after == 0) {
            uint64_t spa = (base & AMDVI_CMD_BUF_BASE_BASE) + at;
            struct amdvi_wire_command wire;
            amdvi_le64_encode(&wire.word[0], rig->corrupt_word0);
            amdvi_le64_encode(&wire.word[1], rig->corrupt_word1);
            memcpy(rig->memory + spa, &wire, sizeof(wire));
            memcpy(unit->machine.memory + spa, &wire, sizeof(wire));
            if (rig->options.non_coherent) {
                memcpy(rig->clean + spa, &wire, sizeof(wire));
            }
        }
    }
    unit->tail = tail;
}

/* Taken away by rig_deliver(), in another thread. */
static void leave_tail(struct rig_unit *unit, uint32_t tail)
{
    enter_host(unit->rig);
    unit->tail = tail;
    unit->tail_held = true;
    leave_host(unit->rig);
}

void rig_deliver(struct rig *rig)
{
    for (unsigned i = 0; i < rig->options.units; i++) {
        struct rig_unit *unit = &rig->unit[i];
        enter_host(rig);
        bool is_held = unit->tail_held;
        uint32_t tail = unit->tail;
        unit->tail_held = false;
        leave_host(rig);
        if (is_held) {
            rig_set_reg(rig, i, AMDVI_REG_CMD_BUF_TAIL, tail);
        }
    }
}

static void write_register(struct rig *rig, void *window, uint32_t offset, unsigned size_bytes,
                           uint64_t value)
{
    struct rig_unit *unit = window;
    enum amdvi_reg reg = amdvi_reg_at(offset);

    if (offset % size_bytes != 0 || offset + size_bytes > AMDVI_MMIO_SIZE ||
        reg == AMDVI_REG_COUNT) {
        rig_breach(rig, "write of no register");
        return;
    }
    if (!rig->options.threads) {
        unit->writes[reg]++;
    } else if (reg == AMDVI_REG_CMD_BUF_TAIL && rig->completion == RIG_LATE) {
        leave_tail(unit, (uint32_t)value);
        return;
    }
    if (reg == AMDVI_REG_CMD_BUF_TAIL) {
        if (rig->corrupt_after != 0) {
            corrupt(unit, (uint32_t)value);
        }
        unit->tail = (uint32_t)value;
        unit->tail_held = rig->completion != RIG_AT_ONCE;
        unit->tail_due_ns = rig->now_ns + rig->late_ns;
    }
    bool is_lost = reg == AMDVI_REG_STATUS && rig->status_races;
    if (is_lost) {
        rig->status_races = false; /* an event came at the same moment */
    } else if (reg != AMDVI_REG_CMD_BUF_TAIL || !unit->tail_held) {
        amdvi_iommu_mmio_write(unit->machine.iommu, offset, size_bytes, value);
    }
    rig_changed(rig, RIG_REGISTER);
}

static void host_write32(void *ctx, void *window, uint32_t offset, uint32_t value)
{
    write_register(ctx, window, offset, 4, value);
}

static void host_write64(void *ctx, void *window, uint32_t offset, uint64_t value)
{
    write_register(ctx, window, offset, 8, value);
}

/* ---- Time and locks -------------------------------------------------------------------------- */

/* Tails that were held back and whose time has come. */
static void arrive(struct rig *rig)
{
    for (unsigned i = 0; i < rig->options.units; i++) {
        struct rig_unit *unit = &rig->unit[i];
        bool is_due = rig->completion == RIG_AT_ONCE ||
                      (rig->completion == RIG_LATE && rig->now_ns >= unit->tail_due_ns);
        if (unit->tail_held && is_due) {
            unit->tail_held = false;
            rig_set_reg(rig, i, AMDVI_REG_CMD_BUF_TAIL, unit->tail);
        }
    }
}

void rig_pass(struct rig *rig, uint64_t nanoseconds)
{
    rig->now_ns += nanoseconds;
    for (unsigned i = 0; i < rig->options.units; i++) {
        machine_pass(&rig->unit[i].machine, nanoseconds);
    }
    arrive(rig);
}

static uint64_t host_now_ns(void *ctx)
{
    struct rig *rig = ctx;

    return atomic_fetch_add(&rig->now_ns, LOOK_NS) + LOOK_NS;
}

static void host_pause(void *ctx)
{
    struct rig *rig = ctx;

    expect_no_lock(rig, "pause");
    if (rig->options.threads) {
        rig->now_ns += rig->options.pause_ns;
        sched_yield();
    } else {
        rig_pass(rig, rig->options.pause_ns);
    }
}

static uintptr_t host_lock(void *ctx, struct amdvi_drv_lock *lock)
{
    struct rig *rig = ctx;

    while (__atomic_exchange_n(&lock->word[0], 1, __ATOMIC_ACQUIRE) != 0) {
        if (!rig->options.threads) {
            rig_breach(rig, "a lock is taken twice");
            abort();
        }
        sched_yield();
    }
    locks_held++;
    return 0x1f;
}

static void host_unlock(void *ctx, struct amdvi_drv_lock *lock, uintptr_t flags)
{
    struct rig *rig = ctx;

    if (flags != 0x1f || __atomic_load_n(&lock->word[0], __ATOMIC_RELAXED) != 1) {
        rig_breach(rig, "unlock of what is not locked, or with other flags");
    }
    locks_held--;
    __atomic_store_n(&lock->word[0], 0, __ATOMIC_RELEASE);
}

static void host_set_timer(void *ctx, uint64_t deadline_ns)
{
    struct rig *rig = ctx;
    uint64_t set_ns = rig->timer_ns;

    while (deadline_ns < set_ns &&
           !atomic_compare_exchange_weak(&rig->timer_ns, &set_ns, deadline_ns)) {
    }
}

/* ---- PCI ------------------------------------------------------------------------------------- */

/* The capability block of a unit in it, or an ordinary function. */
static uint32_t *find_config(struct rig *rig, uint16_t device_id, uint16_t offset)
{
    for (unsigned i = 0; i < rig->function_count; i++) {
        if (rig->function[i].device_id == device_id) {
            return &rig->function[i].config[offset / 4];
        }
    }
    return NULL;
}

static struct amdvi_iommu *find_cap(struct rig *rig, uint16_t device_id, uint16_t offset)
{
    for (unsigned i = 0; i < rig->options.units; i++) {
        if (device_id == RIG_UNIT_ID(i) && offset >= RIG_CAP_OFFSET &&
            offset < RIG_CAP_OFFSET + 20) {
            return rig->unit[i].machine.iommu;
        }
    }
    return NULL;
}

static bool host_config_read32(void *ctx, uint16_t segment, uint16_t device_id, uint16_t offset,
                               uint32_t *out)
{
    struct rig *rig = ctx;
    struct amdvi_iommu *iommu = find_cap(rig, device_id, offset);

    expect_no_lock(rig, "config_read32");
    const uint32_t *word = find_config(rig, device_id, offset);
    if (fails_now(rig) || segment != 0 || offset % 4 != 0 || (iommu == NULL && word == NULL)) {
        return false;
    }
    *out = iommu != NULL ? amdvi_iommu_cap_read(iommu, offset - RIG_CAP_OFFSET, 4) : *word;
    return true;
}

static bool host_config_write32(void *ctx, uint16_t segment, uint16_t device_id, uint16_t offset,
                                uint32_t value)
{
    struct rig *rig = ctx;
    struct amdvi_iommu *iommu = find_cap(rig, device_id, offset);
    uint32_t *word = find_config(rig, device_id, offset);

    expect_no_lock(rig, "config_write32");
    if (fails_now(rig) || segment != 0 || offset % 4 != 0 || (iommu == NULL && word == NULL)) {
        return false;
    }
    if (iommu != NULL) {
        amdvi_iommu_cap_write(iommu, offset - RIG_CAP_OFFSET, 4, value);
    } else {
        *word = value;
    }
    return true;
}

static bool host_unit_message(void *ctx, unsigned unit_index, uint64_t *address, uint32_t *data)
{
    struct rig *rig = ctx;

    expect_no_lock(rig, "unit_message");
    if (fails_now(rig)) {
        return false;
    }
    *address = UINT64_C(0xfee00000);
    *data = 0x50 + unit_index;
    return true;
}

/* ---- News ------------------------------------------------------------------------------------ */

static void host_event(void *ctx, const struct amdvi_drv_report *report)
{
    struct rig *rig = ctx;

    expect_no_lock(rig, "event");
    rig->events++;
    if (rig->event != NULL) {
        rig->event(rig, report);
    }
}

static void host_released(void *ctx, void *cookie)
{
    struct rig *rig = ctx;

    expect_no_lock(rig, "released");
    rig->released++;
    if (!rig->options.threads) {
        rig->last_released = cookie;
    }
}

static void host_log(void *ctx, const char *text)
{
    struct rig *rig = ctx;

    rig->log_lines++;
    enter_host(rig);
    snprintf(rig->last_log, sizeof(rig->last_log), "%s", text);
    leave_host(rig);
    if (strchr(text, '\n') != NULL) {
        rig_breach(rig, "a line with a newline");
    }
    if (rig->print_log) {
        printf("# log: %s\n", text);
    }
}

void rig_make_host(struct rig *rig)
{
    const struct rig_options *options = &rig->options;

    rig->host = (struct amdvi_drv_host){
        .size = sizeof(rig->host),
        .version = AMDVI_DRV_VERSION,
        .ctx = rig,
        .alloc = options->arena_bytes != 0 ? NULL : host_alloc,
        .free = options->arena_bytes != 0 ? NULL : host_free,
        .flush = options->non_coherent ? host_flush : NULL,
        .map_window = host_map_window,
        .unmap_window = host_unmap_window,
        .read32 = host_read32,
        .write32 = host_write32,
        .read64 = options->only32 ? NULL : host_read64,
        .write64 = options->only32 ? NULL : host_write64,
        .now_ns = host_now_ns,
        .pause = host_pause,
        .lock = options->no_locks ? NULL : host_lock,
        .unlock = options->no_locks ? NULL : host_unlock,
        .set_timer = options->no_timer ? NULL : host_set_timer,
        .store128 = options->store128 ? host_store128 : NULL,
        .config_read32 = options->no_pci ? NULL : host_config_read32,
        .config_write32 = options->no_pci ? NULL : host_config_write32,
        .unit_message = options->no_pci ? NULL : host_unit_message,
        .event = host_event,
        .released = host_released,
        .log = host_log,
    };
    if (options->arena_bytes != 0 && !host_alloc(rig, options->arena_bytes, &rig->arena)) {
        fprintf(stderr, "rig: no memory for the arena\n");
        exit(2);
    }
}

/* What is held by the rig itself goes back before the count. */
void rig_drop_arena(struct rig *rig)
{
    if (rig->arena.bytes != NULL) {
        host_free(rig, &rig->arena);
    }
}
