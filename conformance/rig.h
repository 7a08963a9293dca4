/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests are written with: it programs an IOMMU of revision 1.20 through a target as
 * software would, and compares what came of it exactly. Layouts of whole structures (events,
 * register offsets, ring entries) are typed here from the architecture reference, so that they and
 * arch/ can disagree; arch's masks may be used to fill fields.
 *
 * A test gets a rig whose target was just started: reset, nothing programmed, memory all zero.
 * rig_enable() programs it. When the test returns, the runner calls rig_finish(): the log must
 * be empty (every event was taken and compared), no guard page may have changed, and the IOMMU may
 * have written nothing but its event log and the stores that were announced.
 */
#ifndef CONFORMANCE_RIG_H
#define CONFORMANCE_RIG_H

#include "target.h"

#include <stddef.h>

/* Registers: byte offsets in the window. */
enum rig_reg {
    REG_DEVICE_TABLE = 0x0000,
    REG_COMMAND_BASE = 0x0008,
    REG_EVENT_BASE = 0x0010,
    REG_CONTROL = 0x0018,
    REG_EXCLUSION_BASE = 0x0020,
    REG_EXCLUSION_LIMIT = 0x0028,
    REG_COMMAND_HEAD = 0x2000,
    REG_COMMAND_TAIL = 0x2008,
    REG_EVENT_HEAD = 0x2010,
    REG_EVENT_TAIL = 0x2018,
    REG_STATUS = 0x2020,
};

/* Control and Status, as numbers. */
#define CONTROL_IOMMU_EN        UINT64_C(0x0001)
#define CONTROL_HT_TUN_EN       UINT64_C(0x0002)
#define CONTROL_EVENT_LOG_EN    UINT64_C(0x0004)
#define CONTROL_EVENT_INT_EN    UINT64_C(0x0008)
#define CONTROL_COM_WAIT_INT_EN UINT64_C(0x0010)
#define CONTROL_INV_TIMEOUT(n)  ((uint64_t)(n) << 5)
#define CONTROL_COHERENT        UINT64_C(0x0400)
#define CONTROL_CMD_BUF_EN      UINT64_C(0x1000)
#define CONTROL_USUAL                                                                              \
    (CONTROL_IOMMU_EN | CONTROL_EVENT_LOG_EN | CONTROL_COHERENT | CONTROL_CMD_BUF_EN)

#define STATUS_EVENT_OVERFLOW UINT64_C(0x01)
#define STATUS_EVENT_LOG_INT  UINT64_C(0x02)
#define STATUS_COM_WAIT_INT   UINT64_C(0x04)
#define STATUS_EVENT_LOG_RUN  UINT64_C(0x08)
#define STATUS_CMD_BUF_RUN    UINT64_C(0x10)

/* Where rig_enable() puts things. A guard page lies before and behind each. */
#define RIG_DEVICE_TABLE   UINT64_C(0x0200000) /* 65536 entries of 32 bytes */
#define RIG_COMMAND_BUFFER UINT64_C(0x0500000) /* 256 entries of 16 bytes */
#define RIG_EVENT_LOG      UINT64_C(0x0510000) /* 256 entries of 16 bytes */
#define RIG_STORE          UINT64_C(0x0520000) /* rig_wait() has its words stored here */
#define RIG_DATA           UINT64_C(0x1000000) /* rig_page() and rig_table() give pages from here */
#define RIG_RING_BYTES     UINT64_C(0x1000)

#define RIG_DOMAIN 0x0007 /* of rig_attach() */
#define RIG_IOVA   UINT64_C(0x40000000)

#define RIG_TOUCHES_MAX 8192

/* A read whose data is seen at the end of the test only. */
struct rig_late {
    uint16_t device_id;
    bool allowed;
    uint32_t at;
    uint32_t bytes;
    const char *file;
    int line;
};

#define RIG_LATE_MAX 512

