/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The oracle on DMA: the validity combinations, the exclusion range, the walk, step by step; and on
 * translation requests.
 */
#include "oracle_parts.h"

#include <string.h>

static bool is_reserved_set_for_memory(const uint64_t dte[4])
{
    return oracle_dte_bits(dte, 8, 2) != 0 || oracle_dte_bits(dte, 60, 52) != 0 ||
           oracle_dte_bits(dte, 63, 63) != 0 || oracle_dte_bits(dte, 95, 80) != 0 ||
           oracle_dte_bits(dte, 127, 106) != 0;
}

void oracle_pass(const struct dma_question *question, struct oracle_dma_answer *answer,
                 enum oracle_cause cause, bool read, bool write)
{
    answer->outcome = ORACLE_TRANSLATED;
    answer->cause = cause;
    answer->spa = question->request->iova;
    answer->read = read;
    answer->write = write;
    answer->page_log2 = 64;
}

/* RW of an access, TR of a translation request. */
static uint64_t flags_of_request(const struct dma_question *question)
{
    if (question->is_translation) {
        return oracle_flag(ORACLE_FLAG_TR);
    }
    return question->request->write ? oracle_flag(ORACLE_FLAG_RW) : 0;
}

void oracle_abort(const struct dma_question *question, struct oracle_dma_answer *answer,
                  enum oracle_cause cause, unsigned code, uint64_t domain_id, uint64_t flags,
                  uint64_t address)
{
    answer->outcome = ORACLE_ABORTED;
    answer->cause = cause;
    oracle_event_set(question->machine, &answer->event, code, question->request->device_id,
                     domain_id, flags, address);
}

/* IO_PAGE_FAULT of a device whose entry is known and V=1. */
static void fault(const struct dma_question *question, struct oracle_dma_answer *answer,
                  enum oracle_cause cause, uint64_t flags)
{
    oracle_abort(question, answer, cause, ORACLE_CODE_IO_PAGE_FAULT,
                 oracle_dte_bits(question->dte, 79, 64), flags | flags_of_request(question),
                 question->request->iova);
    if (oracle_dte_bits(question->dte, 98, 98) == 1) {
        answer->event.due = false;
    }
    answer->event.counts = answer->event.due;
    answer->event.first_only = answer->event.due && oracle_dte_bits(question->dte, 97, 97) == 1;
}

void oracle_illegal_dte(const struct dma_question *question, struct oracle_dma_answer *answer,
                        enum oracle_cause cause, uint64_t flags)
{
    oracle_abort(question, answer, cause, ORACLE_CODE_ILLEGAL_DEV_TABLE_ENTRY, 0,
                 flags | flags_of_request(question), (question->request->iova >> 2) << 2);
}

static bool is_excluded(const struct dma_question *question)
{
    const struct oracle_machine *machine = question->machine;
    uint64_t first = oracle_bits(machine->exclusion_base, 51, 12) << 12;
    uint64_t last = (oracle_bits(machine->exclusion_limit, 51, 12) << 12) + 4095;
    bool enabled = oracle_bit(machine->exclusion_base, 0);
    bool for_all = oracle_bit(machine->exclusion_base, 1);

    return enabled && (for_all || oracle_dte_bits(question->dte, 103, 103) == 1) &&
           first <= question->request->iova && question->request->iova <= last;
}

/* The number of the lowest bit covered by an index of @level: 12, 21, 30, 39, 48, 57. */
static unsigned level_low_bit(unsigned level)
{
    static const unsigned low[8] = {0, 12, 21, 30, 39, 48, 57, 64};
    return low[level];
}

static uint64_t level_index(unsigned level, uint64_t iova)
{
    unsigned high = level == 6 ? 63 : level_low_bit(level) + 8;
    return oracle_bits(iova, high, level_low_bit(level));
}

/* log2 of the page size that NextLevel=7 encodes; 0 when there is no zero bit. */
static unsigned encoded_size_log2(uint64_t entry)
{
    for (unsigned number = 12; number <= 51; number++) {
        if (!oracle_bit(entry, number)) {
            return number + 1;
        }
    }
    return 0;
}

static bool is_size_legal(unsigned level, unsigned size_log2)
{
    static const unsigned smallest[7] = {0, 13, 22, 31, 40, 49, 0};
    static const unsigned largest[7] = {0, 20, 29, 38, 47, 56, 0};

    return level <= 5 && size_log2 >= smallest[level] && size_log2 <= largest[level];
}

