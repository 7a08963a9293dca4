/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory: an arena in place of the host's, and small objects from either. */
#include "check.h"
#include "rig.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>

#define PAGE        4096
#define ARENA_PAGES 32

static struct rig rig;

static void start(void)
{
    rig_start(&rig, &(struct rig_options){.arena_bytes = ARENA_PAGES * PAGE});
    CHECK_U64(amdvi_drv_heap_init(&rig.heap, &rig.host, &rig.arena), AMDVI_DRV_OK);
}

static void stop(void)
{
    CHECK_U64(rig.heap.used_bytes, 0);
    CHECK(rig_stop(&rig));
}

/* A block of the arena, all 0, with the SPA that belongs to it. */
static bool is_good(const struct amdvi_drv_block *block, size_t size_bytes)
{
    const uint8_t *bytes = block->bytes;
    bool good = block->size_bytes == size_bytes && block->spa == rig_spa(&rig, bytes) &&
                block->spa % PAGE == 0 && block->spa >= rig.arena.spa &&
                block->spa + size_bytes <= rig.arena.spa + rig.arena.size_bytes;

    for (size_t i = 0; good && i < size_bytes; i++) {
        good = bytes[i] == 0;
    }
    return good;
}

static bool take(size_t size_bytes, size_t expected_bytes, struct amdvi_drv_block *out)
{
    if (!amdvi_drv_heap_alloc(&rig.heap, size_bytes, out)) {
        return false;
    }
    CHECK(is_good(out, expected_bytes));
    memset(out->bytes, 0xff, out->size_bytes);
    return true;
}

static void blocks_are_zeroed_and_do_not_overlap(void)
{
    static const size_t sizes[] = {1, 4096, 4097, 8192, 3 * PAGE, 4096, 5 * PAGE - 1};
    static const size_t rounded[] = {4096, 4096, 8192, 8192, 3 * PAGE, 4096, 5 * PAGE};
    struct amdvi_drv_block block[CHECK_CASE_COUNT(sizes)];
    size_t used = 0;

    start();
    for (unsigned turn = 0; turn < 3; turn++) {
        for (unsigned i = 0; i < CHECK_CASE_COUNT(sizes); i++) {
            CHECK(take(sizes[i], rounded[i], &block[i]));
            memset(block[i].bytes, (int)i + 1, block[i].size_bytes);
            used += rounded[i];
            CHECK_U64(rig.heap.used_bytes, used);
        }
        for (unsigned i = 0; i < CHECK_CASE_COUNT(sizes); i++) {
            const uint8_t *bytes = block[i].bytes;
            CHECK(bytes[0] == i + 1 && bytes[rounded[i] - 1] == i + 1);
            amdvi_drv_heap_free(&rig.heap, &block[i]);
            used -= rounded[i];
        }
    }
    stop();
}

static void an_arena_ends_and_goes_on_with_what_comes_back(void)
{
    static struct amdvi_drv_block block[ARENA_PAGES];
    struct amdvi_drv_block pair;
    unsigned count = 0;

    start();
    while (count < ARENA_PAGES && take(PAGE, PAGE, &block[count])) {
        count++;
    }
    CHECK_U64(count, ARENA_PAGES);
    CHECK(!amdvi_drv_heap_alloc(&rig.heap, PAGE, &pair));
    CHECK_U64(rig.heap.used_bytes, ARENA_PAGES * PAGE);
    amdvi_drv_heap_free(&rig.heap, &block[7]);
    CHECK(!amdvi_drv_heap_alloc(&rig.heap, 2 * PAGE, &pair));
    CHECK(take(PAGE, PAGE, &block[7]));
    /* The last come back to the rest, as large blocks again. */
    for (unsigned i = ARENA_PAGES; i-- != 0;) {
        amdvi_drv_heap_free(&rig.heap, &block[i]);
    }
    CHECK(take(ARENA_PAGES * PAGE, ARENA_PAGES * PAGE, &pair));
    amdvi_drv_heap_free(&rig.heap, &pair);
    stop();
}

