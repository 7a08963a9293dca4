/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Promises 2 and 5 with everything at once: translators, leases, interrupts and a storm of events
 * that wraps and overflows the log; a thread that writes registers, lays the host's memory out anew
 * and saves; and the driver, who moves what they use, waits, and stops now and then to compare with
 * a second instance that continues from the saved state. See torture.h for how a late use shows.
 *
 * Each case runs for half a second, or for AMDVI_THREADS_MS milliseconds, and ends with the first
 * late use. Under the thread sanitizer it is also a search for data races.
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime() */

#include "torture.h"

#include <string.h>

struct torture torture;

#define CHECKPOINT_MS 400

#define OTHER_DOMAIN   0x7777
#define BLOCK_COMMANDS 24U
#define RING_BYTES     UINT64_C(4096)

/* ---- Rest ------------------------------------------------------------------------------------ */

void torture_rest(void)
{
    if (!atomic_load(&torture.pause)) {
        return;
    }
    atomic_fetch_add(&torture.paused, 1);
    while (atomic_load(&torture.pause)) {
        sched_yield();
    }
    atomic_fetch_sub(&torture.paused, 1);
}

static bool all_rest(unsigned threads)
{
    uint64_t deadline = now_ms() + DEADLINE_MS;

    while (atomic_load(&torture.paused) != threads) {
        sched_yield();
        if (now_ms() >= deadline) {
            return false;
        }
    }
    return true;
}

/* ---- Targets --------------------------------------------------------------------------------- */

/* Words of a page of a target: stamps below, what users write above. */
static uint64_t word_spa(unsigned target, unsigned page, unsigned word)
{
    return target_spa(target) + UINT64_C(0x1000) * page + UINT64_C(8) * word;
}

static void poison(unsigned target, unsigned first_word)
{
    for (unsigned page = 0; page < PAGES_OF_PLACE; page++) {
        for (unsigned word = first_word; word < WORDS; word++) {
            machine_write64(&torture.machine, word_spa(target, page, word), POISON);
        }
    }
}

/* Whoever wrote since poison() was late. */
static void find_late_writes(unsigned target, unsigned first_word)
{
    for (unsigned page = 0; page < PAGES_OF_PLACE; page++) {
        for (unsigned word = first_word; word < WORDS; word++) {
            if (machine_read64(&torture.machine, word_spa(target, page, word)) != POISON) {
                atomic_fetch_add(&torture.late, 1);
                return;
            }
        }
    }
}

/* The driver has it: what users may no longer use. */
static void retire(unsigned target)
{
    atomic_store(&torture.is_retired[target], true);
    poison(target, 0);
}

static void stamp(unsigned target)
{
    for (unsigned page = 0; page < PAGES_OF_PLACE; page++) {
        for (unsigned word = 0; word < WORDS; word++) {
            machine_write64(&torture.machine, word_spa(target, page, word),
                            word < STAMPS ? target + 1 : 0);
        }
    }
}

static void give(unsigned target)
{
    find_late_writes(target, 0);
    stamp(target);
    atomic_store(&torture.is_retired[target], false);
}

/* ---- Tables ---------------------------------------------------------------------------------- */

static void map_pages(const struct place *place, uint64_t root, unsigned target, bool write)
{
    for (unsigned page = 0; page < PAGES_OF_PLACE; page++) {
        machine_map(&torture.machine, root, 3, place->iova + UINT64_C(0x1000) * page,
                    word_spa(target, page, 0), 12, true, write);
    }
}

static void unmap_pages(const struct place *place)
{
    for (unsigned page = 0; page < PAGES_OF_PLACE; page++) {
        uint64_t iova = place->iova + UINT64_C(0x1000) * page;
        machine_write64(&torture.machine,
                        machine_entry_spa(&torture.machine, place->root, 3, iova, 1), 0);
    }
}

static void set_dte(uint16_t device_id, uint16_t domain_id, uint64_t root)
{
    struct amdvi_dte dte = {.valid = true,
                            .translation = true,
                            .read = true,
                            .write = true,
                            .mode = 3,
                            .domain_id = domain_id,
                            .page_root = root,
                            .interrupt_valid = true,
                            .int_tab_len = 8,
                            .int_ctl = AMDVI_INT_CTL_REMAP,
                            .interrupt_root = torture.vectors};

    machine_set_dte(&torture.machine, device_id, &dte);
}

