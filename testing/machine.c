/* SPDX-License-Identifier: BSD-2-Clause */
/* A small machine around one IOMMU for tests. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "machine.h"

#include "exchange.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

const struct machine_options machine_cache_sizes[3] = {
    {.tlb_entries = 0},
    {.tlb_entries = 1, .dte_entries = 1, .irte_entries = 1},
    {.tlb_entries = 4096, .dte_entries = 256, .irte_entries = 1024},
};

static bool is_ram(uint64_t spa, size_t size_bytes)
{
    return spa < MACHINE_MEMORY_BYTES && size_bytes <= MACHINE_MEMORY_BYTES - spa;
}

static bool is_bad(const struct machine *machine, uint64_t spa, size_t size_bytes)
{
    return machine->bad_page != 0 && spa < machine->bad_page + 4096 &&
           spa + size_bytes > machine->bad_page;
}

/* Whole aligned words are atomic, as the library is promised; the rest goes byte by byte. */
static void copy_from(const struct machine *machine, uint64_t spa, uint8_t *out, size_t size_bytes)
{
    while (size_bytes != 0) {
        size_t part = 1;
        if (spa % 8 == 0 && size_bytes >= 8) {
            uint64_t word =
                __atomic_load_n((uint64_t *)(void *)&machine->memory[spa], __ATOMIC_ACQUIRE);
            part = sizeof(word);
            memcpy(out, &word, part);
        } else if (spa % 4 == 0 && size_bytes >= 4) {
            uint32_t word =
                __atomic_load_n((uint32_t *)(void *)&machine->memory[spa], __ATOMIC_ACQUIRE);
            part = sizeof(word);
            memcpy(out, &word, part);
        } else {
            *out = __atomic_load_n(&machine->memory[spa], __ATOMIC_ACQUIRE);
        }
        spa += part;
        out += part;
        size_bytes -= part;
    }
}

static void copy_to(struct machine *machine, uint64_t spa, const uint8_t *data, size_t size_bytes)
{
    while (size_bytes != 0) {
        size_t part = 1;
        if (spa % 8 == 0 && size_bytes >= 8) {
            uint64_t word;
            part = sizeof(word);
            memcpy(&word, data, part);
            __atomic_store_n((uint64_t *)(void *)&machine->memory[spa], word, __ATOMIC_RELEASE);
        } else if (spa % 4 == 0 && size_bytes >= 4) {
            uint32_t word;
            part = sizeof(word);
            memcpy(&word, data, part);
            __atomic_store_n((uint32_t *)(void *)&machine->memory[spa], word, __ATOMIC_RELEASE);
        } else {
            __atomic_store_n(&machine->memory[spa], *data, __ATOMIC_RELEASE);
        }
        spa += part;
        data += part;
        size_bytes -= part;
    }
}

static enum amdvi_memory_status memory_status(const struct machine *machine, uint64_t spa,
                                              size_t size_bytes)
{
    if (!is_ram(spa, size_bytes)) {
        return AMDVI_MEMORY_ABSENT;
    }
    return is_bad(machine, spa, size_bytes) ? AMDVI_MEMORY_ERROR : AMDVI_MEMORY_OK;
}

/* Sometimes, not each time, so that threads meet everywhere. */
static void give_way(const struct machine *machine, unsigned long call)
{
    if (machine->yields && call % 5 == 0) {
        sched_yield();
    }
}

static enum amdvi_memory_status host_read(void *ctx, uint64_t spa, void *out, size_t size_bytes)
{
    struct machine *machine = ctx;
    enum amdvi_memory_status status = memory_status(machine, spa, size_bytes);

    unsigned long before = atomic_fetch_add_explicit(&machine->reads, 1, memory_order_relaxed);
    if (status == AMDVI_MEMORY_OK) {
        copy_from(machine, spa, out, size_bytes);
    }
    give_way(machine, before); /* with what may be old by now */
    return status;
}

static enum amdvi_memory_status host_write(void *ctx, uint64_t spa, const void *data,
                                           size_t size_bytes)
{
    struct machine *machine = ctx;
    enum amdvi_memory_status status = memory_status(machine, spa, size_bytes);

    give_way(machine, atomic_fetch_add_explicit(&machine->writes, 1, memory_order_relaxed));
    if (status == AMDVI_MEMORY_OK) {
        copy_to(machine, spa, data, size_bytes);
    }
    return status;
}

