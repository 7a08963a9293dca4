/* SPDX-License-Identifier: BSD-2-Clause */
/* The capability block in the configuration space of the IOMMU's PCI function. */
#include "expect.h"

static uint32_t get(struct machine *machine, unsigned offset)
{
    return amdvi_iommu_cap_read(machine->iommu, offset, 4);
}

static void put(struct machine *machine, unsigned offset, uint32_t value)
{
    amdvi_iommu_cap_write(machine->iommu, offset, 4, value);
}

static void start(struct machine *machine)
{
    machine_start(machine, &machine_cache_sizes[0]);
}

static bool expect_window(struct machine *machine, uint64_t want)
{
    uint64_t base = 0;

    return CHECK(amdvi_iommu_window(machine->iommu, &base)) && CHECK_U64(base, want);
}

static bool expect_no_window(struct machine *machine)
{
    uint64_t base = 0;

    return CHECK(!amdvi_iommu_window(machine->iommu, &base));
}

static void default_values(void)
{
    struct machine machine;

    start(&machine);
    /* CapId 0Fh, CapPtr 0, CapType 3, CapRev 1, no IotlbSup, HtTunnel, NpCache, EFRSup, CapExt. */
    CHECK_U64(get(&machine, 0x00), 0x000b000f);
    CHECK_U64(get(&machine, 0x04), 0);
    CHECK_U64(get(&machine, 0x08), 0);
    CHECK_U64(get(&machine, 0x0c), 0);
    /* VAsize 64, PAsize 52, MsiNum 0. */
    CHECK_U64(get(&machine, 0x10), 0x40 << 15 | 0x34 << 8);
    expect_no_window(&machine);
    machine_stop(&machine);
}

static void absent_write_read(struct amdvi_iommu *iommu)
{
    for (unsigned offset = 0; offset < 64; offset++) {
        for (unsigned size = 0; size <= 9; size++) {
            bool is_legal = (size == 1 || size == 2 || size == 4) && offset % size == 0 &&
                            offset + size <= 0x14;
            if (!is_legal) {
                amdvi_iommu_cap_write(iommu, offset, size, UINT32_MAX);
                if (!CHECK_U64(amdvi_iommu_cap_read(iommu, offset, size), 0)) {
                    printf("# %u bytes at %02xh\n", size, offset);
                }
            }
        }
    }
}

static void bad_accesses(void)
{
    struct machine machine;

    start(&machine);
    absent_write_read(machine.iommu);
    amdvi_iommu_cap_write(machine.iommu, UINT32_MAX, 1, 1);
    amdvi_iommu_cap_write(machine.iommu, UINT32_MAX - 3, 4, 1);
    CHECK_U64(amdvi_iommu_cap_read(machine.iommu, UINT32_MAX - 3, 4), 0);
    CHECK_U64(get(&machine, 0x00), 0x000b000f);
    CHECK_U64(get(&machine, 0x04), 0);
    CHECK_U64(get(&machine, 0x08), 0);
    expect_no_window(&machine);
    machine_stop(&machine);
}

static enum amdvi_memory_status no_read(void *ctx, uint64_t spa, void *out, size_t size_bytes)
{
    (void)ctx, (void)spa, (void)out, (void)size_bytes;
    return AMDVI_MEMORY_ABSENT;
}

static enum amdvi_memory_status no_write(void *ctx, uint64_t spa, const void *data,
                                         size_t size_bytes)
{
    (void)ctx, (void)spa, (void)data, (void)size_bytes;
    return AMDVI_MEMORY_ABSENT;
}

static void no_msi(void *ctx)
{
    (void)ctx;
}

