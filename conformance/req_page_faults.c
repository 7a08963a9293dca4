/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: which of several defects of I/O page tables is logged, tables that cannot be read,
 * and requests of more than one page or device.
 */
#include "entries.h"

#define SOURCE "1.20, I/O page tables"

/* ---- More than one defect -------------------------------------------------------------------- */

static void reserved_and_permission(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);

    set_page_entry(rig, rig_entry_at(rig, rig->root, 3, RIG_IOVA, 1),
                   rig_entry(0, page, 0) | UINT64_C(1) << 52);
    RIG_READ_REFUSED(rig, RIG_IOVA, page, 8);
    CHOOSE_EVENT(rig, rig_fault(rig, EVENT_PR | EVENT_RZ, RIG_IOVA), "RZ=1",
                 rig_fault(rig, EVENT_PR | EVENT_PE, RIG_IOVA), "PE=1");
}

static void permission_and_level(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);

    set_page_entry(rig, rig_entry_at(rig, rig->root, 3, RIG_IOVA, 1), rig_entry(1, page, 0));
    RIG_READ_REFUSED(rig, RIG_IOVA, page, 8);
    CHOOSE_EVENT(rig, rig_fault(rig, EVENT_PR | EVENT_PE, RIG_IOVA), "permission violation",
                 rig_fault(rig, EVENT_PR, RIG_IOVA), "illegal level");
}

static void directory_and_page(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);
    uint64_t at = rig_entry_at(rig, rig->root, 3, RIG_IOVA, 2);

    rig_store64(rig, rig_entry_at(rig, rig->root, 3, RIG_IOVA, 1), 0);
    set_page_entry(rig, at, rig_load64(rig, at) & ~RIG_R);
    RIG_READ_REFUSED(rig, RIG_IOVA, page, 8);
    CHOOSE_EVENT(rig, rig_fault(rig, EVENT_PR | EVENT_PE, RIG_IOVA), "the directory's",
                 rig_fault(rig, 0, RIG_IOVA), "the page's");
}

/* ---- Tables that cannot be read -------------------------------------------------------------- */

/* PAGE_TAB_HARDWARE_ERROR of the entry at @address, but for Type, which is told by name. */
static void name_type(struct rig *rig, uint64_t flags, uint64_t address)
{
    struct rig_event want =
        rig_event(EVENT_CODE_PAGE_HARDWARE, rig->device, RIG_DOMAIN, flags, address);
    struct rig_event event = TAKE_ONE(rig);
    unsigned type = event.word0 >> 57 & 3;

    CHECK_U64(event.word0 & ~(UINT64_C(3) << 57), want.word0);
    CHECK_U64(event.word1, want.word1);
    if (CHECK(type != 0)) {
        SAME_OUTCOME(rig, type == 1 ? "master abort" : type == 2 ? "target abort" : "data error");
    }
}

static void absent_table(struct rig *rig)
{
    uint64_t iova = UINT64_C(0x80000000); /* even at all levels: bit 3 of the address is 0 */
    uint64_t page = attach_page(rig, 6, iova);

    for (unsigned level = 2; level <= 6; level++) {
        uint64_t at = rig_entry_at(rig, rig->root, 6, iova, level);
        uint64_t entry = rig_load64(rig, at);

        set_page_entry(rig, at, rig_entry(level - 1, TARGET_ABSENT, RIG_RW));
        RIG_READ_REFUSED(rig, iova, page, 8);
        name_type(rig, 0, TARGET_ABSENT + 8 * (iova >> shift_of(level - 1) & 0x1ff));
        set_page_entry(rig, at, entry);
        RIG_READS(rig, iova, page, 8);
    }
}

static void absent_root(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    for (unsigned mode = 1; mode <= 6; mode++) {
        set_entry(rig, Q0_V | Q0_TV | RIG_RW | Q0_MODE(mode) | TARGET_ABSENT, RIG_DOMAIN, 0, 0);
        RIG_WRITE_REFUSED(rig, UINT64_C(2) << shift_of(mode), page, 8);
        name_type(rig, EVENT_RW, TARGET_ABSENT + 0x10);
    }
}

