/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ACPI table IVRS: what firmware tells an operating system about the IOMMUs of a machine, which
 * devices are behind each, and which memory devices must always reach.
 *
 * Three parts: build a table from a description; parse a table that nobody vouches for; check what
 * an operating system would make of a table. All of it is freestanding: no allocation, no state,
 * and of the C library only memcpy, memset and memcmp.
 *
 * The builder makes tables of revision 1.20: table revision 1, IVHD blocks of type 10h and no
 * extended features. The parser also knows what later revisions added.
 */
#ifndef AMDVI_IVRS_H
#define AMDVI_IVRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Choice: the longest table that is built or opened. Nothing limits it but the 32-bit length; real
 * tables stay below 16 KiB, and a bound here bounds the work that a hostile table can cause.
 */
#define AMDVI_IVRS_TABLE_BYTES_MAX (UINT32_C(256) * 1024)

/* The most IOMMUs in one table; Linux has room for no more. */
#define AMDVI_IVRS_UNITS_MAX 32

/* The setting byte of a device entry: what goes into the device's device table entry. Bit 3 is
 * reserved. */
#define AMDVI_IVRS_DTE_INIT_PASS  0x01
#define AMDVI_IVRS_DTE_EINT_PASS  0x02
#define AMDVI_IVRS_DTE_NMI_PASS   0x04
#define AMDVI_IVRS_DTE_SYS_MGT    0x30
#define AMDVI_IVRS_DTE_LINT0_PASS 0x40
#define AMDVI_IVRS_DTE_LINT1_PASS 0x80
#define AMDVI_IVRS_DTE_RESERVED   0x08

/* The flags of an IVHD: what software must put into the control register, and IOTLB support. */
#define AMDVI_IVRS_UNIT_HT_TUN_EN   0x01
#define AMDVI_IVRS_UNIT_PASS_PW     0x02
#define AMDVI_IVRS_UNIT_RES_PASS_PW 0x04
#define AMDVI_IVRS_UNIT_ISOC        0x08
#define AMDVI_IVRS_UNIT_IOTLB_SUP   0x10
#define AMDVI_IVRS_UNIT_COHERENT    0x20 /* 2.x; reserved in 1.20 */
#define AMDVI_IVRS_UNIT_PREF_SUP    0x40 /* 2.x, type 10h only */
#define AMDVI_IVRS_UNIT_PPR_SUP     0x80 /* 2.x, type 10h only */

/* The requester that Linux and Xen want behind one IOAPIC of the machine: 00:14.0. */
#define AMDVI_IVRS_SOUTHBRIDGE_DEVICE_ID 0x00a0

/* Why something was refused, or what is wrong at a byte of a table. */
enum amdvi_ivrs_status {
    AMDVI_IVRS_OK = 0,
    AMDVI_IVRS_END, /* no more blocks or entries; not an error */

    /* A table that is being read. */
    AMDVI_IVRS_ERR_ARGUMENT,
    AMDVI_IVRS_ERR_TABLE_TOO_SHORT,
    AMDVI_IVRS_ERR_SIGNATURE,
    AMDVI_IVRS_ERR_TABLE_LENGTH,
    AMDVI_IVRS_ERR_REVISION,
    AMDVI_IVRS_ERR_CHECKSUM,
    AMDVI_IVRS_ERR_BLOCK_LENGTH,
    AMDVI_IVRS_ERR_BLOCK_BEYOND_TABLE,
    AMDVI_IVRS_ERR_ENTRY_TYPE,
    AMDVI_IVRS_ERR_ENTRY_BEYOND_BLOCK,
    AMDVI_IVRS_ERR_RANGE_NOT_CLOSED,
    AMDVI_IVRS_ERR_RANGE_NOT_OPENED,
    AMDVI_IVRS_ERR_RANGE_ORDER,
    AMDVI_IVRS_ERR_NO_UNIT,

