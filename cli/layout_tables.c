/* SPDX-License-Identifier: BSD-2-Clause */
/* The entries of the device table, the page tables and the interrupt tables. */
#include <inttypes.h>

#include <amdvi/dte.h>
#include <amdvi/irte.h>
#include <amdvi/pte.h>

#include "layout.h"

#define DTE0_GV AMDVI_BIT(55) /* 2.x */

static const struct cli_field dte_fields[] = {
    {"V", 0, 0, 0, AMDVI_DTE0_V, {"bits 127:1 are ignored: DMA passes untranslated", "valid"}},
    {"TV", 0, 0, 0, AMDVI_DTE0_TV, {"no translation information", "translation information valid"}},
    {"HAD", 0, CLI_REVISION_3, 0, AMDVI_BITS(8, 7), {"no A/D updates", "A", "reserved", "A and D"}},
    {"Mode",
     0,
     0,
     0,
     AMDVI_DTE0_MODE,
     {"no page table: addresses stay as they are", "1 level", "2 levels", "3 levels", "4 levels",
      "5 levels", "6 levels", "illegal"}},
    {"PTRoot", 0, 0, CLI_FORMAT_ADDRESS, AMDVI_DTE0_PT_ROOT, {"root page table"}},
    {"PPR", 0, CLI_REVISION_2, 0, AMDVI_BIT(52), {"", "page requests enabled"}},
    {"GPRP", 0, CLI_REVISION_2, 0, AMDVI_BIT(53), {"", "page responses carry the PASID"}},
    {"GIoV", 0, CLI_REVISION_3, 0, AMDVI_BIT(54), {"", "requests without PASID use PASID 0"}},
    {"GV", 0, CLI_REVISION_2, 0, DTE0_GV, {"", "guest translation (GCR3 table)"}},
    {"GLX", 0, CLI_REVISION_2, CLI_FORMAT_PLUS_1, AMDVI_BITS(57, 56), {"levels of GCR3 tables"}},
    {"GCR3TRP[14:12]", 0, CLI_REVISION_2, CLI_FORMAT_HEX, AMDVI_BITS(60, 58), {"GCR3 table"}},
    {"IR", 0, 0, 0, AMDVI_DTE0_IR, {"no reads", "reads allowed"}},
    {"IW", 0, 0, 0, AMDVI_DTE0_IW, {"no writes", "writes allowed"}},
    {"DomainID", 1, 0, CLI_FORMAT_DECIMAL, AMDVI_DTE1_DOMAIN_ID, {NULL}},
    {"GCR3TRP[30:15]", 1, CLI_REVISION_2, CLI_FORMAT_HEX, AMDVI_BITS(31, 16), {"GCR3 table"}},
    {"I", 1, 0, 0, AMDVI_DTE1_I, {"no ATS", "the device may use ATS"}},
    {"SE", 1, 0, 0, AMDVI_DTE1_SE, {"", "only the first page fault is logged"}},
    {"SA", 1, 0, 0, AMDVI_DTE1_SA, {"", "no page fault is logged"}},
    {"IoCtl",
     1,
     0,
     0,
     AMDVI_DTE1_IO_CTL,
     {"port I/O aborted", "port I/O passes", "port I/O translated", "illegal"}},
    {"Cache", 1, 0, 0, AMDVI_DTE1_CACHE, {"", "answers to ATS requests are not cached"}},
    {"SD", 1, 0, 0, AMDVI_DTE1_SD, {"walks are snooped", "walks are not snooped"}},
    {"EX", 1, 0, 0, AMDVI_DTE1_EX, {"", "the exclusion range applies"}},
    {"SysMgt",
     1,
     0,
     0,
     AMDVI_DTE1_SYS_MGT,
     {"system management aborted", "system management writes pass", "INTx messages pass",
      "system management translated"}},
    {"SATS", 1, CLI_REVISION_3, 0, AMDVI_BIT(42), {"", "secure ATS"}},
    {"GCR3TRP[51:31]", 1, CLI_REVISION_2, CLI_FORMAT_HEX, AMDVI_BITS(63, 43), {"GCR3 table"}},
    {"IV", 2, 0, 0, AMDVI_DTE2_IV, {"bits 255:129 are ignored: interrupts pass", "valid"}},
    {"IntTabLen", 2, 0, CLI_FORMAT_LOG2, AMDVI_DTE2_INT_TAB_LEN, {NULL}},
    {"IG", 2, 0, 0, AMDVI_DTE2_IG, {"", "no fault of an interrupt is logged"}},
    {"IntTabRoot", 2, 0, CLI_FORMAT_ADDRESS, AMDVI_DTE2_INT_TAB_ROOT, {"interrupt table"}},
    {"GuestPagingMode",
     2,
     CLI_REVISION_3,
     CLI_FORMAT_PLUS_1,
     AMDVI_BITS(55, 54),
     {"+ 3 guest levels"}},
    {"InitPass", 2, 0, 0, AMDVI_DTE2_INIT_PASS, {"INIT aborted", "INIT passes"}},
    {"EIntPass", 2, 0, 0, AMDVI_DTE2_EINT_PASS, {"ExtInt aborted", "ExtInt passes"}},
    {"NMIPass", 2, 0, 0, AMDVI_DTE2_NMI_PASS, {"NMI aborted", "NMI passes"}},
    {"HPTMode", 2, CLI_REVISION_3, 0, AMDVI_BIT(59), {"", "host page table mode"}},
    {"IntCtl",
     2,
     0,
     0,
     AMDVI_DTE2_INT_CTL,
     {"interrupts aborted", "interrupts pass unmapped", "interrupts remapped", "illegal"}},
    {"Lint0Pass", 2, 0, 0, AMDVI_DTE2_LINT0_PASS, {"LINT0 aborted", "LINT0 passes"}},
    {"Lint1Pass", 2, 0, 0, AMDVI_DTE2_LINT1_PASS, {"LINT1 aborted", "LINT1 passes"}},
    {"vImuEn", 3, CLI_REVISION_3, 0, AMDVI_BIT(15), {"", "virtual IOMMU"}},
    {"GDeviceID", 3, CLI_REVISION_3, CLI_FORMAT_DEVICE, AMDVI_BITS(31, 16), {NULL}},
    {"GuestID", 3, CLI_REVISION_3, CLI_FORMAT_HEX, AMDVI_BITS(47, 32), {"guest"}},
    {"AttrV", 3, CLI_REVISION_2, 0, AMDVI_BIT(54), {"", "SnoopAttribute and Mode0FC are valid"}},
    {"Mode0FC", 3, CLI_REVISION_2, 0, AMDVI_BIT(55), {"", "force coherent with Mode=0"}},
    {"SnoopAttribute", 3, CLI_REVISION_2, CLI_FORMAT_HEX, AMDVI_BITS(63, 56), {NULL}},
};

