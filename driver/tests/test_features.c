/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a unit can do is said up to four times: by IVHDs of types 10h, 11h and 40h, and by its own
 * capability and extended feature register. Machines that contradict themselves, from the table to
 * what the driver then does. Tables are put together by hand.
 */
#include "boot.h"
#include "later.h"

#include "raw_table.h"

/* The register, stated once more. */
#define HATS(levels)     ((UINT64_C(levels) - 4) << 10)
#define IA               UINT64_C(0x40)
#define UPPER            UINT64_C(0x8100000000)
#define NO_HOST_LEVELS   UINT64_C(0xc00)
#define GREATEST(levels) (AMDVI_BIT(12 + 9 * (levels)) - 1)

/* Blocks of unit n, without their entries: type, flags, device, capability, window, the rest. */
#define UNIT_0   "0200 4000 0000b8fe00000000 0000 0000"
#define UNIT_1   "0201 4000 0040b8fe00000000 0000 0000"
#define NO_PLACE "0200 4000 0000b7fe00000000 0000 0000"

static struct raw_table table;

static void begin(const struct policy_options *options)
{
    boot_prepare(options);
    later_begin(&boot.policy.rig);
    raw_start(&table);
    boot.config.ivrs = table.bytes;
}

static void append_le64(uint64_t value)
{
    char hex[17];

    for (unsigned i = 0; i < 8; i++) {
        snprintf(hex + 2 * i, 3, "%02x", (unsigned)(value >> 8 * i & 0xff));
    }
    raw_append(&table, hex);
}

/* An IVHD; types 11h and 40h with the image @efr, type 10h with @efr in its feature word. */
static void block(unsigned type, unsigned flags, const char *unit, uint64_t efr)
{
    char hex[16];

    snprintf(hex, sizeof(hex), "%02x %02x 0000", type, flags);
    raw_open_block(&table, hex);
    raw_append(&table, unit);
    if (type == 0x10) {
        snprintf(hex, sizeof(hex), "000000%02x", (unsigned)(efr >> 24 & 0xff));
        raw_append(&table, hex);
    } else {
        raw_append(&table, "00000000");
        append_le64(efr);
        append_le64(0);
    }
}

static enum amdvi_drv_status go(void)
{
    raw_finish(&table);
    boot.config.ivrs_bytes = table.size;
    return boot_go();
}

static struct amdvi_drv_unit_info info_of(unsigned unit)
{
    struct amdvi_drv_unit_info info;

    CHECK(amdvi_drv_unit_info(boot.policy.drv, unit, &info));
    return info;
}

static bool is_known(uint16_t device_id)
{
    struct amdvi_drv_device_config config = {.device_id = device_id, .trusted = true};
    struct amdvi_drv_device *device = NULL;
    enum amdvi_drv_status status = amdvi_drv_device_add(boot.policy.drv, &config, &device);

    CHECK(status == AMDVI_DRV_OK || status == AMDVI_DRV_ERR_NO_UNIT);
    return status == AMDVI_DRV_OK;
}

/* ---- Features -------------------------------------------------------------------------------- */

struct feature_row {
    unsigned types[2]; /* of blocks, in this order; 0: none */
    uint64_t image;
    bool efr_sup; /* of the capability */
    bool no_pci;
    uint64_t efr; /* the register */
    uint64_t want;
    uint8_t levels;
    bool mismatch;
};

