/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Promises 2 and 5 with real threads. Devices use memory and send interrupts without pause, while
 * the main thread plays the driver: it moves a mapping, invalidates, waits for the COMPLETION_WAIT,
 * and then holds the old target to be its own. Whoever still uses it then is a violation: users
 * look at a flag of the target for as long as they hold it, and writes show in the target's
 * contents.
 *
 * Each case runs for half a second, or for AMDVI_THREADS_MS milliseconds: an optimised build
 * without sanitizers, run for 10 s, finds windows of a few instructions. Under the thread sanitizer
 * it is also a search for data races.
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime() */

#include "race.h"

#include "check.h"

#include <string.h>

#define DEVICE     0x0100 /* its page table entries change */
#define SWITCHED   0x0101 /* its device table entry changes */
#define FAULTY     0x0200
#define AREAS      4
#define AREA_BYTES UINT64_C(0x4000)
#define TARGETS    (2 * (AREAS + 1)) /* two for each area, and two for SWITCHED */
#define VECTORS    8
#define PATTERN    UINT64_C(0x0123456789abcdef)
#define USERS      5

static const struct machine_options inline_work = {
    .tlb_entries = 4, .dte_entries = 16, .irte_entries = 32, .readers = 1 + USERS};
static const struct machine_options own_work = {.tlb_entries = 64,
                                                .dte_entries = 16,
                                                .irte_entries = 32,
                                                .readers = 1 + USERS,
                                                .work_is_ours = true};

/* Everything that the threads of a case share. */
static struct race {
    struct machine machine;
    bool own_work;
    uint64_t root;          /* of DEVICE */
    uint64_t roots[2];      /* of SWITCHED */
    uint64_t table;         /* of interrupts */
    unsigned side[AREAS];   /* of its two targets, the one that each area is mapped to */
    unsigned switched_side; /* of SWITCHED */
    unsigned vector_side[VECTORS];
    _Atomic bool stop;
    _Atomic bool is_driver_owned[TARGETS];
    _Atomic bool is_vector_gone[2 * VECTORS];
    _Atomic unsigned long uses;
    _Atomic unsigned long violations;
    _Atomic unsigned long refusals;
} race;

static struct user users[USERS];

static uint64_t target_spa(unsigned target)
{
    return MACHINE_FREE + AREA_BYTES * target;
}

/* A target that a user holds is used: it must not be the driver's. */
static void use_target(const struct amdvi_request *request, uint64_t spa)
{
    uint64_t target = (spa - MACHINE_FREE) / AREA_BYTES;
    uint64_t area = request->device_id == SWITCHED ? AREAS : request->iova / AREA_BYTES;

    if (target / 2 != area) {
        atomic_fetch_add(&race.refusals, 1); /* it never was a target of this area */
    } else if (atomic_load(&race.is_driver_owned[target])) {
        atomic_fetch_add(&race.violations, 1);
    }
}

/* ---- Users ----------------------------------------------------------------------------------- */

static struct amdvi_request any_request(struct user *user)
{
    bool is_switched = next_random(user) % 4 == 0;
    struct amdvi_request request = {
        .device_id = is_switched ? SWITCHED : DEVICE,
        .access = next_random(user) % 2 != 0 ? AMDVI_ACCESS_WRITE : AMDVI_ACCESS_READ,
        .iova = is_switched ? 0 : AREA_BYTES * (next_random(user) % AREAS),
        .size_bytes = AREA_BYTES,
    };
    return request;
}

static void *translating(void *arg)
{
    struct user *user = arg;

    while (!atomic_load(&race.stop)) {
        amdvi_reader_online(user->reader);
        for (unsigned i = 0; i < 20; i++) {
            struct amdvi_request request = any_request(user);
            struct amdvi_translation got = {.run_bytes = 0};
            amdvi_iommu_translate(user->reader, &request, &got);
            if (got.outcome != AMDVI_OUTCOME_TRANSLATED) {
                atomic_fetch_add(&race.refusals, 1);
                continue;
            }
            for (unsigned look = 0; look < 50; look++) {
                use_target(&request, got.spa);
            }
            if (next_random(user) % 4 == 0) {
                sched_yield();
                use_target(&request, got.spa);
            }
            user->rounds++;
            if (next_random(user) % 4 != 0) {
                amdvi_reader_release(user->reader);
            }
        }
        amdvi_reader_offline(user->reader);
        sched_yield();
    }
    return NULL;
}

