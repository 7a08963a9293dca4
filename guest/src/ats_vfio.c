/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A program that drives a device with a translation cache of its own, through VFIO. The kernel
 * decides alone to let devices have such caches (ATS), and to have them emptied; this program looks
 * at what comes of it: the device's Enable bit, the translations it keeps while a buffer is mapped,
 * and that it has none of them once the buffer is unmapped.
 *
 * "ats_vfio --mute" has the device leave the kernel's invalidate requests unanswered for a while.
 * "ats_vfio --forbidden" is for a kernel that does not let devices use ATS: the device tries all
 * the same, and must get no translation and reach no memory with addresses of its own making.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "atsdev.h"
#include "pci.h"
#include "physmem.h"
#include "report.h"
#include "vfio.h"

enum {
    MEMORY_BYTES = 4 << 20,
    INTERRUPT_LIMIT_MS = 3000,
    RUN_BYTES = 0x3000,
};

static const uint64_t place = UINT64_C(0x20000200000);

struct session {
    struct vfio_function function;
    unsigned char *memory;
};

/* ---- Who may use ATS ------------------------------------------------------------------------- */

enum {
    CONFIG_EXTENDED = 0x100, /* where the chain of extended capabilities begins */
    CONFIG_END = 0x1000,
    CAPABILITY_ATS = 0x000f,
    ATS_CONTROL = 6, /* bytes from the capability's start; 16 bits */
    ATS_CONTROL_ENABLE = 0x8000,
};

/* The offset of the ATS capability, 0 if there is none. */
static unsigned ats_capability(int config)
{
    unsigned offset = CONFIG_EXTENDED;
    uint32_t header;

    for (int i = 0; i < 64 && offset >= CONFIG_EXTENDED && offset < CONFIG_END; i++) {
        if (pread(config, &header, sizeof(header), offset) != sizeof(header) || header == 0 ||
            header == UINT32_MAX) {
            return 0;
        }
        if ((header & 0xffff) == CAPABILITY_ATS) {
            return offset;
        }
        offset = header >> 20;
    }
    return 0;
}

/* 1: enabled, 0: not, -1: the device cannot do ATS. */
static int ats_state(const char *name)
{
    char path[128];
    uint16_t control = 0;
    int state = -1;

    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", name);
    int config = open(path, O_RDONLY);
    if (config < 0) {
        return -1;
    }
    unsigned offset = ats_capability(config);
    if (offset != 0 &&
        pread(config, &control, sizeof(control), offset + ATS_CONTROL) == sizeof(control)) {
        state = (control & ATS_CONTROL_ENABLE) != 0;
    }
    close(config);
    return state;
}

/* Sets the Enable bit past the kernel, as only root can. */
static bool enable_ats(const char *name)
{
    char path[128];
    uint16_t control = ATS_CONTROL_ENABLE;

    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", name);
    int config = open(path, O_RDWR);
    if (config < 0) {
        return false;
    }
    unsigned offset = ats_capability(config);
    bool done = offset != 0 &&
                pwrite(config, &control, sizeof(control), offset + ATS_CONTROL) == sizeof(control);
    close(config);
    return done;
}

/* @enabled: what Linux is expected to have decided. */
static void look_at_devices(bool enabled)
{
    DIR *directory = opendir("/sys/bus/pci/devices");
    unsigned capable = 0;

    if (directory == NULL) {
        give_up("ats-enabled", "no PCI devices");
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        int state = entry->d_name[0] == '.' ? -1 : ats_state(entry->d_name);

        if (state >= 0) {
            capable++;
            report(state == enabled, "ats-enabled",
                   "%s has the ATS capability, and Linux has %s it", entry->d_name,
                   state == 1 ? "enabled" : "not enabled");
        }
    }
    closedir(directory);
    report(capable == 2, "ats-enabled", "%u devices have the ATS capability", capable);
}

/* ---- The device ------------------------------------------------------------------------------ */

static uint64_t read_register(const struct session *session, size_t offset)
{
    return atsdev_read(session->function.bar, offset);
}

static void open_session(struct session *session, bool enabled)
{
    char name[PCI_NAME_SIZE];

    if (!pci_find(ATSDEV_VENDOR, ATSDEV_DEVICE, name)) {
        give_up("ats-open", "no device %04x:%04x in this machine", ATSDEV_VENDOR, ATSDEV_DEVICE);
    }
    const char *failed = vfio_open(&session->function, name, ATSDEV_BAR_BYTES);
    if (failed != NULL) {
        give_up("ats-open", "%s: %s (%s)", name, failed, strerror(errno));
    }
    session->memory = aligned_alloc(MEMORY_BYTES, MEMORY_BYTES);
    if (session->memory == NULL) {
        give_up("ats-open", "no memory");
    }
    memset(session->memory, 0, MEMORY_BYTES);
    report(ats_state(name) == enabled && read_register(session, ATSDEV_REG_ENABLED) == enabled,
           "ats-open", "%s is driven by a program, and has ATS %s by Linux", name,
           enabled ? "enabled" : "left off");
}

