/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host of the fuzz targets: guest memory, and a judgement of every access that the library
 * makes to it.
 */
#include "harness.h"

#include <amdvi/command.h>
#include <amdvi/event.h>

#include <exchange.h>
#include <string.h>

/* Turns that empty the largest ring: two for each command, and some for leases. */
#define TURNS_OF_RING (2 * 32768 + 1024)

/* The call of the library that this thread is in. */
struct call {
    unsigned long left; /* host calls */
    const struct amdvi_access_request *dma;
    uint64_t done; /* bytes of it */
    uint64_t spa;  /* behind the last byte filled */
};

static _Thread_local struct call call;

unsigned long fuzz_calls_turns(const struct fuzz_machine *machine, unsigned turns)
{
    bool has_leases = machine->options.threads;

    for (unsigned i = 0; !has_leases && i < FUZZ_LEASES; i++) {
        has_leases = machine->lease_state[i] != FUZZ_LEASE_FREE;
    }
    /* A command: its fetch, a store, an event. */
    return (unsigned long)turns * (has_leases ? FUZZ_CALLS_LEASE : 3);
}

void fuzz_enter(struct fuzz_machine *machine, unsigned long host_calls)
{
    call = (struct call){.left = host_calls};
    if (!machine->options.work) {
        call.left += fuzz_calls_turns(machine, TURNS_OF_RING);
    } else if (machine->options.talkative) {
        call.left += fuzz_calls_turns(machine, 64);
    }
    if (!machine->options.threads) {
        machine->events = 0;
    }
}

void fuzz_enter_dma(struct fuzz_machine *machine, const struct amdvi_access_request *request)
{
    /* For each page a translation of its own at worst. */
    fuzz_enter(machine, (FUZZ_DMA_BYTES / FUZZ_PAGE + 1) * (FUZZ_CALLS_RUN + 2) +
                            FUZZ_DMA_BYTES / 256 + FUZZ_DMA_BYTES / FUZZ_PAGE + 1);
    call.dma = request;
}

void fuzz_leave_dma(void)
{
    call.dma = NULL;
}

static void count_call(struct fuzz_machine *machine)
{
    if (call.left == 0) {
        fuzz_fail(machine, "more accesses to memory than the interface promises");
    }
    call.left--;
    if (!machine->options.threads) {
        machine->host_calls++;
    }
}

static enum amdvi_memory_status status_of(uint64_t spa, size_t size_bytes)
{
    if (spa >= FUZZ_MEMORY_BYTES || size_bytes > FUZZ_MEMORY_BYTES - spa) {
        return AMDVI_MEMORY_ABSENT;
    }
    return spa + size_bytes > FUZZ_BAD_PAGE ? AMDVI_MEMORY_ERROR : AMDVI_MEMORY_OK;
}

/* Aligned words are atomic, as the library is promised. */
static void copy_out(const struct fuzz_machine *machine, uint64_t spa, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size;) {
        if ((spa + i) % 8 == 0 && size - i >= 8) {
            uint64_t word = fuzz_load(machine, spa + i);
            memcpy(out + i, &word, 8);
            i += 8;
        } else {
            out[i] = __atomic_load_n(&machine->memory[spa + i], __ATOMIC_ACQUIRE);
            i++;
        }
    }
}

static void copy_in(struct fuzz_machine *machine, uint64_t spa, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size;) {
        if ((spa + i) % 8 == 0 && size - i >= 8) {
            uint64_t word;
            memcpy(&word, data + i, 8);
            fuzz_store(machine, spa + i, word);
            i += 8;
        } else {
            fuzz_touch(machine, spa + i);
            __atomic_store_n(&machine->memory[spa + i], data[i], __ATOMIC_RELEASE);
            i++;
        }
    }
}

static bool is_in_dma_buffer(const void *bytes)
{
    const uint8_t *first = call.dma != NULL ? call.dma->buffer : NULL;
    const uint8_t *at = bytes;

    return first != NULL && at >= first && at < first + call.dma->size_bytes;
}

/* A part of the access under way, at @offset into it. */
static void judge_dma(struct fuzz_machine *machine, uint64_t offset, uint64_t spa, size_t size)
{
    if (offset + size > call.dma->size_bytes) {
        fuzz_fail(machine, "DMA beyond the end of the request");
    }
    if (fuzz_is_judged(machine) && !fuzz_is_dma_allowed(machine, call.dma, offset, spa, size)) {
        fuzz_fail(machine, "DMA that the tables do not allow");
    }
}

