/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the decoders make of entries, and the encoders of structs. Positions are test_layout.c's
 * business; here each member must come from one field only, and every illegal value be called so.
 */
#include <amdvi/cap.h>
#include <amdvi/command.h>
#include <amdvi/dte.h>
#include <amdvi/event.h>
#include <amdvi/irte.h>
#include <amdvi/pte.h>
#include <amdvi/ranges.h>
#include <amdvi/regs.h>

#include "check.h"

#include <string.h>

static void bits_are_found_with_and_without_an_instruction(void)
{
    uint64_t noise = 0x9e3779b97f4a7c15;

    for (unsigned i = 0; i < 64; i++) {
        for (unsigned j = i; j < 64; j++) {
            uint64_t between = (noise >> (63 - (j - i)) << i) & AMDVI_BITS(j, i);
            uint64_t word = AMDVI_BIT(i) | AMDVI_BIT(j) | between;

            CHECK_U64(amdvi_lowest_bit(word), i);
            CHECK_U64(amdvi_highest_bit(word), j);
            CHECK_U64(amdvi_lowest_bit_by_halves(word), i);
            CHECK_U64(amdvi_highest_bit_by_halves(word), j);
        }
    }
}

static void dte_of_words(struct amdvi_wire_dte *out, const uint64_t words[4])
{
    for (unsigned i = 0; i < 4; i++) {
        amdvi_le64_encode(&out->word[i], words[i]);
    }
}

/* All members of the struct, so that two of them can be compared byte by byte. */
static void dte_of_bit(struct amdvi_dte *out, unsigned bit)
{
    uint64_t words[4] = {0};
    struct amdvi_wire_dte wire;

    words[bit / 64] = AMDVI_BIT(bit % 64);
    dte_of_words(&wire, words);
    amdvi_dte_decode(out, &wire);
}

static bool is_same_dte(const struct amdvi_dte *a, const struct amdvi_dte *b)
{
    struct amdvi_wire_dte wire_a;
    struct amdvi_wire_dte wire_b;

    amdvi_dte_encode(&wire_a, a);
    amdvi_dte_encode(&wire_b, b);
    return memcmp(&wire_a, &wire_b, sizeof(wire_a)) == 0 &&
           a->memory_reserved == b->memory_reserved && a->intr_reserved == b->intr_reserved;
}

/* From the reference: the reserved bits of the four quadwords. */
static const uint64_t dte_reserved[4] = {0x9ff00000000001fc, 0xfffffc00ffff0000, 0x08f0000000000000,
                                         0xffffffffffffffff};

static void every_dte_bit_is_kept_or_reserved(void)
{
    for (unsigned bit = 0; bit < 256; bit++) {
        struct amdvi_dte dte;
        struct amdvi_wire_dte wire;
        bool is_reserved = (dte_reserved[bit / 64] >> (bit % 64) & 1) != 0;

        dte_of_bit(&dte, bit);
        CHECK_U64(dte.memory_reserved, is_reserved && bit < 128);
        CHECK_U64(dte.intr_reserved, is_reserved && bit >= 128);
        amdvi_dte_encode(&wire, &dte);
        for (unsigned i = 0; i < 4; i++) {
            uint64_t want = i == bit / 64 && !is_reserved ? AMDVI_BIT(bit % 64) : 0;
            CHECK_U64(amdvi_le64_decode(&wire.word[i]), want);
        }
    }
}

static void dte_members_come_from_their_bits(void)
{
    struct amdvi_dte dte;
    static const struct {
        unsigned bit;
        struct amdvi_dte want;
    } rows[] = {
        {0, {.valid = true}},
        {1, {.translation = true}},
        {9, {.mode = 1}},
        {11, {.mode = 4}},
        {12, {.page_root = 0x1000}},
        {51, {.page_root = UINT64_C(1) << 51}},
        {61, {.read = true}},
        {62, {.write = true}},
        {64, {.domain_id = 1}},
        {79, {.domain_id = 0x8000}},
        {96, {.iotlb = true}},
        {97, {.suppress_more = true}},
        {98, {.suppress_all = true}},
        {99, {.io_ctl = 1}},
        {101, {.cache_hint = true}},
        {102, {.snoop_disable = true}},
        {103, {.exclusion = true}},
        {105, {.sys_mgt = 2}},
        {128, {.interrupt_valid = true}},
        {129, {.int_tab_len = 1}},
        {132, {.int_tab_len = 8}},
        {133, {.ignore_unmapped = true}},
        {134, {.interrupt_root = 0x40}},
        {179, {.interrupt_root = UINT64_C(1) << 51}},
        {184, {.init_pass = true}},
        {185, {.eint_pass = true}},
        {186, {.nmi_pass = true}},
        {188, {.int_ctl = 1}},
        {189, {.int_ctl = 2}},
        {190, {.lint0_pass = true}},
        {191, {.lint1_pass = true}},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        dte_of_bit(&dte, rows[i].bit);
        if (!CHECK(is_same_dte(&dte, &rows[i].want))) {
            printf("#   in row: bit %u\n", rows[i].bit);
        }
    }
}

