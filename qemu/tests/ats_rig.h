/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests' machine with devices that use ATS: amdvi-ats-testdev behind a root port, which has a
 * cache, and a disk that has the capability only.
 */
#ifndef QEMU_TESTS_ATS_RIG_H
#define QEMU_TESTS_ATS_RIG_H

#include "../amdvi_ats_test_device.h"
#include "rig.h"

#define ATS_PORT   0x0040 /* 00:08.0 */
#define ATS_DEVICE 0x0400 /* 04:00.0 */
#define ATS_DISK   0x0500 /* 05:00.0 */

#define ATS_REGISTERS 0xc2000000u

#define MILLISECOND UINT64_C(1000000)

/* Its devices, to a NULL. */
extern const char *const ats_args[];

/* Start it, with ATS enabled and allowed for both devices, and nothing mapped. */
void ats_start(void);
/* The Enable bit of a device's ATS capability. */
void ats_enable(uint16_t device_id, bool enable);
/* The same after the device was reset: a BAR, too. */
void ats_device_enable(void);

uint64_t ats_read(uint32_t reg);
void ats_write(uint32_t reg, uint64_t value);
/* Run a command to its end; returns its result. */
uint64_t ats_run(enum atsdev_command command, uint64_t address, uint64_t length);
void ats_fill(uint8_t value);
bool ats_buffer_is(size_t offset, size_t bytes, uint8_t value);

/* INVALIDATE_IOTLB_PAGES; @address has S as its bit 0. Returns where the command is. */
uint64_t ats_invalidate(uint16_t device_id, unsigned maxpend, uint64_t address);
struct rig_event ats_timeout(uint16_t device_id, uint64_t command);
/* Rounds through the main loop, in which an answer would come if it could. */
void ats_let_things_happen(void);

#endif
