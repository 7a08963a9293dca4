/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Saved state: what is saved goes on elsewhere as it would have here, and bytes that are no such
 * state are refused. The environment's AMDVI_STATES names the folder of golden files.
 */
#include <stdlib.h>
#include <string.h>

#include "expect.h"

#define DEVICE 0x4321
#define DOMAIN 0x0077
#define MS     UINT64_C(1000000)

#define CODE_IOTLB_TIMEOUT 7

static const struct amdvi_features features = {
    .va_size_bits = 48,
    .pa_size_bits = 48,
    .msi_num = 3,
    .iotlb_sup = true,
    .ht_ats_resv = true,
    .preboot_range_count = 1,
    .preboot_ranges = {{DEVICE, DEVICE}},
};

static void start_with(struct machine *machine, bool unprogrammed, bool work_is_ours)
{
    struct machine_options options = machine_cache_sizes[2];

    options.features = &features;
    options.work_is_ours = work_is_ours;
    options.unprogrammed = unprogrammed;
    machine_start(machine, &options);
    amdvi_reader_release(machine->reader);
}

static void start(struct machine *machine, bool unprogrammed)
{
    start_with(machine, unprogrammed, false);
}

struct state {
    uint8_t bytes[AMDVI_SAVED_BYTES_MAX];
    size_t size_bytes;
};

static void save(struct machine *machine, struct state *out)
{
    CHECK_U64(amdvi_iommu_save(machine->iommu, out->bytes, sizeof(out->bytes), &out->size_bytes),
              AMDVI_OK);
}

static enum amdvi_status load(struct machine *machine, const struct state *state)
{
    return amdvi_iommu_load(machine->iommu, state->bytes, state->size_bytes);
}

/* A second machine with the first one's memory and state. The first one stops. */
static void move(struct machine *from, struct machine *to)
{
    struct state state;

    save(from, &state);
    start(to, true);
    to->now_ns = from->now_ns + UINT64_C(123456789); /* another clock */
    memcpy(to->memory, from->memory, MACHINE_MEMORY_BYTES);
    to->next_table = from->next_table;
    to->next_word = from->next_word;
    CHECK_U64(load(to, &state), AMDVI_OK);
    amdvi_reader_release(to->reader);
    machine_stop(from);
}

static bool same_registers(struct machine *a, struct machine *b)
{
    bool same = true;

    for (unsigned i = 0; i < AMDVI_REG_COUNT; i++) {
        same =
            CHECK_U64(machine_reg(a, (enum amdvi_reg)i), machine_reg(b, (enum amdvi_reg)i)) && same;
    }
    for (unsigned i = 0; i < 5; i++) {
        same = CHECK_U64(amdvi_iommu_cap_read(a->iommu, 4 * i, 4),
                         amdvi_iommu_cap_read(b->iommu, 4 * i, 4)) &&
               same;
    }
    return same;
}

static void registers_are_kept(void)
{
    struct machine machine;
    struct machine other;
    struct state state;

    start(&machine, false);
    amdvi_iommu_cap_write(machine.iommu, 8, 4, 0x12);
    amdvi_iommu_cap_write(machine.iommu, 4, 4, 0xfed94001);
    machine_set_reg(&machine, AMDVI_REG_EXCL_BASE, 0x0123456789000003);
    machine_set_reg(&machine, AMDVI_REG_EXCL_LIMIT, 0x0123456799000000);
    machine_set_reg(&machine, AMDVI_REG_CONTROL, machine_reg(&machine, AMDVI_REG_CONTROL) | 0xbe2);
    machine_set_reg(&machine, AMDVI_REG_EVENT_LOG_HEAD, 0x370);
    save(&machine, &state);
    start(&other, true);
    CHECK_U64(load(&other, &state), AMDVI_OK);
    same_registers(&machine, &other);
    uint64_t base = 0;
    CHECK(amdvi_iommu_window(other.iommu, &base));
    CHECK_U64(base, UINT64_C(0x12fed94000));
    /* And a state in which nothing is on. */
    amdvi_iommu_reset(machine.iommu);
    save(&machine, &state);
    CHECK_U64(load(&other, &state), AMDVI_OK);
    same_registers(&machine, &other);
    CHECK(!amdvi_iommu_window(other.iommu, &base));
    machine_stop(&other);
    machine_stop(&machine);
}

