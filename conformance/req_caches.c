/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: what may be kept of translations, and what INVALIDATE_IOMMU_PAGES must end: pages,
 * directories, domains. An IOMMU may keep nothing, and may drop more than it is told; so what is
 * required is the state after an invalidation, and that before it a request goes the old way or
 * the new, and no third. Entries of the device table and of interrupt tables are in
 * req_cached_entries.c.
 */
#include "caches.h"
#include "rings.h"

#define SOURCE "1.20, INVALIDATE_IOMMU_PAGES"

/* INVALIDATE_IOMMU_PAGES, second operand. */

static void invalidate(struct rig *rig, uint16_t domain, uint64_t operand)
{
    rig_command(rig, UINT64_C(3) << 60 | (uint64_t)domain << 32, operand);
    check_true(rig_wait(rig), "the invalidation completes", __FILE__, __LINE__);
}

/* ---- Pages ----------------------------------------------------------------------------------- */

static void old_or_new(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);

    rig_store64(rig, pair.at, rig_entry(0, pair.new, RIG_RW));
    CHECK(lands(rig, RIG_IOVA, pair.old, pair.new) != 0);
    RIG_NO_EVENTS(rig);
    invalidate(rig, RIG_DOMAIN, RIG_IOVA);
    RIG_READS(rig, RIG_IOVA, pair.new, 8);
    RIG_WRITES(rig, RIG_IOVA, pair.new, 8);
}

static void old_or_refused(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);
    struct rig_event event;

    rig_store64(rig, pair.at, 0);
    unsigned where = lands(rig, RIG_IOVA, pair.old, pair.new);
    CHECK(where != 2);
    CHECK_U64(rig_take_events(rig, &event, 1), where == 0 ? 1 : 0);
    invalidate(rig, RIG_DOMAIN, RIG_IOVA);
    REFUSES_READ(rig, RIG_IOVA, pair.old, rig_fault(rig, 0, RIG_IOVA));
    CHECK_U64(lands(rig, RIG_IOVA, pair.old, pair.new), 0);
    CHECK_U64(TAKE_ONE(rig).word1, RIG_IOVA);
}

static void narrower(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);

    rig_store64(rig, pair.at, rig_entry(0, pair.old, RIG_R));
    invalidate(rig, RIG_DOMAIN, RIG_IOVA);
    RIG_READS(rig, RIG_IOVA, pair.old, 8);
    REFUSES_WRITE(rig, RIG_IOVA, pair.old,
                  rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, RIG_IOVA));
    rig_store64(rig, pair.at, rig_entry(0, pair.old, RIG_W));
    invalidate(rig, RIG_DOMAIN, RIG_IOVA);
    RIG_WRITES(rig, RIG_IOVA, pair.old, 8);
    REFUSES_READ(rig, RIG_IOVA, pair.old, rig_fault(rig, EVENT_PR | EVENT_PE, RIG_IOVA));
}

static void wider(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);

    rig_store64(rig, pair.at, rig_entry(0, pair.old, RIG_R));
    invalidate(rig, RIG_DOMAIN, RIG_IOVA);
    RIG_READS(rig, RIG_IOVA, pair.old, 8);
    rig_store64(rig, pair.at, rig_entry(0, pair.old, RIG_RW));
    invalidate(rig, RIG_DOMAIN, RIG_IOVA);
    RIG_WRITES(rig, RIG_IOVA, pair.old, 8);
}

static void cached_read_is_no_write(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);

    set_page_entry(rig, pair.at, rig_entry(0, pair.old, RIG_R));
    for (unsigned i = 0; i < 3; i++) {
        RIG_READS(rig, RIG_IOVA, pair.old, 8);
        REFUSES_WRITE(rig, RIG_IOVA, pair.old,
                      rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, RIG_IOVA));
    }
}