static void a_pte_is_not_present_whatever_else_it_holds(void)
{
    for (unsigned level = 1; level <= 6; level++) {
        CHECK_U64(amdvi_pte_decode(~AMDVI_PTE_PR, level).kind, AMDVI_PTE_NOT_PRESENT);
    }
}

static void next_level_decides_what_an_entry_is(void)
{
    for (unsigned level = 1; level <= 6; level++) {
        for (unsigned next = 1; next <= 6; next++) {
            struct amdvi_pte pte = amdvi_pte_decode(
                AMDVI_PTE_PR | amdvi_put(AMDVI_PTE_NEXT_LEVEL, next) | 0x5000, level);
            CHECK_U64(pte.kind, next < level ? AMDVI_PTE_POINTER : AMDVI_PTE_BAD_LEVEL);
            if (pte.kind == AMDVI_PTE_POINTER) {
                CHECK_U64(pte.next_level, next);
                CHECK_U64(pte.spa, 0x5000);
            }
        }
        struct amdvi_pte leaf = amdvi_pte_decode(AMDVI_PTE_PR | AMDVI_PTE_FC | AMDVI_PTE_IW, level);
        CHECK_U64(leaf.kind, level < 6 ? AMDVI_PTE_LEAF : AMDVI_PTE_BAD_LEVEL);
        CHECK(!leaf.read);
        CHECK(leaf.write);
        if (level < 6) {
            CHECK_U64(leaf.size_log2, 12 + 9 * (level - 1));
            CHECK(leaf.force_coherent);
            CHECK(!leaf.untranslated);
        }
    }
}

static void size_encoded_pages_fit_between_their_level_and_the_next(void)
{
    for (unsigned level = 1; level <= 6; level++) {
        for (unsigned size = 13; size <= 53; size++) {
            /* Address ones below bit size - 1, and a zero there, unless it is beyond the field. */
            uint64_t ones = (AMDVI_BIT(size - 1) - 1) & AMDVI_PTE_ADDRESS;
            struct amdvi_pte pte = amdvi_pte_decode(
                AMDVI_PTE_PR | amdvi_put(AMDVI_PTE_NEXT_LEVEL, 7) | AMDVI_PTE_U | ones, level);
            unsigned own = 12 + 9 * (level - 1);
            bool is_legal = level < 6 && size > own && size < own + 9 && size <= 52;

            CHECK_U64(pte.kind, is_legal ? AMDVI_PTE_LEAF : AMDVI_PTE_BAD_LEVEL);
            if (is_legal) {
                CHECK_U64(pte.size_log2, size);
                CHECK_U64(pte.spa, 0);
                CHECK(pte.untranslated);
            }
        }
    }
}

static void reserved_bits_of_entries_are_found(void)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t word = AMDVI_PTE_PR | AMDVI_BIT(bit);
        bool in_leaf = bit >= 52 && bit <= 58;
        bool in_pointer = bit >= 52 && bit <= 60;
        uint64_t pointer = word | amdvi_put(AMDVI_PTE_NEXT_LEVEL, 1);

        if (bit < 9 || bit > 11) {
            CHECK_U64(amdvi_pte_decode(word, 2).kind == AMDVI_PTE_BAD_RESERVED, in_leaf);
            CHECK_U64(amdvi_pte_decode(pointer, 2).kind == AMDVI_PTE_BAD_RESERVED, in_pointer);
        }
    }
}

