/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the conformance suite needs from whatever it is run against: an IOMMU with its registers,
 * its capability block, the memory it works in, and an endpoint that issues requests through it.
 *
 * A target lives for one test, in a process of its own. It is started by the runner with what the
 * requirement needs, and ends with the process. What a target cannot do is missing in
 * target->can; functions behind a missing bit are never called and may be NULL. Where a test asks
 * for what the target cannot do all the same, the target prints why and ends the process with
 * TARGET_MISUSED: the suite is wrong then, not the IOMMU.
 */
#ifndef CONFORMANCE_TARGET_H
#define CONFORMANCE_TARGET_H

#include <stdbool.h>
#include <stdint.h>

/* What a target can do. A requirement names what it needs; the rest is reported as not tested. */
#define CAN_DMA           (UINT64_C(1) << 0) /* reads and posted writes by target->endpoint[0] */
#define CAN_SECOND        (UINT64_C(1) << 1) /* and by endpoint[1], whose DeviceID is over 127 */
#define CAN_ANY_DEVICE    (UINT64_C(1) << 2) /* and by any DeviceID */
#define CAN_SEE_ABORT     (UINT64_C(1) << 3) /* the endpoint is told that a request was aborted */
#define CAN_NON_POSTED    (UINT64_C(1) << 4) /* writes that are not posted */
#define CAN_ATOMIC        (UINT64_C(1) << 5) /* read-modify-write */
#define CAN_INTX          (UINT64_C(1) << 6) /* INTx messages in the system management range */
#define CAN_TUNNEL        (UINT64_C(1) << 7) /* requests that come through the HyperTransport tunnel */
#define CAN_MSI           (UINT64_C(1) << 8) /* message signalled interrupts, and what they become */
#define CAN_HT_INTERRUPT  (UINT64_C(1) << 9)  /* HyperTransport interrupts, LINT0 and LINT1 too */
#define CAN_ATS           (UINT64_C(1) << 10) /* ATS: translation and translated requests */
#define CAN_OWN_MSI       (UINT64_C(1) << 11) /* interrupts of the IOMMU itself are counted */
#define CAN_BAD_MEMORY    (UINT64_C(1) << 12) /* memory that fails when it is read or written */
#define CAN_HIGH_MEMORY   (UINT64_C(1) << 13) /* memory at any address of 52 bits */
#define CAN_TRACE         (UINT64_C(1) << 14) /* each access of the IOMMU to memory is recorded */
#define CAN_UNLOCKED_CAP  (UINT64_C(1) << 15) /* starts and resets with Enable=0 */
#define CAN_RESET         (UINT64_C(1) << 16) /* system reset */
#define CAN_TIME          (UINT64_C(1) << 17) /* time passes only when it is told to */
#define CAN_CONFIG        (UINT64_C(1) << 18) /* the IOMMU's whole configuration space */
#define CAN_IOTLB_ON      (UINT64_C(1) << 19) /* IotlbSup=1 */
#define CAN_IOTLB_OFF     (UINT64_C(1) << 20) /* IotlbSup=0 */
#define CAN_ATS_RESV_ON   (UINT64_C(1) << 21) /* HtAtsResv=1 */
#define CAN_ATS_RESV_OFF  (UINT64_C(1) << 22) /* HtAtsResv=0 */
#define CAN_HT_TUNNEL_ON  (UINT64_C(1) << 23) /* HtTunnel=1 */
#define CAN_HT_TUNNEL_OFF (UINT64_C(1) << 24) /* HtTunnel=0 */
#define CAN_DATA          (UINT64_C(1) << 25) /* it writes what it is told, and shows what it reads */
#define CAN_ATS_ANSWERS   (UINT64_C(1) << 26) /* ATS invalidation requests are seen, and answered */
#define CAN_BITS          27

/* Guest memory: RAM from 1 MiB to TARGET_RAM_BYTES, whose last page is the target's own; nothing in
 * the 1 MiB at TARGET_ABSENT. */