static enum amdvi_memory_status host_compare_exchange(void *ctx, uint64_t spa, void *expected,
                                                      const void *desired, size_t size_bytes)
{
    struct machine *machine = ctx;
    enum amdvi_memory_status status = memory_status(machine, spa, size_bytes);

    if (status != AMDVI_MEMORY_OK) {
        return status;
    }
    exchange_if_equal(&machine->memory[spa], expected, desired, size_bytes);
    return AMDVI_MEMORY_OK;
}

static void tell(struct machine *machine, enum machine_told what)
{
    if (machine->told != NULL) {
        machine->told(machine, what);
    }
}

static void *host_map(void *ctx, uint64_t spa, bool write, uint64_t *run_bytes)
{
    struct machine *machine = ctx;
    tell(machine, MACHINE_TOLD_MAP);
    if (machine->map != NULL) {
        return machine->map(machine->map_ctx, spa, write, run_bytes);
    }
    if (spa >= MACHINE_MEMORY_BYTES) {
        return NULL;
    }
    if (*run_bytes > MACHINE_MEMORY_BYTES - spa) {
        *run_bytes = MACHINE_MEMORY_BYTES - spa;
    }
    return &machine->memory[spa];
}

static void host_send_msi(void *ctx)
{
    struct machine *machine = ctx;
    atomic_fetch_add(&machine->msis, 1);
    tell(machine, MACHINE_TOLD_MSI);
}

static void host_work(void *ctx)
{
    struct machine *machine = ctx;
    atomic_fetch_add(&machine->work_calls, 1);
    tell(machine, MACHINE_TOLD_WORK);
}

static void host_translations_invalidated(void *ctx, const struct amdvi_invalidation *what)
{
    struct machine *machine = ctx;
    pthread_mutex_lock(&machine->records);
    machine->invalidation[machine->invalidations++ % MACHINE_RECORDS] = *what;
    pthread_mutex_unlock(&machine->records);
    tell(machine, MACHINE_TOLD_TRANSLATIONS);
}

static void host_interrupts_invalidated(void *ctx, bool all, uint16_t device_id)
{
    struct machine *machine = ctx;
    pthread_mutex_lock(&machine->records);
    machine->interrupts_all[machine->interrupt_invalidations % MACHINE_RECORDS] = all;
    machine->interrupts_device[machine->interrupt_invalidations % MACHINE_RECORDS] = device_id;
    machine->interrupt_invalidations++;
    pthread_mutex_unlock(&machine->records);
    tell(machine, MACHINE_TOLD_INTERRUPTS);
}

static void host_lease_revoked(void *ctx, void *cookie)
{
    struct machine *machine = ctx;
    if (machine->revoke != NULL) {
        machine->revoke(cookie);
        return;
    }
    machine->revoked[machine->revocations++ % MACHINE_RECORDS] = cookie;
    tell(machine, MACHINE_TOLD_REVOKED);
}

static uint64_t host_now_ns(void *ctx)
{
    const struct machine *machine = ctx;
    return machine->now_ns;
}

static void host_set_timer(void *ctx, uint64_t deadline_ns)
{
    struct machine *machine = ctx;
    if (deadline_ns < machine->timer_ns) {
        machine->timer_ns = deadline_ns;
    }
    tell(machine, MACHINE_TOLD_TIMER);
}

static void host_invalidate_iotlb(void *ctx, const struct amdvi_iotlb_invalidation *what)
{
    struct machine *machine = ctx;
    machine->iotlb_request[machine->iotlb_requests++ % MACHINE_RECORDS] = *what;
    tell(machine, MACHINE_TOLD_IOTLB);
}

static void host_log(void *ctx, const char *text)
{
    struct machine *machine = ctx;
    (void)text;
    machine->log_lines++;
}

static void program(struct machine *machine)
{
    uint64_t length = amdvi_put(AMDVI_CMD_BUF_BASE_LEN, 8);

    machine_set_reg(machine, AMDVI_REG_DEV_TAB_BASE,
                    MACHINE_DEVICE_TABLE | amdvi_put(AMDVI_DEV_TAB_BASE_SIZE, 0x1ff));
    machine_set_reg(machine, AMDVI_REG_CMD_BUF_BASE, MACHINE_COMMANDS | length);
    machine_set_reg(machine, AMDVI_REG_EVENT_LOG_BASE, MACHINE_EVENTS | length);
    machine_set_reg(machine, AMDVI_REG_CONTROL,
                    AMDVI_CONTROL_IOMMU_EN | AMDVI_CONTROL_EVENT_LOG_EN |
                        AMDVI_CONTROL_EVENT_INT_EN | AMDVI_CONTROL_COM_WAIT_INT_EN |
                        AMDVI_CONTROL_COHERENT | AMDVI_CONTROL_CMD_BUF_EN);
}

