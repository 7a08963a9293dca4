/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Targets: libamdvi in this process, with caches of three sizes. Memory is a sparse list of 4 KiB
 * pages, so that there can be some at any address, and some that fails.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "target.h"

#include <amdvi/iommu.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES    UINT64_C(0x1000)
#define ADDED_BYTES   UINT64_C(0x200000)
#define ADDED_MAX     16
#define FAILING_MAX   8
#define TOUCHES_MAX   8192
#define MESSAGES_MAX  64
#define INV_MAX       256
#define ENDPOINT      0x0018 /* 00:03.0 */
#define ENDPOINT_HIGH 0x00f0 /* 00:1e.0 */

struct variant {
    unsigned tlb_entries;
    unsigned dte_entries;
    unsigned irte_entries;
};

struct library {
    struct amdvi_iommu *iommu;
    struct amdvi_reader *reader;
    uint8_t *ram;
    struct {
        uint64_t spa;
        uint8_t *bytes;
    } added[ADDED_MAX];
    unsigned added_count;
    uint64_t failing[FAILING_MAX];
    unsigned failing_count;
    bool unlocked;

    struct target_touch touches[TOUCHES_MAX];
    unsigned touch_count;
    struct target_message messages[MESSAGES_MAX];
    unsigned message_count;
    unsigned msis;

    struct target_ats_invalidation invalidations[INV_MAX];
    unsigned invalidation_first;
    unsigned invalidation_count;
    uint64_t now_ns;
    uint64_t deadline_ns; /* 0: no timer is set */
};

static void die(const char *text)
{
    printf("# %s\n", text);
    fflush(stdout);
    exit(TARGET_MISUSED);
}

static struct library *library_of(struct target *target)
{
    return target->state;
}

/* ---- Memory ---------------------------------------------------------------------------------- */

/* Where the byte at @spa is, or NULL. */
static uint8_t *memory_at(struct library *library, uint64_t spa)
{
    if (spa >= 0x100000 && spa < TARGET_RAM_BYTES) {
        return &library->ram[spa];
    }
    for (unsigned i = 0; i < library->added_count; i++) {
        if (spa >= library->added[i].spa && spa - library->added[i].spa < ADDED_BYTES) {
            return &library->added[i].bytes[spa - library->added[i].spa];
        }
    }
    return NULL;
}

static enum amdvi_memory_status memory_status(struct library *library, uint64_t spa, size_t bytes)
{
    enum amdvi_memory_status status = AMDVI_MEMORY_OK;

    for (size_t i = 0; i < bytes; i++) {
        if (memory_at(library, spa + i) == NULL) {
            return AMDVI_MEMORY_ABSENT;
        }
        for (unsigned f = 0; f < library->failing_count; f++) {
            if (spa + i - library->failing[f] < PAGE_BYTES) {
                status = AMDVI_MEMORY_ERROR;
            }
        }
    }
    return status;
}

static void copy_out(struct library *library, uint64_t spa, void *out, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        ((uint8_t *)out)[i] = *memory_at(library, spa + i);
    }
}

static void copy_in(struct library *library, uint64_t spa, const void *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        *memory_at(library, spa + i) = ((const uint8_t *)data)[i];
    }
}

/* A record that is full makes rig_touch_count() fail. */
static void record_touch(struct library *library, bool write, uint64_t spa, size_t bytes)
{
    if (library->touch_count < TOUCHES_MAX) {
        library->touches[library->touch_count] =
            (struct target_touch){.write = write, .size_bytes = (uint32_t)bytes, .spa = spa};
    }
    library->touch_count++;
}

static enum amdvi_memory_status host_read(void *ctx, uint64_t spa, void *out, size_t bytes)
{
    struct library *library = ctx;
    enum amdvi_memory_status status = memory_status(library, spa, bytes);

    record_touch(library, false, spa, bytes);
    if (status == AMDVI_MEMORY_OK) {
        copy_out(library, spa, out, bytes);
    }
    return status;
}

static enum amdvi_memory_status host_write(void *ctx, uint64_t spa, const void *data, size_t bytes)
{
    struct library *library = ctx;
    enum amdvi_memory_status status = memory_status(library, spa, bytes);

