/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver on other IOMMUs than the one in its own tests' process: QEMU's amd-iommu, and ours in
 * QEMU, through the targets of the conformance suite. Memory is QEMU's, so the host is one that is
 * not coherent: what the driver writes is seen there once it was flushed, and not before.
 *
 *     test_driver_qtest TARGET [QEMU ROMS [tcg]]
 *
 * QEMU's amd-iommu logs no faults (LOG-001 of the conformance suite): that is checked as it is.
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "target.h"
#include "target_qemu.h"

#include <amdvi/drv.h>
#include <amdvi/drv_domain.h>
#include <amdvi/drv_interrupt.h>
#include <amdvi/ivrs.h>
#include <amdvi/regs.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAGE       UINT64_C(4096)
#define FIRST_PAGE 0x1000              /* 16 MiB */
#define PAGES      0x3000              /* to 48 MiB */
#define HOME       UINT64_C(0x3400000) /* firmware's */
#define OTHERS     UINT64_C(0x3500000) /* nobody's to reach */
#define LINE       64
#define IOVA       UINT64_C(0x40000000)
#define LARGE      UINT64_C(0x200000)
#define IOMMU_ID   0x0010 /* where the target does not say */
#define WINDOW     UINT64_C(0xfed80000)

static struct target target;
static struct amdvi_drv_host host;
static uint8_t *memory; /* as the driver sees it */
static uint8_t *clean;  /* as it was when it was last flushed */
static uint8_t page_used[PAGES];
static unsigned held;
static unsigned events;
static struct amdvi_drv *drv;
static struct amdvi_drv_device *device[2];
static struct amdvi_drv_domain *domain;

/* ---- The host -------------------------------------------------------------------------------- */

static bool host_alloc(void *ctx, size_t size_bytes, struct amdvi_drv_block *out)
{
    size_t count = size_bytes / PAGE;
    size_t run = 0;

    (void)ctx;
    for (size_t page = 0; page < PAGES; page++) {
        run = page_used[page] == 0 ? run + 1 : 0;
        if (run == count) {
            size_t first = page + 1 - count;
            memset(page_used + first, 1, count);
            out->spa = (FIRST_PAGE + first) * PAGE;
            out->bytes = memory + out->spa;
            out->size_bytes = size_bytes;
            memset(out->bytes, 0xa5, size_bytes);
            memset(clean + out->spa, 0xa5, size_bytes);
            held++;
            return true;
        }
    }
    return false;
}

static void host_free(void *ctx, const struct amdvi_drv_block *block)
{
    (void)ctx;
    memset(page_used + block->spa / PAGE - FIRST_PAGE, 0, block->size_bytes / PAGE);
    held--;
}

/* Lines in a row that were written go out together, the others come in together. */
static void host_flush(void *ctx, const void *bytes, size_t size_bytes)
{
    uint64_t at = (uint64_t)((const uint8_t *)bytes - memory) / LINE * LINE;
    uint64_t end = (uint64_t)((const uint8_t *)bytes - memory) + size_bytes;

    (void)ctx;
    while (at < end) {
        bool written = memcmp(memory + at, clean + at, LINE) != 0;
        uint64_t first = at;
        while (at < end && at - first < PAGE &&
               (memcmp(memory + at, clean + at, LINE) != 0) == written) {
            at += LINE;
        }
        if (written) {
            target.ops->memory_write(&target, first, memory + first, (uint32_t)(at - first));
        } else {
            target.ops->memory_read(&target, first, memory + first, (uint32_t)(at - first));
        }
        memcpy(clean + first, memory + first, at - first);
    }
}

static void *host_map_window(void *ctx, uint64_t window_base, size_t size_bytes)
{
    (void)ctx;
    (void)size_bytes;
    return window_base == WINDOW ? &target : NULL;
}

static void host_unmap_window(void *ctx, void *window, size_t size_bytes)
{
    (void)ctx;
    (void)window;
    (void)size_bytes;
}

static uint32_t host_read32(void *ctx, void *window, uint32_t offset)
{
    (void)ctx;
    (void)window;
    return (uint32_t)target.ops->mmio_read(&target, offset, 4);
}

