/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tool's tables of fields against arch/: in revision 1.20 they name every bit that arch/ does
 * not call reserved, and no other; in no revision do two fields overlap.
 */
#include <stdio.h>

#include <amdvi/cap.h>
#include <amdvi/command.h>
#include <amdvi/dte.h>
#include <amdvi/event.h>
#include <amdvi/irte.h>
#include <amdvi/pte.h>
#include <amdvi/regs.h>

#include "../layout.h"
#include "check.h"

static uint64_t mask(const struct cli_layout *layout, unsigned word)
{
    return cli_layout_mask(layout, CLI_REVISION_1, word);
}

static void check_overlaps(const struct cli_layout *layout)
{
    if (!CHECK(layout != NULL)) {
        return;
    }
    for (unsigned revision = 1; revision <= 3; revision++) {
        uint64_t seen[4] = {0};
        for (size_t i = 0; i < layout->field_count; i++) {
            const struct cli_field *field = &layout->fields[i];
            uint64_t ones = field->mask >> __builtin_ctzll(field->mask);
            if (field->since > revision) {
                continue;
            }
            if (!CHECK_U64(field->mask & seen[field->word], 0) ||
                !CHECK_U64(ones & (ones + 1), 0) || !CHECK(field->word < layout->words)) {
                printf("# %s, %s\n", layout->name, field->name);
            }
            seen[field->word] |= field->mask;
        }
    }
}

static void entries_name_what_is_not_reserved(void)
{
    CHECK_U64(~mask(&cli_dte_layout, 0), AMDVI_DTE0_RESERVED);
    CHECK_U64(~mask(&cli_dte_layout, 1), AMDVI_DTE1_RESERVED);
    CHECK_U64(~mask(&cli_dte_layout, 2), AMDVI_DTE2_RESERVED);
    CHECK_U64(~mask(&cli_dte_layout, 3), AMDVI_DTE3_RESERVED);
    CHECK_U64(~mask(&cli_pte_layout, 0), AMDVI_PTE_RESERVED);
    CHECK_U64(~mask(&cli_pde_layout, 0), AMDVI_PDE_RESERVED);
    CHECK_U64(mask(&cli_irte32_layout, 0),
              AMDVI_BITS(31, 0) & ~(AMDVI_IRTE_RESERVED | AMDVI_IRTE_GUEST_MODE));
    check_overlaps(&cli_dte_layout);
    check_overlaps(&cli_pte_layout);
    check_overlaps(&cli_pde_layout);
    check_overlaps(&cli_absent_layout);
    check_overlaps(&cli_irte32_layout);
    check_overlaps(&cli_irte128_layout);
    check_overlaps(&cli_irte_guest_layout);
}

static void events_name_what_is_not_reserved(void)
{
    for (unsigned code = 0; code < 16; code++) {
        const struct cli_layout *layout = cli_event_layout(code, CLI_REVISION_1);
        CHECK((layout != NULL) == (code >= 1 && code <= 8));
        if (layout != NULL) {
            CHECK_U64(mask(layout, 0), amdvi_event_word0_mask((enum amdvi_event_code)code));
            CHECK_U64(mask(layout, 1), amdvi_event_address_mask((enum amdvi_event_code)code));
        }
        if (code >= 1 && code <= 14) {
            check_overlaps(cli_event_layout(code, CLI_REVISION_3));
        }
    }
}

/* The decoder of arch/ refuses a command with one bit more than 0 exactly if it is reserved. */
static void commands_name_what_is_not_reserved(void)
{
    for (unsigned opcode = 1; opcode <= 5; opcode++) {
        const struct cli_layout *layout = cli_command_layout(opcode, CLI_REVISION_1);
        for (unsigned bit = 0; bit < 128 && CHECK(layout != NULL); bit++) {
            uint64_t words[2] = {amdvi_put(AMDVI_CMD_OPCODE, opcode), 0};
            struct amdvi_wire_command wire;
            struct amdvi_command command;
            if (bit >= 60 && bit < 64) {
                continue; /* another opcode */
            }
            words[bit / 64] |= AMDVI_BIT(bit % 64);
            amdvi_le64_encode(&wire.word[0], words[0]);
            amdvi_le64_encode(&wire.word[1], words[1]);
            CHECK(amdvi_command_decode(&command, &wire) ==
                  amdvi_has(mask(layout, bit / 64), AMDVI_BIT(bit % 64)));
        }
    }
    for (unsigned opcode = 1; opcode <= 10; opcode++) {
        check_overlaps(cli_command_layout(opcode, CLI_REVISION_3));
    }
    CHECK(cli_command_layout(6, CLI_REVISION_1) == NULL);
    CHECK(cli_command_layout(0, CLI_REVISION_3) == NULL);
}

static void registers_name_what_is_not_reserved(void)
{
    for (unsigned reg = 0; reg < AMDVI_REG_COUNT; reg++) {
        const struct amdvi_reg_info *info = &amdvi_regs[reg];
        char offset[8];
        snprintf(offset, sizeof(offset), "0x%x", (unsigned)info->offset);
        const struct cli_layout *layout = cli_register_layout(offset, CLI_REVISION_1);
        if (CHECK(layout != NULL)) {
            CHECK_U64(mask(layout, 0), info->rw | info->rw1c | info->ro);
        }
        check_overlaps(cli_register_layout(offset, CLI_REVISION_3));
    }
    check_overlaps(cli_register_layout("efr", CLI_REVISION_3));
    check_overlaps(cli_register_layout("efr2", CLI_REVISION_3));
    CHECK(cli_register_layout("efr", CLI_REVISION_1) == NULL);
}

static void capability_names_what_is_not_reserved(void)
{
    static const uint64_t reserved[] = {
        AMDVI_CAP_HEADER_RESERVED | AMDVI_CAP_HEADER_EFR_SUP | AMDVI_CAP_HEADER_CAP_EXT,
        AMDVI_CAP_BASE_LOW_RESERVED, 0, AMDVI_CAP_RANGE_RESERVED,
        AMDVI_CAP_MISC_RESERVED | AMDVI_CAP_MISC_GVA_SIZE | AMDVI_CAP_MISC_MSI_NUM_PPR};

    for (unsigned i = 0; i < 5; i++) {
        CHECK_U64(mask(cli_capability_layout(i, CLI_REVISION_1), 0),
                  AMDVI_BITS(31, 0) & ~reserved[i]);
        check_overlaps(cli_capability_layout(i, CLI_REVISION_3));
    }
    CHECK(cli_capability_layout(5, CLI_REVISION_1) == NULL);
    CHECK(cli_capability_layout(5, CLI_REVISION_2) != NULL);
}

static const struct check_case cases[] = {
    {"table entries name exactly what is not reserved", "1.20 DTE, PTE, IRTE",
     entries_name_what_is_not_reserved},
    {"events name exactly what is not reserved", "1.20 events", events_name_what_is_not_reserved},
    {"commands name exactly what is not reserved", "1.20 commands",
     commands_name_what_is_not_reserved},
    {"registers name exactly what is not reserved", "1.20 registers",
     registers_name_what_is_not_reserved},
    {"the capability block names exactly what is not reserved", "1.20 capability",
     capability_names_what_is_not_reserved},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
