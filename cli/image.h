/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of a machine in a file: raw from some address on (QEMU's pmemsave), or an ELF core whose
 * segments have physical addresses (QEMU's dump-guest-memory, /proc/vmcore).
 */
#ifndef AMDVI_CLI_IMAGE_H
#define AMDVI_CLI_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli_segment {
    uint64_t spa;
    uint64_t offset; /* in the file */
    uint64_t size_bytes;
};

struct cli_image {
    int fd;
    struct cli_segment *segments;
    size_t count;
};

/* A raw file holds what is at @base and above. Complains and returns false when it cannot be used.
 */
bool cli_image_open(struct cli_image *out, const char *path, uint64_t base);
void cli_image_close(struct cli_image *image);

/* False when not all of the bytes are in the image. */
bool cli_image_read(const struct cli_image *image, uint64_t spa, void *out, size_t size);

#endif
