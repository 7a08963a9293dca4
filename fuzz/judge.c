/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The differential test's oracle, asked about whatever the fuzzer made of tables and registers.
 * With no caches, what the library answers has to be what the tables say at that moment.
 */
#include "harness.h"

#include <oracle.h>
#include <verdict.h>

#include <amdvi/dte.h>
#include <amdvi/event.h>
#include <amdvi/interrupt.h>
#include <amdvi/ranges.h>

#include <string.h>

/* The oracle looks at each page of a run: not further than this. */
#define MAX_RUN_BYTES (24 * FUZZ_PAGE)

static bool is_ram(uint64_t spa, uint64_t size_bytes)
{
    return spa < FUZZ_BAD_PAGE && size_bytes <= FUZZ_BAD_PAGE - spa;
}

bool fuzz_log_takes(const struct fuzz_machine *machine)
{
    uint64_t base = fuzz_reg(machine, AMDVI_REG_EVENT_LOG_BASE);
    uint64_t tail = fuzz_reg(machine, AMDVI_REG_EVENT_LOG_TAIL);
    uint64_t bytes = amdvi_ring_bytes((unsigned)amdvi_get(base, AMDVI_EVENT_LOG_BASE_LEN));

    return (fuzz_reg(machine, AMDVI_REG_STATUS) & AMDVI_STATUS_EVENT_LOG_RUN) != 0 &&
           (tail + AMDVI_EVENT_BYTES) % bytes != fuzz_reg(machine, AMDVI_REG_EVENT_LOG_HEAD);
}

/* The oracle knows a log that is on or off; @log_takes says whether it has room as well. */
static struct oracle_machine oracle_of(const struct fuzz_machine *machine, bool log_takes)
{
    uint64_t control = fuzz_reg(machine, AMDVI_REG_CONTROL) & ~AMDVI_CONTROL_EVENT_LOG_EN;

    return (struct oracle_machine){
        .memory = machine->memory,
        .memory_bytes = FUZZ_MEMORY_BYTES,
        .bad_page = FUZZ_BAD_PAGE,
        .device_table = fuzz_reg(machine, AMDVI_REG_DEV_TAB_BASE),
        .control = control | (log_takes ? AMDVI_CONTROL_EVENT_LOG_EN : 0),
        .exclusion_base = fuzz_reg(machine, AMDVI_REG_EXCL_BASE),
        .exclusion_limit = fuzz_reg(machine, AMDVI_REG_EXCL_LIMIT),
    };
}

/* Guest memory and log as they were when the request came: before its event was written. */
static struct oracle_machine before_event(struct fuzz_machine *machine, struct answer *answer)
{
    bool log_took = machine->events != 0;

    answer->events = machine->events;
    memcpy(answer->event, machine->event, sizeof(answer->event));
    if (log_took && is_ram(machine->event_spa, sizeof(machine->overwritten))) {
        memcpy(&machine->memory[machine->event_spa], machine->overwritten,
               sizeof(machine->overwritten));
    }
    return oracle_of(machine, log_took || fuzz_log_takes(machine));
}

static void after_event(struct fuzz_machine *machine)
{
    if (machine->events != 0 && is_ram(machine->event_spa, sizeof(machine->event))) {
        memcpy(&machine->memory[machine->event_spa], machine->event, sizeof(machine->event));
    }
}

static bool is_size_encoded(const struct oracle_machine *oracle, const struct oracle_dma *dma)
{
    unsigned log2 = oracle_dma(oracle, dma).page_log2;

    return log2 != 0 && log2 != 64 && log2 % 9 != 3;
}

/*
 * Software may write different copies of an entry that NextLevel=7 wants equal. Then the first one
 * that is read speaks for all of its page, and the oracle, which looks at each, knows better.
 */
static bool is_excused(const struct oracle_machine *oracle, struct oracle_dma dma, uint64_t last)
{
    while (!is_size_encoded(oracle, &dma)) {
        if (dma.iova >> 12 == last >> 12) {
            return false;
        }
        dma.iova = ((dma.iova >> 12) + 1) << 12;
    }
    return true;
}