static void leaf(const struct dma_question *question, struct oracle_dma_answer *answer,
                 uint64_t entry, unsigned size_log2)
{
    uint64_t base = 0;

    for (unsigned number = size_log2; number <= 51; number++) {
        if (oracle_bit(entry, number)) {
            base = base + oracle_flag(number);
        }
    }
    answer->outcome = ORACLE_TRANSLATED;
    answer->cause = ORACLE_DMA_PAGE;
    answer->spa = base + oracle_bits(question->request->iova, size_log2 - 1, 0);
    answer->page_log2 = size_log2;
    answer->force_coherent = oracle_bit(entry, 60);
    answer->untranslated_only = oracle_bit(entry, 59);
}

/* The checks of one present entry that come before NextLevel is looked at; true when it is good. */
static bool check_entry(const struct dma_question *question, struct oracle_dma_answer *answer,
                        uint64_t entry)
{
    uint64_t next_level = oracle_bits(entry, 11, 9);
    bool is_page = next_level == 0 || next_level == 7;

    if (oracle_bits(entry, 58, 52) != 0 || (!is_page && oracle_bits(entry, 60, 59) != 0)) {
        fault(question, answer, ORACLE_DMA_ENTRY_RESERVED,
              oracle_flag(ORACLE_FLAG_PR) | oracle_flag(ORACLE_FLAG_RZ));
        return false;
    }
    if ((question->request->read && !oracle_bit(entry, 61)) ||
        (question->request->write && !oracle_bit(entry, 62))) {
        fault(question, answer, ORACLE_DMA_PERMISSION,
              oracle_flag(ORACLE_FLAG_PR) | oracle_flag(ORACLE_FLAG_PE));
        return false;
    }
    return true;
}

/* NextLevel of an entry that is otherwise good. True: go on at *@level in *@table. */
static bool next_table(const struct dma_question *question, struct oracle_dma_answer *answer,
                       uint64_t entry, unsigned *level, uint64_t *table)
{
    unsigned next_level = (unsigned)oracle_bits(entry, 11, 9);

    if (next_level == 0 && *level == 6) {
        fault(question, answer, ORACLE_DMA_LEAF_TOO_HIGH, oracle_flag(ORACLE_FLAG_PR));
        return false;
    }
    if (next_level == 0) {
        leaf(question, answer, entry, level_low_bit(*level));
        return false;
    }
    if (next_level == 7 && !is_size_legal(*level, encoded_size_log2(entry))) {
        fault(question, answer, ORACLE_DMA_SIZE_ILLEGAL, oracle_flag(ORACLE_FLAG_PR));
        return false;
    }
    if (next_level == 7) {
        leaf(question, answer, entry, encoded_size_log2(entry));
        return false;
    }
    if (next_level >= *level) {
        fault(question, answer, ORACLE_DMA_LEVEL_ILLEGAL, oracle_flag(ORACLE_FLAG_PR));
        return false;
    }
    for (unsigned skipped = next_level + 1; skipped < *level; skipped++) {
        if (level_index(skipped, question->request->iova) != 0) {
            fault(question, answer, ORACLE_DMA_SKIPPED_BITS, oracle_flag(ORACLE_FLAG_PR));
            return false;
        }
    }
    *table = oracle_bits(entry, 51, 12) << 12;
    *level = next_level;
    return true;
}

static void walk(const struct dma_question *question, struct oracle_dma_answer *answer)
{
    unsigned level = (unsigned)oracle_dte_bits(question->dte, 11, 9);
    uint64_t table = oracle_dte_bits(question->dte, 51, 12) << 12;
    bool more = true;

    answer->read = oracle_dte_bits(question->dte, 61, 61) == 1;
    answer->write = oracle_dte_bits(question->dte, 62, 62) == 1;
    while (more) {
        uint64_t spa = table + 8 * level_index(level, question->request->iova);
        uint64_t entry = 0;
        enum oracle_read end = oracle_read_memory(question->machine, spa, 8, &entry);

        answer->step[answer->steps++] = (struct oracle_step){level, spa, entry};
        if (end != ORACLE_READ_DONE) {
            oracle_abort(
                question, answer, ORACLE_DMA_TABLE_UNREADABLE, ORACLE_CODE_PAGE_TAB_HARDWARE_ERROR,
                oracle_dte_bits(question->dte, 79, 64),
                flags_of_request(question) | ((uint64_t)end << ORACLE_FLAG_TYPE_HARDWARE), spa);
            return;
        }
        if (!oracle_bit(entry, 0)) {
            fault(question, answer, ORACLE_DMA_NOT_PRESENT, 0);
            return;
        }
        answer->read = answer->read && oracle_bit(entry, 61);
        answer->write = answer->write && oracle_bit(entry, 62);
        more = check_entry(question, answer, entry) &&
               next_table(question, answer, entry, &level, &table);
    }
}

