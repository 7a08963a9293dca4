/* SPDX-License-Identifier: BSD-2-Clause */
/* The oracle on interrupts: the action table by delivery mode or message type, and remapping. */
#include "oracle_parts.h"

#include <string.h>

static bool is_reserved_set_for_interrupts(const uint64_t dte[4])
{
    return oracle_dte_bits(dte, 183, 180) != 0 || oracle_dte_bits(dte, 187, 187) != 0 ||
           oracle_dte_bits(dte, 255, 192) != 0;
}

struct msi_question {
    const struct oracle_machine *machine;
    const struct oracle_msi *request;
    uint64_t dte[4];
};

static bool is_ht(const struct msi_question *question)
{
    return oracle_range_of(question->request->address) == ORACLE_RANGE_HT_INTERRUPT;
}

static void forward(const struct msi_question *question, struct oracle_msi_answer *answer,
                    enum oracle_cause cause)
{
    answer->outcome = ORACLE_TRANSLATED;
    answer->cause = cause;
    answer->address = question->request->address;
    answer->data = question->request->data;
}

/* Dropped, and nothing is logged. */
static void drop(struct oracle_msi_answer *answer, enum oracle_cause cause)
{
    answer->outcome = ORACLE_ABORTED;
    answer->cause = cause;
}

static void drop_with_event(const struct msi_question *question, struct oracle_msi_answer *answer,
                            enum oracle_cause cause, unsigned code, uint64_t domain_id,
                            uint64_t flags, uint64_t address)
{
    drop(answer, cause);
    oracle_event_set(question->machine, &answer->event, code, question->request->device_id,
                     domain_id, flags, address);
}

static void drop_illegal_dte(const struct msi_question *question, struct oracle_msi_answer *answer,
                             enum oracle_cause cause, uint64_t flags)
{
    drop_with_event(question, answer, cause, ORACLE_CODE_ILLEGAL_DEV_TABLE_ENTRY, 0,
                    oracle_flag(ORACLE_FLAG_I) | flags, (question->request->address >> 2) << 2);
}

/* IO_PAGE_FAULT of an interrupt with IV=1; @suppressed by SupIOPF of the entry that was read. */
static void drop_fault(const struct msi_question *question, struct oracle_msi_answer *answer,
                       enum oracle_cause cause, uint64_t flags, bool suppressed)
{
    drop_with_event(question, answer, cause, ORACLE_CODE_IO_PAGE_FAULT,
                    oracle_dte_bits(question->dte, 79, 64), oracle_flag(ORACLE_FLAG_I) | flags,
                    question->request->address);
    if (suppressed || oracle_dte_bits(question->dte, 133, 133) == 1) {
        answer->event.due = false;
    }
}

/* A HyperTransport interrupt stays one: all that it says is in the address. */
static void send_ht(struct oracle_msi_answer *answer, uint64_t entry)
{
    answer->outcome = ORACLE_TRANSLATED;
    answer->cause = ORACLE_MSI_HT_REMAPPED;
    answer->remapped = true;
    answer->address = UINT64_C(0xfdf8000000) + (oracle_bits(entry, 23, 16) << 16) +
                      (oracle_bits(entry, 15, 8) << 8) + (oracle_bits(entry, 6, 6) << 6) +
                      (oracle_bits(entry, 5, 5) << 5) + (oracle_bits(entry, 4, 2) << 2);
}

static void send(struct oracle_msi_answer *answer, uint64_t entry)
{
    answer->outcome = ORACLE_TRANSLATED;
    answer->cause = ORACLE_MSI_REMAPPED;
    answer->remapped = true;
    answer->address =
        UINT64_C(0xfee00000) + (oracle_bits(entry, 15, 8) << 12) + (oracle_bits(entry, 6, 6) << 2);
    answer->data = (uint32_t)(oracle_bits(entry, 23, 16) + (oracle_bits(entry, 4, 2) << 8));
    if (oracle_bit(entry, 5)) { /* level triggered, and asserted */
        answer->data = answer->data + (1U << 15) + (1U << 14);
    }
}