static void a_parked_wait_completes_once_elsewhere(void)
{
    struct machine here;
    struct machine there;
    struct amdvi_stats stats;
    struct amdvi_command wait = {.opcode = AMDVI_OPCODE_COMPLETION_WAIT,
                                 .store = true,
                                 .interrupt = true,
                                 .store_address = MACHINE_STORE,
                                 .store_data = 0x1122334455667788};

    start(&here, false);
    machine_translate(&here, DEVICE, 0x1234000, 8, AMDVI_ACCESS_READ); /* not released */
    machine_invalidate_device(&here, DEVICE);
    machine_command(&here, &wait);
    CHECK_U64(machine_reg(&here, AMDVI_REG_CMD_BUF_HEAD), 0x10);
    CHECK_U64(machine_read64(&here, MACHINE_STORE), 0);
    CHECK_U64(atomic_load(&here.msis), 0);
    /* Software may change the memory of a command that was fetched. */
    machine_write64(&here, MACHINE_COMMANDS + 0x10, 0);
    move(&here, &there);
    amdvi_iommu_stats(there.iommu, &stats);
    CHECK_U64(stats.waits_parked, 1); /* for the reader that is online there */
    CHECK_U64(machine_read64(&there, MACHINE_STORE), 0x1122334455667788);
    CHECK_U64(machine_reg(&there, AMDVI_REG_CMD_BUF_HEAD), 0x20);
    CHECK_U64(machine_reg(&there, AMDVI_REG_STATUS) & 4, 4);
    CHECK_U64(atomic_load(&there.msis), 1);
    expect_no_event(&there);
    /* It goes on with what follows, and does nothing twice. */
    machine_write64(&there, MACHINE_STORE, 0);
    machine_invalidate_device(&there, DEVICE);
    CHECK_U64(machine_reg(&there, AMDVI_REG_CMD_BUF_HEAD), 0x30);
    CHECK_U64(machine_read64(&there, MACHINE_STORE), 0);
    CHECK(machine_wait(&there));
    machine_stop(&there);
}

static void an_overflown_log_stays_so(void)
{
    struct machine here;
    struct machine there;

    start(&here, false);
    machine_set_dte_words(&here, DEVICE, 3, DOMAIN, 0, 0);
    for (unsigned i = 0; i < 300; i++) {
        machine_translate(&here, DEVICE, 0x1000 * (uint64_t)i, 8, AMDVI_ACCESS_READ);
    }
    CHECK_U64(machine_reg(&here, AMDVI_REG_STATUS) & 0xb, 0x3);
    move(&here, &there);
    CHECK_U64(machine_reg(&there, AMDVI_REG_STATUS) & 0xb, 0x3);
    machine_translate(&there, DEVICE, 0x777000, 8, AMDVI_ACCESS_READ);
    for (unsigned i = 0; i < 255; i++) {
        expect_event(&there, event_word(CODE_PAGE_FAULT, DEVICE, DOMAIN, FLAG_PR | FLAG_PE),
                     0x1000 * (uint64_t)i);
    }
    expect_no_event(&there);
    machine_stop(&there);
}

static struct amdvi_command iotlb_command(uint16_t device_id, uint64_t iova, uint8_t max_pend)
{
    return (struct amdvi_command){.opcode = AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES,
                                  .device_id = device_id,
                                  .queue_id = device_id,
                                  .max_pend = max_pend,
                                  .address = iova};
}