const struct cli_layout cli_dte_layout = CLI_LAYOUT("device table entry", 4, 64, dte_fields);

#define NOT_PRESENT                                                                                \
    {                                                                                              \
        "not present", "present"                                                                   \
    }
#define READABLE                                                                                   \
    {                                                                                              \
        "no reads", "reads allowed"                                                                \
    }
#define WRITABLE                                                                                   \
    {                                                                                              \
        "no writes", "writes allowed"                                                              \
    }

static const struct cli_field pte_fields[] = {
    {"PR", 0, 0, 0, AMDVI_PTE_PR, NOT_PRESENT},
    {"ignored",
     0,
     0,
     CLI_FORMAT_HEX,
     AMDVI_BITS(8, 1),
     {"for software; later revisions: 5 A, 6 D"}},
    {"NextLevel",
     0,
     0,
     0,
     AMDVI_PTE_NEXT_LEVEL,
     {"a page of the level's own size", NULL, NULL, NULL, NULL, NULL, NULL,
      "a page whose size is in its address"}},
    {"address", 0, 0, CLI_FORMAT_ADDRESS, AMDVI_PTE_ADDRESS, {"page"}},
    {"U", 0, 0, 0, AMDVI_PTE_U, {"", "devices with ATS use untranslated requests only"}},
    {"FC", 0, 0, 0, AMDVI_PTE_FC, {"", "force coherent"}},
    {"IR", 0, 0, 0, AMDVI_PTE_IR, READABLE},
    {"IW", 0, 0, 0, AMDVI_PTE_IW, WRITABLE},
    {"ignored", 0, 0, CLI_FORMAT_HEX, AMDVI_BIT(63), {"for software"}},
};

const struct cli_layout cli_pte_layout = CLI_LAYOUT("page table entry, a page", 1, 64, pte_fields);

