/* SPDX-License-Identifier: BSD-2-Clause */
/* Page table entries: levels, sizes, and which encodings are legal where. */
#include <amdvi/pte.h>

uint64_t amdvi_level_skipped(unsigned from, unsigned to)
{
    unsigned low = amdvi_level_shift(to + 1);
    unsigned high = amdvi_level_shift(from);

    return low < high ? AMDVI_BITS(high - 1, low) : 0;
}

unsigned amdvi_pte_size_log2(uint64_t address_field)
{
    uint64_t zeros = ~address_field & AMDVI_BITS(63, AMDVI_PAGE_LOG2);

    return zeros == 0 ? 64 : amdvi_lowest_bit(zeros) + 1;
}

/*
 * Choice: a size-encoded page must be larger than the default page of its level and smaller than
 * that of the next; level 6 holds no leaf at all; an address field of all ones encodes none.
 */
static bool is_legal_size(unsigned size_log2, unsigned level)
{
    return level < 6 && size_log2 > amdvi_level_shift(level) &&
           size_log2 < amdvi_level_shift(level + 1) && size_log2 <= 52;
}

struct amdvi_pte amdvi_pte_decode(uint64_t word, unsigned level)
{
    struct amdvi_pte pte = {.kind = AMDVI_PTE_NOT_PRESENT};
    if (!amdvi_has(word, AMDVI_PTE_PR)) {
        return pte;
    }
    unsigned next_level = (unsigned)amdvi_get(word, AMDVI_PTE_NEXT_LEVEL);
    bool is_leaf = next_level == AMDVI_NEXT_LEVEL_LEAF || next_level == AMDVI_NEXT_LEVEL_SIZE;

    pte.read = amdvi_has(word, AMDVI_PTE_IR);
    pte.write = amdvi_has(word, AMDVI_PTE_IW);
    if (amdvi_has(word, is_leaf ? AMDVI_PTE_RESERVED : AMDVI_PDE_RESERVED)) {
        pte.kind = AMDVI_PTE_BAD_RESERVED;
        return pte;
    }
    pte.kind = AMDVI_PTE_BAD_LEVEL;
    if (!is_leaf) {
        if (next_level < level) {
            pte.kind = AMDVI_PTE_POINTER;
            pte.next_level = (uint8_t)next_level;
            pte.spa = word & AMDVI_PTE_ADDRESS;
        }
        return pte;
    }
    bool is_default = next_level == AMDVI_NEXT_LEVEL_LEAF;
    unsigned size_log2 =
        is_default ? amdvi_level_shift(level) : amdvi_pte_size_log2(word & AMDVI_PTE_ADDRESS);
    if (is_default ? level < 6 : is_legal_size(size_log2, level)) {
        pte.kind = AMDVI_PTE_LEAF;
        pte.size_log2 = (uint8_t)size_log2;
        pte.spa = word & AMDVI_PTE_ADDRESS & ~(AMDVI_BIT(size_log2) - 1);
        pte.force_coherent = amdvi_has(word, AMDVI_PTE_FC);
        pte.untranslated = amdvi_has(word, AMDVI_PTE_U);
    }
    return pte;
}
