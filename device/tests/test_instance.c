/* SPDX-License-Identifier: BSD-2-Clause */
/* Creation: what a configuration may say, where the instance lives, and what hosts may leave out.
 */
#include "check.h"
#include "machine.h"

#include <amdvi/cap.h>

#include <stdlib.h>
#include <string.h>

#define DEVICE 0x0100
#define DOMAIN 7
#define SPA(n) (MACHINE_FREE + UINT64_C(0x1000) * (n))
#define ALL    UINT64_C(0x7ffffffffffff000)

/* ---- A host with nothing optional ------------------------------------------------------------ */

#define BARE_BYTES 0x10000

static _Alignas(8) uint8_t bare_memory[BARE_BYTES];

static enum amdvi_memory_status bare_read(void *ctx, uint64_t spa, void *out, size_t size_bytes)
{
    (void)ctx;
    if (spa >= BARE_BYTES || size_bytes > BARE_BYTES - spa) {
        return AMDVI_MEMORY_ABSENT;
    }
    memcpy(out, &bare_memory[spa], size_bytes);
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_status bare_write(void *ctx, uint64_t spa, const void *data,
                                           size_t size_bytes)
{
    (void)ctx;
    if (spa >= BARE_BYTES || size_bytes > BARE_BYTES - spa) {
        return AMDVI_MEMORY_ABSENT;
    }
    memcpy(&bare_memory[spa], data, size_bytes);
    return AMDVI_MEMORY_OK;
}

static void bare_send_msi(void *ctx)
{
    (void)ctx;
}

static struct amdvi_host bare_host(void)
{
    struct amdvi_host host = {
        .size = sizeof(host), .read = bare_read, .write = bare_write, .send_msi = bare_send_msi};
    return host;
}

static struct amdvi_config default_config(void)
{
    struct amdvi_config config;

    amdvi_config_init(&config);
    return config;
}

/* ---- The configuration ----------------------------------------------------------------------- */

static void check_size(const struct amdvi_config *config, bool is_valid)
{
    struct amdvi_host host = bare_host();
    struct amdvi_iommu *iommu = NULL;

    CHECK_U64(amdvi_iommu_size_bytes(config) != 0, is_valid);
    if (!is_valid) {
        CHECK_U64(amdvi_iommu_create(&iommu, config, &host, NULL), AMDVI_ERR_ARGUMENT);
        CHECK(iommu == NULL);
    }
}

static bool is_one_of(unsigned value, const unsigned *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (list[i] == value) {
            return true;
        }
    }
    return false;
}

static void features_have_their_legal_values(void)
{
    static const unsigned va[] = {32, 40, 48, 64};
    static const unsigned pa[] = {40, 48, 52};

    for (unsigned value = 0; value < 256; value++) {
        struct amdvi_config config = default_config();

        config.features.va_size_bits = (uint8_t)value;
        check_size(&config, is_one_of(value, va, 4));
        config = default_config();
        config.features.pa_size_bits = (uint8_t)value;
        check_size(&config, is_one_of(value, pa, 3));
        config = default_config();
        config.features.msi_num = (uint8_t)value;
        check_size(&config, value < 32);
        config = default_config();
        config.cap_next = (uint8_t)value;
        check_size(&config, true);
    }
}

/* The configuration with the size or number @which set to @value. */
static struct amdvi_config with_number(unsigned which, unsigned value)
{
    struct amdvi_config config = default_config();

    switch (which) {
    case 0:
        config.readers = value;
        break;
    case 1:
        config.tlb_entries = value;
        break;
    case 2:
        config.dte_entries = value;
        break;
    case 3:
        config.irte_entries = value;
        break;
    case 4:
        config.commands_per_write = value;
        break;
    default:
        config.size = sizeof(config) - 4 + value;
        break;
    }
    return config;
}

static void numbers_have_their_bounds(void)
{
    static const struct {
        unsigned least;
        unsigned most;
    } bounds[] = {{1, 1024}, {0, 1U << 20}, {0, 65536}, {0, 1U << 20}, {0, 65536}, {4, 4}};

    for (unsigned which = 0; which < 6; which++) {
        unsigned least = bounds[which].least;
        unsigned most = bounds[which].most;
        const unsigned values[] = {0, 1, 2, 3, 4, 5, least, most, most - 1, most + 1, UINT32_MAX};

        for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            struct amdvi_config config = with_number(which, values[i]);
            if (which < 4 || values[i] < UINT32_MAX) {
                check_size(&config, values[i] >= least && values[i] <= most);
            }
        }
    }
}

