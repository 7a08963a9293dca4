/* SPDX-License-Identifier: BSD-2-Clause */
/* The five commands of revision 1.20, between memory and program. */
#include <amdvi/command.h>
#include <amdvi/pte.h>

struct reserved_bits {
    uint64_t word0;
    uint64_t word1;
};

static const struct reserved_bits reserved_of[] = {
    [AMDVI_OPCODE_COMPLETION_WAIT] = {AMDVI_COMPLETION_WAIT_RESERVED, 0},
    [AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY] = {AMDVI_INV_DEVTAB_RESERVED0,
                                              AMDVI_INV_DEVTAB_RESERVED1},
    [AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES] = {AMDVI_INV_PAGES_RESERVED0, AMDVI_INV_PAGES_RESERVED1},
    [AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES] = {AMDVI_INV_IOTLB_RESERVED0, AMDVI_INV_IOTLB_RESERVED1},
    [AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE] = {AMDVI_INV_INT_TABLE_RESERVED0,
                                                 AMDVI_INV_INT_TABLE_RESERVED1},
};

static const char *const names[] = {
    [AMDVI_OPCODE_COMPLETION_WAIT] = "COMPLETION_WAIT",
    [AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY] = "INVALIDATE_DEVTAB_ENTRY",
    [AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES] = "INVALIDATE_IOMMU_PAGES",
    [AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES] = "INVALIDATE_IOTLB_PAGES",
    [AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE] = "INVALIDATE_INTERRUPT_TABLE",
};

static bool is_known(unsigned opcode)
{
    return opcode >= AMDVI_OPCODE_COMPLETION_WAIT &&
           opcode <= AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE;
}

const char *amdvi_opcode_name(unsigned opcode)
{
    return is_known(opcode) ? names[opcode] : "reserved";
}

static void decode_fields(struct amdvi_command *out, enum amdvi_opcode opcode, uint64_t word0,
                          uint64_t word1)
{
    *out = (struct amdvi_command){.opcode = opcode};
    switch (opcode) {
    case AMDVI_OPCODE_COMPLETION_WAIT:
        out->store = amdvi_has(word0, AMDVI_COMPLETION_WAIT_STORE);
        out->interrupt = amdvi_has(word0, AMDVI_COMPLETION_WAIT_INTERRUPT);
        out->flush = amdvi_has(word0, AMDVI_COMPLETION_WAIT_FLUSH);
        out->store_address = word0 & AMDVI_COMPLETION_WAIT_STORE_ADDR;
        out->store_data = word1;
        break;
    case AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY:
        out->device_id = (uint16_t)amdvi_get(word0, AMDVI_INV_DEVTAB_DEVICE_ID);
        break;
    case AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES:
        out->domain_id = (uint16_t)amdvi_get(word0, AMDVI_INV_PAGES_DOMAIN_ID);
        out->size = amdvi_has(word1, AMDVI_INV_PAGES_S);
        out->pde = amdvi_has(word1, AMDVI_INV_PAGES_PDE);
        out->address = word1 & AMDVI_INV_PAGES_ADDRESS;
        break;
    case AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES:
        out->device_id = (uint16_t)amdvi_get(word0, AMDVI_INV_IOTLB_DEVICE_ID);
        out->max_pend = (uint8_t)amdvi_get(word0, AMDVI_INV_IOTLB_MAX_PEND);
        out->queue_id = (uint16_t)amdvi_get(word0, AMDVI_INV_IOTLB_QUEUE_ID);
        out->size = amdvi_has(word1, AMDVI_INV_IOTLB_S);
        out->address = word1 & AMDVI_INV_IOTLB_ADDRESS;
        break;
    case AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE:
        out->device_id = (uint16_t)amdvi_get(word0, AMDVI_INV_INT_TABLE_DEVICE_ID);
        break;
    }
}

bool amdvi_command_decode(struct amdvi_command *out, const struct amdvi_wire_command *wire)
{
    uint64_t word0 = amdvi_le64_decode(&wire->word[0]);
    uint64_t word1 = amdvi_le64_decode(&wire->word[1]);
    unsigned opcode = (unsigned)amdvi_get(word0, AMDVI_CMD_OPCODE);

    if (!is_known(opcode) || amdvi_has(word0, reserved_of[opcode].word0) ||
        amdvi_has(word1, reserved_of[opcode].word1)) {
        return false;
    }
    decode_fields(out, (enum amdvi_opcode)opcode, word0, word1);
    return true;
}

void amdvi_command_encode(struct amdvi_wire_command *out, const struct amdvi_command *command)
{
    uint64_t word0 = amdvi_put(AMDVI_CMD_OPCODE, command->opcode);
    uint64_t word1 = 0;

    switch (command->opcode) {
    case AMDVI_OPCODE_COMPLETION_WAIT:
        word0 |= amdvi_put(AMDVI_COMPLETION_WAIT_STORE, command->store) |
                 amdvi_put(AMDVI_COMPLETION_WAIT_INTERRUPT, command->interrupt) |
                 amdvi_put(AMDVI_COMPLETION_WAIT_FLUSH, command->flush) |
                 (command->store_address & AMDVI_COMPLETION_WAIT_STORE_ADDR);
        word1 = command->store_data;
        break;
    case AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY:
        word0 |= amdvi_put(AMDVI_INV_DEVTAB_DEVICE_ID, command->device_id);
        break;
    case AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES:
        word0 |= amdvi_put(AMDVI_INV_PAGES_DOMAIN_ID, command->domain_id);
        word1 = amdvi_put(AMDVI_INV_PAGES_S, command->size) |
                amdvi_put(AMDVI_INV_PAGES_PDE, command->pde) |
                (command->address & AMDVI_INV_PAGES_ADDRESS);
        break;
    case AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES:
        word0 |= amdvi_put(AMDVI_INV_IOTLB_DEVICE_ID, command->device_id) |
                 amdvi_put(AMDVI_INV_IOTLB_MAX_PEND, command->max_pend) |
                 amdvi_put(AMDVI_INV_IOTLB_QUEUE_ID, command->queue_id);
        word1 = amdvi_put(AMDVI_INV_IOTLB_S, command->size) |
                (command->address & AMDVI_INV_IOTLB_ADDRESS);
        break;
    case AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE:
        word0 |= amdvi_put(AMDVI_INV_INT_TABLE_DEVICE_ID, command->device_id);
        break;
    }
    amdvi_le64_encode(&out->word[0], word0);
    amdvi_le64_encode(&out->word[1], word1);
}

struct amdvi_iova_range amdvi_inv_range(uint64_t address, bool size)
{
    uint64_t page = address & AMDVI_INV_PAGES_ADDRESS;
    unsigned size_log2 = size ? amdvi_pte_size_log2(page) : AMDVI_PAGE_LOG2;

    /* Choice: no zero bit at all names everything, as 7FFF_FFFF_FFFF_F000h does. */
    if (size_log2 >= 64) {
        return (struct amdvi_iova_range){.first = 0, .last = UINT64_MAX};
    }
    uint64_t inside = AMDVI_BIT(size_log2) - 1;
    return (struct amdvi_iova_range){.first = page & ~inside, .last = page | inside};
}
