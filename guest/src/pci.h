/* SPDX-License-Identifier: BSD-2-Clause */

/* PCI functions as Linux shows them in /sys/bus/pci/devices, found by vendor and device id. */
#ifndef GUEST_PCI_H
#define GUEST_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "0000:00:03.0" and its terminating zero. */
enum { PCI_NAME_SIZE = 16 };

enum {
    PCI_CONFIG_COMMAND = 0x04,
    PCI_COMMAND_MEMORY_SPACE = 0x2,
    PCI_COMMAND_BUS_MASTER = 0x4,
};

/* Fills in the name of the first function with these ids; false if the machine has none. */
bool pci_find(uint16_t vendor, uint16_t device, char name[PCI_NAME_SIZE]);

/* Writes `text` to a file of the function's sysfs directory; false with errno set on failure. */
bool pci_write_attribute(const char *name, const char *attribute, const char *text);

/* The last component of a symbolic link ("driver", "iommu_group"); false if there is none. */
bool pci_read_link(const char *name, const char *link, char *out, size_t out_size);

/* Sets bits of the command register through sysfs; false with errno set on failure. */
bool pci_set_command(const char *name, uint16_t bits);

/* Maps BAR 0 through sysfs; NULL with errno set on failure. */
volatile void *pci_map_bar0(const char *name, size_t size_bytes);

#endif
