/* SPDX-License-Identifier: BSD-2-Clause */
/* A difference that the differential test found, with all that it takes to judge it. */
#include "differential.h"

#include <inttypes.h>
#include <stdio.h>

uint16_t request_device(const struct request *request)
{
    return request->is_interrupt ? request->msi.device_id : request->dma.device_id;
}

static void print_event(const char *what, bool there, const uint8_t bytes[16])
{
    uint64_t word[2] = {0, 0};

    for (unsigned i = 0; i < 16; i++) {
        word[i / 8] |= (uint64_t)bytes[i] << (8 * (i % 8));
    }
    if (there) {
        printf("#   %s event %016" PRIx64 " %016" PRIx64 "\n", what, word[0], word[1]);
    } else {
        printf("#   %s no event\n", what);
    }
}

static void print_steps(const struct oracle_step *step, unsigned steps)
{
    for (unsigned i = 0; i < steps; i++) {
        printf("#   level %u: %016" PRIx64 " holds %016" PRIx64 "\n", step[i].level, step[i].spa,
               step[i].entry);
    }
}

static void print_ats(const struct test *test, const struct request *request,
                      const struct answer *got)
{
    struct oracle_ats ats = {.device_id = request->dma.device_id, .iova = request->dma.iova};
    struct oracle_ats_answer want = oracle_ats(&test->scene->registers, &ats);

    printf("#   translation request: device %04x iova %016" PRIx64 "\n", ats.device_id, ats.iova);
    print_steps(want.step, want.steps);
    printf("#   oracle:  status %d (%s) spa %016" PRIx64 " r%d w%d u%d n%d\n", (int)want.status,
           oracle_cause_names[want.cause], want.spa, want.read, want.write, want.untranslated_only,
           want.force_coherent);
    print_event("oracle: ", want.event.due, want.event.bytes);
    printf("#   library: status %d spa of the block %016" PRIx64 " r%d w%d u%d n%d 2^%u%s\n",
           (int)got->ats.status, got->ats.spa, got->ats.read, got->ats.write, got->ats.untranslated,
           got->ats.force_coherent, got->ats.size_log2, got->ats.cached ? ", cached" : "");
}

static void print_dma(const struct test *test, const struct request *request,
                      const struct answer *got)
{
    const struct oracle_dma *dma = &request->dma;
    struct oracle_dma_answer want = oracle_dma(&test->scene->registers, dma);
    static const char *const outcome[3] = {"translated", "aborted", "interrupt"};

    printf("#   request%s%s: device %04x iova %016" PRIx64 " size %" PRIu64 "%s%s%s%s%s%s\n",
           request->quiet ? " (quiet)" : "", request->peek ? " (peek)" : "", dma->device_id,
           dma->iova, request->size_bytes, dma->read ? " read" : "", dma->write ? " write" : "",
           dma->non_posted ? " non-posted" : "", dma->intx_message ? " intx" : "",
           dma->translated ? " translated" : "", dma->from_tunnel ? " tunnel" : "");
    print_steps(want.step, want.steps);
    printf("#   oracle:  %s (%s) spa %016" PRIx64 " r%d w%d fc%d page 2^%u%s\n",
           outcome[want.outcome], oracle_cause_names[want.cause], want.spa, want.read, want.write,
           want.force_coherent, want.page_log2, want.event.first_only ? ", SE" : "");
    print_event("oracle: ", want.event.due, want.event.bytes);
    printf("#   library: %s spa %016" PRIx64 " r%d w%d fc%d granule 2^%u run %" PRIu64 "%s\n",
           outcome[got->dma.outcome == AMDVI_OUTCOME_TRANSLATED ? ORACLE_TRANSLATED
                   : got->dma.outcome == AMDVI_OUTCOME_ABORTED  ? ORACLE_ABORTED
                                                                : ORACLE_INTERRUPT],
           got->dma.spa, got->dma.read, got->dma.write, got->dma.force_coherent,
           got->dma.granule_log2, got->dma.run_bytes, got->dma.cached ? ", cached" : "");
}

