/* SPDX-License-Identifier: BSD-2-Clause */
/* Do the pointers that the library gives agree with the oracle and with the host's layout? */
#include "verdict_host.h"

#define PAGE_BYTES UINT64_C(4096)

/* One call looks at 512 pages; a short run counts as two. */
#define CALL_BYTES (256 * PAGE_BYTES)

static uint64_t left_of_page(uint64_t iova, uint64_t most)
{
    uint64_t left = PAGE_BYTES - iova % PAGE_BYTES;

    return left < most ? left : most;
}

/* ---- One pointer ----------------------------------------------------------------------------- */

/* Of an access without flags: the pointer to all of it, or NULL. */
static const void *pointer_to(const struct oracle_machine *machine, struct layout *layout,
                              const struct request *request)
{
    struct oracle_dma dma = {.device_id = request->dma.device_id,
                             .iova = request->dma.iova,
                             .read = request->dma.read,
                             .write = request->dma.write};
    uint64_t size_bytes = request->size_bytes;
    uint64_t spa = 0;

    for (uint64_t done = 0; done < size_bytes;) {
        dma.iova = request->dma.iova + done;
        struct oracle_dma_answer answer = oracle_dma(machine, &dma);
        if (answer.outcome != ORACLE_TRANSLATED || (done != 0 && answer.spa != spa + done)) {
            return NULL;
        }
        spa = answer.spa - done;
        done += left_of_page(dma.iova, size_bytes - done);
    }
    uint64_t run_bytes = size_bytes;
    const void *host = layout_map(layout, spa, dma.write, &run_bytes);
    return host != NULL && run_bytes >= size_bytes ? host : NULL;
}

static const char *compare_pointer(const struct oracle_machine *machine, struct layout *layout,
                                   const struct request *request, const struct host_answer *got)
{
    const void *want = pointer_to(machine, layout, request);

    if (got->logged.events != 0) {
        return "a pointer was asked for, and an event logged";
    }
    if (got->pointer == want) {
        return NULL;
    }
    return want == NULL           ? "a pointer where there is none"
           : got->pointer == NULL ? "no pointer, where there is one"
                                  : "another pointer";
}

/* ---- Segments -------------------------------------------------------------------------------- */

struct expected {
    struct amdvi_segment segment[HOST_SEGMENTS];
    unsigned count;
    uint64_t size_bytes;
    enum amdvi_outcome outcome; /* of what is next */
    bool is_refused;            /* it is not host memory: the oracle knows what is logged */
    bool is_cut;                /* there may be more */
};

/* Add a piece. False when it needs a segment, and there is none left. */
static bool add(struct expected *want, unsigned capacity, void *host, uint64_t size_bytes)
{
    struct amdvi_segment *last = &want->segment[want->count == 0 ? 0 : want->count - 1];

    if (want->count != 0 && (uint8_t *)last->host + last->size_bytes == host) {
        last->size_bytes += size_bytes;
    } else if (want->count == capacity) {
        return false;
    } else {
        want->segment[want->count++] =
            (struct amdvi_segment){.host = host, .size_bytes = size_bytes};
    }
    want->size_bytes += size_bytes;
    return true;
}

static void expect(const struct oracle_machine *machine, struct layout *layout,
                   const struct request *request, unsigned capacity, struct expected *want)
{
    struct oracle_dma dma = request->dma;

    *want = (struct expected){.outcome = AMDVI_OUTCOME_TRANSLATED};
    while (want->size_bytes < request->size_bytes) {
        dma.iova = request->dma.iova + want->size_bytes;
        struct oracle_dma_answer answer = oracle_dma(machine, &dma);
        if (answer.outcome != ORACLE_TRANSLATED) {
            want->is_refused = true;
            want->outcome =
                answer.outcome == ORACLE_ABORTED ? AMDVI_OUTCOME_ABORTED : AMDVI_OUTCOME_INTERRUPT;
            return;
        }
        uint64_t run_bytes = left_of_page(dma.iova, request->size_bytes - want->size_bytes);
        void *host = layout_map(layout, answer.spa, dma.write, &run_bytes);
        if (host == NULL) {
            return;
        }
        if (!add(want, capacity, host, run_bytes)) {
            want->is_cut = true;
            return;
        }
    }
}

static const char *compare_lists(const struct expected *want, const struct host_answer *got)
{
    if (got->segments.outcome != want->outcome) {
        return "the segments end with another outcome";
    }
    if (got->segments.size_bytes != want->size_bytes) {
        return "the segments end elsewhere";
    }
    if (got->segments.more != want->is_cut) {
        return "it is told wrongly whether there are more segments";
    }
    if (got->segments.count != want->count) {
        return "segments that are not joined, or joined wrongly";
    }
    for (unsigned i = 0; i < want->count; i++) {
        if (got->segment[i].host != want->segment[i].host ||
            got->segment[i].size_bytes != want->segment[i].size_bytes) {
            return "another segment";
        }
    }
    return NULL;
}

/* The page that ends the segments is a request of its own, as far as the log goes. */
static const char *compare_refused(const struct oracle_machine *machine,
                                   const struct request *request, uint64_t done_bytes,
                                   const struct host_answer *got, enum first_event *state)
{
    struct request rest = *request;
    struct answer answer = got->logged;
    enum oracle_cause cause;

    rest.dma.iova += done_bytes;
    rest.size_bytes -= done_bytes;
    answer.dma.outcome = got->segments.outcome;
    answer.dma.run_bytes = left_of_page(rest.dma.iova, rest.size_bytes);
    return verdict(machine, &rest, &answer, state, &cause);
}

static const char *compare_segments(const struct oracle_machine *machine, struct layout *layout,
                                    const struct host_request *asked, const struct host_answer *got,
                                    enum first_event *state)
{
    struct request request = *asked->request;
    struct expected want;

    bool is_cut = got->segments.more && got->segments.size_bytes >= CALL_BYTES &&
                  got->segments.size_bytes < request.size_bytes;

    if (is_cut) {
        request.size_bytes = got->segments.size_bytes; /* the rest is for another call */
    }
    expect(machine, layout, &request, asked->capacity, &want);
    want.is_cut = want.is_cut || is_cut;
    const char *why = compare_lists(&want, got);
    if (why == NULL && want.is_refused) {
        why = compare_refused(machine, &request, want.size_bytes, got, state);
    } else if (why == NULL && got->logged.events != 0) {
        why = "an event, and no page was refused";
    }
    return why;
}

const char *verdict_host(const struct oracle_machine *machine, struct layout *layout,
                         const struct host_request *asked, const struct host_answer *got,
                         enum first_event *state)
{
    return asked->capacity == 0 ? compare_pointer(machine, layout, asked->request, got)
                                : compare_segments(machine, layout, asked, got, state);
}

/* ---- General requests ------------------------------------------------------------------------ */

uint64_t host_run_of(struct layout *layout, uint64_t spa, bool write, uint64_t size_bytes)
{
    uint64_t run_bytes = size_bytes;

    return layout_map(layout, spa, write, &run_bytes) == NULL ? UINT64_MAX : run_bytes;
}

const char *verdict_translation_host(struct layout *layout, const struct request *request,
                                     const struct answer *got)
{
    bool is_memory = got->dma.outcome == AMDVI_OUTCOME_TRANSLATED;
    uint64_t run_bytes = got->dma.run_bytes;
    const void *want =
        is_memory ? layout_map(layout, got->dma.spa, request->dma.write, &run_bytes) : NULL;

    if (got->dma.host != want) {
        return "another host pointer";
    }
    return want != NULL && run_bytes < got->dma.run_bytes ? "the host's run is shorter" : NULL;
}
