/* SPDX-License-Identifier: BSD-2-Clause */
/* A range of IOVAs as INVALIDATE_IOMMU_PAGES commands, each of one naturally aligned block. */
#include <amdvi/ats.h>
#include <amdvi/pte.h>

#include "ring.h"
#include "store.h"

#define BLOCKS_MAX 4

/* The smallest block, as a power of two, that holds both. */
static unsigned around_log2(uint64_t first_iova, uint64_t last_iova)
{
    unsigned size_log2 = AMDVI_PAGE_LOG2;

    while (size_log2 < 64 && (first_iova ^ last_iova) >> size_log2 != 0) {
        size_log2++;
    }
    return size_log2;
}

/* The largest block that begins at @first_iova and ends at or before @last_iova, both of pages. */
static unsigned largest_log2(uint64_t first_iova, uint64_t last_iova)
{
    unsigned size_log2 = AMDVI_PAGE_LOG2;

    while (size_log2 < 64) {
        uint64_t inside = UINT64_MAX >> (63 - size_log2); /* of twice the size */
        if ((first_iova & inside) != 0 || last_iova - first_iova < inside) {
            break;
        }
        size_log2++;
    }
    return size_log2;
}

struct amdvi_drv_blocks amdvi_drv_blocks_of(uint64_t first_iova, uint64_t last_iova)
{
    uint64_t in_page = AMDVI_BIT(AMDVI_PAGE_LOG2) - 1;
    uint64_t first = first_iova & ~in_page;
    uint64_t last = last_iova | in_page;
    uint64_t at = first;

    for (unsigned count = 1; count <= BLOCKS_MAX; count++) {
        uint64_t block_last = at | (UINT64_MAX >> (64 - largest_log2(at, last)));
        if (block_last == last) {
            return (struct amdvi_drv_blocks){.at = first, .last = last, .count = count};
        }
        at = block_last + 1;
    }
    unsigned size_log2 = around_log2(first, last);
    at = first & (UINT64_MAX << (size_log2 - 1) << 1);
    return (struct amdvi_drv_blocks){
        .at = at, .last = at | (UINT64_MAX >> (64 - size_log2)), .count = 1};
}

static struct amdvi_command next_command(struct amdvi_drv_blocks *blocks, uint16_t domain_id,
                                         bool directories)
{
    unsigned size_log2 = largest_log2(blocks->at, blocks->last);
    /* The same encoding of a block as in an invalidate request of ATS, but for where S is. */
    uint64_t block = amdvi_ats_block(blocks->at, size_log2);

    blocks->at += UINT64_C(1) << (size_log2 - 1) << 1;

    return (struct amdvi_command){
        .opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
        .domain_id = domain_id,
        .size = amdvi_has(block, AMDVI_ATS_INVALIDATE_S),
        .pde = directories,
        .address = block & AMDVI_ATS_INVALIDATE_ADDRESS,
    };
}

unsigned amdvi_drv_invalidate_pages(struct amdvi_command *out, uint16_t domain_id,
                                    uint64_t first_iova, uint64_t last_iova, bool directories)
{
    struct amdvi_drv_blocks blocks = amdvi_drv_blocks_of(first_iova, last_iova);

    for (unsigned i = 0; i < blocks.count; i++) {
        out[i] = next_command(&blocks, domain_id, directories);
    }
    return blocks.count;
}

void amdvi_drv_ring_put_block(struct amdvi_drv_ring *ring, struct amdvi_drv_blocks *blocks,
                              uint16_t domain_id, bool directories)
{
    struct amdvi_command command = next_command(blocks, domain_id, directories);

    amdvi_drv_ring_put(ring, &command);
}
