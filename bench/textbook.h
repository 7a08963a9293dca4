/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The comparator: an IOMMU as one would write it in an afternoon. One mutex around every call, one
 * chained hash table for device table entries, pages and interrupts, and a call through a pointer
 * for each read of guest memory. It checks what the tables say, but logs nothing, and knows no
 * readers: what it answered is not valid for any time at all.
 */
#ifndef BENCH_TEXTBOOK_H
#define BENCH_TEXTBOOK_H

#include <amdvi/iommu.h>

struct textbook;

/* How it reaches the machine. */
struct textbook_host {
    void *ctx;
    enum amdvi_memory_status (*read)(void *ctx, uint64_t spa, void *out, size_t size_bytes);
    enum amdvi_memory_status (*write)(void *ctx, uint64_t spa, const void *data, size_t size_bytes);
    void *(*map)(void *ctx, uint64_t spa, bool write, uint64_t *run_bytes);
    uint64_t device_table;
    uint64_t commands;
    unsigned ring_entries;
};

/* Keeps at most @entries. Ends the program when there is no memory. */
struct textbook *textbook_create(const struct textbook_host *host, unsigned entries);
void textbook_destroy(struct textbook *textbook);

/* As amdvi_iommu_pointer(), for an access inside one page. */
void *textbook_pointer(struct textbook *textbook, uint16_t device_id, uint64_t iova,
                       enum amdvi_access access);

/* As amdvi_iommu_segments(): how many segments. */
unsigned textbook_segments(struct textbook *textbook, uint16_t device_id, uint64_t iova,
                           uint64_t size_bytes, struct amdvi_segment *segments);

/* As amdvi_iommu_remap(): the message's data, or 0 when there is none. */
uint32_t textbook_remap(struct textbook *textbook, uint16_t device_id, uint32_t data);

/* Run @count more commands of the ring. */
void textbook_tell(struct textbook *textbook, unsigned count);

#endif