/* Two in flight, a third has to wait for them, and a COMPLETION_WAIT is behind. */
static void fly(struct machine *machine)
{
    machine_set_reg(machine, AMDVI_REG_CONTROL,
                    machine_reg(machine, AMDVI_REG_CONTROL) | UINT64_C(2) << 5); /* 10 ms */
    for (unsigned i = 0; i < 3; i++) {
        struct amdvi_command command = iotlb_command(DEVICE, 0x5000 + 0x1000 * (uint64_t)i, 2);
        machine_command(machine, &command);
    }
    CHECK_U64(machine->iotlb_requests, 2);
    CHECK(!machine_wait(machine));
    machine_pass(machine, 4 * MS);
}

static void invalidations_in_flight_are_sent_again(void)
{
    struct machine here;
    struct machine there;

    start(&here, false);
    fly(&here);
    uint64_t tags[2] = {here.iotlb_request[0].tag, here.iotlb_request[1].tag};
    move(&here, &there);
    if (!CHECK_U64(there.iotlb_requests, 2)) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        CHECK_U64(there.iotlb_request[i].tag, tags[i]);
        CHECK_U64(there.iotlb_request[i].device_id, DEVICE);
        CHECK_U64(there.iotlb_request[i].first_iova, 0x5000 + 0x1000 * (uint64_t)i);
    }
    CHECK_U64(there.timer_ns, there.now_ns + 6 * MS); /* what was left of 10 */
    amdvi_iommu_iotlb_invalidated(there.iommu, DEVICE, tags[0]);
    CHECK_U64(there.iotlb_requests, 3);
    CHECK(there.iotlb_request[2].tag > tags[1]);
    CHECK(!machine_waited(&there));
    machine_pass(&there, 6 * MS); /* the second; the third began later */
    expect_only_event(&there, event_word(CODE_IOTLB_TIMEOUT, DEVICE, 0, 0),
                      MACHINE_COMMANDS + 0x10);
    CHECK(!machine_waited(&there));
    amdvi_iommu_iotlb_invalidated(there.iommu, DEVICE, there.iotlb_request[2].tag);
    CHECK(machine_waited(&there));
    expect_no_event(&there);
    machine_stop(&there);
}

static void what_was_logged_once_stays_logged(void)
{
    struct machine here;
    struct machine there;

    start(&here, false);
    machine_set_dte_words(&here, DEVICE, 3, DOMAIN | BIT64(33), 0, 0); /* SE */
    machine_set_dte_words(&here, DEVICE + 1, 3, DOMAIN | BIT64(33), 0, 0);
    machine_translate(&here, DEVICE, 0x5000, 8, AMDVI_ACCESS_READ);
    expect_only_event(&here, event_word(CODE_PAGE_FAULT, DEVICE, DOMAIN, FLAG_PR | FLAG_PE),
                      0x5000);
    move(&here, &there);
    machine_translate(&there, DEVICE, 0x6000, 8, AMDVI_ACCESS_READ);
    expect_no_event(&there);
    machine_translate(&there, DEVICE + 1, 0x7000, 8, AMDVI_ACCESS_READ);
    expect_only_event(&there, event_word(CODE_PAGE_FAULT, DEVICE + 1, DOMAIN, FLAG_PR | FLAG_PE),
                      0x7000);
    machine_invalidate_device(&there, DEVICE);
    machine_translate(&there, DEVICE, 0x8000, 8, AMDVI_ACCESS_READ);
    expect_only_event(&there, event_word(CODE_PAGE_FAULT, DEVICE, DOMAIN, FLAG_PR | FLAG_PE),
                      0x8000);
    machine_stop(&there);
}

static void the_preboot_block_is_kept(void)
{
    struct machine here;
    struct machine there;

    start(&here, true);
    move(&here, &there);
    CHECK_U64(machine_translate(&there, DEVICE, 0x5000, 8, AMDVI_ACCESS_READ).outcome,
              AMDVI_OUTCOME_ABORTED);
    machine_set_reg(&there, AMDVI_REG_CONTROL, 1);
    machine_set_reg(&there, AMDVI_REG_CONTROL, 0);
    start(&here, true);
    machine_stop(&here);
    struct machine last;
    move(&there, &last);
    CHECK_U64(machine_translate(&last, DEVICE, 0x5000, 8, AMDVI_ACCESS_READ).outcome,
              AMDVI_OUTCOME_TRANSLATED);
    machine_stop(&last);
}

