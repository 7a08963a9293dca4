/* SPDX-License-Identifier: BSD-2-Clause */
/* What devices and the embedder do: DMA, interrupts, readers, leases. */
#include "harness.h"

#include <amdvi/irte.h>
#include <amdvi/ranges.h>

#include <string.h>

/* A reader goes online for the request, unless it is so already. */
static struct amdvi_reader *begin(struct fuzz_machine *machine, unsigned index)
{
    amdvi_reader_online(machine->reader[index]);
    return machine->reader[index];
}

static void end(struct fuzz_machine *machine, unsigned index)
{
    fuzz_enter(machine, 0);
    amdvi_reader_offline(machine->reader[index]);
}

static unsigned reader_of(struct fuzz_input *input)
{
    unsigned any = fuzz_below(input, FUZZ_READERS);

    return input->owner != 0 ? input->owner - 1 : any;
}

/*
 * Within one page every cache is exact. Further on it need not be: tables may hold different copies
 * of an entry that NextLevel=7 wants equal, and DMA may change the tables of its own next page.
 */
static uint64_t clip(const struct fuzz_machine *machine, uint64_t iova, uint64_t size_bytes)
{
    uint64_t most = FUZZ_PAGE - iova % FUZZ_PAGE;

    return machine->options.lockstep && size_bytes > most ? most : size_bytes;
}

/* Mostly an ordinary request. */
static void set_kind(struct fuzz_input *input, struct amdvi_request *request)
{
    unsigned kind = fuzz_u8(input);

    if (kind >= 192) {
        request->translated = (kind & 1) != 0;
        request->non_posted = (kind & 2) != 0;
        request->intx_message = (kind & 4) != 0;
        request->from_tunnel = (kind & 8) != 0;
    }
}

static struct amdvi_request request_from(const struct fuzz_machine *machine,
                                         struct fuzz_input *input)
{
    unsigned form = fuzz_u8(input);
    struct amdvi_request request = {
        .device_id = fuzz_device(input),
        .access = (enum amdvi_access)(1 + (form & 3) % 3),
        .iova = fuzz_iova(input),
        .size_bytes = 1,
        .quiet = (form & 0x0c) == 0x0c,
    };
    uint64_t most = UINT64_MAX - request.iova;

    if ((form & 0xc0) == 0x40) {
        request.size_bytes = 1 + fuzz_u16(input);
    } else if ((form & 0xc0) == 0x80) {
        request.size_bytes = (uint64_t)fuzz_u8(input) << (form >> 2) % 32;
    } else if (form == 0xff) {
        request.size_bytes = fuzz_u64(input);
    }
    /* What no embedder may ask is asked too: it has to be refused. */
    if (request.size_bytes - 1 > most && request.size_bytes != 0 && form != 0xff) {
        request.size_bytes = most == 0 ? 1 : most;
    }
    request.size_bytes = clip(machine, request.iova, request.size_bytes);
    set_kind(input, &request);
    return request;
}

static bool is_proper(const struct amdvi_request *request)
{
    return request->size_bytes != 0 && request->size_bytes - 1 <= UINT64_MAX - request->iova;
}

/* What holds whatever the tables say. */
static void check_translation(struct fuzz_machine *machine, const struct amdvi_request *request,
                              const struct amdvi_translation *got)
{
    if (got->run_bytes == 0 || got->run_bytes > request->size_bytes) {
        fuzz_fail(machine, "run_bytes is not 1 to the request's size");
    }
    if (got->outcome != AMDVI_OUTCOME_TRANSLATED) {
        if (got->outcome == AMDVI_OUTCOME_ABORTED &&
            request->iova % FUZZ_PAGE + got->run_bytes > FUZZ_PAGE) {
            fuzz_fail(machine, "a refusal of more than a page");
        }
        return;
    }
    if (((request->access & AMDVI_ACCESS_READ) != 0 && !got->read) ||
        ((request->access & AMDVI_ACCESS_WRITE) != 0 && !got->write)) {
        fuzz_fail(machine, "translated without permission");
    }
    if (got->granule_log2 < 12 || got->granule_log2 > 52) {
        fuzz_fail(machine, "no granule");
    }
    if (got->host != NULL && got->host != &machine->memory[got->spa]) {
        fuzz_fail(machine, "another host pointer than the host gave");
    }
}

static void note_translation(struct fuzz_machine *machine, enum amdvi_status status,
                             const struct amdvi_translation *got)
{
    fuzz_note(machine, status);
    if (status == AMDVI_OK) {
        fuzz_note(machine, (uint64_t)got->outcome << 8 | got->granule_log2);
        fuzz_note(machine, got->run_bytes);
        fuzz_note(machine, got->spa);
        fuzz_note(machine, (uint64_t)got->read | (uint64_t)got->write << 1 |
                               (uint64_t)got->force_coherent << 2);
    }
}