static void host_write32(void *ctx, void *window, uint32_t offset, uint32_t value)
{
    (void)ctx;
    (void)window;
    target.ops->mmio_write(&target, offset, 4, value);
}

static uint64_t host_read64(void *ctx, void *window, uint32_t offset)
{
    (void)ctx;
    (void)window;
    return target.ops->mmio_read(&target, offset, 8);
}

static void host_write64(void *ctx, void *window, uint32_t offset, uint64_t value)
{
    (void)ctx;
    (void)window;
    target.ops->mmio_write(&target, offset, 8, value);
}

static uint64_t host_now_ns(void *ctx)
{
    struct timespec now;

    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void host_pause(void *ctx)
{
    (void)ctx;
    target.ops->settle(&target);
}

static uint16_t iommu_id(void)
{
    return target.kind->needs_qemu ? qemu_of(&target)->iommu : IOMMU_ID;
}

static bool host_config_read32(void *ctx, uint16_t segment, uint16_t device_id, uint16_t offset,
                               uint32_t *out)
{
    (void)ctx;
    if (segment != 0 || device_id != iommu_id()) {
        return false;
    }
    *out = target.ops->config_read(&target, offset, 4);
    return true;
}

/* Nothing that the driver writes there is needed here: the host polls. */
static bool host_config_write32(void *ctx, uint16_t segment, uint16_t device_id, uint16_t offset,
                                uint32_t value)
{
    (void)ctx;
    (void)segment;
    (void)device_id;
    (void)offset;
    (void)value;
    return false;
}

static void host_event(void *ctx, const struct amdvi_drv_report *report)
{
    char line[AMDVI_DRV_TEXT_BYTES];

    (void)ctx;
    amdvi_drv_report_text(report, line, sizeof(line));
    printf("# %s\n", line);
    events++;
}

static void host_log(void *ctx, const char *text)
{
    (void)ctx;
    printf("# %s\n", text);
}

static void make_host(void)
{
    bool has_config = (target.can & CAN_CONFIG) != 0;

    host = (struct amdvi_drv_host){
        .size = sizeof(host),
        .version = AMDVI_DRV_VERSION,
        .alloc = host_alloc,
        .free = host_free,
        .flush = host_flush,
        .map_window = host_map_window,
        .unmap_window = host_unmap_window,
        .read32 = host_read32,
        .write32 = host_write32,
        .read64 = host_read64,
        .write64 = host_write64,
        .now_ns = host_now_ns,
        .pause = host_pause,
        .config_read32 = has_config ? host_config_read32 : NULL,
        .config_write32 = has_config ? host_config_write32 : NULL,
        .event = host_event,
        .log = host_log,
    };
    memory = calloc(1, TARGET_RAM_BYTES);
    clean = calloc(1, TARGET_RAM_BYTES);
    if (memory == NULL || clean == NULL) {
        exit(2);
    }
}

/* ---- Devices --------------------------------------------------------------------------------- */

/* Does a write of the endpoint to @iova change the 8 bytes at @spa? */
static bool reaches(unsigned endpoint, uint64_t iova, uint64_t spa)
{
    uint8_t before[8];
    uint8_t after[8];
    uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct target_request request = {.device_id = target.endpoint[endpoint],
                                     .kind = TARGET_WRITE,
                                     .address = iova,
                                     .size_bytes = sizeof(data),
                                     .data = data};

    memset(before, 0, sizeof(before));
    target.ops->memory_write(&target, spa, before, sizeof(before));
    (void)target.ops->request(&target, &request);
    target.ops->memory_read(&target, spa, after, sizeof(after));
    return memcmp(after, data, sizeof(after)) == 0;
}

static void poll(void)
{
    for (unsigned i = 0; i < 100 && amdvi_drv_poll(drv); i++) {
    }
}

/* ---- Cases, each on what the one before it left ---------------------------------------------- */

static uint32_t make_table(uint8_t *table, size_t size_bytes)
{
    const struct amdvi_ivrs_device devices[] = {
        {.kind = AMDVI_IVRS_DEVICE_SELECT,
         .device_id = target.endpoint[0],
         .last_device_id = target.endpoint[0]},
        {.kind = AMDVI_IVRS_DEVICE_SELECT,
         .device_id = target.endpoint[1],
         .last_device_id = target.endpoint[1]},
    };
    const struct amdvi_ivrs_unit_description unit = {
        .unit = {.device_id = iommu_id(),
                 .capability_offset =
                     target.kind->needs_qemu ? (uint16_t)qemu_of(&target)->cap : 0x40,
                 .window_spa = WINDOW},
        .devices = devices,
        .device_count = 2,
    };
    const struct amdvi_ivrs_memory home = {.kind = AMDVI_IVRS_MEMORY_SELECT,
                                           .device_id = target.endpoint[1],
                                           .last_device_id = target.endpoint[1],
                                           .spa_start = HOME,
                                           .size_bytes = PAGE,
                                           .is_unity = true,
                                           .can_read = true,
                                           .can_write = true};
    const struct amdvi_ivrs_description description = {.oem_id = "AMDVI",
                                                       .oem_table_id = "QTEST",
                                                       .creator_id = "TEST",
                                                       .va_bits = 64,
                                                       .pa_bits = 52,
                                                       .units = &unit,
                                                       .unit_count = 1,
                                                       .memory = &home,
                                                       .memory_count = 1,
                                                       .allow_no_southbridge_ioapic = true};
    uint32_t written = 0;

    CHECK_U64(amdvi_ivrs_build(&description, table, size_bytes, &written, NULL), AMDVI_IVRS_OK);
    return written;
}

static void it_starts_and_blocks(void)
{
    struct amdvi_drv_config config;
    struct amdvi_drv_unit_info info;
    uint8_t table[1024];

    CHECK(reaches(0, OTHERS, OTHERS)); /* off */
    amdvi_drv_config_init(&config);
    config.ivrs = table;
    config.ivrs_bytes = make_table(table, sizeof(table));
    if (!CHECK_U64(amdvi_drv_start(&drv, &host, &config), AMDVI_DRV_OK)) {
        exit(1);
    }
    CHECK(!reaches(0, OTHERS, OTHERS));
    CHECK(!reaches(1, OTHERS, OTHERS));
    CHECK(reaches(1, HOME, HOME));
    CHECK(!reaches(0, HOME, HOME));
    CHECK(amdvi_drv_unit_info(drv, 0, &info));
    printf("# EFR 0x%" PRIx64 ", %u levels, NpCache %d\n", info.efr, info.levels_max,
           info.np_cache);
}

static void what_is_mapped_is_reached(void)
{
    struct amdvi_drv_domain_config config;

    for (unsigned i = 0; i < 2; i++) {
        struct amdvi_drv_device_config device_config = {.device_id = target.endpoint[i],
                                                        .trusted = true};
        CHECK_U64(amdvi_drv_device_add(drv, &device_config, &device[i]), AMDVI_DRV_OK);
    }
    amdvi_drv_domain_config_init(&config);
    CHECK_U64(amdvi_drv_domain_create(drv, &config, &domain), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(domain, device[0]), AMDVI_DRV_OK);
    CHECK(!reaches(0, IOVA, OTHERS)); /* not present, and cached as such */
    CHECK_U64(amdvi_drv_map(domain, IOVA, OTHERS, PAGE, AMDVI_DRV_READ | AMDVI_DRV_WRITE),
              AMDVI_DRV_OK);
    CHECK(reaches(0, IOVA, OTHERS));
    CHECK(reaches(0, IOVA + PAGE - 8, OTHERS + PAGE - 8));
    CHECK(!reaches(0, IOVA + PAGE, OTHERS + PAGE));
    CHECK(!reaches(1, IOVA, OTHERS));
    /* Large, and with one level more. */
    CHECK_U64(amdvi_drv_map(domain, AMDVI_BIT(42), 0x3600000, LARGE, AMDVI_DRV_WRITE),
              AMDVI_DRV_OK);
    CHECK(reaches(0, AMDVI_BIT(42) + 0x12340, 0x3612340));
    CHECK(reaches(0, IOVA, OTHERS));
    CHECK_U64(amdvi_drv_map(domain, IOVA + PAGE, OTHERS + PAGE, PAGE, AMDVI_DRV_READ),
              AMDVI_DRV_OK);
    CHECK(!reaches(0, IOVA + PAGE, OTHERS + PAGE));
}

static void what_is_unmapped_is_not(void)
{
    CHECK(reaches(0, AMDVI_BIT(42), 0x3600000));
    CHECK_U64(amdvi_drv_unmap(domain, AMDVI_BIT(42), PAGE, NULL), AMDVI_DRV_OK);
    CHECK(!reaches(0, AMDVI_BIT(42), 0x3600000));
    CHECK(reaches(0, AMDVI_BIT(42) + PAGE, 0x3600000 + PAGE));
    CHECK_U64(amdvi_drv_unmap(domain, AMDVI_BIT(42), LARGE, NULL), AMDVI_DRV_OK);
    CHECK(!reaches(0, AMDVI_BIT(42) + PAGE, 0x3600000 + PAGE));
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, PAGE, NULL), AMDVI_DRV_OK);
    CHECK(!reaches(0, IOVA, OTHERS));
    /* The same address leads elsewhere now. */
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x3610000, PAGE, AMDVI_DRV_WRITE), AMDVI_DRV_OK);
    CHECK(reaches(0, IOVA, 0x3610000));
    CHECK(!reaches(0, IOVA, OTHERS));
}

