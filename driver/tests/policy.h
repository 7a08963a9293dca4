/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine with the whole driver on it, for the tests of the policy: the rig's units, an IVRS that
 * names them, the driver started. What is true for every such test is checked at its end: all is
 * given back, no promise to the host was broken.
 */
#ifndef DRIVER_TESTS_POLICY_H
#define DRIVER_TESTS_POLICY_H

#include "check.h"
#include "rig.h"

#include <amdvi/cap.h>
#include <amdvi/drv.h>
#include <amdvi/drv_domain.h>
#include <amdvi/drv_interrupt.h>
#include <amdvi/ivrs.h>

#include "state.h" /* after it: the public headers stand alone */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_BLOCKS_MAX 128
#define POLICY_NOWHERE    UINT64_MAX
#define POLICY_RW         (AMDVI_DRV_READ | AMDVI_DRV_WRITE)
#define POLICY_DEVICES    0x10 /* device ids of a unit that the IVRS names, and whether they are */
#define POLICY_DEVICES_END                                                                         \
    0xdf /* there is up to the test; e0h to ffh are aliases of the test's                          \
          */

/* Device @n, from 0, behind unit @unit. */
#define POLICY_ID(unit, n) ((uint16_t)(0x100 * (unit) + POLICY_DEVICES + 8 * (n)))

struct policy_options {
    struct rig_options rig;
    const struct amdvi_ivrs_device *devices; /* more of unit 0 */
    unsigned device_count;
    const struct amdvi_ivrs_memory *memory;
    unsigned memory_count;
    uint32_t wait_ms; /* 0: 1500 */
    uint16_t faults_max;
    uint16_t domains_max; /* 0: 64 */
    bool pass_interrupts;
    bool np_cache;
    bool arena; /* config.arena, of arena_bytes of the rig's memory */
    size_t arena_bytes;
};

struct policy {
    struct rig rig;
    struct amdvi_drv *drv;
    uint8_t table[4096];
    struct amdvi_drv_block block[POLICY_BLOCKS_MAX];
    unsigned blocks;
    struct amdvi_drv_block arena;
    /* The rig's, which policy_config_read32() goes on to. */
    bool (*config_read32)(void *ctx, uint16_t segment, uint16_t device_id, uint16_t offset,
                          uint32_t *out);
};

/* The units say that they cache what is not present. */
static inline bool policy_config_read32(void *ctx, uint16_t segment, uint16_t device_id,
                                        uint16_t offset, uint32_t *out)
{
    struct rig *rig = ctx;
    struct policy *policy = (struct policy *)(void *)rig; /* its first member */

    if (!policy->config_read32(ctx, segment, device_id, offset, out)) {
        return false;
    }
    for (unsigned i = 0; i < rig->options.units; i++) {
        if (device_id == RIG_UNIT_ID(i) && offset == RIG_CAP_OFFSET) {
            *out |= (uint32_t)AMDVI_CAP_HEADER_NP_CACHE;
        }
    }
    return true;
}

/* An IVRS for the rig's units. */
static inline uint32_t policy_table(struct policy *policy, const struct policy_options *options)
{
    struct amdvi_ivrs_device devices[RIG_UNITS_MAX][16];
    struct amdvi_ivrs_unit_description units[RIG_UNITS_MAX] = {0};
    struct amdvi_ivrs_description description = {.oem_id = "AMDVI",
                                                 .oem_table_id = "POLICY",
                                                 .creator_id = "TEST",
                                                 .va_bits = 64,
                                                 .pa_bits = 52,
                                                 .units = units,
                                                 .memory = options->memory,
                                                 .memory_count = options->memory_count,
                                                 .allow_no_southbridge_ioapic = true};
    struct amdvi_ivrs_refusal refusal;
    uint32_t size_bytes = 0;

    description.unit_count = options->rig.units != 0 ? options->rig.units : 1;
    for (unsigned i = 0; i < description.unit_count; i++) {
        unsigned count = 1;
        devices[i][0] = (struct amdvi_ivrs_device){
            .kind = AMDVI_IVRS_DEVICE_RANGE,
            .device_id = (uint16_t)(0x100 * i + POLICY_DEVICES),
            .last_device_id = (uint16_t)(0x100 * i + POLICY_DEVICES_END),
        };
        for (unsigned n = 0; i == 0 && n < options->device_count; n++) {
            devices[i][count++] = options->devices[n];
        }
        units[i].unit = (struct amdvi_ivrs_unit){
            .device_id = RIG_UNIT_ID(i),
            .capability_offset = RIG_CAP_OFFSET,
            .flags = options->rig.iotlb_sup ? AMDVI_IVRS_UNIT_IOTLB_SUP : 0,
            .window_spa = RIG_WINDOW(i),
        };
        units[i].devices = devices[i];
        units[i].device_count = count;
    }
    enum amdvi_ivrs_status status =
        amdvi_ivrs_build(&description, policy->table, sizeof(policy->table), &size_bytes, &refusal);
    if (status != AMDVI_IVRS_OK) {
        fprintf(stderr, "policy_table: %s (device %u, memory %u)\n", amdvi_ivrs_status_text(status),
                (unsigned)refusal.device_index, (unsigned)refusal.memory_index);
        exit(2);
    }
    return size_bytes;
}