/* Several writes make up one run; behind the first the tables may have been overwritten by it. */
static void judge_fill(struct fuzz_machine *machine, uint64_t spa, size_t size)
{
    if (call.done == 0 || spa != call.spa) {
        judge_dma(machine, call.done, spa, size);
    }
    call.done += size;
    call.spa = spa + size;
}

/*
 * @size_bytes of commands were fetched. The first that is not an invalidation may have a store; if
 * it has to wait for something, nothing behind it counts.
 */
static void note_commands(struct fuzz_machine *machine, uint64_t spa, const void *fetched,
                          size_t size_bytes)
{
    uint64_t base = fuzz_reg(machine, AMDVI_REG_CMD_BUF_BASE) & AMDVI_CMD_BUF_BASE_BASE;
    struct amdvi_command command;

    if (spa != base + fuzz_reg(machine, AMDVI_REG_CMD_BUF_HEAD)) {
        fuzz_fail(machine, "commands that are not at the head");
    }
    machine->has_command = false;
    for (size_t done = 0; done < size_bytes && !machine->has_command; done += AMDVI_CMD_BYTES) {
        struct amdvi_wire_command wire;

        memcpy(&wire, (const uint8_t *)fetched + done, sizeof(wire));
        if (!amdvi_command_decode(&command, &wire) ||
            command.opcode == AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES) {
            break;
        }
        machine->has_command = command.opcode == AMDVI_OPCODE_COMPLETION_WAIT;
        memcpy(machine->command, &wire, sizeof(wire));
    }
}

static enum amdvi_memory_status host_read(void *ctx, uint64_t spa, void *out, size_t size_bytes)
{
    struct fuzz_machine *machine = ctx;
    enum amdvi_memory_status status = status_of(spa, size_bytes);
    bool is_dma = is_in_dma_buffer(out);

    count_call(machine);
    if (is_dma) {
        judge_dma(machine, (uint64_t)((uint8_t *)out - (uint8_t *)call.dma->buffer), spa,
                  size_bytes);
    }
    if (status == AMDVI_MEMORY_OK) {
        copy_out(machine, spa, out, size_bytes);
    }
    if (status == AMDVI_MEMORY_OK && size_bytes == 8 && machine->options.restless != 0 &&
        machine->host_calls % machine->options.restless == 0) {
        fuzz_store(machine, spa, fuzz_load(machine, spa) ^ AMDVI_BIT(machine->host_calls % 64));
    }
    if (!is_dma && size_bytes >= AMDVI_CMD_BYTES) {
        note_commands(machine, spa, out, status == AMDVI_MEMORY_OK ? size_bytes : 0);
    }
    return status;
}

/* Is this write an event at the tail of the log? Called with the library's lock for it held. */
static bool is_event(const struct fuzz_machine *machine, uint64_t spa, const void *data,
                     size_t size_bytes)
{
    uint64_t base = fuzz_reg(machine, AMDVI_REG_EVENT_LOG_BASE) & AMDVI_EVENT_LOG_BASE_BASE;
    struct amdvi_wire_event again;
    struct amdvi_wire_event wire;
    struct amdvi_event event;

    if (size_bytes != sizeof(wire) || spa != base + fuzz_reg(machine, AMDVI_REG_EVENT_LOG_TAIL) ||
        (fuzz_reg(machine, AMDVI_REG_STATUS) & AMDVI_STATUS_EVENT_LOG_RUN) == 0) {
        return false;
    }
    memcpy(&wire, data, sizeof(wire));
    if (!amdvi_event_decode(&event, &wire)) {
        return false;
    }
    amdvi_event_encode(&again, &event);
    return memcmp(&again, &wire, sizeof(wire)) == 0;
}

static void note_event(struct fuzz_machine *machine, uint64_t spa, const void *data)
{
    struct amdvi_wire_event wire;
    struct amdvi_event event;

    if (machine->options.threads) {
        return;
    }
    memcpy(&wire, data, sizeof(wire));
    memcpy(machine->event, data, sizeof(machine->event));
    machine->events++;
    machine->event_spa = spa;
    if (status_of(spa, sizeof(wire)) == AMDVI_MEMORY_OK) {
        copy_out(machine, spa, machine->overwritten, sizeof(wire));
    }
    if (amdvi_event_decode(&event, &wire)) {
        machine->first_before_event = machine->first[event.device_id];
        if (event.code == AMDVI_EVENT_IO_PAGE_FAULT && !event.interrupt &&
            status_of(spa, sizeof(wire)) == AMDVI_MEMORY_OK) {
            machine->first[event.device_id] = 1;
        }
    }
}

/*
 * With threads, the write of a fill is known by its bytes: what the fetched command asks for is
 * another thread's to look at.
 */
