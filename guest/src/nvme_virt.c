/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Brings an NVMe controller's virtual functions online, with the commands that NVMe has for it,
 * sent to the physical function's driver.
 *
 *   nvme_virt DEVICE free                             take the flexible resources from the primary
 *   nvme_virt DEVICE online FUNCTION NAMESPACE        give virtual function FUNCTION (from 1) two
 *                                                     queue pairs, one interrupt and a namespace
 *   nvme_virt DEVICE offline FUNCTION                 take everything but the namespace again
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "nvme.h"
#include "report.h"

enum { PAGE_BYTES = 4096 };

/* Actions and kinds of resource of the command Virtualization Management. */
enum {
    ALLOCATE_PRIMARY = 0x1,
    SECONDARY_OFFLINE = 0x7,
    ASSIGN_SECONDARY = 0x8,
    SECONDARY_ONLINE = 0x9
};
enum { RESOURCE_QUEUES = 0, RESOURCE_INTERRUPTS = 1 };

/* The admin queue pair and one for I/O. */
enum { QUEUES = 2, INTERRUPTS = 1 };

/* An entry of the Secondary Controller List; the list begins with a byte that says how many. */
enum { ENTRY_BYTES = 32, ENTRY_LIMIT = 127 };

struct secondary {
    uint16_t id;
    uint8_t state;
    uint16_t function;
    uint16_t queues;
    uint16_t interrupts;
};

static int open_controller(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        give_up("nvme-virt", "cannot open %s: %s", path, strerror(errno));
    }
    return fd;
}

static void run(int fd, struct nvme_admin_cmd *command, const char *what)
{
    int status = ioctl(fd, NVME_IOCTL_ADMIN_CMD, command);

    if (status != 0) {
        give_up("nvme-virt", "%s: %s 0x%x", what, status < 0 ? strerror(errno) : "status",
                status < 0 ? 0 : (unsigned)status);
    }
}

static void manage(int fd, unsigned action, unsigned resource, unsigned controller, unsigned count)
{
    struct nvme_admin_cmd command = {
        .opcode = NVME_ADMIN_VIRTUALIZATION,
        .cdw10 = controller << 16 | resource << 8 | action,
        .cdw11 = count,
    };

    run(fd, &command, "Virtualization Management");
}

static uint16_t little(const unsigned char *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

/* The secondary controller of a virtual function, as the controller itself lists it. */
static struct secondary find_secondary(int fd, unsigned function)
{
    static _Alignas(PAGE_BYTES) unsigned char list[PAGE_BYTES];
    struct nvme_admin_cmd command = {
        .opcode = NVME_ADMIN_IDENTIFY,
        .addr = (uint64_t)(uintptr_t)list,
        .data_len = sizeof(list),
        .cdw10 = NVME_IDENTIFY_SECONDARIES,
    };

    run(fd, &command, "Identify: Secondary Controller List");
    for (unsigned i = 0; i < list[0] && i < ENTRY_LIMIT; i++) {
        const unsigned char *entry = &list[(size_t)ENTRY_BYTES * (i + 1)];
        if (little(entry + 8) == function) {
            return (struct secondary){.id = little(entry),
                                      .state = entry[4],
                                      .function = little(entry + 8),
                                      .queues = little(entry + 10),
                                      .interrupts = little(entry + 12)};
        }
    }
    give_up("nvme-virt", "the controller lists no secondary controller for function %u", function);
}

static void attach(int fd, unsigned namespace_id, uint16_t controller)
{
    static _Alignas(PAGE_BYTES) uint16_t list[PAGE_BYTES / sizeof(uint16_t)];
    struct nvme_admin_cmd command = {
        .opcode = NVME_ADMIN_ATTACH,
        .nsid = namespace_id,
        .addr = (uint64_t)(uintptr_t)list,
        .data_len = sizeof(list),
    };

    list[0] = 1;
    list[1] = controller;
    run(fd, &command, "Namespace Attachment");
}

static void go_online(int fd, unsigned function, unsigned namespace_id)
{
    uint16_t controller = find_secondary(fd, function).id;

    manage(fd, SECONDARY_OFFLINE, RESOURCE_QUEUES, controller, 0);
    manage(fd, ASSIGN_SECONDARY, RESOURCE_QUEUES, controller, QUEUES);
    manage(fd, ASSIGN_SECONDARY, RESOURCE_INTERRUPTS, controller, INTERRUPTS);
    manage(fd, SECONDARY_ONLINE, RESOURCE_QUEUES, controller, 0);
    attach(fd, namespace_id, controller);

    struct secondary now = find_secondary(fd, function);
    report(now.state == 1 && now.queues == QUEUES && now.interrupts == INTERRUPTS, "nvme-virt",
           "virtual function %u, controller %u: %s, %u queue pairs, %u interrupt, namespace %u",
           function, controller, now.state == 1 ? "online" : "NOT ONLINE", now.queues,
           now.interrupts, namespace_id);
}

static void go_offline(int fd, unsigned function)
{
    manage(fd, SECONDARY_OFFLINE, RESOURCE_QUEUES, find_secondary(fd, function).id, 0);

    struct secondary now = find_secondary(fd, function);
    report(now.state == 0 && now.queues == 0, "nvme-virt", "virtual function %u is offline again",
           function);
}

static unsigned number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end != '\0' || value == 0 || value > UINT16_MAX) {
        give_up("nvme-virt", "not a number from 1: %s", text);
    }
    return (unsigned)value;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[2], "free") == 0) {
        int fd = open_controller(argv[1]);
        manage(fd, ALLOCATE_PRIMARY, RESOURCE_INTERRUPTS, 0, 0);
        manage(fd, ALLOCATE_PRIMARY, RESOURCE_QUEUES, 0, 0);
    } else if (argc == 5 && strcmp(argv[2], "online") == 0) {
        go_online(open_controller(argv[1]), number(argv[3]), number(argv[4]));
    } else if (argc == 4 && strcmp(argv[2], "offline") == 0) {
        go_offline(open_controller(argv[1]), number(argv[3]));
    } else {
        give_up("nvme-virt", "usage: nvme_virt DEVICE free|online|offline ...");
    }
    return report_status();
}