static void translate(const struct dma_question *question, struct oracle_dma_answer *answer)
{
    unsigned mode = (unsigned)oracle_dte_bits(question->dte, 11, 9);
    bool read = oracle_dte_bits(question->dte, 61, 61) == 1;
    bool write = oracle_dte_bits(question->dte, 62, 62) == 1;

    if ((question->request->read && !read) || (question->request->write && !write)) {
        fault(question, answer, ORACLE_DMA_DTE_PERMISSION,
              oracle_flag(ORACLE_FLAG_PR) | oracle_flag(ORACLE_FLAG_PE));
        return;
    }
    if (mode == 0) {
        oracle_pass(question, answer, ORACLE_DMA_IDENTITY, read, write);
        return;
    }
    if (mode == 7) {
        oracle_illegal_dte(question, answer, ORACLE_DMA_MODE_RESERVED, 0);
        return;
    }
    for (unsigned above = mode + 1; above <= 6; above++) {
        if (level_index(above, question->request->iova) != 0) {
            fault(question, answer, ORACLE_DMA_BEYOND_MODE, oracle_flag(ORACLE_FLAG_PR));
            return;
        }
    }
    walk(question, answer);
}

/* "Pretranslated request from a device with I=0 or V=0": type 1. */
static void refuse_translated(const struct dma_question *question, struct oracle_dma_answer *answer)
{
    oracle_abort(question, answer, ORACLE_DMA_PRETRANSLATED_REFUSED,
                 ORACLE_CODE_INVALID_DEVICE_REQUEST, 0, UINT64_C(1) << ORACLE_FLAG_TYPE_REQUEST,
                 question->request->iova);
}

static bool is_interrupt(const struct oracle_dma *request)
{
    enum oracle_range range = oracle_range_of(request->iova);
    /* An atomic is not posted, so it is no interrupt either. */
    bool posted = request->write && !request->read && !request->non_posted;

    return posted && (range == ORACLE_RANGE_MSI || range == ORACLE_RANGE_HT_INTERRUPT);
}

/*
 * A translated request with V=1 and I=1: passed, but where interrupts are told by their address,
 * nothing else is let through than to anybody.
 */
static void translated(const struct dma_question *question, struct oracle_dma_answer *answer)
{
    enum oracle_range range = oracle_range_of(question->request->iova);

    if (is_interrupt(question->request)) {
        answer->outcome = ORACLE_INTERRUPT;
        answer->cause = ORACLE_DMA_PRETRANSLATED_INTERRUPT;
    } else if (range == ORACLE_RANGE_MSI || range == ORACLE_RANGE_HT_INTERRUPT) {
        oracle_abort(question, answer, ORACLE_DMA_PRETRANSLATED_INTERRUPT_RANGE,
                     ORACLE_CODE_INVALID_DEVICE_REQUEST, 0, 0, question->request->iova);
    } else {
        oracle_pass(question, answer, ORACLE_DMA_PRETRANSLATED, true, true);
    }
}

