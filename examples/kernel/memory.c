/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages, from memory that comes with the kernel; and page tables for devices' registers. */
#include "kernel.h"

#define POOL_PAGES       4096u /* 16 MiB; the device table of one IOMMU can take 2 */
#define LARGE_PAGE_BYTES UINT64_C(0x200000)
#define TABLE_ADDRESS    UINT64_C(0x000ffffffffff000)
#define TABLE_PRESENT    0x003u /* present, writable */
#define PAGE_DEVICE      0x09bu /* present, writable, uncached, large */

/* What was given back: a list through the memory itself. */
struct run {
    struct run *next;
    size_t pages;
};

extern uint64_t page_root[512];
size_t pages_in_use;

static __attribute__((section(".bss.pool"))) uint8_t pool[POOL_PAGES * PAGE_BYTES]; /* kernel.ld */
static size_t pool_used; /* pages that were ever taken */
static struct run *given;

static void *take_given(size_t count)
{
    for (struct run **link = &given; *link != NULL; link = &(*link)->next) {
        struct run *run = *link;
        if (run->pages > count) { /* from its end, so that the list stays as it is */
            run->pages -= count;
            return (uint8_t *)run + run->pages * PAGE_BYTES;
        }
        if (run->pages == count) {
            *link = run->next;
            return run;
        }
    }
    return NULL;
}

void *pages_take(size_t count)
{
    bool were_on = interrupts_off();
    void *pages = take_given(count);

    if (pages == NULL && count <= POOL_PAGES - pool_used) {
        pages = pool + pool_used * PAGE_BYTES;
        pool_used += count;
    }
    if (pages != NULL) {
        pages_in_use += count;
        memset(pages, 0, count * PAGE_BYTES);
    }
    interrupts_restore(were_on);
    return pages;
}

void pages_give(void *pages, size_t count)
{
    bool were_on = interrupts_off();
    struct run *run = pages;

    run->pages = count;
    run->next = given;
    given = run;
    pages_in_use -= count;
    interrupts_restore(were_on);
}

/* The entry of the 2 MiB at @physical; tables that are missing are made, and stay. */
static uint64_t *entry_of(uint64_t physical)
{
    uint64_t *table = page_root;

    for (unsigned shift = 39; shift > 21; shift -= 9) {
        uint64_t *entry = &table[physical >> shift & 511];
        if ((*entry & TABLE_PRESENT) == 0) {
            void *lower = pages_take(1);
            if (lower == NULL) {
                panic("no memory for page tables");
            }
            pages_in_use--; /* the kernel's own, not lent to anybody */
            *entry = (uintptr_t)lower | TABLE_PRESENT;
        }
        table = (uint64_t *)(uintptr_t)(*entry & TABLE_ADDRESS);
    }
    return &table[physical >> 21 & 511];
}

void *memory_map_device(uint64_t physical, size_t size_bytes)
{
    uint64_t at = physical & ~(LARGE_PAGE_BYTES - 1);

    for (; at < physical + size_bytes; at += LARGE_PAGE_BYTES) {
        *entry_of(at) = at | PAGE_DEVICE;
        __asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
    }
    return (void *)(uintptr_t)physical;
}
