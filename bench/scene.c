/* SPDX-License-Identifier: BSD-2-Clause */
/* The IOMMU that is measured, and the machine around it. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, MAP_NORESERVE, madvise */

#include "scene.h"

#include <amdvi/command.h>
#include <amdvi/dte.h>
#include <amdvi/irte.h>
#include <amdvi/pte.h>
#include <amdvi/regs.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define INT_TAB_LEN_LOG2 8 /* SCENE_INTERRUPT_COUNT */
#define EVENT_LOG_LOG2   8
#define TURNS            256

static void die(const char *text)
{
    fprintf(stderr, "amdvi-bench: %s\n", text);
    exit(2);
}

static bool is_ram(uint64_t spa, uint64_t size_bytes)
{
    return spa < SCENE_MEMORY_BYTES && size_bytes <= SCENE_MEMORY_BYTES - spa;
}

/* Eight bytes in one piece, as the library is promised; the compiler makes one load of it. */
enum amdvi_memory_status scene_host_read(void *ctx, uint64_t spa, void *out, size_t size_bytes)
{
    const struct scene *scene = ctx;

    if (!is_ram(spa, size_bytes)) {
        return AMDVI_MEMORY_ABSENT;
    }
    if (size_bytes == 8) {
        memcpy(out, &scene->memory[spa], 8);
    } else {
        memcpy(out, &scene->memory[spa], size_bytes);
    }
    return AMDVI_MEMORY_OK;
}

/* Another thread may be waiting for the word of a COMPLETION_WAIT, so that is an atomic store. */
static enum amdvi_memory_status host_write(void *ctx, uint64_t spa, const void *data,
                                           size_t size_bytes)
{
    struct scene *scene = ctx;
    uint64_t word;

    if (!is_ram(spa, size_bytes)) {
        return AMDVI_MEMORY_ABSENT;
    }
    if (size_bytes == sizeof(word) && spa % sizeof(word) == 0) {
        memcpy(&word, data, sizeof(word));
        __atomic_store_n((uint64_t *)(void *)&scene->memory[spa], word, __ATOMIC_RELEASE);
    } else {
        memcpy(&scene->memory[spa], data, size_bytes);
    }
    return AMDVI_MEMORY_OK;
}

void *scene_host_map(void *ctx, uint64_t spa, bool write, uint64_t *run_bytes)
{
    struct scene *scene = ctx;

    (void)write;
    if (spa >= SCENE_MEMORY_BYTES) {
        return NULL;
    }
    if (*run_bytes > SCENE_MEMORY_BYTES - spa) {
        *run_bytes = SCENE_MEMORY_BYTES - spa;
    }
    return &scene->memory[spa];
}

static void host_send_msi(void *ctx)
{
    (void)ctx;
}

static void host_work(void *ctx)
{
    struct scene *scene = ctx;

    atomic_store(&scene->work, true);
}

/* Nothing here may fault, so a word about the guest means that a row measures something else. */
static void host_log(void *ctx, const char *text)
{
    (void)ctx;
    die(text);
}

static void set_register(struct scene *scene, enum amdvi_reg reg, uint64_t value)
{
    amdvi_iommu_mmio_write(scene->iommu, amdvi_regs[reg].offset, 8, value);
}

static void program(struct scene *scene)
{
    set_register(scene, AMDVI_REG_DEV_TAB_BASE,
                 SCENE_DEVICE_TABLE | amdvi_put(AMDVI_DEV_TAB_BASE_SIZE, 0x1ff));
    set_register(scene, AMDVI_REG_CMD_BUF_BASE,
                 SCENE_COMMANDS | amdvi_put(AMDVI_CMD_BUF_BASE_LEN, SCENE_RING_LOG2));
    set_register(scene, AMDVI_REG_EVENT_LOG_BASE,
                 SCENE_EVENTS | amdvi_put(AMDVI_EVENT_LOG_BASE_LEN, EVENT_LOG_LOG2));
    set_register(scene, AMDVI_REG_CONTROL,
                 AMDVI_CONTROL_IOMMU_EN | AMDVI_CONTROL_EVENT_LOG_EN | AMDVI_CONTROL_COHERENT |
                     AMDVI_CONTROL_CMD_BUF_EN);
}

static void fill_interrupt_table(struct scene *scene)
{
    for (unsigned i = 0; i < SCENE_INTERRUPT_COUNT; i++) {
        struct amdvi_irte irte = {
            .remap_enable = true, .destination = 1, .vector = (uint8_t)(32 + i % 128)};
        struct amdvi_le32 wire;

        amdvi_le32_encode(&wire, amdvi_irte_encode(&irte));
        memcpy(&scene->memory[SCENE_INTERRUPTS + AMDVI_IRTE_BYTES * (uint64_t)i], &wire,
               sizeof(wire));
    }
}

/* Huge pages where there are tables, as guests have them: else the processor's own TLB is measured.
 */
static uint8_t *map_memory(void)
{
    uint8_t *memory = mmap(NULL, SCENE_MEMORY_BYTES, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED) {
        die("no address space for 8 GiB of guest memory");
    }
    madvise(memory, SCENE_PAGES, MADV_HUGEPAGE);
    return memory;
}

