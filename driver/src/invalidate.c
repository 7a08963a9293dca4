/* SPDX-License-Identifier: BSD-2-Clause */
/* A range of IOVAs as INVALIDATE_IOMMU_PAGES commands, each of one naturally aligned block. */
#include <amdvi/ats.h>
#include <amdvi/drv_ring.h>
#include <amdvi/pte.h>

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

static struct amdvi_command command_of(uint16_t domain_id, uint64_t iova, unsigned size_log2,
                                       bool directories)
{
    /* The same encoding of a block as in an invalidate request of ATS, but for where S is. */
    uint64_t block = amdvi_ats_block(iova, size_log2);

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
    uint64_t in_page = AMDVI_BIT(AMDVI_PAGE_LOG2) - 1;
    uint64_t at = first_iova & ~in_page;
    uint64_t last = last_iova | in_page;

    for (unsigned count = 0; count < BLOCKS_MAX; count++) {
        unsigned size_log2 = largest_log2(at, last);
        uint64_t block_last = at | (UINT64_MAX >> (64 - size_log2));
        out[count] = command_of(domain_id, at, size_log2, directories);
        if (block_last == last) {
            return count + 1;
        }
        at = block_last + 1;
    }
    out[0] = command_of(domain_id, first_iova, around_log2(first_iova, last), directories);
    return 1;
}
