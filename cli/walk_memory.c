/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A memory access step by step, in the order of revision 1.20: device table entry, special ranges,
 * exclusion, permissions, page tables. It does what libamdvi does, but keeps what it sees.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <amdvi/pte.h>
#include <amdvi/ranges.h>
#include <amdvi/regs.h>

#include "walk.h"

#define DTE0_GV AMDVI_BIT(55) /* 2.x */

void cli_walk_step(struct cli_walk *walk, const char *what, uint64_t spa, uint64_t word,
                   const char *format, ...)
{
    char text[256];
    va_list arguments;
    json_t *step = json_object();

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    json_object_set_new(step, "step", json_string(what));
    json_object_set_new(step, "at",
                        spa != UINT64_MAX ? cli_string("0x%" PRIx64, spa) : json_string(""));
    json_object_set_new(step, "value", cli_string("0x%016" PRIx64, word));
    json_object_set_new(step, "meaning", cli_string("%s", text));
    json_array_append_new(walk->steps, step);
}

void cli_walk_end(struct cli_walk *walk, const char *outcome, const char *format, ...)
{
    va_list arguments;

    walk->outcome = outcome;
    va_start(arguments, format);
    vsnprintf(walk->reason, sizeof(walk->reason), format, arguments);
    va_end(arguments);
}

void cli_walk_abort(struct cli_walk *walk, const struct amdvi_event *event, const char *why)
{
    cli_walk_end(walk, "aborted", "%s", why);
    walk->has_event = true;
    walk->event = *event;
    walk->event.device_id = walk->device_id;
    walk->event.address = walk->iova;
}

static void fault(struct cli_walk *walk, const struct amdvi_dte *dte, struct amdvi_event event,
                  const char *why)
{
    event.code = AMDVI_EVENT_IO_PAGE_FAULT;
    event.domain_id = dte->domain_id;
    event.write = walk->is_write;
    cli_walk_abort(walk, &event, why);
    if (dte->suppress_all) {
        walk->has_event = false; /* SA */
    }
}

static void pass(struct cli_walk *walk, const char *why)
{
    cli_walk_end(walk, "passed", "%s", why);
    walk->spa = walk->iova;
}

bool cli_walk_find_dte(struct cli_walk *walk, struct amdvi_dte *dte, uint64_t words[4])
{
    uint64_t base = walk->dev_tab_base & AMDVI_DEV_TAB_BASE_BASE;
    uint64_t entries = amdvi_dev_tab_entries(walk->dev_tab_base);
    uint64_t spa = base + (uint64_t)walk->device_id * AMDVI_DTE_BYTES;
    struct amdvi_wire_dte wire;
    static const char *const names[] = {"DTE[0]", "DTE[1]", "DTE[2]", "DTE[3]"};

    if (!amdvi_has(walk->control, AMDVI_CONTROL_IOMMU_EN)) {
        pass(walk, "the IOMMU is off (IommuEn=0)");
        return false;
    }
    if (walk->device_id >= entries) {
        fault(walk, &(struct amdvi_dte){.valid = false}, (struct amdvi_event){.present = false},
              "the device table has no entry for the device");
        return false;
    }
    if (!cli_image_read(&walk->image, spa, &wire, sizeof(wire))) {
        cli_walk_end(walk, "unreadable",
                     "the device table entry at 0x%" PRIx64 " is not in the image", spa);
        return false;
    }
    for (unsigned i = 0; i < 4; i++) {
        words[i] = amdvi_le64_decode(&wire.word[i]);
    }
    json_t *summary = cli_dte_summary(words, walk->revision);
    size_t count = json_array_size(summary);
    for (size_t i = 0; i < 4; i++) {
        /* The last sentence is about interrupts, the one before about memory. */
        const char *text = i == 0   ? json_string_value(json_array_get(summary, count - 2))
                           : i == 2 ? json_string_value(json_array_get(summary, count - 1))
                                    : "";
        cli_walk_step(walk, names[i], spa + 8 * i, words[i], "%s", text != NULL ? text : "");
    }
    json_decref(summary);
    amdvi_dte_decode(dte, &wire);
    if (walk->revision != CLI_REVISION_1) {
        dte->memory_reserved = false;
        dte->intr_reserved = false;
        for (unsigned i = 0; i < 4; i++) {
            bool is_set = amdvi_has(words[i], ~cli_layout_mask(&cli_dte_layout, walk->revision, i));
            dte->memory_reserved = dte->memory_reserved || (is_set && i < 2);
            dte->intr_reserved = dte->intr_reserved || (is_set && i >= 2);
        }
    }
    return true;
}

static void refuse_request(struct cli_walk *walk, unsigned type, const char *why)
{
    struct amdvi_event event = {.code = AMDVI_EVENT_INVALID_DEVICE_REQUEST,
                                .type = (uint8_t)(type & 7)};

    cli_walk_abort(walk, &event, why);
}

