/* SPDX-License-Identifier: BSD-2-Clause */

/* One PCI function driven by this program through Linux's VFIO, with its type 1 IOMMU interface. */
#ifndef GUEST_VFIO_H
#define GUEST_VFIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pci.h"

enum { VFIO_RANGES_LIMIT = 16 };

struct vfio_function {
    char name[PCI_NAME_SIZE];
    int container;
    int group;
    int device;
    int interrupt; /* an eventfd */
    volatile void *bar;
    size_t bar_bytes;
    size_t range_count;
    struct vfio_range {
        uint64_t first;
        uint64_t last;
    } ranges[VFIO_RANGES_LIMIT]; /* the IOVAs that may be mapped */
};

/*
 * Takes the function from its driver, gives it to vfio-pci and opens it, with bus mastering on
 * and its MSI, or the first of its MSI-X, connected to `interrupt`. NULL on success, else what
 * failed, with errno set.
 */
const char *vfio_open(struct vfio_function *function, const char *name, size_t bar_bytes);

/* Closes the function and gives it back to nobody: it is left without a driver. */
void vfio_close(struct vfio_function *function);

bool vfio_iova_is_allowed(const struct vfio_function *function, uint64_t iova, size_t size_bytes);
bool vfio_map(const struct vfio_function *function, void *memory, uint64_t iova, size_t size_bytes);
bool vfio_unmap(const struct vfio_function *function, uint64_t iova, size_t size_bytes);

/* Waits for an interrupt; how many came, 0 if none did in time. */
uint64_t vfio_wait_interrupt(const struct vfio_function *function, int limit_ms);

#endif