/* From the device table on: IommuEn=1, and no interrupt. */
static void look_up(struct dma_question *question, struct oracle_dma_answer *answer)
{
    const struct oracle_dma *request = question->request;
    uint16_t device_id = request->device_id;

    if (oracle_is_beyond_table(question->machine, device_id)) {
        oracle_abort(question, answer, ORACLE_DMA_BEYOND_TABLE, ORACLE_CODE_IO_PAGE_FAULT, 0,
                     flags_of_request(question), request->iova);
        return;
    }
    enum oracle_read end = oracle_read_dte(question->machine, device_id, question->dte);
    if (end != ORACLE_READ_DONE) {
        oracle_abort(question, answer, ORACLE_DMA_DTE_UNREADABLE,
                     ORACLE_CODE_DEV_TAB_HARDWARE_ERROR, 0,
                     flags_of_request(question) | ((uint64_t)end << ORACLE_FLAG_TYPE_HARDWARE),
                     oracle_dte_address(question->machine, device_id));
        return;
    }
    bool valid = oracle_dte_bits(question->dte, 0, 0) == 1;
    if (!valid && request->translated) {
        refuse_translated(question, answer);
        return;
    }
    if (!valid) {
        oracle_pass(question, answer, ORACLE_DMA_NOT_VALID, true, true);
        return;
    }
    if (is_reserved_set_for_memory(question->dte)) {
        oracle_illegal_dte(question, answer, ORACLE_DMA_DTE_RESERVED, oracle_flag(ORACLE_FLAG_RZ));
        return;
    }
    if (request->translated && oracle_dte_bits(question->dte, 96, 96) == 0) {
        refuse_translated(question, answer);
        return;
    }
    if (request->translated) {
        translated(question, answer);
        return;
    }
    if (oracle_special_access(question, answer)) {
        return;
    }
    if (is_excluded(question)) {
        oracle_pass(question, answer, ORACLE_DMA_EXCLUDED, true, true);
        return;
    }
    if (oracle_dte_bits(question->dte, 1, 1) == 0) {
        fault(question, answer, ORACLE_DMA_NO_TRANSLATION, 0);
        return;
    }
    translate(question, answer);
}

struct oracle_dma_answer oracle_dma(const struct oracle_machine *machine,
                                    const struct oracle_dma *request)
{
    struct dma_question question = {.machine = machine, .request = request};
    struct oracle_dma_answer answer;

    memset(&answer, 0, sizeof(answer));
    bool passes =
        !oracle_bit(machine->control, 0) || (request->from_tunnel && oracle_tunnel_passes(machine));
    /* Whether a translated one is an interrupt is seen after its device is known to be allowed. */
    if (is_interrupt(request) && (passes || !request->translated)) {
        answer.outcome = ORACLE_INTERRUPT;
        answer.cause = ORACLE_DMA_INTERRUPT;
    } else if (!oracle_bit(machine->control, 0)) {
        oracle_pass(&question, &answer, ORACLE_DMA_DISABLED, true, true);
    } else if (request->from_tunnel && oracle_tunnel_passes(machine)) {
        oracle_pass(&question, &answer, ORACLE_DMA_TUNNEL, true, true);
    } else {
        look_up(&question, &answer);
    }
    return answer;
}

/* ---- Translation requests: what a device is told that asks ---------------------------------- */

/* INVALID_DEVICE_REQUEST, TR=1. */
static void refuse_ats(const struct dma_question *question, struct oracle_ats_answer *answer,
                       enum oracle_cause cause, unsigned type)
{
    answer->status = ORACLE_ATS_UNSUPPORTED_REQUEST;
    answer->cause = cause;
    oracle_event_set(question->machine, &answer->event, ORACLE_CODE_INVALID_DEVICE_REQUEST,
                     question->request->device_id, 0,
                     oracle_flag(ORACLE_FLAG_TR) | ((uint64_t)type << ORACLE_FLAG_TYPE_REQUEST),
                     question->request->iova);
}

/* Illegal or unreadable tables, with the event that an access would log too, but for TR. */
static void abort_as(struct oracle_ats_answer *answer, enum oracle_cause cause,
                     const struct oracle_dma_answer *dma)
{
    answer->status = ORACLE_ATS_COMPLETER_ABORT;
    answer->cause = cause;
    answer->event = dma->event;
}

static void illegal_dte_ats(const struct dma_question *question, struct oracle_ats_answer *answer,
                            enum oracle_cause cause, uint64_t flags)
{
    struct oracle_dma_answer dma;

    memset(&dma, 0, sizeof(dma));
    oracle_illegal_dte(question, &dma, cause, flags);
    abort_as(answer, cause, &dma);
}

