/* SPDX-License-Identifier: BSD-2-Clause */

/* SHA-256, so that guest and host can compare what they see by one short line. */
#ifndef GUEST_SHA256_H
#define GUEST_SHA256_H

#include <stddef.h>

enum { SHA256_TEXT_BYTES = 65 };

/* Writes the sum of `count` bytes as hexadecimal digits and a terminating zero. */
void sha256_text(const void *bytes, size_t count, char text[SHA256_TEXT_BYTES]);

#endif
