/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page table entries of revision 1.20: a leaf (PTE) when NextLevel is 0 or 7, otherwise a pointer
 * to a lower table (PDE).
 */
#ifndef AMDVI_PTE_H
#define AMDVI_PTE_H

#include <amdvi/field.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AMDVI_PTE_BYTES  8
#define AMDVI_TABLE_PTES 512 /* in a page table of any level */

/* Both kinds. */
#define AMDVI_PTE_PR         AMDVI_BIT(0)
#define AMDVI_PTE_NEXT_LEVEL AMDVI_BITS(11, 9)
#define AMDVI_PTE_ADDRESS    AMDVI_BITS(51, 12)
#define AMDVI_PTE_IR         AMDVI_BIT(61)
#define AMDVI_PTE_IW         AMDVI_BIT(62)

/* A leaf. */
#define AMDVI_PTE_U        AMDVI_BIT(59)
#define AMDVI_PTE_FC       AMDVI_BIT(60)
#define AMDVI_PTE_RESERVED AMDVI_BITS(58, 52)
#define AMDVI_PTE_IGNORED  (AMDVI_BITS(8, 1) | AMDVI_BIT(63))

/* A pointer. */
#define AMDVI_PDE_RESERVED AMDVI_BITS(60, 52)
#define AMDVI_PDE_IGNORED  (AMDVI_BITS(8, 1) | AMDVI_BIT(63))

#define AMDVI_PAGE_LOG2       12
#define AMDVI_NEXT_LEVEL_LEAF 0 /* the level's default page size */
#define AMDVI_NEXT_LEVEL_SIZE 7 /* a leaf whose size is encoded in its address */

enum amdvi_pte_kind {
    AMDVI_PTE_NOT_PRESENT,
    AMDVI_PTE_POINTER,      /* to a table of a lower level */
    AMDVI_PTE_LEAF,         /* a page */
    AMDVI_PTE_BAD_RESERVED, /* present, with a reserved bit set */
    AMDVI_PTE_BAD_LEVEL,    /* present, with an illegal NextLevel or page size */
};

/* An entry of a table of a known level. */
struct amdvi_pte {
    enum amdvi_pte_kind kind;
    bool read;           /* IR */
    bool write;          /* IW */
    bool force_coherent; /* FC, leaves only */
    bool untranslated;   /* U, leaves only */
    uint8_t next_level;  /* of a pointer: 1 to level - 1 */
    uint8_t size_log2;   /* of a leaf: 12 to 52 */
    uint64_t spa;        /* of the page, aligned to its size, or of the next table */
};

/*
 * Decode the entry @word of a table of level @level (1 to 6). Of a bad entry only kind, read and
 * write mean anything: the walk checks reserved bits first, then permission, then the level.
 */
struct amdvi_pte amdvi_pte_decode(uint64_t word, unsigned level);

/* log2 of the page size that an address with NextLevel 7, or a command with S=1, encodes. */
unsigned amdvi_pte_size_log2(uint64_t address_field);

#define AMDVI_LEVEL_BITS 9 /* of an IOVA, that index a table */

/* The lowest IOVA bit that indexes a table of @level (1 to 6): 12, 21, 30, 39, 48, 57. */
static inline unsigned amdvi_level_shift(unsigned level)
{
    return AMDVI_PAGE_LOG2 + AMDVI_LEVEL_BITS * (level - 1);
}

/* Entry of a table of @level that translates @iova: 0 to 511. */
static inline unsigned amdvi_level_index(unsigned level, uint64_t iova)
{
    return (unsigned)(iova >> amdvi_level_shift(level)) & ((1U << AMDVI_LEVEL_BITS) - 1);
}

/* The IOVA bits below the table of @from and above the index of level @to (1 <= to < from). */
uint64_t amdvi_level_skipped(unsigned from, unsigned to);

#ifdef __cplusplus
}
#endif

#endif
