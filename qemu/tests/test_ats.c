/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ATS: a device asks for translations, keeps them, and accesses memory with them; what it is
 * refused. Words of the architecture and of PCI Express are typed from their descriptions, not from
 * arch/.
 */
#include "ats_rig.h"
#include "firmware.h"

#define IOVA 0x40000000u
#define PAGE 0x1000u

static void start(void)
{
    ats_start();
    for (unsigned i = 0; i < 8; i++) {
        rig_map(IOVA + i * PAGE, RIG_MEMORY + i * PAGE, RIG_READ | RIG_WRITE);
    }
}

static struct rig_event invalid_request(bool is_translation, unsigned type, uint64_t address)
{
    return (struct rig_event){.word0 = UINT64_C(8) << 60 | (uint64_t)type << 57 |
                                       (uint64_t)is_translation << 56 | ATS_DEVICE,
                              .word1 = address};
}

/* ---- Translations ---------------------------------------------------------------------------- */

static void translates_once(void)
{
    start();
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA + 0x10, 64), ATSDEV_DONE);
    CHECK_U64(ats_read(ATSDEV_REG_DONE), 64);
    CHECK(ats_buffer_is(0, 64, 0x11));
    CHECK(ats_buffer_is(64, 64, 0));
    CHECK_U64(ats_read(ATSDEV_REG_REQUESTS), 1);
    CHECK_U64(ats_read(ATSDEV_REG_HITS), 0);
    CHECK_U64(ats_read(ATSDEV_REG_ENTRIES), 1);
    /* Translated address in 63:12, R, W. */
    CHECK_U64(ats_read(ATSDEV_REG_COMPLETION), RIG_MEMORY | 0x3);

    /* The tables say something else now, but nobody has told the device: it does not ask. */
    rig_map(IOVA, RIG_MEMORY + 16 * PAGE, RIG_READ | RIG_WRITE);
    ats_fill(0x22);
    CHECK_U64(ats_run(ATSDEV_CACHED_WRITE, IOVA + 0x10, 64), ATSDEV_DONE);
    CHECK(memory_is(RIG_MEMORY + 0x10, 64, 0x22));
    CHECK(memory_is(RIG_MEMORY + 16 * PAGE, PAGE, 0x11));
    CHECK_U64(ats_read(ATSDEV_REG_REQUESTS), 1);
    CHECK_U64(ats_read(ATSDEV_REG_HITS), 1);
    RIG_NO_EVENTS();
    rig_stop();
}

static void across_pages(void)
{
    start();
    rig_map(IOVA + PAGE, RIG_MEMORY + 20 * PAGE, RIG_READ | RIG_WRITE);
    ats_fill(0x33);
    CHECK_U64(ats_run(ATSDEV_CACHED_WRITE, IOVA + 0xf00, 0x1200), ATSDEV_DONE);
    CHECK_U64(ats_read(ATSDEV_REG_REQUESTS), 3);
    CHECK(memory_is(RIG_MEMORY + 0xf00, 0x100, 0x33));
    CHECK(memory_is(RIG_MEMORY + PAGE, PAGE, 0x11));
    CHECK(memory_is(RIG_MEMORY + 20 * PAGE, PAGE, 0x33));
    CHECK(memory_is(RIG_MEMORY + 2 * PAGE, 0x100, 0x33));
    CHECK(memory_is(RIG_MEMORY + 2 * PAGE + 0x100, 0xf00, 0x11));
    RIG_NO_EVENTS();
    rig_stop();
}

/* NextLevel 7: the size is in the address, 0 0111b for 64 KiB, and the entry is there 16 times. */
static void large_block(void)
{
    ats_start();
    for (unsigned i = 0; i < 16; i++) {
        rig_set_entry(IOVA + i * PAGE, RIG_MEMORY | 0x7000 | 7u << 9 | 1 | UINT64_C(3) << 61);
    }
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA + 3 * PAGE, 12 * PAGE), ATSDEV_DONE);
    CHECK_U64(ats_read(ATSDEV_REG_REQUESTS), 1);
    CHECK(ats_buffer_is(0, 12 * PAGE, 0x11));
    /* S is bit 11; R, W. */
    CHECK_U64(ats_read(ATSDEV_REG_COMPLETION), RIG_MEMORY | 0x7000 | 0x800 | 0x3);

    /* A page of it that is invalidated takes all of it. */
    ats_invalidate(ATS_DEVICE, 4, IOVA + 15 * PAGE);
    CHECK_U64(ats_read(ATSDEV_REG_ENTRIES), 0);
    RIG_NO_EVENTS();
    rig_stop();
}

