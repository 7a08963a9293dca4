/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests' operating system: it programs the IOMMU of revision 1.20 and drives the test device.
 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Where things are in guest memory. */
#define DEVICE_TABLE     0x200000u /* 65536 entries of 32 bytes */
#define COMMAND_BUFFER   0x500000u /* 512 entries of 16 bytes */
#define EVENT_LOG        0x502000u
#define COMPLETION_STORE 0x504000u
#define INTERRUPT_TABLE  0x505000u
#define PAGE_TABLES      0x510000u /* the root, then others as needed */
#define RING_BYTES       0x2000u

#define REG_DEVICE_TABLE 0x0000u
#define REG_COMMANDS     0x0008u
#define REG_EVENTS       0x0010u
#define REG_CONTROL      0x0018u
#define REG_COMMAND_TAIL 0x2008u
#define REG_EVENT_HEAD   0x2010u
#define REG_EVENT_TAIL   0x2018u

static uint64_t next_table;
static uint32_t command_tail;
static uint64_t wait_number;

static const char *const rig_args[] = {
    "-object", "iothread,id=io0",
    "-device", "amdvi,id=iommu0,addr=2",
    "-device", "amdvi-testdev,id=test0,addr=5,iothread=io0",
    "-device", "edu,id=edu0,addr=6,dma_mask=0xffffffffffffffff",
    "-device", "pcie-root-port,id=port0,addr=7,chassis=1",
    "-device", "amdvi-testdev,id=behind,bus=port0",
};

#define RIG_ARGS (sizeof(rig_args) / sizeof(rig_args[0]))

void rig_start_raw(const char *const *args)
{
    const char *all[RIG_ARGS + 32];
    size_t count = RIG_ARGS;

    memcpy(all, rig_args, sizeof(rig_args));
    while (args != NULL && *args != NULL && count < RIG_ARGS + 31) {
        all[count++] = *args++;
    }
    all[count] = NULL;
    machine_start(all);
    next_table = PAGE_TABLES + 0x1000;
    command_tail = 0;
    wait_number = 0;
    pci_enable(RIG_TESTDEV, 0, RIG_TESTDEV_REGISTERS);
    pci_enable(RIG_TESTDEV, 2, RIG_TESTDEV_GATE);
    pci_enable(RIG_EDU, 0, RIG_EDU_REGISTERS);
    pci_write16(RIG_IOMMU, 0x04, 0x0006);
}

void rig_start(void)
{
    rig_start_raw(NULL);
    for (uint64_t id = RIG_TESTDEV; id <= RIG_PORT; id += 8) {
        machine_write64(DEVICE_TABLE + 32 * id, 0x3); /* V, TV: nothing is allowed */
        machine_write64(DEVICE_TABLE + 32 * id + 8, RIG_DOMAIN);
    }
    machine_write64(RIG_WINDOW + REG_DEVICE_TABLE, DEVICE_TABLE | 0x1ff);
    machine_write64(RIG_WINDOW + REG_COMMANDS, COMMAND_BUFFER | UINT64_C(9) << 56);
    machine_write64(RIG_WINDOW + REG_EVENTS, EVENT_LOG | UINT64_C(9) << 56);
    machine_write64(RIG_WINDOW + REG_CONTROL, 0x1005); /* CmdBufEn, EventLogEn, IommuEn */
}

void rig_stop(void)
{
    machine_stop();
}

/* ---- Tables ---------------------------------------------------------------------------------- */

void rig_attach(uint16_t device_id)
{
    uint64_t entry = DEVICE_TABLE + 32 * (uint64_t)device_id;

    machine_write64(entry + 8, RIG_DOMAIN);
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
    uint64_t table = PAGE_TABLES;

    for (unsigned level = 3; level > 1; level--) {
        uint64_t slot = table + 8 * (iova >> (12 + 9 * (level - 1)) & 0x1ff);
        uint64_t entry = machine_read64(slot);

        if (!(entry & 1)) {
            entry = next_table | 1 | (level - 1) << 9 | UINT64_C(3) << 61;
            next_table += 0x1000;
            machine_write64(slot, entry);
        }
        table = entry & UINT64_C(0x000ffffffffff000);
    }
    machine_write64(table + 8 * (iova >> 12 & 0x1ff),
                    access == 0 ? 0 : spa | 1 | (uint64_t)access << 61);
}

/* ---- Commands -------------------------------------------------------------------------------- */

void rig_command(uint64_t word0, uint64_t word1)
{
    machine_write64(COMMAND_BUFFER + command_tail, word0);
    machine_write64(COMMAND_BUFFER + command_tail + 8, word1);
    command_tail = (command_tail + 16) % RING_BYTES;
    machine_write32(RIG_WINDOW + REG_COMMAND_TAIL, command_tail);
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
    rig_command(UINT64_C(1) << 60 | COMPLETION_STORE | 1, ++wait_number);
}

bool rig_wait_is_done(void)
{
    return machine_read64(COMPLETION_STORE) == wait_number;
}

void rig_flush(uint16_t device_id)
{
    rig_invalidate_device(device_id);
    rig_invalidate_all_pages();
    rig_wait_begin();
    if (!machine_wait64(COMPLETION_STORE, wait_number)) {
        printf("# the completion wait does not complete\n");
    }
}

/* ---- Events ---------------------------------------------------------------------------------- */

unsigned rig_events(struct rig_event *events, unsigned max)
{
    uint32_t head = machine_read32(RIG_WINDOW + REG_EVENT_HEAD);
    uint32_t tail = machine_read32(RIG_WINDOW + REG_EVENT_TAIL);
    unsigned count = 0;

    while (head != tail) {
        if (count < max) {
            events[count].word0 = machine_read64(EVENT_LOG + head);
            events[count].word1 = machine_read64(EVENT_LOG + head + 8);
        }
        count++;
        head = (head + 16) % RING_BYTES;
    }
    machine_write32(RIG_WINDOW + REG_EVENT_HEAD, head);
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

uint64_t testdev_read(uint32_t reg)
{
    return machine_read64(RIG_TESTDEV_REGISTERS + reg);
}

void testdev_write(uint32_t reg, uint64_t value)
{
    machine_write64(RIG_TESTDEV_REGISTERS + reg, value);
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
    return machine_wait64(RIG_TESTDEV_REGISTERS + reg, value);
}

void testdev_fill(uint8_t value, size_t bytes)
{
    machine_fill(RIG_TESTDEV_REGISTERS + TESTDEV_BUFFER, value, bytes);
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
    return memory_is(RIG_TESTDEV_REGISTERS + TESTDEV_BUFFER + offset, bytes, value);
}