static void domains_are_apart(void)
{
    struct amdvi_drv_domain_config config;
    struct amdvi_drv_domain *other = NULL;

    amdvi_drv_domain_config_init(&config);
    CHECK_U64(amdvi_drv_domain_create(drv, &config, &other), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(other, IOVA, OTHERS, PAGE, AMDVI_DRV_WRITE), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_attach(other, device[1]), AMDVI_DRV_OK);
    CHECK(reaches(1, IOVA, OTHERS));
    CHECK(reaches(1, HOME, HOME));
    CHECK(reaches(0, IOVA, 0x3610000));
    CHECK_U64(amdvi_drv_detach(device[0]), AMDVI_DRV_OK);
    CHECK(!reaches(0, IOVA, 0x3610000));
    CHECK_U64(amdvi_drv_attach(other, device[0]), AMDVI_DRV_OK);
    CHECK(reaches(0, IOVA, OTHERS));
    CHECK(!reaches(0, IOVA, 0x3610000));
    CHECK_U64(amdvi_drv_detach(device[0]), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_detach(device[1]), AMDVI_DRV_OK);
    CHECK(!reaches(1, IOVA, OTHERS));
    CHECK(reaches(1, HOME, HOME));
    CHECK_U64(amdvi_drv_domain_destroy(other), AMDVI_DRV_OK);
}