static void permissions(void)
{
    start();
    rig_map(IOVA, RIG_MEMORY, RIG_READ);
    rig_map(IOVA + PAGE, RIG_MEMORY + PAGE, RIG_WRITE);
    ats_fill(0x44);
    CHECK_U64(ats_run(ATSDEV_CACHED_WRITE, IOVA, 8), ATSDEV_NOT_PERMITTED);
    CHECK_U64(ats_read(ATSDEV_REG_COMPLETION), RIG_MEMORY | 0x1);
    CHECK(memory_is(RIG_MEMORY, PAGE, 0x11));
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA + PAGE, 8), ATSDEV_NOT_PERMITTED);
    CHECK_U64(ats_read(ATSDEV_REG_COMPLETION), (RIG_MEMORY + PAGE) | 0x2);
    CHECK(ats_buffer_is(0, 8, 0x44));
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA, 8), ATSDEV_DONE);
    CHECK(ats_buffer_is(0, 8, 0x11));

    /* A page that is not mapped: a completion with R=W=0, and no event. */
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA + 9 * PAGE, 8), ATSDEV_NOT_PERMITTED);
    CHECK_U64(ats_read(ATSDEV_REG_COMPLETION), 0);
    CHECK_U64(ats_run(ATSDEV_CACHED_WRITE, IOVA + 9 * PAGE, 8), ATSDEV_NOT_PERMITTED);
    RIG_NO_EVENTS();

    /* An untranslated access there is refused, and logged. */
    CHECK_U64(ats_run(ATSDEV_READ, IOVA + 9 * PAGE, 8), ATSDEV_ABORTED);
    RIG_EVENTS(rig_page_fault(ATS_DEVICE, 0, IOVA + 9 * PAGE));
    rig_stop();
}

/* Bit 59 of the entry: U, bit 2 of the completion. Bit 60: FC, bit 10 (N) of the completion. */
static void attributes(void)
{
    start();
    rig_set_entry(IOVA, RIG_MEMORY | 1 | UINT64_C(1) << 59 | UINT64_C(3) << 61);
    rig_set_entry(IOVA + PAGE, (RIG_MEMORY + PAGE) | 1 | UINT64_C(1) << 60 | UINT64_C(3) << 61);
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA, 8), ATSDEV_DONE);
    CHECK(ats_buffer_is(0, 8, 0x11));
    CHECK_U64(ats_read(ATSDEV_REG_COMPLETION) & 0xfff, 0x4 | 0x3);
    CHECK_U64(ats_read(ATSDEV_REG_ENTRIES), 0);
    CHECK_U64(ats_read(ATSDEV_REG_UNTRANSLATED), 1);

    /* So the device goes by the tables each time. */
    rig_map(IOVA, 0, 0);
    rig_invalidate_page(IOVA);
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA, 8), ATSDEV_NOT_PERMITTED);

    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA + PAGE, 8), ATSDEV_DONE);
    CHECK_U64(ats_read(ATSDEV_REG_COMPLETION), (RIG_MEMORY + PAGE) | 0x400 | 0x3);
    CHECK_U64(ats_read(ATSDEV_REG_ENTRIES), 1);
    RIG_NO_EVENTS();
    rig_stop();
}

static void enable_bit(void)
{
    start();
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA, 8), ATSDEV_DONE);
    CHECK_U64(ats_read(ATSDEV_REG_ENTRIES), 1);
    ats_enable(ATS_DEVICE, false);
    CHECK_U64(ats_read(ATSDEV_REG_ENABLED), 0);
    CHECK_U64(ats_read(ATSDEV_REG_ENTRIES), 0);
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA, 8), ATSDEV_NOT_ENABLED);
    CHECK_U64(ats_run(ATSDEV_ASK, IOVA, 8), ATSDEV_NOT_ENABLED);
    CHECK_U64(ats_read(ATSDEV_REG_REQUESTS), 1);
    ats_enable(ATS_DEVICE, true);
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA, 8), ATSDEV_DONE);
    CHECK_U64(ats_read(ATSDEV_REG_REQUESTS), 2);
    rig_stop();
}

/* ---- Refusals -------------------------------------------------------------------------------- */