static bool is_fill_of_thread(const struct fuzz_machine *machine, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    bool is_fill =
        machine->options.threads && call.dma != NULL && call.dma->operation == AMDVI_OPERATION_FILL;

    for (size_t i = 0; is_fill && i < size; i++) {
        is_fill = bytes[i] == *(const uint8_t *)call.dma->buffer;
    }
    return is_fill;
}

static bool is_completion(const struct fuzz_machine *machine, uint64_t spa, const void *data,
                          size_t size_bytes)
{
    struct amdvi_wire_command wire;
    struct amdvi_command command;
    uint64_t stored;

    if (!machine->has_command || size_bytes != sizeof(stored)) {
        return false;
    }
    amdvi_le64_encode(&wire.word[0], machine->command[0]);
    amdvi_le64_encode(&wire.word[1], machine->command[1]);
    memcpy(&stored, data, sizeof(stored));
    return amdvi_command_decode(&command, &wire) &&
           command.opcode == AMDVI_OPCODE_COMPLETION_WAIT && command.store &&
           command.store_address == spa && command.store_data == stored;
}

static enum amdvi_memory_status host_write(void *ctx, uint64_t spa, const void *data,
                                           size_t size_bytes)
{
    struct fuzz_machine *machine = ctx;
    enum amdvi_memory_status status = status_of(spa, size_bytes);

    count_call(machine);
    if (is_in_dma_buffer(data)) {
        judge_dma(machine, (uint64_t)((const uint8_t *)data - (uint8_t *)call.dma->buffer), spa,
                  size_bytes);
    } else if (is_fill_of_thread(machine, data, size_bytes)) {
        /* nothing to judge */
    } else if (is_event(machine, spa, data, size_bytes)) {
        note_event(machine, spa, data);
    } else if (is_completion(machine, spa, data, size_bytes)) {
        machine->has_command = false; /* one store for each command */
    } else if (machine->has_loaded && size_bytes == 8 && spa % 8 == 0) {
        machine->has_loaded = false;
    } else if (call.dma != NULL && call.dma->operation == AMDVI_OPERATION_FILL) {
        judge_fill(machine, spa, size_bytes);
    } else {
        fuzz_fail(machine, "a write that nothing asked for");
    }
    if (status == AMDVI_MEMORY_OK) {
        copy_in(machine, spa, data, size_bytes);
    }
    return status;
}

static enum amdvi_memory_status host_compare_exchange(void *ctx, uint64_t spa, void *expected,
                                                      const void *desired, size_t size_bytes)
{
    struct fuzz_machine *machine = ctx;
    enum amdvi_memory_status status = status_of(spa, size_bytes);

    if ((size_bytes != 4 && size_bytes != 8) || spa % size_bytes != 0 || call.dma == NULL) {
        fuzz_fail(machine, "an atomic that nothing asked for");
    }
    judge_dma(machine, 0, spa, size_bytes);
    if (status != AMDVI_MEMORY_OK) {
        return status;
    }
    fuzz_touch(machine, spa);
    exchange_if_equal(&machine->memory[spa], expected, desired, size_bytes);
    return AMDVI_MEMORY_OK;
}

/* Sometimes less than was asked for, and never what is not there. */
static void *host_map(void *ctx, uint64_t spa, bool write, uint64_t *run_bytes)
{
    struct fuzz_machine *machine = ctx;

    (void)write;
    if (spa >= FUZZ_BAD_PAGE) {
        return NULL;
    }
    uint64_t most = (spa & FUZZ_PAGE) != 0 ? FUZZ_PAGE - spa % FUZZ_PAGE : FUZZ_BAD_PAGE - spa;
    *run_bytes = *run_bytes < most ? *run_bytes : most;
    return &machine->memory[spa];
}

/* A guest that handles its interrupt at once. */
static void host_send_msi(void *ctx)
{
    struct fuzz_machine *machine = ctx;

    if (machine->options.talkative) {
        amdvi_iommu_mmio_write(machine->iommu, amdvi_regs[AMDVI_REG_STATUS].offset, 8,
                               AMDVI_STATUS_EVENT_LOG_INT | AMDVI_STATUS_COM_WAIT_INT);
        amdvi_iommu_mmio_write(machine->iommu, amdvi_regs[AMDVI_REG_EVENT_LOG_HEAD].offset, 8,
                               fuzz_reg(machine, AMDVI_REG_EVENT_LOG_TAIL));
    }
}

static void host_work(void *ctx)
{
    struct fuzz_machine *machine = ctx;

    machine->has_work = !machine->options.talkative || amdvi_iommu_process(machine->iommu, 3);
}

