/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading memory out of a file. */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out.h"

/* Of a 64-bit little-endian core; offsets as the ELF specification has them. */
enum {
    ELF_HEADER_BYTES = 64,
    ELF_CLASS = 4,
    ELF_DATA = 5,
    ELF_PHOFF = 32,
    ELF_PHENTSIZE = 54,
    ELF_PHNUM = 56,
    PH_BYTES = 56,
    PH_TYPE = 0,
    PH_OFFSET = 8,
    PH_PADDR = 24,
    PH_FILESZ = 32,
    PT_LOAD_TYPE = 1,
};

static uint64_t load(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

static bool read_at(int fd, uint64_t offset, void *out, size_t size)
{
    uint8_t *bytes = out;

    while (size > 0) {
        ssize_t got = offset <= INT64_MAX ? pread(fd, bytes, size, (off_t)offset) : -1;
        if (got <= 0) {
            return false;
        }
        bytes += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return true;
}

/* A segment of the file that really is there, and does not wrap around. */
static void take_segment(struct cli_image *image, uint64_t file_size, const uint8_t *header)
{
    struct cli_segment segment = {.spa = load(header + PH_PADDR, 8),
                                  .offset = load(header + PH_OFFSET, 8),
                                  .size_bytes = load(header + PH_FILESZ, 8)};

    if (load(header + PH_TYPE, 4) != PT_LOAD_TYPE || segment.offset >= file_size) {
        return;
    }
    if (segment.size_bytes > file_size - segment.offset) {
        segment.size_bytes = file_size - segment.offset;
    }
    if (segment.size_bytes != 0 && segment.spa <= UINT64_MAX - segment.size_bytes) {
        image->segments[image->count++] = segment;
    }
}

static bool take_elf(struct cli_image *image, uint64_t file_size, const uint8_t *elf)
{
    uint64_t at = load(elf + ELF_PHOFF, 8);
    unsigned step = (unsigned)load(elf + ELF_PHENTSIZE, 2);
    unsigned count = (unsigned)load(elf + ELF_PHNUM, 2);

    if (elf[ELF_CLASS] != 2 || elf[ELF_DATA] != 1 || step < PH_BYTES || at > file_size) {
        return false;
    }
    image->segments = calloc((size_t)count + 1, sizeof(*image->segments));
    for (unsigned i = 0; i < count && image->segments != NULL; i++) {
        uint8_t header[PH_BYTES];
        if (!read_at(image->fd, at + (uint64_t)i * step, header, sizeof(header))) {
            break;
        }
        take_segment(image, file_size, header);
    }
    return image->count != 0;
}

bool cli_image_open(struct cli_image *out, const char *path, uint64_t base)
{
    uint8_t elf[ELF_HEADER_BYTES];
    struct stat file = {0};

    *out = (struct cli_image){.fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (out->fd < 0 || fstat(out->fd, &file) != 0 || !S_ISREG(file.st_mode) || file.st_size == 0) {
        cli_complain("%s: %s", path,
                     out->fd < 0              ? strerror(errno)
                     : !S_ISREG(file.st_mode) ? "this is no file of which parts can be read"
                                              : "there is nothing in it");
        cli_image_close(out);
        return false;
    }
    uint64_t size = (uint64_t)file.st_size;
    bool is_elf = read_at(out->fd, 0, elf, sizeof(elf)) && memcmp(elf, "\177ELF", 4) == 0;
    if (is_elf && !take_elf(out, size, elf)) {
        cli_complain("%s: an ELF file without memory at physical addresses", path);
        cli_image_close(out);
        return false;
    }
    if (!is_elf) {
        out->segments = calloc(1, sizeof(*out->segments));
        if (out->segments == NULL || base > UINT64_MAX - size) {
            cli_complain("%s: it does not fit above --base", path);
            cli_image_close(out);
            return false;
        }
        out->segments[0] = (struct cli_segment){.spa = base, .size_bytes = size};
        out->count = 1;
    }
    return true;
}

void cli_image_close(struct cli_image *image)
{
    if (image->fd >= 0) {
        close(image->fd);
    }
    free(image->segments);
    *image = (struct cli_image){.fd = -1};
}

bool cli_image_read(const struct cli_image *image, uint64_t spa, void *out, size_t size)
{
    for (size_t i = 0; i < image->count; i++) {
        const struct cli_segment *segment = &image->segments[i];
        if (spa >= segment->spa && spa - segment->spa < segment->size_bytes &&
            size <= segment->size_bytes - (spa - segment->spa)) {
            return read_at(image->fd, segment->offset + (spa - segment->spa), out, size);
        }
    }
    return false;
}
