/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parsing an IVRS. Each byte may be hostile: every length is checked against what encloses it
 * before anything behind it is read, and every step moves forward by at least four bytes. What the
 * table means is not judged here, only whether it can be read.
 */
#include "amdvi/ivrs.h"

#include "layout.h"
#include "shared.h"

static enum amdvi_ivrs_status fail(uint32_t *fault_offset, uint32_t offset,
                                   enum amdvi_ivrs_status status)
{
    if (fault_offset != NULL) {
        *fault_offset = offset;
    }
    return status;
}

static bool is_sum_zero(const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < size_bytes; i++) {
        sum += bytes[i];
    }
    return (sum & 0xff) == 0;
}

static void decode_table(struct amdvi_ivrs_table *out, const uint8_t *bytes)
{
    uint32_t ivinfo = load_le32(bytes + TABLE_IVINFO);

    *out = (struct amdvi_ivrs_table){
        .bytes = bytes,
        .size_bytes = load_le32(bytes + TABLE_LENGTH),
        .revision = bytes[TABLE_REVISION],
        .oem_revision = load_le32(bytes + TABLE_OEM_REVISION),
        .creator_revision = load_le32(bytes + TABLE_CREATOR_REVISION),
        .ivinfo = ivinfo,
        .va_bits = (uint8_t)field_get(ivinfo, IVINFO_VA_SIZE),
        .pa_bits = (uint8_t)field_get(ivinfo, IVINFO_PA_SIZE),
        .gva_size = (uint8_t)field_get(ivinfo, IVINFO_GVA_SIZE),
        .ht_ats_reserved = (ivinfo & IVINFO_HT_ATS_RESV) != 0,
        .efr_supported = (ivinfo & IVINFO_EFR_SUP) != 0,
        .dma_protection = (ivinfo & IVINFO_DMA_REMAP) != 0,
    };
    __builtin_memcpy(out->oem_id, bytes + TABLE_OEM_ID, OEM_ID_BYTES);
    __builtin_memcpy(out->oem_table_id, bytes + TABLE_OEM_TABLE_ID, OEM_TABLE_ID_BYTES);
    __builtin_memcpy(out->creator_id, bytes + TABLE_CREATOR_ID, CREATOR_ID_BYTES);
}

enum amdvi_ivrs_status amdvi_ivrs_open(struct amdvi_ivrs_table *out, const void *bytes,
                                       size_t size_bytes, uint32_t *out_fault_offset)
{
    const uint8_t *table = bytes;

    if (out == NULL || table == NULL) {
        return fail(out_fault_offset, 0, AMDVI_IVRS_ERR_ARGUMENT);
    }
    if (size_bytes < TABLE_HEADER_BYTES) {
        return fail(out_fault_offset, 0, AMDVI_IVRS_ERR_TABLE_TOO_SHORT);
    }
    if (__builtin_memcmp(table + TABLE_SIGNATURE, "IVRS", 4) != 0) {
        return fail(out_fault_offset, TABLE_SIGNATURE, AMDVI_IVRS_ERR_SIGNATURE);
    }

    uint32_t length = load_le32(table + TABLE_LENGTH);
    if (length < TABLE_HEADER_BYTES || length > size_bytes || length > AMDVI_IVRS_TABLE_BYTES_MAX) {
        return fail(out_fault_offset, TABLE_LENGTH, AMDVI_IVRS_ERR_TABLE_LENGTH);
    }
    if (!is_sum_zero(table, length)) {
        return fail(out_fault_offset, TABLE_CHECKSUM, AMDVI_IVRS_ERR_CHECKSUM);
    }
    if (table[TABLE_REVISION] != 1 && table[TABLE_REVISION] != 2) {
        return fail(out_fault_offset, TABLE_REVISION, AMDVI_IVRS_ERR_REVISION);
    }

    decode_table(out, table);
    return AMDVI_IVRS_OK;
}

struct amdvi_ivrs_block_cursor amdvi_ivrs_blocks(const struct amdvi_ivrs_table *table)
{
    return (struct amdvi_ivrs_block_cursor){.table = table, .offset = TABLE_HEADER_BYTES};
}

static enum amdvi_ivrs_block_kind block_kind(uint8_t type)
{
    switch (type) {
    case TYPE_IVHD_10:
    case TYPE_IVHD_11:
    case TYPE_IVHD_40:
        return AMDVI_IVRS_BLOCK_IVHD;
    case TYPE_IVMD_ALL:
    case TYPE_IVMD_SELECT:
    case TYPE_IVMD_RANGE:
        return AMDVI_IVRS_BLOCK_IVMD;
    default:
        return AMDVI_IVRS_BLOCK_UNKNOWN;
    }
}