struct rig {
    struct target *target;
    uint16_t device;       /* target->endpoint[0] */
    uint64_t root;         /* page table of rig_attach() */
    unsigned mode;         /* and its levels */
    uint64_t command_tail; /* byte offset of the next command */
    uint64_t next_page;    /* of rig_page() */
    uint64_t wait_number;  /* last word of rig_wait() */
    uint64_t pattern;      /* of rig_fill_pattern() */
    uint64_t stores[16];   /* quadwords that the IOMMU may write */
    unsigned store_count;
    const char *outcome; /* of rig_outcome() */
    unsigned late_count;
    struct rig_late late[RIG_LATE_MAX];
    uint8_t late_secret[2][TARGET_LATE_BYTES]; /* what was in memory, for each endpoint */
    unsigned touch_count;                      /* since rig_touches_begin() */
    struct target_touch touches[RIG_TOUCHES_MAX];
    bool enabled; /* rig_enable() was called */
    bool wrecked; /* set it when rig_finish() has nothing to compare: the test has moved
                     the event log, or left events that it cannot name */
};

/* ---- Registers and memory -------------------------------------------------------------------- */

uint64_t rig_read(struct rig *rig, uint64_t offset);              /* 64 bits */
void rig_write(struct rig *rig, uint64_t offset, uint64_t value); /* 64 bits */
uint32_t rig_read32(struct rig *rig, uint64_t offset);
void rig_write32(struct rig *rig, uint64_t offset, uint32_t value);
uint32_t rig_cap(struct rig *rig, unsigned offset);                 /* 32 bits */
void rig_set_cap(struct rig *rig, unsigned offset, uint32_t value); /* 32 bits */

uint64_t rig_load64(struct rig *rig, uint64_t spa);
void rig_store64(struct rig *rig, uint64_t spa, uint64_t value);
uint32_t rig_load32(struct rig *rig, uint64_t spa);
void rig_store32(struct rig *rig, uint64_t spa, uint32_t value);

/* A zeroed page of 4 KiB, and @count of them in a row, aligned to @align bytes. */
uint64_t rig_page(struct rig *rig);
uint64_t rig_pages(struct rig *rig, unsigned count, uint64_t align);

/* ---- Programming ----------------------------------------------------------------------------- */

/* Device table of 65536 entries, all zero (so: pass everything), rings of 256, CONTROL_USUAL. */
void rig_enable(struct rig *rig);
/* The same, with other Control bits. */
void rig_enable_with(struct rig *rig, uint64_t control);

/* A device table entry, four quadwords. */
struct rig_dte {
    uint64_t q[4];
};

/* V, TV, IR, IW, Mode, root and DomainID. */
struct rig_dte rig_dte_paged(uint64_t root, unsigned mode, uint16_t domain);
/* Add IV, IntCtl=10b, IntTabLen and the table to an entry. */
void rig_dte_remap(struct rig_dte *dte, uint64_t table, unsigned table_len);
/* Into the table; without and with INVALIDATE_DEVTAB_ENTRY, INVALIDATE_INTERRUPT_TABLE and the
 * wait for them. */
void rig_store_dte(struct rig *rig, uint16_t device_id, struct rig_dte dte);
void rig_set_dte(struct rig *rig, uint16_t device_id, struct rig_dte dte);
/* Give rig->device an empty page table of @mode levels, rig->root, with V, TV, IR, IW. */
void rig_attach(struct rig *rig, unsigned mode);

/* A present entry: PR, NextLevel, address, and @access of RIG_R and RIG_W. */
#define RIG_R  (UINT64_C(1) << 61)
#define RIG_W  (UINT64_C(1) << 62)
#define RIG_RW (RIG_R | RIG_W)
uint64_t rig_entry(unsigned next_level, uint64_t spa, uint64_t access);
/* Map the page of @size_log2 (12, 21, 30, 39, 48) at @iova in rig->root. Tables are made as needed,
 * their entries allow everything. Nothing is invalidated. */