#define TARGET_RAM_BYTES UINT64_C(0x4000000) /* 64 MiB */
#define TARGET_ABSENT    UINT64_C(0x50000000)

#define TARGET_LATE_BYTES 2032
#define TARGET_MISUSED    98

struct target;
struct target_kind_info;

enum target_kind {
    TARGET_READ,
    TARGET_WRITE,            /* posted */
    TARGET_NON_POSTED_WRITE, /* CAN_NON_POSTED */
    TARGET_ATOMIC, /* CAN_ATOMIC: swap 4 or 8 bytes; data is the new, then the old value */
};

enum target_outcome {
    TARGET_DONE,
    TARGET_ABORTED, /* all or part of it */
    TARGET_UNKNOWN, /* without CAN_SEE_ABORT */
    TARGET_LATER,   /* the same, and what was read is seen by late() only: without CAN_DATA */
};

/* A memory request of a device. */
struct target_request {
    uint16_t device_id;
    enum target_kind kind;
    uint64_t address;
    uint32_t size_bytes; /* 1 to 4096 */
    /*
     * To write, or what was read: bytes that were not read are left alone, or 0. Without CAN_DATA
     * the endpoint writes bytes of its own choice, and puts them here.
     */
    void *data;
    bool translated; /* CAN_ATS: the address is an SPA that an ATS answer gave */
    bool intx;       /* CAN_INTX: an INTx message */
    bool tunnel;     /* CAN_TUNNEL */
};

/* An interrupt request of a device. */
struct target_interrupt {
    uint16_t device_id;
    uint64_t address; /* FEEx_xxxxh; with CAN_HT_INTERRUPT also FD_F8xx_xxxxh */
    uint32_t data;
    bool tunnel; /* CAN_TUNNEL */
};

/* Delivery modes: as in an MSI's data, and two that only HyperTransport has. */
#define TARGET_FIXED      0
#define TARGET_ARBITRATED 1
#define TARGET_SMI        2
#define TARGET_NMI        4
#define TARGET_INIT       5
#define TARGET_EXT_INT    7
#define TARGET_LINT0      8
#define TARGET_LINT1      9

/* An interrupt as the local APICs are told of it. */
struct target_message {
    uint8_t destination;
    uint8_t delivery; /* TARGET_… below */
    uint8_t vector;
    bool logical;
    bool level; /* trigger mode */
};

/* The answer to an ATS translation request. */
struct target_ats_answer {
    bool refused; /* no completion with data: unsupported request or completer abort */
    bool read;
    bool write;
    bool untranslated_only; /* U */
    bool no_snoop;          /* N: the bit as it is in the completion, FC of the entry */
    uint64_t address;       /* of the page */
    uint8_t size_log2;
};

/* An ATS invalidation request, as the device got it. */
struct target_ats_invalidation {
    uint16_t device_id;
    uint16_t queue_id;
    uint64_t first; /* the IOVAs that it names */
    uint64_t last;  /* inclusive */
    uint64_t tag;   /* for the answer */
};

/* One access of the IOMMU itself to memory. */
struct target_touch {
    bool write;
    uint32_t size_bytes;
    uint64_t spa;
};

struct target_ops {
    /* The register window. @size_bytes is 1, 2, 4 or 8; @offset need not be aligned. */
    uint64_t (*mmio_read)(struct target *target, uint64_t offset, unsigned size_bytes);
    void (*mmio_write)(struct target *target, uint64_t offset, unsigned size_bytes, uint64_t value);
    /* The capability block; @size_bytes 1, 2 or 4. */
    uint32_t (*cap_read)(struct target *target, unsigned offset, unsigned size_bytes);
    void (*cap_write)(struct target *target, unsigned offset, unsigned size_bytes, uint32_t value);
    /* Does the window decode, and where? Only what the bus sees counts, not what registers say. */
    bool (*window)(struct target *target, uint64_t *base); /* CAN_UNLOCKED_CAP */
    /* CAN_CONFIG: configuration space of the IOMMU's function. */
    uint32_t (*config_read)(struct target *target, unsigned offset, unsigned size_bytes);