    /* A description that is being built. */
    AMDVI_IVRS_ERR_BUFFER_TOO_SMALL,
    AMDVI_IVRS_ERR_OEM_STRING,
    AMDVI_IVRS_ERR_ADDRESS_BITS,
    AMDVI_IVRS_ERR_UNIT_COUNT,
    AMDVI_IVRS_ERR_UNIT_DEVICE_ID,
    AMDVI_IVRS_ERR_UNIT_BEYOND_LAST,
    AMDVI_IVRS_ERR_UNIT_TWICE,
    AMDVI_IVRS_ERR_UNIT_FIELD,
    AMDVI_IVRS_ERR_CAPABILITY_OFFSET,
    AMDVI_IVRS_ERR_WINDOW,
    AMDVI_IVRS_ERR_WINDOW_OVERLAP,
    AMDVI_IVRS_ERR_NO_DEVICES,
    AMDVI_IVRS_ERR_DEVICE_KIND,
    AMDVI_IVRS_ERR_DEVICE_RANGE,
    AMDVI_IVRS_ERR_DTE_SETTING,
    AMDVI_IVRS_ERR_DEVICE_OVERLAP,
    AMDVI_IVRS_ERR_DEVICE_SHARED,
    AMDVI_IVRS_ERR_DEVICE_NOT_COVERED,
    AMDVI_IVRS_ERR_HANDLE_TWICE,
    AMDVI_IVRS_ERR_NO_SOUTHBRIDGE_IOAPIC,
    AMDVI_IVRS_ERR_BLOCK_TOO_LONG,
    AMDVI_IVRS_ERR_TABLE_TOO_LONG,
    AMDVI_IVRS_ERR_MEMORY_KIND,
    AMDVI_IVRS_ERR_MEMORY_ACCESS,
    AMDVI_IVRS_ERR_MEMORY_ALIGNMENT,
    AMDVI_IVRS_ERR_MEMORY_ADDRESS,
    AMDVI_IVRS_ERR_MEMORY_DEVICE,
    AMDVI_IVRS_ERR_MEMORY_NAMES_UNIT,
    AMDVI_IVRS_ERR_MEMORY_CONFLICT,
    AMDVI_IVRS_ERR_EXCLUSIONS,

    AMDVI_IVRS_STATUS_COUNT
};

/* What a device entry says. The first eight can be built; SPECIAL entries are IOAPIC and HPET. */
enum amdvi_ivrs_device_kind {
    AMDVI_IVRS_DEVICE_SELECT,
    AMDVI_IVRS_DEVICE_RANGE,
    AMDVI_IVRS_DEVICE_ALIAS_SELECT,
    AMDVI_IVRS_DEVICE_ALIAS_RANGE,
    AMDVI_IVRS_DEVICE_EXTENDED_SELECT,
    AMDVI_IVRS_DEVICE_EXTENDED_RANGE,
    AMDVI_IVRS_DEVICE_IOAPIC,
    AMDVI_IVRS_DEVICE_HPET,
    AMDVI_IVRS_DEVICE_ALL,           /* every device id; never built, Xen fails on it */
    AMDVI_IVRS_DEVICE_SPECIAL_OTHER, /* neither IOAPIC nor HPET */
    AMDVI_IVRS_DEVICE_ACPI_HID,      /* 2.6 */
    AMDVI_IVRS_DEVICE_UNKNOWN        /* names nothing; skip it */
};

/* One device entry. Fields that a kind does not use are 0 after parsing and ignored in building. */
struct amdvi_ivrs_device {
    enum amdvi_ivrs_device_kind kind;
    uint16_t device_id;      /* the device, or the first; IOAPIC, HPET: the id its messages carry */
    uint16_t last_device_id; /* ranges: the last, included. Parsing fills it for every kind */
    uint16_t source_device_id; /* aliases: the id that reaches the IOMMU instead */
    uint8_t dte_setting;       /* AMDVI_IVRS_DTE_… */
    uint8_t handle;            /* IOAPIC: its id as in the MADT; HPET: its number */
    bool ats_disabled;         /* extended entries */
};

/* One IOMMU, as its IVHD block names it. */
struct amdvi_ivrs_unit {
    uint16_t pci_segment;
    uint16_t device_id;         /* of the IOMMU's own PCI function */
    uint16_t capability_offset; /* bytes, in the function's configuration space */
    uint8_t flags;              /* AMDVI_IVRS_UNIT_… */
    uint8_t msi_num;            /* 0 to 31 */
    uint8_t unit_id;            /* HyperTransport UnitID, 0 to 31 */
    uint64_t window_spa;        /* the register window, 16 KiB */
};

