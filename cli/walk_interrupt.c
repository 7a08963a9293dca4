/* SPDX-License-Identifier: BSD-2-Clause */
/* An interrupt request step by step. */
#include <inttypes.h>
#include <stdio.h>

#include <amdvi/interrupt.h>
#include <amdvi/irte.h>

#include "walk.h"

#define CONTROL_GA_EN AMDVI_BIT(17) /* 2.x: entries have 128 bits */

static void refuse(struct cli_walk *walk, const struct amdvi_dte *dte, struct amdvi_event event,
                   const char *why)
{
    event.interrupt = true;
    if (event.code == AMDVI_EVENT_IO_PAGE_FAULT) {
        event.domain_id = dte->domain_id;
    }
    cli_walk_abort(walk, &event, why);
}

static void fault(struct cli_walk *walk, const struct amdvi_dte *dte, struct amdvi_event event,
                  const char *why)
{
    event.code = AMDVI_EVENT_IO_PAGE_FAULT;
    refuse(walk, dte, event, why);
    if (dte->ignore_unmapped) {
        walk->has_event = false; /* IG */
    }
}

static void pass(struct cli_walk *walk, const char *why)
{
    cli_walk_end(walk, "passed", "%s", why);
    walk->spa = walk->iova;
}

/* What an entry makes of it. @words is a whole entry, of 32 or 128 bits. */
static void apply_entry(struct cli_walk *walk, const struct amdvi_dte *dte, const uint64_t words[2],
                        bool is_wide)
{
    struct amdvi_irte irte = amdvi_irte_decode((uint32_t)(words[0] & UINT32_MAX));
    bool is_guest = is_wide && amdvi_has(words[0], AMDVI_IRTE_GUEST_MODE);
    bool has_reserved = irte.has_reserved && !is_wide;

    if (!irte.remap_enable) {
        fault(walk, dte, (struct amdvi_event){.present = false}, "the entry is off (RemapEn=0)");
    } else if (has_reserved) {
        fault(walk, dte, (struct amdvi_event){.present = true, .reserved = true},
              "the entry has a reserved bit set");
    } else if (is_guest) {
        cli_walk_end(walk, "translated", "into the virtual APIC of a guest");
    } else if (irte.int_type > 1) {
        fault(walk, dte, (struct amdvi_event){.present = true, .reserved = true},
              "IntType is illegal");
    } else {
        json_t *summary = cli_irte_summary(words, is_wide);
        const char *text = json_string_value(json_array_get(summary, 0));
        cli_walk_end(walk, "translated", "%s", text != NULL ? text : "");
        json_decref(summary);
        return;
    }
    if (irte.suppress_fault && walk->event.code == AMDVI_EVENT_IO_PAGE_FAULT) {
        walk->has_event = false; /* SupIOPF */
    }
}

static void remap(struct cli_walk *walk, const struct amdvi_dte *dte, unsigned index)
{
    bool is_wide = walk->revision != CLI_REVISION_1 && amdvi_has(walk->control, CONTROL_GA_EN);
    unsigned bytes = is_wide ? 16 : AMDVI_IRTE_BYTES;
    uint64_t spa = dte->interrupt_root + (uint64_t)bytes * index;
    uint8_t entry[16] = {0};
    uint64_t words[2] = {0};
    struct amdvi_event illegal = {.code = AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY};

    if (dte->int_tab_len > AMDVI_INT_TAB_LEN_MAX) {
        refuse(walk, dte, illegal, "IntTabLen is illegal");
        return;
    }
    if (index >> dte->int_tab_len != 0) {
        fault(walk, dte, (struct amdvi_event){.present = false},
              "the interrupt table has fewer entries");
        return;
    }
    if (!cli_image_read(&walk->image, spa, entry, bytes)) {
        cli_walk_end(walk, "unreadable", "the entry at 0x%" PRIx64 " is not in the image", spa);
        return;
    }
    for (unsigned i = 0; i < bytes; i++) {
        words[i / 8] |= (uint64_t)entry[i] << (8 * (i % 8));
    }
    cli_walk_step(walk, "entry", spa, words[0], "entry %u of the interrupt table", index);
    if (is_wide) {
        cli_walk_step(walk, "", spa + 8, words[1], "%s", "its upper half");
    }
    apply_entry(walk, dte, words, is_wide);
}