static void the_defaults_are_those_of_revision_1_20(void)
{
    struct amdvi_config config = default_config();

    CHECK_U64(config.size, sizeof(config));
    CHECK_U64(config.features.va_size_bits, 64);
    CHECK_U64(config.features.pa_size_bits, 52);
    CHECK_U64(config.readers, 1);
    CHECK_U64(config.tlb_entries, 4096);
    CHECK_U64(config.dte_entries, 256);
    CHECK_U64(config.irte_entries, 1024);
    CHECK_U64(config.commands_per_write, 256);
    check_size(&config, true);
}

/* ---- Creation -------------------------------------------------------------------------------- */

static void an_instance_lives_in_the_memory_that_it_is_given(void)
{
    struct amdvi_config config = default_config();
    struct amdvi_host host = bare_host();
    size_t size = amdvi_iommu_size_bytes(&config);
    uint8_t *block = aligned_alloc(64, size / 64 * 64 + 192);
    struct amdvi_iommu *iommu = NULL;

    if (!CHECK(block != NULL)) {
        return;
    }
    memset(block, 0xa5, size / 64 * 64 + 192);
    for (unsigned off = 1; off < 64; off++) {
        CHECK_U64(amdvi_iommu_create(&iommu, &config, &host, block + off), AMDVI_ERR_ARGUMENT);
        CHECK(iommu == NULL);
    }
    CHECK(block[0] == 0xa5 && block[size + 63] == 0xa5);
    CHECK_U64(amdvi_iommu_create(&iommu, &config, &host, block + 64), AMDVI_OK);
    CHECK((uint8_t *)iommu >= block + 64 && (uint8_t *)iommu < block + 64 + size);
    amdvi_iommu_mmio_write(iommu, 0, 8, 0x12000);
    amdvi_iommu_reset(iommu);
    amdvi_iommu_destroy(iommu);
    for (size_t i = 0; i < 64; i++) {
        CHECK_U64(block[i], 0xa5);
        CHECK_U64(block[64 + size + i], 0xa5);
    }
    free(block); /* the library has not */
}

static void required_host_functions_must_be_there(void)
{
    for (unsigned missing = 0; missing < 6; missing++) {
        struct amdvi_config config = default_config();
        struct amdvi_host host = bare_host();
        struct amdvi_iommu *iommu = NULL;

        host.read = missing == 0 ? NULL : host.read;
        host.write = missing == 1 ? NULL : host.write;
        host.send_msi = missing == 2 ? NULL : host.send_msi;
        host.size = sizeof(host) + (missing == 3 ? 1 : 0) - (missing == 4 ? 1 : 0);
        CHECK_U64(amdvi_iommu_create(&iommu, &config, &host, NULL),
                  missing == 5 ? AMDVI_OK : AMDVI_ERR_ARGUMENT);
        CHECK((iommu != NULL) == (missing == 5));
        amdvi_iommu_destroy(iommu); /* NULL is nothing to destroy */
    }
}

static uint64_t bare_now_ns(void *ctx)
{
    (void)ctx;
    return 0;
}

static void bare_set_timer(void *ctx, uint64_t deadline_ns)
{
    (void)ctx;
    (void)deadline_ns;
}

static void bare_invalidate_iotlb(void *ctx, const struct amdvi_iotlb_invalidation *what)
{
    (void)ctx;
    (void)what;
}

static void ats_needs_its_host_functions(void)
{
    for (unsigned missing = 0; missing < 4; missing++) {
        struct amdvi_config config = default_config();
        struct amdvi_host host = bare_host();
        struct amdvi_iommu *iommu = NULL;

        config.features.iotlb_sup = true;
        host.now_ns = missing == 0 ? NULL : bare_now_ns;
        host.set_timer = missing == 1 ? NULL : bare_set_timer;
        host.invalidate_iotlb = missing == 2 ? NULL : bare_invalidate_iotlb;
        CHECK_U64(amdvi_iommu_create(&iommu, &config, &host, NULL),
                  missing == 3 ? AMDVI_OK : AMDVI_ERR_ARGUMENT);
        amdvi_iommu_destroy(iommu);
        iommu = NULL;
        config.features.iotlb_sup = false; /* then nothing is missing */
        CHECK_U64(amdvi_iommu_create(&iommu, &config, &host, NULL), AMDVI_OK);
        amdvi_iommu_destroy(iommu);
    }
}

static void put64(uint64_t spa, uint64_t value)
{
    struct amdvi_le64 wire;

    amdvi_le64_encode(&wire, value);
    memcpy(&bare_memory[spa], &wire, sizeof(wire));
}