    record_touch(library, true, spa, bytes);
    if (status == AMDVI_MEMORY_OK) {
        copy_in(library, spa, data, bytes);
    }
    return status;
}

/* ---- What the library tells ------------------------------------------------------------------ */

static void host_send_msi(void *ctx)
{
    ((struct library *)ctx)->msis++;
}

static uint64_t host_now_ns(void *ctx)
{
    return ((struct library *)ctx)->now_ns;
}

static void host_set_timer(void *ctx, uint64_t deadline_ns)
{
    struct library *library = ctx;

    if (library->deadline_ns == 0 || deadline_ns < library->deadline_ns) {
        library->deadline_ns = deadline_ns;
    }
}

static void host_invalidate_iotlb(void *ctx, const struct amdvi_iotlb_invalidation *what)
{
    struct library *library = ctx;

    if (library->invalidation_count == INV_MAX) {
        die("more ATS invalidation requests than the target keeps");
    }
    library->invalidations[library->invalidation_count++] = (struct target_ats_invalidation){
        .device_id = what->device_id,
        .queue_id = what->queue_id,
        .first = what->first_iova,
        .last = what->last_iova,
        .tag = what->tag,
    };
}

/* ---- Registers ------------------------------------------------------------------------------- */

static uint64_t mmio_read(struct target *target, uint64_t offset, unsigned size_bytes)
{
    return amdvi_iommu_mmio_read(library_of(target)->iommu, offset, size_bytes);
}

static void mmio_write(struct target *target, uint64_t offset, unsigned size_bytes, uint64_t value)
{
    amdvi_iommu_mmio_write(library_of(target)->iommu, offset, size_bytes, value);
}

static uint32_t cap_read(struct target *target, unsigned offset, unsigned size_bytes)
{
    return amdvi_iommu_cap_read(library_of(target)->iommu, offset, size_bytes);
}

static void cap_write(struct target *target, unsigned offset, unsigned size_bytes, uint32_t value)
{
    amdvi_iommu_cap_write(library_of(target)->iommu, offset, size_bytes, value);
}

static bool window(struct target *target, uint64_t *base)
{
    return amdvi_iommu_window(library_of(target)->iommu, base);
}

static void memory_read(struct target *target, uint64_t spa, void *out, uint32_t size_bytes)
{
    if (memory_at(library_of(target), spa) == NULL ||
        memory_at(library_of(target), spa + size_bytes - 1) == NULL) {
        die("a test reads where there is no memory");
    }
    copy_out(library_of(target), spa, out, size_bytes);
}

static void memory_write(struct target *target, uint64_t spa, const void *data, uint32_t size_bytes)
{
    if (memory_at(library_of(target), spa) == NULL ||
        memory_at(library_of(target), spa + size_bytes - 1) == NULL) {
        die("a test writes where there is no memory");
    }
    copy_in(library_of(target), spa, data, size_bytes);
}

static void memory_fail(struct target *target, uint64_t spa)
{
    struct library *library = library_of(target);

    if (library->failing_count == FAILING_MAX) {
        die("too many failing pages");
    }
    library->failing[library->failing_count++] = spa & ~(PAGE_BYTES - 1);
}

static void memory_add(struct target *target, uint64_t spa)
{
    struct library *library = library_of(target);
    uint8_t *bytes = calloc(1, ADDED_BYTES);

    if (library->added_count == ADDED_MAX || bytes == NULL) {
        die("too much memory is added");
    }
    library->added[library->added_count].spa = spa & ~(ADDED_BYTES - 1);
    library->added[library->added_count].bytes = bytes;
    library->added_count++;
}

/* ---- Requests -------------------------------------------------------------------------------- */

