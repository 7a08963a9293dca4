/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI configuration space by the old ports, which reach 256 bytes of each function of segment 0. */
#include "kernel.h"

#define CONFIG_ADDRESS ((uint16_t)0xcf8)
#define CONFIG_DATA    ((uint16_t)0xcfc)
#define CONFIG_ENABLE  0x80000000u

#define COMMAND         0x04
#define COMMAND_MEMORY  0x0002u
#define COMMAND_MASTER  0x0004u
#define COMMAND_NO_PIN  0x0400u
#define STATUS_HAS_LIST (1u << 20)
#define CLASS_AHCI      0x01060100u
#define BAR_BYTES       0x100000u /* more than is used of any */
#define BAR(index)      ((uint16_t)(0x10 + 4 * (index)))
#define BAR_IS_64       0x4u
#define LIST            0x34
#define CAP_MSI         0x05
#define CAP_MSIX        0x11
#define MSI_ENABLE      (1u << 16)
#define MSI_COUNT       (7u << 20) /* log2 of the messages in use */
#define MSI_IS_64       (1u << 23)
#define MSIX_ENABLE     (1u << 31)
#define MSIX_MASK_ALL   (1u << 30)
#define MSIX_BYTES      16u

uint32_t pci_read(uint16_t id, uint16_t offset)
{
    uint32_t value;

    PORT_OUT(l, CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)id << 8 | (offset & 0xfcu));
    PORT_IN(l, CONFIG_DATA, &value);
    return value;
}

void pci_write(uint16_t id, uint16_t offset, uint32_t value)
{
    PORT_OUT(l, CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)id << 8 | (offset & 0xfcu));
    PORT_OUT(l, CONFIG_DATA, value);
}

static uint8_t *map_bar(uint16_t id, unsigned index)
{
    uint32_t low = pci_read(id, BAR(index));
    uint64_t high = (low & BAR_IS_64) != 0 ? pci_read(id, BAR(index + 1)) : 0;

    return memory_map_device(high << 32 | (low & ~0xfu), BAR_BYTES);
}

void *pci_open(uint16_t *id, uint16_t offset, uint32_t mask, uint32_t value, unsigned bar)
{
    for (*id = 0; (pci_read(*id, offset) & mask) != value; ++*id) {
        if (*id == 0xffff) {
            return NULL;
        }
    }
    /* Its interrupt pin stays off: nobody listens. */
    pci_write(*id, COMMAND, COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_PIN);
    return map_bar(*id, bar);
}

void pci_close(uint16_t id)
{
    pci_write(id, COMMAND, COMMAND_NO_PIN);
}

void pci_quiet(void)
{
    uint16_t id;
    volatile uint32_t *ahci = pci_open(&id, 0x08, 0xffffff00, CLASS_AHCI, 5);
    uint64_t end = clock_ns() + DEVICE_LIMIT_NS;

    for (unsigned port = 0; ahci != NULL && port < 32; port++) {
        volatile uint32_t *command = &ahci[0x118 / 4 + port * 0x80 / 4];
        for (uint32_t on = 1; on <= 0x10; on <<= 4) { /* commands, then what is received */
            *command &= ~on;
            while ((*command & (on == 1 ? 0x8000 : 0x4000)) != 0 && clock_ns() < end) {
                order();
            }
        }
    }
    pci_close(id);
}

static uint16_t capability(uint16_t id, uint8_t kind)
{
    uint16_t at = 0;

    if ((pci_read(id, COMMAND) & STATUS_HAS_LIST) != 0) {
        at = pci_read(id, LIST) & 0xfc;
    }
    for (unsigned i = 0; at != 0 && i < 48; i++) { /* a list may be a circle */
        uint32_t word = pci_read(id, at);
        if ((word & 0xff) == kind) {
            return at;
        }
        at = word >> 8 & 0xfc;
    }
    return 0;
}

bool pci_set_msi(uint16_t id, uint64_t address, uint32_t data)
{
    uint16_t at = capability(id, CAP_MSI);
    uint32_t control = at != 0 ? pci_read(id, at) & ~(MSI_ENABLE | MSI_COUNT) : 0;

    if (at == 0 || (address >> 32 != 0 && (control & MSI_IS_64) == 0)) {
        return false;
    }
    pci_write(id, at, control); /* off, while it changes */
    pci_write(id, at + 4, (uint32_t)address);
    pci_write(id, at + 8, (control & MSI_IS_64) != 0 ? (uint32_t)(address >> 32) : data);
    if ((control & MSI_IS_64) != 0) {
        pci_write(id, at + 12, data);
    }
    pci_write(id, at, control | MSI_ENABLE);
    return true;
}

bool pci_set_msix(uint16_t id, unsigned entry, uint64_t address, uint32_t data)
{
    uint16_t at = capability(id, CAP_MSIX);
    uint32_t control = at != 0 ? pci_read(id, at) : 0;

    if (at == 0 || entry > (control >> 16 & 0x7ff)) {
        return false;
    }
    uint32_t place = pci_read(id, at + 4);
    uint32_t at_byte = (place & ~7u) + entry * MSIX_BYTES;
    volatile uint32_t *words = (volatile uint32_t *)(void *)(map_bar(id, place & 7) + at_byte);
    words[3] = 1; /* masked, while it changes */
    words[0] = (uint32_t)address;
    words[1] = (uint32_t)(address >> 32);
    words[2] = data;
    words[3] = 0;
    pci_write(id, at, (control | MSIX_ENABLE) & ~MSIX_MASK_ALL);
    return true;
}