/* The bytes that must be there before a block of this type can be decoded. */
static uint32_t block_fixed_bytes(uint8_t type)
{
    switch (block_kind(type)) {
    case AMDVI_IVRS_BLOCK_IVHD:
        return type == TYPE_IVHD_10 ? IVHD_10_BYTES : IVHD_11_BYTES;
    case AMDVI_IVRS_BLOCK_IVMD:
        return IVMD_BYTES;
    case AMDVI_IVRS_BLOCK_UNKNOWN:
        return BLOCK_HEADER_BYTES;
    }
    return BLOCK_HEADER_BYTES;
}

static void decode_ivhd(struct amdvi_ivrs_block *out, const uint8_t *bytes)
{
    uint32_t info = load_le16(bytes + IVHD_INFO);

    out->unit = (struct amdvi_ivrs_unit){
        .pci_segment = load_le16(bytes + IVHD_PCI_SEGMENT),
        .device_id = load_le16(bytes + BLOCK_DEVICE_ID),
        .capability_offset = load_le16(bytes + IVHD_CAPABILITY_OFFSET),
        .flags = bytes[BLOCK_FLAGS],
        .msi_num = (uint8_t)field_get(info, IVHD_INFO_MSI_NUM),
        .unit_id = (uint8_t)field_get(info, IVHD_INFO_UNIT_ID),
        .window_spa = load_le64(bytes + IVHD_WINDOW),
    };
    out->entries_offset = out->offset + block_fixed_bytes(out->type);
    if (out->type == TYPE_IVHD_10) {
        out->features = load_le32(bytes + IVHD_FEATURES);
        return;
    }
    out->attributes = load_le32(bytes + IVHD_FEATURES);
    out->efr = load_le64(bytes + IVHD_EFR);
    out->efr2 = load_le64(bytes + IVHD_EFR2);
}

static void decode_ivmd(struct amdvi_ivrs_block *out, const uint8_t *bytes)
{
    uint32_t flags = bytes[BLOCK_FLAGS];
    struct amdvi_ivrs_memory *memory = &out->memory;

    *memory = (struct amdvi_ivrs_memory){
        .pci_segment = load_le16(bytes + IVMD_PCI_SEGMENT),
        .spa_start = load_le64(bytes + IVMD_START),
        .size_bytes = load_le64(bytes + IVMD_SIZE),
        .is_unity = (flags & IVMD_UNITY) != 0,
        .is_exclusion = (flags & IVMD_EXCLUSION) != 0,
        .can_read = (flags & IVMD_READ) != 0,
        .can_write = (flags & IVMD_WRITE) != 0,
    };
    if (out->type == TYPE_IVMD_ALL) {
        memory->kind = AMDVI_IVRS_MEMORY_ALL;
        memory->last_device_id = DEVICE_ID_MAX;
        return;
    }
    memory->device_id = load_le16(bytes + BLOCK_DEVICE_ID);
    if (out->type == TYPE_IVMD_SELECT) {
        memory->kind = AMDVI_IVRS_MEMORY_SELECT;
        memory->last_device_id = memory->device_id;
    } else {
        memory->kind = AMDVI_IVRS_MEMORY_RANGE;
        memory->last_device_id = load_le16(bytes + IVMD_LAST_DEVICE_ID);
    }
}

enum amdvi_ivrs_status amdvi_ivrs_next_block(struct amdvi_ivrs_block_cursor *cursor,
                                             struct amdvi_ivrs_block *out)
{
    const uint8_t *bytes = cursor->table->bytes + cursor->offset;
    uint32_t left = cursor->table->size_bytes - cursor->offset;

    if (left == 0) {
        return AMDVI_IVRS_END;
    }
    if (left < BLOCK_HEADER_BYTES) {
        return fail(&cursor->fault_offset, cursor->offset, AMDVI_IVRS_ERR_BLOCK_BEYOND_TABLE);
    }

    uint8_t type = bytes[BLOCK_TYPE];
    uint32_t length = load_le16(bytes + BLOCK_LENGTH);
    uint32_t length_offset = cursor->offset + BLOCK_LENGTH;
    if (length < block_fixed_bytes(type)) {
        return fail(&cursor->fault_offset, length_offset, AMDVI_IVRS_ERR_BLOCK_LENGTH);
    }
    if (length > left) {
        return fail(&cursor->fault_offset, length_offset, AMDVI_IVRS_ERR_BLOCK_BEYOND_TABLE);
    }

    *out = (struct amdvi_ivrs_block){
        .kind = block_kind(type), .type = type, .offset = cursor->offset, .size_bytes = length};
    if (out->kind == AMDVI_IVRS_BLOCK_IVHD) {
        decode_ivhd(out, bytes);
    } else if (out->kind == AMDVI_IVRS_BLOCK_IVMD) {
        decode_ivmd(out, bytes);
    }
    cursor->offset += length;
    return AMDVI_IVRS_OK;
}