static const struct cli_field pde_fields[] = {
    {"PR", 0, 0, 0, AMDVI_PTE_PR, NOT_PRESENT},
    {"ignored", 0, 0, CLI_FORMAT_HEX, AMDVI_BITS(8, 1), {"for software; later revisions: 5 A"}},
    {"NextLevel", 0, 0, CLI_FORMAT_DECIMAL, AMDVI_PTE_NEXT_LEVEL, {"is the level of the table"}},
    {"address", 0, 0, CLI_FORMAT_ADDRESS, AMDVI_PTE_ADDRESS, {"next table"}},
    {"IR", 0, 0, 0, AMDVI_PTE_IR, READABLE},
    {"IW", 0, 0, 0, AMDVI_PTE_IW, WRITABLE},
    {"ignored", 0, 0, CLI_FORMAT_HEX, AMDVI_BIT(63), {"for software"}},
};

const struct cli_layout cli_pde_layout =
    CLI_LAYOUT("page table entry, a pointer to a table", 1, 64, pde_fields);

static const struct cli_field absent_fields[] = {
    {"PR", 0, 0, 0, AMDVI_PTE_PR, NOT_PRESENT},
    {"ignored", 0, 0, CLI_FORMAT_HEX, AMDVI_BITS(63, 1), {"for software"}},
};

const struct cli_layout cli_absent_layout =
    CLI_LAYOUT("page table entry, not present", 1, 64, absent_fields);

#define INT_TYPES                                                                                  \
    {                                                                                              \
        "fixed", "arbitrated"                                                                      \
    }

static const struct cli_field irte32_fields[] = {
    {"RemapEn", 0, 0, 0, AMDVI_IRTE_REMAP_EN, {"the interrupt is aborted", "remapped"}},
    {"SupIOPF", 0, 0, 0, AMDVI_IRTE_SUP_IOPF, {"", "no fault is logged"}},
    {"IntType", 0, 0, 0, AMDVI_IRTE_INT_TYPE, INT_TYPES},
    {"RqEoi", 0, 0, 0, AMDVI_IRTE_RQ_EOI, {"edge", "an EOI is requested: level"}},
    {"DM", 0, 0, 0, AMDVI_IRTE_DM, {"physical destination", "logical destination"}},
    {"GuestMode", 0, CLI_REVISION_2, 0, AMDVI_IRTE_GUEST_MODE, {"", "illegal in 32-bit entries"}},
    {"Destination", 0, 0, CLI_FORMAT_DECIMAL, AMDVI_IRTE_DESTINATION, {NULL}},
    {"Vector", 0, 0, CLI_FORMAT_HEX, AMDVI_IRTE_VECTOR, {NULL}},
};

const struct cli_layout cli_irte32_layout =
    CLI_LAYOUT("interrupt table entry, 32 bits", 1, 32, irte32_fields);

static const struct cli_field irte128_fields[] = {
    {"RemapEn", 0, 0, 0, AMDVI_IRTE_REMAP_EN, {"the interrupt is aborted", "remapped"}},
    {"SupIOPF", 0, 0, 0, AMDVI_IRTE_SUP_IOPF, {"", "no fault is logged"}},
    {"IntType", 0, 0, 0, AMDVI_IRTE_INT_TYPE, INT_TYPES},
    {"RqEoi", 0, 0, 0, AMDVI_IRTE_RQ_EOI, {"edge", "an EOI is requested: level"}},
    {"DM", 0, 0, 0, AMDVI_IRTE_DM, {"physical destination", "logical destination"}},
    {"GuestMode", 0, 0, 0, AMDVI_IRTE_GUEST_MODE, {"to a processor of the host", ""}},
    {"Destination[23:0]", 0, 0, CLI_FORMAT_DECIMAL, AMDVI_BITS(31, 8), {NULL}},
    {"GATag", 0, CLI_REVISION_2, CLI_FORMAT_HEX, AMDVI_BITS(63, 32), {"ignored without GuestMode"}},
    {"Vector", 1, 0, CLI_FORMAT_HEX, AMDVI_BITS(7, 0), {NULL}},
    {"Destination[31:24]", 1, CLI_REVISION_3, CLI_FORMAT_DECIMAL, AMDVI_BITS(63, 56), {NULL}},
};

const struct cli_layout cli_irte128_layout =
    CLI_LAYOUT("interrupt table entry, 128 bits", 2, 64, irte128_fields);