static const struct feature_row feature_rows[] = {
    /* Type 10h has no image: the register is believed where the capability has EFRSup. */
    {{0x10}, 0, false, false, IA | HATS(4), 0, 6, false},
    {{0x10}, 0, true, false, IA | HATS(5), IA | HATS(5), 5, false},
    {{0x10}, 0, true, false, HATS(4), HATS(4), 4, false},
    {{0x10}, 0, false, true, IA, 0, 6, false},
    /* With an image. The second row has bits of the upper half, on a host of 32 bits. */
    {{0x11}, HATS(6), true, false, HATS(6), HATS(6), 6, false},
    {{0x11}, UPPER | HATS(6), true, false, UPPER | HATS(6), UPPER | HATS(6), 6, false},
    {{0x40}, IA, true, false, IA, IA, 4, false},
    {{0x11}, IA | HATS(6), true, false, HATS(6), HATS(6), 6, true},
    {{0x40}, HATS(6), true, false, IA | HATS(6), HATS(6), 6, true},
    {{0x11}, HATS(6), true, false, HATS(5), 0, 5, true},
    {{0x40}, HATS(5), true, false, HATS(6), 0, 5, true},
    {{0x11}, HATS(4), true, false, HATS(6), 0, 4, true},
    /* The capability says that there is no such register. */
    {{0x11}, IA | HATS(4), false, false, IA | HATS(4), 0, 6, true},
    /* Nobody can ask the capability: the table knows that there is one. */
    {{0x40}, HATS(5), false, true, HATS(5), HATS(5), 5, false},
    {{0x40}, HATS(5), false, true, HATS(4) | IA, 0, 4, true},
    /* Together, in either order; of type 10h nothing counts. */
    {{0x10, 0x11}, HATS(5), true, false, HATS(5), HATS(5), 5, false},
    {{0x11, 0x10}, HATS(5), true, false, HATS(5), HATS(5), 5, false},
    {{0x10, 0x40}, HATS(6), true, false, HATS(5), 0, 5, true},
    {{0x40, 0x10}, IA, true, false, IA, IA, 4, false},
};

static bool is_row_right(const struct feature_row *row, bool only32)
{
    begin(&(struct policy_options){.rig = {.caches = 1, .no_pci = row->no_pci, .only32 = only32}});
    later.efr_sup = row->efr_sup;
    later.efr = row->efr;
    for (unsigned n = 0; n < 2 && row->types[n] != 0; n++) {
        /* The feature word of type 10h: HATS 1, five levels. */
        uint64_t image = row->types[n] == 0x10 ? UINT64_C(0x40000000) : row->image;
        block(row->types[n], 0, UNIT_0, image);
        raw_append(&table, "03 1000 00 04 df00 00");
    }
    if (!CHECK_U64(go(), AMDVI_DRV_OK)) {
        return false;
    }
    struct amdvi_drv_unit_info info = info_of(0);
    bool is_right = CHECK_U64(info.efr, row->want) && CHECK_U64(info.levels_max, row->levels) &&
                    CHECK_U64(info.efr_mismatch, row->mismatch) &&
                    /* A mismatch is told. */
                    CHECK_U64(boot.policy.rig.log_lines, row->mismatch ? 1 : 0) &&
                    /* And what is said is what is done. */
                    CHECK_U64(later.invalidate_alls, (row->want & IA) != 0 ? 1 : 0) &&
                    CHECK_U64(info.repairs, 0) && CHECK_U64(info.np_cache, row->no_pci);
    CHECK(boot_try(0));
    policy_stop(&boot.policy);
    return is_right;
}

static void features_are_what_register_and_ivhd_both_have(void)
{
    for (unsigned i = 0; i < sizeof(feature_rows) / sizeof(feature_rows[0]); i++) {
        if (!is_row_right(&feature_rows[i], i % 2 != 0)) {
            printf("# row %u\n", i);
            return;
        }
    }
}

static void a_part_without_host_translation_is_refused(void)
{
    for (unsigned i = 0; i < 4; i++) {
        begin(&(struct policy_options){0});
        later.efr_sup = true;
        later.efr = i == 2 ? HATS(6) : NO_HOST_LEVELS;
        block(0x10, 0, UNIT_0, 0);
        raw_append(&table, "03 1000 00 04 df00 00");
        if (i != 0) {
            block(i == 3 ? 0x40 : 0x11, 0, UNIT_0, i == 1 ? HATS(6) : NO_HOST_LEVELS);
            raw_append(&table, "03 1000 00 04 df00 00");
        }
        CHECK_U64(go(), AMDVI_DRV_ERR_UNSUPPORTED);
        CHECK_U64(boot.steps, 0);
        CHECK(boot.policy.rig.log_lines != 0);
        boot_end_failed();
    }
}

/* ---- Entries --------------------------------------------------------------------------------- */

