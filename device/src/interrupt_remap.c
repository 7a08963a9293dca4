/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of an interrupt: its class, what the device table entry allows, and the
 * interrupt remapping table. All of it is governed by IV, none of it by V.
 */
#include <amdvi/irte.h>

#include "state.h"

/* What is being worked on. */
struct remapping {
    struct amdvi_iommu *iommu;
    uint64_t generation; /* when the look-up began */
    const struct amdvi_interrupt *interrupt;
    struct amdvi_int_request request; /* the same, decoded */
    const struct amdvi_dte *dte;
    struct amdvi_remapped *out;
    bool has_event;
    bool suppressed; /* IG, or SupIOPF of the entry: no I/O page fault is logged */
    struct amdvi_event event;
};

/* What is neither passed nor sent is refused. */
static void pass(struct remapping *remapping)
{
    remapping->out->outcome = AMDVI_OUTCOME_TRANSLATED;
    remapping->out->address = remapping->interrupt->address;
    remapping->out->data = remapping->interrupt->data;
}

static void refuse_with(struct remapping *remapping, enum amdvi_event_code code)
{
    remapping->has_event = true;
    remapping->event.code = code;
}

static void refuse_with_fault(struct remapping *remapping, bool present, bool reserved)
{
    refuse_with(remapping, AMDVI_EVENT_IO_PAGE_FAULT);
    remapping->event.present = present;
    remapping->event.reserved = reserved;
    remapping->has_event = !remapping->suppressed;
}

static void refuse_with_hw_error(struct remapping *remapping, enum amdvi_event_code code,
                                 enum amdvi_memory_status status, uint64_t spa)
{
    refuse_with(remapping, code);
    remapping->event.type = amdvi_hw_error_type(status);
    remapping->event.address = spa;
}

/*
 * Choice: the trigger mode is RqEoi, with the level asserted then; all else that the entry does not
 * give is 0, as for an edge.
 */
static void send_msi(const struct amdvi_irte *irte, struct amdvi_remapped *out)
{
    out->address = AMDVI_MSI_BASE | amdvi_put(AMDVI_MSI_ADDRESS_DESTINATION, irte->destination) |
                   amdvi_put(AMDVI_MSI_ADDRESS_DM, irte->logical);
    out->data = (uint32_t)(amdvi_put(AMDVI_MSI_DATA_VECTOR, irte->vector) |
                           amdvi_put(AMDVI_MSI_DATA_DELIVERY_MODE, irte->int_type) |
                           amdvi_put(AMDVI_MSI_DATA_LEVEL, irte->request_eoi) |
                           amdvi_put(AMDVI_MSI_DATA_TRIGGER, irte->request_eoi));
}

/* Fixed and arbitrated have the same number in both encodings. */
static void send_ht(const struct amdvi_irte *irte, struct amdvi_remapped *out)
{
    out->address = AMDVI_HT_INT_BASE | amdvi_put(AMDVI_HT_INT_DESTINATION, irte->destination) |
                   amdvi_put(AMDVI_HT_INT_DM, irte->logical) |
                   amdvi_put(AMDVI_HT_INT_VECTOR, irte->vector) |
                   amdvi_put(AMDVI_HT_INT_MT, irte->int_type) |
                   amdvi_put(AMDVI_HT_INT_RQ_EOI, irte->request_eoi);
}

/* ---- The cache of entries -------------------------------------------------------------------- */

/* Words of a record. */
enum {
    WORD_KEY,     /* amdvi_interrupt_key() */
    WORD_CONTEXT, /* of the device */
    WORD_KEYS,
    WORD_MESSAGE = WORD_KEYS, /* address and data of an MSI remapped by it; 0 when it refuses */
    WORD_ENTRY,               /* as it is in memory */
    WORD_END,
};

/* That word. */
#define MESSAGE_ADDRESS AMDVI_BITS(31, 0)
#define MESSAGE_DATA    AMDVI_BITS(63, 32)

static uint64_t index_of(uint16_t device_id, uint64_t index)
{
    return index ^ (uint64_t)device_id * 0x1e3779b1U;
}