    /* Guest memory as a processor sees it. */
    void (*memory_read)(struct target *target, uint64_t spa, void *out, uint32_t size_bytes);
    void (*memory_write)(struct target *target, uint64_t spa, const void *data,
                         uint32_t size_bytes);
    void (*memory_fail)(struct target *target, uint64_t spa); /* CAN_BAD_MEMORY: from now, 4 KiB */
    void (*memory_add)(struct target *target, uint64_t spa);  /* CAN_HIGH_MEMORY: 2 MiB of zeros */

    /* Returns when the request is over. */
    enum target_outcome (*request)(struct target *target, const struct target_request *request);
    /* After TARGET_LATER: where the data will be in what late() gives. */
    uint32_t (*late_at)(struct target *target);
    /* All that the endpoint read, TARGET_LATE_BYTES. Turns the IOMMU off: the test is over. */
    void (*late)(struct target *target, uint16_t device_id, uint8_t *out);
    /* CAN_MSI: what arrived is given by messages(). */
    void (*interrupt)(struct target *target, const struct target_interrupt *interrupt);
    /* Take what arrived since the last call. Returns how many; at most @max are stored. */
    unsigned (*messages)(struct target *target, struct target_message *out, unsigned max);
    /* CAN_OWN_MSI: interrupts that the IOMMU sent since the last call. */
    unsigned (*own_msis)(struct target *target);

    /* CAN_ATS */
    void (*ats_translate)(struct target *target, uint16_t device_id, uint64_t address,
                          struct target_ats_answer *out);
    /* CAN_ATS_ANSWERS; without, the endpoint answers by itself at once.
     * The oldest invalidation request that was not taken yet; false when there is none. */
    bool (*ats_invalidation)(struct target *target, struct target_ats_invalidation *out);
    void (*ats_answer)(struct target *target, const struct target_ats_invalidation *which);

    /* CAN_TRACE: the accesses since the last call. Returns how many; at most @max are stored. */
    unsigned (*touches)(struct target *target, struct target_touch *out, unsigned max);

    void (*reset)(struct target *target);                       /* CAN_RESET */
    void (*pass)(struct target *target, uint64_t milliseconds); /* CAN_TIME */
    /* Give the IOMMU a chance to go on by itself; asked repeatedly by whoever waits. */
    void (*settle)(struct target *target);
};

struct target {
    const struct target_kind_info *kind;
    const struct target_ops *ops;
    uint64_t can;
    uint16_t endpoint[2]; /* DeviceIDs */
    void *state;
};

/* Where a QEMU is, for targets that need one. */
struct target_place {
    const char *qemu; /* path of qemu-system-x86_64 */
    const char *roms; /* directory of its firmware, NULL for its own */
    bool tcg;         /* it has no accelerator "qtest" */
};

/* A kind of target, as --target names it. */
struct target_kind_info {
    const char *name;
    const char *sentence;
    uint64_t can;
    bool ours;       /* every requirement that it can test must pass */
    bool needs_qemu; /* struct target_place is used */
    /* Fill @target. @needs are the requirement's; of a CAN_…_ON and CAN_…_OFF pair that it does
     * not name, the target chooses. */
    void (*start)(struct target *target, uint64_t needs, const struct target_place *place);
    const void *variant; /* the target's own */
};

/* Each in its target_<kind>.c. */
extern const struct target_kind_info target_library, target_library_tiny, target_library_uncached,
    target_qemu_amdvi, target_qemu_amdvi_testdev, target_qemu_amdvi_ats, target_qemu_amd_iommu;

extern const struct target_kind_info *const target_kinds[]; /* to a NULL */

/* The word for each bit of CAN_…, from bit 0. */
extern const char *const target_can_names[CAN_BITS];

#endif