static void judge_translation(struct fuzz_machine *machine, const struct amdvi_request *request,
                              enum amdvi_status status, bool peek,
                              const struct amdvi_translation *got)
{
    note_translation(machine, status, got);
    if ((status == AMDVI_OK) != is_proper(request)) {
        fuzz_fail(machine, "a proper request is refused, or an improper one is not");
    }
    if (status != AMDVI_OK) {
        return;
    }
    check_translation(machine, request, got);
    if (fuzz_is_judged(machine)) {
        const char *why = fuzz_judge_dma(machine, request, peek, got);
        if (why != NULL) {
            fuzz_fail(machine, why);
        }
    }
}

void fuzz_do_translate(struct fuzz_machine *machine, struct fuzz_input *input)
{
    unsigned index = reader_of(input);
    struct amdvi_request request = request_from(machine, input);
    bool peek = fuzz_often(input, 32);
    struct amdvi_translation got;
    enum amdvi_status status;

    if (peek) {
        fuzz_enter(machine, FUZZ_CALLS_RUN);
        status = amdvi_iommu_peek(machine->iommu, &request, &got);
        judge_translation(machine, &request, status, true, &got);
        return;
    }
    struct amdvi_reader *reader = begin(machine, index);
    fuzz_enter(machine, FUZZ_CALLS_RUN + 1);
    status = amdvi_iommu_translate(reader, &request, &got);
    judge_translation(machine, &request, status, false, &got);
    end(machine, index);
}

static void check_access(struct fuzz_machine *machine, const struct amdvi_access_request *request,
                         enum amdvi_status status, const struct amdvi_access_result *got)
{
    fuzz_note(machine, status);
    if (status != AMDVI_OK) {
        return;
    }
    fuzz_note(machine, (uint64_t)got->outcome << 4 | got->memory);
    fuzz_note(machine, got->done_bytes);
    if (got->done_bytes > request->size_bytes ||
        (got->outcome == AMDVI_OUTCOME_TRANSLATED) != (got->done_bytes == request->size_bytes)) {
        fuzz_fail(machine, "done_bytes does not fit the outcome");
    }
}

void fuzz_do_access(struct fuzz_machine *machine, struct fuzz_input *input)
{
    unsigned index = reader_of(input);
    unsigned form = fuzz_u8(input);
    uint64_t desired = fuzz_u8(input) * UINT64_C(0x0101010101010101);
    uint64_t old = 0;
    uint8_t bytes[FUZZ_DMA_BYTES];
    struct amdvi_access_request request = {
        .device_id = fuzz_device(input),
        .operation = (enum amdvi_operation)(form & 3),
        .iova = fuzz_iova(input),
        .size_bytes = fuzz_u16(input) >> (form >> 4),
        .buffer = bytes,
        .translated = fuzz_often(input, 16),
        .non_posted = fuzz_often(input, 16),
    };
    struct amdvi_access_result got;

    memset(bytes, (int)(desired & 0xff), sizeof(bytes));
    if (request.operation == AMDVI_OPERATION_COMPARE_EXCHANGE) {
        request.buffer = &old;
        request.desired = &desired;
        request.size_bytes = (form & 8) != 0 ? 4 : 8;
        request.iova &= (form & 4) != 0 ? UINT64_MAX : ~UINT64_C(7);
    }
    if (request.size_bytes > sizeof(bytes)) {
        request.size_bytes = sizeof(bytes);
    }
    request.size_bytes = clip(machine, request.iova, request.size_bytes);
    struct amdvi_reader *reader = begin(machine, index);
    fuzz_enter_dma(machine, &request);
    enum amdvi_status status = amdvi_iommu_access(reader, &request, &got);
    fuzz_leave_dma();
    check_access(machine, &request, status, &got);
    for (size_t i = 0; i < sizeof(bytes); i += 512) {
        fuzz_note(machine, bytes[i]);
    }
    end(machine, index);
}

static void judge_interrupt(struct fuzz_machine *machine, const struct amdvi_interrupt *interrupt,
                            const struct amdvi_remapped *got)
{
    fuzz_note(machine, (uint64_t)got->outcome | (uint64_t)got->remapped << 4);
    if (got->outcome == AMDVI_OUTCOME_TRANSLATED) {
        fuzz_note(machine, got->address);
        fuzz_note(machine, got->data);
        if (amdvi_range_of(got->address) != amdvi_range_of(interrupt->address)) {
            fuzz_fail(machine, "an interrupt that is none, or of the other kind");
        }
    }
    if (fuzz_is_judged(machine)) {
        const char *why = fuzz_judge_interrupt(machine, interrupt, got);
        if (why != NULL) {
            fuzz_fail(machine, why);
        }
    }
}

