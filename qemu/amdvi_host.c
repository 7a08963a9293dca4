/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libamdvi asks of its host: guest memory, and being called back. Memory is RAM only: an
 * access that lands on a device's registers, the IOMMU's own included, is not made.
 */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/i386/apic_internal.h"
#include "hw/pci/msi.h"
#include "qemu/atomic.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"
#include "amdvi.h"

/* Commands that one bottom half runs before it lets others have the main loop. */
#define COMMANDS_PER_CALL 512

/* Up to @bytes of RAM at @spa; *@bytes becomes what there is in one piece. In an RCU section. */
static uint8_t *ram_at(uint64_t spa, hwaddr *bytes, bool is_write, MemoryRegion **out_region)
{
    hwaddr offset;
    MemoryRegion *region = address_space_translate(&address_space_memory, spa, &offset, bytes,
                                                   is_write, MEMTXATTRS_UNSPECIFIED);

    if (!memory_access_is_direct(region, is_write, MEMTXATTRS_UNSPECIFIED)) {
        return NULL;
    }
    *out_region = region;
    return qemu_map_ram_ptr(region->ram_block, offset);
}

/* memcpy in which aligned 8 and 4 bytes of guest memory are read as one. */
static void copy_from_ram(uint8_t *to, const uint8_t *ram, size_t bytes)
{
    while (bytes) {
        size_t step = 1;

        if (bytes >= 8 && QEMU_PTR_IS_ALIGNED(ram, 8)) {
            step = 8;
            memcpy(to, &(uint64_t) {qatomic_read__nocheck((const uint64_t *)ram)}, 8);
        } else if (bytes >= 4 && QEMU_PTR_IS_ALIGNED(ram, 4)) {
            step = 4;
            memcpy(to, &(uint32_t) {qatomic_read((const uint32_t *)ram)}, 4);
        } else {
            *to = qatomic_read(ram);
        }
        to += step;
        ram += step;
        bytes -= step;
    }
}

static void copy_to_ram(uint8_t *ram, const uint8_t *from, size_t bytes)
{
    while (bytes) {
        size_t step = 1;

        if (bytes >= 8 && QEMU_PTR_IS_ALIGNED(ram, 8)) {
            uint64_t word;

            step = 8;
            memcpy(&word, from, 8);
            qatomic_set__nocheck((uint64_t *)ram, word);
        } else if (bytes >= 4 && QEMU_PTR_IS_ALIGNED(ram, 4)) {
            uint32_t word;

            step = 4;
            memcpy(&word, from, 4);
            qatomic_set((uint32_t *)ram, word);
        } else {
            qatomic_set(ram, *from);
        }
        ram += step;
        from += step;
        bytes -= step;
    }
}

/*
 * Tell QEMU that RAM was written: dirty logs, and code translated from it. address_space_unmap() is
 * the one function for all of that which QEMU exports.
 */
static void ram_written(MemoryRegion *region, uint8_t *ram, hwaddr bytes)
{
    memory_region_ref(region);
    address_space_unmap(&address_space_memory, ram, bytes, true, bytes);
}

static enum amdvi_memory_status host_read(void *ctx, uint64_t spa, void *out, size_t size_bytes)
{
    uint8_t *to = out;

