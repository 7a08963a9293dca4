/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * An NVMe controller that was plugged in while the machine ran. No driver has it. It is told to
 * do DMA as it came, then once a program has it but has mapped nothing, then with memory mapped,
 * and once more when that is unmapped: only the third may reach memory.
 *
 *   nvme_plug NAME     what its disk holds is told as that of "plugged-disk"
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "nvme_disk.h"
#include "pci.h"
#include "physmem.h"
#include "report.h"
#include "vfio.h"

/* Above all memory of the machine. */
#define BASE_IOVA UINT64_C(0x1e0000000)

/* Nothing that a controller knows, for which it would say so. */
enum { NO_COMMAND = 0xff };

/*
 * The controller must fetch a command from its queue, which is the first DMA that it does at all.
 * Where it cannot, it says that it is broken, and nothing in `memory` has changed.
 */
static void expect_refusal(struct nvme *nvme, unsigned char *memory, uint64_t iova,
                           const char *name, const char *when)
{
    static unsigned char before[NVME_QUEUE_BYTES];

    if (!nvme_start(nvme, memory, iova)) {
        give_up("plug", "%s does not become ready", name);
    }
    memcpy(before, memory, sizeof(before));
    int status = nvme_run(nvme, &nvme->admin, &(struct nvme_command){.opcode = NO_COMMAND});
    /* The first page is where the command is; everything else would be the controller's work. */
    bool refused =
        status == NVME_FATAL && memcmp(before + NVME_PAGE_BYTES, memory + NVME_PAGE_BYTES,
                                       sizeof(before) - NVME_PAGE_BYTES) == 0;
    tell(refused ? "refused" : "reached", "%s read 0x%llx", name, (unsigned long long)iova);
    report(refused, "plug", "%s, %s: its DMA %s", name, when,
           refused ? "is refused" : "REACHES MEMORY");
    if (!nvme_stop(nvme)) {
        give_up("plug", "%s cannot be stopped", name);
    }
}

/* Without any driver, through sysfs. */
static void try_as_it_came(const char *name, unsigned char *memory)
{
    char driver[32];

    if (pci_read_link(name, "driver", driver, sizeof(driver))) {
        give_up("plug", "%s is in use by driver %s", name, driver);
    }
    if (!pci_write_attribute(name, "enable", "1") ||
        !pci_set_command(name, PCI_COMMAND_MEMORY_SPACE | PCI_COMMAND_BUS_MASTER)) {
        give_up("plug", "cannot enable %s: %s", name, strerror(errno));
    }
    struct nvme nvme = {.bar = pci_map_bar0(name, NVME_BAR_BYTES)};
    if (nvme.bar == NULL) {
        give_up("plug", "cannot use BAR 0 of %s: %s", name, strerror(errno));
    }
    mlock(memory, NVME_DISK_MEMORY_BYTES);
    expect_refusal(&nvme, memory, physical_address_of(memory), name, "as it came");
    munmap((void *)(uintptr_t)nvme.bar, NVME_BAR_BYTES);
    pci_write_attribute(name, "enable", "0");
}

static void try_with_a_driver(const char *name, unsigned char *memory)
{
    struct vfio_function function;
    const char *failed = vfio_open(&function, name, NVME_BAR_BYTES);

    if (failed != NULL) {
        give_up("plug", "%s: %s (%s)", name, failed, strerror(errno));
    }
    struct nvme_disk disk = {.nvme.bar = function.bar, .memory = memory, .iova = BASE_IOVA};
    expect_refusal(&disk.nvme, memory, BASE_IOVA, name, "in a program's hands, nothing mapped");

    if (!vfio_map(&function, memory, BASE_IOVA, NVME_DISK_MEMORY_BYTES)) {
        give_up("plug", "cannot map memory: %s", strerror(errno));
    }
    nvme_disk_open(&disk);
    nvme_disk_tell_known_half(&disk, nvme_disk_allocate(disk.size_bytes), "plugged-disk");
    report(true, "plug", "%s, memory mapped: its disk was read by %u commands", name,
           disk.commands);

    if (!nvme_stop(&disk.nvme) || !vfio_unmap(&function, BASE_IOVA, NVME_DISK_MEMORY_BYTES)) {
        give_up("plug", "cannot unmap memory: %s", strerror(errno));
    }
    expect_refusal(&disk.nvme, memory, BASE_IOVA, name, "memory unmapped again");
    vfio_close(&function);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        give_up("plug", "usage: nvme_plug NAME");
    }
    unsigned char *memory = nvme_disk_allocate(NVME_DISK_MEMORY_BYTES);
    try_as_it_came(argv[1], memory);
    try_with_a_driver(argv[1], memory);
    return report_status();
}
