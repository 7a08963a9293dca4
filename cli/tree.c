/* SPDX-License-Identifier: BSD-2-Clause */
/* Between YAML's events and trees. Nothing recurses, and depth and number of nodes are bounded. */
#include "tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 16
#define NODES_MAX 500000

struct level {
    json_t *node; /* object or array */
    char *key;    /* of an object: what the next value belongs to */
};

struct reader {
    yaml_parser_t parser;
    struct level levels[DEPTH_MAX];
    unsigned depth;
    unsigned nodes;
    json_t *root;
    char *error;
    size_t error_size;
};

static bool fail(struct reader *reader, const yaml_mark_t *mark, const char *why)
{
    snprintf(reader->error, reader->error_size, "line %zu: %s", mark->line + 1, why);
    return false;
}

/* Puts a finished or opened node where it belongs; takes over the reference. */
static bool place(struct reader *reader, const yaml_mark_t *mark, json_t *node)
{
    if (node == NULL || ++reader->nodes > NODES_MAX) {
        json_decref(node);
        return fail(reader, mark, "this is not UTF-8, or too much");
    }
    if (reader->depth == 0) {
        reader->root = node;
        return true;
    }
    struct level *level = &reader->levels[reader->depth - 1];
    if (json_is_array(level->node)) {
        return json_array_append_new(level->node, node) == 0;
    }
    if (level->key == NULL) {
        if (!json_is_string(node)) {
            json_decref(node);
            return fail(reader, mark, "a key must be a word");
        }
        level->key = strdup(json_string_value(node));
        json_decref(node);
        return level->key != NULL;
    }
    bool is_twice = json_object_get(level->node, level->key) != NULL;
    bool is_set = json_object_set_new(level->node, level->key, node) == 0;
    free(level->key);
    level->key = NULL;
    return (is_set && !is_twice) || fail(reader, mark, "the key is there already");
}

static bool open_level(struct reader *reader, const yaml_mark_t *mark, json_t *node)
{
    if (reader->depth >= DEPTH_MAX) {
        json_decref(node);
        return fail(reader, mark, "this is nested too deeply");
    }
    json_incref(node);
    if (!place(reader, mark, node)) {
        json_decref(node);
        return false;
    }
    /* A root needs its reference from reader->root only. */
    json_decref(node);
    reader->levels[reader->depth++] = (struct level){.node = node};
    /* The tree has it, and its keys are freed with the levels.
     * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    return true;
}

/* True to go on. */
static bool take(struct reader *reader, const yaml_event_t *event, bool *out_is_done)
{
    const yaml_mark_t *mark = &event->start_mark;

    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return place(
            reader, mark,
            json_stringn((const char *)event->data.scalar.value, event->data.scalar.length));
    case YAML_SEQUENCE_START_EVENT:
        return open_level(reader, mark, json_array());
    case YAML_MAPPING_START_EVENT:
        return open_level(reader, mark, json_object());
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        reader->depth--;
        free(reader->levels[reader->depth].key);
        return true;
    case YAML_ALIAS_EVENT:
        return fail(reader, mark, "aliases are not taken");
    case YAML_DOCUMENT_END_EVENT:
    case YAML_STREAM_END_EVENT:
        *out_is_done = true;
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_START_EVENT:
        break;
    }
    return true;
}

json_t *cli_tree_parse(const char *text, size_t size, char *error, size_t error_size)
{
    struct reader reader = {.error = error, .error_size = error_size};
    bool is_done = false;
    bool is_fine = yaml_parser_initialize(&reader.parser) != 0;

    snprintf(error, error_size, "there is not enough memory");
    if (is_fine) {
        yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, size);
    }
    while (is_fine && !is_done) {
        yaml_event_t event;
        if (yaml_parser_parse(&reader.parser, &event) == 0) {
            const char *problem = reader.parser.problem;
            is_fine = fail(&reader, &reader.parser.problem_mark,
                           problem != NULL ? problem : "this is not YAML");
            break;
        }
        is_fine = take(&reader, &event, &is_done);
        yaml_event_delete(&event);
    }
    while (reader.depth > 0) {
        free(reader.levels[--reader.depth].key);
    }
    yaml_parser_delete(&reader.parser);
    if (is_fine && reader.root != NULL) {
        return reader.root;
    }
    if (is_fine) {
        snprintf(error, error_size, "there is nothing in it");
    }
    json_decref(reader.root);
    return NULL;
}