enum amdvi_ivrs_memory_kind {
    AMDVI_IVRS_MEMORY_ALL,    /* for every device */
    AMDVI_IVRS_MEMORY_SELECT, /* for one */
    AMDVI_IVRS_MEMORY_RANGE   /* for a range of devices */
};

/* Memory that devices must reach at its own address: one IVMD block. */
struct amdvi_ivrs_memory {
    enum amdvi_ivrs_memory_kind kind;
    uint16_t pci_segment; /* later revisions; leave it 0 for 1.20 */
    uint16_t device_id;
    uint16_t last_device_id; /* as in struct amdvi_ivrs_device */
    uint64_t spa_start;
    uint64_t size_bytes;
    bool is_unity;
    bool is_exclusion; /* put it in the exclusion range; readable and writable whatever the next say
                        */
    bool can_read;
    bool can_write;
};

/* Building a table. */

struct amdvi_ivrs_unit_description {
    struct amdvi_ivrs_unit unit;
    const struct amdvi_ivrs_device *devices; /* in the order they shall have in the table */
    uint32_t device_count;
};

struct amdvi_ivrs_description {
    const char *oem_id;       /* printable ASCII, at most 6; padded with spaces */
    const char *oem_table_id; /* at most 8 */
    const char *creator_id;   /* at most 4 */
    uint32_t oem_revision;
    uint32_t creator_revision;

    uint8_t va_bits; /* 32, 40, 48 or 64 */
    uint8_t pa_bits; /* 40, 48 or 52 */
    bool ht_ats_reserved;
    /*
     * 3.x, reserved in 1.20: DMA is blocked until software enables the IOMMU. Linux tells users
     * that the machine is protected before it boots. Only for an IOMMU that really does that.
     */
    bool dma_protection;

    const struct amdvi_ivrs_unit_description *units;
    uint32_t unit_count;
    const struct amdvi_ivrs_memory *memory;
    uint32_t memory_count;

    /*
     * Build even if no IOAPIC has the requester 0000:00:14.0. Xen then leaves the IOMMU alone and
     * Linux leaves interrupts unremapped.
     */
    bool allow_no_southbridge_ioapic;
};

/* Which part of a description was refused; AMDVI_IVRS_NO_INDEX where none is to blame. */
struct amdvi_ivrs_refusal {
    uint32_t unit_index;
    uint32_t device_index; /* within that unit */
    uint32_t memory_index;
};

#define AMDVI_IVRS_NO_INDEX UINT32_MAX

/**
 * Check a description and say how long its table will be.
 *
 * A description is refused when the table would be illegal, when Linux or Xen would reject it or
 * trip over it, or when the two would read it differently.
 *
 * @description     what to build; only read.
 * @out_size_bytes  written only when AMDVI_IVRS_OK is returned.
 * @out_refusal     may be NULL; written only when something else is returned.
 *
 * Returns    AMDVI_IVRS_OK, or the first reason for which the description is refused.
 * Threading  any thread.
 * Blocking   no; time grows with the square of the number of device entries and memory blocks.
 * Spec       1.20, IVRS.
 */
enum amdvi_ivrs_status amdvi_ivrs_size(const struct amdvi_ivrs_description *description,
                                       uint32_t *out_size_bytes,
                                       struct amdvi_ivrs_refusal *out_refusal);

/**
 * Build the table of a description. The same description always gives the same bytes. The block of
 * an IOMMU with few devices ends in repetitions of an entry, to reach the 40 bytes that Xen wants.
 *
 * @description     as for amdvi_ivrs_size().
 * @buffer          receives the table; left alone unless AMDVI_IVRS_OK is returned.
 * @buffer_bytes    at least what amdvi_ivrs_size() says.
 * @out_size_bytes  the length of the table; may be NULL.
 * @out_refusal     may be NULL; written only when something else than AMDVI_IVRS_OK is returned.
 *
 * Returns    AMDVI_IVRS_OK                    the table is in @buffer.
 *            AMDVI_IVRS_ERR_BUFFER_TOO_SMALL  @buffer_bytes is not enough.
 *            another                          as amdvi_ivrs_size().
 * Threading  any thread.
 * Blocking   no; as amdvi_ivrs_size().
 * Spec       1.20, IVRS, IVHD type 10h, IVMD.
 */