struct amdvi_ivrs_entry_cursor amdvi_ivrs_entries(const struct amdvi_ivrs_table *table,
                                                  const struct amdvi_ivrs_block *block)
{
    uint32_t end = block->offset + block->size_bytes;

    return (struct amdvi_ivrs_entry_cursor){
        .table = table,
        .offset = block->kind == AMDVI_IVRS_BLOCK_IVHD ? block->entries_offset : end,
        .end = end,
    };
}

/*
 * How long the entry at @offset is; it then ends at or before @cursor->end.
 *
 * Choice: F1h to FFh stop the block. The length rule of the fixed types does not reach there and
 * nothing says where their length would be.
 */
static enum amdvi_ivrs_status entry_size(struct amdvi_ivrs_entry_cursor *cursor, uint32_t offset,
                                         uint32_t *out_size_bytes)
{
    const uint8_t *bytes = cursor->table->bytes + offset;
    uint32_t left = cursor->end - offset;
    uint32_t size = ENTRY_SHORT_BYTES;

    if (left == 0) {
        return AMDVI_IVRS_END;
    }
    if (bytes[ENTRY_TYPE] > ENTRY_ACPI_HID) {
        return fail(&cursor->fault_offset, offset, AMDVI_IVRS_ERR_ENTRY_TYPE);
    }
    if (bytes[ENTRY_TYPE] < ENTRY_ACPI_HID) {
        size = UINT32_C(4) << (bytes[ENTRY_TYPE] >> 6);
    } else if (left >= HID_UID) {
        size = HID_UID + (uint32_t)bytes[HID_UID_LENGTH];
    } else {
        size = HID_UID;
    }
    if (size > left) {
        return fail(&cursor->fault_offset, offset, AMDVI_IVRS_ERR_ENTRY_BEYOND_BLOCK);
    }
    *out_size_bytes = size;
    return AMDVI_IVRS_OK;
}

/* Move @offset over padding to the next entry, whose length is then known. */
static enum amdvi_ivrs_status skip_padding(struct amdvi_ivrs_entry_cursor *cursor, uint32_t *offset,
                                           uint32_t *out_size_bytes)
{
    for (;;) { /* moves on by at least 4 bytes of the block each time */
        enum amdvi_ivrs_status status = entry_size(cursor, *offset, out_size_bytes);
        if (status != AMDVI_IVRS_OK) {
            return status;
        }
        uint8_t type = cursor->table->bytes[*offset];
        if (type != ENTRY_PAD4 && type != ENTRY_PAD8) {
            return AMDVI_IVRS_OK;
        }
        *offset += *out_size_bytes;
    }
}

static enum amdvi_ivrs_device_kind device_kind(const uint8_t *bytes)
{
    switch (bytes[ENTRY_TYPE]) {
    case ENTRY_ALL:
        return AMDVI_IVRS_DEVICE_ALL;
    case ENTRY_SELECT:
        return AMDVI_IVRS_DEVICE_SELECT;
    case ENTRY_RANGE_START:
        return AMDVI_IVRS_DEVICE_RANGE;
    case ENTRY_ALIAS_SELECT:
        return AMDVI_IVRS_DEVICE_ALIAS_SELECT;
    case ENTRY_ALIAS_START:
        return AMDVI_IVRS_DEVICE_ALIAS_RANGE;
    case ENTRY_EXTENDED_SELECT:
        return AMDVI_IVRS_DEVICE_EXTENDED_SELECT;
    case ENTRY_EXTENDED_START:
        return AMDVI_IVRS_DEVICE_EXTENDED_RANGE;
    case ENTRY_ACPI_HID:
        return AMDVI_IVRS_DEVICE_ACPI_HID;
    case ENTRY_SPECIAL:
        break;
    default:
        return AMDVI_IVRS_DEVICE_UNKNOWN;
    }
    switch (bytes[SPECIAL_VARIETY]) {
    case VARIETY_IOAPIC:
        return AMDVI_IVRS_DEVICE_IOAPIC;
    case VARIETY_HPET:
        return AMDVI_IVRS_DEVICE_HPET;
    default:
        return AMDVI_IVRS_DEVICE_SPECIAL_OTHER;
    }
}

static void decode_hid(struct amdvi_ivrs_entry *out)
{
    out->hid = out->bytes + HID_HID;
    out->cid = out->bytes + HID_CID;
    out->uid = out->bytes + HID_UID;
    out->uid_format = out->bytes[HID_UID_FORMAT];
    out->uid_bytes = out->bytes[HID_UID_LENGTH];
}

