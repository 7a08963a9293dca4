/* SPDX-License-Identifier: BSD-2-Clause */
/* Does an answer of the library agree with the oracle's? */
#include "verdict.h"

#include <string.h>

/*
 * Is the event there if, and only if, it is due? *@state is what is known of the device's first
 * event, and becomes what is known after.
 */
static const char *compare_event(const struct oracle_event *due, bool quiet,
                                 enum first_event *state, const struct answer *got)
{
    bool may_be_missing = quiet || !due->due || (due->first_only && *state != FIRST_TO_COME);
    bool may_be_there = !quiet && due->due && !(due->first_only && *state == FIRST_LOGGED);

    if (got->events > 1) {
        return "more than one event";
    }
    if (got->events == 1 && !may_be_there) {
        return "an event that is not due";
    }
    if (got->events == 0 && !may_be_missing) {
        return "the event is missing";
    }
    if (got->events == 1 && memcmp(got->event, due->bytes, 16) != 0) {
        return "another event";
    }
    if (!quiet && due->due && due->counts) {
        *state = FIRST_LOGGED;
    }
    return NULL;
}

/* Where another rule begins, as far as addresses go: the edges of all special ranges. */
static const uint64_t edges[] = {
    UINT64_C(0x00fee00000),  UINT64_C(0x00fef00000), UINT64_C(0xfd00000000), UINT64_C(0xfdf8000000),
    UINT64_C(0xfdf9000000),  UINT64_C(0xfdf9100000), UINT64_C(0xfdf9200000), UINT64_C(0xfdfb000000),
    UINT64_C(0xfdfc000000),  UINT64_C(0xfdfe000000), UINT64_C(0xfe00000000), UINT64_C(0xfe20000000),
    UINT64_C(0x10000000000),
};
#define EDGES  (sizeof(edges) / sizeof(edges[0]))
#define PROBES (5 + 2 * EDGES + 4)

/*
 * Addresses of the block of 2^@log2 bytes around @iova to look at: its ends, some at random, and
 * what is in it of the edges of the special ranges and of the exclusion range, both sides of each.
 */
static unsigned probes_of(const struct oracle_machine *machine, uint64_t iova, unsigned log2,
                          uint64_t probe[PROBES])
{
    uint64_t mask = (UINT64_C(1) << log2) - 1;
    uint64_t first = iova & ~mask;
    uint64_t base = machine->exclusion_base & UINT64_C(0x000ffffffffff000);
    uint64_t behind = (machine->exclusion_limit & UINT64_C(0x000ffffffffff000)) + 4096;
    uint64_t any = iova;
    uint64_t maybe[2 * EDGES + 4];
    unsigned count = 0;

    probe[count++] = first;
    probe[count++] = first | mask;
    for (unsigned i = 0; i < 3; i++) {
        any = (any ^ (any >> 31) ^ log2) * UINT64_C(0x9e3779b97f4a7c15);
        probe[count++] = first | ((any >> 12) & mask);
    }
    for (unsigned i = 0; i < EDGES; i++) {
        maybe[2 * i] = edges[i] - 1;
        maybe[2 * i + 1] = edges[i];
    }
    maybe[2 * EDGES] = base - 1;
    maybe[2 * EDGES + 1] = base;
    maybe[2 * EDGES + 2] = behind - 1;
    maybe[2 * EDGES + 3] = behind;
    for (unsigned i = 0; i < 2 * EDGES + 4; i++) {
        if ((maybe[i] & ~mask) == first) {
            probe[count++] = maybe[i];
        }
    }
    return count;
}

/* The interrupt range that @iova is in, 0 when in none. */
static uint64_t interrupt_range(uint64_t iova)
{
    if (iova >> 20 == 0xfee) {
        return 1;
    }
    return iova >> 24 == 0xfdf8 ? 2 : 0;
}

/*
 * Is @iova, of a translated granule, as the oracle sees it: same distance, same permissions? Writes
 * are of the request's own class.
 */