static void skipped_bits_are_those_between_two_levels(void)
{
    for (unsigned from = 2; from <= 6; from++) {
        for (unsigned to = 1; to < from; to++) {
            uint64_t want = 0;
            for (unsigned bit = 12 + 9 * to; bit < 12 + 9 * (from - 1); bit++) {
                want |= UINT64_C(1) << bit;
            }
            CHECK_U64(amdvi_level_skipped(from, to), want);
        }
    }
    CHECK_U64(amdvi_level_index(1, 0x1ff000), 511);
    CHECK_U64(amdvi_level_index(6, UINT64_MAX), 127);
}

static void irte_members_come_from_their_bits(void)
{
    for (unsigned bit = 0; bit < 32; bit++) {
        uint32_t word = UINT32_C(1) << bit;
        struct amdvi_irte irte = amdvi_irte_decode(word);
        bool is_reserved = bit == 7 || bit >= 24;

        CHECK_U64(irte.has_reserved, is_reserved);
        CHECK_U64(amdvi_irte_encode(&irte), is_reserved ? 0 : word);
        CHECK_U64(irte.remap_enable, bit == 0);
        CHECK_U64(irte.suppress_fault, bit == 1);
        CHECK_U64(irte.request_eoi, bit == 5);
        CHECK_U64(irte.logical, bit == 6);
        CHECK_U64(irte.int_type, bit >= 2 && bit <= 4 ? 1U << (bit - 2) : 0);
        CHECK_U64(irte.destination, bit >= 8 && bit <= 15 ? 1U << (bit - 8) : 0);
        CHECK_U64(irte.vector, bit >= 16 && bit <= 23 ? 1U << (bit - 16) : 0);
    }
}

static void commands_survive_encoding(void)
{
    for (unsigned opcode = 1; opcode <= 5; opcode++) {
        struct amdvi_command full = {
            .opcode = (enum amdvi_opcode)opcode,
            .store = true,
            .flush = true,
            .pde = true,
            .max_pend = 0x12,
            .device_id = 0x3456,
            .domain_id = 0x789a,
            .queue_id = 0xbcde,
            .store_address = 0x000f123456789008,
            .store_data = 0x1122334455667788,
            .address = 0xfedcba9876543000,
        };
        struct amdvi_wire_command wire;
        struct amdvi_wire_command again;
        struct amdvi_command got;

        amdvi_command_encode(&wire, &full);
        CHECK(amdvi_command_decode(&got, &wire));
        amdvi_command_encode(&again, &got);
        CHECK(memcmp(&wire, &again, sizeof(wire)) == 0);
        CHECK_U64(got.opcode, opcode);
    }
}

static void an_illegal_command_leaves_the_output_alone(void)
{
    struct amdvi_command got = {.device_id = 0x4711};
    struct amdvi_wire_command wire;

    amdvi_le64_encode(&wire.word[0], 0);
    amdvi_le64_encode(&wire.word[1], 0);
    CHECK(!amdvi_command_decode(&got, &wire));
    CHECK_U64(got.device_id, 0x4711);
}

static void invalidations_name_their_range(void)
{
    static const struct {
        uint64_t address;
        bool size;
        uint64_t first;
        uint64_t last;
    } rows[] = {
        {0x5000, false, 0x5000, 0x5fff},
        {0, true, 0, 0x1fff},
        {0x4000, true, 0x4000, 0x5fff},
        {0x1000, true, 0, 0x3fff},
        {0x7ffff000, true, 0, 0xffffffff},
        {0x17ffff000, true, 0x100000000, 0x1ffffffff},
        {0x3ffffffffffff000, true, 0, 0x7fffffffffffffff},
        {0x7ffffffffffff000, true, 0, UINT64_MAX},
        {0xfffffffffffff000, true, 0, UINT64_MAX},
        {0xfffffffffffff000, false, 0xfffffffffffff000, UINT64_MAX},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct amdvi_iova_range range = amdvi_inv_range(rows[i].address, rows[i].size);
        CHECK_U64(range.first, rows[i].first);
        CHECK_U64(range.last, rows[i].last);
    }
}