/* An interrupt that leaves the IOMMU, as local APICs see it: MSI, or HyperTransport's message. */
static void deliver(struct library *library, uint64_t address, uint32_t data)
{
    static const uint8_t from_ht[16] = {
        [0] = TARGET_FIXED,  [1] = TARGET_ARBITRATED, [2] = TARGET_SMI,     [3] = TARGET_NMI,
        [4] = TARGET_INIT,   [5] = 6 /* STARTUP */,   [6] = TARGET_EXT_INT, [7] = 15 /* EOI */,
        [11] = TARGET_LINT1, [14] = TARGET_LINT0};
    struct target_message message;

    if (address >> 20 == 0xfee) {
        message.destination = (uint8_t)(address >> 12);
        message.logical = (address >> 2 & 1) != 0;
        message.vector = (uint8_t)data;
        message.delivery = data >> 8 & 7;
        message.level = (data >> 15 & 1) != 0;
    } else {
        message.destination = (uint8_t)(address >> 8);
        message.logical = (address >> 6 & 1) != 0;
        message.vector = (uint8_t)(address >> 16);
        message.delivery = from_ht[(address >> 2 & 7) | (address >> 4 & 8)];
        message.level = (address >> 5 & 1) != 0;
    }
    if (library->message_count == MESSAGES_MAX) {
        die("more interrupts than the target keeps");
    }
    library->messages[library->message_count++] = message;
}

static enum target_outcome ask_interrupt(struct library *library,
                                         const struct target_interrupt *interrupt)
{
    struct amdvi_interrupt question = {.device_id = interrupt->device_id,
                                       .address = interrupt->address,
                                       .data = interrupt->data,
                                       .from_tunnel = interrupt->tunnel};
    struct amdvi_remapped answer;

    amdvi_reader_online(library->reader);
    if (amdvi_iommu_remap(library->reader, &question, &answer) != AMDVI_OK) {
        die("amdvi_iommu_remap refuses its arguments");
    }
    if (answer.outcome == AMDVI_OUTCOME_TRANSLATED) {
        deliver(library, answer.address, answer.data);
    }
    amdvi_reader_offline(library->reader);
    return answer.outcome == AMDVI_OUTCOME_TRANSLATED ? TARGET_DONE : TARGET_ABORTED;
}

static void send_interrupt(struct target *target, const struct target_interrupt *interrupt)
{
    ask_interrupt(library_of(target), interrupt);
}

/* The run that was translated: the endpoint's part of the access, byte by byte. */
static enum target_outcome carry_out(struct library *library, enum target_kind kind, uint64_t spa,
                                     uint8_t *data, size_t bytes)
{
    uint8_t old[4096];

    if (bytes > sizeof(old) || memory_status(library, spa, bytes) != AMDVI_MEMORY_OK) {
        return TARGET_ABORTED;
    }
    copy_out(library, spa, old, bytes);
    if (kind != TARGET_READ) {
        copy_in(library, spa, data, bytes);
    }
    if (kind == TARGET_READ || kind == TARGET_ATOMIC) {
        memcpy(data, old, bytes);
    }
    return TARGET_DONE;
}

static enum target_outcome one_run(struct library *library, const struct target_request *request,
                                   uint32_t done, uint64_t *run)
{
    static const enum amdvi_access accesses[] = {
        [TARGET_READ] = AMDVI_ACCESS_READ,
        [TARGET_WRITE] = AMDVI_ACCESS_WRITE,
        [TARGET_NON_POSTED_WRITE] = AMDVI_ACCESS_WRITE,
        [TARGET_ATOMIC] = AMDVI_ACCESS_READ_WRITE,
    };
    struct amdvi_request question = {
        .device_id = request->device_id,
        .access = accesses[request->kind],
        .iova = request->address + done,
        .size_bytes = request->size_bytes - done,
        .translated = request->translated,
        .non_posted = request->kind != TARGET_WRITE && request->kind != TARGET_READ,
        .intx_message = request->intx,
        .from_tunnel = request->tunnel,
    };
    uint8_t *data = (uint8_t *)request->data + done;
    struct amdvi_translation answer;
    enum target_outcome outcome = TARGET_ABORTED;

    amdvi_reader_online(library->reader);
    if (amdvi_iommu_translate(library->reader, &question, &answer) != AMDVI_OK) {
        die("amdvi_iommu_translate refuses its arguments");
    }
    *run = answer.run_bytes;
    if (answer.outcome == AMDVI_OUTCOME_TRANSLATED) {
        outcome = carry_out(library, request->kind, answer.spa, data, answer.run_bytes);
    }
    amdvi_reader_offline(library->reader);
    if (answer.outcome == AMDVI_OUTCOME_INTERRUPT) {
        struct target_interrupt interrupt = {
            .device_id = request->device_id, .address = question.iova, .tunnel = request->tunnel};
        for (unsigned i = 0; i < 4 && i < question.size_bytes; i++) {
            interrupt.data |= (uint32_t)data[i] << (8 * i);
        }
        outcome = ask_interrupt(library, &interrupt);
    }
    return outcome;
}