/* False, checked, when the driver does not start. */
static inline bool policy_start(struct policy *policy, const struct policy_options *options)
{
    struct amdvi_drv_config config;

    memset(policy, 0, sizeof(*policy));
    struct rig_options machine = options->rig;
    machine.pause_ns = machine.pause_ns != 0 ? machine.pause_ns : 1000000;
    rig_start(&policy->rig, &machine);
    policy->rig.remember_refusals = options->np_cache;
    policy->config_read32 = policy->rig.host.config_read32;
    if (options->np_cache) {
        policy->rig.host.config_read32 = policy_config_read32;
    }
    amdvi_drv_config_init(&config);
    config.ivrs = policy->table;
    config.ivrs_bytes = policy_table(policy, options);
    config.commands_log2 = 8;
    config.events_log2 = 8;
    config.domains_max = options->domains_max != 0 ? options->domains_max : 64;
    config.wait_ms = options->wait_ms != 0 ? options->wait_ms : 1500;
    config.faults_max = options->faults_max;
    config.pass_interrupts = options->pass_interrupts;
    if (options->arena) {
        if (!policy->rig.host.alloc(policy->rig.host.ctx, options->arena_bytes, &policy->arena)) {
            exit(2);
        }
        config.arena = &policy->arena;
    }
    enum amdvi_drv_status status = amdvi_drv_start(&policy->drv, &policy->rig.host, &config);
    if (!CHECK_U64(status, AMDVI_DRV_OK)) {
        printf("# the driver does not start: %s; %s\n", amdvi_drv_status_text(status),
               policy->rig.last_log);
        return false;
    }
    return true;
}

/* Devices removed, domains destroyed, everything off, nothing held. */
static inline void policy_stop(struct policy *policy)
{
    struct amdvi_drv *drv = policy->drv;

    while (drv->devices != NULL) {
        if (!CHECK_U64(amdvi_drv_device_remove(drv->devices), AMDVI_DRV_OK)) {
            return;
        }
    }
    for (struct amdvi_drv_domain *at = drv->domains; at != NULL;) {
        struct amdvi_drv_domain *next = at->next;
        if (!at->is_home && !CHECK_U64(amdvi_drv_domain_destroy(at), AMDVI_DRV_OK)) {
            return;
        }
        at = next;
    }
    CHECK_U64(amdvi_drv_stop(drv, AMDVI_DRV_SWITCH_OFF), AMDVI_DRV_OK);
    for (unsigned i = 0; i < policy->blocks; i++) {
        policy->rig.host.free(policy->rig.host.ctx, &policy->block[i]);
    }
    if (policy->arena.bytes != NULL) {
        policy->rig.host.free(policy->rig.host.ctx, &policy->arena);
    }
    CHECK_U64(policy->rig.held_blocks, 0);
    CHECK(rig_stop(&policy->rig));
}