static void refused_without_i(void)
{
    start();
    rig_attach_ats(ATS_DEVICE, false);
    ats_fill(0x77);
    CHECK_U64(ats_run(ATSDEV_CACHED_READ, IOVA + 8, 8), ATSDEV_UNSUPPORTED_REQUEST);
    RIG_EVENTS(invalid_request(true, 0, IOVA)); /* a translation request is for a page */
    CHECK_U64(ats_run(ATSDEV_TRANSLATED_READ, RIG_MEMORY + 8, 8), ATSDEV_ABORTED);
    RIG_EVENTS(invalid_request(false, 1, RIG_MEMORY + 8));
    CHECK_U64(ats_run(ATSDEV_TRANSLATED_WRITE, RIG_MEMORY + PAGE, 8), ATSDEV_ABORTED);
    RIG_EVENTS(invalid_request(false, 1, RIG_MEMORY + PAGE));
    CHECK(memory_is(RIG_MEMORY, 2 * PAGE, 0x11));
    CHECK(ats_buffer_is(0, 8, 0x77));

    /* Untranslated requests go on as ever. */
    CHECK_U64(ats_run(ATSDEV_READ, IOVA, 8), ATSDEV_DONE);
    CHECK(ats_buffer_is(0, 8, 0x11));
    RIG_NO_EVENTS();
    rig_stop();
}

static void translated_with_i(void)
{
    ats_start();
    machine_fill(RIG_MEMORY + PAGE, 0x88, PAGE);
    CHECK_U64(ats_run(ATSDEV_TRANSLATED_READ, RIG_MEMORY + 0xff0, 0x20), ATSDEV_DONE);
    CHECK(ats_buffer_is(0, 0x10, 0x11));
    CHECK(ats_buffer_is(0x10, 0x10, 0x88));
    RIG_NO_EVENTS();
    rig_stop();
}

static void refused_addresses(void)
{
    start();
    CHECK_U64(ats_run(ATSDEV_ASK, 0xfee00000, 0), ATSDEV_UNSUPPORTED_REQUEST);
    RIG_EVENTS(invalid_request(true, 1, 0xfee00000));
    rig_stop();
}

/* The flags of the IVHD, the second byte of the first block of the IVRS: bit 4 is IotlbSup. */
static uint8_t ivhd_flags(void)
{
    uint8_t ivrs[64] = {0};

    CHECK(firmware_ivrs(ivrs, sizeof(ivrs)) >= 48 + 24);
    CHECK_U64(ivrs[48], 0x10);
    return ivrs[49];
}

static void announced(void)
{
    rig_start();
    CHECK_U64(pci_read32(RIG_IOMMU, 0x40), 0x010b000f); /* IotlbSup is bit 24 */
    CHECK_U64(ivhd_flags() & 0x10, 0x10);
    rig_stop();
}

static void off(void)
{
    static const char *const args[] = {"-global", "amdvi.device-iotlb=off", NULL};

    rig_start_with(args, NULL);
    CHECK_U64(pci_read32(RIG_IOMMU, 0x40), 0x000b000f);
    CHECK_U64(ivhd_flags() & 0x10, 0);
    /* The command is illegal then, and stops the ring: ILLEGAL_COMMAND_ERROR. */
    uint64_t command = ats_invalidate(RIG_TESTDEV, 4, IOVA);
    RIG_EVENTS({.word0 = UINT64_C(5) << 60, .word1 = command});
    rig_stop();
}

static const struct check_case cases[] = {
    {"a translation is asked for once, and used until it is invalidated", "1.20 remote IOTLB",
     translates_once},
    {"an access across pages goes where each page goes", "1.20 remote IOTLB", across_pages},
    {"one completion is about all of a large page", "1.20 remote IOTLB", large_block},
    {"a completion has the permissions of the tables, and a missing page is no event",
     "1.20 remote IOTLB", permissions},
    {"a completion carries the U and FC bits of the page table entry", "1.20 I/O page tables",
     attributes},
    {"without its Enable bit the device asks for nothing and keeps nothing", "PCIe ATS",
     enable_bit},
    {"with I=0 translation requests and translated requests are refused",
     "1.20 INVALID_DEVICE_REQUEST", refused_without_i},
    {"with I=1 a translated request goes to the address that it names", "1.20 remote IOTLB",
     translated_with_i},
    {"a translation request for the interrupt range is refused", "1.20 INVALID_DEVICE_REQUEST",
     refused_addresses},
    {"ATS is announced in the capability block and in the IVRS", "1.20 capability header",
     announced},
    {"with device-iotlb=off there is no ATS", "1.20 capability header", off},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