static void caches_are_empty_after_loading(void)
{
    struct machine machine;
    struct state state;

    start(&machine, false);
    uint64_t root = machine_set_paged(&machine, DEVICE, DOMAIN, 4);
    machine_map(&machine, root, 4, 0x5000, 0x1234000, 12, true, true);
    save(&machine, &state);
    CHECK_U64(machine_translate(&machine, DEVICE, 0x5000, 8, AMDVI_ACCESS_READ).spa, 0x1234000);
    machine_map(&machine, root, 4, 0x5000, 0x1235000, 12, true, true); /* no invalidation */
    CHECK_U64(load(&machine, &state), AMDVI_OK);
    CHECK_U64(machine_translate(&machine, DEVICE, 0x5000, 8, AMDVI_ACCESS_READ).spa, 0x1235000);
    machine_stop(&machine);
}

/* A state with something of everything. */
static void make_rich(struct machine *machine, struct state *out)
{
    start(machine, false);
    amdvi_iommu_cap_write(machine->iommu, 4, 4, 0xfed94001);
    machine_set_dte_words(machine, 0x0040, 3, DOMAIN | BIT64(33), 0, 0);
    machine_set_dte_words(machine, 0xffff, 3, DOMAIN | BIT64(33), 0, 0);
    machine_translate(machine, 0x0040, 0x5000, 8, AMDVI_ACCESS_READ);
    machine_translate(machine, 0xffff, 0x5000, 8, AMDVI_ACCESS_READ);
    amdvi_reader_release(machine->reader);
    fly(machine);
    save(machine, out);
}

static void other_lengths_are_refused(void)
{
    struct machine machine;
    struct machine other;
    struct state state;
    size_t needed = 0;

    make_rich(&machine, &state);
    start(&other, false);
    unsigned refused = 0;
    for (size_t length = 0; length <= state.size_bytes + 8; length++) {
        struct state cut = state;
        cut.size_bytes = length;
        refused += load(&other, &cut) == AMDVI_ERR_STATE;
    }
    CHECK_U64(refused, state.size_bytes + 8);
    /* Saving says what it needs, and writes nothing beyond what it has. */
    for (size_t room = 0; room < state.size_bytes; room++) {
        uint8_t bytes[AMDVI_SAVED_BYTES_MAX];
        memset(bytes, 0xa5, sizeof(bytes));
        CHECK_U64(amdvi_iommu_save(machine.iommu, bytes, room, &needed), AMDVI_ERR_NO_MEMORY);
        CHECK_U64(needed, state.size_bytes);
        CHECK_U64(bytes[room], 0xa5);
    }
    CHECK_U64(amdvi_iommu_save(machine.iommu, NULL, 0, &needed), AMDVI_ERR_NO_MEMORY);
    CHECK_U64(needed, state.size_bytes);
    machine_stop(&other);
    machine_stop(&machine);
}

