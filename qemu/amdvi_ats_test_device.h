/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of amdvi-ats-testdev, for the device and for the programs that drive it. All are 8
 * bytes at an offset in BAR 0, little-endian.
 */
#ifndef AMDVI_ATS_TEST_DEVICE_H
#define AMDVI_ATS_TEST_DEVICE_H

#define ATSDEV_VENDOR_ID 0x1b36
#define ATSDEV_DEVICE_ID 0x0ffc

#define ATSDEV_BAR_BYTES 0x20000

#define ATSDEV_REG_COMMAND       0x00 /* write: enum atsdev_command; an MSI comes at its end */
#define ATSDEV_REG_RUNNING       0x08 /* read: 1 while a command runs; no other is taken then */
#define ATSDEV_REG_RESULT        0x10 /* read: enum atsdev_result of the last command */
#define ATSDEV_REG_DONE          0x18 /* read: bytes that it transferred */
#define ATSDEV_REG_ADDRESS       0x20
#define ATSDEV_REG_LENGTH        0x28 /* bytes, at most ATSDEV_BUFFER_BYTES */
#define ATSDEV_REG_MUTE          0x30 /* 1: leave invalidate requests unanswered; 0: answer */
#define ATSDEV_REG_DELAY         0x38 /* nanoseconds until an invalidate request is answered */
#define ATSDEV_REG_COMPLETION    0x40 /* read: the last translation completion, as PCIe has it */
#define ATSDEV_REG_INVALIDATE    0x48 /* read: the last invalidate request, as PCIe has it */
#define ATSDEV_REG_REQUESTS      0x50 /* read: translation requests so far */
#define ATSDEV_REG_HITS          0x58 /* read: translations found in the cache */
#define ATSDEV_REG_INVALIDATIONS 0x60 /* read: invalidate requests received */
#define ATSDEV_REG_ANSWERS       0x68 /* read: invalidate requests answered */
#define ATSDEV_REG_PENDING       0x70 /* read: received and not answered yet */
#define ATSDEV_REG_PENDING_MAX   0x78 /* read: the most of these that there were at a time */
#define ATSDEV_REG_ENTRIES       0x80 /* read: translations in the cache */
#define ATSDEV_REG_ENABLED       0x88 /* read: 1 while software has ATS enabled in the capability */
#define ATSDEV_REG_UNTRANSLATED  0x90 /* read: untranslated accesses made */

#define ATSDEV_BUFFER       0x10000 /* in BAR 0: what is read and written */
#define ATSDEV_BUFFER_BYTES 0x10000

enum atsdev_command {
    ATSDEV_READ = 1,         /* LENGTH bytes at ADDRESS into the buffer, untranslated */
    ATSDEV_WRITE,            /* from the buffer */
    ATSDEV_CACHED_READ,      /* through the cache: a translation request on a miss */
    ATSDEV_CACHED_WRITE,
    ATSDEV_TRANSLATED_READ,  /* ADDRESS is an SPA, wherever it is from; ATS need not be enabled */
    ATSDEV_TRANSLATED_WRITE,
    ATSDEV_ASK,              /* a translation request in any case; the cache keeps the answer */
    ATSDEV_FLUSH,            /* empty the cache */
};

enum atsdev_result {
    ATSDEV_DONE = 0,
    ATSDEV_ABORTED,             /* the access was refused */
    ATSDEV_NOT_PERMITTED,       /* the completion says R=0 or W=0; no access was made */
    ATSDEV_UNSUPPORTED_REQUEST, /* the status of the completion */
    ATSDEV_COMPLETER_ABORT,
    ATSDEV_NOT_ENABLED,         /* ATS or bus mastering is off, or no amdvi is in front of it */
    ATSDEV_UNKNOWN_COMMAND,
};

#endif
