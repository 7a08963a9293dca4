/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of pages: what the device sees besides them, and after them. */
#include "policy.h"

#define IOVA UINT64_C(0x200000)

static struct policy policy;
static uint16_t id = POLICY_ID(0, 0);
static char digits[16] = "0123456789abcde";

/* DMA of the device. */
static bool transfer(enum amdvi_operation operation, uint64_t iova, void *buffer, size_t size_bytes)
{
    struct machine *machine = &policy.rig.unit[0].machine;
    struct amdvi_access_request request = {.device_id = id,
                                           .operation = operation,
                                           .iova = iova,
                                           .size_bytes = size_bytes,
                                           .buffer = buffer};
    struct amdvi_access_result result;

    amdvi_reader_online(machine->reader);
    bool done = amdvi_iommu_access(machine->reader, &request, &result) == AMDVI_OK &&
                result.outcome == AMDVI_OUTCOME_TRANSLATED && result.done_bytes == size_bytes;
    amdvi_reader_offline(machine->reader);
    return done;
}

static void a_device_sees_its_part_and_zeros(bool non_coherent)
{
    struct amdvi_drv_bounce bounce;
    char secret[64] = "secret, for the device, secret";
    uint8_t page[4096];
    bool all_zero = true;

    if (!policy_start(&policy, &(struct policy_options){.rig.non_coherent = non_coherent})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, id);
    CHECK_U64(amdvi_drv_bounce_map(domain, IOVA + 0x123, secret + 8, 14, POLICY_RW, &bounce),
              AMDVI_DRV_OK);
    CHECK(transfer(AMDVI_OPERATION_READ, IOVA, page, sizeof(page)));
    CHECK(memcmp(page + 0x123, "for the device", 14) == 0);
    memset(page + 0x123, 0, 14);
    for (unsigned i = 0; i < 4096; i++) {
        all_zero = all_zero && page[i] == 0;
    }
    CHECK(all_zero);

    char answer[] = "from a device.";
    CHECK(transfer(AMDVI_OPERATION_WRITE, IOVA + 0x123, answer, 14));
    CHECK(transfer(AMDVI_OPERATION_WRITE, IOVA + 0x10, answer, 14));
    CHECK(strcmp(secret, "secret, for the device, secret") == 0);
    amdvi_drv_bounce_from_device(&bounce);
    CHECK(strcmp(secret, "secret, from a device., secret") == 0);
    memcpy(secret + 8, "a third thing.", 14);
    amdvi_drv_bounce_to_device(&bounce);
    CHECK(transfer(AMDVI_OPERATION_READ, IOVA + 0x123, answer, 14));
    CHECK(memcmp(answer, "a third thing.", 14) == 0);
    memcpy(answer, "and a fourth. ", 14);
    CHECK(transfer(AMDVI_OPERATION_WRITE, IOVA + 0x123, answer, 14));
    CHECK_U64(amdvi_drv_bounce_unmap(&bounce), AMDVI_DRV_OK);
    CHECK(strcmp(secret, "secret, and a fourth. , secret") == 0);
    CHECK_REFUSED(&policy, id, IOVA);
    policy_stop(&policy);
}

static void coherent(void)
{
    a_device_sees_its_part_and_zeros(false);
}

static void not_coherent(void)
{
    a_device_sees_its_part_and_zeros(true);
}

static void one_direction_is_one_direction(void)
{
    struct amdvi_drv_bounce bounce;
    char bytes[16] = "unchanged bytes";
    char seen[16];

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, id);
    CHECK_U64(amdvi_drv_bounce_map(domain, IOVA, bytes, 16, AMDVI_DRV_READ, &bounce), AMDVI_DRV_OK);
    CHECK(!transfer(AMDVI_OPERATION_WRITE, IOVA, digits, 16));
    CHECK_U64(amdvi_drv_bounce_unmap(&bounce), AMDVI_DRV_OK);
    CHECK(strcmp(bytes, "unchanged bytes") == 0);
    CHECK_U64(amdvi_drv_bounce_map(domain, IOVA, bytes, 16, AMDVI_DRV_WRITE, &bounce),
              AMDVI_DRV_OK);
    CHECK(!transfer(AMDVI_OPERATION_READ, IOVA, seen, 16));
    CHECK(memcmp(bounce.page.bytes, "\0\0\0\0", 4) == 0); /* what is only written is not shown */
    CHECK_U64(amdvi_drv_bounce_unmap(&bounce), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_bounce_map(domain, IOVA + 4090, bytes, 7, POLICY_RW, &bounce),
              AMDVI_DRV_ERR_ARGUMENT);
    CHECK_U64(amdvi_drv_bounce_map(domain, IOVA, bytes, 0, POLICY_RW, &bounce),
              AMDVI_DRV_ERR_ARGUMENT);
    policy_stop(&policy);
}

