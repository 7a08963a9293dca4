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

/* Is @iova, of a translated granule, as the oracle sees it: same distance, same permissions? */
static bool is_alike(const struct oracle_machine *machine, const struct request *request,
                     const struct amdvi_translation *got, uint64_t iova)
{
    for (unsigned access = 1; access <= 2; access++) {
        struct oracle_dma dma = {.device_id = request->dma.device_id,
                                 .iova = iova,
                                 .read = access == 1,
                                 .write = access == 2};
        struct oracle_dma_answer answer = oracle_dma(machine, &dma);
        bool allowed = access == 1 ? got->read : got->write;
        if (answer.outcome == ORACLE_INTERRUPT) {
            if (request->dma.iova >> 20 != iova >> 20) {
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
    uint64_t iova = request->dma.iova;
    uint64_t mask = got->granule_log2 >= 64 ? UINT64_MAX : (UINT64_C(1) << got->granule_log2) - 1;

    if (got->granule_log2 < 12 || got->granule_log2 > 52) {
        return "granule_log2 is none";
    }
    if (!is_alike(machine, request, got, iova & ~mask)) {
        return "the first page of the granule differs";
    }
    if (!is_alike(machine, request, got, iova | mask)) {
        return "the last page of the granule differs";
    }
    if (!is_alike(machine, request, got,
                  (iova & ~mask) | (iova * UINT64_C(0x9e3779b97f4a7c15) & mask))) {
        return "a page of the granule differs";
    }
    return NULL;
}

/* The run may leave the granule, as long as this access lands at the same distance. */
static const char *compare_run(const struct oracle_machine *machine, const struct request *request,
                               const struct amdvi_translation *got)
{
    uint64_t last = request->dma.iova + got->run_bytes - 1;
    struct oracle_dma dma = request->dma;

    while (dma.iova >> 12 != last >> 12) {
        dma.iova = ((dma.iova >> 12) + 1) << 12;
        struct oracle_dma_answer answer = oracle_dma(machine, &dma);
        if (answer.outcome != ORACLE_TRANSLATED ||
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
    if (dma->run_bytes < least || dma->run_bytes > request->size_bytes ||
        (want->outcome == ORACLE_ABORTED && dma->run_bytes != least)) {
        return "run_bytes is wrong";
    }
    if (want->outcome != ORACLE_TRANSLATED) {
        return NULL;
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
