/* SPDX-License-Identifier: BSD-2-Clause */

/* Physical addresses from /proc; see physmem.h. */
#include "physmem.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Bits of a word in /proc/self/pagemap. */
#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_FRAME   ((UINT64_C(1) << 55) - 1)

/* Bits of a word in /proc/kpageflags. */
#define PAGE_LRU           (UINT64_C(1) << 5)
#define PAGE_BUDDY         (UINT64_C(1) << 10)
#define PAGE_MMAP          (UINT64_C(1) << 11)
#define PAGE_ANON          (UINT64_C(1) << 12)
#define PAGE_NOPAGE        (UINT64_C(1) << 20)
#define PAGE_COMPOUND_HEAD (UINT64_C(1) << 15)
/* Pages with one of these hold nothing of the kernel's own. */
#define NOT_KERNELS (PAGE_LRU | PAGE_BUDDY | PAGE_MMAP | PAGE_ANON | PAGE_NOPAGE)

/* Linux's direct map of physical memory lies below the kernel's own text, at 2^47 and above. */
#define KERNEL_TEXT_START UINT64_C(0xffffffff80000000)
#define PHYSICAL_LIMIT    (UINT64_C(1) << 46)

/* Pages read at a time. */
enum { FLAGS_AT_ONCE = 512 };

uint64_t physical_address_of(const void *pointer)
{
    uint64_t address = (uint64_t)(uintptr_t)pointer;
    uint64_t word = 0;
    int fd = open("/proc/self/pagemap", O_RDONLY);

    if (fd < 0) {
        return 0;
    }
    off_t offset = (off_t)(address / PAGE_BYTES * sizeof(word));
    bool done = pread(fd, &word, sizeof(word), offset) == sizeof(word);
    close(fd);
    if (!done || (word & PAGEMAP_PRESENT) == 0) {
        return 0;
    }
    return (word & PAGEMAP_FRAME) * PAGE_BYTES + address % PAGE_BYTES;
}

/* Keeps those segments of the ELF file that are the direct map. */
static bool read_segments(struct kernel_memory *memory)
{
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    size_t room = sizeof(memory->segments) / sizeof(memory->segments[0]);

    if (pread(memory->kcore, &header, sizeof(header), 0) != sizeof(header)) {
        return false;
    }
    for (unsigned i = 0; i < header.e_phnum && memory->segment_count < room; i++) {
        off_t offset = (off_t)(header.e_phoff + (uint64_t)i * header.e_phentsize);
        if (pread(memory->kcore, &segment, sizeof(segment), offset) != sizeof(segment)) {
            return false;
        }
        if (segment.p_type == PT_LOAD && segment.p_vaddr < KERNEL_TEXT_START &&
            segment.p_paddr < PHYSICAL_LIMIT && segment.p_memsz != 0) {
            memory->segments[memory->segment_count++] = (struct kernel_segment){
                .physical = segment.p_paddr,
                .size_bytes = segment.p_memsz,
                .file_offset = segment.p_offset,
            };
        }
    }
    return memory->segment_count != 0;
}

bool kernel_memory_open(struct kernel_memory *memory)
{
    *memory = (struct kernel_memory){.kcore = -1, .page_flags = -1};
    memory->kcore = open("/proc/kcore", O_RDONLY);
    memory->page_flags = open("/proc/kpageflags", O_RDONLY);
    if (memory->kcore < 0 || memory->page_flags < 0 || !read_segments(memory)) {
        kernel_memory_close(memory);
        return false;
    }
    return true;
}

void kernel_memory_close(struct kernel_memory *memory)
{
    if (memory->kcore >= 0) {
        close(memory->kcore);
    }
    if (memory->page_flags >= 0) {
        close(memory->page_flags);
    }
    memory->kcore = -1;
    memory->page_flags = -1;
}

/* Looks into one page; false when the search shall end. */
static bool search_page(const struct kernel_memory *memory, const struct kernel_segment *segment,
                        uint64_t physical, const struct kernel_search *search)
{
    static unsigned char page[PAGE_BYTES];
    off_t offset = (off_t)(segment->file_offset + (physical - segment->physical));

    if (pread(memory->kcore, page, sizeof(page), offset) != sizeof(page)) {
        return true;
    }
    const unsigned char *hit = memmem(page, sizeof(page), search->needle, search->needle_bytes);
    if (hit == NULL) {
        return true;
    }
    return search->found(search->context, physical + (uint64_t)(hit - page), hit);
}

static bool search_segment(const struct kernel_memory *memory, const struct kernel_segment *segment,
                           const struct kernel_search *search)
{
    static uint64_t flags[FLAGS_AT_ONCE];
    uint64_t end = segment->physical + segment->size_bytes;
    uint64_t base = segment->physical;

    while (base + PAGE_BYTES <= end) {
        off_t offset = (off_t)(base / PAGE_BYTES * sizeof(flags[0]));
        ssize_t got = pread(memory->page_flags, flags, sizeof(flags), offset);
        if (got < (ssize_t)sizeof(flags[0])) {
            return true;
        }
        uint64_t pages = (uint64_t)got / sizeof(flags[0]);
        for (uint64_t i = 0; i < pages && base + PAGE_BYTES <= end; i++, base += PAGE_BYTES) {
            if ((flags[i] & (NOT_KERNELS | PAGE_COMPOUND_HEAD)) == PAGE_COMPOUND_HEAD &&
                !search_page(memory, segment, base, search)) {
                return false;
            }
        }
    }
    return true;
}

void kernel_memory_search(const struct kernel_memory *memory, const struct kernel_search *search)
{
    bool more = true;

    for (size_t i = 0; i < memory->segment_count && more; i++) {
        more = search_segment(memory, &memory->segments[i], search);
    }
}
