/* SPDX-License-Identifier: BSD-2-Clause */
/* The threads of the torture test, other than the driver. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime() */

#include "torture.h"

#include <string.h>

/* ---- Using a target -------------------------------------------------------------------------- */

static void note(_Atomic unsigned long *what)
{
    atomic_fetch_add_explicit(what, 1, memory_order_relaxed);
}

/* Which of the place's targets the memory at @host is of; TARGETS if of none. */
static unsigned target_of(unsigned place, const void *host)
{
    uint64_t spa = (uint64_t)((const uint8_t *)host - torture.machine.memory);
    uint64_t target = (spa - MACHINE_FREE) / TARGET_BYTES;

    return spa >= MACHINE_FREE && target / 2 == place ? (unsigned)target : TARGETS;
}

static void note_late(const struct user *user, unsigned target)
{
    unsigned who = 1 + (unsigned)(user - torture.user);
    unsigned none = 0;

    note(&torture.late);
    atomic_compare_exchange_strong(&torture.first_late, &none, who << 8 | target);
}

/* A target is being used: it must not be retired, and have its stamp. */
static void look(const struct user *user, unsigned target, const uint64_t *word, bool write)
{
    uint64_t stamp = __atomic_load_n(word, __ATOMIC_ACQUIRE);

    if (atomic_load(&torture.is_retired[target]) ||
        (write && atomic_load(&torture.is_write_retired[target])) || stamp == POISON) {
        note_late(user, target);
    } else if (stamp != target + 1) {
        note(&torture.astray);
    }
}

/* @host is in a page of the place. */
static void use(struct user *user, unsigned place, void *host, bool write, unsigned looks)
{
    uint64_t *page = (uint64_t *)((uintptr_t)host & ~(uintptr_t)4095);
    unsigned target = target_of(place, page);

    if (target == TARGETS) {
        note(&torture.astray);
        return;
    }
    const uint64_t *read = &page[next_random(user) % STAMPS];
    uint64_t *written = &page[STAMPS + next_random(user) % (WORDS - STAMPS)];
    for (unsigned i = 0; i < looks; i++) {
        look(user, target, read, write);
        if (write && i == looks / 2) {
            __atomic_store_n(written, 1, __ATOMIC_RELEASE);
        }
    }
    if (next_random(user) % 4 == 0) {
        sched_yield();
        look(user, target, read, write);
        if (write) {
            __atomic_store_n(written, 2, __ATOMIC_RELEASE);
        }
    }
}

/* May the place refuse this at times? */
static bool may_refuse(unsigned place, enum amdvi_access access)
{
    enum place_kind kind = torture.place[place].kind;

    return kind == PLACE_GONE || (kind == PLACE_READ_ONLY && access == AMDVI_ACCESS_WRITE);
}

static void refused(unsigned place, enum amdvi_access access)
{
    if (!may_refuse(place, access)) {
        note(&torture.astray);
    }
}

static struct amdvi_request any_request(struct user *user, unsigned place)
{
    return (struct amdvi_request){
        .device_id = torture.place[place].device_id,
        .access = next_random(user) % 2 != 0 ? AMDVI_ACCESS_WRITE : AMDVI_ACCESS_READ,
        .iova = torture.place[place].iova + UINT64_C(0x1000) * (next_random(user) % PAGES_OF_PLACE),
        .size_bytes = 4096,
    };
}

/* ---- Translators ----------------------------------------------------------------------------- */

static void use_pointer(struct user *user, unsigned place)
{
    struct amdvi_request request = any_request(user, place);
    uint64_t offset = 8 * (next_random(user) % 512);
    void *host = amdvi_iommu_pointer(user->reader, request.device_id, request.iova + offset, 8,
                                     request.access);

    if (host == NULL) {
        refused(place, request.access);
    } else {
        use(user, place, host, request.access == AMDVI_ACCESS_WRITE, 20);
    }
}

static void use_translation(struct user *user, unsigned place)
{
    struct amdvi_request request = any_request(user, place);
    struct amdvi_translation got = {.run_bytes = 0};

    amdvi_iommu_translate(user->reader, &request, &got);
    if (got.outcome != AMDVI_OUTCOME_TRANSLATED) {
        refused(place, request.access);
    } else if (got.host != torture.machine.memory + got.spa) {
        note(&torture.astray);
    } else {
        use(user, place, got.host, request.access == AMDVI_ACCESS_WRITE, 20);
    }
}