static const char *judge(struct fuzz_machine *machine, const struct request *request,
                         struct answer *answer)
{
    uint16_t device_id = request->is_interrupt ? request->msi.device_id : request->dma.device_id;
    uint8_t known = machine->events != 0 ? machine->first_before_event : machine->first[device_id];
    enum first_event state = known != 0 ? FIRST_LOGGED : FIRST_TO_COME;
    enum oracle_cause cause;
    struct oracle_machine oracle = before_event(machine, answer);
    const char *why = verdict(&oracle, request, answer, &state, &cause);

    if (why != NULL &&
        (strstr(why, "of the granule") != NULL || strstr(why, "of the run") != NULL) &&
        is_excused(&oracle, request->dma, request->dma.iova + (answer->dma.run_bytes - 1))) {
        why = NULL;
    }
    after_event(machine);
    return why;
}

/* Before software enables the IOMMU for the first time these devices reach nothing, silently. */
static bool is_preboot(const struct fuzz_machine *machine, uint16_t device_id)
{
    return machine->options.preboot && !machine->was_enabled && device_id >= 4 && device_id <= 6;
}

static bool is_maybe_preboot(const struct fuzz_machine *machine, uint16_t device_id)
{
    return machine->preboot_unknown && is_preboot(machine, device_id);
}

static bool has_iotlb(const struct fuzz_machine *machine, uint16_t device_id)
{
    uint64_t base = fuzz_reg(machine, AMDVI_REG_DEV_TAB_BASE) & AMDVI_DEV_TAB_BASE_BASE;
    uint64_t spa = base + (uint64_t)AMDVI_DTE_BYTES * device_id;

    return is_ram(spa, AMDVI_DTE_BYTES) && (fuzz_load(machine, spa) & AMDVI_DTE0_V) != 0 &&
           (fuzz_load(machine, spa + 8) & AMDVI_DTE1_I) != 0;
}

/* The oracle knows nothing of ATS and HyperTransport, and takes each write for a posted one. */
static bool is_known_to_oracle(const struct amdvi_request *request, uint64_t run_bytes)
{
    uint64_t first = request->iova;
    uint64_t last = first + (run_bytes - 1);
    bool meets_msi = last >= AMDVI_MSI_BASE && first < AMDVI_MSI_BASE + AMDVI_MSI_BYTES;
    bool meets_ht = last >= AMDVI_HT_RANGES_FIRST && first <= AMDVI_HT_RANGES_LAST;

    return !request->translated && !request->from_tunnel && !meets_ht &&
           !(meets_msi && request->non_posted);
}

static const char *judge_unknown(const struct fuzz_machine *machine,
                                 const struct amdvi_request *request,
                                 const struct amdvi_translation *got)
{
    bool is_on = (fuzz_reg(machine, AMDVI_REG_CONTROL) & AMDVI_CONTROL_IOMMU_EN) != 0;

    if (got->outcome != AMDVI_OUTCOME_TRANSLATED || !request->translated || !is_on ||
        request->from_tunnel) {
        return NULL;
    }
    if (got->spa != request->iova) {
        return "a translated request is translated";
    }
    return machine->events != 0 || has_iotlb(machine, request->device_id)
               ? NULL
               : "a translated request of a device that has no cache";
}

const char *fuzz_judge_dma(struct fuzz_machine *machine, const struct amdvi_request *request,
                           bool peek, const struct amdvi_translation *got)
{
    if (is_maybe_preboot(machine, request->device_id)) {
        return NULL;
    }
    if (is_preboot(machine, request->device_id)) {
        bool is_interrupt = got->outcome == AMDVI_OUTCOME_INTERRUPT;
        return (is_interrupt || got->outcome == AMDVI_OUTCOME_ABORTED) && machine->events == 0
                   ? NULL
                   : "not aborted in silence before the IOMMU is enabled";
    }
    if (!is_known_to_oracle(request,
                            got->run_bytes < MAX_RUN_BYTES ? got->run_bytes : MAX_RUN_BYTES)) {
        return judge_unknown(machine, request, got);
    }
    struct answer answer = {.dma = *got};
    if (answer.dma.run_bytes > MAX_RUN_BYTES) {
        answer.dma.run_bytes = MAX_RUN_BYTES;
    }
    struct request asked = {
        .quiet = request->quiet,
        .peek = peek,
        .size_bytes = request->size_bytes,
        .dma = {.device_id = request->device_id,
                .iova = request->iova,
                .read = (request->access & AMDVI_ACCESS_READ) != 0,
                .write = (request->access & AMDVI_ACCESS_WRITE) != 0},
    };

    return judge(machine, &asked, &answer);
}