static void events_survive_decoding(void)
{
    for (unsigned code = 0; code < 16; code++) {
        struct amdvi_wire_event wire;
        struct amdvi_wire_event again;
        struct amdvi_event event = {.device_id = 0x4711};

        amdvi_le64_encode(&wire.word[0], amdvi_put(AMDVI_EVENT_CODE, code) | AMDVI_BITS(59, 48) |
                                             AMDVI_EVENT_DOMAIN_ID | 0x1234);
        amdvi_le64_encode(&wire.word[1], UINT64_MAX);
        bool is_known = code >= 1 && code <= 8;
        CHECK_U64(amdvi_event_decode(&event, &wire), is_known);
        if (!is_known) {
            CHECK_U64(event.device_id, 0x4711);
            continue;
        }
        amdvi_event_encode(&again, &event);
        CHECK_U64(amdvi_le64_decode(&again.word[0]),
                  amdvi_le64_decode(&wire.word[0]) & amdvi_event_word0_mask(event.code));
        CHECK_U64(amdvi_le64_decode(&again.word[1]), amdvi_event_address_mask(event.code));
    }
}

static void the_capability_block_locks(void)
{
    CHECK_U64(amdvi_cap_after_write(AMDVI_CAP_OFFSET_BASE_LOW, 0, UINT32_MAX, UINT32_MAX, false),
              0xffffc001);
    CHECK_U64(amdvi_cap_after_write(AMDVI_CAP_OFFSET_BASE_LOW, 0xfed90001, 0, UINT32_MAX, true),
              0xfed90001);
    CHECK_U64(amdvi_cap_after_write(AMDVI_CAP_OFFSET_BASE_LOW, 0xfed90000, 1, 0xff, false),
              0xfed90001);
    CHECK_U64(amdvi_cap_after_write(AMDVI_CAP_OFFSET_BASE_LOW, 0xfed90001, 0, 0xff, false),
              0xfed90001);
    CHECK_U64(amdvi_cap_after_write(AMDVI_CAP_OFFSET_BASE_HIGH, 0, 0x12345678, 0xffff, false),
              0x5678);
    CHECK_U64(amdvi_cap_after_write(AMDVI_CAP_OFFSET_BASE_HIGH, 7, 0x12345678, UINT32_MAX, true),
              7);
    CHECK_U64(amdvi_cap_after_write(AMDVI_CAP_OFFSET_HEADER, 5, UINT32_MAX, UINT32_MAX, false), 5);
    CHECK_U64(amdvi_cap_after_write(AMDVI_CAP_OFFSET_RANGE, 5, UINT32_MAX, UINT32_MAX, false), 5);
    CHECK_U64(amdvi_cap_after_write(AMDVI_CAP_OFFSET_MISC, 5, UINT32_MAX, UINT32_MAX, false), 5);
}

static void registers_are_found_by_any_of_their_bytes(void)
{
    CHECK_U64(amdvi_reg_at(0x0000), AMDVI_REG_DEV_TAB_BASE);
    CHECK_U64(amdvi_reg_at(0x001f), AMDVI_REG_CONTROL);
    CHECK_U64(amdvi_reg_at(0x2024), AMDVI_REG_STATUS);
    CHECK_U64(amdvi_reg_at(0x0030), AMDVI_REG_COUNT);
    CHECK_U64(amdvi_reg_at(0x2028), AMDVI_REG_COUNT);
    CHECK_U64(amdvi_reg_at(0x12000), AMDVI_REG_COUNT);
}

static bool is_name(const char *got, const char *want)
{
    return strcmp(got, want) == 0;
}

