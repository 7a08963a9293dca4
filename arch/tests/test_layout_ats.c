/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of address translation services and of interrupt requests, stated a second time. See
 * layout.h.
 */
#include "layout.h"

#include <amdvi/ats.h>
#include <amdvi/interrupt.h>

/*
 * Translation completion and invalidate request: two doublewords of PCI Express
 */

static const struct layout_row completion[] = {
    ROW(0, 0, AMDVI_ATS_COMPLETION_R),         ROW(1, 1, AMDVI_ATS_COMPLETION_W),
    ROW(2, 2, AMDVI_ATS_COMPLETION_U),         GAP(9, 3),
    ROW(10, 10, AMDVI_ATS_COMPLETION_N),       ROW(11, 11, AMDVI_ATS_COMPLETION_S),
    ROW(63, 12, AMDVI_ATS_COMPLETION_ADDRESS),
};

static const struct layout_row invalidate[] = {
    GAP(10, 0),
    ROW(11, 11, AMDVI_ATS_INVALIDATE_S),
    ROW(63, 12, AMDVI_ATS_INVALIDATE_ADDRESS),
};

static void completion_tiles(void)
{
    CHECK_TILES_64(completion);
}

static void invalidate_tiles(void)
{
    CHECK_TILES_64(invalidate);
    CHECK_U64(AMDVI_ATS_ITAGS, 32);
}

/*
 * The size of a block: S=0 is 4 KiB. With S=1, bits from 12 up are ones, as many as it takes, up to
 * a zero at the bit below the size; the address goes on above it.
 */
