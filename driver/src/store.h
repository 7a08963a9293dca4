/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stores that the IOMMU may see at any moment. Tables are arrays of little-endian words; only the
 * functions here write them while they are in use.
 */
#ifndef AMDVI_DRV_STORE_H
#define AMDVI_DRV_STORE_H

#include <amdvi/drv_host.h>
#include <amdvi/field.h>

/* The IOMMU's smallest page, in which memory comes. */
#define AMDVI_DRV_PAGE_BYTES ((size_t)4096)
#define AMDVI_DRV_PAGE_MASK  UINT64_C(0xfff)

/*
 * A function whose stack is its own, and not a part of its caller's, who calls deeper ones besides:
 * tools/check-freestanding adds up what a call takes.
 */
#define AMDVI_DRV_APART __attribute__((noinline))

static inline uint64_t amdvi_drv_le64(uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(value);
#else
    return value;
#endif
}

static inline uint32_t amdvi_drv_le32(uint32_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap32(value);
#else
    return value;
#endif
}

/* Words in memory that the IOMMU shares; they may alias the bytes of arch's wire structures. */
typedef uint64_t __attribute__((may_alias)) amdvi_drv_word64;
typedef uint32_t __attribute__((may_alias)) amdvi_drv_word32;

/* Has the processor a store of 64 bits in one piece? Tests ask for the other way on any. */
#if !defined(AMDVI_DRV_ONLY_STORE32) &&                                                            \
    (UINTPTR_MAX > UINT32_MAX || defined(__GCC_HAVE_SYNC_COMPARE_AND_SWAP_8))
#define AMDVI_DRV_HAS_STORE64 1
#else
#define AMDVI_DRV_HAS_STORE64 0
#endif

static inline void amdvi_drv_store32(void *at, uint32_t value)
{
    __atomic_store_n((amdvi_drv_word32 *)at, amdvi_drv_le32(value), __ATOMIC_RELEASE);
}

static inline uint32_t amdvi_drv_load32(const void *at)
{
    return amdvi_drv_le32(__atomic_load_n((const amdvi_drv_word32 *)at, __ATOMIC_ACQUIRE));
}

/*
 * Store the 8 bytes at @at, after everything stored before. In one piece wherever the processor can
 * do that; else through @closed, a value of bits 31:0 that makes the entry refuse: 0 for page table
 * entries (PR=0), V=1 TV=0 for a device table entry. Bits 31:0 then decide alone.
 */
static inline void amdvi_drv_store64(void *at, uint64_t value, uint32_t closed)
{
#if AMDVI_DRV_HAS_STORE64 && UINTPTR_MAX > UINT32_MAX
    (void)closed;
    __atomic_store_n((amdvi_drv_word64 *)at, amdvi_drv_le64(value), __ATOMIC_RELEASE);
#elif AMDVI_DRV_HAS_STORE64
    /* Not __atomic_store_n: i686 compilers would use the floating point unit. */
    amdvi_drv_word64 *word = (amdvi_drv_word64 *)at;
    uint64_t old = *word;

    (void)closed;
    while (!__atomic_compare_exchange_n(word, &old, amdvi_drv_le64(value), false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
    }
#else
    amdvi_drv_store32(at, closed);
    amdvi_drv_store32((uint8_t *)at + 4, (uint32_t)(value >> 32));
    amdvi_drv_store32(at, (uint32_t)value);
#endif
}

/* Of a word that only the caller writes. */
static inline uint64_t amdvi_drv_load64(const void *at)
{
    return amdvi_drv_le64(*(const amdvi_drv_word64 *)at);
}

/* Write back what the IOMMU will read, or drop what it wrote; nothing on coherent hosts. */
static inline void amdvi_drv_flush_bytes(const struct amdvi_drv_host *host, const void *bytes,
                                         size_t size_bytes)
{
    if (host->flush != NULL) {
        host->flush(host->ctx, bytes, size_bytes);
    }
}

static inline uintptr_t amdvi_drv_lock(const struct amdvi_drv_host *host,
                                       struct amdvi_drv_lock *lock)
{
    return host->lock != NULL ? host->lock(host->ctx, lock) : 0;
}

static inline void amdvi_drv_unlock(const struct amdvi_drv_host *host, struct amdvi_drv_lock *lock,
                                    uintptr_t flags)
{
    if (host->unlock != NULL) {
        host->unlock(host->ctx, lock, flags);
    }
}

#endif