static void set_key(uint64_t record[AMDVI_CACHE_WORDS], const struct amdvi_caches *caches,
                    uint16_t device_id, uint64_t index, uint64_t context)
{
    record[WORD_KEY] = amdvi_interrupt_key(caches, device_id, index);
    record[WORD_CONTEXT] = context;
}

/* The MSI that an entry with RemapEn=1 makes, as one word: address, and data above it. */
static uint64_t message_of(const struct amdvi_irte *irte)
{
    struct amdvi_remapped remapped;

    if (irte->has_reserved || irte->int_type > AMDVI_DELIVERY_ARBITRATED) {
        return 0;
    }
    send_msi(irte, &remapped);
    return remapped.address | amdvi_put(MESSAGE_DATA, remapped.data);
}

static void keep(struct remapping *remapping, uint64_t record[AMDVI_CACHE_WORDS],
                 const struct amdvi_irte *irte, uint64_t index)
{
    struct amdvi_caches *caches = &remapping->iommu->caches;
    uint16_t device_id = remapping->interrupt->device_id;

    record[WORD_MESSAGE] = message_of(irte);
    if (caches->irtes.ways != 0 && amdvi_caches_begin_fill(caches, remapping->generation)) {
        set_key(record, caches, device_id, index, amdvi_interrupt_context_of(remapping->dte));
        amdvi_cache_put(&caches->irtes, index_of(device_id, index), WORD_KEYS, WORD_END, record);
        amdvi_caches_unlock(caches);
    }
}

static enum amdvi_memory_status find_irte(struct remapping *remapping, uint64_t index, uint64_t spa,
                                          struct amdvi_irte *irte)
{
    struct amdvi_iommu *iommu = remapping->iommu;
    uint16_t device_id = remapping->interrupt->device_id;
    uint64_t record[AMDVI_CACHE_WORDS] = {0};
    struct amdvi_le32 wire;

    set_key(record, &iommu->caches, device_id, index, amdvi_interrupt_context_of(remapping->dte));
    if (amdvi_cache_find(&iommu->caches.irtes, index_of(device_id, index), WORD_KEYS, WORD_END,
                         record)) {
        *irte = amdvi_irte_decode((uint32_t)record[WORD_ENTRY]);
        return AMDVI_MEMORY_OK;
    }
    remapping->out->cached = false;
    enum amdvi_memory_status status = iommu->host.read(iommu->host.ctx, spa, &wire, sizeof(wire));
    if (status == AMDVI_MEMORY_OK) {
        record[WORD_ENTRY] = amdvi_le32_decode(&wire);
        *irte = amdvi_irte_decode((uint32_t)record[WORD_ENTRY]);
        if (irte->remap_enable) {
            keep(remapping, record, irte, index);
        }
    }
    return status;
}

/* A remapped request leaves in the form in which it came. */
static void send(struct remapping *remapping, const struct amdvi_irte *irte)
{
    struct amdvi_remapped *out = remapping->out;

    out->outcome = AMDVI_OUTCOME_TRANSLATED;
    out->remapped = true;
    if (remapping->request.is_ht) {
        send_ht(irte, out);
    } else {
        send_msi(irte, out);
    }
}

static void remap_through_table(struct remapping *remapping)
{
    const struct amdvi_dte *dte = remapping->dte;
    uint64_t index = remapping->request.index;
    struct amdvi_irte irte;

    if (dte->int_tab_len > AMDVI_INT_TAB_LEN_MAX) {
        refuse_with(remapping, AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY);
        return;
    }
    if (index >> dte->int_tab_len != 0) {
        refuse_with_fault(remapping, false, false);
        return;
    }
    uint64_t spa = dte->interrupt_root + AMDVI_IRTE_BYTES * index;
    enum amdvi_memory_status status = find_irte(remapping, index, spa, &irte);
    if (status != AMDVI_MEMORY_OK) {
        /* Choice: the event has an I flag for it, so it is this one. */
        refuse_with_hw_error(remapping, AMDVI_EVENT_PAGE_TAB_HARDWARE_ERROR, status, spa);
        return;
    }
    remapping->suppressed = remapping->suppressed || irte.suppress_fault;
    if (!irte.remap_enable) {
        refuse_with_fault(remapping, false, false);
    } else if (irte.has_reserved || irte.int_type > AMDVI_DELIVERY_ARBITRATED) {
        refuse_with_fault(remapping, true, true);
    } else {
        send(remapping, &irte);
    }
}