void fuzz_do_interrupt(struct fuzz_machine *machine, struct fuzz_input *input)
{
    unsigned index = reader_of(input);
    unsigned form = fuzz_u8(input);
    struct amdvi_interrupt interrupt = {
        .device_id = fuzz_device(input),
        .address = AMDVI_MSI_BASE + (fuzz_u32(input) & (AMDVI_MSI_BYTES - 1)),
        .data = fuzz_u16(input) & (form < 128 ? 0xffU : 0xffffU),
        .from_tunnel = form == 0xfd,
    };
    struct amdvi_remapped got;

    if (form == 0xff) {
        interrupt.address = fuzz_u64(input);
        interrupt.data = fuzz_u32(input);
    } else if (form >= 224) {
        interrupt.address = AMDVI_HT_INT_BASE + (fuzz_u32(input) & (AMDVI_HT_INT_BYTES - 1));
    }
    struct amdvi_reader *reader = begin(machine, index);
    fuzz_enter(machine, FUZZ_CALLS_LOOKUP + 1);
    enum amdvi_status status = amdvi_iommu_remap(reader, &interrupt, &got);
    enum amdvi_range range = amdvi_range_of(interrupt.address);
    if ((status == AMDVI_OK) != (range == AMDVI_RANGE_MSI || range == AMDVI_RANGE_INTERRUPT)) {
        fuzz_fail(machine, "an interrupt is refused, or what is none is not");
    }
    if (status == AMDVI_OK) {
        judge_interrupt(machine, &interrupt, &got);
    }
    end(machine, index);
}

/* Bursts that stay open: a COMPLETION_WAIT then has to wait. */
void fuzz_do_reader(struct fuzz_machine *machine, struct fuzz_input *input)
{
    unsigned index = reader_of(input);
    struct amdvi_reader *reader = machine->reader[index];

    fuzz_enter(machine, 0);
    switch (fuzz_below(input, 3)) {
    case 0:
        if (machine->online[index] < 3) {
            amdvi_reader_online(reader);
            machine->online[index]++;
        }
        break;
    case 1:
        if (machine->online[index] != 0) {
            machine->online[index]--;
            amdvi_reader_offline(reader);
        }
        break;
    default:
        if (machine->online[index] != 0) {
            amdvi_reader_release(reader);
        }
        break;
    }
    if (amdvi_iommu_reader(machine->iommu, FUZZ_READERS) != NULL) {
        fuzz_fail(machine, "a reader too many");
    }
}

static void take(struct fuzz_machine *machine, struct fuzz_input *input, unsigned lease)
{
    unsigned index = reader_of(input);
    struct amdvi_request request = request_from(machine, input);
    struct amdvi_translation got;
    struct amdvi_reader *reader = begin(machine, index);

    fuzz_enter(machine, FUZZ_CALLS_RUN + 1);
    enum amdvi_status status = amdvi_lease_take(reader, &machine->lease[lease], &request,
                                                &machine->lease_state[lease], &got);
    if ((status == AMDVI_OK) != (is_proper(&request) && !request.quiet)) {
        fuzz_fail(machine, "a lease is refused as it should not be");
    }
    if (status == AMDVI_OK) {
        judge_translation(machine, &request, status, false, &got);
        if (got.outcome == AMDVI_OUTCOME_TRANSLATED) {
            atomic_store(&machine->lease_state[lease], FUZZ_LEASE_TAKEN);
        }
    }
    end(machine, index);
}

void fuzz_do_lease(struct fuzz_machine *machine, struct fuzz_input *input)
{
    unsigned any = fuzz_below(input, FUZZ_LEASES);
    unsigned lease = input->owner != 0 ? input->owner - 1 : any;

    if (atomic_load(&machine->lease_state[lease]) == FUZZ_LEASE_FREE) {
        take(machine, input, lease);
    } else {
        fuzz_enter(machine, 0);
        fuzz_release(machine, lease);
    }
}

void fuzz_do_memory_changed(struct fuzz_machine *machine, struct fuzz_input *input)
{
    uint64_t spa = fuzz_address(input);
    uint64_t size_bytes = fuzz_u16(input);

    if (size_bytes >= 0xff00) {
        size_bytes = UINT64_MAX - spa;
    }
    fuzz_enter(machine, 0);
    machine->drain_ticket = amdvi_iommu_memory_changed(machine->iommu, spa, size_bytes);
    fuzz_note(machine, amdvi_iommu_is_drained(machine->iommu, machine->drain_ticket));
}

/* None of them ever falls. */
void fuzz_do_statistics(struct fuzz_machine *machine, struct fuzz_input *input)
{
    struct amdvi_stats stats;
    struct amdvi_stats again;

    (void)input;
    fuzz_enter(machine, FUZZ_CALLS_NONE);
    amdvi_iommu_stats(machine->iommu, &stats);
    amdvi_iommu_stats(machine->iommu, &again);
    if (again.translations < stats.translations || again.commands < stats.commands ||
        again.events < stats.events || again.events_lost < stats.events_lost) {
        fuzz_fail(machine, "statistics that fall");
    }
    if (!machine->options.threads &&
        (stats.aborted > stats.translations || stats.interrupts_aborted > stats.interrupts)) {
        fuzz_fail(machine, "more refusals than requests");
    }
}