static void not_present_is_not_kept(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);
    bool np_cache = (rig_cap(rig, 0) >> 26 & 1) != 0;

    REFUSES_READ(rig, RIG_IOVA + 0x1000, pair.new, rig_fault(rig, 0, RIG_IOVA + 0x1000));
    REFUSES_READ(rig, UINT64_C(0x2000000000), pair.new, rig_fault(rig, 0, UINT64_C(0x2000000000)));
    rig_map(rig, RIG_IOVA + 0x1000, pair.new, 12, RIG_RW);
    rig_map(rig, UINT64_C(0x2000000000), pair.new, 12, RIG_RW);
    if (np_cache) {
        rig_invalidate_domain(rig, RIG_DOMAIN);
        CHECK(rig_wait(rig));
    }
    RIG_READS(rig, RIG_IOVA + 0x1000, pair.new, 8);
    RIG_READS(rig, UINT64_C(0x2000000000), pair.new, 8);
}

static void each_iova_bit(struct rig *rig)
{
    struct pair pair = use_page(rig, 6, 0);

    for (unsigned bit = 12; bit < 64; bit++) {
        uint64_t iova = UINT64_C(1) << bit;

        rig_map(rig, iova, pair.old, 12, RIG_RW);
        RIG_READS(rig, iova, pair.old, 8);
        rig_map(rig, iova, pair.new, 12, RIG_RW);
        invalidate(rig, RIG_DOMAIN, iova);
        RIG_READS(rig, iova, pair.new, 8);
    }
}

static void each_domain_bit(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);

    for (unsigned bit = 0; bit < 16; bit++) {
        uint16_t domain = (uint16_t)(1u << bit);

        rig_store64(rig, pair.at, rig_entry(0, pair.old, RIG_RW));
        set_entry(rig, attached(rig).q[0], domain, 0, 0);
        RIG_READS(rig, RIG_IOVA, pair.old, 8);
        rig_store64(rig, pair.at, rig_entry(0, pair.new, RIG_RW));
        invalidate(rig, domain, RIG_IOVA);
        RIG_READS(rig, RIG_IOVA, pair.new, 8);
    }
}

/* The address operand of the aligned block of @size_log2 bytes around @iova. */
static uint64_t block(uint64_t iova, unsigned size_log2)
{
    uint64_t low = (UINT64_C(1) << (size_log2 - 1)) - 1;

    return (((iova >> (size_log2 - 1) >> 1) << (size_log2 - 1) << 1) | low) & ~UINT64_C(0xfff);
}

static void each_encoded_size(struct rig *rig)
{
    struct pair pair = use_page(rig, 6, 0);

    for (unsigned size_log2 = 13; size_log2 <= 63; size_log2++) {
        uint64_t first = size_log2 == 63 ? 0 : UINT64_C(1) << size_log2;
        uint64_t last = first + ((UINT64_C(1) << size_log2) - 0x1000);

        rig_map(rig, first, pair.old, 12, RIG_RW);
        rig_map(rig, last, pair.old, 12, RIG_RW);
        rig_invalidate_domain(rig, RIG_DOMAIN);
        CHECK(rig_wait(rig));
        RIG_READS(rig, first, pair.old, 8);
        RIG_READS(rig, last, pair.old, 8);
        rig_map(rig, first, pair.new, 12, RIG_RW);
        rig_map(rig, last, pair.new, 12, RIG_RW);
        invalidate(rig, RIG_DOMAIN, block(first, size_log2) | INV_S);
        RIG_READS(rig, first, pair.new, 8);
        RIG_READS(rig, last, pair.new, 8);
        rig_map(rig, first, pair.old, 12, RIG_RW);
        rig_map(rig, last, 0, 12, 0);
    }
}

/* An operand that means all of the domain; false when something was left. */
static bool ends_everything(struct rig *rig, uint64_t operand)
{
    static const uint64_t iovas[] = {0, UINT64_C(0x40000000), UINT64_C(0x8000000000000000),
                                     UINT64_C(0xfffffffffffff000)};
    struct pair pair = use_page(rig, 6, 0x1000);
    bool all = true;

    for (unsigned i = 0; i < 4; i++) {
        rig_map(rig, iovas[i], pair.old, 12, RIG_RW);
        RIG_READS(rig, iovas[i], pair.old, 8);
    }
    for (unsigned i = 0; i < 4; i++) {
        rig_map(rig, iovas[i], pair.new, 12, RIG_RW);
    }
    invalidate(rig, RIG_DOMAIN, operand);
    for (unsigned i = 0; i < 4; i++) {
        all = lands(rig, iovas[i], pair.old, pair.new) == 2 && all;
    }
    return all;
}