static void a_lazy_domain_unmaps_it_strictly(void)
{
    struct amdvi_drv_bounce bounce;
    char bytes[16] = "bytes";

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_domain(&policy, AMDVI_DRV_FLUSH_LAZY);
    CHECK_U64(amdvi_drv_attach(domain, policy_device(&policy, id)), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_bounce_map(domain, IOVA, bytes, 16, POLICY_RW, &bounce), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA, bounce.page.spa);
    CHECK_U64(amdvi_drv_bounce_unmap(&bounce), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, id, IOVA);
    CHECK_U64(policy.rig.released, 0);
    policy_stop(&policy);
}

/* XSA-373: the page may still be written, so nobody else gets it, and nothing is copied. */
static void a_page_that_may_be_in_use_is_kept(void)
{
    struct amdvi_drv_bounce bounce;
    char bytes[16] = "as it was";

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, id);
    CHECK_U64(amdvi_drv_bounce_map(domain, IOVA, bytes, 16, POLICY_RW, &bounce), AMDVI_DRV_OK);
    CHECK_REACHES(&policy, id, IOVA, bounce.page.spa);
    unsigned held = policy.rig.held_blocks;
    policy.rig.completion = RIG_NEVER;
    CHECK_U64(amdvi_drv_bounce_unmap(&bounce), AMDVI_DRV_ERR_TIMEOUT);
    CHECK(transfer(AMDVI_OPERATION_WRITE, IOVA, digits, 16));
    CHECK(strcmp(bytes, "as it was") == 0);
    CHECK_U64(policy.rig.held_blocks, held);
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_ERR_TIMEOUT);
    CHECK_U64(policy.rig.held_blocks, held);
    policy.rig.completion = RIG_AT_ONCE;
    rig_pass(&policy.rig, 1);
    CHECK_U64(policy.rig.held_blocks, held);
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
    CHECK_U64(policy.rig.held_blocks, held - 1);
    CHECK_REFUSED(&policy, id, IOVA);
    policy_stop(&policy);
}

static void there_is_no_page_left_when_it_fails(void)
{
    struct amdvi_drv_bounce bounce;
    char bytes[16] = "bytes";

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, id);
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x1000000, 4096, POLICY_RW), AMDVI_DRV_OK);
    size_t used = policy.drv->heap.used_bytes;
    CHECK_U64(amdvi_drv_bounce_map(domain, IOVA + 8, bytes, 16, POLICY_RW, &bounce),
              AMDVI_DRV_ERR_EXISTS);
    CHECK_U64(policy.drv->heap.used_bytes, used);
    CHECK_REACHES(&policy, id, IOVA, 0x1000000);
    policy_stop(&policy);
}

static const struct check_case cases[] = {
    {"a device sees its part of a page, and zeros", NULL, coherent},
    {"a device sees its part of a page, and zeros, where memory is not coherent", NULL,
     not_coherent},
    {"what is only read is not written, and what is only written is not shown", NULL,
     one_direction_is_one_direction},
    {"in a lazy domain a bounce buffer is unmapped strictly", NULL,
     a_lazy_domain_unmaps_it_strictly},
    {"XSA-373: the page of a bounce buffer stays in quarantine", "1.20 COMPLETION_WAIT",
     a_page_that_may_be_in_use_is_kept},
    {"a bounce buffer that cannot be mapped gives its page back", NULL,
     there_is_no_page_left_when_it_fails},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