/* The device table at 0 (128 entries), commands at 1000h, events at 2000h, a root at 3000h. */
static struct amdvi_iommu *start_bare(void)
{
    struct amdvi_config config = default_config();
    struct amdvi_host host = bare_host();
    struct amdvi_iommu *iommu = NULL;

    memset(bare_memory, 0, sizeof(bare_memory));
    CHECK_U64(amdvi_iommu_create(&iommu, &config, &host, NULL), AMDVI_OK);
    memset(&config, 0xff, sizeof(config)); /* both were copied */
    memset(&host, 0, sizeof(host));
    put64(32, UINT64_C(0x6000000000003203)); /* device 1: V, TV, Mode 1, IR, IW */
    put64(40, DOMAIN);
    put64(0x3000 + 8 * 5, UINT64_C(0x6000000000006001));
    amdvi_iommu_mmio_write(iommu, 0x00, 8, 0);
    amdvi_iommu_mmio_write(iommu, 0x08, 8, UINT64_C(0x0800000000001000));
    amdvi_iommu_mmio_write(iommu, 0x10, 8, UINT64_C(0x0800000000002000));
    amdvi_iommu_mmio_write(iommu, 0x18, 8, 0x141d);
    return iommu;
}

static void a_host_with_nothing_optional_works(void)
{
    struct amdvi_iommu *iommu = start_bare();
    struct amdvi_reader *reader = amdvi_iommu_reader(iommu, 0);
    struct amdvi_request request = {
        .device_id = 1, .access = AMDVI_ACCESS_READ, .iova = 0x5123, .size_bytes = 4};
    uint32_t word = 0;
    struct amdvi_access_request exchange = {.device_id = 1,
                                            .operation = AMDVI_OPERATION_COMPARE_EXCHANGE,
                                            .iova = 0x5120,
                                            .size_bytes = 4,
                                            .buffer = &word,
                                            .desired = &word};
    struct amdvi_access_result result;
    struct amdvi_translation got;
    struct amdvi_lease lease;

    amdvi_reader_online(reader);
    CHECK_U64(amdvi_lease_take(reader, &lease, &request, NULL, &got), AMDVI_OK);
    CHECK_U64(got.spa, 0x6123);
    CHECK(got.host == NULL);
    CHECK_U64(amdvi_iommu_access(reader, &exchange, &result), AMDVI_ERR_UNSUPPORTED);
    put64(0x3000 + 8 * 5, 0);
    put64(0x1000, UINT64_C(0x3000000000000000) | (uint64_t)DOMAIN << 32);
    put64(0x1008, ALL | 3);
    put64(0x1010, UINT64_C(0x1000000000007001));
    put64(0x1018, 0x55);
    amdvi_iommu_mmio_write(iommu, 0x2008, 8, 0x20);
    CHECK_U64(bare_memory[0x7000], 0);
    amdvi_reader_offline(reader);
    CHECK_U64(bare_memory[0x7000], 0); /* the lease is revoked, although nobody could be told */
    amdvi_lease_release(&lease);
    CHECK_U64(bare_memory[0x7000], 0x55);
    CHECK_U64(amdvi_iommu_memory_changed(iommu, 0, BARE_BYTES) != 0, 1);
    amdvi_iommu_destroy(iommu);
}

/* ---- Parts of an instance -------------------------------------------------------------------- */

static void readers_are_those_of_the_configuration(void)
{
    struct machine_options options = {.readers = 3};
    struct machine machine;

    machine_start(&machine, &options);
    for (unsigned i = 0; i < 3; i++) {
        CHECK(amdvi_iommu_reader(machine.iommu, i) != NULL);
        CHECK(amdvi_iommu_reader(machine.iommu, i) == amdvi_iommu_reader(machine.iommu, i));
        CHECK(i == 0 ||
              amdvi_iommu_reader(machine.iommu, i) != amdvi_iommu_reader(machine.iommu, i - 1));
    }
    CHECK(amdvi_iommu_reader(machine.iommu, 3) == NULL);
    CHECK(amdvi_iommu_reader(machine.iommu, 1024) == NULL);
    CHECK(amdvi_iommu_reader(machine.iommu, UINT32_MAX) == NULL);
    machine_stop(&machine);
}

static void readers_share_no_cache_line(void)
{
    struct machine_options options = {.readers = 5};
    struct amdvi_config config = default_config();
    struct machine machine;

    machine_start(&machine, &options);
    for (unsigned i = 0; i < 4; i++) {
        uintptr_t at = (uintptr_t)amdvi_iommu_reader(machine.iommu, i);
        uintptr_t next = (uintptr_t)amdvi_iommu_reader(machine.iommu, i + 1);

        CHECK_U64(at % 64, 0);
        CHECK(next - at >= 64);
        /* And no more is asked for than they take. */
        config.readers = i + 1;
        size_t bytes = amdvi_iommu_size_bytes(&config);
        config.readers = i + 2;
        CHECK_U64(amdvi_iommu_size_bytes(&config) - bytes, next - at);
    }
    machine_stop(&machine);
}