enum amdvi_ivrs_status amdvi_ivrs_build(const struct amdvi_ivrs_description *description,
                                        void *buffer, size_t buffer_bytes, uint32_t *out_size_bytes,
                                        struct amdvi_ivrs_refusal *out_refusal);

/* Parsing a table. */

/* A table that passed amdvi_ivrs_open(). It points into the caller's bytes. */
struct amdvi_ivrs_table {
    const uint8_t *bytes;
    uint32_t size_bytes; /* what the header says, not what the caller had */
    uint8_t revision;
    uint8_t oem_id[6];
    uint8_t oem_table_id[8];
    uint8_t creator_id[4];
    uint32_t oem_revision;
    uint32_t creator_revision;

    uint32_t ivinfo; /* as it stands in the table; its fields follow */
    uint8_t va_bits;
    uint8_t pa_bits;
    uint8_t gva_size; /* 2.x; the raw field, 2 means 48 bits */
    bool ht_ats_reserved;
    bool efr_supported;  /* 2.x */
    bool dma_protection; /* 3.x */
};

enum amdvi_ivrs_block_kind {
    AMDVI_IVRS_BLOCK_IVHD,
    AMDVI_IVRS_BLOCK_IVMD,
    AMDVI_IVRS_BLOCK_UNKNOWN /* skip it */
};

/* One block of a table. */
struct amdvi_ivrs_block {
    enum amdvi_ivrs_block_kind kind;
    uint8_t type;        /* 10h, 11h, 40h; 20h, 21h, 22h */
    uint32_t offset;     /* bytes from the start of the table */
    uint32_t size_bytes; /* with its header */

    /* IVHD. */
    struct amdvi_ivrs_unit unit;
    uint32_t features;   /* 2.x, type 10h: feature reporting */
    uint32_t attributes; /* 2.6, types 11h and 40h */
    uint64_t efr;        /* 2.6, types 11h and 40h: image of the extended feature register */
    uint64_t efr2;
    uint32_t entries_offset; /* bytes from the start of the table */

    /* IVMD. */
    struct amdvi_ivrs_memory memory;
};

/* One device entry of a table; a range is one entry, with its end. */
struct amdvi_ivrs_entry {
    struct amdvi_ivrs_device device;
    uint8_t type;         /* of the entry, or of the one that starts the range */
    uint32_t offset;      /* bytes from the start of the table */
    uint32_t size_bytes;  /* for a range up to the end of its end */
    const uint8_t *bytes; /* size_bytes of them, in the table */

    /* AMDVI_IVRS_DEVICE_ACPI_HID; otherwise NULL and 0. Not terminated. */
    const uint8_t *hid; /* 8 bytes */
    const uint8_t *cid; /* 8 bytes */
    const uint8_t *uid;
    uint8_t uid_format; /* 0 none, 1 integer, 2 string */
    uint8_t uid_bytes;
};

/* Where an iteration stands. Start with the functions below; only @fault_offset is for reading. */
struct amdvi_ivrs_block_cursor {
    const struct amdvi_ivrs_table *table;
    uint32_t offset;
    uint32_t fault_offset; /* after an error: the byte that is wrong */
};

struct amdvi_ivrs_entry_cursor {
    const struct amdvi_ivrs_table *table;
    uint32_t offset;
    uint32_t end;
    uint32_t fault_offset;
};

