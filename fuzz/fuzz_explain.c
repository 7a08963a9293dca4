/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `amdvi explain` on any log. Lines "=lspci" and "=sysfs" end a part of the input: what follows the
 * first is the output of lspci, what follows the second are the files vendor, device, class of
 * 0000:03:00.0, one a line, and the driver's name.
 */
#define _GNU_SOURCE /* memmem */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cli/out.h"
#include "tool.h"

#define DEVICE "/bus/pci/devices/0000:03:00.0"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char root[64];

static void remove_sysfs(void)
{
    static const char *const files[] = {DEVICE "/vendor", DEVICE "/device", DEVICE "/class",
                                        DEVICE "/driver", DEVICE,           "/bus/pci/devices",
                                        "/bus/pci",       "/bus",           ""};
    char path[128];

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", root, files[i]);
        if (unlink(path) != 0) {
            rmdir(path);
        }
    }
}

static void make_sysfs(void)
{
    static const char *const folders[] = {"/bus", "/bus/pci", "/bus/pci/devices", DEVICE};
    char path[128];

    if (root[0] != '\0') {
        return;
    }
    snprintf(root, sizeof(root), "/tmp/fuzz_explain.XXXXXX");
    tool_expect(mkdtemp(root) != NULL, "there is a folder for temporary files");
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", root, folders[i]);
        mkdir(path, 0700);
    }
    atexit(remove_sysfs);
}

/* Writes the lines of a part into files; the folder is not there for an empty one. */
static const char *fill_sysfs(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"vendor", "device", "class"};
    char line[256];
    char path[128];

    make_sysfs();
    for (size_t i = 0; i < 3; i++) {
        tool_take_line(line, sizeof(line), &data, &size);
        snprintf(path, sizeof(path), "%s" DEVICE "/%s", root, names[i]);
        FILE *file = fopen(path, "w");
        tool_expect(file != NULL, "temporary files can be written");
        fputs(line, file);
        fclose(file);
    }
    tool_take_line(line, sizeof(line), &data, &size);
    snprintf(path, sizeof(path), "%s" DEVICE "/driver", root);
    unlink(path);
    if (line[0] != '\0' && symlink(line, path) != 0) {
        tool_expect(false, "links can be made");
    }
    return root;
}

/* Every line is somewhere: in a group, left out, or about something else. */
static void expect_nothing_dropped(const json_t *document)
{
    static const char *const lists[] = {"events", "lines", "unknown"};
    json_int_t count = json_integer_value(json_object_get(document, "other_lines")) +
                       json_integer_value(json_object_get(document, "left_out"));

    for (size_t i = 0; i < 3; i++) {
        size_t index;
        json_t *group;
        json_array_foreach(json_object_get(document, lists[i]), index, group)
        {
            count += json_integer_value(json_object_get(group, "count"));
        }
    }
    count += json_integer_value(json_object_get(document, "continuations"));
    tool_expect(count == json_integer_value(json_object_get(document, "line_count")),
                "each line is counted once");
}

/* Cuts the input at a line that is @mark; returns what follows it, or NULL. */
static const uint8_t *cut(const uint8_t *data, size_t *size, const char *mark, size_t *out_size)
{
    const uint8_t *found = memmem(data, *size, mark, strlen(mark));

    if (found == NULL) {
        return NULL;
    }
    const uint8_t *rest = found + strlen(mark);
    *out_size = *size - (size_t)(rest - data);
    *size = (size_t)(found - data);
    return rest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *words[8] = {"explain"};
    size_t count = 1;
    size_t lspci_size = 0;
    size_t sysfs_size = 0;
    const uint8_t *sysfs = cut(data, &size, "\n=sysfs\n", &sysfs_size);
    const uint8_t *lspci = cut(data, &size, "\n=lspci\n", &lspci_size);

    words[count++] = tool_write(TOOL_INPUT, data, size);
    if (lspci != NULL) {
        words[count++] = "--lspci";
        words[count++] = tool_write(TOOL_SECOND, lspci, lspci_size);
    }
    if (sysfs != NULL) {
        words[count++] = "--sysfs";
        words[count++] = fill_sysfs(sysfs, sysfs_size);
    }
    struct tool_run run = tool_run(cli_explain, words);
    int status = run.status;
    if (run.size == 0) {
        tool_expect(status == 1, "what is no log is refused");
        return 0;
    }
    tool_expect_text(&run);
    words[count++] = "--json";
    run = tool_run(cli_explain, words);
    json_t *document = tool_expect_json(&run);
    tool_expect(run.status == status, "the exit status does not depend on the form");
    expect_nothing_dropped(document);
    json_decref(document);
    return 0;
}
