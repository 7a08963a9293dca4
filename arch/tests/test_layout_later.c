/* SPDX-License-Identifier: BSD-2-Clause */
/* What is used of later revisions, stated a second time. See layout.h. */
#include "layout.h"

#include <amdvi/later.h>

static void extended_features_tile(void)
{
    static const struct layout_row figure[] = {
        GAP(0, 0), /* PreFSup */
        GAP(1, 1), /* PPRSup */
        GAP(2, 2), /* XTSup */
        GAP(3, 3), /* NXSup */
        GAP(4, 4), /* GTSup */
        GAP(5, 5), /* GAPPISup */
        ROW(6, 6, AMDVI_EFR_IA_SUP),
        GAP(7, 7), /* GASup */
        GAP(8, 8), /* HESup */
        GAP(9, 9), /* PCSup */
        ROW(11, 10, AMDVI_EFR_HATS),
        GAP(13, 12), /* GATS */
        GAP(15, 14), /* GLXSup */
        GAP(63, 16), /* SmiFSup to SNPSup */
    };

    CHECK_TILES_64(figure);
    CHECK_U64(AMDVI_EFR_OFFSET, 0x30);
    /* Behind the last register of 1.20 below 2000h, the exclusion limit. */
    CHECK_U64(amdvi_reg_at(AMDVI_EFR_OFFSET), AMDVI_REG_COUNT);
}

static void levels_are_four_five_six_or_none(void)
{
    static const unsigned levels[4] = {4, 5, 6, 0};

    for (unsigned hats = 0; hats < 4; hats++) {
        uint64_t field = (uint64_t)hats << 10;
        CHECK_U64(amdvi_efr_levels(field), levels[hats]);
        CHECK_U64(amdvi_efr_levels(field | ~(UINT64_C(3) << 10)), levels[hats]);
    }
}

/* Opcode 8h in 63:60, all operands reserved; 1.20 has no such command. */
static void invalidate_all_is_opcode_8_alone(void)
{
    static const uint8_t golden[16] = {[7] = 0x80};
    struct amdvi_wire_command wire;
    struct amdvi_command command;

    CHECK_U64(AMDVI_INV_ALL_WORD0, UINT64_C(0x8000000000000000));
    CHECK_U64(AMDVI_INV_ALL_WORD0 & AMDVI_CMD_OPCODE, AMDVI_INV_ALL_WORD0);
    amdvi_le64_encode(&wire.word[0], AMDVI_INV_ALL_WORD0);
    amdvi_le64_encode(&wire.word[1], 0);
    CHECK(memcmp(&wire, golden, sizeof(golden)) == 0);
    CHECK(!amdvi_command_decode(&command, &wire));
}

static const struct check_case cases[] = {
    {"the extended feature register tiles 64 bits", "2.6 extended feature register",
     extended_features_tile},
    {"HATS says four, five, six levels, or none", "2.6 extended feature register",
     levels_are_four_five_six_or_none},
    {"INVALIDATE_IOMMU_ALL is opcode 8h and nothing else", "2.6 INVALIDATE_IOMMU_ALL",
     invalidate_all_is_opcode_8_alone},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