void rig_map(struct rig *rig, uint64_t iova, uint64_t spa, unsigned size_log2, uint64_t access);
/* The same in other tables. */
void rig_map_in(struct rig *rig, uint64_t root, unsigned mode, uint64_t iova, uint64_t spa,
                unsigned size_log2, uint64_t access);
/* Where the entry of @iova at @level is; tables down to there must exist. */
uint64_t rig_entry_at(struct rig *rig, uint64_t root, unsigned mode, uint64_t iova, unsigned level);

/* ---- Commands -------------------------------------------------------------------------------- */

void rig_queue(struct rig *rig, uint64_t word0, uint64_t word1); /* into the ring, no tail write */
void rig_kick(struct rig *rig);                                  /* the tail write */
void rig_command(struct rig *rig, uint64_t word0, uint64_t word1); /* both */
void rig_invalidate_device(struct rig *rig, uint16_t device_id);
void rig_invalidate_page(struct rig *rig, uint16_t domain, uint64_t iova);
void rig_invalidate_domain(struct rig *rig, uint16_t domain);
void rig_invalidate_interrupts(struct rig *rig, uint16_t device_id);
/* COMPLETION_WAIT with a store. True when the word was stored within some seconds. */
bool rig_wait(struct rig *rig);
/* Its two halves: enqueue, and look without waiting. */
void rig_wait_begin(struct rig *rig);
bool rig_wait_done(struct rig *rig);
/* Has the IOMMU fetched all commands (head = tail) within some seconds? */
bool rig_drained(struct rig *rig);
/* Let the IOMMU go on until the register's @mask bits are @value, for some seconds at most. */
bool rig_until(struct rig *rig, uint64_t offset, uint64_t mask, uint64_t value);
/* The IOMMU may write the quadword at @spa: rig_finish() will not mind. */
void rig_allow_store(struct rig *rig, uint64_t spa);

/* ---- Events ---------------------------------------------------------------------------------- */

struct rig_event {
    uint64_t word0;
    uint64_t word1;
};

/* Flags 58:48 of an event, from bit 0 as drivers print them. */
#define EVENT_I       UINT64_C(0x008)
#define EVENT_PR      UINT64_C(0x010)
#define EVENT_RW      UINT64_C(0x020)
#define EVENT_PE      UINT64_C(0x040)
#define EVENT_RZ      UINT64_C(0x080)
#define EVENT_TR      UINT64_C(0x100)
#define EVENT_TYPE(n) ((uint64_t)(n) << 9) /* of hardware errors and INVALID_DEVICE_REQUEST */

#define EVENT_CODE_ILLEGAL_DTE      1
#define EVENT_CODE_PAGE_FAULT       2
#define EVENT_CODE_DTE_HARDWARE     3
#define EVENT_CODE_PAGE_HARDWARE    4
#define EVENT_CODE_ILLEGAL_COMMAND  5
#define EVENT_CODE_COMMAND_HARDWARE 6
#define EVENT_CODE_IOTLB_TIMEOUT    7
#define EVENT_CODE_INVALID_REQUEST  8

struct rig_event rig_event(unsigned code, uint16_t device_id, uint16_t domain, uint64_t flags,
                           uint64_t address);
/* IO_PAGE_FAULT of rig->device in RIG_DOMAIN. */
struct rig_event rig_fault(struct rig *rig, uint64_t flags, uint64_t address);
/* Take up to @max events, moving the head. Returns how many there were. */
unsigned rig_take_events(struct rig *rig, struct rig_event *events, unsigned max);
/* Check that the log holds exactly these, in this order, and take them. */
#define RIG_EVENTS(rig, ...)                                                                       \
    rig_check_events((rig), (const struct rig_event[]){__VA_ARGS__},                               \
                     sizeof((const struct rig_event[]){__VA_ARGS__}) / sizeof(struct rig_event),   \
                     __FILE__, __LINE__)
#define RIG_NO_EVENTS(rig) rig_check_events((rig), NULL, 0, __FILE__, __LINE__)
bool rig_check_events(struct rig *rig, const struct rig_event *want, unsigned count,
                      const char *file, int line);