/**
 * Open a table and check all that holds for it as a whole.
 *
 * Nothing is copied: @bytes must stay, unchanged, for as long as @out is used. If others can write
 * to it (a guest, a device), open a copy.
 *
 * @out               written only when AMDVI_IVRS_OK is returned.
 * @bytes             the table; may be longer than the table says it is.
 * @size_bytes        how many bytes may be read.
 * @out_fault_offset  may be NULL; the byte that is wrong, written only on an error.
 *
 * Returns    AMDVI_IVRS_OK                   the header is fine; blocks are not yet looked at.
 *            AMDVI_IVRS_ERR_ARGUMENT         a pointer is NULL.
 *            AMDVI_IVRS_ERR_TABLE_TOO_SHORT  @size_bytes does not even hold a header.
 *            AMDVI_IVRS_ERR_SIGNATURE        it is another table.
 *            AMDVI_IVRS_ERR_TABLE_LENGTH     its length is less than a header, more than
 *                                            @size_bytes or than AMDVI_IVRS_TABLE_BYTES_MAX.
 *            AMDVI_IVRS_ERR_REVISION         neither 1 nor 2.
 *            AMDVI_IVRS_ERR_CHECKSUM         the bytes do not sum up to 0.
 * Threading  any thread.
 * Blocking   no; reads each byte once.
 * Spec       1.20, IVRS header and IVinfo; revision 2 is of 2.6.
 */
enum amdvi_ivrs_status amdvi_ivrs_open(struct amdvi_ivrs_table *out, const void *bytes,
                                       size_t size_bytes, uint32_t *out_fault_offset);

/**
 * Start at the first block of a table.
 *
 * Returns    a cursor for amdvi_ivrs_next_block().
 * Threading  any thread.
 * Blocking   no.
 * Spec       1.20, IVRS.
 */
struct amdvi_ivrs_block_cursor amdvi_ivrs_blocks(const struct amdvi_ivrs_table *table);

/**
 * Decode the next block. Blocks of unknown type are handed out too, as such.
 *
 * An error stays: the next call returns it again.
 *
 * @cursor  from amdvi_ivrs_blocks(); @fault_offset is written on an error.
 * @out     written only when AMDVI_IVRS_OK is returned.
 *
 * Returns    AMDVI_IVRS_OK                      one more block.
 *            AMDVI_IVRS_END                     there are no more.
 *            AMDVI_IVRS_ERR_BLOCK_LENGTH        its length is less than its type needs.
 *            AMDVI_IVRS_ERR_BLOCK_BEYOND_TABLE  it does not end within the table.
 * Threading  any thread; one at a time per cursor.
 * Blocking   no.
 * Spec       1.20, IVHD type 10h and IVMD; 2.6, IVHD types 11h and 40h.
 */
enum amdvi_ivrs_status amdvi_ivrs_next_block(struct amdvi_ivrs_block_cursor *cursor,
                                             struct amdvi_ivrs_block *out);

/**
 * Start at the first device entry of an IVHD block. Other blocks have no entries.
 *
 * Returns    a cursor for amdvi_ivrs_next_entry().
 * Threading  any thread.
 * Blocking   no.
 * Spec       1.20, IVHD.
 */
struct amdvi_ivrs_entry_cursor amdvi_ivrs_entries(const struct amdvi_ivrs_table *table,
                                                  const struct amdvi_ivrs_block *block);

/**
 * Decode the next device entry. Padding is left out; unknown types whose length is known are handed
 * out as AMDVI_IVRS_DEVICE_UNKNOWN.
 *
 * An error stays: the next call returns it again.
 *
 * @cursor  from amdvi_ivrs_entries(); @fault_offset is written on an error.
 * @out     written only when AMDVI_IVRS_OK is returned.
 *
 * Returns    AMDVI_IVRS_OK                      one more entry.
 *            AMDVI_IVRS_END                     there are no more.
 *            AMDVI_IVRS_ERR_ENTRY_TYPE          F1h to FFh: nothing says how long it is.
 *            AMDVI_IVRS_ERR_ENTRY_BEYOND_BLOCK  it does not end within the block.
 *            AMDVI_IVRS_ERR_RANGE_NOT_CLOSED    a start of a range is followed by something else
 *                                               than its end; the fault is at what follows.
 *            AMDVI_IVRS_ERR_RANGE_NOT_OPENED    an end of a range without a start.
 *            AMDVI_IVRS_ERR_RANGE_ORDER         a range ends before it starts.
 * Threading  any thread; one at a time per cursor.
 * Blocking   no.
 * Spec       1.20, IVHD device entries; 2.6, type F0h.
 */