static unsigned interrupt(uint32_t data, struct target_message *out)
{
    struct target_interrupt request = {
        .device_id = target.endpoint[0], .address = 0xfee00000, .data = data};
    struct target_message messages[8];

    (void)target.ops->messages(&target, messages, 8);
    target.ops->interrupt(&target, &request);
    unsigned count = target.ops->messages(&target, messages, 8);
    *out = messages[0];
    return count;
}

static void interrupts_are_remapped(void)
{
    struct amdvi_drv_target to = {.destination = 0, .vector = 0x51};
    struct target_message message;
    unsigned index = 0;

    CHECK_U64(interrupt(0x41, &message), 0); /* blocked */
    CHECK_U64(amdvi_drv_interrupt_alloc(device[0], 1, &index), AMDVI_DRV_OK);
    CHECK_U64(interrupt(index, &message), 0);
    CHECK_U64(amdvi_drv_interrupt_set(device[0], index, &to), AMDVI_DRV_OK);
    if (CHECK_U64(interrupt(index, &message), 1)) {
        CHECK_U64(message.vector, 0x51);
    }
    to.vector = 0x52;
    CHECK_U64(amdvi_drv_interrupt_set(device[0], index, &to), AMDVI_DRV_OK);
    if (CHECK_U64(interrupt(index, &message), 1)) {
        CHECK_U64(message.vector, 0x52);
    }
    CHECK_U64(amdvi_drv_interrupt_free(device[0], index, 1), AMDVI_DRV_OK);
    CHECK_U64(interrupt(index, &message), 0);
}

