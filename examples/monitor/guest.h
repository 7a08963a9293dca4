/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The example monitor's machine as its guest sees it: a processor that leaves guest mode at each
 * access to anything but RAM, as with KVM, and where the devices are.
 */
#ifndef GUEST_H
#define GUEST_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PAGE_BYTES 0x1000u

/* Where things are. */
#define RAM_BYTES  UINT64_C(0x200000)   /* from address 0 */
#define IVRS_SPA   UINT64_C(0xe0000)    /* where firmware finds the table, in RAM */
#define DIMM_SPA   UINT64_C(0x40000000) /* memory that can be unplugged */
#define DIMM_BYTES UINT64_C(0x10000)
#define ADDER_SPA  UINT64_C(0xd0000000)
#define CAMERA_SPA UINT64_C(0xd0001000)
#define BOARD_SPA  UINT64_C(0xd0002000)
#define ECAM_SPA   UINT64_C(0xe0000000) /* PCI configuration space of bus 0 */
#define ECAM_BYTES UINT64_C(0x100000)

/* Requesters: bus 15:8, device 7:3, function 2:0. */
#define IOMMU_ID  0x0002 /* 00:00.2 */
#define ADDER_ID  0x0010 /* 00:02.0 */
#define CAMERA_ID 0x0018 /* 00:03.0 */

/* Registers of the devices, 64 bits each. */
enum {
    DEVICE_IOVA = 0x00,
    DEVICE_COMMAND = 0x08, /* adder: how many bytes to add; camera: 1 on, 0 off */
    DEVICE_STATUS = 0x10,
    DEVICE_RESULT = 0x18,
    CAMERA_MSI_ADDRESS = 0x20,
    CAMERA_MSI_DATA = 0x28,
};

enum { STATUS_DONE, STATUS_RUNNING, STATUS_REFUSED, STATUS_REVOKED };

/* Registers of the board: a write does it. */
enum { BOARD_POWER_OFF = 0x00, BOARD_SNAPSHOT = 0x08, BOARD_UNPLUG = 0x10, BOARD_RESET = 0x18 };

/* Why the processor left guest mode: what struct kvm_run says. */
struct vcpu_exit {
    enum { EXIT_MMIO, EXIT_HLT } reason;
    uint64_t address;
    uint64_t value; /* to be written, or as it was read */
    unsigned size_bytes;
    bool is_write;
};

struct vcpu {
    uint8_t *ram;
    struct vcpu_exit exit;
    sem_t enter;                      /* the guest runs */
    sem_t left;                       /* the monitor runs */
    _Atomic unsigned interrupts[256]; /* taken, by vector */
    unsigned failed;                  /* checks of the guest that did not hold */
};

/* The guest: runs until it has switched the machine off. */
void *guest_main(void *vcpu);

#endif