/* Pages of memory for devices; given back at the end. */
static inline struct amdvi_drv_block policy_memory(struct policy *policy, size_t size_bytes)
{
    struct amdvi_drv_block *block = &policy->block[policy->blocks];

    if (policy->blocks == POLICY_BLOCKS_MAX ||
        !policy->rig.host.alloc(policy->rig.host.ctx, size_bytes, block)) {
        fprintf(stderr, "policy_memory: no more\n");
        exit(2);
    }
    policy->blocks++;
    memset(block->bytes, 0, size_bytes);
    return *block;
}

static inline struct amdvi_drv_device *policy_device_with(struct policy *policy, uint16_t device_id,
                                                          bool trusted, const uint16_t *aliases,
                                                          unsigned alias_count, bool ats)
{
    struct amdvi_drv_device_config config = {.device_id = device_id,
                                             .trusted = trusted,
                                             .aliases = aliases,
                                             .alias_count = alias_count,
                                             .ats_offset = ats ? RIG_ATS_OFFSET : 0};
    struct amdvi_drv_device *device = NULL;

    if (ats) {
        rig_add_function(&policy->rig, device_id, true);
    }
    if (!CHECK_U64(amdvi_drv_device_add(policy->drv, &config, &device), AMDVI_DRV_OK)) {
        exit(2);
    }
    return device;
}

static inline struct amdvi_drv_device *policy_device(struct policy *policy, uint16_t device_id)
{
    return policy_device_with(policy, device_id, true, NULL, 0, false);
}

static inline struct amdvi_drv_domain *policy_domain(struct policy *policy,
                                                     enum amdvi_drv_flush_policy flush)
{
    struct amdvi_drv_domain_config config;
    struct amdvi_drv_domain *domain = NULL;

    amdvi_drv_domain_config_init(&config);
    config.flush = flush;
    if (!CHECK_U64(amdvi_drv_domain_create(policy->drv, &config, &domain), AMDVI_DRV_OK)) {
        exit(2);
    }
    return domain;
}

/* A strict domain with one device in it. */
static inline struct amdvi_drv_domain *policy_attached(struct policy *policy, uint16_t device_id)
{
    struct amdvi_drv_domain *domain = policy_domain(policy, AMDVI_DRV_FLUSH_STRICT);

    CHECK_U64(amdvi_drv_attach(domain, policy_device(policy, device_id)), AMDVI_DRV_OK);
    return domain;
}

/* Is a request of a device believed that says its address is an SPA? The unit is that of its bus.
 */
static inline bool policy_believes(struct policy *policy, uint16_t device_id, uint64_t spa)
{
    struct machine *machine = &policy->rig.unit[device_id >> 8].machine;
    struct amdvi_request request = {.device_id = device_id,
                                    .access = AMDVI_ACCESS_WRITE,
                                    .iova = spa,
                                    .size_bytes = 8,
                                    .translated = true};
    struct amdvi_translation got = {0};

    amdvi_reader_online(machine->reader);
    bool ok = amdvi_iommu_translate(machine->reader, &request, &got) == AMDVI_OK;
    amdvi_reader_offline(machine->reader);
    return ok && got.outcome == AMDVI_OUTCOME_TRANSLATED;
}

/* Where an access of a device lands. The unit is that of its bus. */
static inline uint64_t policy_reach(struct policy *policy, uint16_t device_id, uint64_t iova,
                                    bool write)
{
    uint64_t spa = POLICY_NOWHERE;

    return rig_access(&policy->rig, device_id >> 8, device_id, iova, write, &spa) ? spa
                                                                                  : POLICY_NOWHERE;
}

/* Reads and writes alike. */
static inline bool policy_check_reach(struct policy *policy, uint16_t device_id, uint64_t iova,
                                      uint64_t spa, const char *file, int line)
{
    bool read = check_u64(policy_reach(policy, device_id, iova, false), spa, "read", file, line);
    bool write = check_u64(policy_reach(policy, device_id, iova, true), spa, "write", file, line);

    return read && write;
}

#define CHECK_REACHES(policy, id, iova, spa)                                                       \
    policy_check_reach(policy, id, iova, spa, __FILE__, __LINE__)
#define CHECK_REFUSED(policy, id, iova) CHECK_REACHES(policy, id, iova, POLICY_NOWHERE)

#endif