static void names_are_those_of_the_specification(void)
{
    CHECK(is_name(amdvi_event_name(1), "ILLEGAL_DEV_TABLE_ENTRY"));
    CHECK(is_name(amdvi_event_name(2), "IO_PAGE_FAULT"));
    CHECK(is_name(amdvi_event_name(8), "INVALID_DEVICE_REQUEST"));
    CHECK(is_name(amdvi_event_name(0), "reserved"));
    CHECK(is_name(amdvi_event_name(9), "reserved"));
    CHECK(is_name(amdvi_opcode_name(1), "COMPLETION_WAIT"));
    CHECK(is_name(amdvi_opcode_name(5), "INVALIDATE_INTERRUPT_TABLE"));
    CHECK(is_name(amdvi_opcode_name(0), "reserved"));
    CHECK(is_name(amdvi_opcode_name(6), "reserved"));
    CHECK(is_name(amdvi_regs[AMDVI_REG_STATUS].name, "IOMMU Status"));
    static const char *const capabilities[] = {"Capability Header", "Base Address Low",
                                               "Base Address High", "Range",
                                               "Miscellaneous Information 0"};
    for (unsigned i = 0; i < 5; i++) {
        CHECK(is_name(amdvi_cap_info((enum amdvi_cap_offset)(4 * i))->name, capabilities[i]));
    }
    static const char *const events[] = {"ILLEGAL_DEV_TABLE_ENTRY", "IO_PAGE_FAULT",
                                         "DEV_TAB_HARDWARE_ERROR",  "PAGE_TAB_HARDWARE_ERROR",
                                         "ILLEGAL_COMMAND_ERROR",   "COMMAND_HARDWARE_ERROR",
                                         "IOTLB_INV_TIMEOUT",       "INVALID_DEVICE_REQUEST"};
    for (unsigned i = 0; i < 8; i++) {
        CHECK(is_name(amdvi_event_name(i + 1), events[i]));
    }
    for (unsigned reg = 0; reg < AMDVI_REG_COUNT; reg++) {
        CHECK(amdvi_regs[reg].name != NULL && amdvi_regs[reg].name[0] != 0);
    }
    for (unsigned range = 0; range < AMDVI_RANGE_COUNT; range++) {
        CHECK(amdvi_range_name((enum amdvi_range)range)[0] != 0);
    }
    CHECK(is_name(amdvi_range_name(AMDVI_RANGE_SYSTEM_MANAGEMENT), "system management"));
}

static void numbers_in_memory_are_little_endian(void)
{
    static const uint8_t bytes[8] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};
    struct amdvi_le32 le32 = {{0xff, 0xff, 0xff, 0xff}};
    struct amdvi_le64 le64 = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

    amdvi_le32_encode(&le32, 0x55667788);
    CHECK(memcmp(le32.byte, bytes, 4) == 0);
    CHECK_U64(amdvi_le32_decode(&le32), 0x55667788);
    amdvi_le64_encode(&le64, 0x1122334455667788);
    CHECK(memcmp(le64.byte, bytes, 8) == 0);
    CHECK_U64(amdvi_le64_decode(&le64), 0x1122334455667788);
    for (unsigned bit = 0; bit < 32; bit++) {
        amdvi_le32_encode(&le32, (uint32_t)AMDVI_BIT(bit));
        for (unsigned i = 0; i < 4; i++) {
            CHECK_U64(le32.byte[i], i == bit / 8 ? 1U << bit % 8 : 0);
        }
    }
}

static const struct check_case cases[] = {
    {"numbers in memory are little-endian", NULL, numbers_in_memory_are_little_endian},
    {"every bit of a device table entry is kept or reserved", "1.20 device table entry",
     every_dte_bit_is_kept_or_reserved},
    {"each member of a device table entry comes from its bits", "1.20 device table entry",
     dte_members_come_from_their_bits},
    {"bits are found with and without an instruction for it", NULL,
     bits_are_found_with_and_without_an_instruction},
    {"an entry without PR is not present whatever else it holds", "1.20 page table entry",
     a_pte_is_not_present_whatever_else_it_holds},
    {"NextLevel decides whether an entry is a page, a pointer or illegal (O4)",
     "1.20 page table entry", next_level_decides_what_an_entry_is},
    {"a size-encoded page lies between its level's page and the next's (O5, Q17)",
     "1.20 page table entry", size_encoded_pages_fit_between_their_level_and_the_next},
    {"reserved bits of both kinds of entries are found (O2, Q17)", "1.20 page table entry",
     reserved_bits_of_entries_are_found},
    {"skipped bits are those between two levels (V7)", "1.20 I/O page tables",
     skipped_bits_are_those_between_two_levels},
    {"each member of an interrupt table entry comes from its bits",
     "1.20 interrupt remapping table entry", irte_members_come_from_their_bits},
    {"commands survive encoding and decoding", "1.20 commands", commands_survive_encoding},
    {"an illegal command leaves the output alone", "1.20 commands",
     an_illegal_command_leaves_the_output_alone},
    {"an invalidation names its range by the lowest zero bit", "1.20 INVALIDATE_IOMMU_PAGES",
     invalidations_name_their_range},
    {"events survive decoding and encoding", "1.20 events", events_survive_decoding},
    {"Enable locks the capability block and stays", "1.20 capability block",
     the_capability_block_locks},
    {"a register is found by any of its bytes", "1.20 MMIO registers",
     registers_are_found_by_any_of_their_bytes},
    {"names are those of the specification", NULL, names_are_those_of_the_specification},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
