/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device table: each entry of a list is replaced by each other one, while the IOMMU reads it
 * after every single store. What a request comes to is then what it was, what it will be, or an
 * abort, and the words are never those of two entries.
 */
#include "check.h"
#include "rig.h"

#include <amdvi/drv_tables.h>

#include <string.h>

/*
 * This file is built twice: on top of the library, and with device_table.c as on processors whose
 * stores have 32 bits.
 */
#ifdef AMDVI_DRV_ONLY_STORE32
#define WHOLE_STORES false
#else
#define WHOLE_STORES true
#endif

#define DEVICE        0x0123
#define PROBES        8
#define SNAPSHOTS_MAX 16
#define BIT64(n)      (UINT64_C(1) << (n))

/* What the probes came to: an address, or ABORTED. */
#define ABORTED UINT64_MAX

struct snapshot {
    uint64_t word[4];
    uint64_t probe[PROBES];
};

struct bed {
    struct rig rig;
    struct amdvi_drv_device_table table;
    struct amdvi_dte entry[20];
    unsigned entries;
    struct snapshot seen[SNAPSHOTS_MAX];
    unsigned count; /* of stores since the last look */
};

static struct bed bed; /* large */

static void look(struct snapshot *out)
{
    static const uint64_t iova[PROBES - 2] = {
        0x1000, 0x5000, 0x5000, 0x200000, UINT64_C(0xfdf9100000), UINT64_C(0xfdfc000000)};
    static const bool write[PROBES - 2] = {false, true, false, false, true, true};
    uint64_t entry = bed.table.block.spa + UINT64_C(32) * DEVICE;
    uint32_t data;

    for (unsigned i = 0; i < 4; i++) {
        out->word[i] = rig_read64(&bed.rig, entry + 8 * i);
    }
    for (unsigned i = 0; i < PROBES - 2; i++) {
        if (!rig_peek(&bed.rig, 0, DEVICE, iova[i], write[i], &out->probe[i])) {
            out->probe[i] = ABORTED;
        }
    }
    for (unsigned i = PROBES - 2; i < PROBES; i++) {
        uint64_t address;
        if (rig_interrupt(&bed.rig, 0, DEVICE, 0, i, &address, &data)) {
            out->probe[i] = address << 32 | data;
        } else {
            out->probe[i] = ABORTED;
        }
    }
}

static void changed(struct rig *rig, enum rig_change what)
{
    (void)rig;
    if (what != RIG_REGISTER && bed.count < SNAPSHOTS_MAX) {
        look(&bed.seen[bed.count++]);
    }
}

/* ---- The entries ----------------------------------------------------------------------------- */

static uint64_t paged_root(uint64_t first_spa, bool write)
{
    struct machine *machine = &bed.rig.unit[0].machine;
    uint64_t root = machine_table(machine);

    machine_map(machine, root, 3, 0x1000, first_spa, 12, true, true);
    machine_map(machine, root, 3, 0x5000, first_spa + 0x1000, 12, true, write);
    return root;
}

static uint64_t interrupt_root(uint32_t vector)
{
    struct machine *machine = &bed.rig.unit[0].machine;
    uint64_t root = machine_table(machine);

    for (uint32_t i = 0; i < 8; i++) {
        machine_write32(machine, root + 4 * i, 1 | (vector + i) << 16);
    }
    return root;
}

static struct amdvi_dte *add(struct amdvi_dte entry)
{
    bed.entry[bed.entries] = entry;
    bed.entry[bed.entries].valid = true;
    return &bed.entry[bed.entries++];
}

static void make_entries(void)
{
    struct amdvi_dte paged = {.translation = true,
                              .read = true,
                              .write = true,
                              .mode = 3,
                              .domain_id = 7,
                              .page_root = paged_root(0x2000000, true),
                              .interrupt_valid = true};
    struct amdvi_dte next = paged;
    struct amdvi_dte remapped = paged;

    bed.entries = 0;
    add(amdvi_drv_dte_blocked(true));
    add(amdvi_drv_dte_blocked(false));
    add(paged);
    add(paged)->domain_id = 8; /* only quadword 1 */
    next.page_root = paged_root(0x2100000, false);
    add(next); /* only quadword 0 */
    next.domain_id = 9;
    add(next); /* both */
    add(next)->write = false;
    add(paged)->iotlb = true;
    add((struct amdvi_dte){
        .translation = true, .read = true, .write = true, .domain_id = 0x4321}); /* identity */
    add((struct amdvi_dte){.translation = true}); /* denies by IR and IW */
    add(paged)->sys_mgt = AMDVI_SYS_MGT_PASS;
    add(next)->io_ctl = AMDVI_IO_CTL_PASS;
    struct amdvi_dte *stopped = add(amdvi_drv_dte_blocked(true));
    stopped->suppress_all = true;
    stopped->domain_id = 7;
    remapped.int_ctl = AMDVI_INT_CTL_REMAP;
    remapped.int_tab_len = 9;
    remapped.interrupt_root = interrupt_root(0x40);
    add(remapped);
    remapped.interrupt_root = interrupt_root(0x80);
    remapped.nmi_pass = true;
    add(remapped);
    remapped.page_root = next.page_root;
    remapped.domain_id = 9;
    remapped.interrupt_root |= UINT64_C(0x1000000000); /* both halves of quadword 2; no memory */
    add(remapped);
    remapped.int_ctl = AMDVI_INT_CTL_PASS;
    add(remapped);
}