/* Whatever is accepted is what was meant: it is saved again as the same bytes. */
static void a_changed_bit_is_refused_or_faithful(void)
{
    struct machine machine;
    struct machine other;
    struct state state;
    unsigned refused = 0;
    unsigned accepted = 0;

    make_rich(&machine, &state);
    start_with(&other, true, true); /* so that loading does not go on with the ring */
    for (size_t bit = 0; bit < 8 * state.size_bytes; bit++) {
        struct state changed = state;
        struct state again;

        changed.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        amdvi_iommu_reset(other.iommu);
        machine_set_reg(&other, AMDVI_REG_EXCL_BASE, 0x5000);
        save(&other, &again);
        struct state before = again;
        if (load(&other, &changed) == AMDVI_OK) {
            accepted++;
            amdvi_iommu_save(other.iommu, again.bytes, sizeof(again.bytes), &again.size_bytes);
            if (!CHECK(again.size_bytes == changed.size_bytes &&
                       memcmp(again.bytes, changed.bytes, changed.size_bytes) == 0)) {
                printf("# bit %zu\n", bit);
            }
        } else {
            refused++;
            save(&other, &again);
            CHECK(memcmp(again.bytes, before.bytes, before.size_bytes) == 0);
        }
    }
    printf("# %u refused, %u accepted\n", refused, accepted);
    CHECK(refused > 1000);
    CHECK(accepted > 500);
    machine_stop(&other);
    machine_stop(&machine);
}

/* The last tag is at byte 145: header 20, capability block 20, registers 88, ring 17. */
static void tags_do_not_begin_again(void)
{
    struct machine machine;
    struct machine other;
    struct state state;

    start(&machine, false);
    save(&machine, &state);
    memset(&state.bytes[145], 0xff, 8);
    start(&other, true);
    CHECK_U64(load(&other, &state), AMDVI_ERR_STATE);
    state.bytes[152] = 0x7f;
    CHECK_U64(load(&other, &state), AMDVI_OK);
    machine_stop(&other);
    machine_stop(&machine);
}

static void another_iommu_is_refused(void)
{
    struct machine machine;
    struct state state;

    make_rich(&machine, &state);
    machine_stop(&machine);
    for (unsigned i = 0; i < 6; i++) {
        struct machine_options options = machine_cache_sizes[0];
        struct amdvi_features changed = features;

        options.features = &changed;
        changed.iotlb_sup = i != 0;
        changed.ht_ats_resv = i != 1;
        changed.preboot_range_count = i != 2;
        changed.msi_num = i != 3 ? 3 : 4;
        changed.pa_size_bits = i != 4 ? 48 : 52;
        machine_start(&machine, &options);
        CHECK_U64(load(&machine, &state), i == 5 ? AMDVI_OK : AMDVI_ERR_STATE);
        machine_stop(&machine);
    }
}

/* All that a state can hold: both devices have as many requests as fit, and SE a bit of each word.
 */
static void the_largest_state_fits(void)
{
    struct machine machine;
    struct machine other;
    struct state state;
    struct state again;

    start(&machine, false);
    for (unsigned i = 0; i < 64; i++) {
        struct amdvi_command command = iotlb_command((uint16_t)(DEVICE + i / 32), 0x5000, 0);
        machine_command(&machine, &command);
    }
    CHECK_U64(machine.iotlb_requests, 64);
    for (unsigned i = 0; i < 1024; i++) {
        uint16_t device_id = (uint16_t)(64 * i + i % 64);
        machine_set_dte_words(&machine, device_id, 3, DOMAIN | BIT64(33), 0, 0);
        machine_translate(&machine, device_id, 0x5000, 8, AMDVI_ACCESS_READ);
        expect_only_event(
            &machine, event_word(CODE_PAGE_FAULT, device_id, DOMAIN, FLAG_PR | FLAG_PE), 0x5000);
    }
    save(&machine, &state);
    start(&other, true);
    memcpy(other.memory, machine.memory, MACHINE_MEMORY_BYTES);
    CHECK_U64(load(&other, &state), AMDVI_OK);
    CHECK_U64(other.iotlb_requests, 64);
    save(&other, &again);
    CHECK_U64(again.size_bytes, state.size_bytes);
    CHECK(memcmp(again.bytes, state.bytes, state.size_bytes) == 0);
    for (unsigned i = 0; i < 1024; i++) {
        uint16_t device_id = (uint16_t)(64 * i + i % 64);
        machine_translate(&other, device_id, 0x6000, 8, AMDVI_ACCESS_READ);
    }
    expect_no_event(&other);
    machine_stop(&other);
    machine_stop(&machine);
}