static void use_segments(struct user *user, unsigned place)
{
    struct amdvi_request request = any_request(user, place);
    struct amdvi_segment segment[PAGES_OF_PLACE];
    struct amdvi_segments all = {.count = 0};
    uint64_t bytes = 0;

    request.iova = torture.place[place].iova;
    request.size_bytes = PLACE_BYTES;
    amdvi_iommu_segments(user->reader, &request, segment, PAGES_OF_PLACE, &all);
    for (unsigned i = 0; i < all.count; i++) {
        for (uint64_t at = 0; at < segment[i].size_bytes; at += 4096) {
            use(user, place, (uint8_t *)segment[i].host + at, request.access == AMDVI_ACCESS_WRITE,
                5);
        }
        bytes += segment[i].size_bytes;
    }
    if (bytes != all.size_bytes) {
        note(&torture.astray);
    } else if (bytes != PLACE_BYTES) {
        refused(place, request.access);
    }
}

/* The library's own access; it releases. */
static void access_it(struct user *user, unsigned place)
{
    struct amdvi_request request = any_request(user, place);
    bool is_write = request.access == AMDVI_ACCESS_WRITE;
    uint64_t buffer[STAMPS] = {0};
    struct amdvi_access_request access = {
        .device_id = request.device_id,
        .operation = is_write ? AMDVI_OPERATION_WRITE : AMDVI_OPERATION_READ,
        .iova = request.iova + (is_write ? sizeof(buffer) : 0),
        .size_bytes = sizeof(buffer),
        .buffer = buffer,
    };
    struct amdvi_access_result result = {.done_bytes = 0};

    amdvi_iommu_access(user->reader, &access, &result);
    if (result.done_bytes != sizeof(buffer)) {
        refused(place, request.access);
    }
    for (unsigned i = 0; i < result.done_bytes / 8 && !is_write; i++) {
        if (buffer[i] == POISON) {
            note_late(user, 2 * place);
        } else if ((buffer[i] - 1) / 2 != place) {
            note(&torture.astray);
        }
    }
}

static void use_place(struct user *user)
{
    unsigned place = next_random(user) % PLACES;

    switch (next_random(user) % 8) {
    case 0:
        access_it(user, place);
        break;
    case 1:
        use_segments(user, place);
        break;
    case 2:
        use_translation(user, place);
        break;
    default:
        use_pointer(user, place);
        break;
    }
    user->rounds++;
}

void *torture_translating(void *arg)
{
    struct user *user = arg;

    while (!atomic_load(&torture.stop)) {
        torture_rest();
        amdvi_reader_online(user->reader);
        for (unsigned i = 0; i < 40; i++) {
            use_place(user);
            if (next_random(user) % 4 != 0) {
                amdvi_reader_release(user->reader);
            }
        }
        amdvi_reader_offline(user->reader);
        if (next_random(user) % 4 == 0) {
            sched_yield();
        }
    }
    return NULL;
}

/* ---- Leases ---------------------------------------------------------------------------------- */

void *torture_leasing(void *arg)
{
    struct user *user = arg;

    while (!atomic_load(&torture.stop)) {
        unsigned place = next_random(user) % PLACES;
        struct amdvi_request request = any_request(user, place);
        struct amdvi_translation got = {.run_bytes = 0};
        struct amdvi_lease lease;
        unsigned rounds = next_random(user) % 8 == 0 ? 400 : 4;

        torture_rest();
        atomic_store(&user->is_told, false);
        amdvi_reader_online(user->reader);
        amdvi_lease_take(user->reader, &lease, &request, user, &got);
        amdvi_reader_offline(user->reader);
        user->rounds++;
        if (got.outcome != AMDVI_OUTCOME_TRANSLATED) {
            refused(place, request.access);
            continue;
        }
        for (unsigned i = 0; i < rounds && !atomic_load(&user->is_told); i++) {
            use(user, place, got.host, request.access == AMDVI_ACCESS_WRITE, 50);
        }
        sched_yield(); /* told or not, it is still held */
        use(user, place, got.host, request.access == AMDVI_ACCESS_WRITE, 1);
        amdvi_lease_release(&lease);
    }
    return NULL;
}

/* ---- Interrupts, and a storm of events ------------------------------------------------------- */

static void interrupt(struct user *user)
{
    struct amdvi_interrupt interrupt = {.device_id = DEVICE, .address = AMDVI_MSI_BASE};
    struct amdvi_remapped got = {.data = 0};

    interrupt.data = next_random(user) % VECTORS;
    amdvi_iommu_remap(user->reader, &interrupt, &got);
    if (got.outcome != AMDVI_OUTCOME_TRANSLATED || got.data / 2 != interrupt.data) {
        note(&torture.astray);
        return;
    }
    for (unsigned i = 0; i < 50; i++) {
        if (atomic_load(&torture.is_vector_gone[got.data])) {
            note(&torture.late);
        }
    }
}