static void configured_values(void)
{
    static const struct {
        struct amdvi_features features;
        uint8_t next;
        uint32_t header;
        uint32_t misc;
    } rows[] = {
        {{.va_size_bits = 32, .pa_size_bits = 40, .msi_num = 31}, 0x50, 0x000b500f, 0x0010281f},
        {{.va_size_bits = 40, .pa_size_bits = 48, .ht_tunnel = true}, 0xfc, 0x020bfc0f, 0x00143000},
        {{.va_size_bits = 48, .pa_size_bits = 52, .ht_ats_resv = true}, 0, 0x000b000f, 0x00583400},
        {{.va_size_bits = 64, .pa_size_bits = 52, .msi_num = 5}, 0x64, 0x000b640f, 0x00203405},
    };

    for (unsigned i = 0; i < CHECK_CASE_COUNT(rows); i++) {
        struct amdvi_host host = {
            .size = sizeof(host), .read = no_read, .write = no_write, .send_msi = no_msi};
        struct amdvi_config config;
        struct amdvi_iommu *iommu = NULL;
        amdvi_config_init(&config);
        config.features = rows[i].features;
        config.cap_next = rows[i].next;
        if (!CHECK_U64(amdvi_iommu_create(&iommu, &config, &host, NULL), AMDVI_OK)) {
            return;
        }
        CHECK_U64(amdvi_iommu_cap_read(iommu, 0x00, 4), rows[i].header);
        CHECK_U64(amdvi_iommu_cap_read(iommu, 0x10, 4), rows[i].misc);
        amdvi_iommu_cap_write(iommu, 0x00, 4, ~rows[i].header);
        CHECK_U64(amdvi_iommu_cap_read(iommu, 0x00, 4), rows[i].header);
        amdvi_iommu_destroy(iommu);
    }
}

static void base_bits(void)
{
    struct machine machine;

    start(&machine);
    for (unsigned bit = 1; bit < 32; bit++) {
        put(&machine, 0x04, UINT32_C(1) << bit);
        CHECK_U64(get(&machine, 0x04), bit < 14 ? 0 : UINT32_C(1) << bit);
        put(&machine, 0x08, UINT32_C(1) << bit);
        CHECK_U64(get(&machine, 0x08), UINT32_C(1) << bit);
    }
    put(&machine, 0x08, UINT32_MAX);
    CHECK_U64(get(&machine, 0x08), UINT32_MAX);
    put(&machine, 0x04, UINT32_MAX - 1);
    CHECK_U64(get(&machine, 0x04), 0xffffc000);
    put(&machine, 0x04, 0);
    put(&machine, 0x08, 0);
    CHECK_U64(get(&machine, 0x04), 0);
    CHECK_U64(get(&machine, 0x08), 0);
    expect_no_window(&machine);
    machine_stop(&machine);
}

/* After Enable nothing of the block changes any more. */
static void expect_locked(struct machine *machine)
{
    uint32_t before[5];

    for (unsigned i = 0; i < 5; i++) {
        before[i] = get(machine, 4 * i);
    }
    for (unsigned offset = 0; offset < 0x14; offset++) {
        for (unsigned size = 1; size <= 4; size *= 2) {
            if (offset % size == 0) {
                amdvi_iommu_cap_write(machine->iommu, offset, size, 0);
                amdvi_iommu_cap_write(machine->iommu, offset, size, UINT32_MAX);
                amdvi_iommu_cap_write(machine->iommu, offset, size, 0x55555554);
            }
        }
    }
    for (unsigned i = 0; i < 5; i++) {
        CHECK_U64(get(machine, 4 * i), before[i]);
    }
}

static void enable_and_lock(void)
{
    struct machine machine;

    start(&machine);
    /* High first, then base and Enable in one write. */
    put(&machine, 0x08, 0x12);
    put(&machine, 0x04, 0xfed90001 & ~UINT32_C(0x2000));
    CHECK_U64(get(&machine, 0x04), 0xfed90001 & ~UINT32_C(0x3ffe));
    expect_window(&machine, UINT64_C(0x12fed90000));
    expect_locked(&machine);
    expect_window(&machine, UINT64_C(0x12fed90000));
    amdvi_iommu_reset(machine.iommu);
    expect_no_window(&machine);
    CHECK_U64(get(&machine, 0x04), 0);
    CHECK_U64(get(&machine, 0x08), 0);
    CHECK_U64(get(&machine, 0x10), 0x40 << 15 | 0x34 << 8);
    /* Low first, Enable last and alone. */
    put(&machine, 0x04, 0x80004000);
    put(&machine, 0x08, 0x1);
    expect_no_window(&machine);
    put(&machine, 0x04, 0x80004001);
    expect_window(&machine, UINT64_C(0x180004000));
    expect_locked(&machine);
    machine_stop(&machine);
}

static void high_is_too_late(void)
{
    struct machine machine;

    /* As Xen's simulator code does: high 0, then low with Enable. */
    start(&machine);
    put(&machine, 0x08, 0);
    put(&machine, 0x04, 0xfeb00001);
    expect_window(&machine, 0xfeb00000);
    put(&machine, 0x08, 0x12);
    expect_window(&machine, 0xfeb00000);
    CHECK_U64(get(&machine, 0x08), 0);
    /* Enable stays whatever is written. */
    put(&machine, 0x04, 0);
    CHECK_U64(get(&machine, 0x04), 0xfeb00001);
    machine_stop(&machine);
}

