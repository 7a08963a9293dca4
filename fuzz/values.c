/* SPDX-License-Identifier: BSD-2-Clause */
/* Values from the fuzzer's bytes: mostly what software might write, sometimes anything. */
#include "harness.h"

#include <amdvi/command.h>
#include <amdvi/dte.h>
#include <amdvi/irte.h>
#include <amdvi/pte.h>

uint8_t fuzz_u8(struct fuzz_input *input)
{
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->bytes++;
}

uint16_t fuzz_u16(struct fuzz_input *input)
{
    unsigned low = fuzz_u8(input);

    return (uint16_t)(low | (unsigned)fuzz_u8(input) << 8);
}

uint32_t fuzz_u32(struct fuzz_input *input)
{
    uint32_t low = fuzz_u16(input);

    return low | (uint32_t)fuzz_u16(input) << 16;
}

uint64_t fuzz_u64(struct fuzz_input *input)
{
    uint64_t low = fuzz_u32(input);

    return low | (uint64_t)fuzz_u32(input) << 32;
}

unsigned fuzz_below(struct fuzz_input *input, unsigned count)
{
    return fuzz_u8(input) % count;
}

bool fuzz_often(struct fuzz_input *input, unsigned of)
{
    return input->left != 0 && fuzz_u8(input) >= 256 - of;
}

/* Where no RAM is, and where other things might be. */
static const uint64_t strange_pages[] = {
    FUZZ_MEMORY_BYTES,  0x000ffffffffff000, 0xfffffffffffff000, 0x0010000000000000,
    0x0000008000000000, 0x00000000fed80000, 0x00000000fed90000, AMDVI_MSI_BASE,
    0x00000000fef00000, 0x000000fd00000000, 0x000000fdf8000000, 0x000000fdf9000000,
    0x000000fe00000000, 0x000000fdf9100000, 0x000000fdfb000000, 0x000000fdfc000000,
    0x000000fdfe000000, 0x000000fdf9200000, 0x000000fe20000000, 0x0000010000000000,
    0x0008000000000000, 0x00000000fffff000,
};

#define STRANGE_PAGES (sizeof(strange_pages) / sizeof(strange_pages[0]))

uint64_t fuzz_page(struct fuzz_input *input)
{
    unsigned byte = fuzz_u8(input);

    if (byte < 2 * FUZZ_PAGES + 96) {
        return byte % FUZZ_PAGES * FUZZ_PAGE;
    }
    return byte < 255 ? strange_pages[byte % STRANGE_PAGES] : fuzz_u64(input) & ~(FUZZ_PAGE - 1);
}

uint64_t fuzz_address(struct fuzz_input *input)
{
    uint64_t page = fuzz_page(input);

    return page + fuzz_u16(input) % FUZZ_PAGE;
}

/* An IOVA whose index at each level is one of few, so that requests and tables meet. */
static uint64_t digits(struct fuzz_input *input)
{
    static const unsigned few[4] = {0, 1, 2, 511};
    unsigned chosen = fuzz_u16(input);
    uint64_t iova = 0;

    for (unsigned level = 1; level <= 6; level++) {
        iova |= (uint64_t)few[chosen & 3] << amdvi_level_shift(level);
        chosen >>= 2;
    }
    return iova | (fuzz_u16(input) & (FUZZ_PAGE - 1));
}

uint64_t fuzz_iova(struct fuzz_input *input)
{
    unsigned form = fuzz_below(input, 8);

    if (form < 3) {
        return digits(input);
    }
    if (form < 6) {
        /* A low address: what a table of one or two levels translates. */
        uint64_t number = fuzz_u8(input);
        return number * FUZZ_PAGE + fuzz_u8(input) * 16U;
    }
    if (form == 6) {
        uint64_t page = strange_pages[fuzz_below(input, STRANGE_PAGES)];
        return page + (uint64_t)(int64_t)(int16_t)fuzz_u16(input);
    }
    return fuzz_u64(input);
}

uint16_t fuzz_device(struct fuzz_input *input)
{
    unsigned byte = fuzz_u8(input);

    return byte < 250 ? (uint16_t)(byte % 8) : fuzz_u16(input);
}

uint16_t fuzz_domain(struct fuzz_input *input)
{
    unsigned byte = fuzz_u8(input);

    return byte < 250 ? (uint16_t)(byte % 4) : fuzz_u16(input);
}

/* RAM that is meant for tables. */
static uint64_t table_page(struct fuzz_input *input)
{
    unsigned byte = fuzz_u8(input);

    return byte < 192 ? (FUZZ_TABLES + byte % 16) * FUZZ_PAGE : fuzz_page(input);
}

uint64_t fuzz_table_entry(struct fuzz_input *input)
{
    unsigned form = fuzz_u8(input);
    unsigned next_level = form & 7;
    uint64_t entry = amdvi_put(AMDVI_PTE_NEXT_LEVEL, next_level);

    if (form == 0xff) {
        return fuzz_u64(input);
    }
    if (form == 0xfe) {
        return UINT64_MAX;
    }
    entry |= (form & 0x18) != 0x18 ? AMDVI_PTE_PR : 0;
    entry |= (form & 0x60) != 0x20 ? AMDVI_PTE_IR : 0;
    entry |= (form & 0x60) != 0x40 ? AMDVI_PTE_IW : 0;
    if (next_level == AMDVI_NEXT_LEVEL_LEAF) {
        entry |= fuzz_page(input) & AMDVI_PTE_ADDRESS;
    } else if (next_level == AMDVI_NEXT_LEVEL_SIZE) {
        unsigned size_log2 = 12 + fuzz_below(input, 42);
        entry |= (fuzz_page(input) | (AMDVI_BIT(size_log2) - 1) >> 1) & AMDVI_PTE_ADDRESS;
    } else {
        entry |= table_page(input) & AMDVI_PTE_ADDRESS;
    }
    if ((form & 0x80) != 0) {
        entry ^= AMDVI_BIT(fuzz_below(input, 64));
    }
    return entry;
}

