/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * YAML, for descriptions that people write: comments, no quotes, hexadecimal numbers. The parser is
 * Debian's libyaml (MIT), the one that most others are built on. A document becomes a tree of
 * jansson's objects, arrays and strings; every scalar is a string, so that 00:14.0 is a device and
 * no number of base 60. JSON is YAML too.
 */
#ifndef AMDVI_CLI_TREE_H
#define AMDVI_CLI_TREE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* NULL after writing what is wrong, and in which line, to @error. */
json_t *cli_tree_parse(const char *text, size_t size, char *error, size_t error_size);

/* Prints a tree of objects, arrays and strings. */
bool cli_tree_print(const json_t *tree);

#endif
