/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Drives the edu device in a domain of Xen: first with this program's own memory, which must work,
 * then with the machine addresses it is given, which are somebody else's. It reads and writes
 * each, and tells what the device got to see; whether that is anybody's secret is for the watcher
 * to say, as this program does not know.
 *
 * Usage: edu_machine ADDRESS...
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../../src/edu.h"
#include "../../src/pci.h"
#include "../../src/physmem.h"
#include "../../src/report.h"
#include "machine.h"

enum {
    TARGET_BYTES = 256,
    SHOWN_BYTES = 64,
    /* Writes come from the second half of the device's buffer, reads go to the first. */
    WRITE_FROM_OFFSET = EDU_BUFFER_BYTES / 2,
};

struct edu {
    char name[PCI_NAME_SIZE];
    volatile void *bar;
    unsigned char *page; /* the device may use it */
    uint64_t page_machine;
};

static void take_device(struct edu *edu)
{
    if (!pci_find(EDU_VENDOR, EDU_DEVICE, edu->name)) {
        give_up("edu-device", "no edu device (%04x:%04x) here", EDU_VENDOR, EDU_DEVICE);
    }
    if (!pci_write_attribute(edu->name, "enable", "1") ||
        !pci_set_command(edu->name, PCI_COMMAND_MEMORY_SPACE | PCI_COMMAND_BUS_MASTER)) {
        give_up("edu-device", "cannot enable %s: %s", edu->name, strerror(errno));
    }
    edu->bar = pci_map_bar0(edu->name, EDU_BAR_BYTES);
    if (edu->bar == NULL || !edu_is_there(edu->bar)) {
        give_up("edu-device", "cannot use BAR 0 of %s: %s", edu->name, strerror(errno));
    }
}

static void take_page(struct edu *edu)
{
    edu->page = machine_page();
    edu->page_machine = machine_address_of(edu->page);
    if (edu->page_machine == 0) {
        give_up("own-memory", "cannot tell its machine address: %s", strerror(errno));
    }
}

static void run_transfer(const struct edu *edu, const struct edu_transfer *transfer)
{
    if (!edu_run(edu->bar, transfer)) {
        give_up("edu-device", "%s did not end a transfer", edu->name);
    }
}

/* Fills the device's buffer from the page. */
static void load_buffer(const struct edu *edu)
{
    run_transfer(edu, &(struct edu_transfer){.direction = EDU_FROM_MEMORY,
                                             .bus_address = edu->page_machine,
                                             .count_bytes = EDU_BUFFER_BYTES});
}

/* Has the device write its buffer to the page. */
static void store_buffer(const struct edu *edu)
{
    memset(edu->page, 0, PAGE_BYTES);
    run_transfer(edu, &(struct edu_transfer){.direction = EDU_TO_MEMORY,
                                             .bus_address = edu->page_machine,
                                             .count_bytes = EDU_BUFFER_BYTES});
}

/* What nobody had before goes into the device and comes out again. */
static void use_own_memory(const struct edu *edu)
{
    unsigned char made[PAGE_BYTES];

    if (getrandom(made, sizeof(made), 0) != sizeof(made)) {
        give_up("own-memory", "no random bytes: %s", strerror(errno));
    }
    memcpy(edu->page, made, PAGE_BYTES);
    load_buffer(edu);
    store_buffer(edu);
    report(memcmp(edu->page, made, PAGE_BYTES) == 0, "own-memory",
           "%s reads and writes this domain's page at machine address 0x%llx", edu->name,
           (unsigned long long)edu->page_machine);
}

static void tell_bytes(const char *kind, uint64_t address, const unsigned char *bytes)
{
    char text[2 * SHOWN_BYTES + 1];

    for (int i = 0; i < SHOWN_BYTES; i++) {
        snprintf(text + (size_t)i * 2, 3, "%02x", bytes[i]);
    }
    tell(kind, "0x%llx %s", (unsigned long long)address, text);
}

static void read_target(const struct edu *edu, uint64_t address)
{
    tell("attempt", "%s read 0x%llx", edu->name, (unsigned long long)address);
    run_transfer(edu, &(struct edu_transfer){.direction = EDU_FROM_MEMORY,
                                             .bus_address = address,
                                             .count_bytes = TARGET_BYTES});
    store_buffer(edu);
    tell_bytes("got", address, edu->page);
}

static void write_target(const struct edu *edu, uint64_t address)
{
    tell("attempt", "%s write 0x%llx", edu->name, (unsigned long long)address);
    run_transfer(edu, &(struct edu_transfer){.direction = EDU_TO_MEMORY,
                                             .bus_address = address,
                                             .buffer_offset = WRITE_FROM_OFFSET,
                                             .count_bytes = TARGET_BYTES});
}

int main(int argc, char **argv)
{
    struct edu edu = {.bar = NULL};

    take_device(&edu);
    take_page(&edu);
    use_own_memory(&edu);
    for (int i = 1; i < argc; i++) {
        uint64_t address = strtoull(argv[i], NULL, 16);

        read_target(&edu, address);
        write_target(&edu, address);
    }
    return report_status();
}