const char *fuzz_judge_interrupt(struct fuzz_machine *machine,
                                 const struct amdvi_interrupt *interrupt,
                                 const struct amdvi_remapped *got)
{
    if (amdvi_range_of(interrupt->address) != AMDVI_RANGE_MSI || interrupt->from_tunnel) {
        return NULL;
    }
    struct answer answer = {.msi = *got};
    struct request asked = {
        .is_interrupt = true,
        .msi = {.device_id = interrupt->device_id,
                .address = interrupt->address,
                .data = interrupt->data},
    };

    return judge(machine, &asked, &answer);
}

const char *fuzz_judge_ats(const struct fuzz_machine *machine, uint16_t device_id, uint64_t iova,
                           const struct amdvi_ats_completion *got)
{
    struct oracle_machine oracle = oracle_of(machine, false);
    bool is_on = (fuzz_reg(machine, AMDVI_REG_CONTROL) & AMDVI_CONTROL_IOMMU_EN) != 0;

    if (machine->events != 0) {
        return got->read || got->write ? "an answer, and an event" : NULL;
    }
    if ((got->read || got->write) && is_on && !has_iotlb(machine, device_id)) {
        return "a translation for a device that has no cache";
    }
    for (unsigned access = 1; access <= 2; access++) {
        struct oracle_dma dma = {
            .device_id = device_id, .iova = iova, .read = access == 1, .write = access == 2};
        struct oracle_dma_answer want = oracle_dma(&oracle, &dma);
        bool has = access == 1 ? got->read : got->write;
        uint64_t inside = iova & (AMDVI_BIT(got->size_log2) - 1);

        if (has && (want.outcome != ORACLE_TRANSLATED || want.spa != (got->spa | inside))) {
            return "a translation that accesses do not get";
        }
        if (!has && got->status == AMDVI_ATS_SUCCESS && want.cause == ORACLE_DMA_PAGE) {
            return "no translation, although accesses get one";
        }
    }
    return NULL;
}

bool fuzz_is_dma_allowed(const struct fuzz_machine *machine,
                         const struct amdvi_access_request *request, uint64_t done, uint64_t spa,
                         uint64_t size_bytes)
{
    if (!is_known_to_oracle(&(struct amdvi_request){.iova = request->iova + done,
                                                    .translated = request->translated,
                                                    .non_posted = request->non_posted},
                            size_bytes)) {
        return true;
    }
    if (is_preboot(machine, request->device_id) && !machine->preboot_unknown) {
        return false;
    }
    struct oracle_machine oracle = oracle_of(machine, false);
    struct oracle_dma dma = {
        .device_id = request->device_id,
        .read = request->operation == AMDVI_OPERATION_READ ||
                request->operation == AMDVI_OPERATION_COMPARE_EXCHANGE,
        .write = request->operation != AMDVI_OPERATION_READ,
    };

    for (uint64_t i = 0; i < size_bytes;) {
        dma.iova = request->iova + done + i;
        struct oracle_dma_answer answer = oracle_dma(&oracle, &dma);
        if (answer.outcome != ORACLE_TRANSLATED || answer.spa != spa + i) {
            uint64_t here = dma.iova;
            dma.iova = request->iova;
            return is_excused(&oracle, dma, here);
        }
        i += FUZZ_PAGE - dma.iova % FUZZ_PAGE;
    }
    return true;
}