/* Writes whole areas; a write that is late spoils the pattern of the driver. */
static void *accessing(void *arg)
{
    struct user *user = arg;
    uint8_t buffer[AREA_BYTES];

    memset(buffer, 0x77, sizeof(buffer));
    while (!atomic_load(&race.stop)) {
        struct amdvi_request any = any_request(user);
        struct amdvi_access_request request = {.device_id = any.device_id,
                                               .operation = AMDVI_OPERATION_WRITE,
                                               .iova = any.iova,
                                               .size_bytes = sizeof(buffer),
                                               .buffer = buffer};
        struct amdvi_access_result result = {.done_bytes = 0};
        amdvi_reader_online(user->reader);
        amdvi_iommu_access(user->reader, &request, &result);
        amdvi_reader_offline(user->reader);
        if (result.outcome != AMDVI_OUTCOME_TRANSLATED || result.done_bytes != sizeof(buffer)) {
            atomic_fetch_add(&race.refusals, 1);
        }
        user->rounds++;
        sched_yield();
    }
    return NULL;
}

/* Holds a lease over its reader's release; some until it is told to let go. */
static void *leasing(void *arg)
{
    struct user *user = arg;

    while (!atomic_load(&race.stop)) {
        struct amdvi_request request = any_request(user);
        struct amdvi_translation got = {.run_bytes = 0};
        struct amdvi_lease lease;
        unsigned looks = next_random(user) % 8 == 0 ? 20000 : 200;

        atomic_store(&user->is_told, false);
        amdvi_reader_online(user->reader);
        amdvi_lease_take(user->reader, &lease, &request, user, &got);
        amdvi_reader_offline(user->reader);
        if (got.outcome != AMDVI_OUTCOME_TRANSLATED) {
            atomic_fetch_add(&race.refusals, 1);
            user->rounds++;
            continue;
        }
        for (unsigned look = 0; look < looks && !atomic_load(&user->is_told); look++) {
            use_target(&request, got.spa);
        }
        sched_yield(); /* told or not, it is still held */
        use_target(&request, got.spa);
        amdvi_lease_release(&lease);
        user->rounds++;
        sched_yield();
    }
    return NULL;
}

static void *interrupting(void *arg)
{
    struct user *user = arg;

    while (!atomic_load(&race.stop)) {
        struct amdvi_interrupt interrupt = {.device_id = DEVICE, .address = AMDVI_MSI_BASE};
        struct amdvi_remapped got = {.data = 0};

        interrupt.data = next_random(user) % VECTORS;
        amdvi_reader_online(user->reader);
        amdvi_iommu_remap(user->reader, &interrupt, &got);
        if (got.outcome != AMDVI_OUTCOME_TRANSLATED || got.data / 2 != interrupt.data) {
            atomic_fetch_add(&race.refusals, 1);
        } else {
            for (unsigned look = 0; look < 50; look++) {
                if (atomic_load(&race.is_vector_gone[got.data])) {
                    atomic_fetch_add(&race.violations, 1);
                }
            }
        }
        amdvi_reader_offline(user->reader);
        user->rounds++;
        sched_yield();
    }
    return NULL;
}

static void start_users(void *(*const *what)(void *))
{
    for (unsigned i = 0; i < USERS; i++) {
        users[i].reader = amdvi_iommu_reader(race.machine.iommu, 1 + i);
        users[i].random = i + 1;
        users[i].rounds = 0;
        if (!CHECK(pthread_create(&users[i].thread, NULL, what[i], &users[i]) == 0)) {
            exit(2);
        }
    }
}

static void stop_users(void)
{
    atomic_store(&race.stop, true);
    for (unsigned i = 0; i < USERS; i++) {
        pthread_join(users[i].thread, NULL);
        CHECK(users[i].rounds != 0);
    }
}

/* ---- The driver ------------------------------------------------------------------------------ */

static void set_switched(void)
{
    struct amdvi_dte dte = {.valid = true,
                            .translation = true,
                            .read = true,
                            .write = true,
                            .mode = 3,
                            .domain_id = (uint16_t)(20 + race.switched_side),
                            .page_root = race.roots[race.switched_side]};

    machine_set_dte(&race.machine, SWITCHED, &dte);
}

static void map_area(uint64_t root, uint64_t iova, unsigned target)
{
    for (uint64_t at = 0; at < AREA_BYTES; at += 0x1000) {
        machine_map(&race.machine, root, 3, iova + at, target_spa(target) + at, 12, true, true);
    }
}

static void set_irte(unsigned index)
{
    machine_write32(&race.machine, race.table + UINT64_C(4) * index,
                    (2 * index + race.vector_side[index]) << 16 | 1);
}

/* The driver gets @target back: it writes its pattern, which must stay. */
static void own_target(unsigned target)
{
    atomic_store(&race.is_driver_owned[target], true);
    for (uint64_t at = 0; at < AREA_BYTES; at += 8) {
        machine_write64(&race.machine, target_spa(target) + at, PATTERN);
    }
}

static void give_target(unsigned target)
{
    for (uint64_t at = 0; at < AREA_BYTES; at += 8) {
        if (machine_read64(&race.machine, target_spa(target) + at) != PATTERN) {
            atomic_fetch_add(&race.violations, 1);
            break;
        }
    }
    atomic_store(&race.is_driver_owned[target], false);
}

