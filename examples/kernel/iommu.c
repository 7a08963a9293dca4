/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's DMA and interrupt interface on the driver library: what the library wants of the
 * kernel (the host), how it is started, and what the kernel's device drivers call. Without an IOMMU
 * the same calls work, and devices use physical addresses.
 */
#include "kernel.h"

#include <amdvi/drv.h>
#include <amdvi/drv_domain.h>
#include <amdvi/drv_early.h>
#include <amdvi/drv_interrupt.h>
#include <amdvi/ivrs.h>

#define WINDOW_BYTES 0x4000u
#define REPORTS_MAX  16u
#define EARLY_PAGES  513u /* commands, and a device table of all 65,536 entries */
#define FIRST_IOVA   0x100000u
#define IVHD_FIRST   0x10u /* later types repeat its units, with more about them */

static struct amdvi_drv *drv;
static struct amdvi_drv_report reports[REPORTS_MAX];
static unsigned reported;
static void *early[AMDVI_IVRS_UNITS_MAX];
static unsigned early_count;

static bool host_alloc(void *ctx, size_t size_bytes, struct amdvi_drv_block *out)
{
    void *pages = pages_take(size_bytes / PAGE_BYTES);

    if (pages == NULL) {
        return false;
    }
    *out = (struct amdvi_drv_block){pages, (uintptr_t)pages, size_bytes};
    return true;
}

static void host_free(void *ctx, const struct amdvi_drv_block *block)
{
    pages_give(block->bytes, block->size_bytes / PAGE_BYTES);
}

static void *host_map_window(void *ctx, uint64_t window_base, size_t size_bytes)
{
    return memory_map_device(window_base, size_bytes);
}

static void host_unmap_window(void *ctx, void *window, size_t size_bytes)
{
}

static uint32_t host_read32(void *ctx, void *window, uint32_t offset)
{
    uint32_t value = *(volatile uint32_t *)((uint8_t *)window + offset);

    order();
    return value;
}

static void host_write32(void *ctx, void *window, uint32_t offset, uint32_t value)
{
    order();
    *(volatile uint32_t *)((uint8_t *)window + offset) = value;
}

static uint64_t host_read64(void *ctx, void *window, uint32_t offset)
{
    uint64_t value = *(volatile uint64_t *)((uint8_t *)window + offset);

    order();
    return value;
}

static void host_write64(void *ctx, void *window, uint32_t offset, uint64_t value)
{
    order();
    *(volatile uint64_t *)((uint8_t *)window + offset) = value;
}

static uint64_t host_now_ns(void *ctx)
{
    return clock_ns();
}

/* One processor: with its interrupts off, nobody else is there. Others need a spinlock too. */
static uintptr_t host_lock(void *ctx, struct amdvi_drv_lock *lock)
{
    return interrupts_off();
}

static void host_unlock(void *ctx, struct amdvi_drv_lock *lock, uintptr_t flags)
{
    interrupts_restore(flags != 0);
}

static bool host_config_read32(void *ctx, uint16_t segment, uint16_t device_id, uint16_t offset,
                               uint32_t *out)
{
    *out = pci_read(device_id, offset);
    return segment == 0 && offset < PCI_CONFIG_BYTES && (uint16_t)pci_read(device_id, 0) != 0xffff;
}

static bool host_config_write32(void *ctx, uint16_t segment, uint16_t device_id, uint16_t offset,
                                uint32_t value)
{
    if (segment == 0 && offset < PCI_CONFIG_BYTES) {
        pci_write(device_id, offset, value);
    }
    return segment == 0 && offset < PCI_CONFIG_BYTES;
}

static bool host_unit_message(void *ctx, unsigned unit_index, uint64_t *address, uint32_t *data)
{
    *address = 0xfee00000u | (uint32_t)interrupt_processor() << 12;
    *data = VECTOR_IOMMU;
    return true;
}

/* In an interrupt, or in a poll that one interrupts: it only takes note. */
static void host_event(void *ctx, const struct amdvi_drv_report *report)
{
    bool were_on = interrupts_off();

    if (reported < REPORTS_MAX) {
        reports[reported] = *report;
    }
    reported++;
    interrupts_restore(were_on);
}

static void host_log(void *ctx, const char *text)
{
    print("  driver: %s\n", text);
}

static void iommu_interrupt(void)
{
    for (unsigned i = 0; drv != NULL && i < amdvi_drv_unit_count(drv); i++) {
        while (amdvi_drv_unit_interrupt(drv, i)) {
        }
    }
}

static const struct amdvi_drv_host host = {
    .size = sizeof(host),
    .version = AMDVI_DRV_VERSION,
    .alloc = host_alloc,
    .free = host_free,
    .map_window = host_map_window,
    .unmap_window = host_unmap_window,
    .read32 = host_read32,
    .write32 = host_write32,
    .read64 = host_read64,
    .write64 = host_write64,
    .now_ns = host_now_ns,
    .lock = host_lock,
    .unlock = host_unlock,
    .config_read32 = host_config_read32,
    .config_write32 = host_config_write32,
    .unit_message = host_unit_message,
    .event = host_event,
    .log = host_log,
};

/* Says what went wrong, and where. */
static bool succeeded(enum amdvi_drv_status status, const char *call)
{
    if (status != AMDVI_DRV_OK) {
        print("  amdvi_drv_%s: %s\n", call, amdvi_drv_status_text(status));
    }
    return status == AMDVI_DRV_OK;
}