static void small_writes(void)
{
    struct machine machine;

    start(&machine);
    for (unsigned i = 0; i < 4; i++) {
        amdvi_iommu_cap_write(machine.iommu, 0x08 + i, 1, 0x10 + i);
        amdvi_iommu_cap_write(machine.iommu, 0x04 + i, 1, (0x20 + i) & ~1U);
    }
    CHECK_U64(get(&machine, 0x08), 0x13121110);
    CHECK_U64(get(&machine, 0x04), 0x22220000);
    amdvi_iommu_cap_write(machine.iommu, 0x06, 2, 0xabcdfed8);
    amdvi_iommu_cap_write(machine.iommu, 0x0a, 2, 0xabcd0007);
    CHECK_U64(get(&machine, 0x04), 0xfed80000);
    CHECK_U64(get(&machine, 0x08), 0x00071110);
    CHECK_U64(amdvi_iommu_cap_read(machine.iommu, 0x06, 2), 0xfed8);
    CHECK_U64(amdvi_iommu_cap_read(machine.iommu, 0x07, 1), 0xfe);
    CHECK_U64(amdvi_iommu_cap_read(machine.iommu, 0x0a, 1), 0x07);
    expect_no_window(&machine);
    /* Enable's own byte alone: the base is that which was stored. */
    amdvi_iommu_cap_write(machine.iommu, 0x04, 1, 0xff);
    CHECK_U64(get(&machine, 0x04), 0xfed80001);
    expect_window(&machine, UINT64_C(0x00071110fed80000));
    expect_locked(&machine);
    machine_stop(&machine);
}

static void enable_is_in_its_byte(void)
{
    struct machine machine;

    start(&machine);
    amdvi_iommu_cap_write(machine.iommu, 0x05, 1, 0x41);
    amdvi_iommu_cap_write(machine.iommu, 0x06, 2, 0x0101);
    amdvi_iommu_cap_write(machine.iommu, 0x08, 4, 0x1);
    expect_no_window(&machine);
    CHECK_U64(get(&machine, 0x04), 0x01014000);
    machine_stop(&machine);
}

static void read_only(void)
{
    struct machine machine;
    const unsigned offsets[] = {0x00, 0x0c, 0x10};

    /* Choice: firmware cannot write range and miscellaneous; the embedder configures them. */
    start(&machine);
    for (unsigned i = 0; i < CHECK_CASE_COUNT(offsets); i++) {
        uint32_t before = get(&machine, offsets[i]);
        put(&machine, offsets[i], UINT32_MAX);
        put(&machine, offsets[i], 0);
        amdvi_iommu_cap_write(machine.iommu, offsets[i] + 2, 2, 0xaaaa);
        CHECK_U64(get(&machine, offsets[i]), before);
    }
    expect_no_window(&machine);
    machine_stop(&machine);
}

static void registers_stay(void)
{
    struct machine machine;

    /* The block and the register window are told nothing about each other. */
    start(&machine);
    uint64_t control = machine_reg(&machine, AMDVI_REG_CONTROL);
    put(&machine, 0x04, 0xfed90001);
    CHECK_U64(machine_reg(&machine, AMDVI_REG_CONTROL), control);
    CHECK(machine_wait(&machine));
    machine_set_reg(&machine, AMDVI_REG_CONTROL, 0);
    expect_window(&machine, 0xfed90000);
    machine_stop(&machine);
}

static const struct check_case cases[] = {
    {"the block says revision 1 and advertises nothing that is not built (Q28, O6)",
     "1.20 capability block", default_values},
    {"the block shows the features that it was created with", "1.20 capability block",
     configured_values},
    {"accesses beyond 20 bytes, unaligned ones and other sizes read 0 and write nothing",
     "1.20 capability block", bad_accesses},
    {"the base is 64 bits, of which 14 read as 0", "1.20 capability block", base_bits},
    {"Enable opens the window and locks the block until a reset", "1.20 capability block",
     enable_and_lock},
    {"the high half is locked too, and Enable cannot be taken back", "1.20 capability block",
     high_is_too_late},
    {"writes of 1 and 2 bytes change their own bytes", "1.20 capability block", small_writes},
    {"only bit 0 of 04h is Enable", "1.20 capability block", enable_is_in_its_byte},
    {"header, range and miscellaneous information are read-only also before Enable",
     "1.20 capability block", read_only},
    {"enabling the window does not touch the registers in it", "1.20 capability block",
     registers_stay},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