static void start(const struct rig_options *options)
{
    static struct rig_options chosen;

    chosen = *options;
    chosen.caches = 1; /* none: each look reads memory */
    rig_start(&bed.rig, &chosen);
    CHECK_U64(amdvi_drv_heap_init(&bed.rig.heap, &bed.rig.host, NULL), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_device_table_init(&bed.table, &bed.rig.heap, 0x1ff, true), AMDVI_DRV_OK);
    rig_set_reg(&bed.rig, 0, AMDVI_REG_DEV_TAB_BASE, amdvi_drv_device_table_base(&bed.table));
    rig_set_reg(&bed.rig, 0, AMDVI_REG_CONTROL, BIT64(0));
    make_entries();
}

static void stop(void)
{
    rig_unwatch(&bed.rig);
    amdvi_drv_device_table_destroy(&bed.table);
    CHECK(rig_stop(&bed.rig));
}

/* ---- Transitions ----------------------------------------------------------------------------- */

static bool is_probe_good(const struct snapshot *now, const struct snapshot *before,
                          const struct snapshot *after, unsigned i)
{
    return now->probe[i] == ABORTED || now->probe[i] == before->probe[i] ||
           now->probe[i] == after->probe[i];
}

static bool blocks(const struct snapshot *now)
{
    return (now->word[0] & 3) == 1;
}

/* No request, and no word, is anything but the old, the new, or blocked. */
static bool is_good(const struct snapshot *now, const struct snapshot *before,
                    const struct snapshot *after)
{
    bool is_old = now->word[0] == before->word[0] && now->word[1] == before->word[1];
    bool is_new = now->word[0] == after->word[0] && now->word[1] == after->word[1];
    bool good = CHECK((now->word[0] & 1) != 0) && CHECK(is_old || is_new || blocks(now)) &&
                CHECK_U64(now->word[3], 0);

    for (unsigned i = 0; i < PROBES; i++) {
        good = CHECK(is_probe_good(now, before, after, i)) && good;
    }
    return good;
}

/* As they are in memory: the structs have padding. */
static bool is_same(const struct amdvi_dte *one, const struct amdvi_dte *other)
{
    struct amdvi_wire_dte wire[2];

    amdvi_dte_encode(&wire[0], one);
    amdvi_dte_encode(&wire[1], other);
    return memcmp(&wire[0], &wire[1], sizeof(wire[0])) == 0;
}

static bool check_seen(const struct snapshot *before, const struct snapshot *after)
{
    bool good = CHECK(bed.count < SNAPSHOTS_MAX);

    for (unsigned i = 0; i < bed.count; i++) {
        good = is_good(&bed.seen[i], before, after) && good;
    }
    return good;
}

/* Stores that a change takes where 64 bits are one: by quadwords that differ. */
static unsigned stores_needed(const struct snapshot *before, const struct snapshot *after,
                              bool store128)
{
    unsigned lower = (before->word[0] != after->word[0] ? 1U : 0U) +
                     (before->word[1] != after->word[1] ? 1U : 0U);

    if (lower == 2 && !blocks(before) && !blocks(after)) {
        lower = store128 ? 1 : 3;
    }
    return lower + (before->word[2] != after->word[2] ? 1U : 0U);
}