static void all_pages(struct rig *rig)
{
    CHECK(ends_everything(rig, UINT64_C(0x7ffffffffffff000) | INV_S | INV_PDE));
}

static void all_pages_leaves_only(struct rig *rig)
{
    CHECK(ends_everything(rig, UINT64_C(0x7ffffffffffff000) | INV_S));
}

static void all_ones(struct rig *rig)
{
    bool all = ends_everything(rig, UINT64_C(0xfffffffffffff000) | INV_S | INV_PDE);

    rig_outcome(rig, all ? "everything" : "less");
}

static void eight_kib(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, 0);

    rig_map(rig, 0x1000, pair.old, 12, RIG_RW);
    RIG_READS(rig, 0x1000, pair.old, 8);
    rig_map(rig, 0, pair.new, 12, RIG_RW);
    rig_map(rig, 0x1000, pair.new, 12, RIG_RW);
    invalidate(rig, RIG_DOMAIN, INV_S);
    RIG_READS(rig, 0, pair.new, 8);
    RIG_READS(rig, 0x1000, pair.new, 8);
}

static void any_page_of_the_block(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);

    /* 64 KiB, in the middle of which the page is. */
    for (uint64_t i = 0; i < 16; i++) {
        uint64_t iova = RIG_IOVA + i * 0x1000;
        rig_map(rig, iova, pair.old, 12, RIG_RW);
        RIG_READS(rig, iova, pair.old, 8);
        rig_map(rig, iova, pair.new, 12, RIG_RW);
    }
    invalidate(rig, RIG_DOMAIN, block(RIG_IOVA, 16) | INV_S);
    for (uint64_t i = 0; i < 16; i++) {
        RIG_READS(rig, RIG_IOVA + i * 0x1000, pair.new, 8);
    }
}

/* A page of @size_log2 is used, moved by 16 MiB, and invalidated by @operand at its IOVA. */
static void large_page(struct rig *rig, unsigned size_log2, uint64_t operand)
{
    uint64_t iova = UINT64_C(0x8000000000);
    uint64_t old = UINT64_C(0x2000000);
    uint64_t new = UINT64_C(0x3000000);

    rig_enable(rig);
    rig_attach(rig, 4);
    rig_map(rig, iova, old, size_log2, RIG_RW);
    uint64_t last = iova + (UINT64_C(1) << size_log2) - 0x100;
    RIG_READS(rig, iova, old, 8);
    RIG_READS(rig, last, old + (last - iova), 8);
    rig_map(rig, iova, new, size_log2, RIG_RW);
    invalidate(rig, RIG_DOMAIN, iova | operand);
    RIG_READS(rig, iova, new, 8);
    RIG_READS(rig, last, new + (last - iova), 8);
    RIG_READS(rig, iova + 0x100040, new + 0x100040, 8);
}

static void large_page_by_its_size(struct rig *rig)
{
    large_page(rig, 21, UINT64_C(0xff000) | INV_S);
}

static void large_page_by_one_page(struct rig *rig)
{
    large_page(rig, 21, 0);
}

static void large_page_by_inner_page(struct rig *rig)
{
    large_page(rig, 21, UINT64_C(0x1ab000));
}

static void gigabyte_page(struct rig *rig)
{
    uint64_t iova = UINT64_C(0x40000000);
    uint64_t page = UINT64_C(0x2800000);

    rig_enable(rig);
    rig_attach(rig, 3);
    rig_map(rig, iova, 0, 30, RIG_RW);
    RIG_READS(rig, iova + page, page, 8);
    rig_store64(rig, rig->root + 8, 0);
    invalidate(rig, RIG_DOMAIN, (iova + 0x5000) | 0);
    REFUSES_READ(rig, iova + page, page, rig_fault(rig, 0, iova + page));
}