static void failing_table(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);

    rig->target->ops->memory_fail(rig->target, rig_entry_at(rig, rig->root, 3, RIG_IOVA, 1));
    rig_invalidate_domain(rig, RIG_DOMAIN);
    CHECK(rig_wait(rig));
    RIG_READ_REFUSED(rig, RIG_IOVA, page, 8);
    name_type(rig, 0, rig_entry_at(rig, rig->root, 3, RIG_IOVA, 1));
}

static void odd_entry(struct rig *rig)
{
    uint64_t page = rig_page(rig);

    rig_enable(rig);
    set_entry(rig, Q0_V | Q0_TV | RIG_RW | Q0_MODE(1) | TARGET_ABSENT, RIG_DOMAIN, 0, 0);
    RIG_READ_REFUSED(rig, 0x3000, page, 8);
    uint64_t address = TAKE_ONE(rig).word1;
    if (address == TARGET_ABSENT + 0x10) {
        rig_outcome(rig, "63:4");
    } else if (CHECK_U64(address, TARGET_ABSENT + 0x18)) {
        rig_outcome(rig, "63:3");
    }
}

/* ---- More than one page or device ------------------------------------------------------------ */

static void across_pages(struct rig *rig)
{
    uint64_t upper = attach_page(rig, 3, RIG_IOVA + 0x1000);
    uint64_t lower = rig_pages(rig, 4, 0x1000) + 0x2000;
    uint8_t data[256];
    uint8_t got[128];

    rig_map(rig, RIG_IOVA, lower, 12, RIG_RW);
    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + 1);
    }
    rig->target->ops->memory_write(rig->target, lower + 0xf80, data, 128);
    rig->target->ops->memory_write(rig->target, upper, data + 128, 128);
    struct target_request request = request_of(rig, TARGET_READ, RIG_IOVA + 0xf80);
    uint8_t read[256] = {0};
    request.size_bytes = 256;
    request.data = read;
    rig->target->ops->request(rig->target, &request);
    for (unsigned i = 0; i < 256; i++) {
        CHECK_U64(read[i], data[i]);
    }
    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 5 + 3);
    }
    request.kind = TARGET_WRITE;
    request.data = data;
    rig->target->ops->request(rig->target, &request);
    rig->target->ops->memory_read(rig->target, lower + 0xf80, got, 128);
    for (unsigned i = 0; i < 128; i++) {
        CHECK_U64(got[i], data[i]);
    }
    rig->target->ops->memory_read(rig->target, upper, got, 128);
    for (unsigned i = 0; i < 128; i++) {
        CHECK_U64(got[i], data[128 + i]);
    }
    CHECK_U64(rig_load64(rig, lower + 0x1000), 0);
    RIG_NO_EVENTS(rig);
}

static void across_into_nothing(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);
    uint8_t data[256];
    struct target_request request = request_of(rig, TARGET_READ, RIG_IOVA + 0xf80);

    request.size_bytes = 256;
    request.data = data;
    enum target_outcome outcome = rig->target->ops->request(rig->target, &request);
    CHECK(outcome != TARGET_DONE);
    CHOOSE_EVENT(rig, rig_fault(rig, 0, RIG_IOVA + 0x1000), "the refused page",
                 rig_fault(rig, 0, RIG_IOVA + 0xf80), "the request");
    CHECK_U64(rig_load64(rig, page + 0x1000), 0);
}

static void tables_are_shared(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);
    struct target_request request = request_of(rig, TARGET_READ, RIG_IOVA + 8);

    request.device_id = rig->target->endpoint[1];
    rig_set_dte(rig, request.device_id, attached(rig));
    RIG_READS(rig, RIG_IOVA, page, 8);
    RIG_DOES(rig, request, page + 8);
    request.address += 0x1000;
    REFUSES(rig, request, page,
            rig_event(EVENT_CODE_PAGE_FAULT, request.device_id, RIG_DOMAIN, 0, RIG_IOVA + 0x1008));
}