static bool replace(unsigned from, unsigned to)
{
    struct snapshot before;
    struct snapshot after;
    struct amdvi_dte got;
    bool store128 = bed.rig.host.store128 != NULL;

    bed.rig.changed = NULL;
    CHECK_U64(amdvi_drv_device_table_write(&bed.table, DEVICE, &bed.entry[from]) ==
                      AMDVI_DRV_DTE_BREAK
                  ? amdvi_drv_device_table_write(&bed.table, DEVICE, &bed.entry[from])
                  : AMDVI_DRV_DTE_DONE,
              AMDVI_DRV_DTE_DONE);
    look(&before);
    bed.count = 0;
    bed.rig.changed = changed;
    enum amdvi_drv_dte_step step = amdvi_drv_device_table_write(&bed.table, DEVICE, &bed.entry[to]);
    bool is_broken = step == AMDVI_DRV_DTE_BREAK;
    if (is_broken) {
        /* What it let pass is invalidated now: so it blocks, and waits for that. */
        CHECK(!store128 || !WHOLE_STORES);
        CHECK(blocks(&bed.seen[bed.count - 1]));
        if (!bed.entry[to].interrupt_valid || bed.entry[to].int_ctl != AMDVI_INT_CTL_ABORT) {
            /* Interrupts open last. */
            CHECK_U64(bed.seen[bed.count - 1].word[2], before.word[2]);
        }
        step = amdvi_drv_device_table_write(&bed.table, DEVICE, &bed.entry[to]);
    }
    bed.rig.changed = NULL;
    CHECK_U64(step, AMDVI_DRV_DTE_DONE);
    look(&after);
    got = amdvi_drv_device_table_read(&bed.table, DEVICE);
    got.write = bed.entry[to].write; /* erratum 63 */
    bool good = CHECK(is_same(&got, &bed.entry[to])) && check_seen(&before, &after);
    if (WHOLE_STORES) {
        good = CHECK_U64(bed.count, stores_needed(&before, &after, store128)) && good;
        good = CHECK_U64(is_broken, before.word[0] != after.word[0] &&
                                        before.word[1] != after.word[1] && !blocks(&before) &&
                                        !blocks(&after) && !store128) &&
               good;
    }
    if (!good) {
        printf("# from entry %u to %u, %u stores\n", from, to, bed.count);
    }
    return good;
}

static void replace_each_by_each(void)
{
    for (unsigned from = 0; from < bed.entries; from++) {
        for (unsigned to = 0; to < bed.entries; to++) {
            if (!replace(from, to)) {
                return;
            }
        }
    }
}

static void each_store_is_old_new_or_blocked(void)
{
    for (unsigned store128 = 0; store128 < 2; store128++) {
        start(&(struct rig_options){.store128 = store128 != 0});
        if (!rig_watch(&bed.rig, bed.table.block.bytes, bed.table.block.size_bytes)) {
            check_skip("single stores are watched on x86-64 only");
        } else {
            replace_each_by_each();
        }
        stop();
    }
}

static void each_flush_is_old_new_or_blocked(void)
{
    for (unsigned store128 = 0; store128 < 2; store128++) {
        start(&(struct rig_options){.store128 = store128 != 0, .non_coherent = true});
        replace_each_by_each();
        stop();
    }
}

/* The watch itself sees what it shall see. */
static void a_copy_in_pieces_is_seen(void)
{
    struct snapshot before;
    struct snapshot after;
    struct amdvi_wire_dte wire;

    start(&(struct rig_options){.units = 1});
    amdvi_dte_encode(&wire, &bed.entry[2]);
    uint8_t *at = (uint8_t *)bed.table.block.bytes + 32 * DEVICE;
    if (rig_watch(&bed.rig, at, 32)) {
        look(&before);
        bed.count = 0;
        bed.rig.changed = changed;
        atomic_signal_fence(memory_order_seq_cst); /* the compiler knows nothing of the watch */
        for (unsigned i = 0; i < 2; i++) {
            __atomic_store_n((uint64_t *)(void *)(at + 8 * i), amdvi_le64_decode(&wire.word[i]),
                             __ATOMIC_RELAXED);
        }
        atomic_signal_fence(memory_order_seq_cst);
        bed.rig.changed = NULL;
        look(&after);
        CHECK_U64(bed.count, 2);
        /* Quadword 0 first: the new tables under the old domain. */
        CHECK_U64(bed.seen[0].word[0], after.word[0]);
        CHECK_U64(bed.seen[0].word[1], before.word[1]);
        CHECK(after.word[1] != before.word[1]);
    } else {
        check_skip("single stores are watched on x86-64 only");
    }
    stop();
}

/* ---- The table ------------------------------------------------------------------------------- */

static bool passes_anything(uint16_t device_id)
{
    uint64_t spa;
    uint32_t data;

    for (unsigned i = 0; i < 64; i++) {
        for (unsigned write = 0; write < 2; write++) {
            if (rig_peek(&bed.rig, 0, device_id, BIT64(i), write != 0, &spa)) {
                return true;
            }
        }
    }
    return rig_interrupt(&bed.rig, 0, device_id, 0, 0x41, &spa, &data) ||
           rig_peek(&bed.rig, 0, device_id, UINT64_C(0xfdf9100000), true, &spa) ||
           rig_peek(&bed.rig, 0, device_id, UINT64_C(0xfdfc000000), true, &spa);
}

