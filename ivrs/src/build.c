/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing an IVRS of revision 1.20 from a description that describe.c found good. Nothing can fail
 * here any more.
 */
#include "amdvi/ivrs.h"

#include "layout.h"
#include "shared.h"

/* Pads with spaces, as ACPI's strings usually are. */
static void write_string(uint8_t *bytes, const char *string, uint32_t size_bytes)
{
    for (uint32_t i = 0; i < size_bytes; i++) {
        bytes[i] = *string != '\0' ? (uint8_t)*string++ : (uint8_t)' ';
    }
}

static uint32_t ivinfo_encode(const struct amdvi_ivrs_description *description)
{
    return field_put(IVINFO_VA_SIZE, description->va_bits) |
           field_put(IVINFO_PA_SIZE, description->pa_bits) |
           (description->ht_ats_reserved ? IVINFO_HT_ATS_RESV : 0) |
           (description->dma_protection ? IVINFO_DMA_REMAP : 0);
}

static void write_header(uint8_t *table, const struct amdvi_ivrs_description *description,
                         uint32_t size_bytes)
{
    __builtin_memcpy(table + TABLE_SIGNATURE, "IVRS", 4);
    store_le32(table + TABLE_LENGTH, size_bytes);
    table[TABLE_REVISION] = 1;
    write_string(table + TABLE_OEM_ID, description->oem_id, OEM_ID_BYTES);
    write_string(table + TABLE_OEM_TABLE_ID, description->oem_table_id, OEM_TABLE_ID_BYTES);
    store_le32(table + TABLE_OEM_REVISION, description->oem_revision);
    write_string(table + TABLE_CREATOR_ID, description->creator_id, CREATOR_ID_BYTES);
    store_le32(table + TABLE_CREATOR_REVISION, description->creator_revision);
    store_le32(table + TABLE_IVINFO, ivinfo_encode(description));
}

static void write_range_end(uint8_t *bytes, uint16_t last_device_id)
{
    bytes[ENTRY_TYPE] = ENTRY_RANGE_END;
    store_le16(bytes + ENTRY_DEVICE_ID, last_device_id);
}

static uint8_t entry_type(enum amdvi_ivrs_device_kind kind)
{
    switch (kind) {
    case AMDVI_IVRS_DEVICE_SELECT:
        return ENTRY_SELECT;
    case AMDVI_IVRS_DEVICE_RANGE:
        return ENTRY_RANGE_START;
    case AMDVI_IVRS_DEVICE_ALIAS_SELECT:
        return ENTRY_ALIAS_SELECT;
    case AMDVI_IVRS_DEVICE_ALIAS_RANGE:
        return ENTRY_ALIAS_START;
    case AMDVI_IVRS_DEVICE_EXTENDED_SELECT:
        return ENTRY_EXTENDED_SELECT;
    case AMDVI_IVRS_DEVICE_EXTENDED_RANGE:
        return ENTRY_EXTENDED_START;
    case AMDVI_IVRS_DEVICE_IOAPIC:
    case AMDVI_IVRS_DEVICE_HPET:
        return ENTRY_SPECIAL;
    case AMDVI_IVRS_DEVICE_ALL:
    case AMDVI_IVRS_DEVICE_SPECIAL_OTHER:
    case AMDVI_IVRS_DEVICE_ACPI_HID:
    case AMDVI_IVRS_DEVICE_UNKNOWN:
        break; /* describe.c lets none through */
    }
    return ENTRY_PAD4;
}

static void write_special(uint8_t *bytes, const struct amdvi_ivrs_device *device)
{
    bytes[SPECIAL_HANDLE] = device->handle;
    store_le16(bytes + SPECIAL_DEVICE_ID, device->device_id);
    bytes[SPECIAL_VARIETY] =
        device->kind == AMDVI_IVRS_DEVICE_IOAPIC ? VARIETY_IOAPIC : VARIETY_HPET;
}

/* The bytes are zero so far. */
static void write_device(uint8_t *bytes, const struct amdvi_ivrs_device *device)
{
    uint32_t size_bytes = amdvi_ivrs_device_bytes(device->kind);

    bytes[ENTRY_TYPE] = entry_type(device->kind);
    bytes[ENTRY_DTE] = device->dte_setting;
    if (amdvi_ivrs_is_special(device->kind)) {
        write_special(bytes, device);
        return;
    }
    store_le16(bytes + ENTRY_DEVICE_ID, device->device_id);
    if (amdvi_ivrs_is_alias(device->kind)) {
        store_le16(bytes + ENTRY_SOURCE_DEVICE_ID, device->source_device_id);
    } else if (amdvi_ivrs_is_extended(device->kind)) {
        store_le32(bytes + ENTRY_EXTENDED, device->ats_disabled ? EXTENDED_ATS_DISABLED : 0);
    }
    if (amdvi_ivrs_is_range(device->kind)) {
        write_range_end(bytes + size_bytes - ENTRY_SHORT_BYTES, device->last_device_id);
    }
}

