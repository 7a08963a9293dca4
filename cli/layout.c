/* SPDX-License-Identifier: BSD-2-Clause */
/* Printing an entry by the table of its fields. */
#include "layout.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static unsigned lowest_bit(uint64_t mask)
{
    return (unsigned)__builtin_ctzll(mask);
}

static unsigned highest_bit(uint64_t mask)
{
    return 63 - (unsigned)__builtin_clzll(mask);
}

static bool is_in(const struct cli_field *field, enum cli_revision revision)
{
    return field->since <= (unsigned)revision;
}

static json_t *bits_text(unsigned base, uint64_t mask)
{
    unsigned high = base + highest_bit(mask);
    unsigned low = base + lowest_bit(mask);

    return high == low ? cli_string("%u", low) : cli_string("%u:%u", high, low);
}

static json_t *meaning(const struct cli_field *field, uint64_t value)
{
    char device[16];
    const char *what = field->values[0] != NULL ? field->values[0] : "";

    switch (field->format) {
    case CLI_FORMAT_VALUES:
        what = value < 8 && field->values[value] != NULL ? field->values[value] : "reserved value";
        return cli_string("%s", what);
    case CLI_FORMAT_HEX:
    case CLI_FORMAT_ADDRESS:
        return cli_string("%s", what);
    case CLI_FORMAT_DECIMAL:
        return *what != '\0' ? cli_string("%" PRIu64 " %s", value, what)
                             : cli_string("%" PRIu64, value);
    case CLI_FORMAT_DEVICE:
        return cli_string("%s", cli_device_text(device, 0, (unsigned)value));
    case CLI_FORMAT_LOG2:
        return cli_string("%" PRIu64 " entr%s", UINT64_C(1) << (value & 63),
                          (value & 63) == 0 ? "y" : "ies");
    case CLI_FORMAT_PLUS_1:
        return cli_string("%" PRIu64 " %s", value + 1, what);
    }
    return cli_string("?");
}

static void push_row(json_t *rows, json_t *bits, const char *name, uint64_t value, json_t *text)
{
    json_t *row = json_object();

    json_object_set_new(row, "bits", bits);
    json_object_set_new(row, "field", json_string(name));
    json_object_set_new(row, "value", cli_string("0x%" PRIx64, value));
    json_object_set_new(row, "meaning", text);
    json_array_append_new(rows, row);
}

static void push_field(json_t *rows, const struct cli_layout *layout, const struct cli_field *field,
                       uint64_t word)
{
    uint64_t value =
        field->format == CLI_FORMAT_ADDRESS ? word & field->mask : amdvi_get(word, field->mask);
    unsigned base = field->word * layout->word_bits;

    if (value != 0 || field->since <= CLI_REVISION_1) {
        push_row(rows, bits_text(base, field->mask), field->name, value, meaning(field, value));
    }
}

uint64_t cli_layout_mask(const struct cli_layout *layout, enum cli_revision revision, unsigned word)
{
    uint64_t mask = 0;

    for (size_t i = 0; i < layout->field_count; i++) {
        const struct cli_field *field = &layout->fields[i];
        mask |= field->word == word && is_in(field, revision) ? field->mask : 0;
    }
    return mask;
}

/* A row for each run of reserved bits that are not all 0. */
static unsigned push_reserved(json_t *rows, unsigned base, uint64_t reserved, uint64_t word)
{
    unsigned count = 0;

    while (amdvi_has(word, reserved)) {
        unsigned low = lowest_bit(word & reserved);
        uint64_t run = 0;
        for (unsigned bit = low; bit < 64 && amdvi_has(word & reserved, AMDVI_BIT(bit)); bit++) {
            run |= AMDVI_BIT(bit);
            count++;
        }
        push_row(rows, bits_text(base, run), "reserved", amdvi_get(word, run),
                 json_string("a reserved bit is set"));
        json_object_set_new(json_array_get(rows, json_array_size(rows) - 1), "mark",
                            json_string("bad"));
        reserved &= ~run;
    }
    return count;
}

json_t *cli_layout_rows(const struct cli_layout *layout, enum cli_revision revision,
                        const uint64_t *words, unsigned *out_reserved)
{
    json_t *rows = json_array();
    uint64_t all = layout->word_bits == 32 ? AMDVI_BITS(31, 0) : AMDVI_BITS(63, 0);

    *out_reserved = 0;
    for (unsigned word = 0; word < layout->words; word++) {
        for (size_t i = 0; i < layout->field_count; i++) {
            const struct cli_field *field = &layout->fields[i];
            if (field->word == word && is_in(field, revision)) {
                push_field(rows, layout, field, words[word]);
            }
        }
        uint64_t reserved = all & ~cli_layout_mask(layout, revision, word);
        *out_reserved += push_reserved(rows, word * layout->word_bits, reserved, words[word]);
    }
    return rows;
}

void cli_say(json_t *sentences, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    json_array_append_new(sentences, cli_string("%s", text));
}

bool cli_revision_parse(const char *text, enum cli_revision *out)
{
    static const char *const names[] = {"1", "2", "3"};

    for (unsigned i = 0; i < 3; i++) {
        if (strncmp(text, names[i], 1) == 0 && (text[1] == '\0' || text[1] == '.')) {
            *out = (enum cli_revision)(i + 1);
            return true;
        }
    }
    cli_complain("--revision is 1.20, 2 or 3");
    return false;
}