/* Each type has devices, flags, settings and a window of its own. */
static void put_block(unsigned type)
{
    switch (type) {
    case 0x10:
        block(0x10, 0x11, NO_PLACE, 0); /* IotlbSup, HtTunEn */
        raw_append(&table, "03 1000 04 04 1f00 00 02 0003 00");
        break;
    case 0x11:
        block(0x11, 0x02, UNIT_0, HATS(6)); /* PassPW */
        raw_append(&table, "03 2000 04 04 2f00 00 42 1000 04 00 2000 00");
        break;
    default:
        block(0x40, 0x18, UNIT_0, HATS(6)); /* IotlbSup, Isoc */
        raw_append(&table, "03 3000 04 04 3f00 00 02 0001 00"
                           "f0 3800 00 414d444930303230 0000000000000000 02 03 6f6e65");
        break;
    }
}

static void check_nmi(uint16_t device_id, bool passes)
{
    uint64_t address = 0;
    uint32_t data = 0;

    CHECK_U64(rig_interrupt(&boot.policy.rig, 0, device_id, 0, 0x400, &address, &data), passes);
}

static void check_is_11h(void)
{
    CHECK(!is_known(0x11) && !is_known(0x30) && !is_known(0x300));
    CHECK(is_known(0x2f) && is_known(0x10)); /* an alias, which sends as 20h */
    check_nmi(0x20, true);
    check_nmi(0x11, false);
    CHECK_U64(boot.policy.drv->units[0]->last_device_id, 0x2f);
    CHECK_U64(boot.policy.drv->units[0]->table.entries, 128); /* a page */
    CHECK(!info_of(0).iotlb_sup);
    CHECK_U64(later_control(&boot.policy.rig), 0x1485 | 0x100);
}

static void check_is_40h(void)
{
    uint16_t segment = 0;
    uint16_t device_id = 0;

    CHECK(!is_known(0x10) && !is_known(0x2f) && !is_known(0x300));
    CHECK(is_known(0x30) && is_known(0x100));
    check_nmi(0x31, true);
    check_nmi(0x20, false);
    CHECK_U64(boot.policy.drv->units[0]->last_device_id, 0x100);
    CHECK_U64(amdvi_drv_acpi_find(boot.policy.drv, "AMDI0020", "one", &segment, &device_id),
              AMDVI_DRV_OK);
    CHECK_U64(device_id, 0x38);
    CHECK(info_of(0).iotlb_sup);
    CHECK_U64(later_control(&boot.policy.rig), 0x1485 | 0x800);
}

static void one_block_gives_everything(void)
{
    static const unsigned orders[][3] = {
        {0x11, 0x10}, {0x10, 0x11},       {0x40, 0x10},       {0x10, 0x40},       {0x11, 0x40},
        {0x40, 0x11}, {0x10, 0x11, 0x40}, {0x40, 0x11, 0x10}, {0x11, 0x40, 0x10},
    };

    for (unsigned i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        unsigned highest = 0;
        begin(&(struct policy_options){.rig = {.iotlb_sup = true}});
        later.efr_sup = true;
        later.efr = HATS(6);
        for (unsigned n = 0; n < 3 && orders[i][n] != 0; n++) {
            put_block(orders[i][n]);
            highest = orders[i][n] > highest ? orders[i][n] : highest;
        }
        if (!CHECK_U64(go(), AMDVI_DRV_OK)) {
            printf("# order %u\n", i);
            return;
        }
        CHECK_U64(amdvi_drv_unit_count(boot.policy.drv), 1);
        CHECK_U64(info_of(0).window_base, RIG_WINDOW(0));
        if (highest == 0x11) {
            check_is_11h();
        } else {
            check_is_40h();
        }
        policy_stop(&boot.policy);
    }
}

static void units_have_each_their_own_highest_type(void)
{
    begin(&(struct policy_options){.rig = {.units = 2}});
    later.efr_sup = true;
    later.efr = HATS(5);
    block(0x10, 0, UNIT_0, 0);
    raw_append(&table, "03 1000 00 04 1f00 00");
    block(0x10, 0, UNIT_1, 0);
    raw_append(&table, "03 1001 00 04 df01 00");
    block(0x11, 0, UNIT_0, HATS(5));
    raw_append(&table, "03 2000 00 04 2f00 00");
    CHECK_U64(go(), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_unit_count(boot.policy.drv), 2);
    CHECK(!is_known(0x10) && is_known(0x20) && is_known(0x110));
    CHECK_U64(info_of(0).levels_max, 5);
    CHECK_U64(info_of(1).levels_max, 6);
    policy_stop(&boot.policy);
}

/* ---- Limits ---------------------------------------------------------------------------------- */