static uint64_t device_word1(struct fuzz_input *input)
{
    uint64_t word = amdvi_put(AMDVI_DTE1_DOMAIN_ID, fuzz_domain(input));

    /* I, SE, SA, IoCtl, Cache, SD, EX, SysMgt. */
    return word | amdvi_put(AMDVI_BITS(41, 32), fuzz_often(input, 96) ? fuzz_u16(input) : 0);
}

static uint64_t device_word2(struct fuzz_input *input)
{
    unsigned form = fuzz_u8(input);
    uint64_t word = (form & 1) == 0 ? AMDVI_DTE2_IV : 0;

    word |= (form & 6) != 6 ? amdvi_put(AMDVI_DTE2_INT_CTL, AMDVI_INT_CTL_REMAP)
                            : amdvi_put(AMDVI_DTE2_INT_CTL, form >> 3);
    word |= amdvi_put(AMDVI_DTE2_INT_TAB_LEN, fuzz_below(input, 16));
    word |= (table_page(input) | (uint64_t)fuzz_below(input, 64) << 6) & AMDVI_DTE2_INT_TAB_ROOT;
    word |= amdvi_put(AMDVI_BITS(58, 56), form >> 5);
    return (form & 0x18) == 0x18 ? word | AMDVI_DTE2_IG : word;
}

void fuzz_device_entry(struct fuzz_input *input, uint64_t word[4])
{
    unsigned form = fuzz_u8(input);
    unsigned mode = form & 7;

    for (unsigned i = 0; form >= 0xfe && i < 4; i++) {
        word[i] = form == 0xff ? UINT64_MAX : fuzz_u64(input);
    }
    if (form >= 0xfe) {
        return;
    }
    word[0] = (form & 0x38) != 0x08 ? AMDVI_DTE0_V : 0;
    word[0] |= (form & 0x38) != 0x10 ? AMDVI_DTE0_TV : 0;
    word[0] |= (form & 0x38) != 0x18 ? AMDVI_DTE0_IR : 0;
    word[0] |= (form & 0x38) != 0x20 ? AMDVI_DTE0_IW : 0;
    word[0] |= amdvi_put(AMDVI_DTE0_MODE, mode) | (table_page(input) & AMDVI_DTE0_PT_ROOT);
    word[1] = device_word1(input);
    word[2] = device_word2(input);
    word[3] = 0;
    if ((form & 0xc0) == 0xc0) {
        unsigned bit = fuzz_u8(input);
        word[bit / 64] ^= AMDVI_BIT(bit % 64);
    }
}

uint32_t fuzz_interrupt_entry(struct fuzz_input *input)
{
    unsigned form = fuzz_u8(input);
    struct amdvi_irte irte = {
        .remap_enable = (form & 3) != 0,
        .suppress_fault = (form & 0x0c) == 0x0c,
        .int_type = (uint8_t)((form & 0x30) == 0x30 ? form & 7 : 0),
        .request_eoi = (form & 0x40) != 0,
        .logical = (form & 0x80) != 0,
        .destination = fuzz_u8(input),
        .vector = fuzz_u8(input),
    };

    if (form == 0xff) {
        return fuzz_u32(input);
    }
    return amdvi_irte_encode(&irte);
}

static uint64_t command_address(struct fuzz_input *input, bool size)
{
    uint64_t address = fuzz_iova(input) & AMDVI_INV_PAGES_ADDRESS;

    return size ? address | ((AMDVI_BIT(12 + fuzz_below(input, 52)) - 1) & ~(FUZZ_PAGE - 1))
                : address;
}

void fuzz_command(struct fuzz_input *input, uint64_t word[2])
{
    unsigned form = fuzz_u8(input);
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_COMPLETION_WAIT};
    struct amdvi_wire_command wire;

    command.size = (form & 0x10) != 0;
    if ((form & 7) >= AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY &&
        (form & 7) <= AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE) {
        command.opcode = (enum amdvi_opcode)(form & 7);
        command.device_id = fuzz_device(input);
        command.domain_id = fuzz_domain(input);
        command.address = command_address(input, command.size);
        command.queue_id = command.device_id;
        command.max_pend = (uint8_t)form;
        command.pde = (form & 0x20) != 0;
    } else {
        command.store = (form & 0x10) != 0;
        command.interrupt = (form & 0x20) != 0;
        command.flush = (form & 0x40) != 0;
        command.store_address = command.store ? fuzz_address(input) : 0;
        command.store_data = command.store ? fuzz_u8(input) * UINT64_C(0x0101010101010101) : 0;
    }
    amdvi_command_encode(&wire, &command);
    word[0] = amdvi_le64_decode(&wire.word[0]);
    word[1] = amdvi_le64_decode(&wire.word[1]);
    if ((form & 0x88) == 0x88) {
        unsigned bit = fuzz_u8(input) % 128;
        word[bit / 64] ^= AMDVI_BIT(bit % 64);
    }
}