void scene_open(struct scene *scene, const struct scene_options *options)
{
    struct amdvi_config config;
    struct amdvi_host host = {
        .size = sizeof(host),
        .ctx = scene,
        .read = scene_host_read,
        .write = host_write,
        .map = scene_host_map,
        .send_msi = host_send_msi,
        .work = host_work,
        .log = host_log,
    };

    *scene = (struct scene){.memory = map_memory(), .next_table = SCENE_TABLES};
    amdvi_config_init(&config);
    config.readers = options->readers != 0 ? options->readers : 2;
    config.tlb_entries = options->tlb_entries != 0 ? options->tlb_entries : config.tlb_entries;
    if (amdvi_iommu_create(&scene->iommu, &config, &host, NULL) != AMDVI_OK) {
        die("cannot create the IOMMU");
    }
    scene->reader = amdvi_iommu_reader(scene->iommu, 0);
    amdvi_reader_online(scene->reader);
    fill_interrupt_table(scene);
    program(scene);
    scene_work(scene);
}

void scene_close(struct scene *scene)
{
    amdvi_reader_offline(scene->reader);
    amdvi_iommu_destroy(scene->iommu);
    munmap(scene->memory, SCENE_MEMORY_BYTES);
}

uint64_t scene_read64(const struct scene *scene, uint64_t spa)
{
    struct amdvi_le64 wire;

    memcpy(&wire, &scene->memory[spa], sizeof(wire));
    return amdvi_le64_decode(&wire);
}

void scene_write64(struct scene *scene, uint64_t spa, uint64_t value)
{
    struct amdvi_le64 wire;

    amdvi_le64_encode(&wire, value);
    memcpy(&scene->memory[spa], &wire, sizeof(wire));
}

uint64_t scene_table(struct scene *scene)
{
    uint64_t spa = scene->next_table;

    if (spa >= SCENE_PAGES) {
        die("no room for more tables");
    }
    scene->next_table += 4096;
    return spa; /* the mapping is zero, and no table is given back */
}

static uint64_t entry(unsigned next_level, uint64_t spa)
{
    return AMDVI_PTE_PR | AMDVI_PTE_IR | AMDVI_PTE_IW |
           amdvi_put(AMDVI_PTE_NEXT_LEVEL, next_level) | spa;
}

void scene_map(struct scene *scene, uint64_t root, uint64_t iova, uint64_t spa, unsigned size_log2)
{
    unsigned level = SCENE_LEVELS;
    uint64_t table = root;

    while (amdvi_level_shift(level) > size_log2) {
        uint64_t at = table + AMDVI_PTE_BYTES * (uint64_t)amdvi_level_index(level, iova);

        level--;
        if (scene_read64(scene, at) == 0) {
            scene_write64(scene, at, entry(level, scene_table(scene)));
        }
        table = scene_read64(scene, at) & AMDVI_PTE_ADDRESS;
    }
    scene_write64(scene, table + AMDVI_PTE_BYTES * (uint64_t)amdvi_level_index(level, iova),
                  entry(AMDVI_NEXT_LEVEL_LEAF, spa));
}

void scene_attach(struct scene *scene, uint16_t device_id, uint16_t domain_id, uint64_t root)
{
    struct amdvi_dte dte = {
        .valid = true,
        .translation = true,
        .read = true,
        .write = true,
        .domain_id = domain_id,
        .mode = SCENE_LEVELS,
        .page_root = root,
        .interrupt_valid = true,
        .int_ctl = AMDVI_INT_CTL_REMAP,
        .int_tab_len = INT_TAB_LEN_LOG2,
        .interrupt_root = SCENE_INTERRUPTS,
    };
    struct amdvi_wire_dte wire;

    amdvi_dte_encode(&wire, &dte);
    memcpy(&scene->memory[SCENE_DEVICE_TABLE + AMDVI_DTE_BYTES * (uint64_t)device_id], &wire,
           sizeof(wire));
}

void scene_put_command(struct scene *scene, unsigned index, const struct amdvi_command *command)
{
    struct amdvi_wire_command wire;

    amdvi_command_encode(&wire, command);
    memcpy(
        &scene->memory[SCENE_COMMANDS + AMDVI_CMD_BYTES * (uint64_t)(index % SCENE_RING_ENTRIES)],
        &wire, sizeof(wire));
}

void scene_tell(struct scene *scene, unsigned count)
{
    scene->tail = (scene->tail + count) % SCENE_RING_ENTRIES;
    amdvi_iommu_mmio_write(scene->iommu, amdvi_regs[AMDVI_REG_CMD_BUF_TAIL].offset, 8,
                           (uint64_t)scene->tail * AMDVI_CMD_BYTES);
    scene_work(scene);
}

void scene_work(struct scene *scene)
{
    if (atomic_load_explicit(&scene->work, memory_order_relaxed)) {
        do {
            atomic_store(&scene->work, false);
        } while (amdvi_iommu_process(scene->iommu, TURNS));
    }
}

void scene_check_idle(struct scene *scene)
{
    uint64_t head =
        amdvi_iommu_mmio_read(scene->iommu, amdvi_regs[AMDVI_REG_CMD_BUF_HEAD].offset, 8);

    if (head != (uint64_t)scene->tail * AMDVI_CMD_BYTES) {
        die("commands were not run");
    }
}
