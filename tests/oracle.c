/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The oracle: the reference's tables in C, in their order. Bits are numbered as the tables number
 * them; the device table entry's bits run from 0 to 255. Here: what all parts need, and the special
 * address ranges.
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
    [ORACLE_DMA_TUNNEL] = "DMA through the tunnel, HtTunEn=0",
    [ORACLE_DMA_PRETRANSLATED] = "a translated request, passed",
    [ORACLE_DMA_PRETRANSLATED_INTERRUPT] = "a translated write to an interrupt range",
    [ORACLE_DMA_PRETRANSLATED_INTERRUPT_RANGE] = "a translated read of an interrupt range",
    [ORACLE_ATS_IO_RESERVED] = "ATS, port I/O with IoCtl=11",
    [ORACLE_DMA_PRETRANSLATED_REFUSED] = "a translated request, I=0 or V=0",
    [ORACLE_DMA_HT_INTERRUPT_RANGE] = "a read of the HyperTransport interrupt range",
    [ORACLE_DMA_RESERVED_RANGE_POSTED] = "a posted write to the reserved interrupt range",
    [ORACLE_DMA_RESERVED_RANGE_OTHER] = "a read of the reserved interrupt range",
    [ORACLE_DMA_SYSTEM_REFUSED_POSTED] = "a system management message, refused by SysMgt",
    [ORACLE_DMA_SYSTEM_REFUSED_OTHER] = "a read of the system management range, refused by SysMgt",
    [ORACLE_DMA_SYSTEM_FORWARDED] = "a system management message, SysMgt=01",
    [ORACLE_DMA_SYSTEM_INTX] = "an INTx message, SysMgt=10",
    [ORACLE_DMA_SYSTEM_NO_TRANSLATION] = "system management range, SysMgt=11 and TV=0",
    [ORACLE_DMA_ATS_RANGE_POSTED] = "a posted write to the address translation range, HtAtsResv=1",
    [ORACLE_DMA_ATS_RANGE_OTHER] = "a read of the address translation range, HtAtsResv=1",
    [ORACLE_DMA_IO_REFUSED] = "port I/O, IoCtl=00",
    [ORACLE_DMA_IO_FORWARDED] = "port I/O, IoCtl=01",
    [ORACLE_DMA_IO_RESERVED] = "port I/O, IoCtl=11",
    [ORACLE_DMA_IO_NO_TRANSLATION] = "port I/O, IoCtl=10 and TV=0",
    [ORACLE_ATS_DISABLED] = "ATS, IommuEn=0",
    [ORACLE_ATS_BEYOND_TABLE] = "ATS, device id beyond the table",
    [ORACLE_ATS_DTE_UNREADABLE] = "ATS, device table entry unreadable",
    [ORACLE_ATS_DTE_RESERVED] = "ATS, reserved bit in the device table entry",
    [ORACLE_ATS_NOT_ENABLED] = "ATS, V=0 or I=0",
    [ORACLE_ATS_ADDRESS] = "ATS, an address that is not translated",
    [ORACLE_ATS_NO_TRANSLATION] = "ATS, TV=0",
    [ORACLE_ATS_EXCLUDED] = "ATS, in the exclusion range",
    [ORACLE_ATS_MODE_RESERVED] = "ATS, Mode=7",
    [ORACLE_ATS_TABLE_UNREADABLE] = "ATS, page table unreadable",
    [ORACLE_ATS_FAULT] = "ATS, what is a fault to an access",
    [ORACLE_ATS_NOTHING_ALLOWED] = "ATS, neither IR nor IW on the way",
    [ORACLE_ATS_IDENTITY] = "ATS, Mode=0",
    [ORACLE_ATS_PAGE] = "ATS, translated",
    [ORACLE_MSI_TUNNEL] = "MSI through the tunnel, HtTunEn=0",
    [ORACLE_MSI_HT_TYPE_RESERVED] = "HT interrupt, message type that no device sends",
    [ORACLE_MSI_LINT_PASSED] = "HT interrupt, LINT passed",
    [ORACLE_MSI_LINT_REFUSED] = "HT interrupt, LINT refused",
    [ORACLE_MSI_HT_REMAPPED] = "HT interrupt, remapped",
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

enum oracle_range oracle_range_of(uint64_t address)
{
    static const struct {
        uint64_t first;
        uint64_t last;
        enum oracle_range range;
    } rows[] = {
        {UINT64_C(0x00fee00000), UINT64_C(0x00feefffff), ORACLE_RANGE_MSI},
        {UINT64_C(0xfd00000000), UINT64_C(0xfdf7ffffff), ORACLE_RANGE_RESERVED_INTERRUPT},
        {UINT64_C(0xfdf8000000), UINT64_C(0xfdf8ffffff), ORACLE_RANGE_HT_INTERRUPT},
        {UINT64_C(0xfdf9100000), UINT64_C(0xfdf91fffff), ORACLE_RANGE_SYSTEM_MANAGEMENT},
        {UINT64_C(0xfdfb000000), UINT64_C(0xfdfbffffff), ORACLE_RANGE_ATS},
        {UINT64_C(0xfdfc000000), UINT64_C(0xfdfdffffff), ORACLE_RANGE_PORT_IO},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].first <= address && address <= rows[i].last) {
            return rows[i].range;
        }
    }
    return ORACLE_RANGE_MEMORY;
}