    RCU_READ_LOCK_GUARD();
    while (size_bytes) {
        MemoryRegion *region;
        hwaddr run = size_bytes;
        const uint8_t *ram = ram_at(spa, &run, false, &region);

        if (!ram || !run) {
            return AMDVI_MEMORY_ABSENT;
        }
        copy_from_ram(to, ram, run);
        to += run;
        spa += run;
        size_bytes -= run;
    }
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_status host_write(void *ctx, uint64_t spa, const void *data,
                                           size_t size_bytes)
{
    const uint8_t *from = data;

    RCU_READ_LOCK_GUARD();
    while (size_bytes) {
        MemoryRegion *region;
        hwaddr run = size_bytes;
        uint8_t *ram = ram_at(spa, &run, true, &region);

        if (!ram || !run) {
            return AMDVI_MEMORY_ABSENT;
        }
        copy_to_ram(ram, from, run);
        ram_written(region, ram, run);
        from += run;
        spa += run;
        size_bytes -= run;
    }
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_status host_compare_exchange(void *ctx, uint64_t spa, void *expected,
                                                      const void *desired, size_t size_bytes)
{
    MemoryRegion *region;
    hwaddr run = size_bytes;
    uint8_t *ram;

    RCU_READ_LOCK_GUARD();
    ram = ram_at(spa, &run, true, &region);
    if (!ram || run < size_bytes) {
        return AMDVI_MEMORY_ABSENT;
    }
    if (size_bytes == 8) {
        uint64_t old, new;

        memcpy(&old, expected, 8);
        memcpy(&new, desired, 8);
        old = qatomic_cmpxchg__nocheck((uint64_t *)ram, old, new);
        memcpy(expected, &old, 8);
    } else {
        uint32_t old, new;

        memcpy(&old, expected, 4);
        memcpy(&new, desired, 4);
        old = qatomic_cmpxchg((uint32_t *)ram, old, new);
        memcpy(expected, &old, 4);
    }
    ram_written(region, ram, size_bytes);
    return AMDVI_MEMORY_OK;
}

static void *host_map(void *ctx, uint64_t spa, bool write, uint64_t *run_bytes)
{
    return amdvi_memory_map(ctx, spa, write, run_bytes);
}

/*
 * Always from a bottom half: the message is dispatched under the big lock, which may not be held, and
 * must not arrive while the library is in the middle of something on this thread.
 */
static void host_send_msi(void *ctx)
{
    AmdviUnit *unit = ctx;

    amdvi_later(&unit->msi_pending, unit->msi_bh);
}

static void unit_send_msi(void *opaque)
{
    AmdviUnit *unit = opaque;

    /*
     * The IOMMU does not remap its own interrupt, nor does it depend on BusMaster: firmware sets that
     * on a real machine, and Linux does not. So the message goes to the local APICs directly.
     */
    if (amdvi_now(&unit->msi_pending) && msi_enabled(PCI_DEVICE(unit))) {
        MSIMessage message = msi_get_message(PCI_DEVICE(unit), 0);

        apic_get_class(NULL)->send_msi(&message);
    }
}

static void host_work(void *ctx)
{
    AmdviUnit *unit = ctx;

    amdvi_later(&unit->work_pending, unit->work_bh);
}

static void unit_work(void *opaque)
{
    AmdviUnit *unit = opaque;

    if (!amdvi_now(&unit->work_pending)) {
        return;
    }
    amdvi_commands_begin(unit);
    if (amdvi_iommu_process(unit->iommu, COMMANDS_PER_CALL)) {
        host_work(unit);
    }
    amdvi_commands_end(unit);
}

/* Commands run under the big lock, in a write of a register or in unit_work(), and so do these. */
static void host_translations_invalidated(void *ctx, const struct amdvi_invalidation *what)
{
    assert(bql_locked());
    amdvi_dma_invalidated(ctx, what);
}

static void host_interrupts_invalidated(void *ctx, bool all, uint16_t device_id)
{
    AmdviUnit *unit = ctx;

    assert(bql_locked());
    x86_iommu_iec_notify_all(X86_IOMMU_DEVICE(unit->core), true, 0, 0);
}

/* ATS. The clock stands still while the machine does, so that a pause is no device's fault. */
static uint64_t host_now_ns(void *ctx)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void host_set_timer(void *ctx, uint64_t deadline_ns)
{
    amdvi_ats_set_timer(ctx, deadline_ns);
}

static void host_invalidate_iotlb(void *ctx, const struct amdvi_iotlb_invalidation *what)
{
    amdvi_ats_invalidate(ctx, what);
}

static void host_wait_completed(void *ctx, uint64_t offset)
{
    amdvi_waits_completed(ctx, offset);
}

static void host_log(void *ctx, const char *text)
{
    qemu_log_mask(LOG_GUEST_ERROR, "amdvi: %s\n", text);
}

void amdvi_host_init(AmdviUnit *unit, struct amdvi_host *out)
{
    unit->msi_bh = qemu_bh_new(unit_send_msi, unit);
    unit->work_bh = qemu_bh_new(unit_work, unit);
    amdvi_ats_init(unit);
    *out = (struct amdvi_host) {
        .size = sizeof(*out),
        .ctx = unit,
        .read = host_read,
        .write = host_write,
        .compare_exchange = host_compare_exchange,
        .map = host_map,
        .send_msi = host_send_msi,
        .work = host_work,
        .translations_invalidated = host_translations_invalidated,
        .interrupts_invalidated = host_interrupts_invalidated,
        .now_ns = host_now_ns,
        .set_timer = host_set_timer,
        .invalidate_iotlb = host_invalidate_iotlb,
        .log = host_log,
        .wait_completed = host_wait_completed,
    };
}
