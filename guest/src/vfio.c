/* SPDX-License-Identifier: BSD-2-Clause */

/* A PCI function through VFIO; see vfio.h. */
#include "vfio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static bool bind_driver(const char *name)
{
    char driver[32];

    if (pci_read_link(name, "driver", driver, sizeof(driver))) {
        if (strcmp(driver, "vfio-pci") == 0) {
            return true;
        }
        if (!pci_write_attribute(name, "driver/unbind", name)) {
            return false;
        }
    }
    if (!pci_write_attribute(name, "driver_override", "vfio-pci")) {
        return false;
    }
    int probe = open("/sys/bus/pci/drivers_probe", O_WRONLY);
    if (probe < 0) {
        return false;
    }
    bool probed = write(probe, name, strlen(name)) == (ssize_t)strlen(name);
    close(probe);
    return probed && pci_read_link(name, "driver", driver, sizeof(driver));
}

static bool open_group(struct vfio_function *function)
{
    struct vfio_group_status status = {.argsz = sizeof(status)};
    char group[32];
    char path[64];

    if (!pci_read_link(function->name, "iommu_group", group, sizeof(group))) {
        return false;
    }
    snprintf(path, sizeof(path), "/dev/vfio/%s", group);
    function->group = open(path, O_RDWR);
    if (function->group < 0 || ioctl(function->group, VFIO_GROUP_GET_STATUS, &status) != 0) {
        return false;
    }
    if ((status.flags & VFIO_GROUP_FLAGS_VIABLE) == 0) {
        errno = EBUSY;
        return false;
    }
    return true;
}

static bool open_container(struct vfio_function *function)
{
    function->container = open("/dev/vfio/vfio", O_RDWR);
    return function->container >= 0 &&
           ioctl(function->group, VFIO_GROUP_SET_CONTAINER, &function->container) == 0 &&
           ioctl(function->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) == 0;
}

static void keep_ranges(struct vfio_function *function,
                        const struct vfio_iommu_type1_info_cap_iova_range *capability)
{
    for (uint32_t i = 0; i < capability->nr_iovas && i < VFIO_RANGES_LIMIT; i++) {
        function->ranges[function->range_count++] = (struct vfio_range){
            .first = capability->iova_ranges[i].start, .last = capability->iova_ranges[i].end};
    }
}

/* Asks which IOVAs may be used; the answer is a chain of capabilities at the end of the info. */
static bool read_ranges(struct vfio_function *function)
{
    static _Alignas(8) unsigned char room[4096];
    struct vfio_iommu_type1_info *answer = (struct vfio_iommu_type1_info *)(void *)room;

    answer->argsz = sizeof(room);
    if (ioctl(function->container, VFIO_IOMMU_GET_INFO, answer) != 0) {
        return false;
    }
    uint32_t offset = (answer->flags & VFIO_IOMMU_INFO_CAPS) != 0 ? answer->cap_offset : 0;
    for (int i = 0; i < 16 && offset != 0 && offset < sizeof(room) - 64; i++) {
        struct vfio_info_cap_header *header = (struct vfio_info_cap_header *)(void *)&room[offset];
        if (header->id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE) {
            keep_ranges(function, (const void *)header);
        }
        offset = header->next;
    }
    return function->range_count != 0;
}

static bool open_device(struct vfio_function *function, size_t bar_bytes)
{
    struct vfio_region_info config = {.argsz = sizeof(config),
                                      .index = VFIO_PCI_CONFIG_REGION_INDEX};
    struct vfio_region_info bar = {.argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX};
    uint16_t command = 0;

    function->device = ioctl(function->group, VFIO_GROUP_GET_DEVICE_FD, function->name);
    if (function->device < 0 ||
        ioctl(function->device, VFIO_DEVICE_GET_REGION_INFO, &config) != 0 ||
        ioctl(function->device, VFIO_DEVICE_GET_REGION_INFO, &bar) != 0) {
        return false;
    }
    off_t offset = (off_t)config.offset + PCI_CONFIG_COMMAND;
    if (pread(function->device, &command, sizeof(command), offset) != sizeof(command)) {
        return false;
    }
    command |= PCI_COMMAND_MEMORY_SPACE | PCI_COMMAND_BUS_MASTER;
    if (pwrite(function->device, &command, sizeof(command), offset) != sizeof(command)) {
        return false;
    }
    void *mapped = mmap(NULL, bar_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, function->device,
                        (off_t)bar.offset);
    function->bar = mapped == MAP_FAILED ? NULL : mapped;
    function->bar_bytes = bar_bytes;
    return function->bar != NULL;
}