/* Small things go on one line, with braces or brackets. */
static bool is_flat(const json_t *node)
{
    size_t index;
    json_t *item;

    json_array_foreach(node, index, item)
    {
        if (!json_is_string(item) || json_string_length(item) > 20) {
            return false;
        }
    }
    return json_is_array(node);
}

static bool emit(yaml_emitter_t *emitter, yaml_event_t *event)
{
    return yaml_emitter_emit(emitter, event) != 0;
}

static bool emit_scalar(yaml_emitter_t *emitter, const char *text)
{
    yaml_event_t event;
    /* libyaml wants bytes that it may not change and says so nowhere. */
    union {
        const char *text;
        yaml_char_t *bytes;
    } value = {.text = text};
    yaml_scalar_style_t style = *text == '\0' || strchr(text, ' ') != NULL
                                    ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
                                    : YAML_PLAIN_SCALAR_STYLE;

    return yaml_scalar_event_initialize(&event, NULL, NULL, value.bytes, (int)strlen(text), 1, 1,
                                        style) != 0 &&
           emit(emitter, &event);
}

static bool emit_node(yaml_emitter_t *emitter, const json_t *node);

static bool emit_array(yaml_emitter_t *emitter, const json_t *node)
{
    yaml_event_t event;
    size_t index;
    json_t *item;
    bool is_fine = yaml_sequence_start_event_initialize(
                       &event, NULL, NULL, 1,
                       is_flat(node) ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE) != 0 &&
                   emit(emitter, &event);

    json_array_foreach(node, index, item)
    {
        is_fine = is_fine && emit_node(emitter, item);
    }
    return is_fine && yaml_sequence_end_event_initialize(&event) != 0 && emit(emitter, &event);
}

static bool emit_object(yaml_emitter_t *emitter, const json_t *node)
{
    yaml_event_t event;
    bool is_fine =
        yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE) != 0 &&
        emit(emitter, &event);
    union {
        const json_t *in;
        json_t *out;
    } object = {.in = node}; /* iterating changes nothing, but the interface is not const */

    for (void *at = json_object_iter(object.out); at != NULL && is_fine;
         at = json_object_iter_next(object.out, at)) {
        is_fine = emit_scalar(emitter, json_object_iter_key(at)) &&
                  emit_node(emitter, json_object_iter_value(at));
    }
    return is_fine && yaml_mapping_end_event_initialize(&event) != 0 && emit(emitter, &event);
}

/* Recurses as deep as descriptions are, which is four levels: trees to print are our own. */
static bool emit_node(yaml_emitter_t *emitter, const json_t *node)
{
    if (json_is_string(node)) {
        return emit_scalar(emitter, json_string_value(node));
    }
    return json_is_array(node) ? emit_array(emitter, node) : emit_object(emitter, node);
}

bool cli_tree_print(const json_t *tree)
{
    yaml_emitter_t emitter;
    yaml_event_t event;

    if (yaml_emitter_initialize(&emitter) == 0) {
        return false;
    }
    yaml_emitter_set_output_file(&emitter, stdout);
    yaml_emitter_set_width(&emitter, 100);
    bool is_fine = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) != 0 &&
                   emit(&emitter, &event) &&
                   yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) != 0 &&
                   emit(&emitter, &event) && emit_node(&emitter, tree) &&
                   yaml_document_end_event_initialize(&event, 1) != 0 && emit(&emitter, &event) &&
                   yaml_stream_end_event_initialize(&event) != 0 && emit(&emitter, &event);
    yaml_emitter_delete(&emitter);
    return is_fine;
}
