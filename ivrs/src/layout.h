/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytes of an IVRS: where each field lies, and how numbers are read from and written to bytes.
 * It is the only place in ivrs/ with offsets and masks; the table has its own layouts here because
 * no other part of the project reads them.
 */
#ifndef AMDVI_IVRS_LAYOUT_H
#define AMDVI_IVRS_LAYOUT_H

#include <stdint.h>

/* The table's header: byte offsets (1.20, IVRS). */
enum {
    TABLE_SIGNATURE = 0,
    TABLE_LENGTH = 4,
    TABLE_REVISION = 8,
    TABLE_CHECKSUM = 9,
    TABLE_OEM_ID = 10,
    TABLE_OEM_TABLE_ID = 16,
    TABLE_OEM_REVISION = 24,
    TABLE_CREATOR_ID = 28,
    TABLE_CREATOR_REVISION = 32,
    TABLE_IVINFO = 36,
    TABLE_HEADER_BYTES = 48 /* 40 to 47 are reserved */
};

enum { OEM_ID_BYTES = 6, OEM_TABLE_ID_BYTES = 8, CREATOR_ID_BYTES = 4 };

/* IVinfo. */
#define IVINFO_EFR_SUP     UINT32_C(0x00000001) /* 2.x */
#define IVINFO_DMA_REMAP   UINT32_C(0x00000002) /* 3.x */
#define IVINFO_GVA_SIZE    UINT32_C(0x000000e0) /* 2.x */
#define IVINFO_PA_SIZE     UINT32_C(0x00007f00)
#define IVINFO_VA_SIZE     UINT32_C(0x003f8000)
#define IVINFO_HT_ATS_RESV UINT32_C(0x00400000)
#define IVINFO_RESERVED    UINT32_C(0xff80001c) /* by the latest revision */

/* What every block starts with. */
enum {
    BLOCK_TYPE = 0,
    BLOCK_FLAGS = 1,
    BLOCK_LENGTH = 2,
    BLOCK_HEADER_BYTES = 4,
    BLOCK_DEVICE_ID = 4, /* of IVHD and IVMD alike */
    BLOCK_BYTES_MAX = 65535
};

enum {
    TYPE_IVHD_10 = 0x10,
    TYPE_IVHD_11 = 0x11,
    TYPE_IVHD_40 = 0x40,
    TYPE_IVMD_ALL = 0x20,
    TYPE_IVMD_SELECT = 0x21,
    TYPE_IVMD_RANGE = 0x22
};

/* IVHD. */
enum {
    IVHD_CAPABILITY_OFFSET = 6,
    IVHD_WINDOW = 8,
    IVHD_PCI_SEGMENT = 16,
    IVHD_INFO = 18,
    IVHD_FEATURES = 20, /* types 11h and 40h: attributes */
    IVHD_10_BYTES = 24,
    IVHD_EFR = 24,
    IVHD_EFR2 = 32,
    IVHD_11_BYTES = 40
};

/* IVHD info. */
#define IVHD_INFO_MSI_NUM  UINT32_C(0x001f)
#define IVHD_INFO_UNIT_ID  UINT32_C(0x1f00)
#define IVHD_INFO_RESERVED UINT32_C(0xe0e0)

/* Types 11h and 40h have these flags reserved. */
#define IVHD_11_FLAGS_RESERVED UINT32_C(0xc0)

/* The extended feature register: 128-bit interrupt entries, without which Linux ignores the image.
 */
#define EFR_GA_SUP UINT64_C(0x80)

/* Device entries. */
enum {
    ENTRY_TYPE = 0,
    ENTRY_DEVICE_ID = 1,
    ENTRY_DTE = 3,
    ENTRY_SHORT_BYTES = 4,
    ENTRY_EXTENDED = 4,         /* 46h, 47h: four bytes */
    ENTRY_SOURCE_DEVICE_ID = 5, /* 42h, 43h */
    ENTRY_LONG_BYTES = 8,
    SPECIAL_HANDLE = 4,
    SPECIAL_DEVICE_ID = 5,
    SPECIAL_VARIETY = 7,
    HID_HID = 4,
    HID_CID = 12,
    HID_UID_FORMAT = 20,
    HID_UID_LENGTH = 21,
    HID_UID = 22
};

enum {
    ENTRY_PAD4 = 0x00,
    ENTRY_ALL = 0x01,
    ENTRY_SELECT = 0x02,
    ENTRY_RANGE_START = 0x03,
    ENTRY_RANGE_END = 0x04,
    ENTRY_PAD8 = 0x40,
    ENTRY_ALIAS_SELECT = 0x42,
    ENTRY_ALIAS_START = 0x43,
    ENTRY_EXTENDED_SELECT = 0x46,
    ENTRY_EXTENDED_START = 0x47,
    ENTRY_SPECIAL = 0x48,
    ENTRY_ACPI_HID = 0xf0
};

enum { VARIETY_IOAPIC = 1, VARIETY_HPET = 2 };

/* Choice: bit 31, as three of four sources have it; Linux looks at bit 28. */
#define EXTENDED_ATS_DISABLED UINT32_C(0x80000000)

/* IVMD. */
enum {
    IVMD_LAST_DEVICE_ID = 6,
    IVMD_PCI_SEGMENT = 8, /* later revisions; 8 to 15 are reserved in 1.20 */
    IVMD_START = 16,
    IVMD_SIZE = 24,
    IVMD_BYTES = 32
};

#define IVMD_UNITY     UINT32_C(0x01)
#define IVMD_READ      UINT32_C(0x02)
#define IVMD_WRITE     UINT32_C(0x04)
#define IVMD_EXCLUSION UINT32_C(0x08)
#define IVMD_RESERVED  UINT32_C(0xf0)

/* What is not in the bytes, but all readers of them need. */
enum { WINDOW_BYTES = 16384, PAGE_BYTES = 4096, DEVICE_ID_MAX = 0xffff };

static inline uint16_t load_le16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | (uint32_t)bytes[1] << 8);
}

static inline uint32_t load_le32(const uint8_t *bytes)
{
    return load_le16(bytes) | (uint32_t)load_le16(bytes + 2) << 16;
}

static inline uint64_t load_le64(const uint8_t *bytes)
{
    return load_le32(bytes) | (uint64_t)load_le32(bytes + 4) << 32;
}

static inline void store_le16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)(value & 0xff);
    bytes[1] = (uint8_t)(value >> 8);
}

static inline void store_le32(uint8_t *bytes, uint32_t value)
{
    store_le16(bytes, (uint16_t)(value & 0xffff));
    store_le16(bytes + 2, (uint16_t)(value >> 16));
}

static inline void store_le64(uint8_t *bytes, uint64_t value)
{
    store_le32(bytes, (uint32_t)(value & UINT32_MAX));
    store_le32(bytes + 4, (uint32_t)(value >> 32));
}

/* A field of a word, moved to bit 0. The mask is the field; its lowest bit divides the rest away.
 */
static inline uint32_t field_get(uint32_t word, uint32_t mask)
{
    return (word & mask) / (mask & (~mask + 1));
}

static inline uint32_t field_put(uint32_t mask, uint32_t value)
{
    return (value * (mask & (~mask + 1))) & mask;
}

#endif