/* 0 aborts, 1 passes, 2 and 3 as the field says; true when it decides. */
static bool decide_io(struct cli_walk *walk, const struct amdvi_dte *dte)
{
    struct amdvi_event illegal = {.code = AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY,
                                  .reserved = true, /* as libamdvi chooses */
                                  .write = walk->is_write};

    switch ((enum amdvi_io_ctl)dte->io_ctl) {
    case AMDVI_IO_CTL_ABORT:
        refuse_request(walk, AMDVI_INVALID_IO_SPACE, "port I/O is not allowed (IoCtl=0)");
        return true;
    case AMDVI_IO_CTL_PASS:
        pass(walk, "port I/O passes (IoCtl=1)");
        return true;
    case AMDVI_IO_CTL_TRANSLATE:
        break;
    case AMDVI_IO_CTL_RESERVED:
        cli_walk_abort(walk, &illegal, "IoCtl is illegal");
        return true;
    }
    if (!dte->translation) {
        refuse_request(walk, AMDVI_INVALID_NOT_TRANSLATABLE,
                       "port I/O is to be translated, and there is no translation (TV=0)");
        return true;
    }
    return false;
}

static bool decide_management(struct cli_walk *walk, const struct amdvi_dte *dte)
{
    if (dte->sys_mgt == AMDVI_SYS_MGT_TRANSLATE) {
        if (!dte->translation) {
            refuse_request(walk, AMDVI_INVALID_NOT_TRANSLATABLE,
                           "it is to be translated, and there is no translation (TV=0)");
        }
        return !dte->translation;
    }
    if (walk->is_write && dte->sys_mgt == AMDVI_SYS_MGT_PASS) {
        pass(walk, "system management writes pass (SysMgt=1)");
    } else if (walk->is_write && dte->sys_mgt == AMDVI_SYS_MGT_PASS_INTX) {
        cli_walk_end(walk, "not walked",
                     "SysMgt=2 lets INTx messages pass; a trace says whether this is one");
    } else {
        refuse_request(walk,
                       walk->is_write ? AMDVI_INVALID_POSTED_WRITE
                                      : AMDVI_INVALID_READ_OR_NONPOSTED_WRITE,
                       "system management requests are not allowed (SysMgt)");
    }
    return true;
}

/* True when the address is special, and that decides. */
static bool decide_range(struct cli_walk *walk, const struct amdvi_dte *dte)
{
    enum amdvi_range range = amdvi_range_of(walk->iova);

    switch (range) {
    case AMDVI_RANGE_INTERRUPT:
    case AMDVI_RANGE_MSI:
        refuse_request(walk, AMDVI_INVALID_READ_OF_INTERRUPT_RANGE,
                       "the interrupt range cannot be read");
        return true;
    case AMDVI_RANGE_RESERVED_INTERRUPT:
        refuse_request(walk,
                       walk->is_write ? AMDVI_INVALID_RESERVED_INTERRUPT
                                      : AMDVI_INVALID_READ_OF_INTERRUPT_RANGE,
                       "the range is reserved for interrupts");
        return true;
    case AMDVI_RANGE_IO_SPACE:
        return decide_io(walk, dte);
    case AMDVI_RANGE_SYSTEM_MANAGEMENT:
        return decide_management(walk, dte);
    case AMDVI_RANGE_ADDRESS_TRANSLATION:
        if (walk->ht_ats_reserved) {
            refuse_request(walk,
                           walk->is_write ? AMDVI_INVALID_POSTED_WRITE
                                          : AMDVI_INVALID_READ_OR_NONPOSTED_WRITE,
                           "the range is reserved for ATS (HtAtsResv=1)");
        }
        return walk->ht_ats_reserved;
    case AMDVI_RANGE_NONE:
    case AMDVI_RANGE_PIC_IACK:
    case AMDVI_RANGE_RESERVED_1:
    case AMDVI_RANGE_CONFIGURATION:
    case AMDVI_RANGE_EXTENDED_CONFIGURATION:
    case AMDVI_RANGE_RESERVED_2:
        break;
    }
    return false;
}

static bool is_excluded(const struct cli_walk *walk, const struct amdvi_dte *dte)
{
    uint64_t first = walk->excl_base & AMDVI_EXCL_BASE_BASE;
    uint64_t last = (walk->excl_limit & AMDVI_EXCL_LIMIT_LIMIT) | AMDVI_EXCL_LIMIT_LOW;

    return amdvi_has(walk->excl_base, AMDVI_EXCL_BASE_EX_EN) &&
           (amdvi_has(walk->excl_base, AMDVI_EXCL_BASE_ALLOW) || dte->exclusion) &&
           walk->iova >= first && walk->iova <= last;
}