static bool is_alike(const struct oracle_machine *machine, const struct request *request,
                     const struct amdvi_translation *got, uint64_t iova)
{
    for (unsigned access = 1; access <= 2; access++) {
        struct oracle_dma dma = request->dma;
        dma.iova = iova;
        dma.read = access == 1;
        dma.write = access == 2;
        struct oracle_dma_answer answer = oracle_dma(machine, &dma);
        bool allowed = access == 1 ? got->read : got->write;
        if (answer.outcome == ORACLE_INTERRUPT) {
            if (interrupt_range(request->dma.iova) != interrupt_range(iova)) {
                return false;
            }
            continue; /* what the granule allows is about atomics then */
        }
        if ((answer.outcome == ORACLE_TRANSLATED) != allowed) {
            return false;
        }
        if (allowed && (answer.spa - iova != got->spa - request->dma.iova ||
                        answer.force_coherent != got->force_coherent)) {
            return false;
        }
    }
    return true;
}

static const char *compare_granule(const struct oracle_machine *machine,
                                   const struct request *request,
                                   const struct amdvi_translation *got)
{
    uint64_t probe[PROBES];

    if (got->granule_log2 < 12 || got->granule_log2 > 52) {
        return "granule_log2 is none";
    }
    unsigned count = probes_of(machine, request->dma.iova, got->granule_log2, probe);
    for (unsigned i = 0; i < count; i++) {
        if (!is_alike(machine, request, got, probe[i])) {
            return i == 0   ? "the first page of the granule differs"
                   : i == 1 ? "the last page of the granule differs"
                            : "a page of the granule differs";
        }
    }
    return NULL;
}

/* The run may leave the granule, as long as this access lands at the same distance, or in the same
 * range of interrupts. */
static const char *compare_run(const struct oracle_machine *machine, const struct request *request,
                               const struct amdvi_translation *got)
{
    uint64_t last = request->dma.iova + got->run_bytes - 1;
    struct oracle_dma dma = request->dma;

    while (dma.iova >> 12 != last >> 12) {
        dma.iova = ((dma.iova >> 12) + 1) << 12;
        struct oracle_dma_answer answer = oracle_dma(machine, &dma);
        if (got->outcome == AMDVI_OUTCOME_INTERRUPT) {
            if (interrupt_range(dma.iova) != interrupt_range(request->dma.iova)) {
                return "a page of the run is another range";
            }
        } else if (answer.outcome != ORACLE_TRANSLATED ||
                   answer.spa - dma.iova != got->spa - request->dma.iova) {
            return "a page of the run differs";
        }
    }
    return NULL;
}

static const char *compare_dma(const struct oracle_machine *machine, const struct request *request,
                               const struct oracle_dma_answer *want, const struct answer *got)
{
    static const enum amdvi_outcome outcome[3] = {
        [ORACLE_TRANSLATED] = AMDVI_OUTCOME_TRANSLATED,
        [ORACLE_ABORTED] = AMDVI_OUTCOME_ABORTED,
        [ORACLE_INTERRUPT] = AMDVI_OUTCOME_INTERRUPT,
    };
    const struct amdvi_translation *dma = &got->dma;
    uint64_t of_page = 4096 - request->dma.iova % 4096;
    uint64_t least = of_page < request->size_bytes ? of_page : request->size_bytes;

    if (dma->outcome != outcome[want->outcome]) {
        return "another outcome";
    }
    if (want->outcome == ORACLE_TRANSLATED && got->host_run < least) {
        least = got->host_run;
    }
    if (dma->run_bytes < least || dma->run_bytes > request->size_bytes ||
        (want->outcome == ORACLE_ABORTED && dma->run_bytes != least)) {
        return "run_bytes is wrong";
    }
    if (want->outcome == ORACLE_ABORTED) {
        return NULL;
    }
    if (want->outcome == ORACLE_INTERRUPT) {
        return compare_run(machine, request, dma);
    }
    if (dma->spa != want->spa) {
        return "another spa";
    }
    if (dma->read != want->read || dma->write != want->write) {
        return "other permissions";
    }
    if (dma->force_coherent != want->force_coherent) {
        return "another force_coherent";
    }
    const char *why = compare_granule(machine, request, dma);
    return why != NULL ? why : compare_run(machine, request, dma);
}