/* MSI, or MSI-X for a device that has nothing else. */
static uint32_t choose_interrupt(const struct vfio_function *function)
{
    struct vfio_irq_info msi = {.argsz = sizeof(msi), .index = VFIO_PCI_MSI_IRQ_INDEX};
    bool has_msi = ioctl(function->device, VFIO_DEVICE_GET_IRQ_INFO, &msi) == 0 && msi.count != 0;

    return has_msi ? VFIO_PCI_MSI_IRQ_INDEX : VFIO_PCI_MSIX_IRQ_INDEX;
}

static bool connect_interrupt(struct vfio_function *function)
{
    union {
        struct vfio_irq_set set;
        unsigned char room[sizeof(struct vfio_irq_set) + sizeof(int32_t)];
    } request = {.set = {
                     .argsz = sizeof(request),
                     .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
                     .index = choose_interrupt(function),
                     .count = 1,
                 }};

    function->interrupt = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (function->interrupt < 0) {
        return false;
    }
    memcpy(request.set.data, &function->interrupt, sizeof(int32_t));
    return ioctl(function->device, VFIO_DEVICE_SET_IRQS, &request.set) == 0;
}

const char *vfio_open(struct vfio_function *function, const char *name, size_t bar_bytes)
{
    *function = (struct vfio_function){.container = -1, .group = -1, .device = -1, .interrupt = -1};
    snprintf(function->name, sizeof(function->name), "%s", name);
    if (!bind_driver(name)) {
        return "cannot bind it to vfio-pci";
    }
    if (!open_group(function)) {
        return "cannot open its group";
    }
    if (!open_container(function)) {
        return "cannot put its group into a container";
    }
    if (!read_ranges(function)) {
        return "cannot learn which IOVAs it may use";
    }
    if (!open_device(function, bar_bytes)) {
        return "cannot open it";
    }
    if (!connect_interrupt(function)) {
        return "cannot connect its interrupt";
    }
    return NULL;
}

static void close_if_open(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void vfio_close(struct vfio_function *function)
{
    /* The mapping too holds the device, and vfio-pci does not let go of one that is held. */
    munmap((void *)(uintptr_t)function->bar, function->bar_bytes);
    close_if_open(function->device);
    close_if_open(function->interrupt);
    close_if_open(function->group);
    close_if_open(function->container);
    pci_write_attribute(function->name, "driver/unbind", function->name);
    pci_write_attribute(function->name, "driver_override", "\n");
}

bool vfio_iova_is_allowed(const struct vfio_function *function, uint64_t iova, size_t size_bytes)
{
    for (size_t i = 0; i < function->range_count; i++) {
        if (iova >= function->ranges[i].first && iova + (size_bytes - 1) >= iova &&
            iova + (size_bytes - 1) <= function->ranges[i].last) {
            return true;
        }
    }
    return false;
}

bool vfio_map(const struct vfio_function *function, void *memory, uint64_t iova, size_t size_bytes)
{
    struct vfio_iommu_type1_dma_map request = {
        .argsz = sizeof(request),
        .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
        .vaddr = (uint64_t)(uintptr_t)memory,
        .iova = iova,
        .size = size_bytes,
    };

    return ioctl(function->container, VFIO_IOMMU_MAP_DMA, &request) == 0;
}

bool vfio_unmap(const struct vfio_function *function, uint64_t iova, size_t size_bytes)
{
    struct vfio_iommu_type1_dma_unmap request = {
        .argsz = sizeof(request), .iova = iova, .size = size_bytes};

    return ioctl(function->container, VFIO_IOMMU_UNMAP_DMA, &request) == 0 &&
           request.size == size_bytes;
}

uint64_t vfio_wait_interrupt(const struct vfio_function *function, int limit_ms)
{
    struct pollfd interrupt = {.fd = function->interrupt, .events = POLLIN};
    uint64_t count = 0;

    if (poll(&interrupt, 1, limit_ms) != 1 ||
        read(function->interrupt, &count, sizeof(count)) != sizeof(count)) {
        return 0;
    }
    return count;
}