static void encoded_page(struct rig *rig)
{
    uint64_t base = UINT64_C(0x2000000);

    rig_enable(rig);
    rig_attach(rig, 3);
    rig_map(rig, 0, 0, 12, 0);
    uint64_t at = rig_entry_at(rig, rig->root, 3, 0, 1);
    for (uint64_t i = 0; i < 16; i++) {
        rig_store64(rig, at + 8 * i, rig_entry(7, base | 0x7000, RIG_RW));
    }
    for (uint64_t i = 0; i < 16; i++) {
        RIG_READS(rig, i * 0x1000 + 0x40, base + i * 0x1000 + 0x40, 8);
    }
    for (uint64_t i = 0; i < 16; i++) {
        rig_store64(rig, at + 8 * i, 0);
    }
    invalidate(rig, RIG_DOMAIN, UINT64_C(0x7000) | INV_S);
    for (uint64_t i = 0; i < 16; i++) {
        REFUSES_READ(rig, i * 0x1000 + 0x40, base, rig_fault(rig, 0, i * 0x1000 + 0x40));
    }
}

/* ---- Directories ----------------------------------------------------------------------------- */

static void directory_replaced(struct rig *rig)
{
    struct pair pair = use_page(rig, 6, RIG_IOVA);

    for (unsigned level = 2; level <= 6; level++) {
        uint64_t at = rig_entry_at(rig, rig->root, 6, RIG_IOVA, level);
        uint64_t before = rig_load64(rig, at);

        /* The same tables anew below this entry, which lead to the other page. */
        rig_store64(rig, at, 0);
        rig_map(rig, RIG_IOVA, pair.new, 12, RIG_RW);
        uint64_t after = rig_load64(rig, at);
        rig_store64(rig, at, before);
        rig_invalidate_domain(rig, RIG_DOMAIN);
        CHECK(rig_wait(rig));
        RIG_READS(rig, RIG_IOVA, pair.old, 8);
        rig_store64(rig, at, after);
        CHECK(lands(rig, RIG_IOVA, pair.old, pair.new) != 0);
        invalidate(rig, RIG_DOMAIN, RIG_IOVA | INV_PDE);
        RIG_READS(rig, RIG_IOVA, pair.new, 8);
        rig_store64(rig, at, before);
        rig_invalidate_domain(rig, RIG_DOMAIN);
        CHECK(rig_wait(rig));
    }
}

static void directory_removed(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);

    rig_map(rig, RIG_IOVA + 0x5000, pair.old, 12, RIG_RW);
    RIG_READS(rig, RIG_IOVA + 0x5000, pair.old, 8);
    rig_store64(rig, rig_entry_at(rig, rig->root, 3, RIG_IOVA, 2), 0);
    invalidate(rig, RIG_DOMAIN, block(RIG_IOVA, 21) | INV_S | INV_PDE);
    REFUSES_READ(rig, RIG_IOVA, pair.old, rig_fault(rig, 0, RIG_IOVA));
    REFUSES_READ(rig, RIG_IOVA + 0x5000, pair.old, rig_fault(rig, 0, RIG_IOVA + 0x5000));
}

static void directory_permission(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);
    uint64_t at = rig_entry_at(rig, rig->root, 3, RIG_IOVA, 3);

    rig_store64(rig, at, rig_load64(rig, at) & ~RIG_W);
    invalidate(rig, RIG_DOMAIN, block(RIG_IOVA, 30) | INV_S | INV_PDE);
    RIG_READS(rig, RIG_IOVA, pair.old, 8);
    REFUSES_WRITE(rig, RIG_IOVA, pair.old,
                  rig_fault(rig, EVENT_PR | EVENT_PE | EVENT_RW, RIG_IOVA));
}

static void entry_is_read_again(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);

    invalidate(rig, RIG_DOMAIN, RIG_IOVA);
    rig_touches_begin(rig);
    RIG_READS(rig, RIG_IOVA, pair.old, 8);
    CHECK(rig_touched(rig, pair.at, 8));
}

/* ---- Domains and devices --------------------------------------------------------------------- */

static void all_devices_of_the_domain(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);
    struct target_request request = request_of(rig, TARGET_READ, RIG_IOVA);

    request.device_id = rig->target->endpoint[1];
    rig_set_dte(rig, request.device_id, attached(rig));
    RIG_READS(rig, RIG_IOVA, pair.old, 8);
    RIG_DOES(rig, request, pair.old);
    rig_store64(rig, pair.at, rig_entry(0, pair.new, RIG_RW));
    invalidate(rig, RIG_DOMAIN, RIG_IOVA);
    RIG_DOES(rig, request, pair.new);
    RIG_READS(rig, RIG_IOVA, pair.new, 8);
}

