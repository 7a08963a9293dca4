/* SPDX-License-Identifier: BSD-2-Clause */
/* The unit's own interrupt: the MSI capability of its function. */
#include "state.h"

#define PCI_COMMAND    0x04u
#define PCI_BUS_MASTER UINT32_C(0x00000004)
#define PCI_HAS_CAPS   UINT32_C(0x00100000) /* of the status, bits 31:16 */
#define PCI_FIRST_CAP  0x34u
#define PCI_CAPS_MAX   48 /* that fit into 192 bytes */
#define CAP_MSI        0x05u
#define MSI_ADDRESS    4u
#define MSI_ENABLE     UINT32_C(0x00010000)
#define MSI_MULTIPLE   UINT32_C(0x00700000)
#define MSI_64_BITS    UINT32_C(0x00800000)

static bool read_config(const struct amdvi_drv_unit *unit, uint16_t offset, uint32_t *out)
{
    const struct amdvi_drv_host *host = unit->drv->host;

    return host->config_read32(host->ctx, unit->ivrs.pci_segment, unit->ivrs.device_id, offset,
                               out);
}

static bool write_config(const struct amdvi_drv_unit *unit, uint16_t offset, uint32_t value)
{
    const struct amdvi_drv_host *host = unit->drv->host;

    return host->config_write32(host->ctx, unit->ivrs.pci_segment, unit->ivrs.device_id, offset,
                                value);
}

/* The offset of the MSI capability and its first dword; 0 when there is none. */
static uint16_t find_msi(const struct amdvi_drv_unit *unit, uint32_t *out_header)
{
    uint32_t word = 0;

    if (!read_config(unit, PCI_COMMAND, &word) || (word & PCI_HAS_CAPS) == 0 ||
        !read_config(unit, PCI_FIRST_CAP, &word)) {
        return 0;
    }
    uint16_t offset = word & 0xfc;
    for (unsigned i = 0; i < PCI_CAPS_MAX && offset >= 0x40; i++) {
        if (!read_config(unit, offset, out_header)) {
            return 0;
        }
        if ((*out_header & 0xff) == CAP_MSI) {
            return offset;
        }
        offset = *out_header >> 8 & 0xfc;
    }
    return 0;
}

/* Off while address and data change. */
static bool write_message(const struct amdvi_drv_unit *unit, uint16_t msi, uint32_t header,
                          uint64_t address, uint32_t data)
{
    bool is_wide = (header & MSI_64_BITS) != 0;
    uint16_t data_offset = (uint16_t)(msi + (is_wide ? 12 : 8));
    uint32_t off = header & ~(MSI_ENABLE | MSI_MULTIPLE);
    uint32_t command = 0;

    return (is_wide || address <= UINT32_MAX) && write_config(unit, msi, off) &&
           write_config(unit, (uint16_t)(msi + MSI_ADDRESS), (uint32_t)address) &&
           (!is_wide ||
            write_config(unit, (uint16_t)(msi + MSI_ADDRESS + 4), (uint32_t)(address >> 32))) &&
           write_config(unit, data_offset, data) && read_config(unit, PCI_COMMAND, &command) &&
           /* A message is a write of the function's; bits 31:16 would clear what they show. */
           write_config(unit, PCI_COMMAND, (command & 0xffff) | PCI_BUS_MASTER) &&
           write_config(unit, msi, off | MSI_ENABLE);
}

void amdvi_drv_message_setup(struct amdvi_drv_unit *unit)
{
    const struct amdvi_drv_host *host = unit->drv->host;
    uint64_t address = 0;
    uint32_t header = 0;
    uint32_t data = 0;

    unit->has_interrupt = false;
    if (host->unit_message == NULL || host->config_read32 == NULL) {
        return;
    }
    uint16_t msi = find_msi(unit, &header);
    if (msi == 0 || !host->unit_message(host->ctx, amdvi_drv_unit_index(unit), &address, &data)) {
        return; /* the host polls */
    }
    unit->has_interrupt = write_message(unit, msi, header, address, data);
}
