/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tool's walk against libamdvi: random tables in one memory, the same request to both, and the
 * same outcome, address and event. What the tool says "not walked" to, a trace would have to say.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <amdvi/interrupt.h>
#include <amdvi/iommu.h>
#include <amdvi/pte.h>
#include <amdvi/ranges.h>
#include <amdvi/regs.h>

#include "../walk.h"
#include "check.h"
#include "random.h"

#define MEMORY_BYTES 0x20000
#define COMMANDS     0x10000
#define EVENTS       0x11000
#define TABLES       0x2000 /* to 0xffff: page tables and interrupt tables */
#define ROUNDS       8000

static _Alignas(8) uint8_t memory[MEMORY_BYTES];
static struct amdvi_iommu *iommu;
static struct amdvi_reader *reader;
static struct random_source source;
static int image_fd;
static unsigned outcomes[4]; /* how often which one came */

static enum amdvi_memory_status read_memory(void *ctx, uint64_t spa, void *out, size_t size)
{
    (void)ctx;
    if (spa >= MEMORY_BYTES || size > MEMORY_BYTES - spa) {
        return AMDVI_MEMORY_ABSENT;
    }
    memcpy(out, &memory[spa], size);
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_status write_memory(void *ctx, uint64_t spa, const void *data, size_t size)
{
    (void)ctx;
    if (spa >= MEMORY_BYTES || size > MEMORY_BYTES - spa) {
        return AMDVI_MEMORY_ABSENT;
    }
    memcpy(&memory[spa], data, size);
    return AMDVI_MEMORY_OK;
}

static void send_msi(void *ctx)
{
    (void)ctx;
}

static uint64_t pick(uint64_t count)
{
    return random_below(&source, count);
}

static void put64(uint64_t spa, uint64_t value)
{
    struct amdvi_le64 wire;

    amdvi_le64_encode(&wire, value);
    memcpy(&memory[spa], &wire, sizeof(wire));
}

static uint64_t random_table(void)
{
    return TABLES + 0x1000 * pick(14);
}

/* Mostly sensible, sometimes not. */
static uint64_t random_entry(void)
{
    uint64_t word = random_table() | amdvi_put(AMDVI_PTE_NEXT_LEVEL, pick(8)) |
                    (pick(8) != 0 ? AMDVI_PTE_PR : 0) | (pick(6) != 0 ? AMDVI_PTE_IR : 0) |
                    (pick(6) != 0 ? AMDVI_PTE_IW : 0);

    if (pick(20) == 0) {
        word |= AMDVI_BIT(pick(64));
    }
    if (pick(4) == 0) {
        word |= AMDVI_BITS(20, 12) & ~AMDVI_BIT(12 + pick(9));
    }
    return word;
}

static void random_tables(void)
{
    for (uint64_t spa = TABLES; spa < COMMANDS; spa += 8) {
        put64(spa, random_entry());
    }
    for (unsigned i = 0; i < 8; i++) {
        uint64_t at = 32 * (uint64_t)i;
        put64(at, random_table() | amdvi_put(AMDVI_DTE0_MODE, pick(8)) |
                      (pick(8) != 0 ? AMDVI_DTE0_V : 0) | (pick(8) != 0 ? AMDVI_DTE0_TV : 0) |
                      (pick(6) != 0 ? AMDVI_DTE0_IR : 0) | (pick(6) != 0 ? AMDVI_DTE0_IW : 0) |
                      (pick(15) == 0 ? AMDVI_BIT(pick(64)) : 0));
        put64(at + 8, pick(65536) | amdvi_put(AMDVI_DTE1_IO_CTL, pick(4)) |
                          amdvi_put(AMDVI_DTE1_SYS_MGT, pick(4)) |
                          (pick(6) == 0 ? AMDVI_DTE1_SA : 0) | (pick(3) == 0 ? AMDVI_DTE1_EX : 0));
        put64(at + 16, random_table() | (pick(6) != 0 ? AMDVI_DTE2_IV : 0) |
                           amdvi_put(AMDVI_DTE2_INT_TAB_LEN, pick(16)) |
                           amdvi_put(AMDVI_DTE2_INT_CTL, pick(3) == 0 ? pick(4) : 2) |
                           (pick(6) == 0 ? AMDVI_DTE2_IG : 0) |
                           amdvi_put(AMDVI_BITS(58, 56), pick(8)) |
                           (pick(15) == 0 ? AMDVI_BIT(59) : 0));
        put64(at + 24, pick(20) == 0 ? 1 : 0);
    }
}

static void set_register(enum amdvi_reg reg, uint64_t value)
{
    amdvi_iommu_mmio_write(iommu, amdvi_regs[reg].offset, 8, value);
}

/* Caches are emptied by switching off and on. The walk gets the same registers. */
static void program(struct cli_walk *walk)
{
    uint64_t control = AMDVI_CONTROL_EVENT_LOG_EN | AMDVI_CONTROL_CMD_BUF_EN;

    walk->excl_base =
        pick(3) == 0 ? 0x3000 | AMDVI_EXCL_BASE_EX_EN | (pick(2) == 0 ? AMDVI_EXCL_BASE_ALLOW : 0)
                     : 0;
    walk->excl_limit = 0x5000;
    walk->dev_tab_base = 0;
    walk->control = control | (pick(30) != 0 ? AMDVI_CONTROL_IOMMU_EN : 0);
    set_register(AMDVI_REG_CONTROL, 0);
    set_register(AMDVI_REG_DEV_TAB_BASE, 0);
    set_register(AMDVI_REG_CMD_BUF_BASE, COMMANDS | amdvi_put(AMDVI_CMD_BUF_BASE_LEN, 8));
    set_register(AMDVI_REG_EVENT_LOG_BASE, EVENTS | amdvi_put(AMDVI_EVENT_LOG_BASE_LEN, 8));
    set_register(AMDVI_REG_EXCL_BASE, walk->excl_base);
    set_register(AMDVI_REG_EXCL_LIMIT, walk->excl_limit);
    memset(memory + EVENTS, 0, 0x1000);
    set_register(AMDVI_REG_CONTROL, walk->control);
}

static uint64_t random_address(void)
{
    enum amdvi_range range = (enum amdvi_range)(1 + pick(AMDVI_RANGE_COUNT - 1));

    switch (pick(6)) {
    case 0:
        return amdvi_range_bounds(range).first + 0x1000 * pick(16);
    case 1:
        return pick(0x10000);
    case 2:
        return random_u64(&source) >> pick(64);
    default:
        return (pick(4) << 39 | pick(4) << 30 | pick(4) << 21 | pick(16) << 12 | pick(4096)) &
               ~UINT64_C(3);
    }
}

static bool compare_event(const struct cli_walk *walk)
{
    struct amdvi_wire_event want;
    struct amdvi_wire_event zero = {0};

    if (walk->has_event) {
        amdvi_event_encode(&want, &walk->event);
    }
    return CHECK(memcmp(memory + EVENTS, walk->has_event ? &want : &zero, sizeof(want)) == 0);
}

/* Both give the access up for the same reason, or let it go to the same place. */
static void compare(const struct cli_walk *walk, enum amdvi_outcome outcome, uint64_t spa)
{
    bool is_there =
        strcmp(walk->outcome, "translated") == 0 || strcmp(walk->outcome, "passed") == 0;

    if (strcmp(walk->outcome, "not walked") == 0) {
        outcomes[3]++;
        return;
    }
    if (strcmp(walk->outcome, "unreadable") == 0) {
        outcomes[2]++; /* the device logs a hardware error; the tool cannot know */
        CHECK(outcome == AMDVI_OUTCOME_ABORTED);
        return;
    }
    outcomes[is_there ? 0 : 1]++;
    bool is_same = CHECK(is_there == (outcome == AMDVI_OUTCOME_TRANSLATED)) &&
                   (!is_there || CHECK_U64(walk->spa, spa)) && compare_event(walk);
    if (!is_same) {
        printf("# device %04x, %s 0x%" PRIx64 " (%" PRIx32 "): %s: %s\n", walk->device_id,
               walk->is_write ? "write" : "read", walk->iova, walk->msi_data, walk->outcome,
               walk->reason);
    }
}

static void memory_access(struct cli_walk *walk)
{
    struct amdvi_request request = {.device_id = walk->device_id,
                                    .access =
                                        walk->is_write ? AMDVI_ACCESS_WRITE : AMDVI_ACCESS_READ,
                                    .iova = walk->iova,
                                    .size_bytes = 1};
    struct amdvi_translation answer;

    amdvi_reader_online(reader);
    CHECK_U64(amdvi_iommu_translate(reader, &request, &answer), AMDVI_OK);
    amdvi_reader_offline(reader);
    cli_walk_memory(walk);
    compare(walk, answer.outcome, answer.spa);
}

static void interrupt(struct cli_walk *walk)
{
    struct amdvi_interrupt interrupt = {.device_id = walk->device_id};
    struct amdvi_remapped answer;
    char vector[32];

    walk->iova = pick(3) == 0 ? AMDVI_HT_INT_BASE + (random_u64(&source) & 0xfffffc)
                              : AMDVI_MSI_BASE + (random_u64(&source) & 0xffffc);
    walk->msi_data = (uint32_t)(random_u64(&source) & (pick(2) == 0 ? 0x7ff : 0x1f));
    walk->is_write = true;
    interrupt.address = walk->iova;
    interrupt.data = walk->msi_data;
    amdvi_reader_online(reader);
    CHECK_U64(amdvi_iommu_remap(reader, &interrupt, &answer), AMDVI_OK);
    amdvi_reader_offline(reader);
    cli_walk_interrupt(walk);
    compare(walk, answer.outcome, walk->spa);
    if (answer.outcome == AMDVI_OUTCOME_TRANSLATED) {
        CHECK((strcmp(walk->outcome, "translated") == 0) == answer.remapped);
    }
    if (answer.outcome == AMDVI_OUTCOME_TRANSLATED && answer.remapped &&
        walk->iova >= AMDVI_MSI_BASE && walk->iova < AMDVI_MSI_BASE + AMDVI_MSI_BYTES) {
        snprintf(vector, sizeof(vector), "vector 0x%" PRIx32 " ", answer.data & 0xff);
        CHECK(strstr(walk->reason, vector) != NULL);
    }
}

static void start(void)
{
    struct amdvi_config config;
    struct amdvi_host host = {
        .size = sizeof(host), .read = read_memory, .write = write_memory, .send_msi = send_msi};
    char path[] = "/tmp/test_cli_walk.XXXXXX";

    amdvi_config_init(&config);
    CHECK_U64(amdvi_iommu_create(&iommu, &config, &host, NULL), AMDVI_OK);
    reader = amdvi_iommu_reader(iommu, 0);
    image_fd = mkstemp(path);
    CHECK(image_fd >= 0 && unlink(path) == 0);
    random_start(&source, 20261128);
    memset(outcomes, 0, sizeof(outcomes));
}

static void one_round(unsigned round, struct cli_segment *segment)
{
    struct cli_walk walk = {.image = {.fd = image_fd, .segments = segment, .count = 1},
                            .revision = CLI_REVISION_1,
                            .outcome = "",
                            .steps = json_array()};

    if (round % 50 == 0) {
        random_tables();
        CHECK(pwrite(image_fd, memory, sizeof(memory), 0) == (ssize_t)sizeof(memory));
    }
    program(&walk);
    walk.device_id = (uint16_t)(pick(20) == 0 ? 200 : pick(8));
    walk.is_write = pick(2) == 0;
    walk.iova = random_address();
    if (pick(3) == 0) {
        interrupt(&walk);
    } else {
        memory_access(&walk);
    }
    json_decref(walk.steps);
}

static void walks_are_those_of_the_library(void)
{
    struct cli_segment segment = {.size_bytes = MEMORY_BYTES};

    start();
    for (unsigned round = 0; round < ROUNDS; round++) {
        one_round(round, &segment);
    }
    /* Each kind of end was really seen. */
    CHECK(outcomes[0] > ROUNDS / 50);
    CHECK(outcomes[1] > ROUNDS / 50);
    CHECK(outcomes[2] > 10);
    CHECK(outcomes[3] < ROUNDS / 5);
    printf("# %u go somewhere, %u are refused, %u leave the image, %u are not walked\n",
           outcomes[0], outcomes[1], outcomes[2], outcomes[3]);
    close(image_fd);
    amdvi_iommu_destroy(iommu);
}

static const struct check_case cases[] = {
    {"a walk ends as the library's access does, with the same event", "1.20 page tables",
     walks_are_those_of_the_library},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