static void set_up(const struct machine_options *options)
{
    struct amdvi_dte dte = {.valid = true,
                            .translation = true,
                            .read = true,
                            .write = true,
                            .mode = 3,
                            .domain_id = 9,
                            .interrupt_valid = true,
                            .int_tab_len = 8,
                            .int_ctl = AMDVI_INT_CTL_REMAP};

    memset(&race, 0, sizeof(race));
    machine_start(&race.machine, options);
    race.own_work = options->work_is_ours;
    race.machine.revoke = let_go;
    race.machine.yields = true;
    amdvi_reader_offline(race.machine.reader);
    race.root = machine_table(&race.machine);
    race.table = machine_table(&race.machine);
    dte.page_root = race.root;
    dte.interrupt_root = race.table;
    machine_set_dte(&race.machine, DEVICE, &dte);
    for (unsigned area = 0; area < AREAS; area++) {
        map_area(race.root, AREA_BYTES * area, 2 * area);
        own_target(2 * area + 1);
    }
    for (unsigned i = 0; i < 2; i++) {
        race.roots[i] = machine_table(&race.machine);
        map_area(race.roots[i], 0, 2 * AREAS + i);
    }
    own_target(2 * AREAS + 1);
    set_switched();
    for (unsigned i = 0; i < VECTORS; i++) {
        set_irte(i);
        atomic_store(&race.is_vector_gone[2 * i + 1], true);
    }
}

static void tear_down(void)
{
    race.machine.revoke = NULL;
    amdvi_reader_online(race.machine.reader);
    machine_stop(&race.machine);
}

static bool completes(void)
{
    return CHECK(completes_in_time(&race.machine, race.own_work));
}

static bool move_area(unsigned area)
{
    unsigned old = 2 * area + race.side[area];

    race.side[area] ^= 1;
    give_target(2 * area + race.side[area]);
    map_area(race.root, AREA_BYTES * area, 2 * area + race.side[area]);
    machine_invalidate_pages(&race.machine, 9, AREA_BYTES * area + 0x1000, true);
    if (!completes()) {
        return false;
    }
    own_target(old);
    return true;
}

static bool switch_device(void)
{
    unsigned old = 2 * AREAS + race.switched_side;

    race.switched_side ^= 1;
    give_target(2 * AREAS + race.switched_side);
    set_switched();
    machine_invalidate_device(&race.machine, SWITCHED);
    if (!completes()) {
        return false;
    }
    own_target(old);
    return true;
}

static bool move_vector(unsigned index)
{
    unsigned old = 2 * index + race.vector_side[index];

    race.vector_side[index] ^= 1;
    atomic_store(&race.is_vector_gone[2 * index + race.vector_side[index]], false);
    set_irte(index);
    machine_invalidate_interrupts(&race.machine, DEVICE);
    if (!completes()) {
        return false;
    }
    atomic_store(&race.is_vector_gone[old], true);
    return true;
}

static void run_race(const struct machine_options *options, void *(*const *what)(void *))
{
    unsigned long moves = 0;
    uint64_t end;
    bool going = true;

    set_up(options);
    start_users(what);
    end = end_of_case();
    for (; going && (now_ms() < end || moves < 10); moves++) {
        going = moves % 3 == 0   ? move_area((unsigned)(moves / 3 % AREAS))
                : moves % 3 == 1 ? move_vector((unsigned)(moves / 3 % VECTORS))
                                 : switch_device();
    }
    stop_users();
    CHECK(moves >= 10);
    CHECK_U64(atomic_load(&race.violations), 0);
    CHECK_U64(atomic_load(&race.refusals), 0);
    tear_down();
}

/* ---- Cases ----------------------------------------------------------------------------------- */

static void translations_end_before_the_wait(void)
{
    static void *(*const what[USERS])(void *) = {translating, translating, translating,
                                                 interrupting, interrupting};

    run_race(&inline_work, what);
    run_race(&own_work, what);
}

static void accesses_end_before_the_wait(void)
{
    static void *(*const what[USERS])(void *) = {accessing, accessing, accessing, accessing,
                                                 translating};

    run_race(&inline_work, what);
    run_race(&own_work, what);
}

static void leases_end_before_the_wait(void)
{
    static void *(*const what[USERS])(void *) = {leasing, leasing, leasing, translating, accessing};

    run_race(&inline_work, what);
    run_race(&own_work, what);
}