static uint32_t write_ivhd(uint8_t *bytes, const struct amdvi_ivrs_unit_description *description)
{
    const struct amdvi_ivrs_unit *unit = &description->unit;
    const struct amdvi_ivrs_device filler = amdvi_ivrs_filler(description);
    uint16_t block_bytes = (uint16_t)amdvi_ivrs_unit_bytes(description);
    uint32_t info =
        field_put(IVHD_INFO_MSI_NUM, unit->msi_num) | field_put(IVHD_INFO_UNIT_ID, unit->unit_id);
    uint32_t offset = IVHD_10_BYTES;

    bytes[BLOCK_TYPE] = TYPE_IVHD_10;
    bytes[BLOCK_FLAGS] = unit->flags;
    store_le16(bytes + BLOCK_LENGTH, block_bytes);
    store_le16(bytes + BLOCK_DEVICE_ID, unit->device_id);
    store_le16(bytes + IVHD_CAPABILITY_OFFSET, unit->capability_offset);
    store_le64(bytes + IVHD_WINDOW, unit->window_spa);
    store_le16(bytes + IVHD_PCI_SEGMENT, unit->pci_segment);
    store_le16(bytes + IVHD_INFO, (uint16_t)info);
    for (uint32_t i = 0; i < description->device_count; i++) {
        write_device(bytes + offset, &description->devices[i]);
        offset += amdvi_ivrs_device_bytes(description->devices[i].kind);
    }
    while (offset < block_bytes) {
        write_device(bytes + offset, &filler);
        offset += amdvi_ivrs_device_bytes(filler.kind);
    }
    return block_bytes;
}

static uint8_t ivmd_flags(const struct amdvi_ivrs_memory *memory)
{
    if (memory->is_exclusion) {
        return IVMD_EXCLUSION;
    }
    return (uint8_t)(IVMD_UNITY | (memory->can_read ? IVMD_READ : 0) |
                     (memory->can_write ? IVMD_WRITE : 0));
}

static void write_ivmd(uint8_t *bytes, const struct amdvi_ivrs_memory *memory)
{
    switch (memory->kind) {
    case AMDVI_IVRS_MEMORY_ALL:
        bytes[BLOCK_TYPE] = TYPE_IVMD_ALL;
        break;
    case AMDVI_IVRS_MEMORY_SELECT:
        bytes[BLOCK_TYPE] = TYPE_IVMD_SELECT;
        store_le16(bytes + BLOCK_DEVICE_ID, memory->device_id);
        break;
    case AMDVI_IVRS_MEMORY_RANGE:
        bytes[BLOCK_TYPE] = TYPE_IVMD_RANGE;
        store_le16(bytes + BLOCK_DEVICE_ID, memory->device_id);
        store_le16(bytes + IVMD_LAST_DEVICE_ID, memory->last_device_id);
        break;
    }
    bytes[BLOCK_FLAGS] = ivmd_flags(memory);
    store_le16(bytes + BLOCK_LENGTH, IVMD_BYTES);
    store_le16(bytes + IVMD_PCI_SEGMENT, memory->pci_segment);
    store_le64(bytes + IVMD_START, memory->spa_start);
    store_le64(bytes + IVMD_SIZE, memory->size_bytes);
}

static uint8_t checksum(const uint8_t *bytes, uint32_t size_bytes)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < size_bytes; i++) {
        sum += bytes[i];
    }
    return (uint8_t)((0x100 - (sum & 0xff)) & 0xff);
}

enum amdvi_ivrs_status amdvi_ivrs_size(const struct amdvi_ivrs_description *description,
                                       uint32_t *out_size_bytes,
                                       struct amdvi_ivrs_refusal *out_refusal)
{
    struct amdvi_ivrs_refusal refusal = {AMDVI_IVRS_NO_INDEX, AMDVI_IVRS_NO_INDEX,
                                         AMDVI_IVRS_NO_INDEX};
    enum amdvi_ivrs_status status = AMDVI_IVRS_ERR_ARGUMENT;

    if (description != NULL && out_size_bytes != NULL) {
        status = amdvi_ivrs_describe(description, out_size_bytes, &refusal);
    }
    if (status != AMDVI_IVRS_OK && out_refusal != NULL) {
        *out_refusal = refusal;
    }
    return status;
}

enum amdvi_ivrs_status amdvi_ivrs_build(const struct amdvi_ivrs_description *description,
                                        void *buffer, size_t buffer_bytes, uint32_t *out_size_bytes,
                                        struct amdvi_ivrs_refusal *out_refusal)
{
    uint8_t *table = buffer;
    uint32_t size_bytes = 0;
    uint32_t offset = TABLE_HEADER_BYTES;

    enum amdvi_ivrs_status status = amdvi_ivrs_size(description, &size_bytes, out_refusal);
    if (status == AMDVI_IVRS_OK && (table == NULL || buffer_bytes < size_bytes)) {
        status = AMDVI_IVRS_ERR_BUFFER_TOO_SMALL;
        if (out_refusal != NULL) {
            *out_refusal = (struct amdvi_ivrs_refusal){AMDVI_IVRS_NO_INDEX, AMDVI_IVRS_NO_INDEX,
                                                       AMDVI_IVRS_NO_INDEX};
        }
    }
    if (status != AMDVI_IVRS_OK) {
        return status;
    }

    __builtin_memset(table, 0, size_bytes);
    write_header(table, description, size_bytes);
    for (uint32_t i = 0; i < description->unit_count; i++) {
        offset += write_ivhd(table + offset, &description->units[i]);
    }
    for (uint32_t i = 0; i < description->memory_count; i++) {
        write_ivmd(table + offset, &description->memory[i]);
        offset += IVMD_BYTES;
    }
    table[TABLE_CHECKSUM] = checksum(table, size_bytes);
    if (out_size_bytes != NULL) {
        *out_size_bytes = size_bytes;
    }
    return AMDVI_IVRS_OK;
}
