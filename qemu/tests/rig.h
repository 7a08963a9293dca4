/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine that the tests use, with its IOMMU programmed as an operating system would: tables,
 * command buffer and event log in guest memory. The layouts are typed from the architecture
 * reference, not from arch/, so that the two can disagree.
 */
#ifndef QEMU_TESTS_RIG_H
#define QEMU_TESTS_RIG_H

#include "../amdvi_test_device.h"
#include "check.h"
#include "qtest_machine.h"

/* Requesters: bus, device, function. */
#define RIG_IOMMU   0x0010 /* 00:02.0 */
#define RIG_TESTDEV 0x0028 /* 00:05.0 */
#define RIG_EDU     0x0030 /* 00:06.0 */
#define RIG_PORT    0x0038 /* 00:07.0, with a second test device behind it */
#define RIG_IOAPIC  0x00a0 /* 00:14.0 */

/* The first IOMMU's registers. */
#define RIG_WINDOW 0xfed90000u

/* BARs. */
#define RIG_TESTDEV_REGISTERS 0xc0000000u
#define RIG_TESTDEV_GATE      0xc0100000u
#define RIG_EDU_REGISTERS     0xc0200000u
#define RIG_BEHIND_REGISTERS  0xc1000000u

/* Memory that the tests do DMA to, and the domain of every device. */
#define RIG_MEMORY 0x800000u
#define RIG_DOMAIN 0x0007u

#define RIG_UNITS_MAX 2u

#define RIG_READ  1u
#define RIG_WRITE 2u

/* Start the machine with an enabled IOMMU that refuses all DMA of the devices above. */
void rig_start(void);
/* The same with more options, and devices that these bring: @device_ids, to a 0; both may be NULL.
 */
void rig_start_with(const char *const *args, const uint16_t *device_ids);
/* The same without programming the IOMMU. */
void rig_start_raw(const char *const *args);
void rig_stop(void);

/*
 * What needs more than a start. Each IOMMU has tables of its own, and the functions below are about
 * the selected one, at first the machine's first.
 */
void rig_select(unsigned number);
/* The machine only: the devices and what the tests know of its memory stay as they are. */
void rig_start_incoming(const char *const *args);
/* Wait until the answer to the QMP @command has @wanted in it, for as long as a slow host may need.
 */
bool rig_wait_for_answer(const char *command, const char *wanted);
/* Write the selected IOMMU's registers, as after a reset; its tables stay as they are. */
void rig_program(void);
/* BARs and bus mastering of the devices above. */
void rig_enable_devices(void);
/* Refuse all DMA of @device_id. No invalidation. */
void rig_shut_out(uint16_t device_id);

/* Let @device_id do DMA by the page tables, which start out empty and are the same for all. */
void rig_attach(uint16_t device_id);
/* The same for a device that may use ATS, or may no longer. */
void rig_attach_ats(uint16_t device_id, bool may);
/* One page of 4 KiB; @access is RIG_READ, RIG_WRITE, both, or 0 to remove it. No invalidation. */
void rig_map(uint64_t iova, uint64_t spa, unsigned access);
/* The same with all of its entry, or any other entry at its place. */
void rig_set_entry(uint64_t iova, uint64_t page_entry);
/* Set the upper half of the device table entry: IntCtl=2, a table of 512 entries. */
void rig_attach_interrupts(uint16_t device_id);
void rig_remap(unsigned index, uint32_t entry);

/* Commands. */
void rig_command(uint64_t word0, uint64_t word1);
/* Where the next command will be, and how the IOMMU counts the time for IOTLBs: InvTimeOut. */
uint64_t rig_next_command(void);
void rig_set_iotlb_timeout(unsigned inv_timeout);
void rig_invalidate_device(uint16_t device_id);
void rig_invalidate_page(uint64_t iova);
void rig_invalidate_all_pages(void);
void rig_invalidate_interrupts(uint16_t device_id);
/* Enqueue a COMPLETION_WAIT that stores; rig_wait_is_done() tells whether it has. */
void rig_wait_begin(void);
bool rig_wait_is_done(void);
/* Invalidate everything of @device_id and wait. */
void rig_flush(uint16_t device_id);

/* Events. */
struct rig_event {
    uint64_t word0;
    uint64_t word1;
};

/* Take up to @max events out of the log. Returns how many there were. */
unsigned rig_events(struct rig_event *events, unsigned max);
/* The flags of an I/O page fault. */
#define RIG_FAULT_INTERRUPT 0x08u
#define RIG_FAULT_PRESENT   0x10u
#define RIG_FAULT_WRITE     0x20u
#define RIG_FAULT_DENIED    0x40u
struct rig_event rig_page_fault(uint16_t device_id, unsigned flags, uint64_t address);
/* Check that the log holds exactly these. Here, since each program file has its own checks. */
static inline void rig_check_events(const struct rig_event *want, unsigned count, const char *file,
                                    int line)
{
    struct rig_event got[64] = {{0, 0}};
    unsigned found = rig_events(got, 64);

    check_u64(found, count, "events in the log", file, line);
    for (unsigned i = 0; i < found && i < count && i < 64; i++) {
        check_u64(got[i].word0, want[i].word0, "first half of an event", file, line);
        check_u64(got[i].word1, want[i].word1, "address of an event", file, line);
    }
}

#define RIG_EVENTS(...)                                                                            \
    rig_check_events((const struct rig_event[]){__VA_ARGS__},                                      \
                     sizeof((const struct rig_event[]){__VA_ARGS__}) / sizeof(struct rig_event),   \
                     __FILE__, __LINE__)
#define RIG_NO_EVENTS() rig_check_events(NULL, 0, __FILE__, __LINE__)

/* The test device: the one with these registers, at first RIG_TESTDEV. */
void testdev_select(uint32_t registers);
uint64_t testdev_read(uint32_t reg);
void testdev_write(uint32_t reg, uint64_t value);
/* Run a command; returns its result. */
uint64_t testdev_run(unsigned command, uint64_t iova, uint64_t length, uint64_t value);
/* Start it in the IOThread; testdev_wait() on RUNNING waits for its end. */
void testdev_run_in_iothread(unsigned command, uint64_t iova, uint64_t length);
bool testdev_wait(uint32_t reg, uint64_t value);
void testdev_fill(uint8_t value, size_t bytes);
/* Are all of the buffer's @bytes from @offset on @value? */
bool testdev_buffer_is(size_t offset, size_t bytes, uint8_t value);
/* And of memory? */
bool memory_is(uint64_t spa, size_t bytes, uint8_t value);

#endif
