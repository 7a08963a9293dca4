/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The oracle: the reference's tables in C, in their order. Bits are numbered as the tables number
 * them; the device table entry's bits run from 0 to 255. Here: what both halves need.
 */
#include "oracle_parts.h"

const char *const oracle_cause_names[ORACLE_CAUSES] = {
    [ORACLE_DMA_INTERRUPT] = "a write to the interrupt range",
    [ORACLE_DMA_DISABLED] = "DMA, IommuEn=0",
    [ORACLE_DMA_BEYOND_TABLE] = "DMA, device id beyond the table",
    [ORACLE_DMA_DTE_UNREADABLE] = "DMA, device table entry unreadable",
    [ORACLE_DMA_NOT_VALID] = "DMA, V=0",
    [ORACLE_DMA_DTE_RESERVED] = "DMA, reserved bit in the device table entry",
    [ORACLE_DMA_INTERRUPT_RANGE] = "a read of the interrupt range",
    [ORACLE_DMA_EXCLUDED] = "DMA, in the exclusion range",
    [ORACLE_DMA_NO_TRANSLATION] = "DMA, TV=0",
    [ORACLE_DMA_DTE_PERMISSION] = "DMA, refused by IR/IW of the device table entry",
    [ORACLE_DMA_IDENTITY] = "DMA, Mode=0",
    [ORACLE_DMA_MODE_RESERVED] = "DMA, Mode=7",
    [ORACLE_DMA_BEYOND_MODE] = "DMA, IOVA bits above Mode",
    [ORACLE_DMA_TABLE_UNREADABLE] = "DMA, page table unreadable",
    [ORACLE_DMA_NOT_PRESENT] = "DMA, PR=0",
    [ORACLE_DMA_ENTRY_RESERVED] = "DMA, reserved bit in a page table entry",
    [ORACLE_DMA_PERMISSION] = "DMA, refused by IR/IW of a page table entry",
    [ORACLE_DMA_LEAF_TOO_HIGH] = "DMA, NextLevel=0 at level 6",
    [ORACLE_DMA_SIZE_ILLEGAL] = "DMA, illegal size with NextLevel=7",
    [ORACLE_DMA_LEVEL_ILLEGAL] = "DMA, illegal NextLevel",
    [ORACLE_DMA_SKIPPED_BITS] = "DMA, skipped IOVA bits not 0",
    [ORACLE_DMA_PAGE] = "DMA, translated",
    [ORACLE_MSI_DISABLED] = "MSI, IommuEn=0",
    [ORACLE_MSI_BEYOND_TABLE] = "MSI, device id beyond the table",
    [ORACLE_MSI_DTE_UNREADABLE] = "MSI, device table entry unreadable",
    [ORACLE_MSI_NOT_VALID] = "MSI, IV=0",
    [ORACLE_MSI_DTE_RESERVED] = "MSI, reserved bit in the device table entry",
    [ORACLE_MSI_SYSTEM_MANAGEMENT] = "MSI, SMI",
    [ORACLE_MSI_MODE_RESERVED] = "MSI, reserved delivery mode",
    [ORACLE_MSI_PASSED] = "MSI, NMI, INIT or ExtInt passed",
    [ORACLE_MSI_REFUSED] = "MSI, NMI, INIT or ExtInt refused",
    [ORACLE_MSI_CONTROL_ABORT] = "MSI, IntCtl=00",
    [ORACLE_MSI_CONTROL_FORWARD] = "MSI, IntCtl=01",
    [ORACLE_MSI_CONTROL_RESERVED] = "MSI, IntCtl=11",
    [ORACLE_MSI_LENGTH_RESERVED] = "MSI, IntTabLen above 11",
    [ORACLE_MSI_BEYOND_LENGTH] = "MSI, index beyond IntTabLen",
    [ORACLE_MSI_TABLE_UNREADABLE] = "MSI, interrupt table unreadable",
    [ORACLE_MSI_NOT_ENABLED] = "MSI, RemapEn=0",
    [ORACLE_MSI_ENTRY_RESERVED] = "MSI, reserved bit in the interrupt table entry",
    [ORACLE_MSI_TYPE_RESERVED] = "MSI, reserved IntType",
    [ORACLE_MSI_REMAPPED] = "MSI, remapped",
};

enum oracle_read oracle_read_memory(const struct oracle_machine *machine, uint64_t spa,
                                    unsigned size_bytes, uint64_t *out)
{
    if (spa >= machine->memory_bytes || machine->memory_bytes - spa < size_bytes) {
        return ORACLE_READ_MASTER_ABORT;
    }
    if (machine->bad_page != 0 && spa >= machine->bad_page && spa < machine->bad_page + 4096) {
        return ORACLE_READ_DATA_ERROR;
    }
    *out = 0;
    for (unsigned i = 0; i < size_bytes; i++) {
        *out = *out | ((uint64_t)machine->memory[spa + i] << (8 * i));
    }
    return ORACLE_READ_DONE;
}

void oracle_event_set(const struct oracle_machine *machine, struct oracle_event *event,
                      unsigned code, uint16_t device_id, uint64_t domain_id, uint64_t flags,
                      uint64_t address)
{
    uint64_t first = device_id | (domain_id << 32) | flags | ((uint64_t)code << 60);

    event->due = oracle_bit(machine->control, 0) && oracle_bit(machine->control, 2);
    for (unsigned i = 0; i < 8; i++) {
        event->bytes[i] = (uint8_t)(first >> (8 * i));
        event->bytes[8 + i] = (uint8_t)(address >> (8 * i));
    }
}

bool oracle_is_beyond_table(const struct oracle_machine *machine, uint16_t device_id)
{
    return device_id >= (oracle_bits(machine->device_table, 8, 0) + 1) * 128;
}

uint64_t oracle_dte_address(const struct oracle_machine *machine, uint16_t device_id)
{
    return (oracle_bits(machine->device_table, 51, 12) << 12) + 32 * (uint64_t)device_id;
}

enum oracle_read oracle_read_dte(const struct oracle_machine *machine, uint16_t device_id,
                                 uint64_t dte[4])
{
    for (unsigned i = 0; i < 4; i++) {
        enum oracle_read end =
            oracle_read_memory(machine, oracle_dte_address(machine, device_id) + 8 * i, 8, &dte[i]);
        if (end != ORACLE_READ_DONE) {
            return end;
        }
    }
    return ORACLE_READ_DONE;
}

uint64_t oracle_dte_bits(const uint64_t dte[4], unsigned high, unsigned low)
{
    return oracle_bits(dte[low / 64], high % 64, low % 64);
}

bool oracle_is_interrupt_range(uint64_t address)
{
    return address >= UINT64_C(0xfee00000) && address <= UINT64_C(0xfeefffff);
}