static void two_iovas_one_page(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);

    rig_map(rig, RIG_IOVA + 0x5000, page, 12, RIG_R);
    RIG_READS(rig, RIG_IOVA, page, 8);
    RIG_READS(rig, RIG_IOVA + 0x5000, page, 8);
    RIG_WRITES(rig, RIG_IOVA, page, 8);
    REFUSES_WRITE(rig, RIG_IOVA + 0x5000, page,
                  rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, RIG_IOVA + 0x5000));
}

static void page_without_memory(struct rig *rig)
{
    uint64_t page = attach_page(rig, 3, RIG_IOVA);
    struct target_request request = request_of(rig, TARGET_WRITE, RIG_IOVA + 0x1000);
    uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    rig_map(rig, RIG_IOVA + 0x1000, TARGET_ABSENT, 12, RIG_RW);
    request.data = data;
    rig->target->ops->request(rig->target, &request);
    request.kind = TARGET_READ;
    rig->target->ops->request(rig->target, &request);
    RIG_NO_EVENTS(rig);
    RIG_READS(rig, RIG_IOVA, page, 8);
}

static const struct requirement list[] = {
    CHOICE("PTE-026", "An entry with a reserved bit and without permission gives one fault", SOURCE,
           CAN_DMA, reserved_and_permission, "RZ=1 | PE=1", "RZ=1"),
    CHOICE("PTE-027", "An entry with an illegal level and without permission gives one fault",
           SOURCE, CAN_DMA, permission_and_level, "permission violation | illegal level",
           "permission violation"),
    CHOICE("PTE-028",
           "A directory entry without permission over a page not present gives one "
           "fault",
           SOURCE, CAN_DMA, directory_and_page, "the directory's | the page's", "the directory's"),
    CHOICE("PTE-029",
           "A table without memory behind it is PAGE_TAB_HARDWARE_ERROR with the entry's address, "
           "at each level, of one Type",
           "1.20, event log", CAN_DMA, absent_table, "master abort | target abort | data error",
           "master abort"),
    CHOICE("PTE-030",
           "A root table without memory behind it is PAGE_TAB_HARDWARE_ERROR in each "
           "mode, of one Type",
           "1.20, event log", CAN_DMA, absent_root, "master abort | target abort | data error",
           "master abort"),
    CHOICE("PTE-031", "A table in memory that fails is PAGE_TAB_HARDWARE_ERROR of one Type",
           "1.20, event log", CAN_DMA | CAN_BAD_MEMORY, failing_table,
           "master abort | target abort | data error", "data error"),
    CHOICE("PTE-032", "PAGE_TAB_HARDWARE_ERROR has the address of the entry, in one of two widths",
           "1.20, event log", CAN_DMA, odd_entry, "63:3 | 63:4", "63:3"),
    REQUIREMENT("PTE-033", "Each page of a request is translated by itself", SOURCE,
                CAN_DMA | CAN_DATA, across_pages),
    CHOICE("PTE-034", "A request that runs into a page not present leaves one fault, of an address",
           SOURCE, CAN_DMA, across_into_nothing, "the refused page | the request",
           "the refused page"),
    REQUIREMENT("PTE-035", "Devices may share tables", SOURCE, CAN_DMA | CAN_SECOND,
                tables_are_shared),
    REQUIREMENT("PTE-036", "A page may have several IOVAs, each with permissions of its own",
                SOURCE, CAN_DMA, two_iovas_one_page),
    REQUIREMENT("PTE-037", "A translation to where no memory is is no event of the IOMMU", SOURCE,
                CAN_DMA, page_without_memory),
    LIST_END,
};

const struct requirement_area area_page_faults = {"PTE", "I/O page tables: faults", list};