static void features_are_in_the_capability_block(void)
{
    static const uint8_t va[] = {32, 40, 48, 64};
    static const uint8_t pa[] = {40, 48, 52};

    for (unsigned i = 0; i < 4 * 3 * 4; i++) {
        struct amdvi_config config = default_config();
        struct amdvi_host host = bare_host();
        struct amdvi_iommu *iommu = NULL;
        uint32_t tunnel = i / 12 & 1;
        uint32_t ats = i / 24 & 1;

        config.features = (struct amdvi_features){.va_size_bits = va[i % 4],
                                                  .pa_size_bits = pa[i / 4 % 3],
                                                  .msi_num = (uint8_t)(i % 32),
                                                  .ht_tunnel = tunnel != 0,
                                                  .ht_ats_resv = ats != 0};
        config.cap_next = (uint8_t)(0x40 + 4 * i);
        CHECK_U64(amdvi_iommu_create(&iommu, &config, &host, NULL), AMDVI_OK);
        CHECK_U64(amdvi_iommu_cap_read(iommu, 0x00, 4),
                  0x000b000f | (uint32_t)config.cap_next << 8 | tunnel << 25);
        CHECK_U64(amdvi_iommu_cap_read(iommu, 0x10, 4),
                  (i % 32) | (uint32_t)pa[i / 4 % 3] << 8 | (uint32_t)va[i % 4] << 15 | ats << 22);
        CHECK_U64(amdvi_iommu_cap_read(iommu, 0x14, 4), 0); /* behind the block */
        amdvi_iommu_destroy(iommu);
    }
}

static void two_instances_do_not_know_each_other(void)
{
    struct machine_options options = machine_cache_sizes[2];
    struct machine machines[2];
    struct amdvi_event event;
    uint64_t control;

    for (unsigned i = 0; i < 2; i++) {
        machine_start(&machines[i], &options);
        machine_map(&machines[i], machine_set_paged(&machines[i], DEVICE, DOMAIN, 3), 3, 0x1000,
                    SPA(i), 12, true, true);
    }
    for (unsigned turn = 0; turn < 4; turn++) {
        CHECK_U64(machine_translate(&machines[turn % 2], DEVICE, 0x1000, 1, AMDVI_ACCESS_READ).spa,
                  SPA(turn % 2));
    }
    /* A refusal, an invalidation, a wait, a disable: all of them of machine 0 alone. */
    machine_translate(&machines[0], DEVICE, 0x2000, 1, AMDVI_ACCESS_READ);
    machine_invalidate_pages(&machines[0], DOMAIN, ALL, true);
    CHECK(machine_wait(&machines[0])); /* the other reader, which has not released, is no matter */
    control = machine_reg(&machines[0], AMDVI_REG_CONTROL);
    machine_set_reg(&machines[0], AMDVI_REG_CONTROL, 0);
    CHECK(machine_event(&machines[0], &event));
    CHECK(!machine_event(&machines[1], &event));
    CHECK_U64(machine_read64(&machines[1], MACHINE_STORE), 0);
    CHECK_U64(machine_reg(&machines[1], AMDVI_REG_CONTROL), control);
    CHECK_U64(machines[1].invalidations, 0);
    CHECK(machine_translate(&machines[1], DEVICE, 0x1000, 1, AMDVI_ACCESS_READ).cached);
    machine_stop(&machines[0]);
    CHECK_U64(machine_translate(&machines[1], DEVICE, 0x1000, 1, AMDVI_ACCESS_READ).spa, SPA(1));
    machine_stop(&machines[1]);
}

/* ---- Statistics ------------------------------------------------------------------------------ */

