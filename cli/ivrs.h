/* SPDX-License-Identifier: BSD-2-Clause */
/* What the actions of `amdvi ivrs` share. */
#ifndef AMDVI_CLI_IVRS_H
#define AMDVI_CLI_IVRS_H

#include <amdvi/ivrs.h>

#include "out.h"

/* A description, with all that it points to. */
struct cli_ivrs_description {
    struct amdvi_ivrs_description description;
    struct amdvi_ivrs_unit_description *units;
    struct amdvi_ivrs_device **devices; /* of each unit */
    struct amdvi_ivrs_memory *memory;
    char *strings[3];
};

/*
 * Turns a tree as people write it into a description. False after writing what is wrong, and where,
 * to @error; cli_ivrs_description_free() in both cases.
 */
bool cli_ivrs_read(struct cli_ivrs_description *out, const json_t *tree, char *error,
                   size_t error_size);
void cli_ivrs_description_free(struct cli_ivrs_description *description);

/*
 * Builds the table that a tree describes. Returns its size, and the bytes in *@out_bytes, which the
 * caller frees; 0 after writing why to @error.
 */
uint32_t cli_ivrs_build_tree(const json_t *tree, uint8_t **out_bytes, char *error,
                             size_t error_size);

/*
 * The tree that describes a table: with words if building it again gives the same bytes, else as
 * bytes with names.
 */
json_t *cli_ivrs_write(const struct amdvi_ivrs_table *table);

/* Length and checksum of a table of @size_bytes, put in. */
void cli_ivrs_seal(uint8_t *bytes, uint32_t size_bytes);

/* All fields of a table, readable or not: {"blocks": [{"name", "offset", "fields"}]}. */
json_t *cli_ivrs_fields(const uint8_t *bytes, uint32_t size_bytes);

/*
 * What is wrong with a table: an array of {"severity", "readers", "offset", "text", "linux",
 * "xen"}. A table that cannot be opened is checked as if its header were right.
 */
json_t *cli_ivrs_findings(const uint8_t *bytes, size_t size_bytes, unsigned *out_errors);

/* What follows for Linux and for Xen; "" where nothing does. */
const char *cli_ivrs_linux_consequence(const struct amdvi_ivrs_finding *finding);
const char *cli_ivrs_xen_consequence(const struct amdvi_ivrs_finding *finding);

/*
 * The picture: {"nodes": [{"id", "kind", "lines"}], "edges": [{"from", "to", "as"}]}. Kinds are
 * "iommu", "devices" and "memory"; "as" is the alias of devices that have one.
 */
json_t *cli_ivrs_graph(const struct amdvi_ivrs_table *table);

/* The same, in Graphviz's language. */
void cli_ivrs_draw(const json_t *graph);

/* "10h" is an IVHD, for instance; for headings. @text has room for 64. */
const char *cli_ivrs_block_name(char *text, const struct amdvi_ivrs_block *block);

#endif
