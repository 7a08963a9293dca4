/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library against the oracle: random scenes, random requests, and every answer compared in all
 * its parts, the bytes of the event included. With caches, a change is followed by its
 * invalidations and a COMPLETION_WAIT before the answers must agree again; one case looks at the
 * time between, when the answer of before and that of after are legal and no other.
 *
 * Scenes take turns on IOMMUs with and without HtTunnel and HtAtsResv, with and without host->map;
 * all have IotlbSup. With host->map, the layout of the memory changes too (layout.h).
 *
 * usage: test_differential [--seconds N] [--seed N] [--case N --scene N]
 *
 * The first difference of a case ends it, and prints what it takes to see it again: scenes depend
 * on nothing but the seed, the case and their number.
 */
#include "differential.h"

#include <check.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LEAST_SCENES 24U /* of a case, however slow: enough to meet every answer */

struct differential_run run = {.seconds = 2, .seed = 1};

static double now(void)
{
    struct timespec time;

    (void)timespec_get(&time, TIME_UTC);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct random_source *dice(struct test *test)
{
    return &test->scene->random;
}

bool percent(struct test *test, unsigned of_hundred)
{
    return random_percent(dice(test), of_hundred);
}

/* Where host->map looks; NULL without it. */
static struct layout *host_layout(struct test *test)
{
    return test->machine->map == NULL ? NULL : test->layout;
}

/* ---- Driving the library --------------------------------------------------------------------- */

void queue_command(struct test *test, uint64_t word0, uint64_t word1)
{
    machine_write64(test->machine, MACHINE_COMMANDS + test->command_tail, word0);
    machine_write64(test->machine, MACHINE_COMMANDS + test->command_tail + 8, word1);
    test->command_tail = (test->command_tail + 16) % 4096;
}

void kick(struct test *test)
{
    amdvi_iommu_mmio_write(test->machine->iommu, 0x2008, 8, test->command_tail);
}

static bool wait_completed(struct test *test)
{
    amdvi_reader_release(test->machine->reader);
    queue_command(test, (UINT64_C(1) << 60) | MACHINE_STORE | 1, ++test->store_word);
    kick(test);
    amdvi_reader_release(test->machine->reader);
    return machine_read64(test->machine, MACHINE_STORE) == test->store_word;
}

void take_events(struct test *test, struct answer *answer)
{
    uint64_t head = amdvi_iommu_mmio_read(test->machine->iommu, 0x2010, 8);
    uint64_t tail = amdvi_iommu_mmio_read(test->machine->iommu, 0x2018, 8);

    answer->events = 0;
    while (head != tail) {
        memcpy(answer->event, test->machine->memory + MACHINE_EVENTS + head, 16);
        memset(test->machine->memory + MACHINE_EVENTS + head, 0xee, 16);
        head = (head + 16) % 4096;
        amdvi_iommu_mmio_write(test->machine->iommu, 0x2010, 8, head);
        answer->events++;
    }
}

struct amdvi_request request_of(const struct request *request)
{
    return (struct amdvi_request){
        .device_id = request->dma.device_id,
        .access = (enum amdvi_access)((request->dma.read ? 1 : 0) + (request->dma.write ? 2 : 0)),
        .iova = request->dma.iova,
        .size_bytes = request->size_bytes,
        .quiet = request->quiet,
        .translated = request->dma.translated,
        .non_posted = request->dma.non_posted,
        .intx_message = request->dma.intx_message,
        .from_tunnel = request->dma.from_tunnel,
    };
}

static void ask(struct test *test, const struct request *request, struct answer *answer)
{
    struct amdvi_request dma = request_of(request);
    struct amdvi_interrupt msi = {.device_id = request->msi.device_id,
                                  .address = request->msi.address,
                                  .data = request->msi.data,
                                  .from_tunnel = request->msi.from_tunnel};
    enum amdvi_status status;

    memset(answer, 0, sizeof(*answer));
    if (request->is_interrupt) {
        status = amdvi_iommu_remap(test->machine->reader, &msi, &answer->msi);
    } else if (request->is_ats) {
        status =
            amdvi_iommu_ats_translate(test->machine->reader, dma.device_id, dma.iova, &answer->ats);
    } else if (request->peek) {
        status = amdvi_iommu_peek(test->machine->iommu, &dma, &answer->dma);
    } else {
        status = amdvi_iommu_translate(test->machine->reader, &dma, &answer->dma);
    }
    take_events(test, answer);
    answer->host_run =
        host_run_of(host_layout(test), answer->dma.spa, request->dma.write, request->size_bytes);
    if (!CHECK_U64(status, AMDVI_OK)) {
        test->failed = true;
    }
}

/* ---- Requests -------------------------------------------------------------------------------- */

static void any_access(struct test *test, struct oracle_dma *dma)
{
    uint64_t access = random_below(dice(test), 7);

    dma->read = access < 3 || access == 6;
    dma->write = access >= 3;
}

/* Delivery mode and vector, or message type and vector, in whichever form the interrupt has. */
static uint32_t index_of(const struct oracle_msi *msi)
{
    if (msi->address >> 24 == 0xfdf8) {
        return (uint32_t)(((msi->address >> 2) & 7) << 8 | ((msi->address >> 16) & 0xff));
    }
    return msi->data & 0x7ff;
}

static void set_index(struct oracle_msi *msi, uint32_t data)
{
    if (msi->address >> 24 == 0xfdf8) {
        msi->address &= ~UINT64_C(0xff001c);
        msi->address |= (uint64_t)(data & 0xff) << 16 | (uint64_t)((data >> 8) & 7) << 2;
    } else {
        msi->data = data;
    }
}

static void any_interrupt(struct test *test, struct oracle_msi *msi)
{
    msi->device_id = scene_device(test->scene);
    msi->address = UINT64_C(0xfee00000) + random_below(dice(test), 1 << 20);
    if (percent(test, 35)) {
        msi->address = UINT64_C(0xfdf8000000) + random_below(dice(test), 1 << 24);
        if (percent(test, 75)) {
            msi->address &= ~UINT64_C(0x80);
        }
        msi->data = (uint32_t)random_u64(dice(test)); /* nobody looks at it */
    }
    set_index(msi, scene_data(test->scene, msi->device_id));
    msi->from_tunnel = percent(test, 15);
}

/* What else there is to say of an access. */
static void any_class(struct test *test, struct oracle_dma *dma)
{
    if (percent(test, 40)) {
        dma->non_posted = dma->intx_message = dma->translated = dma->from_tunnel = false;
        return; /* what the fast path is for */
    }
    dma->non_posted = percent(test, 20);
    dma->intx_message = percent(test, 30);
    dma->translated = percent(test, 12);
    dma->from_tunnel = percent(test, 10);
}

static void any_request(struct test *test, struct request *request)
{
    uint64_t kind = random_below(dice(test), 100);

    memset(request, 0, sizeof(*request));
    request->is_interrupt = kind < 25;
    request->is_ats = kind >= 25 && kind < 50;
    if (request->is_interrupt) {
        any_interrupt(test, &request->msi);
        return;
    }
    request->dma.device_id = scene_device(test->scene);
    request->dma.iova = scene_iova(test->scene, request->dma.device_id);
    any_access(test, &request->dma);
    any_class(test, &request->dma);
    if (!request->is_ats) {
        request->quiet = percent(test, 6);
        request->peek = percent(test, 6);
    }
}

/* One that the change is about. */
static void request_of_change(struct test *test, struct request *request)
{
    const struct scene_change *change = &test->change;
    uint64_t offset = random_u64(dice(test)) >> random_below(dice(test), 52);

    any_request(test, request);
    if (change->kind == SCENE_CHANGE_INTERRUPT) {
        *request = (struct request){.is_interrupt = true};
        any_interrupt(test, &request->msi);
        request->msi.device_id = change->device_id;
        set_index(&request->msi, change->data);
    } else if (!request->is_interrupt && change->kind == SCENE_CHANGE_PAGE) {
        request->dma.device_id = change->device_id;
        if (change->iova_log2 < 64) {
            offset &= (UINT64_C(1) << change->iova_log2) - 1;
        }
        request->dma.iova = change->iova + offset;
    } else if (request->is_interrupt) {
        request->msi.device_id = change->device_id;
    } else {
        request->dma.device_id = change->device_id;
        request->dma.iova = scene_iova(test->scene, change->device_id);
    }
}

/* The page of the last request again, or its neighbour. */
static void request_nearby(struct test *test, struct request *request)
{
    *request = test->history[(test->history_count - 1) % HISTORY];
    request->dma.iova ^= random_below(dice(test), percent(test, 20) ? 8192 : 4096);
    if (percent(test, 60)) {
        any_access(test, &request->dma);
    }
    if (percent(test, 30)) {
        any_class(test, &request->dma);
    }
}

static void next_request(struct test *test, struct request *request)
{
    uint64_t choice = random_below(dice(test), 100);
    uint64_t most;

    if (percent(test, 25) && test->history_count != 0) {
        request_nearby(test, request);
    } else if (choice < 40 && test->history_count != 0) {
        unsigned kept = test->history_count < HISTORY ? test->history_count : HISTORY;
        *request = test->history[random_below(dice(test), kept)];
        if (percent(test, 30)) {
            any_access(test, &request->dma);
            any_class(test, &request->dma);
        }
        if (percent(test, 15) && !request->is_interrupt) {
            request->is_ats = !request->is_ats;
            request->quiet = false;
            request->peek = false;
        }
        if (percent(test, 10)) {
            request->dma.device_id = scene_device(test->scene);
        }
    } else if (choice < (test->pending ? 90U : 60U) && test->change.stores != 0) {
        request_of_change(test, request);
    } else {
        any_request(test, request);
    }
    request->size_bytes = 1 + (random_u64(dice(test)) >> (50 + random_below(dice(test), 13)));
    most = UINT64_MAX - request->dma.iova;
    if ((test->pending || test->racing) && most > 4095 - request->dma.iova % 4096) {
        most = 4095 - request->dma.iova % 4096; /* of two pages, one may be old and one new */
    }
    if (most != UINT64_MAX && request->size_bytes > most + 1) {
        request->size_bytes = most + 1;
    }
    request->peek = request->peek && !test->racing; /* it must be the new answer, and may be late */
    test->history[test->history_count++ % HISTORY] = *request;
}

/*
 * One request, and all that it takes to judge the answer. While a change is pending, what it was
 * before is legal too; but never for a peek, which looks at no cache.
 */
void step_request(struct test *test)
{
    struct request request;
    struct answer got;
    enum oracle_cause cause;

    next_request(test, &request);
    step_host(test, &request);
    if (test->failed) {
        return;
    }
    uint16_t device_id = request_device(&request);
    ask(test, &request, &got);
    enum first_event state = test->first_event[device_id];
    bool unknown = state == FIRST_UNKNOWN && test->pending;
    if (request.is_interrupt) {
        scene_note_msi(test->scene, device_id, index_of(&request.msi));
    } else {
        scene_note_dma(test->scene, device_id, request.dma.iova);
    }
    test->requests++;
    const char *why = verdict(&test->scene->registers, &request, &got, &state, &cause);
    if (why != NULL && test->pending && !test->change.at_once && !request.peek) {
        state = test->first_event[device_id];
        scene_undo(test->scene, &test->change);
        const char *why_before = verdict(&test->scene->registers, &request, &got, &state, &cause);
        scene_redo(test->scene, &test->change);
        why = why_before == NULL ? NULL : why;
    }
    if (why == NULL && !request.is_interrupt && !request.is_ats) {
        why = verdict_translation_host(host_layout(test), &request, &got);
    }
    if (why != NULL) {
        print_difference(test, &request, &got, why);
        test->failed = true;
        return;
    }
    test->first_event[device_id] = (uint8_t)(unknown ? FIRST_UNKNOWN : state);
    run.met[cause]++;
}

/* ---- Changes --------------------------------------------------------------------------------- */

/* The commands of the change, @between requests before each; then the wait. */
static void invalidate(struct test *test, unsigned between)
{
    bool batch = percent(test, 50);
    bool asked_since = false;

    for (unsigned i = 0; i < test->change.commands; i++) {
        const uint64_t *command = test->change.command[i];
        queue_command(test, command[0], command[1]);
        if (!batch) {
            kick(test);
        }
        for (unsigned n = 0; n < between && !test->failed && percent(test, 50); n++) {
            step_request(test);
            asked_since = true;
        }
    }
    if (!wait_completed(test) && !test->failed) {
        printf("# --seed %" PRIu64 " --case %u --scene %" PRIu64 ", step %lu: the COMPLETION_WAIT "
               "does not complete\n",
               run.seed, test->case_number, test->scene_number, test->step);
        print_change(test);
        test->failed = true;
    }
    for (unsigned i = 0; i < test->change.commands; i++) {
        if (test->change.command[i][0] >> 60 == 2) {
            uint16_t device_id = (uint16_t)test->change.command[i][0];
            test->first_event[device_id] = asked_since ? FIRST_UNKNOWN : FIRST_TO_COME;
        }
    }
    test->pending = false;
}

static void step_change(struct test *test, bool look_between)
{
    if (!scene_change(test->scene, look_between, &test->change)) {
        return;
    }
    if (look_between) {
        test->pending = true;
        if (test->change.kind == SCENE_CHANGE_DEVICE) {
            test->first_event[test->change.device_id] = FIRST_UNKNOWN;
        }
        for (unsigned i = 0; i < 12 && !test->failed; i++) {
            step_request(test);
        }
    }
    if (test->change.commands != 0) {
        invalidate(test, look_between ? 4 : 0);
    }
    test->pending = false;
}

/* IommuEn or EventLogEn off for a while. Enabling empties all caches. */
static void step_control(struct test *test)
{
    bool enabled = percent(test, 60);

    scene_control(test->scene, enabled, enabled ? percent(test, 30) : percent(test, 80));
    for (unsigned i = 0; i < 4 && !test->failed; i++) {
        step_request(test);
    }
    for (unsigned i = 0; i < 6 && !enabled; i++) { /* without a command */
        (void)scene_change(test->scene, false, &test->change);
    }
    scene_control(test->scene, true, true);
    test->change.stores = 0;
}

static void run_scene(struct test *test, bool look_between)
{
    uint64_t state = run.seed * 1000 + test->case_number;

    /* Of two scenes on one IOMMU, one has trees. */
    struct bench *bench = &test->bench[test->scene_number / 2 % MACHINES];

    test->machine = &bench->machine;
    test->scene = &bench->scene;
    test->layout = &bench->layout;
    test->scene_seed = random_mix(&state) + test->scene_number;
    if (test->machine->map != NULL) {
        struct random_source random;
        random_start(&random, ~test->scene_seed);
        layout_begin(test->layout, &random);
    }
    scene_start(test->scene, test->machine, &bench->features, test->scene_seed,
                look_between || test->scene_number % 2 == 0);
    memset(test->first_event, FIRST_TO_COME, sizeof(test->first_event));
    test->change.stores = 0;
    test->change.commands = 0;
    test->pending = false;
    test->history_count = 0;
    test->command_tail = 0;
    for (test->step = 0; test->step < 1500 && !test->failed; test->step++) {
        uint64_t choice = random_below(dice(test), 1000);
        if (choice < 930) {
            step_request(test);
        } else if (choice < 940) {
            step_layout(test);
        } else if (choice < 955 && look_between) {
            step_race(test);
        } else if (choice < 985) {
            step_change(test, look_between);
        } else if (choice < 995) {
            scene_exclusion(test->scene);
        } else {
            step_control(test);
        }
    }
}

/* ---- Cases ----------------------------------------------------------------------------------- */

#define CASES 5

static void run_case(unsigned number, const struct machine_options *options, bool look_between)
{
    struct machine_options unprogrammed = *options;
    struct test *test = calloc(1, sizeof(*test));
    double end = now() + run.seconds / CASES;

    if (run.only_case != 0 && run.only_case != number) {
        check_skip("not asked for");
        free(test);
        return;
    }
    unprogrammed.unprogrammed = true;
    if (!CHECK(test != NULL)) {
        return;
    }
    for (unsigned i = 0; i < MACHINES; i++) {
        struct amdvi_config config;
        amdvi_config_init(&config);
        test->bench[i].features = config.features;
        test->bench[i].features.iotlb_sup = true;
        test->bench[i].features.ht_ats_resv = i % 2 != 0;
        test->bench[i].features.ht_tunnel = i / 2 % 2 != 0;
        unprogrammed.features = &test->bench[i].features;
        unprogrammed.host_pointers = i < MACHINES / 2;
        machine_start(&test->bench[i].machine, &unprogrammed);
        if (unprogrammed.host_pointers) {
            layout_start(&test->bench[i].layout, &test->bench[i].machine);
        }
    }
    test->case_number = number;
    test->scene_number = run.scene;
    do {
        run_scene(test, look_between);
        test->scene_number++;
    } while (!test->failed && (test->scene_number < run.scene + LEAST_SCENES || now() < end));
    CHECK(!test->failed);
    printf("# %lu requests in %" PRIu64 " scenes\n", test->requests,
           test->scene_number - run.scene);
    run.requests += test->requests;
    for (unsigned i = 0; i < MACHINES; i++) {
        if (test->bench[i].machine.map != NULL) {
            layout_stop(&test->bench[i].layout);
        }
        machine_stop(&test->bench[i].machine);
    }
    free(test);
}

static void agree_with_caches_off(void)
{
    run_case(1, &machine_cache_sizes[0], false);
}

static void agree_with_tiny_caches(void)
{
    run_case(2, &machine_cache_sizes[1], false);
}

static void agree_with_large_caches(void)
{
    run_case(3, &machine_cache_sizes[2], false);
}

static void agree_between_with_tiny_caches(void)
{
    run_case(4, &machine_cache_sizes[1], true);
}

static void agree_between_with_large_caches(void)
{
    run_case(5, &machine_cache_sizes[2], true);
}

static void every_answer_was_met(void)
{
    if (run.only_case != 0) {
        check_skip("not asked for");
        return;
    }
    for (unsigned cause = 0; cause < ORACLE_CAUSES; cause++) {
        if (!CHECK(run.met[cause] != 0)) {
            printf("# never met: %s\n", oracle_cause_names[cause]);
        }
    }
    if (run.seconds > 10) {
        for (unsigned cause = 0; cause < ORACLE_CAUSES; cause++) {
            printf("# %10lu %s\n", run.met[cause], oracle_cause_names[cause]);
        }
    }
}

static const struct check_case cases[] = {
    {"the library and the oracle agree, caches off", "1.20", agree_with_caches_off},
    {"the library and the oracle agree, caches tiny", "1.20", agree_with_tiny_caches},
    {"the library and the oracle agree, caches large", "1.20", agree_with_large_caches},
    {"between change and invalidation the answer is the old or the new one, caches tiny", "1.20",
     agree_between_with_tiny_caches},
    {"between change and invalidation the answer is the old or the new one, caches large", "1.20",
     agree_between_with_large_caches},
    {"every line of the oracle's tables was met", NULL, every_answer_was_met},
};

int main(int count, char **argument)
{
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(argument[i], "--seconds") == 0) {
            run.seconds = strtod(argument[i + 1], NULL);
        } else if (strcmp(argument[i], "--seed") == 0) {
            run.seed = strtoull(argument[i + 1], NULL, 0);
        } else if (strcmp(argument[i], "--scene") == 0) {
            run.scene = strtoull(argument[i + 1], NULL, 0);
        } else if (strcmp(argument[i], "--case") == 0) {
            run.only_case = (unsigned)strtoul(argument[i + 1], NULL, 0);
        } else {
            fprintf(stderr, "usage: %s [--seconds N] [--seed N] [--case N] [--scene N]\n",
                    argument[0]);
            return 2;
        }
    }
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
