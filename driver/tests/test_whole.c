/* SPDX-License-Identifier: BSD-2-Clause */
/* From the table to the last byte given back, as a host would use the driver. */
#include "policy.h"

#define IOVA UINT64_C(0x40000)

static void a_device_works_from_attach_to_detach_and_never_else(void)
{
    static struct policy policy;
    uint16_t id = POLICY_ID(0, 0);

    if (!policy_start(&policy, &(struct policy_options){0})) {
        return;
    }
    struct amdvi_drv_block memory = policy_memory(&policy, 8192);
    memcpy(memory.bytes, "from the host", 14);
    CHECK_REFUSED(&policy, id, memory.spa);

    struct amdvi_drv_device *device = policy_device(&policy, id);
    struct amdvi_drv_domain *domain = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
    CHECK_U64(amdvi_drv_map(domain, IOVA, memory.spa, 8192, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, id, IOVA);
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);

    /* DMA: what the host wrote is read, and what the device writes is there. */
    char text[14];
    struct machine *machine = &policy.rig.unit[0].machine;
    struct amdvi_access_request request = {.device_id = id,
                                           .operation = AMDVI_OPERATION_READ,
                                           .iova = IOVA,
                                           .size_bytes = sizeof(text),
                                           .buffer = text};
    struct amdvi_access_result result;
    amdvi_reader_online(machine->reader);
    CHECK_U64(amdvi_iommu_access(machine->reader, &request, &result), AMDVI_OK);
    amdvi_reader_offline(machine->reader);
    CHECK(result.outcome == AMDVI_OUTCOME_TRANSLATED && strcmp(text, "from the host") == 0);
    request.operation = AMDVI_OPERATION_WRITE;
    request.iova = IOVA + 4096;
    memcpy(text, "from a device", 14);
    amdvi_reader_online(machine->reader);
    CHECK_U64(amdvi_iommu_access(machine->reader, &request, &result), AMDVI_OK);
    amdvi_reader_offline(machine->reader);
    CHECK(result.outcome == AMDVI_OUTCOME_TRANSLATED &&
          strcmp((char *)memory.bytes + 4096, "from a device") == 0);

    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, id, IOVA);
    CHECK_REACHES(&policy, id, IOVA + 4096, memory.spa + 4096);
    amdvi_drv_poll(policy.drv);
    CHECK(policy.rig.events != 0);

    CHECK_U64(amdvi_drv_detach(device), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, id, IOVA + 4096);
    CHECK_U64(amdvi_drv_device_remove(device), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_domain_destroy(domain), AMDVI_DRV_OK);
    policy_stop(&policy);
}

static const struct check_case cases[] = {
    {"a device reaches what is mapped, from attach to unmap or detach, and nothing is left over",
     "1.20 device table entry", a_device_works_from_attach_to_detach_and_never_else},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