static void host_translations_invalidated(void *ctx, const struct amdvi_invalidation *what)
{
    struct fuzz_machine *machine = ctx;

    if (what->first_iova > what->last_iova) {
        fuzz_fail(machine, "an invalidation of nothing");
    }
    if (!machine->options.threads && what->kind == AMDVI_INVALIDATED_DEVICE) {
        machine->first[what->device_id] = 0;
    }
}

static void host_interrupts_invalidated(void *ctx, bool all, uint16_t device_id)
{
    (void)ctx;
    (void)all;
    (void)device_id;
}

static void host_lease_revoked(void *ctx, void *cookie)
{
    struct fuzz_machine *machine = ctx;
    _Atomic unsigned *state = cookie;

    if (state < machine->lease_state || state >= machine->lease_state + FUZZ_LEASES) {
        fuzz_fail(machine, "another cookie than was given");
    }
    if (machine->options.talkative) {
        fuzz_release(machine, (unsigned)(state - machine->lease_state));
    }
}

static uint64_t host_now_ns(void *ctx)
{
    struct fuzz_machine *machine = ctx;

    return machine->now_ns;
}

static void host_set_timer(void *ctx, uint64_t deadline_ns)
{
    struct fuzz_machine *machine = ctx;
    uint64_t old = atomic_load(&machine->deadline_ns);

    if (deadline_ns == 0) {
        fuzz_fail(machine, "a deadline of never");
    }
    while ((old == 0 || deadline_ns < old) &&
           !atomic_compare_exchange_weak(&machine->deadline_ns, &old, deadline_ns)) {
    }
}

/* Remembered in the order of their tags, which no two have. */
static bool remember(struct fuzz_machine *machine, const struct amdvi_iotlb_invalidation *what)
{
    unsigned at = machine->iotlbs;

    while (at > 0 && machine->iotlb[at - 1].tag > what->tag) {
        machine->iotlb[at] = machine->iotlb[at - 1];
        at--;
    }
    if (at > 0 && machine->iotlb[at - 1].tag == what->tag) {
        fuzz_fail(machine, "a tag that is in use");
    }
    machine->iotlb[at] = *what;
    machine->iotlbs++;
    return machine->iotlbs == FUZZ_IOTLB;
}

static void host_invalidate_iotlb(void *ctx, const struct amdvi_iotlb_invalidation *what)
{
    struct fuzz_machine *machine = ctx;
    struct amdvi_iotlb_invalidation oldest;
    bool is_full = false;

    if (what->first_iova > what->last_iova || what->first_iova % FUZZ_PAGE != 0 ||
        (what->last_iova + 1) % FUZZ_PAGE != 0) {
        fuzz_fail(machine, "an invalidate request of no pages");
    }
    if (machine->options.iotlb_at_once) {
        amdvi_iommu_iotlb_invalidated(machine->iommu, what->device_id, what->tag);
        return;
    }
    pthread_mutex_lock(&machine->lock);
    is_full = remember(machine, what);
    if (is_full) {
        oldest = machine->iotlb[0];
        machine->iotlbs--;
        memmove(machine->iotlb, machine->iotlb + 1, machine->iotlbs * sizeof(machine->iotlb[0]));
    }
    pthread_mutex_unlock(&machine->lock);
    if (is_full) {
        amdvi_iommu_iotlb_invalidated(machine->iommu, oldest.device_id, oldest.tag);
    }
}

static void host_log(void *ctx, const char *text)
{
    if (strchr(text, '\n') != NULL || strlen(text) == 0) {
        fuzz_fail(ctx, "not one line");
    }
}

struct amdvi_host fuzz_host(struct fuzz_machine *machine)
{
    const struct fuzz_options *options = &machine->options;
    struct amdvi_host host = {
        .size = sizeof(host),
        .ctx = machine,
        .read = host_read,
        .write = host_write,
        .compare_exchange = options->compare_exchange ? host_compare_exchange : NULL,
        .map = options->map ? host_map : NULL,
        .send_msi = host_send_msi,
        .work = options->work ? host_work : NULL,
        .translations_invalidated = host_translations_invalidated,
    };

    if (options->iotlb) {
        host.now_ns = host_now_ns;
        host.set_timer = host_set_timer;
        host.invalidate_iotlb = host_invalidate_iotlb;
    }
    if (!options->silent) {
        host.interrupts_invalidated = host_interrupts_invalidated;
        host.lease_revoked = host_lease_revoked;
        host.log = host_log;
    }
    return host;
}