static void a_pair_of_pages_becomes_two_when_nothing_else_is_left(void)
{
    struct amdvi_drv_block all, pair, single[3];

    start();
    CHECK(take(2 * PAGE, 2 * PAGE, &pair));
    CHECK(take((ARENA_PAGES - 2) * PAGE, (ARENA_PAGES - 2) * PAGE, &all));
    CHECK(!amdvi_drv_heap_alloc(&rig.heap, PAGE, &single[0]));
    amdvi_drv_heap_free(&rig.heap, &pair);
    CHECK(take(PAGE, PAGE, &single[0]));
    CHECK(take(PAGE, PAGE, &single[1]));
    CHECK(!amdvi_drv_heap_alloc(&rig.heap, PAGE, &single[2]));
    CHECK(single[0].bytes != single[1].bytes);
    amdvi_drv_heap_free(&rig.heap, &single[0]);
    amdvi_drv_heap_free(&rig.heap, &single[1]);
    amdvi_drv_heap_free(&rig.heap, &all);
    stop();
}

/* A large block in the middle is not lost: pairs and single pages come out of it. */
static void a_large_block_comes_back_in_pairs(void)
{
    struct amdvi_drv_block large, last, part[4];

    start();
    CHECK(take(5 * PAGE, 5 * PAGE, &large));
    CHECK(take((ARENA_PAGES - 5) * PAGE, (ARENA_PAGES - 5) * PAGE, &last));
    amdvi_drv_heap_free(&rig.heap, &large);
    CHECK(take(PAGE, PAGE, &part[0]));
    CHECK(take(2 * PAGE, 2 * PAGE, &part[1]));
    CHECK(take(2 * PAGE, 2 * PAGE, &part[2]));
    CHECK(!amdvi_drv_heap_alloc(&rig.heap, PAGE, &part[3]));
    for (unsigned i = 0; i < 3; i++) {
        amdvi_drv_heap_free(&rig.heap, &part[i]);
    }
    amdvi_drv_heap_free(&rig.heap, &last);
    stop();
}

static void sizes_of_nothing_and_of_too_much_are_refused(void)
{
    struct amdvi_drv_block block;

    start();
    CHECK(!amdvi_drv_heap_alloc(&rig.heap, 0, &block));
    CHECK(!amdvi_drv_heap_alloc(&rig.heap, SIZE_MAX, &block));
    CHECK(!amdvi_drv_heap_alloc(&rig.heap, SIZE_MAX - 4095, &block));
    CHECK(!amdvi_drv_heap_alloc(&rig.heap, (ARENA_PAGES + 1) * PAGE, &block));
    stop();
}

static void hosts_and_arenas_that_cannot_be_are_refused(void)
{
    struct amdvi_drv_heap heap;

    start();
    struct amdvi_drv_host host = rig.host;
    struct amdvi_drv_block arena = rig.arena;
    CHECK_U64(amdvi_drv_heap_init(&heap, &host, NULL), AMDVI_DRV_ERR_ARGUMENT); /* no memory */
    host.size--;
    CHECK_U64(amdvi_drv_heap_init(&heap, &host, &arena), AMDVI_DRV_ERR_ARGUMENT);
    host = rig.host;
    host.version += 1000;
    CHECK_U64(amdvi_drv_heap_init(&heap, &host, &arena), AMDVI_DRV_ERR_ARGUMENT);
    host = rig.host;
    host.unlock = NULL;
    CHECK_U64(amdvi_drv_heap_init(&heap, &host, &arena), AMDVI_DRV_ERR_ARGUMENT);
    host = rig.host;
    const struct amdvi_drv_block bad[] = {
        {NULL, arena.spa, arena.size_bytes},
        {(uint8_t *)arena.bytes + 8, arena.spa, arena.size_bytes - 8},
        {arena.bytes, arena.spa + 512, arena.size_bytes},
        {arena.bytes, arena.spa, 4095},
        {arena.bytes, UINT64_C(1) << 52, arena.size_bytes},
        {arena.bytes, UINT64_C(1) << 53, arena.size_bytes},
        {arena.bytes, (UINT64_C(1) << 52) - 4096, 8192},
    };
    for (unsigned i = 0; i < CHECK_CASE_COUNT(bad); i++) {
        CHECK_U64(amdvi_drv_heap_init(&heap, &host, &bad[i]), AMDVI_DRV_ERR_ARGUMENT);
    }
    CHECK_U64(amdvi_drv_heap_init(&heap, &host, &arena), AMDVI_DRV_OK);
    stop();
}

/* What the IOMMU reads of a new block is 0 too. */
static void new_blocks_are_flushed(void)
{
    struct amdvi_drv_block block;
    bool is_zero = true;

    rig_start(&rig, &(struct rig_options){.non_coherent = true});
    CHECK_U64(amdvi_drv_heap_init(&rig.heap, &rig.host, NULL), AMDVI_DRV_OK);
    CHECK(amdvi_drv_heap_alloc(&rig.heap, 8192, &block));
    for (uint64_t i = 0; i < 8192; i += 8) {
        is_zero = is_zero && rig_read64(&rig, block.spa + i) == 0;
    }
    CHECK(is_zero);
    amdvi_drv_heap_free(&rig.heap, &block);
    stop();
}