/* Delivery mode and vector; of HyperTransport, message type and vector. */
static uint64_t index_of(const struct msi_question *question)
{
    uint64_t address = question->request->address;

    if (is_ht(question)) {
        return (oracle_bits(address, 4, 2) << 8) + oracle_bits(address, 23, 16);
    }
    return oracle_bits(question->request->data, 10, 0);
}

static void remap(const struct msi_question *question, struct oracle_msi_answer *answer)
{
    unsigned length = (unsigned)oracle_dte_bits(question->dte, 132, 129);
    uint64_t index = index_of(question);
    uint64_t spa = (oracle_dte_bits(question->dte, 179, 134) << 6) + 4 * index;
    uint64_t entry = 0;

    if (length > 11) {
        drop_illegal_dte(question, answer, ORACLE_MSI_LENGTH_RESERVED, 0);
        return;
    }
    if (index >= oracle_flag(length)) {
        drop_fault(question, answer, ORACLE_MSI_BEYOND_LENGTH, 0, false);
        return;
    }
    answer->entry_spa = spa;
    enum oracle_read end = oracle_read_memory(question->machine, spa, 4, &entry);
    if (end != ORACLE_READ_DONE) {
        drop_with_event(question, answer, ORACLE_MSI_TABLE_UNREADABLE,
                        ORACLE_CODE_PAGE_TAB_HARDWARE_ERROR, oracle_dte_bits(question->dte, 79, 64),
                        oracle_flag(ORACLE_FLAG_I) | ((uint64_t)end << ORACLE_FLAG_TYPE_HARDWARE),
                        (spa >> 3) << 3);
        return;
    }
    if (!oracle_bit(entry, 0)) {
        drop_fault(question, answer, ORACLE_MSI_NOT_ENABLED, 0, oracle_bit(entry, 1));
        return;
    }
    if (oracle_bits(entry, 31, 24) != 0 || oracle_bit(entry, 7)) {
        drop_fault(question, answer, ORACLE_MSI_ENTRY_RESERVED,
                   oracle_flag(ORACLE_FLAG_PR) | oracle_flag(ORACLE_FLAG_RZ), oracle_bit(entry, 1));
        return;
    }
    if (oracle_bits(entry, 4, 2) > 1) {
        drop_fault(question, answer, ORACLE_MSI_TYPE_RESERVED,
                   oracle_flag(ORACLE_FLAG_PR) | oracle_flag(ORACLE_FLAG_RZ), oracle_bit(entry, 1));
        return;
    }
    if (is_ht(question)) {
        send_ht(answer, entry);
    } else {
        send(answer, entry);
    }
}

static void fixed_or_arbitrated(const struct msi_question *question,
                                struct oracle_msi_answer *answer)
{
    switch (oracle_dte_bits(question->dte, 189, 188)) {
    case 0:
        drop_with_event(question, answer, ORACLE_MSI_CONTROL_ABORT,
                        ORACLE_CODE_INVALID_DEVICE_REQUEST, 0,
                        UINT64_C(5) << ORACLE_FLAG_TYPE_REQUEST, question->request->address);
        break;
    case 1:
        forward(question, answer, ORACLE_MSI_CONTROL_FORWARD);
        break;
    case 2:
        remap(question, answer);
        break;
    default:
        drop_illegal_dte(question, answer, ORACLE_MSI_CONTROL_RESERVED,
                         oracle_flag(ORACLE_FLAG_RZ));
        break;
    }
}

/* NMI, INIT and ExtInt, by the number of their pass bit. */
static void pass_or_drop(const struct msi_question *question, struct oracle_msi_answer *answer,
                         unsigned pass_bit)
{
    bool logical = oracle_bit(question->request->address, is_ht(question) ? 6 : 2);

    if (oracle_dte_bits(question->dte, pass_bit, pass_bit) == 1 && !logical) {
        forward(question, answer, ORACLE_MSI_PASSED);
    } else {
        drop(answer, ORACLE_MSI_REFUSED);
    }
}

