/* SPDX-License-Identifier: BSD-2-Clause */

/* The one namespace of an NVMe controller that this program drives; see nvme.h. */
#ifndef GUEST_NVME_DISK_H
#define GUEST_NVME_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "nvme.h"

enum {
    NVME_DISK_MEMORY_BYTES = 2 << 20,
    NVME_DISK_PIECE_BYTES = 1 << 16, /* of one transfer, at most */
};

struct nvme_disk {
    struct nvme nvme;
    unsigned char *memory; /* NVME_DISK_MEMORY_BYTES of it */
    uint64_t iova;         /* what the controller is told for `memory` */
    unsigned char *data;   /* a part of `memory`, for one transfer */
    uint32_t namespace_id;
    size_t size_bytes;
    unsigned commands;
};

/* Zeroed memory for a controller, in one piece of its own size if the kernel can. */
unsigned char *nvme_disk_allocate(size_t size_bytes);

/* Starts the controller and looks at its first namespace. Gives up if that does not work. */
void nvme_disk_open(struct nvme_disk *disk);

/* One command between a place on the disk and `iova`, wherever that is; status as nvme_run's. */
struct nvme_disk_transfer {
    uint8_t opcode;
    size_t offset;
    uint64_t iova;
    size_t size_bytes;
};

int nvme_disk_run(struct nvme_disk *disk, const struct nvme_disk_transfer *transfer);

/* Between the disk and `data`. They give up if the controller does not say that it worked. */
void nvme_disk_read(struct nvme_disk *disk, size_t offset, size_t size_bytes);
void nvme_disk_write(struct nvme_disk *disk, size_t offset, size_t size_bytes);

/* Reads the first half, whose contents somebody knows, and tells its sum as that of `name`. */
void nvme_disk_tell_known_half(struct nvme_disk *disk, unsigned char *contents, const char *name);

#endif