bool oracle_tunnel_passes(const struct oracle_machine *machine)
{
    return machine->ht_tunnel && !oracle_bit(machine->control, 1);
}

/* ---- The special address ranges: their table, row by row, for a device with V=1 -------------- */

/* INVALID_DEVICE_REQUEST; RW is not reported. */
static void refuse(const struct dma_question *question, struct oracle_dma_answer *answer,
                   enum oracle_cause cause, unsigned type)
{
    oracle_abort(question, answer, cause, ORACLE_CODE_INVALID_DEVICE_REQUEST, 0,
                 (uint64_t)type << ORACLE_FLAG_TYPE_REQUEST, question->request->iova);
}

static bool is_posted(const struct dma_question *question)
{
    const struct oracle_dma *request = question->request;

    return request->write && !request->read && !request->non_posted;
}

static unsigned system_management(const struct dma_question *question)
{
    return (unsigned)oracle_dte_bits(question->dte, 105, 104);
}

static unsigned port_io(const struct dma_question *question)
{
    return (unsigned)oracle_dte_bits(question->dte, 100, 99);
}

static bool is_translation_valid(const struct dma_question *question)
{
    return oracle_dte_bits(question->dte, 1, 1) == 1;
}

static bool access_system_management(const struct dma_question *question,
                                     struct oracle_dma_answer *answer)
{
    bool posted = is_posted(question);
    bool intx = question->request->intx_message;
    unsigned control = system_management(question);

    if (control == 3 && is_translation_valid(question)) {
        return false;
    }
    if (control == 3) {
        refuse(question, answer, ORACLE_DMA_SYSTEM_NO_TRANSLATION, 7);
    } else if (!posted) {
        refuse(question, answer, ORACLE_DMA_SYSTEM_REFUSED_OTHER, 4);
    } else if (control == 1) {
        oracle_pass(question, answer, ORACLE_DMA_SYSTEM_FORWARDED, false, true);
    } else if (control == 2 && intx) {
        oracle_pass(question, answer, ORACLE_DMA_SYSTEM_INTX, false, true);
    } else {
        refuse(question, answer, ORACLE_DMA_SYSTEM_REFUSED_POSTED, 3);
    }
    return true;
}

static bool access_port_io(const struct dma_question *question, struct oracle_dma_answer *answer)
{
    switch (port_io(question)) {
    case 0:
        refuse(question, answer, ORACLE_DMA_IO_REFUSED, 2);
        return true;
    case 1:
        oracle_pass(question, answer, ORACLE_DMA_IO_FORWARDED, true, true);
        return true;
    case 2:
        if (is_translation_valid(question)) {
            return false;
        }
        refuse(question, answer, ORACLE_DMA_IO_NO_TRANSLATION, 7);
        return true;
    default:
        oracle_illegal_dte(question, answer, ORACLE_DMA_IO_RESERVED, oracle_flag(ORACLE_FLAG_RZ));
        return true;
    }
}

bool oracle_special_access(const struct dma_question *question, struct oracle_dma_answer *answer)
{
    switch (oracle_range_of(question->request->iova)) {
    case ORACLE_RANGE_MSI:
        refuse(question, answer, ORACLE_DMA_INTERRUPT_RANGE, 0);
        return true;
    case ORACLE_RANGE_RESERVED_INTERRUPT:
        if (is_posted(question)) {
            refuse(question, answer, ORACLE_DMA_RESERVED_RANGE_POSTED, 6);
        } else {
            refuse(question, answer, ORACLE_DMA_RESERVED_RANGE_OTHER, 0);
        }
        return true;
    case ORACLE_RANGE_HT_INTERRUPT:
        refuse(question, answer, ORACLE_DMA_HT_INTERRUPT_RANGE, 0);
        return true;
    case ORACLE_RANGE_SYSTEM_MANAGEMENT:
        return access_system_management(question, answer);
    case ORACLE_RANGE_ATS:
        if (!question->machine->ht_ats_resv) {
            return false;
        }
        if (is_posted(question)) {
            refuse(question, answer, ORACLE_DMA_ATS_RANGE_POSTED, 3);
        } else {
            refuse(question, answer, ORACLE_DMA_ATS_RANGE_OTHER, 4);
        }
        return true;
    case ORACLE_RANGE_PORT_IO:
        return access_port_io(question, answer);
    case ORACLE_RANGE_MEMORY:
    default:
        return false;
    }
}

bool oracle_special_refuses_ats(const struct dma_question *question)
{
    switch (oracle_range_of(question->request->iova)) {
    case ORACLE_RANGE_MSI:
    case ORACLE_RANGE_RESERVED_INTERRUPT:
    case ORACLE_RANGE_HT_INTERRUPT:
        return true;
    case ORACLE_RANGE_SYSTEM_MANAGEMENT:
        return system_management(question) != 3 || !is_translation_valid(question);
    case ORACLE_RANGE_ATS:
        return question->machine->ht_ats_resv;
    case ORACLE_RANGE_PORT_IO:
        return port_io(question) != 2 || !is_translation_valid(question);
    case ORACLE_RANGE_MEMORY:
    default:
        return false;
    }
}