/* The guest writes all registers with anything at all, and the machine is reset now and then. */
static void no_register_write_disturbs_the_users(void)
{
    static void *(*const what[USERS])(void *) = {translating, accessing, leasing, interrupting,
                                                 translating};
    struct user guest = {.random = 99};
    uint64_t end;

    set_up(&inline_work);
    memset(race.is_driver_owned, 0, sizeof(race.is_driver_owned)); /* nothing is judged */
    start_users(what);
    end = end_of_case();
    while (now_ms() < end) {
        uint64_t value = (uint64_t)next_random(&guest) << 40 ^ (uint64_t)next_random(&guest) << 20 ^
                         next_random(&guest);
        enum amdvi_reg reg = (enum amdvi_reg)(next_random(&guest) % AMDVI_REG_COUNT);
        uint64_t offset = amdvi_regs[reg].offset;

        /* Within its memory, so that something happens. */
        value = next_random(&guest) % 4 != 0 ? value & UINT64_C(0xff000000003fffff) : value;
        amdvi_iommu_mmio_write(race.machine.iommu, offset + value % 2 * 4, 4, value >> 8);
        amdvi_iommu_mmio_write(race.machine.iommu, offset, 8, value);
        amdvi_iommu_mmio_read(race.machine.iommu, offset, 8);
        if (next_random(&guest) % 64 == 0) {
            amdvi_iommu_reset(race.machine.iommu);
        }
        amdvi_iommu_process(race.machine.iommu, 3);
    }
    stop_users();
    amdvi_iommu_reset(race.machine.iommu);
    CHECK_U64(machine_reg(&race.machine, AMDVI_REG_STATUS), 0);
    tear_down();
}

#define FAULTS 1000

/* FAULTS refused accesses, each at an address of its own. */
static void *faulting(void *arg)
{
    struct user *user = arg;

    amdvi_reader_online(user->reader);
    for (unsigned i = 0; i < FAULTS; i++) {
        struct amdvi_request request = {.device_id = (uint16_t)(FAULTY + (user - users)),
                                        .access = AMDVI_ACCESS_READ,
                                        .iova = UINT64_C(0x1000) * (i + 1),
                                        .size_bytes = 4};
        struct amdvi_translation got;
        amdvi_iommu_translate(user->reader, &request, &got);
        user->rounds += got.outcome == AMDVI_OUTCOME_ABORTED;
        amdvi_reader_release(user->reader);
        request.device_id = FAULTY + USERS; /* SE: one event for all of them */
        amdvi_iommu_translate(user->reader, &request, &got);
    }
    amdvi_reader_offline(user->reader);
    return NULL;
}

static void every_fault_of_every_thread_is_logged_once(void)
{
    static void *(*const what[USERS])(void *) = {faulting, faulting, faulting, faulting, faulting};
    uint64_t next[USERS] = {0};
    unsigned suppressed = 0;
    struct amdvi_event event;
    uint64_t control;

    set_up(&inline_work);
    control = machine_reg(&race.machine, AMDVI_REG_CONTROL);
    machine_set_reg(&race.machine, AMDVI_REG_CONTROL, control & ~AMDVI_CONTROL_EVENT_LOG_EN);
    machine_set_reg(&race.machine, AMDVI_REG_EVENT_LOG_BASE,
                    MACHINE_EVENTS | amdvi_put(AMDVI_EVENT_LOG_BASE_LEN, 15));
    machine_set_reg(&race.machine, AMDVI_REG_CONTROL, control);
    for (uint16_t i = 0; i < USERS; i++) {
        machine_set_dte_words(&race.machine, FAULTY + i, 3, i, 0, 0);
    }
    machine_set_dte_words(&race.machine, FAULTY + USERS, 3, UINT64_C(1) << 33, 0, 0);
    start_users(what);
    stop_users();
    while (machine_event(&race.machine, &event)) {
        unsigned who = event.device_id - FAULTY;
        suppressed += who == USERS;
        if (who < USERS) {
            CHECK_U64(event.address, UINT64_C(0x1000) * ++next[who]);
            CHECK_U64(event.domain_id, who);
        }
    }
    CHECK_U64(suppressed, 1);
    for (unsigned i = 0; i < USERS; i++) {
        CHECK_U64(next[i], FAULTS);
        CHECK_U64(users[i].rounds, FAULTS);
    }
    tear_down();
}

static const struct check_case cases[] = {
    {"no thread uses a translation or interrupt entry after its wait is complete (V10, Q30)",
     "1.20 COMPLETION_WAIT", translations_end_before_the_wait},
    {"no access writes after the wait is complete (V10, Q30)", "1.20 COMPLETION_WAIT",
     accesses_end_before_the_wait},
    {"no lease is used after the wait is complete (V10)", "1.20 COMPLETION_WAIT",
     leases_end_before_the_wait},
    {"register writes and resets at any time leave users and library whole (Q24, Q30)", NULL,
     no_register_write_disturbs_the_users},
    {"each fault of each thread is logged once and in order, with SE once (Q7, V4)",
     "1.20 event log", every_fault_of_every_thread_is_logged_once},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