/* Where the place's tables name its target. */
static void map_side(const struct place *place, unsigned index)
{
    struct machine *machine = &torture.machine;
    unsigned target = 2 * index + place->side;

    switch (place->kind) {
    case PLACE_BIG:
        machine_map(machine, place->root, 3, place->iova, target_spa(target), 21, true, true);
        break;
    case PLACE_DIRECTORY:
        machine_write64(machine, machine_entry_spa(machine, place->root, 3, place->iova, 2),
                        machine_entry(1, place->table[place->side], true, true));
        break;
    case PLACE_DEVICE:
        set_dte(place->device_id, (uint16_t)(place->domain_id + place->side),
                place->table[place->side]);
        break;
    case PLACE_PAGES:
    case PLACE_GONE:
    case PLACE_EXCLUDED:
    case PLACE_READ_ONLY:
        map_pages(place, place->root, target, true);
        break;
    }
}

static void set_vector(unsigned index)
{
    machine_write32(&torture.machine, torture.vectors + UINT64_C(4) * index,
                    (2 * index + torture.vector_side[index]) << 16 | 1);
}

/* ---- The driver ------------------------------------------------------------------------------ */

static bool completes(void)
{
    atomic_fetch_add(&torture.waits_begun, 1);
    if (!CHECK(completes_in_time(&torture.machine, torture.own_work))) {
        return false;
    }
    atomic_fetch_add(&torture.waits_ended, 1);
    return true;
}

/*
 * A command, alone or behind others that concern nobody, all told of at once: then they are a block
 * for the library, which takes a while to drop what the last one names.
 */
static void send(const struct amdvi_command *command)
{
    static const struct amdvi_command other = {.opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
                                               .domain_id = OTHER_DOMAIN,
                                               .address = AMDVI_BITS(38, 12),
                                               .size = true};
    unsigned others = torture.moves % 3 == 0 ? BLOCK_COMMANDS : 0;
    uint64_t tail = machine_reg(&torture.machine, AMDVI_REG_CMD_BUF_TAIL);
    struct amdvi_wire_command wire;

    for (unsigned i = 0; i <= others; i++) {
        amdvi_command_encode(&wire, i < others ? &other : command);
        for (unsigned word = 0; word < 2; word++) {
            machine_write64(&torture.machine, MACHINE_COMMANDS + tail + UINT64_C(8) * word,
                            amdvi_le64_decode(&wire.word[word]));
        }
        tail = (tail + AMDVI_CMD_BYTES) % RING_BYTES;
    }
    machine_set_reg(&torture.machine, AMDVI_REG_CMD_BUF_TAIL, tail);
}

/* The place's pages, or now and then all of the domain. */
static void invalidate_pages(const struct place *place, bool pde)
{
    struct amdvi_command command = {
        .opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
        .domain_id = place->domain_id,
        .address =
            torture.moves % 5 == 0 ? AMDVI_BITS(62, 12) : place->iova + PLACE_BYTES / 2 - 0x1000,
        .size = true,
        .pde = pde,
    };

    send(&command);
}

static bool invalidate(const struct place *place)
{
    if (place->kind == PLACE_DEVICE) {
        struct amdvi_command command = {.opcode = AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY,
                                        .device_id = place->device_id};
        send(&command);
    } else {
        invalidate_pages(place, place->kind == PLACE_DIRECTORY);
    }
    return completes();
}

static bool move(unsigned index)
{
    struct place *place = &torture.place[index];
    unsigned old = 2 * index + place->side;

    place->side ^= 1;
    give(old ^ 1);
    map_side(place, index);
    if (!invalidate(place)) {
        return false;
    }
    retire(old);
    return true;
}

static bool change_permission(unsigned index)
{
    struct place *place = &torture.place[index];
    unsigned target = 2 * index;

    if (atomic_load(&torture.is_write_retired[target])) {
        find_late_writes(target, STAMPS);
        atomic_store(&torture.is_write_retired[target], false);
        map_pages(place, place->root, target, true);
        return true; /* what was refused is looked up again */
    }
    map_pages(place, place->root, target, false);
    if (!invalidate(place)) {
        return false;
    }
    atomic_store(&torture.is_write_retired[target], true);
    poison(target, STAMPS);
    return true;
}

static bool come_or_go(unsigned index)
{
    struct place *place = &torture.place[index];
    unsigned target = 2 * index;

    if (atomic_load(&torture.is_retired[target])) {
        give(target);
        map_side(place, index);
        return true;
    }
    unmap_pages(place);
    if (!invalidate(place)) {
        return false;
    }
    retire(target);
    return true;
}