static void domains_are_apart(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);
    struct target_request request = request_of(rig, TARGET_READ, RIG_IOVA);
    uint64_t root = rig_page(rig);

    request.device_id = rig->target->endpoint[1];
    rig_map_in(rig, root, 3, RIG_IOVA, pair.new, 12, RIG_RW);
    rig_set_dte(rig, request.device_id, rig_dte_paged(root, 3, RIG_DOMAIN + 1));
    for (unsigned i = 0; i < 3; i++) {
        RIG_READS(rig, RIG_IOVA, pair.old, 8);
        RIG_DOES(rig, request, pair.new);
    }
}

static void domains_are_invalidated_apart(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);
    struct target_request request = request_of(rig, TARGET_READ, RIG_IOVA);
    uint64_t root = rig_page(rig);

    request.device_id = rig->target->endpoint[1];
    rig_map_in(rig, root, 3, RIG_IOVA, pair.old, 12, RIG_RW);
    rig_set_dte(rig, request.device_id, rig_dte_paged(root, 3, RIG_DOMAIN + 1));
    RIG_DOES(rig, request, pair.old);
    rig_map_in(rig, root, 3, RIG_IOVA, pair.new, 12, RIG_RW);
    invalidate(rig, RIG_DOMAIN + 1, RIG_IOVA);
    RIG_DOES(rig, request, pair.new);
    RIG_READS(rig, RIG_IOVA, pair.old, 8);
}

static void one_domain_two_tables(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);
    struct target_request request = request_of(rig, TARGET_WRITE, RIG_IOVA);
    uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint64_t root = rig_page(rig);

    request.device_id = rig->target->endpoint[1];
    request.data = data;
    rig_map_in(rig, root, 3, RIG_IOVA, pair.new, 12, RIG_RW);
    rig_set_dte(rig, request.device_id, rig_dte_paged(root, 3, RIG_DOMAIN));
    RIG_READS(rig, RIG_IOVA, pair.old, 8);
    rig_store64(rig, pair.old, 0);
    rig_store64(rig, pair.new, 0);
    rig->target->ops->request(rig->target, &request);
    bool mixed = rig_load64(rig, pair.old) != 0;
    CHECK(mixed != (rig_load64(rig, pair.new) != 0));
    rig_outcome(rig, mixed ? "mixed" : "apart");
}

static void permissions_of_the_other_device(struct rig *rig)
{
    struct pair pair = use_page(rig, 3, RIG_IOVA);
    struct target_request request = request_of(rig, TARGET_WRITE, RIG_IOVA);
    struct rig_dte dte = attached(rig);

    request.device_id = rig->target->endpoint[1];
    dte.q[0] &= ~RIG_W;
    rig_set_dte(rig, request.device_id, dte);
    for (unsigned i = 0; i < 2; i++) {
        RIG_WRITES(rig, RIG_IOVA, pair.old, 8);
        RIG_READS(rig, RIG_IOVA, pair.old, 8);
        request.kind = TARGET_WRITE;
        REFUSES(rig, request, pair.old,
                rig_event(EVENT_CODE_PAGE_FAULT, request.device_id, RIG_DOMAIN,
                          EVENT_PR | EVENT_PE | EVENT_RW, RIG_IOVA));
        request.kind = TARGET_READ;
        RIG_DOES(rig, request, pair.old);
        RIG_WRITES(rig, RIG_IOVA, pair.old, 8);
    }
}