static void print_msi(const struct test *test, const struct request *request,
                      const struct answer *got)
{
    const struct oracle_msi *msi = &request->msi;
    struct oracle_msi_answer want = oracle_msi(&test->scene->registers, msi);

    printf("#   interrupt: device %04x address %08" PRIx64 " data %08" PRIx32 "%s\n",
           msi->device_id, msi->address, msi->data, msi->from_tunnel ? " tunnel" : "");
    if (want.entry_spa != 0 && want.entry_spa < MACHINE_MEMORY_BYTES) {
        printf("#   entry %016" PRIx64 " in %016" PRIx64 "\n", want.entry_spa,
               machine_read64(test->machine, want.entry_spa & ~UINT64_C(7)));
    }
    printf("#   oracle:  %s (%s) %08" PRIx64 " %08" PRIx32 " remapped %d\n",
           want.outcome == ORACLE_TRANSLATED ? "sent" : "dropped", oracle_cause_names[want.cause],
           want.address, want.data, want.remapped);
    print_event("oracle: ", want.event.due, want.event.bytes);
    printf("#   library: %s %08" PRIx64 " %08" PRIx32 " remapped %d%s\n",
           got->msi.outcome == AMDVI_OUTCOME_TRANSLATED ? "sent" : "dropped", got->msi.address,
           got->msi.data, got->msi.remapped, got->msi.cached ? ", cached" : "");
}

void print_change(const struct test *test)
{
    const struct scene_change *change = &test->change;

    printf("#   last change%s: kind %d, device %04x, iova %016" PRIx64 " 2^%u\n",
           test->pending ? " (pending)" : "", (int)change->kind, change->device_id, change->iova,
           change->iova_log2);
    for (unsigned i = 0; i < change->stores && i < 8; i++) {
        printf("#     %016" PRIx64 ": %016" PRIx64 " -> %016" PRIx64 "\n", change->store[i].spa,
               change->store[i].before, change->store[i].after);
    }
    for (unsigned i = 0; i < change->commands && i < 8; i++) {
        printf("#     command %016" PRIx64 " %016" PRIx64 "\n", change->command[i][0],
               change->command[i][1]);
    }
}

void print_difference(const struct test *test, const struct request *request,
                      const struct answer *got, const char *why)
{
    const struct oracle_machine *registers = &test->scene->registers;
    uint16_t device_id = request_device(request);
    uint64_t spa = scene_dte_spa(test->scene, device_id);

    printf("# --seed %" PRIu64 " --case %u --scene %" PRIu64 ", step %lu: %s\n", run.seed,
           test->case_number, test->scene_number, test->step, why);
    printf("#   device table %016" PRIx64 " control %016" PRIx64 " exclusion %016" PRIx64
           " to %016" PRIx64 " bad page %08" PRIx64 "\n",
           registers->device_table, registers->control, registers->exclusion_base,
           registers->exclusion_limit, registers->bad_page);
    if (spa < MACHINE_MEMORY_BYTES) {
        printf("#   DTE %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64 "\n",
               machine_read64(test->machine, spa), machine_read64(test->machine, spa + 8),
               machine_read64(test->machine, spa + 16), machine_read64(test->machine, spa + 24));
    }
    printf("#   HtTunnel %d, HtAtsResv %d\n", registers->ht_tunnel, registers->ht_ats_resv);
    if (request->is_interrupt) {
        print_msi(test, request, got);
    } else if (request->is_ats) {
        print_ats(test, request, got);
    } else {
        print_dma(test, request, got);
    }
    print_event("library:", got->events != 0, got->event);
    printf("#   first event of the device (SE): %s\n",
           test->first_event[device_id] == FIRST_TO_COME  ? "to come"
           : test->first_event[device_id] == FIRST_LOGGED ? "logged"
                                                          : "unknown");
    print_change(test);
}