enum amdvi_ivrs_status amdvi_ivrs_next_entry(struct amdvi_ivrs_entry_cursor *cursor,
                                             struct amdvi_ivrs_entry *out);

/* What a table says about one device. */
struct amdvi_ivrs_binding {
    struct amdvi_ivrs_unit unit; /* the IOMMU it is behind */
    uint32_t block_offset;       /* of the IVHD that says so */
    uint16_t requester;  /* the device id that reaches the IOMMU: the device's or its alias */
    uint8_t dte_setting; /* for the device table entry of the requester */
    bool ats_disabled;
};

/**
 * Find the IOMMU that a device is behind.
 *
 * Of several IVHDs for one IOMMU only that of the highest type counts. Within it the last entry
 * that names the device counts; an alias's source that nothing else names is covered by the alias.
 * An IOMMU is never behind itself, whatever its ranges say.
 *
 * @out               written only when AMDVI_IVRS_OK is returned.
 * @out_fault_offset  may be NULL; the byte that is wrong, written only when the table is.
 *
 * Returns    AMDVI_IVRS_OK           @out holds the answer.
 *            AMDVI_IVRS_ERR_NO_UNIT  the device is behind no IOMMU.
 *            another                 the table is wrong, as in amdvi_ivrs_next_block() and
 *                                    amdvi_ivrs_next_entry().
 * Threading  any thread.
 * Blocking   no; time grows with the square of the number of blocks.
 * Spec       1.20, IVHD device entries.
 */
enum amdvi_ivrs_status amdvi_ivrs_find_device(const struct amdvi_ivrs_table *table,
                                              uint16_t pci_segment, uint16_t device_id,
                                              struct amdvi_ivrs_binding *out,
                                              uint32_t *out_fault_offset);

/**
 * Say in a few words what a status means.
 *
 * Returns    a constant string, also for numbers that are no status.
 * Threading  any thread.
 * Blocking   no.
 * Spec       none.
 */
const char *amdvi_ivrs_status_text(enum amdvi_ivrs_status status);

/* Checking a table. */

/* Who has trouble with what was found. */
#define AMDVI_IVRS_READER_SPEC  0x1u /* it is wrong by the specification itself */
#define AMDVI_IVRS_READER_LINUX 0x2u
#define AMDVI_IVRS_READER_XEN   0x4u

enum amdvi_ivrs_severity {
    AMDVI_IVRS_SEVERITY_NOTE,    /* works, and is worth knowing */
    AMDVI_IVRS_SEVERITY_WARNING, /* works, with a loss */
    AMDVI_IVRS_SEVERITY_ERROR    /* the reader refuses, crashes or goes wrong */
};

enum amdvi_ivrs_finding_kind {
    /* The table and its blocks. */
    AMDVI_IVRS_FINDING_MALFORMED, /* @status says how; nothing after it in that block is checked */
    AMDVI_IVRS_FINDING_RESERVED_BITS,
    AMDVI_IVRS_FINDING_DMA_PROTECTION,
    AMDVI_IVRS_FINDING_NO_UNIT,
    AMDVI_IVRS_FINDING_FIRST_BLOCK,
    AMDVI_IVRS_FINDING_NO_TYPE_FOR_XEN,
    AMDVI_IVRS_FINDING_TYPE_TRAP,
    AMDVI_IVRS_FINDING_TYPE_ORDER,
    AMDVI_IVRS_FINDING_TYPE_40_IN_REVISION_1,
    AMDVI_IVRS_FINDING_BLOCK_UNKNOWN,
    AMDVI_IVRS_FINDING_TOO_MANY_BLOCKS, /* what needs all pairs of blocks is not checked */

    /* IOMMUs. */
    AMDVI_IVRS_FINDING_BLOCK_SHORT,
    AMDVI_IVRS_FINDING_UNIT_ZERO_FIELD,
    AMDVI_IVRS_FINDING_UNIT_HIDDEN,
    AMDVI_IVRS_FINDING_UNIT_TWICE,
    AMDVI_IVRS_FINDING_UNIT_BEYOND_LAST,
    AMDVI_IVRS_FINDING_UNIT_COVERS_ITSELF,
    AMDVI_IVRS_FINDING_WINDOW_ALIGNMENT,
    AMDVI_IVRS_FINDING_WINDOW_OVERLAP,
    AMDVI_IVRS_FINDING_EFR_IGNORED,