/* Everything but the end of a range, which is another entry. */
static void decode_device(struct amdvi_ivrs_entry *out)
{
    const uint8_t *bytes = out->bytes;
    struct amdvi_ivrs_device *device = &out->device;

    *device = (struct amdvi_ivrs_device){.kind = device_kind(bytes),
                                         .device_id = load_le16(bytes + ENTRY_DEVICE_ID),
                                         .dte_setting = bytes[ENTRY_DTE]};
    switch (device->kind) {
    case AMDVI_IVRS_DEVICE_ALL:
        device->device_id = 0;
        device->last_device_id = DEVICE_ID_MAX;
        return;
    case AMDVI_IVRS_DEVICE_UNKNOWN:
        *device = (struct amdvi_ivrs_device){.kind = AMDVI_IVRS_DEVICE_UNKNOWN};
        return;
    case AMDVI_IVRS_DEVICE_ALIAS_SELECT:
    case AMDVI_IVRS_DEVICE_ALIAS_RANGE:
        device->source_device_id = load_le16(bytes + ENTRY_SOURCE_DEVICE_ID);
        break;
    case AMDVI_IVRS_DEVICE_EXTENDED_SELECT:
    case AMDVI_IVRS_DEVICE_EXTENDED_RANGE:
        device->ats_disabled = (load_le32(bytes + ENTRY_EXTENDED) & EXTENDED_ATS_DISABLED) != 0;
        break;
    case AMDVI_IVRS_DEVICE_IOAPIC:
    case AMDVI_IVRS_DEVICE_HPET:
    case AMDVI_IVRS_DEVICE_SPECIAL_OTHER:
        device->device_id = load_le16(bytes + SPECIAL_DEVICE_ID);
        device->handle = bytes[SPECIAL_HANDLE];
        break;
    case AMDVI_IVRS_DEVICE_ACPI_HID:
        decode_hid(out);
        break;
    case AMDVI_IVRS_DEVICE_SELECT:
    case AMDVI_IVRS_DEVICE_RANGE:
        break;
    }
    device->last_device_id = device->device_id;
}

/* Find the end of the range that @entry starts and make it part of the entry. */
static enum amdvi_ivrs_status close_range(struct amdvi_ivrs_entry_cursor *cursor,
                                          struct amdvi_ivrs_entry *entry)
{
    uint32_t offset = entry->offset + entry->size_bytes;
    uint32_t size = 0;
    enum amdvi_ivrs_status status = skip_padding(cursor, &offset, &size);

    if (status == AMDVI_IVRS_END) {
        return fail(&cursor->fault_offset, offset, AMDVI_IVRS_ERR_RANGE_NOT_CLOSED);
    }
    if (status != AMDVI_IVRS_OK) {
        return status;
    }
    const uint8_t *bytes = cursor->table->bytes + offset;
    if (bytes[ENTRY_TYPE] != ENTRY_RANGE_END) {
        return fail(&cursor->fault_offset, offset, AMDVI_IVRS_ERR_RANGE_NOT_CLOSED);
    }
    entry->device.last_device_id = load_le16(bytes + ENTRY_DEVICE_ID);
    if (entry->device.last_device_id < entry->device.device_id) {
        return fail(&cursor->fault_offset, offset + ENTRY_DEVICE_ID, AMDVI_IVRS_ERR_RANGE_ORDER);
    }
    entry->size_bytes = offset + size - entry->offset;
    return AMDVI_IVRS_OK;
}

enum amdvi_ivrs_status amdvi_ivrs_next_entry(struct amdvi_ivrs_entry_cursor *cursor,
                                             struct amdvi_ivrs_entry *out)
{
    uint32_t offset = cursor->offset;
    uint32_t size = 0;
    enum amdvi_ivrs_status status = skip_padding(cursor, &offset, &size);
    if (status != AMDVI_IVRS_OK) {
        return status;
    }

    const uint8_t *bytes = cursor->table->bytes + offset;
    if (bytes[ENTRY_TYPE] == ENTRY_RANGE_END) {
        return fail(&cursor->fault_offset, offset, AMDVI_IVRS_ERR_RANGE_NOT_OPENED);
    }
    struct amdvi_ivrs_entry entry = {
        .type = bytes[ENTRY_TYPE], .offset = offset, .size_bytes = size, .bytes = bytes};
    decode_device(&entry);
    if (amdvi_ivrs_is_range(entry.device.kind)) {
        status = close_range(cursor, &entry);
        if (status != AMDVI_IVRS_OK) {
            return status;
        }
    }

    *out = entry;
    cursor->offset = offset + entry.size_bytes;
    return AMDVI_IVRS_OK;
}