static void map(const struct session *session)
{
    if (!vfio_map(&session->function, session->memory, place, MEMORY_BYTES)) {
        give_up("ats-map", "cannot map IOVA 0x%llx: %s", (unsigned long long)place,
                strerror(errno));
    }
}

static void unmap(const struct session *session)
{
    if (!vfio_unmap(&session->function, place, MEMORY_BYTES)) {
        give_up("ats-map", "cannot unmap IOVA 0x%llx: %s", (unsigned long long)place,
                strerror(errno));
    }
}

static uint64_t run_at(const struct session *session, enum atsdev_command command, uint64_t address,
                       size_t count_bytes)
{
    const struct vfio_function *function = &session->function;

    atsdev_write(function->bar, ATSDEV_REG_ADDRESS, address);
    atsdev_write(function->bar, ATSDEV_REG_LENGTH, count_bytes);
    atsdev_write(function->bar, ATSDEV_REG_COMMAND, command);
    if (vfio_wait_interrupt(function, INTERRUPT_LIMIT_MS) != 1 ||
        read_register(session, ATSDEV_REG_RUNNING) != 0) {
        give_up("ats-dma", "%s did not end a command", function->name);
    }
    return read_register(session, ATSDEV_REG_RESULT);
}

/* Has the device access RUN_BYTES from @offset of the buffer on, which lies in several pages. */
static uint64_t run(const struct session *session, enum atsdev_command command, size_t offset)
{
    return run_at(session, command, place + offset, RUN_BYTES);
}

static void fill(unsigned char *bytes, size_t count, unsigned seed)
{
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (unsigned char)((i * 167 + seed * 71 + (i >> 8)) & 0xff);
    }
}

/* The device reads from one place of the buffer and writes what it read to another. */
static bool copy_by_device(struct session *session, size_t from, size_t to, unsigned seed)
{
    static unsigned char expected[RUN_BYTES];

    fill(expected, sizeof(expected), seed);
    memcpy(session->memory + from, expected, sizeof(expected));
    memset(session->memory + to, 0xaa, sizeof(expected));
    return run(session, ATSDEV_CACHED_READ, from) == ATSDEV_DONE &&
           run(session, ATSDEV_CACHED_WRITE, to) == ATSDEV_DONE &&
           memcmp(session->memory + to, expected, sizeof(expected)) == 0;
}

/* ---- What is tried --------------------------------------------------------------------------- */

static void try_cache(struct session *session)
{
    bool same = copy_by_device(session, 0x1808, 0x2ffff0, 1);
    uint64_t requests = read_register(session, ATSDEV_REG_REQUESTS);
    uint64_t hits = read_register(session, ATSDEV_REG_HITS);

    report(same && requests != 0, "ats-dma",
           "the device asked for %llu translations and copied through its cache",
           (unsigned long long)requests);
    same = copy_by_device(session, 0x1808, 0x2ffff0, 2);
    uint64_t again = read_register(session, ATSDEV_REG_REQUESTS) - requests;
    hits = read_register(session, ATSDEV_REG_HITS) - hits;
    report(same && again == 0 && hits != 0, "ats-dma",
           "once more: %llu translations from its cache, %llu asked for", (unsigned long long)hits,
           (unsigned long long)again);
}

static void try_unmapped(struct session *session)
{
    static unsigned char before[RUN_BYTES];
    uint64_t invalidations = read_register(session, ATSDEV_REG_INVALIDATIONS);
    uint64_t entries = read_register(session, ATSDEV_REG_ENTRIES);

    unmap(session);
    invalidations = read_register(session, ATSDEV_REG_INVALIDATIONS) - invalidations;
    report(entries != 0 && invalidations != 0 && read_register(session, ATSDEV_REG_ENTRIES) == 0,
           "ats-unmap",
           "unmapped: Linux sent %llu invalidate requests, and of %llu translations none is left",
           (unsigned long long)invalidations, (unsigned long long)entries);

    memset(session->memory, 0x77, RUN_BYTES);
    memcpy(before, session->memory, sizeof(before));
    uint64_t result = run(session, ATSDEV_CACHED_WRITE, 0);
    bool unchanged = memcmp(session->memory, before, sizeof(before)) == 0;
    report(result == ATSDEV_NOT_PERMITTED && unchanged, "ats-unmap",
           "the device asks again and gets no translation (result %llu); the memory is %s",
           (unsigned long long)result, unchanged ? "unchanged" : "OVERWRITTEN");
}