/* Files of each version, written once by the version that introduced it. */
static void old_files_load(void)
{
    struct machine machine;
    struct state state;
    struct state again;
    char path[512];

    snprintf(path, sizeof(path), "%s/version-1.state", getenv("AMDVI_STATES"));
    FILE *file = fopen(path, "rb");
    if (file == NULL && getenv("AMDVI_WRITE_STATES") != NULL) {
        make_rich(&machine, &state);
        file = fopen(path, "wb");
        CHECK_U64(fwrite(state.bytes, 1, state.size_bytes, file), state.size_bytes);
        fclose(file);
        machine_stop(&machine);
        return;
    }
    if (!CHECK(file != NULL)) {
        printf("# cannot open %s\n", path);
        return;
    }
    state.size_bytes = fread(state.bytes, 1, sizeof(state.bytes), file);
    fclose(file);
    start_with(&machine, true, true);
    CHECK_U64(load(&machine, &state), AMDVI_OK);
    CHECK_U64(machine_reg(&machine, AMDVI_REG_DEV_TAB_BASE), 0x1001ff);
    CHECK_U64(machine_reg(&machine, AMDVI_REG_CMD_BUF_BASE), UINT64_C(0x0800000000400000));
    CHECK_U64(machine_reg(&machine, AMDVI_REG_EVENT_LOG_BASE), UINT64_C(0x0800000000500000));
    CHECK_U64(machine_reg(&machine, AMDVI_REG_CONTROL), 0x145d);
    CHECK_U64(machine_reg(&machine, AMDVI_REG_CMD_BUF_HEAD), 0x20);
    CHECK_U64(machine_reg(&machine, AMDVI_REG_CMD_BUF_TAIL), 0x40);
    CHECK_U64(machine_reg(&machine, AMDVI_REG_EVENT_LOG_TAIL), 0x20);
    CHECK_U64(machine_reg(&machine, AMDVI_REG_STATUS), 0x1a);
    CHECK_U64(amdvi_iommu_cap_read(machine.iommu, 4, 4), 0xfed94001);
    CHECK_U64(machine.iotlb_requests, 2);
    CHECK_U64(machine.iotlb_request[1].first_iova, 0x6000);
    CHECK_U64(machine.timer_ns, 6 * MS);
    save(&machine, &again);
    CHECK_U64(again.size_bytes, state.size_bytes);
    CHECK(memcmp(again.bytes, state.bytes, state.size_bytes) == 0);
    machine_stop(&machine);
}

static const struct check_case cases[] = {
    {"all registers and the capability block are kept", NULL, registers_are_kept},
    {"a COMPLETION_WAIT that is parked completes elsewhere, once", "1.20 COMPLETION_WAIT",
     a_parked_wait_completes_once_elsewhere},
    {"an event log that has overflown stays stopped, and no event is lost or repeated",
     "1.20 event log", an_overflown_log_stays_so},
    {"invalidate requests in flight are sent again, with their tags and the time that is left",
     "1.20 INVALIDATE_IOTLB_PAGES", invalidations_in_flight_are_sent_again},
    {"what SE remembers is kept", "1.20 device table entry", what_was_logged_once_stays_logged},
    {"the pre-boot block is kept, and so is its end", NULL, the_preboot_block_is_kept},
    {"nothing that was cached before is used after loading", NULL, caches_are_empty_after_loading},
    {"a state of any other length is refused", NULL, other_lengths_are_refused},
    {"with any one bit changed, a state is refused without effect, or means what it says", NULL,
     a_changed_bit_is_refused_or_faithful},
    {"a state after which the numbers of invalidate requests would begin again is refused", NULL,
     tags_do_not_begin_again},
    {"the state of an IOMMU with other features is refused", NULL, another_iommu_is_refused},
    {"the largest state fits into the bytes that are promised, and loads", NULL,
     the_largest_state_fits},
    {"files of earlier versions load", NULL, old_files_load},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