static bool change(unsigned index)
{
    switch (torture.place[index].kind) {
    case PLACE_READ_ONLY:
        return change_permission(index);
    case PLACE_GONE:
        return come_or_go(index);
    case PLACE_PAGES:
    case PLACE_BIG:
    case PLACE_DIRECTORY:
    case PLACE_DEVICE:
        return move(index);
    case PLACE_EXCLUDED: /* see torture_writing_registers() */
        break;
    }
    return completes();
}

static bool move_vector(unsigned index)
{
    unsigned old = 2 * index + torture.vector_side[index];

    torture.vector_side[index] ^= 1;
    atomic_store(&torture.is_vector_gone[old ^ 1], false);
    set_vector(index);
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE,
                                    .device_id = DEVICE};
    send(&command);
    if (!completes()) {
        return false;
    }
    atomic_store(&torture.is_vector_gone[old], true);
    return true;
}

static bool take_checkpoint(void)
{
    atomic_store(&torture.pause, true);
    bool is_good = CHECK(all_rest(THREADS)) && torture_checkpoint(torture.checkpoints++ % 2 == 0);
    atomic_store(&torture.pause, false);
    return is_good && CHECK(all_rest(0));
}

/* ---- A case ---------------------------------------------------------------------------------- */

static void set_up_place(unsigned index, uint64_t root)
{
    static const enum place_kind kinds[PLACES] = {PLACE_PAGES,     PLACE_PAGES, PLACE_PAGES,
                                                  PLACE_READ_ONLY, PLACE_GONE,  PLACE_DIRECTORY,
                                                  PLACE_DEVICE,    PLACE_BIG,   PLACE_EXCLUDED};
    static const uint64_t iovas[PLACES] = {0x0,      0x10000, 0x20000,  0x30000, 0x40000,
                                           0x600000, 0x0,     0x400000, 0x0};
    struct machine *machine = &torture.machine;
    struct place *place = &torture.place[index];

    *place = (struct place){.kind = kinds[index],
                            .device_id = DEVICE,
                            .domain_id = 9,
                            .iova = iovas[index],
                            .root = root};
    for (unsigned i = 0; i < 2; i++) {
        stamp(2 * index + i);
        if (place->kind == PLACE_DEVICE || place->kind == PLACE_DIRECTORY) {
            uint64_t other = machine_table(machine);
            map_pages(place, other, 2 * index + i, true);
            place->table[i] =
                place->kind == PLACE_DEVICE
                    ? other
                    : machine_entry_spa(machine, other, 3, place->iova, 1) & ~UINT64_C(0xfff);
        }
    }
    if (place->kind == PLACE_DEVICE) {
        place->device_id = SWITCHED;
        place->domain_id = 20;
    } else if (place->kind == PLACE_EXCLUDED) {
        place->device_id = EXCLUDED;
        place->domain_id = 11;
        place->iova = target_spa(2 * index + 1);
        place->root = machine_table(machine);
        set_dte(EXCLUDED, place->domain_id, place->root);
    } else if (place->kind == PLACE_DIRECTORY) {
        map_pages(place, root, 2 * index, true); /* for the tables above */
    }
    map_side(place, index);
    if (place->kind == PLACE_EXCLUDED) {
        atomic_store(&torture.is_retired[2 * index + 1], true);
    } else {
        retire(2 * index + 1);
    }
}

/* Whoever asks for a pointer has read tables, and not kept what they say yet. */
static void give_way(struct machine *machine, enum machine_told what)
{
    static _Atomic unsigned calls;

    (void)machine;
    if (what == MACHINE_TOLD_MAP && atomic_fetch_add(&calls, 1) % 8 == 0) {
        sched_yield();
    }
}

static void set_up(const struct machine_options *options)
{
    struct machine_options unprogrammed = *options;

    memset(&torture, 0, sizeof(torture));
    machine_start(&torture.machine, options);
    unprogrammed.unprogrammed = true;
    machine_start(&torture.twin, &unprogrammed);
    torture.own_work = options->work_is_ours;
    torture.machine.revoke = let_go;
    torture.machine.yields = true;
    torture.machine.told = give_way;
    amdvi_reader_offline(torture.machine.reader);
    amdvi_reader_offline(torture.twin.reader);
    torture.vectors = machine_table(&torture.machine);
    uint64_t root = machine_table(&torture.machine);
    set_dte(DEVICE, 9, root);
    machine_set_dte_words(&torture.machine, STORMING, 3, 1, 0, 0);
    for (unsigned i = 0; i < PLACES; i++) {
        set_up_place(i, root);
    }
    machine_set_reg(&torture.machine, AMDVI_REG_EXCL_LIMIT,
                    torture.place[EXCLUSION_AT].iova + PLACE_BYTES - 4096);
    for (unsigned i = 0; i < VECTORS; i++) {
        set_vector(i);
        atomic_store(&torture.is_vector_gone[2 * i + 1], true);
    }
}

