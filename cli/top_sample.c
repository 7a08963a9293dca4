/* SPDX-License-Identifier: BSD-2-Clause */
/* What a machine's amdvi devices tell: found in QEMU's tree of objects, and asked for "stats". */
#include "top.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Where QEMU puts devices: with id=, without, and those that the machine brings. */
static const char *const places[] = {"/machine/peripheral", "/machine/peripheral-anon",
                                     "/machine/unattached"};

static bool is_wanted(const char *device, const char *path)
{
    return device == NULL || strcmp(device, path) == 0 ||
           strcmp(device, strrchr(path, '/') + 1) == 0;
}

static void add_devices(const char *place, const json_t *children, const char *device,
                        json_t *paths)
{
    size_t index;
    json_t *child;

    json_array_foreach(children, index, child)
    {
        char path[300];
        if (strcmp(cli_text(child, "type"), "child<amdvi>") != 0) {
            continue;
        }
        snprintf(path, sizeof(path), "%s/%.200s", place, cli_text(child, "name"));
        if (is_wanted(device, path)) {
            json_array_append_new(paths, cli_string("%s", path));
        }
    }
}

static enum cli_qmp_end find_devices(struct cli_qmp *qmp, const char *device, json_t **out_paths)
{
    json_t *paths = json_array();

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        json_t *children = NULL;
        enum cli_qmp_end end =
            cli_qmp_execute(qmp, "qom-list", json_pack("{s:s}", "path", places[i]), &children);
        if (end != CLI_QMP_FINE && end != CLI_QMP_REFUSED) {
            json_decref(paths);
            return end;
        }
        add_devices(places[i], children, device, paths);
        json_decref(children);
    }
    if (json_array_size(paths) == 0) {
        json_decref(paths);
        snprintf(qmp->error, sizeof(qmp->error), "the machine has no amdvi device%s%.100s",
                 device != NULL ? " called " : "", device != NULL ? device : "");
        return CLI_QMP_REFUSED;
    }
    *out_paths = paths;
    return CLI_QMP_FINE;
}

enum cli_qmp_end top_open(struct cli_qmp *qmp, const struct top_options *options,
                          json_t **out_paths)
{
    enum cli_qmp_end end = cli_qmp_open(qmp, options->address);

    if (end != CLI_QMP_FINE) {
        return end;
    }
    end = find_devices(qmp, options->device, out_paths);
    if (end != CLI_QMP_FINE) {
        cli_qmp_close(qmp);
    }
    return end;
}

/* The property is a string of JSON. */
static enum cli_qmp_end ask_device(struct cli_qmp *qmp, const char *path, json_t **out)
{
    json_t *answer = NULL;
    enum cli_qmp_end end = cli_qmp_execute(
        qmp, "qom-get", json_pack("{s:s, s:s}", "path", path, "property", "stats"), &answer);

    if (end != CLI_QMP_FINE) {
        return end;
    }
    json_t *stats = json_loadb(json_string_value(answer) != NULL ? json_string_value(answer) : "",
                               json_string_length(answer), 0, NULL);
    json_decref(answer);
    if (!json_is_array(json_object_get(stats, "devices")) ||
        !json_is_object(json_object_get(stats, "totals")) ||
        !json_is_object(json_object_get(stats, "rings")) ||
        !json_is_object(json_object_get(stats, "waits"))) {
        json_decref(stats);
        snprintf(qmp->error, sizeof(qmp->error),
                 "what %.100s tells is not what this program's amdvi device does", path);
        return CLI_QMP_BROKEN;
    }
    json_object_set_new(stats, "path", cli_string("%s", path));
    *out = stats;
    return CLI_QMP_FINE;
}

/* When the device said it, by a clock of its host; or, if it does not say, by ours. */
static json_t *sample_time(const json_t *units)
{
    const json_t *time_ns = json_object_get(json_array_get(units, 0), "time_ns");
    struct timespec now;

    if (json_is_integer(time_ns)) {
        return json_real((double)json_integer_value(time_ns) / 1e9);
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    return json_real((double)now.tv_sec + (double)now.tv_nsec / 1e9);
}

enum cli_qmp_end top_sample(struct cli_qmp *qmp, const json_t *paths, json_t **out_sample)
{
    json_t *status = NULL;
    enum cli_qmp_end end = cli_qmp_execute(qmp, "query-status", NULL, &status);

    if (end != CLI_QMP_FINE) {
        return end;
    }
    json_t *units = json_array();
    json_t *sample = json_pack("{s:s, s:o}", "machine", cli_text(status, "status"), "units", units);
    json_decref(status);
    size_t index;
    json_t *path;
    json_array_foreach(paths, index, path)
    {
        json_t *stats = NULL;
        end = ask_device(qmp, json_string_value(path), &stats);
        if (end != CLI_QMP_FINE) {
            json_decref(sample);
            return end;
        }
        json_array_append_new(units, stats);
    }
    json_object_set_new(sample, "time_s", sample_time(units));
    *out_sample = sample;
    return CLI_QMP_FINE;
}
