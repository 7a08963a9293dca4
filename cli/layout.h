/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layouts as tables, to print any entry with them: which bits, since which revision, and what each
 * value means. What revision 1.20 has is named by the masks of arch/; positions that only later
 * revisions define are stated here, since nothing else in the project knows them yet.
 */
#ifndef AMDVI_CLI_LAYOUT_H
#define AMDVI_CLI_LAYOUT_H

#include <amdvi/field.h>

#include "out.h"

/* Revisions as far as their layouts differ. */
enum cli_revision {
    CLI_REVISION_1 = 1, /* 1.20 */
    CLI_REVISION_2,     /* 48882, 2.00 to 2.62 */
    CLI_REVISION_3,     /* 48882, 3.00 and later */
};

enum cli_format {
    CLI_FORMAT_VALUES,  /* .values says what each value means */
    CLI_FORMAT_HEX,     /* a number, .values[0] says of what */
    CLI_FORMAT_DECIMAL, /* the same in decimal */
    CLI_FORMAT_ADDRESS, /* the bits where they are */
    CLI_FORMAT_DEVICE,  /* a DeviceID */
    CLI_FORMAT_LOG2,    /* log2 of a number of entries */
    CLI_FORMAT_PLUS_1,  /* a number less one, .values[0] says of what */
};

struct cli_field {
    const char *name;
    uint8_t word;  /* which quadword of the entry */
    uint8_t since; /* enum cli_revision; 0 is the first */
    enum cli_format format;
    uint64_t mask;
    const char *values[8];
};

struct cli_layout {
    const char *name;
    unsigned words;     /* quadwords */
    unsigned word_bits; /* 32 for registers of the capability block, else 64 */
    const struct cli_field *fields;
    size_t field_count;
};

#define CLI_LAYOUT(title, quadwords, bits, table)                                                  \
    {                                                                                              \
        .name = (title), .words = (quadwords), .word_bits = (bits), .fields = (table),             \
        .field_count = sizeof(table) / sizeof((table)[0])                                          \
    }

/* 1.20, 2 or 3, as on the command line; complains about others. */
bool cli_revision_parse(const char *text, enum cli_revision *out);

/*
 * A row for each field of @words, and one for each run of reserved bits that is set:
 * {"bits", "field", "value", "meaning", "mark"}. Fields with value 0 that later revisions added are
 * left out. @out_reserved counts the reserved bits that are set.
 */
json_t *cli_layout_rows(const struct cli_layout *layout, enum cli_revision revision,
                        const uint64_t *words, unsigned *out_reserved);

/* All bits of quadword @word that @layout names in @revision. */
uint64_t cli_layout_mask(const struct cli_layout *layout, enum cli_revision revision,
                         unsigned word);

/* NULL where the revision has no such event or command. */
const struct cli_layout *cli_event_layout(unsigned code, enum cli_revision revision);
const struct cli_layout *cli_command_layout(unsigned opcode, enum cli_revision revision);

extern const struct cli_layout cli_dte_layout;
extern const struct cli_layout cli_pte_layout;
extern const struct cli_layout cli_pde_layout;
extern const struct cli_layout cli_absent_layout; /* of a page table entry that is not present */
extern const struct cli_layout cli_irte32_layout;
extern const struct cli_layout cli_irte128_layout;
extern const struct cli_layout cli_irte_guest_layout;

/* A register by its name, or by its offset in hexadecimal; NULL when there is none. */
const struct cli_layout *cli_register_layout(const char *name, enum cli_revision revision);

/* The registers that there are: an array of {"offset", "name", "register"}. */
json_t *cli_register_list(void);

/* Register @index (0 to 5) of the capability block; NULL when the revision has no more. */
const struct cli_layout *cli_capability_layout(unsigned index, enum cli_revision revision);

/* What an entry says as a whole: an array of sentences. */
json_t *cli_event_summary(const uint64_t *words);
json_t *cli_command_summary(const uint64_t *words, enum cli_revision revision);
json_t *cli_dte_summary(const uint64_t *words, enum cli_revision revision);
json_t *cli_pte_summary(uint64_t word, unsigned level);
json_t *cli_irte_summary(const uint64_t *words, bool is_wide);

/* Appends a sentence. */
void cli_say(json_t *sentences, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