static const struct requirement list[] = {
    REQUIREMENT("TLB-001",
                "Until its invalidation a moved page is at its old or its new place, after it at "
                "the new",
                SOURCE, CAN_DMA, old_or_new),
    REQUIREMENT("TLB-002",
                "Until its invalidation a removed page is reached or refused with a fault, after "
                "it refused",
                SOURCE, CAN_DMA, old_or_refused),
    REQUIREMENT("TLB-003", "Permissions that were taken away are gone after the invalidation",
                SOURCE, CAN_DMA, narrower),
    REQUIREMENT("TLB-004", "Permissions that were added are there after the invalidation", SOURCE,
                CAN_DMA, wider),
    REQUIREMENT("TLB-005", "A page that was just read with R alone may still not be written",
                "1.20, I/O page tables", CAN_DMA, cached_read_is_no_write),
    REQUIREMENT("TLB-006",
                "With NpCache=0 a page that becomes present is used without an invalidation",
                "1.20, capability header", CAN_DMA, not_present_is_not_kept),
    REQUIREMENT("TLB-007", "With S=0 the page at each IOVA bit is invalidated", SOURCE, CAN_DMA,
                each_iova_bit),
    REQUIREMENT("TLB-008", "Each bit of the DomainID is compared", SOURCE, CAN_DMA,
                each_domain_bit),
    REQUIREMENT("TLB-009",
                "With S=1 the lowest zero bit of the address gives the size, 8 KiB to 2^63: first "
                "and last page of the block are invalidated",
                SOURCE, CAN_DMA, each_encoded_size),
    REQUIREMENT("TLB-010", "7FFF_FFFF_FFFF_F000h with S=1 and PDE=1 is the whole domain", SOURCE,
                CAN_DMA, all_pages),
    REQUIREMENT("TLB-011", "7FFF_FFFF_FFFF_F000h with S=1 and PDE=0 is all pages of the domain",
                SOURCE, CAN_DMA, all_pages_leaves_only),
    CHOICE("TLB-012", "FFFF_FFFF_FFFF_F000h with S=1 invalidates one of two things", SOURCE,
           CAN_DMA, all_ones, "everything | less", "everything"),
    REQUIREMENT("TLB-013", "Address 0 with S=1 is 8 KiB", SOURCE, CAN_DMA, eight_kib),
    REQUIREMENT("TLB-014", "All 16 pages of a block of 64 KiB are invalidated", SOURCE, CAN_DMA,
                any_page_of_the_block),
    REQUIREMENT("TLB-015", "A 2 MiB page goes as a whole by its own size", SOURCE, CAN_DMA,
                large_page_by_its_size),
    REQUIREMENT("TLB-016", "A 2 MiB page goes as a whole by its first 4 KiB", SOURCE, CAN_DMA,
                large_page_by_one_page),
    REQUIREMENT("TLB-017", "A 2 MiB page goes as a whole by 4 KiB within it", SOURCE, CAN_DMA,
                large_page_by_inner_page),
    REQUIREMENT("TLB-018", "A 1 GiB page goes as a whole by 4 KiB within it", SOURCE, CAN_DMA,
                gigabyte_page),
    REQUIREMENT("TLB-019", "A size-encoded page is invalidated by an operand of its size", SOURCE,
                CAN_DMA, encoded_page),
    REQUIREMENT("TLB-020",
                "With PDE=1 a directory entry that covers the page is read again, at each level",
                SOURCE, CAN_DMA, directory_replaced),
    REQUIREMENT("TLB-021", "After PDE=1 over its whole range a removed table is not used", SOURCE,
                CAN_DMA, directory_removed),
    REQUIREMENT("TLB-022", "After PDE=1 a directory entry's new permissions hold", SOURCE, CAN_DMA,
                directory_permission),
    REQUIREMENT("TLB-023", "The entry of an invalidated page is read from memory again", SOURCE,
                CAN_DMA | CAN_TRACE, entry_is_read_again),
    REQUIREMENT("TLB-024", "An invalidation reaches all devices of the domain", SOURCE,
                CAN_DMA | CAN_SECOND, all_devices_of_the_domain),
    REQUIREMENT("TLB-025", "Devices of different domains never get each other's translations",
                "1.20, device table entry", CAN_DMA | CAN_SECOND, domains_are_apart),
    REQUIREMENT("TLB-026", "An invalidation of one domain serves that domain's device", SOURCE,
                CAN_DMA | CAN_SECOND, domains_are_invalidated_apart),
    CHOICE("TLB-027", "Devices of one DomainID with different tables are kept apart or mixed",
           "1.20, device table entry", CAN_DMA | CAN_SECOND, one_domain_two_tables, "apart | mixed",
           "apart"),
    REQUIREMENT("TLB-028",
                "What a device of the domain was permitted does not permit it to one with IW=0",
                "1.20, device table entry", CAN_DMA | CAN_SECOND, permissions_of_the_other_device),
    LIST_END,
};

const struct requirement_area area_caches = {"TLB", "Caches and invalidation", list};