/* The last page below @levels can be mapped and reached, and what is behind it cannot be. */
static void check_limit(unsigned levels)
{
    struct policy *policy = &boot.policy;
    uint64_t last = levels == 6 ? UINT64_C(0xfffffffffffff000) : GREATEST(levels) - 4095;
    struct amdvi_drv_domain *domain = policy_attached(policy, POLICY_ID(0, 0));
    struct amdvi_drv_device *device = amdvi_drv_device_find(policy->drv, 0, POLICY_ID(0, 0));
    struct amdvi_drv_reserved_range range = {.last_iova = 0};
    bool is_limited = false;

    CHECK_U64(amdvi_drv_map(domain, last, BOOT_MEMORY, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(policy, POLICY_ID(0, 0), last, BOOT_MEMORY);
    CHECK_U64(domain->pages.level, levels);
    if (levels < 6) {
        CHECK_U64(amdvi_drv_map(domain, last + 4096, BOOT_MEMORY, 4096, POLICY_RW),
                  AMDVI_DRV_ERR_LIMIT);
        CHECK_U64(amdvi_drv_map(domain, last - 4096, BOOT_MEMORY, 3 * 4096, POLICY_RW),
                  AMDVI_DRV_ERR_LIMIT);
        CHECK_REFUSED(policy, POLICY_ID(0, 0), last + 4096);
    }
    for (unsigned i = 0; amdvi_drv_reserved_range(device, domain, i, &range); i++) {
        is_limited =
            is_limited || (range.kind == AMDVI_DRV_RESERVED_LIMIT &&
                           range.first_iova == last + 4096 && range.last_iova == UINT64_MAX);
    }
    CHECK_U64(is_limited, levels < 6);
}

static void domains_end_where_the_least_unit_does(void)
{
    static const struct {
        const char *info; /* of the IVRS: VASize */
        uint64_t image;
        uint64_t efr;
        unsigned units;
        unsigned levels;
        bool no_pci; /* unit 1 has an image then; its register says four levels */
    } rows[] = {
        {"00302000", HATS(6), HATS(6), 1, 6, false}, {"00302000", HATS(5), HATS(6), 1, 5, false},
        {"00302000", HATS(6), HATS(4), 1, 4, false}, {"00302000", HATS(4), HATS(4), 2, 4, false},
        {"00301800", HATS(6), HATS(6), 1, 4, false}, /* 48 bits */
        {"00b01300", HATS(6), HATS(6), 1, 3, false}, /* 39 */
        {"00b01300", HATS(6), HATS(6), 2, 3, false}, {"00302000", HATS(6), HATS(6), 2, 4, true},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(&(struct policy_options){.rig = {.units = rows[i].units, .no_pci = rows[i].no_pci}});
        later.efr_sup = true;
        later.efr = rows[i].efr;
        table.size = 36; /* behind the header of every ACPI table */
        raw_append(&table, rows[i].info);
        raw_append(&table, "0000000000000000");
        block(0x10, 0, UNIT_0, 0);
        raw_append(&table, "03 1000 00 04 df00 00");
        block(0x11, 0, UNIT_0, rows[i].image);
        raw_append(&table, "03 1000 00 04 df00 00");
        if (rows[i].units == 2) {
            block(rows[i].no_pci ? 0x11 : 0x10, 0, UNIT_1, HATS(6));
            raw_append(&table, "03 1001 00 04 df01 00");
        }
        if (!CHECK_U64(go(), AMDVI_DRV_OK)) {
            return;
        }
        check_limit(rows[i].levels);
        policy_stop(&boot.policy);
    }
}

static const struct check_case cases[] = {
    {"F-1, O-1: what the register and the IVHD both have is used, a mismatch is told", "2.6 IVHD",
     features_are_what_register_and_ivhd_both_have},
    {"a part without host translation is refused, whoever says so, before anything is written",
     "2.6 IVHD", a_part_without_host_translation_is_refused},
    {"of types 10h, 11h and 40h the highest gives devices, settings, flags, window and ATS, and "
     "the others nothing",
     "2.6 IVHD", one_block_gives_everything},
    {"each unit has its own highest type", "2.6 IVHD", units_have_each_their_own_highest_type},
    {"domains end where the least of register, IVHD, VASize and all units does", "2.6 IVHD",
     domains_end_where_the_least_unit_does},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