void machine_start(struct machine *machine, const struct machine_options *options)
{
    struct amdvi_config config;
    struct amdvi_host host = {
        .size = sizeof(host),
        .ctx = machine,
        .read = host_read,
        .write = host_write,
        .compare_exchange = host_compare_exchange,
        .map = options->host_pointers ? host_map : NULL,
        .send_msi = host_send_msi,
        .work = options->work_is_ours ? host_work : NULL,
        .translations_invalidated = host_translations_invalidated,
        .interrupts_invalidated = host_interrupts_invalidated,
        .now_ns = host_now_ns,
        .set_timer = host_set_timer,
        .invalidate_iotlb = host_invalidate_iotlb,
        .lease_revoked = host_lease_revoked,
        .log = host_log,
    };

    memset(machine, 0, sizeof(*machine));
    pthread_mutex_init(&machine->records, NULL);
    /* Not from malloc, which may be told to fill all of it (MALLOC_PERTURB_). */
    machine->memory = mmap(NULL, MACHINE_MEMORY_BYTES, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    machine->next_table = MACHINE_TABLES;
    machine->next_word = UINT64_C(0x1122334455660000);
    amdvi_config_init(&config);
    config.tlb_entries = options->tlb_entries;
    config.dte_entries = options->dte_entries;
    config.irte_entries = options->irte_entries;
    if (options->features != NULL) {
        config.features = *options->features;
    }
    machine->timer_ns = UINT64_MAX;
    config.readers = options->readers != 0 ? options->readers : 4;
    config.commands_per_write =
        options->commands_per_write != 0 ? options->commands_per_write : 256;
    if (machine->memory == MAP_FAILED ||
        amdvi_iommu_create(&machine->iommu, &config, &host, NULL) != AMDVI_OK) {
        fprintf(stderr, "machine_start: cannot create the machine\n");
        exit(2);
    }
    machine->reader = amdvi_iommu_reader(machine->iommu, 0);
    amdvi_reader_online(machine->reader);
    if (!options->unprogrammed) {
        program(machine);
        machine->invalidations = 0;
        machine->interrupt_invalidations = 0;
    }
}

void machine_stop(struct machine *machine)
{
    amdvi_reader_offline(machine->reader);
    amdvi_iommu_destroy(machine->iommu);
    pthread_mutex_destroy(&machine->records);
    munmap(machine->memory, MACHINE_MEMORY_BYTES);
}

uint64_t machine_read64(const struct machine *machine, uint64_t spa)
{
    struct amdvi_le64 wire;
    copy_from(machine, spa, (uint8_t *)&wire, sizeof(wire));
    return amdvi_le64_decode(&wire);
}

void machine_write64(struct machine *machine, uint64_t spa, uint64_t value)
{
    struct amdvi_le64 wire;
    amdvi_le64_encode(&wire, value);
    copy_to(machine, spa, (const uint8_t *)&wire, sizeof(wire));
}

void machine_write32(struct machine *machine, uint64_t spa, uint32_t value)
{
    struct amdvi_le32 wire;
    amdvi_le32_encode(&wire, value);
    copy_to(machine, spa, (const uint8_t *)&wire, sizeof(wire));
}

uint64_t machine_reg(struct machine *machine, enum amdvi_reg reg)
{
    return amdvi_iommu_mmio_read(machine->iommu, amdvi_regs[reg].offset, 8);
}

void machine_set_reg(struct machine *machine, enum amdvi_reg reg, uint64_t value)
{
    amdvi_iommu_mmio_write(machine->iommu, amdvi_regs[reg].offset, 8, value);
}

void machine_set_dte_words(struct machine *machine, uint16_t device_id, uint64_t word0,
                           uint64_t word1, uint64_t word2, uint64_t word3)
{
    uint64_t spa = MACHINE_DEVICE_TABLE + (uint64_t)AMDVI_DTE_BYTES * device_id;

    machine_write64(machine, spa + 24, word3);
    machine_write64(machine, spa + 16, word2);
    machine_write64(machine, spa + 8, word1);
    machine_write64(machine, spa, word0);
}

void machine_set_dte(struct machine *machine, uint16_t device_id, const struct amdvi_dte *dte)
{
    struct amdvi_wire_dte wire;

    amdvi_dte_encode(&wire, dte);
    machine_set_dte_words(machine, device_id, amdvi_le64_decode(&wire.word[0]),
                          amdvi_le64_decode(&wire.word[1]), amdvi_le64_decode(&wire.word[2]),
                          amdvi_le64_decode(&wire.word[3]));
}

uint64_t machine_table(struct machine *machine)
{
    uint64_t spa = machine->next_table;

    if (spa + 4096 > MACHINE_FREE) {
        fprintf(stderr, "machine_table: no room for more tables\n");
        exit(2);
    }
    machine->next_table += 4096;
    for (uint64_t offset = 0; offset < 4096; offset += 8) {
        machine_write64(machine, spa + offset, 0);
    }
    return spa;
}

uint64_t machine_entry(unsigned next_level, uint64_t spa, bool read, bool write)
{
    return AMDVI_PTE_PR | amdvi_put(AMDVI_PTE_NEXT_LEVEL, next_level) | (spa & AMDVI_PTE_ADDRESS) |
           (read ? AMDVI_PTE_IR : 0) | (write ? AMDVI_PTE_IW : 0);
}

void machine_map(struct machine *machine, uint64_t root, unsigned mode, uint64_t iova, uint64_t spa,
                 unsigned size_log2, bool read, bool write)
{
    unsigned level = mode;
    uint64_t table = root;

    while (amdvi_level_shift(level) > size_log2) {
        uint64_t at = table + 8 * (uint64_t)amdvi_level_index(level, iova);
        if (machine_read64(machine, at) == 0) {
            machine_write64(machine, at,
                            machine_entry(level - 1, machine_table(machine), true, true));
        }
        table = machine_read64(machine, at) & AMDVI_PTE_ADDRESS;
        level--;
    }
    machine_write64(machine, table + 8 * (uint64_t)amdvi_level_index(level, iova),
                    machine_entry(AMDVI_NEXT_LEVEL_LEAF, spa, read, write));
}

uint64_t machine_entry_spa(const struct machine *machine, uint64_t root, unsigned mode,
                           uint64_t iova, unsigned level)
{
    uint64_t table = root;

    for (unsigned at = mode; at > level; at--) {
        table = machine_read64(machine, table + 8 * (uint64_t)amdvi_level_index(at, iova)) &
                AMDVI_PTE_ADDRESS;
    }
    return table + 8 * (uint64_t)amdvi_level_index(level, iova);
}

uint64_t machine_set_paged(struct machine *machine, uint16_t device_id, uint16_t domain_id,
                           unsigned mode)
{
    struct amdvi_dte dte = {
        .valid = true,
        .translation = true,
        .read = true,
        .write = true,
        .domain_id = domain_id,
        .mode = (uint8_t)mode,
        .page_root = machine_table(machine),
    };

    machine_set_dte(machine, device_id, &dte);
    return dte.page_root;
}

void machine_queue_words(struct machine *machine, uint64_t word0, uint64_t word1)
{
    uint64_t base = machine_reg(machine, AMDVI_REG_CMD_BUF_BASE);
    uint64_t tail = machine_reg(machine, AMDVI_REG_CMD_BUF_TAIL);

    machine_write64(machine, (base & AMDVI_CMD_BUF_BASE_BASE) + tail, word0);
    machine_write64(machine, (base & AMDVI_CMD_BUF_BASE_BASE) + tail + 8, word1);
}

void machine_queue(struct machine *machine, const struct amdvi_command *command)
{
    struct amdvi_wire_command wire;

    amdvi_command_encode(&wire, command);
    machine_queue_words(machine, amdvi_le64_decode(&wire.word[0]),
                        amdvi_le64_decode(&wire.word[1]));
}

void machine_kick(struct machine *machine)
{
    uint64_t base = machine_reg(machine, AMDVI_REG_CMD_BUF_BASE);
    uint64_t bytes = amdvi_ring_bytes((unsigned)amdvi_get(base, AMDVI_CMD_BUF_BASE_LEN));
    uint64_t tail = machine_reg(machine, AMDVI_REG_CMD_BUF_TAIL);

    machine_set_reg(machine, AMDVI_REG_CMD_BUF_TAIL, (tail + AMDVI_CMD_BYTES) % bytes);
}

void machine_command(struct machine *machine, const struct amdvi_command *command)
{
    machine_queue(machine, command);
    machine_kick(machine);
}

void machine_invalidate_device(struct machine *machine, uint16_t device_id)
{
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY,
                                    .device_id = device_id};
    machine_command(machine, &command);
}

