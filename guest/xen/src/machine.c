/* SPDX-License-Identifier: BSD-2-Clause */

/* Machine addresses from Linux's list of frames, read through /proc/kcore; see machine.h. */
#include "machine.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../src/physmem.h"
#include "../../src/report.h"

/* The kernel's variable that points to the list: for each of its pages the machine's frame. */
#define LIST_SYMBOL "xen_p2m_addr"

/* Bits of an entry that say that the page is not memory of this domain. */
#define FRAME_FOREIGN  (UINT64_C(1) << 63)
#define FRAME_IDENTITY (UINT64_C(1) << 62)

/* The address in a line of /proc/kallsyms, "ADDRESS TYPE NAME", if it has that name; 0 if not. */
static uint64_t symbol_in_line(const char *line, const char *wanted)
{
    char *rest;
    uint64_t address = strtoull(line, &rest, 16);

    if (rest[0] != ' ' || rest[1] == '\0' || rest[2] != ' ') {
        return 0;
    }
    size_t length = strcspn(rest + 3, " \t\n");
    return length == strlen(wanted) && strncmp(rest + 3, wanted, length) == 0 ? address : 0;
}

/* Where the kernel keeps a variable; 0 if it has none of that name. */
static uint64_t kernel_symbol(const char *wanted)
{
    char line[512];
    uint64_t found = 0;
    FILE *symbols = fopen("/proc/kallsyms", "r");

    if (symbols == NULL) {
        return 0;
    }
    while (found == 0 && fgets(line, sizeof(line), symbols) != NULL) {
        found = symbol_in_line(line, wanted);
    }
    fclose(symbols);
    return found;
}

/* Reads the word at a virtual address of the kernel; `kcore` is an ELF file of its memory. */
static bool read_kernel_word(int kcore, uint64_t address, uint64_t *word)
{
    Elf64_Ehdr header;
    Elf64_Phdr segment;

    if (pread(kcore, &header, sizeof(header), 0) != sizeof(header)) {
        return false;
    }
    for (unsigned i = 0; i < header.e_phnum; i++) {
        off_t offset = (off_t)(header.e_phoff + (uint64_t)i * header.e_phentsize);
        if (pread(kcore, &segment, sizeof(segment), offset) != sizeof(segment)) {
            return false;
        }
        if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
            address - segment.p_vaddr < segment.p_memsz) {
            offset = (off_t)(segment.p_offset + (address - segment.p_vaddr));
            return pread(kcore, word, sizeof(*word), offset) == sizeof(*word);
        }
    }
    errno = ENXIO;
    return false;
}

static bool read_frame(uint64_t page_number, uint64_t *frame)
{
    uint64_t symbol = kernel_symbol(LIST_SYMBOL);
    uint64_t list = 0;
    int kcore = open("/proc/kcore", O_RDONLY);

    if (kcore < 0) {
        return false;
    }
    bool done = symbol != 0 && read_kernel_word(kcore, symbol, &list) &&
                read_kernel_word(kcore, list + page_number * sizeof(*frame), frame);
    close(kcore);
    return done;
}

uint64_t machine_address_of(const void *pointer)
{
    uint64_t physical = physical_address_of(pointer);
    uint64_t frame = 0;

    errno = 0;
    if (physical == 0 || !read_frame(physical / PAGE_BYTES, &frame)) {
        errno = errno != 0 ? errno : ENXIO;
        return 0;
    }
    if (frame == 0 || (frame & (FRAME_FOREIGN | FRAME_IDENTITY)) != 0) {
        errno = EFAULT;
        return 0;
    }
    return frame * PAGE_BYTES + physical % PAGE_BYTES;
}

unsigned char *machine_page(void)
{
    void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);

    if (page == MAP_FAILED) {
        give_up("own-memory", "no page of our own: %s", strerror(errno));
    }
    memset(page, 0, PAGE_BYTES);
    return page;
}
