/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests' operating system: it programs the IOMMU of revision 1.20 and drives the test device.
 */
#define _GNU_SOURCE
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Where things are in guest memory: those of the IOMMU that is worked on. */
#define DEVICE_TABLE     at(0x200000) /* 65536 entries of 32 bytes */
#define COMMAND_BUFFER   at(0x500000) /* 512 entries of 16 bytes */
#define EVENT_LOG        at(0x502000)
#define COMPLETION_STORE at(0x504000)
#define INTERRUPT_TABLE  at(0x505000)
#define PAGE_TABLES      at(0x510000) /* the root, then others as needed */
#define RING_BYTES       0x2000u

#define REG_DEVICE_TABLE 0x0000u
#define REG_COMMANDS     0x0008u
#define REG_EVENTS       0x0010u
#define REG_CONTROL      0x0018u
#define REG_COMMAND_TAIL 0x2008u
#define REG_EVENT_HEAD   0x2010u
#define REG_EVENT_TAIL   0x2018u

#define CONTROL 0x1005u /* CmdBufEn, EventLogEn, IommuEn */

static struct {
    uint64_t next_table;
    uint32_t command_tail;
    uint64_t wait_number;
} units[RIG_UNITS_MAX];

static unsigned unit; /* the IOMMU that is worked on */
static uint32_t testdev_registers = RIG_TESTDEV_REGISTERS;

static uint64_t at(uint64_t offset)
{
    return offset + UINT64_C(0x1000000) * unit;
}

static const char *const rig_args[] = {
    "-object", "iothread,id=io0",
    "-device", "amdvi,id=iommu0,addr=2",
    "-device", "amdvi-testdev,id=test0,addr=5,iothread=io0",
    "-device", "edu,id=edu0,addr=6,dma_mask=0xffffffffffffffff",
    "-device", "pcie-root-port,id=port0,addr=7,chassis=1",
    "-device", "amdvi-testdev,id=behind,bus=port0",
};

#define RIG_ARGS (sizeof(rig_args) / sizeof(rig_args[0]))

void rig_start_incoming(const char *const *args)
{
    const char *all[RIG_ARGS + 32];
    size_t count = RIG_ARGS;

    memcpy(all, rig_args, sizeof(rig_args));
    while (args != NULL && *args != NULL && count < RIG_ARGS + 31) {
        all[count++] = *args++;
    }
    all[count] = NULL;
    machine_start(all);
}