static void start_threads(void)
{
    static void *(*const what[THREADS])(void *) = {torture_translating, torture_translating,
                                                   torture_leasing, torture_interrupting,
                                                   torture_writing_registers};

    for (unsigned i = 0; i < THREADS; i++) {
        struct user *user = &torture.user[i];
        user->reader = amdvi_iommu_reader(torture.machine.iommu, 1 + i);
        user->random = i + 1;
        if (!CHECK(pthread_create(&user->thread, NULL, what[i], user) == 0)) {
            exit(2);
        }
    }
}

static void stop_threads(void)
{
    atomic_store(&torture.stop, true);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(torture.user[i].thread, NULL);
        CHECK(torture.user[i].rounds != 0);
    }
}

static void report(uint64_t begin)
{
    struct amdvi_stats stats;
    unsigned late = atomic_load(&torture.first_late);

    if (late != 0) {
        printf("# the first late use: user %u, target %u of place %u, of kind %d\n",
               (late >> 8) - 1, late % 2, late % 256 / 2, (int)torture.place[late % 256 / 2].kind);
    }

    amdvi_iommu_stats(torture.machine.iommu, &stats);
    printf("# %lu moves, %lu checkpoints, %lu saves, the log wrapped %lu and overflowed %lu times, "
           "%llu waits parked, %llu leases revoked, %llu of %llu translations cached, %llu ms\n",
           torture.moves, torture.checkpoints, torture.saves, torture.wraps, torture.overflows,
           (unsigned long long)stats.waits_parked, (unsigned long long)stats.leases_revoked,
           (unsigned long long)stats.tlb_hits, (unsigned long long)stats.translations,
           (unsigned long long)(now_ms() - begin));
}

static void run_torture(const struct machine_options *options)
{
    bool going = true;

    set_up(options);
    uint64_t begin = now_ms();
    uint64_t end = end_of_case();
    uint64_t checkpoint = begin + 100;
    start_threads();
    while (going && (now_ms() < end || torture.moves < 20) && atomic_load(&torture.late) == 0 &&
           atomic_load(&torture.astray) == 0) {
        unsigned turn = (unsigned)(torture.moves++ % (PLACES + 2));
        going = turn < PLACES ? change(turn) : move_vector((unsigned)(torture.moves % VECTORS));
        if (going && now_ms() >= checkpoint) {
            going = take_checkpoint();
            checkpoint = now_ms() + CHECKPOINT_MS;
        }
    }
    stop_threads();
    CHECK_U64(atomic_load(&torture.late), 0);
    CHECK_U64(atomic_load(&torture.astray), 0);
    CHECK_U64(atomic_load(&torture.failures), 0);
    CHECK(torture.checkpoints != 0 || atomic_load(&torture.late) != 0);
    report(begin);
    amdvi_reader_online(torture.machine.reader);
    amdvi_reader_online(torture.twin.reader);
    machine_stop(&torture.machine);
    machine_stop(&torture.twin);
}

/* ---- Cases ----------------------------------------------------------------------------------- */

static void tiny_caches(void)
{
    static const struct machine_options options = {.tlb_entries = 4,
                                                   .dte_entries = 4,
                                                   .irte_entries = 4,
                                                   .readers = 1 + THREADS,
                                                   .host_pointers = true};

    run_torture(&options);
}

static void large_caches(void)
{
    static const struct machine_options options = {.tlb_entries = 1024,
                                                   .dte_entries = 64,
                                                   .irte_entries = 64,
                                                   .readers = 1 + THREADS,
                                                   .host_pointers = true,
                                                   .work_is_ours = true};

    run_torture(&options);
}

static const struct check_case cases[] = {
    {"with everything at once nothing is used after its wait, caches tiny (V10, Q24, Q30)",
     "1.20 COMPLETION_WAIT", tiny_caches},
    {"with everything at once nothing is used after its wait, caches large (V10, Q24, Q30)",
     "1.20 COMPLETION_WAIT", large_caches},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
