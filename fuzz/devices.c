/* SPDX-License-Identifier: BSD-2-Clause */
/* What devices with translation caches of their own do, and the clock that limits them. */
#include "harness.h"

#include <amdvi/ats.h>
#include <amdvi/ranges.h>

#include <string.h>

static bool is_special(uint64_t iova)
{
    return amdvi_range_of(iova) != AMDVI_RANGE_NONE;
}

static void check_completion(struct fuzz_machine *machine, uint64_t iova,
                             const struct amdvi_ats_completion *got)
{
    if (got->status != AMDVI_ATS_SUCCESS && (got->read || got->write || got->spa != 0)) {
        fuzz_fail(machine, "a translation with an error");
    }
    if (!got->read && !got->write) {
        if (got->untranslated || got->spa != 0 || got->size_log2 != 0) {
            fuzz_fail(machine, "no translation, and the rest is not 0");
        }
        return;
    }
    if (got->size_log2 < 12 || got->size_log2 > 52 ||
        got->spa % (UINT64_C(1) << got->size_log2) != 0) {
        fuzz_fail(machine, "a translation of no block");
    }
    struct amdvi_ats_answer answer = {.read = got->read,
                                      .write = got->write,
                                      .untranslated = got->untranslated,
                                      .force_coherent = got->force_coherent,
                                      .size_log2 = got->size_log2,
                                      .spa = got->spa};
    uint64_t word = amdvi_ats_completion_word(&answer);
    if (((word & AMDVI_ATS_COMPLETION_S) != 0) != (got->size_log2 > 12) ||
        ((word ^ amdvi_ats_block(got->spa, got->size_log2)) & AMDVI_ATS_COMPLETION_ADDRESS) != 0) {
        fuzz_fail(machine, "the completion's word says another block");
    }
    if (!machine->options.threads && is_special(iova) != is_special(got->spa) &&
        fuzz_is_judged(machine) && amdvi_range_of(iova) == AMDVI_RANGE_MSI) {
        fuzz_fail(machine, "the interrupts' addresses have a translation");
    }
}

void fuzz_do_ats(struct fuzz_machine *machine, struct fuzz_input *input)
{
    unsigned any = fuzz_below(input, FUZZ_READERS);
    unsigned index = input->owner != 0 ? input->owner - 1 : any;
    uint16_t device_id = fuzz_device(input);
    uint64_t iova = fuzz_iova(input);
    struct amdvi_ats_completion got;

    amdvi_reader_online(machine->reader[index]);
    fuzz_enter(machine, FUZZ_CALLS_LOOKUP + 1);
    enum amdvi_status status =
        amdvi_iommu_ats_translate(machine->reader[index], device_id, iova, &got);
    if ((status == AMDVI_OK) != machine->options.iotlb) {
        fuzz_fail(machine, "translation requests are answered although there are none, or not");
    }
    if (status == AMDVI_OK) {
        check_completion(machine, iova, &got);
        fuzz_note(machine, (uint64_t)got.status | (uint64_t)got.read << 4 |
                               (uint64_t)got.write << 5 | (uint64_t)got.untranslated << 6 |
                               (uint64_t)got.force_coherent << 7 | (uint64_t)got.size_log2 << 8);
        fuzz_note(machine, got.spa);
        const char *why = fuzz_is_judged(machine) && !is_special(iova)
                              ? fuzz_judge_ats(machine, device_id, iova, &got)
                              : NULL;
        if (why != NULL) {
            fuzz_fail(machine, why);
        }
    }
    fuzz_enter(machine, 0);
    amdvi_reader_offline(machine->reader[index]);
}

/* Takes a request that was not answered; false when there is none. */
static bool take_request(struct fuzz_machine *machine, unsigned chosen,
                         struct amdvi_iotlb_invalidation *out)
{
    pthread_mutex_lock(&machine->lock);
    bool has_one = machine->iotlbs != 0;
    if (has_one) {
        unsigned at = chosen % machine->iotlbs;
        *out = machine->iotlb[at];
        machine->iotlbs--;
        memmove(machine->iotlb + at, machine->iotlb + at + 1,
                (machine->iotlbs - at) * sizeof(machine->iotlb[0]));
    }
    pthread_mutex_unlock(&machine->lock);
    return has_one;
}

void fuzz_do_answer(struct fuzz_machine *machine, struct fuzz_input *input)
{
    struct amdvi_iotlb_invalidation what = {0};
    unsigned form = fuzz_u8(input);
    unsigned turns = machine->options.commands_per_write;

    if (form >= 224) {
        what.device_id = fuzz_device(input);
        what.tag = fuzz_u8(input);
    } else if (!take_request(machine, form, &what)) {
        return;
    }
    fuzz_enter(machine, fuzz_calls_turns(machine, turns));
    amdvi_iommu_iotlb_invalidated(machine->iommu, what.device_id, what.tag);
    fuzz_check_registers(machine);
}

void fuzz_do_time(struct fuzz_machine *machine, struct fuzz_input *input)
{
    unsigned form = fuzz_u8(input);
    unsigned turns = machine->options.commands_per_write;
    uint64_t deadline = atomic_load(&machine->deadline_ns);

    atomic_fetch_add(&machine->now_ns, (UINT64_C(1) << form % 38) - 1);
    if (form >= 128 && deadline > atomic_load(&machine->now_ns)) {
        atomic_store(&machine->now_ns, deadline);
    }
    /* One call too many does no harm. */
    if (form >= 240 || (deadline != 0 && deadline <= atomic_load(&machine->now_ns))) {
        atomic_compare_exchange_strong(&machine->deadline_ns, &deadline, 0);
        fuzz_enter(machine, 2 * FUZZ_IOTLB + fuzz_calls_turns(machine, turns));
        amdvi_iommu_timer_expired(machine->iommu);
        fuzz_check_registers(machine);
    }
}

void fuzz_do_device_gone(struct fuzz_machine *machine, struct fuzz_input *input)
{
    unsigned turns = machine->options.commands_per_write;

    fuzz_enter(machine, fuzz_calls_turns(machine, turns));
    amdvi_iommu_device_gone(machine->iommu, fuzz_device(input));
    fuzz_check_registers(machine);
}