static void sizes_are_ones_up_to_a_zero(void)
{
    static const struct {
        uint64_t address;
        unsigned size_log2;
        uint64_t word;
        const char *row;
    } rows[] = {
        {UINT64_C(0x0000000000000000), 12, UINT64_C(0x0000000000000000), "4 KiB at 0"},
        {UINT64_C(0x0123456789abcdef), 12, UINT64_C(0x0123456789abc000), "4 KiB"},
        {UINT64_C(0xffffffffffffffff), 12, UINT64_C(0xfffffffffffff000), "4 KiB, the last"},
        {UINT64_C(0x0000000000000000), 13, UINT64_C(0x0000000000000800), "8 KiB at 0"},
        {UINT64_C(0x0123456789abdfff), 13, UINT64_C(0x0123456789abc800), "8 KiB"},
        {UINT64_C(0x0123456789ab0000), 14, UINT64_C(0x0123456789ab1800), "16 KiB"},
        {UINT64_C(0x0123456789ab0000), 15, UINT64_C(0x0123456789ab3800), "32 KiB"},
        {UINT64_C(0x0123456789abcdef), 16, UINT64_C(0x0123456789ab7800), "64 KiB"},
        {UINT64_C(0x0000000012345678), 20, UINT64_C(0x000000001237f800), "1 MiB"},
        {UINT64_C(0x0000000012345678), 21, UINT64_C(0x00000000122ff800), "2 MiB"},
        {UINT64_C(0x000000fdf9123456), 30, UINT64_C(0x000000fddffff800), "1 GiB"},
        {UINT64_C(0x000001ffffffffff), 32, UINT64_C(0x000001ff7ffff800), "4 GiB"},
        {UINT64_C(0x000fffffffffffff), 39, UINT64_C(0x000fffbffffff800), "512 GiB"},
        {UINT64_C(0x0000000000000000), 52, UINT64_C(0x0007fffffffff800), "4 PiB at 0"},
        {UINT64_C(0xfff0000000000000), 52, UINT64_C(0xfff7fffffffff800), "4 PiB"},
        {UINT64_C(0x8000000000000000), 63, UINT64_C(0xbffffffffffff800), "8 EiB"},
        {UINT64_C(0x0123456789abcdef), 64, UINT64_C(0x7ffffffffffff800), "everything"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        check_row(rows[i].row, amdvi_ats_block(rows[i].address, rows[i].size_log2), rows[i].word);
    }
}

static void completions_say_all_they_know(void)
{
    static const struct {
        struct amdvi_ats_answer answer;
        uint64_t word;
        const char *row;
    } rows[] = {
        /* R, W, U, N, size, address */
        {{true, false, false, false, 12, UINT64_C(0x12345000)}, UINT64_C(0x12345001), "R"},
        {{false, true, false, false, 12, UINT64_C(0x12345000)}, UINT64_C(0x12345002), "W"},
        {{true, true, false, false, 12, UINT64_C(0x12345000)}, UINT64_C(0x12345003), "R, W"},
        {{true, false, true, false, 12, UINT64_C(0x12345000)}, UINT64_C(0x12345005), "R, U"},
        {{false, true, false, true, 12, UINT64_C(0x12345000)}, UINT64_C(0x12345402), "W, N"},
        {{true, true, true, true, 21, UINT64_C(0x122000000000)},
         UINT64_C(0x1220000ffc07),
         "all, 2 MiB"},
        {{true, true, false, false, 52, 0}, UINT64_C(0x0007fffffffff803), "R, W, 4 PiB"},
        {{true, true, false, false, 12, UINT64_C(0x000ffffffffff000)},
         UINT64_C(0x000ffffffffff003),
         "the last page"},
        {{false, false, true, true, 21, UINT64_C(0x12200000)}, 0, "neither R nor W"},
        {{false, false, false, false, 12, UINT64_C(0x12345000)}, 0, "neither R nor W, 4 KiB"},
        {{false, false, false, false, 0, 0}, 0, "neither, and nothing else"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        check_row(rows[i].row, amdvi_ats_completion_word(&rows[i].answer), rows[i].word);
    }
}

/*
 * Interrupt requests
 */

static const struct layout_row msi_address[] = {
    GAP(1, 0),
    ROW(2, 2, AMDVI_MSI_ADDRESS_DM),
    ROW(3, 3, AMDVI_MSI_ADDRESS_REDIRECTION_HINT),
    GAP(11, 4),
    ROW(19, 12, AMDVI_MSI_ADDRESS_DESTINATION),
    GAP(63, 20),
};

static const struct layout_row msi_data[] = {
    ROW(7, 0, AMDVI_MSI_DATA_VECTOR),  ROW(10, 8, AMDVI_MSI_DATA_DELIVERY_MODE), GAP(13, 11),
    ROW(14, 14, AMDVI_MSI_DATA_LEVEL), ROW(15, 15, AMDVI_MSI_DATA_TRIGGER),      GAP(31, 16),
};

/* Bits 7 and 4:2 are the message type. */
static const struct layout_row ht_address[] = {
    GAP(1, 0),
    ROW(4, 2, AMDVI_HT_INT_MT),
    ROW(5, 5, AMDVI_HT_INT_RQ_EOI),
    ROW(6, 6, AMDVI_HT_INT_DM),
    ROW(7, 7, AMDVI_HT_INT_MT3),
    ROW(15, 8, AMDVI_HT_INT_DESTINATION),
    ROW(23, 16, AMDVI_HT_INT_VECTOR),
    GAP(63, 24),
};

static void message_signalled_tiles(void)
{
    CHECK_TILES_64(msi_address);
    CHECK_TILES_32(msi_data);
    CHECK_U64(AMDVI_MSI_DATA_INDEX, UINT64_C(0x7ff));
    CHECK_U64(AMDVI_MSI_BASE, UINT64_C(0xfee00000));
    CHECK_U64(AMDVI_MSI_BASE + AMDVI_MSI_BYTES - 1, UINT64_C(0xfeefffff));
}

static void hypertransport_tiles(void)
{
    CHECK_TILES_64(ht_address);
    CHECK_U64(AMDVI_HT_INT_BASE, UINT64_C(0xfdf8000000));
    CHECK_U64(AMDVI_HT_INT_BASE + AMDVI_HT_INT_BYTES - 1, UINT64_C(0xfdf8ffffff));
}

static void kinds_are_numbered_as_listed(void)
{
    CHECK_U64(AMDVI_DELIVERY_FIXED, 0);
    CHECK_U64(AMDVI_DELIVERY_ARBITRATED, 1);
    CHECK_U64(AMDVI_DELIVERY_SMI, 2);
    CHECK_U64(AMDVI_DELIVERY_RESERVED, 3);
    CHECK_U64(AMDVI_DELIVERY_NMI, 4);
    CHECK_U64(AMDVI_DELIVERY_INIT, 5);
    CHECK_U64(AMDVI_DELIVERY_STARTUP, 6);
    CHECK_U64(AMDVI_DELIVERY_EXT_INT, 7);
    CHECK_U64(AMDVI_HT_FIXED, 0);
    CHECK_U64(AMDVI_HT_ARBITRATED, 1);
    CHECK_U64(AMDVI_HT_SMI, 2);
    CHECK_U64(AMDVI_HT_NMI, 3);
    CHECK_U64(AMDVI_HT_INIT, 4);
    CHECK_U64(AMDVI_HT_STARTUP, 5);
    CHECK_U64(AMDVI_HT_EXT_INT, 6);
    CHECK_U64(AMDVI_HT_EOI, 7);
    CHECK_U64(AMDVI_HT_LINT1, 11);
    CHECK_U64(AMDVI_HT_LINT0, 14);
}

/*
 * Whole requests, decoded
 */

struct request_row {
    uint64_t address;
    uint32_t data;
    enum amdvi_int_class int_class;
    bool logical;
    uint16_t index;
    const char *row;
};

static void check_requests(const struct request_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool is_ht = rows[i].address >> 32 != 0;
        /* All that it is not, so that every member has to be written. */
        struct amdvi_int_request request = {.int_class = AMDVI_INT_OTHER,
                                            .is_ht = !is_ht,
                                            .logical = !rows[i].logical,
                                            .index = 0xffff};
        check_row(rows[i].row, amdvi_int_request_decode(&request, rows[i].address, rows[i].data),
                  1);
        check_row(rows[i].row, request.int_class, rows[i].int_class);
        check_row(rows[i].row, request.is_ht, is_ht);
        check_row(rows[i].row, request.logical, rows[i].logical);
        if (rows[i].int_class == AMDVI_INT_FIXED || rows[i].int_class == AMDVI_INT_ARBITRATED) {
            check_row(rows[i].row, request.index, rows[i].index);
        }
    }
}

static void message_signalled_requests_decode(void)
{
    static const struct request_row rows[] = {
        {UINT64_C(0xfee00000), 0x00000000, AMDVI_INT_FIXED, false, 0, "all 0"},
        {UINT64_C(0xfee00004), 0x000000a5, AMDVI_INT_FIXED, true, 0xa5, "fixed, logical"},
        {UINT64_C(0xfeeff00b), 0x0000c0ff, AMDVI_INT_FIXED, false, 0xff, "fixed, level"},
        {UINT64_C(0xfee12000), 0x00000100, AMDVI_INT_ARBITRATED, false, 0x100, "arbitrated"},
        {UINT64_C(0xfee12000), 0xfffff9ff, AMDVI_INT_ARBITRATED, false, 0x1ff, "upper data"},
        {UINT64_C(0xfee00000), 0x00000200, AMDVI_INT_SMI, false, 0, "SMI"},
        {UINT64_C(0xfee00000), 0x00000300, AMDVI_INT_OTHER, false, 0, "reserved"},
        {UINT64_C(0xfee00000), 0x00000400, AMDVI_INT_NMI, false, 0, "NMI"},
        {UINT64_C(0xfee00000), 0x00000500, AMDVI_INT_INIT, false, 0, "INIT"},
        {UINT64_C(0xfee00000), 0x00000600, AMDVI_INT_OTHER, false, 0, "startup"},
        {UINT64_C(0xfeeffffc), 0x00000700, AMDVI_INT_EXT_INT, true, 0, "ExtInt, logical"},
    };

    check_requests(rows, COUNT(rows));
}

static void hypertransport_requests_decode(void)
{
    /* The data says nothing. */
    static const struct request_row rows[] = {
        {UINT64_C(0xfdf8000000), 0x00000000, AMDVI_INT_FIXED, false, 0, "fixed, all 0"},
        {UINT64_C(0xfdf8a5ff40), 0xffffffff, AMDVI_INT_FIXED, true, 0xa5, "fixed, logical"},
        {UINT64_C(0xfdf8ff0020), 0xffffffff, AMDVI_INT_FIXED, false, 0xff, "fixed, EOI"},
        {UINT64_C(0xfdf8000004), 0xffffffff, AMDVI_INT_ARBITRATED, false, 0x100, "arbitrated"},
        {UINT64_C(0xfdf8fffe64), 0x00000000, AMDVI_INT_ARBITRATED, true, 0x1ff, "arbitrated, DM"},
        {UINT64_C(0xfdf8000008), 0x00000000, AMDVI_INT_SMI, false, 0, "SMI"},
        {UINT64_C(0xfdf800000c), 0x00000000, AMDVI_INT_NMI, false, 0, "NMI"},
        {UINT64_C(0xfdf8000050), 0x00000000, AMDVI_INT_INIT, true, 0, "INIT, logical"},
        {UINT64_C(0xfdf8000014), 0x00000000, AMDVI_INT_OTHER, false, 0, "startup"},
        {UINT64_C(0xfdf8000018), 0x00000000, AMDVI_INT_EXT_INT, false, 0, "ExtInt"},
        {UINT64_C(0xfdf800001c), 0x00000000, AMDVI_INT_OTHER, false, 0, "EOI"},
        {UINT64_C(0xfdf8000080), 0x00000000, AMDVI_INT_OTHER, false, 0, "type 8"},
        {UINT64_C(0xfdf8000084), 0x00000000, AMDVI_INT_OTHER, false, 0, "type 9"},
        {UINT64_C(0xfdf8000088), 0x00000000, AMDVI_INT_OTHER, false, 0, "type 10"},
        {UINT64_C(0xfdf800008c), 0x00000000, AMDVI_INT_LINT1, false, 0, "LINT1"},
        {UINT64_C(0xfdf8000090), 0x00000000, AMDVI_INT_OTHER, false, 0, "type 12"},
        {UINT64_C(0xfdf8000094), 0x00000000, AMDVI_INT_OTHER, false, 0, "type 13"},
        {UINT64_C(0xfdf80000d8), 0x00000000, AMDVI_INT_LINT0, true, 0, "LINT0, logical"},
        {UINT64_C(0xfdf800009c), 0x00000000, AMDVI_INT_OTHER, false, 0, "type 15"},
        {UINT64_C(0xfdf8ffffff), 0x00000000, AMDVI_INT_OTHER, true, 0, "all ones"},
    };

    check_requests(rows, COUNT(rows));
}

static void other_addresses_are_no_interrupts(void)
{
    static const uint64_t address[] = {
        0,
        UINT64_C(0xfedfffff),
        UINT64_C(0xfef00000),
        UINT64_C(0x1fee00000),
        UINT64_C(0xfdf7ffffff),
        UINT64_C(0xfdf9000000),
        UINT64_C(0x1fdf8000000),
        UINT64_MAX,
    };
    struct amdvi_int_request request;

    for (size_t i = 0; i < COUNT(address); i++) {
        CHECK(!amdvi_int_request_decode(&request, address[i], 0));
    }
}

static const struct check_case cases[] = {
    {"a translation completion tiles 64 bits", "ATS translation completion", completion_tiles},
    {"an invalidate request's body tiles 64 bits", "ATS invalidate request", invalidate_tiles},
    {"the size of a block is ones up to a zero", "ATS", sizes_are_ones_up_to_a_zero},
    {"a completion says R, W, U, N, size and address; without R and W nothing",
     "ATS translation completion", completions_say_all_they_know},
    {"a message signalled interrupt tiles address and data", "1.20 interrupt remapping",
     message_signalled_tiles},
    {"a HyperTransport interrupt tiles its address", "1.20 interrupt remapping",
     hypertransport_tiles},
    {"delivery modes and message types are numbered as listed", "1.20 interrupt remapping",
     kinds_are_numbered_as_listed},
    {"message signalled interrupts decode", "1.20 interrupt remapping",
     message_signalled_requests_decode},
    {"HyperTransport interrupts decode", "1.20 interrupt remapping",
     hypertransport_requests_decode},
    {"no other address is an interrupt", "1.20 special address ranges",
     other_addresses_are_no_interrupts},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
