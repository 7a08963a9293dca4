/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What firmware would do in the machine: number buses, and fetch the ACPI tables.
 */
#ifndef QEMU_TESTS_FIRMWARE_H
#define QEMU_TESTS_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Give the bus behind @bridge the number @bus, with memory for it from @spa on, 16 MiB.
 */
void firmware_number_bus(uint16_t bridge, uint8_t bus, uint32_t spa);

/*
 * Fetch the ACPI tables, which QEMU builds for that, once after each reset, and find the IVRS.
 * Returns its length, 0 if there is none. @out receives up to @max bytes of it.
 */
size_t firmware_ivrs(uint8_t *out, size_t max);

#endif