static const struct cli_field irte_guest_fields[] = {
    {"RemapEn", 0, 0, 0, AMDVI_IRTE_REMAP_EN, {"the interrupt is aborted", "remapped"}},
    {"SupIOPF", 0, 0, 0, AMDVI_IRTE_SUP_IOPF, {"", "no fault is logged"}},
    {"GALogIntr", 0, 0, 0, AMDVI_BIT(2), {"", "logged when the guest does not run"}},
    {"GAPPIDis", 0, CLI_REVISION_3, 0, AMDVI_BIT(5), {"", "no physical interrupt"}},
    {"IsRun", 0, 0, 0, AMDVI_BIT(6), {"the guest does not run", "the guest runs"}},
    {"GuestMode", 0, 0, 0, AMDVI_IRTE_GUEST_MODE, {"", "into a guest's virtual APIC"}},
    {"Destination[23:0]", 0, 0, CLI_FORMAT_DECIMAL, AMDVI_BITS(31, 8), {NULL}},
    {"GATag", 0, 0, CLI_FORMAT_HEX, AMDVI_BITS(63, 32), {"what the guest log calls it"}},
    {"Vector", 1, 0, CLI_FORMAT_HEX, AMDVI_BITS(7, 0), {NULL}},
    {"GARoot[51:12]", 1, 0, CLI_FORMAT_HEX, AMDVI_BITS(51, 12), {"page of the virtual APIC"}},
    {"Destination[31:24]", 1, CLI_REVISION_3, CLI_FORMAT_DECIMAL, AMDVI_BITS(63, 56), {NULL}},
};

const struct cli_layout cli_irte_guest_layout =
    CLI_LAYOUT("interrupt table entry, 128 bits, of a guest", 2, 64, irte_guest_fields);

static void say_memory(json_t *sentences, const struct amdvi_dte *dte)
{
    static const char *const accesses[] = {"nothing", "reads", "writes", "reads and writes"};
    const char *access = accesses[(dte->read ? 1 : 0) + (dte->write ? 2 : 0)];

    if (!dte->valid) {
        cli_say(sentences, "DMA passes untranslated and unchecked (V=0).");
    } else if (dte->memory_reserved) {
        cli_say(sentences, "DMA is aborted with ILLEGAL_DEV_TABLE_ENTRY: a reserved bit is set.");
    } else if (!dte->translation) {
        cli_say(sentences, "DMA is blocked (TV=0): IO_PAGE_FAULT with PR=0.");
    } else if (dte->mode == AMDVI_MODE_RESERVED) {
        cli_say(sentences, "DMA is aborted with ILLEGAL_DEV_TABLE_ENTRY: Mode is illegal.");
    } else if (!dte->read && !dte->write) {
        cli_say(sentences, "DMA is blocked (IR=IW=0): IO_PAGE_FAULT with PE=1.");
    } else if (dte->mode == AMDVI_MODE_NONE) {
        cli_say(sentences, "DMA passes at its own addresses, in domain %u; allowed: %s.",
                dte->domain_id, access);
    } else {
        cli_say(sentences,
                "DMA is translated by a table of %u levels at 0x%" PRIx64
                ", in domain %u; allowed: %s.",
                dte->mode, dte->page_root, dte->domain_id, access);
    }
}

static void say_interrupts(json_t *sentences, const struct amdvi_dte *dte)
{
    if (!dte->interrupt_valid) {
        cli_say(sentences, "Interrupts pass unmapped (IV=0).");
        return;
    }
    if (dte->intr_reserved) {
        cli_say(sentences,
                "Interrupts are aborted with ILLEGAL_DEV_TABLE_ENTRY: a reserved bit is set.");
        return;
    }
    switch ((enum amdvi_int_ctl)dte->int_ctl) {
    case AMDVI_INT_CTL_ABORT:
        cli_say(sentences, "Interrupts are aborted (IntCtl=0).");
        break;
    case AMDVI_INT_CTL_PASS:
        cli_say(sentences, "Interrupts pass unmapped (IntCtl=1).");
        break;
    case AMDVI_INT_CTL_REMAP:
        if (dte->int_tab_len > AMDVI_INT_TAB_LEN_MAX) {
            cli_say(sentences,
                    "Interrupts are aborted with ILLEGAL_DEV_TABLE_ENTRY: IntTabLen %u "
                    "is illegal.",
                    dte->int_tab_len);
        } else {
            cli_say(sentences, "Interrupts are remapped by a table of %u entr%s at 0x%" PRIx64 ".",
                    1U << dte->int_tab_len, dte->int_tab_len == 0 ? "y" : "ies",
                    dte->interrupt_root);
        }
        break;
    case AMDVI_INT_CTL_RESERVED:
        cli_say(sentences, "Interrupts are aborted with ILLEGAL_DEV_TABLE_ENTRY: IntCtl is "
                           "illegal.");
        break;
    }
}

