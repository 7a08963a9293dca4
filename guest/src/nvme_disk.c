/* SPDX-License-Identifier: BSD-2-Clause */

/* Reading and writing a namespace by commands of our own; see nvme_disk.h. */
#include "nvme_disk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "report.h"
#include "sha256.h"

/* After the queues: a list of pages, and the data. */
enum { LIST_OFFSET = NVME_QUEUE_BYTES, DATA_OFFSET = LIST_OFFSET + NVME_PAGE_BYTES };

unsigned char *nvme_disk_allocate(size_t size_bytes)
{
    unsigned char *memory = aligned_alloc(NVME_DISK_MEMORY_BYTES, size_bytes);

    if (memory == NULL) {
        give_up("nvme", "no memory");
    }
    madvise(memory, size_bytes, MADV_HUGEPAGE);
    memset(memory, 0, size_bytes);
    return memory;
}

static void identify(struct nvme_disk *disk, unsigned what)
{
    int status = nvme_run(&disk->nvme, &disk->nvme.admin,
                          &(struct nvme_command){.opcode = NVME_ADMIN_IDENTIFY,
                                                 .namespace_id = disk->namespace_id,
                                                 .pages = {disk->iova + DATA_OFFSET},
                                                 .words = {what}});
    if (status != 0) {
        give_up("nvme", "Identify %u: status 0x%x", what, (unsigned)status);
    }
}

void nvme_disk_open(struct nvme_disk *disk)
{
    uint64_t blocks;

    disk->data = disk->memory + DATA_OFFSET;
    if (!nvme_start(&disk->nvme, disk->memory, disk->iova)) {
        give_up("nvme", "the controller does not become ready");
    }
    int status = nvme_create_io_queues(&disk->nvme, disk->memory, disk->iova);
    if (status != 0) {
        give_up("nvme", "cannot create queues: status 0x%x", (unsigned)status);
    }
    disk->namespace_id = 0;
    identify(disk, NVME_IDENTIFY_NAMESPACES);
    memcpy(&disk->namespace_id, disk->data, sizeof(disk->namespace_id));
    identify(disk, NVME_IDENTIFY_NAMESPACE);
    memcpy(&blocks, disk->data, sizeof(blocks));
    disk->size_bytes = blocks * NVME_BLOCK_BYTES;
    if (blocks == 0 || disk->size_bytes % NVME_DISK_MEMORY_BYTES != 0) {
        give_up("nvme", "namespace %u has %zu bytes", disk->namespace_id, disk->size_bytes);
    }
}

int nvme_disk_run(struct nvme_disk *disk, const struct nvme_disk_transfer *transfer)
{
    uint64_t *list = (uint64_t *)(void *)(disk->memory + LIST_OFFSET);
    uint64_t block = transfer->offset / NVME_BLOCK_BYTES;
    size_t pages = (transfer->size_bytes + NVME_PAGE_BYTES - 1) / NVME_PAGE_BYTES;
    uint64_t second = pages > 2 ? disk->iova + LIST_OFFSET : transfer->iova + NVME_PAGE_BYTES;
    struct nvme_command command = {
        .opcode = transfer->opcode,
        .namespace_id = disk->namespace_id,
        .pages = {transfer->iova, second},
        .words = {(uint32_t)block, (uint32_t)(block >> 32),
                  (uint32_t)(transfer->size_bytes / NVME_BLOCK_BYTES - 1)},
    };

    for (size_t i = 1; i < pages; i++) {
        list[i - 1] = transfer->iova + i * NVME_PAGE_BYTES;
    }
    disk->commands++;
    return nvme_run(&disk->nvme, &disk->nvme.io, &command);
}

static void run_or_give_up(struct nvme_disk *disk, const struct nvme_disk_transfer *transfer)
{
    int status = nvme_disk_run(disk, transfer);

    if (status != 0) {
        give_up("nvme", "%s of %zu bytes at 0x%zx: status 0x%x",
                transfer->opcode == NVME_IO_READ ? "read" : "write", transfer->size_bytes,
                transfer->offset, (unsigned)status);
    }
}

void nvme_disk_read(struct nvme_disk *disk, size_t offset, size_t size_bytes)
{
    memset(disk->data, 0xaa, size_bytes);
    run_or_give_up(disk, &(struct nvme_disk_transfer){.opcode = NVME_IO_READ,
                                                      .offset = offset,
                                                      .iova = disk->iova + DATA_OFFSET,
                                                      .size_bytes = size_bytes});
}

void nvme_disk_write(struct nvme_disk *disk, size_t offset, size_t size_bytes)
{
    run_or_give_up(disk, &(struct nvme_disk_transfer){.opcode = NVME_IO_WRITE,
                                                      .offset = offset,
                                                      .iova = disk->iova + DATA_OFFSET,
                                                      .size_bytes = size_bytes});
}

void nvme_disk_tell_known_half(struct nvme_disk *disk, unsigned char *contents, const char *name)
{
    size_t half = disk->size_bytes / 2;
    char sum[SHA256_TEXT_BYTES];

    for (size_t offset = 0; offset < half; offset += NVME_DISK_PIECE_BYTES) {
        nvme_disk_read(disk, offset, NVME_DISK_PIECE_BYTES);
        memcpy(contents + offset, disk->data, NVME_DISK_PIECE_BYTES);
    }
    sha256_text(contents, half, sum);
    tell("sum", "read %s %s", name, sum);
}