/* Reads one entry and decodes it; false when the walk ends here. */
static bool read_entry(struct cli_walk *walk, const struct amdvi_dte *dte, uint64_t table,
                       unsigned level, struct amdvi_pte *out)
{
    uint64_t spa = table + AMDVI_PTE_BYTES * (uint64_t)amdvi_level_index(level, walk->iova);
    struct amdvi_le64 wire;
    char name[16];

    snprintf(name, sizeof(name), "level %u", level);
    if (!cli_image_read(&walk->image, spa, &wire, sizeof(wire))) {
        cli_walk_end(walk, "unreadable", "the entry at 0x%" PRIx64 " is not in the image", spa);
        return false;
    }
    uint64_t word = amdvi_le64_decode(&wire);
    *out = amdvi_pte_decode(word, level);
    if (out->kind == AMDVI_PTE_NOT_PRESENT) {
        cli_walk_step(walk, name, spa, word, "entry %u: not present",
                      amdvi_level_index(level, walk->iova));
        fault(walk, dte, (struct amdvi_event){.present = false}, "nothing is mapped there (PR=0)");
        return false;
    }
    cli_walk_step(walk, name, spa, word, "entry %u: %s%s%s", amdvi_level_index(level, walk->iova),
                  out->kind == AMDVI_PTE_POINTER ? "table"
                  : out->kind == AMDVI_PTE_LEAF  ? "page"
                                                 : "illegal",
                  out->read ? ", IR" : "", out->write ? ", IW" : "");
    if (out->kind == AMDVI_PTE_BAD_RESERVED) {
        fault(walk, dte, (struct amdvi_event){.present = true, .reserved = true},
              "the entry has a reserved bit set");
        return false;
    }
    if (walk->is_write ? !out->write : !out->read) {
        fault(walk, dte, (struct amdvi_event){.present = true, .permission = true},
              walk->is_write ? "the entry does not allow writes (IW=0)"
                             : "the entry does not allow reads (IR=0)");
        return false;
    }
    if (out->kind == AMDVI_PTE_BAD_LEVEL) {
        fault(walk, dte, (struct amdvi_event){.present = true},
              "NextLevel or the size of the page is illegal at this level");
        return false;
    }
    return true;
}

static void walk_tables(struct cli_walk *walk, const struct amdvi_dte *dte)
{
    unsigned level = dte->mode;
    uint64_t table = dte->page_root;
    struct amdvi_pte pte;

    if (level < AMDVI_MODE_MAX &&
        walk->iova >> (amdvi_level_shift(level) + AMDVI_LEVEL_BITS) != 0) {
        fault(walk, dte, (struct amdvi_event){.present = true},
              "the address is beyond what the table's levels reach");
        return;
    }
    while (read_entry(walk, dte, table, level, &pte)) {
        if (pte.kind == AMDVI_PTE_LEAF) {
            uint64_t inside = AMDVI_BIT(pte.size_log2) - 1;
            walk->spa = pte.spa | (walk->iova & inside);
            walk->size_log2 = pte.size_log2;
            cli_walk_end(walk, "translated", "a page of 2^%u bytes", pte.size_log2);
            return;
        }
        if (amdvi_has(walk->iova, amdvi_level_skipped(level, pte.next_level))) {
            fault(walk, dte, (struct amdvi_event){.present = true},
                  "a level is skipped whose bits of the address are not 0");
            return;
        }
        table = pte.spa;
        level = pte.next_level;
    }
}

static void translate(struct cli_walk *walk, const struct amdvi_dte *dte)
{
    if (is_excluded(walk, dte)) {
        pass(walk, "the address is in the exclusion range");
    } else if (!dte->translation) {
        fault(walk, dte, (struct amdvi_event){.present = false},
              "the entry has no translation (TV=0)");
    } else if (walk->is_write ? !dte->write : !dte->read) {
        fault(walk, dte, (struct amdvi_event){.present = true, .permission = true},
              walk->is_write ? "the device may not write (IW=0)"
                             : "the device may not read (IR=0)");
    } else if (dte->mode == AMDVI_MODE_RESERVED) {
        struct amdvi_event illegal = {.code = AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY,
                                      .write = walk->is_write};
        cli_walk_abort(walk, &illegal, "Mode is illegal");
    } else if (dte->mode == AMDVI_MODE_NONE) {
        pass(walk, "the device has no page table (Mode=0)");
    } else {
        walk_tables(walk, dte);
    }
}

void cli_walk_memory(struct cli_walk *walk)
{
    struct amdvi_event illegal = {
        .code = AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY, .reserved = true, .write = walk->is_write};
    struct amdvi_dte dte;
    uint64_t words[4];

    enum amdvi_range range = amdvi_range_of(walk->iova);
    if (walk->is_write && (range == AMDVI_RANGE_MSI || range == AMDVI_RANGE_INTERRUPT)) {
        cli_walk_end(walk, "not walked", "a write there is an interrupt: use --interrupt");
        return;
    }
    if (!cli_walk_find_dte(walk, &dte, words)) {
        return;
    }
    if (!dte.valid) {
        pass(walk, "the entry is not valid (V=0)");
    } else if (dte.memory_reserved) {
        cli_walk_abort(walk, &illegal, "the entry has a reserved bit set");
    } else if (walk->revision != CLI_REVISION_1 && amdvi_has(words[0], DTE0_GV)) {
        cli_walk_end(walk, "not walked", "a guest's tables come first (GV=1)");
    } else if (!decide_range(walk, &dte)) {
        translate(walk, &dte);
    }
}