void machine_invalidate_pages(struct machine *machine, uint16_t domain_id, uint64_t iova, bool size)
{
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
                                    .domain_id = domain_id,
                                    .address = iova,
                                    .size = size,
                                    .pde = true};
    machine_command(machine, &command);
}

void machine_invalidate_interrupts(struct machine *machine, uint16_t device_id)
{
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE,
                                    .device_id = device_id};
    machine_command(machine, &command);
}

bool machine_wait(struct machine *machine)
{
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_COMPLETION_WAIT,
                                    .store = true,
                                    .store_address = MACHINE_STORE,
                                    .store_data = ++machine->next_word};

    amdvi_reader_release(machine->reader);
    machine_command(machine, &command);
    /* The wait itself may be why the reader has to announce what it has seen. */
    amdvi_reader_release(machine->reader);
    return machine_waited(machine);
}

bool machine_waited(const struct machine *machine)
{
    return machine_read64(machine, MACHINE_STORE) == machine->next_word;
}

bool machine_event_words(struct machine *machine, uint64_t *word0, uint64_t *word1)
{
    uint64_t base = machine_reg(machine, AMDVI_REG_EVENT_LOG_BASE);
    uint64_t bytes = amdvi_ring_bytes((unsigned)amdvi_get(base, AMDVI_EVENT_LOG_BASE_LEN));
    uint64_t head = machine_reg(machine, AMDVI_REG_EVENT_LOG_HEAD);

    if (head == machine_reg(machine, AMDVI_REG_EVENT_LOG_TAIL)) {
        return false;
    }
    *word0 = machine_read64(machine, (base & AMDVI_EVENT_LOG_BASE_BASE) + head);
    *word1 = machine_read64(machine, (base & AMDVI_EVENT_LOG_BASE_BASE) + head + 8);
    machine_set_reg(machine, AMDVI_REG_EVENT_LOG_HEAD, (head + AMDVI_EVENT_BYTES) % bytes);
    return true;
}