static void storm(struct user *user)
{
    for (unsigned i = 0; i < 20; i++) {
        struct amdvi_request request = {.device_id = STORMING,
                                        .access = AMDVI_ACCESS_READ,
                                        .iova = UINT64_C(0x1000) * i,
                                        .size_bytes = 4};
        struct amdvi_translation got = {.run_bytes = 0};
        amdvi_iommu_translate(user->reader, &request, &got);
        if (got.outcome != AMDVI_OUTCOME_ABORTED) {
            note(&torture.astray);
        }
    }
}

void *torture_interrupting(void *arg)
{
    struct user *user = arg;

    while (!atomic_load(&torture.stop)) {
        torture_rest();
        amdvi_reader_online(user->reader);
        for (unsigned i = 0; i < 10; i++) {
            interrupt(user);
            amdvi_reader_release(user->reader);
        }
        storm(user);
        amdvi_reader_offline(user->reader);
        user->rounds++;
    }
    return NULL;
}

/* ---- Registers ------------------------------------------------------------------------------- */

/* Software takes some of the log, and a while after an overflow has it go on. */
static void take_events(struct user *user, uint64_t control)
{
    struct machine *machine = &torture.machine;
    unsigned left = next_random(user) % 128;
    struct amdvi_event event;

    while (left-- != 0 && machine_event(machine, &event)) {
        if (machine_reg(machine, AMDVI_REG_EVENT_LOG_HEAD) == 0) {
            note(&torture.wraps);
        }
    }
    if (amdvi_has(machine_reg(machine, AMDVI_REG_STATUS), AMDVI_STATUS_EVENT_OVERFLOW) &&
        next_random(user) % 8 == 0) {
        note(&torture.overflows);
        machine_set_reg(machine, AMDVI_REG_CONTROL, control & ~AMDVI_CONTROL_EVENT_LOG_EN);
        machine_set_reg(machine, AMDVI_REG_STATUS, AMDVI_STATUS_EVENT_OVERFLOW);
        machine_set_reg(machine, AMDVI_REG_CONTROL, control);
    }
}

/* Off for a moment. */
static void toggle(struct user *user, uint64_t control, uint64_t enable)
{
    machine_set_reg(&torture.machine, AMDVI_REG_CONTROL, control & ~enable);
    for (unsigned i = next_random(user) % 4; i != 0; i--) {
        sched_yield();
    }
    machine_set_reg(&torture.machine, AMDVI_REG_CONTROL, control);
}

/*
 * The exclusion range comes and goes. No command invalidates it: the register write itself does,
 * and whoever was told before has ended by the first wait that begins after it.
 */
static void toggle_exclusion(unsigned long *since, bool *is_settled)
{
    struct place *place = &torture.place[EXCLUSION_AT];
    unsigned old = 2 * EXCLUSION_AT + place->side;

    if (!*is_settled) {
        if (atomic_load(&torture.waits_ended) > *since) {
            atomic_store(&torture.is_retired[old ^ 1], true);
            *is_settled = true;
        }
        return;
    }
    atomic_store(&torture.is_retired[old ^ 1], false);
    place->side ^= 1;
    machine_set_reg(&torture.machine, AMDVI_REG_EXCL_BASE,
                    place->iova | AMDVI_EXCL_BASE_ALLOW |
                        (place->side != 0 ? AMDVI_EXCL_BASE_EX_EN : 0));
    *since = atomic_load(&torture.waits_begun);
    *is_settled = false;
}

static void any_register_work(struct user *user, uint64_t control)
{
    switch (next_random(user) % 16) {
    case 0:
        toggle(user, control, AMDVI_CONTROL_EVENT_LOG_EN);
        break;
    case 1:
    case 2:
        toggle(user, control, AMDVI_CONTROL_CMD_BUF_EN);
        break;
    case 3:
        torture_save_running();
        break;
    case 4: /* where nobody is, for the pointers' sake; and where somebody is, for leases */
        (void)amdvi_iommu_memory_changed(torture.machine.iommu,
                                         target_spa(next_random(user) % TARGETS), PLACE_BYTES);
        break;
    case 5:
        for (enum amdvi_reg reg = 0; reg < AMDVI_REG_COUNT; reg++) {
            (void)machine_reg(&torture.machine, reg);
        }
        break;
    default:
        take_events(user, control);
        break;
    }
}

void *torture_writing_registers(void *arg)
{
    struct user *user = arg;
    uint64_t control = machine_reg(&torture.machine, AMDVI_REG_CONTROL);
    unsigned long since = 0;
    bool is_settled = true;

    while (!atomic_load(&torture.stop)) {
        torture_rest();
        toggle_exclusion(&since, &is_settled);
        any_register_work(user, control);
        user->rounds++;
        sched_yield();
    }
    return NULL;
}
