/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a stock QEMU is given, with -plugin or by LD_PRELOAD. It needs no symbol of QEMU's, so that
 * it can be loaded by any, finds out which one that is, and loads the device only into the one that
 * the device was compiled for. The device is the file amdvi-device.so beside this one.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qemu-plugin.h>

#ifndef AMDVI_STOCK_VERSION
#error "AMDVI_STOCK_VERSION is what QEMU says of its version, with the package's in parentheses"
#endif

#define DEVICE_FILE "amdvi-device.so"

/* QEMU's answer to query-version; a part of its protocol, so the same in all versions. */
struct version_number {
    int64_t major;
    int64_t minor;
    int64_t micro;
};

struct version {
    struct version_number *qemu;
    char *package;
};

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static bool is_open; /* the device is there */

/* What this program says of its version; false if it is no QEMU that emulates a machine. */
static bool version_get(char *out, size_t bytes)
{
    struct version *(*query_version)(void *errp);
    struct version *version;

    *(void **)&query_version = dlsym(RTLD_DEFAULT, "qmp_query_version");
    if (!query_version) {
        return false;
    }
    version = query_version(NULL);
    snprintf(out, bytes, "%d.%d.%d%s%s%s", (int)version->qemu->major, (int)version->qemu->minor,
             (int)version->qemu->micro, version->package[0] ? " (" : "", version->package,
             version->package[0] ? ")" : "");
    /* All of it is from malloc(), as GLib's memory is. */
    free(version->qemu);
    free(version->package);
    free(version);
    return true;
}

/* Print the device's file beside this one. */
static bool device_path(char *out, size_t bytes)
{
    Dl_info info;
    const char *slash;
    int length;

    if (!dladdr(&is_open, &info)) {
        return false;
    }
    slash = strrchr(info.dli_fname, '/');
    length = snprintf(out, bytes, "%.*s%s", slash ? (int)(slash - info.dli_fname) + 1 : 0,
                      info.dli_fname, DEVICE_FILE);
    return length > 0 && (size_t)length < bytes;
}

static void __attribute__((constructor)) gate_open(void)
{
    char met[256];
    char path[4096];

    /* LD_PRELOAD is handed on to programs that QEMU starts. */
    if (!version_get(met, sizeof(met))) {
        return;
    }
    if (strcmp(met, AMDVI_STOCK_VERSION) != 0) {
        fprintf(stderr,
                "amdvi: this module is for QEMU %s only, and this is QEMU %s; qemu/stock/build "
                "makes it for Debian's newest\n",
                AMDVI_STOCK_VERSION, met);
        return;
    }
    if (!dlsym(RTLD_DEFAULT, "x86_iommu_get_default")) {
        fprintf(stderr,
                "amdvi: this module is for qemu-system-x86_64, and this is another of QEMU's "
                "programs\n");
        return;
    }
    if (!device_path(path, sizeof(path)) || !dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
        fprintf(stderr, "amdvi: the device cannot be loaded: %s\n", dlerror());
        return;
    }
    is_open = true;
}

/* It is no plugin in QEMU's sense: it asks for nothing that is instrumented. */
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    (void)id;
    (void)info;
    (void)argc;
    (void)argv;
    return is_open ? 0 : -1;
}