static void faults_are_told(void)
{
    poll();
    events = 0;
    (void)reaches(0, OTHERS, OTHERS);
    poll();
    CHECK_U64(events, target.kind == &target_qemu_amd_iommu ? 0 : 1);
}

static void a_next_kernel_takes_over(void)
{
    struct amdvi_drv_config config;
    struct amdvi_drv_unit_info info;
    uint8_t table[1024];

    CHECK_U64(amdvi_drv_attach(domain, device[0]), AMDVI_DRV_OK);
    CHECK(reaches(0, IOVA, 0x3610000));
    CHECK_U64(amdvi_drv_stop(drv, AMDVI_DRV_HAND_OVER), AMDVI_DRV_OK);
    CHECK(!reaches(0, IOVA, 0x3610000));
    CHECK(reaches(1, HOME, HOME));
    held = 0; /* the first kernel's */
    amdvi_drv_config_init(&config);
    config.ivrs = table;
    config.ivrs_bytes = make_table(table, sizeof(table));
    if (!CHECK_U64(amdvi_drv_start(&drv, &host, &config), AMDVI_DRV_OK)) {
        exit(1);
    }
    CHECK(amdvi_drv_unit_info(drv, 0, &info) && info.was_running);
    CHECK(!reaches(0, IOVA, 0x3610000));
    CHECK(!reaches(0, OTHERS, OTHERS));
    CHECK(reaches(1, HOME, HOME));
}

static void it_stops(void)
{
    CHECK_U64(amdvi_drv_stop(drv, AMDVI_DRV_SWITCH_OFF), AMDVI_DRV_OK);
    CHECK_U64(held, 0);
    CHECK(reaches(0, OTHERS, OTHERS));
}

static const struct check_case cases[] = {
    {"it starts, and blocks all but firmware's memory", "1.20 device table", it_starts_and_blocks},
    {"a device reaches what is mapped, and no more", "1.20 I/O page tables",
     what_is_mapped_is_reached},
    {"after an unmap a device does not reach it any more", "1.20 INVALIDATE_IOMMU_PAGES",
     what_is_unmapped_is_not},
    {"devices of two domains are apart, also when they change places", "1.20 device table entry",
     domains_are_apart},
    {"interrupts are blocked, remapped, changed and blocked again", "1.20 interrupt tables",
     interrupts_are_remapped},
    {"a fault is told of", "1.20 event log", faults_are_told},
    {"a next kernel takes over, and nothing passes on the way", "1.20 IOMMU control",
     a_next_kernel_takes_over},
    {"it stops, gives all back, and everything passes", "1.20 IOMMU control", it_stops},
};

int main(int argc, char **argv)
{
    struct target_place place = {.qemu = argc > 2 ? argv[2] : NULL,
                                 .roms = argc > 3 && argv[3][0] != '\0' ? argv[3] : NULL,
                                 .tcg = argc > 4 && strcmp(argv[4], "tcg") == 0};
    const struct target_kind_info *kinds[] = {&target_library, &target_qemu_amdvi,
                                              &target_qemu_amdvi_testdev, &target_qemu_amd_iommu};

    for (unsigned i = 0; i < 4 && argc > 1; i++) {
        if (strcmp(kinds[i]->name, argv[1]) == 0) {
            target.kind = kinds[i];
        }
    }
    if (target.kind == NULL || (target.kind->needs_qemu && place.qemu == NULL)) {
        fprintf(stderr, "usage: test_driver_qtest TARGET [QEMU ROMS [tcg]]\n");
        return 2;
    }
    /* In QEMU 3 and 4 are its sockets, so the target's files must have other numbers. */
    for (int taken = 0; taken < 5;) {
        taken = dup(2);
    }
    target.can = target.kind->can;
    target.kind->start(&target, 0, &place);
    make_host();
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
