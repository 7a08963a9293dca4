/* SPDX-License-Identifier: BSD-2-Clause */

/* PCI functions through sysfs; see pci.h. */
#include "pci.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEVICES "/sys/bus/pci/devices"

static long read_hex(const char *name, const char *attribute)
{
    char path[128];
    char text[32] = "";
    long value = -1;

    snprintf(path, sizeof(path), DEVICES "/%s/%s", name, attribute);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return -1;
    }
    if (fgets(text, sizeof(text), file) != NULL) {
        value = strtol(text, NULL, 16);
    }
    fclose(file);
    return value;
}

bool pci_find(uint16_t vendor, uint16_t device, char name[PCI_NAME_SIZE])
{
    DIR *directory = opendir(DEVICES);
    bool found = false;

    if (directory == NULL) {
        return false;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL && !found;
         entry = readdir(directory)) {
        if (entry->d_name[0] != '.' && read_hex(entry->d_name, "vendor") == vendor &&
            read_hex(entry->d_name, "device") == device) {
            snprintf(name, PCI_NAME_SIZE, "%.15s", entry->d_name);
            found = true;
        }
    }
    closedir(directory);
    return found;
}

bool pci_write_attribute(const char *name, const char *attribute, const char *text)
{
    char path[128];

    snprintf(path, sizeof(path), DEVICES "/%s/%s", name, attribute);
    int fd = open(path, O_WRONLY);
    if (fd < 0) {
        return false;
    }
    bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return written;
}

bool pci_read_link(const char *name, const char *link, char *out, size_t out_size)
{
    char path[128];
    char target[256];

    snprintf(path, sizeof(path), DEVICES "/%s/%s", name, link);
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    if (length < 0) {
        return false;
    }
    target[length] = '\0';
    const char *slash = strrchr(target, '/');
    snprintf(out, out_size, "%s", slash != NULL ? slash + 1 : target);
    return true;
}

bool pci_set_command(const char *name, uint16_t bits)
{
    char path[128];
    uint16_t command = 0;

    snprintf(path, sizeof(path), DEVICES "/%s/config", name);
    int fd = open(path, O_RDWR);
    if (fd < 0) {
        return false;
    }
    bool done = pread(fd, &command, sizeof(command), PCI_CONFIG_COMMAND) == sizeof(command);
    command |= bits;
    done = done && pwrite(fd, &command, sizeof(command), PCI_CONFIG_COMMAND) == sizeof(command);
    close(fd);
    return done;
}

volatile void *pci_map_bar0(const char *name, size_t size_bytes)
{
    char path[128];

    snprintf(path, sizeof(path), DEVICES "/%s/resource0", name);
    int fd = open(path, O_RDWR | O_SYNC);
    if (fd < 0) {
        return NULL;
    }
    void *bar = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return bar == MAP_FAILED ? NULL : bar;
}