static void control_fixed(struct remapping *remapping)
{
    switch ((enum amdvi_int_ctl)remapping->dte->int_ctl) {
    case AMDVI_INT_CTL_ABORT:
        /* Choice: sources differ whether this is logged; it is. */
        refuse_with(remapping, AMDVI_EVENT_INVALID_DEVICE_REQUEST);
        remapping->event.type = AMDVI_INVALID_INTERRUPT;
        break;
    case AMDVI_INT_CTL_PASS:
        pass(remapping);
        break;
    case AMDVI_INT_CTL_REMAP:
        remap_through_table(remapping);
        break;
    case AMDVI_INT_CTL_RESERVED:
        refuse_with(remapping, AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY);
        remapping->event.reserved = true;
        break;
    }
}

/* Passed or refused by a bit of the entry alone, as LINT0 and LINT1 are. */
static void control_by_bit(struct remapping *remapping, bool may_pass)
{
    if (may_pass) {
        pass(remapping);
    }
}

/*
 * NMI, INIT and ExtInt: passed to a physical destination if the entry says so. Choice: a refusal
 * logs nothing.
 */
static void control_passed(struct remapping *remapping, bool may_pass)
{
    control_by_bit(remapping, may_pass && !remapping->request.logical);
}

static void control_by_class(struct remapping *remapping)
{
    const struct amdvi_dte *dte = remapping->dte;

    switch (remapping->request.int_class) {
    case AMDVI_INT_FIXED:
    case AMDVI_INT_ARBITRATED:
        control_fixed(remapping);
        break;
    case AMDVI_INT_SMI:
        pass(remapping);
        break;
    case AMDVI_INT_NMI:
        control_passed(remapping, dte->nmi_pass);
        break;
    case AMDVI_INT_INIT:
        control_passed(remapping, dte->init_pass);
        break;
    case AMDVI_INT_EXT_INT:
        control_passed(remapping, dte->eint_pass);
        break;
    case AMDVI_INT_LINT0:
        control_by_bit(remapping, dte->lint0_pass);
        break;
    case AMDVI_INT_LINT1:
        control_by_bit(remapping, dte->lint1_pass);
        break;
    case AMDVI_INT_OTHER:
        /* Choice: an EOI goes from processors to devices; one that a device sends is refused. */
        break;
    }
}

static void remap(struct remapping *remapping)
{
    struct amdvi_dte_lookup found;

    if (!amdvi_iommu_is_enabled(remapping->iommu) ||
        amdvi_passes_tunnel(remapping->iommu, remapping->interrupt->from_tunnel)) {
        pass(remapping);
        return;
    }
    amdvi_device_table_find(remapping->iommu, remapping->interrupt->device_id, true,
                            remapping->generation, &found);
    remapping->out->cached = found.cached;
    if (found.status == AMDVI_DTE_OUTSIDE) {
        refuse_with_fault(remapping, false, false);
        return;
    }
    if (found.status == AMDVI_DTE_HW_ERROR) {
        refuse_with_hw_error(remapping, AMDVI_EVENT_DEV_TAB_HARDWARE_ERROR, found.memory,
                             found.spa);
        return;
    }
    remapping->dte = &found.dte;
    remapping->event.domain_id = found.dte.domain_id;
    remapping->suppressed = found.dte.ignore_unmapped;
    if (!found.dte.interrupt_valid) {
        pass(remapping);
    } else if (found.dte.intr_reserved) {
        refuse_with(remapping, AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY);
        remapping->event.reserved = true;
    } else {
        control_by_class(remapping);
    }
    remapping->dte = NULL;
}

/* ---- The usual case -------------------------------------------------------------------------- */