/* Whether one half of the entry has a bit that the revision does not name. */
static bool has_reserved(const uint64_t *words, enum cli_revision revision, unsigned half)
{
    return amdvi_has(words[half], ~cli_layout_mask(&cli_dte_layout, revision, half)) ||
           amdvi_has(words[half + 1], ~cli_layout_mask(&cli_dte_layout, revision, half + 1));
}

json_t *cli_dte_summary(const uint64_t *words, enum cli_revision revision)
{
    json_t *sentences = json_array();
    struct amdvi_wire_dte wire;
    struct amdvi_dte dte;

    for (unsigned i = 0; i < 4; i++) {
        amdvi_le64_encode(&wire.word[i], words[i]);
    }
    amdvi_dte_decode(&dte, &wire);
    if (revision != CLI_REVISION_1) {
        dte.memory_reserved = has_reserved(words, revision, 0);
        dte.intr_reserved = has_reserved(words, revision, 2);
    }
    if (revision != CLI_REVISION_1 && amdvi_has(words[0], DTE0_GV)) {
        cli_say(sentences, "Guest translation is on: DMA goes through the tables that the GCR3 "
                           "table names first.");
    }
    say_memory(sentences, &dte);
    say_interrupts(sentences, &dte);
    return sentences;
}

json_t *cli_pte_summary(uint64_t word, unsigned level)
{
    json_t *sentences = json_array();
    unsigned next = (unsigned)amdvi_get(word, AMDVI_PTE_NEXT_LEVEL);
    bool is_sized = next == AMDVI_NEXT_LEVEL_SIZE;

    if (!amdvi_has(word, AMDVI_PTE_PR)) {
        cli_say(sentences, "Nothing is mapped here: IO_PAGE_FAULT with PR=0.");
    } else if (level == 0 && is_sized) {
        unsigned size_log2 = amdvi_pte_size_log2(word & AMDVI_PTE_ADDRESS);
        cli_say(sentences, "A page of 2^%u bytes at 0x%" PRIx64 ".", size_log2,
                size_log2 < 52 ? word & AMDVI_PTE_ADDRESS & ~(AMDVI_BIT(size_log2) - 1) : 0);
    } else if (level == 0 && next == 0) {
        cli_say(sentences, "A page; its size follows from the level of its table (--level).");
    } else if (level != 0) {
        struct amdvi_pte pte = amdvi_pte_decode(word, level);
        if (pte.kind == AMDVI_PTE_LEAF) {
            cli_say(sentences, "A page of 2^%u bytes at 0x%" PRIx64 ".", pte.size_log2, pte.spa);
        } else if (pte.kind == AMDVI_PTE_BAD_LEVEL) {
            cli_say(sentences,
                    "NextLevel or the page size is illegal in a table of level %u: "
                    "IO_PAGE_FAULT with PR=1.",
                    level);
        } else if (pte.kind == AMDVI_PTE_BAD_RESERVED) {
            cli_say(sentences, "A reserved bit is set: IO_PAGE_FAULT with PR=1, RZ=1.");
        }
    }
    return sentences;
}

json_t *cli_irte_summary(const uint64_t *words, bool is_wide)
{
    json_t *sentences = json_array();
    struct amdvi_irte irte = amdvi_irte_decode((uint32_t)(words[0] & UINT32_MAX));
    bool is_guest = is_wide && amdvi_has(words[0], AMDVI_IRTE_GUEST_MODE);
    uint64_t destination = is_wide ? amdvi_get(words[0], AMDVI_BITS(31, 8)) |
                                         amdvi_get(words[1], AMDVI_BITS(63, 56)) << 24
                                   : irte.destination;

    if (!irte.remap_enable) {
        cli_say(sentences, "The interrupt is aborted: IO_PAGE_FAULT with I=1, PR=0%s.",
                irte.suppress_fault ? ", not logged" : "");
    } else if (!is_guest && irte.int_type > 1) {
        cli_say(sentences,
                "IntType is illegal: the interrupt is aborted, IO_PAGE_FAULT with RZ=1.");
    } else if (!is_guest) {
        cli_say(sentences, "Sent as vector 0x%" PRIx64 " to %s %s %" PRIu64 ".",
                is_wide ? amdvi_get(words[1], AMDVI_BITS(7, 0)) : irte.vector,
                irte.logical ? "logical" : "physical", irte.logical ? "destination" : "APIC id",
                destination);
    }
    return sentences;
}
