/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Where things are in physical memory, asked of Linux by root: a page of this program through
 * /proc/self/pagemap, and bytes that the kernel keeps through /proc/kcore.
 */
#ifndef GUEST_PHYSMEM_H
#define GUEST_PHYSMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PAGE_BYTES = 4096 };

/* The physical address of a byte of this program's memory; 0 if the page is not present. */
uint64_t physical_address_of(const void *pointer);

/* The kernel's view of physical memory. */
struct kernel_memory {
    int kcore;
    int page_flags;
    size_t segment_count;
    struct kernel_segment {
        uint64_t physical;
        uint64_t size_bytes;
        uint64_t file_offset;
    } segments[64];
};

/* False with errno set if this kernel does not show its memory. */
bool kernel_memory_open(struct kernel_memory *memory);
void kernel_memory_close(struct kernel_memory *memory);

/*
 * Calls `found` with the physical address of each block that the kernel has allocated as a whole
 * (a large kmalloc, not free and not a program's) and whose first page contains the needle. Ends
 * early when `found` returns false.
 */
struct kernel_search {
    const void *needle;
    size_t needle_bytes;
    bool (*found)(void *context, uint64_t physical, const void *at);
    void *context;
};

void kernel_memory_search(const struct kernel_memory *memory, const struct kernel_search *search);

#endif