bool rig_wait_for_answer(const char *command, const char *wanted)
{
    for (unsigned i = 0; i < 60000; i++) {
        char *reply = machine_qmp(command);
        bool is_there = strstr(reply, wanted) != NULL;
        bool has_failed = strstr(reply, "\"failed\"") != NULL;

        if (has_failed) {
            printf("# %s\n", reply);
        }
        free(reply);
        if (is_there || has_failed) {
            return is_there;
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}

void rig_start_raw(const char *const *args)
{
    rig_start_incoming(args);
    rig_enable_devices();
    testdev_registers = RIG_TESTDEV_REGISTERS;
    for (unit = RIG_UNITS_MAX; unit-- > 0;) {
        units[unit].next_table = PAGE_TABLES + 0x1000;
        units[unit].command_tail = 0;
        units[unit].wait_number = 0;
    }
    unit = 0;
}

void rig_enable_devices(void)
{
    pci_enable(RIG_TESTDEV, 0, RIG_TESTDEV_REGISTERS);
    pci_enable(RIG_TESTDEV, 2, RIG_TESTDEV_GATE);
    pci_enable(RIG_EDU, 0, RIG_EDU_REGISTERS);
    pci_write16(RIG_IOMMU, 0x04, 0x0006);
}

/* The windows follow each other. */
static uint64_t rig_window(void)
{
    return RIG_WINDOW + UINT64_C(0x4000) * unit;
}

void rig_shut_out(uint16_t device_id)
{
    uint64_t entry = DEVICE_TABLE + 32 * (uint64_t)device_id;

    machine_write64(entry, 0x3); /* V, TV: nothing is allowed */
    machine_write64(entry + 8, RIG_DOMAIN);
}

void rig_start(void)
{
    rig_start_with(NULL, NULL);
}

void rig_start_with(const char *const *args, const uint16_t *device_ids)
{
    rig_start_raw(args);
    for (uint16_t id = RIG_TESTDEV; id <= RIG_PORT; id = (uint16_t)(id + 8)) {
        rig_shut_out(id);
    }
    while (device_ids != NULL && *device_ids != 0) {
        rig_shut_out(*device_ids++);
    }
    rig_program();
}

void rig_select(unsigned number)
{
    unit = number;
}

void rig_program(void)
{
    units[unit].command_tail = 0;
    machine_write64(rig_window() + REG_DEVICE_TABLE, DEVICE_TABLE | 0x1ff);
    machine_write64(rig_window() + REG_COMMANDS, COMMAND_BUFFER | UINT64_C(9) << 56);
    machine_write64(rig_window() + REG_EVENTS, EVENT_LOG | UINT64_C(9) << 56);
    machine_write64(rig_window() + REG_CONTROL, CONTROL);
}

void rig_set_iotlb_timeout(unsigned inv_timeout)
{
    machine_write64(rig_window() + REG_CONTROL, CONTROL | inv_timeout << 5);
}

void rig_stop(void)
{
    machine_stop();
}

/* ---- Tables ---------------------------------------------------------------------------------- */

void rig_attach(uint16_t device_id)
{
    rig_attach_ats(device_id, false);
}

void rig_attach_ats(uint16_t device_id, bool may)
{
    uint64_t entry = DEVICE_TABLE + 32 * (uint64_t)device_id;

    machine_write64(entry + 8, RIG_DOMAIN | (uint64_t)may << 32); /* I */
    /* V, TV, Mode 3, IR, IW. */
    machine_write64(entry, PAGE_TABLES | 0x3 | 3u << 9 | UINT64_C(3) << 61);
    rig_flush(device_id);
}

void rig_attach_interrupts(uint16_t device_id)
{
    uint64_t entry = DEVICE_TABLE + 32 * (uint64_t)device_id;

    /* IV, IntTabLen 9, the table, IntCtl 2. */
    machine_write64(entry + 16, 0x1 | 9u << 1 | INTERRUPT_TABLE | UINT64_C(2) << 60);
    rig_flush(device_id);
    rig_invalidate_interrupts(device_id);
}

void rig_remap(unsigned index, uint32_t entry)
{
    machine_write32(INTERRUPT_TABLE + 4 * index, entry);
}

void rig_map(uint64_t iova, uint64_t spa, unsigned access)
{
    rig_set_entry(iova, access == 0 ? 0 : spa | 1 | (uint64_t)access << 61);
}

void rig_set_entry(uint64_t iova, uint64_t page_entry)
{
    uint64_t table = PAGE_TABLES;

    for (unsigned level = 3; level > 1; level--) {
        uint64_t slot = table + 8 * (iova >> (12 + 9 * (level - 1)) & 0x1ff);
        uint64_t entry = machine_read64(slot);

        if (!(entry & 1)) {
            entry = units[unit].next_table | 1 | (level - 1) << 9 | UINT64_C(3) << 61;
            units[unit].next_table += 0x1000;
            machine_write64(slot, entry);
        }
        table = entry & UINT64_C(0x000ffffffffff000);
    }
    machine_write64(table + 8 * (iova >> 12 & 0x1ff), page_entry);
}

/* ---- Commands -------------------------------------------------------------------------------- */

void rig_command(uint64_t word0, uint64_t word1)
{
    machine_write64(COMMAND_BUFFER + units[unit].command_tail, word0);
    machine_write64(COMMAND_BUFFER + units[unit].command_tail + 8, word1);
    units[unit].command_tail = (units[unit].command_tail + 16) % RING_BYTES;
    machine_write32(rig_window() + REG_COMMAND_TAIL, units[unit].command_tail);
}

uint64_t rig_next_command(void)
{
    return COMMAND_BUFFER + units[unit].command_tail;
}

void rig_invalidate_device(uint16_t device_id)
{
    rig_command(UINT64_C(2) << 60 | device_id, 0);
}

void rig_invalidate_page(uint64_t iova)
{
    rig_command(UINT64_C(3) << 60 | (uint64_t)RIG_DOMAIN << 32, (iova & ~UINT64_C(0xfff)) | 2);
}

void rig_invalidate_all_pages(void)
{
    rig_command(UINT64_C(3) << 60 | (uint64_t)RIG_DOMAIN << 32, UINT64_C(0x7ffffffffffff003));
}

void rig_invalidate_interrupts(uint16_t device_id)
{
    rig_command(UINT64_C(5) << 60 | device_id, 0);
}

void rig_wait_begin(void)
{
    rig_command(UINT64_C(1) << 60 | COMPLETION_STORE | 1, ++units[unit].wait_number);
}

bool rig_wait_is_done(void)
{
    return machine_read64(COMPLETION_STORE) == units[unit].wait_number;
}

void rig_flush(uint16_t device_id)
{
    rig_invalidate_device(device_id);
    rig_invalidate_all_pages();
    rig_wait_begin();
    if (!machine_wait64(COMPLETION_STORE, units[unit].wait_number)) {
        printf("# the completion wait does not complete\n");
    }
}

/* ---- Events ---------------------------------------------------------------------------------- */

unsigned rig_events(struct rig_event *events, unsigned max)
{
    uint32_t head = machine_read32(rig_window() + REG_EVENT_HEAD);
    uint32_t tail = machine_read32(rig_window() + REG_EVENT_TAIL);
    unsigned count = 0;

    while (head != tail) {
        if (count < max) {
            events[count].word0 = machine_read64(EVENT_LOG + head);
            events[count].word1 = machine_read64(EVENT_LOG + head + 8);
        }
        count++;
        head = (head + 16) % RING_BYTES;
    }
    machine_write32(rig_window() + REG_EVENT_HEAD, head);
    return count;
}

struct rig_event rig_page_fault(uint16_t device_id, unsigned flags, uint64_t address)
{
    return (struct rig_event){
        .word0 = UINT64_C(2) << 60 | (uint64_t)flags << 48 | (uint64_t)RIG_DOMAIN << 32 | device_id,
        .word1 = address,
    };
}

/* ---- The test device ------------------------------------------------------------------------- */

void testdev_select(uint32_t registers)
{
    testdev_registers = registers;
}

uint64_t testdev_read(uint32_t reg)
{
    return machine_read64(testdev_registers + reg);
}

void testdev_write(uint32_t reg, uint64_t value)
{
    machine_write64(testdev_registers + reg, value);
}

static void testdev_set(uint64_t iova, uint64_t length, uint64_t value)
{
    testdev_write(TESTDEV_REG_IOVA, iova);
    testdev_write(TESTDEV_REG_LENGTH, length);
    testdev_write(TESTDEV_REG_VALUE, value);
}

uint64_t testdev_run(unsigned command, uint64_t iova, uint64_t length, uint64_t value)
{
    testdev_set(iova, length, value);
    testdev_write(TESTDEV_REG_COMMAND, command);
    return testdev_read(TESTDEV_REG_RESULT);
}

void testdev_run_in_iothread(unsigned command, uint64_t iova, uint64_t length)
{
    testdev_set(iova, length, 0);
    testdev_write(TESTDEV_REG_COMMAND, command | TESTDEV_IN_IOTHREAD);
}

bool testdev_wait(uint32_t reg, uint64_t value)
{
    return machine_wait64(testdev_registers + reg, value);
}

void testdev_fill(uint8_t value, size_t bytes)
{
    machine_fill(testdev_registers + TESTDEV_BUFFER, value, bytes);
}

bool memory_is(uint64_t spa, size_t bytes, uint8_t value)
{
    uint8_t *data = malloc(bytes);
    bool is = true;

    machine_read(spa, data, bytes);
    for (size_t i = 0; i < bytes; i++) {
        is = is && data[i] == value;
    }
    free(data);
    return is;
}

bool testdev_buffer_is(size_t offset, size_t bytes, uint8_t value)
{
    return memory_is(testdev_registers + TESTDEV_BUFFER + offset, bytes, value);
}
