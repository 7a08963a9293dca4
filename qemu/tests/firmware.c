/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of firmware that the tests need. Tables come over QEMU's firmware configuration device,
 * by its DMA interface: a structure in memory whose numbers are big-endian.
 */
#include "firmware.h"
#include "qtest_machine.h"

#include <stdlib.h>
#include <string.h>

#define FW_CFG_DMA_LOW  0x518
#define FW_CFG_DMA_HIGH 0x514
#define FW_CFG_FILES    0x19

#define DMA_READ   0x02u
#define DMA_SELECT 0x08u

/* In guest memory: the request, and what it brings. */
#define REQUEST 0x700000u
#define FETCHED 0x2000000u

#define FILE_ENTRY_BYTES 64u
#define FILES_MAX        64u
#define TABLES_BYTES_MAX (1u << 20)

static uint32_t swap(uint32_t value)
{
    return __builtin_bswap32(value);
}

/* The first @bytes of the file @key, to FETCHED. */
static void fetch(uint16_t key, uint32_t bytes)
{
    machine_write32(REQUEST, swap((uint32_t)key << 16 | DMA_SELECT | DMA_READ));
    machine_write32(REQUEST + 4, swap(bytes));
    machine_write32(REQUEST + 8, 0);
    machine_write32(REQUEST + 12, swap(FETCHED));
    machine_out32(FW_CFG_DMA_HIGH, 0);
    machine_out32(FW_CFG_DMA_LOW, swap(REQUEST));
}

static uint32_t load_be32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof(value));
    return swap(value);
}

/* The key of a file, 0 if there is none of that name. */
static uint16_t find_file(const char *name, uint32_t *bytes)
{
    uint8_t files[4 + FILES_MAX * FILE_ENTRY_BYTES];

    fetch(FW_CFG_FILES, sizeof(files));
    machine_read(FETCHED, files, sizeof(files));
    for (uint32_t i = 0; i < load_be32(files) && i < FILES_MAX; i++) {
        const uint8_t *entry = files + 4 + (size_t)i * FILE_ENTRY_BYTES;

        if (strncmp((const char *)entry + 8, name, FILE_ENTRY_BYTES - 8) == 0) {
            *bytes = load_be32(entry);
            return (uint16_t)(entry[4] << 8 | entry[5]);
        }
    }
    return 0;
}

size_t firmware_ivrs(uint8_t *out, size_t max)
{
    uint32_t bytes = 0;
    uint16_t key = find_file("etc/acpi/tables", &bytes);
    size_t found = 0;

    if (key == 0 || bytes > TABLES_BYTES_MAX) {
        return 0;
    }
    uint8_t *tables = malloc(bytes);

    fetch(key, bytes);
    machine_read(FETCHED, tables, bytes);
    for (size_t at = 0; at + 48 <= bytes && found == 0; at++) {
        uint32_t length;

        memcpy(&length, tables + at + 4, sizeof(length));
        if (memcmp(tables + at, "IVRS", 4) == 0 && length >= 48 && length <= bytes - at) {
            found = length;
            memcpy(out, tables + at, length < max ? length : max);
        }
    }
    free(tables);
    return found;
}

void firmware_number_bus(uint16_t bridge, uint8_t bus, uint32_t spa)
{
    uint32_t first = spa >> 16 & 0xfff0;

    pci_write32(bridge, 0x18, (uint32_t)bus << 16 | (uint32_t)bus << 8 | bridge >> 8);
    pci_write32(bridge, 0x20, ((spa + 0xffffff) & 0xfff00000) | first);
    pci_write16(bridge, 0x04, 0x0006);
}