static void decide_fixed(struct cli_walk *walk, const struct amdvi_dte *dte, unsigned index)
{
    struct amdvi_event event = {.code = AMDVI_EVENT_INVALID_DEVICE_REQUEST,
                                .type = AMDVI_INVALID_INTERRUPT};

    switch ((enum amdvi_int_ctl)dte->int_ctl) {
    case AMDVI_INT_CTL_ABORT:
        cli_walk_abort(walk, &event, "interrupts are not allowed (IntCtl=0)");
        break;
    case AMDVI_INT_CTL_PASS:
        pass(walk, "interrupts pass unmapped (IntCtl=1)");
        break;
    case AMDVI_INT_CTL_REMAP:
        remap(walk, dte, index);
        break;
    case AMDVI_INT_CTL_RESERVED:
        event = (struct amdvi_event){.code = AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY, .reserved = true};
        refuse(walk, dte, event, "IntCtl is illegal");
        break;
    }
}

/* Classes that one bit of the entry lets pass; those with a destination only to a physical one. */
static void decide_bit(struct cli_walk *walk, bool may_pass, bool is_logical, const char *name)
{
    if (may_pass && !is_logical) {
        cli_walk_end(walk, "passed", "%s passes unmapped", name);
        walk->spa = walk->iova;
    } else {
        cli_walk_end(walk, "aborted", "%s is not allowed%s", name,
                     may_pass ? " to a logical destination" : "");
    }
}

static void decide_class(struct cli_walk *walk, const struct amdvi_dte *dte,
                         const struct amdvi_int_request *request)
{
    switch (request->int_class) {
    case AMDVI_INT_FIXED:
    case AMDVI_INT_ARBITRATED:
        decide_fixed(walk, dte, request->index);
        break;
    case AMDVI_INT_SMI:
        pass(walk, "SMI passes unmapped");
        break;
    case AMDVI_INT_NMI:
        decide_bit(walk, dte->nmi_pass, request->logical, "NMI");
        break;
    case AMDVI_INT_INIT:
        decide_bit(walk, dte->init_pass, request->logical, "INIT");
        break;
    case AMDVI_INT_EXT_INT:
        decide_bit(walk, dte->eint_pass, request->logical, "ExtInt");
        break;
    case AMDVI_INT_LINT0:
        decide_bit(walk, dte->lint0_pass, false, "LINT0");
        break;
    case AMDVI_INT_LINT1:
        decide_bit(walk, dte->lint1_pass, false, "LINT1");
        break;
    case AMDVI_INT_OTHER:
        cli_walk_end(walk, "aborted", "no device may send this kind of interrupt");
        break;
    }
}

void cli_walk_interrupt(struct cli_walk *walk)
{
    struct amdvi_event illegal = {.code = AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY, .reserved = true};
    struct amdvi_int_request request;
    struct amdvi_dte dte;
    uint64_t words[4];

    if (!amdvi_int_request_decode(&request, walk->iova, walk->msi_data)) {
        cli_walk_end(walk, "not walked", "0x%" PRIx64 " is no address of an interrupt", walk->iova);
        return;
    }
    if (!cli_walk_find_dte(walk, &dte, words)) {
        walk->event.interrupt = walk->has_event;
        walk->event.write = false;
        return;
    }
    if (!dte.interrupt_valid) {
        pass(walk, "the entry says nothing about interrupts (IV=0)");
    } else if (dte.intr_reserved) {
        refuse(walk, &dte, illegal, "the entry has a reserved bit set");
    } else {
        decide_class(walk, &dte, &request);
    }
}