static void statistics_add_up_over_readers(void)
{
    struct machine machine;
    struct amdvi_stats stats;
    struct amdvi_request request = {
        .device_id = DEVICE, .access = AMDVI_ACCESS_READ, .iova = 0x1000, .size_bytes = 4};
    struct amdvi_translation got;
    struct amdvi_lease lease;

    machine_start(&machine, &machine_cache_sizes[2]);
    machine_map(&machine, machine_set_paged(&machine, DEVICE, DOMAIN, 3), 3, 0x1000, SPA(0), 12,
                true, true);
    for (unsigned i = 0; i < 4; i++) {
        struct amdvi_reader *reader = amdvi_iommu_reader(machine.iommu, i);

        amdvi_reader_online(reader);
        for (unsigned turn = 0; turn <= i; turn++) {
            amdvi_iommu_translate(reader, &request, &got);
        }
        request.iova = 0x9000;
        amdvi_iommu_translate(reader, &request, &got);
        request.iova = 0x1000;
        amdvi_reader_offline(reader);
    }
    amdvi_iommu_stats(machine.iommu, &stats);
    CHECK_U64(stats.translations, 1 + 2 + 3 + 4 + 4);
    CHECK_U64(stats.aborted, 4);
    CHECK_U64(stats.walks, 1 + 4);
    CHECK_U64(stats.tlb_hits, 9);
    CHECK_U64(stats.events, 4);
    CHECK_U64(stats.events_lost, 0);
    /* A lease is taken by a request too, and refused ones count. */
    CHECK_U64(amdvi_lease_take(machine.reader, &lease, &request, NULL, &got), AMDVI_OK);
    amdvi_lease_release(&lease);
    request.iova = 0x9000;
    CHECK_U64(amdvi_lease_take(machine.reader, &lease, &request, NULL, &got), AMDVI_OK);
    machine_set_reg(&machine, AMDVI_REG_CONTROL,
                    machine_reg(&machine, AMDVI_REG_CONTROL) & ~AMDVI_CONTROL_EVENT_LOG_EN);
    machine_translate(&machine, DEVICE, 0x9000, 1, AMDVI_ACCESS_READ);
    CHECK(machine_wait(&machine));
    amdvi_iommu_stats(machine.iommu, &stats);
    CHECK_U64(stats.translations, 14 + 3);
    CHECK_U64(stats.aborted, 6);
    CHECK_U64(stats.events, 5);
    CHECK_U64(stats.events_lost, 1);
    CHECK_U64(stats.commands, 1);
    CHECK_U64(stats.waits_parked + stats.leases_revoked + stats.interrupts, 0);
    machine_stop(&machine);
}

static void ats_is_counted(void)
{
    struct amdvi_features features = {.va_size_bits = 64, .pa_size_bits = 52, .iotlb_sup = true};
    struct machine_options options = {.features = &features};
    struct machine machine;
    struct amdvi_stats stats;
    struct amdvi_ats_completion got;

    machine_start(&machine, &options);
    for (unsigned i = 0; i < 3; i++) {
        amdvi_iommu_ats_translate(machine.reader, DEVICE, 0x1000, &got);
        CHECK_U64(got.status, AMDVI_ATS_UNSUPPORTED_REQUEST);
    }
    amdvi_iommu_stats(machine.iommu, &stats);
    CHECK_U64(stats.ats_requests, 3);
    CHECK_U64(stats.events, 3);
    CHECK_U64(stats.translations + stats.aborted + stats.interrupts, 0);
    CHECK_U64(machine_interrupt(&machine, DEVICE, 0xfee00000, 1).outcome, AMDVI_OUTCOME_TRANSLATED);
    amdvi_iommu_stats(machine.iommu, &stats);
    CHECK_U64(stats.interrupts, 1);
    CHECK_U64(stats.interrupts_aborted, 0);
    CHECK_U64(stats.ats_requests, 3);
    machine_stop(&machine);
}

static const struct check_case cases[] = {
    {"each feature has its legal values and no others", "1.20 capability block",
     features_have_their_legal_values},
    {"each number of a configuration has its bounds", NULL, numbers_have_their_bounds},
    {"the defaults are those of revision 1.20", NULL, the_defaults_are_those_of_revision_1_20},
    {"an instance lives in the memory that it is given, and nowhere else", NULL,
     an_instance_lives_in_the_memory_that_it_is_given},
    {"read, write and send_msi are required of a host, and NULL is nothing to destroy", NULL,
     required_host_functions_must_be_there},
    {"with IotlbSup the functions for ATS are required too", NULL, ats_needs_its_host_functions},
    {"a host with nothing optional has waits, leases and translations", NULL,
     a_host_with_nothing_optional_works},
    {"there are as many readers as configured", NULL, readers_are_those_of_the_configuration},
    {"each reader has cache lines of its own", NULL, readers_share_no_cache_line},
    {"the capability block tells the features, and no later revision's (Q28)",
     "1.20 capability block", features_are_in_the_capability_block},
    {"two instances do not know each other", NULL, two_instances_do_not_know_each_other},
    {"translation requests and interrupts are counted by themselves", NULL, ats_is_counted},
    {"statistics add up over readers, leases included", NULL, statistics_add_up_over_readers},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