static enum target_outcome make_request(struct target *target, const struct target_request *request)
{
    enum target_outcome outcome = TARGET_DONE;
    uint64_t run = 0;

    for (uint32_t done = 0; done < request->size_bytes; done += (uint32_t)run) {
        if (one_run(library_of(target), request, done, &run) != TARGET_DONE) {
            outcome = TARGET_ABORTED;
        }
        if (run == 0 || run > request->size_bytes - done) {
            die("the library answers for no byte, or for more than it was asked");
        }
    }
    return outcome;
}

static unsigned take_messages(struct target *target, struct target_message *out, unsigned max)
{
    struct library *library = library_of(target);
    unsigned count = library->message_count;

    memcpy(out, library->messages, sizeof(*out) * (count < max ? count : max));
    library->message_count = 0;
    return count;
}

static unsigned take_msis(struct target *target)
{
    unsigned count = library_of(target)->msis;

    library_of(target)->msis = 0;
    return count;
}

static unsigned take_touches(struct target *target, struct target_touch *out, unsigned max)
{
    struct library *library = library_of(target);
    unsigned count = library->touch_count;
    unsigned kept = count < TOUCHES_MAX ? count : TOUCHES_MAX;

    memcpy(out, library->touches, sizeof(*out) * (kept < max ? kept : max));
    library->touch_count = 0;
    return count;
}

/* ---- ATS ------------------------------------------------------------------------------------- */

static void ats_translate(struct target *target, uint16_t device_id, uint64_t address,
                          struct target_ats_answer *out)
{
    struct library *library = library_of(target);
    struct amdvi_ats_completion completion;

    memset(out, 0, sizeof(*out));
    amdvi_reader_online(library->reader);
    if (amdvi_iommu_ats_translate(library->reader, device_id, address, &completion) != AMDVI_OK) {
        die("amdvi_iommu_ats_translate refuses its arguments");
    }
    amdvi_reader_offline(library->reader);
    out->refused = completion.status != AMDVI_ATS_SUCCESS;
    if (!out->refused) {
        out->read = completion.read;
        out->write = completion.write;
        out->untranslated_only = completion.untranslated;
        out->no_snoop = completion.force_coherent;
        out->size_log2 = completion.size_log2;
        out->address = completion.spa;
    }
}

static bool ats_invalidation(struct target *target, struct target_ats_invalidation *out)
{
    struct library *library = library_of(target);

    if (library->invalidation_first == library->invalidation_count) {
        return false;
    }
    *out = library->invalidations[library->invalidation_first++];
    return true;
}

static void ats_answer(struct target *target, const struct target_ats_invalidation *which)
{
    amdvi_iommu_iotlb_invalidated(library_of(target)->iommu, which->device_id, which->tag);
}

/* ---- Time and reset -------------------------------------------------------------------------- */

static void pass(struct target *target, uint64_t milliseconds)
{
    struct library *library = library_of(target);
    uint64_t end = library->now_ns + milliseconds * 1000000;

    while (library->deadline_ns != 0 && library->deadline_ns <= end) {
        if (library->deadline_ns > library->now_ns) {
            library->now_ns = library->deadline_ns;
        }
        library->deadline_ns = 0;
        amdvi_iommu_timer_expired(library->iommu);
    }
    library->now_ns = end;
}

static void settle(struct target *target)
{
    (void)target; /* all is done inside the calls */
}