/* ---- Memory requests ------------------------------------------------------------------------- */

/* Fill @bytes of memory with what no other call fills with. */
void rig_fill_pattern(struct rig *rig, uint64_t spa, uint32_t bytes);

/*
 * Requests of @bytes (1 to 4096) by rig->device at @iova, and a check of what came of it:
 * RIG_READS          gives what is in memory at @spa, which is filled with a pattern first
 * RIG_READ_REFUSED   gives nothing of what is in memory at @spa (filled first); aborted, if seen
 * RIG_WRITES         changes exactly the @bytes at @spa
 * RIG_WRITE_REFUSED  changes nothing at @spa; aborted, if that can be seen
 * @spa lies in memory; of a refused request it is where the request would have gone. Both sides of
 * @spa are looked at too. Events are not looked at. All are true when the check held.
 */
#define RIG_READS(rig, iova, spa, bytes)                                                           \
    rig_check_access((rig), TARGET_READ, (iova), (spa), (bytes), true, __FILE__, __LINE__)
#define RIG_READ_REFUSED(rig, iova, spa, bytes)                                                    \
    rig_check_access((rig), TARGET_READ, (iova), (spa), (bytes), false, __FILE__, __LINE__)
#define RIG_WRITES(rig, iova, spa, bytes)                                                          \
    rig_check_access((rig), TARGET_WRITE, (iova), (spa), (bytes), true, __FILE__, __LINE__)
#define RIG_WRITE_REFUSED(rig, iova, spa, bytes)                                                   \
    rig_check_access((rig), TARGET_WRITE, (iova), (spa), (bytes), false, __FILE__, __LINE__)
bool rig_check_access(struct rig *rig, enum target_kind kind, uint64_t iova, uint64_t spa,
                      uint32_t bytes, bool allowed, const char *file, int line);
/* The same for any request: @like gives device, kind, address, size and flags; its data is not
 * used. */
#define RIG_DOES(rig, like, spa) rig_check_request((rig), &(like), (spa), true, __FILE__, __LINE__)
#define RIG_REFUSES(rig, like, spa)                                                                \
    rig_check_request((rig), &(like), (spa), false, __FILE__, __LINE__)
bool rig_check_request(struct rig *rig, const struct target_request *like, uint64_t spa,
                       bool allowed, const char *file, int line);

/* ---- Interrupts ------------------------------------------------------------------------------ */

/* The write of @data to @address by @device_id. */
void rig_interrupt(struct rig *rig, uint16_t device_id, uint64_t address, uint32_t data);
/* Check that exactly this arrived at the local APICs since the last look. */
#define RIG_MESSAGE(rig, ...)                                                                      \
    rig_check_messages((rig), &(const struct target_message){__VA_ARGS__}, 1, __FILE__, __LINE__)
#define RIG_NO_MESSAGE(rig) rig_check_messages((rig), NULL, 0, __FILE__, __LINE__)
bool rig_check_messages(struct rig *rig, const struct target_message *want, unsigned count,
                        const char *file, int line);
/* CAN_OWN_MSI: interrupts that the IOMMU sent since the last look. */
unsigned rig_own_msis(struct rig *rig);

/* ---- Memory accesses of the IOMMU ------------------------------------------------------------ */

/* CAN_TRACE: forget what was touched so far; then, was any byte from @spa on touched? */
void rig_touches_begin(struct rig *rig);
bool rig_touched(struct rig *rig, uint64_t spa, uint64_t bytes);
/* How many accesses since rig_touches_begin(). */
unsigned rig_touch_count(struct rig *rig);

/* ---- The end --------------------------------------------------------------------------------- */

/* Say which of the requirement's legal outcomes was seen. */
void rig_outcome(struct rig *rig, const char *name);

/* For rig_finish(): compare what was read late. */
void rig_check_late(struct rig *rig);

/* For the runner. */
void rig_begin(struct rig *rig, struct target *target);
void rig_finish(struct rig *rig);

#endif
