/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ACPI table IVRS, among the tables that QEMU's user can add (-acpitable), which go out last.
 *
 * QEMU builds its tables when the machine is complete and again when firmware fetches them, after
 * it has numbered the buses: the table is made anew each time, so that it covers the highest bus
 * number in use below each root bus. Its length never changes, since the block of all tables is migrated.
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

/* The buses below one root bus. */
typedef struct RootBuses {
    PCIBus *root;
    AmdviUnit *unit; /* NULL: they are behind none */
    int last;        /* bus number */
} RootBuses;

static int highest_bus_number(PCIBus *bus)
{
    int highest = pci_bus_num(bus);
    PCIBus *child;

    if (bus->parent_dev && IS_PCI_BRIDGE(bus->parent_dev)) {
        /* Numbers that are kept for bridges plugged in later. */
        highest = MAX(highest, bus->parent_dev->config[PCI_SUBORDINATE_BUS]);
    }
    QLIST_FOREACH(child, &bus->child, sibling) {
        if (!pci_bus_is_root(child)) {
            highest = MAX(highest, highest_bus_number(child));
        }
    }
    return highest;
}

static gint root_order(gconstpointer a, gconstpointer b)
{
    return pci_bus_num(((const RootBuses *)a)->root) - pci_bus_num(((const RootBuses *)b)->root);
}

static void roots_add(GArray *roots, AmdviCore *core, PCIBus *root)
{
    RootBuses buses = {
        .root = root,
        .unit = amdvi_core_unit_of_bus(core, root),
        .last = highest_bus_number(root),
    };

    g_array_append_val(roots, buses);
}

/* All root buses, in the order of their numbers. */
static GArray *roots_list(AmdviCore *core)
{
    GArray *roots = g_array_new(false, false, sizeof(RootBuses));
    PCIBus *first = core->units[0]->root_bus;
    PCIBus *child;

    roots_add(roots, core, first);
    QLIST_FOREACH(child, &first->child, sibling) {
        if (pci_bus_is_root(child)) {
            roots_add(roots, core, child);
        }
    }
    g_array_sort(roots, root_order);
    /* Choice: where the guest has numbered buses into the next root bus's numbers, that one has them. */
    for (guint i = 0; i + 1 < roots->len; i++) {
        RootBuses *buses = &g_array_index(roots, RootBuses, i);

        buses->last = MIN(buses->last, pci_bus_num((buses + 1)->root) - 1);
    }
    return roots;
}

/* A range for each root bus that the unit governs, whatever is on it, and the IOAPIC. */
static GArray *unit_devices(AmdviUnit *unit, const GArray *roots)
{
    GArray *devices = g_array_new(false, false, sizeof(struct amdvi_ivrs_device));
    struct amdvi_ivrs_device device;

    for (guint i = 0; i < roots->len; i++) {
        const RootBuses *buses = &g_array_index(roots, RootBuses, i);

        if (buses->unit == unit) {
            device = (struct amdvi_ivrs_device) {
                .kind = AMDVI_IVRS_DEVICE_RANGE,
                .device_id = PCI_BUILD_BDF(pci_bus_num(buses->root), 0),
                .last_device_id = PCI_BUILD_BDF(buses->last, 0xff),
            };
            g_array_append_val(devices, device);
        }
    }
    if (unit->index == 0 && amdvi_intremap_enabled(unit)) {
        device = (struct amdvi_ivrs_device) {
            .kind = AMDVI_IVRS_DEVICE_IOAPIC,
            .device_id = AMDVI_IOAPIC_DEVICE_ID,
            .handle = 0, /* as in QEMU's MADT */
        };
        g_array_append_val(devices, device);
    }
    return devices;
}

static struct amdvi_ivrs_unit_description unit_describe(AmdviUnit *unit, const GArray *devices)
{
    return (struct amdvi_ivrs_unit_description) {
        .unit = {
            .device_id = pci_get_bdf(PCI_DEVICE(unit)),
            .capability_offset = unit->cap_offset,
            .flags = unit->features.iotlb_sup ? AMDVI_IVRS_UNIT_IOTLB_SUP : 0,
            .msi_num = unit->features.msi_num,
            .window_spa = unit->window_spa,
        },
        .devices = (const struct amdvi_ivrs_device *)(void *)devices->data,
        .device_count = devices->len,
    };
}

static enum amdvi_ivrs_status table_build(AmdviCore *core, uint8_t *table, uint32_t *bytes)
{
    X86MachineState *x86ms = X86_MACHINE(qdev_get_machine());
    const struct amdvi_features *features = &core->units[0]->features;
    g_autofree char *oem_id = g_strndup(x86ms->oem_id, 6);
    g_autofree char *oem_table_id = g_strndup(x86ms->oem_table_id, 8);
    g_autoptr(GArray) roots = roots_list(core);
    GArray *devices[AMDVI_UNITS_MAX];
    struct amdvi_ivrs_unit_description units[AMDVI_UNITS_MAX];
    struct amdvi_ivrs_description ivrs = {
        .oem_id = g_strchomp(oem_id),
        .oem_table_id = g_strchomp(oem_table_id),
        .creator_id = "BXPC",
        .oem_revision = 1,
        .creator_revision = 1,
        .units = units,
        .unit_count = core->unit_count,
        .allow_no_southbridge_ioapic = !amdvi_intremap_enabled(core->units[0]),
        .va_bits = features->va_size_bits,
        .pa_bits = features->pa_size_bits,
    };
    enum amdvi_ivrs_status status;

    for (unsigned i = 0; i < core->unit_count; i++) {
        AmdviUnit *unit = core->units[i];

        devices[i] = unit_devices(unit, roots);
        units[i] = unit_describe(unit, devices[i]);
        ivrs.dma_protection = ivrs.dma_protection || unit->features.preboot_range_count > 0;
    }
    status = amdvi_ivrs_build(&ivrs, table, IVRS_BYTES_MAX, bytes, NULL);
    for (unsigned i = 0; i < core->unit_count; i++) {
        g_array_unref(devices[i]);
    }
    return status;
}

/* Add a table to QEMU's list: a 16-bit count, then each table after its 16-bit length. */
static void tables_append(AmdviCore *core, const uint8_t *table, uint32_t bytes)
{
    if (!acpi_tables) {
        acpi_tables_len = sizeof(uint16_t);
        acpi_tables = g_malloc0(acpi_tables_len);
    }
    acpi_tables = g_realloc(acpi_tables, acpi_tables_len + sizeof(uint16_t) + bytes);
    stw_le_p(acpi_tables + acpi_tables_len, bytes);
    core->table_offset = acpi_tables_len + sizeof(uint16_t);
    core->table_bytes = bytes;
    acpi_tables_len = core->table_offset + bytes;
    stw_le_p(acpi_tables, lduw_le_p(acpi_tables) + 1);
    memcpy(acpi_tables + core->table_offset, table, bytes);
}

void amdvi_acpi_update(AmdviCore *core)
{
    uint8_t table[IVRS_BYTES_MAX];
    uint32_t bytes;
    enum amdvi_ivrs_status status = table_build(core, table, &bytes);

    if (status != AMDVI_IVRS_OK) {
        error_report("amdvi: the ACPI table IVRS cannot be built: %s",
                     amdvi_ivrs_status_text(status));
        return;
    }
    if (!core->table_offset) {
        tables_append(core, table, bytes);
        return;
    }
    assert(bytes == core->table_bytes);
    memcpy(acpi_tables + core->table_offset, table, bytes);
}