/* As firmware leaves it, unless a requirement needs the block unlocked. */
static void firmware(struct library *library)
{
    if (!library->unlocked) {
        amdvi_iommu_cap_write(library->iommu, 8, 4, 0);
        amdvi_iommu_cap_write(library->iommu, 4, 4, 0xfed90001);
    }
}

static void reset(struct target *target)
{
    amdvi_iommu_reset(library_of(target)->iommu);
    firmware(library_of(target));
}

static const struct target_ops library_ops = {
    .mmio_read = mmio_read,
    .mmio_write = mmio_write,
    .cap_read = cap_read,
    .cap_write = cap_write,
    .window = window,
    .memory_read = memory_read,
    .memory_write = memory_write,
    .memory_fail = memory_fail,
    .memory_add = memory_add,
    .request = make_request,
    .interrupt = send_interrupt,
    .messages = take_messages,
    .own_msis = take_msis,
    .ats_translate = ats_translate,
    .ats_invalidation = ats_invalidation,
    .ats_answer = ats_answer,
    .touches = take_touches,
    .reset = reset,
    .pass = pass,
    .settle = settle,
};

/* Of a pair: what is asked for, or the default. */
static bool choose(uint64_t needs, uint64_t on, uint64_t off, bool otherwise)
{
    return (needs & on) != 0 || ((needs & off) == 0 && otherwise);
}

static void start(struct target *target, uint64_t needs, const struct target_place *place)
{
    const struct variant *variant = target->kind->variant;
    struct library *library = calloc(1, sizeof(*library));
    struct amdvi_config config;
    struct amdvi_host host = {
        .size = sizeof(host),
        .ctx = library,
        .read = host_read,
        .write = host_write,
        .send_msi = host_send_msi,
        .now_ns = host_now_ns,
        .set_timer = host_set_timer,
        .invalidate_iotlb = host_invalidate_iotlb,
    };

    (void)place;
    if (library == NULL) {
        die("no memory for the target");
    }
    /* Not from malloc, which may be told to fill all of it (MALLOC_PERTURB_). */
    library->ram =
        mmap(NULL, TARGET_RAM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (library->ram == MAP_FAILED) {
        die("no memory for the target");
    }
    library->unlocked = (needs & CAN_UNLOCKED_CAP) != 0;
    library->now_ns = 1000000;
    amdvi_config_init(&config);
    config.tlb_entries = variant->tlb_entries;
    config.dte_entries = variant->dte_entries;
    config.irte_entries = variant->irte_entries;
    config.features.iotlb_sup = choose(needs, CAN_IOTLB_ON, CAN_IOTLB_OFF, (needs & CAN_ATS) != 0);
    config.features.ht_ats_resv = choose(needs, CAN_ATS_RESV_ON, CAN_ATS_RESV_OFF, false);
    config.features.ht_tunnel = choose(needs, CAN_HT_TUNNEL_ON, CAN_HT_TUNNEL_OFF, false);
    if (amdvi_iommu_create(&library->iommu, &config, &host, NULL) != AMDVI_OK) {
        die("amdvi_iommu_create refuses its configuration");
    }
    library->reader = amdvi_iommu_reader(library->iommu, 0);
    firmware(library);
    target->ops = &library_ops;
    target->endpoint[0] = ENDPOINT;
    target->endpoint[1] = ENDPOINT_HIGH;
    target->state = library;
}

#define LIBRARY_CAN (((UINT64_C(1) << CAN_BITS) - 1) & ~CAN_CONFIG)

static const struct variant large = {4096, 256, 1024};
static const struct variant tiny = {1, 1, 1};
static const struct variant none = {0, 0, 0};

const struct target_kind_info target_library = {
    "libamdvi", "the library in process", LIBRARY_CAN, true, false, start, &large};
const struct target_kind_info target_library_tiny = {"libamdvi-tiny",
                                                     "the library in process, caches of one entry",
                                                     LIBRARY_CAN,
                                                     true,
                                                     false,
                                                     start,
                                                     &tiny};
const struct target_kind_info target_library_uncached = {"libamdvi-uncached",
                                                         "the library in process, no caches",
                                                         LIBRARY_CAN,
                                                         true,
                                                         false,
                                                         start,
                                                         &none};