/* The answer to an access that nothing is asked of: the tables, and what they allow. */
static void from_tables(const struct dma_question *question, struct oracle_ats_answer *answer)
{
    struct oracle_dma_answer dma;

    memset(&dma, 0, sizeof(dma));
    translate(question, &dma);
    answer->steps = dma.steps;
    memcpy(answer->step, dma.step, sizeof(answer->step));
    if (dma.cause == ORACLE_DMA_MODE_RESERVED) {
        abort_as(answer, ORACLE_ATS_MODE_RESERVED, &dma);
    } else if (dma.cause == ORACLE_DMA_TABLE_UNREADABLE) {
        abort_as(answer, ORACLE_ATS_TABLE_UNREADABLE, &dma);
    } else if (dma.outcome != ORACLE_TRANSLATED) {
        answer->cause = ORACLE_ATS_FAULT; /* R=W=0, and no event */
    } else if (!dma.read && !dma.write) {
        answer->cause = ORACLE_ATS_NOTHING_ALLOWED;
    } else {
        answer->cause = dma.cause == ORACLE_DMA_IDENTITY ? ORACLE_ATS_IDENTITY : ORACLE_ATS_PAGE;
        answer->read = dma.read;
        answer->write = dma.write;
        answer->untranslated_only = dma.untranslated_only;
        answer->force_coherent = dma.force_coherent;
        answer->spa = dma.spa;
    }
}

/* From the device table entry on, which was read. */
static void look_up_ats(const struct dma_question *question, struct oracle_ats_answer *answer)
{
    bool valid = oracle_dte_bits(question->dte, 0, 0) == 1;

    if (valid && is_reserved_set_for_memory(question->dte)) {
        illegal_dte_ats(question, answer, ORACLE_ATS_DTE_RESERVED, oracle_flag(ORACLE_FLAG_RZ));
        return;
    }
    if (!valid || oracle_dte_bits(question->dte, 96, 96) == 0) {
        refuse_ats(question, answer, ORACLE_ATS_NOT_ENABLED, 0);
        return;
    }
    if (oracle_range_of(question->request->iova) == ORACLE_RANGE_PORT_IO &&
        oracle_dte_bits(question->dte, 100, 99) == 3) {
        illegal_dte_ats(question, answer, ORACLE_ATS_IO_RESERVED, oracle_flag(ORACLE_FLAG_RZ));
        return;
    }
    if (oracle_special_refuses_ats(question)) {
        refuse_ats(question, answer, ORACLE_ATS_ADDRESS, 1);
        return;
    }
    if (oracle_dte_bits(question->dte, 1, 1) == 0) {
        refuse_ats(question, answer, ORACLE_ATS_NO_TRANSLATION, 0);
        return;
    }
    if (is_excluded(question)) {
        answer->cause = ORACLE_ATS_EXCLUDED;
        answer->read = true;
        answer->write = true;
        answer->spa = question->request->iova;
        return;
    }
    from_tables(question, answer);
}

struct oracle_ats_answer oracle_ats(const struct oracle_machine *machine,
                                    const struct oracle_ats *request)
{
    struct oracle_dma nothing = {.device_id = request->device_id, .iova = request->iova};
    struct dma_question question = {
        .machine = machine, .request = &nothing, .is_translation = true};
    struct oracle_ats_answer answer;

    memset(&answer, 0, sizeof(answer));
    if (!oracle_bit(machine->control, 0)) {
        answer.status = ORACLE_ATS_UNSUPPORTED_REQUEST;
        answer.cause = ORACLE_ATS_DISABLED;
        return answer;
    }
    if (oracle_is_beyond_table(machine, request->device_id)) {
        refuse_ats(&question, &answer, ORACLE_ATS_BEYOND_TABLE, 0);
        return answer;
    }
    enum oracle_read end = oracle_read_dte(machine, request->device_id, question.dte);
    if (end != ORACLE_READ_DONE) {
        answer.status = ORACLE_ATS_COMPLETER_ABORT;
        answer.cause = ORACLE_ATS_DTE_UNREADABLE;
        oracle_event_set(machine, &answer.event, ORACLE_CODE_DEV_TAB_HARDWARE_ERROR,
                         request->device_id, 0,
                         oracle_flag(ORACLE_FLAG_TR) | ((uint64_t)end << ORACLE_FLAG_TYPE_HARDWARE),
                         oracle_dte_address(machine, request->device_id));
        return answer;
    }
    look_up_ats(&question, &answer);
    return answer;
}