static bool block_unit(uint64_t window_base)
{
    void *memory = early_count < AMDVI_IVRS_UNITS_MAX ? pages_take(EARLY_PAGES) : NULL;
    struct amdvi_drv_early block = {
        .window = memory_map_device(window_base, WINDOW_BYTES),
        .memory = {memory, (uintptr_t)memory, EARLY_PAGES * PAGE_BYTES},
    };

    if (memory == NULL) {
        return false;
    }
    early[early_count++] = memory;
    return succeeded(amdvi_drv_early_block(&host, &block), "early_block");
}

bool iommu_block_early(const struct acpi_table *ivrs)
{
    struct amdvi_ivrs_table table;
    struct amdvi_ivrs_block block;

    if (amdvi_ivrs_open(&table, ivrs->bytes, ivrs->size_bytes, NULL) != AMDVI_IVRS_OK) {
        return false;
    }
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(&table);
    while (amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_OK) {
        if (block.type == IVHD_FIRST && !block_unit(block.unit.window_spa)) {
            return false;
        }
    }
    return early_count > 0;
}

bool iommu_start(const struct acpi_table *ivrs)
{
    struct amdvi_drv_config config;

    amdvi_drv_config_init(&config);
    config.ivrs = ivrs->bytes;
    config.ivrs_bytes = ivrs->size_bytes;
    interrupt_handlers[VECTOR_IOMMU] = iommu_interrupt;
    if (!succeeded(amdvi_drv_start(&drv, &host, &config), "start")) {
        return false;
    }
    while (early_count > 0) { /* the units use the driver's tables now */
        pages_give(early[--early_count], EARLY_PAGES);
    }
    return true;
}

bool iommu_stop(void)
{
    bool good = succeeded(amdvi_drv_stop(drv, AMDVI_DRV_SWITCH_OFF), "stop");

    drv = NULL;
    return good;
}

unsigned iommu_reports(void)
{
    char text[AMDVI_DRV_TEXT_BYTES];

    /* What is not an interrupt handler's work; and units whose interrupt does not come. */
    while (drv != NULL && amdvi_drv_poll(drv)) {
    }
    bool were_on = interrupts_off();
    unsigned count = reported;
    for (unsigned i = 0; i < count && i < REPORTS_MAX; i++) {
        amdvi_drv_report_text(&reports[i], text, sizeof(text));
        print("  event: %s\n", text);
    }
    reported = 0;
    interrupts_restore(were_on);
    return count;
}

bool dma_open(struct dma_device *device)
{
    struct amdvi_drv_device_config config = {.device_id = device->id, .cookie = device};
    struct amdvi_drv_domain_config domain;

    if (drv == NULL) {
        return true;
    }
    device->next_iova = FIRST_IOVA;
    amdvi_drv_domain_config_init(&domain);
    return succeeded(amdvi_drv_device_add(drv, &config, &device->behind), "device_add") &&
           succeeded(amdvi_drv_domain_create(drv, &domain, &device->domain), "domain_create") &&
           succeeded(amdvi_drv_attach(device->domain, device->behind), "attach");
}

bool dma_close(struct dma_device *device)
{
    return drv == NULL || (succeeded(amdvi_drv_detach(device->behind), "detach") &&
                           succeeded(amdvi_drv_device_remove(device->behind), "device_remove") &&
                           succeeded(amdvi_drv_domain_destroy(device->domain), "domain_destroy"));
}

bool dma_take(struct dma_device *device, size_t pages, unsigned access, struct dma_memory *out)
{
    void *bytes = pages_take(pages);

    *out = (struct dma_memory){bytes, (uintptr_t)bytes, pages};
    if (bytes == NULL || device->domain == NULL) {
        return bytes != NULL;
    }
    /* A page without memory behind each piece: who writes too far is caught. */
    out->address = device->next_iova;
    device->next_iova += (pages + 1) * PAGE_BYTES;
    enum amdvi_drv_status status =
        amdvi_drv_map(device->domain, out->address, (uintptr_t)bytes, pages * PAGE_BYTES, access);
    if (status != AMDVI_DRV_OK) {
        pages_give(bytes, pages);
    }
    return succeeded(status, "map");
}

bool dma_give(struct dma_device *device, const struct dma_memory *memory)
{
    size_t bytes = memory->pages * PAGE_BYTES;

    if (device->domain != NULL &&
        !succeeded(amdvi_drv_unmap(device->domain, memory->address, bytes, NULL), "unmap")) {
        return false; /* the device may still reach it: never used again */
    }
    pages_give(memory->bytes, memory->pages);
    return true;
}

bool dma_interrupt(struct dma_device *device, uint8_t vector, uint64_t *address, uint32_t *data)
{
    struct amdvi_drv_target target = {.vector = vector, .destination = interrupt_processor()};
    unsigned index;

    if (device->behind == NULL) {
        *address = 0xfee00000u | (uint32_t)target.destination << 12;
        *data = vector;
        return true;
    }
    if (!succeeded(amdvi_drv_interrupt_alloc(device->behind, 1, &index), "interrupt_alloc") ||
        !succeeded(amdvi_drv_interrupt_set(device->behind, index, &target), "interrupt_set")) {
        return false;
    }
    amdvi_drv_interrupt_message(index, address, data);
    return true;
}