static void new_table_blocks_everybody(const struct rig_options *options)
{
    start(options);
    for (unsigned device = 0; device < 0x200; device++) {
        if (!CHECK(!passes_anything((uint16_t)device))) {
            break;
        }
    }
    /* Beyond it, too; and nothing is stored there. */
    CHECK(!passes_anything(0x200));
    CHECK(!passes_anything(0xffff));
    CHECK_U64(amdvi_drv_device_table_write(&bed.table, 0x200, &bed.entry[2]), AMDVI_DRV_DTE_DONE);
    CHECK(!amdvi_drv_device_table_read(&bed.table, 0x200).translation);
    stop();
}

static void a_new_table_blocks_everybody(void)
{
    new_table_blocks_everybody(&(struct rig_options){.units = 1});
    new_table_blocks_everybody(&(struct rig_options){.non_coherent = true});
}

static void sizes_are_whole_pages(void)
{
    static const struct {
        uint16_t last;
        uint32_t entries;
        uint64_t size; /* field of the register */
    } rows[] = {{0, 128, 0},   {127, 128, 0},          {128, 256, 1},
                {255, 256, 1}, {0x7fff, 0x8000, 0xff}, {0xffff, 0x10000, 0x1ff}};

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig_start(&bed.rig, &(struct rig_options){.units = 1});
        CHECK_U64(amdvi_drv_heap_init(&bed.rig.heap, &bed.rig.host, NULL), AMDVI_DRV_OK);
        CHECK_U64(amdvi_drv_device_table_init(&bed.table, &bed.rig.heap, rows[i].last, false),
                  AMDVI_DRV_OK);
        CHECK_U64(bed.table.entries, rows[i].entries);
        CHECK_U64(bed.rig.held_bytes, 32 * rows[i].entries);
        CHECK_U64(amdvi_drv_device_table_base(&bed.table), bed.table.block.spa | rows[i].size);
        for (uint32_t k = 0; k < rows[i].entries; k++) {
            uint64_t entry = bed.table.block.spa + 32 * k;
            if (!CHECK_U64(rig_read64(&bed.rig, entry), 1) ||
                !CHECK_U64(rig_read64(&bed.rig, entry + 8) | rig_read64(&bed.rig, entry + 16) |
                               rig_read64(&bed.rig, entry + 24),
                           0)) {
                break;
            }
        }
        amdvi_drv_device_table_destroy(&bed.table);
        bed.rig.fail_at = bed.rig.calls + 1;
        CHECK_U64(amdvi_drv_device_table_init(&bed.table, &bed.rig.heap, rows[i].last, true),
                  AMDVI_DRV_ERR_NO_MEMORY);
        CHECK(rig_stop(&bed.rig));
    }
}

/* Quadwords typed from the reference. */
static void entries_are_these_words(void)
{
    struct snapshot now;
    struct amdvi_dte entry = {.valid = true,
                              .translation = true,
                              .read = true,
                              .mode = 4,
                              .page_root = UINT64_C(0x000abcdef1234000),
                              .domain_id = 0xbeef,
                              .suppress_all = true,
                              .sys_mgt = AMDVI_SYS_MGT_PASS,
                              .interrupt_valid = true,
                              .int_ctl = AMDVI_INT_CTL_REMAP,
                              .int_tab_len = 9,
                              .interrupt_root = UINT64_C(0x000123456789a080),
                              .lint1_pass = true};

    start(&(struct rig_options){.store128 = true});
    CHECK_U64(amdvi_drv_device_table_write(&bed.table, DEVICE, &entry), AMDVI_DRV_DTE_DONE);
    look(&now);
    /* Erratum 63: IW (bit 62) is set although nobody asked for it. */
    CHECK_U64(now.word[0], UINT64_C(0x600abcdef1234803));
    CHECK_U64(now.word[1], UINT64_C(0x000001040000beef));
    CHECK_U64(now.word[2], UINT64_C(0xa00123456789a093));
    entry.sys_mgt = AMDVI_SYS_MGT_ABORT;
    CHECK_U64(amdvi_drv_device_table_write(&bed.table, DEVICE, &entry), AMDVI_DRV_DTE_DONE);
    look(&now);
    CHECK_U64(now.word[0], UINT64_C(0x200abcdef1234803));
    stop();
}

static const struct check_case cases[] = {
    {"L-6, XSA-347, F-1: after each store an entry is old, new or blocked",
     "1.20 device table entry", each_store_is_old_new_or_blocked},
    {"L-6, J-1: so it is after each flush, for an IOMMU that sees no cache",
     "1.20 device table entry", each_flush_is_old_new_or_blocked},
    {"a copy in pieces would be seen", NULL, a_copy_in_pieces_is_seen},
    {"L-5: a new table blocks every device, those beyond it too", "1.20 device table",
     a_new_table_blocks_everybody},
    {"a table is whole pages, filled, and nothing without memory", "1.20 device table",
     sizes_are_whole_pages},
    {"H-1: each field is in its place, and SysMgt=01 has IW=1", "1.20 device table entry",
     entries_are_these_words},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
