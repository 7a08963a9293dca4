/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of amdvi-testdev, for the device and for the tests that drive it. All are 8 bytes
 * at an offset in BAR 0, little-endian.
 */
#ifndef AMDVI_TEST_DEVICE_H
#define AMDVI_TEST_DEVICE_H

#define TESTDEV_VENDOR_ID 0x1b36
#define TESTDEV_DEVICE_ID 0x0ffd

#define TESTDEV_REG_COMMAND  0x00 /* write: enum testdev_command, TESTDEV_IN_IOTHREAD */
#define TESTDEV_REG_RUNNING  0x08 /* read: 1 while a command runs in the IOThread */
#define TESTDEV_REG_RESULT   0x10 /* what the last command returned */
#define TESTDEV_REG_IOVA     0x18
#define TESTDEV_REG_LENGTH   0x20 /* bytes */
#define TESTDEV_REG_VALUE    0x28
#define TESTDEV_REG_MAPPED   0x30 /* bytes of the mapping that is held; 0 if none */
#define TESTDEV_REG_INSIDE   0x38 /* read: 1 while an access waits in the gate */
#define TESTDEV_REG_OPEN     0x40 /* write: let the access in the gate go on */
#define TESTDEV_REG_NOTIFIED 0x48 /* notifications so far; write: forget them */
#define TESTDEV_NOTIFICATIONS 0x200 /* the first of them: IOVA, mask */
#define TESTDEV_NOTIFICATIONS_MAX 32

#define TESTDEV_BUFFER       0x10000 /* in BAR 0: what is read and written */
#define TESTDEV_BUFFER_BYTES 0x10000

/* BAR 2, 4 KiB: a read by the IOThread waits there until TESTDEV_REG_OPEN is written. */

#define TESTDEV_IN_IOTHREAD 0x100

enum testdev_command {
    TESTDEV_READ = 1,     /* LENGTH bytes at IOVA into the buffer; RESULT is QEMU's MemTxResult */
    TESTDEV_WRITE,        /* from the buffer */
    TESTDEV_LOAD,         /* VALUE is the LENGTH (1, 2, 4, 8) bytes at IOVA */
    TESTDEV_STORE,
    TESTDEV_CACHED_READ,  /* through a MemoryRegionCache of LENGTH bytes */
    TESTDEV_CACHED_WRITE,
    TESTDEV_MAP_READ,     /* map LENGTH bytes and hold them; RESULT is 0 if that worked */
    TESTDEV_MAP_WRITE,
    TESTDEV_UNMAP,        /* read the mapping into the buffer, or fill it with VALUE; let go */
    TESTDEV_LOOK_UP,      /* translation with no access: RESULT is the permission, VALUE the SPA */
    TESTDEV_IS_VALID,     /* RESULT is 1 if LENGTH bytes may be written (VALUE=1) or read */
    TESTDEV_WATCH,        /* be notified of unmaps in the LENGTH bytes at IOVA */
    TESTDEV_WATCH_MAPS,   /* of maps, too; RESULT is 1 if that was refused with an error */
    TESTDEV_UNWATCH,
    TESTDEV_WATCH_IOTLB,  /* like TESTDEV_WATCH, as one whose device has ATS enabled */
};

#endif