static const char *compare_ats_byte(const struct oracle_ats_answer *want,
                                    const struct amdvi_ats_completion *got, uint64_t offset)
{
    if (want->status != ORACLE_ATS_SUCCESS) {
        return "the block reaches where no answer is given";
    }
    if (got->read != want->read || got->write != want->write) {
        return "other permissions";
    }
    if (got->untranslated != want->untranslated_only) {
        return "another U";
    }
    if (got->force_coherent != want->force_coherent) {
        return "another N";
    }
    return got->spa + offset != want->spa ? "another spa" : NULL;
}

static const char *compare_ats(const struct oracle_machine *machine, const struct request *request,
                               const struct oracle_ats_answer *want, const struct answer *answer)
{
    static const enum amdvi_ats_status status[3] = {
        [ORACLE_ATS_SUCCESS] = AMDVI_ATS_SUCCESS,
        [ORACLE_ATS_UNSUPPORTED_REQUEST] = AMDVI_ATS_UNSUPPORTED_REQUEST,
        [ORACLE_ATS_COMPLETER_ABORT] = AMDVI_ATS_COMPLETER_ABORT,
    };
    const struct amdvi_ats_completion *got = &answer->ats;
    uint64_t probe[PROBES];

    if (got->status != status[want->status]) {
        return "another status";
    }
    if (want->status != ORACLE_ATS_SUCCESS) {
        return NULL;
    }
    if (!want->read && !want->write) { /* the other members are 0 then */
        return got->read || got->write || got->untranslated || got->force_coherent ||
                       got->size_log2 != 0 || got->spa != 0
                   ? "an answer of nothing has something"
                   : NULL;
    }
    if (got->size_log2 < 12 || got->size_log2 > 52) {
        return "size_log2 is none";
    }
    uint64_t mask = (UINT64_C(1) << got->size_log2) - 1;
    if ((got->spa & mask) != 0) {
        return "spa is not that of a block";
    }
    const char *why = compare_ats_byte(want, got, request->dma.iova & mask);
    unsigned count = probes_of(machine, request->dma.iova, got->size_log2, probe);
    for (unsigned i = 0; i < count && why == NULL; i++) {
        struct oracle_ats ats = {.device_id = request->dma.device_id, .iova = probe[i]};
        struct oracle_ats_answer other = oracle_ats(machine, &ats);
        if (compare_ats_byte(&other, got, probe[i] & mask) != NULL) {
            why = "an address of the block differs";
        }
    }
    return why;
}

static const char *compare_msi(const struct oracle_msi_answer *want, const struct answer *got)
{
    if ((got->msi.outcome == AMDVI_OUTCOME_TRANSLATED) != (want->outcome == ORACLE_TRANSLATED) ||
        got->msi.outcome == AMDVI_OUTCOME_INTERRUPT) {
        return "another outcome";
    }
    if (want->outcome != ORACLE_TRANSLATED) {
        return NULL;
    }
    if (got->msi.address != want->address || got->msi.data != want->data) {
        return "another message";
    }
    return got->msi.remapped != want->remapped ? "remapped is wrong" : NULL;
}

const char *verdict(const struct oracle_machine *machine, const struct request *request,
                    const struct answer *got, enum first_event *state, enum oracle_cause *cause)
{
    const char *why;

    if (request->is_ats) {
        struct oracle_ats ats = {.device_id = request->dma.device_id, .iova = request->dma.iova};
        struct oracle_ats_answer want = oracle_ats(machine, &ats);
        *cause = want.cause;
        why = compare_ats(machine, request, &want, got);
        return why != NULL ? why : compare_event(&want.event, false, state, got);
    }
    if (request->is_interrupt) {
        struct oracle_msi_answer want = oracle_msi(machine, &request->msi);
        *cause = want.cause;
        why = compare_msi(&want, got);
        return why != NULL ? why : compare_event(&want.event, false, state, got);
    }
    struct oracle_dma_answer want = oracle_dma(machine, &request->dma);
    *cause = want.cause;
    why = compare_dma(machine, request, &want, got);
    if (why != NULL) {
        return why;
    }
    return compare_event(&want.event, request->quiet || request->peek, state, got);
}