bool machine_event(struct machine *machine, struct amdvi_event *out)
{
    struct amdvi_wire_event wire;
    uint64_t word0;
    uint64_t word1;

    if (!machine_event_words(machine, &word0, &word1)) {
        return false;
    }
    amdvi_le64_encode(&wire.word[0], word0);
    amdvi_le64_encode(&wire.word[1], word1);
    return amdvi_event_decode(out, &wire);
}

void machine_pass(struct machine *machine, uint64_t nanoseconds)
{
    machine->now_ns += nanoseconds;
    if (machine->timer_ns <= machine->now_ns) {
        machine->timer_ns = UINT64_MAX;
        amdvi_iommu_timer_expired(machine->iommu);
    }
}

struct amdvi_translation machine_translate(struct machine *machine, uint16_t device_id,
                                           uint64_t iova, uint64_t size_bytes,
                                           enum amdvi_access access)
{
    struct amdvi_request request = {
        .device_id = device_id, .access = access, .iova = iova, .size_bytes = size_bytes};
    struct amdvi_translation out = {.run_bytes = 0};

    if (amdvi_iommu_translate(machine->reader, &request, &out) != AMDVI_OK) {
        fprintf(stderr, "machine_translate: the request is not one\n");
        exit(2);
    }
    return out;
}

struct amdvi_remapped machine_interrupt(struct machine *machine, uint16_t device_id,
                                        uint64_t address, uint32_t data)
{
    struct amdvi_interrupt interrupt = {.device_id = device_id, .address = address, .data = data};
    struct amdvi_remapped out = {.outcome = AMDVI_OUTCOME_ABORTED};

    if (amdvi_iommu_remap(machine->reader, &interrupt, &out) != AMDVI_OK) {
        fprintf(stderr, "machine_interrupt: the interrupt is not one\n");
        exit(2);
    }
    return out;
}
