/* SPDX-License-Identifier: BSD-2-Clause */
/* What target_qemu.c and the endpoints in target_qemu_endpoints.c share. */
#ifndef CONFORMANCE_TARGET_QEMU_H
#define CONFORMANCE_TARGET_QEMU_H

#include "target.h"

#include <sys/types.h>

#define QEMU_SCRATCH      (TARGET_RAM_BYTES - 0x1000) /* the target's own page of memory */
#define QEMU_MESSAGES_MAX 256
#define EDU_HALF          0x800u /* of edu's buffer, whose last byte older ones cannot use */

/* A device that issues requests. */
struct qemu_endpoint {
    const char *options; /* type and properties */
    /* Set up the device: BARs at @registers and up, bus mastering. At start and after a reset. */
    void (*enable)(uint16_t device_id, uint32_t registers);
    /* At start, while the IOMMU is off; NULL if there is nothing to do. */
    void (*fill)(struct target *target);
    /* As in struct target_ops. */
    enum target_outcome (*request)(struct target *target, const struct target_request *request);
    uint32_t (*late_at)(struct target *target);
    void (*late)(struct target *target, uint16_t device_id, uint8_t *out);
    void (*interrupt)(struct target *target, const struct target_interrupt *interrupt);
    void (*ats_translate)(struct target *target, uint16_t device_id, uint64_t address,
                          struct target_ats_answer *out);
};

extern const struct qemu_endpoint qemu_endpoint_edu, qemu_endpoint_testdev, qemu_endpoint_ats;

struct qemu {
    struct target_ops ops;
    uint16_t iommu;
    unsigned cap;
    uint64_t window;
    bool runs; /* it has a processor that runs, because there is no accelerator qtest */
    int trace; /* memory file that QEMU writes its trace to */
    off_t trace_read;
    struct target_message messages[QEMU_MESSAGES_MAX];
    unsigned message_count;
    unsigned own_msis;
    uint8_t written[EDU_HALF]; /* first half of each edu's buffer */
    uint32_t write_next;       /* where the next write takes its data */
    uint32_t late_next[2];     /* for each edu: where the next read goes in the second half */
    uint32_t late_at;          /* where the last read went */
};

struct qemu *qemu_of(struct target *target);
/* Where the registers of the endpoint with this DeviceID are. */
uint32_t qemu_registers_of(const struct target *target, uint16_t device_id);
/* Address, data and Enable of a function's MSI capability. */
void qemu_set_msi(uint16_t device_id, uint64_t address, uint16_t data, bool enable);
/* The target has failed, not the IOMMU. Does not return. */
void qemu_die(const char *text);

#endif