static void the_hosts_memory_comes_back_to_it(void)
{
    struct amdvi_drv_block one, two;

    rig_start(&rig, &(struct rig_options){.memory_bytes = 3 * PAGE});
    CHECK_U64(amdvi_drv_heap_init(&rig.heap, &rig.host, NULL), AMDVI_DRV_OK);
    CHECK(amdvi_drv_heap_alloc(&rig.heap, 1, &one));
    CHECK(amdvi_drv_heap_alloc(&rig.heap, 2 * PAGE, &two));
    CHECK_U64(rig.held_bytes, 3 * PAGE);
    CHECK(!amdvi_drv_heap_alloc(&rig.heap, 1, &two));
    CHECK_U64(rig.heap.used_bytes, 3 * PAGE);
    amdvi_drv_heap_free(&rig.heap, &one);
    amdvi_drv_heap_free(&rig.heap, &two);
    CHECK_U64(rig.held_bytes, 0);
    stop();
}

/* ---- Objects --------------------------------------------------------------------------------- */

#define OBJECTS 40

static void objects_are_zeroed_apart_and_come_back(void)
{
    static struct amdvi_drv drv;
    uint8_t *object[OBJECTS];

    rig_start(&rig, &(struct rig_options){0});
    memset(&drv, 0, sizeof(drv));
    drv.host = &rig.host;
    CHECK_U64(amdvi_drv_heap_init(&drv.heap, &rig.host, NULL), AMDVI_DRV_OK);
    for (unsigned turn = 0; turn < 2; turn++) {
        for (unsigned i = 0; i < OBJECTS; i++) {
            object[i] = amdvi_drv_object_alloc(&drv);
            if (!CHECK(object[i] != NULL)) {
                return;
            }
            bool is_zero = true;
            for (unsigned j = 0; j < AMDVI_DRV_OBJECT_BYTES; j++) {
                is_zero = is_zero && object[i][j] == 0;
            }
            CHECK(is_zero);
            memset(object[i], (int)i + 1, AMDVI_DRV_OBJECT_BYTES);
        }
        CHECK_U64(rig.held_blocks, 6); /* seven in each page */
        for (unsigned i = 0; i < OBJECTS; i++) {
            CHECK(object[i][0] == i + 1 && object[i][AMDVI_DRV_OBJECT_BYTES - 1] == i + 1);
            amdvi_drv_object_free(&drv, object[i]);
        }
    }
    for (unsigned i = 0; i < 42; i++) {
        CHECK(amdvi_drv_object_alloc(&drv) != NULL);
    }
    rig.fail_at = rig.calls + 1;
    CHECK(amdvi_drv_object_alloc(&drv) == NULL);
    CHECK(amdvi_drv_object_alloc(&drv) != NULL);
    amdvi_drv_pool_destroy(&drv);
    CHECK_U64(drv.heap.used_bytes, 0);
    CHECK(drv.pool_free == NULL);
    amdvi_drv_pool_destroy(&drv);
    stop();
}

static const struct check_case cases[] = {
    {"blocks of an arena are zeroed, aligned, and do not overlap", NULL,
     blocks_are_zeroed_and_do_not_overlap},
    {"an arena ends, and goes on with what comes back", NULL,
     an_arena_ends_and_goes_on_with_what_comes_back},
    {"a pair of pages becomes two when nothing else is left", NULL,
     a_pair_of_pages_becomes_two_when_nothing_else_is_left},
    {"a large block that comes back is used for small ones", NULL,
     a_large_block_comes_back_in_pairs},
    {"sizes of nothing, and of too much, are refused", NULL,
     sizes_of_nothing_and_of_too_much_are_refused},
    {"hosts and arenas that cannot be are refused", NULL,
     hosts_and_arenas_that_cannot_be_are_refused},
    {"new blocks are flushed for an IOMMU that does not snoop", NULL, new_blocks_are_flushed},
    {"the host's memory comes back to it", NULL, the_hosts_memory_comes_back_to_it},
    {"small objects are zeroed, apart, and come back with their pages", NULL,
     objects_are_zeroed_apart_and_come_back},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