/* The message of an entry that is known, else 0: amdvi_cache_find() with few instructions. */
static inline uint64_t find_message(const struct amdvi_caches *caches, uint16_t device_id,
                                    uint64_t index, uint64_t context)
{
    const struct amdvi_cache_slot *slot =
        amdvi_cache_set(&caches->irtes, index_of(device_id, index));
    uint64_t key = amdvi_interrupt_key(caches, device_id, index);

    AMDVI_UNROLL
    for (unsigned way = 0; way < AMDVI_CACHE_WAYS; way++, slot++) {
        uint64_t begin = amdvi_slot_begin(slot);

        if (amdvi_slot_word(slot, WORD_KEY) == key &&
            amdvi_slot_word(slot, WORD_CONTEXT) == context) {
            uint64_t message = amdvi_slot_word(slot, WORD_MESSAGE);

            return amdvi_slot_end(slot, begin) ? message : 0;
        }
    }
    return 0;
}

/*
 * From the caches alone: an MSI, fixed or arbitrated, of a device whose interrupts are remapped,
 * with an entry that is known. False when it is not that.
 */
static inline bool remap_fast(const struct amdvi_caches *caches,
                              const struct amdvi_interrupt *interrupt, struct amdvi_remapped *out)
{
    uint64_t index = interrupt->data & AMDVI_MSI_DATA_INDEX;
    uint16_t device_id = interrupt->device_id;
    bool is_usual = interrupt->address - AMDVI_MSI_BASE < AMDVI_MSI_BYTES &&
                    amdvi_get(index, AMDVI_MSI_DATA_DELIVERY_MODE) <= AMDVI_DELIVERY_ARBITRATED &&
                    !(interrupt->from_tunnel | interrupt->quiet);
    if (!is_usual) {
        return false;
    }
    /* No entry is kept with a context of 0, nor with one whose table ends before it. */
    uint64_t context = amdvi_interrupt_context_find(caches, device_id);
    uint64_t message = find_message(caches, device_id, index, context);
    if (message == 0) {
        return false;
    }
    *out = (struct amdvi_remapped){
        .outcome = AMDVI_OUTCOME_TRANSLATED,
        .address = message & MESSAGE_ADDRESS,
        .data = (uint32_t)amdvi_get(message, MESSAGE_DATA),
        .remapped = true,
        .cached = true,
    };
    return true;
}

static __attribute__((noinline)) enum amdvi_status
remap_general(struct amdvi_reader *reader, const struct amdvi_interrupt *interrupt,
              struct amdvi_remapped *out)
{
    struct amdvi_effects effects = {0};
    struct remapping remapping = {
        .iommu = reader->iommu,
        .generation = atomic_load(&reader->iommu->caches.generation),
        .interrupt = interrupt,
        .out = out,
        .event = {.device_id = interrupt->device_id,
                  .interrupt = true,
                  .address = interrupt->address},
    };
    if (!amdvi_int_request_decode(&remapping.request, interrupt->address, interrupt->data)) {
        return AMDVI_ERR_ARGUMENT;
    }
    *out = (struct amdvi_remapped){.outcome = AMDVI_OUTCOME_ABORTED};
    remap(&remapping);
    if (interrupt->quiet) {
        return AMDVI_OK;
    }
    amdvi_count_own(&reader->interrupts);
    if (out->outcome == AMDVI_OUTCOME_ABORTED) {
        amdvi_count_own(&reader->interrupts_aborted);
    }
    if (remapping.has_event) {
        amdvi_event_log_write(reader->iommu, &remapping.event, false, &effects);
        amdvi_effects_deliver(reader->iommu, &effects);
    }
    return AMDVI_OK;
}

enum amdvi_status amdvi_iommu_remap(struct amdvi_reader *reader,
                                    const struct amdvi_interrupt *interrupt,
                                    struct amdvi_remapped *out)
{
    amdvi_reader_check_online(reader);
    if (!remap_fast(&reader->iommu->caches, interrupt, out)) {
        return remap_general(reader, interrupt, out);
    }
    amdvi_count_own(&reader->interrupts);
    return AMDVI_OK;
}