    /* Devices. */
    AMDVI_IVRS_FINDING_NO_DEVICES,
    AMDVI_IVRS_FINDING_ENTRY_ALL,
    AMDVI_IVRS_FINDING_LAST_DEVICE_FFFF,
    AMDVI_IVRS_FINDING_ENTRY_HID_MISPLACED,
    AMDVI_IVRS_FINDING_ENTRY_UID,
    AMDVI_IVRS_FINDING_ENTRY_UNKNOWN,
    AMDVI_IVRS_FINDING_ENTRY_ENDLESS,
    AMDVI_IVRS_FINDING_RANGE_OF_ONE,
    AMDVI_IVRS_FINDING_RANGE_PADDED,
    AMDVI_IVRS_FINDING_ALIAS_BEYOND_LAST,
    AMDVI_IVRS_FINDING_SPECIAL_BEYOND_LAST,
    AMDVI_IVRS_FINDING_SPECIAL_VARIETY,
    AMDVI_IVRS_FINDING_HANDLE_TWICE,
    AMDVI_IVRS_FINDING_NO_SOUTHBRIDGE_IOAPIC,
    AMDVI_IVRS_FINDING_DEVICE_SHARED,

    /* Memory. */
    AMDVI_IVRS_FINDING_MEMORY_LENGTH,
    AMDVI_IVRS_FINDING_MEMORY_ALIGNMENT,
    AMDVI_IVRS_FINDING_MEMORY_FLAGS,
    AMDVI_IVRS_FINDING_MEMORY_DEVICES,
    AMDVI_IVRS_FINDING_MEMORY_CONFLICT,
    AMDVI_IVRS_FINDING_MEMORY_BEYOND_LAST,

    AMDVI_IVRS_FINDING_COUNT
};

struct amdvi_ivrs_finding {
    enum amdvi_ivrs_finding_kind kind;
    enum amdvi_ivrs_severity severity;
    uint32_t readers;              /* AMDVI_IVRS_READER_… */
    uint32_t offset;               /* bytes from the start of the table */
    enum amdvi_ivrs_status status; /* AMDVI_IVRS_FINDING_MALFORMED; else AMDVI_IVRS_OK */
    const char *text;              /* constant, one line */
};

/* What amdvi_ivrs_check() needs from its caller. */
struct amdvi_ivrs_checker {
    void (*report)(void *context, const struct amdvi_ivrs_finding *finding);
    void *context;
    uint8_t claimed[8192]; /* room to work, one bit for each device id; need not be initialized */
};

/**
 * Report everything in a table that breaks the specification or that Linux or Xen would refuse,
 * trip over or be slowed down by. Findings come in the order in which they are found.
 *
 * @checker  @report is called for each finding, on this thread; it must not use @checker.
 *
 * Returns    how many findings there were of severity AMDVI_IVRS_SEVERITY_ERROR.
 * Threading  any thread; one at a time per @checker.
 * Blocking   no; time grows with the length of the table times at most 256 of its blocks.
 * Spec       1.20, IVRS; the rest as Linux 6.1 to 6.19 and Xen 4.17 to 4.20 behave.
 */
uint32_t amdvi_ivrs_check(const struct amdvi_ivrs_table *table, struct amdvi_ivrs_checker *checker);

/**
 * Name a kind of finding, for what is kept longer than a build: reports, lists of findings to pass
 * over. A name never changes and is never given to another kind. It is the enumerator behind
 * AMDVI_IVRS_FINDING_, in small letters with hyphens: "memory-beyond-last".
 *
 * Returns    a constant string, also for numbers that are no kind.
 * Threading  any thread.
 * Blocking   no.
 * Spec       none.
 */
const char *amdvi_ivrs_finding_name(enum amdvi_ivrs_finding_kind kind);

#ifdef __cplusplus
}
#endif

#endif
