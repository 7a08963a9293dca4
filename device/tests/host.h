/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host that does what that of machine.h does not: memory that changes while it is read, host
 * pointers of every kind, and a moment for others whenever it is asked for the time.
 */
#ifndef DEVICE_TESTS_HOST_H
#define DEVICE_TESTS_HOST_H

#include "expect.h"

#include <string.h>

#define RAM_BYTES 0x10000
#define DEVICE    1
#define ENTRY     0x20 /* of the device, in the device table at 0 */
#define COMMANDS  0x1000
#define EVENTS    0x2000
#define ROOT      0x3000
#define DOMAIN    9

#define V  BIT64(0)
#define TV BIT64(1)
#define IR BIT64(61)
#define IW BIT64(62)

struct host {
    struct amdvi_iommu *iommu;
    struct amdvi_reader *reader;
    uint8_t ram[RAM_BYTES];
    unsigned entry_reads; /* of quadwords of the entry */
    /* Called before quadword @word of the entry is read for the @pass th time, from 1. */
    enum amdvi_memory_status (*before)(struct host *host, unsigned pass, unsigned word);
    unsigned changes;
    /* What map does, and was told. */
    void *pointer;
    uint64_t run_bytes; /* 0: what is asked for */
    unsigned map_calls;
    uint64_t map_spa;
    uint64_t map_wanted;
    bool map_write;
    /* Called by now_ns. */
    void (*asked_for_time)(struct host *host);
    unsigned time_asked;
    unsigned iotlb_requests;
    /* What wait_completed was told. */
    unsigned waits_completed;
    uint64_t wait_offset;
};

static inline void put64(struct host *host, uint64_t spa, uint64_t value)
{
    struct amdvi_le64 wire;

    amdvi_le64_encode(&wire, value);
    memcpy(&host->ram[spa], &wire, sizeof(wire));
}

static inline uint64_t get64(const struct host *host, uint64_t spa)
{
    struct amdvi_le64 wire;

    memcpy(&wire, &host->ram[spa], sizeof(wire));
    return amdvi_le64_decode(&wire);
}

static inline enum amdvi_memory_status host_read(void *ctx, uint64_t spa, void *out,
                                                 size_t size_bytes)
{
    struct host *host = ctx;

    if (spa >= RAM_BYTES || size_bytes > RAM_BYTES - spa) {
        return AMDVI_MEMORY_ABSENT;
    }
    if (spa >= ENTRY && spa < ENTRY + 32) {
        unsigned word = (unsigned)(spa - ENTRY) / 8;
        enum amdvi_memory_status status = AMDVI_MEMORY_OK;

        if (host->before != NULL) {
            status = host->before(host, host->entry_reads / 4 + 1, word);
        }
        host->entry_reads++;
        if (status != AMDVI_MEMORY_OK) {
            return status;
        }
    }
    memcpy(out, &host->ram[spa], size_bytes);
    return AMDVI_MEMORY_OK;
}

static inline enum amdvi_memory_status host_write(void *ctx, uint64_t spa, const void *data,
                                                  size_t size_bytes)
{
    struct host *host = ctx;

    if (spa >= RAM_BYTES || size_bytes > RAM_BYTES - spa) {
        return AMDVI_MEMORY_ABSENT;
    }
    memcpy(&host->ram[spa], data, size_bytes);
    return AMDVI_MEMORY_OK;
}

static inline void *host_map(void *ctx, uint64_t spa, bool write, uint64_t *run_bytes)
{
    struct host *host = ctx;

    host->map_calls++;
    host->map_spa = spa;
    host->map_write = write;
    host->map_wanted = *run_bytes;
    if (host->run_bytes != 0) {
        *run_bytes = host->run_bytes;
    }
    return host->pointer;
}

static inline void host_send_msi(void *ctx)
{
    (void)ctx;
}

static inline uint64_t host_now_ns(void *ctx)
{
    struct host *host = ctx;

    host->time_asked++;
    if (host->asked_for_time != NULL) {
        host->asked_for_time(host);
    }
    return 1000;
}

static inline void host_set_timer(void *ctx, uint64_t deadline_ns)
{
    (void)ctx;
    (void)deadline_ns;
}

static inline void host_invalidate_iotlb(void *ctx, const struct amdvi_iotlb_invalidation *what)
{
    struct host *host = ctx;

    (void)what;
    host->iotlb_requests++;
}

static inline void host_wait_completed(void *ctx, uint64_t offset)
{
    struct host *host = ctx;

    host->waits_completed++;
    host->wait_offset = offset;
}

static inline struct amdvi_config config_with_ats(void)
{
    struct amdvi_config config;

    amdvi_config_init(&config);
    config.features.iotlb_sup = true;
    config.tlb_entries = 0;
    config.dte_entries = 0;
    return config;
}

/* The device has a page table of one level, in which page 5 is at A000h and page 6 at B000h. */
static inline void start_in(struct host *host, const struct amdvi_config *config, void *memory)
{
    struct amdvi_host functions = {
        .size = sizeof(functions),
        .ctx = host,
        .read = host_read,
        .write = host_write,
        .map = host_map,
        .send_msi = host_send_msi,
        .now_ns = host_now_ns,
        .set_timer = host_set_timer,
        .invalidate_iotlb = host_invalidate_iotlb,
        .wait_completed = host_wait_completed,
    };

    memset(host, 0, sizeof(*host));
    CHECK_U64(amdvi_iommu_create(&host->iommu, config, &functions, memory), AMDVI_OK);
    host->reader = amdvi_iommu_reader(host->iommu, 0);
    put64(host, ENTRY, V | TV | UINT64_C(1) << 9 | ROOT | IR | IW);
    put64(host, ENTRY + 8, DOMAIN);
    put64(host, ROOT + 8 * 5, machine_entry(0, 0xa000, true, true));
    put64(host, ROOT + 8 * 6, machine_entry(0, 0xb000, true, true));
    amdvi_iommu_mmio_write(host->iommu, 0x00, 8, 0);
    amdvi_iommu_mmio_write(host->iommu, 0x08, 8, UINT64_C(0x0800000000000000) | COMMANDS);
    amdvi_iommu_mmio_write(host->iommu, 0x10, 8, UINT64_C(0x0800000000000000) | EVENTS);
    amdvi_iommu_mmio_write(host->iommu, 0x18, 8, 0x1405);
    amdvi_reader_online(host->reader);
}

static inline void start(struct host *host)
{
    struct amdvi_config config = config_with_ats();

    start_in(host, &config, NULL);
}

static inline void stop(struct host *host)
{
    amdvi_reader_offline(host->reader);
    amdvi_iommu_destroy(host->iommu);
}

static inline struct amdvi_translation ask(struct host *host, uint64_t iova, uint64_t size_bytes,
                                           enum amdvi_access access)
{
    struct amdvi_request request = {
        .device_id = DEVICE, .access = access, .iova = iova, .size_bytes = size_bytes};
    struct amdvi_translation got = {.outcome = AMDVI_OUTCOME_INTERRUPT};

    CHECK_U64(amdvi_iommu_translate(host->reader, &request, &got), AMDVI_OK);
    return got;
}

/* How many events there are, and that the last one is this. */
static inline void expect_events(struct host *host, unsigned count, uint64_t word0, uint64_t word1)
{
    CHECK_U64(amdvi_iommu_mmio_read(host->iommu, 0x2018, 8), 16 * count);
    if (count != 0) {
        CHECK_U64(get64(host, EVENTS + 16 * (count - 1)), word0);
        CHECK_U64(get64(host, EVENTS + 16 * (count - 1) + 8), word1);
    }
}

#endif
