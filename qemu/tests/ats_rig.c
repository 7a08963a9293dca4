/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests' machine with devices that use ATS, and their drivers.
 */
#include "ats_rig.h"

#include <stdio.h>

#define DISK_PORT 0x0048 /* 00:09.0 */

/* Where all 4 KiB of each function's configuration space can be accessed. */
#define ECAM 0xb0000000u

const char *const ats_args[] = {
    "-device",
    "pcie-root-port,id=port1,addr=8,chassis=2",
    "-device",
    "amdvi-ats-testdev,id=ats0,bus=port1,queue-depth=4",
    "-blockdev",
    "driver=null-co,node-name=null0,size=1048576",
    "-device",
    "pcie-root-port,id=port2,addr=9,chassis=3",
    "-device",
    "virtio-blk-pci,id=disk0,bus=port2,drive=null0,ats=on,iommu_platform=on,disable-legacy=on",
    NULL,
};

static const uint16_t ats_ids[] = {ATS_DEVICE, ATS_DISK, 0};

/* ---- Configuration space --------------------------------------------------------------------- */

static uint64_t config_address(uint16_t device_id, unsigned offset)
{
    return ECAM + ((uint64_t)device_id << 12) + offset;
}

/* Extended capability 000Fh; Enable is bit 15 of the word at 6. */
void ats_enable(uint16_t device_id, bool enable)
{
    unsigned offset = 0x100;

    while (offset != 0) {
        uint32_t header = machine_read32(config_address(device_id, offset));

        if ((header & 0xffff) == 0x000f) {
            machine_write8(config_address(device_id, offset + 7), enable ? 0x80 : 0);
            return;
        }
        offset = header == UINT32_MAX ? 0 : header >> 20;
    }
    printf("# device 0x%x has no ATS capability\n", device_id);
}

/* Bus number @bus and 1 MiB of memory from @memory on behind the port. */
static void bridge_enable(uint16_t port, uint8_t bus, uint32_t memory)
{
    pci_write32(port, 0x18, (uint32_t)bus << 16 | (uint32_t)bus << 8);
    pci_write32(port, 0x20, memory | memory >> 16);
    pci_write16(port, 0x04, 0x0006);
}

void ats_device_enable(void)
{
    pci_enable(ATS_DEVICE, 0, ATS_REGISTERS);
    ats_enable(ATS_DEVICE, true);
}

void ats_start(void)
{
    rig_start_with(ats_args, ats_ids);
    pci_write32(0, 0x64, 0);
    pci_write32(0, 0x60, ECAM | 1); /* q35's PCIEXBAR: 256 MiB, enabled */
    bridge_enable(ATS_PORT, ATS_DEVICE >> 8, ATS_REGISTERS);
    bridge_enable(DISK_PORT, ATS_DISK >> 8, ATS_REGISTERS + 0x100000);
    ats_device_enable();
    ats_enable(ATS_DISK, true);
    rig_attach_ats(ATS_DEVICE, true);
    rig_attach_ats(ATS_DISK, true);
    machine_fill(RIG_MEMORY, 0x11, 0x20000);
}

/* ---- The device ------------------------------------------------------------------------------ */

uint64_t ats_read(uint32_t reg)
{
    return machine_read64(ATS_REGISTERS + reg);
}

void ats_write(uint32_t reg, uint64_t value)
{
    machine_write64(ATS_REGISTERS + reg, value);
}

uint64_t ats_run(enum atsdev_command command, uint64_t address, uint64_t length)
{
    ats_write(ATSDEV_REG_ADDRESS, address);
    ats_write(ATSDEV_REG_LENGTH, length);
    ats_write(ATSDEV_REG_COMMAND, command);
    if (!machine_wait64(ATS_REGISTERS + ATSDEV_REG_RUNNING, 0)) {
        printf("# the device does not end its command\n");
    }
    return ats_read(ATSDEV_REG_RESULT);
}

void ats_fill(uint8_t value)
{
    machine_fill(ATS_REGISTERS + ATSDEV_BUFFER, value, ATSDEV_BUFFER_BYTES);
}

bool ats_buffer_is(size_t offset, size_t bytes, uint8_t value)
{
    return memory_is(ATS_REGISTERS + ATSDEV_BUFFER + offset, bytes, value);
}

/* ---- Commands and events --------------------------------------------------------------------- */

/* The QueueID is the DeviceID, as in Linux. */
uint64_t ats_invalidate(uint16_t device_id, unsigned maxpend, uint64_t address)
{
    uint64_t spa = rig_next_command();

    rig_command(UINT64_C(4) << 60 | (uint64_t)device_id << 32 | (uint64_t)maxpend << 24 | device_id,
                address);
    return spa;
}

struct rig_event ats_timeout(uint16_t device_id, uint64_t command)
{
    return (struct rig_event){.word0 = UINT64_C(7) << 60 | device_id, .word1 = command};
}

void ats_let_things_happen(void)
{
    for (unsigned i = 0; i < 20; i++) {
        machine_clock_step(1000);
    }
}
