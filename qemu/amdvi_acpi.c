/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ACPI table IVRS, among the tables that QEMU's user can add (-acpitable), which go out last.
 *
 * QEMU builds its tables when the machine is complete and again when firmware fetches them, after
 * it has numbered the buses: the table is made anew each time, so that it covers the highest bus
 * number in use. Its length never changes, since the block of all tables is migrated.
 */
#include "qemu/osdep.h"
#include "hw/acpi/acpi.h"
#include "hw/i386/pc.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "amdvi.h"

#include <amdvi/ivrs.h>

#define IVRS_BYTES_MAX 4096

static void bus_note_number(PCIBus *bus, void *opaque)
{
    int *highest = opaque;

    *highest = MAX(*highest, pci_bus_num(bus));
    if (bus->parent_dev && IS_PCI_BRIDGE(bus->parent_dev)) {
        /* Numbers that are kept for bridges plugged in later. */
        *highest = MAX(*highest, bus->parent_dev->config[PCI_SUBORDINATE_BUS]);
    }
}

static int highest_bus_number(PCIBus *root)
{
    int highest = 0;

    pci_for_each_bus(root, bus_note_number, &highest);
    return highest;
}

static enum amdvi_ivrs_status table_build(AmdviUnit *unit, uint8_t *table, uint32_t *bytes)
{
    PCIDevice *pci = PCI_DEVICE(unit);
    X86MachineState *x86ms = X86_MACHINE(qdev_get_machine());
    bool has_intremap = amdvi_intremap_enabled(unit);
    g_autofree char *oem_id = g_strndup(x86ms->oem_id, 6);
    g_autofree char *oem_table_id = g_strndup(x86ms->oem_table_id, 8);
    const struct amdvi_ivrs_device devices[] = {
        {
            .kind = AMDVI_IVRS_DEVICE_RANGE,
            .device_id = 0,
            .last_device_id = PCI_BUILD_BDF(highest_bus_number(pci_get_bus(pci)), 0xff),
        }, {
            .kind = AMDVI_IVRS_DEVICE_IOAPIC,
            .device_id = AMDVI_IOAPIC_DEVICE_ID,
            .handle = 0, /* as in QEMU's MADT */
        },
    };
    const struct amdvi_ivrs_unit_description description = {
        .unit = {
            .device_id = pci_get_bdf(pci),
            .capability_offset = unit->cap_offset,
            .msi_num = unit->features.msi_num,
            .window_spa = unit->window_spa,
        },
        .devices = devices,
        .device_count = has_intremap ? 2 : 1,
    };
    const struct amdvi_ivrs_description ivrs = {
        .oem_id = g_strchomp(oem_id),
        .oem_table_id = g_strchomp(oem_table_id),
        .creator_id = "BXPC",
        .oem_revision = 1,
        .creator_revision = 1,
        .units = &description,
        .unit_count = 1,
        .allow_no_southbridge_ioapic = !has_intremap,
        .va_bits = unit->features.va_size_bits,
        .pa_bits = unit->features.pa_size_bits,
    };

    return amdvi_ivrs_build(&ivrs, table, IVRS_BYTES_MAX, bytes, NULL);
}

/* Add a table to QEMU's list: a 16-bit count, then each table after its 16-bit length. */
static void tables_append(AmdviUnit *unit, const uint8_t *table, uint32_t bytes)
{
    if (!acpi_tables) {
        acpi_tables_len = sizeof(uint16_t);
        acpi_tables = g_malloc0(acpi_tables_len);
    }
    acpi_tables = g_realloc(acpi_tables, acpi_tables_len + sizeof(uint16_t) + bytes);
    stw_le_p(acpi_tables + acpi_tables_len, bytes);
    unit->table_offset = acpi_tables_len + sizeof(uint16_t);
    unit->table_bytes = bytes;
    acpi_tables_len = unit->table_offset + bytes;
    stw_le_p(acpi_tables, lduw_le_p(acpi_tables) + 1);
    memcpy(acpi_tables + unit->table_offset, table, bytes);
}

void amdvi_acpi_update(AmdviUnit *unit)
{
    uint8_t table[IVRS_BYTES_MAX];
    uint32_t bytes;
    enum amdvi_ivrs_status status = table_build(unit, table, &bytes);

    if (status != AMDVI_IVRS_OK) {
        error_report("amdvi: the ACPI table IVRS cannot be built: %s",
                     amdvi_ivrs_status_text(status));
        return;
    }
    if (!unit->table_offset) {
        tables_append(unit, table, bytes);
        return;
    }
    assert(bytes == unit->table_bytes);
    memcpy(acpi_tables + unit->table_offset, table, bytes);
}