static void try_mute(struct session *session)
{
    volatile void *bar = session->function.bar;
    uint64_t answers = read_register(session, ATSDEV_REG_ANSWERS);
    uint64_t invalidations = read_register(session, ATSDEV_REG_INVALIDATIONS);

    bool same = copy_by_device(session, 0, 0x10000, 3);
    atsdev_write(bar, ATSDEV_REG_MUTE, 1);
    unmap(session);
    invalidations = read_register(session, ATSDEV_REG_INVALIDATIONS) - invalidations;
    report(same && invalidations != 0 && read_register(session, ATSDEV_REG_ANSWERS) == answers,
           "ats-mute", "the device left %llu invalidate requests unanswered, and Linux went on",
           (unsigned long long)invalidations);
    /* InvTimeOut is a second in Linux, counted from when each was sent. */
    sleep(3);
    atsdev_write(bar, ATSDEV_REG_MUTE, 0);
    uint64_t owed = read_register(session, ATSDEV_REG_INVALIDATIONS) -
                    read_register(session, ATSDEV_REG_ANSWERS);
    report(owed == 0 && read_register(session, ATSDEV_REG_ENTRIES) == 0, "ats-mute",
           "it has answered late, and keeps nothing");

    map(session);
    report(copy_by_device(session, 0x8000, 0x20000, 4), "ats-mute",
           "mapped again, the device copies as before");
    try_unmapped(session);
}

/* What the watcher has to find in the kernel's log: INVALID_DEVICE_REQUEST with these flags. */
static void tell_invalid(const struct session *session, uint64_t address, unsigned flags)
{
    tell("invalid", "%s 0x%llx 0x%04x", session->function.name, (unsigned long long)address, flags);
}

enum {
    FLAGS_TRANSLATION_FORBIDDEN = 0x100, /* TR, type 0 */
    FLAGS_TRANSLATED_FORBIDDEN = 0x200,  /* type 1 */
};

static void try_forbidden(struct session *session)
{
    unsigned char *mine = session->memory;
    uint64_t result = run(session, ATSDEV_CACHED_READ, 0);

    report(result != ATSDEV_DONE && read_register(session, ATSDEV_REG_REQUESTS) == 0,
           "ats-forbidden", "the device, with ATS off, asks for nothing");

    if (!enable_ats(session->function.name) || read_register(session, ATSDEV_REG_ENABLED) != 1) {
        give_up("ats-forbidden", "cannot set the Enable bit");
    }
    memset(mine, 0x77, RUN_BYTES);
    result = run(session, ATSDEV_CACHED_WRITE, 0);
    tell_invalid(session, place, FLAGS_TRANSLATION_FORBIDDEN);
    report(result == ATSDEV_UNSUPPORTED && read_register(session, ATSDEV_REG_ENTRIES) == 0,
           "ats-forbidden",
           "enabled behind the kernel's back, it asks, and is refused (result %llu)",
           (unsigned long long)result);

    uint64_t physical = physical_address_of(mine);
    if (physical == 0) {
        give_up("ats-forbidden", "cannot learn the buffer's physical address");
    }
    result = run_at(session, ATSDEV_TRANSLATED_WRITE, physical, 64);
    tell_invalid(session, physical, FLAGS_TRANSLATED_FORBIDDEN);
    bool unchanged = true;
    for (size_t i = 0; i < RUN_BYTES; i++) {
        unchanged = unchanged && mine[i] == 0x77;
    }
    report(result == ATSDEV_ABORTED && unchanged, "ats-forbidden",
           "a translated write to physical memory is refused (result %llu); the memory is %s",
           (unsigned long long)result, unchanged ? "unchanged" : "OVERWRITTEN");
}

int main(int argc, char **argv)
{
    static struct session session;
    const char *what = argc > 1 ? argv[1] : "";
    bool forbidden = strcmp(what, "--forbidden") == 0;

    if (strcmp(what, "--mute") != 0) {
        look_at_devices(!forbidden);
    }
    open_session(&session, !forbidden);
    map(&session);
    if (forbidden) {
        try_forbidden(&session);
    } else if (strcmp(what, "--mute") == 0) {
        try_mute(&session);
    } else {
        try_cache(&session);
        try_unmapped(&session);
    }
    vfio_close(&session.function);
    return report_status();
}
