/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The differential test, by way of host pointers: each access may also be asked through
 * amdvi_iommu_pointer() and amdvi_iommu_segments(), before the general call is.
 */
#include "differential.h"

#include <check.h>

#include <string.h>

static enum amdvi_access access_of(const struct request *request)
{
    return (enum amdvi_access)((request->dma.read ? 1 : 0) + (request->dma.write ? 2 : 0));
}

static void ask_host(struct test *test, const struct host_request *asked, struct host_answer *got)
{
    const struct oracle_dma *dma = &asked->request->dma;
    struct amdvi_reader *reader = test->machine->reader;
    struct amdvi_request request = request_of(asked->request);

    memset(got, 0, sizeof(*got));
    if (asked->capacity == 0) {
        got->pointer = amdvi_iommu_pointer(reader, dma->device_id, dma->iova,
                                           asked->request->size_bytes, access_of(asked->request));
    } else {
        CHECK_U64(
            amdvi_iommu_segments(reader, &request, got->segment, asked->capacity, &got->segments),
            AMDVI_OK);
    }
    take_events(test, &got->logged);
}

static void print_host(const struct test *test, const struct host_request *asked,
                       const struct host_answer *got, const char *why)
{
    print_difference(test, asked->request, &got->logged, why);
    if (asked->capacity == 0) {
        printf("#   pointer %p\n", got->pointer);
    }
    for (unsigned i = 0; i < got->segments.count; i++) {
        printf("#   segment %p %" PRIu64 "\n", got->segment[i].host, got->segment[i].size_bytes);
    }
    printf("#   capacity %u, %" PRIu64 " bytes, then outcome %d; places %p and %p%s\n",
           asked->capacity, got->segments.size_bytes, (int)got->segments.outcome,
           (void *)test->layout->place[0], (void *)test->layout->place[1],
           test->layout->place[0] == NULL ? ", not mapped" : "");
}

/* As step_request() in test_differential.c. */
static void judge(struct test *test, const struct host_request *asked,
                  const struct host_answer *got)
{
    const struct oracle_machine *registers = &test->scene->registers;
    struct layout *layout = test->machine->map == NULL ? NULL : test->layout;
    uint16_t device_id = asked->request->dma.device_id;
    enum first_event state = test->first_event[device_id];
    bool unknown = state == FIRST_UNKNOWN && test->pending;
    const char *why = verdict_host(registers, layout, asked, got, &state);

    if (why != NULL && test->pending && !test->change.at_once) {
        state = test->first_event[device_id];
        scene_undo(test->scene, &test->change);
        const char *why_before = verdict_host(registers, layout, asked, got, &state);
        scene_redo(test->scene, &test->change);
        why = why_before == NULL ? NULL : why;
    }
    if (why != NULL) {
        print_host(test, asked, got, why);
        test->failed = true;
        return;
    }
    test->first_event[device_id] = (uint8_t)(unknown ? FIRST_UNKNOWN : state);
}

void step_host(struct test *test, const struct request *request)
{
    struct request aloud = *request;
    struct host_request asked = {.request = &aloud};
    struct host_answer got;

    aloud.peek = false;
    if (!request->is_interrupt && !request->is_ats && percent(test, 50)) {
        ask_host(test, &asked, &got);
        judge(test, &asked, &got);
    }
    /* Between two runs of one page the answer may change from old to new. */
    bool is_changing = test->pending || test->racing;
    bool is_one = !is_changing || !layout_is_odd(test->layout);
    if (!request->is_interrupt && !request->is_ats && is_one && !test->failed &&
        percent(test, 25)) {
        asked.capacity = 1 + (unsigned)random_below(&test->scene->random, HOST_SEGMENTS);
        if (!is_changing && percent(test, 2)) {
            uint64_t most = UINT64_MAX - aloud.dma.iova;
            uint64_t size_bytes = 1 + random_below(&test->scene->random, UINT64_C(0x300000));
            aloud.size_bytes = size_bytes <= most ? size_bytes : most + 1;
            aloud.size_bytes = aloud.size_bytes == 0 ? 1 : aloud.size_bytes;
        }
        ask_host(test, &asked, &got);
        judge(test, &asked, &got);
    }
}

/*
 * The library asks for a pointer, so it has read tables, and has filled nothing yet. Its reader is
 * online: the wait cannot complete.
 */
static void change_meanwhile(void *ctx)
{
    struct test *test = ctx;
    struct scene_change *change = &test->change;

    if (!scene_change(test->scene, true, change)) {
        return;
    }
    change->at_once = false;
    test->pending = true;
    if (change->kind == SCENE_CHANGE_DEVICE) {
        test->first_event[change->device_id] = FIRST_UNKNOWN;
    }
    for (unsigned i = 0; i < change->commands; i++) {
        queue_command(test, change->command[i][0], change->command[i][1]);
    }
    queue_command(test, (UINT64_C(1) << 60) | MACHINE_STORE | 1, ++test->store_word);
    kick(test);
    if (change->commands != 0 && machine_read64(test->machine, MACHINE_STORE) == test->store_word) {
        printf("# the COMPLETION_WAIT is complete during a request\n");
        test->failed = true;
    }
}

void step_race(struct test *test)
{
    if (test->machine->map == NULL) {
        return;
    }
    amdvi_reader_release(test->machine->reader);
    test->racing = true;
    test->layout->meanwhile = change_meanwhile;
    test->layout->meanwhile_ctx = test;
    for (unsigned i = 0; i < 4 && !test->pending && !test->failed; i++) {
        step_request(test);
    }
    test->layout->meanwhile = NULL;
    test->racing = false;
    if (!test->pending) {
        return;
    }
    amdvi_reader_release(test->machine->reader);
    if (machine_read64(test->machine, MACHINE_STORE) != test->store_word) {
        printf("# the COMPLETION_WAIT is not complete after the release\n");
        test->failed = true;
    }
    test->pending = false;
    for (unsigned i = 0; i < 6 && !test->failed; i++) {
        step_request(test);
    }
}

void step_layout(struct test *test)
{
    uint64_t spa;
    uint64_t size_bytes;

    if (test->machine->map == NULL) {
        return;
    }
    layout_move(test->layout, &test->scene->random, &spa, &size_bytes);
    uint64_t ticket = amdvi_iommu_memory_changed(test->machine->iommu, spa, size_bytes);
    bool is_early = amdvi_iommu_is_drained(test->machine->iommu, ticket);
    amdvi_reader_release(test->machine->reader);
    if (is_early || !amdvi_iommu_is_drained(test->machine->iommu, ticket)) {
        printf("# --seed %" PRIu64 " --case %u --scene %" PRIu64 ", step %lu: drained too %s\n",
               run.seed, test->case_number, test->scene_number, test->step,
               is_early ? "early" : "late");
        test->failed = true;
    }
}