static void by_delivery_mode(const struct msi_question *question, struct oracle_msi_answer *answer)
{
    switch (oracle_bits(question->request->data, 10, 8)) {
    case 0:
    case 1:
        fixed_or_arbitrated(question, answer);
        break;
    case 2:
        forward(question, answer, ORACLE_MSI_SYSTEM_MANAGEMENT);
        break;
    case 4:
        pass_or_drop(question, answer, 186);
        break;
    case 5:
        pass_or_drop(question, answer, 184);
        break;
    case 7:
        pass_or_drop(question, answer, 185);
        break;
    default:
        drop(answer, ORACLE_MSI_MODE_RESERVED);
        break;
    }
}

/* LINT0 and LINT1: a logical destination does not matter. */
static void lint(const struct msi_question *question, struct oracle_msi_answer *answer,
                 unsigned pass_bit)
{
    if (oracle_dte_bits(question->dte, pass_bit, pass_bit) == 1) {
        forward(question, answer, ORACLE_MSI_LINT_PASSED);
    } else {
        drop(answer, ORACLE_MSI_LINT_REFUSED);
    }
}

static void by_message_type(const struct msi_question *question, struct oracle_msi_answer *answer)
{
    uint64_t address = question->request->address;

    switch (8 * oracle_bits(address, 7, 7) + oracle_bits(address, 4, 2)) {
    case 0:
    case 1:
        fixed_or_arbitrated(question, answer);
        break;
    case 2:
        forward(question, answer, ORACLE_MSI_SYSTEM_MANAGEMENT);
        break;
    case 3:
        pass_or_drop(question, answer, 186);
        break;
    case 4:
        pass_or_drop(question, answer, 184);
        break;
    case 6:
        pass_or_drop(question, answer, 185);
        break;
    case 11:
        lint(question, answer, 191);
        break;
    case 14:
        lint(question, answer, 190);
        break;
    default:
        drop(answer, ORACLE_MSI_HT_TYPE_RESERVED);
        break;
    }
}

static void look_up_msi(struct msi_question *question, struct oracle_msi_answer *answer)
{
    uint16_t device_id = question->request->device_id;

    if (oracle_is_beyond_table(question->machine, device_id)) {
        drop_with_event(question, answer, ORACLE_MSI_BEYOND_TABLE, ORACLE_CODE_IO_PAGE_FAULT, 0,
                        oracle_flag(ORACLE_FLAG_I), question->request->address);
        return;
    }
    enum oracle_read end = oracle_read_dte(question->machine, device_id, question->dte);
    if (end != ORACLE_READ_DONE) {
        drop_with_event(question, answer, ORACLE_MSI_DTE_UNREADABLE,
                        ORACLE_CODE_DEV_TAB_HARDWARE_ERROR, 0,
                        oracle_flag(ORACLE_FLAG_I) | ((uint64_t)end << ORACLE_FLAG_TYPE_HARDWARE),
                        oracle_dte_address(question->machine, device_id));
        return;
    }
    if (oracle_dte_bits(question->dte, 128, 128) == 0) {
        forward(question, answer, ORACLE_MSI_NOT_VALID);
        return;
    }
    if (is_reserved_set_for_interrupts(question->dte)) {
        drop_illegal_dte(question, answer, ORACLE_MSI_DTE_RESERVED, oracle_flag(ORACLE_FLAG_RZ));
        return;
    }
    if (is_ht(question)) {
        by_message_type(question, answer);
    } else {
        by_delivery_mode(question, answer);
    }
}

struct oracle_msi_answer oracle_msi(const struct oracle_machine *machine,
                                    const struct oracle_msi *request)
{
    struct msi_question question = {.machine = machine, .request = request};
    struct oracle_msi_answer answer;

    memset(&answer, 0, sizeof(answer));
    if (!oracle_bit(machine->control, 0)) {
        forward(&question, &answer, ORACLE_MSI_DISABLED);
    } else if (request->from_tunnel && oracle_tunnel_passes(machine)) {
        forward(&question, &answer, ORACLE_MSI_TUNNEL);
    } else {
        look_up_msi(&question, &answer);
    }
    return answer;
}
